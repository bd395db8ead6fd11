"""What a person asks their own machine, and what is printed."""

from __future__ import annotations

import errno
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from netflix_trend import cli
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
from netflix_trend.participant.own_effects import daily_views
from tests.netflix_trend.history import invented

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
HOUSEHOLD = EXPORTS.parent / "exports_reported" / "household_archive.csv"
EVERYBODY = ("--only", "Ann", "--only", "Kids, room")
KEYS = (
    *("file", "kind", "encoding", "delimiter", "rows", "views", "blank", "undated", "supplemental", "unsure"),
    *("date_order", "date_evidence", "first_day", "last_day", "episodes", "films", "shows", "profiles", "hours"),
    *("warnings", "error"),
)


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private folder, UTC, and a wide terminal."""
    monkeypatch.setenv("PRIVATE_DIR", str(tmp_path / "private"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "private"


@pytest.fixture
def ask(private: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a verb; returns its exit code, what it printed and what it complained about."""

    def run(*arguments: object) -> tuple[int, str, str]:
        # As in the processor's container, where a verb acts by itself.
        place = Place(Machine(private.parent, {"IN_CONTAINER": "1"}))
        code = cli.run([str(argument) for argument in arguments], place)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def history(path: Path, *rows: tuple[str, str]) -> Path:
    path.write_bytes(invented.history(*rows))
    return path


# --- read


def test_every_fixture_is_one_object_with_exactly_the_promised_keys(ask, private):
    names = sorted(path.name for path in EXPORTS.glob("*.csv"))

    code, out, _ = ask("read", "--json", *(EXPORTS / name for name in names))

    objects = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [Path(one["file"]).name for one in objects] == names
    assert all(tuple(one) == KEYS for one in objects)
    assert not private.exists()


def test_viewing_activity_counts_without_supplemental_rows_and_adds_hours(ask):
    _, out, _ = ask("read", "--json", EXPORTS / "ViewingActivity.csv")

    one = json.loads(out)
    assert one["kind"] == "viewing_activity"
    assert (one["rows"], one["views"], one["supplemental"], one["undated"]) == (8, 6, 2, 0)
    assert (one["episodes"], one["films"], one["profiles"]) == (5, 1, ["Ann", "Kids, room"])
    assert one["hours"] == pytest.approx((48 * 60 + 12 + 31 + 118 * 60 + 30 * 60 + 44 * 60) / 3600, abs=1e-4)
    assert one["warnings"] == ["1 view shorter than 60 s will not count"]


def test_wanted_netflix_profiles_can_be_named(ask):
    _, out, _ = ask("read", "--json", "--only", "ann", EXPORTS / "ViewingActivity.csv")

    one = json.loads(out)
    assert (one["views"], one["profiles"]) == (4, ["Ann"])
    assert "2 rows of other Netflix profiles will not count" in one["warnings"]


def test_an_ambiguous_file_is_described_and_asked_about(ask):
    path = EXPORTS / "short_one_day_ambiguous_mdy.csv"

    _, out, _ = ask("read", "--json", path)
    one = json.loads(out)
    assert (one["kind"], one["rows"], one["date_order"]) == ("viewing_history", 2, "undecidable")
    assert "DATE_ORDER=mdy|dmy" in one["error"]

    _, out, _ = ask("read", "--json", "--date-order", "dmy", path)
    assert (json.loads(out)["first_day"], json.loads(out)["error"]) == ("2024-09-03", None)


