"""The vocabulary: versions, names and aliases, and that no show is ever guessed."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.readers import STARTER_CSV, read_catalogue, starter_vocabulary
from netflix_trend.catalogue.vocabulary import LARGEST_FILE, MAX_SHOWS, CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.storage.canonical import content_version


def series(title: str, *aliases: str, **more: Any) -> CatalogueTitle:
    return CatalogueTitle(title=title, kind="series", aliases=aliases, **more)


def film(title: str, *aliases: str, **more: Any) -> CatalogueTitle:
    return CatalogueTitle(title=title, kind="film", aliases=aliases, **more)


SMALL = Vocabulary.build(
    [
        series("Chef's Table", year=2015, genres=("food", "documentary")),
        series("Money Heist", "La Casa de Papel", "Haus des Geldes"),
        film("Roma", "Roma (film)", year=2018),
        series("Chef's Table: France"),
    ]
)


def file_with(change: dict[str, Any], *, sealed: bool = False) -> bytes:
    """Return SMALL's file with other values; `sealed` gives it the version of what is in it."""
    content = {**json.loads(SMALL.to_bytes()), **change}
    if sealed:
        content["version"] = content_version({key: value for key, value in content.items() if key != "version"})
    return json.dumps(content).encode()


def test_shows_keep_the_order_of_the_catalogue_and_films_have_no_index() -> None:
    assert [row.title for row in SMALL.shows] == ["Chef's Table", "Money Heist", "Chef's Table: France"]
    assert [row.title for row in SMALL.films] == ["Roma"]
    assert len(SMALL) == 3
    assert [SMALL.show(row.title) for row in SMALL.shows] == [0, 1, 2]


def test_a_repeated_title_counts_once_however_it_is_written() -> None:
    again = series("CHEF\u2019S  TABLE", year=2020)
    vocabulary = Vocabulary.build([series("Chef's Table", year=2015), series("You"), again])
    assert [(row.title, row.year) for row in vocabulary.shows] == [("Chef's Table", 2015), ("You", None)]


def test_a_series_and_a_film_of_one_name_are_both_kept() -> None:
    vocabulary = Vocabulary.build([film("Fargo"), series("Fargo")])
    assert vocabulary.show("Fargo") == 0
    assert vocabulary.is_film("Fargo")


def test_a_catalogue_without_a_series_is_refused() -> None:
    with pytest.raises(VocabularyError, match="holds no series"):
        Vocabulary.build([film("Roma")])


def test_as_many_series_as_fit_are_taken_and_one_more_is_refused() -> None:
    rows = [series(f"Show {number}") for number in range(MAX_SHOWS + 1)]
    assert len(Vocabulary.build(rows[:-1])) == MAX_SHOWS
    with pytest.raises(VocabularyError, match=rf"{MAX_SHOWS + 1} series .* narrow the catalogue"):
        Vocabulary.build(rows)


