"""Bytes to rows: encodings, delimiters, columns and damage."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.processor.exports import LONGEST_CELL, ExportError, read_rows

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
# resaved_wrapped.csv has every row quoted once more, ViewingActivity.csv is another kind: both have their own tests.
PLAIN = sorted(set(EXPECTED) - {"resaved_wrapped.csv", "ViewingActivity.csv"})
HEADER = b"Title,Date\n"
TITLE_OF_A_MEGABYTE = b"x" * 1_000_000


def refusal(data: bytes) -> ExportError:
    with pytest.raises(ExportError) as caught:
        read_rows(data, "history.csv")
    return caught.value


def cells(data: bytes) -> list[tuple[str, str]]:
    rows = read_rows(data, "history.csv")
    assert not rows.damaged
    return list(zip(rows.titles, rows.dates, strict=True))


@pytest.mark.parametrize("name", PLAIN)
def test_every_row_of_an_export_is_read_in_its_order(name):
    rows = read_rows((EXPORTS / name).read_bytes(), name)

    assert rows.titles == [row["title"].strip() for row in EXPECTED[name]["truth"]]
    assert rows.count == EXPECTED[name]["rows"]
    assert rows.damaged == []


@pytest.mark.parametrize("name", PLAIN)
def test_rows_are_numbered_as_lines_of_the_file(name):
    rows = read_rows((EXPORTS / name).read_bytes(), name)

    assert rows.numbers == list(range(2, EXPECTED[name]["rows"] + 2))


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter"),
    [
        ("en_mdy_us.csv", "utf-8", ","),
        ("ja_ymd_ja.csv", "utf-8", ","),
        ("resaved_excel_bom.csv", "utf-8", ","),
        ("resaved_semicolon.csv", "utf-8", ";"),
        ("resaved_utf16.csv", "utf-16", "\t"),
        ("resaved_cp1252.csv", "cp1252", ","),
    ],
)
def test_the_encoding_and_the_delimiter_are_told(name, encoding, delimiter):
    rows = read_rows((EXPORTS / name).read_bytes(), name)

    assert (rows.encoding, rows.delimiter) == (encoding, delimiter)


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_accents_survive_every_encoding(encoding):
    data = 'Title,Date\n"Élite: Temporada 1: Güero","30/12/23"\n'.encode(encoding)

    assert cells(data) == [("Élite: Temporada 1: Güero", "30/12/23")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_in_both_byte_orders(codec):
    data = "\ufeffTitle\tDate\r\n오징어 게임\t12/30/23\r\n".encode(codec)

    assert cells(data) == [("오징어 게임", "12/30/23")]


def test_a_utf_16_file_cut_inside_a_character_keeps_its_whole_rows():
    data = "Title,Date\nRoma,12/30/23\nTenet,12/29/23\n".encode("utf-16")[:-1]

    rows = read_rows(data, "history.csv")

    assert (rows.titles[0], rows.dates[0]) == ("Roma", "12/30/23")
    assert rows.count == 2


# Whole files that cannot be used


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\x00\n"])
def test_a_file_without_content_is_refused_as_empty(data):
    error = refusal(data)

    assert error.reason == "empty"
    assert "history.csv" in str(error)


@pytest.mark.parametrize("data", [b"Title,Date", b"Title,Date\n", b"Title,Date\r\n\r\n", b'"Title","Date"\n'])
def test_a_header_alone_is_a_file_with_no_rows(data):
    assert read_rows(data, "history.csv").count == 0


def test_a_wrong_header_names_what_was_found_what_was_expected_and_the_row():
    error = refusal(b"Name,Seen on\nRoma,12/30/23\n")

    assert error.reason == "header"
    for part in ("history.csv", "row 1", "Name, Seen on", "Title,Date"):
        assert part in str(error)


@pytest.mark.parametrize(
    "header",
    [b"nottitle,notdate", b"Title", b"Date", b"Title,Dates", b"Subtitle,Date", b"PK\x03\x04\x14\x00\xff", b"<html>"],
)
def test_a_file_without_a_title_and_a_date_column_is_refused(header):
    assert refusal(header + b'\n"Roma","12/30/23"\n').reason == "header"


def test_a_first_row_of_a_megabyte_makes_a_short_message():
    error = refusal(TITLE_OF_A_MEGABYTE + b"\n")

    assert error.reason == "header"
    assert len(str(error)) < 500


def test_many_columns_make_a_short_message():
    assert len(str(refusal(b",".join([b"column"] * 5_000) + b"\n"))) < 500


def test_viewing_activity_is_refused_by_name_and_says_which_file_is_wanted():
    name = "ViewingActivity.csv"
    with pytest.raises(ExportError) as caught:
        read_rows((EXPORTS / name).read_bytes(), name)

    assert caught.value.reason == "viewing_activity"
    assert "NetflixViewingHistory.csv" in str(caught.value)


# Columns


@pytest.mark.parametrize("header", [b"Title,Date", b"TITLE,DATE", b" title , date ", b'"Title","Date"'])
def test_columns_are_found_whatever_their_case_and_blanks(header):
    assert cells(header + b'\n"Roma","12/30/23"\n') == [("Roma", "12/30/23")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (b"Date,Title", b"12/30/23,Roma"),
        (b",Title,Date,Type", b"0,Roma,12/30/23,Movie"),
        (b"Type,Date,user,Title", b"Movie,12/30/23,me,Roma"),
        (b"Title;;Date;;", b"Roma;;12/30/23;;"),
        (b"Title\tDate", b"Roma\t12/30/23"),
        (b"Title;Date", b'"Roma";"12/30/23"'),
    ],
)
def test_columns_are_found_by_name_in_any_place(header, row):
    assert cells(header + b"\n" + row + b"\n") == [("Roma", "12/30/23")]


@pytest.mark.parametrize(
    ("header", "row", "title"),
    [
        (b"Title,Date", b"Love, Death & Robots,12/30/23", "Love, Death & Robots"),
        (b"Title,Date", b"Inside, Out, and About,12/30/23", "Inside, Out, and About"),
        (b"Date,Title", b"12/30/23,Love, Death & Robots", "Love, Death & Robots"),
        (b"Title,Date,Type", b"Love, Death & Robots,12/30/23,TV", "Love, Death & Robots"),
        (b"Type,Title,Date", b"TV,Love, Death & Robots,12/30/23", "Love, Death & Robots"),
        (b"Title;Date", b"Steins;Gate;12/30/23", "Steins;Gate"),
        (b"Title;;Date;;", b"Steins;Gate;;12/30/23;;", "Steins;Gate"),
        (b"Title\tDate", b"Roma\tagain\t12/30/23", "Roma\tagain"),
    ],
)
def test_an_unquoted_delimiter_inside_a_title_shifts_no_date(header, row, title):
    assert cells(header + b"\n" + row + b"\n") == [(title, "12/30/23")]


def test_commas_in_titles_do_not_hide_a_semicolon_between_columns():
    data = b"Title;Date\nLove, Death, and, Robots;12/30/23\n"

    assert cells(data) == [("Love, Death, and, Robots", "12/30/23")]


# Lines


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_as_on_any_system(end):
    data = end.join([b"Title,Date", b'"Roma","12/30/23"', b"Tenet,12/29/23", b""])

    assert cells(data) == [("Roma", "12/30/23"), ("Tenet", "12/29/23")]


def test_the_last_line_needs_no_end():
    assert cells(HEADER + b'"Roma","12/30/23"') == [("Roma", "12/30/23")]


def test_blank_lines_are_no_rows_but_count_as_lines():
    rows = read_rows(b'Title,Date\r\n\r\n"Roma","12/30/23"\r\n\r\n""\r\n"Tenet","12/29/23"\r\n\r\n', "history.csv")

    assert rows.titles == ["Roma", "Tenet"]
    assert rows.numbers == [3, 6]
    assert rows.count == 2


def test_a_row_with_a_blank_title_is_a_row():
    assert cells(HEADER + b'"","12/30/23"\n": ","12/29/23"\n') == [("", "12/30/23"), (":", "12/29/23")]


def test_a_missing_quote_costs_the_rows_it_runs_into_and_the_next_row_is_numbered_right():
    rows = read_rows(HEADER + b'"Ro,12/30/23\n"Tenet","12/29/23"\n"Roma","12/28/23"\n', "history.csv")

    assert rows.titles == ["Roma"]
    assert rows.numbers == [4]
    assert [number for number, _ in rows.damaged] == [2]


def test_a_damaged_byte_costs_its_row_and_not_the_encoding_of_the_file():
    data = b"Title,Date\n" + "\n".join(f'"東京 {n}","12/{n + 1}/23"' for n in range(9)).encode()
    rows = read_rows(data.replace("京 3".encode(), b"\xe4 3"), "history.csv")

    assert rows.encoding == "utf-8"
    assert len(rows.titles) == 8
    assert [number for number, _ in rows.damaged] == [5]


def test_surplus_cells_after_the_date_are_ignored():
    assert cells(HEADER + b'"Roma","12/30/23",\n"Tenet","12/29/23","x"\n') == [
        ("Roma", "12/30/23"),
        ("Tenet", "12/29/23"),
    ]


def test_blank_lines_before_the_header_and_utf_16_without_a_mark_are_read():
    text = "\r\n\nTitle,Date\nRoma,12/30/23\n"
    assert cells(text.encode()) == [("Roma", "12/30/23")]
    assert cells(text.lstrip().encode("utf-16-le")) == [("Roma", "12/30/23")]
    assert cells(text.lstrip().encode("utf-16-be")) == [("Roma", "12/30/23")]


def test_doubled_quotes_inside_a_title_are_one_quote():
    assert cells(HEADER + b'"The ""Real"" Thing, Part 2","12/30/23"\n') == [('The "Real" Thing, Part 2', "12/30/23")]


# Damage


@pytest.mark.parametrize(
    "damaged",
    [
        b"Roma",
        b'"Roma"',
        TITLE_OF_A_MEGABYTE + b",12/30/23",
        b'"' + TITLE_OF_A_MEGABYTE + b'","12/30/23"',
        b'"Roma","' + TITLE_OF_A_MEGABYTE + b'"',
        b'"' + b"x" * (LONGEST_CELL + 1) + b'","12/30/23"',
        b'"Roma","' + b"1" * 101 + b'"',
    ],
    ids=["cut", "cut_quoted", "megabyte", "megabyte_quoted", "megabyte_date", "long_title", "long_date"],
)
def test_a_damaged_row_costs_only_itself(damaged):
    rows = read_rows(HEADER + b'"Dark","12/31/23"\n' + damaged + b'\n"Tenet","12/29/23"\n', "history.csv")

    assert list(zip(rows.numbers, rows.titles, rows.dates, strict=True)) == [
        (2, "Dark", "12/31/23"),
        (4, "Tenet", "12/29/23"),
    ]
    assert [number for number, _ in rows.damaged] == [3]
    assert rows.count == 3


def test_a_row_that_is_cut_off_says_so():
    rows = read_rows(HEADER + b'"Roma"\n', "history.csv")

    assert "cut off" in rows.damaged[0][1]


def test_the_longest_title_that_is_read_is_read():
    assert len(cells(HEADER + b'"' + b"x" * LONGEST_CELL + b'","12/30/23"\n')[0][0]) == LONGEST_CELL


def test_nul_bytes_cost_no_row():
    assert cells(HEADER + b'"Ro\x00ma","12/30/23"\n"Tenet","12/29/23"\n') == [
        ("Ro\0ma", "12/30/23"),
        ("Tenet", "12/29/23"),
    ]


# Properties


@settings(max_examples=150)
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_at_all_end_in_anything_but_rows_or_a_refusal(data, with_header):
    try:
        rows = read_rows(HEADER + data if with_header else data, "history.csv")
    except ExportError as error:
        assert not with_header
        assert error.reason in {"empty", "header", "viewing_activity"}
    else:
        assert len(rows.numbers) == len(rows.titles) == len(rows.dates) == rows.count - len(rows.damaged)


@settings(max_examples=150)
@given(
    titles=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=30), max_size=8
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_comes_back(titles, delimiter, quoting, end, encoding):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([["Title", "Date"], *([title, "12/30/23"] for title in titles)])

    assert cells(text.getvalue().encode(encoding)) == [(title.strip(), "12/30/23") for title in titles]
