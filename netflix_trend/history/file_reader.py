"""A file that is being read into the tables of `staging`: its rows, and what is decided for the file as a whole."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from netflix_trend import formats
from netflix_trend.catalogue.keys import title_key
from netflix_trend.history.activity import duration_seconds, is_autoplayed, is_supplemental, local_offsets, split_start
from netflix_trend.history.dates import UndecidableOrder, date_part, decide_order
from netflix_trend.history.double_encoding import repaired
from netflix_trend.history.exports import ExportError, ExportFile, ExportKind
from netflix_trend.history.household import LONGEST_NAME, ProfileQuestion, UndecidedProfiles
from netflix_trend.history.options import ReadOptions
from netflix_trend.language import _

if TYPE_CHECKING:
    from netflix_trend.history.staging import Staging

# So many parsed titles are remembered.
_TITLES = 20_000
# How many bad rows a report names; the others are counted.
_NAMED_ROWS = 5


@dataclass
class ReadFile:
    """The content of a single file. Rows without a usable date, including damaged ones, are undated.

    dropped_profiles: number of rows of unwanted Netflix profiles. profiles: those that count. netflix_rows: number of
    rows of every Netflix profile; played: those with plays that count as views. in_future: rows of days after the file
    was made. repaired: rows whose letters another program had saved wrongly. durations: views with one;
    unknown_durations: views whose duration cannot be read.
    """

    kind: ExportKind
    encoding: str
    delimiter: str
    is_encoding_sure: bool = True
    rows: int = 0
    damaged: int = 0
    undated: int = 0
    supplemental: int = 0
    too_short: int = 0
    shortest_seconds: int = 0
    dropped_profiles: int = 0
    date_order: str = ""
    date_evidence: str = ""
    date_example: str = ""
    ascents: int = 0
    descents: int = 0
    in_future: int = 0
    repaired: int = 0
    unknown_durations: int = 0
    durations: int = 0
    profiles: list[str] = field(default_factory=list)
    netflix_rows: dict[str, int] = field(default_factory=dict)
    played: frozenset[str] = frozenset()
    problems: list[str] = field(default_factory=list)


@dataclass
class _NetflixProfile:
    """Rows of a Netflix profile in a file. may_count: whether they are kept until it is decided which count."""

    may_count: bool
    rows: int = 0
    plays: int = 0
    supplemental: int = 0
    undated: int = 0
    durations: int = 0
    unknown_durations: int = 0
    problems: list[str] = field(default_factory=list)


class FileReader:
    """A file that is being read into the tables."""

    _HISTORY = ("file", "date_code", "key", "title", "kind", "show_code", "season_code", "certainty")
    _ACTIVITY = (*_HISTORY, "profile", "second", "seconds", "device", "autoplayed")

    def __init__(self, staging: Staging, file: int, source: ExportFile, name: str, options: ReadOptions) -> None:
        self._staging, self._file, self._source, self._name, self._options = staging, file, source, name, options
        encoding = source.encoding
        self._report = ReadFile(source.kind, encoding.name, source.delimiter, is_encoding_sure=encoding.is_sure)
        self._doubled = encoding.doubled
        self._titles: dict[str, tuple] = {}  # type: ignore[type-arg]
        # Text of a date, its code and the number of the first row that has it.
        self._codes: dict[str, tuple[int, int]] = {}
        # The code of every row's date, in the order of the rows, also of rows that do not count.
        self._dates = array("i")
        # How many rows that count have each date.
        self._counts: list[int] = []
        self._dropped: Counter[int] = Counter()
        self._profiles: dict[str, _NetflixProfile] = {}

    def read(self, newest: date | None, latest: date | None) -> ReadFile:
        """Read all rows, decide the order of the dates, and return the file's content."""
        self._report.shortest_seconds = self._options.shortest_seconds
        report, is_activity = self._report, self._source.kind == "viewing_activity"
        columns = self._ACTIVITY if is_activity else self._HISTORY
        rows = self._activity_rows() if is_activity else self._history_rows()
        self._staging.insert("staged", columns, rows)
        unwanted = self._decide_profiles() if is_activity else Counter[int]()
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
        self._insert_days(days)
        short = "select count(*) from staged where file = ? and seconds < ?"
        values = [self._file, self._options.shortest_seconds]
        ((report.too_short,),) = self._staging.database.execute(short, values).fetchall()
        return report

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

    def _insert_days(self, days: Sequence[date | None]) -> None:
        """Store the day of every date code, and delete rows without one."""
        has_times, zone = self._source.kind == "viewing_activity", self._options.zone
        offsets = [local_offsets(day, zone) if day and has_times else (0, 86_400, 0) for day in days]
        self._staging.insert(
            "days",
            ("file", "date_code", "day", "offset_before", "change", "offset_after"),
            ((self._file, code, day, *offset) for code, (day, offset) in enumerate(zip(days, offsets, strict=True))),
        )
        if None in days:
            self._staging.database.execute(
                """delete from staged where file = ? and date_code not in
                   (select date_code from days where file = ? and day is not null)""",
                [self._file, self._file],
            )

    def _history_rows(self) -> Iterator[tuple]:  # type: ignore[type-arg]
        for number, (title, day) in self._source.rows(self._damaged):
            right = self._repaired(title) if self._doubled else title
            yield self._file, self._date_code(day, number), *self._title(right)

    def _activity_rows(self) -> Iterator[tuple]:  # type: ignore[type-arg]
        shortest, profiles = self._options.shortest_seconds, self._profiles
        for number, cells in self._source.rows(self._damaged):
            profile, start, duration, attributes, title, supplemental, device = cells
            if self._doubled:
                profile, title = repaired(profile, self._doubled), self._repaired(title)
            day, second = split_start(start)
            profile = profile[:LONGEST_NAME]
            one = profiles.get(profile)
            if one is None:
                one = profiles[profile] = _NetflixProfile(self._options.keep_profile(profile))
            one.rows += 1
            columns = self._title(title)
            # The type column is not always filled in.
            is_extra = is_supplemental(supplemental) or columns[2] == "supplemental"
            seconds = duration_seconds(duration)
            one.plays += not is_extra and second is not None and (seconds is None or seconds >= shortest)
            if is_extra or second is None or not one.may_count:
                self._drop(day, number)
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
            code = self._date_code(day, number)
            yield self._file, code, *columns, profile, second, seconds, device, is_autoplayed(attributes)

    def _decide_profiles(self) -> Counter[int]:
        """Decide which Netflix profiles count, and delete the rows of the others.

        Returns the number of deleted rows by date code. Raises ExportError if the person has to say which.
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
            return Counter()
        found = "select date_code, count(*) from staged where file = ? and profile in (select unnest(?)) group by 1"
        values = [self._file, unwanted]
        counts = Counter(dict(self._staging.database.execute(found, values).fetchall()))
        self._staging.database.execute("delete from staged where file = ? and profile in (select unnest(?))", values)
        return counts

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

    def _drop(self, text: str, number: int) -> None:
        """Skip a row; its date still counts as evidence for the order of dates."""
        self._dropped[self._date_code(text, number)] += 1

    def _date_code(self, text: str, number: int) -> int:
        self._report.rows += 1
        known = self._codes.get(text)
        if known is None:
            # Text after the date differs from row to row if a program added the time.
            text = date_part(text)
            known = self._codes.get(text)
        if known is None:
            known = self._codes[text] = (len(self._codes), number)
        self._dates.append(known[0])
        return known[0]

    def _repaired(self, title: str) -> str:
        right = repaired(title, self._doubled)
        self._report.repaired += right != title
        return right

    def _title(self, title: str) -> tuple:  # type: ignore[type-arg]
        known = self._titles.get(title)
        if known is None:
            if len(self._titles) >= _TITLES:
                self._titles.clear()
            parsed = self._staging.parse(title, self._source.kind)
            known = self._titles[title] = (title_key(title), title, *self._staging.codes(parsed))
        return known

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
