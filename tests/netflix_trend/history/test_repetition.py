"""What the other titles of a history say about a title that words leave open."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.history.double_encoding import pages_of_double_encoding
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.repetition import Repetition, Show
from netflix_trend.history.staging import Staging
from netflix_trend.history.titles import Certainty, ParsedTitle, parse_title, show_key

DAY = date(2024, 2, 28)
FILM = ParsedTitle("film", certainty="guess")
OPEN = ParsedTitle(None)
UNKNOWING = Vocabulary.build([CatalogueTitle(title="A show that no test names", kind="series")])

# A title and the day it was seen, as days after DAY.
Seen = tuple[str, int]


def decisions(
    seen: Iterable[Seen],
    proved: Iterable[Show] = (),
    with_season: Mapping[str, int] = MappingProxyType({}),
    vocabulary: Vocabulary = UNKNOWING,
) -> dict[str, ParsedTitle]:
    """Add all titles of one file, then decide each of them. with_season: how many more titles name a show's season."""
    rows = list(seen)
    own = {title: parse_title(title, vocabulary) for title, _ in rows}
    counts = {show_key(name, -1): {0: count} for name, count in with_season.items()}
    repetition = Repetition(proved, counts, vocabulary.film_beginnings)
    for title, days in rows:
        day = DAY + timedelta(days=days)
        repetition.add(title, own[title], day, day)
    return {title: repetition.decide(title, own[title]) for title, _ in rows}


def history(vocabulary: Vocabulary, seen: Iterable[Seen]) -> dict[str, ParsedTitle]:
    """Return what a whole history says of its titles: words first, then the shows they prove, then repetition."""
    rows = list(seen)
    data = io.StringIO(newline="")
    csv.writer(data, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [("Title", "Date"), *((title, (DAY + timedelta(days=days)).isoformat()) for title, days in rows)]
    )
    with duckdb.connect() as database:
        staging = Staging(database, vocabulary)
        staging.add(io.BytesIO(data.getvalue().encode()), "history.csv", ReadOptions(date_order="ymd"))
        staging.decide_titles()
        found = database.execute(
            """select key, kind, show_name, season, coalesce(show_index, -1), certainty from titles
               left join show_names using (show_code)"""
        ).fetchall()
    kinds = {key: ParsedTitle(*rest) for key, *rest in found}
    return {title: kinds[title_key(title)] for title, _ in rows}


def episode(show: str, season: str | None = None, index: int = -1, certainty: str = "likely") -> ParsedTitle:
    return ParsedTitle("episode", show, season, index, certainty)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small() -> Vocabulary:
    return Vocabulary.build([CatalogueTitle(title="Ozark", kind="series")])


# Rule 7: how many titles begin alike, and how close they were seen


@pytest.mark.parametrize(
    ("days", "certainty"),
    [
        ([0], None),
        ([0, 0], "guess"),
        ([0, 2], "guess"),
        ([0, 3], None),
        ([0, 0, 2], "likely"),
        ([0, 0, 7], "guess"),
        ([0, 3, 7], "guess"),
        ([0, 0, 8], None),
        ([0, 1, 2, 2], "likely"),
        ([0, 1, 2, 7], "guess"),
        ([0, 0, 0, 8], None),
        ([0, 1, 2, 3, 8], "guess"),
        ([0, 900, 1800, 2700, 3600], "guess"),
        ([0, 900, 1800, 2700], None),
        (range(0, 3000, 100), "likely"),
        (range(0, 600, 100), "likely"),
    ],
)
def test_enough_titles_with_the_same_beginning_close_in_time_are_a_series(days, certainty):
    seen = [(f"Red Lake: Boat {chr(ord('A') + number)}", offset) for number, offset in enumerate(days)]

    assert set(decisions(seen).values()) == {episode("Red Lake", certainty=certainty) if certainty else FILM}


