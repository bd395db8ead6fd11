"""Files that no export can be, in words."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from netflix_trend.delivery.archive import ArchiveError, open_csv, opened_file, said_of_zip
from netflix_trend.delivery.file_kinds import HEAD, what_it_is

CSV = b'Title,Date\n"Roma","12/30/23"\n'


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, name if "Activity" in name else CSV)
    return data.getvalue()


def refusal(data: bytes) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught, open_csv(io.BytesIO(data), "given.csv"):
        pass
    return caught.value


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
        (b"\xff\xd8\xff\xe0", "a picture (JPEG)"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel sheet or another Office document"),
        (b"\x1f\x8b\x08", "an archive (gzip)"),
        (b"7z\xbc\xaf\x27\x1c", "an archive (7z)"),
        (b"Rar!\x1a\x07\x01", "an archive (RAR)"),
        (b"PK\x05\x06" + bytes(18), "an empty zip"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "a web page"),
        (b'{"viewedItems": []}', "a JSON file"),
        (b'[\n {"title": 1}]', "a JSON file"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel sheet (.xlsx)"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a Word document (.docx)"),
    ],
)
def test_a_file_that_no_export_can_be_is_named_with_what_to_do(data: bytes, words: str) -> None:
    error = refusal(data)

    assert error.reason == "not_an_export"
    assert str(error).startswith(f"given.csv: this is {words}, not an export. ")
    assert str(error).endswith(".")


@pytest.mark.parametrize(
    "data",
    [CSV, b"", b"[REC],12/30/23\n", b"{x},12/30/23", b"<3,12/30/23", b"BM,12/30/23\n", b"\xff\xfeT\0"],
)
def test_an_export_is_nothing_else(data: bytes) -> None:
    assert what_it_is(data[:HEAD]) is None


def test_the_short_csv_in_a_zip_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("notes/NetflixViewingHistory (1).csv"))

    with path.open("rb") as file, open_csv(file, path.name) as (csv, _):
        assert csv.read() == CSV
    assert said_of_zip(path) == "this zip holds the short CSV, NetflixViewingHistory.csv: it is read"


def test_of_a_zip_with_both_exports_the_longer_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped("NetflixViewingHistory.csv", "ViewingActivity.csv"))

    with path.open("rb") as file, open_csv(file, path.name) as (csv, _):
        assert csv.read() == b"ViewingActivity.csv"
    assert "holds both exports" in (said_of_zip(path) or "")


def test_nothing_is_said_of_other_files(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)

    assert said_of_zip(path) is None
    assert said_of_zip(tmp_path / "missing.zip") is None


def test_a_zip_in_a_zip_is_to_be_unpacked_once() -> None:
    error = refusal(zipped("my report/netflix-report.ZIP"))

    assert error.reason == "no_viewing_activity"
    assert "holds another zip. Unpack it once" in str(error)


def test_a_zip_without_an_export_says_which_files_are_read() -> None:
    error = refusal(zipped("Devices.csv"))

    assert error.reason == "no_viewing_activity"
    assert "neither ViewingActivity.csv nor NetflixViewingHistory.csv" in str(error)


def test_a_folder_is_named_with_an_export_in_it(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_bytes(CSV)

    with pytest.raises(ArchiveError) as caught, opened_file(tmp_path):
        pass
    assert (
        str(caught.value) == f"{tmp_path}: this is a folder. Give the file in it, such as {tmp_path / 'history.csv'}."
    )


def test_what_is_no_file_is_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere.csv")

    for name, told in (("pipe.csv", "this is no file, but a pipe or a device"), ("link.csv", "leads to no file")):
        with pytest.raises(ArchiveError, match=told), opened_file(tmp_path / name):
            pass


def test_a_missing_file_is_named_without_a_number_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no such file") as caught, opened_file(tmp_path / "x.csv"):
        pass
    assert "Errno" not in str(caught.value)
