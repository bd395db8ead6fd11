"""Bytes to rows: encodings, delimiters, columns and damage."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from netflix_trend.history.exports import ExportError, detect_encoding, open_export
from netflix_trend.history.records import MAX_CELL, THREE_NUMBERS

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
HISTORIES = sorted(set(EXPECTED) - {"ViewingActivity.csv"})
HEADER = b"Title,Date\n"
TITLE_OF_A_MEGABYTE = b"x" * 1_000_000
LABELS = (
    *("Profile Name", "Start Time", "Duration", "Attributes", "Title", "Supplemental Video Type", "Device Type"),
    *("Bookmark", "Latest Bookmark", "Country"),
)
ACTIVITY = (",".join(LABELS) + "\n").encode()
# What is given of a row of ViewingActivity.csv, as it stands in the file below.
USED = ("Ann", "2024-03-02 23:50:12", "00:48:12", "Has branched playback; ", "Dark: Season 1: Lies", "HOOK", "iPad")
CELLS = (*USED, "00:51:00", "Not latest view", "US (United States)")
STRIPPED = tuple(cell.strip() for cell in USED)
# Tidy text that every encoding below can hold, text that shows its language, and text that only Unicode can hold.
WESTERN = "abcXYZ 019:,;\t\"'!éèàçêô-&"
FRENCH = "Le Fabuleux Destin d’Amélie Poulain: Été à la forêt, ça va être très bientôt"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufffd\ufeff"), max_size=30)


@dataclass
class Read:
    """All of a file."""

    kind: str
    encoding: str
    delimiter: str
    numbers: list[int]
    rows: list[tuple[str, ...]]
    damaged: list[tuple[int, str]]

    @property
    def titles(self) -> list[str]:
        return [row[0 if self.kind == "viewing_history" else 4] for row in self.rows]


def read(data: bytes, name: str = "history.csv") -> Read:
    damaged: list[tuple[int, str]] = []
    export = open_export(io.BytesIO(data), name)
    found = list(export.rows(lambda number, problem: damaged.append((number, problem))))
    numbers, rows = [number for number, _ in found], [tuple(cells) for _, cells in found]
    return Read(export.kind, export.encoding.name, export.delimiter, numbers, rows, damaged)


def refusal(data: bytes) -> ExportError:
    with pytest.raises(ExportError) as caught:
        read(data)
    return caught.value


def cells(data: bytes, kind: str = "viewing_history") -> list[tuple[str, ...]]:
    found = read(data)
    assert not found.damaged
    assert found.kind == kind
    return found.rows


def activity(data: bytes) -> list[tuple[str, ...]]:
    return cells(data, "viewing_activity")


def table(
    rows: Sequence[Sequence[str]], delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL, end: str = "\n"
) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def wrapped(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    """Return rows quoted once more, each as one cell, in which all cells but the first are quoted."""
    lines = [row[0] + "".join(f'{delimiter}"{cell}"' for cell in row[1:]) for row in rows]
    return table([[line] for line in lines], quoting=csv.QUOTE_ALL, end=end)


@pytest.mark.parametrize("name", HISTORIES)
def test_every_row_of_an_export_is_read_in_its_order(name: str) -> None:
    found = read((EXPORTS / name).read_bytes(), name)

    assert found.kind == "viewing_history"
    assert found.titles == [row["title"].strip() for row in EXPECTED[name]["truth"]]
    assert len(found.rows) == EXPECTED[name]["rows"]
    assert found.damaged == []


@pytest.mark.parametrize("name", sorted(set(HISTORIES) - {"concatenated_two_exports.csv"}))
def test_rows_are_numbered_as_lines_of_the_file(name: str) -> None:
    found = read((EXPORTS / name).read_bytes(), name)

    assert found.numbers == list(range(2, EXPECTED[name]["rows"] + 2))


def test_every_row_of_viewing_activity_is_read() -> None:
    found = read((EXPORTS / "ViewingActivity.csv").read_bytes())
    truth = EXPECTED["ViewingActivity.csv"]["truth"]

    assert found.kind == "viewing_activity"
    assert found.damaged == []
    assert [(row[0], row[1], row[2], row[4]) for row in found.rows] == [
        (row["profile"], row["start"], row["duration"], row["title"]) for row in truth
    ]
    assert [bool(row[5]) for row in found.rows] == [row["type"] == "X" for row in truth]
    assert {row[6] for row in found.rows} == {"Apple TV 4K", "Chrome PC (Cadmium)", "iPad"}


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter"),
    [
        ("en_mdy_us.csv", "utf-8", ","),
        ("ja_ymd_ja.csv", "utf-8", ","),
        ("resaved_excel_bom.csv", "utf-8", ","),
        ("resaved_semicolon.csv", "utf-8", ";"),
        ("resaved_utf16.csv", "utf-16", "\t"),
        ("resaved_cp1252.csv", "cp1252", ","),
        ("ViewingActivity.csv", "utf-8", ","),
    ],
)
def test_encoding_and_delimiter_are_reported(name: str, encoding: str, delimiter: str) -> None:
    found = read((EXPORTS / name).read_bytes(), name)

    assert (found.encoding, found.delimiter) == (encoding, delimiter)


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_accents_survive_every_encoding(encoding: str) -> None:
    data = 'Title,Date\n"Élite: Temporada 1: Güero","30/12/23"\n'.encode(encoding)

    assert cells(data) == [("Élite: Temporada 1: Güero", "30/12/23")]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_in_both_byte_orders_with_and_without_its_mark(codec: str, mark: str) -> None:
    data = f"{mark}Title\tDate\r\n오징어 게임\t12/30/23\r\n🦑\t12/29/23\r\n".encode(codec)

    assert cells(data) == [("오징어 게임", "12/30/23"), ("🦑", "12/29/23")]


def test_a_utf_16_file_cut_inside_a_character_keeps_complete_rows() -> None:
    found = read("Title,Date\nRoma,12/30/23\nTenet,12/29/23\n".encode("utf-16")[:-1])

    assert found.rows[0] == ("Roma", "12/30/23")
    assert len(found.rows) + len(found.damaged) == 2


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"", "utf-8"),
        (b"Title,Date\n", "utf-8"),
        ("Élite".encode(), "utf-8"),
        ("Élite".encode("cp1252"), "cp1252"),
        ("東京 ".encode() * 3 + b"\xe4", "utf-8"),
        (("x" * 3_000_000 + "Élite").encode(), "utf-8"),
        (("x" * 3_000_000 + "Élite").encode("cp1252"), "cp1252"),
        (b"Title,Date\n" + "é".encode("cp1252") * 10 + "é".encode(), "cp1252"),
        (b"Title,Date\n\xe9 \xe9 \xc3\xa9", "cp1252"),
        (b"Title,Date\nRoma\xe9", "cp1252"),
        (b"\xef\xbb\xbfTitle", "utf-8"),
        ("Title,Date\n".encode("utf-16-le"), "utf-16-le"),
        ("Title,Date\n".encode("utf-16-be"), "utf-16-be"),
        ("Title,Date\n".encode("utf-16"), "utf-16"),
    ],
)
def test_the_encoding_is_detected_from_all_bytes(data: bytes, encoding: str) -> None:
    assert detect_encoding(io.BytesIO(data)).name == encoding


@pytest.mark.parametrize("place", [*range(60, 69), (1 << 20) + 62, (1 << 20) + 63, (1 << 20) + 64])
def test_a_character_on_the_edge_of_a_block_is_not_damage(place: int) -> None:
    assert detect_encoding(io.BytesIO(b"x" * place + "東é".encode() + b"x" * 100)).name == "utf-8"


def test_a_damaged_byte_loses_its_row_and_not_the_encoding_of_the_file() -> None:
    data = b"Title,Date\n" + "\n".join(f'"東京 {n}","12/{n + 1}/23"' for n in range(9)).encode()
    found = read(data.replace("京 3".encode(), b"\xe4 3"))

    assert found.encoding == "utf-8"
    assert len(found.rows) == 8
    assert [number for number, _ in found.damaged] == [5]


def test_a_damaged_byte_is_detected_even_on_a_day_seen_before() -> None:
    good = b"".join('"東京","12/30/23"\n'.encode() for _ in range(4))
    found = read(HEADER + good + b'"\xff","12/30/23"\n' + good)

    assert len(found.rows) == 8
    assert [number for number, _ in found.damaged] == [6]


def test_a_byte_that_cp1252_does_not_have_loses_its_row() -> None:
    found = read("Title,Date\nÉlite,12/30/23\nGüero,12/29/23\n".encode("cp1252") + b"Ro\x81ma,12/28/23\n")

    assert found.titles == ["Élite", "Güero"]
    assert [number for number, _ in found.damaged] == [4]


# Whole files that cannot be used


@pytest.mark.parametrize(
    "data", [b"", b"\n", b" \r\n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\x00\n", b"\0\0\0", b"\n" * 300_000]
)
def test_a_file_without_content_is_refused_as_empty(data: bytes) -> None:
    error = refusal(data)

    assert error.reason == "empty"
    assert "history.csv" in str(error)


@pytest.mark.parametrize(
    "data", [b"Title,Date", b"Title,Date\n", b"Title,Date\r\n\r\n", b'"Title","Date"\n', b'"Title,""Date"""\r\n']
)
def test_a_header_alone_is_a_file_with_no_rows(data: bytes) -> None:
    assert cells(data) == []


