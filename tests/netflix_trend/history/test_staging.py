"""One export after the other into the staging tables, against files whose truth is known row by row."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history import database as database_module
from netflix_trend.history import exports as exports_module
from netflix_trend.history import staging as staging_module
from netflix_trend.history import texts as texts_module
from netflix_trend.history import titles as titles_module
from netflix_trend.history.dates import DateQuestion
from netflix_trend.history.exports import ExportError
from netflix_trend.history.file_rows import ReadFile
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.staging import Staging
from netflix_trend.history.titles import match_key
from tests.netflix_trend.history.invented import ACTIVITY_HEADER, activity, history

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
ACTIVITY, QUESTION = "ViewingActivity.csv", "short_one_day_ambiguous_mdy.csv"
HISTORIES = sorted(set(EXPECTED) - {ACTIVITY})
KINDS = {"E": "episode", "M": "film", "X": "supplemental", "B": "blank", "U": "unnamed"}
UTC_ONLY = ReadOptions(zone=UTC)
BERLIN = ReadOptions(zone=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def staging() -> Iterator[Staging]:
    with duckdb.connect() as database:
        yield Staging(database, starter_vocabulary())


def add(staging: Staging, data: bytes, options: ReadOptions = UTC_ONLY, newest: date | None = None) -> ReadFile:
    return staging.add(io.BytesIO(data), "history.csv", options, newest)[1]


# Every row as the files have it, with its local day and, of ViewingActivity.csv, both times.
ROWS = """(select r.file, r.rowid as number, key, t.title as row_title, s.kind, null as profile,
    null as seconds, null as start_utc, null as start_local, date '1970-01-01' + day as day, null as autoplayed
    from history_rows r join texts t using (text_id) join said s using (text_id)
    union all
    select r.file, r.rowid as number, key, t.title, s.kind, p.name, seconds, make_timestamp(1000000 * start),
    make_timestamp(1000000 * (start + shift)), date '1970-01-01' + day, autoplayed
    from play_rows r join texts t using (text_id) join said s using (text_id)
    join names p on p.name_code = r.profile)"""


def query(staging: Staging, sql: str) -> list[tuple[Any, ...]]:
    """Ask the tables of the rows that were read so far."""
    staging.collect()
    kinds = [None if place < 0 else titles_module.KINDS[place] for place in staging.texts.columns()["kind"].tolist()]
    staging.database.execute("create or replace table said (text_id integer, kind varchar)")
    database_module.insert(staging.database, "said", enumerate(kinds))
    return staging.database.execute(sql.format(rows=ROWS)).fetchall()


def in_order(staging: Staging) -> list[tuple[str, str]]:
    """Return (title, day) of all rows of viewing histories, in the order of the file."""
    return query(
        staging,
        "select row_title, day::text from {rows} order by file, number",
    )


def fixture_options(name: str) -> ReadOptions:
    return ReadOptions(date_order="mdy" if name == QUESTION else None, zone=UTC)


def decided(vocabulary: Vocabulary, *exports: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is decided of titles by these exports together, as it would be shown."""
    with duckdb.connect() as database:
        staging = Staging(database, vocabulary)
        for data in exports:
            add(staging, data)
        staging.decide_titles()
        return {
            "titles": query(
                staging,
                """select title_id, key, title, kind, certainty, show_name, show_index, season from titles
                   left join show_names using (show_code) order by all""",
            ),
            "days": query(staging, "select key, day, seconds from {rows} order by all"),
        }


# The fixtures


def test_no_fixture_is_left_out() -> None:
    assert {path.name for path in EXPORTS.glob("*.csv")} == set(EXPECTED)
    assert len(HISTORIES) == 38


@pytest.mark.parametrize("name", HISTORIES)
def test_every_row_of_an_export_has_its_title_and_its_day(staging: Staging, name: str) -> None:
    found = add(staging, (EXPORTS / name).read_bytes(), fixture_options(name))

    assert in_order(staging) == [(row["title"].strip(), row["date"]) for row in EXPECTED[name]["truth"]]
    assert (found.rows, found.damaged, found.undated, found.problems) == (EXPECTED[name]["rows"], 0, 0, [])
    assert found.date_order == EXPECTED[name]["date_format"][:3]
    assert found.ascents == 0


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_row_of_an_export_has_its_kind_and_its_show(staging: Staging, vocabulary: Vocabulary, name: str) -> None:
    add(staging, (EXPORTS / name).read_bytes(), fixture_options(name))
    staging.decide_titles()

    def identity(show: str | None) -> object:
        known = vocabulary.show(show) if show else None
        return show if known is None else known

    rows = query(
        staging,
        """select key, t.kind, show_name, show_index from dated join titles t using (title_id)
           left join show_names using (show_code)""",
    )
    truth = [row for row in EXPECTED[name]["truth"] if name != ACTIVITY or row["type"] != "X"]
    assert Counter((key, kind, show if index in {None, -1} else index) for key, kind, show, index in rows) == Counter(
        (title_key(row["title"]), KINDS[row["type"]], identity(row["show"])) for row in truth
    )