def test_an_unusable_file_fails_and_the_others_are_printed(ask, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")

    code, out, _ = ask("read", bad, tmp_path / "missing.csv", EXPORTS / "en_mdy_us.csv")

    assert code == 1
    assert f"{bad}: cannot be used. Row 1: found the columns 'a, b'" in out
    assert f"{tmp_path / 'missing.csv'}: cannot be used. No such file." in out
    assert "48 views from 2023-09-28 to 2023-12-30: 31 episodes of 19 shows, 14 films" in out
    assert "2 trailers and recaps (dropped), 2 blank titles (kept as unknown)" in out


def test_a_name_moves_no_cursor_and_one_is_no_plural(ask, tmp_path):
    odd = tmp_path / "a\n\x1b[2J.csv"
    odd.write_text('Title,Date\n"One Film","1/31/26"\n')

    code, out, _ = ask("read", odd)

    assert code == 0
    assert "a??[2J.csv: viewing history, utf-8, 1 row\n  1 view on 2026-01-31: 0 episodes of 0 shows, 1 film\n" in out


def test_json_reports_an_unusable_file_without_failing(ask, tmp_path):
    code, out, _ = ask("read", "--json", tmp_path / "missing.csv")

    one = json.loads(out)
    assert code == 0
    assert tuple(one) == KEYS
    assert "no such file" in one["error"]


def test_the_settings_answer_where_the_question_does_not(ask, monkeypatch):
    path = EXPORTS / "short_one_day_ambiguous_mdy.csv"
    monkeypatch.setenv("DATE_ORDER", "mdy")
    monkeypatch.setenv("ACTIVITY_PROFILES", "ANN")
    monkeypatch.setenv("SHORTEST_VIEW_SECONDS", "31")

    first_days = [
        json.loads(ask("read", "--json", *order, path)[1])["first_day"] for order in ([], ["--date-order", "dmy"])
    ]
    mine = json.loads(ask("read", "--json", EXPORTS / "ViewingActivity.csv")[1])
    theirs = json.loads(ask("read", "--json", "--only", "kids, room", EXPORTS / "ViewingActivity.csv")[1])

    assert first_days == ["2024-03-09", "2024-09-03"]
    assert (mine["profiles"], theirs["profiles"]) == (["Ann"], ["Kids, room"])
    assert not any("less than a minute" in warning for warning in mine["warnings"])


def test_an_archive_is_read_without_unpacking_it(ask, tmp_path):
    with zipfile.ZipFile(tmp_path / "report.zip", "w") as archive:
        archive.writestr("CONTENT_INTERACTION/ViewingActivity.csv", (EXPORTS / "ViewingActivity.csv").read_bytes())

    _, out, _ = ask("read", "--json", tmp_path / "report.zip")

    assert json.loads(out)["views"] == 6
    assert [path.name for path in tmp_path.iterdir()] == ["report.zip"]


def test_a_file_that_looks_like_another_service_is_warned_about(ask, tmp_path):
    rows = [(f"Some Film Number {n * n}", f"12/{n % 28 + 1}/2023") for n in range(60)]

    _, out, _ = ask("read", "--json", history(tmp_path / "prime.csv", *rows))

    assert any("another service" in warning for warning in json.loads(out)["warnings"])


# --- import, insights, events


def test_import_stores_files_and_reports_on_each(ask, private, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("")

    code, out, _ = ask("import", EXPORTS / "en_mdy_us.csv", bad)

    assert code == 1
    assert "en_mdy_us.csv: viewing history, utf-8, 50 rows" in out
    assert f"{bad}: cannot be used. The file is empty, or holds no text." in out
    assert "me: 48 views of 2 files" in out
    assert (private / "profiles" / "me" / "viewing.duckdb").is_file()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.EACCES, "", "/private/raw"),
            "It was not stored (/private/raw: this user may not do that there). Make room",
        ),
        (OSError(errno.ENOSPC, ""), "It was not stored (the private folder: the disk is full). Make room"),
        (OSError(errno.EIO, ""), "It cannot be read (the disk reports a fault)."),
    ],
)
def test_a_full_or_closed_private_folder_is_not_taken_for_the_file(ask, monkeypatch, error, told):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("netflix_trend.participant.participant.take_file", fails)

    code, out, _ = ask("import", EXPORTS / "en_mdy_us.csv")

    assert code == 1
    assert f"en_mdy_us.csv: cannot be used. {told}" in out


def test_the_same_bytes_again_are_said_to_be_known(ask):
    _, out, _ = ask("import", EXPORTS / "en_mdy_us.csv", EXPORTS / "ViewingActivity.csv")
    assert "already" not in out
    code, out, _ = ask("import", EXPORTS / "en_mdy_us.csv")
    assert code == 0
    assert re.match(r"en_mdy_us\.csv: This file was imported on \d{4}-\d\d-\d\d already; nothing in it is counted", out)


