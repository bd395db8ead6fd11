"""run.sh as SyftBox and people start it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = (
    "sh",
    "dirname",
    "basename",
    "cat",
    "cp",
    "mv",
    "mkdir",
    "chmod",
    "id",
    "sed",
    "tail",
    "printf",
    "ls",
    "wc",
    "rm",
    "tr",
    "readlink",
    "cksum",
    "sleep",
    "find",
    "date",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What run.sh needs without Python or Docker."""
    for name in ("run.sh", ".env.example"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH without Docker, as SyftBox may hand over."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (folder / tool).symlink_to(found)
    return folder


def run(clone: Path, path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "run.sh", *arguments],
        cwd=clone,
        env={"PATH": str(path), "HOME": str(clone), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_docker(path: Path, body: str) -> None:
    (path / "docker").write_text(f"#!/bin/sh\n{body}\n")
    (path / "docker").chmod(0o755)


def fake_python(clone: Path, body: str = "") -> None:
    """A virtual environment that is installed, whose Python notes where it works and what it runs."""
    shutil.copytree(ROOT / "requirements", clone / "requirements")
    python = clone / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nshift 2\necho "$PRIVATE_DIR $PUBLISHER_DIR: $*" >>"$HOME/python.log"\n{body}\n')
    python.chmod(0o755)
    lock = (clone / "requirements" / "demo.txt").read_bytes()
    found = subprocess.run(["cksum"], input=lock, capture_output=True, check=True).stdout.decode().strip()
    (clone / ".venv" / ".installed-demo").write_text(found)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_without_docker_it_says_one_sentence_and_exits_0(clone: Path, path: Path) -> None:
    """SyftBox starts an app that fails again every five seconds."""
    result = run(clone, path)
    assert result.returncode == 0
    assert result.stdout.startswith("Netflix Trend is not running. Docker is not installed")
    assert len(result.stdout.splitlines()) == 1
    assert not result.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[ "$1" != compose ]', "no Compose plugin"),
        ('[ "$1" != info ]', "engine does not run"),
    ],
)
def test_half_a_docker_is_explained_too(clone: Path, path: Path, body: str, said: str) -> None:
    fake_docker(path, body)
    result = run(clone, path)
    assert result.returncode == 0
    assert said in result.stdout


def test_with_docker_it_becomes_compose_up_in_the_foreground(clone: Path, path: Path) -> None:
    fake_docker(path, 'case "$*" in "compose version"|info) exit 0;; esac; echo "$0 $*" >>"$HOME/called"; exit 7')
    result = run(clone, path)
    assert result.returncode == 7, "exec: the process is docker compose itself"
    assert (clone / "called").read_text().split(" ", 1)[1] == "compose up --build\n"
    assert (clone / ".env").read_text() == (clone / ".env.example").read_text()


CONFIG = """{"data_dir": "/data/ann/SyftBox", "server_url": "https://example.org/", "email": "ann@example.org",
 "client_url": "http://127.0.0.1:8080/", "email_token": "x"}"""
SAY_WHO = 'echo "$SYFTBOX_EMAIL $DATASITES_DIR" >>"$HOME/who"'
DOCKER_UP = 'case "$*" in "compose version"|info) exit 0;; esac; '


@pytest.mark.parametrize(
    "environment",
    [
        {"SYFTBOX_DATA_DIR": "/data/ann/SyftBox", "SYFTBOX_EMAIL": "ann@example.org"},
        {"SYFTBOX_CLIENT_CONFIG_PATH": "config.json"},
        {"SYFTBOX_CLIENT_CONFIG_PATH": "config.json", "SYFTBOX_APP_ID": "x", "SYFTBOX_ASSIGNED_PORT": "7001"},
        {},
    ],
    ids=["variables", "Python generation", "Go generation", "only the place"],
)
def test_syftbox_says_who_and_where_we_are(clone: Path, path: Path, environment: dict[str, str]) -> None:
    """Every kind of start: variables of the client, its configuration, or nothing but lying in its folder apps/."""
    app = clone / "SyftBox" / "apps" / "netflix_trend"
    app.mkdir(parents=True)
    for name in ("run.sh", ".env.example"):
        shutil.copy(clone / name, app / name)
    (clone / ".syftbox").mkdir()
    for config in (app / "config.json", clone / ".syftbox" / "config.json"):
        config.write_text(CONFIG)
    fake_docker(path, f"{DOCKER_UP} {SAY_WHO}")
    result = run(app, path, **{"HOME": str(clone), **environment})
    assert result.returncode == 0, result.stderr
    assert (clone / "who").read_text() == "ann@example.org /data/ann/SyftBox/datasites\n"


