"""What to watch next: from a history, a model and a list of what is not wanted, all on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.language import spoken, translations_of
from netflix_trend.layout import PrivateVolume, shared_path
from netflix_trend.participant import next_words
from netflix_trend.participant.next_shows import Because, NextShows, Suggestion, next_shows, read_model, suggested
from netflix_trend.participant.next_words import GENRES, about, because, genre_in_words, share_in_words
from netflix_trend.participant.not_for_me import MOST, NotForMeError, allow_again, leave_out, not_for_me
from netflix_trend.published.model import MODEL, Model, SeenTogether, find_model
from netflix_trend.settings import Settings, load_settings
from tests.netflix_trend.published.test_statistics import STATISTICS

AGGREGATOR = "trends@home.net"
CRIME = {"Mindhunter": 19, "Narcos": 30, "Ozark": 44, "Money Heist": 3}
MUCH_CRIME = {show.title: 9 for show in starter_vocabulary().shows[50:] if {"crime", "thriller"} <= set(show.genres)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "private_dir").mkdir()
    folders = {name: tmp_path / name for name in ("private_dir", "publisher_dir", "datasites_dir", "output_dir")}
    return load_settings(**folders, aggregator_datasite=AGGREGATOR)


def share(settings: Settings, data: bytes) -> None:
    path = settings.datasites_dir / AGGREGATOR / shared_path(MODEL)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def group_model() -> Model:
    vocabulary = starter_vocabulary()
    return find_model([STATISTICS], [show.title for show in vocabulary.shows], vocabulary.version)


def test_a_taste_moves_what_it_speaks_for_up_the_list() -> None:
    vocabulary = starter_vocabulary()
    everybody = suggested(vocabulary, None, {}, [], number=100)
    own = suggested(vocabulary, None, MUCH_CRIME, [], number=100)
    places = [[one.title for one in found.suggestions] for found in (everybody, own)]
    crime = {show.title for show in vocabulary.shows if "crime" in show.genres}
    assert sum(title in crime for title in places[1][:10]) > sum(title in crime for title in places[0][:10]) + 2
    assert places[0][0] == vocabulary.shows[0].title, "without a taste it is the order of popularity"
    assert (everybody.seen, own.seen) == (0, len(MUCH_CRIME))


def test_what_was_seen_is_never_recommended_under_any_of_its_names() -> None:
    vocabulary = starter_vocabulary()
    everything = {show.title: 5 for show in vocabulary.shows[1:]} | {vocabulary.shows[0].aliases[0]: 1}
    assert suggested(vocabulary, None, everything, []).suggestions == ()
    assert "nothing left to recommend" in " ".join(about(suggested(vocabulary, None, everything, [])))
    for number in (1, 10, 100):
        found = suggested(vocabulary, group_model(), CRIME, ["Roma"], ["Squid Game"], number)
        assert len(found.suggestions) == number
        assert {*CRIME, "Squid Game"}.isdisjoint(one.title for one in found.suggestions)


def test_films_count_for_the_taste_and_are_not_recommended() -> None:
    vocabulary = starter_vocabulary()
    films = [film.title for film in vocabulary.films if "horror" in film.genres][:8]
    assert len(films) == 8
    before, after = (suggested(vocabulary, None, {}, some, number=20) for some in ([], films))
    horror = [sum("horror" in one.genres for one in found.suggestions) for found in (before, after)]
    assert horror[1] > horror[0]
    assert after.seen == 8
    assert {film.title for film in vocabulary.films}.isdisjoint(one.title for one in after.suggestions)


def test_one_episode_says_less_than_two() -> None:
    vocabulary = starter_vocabulary()
    orders = [
        [one.title for one in suggested(vocabulary, None, dict.fromkeys(CRIME, seen), [], number=50).suggestions]
        for seen in (1, 2, 50)
    ]
    assert orders[0] != orders[1] == orders[2]


def test_numbers_of_the_group_are_said_with_their_error(settings: Settings) -> None:
    share(settings, group_model().to_bytes())
    found = next_shows(settings, CRIME, [], 100)
    by_title = {one.title: one for one in found.suggestions}
    assert by_title["Dark"].basis == "group"
    assert "% of participants name it in a week, give or take" in share_in_words(by_title["Dark"])
    assert by_title["Wednesday"].basis == "chart"
    assert "By the public chart about" in share_in_words(by_title["Wednesday"])
    assert "600 answers of participants (2026-W47 to 2026-W47)" in " ".join(about(found))
    assert json.dumps(found.to_json())


def test_without_a_group_it_is_said_and_no_number_is_made_up(settings: Settings) -> None:
    found = next_shows(settings, CRIME, [])
    assert found.model is None
    assert not any(share_in_words(one) for one in found.suggestions)
    assert "No group is behind this yet" in " ".join(about(found))
    share(settings, find_model([], ["Dark"], "1" * 32).to_bytes())
    assert "Nobody has answered yet" in " ".join(about(next_shows(settings, CRIME, [])))


@pytest.mark.parametrize("bad", [b"{}", b"no JSON", b"[" * 5000, b"x" * 9_000_000])
def test_a_bad_model_is_named_and_costs_the_group_alone(settings: Settings, bad: bytes) -> None:
    share(settings, bad)
    found = next_shows(settings, CRIME, [])
    assert found.model is None
    assert found.problem
    assert found.suggestions == suggested(starter_vocabulary(), None, CRIME, []).suggestions
    assert "cannot be read" in " ".join(about(found))


def test_a_link_in_the_place_of_a_model_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(group_model().to_bytes())
    place = settings.datasites_dir / AGGREGATOR / shared_path(MODEL)
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "elsewhere")
    assert next_shows(settings, CRIME, []).problem
    place.unlink()
    assert read_model(settings) is None


def test_titles_of_a_hostile_model_are_known_shows_only(settings: Settings) -> None:
    content = json.loads(group_model().to_bytes())
    content["shows"] = [{**content["shows"][0], "title": "\u202eEvil <script>"}, *content["shows"][1:]]
    share(settings, json.dumps(content).encode())
    known = {show.title for show in starter_vocabulary().shows}
    assert {one.title for one in next_shows(settings, {}, [], 100).suggestions} <= known


def test_a_model_of_unknown_shows_recommends_nothing() -> None:
    found = suggested(starter_vocabulary(), find_model([], ["Nobody's Show"], "1" * 32), CRIME, [])
    assert (found.suggestions, found.seen) == ((), len(CRIME))


def test_what_was_seen_together_moves_a_show_up_the_list() -> None:
    model = group_model()
    last, seen = model.shows[60].title, "Ozark"
    together = SeenTogether(
        rounds=("2026-W37",),
        answers=900,
        signal=0.5,
        titles=(seen, last, "A show that nobody knows"),
        seen=(0.2, 0.1, 0.1),
        weights=((0.0, 5.0, 0.1), (0.0, 0.0, 0.1), (0.0, 0.0, 0.0)),
    )
    moved = model.model_copy(update={"together": together})
    place = {}
    for shows in (CRIME, {"Mindhunter": 19}, {**CRIME, seen: 1}):
        for one in (model, moved):
            titles = [found.title for found in suggested(starter_vocabulary(), one, shows, [], number=2000).suggestions]
            place[(len(shows), shows.get(seen), one is moved)] = titles.index(last)
    assert place[4, 44, True] < place[4, 44, False] - 20
    assert place[1, None, True] > place[1, None, False], "who has not seen the one wants the other less"
    assert place[4, 1, True] > place[4, 1, False], "one episode is not enough"


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ((), "Because many people watch it; your history says nothing for or against it."),
        ((Because("crime", 3),), "Because you watched 3 titles of the genre crime."),
        ((Because("-1999", 1), Because("science-fiction", 2)), "1 title from before 2000 and 2 titles of the"),
        ((Because("2016-2019", 4), Because("2023-", 1)), "4 titles from 2016 to 2019 and 1 title since 2023."),
        ((Because("crime", 0),), "your history says nothing"),
    ],
)  # fmt: skip
def test_reasons_are_said_in_words(reasons: tuple[Because, ...], said: str) -> None:
    assert said in because(Suggestion("Dark", 2017, ("crime",), 0.1, 0.02, "group", reasons))


def test_every_genre_of_the_catalogue_has_a_word() -> None:
    vocabulary = starter_vocabulary()
    genres = {genre for title in (*vocabulary.shows, *vocabulary.films) for genre in title.genres}
    assert genres == set(GENRES)
    assert genre_in_words("Dr\x1bama") == "Drama"
    with spoken(translations_of("de")):
        assert genre_in_words("war") != "war"


def test_small_shares_have_a_digit_more() -> None:
    one = Suggestion("Dark", None, (), 0.12, 0.041, "group", ())
    assert share_in_words(one) == "12 % of participants name it in a week, give or take 4.1 %."


def test_the_list_of_shows_that_are_not_wanted(settings: Settings) -> None:
    private = settings.private_dir
    assert not_for_me(private) == ()
    assert leave_out(private, "Squid Game")
    assert not leave_out(private, "SQUID  game"), "it is the same show"
    assert leave_out(private, "Dark")
    assert not_for_me(private) == ("Squid Game", "Dark"), "oldest first"
    assert allow_again(private, "squid game")
    assert not allow_again(private, "squid game")
    assert not_for_me(private) == ("Dark",)
    for wrong in ("", " ", "x" * 301):
        with pytest.raises(NotForMeError):
            leave_out(private, wrong)


def test_a_damaged_list_recommends_everything_and_can_be_begun_anew(settings: Settings) -> None:
    path = PrivateVolume(settings.private_dir).not_for_me
    path.write_bytes(b"damaged")
    assert not_for_me(settings.private_dir) == ()
    path.unlink()
    path.mkdir()
    assert leave_out(settings.private_dir, "Dark")
    assert not_for_me(settings.private_dir) == ("Dark",)


def test_the_list_does_not_grow_without_end(settings: Settings) -> None:
    titles = ", ".join(f'"Show {number}"' for number in range(MOST))
    PrivateVolume(settings.private_dir).not_for_me.write_text(f'{{"schema_version": 1, "titles": [{titles}]}}')
    with pytest.raises(NotForMeError, match="at most"):
        leave_out(settings.private_dir, "Dark")


def test_words_are_of_the_language_of_the_page() -> None:
    nothing = NextShows((), None, 0)
    english = about(nothing)
    with spoken(translations_of("de")):
        assert all(one != other for one, other in zip(english, about(nothing), strict=True))
    assert next_words.GENRES
