"""Catalogues of four kinds, and what is left out of each."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import read_catalogue, starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary, VocabularyError

OWN = "title,kind,first_year,genres,aliases"
KAGGLE = "show_id,type,title,director,cast,country,date_added,release_year,rating,duration,listed_in,description"
IMDB = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres"


def read(path: Path, *lines: str, since: int | None = None) -> list[CatalogueTitle]:
    """Write the lines to `path`, packed when its name says so, and read them as a catalogue."""
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return list(read_catalogue(path, since))


def series(title: str, year: int | None = None, genres: tuple[str, ...] = (), *aliases: str) -> CatalogueTitle:
    return CatalogueTitle(title=title, kind="series", year=year, genres=genres, aliases=aliases)


def film(title: str, year: int | None = None, genres: tuple[str, ...] = (), *aliases: str) -> CatalogueTitle:
    return CatalogueTitle(title=title, kind="film", year=year, genres=genres, aliases=aliases)


def test_our_own_columns_are_read(tmp_path: Path) -> None:
    assert read(
        tmp_path / "own.csv",
        OWN,
        "Wednesday,series,2022,comedy|fantasy,Miércoles|Merlina",
        "Outer Banks,series,2020,drama,",
        '"Crazy, Stupid, Love",film,2011,comedy|romance,"Loco, estúpido, amor"',
    ) == [
        series("Wednesday", 2022, ("comedy", "fantasy"), "Miércoles", "Merlina"),
        series("Outer Banks", 2020, ("drama",)),
        film("Crazy, Stupid, Love", 2011, ("comedy", "romance"), "Loco, estúpido, amor"),
    ]


def test_the_columns_of_the_kaggle_file_are_read(tmp_path: Path) -> None:
    assert read(
        tmp_path / "netflix_titles.csv",
        KAGGLE,
        's1,Movie,Dick Johnson Is Dead,Kirsten Johnson,,United States,"September 25, 2021",2020,PG-13,90 min,'
        'Documentaries,"As her father nears the end of his life, filmmaker Kirsten Johnson stages his death."',
        's2,TV Show,Blood & Water,,"Ama Qamata, Khosi Ngema",South Africa,"September 24, 2021",2021,TV-MA,2 Seasons,'
        '"International TV Shows, TV Dramas, TV Mysteries","After crossing paths at a party,',
        'a teen sets out to prove whether a swimming star is her sister."',
        's3,TV Show,"Selena: ""The"" Series",,,,,2020,TV-14,1 Season,TV Dramas,A life.',
    ) == [
        film("Dick Johnson Is Dead", 2020, ("Documentaries",)),
        series("Blood & Water", 2021, ("International TV Shows", "TV Dramas", "TV Mysteries")),
        series('Selena: "The" Series', 2020, ("TV Dramas",)),
    ]


def test_the_columns_of_imdbs_file_are_read(tmp_path: Path) -> None:
    assert read(
        tmp_path / "title.basics.tsv.gz",
        IMDB,
        "tt6468322\ttvSeries\tMoney Heist\tLa casa de papel\t0\t2017\t2021\t50\tAction,Crime,Drama",
        "tt9055008\ttvMiniSeries\tEvil Genius\tEvil Genius\t0\t2018\t2018\t\\N\t\\N",
        "tt6155172\tmovie\tRoma\tRoma\t0\t2018\t\\N\t135\tDrama",
        "tt8079248\ttvMovie\tYesterday\tYESTERDAY\t0\t\\N\t\\N\t\\N\tComedy",
        "tt0000001\ttvSpecial\tA Special\t\\N\t0\t2020\t\\N\t\\N\tComedy",
    ) == [
        series("Money Heist", 2017, ("Action", "Crime", "Drama"), "La casa de papel"),
        series("Evil Genius", 2018),
        film("Roma", 2018, ("Drama",)),
        film("Yesterday", None, ("Comedy",)),
        film("A Special", 2020, ("Comedy",)),
    ]


@pytest.mark.parametrize("kind", ["tvEpisode", "short", "tvShort", "video", "videoGame", "tvPilot", "\\N", ""])
def test_what_imdb_calls_neither_series_nor_film_is_left_out(tmp_path: Path, kind: str) -> None:
    rows = read(
        tmp_path / "title.basics.tsv",
        IMDB,
        f"tt1\t{kind}\tPilot\tPilot\t0\t2008\t\\N\t58\tDrama",
        "tt2\ttvSeries\tDark\tDark\t0\t2017\t2020\t60\tDrama",
    )
    assert rows == [series("Dark", 2017, ("Drama",))]


def test_a_quotation_mark_at_the_start_of_an_imdb_title_swallows_no_rows(tmp_path: Path) -> None:
    rows = read(
        tmp_path / "title.basics.tsv.gz",
        IMDB,
        'tt1\ttvSeries\t"Weird Al" Show\t"Weird Al" Show\t0\t1997\t\\N\t\\N\tComedy',
        'tt2\ttvSeries\t"Gone\t"Gone\t0\t2001\t\\N\t\\N\t\\N',
        "tt3\ttvSeries\tDark\tDark\t0\t2017\t\\N\t\\N\t\\N",
    )
    assert [row.title for row in rows] == ['"Weird Al" Show', '"Gone', "Dark"]


@pytest.mark.parametrize("original", ["chef's table", "Chef’s  Table", "\\N", ""])
def test_an_original_title_equal_to_the_title_is_not_an_alias(tmp_path: Path, original: str) -> None:
    rows = read(tmp_path / "t.tsv", IMDB, f"tt1\ttvSeries\tChef's Table\t{original}\t0\t2015\t\\N\t50\t\\N")
    assert rows == [series("Chef's Table", 2015)]


def test_a_file_with_nothing_but_titles_is_a_list_of_series(tmp_path: Path) -> None:
    assert read(tmp_path / "list.csv", "title", "Dark", "You", '"I, Claudius"') == [
        series("Dark"),
        series("You"),
        series("I, Claudius"),
    ]


@pytest.mark.parametrize("header", ["\ufefftitle,year", " Title , YEAR ", "TITLE,year"])
def test_a_header_may_have_a_byte_order_mark_blanks_and_capitals(tmp_path: Path, header: str) -> None:
    assert read(tmp_path / "list.csv", header, "Dark,2017") == [series("Dark", 2017)]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("name,kind", "Dark,series"), "found: name, kind"),
        (("title;kind", "Dark;series"), "found: title;kind"),
        (("Dark,series",), "found: dark, series"),
        ((), "found: nothing"),
    ],
)
def test_a_file_without_a_title_column_is_refused_and_told_what_was_found(
    tmp_path: Path, lines: tuple[str, ...], found: str
) -> None:
    with pytest.raises(VocabularyError) as caught:
        read(tmp_path / "mine.csv", *lines)
    assert str(caught.value) == f"mine.csv: no title column in the header; {found}"


def test_since_leaves_out_what_is_known_to_be_older(tmp_path: Path) -> None:
    lines = [OWN, "Friends,series,1994,,", "Dark,series,2017,,", "You,series,2018,,", "Unknown,series,,,"]
    assert [row.title for row in read(tmp_path / "own.csv", *lines, since=2017)] == ["Dark", "You", "Unknown"]
    assert [row.title for row in read(tmp_path / "own.csv", *lines)] == ["Friends", "Dark", "You", "Unknown"]


def test_since_understands_every_name_of_the_year(tmp_path: Path) -> None:
    old = "tt1\ttvSeries\tFriends\tFriends\t0\t1994\t2004\t22\tComedy"
    new = "tt2\ttvSeries\tDark\tDark\t0\t2017\t\\N\t\\N\t\\N"
    assert [row.title for row in read(tmp_path / "i.tsv", IMDB, old, new, since=2000)] == ["Dark"]
    kaggle = ("s1,TV Show,Friends,,,,,1994,,,,", "s2,TV Show,Dark,,,,,2017,,,,")
    assert [row.title for row in read(tmp_path / "k.csv", KAGGLE, *kaggle, since=2000)] == ["Dark"]


@pytest.mark.parametrize("year", ["", "soon", "20x7", "-2017", "1700", "9999", "2017.0", "２０１７", "²"])
def test_an_invalid_year_is_unknown(tmp_path: Path, year: str) -> None:
    assert read(tmp_path / "own.csv", OWN, f"Dark,series,{year},,") == [series("Dark")]


@pytest.mark.parametrize("title", ["", "   ", "x" * 301])
def test_a_title_that_is_blank_or_far_too_long_does_not_affect_others(tmp_path: Path, title: str) -> None:
    assert read(tmp_path / "own.csv", OWN, f"{title},series,2017,,", "Dark,series,2017,,") == [series("Dark", 2017)]


def test_rows_that_end_early_and_blank_lines_are_accepted(tmp_path: Path) -> None:
    assert read(tmp_path / "own.csv", OWN, "", "Dark,series", "You,series,2018") == [
        series("Dark"),
        series("You", 2018),
    ]


def test_bytes_that_are_not_utf8_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(b"title\nMi\xe9rcoles\nDark\n")
    assert [row.title for row in read_catalogue(path)] == ["Mi\ufffdrcoles", "Dark"]


def test_genres_and_aliases_are_limited(tmp_path: Path) -> None:
    genres, aliases = [f"genre {n}" for n in range(13)], [f"alias {n}" for n in range(61)]
    (row,) = read(tmp_path / "own.csv", OWN, f"Dark,series,2017,{'|'.join(genres)},{'|'.join(['y' * 301, *aliases])}")
    assert row.genres == tuple(genres[:12])
    assert row.aliases == tuple(aliases[:60])


def test_a_catalogue_becomes_a_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "netflix_titles.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(KAGGLE.split(","))
        rows.writerow(["s1", "TV Show", "Dark", "", "", "", "", "2017", "", "", "TV Dramas", ""])
        rows.writerow(["s2", "Movie", "Roma", "", "", "", "", "2018", "", "", "Dramas", ""])
    vocabulary = Vocabulary.build(read_catalogue(path))
    assert vocabulary.show("dark") == 0
    assert vocabulary.is_film("roma")


def test_the_starter_vocabulary_begins_with_the_best_known_shows_and_is_read_once() -> None:
    vocabulary = starter_vocabulary()
    assert vocabulary is starter_vocabulary()
    best_known = {row.title for row in vocabulary.shows[:50]}
    assert {"Stranger Things", "Squid Game", "Bridgerton", "Money Heist", "Wednesday"} <= best_known
