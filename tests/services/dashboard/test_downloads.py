"""The downloads folder on the page Start: looked at when asked, one click to take what is found."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from html import unescape
from pathlib import Path

import pytest

from netflix_trend.delivery.downloads import NETFLIX_PAGE, WAITING_MINUTES
from netflix_trend.delivery.reminder import reminder
from netflix_trend.delivery.settled import SETTLED_SECONDS
from services.dashboard.backend import Refused
from services.dashboard.downloads import Downloads
from services.dashboard.imports import imported_files
from services.dashboard.web import create_app
from services.local.dashboard import OneProcess
from tests.services.dashboard.participant import HISTORY, ORIGIN, TODAY, Person

NAME = "NetflixViewingHistory.csv"
EXPORT = HISTORY + '"Dark: Season 1: Episode 1","10/13/26"\n'
NOW = 1_795_000_000.0


@dataclass
class Folder:
    """A downloads folder, and clocks that only move when a test says so."""

    path: Path
    seconds: float = 0.0

    def save(self, name: str = NAME, text: str = EXPORT, age: float = 0.0) -> Path:
        file = self.path / name
        file.write_text(text)
        os.utime(file, (NOW + self.seconds - age,) * 2)
        return file

    def watched(self) -> Downloads:
        return Downloads(self.path, lambda: self.seconds, lambda: NOW + self.seconds)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "Downloads").mkdir()
    return Folder(tmp_path / "Downloads")


@pytest.fixture
def looking(newcomer: Person, folder: Folder) -> Person:
    """Somebody whose page can look at the folder."""
    backend = OneProcess(newcomer.settings, lambda: TODAY)
    backend.downloads = folder.watched()
    newcomer.client = create_app(newcomer.settings, backend, lambda: TODAY).test_client()
    return newcomer


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def marks(html: str) -> list[str]:
    return re.findall(r'name="mark" value="(\w+)"', html)


def found(person: Person, folder: Folder) -> str:
    """Look at the page twice, as its script does, until what is there has settled; returns the page."""
    person.page("/")
    folder.seconds += SETTLED_SECONDS
    return person.page("/")


def test_a_link_opens_netflix_and_nothing_is_looked_at_before_it_is_asked_for(looking: Person, folder: Folder) -> None:
    text = looking.page("/")
    (link,) = re.findall(rf'<a [^>]*href="{NETFLIX_PAGE}"[^>]*>', text)
    assert 'target="_blank"' in link
    assert 'rel="noopener noreferrer"' in link
    assert "click “Download all”" in text
    folder.save()
    assert NAME not in text_of(found(looking, folder)).partition("Upload a file")[0].partition("Get the file")[2]


def test_a_download_is_found_and_taken_with_one_click(looking: Person, folder: Folder) -> None:
    folder.save("NetflixViewingHistory (1).csv", age=3600)
    text = looking.done("/fetch/look", {})
    assert "Download the file at Netflix now" in text
    assert f"in {folder.path} until " in text_of(text)
    assert '<noscript><meta http-equiv="refresh"' in text, "without a script the page looks again, too"
    assert not marks(text)
    before = looking.get("/status.json").json["mark"]
    folder.save()
    text = found(looking, folder)
    assert looking.get("/status.json").json["mark"] != before, "the script loads the page again"
    assert f"Found {NAME} of " in text_of(text)
    (mark,) = marks(text)
    text = looking.done("/fetch/take", {"mark": mark})
    assert "The file was read. What became of its rows is below." in text
    assert "1 row, 1 view (13 October 2026)" in text_of(text)
    assert not marks(text)
    assert (folder.path / NAME).read_text() == EXPORT, "it stays where it is"
    (file,) = imported_files(looking.settings.private_dir)
    assert file.received == min(date.fromtimestamp(NOW), date.today())
    assert list(looking.settings.output_dir.iterdir()) == []


def test_a_download_is_deleted_if_that_is_wanted(looking: Person, folder: Folder) -> None:
    looking.done("/fetch/look", {})
    file = folder.save()
    (mark,) = marks(found(looking, folder))
    assert "The download was deleted." in looking.done("/fetch/take", {"mark": mark, "delete": "yes"})
    assert not file.exists()


def test_the_same_file_again_says_so(looking: Person, folder: Folder) -> None:
    looking.upload(EXPORT)
    looking.done("/fetch/look", {})
    folder.save()
    (mark,) = marks(found(looking, folder))
    assert re.search(r"This file was imported on \d{4}-\d\d-\d\d already", looking.done("/fetch/take", {"mark": mark}))


def test_a_recent_download_is_offered_and_a_newer_one_is_still_waited_for(looking: Person, folder: Folder) -> None:
    folder.save(age=180)
    text = looking.done("/fetch/look", {})
    assert f"Found {NAME} of " in text_of(text)
    assert "which was there before" in text
    assert "Looking for" in text
    folder.save("NetflixViewingHistory (1).csv")
    assert len(marks(found(looking, folder))) == 2


@pytest.mark.parametrize("what", ["gone", "changed", "a link", "unknown"])
def test_what_is_not_there_any_more_is_not_taken(looking: Person, folder: Folder, what: str) -> None:
    looking.done("/fetch/look", {})
    file = folder.save()
    (mark,) = marks(found(looking, folder))
    if what == "changed":
        folder.save(text=EXPORT * 2)
    elif what != "unknown":
        file.rename(folder.path / "other")
        if what == "a link":
            file.symlink_to(folder.path / "other")
    text = looking.done("/fetch/take", {"mark": "0" if what == "unknown" else mark})
    assert "That file is gone or has changed." in text
    assert imported_files(looking.settings.private_dir) == []


def test_a_file_that_cannot_be_used_says_why_and_stays(looking: Person, folder: Folder) -> None:
    looking.done("/fetch/look", {})
    file = folder.save(text="no export\n")
    (mark,) = marks(found(looking, folder))
    text = looking.done("/fetch/take", {"mark": mark, "delete": "yes"})
    assert "Not used." in text
    assert "The download was not deleted." in text
    assert file.exists()


def test_the_folder_is_looked_at_for_ten_minutes(looking: Person, folder: Folder) -> None:
    looking.done("/fetch/look", {})
    folder.seconds += 60 * WAITING_MINUTES + 1
    folder.save()
    text = found(looking, folder)
    assert f"No new file came to {folder.path} until " in text_of(text)
    assert "http-equiv" not in text
    assert not marks(text)


def test_a_folder_that_is_not_there_says_what_to_set(newcomer: Person, tmp_path: Path) -> None:
    backend = OneProcess(newcomer.settings.model_copy(update={"downloads_dir": tmp_path / "none"}), lambda: TODAY)
    with pytest.raises(Refused, match=r"none cannot be looked at \(it is not there.*DOWNLOADS_DIR=~/Downloads"):
        backend.downloads.look()
    newcomer.client = create_app(newcomer.settings, backend, lambda: TODAY).test_client()
    assert "cannot be looked at" in newcomer.done("/fetch/look", {})


def test_a_folder_that_goes_away_is_not_looked_at_any_more(looking: Person, folder: Folder) -> None:
    looking.done("/fetch/look", {})
    folder.path.rmdir()
    assert "No new file came to" in looking.page("/")


def test_the_reminder_is_a_calendar(newcomer: Person) -> None:
    assert 'href="/reminder.ics"' in newcomer.page("/")
    response = newcomer.client.get("/reminder.ics", base_url=ORIGIN)
    assert response.content_type == "text/calendar; charset=utf-8"
    assert response.data == reminder()


def test_an_old_file_is_worth_replacing(newcomer: Person) -> None:
    newcomer.upload(EXPORT, downloaded="2026-10-14")
    text = newcomer.page("/")
    assert "Your newest file ends on 13 October 2026; ./run.sh fetch takes ten seconds." in text
    newcomer.upload(EXPORT, downloaded="2026-11-15")
    assert "Your newest file" not in newcomer.page("/")