def test_days_are_counted_from_the_first_view_of_a_title_to_the_last_of_any():
    repetition = Repetition([], {})
    repetition.add("Red Lake: Boat", OPEN, DAY, DAY + timedelta(days=3))
    repetition.add("Red Lake: Car", OPEN, DAY + timedelta(days=1), DAY + timedelta(days=1))

    assert repetition.decide("Red Lake: Boat", OPEN) == FILM
    assert repetition.decide("Red Lake: Car", OPEN) == FILM


def test_a_title_that_was_seen_again_later_still_counts_with_the_days_between():
    repetition = Repetition([], {})
    repetition.add("Red Lake: Boat", OPEN, DAY + timedelta(days=1), DAY + timedelta(days=2))
    repetition.add("Red Lake: Car", OPEN, DAY, DAY + timedelta(days=1))

    assert repetition.decide("Red Lake: Boat", OPEN) == episode("Red Lake", certainty="guess")


@pytest.mark.parametrize("titles", [2, 3, 4])
def test_few_titles_without_a_date_are_not_taken_for_a_series(titles):
    repetition = Repetition([], {})
    for number in range(titles):
        repetition.add(f"Red Lake: Boat {number} A", OPEN, None, None)

    assert repetition.decide("Red Lake: Boat 0 A", OPEN) == FILM


def test_six_titles_without_a_date_are_a_series():
    repetition = Repetition([], {})
    for number in range(6):
        repetition.add(f"Red Lake: Boat {number} A", OPEN, None, None)

    assert repetition.decide("Red Lake: Boat 0 A", OPEN) == episode("Red Lake")


def test_titles_that_begin_with_another_name_are_not_counted():
    seen = [("Red Lake: Boat", 0), ("Red Lakes: Boat", 0), ("The Red Lake: Boat", 0), ("Red: Boat", 0)]

    assert set(decisions(seen).values()) == {FILM}


def test_a_name_in_two_spellings_is_one_name_and_each_title_keeps_its_own():
    found = decisions([("Grey's Lake: Boat", 0), ("GREY’S\u00a0LAKE: Car", 2)])

    assert {(parsed.kind, parsed.show) for parsed in found.values()} == {
        ("episode", "Grey's Lake"),
        ("episode", "GREY’S LAKE"),
    }


def test_titles_of_three_parts_count_with_those_of_two():
    found = decisions([("Red Lake: Boat", 0), ("Red Lake: Car: The End", 5), ("Red Lake: Train", 7)])

    assert {parsed.kind for parsed in found.values()} == {"episode"}


def test_an_unknown_title_is_a_film():
    assert Repetition([], {}).decide("Red Lake: Boat", OPEN) == FILM


# A season with a free name, or a show with a colon in its name


def test_second_parts_that_repeat_are_seasons():
    seen = [(f"Red Lake: {second}: {name}", 0) for second in ("Asylum", "Coven") for name in ("Boat", "Car")]

    assert decisions(seen) == {title: episode("Red Lake", title.split(": ")[1]) for title, _ in seen}


def test_a_single_second_part_that_repeats_belongs_to_the_name():
    seen = [(f"Red Lake: The Boys: {name}", 0) for name in ("Boat", "Car", "Train")]

    assert set(decisions(seen).values()) == {episode("Red Lake: The Boys")}


def test_a_second_part_in_two_spellings_is_one():
    found = decisions([("Red Lake: The Boys: Boat", 0), ("red lake: THE\u00a0BOYS: Car", 0)])

    assert [parsed.show for parsed in found.values()] == ["Red Lake: The Boys", "red lake: THE BOYS"]


def test_second_parts_that_never_repeat_leave_the_first_part_as_the_show():
    found = decisions([("Red Lake: Asylum: Boat", 0), ("Red Lake: Coven: Car", 0)])

    assert {parsed.show for parsed in found.values()} == {"Red Lake"}