def test_importing_again_under_another_name_moves_the_file(ask, private):
    ask("import", EXPORTS / "en_mdy_us.csv")

    code, out, _ = ask("import", "--profile", "Anna", EXPORTS / "en_mdy_us.csv")

    assert code == 0
    assert "Anna: 48 views of 1 file" in out
    assert [path.name for path in (private / "profiles").iterdir()] == ["Anna"]


def test_import_tells_of_the_given_files_alone_and_counts_all(ask):
    ask("import", EXPORTS / "en_mdy_us.csv")

    _, out, _ = ask("import", "--only", "Ann", EXPORTS / "ViewingActivity.csv")

    assert "viewing activity" in out
    assert "viewing history" not in out
    assert "views of 2 files" in out


def test_a_file_goes_to_the_profile_and_counts_the_netflix_profiles_of_the_settings_or_of_the_question(
    ask, monkeypatch
):
    monkeypatch.setenv("NETFLIX_PROFILE", "Berta")
    monkeypatch.setenv("ACTIVITY_PROFILES", "Ann")

    assert "Berta: 3 views of 1 file" in ask("import", EXPORTS / "ViewingActivity.csv")[1]
    _, out, _ = ask("import", "--profile", "Carl", "--only", "Kids, room", EXPORTS / "ViewingActivity.csv")
    assert "Carl: 2 views of 1 file" in out
    assert "Berta" not in out


def test_a_household_is_asked_who_it_is_and_counts_nothing_before(ask, private):
    code, out, _ = ask("import", HOUSEHOLD)
    assert code == 1
    assert "cannot be used" not in out
    assert "household_archive.csv: which of its 3 Netflix profiles is you?" in out
    assert "./run.sh whose NAME. They are “Kids” (1 row), “Mia, the boss” (1 row), “Sam” (1 row)." in out
    assert "me: 0 views of 1 file" in out

    code, out, _ = ask("whose")
    assert code == 0
    assert "me: nobody counts yet. To choose from: “Kids” (1 row), “Mia, the boss” (1 row), “Sam” (1 row)" in out
    assert "household_archive.csv waits: which of these is you?" in out

    code, out, _ = ask("whose", "mia, the boss")
    assert (code, "me: 1 view of 1 file" in out, "waits" in out) == (0, True, False)
    assert "me: counts “Mia, the boss”." in out
    assert "me: counts “Kids” and “Mia, the boss” and “Sam”" in ask("whose", "--all")[1]
    assert ask("import", HOUSEHOLD)[0] == 0, "the answer is kept"


def test_an_answer_to_nothing_or_with_a_wrong_name_changes_nothing(ask, private):
    assert "there is nothing to choose" in ask("whose")[1]
    code, _, err = ask("whose", "Sam")
    assert (code, "no imported ViewingActivity.csv has several" in err) == (1, True)
    ask("import", "--only", "Sam", HOUSEHOLD)
    kept = (private / "household.json").read_bytes()

    code, _, err = ask("whose", "Samm")
    assert code == 1
    assert "“Samm” is no Netflix profile to choose from for me: they are “Kids” (1 row)" in err
    assert (private / "household.json").read_bytes() == kept


@pytest.mark.parametrize("verb", [("read",), ("read", "--json"), ("import",)])
def test_a_wrong_netflix_profile_is_refused_with_those_that_exist(ask, private, verb):
    code, out, _ = ask(*verb, "--only", "Samm", HOUSEHOLD)

    assert code == 1
    said = json.loads(out)["error"] if "--json" in verb else out
    assert "t has no Netflix profile “Samm”. It has “Kids” (1 row), “Mia, the boss” (1 row), “Sam” (1 row)." in said
    assert not list(private.glob("raw/*"))


def test_reading_a_household_names_its_profiles_and_says_that_import_asks(ask):
    _, out, _ = ask("read", HOUSEHOLD)
    assert "Netflix profiles: “Kids” (1 row), “Mia, the boss” (1 row), “Sam” (1 row)" in out
    assert "import asks which is you" in out
    _, out, _ = ask("read", "--only", "Sam", HOUSEHOLD)
    assert "import asks" not in out