def test_every_play_of_an_archive_has_its_time_and_its_length(staging: Staging) -> None:
    found = add(staging, (EXPORTS / ACTIVITY).read_bytes())

    rows = query(staging, "select row_title, profile, start_utc, seconds from {rows}")
    assert Counter(rows) == Counter(
        (
            row["title"],
            row["profile"],
            datetime.fromisoformat(row["start"]),
            sum(60**place * int(part) for place, part in enumerate(reversed(row["duration"].split(":")))),
        )
        for row in EXPECTED[ACTIVITY]["truth"]
        if row["type"] != "X"
    )
    assert (found.rows, found.supplemental, found.too_short) == (8, EXPECTED[ACTIVITY]["supplemental_rows"], 1)
    assert found.profiles == ["Ann", "Kids, room"]
    assert query(staging, "select count(*) from play_rows where autoplayed") == [(2,)]


def test_all_fixtures_together_keep_their_rows_apart(staging: Staging) -> None:
    numbers = {}
    for name in HISTORIES:
        numbers[name], _ = staging.add(io.BytesIO((EXPORTS / name).read_bytes()), name, fixture_options(name))
    staging.decide_titles()

    counts = dict(query(staging, "select file, count(*) from dated group by file"))
    assert {name: counts.get(number, 0) for name, number in numbers.items()} == {
        name: EXPECTED[name]["rows"] for name in HISTORIES
    }
    assert query(staging, "select count(*), count(distinct key), count(kind) from titles") == [
        (keys := len({title_key(row["title"]) for name in HISTORIES for row in EXPECTED[name]["truth"]}), keys, keys)
    ]


@pytest.mark.parametrize("name", ["en_mdy_us.csv", "en_ymd_iso.csv", "tr_dmy_dot_yyyy.csv", "resaved_wrapped.csv"])
def test_a_file_cut_between_two_rows_gives_exactly_the_rows_before(name: str) -> None:
    lines = (EXPORTS / name).read_bytes().splitlines(keepends=True)
    truth = [(row["title"].strip(), row["date"]) for row in EXPECTED[name]["truth"]]

    for rows in range(5, len(lines) - 1, 9):
        with duckdb.connect() as database:
            staging = Staging(database, starter_vocabulary())
            add(staging, b"".join(lines[: rows + 1]))
            assert in_order(staging) == truth[:rows]


@pytest.mark.parametrize("name", ["en_mdy_us.csv", "ja_ymd_ja.csv", "resaved_excel_bom.csv", "resaved_semicolon.csv"])
def test_a_file_cut_anywhere_gives_its_rows_except_possibly_the_last(name: str) -> None:
    data = (EXPORTS / name).read_bytes()
    truth = [(row["title"].strip(), row["date"]) for row in EXPECTED[name]["truth"]]

    for end in range(0, len(data), 101):
        with duckdb.connect() as database:
            staging = Staging(database, starter_vocabulary())
            try:
                add(staging, data[:end])
            except ExportError as refusal:
                assert refusal.reason in {"empty", "header", "date_order", "no_rows"}
            else:
                found = in_order(staging)
                assert found[:-1] == truth[: max(len(found) - 1, 0)]


# Rows that are not used


def test_an_impossible_date_loses_only_its_row_and_is_named_with_the_row(staging: Staging) -> None:
    found = add(staging, history(("Roma", "12/31/23"), ("Ozark: Season 1: A", "2/30/23"), ("Tenet", "12/29/23")))

    assert in_order(staging) == [("Roma", "2023-12-31"), ("Tenet", "2023-12-29")]
    assert (found.rows, found.damaged, found.undated) == (3, 0, 1)
    assert len(found.problems) == 1
    assert found.problems[0].startswith("row 3: ")
    assert "'2/30/23'" in found.problems[0]


@pytest.mark.parametrize("text", ["", "soon", "12/31", "31/12/23", "0/0/0", "1/1/1990"])
def test_a_row_without_a_date_is_counted_and_loses_no_other_row(staging: Staging, text: str) -> None:
    found = add(staging, history(("Roma", "12/31/23"), ("Tenet", text), ("Dark: Season 1: A", "12/29/23")))

    assert [title for title, _ in in_order(staging)] == ["Roma", "Dark: Season 1: A"]
    assert (found.rows, found.undated) == (3, 1)
    assert "row 3" in found.problems[0]


