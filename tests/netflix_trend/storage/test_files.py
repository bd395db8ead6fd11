"""Atomic file writes, and safe reads of untrusted files."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netflix_trend.storage import files
from netflix_trend.storage.files import (
    UnsafeFile,
    open_untrusted,
    open_untrusted_folder,
    read_own,
    read_untrusted,
    restore_file,
    sync_folder,
    write_atomically,
)
from tests.netflix_trend.storage.full_disk import files_no_larger_than

LIMIT = 1000
TEN_GIGABYTES = 10 * 10**9


def refusal(root: Path, relative: str, limit: int = LIMIT) -> str:
    with pytest.raises(UnsafeFile) as caught:
        read_untrusted(root, relative, limit)
    return caught.value.reason


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Another datasite with one honest file, and beside it a file outside of it."""
    folder = tmp_path / "site"
    (folder / "app" / "releases").mkdir(parents=True)
    (folder / "app" / "releases" / "honest.json").write_bytes(b"honest")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "honest.json").write_bytes(b"secret")
    return folder


def test_an_honest_file_is_read(site: Path) -> None:
    assert read_untrusted(site, "app/releases/honest.json", LIMIT) == b"honest"


def test_a_file_of_exactly_the_limit_is_read(site: Path) -> None:
    assert read_untrusted(site, "app/releases/honest.json", 6) == b"honest"
    assert refusal(site, "app/releases/honest.json", 5) == "too_large"


def test_an_empty_file_is_read_as_nothing(site: Path) -> None:
    (site / "empty").touch()
    assert read_untrusted(site, "empty", LIMIT) == b""


@pytest.mark.parametrize("relative", ["missing", "app/missing", "missing/folder/file", "app/releases/missing.json"])
def test_a_missing_file_is_distinguished_from_an_unsafe_one(site: Path, relative: str) -> None:
    with pytest.raises(FileNotFoundError):
        read_untrusted(site, relative, LIMIT)


def test_a_symbolic_link_is_not_followed(site: Path, tmp_path: Path) -> None:
    (site / "app" / "link").symlink_to(tmp_path / "private" / "honest.json")
    assert refusal(site, "app/link") == "not_a_file"


def test_a_symbolic_link_to_a_file_of_the_same_folder_is_not_followed(site: Path) -> None:
    (site / "app" / "releases" / "link").symlink_to("honest.json")
    assert refusal(site, "app/releases/link") == "not_a_file"


def test_a_dangling_symbolic_link_is_unsafe_and_not_missing(site: Path) -> None:
    (site / "link").symlink_to("nowhere")
    assert refusal(site, "link") == "not_a_file"


