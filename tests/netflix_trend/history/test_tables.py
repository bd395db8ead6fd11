"""All exports of a profile, merged into tables and encodings."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history import tables as history_module
from netflix_trend.history.encodings import (
    DESCRIPTION,
    FULL,
    FULL_DTYPE,
    KINDS,
    SUPPLEMENTAL,
    VECTOR,
    count_episodes,
    load_encodings,
)
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.history.tables import (
    History,
    rebuild,
    rebuild_all,
)
from netflix_trend.history.titles import parse_title
from netflix_trend.layout import BUILT_FROM, DATABASE, KEPT_ROWS, PrivateVolume
from tests.netflix_trend.history import invented
from tests.netflix_trend.history.database import rows_of
from tests.netflix_trend.history.invented import history
from tests.netflix_trend.storage.full_disk import files_no_larger_than
from tests.waiting import PATIENCE

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
MIXED = ["en_mdy_us.csv", "fr_dmy_gb.csv", "ja_ymd_ja.csv", "concatenated_two_exports.csv", "resaved_utf16.csv"]
LATER = date(2025, 1, 1)
ENCODED = (FULL, VECTOR, DESCRIPTION)
TABLES = ("exports", "titles", "views", "plays", "shows")
# Views of each week, every kind but trailers.
WEEKS = """(select date_trunc('week', day)::date as monday, count(*) as views,
    count(*) filter (kind = 'episode') as episodes, count(*) filter (kind = 'film') as films,
    sum(seconds)::bigint as seconds
    from views join titles using (title_id) where kind <> 'supplemental' group by 1 order by 1)"""
IN_UTC = ReadOptions(zone=UTC)
IN_BERLIN = ReadOptions(zone=ZoneInfo("Europe/Berlin"))


def activity(*rows: tuple[str, ...]) -> bytes:
    """Return a ViewingActivity.csv; a row is (start, duration, title[, profile, supplemental type, attributes])."""
    filled = [(*row, *("Ann", "", "")[len(row) - 3 :]) for row in rows]
    return invented.activity(
        *((profile, start, length, title, *rest) for start, length, title, profile, *rest in filled)
    )


def keep(private: Path, data: bytes, **change: Any) -> RawExport:
    known = {"profile": "me", "source": "drop_folder", "name": "history.csv", "received": LATER}
    return RawStore(private).save(Delivery(**{**known, **change}), [data])


def keep_fixtures(private: Path, names: Sequence[str]) -> None:
    for name in names:
        keep(private, (EXPORTS / name).read_bytes(), name=name, only=("Ann", "Kids, room"))


def imported(
    private: Path, *exports: bytes, vocabulary: Vocabulary | None = None, options: ReadOptions = IN_UTC
) -> History:
    for data in exports:
        keep(private, data)
    return rebuild(private, "me", vocabulary or starter_vocabulary(), options)


def query(private: Path, sql: str, profile: str = "me") -> list[tuple[Any, ...]]:
    return rows_of(PrivateVolume(private).profile(profile) / DATABASE, sql)


def seen(private: Path, profile: str = "me") -> set[tuple[str, str]]:
    return set(query(private, "select title, day::text from views join titles using (title_id)", profile))


def watched(private: Path, profile: str = "me") -> list[tuple[str, str, int | None]]:
    """Return (day, title, seconds) of every view, oldest first."""
    return query(
        private, "select day::text, title, seconds from views join titles using (title_id) order by all", profile
    )


def encoded(private: Path, profile: str = "me") -> dict[str, bytes]:
    return {name: (PrivateVolume(private).profile(profile) / name).read_bytes() for name in ENCODED}


def tables(private: Path, profile: str = "me") -> dict[str, list[tuple[Any, ...]]]:
    return {table: query(private, f"from {table}", profile) for table in TABLES}


# Merging


def test_a_view_once_seen_is_never_lost_when_a_later_file_moves_it(tmp_path):
    imported(tmp_path, history(("Ozark: Season 1: A", "2023-12-01"), ("Roma", "2023-11-30")))
    imported(tmp_path, history(("Ozark: Season 1: A", "2024-01-05"), ("Tenet", "2024-01-04")))

    assert seen(tmp_path) == {
        ("Ozark: Season 1: A", "2023-12-01"),
        ("Ozark: Season 1: A", "2024-01-05"),
        ("Roma", "2023-11-30"),
        ("Tenet", "2024-01-04"),
    }


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.sets(
            st.tuples(
                st.sampled_from(["Roma", "Tenet", "Ozark: Season 1: A", "Ozark: Season 1: B"]),
                st.dates(date(2023, 1, 1), date(2023, 3, 1)).map(date.isoformat),
            ),
            max_size=6,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_history_is_the_union_of_its_exports(snapshots):
    with tempfile.TemporaryDirectory() as folder:
        private = Path(folder)
        merged = imported(private, *(history(*sorted(rows)) for rows in snapshots))

        assert seen(private) == set().union(*snapshots)
        assert merged.views == len(set().union(*snapshots))


def test_importing_the_same_file_twice_changes_nothing(tmp_path):
    keep_fixtures(tmp_path, MIXED)
    first = rebuild(tmp_path, "me", starter_vocabulary())
    before, tables_before = encoded(tmp_path), tables(tmp_path)

    keep_fixtures(tmp_path, MIXED)
    second = rebuild(tmp_path, "me", starter_vocabulary())

    assert (second.views, second.shows) == (first.views, first.shows)
    assert encoded(tmp_path) == before
    assert tables(tmp_path) == tables_before


def test_a_file_without_new_views_changes_no_array(tmp_path):
    imported(tmp_path, history(("Ozark: Season 1: A", "2023-12-01"), ("Roma", "2023-11-30")))
    before = encoded(tmp_path)

    imported(tmp_path, history(("Roma", "2023-11-30")))

    assert encoded(tmp_path) == before


def test_the_order_of_imports_does_not_matter(tmp_path):
    results = []
    files = [
        *((EXPORTS / name).read_bytes() for name in MIXED[:2]),
        history(("Ozark: Season 2: Game Day", "2024-01-01")),
    ]
    for number, order in enumerate([files, files[::-1], files[1:] + files[:1]]):
        private = tmp_path / str(number)
        for data in order:
            keep(private, data)
        rebuild(private, "me", starter_vocabulary(), IN_UTC)
        results.append((encoded(private), tables(private)))

    assert all(result == results[0] for result in results)


def test_two_files_that_received_their_days_in_any_order_give_the_same_encodings(tmp_path):
    files = [(history(("Roma", "2023-12-30")), date(2024, 1, 15)), (history(("Tenet", "2023-12-29")), date(2024, 2, 1))]
    results = []
    for number, order in enumerate([files, files[::-1]]):
        for data, received in order:
            keep(tmp_path / str(number), data, received=received)
        rebuild(tmp_path / str(number), "me", starter_vocabulary())
        results.append(encoded(tmp_path / str(number)))

    assert results[0] == results[1]


def test_one_title_twice_on_one_day_is_one_view(tmp_path):
    assert imported(tmp_path, history(("Roma", "2023-12-30"), ("Roma", "2023-12-30"))).views == 1


def test_two_spellings_of_one_title_are_one_title(tmp_path):
    imported(
        tmp_path,
        history(("Marvel's Daredevil: Season 1: A", "2023-12-30")),
        history(("Marvel’s  DAREDEVIL: Season\u00a01: A", "2023-12-29")),
    )

    assert query(tmp_path, "select count(*) from titles") == [(1,)]
    assert query(tmp_path, "select count(*) from views") == [(2,)]
    assert query(tmp_path, "select episodes, titles from shows") == [(2, 1)]


def test_profiles_are_kept_apart(tmp_path):
    keep(tmp_path, history(("Roma", "2023-12-30")), profile="me")
    keep(tmp_path, history(("Tenet", "2023-12-29")), profile="Ann")

    for profile in ("me", "Ann"):
        rebuild(tmp_path, profile, starter_vocabulary())

    assert seen(tmp_path, "me") == {("Roma", "2023-12-30")}
    assert seen(tmp_path, "Ann") == {("Tenet", "2023-12-29")}


def test_a_profile_without_files_has_no_history(tmp_path):
    nothing = rebuild(tmp_path, "me", starter_vocabulary())

    assert (nothing.files, nothing.views, nothing.shows, nothing.encodings) == ([], 0, 0, None)
    assert not (PrivateVolume(tmp_path).profile("me") / DATABASE).exists()


def test_a_header_alone_gives_empty_encodings(tmp_path):
    empty = imported(tmp_path, b"Title,Date\n")

    loaded = load_encodings(PrivateVolume(tmp_path).profile("me"))
    assert (empty.views, empty.shows, len(loaded.full), loaded.vector.sum()) == (0, 0, 0, 0)
    assert loaded.full.dtype == FULL_DTYPE


# Refused files


def test_a_refused_file_is_in_the_table_of_exports_with_its_error(tmp_path):
    keep(tmp_path, history(("Roma", "2023-12-30")), name="good.csv")
    bad = keep(tmp_path, b"Name,Day\nRoma,12/30/23\n", name="bad.csv")
    rebuild(tmp_path, "me", starter_vocabulary())

    rows = query(tmp_path, "select sha256, name, error, rows, date_order from exports where error is not null")
    assert [row[:2] + row[3:] for row in rows] == [(bad.sha256, "bad.csv", 0, None)]
    assert "bad.csv, row 1" in rows[0][2]
    assert "Title,Date" in rows[0][2]
    assert query(tmp_path, "select name from exports where error is null") == [("good.csv",)]


@pytest.mark.parametrize(
    "bad",
    [b"", b"Name,Day\n", bytes(range(256)), history(("Roma", "3/9/24"))],
    ids=["empty", "header", "bytes", "days"],
)
def test_a_refused_file_does_not_affect_others(tmp_path, bad):
    good = [(EXPORTS / name).read_bytes() for name in MIXED[:2]]
    alone = imported(tmp_path / "alone", *good)
    beside = imported(tmp_path / "beside", bad, *good)

    assert encoded(tmp_path / "beside") == encoded(tmp_path / "alone")
    assert beside.views == alone.views
    assert [file.refusal is not None for file in beside.files].count(True) == 1


def test_a_profile_with_refused_files_alone_has_their_refusals_and_no_encodings(tmp_path):
    refused = imported(tmp_path, b"Name,Day\nRoma,12/30/23\n")

    assert refused.encodings is None
    assert [file.refusal.reason for file in refused.files if file.refusal] == ["header"]
    assert not (PrivateVolume(tmp_path).profile("me") / FULL).exists()


def test_a_question_about_dates_is_settled_by_the_answer(tmp_path):
    keep(tmp_path, (EXPORTS / "short_one_day_ambiguous_mdy.csv").read_bytes())

    assert rebuild(tmp_path, "me", starter_vocabulary()).encodings is None
    assert rebuild(tmp_path, "me", starter_vocabulary(), ReadOptions(date_order="mdy")).views == 2
    assert seen(tmp_path) == {("Roma", "2024-03-09"), ("Tenet", "2024-03-09")}


# What is covered


def test_a_history_covers_the_day_before_its_newest_file_was_received(tmp_path):
    keep(tmp_path, history(("Roma", "2023-12-30")), received=date(2024, 3, 1))
    keep(tmp_path, history(("Tenet", "2023-12-29")), received=date(2024, 1, 15))

    assert rebuild(tmp_path, "me", starter_vocabulary()).encodings.covered_through == date(2024, 2, 29)


def test_a_refused_file_covers_nothing(tmp_path):
    keep(tmp_path, history(("Roma", "2023-12-30")), received=date(2024, 1, 15))
    keep(tmp_path, b"no export", received=date(2024, 3, 1))

    assert rebuild(tmp_path, "me", starter_vocabulary()).encodings.covered_through == date(2024, 1, 14)


def test_the_same_file_received_again_later_covers_more(tmp_path):
    keep(tmp_path, history(("Roma", "2023-12-30")), received=date(2024, 1, 15))
    rebuild(tmp_path, "me", starter_vocabulary())
    keep(tmp_path, history(("Roma", "2023-12-30")), received=date(2024, 2, 15))
    rebuild(tmp_path, "me", starter_vocabulary())

    assert load_encodings(PrivateVolume(tmp_path).profile("me")).covered_through == date(2024, 2, 14)


# Tables and arrays say the same


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A private volume with several exports, merged; tests only read it."""
    private = tmp_path_factory.mktemp("merged")
    keep_fixtures(private, [*MIXED, "header_only.csv", "short_one_day_ambiguous_mdy.csv"])
    rebuild(private, "me", starter_vocabulary())
    return private


