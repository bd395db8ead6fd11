"""Only a complete viewing history passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.scraper.failures import Failure
from services.scraper.fresh_csv import MAX_DOWNLOAD, check_download

FIXTURES = Path(__file__).parents[2] / "fixtures" / "exports"
# As Netflix delivers them; the re-saved ones have passed through other programs, and one is not fresh.
FRESH = sorted(path for path in FIXTURES.glob("*_[mdy]*_*.csv") if "resaved" not in path.name)
GOOD = b'Title,Date\n"Roma","12/30/23"\n"Say ""hi"", again","12/29/23"\n"Two\nlines","1/2/23"\n'


def refused(data, least=0):
    with pytest.raises(Failure) as failure:
        check_download(data, least)
    return failure.value.cause.code


def test_quotes_commas_and_lines_in_titles_are_fine():
    assert check_download(GOOD, 3) == 3
    assert check_download(b"\xef\xbb\xbf" + GOOD, 0) == 3


def test_a_header_alone_is_a_history_without_titles():
    assert check_download(b"Title,Date\n", 0) == 0


@pytest.mark.parametrize("path", FRESH, ids=[path.stem for path in FRESH])
def test_every_locale_passes(path):
    assert check_download(path.read_bytes(), 1) > 0


def test_there_are_locales_to_test():
    assert len(FRESH) >= 20


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_a_file_that_was_cut_anywhere_is_refused(cut):
    before_a_row = GOOD[:cut].count(b"\n") and GOOD[:cut].endswith(b'"\n')
    if cut == len(b"Title,Date\n") or before_a_row:
        # Between two rows only the rows of the page tell.
        assert refused(GOOD[:cut], least=3) == "DOWNLOAD_INVALID"
    else:
        assert refused(GOOD[:cut]) == "DOWNLOAD_INVALID"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * (MAX_DOWNLOAD + 1),
        b'Title,Date,More\n"a","1/1/24","b"\n',
        b'Title,Date\n"a","1/1/24"\n"b"\n',
        b'Title,Date\n"a" x,"1/1/24"\n',
        'Title,Date\n"Löwe","1/1/24"\n'.encode("latin-1"),
        b'Title,Date\n"a","yesterday"\n',
        b'Title,Date\n"a","13/13/24"\n',
        # Neither order fits 95 % of these.
        b"Title,Date\n" + b'"a","1/13/24"\n' * 10 + b'"a","13/1/24"\n' * 10,
    ],
)
def test_a_file_that_is_not_a_viewing_history_is_refused(data):
    assert refused(data) == "DOWNLOAD_INVALID"


@pytest.mark.parametrize("data", [b"<!doctype html>\n<p>Sign in, please\n", b"\xef\xbb\xbf \n<html>\n"])
def test_a_page_in_place_of_the_file_is_a_download_that_failed(data):
    assert refused(data) == "DOWNLOAD_FAILED"


def test_fewer_rows_than_the_page_shows_are_refused():
    assert refused(GOOD, least=4) == "DOWNLOAD_INVALID"


def test_a_refusal_contains_no_title():
    with pytest.raises(Failure) as failure:
        check_download(b'Title,Date\n"Secret film","never"\n', 0)
    assert "Secret" not in failure.value.sentence
