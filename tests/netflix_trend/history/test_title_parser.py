"""The parser that remembers beginnings of titles says what `parse_title` says, in any order of titles."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.histories import LANGUAGES, Catalogue, invented, read_catalogues
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.history import titles as module
from netflix_trend.history.titles import TitleParser, parse_title

_SHOWS = ("Lupin", "Show", "Show: Part 2", "Show: Season 2", "A: B", "Star Wars: The Clone Wars", "Élan", "Red Lake")
_FILMS = (
    "Show: The Movie",
    "Luther: The Fallen Sun",
    "Star Wars: Episode IV: A New Hope",
    "A: B: C",
    "Film",
    "Élan:愛",
)
VOCABULARY = Vocabulary.build(
    [
        *(CatalogueTitle(title=name, kind="series") for name in _SHOWS),
        CatalogueTitle(title="Other", kind="series", aliases=("Show: Alias: Pilot", "Ferry : The Series")),
        *(CatalogueTitle(title=name, kind="film") for name in _FILMS),
    ]
)
_PARTS = [
    *(*_SHOWS, *_FILMS, "Ferry", "The Series", "Unknown", "Pilot", "Home", "愛", "3:10 to Yuma", "Re:ZERO", "Show 2"),
    *("Season 2", "2. Staffel", "Temporada 1", "Part 2 (Season 4)", "Limited Series", "第2季", "Season IV", "Season@"),
    *("Part 2", "Volume 1", "Del 3", "Vol. 1", "Collection", "Episode 3", "Episode IV", "3. Bölüm", "第3話", "Ep. 2"),
    *("Chapter 2", "Chapter IV", "Kapitel 1", "The Movie", "Film", "Clip", "Behind the Scenes", "Recap", "Trailer"),
    *("Teaser 2", "Official Trailer", "Trailer Park Boys", "Bande-annonce", "_hook_primary_16x9", "Motion Video"),
    *(
        "",
        " ",
        "(",
        "SHOW",
        "SEASON",
        "VideoEpisode",
        "Pilot (Clip)",
        "Pilot (Uncut)",
        "Film (Episode 3)",
        "i",
        "\u0301",
    ),
]
_SEPARATORS = [": ", ": ", ": ", " : ", "：", ":: ", ":", ":\u00a0", ":  ", ":\t", ": : ", " "]
_ENDS = ["", "", " (Episode 3)", "（第3話）", " (Clip)", " (Trailer)", ":", ": ", " :", ")", "\u200b", " (Chapter 2)"]
_TITLES = st.builds(
    lambda parts, separators, end: "".join(map("".join, zip(parts, [*separators, end], strict=False))),
    st.lists(st.sampled_from(_PARTS), min_size=1, max_size=5),
    st.lists(st.sampled_from(_SEPARATORS), min_size=5, max_size=5),
    st.sampled_from(_ENDS),
)


@pytest.fixture(name="catalogue", scope="module")
def starter() -> Catalogue:
    return read_catalogues(None, None)


def assert_same(parser: TitleParser, vocabulary: Vocabulary, *titles: str, is_archive: bool) -> None:
    for title, found in zip(titles, parser.parse(titles, is_archive=is_archive), strict=True):
        assert found == parse_title(title, vocabulary, is_archive=is_archive), (title, is_archive)


def test_titles_of_all_languages(catalogue: Catalogue) -> None:
    titles = [
        (title, is_archive)
        for language in LANGUAGES
        for view in invented(catalogue, language, 80, seed=1).views
        for title, is_archive in ((view.title, False), (view.archived, True), (view.archived, False))
    ]
    random.Random(1).shuffle(titles)
    parser = TitleParser(catalogue.vocabulary)
    assert len(set(titles)) > 8000
    for first in range(0, len(titles), 100):
        for kind in (False, True):
            some = [title for title, is_archive in titles[first : first + 100] if is_archive == kind]
            assert_same(parser, catalogue.vocabulary, *some, is_archive=kind)


def test_beginnings_and_ends_of_every_kind() -> None:
    source, parser = random.Random(2), TitleParser(VOCABULARY)
    heads = [
        "".join(source.choice(_PARTS) + source.choice(_SEPARATORS) for _ in range(source.randint(1, 3)))
        for _ in range(120)
    ]
    for head in heads:
        for _ in range(25):
            title = head + source.choice(_PARTS) + source.choice(_ENDS)
            assert_same(parser, VOCABULARY, title, is_archive=source.random() < 0.5)


@given(st.lists(_TITLES, min_size=1, max_size=8), st.booleans())
def test_any_titles_with_equal_parts(titles: list[str], is_archive: bool) -> None:
    parser = TitleParser(VOCABULARY)
    assert_same(parser, VOCABULARY, *titles, is_archive=is_archive)
    for title in titles:
        assert_same(parser, VOCABULARY, title, is_archive=is_archive)


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=4), st.booleans())
def test_any_text_behind_a_beginning(head: str, lasts: list[str], is_archive: bool) -> None:
    parser = TitleParser(VOCABULARY)
    titles = [f"{head}: {last}" for last in ("Pilot", *lasts)]
    for title in titles:
        assert_same(parser, VOCABULARY, title, is_archive=is_archive)
    assert_same(parser, VOCABULARY, *titles, head, is_archive=is_archive)


def test_titles_that_begin_alike_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = list[str]()

    def counted(title: str, vocabulary: Vocabulary, *, is_archive: bool = False) -> module.ParsedTitle:
        parsed.append(title)
        return parse_title(title, vocabulary, is_archive=is_archive)

    monkeypatch.setattr(module, "parse_title", counted)
    parser = TitleParser(VOCABULARY)
    for number in range(50):
        parser.parse([f"Lupin: Season 1: Name {number}", f"Unknown: Name {number}"])
        parser.parse([f"Unknown: Season 1: Name {number} (Episode {number})"], is_archive=True)
    assert parsed == ["Unknown: Name 0"]  # with a season nothing but the beginning counts


def test_remembered_beginnings_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BEGINNINGS", 10)
    parser = TitleParser(VOCABULARY)
    for number in range(100):
        title = f"Show {number}: Season 2: Pilot"
        assert_same(parser, VOCABULARY, title, is_archive=False)
        assert len(parser._known[False]) <= 10