@pytest.mark.parametrize("place", ["app", "app/releases"])
def test_a_linked_folder_on_the_way_is_not_followed(site: Path, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    (site / place).rename(outside)
    (site / place).symlink_to(outside)
    assert refusal(site, "app/releases/honest.json") == "not_a_file"


@pytest.mark.timeout(5)
def test_a_fifo_without_a_writer_does_not_hang(site: Path) -> None:
    os.mkfifo(site / "app" / "fifo")
    assert refusal(site, "app/fifo") == "not_a_file"


@pytest.mark.timeout(5)
def test_a_fifo_in_place_of_a_folder_does_not_hang(site: Path) -> None:
    os.mkfifo(site / "fifo")
    assert refusal(site, "fifo/file") == "not_a_file"


def test_a_file_in_place_of_a_folder_is_refused(site: Path) -> None:
    assert refusal(site, "app/releases/honest.json/file") == "not_a_file"


@pytest.mark.parametrize("relative", ["app", "app/releases"])
def test_a_folder_in_place_of_a_file_is_refused(site: Path, relative: str) -> None:
    assert refusal(site, relative) == "not_a_file"


def test_a_socket_is_refused(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert refusal(site, "socket") == "not_a_file"


@pytest.mark.timeout(5)
def test_a_device_is_refused() -> None:
    assert refusal(Path("/dev"), "zero") == "not_a_file"


def test_a_hard_link_to_a_file_elsewhere_is_refused(site: Path, tmp_path: Path) -> None:
    (site / "app" / "link").hardlink_to(tmp_path / "private" / "honest.json")
    assert refusal(site, "app/link") == "hard_link"


def test_a_sparse_file_of_ten_gigabytes_is_refused_by_its_size_without_reading(site: Path) -> None:
    huge = site / "huge"
    huge.touch()
    os.truncate(huge, TEN_GIGABYTES)
    with pytest.raises(UnsafeFile, match=rf"has {TEN_GIGABYTES} bytes, at most {LIMIT} are read") as caught:
        read_untrusted(site, "huge", LIMIT)
    assert caught.value.reason == "too_large"


def test_a_file_that_holds_more_than_its_size_says_is_refused() -> None:
    # Files of /proc say that they have no bytes, as a file does that grows while it is read.
    assert Path("/proc/version").stat().st_size == 0
    assert refusal(Path("/proc"), "version", 3) == "too_large"


@pytest.mark.parametrize(
    "relative",
    [
        "..",
        "../private/honest.json",
        "app/../../private/honest.json",
        "app/../app/releases/honest.json",
        "app/releases/..",
        ".",
        "./app/releases/honest.json",
        "app/./releases/honest.json",
        "",
        "/",
        "/etc/passwd",
        "app//releases/honest.json",
        "app/releases/",
    ],
)
def test_a_path_that_is_not_plainly_below_the_root_is_refused(site: Path, relative: str) -> None:
    assert refusal(site, relative) == "path"


def test_an_absolute_path_below_the_root_is_refused_too(site: Path) -> None:
    assert refusal(site, str(site / "app" / "releases" / "honest.json")) == "path"


def test_a_name_too_long_for_the_file_system_is_refused(site: Path) -> None:
    assert refusal(site, "app/" + "x" * 300) == "not_a_file"


def test_reading_and_refusing_leaves_no_file_open(site: Path, tmp_path: Path) -> None:
    (site / "link").symlink_to(tmp_path / "private" / "honest.json")
    (site / "hard").hardlink_to(tmp_path / "private" / "honest.json")
    os.mkfifo(site / "fifo")
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    read_untrusted(site, "app/releases/honest.json", LIMIT)
    for relative in ("app", "link", "hard", "fifo", "link/file", "fifo/file", "app/../x"):
        refusal(site, relative)
    refusal(site, "app/releases/honest.json", 1)
    with pytest.raises(FileNotFoundError):
        read_untrusted(site, "app/missing/file", LIMIT)
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_an_opened_file_is_read_in_parts_and_can_be_rewound(site: Path) -> None:
    with open_untrusted(site, "app/releases/honest.json", LIMIT) as file:
        assert (file.read(2), file.read(2), file.read(), file.read()) == (b"ho", b"ne", b"st", b"")
        file.seek(0)
        assert file.read() == b"honest"
        assert not file.writable()
        assert not os.get_inheritable(file.fileno())


def test_an_opened_file_stays_the_same_when_its_name_is_taken_by_a_link(site: Path, tmp_path: Path) -> None:
    path = site / "app" / "releases" / "honest.json"
    with open_untrusted(site, "app/releases/honest.json", LIMIT) as file:
        path.unlink()
        path.symlink_to(tmp_path / "private" / "honest.json")
        assert file.read() == b"honest"


@pytest.mark.parametrize(
    ("relative", "reason"), [("hard", "hard_link"), ("link", "not_a_file"), ("fifo", "not_a_file"), ("..", "path")]
)
def test_opening_refuses_what_reading_refuses(site: Path, tmp_path: Path, relative: str, reason: str) -> None:
    (site / "link").symlink_to(tmp_path / "private" / "honest.json")
    (site / "hard").hardlink_to(tmp_path / "private" / "honest.json")
    os.mkfifo(site / "fifo")
    with pytest.raises(UnsafeFile) as caught:
        open_untrusted(site, relative, LIMIT)
    assert caught.value.reason == reason == refusal(site, relative)


def test_the_root_may_be_an_open_folder_which_stays_open(site: Path) -> None:
    folder = open_untrusted_folder(site, "app/releases")
    try:
        for _ in range(2):
            with open_untrusted(folder, "honest.json", LIMIT) as file:
                assert file.read() == b"honest"
        with pytest.raises(UnsafeFile):
            open_untrusted(folder, "../releases/honest.json", LIMIT)
        assert os.listdir(folder) == ["honest.json"]  # noqa: PTH208
    finally:
        os.close(folder)


def test_a_closed_file_leaves_nothing_open(site: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with open_untrusted(site, "app/releases/honest.json", LIMIT) as file:
        assert len(os.listdir("/proc/self/fd")) == len(before) + 1  # noqa: PTH208
        file.read(1)
    with pytest.raises(UnsafeFile):
        open_untrusted(site, "app/releases/honest.json", 5)
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize("durable", [True, False])
def test_a_written_file_has_its_bytes_and_no_neighbour(tmp_path: Path, durable: bool) -> None:
    write_atomically(tmp_path / "file.json", b"new", durable=durable)
    assert (tmp_path / "file.json").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


@pytest.mark.parametrize("durable", [True, False])
def test_a_reader_of_the_old_file_keeps_the_old_bytes_to_the_end(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b"old" * 100_000)
    with path.open("rb") as reader:
        start = reader.read(3)
        write_atomically(path, b"new" * 50_000, durable=durable)
        assert start + reader.read() == b"old" * 100_000
    assert path.read_bytes() == b"new" * 50_000


def test_a_write_that_fails_half_way_keeps_the_old_file_and_leaves_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b"old")
    with files_no_larger_than(100_000), pytest.raises(OSError, match="File too large"):
        write_atomically(path, bytes(300_000))
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_a_write_that_fails_half_way_leaves_nothing_where_nothing_was(tmp_path: Path) -> None:
    with files_no_larger_than(100_000), pytest.raises(OSError, match="File too large"):
        write_atomically(tmp_path / "file.json", bytes(300_000))
    assert list(tmp_path.iterdir()) == []


def test_a_rename_that_fails_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "place", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert list((tmp_path / "place").iterdir()) == []


def test_anything_but_bytes_is_not_written_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "file.json", "text")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(tmp_path / "link", b"mine")
    assert (tmp_path / "target").read_bytes() == b"theirs"
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"mine"


def test_flushing_something_that_is_not_a_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")


def test_threads_that_write_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0" * 5000)
    whole = {bytes([48 + writer]) * 5000 for writer in range(4)}

    def write(writer: int) -> list[bytes]:
        seen = []
        for _ in range(100):
            write_atomically(path, bytes([48 + writer]) * 5000, durable=False)
            seen.append(path.read_bytes())
        return seen

    with ThreadPoolExecutor(4) as pool:
        seen = [data for some in pool.map(write, range(4)) for data in some]
    assert set(seen) <= whole
    assert list(tmp_path.iterdir()) == [path]


def test_anything_but_a_plain_file_is_read_as_none(tmp_path: Path) -> None:
    fifo, link, file = tmp_path / "fifo", tmp_path / "link", tmp_path / "file"
    os.mkfifo(fifo)
    file.write_bytes(b"abc")
    link.symlink_to(file)
    assert [read_own(path, 9) for path in (fifo, link, tmp_path, tmp_path / "none")] == [None] * 4
    assert read_own(file, 3) == b"abc"
    assert read_own(file, 2) is None


# Times by which a program sees that a file has changed


def put(path: Path, data: bytes, modified: float | None) -> int:
    """Write bytes to a file. Returns its modification time in whole seconds."""
    restore_file(path, data, durable=False, modified=modified)
    assert path.read_bytes() == data
    return int(path.stat().st_mtime)


@pytest.mark.parametrize("modified", [1_700_000_000.5, None])
def test_other_bytes_of_the_same_size_are_of_another_second(tmp_path: Path, modified: float | None) -> None:
    """Go's client of SyftBox looks at size and time only."""
    path, before = tmp_path / "manifest.json", 0
    for number in range(200):
        second = put(path, b"%04d" % number, modified)
        assert second != before
        assert not path.stat().st_mtime_ns % 1_000_000_000 or modified is None
        before = second


def test_a_given_time_depends_on_the_bytes_alone_and_is_never_passed(tmp_path: Path) -> None:
    path, seconds = tmp_path / "release.json", set()
    for number in range(50):
        first = put(path, b"%04d" % number, 1_700_000_000.5)
        path.unlink()
        assert put(path, b"%04d" % number, 1_700_000_000.5) == first, "a restored file is the same file"
        assert 1_700_000_000 - 2**20 < first <= 1_700_000_000
        seconds.add(first)
        path.unlink()
    assert len(seconds) > 45


def test_bytes_whose_times_meet_are_told_apart(tmp_path: Path) -> None:
    """One pair of files in a million has the same time by its bytes."""
    path, data = tmp_path / "manifest.json", b"now"
    second = put(tmp_path / "elsewhere", data, 1_700_000_000)
    path.write_bytes(b"old")
    os.utime(path, (second, second))
    assert put(path, data, 1_700_000_000) == second - 1


def test_the_same_bytes_keep_their_time(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    put(path, b"same", 1_700_000_000)
    before = path.stat()
    assert not restore_file(path, b"same", durable=False, modified=1_800_000_000)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_folders_that_a_restored_file_needs_are_on_disk_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    files.restore_file(tmp_path / "a" / "b" / "file", b"x")
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