def test_the_merged_history_contains_every_view_of_every_export_once(merged):
    rows = {(title_key(row["title"]), row["date"]) for name in MIXED for row in EXPECTED[name]["truth"]}

    found = query(merged, "select key, day::text from views join titles using (title_id)")
    assert sorted(found) == sorted(rows)


def test_the_array_of_views_is_the_table_of_views_by_their_own_words(merged, vocabulary):
    full = load_encodings(PrivateVolume(merged).profile("me")).full
    rows = query(
        merged,
        "select day, title_id, title, profile is not null from views join titles using (title_id) order by 1, 2",
    )

    expected = [(day, number, parse_title(title, vocabulary, is_archive=of)) for day, number, title, of in rows]
    assert [(day, number, own.index, own.kind or "open") for day, number, own in expected] == [
        (record["day"].item(), int(record["title"]), int(record["show"]), KINDS[record["kind"]]) for record in full
    ]


def test_no_other_title_changes_what_the_array_says_of_a_title(tmp_path):
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    titles = ("Ozark: The Fallen Moon", "Clay Hill: Dawn", "Clay Hill: Part 1: 1994", "Clay Hill: Asylum: A")
    rows = [(title, "2024-03-10") for title in titles]
    imported(alone, history(*rows))
    others = [*(("Ozark: Season 1: A", "2024-01-10"), ("Clay Hill", "2024-01-10"), ("Clay Hill: Dusk", "2024-01-10"))]
    imported(beside, history(*rows, *others), activity(("2024-01-10 12:00:00", "01:00:00", "Ozark: The Fallen Moon")))

    kinds = []
    for private in (alone, beside):
        full = load_encodings(PrivateVolume(private).profile("me")).full
        kinds.append(Counter(map(tuple, full[full["day"] == np.datetime64("2024-03-10")][["show", "kind"]].tolist())))
    assert kinds[0] == kinds[1]
    decided = "select kind from titles where title = 'Ozark: The Fallen Moon'"
    assert query(alone, decided) != query(beside, decided)


