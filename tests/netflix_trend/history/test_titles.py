"""What a title is: an episode of which show, a film, or neither."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue import season_words as module
from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.season_words import has_form
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.history.titles import (
    ParsedTitle,
    match_key,
    parse_title,
    split_title,
)

SEASON_WORDS = list(
    csv.DictReader((Path(module.__file__).parent / "data" / "season_words.csv").read_text("utf-8").splitlines())
)


def forms(strength: str, number: str = "2") -> list[str]:
    return [row["form"].replace("#", number).replace("@", "2") for row in SEASON_WORDS if row["strength"] == strength]


def vocabulary_of(*series: str, films: tuple[str, ...] = ()) -> Vocabulary:
    rows = [*((name, "series") for name in series), *((name, "film") for name in films)]
    return Vocabulary.build(CatalogueTitle.model_validate({"title": name, "kind": kind}) for name, kind in rows)


UNKNOWING = vocabulary_of("A show that no test names")

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
    ("Stranger Things: Chapter One: The Vanishing of Will Byers", "Stranger Things", None, "Stranger Things"),
    # no season word, an unknown show: the episode has a number
    ("Some Show: Episode 2", "Some Show", None, None),
    ("Some Show: Episode One", "Some Show", None, None),
    ("Some Show: Episode IV", "Some Show", None, None),
    ("Some Show: EPISODE.01", "Some Show", None, None),
    ("Some Show: Ep2: The Storm", "Some Show", None, None),
    ("Some Show: Episode 2: The Storm", "Some Show", None, None),
    ("Some Show: Folge 2: Der Sturm", "Some Show", None, None),
    ("Alba: Capítulo 2", "Alba", None, "Alba"),
    # an unknown show that is named again as its season
    ("Red Lake: Red Lake 3: Chapter One: The Boat", "Red Lake", "Red Lake 3", None),
    ("Red Lake: Red Lake: The Boat", "Red Lake", "Red Lake", None),
    ("Red Lake: Red Lake 3: Season 1: The Boat", "Red Lake", "Season 1", None),
    ("Red Lake: The Boys: red lake: THE BOYS: Season 1", "Red Lake: The Boys", "Season 1", None),
    ("A: B: C: A: B: C: Season 1: The Boat", "A: B: C", "Season 1", None),
    # named almost again: a name of its own
    ("Red Lake: Red Lakes: Season 1: The Boat", "Red Lake: Red Lakes", "Season 1", None),
    ("Red Lake: The Boys: Red Lake: Season 1: The Boat", "Red Lake: The Boys: Red Lake", "Season 1", None),
    # spaced colons: text, but not before a season
    ("Some Show : Seizoen 1: De boot", "Some Show", "Seizoen 1", None),
    ("Some Show\u00a0: Seizoen\u00a01: De boot", "Some Show", "Seizoen 1", None),
    ("Some Show: Saison 1: La mer : le départ", "Some Show", "Saison 1", None),
    # the full-width colon ends a part with and without a blank
    ("Some Show： Season 1： The Boat", "Some Show", "Season 1", None),
    ("Some Show：Season 1: The Boat", "Some Show", "Season 1", None),
    # colons that are no separators
    ("Midnight 3:10: Season 1: The Boat", "Midnight 3:10", "Season 1", None),
    ("Some Show: Season 1: 3:10", "Some Show", "Season 1", None),
    # strong before weak, and the first of each
    ("Some Show: Part 2: Season 3: The Boat", "Some Show: Part 2", "Season 3", None),
    ("Some Show: Season 3: Part 2: The Boat", "Some Show", "Season 3", None),
    ("Some Show: Season 3: Part 2", "Some Show", "Season 3", None),
    ("Some Show: Season 1: Season 2 of Our Lives", "Some Show", "Season 1", None),
    # the name of the episode is missing
    ("Some Show: Season 1: ", "Some Show", "Season 1", None),
    ("Some Show: Season 1:", "Some Show", "Season 1", None),
    # blanks around
    ("  Some Show: Season 1: The Boat\t", "Some Show", "Season 1", None),
    ("Some Show:  Season 1:  The Boat", "Some Show", "Season 1", None),
    # numbers of all kinds
    ("Some Show: Season 12: The Boat", "Some Show", "Season 12", None),
    ("Some Show: Season 5b: The Boat", "Some Show", "Season 5b", None),
    ("Some Show: Season １: The Boat", "Some Show", "Season １", None),
    ("Some Show: 第二季: 第3集", "Some Show", "第二季", None),
    ("Some Show: الموسم ١: الحلقة ٢", "Some Show", "الموسم ١", None),
    # a trailer is only in the name
    ("Trailer Park Boys: Season 1: Take Your Little Gun", "Trailer Park Boys", "Season 1", "Trailer Park Boys"),
    ("Trailer Park Stories: Season 1: The Boat", "Trailer Park Stories", "Season 1", None),
    ("Trailer Trouble: Episode 3", "Trailer Trouble", None, None),
    ("Some Show: Season 1: The Trailer", "Some Show", "Season 1", None),
    ("Some Show: Season 1: A Trailer", "Some Show", "Season 1", None),
    ("Some Show: Season 1: The Recap", "Some Show", "Season 1", None),
    ("Some Show: Season 1: El tráiler", "Some Show", "Season 1", None),
    ("Some Show: Season 1: Trailer Trash", "Some Show", "Season 1", None),
    ("Some Show: Season 1: Trailers for Sale", "Some Show", "Season 1", None),
    ("Some Show: Season 1: The Recapitulation", "Some Show", "Season 1", None),
    ("Some Show: Season 1: The Recaptured (Part 1)", "Some Show", "Season 1", None),
    ("Some Show: Season 1: Living in a Trailer", "Some Show", "Season 1", None),
    ("Some Show: Season 1: Her Trailer", "Some Show", "Season 1", None),
    # ViewingActivity.csv: a number behind the name
    ("Some Show: Season 1: The Boat (Episode 3)", "Some Show", "Season 1", None),
    ("Some Show: Season 1: The Boat (1) (Episode 3)", "Some Show", "Season 1", None),
    ("Some Show: Book 1: The Boat (Episode 3)", "Some Show", "Book 1", None),
    ("Some Show: The Boat (Episode 3)", "Some Show", None, None),
    ("Some Show: The Beginning: The Boat (Episode 3)", "Some Show", "The Beginning", None),
    ("Some Show (Episode 3)", "Some Show", None, None),
    ("Some Show: Season 1: The Boat (Episode 3) ", "Some Show", "Season 1", None),
    ("Some Show: Season 1: The Trailer (Episode 3)", "Some Show", "Season 1", None),
    ("Star Trek: Voyager: Scorpion: Part 2 (Episode 1)", "Star Trek: Voyager", None, "Star Trek: Voyager"),
    ("Black Mirror: Bandersnatch (Episode 1)", "Black Mirror", None, "Black Mirror"),
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
    ("Some Film", "film"),
    ("Some Film (Part 2)", "film"),
    ("Part 2", "film"),
    ("Titre : sous-titre", "film"),
    ("Trailer Park of Terror", "film"),
    ("Trailer Park Boys", "film"),
    ("The Trailer", "film"),
    ("The Long, Long Trailer", "film"),
    ("Mission: Impossible", None),
    ("Dune: Part Two", None),
    ("The Hunger Games: Mockingjay: Part 1", None),
    ("Some Show: Something Nobody Knows", None),
    ("Teaser", "film"),
    ("Recap", "film"),
    ("Trailer", "film"),
    ("Bande-annonce", "film"),
    ("SHOW: SEASON: VideoEpisode", "blank"),
    ("Some Show: Subtitle: Chapter 2", None),
    ("Some Show: Chapter 2", None),
    ("Some Show: Chapter Eleven", None),
    ("Some Show: 11. kapitola", None),
    ("Some Show: Chapter 21", None),
    ("Some Show: Chapter 10", None),
    ("Some Show: Chapter II", None),
    ("Some Show: The Trailer", None),
    ("Some Show: The Recap", None),
    ("Some Show: The Rap (Part 2)", None),
    ("Red Lake: The Boys: Red Lake: The Boys: The Boat", None),
    ("Some Film: Season 2 and Counting: The End", None),
    ("Some Film: Part 2 of Many: The End", None),
    ("Some Film: Episode 2 Returns", None),
    ("Some Film: The Season 2", None),
    ("Some Film: World Series 2", None),
    ("Some Film: Episode", None),
    ("Some Film: Season", None),
    ("Some Film: Season 2 1", None),
    ("Some Film: Season MMII: The End", None),
    (": Episode 3", "unnamed"),
    (": Chapter 3", "unnamed"),
    (": Season 1: Pilot", "unnamed"),
    (": Season 1", "unnamed"),
    (": Part 2: Pilot", "unnamed"),
    (": Something", "unnamed"),
    ("： Episode 3", "unnamed"),
    (" : Episode 3", "unnamed"),
    ("\u00a0: Episode\u00a03", "unnamed"),
    (": Season 1: Pilot (Episode 3)", "unnamed"),
    (": Pilot (Episode 3)", "unnamed"),
    (": (Episode 3)", "unnamed"),
    ("\u200b: Episode 3", "unnamed"),
    ("\u200b: Season 1: Pilot", "unnamed"),
    ("", "blank"),
    ("   ", "blank"),
    (": ", "blank"),
    (":", "blank"),
    ("::", "blank"),
    (" : : ", "blank"),
    ("： ", "blank"),
    ("\t", "blank"),
    ("\u00a0", "blank"),
    ("\u00a0:\u00a0", "blank"),
    ("\u200b", "blank"),
    ("\ufeff: ", "blank"),
    ("House of Cards: Season 1 (Recap)", "supplemental"),
    ("Legion: Season 1_hook_primary_16x9", "supplemental"),
    ("Season 1 Trailer: Ozark", "supplemental"),
    ("Ozark: Temporada 1 (Tráiler)", "supplemental"),
    ("Ozark : Bande-annonce", "supplemental"),
    ("Ozark: Fragman", "supplemental"),
    ("Wednesday: Season 1: Teaser", "supplemental"),
    ("Ozark: Season 2 MOTION VIDEO", "supplemental"),
    ("Season 1_hook_primary_16x9", "supplemental"),
    ("Some Film_HOOK_01", "supplemental"),
    ("Some Film_16x9", "supplemental"),
    ("Roma_16x9: Trailer", "supplemental"),
    ("Some Show: Season 2 Trailer", "supplemental"),
    ("Some Show: Season 1: Trailer", "supplemental"),
    ("Some Show: Trailer", "supplemental"),
    ("Some Show: Teaser 2", "supplemental"),
    ("Some Show: Official Trailer", "supplemental"),
    ("Some Show: Official Teaser Trailer 2", "supplemental"),
    ("Some Show: Season 2 Recap", "supplemental"),
    ("Some Show: Season 2 (Official Trailer)", "supplemental"),
    ("Some Show: Season 2 [Teaser]", "supplemental"),
    ("Some Show (Trailer)", "supplemental"),
    ("SOME SHOW: SEASON 2 (RECAP)", "supplemental"),
    ("Trailer: Some Film", "supplemental"),
    ("Trailer 2: Some Film", "supplemental"),
    ("Teaser: Some Film", "supplemental"),
    ("Recap: Some Show", "supplemental"),
    ("Season 1 Recap: Some Show", "supplemental"),
    ("Season\u00a01\u00a0Trailer: Some Show", "supplemental"),
    ("Tráiler de la temporada 2: Some Show", "supplemental"),
    ("Tráiler de la Temporada 2: Ozark", "supplemental"),
    ("TRÁILER DE LA TEMPORADA 2: OZARK", "supplemental"),
    ("Trailer da temporada 2: Some Show", "supplemental"),
    ("Trailer oficial: Some Show", "supplemental"),
    ("Bande-annonce de la saison 2: Some Show", "supplemental"),
    ("Bande annonce saison 2: Some Show", "supplemental"),
    ("Bande-annonce : Some Show", "supplemental"),
    ("Some Show: Bandes-annonces", "supplemental"),
    ("Trailer zu Staffel 2: Some Show", "supplemental"),
    ("Staffel 2 Trailer: Some Show", "supplemental"),
    ("Some Show: Staffel 2 (Trailer)", "supplemental"),
    ("2. Sezon Fragmanı: Some Show", "supplemental"),
    ("Zwiastun 2. sezonu: Some Show", "supplemental"),
    ("Some Show: Some Show Trailer", "supplemental"),
    ("Some Show: SOME SHOW Official Trailer", "supplemental"),
    ("Some Show: Recap Season 1", "supplemental"),
    ("Some Show: Trailer Staffel 2", "supplemental"),
    ("Some Show: Tráileres", "supplemental"),
    ("Some Show: Final Trailer", "supplemental"),
    ("Some Show: New Trailer", "supplemental"),
    ("Some Show: Oficial Trailer", "supplemental"),
    ("Some Show: Officielle Bande-annonce", "supplemental"),
    ("Some Show: Offizieller Trailer", "supplemental"),
    ("Some Show: Ufficiale Trailer", "supplemental"),
    ("Some Show: Resmi Fragman", "supplemental"),
    ("Some Show: Oficjalny Zwiastun", "supplemental"),
    ("Trailer:Some Film", "supplemental"),
    ("Tráiler del final: Some Show", "supplemental"),
    ("Trailer da série: Some Show", "supplemental"),
    ("Trailer do filme: Some Film", "supplemental"),
    ("Zwiastun dla fanów: Some Show", "supplemental"),
    ("Trailer van het einde: Some Show", "supplemental"),
    ("Trailer von Folge 2: Some Show", "supplemental"),
    ("Trailer zur Serie: Some Show", "supplemental"),
    ("Tráiler temporada final: Some Show", "supplemental"),
    ("Bande-annonce saison finale: Some Show", "supplemental"),
    ("Zwiastun sezonu drugiego: Some Show", "supplemental"),
    ("Bande-annonce officielle: Some Show", "supplemental"),
    ("Trailer Park Boys: Trailer", "supplemental"),
    ("Trailer Park Boys: Season 1 Trailer", "supplemental"),
    ("Trailer Park Boys: Season 1: Trailer", "supplemental"),
    ("Season 1 Trailer: Trailer Park Boys", "supplemental"),
]


# Kinds that other titles of the history may change: title, kind, show, season, name of the show in the vocabulary
PRESUMED = [
    # begins with the name of a known show
    ("Narcos: Mexico: Camelot", "episode", "Narcos: Mexico", None, "Narcos: Mexico"),
    ("Suits : Avocats sur mesure: Le Pilote", "episode", "Suits : Avocats sur mesure", None, "Suits"),
    ("American Horror Story: Asylum: Welcome", "episode", "American Horror Story", None, "American Horror Story"),
    ("ONE PIECE: East Blue: I'm Luffy!", "episode", "ONE PIECE", None, "ONE PIECE"),
    ("Ozark: 2008: The Crash", "episode", "Ozark", None, "Ozark"),
    ("Ozark: Part 2", "episode", "Ozark", None, "Ozark"),
    # weak words of an unknown show
    ("Some Show: Part IV: The End", "episode", "Some Show", "Part IV", None),
    ("Some Show: Book One: The End", "episode", "Some Show", "Book One", None),
    ("Some Show: Volume 1: Part 2", "episode", "Some Show", "Volume 1", None),
    ("Some Show: Libro dos: El barco", "episode", "Some Show", "Libro dos", None),
    ("Some Show: S4: The Boat", "episode", "Some Show", "S4", None),
    ("Red Lake: The Boys: Red Lake: The Boys: Book 1: The Boat", "episode", "Red Lake: The Boys", "Book 1", None),
    # the number of an episode or a chapter further behind
    ("Some Show: Subtitle: Episode 2", "episode", "Some Show: Subtitle", None, None),
    ("Some Show: Subtitle: Episode Two: The Storm", "episode", "Some Show: Subtitle", None, None),
    ("Some Show: Chapter 2: The Storm", "episode", "Some Show", None, None),
    ("Some Show: Capítulo 2: La tormenta", "episode", "Some Show", None, None),
    # words for films
    ("Ozark: The Movie", "film", None, None, None),
    ("Ozark: The Movie: The Boat", "film", None, None, None),
    ("Some Show: Subtitle: La película", "film", None, None, None),
    ("Star Wars: Episode IV: A New Hope", "film", None, None, None),
    ("Star Wars: Épisode IV: Un nouvel espoir", "film", None, None, None),
    ("Star Wars: Episodio IV: Una nuova speranza", "film", None, None, None),
    # extras
    ("Ozark: Behind the Scenes", "supplemental", None, None, None),
    ("Ozark: Making Of", "supplemental", None, None, None),
    ("Ozark: Kamera Arkası", "supplemental", None, None, None),
    ("Some Show: The Boat (Featurette)", "supplemental", None, None, None),
    ("Some Show: Season 1 (Clip)", "supplemental", None, None, None),
]


@pytest.mark.parametrize(("title", "kind", "show", "season", "known_as"), PRESUMED, ids=[case[0] for case in PRESUMED])
def test_what_words_do_not_prove_is_likely(vocabulary, title, kind, show, season, known_as):
    index = vocabulary.show(known_as) if known_as else -1

    assert parse_title(title, vocabulary) == ParsedTitle(kind, show, season, index, "likely")


def test_a_title_that_is_a_shows_name_is_a_guess(vocabulary):
    index = vocabulary.show("Narcos: Mexico")

    expected = ParsedTitle("episode", "Narcos: Mexico", None, index, "guess")
    assert parse_title("Narcos: Mexico", vocabulary) == expected


def test_no_word_for_a_film_is_an_episode_of_a_show(vocabulary):
    for form in forms("film"):
        for name in ("Ozark", "Some Show"):
            assert parse_title(f"{name}: {form}", vocabulary) == ParsedTitle("film", certainty="likely"), form
        assert parse_title(f"Ozark: Season 1: {form}", vocabulary).kind == "episode", form


def test_words_for_extras_count_behind_a_known_name_and_in_brackets_only(vocabulary):
    for form in forms("extra"):
        named, in_brackets = (
            (f"Ozark: {form}", f"The Irishman: {form}"),
            (f"Some Show: Season 1 ({form})", f"Some Film ({form})"),
        )
        for title in (*named, *in_brackets):
            assert parse_title(title, vocabulary) == ParsedTitle("supplemental", certainty="likely"), title
        assert parse_title(f"Ozark: Season 1: {form}", vocabulary).kind == "episode", form
        assert parse_title(f"Some Show: {form}", vocabulary).kind != "supplemental", form
        assert parse_title(form, vocabulary) == ParsedTitle("film"), form


# Words with something behind or before them


@pytest.mark.parametrize(
    "season",
    [
        *("Season 2 Part B", "Season 2, Part 1", "Season 5 Volume 1", "Saison 5 - Partie 2", "Temporada 2 Parte 1"),
        *("Season 1 (Uncut)", "Season 4 Remix", "Part 2 (Season 4)", "Temporada Final", "The Final Season"),
        *("Letzte Staffel", "2. Staffel", "1ère saison", "2e saison", "Dernière saison", "Ostatni sezon", "第 2 季"),
        *("Final Sezonu", "Viimeinen kausi", "Последний сезон", "Последний сезон (1)", "Мини–сериал", "第一季"),
        *("1re saison", "Season1", "الموسم الأول", "सीज़न 2", "Musim 2", "Mùa 2", "ซีซั่น 2", "עונה 2", "2. évad"),
    ],
)
def test_season_words_with_more_than_a_number_are_seasons(season):
    assert parse_title(f"Some Show: {season}: Boat", UNKNOWING) == ParsedTitle("episode", "Some Show", season)


@pytest.mark.parametrize("season", ["Part 5, Volume 2", "5. rész – 2. kötet", "S4", "T2", "Partea 3", "第 3 部"])
def test_parts_of_seasons_are_weak(season):
    parsed = parse_title(f"Some Show: {season}: Boat", UNKNOWING)

    assert parsed == ParsedTitle("episode", "Some Show", season, certainty="likely")
    assert parse_title(f"Some Show: {season}", UNKNOWING).kind is None


def test_the_turkish_word_for_an_episode_is_also_that_for_a_part_of_a_film():
    assert parse_title("Some Film: Subtitle: Bölüm 1", UNKNOWING) == ParsedTitle(None)
    assert parse_title("Some Show: Subtitle: 1. Bölüm", UNKNOWING).kind == "episode"


@pytest.mark.parametrize("text", ["Six", "Ten", "TV", "Tone", "Season 2 and Counting", "Part 2 (Uncut)", "S"])
def test_words_that_contain_a_season_word_are_none(text):
    assert parse_title(f"Some Film: {text}: Boat", UNKNOWING).season is None


def test_an_empty_season_is_a_season():
    for title in ("Some Show: :", "Some Show: : ", "Some Show:  : Boat", "Some Show: : Boat: Car"):
        assert parse_title(title, UNKNOWING).show == "Some Show"
        assert parse_title(title, UNKNOWING).kind == "episode"
    assert parse_title("Some Show:  : Episode 3", UNKNOWING) == ParsedTitle("episode", "Some Show")
    assert parse_title("Some Film: ", UNKNOWING) == ParsedTitle("film")
    assert parse_title("Some Show: Season 1:: Boat", UNKNOWING).season == "Season 1"


def test_a_name_and_season_that_are_one_belong_to_the_show():
    parsed = parse_title("Red Lake: The Series: The Series: Boat", UNKNOWING)

    assert parsed == ParsedTitle("episode", "Red Lake: The Series", "The Series")


# ViewingActivity.csv: only the number behind it makes an episode


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Ozark: Boat", ParsedTitle("film", certainty="likely")),
        ("Narcos: Mexico", ParsedTitle("film", certainty="likely")),
        ("Some Show: Part 2: Boat", ParsedTitle("film", certainty="likely")),
        ("Some Show: A: B: C", ParsedTitle("film", certainty="likely")),
        ("Some Show: Chapter 2: Boat", ParsedTitle("film", certainty="likely")),
        ("Some Film", ParsedTitle("film")),
        ("Black Mirror: Bandersnatch", ParsedTitle("film")),
        ("Some Show: Part 2: Boat (Episode 3)", ParsedTitle("episode", "Some Show", "Part 2")),
        ("Some Show: Boat (Episode 3)", ParsedTitle("episode", "Some Show")),
        ("Some Show: Episode 3", ParsedTitle("episode", "Some Show")),
        ("Some Show: Asylum: Episode 3", ParsedTitle("episode", "Some Show", "Asylum")),
        ("Some Show: Season 1: Boat", ParsedTitle("episode", "Some Show", "Season 1")),
        (": Episode 3", ParsedTitle("unnamed")),
        ("", ParsedTitle("blank")),
        ("Some Show: Trailer", ParsedTitle("supplemental")),
    ],
)
def test_in_an_archive_only_numbers_and_seasons_make_an_episode(vocabulary, title, expected):
    assert parse_title(title, vocabulary, is_archive=True) == expected


@pytest.mark.parametrize(("title", "show", "season", "known_as"), EPISODES, ids=[case[0] for case in EPISODES])
def test_an_episode_has_its_show_and_season(vocabulary, title, show, season, known_as):
    index = vocabulary.show(known_as) if known_as else -1

    assert parse_title(title, vocabulary) == ParsedTitle("episode", show, season, index)


@pytest.mark.parametrize(("title", "kind"), OTHERS, ids=[repr(case[0]) for case in OTHERS])
def test_only_episodes_have_a_show(vocabulary, title, kind):
    assert parse_title(title, vocabulary) == ParsedTitle(kind)


def wrong(words: list[str], holds: Callable[[str], bool]) -> list[str]:
    """Return for which words of the table something does not hold: a test for each would take longer than the words."""
    assert words
    return [word for word in words if not holds(word)]


@pytest.mark.parametrize("episode", ["", ": Something"])
def test_every_strong_season_word_proves_an_episode_on_its_own(vocabulary, episode):
    def holds(form: str) -> bool:
        parsed = ParsedTitle("episode", "Some Show", form)
        return parse_title(f"Some Show: {form}{episode}", vocabulary) == parsed

    assert wrong(forms("strong"), holds) == []


def test_every_weak_season_word_proves_an_episode_when_one_follows(vocabulary):
    def holds(form: str) -> bool:
        parsed = ParsedTitle("episode", "Some Show", form)
        return (
            parse_title(f"Some Show: {form}: Something", vocabulary) == replace(parsed, certainty="likely")
            and parse_title(f"Some Show: {form}: Episode 2", vocabulary) == parsed
            and parse_title(f"Ozark: {form}: Something", vocabulary).certainty == "certain"
        )

    assert wrong(forms("weak"), holds) == []


def test_no_weak_season_word_at_the_end_makes_a_show_of_a_film(vocabulary):
    def holds(form: str) -> bool:
        titles = (f"Some Film: {form}", f"Some Film: Subtitle: {form}")
        return all(parse_title(title, vocabulary).kind in {None, "film"} for title in titles)

    assert wrong(forms("weak"), holds) == []


def test_every_episode_word_with_a_number_at_the_end_is_an_episode(vocabulary):
    parsed = ParsedTitle("episode", "Some Show")

    assert wrong(forms("episode"), lambda form: parse_title(f"Some Show: {form}", vocabulary) == parsed) == []


def test_every_episode_word_with_a_number_and_a_name_behind_it_is_an_episode():
    parsed = ParsedTitle("episode", "Some Show")

    assert wrong(forms("episode"), lambda form: parse_title(f"Some Show: {form}: The Boat", UNKNOWING) == parsed) == []


def test_every_episode_word_in_brackets_at_the_end_is_an_episode():
    def holds(form: str) -> bool:
        titles = (f"Some Show: The Boat ({form})", f"Some Show: The Boat\u00a0({form.upper()})")
        return all(parse_title(title, UNKNOWING) == ParsedTitle("episode", "Some Show") for title in titles)

    assert wrong(forms("episode") + forms("chapter"), holds) == []


def test_every_episode_word_without_a_show_before_it_is_an_episode_of_an_unknown_show():
    words = forms("episode") + forms("chapter")

    assert wrong(words, lambda form: parse_title(f": {form}", UNKNOWING) == ParsedTitle("unnamed")) == []


@pytest.mark.parametrize("number", ["1", "01", "One", "I"])
@pytest.mark.parametrize("form", ["Chapter #", "Capítulo #", "#. kapitola", "第#章"])
def test_no_film_is_called_chapter_one(form, number):
    parsed = parse_title(f"Some Show: {form.replace('#', number)}", UNKNOWING)

    assert parsed.kind in {None, "episode"}  # a sibling may still tell more
    assert parsed.certainty != "certain" or parsed.kind is None


def test_a_chapter_that_is_not_the_first_is_open():
    words = forms("chapter")

    assert wrong(words, lambda form: parse_title(f"Some Film: {form}", UNKNOWING) == ParsedTitle(None)) == []


@pytest.mark.parametrize(("strength", "other"), [("chapter", "episode"), ("episode", "chapter")])
def test_chapters_and_episode_numbers_are_two_things(strength, other):
    def holds(form: str) -> bool:
        return has_form(form, strength) and not has_form(form, other) and not has_form(f"{form} and more", strength)

    assert wrong(forms(strength), holds) == []


NUMBERS = ["1", "10", "2008", "5B", "IV", "XII", "one", "Ten", "DOS", "uno", "trois", "三", "十", "２"]


@pytest.mark.parametrize("number", NUMBERS)
def test_every_season_word_accepts_every_kind_of_number(number):
    strong = [form for form in forms("strong", "#") if "#" in form]
    weak = [form for form in forms("weak", "#") if "#" in form]
    titles = [f"Some Show: {form.replace('#', number)}: The Boat" for form in strong + weak]

    assert [title for title in titles if parse_title(title, UNKNOWING).show != "Some Show"] == []


@pytest.mark.parametrize("number", ["", "0.5", "1-2", "MM", "second", "1 2", "B", "-1"])
def test_a_season_word_needs_a_number(number):
    numbered = [form for strength in ("strong", "weak", "episode", "chapter") for form in forms(strength, "#")]
    titles = [f"Some Show: {form.replace('#', number)}: The Boat" for form in numbered if "#" in form]
    # These stand alone, too.
    without = {form.strip() for form in forms("strong", "#") + forms("weak", "#") if "#" not in form}

    found = [title for title in titles if parse_title(title, UNKNOWING).kind == "episode"]
    assert [title for title in found if title.split(": ")[1].strip() not in without] == []


# Words as they were seen in exports, and nothing from the table itself, so that no row of it can get lost.
@pytest.mark.parametrize(
    "season",
    [
        *("Season 1", "Temporada 1", "Saison 1", "Sezon 1", "1. Sezon", "Limited Series", "Sæson 1", "Seizoen 1"),
        *("Series 1", "Miniserie", "1. řada", "3B. řada", "Mini Dizi", "Kausi 1", "Minissérie", "Mini-série"),
        *("シーズン1", "Miniserial", "Minisérie", "Serie 1", "第1シリーズ", "Staffel 1", "1ª temporada", "1. Seri"),
        *("Minisarja", "リミテッドシリーズ", "The Complete Series", "Season 5B", "Stagione 1", "시즌 1"),
    ],
)
def test_every_strong_word_that_was_seen_is_known(season):
    for title in (f"Some Show: {season}: Boat", f"Some Show: {season}", f"Some Show : {season}: Boat"):
        assert parse_title(title, UNKNOWING) == ParsedTitle("episode", "Some Show", season)


@pytest.mark.parametrize(
    "season",
    [
        *("Part 1", "Volume 1", "Parte 1", "Book 1", "Collection 1", "Collection", "Partie 1", "Część 1", "Vol. 1"),
        *("Part IV", "1. Kısım", "Volumen 1", "Libro 1", "Livro 1", "Livre 1", "1. Kitap", "Księga 1", "1. část"),
        *("1. svazek", "Book One", "Book dos", "Del 1", "パート1", "1. Cilt", "Deel 1", "Teil 1", "Osa 1"),
        *("Colección 1", "Koleksiyon 1"),
    ],
)
def test_every_weak_word_that_was_seen_is_known(season):
    parsed = ParsedTitle("episode", "Some Show", season, certainty="likely")
    assert parse_title(f"Some Show: {season}: Boat", UNKNOWING) == parsed
    assert parse_title(f"Some Show: {season}", UNKNOWING).kind in {None, "film"}


@pytest.mark.parametrize(
    "episode",
    [
        *("Episode 3", "Episodio 3", "Episódio 3", "Épisode 3", "Aflevering 3", "Odcinek 3", "Jakso 3", "3. díl"),
        *("3. Bölüm", "Episode One", "Episode IV", "EPISODE.01", "Ep2", "3화"),
    ],
)
def test_every_episode_word_that_was_seen_is_known(episode):
    assert parse_title(f"Some Show: {episode}", UNKNOWING) == ParsedTitle("episode", "Some Show")


@pytest.mark.parametrize("chapter", ["Chapter 3", "Capítulo 3", "Chapitre 3", "Rozdział 3", "3. kapitola"])
def test_every_chapter_word_that_was_seen_is_known(chapter):
    assert has_form(chapter, "chapter")


def test_no_form_of_the_table_is_there_twice():
    rows = [(row["strength"], row["form"]) for row in SEASON_WORDS]

    assert len(set(rows)) == len(rows)
    assert len({(strength, form.casefold()) for strength, form in rows}) == len(rows)
    strengths = ["strong", "weak", "episode", "suffix", "chapter", "film", "extra", "qualifier"]
    assert list(dict.fromkeys(strength for strength, _ in rows)) == strengths
    assert all(row["languages"] for row in SEASON_WORDS)


def test_season_words_are_read_in_any_case_and_with_any_blank(vocabulary):
    def holds(form: str) -> bool:
        shouted = form.replace(" ", "\u00a0").upper()
        return parse_title(f"Some Show: {shouted}: Something", vocabulary).show == "Some Show"

    assert wrong(forms("strong") + forms("weak"), holds) == []


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


def test_a_film_takes_precedence_over_a_show_only_for_its_complete_name():
    vocabulary = vocabulary_of("Red Lake", "Red Lake: The Boys", films=("Red Lake: The Boys", "Red Lake: The End"))

    assert parse_title("Red Lake: The End", vocabulary) == ParsedTitle("film")
    assert parse_title("Red Lake: The Boys", vocabulary) == ParsedTitle("film")
    assert parse_title("Red Lake: The Boys: Boat", vocabulary).index == 1
    assert parse_title("Red Lake: The End: Boat", vocabulary).index == 0
    assert parse_title("Red Lake: The End (Episode 3)", vocabulary) == ParsedTitle("episode", "Red Lake", None, 0)


def test_a_known_film_or_show_named_trailer_is_not_a_trailer():
    vocabulary = vocabulary_of("My Trailer", "My Trailer: Teaser", films=("The Long, Long Trailer", "Trailer: Red"))

    assert parse_title("The Long, Long Trailer", vocabulary) == ParsedTitle("film")
    assert parse_title("Trailer: Red", vocabulary) == ParsedTitle("film")
    assert parse_title("My Trailer: Boat", vocabulary).index == 0
    assert parse_title("My Trailer: Teaser: Boat", vocabulary).index == 1
    assert parse_title("My Trailer: Season 2 Trailer", vocabulary) == ParsedTitle("supplemental")
    assert parse_title("Season 2 Trailer: My Trailer", vocabulary) == ParsedTitle("supplemental")


def test_one_title_in_two_spellings_is_one_show_with_its_own_text():
    vocabulary = vocabulary_of("Chef's Table")

    for name in ("Chef's Table", "CHEF’S TABLE", "Chef‘s\u00a0Table"):
        expected = ParsedTitle("episode", name.replace("\u00a0", " "), None, 0, "likely")
        assert parse_title(f"{name}: Boat", vocabulary) == expected


# Splitting, and one key for two exports


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("A", ["A"]),
        ("A: B: C", ["A", "B", "C"]),
        ("A:  B", ["A", "B"]),
        ("A:B", ["A:B"]),
        ("A :B", ["A :B"]),
        ("3:10 to Yuma", ["3:10 to Yuma"]),
        ("A: 3:10", ["A", "3:10"]),
        ("A : B", ["A : B"]),
        ("A : B: C", ["A : B", "C"]),
        ("A: B : C", ["A", "B : C"]),
        ("A : B : C: D", ["A : B : C", "D"]),
        ("A : Seizoen 1: B", ["A", "Seizoen 1", "B"]),
        ("A : Deel 1: B", ["A : Deel 1", "B"]),
        ("A : B: Seizoen 1 : C", ["A : B", "Seizoen 1", "C"]),
        ("A：B", ["A", "B"]),
        ("A： B：C: D", ["A", "B", "C", "D"]),
        ("A ：B", ["A : B"]),
        (": A", ["", "A"]),
        ("：A", ["", "A"]),
        (" : A", ["", "A"]),
    ],
)
def test_a_title_is_split_at_its_colons_but_not_at_those_that_are_text(text, parts):
    assert split_title(text) == parts


def test_a_spaced_colon_after_a_season_separates():
    parsed = parse_title("Some Show : Saison 1 : Le départ", UNKNOWING)

    assert (parsed.kind, parsed.show) == ("episode", "Some Show")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Some Show: The Boat", "Some Show: Season 1: The Boat (Episode 3)"),
        ("Some Show: The Boat", "Some Show: The Boat (Episode 3)"),
        ("Some Show: The Boat", "Some Show: Limited Series: The Boat (Chapter 3)"),
        ("Some Show: The Boat", "SOME SHOW: Limited Series: The\u00a0Boat (Episode 3)"),
        ("Some Show: Bateau", "Some Show: Mini-série: Bateau (Épisode 3)"),
        ("Chef's Table: The Boat", "Chef’s Table: Volume 1: The Boat"),
        ("Some Film", " Some Film "),
        ("Red Lake: The Boys: The Boat", "Red Lake: The Boys: Season 1: The Boat (Episode 1)"),
        ("Some Show: Episode 3", "Some Show: Season 1: Episode 3"),
    ],
)
def test_an_episode_has_one_key_in_both_exports(one, other):
    assert match_key(one) == match_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Some Show: The Boat", "Some Show: The Boats"),
        ("Some Show: The Boat", "Another Show: The Boat"),
        ("Some Show: Season 1: The Boat", "Some Show: Season 1: The Car"),
        ("Some Film", "Some Film: Some Film 2"),
        ("A: B", "B: A"),
        ("Some Show: The Boat (1)", "Some Show: The Boat (2)"),
        ("Some Film", "Some Show: Some Film"),
    ],
)
def test_two_titles_keep_two_keys(one, other):
    assert match_key(one) != match_key(other)


# The whole starter catalogue


def names_of_all_shows(vocabulary: Vocabulary) -> list[tuple[str, int]]:
    return [(name, n) for n, show in enumerate(vocabulary.shows) for name in (show.title, *show.aliases)]


RESTS = ["Season 1: Episode 1", "Some Episode", "Limited Series: Pilot", "Part 2: Pilot", "Season 2: Pilot (Episode 1)"]


@pytest.mark.parametrize("rest", RESTS)
def test_every_name_of_the_starter_catalogue_comes_back_with_its_index(vocabulary, rest):
    missed = []
    for name, number in names_of_all_shows(vocabulary):
        parsed = parse_title(f"{name}: {rest}", vocabulary)
        if (parsed.kind, parsed.show, parsed.index) != ("episode", name.replace("\u00a0", " "), number):
            missed.append((name, parsed))

    assert missed == []


def test_shows_of_the_starter_catalogue_keep_their_names_without_the_vocabulary(vocabulary):
    names = [show.title for show in vocabulary.shows]

    wrong = [name for name in names if parse_title(f"{name}: Season 1: Episode 1", UNKNOWING).show != name]

    assert wrong == []


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
def test_a_counted_show_is_the_complete_beginning_of_the_title(title):
    vocabulary = starter_vocabulary()
    parsed = parse_title(title, vocabulary)

    if parsed.index >= 0:
        assert parsed.kind == "episode"
        ends = [place for place, character in enumerate(title) if character in ":："]
        assert parsed.index in {vocabulary.show(name) for name in [title, *(title[:end] for end in ends)]}
        assert parsed.index == vocabulary.show(parsed.show)


@settings(max_examples=300)
@given(_TITLES | st.text(max_size=60))
@example("\u200b: Season 1")
@example(": (Episode 1)")
@example("()")
@example("(1화)")
def test_every_text_is_one_of_the_kinds_or_open_and_only_episodes_have_shows(title):
    parsed = parse_title(title, starter_vocabulary())

    assert parsed.kind in {"episode", "film", "unnamed", "blank", "supplemental", None}
    assert (parsed.show is not None) == (parsed.kind == "episode")
    assert parsed.kind == "episode" or (parsed.season is None and parsed.index == -1)
    assert parsed.kind is not None or len(split_title(title.replace("\u00a0", " ").strip())) > 1


@settings(max_examples=300)
@given(_TITLES | st.text(max_size=60))
@example("\u200b: Season 1")
@example(": (Episode 1)")
@example("\u200b: Boat (Episode 1)")
def test_no_show_is_without_a_name(title):
    parsed = parse_title(title, starter_vocabulary())

    assert parsed.show is None or title_key(parsed.show).strip(": ") != ""


@settings(max_examples=200)
@given(_TITLES)
def test_the_show_and_the_season_are_text_of_the_title(title):
    parsed = parse_title(title, starter_vocabulary())

    def squeezed(text: str) -> str:
        return re.sub("[:：]+", ":", "".join(text.split()))

    for text in (parsed.show, parsed.season):
        assert text is None or squeezed(text) in squeezed(title)


@settings(max_examples=200)
@given(_TITLES)
def test_non_breaking_spaces_are_blanks(title):
    assert parse_title(title.replace(" ", "\u00a0"), starter_vocabulary()) == parse_title(title, starter_vocabulary())


@settings(max_examples=200)
@given(st.lists(_PARTS.map(str.strip).filter(lambda part: part and ":" not in part and "：" not in part), max_size=5))
def test_a_full_width_colon_is_a_colon(parts):
    assert parse_title("：".join(parts), UNKNOWING) == parse_title(": ".join(parts), UNKNOWING)


@settings(max_examples=200)
@given(st.text(max_size=60) | _TITLES)
def test_every_text_has_a_match_key_that_ignores_the_number_behind_it(title):
    text = title.strip()
    if text and text[-1] not in ":：)" and title_key(text):
        assert match_key(f"{text} (Episode 3)") == match_key(text)
    assert match_key(title) == match_key(title.replace(" ", "\u00a0"))


_WORDS = st.lists(st.sampled_from(["The", "Red", "Lake", "of", "Boat", "2", "É't", "빛"]), min_size=1, max_size=3)
_PLAIN = _WORDS.map(" ".join).filter(lambda text: not text.isdigit())


@settings(max_examples=200)
@given(
    show=st.lists(_PLAIN, min_size=1, max_size=2, unique_by=str.casefold),
    season=st.sampled_from(forms("strong") + forms("strong", "11")),
    episode=st.lists(_PLAIN, max_size=2),
    suffix=st.sampled_from(["", " (Episode 3)", " (Folge 3)"]),
)
def test_everything_before_a_strong_word_is_the_show(show, season, episode, suffix):
    if len(show) == 2 and title_key(show[1]).startswith(title_key(show[0])):
        return  # the show's name twice
    title = ": ".join([*show, season, *episode]) + suffix

    assert parse_title(title, UNKNOWING) == ParsedTitle("episode", ": ".join(show), season)


def test_a_season_word_that_belongs_to_a_known_shows_name_is_no_season():
    names = ["Spooky Stories", "Spooky Stories: Volume 2"]
    vocabulary = Vocabulary.build(CatalogueTitle(title=name, kind="series") for name in names)
    assert parse_title("Spooky Stories: Volume 2: Season 1: Episode 1", vocabulary).index == 1
    assert parse_title("Spooky Stories: Volume 2: Some Episode", vocabulary).index == 1
    assert parse_title("Spooky Stories: Volume 3: Some Episode", vocabulary).index == 0
