"""A file that is being read: its rows, and what is decided for the file as a whole."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netflix_trend import formats
from netflix_trend.history.activity import durations_in_seconds, is_autoplayed, is_supplemental, split_starts
from netflix_trend.history.dates import UndecidableOrder, date_part, decide_order
from netflix_trend.history.double_encoding import repaired
from netflix_trend.history.exports import ExportError, ExportFile
from netflix_trend.history.file_rows import PLAY_COLUMNS, FileRows, Ints, ReadFile, number_of
from netflix_trend.history.household import LONGEST_NAME, ProfileQuestion, UndecidedProfiles
from netflix_trend.history.options import ReadOptions
from netflix_trend.language import _

if TYPE_CHECKING:
    from netflix_trend.history.staging import Staging

_NO_DAY = np.iinfo(np.int32).min
# How many bad rows a report names; the others are counted.
_NAMED_ROWS = 5


@dataclass
class _NetflixProfile:
    """Rows of a Netflix profile in a file. may_count: whether they are kept until it is decided which count; then code
    is that of its name.
    """

    may_count: bool
    code: int
    rows: int = 0
    plays: int = 0
    supplemental: int = 0
    undated: int = 0
    durations: int = 0
    unknown_durations: int = 0
    problems: list[str] = field(default_factory=list)


class FileReader:
    """A file that is being read. Titles and names go to `staging`, which gives their codes."""

    def __init__(self, staging: Staging, source: ExportFile, name: str, options: ReadOptions) -> None:
        self._staging, self._source, self._name, self._options = staging, source, name, options
        encoding = source.encoding
        self._report = ReadFile(source.kind, encoding.name, source.delimiter, is_encoding_sure=encoding.is_sure)
        self._doubled = encoding.doubled
        # Text of a date, its code and the number of the first row that has it.
        self._codes: dict[str, tuple[int, int]] = {}
        # The code of every row's date, in the order of the rows, also of rows that do not count.
        self._dates = array("i")
        # How many rows that count have each date.
        self._counts: list[int] = []
        self._dropped: Counter[int] = Counter()
        self._profiles: dict[str, _NetflixProfile] = {}
        # Codes of the titles of dropped rows.
        self._others = array("i")

    def read(self, newest: date | None, latest: date | None) -> FileRows:
        """Read all rows, decide the order of the dates, and return what counts."""
        self._report.shortest_seconds = self._options.shortest_seconds
        report, is_activity = self._report, self._source.kind == "viewing_activity"
        columns = self._activity_columns() if is_activity else self._history_columns()
        staged = len(columns[0])
        report.rows += len(self._dates)
        columns, unwanted = self._decide_profiles(columns) if is_activity else (columns, Counter[int]())
        days = self._decide_days(newest, unwanted)
        report.rows += report.damaged
        report.undated += report.damaged
        usable = sum(count for count, day in zip(self._counts, days, strict=True) if day is not None)
        if report.rows and not usable and not report.supplemental + report.dropped_profiles:
            why = report.problems[0] if report.problems else _("no row has a date")
            raise ExportError(
                "no_rows",
                _(
                    "%(_name)s: none of its %(rows)s rows could be read; %(why)s.",
                    _name=self._name,
                    rows=report.rows,
                    why=why,
                ),
            )
        self._compare_with_download(days, latest)
        return self._rows(columns, days, staged)

    def _rows(self, columns: Sequence[Ints], days: Sequence[date | None], staged: int) -> FileRows:
        """Return the rows with a day. columns: codes of dates, of titles, and what ViewingActivity.csv has besides."""
        numbers = np.array([_NO_DAY if day is None else number_of(day) for day in days], np.int32)
        own = numbers[columns[0]]
        if None in days:
            is_dated = own != _NO_DAY
            self._others.frombytes(columns[1][~is_dated].tobytes())
            own, columns = own[is_dated], [column[is_dated] for column in columns]
        _dates, texts, *plays = columns
        named = dict(zip(PLAY_COLUMNS, plays, strict=False))
        others = np.unique(np.frombuffer(self._others, np.int32))
        rows = FileRows(self._report, texts, own, **named, others=others, staged=staged)
        self._report.too_short = int(((rows.lengths >= 0) & (rows.lengths < self._options.shortest_seconds)).sum())
        return rows

    def _compare_with_download(self, days: Sequence[date | None], latest: date | None) -> None:
        """Count the rows of days after `latest`. Raises ExportError if there are no others."""
        if latest is None:
            return
        known = [(day, count) for day, count in zip(days, self._counts, strict=True) if day and count]
        self._report.in_future = sum(count for day, count in known if day > latest)
        if known and self._report.in_future == sum(count for _, count in known):
            made, first = latest - timedelta(days=1), min(day for day, _ in known)
            raise ExportError(
                "future",
                _(
                    "%(_name)s: every date in it lies after %(made)s, when the file was made; the first is "
                    "%(first)s. Correct the years in the file. If only the file's own day is wrong, save it "
                    "again today, or upload it with the right day.",
                    _name=self._name,
                    made=formats.day(made),
                    first=formats.day(first),
                ),
            )

    def _history_columns(self) -> list[Ints]:
        """Read all rows. Returns the codes of their dates and of their titles."""
        texts = array("i")
        for numbers, (titles, days) in self._source.blocks(self._damaged):
            right = [self._repaired(title) for title in titles] if self._doubled else titles
            self._take_dates(days, numbers)
            texts.extend(self._staging.texts.codes(right, "viewing_history"))
            self._staging.count_rows(len(numbers))
        return [np.array(self._dates, np.int32), np.array(texts, np.int32)]

    def _take_dates(self, days: Sequence[str], numbers: Sequence[int]) -> None:
        """Add the dates of rows with these numbers."""
        first = dict(zip(reversed(days), reversed(numbers), strict=True))
        codes = {day: self._date_code(day, first[day]) for day in dict.fromkeys(days)}
        self._dates.extend(map(codes.__getitem__, days))

    def _activity_columns(self) -> list[Ints]:
        """Read all rows. Returns the columns of those that may count: codes of dates and titles, then PLAY_COLUMNS."""
        blocks = [np.empty((2 + len(PLAY_COLUMNS), 0), np.int32)]
        for numbers, cells in self._source.blocks(self._damaged):
            blocks.append(self._activity_block(numbers, *cells))
            self._staging.count_rows(blocks[-1].shape[1])
        return list(np.concatenate(blocks, axis=1))

    def _activity_block(
        self,
        numbers: Sequence[int],
        profiles: Sequence[str],
        starts: Sequence[str],
        durations: Sequence[str],
        attributes: Sequence[str],
        titles: Sequence[str],
        supplemental: Sequence[str],
        devices: Sequence[str],
    ) -> Ints:
        """Return what `_activity_columns` does, of some rows. Shape: (columns, rows that may count)."""
        staging = self._staging
        if self._doubled:
            profiles = [repaired(profile, self._doubled) for profile in profiles]
            titles = [self._repaired(title) for title in titles]
        texts = staging.texts.codes(titles, "viewing_activity")
        days, seconds = split_starts(starts)
        lengths = durations_in_seconds(durations)
        self._take_dates(days, numbers)
        # The type column is not always filled in.
        is_extra = _of_each(is_supplemental, supplemental).astype(bool) | np.array(
            staging.texts.are_supplemental(texts)
        )
        is_timed, is_measured = seconds >= 0, lengths >= 0
        is_view, is_undated = ~is_extra & is_timed, ~is_extra & ~is_timed
        names = [profile[:LONGEST_NAME] for profile in profiles]
        owners = {name: place for place, name in enumerate(dict.fromkeys(names))}
        of_rows = _of_each(owners.__getitem__, names)
        codes = np.full(len(numbers), -1, np.int32)
        for name, place in owners.items():
            one, is_own = self._profile(name), of_rows == place
            one.rows += _count(is_own)
            one.plays += _count(is_own & is_view & (~is_measured | (lengths >= self._options.shortest_seconds)))
            one.supplemental += _count(is_own & is_extra)
            undated = np.flatnonzero(is_own & is_undated).tolist()
            one.undated += len(undated)
            for row in undated[: _NAMED_ROWS + 1 - len(one.problems)]:
                problem = _(
                    "row %(number)s: %(start)s is not a time such as 2024-03-02 23:50:12",
                    number=numbers[row],
                    start=repr(starts[row][:40]),
                )
                one.problems.append(problem)
            if one.may_count:
                one.durations += _count(is_own & is_view & is_measured)
                one.unknown_durations += _count(is_own & is_view & ~is_measured)
                codes[is_own & is_view] = one.code
        is_kept = codes >= 0
        kept = np.flatnonzero(is_kept).tolist()
        dates = np.array(self._dates[-len(numbers) :], np.int32)
        # Dates of rows that do not count are evidence for the order of dates, too.
        self._dropped.update(dates[~is_kept].tolist())
        self._others.frombytes(np.array(texts, np.int32)[~is_kept].tobytes())
        device_codes = np.full(len(numbers), -1, np.int32)
        device_codes[kept] = _of_each(staging.name, [devices[row] for row in kept])
        autoplayed = _of_each(is_autoplayed, attributes)
        return np.array([dates, texts, seconds, lengths, codes, device_codes, autoplayed], np.int32)[:, is_kept]

    def _profile(self, name: str) -> _NetflixProfile:
        one = self._profiles.get(name)
        if one is None:
            may_count = self._options.keep_profile(name)
            code = self._staging.name(name) if may_count else -1
            one = self._profiles[name] = _NetflixProfile(may_count, code)
        return one

    def _decide_profiles(self, columns: list[Ints]) -> tuple[list[Ints], Counter[int]]:
        """Decide which Netflix profiles count. Returns the columns without the rows of the others, and how many of
        these have each date code. Raises ExportError if the person has to say which.
        """
        report = self._report
        report.netflix_rows = {name: one.rows for name, one in self._profiles.items()}
        report.played = frozenset(name for name, one in self._profiles.items() if one.plays)
        candidates = {name: one.rows for name, one in self._profiles.items() if one.may_count}
        try:
            kept = self._options.decide_profiles(candidates, report.played)
        except UndecidedProfiles as undecided:
            raise self._profile_question(undecided.question) from None
        for name, one in self._profiles.items():
            if name not in kept:
                report.dropped_profiles += one.rows
                continue
            report.supplemental += one.supplemental
            report.undated += one.undated
            report.durations += one.durations
            report.unknown_durations += one.unknown_durations
            for problem in one.problems:
                self._problem(problem)
        report.profiles = sorted(kept)
        unwanted = [name for name in candidates if name not in kept]
        if not unwanted:
            return columns, Counter()
        is_kept = ~np.isin(columns[4], [self._profiles[name].code for name in unwanted])
        counts = Counter(columns[0][~is_kept].tolist())
        self._others.frombytes(columns[1][~is_kept].tobytes())
        return [column[is_kept] for column in columns], counts

    def _profile_question(self, question: ProfileQuestion) -> ExportError:
        report = self._report
        return ExportError(
            "netflix_profile",
            _(
                "%(_name)s: which of its %(rows)s Netflix profiles is you? Nothing of the file counts for "
                "you before you say it: on the page Start, or ./run.sh whose NAME. They are %(question)s.",
                _name=self._name,
                rows=len(question.rows),
                question=question,
            ),
            {
                "kind": report.kind,
                "encoding": report.encoding,
                "delimiter": report.delimiter,
                "rows": report.rows + report.damaged,
                "profiles": sorted(question.rows),
            },
            question,
        )

    def _date_code(self, text: str, number: int) -> int:
        known = self._codes.get(text)
        if known is None:
            # Text after the date differs from row to row if a program added the time.
            text = date_part(text)
            known = self._codes.get(text)
        if known is None:
            known = self._codes[text] = (len(self._codes), number)
        return known[0]

    def _repaired(self, title: str) -> str:
        right = repaired(title, self._doubled)
        self._report.repaired += right != title
        return right

    def _damaged(self, number: int, problem: str) -> None:
        self._report.damaged += 1
        self._problem(_("row %(number)s: %(problem)s", number=number, problem=problem))

    def _problem(self, problem: str) -> None:
        if len(self._report.problems) < _NAMED_ROWS:
            self._report.problems.append(problem)
        else:
            self._report.problems[_NAMED_ROWS:] = [_("and more")]

    def _decide_days(self, newest: date | None, unwanted: Counter[int]) -> list[date | None]:
        """Return the day of every date code. unwanted: rows that were deleted; their dates still count as evidence."""
        report = self._report
        codes = np.frombuffer(self._dates, dtype=np.int32)
        self._dropped += unwanted
        counts = np.bincount(codes, minlength=len(self._codes)).tolist()
        self._counts = [count - self._dropped[code] for code, count in enumerate(counts)]
        try:
            options = self._options
            order = decide_order(self._codes, options.date_order, newest, codes, options.answered_order)
        except UndecidableOrder as undecidable:
            question = undecidable.question
            raise ExportError(
                "date_order",
                _(
                    "%(_name)s: the date %(question)s, and nothing else in the file decides. Say which: "
                    "--date-order %(orders)s on import, or DATE_ORDER=%(orders)s for all files.",
                    _name=self._name,
                    question=question,
                    orders="|".join(question.orders),
                ),
                {
                    "kind": report.kind,
                    "encoding": report.encoding,
                    "delimiter": report.delimiter,
                    "rows": report.rows + report.damaged,
                    "date_order": "undecidable",
                    "date_evidence": str(question),
                },
                question,
            ) from None
        report.date_order, report.date_evidence = order.order, order.evidence
        days = [order.days[text] for text in self._codes]
        report.date_example, report.ascents, report.descents = order.example, order.ascents, order.descents
        for text, (code, number) in self._codes.items():
            if days[code] is None and self._counts[code]:
                report.undated += self._counts[code]
                self._problem(_("row %(number)s: %(text)s is not a date", number=number, text=repr(text[:40])))
        return days


def _of_each(value_of: Callable[[str], int], cells: Sequence[str]) -> Ints:
    """Return the value of each cell, of which most are alike. Shape: (cells,)."""
    values = {cell: value_of(cell) for cell in dict.fromkeys(cells)}
    return np.array([values[cell] for cell in cells], np.int32)


def _count(values: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(values))