@pytest.mark.parametrize("data", [ACTIVITY, ACTIVITY.strip(), b"Start Time,Duration,Title\n"])
def test_a_header_of_viewing_activity_alone_is_a_file_with_no_rows(data: bytes) -> None:
    assert activity(data) == []


def test_a_wrong_header_names_what_was_found_what_was_expected_and_the_row() -> None:
    error = refusal(b"Name,Seen on\nRoma,12/30/23\n")

    assert error.reason == "header"
    for part in ("history.csv", "row 1", "Name, Seen on", "Title,Date"):
        assert part in str(error)


@pytest.mark.parametrize(
    "header",
    [b"nottitle,notdate", b"Title", b"Date", b"Title,Dates", b"Subtitle,Date", b"PK\x03\x04\x14\x00\xff", b"<html>"],
)
def test_a_file_without_a_title_and_a_date_column_is_refused(header: bytes) -> None:
    assert refusal(header + b'\n"Roma","12/30/23"\n').reason == "header"


@pytest.mark.parametrize("row", [b"", b"Roma,Dark\n", b"12/30/23,12/29/23\n", b"Roma,Dark,12/30/23\n", b"Roma\n"])
def test_a_file_without_a_header_needs_a_title_and_a_date_in_its_first_row(row: bytes) -> None:
    assert refusal(b"Roma,again\n" + row).reason == "header"
    assert refusal((row or b"12/30/23\n") + b"Roma,again\n").reason == "header"


@pytest.mark.parametrize("missing", ["Title", "Start Time", "Duration"])
@pytest.mark.parametrize("extra", [(), ("Autoplayed", "View was hidden", "Has branched playback", "Not latest view")])
def test_viewing_activity_without_a_needed_column_is_refused_and_names_what_was_found(
    missing: str, extra: tuple[str, ...]
) -> None:
    row = dict(zip(LABELS, CELLS, strict=True)) | dict.fromkeys(extra, "NA")
    del row[missing]
    error = refusal(table([list(row), list(row.values())]).encode())

    assert error.reason == "header"
    assert "Profile Name" in str(error)
    assert "Supplemental Video Type" in str(error)


