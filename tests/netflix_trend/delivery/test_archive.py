"""ViewingActivity.csv out of the account's zip: that member, whole, and no other one."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.delivery.archive import (
    LARGEST_DIRECTORY,
    LARGEST_MEMBER,
    LARGEST_RATIO,
    MAX_MEMBERS,
    ArchiveError,
    downloaded_on,
    open_csv,
)

CSV = b"Profile Name,Start Time,Duration,Title\n" + b"".join(
    b"Ann,2024-03-02 23:%02d:12,00:48:12,Title %d\n" % (number % 60, number * number) for number in range(300)
)
PLACE = "CONTENT_INTERACTION/ViewingActivity.csv"
WRITTEN = (2024, 3, 5, 1, 2, 4)
OTHERS = {
    "PAYMENT_AND_BILLING/BillingHistory.csv": b"Amount,Card\n9.99,invented\n" * 50,
    "CONTENT_INTERACTION/SearchHistory.csv": b"Query\nan invented search\n" * 50,
    "IP_ADDRESSES/IpAddressesLogin.csv": b"Ip\n192.0.2.1\n" * 50,
    "Cover sheet.pdf": bytes(range(256)) * 20,
}
# Places of the fields of a member in the directory at the end of a zip, and how they are packed.
FLAGS, METHOD, TIME, CRC, COMPRESSED, SIZE = (8, "<H"), (10, "<H"), (12, "<I"), (16, "<I"), (20, "<I"), (24, "<I")


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, WRITTEN), content, method)
    return data.getvalue()


def with_field(data: bytes, field: tuple[int, str], value: int, name: str = PLACE) -> bytes:
    """Return a zip whose directory says another value about a member."""
    place, form = field
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
    changed = bytearray(data)
    struct.pack_into(form, changed, entry + place, value)
    return bytes(changed)


def read(data: bytes) -> bytes:
    with open_csv(io.BytesIO(data), "account.zip") as (content, _):
        return content.read()


def written(data: bytes) -> date | None:
    with open_csv(io.BytesIO(data), "account.zip") as (_, day):
        return day


def refusal(data: bytes) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        read(data)
    assert "account.zip" in str(caught.value)
    return caught.value


class Recorder(io.BytesIO):
    """A file that remembers which bytes were read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.spans: list[tuple[int, int]] = []

    def read(self, size: int | None = -1, /) -> bytes:
        start = self.tell()
        data = super().read(size)
        self.spans.append((start, start + len(data)))
        return data


# What is read


@pytest.mark.parametrize("data", [b"Title,Date\nDark,12/30/23\n", b"", b"P", b"PK\x03", b"\xff\xfeT\0"])
def test_a_file_that_is_not_a_zip_is_given_as_it_is(data: bytes) -> None:
    stream = io.BytesIO(data)
    stream.seek(len(data))
    with open_csv(stream, "history.csv") as (content, day):
        assert content is stream
        assert content.read() == data
        assert day is None


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "name",
    [
        PLACE,
        f"12345/{PLACE}",
        "ViewingActivity.csv",
        "netflix-report/12345/CONTENT_INTERACTION/ViewingActivity.csv",
        "content_interaction/viewingactivity.CSV",
        "INTERACCIÓN CON EL CONTENIDO/ViewingActivity.csv",
    ],
)
def test_viewing_activity_is_found_in_any_folder(name: str, method: int) -> None:
    assert read(pack({**OTHERS, name: CSV}, method)) == CSV


def test_the_place_of_the_member_among_others_does_not_matter() -> None:
    assert read(pack({PLACE: CSV, **OTHERS})) == read(pack({**OTHERS, PLACE: CSV})) == CSV


def test_an_empty_member_is_read_as_nothing() -> None:
    assert read(pack({PLACE: b""})) == b""


def test_a_zip_that_was_read_before_is_read_from_its_beginning() -> None:
    stream = io.BytesIO(pack({PLACE: CSV}))
    stream.read()
    with open_csv(stream, "account.zip") as (content, _):
        assert content.read() == CSV