def test_at_a_terminal_import_asks_until_it_understands(private, monkeypatch):
    monkeypatch.setattr("netflix_trend.cli.asking.has_terminal", lambda: True)
    place = Place(Machine(private.parent, {"IN_CONTAINER": "1"}))

    result = CliRunner().invoke(cli.cli, ["import", str(HOUSEHOLD)], obj=place, input="\n9\nSamm\n3, 1\n")

    assert result.exit_code == 0, result.output
    assert result.output.count("expected numbers from 1 to 3, a name, or all") == 2
    assert "me: 2 views of 1 file" in result.output


def test_a_private_folder_that_would_be_uploaded_is_refused(ask, monkeypatch, tmp_path):
    monkeypatch.setenv("PRIVATE_DIR", str(tmp_path / "datasites" / "me"))

    code, _, err = ask("import", EXPORTS / "en_mdy_us.csv")

    assert code == 1
    assert "PRIVATE_DIR" in err
    assert not (tmp_path / "datasites").exists()


def test_a_profile_that_cannot_be_a_folder_is_refused(ask, private):
    code, _, err = ask("import", "--profile", "../x", EXPORTS / "en_mdy_us.csv")

    assert code == 1
    assert "profile" in err
    assert not (private / "raw").exists()


def test_insights_are_printed_with_bars_and_as_json(ask):
    ask("import", *EVERYBODY, EXPORTS / "en_mdy_us.csv", EXPORTS / "ViewingActivity.csv")

    _, out, _ = ask("insights")
    for title in ("By year", "By weekday", "Calendar", "Top shows", "Binges", "Streaks", "Devices", "Autoplay"):
        assert f"\n{title}" in out
    assert "█" in out
    _, out, _ = ask("insights", "--json")
    tables = {table["name"]: table["rows"] for table in json.loads(out)["tables"]}
    assert sum(row["views"] for row in tables["by_year"]) == sum(row["views"] for row in tables["calendar"]) == 53


def test_a_title_moves_no_cursor_in_any_table(ask, tmp_path):
    rows = [(f"Odd\x1b[2J Show\x9b: Season 1: \x07Part {number}", f"1/{number}/26") for number in range(1, 6)]
    assert ask("import", history(tmp_path / "h.csv", *rows, ("A \x1b]0;Film", "2/1/26")))[0] == 0

    code, out, _ = ask("insights")

    assert code == 0
    assert "Show" in out
    assert not set("\x1b\x9b\x07") & set(out)


def test_the_calendar_is_a_year_of_weeks_with_a_shade_for_each_day(ask, tmp_path):
    # A Wednesday with four views, the Tuesday before with one, and a day that is too long ago.
    days = [*["2024-01-10"] * 4, "2024-01-09", "2023-01-08"]
    ask("import", history(tmp_path / "h.csv", *((f"Film {number}", day) for number, day in enumerate(days))))

    _, out, _ = ask("insights")

    assert "Calendar: a column a week from 2023-01-09 to 2024-01-10" in out
    lines = out.partition("\nCalendar")[2].splitlines()[1:8]
    assert [line.ljust(55)[:2] for line in lines] == [f"{weekday} " for weekday in "MTWTFSS"]
    assert [line.ljust(55)[2:] for line in lines] == [
        " " * 53,
        " " * 52 + "░",
        " " * 52 + "█",
        *[" " * 53] * 4,
    ]


def test_of_a_long_table_the_last_rows_are_printed(ask, tmp_path):
    rows = [(f"Film {number}", f"{2022 + number // 12}-{number % 12 + 1:02d}-15") for number in range(25)]
    ask("import", history(tmp_path / "h.csv", *rows))

    _, out, _ = ask("insights")

    assert "By month (the last 24 of 25)" in out
    assert "2022-02 " in out
    assert "2022-01 " not in out


# The days that are compared


def days_of(seen: Iterable[date], covered: Sequence[date]) -> tuple[list[int], date]:
    with duckdb.connect() as database:
        database.execute("create table seen (day date, seconds integer)")
        database.execute("create table coverage (covered_through date)")
        for day in seen:
            database.execute("insert into seen values (?, null)", [day])
        for day in covered:
            database.execute("insert into coverage values (?)", [day])
        views, first = daily_views(database)
        return views.tolist(), first