def test_the_name_of_an_episode_is_not_a_second_part_that_repeats():
    found = decisions([("Red Lake: Coven", 0), ("Red Lake: Coven: Boat", 0)])

    assert list(found.values()) == [episode("Red Lake", certainty="guess"), episode("Red Lake", "Coven")]


def test_more_parts_are_the_name_of_the_episode():
    seen = [("Red Lake: The Boys: Boat: One: Two", 0), ("Red Lake: The Boys: Car", 0)]

    assert set(decisions(seen).values()) == {episode("Red Lake: The Boys")}


def test_a_show_named_twice_is_one_show():
    seen = [(f"Red Lake: The Boys: Red Lake: The Boys: {name}", 0) for name in ("Boat", "Car", "Train")]

    assert set(decisions(seen).values()) == {episode("Red Lake: The Boys")}


def test_second_parts_are_not_looked_at_in_another_group():
    seen = [
        *((f"Red Lake: The Boys: {name}", 0) for name in ("Boat", "Car")),
        *((f"Blue Lake: The Girls: {name}", 0) for name in ("Boat", "Car")),
    ]

    assert {parsed.show for parsed in decisions(seen).values()} == {"Red Lake: The Boys", "Blue Lake: The Girls"}


# Rule 6: shows that words proved elsewhere


def test_a_title_that_begins_with_a_proved_show_is_an_episode_of_it():
    found = decisions([("Red Lake: Boat", 0)], [("RED LAKE", 7)])

    assert found == {"Red Lake: Boat": episode("RED LAKE", None, 7)}


@pytest.mark.parametrize("title", ["Red Lake: Part 2", "Red Lake: Chapter 3", "Red Lake: A: B", "Red\u00a0Lake: Boat"])
def test_a_proved_show_tells_of_every_open_title(title):
    assert decisions([(title, 0)], [("Red Lake", -1)])[title] == episode("Red Lake")


def test_the_longest_proved_name_wins():
    proved = [("Red Lake", 1), ("Red Lake: The Boys", 2), ("Red Lake: The Boys: The End", 3)]
    found = decisions([("Red Lake: The Boys: Boat", 0), ("Red Lake: Boat", 0), ("Red Lake: The Boys", 0)], proved)

    assert [parsed.index for parsed in found.values()] == [2, 1, 1]


def test_a_proved_name_must_occur_completely():
    found = decisions([("Red Lakes: Boat", 0), ("Red: Boat", 0), ("The Red Lake: Boat", 0)], [("Red Lake", 1)])

    assert set(found.values()) == {FILM}


def test_of_two_spellings_of_a_proved_show_the_same_is_taken_in_any_order():
    names = [("RED LAKE", 4), ("Red Lake", 4), ("red lake", 4)]
    found = {decisions([("Red Lake: Boat", 0)], order)["Red Lake: Boat"] for order in (names, names[::-1], set(names))}

    assert len(found) == 1


def test_a_proved_show_with_an_index_wins_over_one_without():
    for proved in ([("Red Lake", -1), ("Red Lake", 4)], [("Red Lake", 4), ("Red Lake", -1)]):
        assert decisions([("Red Lake: Boat", 0)], proved)["Red Lake: Boat"].index == 4


# Numbers of episodes and chapters


def test_an_episode_number_is_certain_regardless_of_other_titles():
    assert decisions([("Red Lake: The Boys: Episode 3", 0)]) == {
        "Red Lake: The Boys: Episode 3": episode("Red Lake: The Boys", certainty="certain")
    }


def test_episode_numbers_behind_second_parts_that_repeat_are_of_seasons():
    seen = [(f"Red Lake: {second}: Episode {n}", 0) for second in ("Asylum", "Coven") for n in (1, 2)]

    assert decisions(seen) == {title: episode("Red Lake", title.split(": ")[1], -1, "certain") for title, _ in seen}


