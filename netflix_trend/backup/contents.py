"""Which files of which volumes a backup holds: what cannot be made again, and nothing that must not be kept twice.

Left out: tables and everything else that is built from these files; the browser's sign-in and passwords; settings; and
an operator's database and batches, which hold the keys of open rounds and must never be older than what is published
(docs/decisions/0165-no-operator-database-in-a-backup.md).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from netflix_trend.backup.archive import BackupError, Role, Source
from netflix_trend.causes import reason_of
from netflix_trend.language import _
from netflix_trend.storage.files import UnsafeFile, open_untrusted, read_untrusted

_RECORDS = ("ledger.jsonl", "operators.sqlite", "receipts/*.json")
_OPERATOR = ("identity.key", "participants.txt", "pseudonyms.key", "sum_surveys/*.json")
PATTERNS: Mapping[Role, Mapping[str, tuple[str, ...]]] = {
    "participant": {
        "private": (
            *("raw/*.csv", "raw/*.json", "removed/*.csv", "removed/removals.json", "life_events.json"),
            *("choices.json", "household.json", "exclusions.json", "dismissed.json", "not_for_me.json"),
        ),
        "publisher": (*_RECORDS, *(f"trial/{name}" for name in _RECORDS)),
    },
    "aggregator": {
        "aggregator": (
            *_OPERATOR,
            *("charts.json", "added_titles.json", "survey_plan.json", "surveys/*.json", "vocabularies/*.json"),
        )
    },
    "helper": {"helper": _OPERATOR},
}
# Larger ones are copied from the disk while the backup is written.
_LARGEST_HELD = 50_000_000


@dataclass(frozen=True)
class Volumes:
    """The volumes of a role by name, such as `private`, and where they are."""

    role: Role
    folders: Mapping[str, Path]

    def allows(self, name: str) -> bool:
        """Return whether a file of this name, which begins with the volume's, belongs into a backup."""
        volume, _slash, inner = name.partition("/")
        path = PurePosixPath(inner)
        return any(
            path.match(pattern) and len(path.parts) == len(PurePosixPath(pattern).parts)
            for pattern in PATTERNS[self.role].get(volume, ())
        )

    def names(self) -> list[str]:
        """Return the names of all files that are there and belong into a backup, sorted."""
        return sorted(self._names())

    def _names(self) -> Iterator[str]:
        for volume, patterns in PATTERNS[self.role].items():
            folder = self.folders[volume]
            for pattern in patterns:
                for path in folder.glob(pattern):
                    if not path.name.startswith(".") and path.is_file() and not path.is_symlink():
                        yield f"{volume}/{path.relative_to(folder).as_posix()}"

    def path(self, name: str) -> Path:
        """Return where a file lies."""
        volume, _slash, inner = name.partition("/")
        return self.folders[volume] / inner

    def source(self, name: str) -> Source:
        """Return a file as it is now, and a database as of its last transaction. Raises BackupError."""
        path = self.path(name)
        volume, _slash, inner = name.partition("/")
        try:
            status = path.stat()
            if path.suffix == ".sqlite":
                return Source.of_bytes(name, copied(path), status.st_mtime)
            if path.suffix == ".csv" or status.st_size > _LARGEST_HELD:
                return Source(name, int(status.st_mtime), _opener(self.folders[volume], inner))
            data = read_untrusted(self.folders[volume], inner, _LARGEST_HELD)
            return Source.of_bytes(name, data, status.st_mtime)
        except sqlite3.Error:
            said = _("it is damaged or was cut off")
        except (OSError, UnsafeFile) as problem:
            said = reason_of(problem)
        raise BackupError(_("%(name)s cannot be read: %(problem)s", name=name, problem=said))


def _opener(folder: Path, inner: str) -> Callable[[], BinaryIO]:
    return partial(open_untrusted, folder, inner, 1 << 40)


def copied(path: Path) -> bytes:
    """Return a whole copy of a database that others may be writing. Raises sqlite3.Error for a damaged one."""
    with closing(_read_only(path)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        return copy.serialize()


def is_damaged(path: Path) -> bool:
    """Return whether a database cannot be read as a whole. Reads only."""
    try:
        with closing(_read_only(path)) as database:
            (said,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error:
        return True
    return bool(said != "ok")


def _read_only(path: Path) -> sqlite3.Connection:
    """Open a database without changing it, also on a disk that may only be read."""
    address = path.absolute().as_uri()
    database = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=60)
    try:
        database.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        database.close()
        database = sqlite3.connect(f"{address}?immutable=1", uri=True)
    return database