def test_views_are_oldest_first(merged):
    full = load_encodings(PrivateVolume(merged).profile("me")).full

    assert (np.diff(full["day"]) >= np.timedelta64(0)).all()


def test_titles_are_sorted_by_consecutive_numbers_from_zero(merged):
    numbers = query(merged, "select title_id from titles")

    assert numbers == [(number,) for number in range(len(numbers))]


def test_the_episodes_of_every_show_are_its_entry_of_the_vector(merged, vocabulary):
    vector = load_encodings(PrivateVolume(merged).profile("me")).vector

    table = dict(query(merged, "select show_index, episodes from shows where show_index >= 0"))
    assert table == {int(index): int(vector[index]) for index in np.flatnonzero(vector)}
    assert len(vector) == len(vocabulary)


def test_the_vector_counts_episodes_alone(merged):
    encodings = load_encodings(PrivateVolume(merged).profile("me"))
    full = encodings.full

    assert set(full["kind"][full["show"] >= 0]) == {KINDS.index("episode")}
    assert encodings.vector.sum() == (full["show"] >= 0).sum()


def test_every_episode_belongs_to_one_row_of_the_shows(merged):
    full = load_encodings(PrivateVolume(merged).profile("me")).full

    assert query(merged, "select sum(episodes) from shows") == [(int((full["kind"] == KINDS.index("episode")).sum()),)]


def test_the_shows_have_their_first_and_last_day(merged, vocabulary):
    full = load_encodings(PrivateVolume(merged).profile("me")).full
    days = full["day"][full["show"] == vocabulary.show("Ozark")]

    row = query(merged, f"select first_day, last_day from shows where show_index = {vocabulary.show('Ozark')}")
    assert row == [(days.min().item(), days.max().item())]


def test_trailers_do_not_count_in_weeks(merged):
    full = load_encodings(PrivateVolume(merged).profile("me")).full
    watched = full[full["kind"] != SUPPLEMENTAL]
    mondays = [day - timedelta(days=day.weekday()) for day in watched["day"].tolist()]

    assert dict(query(merged, f"select monday, views from {WEEKS}")) == dict(Counter(mondays))
    kinds = [KINDS.index(kind) for kind in ("episode", "film", "open")]
    assert query(merged, f"select sum(episodes) + sum(films) from {WEEKS}") == [
        (int(np.isin(full["kind"], kinds).sum()),)
    ]


def test_the_table_of_exports_accounts_for_every_row(merged):
    rows = query(
        merged,
        "select name, rows, damaged + undated, views, first_day::text, last_day::text, blank, supplemental, "
        "episodes, films from exports where error is null",
    )

    assert {row[0] for row in rows} == {*MIXED, "header_only.csv"}
    for name, count, bad, kinds, first, last, *counted in rows:
        truth = EXPECTED[name]
        assert (count, bad, kinds, first, last) == (
            truth["rows"],
            0,
            truth["rows"],
            truth["min_date"],
            truth["max_date"],
        )
        assert counted == [truth["types"].get(kind, 0) for kind in "BXEM"]


def test_bad_rows_are_in_the_table_of_exports(tmp_path):
    imported(tmp_path, b'Title,Date\n"Roma","2023-12-30"\n"Tenet"\n"Dark","2023-02-30"\n"You","soon"\n')

    assert query(tmp_path, "select rows, damaged, undated, films, views from exports") == [(4, 1, 3, 1, 1)]


def test_two_names_of_one_show_are_one_show(tmp_path, vocabulary):
    data = history(("La casa de papel: Parte 1: Episodio 1", "2023-12-30"), ("Money Heist: Part 1: B", "2023-12-29"))

    merged = imported(tmp_path, data)

    assert merged.shows == 1
    assert merged.encodings.vector[vocabulary.show("Money Heist")] == 2
    assert query(tmp_path, "select show_index, episodes from shows") == [(vocabulary.show("Money Heist"), 2)]


def test_a_show_outside_the_vocabulary_is_in_the_tables_and_not_in_the_vector(tmp_path):
    unknown = imported(tmp_path, history(("Nobody Knows: Season 1: A", "2023-12-30"), ("Roma", "2023-12-29")))

    assert query(tmp_path, "select show_name, show_index, episodes from shows") == [("Nobody Knows", -1, 1)]
    assert unknown.encodings.vector.sum() == 0
    assert unknown.encodings.full["show"].tolist() == [-1, -1]