def test_the_content_can_be_read_twice() -> None:
    with open_csv(io.BytesIO(pack({PLACE: CSV})), "account.zip") as (content, _):
        assert content.read() == CSV
        assert content.seek(0) == 0
        assert content.read() == CSV


def test_a_comment_at_the_end_of_a_zip_does_not_matter() -> None:
    data = io.BytesIO(pack({PLACE: CSV}))
    with zipfile.ZipFile(data, "a") as archive:
        archive.comment = b"made by nobody" * 50
    assert read(data.getvalue()) == CSV


def test_a_member_with_its_size_in_a_data_descriptor_is_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    data = Pipe()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PLACE, CSV)
    assert read(data.getvalue()) == CSV


# What is never opened


def test_no_byte_of_another_member_is_read() -> None:
    data = pack({f"a{PLACE[:3]}/Devices.csv": OTHERS["Cover sheet.pdf"], PLACE: CSV, **OTHERS})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        starts = [*sorted(member.header_offset for member in archive.infolist()), archive.start_dir]
        (mine,) = (member.header_offset for member in archive.infolist() if member.filename == PLACE)
        directory = archive.start_dir
    end = starts[starts.index(mine) + 1]
    stream = Recorder(data)
    with open_csv(stream, "account.zip") as (content, _):
        assert content.read() == CSV
    strange = [span for span in stream.spans if span[0] < span[1] and span != (0, 4)]
    assert all(mine <= start <= stop <= end or start >= directory for start, stop in strange)


def test_other_members_may_be_corrupt_bombs_or_encrypted() -> None:
    data = pack({**OTHERS, PLACE: CSV})
    data = data.replace(data[data.index(b"PK\x03\x04") : data.index(b"PK\x03\x04") + 60], bytes(60), 1)
    data = b"PK\x03\x04" + data[4:]
    for name in OTHERS:
        data = with_field(data, FLAGS, 1, name)
        data = with_field(data, METHOD, 99, name)
        data = with_field(data, SIZE, 0xFFFFFFF0, name)
    assert read(data) == CSV


def test_names_that_lead_out_of_the_archive_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(pack({"../../ViewingActivity.csv": CSV, "../other.csv": b"x"})) == CSV
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "members",
    [
        {},
        OTHERS,
        {"ViewingActivity.csv.txt": CSV},
        {"NotViewingActivity.csv": CSV},
        {"ViewingActivity.csv/readme.txt": CSV},
        {"__MACOSX/CONTENT_INTERACTION/._ViewingActivity.csv": CSV},
        {"__MACOSX/CONTENT_INTERACTION/ViewingActivity.csv": CSV},
        {"inner.zip": pack({PLACE: CSV})},
        {"ViewingActivity.csv/": b""},
    ],
    ids=["empty", "others", "suffix", "prefix", "folder", "mac_dot", "mac", "zip_in_zip", "folder_entry"],
)
def test_a_zip_without_viewing_activity_is_refused_and_says_which_is_wanted(members: dict[str, bytes]) -> None:
    data = pack({"a.txt": b"", **members})
    error = refusal(data)
    assert error.reason == "no_viewing_activity"
    is_packed_twice = any(content.startswith(b"PK") for content in members.values())
    assert ("Unpack it once" if is_packed_twice else "NetflixViewingHistory.csv") in str(error)


def test_macos_resource_files_are_not_a_second_export() -> None:
    members = {PLACE: CSV, "__MACOSX/CONTENT_INTERACTION/._ViewingActivity.csv": b"x", f"__MACOSX/{PLACE}": b"x"}
    assert read(pack(members)) == CSV


def test_a_folder_called_like_the_export_is_not_a_second_one() -> None:
    assert read(pack({"ViewingActivity.csv/": b"", "ViewingActivity.csv/ViewingActivity.csv": CSV})) == CSV


def test_two_exports_in_a_zip_are_refused_and_counted() -> None:
    error = refusal(pack({PLACE: CSV, f"12345/{PLACE}": CSV, "other/viewingactivity.csv": CSV}))
    assert error.reason == "several"
    assert "3 files" in str(error)


