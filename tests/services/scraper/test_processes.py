"""The scraper as a process: what it leaves behind, also when it is killed, and that no secret gets out."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis

from netflix_trend import __version__
from netflix_trend.delivery.inbox import Delivery, pack, unpack
from services.scraper.browser import sandbox_works
from services.scraper.cookies import Jar
from services.scraper.failures import CAUSES
from services.scraper.run_state import Latch, Plan, Result, RunState
from services.scraper.scheduled import ScheduledRuns
from tests.ports import free_port
from tests.services.runtime.redis_server import redis_server
from tests.services.scraper.leaks import leaks, unpacked
from tests.services.scraper.stand_in import EMAIL, ME, NETFLIX_ID, OTHER, PASSWORD, SECURE_ID, TITLE, Knobs
from tests.waiting import PATIENCE, wait_for

__all__ = ["redis_server"]
pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[3]
PROCESS = Path(__file__).parent / "process.py"


@pytest.fixture(scope="session")
def somebody():
    """How to start a process for which Chromium's sandbox works, None where this kernel forbids it.

    The sandbox refuses root. Who is root here becomes somebody else in a namespace of users, the same for all, as in a
    container.
    """
    if os.geteuid() != 0:
        yield () if sandbox_works() else None
        return
    anchor = subprocess.Popen(["unshare", "--user", "--map-user=1000", "--map-group=1000", "sleep", "infinity"])
    try:
        comm = Path(f"/proc/{anchor.pid}/comm")
        wait_for(lambda: anchor.poll() is not None or comm.read_text() == "sleep\n", "the namespace is there")
        enter = ("nsenter", f"--user=/proc/{anchor.pid}/ns/user", "--preserve-credentials")
        code = "import sys; from services.scraper.browser import sandbox_works; sys.exit(not sandbox_works())"
        done = subprocess.run([*enter, sys.executable, "-c", code], cwd=ROOT, check=False)
        yield enter if done.returncode == 0 else None
    finally:
        anchor.kill()
        anchor.wait()


class Machine:
    """A participant's machine as far as the scraper sees it."""

    def __init__(self, server, pages, temporary, somebody):
        self.server, self.pages, self.temporary, self.somebody = server, pages, temporary, somebody
        self.folder = server.folder / "scraper"
        self.folder.mkdir()
        self.password_file = server.folder / "netflix_password"
        self.state = RunState(self.folder)

    def environment(self, **changes):
        return {
            **self.server.environment("scraper"),
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.temporary),
            "HOME": str(self.temporary),
            "SCRAPER_DIR": str(self.folder),
            "SCRAPE_WITH": "password",
            "NETFLIX_EMAIL": EMAIL,
            "NETFLIX_PASSWORD_FILE": str(self.password_file),
            "NETFLIX_PROFILE_NAME": ME[1],
            "CHROMIUM_SANDBOX": "off" if self.somebody is None else "on",
            **changes,
        }

    def command(self, verb, *more):
        return [*(self.somebody or ()), sys.executable, str(PROCESS), verb, *self.pages.arguments, *more]

    def start(self, verb, *more, **changes):
        return subprocess.Popen(
            self.command(verb, *more),
            env=self.environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, verb, *more, **changes):
        process = self.start(verb, *more, **changes)
        output, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, output

    def queue(self):
        """All keys and values that Redis holds, read from its own file: the scraper may not read anything."""
        return b"".join(path.read_bytes() for path in (self.server.folder / "redis-data").rglob("*") if path.is_file())

    def messages(self):
        settings = self.server.settings("processor")
        with Redis(
            host="127.0.0.1", port=settings.redis_port, username="processor", password=settings.redis_password
        ) as client:
            return client.lrange("inbox", 0, -1)


@pytest.fixture
def machine(redis_server, stand_in, temporary, somebody):
    machine = Machine(redis_server, stand_in, temporary, somebody)
    machine.password_file.write_text(PASSWORD + "\n")
    return machine


def test_no_secret_is_written_anywhere(machine, wait_for):
    codes = {}
    for verb, knobs in (
        ("scrape", Knobs()),
        ("scrape", Knobs(active_after_download=OTHER[0])),
        ("faulty-scrape", Knobs(login="one_step")),
        ("scrape", Knobs(after_password="wrong")),
    ):
        machine.state.reset()
        machine.state.jar_path.unlink(missing_ok=True)
        machine.pages.play(knobs)
        _, output = machine.run(verb)
        assert leaks(output) == [], output
        codes[machine.state.read(Result).code] = output
        for path in machine.folder.iterdir():
            allowed = (NETFLIX_ID, SECURE_ID) if path.name == "cookies.json" else ()
            assert leaks(path.read_bytes(), allowed) == [], path.name
            assert path.stat().st_mode & 0o077 == 0 or path.name == "run.lock", path.name
    assert set(codes) == {"OK", "WRONG_PROFILE", "INTERNAL_ERROR", "LOGIN_REJECTED"}
    assert "ValueError in process.py" in codes["INTERNAL_ERROR"]
    (message,) = machine.messages()
    assert TITLE.encode() in b"".join(unpack(message)[1])
    assert leaks(machine.queue(), allowed=(TITLE,)) == []
    assert TITLE.encode() in unpacked(machine.queue()), "else nothing was looked into"
    assert TITLE.encode() not in machine.queue()
    _, output = machine.run("doctor")
    assert leaks(output) == [], output
    assert list(machine.temporary.iterdir()) == []


