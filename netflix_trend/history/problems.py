"""Why imports do not get on, for as long as that is so: a full disk, or rebuilds that end without a result."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from netflix_trend.history.attempts import read_attempts
from netflix_trend.language import _
from netflix_trend.layout import PrivateVolume
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict

# A rebuild writes everything once into temporary files and once into tables.
_COPIES = 2
# So many bytes are left alone, for small files such as the one that says what is wrong.
_SPARE = 16_000_000

Reason = Literal["not_stored", "not_built"]


class Problem(Strict):
    """What could not be written: an export (`not_stored`) or tables (`not_built`)."""

    schema_version: Literal[1] = 1
    reason: Reason


def has_room(private: Path) -> bool:
    """Return whether the disk has room for a rebuild of all tables."""
    return _free(private) >= _needed(private)


def _free(private: Path) -> int:
    """Return how many bytes are free. private: may not be there yet."""
    return shutil.disk_usage(next(place for place in (private, *private.absolute().parents) if place.exists())).free


def _needed(private: Path) -> int:
    return _SPARE + _COPIES * sum(path.stat().st_size for path in PrivateVolume(private).raw.glob("*.csv"))


def note(private: Path, reason: Reason) -> None:
    """Write down what could not be written. If the disk has no room even for that, `import_problems` sees it."""
    with suppress(OSError):
        write_atomically(PrivateVolume(private).import_problem, Problem(reason=reason).to_bytes())


def clear(private: Path, reason: Reason) -> None:
    """Forget a problem that is over."""
    if _noted(private) == reason:
        PrivateVolume(private).import_problem.unlink(missing_ok=True)


def _noted(private: Path) -> Reason | None:
    try:
        return Problem.model_validate_json(PrivateVolume(private).import_problem.read_bytes()).reason
    except (OSError, ValidationError):
        return None


def import_problems(private: Path) -> list[str]:
    """Return why files do not get into the tables, as sentences that end with the next step; empty if nothing is wrong.

    A file that is left out is not among them: the table `exports` has its reason.
    """
    found = []
    if not has_room(private) or _noted(private) is not None:
        found.append(
            _(
                "The disk with your data is full: %(free)s MB are free. Your files wait, and nothing is lost. "
                "Make room; then the import goes on by itself.",
                free=f"{_free(private) // 1_000_000:,}",
            )
        )
    stopped = [folder for folder in PrivateVolume(private).profile_folders() if read_attempts(folder).are_too_many]
    if stopped:
        found.append(
            _(
                "Rebuilding your tables ended several times without a result, so they stay as they were. It is tried "
                "again when something changes, and once a day. Forget the file that may be the cause: ./run.sh forget."
            )
        )
    return found