def test_a_trailer_is_kept_and_never_counted_as_an_episode(tmp_path):
    trailer = imported(tmp_path, history(("Ozark: Season 1 (Trailer)", "2023-12-30")))

    assert trailer.encodings.full["kind"].tolist() == [SUPPLEMENTAL]
    assert trailer.encodings.vector.sum() == 0
    assert query(tmp_path, f"from {WEEKS}") == []


def test_titles_with_bytes_of_any_kind_reach_the_tables(tmp_path):
    imported(tmp_path, 'Title,Date\n"Ro\0ma","2023-12-30"\n"😀; drop table \'views\'","2023-12-29"\n'.encode())

    assert seen(tmp_path) == {("Ro\0ma", "2023-12-30"), ("😀; drop table 'views'", "2023-12-29")}


# Encodings


def test_the_encodings_load_without_pickle_and_have_their_documented_types(merged):
    folder = PrivateVolume(merged).profile("me")
    full, vector = (np.load(folder / name, allow_pickle=False) for name in (FULL, VECTOR))

    assert full.dtype == [("day", "<M8[D]"), ("title", "<i4"), ("show", "<i4"), ("kind", "u1")]
    assert vector.dtype == np.dtype("<i4")
    assert (full.ndim, vector.ndim) == (1, 1)


def test_a_rebuild_returns_what_it_wrote(tmp_path):
    returned = imported(tmp_path, (EXPORTS / MIXED[0]).read_bytes()).encodings
    loaded = load_encodings(PrivateVolume(tmp_path).profile("me"))

    assert np.array_equal(returned.full, loaded.full)
    assert np.array_equal(returned.vector, loaded.vector)
    assert (returned.vocabulary, returned.covered_through) == (loaded.vocabulary, loaded.covered_through)


def test_another_vocabulary_gives_the_same_views_other_indices(tmp_path):
    small = Vocabulary.build(CatalogueTitle(title=title, kind="series") for title in ("Dark", "Ozark", "You"))
    data = history(("Ozark: Season 1: A", "2023-12-30"), ("Lupin: Part 1: A", "2023-12-29"))
    imported(tmp_path, data)

    rebuilt = imported(tmp_path, vocabulary=small)

    assert rebuilt.encodings.vector.tolist() == [0, 1, 0]
    assert rebuilt.encodings.full["show"].tolist() == [-1, 1]
    assert rebuilt.encodings.vocabulary == small.version
    assert len(seen(tmp_path)) == 2


def test_episodes_are_counted_per_show_of_the_vocabulary():
    full = np.zeros(5, dtype=FULL_DTYPE)
    full["show"] = [2, -1, 0, 2, 2]

    vector = count_episodes(full, 4)

    assert vector.tolist() == [1, 0, 3, 0]
    assert vector.dtype == np.dtype("<i4")


# Swapping in


def test_a_reader_of_the_tables_is_not_disturbed_by_a_rebuild(tmp_path):
    imported(tmp_path, history(("Roma", "2023-12-30")))
    with duckdb.connect(PrivateVolume(tmp_path).profile("me") / DATABASE, read_only=True) as reader:
        imported(tmp_path, history(("Tenet", "2023-12-29")))

        assert reader.execute("select title from titles").fetchall() == [("Roma",)]

    assert seen(tmp_path) == {("Roma", "2023-12-30"), ("Tenet", "2023-12-29")}


def test_leftovers_of_a_killed_rebuild_are_removed(tmp_path):
    folder = PrivateVolume(tmp_path).profile("me")
    (folder / ".rebuild" / "spill").mkdir(parents=True)
    for name in (DATABASE, f"{DATABASE}.wal", "staging.duckdb", "staging.duckdb.wal", "spill/0.block"):
        (folder / ".rebuild" / name).write_bytes(b"half a database")

    imported(tmp_path, history(("Roma", "2023-12-30")))

    assert seen(tmp_path) == {("Roma", "2023-12-30")}
    assert {path.name for path in folder.iterdir()} == {DATABASE, BUILT_FROM, KEPT_ROWS, ".lock", *ENCODED}


def test_rebuilds_at_the_same_time_wait_for_each_other(tmp_path):
    expected = imported(tmp_path / "alone", (EXPORTS / MIXED[0]).read_bytes())
    keep(tmp_path, (EXPORTS / MIXED[0]).read_bytes())

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: rebuild(tmp_path, "me", starter_vocabulary()).views, range(3)))

    assert results == [expected.views] * 3
    assert encoded(tmp_path) == encoded(tmp_path / "alone")


def test_a_rebuild_on_a_full_disk_leaves_the_old_history(tmp_path: Path) -> None:
    imported(tmp_path, history(("Roma", "2023-12-30")))
    before, tables_before = encoded(tmp_path), tables(tmp_path)
    keep(tmp_path, history(*((f"Film {number}", "2023-12-29") for number in range(2_000))))

    with files_no_larger_than(100_000), pytest.raises((duckdb.Error, OSError)):
        rebuild(tmp_path, "me", starter_vocabulary(), IN_UTC)

    assert (encoded(tmp_path), tables(tmp_path)) == (before, tables_before)
    assert not (PrivateVolume(tmp_path).profile("me") / ".rebuild").exists()
    assert rebuild(tmp_path, "me", starter_vocabulary(), IN_UTC).views == 2_001


def _rebuild_killed_before_the_swap(private: Path) -> None:
    history_module.sync_folder = history_module.write_atomically = None  # type: ignore[assignment, attr-defined]
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    rebuild(private, "me", starter_vocabulary(), IN_UTC)


def test_a_killed_rebuild_leaves_the_old_history_and_the_next_one_is_complete(tmp_path: Path) -> None:
    imported(tmp_path, history(("Roma", "2023-12-30")))
    before, tables_before = encoded(tmp_path), tables(tmp_path)
    keep(tmp_path, history(("Tenet", "2023-12-29")))

    killed = multiprocessing.get_context("fork").Process(target=_rebuild_killed_before_the_swap, args=(tmp_path,))
    killed.start()
    killed.join(PATIENCE)

    assert killed.exitcode == -signal.SIGKILL
    assert (PrivateVolume(tmp_path).profile("me") / ".rebuild").exists()
    assert (encoded(tmp_path), tables(tmp_path)) == (before, tables_before)
    assert rebuild(tmp_path, "me", starter_vocabulary(), IN_UTC).views == 2
    assert not (PrivateVolume(tmp_path).profile("me") / ".rebuild").exists()