def test_episode_numbers_behind_one_second_part_are_of_a_show_with_a_colon():
    seen = [(f"Red Lake: The Boys: Episode {n}", n * 100) for n in range(1, 9)]

    assert set(decisions(seen).values()) == {episode("Red Lake: The Boys", certainty="certain")}


@pytest.mark.parametrize("chapter", ["Chapter 2", "Capítulo 2", "Chapter Two", "2. kapitola"])
def test_a_lone_chapter_is_a_film(chapter):
    assert decisions([(f"Red Lake: {chapter}", 0)]) == {f"Red Lake: {chapter}": FILM}


@pytest.mark.parametrize("number", ["10", "11", "12", "21", "101", "XI", "Onetime"])
def test_a_number_that_contains_a_one_is_not_the_first(number):
    assert decisions([(f"Red Lake: Chapter {number}", 0)]) == {f"Red Lake: Chapter {number}": FILM}


@pytest.mark.parametrize("chapter", ["Chapter 1", "Chapter 01", "Chapter One", "Capítulo uno", "1. kapitola"])
def test_a_lone_first_chapter_is_an_episode(chapter):
    assert decisions([(f"Red Lake: {chapter}", 0)]) == {f"Red Lake: {chapter}": episode("Red Lake")}


@pytest.mark.parametrize("end", [":", ": ", "："])
def test_a_separator_at_the_end_begins_no_further_part(end):
    found = decisions([(f"Red Lake: Chapter 2{end}", 0), ("Red Lake: Chapter 3", 900)])

    assert set(found.values()) == {episode("Red Lake")}


def test_chapters_with_siblings_are_episodes_however_far_apart():
    seen = [("Red Lake: Chapter 2", 0), ("Red Lake: Chapter 3", 900)]

    assert decisions(seen) == {title: episode("Red Lake") for title, _ in seen}


def test_a_chapter_with_a_sibling_of_another_kind_is_a_film():
    seen = [("Red Lake: Chapter 2", 0), ("Red Lake: The Making Of", 900)]

    assert set(decisions(seen).values()) == {FILM}


def test_a_chapter_is_not_a_sibling_of_another_shows_chapter():
    assert set(decisions([("Red Lake: Chapter 2", 0), ("Blue Lake: Chapter 3", 0)]).values()) == {FILM}


def test_chapters_behind_a_longer_name_are_of_all_of_it():
    found = decisions([("Red Lake: The Boys: Chapter 2", 0), ("Red Lake: The Boys: Chapter 3", 900)])

    assert {parsed.show for parsed in found.values()} == {"Red Lake: The Boys"}


@pytest.mark.parametrize(("two", "days"), [("Part 2", 0), ("Part Two", 1), ("Vol. 2", 0), ("Volume 2", 2)])
def test_two_parts_of_a_film_on_one_weekend_are_films(small, two, days):
    found = history(
        small,
        [(f"Red Lake: The End: {two.replace('2', '1').replace('Two', 'One')}", 0), (f"Red Lake: The End: {two}", days)],
    )

    assert {parsed.kind for parsed in found.values()} == {"film"}


# A whole history


def test_the_first_chapter_is_a_sibling_of_the_second(small):
    found = history(small, [("Red Lake: Chapter 1", 0), ("Red Lake: Chapter 2", 900)])

    assert [(parsed.kind, parsed.show) for parsed in found.values()] == [("episode", "Red Lake")] * 2


def test_john_wick_alone_is_a_film(small):
    assert history(small, [("John Wick: Chapter 2", 0)])["John Wick: Chapter 2"] == FILM


@pytest.mark.parametrize("proof", ["Red Lake: Episode 1", "Red Lake: Episode 1: Car"])
def test_one_number_of_an_episode_proves_the_show_of_all_its_other_titles(small, proof):
    found = history(small, [(proof, 0), ("Red Lake: Boat", 800), ("Red Lake: A: B", 1600), ("Red Lakes: Boat", 0)])

    assert [parsed.show for parsed in found.values()] == ["Red Lake", "Red Lake", "Red Lake", None]


