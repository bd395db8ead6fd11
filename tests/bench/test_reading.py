"""Invented histories have the rates of real exports, and what is read of them is compared with their truth."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from bench import reading
from bench.histories import LANGUAGES, Catalogue, History, Kind, invented, read_catalogues
from bench.reading import EXPORTS, Quality, main, quality_tables, read_quality
from netflix_trend.catalogue.season_words import has_form


@pytest.fixture(name="catalogue", scope="module")
def starter() -> Catalogue:
    return read_catalogues(None, None)


@pytest.fixture(name="history", scope="module")
def english(catalogue: Catalogue) -> History:
    return invented(catalogue, "en", 2000, seed=1)


def share(count: int, of: int) -> float:
    return count / of


def test_a_history_has_the_rates_of_real_exports(history: History) -> None:
    episodes = [view for view in history.views if view.kind == "episode"]
    films = [view for view in history.views if view.kind == "film"]
    words = [
        any(has_form(part, "strong") or has_form(part, "weak") for part in view.title.split(": ")[1:])
        for view in episodes
    ]
    assert share(len(films), len(history.views)) == pytest.approx(0.15, abs=0.03)
    assert share(words.count(False), len(words)) == pytest.approx(0.097, abs=0.04)
    hidden = 1 - share(len(history.views), sum(len(view.days) for view in history.views))
    assert hidden == pytest.approx(0.31, abs=0.05)
    with_colon = sum(": " in view.title for view in films)
    assert 0.03 < share(with_colon, len(films)) < 0.15
    supplemental = [row["Supplemental Video Type"] for row in archived(history)]
    assert share(len(supplemental) - supplemental.count(""), len(supplemental)) == pytest.approx(0.13, abs=0.04)


def archived(history: History) -> list[dict[str, str]]:
    return list(csv.DictReader(history.archive().decode().splitlines()))


def test_both_exports_hold_the_same_titles(history: History) -> None:
    rows = list(csv.reader(history.csv().decode().splitlines()))[1:]
    assert sorted(title for title, _ in rows) == sorted(view.title for view in history.views)
    played = {row["Title"] for row in archived(history) if not row["Supplemental Video Type"]}
    assert played == {view.archived for view in history.views} - {""}


@pytest.mark.parametrize("language", ["de", "ja", "tr"])
def test_titles_have_the_words_of_the_language(catalogue: Catalogue, language: str) -> None:
    history = invented(catalogue, language, 200, seed=1)
    assert history == invented(catalogue, language, 200, seed=1)
    assert history != invented(catalogue, language, 200, seed=2)
    words = {"de": ("Staffel",), "ja": ("シーズン", "シリーズ"), "tr": ("Sezon", "Seri")}[language]
    assert sum(any(word in view.title for word in words) for view in history.views) > 50


def test_a_weekly_list_names_seasons(tmp_path: Path) -> None:
    titles, chart = tmp_path / "titles.csv", tmp_path / "chart.tsv"
    titles.write_text("type,title\nMovie,Quiet Rooms\nTV Show,Zembla\n")
    rows = [
        "category\tshow_title\tseason_title",
        "TV (English)\tZembla\tZembla: The Deep",
        "Films (English)\tNight\tN/A",
    ]
    chart.write_text("\n".join([*rows, ""]))
    found = read_catalogues(titles, chart)
    assert [(one.name, one.seasons) for one in found.series] == [("Zembla", ("Zembla: The Deep",))]
    assert found.films == ("Quiet Rooms", "Night")


def test_the_starter_catalogue_is_known_in_part(catalogue: Catalogue) -> None:
    known = sum(catalogue.vocabulary.show(one.name) is not None for one in catalogue.series)
    assert 0.4 < share(known, len(catalogue.series)) < 0.6


@pytest.mark.parametrize("export", EXPORTS)
def test_wrong_kinds_are_counted(history: History, catalogue: Catalogue, export: str) -> None:
    some = History(history.views[:100])
    right = read_quality(some, export, catalogue.vocabulary)
    assert right.rows == sum(1 if export == "CSV" else len(view.days) for view in some.views if view.archived)
    assert right.right > 0.9 * right.rows
    assert right.wrong.total() == right.rows - right.right

    other: dict[str, Kind] = {"film": "episode", "episode": "film"}
    lies = History(tuple(replace(view, kind=other[view.kind]) for view in some.views))
    wrong = read_quality(lies, export, catalogue.vocabulary)
    assert (wrong.right, wrong.wrong.total()) == (right.rows - right.right, right.right)


def test_the_tables_have_a_row_for_each_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        reading, "invented", lambda catalogue, language, rows, seed: invented(catalogue, language, 40, seed)
    )
    assert main(["--languages", "en,tr", "--people", "1", "--speed-rows", "1", "--runs", "1"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("### ") == 3
    assert printed.count("| en | ") == printed.count("| tr | ") == printed.count("| all | ") == 2
    assert "| CSV | 40 | " in printed
    for line in printed.splitlines():
        assert line.startswith(("#", "|", "...")) or not line


def test_certainties_that_were_never_said_have_no_share() -> None:
    (of_csv, _) = quality_tables({(export, "en"): Quality() for export in EXPORTS})
    assert "| en | 0 | 0.00 % |  |  |  | 0.000 | 0.000 | 0 of 0 | 0 of 0 |" in of_csv


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--chart", "no-such-file.tsv"], "no such file"), (["--languages", "en,xx"], "no season words of xx")],
)
def test_bad_arguments_are_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err


def test_most_languages_of_the_table_are_tried() -> None:
    assert {"en", "de", "fr", "es", "pt", "tr", "ja", "zh", "ar", "he"} <= set(LANGUAGES)
