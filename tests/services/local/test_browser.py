"""The browser without Docker: its verbs as processes, with this machine's Chromium and the stand-in as Netflix."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netflix_trend.history.raw import RawStore
from services.scraper.cookies import Jar
from services.scraper.run_state import Plan, Result, RunState
from tests.netflix_trend.cli.app import Clone, clone_in
from tests.netflix_trend.cli.front_door import ROOT, make_clone, make_path
from tests.ports import free_port
from tests.services.scraper.conftest import stand_in, temporary
from tests.services.scraper.leaks import leaks
from tests.services.scraper.stand_in import EMAIL, ME, NETFLIX_ID, PASSWORD, SECURE_ID, Knobs, StandIn
from tests.services.scraper.test_processes import Page, answered, somebody
from tests.waiting import PATIENCE, wait_for

__all__ = ["somebody", "stand_in", "temporary"]
pytestmark = pytest.mark.browser
COOKIES = [
    {"name": name, "value": value, "domain": ".netflix.com"}
    for name, value in (("NetflixId", NETFLIX_ID), ("SecureNetflixId", SECURE_ID))
]


def give_browser(path: Path, pages: StandIn) -> None:
    """Put a Chromium on a PATH that takes the stand-in for Netflix, and the real ChromeDriver."""
    flags = shlex.join(pages.arguments)
    (path / "chromium").write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin exec /usr/bin/chromium {flags} "$@"\n')
    (path / "chromium").chmod(0o755)
    (path / "chromedriver").symlink_to(shutil.which("chromedriver") or "")


@dataclass
class Home:
    """A person's clone without Docker. somebody: starts a process that is not root, None where that cannot be."""

    clone: Path
    path: Path
    temporary: Path
    somebody: tuple[str, ...] | None

    @property
    def state(self) -> RunState:
        return RunState(self.clone / "scraper")

    @property
    def sandbox(self) -> dict[str, str]:
        """Chromium's sandbox as it is without a setting, unless it cannot work in this test."""
        return {"CHROMIUM_SANDBOX": "off"} if self.somebody is None else {}

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        # By its path: the processes have another PATH.
        enter = [shutil.which(self.somebody[0]) or "", *self.somebody[1:]] if self.somebody else []
        command = [*enter, sys.executable, "-P", "-m", "netflix_trend", *words]
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        paths = {"PATH": str(self.path), "PYTHONPATH": str(self.clone), "TMPDIR": str(self.temporary)}
        named = {"HOME": str(self.clone), "NETFLIX_PROFILE_NAME": ME[1], **self.sandbox, **environment}
        return subprocess.Popen(
            command, cwd=self.clone, env={**coverage, **paths, **named},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        process = self.start(*words, **environment)
        said, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, said

    def has_cookies(self) -> None:
        self.state.make()
        Jar(self.state.jar_path).save(COOKIES)

    def nothing_is_left(self) -> bool:
        """Whether the temporary folder is empty, and no process of a browser of it runs."""
        mark = f"NETFLIX_TREND_BROWSER={self.temporary}".encode()
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (place / "environ").read_bytes():
                    return False
            except OSError:
                continue
        return not list(self.temporary.iterdir())


@pytest.fixture
def home(
    tmp_path: Path, temporary: Path, somebody: tuple[str, ...] | None, tmp_path_factory: pytest.TempPathFactory
) -> Home:
    clone = make_clone(tmp_path / "clone")
    for name in ("netflix_trend", "services"):
        (clone / name).symlink_to(ROOT / name)
    return Home(clone, make_path(tmp_path_factory.mktemp("bin")), temporary, somebody)


def test_with_cookies_the_history_is_fetched_and_imported(home: Home, stand_in: StandIn) -> None:
    give_browser(home.path, stand_in)
    stage = stand_in.play(Knobs())
    (home.clone / "cookies.json").write_text(json.dumps(COOKIES))
    code, said = home.run("cookies", "cookies.json")
    assert (code, leaks(said)) == (0, []), said
    assert not (home.clone / "cookies.json").exists()
    folder = home.clone / "scraper"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "cookies.json").stat().st_mode) == 0o600

    code, said = home.run("scrape")
    assert code == 0, said
    assert "OK: The viewing history was fetched." in said
    assert "12 views of 1 file" in said
    assert leaks(said) == [], said
    assert home.state.read(Result).sandbox is (home.somebody is not None)
    (export,) = RawStore(home.clone / "private").exports()
    assert (export.source, export.profile) == ("browser", "me")
    assert (home.clone / "private" / "raw" / f"{export.sha256}.csv").read_bytes() == stage.csv()
    assert "MODE=folders" in (home.clone / ".env").read_text()
    code, said = home.run("insights", "--json")
    assert code == 0, said
    assert "Planted Title" in said
    assert home.nothing_is_left()


def test_a_person_signs_in_on_a_page(home: Home, stand_in: StandIn) -> None:
    give_browser(home.path, stand_in)
    stage = stand_in.play(Knobs(login="one_step", after_password="code"))
    process = home.start("login", LOGIN_PORT=str(free_port()))
    said = ""
    while "token=" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    page = Page(re.search(r"http://\S+", said)[0])
    page.open()
    assert page.ask("/input", {"kind": "click", "x": 20, "y": 20})[0] == 204
    page.type(EMAIL, "Tab")
    page.type(PASSWORD, "Enter")
    wait_for(lambda: stage.password_posts == 1, "the sign-in is posted")
    wait_for(lambda: answered(page, stage, "POST /code"), "the code is accepted")
    rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said + rest
    assert len(Jar(home.state.jar_path).load()) == 2
    assert "12 views of 1 file" in rest
    assert home.nothing_is_left()