def test_a_file_too_large_to_sync_is_refused() -> None:
    row = film("x" * 300)
    with pytest.raises(VocabularyError, match=f"at most {LARGEST_FILE} are synced"):
        Vocabulary(SMALL.shows, (row,) * (LARGEST_FILE // 300)).to_bytes()


@pytest.mark.parametrize(
    "changed",
    [
        (series("Darkness", "Finsternis", year=2017, genres=("drama",)), series("You"), film("Roma")),
        (series("dark", "Finsternis", year=2017, genres=("drama",)), series("You"), film("Roma")),
        (series("Dark", "Dunkel", year=2017, genres=("drama",)), series("You"), film("Roma")),
        (series("Dark", year=2017, genres=("drama",)), series("You"), film("Roma")),
        (series("Dark", "Finsternis", year=2018, genres=("drama",)), series("You"), film("Roma")),
        (series("Dark", "Finsternis", genres=("drama",)), series("You"), film("Roma")),
        (series("Dark", "Finsternis", year=2017, genres=("comedy",)), series("You"), film("Roma")),
        (series("Dark", "Finsternis", year=2017, genres=("drama",)), series("You"), film("Klaus")),
        (series("Dark", "Finsternis", year=2017, genres=("drama",)), series("You")),
        (series("Dark", "Finsternis", year=2017, genres=("drama",)), series("You"), series("Roma")),
        (series("Dark", "Finsternis", year=2017, genres=("drama",)), series("You"), series("Ozark"), film("Roma")),
        (series("Dark", "Finsternis", year=2017, genres=("drama",)), film("Roma")),
        (series("You"), series("Dark", "Finsternis", year=2017, genres=("drama",)), film("Roma")),
    ],
    ids=[
        "title",
        "case of the title",
        "alias",
        "alias gone",
        "year",
        "year gone",
        "genre",
        "film",
        "film gone",
        "film becomes series",
        "one more",
        "one less",
        "order",
    ],
)
def test_the_version_changes_with_any_content_and_with_the_order(changed: tuple[CatalogueTitle, ...]) -> None:
    known = [series("Dark", "Finsternis", year=2017, genres=("drama",)), series("You"), film("Roma")]
    assert Vocabulary.build(changed).version != Vocabulary.build(known).version


def test_the_version_of_equal_content_is_equal() -> None:
    rows = [series("Dark", "Finsternis", year=2017, genres=("drama",)), series("You"), film("Roma")]
    assert Vocabulary.build(rows).version == Vocabulary.build(iter(rows)).version


@pytest.mark.parametrize("which", ["small", "starter"])
def test_a_vocabulary_comes_back_from_its_file(which: str, vocabulary: Vocabulary) -> None:
    known = SMALL if which == "small" else vocabulary
    read = Vocabulary.from_bytes(known.to_bytes())
    assert read == known
    assert read.version == known.version
    assert read.to_bytes() == known.to_bytes()


def test_the_file_states_the_version_of_its_content() -> None:
    content = json.loads(SMALL.to_bytes())
    assert content.pop("version") == SMALL.version == content_version(content)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "0" * 32},
        {"version": ""},
        {"shows": [{"title": "Another Show"}]},
        {"films": []},
    ],
)
def test_a_file_whose_version_is_not_that_of_its_content_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(VocabularyError, match=r"says version .*, its content is"):
        Vocabulary.from_bytes(file_with(change))


def test_shows_that_swapped_places_are_noticed() -> None:
    shows = json.loads(SMALL.to_bytes())["shows"]
    with pytest.raises(VocabularyError, match="says version"):
        Vocabulary.from_bytes(file_with({"shows": shows[::-1]}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 10_000,
        SMALL.to_bytes()[:-10],
        file_with({"schema_version": 2}, sealed=True),
        file_with({"shows": []}, sealed=True),
        file_with({"shows": None}, sealed=True),
        file_with({"shows": [{"title": ""}]}, sealed=True),
        file_with({"shows": [{"title": "x" * 301}]}, sealed=True),
        file_with({"shows": [{"title": 7}]}, sealed=True),
        file_with({"shows": [{"title": "A", "year": "2020"}]}, sealed=True),
        file_with({"shows": [{"title": "A", "rating": 5}]}, sealed=True),
        file_with({"shows": [{"title": "A", "kind": "film"}]}, sealed=True),
        file_with({"shows": [{"title": "A"}] * (MAX_SHOWS + 1)}, sealed=True),
        file_with({"more": 1}, sealed=True),
        file_with({"version": 1}),
    ],
    ids=range(19),
)
def test_a_damaged_or_malicious_file_is_refused(data: bytes) -> None:
    with pytest.raises(VocabularyError, match=r"^vocabulary\.json: "):
        Vocabulary.from_bytes(data)


@pytest.mark.parametrize("name", ["Money Heist", "money heist", " MONEY\u00a0HEIST ", "La casa de papel"])
def test_a_show_is_found_under_each_of_its_names(name: str) -> None:
    assert SMALL.show(name) == 1


@pytest.mark.parametrize("name", ["", " ", "Money", "Money Heist: Part 1", "Roma", "Money Heists", "Mony Heist"])
def test_a_name_that_is_not_in_the_vocabulary_is_not_a_show(name: str) -> None:
    assert SMALL.show(name) is None


@pytest.mark.parametrize(
    ("name", "expected"), [("Roma", True), ("ROMA", True), ("Roma (film)", True), ("Rom", False), ("You", False)]
)
def test_a_film_is_known_under_each_of_its_names(name: str, expected: bool) -> None:
    assert SMALL.is_film(name) is expected


