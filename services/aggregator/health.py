"""What is wrong with an operator's service: for `/healthz`, for its own page, and for the command `status`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flask import Response, jsonify

from netflix_trend.storage.damaged import FOLDER, paths_set_aside
from services.runtime.supervisor import alive, problem_of

Name = Literal["aggregator", "helper"]


@dataclass(frozen=True)
class Health:
    """is_alive: whether the loop runs. problem: what was wrong with its last look, empty when nothing was. damaged: own
    files that were damaged; they cost themselves alone.
    """

    is_alive: bool
    problem: str
    damaged: tuple[str, ...]

    @property
    def error(self) -> str | None:
        """Why nothing is done at the moment, None when everything is."""
        return (self.problem or None) if self.is_alive else "the collecting process has stopped"

    def in_words(self) -> list[str]:
        """Return what is to be looked at, a line each; none when there is nothing."""
        lines = [f"Nothing was done in the last look: {self.error}"] if self.error else []
        if self.damaged:
            lines.append(
                f"Damaged own files, moved into the folder {FOLDER} of the own volume: {', '.join(self.damaged)}. "
                "docs/operations.md says what each of them costs; remove them from there when you have seen to it."
            )
        return lines

    def answer(self) -> tuple[Response, int]:
        """Return the answer of `/healthz`. Damaged files alone are no reason to start anew."""
        answer = {"ok": self.error is None, "error": self.error, FOLDER: list(self.damaged)}
        return jsonify(answer), 200 if self.error is None else 503


def health_of(name: Name, own: Path, is_alive: Callable[[], bool] | None = None) -> Health:
    """Return the health of a service. own: its volume; is_alive: only tests pass another one."""
    return Health((is_alive or (lambda: alive([name])))(), problem_of(name), paths_set_aside(own))


def show_status(name: Name, own: Path) -> int:
    """Print what was wrong with the last look, and own files that were damaged. Returns 1 when there is any of it.

    Whether the loop runs is not said: this may be another container than that of the loop.
    """
    lines = health_of(name, own, lambda: True).in_words()
    print("\n".join(lines or ["None of its own files was damaged."]))  # noqa: T201
    return int(bool(lines))
