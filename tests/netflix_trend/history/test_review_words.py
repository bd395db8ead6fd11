"""What a review says: which statements there are, and their words, also of odd years."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from netflix_trend.history.insights import open_profiles
from netflix_trend.history.review import Review, review, year_days
from netflix_trend.history.review_words import change_words, notes, period_name, statements
from tests.netflix_trend.history.invented import history
from tests.netflix_trend.history.test_insights import Play, activity_csv, imported
from tests.netflix_trend.history.test_review import SMALL


def year(private: Path, number: int, *exports: bytes, received: date = date(2026, 1, 15)) -> Review:
    imported(private, *exports, received=received)
    with open_profiles(private) as database:
        return review(database, *year_days(number))


def said(found: Review) -> dict[str, str]:
    return {one.name: f"{one.value} | {one.text}" for one in statements(found)}


def test_a_year_says_seven_things(tmp_path: Path) -> None:
    assert said(year(tmp_path, 2025, history(*SMALL))) == {
        "amount": "10 views | at least, on 5 days",
        "shows": "Nobody Farm | your most watched show, with 5 episodes, before Ozark",
        "films": "1 film | Invented Film",
        "streak": "2 days in a row | your longest streak, 28 February to 1 March 2025",
        "binge": "4 episodes | of Nobody Farm on 1 March 2025, your largest binge",
        "busiest": "5 views | on 1 March 2025, your busiest day",
        "before": "10 times as much | compared with 2024: 10 views against 1 view",
    }


def test_one_view_is_said_in_the_singular_and_without_records(tmp_path: Path) -> None:
    found = year(tmp_path, 2024, history(("Roma", "2024-02-29")))
    assert said(found) == {"amount": "1 view | at least, on 1 day", "films": "1 film | Roma"}


def test_a_year_without_views_says_nothing(tmp_path: Path) -> None:
    found = year(tmp_path, 2023, history(("Roma", "2024-02-29")))
    assert (statements(found), notes(found), period_name(found)) == ((), (), "2023")


def test_films_are_named_certain_ones_first(tmp_path: Path) -> None:
    rows = [("Roma", "2024-01-01"), ("Heat", "2024-01-03"), ("Tenet", "2024-01-02")]
    found = year(tmp_path, 2024, history(*rows, ("Invented: Part of it", "2024-02-01")))
    assert [film.is_guess for film in found.film_list] == [True, False, False, False]
    assert said(found)["films"] == "4 films | Heat, Tenet, Roma, and 1 more"


def test_hours_are_said_where_every_view_has_some_and_no_bound_then(tmp_path: Path) -> None:
    days = [datetime(2024, 1, 2, 10, tzinfo=UTC), datetime(2025, 3, 1, 10, tzinfo=UTC)]
    plays = [Play(day, f"Film {place}", 3_600 * (2 - place)) for place, day in enumerate(days)]
    found = year(tmp_path, 2025, activity_csv(plays), received=date(2025, 7, 1))
    assert said(found)["amount"] == "1 hour | on 1 day"
    assert said(found)["before"] == "50 % less | compared with the same days of 2024: 1 hour against 2 hours"
    assert notes(found) == ("Your files cover these days up to 30 June 2025.",)


def test_the_short_file_is_said_to_be_a_lower_bound(tmp_path: Path) -> None:
    (note,) = notes(year(tmp_path, 2025, history(*SMALL)))
    assert note.startswith("NetflixViewingHistory.csv keeps only the last view of a title")


def test_a_name_cannot_steer_the_text_around_it(tmp_path: Path) -> None:
    rows = [(f"Evil\u202eShow: Season 1: E{n}", "2025-03-01") for n in range(4)]
    for text in said(year(tmp_path, 2025, history(*rows))).values():
        assert "\u202e" not in text


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (12.34, "12.3 times as much"),
        (2.0, "2 times as much"),
        (1.5, "50 % more"),
        (1.004, "As much"),
        (0.997, "As much"),
        (0.88, "12 % less"),
        (0.0, "100 % less"),
    ],
)
def test_a_change_is_said_in_percent_or_in_times(ratio: float, words: str) -> None:
    assert change_words(ratio) == words


def test_a_range_is_named_by_its_days(tmp_path: Path) -> None:
    imported(tmp_path, history(*SMALL))
    with open_profiles(tmp_path) as database:
        assert period_name(review(database, date(2025, 3, 1), date(2025, 3, 31))) == "1 to 31 March 2025"