# Blank titles


def test_blank_titles_of_one_day_keep_their_number_and_are_not_doubled_by_a_second_snapshot(tmp_path: Path) -> None:
    blank = ("", "2023-12-30")
    imported(tmp_path, history(blank, blank, blank, ("", "2023-12-29")), history(blank, blank, ("Roma", "2023-12-31")))

    assert Counter(watched(tmp_path)) == {
        ("2023-12-29", "", None): 1,
        ("2023-12-30", "", None): 3,
        ("2023-12-31", "Roma", None): 1,
    }
    assert query(tmp_path, f"select sum(views), sum(films) from {WEEKS}") == [(5, 1)]


def test_episodes_without_a_show_keep_their_number(tmp_path: Path) -> None:
    unnamed = (": Episode 3", "2023-12-30")
    imported(tmp_path, history(unnamed, unnamed), history(unnamed))

    assert len(watched(tmp_path)) == 2
    assert query(tmp_path, "from shows") == []


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["Roma", "", ": ", ": Episode 3", "Ozark: Season 1: A", "Clay Hill: Dawn", "Clay Hill: Dusk"]),
        st.dates(date(2023, 12, 28), date(2024, 1, 2)).map(date.isoformat),
    ),
    max_size=8,
)


@settings(max_examples=4, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_snapshots_in_any_order_with_rows_in_any_order_give_the_same_history(
    snapshots: list[list[tuple[str, str]]], random: Random
) -> None:
    results = []
    for shuffle in (lambda rows: rows, lambda rows: random.sample(rows, len(rows))):
        with tempfile.TemporaryDirectory() as folder:
            for rows in shuffle(snapshots):
                keep(Path(folder), history(*shuffle(rows)))
            merged = rebuild(Path(folder), "me", starter_vocabulary(), IN_UTC)
            found = tables(Path(folder))
            results.append(({**found, "exports": None}, encoded(Path(folder))))

    counts: Counter[tuple[str, str]] = Counter()
    for rows in snapshots:
        counts |= Counter(rows)
    is_counted = {"", ": ", ": Episode 3"}
    assert results[0] == results[1]
    assert merged.views == sum(count if title in is_counted else 1 for (title, _), count in counts.items())


# ViewingActivity.csv alone


def test_the_archive_of_the_fixtures_gives_its_views_and_plays(tmp_path: Path) -> None:
    keep(tmp_path, (EXPORTS / "ViewingActivity.csv").read_bytes(), only=("Ann", "Kids, room"))
    imported(tmp_path)

    main = [row for row in EXPECTED["ViewingActivity.csv"]["truth"] if row["type"] != "X"]
    long = [row for row in main if row["duration"] >= "00:01:00"]
    assert query(
        tmp_path, "select title, start_utc::text, profile from plays join titles using (title_id) order by 2"
    ) == sorted(((row["title"], row["start"], row["profile"]) for row in long), key=lambda play: play[1])
    assert query(tmp_path, "select day::text, title, profile from views join titles using (title_id) order by all") == (
        sorted((row["start"][:10], row["title"], row["profile"]) for row in long)
    )
    assert query(tmp_path, "select rows, views, supplemental, too_short, other_profiles from exports") == [
        (8, 6, 2, 1, 0)
    ]


def test_plays_of_one_title_and_day_are_one_view_with_their_seconds_summed(tmp_path: Path) -> None:
    data = activity(
        ("2024-01-05 10:00:00", "00:10:00", "Roma"),
        ("2024-01-05 20:00:00", "00:20:30", "Roma"),
        ("2024-01-06 20:00:00", "00:01:00", "Roma"),
        ("2024-01-05 21:00:00", "00:01:00", "Tenet"),
    )
    imported(tmp_path, data)

    assert watched(tmp_path) == [("2024-01-05", "Roma", 1830), ("2024-01-05", "Tenet", 60), ("2024-01-06", "Roma", 60)]
    assert query(tmp_path, "select start_utc::text, seconds from plays") == [
        ("2024-01-05 10:00:00", 600),
        ("2024-01-05 20:00:00", 1230),
        ("2024-01-05 21:00:00", 60),
        ("2024-01-06 20:00:00", 60),
    ]


def test_one_title_of_two_netflix_profiles_is_two_views(tmp_path: Path) -> None:
    rows = [("2024-01-05 10:00:00", "00:10:00", "Roma", profile) for profile in ("Ann", "Bob")]
    keep(tmp_path, activity(*rows), only=("Ann", "Bob"))
    imported(tmp_path)

    assert query(tmp_path, "select profile, seconds from views") == [("Ann", 600), ("Bob", 600)]


@pytest.mark.parametrize(("shortest", "views"), [(0, 3), (59, 3), (60, 2), (61, 1)])
def test_plays_that_are_too_short_are_no_views(tmp_path: Path, shortest: int, views: int) -> None:
    lengths = ["00:00:59", "00:01:00", "?"]
    rows = [(f"2024-01-0{number} 10:00:00", length, "Roma") for number, length in enumerate(lengths, 1)]
    found = imported(tmp_path, activity(*rows), options=ReadOptions(zone=UTC, shortest_seconds=shortest))

    assert found.views == views == len(watched(tmp_path)) == len(query(tmp_path, "from plays"))
    assert watched(tmp_path)[-1] == ("2024-01-03", "Roma", None)


def test_two_plays_that_are_too_short_do_not_make_one_that_is_long_enough(tmp_path: Path) -> None:
    rows = [(f"2024-01-01 1{number}:00:00", "00:00:40", "Roma") for number in range(2)]

    assert imported(tmp_path, activity(*rows)).views == 0


def test_trailers_of_an_archive_are_no_views(tmp_path: Path) -> None:
    row = ("2024-01-05 10:00:00", "00:10:00")
    data = activity((*row, "Roma", "Ann", "HOOK"), (*row, "Ozark: Season 1_hook_primary_16x9"), (*row, "Tenet"))
    imported(tmp_path, data)

    assert watched(tmp_path) == [("2024-01-05", "Tenet", 600)]
    assert query(tmp_path, "select supplemental, views from exports") == [(2, 1)]


def test_exact_duplicates_and_overlapping_archives_are_not_doubled(tmp_path: Path) -> None:
    rows = [(f"2024-01-0{day} 10:00:00", "00:10:00", "Roma") for day in range(1, 6)]
    imported(tmp_path, activity(*rows[:3], rows[0]), activity(*rows[1:]))

    assert watched(tmp_path) == [(f"2024-01-0{day}", "Roma", 600) for day in range(1, 6)]
    assert len(query(tmp_path, "from plays")) == 5


def test_a_play_that_went_on_after_the_first_archive_counts_its_longer_time(tmp_path: Path) -> None:
    for lengths in (("00:10:00", "00:40:00"), ("00:40:00", "00:10:00")):
        imported(tmp_path, *(activity(("2024-01-01 10:00:00", length, "Roma")) for length in lengths))

    assert watched(tmp_path) == [("2024-01-01", "Roma", 2400)]


def test_a_play_is_autoplayed_only_if_all_its_rows_are(tmp_path: Path) -> None:
    autoplay = "Autoplayed: user action: None; "
    data = activity(
        ("2024-01-01 10:00:00", "00:10:00", "Roma", "Ann", "", autoplay),
        ("2024-01-01 11:00:00", "00:10:00", "Roma", "Ann", "", autoplay),
        ("2024-01-01 11:00:00", "00:10:00", "Roma", "Ann", "", "Has branched playback; "),
    )
    imported(tmp_path, data)

    assert query(tmp_path, "select autoplayed, device from plays") == [(True, "TV"), (False, "TV")]


def test_days_and_weeks_are_cut_in_local_time(tmp_path: Path) -> None:
    data = activity(
        ("2024-01-07 22:30:00", "00:10:00", "Ozark: Season 1: A (Episode 1)"),  # Sunday
        ("2024-01-07 23:30:00", "00:10:00", "Ozark: Season 1: B (Episode 2)"),  # Monday in Berlin
        ("2024-01-08 22:30:00", "00:20:00", "Ozark: Season 1: C (Episode 3)"),
    )
    imported(tmp_path, data, options=IN_BERLIN)

    assert query(tmp_path, f"select monday::text, views, episodes, seconds from {WEEKS}") == [
        ("2024-01-01", 1, 1, 600),
        ("2024-01-08", 2, 2, 1800),
    ]
    assert query(tmp_path, "select day::text, seconds from views order by day, seconds") == [
        ("2024-01-07", 600),
        ("2024-01-08", 600),
        ("2024-01-08", 1200),
    ]
    assert query(tmp_path, "select first_day::text, last_day::text, episodes, seconds from shows") == [
        ("2024-01-07", "2024-01-08", 3, 2400)
    ]


@pytest.mark.parametrize(
    ("start", "local"),
    [
        ("2024-01-31 23:30:00", "2024-02-01 00:30:00"),
        ("2024-03-31 00:59:59", "2024-03-31 01:59:59"),
        ("2024-03-31 01:00:00", "2024-03-31 03:00:00"),
        ("2024-03-31 22:30:00", "2024-04-01 00:30:00"),
        ("2024-03-30 22:30:00", "2024-03-30 23:30:00"),
    ],
)
def test_a_play_is_on_its_local_day(tmp_path: Path, start: str, local: str) -> None:
    imported(tmp_path, activity((start, "00:10:00", "Roma")), options=IN_BERLIN)

    assert query(tmp_path, "select start_local::text, start_utc::text from plays") == [(local, start)]
    assert watched(tmp_path) == [(local[:10], "Roma", 600)]


def test_another_time_zone_moves_the_days(tmp_path: Path) -> None:
    data = activity(("2024-01-07 23:30:00", "00:10:00", "Roma"))
    days = []
    for zone in ("America/Los_Angeles", "Europe/Berlin", "UTC"):
        imported(tmp_path, data, options=ReadOptions(zone=ZoneInfo(zone)))
        days += [day for day, _, _ in watched(tmp_path)]

    assert days == ["2024-01-07", "2024-01-08", "2024-01-07"]


# Both exports of one account


PLAY = ("2024-01-10 20:00:00", "00:40:00", "Clay Hill: Season 2: The Dawn (Episode 3)")


@pytest.mark.parametrize("days", [-1, 0, 1])
@pytest.mark.parametrize(
    "title",
    ["Clay Hill: Season 2: The Dawn", "CLAY HILL: SEASON 2: The Dawn", "Clay Hill: The Dawn", "clay hill: THE DAWN"],
)
def test_one_view_in_both_exports_is_one_view(tmp_path: Path, days: int, title: str) -> None:
    day = (date(2024, 1, 10) + timedelta(days=days)).isoformat()
    imported(tmp_path, history((title, day)), activity(PLAY))

    assert watched(tmp_path) == [("2024-01-10", PLAY[2], 2400)]
    assert query(tmp_path, "select episodes, titles from shows") == [(1, 1)]
    assert query(tmp_path, f"select views from {WEEKS}") == [(1,)]


@pytest.mark.parametrize("days", [-2, 2])
def test_a_row_two_days_from_a_play_is_another_view(tmp_path: Path, days: int) -> None:
    day = (date(2024, 1, 10) + timedelta(days=days)).isoformat()
    found = imported(tmp_path, history((PLAY[2].removesuffix(" (Episode 3)"), day)), activity(PLAY))

    assert found.views == 2


def test_rows_that_the_archive_does_not_have_are_kept(tmp_path: Path) -> None:
    rows = [("Clay Hill: Season 2: The Dusk", "2024-01-10"), ("Roma", "2024-01-10"), ("Tenet", "2020-01-01")]
    imported(tmp_path, history(*rows), activity(PLAY))

    assert watched(tmp_path) == [
        ("2020-01-01", "Tenet", None),
        ("2024-01-10", "Clay Hill: Season 2: The Dawn (Episode 3)", 2400),
        ("2024-01-10", "Clay Hill: Season 2: The Dusk", None),
        ("2024-01-10", "Roma", None),
    ]


def test_one_episode_number_of_two_seasons_is_two_episodes(tmp_path: Path) -> None:
    rows = [("Clay Hill: Season 1: Episode 1", "2024-01-10")]
    found = imported(
        tmp_path, history(*rows), activity(("2024-01-10 20:00:00", "00:40:00", "Clay Hill: Season 2: Episode 1"))
    )

    assert found.views == 2


def test_a_row_of_a_play_that_is_too_short_is_not_counted_either(tmp_path: Path) -> None:
    rows = [("2024-01-10 20:00:00", "00:00:20", "Roma")]

    assert imported(tmp_path, history(("Roma", "2024-01-10")), activity(*rows)).views == 0


def test_the_local_day_of_a_play_is_compared(tmp_path: Path) -> None:
    row, play = ("Roma", "2024-01-12"), ("2024-01-10 23:30:00", "00:40:00", "Roma")

    assert imported(tmp_path / "there", history(row), activity(play), options=IN_BERLIN).views == 1
    assert imported(tmp_path / "utc", history(row), activity(play), options=IN_UTC).views == 2


@pytest.mark.parametrize("title", ["", ": Episode 3"])
def test_blank_and_unnamed_titles_while_the_archive_tells_are_no_further_views(tmp_path: Path, title: str) -> None:
    rows = [(title, f"2024-01-{day:02}") for day in (5, 8, 10, 12, 20)] + [(title, "2024-01-20")]
    plays = [(f"2024-01-{day} 20:00:00", "00:40:00", "Roma") for day in ("08", "12")]
    imported(tmp_path, history(*rows), activity(*plays))

    assert [day for day, found, _ in watched(tmp_path) if found == title] == ["2024-01-05", "2024-01-20", "2024-01-20"]


def test_a_viewing_history_does_not_lose_its_blank_titles_to_an_archive_without_plays(tmp_path: Path) -> None:
    imported(tmp_path, history(("", "2024-01-05"), ("Roma", "2024-01-04")), f"{invented.ACTIVITY_HEADER}\n".encode())

    assert len(watched(tmp_path)) == 2


def test_an_archive_that_comes_later_takes_no_view_away(tmp_path: Path) -> None:
    rows = [
        ("Roma", "2024-01-04"),
        ("Ozark: Season 1: A", "2024-01-09"),
        ("Clay Hill: Season 2: The Dawn", "2024-01-10"),
    ]
    before = imported(tmp_path, history(*rows)).views

    after = imported(tmp_path, activity(PLAY)).views
    assert (before, after) == (3, 3)


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Roma", "Ozark: Season 1: A", "Clay Hill: The Dawn", "Clay Hill: The Dusk"]),
            st.integers(0, 8),
        ),
        unique=True,
        max_size=8,
    ),
    st.lists(
        st.tuples(
            st.sampled_from(["Roma", "Ozark: Season 1: A (Episode 1)", "Clay Hill: Season 2: The Dawn (Episode 2)"]),
            st.integers(0, 8),
        ),
        unique=True,
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_both_exports_together_are_plays_and_rows_not_near_a_play(
    rows: list[tuple[str, int]], plays: list[tuple[str, int]], is_archive_first: bool
) -> None:
    def day(number: int) -> str:
        return (date(2024, 1, 1) + timedelta(days=number)).isoformat()

    def episode(title: str) -> tuple[str, str]:
        parts = title.partition(" (Episode")[0].split(": ")
        return parts[0], parts[-1]

    files = [
        history(*((title, day(number)) for title, number in rows)),
        activity(*((f"{day(number)} 12:00:00", "00:30:00", title) for title, number in plays)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        imported(Path(folder), *(files[::-1] if is_archive_first else files))
        found = watched(Path(folder))

    near = {(episode(title), number + shift) for title, number in plays for shift in (-1, 0, 1)}
    kept = [(day(number), title, None) for title, number in rows if (episode(title), number) not in near]
    assert Counter(found) == Counter([*kept, *((day(number), title, 1800) for title, number in plays)])


# Profiles


def all_views(private: Path, options: ReadOptions = IN_UTC) -> dict[str, int]:
    return {found.profile: found.views for found in rebuild_all(private, starter_vocabulary(), options)}


def test_rows_of_a_netflix_profile_go_to_the_stored_profile_of_its_name(tmp_path: Path) -> None:
    rows = [(f"2024-01-0{day} 20:00:00", "00:40:00", "Roma", name) for day, name in enumerate(["ANN", "Bob", "me"], 1)]
    keep(tmp_path, activity(*rows))
    keep(tmp_path, history(("Tenet", "2023-01-01")), profile="Ann")

    assert all_views(tmp_path) == {"Ann": 2, "me": 1}
    assert watched(tmp_path, "Ann") == [("2023-01-01", "Tenet", None), ("2024-01-01", "Roma", 2400)]
    assert [day for day, _, _ in watched(tmp_path)] == ["2024-01-03"]
    assert query(tmp_path, "select other_profiles, views from exports") == [(2, 1)]


def test_an_archive_without_rows_of_a_profile_is_not_among_its_exports(tmp_path: Path) -> None:
    keep(tmp_path, activity(("2024-01-01 20:00:00", "00:40:00", "Roma", "Bob")))
    keep(tmp_path, history(("Tenet", "2023-01-01")), profile="Ann", name="hers.csv")
    rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)

    assert query(tmp_path, "select name from exports", "Ann") == [("hers.csv",)]


@pytest.mark.parametrize(
    "data", [b"nothing", activity(("3/9/24 20:00:00", "00:40:00", "Roma", "Bob"))], ids=["header", "date_order"]
)
def test_a_bad_file_of_one_profile_is_no_file_of_another(tmp_path: Path, data: bytes) -> None:
    keep(tmp_path, data, name="bad.csv")
    keep(tmp_path, history(("Tenet", "2023-01-01")), profile="Ann", name="hers.csv")
    rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)

    assert query(tmp_path, "select name from exports", "Ann") == [("hers.csv",)]
    assert query(tmp_path, "select name, kind, views from exports") == [("bad.csv", None, 0)]


def test_only_limits_the_netflix_profiles(tmp_path: Path) -> None:
    rows = [(f"2024-01-0{day} 20:00:00", "00:40:00", "Roma", name) for day, name in enumerate(["Ann", "Bob", "Cid"], 1)]
    keep(tmp_path, activity(*rows), only=("ann", "CID"))
    keep(tmp_path, history(("Tenet", "2023-01-01")), profile="Bob")

    assert all_views(tmp_path) == {"Bob": 2, "me": 2}, "an answer takes nothing away from another profile"
    assert [day for day, _, _ in watched(tmp_path)] == ["2024-01-01", "2024-01-03"]


def test_only_does_not_apply_to_a_viewing_history(tmp_path: Path) -> None:
    keep(tmp_path, history(("Tenet", "2023-01-01")), only=("Ann",))

    assert all_views(tmp_path) == {"me": 1}


def test_importing_under_another_profile_moves_the_file_and_removes_the_empty_folder(tmp_path: Path) -> None:
    data = history(("Tenet", "2023-01-01"))
    keep(tmp_path, data)
    rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)

    keep(tmp_path, data, profile="Ann")

    assert all_views(tmp_path) == {"Ann": 1}
    assert {folder.name for folder in (tmp_path / "profiles").iterdir()} == {"Ann"}