def test_what_env_says_goes_before_syftbox(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("SYFTBOX_EMAIL=bob@example.net\nDATASITES_DIR=/elsewhere\n")
    fake_docker(path, f"{DOCKER_UP} {SAY_WHO}")
    run(clone, path, SYFTBOX_DATA_DIR="/data/ann/SyftBox")
    assert (clone / "who").read_text() == "bob@example.net /elsewhere\n"


# Lines of .env, each with the value that docker compose config (2.26) makes of it.
READ_AS_COMPOSE_DOES = [
    ('DATASITES_DIR="/x/Syft Box/datasites"', "/x/Syft Box/datasites"),
    ("DATASITES_DIR='/x/Syft Box'   # where SyftBox is", "/x/Syft Box"),
    ('DATASITES_DIR="/x/# 1"', "/x/# 1"),
    ("DATASITES_DIR=/plain/a b   # comment", "/plain/a b"),
    ("DATASITES_DIR=/x/a#b", "/x/a#b"),
    ("export DATASITES_DIR = /spaced ", "/spaced"),
    ("DATASITES_DIR=/first\nDATASITES_DIR='/it is the last'", "/it is the last"),
    ("DATASITES_DIR=/from/windows\r", "/from/windows"),
    ("DATASITES_DIR=~/SyftBox/datasites", "{home}/SyftBox/datasites"),
    ("DATASITES_DIR=${HOME}/SyftBox/datasites", "{home}/SyftBox/datasites"),
]


@pytest.mark.parametrize(("line", "value"), READ_AS_COMPOSE_DOES)
def test_env_is_read_as_compose_reads_it(clone: Path, path: Path, line: str, value: str) -> None:
    """What run.sh exports goes before .env: a quote too many would publish into another folder."""
    (clone / ".env").write_text(f"SYFTBOX_EMAIL=bob@example.net\n{line}\n", newline="")
    fake_docker(path, f"{DOCKER_UP} {SAY_WHO}")
    run(clone, path, SYFTBOX_DATA_DIR="/data/ann/SyftBox")
    assert (clone / "who").read_text() == f"bob@example.net {value.format(home=clone)}\n"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *(("OUTPUT_DIR", place) for place in (".", "../link/exports", "../apps/../datasites/exports")),
        *((name, "a/b") for name in ("OUTPUT_DIR", "SECRETS_DIR", "PRIVATE_DIR", "PUBLISHER_DIR", "SYFTBOX_TOKEN_DIR")),
    ],
)
@pytest.mark.parametrize("with_docker", [True, False])
def test_a_folder_that_would_be_uploaded_is_refused(
    clone: Path, path: Path, name: str, place: str, with_docker: bool
) -> None:
    """Everything below the datasites is uploaded in clear, also what lies there by a link."""
    sites = clone / "Syft Box" / "datasites"
    (sites / "me@example.org").mkdir(parents=True)
    (sites.parent / "apps").mkdir()
    (sites.parent / "link").symlink_to(sites / "me@example.org")
    (clone / ".env").write_text(f'DATASITES_DIR="{sites}"\n{name}="{sites}/{place}"\n')
    (clone / "history.csv").touch()
    if with_docker:
        fake_docker(path, "exit 0")
    result = run(clone, path, "import", "history.csv")
    assert result.returncode == 1
    assert f"{name}: " in result.stderr
    assert "would be uploaded" in result.stderr
    assert [entry.name for entry in (sites / "me@example.org").iterdir()] == []


