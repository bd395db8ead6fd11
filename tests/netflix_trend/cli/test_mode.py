"""Where verbs work: recorded once, obeyed afterwards, and asked where both could be meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netflix_trend.cli.machine import Machine
from tests.netflix_trend.cli.front_door import fake_docker, lines, run
from tests.netflix_trend.cli.test_foreground import NO_VOLUME

VERBS = ["import a.csv", "insights", "event list", "status", "privacy", "join", "pause", "withdraw", "limits --odds 3"]
STOPPED = f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"; '
WITH_VOLUME = (
    'case "$*" in "compose version"|info|"volume inspect netflix-trend_publisher") exit 0;; esac;'
    ' echo "$*" >>"$HOME/docker.log"'
)
BODIES = (
    *("services.processor.importing.import_files", "services.processor.cli.show_insights"),
    *("services.processor.events.list_events", "services.publisher.status.rows", "services.publisher.summary.main"),
    *("services.runtime.choose.take_part", "services.runtime.choose.lower_limits", "services.local.__main__.once"),
    "services.local.dashboard.serve",
)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which `status` wraps no path."""
    monkeypatch.setenv("COLUMNS", "1000")


def works(verb: str) -> int:
    """The exit code of a verb that did what it is for: without a SyftBox, `status` says that nothing works."""
    return 1 if verb == "status" else 0


@pytest.fixture
def acted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What verbs did in this process: folders and the name of the function."""
    done: list[str] = []

    def noting(name: str) -> object:
        def act(*_: object, **__: object) -> object:
            done.append(f"{os.environ['PRIVATE_DIR']} {os.environ['PUBLISHER_DIR']}: {name}")
            return [] if name.endswith(".rows") else 0

        return act

    for body in BODIES:
        monkeypatch.setattr(body, noting(body.removeprefix("services.")))
    return done


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("setting", ["", "PRIVATE_DIR=./mine", 'PUBLISHER_DIR="./my ledger"', "MODE=folders"])
def test_an_installation_that_uses_once_stays_on_folders(
    clone: Path, path: Path, acted: list[str], verb: str, setting: str
) -> None:
    """Every verb works where `./run.sh once` has published, also on a machine that has Docker."""
    (clone / ".env").write_text(f"{setting}\n")
    (clone / ("my ledger" if setting.startswith("PUBLISHER") else "publisher")).mkdir()
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"')
    result = run(clone, path, *verb.split())
    assert result.returncode == works(verb), result.stderr
    assert not (clone / "docker.log").exists()
    private = clone / ("mine" if setting.startswith("PRIVATE") else "private")
    publisher = clone / ("my ledger" if setting.startswith("PUBLISHER") else "publisher")
    assert acted
    assert all(line.startswith(f"{private} {publisher}: ") for line in acted)
    is_choice = verb.split(maxsplit=1)[0] in ("join", "pause", "withdraw", "limits")
    assert acted[-1].endswith("once") is is_choice, "what was chosen is also done"
    assert "MODE=folders" in lines(clone / ".env"), "and need not be found out again"


@pytest.mark.parametrize("verb", VERBS)
def test_two_possible_modes_are_asked_about(clone: Path, path: Path, acted: list[str], verb: str) -> None:
    (clone / "publisher").mkdir()
    (clone / "a.csv").touch()
    fake_docker(path, WITH_VOLUME)
    result = run(clone, path, *verb.split())
    assert result.returncode == 1
    assert f"PRIVATE_DIR=./private ./run.sh {verb.split(maxsplit=1)[0]}" in result.stdout + result.stderr
    assert not (clone / "docker.log").exists()
    assert not acted
    assert not (clone / ".env").exists(), "nothing was decided"
    for said in ({"PRIVATE_DIR": "./private"}, {"MODE": "folders"}):
        assert run(clone, path, *verb.split(), **said).returncode == works(verb)
    assert acted
    assert not (clone / ".env").exists(), "said for once"


@pytest.mark.parametrize("verb", VERBS)
def test_stopped_docker_is_not_mistaken_for_no_docker(clone: Path, path: Path, acted: list[str], verb: str) -> None:
    """Its volumes may hold everything; a withdrawal would land beside it."""
    fake_docker(path, '[ "$1" = compose ]')
    result = run(clone, path, *verb.split())
    assert result.returncode == 1
    assert "engine does not run" in result.stdout + result.stderr
    assert not acted
    assert not (clone / ".env").exists()


@pytest.mark.parametrize("how", ["publisher", "MODE=folders", "PRIVATE_DIR=./private"])
def test_services_do_not_start_beside_mode_folders(clone: Path, path: Path, how: str) -> None:
    """They would draw from another ledger."""
    if "=" in how:
        (clone / ".env").write_text(f"{how}\n")
    else:
        (clone / how).mkdir()
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/docker.log"')
    result = run(clone, path, "up")
    assert result.returncode == 1
    assert "works without Docker" in result.stderr
    assert not (clone / "docker.log").exists()


@pytest.mark.parametrize("how", ["MODE=containers", "a volume"])
def test_once_does_not_answer_beside_the_services(clone: Path, path: Path, acted: list[str], how: str) -> None:
    """Two ledgers would draw twice for one round."""
    (clone / ".env").write_text(f"{how}\n" if "=" in how else "")
    fake_docker(path, WITH_VOLUME if how == "a volume" else NO_VOLUME)
    result = run(clone, path, "once")
    assert result.returncode == 1
    assert "MODE=containers" in result.stderr
    assert not acted
    assert run(clone, path, "once", MODE="folders").returncode == 0


@pytest.mark.parametrize("body", ["", NO_VOLUME, WITH_VOLUME, '[ "$1" = compose ]'])
def test_once_goes_on_where_it_has_published(clone: Path, path: Path, acted: list[str], body: str) -> None:
    """Cron must not stop, whatever is in Docker's volumes."""
    (clone / "publisher").mkdir()
    if body:
        fake_docker(path, body)
    assert run(clone, path, "once").returncode == 0
    assert acted == [f"{clone}/private {clone}/publisher: local.__main__.once"]