def test_a_profile_left_with_a_bad_file_alone_keeps_nothing_of_the_file_that_moved_away(tmp_path: Path) -> None:
    data = history(("Tenet", "2023-01-01"))
    keep(tmp_path, data)
    keep(tmp_path, b"nothing", name="bad.csv")
    rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)

    keep(tmp_path, data, profile="Ann")
    rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)

    assert watched(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        load_encodings(PrivateVolume(tmp_path).profile("me"))


def test_all_rows_of_an_archive_decide_its_dates_and_not_those_of_a_profile(tmp_path: Path) -> None:
    rows = [("3/4/2024 20:00", "00:40:00", "Roma", "Ann"), ("3/14/2024 20:00", "00:40:00", "Roma", "Bob")]
    keep(tmp_path, activity(*rows))
    keep(tmp_path, history(("Tenet", "2023-01-01")), profile="Ann")
    rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)

    assert watched(tmp_path, "Ann") == [("2023-01-01", "Tenet", None), ("2024-03-04", "Roma", 2400)]
    assert watched(tmp_path) == [("2024-03-14", "Roma", 2400)]


def test_a_private_volume_without_exports_has_no_profiles(tmp_path: Path) -> None:
    assert rebuild_all(tmp_path, starter_vocabulary()) == []


# Dates


