"""The record of every release and of what it cost: append-only, on disk before a release appears anywhere.

One line of JSON a release, chained by hashes. A round is drawn once for ever: publishing again copies the bytes of
the ledger. A lost ledger means that rounds are skipped, never that they are drawn again.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.canonical import canonical_json
from netflix_trend.files import sync_folder
from netflix_trend.survey import Strict
from netflix_trend.weeks import Week

WEEKS_PER_YEAR = 52
_NO_LINE = "0" * 64


class LedgerError(Exception):
    """The ledger is damaged; nothing is published until a person has looked at it."""


class Opening(Strict):
    """First line. Rounds up to `skip_through` may have been drawn with a ledger that was lost: never answer them."""

    kind: Literal["opening"] = "opening"
    skip_through: str | None
    previous: str


class Entry(Strict):
    """One release: what was asked, at which odds (w1, w0), the exact bytes, and the hash of the line before."""

    kind: Literal["release"] = "release"
    round: str
    question: str
    mechanism: str
    survey: str
    vocabulary: str
    odds: Annotated[tuple[int, int], Field(strict=False)]
    release: str
    previous: str

    @property
    def data(self) -> bytes:
        """The bytes of the release."""
        return base64.b64decode(self.release)


class Ledger:
    """An open ledger. Use `open_ledger`, which holds a lock against other processes."""

    def __init__(self, path: Path, opening: Opening, entries: list[Entry], last: str, durable: bool) -> None:
        self.path = path
        self.entries = entries
        self._skip_through = Week.parse(opening.skip_through) if opening.skip_through else None
        self._last = last
        self._durable = durable

    def entry(self, week: Week) -> Entry | None:
        """Return the release of a round, None when the round was not drawn."""
        return next((entry for entry in self.entries if entry.round == str(week)), None)

    def skips(self, week: Week) -> bool:
        """Return whether the round may have been drawn with a ledger that was lost."""
        return self._skip_through is not None and week <= self._skip_through

    def reports_near(self, week: Week) -> int:
        """Return the most reports that lie in any window of 52 weeks together with `week`, itself not counted.

        Counted in rounds, not in time, so that no change of the clock makes room for another report.
        """
        indices = sorted(Week.parse(entry.round).index for entry in self.entries)
        starts = [index for index in [*indices, week.index] if 0 <= week.index - index < WEEKS_PER_YEAR]
        return max((sum(start <= index < start + WEEKS_PER_YEAR for index in indices) for start in starts), default=0)

    def commit(
        self, week: Week, question: str, mechanism: str, survey: str, vocabulary: str, odds: Fraction, release: bytes
    ) -> Entry:
        """Record a release; when this returns it is on disk. Raises LedgerError when the round is already drawn."""
        if self.entry(week) is not None or self.skips(week):
            raise LedgerError(f"round {week} is already drawn")
        entry = Entry(
            round=str(week),
            question=question,
            mechanism=mechanism,
            survey=survey,
            vocabulary=vocabulary,
            odds=(odds.numerator, odds.denominator),
            release=base64.b64encode(release).decode(),
            previous=self._last,
        )
        self._last = _append(self.path, entry, self._durable)
        self.entries.append(entry)
        return entry


@contextmanager
def open_ledger(path: Path, *, traces: bool, now: Week, durable: bool = True) -> Iterator[Ledger]:
    """Open the ledger, or begin one, under a lock that other processes wait for.

    traces: whether the datasite holds releases. With traces and no ledger, the ledger was lost: a new one begins
    that skips every round up to `now`, the newest complete week, because they may have been answered already.
    durable: simulated people pass False, they have no privacy to lose in a power cut.

    Raises LedgerError when a line in the middle is damaged. A torn last line is dropped: its release never appeared,
    because a release appears only after its line is complete on disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines, torn = _complete_lines(path)
        if torn:
            with path.open("rb+") as file:
                file.truncate(sum(len(line) + 1 for line in lines))
        if not lines:
            opening = Opening(skip_through=str(now) if traces else None, previous=_NO_LINE)
            lines = [canonical_json(opening.model_dump())]
            _append(path, opening, durable)
        yield _parse(path, lines, durable)


def _complete_lines(path: Path) -> tuple[list[bytes], bool]:
    try:
        *lines, rest = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], False
    return lines, bool(rest)


def _parse(path: Path, lines: list[bytes], durable: bool) -> Ledger:
    previous = _NO_LINE
    entries: list[Entry] = []
    opening: Opening | None = None
    for number, line in enumerate(lines, 1):
        try:
            parsed = Opening.model_validate_json(line) if number == 1 else Entry.model_validate_json(line)
        except ValidationError:
            raise LedgerError(
                f"{path.name}, line {number}: not a ledger line; restore the file from a backup"
            ) from None
        if parsed.previous != previous:
            raise LedgerError(f"{path.name}, line {number}: a line before it was changed or removed")
        previous = hashlib.sha256(line).hexdigest()
        if isinstance(parsed, Opening):
            opening = parsed
        else:
            entries.append(parsed)
    assert opening is not None
    return Ledger(path, opening, entries, previous, durable)


def _append(path: Path, line: Opening | Entry, durable: bool) -> str:
    data = canonical_json(line.model_dump())
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data + b"\n")
        file.flush()
        if durable:
            os.fsync(file.fileno())
    if durable and is_new:
        sync_folder(path.parent)
    return hashlib.sha256(data).hexdigest()
