"""The import report of an export: what was read, what was dropped and why. `import`, `read` and the demo print it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from netflix_trend.history.code_pages import PAGES
from netflix_trend.history.file_rows import ReadFile, day_of
from netflix_trend.history.staging import Staging
from netflix_trend.language import _, ngettext
from netflix_trend.plain_text import counted

# In Netflix's exports of 50 rows or more, 37 to 98 % of rows have a season or episode word; elsewhere 0.8 %.
_LOOK_ALIKE_ROWS = 50
_LOOK_ALIKE_SHARE = 0.1

_COUNTS = """
select file, t.kind::varchar, t.certainty::varchar, e.title_id is not null, count(*), min(d.day), max(d.day),
       sum(seconds)
from dated d join titles t using (title_id) left join excluded e on e.title_id = d.title_id and e.day = d.day
group by all
"""
_SHOWS = """
select file, min(show_name) from (
    select distinct file, show_code from dated d join titles t using (title_id)
    where t.kind = 'episode' and not exists (
        select 1 from excluded e where e.title_id = d.title_id and e.day = d.day))
join show_names using (show_code) group by file, name_key
"""


@dataclass(frozen=True)
class ImportReport:
    """The content of one file. Every row is a view, undated, excluded by the person, or (ViewingActivity.csv only)
    supplemental or of another Netflix profile. `kinds` counts the views by kind; unsure counts those among them whose
    kind is a guess.
    """

    file: ReadFile
    kinds: Counter[str]
    unsure: int
    certain_episodes: int
    first_day: date | None
    last_day: date | None
    hours: float | None
    shows: tuple[str, ...]
    excluded: int = 0

    @property
    def views(self) -> int:
        """Rows with a usable date that are views of the wanted profiles."""
        return self.kinds.total()

    @property
    def counted(self) -> int:
        """Views that are not supplemental."""
        return self.views - self.kinds["supplemental"]

    @property
    def supplemental(self) -> int:
        """Trailers, recaps and the like."""
        return self.file.supplemental + self.kinds["supplemental"]

    @property
    def warnings(self) -> list[str]:
        """Warnings about the file, in sentences."""
        file, found = self.file, list(self.file.problems)
        if not file.rows:
            found.append(_("the file has a header and no rows"))
        if not file.is_encoding_sure:
            found.append(
                _(
                    "the file is not UTF-8; it was read as %(PAGES)s (%(encoding)s), and some letters may be "
                    "wrong: save it as UTF-8",
                    PAGES=PAGES[file.encoding],
                    encoding=file.encoding,
                )
            )
        if file.in_future:
            found.append(
                ngettext(
                    "%(num)s row of days after the file was made: check the dates",
                    "%(num)s rows of days after the file was made: check the dates",
                    file.in_future,
                )
            )
        if file.repaired:
            found.append(
                ngettext(
                    "letters of %(num)s row were saved wrongly by another program and are repaired",
                    "letters of %(num)s rows were saved wrongly by another program and are repaired",
                    file.repaired,
                )
            )
        if file.kind == "viewing_history" and file.ascents:
            found.append(
                ngettext(
                    "the rows are not sorted newest first (%(num)s break): several exports in one file, or a "
                    "file that was changed",
                    "the rows are not sorted newest first (%(num)s breaks): several exports in one file, or a "
                    "file that was changed",
                    file.ascents,
                )
                if file.descents
                else _(
                    "the rows are sorted oldest first, and Netflix's newest first: another program has saved the file"
                )
            )
        told = self.certain_episodes
        if self.views >= _LOOK_ALIKE_ROWS and told < _LOOK_ALIKE_SHARE * self.views:
            found.append(
                _(
                    "only %(told)s of %(views)s titles look like Netflix's: is this an export of another service?",
                    told=told,
                    views=self.views,
                )
            )
        if file.too_short:
            found.append(
                ngettext(
                    "%(num)s view shorter than %(shortest_seconds)s s will not count",
                    "%(num)s views shorter than %(shortest_seconds)s s will not count",
                    file.too_short,
                    shortest_seconds=file.shortest_seconds,
                )
            )
        if file.unknown_durations:
            rest = (
                ngettext("the hours are those of %(num)s view", "the hours are those of %(num)s views", file.durations)
                if file.durations
                else _("hours are unknown")
            )
            found.append(
                ngettext(
                    "%(num)s duration could not be read: %(rest)s, and among those rows plays shorter than "
                    "%(shortest_seconds)s s could not be left out",
                    "%(num)s durations could not be read: %(rest)s, and among those rows plays shorter than "
                    "%(shortest_seconds)s s could not be left out",
                    file.unknown_durations,
                    rest=rest,
                    shortest_seconds=file.shortest_seconds,
                )
            )
        if file.dropped_profiles:
            found.append(
                ngettext(
                    "%(num)s row of other Netflix profiles will not count",
                    "%(num)s rows of other Netflix profiles will not count",
                    file.dropped_profiles,
                )
            )
        return found

    def to_json(self, name: str) -> dict[str, Any]:
        """Return the report as `./run.sh read --json` prints it."""
        file = self.file
        return {
            "file": name,
            "kind": file.kind,
            "encoding": file.encoding,
            "delimiter": file.delimiter,
            "rows": file.rows,
            "views": self.views,
            "blank": self.kinds["blank"],
            "undated": file.undated,
            "supplemental": self.supplemental,
            "unsure": self.unsure,
            "date_order": file.date_order,
            "date_evidence": file.date_evidence,
            "first_day": self.first_day.isoformat() if self.first_day else None,
            "last_day": self.last_day.isoformat() if self.last_day else None,
            "episodes": self.kinds["episode"],
            "films": self.kinds["film"],
            "shows": list(self.shows),
            "profiles": file.profiles,
            "hours": self.hours,
            "warnings": self.warnings,
            "error": None,
        }

    def dropped(self) -> str:
        """Return a line about dropped and uncertain rows."""
        file = self.file
        unnamed, blank = self.kinds["unnamed"], self.kinds["blank"]
        without_show = counted(unnamed, "episode without a show", "episodes without a show")
        parts = (
            (self.excluded, f"{self.excluded:,} excluded by you"),
            (file.damaged, f"{file.damaged:,} damaged"),
            (file.undated - file.damaged, f"{file.undated - file.damaged:,} without a date"),
            (self.supplemental, f"{counted(self.supplemental, 'trailer or recap', 'trailers and recaps')} (dropped)"),
            (file.too_short, f"{file.too_short:,} shorter than {file.shortest_seconds} s (dropped)"),
            (file.dropped_profiles, f"{file.dropped_profiles:,} of other Netflix profiles (dropped)"),
            (
                blank,
                f"{counted(blank, 'blank title')} (kept as unknown)",
            ),
            (unnamed, f"{without_show} (kept as unknown)"),
            (
                self.unsure - unnamed,
                f"{self.unsure - unnamed:,} unsure whether episode or film (counted as the likelier)",
            ),
        )
        return ", ".join(said for count, said in parts if count) or "every row was used"


@dataclass
class _Counts:
    """What the rows of one file are."""

    kinds: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    certain_episodes: int = 0
    days: list[int] = field(default_factory=list)
    seconds: int = 0
    excluded: int = 0
    shows: list[str] = field(default_factory=list)


def import_reports(staging: Staging, files: Mapping[int, ReadFile]) -> dict[int, ImportReport]:
    """Return the reports of files in `staging`, by their numbers there, once the titles are decided."""
    found = {number: _Counts() for number in files}
    for number, kind, certainty, is_excluded, count, first, last, played in staging.database.execute(
        _COUNTS
    ).fetchall():
        one = found.get(number, _Counts())
        if is_excluded:
            one.excluded += count
            continue
        one.kinds[kind] += count
        one.unsure += count if certainty == "guess" or kind == "unnamed" else 0
        one.certain_episodes += count if kind == "episode" and certainty == "certain" else 0
        one.days += [first, last]
        one.seconds += int(played or 0)
    for number, show in staging.database.execute(_SHOWS).fetchall():
        found.get(number, _Counts()).shows.append(show)
    return {number: _report(files[number], one) for number, one in found.items()}


def import_report(staging: Staging, number: int, file: ReadFile) -> ImportReport:
    """Return the report of one file."""
    return import_reports(staging, {number: file})[number]


def _report(file: ReadFile, counts: _Counts) -> ImportReport:
    return ImportReport(
        file=file,
        kinds=counts.kinds,
        unsure=counts.unsure,
        certain_episodes=counts.certain_episodes,
        first_day=day_of(min(counts.days)) if counts.days else None,
        last_day=day_of(max(counts.days)) if counts.days else None,
        hours=_hours(file, counts.seconds),
        excluded=counts.excluded,
        shows=tuple(sorted(counts.shows)),
    )


def _hours(file: ReadFile, seconds: int) -> float | None:
    """Return the hours of a ViewingActivity.csv; None if they are unknown."""
    if file.kind != "viewing_activity" or (file.unknown_durations and not file.durations):
        return None
    return round(seconds / 3600, 4)