def test_under_syftbox_a_failure_is_not_retried_every_five_seconds(clone: Path, path: Path) -> None:
    """The Python generation starts an app that fails again every five seconds, and it would build each time."""
    fake_docker(path, f"{DOCKER_UP} exit 7")
    result = run(clone, path, SYFTBOX_DATA_DIR="/data", SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 0
    assert "stopped with an error" in result.stdout


def test_under_syftbox_the_end_of_the_app_ends_the_services(clone: Path, path: Path) -> None:
    """SyftBox sends its signal to the shell only. The real docker compose ends with 130 then."""
    fake_docker(
        path,
        f'{DOCKER_UP} [ "$1" != volume ] || exit 1; trap \'echo ended >"$HOME/ended"; exit 130\' TERM;'
        ' touch "$HOME/up"; while :; do sleep .05; done',
    )
    environment = {"PATH": f"{path}:{os.environ['PATH']}", "HOME": str(clone), "SYFTBOX_DATA_DIR": "/data"}
    process = subprocess.Popen(["sh", "run.sh"], cwd=clone, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while not (clone / "up").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.terminate()
    assert process.wait(10) == 0
    assert (clone / "ended").read_text() == "ended\n"


def start_calmly(clone: Path, path: Path, wait_for: Callable[..., object]) -> subprocess.Popen[str]:
    """Start run.sh as SyftBox does, without Docker, and return when it waits after its second look."""
    real = shutil.which("sleep")
    (path / "sleep").unlink()
    (path / "sleep").write_text(
        f'#!/bin/sh\necho "$*" >>"$HOME/slept"\n[ -e "$HOME/again" ] || {{ : >"$HOME/again"; exit 0; }}\n'
        f'echo $$ >"$HOME/sleeper.part"; mv "$HOME/sleeper.part" "$HOME/sleeper"; exec {real} 100\n'
    )
    (path / "sleep").chmod(0o755)
    environment = {"PATH": str(path), "HOME": str(clone), "SYFTBOX_DATA_DIR": str(clone / "Syft Box")}
    process = subprocess.Popen(["sh", "run.sh"], cwd=clone, env=environment, stdout=subprocess.PIPE, text=True)
    wait_for((clone / "sleeper").exists, "it waits for the next look", 20)
    return process


def end(process: subprocess.Popen[str]) -> str:
    process.terminate()
    said, _ = process.communicate(timeout=10)
    assert process.returncode == 0, "SyftBox would start it again"
    return said


@pytest.mark.parametrize("result", [0, 1])
def test_without_docker_syftbox_gets_a_look_an_hour(
    clone: Path, path: Path, wait_for: Callable[..., object], result: int
) -> None:
    """A look that fails is no reason to try again sooner; a signal ends it, and leaves nothing behind."""
    (clone / "private" / "profiles" / "me").mkdir(parents=True)
    fake_python(clone, f'echo "$JOIN $DATASITES_DIR" >>"$HOME/who"; exit {result}')
    process = start_calmly(clone, path, wait_for)
    said = end(process)
    assert said.count("look failed") == 2 * result
    looks = lines(clone / "python.log")
    assert looks == [f"{clone}/private {clone}/publisher: services.local"] * 2
    assert lines(clone / "slept") == ["3600", "3600"]
    assert lines(clone / "who")[0] == f"ask {clone}/Syft Box/datasites", "nobody has asked for it yet"
    with pytest.raises(ProcessLookupError):
        os.kill(int((clone / "sleeper").read_text()), 0)


def test_without_docker_the_drop_folder_is_imported_and_kept_in_done(
    clone: Path, path: Path, wait_for: Callable[..., object]
) -> None:
    drop = clone / "drop"
    (drop / "done").mkdir(parents=True)
    (drop / "done" / "a b.csv").write_text("earlier")
    for name in ("a b.csv", "damaged.zip", "fresh.csv", "notes.txt"):
        (drop / name).write_text(name)
        os.utime(drop / name, (1_700_000_000, 1_700_000_000))
    os.utime(drop / "fresh.csv")
    fake_python(clone, 'case "$*" in *damaged*) exit 1;; esac')
    end(start_calmly(clone, path, wait_for))
    assert {path.name for path in drop.iterdir()} == {"damaged.zip", "fresh.csv", "notes.txt", "done"}
    assert sorted(path.read_text() for path in (drop / "done").iterdir()) == ["a b.csv", "earlier"]
    imported = [line for line in lines(clone / "python.log") if " import " in line]
    assert [line.rsplit("/", 1)[1] for line in imported] == ["a b.csv", "damaged.zip", "damaged.zip"]


def test_with_docker_there_is_no_look_and_no_service_for_who_works_without(clone: Path, path: Path) -> None:
    (clone / "publisher").mkdir()
    (clone / "private" / "profiles" / "me").mkdir(parents=True)
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"')
    fake_python(clone)
    result = run(clone, path, SYFTBOX_DATA_DIR="/data")
    assert result.returncode == 0
    assert "works without Docker" in result.stderr
    assert not (clone / "docker.log").exists()
    assert not (clone / "python.log").exists()


@pytest.mark.parametrize("folder", ["private/profiles/me", "publisher"])
def test_a_docker_that_does_not_run_yet_is_not_replaced(clone: Path, path: Path, folder: str) -> None:
    """SyftBox may start before Docker does: what lies in the drop folder is for the services."""
    (clone / folder).mkdir(parents=True)
    (clone / "drop").mkdir()
    (clone / "drop" / "a.csv").touch()
    fake_docker(path, '[ "$1" = compose ]')
    fake_python(clone)
    result = run(clone, path, SYFTBOX_DATA_DIR="/data")
    assert result.returncode == 0
    assert "Netflix Trend is not running. The Docker engine does not run" in result.stdout
    assert not (clone / "python.log").exists()


@pytest.mark.parametrize(
    ("made", "environment", "join"),
    [
        ("", {}, "ask"),
        ("", {"JOIN": "at_once"}, "at_once"),
        ("publisher/ledger.jsonl", {}, "at_once"),
        ("datasites/me@example.org/app_data/netflix_trend/manifest.json", {}, "at_once"),
    ],
    ids=["nothing published", "said now", "answered before", "announced before"],
)
def test_without_docker_the_page_publishes_nothing_by_surprise(
    clone: Path, path: Path, made: str, environment: dict[str, str], join: str
) -> None:
    """.env.example says JOIN=at_once; who copied it has not asked for that."""
    shutil.copy(clone / ".env.example", clone / ".env")
    if made:
        (clone / made).parent.mkdir(parents=True)
        (clone / made).touch()
    fake_python(clone, 'echo "$JOIN" >>"$HOME/join"')
    assert run(clone, path, "dashboard", **environment).returncode == 0
    assert lines(clone / "join") == [join]


def test_an_existing_env_file_is_kept(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("OUTPUT_DIR=./mine\n")
    fake_docker(path, "exit 0")
    run(clone, path)
    assert (clone / ".env").read_text() == "OUTPUT_DIR=./mine\n"


def test_an_unknown_verb_says_which_exist_and_fails(clone: Path, path: Path) -> None:
    result = run(clone, path, "dance")
    assert result.returncode == 2
    assert "there is no verb dance" in result.stderr
    for verb in (
        "demo",
        "test",
        "up",
        "down",
        "import",
        "read",
        "insights",
        "event",
        "privacy",
        "once",
        "join | pause",
        "withdraw",
        "limits",
        "status",
        "aggregator",
        "help",
    ):
        assert f"  {verb}" in result.stderr


def test_help_lists_the_verbs(clone: Path, path: Path) -> None:
    result = run(clone, path, "help")
    assert result.returncode == 0
    assert "import FILE" in result.stdout


@pytest.mark.parametrize("verb", ["up", "down", "scrape", "aggregator"])
def test_verbs_that_need_docker_fail_with_the_reason(clone: Path, path: Path, verb: str) -> None:
    result = run(clone, path, verb)
    assert result.returncode == 1
    assert "Docker is not installed" in result.stderr
    assert "./run.sh demo" in result.stderr


def test_import_copies_whole_files_into_the_drop_folder(clone: Path, path: Path) -> None:
    export = clone / "My History (1).csv"
    export.write_bytes(b"Title,Date\n")
    export.chmod(0o600)
    os.utime(export, (1_700_000_000, 1_700_000_000))
    fake_docker(path, "exit 0")
    result = run(clone, path, "import", str(export), OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 0, result.stderr
    copy = clone / "here" / "My History (1).csv"
    assert copy.read_bytes() == b"Title,Date\n"
    assert copy.stat().st_mtime == 1_700_000_000, "the time tells which weeks the file covers"
    assert copy.stat().st_mode & 0o444 == 0o444, "the scraper is another user"
    assert [entry.name for entry in (clone / "here").iterdir()] == ["My History (1).csv"]


def test_imports_of_one_name_keep_each_other_s_file_and_options(clone: Path, path: Path) -> None:
    fake_docker(path, "exit 0")
    for name in ("Anna", "Ben"):
        (clone / name).mkdir()
        (clone / name / "NetflixViewingHistory.csv").write_text(name)
        file = f"{name}/NetflixViewingHistory.csv"
        result = run(clone, path, "import", "--profile", name, file, OUTPUT_DIR=str(clone / "here"))
        assert result.returncode == 0, result.stderr
    found = {file.name: file.read_text() for file in (clone / "here").iterdir()}
    assert found == {
        "NetflixViewingHistory.csv": "Anna",
        ".NetflixViewingHistory.csv.options": "profile=Anna\n",
        "NetflixViewingHistory-2.csv": "Ben",
        ".NetflixViewingHistory-2.csv.options": "profile=Ben\n",
    }
    assert "NetflixViewingHistory-2.csv is in the drop folder" in result.stdout


def test_a_file_that_cannot_be_copied_is_not_said_to_be(clone: Path, path: Path) -> None:
    fake_docker(path, "exit 0")
    (clone / "a.csv").touch()
    (clone / ".env").touch()
    (path / "cp").unlink()
    (path / "cp").symlink_to("/bin/false")
    result = run(clone, path, "import", "--profile", "Anna", "a.csv", OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 1
    assert "could not be copied" in result.stderr
    assert "is in the drop folder" not in result.stdout
    assert list((clone / "here").iterdir()) == []


@pytest.mark.parametrize(("name", "there"), [(".h.csv", "h.csv"), ("..h", "h.csv"), ("...", "export.csv")])
def test_a_file_whose_name_begins_with_a_dot_is_taken_all_the_same(
    clone: Path, path: Path, name: str, there: str
) -> None:
    fake_docker(path, "exit 0")
    (clone / name).touch()
    result = run(clone, path, "import", name, OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 0, result.stderr
    assert [file.name for file in (clone / "here").iterdir()] == [there]


@pytest.mark.parametrize("arguments", [(), ("missing.csv",)])
def test_import_without_a_file_says_so(clone: Path, path: Path, arguments: tuple[str, ...]) -> None:
    fake_docker(path, "exit 0")
    result = run(clone, path, "import", *arguments)
    assert result.returncode == 1
    assert "import:" in result.stderr


def test_import_leaves_what_it_was_asked_beside_the_file(clone: Path, path: Path) -> None:
    fake_docker(path, "exit 0")
    (clone / "netflix-report.zip").write_bytes(b"PK")
    asked = ["--profile", "Anna", "--date-order=dmy", "--only", "Kids, room", "--only", "Anna"]
    result = run(clone, path, "import", *asked, "netflix-report.zip", OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 0, result.stderr
    options = (clone / "here" / ".netflix-report.zip.options").read_text()
    assert options == "profile=Anna\ndate_order=dmy\nonly=Kids, room\nonly=Anna\n"
    (clone / "here" / "netflix-report.zip").unlink()
    result = run(clone, path, "import", "netflix-report.zip", OUTPUT_DIR=str(clone / "here"))
    assert not (clone / "here" / ".netflix-report.zip.options").exists(), "an earlier import decides nothing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--date-order", "ydm", "a.csv"], "mdy, dmy or ymd"),
        (["--profile"], "--profile needs a value"),
        (["--colour", "a.csv"], "no option --colour"),
        (["--profile", "Anna"], "at least one file"),
    ],
)
def test_wrong_import_options_are_named(clone: Path, path: Path, arguments: list[str], message: str) -> None:
    fake_docker(path, "exit 0")
    (clone / "a.csv").touch()
    result = run(clone, path, "import", *arguments)
    assert result.returncode == 1
    assert message in result.stderr


# As the real one: whatever is run reads standard input.
READS = 'case "$*" in "compose version"|info) exit 0;; esac; echo "$* <$(cat)" >>"$HOME/called"; '


def test_cookies_reach_the_scraper_and_the_file_is_deleted_afterwards(clone: Path, path: Path) -> None:
    fake_docker(path, f"{READS} exit 0")
    (clone / "cookies.txt").write_text("the cookies")
    result = run(clone, path, "cookies", "cookies.txt")
    assert result.returncode == 0, result.stderr
    assert "deleted" in result.stdout
    assert not (clone / "cookies.txt").exists()
    prepare, scraper = (clone / "called").read_text().splitlines()
    assert prepare == "compose run --rm --quiet-pull prepare <"
    assert "--no-deps scraper python -m services.scraper import-cookies <the cookies" in scraper


def test_cookies_that_are_refused_are_kept(clone: Path, path: Path) -> None:
    fake_docker(path, f'{READS} case "$*" in *import-cookies) exit 1;; esac')
    (clone / "cookies.txt").write_text("no cookies")
    assert run(clone, path, "cookies", "cookies.txt").returncode == 1
    assert (clone / "cookies.txt").exists()
    assert "no such file" in run(clone, path, "cookies", "missing.txt").stderr


@pytest.mark.parametrize("verb", ["up", "scrape", "login"])
def test_a_password_in_env_is_refused(clone: Path, path: Path, verb: str) -> None:
    fake_docker(path, "exit 0")
    (clone / ".env").write_text("NETFLIX_PASSWORD=planted\n")
    result = run(clone, path, verb)
    assert (result.returncode, "planted" in result.stdout + result.stderr) == (1, False)
    assert "netflix_password in SECRETS_DIR" in result.stderr


def test_the_page_of_the_sign_in_is_published_on_this_machine_only(clone: Path, path: Path) -> None:
    fake_docker(path, f"{READS} exit 0")
    assert run(clone, path, "login").returncode == 0
    called = (clone / "called").read_text()
    assert "--publish 127.0.0.1:8765:8765 scraper python -m services.scraper login --listen 0.0.0.0" in called
    assert called.count("--publish") == 1


@pytest.mark.parametrize("is_running", [True, False])
def test_with_docker_insights_and_events_are_asked_of_the_processor(
    clone: Path, path: Path, tmp_path: Path, is_running: bool
) -> None:
    log = tmp_path / "docker.log"
    fake_docker(
        path, f'echo "$@" >>"{log}"; case "$*" in *"--status running"*) {"echo 1" if is_running else ":"} ;; esac'
    )
    assert run(clone, path, "event", "add", "a b", "2026-02-01", "2026-02-09").returncode == 0
    command = "services.processor.cli event add a b 2026-02-01 2026-02-09"
    calls = [line for line in log.read_text().splitlines() if line.startswith(("compose exec", "compose run"))]
    if is_running:
        assert calls == [f"compose exec --no-TTY processor python -m {command}"]
    else:
        assert calls[0].endswith("prepare"), "volumes may not be there yet"
        assert calls[1] == f"compose run --rm --no-deps --no-TTY processor python -m {command}"


VERBS = ["import a.csv", "insights", "event list", "status", "privacy", "join", "pause", "withdraw", "limits --odds 3"]
NO_VOLUME = 'case "$*" in "compose version"|info) exit 0;; "volume inspect"*) exit 1;; esac; '


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("setting", ["", "PRIVATE_DIR=./mine", 'PUBLISHER_DIR="./my ledger"'])
def test_who_publishes_with_once_is_not_sent_to_docker(clone: Path, path: Path, verb: str, setting: str) -> None:
    """Every verb works where `./run.sh once` has published, also on a machine that has Docker."""
    (clone / ".env").write_text(f"{setting}\n")
    (clone / ("my ledger" if setting.startswith("PUBLISHER") else "publisher")).mkdir()
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"')
    fake_python(clone)
    result = run(clone, path, *verb.split())
    assert result.returncode == 0, result.stderr
    assert not (clone / "docker.log").exists()
    private = clone / ("mine" if setting.startswith("PRIVATE") else "private")
    publisher = clone / ("my ledger" if setting.startswith("PUBLISHER") else "publisher")
    called = lines(clone / "python.log")
    assert called
    assert all(line.startswith(f"{private} {publisher}: ") for line in called)
    is_choice = verb.split(maxsplit=1)[0] in ("join", "pause", "withdraw", "limits")
    assert called[-1].endswith("services.local") is is_choice, "what was chosen is also done"


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_have_published_twice_is_asked_which_one_is_meant(clone: Path, path: Path, verb: str) -> None:
    (clone / "publisher").mkdir()
    (clone / "a.csv").touch()
    fake_docker(
        path,
        'case "$*" in "compose version"|info|"volume inspect netflix-trend_publisher") exit 0;; esac;'
        ' echo "$*" >>"$HOME/docker.log"',
    )
    fake_python(clone)
    result = run(clone, path, *verb.split())
    assert result.returncode == 1
    assert f"PRIVATE_DIR=./private ./run.sh {verb.split(maxsplit=1)[0]}" in result.stderr
    assert not (clone / "docker.log").exists()
    assert not (clone / "python.log").exists()
    assert run(clone, path, *verb.split(), PRIVATE_DIR="./private").returncode == 0


@pytest.mark.parametrize("verb", VERBS)
def test_docker_that_does_not_run_is_not_taken_for_no_docker(clone: Path, path: Path, verb: str) -> None:
    """Its volumes may hold everything; a withdrawal would land beside it."""
    fake_docker(path, '[ "$1" = compose ]')
    fake_python(clone)
    result = run(clone, path, *verb.split())
    assert result.returncode == 1
    assert "engine does not run" in result.stderr
    assert not (clone / "python.log").exists()


@pytest.mark.parametrize("verb", ["up", "scrape"])
def test_no_services_beside_somebody_who_publishes_without(clone: Path, path: Path, verb: str) -> None:
    """They would draw from another ledger."""
    (clone / "publisher").mkdir()
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"')
    result = run(clone, path, verb)
    assert result.returncode == 1
    assert "works without Docker" in result.stderr
    assert not (clone / "docker.log").exists()


STOPPED = f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"; '


@pytest.mark.parametrize("verb", ["join", "pause", "withdraw", "limits"])
def test_with_the_services_stopped_the_publisher_looks_once(clone: Path, path: Path, verb: str) -> None:
    fake_docker(path, STOPPED)
    (clone / "datasites" / "me@example.org").mkdir(parents=True)
    assert run(clone, path, verb).returncode == 0
    runs = [line for line in lines(clone / "docker.log") if line.startswith("compose run") and "prepare" not in line]
    assert runs == [
        f"compose run --rm --no-deps --no-TTY processor python -m services.runtime.choose {verb}",
        "compose run --rm --no-deps --no-TTY publisher python -m services.publisher.look",
    ]


def test_a_running_publisher_is_left_to_look_by_itself(clone: Path, path: Path) -> None:
    fake_docker(path, f'{STOPPED} case "$*" in *"--status running"*) echo 1;; esac')
    assert run(clone, path, "withdraw").returncode == 0
    assert not [line for line in lines(clone / "docker.log") if "look" in line or "compose run" in line]


def test_a_withdrawal_that_could_not_be_carried_out_says_so(clone: Path, path: Path) -> None:
    fake_docker(path, f'{STOPPED} case "$*" in *look) exit 1;; esac')
    (clone / "datasites" / "me@example.org").mkdir(parents=True)
    result = run(clone, path, "withdraw")
    assert result.returncode == 1
    assert "kept but not carried out" in result.stderr
    assert "./run.sh up" in result.stderr


@pytest.mark.parametrize("verb", ["status", "privacy", "withdraw"])
def test_a_datasite_that_is_not_there_is_not_made_by_docker(clone: Path, path: Path, verb: str) -> None:
    """It would belong to root, and SyftBox would take it for a complete one."""
    (clone / "Syft Box").mkdir()
    (clone / ".env").write_text('DATASITES_DIR="./Syft Box"\nSYFTBOX_EMAIL=ann@example.org\n')
    fake_docker(path, STOPPED)
    result = run(clone, path, verb)
    assert result.returncode == 1
    assert f"there is no datasite {clone}/Syft Box/ann@example.org" in result.stderr
    assert not [line for line in lines(clone / "docker.log") if " publisher " in line and "run" in line]


def test_without_docker_an_import_inside_syftbox_finds_its_datasites(clone: Path, path: Path) -> None:
    fake_python(clone, 'echo "$SYFTBOX_EMAIL $DATASITES_DIR" >>"$HOME/who"')
    result = run(clone, path, "import", "a.csv", SYFTBOX_DATA_DIR="/data/ann/SyftBox", SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 0, result.stderr
    assert (clone / "who").read_text() == "ann@example.org /data/ann/SyftBox/datasites\n"


def from_elsewhere(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the real run.sh from another folder, with Python and on a folder of its own."""
    settings = {"PATH": os.environ["PATH"], "HOME": str(folder), "PRIVATE_DIR": str(folder / "private"), **environment}
    passed = {name: value for name, value in os.environ.items() if name in ("PIP_CERT", "SSL_CERT_FILE", "TMPDIR")}
    command = ["sh", str(ROOT / "run.sh"), *arguments]
    return subprocess.run(
        command, cwd=folder, env={**passed, **settings}, capture_output=True, text=True, check=False, timeout=120
    )


def test_read_prints_one_object_a_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text('Title,Date\n"Dark: Season 1: Secrets","11/17/25"\n')
    (tmp_path / "one day.csv").write_text('Title,Date\n"Roma","3/9/24"\n')
    # A package of the caller's own folder must not stand in for ours.
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "__init__.py").write_text("raise SystemExit('wrong package')")
    result = from_elsewhere(tmp_path, "read", "history.csv", "one day.csv", "missing.csv", "--json")
    assert result.returncode == 0, result.stderr
    first, second, third = map(json.loads, result.stdout.splitlines())
    assert (first["file"], first["views"], first["shows"], first["error"]) == ("history.csv", 1, ["Dark"], None)
    assert second["date_order"] == "undecidable"
    assert "DATE_ORDER=mdy|dmy" in second["error"]
    assert third["error"] == "missing.csv: no such file"
    assert not (tmp_path / "private").exists(), "nothing is stored"


def test_without_docker_import_insights_and_events_work_on_a_folder(tmp_path: Path) -> None:
    rows = "".join(f'"Dark: Season 1: Episode {n}","2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}"\n' for n in range(200))
    (tmp_path / "history.csv").write_text(f"Title,Date\n{rows}")
    assert from_elsewhere(tmp_path, "import", "--profile", "Anna", "history.csv").returncode == 0
    assert (tmp_path / "private" / "profiles" / "Anna" / "netflix_full.npy").is_file()
    added = from_elsewhere(tmp_path, "event", "add", "sick", "2025-06-01", "2025-06-14")
    assert added.returncode == 0, added.stderr
    assert "during" in added.stdout
    insights = json.loads(from_elsewhere(tmp_path, "insights", "--json").stdout)
    assert next(table for table in insights["tables"] if table["name"] == "by_year")["rows"][0]["views"] == 200
    assert [event["label"] for event in insights["events"]] == ["sick"]
    removed = from_elsewhere(tmp_path, "event", "remove", "1")
    assert removed.returncode == 0
    assert "No events yet" in from_elsewhere(tmp_path, "event", "list").stdout


def test_once_imports_and_answers_in_one_process(tmp_path: Path) -> None:
    """As SyftBox's or cron's schedule runs it, from any folder and any number of times; then the person withdraws."""
    sample = ROOT / "services" / "demo" / "sample_viewing_history.csv"
    shutil.copy(sample, tmp_path / "history.csv")
    folders = {"PUBLISHER_DIR": str(tmp_path / "publisher"), "DATASITES_DIR": str(tmp_path / "synced")}
    result = from_elsewhere(tmp_path, "once", "history.csv", **folders)
    assert result.returncode == 0, result.stderr
    assert "144 views" in result.stdout
    releases = tmp_path / "synced" / "me@example.org" / "app_data" / "netflix_trend" / "releases"
    (release,) = releases.glob("*.json")
    before = release.read_bytes()
    assert " kept" in from_elsewhere(tmp_path, "once", **folders).stdout
    assert release.read_bytes() == before
    lowered = from_elsewhere(tmp_path, "limits", "--odds", "3", "--reports", "2", **folders)
    assert "odds 3 a report, 2 reports in 52 weeks" in lowered.stdout
    withdrawn = from_elsewhere(tmp_path, "withdraw", **folders)
    assert withdrawn.returncode == 0, withdrawn.stderr
    assert "first without you" in withdrawn.stdout
    assert not releases.exists()
    assert "first without you" in from_elsewhere(tmp_path, "privacy", **folders).stdout
    assert from_elsewhere(tmp_path, "join", **folders).returncode == 0
    assert release.read_bytes() == before, "nothing is drawn again"


def test_once_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    folders = {"PUBLISHER_DIR": str(tmp_path / "publisher"), "DATASITES_DIR": str(tmp_path / "synced")}
    result = from_elsewhere(tmp_path, "once", "missing.csv", **folders)
    assert result.returncode == 1
    assert "missing.csv" in result.stdout + result.stderr
    assert "no export" in result.stdout


@pytest.mark.parametrize("arguments", [("--odds", "0.5"), ("--questions", "taste"), ("--reports", "99")])
def test_limits_that_make_no_sense_are_named(tmp_path: Path, arguments: tuple[str, str]) -> None:
    result = from_elsewhere(tmp_path, "limits", *arguments)
    assert result.returncode
    assert "expected" in result.stderr or "less than or equal to 53" in result.stderr
    assert not (tmp_path / "private").exists()


def test_a_private_folder_that_would_be_uploaded_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "datasites" / "me@example.org" / "private"
    result = from_elsewhere(tmp_path, "event", "list", PRIVATE_DIR=str(folder))
    assert result.returncode == 1
    assert "uploaded" in result.stderr
    assert not folder.exists()


def test_a_missing_python_is_named(clone: Path, path: Path) -> None:
    shutil.copytree(ROOT / "requirements", clone / "requirements")
    (path / "grep").symlink_to(shutil.which("grep") or "")
    result = run(clone, path, "demo")
    assert result.returncode == 1
    assert "Python 3.11" in result.stderr