def test_the_first_use_decides_and_later_evidence_does_not(clone: Path, path: Path, acted: list[str]) -> None:
    """Docker is installed afterwards: the tables are still where they were."""
    (clone / "a.csv").touch()
    assert run(clone, path, "import", "a.csv").returncode == 0
    assert "MODE=folders" in lines(clone / ".env")
    fake_docker(path, WITH_VOLUME)
    assert run(clone, path, "insights").returncode == 0
    assert len(acted) == 2
    assert not (clone / "docker.log").exists()


def test_containers_are_recorded_and_a_folder_changes_nothing(clone: Path, path: Path, acted: list[str]) -> None:
    fake_docker(path, STOPPED)
    (clone / "a.csv").touch()
    assert run(clone, path, "import", "a.csv").returncode == 0
    assert "MODE=containers" in lines(clone / ".env")
    (clone / "publisher").mkdir()
    assert run(clone, path, "insights").returncode == 0
    assert lines(clone / "docker.log")[-1].endswith("python -m netflix_trend insights")
    assert not acted


@pytest.mark.parametrize("verb", ["status", "insights", "privacy", "event list"])
def test_reading_verbs_record_no_mode_on_a_new_machine(clone: Path, path: Path, acted: list[str], verb: str) -> None:
    assert run(clone, path, *verb.split()).returncode == works(verb)
    assert acted
    assert not (clone / ".env").exists()


@pytest.mark.parametrize("verb", ["status", "insights", "privacy", "event list"])
def test_reading_verbs_start_no_container_on_a_new_machine(
    clone: Path, path: Path, acted: list[str], verb: str
) -> None:
    """Its volumes would be taken for those of somebody who works with Docker's services."""
    fake_docker(path, STOPPED)
    result = run(clone, path, *verb.split())
    assert result.returncode == 1
    said = result.stdout + result.stderr
    assert "nothing is stored yet" in said
    assert "./run.sh fetch or ./run.sh import FILE" in said or verb == "status"
    assert not (clone / "docker.log").exists()
    assert not (clone / ".env").exists()
    assert run(clone, path, "once").returncode == 0
    assert len(acted) == 1


@pytest.mark.parametrize("verb", ["status", "insights"])
def test_an_older_installation_of_containers_is_recognized_once(clone: Path, path: Path, verb: str) -> None:
    fake_docker(path, WITH_VOLUME)
    (clone / ".env").write_text("OUTPUT_DIR=./mine\n")
    (clone / "datasites" / "me@example.org").mkdir(parents=True)
    assert run(clone, path, verb).returncode == works(verb)
    assert lines(clone / ".env")[0] == "OUTPUT_DIR=./mine"
    assert lines(clone / ".env")[-1] == "MODE=containers"


@pytest.mark.parametrize(
    ("text", "said"),
    [("MODE=boxes\n", "containers"), ("MODE=containers\nPRIVATE_DIR=./private\n", "contradict")],
)
def test_an_invalid_mode_is_named(clone: Path, path: Path, acted: list[str], text: str, said: str) -> None:
    (clone / ".env").write_text(text)
    result = run(clone, path, "withdraw")
    assert (result.returncode, said in result.stderr, acted) == (1, True, [])


