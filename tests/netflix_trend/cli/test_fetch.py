"""The verb `fetch`: the person's own browser saves the file, and it is imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from netflix_trend.cli import fetch as verb
from netflix_trend.cli.fetch import Fetching, browser, delete_or_keep
from netflix_trend.cli.frame import Failure
from netflix_trend.delivery.downloads import NETFLIX_PAGE, Download
from netflix_trend.delivery.reminder import reminder
from netflix_trend.delivery.settled import SETTLED_SECONDS
from netflix_trend.interrupts import INTERRUPTED
from tests.netflix_trend.cli.app import EXPORT, Clone, clone_in
from tests.netflix_trend.cli.front_door import fake_docker, place_in, run
from tests.netflix_trend.cli.test_foreground import NO_VOLUME
from tests.waiting import PATIENCE

NAME = "NetflixViewingHistory.csv"
NOW = 1_764_400_000.0


@dataclass
class Person:
    """Somebody who saves files while `fetch` waits; time passes only when it pauses."""

    folder: Path
    saves: dict[float, tuple[str, str]] = field(default_factory=dict)
    seconds: float = 0.0
    visited: list[str] = field(default_factory=list)

    def save(self, name: str, text: str = EXPORT, age: float = 0.0) -> Path:
        file = self.folder / name
        file.write_text(text)
        os.utime(file, (NOW + self.seconds - age,) * 2)
        return file

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
        for due in [due for due in self.saves if due <= self.seconds]:
            self.save(*self.saves.pop(due))

    def fetching(self, minutes: float = 10) -> Fetching:
        return Fetching(
            self.folder,
            self.visited.append,
            60 * minutes,
            clock=lambda: self.seconds,
            now=lambda: NOW + self.seconds,
            pause=self.pause,
        )

    def fetched(self) -> list[str]:
        return [one.path.name for one in self.fetching().wait_for_files()]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], list[str]]:
    """Somebody at a terminal, who gives one answer to every question; returns the questions."""

    def answering(answer: bool) -> list[str]:
        asked: list[str] = []

        def confirm(question: str, **_: object) -> bool:
            asked.append(question)
            return answer

        monkeypatch.setattr(verb, "has_terminal", lambda: True)
        monkeypatch.setattr(click, "confirm", confirm)
        return asked

    return answering


# --- waiting


def test_the_page_is_opened_and_the_file_that_is_saved_is_taken(
    person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.save("other.csv")
    person.saves = {20: (NAME, EXPORT)}
    assert person.fetched() == [NAME]
    assert person.visited == [NETFLIX_PAGE]
    assert 20 + SETTLED_SECONDS <= person.seconds <= 20 + SETTLED_SECONDS + 1
    said = capsys.readouterr().out
    assert said.startswith(f"Opening {NETFLIX_PAGE}\n  1. Sign in")
    assert "click “Download all”" in said
    assert f"in {person.folder}, up to 10 min" in said
    assert f"Found {NAME}, saved at " in said
    assert "other" not in said


def test_without_a_browser_the_address_is_printed(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    person.saves = {5: (NAME, EXPORT)}
    fetching = person.fetching()
    fetching.open_page = None
    assert [one.path.name for one in fetching.wait_for_files()] == [NAME]
    assert person.visited == []
    assert f"Open {NETFLIX_PAGE} yourself.\n" in capsys.readouterr().out


def test_a_terminal_shows_how_long_is_still_waited(
    person: Person, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person.saves = {60: (NAME, EXPORT)}
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    person.fetched()
    said = capsys.readouterr().out
    assert "\r10:00 left  \r" in said
    assert "\r9:00 left   \r" in said
    assert f"\r            \rFound {NAME}" in said


def test_when_nothing_comes_in_time_the_next_step_is_named(person: Person) -> None:
    with pytest.raises(Failure, match=r"no new file in .* within 1.5 min.*DOWNLOADS_DIR in .env; or ./run.sh import"):
        person.fetching(minutes=1.5).wait_for_files()
    assert person.seconds == pytest.approx(90)


def test_a_recent_file_is_offered(person: Person, terminal: Callable[[bool], list[str]]) -> None:
    person.save(NAME, age=180)
    asked = terminal(True)
    assert person.fetched() == [NAME]
    assert asked == [f"{NAME} in {person.folder} is from 3 min ago. Take it?"]
    assert person.visited == [], "the page need not be opened"


def test_a_recent_file_that_is_not_the_one_is_left(person: Person, terminal: Callable[[bool], list[str]]) -> None:
    person.save(NAME, age=180)
    person.saves = {5: ("NetflixViewingHistory (1).csv", EXPORT)}
    terminal(False)
    assert person.fetched() == ["NetflixViewingHistory (1).csv"]


def test_without_a_terminal_a_recent_file_is_named_and_not_taken(
    person: Person, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "has_terminal", lambda: False)
    person.save(NAME, age=180)
    person.saves = {5: ("NetflixViewingHistory (1).csv", EXPORT)}
    assert person.fetched() == ["NetflixViewingHistory (1).csv"]
    assert "is from 3 min ago. To take it: ./run.sh import FILE" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["lynx", "/usr/bin/w3m", "www-browser"])
def test_a_browser_in_the_terminal_is_not_opened(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser(name))
    assert browser() is None


def test_a_machine_without_a_browser_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    assert browser() is None
    monkeypatch.setattr(webbrowser, "get", lambda: SimpleNamespace(name="firefox", open=print))
    assert browser() is print


# --- the download afterwards


def saved(person: Person) -> Download:
    person.saves = {1: (NAME, EXPORT)}
    (one,) = person.fetching().wait_for_files()
    return one


def test_the_download_is_deleted_if_that_is_wanted(person: Person, terminal: Callable[[bool], list[str]]) -> None:
    one, asked = saved(person), terminal(False)
    delete_or_keep([one], False)
    assert asked == []
    delete_or_keep([one], None)
    assert asked == [f"Delete {NAME}?"]
    assert one.path.exists()
    delete_or_keep([one], True)
    assert not one.path.exists()


def test_a_download_that_has_changed_stays(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    one = saved(person)
    person.save(NAME, EXPORT * 2)
    delete_or_keep([one], True)
    assert one.path.exists()
    assert f"{NAME} stays in {person.folder}: it has changed" in capsys.readouterr().out


# --- the reminder


def test_a_reminder_is_written_and_nothing_is_replaced(clone: Path, path: Path) -> None:
    result = run(clone, path, "fetch", "--reminder", "monthly.ics")
    assert result.returncode == 0
    assert (clone / "monthly.ics").read_bytes() == reminder()
    assert not (clone / ".env").exists(), "nothing is decided by it"
    (clone / "monthly.ics").write_text("mine")
    result = run(clone, path, "fetch", "--reminder", "monthly.ics")
    assert result.returncode == 1
    assert result.stderr == "fetch: monthly.ics is there already; nothing was changed. Name another file\n"
    assert (clone / "monthly.ics").read_text() == "mine"
    said = run(clone, path, "fetch", "--reminder", "none/monthly.ics").stderr
    assert said == "fetch: there is no folder none. Make it, or name another file\n"


# --- the verb


def test_a_folder_that_is_not_there_is_named_before_anything_happens(clone: Path, path: Path) -> None:
    result = run(clone, path, "fetch")
    assert result.returncode == 1
    assert f"there is no folder {clone}/Downloads. Next:" in result.stderr
    assert "DOWNLOADS_DIR=~/Downloads; or ./run.sh import FILE" in result.stderr
    assert not (clone / ".env").exists()
    (clone / ".env").write_text("DOWNLOADS_DIR=~/In\n")
    assert f"there is no folder {clone}/In." in run(clone, path, "fetch").stderr


def test_the_page_of_the_app_looks_at_the_same_folder(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("DOWNLOADS_DIR=~/In\n")
    assert place_in(clone, path).machine.folder_environment()["DOWNLOADS_DIR"] == f"{clone}/In"


def test_a_container_has_no_browser(clone: Path, path: Path) -> None:
    result = run(clone, path, "fetch", IN_CONTAINER="1")
    assert result.returncode == 1
    assert "there is no browser in a container" in result.stderr


@pytest.fixture
def saving(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that saves the file when it is opened."""
    folder = clone / "Downloads"
    folder.mkdir()
    opened = SimpleNamespace(name="firefox", open=lambda _: (folder / NAME).write_text(EXPORT))
    monkeypatch.setattr(webbrowser, "get", lambda: opened)
    return folder