def test_the_search_for_secrets_finds_them():
    assert leaks(f"x{PASSWORD}x{EMAIL}".encode()) == [EMAIL, PASSWORD]
    assert leaks(urllib.parse.quote(PASSWORD)) == [PASSWORD]
    delivery = Delivery(profile="me", source="browser", name=EMAIL, received=date(2026, 1, 1))
    assert leaks(b"x" + pack(delivery, io.BytesIO(PASSWORD.encode()))) == [EMAIL, PASSWORD]


def processes_of(folder):
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                parts = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
            except OSError:
                continue
            if f"NETFLIX_TREND_BROWSER={folder}".encode() in parts:
                found.append(int(place.name))
    return found


def test_after_a_kill_the_next_start_removes_leftovers(machine, wait_for):
    stage = machine.pages.play(Knobs(transfer="stall", rows=400))
    process = machine.start("scrape")
    wait_for(lambda: stage.downloads, "the download hangs")
    (profile,) = machine.temporary.glob("netflix-trend-browser-*")
    assert len(processes_of(profile)) > 2
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert profile.exists(), "kill -9 leaves the profile, else there is nothing to test"
    stage = machine.pages.play(Knobs())
    code, output = machine.run("scrape")
    assert code == 0, output
    assert not profile.exists()
    assert processes_of(profile) == []
    assert list(machine.temporary.iterdir()) == []
    assert len(machine.messages()) == 1


def test_a_run_that_is_asked_to_end_cleans_up(machine, wait_for):
    stage = machine.pages.play(Knobs(transfer="stall", rows=400))
    process = machine.start("scrape")
    wait_for(lambda: stage.downloads, "the download hangs")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert list(machine.temporary.iterdir()) == []
    assert machine.messages() == []


def is_driver(pid):
    return b"chromedriver" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_browser_that_crashes_leaves_no_dump_and_is_named(machine, wait_for):
    stage = machine.pages.play(Knobs(transfer="stall", rows=400))
    process = machine.start("scrape")
    wait_for(lambda: stage.downloads, "the download hangs")
    (profile,) = machine.temporary.glob("netflix-trend-browser-*")
    browser = [pid for pid in processes_of(profile) if not is_driver(pid)]
    for pid in browser:
        os.kill(pid, signal.SIGSEGV)

    def has_crashed():
        """On a busy machine its own handler of the signal stops it instead of ending it; nothing wakes it then."""
        for pid in browser:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return not set(browser) & set(processes_of(profile))

    wait_for(has_crashed, "the browser has crashed")
    output, _ = process.communicate(timeout=PATIENCE)
    assert machine.state.read(Result).code == "BROWSER_CRASH"
    assert "BROWSER_CRASH: The browser could not be started or crashed." in output
    assert leaks(output) == []
    assert list(machine.temporary.iterdir()) == []
    assert machine.messages() == []


# The command line


