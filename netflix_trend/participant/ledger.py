"""The ledger: an append-only record of every release and its cost, on disk before the release appears anywhere.

Each release is a line of JSON; lines are chained by hashes. A round is drawn only once: publishing again copies the
bytes in the ledger. If the ledger is lost or restored from an old backup, rounds are skipped and never drawn again, as
long as the datasite shows that something was drawn.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from netflix_trend.periods.weeks import Week
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.damaged import Damaged, read_file
from netflix_trend.storage.files import locked, sync_folder
from netflix_trend.storage.model import Strict

if TYPE_CHECKING:
    # Many read a ledger, and only who draws an answer needs surveys, questions and mechanisms.
    from netflix_trend.questions.question import Question
    from netflix_trend.survey.survey import Survey

_log = logging.getLogger("ledger")
WEEKS_PER_YEAR = 52
_NO_LINE = "0" * 64
# Older versions answered weeks up to eight weeks old, from files of any day until then.
_OLD_WEEKS = 9


class LedgerError(Exception):
    """The ledger is damaged. Nothing is published until a person has repaired it."""


class _Line(Strict):
    """A line. previous: SHA-256 of the line before. seal: SHA-256 of this line without it, which protects the last.

    Both are of bytes as they were written, with the fields that lines had then: a field that a later version adds, with
    a default, changes no older line.
    """

    previous: str
    seal: str = ""

    @property
    def sealed(self) -> bytes:
        """The bytes of a line that is written now."""
        bare = self.model_dump(exclude={"seal"})
        return canonical_json({**bare, "seal": _seal(bare)})


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _is_intact(line: bytes) -> bool:
    """Return whether a line is as it was written, by whatever version."""
    try:
        content = json.loads(line)
        seal = content.pop("seal")
        return canonical_json({**content, "seal": seal}) == line and _seal(content) == seal
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError):
        return False


class Opening(_Line):
    """First line. schema_version: of the whole file."""

    schema_version: Literal[1] = 1
    kind: Literal["opening"] = "opening"


class Gap(_Line):
    """The datasite held a release that is not in the ledger: the ledger was lost, or replaced by an older copy.

    Rounds up to `skip_through`, and those in `rounds`, may have been drawn; those not in the ledger are never answered.
    rounds: rounds that were not over yet by this machine's clock. The clock may have been slow, or the file forged; a
    forged file costs only its own round. counted: rounds that were answered, or may have been, and count toward the
    year as releases do.
    """

    kind: Literal["gap"] = "gap"
    skip_through: str | None
    rounds: Annotated[tuple[str, ...], Field(strict=False)] = ()
    counted: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Entry(_Line):
    """A release: who asked what, the odds as numerator and denominator, and the exact bytes.

    depends_through: last week that the answer depends on, because watching a title again moves its row in Netflix's
    file; None in lines of older versions.
    """

    kind: Literal["release"] = "release"
    round: str
    aggregator: str
    question: str
    mechanism: str
    survey: str
    vocabulary: str
    odds: Annotated[tuple[int, int], Field(strict=False)]
    release: str
    depends_through: str | None = None

    @property
    def weeks(self) -> tuple[Week, Week]:
        """First and last week that the answer about the round depends on."""
        week = Week.parse(self.round)
        return week, week + _OLD_WEEKS if self.depends_through is None else Week.parse(self.depends_through)

    @property
    def data(self) -> bytes:
        """The bytes of the release."""
        return base64.b64decode(self.release)


_LATER_LINE: TypeAdapter[Gap | Entry] = TypeAdapter(
    Annotated[Gap | Entry, Field(discriminator="kind")], config=ConfigDict(defer_build=True)
)


class Ledger:
    """An open ledger. Use `open_ledger`, which locks it."""

    def __init__(self, path: Path, gaps: list[Gap], entries: list[Entry], last: str, durable: bool) -> None:
        self.path = path
        self.entries = entries
        self._of_round = {entry.round: entry for entry in reversed(entries)}
        self._skip_through: Week | None = None
        self._skipped: set[str] = set()
        self._counted: set[str] = set()
        for gap in gaps:
            self._skip(gap)
        self._last = last
        self._durable = durable

    def _skip(self, gap: Gap) -> None:
        if gap.skip_through is not None:
            through = Week.parse(gap.skip_through)
            self._skip_through = max(through, self._skip_through or through)
        self._skipped.update(gap.rounds)
        self._counted.update(gap.counted)

    def entry(self, week: Week) -> Entry | None:
        """Return the release of a round, None when the round was not drawn."""
        return self._of_round.get(str(week))

    def skips(self, week: Week) -> bool:
        """Return whether the round may have been drawn with a ledger that was lost or replaced by an older copy."""
        may_have = str(week) in self._skipped or (self._skip_through is not None and week <= self._skip_through)
        return may_have and self.entry(week) is None

    @property
    def counted(self) -> frozenset[str]:
        """The rounds that count toward the year: released ones, and lost ones that were or may have been answered."""
        return frozenset(self._of_round) | self._counted

    def depends_on(self, first: Week, last: Week) -> bool:
        """Return whether the answer of another round depends, or may depend, on one of these weeks."""
        # A lost answer was drawn before the newest skipped week's successor was over (see `depends_through`).
        lost = self._skip_through is not None and first <= self._skip_through + 2
        spans = (entry.weeks for entry in self.entries)
        return lost or any(begin <= last and first <= end for begin, end in spans)

    def reports_near(self, week: Week) -> int:
        """Return the largest number of reports in any 52 weeks that include `week`, without that of `week` itself.

        It counts rounds, not time, so that changing the clock never allows another report.
        """
        indices = sorted(Week.parse(name).index for name in self.counted - {str(week)})
        starts = [index for index in [*indices, week.index] if 0 <= week.index - index < WEEKS_PER_YEAR]
        return max((sum(start <= index < start + WEEKS_PER_YEAR for index in indices) for start in starts), default=0)

    def skip_after_gap(self, published: Collection[str], now: Week) -> bool:
        """Skip rounds that may have been drawn, if published ones are missing in the ledger. Returns whether so."""
        weeks = sorted(map(Week.parse, published))
        unknown = [week for week in weeks if self.entry(week) is None and not self.skips(week)]
        if not unknown:
            return False
        # One that is not over yet may be forged, and would count for nothing that was ever asked.
        through = now if unknown[0] <= now else None
        over = [week for week in unknown if week <= now]
        self.skip(through, [week for week in unknown if week > now], over)
        return True

    def skip(self, through: Week | None, rounds: Iterable[Week] = (), counted: Iterable[Week] = ()) -> None:
        """Never answer rounds up to `through`, nor `rounds`, unless they are here; it is on disk when this returns.

        counted: those that were answered, or may have been: they count toward the year.
        """
        gap = Gap(
            skip_through=None if through is None else str(through),
            rounds=tuple(map(str, rounds)),
            counted=tuple(map(str, counted)),
            previous=self._last,
        )
        self._last = _append(self.path, gap, self._durable)
        self._skip(gap)

    def commit(
        self, aggregator: str, survey: Survey, question: Question, release: bytes, depends_through: Week
    ) -> Entry:
        """Record a release; it is on disk when this returns. Raises LedgerError if the round is already drawn.

        depends_through: last week that the answer depends on.
        """
        if self.entry(survey.week) is not None or self.skips(survey.week):
            raise LedgerError(f"round {survey.round} is already drawn")
        entry = Entry(
            round=survey.round,
            aggregator=aggregator,
            question=question.name,
            mechanism=question.mechanism,
            survey=survey.version,
            vocabulary=survey.vocabulary,
            odds=(question.odds.numerator, question.odds.denominator),
            release=base64.b64encode(release).decode(),
            depends_through=str(depends_through),
            previous=self._last,
        )
        self._last = _append(self.path, entry, self._durable)
        self.entries.append(entry)
        self._of_round[entry.round] = entry
        return entry


@contextmanager
def open_ledger(path: Path, *, published: Collection[str], now: Week, durable: bool = True) -> Iterator[Ledger]:
    """Open the ledger, or create it, and hold its lock.

    published: rounds with a release in the datasite. If one of them is not in the ledger, the ledger was lost or
    replaced by an older copy. Then every missing round up to `now`, the newest complete week, is skipped, because it
    may have been answered already, and so are later published rounds.
    durable: False for simulated people, who lose no privacy in a power cut.

    Raises LedgerError if a line in the middle is damaged. A torn last line is dropped: a release appears only after its
    line is complete on disk, so this one never did.
    """
    with locked(path.with_name(f".{path.name}.lock")):
        lines, torn = _complete_lines(path)
        if torn:
            with path.open("rb+") as file:
                file.truncate(sum(len(line) + 1 for line in lines))
        if lines:
            ledger = _parse(path, lines, durable)
        else:
            last = _append(path, Opening(previous=_NO_LINE), durable=False)  # synced below
            ledger = Ledger(path, [], [], last, durable)
        if ledger.skip_after_gap(published, now):
            _log.warning(
                "the ledger lacks releases that the datasite holds: rounds that may have been drawn are skipped"
            )
        if durable:
            # A previous process may have been killed before fsync; sync before its release appears.
            with path.open("rb") as file:
                os.fsync(file.fileno())
            sync_folder(path.parent)
        yield ledger


def read_ledger(path: Path) -> list[Entry]:
    """Return all releases of a ledger in the order of its lines; none without a ledger. Reads only.

    Raises LedgerError if a line is damaged.
    """
    return read_whole_ledger(path).entries


def read_whole_ledger(path: Path) -> Ledger:
    """Return a ledger to look at, empty where there is none. Reads only. Raises LedgerError if a line is damaged."""
    lines, _ = _complete_lines(path)
    return _parse(path, lines, durable=False)


def _complete_lines(path: Path) -> tuple[list[bytes], bool]:
    try:
        *lines, rest = read_file(path).split(b"\n")
    except FileNotFoundError:
        return [], False
    except Damaged:
        raise LedgerError(f"{path.name} cannot be read; restore the file from a backup") from None
    return lines, bool(rest)


def _parse(path: Path, lines: list[bytes], durable: bool) -> Ledger:
    previous = _NO_LINE
    entries: list[Entry] = []
    gaps: list[Gap] = []
    for number, line in enumerate(lines, 1):
        is_intact = _is_intact(line)
        try:
            parsed = Opening.model_validate_json(line) if number == 1 else _LATER_LINE.validate_json(line)
        except ValidationError:
            if is_intact:
                raise LedgerError(
                    f"{path.name}, line {number}: a newer version of Netflix Trend wrote it; nothing was changed. "
                    "Install that version again, or restore the file from a backup of this one"
                ) from None
            raise LedgerError(
                f"{path.name}, line {number}: not a ledger line; restore the file from a backup"
            ) from None
        if parsed.previous != previous:
            raise LedgerError(f"{path.name}, line {number}: a line before it was changed or removed")
        if not is_intact:
            raise LedgerError(f"{path.name}, line {number}: it was changed; restore the file from a backup")
        previous = hashlib.sha256(line).hexdigest()
        if isinstance(parsed, Entry):
            entries.append(parsed)
        elif isinstance(parsed, Gap):
            gaps.append(parsed)
    return Ledger(path, gaps, entries, previous, durable)


def _append(path: Path, line: Opening | Gap | Entry, durable: bool) -> str:
    data = line.sealed
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data + b"\n")
        file.flush()
        if durable:
            os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()
