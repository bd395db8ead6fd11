"""The state of a party: one private SQLite database.

WAL with synchronous=FULL: a transaction is on disk when it returns. secure_delete overwrites what is deleted, and
`erase` also empties the log, so that a key that was deleted is in no file. Files for the datasite are written from the
outbox, after the transaction that put them there: after a crash the same bytes appear, never other ones.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from netflix_trend.storage.kept import note, set_aside
from netflix_trend.storage.migrations import NewerFormat

# Pages in memory, in KiB: report ids are random, so every insert into their index changes another page, and one that
# does not fit is written to the disk each time.
_CACHE = "cache_size=-65536"
# For whoever else has the database open.
WAIT_SECONDS = 60
# Numbered steps (PRAGMA user_version): the first one makes an empty database one of format 1, and so on. All that are
# missing are one transaction, and no copy is kept beside it, because what is deleted here must be in no file.
# The first step is also that of databases from before there were numbers.
_STEPS = (
    """
CREATE TABLE IF NOT EXISTS rounds (
    round TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    first_day INTEGER, last_day INTEGER, plan BLOB, manifest BLOB, private BLOB, seed BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
    round TEXT NOT NULL, file TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (round, file)
) STRICT;
CREATE TABLE IF NOT EXISTS budget (
    round TEXT PRIMARY KEY, day INTEGER NOT NULL, num TEXT NOT NULL, den TEXT NOT NULL, manifest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS batches (
    round TEXT NOT NULL, batch TEXT NOT NULL, state TEXT NOT NULL, parts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (round, batch)
) STRICT;
CREATE TABLE IF NOT EXISTS reports (
    round TEXT NOT NULL, task INTEGER NOT NULL, report_id BLOB NOT NULL, datasite TEXT NOT NULL, batch TEXT NOT NULL,
    place INTEGER NOT NULL, state TEXT NOT NULL, code INTEGER NOT NULL DEFAULT 0, share BLOB,
    UNIQUE (round, task, report_id), UNIQUE (round, task, datasite)
) STRICT;
CREATE TABLE IF NOT EXISTS sums (
    round TEXT NOT NULL, batch TEXT NOT NULL, task INTEGER NOT NULL,
    count INTEGER NOT NULL, checksum BLOB NOT NULL, exact BLOB, noisy BLOB, PRIMARY KEY (round, batch, task)
) STRICT;
CREATE TABLE IF NOT EXISTS refusals (
    round TEXT NOT NULL, datasite TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (round, datasite)
) STRICT;
""",
)


class Store:
    """An open database. One process at a time; a second one waits for the first one's transaction.

    durable: False for simulated people, who lose nothing in a power cut. Raises NewerFormat for one of a newer version.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        self.sql = sqlite3.connect(path, isolation_level=None, timeout=WAIT_SECONDS)
        sync = "FULL" if durable else "OFF"
        for pragma in ("journal_mode=WAL", f"synchronous={sync}", "secure_delete=ON", "temp_store=MEMORY", _CACHE):
            self.sql.execute(f"PRAGMA {pragma}")
        self._bring_up_to_date(path)
        self.erase()

    def _bring_up_to_date(self, path: Path) -> None:
        found = self._format
        if found > len(_STEPS):
            self.close()
            raise NewerFormat(f"{path.parent.name}/{path.name}", found, len(_STEPS))
        if found == len(_STEPS):
            return
        with self.transaction():
            for step in _STEPS[self._format :]:
                for statement in step.split(";"):
                    self.sql.execute(statement)
            self.sql.execute(f"PRAGMA user_version={len(_STEPS)}")

    @property
    def _format(self) -> int:
        found: int = self.sql.execute("PRAGMA user_version").fetchone()[0]
        return found

    @classmethod
    def open_or_clear(cls, path: Path, *, durable: bool = True) -> Store:
        """Open a database; one that is damaged is deleted first, and `damaged/` beside it says so.

        It may hold keys of rounds that are given up now, which must be in no file. What is published of these rounds
        is entered into the new one (`Party.run`).
        """
        try:
            store = cls(path, durable=durable)
            if store.sql.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                return store
            store.close()
        except sqlite3.DatabaseError as problem:
            if not is_damaged(problem):
                raise
        except IsADirectoryError:
            set_aside(path.parent, path.name, "is a folder and no database")
            return cls(path, durable=durable)
        clear(path)
        return cls(path, durable=durable)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do everything inside or nothing; what was done is on disk afterwards."""
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield self.sql
            self.sql.execute("COMMIT")
        except BaseException:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise

    def erase(self) -> None:
        """Empty the write-ahead log, in which overwritten and deleted values would live on."""
        self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the database."""
        self.sql.close()

    def put(self, name: str, file: str, data: bytes) -> None:
        """Put a file into the outbox, in a transaction.

        Raises sqlite3.IntegrityError when there is one of this name: no file ever changes.
        """
        self.sql.execute("INSERT INTO outbox VALUES (?, ?, ?)", (name, file, data))

    def outbox(self, name: str) -> dict[str, bytes]:
        """Return the files of a round that we made, by name, in the order in which they were made."""
        rows = self.sql.execute("SELECT file, data FROM outbox WHERE round = ? ORDER BY rowid", (name,))
        return dict(rows.fetchall())

    def files(self, name: str) -> list[str]:
        """Return the names of the files of a round that we made, in the order in which they were made."""
        rows = self.sql.execute("SELECT file FROM outbox WHERE round = ? ORDER BY rowid", (name,))
        return [file for (file,) in rows]

    def take_back(self, name: str, file: str) -> bytes:
        """Return a file and remove it from the outbox, in the transaction that put it there."""
        query = "DELETE FROM outbox WHERE round = ? AND file = ? RETURNING data"
        (row,) = self.sql.execute(query, (name, file)).fetchall()
        data: bytes = row[0]
        return data

    def drop(self, *beginnings: str) -> None:
        """Remove the files of all rounds from the outbox whose names begin so, and give the room on the disk back.

        For rounds with which nobody goes on: a file that the other operator waits for would never appear.
        """
        with self.transaction() as sql:
            for beginning in beginnings:
                sql.execute("DELETE FROM outbox WHERE substr(file, 1, ?) = ?", (len(beginning), beginning))
        self.sql.execute("VACUUM")
        self.erase()

    def file(self, name: str, file: str) -> bytes | None:
        """Return one file of a round that we made, None when there is none."""
        row = self.sql.execute("SELECT data FROM outbox WHERE round = ? AND file = ?", (name, file)).fetchone()
        return row[0] if row else None

    def rounds(self, *states: str) -> list[RoundRow]:
        """Return the rounds in some states, or all, by name."""
        marks = ", ".join("?" * len(states))
        where = f"WHERE state IN ({marks})" if states else ""
        query = f"SELECT round, state, reason, plan, manifest, private, seed FROM rounds {where} ORDER BY round"  # noqa: S608
        return [RoundRow(*row) for row in self.sql.execute(query, states)]

    def round(self, name: str) -> RoundRow | None:
        """Return one round."""
        return next((row for row in self.rounds() if row.name == name), None)

    def overlaps(self, name: str, days: tuple[int, int]) -> bool:
        """Return whether another round that was agreed on asks about one of the same days."""
        query = "SELECT 1 FROM rounds WHERE round != ? AND manifest IS NOT NULL AND first_day <= ? AND last_day >= ?"
        return self.sql.execute(query, (name, days[1], days[0])).fetchone() is not None

    def batch_state(self, name: str, batch: str) -> str:
        """Return the state of a batch, empty when nothing has happened yet."""
        query = "SELECT state FROM batches WHERE round = ? AND batch = ?"
        row = self.sql.execute(query, (name, batch)).fetchone()
        return row[0] if row else ""

    def set_batch(self, name: str, batch: str, state: str, parts: int = 0) -> None:
        """Set the state of a batch, in a transaction; parts: of its aggregation job, kept when it is 0."""
        self.sql.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state, "
            "parts = max(parts, excluded.parts)",
            (name, batch, state, parts),
        )

    def parts(self, name: str, batch: str) -> int:
        """Return the number of parts of a batch's aggregation job."""
        query = "SELECT parts FROM batches WHERE round = ? AND batch = ?"
        row = self.sql.execute(query, (name, batch)).fetchone()
        return row[0] if row else 0

    def refuse(self, name: str, datasite: str, reason: str) -> None:
        """Note why a datasite's file was refused; the first reason stays."""
        self.sql.execute("INSERT OR IGNORE INTO refusals VALUES (?, ?, ?)", (name, datasite, reason))

    def accept(self, name: str, datasite: str) -> None:
        """Forget that a datasite's file was refused."""
        self.sql.execute("DELETE FROM refusals WHERE round = ? AND datasite = ?", (name, datasite))

    def refusals(self, name: str) -> dict[str, str]:
        """Return the reason by datasite."""
        query = "SELECT datasite, reason FROM refusals WHERE round = ? ORDER BY datasite"
        return dict(self.sql.execute(query, (name,)).fetchall())


def is_damaged(problem: sqlite3.DatabaseError) -> bool:
    """Return whether an error says that the file is damaged, and not that it is busy or the disk full."""
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def cleared_if_damaged(problem: sqlite3.DatabaseError, store: Store, path: Path) -> None:
    """Clear a database during whose use an error came up. Raises the error when the file is not damaged."""
    if not is_damaged(problem):
        raise problem
    store.close()
    clear(path)


def clear(path: Path) -> None:
    """Delete a damaged database, and name it in `damaged/` beside it."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    note(path.parent, path.name, "was damaged and is deleted: open rounds are given up, closed ones stay")


@dataclass(frozen=True)
class RoundRow:
    """A round in the database. private, seed: None once they are deleted."""

    name: str
    state: str
    reason: str
    plan: bytes | None
    manifest: bytes | None
    private: bytes | None
    seed: bytes | None

    def __repr__(self) -> str:
        return f"RoundRow({self.name!r}, {self.state!r})"