def test_one_name_twice_is_refused() -> None:
    other = "CONTENT_INTERACTION/ViewingActivitx.csv"
    assert refusal(pack({PLACE: CSV, other: CSV}).replace(other.encode(), PLACE.encode())).reason == "several"


def test_too_many_members_are_refused() -> None:
    names = [f"{number}" for number in range(MAX_MEMBERS - 1)]
    assert read(pack({PLACE: CSV, **dict.fromkeys(names, b"")})) == CSV
    assert refusal(pack({PLACE: CSV, "one more": b"", **dict.fromkeys(names, b"")})).reason == "too_many"


# Bombs, lies and damage


def test_an_encrypted_member_is_refused_as_such() -> None:
    error = refusal(with_field(pack({PLACE: CSV}), FLAGS, 1))
    assert error.reason == "encrypted"
    assert "password" in str(error)


def test_a_member_compressed_more_than_text_is_refused() -> None:
    assert len(read(pack({PLACE: bytes(LARGEST_RATIO * 1000)}))) == LARGEST_RATIO * 1000
    error = refusal(pack({PLACE: bytes(LARGEST_RATIO * 1000 + 1)}))
    assert error.reason == "too_large"
    assert str(LARGEST_RATIO * 1000 + 1) in str(error)


def test_text_that_repeats_itself_is_not_a_bomb() -> None:
    row = b"Ann,2024-03-02 23:50:12,00:48:12,,An Invented Show: Season 1: Part (Episode 8),,Television,,,US\n"
    assert read(pack({PLACE: row * 2000})) == row * 2000


def test_a_member_that_says_it_is_huge_is_refused_without_reading_it() -> None:
    data = with_field(pack({PLACE: CSV}), COMPRESSED, LARGEST_MEMBER // 2)
    assert refusal(with_field(data, SIZE, LARGEST_MEMBER + 1)).reason == "too_large"
    try:
        assert read(with_field(data, SIZE, LARGEST_MEMBER)) == CSV
    except ArchiveError as error:  # Debian's Python notices by itself that the packed size is a lie, too
        assert error.reason == "not_a_zip"


@pytest.mark.parametrize("said", [0, 1, 100, len(CSV) - 1, len(CSV) + 1, len(CSV) + 100_000])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_directory_that_lies_about_a_size_gains_nothing(said: int, method: int) -> None:
    data = with_field(pack({PLACE: CSV}, method), SIZE, said)
    try:
        content = read(data)
    except ArchiveError as error:
        assert error.reason == "not_a_zip"
    else:
        assert len(content) <= min(said, len(CSV))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_that_says_it_is_small_takes_no_memory(method: int) -> None:
    data = with_field(pack({PLACE: bytes(40_000_000)}, method), SIZE, 1000)
    read_bytes = 0
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError), open_csv(io.BytesIO(data), "account.zip") as (content, _):
            while block := content.read(1 << 16):
                read_bytes += len(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read_bytes <= 1000
    assert peak < 5_000_000


def test_a_directory_that_says_it_is_huge_takes_no_memory(tmp_path: Path) -> None:
    size = 400_000_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size - 4, 4, 0)
    huge = tmp_path / "huge.zip"
    with huge.open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(size)  # of zeros that take no room on the disk
        file.seek(size)
        file.write(end)
    tracemalloc.start()
    try:
        with (
            huge.open("rb") as stream,
            pytest.raises(ArchiveError, match="damaged or incomplete"),
            open_csv(stream, "huge.zip"),
        ):
            pass
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_DIRECTORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 93, 98, 99])
def test_an_unknown_compression_method_is_called_a_damaged_zip(method: int) -> None:
    assert refusal(with_field(pack({PLACE: CSV}), METHOD, method)).reason == "not_a_zip"


@pytest.mark.parametrize("flag", [0x20, 0x41])
def test_a_patched_or_strongly_encrypted_member_is_refused(flag: int) -> None:
    assert refusal(with_field(pack({PLACE: CSV}), FLAGS, flag)).reason in {"not_a_zip", "encrypted"}


