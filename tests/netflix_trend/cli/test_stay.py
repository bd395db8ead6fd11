"""The app that SyftBox starts, as processes: it stays, it is alone, it looks only when something is due."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netflix_trend.cli.alone import Lock, is_ours
from netflix_trend.cli.frame import Failure
from netflix_trend.cli.stay import Pause
from netflix_trend.participant.notice import NO_AGGREGATOR
from tests.netflix_trend.cli.app import EXPORT, LOOKING, Clone, clone_in, is_alive
from tests.netflix_trend.cli.front_door import fake_docker, lines
from tests.waiting import PATIENCE, stays, wait_for

# An engine that runs once $HOME/engine is there, and services that run until they are told to end.
LATE = (
    'case "$*" in "compose version") exit 0;; info) [ -e "$HOME/engine" ]; exit;; "volume inspect"*) exit 1;; esac; '
    'echo "$*" >>"$HOME/called"; '
)
SERVICES = "trap 'echo ended >>\"$HOME/called\"; exit 0' TERM; while :; do sleep .05; done"


@pytest.fixture
def app(tmp_path: Path, path: Path) -> Iterator[Clone]:
    with clone_in(tmp_path / "clone", path) as made:
        yield made


def ends(process: subprocess.Popen[bytes], app: Clone) -> None:
    """A signal ends the app and everything it started, without a word."""
    process.terminate()
    assert process.wait(PATIENCE) == 0, "SyftBox would start it again"
    wait_for(lambda: not app.processes(), "no process is left")
    assert "Traceback" not in app.said()


# Docker


@pytest.mark.parametrize("is_recorded", [True, False])
def test_docker_that_starts_later_is_waited_for(app: Clone, is_recorded: bool) -> None:
    (app.home / ".env").write_text("MODE=containers\n" if is_recorded else "")
    fake_docker(app.path, LATE + SERVICES)
    process = app.start()
    app.waits_until_said("The Docker engine does not run")
    wait_for(lambda: app.page()[0] == 503, "the page says so")
    assert "The Docker engine does not run" in app.page("/")[1]
    stays(lambda: process.poll() is None, "it waits")
    assert app.said().count("Waiting for it.") == 1, "once, not every minute"
    assert ("MODE=folders" in app.said()) != is_recorded, "a person who has decided needs no advice"
    (app.folder / "engine").touch()
    wait_for(lambda: lines(app.folder / "called"), "the services are started")
    assert app.called() == ["compose up --build"]
    assert app.page()[0] == 0, "the port is the container's"
    ends(process, app)
    assert app.called() == ["compose up --build", "ended"]


def test_who_does_not_want_to_wait_for_docker_says_so_in_env(app: Clone) -> None:
    fake_docker(app.path, LATE)
    process = app.start()
    app.waits_until_said("To work without Docker: MODE=folders in .env")
    (app.home / ".env").write_text("MODE=folders\n")
    app.waits_until_said(LOOKING)
    assert app.page()[0] == 200
    ends(process, app)


@pytest.mark.parametrize("folder", ["private/profiles/me", "publisher"])
def test_files_are_the_services_as_long_as_docker_may_start(app: Clone, folder: str) -> None:
    """Its volumes may contain everything: a second ledger would answer every round twice."""
    (app.home / folder).mkdir(parents=True)
    file = app.drop("a.csv")
    fake_docker(app.path, LATE)
    process = app.start()
    app.waits_until_said("Waiting for it.")
    stays(lambda: file.exists() and not app.verbs(), "nothing is taken")
    assert not (app.home / ".env").exists(), "nothing was decided"
    ends(process, app)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_who_works_on_folders_needs_no_services(app: Clone, is_recorded: bool) -> None:
    """The engine runs, but what was published is in a folder."""
    (app.home / "publisher").mkdir()
    if is_recorded:
        (app.home / ".env").write_text("MODE=folders\n")
    fake_docker(app.path, LATE)
    (app.folder / "engine").touch()
    process = app.start()
    wait_for(app.verbs, "it looks")
    assert not lines(app.folder / "called")
    assert "MODE=folders" in lines(app.home / ".env")
    ends(process, app)


@pytest.mark.parametrize("body", ["[ $1 != compose ]", None], ids=["no Compose", "no Docker"])
def test_without_docker_it_works_on_folders(app: Clone, body: str | None) -> None:
    if body:
        fake_docker(app.path, body)
    process = app.start()
    app.waits_until_said(LOOKING)
    assert app.said().startswith(NO_AGGREGATOR)
    drop = app.home / "drop"
    assert str(drop) in app.said()
    assert drop.is_dir(), "a person finds where to put a file"
    assert not (app.home / ".env").exists(), "nothing was decided"
    ends(process, app)


def test_services_that_end_with_an_error_are_started_again_after_a_pause_that_grows(app: Clone) -> None:
    fake_docker(app.path, LATE + "exit 7")
    (app.folder / "engine").touch()
    process = app.start()
    wait_for(lambda: len(lines(app.folder / "called")) >= 3, "it tries again")
    said = [line for line in app.said().splitlines() if "Next try" in line]
    assert [line.rpartition("in ")[2] for line in said[:2]] == ["1 min.", "2 min."]
    assert all("stopped with an error" in line for line in said)
    ends(process, app)


def test_services_that_a_person_has_stopped_stay_so_until_they_are_up_again(app: Clone) -> None:
    running = 'case "$*" in *" ps "*) [ ! -e "$HOME/up" ] || echo 123; exit 0;; esac; '
    fake_docker(app.path, running + LATE + '[ -e "$HOME/up" ] || exit 0; ' + SERVICES)
    (app.folder / "engine").touch()
    process = app.start()
    app.waits_until_said("To start them: ./run.sh up")
    (app.home / ".env").write_text("MODE=containers\nDASHBOARD_PORT=1\n")
    stays(lambda: len(lines(app.folder / "called")) == 1, "not against a person's will")
    (app.folder / "up").touch()
    wait_for(lambda: len(lines(app.folder / "called")) == 2, "it is their foreground again")
    ends(process, app)


def test_a_refused_setting_is_waited_for_too(app: Clone) -> None:
    """SyftBox starts an app that has ended with an error again every five seconds, and else never."""
    fake_docker(app.path, LATE)
    (app.folder / "engine").touch()
    (app.home / ".env").write_text("NETFLIX_PASSWORD=planted\n")
    process = app.start()
    app.waits_until_said("netflix_password in SECRETS_DIR")
    stays(lambda: process.poll() is None, "it stays")
    (app.home / ".env").write_text("\n")
    wait_for(lambda: lines(app.folder / "called"), "the services are started")
    assert "planted" not in app.said()
    ends(process, app)


# Files


def test_a_file_that_comes_late_is_imported_and_moved(app: Clone) -> None:
    """Nothing was imported when the app started. A damaged one is refused with its reason, and stops no other."""
    process = app.start()
    app.waits_until_said(LOOKING)
    stays(lambda: not app.verbs(), "nothing is due before there is any file", 1)
    app.drop("a.csv")
    app.drop("b.zip", "PK\x03\x04 damaged")
    folder = app.home / "drop"
    wait_for((folder / "done" / "a.csv").exists, "it is imported")
    wait_for((folder / "refused" / "b.zip.reason.txt").exists, "the other one is refused")
    wait_for(lambda: list((app.home / "private" / "profiles").glob("*/viewing.duckdb")), "the tables are built")
    assert app.verbs()[0].startswith("once --arrived ")
    app.waits_until_said("export read")
    assert "Dark" not in app.said()
    ends(process, app)


def test_a_file_that_cannot_be_stored_stays_and_is_tried_again(app: Clone) -> None:
    (app.home / "private").write_text("in the way")
    process = app.start()
    file = app.drop("a.csv")
    app.waits_until_said("This run failed")
    assert file.exists()
    (app.home / "private").unlink()
    wait_for((app.home / "drop" / "done" / "a.csv").exists, "it is imported then")
    ends(process, app)


def test_a_file_that_cannot_be_stored_is_not_tried_every_few_seconds(app: Clone) -> None:
    (app.home / "private").write_text("in the way")
    app.minute = 600
    process = app.start()
    app.drop("a.csv")
    app.waits_until_said("This run failed")
    stays(lambda: len(app.verbs()) == 1, "it waits for a while", 7)
    ends(process, app)


# Looks


def test_a_look_runs_only_what_is_due(app: Clone) -> None:
    """A changed survey, altered own files and new settings are due; an idle minute starts nothing."""
    app.drop("a.csv")
    process = app.start()

    def once_more(what: str) -> None:
        wait_for(lambda: len(app.verbs()) > len(before), what)
        quiet()

    def quiet() -> None:
        """Wait until no step runs, and some looks have started none."""
        since, count = time.monotonic(), -1
        while time.monotonic() - since < 10 * app.minute:
            if count != len(app.verbs()) or len(app.processes()) > 1:
                since, count = time.monotonic(), len(app.verbs())
            time.sleep(0.05)

    wait_for(app.verbs, "it looks")
    wait_for(lambda: "not joined" in app.said() or "waiting for syftbox" in app.said(), "a run has ended")
    quiet()
    before = app.verbs()
    stays(lambda: app.verbs() == before, "nothing is due")
    survey = app.data / "datasites/aggregator@example.org/app_data/netflix_trend/shared/survey.json"
    survey.parent.mkdir(parents=True)
    survey.write_text("{}")
    once_more("a survey has come")
    before = app.verbs()
    (app.home / "publisher" / "outlook.json").unlink()
    once_more("what it wrote is gone")
    before = app.verbs()
    (app.home / ".env").write_text("LIMIT_REPORTS_PER_YEAR=3\n")
    once_more("the settings are others")
    ends(process, app)


def test_a_failed_look_is_tried_again_after_a_pause(app: Clone) -> None:
    (app.home / "private" / "raw").mkdir(parents=True)
    app.python('case "$*" in *once*) exit 1;; esac')
    process = app.start()
    wait_for(lambda: len(app.verbs()) >= 3, "it is tried again")
    assert "the next one is in 1 min" in app.said()
    assert "the next one is in 2 min" in app.said()
    ends(process, app)


def test_a_running_step_ends_before_other_settings_are_followed(app: Clone) -> None:
    """The page may write them; a long import would begin anew each time."""
    (app.home / "private" / "raw").mkdir(parents=True)
    app.python('case "$*" in *once*) echo began >>"$HOME/steps"; while [ ! -e "$HOME/go" ]; do sleep .05; done; '
               'echo ended >>"$HOME/steps";; esac')  # fmt: skip
    process = app.start()
    wait_for(lambda: lines(app.folder / "steps"), "a step runs")
    (app.home / ".env").write_text("LIMIT_REPORTS_PER_YEAR=3\n")
    stays(lambda: lines(app.folder / "steps") == ["began"], "it is left alone", 4)
    (app.folder / "go").touch()
    wait_for(lambda: lines(app.folder / "steps")[:3] == ["began", "ended", "began"], "the next one follows them")
    ends(process, app)


def test_a_pause_ends_to_grow() -> None:
    pause = Pause()
    assert [pause.next() for _ in range(40)] == [1, 2, 4, 8, 16, *[30] * 35]
    pause.reset()
    assert pause.next() == 1


# The page


def test_the_page_is_served_while_somebody_visits(app: Clone) -> None:
    process = app.start()
    app.waits_until_said(f"Your page: http://127.0.0.1:{app.port}")
    assert len(app.processes()) == 1, "nobody has visited it"
    status, text = app.page("/")
    assert (status, "Begin with your viewing history" in text) == (200, True)
    ends(process, app)


def test_other_settings_are_those_of_the_page_s_next_visit(app: Clone) -> None:
    """By the same server: forms that are open in a browser stay good."""
    process = app.start()
    wait_for(lambda: app.page()[0] == 200, "the page is served")
    (server,) = set(app.processes()) - {process.pid}
    assert "left of 13" in app.page("/sharing")[1]
    (app.home / ".env").write_text("LIMIT_REPORTS_PER_YEAR=3\n")
    assert "left of 3" in app.page("/sharing")[1]
    stays(lambda: is_alive(server), "it is not started again", 10 * app.minute)
    ends(process, app)


def test_a_taken_port_is_said_once_and_tried_again(app: Clone) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", app.port))
        other.listen()
        process = app.start()
        app.waits_until_said(f"No page: port {app.port} of 127.0.0.1 cannot be used")
        file = app.drop("a.csv")
        wait_for(lambda: not file.exists(), "everything else works")
    wait_for(lambda: app.page()[0] == 200, "the page comes when the port is free")
    assert app.said().count("No page") == 1
    ends(process, app)


def test_a_killed_app_leaves_no_page_behind(app: Clone) -> None:
    process = app.start()
    wait_for(lambda: app.page()[0] == 200, "the page is served")
    process.kill()
    process.wait()
    wait_for(lambda: not app.processes(), "its server has ended")


def test_the_verb_dashboard_says_where_the_page_is(app: Clone) -> None:
    (app.home / ".env").write_text("MODE=folders\n")
    process = app.start()
    app.waits_until_said("Your page")
    second = app.start("dashboard", stdout=subprocess.PIPE)
    output, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0
    assert output.decode().endswith(f"Netflix Trend already runs: http://127.0.0.1:{app.port} is your page.\n")
    ends(process, app)


# Alone


def test_after_three_restarts_of_a_killed_client_one_app_runs(app: Clone) -> None:
    """SyftBox starts `sh run.sh`; when it is killed, what it has started stays behind."""
    (app.folder / "requirements").mkdir()
    (app.folder / "requirements" / "environment.sh").write_text("exit 0\n")
    held = set[int]()
    for _ in range(4):
        # The shell stands for the client: it is killed, and the app has no parent then.
        client = subprocess.Popen(
            ["sh", "-c", 'sh run.sh >>"$HOME/out.log" 2>&1 & wait'],
            cwd=app.folder,
            env={**app.environ, **app.inside},
        )
        app.started.append(client)
        wait_for(lambda: app.holder() not in {0, *held}, "the newest app holds the lock")
        held.add(app.holder())
        wait_for(lambda: app.page()[0] == 200, "the page is served")
        client.kill()
        client.wait()
    wait_for(lambda: len(app.apps()) == 1, "one app is left")
    assert app.apps() == [app.holder()]
    assert len(app.processes()) == 2, "the app and the server of its page"
    os.kill(app.holder(), signal.SIGTERM)
    wait_for(lambda: not app.processes(), "no process is left")


def test_who_is_taken_over_ends_its_children(app: Clone) -> None:
    (app.home / "private" / "raw").mkdir(parents=True)
    app.python('case "$*" in *once*) echo $$ >>"$HOME/steps"; exec sleep 100;; esac')
    first = app.start()
    wait_for(lambda: lines(app.folder / "steps"), "a step runs")
    wait_for(lambda: app.page()[0] == 200, "the page is served")
    children = [pid for pid in app.processes() if pid != first.pid]
    assert len(children) == 2
    second = app.start()
    assert first.wait(PATIENCE) == 0
    assert not any(map(is_alive, children))
    wait_for(lambda: app.holder() == second.pid, "the second one goes on")
    wait_for(lambda: app.page()[0] == 200, "it serves the page")
    ends(second, app)


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_person_s_second_start_says_where_the_page_is(app: Clone, is_inside: bool) -> None:
    """In a terminal, or outside of SyftBox."""
    first = app.start()
    app.waits_until_said("Your page")
    terminal, end = pty.openpty()
    second = app.start(is_inside=is_inside, stdout=end if is_inside else subprocess.PIPE)
    os.close(end)
    rest = b"" if is_inside else second.communicate(timeout=PATIENCE)[0]
    assert second.wait(PATIENCE) == 0
    said = (os.read(terminal, 4000) if is_inside else rest).decode()
    assert said.strip().splitlines()[-1] == f"Netflix Trend already runs: http://127.0.0.1:{app.port} is your page."
    assert first.poll() is None
    os.close(terminal)
    ends(first, app)


def test_who_reads_a_file_of_our_name_is_not_the_app(tmp_path: Path) -> None:
    (tmp_path / "netflix_trend").mkdir()
    os.mkfifo(tmp_path / "netflix_trend" / "notes")
    with subprocess.Popen(["cat", tmp_path / "netflix_trend" / "notes"]) as reader:
        command = Path(f"/proc/{reader.pid}/cmdline")
        try:
            wait_for(lambda: command.read_bytes().startswith(b"cat"), "the reader")
            assert not is_ours(reader.pid)
        finally:
            reader.kill()


def test_a_process_that_is_not_ours_is_never_sent_a_signal(tmp_path: Path) -> None:
    """The number in the file may be that of another program."""
    hold = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    lock = Lock(tmp_path)
    with subprocess.Popen(["sleep", "100"]) as other:
        lock.path.write_text(f'{{"pid": {other.pid}, "page": ""}}')
        with subprocess.Popen(
            [sys.executable, "-c", hold, str(lock.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout
            holder.stdout.readline()
            assert not lock.take()
            found = lock.holder()
            assert found
            assert found.pid == other.pid
            assert not is_ours(other.pid)
            with pytest.raises(Failure, match="does not end"):
                lock.take_over(0.3, 0.3)
            assert (other.poll(), holder.poll()) == (None, None)
            holder.kill()
        lock.take_over(5)
        assert (found := lock.holder()) and found.pid == os.getpid()
        other.kill()
    lock.release()


def test_what_hangs_is_killed(app: Clone) -> None:
    first = app.start()
    app.waits_until_said("Your page")
    os.kill(first.pid, signal.SIGSTOP)
    lock = Lock(app.home)
    lock.take_over(0.5)
    assert first.wait(PATIENCE) == -signal.SIGKILL
    lock.release()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match="has to be writable"):
        Lock(tmp_path / "file").take()


def test_a_reader_that_is_gone_stops_nothing(app: Clone) -> None:
    """SyftBox read the output through a pipe, and was killed."""
    reader, writer = os.pipe()
    process = app.start(stdout=writer, stderr=writer)
    os.close(writer)
    wait_for(lambda: app.page()[0] == 200, "it runs")
    os.close(reader)
    app.drop("a.csv", EXPORT)
    wait_for(lambda: list((app.home / "private").glob("profiles/*/viewing.duckdb")), "files are imported all the same")
    wait_for((app.home / "publisher" / ".last_run.json").exists, "the run ended well")
    stays(lambda: process.poll() is None and len(app.verbs()) <= 3, "no run counts as failed", 5)
    ends(process, app)