def test_a_first_row_of_a_megabyte_makes_a_short_message() -> None:
    error = refusal(TITLE_OF_A_MEGABYTE + b"\n")

    assert error.reason == "header"
    assert len(str(error)) < 500


def test_many_columns_make_a_short_message() -> None:
    assert len(str(refusal(b",".join([b"column"] * 5_000) + b"\n"))) < 500


# Columns


@pytest.mark.parametrize("header", [b"Title,Date", b"TITLE,DATE", b" title , date ", b'"Title","Date"', b"Titel,Datum"])
def test_columns_are_found_in_any_case_and_with_blanks(header: bytes) -> None:
    assert cells(header + b'\n"Roma","12/30/23"\n') == [("Roma", "12/30/23")]


@pytest.mark.parametrize(
    "header",
    [
        "Titel,Datum",
        "Título,Fecha",
        "TÍTULO,DATA",
        "Titre,Date",
        "Tytuł,Data",
        "タイトル,日付",
        "제목,날짜",
        "标题,日期",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_translated_header_is_known(header: str, delimiter: str) -> None:
    text = f"{header},x\nRoma,12/30/23,1\n".replace(",", delimiter)
    assert cells(text.encode()) == [("Roma", "12/30/23")]


@pytest.mark.parametrize(
    "header",
    ["Название,Дата", "Назва,Дата", "Заглавие,Дата", "Cím,Dátum", "Başlık,TARİH", "Τίτλος,Ημερομηνία", "ชื่อเรื่อง,วันที่"],
)
def test_a_header_of_another_alphabet_is_known(header: str) -> None:
    assert cells(f"{header}\nRoma,12/30/23\n".encode()) == [("Roma", "12/30/23")]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "\ufeffSEP=;", "sep=; "])
def test_a_first_line_that_names_the_delimiter_is_obeyed(line: str) -> None:
    found = read(f"{line}\r\nTitle;Date\r\nLove, Death, and, Robots;12/30/23\r\n".encode())

    assert (found.delimiter, found.rows, found.numbers) == (";", [("Love, Death, and, Robots", "12/30/23")], [3])
    assert refusal(line.encode()).reason == "empty"


def test_the_column_with_dates_is_taken_if_the_one_called_so_has_none() -> None:
    data = b"title,videoTitle,date,dateStr\nRoma,again,1526180000000,5/13/18\nDark,again,1526190000000,\n"

    assert cells(data) == [("Roma", "5/13/18"), ("Dark", "")]


def test_a_cell_of_a_named_column_is_never_a_part_of_the_title() -> None:
    data = b"Title,Country,Date,Added\nRoma,US,1526180000000,x\nDark,US,1526180000000,12/30/23\n"

    assert read(data).titles == ["Roma", "Dark"]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (b"Date,Title", b"12/30/23,Roma"),
        (b",Title,Date,Type", b"0,Roma,12/30/23,Movie"),
        (b"Type,Date,user,Title", b"Movie,12/30/23,me,Roma"),
        (b"Title;;Date;;", b"Roma;;12/30/23;;"),
        (b"Title\tDate", b"Roma\t12/30/23"),
        (b"Title;Date", b'"Roma";"12/30/23"'),
        (b"Datum;Titel", b"12/30/23;Roma"),
    ],
)
def test_columns_are_found_by_name_in_any_place(header: bytes, row: bytes) -> None:
    assert cells(header + b"\n" + row + b"\n") == [("Roma", "12/30/23")]


@pytest.mark.parametrize(
    ("header", "row", "title"),
    [
        (b"Title,Date", b"Love, Death & Robots,12/30/23", "Love, Death & Robots"),
        (b"Title,Date", b"Inside, Out, and About,12/30/23", "Inside, Out, and About"),
        (b"Title,Date", b"10, 9, 8... 3-2-1 Zero,12/30/23", "10, 9, 8... 3-2-1 Zero"),
        (b"Title,Date", b"Hello, 9-1-1 Calling,12/30/23", "Hello, 9-1-1 Calling"),
        (b"Date,Title", b"12/30/23,Love, Death & Robots", "Love, Death & Robots"),
        (b"Date,Title,Type", b"12/30/23,Love, Death & Robots,TV", "Love, Death & Robots"),
        (b"Title,Date,Type", b"Love, Death & Robots,12/30/23,TV", "Love, Death & Robots"),
        (b"Type,Title,Date", b"TV,Love, Death & Robots,12/30/23", "Love, Death & Robots"),
        (b"Title;Date", b"Steins;Gate;12/30/23", "Steins;Gate"),
        (b"Title;;Date;;", b"Steins;Gate;;12/30/23;;", "Steins;Gate"),
        (b"Title;;Date;;", b"Steins;Gate;;12/30/23;", "Steins;Gate"),
        (b"Title;;Date;;", b"A;B;C;;12/30/23", "A;B;C"),
        (b"Title\tDate", b"Roma\tagain\t12/30/23", "Roma\tagain"),
    ],
)
def test_an_unquoted_delimiter_inside_a_title_shifts_no_date(header: bytes, row: bytes, title: str) -> None:
    assert cells(header + b"\n" + row + b"\n") == [(title, "12/30/23")]
    # The date is known by now.
    first = header.replace(b"Title", b"Roma").replace(b"Date", b"12/30/23")
    assert cells(header + b"\n" + first + b"\n" + row + b"\n")[1] == (title, "12/30/23")