@pytest.mark.parametrize(("file", "setting", "day"), [("dmy", "mdy", "2024-09-03"), (None, "dmy", "2024-09-03")])
def test_the_answer_for_a_file_goes_before_the_setting(tmp_path: Path, file: str, setting: str, day: str) -> None:
    keep(tmp_path, history(("Roma", "3/9/24")), date_order=file, received=date(2025, 1, 1))
    rebuild(tmp_path, "me", starter_vocabulary(), ReadOptions(date_order=setting, zone=UTC))

    assert watched(tmp_path) == [(day, "Roma", None)]
    assert query(tmp_path, "select date_order, error from exports") == [("dmy", None)]


def test_no_day_is_after_the_day_that_the_file_was_received(tmp_path: Path) -> None:
    keep(tmp_path, history(("Roma", "3/9/24")), received=date(2024, 3, 9))
    rebuild(tmp_path, "me", starter_vocabulary(), IN_UTC)

    assert watched(tmp_path) == [("2024-03-09", "Roma", None)]


@pytest.mark.parametrize("rows", [["3/9/24"], ["3/9/24", "2/9/24"]], ids=len)
def test_receiving_the_same_file_again_moves_no_view(tmp_path: Path, rows: list[str]) -> None:
    data = history(*((f"Film {day}", day) for day in rows))
    keep(tmp_path, data, received=date(2024, 3, 10))
    rebuild(tmp_path, "me", starter_vocabulary(), IN_UTC)
    before = watched(tmp_path)

    keep(tmp_path, data, received=date(2024, 12, 1))
    rebuild(tmp_path, "me", starter_vocabulary(), IN_UTC)

    assert len(before) == len(rows)
    assert watched(tmp_path) == before


