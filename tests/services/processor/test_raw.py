"""The exports as received, kept for good."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from pydantic import ValidationError

from services.processor.raw import RawExport, RawStore

MONDAY, TUESDAY = date(2024, 1, 15), date(2024, 1, 16)


@pytest.fixture
def store(tmp_path):
    return RawStore(tmp_path)


def files(store: RawStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.iterdir()}


def test_an_export_is_kept_under_the_hash_of_its_bytes(store):
    export = store.save(b"Title,Date\n", "me", "drop_folder", "history.csv", MONDAY)

    assert export.sha256 == hashlib.sha256(b"Title,Date\n").hexdigest()
    assert (store.folder / f"{export.sha256}.csv").read_bytes() == b"Title,Date\n"
    assert store.folder == store.private / "raw"


def test_what_is_known_about_an_export_comes_back(store):
    export = store.save(b"a", "me", "drop_folder", "history.csv", MONDAY)

    assert store.describe(export.sha256) == export
    assert export == RawExport(
        sha256=export.sha256, profile="me", source="drop_folder", name="history.csv", received=MONDAY
    )


@pytest.mark.parametrize("data", [b"", b"\x00\xff\r\n", bytes(range(256)) * 1_000])
def test_any_bytes_come_back_as_they_were(store, data):
    assert store.read(store.save(data, "me", "upload", "history.csv", MONDAY)) == data


def test_nothing_but_the_export_and_its_description_is_left_behind(store):
    export = store.save(b"a", "me", "drop_folder", "history.csv", MONDAY)

    assert set(files(store)) == {f"{export.sha256}.csv", f"{export.sha256}.json"}


def test_a_file_that_was_never_received_is_unknown(store):
    assert store.describe("0" * 64) is None


def test_a_store_that_never_received_anything_is_empty(store):
    assert list(store.exports()) == []


def test_saving_the_same_bytes_again_changes_nothing(store):
    first = store.save(b"a", "me", "drop_folder", "history.csv", MONDAY)
    before = {path: path.stat().st_ino for path in store.folder.iterdir()}

    assert store.save(b"a", "me", "drop_folder", "history.csv", MONDAY) == first
    assert {path: path.stat().st_ino for path in store.folder.iterdir()} == before


@pytest.mark.parametrize("days", [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_the_same_bytes_keep_the_latest_day_they_were_received_on(store, days):
    for day in days:
        export = store.save(b"a", "me", "drop_folder", "history.csv", day)

    assert export.received == TUESDAY
    assert list(store.exports()) == [export]


def test_the_same_bytes_under_another_name_keep_the_first_name(store):
    store.save(b"a", "me", "drop_folder", "history.csv", MONDAY)

    export = store.save(b"a", "me", "upload", "history (1).csv", TUESDAY)

    assert (export.name, export.source) == ("history.csv", "drop_folder")


def test_exports_come_in_an_order_that_does_not_depend_on_when_they_came(tmp_path):
    contents = [b"a", b"b", b"c", b"d", b"e"]
    orders = []
    for number, arrivals in enumerate([contents, contents[::-1], contents[2:] + contents[:2]]):
        store = RawStore(tmp_path / str(number))
        for data in arrivals:
            store.save(data, "me", "drop_folder", "history.csv", MONDAY)
        orders.append([store.read(export) for export in store.exports()])

    assert orders[0] == orders[1] == orders[2]
    assert sorted(orders[0]) == contents


def test_exports_of_one_profile_or_of_all(store):
    mine = store.save(b"a", "me", "drop_folder", "history.csv", MONDAY)
    hers = store.save(b"b", "Ann", "drop_folder", "history.csv", MONDAY)

    assert list(store.exports("me")) == [mine]
    assert list(store.exports("Ann")) == [hers]
    assert list(store.exports("nobody")) == []
    assert {export.sha256 for export in store.exports()} == {mine.sha256, hers.sha256}


def test_a_file_that_was_being_written_when_the_power_went_is_no_export(store):
    export = store.save(b"a", "me", "drop_folder", "history.csv", MONDAY)
    (store.folder / f".{export.sha256}.json.123.tmp").write_bytes(b"{")
    (store.folder / f"{'0' * 64}.csv").write_bytes(b"bytes whose description was not written")

    assert list(store.exports()) == [export]


def test_an_export_whose_description_was_lost_is_received_anew(store):
    export = store.save(b"a", "me", "drop_folder", "history.csv", MONDAY)
    (store.folder / f"{export.sha256}.json").unlink()

    assert store.save(b"a", "me", "drop_folder", "history.csv", MONDAY) == export
    assert list(store.exports()) == [export]


@pytest.mark.parametrize("profile", ["", "../me", "a/b", ".me", "x" * 61, "me\n"])
def test_a_profile_that_is_no_plain_folder_name_leaves_nothing_behind(store, profile):
    with pytest.raises(ValidationError):
        store.save(b"a", profile, "drop_folder", "history.csv", MONDAY)

    assert not store.folder.exists()