def test_a_missing_date_is_not_taken_from_another_column() -> None:
    data = b"Title,Date,Added\nRoma,,2024-01-05\n"

    assert cells(data) == [("Roma", "")]


def test_commas_in_titles_do_not_hide_a_semicolon_between_columns() -> None:
    data = b"Title;Date\nLove, Death, and, Robots;12/30/23\n"

    assert cells(data) == [("Love, Death, and, Robots", "12/30/23")]


def test_dates_of_two_ways_of_writing_in_one_file_are_kept_as_they_are() -> None:
    data = b"Title;;Date;;\r\nRoma;;3/9/2024;;\r\nDark;;3/13/24;;\r\n"

    assert cells(data) == [("Roma", "3/9/2024"), ("Dark", "3/13/24")]


@pytest.mark.parametrize("day", ["12/30/23", "2023-12-30", "30.12.2023", "23. 12. 30.", "30\u200f/12\u200f/2023"])
def test_a_history_without_a_header_is_known_by_its_date(day: str) -> None:
    assert cells(f'"Roma, again","{day}"\n"Dark","{day}"\n'.encode()) == [("Roma, again", day), ("Dark", day)]
    assert cells(f"{day}\tRoma\n{day}\tDark\n".encode()) == [("Roma", day), ("Dark", day)]


@pytest.mark.parametrize(
    ("row", "title"),
    [
        (b'"Love; Death; Robots","12/30/23"', "Love; Death; Robots"),
        (b'"Love, Death";12/30/23', "Love, Death"),
        (b'"Love, Death, Robots"\t12/30/23', "Love, Death, Robots"),
    ],
)
def test_without_a_header_the_delimiter_is_not_taken_out_of_a_quoted_title(row: bytes, title: str) -> None:
    assert cells(row + b"\n" + row + b"\n") == [(title, "12/30/23")] * 2


def test_a_mark_before_a_quoted_title_does_not_undo_its_quotes() -> None:
    assert cells('"Love, Death","12/30/23"\n'.encode("utf-8-sig")) == [("Love, Death", "12/30/23")]


def test_a_shifted_date_is_distinguished_from_the_date_of_another_column() -> None:
    data = b"Title,Date,Added\nLove, Death,12/30/23,2024-01-05\n"

    assert cells(data) == [("Love, Death", "12/30/23")]


# Rows that were quoted once more


def test_rows_quoted_once_more_are_split_at_the_last_comma() -> None:
    data = b'Title,Date\r\n"Some title, more,""4/15/26"""\r\n"Roma,""4/14/26"""\r\n",""4/13/26"""\r\n'

    assert cells(data) == [("Some title, more", "4/15/26"), ("Roma", "4/14/26"), ("", "4/13/26")]


@pytest.mark.parametrize("header", [b'"Title,""Date"""', b'"Title,Date"', b'"""Title"",""Date"""', b"Title,Date"])
@pytest.mark.parametrize("row", [b'"A, B,""4/15/26"""', b'"""A, B"",""4/15/26"""', b'"A, B,4/15/26"'])
def test_the_header_may_be_quoted_twice(header: bytes, row: bytes) -> None:
    assert cells(header + b"\r\n" + row + b"\r\n") == [("A, B", "4/15/26")]


def test_a_file_without_a_header_may_be_quoted_once_more() -> None:
    assert cells(b'"A, B,""4/15/26"""\r\n"C,""4/14/26"""\r\n') == [("A, B", "4/15/26"), ("C", "4/14/26")]


@pytest.mark.parametrize("title", ["Roma", "Love, Death"])
def test_rows_quoted_once_more_may_have_the_date_first(title: str) -> None:
    assert cells(wrapped([["Date", "Title"], ["4/15/26", title]]).encode()) == [(title, "4/15/26")]


# Two exports in one file


@pytest.mark.parametrize("header", [b"Title,Date", b'"Title","Date"', b"\xef\xbb\xbfTitle,Date", b"Titel,Datum"])
def test_a_second_header_in_the_middle_is_not_a_row(header: bytes) -> None:
    found = read(HEADER + b'"Roma","12/30/23"\n' + header + b'\n"Dark","30/12/23"\n')

    assert found.rows == [("Roma", "12/30/23"), ("Dark", "30/12/23")]
    assert found.numbers == [2, 4]
    assert found.damaged == []


@pytest.mark.parametrize("row", [("Title", "12/30/23"), ("Nimi", "30.12.2023"), ("Roma", "Date 12/30/23")])
def test_a_film_named_like_a_column_is_a_row(row: tuple[str, str]) -> None:
    assert cells(HEADER + ",".join(row).encode() + b"\nDark,12/29/23\n") == [row, ("Dark", "12/29/23")]


def test_a_second_header_of_viewing_activity_is_not_a_row() -> None:
    row = table([CELLS]).encode()
    assert activity(ACTIVITY + row + ACTIVITY + row) == [STRIPPED, STRIPPED]


@pytest.mark.parametrize("row", [b'"Roma","12/30/23"', b"Roma,12/30/23", b'"Love, Death","12/30/23"'])
@pytest.mark.parametrize("header", [b"Title,Date", b'"Title","Date"'])
def test_a_second_header_on_the_line_of_the_last_row_loses_no_row(row: bytes, header: bytes) -> None:
    found = cells(HEADER + row + header + b'\n"Dark","12/28/23"\n')

    assert [title for title, _ in found] == [row.split(b",1")[0].split(b',"1')[0].decode().strip('"'), "Dark"]
    assert found[0][1].startswith("12/30/23")


