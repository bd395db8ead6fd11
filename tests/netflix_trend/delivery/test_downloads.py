"""The downloads folder: which folder it is, and which of its files are new, complete and exports."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.delivery.archive import LARGEST_MEMBER
from netflix_trend.delivery.downloads import RECENT_SECONDS, Download, Watch, downloads_folder
from netflix_trend.delivery.settled import SETTLED_SECONDS
from netflix_trend.storage.files import UnsafeFile

NAME = "NetflixViewingHistory.csv"
CSV = 'Title,Date\n"Dark","1/13/26"\n'
NOW = 1_764_400_000.0


def packed(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "Profile Name,Start Time,Duration,Title\n")
    return data.getvalue()


@dataclass
class Folder:
    """A folder of downloads, and clocks that only move when a test says so."""

    path: Path
    seconds: float = 0.0

    def put(self, name: str, content: str | bytes = CSV, age: float = 0.0) -> Path:
        """Save a file, age seconds before now."""
        file = self.path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(file, (NOW + self.seconds - age,) * 2)
        return file

    def watch(self) -> Watch:
        return Watch(self.path, lambda: self.seconds, lambda: NOW + self.seconds)

    def later(self, watch: Watch) -> list[str]:
        """Look, wait until what is there has settled, and look again."""
        names = [one.path.name for one in watch.new()]
        assert names == [], "nothing is complete at its first sight"
        self.seconds += SETTLED_SECONDS
        return [one.path.name for one in watch.new()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        "NetflixViewingHistory (1).csv",
        "NetflixViewingHistory-1.csv",
        "NetflixViewingHistory – Kopie.csv",
        "Kopie von NetflixViewingHistory.csv",
        "netflixviewinghistory.CSV",
    ],
)
def test_an_export_that_appears_is_new(folder: Folder, name: str) -> None:
    watch = folder.watch()
    folder.put(name)
    assert folder.later(watch) == [name]


def test_what_was_there_is_not_new_until_it_changes(folder: Folder) -> None:
    folder.put(NAME, age=3600)
    watch = folder.watch()
    assert folder.later(watch) == []
    folder.put(NAME, CSV * 2)
    assert folder.later(watch) == [NAME]


def test_a_file_that_was_saved_as_the_watch_began_is_new(folder: Folder) -> None:
    folder.put(NAME, age=1)
    watch = folder.watch()
    assert watch.earlier() is None
    assert folder.later(watch) == [NAME]


@pytest.mark.parametrize(
    "name",
    [
        f"{NAME}.crdownload",
        f"{NAME}.part",
        f"{NAME}.download",
        "Unconfirmed 123.crdownload",
        f".{NAME}",
        "report.csv",
        "NetflixViewingHistory.txt",
        "photos.zip",
    ],
)
def test_partial_downloads_and_other_files_are_never_taken(folder: Folder, name: str) -> None:
    watch = folder.watch()
    folder.put(name, packed("IMG_1.jpg") if name.endswith(".zip") else CSV)
    assert folder.later(watch) == []


def test_an_empty_file_that_keeps_the_name_free_is_not_taken(folder: Folder) -> None:
    """Firefox and Safari make it, write the content to a .part file, and rename that at the end."""
    watch = folder.watch()
    folder.put(NAME, "")
    part = folder.put("x8Fk2a.csv.part")
    assert folder.later(watch) == []
    part.replace(folder.path / NAME)
    assert folder.later(watch) == [NAME]


def test_a_file_that_grows_is_taken_when_it_has_ended(folder: Folder) -> None:
    watch = folder.watch()
    for size in range(1, 4):
        folder.put(NAME, CSV * size)
        assert watch.new() == []
        folder.seconds += SETTLED_SECONDS - 0.1
    assert watch.new() == []
    folder.seconds += 0.2
    assert [one.path.name for one in watch.new()] == [NAME]


def test_an_archive_is_known_by_its_member_and_no_other_member_is_opened(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    really = zipfile.ZipFile.open

    def noting(self: zipfile.ZipFile, member: zipfile.ZipInfo, *more: Any, **named: Any) -> Any:
        if named.get("mode", "r") == "r":
            opened.append(member.filename)
        return really(self, member, *more, **named)

    monkeypatch.setattr(zipfile.ZipFile, "open", noting)
    watch = folder.watch()
    folder.put("netflix-report.zip", packed("PAYMENT/Bills.csv", "CONTENT_INTERACTION/ViewingActivity.csv"))
    folder.put("photos.zip", packed("IMG_1.jpg"))
    folder.put("thesis.zip", packed("word/document.xml"))
    folder.put("backup.zip", packed("other.zip"))
    folder.put("cut.zip", packed("CONTENT_INTERACTION/ViewingActivity.csv")[:-30])
    folder.put("page.zip", "<html>")
    folder.put("sheet.zip", packed("[Content_Types].xml", "xl/workbook.xml"))
    assert folder.later(watch) == ["netflix-report.zip"]
    assert opened == ["CONTENT_INTERACTION/ViewingActivity.csv"]
    watch.new()
    assert len(opened) == 1, "a zip is looked into once"


def test_an_archive_that_cannot_be_used_is_handed_over_to_say_why(folder: Folder) -> None:
    watch = folder.watch()
    folder.put("two.zip", packed("a/ViewingActivity.csv", "b/ViewingActivity.csv"))
    assert folder.later(watch) == ["two.zip"]


def test_links_folders_and_huge_files_are_never_opened(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other") / NAME
    other.write_text(CSV)
    watch = folder.watch()
    (folder.path / "NetflixViewingHistory-1.csv").symlink_to(other)
    os.link(other, folder.path / "NetflixViewingHistory-2.csv")
    (folder.path / "NetflixViewingHistory-3.csv").mkdir()
    os.mkfifo(folder.path / "NetflixViewingHistory-4.csv")
    with (folder.path / "NetflixViewingHistory-5.csv").open("wb") as file:
        file.truncate(LARGEST_MEMBER + 1)
    assert folder.later(watch) == []
    folder.put(NAME)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    assert folder.later(watch) == [], "a file of somebody else"


def test_the_newest_recent_export_is_offered(folder: Folder) -> None:
    folder.put("NetflixViewingHistory (1).csv", age=300)
    folder.put(NAME, age=120)
    folder.put("photos.zip", packed("IMG_1.jpg"), age=60)
    found = folder.watch().earlier()
    assert found is not None
    assert found.path.name == NAME


@pytest.mark.parametrize("age", [RECENT_SECONDS + 1, 30 * 86_400])
def test_an_older_export_is_not_offered(folder: Folder, age: float) -> None:
    folder.put(NAME, age=age)
    assert folder.watch().earlier() is None


def test_several_new_files_come_in_the_order_of_their_times(folder: Folder) -> None:
    watch = folder.watch()
    folder.put("NetflixViewingHistory (1).csv", age=1)
    folder.put(NAME, age=2)
    assert folder.later(watch) == [NAME, "NetflixViewingHistory (1).csv"]


def found_in(folder: Folder) -> Download:
    watch = folder.watch()
    folder.put(NAME)
    folder.later(watch)
    (one,) = watch.new()
    return one


def test_a_download_is_deleted_only_as_it_was_found(folder: Folder) -> None:
    one = found_in(folder)
    folder.put(NAME, CSV * 2)
    assert not one.is_unchanged()
    assert not one.delete()
    assert one.path.exists()
    one.path.unlink()
    assert found_in(folder).delete()
    assert not one.path.exists()
    assert not one.delete(), "it is gone"


def test_a_file_that_became_a_link_is_not_opened(folder: Folder) -> None:
    one = found_in(folder)
    with one.open() as file:
        assert file.read().decode() == CSV
    one.path.rename(folder.path / "other")
    one.path.symlink_to(folder.path / "other")
    with pytest.raises(UnsafeFile):
        one.open()


def test_another_file_of_the_same_name_is_not_opened(folder: Folder) -> None:
    watch = folder.watch()
    folder.put(NAME)
    folder.later(watch)
    (found,) = watch.new()
    (folder.path / NAME).rename(folder.path / "elsewhere.csv")
    folder.put(NAME, CSV.replace("Dark", "Okja"))

    with pytest.raises(UnsafeFile):
        found.open()
    assert not found.delete()
    assert (folder.path / NAME).exists()


def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Watch(tmp_path / "none")


# --- which folder it is


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('# comment\nXDG_DESKTOP_DIR="$HOME/Desktop"\nXDG_DOWNLOAD_DIR="$HOME/Herunterladen"\n', "Herunterladen"),
        ('XDG_DOWNLOAD_DIR="/data/my files"\n', "/data/my files"),
        ('XDG_DOWNLOAD_DIR="$HOME/"\n', "Downloads"),
        ('XDG_DOWNLOAD_DIR="relative"\n', "Downloads"),
        ('XDG_MUSIC_DIR="$HOME/Music"\n', "Downloads"),
        (None, "Downloads"),
    ],
)
def test_linux_has_the_folder_of_its_user_dirs(tmp_path: Path, text: str | None, expected: str) -> None:
    (tmp_path / ".config").mkdir()
    if text:
        (tmp_path / ".config" / "user-dirs.dirs").write_text(text)
    assert downloads_folder({}, tmp_path, platform="linux") == tmp_path / expected


def test_the_configuration_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "user-dirs.dirs").write_text('XDG_DOWNLOAD_DIR="$HOME/In"\n')
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    home = Path("/home/me")
    assert downloads_folder(environ, home, platform="linux") == home / "In"
    for platform in ("darwin", "win32"):
        assert downloads_folder(environ, home, platform=platform) == home / "Downloads"


def test_wsl_has_that_of_the_only_person_on_windows(tmp_path: Path) -> None:
    home, users = tmp_path / "home", tmp_path / "Users"
    for name in ("Public", "Default", "Ann"):
        (users / name / "Downloads").mkdir(parents=True)
    (users / "desktop.ini").touch()

    def found(**environ: str) -> Path:
        return downloads_folder(environ, home, platform="linux", windows=users)

    assert found(WSL_DISTRO_NAME="Ubuntu") == users / "Ann" / "Downloads"
    assert found() == home / "Downloads"
    (users / "Sam" / "Downloads").mkdir(parents=True)
    assert found(WSL_DISTRO_NAME="Ubuntu") == home / "Downloads", "whose is not known"
