"""run.sh as SyftBox and people start it, with a real shell. What verbs do is tested in netflix_trend/cli."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[1]
TOOLS = (
    *("sh", "dirname", "cat", "cp", "id", "sed", "printf", "rm", "readlink", "cksum", "sleep", "grep", "touch"),
    *("mkdir", "mv", "kill"),
)
NO_VOLUME = 'case "$*" in "compose version"|info) exit 0;; "volume inspect"*) exit 1;; esac; '
WITHOUT, WITH = "without Python", "with Python"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose environment is not made yet."""
    for name in ("run.sh", ".env.example", "docker-compose.yml", "netflix_trend", "services", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH without Docker and without Python, as SyftBox may hand over."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (folder / tool).symlink_to(found)
    return folder


def start(clone: Path, path: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["sh", "run.sh", *arguments],
        cwd=clone,
        env={"PATH": str(path), "HOME": str(clone), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(clone: Path, path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    with start(clone, path, *arguments, **environment) as process:
        stdout, stderr = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def fake_docker(path: Path, body: str) -> None:
    (path / "docker").write_text(f"#!/bin/sh\n{body}\n")
    (path / "docker").chmod(0o755)


def give_environment(clone: Path, start: str = "") -> None:
    """The environment of the tests, as the clone's own. start: lines of sh before its Python runs."""
    binaries = clone / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\n{start}\nexec {ROOT}/.venv/bin/python "$@"\n')
    (binaries / "python").chmod(0o755)
    lock = (clone / "requirements" / "dev.txt").read_bytes()
    found = subprocess.run(["cksum"], input=lock, capture_output=True, check=True).stdout.decode().strip()
    (clone / ".venv" / ".installed-dev").write_text(found)


@pytest.fixture(params=[WITHOUT, WITH])
def both(request: pytest.FixtureRequest, clone: Path) -> Path:
    """A clone on a machine with Python, and on one without."""
    if request.param == WITH:
        give_environment(clone)
    return clone


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_without_docker_and_python_it_says_one_sentence_and_exits_0(clone: Path, path: Path) -> None:
    """SyftBox starts an app that fails again every five seconds."""
    result = run(clone, path)
    assert result.returncode == 0
    *before, sentence = result.stdout.splitlines()
    assert sentence.startswith("Netflix Trend is not running. Docker is not installed")
    assert [line.partition(":")[0] for line in before] in ([], ["Trial"])
    assert not result.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[ "$1" != compose ]', "no Compose plugin"),
        ('[ "$1" != info ]', "engine does not run"),
    ],
)
def test_without_python_docker_without_compose_is_explained(clone: Path, path: Path, body: str, said: str) -> None:
    fake_docker(path, body)
    result = run(clone, path)
    assert result.returncode == 0
    assert said in result.stdout


@pytest.mark.parametrize(
    ("verb", "asked"),
    [([], "compose up --build"), (["up"], "compose up --detach --build --wait"), (["down"], "compose down")],
)
def test_docker_alone_is_enough_to_start_and_stop(both: Path, path: Path, verb: list[str], asked: str) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; exit 7')
    assert run(both, path, *verb).returncode in (7, 1)
    assert lines(both / "called") == [asked]
    if verb != ["down"]:
        assert "OUTPUT_DIR=./drop" in lines(both / ".env")


@pytest.mark.parametrize("verb", [[], ["up"]])
@pytest.mark.parametrize("where", ["file", "environment"])
def test_where_images_are_named_nothing_is_built(both: Path, path: Path, verb: list[str], where: str) -> None:
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"')
    environment = {}
    if where == "file":
        (both / ".env").write_text("IMAGE=registry.example.com/netflix-trend\n")
    else:
        environment = {"IMAGE": "netflix-trend"}
    run(both, path, *verb, **environment)
    assert lines(both / "called") == ["compose up --detach --no-build --wait" if verb else "compose up --no-build"]


# --- Git Bash of Windows, as far as it can be played here: real Windows was never tried


def fake_cygpath(path: Path) -> None:
    (path / "cygpath").write_text(
        '#!/bin/sh\n[ "$1" = -m ] || exit 9\n'
        "printf '%s\\n' \"$2\" | sed -e 's|\\\\|/|g' -e 's|^/\\([a-z]\\)/|\\1:/|' -e 's|^c:|C:|' -e 's|^/|W:/|'\n"
    )
    (path / "cygpath").chmod(0o755)


@pytest.mark.parametrize("data", ["/c/Users/ann/SyftBox", "C:\\Users\\ann\\SyftBox", "C:/Users/ann/SyftBox"])
@pytest.mark.parametrize("verb", [[], ["up"]])
def test_in_git_bash_docker_gets_paths_of_windows(clone: Path, path: Path, data: str, verb: list[str]) -> None:
    fake_cygpath(path)
    noted = '"$DATASITES_DIR $MSYS_NO_PATHCONV ${PARTICIPANT_UID:-nobody}"'
    fake_docker(path, f'{NO_VOLUME} printf "%s\\n" {noted} >>"$HOME/seen"')
    result = run(clone, path, *verb, SYFTBOX_DATA_DIR=data, SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 0, result.stderr
    assert lines(clone / "seen") == ["C:/Users/ann/SyftBox/datasites 1 nobody"]


def test_in_git_bash_the_environment_is_made_and_used_where_windows_has_it(clone: Path, path: Path) -> None:
    """Python of Windows is called python, and makes Scripts/python.exe."""
    fake_cygpath(path)
    note = 'echo "$PYTHONPATH $*" >>"$HOME/python.log"'
    (path / "python").write_text(
        f'#!/bin/sh\n{note}\n[ "$2" = venv ] || exit 0\nmkdir -p "$4/Scripts"\ncp "$0" "$4/Scripts/python.exe"\n'
    )
    (path / "python").chmod(0o755)
    for _ in range(2):
        result = run(clone, path, "help", "up")
        assert result.returncode == 0, result.stderr
    asked = [line.split() for line in lines(clone / "python.log")]
    assert [words[:3] for words in asked if "install" in words] == [["-m", "pip", "install"]], "once"
    assert [words[1:] for words in asked if "netflix_trend" in words] == 2 * [
        ["-P", "-m", "netflix_trend", "help", "up"]
    ]
    assert asked[-1][0] == f"W:{clone}", "as cygpath says"


def test_an_existing_env_file_is_kept(both: Path, path: Path) -> None:
    (both / ".env").write_text("OUTPUT_DIR=./mine\n")
    fake_docker(path, f"{NO_VOLUME} exit 0")
    run(both, path)
    assert lines(both / ".env")[0] == "OUTPUT_DIR=./mine"
    assert [line for line in lines(both / ".env")[1:] if not line.startswith(("#", "MODE="))] == []


def test_without_python_a_failure_is_not_retried_every_five_seconds(clone: Path, path: Path) -> None:
    fake_docker(path, f"{NO_VOLUME} exit 7")
    result = run(clone, path, SYFTBOX_DATA_DIR="/data", SYFTBOX_EMAIL="ann@example.org")
    assert result.returncode == 0
    assert "stopped with an error" in result.stdout


def test_under_syftbox_the_end_of_the_app_ends_the_services(
    both: Path, path: Path, wait_for: Callable[..., object]
) -> None:
    """SyftBox sends its signal to the first process only. The real docker compose ends with 130 then."""
    fake_docker(
        path,
        f'{NO_VOLUME} trap \'echo ended >"$HOME/ended"; exit 130\' TERM; touch "$HOME/up"; while :; do sleep .05; done',
    )
    process = start(both, path, SYFTBOX_DATA_DIR="/data", SYFTBOX_EMAIL="ann@example.org")
    wait_for((both / "up").exists, "the services run")
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, "SyftBox would start it again"
    assert lines(both / "ended") == ["ended"]


@pytest.mark.parametrize(
    ("env", "environment", "who"),
    [
        ("", {"SYFTBOX_EMAIL": "ann@example.org"}, "ann@example.org /data/ann/SyftBox/datasites"),
        (
            "SYFTBOX_EMAIL=me@example.org",
            {"SYFTBOX_EMAIL": "ann@example.org"},
            "ann@example.org /data/ann/SyftBox/data",
        ),
        ("SYFTBOX_EMAIL=bob@example.net\nDATASITES_DIR=/x", {"SYFTBOX_EMAIL": "ann@example.org"}, " "),
    ],
    ids=["variables", "an example in .env", ".env goes first"],
)
def test_without_python_syftbox_s_variables_are_obeyed(
    clone: Path, path: Path, env: str, environment: dict[str, str], who: str
) -> None:
    (clone / ".env").write_text(f"{env}\n")
    fake_docker(path, f'{NO_VOLUME} echo "$SYFTBOX_EMAIL $DATASITES_DIR" >>"$HOME/who"')
    run(clone, path, SYFTBOX_DATA_DIR="/data/ann/SyftBox", **environment)
    assert lines(clone / "who")[0].startswith(who)


@pytest.mark.parametrize(
    ("env", "environment", "said"),
    [
        ("MODE=folders", {}, "needs Python 3.11"),
        ("NETFLIX_PASSWORD=planted", {}, "netflix_password in SECRETS_DIR"),
        ("", {"SYFTBOX_CLIENT_CONFIG_PATH": "/config.json"}, "SYFTBOX_EMAIL and DATASITES_DIR"),
    ],
)
@pytest.mark.parametrize("verb", [[], ["up"]])
def test_without_python_what_it_cannot_know_is_not_guessed(
    clone: Path, path: Path, verb: list[str], env: str, environment: dict[str, str], said: str
) -> None:
    """A trial as me@example.org beside a real datasite, or services beside folders."""
    (clone / ".env").write_text(f"{env}\n")
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"')
    result = run(clone, path, *verb, **environment)
    assert result.returncode == (1 if verb else 0)
    assert said in result.stdout + result.stderr
    assert "planted" not in result.stdout + result.stderr
    assert not (clone / "called").exists()


@pytest.mark.parametrize("verb", [[], ["up"]])
def test_without_python_what_lies_outside_the_clone_is_not_answered_twice(
    clone: Path, path: Path, verb: list[str]
) -> None:
    """SyftBox installed the app again, and its environment could not be made."""
    (clone / "data" / "netflix-trend" / "publisher").mkdir(parents=True)
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"')
    box = {"SYFTBOX_DATA_DIR": "/data/ann/SyftBox", "SYFTBOX_EMAIL": "ann@example.org"}
    result = run(clone, path, *verb, XDG_DATA_HOME=str(clone / "data"), **box)
    assert result.returncode == (1 if verb else 0)
    assert "Your settings and data are in" in result.stdout + result.stderr
    assert not (clone / "called").exists()
    assert not (clone / ".env").exists()


@pytest.mark.parametrize("verb", ["demo", "status", "help", "import"])
def test_a_missing_python_is_named(clone: Path, path: Path, verb: str) -> None:
    result = run(clone, path, verb)
    assert result.returncode == 1
    assert "Python 3.11" in result.stderr


def test_without_docker_a_signal_ends_the_runs_and_leaves_nothing_behind(
    clone: Path, path: Path, wait_for: Callable[..., object]
) -> None:
    (clone / "private" / "profiles" / "me").mkdir(parents=True)
    # A run that takes long.
    give_environment(
        clone,
        'case "$*" in *"netflix_trend once"*) echo $$ >"$HOME/part"; mv "$HOME/part" "$HOME/look";'
        " exec sleep 100;; esac",
    )
    process = start(clone, path, SYFTBOX_DATA_DIR=str(clone / "Syft Box"))
    wait_for((clone / "look").exists, "it looks")
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, "SyftBox would start it again"
    with pytest.raises(ProcessLookupError):
        os.kill(int((clone / "look").read_text()), 0)


def test_ctrl_c_ends_a_verb_in_one_line(clone: Path, path: Path, wait_for: Callable[..., object]) -> None:
    """A terminal sends it to the verb and to all of its child processes."""
    give_environment(clone)
    fake_docker(path, f'{NO_VOLUME} touch "$HOME/up"; exec sleep 100')
    with subprocess.Popen(
        ["sh", "run.sh", "up"],
        cwd=clone,
        env={"PATH": str(path), "HOME": str(clone)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_for((clone / "up").exists, "it runs")
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert stderr.split("\n") == ["", "Ended with Ctrl-C.", ""]


def from_elsewhere(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the real run.sh from another folder, with Python and on a folder of its own."""
    settings = {"PATH": os.environ["PATH"], "HOME": str(folder), "PRIVATE_DIR": str(folder / "private"), **environment}
    passed = {name: value for name, value in os.environ.items() if name in ("PIP_CERT", "SSL_CERT_FILE", "TMPDIR")}
    command = ["sh", str(ROOT / "run.sh"), *arguments]
    return subprocess.run(
        command, cwd=folder, env={**passed, **settings}, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_read_prints_one_object_a_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text('Title,Date\n"Dark: Season 1: Secrets","11/17/25"\n')
    (tmp_path / "one day.csv").write_text('Title,Date\n"Roma","3/9/24"\n')
    # A package in the caller's folder must not shadow ours.
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "__init__.py").write_text("raise SystemExit('wrong package')")
    result = from_elsewhere(tmp_path, "read", "history.csv", "one day.csv", "missing.csv", "--json")
    assert result.returncode == 0, result.stderr
    first, second, third = map(json.loads, result.stdout.splitlines())
    assert (first["file"], first["views"], first["shows"], first["error"]) == ("history.csv", 1, ["Dark"], None)
    assert second["date_order"] == "undecidable"
    assert "DATE_ORDER=mdy|dmy" in second["error"]
    assert third["error"] == "missing.csv: no such file. Check the name, and in which folder it is."
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
    assert "odds 3 (epsilon 1.10) a report, 2 reports in 52 weeks" in lowered.stdout
    withdrawn = from_elsewhere(tmp_path, "withdraw", **folders)
    assert withdrawn.returncode == 0, withdrawn.stderr
    assert "Your last answer in statistics is about" in withdrawn.stdout
    assert not releases.exists()
    assert "Your last answer in statistics is about" in from_elsewhere(tmp_path, "privacy", **folders).stdout
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
    assert "expected" in result.stderr
    assert not (tmp_path / "private").exists()


def test_a_private_folder_that_would_be_uploaded_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "datasites" / "me@example.org" / "private"
    result = from_elsewhere(tmp_path, "event", "list", PRIVATE_DIR=str(folder))
    assert result.returncode == 1
    assert "uploaded" in result.stderr
    assert not folder.exists()


@pytest.mark.parametrize(
    ("said", "has_ensurepip", "cause"),
    [
        ("Error: [Errno 30] Read-only file system: '/clone/.venv'", True, "can only be read. Copy this clone"),
        ("Error: [Errno 28] No space left on device", True, "is full. Make room"),
        ("Error: [Errno 13] Permission denied: '/clone/.venv'", True, "this user may not write in"),
        ("something else", True, "could not be made, see above"),
        ("The virtual environment was not created successfully", False, "cannot make virtual environments"),
    ],
)
def test_why_there_is_no_virtual_environment(
    clone: Path, path: Path, said: str, cause: str, *, has_ensurepip: bool
) -> None:
    python = path / "python3"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *ensurepip*) exit {0 if has_ensurepip else 1};; '
        f'*"-m venv"*) echo "{said}" >&2; exit 1;; esac\n'
    )
    python.chmod(0o755)
    # Not as root on Debian, which would install the package.
    (path / "id").unlink()
    (path / "id").write_text("#!/bin/sh\necho 1000\n")
    (path / "id").chmod(0o755)
    result = run(clone, path, "demo")
    assert result.returncode != 0
    assert cause in result.stderr
    assert ("apt install python3-venv" in result.stderr) is not has_ensurepip
    assert not list(clone.glob(".writable-*"))