def test_a_wrong_check_sum_is_damage() -> None:
    assert refusal(with_field(pack({PLACE: CSV}), CRC, 12345)).reason == "not_a_zip"


def test_a_zip_without_its_end_is_refused_wherever_it_was_cut() -> None:
    data = pack({**OTHERS, PLACE: CSV})
    for end in [*range(4, len(data), 97), len(data) - 1]:
        assert refusal(data[:end]).reason == "not_a_zip", end


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_byte_anywhere_is_refused_or_changes_nothing(method: int) -> None:
    data = pack({"Devices.csv": b"x" * 40, PLACE: CSV[:2000]}, method)
    for place in range(4, len(data)):
        for byte in {0, 0xFF, data[place] ^ 0x41} - {data[place]}:
            damaged = data[:place] + bytes([byte]) + data[place + 1 :]
            try:
                content = read(damaged)
            except ArchiveError:
                continue
            assert content == CSV[:2000], (place, byte)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
    st.integers(0, 300),
)
def test_any_zip_gives_content_or_a_refusal(patches: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(pack({"Devices.csv": b"Device\n", PLACE: CSV[:500]}))
    for place, patch in patches:
        start = 4 + place % (len(data) - 4)
        data[start : start + len(patch)] = patch
    data[200 : 200 + cut % 7] = b""
    try:
        content = read(bytes(data))
    except ArchiveError as error:
        assert error.reason in {"not_a_zip", "no_viewing_activity", "several", "encrypted", "too_large"}
    else:
        assert len(content) <= LARGEST_MEMBER


@given(st.binary(max_size=200))
def test_bytes_that_only_begin_like_a_zip_are_refused(data: bytes) -> None:
    assert refusal(b"PK\x03\x04" + data).reason in {"not_a_zip", "no_viewing_activity"}


@pytest.mark.parametrize("data", [b"Title,Date\n", pack({PLACE: CSV})], ids=["csv", "zip"])
def test_errors_of_the_content_reader_pass_through(data: bytes) -> None:
    with pytest.raises(LookupError, match="mine"), open_csv(io.BytesIO(data), "account.zip"):
        raise LookupError("mine")


# Days


def test_the_date_of_the_member_is_returned() -> None:
    assert written(pack({PLACE: CSV})) == date(2024, 3, 5)


@pytest.mark.parametrize(
    ("year", "month", "day", "expected"),
    [
        (1980, 1, 1, None),
        (2006, 12, 31, None),
        (2007, 1, 1, date(2007, 1, 1)),
        (2024, 0, 1, None),
        (2024, 13, 1, None),
        (2024, 2, 30, None),
        (2024, 2, 29, date(2024, 2, 29)),
    ],
)
def test_an_implausible_date_is_unknown(year: int, month: int, day: int, expected: date | None) -> None:
    stamp = ((year - 1980) << 9 | month << 5 | day) << 16
    assert written(with_field(pack({PLACE: CSV}), TIME, stamp)) == expected


@pytest.mark.parametrize(
    ("modified", "packed", "expected"),
    [
        (date(2024, 3, 9), None, date(2024, 3, 9)),
        (date(2024, 3, 9), date(2024, 3, 5), date(2024, 3, 5)),
        (date(2024, 3, 9), date(2024, 4, 1), date(2024, 3, 9)),
        (date(1969, 6, 1), None, date(1969, 6, 1)),
        (date(2222, 1, 1), date(2024, 3, 5), date(2024, 3, 5)),
    ],
)
def test_a_file_was_downloaded_on_the_earlier_of_its_two_days(
    tmp_path: Path, modified: date, packed: date | None, expected: date
) -> None:
    path = tmp_path / "history.csv"
    path.touch()
    noon = (modified - date(1970, 1, 1)).days * 86_400 + 43_200
    os.utime(path, (noon, noon))
    with path.open("rb") as file:
        assert downloaded_on(file, packed) == expected


def test_a_file_was_not_downloaded_in_the_future(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.touch()
    os.utime(path, (2**33, 2**33))
    before = date.today()
    with path.open("rb") as file:
        assert before <= downloaded_on(file, None) <= date.today()