# Lines


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_as_on_any_system(end: bytes) -> None:
    data = end.join([b"Title,Date", b'"Roma","12/30/23"', b"Tenet,12/29/23", b""])

    assert cells(data) == [("Roma", "12/30/23"), ("Tenet", "12/29/23")]


def test_the_last_line_needs_no_end() -> None:
    assert cells(HEADER + b'"Roma","12/30/23"') == [("Roma", "12/30/23")]
    assert activity(ACTIVITY + table([CELLS]).strip().encode()) == [STRIPPED]


def test_blank_lines_are_not_rows_but_count_as_lines() -> None:
    found = read(b'Title,Date\r\n\r\n"Roma","12/30/23"\r\n\r\n""\r\n"Tenet","12/29/23"\r\n\r\n')

    assert found.titles == ["Roma", "Tenet"]
    assert found.numbers == [3, 6]
    assert not found.damaged


def test_blank_lines_before_the_header_are_read_over() -> None:
    assert cells(b"\r\n\nTitle,Date\nRoma,12/30/23\n") == [("Roma", "12/30/23")]


def test_blank_lines_before_the_header_count_as_lines() -> None:
    assert read(b"\n\nTitle,Date\nRoma,12/30/23\n").numbers == [4]


def test_a_row_with_a_blank_title_is_a_row() -> None:
    assert cells(HEADER + b'"","12/30/23"\n": ","12/29/23"\n') == [("", "12/30/23"), (":", "12/29/23")]


def test_surplus_cells_after_the_date_are_ignored() -> None:
    assert cells(HEADER + b'"Roma","12/30/23",\n"Tenet","12/29/23","x"\n') == [
        ("Roma", "12/30/23"),
        ("Tenet", "12/29/23"),
    ]


def test_missing_cells_after_the_date_do_not_lose_the_row() -> None:
    assert cells(b"Title,Date,Type,User\nRoma,12/30/23\n") == [("Roma", "12/30/23")]


def test_letters_of_two_words_are_no_letter_that_was_saved_wrongly() -> None:
    right = "Title,Date\nAMANHÃ,1/2/26\n¡Olé!,1/3/26\nHALLÅ…,1/4/26\n".encode()
    wrong = right + "Suits,1/5/26\nPokÃ©mon,1/6/26\n".encode()

    assert detect_encoding(io.BytesIO(right)).doubled == frozenset()
    assert "cp1252" in detect_encoding(io.BytesIO(wrong)).doubled