# A show that has seasons in a file has them in all its titles there


@pytest.mark.parametrize("name", ["Red Lake", "Ozark"])
@pytest.mark.parametrize("word", ["Season 1", "Part 1", "Limited Series"])
def test_a_title_without_a_season_beside_others_with_one_is_a_film(small, name, word):
    seasons = [(f"{name}: {word}: {chr(ord('A') + number)}", number) for number in range(3)]

    found = history(small, [*seasons, (f"{name}: The Fallen Moon", 2)])

    assert found.popitem()[1] == ParsedTitle("film", certainty="likely")
    assert {parsed.show for parsed in found.values()} == {name}


@pytest.mark.parametrize(
    ("with_season", "without", "kind", "certainty"),
    [
        (0, 1, "episode", "likely"),
        (0, 2, "episode", "likely"),
        (1, 1, "film", "guess"),
        (2, 1, "film", "guess"),
        (3, 1, "film", "likely"),
        (2, 2, "film", "guess"),
        (1, 2, "episode", "likely"),
        (3, 9, "episode", "likely"),
        (9, 3, "film", "likely"),
    ],
)
def test_most_titles_of_a_proved_show_decide(with_season, without, kind, certainty):
    seen = [(f"Red Lake: Boat {chr(ord('A') + number)}", 0) for number in range(without)]

    found = decisions(seen, [("Red Lake", -1)], {"Red Lake": with_season})

    assert {(parsed.kind, parsed.certainty) for parsed in found.values()} == {(kind, certainty)}


@pytest.mark.parametrize(("titles", "certainty"), [(1, "guess"), (2, "likely"), (9, "likely")])
def test_titles_of_a_known_show_without_seasons_are_episodes(small, titles, certainty):
    seen = [(f"Ozark: Boat {chr(ord('A') + number)}", number * 900) for number in range(titles)]

    assert set(history(small, seen).values()) == {episode("Ozark", None, 0, certainty)}


def test_a_lone_title_of_a_known_show_is_a_guess_however_long(small):
    assert set(history(small, [("Ozark: Drunk and High: Live", 0)]).values()) == {episode("Ozark", None, 0, "guess")}


def test_the_name_of_a_known_show_alone_is_a_guess():
    vocabulary = Vocabulary.build([CatalogueTitle(title="Red Lake: The Boys", kind="series")])

    assert history(vocabulary, [("Red Lake: The Boys", 0)]) == {
        "Red Lake: The Boys": episode("Red Lake: The Boys", None, 0, "guess")
    }


def test_a_longer_title_of_a_show_with_seasons_stays_an_episode(small):
    found = history(small, [("Ozark: Season 1: A", 0), ("Ozark: Asylum: B", 0), ("Ozark: Chapter 3", 0)])

    assert {parsed.kind for parsed in found.values()} == {"episode"}


def test_seasons_in_another_file_say_nothing_of_a_title():
    repetition = Repetition([("Red Lake", -1)], {show_key("Red Lake", -1): {1: 5}})
    repetition.add("Red Lake: Boat", OPEN, DAY, DAY, [0])
    repetition.add("Red Lake: Car", OPEN, DAY, DAY, [0, 1])

    assert repetition.decide("Red Lake: Boat", OPEN, [0]).kind == "episode"
    assert repetition.decide("Red Lake: Car", OPEN, [0, 1]).kind == "film"


def test_a_title_that_another_file_knows_as_an_episode_is_one():
    repetition = Repetition([("Red Lake", -1)], {show_key("Red Lake", -1): {0: 5}})
    repetition.add("Red Lake: Boat", OPEN, DAY, DAY)

    assert repetition.decide("Red Lake: Boat", OPEN, [0], [("Red Lake", -1)]) == episode("Red Lake")


# Weak words, films, three parts