def test_views_are_counted_from_the_first_day_to_the_last_that_all_profiles_cover():
    first = date(2024, 2, 28)
    seen = [first + timedelta(days=number) for number in (0, 0, 2, 4)]

    assert days_of(seen, [first + timedelta(days=number) for number in (6, 3)]) == ([2, 0, 1, 0], first)
    assert days_of(seen, [first + timedelta(days=6)]) == ([2, 0, 1, 0, 1, 0, 0], first)
    assert days_of(seen, [first]) == ([2], first)
    assert days_of(seen, []) == ([2, 0, 1, 0, 1], first)


def test_a_history_that_covers_no_day_has_no_daily_views():
    first = date(2024, 2, 28)

    assert days_of([first], [first - timedelta(days=1)]) == ([], first)
    assert days_of([first], [first - timedelta(days=9)]) == ([], first)
    assert days_of([], [first])[0] == []


# Events


def test_before_anything_is_imported_the_next_step_is_named(ask):
    code, _, err = ask("insights")
    assert code == 1
    assert "./run.sh import" in err
    code, out, _ = ask("event", "add", "sick", "2024-01-01", "2024-01-09")
    assert code == 0
    assert "nothing to compare" in out
    assert "sick" in ask("event", "list")[1]


def test_an_event_is_answered_with_intervals_and_a_warning_about_thinned_files(ask, tmp_path):
    rows = [(f"Dark: Season 1: Episode {n}", f"2023-{n % 12 + 1:02d}-{n % 28 + 1:02d}") for n in range(300)]
    ask("import", history(tmp_path / "history.csv", *rows))
    (database,) = tmp_path.rglob("viewing.duckdb")
    made = database.stat().st_ino

    _, out, _ = ask("event", "add", "sick", "2023-06-01", "2023-06-14")

    assert "1: sick, 2023-06-01 to 2023-06-14" in out
    for word in ("before", "during", "after", "95 %", "last time a title was seen"):
        assert word in out
    (event,) = (json.loads(line) for line in ask("event", "list", "--json")[1].splitlines())
    assert event["during"]["lower"] < event["during"]["ratio_to_before"] < event["during"]["upper"]
    assert ask("event", "remove", "1")[0] == 0
    assert database.stat().st_ino == made, "the tables know nothing of events, and are not made again"
    assert "No events yet" in ask("event", "list")[1]


def test_an_archive_alone_needs_no_warning_about_thinned_files(ask):
    ask("import", EXPORTS / "ViewingActivity.csv")

    _, out, _ = ask("event", "add", "sick", "2024-03-01", "2024-03-02")

    assert "1: sick, 2024-03-01 to 2024-03-02" in out
    assert "last time a title was seen" not in out
    assert json.loads(ask("event", "list", "--json")[1])["warning"] is None


def test_a_new_event_is_answered_alone_and_the_list_has_all(ask):
    ask("import", EXPORTS / "en_mdy_us.csv")
    ask("event", "add", "sick", "2023-11-01", "2023-11-05")

    _, out, _ = ask("event", "add", "holiday", "2023-12-01", "2023-12-05")

    assert "holiday" in out
    assert "sick" not in out
    assert all(label in ask("event", "list")[1] for label in ("sick", "holiday"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["event", "add", "sick", "2024-01-09", "2024-01-01"], "before it begins"),
        (["event", "add", "", "2024-01-01", "2024-01-09"], "label"),
        (["event", "remove", "7"], "no event 7"),
    ],
)
def test_wrong_events_are_explained(ask, arguments, message):
    code, _, err = ask(*arguments)
    assert code == 1
    assert message in err


def test_an_invalid_day_is_explained(ask):
    code, _, err = ask("event", "add", "sick", "2024-02-30", "2024-03-01")
    assert code == 2
    assert "'2024-02-30' is not a day such as 2026-02-01" in err


def test_the_import_report_prints_no_titles(ask, private):
    """The table of the import names counts, never a title."""
    _, out, _ = ask("import", EXPORTS / "en_mdy_us.csv")
    assert "Ozark" not in out