def test_a_mode_of_somebody_else_s_is_not_ours(clone: Path, path: Path, acted: list[str]) -> None:
    """Other programs have a variable of that name."""
    assert run(clone, path, "insights", MODE="dark").returncode == 0
    assert acted


@pytest.mark.parametrize("mode", ["containers", "folders"])
def test_status_shows_the_mode(clone: Path, path: Path, acted: list[str], mode: str) -> None:
    (clone / ".env").write_text(f"MODE={mode}\n")
    (clone / "datasites" / "me@example.org").mkdir(parents=True)
    fake_docker(path, STOPPED)
    result = run(clone, path, "status")
    assert f"fine: {mode}" in result.stdout
    if mode == "folders":
        assert f"{clone}/private" in result.stdout


# --- in containers


@pytest.mark.parametrize("is_running", [True, False])
def test_with_docker_insights_and_events_are_asked_of_the_processor(clone: Path, path: Path, is_running: bool) -> None:
    answer = "echo 1" if is_running else ":"
    fake_docker(path, f'echo "$*" >>"$HOME/docker.log"; case "$*" in *"--status running"*) {answer} ;; esac')
    assert run(clone, path, "event", "add", "a b", "2026-02-01", "2026-02-09").returncode == 0
    command = "netflix_trend event add a b 2026-02-01 2026-02-09"
    calls = [line for line in lines(clone / "docker.log") if line.startswith(("compose exec", "compose run"))]
    if is_running:
        assert calls == [f"compose exec --no-TTY processor python -m {command}"]
    else:
        assert calls[0].endswith("prepare"), "volumes may not be there yet"
        assert calls[1] == f"compose run --rm --no-deps --no-TTY processor python -m {command}"


@pytest.mark.parametrize("verb", ["next --not-for-me Dark", "next --json", "model", "model --json"])
def test_with_docker_recommendations_are_made_by_the_processor(clone: Path, path: Path, verb: str) -> None:
    fake_docker(path, 'echo "$*" >>"$HOME/docker.log"; case "$*" in *"--status running"*) echo 1 ;; esac')
    assert run(clone, path, *verb.split()).returncode == 0
    calls = [line for line in lines(clone / "docker.log") if line.startswith("compose exec")]
    assert calls == [f"compose exec --no-TTY processor python -m netflix_trend {verb}"]