def test_doubled_quotes_inside_a_title_are_one_quote() -> None:
    assert cells(HEADER + b'"The ""Real"" Thing, Part 2","12/30/23"\n') == [('The "Real" Thing, Part 2', "12/30/23")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_break_inside_a_quoted_title_is_a_blank_and_counts_as_a_line(end: bytes) -> None:
    lines = [b"Title,Date", b'"Love', b"Death", b'Robots","12/30/23"', b'"Dark","12/30/23"', b""]
    found = read(end.join(lines))

    assert found.rows == [("Love Death Robots", "12/30/23"), ("Dark", "12/30/23")]
    assert found.numbers == [2, 5]
    assert not found.damaged


def test_a_line_break_inside_a_title_is_a_blank_even_on_a_day_seen_before() -> None:
    assert cells(HEADER + b'"Dark","12/30/23"\n"Love\nDeath","12/30/23"\n')[1] == ("Love Death", "12/30/23")


def test_a_line_break_inside_a_title_of_viewing_activity_is_a_blank() -> None:
    row = [*CELLS[:4], "Love\nDeath", *CELLS[5:]]
    assert [cells[4] for cells in activity(ACTIVITY + table([row, CELLS]).encode())] == ["Love Death", USED[4]]


# ViewingActivity.csv


@pytest.mark.parametrize("start", ["Start Time", "StartTime", "START TIME", " start_time "])
def test_the_start_column_has_several_spellings(start: str) -> None:
    labels = [start if label == "Start Time" else label for label in LABELS]
    assert activity(table([labels, CELLS]).encode()) == [STRIPPED]


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_viewing_activity_may_have_another_order_quoting_and_delimiter(quoting: int, delimiter: str) -> None:
    rows = [list(reversed(LABELS)), list(reversed(CELLS))]
    assert activity(table(rows, delimiter, quoting, "\r\n").encode("utf-8-sig")) == [STRIPPED]


def test_extra_columns_of_viewing_activity_are_ignored() -> None:
    extra = ["Autoplayed", "View was hidden", "Has branched playback", "Not latest view"]
    rows = [[*LABELS[:3], *extra, *LABELS[4:]], [*CELLS[:3], "NA", "NA", "NA", "NA", *CELLS[4:]]]
    assert activity(table(rows).encode()) == [(*STRIPPED[:3], "", *STRIPPED[4:])]


def test_only_start_duration_and_title_are_needed() -> None:
    data = b"Title,Start Time,Duration\nDark,5/14/2023 18:22,0:24:11\n"
    assert activity(data) == [("", "5/14/2023 18:22", "0:24:11", "", "Dark", "", "")]


@pytest.mark.parametrize("start", ["2024-03-02 23:50:12", "5/14/2023 18:22", "2023-05-14T18:22:00Z", "14.05.23 8:22"])
@pytest.mark.parametrize("duration", ["00:48:12", "0:24:11", "24:11"])
@pytest.mark.parametrize("header", [[], ["Nom du profil", "Début", "Durée", "d", "Titre", "f", "g", "h", "i", "Pays"]])
def test_viewing_activity_is_known_by_its_content(start: str, duration: str, header: list[str]) -> None:
    row = [CELLS[0], start, duration, *CELLS[3:]]
    rows = [header, row, row] if header else [row, row]
    assert activity(table(rows).encode()) == [(STRIPPED[0], start, duration, *STRIPPED[3:])] * 2


def test_a_row_of_viewing_activity_that_is_cut_off_does_not_affect_others() -> None:
    row = table([CELLS])
    found = read(ACTIVITY + (row + "Ann,2024-03-02 23:50:12,00:4\n" + row).encode())

    assert found.rows == [STRIPPED, STRIPPED]
    assert [number for number, _ in found.damaged] == [3]


def test_a_missing_quote_in_viewing_activity_loses_only_its_row() -> None:
    row = table([CELLS], quoting=csv.QUOTE_ALL)
    found = read(ACTIVITY + (row + row.replace('Dark: Season 1: Lies"', "Dark") + row).encode())

    assert [number for number, _ in found.damaged] == [3] or found.numbers == [2, 3, 4]
    assert (found.rows[0], found.rows[-1]) == (STRIPPED, STRIPPED)


def test_an_unquoted_comma_inside_a_title_of_viewing_activity_is_never_read_as_something_else() -> None:
    row = ",".join([*CELLS[:4], "Love, Death", "", *CELLS[6:]])
    found = read(ACTIVITY + f"{row}\n".encode())

    assert found.rows == [(*STRIPPED[:4], "Love, Death", "", STRIPPED[6])] or [n for n, _ in found.damaged] == [2]


def test_a_comma_behind_the_start_is_not_taken_for_one_in_a_title_before_it() -> None:
    row = "Dark,2024-03-02 23:50:12,00:42:10,TV"
    found = read(f"Title,Start Time,Duration,Device Type\n{row}, big\n{row}\n".encode())

    assert [number for number, _ in found.damaged] == [2]
    assert found.numbers == [3]


def test_every_used_cell_of_viewing_activity_is_checked() -> None:
    for place in range(len(USED)):
        row = list(CELLS)
        row[place] = "x" * (MAX_CELL + 1)
        found = read(ACTIVITY + table([CELLS, row, CELLS]).encode())
        assert [number for number, _ in found.damaged] == [3]
        assert found.numbers == [2, 4]


# Damage


@pytest.mark.parametrize(
    "damaged",
    [
        b"Roma",
        b'"Roma"',
        TITLE_OF_A_MEGABYTE + b",12/30/23",
        b'"' + TITLE_OF_A_MEGABYTE + b'","12/30/23"',
        b'"' + TITLE_OF_A_MEGABYTE,
        b'"Roma","' + TITLE_OF_A_MEGABYTE + b'"',
        b'"' + b"x" * (MAX_CELL + 1) + b'","12/30/23"',
        b'"' + b"x" * 99_990 + b'","12/30/23"',
        b"x" * 99_999,
        b'"' + b"x" * 99_999,
        b'"' + b"x" * 100_000 + b'"',
        b'"Roma","' + b"1" * 101 + b'"',
    ],
    ids=[
        *("cut", "cut_quoted", "megabyte", "megabyte_quoted", "megabyte_open", "megabyte_date"),
        *("long_title", "long_line", "full_line", "longest_line", "too_long_line", "long_date"),
    ],
)
def test_a_damaged_row_does_not_affect_others(damaged: bytes) -> None:
    found = read(HEADER + b'"Dark","12/31/23"\n' + damaged + b'\n"Tenet","12/29/23"\n')

    assert list(zip(found.numbers, found.rows, strict=True)) == [
        (2, ("Dark", "12/31/23")),
        (4, ("Tenet", "12/29/23")),
    ]
    assert [number for number, _ in found.damaged] == [3]


def test_a_title_that_is_too_long_is_detected_even_on_a_day_seen_before() -> None:
    long_title = b"x" * (MAX_CELL + 1)
    found = read(HEADER + b'"Dark","12/31/23"\n"' + long_title + b'","12/31/23"\n')

    assert found.titles == ["Dark"]
    assert [number for number, _ in found.damaged] == [3]


def test_a_row_that_is_cut_off_says_so() -> None:
    assert "cut off" in read(HEADER + b'"Roma"\n').damaged[0][1]


def test_a_title_of_the_maximal_length_is_read() -> None:
    row = b'"' + b"x" * MAX_CELL + b'","12/30/23"\n'
    assert [len(title) for title, _ in cells(HEADER + row + row)] == [MAX_CELL] * 2


def test_nul_bytes_lose_no_row() -> None:
    assert cells(HEADER + b'"Ro\x00ma","12/30/23"\n"Tenet","12/29/23"\n') == [
        ("Ro\0ma", "12/30/23"),
        ("Tenet", "12/29/23"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b'"Roma,12/30/23',
        b'"Roma,"12/30/23"',
        b'"Roma","12/30/23',
        b'Roma","12/30/23"',
        b'"Roma",12/30/23"',
        b'"Ro"ma","12/30/23"',
        b'"Roma"","12/30/23"',
        b'""Roma","12/30/23"',
        b'"Roma","12/30/23""',
        b'"Roma,""12/30/23""',
        b'"""',
        b'"Roma","12/30/23","',
    ],
)
def test_an_unbalanced_quote_loses_at_most_its_own_row(line: bytes) -> None:
    after = b"".join(b'"Tenet, %d","12/29/23"\n' % number for number in range(30))
    found = read(HEADER + b'"Dark","12/31/23"\n' + line + b"\n" + after)
    behind = [(number, row) for number, row in zip(found.numbers, found.rows, strict=True) if number != 3]

    assert behind == [(2, ("Dark", "12/31/23")), *((n + 4, (f"Tenet, {n}", "12/29/23")) for n in range(30))]
    assert len(found.rows) + len(found.damaged) == 32


def test_a_missing_quote_before_a_title_that_begins_with_a_comma_loses_only_its_row() -> None:
    found = read(HEADER + b'"","12/1/23\n",:","12/2/23"\n"Dark","12/3/23"\n')

    assert found.rows[-2:] == [(",:", "12/2/23"), ("Dark", "12/3/23")]
    assert found.numbers[-2:] == [3, 4]


def test_an_open_quote_before_more_text_than_a_cell_may_hold_loses_one_row() -> None:
    rows = b"".join(b"Tenet %d,12/29/23\n" % number for number in range(20_000))
    found = read(HEADER + b'"Roma,12/30/23\n' + rows)

    assert found.titles[-20_000:] == [f"Tenet {number}" for number in range(20_000)]
    assert found.numbers[-20_000:] == list(range(3, 20_003))


@pytest.mark.parametrize(("lines", "is_title"), [(19, True), (20, False)])
def test_a_title_of_very_many_lines_is_refused(lines: int, is_title: bool) -> None:
    found = read(HEADER + b'"' + b"\n".join([b"a"] * lines) + b'",12/30/23\nDark,12/29/23\n')

    assert (" ".join("a" * lines) in found.titles) == is_title
    assert found.rows[-1] == ("Dark", "12/29/23")


def test_two_unlike_quotes_do_not_swallow_the_rows_between_them() -> None:
    found = read(HEADER + b'"Roma,12/30/23\nTenet,12/29/23\nThe End",12/28/23\nDark,12/27/23\n')

    assert ("Tenet", "12/29/23") in found.rows
    assert ("Dark", "12/27/23") in found.rows


# Reading in blocks


class Endless(io.RawIOBase):
    """A large export that is made while it is read, and remembers how far and how much at once it was read."""

    def __init__(self, head: bytes, row: bytes, size: int) -> None:
        self.head, self.row, self.size = head, row, size
        self.place = self.farthest = self.most = 0
        self.reached_end = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        assert whence == io.SEEK_SET
        self.place, self.farthest, self.reached_end = offset, 0, False
        return offset

    def tell(self) -> int:
        return self.place

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        wanted = min(len(buffer), self.size - self.place)
        self.most = max(self.most, len(buffer))
        rows_at = max(0, self.place - len(self.head)) % len(self.row)
        text = self.head[self.place :] + self.row[rows_at:] + self.row * (wanted // len(self.row) + 1)
        buffer[:wanted] = text[:wanted]
        self.place += wanted
        self.farthest = max(self.farthest, self.place)
        self.reached_end |= not wanted
        return wanted


@pytest.mark.parametrize(
    ("head", "row", "expected"),
    [
        (HEADER, b'"An Invented Show: Season 1: \xc3\xa9","12/30/23"\n', ("An Invented Show: Season 1: é", "12/30/23")),
        (ACTIVITY, table([CELLS]).encode(), STRIPPED),
    ],
    ids=["viewing_history", "viewing_activity"],
)
def test_rows_of_a_large_file_come_while_it_is_read_in_blocks(
    head: bytes, row: bytes, expected: tuple[str, ...]
) -> None:
    stream = Endless(head, row, 50_000_000)
    tracemalloc.start()
    try:
        export = open_export(stream, "large.csv")  # type: ignore[arg-type]
        rows = export.rows(lambda number, problem: pytest.fail(f"{number} {problem}"))
        found = [next(rows) for _ in range(1000)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [tuple(cells) for _, cells in found] == [expected] * 1000
    assert not stream.reached_end
    assert stream.farthest < 1_000_000
    assert stream.most <= 1 << 20
    assert peak < 20_000_000


# Properties


DAYS = st.sampled_from(["12/30/23", "30.12.2023", "2023-12-30", "23. 12. 30.", "1/2/08", "3\u200f/4\u200f/2024"])
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")


@st.composite
def saved_again(draw: st.DrawFn) -> tuple[bytes, list[tuple[str, str]], str]:
    """Return a history as some program saved it, its rows, and the delimiter."""
    encoding = draw(st.sampled_from(ENCODINGS))
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    titles = st.text(WESTERN, max_size=20) if encoding == "cp1252" else ANY_TEXT
    days = st.sampled_from(["12/30/23", "30.12.2023", "2023-12-30"]) if encoding == "cp1252" else DAYS
    rows = [(FRENCH, "12/30/23"), *draw(st.lists(st.tuples(titles, days), max_size=8))]
    order = draw(st.permutations(["Title", "Date", *draw(st.sampled_from([[], ["Type"], ["", "user"]]))]))
    lines = [order, *([{"Title": title, "Date": day}.get(name, "x y") for name in order] for title, day in rows)]
    text = table(
        lines,
        delimiter,
        draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])),
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
    )
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return text.encode(encoding), rows, delimiter


