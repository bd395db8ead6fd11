"""All exports of a profile, merged into tables and encodings."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.catalogues import starter_vocabulary
from netflix_trend.encodings import DESCRIPTION, FULL, FULL_DTYPE, KINDS, SUPPLEMENTAL, VECTOR, load_encodings
from netflix_trend.titles import title_key
from netflix_trend.vocabulary import CatalogueTitle, Vocabulary
from services.processor.history import DATABASE, History, count_episodes, profile_folder, rebuild
from services.processor.raw import RawExport, RawStore

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
MIXED = ["en_mdy_us.csv", "fr_dmy_gb.csv", "ja_ymd_ja.csv", "concatenated_two_exports.csv", "resaved_utf16.csv"]
JANUARY = date(2024, 1, 15)
ENCODED = (FULL, VECTOR, DESCRIPTION)


def history(*rows: tuple[str, str]) -> bytes:
    """Return an export; days are ISO dates."""
    return "\n".join(["Title,Date", *(f'"{title}","{day}"' for title, day in rows), ""]).encode()


def keep(
    private: Path, data: bytes, name: str = "history.csv", received: date = JANUARY, profile: str = "me"
) -> RawExport:
    return RawStore(private).save(data, profile, "drop_folder", name, received)


def keep_fixtures(private: Path, names: list[str]) -> None:
    for name in names:
        keep(private, (EXPORTS / name).read_bytes(), name)


def imported(private: Path, *exports: bytes, vocabulary: Vocabulary | None = None) -> History:
    for data in exports:
        keep(private, data)
    return rebuild(private, "me", vocabulary or starter_vocabulary())


def query(private: Path, sql: str, profile: str = "me") -> list[tuple]:
    with duckdb.connect(profile_folder(private, profile) / DATABASE, read_only=True) as database:
        return database.execute(sql).fetchall()


def seen(private: Path, profile: str = "me") -> set[tuple[str, str]]:
    return set(query(private, "select title, day::text from views join titles using (title_id)", profile))


def encoded(private: Path, profile: str = "me") -> dict[str, bytes]:
    return {name: (profile_folder(private, profile) / name).read_bytes() for name in ENCODED}


def tables(private: Path) -> dict[str, list[tuple]]:
    return {table: query(private, f"from {table}") for table in ("exports", "titles", "views", "shows", "weeks")}


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


@settings(max_examples=8)
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


def test_a_file_that_holds_nothing_new_changes_no_array(tmp_path):
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
            imported(private, data)
        results.append((encoded(private), tables(private)))

    assert all(result == results[0] for result in results)


def test_two_files_that_received_their_days_in_any_order_give_the_same_encodings(tmp_path):
    files = [(history(("Roma", "2023-12-30")), JANUARY), (history(("Tenet", "2023-12-29")), date(2024, 2, 1))]
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
    assert not (profile_folder(tmp_path, "me") / DATABASE).exists()


def test_a_header_alone_gives_empty_encodings(tmp_path):
    empty = imported(tmp_path, b"Title,Date\n")

    loaded = load_encodings(profile_folder(tmp_path, "me"))
    assert (empty.views, empty.shows, len(loaded.full), loaded.vector.sum()) == (0, 0, 0, 0)
    assert loaded.full.dtype == FULL_DTYPE


# Refused files


def test_a_refused_file_is_in_the_table_of_exports_with_its_error(tmp_path):
    keep(tmp_path, history(("Roma", "2023-12-30")), "good.csv")
    bad = keep(tmp_path, b"Name,Day\nRoma,12/30/23\n", "bad.csv")
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
def test_a_refused_file_costs_the_others_nothing(tmp_path, bad):
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
    assert not (profile_folder(tmp_path, "me") / FULL).exists()


def test_a_question_about_dates_is_settled_by_the_answer(tmp_path):
    keep(tmp_path, (EXPORTS / "short_one_day_ambiguous_mdy.csv").read_bytes())

    assert rebuild(tmp_path, "me", starter_vocabulary()).encodings is None
    assert rebuild(tmp_path, "me", starter_vocabulary(), "mdy").views == 2
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

    assert load_encodings(profile_folder(tmp_path, "me")).covered_through == date(2024, 2, 14)


# Tables and arrays say the same


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A private volume with several exports, merged; tests only read it."""
    private = tmp_path_factory.mktemp("merged")
    keep_fixtures(private, [*MIXED, "header_only.csv", "short_one_day_ambiguous_mdy.csv"])
    rebuild(private, "me", starter_vocabulary())
    return private