def test_a_title_of_an_undated_row_is_not_a_title_of_the_history(staging: Staging) -> None:
    add(staging, history(("Roma", "12/31/23"), ("Tenet", "2/30/23")))
    staging.decide_titles()

    assert query(staging, "select title from titles") == [("Roma",)]


def test_a_title_of_a_megabyte_loses_only_its_row(staging: Staging) -> None:
    found = add(staging, history(("Roma", "12/31/23"), ("x" * 1_000_000, "12/30/23"), ("Tenet", "12/29/23")))

    assert [title for title, _ in in_order(staging)] == ["Roma", "Tenet"]
    assert (found.rows, found.damaged, found.undated) == (3, 1, 1)
    assert found.problems[0].startswith("row 3: ")
    assert len(found.problems[0]) < 200


def test_a_date_of_many_characters_makes_a_short_problem(staging: Staging) -> None:
    found = add(staging, history(("Roma", "12/31/23"), ("Tenet", "x" * 100_000)))

    assert len(found.problems[0]) < 200


@pytest.mark.parametrize(("bad", "named"), [(5, 5), (6, 5), (9, 5)])
def test_five_bad_rows_are_named_and_the_others_counted(staging: Staging, bad: int, named: int) -> None:
    found = add(staging, history(("Roma", "12/31/23"), *((f"Film {n}", f"2/30/{10 + n}") for n in range(bad))))

    assert found.undated == bad
    more = ["and more"] if bad > named else []
    assert [problem.split(":")[0] for problem in found.problems] == [*(f"row {n}" for n in range(3, 3 + named)), *more]


def test_many_rows_with_one_bad_date_are_named_once(staging: Staging) -> None:
    found = add(staging, history(("Roma", "12/31/23"), *((f"Film {n}", "2/30/23") for n in range(9))))

    assert (found.undated, len(found.problems)) == (9, 1)
    assert found.problems[0].startswith("row 3: ")


@pytest.mark.parametrize("bad", [5, 6, 9])
def test_five_plays_without_a_time_are_named_and_the_others_counted(staging: Staging, bad: int) -> None:
    rows = [("Ann", "2024-01-01 25:00:00", "00:30:00", f"Film {n}") for n in range(bad)]
    found = add(staging, activity(("Ann", "2024-01-01 10:00:00", "00:30:00", "Roma"), *rows))

    assert (found.rows, found.undated) == (bad + 1, bad)
    more = ["and more"] if bad > 5 else []
    assert [problem.split(":")[0] for problem in found.problems] == [*(f"row {n}" for n in range(3, 8)), *more]


def test_a_row_that_is_cut_off_counts_as_undated_too(staging: Staging) -> None:
    found = add(staging, b'Title,Date\n"Roma","12/31/23"\n"Tenet"\n"Dark","soon"\n')

    assert (found.rows, found.damaged, found.undated) == (3, 1, 2)


def test_a_header_alone_is_an_export_without_rows(staging: Staging) -> None:
    found = add(staging, b"Title,Date\n")

    assert (found.rows, found.undated, found.kind) == (0, 0, "viewing_history")
    assert query(staging, "from dated") == []


def test_nul_bytes_lose_no_row(staging: Staging) -> None:
    add(staging, history(("Ro\0ma", "12/31/23"), ("Tenet", "12/29/23")))

    assert [title for title, _ in in_order(staging)] == ["Ro\0ma", "Tenet"]


def test_the_format_of_the_file_is_reported(staging: Staging) -> None:
    found = add(staging, (EXPORTS / "resaved_semicolon.csv").read_bytes())

    assert (found.encoding, found.delimiter) == ("utf-8", ";")
    assert "only then is every date possible" in found.date_evidence


def test_breaks_of_the_order_are_counted(staging: Staging) -> None:
    days = ["12/30/23", "12/31/23", "12/31/23", "2/30/23", "12/28/23", "12/29/23"]

    assert add(staging, history(*((f"Film {day}", day) for day in days))).ascents == 2


# Refusals


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"Name,Day\nRoma,12/31/23\n", "header"),
        (b"PK\x03\x04\xff", "header"),
        (history(("Roma", "soon"), ("Tenet", "")), "no_rows"),
        (b'Title,Date\n"Roma"\n', "no_rows"),
        (activity(("Ann", "soon", "00:30:00", "Roma")), "no_rows"),
        (history(("Roma", "3/9/24")), "date_order"),
    ],
    ids=str,
)
def test_an_unusable_file_is_refused_completely(staging: Staging, data: bytes, reason: str) -> None:
    with pytest.raises(ExportError) as caught:
        add(staging, data)

    assert caught.value.reason == reason
    assert "history.csv" in str(caught.value)
    assert query(staging, "from dated") == query(staging, "from texts") == []


