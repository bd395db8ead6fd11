"""Format versions of the files that a volume keeps for good, and the numbered steps from older ones to today's.

Each process looks at its volumes before it works: a file of an older version is brought up to date, and the old one is
kept beside it as `<name>.v<version>`; a file of a newer version stops the process, before anything is changed. A file
without a number is of version 1, and a damaged one is left to its reader. Databases count their steps themselves
(`netflix_trend.operators.store`); what every run writes again, and what can be rebuilt, needs no step: a reader takes
nothing of another version from it.
"""

from __future__ import annotations

import glob
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netflix_trend import __version__
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import locked, read_own, write_atomically

_log = logging.getLogger("formats")
# More than any of these files may have.
_LARGEST = 64_000_000
_LOCK = ".formats.lock"

Step = Callable[[dict[str, Any]], dict[str, Any]]


class NewerFormat(Exception):
    """A file was written by a newer version. Nothing was changed; the message says which file, and what to do."""

    def __init__(self, place: str, found: int, known: int, copy: str = "") -> None:
        back = f", or put its copy {copy} back in its place" if copy else ", or restore a backup of this one"
        super().__init__(
            f"{place} has format {found}, and Netflix Trend {__version__} knows formats up to {known}. Nothing was "
            f"changed. Install the newer version again{back}."
        )


@dataclass(frozen=True)
class Kind:
    """A kind of JSON file. pattern: its names below the volume, as `Path.glob` reads them.

    steps: the first one makes the content of a file of version 1 that of version 2, and so on.
    """

    pattern: str
    steps: tuple[Step, ...] = ()

    @property
    def version(self) -> int:
        """The version that is written today."""
        return len(self.steps) + 1

    def upgraded(self, content: dict[str, Any], found: int) -> bytes:
        """Return a file of version `found` as one of today's."""
        for number, step in enumerate(self.steps[found - 1 :], found):
            content = {**step(content), "schema_version": number + 1}
        return canonical_json(content) + b"\n"


_PRIVATE, _PUBLISHER = PrivateVolume(Path()), PublisherVolume(Path())
PRIVATE = (
    Kind(str(_PRIVATE.choices)),
    Kind(str(_PRIVATE.life_events)),
    Kind(str(_PRIVATE.household)),
    Kind(str(_PRIVATE.exclusions)),
    Kind(str(_PRIVATE.dismissed)),
    Kind(str(_PRIVATE.not_for_me)),
    Kind(str(_PRIVATE.removals)),
    Kind(str(_PRIVATE.description("*"))),
)
# A trial has records of its own in a folder (`netflix_trend.layout.records_of`).
PUBLISHER = (Kind(str(_PUBLISHER.receipts / "*.json")), Kind(str(Path("trial") / _PUBLISHER.receipts / "*.json")))
AGGREGATOR = (
    Kind("statistics/*.json"),
    Kind("batches/*.json"),
    Kind("survey_plan.json"),
    Kind("charts.json"),
    Kind("added_titles.json"),
    Kind("chart_files.json"),
)
SCRAPER = tuple(Kind(f"{name}.json") for name in ("latch", "plan", "result", "rows", "passwordused"))


def version_of(content: object) -> int | None:
    """Return the version of a file's content; 1 without a number, None for what is none of our files."""
    if not isinstance(content, dict):
        return None
    found = content.get("schema_version", 1)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def check_formats(root: Path, kinds: Sequence[Kind]) -> bool:
    """Return whether a file of a volume was written by an older version. Reads only.

    Raises NewerFormat if one was written by a newer version.
    """
    is_any_older = False
    for kind, path, _, found in _versions(root, kinds):
        if found > kind.version:
            copy = _copy_of(path, kind.version)
            raise NewerFormat(_place(root, path), found, kind.version, copy.name if copy.exists() else "")
        is_any_older |= found < kind.version
    return is_any_older


def bring_up_to_date(root: Path, kinds: Sequence[Kind]) -> list[Path]:
    """Bring a volume's files of older versions up to date, and keep each old one beside its file, once.

    Returns the files that were changed. Safe to repeat, also after a kill in the middle, and in several processes.
    Raises NewerFormat before anything is changed, and OSError.
    """
    if not check_formats(root, kinds):
        return []
    changed = []
    with locked(root / _LOCK):
        for kind, path, content, found in _versions(root, kinds):
            if found < kind.version:
                copy = _copy_of(path, found)
                if not copy.exists():
                    write_atomically(copy, path.read_bytes(), mode=path.stat().st_mode & 0o777)
                write_atomically(path, kind.upgraded(content, found), mode=path.stat().st_mode & 0o777)
                changed.append(path)
                _log.info("%s: format %d is now %d; kept as %s", _place(root, path), found, kind.version, copy.name)
    return changed


def forget_copies(path: Path) -> None:
    """Remove what was kept of older versions of a file that holds what a person wants deleted."""
    for copy in path.parent.glob(f"{glob.escape(path.name)}.v*"):
        copy.unlink(missing_ok=True)


def _copy_of(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}.v{version}")


def _place(root: Path, path: Path) -> str:
    return f"{root.name}/{path.relative_to(root).as_posix()}"


def _versions(root: Path, kinds: Sequence[Kind]) -> Iterator[tuple[Kind, Path, dict[str, Any], int]]:
    for kind in kinds:
        for path in sorted(root.glob(kind.pattern)):
            try:
                content = json.loads(read_own(path, _LARGEST) or b"null")
            except (ValueError, RecursionError):
                continue
            found = version_of(content)
            if found is not None:
                yield kind, path, content, found