def test_the_merged_history_holds_every_view_of_every_export_once(merged):
    rows = {(title_key(row["title"]), row["date"]) for name in MIXED for row in EXPECTED[name]["truth"]}

    found = query(merged, "select key, day::text from views join titles using (title_id)")
    assert sorted(found) == sorted(rows)


def test_the_array_of_views_is_the_table_of_views(merged):
    full = load_encodings(profile_folder(merged, "me")).full
    rows = query(
        merged,
        "select day, title_id, show_index, kind::text from views join titles using (title_id) order by day, title_id",
    )

    assert rows == [
        (record["day"].item(), int(record["title"]), int(record["show"]), KINDS[record["kind"]]) for record in full
    ]


def test_views_are_oldest_first(merged):
    full = load_encodings(profile_folder(merged, "me")).full

    assert (np.diff(full["day"]) >= np.timedelta64(0)).all()


def test_titles_stand_in_the_order_of_their_numbers_from_zero_without_gaps(merged):
    numbers = query(merged, "select title_id from titles")

    assert numbers == [(number,) for number in range(len(numbers))]


def test_the_episodes_of_every_show_are_its_entry_of_the_vector(merged, vocabulary):
    vector = load_encodings(profile_folder(merged, "me")).vector

    table = dict(query(merged, "select show_index, episodes from shows where show_index >= 0"))
    assert table == {int(index): int(vector[index]) for index in np.flatnonzero(vector)}
    assert len(vector) == len(vocabulary)


def test_the_vector_counts_episodes_alone(merged):
    encodings = load_encodings(profile_folder(merged, "me"))
    full = encodings.full

    assert set(full["kind"][full["show"] >= 0]) == {KINDS.index("episode")}
    assert encodings.vector.sum() == (full["show"] >= 0).sum()


def test_every_episode_belongs_to_one_row_of_the_shows(merged):
    full = load_encodings(profile_folder(merged, "me")).full

    assert query(merged, "select sum(episodes) from shows") == [(int((full["kind"] == KINDS.index("episode")).sum()),)]


def test_the_shows_have_their_first_and_last_day(merged, vocabulary):
    full = load_encodings(profile_folder(merged, "me")).full
    days = full["day"][full["show"] == vocabulary.show("Ozark")]

    row = query(merged, f"select first_day, last_day from shows where show_index = {vocabulary.show('Ozark')}")
    assert row == [(days.min().item(), days.max().item())]


def test_the_weeks_count_what_is_no_trailer(merged):
    full = load_encodings(profile_folder(merged, "me")).full
    watched = full[full["kind"] != SUPPLEMENTAL]
    mondays = [day - timedelta(days=day.weekday()) for day in watched["day"].tolist()]

    assert dict(query(merged, "select monday, titles from weeks")) == dict(Counter(mondays))
    assert query(merged, "select sum(episodes), sum(films) from weeks") == [
        tuple(int((full["kind"] == KINDS.index(kind)).sum()) for kind in ("episode", "film"))
    ]


