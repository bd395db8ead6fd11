"""What a title is: an episode of which show, a film, or neither."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.catalogues import starter_vocabulary
from netflix_trend.vocabulary import CatalogueTitle, Vocabulary
from services.processor import titles as module
from services.processor.titles import ParsedTitle, parse_title

SEASON_WORDS = list(csv.DictReader((Path(module.__file__).parent / "season_words.csv").read_text("utf-8").splitlines()))


def forms(strength: str) -> list[str]:
    return [row["form"].replace("#", "2") for row in SEASON_WORDS if row["strength"] == strength]


# Title, name of the show in the title, text of the season, name of the show in the vocabulary (None: not in it)
EPISODES = [
    # a season word, in every language
    ("Ozark: Season 2: Game Day", "Ozark", "Season 2", "Ozark"),
    ("Ozark: Season  2: Game Day", "Ozark", "Season  2", "Ozark"),
    ("Ozark: Season 5B: Game Day", "Ozark", "Season 5B", "Ozark"),
    ("Ozark: Temporada 2: La costa dorada", "Ozark", "Temporada 2", "Ozark"),
    ("Ozark: 2ª temporada: A costa", "Ozark", "2ª temporada", "Ozark"),
    ("Ozark: Saison 2: Jour de match", "Ozark", "Saison 2", "Ozark"),
    ("You: Saison\u00a02: Le Bon, la Brute et Hendy", "You", "Saison 2", "You"),
    ("Ozark: Staffel 2: Spieltag", "Ozark", "Staffel 2", "Ozark"),
    ("Ozark: Stagione 2: Il giorno", "Ozark", "Stagione 2", "Ozark"),
    ("Ozark: Seizoen 2: Wedstrijddag", "Ozark", "Seizoen 2", "Ozark"),
    ("Ozark: Sezon\u00a02: Dzień meczu", "Ozark", "Sezon 2", "Ozark"),
    ("Ozark: 2. Sezon: Maç Günü", "Ozark", "2. Sezon", "Ozark"),
    ("Ozark: Sæson 2: Kampdag", "Ozark", "Sæson 2", "Ozark"),
    ("Ozark: Säsong 2: Matchdag", "Ozark", "Säsong 2", "Ozark"),
    ("Ozark: Sesong 2: Kampdag", "Ozark", "Sesong 2", "Ozark"),
    ("Ozark: Kausi 2: Pelipäivä", "Ozark", "Kausi 2", "Ozark"),
    ("Ozark: 3B. řada: Den zápasu", "Ozark", "3B. řada", "Ozark"),
    ("오징어 게임: 시즌 1: 1화", "오징어 게임", "시즌 1", "Squid Game"),
    ("オザーク: シーズン2: 試合の日", "オザーク", "シーズン2", None),
    ("You：シーズン2：エピソード1", "You", "シーズン2", "You"),
    ("Line of Duty: Series 3: Episode 4", "Line of Duty", "Series 3", "Line of Duty"),
    ("The Queen's Gambit: Limited Series: Openings", "The Queen's Gambit", "Limited Series", "The Queen's Gambit"),
    ("Gambito de dama: Miniserie: Aperturas", "Gambito de dama", "Miniserie", "The Queen's Gambit"),
    ("Le Jeu de la dame: Mini-série: Ouvertures", "Le Jeu de la dame", "Mini-série", "The Queen's Gambit"),
    ("Ertuğrul: Mini Dizi: 1. Bölüm", "Ertuğrul", "Mini Dizi", None),
    ("Friends: The Complete Series: The Pilot", "Friends", "The Complete Series", "Friends"),
    # a weak word with an episode behind it
    ("Lupin: Partie 1: Chapitre 1", "Lupin", "Partie 1", "Lupin"),
    ("La casa de papel: Parte 1: Episodio 1", "La casa de papel", "Parte 1", "Money Heist"),
    ("La Casa de Papel: 1. Kısım: 7. Bölüm", "La Casa de Papel", "1. Kısım", "Money Heist"),
    ("Dom z papieru: Część 1: Odcinek 10", "Dom z papieru", "Część 1", "Money Heist"),
    ("Haus des Geldes: Teil 1: Folge 1", "Haus des Geldes", "Teil 1", "Money Heist"),
    ("Love, Death & Robots: Volume 2: Ice", "Love, Death & Robots", "Volume 2", "Love, Death & Robots"),
    ("Some Show: Part IV: The End", "Some Show", "Part IV", None),
    ("Some Show: Book One: The End", "Some Show", "Book One", None),
    # colons inside the name of the show, and inside the name of the episode
    ("Star Trek: Voyager: Season 4: Scorpion: Part 2", "Star Trek: Voyager", "Season 4", "Star Trek: Voyager"),
    ("Narcos: Mexico: Season 1: Camelot", "Narcos: Mexico", "Season 1", "Narcos: Mexico"),
    ("Narcos: Season 1: Descenso", "Narcos", "Season 1", "Narcos"),
    ("Re:ZERO -Starting Life-: Season 1: The End", "Re:ZERO -Starting Life-", "Season 1", None),
    ("Jack Whitehall: My Father: Season 2: Episode 4", "Jack Whitehall: My Father", "Season 2", None),
    ("Tough Prisons: Season 4: Mauritius: The Punishment", "Tough Prisons", "Season 4", None),
    (
        "Avatar: The Last Airbender: Book 1: Winter Solstice: Part 2: Avatar Roku",
        "Avatar: The Last Airbender",
        "Book 1",
        "Avatar: The Last Airbender",
    ),
    (
        "Avatar: The Last Airbender: Avatar: The Last Airbender: Book 1: The Boy",
        "Avatar: The Last Airbender",
        "Book 1",
        "Avatar: The Last Airbender",
    ),
    ("Death Note: Death Note: Season 1: Rebirth", "Death Note", "Season 1", "Death Note"),
    ("Titre : sous-titre: Saison 1: Fin", "Titre : sous-titre", "Saison 1", None),
    ("Lupin : dans l'ombre: Saison 1: Fin", "Lupin : dans l'ombre", "Saison 1", None),
    # one name in several spellings
    ("Marvel’s Daredevil: Season 1: Into the Ring", "Marvel’s Daredevil", "Season 1", "Marvel's Daredevil"),
    ("MARVEL'S DAREDEVIL: SEASON 1: INTO THE RING", "MARVEL'S DAREDEVIL", "SEASON 1", "Marvel's Daredevil"),
    # no season word: the vocabulary knows the show
    ("Stranger Things: Stranger Things 3: Chapter One: Suzie", "Stranger Things", None, "Stranger Things"),
    ("Stranger Things: Chapter One: The Vanishing of Will Byers", "Stranger Things", None, "Stranger Things"),
    ("American Horror Story: Asylum: Welcome", "American Horror Story", None, "American Horror Story"),
    ("ONE PIECE: East Blue: I'm Luffy!", "ONE PIECE", None, "ONE PIECE"),
    ("Narcos: Mexico: Camelot", "Narcos: Mexico", None, "Narcos: Mexico"),
    ("Narcos: Mexico", "Narcos: Mexico", None, "Narcos: Mexico"),
    ("Ozark: 2008: The Crash", "Ozark", None, "Ozark"),
    # no season word, an unknown show: the episode has a number
    ("Some Show: Episode 2", "Some Show", None, None),
    ("Some Show: Subtitle: Episode 2", "Some Show: Subtitle", None, None),
    ("Alba: Capítulo 2", "Alba", None, None),
]

OTHERS = [
    ("Kill Bill: Vol. 1", "film"),
    ("Kill Bill: Volume 2", "film"),
    ("3:10 to Yuma", "film"),
    ("Re:ZERO -Starting Life in Another World-", "film"),
    ("2001: A Space Odyssey", "film"),
    ("John Wick: Chapter 2", "film"),
    ("The Lord of the Rings: The Two Towers", "film"),
    ("Black Mirror: Bandersnatch", "film"),
    ("The Witcher: Nightmare of the Wolf", "film"),
    ("Jack Whitehall: At Large", "film"),
    ("Fear Street Part 1: 1994", "film"),
    ("Star Wars : Un nouvel espoir", "film"),
    ("Roma", "film"),
    ("Ozark", "film"),
    ("Season 1", "film"),
    ("Bong of the Dead\t", "film"),
    ("1917", "film"),
    ("Mission: Impossible", "unsure"),
    ("Star Wars: Episode IV: A New Hope", "unsure"),
    ("Dune: Part Two", "unsure"),
    ("The Hunger Games: Mockingjay: Part 1", "unsure"),
    ("Some Show: Something Nobody Knows", "unsure"),
    ("Some Film: Season 2 and Counting: The End", "unsure"),
    ("Some Film: Part 2 of Many: The End", "unsure"),
    ("Some Film: Episode 2 Returns", "unsure"),
    (": Episode 3", "unsure"),
    (": Something", "unsure"),
    ("", "blank"),
    ("   ", "blank"),
    (": ", "blank"),
    (":", "blank"),
    ("\u00a0", "blank"),
    ("House of Cards: Season 1 (Recap)", "supplemental"),
    ("Legion: Season 1_hook_primary_16x9", "supplemental"),
    ("Season 1 Trailer: Ozark", "supplemental"),
    ("Ozark: Temporada 1 (Tráiler)", "supplemental"),
    ("Ozark : Bande-annonce", "supplemental"),
    ("Ozark: Fragman", "supplemental"),
    ("Wednesday: Season 1: Teaser", "supplemental"),
    ("Ozark: Season 2 MOTION VIDEO", "supplemental"),
]


@pytest.mark.parametrize(("title", "show", "season", "known_as"), EPISODES, ids=[case[0] for case in EPISODES])
def test_an_episode_has_its_show_and_season(vocabulary, title, show, season, known_as):
    index = vocabulary.show(known_as) if known_as else -1

    assert parse_title(title, vocabulary) == ParsedTitle("episode", show, season, index)


@pytest.mark.parametrize(("title", "kind"), OTHERS, ids=[repr(case[0]) for case in OTHERS])
def test_what_is_no_episode_has_no_show(vocabulary, title, kind):
    assert parse_title(title, vocabulary) == ParsedTitle(kind)


@pytest.mark.parametrize("form", forms("strong"))
@pytest.mark.parametrize("episode", ["", ": Something"])
def test_every_strong_season_word_proves_an_episode_on_its_own(vocabulary, form, episode):
    assert parse_title(f"Some Show: {form}{episode}", vocabulary) == ParsedTitle("episode", "Some Show", form)


@pytest.mark.parametrize("form", forms("weak"))
def test_every_weak_season_word_proves_an_episode_when_one_follows(vocabulary, form):
    assert parse_title(f"Some Show: {form}: Something", vocabulary) == ParsedTitle("episode", "Some Show", form)


@pytest.mark.parametrize("form", forms("weak"))
def test_no_weak_season_word_at_the_end_makes_a_show_of_a_film(vocabulary, form):
    assert parse_title(f"Some Film: {form}", vocabulary) == ParsedTitle("unsure")


@pytest.mark.parametrize("form", forms("episode"))
def test_every_episode_word_with_a_number_at_the_end_is_an_episode(vocabulary, form):
    assert parse_title(f"Some Show: {form}", vocabulary) == ParsedTitle("episode", "Some Show")


@pytest.mark.parametrize("form", forms("strong") + forms("weak"))
def test_season_words_are_read_in_any_case_and_with_any_blank(vocabulary, form):
    shouted = form.replace(" ", "\u00a0").upper()

    assert parse_title(f"Some Show: {shouted}: Something", vocabulary).show == "Some Show"


@pytest.mark.parametrize(
    "title",
    [
        "Ozarks: Season 1: A",
        "The Ozark: Season 1: A",
        "Ozark 2: Season 1: A",
        "Oz: Season 1: A",
        "Ozar: A",
        "Ozark - A: B",
    ],
)
def test_a_name_that_is_only_like_a_show_is_not_counted_as_it(vocabulary, title):
    assert parse_title(title, vocabulary).index == -1


@pytest.mark.parametrize("title", ["Ozark:Season 1", "Ozark:A", "Ozark-A", "Ozark, A"])
def test_only_a_colon_with_a_blank_behind_it_ends_a_name(vocabulary, title):
    assert parse_title(title, vocabulary).index == -1


def test_the_longest_name_wins(vocabulary):
    names = ["Star Trek", "Star Trek: Voyager"]

    found = [parse_title(f"{name}: The Cloud", vocabulary).index for name in names]

    assert found == [vocabulary.show(name) for name in names]


def test_a_film_of_the_catalogue_is_no_episode_of_the_show_it_begins_with(vocabulary):
    show = vocabulary.show("Black Mirror")

    assert parse_title("Black Mirror: Bandersnatch", vocabulary).index == -1
    assert parse_title("Black Mirror: Nosedive", vocabulary).index == show


# The whole starter catalogue


@pytest.mark.parametrize("rest", ["Season 1: Episode 1", "Some Episode", "Limited Series: Pilot", "Part 2: Pilot"])
def test_every_series_of_the_starter_catalogue_is_found_again(vocabulary, rest):
    missed = {
        show.title
        for number, show in enumerate(vocabulary.shows)
        if parse_title(f"{show.title}: {rest}", vocabulary).index != number
    }

    assert not missed


@pytest.mark.parametrize("rest", ["Season 1: Episode 1", "Some Episode"])
def test_every_alias_of_the_starter_catalogue_leads_to_its_show(vocabulary, rest):
    missed = [
        alias
        for number, show in enumerate(vocabulary.shows)
        for alias in show.aliases
        if parse_title(f"{alias}: {rest}", vocabulary).index != number
    ]

    assert missed == []


def test_no_film_of_the_starter_catalogue_is_an_episode(vocabulary):
    names = [name for film in vocabulary.films for name in (film.title, *film.aliases)]

    assert [name for name in names if parse_title(name, vocabulary) != ParsedTitle("film")] == []


def test_a_show_that_the_vocabulary_lacks_is_not_counted_as_another(vocabulary):
    # Every show is left out once. 40 vocabularies lack every 40th show, which is 40 times faster than one for each;
    # shows with similar names stand side by side in the catalogue, so a show's neighbours stay in.
    counted_wrong = []
    for group in range(40):
        kept = [show for number, show in enumerate(vocabulary.shows) if number % 40 != group]
        without = Vocabulary(tuple(kept), vocabulary.films)
        counted_wrong += [
            show.title
            for show in vocabulary.shows[group::40]
            if parse_title(f"{show.title}: Season 1: Episode 1", without).index != -1
        ]

    assert counted_wrong == []


# Properties

_NAMES = [show.title for show in starter_vocabulary().shows[:60]]
_PARTS = st.one_of(
    st.sampled_from(_NAMES),
    st.sampled_from(["Season 1", "Part 2", "Vol. 1", "Episode 3", "Temporada 2", "", " ", "시즌 1"]),
    st.text(max_size=8),
)
_TITLES = st.lists(_PARTS, max_size=5).flatmap(
    lambda parts: st.sampled_from([": ", " : ", ":", "："]).map(lambda s: s.join(parts))
)


@settings(max_examples=300)
@given(_TITLES)
def test_a_counted_show_is_named_whole_at_the_beginning_of_the_title(title):
    vocabulary = starter_vocabulary()
    parsed = parse_title(title, vocabulary)

    if parsed.index >= 0:
        assert parsed.kind == "episode"
        ends = [place for place, character in enumerate(title) if character in ":："]
        assert parsed.index in {vocabulary.show(name) for name in [title, *(title[:end] for end in ends)]}


@settings(max_examples=300)
@given(_TITLES)
def test_every_text_is_one_of_the_five_kinds_and_only_episodes_have_shows(title):
    parsed = parse_title(title, starter_vocabulary())

    assert parsed.kind in {"episode", "film", "unsure", "blank", "supplemental"}
    assert (parsed.show is not None) == (parsed.kind == "episode")
    assert parsed.show != ""


def test_a_season_word_that_belongs_to_a_known_shows_name_is_no_season():
    names = ["Spooky Stories", "Spooky Stories: Volume 2"]
    vocabulary = Vocabulary.build(CatalogueTitle(title=name, kind="series") for name in names)
    assert parse_title("Spooky Stories: Volume 2: Season 1: Episode 1", vocabulary).index == 1
    assert parse_title("Spooky Stories: Volume 2: Some Episode", vocabulary).index == 1
    assert parse_title("Spooky Stories: Volume 3: Some Episode", vocabulary).index == 0
