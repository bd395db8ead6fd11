"""The verb `forget` in the terminal: take imports away, list what can be brought back, bring it back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from rich.console import Console

from netflix_trend.history.exclusions import STAYS
from netflix_trend.history.removed import Removal
from netflix_trend.participant import forgetting
from netflix_trend.settings import Settings, load_settings
from services.processor.verbs import answered, print_histories, rebuilt


def forget(word: str, *, content: str | None, profile: str | None) -> int:
    """Forget an export, or all of a profile, and print what is left. Returns the exit code.

    word: name of the file or the beginning of its SHA-256; empty with a profile. content: SHA-256 of the file at the
    path `word`.
    """

    def act(settings: Settings, console: Console) -> int:
        exports = forgetting.of_profile(settings, profile) if profile else [forgetting.named(settings, word, content)]
        removal = forgetting.forget(settings, exports, datetime.now(UTC))
        _print(console, "Forgotten:", removal)
        _print_history(settings, console)
        console.print(STAYS, soft_wrap=True)
        console.print(f"{forgetting.until(removal)} ./run.sh forget --undo brings {_it(removal)} back.", soft_wrap=True)
        console.print(forgetting.ELSEWHERE, soft_wrap=True)
        return 0

    return answered("forget", act)


def bring_back() -> int:
    """Bring back what was forgotten last, and print what the history is then. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        removal = forgetting.bring_back(settings, datetime.now(UTC))
        _print(console, "Back:", removal)
        _print_history(settings, console)
        return 0

    return answered("forget", act)


def list_removals(*, is_json: bool) -> int:
    """Print what can be brought back, the last first. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        removals = forgetting.removals(settings, datetime.now(UTC), forgetting.newest_answer(settings))
        if is_json:
            for removal in removals:
                known = [{"name": one.name, "sha256": one.sha256, "profile": one.profile} for one in removal.exports]
                line = {"at": removal.at.isoformat(), "until": removal.until.isoformat(), "exports": known}
                print(json.dumps(line, ensure_ascii=False))  # noqa: T201
            return 0
        if not removals:
            console.print("Nothing that was forgotten can be brought back.")
        for removal in removals:
            _print(console, f"Forgotten on {removal.at.astimezone():%Y-%m-%d %H:%M}.", removal)
            console.print(f"  {forgetting.until(removal)}", soft_wrap=True)
        return 0

    return answered("forget", act)


def forgotten() -> set[str]:
    """Return the SHA-256 of everything that can be brought back."""
    settings = load_settings()
    found = forgetting.removals(settings, datetime.now(UTC), forgetting.newest_answer(settings))
    return {export.sha256 for removal in found for export in removal.exports}


def _it(removal: Removal) -> str:
    return "it" if len(removal.exports) == 1 else "them"


def _print(console: Console, title: str, removal: Removal) -> None:
    console.print(title)
    for export in removal.exports:
        console.print(f"  {forgetting.line_of(export)}", markup=False, soft_wrap=True)


def _print_history(settings: Settings, console: Console) -> None:
    """Rebuild the tables, and print what each profile has now."""
    histories = rebuilt(settings, console)
    print_histories(histories, console)
    if not histories:
        console.print("Nothing is left of your history.")