def test_a_refused_file_leaves_no_rows(staging: Staging) -> None:
    add(staging, history(("Roma", "12/31/23")))
    for bad in (history(("Tenet", "3/9/24"), ("Dark: Season 1: A", "3/9/24")), history(("Tenet", "soon"))):
        with pytest.raises(ExportError):
            add(staging, bad)
    add(staging, history(("Marriage Story", "12/30/23")))
    staging.decide_titles()

    assert query(staging, "select title from titles order by 1") == [("Marriage Story",), ("Roma",)]
    assert query(staging, "select distinct file from dated order by 1") == [(0,), (3,)]


def test_a_file_of_one_ambiguous_day_is_refused_with_a_question(staging: Staging) -> None:
    with pytest.raises(ExportError) as caught:
        add(staging, (EXPORTS / QUESTION).read_bytes())

    assert caught.value.reason == "date_order"
    assert "3/9/24 can be 9 March 2024 (month first) or 3 September 2024 (day first)" in str(caught.value)
    assert "DATE_ORDER=mdy|dmy" in str(caught.value)
    assert caught.value.question == DateQuestion("3/9/24", ("mdy", "dmy"))
    known = caught.value.known
    assert (known["kind"], known["rows"], known["date_order"]) == ("viewing_history", 2, "undecidable")
    assert (known["encoding"], known["delimiter"]) == ("utf-8", ",")


@pytest.mark.parametrize(("order", "day"), [("mdy", "2024-03-09"), ("dmy", "2024-09-03")])
def test_a_file_of_one_ambiguous_day_is_read_with_the_answer(staging: Staging, order: str, day: str) -> None:
    found = add(staging, (EXPORTS / QUESTION).read_bytes(), ReadOptions(date_order=order))

    assert in_order(staging) == [("Roma", day), ("Tenet", day)]
    assert (found.date_order, "DATE_ORDER" in found.date_evidence) == (order, True)


def test_an_answer_never_overrides_the_file(staging: Staging) -> None:
    add(staging, history(("Roma", "3/9/24"), ("Tenet", "3/13/24")), ReadOptions(date_order="dmy"))

    assert in_order(staging) == [("Roma", "2024-03-09"), ("Tenet", "2024-03-13")]


def test_a_day_after_the_file_was_made_answers_the_question(staging: Staging) -> None:
    found = add(staging, history(("Roma", "3/9/24")), newest=date(2024, 3, 10))

    assert in_order(staging) == [("Roma", "2024-03-09")]
    assert found.date_order == "mdy"


# ViewingActivity.csv


def test_only_wanted_profiles_are_read(staging: Staging) -> None:
    rows = [(name, "2024-01-01 10:00:00", "00:30:00", f"Film of {name}") for name in ("Ann", "Bob", "Cid")]
    found = add(staging, activity(*rows), ReadOptions(zone=UTC, keep_profile={"Ann", "Cid"}.__contains__))

    assert query(staging, "select row_title from {rows} order by 1") == [("Film of Ann",), ("Film of Cid",)]
    assert (found.rows, found.dropped_profiles, found.profiles) == (3, 1, ["Ann", "Cid"])


def test_a_profile_is_asked_about_once(staging: Staging) -> None:
    asked = []

    def keep(name: str) -> bool:
        asked.append(name)
        return True

    rows = [(name, "2024-01-01 10:00:00", "00:30:00", "Roma") for name in ("Ann", "Bob", "Ann")]
    add(staging, activity(*rows), ReadOptions(zone=UTC, keep_profile=keep))

    assert asked == ["Ann", "Bob"]


def test_a_trailer_of_another_profile_is_of_another_profile(staging: Staging) -> None:
    row = ("2024-01-01 10:00:00", "00:00:30", "Season 2 Trailer: Ozark", "TRAILER")
    found = add(staging, activity(("Ann", *row), ("Bob", *row)), ReadOptions(keep_profile="Ann".__eq__))

    assert (found.rows, found.supplemental, found.dropped_profiles, found.too_short) == (2, 1, 1, 0)


@pytest.mark.parametrize("kind", ["TRAILER", "HOOK", "SOMETHING_NEW", "recap"])
def test_any_supplemental_type_drops_the_row(staging: Staging, kind: str) -> None:
    found = add(staging, activity(("Ann", "2024-01-01 10:00:00", "00:30:00", "Roma", kind)))

    assert (found.rows, found.supplemental, found.undated) == (1, 1, 0)
    assert query(staging, "from dated") == []


def test_a_trailer_whose_type_is_missing_is_known_by_its_title(staging: Staging) -> None:
    title = "Legion: Season 1_hook_primary_16x9"
    found = add(staging, activity(("Ann", "2024-01-01 10:00:00", "00:01:09", title)))

    assert (found.rows, found.supplemental) == (1, 1)
    assert query(staging, "from dated") == []


