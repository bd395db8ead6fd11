"""What a person is told about one export, against files whose truth is known."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.delivery.archive import ArchiveError
from netflix_trend.history.exports import ExportError
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.report import ImportReport, import_report
from netflix_trend.history.staging import Staging
from services.processor.importing import read_file
from tests.netflix_trend.history.invented import ACTIVITY_HEADER, activity, history

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
ACTIVITY, QUESTION = "ViewingActivity.csv", "short_one_day_ambiguous_mdy.csv"
HISTORIES = sorted(set(EXPECTED) - {ACTIVITY})
KEYS = [
    *("file", "kind", "encoding", "delimiter", "rows", "views", "blank", "undated", "supplemental", "unsure"),
    *("date_order", "date_evidence", "first_day", "last_day", "episodes", "films", "shows", "profiles", "hours"),
    *("warnings", "error"),
]
UTC_ONLY = ReadOptions(zone=UTC)


def report_on(data: bytes, options: ReadOptions = UTC_ONLY, others: tuple[bytes, ...] = ()) -> ImportReport:
    """Return the account of a file, read together with others."""
    with duckdb.connect() as database:
        staging = Staging(database, starter_vocabulary())
        for other in others:
            staging.add(io.BytesIO(other), "other.csv", UTC_ONLY)
        number, found = staging.add(io.BytesIO(data), "history.csv", options)
        staging.decide_titles()
        return import_report(staging, number, found)


@cache
def fixture(name: str) -> ImportReport:
    options = ReadOptions(date_order="mdy" if name == QUESTION else None, zone=UTC)
    return read_file(EXPORTS / name, starter_vocabulary(), options)


def test_progress_shows_whatever_name_a_large_file_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.processor.importing._LARGE_FILE", 0)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes anything for a terminal
    shown = io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    path = tmp_path / "history[red].csv"
    path.write_bytes(history(("Dark", "12/30/23")))

    assert read_file(path, starter_vocabulary(), UTC_ONLY).to_json("it")["rows"] == 1
    assert "history[red].csv" in shown.getvalue()


# The fixtures


@pytest.mark.parametrize("name", HISTORIES)
def test_the_import_report_of_a_history_is_exact(name: str) -> None:
    truth, found = EXPECTED[name], fixture(name).to_json(name)

    assert {key: found[key] for key in ("rows", "views", "undated", "first_day", "last_day")} == {
        "rows": truth["rows"],
        "views": truth["rows"],
        "undated": 0,
        "first_day": truth["min_date"],
        "last_day": truth["max_date"],
    }
    types = Counter(truth["types"])
    assert fixture(name).kinds == Counter(
        episode=types["E"], film=types["M"], supplemental=types["X"], blank=types["B"], unnamed=types["U"]
    )
    assert [found[key] for key in ("episodes", "films", "supplemental", "blank")] == [types[t] for t in "EMXB"]
    assert found["date_order"] == truth["date_format"][:3]
    assert (found["kind"], found["profiles"], found["hours"], found["error"]) == ("viewing_history", [], None, None)


@pytest.mark.parametrize("name", HISTORIES)
def test_the_shows_of_a_history_are_exact(name: str) -> None:
    assert fixture(name).to_json(name)["shows"] == sorted(EXPECTED[name]["shows"])


def test_the_import_report_of_an_archive_is_exact() -> None:
    truth, found = EXPECTED[ACTIVITY], fixture(ACTIVITY).to_json(ACTIVITY)
    main = [row for row in truth["truth"] if row["type"] != "X"]
    seconds = sum(
        60**place * int(part) for row in main for place, part in enumerate(reversed(row["duration"].split(":")))
    )

    assert {key: found[key] for key in ("rows", "views", "supplemental", "undated", "episodes", "films")} == {
        "rows": truth["rows"],
        "views": truth["main_rows"],
        "supplemental": truth["supplemental_rows"],
        "undated": 0,
        "episodes": truth["types"]["E"],
        "films": truth["types"]["M"],
    }
    assert found["kind"] == "viewing_activity"
    assert found["profiles"] == sorted({row["profile"] for row in truth["truth"]})
    assert len(found["profiles"]) == truth["profiles"]
    assert found["shows"] == sorted({row["show"] for row in main if row["show"]})
    assert found["hours"] == pytest.approx(seconds / 3600, abs=5e-5)
    assert [found["first_day"], found["last_day"]] == ["2024-02-29", "2024-03-03"]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_account_has_its_documented_fields(name: str) -> None:
    found = fixture(name).to_json(name)

    assert list(found) == KEYS
    assert json.loads(json.dumps(found)) == found
    assert found["file"] == name
    assert found["date_evidence"]


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"header_only.csv", ACTIVITY}))
def test_an_export_as_netflix_delivers_it_has_no_warning(name: str) -> None:
    assert fixture(name).warnings == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("header_only.csv", "the file has a header and no rows"),
        (ACTIVITY, "1 view shorter than 60 s will not count"),
    ],
)
def test_unusual_properties_of_an_export_are_warned_about(name: str, told: str) -> None:
    (warning,) = fixture(name).warnings

    assert warning.startswith(told)


@pytest.mark.parametrize("name", ["en_mdy_us.csv", "ja_ymd_ja.csv", ACTIVITY])
def test_the_order_of_rows_changes_only_a_warning(name: str) -> None:
    header, *lines = (EXPORTS / name).read_bytes().splitlines(keepends=True)
    shuffled = report_on(header + b"".join(Random(7).sample(lines, len(lines)))).to_json(name)
    whole = report_on(header + b"".join(lines)).to_json(name)

    assert [key for key in KEYS if shuffled[key] != whole[key]] == (["warnings"] if name != ACTIVITY else [])


# Reading a file


def test_reading_a_file_leaves_no_files(tmp_path: Path, vocabulary: Vocabulary) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(history(("Roma", "12/31/23")))

    assert read_file(path, vocabulary, UTC_ONLY).views == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_there_is_named(tmp_path: Path, vocabulary: Vocabulary) -> None:
    with pytest.raises(ArchiveError, match=r"nothing\.csv: no such file"):
        read_file(tmp_path / "nothing.csv", vocabulary, UTC_ONLY)


def test_a_question_about_dates_is_asked_and_answered(vocabulary: Vocabulary) -> None:
    with pytest.raises(ExportError) as caught:
        read_file(EXPORTS / QUESTION, vocabulary, UTC_ONLY)
    assert caught.value.reason == "date_order"

    answered = read_file(EXPORTS / QUESTION, vocabulary, ReadOptions(date_order="dmy"))
    assert answered.to_json("x")["first_day"] == "2024-09-03"


# Counts


def test_a_header_alone_has_no_days_and_no_hours() -> None:
    found = report_on(f"{ACTIVITY_HEADER}\n".encode()).to_json("x")

    assert (found["rows"], found["views"], found["first_day"], found["last_day"]) == (0, 0, None, None)
    assert (found["hours"], found["shows"], found["profiles"]) == (0, [], [])
    assert found["warnings"] == ["the file has a header and no rows"]


def test_hours_are_those_of_the_wanted_profiles_and_of_no_trailer() -> None:
    rows = [
        ("Ann", "2024-01-01 10:00:00", "01:30:00", "Roma"),
        ("Ann", "2024-01-01 12:00:00", "00:00:36", "Roma"),
        ("Ann", "2024-01-01 13:00:00", "?", "Roma"),
        ("Ann", "2024-01-01 14:00:00", "02:00:00", "Season 2 Trailer: Ozark", "TRAILER"),
        ("Bob", "2024-01-01 10:00:00", "05:00:00", "Roma"),
    ]
    found = report_on(activity(*rows), ReadOptions(zone=UTC, keep_profile="Ann".__eq__)).to_json("x")

    assert (found["hours"], found["views"], found["supplemental"], found["profiles"]) == (1.51, 3, 1, ["Ann"])


def test_the_first_and_the_last_day_are_local(vocabulary: Vocabulary) -> None:
    rows = [("Ann", "2023-12-31 23:30:00", "00:30:00", "Roma"), ("Ann", "2024-01-01 22:30:00", "00:30:00", "Tenet")]
    found = report_on(activity(*rows), ReadOptions(zone=ZoneInfo("Europe/Berlin")))

    assert (found.first_day, found.last_day) == (date(2024, 1, 1), date(2024, 1, 1))


def test_unsure_titles_are_guesses_or_have_no_name() -> None:
    rows = [("Clay Hill: Dawn", "12/31/23"), ("Clay Hill: Dawn", "12/30/23"), (": Episode 3", "12/29/23")]
    found = report_on(history(*rows, ("Roma", "12/28/23"), ("", "12/27/23"), ("Ozark: Season 1: A", "12/26/23")))

    assert (found.unsure, found.kinds["unnamed"], found.to_json("x")["films"]) == (3, 1, 3)


def test_an_account_is_of_one_file_though_others_decide_its_titles() -> None:
    mine, other = history(("Clay Hill: Dawn", "12/31/23")), history(("Clay Hill: Season 1: Dusk", "12/13/23"))

    alone, together = report_on(mine), report_on(mine, others=(other,))
    assert (alone.kinds, alone.shows, alone.unsure) == (Counter(film=1), (), 1)
    assert (together.kinds, together.shows, together.unsure) == (Counter(episode=1), ("Clay Hill",), 0)


def test_shows_have_the_names_that_the_file_gives_them() -> None:
    rows = [("Money Heist: Part 1: B", "12/30/23"), ("La casa de papel: Parte 1: A", "12/29/23")]
    rows += [("MONEY HEIST: Part 1: C", "12/28/23")]

    assert report_on(history(*rows)).shows == ("La casa de papel", "MONEY HEIST")


def test_shows_are_sorted_and_named_once() -> None:
    rows = [("Ozark: Season 2: B", "12/30/23"), ("Dark: Season 1: A", "12/29/23"), ("Ozark: Season 1: A", "12/28/23")]

    assert report_on(history(*rows)).shows == ("Dark", "Ozark")


# Warnings


@pytest.mark.parametrize(
    ("episodes", "others", "is_told"), [(0, 50, True), (4, 46, True), (5, 45, False), (0, 49, False)]
)
def test_an_export_of_another_service_is_suspected(episodes: int, others: int, is_told: bool) -> None:
    rows = [(f"Ozark: Season 1: Part {number}", "12/31/23") for number in range(episodes)]
    found = report_on(history(*rows, *((f"Film {number}", "12/31/23") for number in range(others))))

    assert any("another service" in warning for warning in found.warnings) == is_told
    if is_told:
        assert f"only {episodes} of {episodes + others} titles" in found.warnings[-1]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["12/29/23", "12/31/23", "12/30/23"], "not sorted newest first (1 break)"),
        (["1/1/23", "2/13/23", "3/13/23", "3/1/23"], "not sorted newest first (2 breaks)"),
        (["1/1/23", "2/13/23", "3/13/23"], "sorted oldest first, and Netflix's newest first: another program"),
    ],
)
def test_unsorted_rows_are_reported(days: list[str], told: str) -> None:
    (warning,) = report_on(history(*((f"Film {day}", day) for day in days))).warnings

    assert told in warning


def test_the_plays_of_an_archive_may_be_in_any_order() -> None:
    rows = [("Ann", f"2024-01-0{day} 10:00:00", "00:30:00", "Roma") for day in (1, 3, 2)]

    assert report_on(activity(*rows)).warnings == []


@pytest.mark.parametrize(("count", "told"), [(1, "1 row of other"), (2, "2 rows of other")])
def test_rows_of_other_profiles_are_reported(count: int, told: str) -> None:
    rows = [("Bob", f"2024-01-0{day + 1} 10:00:00", "00:30:00", "Roma") for day in range(count)]
    found = report_on(activity(*rows), ReadOptions(keep_profile="Ann".__eq__))

    assert found.warnings == [f"{told} Netflix profiles will not count"]
    assert (found.views, found.file.rows, found.file.profiles) == (0, count, [])


def test_bad_rows_are_among_the_warnings() -> None:
    found = report_on(history(("Roma", "12/31/23"), ("Tenet", "2/30/23"))).to_json("x")

    assert found["warnings"] == ["row 3: '2/30/23' is not a date"]
    assert (found["rows"], found["views"], found["undated"]) == (2, 1, 1)


def test_dropped_rows_are_summarized_in_one_line() -> None:
    rows = b'Title,Date\n"Roma","12/31/23"\n"Tenet"\n"Dark","soon"\n"","12/30/23"\n": Episode 3","12/29/23"\n'
    rows += b'"Clay Hill: Dawn","12/28/23"\n"Ozark: Season 1 (Trailer)","12/27/23"\n'

    assert report_on(rows).dropped() == (
        "1 damaged, 1 without a date, 1 trailer or recap (dropped), 1 blank title (kept as unknown), "
        "1 episode without a show (kept as unknown), "
        "1 unsure whether episode or film (counted as the likelier)"
    )
    assert report_on(history(("Roma", "12/31/23"))).dropped() == "every row was used"


# Properties


HISTORY_ROWS = st.tuples(
    st.sampled_from(
        ["Roma", "", ": ", "Ozark: Season 1: A", "Clay Hill: Dawn", "Clay Hill: Dusk", "Ozark: Trailer", ": Episode 3"]
    ),
    st.sampled_from(["12/31/23", "1/2/24", "3/14/24", "2/30/23", ""]),
)
ACTIVITY_ROWS = st.tuples(
    st.sampled_from(["Ann", "Bob"]),
    st.sampled_from(["2024-01-01 23:30:00", "2024-03-10 10:00:00", "soon"]),
    st.sampled_from(["00:30:00", "00:00:10", "?"]),
    st.sampled_from(["Roma", "", "Ozark: Season 1: A (Episode 1)", "Clay Hill: Dawn", "Ozark: Season 1 (Trailer)"]),
    st.sampled_from(["", "HOOK"]),
)


def checked(found: ImportReport, order: Callable[[dict[str, Any]], int]) -> None:
    told = found.to_json("x")
    assert told["rows"] == order(told)
    assert told["views"] == sum(found.kinds.values())
    assert told["unsure"] <= told["views"]
    assert len(told["shows"]) <= told["episodes"]
    assert (told["first_day"] is None) == (told["views"] == 0)


@settings(max_examples=30, deadline=None)
@given(st.lists(HISTORY_ROWS, max_size=10))
def test_rows_of_a_history_are_views_or_undated(rows: list[tuple[str, str]]) -> None:
    found = report_on(history(("Roma", "12/30/23"), *rows))

    checked(found, lambda told: told["views"] + told["undated"])
    assert found.to_json("x")["hours"] is None


@settings(max_examples=30, deadline=None)
@given(st.lists(ACTIVITY_ROWS, max_size=10))
def test_rows_of_an_archive_are_views_undated_supplemental_or_of_others(rows: list[tuple[str, ...]]) -> None:
    rows = [("Ann", "2024-01-01 10:00:00", "00:30:00", "Tenet", ""), *rows]
    found = report_on(activity(*rows), ReadOptions(zone=UTC, keep_profile="Ann".__eq__))

    others = sum(row[0] == "Bob" for row in rows)
    checked(found, lambda told: told["views"] + told["undated"] + told["supplemental"] + others)
    lengths = {"00:30:00": 1800, "00:00:10": 10, "?": 0}
    seconds = sum(
        lengths[row[2]]
        for row in rows
        if row[0] == "Ann" and row[1] != "soon" and row[4] == "" and "Trailer" not in row[3]
    )
    assert found.hours == pytest.approx(seconds / 3600, abs=5e-5)