def test_a_part_with_several_titles_is_a_season(small):
    found = history(small, [("Red Lake: Part 1: A", 0), ("Red Lake: Part 1: B", 900)])

    assert set(found.values()) == {episode("Red Lake", "Part 1")}


def test_one_title_of_each_part_is_a_film(small):
    found = history(small, [(f"Red Lake: Part {part}: {year}", 0) for part, year in ((1, 1994), (2, 1978), (3, 1666))])

    assert set(found.values()) == {FILM}


def test_a_lone_title_of_a_part_is_a_guess(small):
    assert history(small, [("Red Lake: Part 1: A", 0)]) == {
        "Red Lake: Part 1: A": episode("Red Lake", "Part 1", -1, "guess")
    }
    assert set(history(small, [("Gwiezdne wojny: Część IV: Nadzieja", 0)]).values()) == {FILM}


def test_titles_that_begin_like_a_known_film_are_films():
    vocabulary = Vocabulary.build(
        [CatalogueTitle(title="Ozark", kind="series"), CatalogueTitle(title="Jo Doe: Live", kind="film")]
    )
    seen = [("Jo Doe: Let Me", 0), ("Jo Doe: What Now?", 1), ("Jo Doe: The Tour: Again", 1)]

    assert set(decisions(seen, vocabulary=vocabulary).values()) == {FILM}
    assert {parsed.kind for parsed in decisions(seen).values()} == {"episode"}
    many = [(f"Jo Doe: Boat {chr(ord('A') + number)}", 0) for number in range(6)]
    assert {parsed.kind for parsed in decisions(many, vocabulary=vocabulary).values()} == {"episode"}


def test_titles_that_begin_with_a_title_of_the_history_are_films(small):
    rest = ("Insidious: Chapter 2", "Insidious: Chapter 3", "Insidious: The Red Door")
    seen = ["Insidious", *rest, "Mission: Impossible", "Mission: Impossible: Fallout"]

    assert {parsed.kind for parsed in history(small, [(title, 0) for title in seen]).values()} == {"film"}
    assert {parsed.kind for parsed in history(small, [(title, 0) for title in rest]).values()} == {"episode"}


def test_a_title_of_three_parts_is_likely_an_episode():
    assert decisions([("Red Lake: Asylum: Boat", 0)]) == {"Red Lake: Asylum: Boat": episode("Red Lake", "Asylum")}
    assert decisions([("Red Lake: Asylum: Part 1", 0)]) == {"Red Lake: Asylum: Part 1": FILM}


def test_a_chapter_with_a_name_is_an_episode():
    assert decisions([("Red Lake: Chapter 2: Boat", 0)]) == {"Red Lake: Chapter 2: Boat": episode("Red Lake")}


@pytest.mark.parametrize("title", ["Ozark: The Movie", "Star Lake: Episode IV: Hope", "Ozark: Bloopers"])
def test_words_for_films_and_extras_count_more_than_other_titles(small, title):
    own = parse_title(title, small)
    repetition = Repetition([("Ozark", 0), ("Star Lake", -1)], {})
    repetition.add(title, own, DAY, DAY)

    assert repetition.decide(title, own) == own


def test_a_likely_show_proves_no_other_title(small):
    found = history(small, [("Red Lake: Chapter 1", 0), ("Red Lake: The Boat", 900)])

    assert found["Red Lake: The Boat"] == FILM


def test_a_show_of_the_vocabulary_keeps_its_index_in_a_history(small):
    found = history(small, [("Ozark: Season 1: Car", 0), ("OZARK: Boat: Train", 900)])

    assert [parsed.index for parsed in found.values()] == [0, 0]


def test_films_of_one_series_seen_over_years_stay_films(small):
    seen = [("Mission: Impossible", 0), ("Mission: Impossible - Fallout", 300), ("Mission: Impossible II", 700)]

    assert set(history(small, seen).values()) == {FILM}