def test_a_file_of_a_model_is_read_here(clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has only Docker lacks packages until a verb asks for them."""
    done: list[object] = []
    monkeypatch.setattr(Machine, "need_packages", lambda _, lock="demo", **__: done.append(lock))
    monkeypatch.setattr("services.processor.published_model.show_file", lambda file, *_, **__: done.append(file) or 3)
    fake_docker(path, WITH_VOLUME)
    (clone / "their.json").touch()
    assert run(clone, path, "model", "their.json", MODE="containers").returncode == 3
    assert done == ["demo", Path("their.json")]
    assert not any("processor" in line for line in lines(clone / "docker.log"))
    assert run(clone, path, "model", "their.json", IN_CONTAINER="1").returncode == 3
    assert done[2:] == [Path("their.json")]


def test_with_docker_a_picture_of_a_year_is_drawn_by_the_processor_into_a_file_here(clone: Path, path: Path) -> None:
    fake_docker(
        path,
        'echo "$*" >>"$HOME/docker.log"; case "$*" in *"--status running"*) echo 1 ;; '
        "*'--picture -'*) echo picture ;; esac",
    )
    file = clone / "year.svg"
    assert run(clone, path, "year", "2026", "--picture", file.name, "--without-titles").returncode == 0
    assert lines(clone / "docker.log")[-1].endswith(
        "python -m netflix_trend year 2026 --picture - --format svg --shape story --without-titles"
    )
    assert file.read_text() == "picture\n"


def test_in_a_container_a_verb_starts_no_other_container(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image has neither Docker nor .env, and its folders are where Compose mounts them."""
    monkeypatch.setattr("services.processor.cli.show_insights", lambda is_json: 7 if is_json else 0)
    assert run(clone, path, "insights", "--json", IN_CONTAINER="1", MODE="containers").returncode == 7
    assert not (clone / ".env").exists()


@pytest.mark.parametrize("verb", ["join", "pause", "withdraw", "limits"])
def test_in_a_container_a_choice_is_saved_without_publishing(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    done: list[str] = []

    def keep(verb: str = "limits", **_: object) -> int:
        done.append(verb)
        return 0

    monkeypatch.setattr("services.runtime.choose.take_part", keep)
    monkeypatch.setattr("services.runtime.choose.lower_limits", keep)
    monkeypatch.setattr("services.local.__main__.once", lambda: done.append("once"))
    assert run(clone, path, verb, IN_CONTAINER="1").returncode == 0
    assert done == [verb]


@pytest.mark.parametrize("verb", ["join", "pause", "withdraw", "limits"])
def test_with_the_services_stopped_the_publisher_runs_once(clone: Path, path: Path, verb: str) -> None:
    fake_docker(path, STOPPED)
    (clone / "datasites" / "me@example.org").mkdir(parents=True)
    assert run(clone, path, verb).returncode == 0
    runs = [line for line in lines(clone / "docker.log") if line.startswith("compose run") and "prepare" not in line]
    assert runs == [
        f"compose run --rm --no-deps --no-TTY processor python -m netflix_trend {verb}",
        "compose run --rm --no-deps --no-TTY publisher python -m netflix_trend look",
    ]


def test_a_running_publisher_is_not_run_a_second_time(clone: Path, path: Path) -> None:
    fake_docker(path, f'{STOPPED} case "$*" in *"--status running"*) echo 1;; esac')
    assert run(clone, path, "withdraw").returncode == 0
    assert not [line for line in lines(clone / "docker.log") if "look" in line or "compose run" in line]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_withdrawal_that_could_not_be_carried_out_says_so(clone: Path, path: Path, is_there: bool) -> None:
    fake_docker(path, f'{STOPPED} case "$*" in *look) exit 1;; esac')
    if is_there:
        (clone / "datasites" / "me@example.org").mkdir(parents=True)
    result = run(clone, path, "withdraw")
    assert result.returncode == 1
    assert "kept but not carried out" in result.stderr
    assert "./run.sh up" in result.stderr


@pytest.mark.parametrize("verb", ["status", "privacy", "withdraw"])
def test_docker_does_not_create_a_missing_datasite(clone: Path, path: Path, verb: str) -> None:
    """It would belong to root, and SyftBox would take it for a complete one."""
    (clone / "Syft Box").mkdir()
    (clone / ".env").write_text('MODE=containers\nDATASITES_DIR="./Syft Box"\nSYFTBOX_EMAIL=ann@example.org\n')
    fake_docker(path, STOPPED)
    result = run(clone, path, verb)
    assert result.returncode == 1
    assert f"there is no datasite {clone}/Syft Box/ann@example.org" in result.stdout + result.stderr
    assert not [line for line in lines(clone / "docker.log") if " publisher " in line and "run" in line]


# --- on folders


def test_with_docker_the_page_is_the_services_one(clone: Path, path: Path, acted: list[str]) -> None:
    fake_docker(path, STOPPED)
    result = run(clone, path, "dashboard")
    assert (result.returncode, result.stdout.splitlines()[1:]) == (0, ["Open http://127.0.0.1:8651"])
    assert lines(clone / "docker.log") == ["compose up --detach --build --wait"]
    assert run(clone, path, "dashboard", "--demo").returncode == 0, "the demo needs none of that"
    assert len(acted) == 1


def test_settings_and_folders_of_env_reach_a_process_on_folders(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / ".env").write_text("TZ=Asia/Tokyo\nLIMIT_ODDS='5/2'  # low\nOUTPUT_DIR=./d\nDATE_ORDER=\n")
    found: dict[str, str] = {}
    monkeypatch.setattr("services.processor.cli.show_insights", lambda is_json: found.update(os.environ) or 0)
    monkeypatch.setenv("DATE_ORDER", "dmy")
    monkeypatch.chdir(clone)
    assert run(clone, path, "insights", LIMIT_REPORTS_PER_YEAR="3").returncode == 0
    assert found["TZ"] == "Asia/Tokyo"
    assert (found["LIMIT_ODDS"], found["LIMIT_REPORTS_PER_YEAR"]) == ("5/2", "3")
    assert (found["OUTPUT_DIR"], found["DATASITES_DIR"]) == (f"{clone}/d", f"{clone}/datasites")


def test_inside_syftbox_folders_are_syftbox_s(clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, str] = {}
    monkeypatch.setattr("services.processor.importing.import_files", lambda *_, **__: found.update(os.environ) or 0)
    result = run(clone, path, "import", "a.csv", SYFTBOX_DATA_DIR="/data/ann/SyftBox", SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 0, result.stderr
    assert (found["SYFTBOX_EMAIL"], found["DATASITES_DIR"]) == ("ann@example.org", "/data/ann/SyftBox/datasites")


def test_a_verb_changes_nothing_in_folders_of_a_newer_version(clone: Path, path: Path, acted: list[str]) -> None:
    (clone / ".env").write_text("MODE=folders\n", "utf-8")
    (clone / "private").mkdir()
    (clone / "private" / "choices.json").write_text('{"schema_version":2}', "utf-8")
    result = run(clone, path, "join")
    assert result.returncode == 1
    assert "private/choices.json has format 2" in result.stderr
    assert acted == []