def command(machine, verb, given="", **changes):
    return subprocess.run(
        [sys.executable, "-m", "services.scraper", verb],
        env=machine.environment(**changes), input=given, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip


def test_a_password_in_the_environment_is_refused(machine):
    done = command(machine, "scrape", NETFLIX_PASSWORD=PASSWORD)
    assert done.returncode == 2
    assert "NETFLIX_PASSWORD" in done.stderr
    assert PASSWORD not in done.stderr + done.stdout


def test_settings_of_selenium_itself_are_not_taken(machine):
    done = command(machine, "reset", SE_DEBUG="true")
    assert (done.returncode, done.stderr) == (0, ""), "Selenium says that it logs everything"


def test_cookies_come_on_standard_input(machine):
    cookies = [{"name": name, "value": value, "domain": ".netflix.com"} for name, value in (
        ("NetflixId", NETFLIX_ID), ("SecureNetflixId", SECURE_ID), ("memclid", "x"))]  # fmt: skip
    done = command(machine, "import-cookies", json.dumps(cookies))
    assert (done.returncode, leaks(done.stdout + done.stderr)) == (0, [])
    assert "2 cookies" in done.stdout
    machine.pages.play(Knobs(gate=False))
    assert machine.run("scrape", SCRAPE_WITH="cookies")[0] == 0
    done = command(machine, "import-cookies", "hello")
    assert done.returncode == 1
    assert "cookies.txt" in done.stdout


def test_a_failure_is_explained_and_reset_releases_its_latch(machine):
    stage = machine.pages.play(Knobs(before_login="captcha"))
    code, output = machine.run("scrape")
    assert code == 1
    assert "CAPTCHA: Netflix asks for a human check." in output
    assert "Netflix's terms of use forbid automated access" in output
    assert "not against Netflix" in output
    before = len(stage.requests)
    assert "latched since" in machine.run("scrape")[1]
    assert len(stage.requests) == before
    assert machine.state.read(Latch) is not None
    assert command(machine, "reset").returncode == 0
    assert machine.state.read(Latch) is None


def test_doctor_prints_what_a_maintainer_needs(machine):
    machine.pages.play(Knobs())
    code, output = machine.run("doctor")
    assert code == 0, output
    adequate = "no" if machine.somebody is None else "yes"
    for words in (
        f"netflix-trend {__version__}, selectors 20",
        "browser Chromium",
        f"sandbox adequate: {adequate}",
        "page /login: LOGIN_EMAIL",
        "groups: email, ",
        "  login-submit-button",
    ):
        assert words in output


def test_doctor_prints_the_hooks_of_every_page_and_nothing_of_the_person(machine):
    names = {"NetflixId": NETFLIX_ID, "SecureNetflixId": SECURE_ID}
    Jar(machine.state.jar_path).save(
        [{"name": name, "value": value, "domain": ".netflix.com"} for name, value in names.items()]
    )
    machine.pages.play(Knobs(gate_kind="2026"))
    code, output = machine.run("doctor")
    assert code == 0, output
    for words in ("page /profiles/manage: PROFILES", "  profile-gate-screen", "  profile-selector+tile-*"):
        assert words in output
    assert leaks(output) == []
    machine.pages.play(Knobs(gate_kind="unknown"))
    output = machine.run("doctor")[1]
    assert "  people-picker+pick-*" in output
    assert leaks(output) == []


# The schedule, with real processes


def test_the_schedule_runs_when_it_is_time_and_plans_the_next(machine, wait_for, monkeypatch):
    for name, value in machine.environment().items():
        monkeypatch.setenv(name, value)
    machine.pages.play(Knobs())
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    runs = ScheduledRuns(
        machine.folder,
        machine.command("scrape"),
        lambda: now[0],
        lambda n: n // 2,
    )
    runs.check()
    planned = machine.state.read(Plan).next_run
    assert planned == now[0] + timedelta(days=3.5)
    runs.check()
    assert machine.messages() == []
    now[0] = planned

    def delivered():
        runs.check()
        return not runs.running and machine.state.read(Plan).next_run > planned

    wait_for(delivered, "a run ends")
    assert machine.state.read(Result).code == "OK"
    assert len(machine.messages()) == 1


def test_without_being_asked_the_browser_never_runs(machine, wait_for):
    environment = machine.environment(SCRAPE_EVERY="")
    process = subprocess.Popen([sys.executable, "-m", "services.scraper"], env=environment, stdout=subprocess.PIPE)
    try:
        wait_for((machine.server.folder / "scraper.heartbeat").exists, "it watches")
        assert not (machine.folder / "plan.json").exists()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert [path.name for path in machine.folder.iterdir()] == [".tidied"], "when leftovers were looked for"


# Assisted login


class Page:
    """The page on 127.0.0.1 as a person's browser talks to it."""

    def __init__(self, address):
        parts = urllib.parse.urlsplit(address)
        self.port, self.path, self.cookie, self.token = parts.port, f"{parts.path}?{parts.query}", "", ""

    def ask(self, path, body=None, host=None, origin=None, cookie=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Host": host or f"127.0.0.1:{self.port}", "Cookie": self.cookie if cookie is None else cookie}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Origin": origin or f"http://127.0.0.1:{self.port}"}
            headers |= {"X-Token": self.token}
        connection.request(
            "GET" if body is None else "POST", path, json.dumps(body) if body is not None else None, headers
        )
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def open(self):
        # Shortly after a wrong token none is looked at.
        looked = lambda: (answer := self.ask(self.path, cookie=""))[0] != 429 and answer  # noqa: E731
        status, page, headers = wait_for(looked, "the token is looked at")
        assert status == 200
        self.token = re.search(rb"'X-Token': '(\w+)'", page)[1].decode()
        self.cookie = headers["Set-Cookie"].split(";")[0]
        return headers

    def asked(self):
        """Return what the page shows above its picture."""
        return urllib.parse.unquote(self.ask("/screen")[2].get("X-Status", ""))

    def type(self, text, *keys):
        for body in ({"kind": "text", "text": text}, *({"kind": "key", "key": key} for key in keys)):
            assert self.ask("/input", body)[0] == 204


def opened(process):
    """Return the page whose address a process of the assisted login prints, and the address's own output."""
    output = ""
    while "token=" not in output:
        line = process.stdout.readline()
        assert line, output
        output += line
    return Page(re.search(r"http://\S+", output)[0]), output


def test_a_person_signs_in_with_a_code_and_the_history_is_fetched_at_once(machine, wait_for):
    stage = machine.pages.play(Knobs(login="one_step", after_password="code", gate_kind="2026"))
    port = free_port()
    process = machine.start("login", str(port))
    page, output = opened(process)
    wrong = page.path[:-4] + ("0000" if not page.path.endswith("0000") else "1111")
    assert page.ask(wrong)[0] == 403
    assert page.ask("/screen")[0] == 403, "without the cookie nothing is shown"
    assert page.ask(page.path, host="evil.example.org")[0] == 421
    headers = page.open()
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "HttpOnly" in headers["Set-Cookie"]
    assert page.ask(page.path, cookie="")[0] == 403, "the token works once"
    assert page.ask("/input", {"kind": "text", "text": "x"}, origin="http://evil.example.org")[0] == 403
    assert page.ask("/input", {"kind": "text", "text": "x"}, host=f"evil.example.org:{port}")[0] == 421
    assert page.ask("/input", {"kind": "fly"})[0] == 400
    status, picture, _ = page.ask("/screen")
    assert (status, picture[:3]) == (200, b"\xff\xd8\xff")
    wait_for(lambda: page.asked() == CAUSES["SESSION_EXPIRED"].ask, "the person is asked to sign in")
    # The page of the stand-in has its fields first; Tab goes from one to the next, as for anybody.
    assert page.ask("/input", {"kind": "click", "x": 20, "y": 20})[0] == 204
    page.type(EMAIL, "Tab")
    page.type(PASSWORD, "Enter")
    wait_for(lambda: stage.password_posts == 1, "the sign-in is posted")
    wait_for(lambda: page.asked() == CAUSES["CODE_REQUIRED"].ask, "the person is asked for the code")
    wait_for(lambda: answered(page, stage, "POST /code"), "the code is accepted")
    rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + rest
    assert "OK: The viewing history was fetched" in rest
    (message,) = machine.messages()
    assert b"".join(unpack(message)[1]) == stage.csv()
    token = page.path.split("=")[1]
    assert leaks((output + rest).replace(token, "")) == []
    assert {cookie["name"] for cookie in Jar(machine.state.jar_path).load()} == {"NetflixId", "SecureNetflixId"}
    assert machine.state.jar_path.stat().st_mode & 0o777 == 0o600
    stage.knobs.after_password = "wrong"
    assert machine.run("scrape", SCRAPE_WITH="cookies")[0] == 0
    assert stage.password_posts == 1
    assert list(machine.temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("knobs", "ask", "post"),
    [
        (Knobs(gate_kind="2026", locked=True, pin_kind="2026"), "PROFILE_LOCKED", "POST /pin"),
        (Knobs(interstitial=True), None, "POST /answer"),
    ],
    ids=["pin", "page_that_is_not_known"],
)
def test_a_person_answers_what_is_in_the_way_and_the_history_is_fetched(machine, wait_for, knobs, ask, post):
    names = {"NetflixId": NETFLIX_ID, "SecureNetflixId": SECURE_ID}
    Jar(machine.state.jar_path).save(
        [{"name": name, "value": value, "domain": ".netflix.com"} for name, value in names.items()]
    )
    stage = machine.pages.play(knobs)
    process = machine.start("login", str(free_port()))
    page, output = opened(process)
    page.open()
    if ask:
        wait_for(lambda: page.asked() == CAUSES[ask].ask, "the person is asked")
    wait_for(lambda: answered(page, stage, post), "the answer is accepted")
    rest, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output + rest
    (message,) = machine.messages()
    assert b"".join(unpack(message)[1]) == stage.csv()
    assert stage.password_posts == 0
    assert list(machine.temporary.iterdir()) == []


def answered(page, stage, post):
    """Type into the field that the browser shows, until the stand-in has got the answer."""
    if post in stage.requests:
        return True
    try:
        page.ask("/input", {"kind": "click", "x": 20, "y": 20})
        page.ask("/input", {"kind": "text", "text": "1234"})
        page.ask("/input", {"kind": "key", "key": "Enter"})
    except (OSError, http.client.HTTPException):
        return post in stage.requests
    return False
