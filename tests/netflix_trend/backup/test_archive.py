"""The file of a backup: it comes back as it was, and whatever is wrong with it is said before anything is used."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from netflix_trend.backup import archive, sealed_stream
from netflix_trend.backup.archive import BackupError, Manifest, Reader, Source, described, write_archive
from tests.mutations import flipped

FILES = {"private/raw/a.csv": os.urandom(200_000), "private/choices.json": b"{}", "publisher/receipts/x.json": b""}
PASSPHRASE = "correct horse"


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a key is what makes it slow, and nothing here depends on it."""
    monkeypatch.setattr(sealed_stream, "_COST", 1 << 4)


def backup(files: dict[str, bytes] = FILES, passphrase: str = "") -> bytes:
    sources = [Source.of_bytes(name, data, 1_700_000_000) for name, data in files.items()]
    out = io.BytesIO()
    write_archive(out, described("participant", sources), sources, passphrase)
    return out.getvalue()


def unpack(
    data: bytes, folder: Path, passphrase: str = "", allowed: Callable[[str], bool] = lambda _: True
) -> Manifest:
    return Reader(io.BytesIO(data)).unpack(folder / "new", allowed, passphrase)


def there(folder: Path) -> dict[str, bytes]:
    files = (path for path in (folder / "new").rglob("*") if path.is_file())
    return {path.relative_to(folder / "new").as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_files_come_back_with_their_bytes_and_times(tmp_path: Path, passphrase: str) -> None:
    manifest = unpack(backup(passphrase=passphrase), tmp_path, passphrase)
    assert there(tmp_path) == FILES
    assert manifest.size == sum(map(len, FILES.values()))
    assert {path.stat().st_mtime for path in (tmp_path / "new").rglob("*.json")} == {1_700_000_000}


def test_an_encrypted_backup_shows_nothing_but_its_role(tmp_path: Path) -> None:
    data = backup({"private/choices.json": b"a title" * 20_000}, PASSPHRASE)
    assert data.startswith(b"netflix-trend-backup 1 participant sealed\n")
    for word in (b"choices", b"title", b"manifest"):
        assert word not in data
    assert backup(passphrase=PASSPHRASE) != backup(passphrase=PASSPHRASE), "each has a key of its own"


def test_a_plain_backup_can_be_opened_by_tar(tmp_path: Path) -> None:
    line, _, packed = backup().partition(b"\n")
    assert line == b"netflix-trend-backup 1 participant plain"
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
        assert tar.getnames() == ["manifest.json", *FILES]


def test_a_wrong_or_missing_passphrase_says_so_and_writes_nothing(tmp_path: Path) -> None:
    data = backup(passphrase=PASSPHRASE)
    with pytest.raises(BackupError, match="passphrase is wrong"):
        unpack(data, tmp_path, "another")
    with pytest.raises(BackupError, match="enter its passphrase"):
        unpack(data, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_no_changed_cut_or_longer_backup_is_taken_for_a_whole_one(tmp_path: Path, passphrase: str) -> None:
    data = backup(passphrase=passphrase)
    # Between the first line and the end; in the header of gzip some bytes mean nothing.
    places = range(60, len(data), len(data) // 25)
    changed = [flipped(data, at) for at in places]
    for number, one in enumerate([*changed, *(data[:at] for at in places), data[:-1], data + b"x", data + data]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(BackupError):
            unpack(one, folder, passphrase)


def test_pieces_of_an_encrypted_backup_cannot_change_places(tmp_path: Path) -> None:
    data = backup({"private/raw/a.csv": os.urandom(300_000)}, PASSPHRASE)
    start, piece = data.index(b"\n") + 1 + 16, (1 << 16) + 16
    first, second = data[start : start + piece], data[start + piece : start + 2 * piece]
    swapped = data[:start] + second + first + data[start + 2 * piece :]
    left_out = data[: start + piece] + data[start + 2 * piece :]
    cut_at_a_piece = data[: start + 2 * piece]
    as_another = data.replace(b"participant", b"aggregator", 1)
    for number, one in enumerate((swapped, left_out, cut_at_a_piece, as_another)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(BackupError):
            unpack(one, folder, PASSPHRASE)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"", "no backup"),
        (b"PK\x03\x04 a zip", "no backup"),
        (b"netflix-trend-backup 2 participant plain\n", "later version"),
        (b"netflix-trend-backup 1 pirate plain\n", "first line"),
        (b"netflix-trend-backup 1 participant plain\n", "damaged"),
        (b"netflix-trend-backup 1 participant plain\nno gzip", "damaged"),
        (b"x" * 1_000_000, "no backup"),
    ],
)
def test_what_is_no_backup_is_refused_with_the_reason(tmp_path: Path, start: bytes, said: str) -> None:
    with pytest.raises(BackupError, match=said):
        unpack(start, tmp_path)
    assert not list(tmp_path.iterdir())


def forged(
    members: list[tarfile.TarInfo], datas: list[bytes], files: list[dict[str, object]], **about: object
) -> bytes:
    """A backup that somebody has made by hand."""

    manifest = {
        "schema_version": 1,
        "role": "participant",
        "made_at": "2026-11-09T00:00:00Z",
        "version": "x",
        "turn": 0,
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        data = json.dumps({**manifest, "files": files, **about}).encode()
        first = tarfile.TarInfo("manifest.json")
        first.size = len(data)
        tar.addfile(first, io.BytesIO(data))
        for member, content in zip(members, datas, strict=True):
            tar.addfile(member, io.BytesIO(content))
    return b"netflix-trend-backup 1 participant plain\n" + gzip.compress(out.getvalue())


def a_file(name: str, size: int = 1) -> dict[str, object]:
    return {"name": name, "size": size, "sha256": "0" * 64, "modified": 0}


def member(name: str, size: int = 1, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "private/../../x", "private//x", "private/.hidden", "private/a\nb", "x", "private/é"],
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackupError, match="manifest"):
        unpack(forged([], [], [a_file(name)]), tmp_path)
    with pytest.raises(BackupError):  # the manifest names another
        unpack(forged([member(name)], [b"x"], [a_file("private/choices.json")]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["new"])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    name = "private/choices.json"
    data = forged([member(name, 0, kind, "/etc/passwd")], [b""], [a_file(name, 0)])
    with pytest.raises(BackupError, match="stands in this backup"):
        unpack(data, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
    assert set(there(tmp_path).values()) <= {b""}


def test_a_file_that_does_not_belong_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="private/profiles/x does not belong"):
        unpack(forged([], [], [a_file("private/profiles/x")]), tmp_path, allowed=lambda name: "profiles" not in name)


def test_a_file_twice_a_later_format_and_a_wrong_role_are_refused(tmp_path: Path) -> None:
    twice = [a_file("private/choices.json")] * 2
    for data in (forged([], [], twice), forged([], [], [], schema_version=2), forged([], [], [], role="helper")):
        with pytest.raises(BackupError, match="manifest"):
            unpack(data, tmp_path)


def test_a_bomb_is_refused_by_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that asks for more than the disk has, and a member that is larger than its manifest says."""
    name = "private/raw/a.csv"
    with pytest.raises(BackupError, match="MB are free"):
        unpack(forged([], [], [a_file(name, 1 << 40)]), tmp_path)
    with pytest.raises(BackupError, match="is damaged"):
        unpack(forged([member(name, 50_000_000)], [bytes(50_000_000)], [a_file(name, 10)]), tmp_path)
    assert sum(map(len, there(tmp_path).values())) <= 10
    monkeypatch.setattr(archive, "_LARGEST_MANIFEST", 1_000)
    with pytest.raises(BackupError, match=r"manifest\.json in this backup is damaged"):
        unpack(forged([], [], [a_file(name)] * 20), tmp_path / "other")


def test_a_file_that_changes_meanwhile_is_not_backed_up_as_another(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"before")
    source = Source("private/raw/a.csv", 0, lambda: path.open("rb"))
    manifest = described("participant", [source])
    for after in (b"behind", b"before and more", b"be"):
        path.write_bytes(after)
        with pytest.raises(BackupError, match=r"private/raw/a\.csv has changed"):
            write_archive(io.BytesIO(), manifest, [source])
    path.unlink()
    with pytest.raises(BackupError, match="has changed"):
        write_archive(io.BytesIO(), manifest, [source])