@settings(max_examples=400)
@given(saved_again())
def test_every_way_of_saving_again_gives_the_same_rows(saved: tuple[bytes, list[tuple[str, str]], str]) -> None:
    data, rows, delimiter = saved
    found = read(data)

    assert found.rows == [(title.strip(), day) for title, day in rows]
    assert found.delimiter == delimiter
    assert not found.damaged


@settings(max_examples=150)
@given(
    st.lists(st.tuples(*[st.text(WESTERN, max_size=12)] * len(LABELS)), max_size=6),
    st.permutations([*LABELS, "Autoplayed", "Not latest view"]),
    st.sets(st.sampled_from(sorted(set(LABELS) - {"Start Time", "Duration", "Title"}))),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(ENCODINGS),
)
def test_viewing_activity_saved_again_gives_the_same_rows(
    rows: list[tuple[str, ...]],
    order: list[str],
    left_out: set[str],
    delimiter: str,
    quoting: int,
    end: str,
    encoding: str,
) -> None:
    rows = [(*CELLS[:4], FRENCH, *CELLS[5:]), *rows]
    named = [dict(zip(LABELS, row, strict=True)) for row in rows]
    order = [label for label in order if label not in left_out]
    text = table([order, *([row.get(label, "NA") for label in order] for row in named)], delimiter, quoting, end)

    assert activity(text.encode(encoding)) == [
        tuple("" if label in left_out else row[label].strip() for label in LABELS[:7]) for row in named
    ]