@pytest.mark.parametrize("kind", ["", " ", "NA", "n/a"])
def test_no_supplemental_type_is_a_view(staging: Staging, kind: str) -> None:
    found = add(staging, activity(("Ann", "2024-01-01 10:00:00", "00:30:00", "Roma", kind)))

    assert (found.rows, found.supplemental) == (1, 0)


@pytest.mark.parametrize(("shortest", "short"), [(0, 0), (59, 0), (60, 1), (61, 2), (3600, 3)])
def test_plays_shorter_than_the_setting_are_counted(staging: Staging, shortest: int, short: int) -> None:
    rows = [("Ann", f"2024-01-01 1{n}:00:00", length, "Roma") for n, length in enumerate(["0:59", "1:00", "30:00"])]
    unknown = ("Ann", "2024-01-01 20:00:00", "?", "Roma")
    found = add(staging, activity(*rows, unknown), ReadOptions(zone=UTC, shortest_seconds=shortest))

    assert (found.too_short, found.rows) == (short, 4)
    assert query(staging, "select count(*) from dated") == [(4,)]


@pytest.mark.parametrize(
    ("start", "local"),
    [
        ("2024-01-15 22:59:59", "2024-01-15 23:59:59"),
        ("2024-01-15 23:00:00", "2024-01-16 00:00:00"),
        ("2024-01-15 23:30:00", "2024-01-16 00:30:00"),
        ("2024-07-15 21:59:59", "2024-07-15 23:59:59"),
        ("2024-07-15 22:00:00", "2024-07-16 00:00:00"),
        ("2024-12-31 23:00:00", "2025-01-01 00:00:00"),
        # the night the clocks go forward, and the night they go back
        ("2024-03-31 00:59:59", "2024-03-31 01:59:59"),
        ("2024-03-31 01:00:00", "2024-03-31 03:00:00"),
        ("2024-03-31 22:00:00", "2024-04-01 00:00:00"),
        ("2024-10-27 00:59:59", "2024-10-27 02:59:59"),
        ("2024-10-27 01:00:00", "2024-10-27 02:00:00"),
        ("2024-10-27 22:59:59", "2024-10-27 23:59:59"),
    ],
)
def test_a_time_in_utc_becomes_a_local_day(staging: Staging, start: str, local: str) -> None:
    add(staging, activity(("Ann", start, "00:30:00", "Roma")), BERLIN)

    assert query(staging, "select start_local::text, day::text, start_utc::text from {rows}") == [
        (local, local[:10], start)
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(
        [
            *("America/Los_Angeles", "America/St_Johns", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe"),
            *("Africa/Casablanca", "Pacific/Kiritimati", "Pacific/Apia", "Pacific/Chatham", "Europe/London", "UTC"),
        ]
    ),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
)
def test_every_play_is_at_its_local_time_in_any_zone(name: str, seconds: list[int]) -> None:
    zone = ZoneInfo(name)
    # Changes of the clocks too: Samoa had no 30 December 2011.
    near = ["2011-12-30 09:59:59", "2011-12-30 10:00:00", "2024-03-10 09:59:59", "2024-03-10 10:00:00"]
    starts = [datetime.fromisoformat(text) for text in ["2007-01-02", *near]]
    starts += [starts[0] + timedelta(seconds=second) for second in seconds]
    rows = [("Ann", f"{start}", "00:30:00", f"Film {number}") for number, start in enumerate(starts)]
    with duckdb.connect() as database:
        staging = Staging(database, starter_vocabulary())
        add(staging, activity(*rows), ReadOptions(zone=zone))
        found = query(staging, "select row_title, start_utc, start_local, day from {rows}")

    local = [start.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for start in starts]
    assert sorted(found) == sorted(
        (f"Film {number}", start, there, there.date())
        for number, (start, there) in enumerate(zip(starts, local, strict=True))
    )


def test_days_of_a_viewing_history_are_local_already(staging: Staging) -> None:
    add(staging, history(("Roma", "2024-01-15")), ReadOptions(zone=ZoneInfo("America/Los_Angeles")))

    assert query(staging, "select day::text, start_utc, start_local from {rows}") == [("2024-01-15", None, None)]


@pytest.mark.parametrize("unwanted", ["other profile", "supplemental"])
def test_all_rows_decide_the_date_order_and_not_only_the_wanted_ones(staging: Staging, unwanted: str) -> None:
    is_trailer = unwanted == "supplemental"
    wanted = ("Ann", "3/4/2024 10:00", "00:30:00", "Roma")
    telling = ("Ann" if is_trailer else "Bob", "5/14/2024 10:00", "00:30:00", "Tenet", "HOOK" if is_trailer else "")
    add(staging, activity(wanted, telling), ReadOptions(zone=UTC, keep_profile="Ann".__eq__))

    assert query(staging, "select row_title, day::text from {rows}") == [("Roma", "2024-03-04")]


# Titles


def test_two_spellings_of_one_title_are_one_title(vocabulary: Vocabulary) -> None:
    found = decided(
        vocabulary,
        history(("Marvel’s  DAREDEVIL: Season\u00a01: A", "2023-12-29")),
        history(("Marvel's Daredevil: Season 1: A", "2023-12-30")),
    )

    assert [row[2] for row in found["titles"]] == ["Marvel's Daredevil: Season 1: A"]
    assert len(found["days"]) == 2


def test_of_two_spellings_the_same_one_decides_in_any_order(vocabulary: Vocabulary) -> None:
    one, two = history(("Clay Hill: Season 1: A", "2023-12-30")), history(("CLAY HILL: SEASON 1: A", "2023-12-29"))
    found = decided(vocabulary, one, two)["titles"]

    assert found == decided(vocabulary, two, one)["titles"]
    assert [(row[2], row[5], row[7]) for row in found] == [("CLAY HILL: SEASON 1: A", "CLAY HILL", "SEASON 1")]


def test_a_show_proved_in_one_file_decides_titles_of_the_other(vocabulary: Vocabulary) -> None:
    found = decided(
        vocabulary,
        history(("Lamp Street: Season 1: Dusk", "2023-12-30")),
        history(("Lamp Street: Dawn", "2020-01-01"), ("Clay Hill: Dawn", "2020-01-01")),
    )

    kinds = {row[2]: (row[3], row[5], row[4]) for row in found["titles"]}
    assert kinds["Lamp Street: Dawn"] == ("episode", "Lamp Street", "likely")
    assert kinds["Clay Hill: Dawn"] == ("film", None, "guess")


def test_titles_repeat_across_files(vocabulary: Vocabulary) -> None:
    one, two = history(("Clay Hill: Dawn", "2020-01-13")), history(("Clay Hill: Dusk", "2020-01-14"))
    far = history(("Clay Hill: Dusk", "2020-01-17"))

    assert [row[3] for row in decided(vocabulary, one, two)["titles"]] == ["episode", "episode"]
    assert [row[3] for row in decided(vocabulary, one)["titles"]] == ["film"]
    assert [row[3] for row in decided(vocabulary, one, far)["titles"]] == ["film", "film"]


def test_views_of_one_title_are_no_repetition(vocabulary: Vocabulary) -> None:
    days = [f"2020-01-{day}" for day in range(13, 23)]

    assert [row[3] for row in decided(vocabulary, history(*(("Clay Hill: Dawn", d) for d in days)))["titles"]] == [
        "film"
    ]


def test_two_names_of_one_show_of_the_vocabulary_have_one_key(staging: Staging) -> None:
    add(staging, history(("La casa de papel: Parte 1: A", "2023-12-30"), ("Money Heist: Part 1: B", "2023-12-29")))
    staging.decide_titles()

    assert len(query(staging, "select distinct show_key from show_names")) == 1
    assert len(query(staging, "select distinct show_name from show_names")) == 2


def test_every_title_has_one_row_numbered_from_zero(staging: Staging) -> None:
    for name in ("en_mdy_us.csv", "fr_dmy_gb.csv"):
        add(staging, (EXPORTS / name).read_bytes())
    staging.decide_titles()

    rows = query(staging, "select title_id, key from titles order by title_id")
    assert [number for number, _ in rows] == list(range(len(rows)))
    assert [key for _, key in rows] == sorted(key for _, key in rows)
    assert query(staging, "select count(*) from titles where kind is null or certainty is null") == [(0,)]


@pytest.mark.parametrize("name", ["en_mdy_us.csv", "ja_ymd_ja.csv", "concatenated_two_exports.csv", ACTIVITY])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_rows_does_not_matter(vocabulary: Vocabulary, name: str, seed: int) -> None:
    header, *lines = (EXPORTS / name).read_bytes().splitlines(keepends=True)
    shuffled = Random(seed).sample(lines, len(lines))

    assert decided(vocabulary, header + b"".join(shuffled)) == decided(vocabulary, header + b"".join(lines))


@settings(max_examples=4, deadline=None)
@given(st.permutations(["en_mdy_us.csv", "fr_dmy_gb.csv", "es_dmy_es.csv", "pl_dmy_dot_yyyy.csv"]))
def test_the_order_of_the_files_does_not_matter(names: list[str]) -> None:
    vocabulary = starter_vocabulary()

    def files(order: list[str]) -> list[bytes]:
        return [(EXPORTS / name).read_bytes() for name in order]

    assert decided(vocabulary, *files(names)) == decided(vocabulary, *files(sorted(names)))


def test_match_keys_are_made_only_for_several_files(staging: Staging) -> None:
    one = history(("Roma", "2023-12-30"), ("", "2023-12-30"), (": Episode 3", "2023-12-30"))
    add(staging, one)
    staging.decide_titles()
    assert query(staging, "from match_keys") == []


def test_titles_without_a_name_have_no_match_key(staging: Staging) -> None:
    for day in ("2023-12-30", "2023-12-31"):
        add(staging, history(("Roma", day), ("", day), (": Episode 3", day)))
    staging.decide_titles()
    assert query(staging, "select title from match_keys join titles using (title_id)") == [("Roma",)]


def test_match_keys_are_those_of_their_titles(staging: Staging) -> None:
    """Most are made in DuckDB, and the same as in Python."""
    random, pieces = Random(1), ["a", "B", " ", ":", ": ", " : ", ")", "Episode", "`", "'", "é", "~", "(Episode 3)"]
    titles = {"".join(random.choices(pieces, k=random.randrange(1, 9))) for _ in range(2_000)}
    add(staging, history(*((title, "12/31/23") for title in sorted(titles))))
    add(staging, history(("Roma", "12/31/23")))
    staging.decide_titles()

    found = query(staging, "select match_key, title, is_plain from match_keys join matched using (title_id)")
    assert {is_plain for _key, _title, is_plain in found} == {False, True}
    assert [key for key, _title, _is_plain in found] == [match_key(title) for _key, title, _is_plain in found]


def test_one_episode_has_one_match_key_in_both_exports(staging: Staging) -> None:
    add(staging, history(("Clay Hill: The Dawn", "2023-12-30"), ("Clay Hill: The Dusk", "2023-12-30")))
    add(staging, activity(("Ann", "2023-12-30 10:00:00", "00:30:00", "Clay Hill: Season 2: The Dawn (Episode 3)")))
    staging.decide_titles()

    listed = "select match_key, list_sort(list(title)) from match_keys join titles using (title_id) group by all"
    rows = query(staging, listed)
    assert sorted(titles for _, titles in rows) == [
        ["Clay Hill: Season 2: The Dawn (Episode 3)", "Clay Hill: The Dawn"],
        ["Clay Hill: The Dusk"],
    ]


# Blocks


def insert_in_blocks(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    for module in (database_module, staging_module, texts_module):
        monkeypatch.setattr(module, "BLOCK", rows)
    monkeypatch.setattr(exports_module, "ROWS_TOGETHER", rows)


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_the_size_of_a_block_changes_nothing(vocabulary: Vocabulary, monkeypatch: Any, rows: int) -> None:
    files = [(EXPORTS / name).read_bytes() for name in (ACTIVITY, "short_dmy_days_le_12.csv")]
    files.append(history(*((f"Clay Hill: Part {number}", f"2023-12-{1 + number}") for number in range(7))))
    whole = decided(vocabulary, *files)

    insert_in_blocks(monkeypatch, rows)

    assert decided(vocabulary, *files) == whole


def test_a_cell_that_is_rarely_filled_arrives(staging: Staging) -> None:
    """A block whose first and sampled rows have no show, no season and no length has a type for them nevertheless."""
    plays = [("Ann", f"2024-01-{1 + n % 28:02} 10:{n % 60:02}:00", "?", f"Film{n}") for n in range(5_000)]
    plays[7] = ("Ann", "2024-01-03 10:00:00", "00:30:00", "Ozark: Season 2: Game Day")
    add(staging, activity(*plays))

    assert query(
        staging, "select row_title, seconds, kind from {rows} where seconds is not null or kind = 'episode'"
    ) == [("Ozark: Season 2: Game Day", 1800, "episode")]


# Properties


CELLS = st.tuples(
    st.sampled_from(["Roma", "", ": ", "Ozark: Season 1: A", "Nobody: Knows", "Ozark: Trailer", ": Episode 3"]),
    st.sampled_from(["12/31/23", "1/2/24", "2/30/23", "", "13/13/13"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(CELLS | st.just(("cut",)), max_size=12))
def test_every_row_is_a_view_or_accounted_for(rows: list[tuple[str, ...]]) -> None:
    lines = ["Title,Date", '"Roma","12/30/23"', *(",".join(f'"{cell}"' for cell in row) for row in rows)]
    with duckdb.connect() as database:
        staging = Staging(database, starter_vocabulary())
        found = add(staging, "\n".join(lines).encode())
        staged = len(query(staging, "from dated"))

    assert found.rows == len(rows) + 1 == staged + found.undated
    assert found.damaged == rows.count(("cut",))
    assert found.undated - found.damaged == sum(len(row) == 2 and row[1] not in {"12/31/23", "1/2/24"} for row in rows)
    assert bool(found.problems) == bool(found.undated)


PLAYS = st.tuples(
    st.sampled_from(["Ann", "Bob", "Kids, room"]),
    st.sampled_from(["2024-01-01 23:30:00", "2024-03-10 10:00:00", "2024-02-30 10:00:00", "soon", "2024-01-01 24:00"]),
    st.sampled_from(["00:30:00", "00:00:10", "", "long"]),
    st.sampled_from(["Roma", "", "Ozark: Season 1: A (Episode 1)", "Legion: Season 1_hook_primary_16x9"]),
    st.sampled_from(["", "HOOK", "NA"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(PLAYS | st.just(("cut",)), max_size=12))
def test_every_play_is_a_view_or_accounted_for(rows: list[tuple[str, ...]]) -> None:
    whole = [("Ann", "2024-01-01 10:00:00", "00:30:00", "Tenet", ""), *(row for row in rows if len(row) > 1)]
    data = activity(*whole) + b"cut\n" * rows.count(("cut",))
    with duckdb.connect() as database:
        staging = Staging(database, starter_vocabulary())
        found = add(staging, data, ReadOptions(zone=UTC, keep_profile=lambda name: name != "Bob"))
        staged = len(query(staging, "from dated"))

    others = [row for row in whole if row[0] == "Bob"]
    extras = [row for row in whole if row[0] != "Bob" and (row[4] == "HOOK" or "_hook_" in row[3])]
    assert found.rows == len(rows) + 1 == staged + found.undated + found.supplemental + found.dropped_profiles
    assert (found.dropped_profiles, found.supplemental) == (len(others), len(extras))
    assert found.damaged == rows.count(("cut",))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([b"Title,Date\n", f"{ACTIVITY_HEADER}\n".encode()]), st.binary(max_size=200))
def test_no_bytes_in_rows_yield_anything_but_rows_or_a_refusal(header: bytes, data: bytes) -> None:
    with duckdb.connect() as database:
        staging = Staging(database, starter_vocabulary())
        try:
            found = add(staging, header + data)
        except ExportError as refusal:
            assert refusal.reason in {"date_order", "no_rows"}
        else:
            staged = len(query(staging, "from dated"))
            assert found.rows == staged + found.undated + found.supplemental


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["%m/%d/%y", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d"]),
    st.lists(st.dates(date(2008, 1, 1), date(2030, 12, 31)), max_size=12),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_history_in_any_format_gives_its_days(form: str, days: list[date], delimiter: str, encoding: str) -> None:
    # A day after the 12th decides, whatever else is there; the year does not fit a day or a month.
    days = [*days, date(2031, 12, 31)]
    rows = [f'"Film, {number}; or so"{delimiter}"{day.strftime(form)}"' for number, day in enumerate(days)]
    data = "\n".join([f"Title{delimiter}Date", *rows]).encode(encoding)
    with duckdb.connect() as database:
        staging = Staging(database, starter_vocabulary())
        add(staging, data)
        found = in_order(staging)

    assert found == [(f"Film, {number}; or so", day.isoformat()) for number, day in enumerate(days)]


def test_the_more_rows_the_more_memory_has_the_database(staging: Staging) -> None:
    """With as much for any number of rows, the titles of a million could not be joined."""
    staging.count_rows(1_000_000)
    staging.collect()
    (limit,) = staging.database.execute("select value from duckdb_settings() where name = 'memory_limit'").fetchone()
    assert limit == "189.0 MiB"


@pytest.mark.parametrize(("rows", "threads"), [(10, "1"), (100_000, "2")])
def test_many_rows_have_a_second_thread(tmp_path: Path, rows: int, threads: str) -> None:
    with database_module.connect(tmp_path) as database:
        database_module.expect(database, rows)
        found = database.execute("select value from duckdb_settings() where name = 'threads'").fetchone()
    assert found == (threads,)


def test_a_profile_has_played_what_lasted_long_enough_or_nobody_knows_how_long(staging: Staging) -> None:
    """Profiles with trailers and moments only are none that a person is asked about."""
    lasted = {"long": "01:00:00", "unknown": "?", "moment": "00:00:01", "trailer": "01:00:00"}
    kinds = {"trailer": "TRAILER"}
    header = "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type"
    rows = [f"{name},2026-11-01 20:00:00,{length},,Roma,{kinds.get(name, '')},TV" for name, length in lasted.items()]
    assert add(staging, "\n".join([header, *rows]).encode()).played == {"long", "unknown"}
