"""The exports as received, kept for good."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from netflix_trend.delivery.archive import ArchiveError
from netflix_trend.delivery.inbox import Delivery, RefusedMessage, pack, unpack
from netflix_trend.history.raw import RawExport, RawStore, Refusal, opened

MONDAY, TUESDAY = date(2024, 1, 15), date(2024, 1, 16)


def import_file(private: Path, path: Path, source: str, *, received: date | None = None, **about: Any) -> RawExport:
    """Keep a file of this machine, as a participant does."""
    with opened(path, received, {"profile": "me", "source": source, **about}) as (delivery, blocks):
        return RawStore(private).save(delivery, blocks)


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(tmp_path)


def save(store: RawStore, data: bytes = b"a", **change: Any) -> RawExport:
    known = {"profile": "me", "source": "drop_folder", "name": "history.csv", "received": MONDAY}
    return store.save(Delivery(**{**known, **change}), [data])


def read(store: RawStore, export: RawExport) -> bytes:
    with store.open(export) as file:
        return file.read()


def names(store: RawStore) -> set[str]:
    return {path.name for path in store.folder.iterdir()}


# Refusing


def test_a_refused_file_leaves_its_name_and_why(store: RawStore) -> None:
    export = save(store, b"a picture", name="holiday.jpg.csv")
    why = Refusal(reason="header", message="holiday.jpg.csv: not an export.")

    assert store.refuse(export, why)

    assert names(store) == {f"{export.sha256}.json"}
    assert list(store.exports()) == [export.model_copy(update={"refused": why})]
    assert b"a picture" not in b"".join(path.read_bytes() for path in store.private.rglob("*") if path.is_file())


def test_a_refused_file_that_comes_again_is_stored_again(store: RawStore) -> None:
    export = save(store)
    store.refuse(export, Refusal(reason="header", message="no"))

    assert save(store) == export
    assert read(store, export) == b"a"


def test_a_file_that_came_again_meanwhile_is_not_refused(store: RawStore) -> None:
    before = save(store)
    again = save(store, date_order="dmy")

    assert not store.refuse(before, Refusal(reason="header", message="no"))
    assert read(store, again) == b"a"


# Keeping


def test_an_export_is_kept_under_the_hash_of_its_bytes(store: RawStore) -> None:
    export = save(store, b"Title,Date\n")

    assert export.sha256 == hashlib.sha256(b"Title,Date\n").hexdigest()
    assert (store.folder / f"{export.sha256}.csv").read_bytes() == b"Title,Date\n"
    assert store.folder == store.private / "raw"


def test_the_description_of_an_export_is_stored(store: RawStore) -> None:
    export = save(store, date_order="dmy", only=("Ann", "Kids, room"))

    assert store.describe(export.sha256) == export
    assert export == RawExport(
        sha256=export.sha256,
        profile="me",
        source="drop_folder",
        name="history.csv",
        received=MONDAY,
        first_received=MONDAY,
        date_order="dmy",
        only=("Ann", "Kids, room"),
    )


def test_a_description_from_before_date_orders_and_netflix_profiles_is_read(store: RawStore) -> None:
    export = save(store)
    known = {"name": "x.csv", "profile": "me", "received": "2024-01-15", "sha256": export.sha256, "source": "drop"}
    (store.folder / f"{export.sha256}.json").write_text(json.dumps(known))

    (found,) = store.exports()
    assert (found.name, found.date_order, found.only) == ("x.csv", None, ())


@pytest.mark.parametrize("data", [b"", b"\x00\xff\r\n", bytes(range(256)) * 1_000])
def test_any_bytes_come_back_as_they_were(store: RawStore, data: bytes) -> None:
    assert read(store, save(store, data)) == data


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=6))
def test_how_the_bytes_are_cut_into_blocks_does_not_matter(tmp_path_factory: Any, blocks: list[bytes]) -> None:
    store = RawStore(tmp_path_factory.mktemp("raw"))
    delivery = Delivery(profile="me", source="upload", name="x.csv", received=MONDAY)

    export = store.save(delivery, iter(blocks))

    assert export == store.save(delivery, [b"".join(blocks)])
    assert read(store, export) == b"".join(blocks)


def test_nothing_but_the_export_and_its_description_is_left_behind(store: RawStore) -> None:
    export = save(store)
    save(store, name="again.csv")

    assert names(store) == {f"{export.sha256}.csv", f"{export.sha256}.json"}


def test_a_file_that_was_never_received_is_unknown(store: RawStore) -> None:
    assert store.describe("0" * 64) is None


def test_a_store_that_never_received_anything_is_empty(store: RawStore) -> None:
    assert list(store.exports()) == store.profiles() == []


# The same bytes again


def test_saving_the_same_bytes_again_changes_no_file(store: RawStore) -> None:
    first = save(store)
    before = {path: path.stat().st_ino for path in store.folder.iterdir()}

    assert save(store) == first
    assert {path: path.stat().st_ino for path in store.folder.iterdir()} == before


@pytest.mark.parametrize("days", [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_the_same_bytes_keep_the_latest_day_they_were_received_on(store: RawStore, days: tuple[date, date]) -> None:
    for day in days:
        export = save(store, received=day)

    assert export.received == TUESDAY
    assert list(store.exports()) == [export]


def test_the_last_import_says_how_the_same_bytes_are_read(store: RawStore) -> None:
    save(store)
    moved: dict[str, Any] = {
        "profile": "Ann",
        "name": "history (1).csv",
        "source": "upload",
        "only": ("Ann",),
        "date_order": "mdy",
    }

    export = save(store, **moved, received=TUESDAY)

    assert export.model_dump(include=set(moved)) == moved
    assert list(store.exports()) == [export]
    assert store.profiles() == ["Ann"]


def test_an_answer_about_dates_is_not_forgotten_when_the_same_bytes_come_again_without_one(store: RawStore) -> None:
    save(store, date_order="mdy")

    assert save(store, received=TUESDAY).date_order == "mdy"


def test_a_second_answer_about_dates_replaces_the_first(store: RawStore) -> None:
    save(store, date_order="mdy")

    assert save(store, date_order="dmy").date_order == "dmy"


# Several exports


def test_exports_come_in_an_order_that_does_not_depend_on_when_they_came(tmp_path: Path) -> None:
    contents = [b"a", b"b", b"c", b"d", b"e"]
    orders = []
    for number, arrivals in enumerate([contents, contents[::-1], contents[2:] + contents[:2]]):
        store = RawStore(tmp_path / str(number))
        for data in arrivals:
            save(store, data)
        orders.append([read(store, export) for export in store.exports()])

    assert orders[0] == orders[1] == orders[2]
    assert sorted(orders[0]) == contents


def test_the_profiles_are_those_that_exports_were_imported_under(store: RawStore) -> None:
    for number, profile in enumerate(["me", "Ann", "me", "Zoë"]):
        save(store, bytes([number]), profile=profile)

    assert store.profiles() == ["Ann", "Zoë", "me"]


# What goes wrong


def test_a_file_left_by_a_power_cut_is_not_an_export(store: RawStore) -> None:
    export = save(store)
    (store.folder / f".{export.sha256}.json.123.tmp").write_bytes(b"{")
    (store.folder / ".incoming.123.tmp").write_bytes(b"half")
    (store.folder / f"{'0' * 64}.csv").write_bytes(b"bytes whose description was not written")

    assert list(store.exports()) == [export]


def test_an_export_whose_description_was_lost_is_stored_again(store: RawStore) -> None:
    export = save(store)
    (store.folder / f"{export.sha256}.json").unlink()

    assert save(store) == export
    assert list(store.exports()) == [export]


def test_an_export_whose_bytes_were_lost_is_stored_again(store: RawStore) -> None:
    export = save(store)
    (store.folder / f"{export.sha256}.csv").unlink()

    assert read(store, save(store)) == b"a"


def test_leftovers_of_an_earlier_process_are_overwritten(store: RawStore) -> None:
    store.folder.mkdir()
    (store.folder / f".incoming.{os.getpid()}.tmp").write_bytes(b"a much longer piece of another file")

    assert read(store, save(store)) == b"a"


def test_failing_blocks_leave_no_file(store: RawStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"Title,Date\n"
        raise RefusedMessage("checksum")

    with pytest.raises(RefusedMessage):
        store.save(Delivery(profile="me", source="upload", name="x.csv", received=MONDAY), broken())

    assert names(store) == set()


def test_failing_blocks_do_not_remove_an_earlier_export(store: RawStore) -> None:
    before = save(store)

    def broken() -> Iterator[bytes]:
        yield b"a"
        raise RefusedMessage("gzip")

    with pytest.raises(RefusedMessage):
        store.save(Delivery(profile="Ann", source="upload", name="x.csv", received=TUESDAY), broken())

    assert list(store.exports()) == [before]
    assert read(store, before) == b"a"


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_a_truncated_message_is_not_stored(store: RawStore, tmp_path: Path, cut: int) -> None:
    (tmp_path / "x.csv").write_bytes(bytes(range(256)) * 50)
    delivery = Delivery(profile="me", source="upload", name="x.csv", received=MONDAY)
    with (tmp_path / "x.csv").open("rb") as file:
        packed = pack(delivery, file)
    place = packed.index(b'"gzip_base64":"') + 15
    end = packed.index(b'"', place)
    length = (end - place) // 4 * 4 - 4 * cut
    with pytest.raises(RefusedMessage, match="gzip"):
        store.save(*unpack(packed[: place + length] + packed[end:]))

    assert not store.folder.exists() or names(store) == set()


@pytest.mark.parametrize("profile", ["", "../me", "a/b", ".me", "x" * 61, "me\n"])
def test_a_profile_that_is_not_a_folder_name_leaves_no_file(store: RawStore, profile: str) -> None:
    with pytest.raises(ValidationError):
        save(store, profile=profile)

    assert not store.folder.exists()


@pytest.mark.parametrize("sha256", ["", "0" * 63, "G" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_a_description_needs_a_valid_hash(sha256: str) -> None:
    with pytest.raises(ValidationError):
        RawExport(sha256=sha256, profile="me", source="upload", name="x.csv", received=MONDAY)


# Importing a file


def at(path: Path, day: date) -> Path:
    """Set the time of a file to noon of a day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()
    os.utime(path, (noon, noon))
    return path