def test_a_password_is_read_from_the_folder_of_secrets(home: Home, stand_in: StandIn) -> None:
    give_browser(home.path, stand_in)
    stand_in.play(Knobs())
    (home.clone / "secrets").mkdir()
    (home.clone / "secrets" / "netflix_password").write_text(PASSWORD + "\n")
    code, said = home.run("scrape", SCRAPE_WITH="password", NETFLIX_EMAIL=EMAIL)
    assert code == 0, said
    assert leaks(said) == []
    code, said = home.run("scrape", NETFLIX_PASSWORD=PASSWORD)
    assert code == 1
    assert "NETFLIX_PASSWORD: others can read" in said
    assert PASSWORD not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_asked_to_end_leaves_nothing(home: Home, stand_in: StandIn, number: signal.Signals) -> None:
    give_browser(home.path, stand_in)
    home.has_cookies()
    stage = stand_in.play(Knobs(transfer="stall", rows=400))
    process = home.start("scrape")
    wait_for(lambda: stage.downloads, "the download hangs")
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert home.nothing_is_left()
    assert not (home.clone / "private" / "raw").exists()


def test_what_is_missing_is_named_with_what_installs_it(home: Home) -> None:
    for tools, missing in (((), "Chromium and ChromeDriver"), (("chromium",), "ChromeDriver")):
        for tool in tools:
            (home.path / tool).symlink_to("/bin/true")
        code, said = home.run("scrape")
        assert code == 1
        assert re.search(rf"BROWSER_MISSING: .*\({missing} not found; .*nstall ", said), said
        assert "Traceback" not in said
    code, said = home.run("doctor")
    assert code == 1
    assert "browser none" in said
    assert "BROWSER_MISSING" in said


def test_a_driver_of_another_version_is_named_with_both_versions(home: Home, stand_in: StandIn) -> None:
    give_browser(home.path, stand_in)
    driver = home.path / "chromedriver"
    driver.unlink()
    driver.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "ChromeDriver 90.0.4430.24 (4c6d)"\nexit 1\n')
    driver.chmod(0o755)
    code, said = home.run("scrape")
    assert code == 1
    assert re.search(r"BROWSER_MISMATCH: .*\(Chromium \d+[\d.]*; ChromeDriver 90\.0\.4430\.24\)", said), said


def test_root_is_told_that_the_sandbox_refuses(home: Home, stand_in: StandIn) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root is refused")
    give_browser(home.path, stand_in)
    stage = stand_in.play(Knobs())
    home.has_cookies()
    home.somebody = ()
    code, said = home.run("scrape")
    assert code == 1
    assert "NO_SANDBOX" in said
    assert "it refuses to run as root" in said
    assert "CHROMIUM_SANDBOX=off" in said
    assert stage.requests == []


def test_a_history_that_cannot_be_stored_is_named(home: Home, stand_in: StandIn) -> None:
    give_browser(home.path, stand_in)
    stand_in.play(Knobs())
    home.has_cookies()
    (home.clone / "private").mkdir()
    (home.clone / "private" / "raw").touch()
    code, said = home.run("scrape")
    assert code == 1
    assert "NOT_STORED: The history could not be stored, nothing was imported. (it is there already)" in said


def test_its_folder_is_never_uploaded(home: Home) -> None:
    code, said = home.run("scrape", SCRAPER_DIR="datasites/me@example.org/scraper")
    assert code == 1
    assert "SCRAPER_DIR" in said
    assert "would be uploaded" in said


def test_a_port_that_is_none_is_refused(home: Home) -> None:
    code, said = home.run("login", LOGIN_PORT="http")
    assert (code, said) == (1, "login: LOGIN_PORT is 'http'; expected the number of a port, 1 to 65535, such as 8765\n")


# The app that stays


@pytest.fixture
def app(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    with clone_in(tmp_path / "clone", make_path(tmp_path_factory.mktemp("bin"))) as made:
        yield made


def test_the_app_fetches_the_history_every_week_if_asked(app: Clone, stand_in: StandIn) -> None:
    give_browser(app.path, stand_in)
    stand_in.play(Knobs())
    (app.home / ".env").write_text(
        f'SCRAPE_EVERY=weekly\nNETFLIX_PROFILE_NAME="{ME[1]}"\nCHROMIUM_SANDBOX=off\nMODE=folders\n'
    )
    state = RunState(app.home / "scraper")
    state.make()
    Jar(state.jar_path).save(COOKIES)
    state.write(Plan(next_run=datetime.now(UTC)))
    app.start()
    wait_for(lambda: state.read(Result), "a run ends")
    assert state.read(Result).code == "OK", app.said()
    wait_for((app.home / "private" / "profiles" / "me" / "viewing.duckdb").exists, "it is imported")
    wait_for(lambda: (state.read(Plan).next_run - datetime.now(UTC)).days >= 1, "the next run is planned")
    app.waits_until_said("run ended code=OK rows=12")
    assert leaks(app.said()) == []


def test_the_app_fetches_nothing_unless_asked(app: Clone, stand_in: StandIn) -> None:
    give_browser(app.path, stand_in)
    stage = stand_in.play(Knobs())
    (app.home / ".env").write_text("MODE=folders\nCHROMIUM_SANDBOX=off\n")
    RunState(app.home / "scraper").make()
    RunState(app.home / "scraper").write(Plan(next_run=datetime.now(UTC)))
    app.start()
    app.drop("export.csv")
    wait_for(lambda: list((app.home / "drop" / "done").glob("*")), "it looks")
    assert not [verb for verb in app.verbs() if verb.startswith("scrape")]
    assert stage.requests == []
