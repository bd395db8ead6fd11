"""A review of a range of days, such as a year: one's own numbers, shows and films, and what was before.

Everything is counted from the tables in `viewing.duckdb` and stays on this machine. `review_words` has the sentences.
What is compared, and what is a lower bound: docs/decisions/0139-a-review-says-what-it-cannot-know.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from netflix_trend.history.insights import BINGE_EPISODES

# Nothing of a show for so many days that are known: it was left or finished. An export does not say which.
LEFT_AFTER_DAYS = 90
# A range is compared if the history begins in the first weeks of the one before: an export reaches back to its start.
_BEGINS_WITHIN_DAYS = 31
# Known only if every view has a duration.
_HOURS = "if(count(*) = count(seconds), sum(seconds) / 3600.0, null)"


@dataclass(frozen=True)
class ShowSeen:
    """A show of the range, with its episodes in it. hours: None if unknown.

    is_new: nothing of it was seen before the range, but other titles were. is_left: nothing was seen
    in `LEFT_AFTER_DAYS` known days after.
    """

    name: str
    episodes: int
    days: int
    hours: float | None
    first_day: date
    last_day: date
    is_new: bool
    is_left: bool


@dataclass(frozen=True)
class FilmSeen:
    """A film of the range. day: when it was last seen in it. is_guess: nothing tells that it is a film."""

    title: str
    day: date
    views: int
    hours: float | None
    is_guess: bool


@dataclass(frozen=True)
class Streak:
    """The longest run of days with a view, the earliest of equally long ones."""

    first_day: date
    last_day: date
    days: int


@dataclass(frozen=True)
class Binge:
    """Most episodes of one show in a day, the earliest of equal ones."""

    show: str
    day: date
    episodes: int
    hours: float | None


@dataclass(frozen=True)
class BusiestDay:
    """The day with most views, the earliest of equal ones."""

    day: date
    views: int
    hours: float | None


@dataclass(frozen=True)
class EdgeTitle:
    """The first or the last title of the range. others: how many more it may be, where only the day is known."""

    title: str
    day: date
    others: int


@dataclass(frozen=True)
class Month:
    """A month of the range, also one without views."""

    first_day: date
    views: int
    episodes: int
    films: int
    hours: float | None


@dataclass(frozen=True)
class Amount:
    """How much was watched from `first` to `last`, both included. hours: None if unknown."""

    first: date
    last: date
    views: int
    hours: float | None


@dataclass(frozen=True)
class Comparison:
    """The known part of the range, and as many days before. is_year: they are the same days of the year before."""

    now: Amount
    before: Amount
    is_year: bool

    @property
    def is_in_hours(self) -> bool:
        """Whether hours are compared, because both are known, or else views."""
        return self.now.hours is not None and self.before.hours is not None

    @property
    def ratio(self) -> float | None:
        """How many times as much as before it was; None if nothing was before."""
        now, before = (self.now.hours, self.before.hours) if self.is_in_hours else (self.now.views, self.before.views)
        return now / before if now is not None and before else None


@dataclass(frozen=True)
class Review:
    """What a history says about the days from `first` to `last`, both included.

    covered: the last day of the range that all exports cover; None if they end before the range. hours: None unless
    every view has a duration. is_lower_bound: some views come from NetflixViewingHistory.csv, which has only the last
    view of a title. weekdays: views from Monday to Sunday. day_hours: plays by the hour they began, empty if unknown.
    """

    first: date
    last: date
    covered: date | None
    views: int
    hours: float | None
    active_days: int
    titles: int
    shows: int
    episodes: int
    films: int
    top_shows: tuple[ShowSeen, ...]
    new_shows: tuple[str, ...]
    left_shows: tuple[str, ...]
    film_list: tuple[FilmSeen, ...]
    streak: Streak | None
    binge: Binge | None
    busiest: BusiestDay | None
    first_title: EdgeTitle | None
    last_title: EdgeTitle | None
    months: tuple[Month, ...]
    weekdays: tuple[int, ...]
    day_hours: tuple[int, ...]
    daily: tuple[tuple[date, int], ...]
    before: Comparison | None
    is_lower_bound: bool

    @property
    def year(self) -> int | None:
        """The year, if the range is one."""
        return self.first.year if (self.first, self.last) == year_days(self.first.year) else None

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON, days as ISO dates."""
        return {"year": self.year, **_plain(dataclasses.asdict(self))}


