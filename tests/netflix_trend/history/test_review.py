"""What a review of a year or another range says, counted by hand, by plain Python, and from files of known truth."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from numpy.random import default_rng

from netflix_trend.history.insights import open_profiles
from netflix_trend.history.review import (
    Amount,
    Binge,
    BusiestDay,
    EdgeTitle,
    Review,
    Streak,
    days_before,
    review,
    year_days,
)
from tests.netflix_trend.history.invented import history
from tests.netflix_trend.history.test_insights import Play, activity_csv, imported

FIXTURES = Path(__file__).parents[2] / "fixtures" / "exports"


def reviewed(private: Path, first: date, last: date) -> Review:
    with open_profiles(private) as database:
        return review(database, first, last)


def year(private: Path, number: int) -> Review:
    return reviewed(private, *year_days(number))


def from_rows(folder: Path, *rows: tuple[str, str], received: date = date(2026, 1, 15)) -> Path:
    imported(folder, history(*rows), received=received)
    return folder


SMALL = [
    ("Ozark: Season 1: A", "2024-01-02"),
    ("Nobody Farm: Season 1: A", "2025-02-28"),
    ("Nobody Farm: Season 1: B", "2025-03-01"),
    ("Nobody Farm: Season 1: C", "2025-03-01"),
    ("Nobody Farm: Season 2: A", "2025-03-01"),
    ("Nobody Farm: Season 2: B", "2025-03-01"),
    ("Ozark: Season 1: B", "2025-03-01"),
    ("Invented Film", "2025-03-03"),
    ("", "2025-03-03"),
    ("Nobody Farm: Season 2 (Trailer)", "2025-03-03"),
    ("Ozark: Season 1: C", "2025-12-30"),
    ("Ozark: Season 1: D", "2025-12-31"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return year(from_rows(tmp_path_factory.mktemp("small"), *SMALL), 2025)


def test_a_year_has_its_totals(small: Review) -> None:
    assert (small.views, small.episodes, small.films, small.titles) == (10, 8, 1, 9)
    assert (small.shows, small.active_days, small.hours, small.year) == (2, 5, None, 2025)
    assert small.is_lower_bound


def test_shows_come_with_their_episodes_and_whether_they_are_new_or_left(small: Review) -> None:
    farm, ozark = small.top_shows
    assert (farm.name, farm.episodes, farm.days, farm.hours) == ("Nobody Farm", 5, 2, None)
    assert (farm.first_day, farm.last_day) == (date(2025, 2, 28), date(2025, 3, 1))
    assert (farm.is_new, farm.is_left) == (True, True)
    assert (ozark.episodes, ozark.is_new, ozark.is_left) == (3, False, False)
    assert (small.new_shows, small.left_shows) == (("Nobody Farm",), ("Nobody Farm",))


def test_films_are_named(small: Review) -> None:
    assert [(film.title, film.day, film.views) for film in small.film_list] == [("Invented Film", date(2025, 3, 3), 1)]


def test_streak_binge_and_busiest_day(small: Review) -> None:
    assert small.streak == Streak(date(2025, 2, 28), date(2025, 3, 1), 2)
    assert small.binge == Binge("Nobody Farm", date(2025, 3, 1), 4, None)
    assert small.busiest == BusiestDay(date(2025, 3, 1), 5, None)


def test_the_first_and_the_last_title(small: Review) -> None:
    assert small.first_title == EdgeTitle("Nobody Farm: Season 1: A", date(2025, 2, 28), 0)
    assert small.last_title == EdgeTitle("Ozark: Season 1: D", date(2025, 12, 31), 0)


def test_of_several_titles_on_the_first_day_the_file_does_not_say_which_was_first(tmp_path: Path) -> None:
    rows = [("Roma", "2025-01-01"), ("Heat", "2025-01-01"), ("Tenet", "2025-01-01"), ("", "2025-01-01")]
    found = year(from_rows(tmp_path, *rows), 2025)
    assert found.first_title == found.last_title == EdgeTitle("Heat", date(2025, 1, 1), 2)


def test_months_and_weekdays_of_a_year_include_the_empty_ones(small: Review) -> None:
    views = {one.first_day.month: (one.views, one.episodes, one.films) for one in small.months}
    assert list(views) == list(range(1, 13))
    assert {month: counts for month, counts in views.items() if counts[0]} == {
        2: (1, 1, 0),
        3: (7, 5, 1),
        12: (2, 2, 0),
    }
    assert small.weekdays == (2, 1, 1, 0, 1, 5, 0)
    assert sum(views for _, views in small.daily) == 10


def test_a_year_is_compared_with_the_one_before_when_the_history_reaches_back(tmp_path: Path) -> None:
    from_rows(tmp_path, *SMALL)
    compared = year(tmp_path, 2025).before
    assert compared is not None
    assert compared.before == Amount(date(2024, 1, 1), date(2024, 12, 31), 1, None)
    assert compared.now == Amount(date(2025, 1, 1), date(2025, 12, 31), 10, None)
    assert (compared.is_year, compared.ratio, compared.is_in_hours) == (True, 10.0, False)
    assert year(tmp_path, 2024).before is None


def test_a_year_that_has_not_ended_is_compared_with_the_same_days(tmp_path: Path) -> None:
    rows = [("A", "2023-01-05"), ("B", "2023-06-01"), ("C", "2023-06-29"), ("D", "2024-03-01"), ("E", "2024-06-30")]
    # Made on 1 June: that day had not ended, and what comes later cannot be known.
    found = year(from_rows(tmp_path, *rows[:-1], received=date(2024, 6, 1)), 2024)
    assert found.covered == date(2024, 5, 31)
    assert found.before is not None
    assert (found.before.now, found.before.before) == (
        Amount(date(2024, 1, 1), date(2024, 5, 31), 1, None),
        Amount(date(2023, 1, 1), date(2023, 5, 31), 1, None),
    )


@pytest.mark.parametrize(
    ("days", "before"),
    [
        (("2025-01-01", "2025-12-31"), ("2024-01-01", "2024-12-31")),
        (("2024-01-01", "2024-02-29"), ("2023-01-01", "2023-02-28")),
        (("2025-01-01", "2025-06-30"), ("2024-01-01", "2024-06-30")),
        (("2025-03-01", "2025-03-31"), ("2025-01-29", "2025-02-28")),
        (("2025-03-01", "2025-03-01"), ("2025-02-28", "2025-02-28")),
        (("2024-01-01", "2025-12-31"), ("2021-12-31", "2023-12-31")),
    ],
)
def test_what_a_range_is_compared_with(days: tuple[str, str], before: tuple[str, str]) -> None:
    first, last = map(date.fromisoformat, days)
    assert days_before(first, last) == tuple(map(date.fromisoformat, before))


def test_the_first_range_there_is_has_nothing_before_it(tmp_path: Path) -> None:
    from_rows(tmp_path, *SMALL)
    everything = reviewed(tmp_path, date.min, date.max)
    assert (everything.views, everything.before, everything.new_shows) == (11, None, ())
    assert (everything.months[0].first_day, everything.months[-1].first_day) == (date(2024, 1, 1), date(2025, 12, 1))


def test_a_range_without_views_reads_as_empty(tmp_path: Path) -> None:
    found = reviewed(from_rows(tmp_path, *SMALL), date(2025, 5, 1), date(2025, 5, 31))
    assert (found.views, found.titles, found.shows, found.active_days) == (0, 0, 0, 0)
    assert (found.streak, found.binge, found.busiest, found.first_title, found.last_title) == (None,) * 5
    assert (found.top_shows, found.film_list, found.daily, found.day_hours) == ((), (), (), ())
    assert (found.hours, found.is_lower_bound, sum(found.weekdays)) == (None, False, 0)
    assert [one.views for one in found.months] == [0]
    assert found.year is None


def test_a_year_with_one_view(tmp_path: Path) -> None:
    found = year(from_rows(tmp_path, ("Roma", "2024-02-29")), 2024)
    leap = date(2024, 2, 29)
    assert (found.views, found.active_days, found.streak) == (1, 1, Streak(leap, leap, 1))
    assert (found.binge, found.busiest) == (None, BusiestDay(leap, 1, None))
    assert found.first_title == found.last_title == EdgeTitle("Roma", leap, 0)


def test_a_range_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    from_rows(tmp_path, *SMALL)
    with pytest.raises(ValueError, match="is after"):
        reviewed(tmp_path, date(2025, 2, 1), date(2025, 1, 1))


def test_the_archive_gives_hours_times_and_true_counts(tmp_path: Path) -> None:
    noon = datetime(2025, 6, 1, 10, tzinfo=UTC)
    plays = [
        Play(datetime(2024, 1, 3, 10, tzinfo=UTC), "Old Film", 3_600),
        *(Play(noon + timedelta(hours=n), f"Nobody Farm: Season 1: E{n} (Episode {n})", 1_800) for n in range(1, 5)),
        Play(noon, "Tenet", 7_200),
        Play(noon + timedelta(hours=9), "Aliens", 3_600),
    ]
    imported(tmp_path, activity_csv(plays))
    found = year(tmp_path, 2025)
    assert (found.views, found.hours, found.is_lower_bound) == (6, 5.0, False)
    assert found.top_shows[0].hours == 2.0
    assert found.binge == Binge("Nobody Farm", date(2025, 6, 1), 4, 2.0)
    assert found.busiest == BusiestDay(date(2025, 6, 1), 6, 5.0)
    # Berlin's clock; by name Aliens would be first and Tenet last.
    assert found.first_title == EdgeTitle("Tenet", date(2025, 6, 1), 0)
    assert found.last_title == EdgeTitle("Aliens", date(2025, 6, 1), 0)
    assert {hour: plays for hour, plays in enumerate(found.day_hours) if plays} == dict.fromkeys(
        (12, 13, 14, 15, 16, 21), 1
    )
    assert found.before is not None
    assert (found.before.is_in_hours, found.before.ratio) == (True, 5.0)


def test_only_ranges_with_rows_of_the_short_file_are_lower_bounds(tmp_path: Path) -> None:
    play = Play(datetime(2025, 6, 1, 10, tzinfo=UTC), "Tenet", None)  # a duration that cannot be read
    imported(tmp_path, history(("Roma", "2023-02-01")), activity_csv([play]))
    assert year(tmp_path, 2023).is_lower_bound
    archive = year(tmp_path, 2025)
    assert (archive.is_lower_bound, archive.hours) == (False, None)


def test_several_stored_profiles_are_one_person(tmp_path: Path) -> None:
    imported(tmp_path, history(("Roma", "2025-02-01"), ("Heat", "2025-02-02")), profile="ann")
    imported(tmp_path, history(("Roma", "2025-02-03")), profile="ben")
    found = year(tmp_path, 2025)
    assert (found.views, found.films, found.streak) == (3, 2, Streak(date(2025, 2, 1), date(2025, 2, 3), 3))


def test_json_has_everything_in_plain_values(small: Review) -> None:
    found = json.loads(json.dumps(small.to_json()))
    assert (found["year"], found["views"], found["first"]) == (2025, 10, "2025-01-01")
    assert found["binge"] == {"show": "Nobody Farm", "day": "2025-03-01", "episodes": 4, "hours": None}
    assert found["before"]["before"]["views"] == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_review_counts_what_plain_python_counts(tmp_path: Path, seed: int) -> None:
    random = default_rng(seed)
    days = [date(2024, 10, 1) + timedelta(days=int(n)) for n in random.integers(0, 200, 150)]
    titles = [f"Invented {'ABC'[n % 3]}: Season 1: E{number}" for number, n in enumerate(random.integers(0, 3, 150))]
    from_rows(tmp_path, *((title, str(day)) for title, day in zip(titles, days, strict=True)))
    first, last = date(2025, 1, 5), date(2025, 2, 20)
    found = reviewed(tmp_path, first, last)

    inside = [(title, day) for title, day in zip(titles, days, strict=True) if first <= day <= last]
    watched = sorted({day for _, day in inside})
    runs = Counter[date]()
    for day in watched:
        start = day
        while start - timedelta(days=1) in watched:
            start -= timedelta(days=1)
        runs[start] += 1
    assert (found.views, found.active_days) == (len(inside), len(watched))
    assert found.streak is not None
    assert found.streak.days == max(runs.values())
    assert found.daily == tuple(sorted(Counter(day for _, day in inside).items()))
    assert found.weekdays == tuple(sum(day.weekday() == number for _, day in inside) for number in range(7))
    by_show = Counter(title.split(":")[0] for title, _ in inside)
    assert {one.name: one.episodes for one in found.top_shows} == by_show
    busiest = max(found.daily, key=lambda item: (item[1], -item[0].toordinal()))
    assert found.busiest == BusiestDay(*busiest, None)


TRUTH: dict[str, dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["en_mdy_us.csv", "de_dmy_de.csv", "ja_ymd_ja.csv", "tr_dmy_dot_yyyy.csv"])
def test_reviews_of_all_years_add_up_to_the_truth_of_a_file(tmp_path: Path, name: str) -> None:
    truth = [row for row in TRUTH[name]["truth"] if row["type"] != "X"]
    imported(tmp_path, (FIXTURES / name).read_bytes(), received=date.fromisoformat(TRUTH[name]["max_date"]))
    years = sorted({row["date"][:4] for row in truth})
    for number in years:
        views = [row for row in truth if row["date"].startswith(number)]
        found = year(tmp_path, int(number))
        assert found.views == len(views)
        assert dict(found.daily) == Counter(date.fromisoformat(row["date"]) for row in views)
        busiest = max(Counter(row["date"] for row in views).values())
        assert found.busiest is not None
        assert found.busiest.views == busiest