def test_decided_titles_do_not_count_towards_a_series(small):
    found = history(small, [("Red Lake (Trailer)", 0), ("Red Lake", 0), ("Red Lake: Boat", 0), ("Red Lake: ", 0)])

    assert found["Red Lake: Boat"] == FILM


# Properties

_FIRSTS = st.sampled_from(["Red Lake", "RED LAKE", "Blue Lake", "Ozark", "Red Lake : le film", "3:10"])
_RESTS = st.lists(
    st.sampled_from(["Boat", "Car", "The Boys", "THE BOYS", "Chapter 2", "Chapter 3", "Episode 1", "Part 2"]),
    min_size=1,
    max_size=3,
)
_TITLES = st.builds(lambda first, rest: ": ".join([first, *rest]), _FIRSTS, _RESTS)
_SEEN = st.dictionaries(_TITLES, st.integers(0, 30) | st.integers(0, 3000), max_size=14).map(lambda d: list(d.items()))
_WITH_SEASON = st.dictionaries(st.sampled_from(["Red Lake", "Blue Lake"]), st.integers(0, 9))
_PROVED = st.lists(st.tuples(st.sampled_from(["Red Lake", "red lake", "Red Lake: The Boys"]), st.integers(-1, 3)))


@settings(max_examples=300)
@given(_SEEN, _PROVED, _WITH_SEASON, st.integers())
def test_the_order_of_titles_does_not_matter(seen, proved, with_season, seed):
    shuffled = random.Random(seed)

    again = decisions(shuffled.sample(seen, len(seen)), shuffled.sample(proved, len(proved)), with_season)

    assert again == decisions(seen, proved, with_season)


@settings(max_examples=300)
@given(
    days=st.lists(st.integers(0, 12) | st.integers(0, 2000), min_size=1, max_size=7),
    others=st.lists(st.integers(0, 12), max_size=4),
)
def test_two_part_titles_follow_the_counted_thresholds(days, others):
    span = max(days) - min(days)
    is_likely = len(days) >= 6 or (len(days) >= 3 and span <= 2)
    is_series = len(days) >= 5 or (len(days) >= 3 and span <= 7) or (len(days) == 2 and span <= 2)
    certainty: Certainty = "likely" if is_likely else "guess"
    seen = [(f"Red Lake: Boat {chr(ord('A') + number)}", day) for number, day in enumerate(days)]
    strangers = [(f"Blue Lake: Boat {chr(ord('A') + number)}", day) for number, day in enumerate(others)]

    found = decisions([*strangers, *seen])

    expected = episode("Red Lake", certainty=certainty) if is_series else FILM
    assert {found[title] for title, _ in seen} == {expected}


@settings(max_examples=300)
@given(_SEEN, _PROVED)
def test_every_title_is_decided_and_only_episodes_have_shows(seen, proved):
    known = {name for name, _ in proved}

    for title, parsed in decisions(seen, proved).items():
        assert parsed.kind in {"episode", "film"}
        assert (parsed.show is not None) == (parsed.kind == "episode")
        if parsed.show is not None:
            assert parsed.show in known or title.startswith(f"{parsed.show}: ")
        assert parsed.index == -1 or parsed.show in known
        assert parsed.season is None or f": {parsed.season}: " in title


@settings(max_examples=300)
@given(_SEEN, st.integers(-1000, 1000))
def test_only_the_days_between_matter(seen, shift):
    assert decisions([(title, day + shift) for title, day in seen]) == decisions(seen)


@settings(max_examples=40)
@given(st.lists(st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=5).map(": ".join), max_size=8))
def test_every_open_title_of_any_text_is_decided(titles):
    assume(not pages_of_double_encoding("\n".join(titles)))  # a file mends those, so they are other titles
    found = history(starter_vocabulary(), [(title, 0) for title in titles])

    assert all(parsed.kind is not None for parsed in found.values())
    assert all(parsed.show is None or parsed.show.strip() for parsed in found.values())