def year_days(year: int) -> tuple[date, date]:
    """Return the first and the last day of a year."""
    return date(year, 1, 1), date(year, 12, 31)


def days_before(first: date, last: date) -> tuple[date, date]:
    """Return the days that a range is compared with.

    Of a range that begins a year and lies in it: the same days of the year before (29 February becomes the 28th).
    Else as many days as it has, just before it. Raises OverflowError or ValueError before the year 1.
    """
    if begins_year(first, last):
        day = 28 if (last.month, last.day) == (2, 29) else last.day
        return date(first.year - 1, 1, 1), date(last.year - 1, last.month, day)
    return first - timedelta(days=(last - first).days + 1), first - timedelta(days=1)


def begins_year(first: date, last: date) -> bool:
    """Return whether a range begins with a year and ends in it."""
    return (first.month, first.day) == (1, 1) and first.year == last.year


def review(database: duckdb.DuckDBPyConnection, first: date, last: date) -> Review:
    """Return the review of the days from `first` to `last`.

    database: from `insights.open_profiles`, with all days of the profiles that count: what is new, and what was before,
    is known only from days outside the range. Raises ValueError if `first` is after `last`.
    """
    if first > last:
        raise ValueError(f"{first} is after {last}")
    # Joined once for all queries. Parameters would keep DuckDB from reading only these days.
    database.execute(
        f"""create or replace temp table range_seen as
            select day, title, kind, certainty, show_key, show_name, seconds, profile from seen
            where day between date '{first}' and date '{last}'"""
    )
    ((begins, covered),) = database.execute(
        "select (select min(day) from seen), (select min(covered_through) from coverage)"
    ).fetchall()
    until = last if covered is None else min(last, covered)
    has_before = begins is not None and begins < first
    shows = _shows(database, covered or last, has_before=has_before)
    return Review(
        first=first,
        last=last,
        covered=until if until >= first else None,
        **_totals(database),
        top_shows=tuple(shows[:5]),
        new_shows=tuple(one.name for one in shows if one.is_new),
        left_shows=tuple(one.name for one in shows if one.is_left),
        film_list=_films(database),
        streak=_streak(database),
        binge=_binge(database),
        busiest=_busiest(database),
        first_title=_edge(database, "asc"),
        last_title=_edge(database, "desc"),
        months=_months(database, first, last),
        weekdays=_weekdays(database),
        day_hours=_day_hours(database, first, last),
        daily=tuple(database.execute("select day, count(*) from range_seen group by day order by day").fetchall()),
        before=_comparison(database, first, until, begins) if until >= first else None,
    )