@given(
    st.lists(st.tuples(st.text("abé 9-,;:'", max_size=20), DAYS), max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
def test_rows_quoted_once_more_come_back(rows: list[tuple[str, str]], delimiter: str, wraps_header: bool) -> None:
    header = wrapped([["Title", "Date"]], delimiter) if wraps_header else f"Title{delimiter}Date\r\n"
    found = cells((header + wrapped(rows, delimiter)).encode())

    assert found == [(title.strip(), day) for title, day in rows]


@settings(max_examples=200)
@given(st.lists(st.text("ab 9-,", max_size=12), max_size=8), st.sampled_from(["Title,Date", "Date,Title"]))
def test_unquoted_titles_are_read_completely(titles: list[str], header: str) -> None:
    lines = [header.replace("Title", title).replace("Date", "12/30/23") for title in titles]

    assert cells("\n".join([header, *lines]).encode()) == [(title.strip(), "12/30/23") for title in titles]


@settings(max_examples=100)
@given(st.lists(st.lists(ANY_TEXT, min_size=1, max_size=4), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_line_breaks_inside_quoted_titles_are_blanks(titles: list[list[str]], end: str) -> None:
    # A line between two others that is a whole row by itself is one: then two stray quotation marks enclose it.
    assume(not any("," in part and THREE_NUMBERS.search(part) for parts in titles for part in parts[1:-1]))
    rows = [["Title", "Date"], *(["\n".join(parts), "12/30/23"] for parts in titles)]
    found = cells(table(rows, quoting=csv.QUOTE_ALL).replace("\n", end).encode())

    assert found == [("\n".join(parts).strip().replace("\n", " "), "12/30/23") for parts in titles]


@settings(max_examples=300)
@given(st.lists(st.text("ab,: é", max_size=8), min_size=1, max_size=25), st.integers(0), st.integers(0), st.booleans())
def test_one_quotation_mark_loses_no_other_row(titles: list[str], which: int, where: int, is_missing: bool) -> None:
    lines = [f'"{title}","12/{number + 1}/23"' for number, title in enumerate(titles)]
    which %= len(lines)
    line = lines[which]
    if is_missing:
        places = [place for place, letter in enumerate(line) if letter == '"']
        place = places[where % len(places)]
        lines[which] = line[:place] + line[place + 1 :]
    else:
        place = where % (len(line) + 1)
        lines[which] = line[:place] + '"' + line[place:]
    found = read("\n".join(["Title,Date", *lines, ""]).encode())
    others = {number: row for number, row in zip(found.numbers, found.rows, strict=True) if number != which + 2}

    assert others == {
        number + 2: (title.strip(), f"12/{number + 1}/23") for number, title in enumerate(titles) if number != which
    }
    assert len(found.rows) + len(found.damaged) == len(titles)


def assert_rows_or_refusal(data: bytes) -> None:
    try:
        found = read(data)
    except ExportError as error:
        assert error.reason in {"empty", "header"}
        assert len(str(error)) < 600
        return
    width = 2 if found.kind == "viewing_history" else 7
    assert all(len(row) == width for row in found.rows)
    assert all(len(cell) <= MAX_CELL and "\ufffd" not in cell for row in found.rows for cell in row)
    numbers = sorted([*found.numbers, *(number for number, _ in found.damaged)])
    assert len(set(numbers)) == len(numbers)
    assert found.numbers == sorted(found.numbers)


@settings(max_examples=300)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", HEADER, ACTIVITY, b"Title;;Date;;\r\n", b"\xff\xfe", b"\xef\xbb\xbf"]),
)
def test_no_bytes_yield_anything_but_rows_or_a_refusal(data: bytes, head: bytes) -> None:
    assert_rows_or_refusal(head + data)


@settings(max_examples=200)
@given(st.text('",;\t\r\n\0\ufeffA1/-: ', max_size=80), st.sampled_from(["", "Title,Date\n", ACTIVITY.decode()]))
def test_no_mess_of_delimiters_and_quotes_yields_anything_but_rows_or_a_refusal(text: str, head: str) -> None:
    assert_rows_or_refusal((head + text).encode())


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(EXPECTED)),
    st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=4), st.integers(0, 4)), min_size=1, max_size=8),
)
def test_a_damaged_export_ends_in_rows_or_a_refusal(name: str, patches: list[tuple[int, bytes, int]]) -> None:
    data = (EXPORTS / name).read_bytes()
    for place, patch, removed in patches:
        at = place % (len(data) + 1)
        data = data[:at] + patch + data[at + removed :]
    assert_rows_or_refusal(data)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_truncated_export_has_the_same_first_rows(name: str) -> None:
    data = (EXPORTS / name).read_bytes()
    whole = read(data)
    for end in range(0, len(data), 97):
        try:
            part = read(data[:end])
        except ExportError as error:
            assert error.reason == ("header" if end else "empty")
            assert end < 200
            continue
        # The row that was cut may look like another one.
        complete = part.rows[:-1] if not part.damaged else part.rows
        assert complete == whole.rows[: len(complete)]
        assert len(part.damaged) <= 1