def archive(path: Path, members: dict[str, bytes], day: date = TUESDAY) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0)), data)
    return path


def test_a_file_is_imported_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(b"Title,Date\n\xff")

    export = import_file(tmp_path, at(path, MONDAY), "import")

    assert read(RawStore(tmp_path), export) == b"Title,Date\n\xff"
    assert (export.profile, export.source, export.name, export.received) == ("me", "import", "history.csv", MONDAY)
    assert (export.date_order, export.only) == (None, ())


def test_an_import_stores_its_options(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(b"Title,Date\n")

    told: dict[str, Any] = {"profile": "Ann", "date_order": "dmy", "only": ("Ann",), "received": TUESDAY}
    export = import_file(tmp_path, at(path, MONDAY), "demo", **told)

    assert export.model_dump(include=set(told)) == told


def test_only_the_viewing_activity_of_an_archive_is_kept(tmp_path: Path) -> None:
    members = {"CONTENT_INTERACTION/ViewingActivity.csv": b"Title\n", "PAYMENT/BillingHistory.csv": b"secret"}
    path = archive(tmp_path / "netflix-report.zip", members)

    export = import_file(tmp_path, at(path, date(2024, 2, 1)), "import")

    assert read(RawStore(tmp_path), export) == b"Title\n"
    assert (export.name, export.received) == ("netflix-report.zip", TUESDAY)
    assert len(names(RawStore(tmp_path))) == 2


def test_an_archive_and_the_file_out_of_it_are_the_same_export(tmp_path: Path) -> None:
    (tmp_path / "ViewingActivity.csv").write_bytes(b"Title\n")
    path = archive(tmp_path / "netflix-report.zip", {"ViewingActivity.csv": b"Title\n"})

    first = import_file(tmp_path, path, "import", received=MONDAY)
    second = import_file(tmp_path, tmp_path / "ViewingActivity.csv", "import", received=MONDAY)

    assert first.sha256 == second.sha256
    assert len(list(RawStore(tmp_path).exports())) == 1


def test_an_archive_without_viewing_activity_is_not_stored(tmp_path: Path) -> None:
    path = archive(tmp_path / "netflix-report.zip", {"PAYMENT/BillingHistory.csv": b"secret"})

    with pytest.raises(ArchiveError):
        import_file(tmp_path, path, "import")

    assert not (tmp_path / "raw").exists()


def test_a_name_that_is_too_long_is_cut(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 240}.csv"
    path.write_bytes(b"Title,Date\n")

    assert import_file(tmp_path, path, "import").name == path.name


def test_a_name_of_other_bytes_than_text_is_imported(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    path.write_bytes(b"Title,Date\n")

    assert import_file(tmp_path, path, "import").name == "caf?.csv"


def test_a_profile_that_is_no_folder_name_is_refused_by_the_import(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_bytes(b"Title,Date\n")

    with pytest.raises(ValueError, match="profile"):
        import_file(tmp_path, tmp_path / "history.csv", "import", profile="../me")