@pytest.mark.parametrize("alias_first", [True, False])
def test_an_alias_never_hides_a_title(alias_first: bool) -> None:
    rows = [series("The Office (U.S.)", "The Office"), series("The Office")]
    vocabulary = Vocabulary.build(rows if alias_first else rows[::-1])
    found = vocabulary.show("the office")
    assert found is not None
    assert vocabulary.shows[found].title == "The Office"


def test_an_alias_that_two_shows_claim_belongs_to_none() -> None:
    rows = [series("Monster", "Ungeheuer"), series("Beast", "UNGEHEUER"), series("Dark", "Nacht")]
    vocabulary = Vocabulary.build(rows)
    assert vocabulary.show("Ungeheuer") is None
    assert vocabulary.longest_prefix("Ungeheuer: Season 1") is None
    assert [vocabulary.show(name) for name in ("Monster", "Beast", "Nacht")] == [0, 1, 2]


def test_an_alias_that_one_show_states_twice_is_its_own() -> None:
    vocabulary = Vocabulary.build([series("Dark"), series("Money Heist", "Casa de Papel", "CASA DE PAPEL")])
    assert vocabulary.show("Casa de Papel") == 1


def test_an_alias_that_two_shows_claim_still_names_the_show_of_that_title() -> None:
    vocabulary = Vocabulary.build([series("Monster", "You"), series("Beast", "You"), series("You")])
    assert vocabulary.show("You") == 2


def test_an_alias_of_a_film_is_not_a_show_and_one_of_a_show_no_film() -> None:
    vocabulary = Vocabulary.build([series("Dark", "Dunkel"), film("Roma", "Rom")])
    assert vocabulary.show("Rom") is None
    assert not vocabulary.is_film("Dunkel")


@pytest.mark.parametrize(
    ("title", "prefix", "index"),
    [
        ("Chef's Table: France: Season 1: Adeline Grattard", "Chef's Table: France", 2),
        ("CHEF’S TABLE： FRANCE： Season 1", "CHEF’S TABLE： FRANCE", 2),
        ("CHEF’S TABLE：FRANCE：Season 1", "CHEF’S TABLE", 0),
        ("Chef's\u00a0Table: France\u00a0: Season 1", "Chef's\u00a0Table", 0),
        ("Chef's Table: Volume 1: Dan Barber", "Chef's Table", 0),
        ("Chef's Table: Francesca", "Chef's Table", 0),
        ("Chef's Table: France", "Chef's Table", 0),
        ("  chef's  table:\tFrance", "  chef's  table", 0),
        ("La Casa de Papel: Part 1: Episode 1", "La Casa de Papel", 1),
        ("haus des geldes: Folge 1", "haus des geldes", 1),
        ("Money Heist: ", "Money Heist", 1),
    ],
)
def test_the_longest_name_before_a_colon_wins_and_comes_as_it_is_written(title: str, prefix: str, index: int) -> None:
    assert SMALL.longest_prefix(title) == (prefix, index)


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Chef's Table",
            "Chef's Table:France",
            "The Chef's Table: Volume 1",
            "Roma: Season 1",
            "",
            ": ",
            ": Money Heist",
        ),
        *("Money Heist : Episode 1", "Money Heist, Episode 1: The Plan", "Money: Heist", "Money Heists: Episode 1"),
    ],
)
def test_a_title_that_begins_with_no_shows_name_has_no_prefix(title: str) -> None:
    assert SMALL.longest_prefix(title) is None


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(["Chef's Table", "CHEF’S TABLE", "France", "Money Heist", "Roma", "", "3:10"])
        | st.text(max_size=5),
        max_size=4,
    ),
    st.sampled_from([": ", "：", " : ", ":", ":\u00a0"]),
)
def test_a_prefix_is_the_beginning_of_the_title_and_names_its_show(parts: list[str], colon: str) -> None:
    title = colon.join(parts)
    found = SMALL.longest_prefix(title)
    ends = [place for place, character in enumerate(title) if character in ":："]
    if found is None:
        assert colon in {" : ", ":"} or not any(SMALL.show(title[:end]) is not None for end in ends[:1])
    else:
        prefix, index = found
        assert title.startswith(prefix)
        assert title[len(prefix)] in ":："
        assert SMALL.show(prefix) == index


