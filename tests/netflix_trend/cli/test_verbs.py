"""What verbs ask of Docker, and what they say when something is wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from netflix_trend import cli
from netflix_trend.catalogue.charts import Charts
from netflix_trend.cli.frame import Verb
from netflix_trend.interrupts import INTERRUPTED
from netflix_trend.periods.weeks import Week
from tests.netflix_trend.catalogue.chart_tables import of_world
from tests.netflix_trend.cli.front_door import ROOT, fake_docker, lines, place_in, run
from tests.netflix_trend.cli.test_foreground import NO_VOLUME


def verbs(group: click.Group = cli.cli, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        found.append((*before, name))
        if isinstance(command, click.Group):
            found += verbs(command, (*before, name))
    return found


VERBS = verbs()
# Every verb of the first command line.
OF_RUN_SH = (
    *("demo", "read", "up", "down", "once", "import", "scrape", "login", "cookies", "reset", "doctor", "insights"),
    *("dashboard", "event", "status", "privacy", "join", "pause", "withdraw", "limits", "aggregator", "test", "help"),
)


def test_every_verb_there_ever_was_is_there() -> None:
    assert {(verb,) for verb in OF_RUN_SH} <= set(VERBS)
    assert {("aggregator", verb) for verb in ("enrol", "remove", "participants", "key", "chart")} < set(VERBS)
    assert {("event", verb) for verb in ("add", "list", "remove")} < set(VERBS)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_only_prints_help(clone: Path, path: Path, verb: tuple[str, ...], option: str) -> None:
    """Also of up, down, login, cookies, once and test; with an example for each verb that does something."""
    fake_docker(path, 'echo "$*" >>"$HOME/called"')
    result = run(clone, path, *verb, option)
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: ./run.sh {' '.join(verb)} ")
    assert not (clone / "called").exists()
    assert not (clone / ".env").exists()


def test_every_verb_has_an_example_and_every_option_a_description() -> None:
    def check(command: click.Command, words: tuple[str, ...]) -> None:
        assert (command.help or "").splitlines()[0].endswith((".", ":", ";")) or "." in (command.help or ""), words
        for option in command.params:
            assert not isinstance(option, click.Option) or (option.help or "").endswith("."), (words, option.name)
        if isinstance(command, click.Group):
            for name, one in command.commands.items():
                check(one, (*words, name))
        elif not command.hidden:
            assert isinstance(command, Verb)
            assert command.examples, words
            for example in command.examples:
                # `start` is what aggregator does without a verb.
                assert example.split()[0] == words[0]

    for name, command in cli.cli.commands.items():
        check(command, (name,))


@pytest.mark.parametrize("arguments", [("help",), ("--help",), ("-h",)])
def test_help_lists_the_verbs(clone: Path, path: Path, arguments: tuple[str, ...]) -> None:
    result = run(clone, path, *arguments)
    assert result.returncode == 0
    for verb in OF_RUN_SH:
        assert f"\n  {verb} " in result.stdout
    assert "look" not in {line.split()[0] for line in result.stdout.splitlines() if line.strip()}, "for containers only"


def test_help_of_a_verb_is_the_same_as_its_option(clone: Path, path: Path) -> None:
    asked = run(clone, path, "help", "event", "add")
    assert asked == run(clone, path, "event", "add", "--help")
    assert "event add sick 2026-02-01 2026-02-09" in asked.stdout


def test_an_unknown_verb_says_which_exist_and_fails(clone: Path, path: Path) -> None:
    result = run(clone, path, "dance")
    assert result.returncode == 2
    assert "there is no verb dance" in result.stderr
    for verb in OF_RUN_SH:
        assert verb in result.stderr


@pytest.mark.parametrize(("typed", "meant"), [("stauts", "status"), ("improt", "import"), ("with-draw", "withdraw")])
def test_a_mistyped_verb_is_guessed(clone: Path, path: Path, typed: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in run(clone, path, typed).stderr


@pytest.mark.parametrize("verb", ["up", "down", "demo --network"])
def test_verbs_that_need_docker_fail_with_the_reason(clone: Path, path: Path, verb: str) -> None:
    result = run(clone, path, *verb.split())
    assert result.returncode == 1
    assert "Docker is not installed" in result.stderr
    assert "./run.sh demo" in result.stderr


def test_the_demo_network_has_no_single_operator(clone: Path, path: Path) -> None:
    result = run(clone, path, "demo", "--network", "--mode", "one")
    assert result.returncode == 2
    assert "--mode two or --mode local" in result.stderr


def test_ctrl_c_ends_a_verb_in_one_line(clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("services.processor.importing.read_files", interrupt)
    (clone / "a.csv").touch()
    result = run(clone, path, "read", "a.csv")
    assert result.returncode == INTERRUPTED
    assert result.stderr == "\nEnded with Ctrl-C.\n"


@pytest.mark.parametrize(
    ("typed", "found"), [("wi", "withdraw"), ("event a", "add"), ("import --da", "--date-order"), ("loo", "")]
)
def test_a_shell_can_complete_verbs_and_options(typed: str, found: str) -> None:
    words = f"./run.sh {typed}".split(" ")
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), cli.COMPLETE: "bash_complete"}
    command = [sys.executable, "-m", "netflix_trend"]
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == (f"plain,{found}" if found else "")


# --- up and down


def test_up_starts_in_the_background_and_says_where_the_page_is(clone: Path, path: Path) -> None:
    (clone / ".env").write_text("DASHBOARD_PORT=9999\nOUTPUT_DIR='./my drop'\n")
    fake_docker(path, f'{NO_VOLUME} echo "$* $TZ" >>"$HOME/called"')
    result = run(clone, path, "up", TZ="Europe/Berlin")
    assert result.returncode == 0, result.stderr
    assert lines(clone / "called") == ["compose up --detach --build --wait Europe/Berlin"]
    assert "http://127.0.0.1:9999 is your page" in result.stdout
    assert "./my drop" in result.stdout


@pytest.mark.parametrize(
    ("verb", "asked"),
    [
        ("up", "compose up --detach --no-build --wait"),
        ("dashboard", "compose up --detach --no-build --wait"),
        ("aggregator --detach", "compose -f docker-compose.aggregator.yml up --no-build --detach"),
    ],
)
def test_where_images_are_named_nothing_is_built(clone: Path, path: Path, verb: str, asked: str) -> None:
    (clone / ".env").write_text("IMAGE=registry.example.com/netflix-trend\nIMAGE_TAG=0.3.0\n")
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"')
    assert run(clone, path, *verb.split()).returncode == 0
    assert lines(clone / "called") == [asked]


@pytest.mark.parametrize("made", ["SyftBox/.cache", "SyftBox"])
def test_services_see_what_pysyft_knows(clone: Path, path: Path, made: str) -> None:
    (clone / ".env").write_text("DATASITES_DIR=./SyftBox\n")
    (clone / made).mkdir(parents=True)
    fake_docker(path, f'{NO_VOLUME} echo "$1 $2 ${{SYFTBOX_STATE:-none}}" >>"$HOME/called"')
    assert run(clone, path, "up").returncode == 0
    assert lines(clone / "called") == [f"compose up {'.cache' if made.endswith('.cache') else 'none'}"]


def test_a_port_assigned_by_syftbox_takes_precedence(clone: Path, path: Path) -> None:
    fake_docker(path, NO_VOLUME)
    assert "http://127.0.0.1:7001" in run(clone, path, "up", SYFTBOX_ASSIGNED_PORT="7001").stdout


def test_down_stops_services_and_records_no_mode(clone: Path, path: Path) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; exit 5')
    assert run(clone, path, "down").returncode == 5
    assert lines(clone / "called") == ["compose down"]
    assert not (clone / ".env").exists()


@pytest.mark.parametrize("verb", ["up", "scrape", "login"])
def test_a_password_in_env_is_refused(clone: Path, path: Path, verb: str) -> None:
    fake_docker(path, "exit 0")
    (clone / ".env").write_text("NETFLIX_PASSWORD=planted\n")
    result = run(clone, path, verb)
    assert (result.returncode, "planted" in result.stdout + result.stderr) == (1, False)
    assert "netflix_password in SECRETS_DIR" in result.stderr


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
    """Everything below the datasites is uploaded in clear, links included."""
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


# --- import with Docker


def test_import_copies_complete_files_into_the_drop_folder(clone: Path, path: Path) -> None:
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
    assert {entry.name for entry in (clone / "here").iterdir()} == {"My History (1).csv", ".My History (1).csv.options"}


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
        ".NetflixViewingHistory.csv.options": "profile=Anna\ncopy=yes\n",
        "NetflixViewingHistory-2.csv": "Ben",
        ".NetflixViewingHistory-2.csv.options": "profile=Ben\ncopy=yes\n",
    }
    assert "NetflixViewingHistory-2.csv is in the drop folder" in result.stdout


def test_a_file_that_cannot_be_copied_is_an_error(clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: Path, part: Path) -> None:
        part.touch()
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr("netflix_trend.cli.history.shutil.copy2", full)
    fake_docker(path, "exit 0")
    (clone / "a.csv").touch()
    (clone / ".env").touch()
    result = run(clone, path, "import", "--profile", "Anna", "a.csv", OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 1
    assert "could not be copied" in result.stderr
    assert "the disk is full" in result.stderr
    assert "is in the drop folder" not in result.stdout
    assert list((clone / "here").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "there"),
    [(".h.csv", "h.csv"), ("..h", "h.csv"), ("...", "export.csv"), ("a.CSV", "a.CSV"), ("b", "b.csv")],
)
def test_a_file_whose_name_begins_with_a_dot_is_imported(clone: Path, path: Path, name: str, there: str) -> None:
    fake_docker(path, "exit 0")
    (clone / name).touch()
    result = run(clone, path, "import", name, OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 0, result.stderr
    assert {file.name for file in (clone / "here").iterdir()} == {there, f".{there}.options"}


def test_import_writes_its_options_beside_the_file(clone: Path, path: Path) -> None:
    fake_docker(path, "exit 0")
    (clone / "netflix-report.zip").write_bytes(b"PK")
    asked = ["--profile", "Anna", "--date-order=dmy", "--only", "Kids, room", "--only", "Anna"]
    result = run(clone, path, "import", *asked, "netflix-report.zip", OUTPUT_DIR=str(clone / "here"))
    assert result.returncode == 0, result.stderr
    options = (clone / "here" / ".netflix-report.zip.options").read_text()
    assert options == "profile=Anna\ndate_order=dmy\nonly=Kids, room\nonly=Anna\ncopy=yes\n"
    (clone / "here" / "netflix-report.zip").unlink()
    result = run(clone, path, "import", "netflix-report.zip", OUTPUT_DIR=str(clone / "here"))
    options = (clone / "here" / ".netflix-report.zip.options").read_text()
    assert options == "copy=yes\n", "an earlier import decides nothing"


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        ([], "Missing argument 'FILE...'", 2),
        (["--date-order", "ydm", "a.csv"], "'mdy', 'dmy', 'ymd'", 2),
        (["--profile"], "'--profile' requires an argument", 2),
        (["--colour", "a.csv"], "No such option '--colour'", 2),
        (["--profile", "Anna"], "Missing argument 'FILE...'", 2),
        (["missing.csv"], "import: missing.csv: no such file", 1),
    ],
)
def test_wrong_imports_are_named(clone: Path, path: Path, arguments: list[str], message: str, code: int) -> None:
    fake_docker(path, "exit 0")
    (clone / "a.csv").touch()
    result = run(clone, path, "import", *arguments)
    assert result.returncode == code
    assert message in result.stderr
    assert not (clone / "drop").exists()


# --- the browser

# As the real one: whatever is run reads standard input.
READS = f'{NO_VOLUME} echo "$* <$(cat)" >>"$HOME/called"; '


def test_cookies_reach_the_scraper_and_the_file_is_deleted_afterwards(clone: Path, path: Path) -> None:
    fake_docker(path, f"{READS} exit 0")
    (clone / "cookies.txt").write_text("the cookies")
    result = run(clone, path, "cookies", "cookies.txt")
    assert result.returncode == 0, result.stderr
    assert "deleted" in result.stdout
    assert not (clone / "cookies.txt").exists()
    prepare, scraper = lines(clone / "called")
    assert prepare == "compose run --rm --quiet-pull prepare <"
    assert "--no-deps scraper python -m services.scraper import-cookies <the cookies" in scraper


def test_a_refused_cookie_file_is_not_deleted(clone: Path, path: Path) -> None:
    fake_docker(path, f'{READS} case "$*" in *import-cookies) exit 1;; esac')
    (clone / "cookies.txt").write_text("no cookies")
    assert run(clone, path, "cookies", "cookies.txt").returncode == 1
    assert (clone / "cookies.txt").exists()
    assert "no such file" in run(clone, path, "cookies", "missing.txt").stderr


def test_the_page_of_the_sign_in_is_published_on_this_machine_only(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"')
    assert run(clone, path, "login").returncode == 0
    called = (clone / "called").read_text()
    assert "--publish 127.0.0.1:8765:8765 scraper python -m services.scraper login --listen 0.0.0.0" in called
    assert called.count("--publish") == 1


# --- an aggregator


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("", "up --build"),
        ("--detach --wait", "up --build --detach --wait"),
        ("start --detach", "up --build --detach"),
    ],
)
def test_an_aggregator_is_started_with_options_of_compose(clone: Path, path: Path, typed: str, asked: str) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; exit 3')
    assert run(clone, path, "aggregator", *typed.split()).returncode == 3
    assert lines(clone / "called") == [f"compose -f docker-compose.aggregator.yml {asked}"]
    assert "MODE=" in lines(clone / ".env"), "an aggregator's machine need not be a participant's"


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize(
    "words", ["enrol ann@example.org bob@example.net", "remove ann@example.org", "participants", "key"]
)
def test_who_takes_part_is_asked_of_the_aggregator(clone: Path, path: Path, words: str, is_running: bool) -> None:
    running = "echo 1" if is_running else ":"
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; case "$*" in *"--status running"*) {running};; esac')
    assert run(clone, path, "aggregator", *words.split()).returncode == 0
    start = "exec --no-TTY" if is_running else "run --rm --no-deps --no-TTY"
    last = lines(clone / "called")[-1]
    assert last == f"compose -f docker-compose.aggregator.yml {start} aggregator python -m services.aggregator {words}"


@pytest.mark.parametrize("is_running", [True, False])
def test_charts_are_copied_into_the_aggregators_container(clone: Path, path: Path, is_running: bool) -> None:
    running = "echo 1" if is_running else ":"
    copied = 'case "$*" in *" chart "*) cat >>"$HOME/copied";; esac; case "$*" in *b.tsv*) exit 1;; esac'
    listed = f'case "$*" in *"--status running"*) {running};; esac'
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; {listed}; {copied}')
    for name in ("a.tsv", "b.tsv", "c.tsv"):
        (clone / name).write_text(f"of {name};")
    assert run(clone, path, "aggregator", "chart", "a.tsv", "b.tsv", "c.tsv").returncode == 1
    assert (clone / "copied").read_text() == "of a.tsv;of b.tsv;of c.tsv;", "a refused file does not stop the others"
    start = "exec --no-TTY" if is_running else "run --rm --no-deps --no-TTY"
    asked = f"compose -f docker-compose.aggregator.yml {start} aggregator python -m services.aggregator chart --name"
    assert [line for line in lines(clone / "called") if " chart " in line] == [
        f"{asked} {name} -" for name in ("a.tsv", "b.tsv", "c.tsv")
    ]


def test_charts_are_kept_without_docker_too(clone: Path, path: Path) -> None:
    week = Week.parse("2026-W46")
    (clone / "chart.tsv").write_bytes(of_world({week: [("A", 9)]}))
    said = run(clone, path, "aggregator", "chart", "chart.tsv")
    assert (said.returncode, said.stdout.startswith("chart.tsv: Netflix Top 10, global: 1 weeks")) == (0, True)
    kept = Charts.from_bytes((clone / "aggregator" / "charts.json").read_bytes())
    assert list(kept.of_country("")) == [week]
    said = run(clone, path, "aggregator", "chart", "none.tsv")
    assert (said.returncode, said.stderr) == (1, "aggregator chart: none.tsv: no such file\n")


@pytest.mark.parametrize(("typed", "asked"), [("", "up --build"), ("start --detach", "up --build --detach")])
def test_a_helper_is_started_from_its_own_compose_file(clone: Path, path: Path, typed: str, asked: str) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; exit 3')
    said = run(clone, path, "helper", *typed.split(), HELPER_DATASITE="helper@example.net")
    assert said.returncode == 3
    assert lines(clone / "called") == [f"compose -f docker-compose.helper.yml {asked}"]


@pytest.mark.parametrize("words", ["key", "status", "enrol ann@example.org", "remove ann@example.org"])
def test_a_helper_is_asked_where_it_runs(clone: Path, path: Path, words: str) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; case "$*" in *"--status running"*) echo 1;; esac')
    assert run(clone, path, "helper", *words.split(), HELPER_DATASITE="helper@example.net").returncode == 0
    start = "compose -f docker-compose.helper.yml exec --no-TTY helper python -m services.aggregator"
    assert lines(clone / "called")[-1] == f"{start} {words}"


def test_a_helper_without_docker_works_on_folders(clone: Path, path: Path) -> None:
    said = run(clone, path, "helper", "key", HELPER_DATASITE="helper@example.net")
    assert said.returncode == 0
    assert "HELPER_KEY=" in said.stdout
    assert (clone / "helper" / "identity.key").stat().st_mode & 0o777 == 0o600
    assert run(clone, path, "helper", "key", HELPER_DATASITE="helper@example.net").stdout == said.stdout


@pytest.mark.parametrize("words", ["", "key", "status"])
def test_a_helper_needs_a_datasite_of_its_own(clone: Path, path: Path, words: str) -> None:
    said = run(clone, path, "helper", *words.split())
    assert said.returncode == 1
    assert "HELPER_DATASITE" in said.stderr


def test_tests_get_their_arguments(clone: Path, path: Path) -> None:
    (clone / "tests").mkdir()
    (clone / "tests" / "run.sh").touch()
    (clone / "run.sh").write_text('echo "$*" >"$HOME/called"; exit 4')
    assert run(clone, path, "test", "--fast", "-k", "ledger").returncode == 4
    assert lines(clone / "called") == ["test --fast -k ledger"]


def test_an_installed_package_names_verbs_that_need_a_clone(tmp_path: Path, path: Path) -> None:
    for verb in ("up", "test"):
        result = run(tmp_path, path, verb)
        assert (result.returncode, "clone of the repository" in result.stderr) == (1, True)
    assert place_in(tmp_path, path).mode() == "folders"
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("insigths", "Did you mean insights?"),
        ("event lst", "Did you mean list?"),
        ("insights --jsn", "Did you mean '--json'?"),
        ("demo --mode tow", "Did you mean two?"),
        ("read --date-order mdx a.csv", "Did you mean ymd or mdy?"),
        ("--json insights", "Write --json after it, such as in: ./run.sh insights --json"),
        ("--jsom", "--jsom stands before the verb. Write --json after it, such as in: ./run.sh"),
        ("event --json list", "such as in: ./run.sh event list --json"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_one_that_was_meant(
    clone: Path, path: Path, typed: str, meant: str
) -> None:
    result = run(clone, path, *typed.split())
    assert result.returncode == 2
    assert meant in " ".join(result.stderr.split())


@pytest.mark.parametrize("typed", ["xyzzy", "--xyzzy", "insights --xyzzy", "demo --mode xyzzy"])
def test_a_word_that_is_like_none_is_refused_without_a_guess(clone: Path, path: Path, typed: str) -> None:
    result = run(clone, path, *typed.split())
    assert result.returncode == 2
    assert "Did you mean" not in result.stderr
    assert "stands before" not in result.stderr


def test_every_verb_says_more_than_its_name(clone: Path, path: Path) -> None:
    """Of what starts, stops, signs in or is run by a timer a person wants to know what it does to their data."""
    for verb, said in {
        "up": "serve your page",
        "down": "./run.sh withdraw",
        "once": "answered once, however often",
        "login": "the cookies",
        "cookies": "cookies.txt",
    }.items():
        help_text = " ".join(run(clone, path, verb, "--help").stdout.split())
        assert said in help_text, verb
        assert len(help_text) > 300, verb


def test_with_dockers_services_a_file_is_written_here(clone: Path, path: Path) -> None:
    """The container prints it; this machine gives it its name and its rights."""
    (clone / ".env").write_text("MODE=containers\n")
    fake_docker(
        path, 'case "$*" in *" export "*) echo "$*" >"$HOME/called"; printf "a,b\\r\\n";; *"ps --quiet"*) echo 1;; esac'
    )

    result = run(clone, path, "export", "--format", "csv", "--profile", "Ann", "--guesses", "all.csv")

    assert result.returncode == 0, result.stderr
    assert (clone / "all.csv").read_bytes() == b"a,b\r\n"
    assert (clone / "all.csv").stat().st_mode & 0o777 == 0o600
    assert (clone / "called").read_text().endswith("netflix_trend export --format csv --profile Ann --guesses\n")