def _totals(database: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    row = database.execute(
        f"""select count(*), {_HOURS}, count(distinct day), count(distinct title) filter (trim(title, ': ') <> ''),
                   count(distinct show_key) filter (kind = 'episode'), count(*) filter (kind = 'episode'),
                   count(distinct title) filter (kind = 'film'), coalesce(bool_or(profile is null), false)
            from range_seen"""
    ).fetchall()[0]
    names = ("views", "hours", "active_days", "titles", "shows", "episodes", "films", "is_lower_bound")
    return dict(zip(names, row, strict=True))


def _shows(database: duckdb.DuckDBPyConnection, known_until: date, *, has_before: bool) -> list[ShowSeen]:
    """Return all shows of the range, with most episodes first."""
    rows = database.execute(
        f"""with ends as (select show_key, min(day) as first_ever, max(day) as last_ever from seen
                          where kind = 'episode' and show_key in (select show_key from range_seen) group by show_key)
            select min(show_name), count(*), count(distinct day), {_HOURS}, min(day), max(day),
                   any_value(first_ever) >= min(day), any_value(last_ever) <= max(day)
            from range_seen join ends using (show_key) where kind = 'episode' group by show_key order by 2 desc, 1"""
    ).fetchall()
    shows = []
    for name, episodes, days, hours, first_day, last_day, is_first, is_over in rows:
        is_left = is_over and (known_until - last_day).days >= LEFT_AFTER_DAYS
        is_new = has_before and is_first
        shows.append(ShowSeen(name, episodes, days, hours, first_day, last_day, is_new, is_left))
    return shows


def _films(database: duckdb.DuckDBPyConnection) -> tuple[FilmSeen, ...]:
    rows = database.execute(
        f"""select title, max(day), count(*), {_HOURS}, bool_and(certainty = 'guess') from range_seen
            where kind = 'film' group by title order by 2 desc, 1"""
    ).fetchall()
    return tuple(FilmSeen(*row) for row in rows)


def _streak(database: duckdb.DuckDBPyConnection) -> Streak | None:
    row = database.execute(
        """select min(day), max(day), count(*) as days from
               (select day, day - (row_number() over (order by day))::integer as run
                from (select distinct day from range_seen))
           group by run order by days desc, 1 limit 1"""
    ).fetchone()
    return Streak(*row) if row else None


def _binge(database: duckdb.DuckDBPyConnection) -> Binge | None:
    row = database.execute(
        f"""select min(show_name), day, count(*), {_HOURS} from range_seen where kind = 'episode' group by day, show_key
            having count(*) >= {int(BINGE_EPISODES)} order by 3 desc, 2, 1 limit 1"""
    ).fetchone()
    return Binge(*row) if row else None


def _busiest(database: duckdb.DuckDBPyConnection) -> BusiestDay | None:
    row = database.execute(
        f"select day, count(*), {_HOURS} from range_seen group by day order by 2 desc, 1 limit 1"
    ).fetchone()
    return BusiestDay(*row) if row else None


def _edge(database: duckdb.DuckDBPyConnection, order: str) -> EdgeTitle | None:
    """Return the first title ("asc") or the last one ("desc"): of its day the one whose time says it, if times do."""
    titled = database.execute(
        f"select day from range_seen where trim(title, ': ') <> '' order by day {order} limit 1"
    ).fetchone()
    if titled is None:
        return None
    titles = database.execute(
        "select distinct title, profile is null from range_seen where day = ? and trim(title, ': ') <> ''",
        list(titled),
    ).fetchall()
    if not any(is_timeless for _, is_timeless in titles):
        played = database.execute(
            f"""select title from played where start::date = ? and title in (select title from range_seen where day = ?)
                order by start {order}, title limit 1""",
            [*titled, *titled],
        ).fetchone()
        if played:
            return EdgeTitle(played[0], titled[0], 0)
    names = sorted({title for title, _ in titles})
    return EdgeTitle(names[0], titled[0], len(names) - 1)


def _months(database: duckdb.DuckDBPyConnection, first: date, last: date) -> tuple[Month, ...]:
    rows = database.execute(
        f"""select date_trunc('month', day)::date, count(*), count(*) filter (kind = 'episode'),
                   count(*) filter (kind = 'film'), {_HOURS} from range_seen group by 1"""
    ).fetchall()
    found = {row[0]: Month(*row) for row in rows}
    # Of a long range only the months from the first view to the last: a range may begin in the year 1.
    begin, end = (first, last) if (last - first).days <= 366 or not found else (min(found), max(found))
    return tuple(found.get(month) or Month(month, 0, 0, 0, None) for month in _month_starts(begin, end))


def _month_starts(first: date, last: date) -> Iterator[date]:
    for number in range(12 * first.year + first.month - 1, 12 * last.year + last.month):
        yield date(number // 12, number % 12 + 1, 1)


def _weekdays(database: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    found = dict(database.execute("select isodow(day), count(*) from range_seen group by 1").fetchall())
    return tuple(found.get(weekday, 0) for weekday in range(1, 8))


def _day_hours(database: duckdb.DuckDBPyConnection, first: date, last: date) -> tuple[int, ...]:
    found = dict(
        database.execute(
            "select hour(start), count(*) from played where start::date between ? and ? group by 1", [first, last]
        ).fetchall()
    )
    return tuple(found.get(hour, 0) for hour in range(24)) if found else ()


def _comparison(
    database: duckdb.DuckDBPyConnection, first: date, until: date, begins: date | None
) -> Comparison | None:
    try:
        before, end = days_before(first, until)
    except (OverflowError, ValueError):
        return None
    if begins is None or (begins - before).days > _BEGINS_WITHIN_DAYS:
        return None

    def amount(from_day: date, to_day: date) -> Amount:
        row = database.execute(
            f"select count(*), {_HOURS} from seen where day between date '{from_day}' and date '{to_day}'"
        ).fetchall()[0]
        return Amount(from_day, to_day, *row)

    return Comparison(amount(first, until), amount(before, end), begins_year(first, until))


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
