"""What a history says, counted by hand and by plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import duckdb
import pytest
from numpy.random import Generator, default_rng

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.insights import (
    INSIGHTS,
    Cell,
    InsightTable,
    all_insights,
    binges,
    by_month,
    open_profiles,
    streaks,
    top_shows,
    whole_insight,
)
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawStore
from netflix_trend.history.tables import rebuild
from netflix_trend.layout import DATABASE, PrivateVolume
from tests.netflix_trend.history.invented import history

VOCABULARY = starter_vocabulary()
BERLIN = ZoneInfo("Europe/Berlin")
RECEIVED = date(2026, 1, 15)
HEADER = (
    "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark,"
    "Latest Bookmark,Country"
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ACTIVITY_TABLES = ("hours", "by_hour", "devices", "autoplay")


@dataclass(frozen=True)
class Play:
    """A row of ViewingActivity.csv; start in UTC."""

    start: datetime
    title: str
    seconds: int | None = 1_800
    device: str = "TV One"
    autoplayed: bool = False

    def line(self) -> str:
        """Return the row."""
        took = "never" if self.seconds is None else str(timedelta(seconds=self.seconds)).rjust(8, "0")
        why = "Autoplayed: user action: None; " if self.autoplayed else ""
        return f'Ann,{self.start:%Y-%m-%d %H:%M:%S},{took},{why},"{self.title}",,{self.device},{took},{took},DE'


@dataclass
class Seen:
    """A view as plain Python counts it."""

    day: date
    title: str
    seconds: int | None = None
    kind: str = field(init=False)
    show: str | None = field(init=False)

    def __post_init__(self) -> None:
        """Read the made-up titles of these tests."""
        self.show = self.title.split(":")[0] if ": Season " in self.title else None
        self.kind = "episode" if self.show else "film" if self.title.strip(": ") else "unknown"


def history_csv(rows: Iterable[tuple[str, date]]) -> bytes:
    return history(*rows)


def activity_csv(plays: Iterable[Play]) -> bytes:
    return "\n".join([HEADER, *(play.line() for play in plays), ""]).encode()


def imported(private: Path, *exports: bytes, profile: str = "me", received: date = RECEIVED) -> None:
    for number, data in enumerate(exports):
        delivery = Delivery(profile=profile, source="test", name=f"{number}.csv", received=received)
        RawStore(private).save(delivery, [data])
    rebuild(private, profile, VOCABULARY, ReadOptions(zone=BERLIN))


def tables(private: Path) -> dict[str, InsightTable]:
    with open_profiles(private) as database:
        return {table.name: table for table in all_insights(database)}


def rows(private: Path, name: str) -> tuple[tuple[Cell, ...], ...]:
    return tables(private)[name].rows


def days(text: str) -> list[date]:
    return [date.fromisoformat(day) for day in text.split()]


# A small history, counted by hand

SMALL = [
    ("Nobody Farm: Season 1: A", "2024-02-28"),
    ("Nobody Farm: Season 1: B", "2024-02-29"),
    ("Nobody Farm: Season 1: C", "2024-02-29"),
    ("Nobody Farm: Season 2: A", "2024-02-29"),
    ("Nobody Farm: Season 2: B", "2024-02-29"),
    ("Ozark: Season 1: A", "2024-02-29"),
    ("Invented Film", "2024-03-02"),
    ("", "2024-03-02"),
    ("Nobody Farm: Season 2 (Trailer)", "2024-03-02"),
    ("Ozark: Season 1: B", "2025-01-01"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InsightTable]:
    private = tmp_path_factory.mktemp("small")
    imported(private, history_csv((title, date.fromisoformat(day)) for title, day in SMALL))
    return tables(private)


def test_years_and_months_are_counted(small):
    assert small["by_year"].columns == ("year", "views", "episodes", "films", "hours")
    assert small["by_year"].rows == (("2024", 8, 6, 1, None), ("2025", 1, 1, 0, None))
    assert small["by_month"].rows == (
        ("2024-02", 6, 6, 0, None),
        ("2024-03", 2, 0, 1, None),
        *((f"2024-{month:02}", 0, 0, 0, None) for month in range(4, 13)),
        ("2025-01", 1, 1, 0, None),
    )


def test_weekdays_are_counted_and_averaged_over_all_such_days(small):
    # From Wednesday 2024-02-28 to Wednesday 2025-01-01 there are 45 Wednesdays and 44 of each other day.
    assert small["by_weekday"].rows == (
        ("Monday", 0, 0.0),
        ("Tuesday", 0, 0.0),
        ("Wednesday", 2, pytest.approx(2 / 45)),
        ("Thursday", 5, pytest.approx(5 / 44)),
        ("Friday", 0, 0.0),
        ("Saturday", 2, pytest.approx(2 / 44)),
        ("Sunday", 0, 0.0),
    )


def test_the_weekend_has_its_share(small):
    assert small["weekend_share"].rows == ((2, 9, pytest.approx(2 / 9)),)


def test_the_calendar_has_the_days_with_a_view(small):
    first, leap, film, last = days("2024-02-28 2024-02-29 2024-03-02 2025-01-01")
    assert small["calendar"].rows == ((first, 1), (leap, 5), (film, 2), (last, 1))


def test_shows_are_counted_with_their_first_and_last_day(small):
    first, leap, last = days("2024-02-28 2024-02-29 2025-01-01")
    assert small["top_shows"].rows == (
        ("Nobody Farm", 5, 2, first, leap, None),
        ("Ozark", 2, 2, leap, last, None),
    )


def test_films_and_series_are_counted_and_trailers_are_not(small):
    assert small["films_and_series"].rows == (
        ("episode", 7, pytest.approx(7 / 9), 0, None),
        ("film", 1, pytest.approx(1 / 9), 0, None),
        ("unknown", 1, pytest.approx(1 / 9), 0, None),
    )


def test_four_episodes_of_a_show_in_a_day_are_a_binge(small):
    assert small["binges"].rows == ((date(2024, 2, 29), "Nobody Farm", 4, None),)
    assert small["binges"].note == "Seen once: 4 or more episodes of one show in a day."


def test_runs_of_days_with_and_without_a_view(small):
    first, leap, between, film, after, eve, last = days(
        "2024-02-28 2024-02-29 2024-03-01 2024-03-02 2024-03-03 2024-12-31 2025-01-01"
    )
    assert small["streaks"].rows == (
        ("watching", first, leap, 2),
        ("watching", film, film, 1),
        ("watching", last, last, 1),
        ("not watching", after, eve, 304),
        ("not watching", between, between, 1),
    )


@pytest.mark.parametrize("name", ACTIVITY_TABLES)
def test_a_viewing_history_has_no_hours_and_says_what_to_import(small, name):
    assert small[name].rows == ()
    assert small[name].note == "Only ViewingActivity.csv has this. Import the account archive to see it."


@pytest.mark.parametrize("name", ["by_year", "by_month", "top_shows"])
def test_tables_over_time_warn_of_what_a_viewing_history_leaves_out(small, name):
    assert small[name].note.startswith("NetflixViewingHistory.csv keeps only the last view of a title")


@pytest.mark.parametrize("name", ["by_year", "by_month", "top_shows"])
def test_an_account_archive_has_every_view_and_no_such_warning(tmp_path, name):
    play = Play(datetime(2024, 1, 1, 20, tzinfo=UTC), "Ozark: Season 1: A (Episode 1)", seconds=None)
    imported(tmp_path, activity_csv([play]))
    assert tables(tmp_path)[name].note == ""

    # One row of the short file is enough, and only where it is among the rows.
    imported(tmp_path, history_csv([("Roma", date(2023, 5, 1))]))
    assert "lower bounds" in tables(tmp_path)[name].note
    with open_profiles(tmp_path, date(2024, 1, 1)) as database:
        assert {table.name: table.note for table in all_insights(database)}[name] == ""


def test_films_are_named_the_last_seen_first(tmp_path):
    watched = [("Roma", date(2024, 1, 5)), ("Bird Box", date(2024, 2, 1)), ("Dark: Season 1: A", date(2024, 3, 1))]
    imported(tmp_path, history_csv(watched), history_csv([("ROMA", date(2024, 2, 1))]))

    assert rows(tmp_path, "films") == (
        ("Bird Box", 1, date(2024, 2, 1), date(2024, 2, 1), None),
        ("ROMA", 2, date(2024, 1, 5), date(2024, 2, 1), None),
    )


def test_a_whole_table_has_the_rows_that_a_page_leaves_out(tmp_path):
    imported(tmp_path, history_csv([(f"Film {number}", date(2024, 1, 1)) for number in range(30)]))

    assert len(rows(tmp_path, "films")) == 20
    with open_profiles(tmp_path) as database:
        assert len(whole_insight(database, "films").rows) == 30
        for table in all_insights(database):
            whole = whole_insight(database, table.name)
            assert (whole.name, whole.columns) == (table.name, table.columns)
            assert whole.rows[: len(table.rows)] == table.rows
        with pytest.raises(KeyError):
            whole_insight(database, "no such table")


def test_titles_without_evidence_are_marked_as_guesses(tmp_path):
    imported(tmp_path, history_csv([("Invented: Part of it", date(2024, 1, 1)), ("Roma", date(2024, 1, 1))]))

    assert rows(tmp_path, "films_and_series") == (("film", 2, 1.0, 1, None),)


def test_an_episode_without_its_show_is_unknown(tmp_path):
    imported(tmp_path, history_csv([(": Episode 3", date(2024, 1, 1)), ("", date(2024, 1, 1))]))

    assert rows(tmp_path, "films_and_series") == (("unknown", 2, 1.0, 0, None),)
    assert rows(tmp_path, "by_year") == (("2024", 2, 0, 0, None),)
    assert rows(tmp_path, "top_shows") == ()


def test_every_blank_title_of_a_day_is_a_view(tmp_path):
    imported(tmp_path, history_csv([("", date(2024, 1, 1))] * 3))

    assert rows(tmp_path, "calendar") == ((date(2024, 1, 1), 3),)


def test_binges_are_counted_from_the_number_asked_for_and_cut_after_the_note(tmp_path):
    first = date(2024, 1, 1)
    imported(
        tmp_path,
        history_csv(
            (f"Nobody Farm: Season {day}: E{number}", first + timedelta(days=2 * day))
            for day in range(25)
            for number in range(3 + day % 3)
        ),
    )
    with open_profiles(tmp_path) as database:
        three, four = binges(database, episodes=3, max_rows=4), binges(database)

    assert [row[:3] for row in three.rows] == [
        (first + timedelta(days=2 * day), "Nobody Farm", 5) for day in (23, 20, 17, 14)
    ]
    assert three.note == "Seen 25 times: 3 or more episodes of one show in a day."
    assert [row[2] for row in four.rows] == [5] * 8 + [4] * 8
    assert four.note == "Seen 16 times: 4 or more episodes of one show in a day."


def test_two_binges_on_one_day_are_one_day(tmp_path):
    episodes = [f"{show}: Season 1: E{number}" for show in ("Nobody Farm", "Ozark") for number in range(4)]
    imported(tmp_path, history_csv((title, date(2024, 1, 1)) for title in episodes))
    table = tables(tmp_path)["binges"]

    assert [row[1] for row in table.rows] == ["Nobody Farm", "Ozark"]
    assert table.note.startswith("Seen 2 times")


def test_lists_are_cut_to_the_length_asked_for(tmp_path):
    imported(
        tmp_path,
        history_csv((f"Invented {n:02}: Season 1: A", date(2024, 1, 1) + timedelta(days=n * 3)) for n in range(30)),
    )
    with open_profiles(tmp_path) as database:
        assert [row[0] for row in top_shows(database, 3).rows] == ["Invented 00", "Invented 01", "Invented 02"]
        assert len(top_shows(database).rows) == 20
        assert [row[0] for row in streaks(database, 2).rows] == ["watching"] * 2 + ["not watching"] * 2
        assert len(streaks(database).rows) == 10


def test_a_history_of_one_day_has_no_gap(tmp_path):
    imported(tmp_path, history_csv([("Roma", date(2024, 2, 29))]))
    leap = date(2024, 2, 29)

    assert rows(tmp_path, "streaks") == (("watching", leap, leap, 1),)
    assert rows(tmp_path, "by_weekday") == (("Thursday", 1, 1.0),)
    assert rows(tmp_path, "weekend_share") == ((0, 1, 0.0),)


# ViewingActivity.csv, counted by hand

PLAYED = [
    # The night in which clocks in Berlin go from 2 to 3.
    Play(datetime(2024, 3, 30, 23, 50, 12, tzinfo=UTC), "Nobody Farm: Season 1: A (Episode 1)", 1_800, "TV One", True),
    Play(datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC), "Nobody Farm: Season 1: B (Episode 2)", 1_800, "TV One"),
    Play(datetime(2024, 3, 31, 1, 0, 0, tzinfo=UTC), "Nobody Farm: Season 1: B (Episode 2)", 900, "", True),
    Play(datetime(2024, 3, 31, 22, 30, 0, tzinfo=UTC), "Roma", 7_200, "Phone"),
    Play(datetime(2024, 4, 1, 10, 0, 0, tzinfo=UTC), "Roma", 59, "Phone"),
    Play(datetime(2024, 12, 31, 23, 30, 0, tzinfo=UTC), "Roma", 3_600, "Phone"),
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InsightTable]:
    private = tmp_path_factory.mktemp("played")
    imported(private, activity_csv(PLAYED))
    return tables(private)


def test_hours_of_the_day_are_those_of_the_clock_on_the_wall(played):
    assert played["by_hour"].rows == ((0, 3, 3.5), (1, 1, 0.5), (3, 1, 0.25))


def test_hours_are_counted_by_local_years_and_averaged_over_their_weeks(played):
    # From 31 March to 1 April; and a single day, which counts as a week.
    assert played["hours"].rows == (("2024", 4, 3.25, 3.25), ("2025", 1, 1.0, 1.0))
    assert played["by_year"].rows == (("2024", 3, 2, 1, 3.25), ("2025", 1, 0, 1, 1.0))


def test_a_mean_week_is_seven_days_of_the_time_between_the_first_and_last_play(tmp_path):
    noon = datetime(2024, 6, 1, 10, tzinfo=UTC)
    imported(tmp_path, activity_csv([Play(noon, "Roma", 3_600), Play(noon + timedelta(days=27), "Tenet", 7_200)]))

    assert rows(tmp_path, "hours") == (("2024", 2, 3.0, pytest.approx(3 / 4)),)


def test_devices_have_their_share_of_plays_and_one_without_a_name_is_unknown(played):
    assert played["devices"].rows == (
        ("Phone", 2, 3.0, pytest.approx(2 / 5)),
        ("TV One", 2, 1.0, pytest.approx(2 / 5)),
        ("unknown", 1, 0.25, pytest.approx(1 / 5)),
    )


def test_autoplay_has_its_share(played):
    assert played["autoplay"].rows == ((2, 5, pytest.approx(2 / 5)),)


def test_views_of_a_title_on_a_day_are_one_with_all_its_seconds(played):
    easter, monday, new_year = days("2024-03-31 2024-04-01 2025-01-01")
    assert played["calendar"].rows == ((easter, 2), (monday, 1), (new_year, 1))
    assert played["top_shows"].rows == (("Nobody Farm", 2, 1, easter, easter, 1.25),)
    assert played["films_and_series"].rows == (("episode", 2, 0.5, 0, 1.25), ("film", 2, 0.5, 0, 3.0))


@pytest.mark.parametrize("name", ACTIVITY_TABLES)
def test_tables_with_data_have_no_note(played, name):
    assert played[name].note == ""


def test_a_binge_has_its_hours(tmp_path):
    noon = datetime(2024, 6, 1, 10, tzinfo=UTC)
    plays = [Play(noon + timedelta(minutes=40 * n), f"Ozark: Season 1: E{n} (Episode {n})") for n in range(1, 6)]
    imported(tmp_path, activity_csv(plays))

    assert rows(tmp_path, "binges") == ((date(2024, 6, 1), "Ozark", 5, 2.5),)


def test_hours_are_left_out_where_a_view_has_none(tmp_path):
    """A month of both kinds of export has hours for some views only; their sum would be too small."""
    noon = datetime(2024, 6, 1, 10, tzinfo=UTC)
    imported(
        tmp_path,
        activity_csv([Play(noon, "Roma", 3_600), Play(noon + timedelta(days=40), "Roma", 3_600)]),
        history_csv([("Invented Film", date(2024, 6, 3)), ("Old Film", date(2024, 1, 3))]),
    )

    assert rows(tmp_path, "by_month") == (
        ("2024-01", 1, 0, 1, None),
        *((f"2024-0{month}", 0, 0, 0, None) for month in range(2, 6)),
        ("2024-06", 2, 0, 2, None),
        ("2024-07", 1, 0, 1, 1.0),
    )


def test_an_unreadable_duration_leaves_hours_unknown(tmp_path):
    noon = datetime(2024, 6, 1, 10, tzinfo=UTC)
    imported(
        tmp_path,
        activity_csv(
            [
                Play(noon, "Roma", None, "Phone"),
                Play(noon, "Ozark: Season 1: A", 3_600, "Phone"),
                Play(noon + timedelta(hours=2), "Tenet", 1_800, "TV One"),
            ]
        ),
    )

    assert rows(tmp_path, "by_hour") == ((12, 2, None), (14, 1, 0.5))
    assert [row[:3] for row in rows(tmp_path, "devices")] == [("TV One", 1, 0.5), ("Phone", 2, None)]


# Random histories against plain Python

EPISODES = [f"{show}: Season {n % 3 + 1}: E{n}" for show in ("Nobody Farm", "Ozark", "Dark", "Lone") for n in range(9)]
FILMS = ["Roma", "Tenet", "Invented Film", "Another Film"]


def random_rows(rng: Generator, count: int) -> list[tuple[str, date]]:
    """Return rows of a viewing history: busy and empty stretches, a blank title now and then."""
    starts = [date(2019, 1, 1) + timedelta(days=int(rng.integers(2_000))) for _ in range(8)]
    found = []
    for _ in range(count):
        day = starts[int(rng.integers(8))] + timedelta(days=int(rng.integers(25)))
        titles = EPISODES if rng.random() < 0.8 else FILMS
        found.append(("" if rng.random() < 0.03 else titles[int(rng.integers(len(titles)))], day))
    return found


def random_plays(rng: Generator, count: int) -> list[Play]:
    seconds = rng.choice(2 * 365 * 86_400, size=count, replace=False)
    found = []
    for second in sorted(seconds.tolist()):
        titles = EPISODES if rng.random() < 0.7 else FILMS
        found.append(
            Play(
                datetime(2022, 12, 1, tzinfo=UTC) + timedelta(seconds=int(second)),
                titles[int(rng.integers(len(titles)))],
                int(rng.integers(0, 7_200)),
                ("TV One", "Phone", "Tablet", "")[int(rng.integers(4))],
                bool(rng.random() < 0.3),
            )
        )
    return found


def views_of_rows(found: list[tuple[str, date]]) -> list[Seen]:
    named = {row for row in found if row[0]}
    blank = [row for row in found if not row[0]]
    return [Seen(day, title) for title, day in [*named, *blank]]


def views_of_plays(plays: list[Play]) -> list[Seen]:
    merged: dict[tuple[date, str], int] = defaultdict(int)
    for play in long_enough(plays):
        merged[play.start.astimezone(BERLIN).date(), play.title] += play.seconds or 0
    return [Seen(day, title, seconds) for (day, title), seconds in merged.items()]


def long_enough(plays: list[Play]) -> list[Play]:
    return [play for play in plays if play.seconds is None or play.seconds >= 60]


def hours_of(views: Iterable[Seen]) -> object:
    seconds = [view.seconds for view in views]
    known = [second for second in seconds if second is not None]
    return pytest.approx(sum(known) / 3600) if len(known) == len(seconds) else None


def grouped(views: list[Seen], form: str) -> tuple[tuple[object, ...], ...]:
    groups: dict[str, list[Seen]] = defaultdict(list)
    for view in views:
        groups[view.day.strftime(form)].append(view)
    first, last = min(view.day for view in views), max(view.day for view in views)
    names = {(first + timedelta(days=n)).strftime(form) for n in range((last - first).days + 1)}
    kinds = {name: Counter(view.kind for view in groups[name]) for name in names}
    return tuple(
        (
            name,
            len(groups[name]),
            kinds[name]["episode"],
            kinds[name]["film"],
            hours_of(groups[name]) if groups[name] else None,
        )
        for name in sorted(names)
    )


def weekday_rows(views: list[Seen]) -> tuple[tuple[object, ...], ...]:
    first, last = min(view.day for view in views), max(view.day for view in views)
    every = Counter((first + timedelta(days=n)).weekday() for n in range((last - first).days + 1))
    seen = Counter(view.day.weekday() for view in views)
    return tuple((WEEKDAYS[n], seen[n], pytest.approx(seen[n] / every[n])) for n in range(7))


def show_rows(views: list[Seen]) -> tuple[tuple[object, ...], ...]:
    shows: dict[str, list[Seen]] = defaultdict(list)
    for view in views:
        if view.show:
            shows[view.show].append(view)
    counted = [
        (show, len(own), len({one.day for one in own}), min(o.day for o in own), max(o.day for o in own), hours_of(own))
        for show, own in shows.items()
    ]
    return tuple(sorted(counted, key=lambda row: (-row[1], row[0])))


def binge_rows(views: list[Seen]) -> list[tuple[object, ...]]:
    found: dict[tuple[date, str], list[Seen]] = defaultdict(list)
    for view in views:
        if view.show:
            found[view.day, view.show].append(view)
    binged = [(day, show, len(own), hours_of(own)) for (day, show), own in found.items() if len(own) >= 4]
    return sorted(binged, key=lambda row: (-cast(int, row[2]), -cast(date, row[0]).toordinal(), row[1]))


def streak_rows(views: list[Seen]) -> tuple[tuple[object, ...], ...]:
    seen = {view.day for view in views}
    runs: dict[str, list[list[date]]] = {"watching": [], "not watching": []}
    day, before = min(seen), ""
    while day <= max(seen):
        what = "watching" if day in seen else "not watching"
        if what != before:
            runs[what].append([])
        runs[what][-1].append(day)
        day, before = day + timedelta(days=1), what
    found: list[tuple[object, ...]] = []
    for what, own in runs.items():
        longest = sorted(own, key=lambda run: (-len(run), run[0]))[:5]
        found += [(what, run[0], run[-1], len(run)) for run in longest]
    return tuple(found)


def assert_views(found: dict[str, InsightTable], views: list[Seen]) -> None:
    """Compare every table of views with counting in plain Python."""
    assert found["by_year"].rows == grouped(views, "%Y")
    assert found["by_month"].rows == grouped(views, "%Y-%m")
    assert found["by_weekday"].rows == weekday_rows(views)
    weekend = sum(view.day.weekday() >= 5 for view in views)
    assert found["weekend_share"].rows == ((weekend, len(views), pytest.approx(weekend / len(views))),)
    assert found["calendar"].rows == tuple(sorted(Counter(view.day for view in views).items()))
    assert found["top_shows"].rows == show_rows(views)[:20]
    kinds = Counter(view.kind for view in views)
    assert found["films_and_series"].rows == tuple(
        (kind, count, pytest.approx(count / len(views)), 0, hours_of([one for one in views if one.kind == kind]))
        for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    )
    assert list(found["binges"].rows) == binge_rows(views)[:20]
    assert found["streaks"].rows == streak_rows(views)


def assert_plays(found: dict[str, InsightTable], plays: list[Play]) -> None:
    """Compare every table of plays with counting in plain Python."""
    local = [(play.start.astimezone(BERLIN), play) for play in long_enough(plays)]
    years: dict[str, list[tuple[datetime, Play]]] = defaultdict(list)
    hours: dict[int, list[int]] = defaultdict(list)
    devices: dict[str, list[int]] = defaultdict(list)
    for start, play in local:
        years[f"{start.year}"].append((start, play))
        hours[start.hour].append(play.seconds or 0)
        devices[play.device or "unknown"].append(play.seconds or 0)
    by_year = []
    for year, own in sorted(years.items()):
        total = sum(play.seconds or 0 for _, play in own) / 3600
        weeks = max(1, ((max(own)[0].date() - min(own)[0].date()).days + 1) / 7)
        by_year.append((year, len(own), pytest.approx(total), pytest.approx(total / weeks)))
    assert list(found["hours"].rows) == by_year
    assert found["by_hour"].rows == tuple(
        (hour, len(own), pytest.approx(sum(own) / 3600)) for hour, own in sorted(hours.items())
    )
    assert found["devices"].rows == tuple(
        (name, len(own), pytest.approx(sum(own) / 3600), pytest.approx(len(own) / len(local)))
        for name, own in sorted(devices.items(), key=lambda item: (-sum(item[1]), item[0]))
    )
    automatic = sum(play.autoplayed for _, play in local)
    assert found["autoplay"].rows == ((automatic, len(local), pytest.approx(automatic / len(local))),)


@pytest.mark.parametrize(("seed", "count"), [(1, 3), (2, 40), (3, 400), (4, 900)])
def test_a_viewing_history_is_counted_as_plain_python_counts_it(tmp_path, seed, count):
    found = random_rows(default_rng(seed), count)
    imported(tmp_path, history_csv(found))

    assert_views(tables(tmp_path), views_of_rows(found))


@pytest.mark.parametrize(("seed", "count"), [(5, 4), (6, 60), (7, 700)])
def test_viewing_activity_is_counted_as_plain_python_counts_it(tmp_path, seed, count):
    plays = random_plays(default_rng(seed), count)
    imported(tmp_path, activity_csv(plays))
    found = tables(tmp_path)

    assert_views(found, views_of_plays(plays))
    assert_plays(found, plays)


def test_two_profiles_count_together(tmp_path):
    rng = default_rng(8)
    own, other, plays = random_rows(rng, 200), random_rows(rng, 150), random_plays(rng, 150)
    imported(tmp_path, history_csv(own), profile="me")
    imported(tmp_path, history_csv(other), profile="other")
    imported(tmp_path, activity_csv(plays), profile="third")
    found = tables(tmp_path)

    assert_views(found, [*views_of_rows(own), *views_of_rows(other), *views_of_plays(plays)])
    assert_plays(found, plays)


@pytest.mark.parametrize("seed", [9, 10])
def test_tables_agree_with_each_other(tmp_path, seed):
    rng = default_rng(seed)
    plays = random_plays(rng, 200)
    imported(tmp_path, activity_csv(plays), history_csv(random_rows(rng, 300)))
    found = {name: table.to_json()["rows"] for name, table in tables(tmp_path).items()}

    def total(name: str, column: str) -> float:
        return float(sum(row[column] for row in found[name]))

    views = total("by_year", "views")
    assert views > 300
    for name in ("by_month", "by_weekday", "calendar", "films_and_series", "weekend_share"):
        assert total(name, "views") == views
    assert total("top_shows", "episodes") == total("by_year", "episodes") == total("by_month", "episodes")
    assert total("hours", "plays") == total("by_hour", "plays") == total("devices", "plays") == len(long_enough(plays))
    assert total("hours", "hours") == pytest.approx(total("by_hour", "hours"))
    assert total("devices", "share") == pytest.approx(1)
    assert total("films_and_series", "share") == pytest.approx(1)


# Profiles


def test_a_show_that_two_profiles_spell_differently_is_one_show(tmp_path):
    """Within a profile both spellings are one show already."""
    imported(tmp_path, history_csv([("Nobody’s Farm: Season 1: A", date(2024, 1, 1))]), profile="me")
    imported(tmp_path, history_csv([("Nobody's  farm: Season 1: B", date(2024, 1, 1))]), profile="other")

    assert [row[1] for row in rows(tmp_path, "top_shows")] == [2]


def test_a_show_of_the_vocabulary_is_one_show_in_all_languages(tmp_path):
    imported(tmp_path, history_csv([("Money Heist: Part 1: A", date(2024, 1, 1))]), profile="me")
    imported(tmp_path, history_csv([("Haus des Geldes: Teil 1: B", date(2024, 1, 1))]), profile="other")

    assert [row[1] for row in rows(tmp_path, "top_shows")] == [2]


def test_a_title_that_two_profiles_saw_on_one_day_was_seen_twice(tmp_path):
    imported(tmp_path, history_csv([("Roma", date(2024, 1, 1))]), profile="me")
    imported(tmp_path, history_csv([("Roma", date(2024, 1, 1)), ("Dark", date(2024, 1, 2))]), profile="other")

    assert rows(tmp_path, "calendar") == ((date(2024, 1, 1), 2), (date(2024, 1, 2), 1))


def test_the_day_covered_is_known_for_every_profile(tmp_path):
    imported(tmp_path, history_csv([("Roma", date(2024, 1, 1))]), received=date(2024, 2, 1))
    imported(tmp_path, history_csv([("Dark", date(2024, 1, 1))]), received=date(2024, 3, 1))
    imported(tmp_path, b"no export", received=date(2024, 6, 1))
    imported(tmp_path, history_csv([("You", date(2024, 1, 1))]), profile="other", received=date(2024, 5, 1))
    imported(tmp_path, b"nothing", profile="third")
    with open_profiles(tmp_path) as database:
        covered = database.execute("select covered_through from coverage order by 1 nulls last").fetchall()

    assert covered == [(date(2024, 2, 29),), (date(2024, 4, 30),), (None,)]


def test_a_volume_without_imports_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing was imported yet"):
        open_profiles(tmp_path)
    (tmp_path / "profiles" / "me").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="nothing was imported yet"):
        open_profiles(tmp_path)


def test_a_folder_may_have_quotation_marks_in_its_name(tmp_path):
    private = tmp_path / 'it\'s "mine"'
    imported(private, history_csv([("Roma", date(2024, 1, 1))]))

    assert rows(private, "calendar") == ((date(2024, 1, 1), 1),)


def test_reading_insights_changes_no_file(tmp_path):
    imported(tmp_path, history_csv([("Roma", date(2024, 1, 1))]))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with open_profiles(tmp_path) as database:
        all_insights(database)
        with pytest.raises(duckdb.Error, match="read-only"):
            database.execute("delete from p0.views")

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_rebuild_does_not_disturb_an_open_reader(tmp_path):
    imported(tmp_path, history_csv([("Roma", date(2024, 1, 1))]))
    with open_profiles(tmp_path) as database:
        imported(tmp_path, history_csv([("Dark", date(2024, 1, 2))]))
        assert len(by_month(database).rows) == 1
        assert by_month(database).rows[0][1] == 1

    assert (PrivateVolume(tmp_path).profile("me") / DATABASE).exists()
    assert rows(tmp_path, "calendar") == ((date(2024, 1, 1), 1), (date(2024, 1, 2), 1))


# Nothing to count, and the form of tables


@pytest.mark.parametrize(
    "data",
    [b"Title,Date\n", f"{HEADER}\n".encode(), b"no export", history_csv([("Dark (Trailer)", date(2024, 1, 1))])],
    ids=["history", "activity", "refused", "trailer"],
)
def test_an_empty_history_has_tables_without_rows(tmp_path, data):
    imported(tmp_path, data)
    found = tables(tmp_path)

    assert len(found) == len(INSIGHTS) == 14
    assert {name: table.rows for name, table in found.items()} == dict.fromkeys(found, ())
    assert found["binges"].note == "Seen 0 times: 4 or more episodes of one show in a day."
    assert all("ViewingActivity.csv" in found[name].note for name in ACTIVITY_TABLES)
    assert json.loads(json.dumps([table.to_json() for table in found.values()]))[0]["rows"] == []


def test_every_table_is_plain_json_with_a_cell_for_each_column(tmp_path):
    rng = default_rng(11)
    binge = [(f"Ozark: Season 4: X{number}", date(2018, 1, 1)) for number in range(4)]
    imported(tmp_path, activity_csv(random_plays(rng, 100)), history_csv([*random_rows(rng, 100), *binge]))

    for name, table in tables(tmp_path).items():
        assert table.rows
        assert table.bar is None or table.bar in table.columns
        content = json.loads(json.dumps(table.to_json(), allow_nan=False))
        assert (content["name"], content["title"], content["note"]) == (name, table.title, table.note)
        assert [list(row) for row in content["rows"]] == [list(table.columns)] * len(table.rows)
        for row in content["rows"]:
            for column, cell in row.items():
                if column in ("day", "first_day", "last_day"):
                    assert date.fromisoformat(cell)
                elif column == "share":
                    assert 0 <= cell <= 1
                elif column not in ("year", "month", "weekday", "show", "kind", "what", "device", "film"):
                    assert cell is None or isinstance(cell, int | float)


def test_days_and_times_are_text_in_json():
    moment = datetime(2024, 1, 1, 12, 30, tzinfo=UTC)
    table = InsightTable("a", "A", ("day", "start", "views", "hours"), ((date(2024, 1, 1), moment, 3, None),))

    assert table.to_json() == {
        "name": "a",
        "title": "A",
        "note": "",
        "rows": [{"day": "2024-01-01", "start": "2024-01-01T12:30:00+00:00", "views": 3, "hours": None}],
    }


def test_a_row_with_another_number_of_cells_is_a_mistake():
    with pytest.raises(ValueError, match="zip"):
        InsightTable("a", "A", ("day", "views"), ((3,),)).to_json()
