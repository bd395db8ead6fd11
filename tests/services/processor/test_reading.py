"""One export from bytes to views, against files whose truth is known row by row."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.catalogues import starter_vocabulary
from netflix_trend.encodings import KINDS
from netflix_trend.titles import title_key
from services.processor.exports import ExportError
from services.processor.reading import Export, read_export

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
# Read today: all but the two that a later change handles and the one that asks a question.
READABLE = sorted(
    set(EXPECTED) - {"resaved_wrapped.csv", "ViewingActivity.csv", "short_one_day_ambiguous_mdy.csv"},
)
# The kinds a row may get for each type of the truth: what nothing proves may stay open, but nothing may be wrong.
KINDS_OF_TYPE = {
    "E": {"episode", "unsure"},
    "M": {"film", "unsure"},
    "X": {"supplemental"},
    "B": {"blank"},
    "U": {"unsure"},
}
# The start of a file of these is misread at some places of the cut: one character cut in half turns the whole file to
# another encoding, one cut date or a single day turns the order.
MISREAD_WHEN_CUT: set[str] = set()


def read(data: bytes, date_order: str | None = None) -> Export:
    return read_export(data, "history.csv", starter_vocabulary(), date_order)


@cache
def fixture(name: str) -> Export:
    return read((EXPORTS / name).read_bytes())


def rows_with_truth(name: str) -> list[tuple]:
    return list(zip(fixture(name).views.itertuples(), EXPECTED[name]["truth"], strict=True))


def history(*rows: tuple[str, str]) -> bytes:
    return "\n".join(["Title,Date", *(f'"{title}","{day}"' for title, day in rows), ""]).encode()


def views(export: Export) -> list[tuple]:
    columns = ["day", "title", "kind", "show_name", "season", "show_index"]
    return list(export.views[columns].fillna("").itertuples(index=False, name=None))


# The fixtures


def test_no_fixture_is_left_out():
    assert {path.name for path in EXPORTS.glob("*.csv")} == set(EXPECTED)
    assert len(READABLE) == 36


@pytest.mark.parametrize("name", READABLE)
def test_every_row_of_an_export_becomes_a_view(name):
    export = fixture(name)

    assert (export.rows, export.damaged, export.undated) == (EXPECTED[name]["rows"], 0, 0)
    assert len(export.views) == export.rows
    assert export.problems == []


@pytest.mark.parametrize("name", READABLE)
def test_the_first_and_the_last_day_are_those_of_the_export(name):
    export = fixture(name)

    days = [day and day.isoformat() for day in (export.first_day, export.last_day)]
    assert days == [EXPECTED[name]["min_date"], EXPECTED[name]["max_date"]]


@pytest.mark.parametrize("name", READABLE)
def test_the_date_order_is_that_of_the_export(name):
    assert fixture(name).date_order == EXPECTED[name]["date_format"][:3]


@pytest.mark.parametrize("name", READABLE)
def test_every_view_has_its_title_and_its_day(name):
    for view, truth in rows_with_truth(name):
        assert (view.title, view.day.date().isoformat()) == (truth["title"].strip(), truth["date"])
        assert view.key == title_key(truth["title"])


@pytest.mark.parametrize("name", READABLE)
def test_blank_and_supplemental_rows_are_counted_exactly(name):
    counted, types = fixture(name).kinds, EXPECTED[name]["types"]

    assert (counted["blank"], counted["supplemental"]) == (types.get("B", 0), types.get("X", 0))


@pytest.mark.parametrize("name", READABLE)
def test_every_view_is_counted_under_one_kind(name):
    export = fixture(name)

    assert list(export.kinds) == list(KINDS)
    assert export.kinds == {kind: sum(export.views["kind"] == kind) for kind in KINDS}
    assert sum(export.kinds.values()) == len(export.views)


@pytest.mark.parametrize("name", READABLE)
def test_no_row_gets_a_wrong_kind(name):
    for view, truth in rows_with_truth(name):
        assert view.kind in KINDS_OF_TYPE[truth["type"]], truth["title"]


@pytest.mark.parametrize("name", READABLE)
def test_at_most_three_episodes_of_an_export_stay_open(name):
    assert EXPECTED[name]["types"].get("E", 0) - fixture(name).kinds["episode"] <= 3


@pytest.mark.parametrize("name", READABLE)
def test_no_row_gets_a_show_that_the_truth_does_not_name(name, vocabulary):
    for view, truth in rows_with_truth(name):
        if view.kind == "episode":
            assert view.show_name == truth["show"]
            known = vocabulary.show(truth["show"])
            assert view.show_index == (-1 if known is None else known)
        else:
            assert pd.isna(view.show_name)
            assert view.show_index == -1


@pytest.mark.parametrize("name", READABLE)
def test_the_shows_of_an_export_are_among_those_it_holds(name):
    assert set(fixture(name).views["show_name"].dropna()) <= set(EXPECTED[name]["shows"])


def test_rows_that_are_quoted_once_more_are_never_dated():
    with pytest.raises(ExportError) as caught:
        fixture("resaved_wrapped.csv")

    assert caught.value.reason == "no_rows"
    assert f"none of its {EXPECTED['resaved_wrapped.csv']['rows']} rows could be read; row 2" in str(caught.value)


def test_viewing_activity_is_refused():
    with pytest.raises(ExportError) as caught:
        fixture("ViewingActivity.csv")

    assert caught.value.reason == "viewing_activity"


def test_a_file_of_one_ambiguous_day_is_refused_with_a_question():
    with pytest.raises(ExportError) as caught:
        fixture("short_one_day_ambiguous_mdy.csv")

    assert caught.value.reason == "date_order"
    assert "'3/9/24'" in str(caught.value)
    assert "DATE_ORDER=mdy|dmy" in str(caught.value)


def test_a_file_of_one_ambiguous_day_is_read_with_the_answer():
    name = "short_one_day_ambiguous_mdy.csv"

    export = read((EXPORTS / name).read_bytes(), "mdy")

    assert export.rows == EXPECTED[name]["rows"]
    assert [export.first_day, export.last_day] == [date(2024, 3, 9)] * 2
    assert export.kinds["film"] == EXPECTED[name]["types"]["M"]
    assert "DATE_ORDER" in export.date_evidence


# Cut files


@pytest.mark.parametrize("name", [name for name in READABLE if name not in MISREAD_WHEN_CUT])
def test_every_view_of_a_cut_file_is_a_view_of_the_whole_file_except_possibly_the_last(name):
    data = (EXPORTS / name).read_bytes()
    whole = views(fixture(name))

    for end in range(0, len(data), 37):
        try:
            cut = views(read(data[:end]))
        except ExportError as refusal:
            assert refusal.reason in {"empty", "header", "date_order", "no_rows"}
        else:
            assert cut[:-1] == whole[: max(len(cut) - 1, 0)]
            assert len(cut) <= len(whole)


@pytest.mark.parametrize("name", ["en_mdy_us.csv", "en_ymd_iso.csv", "sv_ymd_iso.csv", "tr_dmy_dot_yyyy.csv"])
def test_a_file_cut_between_two_rows_gives_exactly_the_rows_before(name):
    lines = (EXPORTS / name).read_bytes().splitlines(keepends=True)
    whole = views(fixture(name))

    for rows in range(5, len(lines) - 1, 9):
        assert views(read(b"".join(lines[: rows + 1]))) == whole[:rows]


# Bad rows


def test_an_impossible_date_costs_only_its_row_and_is_named_with_the_row():
    export = read(history(("Roma", "12/31/23"), ("Ozark: Season 1: A", "2/30/23"), ("Tenet", "12/29/23")))

    assert views(export) == views(read(history(("Roma", "12/31/23"), ("Tenet", "12/29/23"))))
    assert (export.rows, export.damaged, export.undated) == (3, 0, 1)
    assert len(export.problems) == 1
    assert export.problems[0].startswith("row 3: ")
    assert "'2/30/23'" in export.problems[0]


@pytest.mark.parametrize("text", ["", "soon", "12/31", "31/12/23", "0/0/0", "1/1/1990"])
def test_a_row_without_a_date_is_counted_and_costs_no_other_row(text):
    export = read(history(("Roma", "12/31/23"), ("Tenet", text), ("Dark: Season 1: A", "12/29/23")))

    assert list(export.views["title"]) == ["Roma", "Dark: Season 1: A"]
    assert export.undated == 1
    assert "row 3" in export.problems[0]


def test_a_title_of_a_megabyte_costs_only_its_row():
    export = read(history(("Roma", "12/31/23"), ("x" * 1_000_000, "12/30/23"), ("Tenet", "12/29/23")))

    assert list(export.views["title"]) == ["Roma", "Tenet"]
    assert (export.rows, export.damaged, export.undated) == (3, 1, 0)
    assert export.problems[0].startswith("row 3: ")
    assert len(export.problems[0]) < 200


def test_a_date_of_many_characters_makes_a_short_problem():
    assert len(read(history(("Roma", "12/31/23"), ("Tenet", "x" * 100_000))).problems[0]) < 200


def test_five_bad_rows_are_named_and_the_others_counted():
    export = read(history(("Roma", "12/31/23"), *((f"Film {number}", "2/30/23") for number in range(9))))

    assert export.undated == 9
    assert [problem.split(":")[0] for problem in export.problems] == [*(f"row {n}" for n in range(3, 8)), "and more"]


def test_five_bad_rows_are_all_there_is_to_say():
    export = read(history(("Roma", "12/31/23"), *((f"Film {number}", "2/30/23") for number in range(5))))

    assert [problem.split(":")[0] for problem in export.problems] == [f"row {n}" for n in range(3, 8)]


def test_a_row_that_is_cut_off_and_one_without_a_date_are_told_apart():
    export = read(b'Title,Date\n"Roma","12/31/23"\n"Tenet"\n"Dark","soon"\n')

    assert (export.rows, export.damaged, export.undated) == (3, 1, 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"\n\n", "empty"), (b"Name,Day\nRoma,12/31/23\n", "header"), (b"PK\x03\x04\xff", "header")],
)
def test_a_file_that_is_no_export_is_refused_as_a_whole(data, reason):
    with pytest.raises(ExportError) as caught:
        read(data)

    assert caught.value.reason == reason
    assert "history.csv" in str(caught.value)


def test_a_header_alone_is_an_export_without_views():
    export = read(b"Title,Date\n")

    assert export.rows == 0
    assert export.views.empty
    assert (export.first_day, export.last_day) == (None, None)


def test_nul_bytes_cost_no_row():
    export = read(history(("Ro\0ma", "12/31/23"), ("Tenet", "12/29/23")))

    assert list(export.views["title"]) == ["Ro\0ma", "Tenet"]


# Views


@pytest.mark.parametrize("name", ["en_mdy_us.csv", "ja_ymd_ja.csv", "header_only.csv"])
def test_the_columns_of_views_have_their_types(name):
    types = fixture(name).views.dtypes.astype(str).to_dict()

    assert types == {
        "day": "datetime64[s]",
        "key": "str",
        "title": "str",
        "kind": "str",
        "show_name": "str",
        "season": "str",
        "show_index": "int32",
    }


def test_a_title_seen_on_two_days_is_two_views():
    export = read(history(("Roma", "12/31/23"), ("Tenet", "12/30/23"), ("Roma", "12/29/23")))

    assert list(zip(export.views["title"], export.views["day"].dt.day, strict=True)) == [
        ("Roma", 31),
        ("Tenet", 30),
        ("Roma", 29),
    ]


def test_the_first_and_the_last_day_do_not_depend_on_the_order_of_the_rows():
    export = read(history(("Roma", "12/30/23"), ("Tenet", "12/31/23"), ("Dark", "12/28/23"), ("You", "12/29/23")))

    assert (export.first_day, export.last_day) == (date(2023, 12, 28), date(2023, 12, 31))


def test_how_the_file_was_written_is_told():
    export = fixture("resaved_semicolon.csv")

    assert (export.encoding, export.delimiter) == ("utf-8", ";")
    assert "impossible" in export.date_evidence


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Roma", "", ": ", "Ozark: Season 1: A", "Nobody: Knows", "Ozark: Trailer"]),
            st.sampled_from(["12/31/23", "1/2/24", "2/30/23", "", "13/13/13"]),
        )
        | st.just(("cut",)),
        max_size=12,
    )
)
def test_every_row_is_a_view_or_accounted_for(rows):
    lines = ["Title,Date", '"Roma","12/30/23"', *(",".join(f'"{cell}"' for cell in row) for row in rows)]

    export = read("\n".join(lines).encode())

    assert export.rows == len(rows) + 1 == len(export.views) + export.damaged + export.undated
    assert export.damaged == rows.count(("cut",))
    assert export.undated == sum(len(row) == 2 and row[1] not in {"12/31/23", "1/2/24"} for row in rows)
    assert bool(export.problems) == bool(export.damaged + export.undated)


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_in_the_rows_end_in_anything_but_views_or_a_refusal(data):
    try:
        export = read(b"Title,Date\n" + data)
    except ExportError as refusal:
        assert refusal.reason in {"date_order", "no_rows"}
    else:
        assert export.rows == len(export.views) + export.damaged + export.undated