def test_a_refused_file_asks_its_question_in_the_table_of_exports(tmp_path: Path) -> None:
    keep(tmp_path, history(("Roma", "3/9/24")), name="short.csv", received=date(2025, 1, 1))
    rebuild(tmp_path, "me", starter_vocabulary(), IN_UTC)

    columns = "name, error, views, date_example, date_orders"
    ((name, error, rows, example, orders),) = query(tmp_path, f"select {columns} from exports")
    assert (name, rows, example, orders) == ("short.csv", 0, "3/9/24", ["mdy", "dmy"])
    assert "DATE_ORDER=mdy|dmy" in error


def test_encodings_are_rebuilt_when_the_answer_changes(tmp_path: Path) -> None:
    keep(tmp_path, history(("Roma", "3/9/24")), received=date(2025, 1, 1))
    rebuild(tmp_path, "me", starter_vocabulary(), ReadOptions(date_order="mdy"))
    rebuild(tmp_path, "me", starter_vocabulary())

    assert watched(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        load_encodings(PrivateVolume(tmp_path).profile("me"))


# All tables


def test_titles_say_how_sure_they_are(tmp_path: Path) -> None:
    rows = [
        ("Ozark: Season 1: A", "2024-01-07"),
        ("Clay Hill: Dawn", "2024-01-07"),
        ("Lamp Street: Dusk", "2024-01-07"),
    ]
    imported(tmp_path, history(*rows, ("Lamp Street: Dawn", "2024-01-06")))

    assert query(tmp_path, "select title, kind, certainty, season from titles order by title") == [
        ("Clay Hill: Dawn", "film", "guess", None),
        ("Lamp Street: Dawn", "episode", "guess", None),
        ("Lamp Street: Dusk", "episode", "guess", None),
        ("Ozark: Season 1: A", "episode", "certain", "Season 1"),
    ]


def test_many_fixtures_in_any_order_give_the_same_history(tmp_path: Path) -> None:
    names = sorted(EXPECTED)[::2]
    results = []
    for number, order in enumerate((names, Random(7).sample(names, len(names)))):
        keep_fixtures(tmp_path / str(number), order)
        rebuild(tmp_path / str(number), "me", starter_vocabulary(), IN_UTC)
        results.append((tables(tmp_path / str(number)), encoded(tmp_path / str(number))))

    assert results[0] == results[1]
    assert query(tmp_path / "0", "select count(*) from exports where error is null") == [(len(names),)]


def test_a_thing_in_the_way_of_the_private_volume_with_a_quotation_mark_in_its_name(tmp_path: Path) -> None:
    assert imported(tmp_path / "it's here", history(("Roma", "2023-12-30"))).views == 1