@pytest.mark.parametrize("rest", ["Season 1: Episode 1", "Some Episode", "Part 2: Pilot"])
def test_every_starter_name_is_the_prefix_of_its_titles(vocabulary: Vocabulary, rest: str) -> None:
    names = [(name, n) for n, row in enumerate(vocabulary.shows) for name in (row.title, *row.aliases)]
    assert [name for name, n in names if vocabulary.longest_prefix(f"{name}: {rest}") != (name, n)] == []


def test_no_two_starter_shows_claim_one_name(vocabulary: Vocabulary) -> None:
    names = [(name, n) for n, row in enumerate(vocabulary.shows) for name in (row.title, *row.aliases)]
    assert [name for name, n in names if vocabulary.show(name) != n] == []


def test_the_starter_catalogue_has_enough_series_and_films(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.shows) >= 600
    assert len(vocabulary.films) >= 150


def test_the_starter_vocabulary_is_that_of_the_file_that_people_edit(vocabulary: Vocabulary) -> None:
    assert Vocabulary.build(read_catalogue(STARTER_CSV)) == vocabulary == starter_vocabulary()


def test_the_starter_catalogue_names_no_title_twice_and_every_row_is_understood(vocabulary: Vocabulary) -> None:
    text = STARTER_CSV.read_text("utf-8")
    titles = [(row["kind"], title_key(row["title"])) for row in csv.DictReader(text.splitlines())]
    assert len(set(titles)) == len(titles) == len(vocabulary.shows) + len(vocabulary.films)


def test_every_starter_title_is_found_under_its_own_name(vocabulary: Vocabulary) -> None:
    assert [vocabulary.show(row.title) for row in vocabulary.shows] == list(range(len(vocabulary)))
    assert all(vocabulary.is_film(row.title) for row in vocabulary.films)


def test_a_misspelled_starter_title_never_matches_another_show(
    vocabulary: Vocabulary,
) -> None:
    names = [{title_key(name) for name in (row.title, *row.aliases)} for row in vocabulary.shows]
    films = {title_key(name) for row in vocabulary.films for name in (row.title, *row.aliases)}
    tried = 0
    for row in (*vocabulary.shows, *vocabulary.films):
        for place, letter in enumerate(row.title):
            if not letter.isalpha():
                continue
            other = "x" if letter.lower() != "x" else "q"
            changed = f"{row.title[:place]}{other}{row.title[place + 1 :]}"
            found = vocabulary.show(changed)
            assert found is None or title_key(changed) in names[found], changed
            assert not vocabulary.is_film(changed) or title_key(changed) in films, changed
            tried += 1
    assert tried > 10_000


def test_a_vocabulary_knows_the_versions_that_it_extends() -> None:
    """Each is computed from the beginning itself, so that a survey about it means the same shows."""
    rows = [CatalogueTitle(title=f"Show {n}", kind="series", year=2000 + n, aliases=(f"Ö{n}",)) for n in range(5)]
    films = [CatalogueTitle(title="A film", kind="film")]
    whole = Vocabulary.build([*rows, *films])
    beginnings = {Vocabulary.build([*rows[:n], *films]).version for n in range(1, 5)}
    assert whole.beginnings == beginnings
    assert whole.version not in whole.beginnings
    others = [
        Vocabulary.build(rows[:4]),
        Vocabulary.build([*rows[1:], *films]),
        Vocabulary.build([*rows[3::-1], *films]),
    ]
    assert all(other.version not in whole.beginnings for other in others)


def test_an_extended_vocabulary_keeps_every_index() -> None:
    old = starter_vocabulary()
    new = old.extended([CatalogueTitle(title=title, kind="series") for title in ("Zzz", "stranger things", "Aaa")])
    assert new.shows[: len(old)] == old.shows
    assert new.films == old.films
    assert [show.title for show in new.shows[len(old) :]] == ["Zzz", "Aaa"]
    assert old.version in new.beginnings
    assert Vocabulary.from_bytes(new.to_bytes()) == new