def test_with_docker_the_file_goes_into_the_drop_folder(clone: Path, path: Path, saving: Path) -> None:
    fake_docker(path, NO_VOLUME)
    (clone / ".env").write_text("MODE=containers\n")
    result = run(clone, path, "fetch", "--delete", "--profile", "Anna", "--date-order", "mdy")
    assert result.returncode == 0, result.stderr
    assert (clone / "drop" / NAME).read_text() == EXPORT
    assert (clone / "drop" / f".{NAME}.options").read_text() == "profile=Anna\ndate_order=mdy\ncopy=yes\n"
    assert list(saving.iterdir()) == []


def test_a_file_that_cannot_be_used_is_not_deleted(clone: Path, path: Path, saving: Path) -> None:
    (saving.parent / ".env").write_text("MODE=folders\n")
    opened = SimpleNamespace(name="firefox", open=lambda _: (saving / NAME).write_text("no export\n"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webbrowser, "get", lambda: opened)
        result = run(clone, path, "fetch", "--delete")
    assert result.returncode == 1
    assert f"{NAME}: cannot be used." in result.stdout
    assert (saving / NAME).exists()


# --- as a process, on a machine that has nothing yet


@pytest.fixture
def machine(tmp_path: Path, path: Path) -> Iterator[Clone]:
    with clone_in(tmp_path, path) as made:
        (made.folder / "Downloads").mkdir()
        yield made


def a_browser(machine: Clone, body: str) -> dict[str, str]:
    """The environment in which a program is the browser."""
    program = machine.folder / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >"$HOME/visited"\n{body}\n')
    program.chmod(0o755)
    return {**machine.environ, "BROWSER": str(program)}


def fetched(machine: Clone, environ: dict[str, str], *options: str) -> str:
    """Run the verb to its end; returns what it said."""
    before = len(machine.said())
    process = machine.start("fetch", *options, env=environ, stdin=subprocess.DEVNULL)
    code, said = process.wait(PATIENCE), machine.said()[before:]
    assert code == 0, said
    return said


def test_the_whole_verb_on_folders(machine: Clone) -> None:
    """The browser keeps the name free, saves to another one, renames it, and stays open."""
    saves = f"""cd "$HOME/Downloads"; touch {NAME}
cat >{NAME}.part <<'END'
{EXPORT}END
mv {NAME}.part {NAME}; exec sleep 60"""
    environ = a_browser(machine, saves)
    said = fetched(machine, environ, "--keep")
    assert (machine.folder / "visited").read_text() == f"{NETFLIX_PAGE}\n"
    assert f"Found {NAME}, saved at" in said
    assert "1 view on 2026-01-13: 1 episode of 1 show" in said
    assert "already" not in said
    assert "Dark" not in said, "no title"
    assert (machine.folder / "Downloads" / NAME).read_text() == EXPORT, "it was asked to stay"
    assert "MODE=folders" in (machine.home / ".env").read_text()
    assert (machine.home / "private" / "raw").is_dir()
    again = fetched(machine, environ, "--delete")
    assert f"{NAME} in {machine.folder}/Downloads is from 0 min ago. To take it: ./run.sh import FILE" in again
    assert f"{NAME}: This file was imported on " in again
    assert f"{NAME} was deleted." in again
    assert list((machine.folder / "Downloads").iterdir()) == []


def test_ctrl_c_ends_it_in_one_line(machine: Clone) -> None:
    process = machine.start("fetch", env=a_browser(machine, "exec sleep 60"), stdin=subprocess.DEVNULL)
    machine.waits_until_said("Waiting for NetflixViewingHistory.csv")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == INTERRUPTED
    assert machine.said().endswith("\nEnded with Ctrl-C.\n")
    assert "Traceback" not in machine.said()
