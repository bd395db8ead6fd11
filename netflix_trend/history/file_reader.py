"""A file that is being read: its rows, and what is decided for the file as a whole."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from netflix_trend import formats
from netflix_trend.history.activity import duration_seconds, is_autoplayed, is_supplemental, split_start
from netflix_trend.history.dates import UndecidableOrder, date_part, decide_order
from netflix_trend.history.double_encoding import repaired
from netflix_trend.history.exports import ROWS_TOGETHER, ExportError, ExportFile
from netflix_trend.history.file_rows import PLAY_COLUMNS, FileRows, Ints, ReadFile, number_of
from netflix_trend.history.household import LONGEST_NAME, ProfileQuestion, UndecidedProfiles
from netflix_trend.history.options import ReadOptions
from netflix_trend.language import _

if TYPE_CHECKING:
    from netflix_trend.history.staging import Staging

# So many rows are read before the memory is looked at again.
BLOCK = 20_000
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
        for numbers, titles, days in self._source.history_blocks(self._damaged):
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
        """Read all rows. Returns the columns of those that may count: codes of dates and titles, then seconds of the
        day, lengths, codes of profiles and devices, autoplayed.
        """
        staging, shortest, profiles = self._staging, self._options.shortest_seconds, self._profiles
        columns = [array("i") for _column in range(7)]
        for number, cells, text in self._activity_rows():
            profile, start, duration, attributes, supplemental, device = cells
            day, second = split_start(start)
            profile = profile[:LONGEST_NAME]
            one = profiles.get(profile)
            if one is None:
                may_count = self._options.keep_profile(profile)
                one = profiles[profile] = _NetflixProfile(may_count, staging.name(profile) if may_count else -1)
            one.rows += 1
            # The type column is not always filled in.
            is_extra = is_supplemental(supplemental) or staging.texts.is_supplemental(text)
            seconds = duration_seconds(duration)
            one.plays += not is_extra and second is not None and (seconds is None or seconds >= shortest)
            code = self._date_code(day, number)
            self._dates.append(code)
            if is_extra or second is None or not one.may_count:
                # Its date still counts as evidence for the order of dates.
                self._dropped[code] += 1
                self._others.append(text)
                one.supplemental += is_extra
                if second is None and not is_extra:
                    one.undated += 1
                    problem = _(
                        "row %(number)s: %(start)s is not a time such as 2024-03-02 23:50:12",
                        number=number,
                        start=repr(start[:40]),
                    )
                    one.problems += [problem] if len(one.problems) <= _NAMED_ROWS else []
                continue
            one.durations += seconds is not None
            one.unknown_durations += seconds is None
            cells_of_row = (code, text, second, -1 if seconds is None else seconds, one.code, staging.name(device))
            for column, cell in zip(columns, (*cells_of_row, is_autoplayed(attributes)), strict=True):
                column.append(cell)
            if len(columns[0]) % BLOCK == 0:
                staging.count_rows(BLOCK)
        staging.count_rows(len(columns[0]) % BLOCK)
        return [np.array(column, np.int32) for column in columns]

    def _activity_rows(self) -> Iterator[tuple[int, Sequence[str], int]]:
        """Yield of each row its number, its cells but the title, and the code of the title."""
        rows = self._source.rows(self._damaged)
        while block := list(islice(rows, ROWS_TOGETHER)):
            numbers, cells = zip(*block, strict=True)
            profiles, *others, titles, supplemental, devices = map(list, zip(*cells, strict=True))
            if self._doubled:
                profiles = [repaired(profile, self._doubled) for profile in profiles]
                titles = [self._repaired(title) for title in titles]
            texts = self._staging.texts.codes(titles, "viewing_activity")
            yield from zip(numbers, zip(profiles, *others, supplemental, devices, strict=True), texts, strict=True)

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