def test_the_table_of_exports_accounts_for_every_row(merged):
    rows = query(
        merged,
        "select name, rows, damaged + undated, episode + film + unsure + blank + supplemental, first_day::date::text, "
        "last_day::date::text, blank, supplemental from exports where error is null",
    )

    assert {row[0] for row in rows} == {*MIXED, "header_only.csv"}
    for name, count, bad, kinds, first, last, blank, supplemental in rows:
        truth = EXPECTED[name]
        assert (count, bad, kinds, first, last) == (
            truth["rows"],
            0,
            truth["rows"],
            truth["min_date"],
            truth["max_date"],
        )
        assert (blank, supplemental) == (truth["types"].get("B", 0), truth["types"].get("X", 0))


def test_bad_rows_are_in_the_table_of_exports(tmp_path):
    imported(tmp_path, b'Title,Date\n"Roma","2023-12-30"\n"Tenet"\n"Dark","2023-02-30"\n"You","soon"\n')

    assert query(tmp_path, "select rows, damaged, undated, film from exports") == [(4, 1, 2, 1)]


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
    assert query(tmp_path, "from weeks") == []


def test_titles_with_bytes_of_any_kind_reach_the_tables(tmp_path):
    imported(tmp_path, 'Title,Date\n"Ro\0ma","2023-12-30"\n"😀; drop table \'views\'","2023-12-29"\n'.encode())

    assert seen(tmp_path) == {("Ro\0ma", "2023-12-30"), ("😀; drop table 'views'", "2023-12-29")}


# Encodings


def test_the_encodings_load_without_pickle_and_have_their_documented_types(merged):
    folder = profile_folder(merged, "me")
    full, vector = (np.load(folder / name, allow_pickle=False) for name in (FULL, VECTOR))

    assert full.dtype == [("day", "<M8[D]"), ("title", "<i4"), ("show", "<i4"), ("kind", "u1")]
    assert vector.dtype == np.dtype("<i4")
    assert (full.ndim, vector.ndim) == (1, 1)


def test_what_a_rebuild_returns_is_what_it_wrote(tmp_path):
    returned = imported(tmp_path, (EXPORTS / MIXED[0]).read_bytes()).encodings
    loaded = load_encodings(profile_folder(tmp_path, "me"))

    assert np.array_equal(returned.full, loaded.full)
    assert np.array_equal(returned.vector, loaded.vector)
    assert (returned.vocabulary, returned.covered_through) == (loaded.vocabulary, loaded.covered_through)


def test_the_vocabulary_lies_beside_the_encodings(merged, vocabulary):
    folder = profile_folder(merged, "me")

    kept = Vocabulary.from_bytes((folder / "vocabulary.json").read_bytes())
    assert kept.version == vocabulary.version == load_encodings(folder).vocabulary


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
    with duckdb.connect(profile_folder(tmp_path, "me") / DATABASE, read_only=True) as reader:
        imported(tmp_path, history(("Tenet", "2023-12-29")))

        assert reader.execute("select title from titles").fetchall() == [("Roma",)]

    assert seen(tmp_path) == {("Roma", "2023-12-30"), ("Tenet", "2023-12-29")}


def test_what_a_killed_rebuild_left_behind_is_cleared_away(tmp_path):
    folder = profile_folder(tmp_path, "me")
    folder.mkdir(parents=True)
    (folder / f".{DATABASE}.tmp").write_bytes(b"half a database")
    (folder / f".{DATABASE}.tmp.wal").write_bytes(b"half a log")

    imported(tmp_path, history(("Roma", "2023-12-30")))

    assert seen(tmp_path) == {("Roma", "2023-12-30")}
    assert {path.name for path in folder.iterdir()} == {DATABASE, "vocabulary.json", ".lock", *ENCODED}


def test_rebuilds_at_the_same_time_wait_for_each_other(tmp_path):
    expected = imported(tmp_path / "alone", (EXPORTS / MIXED[0]).read_bytes())
    keep(tmp_path, (EXPORTS / MIXED[0]).read_bytes())

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: rebuild(tmp_path, "me", starter_vocabulary()).views, range(4)))

    assert results == [expected.views] * 4
    assert encoded(tmp_path) == encoded(tmp_path / "alone")
