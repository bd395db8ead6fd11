"""Paths of Windows and Git Bash, and a command line that starts where Windows' Python lacks what Unix has.

Nobody has run this on real Windows: what is missing there is taken away here.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from netflix_trend.cli import machine, paths
from tests.netflix_trend.cli.front_door import ROOT, fake_docker, lines, place_in, run
from tests.netflix_trend.cli.test_foreground import NO_VOLUME
from tests.waiting import PATIENCE

# As written, in Git Bash, for programs of Windows.
TABLE = [
    ("C:\\Users\\me\\SyftBox", "/c/Users/me/SyftBox", "C:/Users/me/SyftBox"),
    ("C:/Users/me/SyftBox", "/c/Users/me/SyftBox", "C:/Users/me/SyftBox"),
    ("/c/Users/me/SyftBox", "/c/Users/me/SyftBox", "C:/Users/me/SyftBox"),
    ("d:\\Syft Box\\ä", "/d/Syft Box/ä", "D:/Syft Box/ä"),
    ("C:\\Users\\me/SyftBox/datasites", "/c/Users/me/SyftBox/datasites", "C:/Users/me/SyftBox/datasites"),
    ("C:\\", "/c/", "C:/"),
    ("C:", "/c/", "C:/"),
    ("/c", "/c", "C:/"),
    ("\\\\?\\C:\\Users\\me", "/c/Users/me", "C:/Users/me"),
    ("\\\\server\\share\\me", "//server/share/me", "//server/share/me"),
    (".\\drop", "./drop", "./drop"),
    ("./drop", "./drop", "./drop"),
    ("drop", "drop", "drop"),
    ("", "", ""),
    # Only Git Bash knows where its own folders are.
    ("/usr/bin", "/usr/bin", "/usr/bin"),
    ("/home/me", "/home/me", "/home/me"),
    # Not a drive: a relative path on one, and a name with a colon.
    ("C:drop", "C:drop", "C:drop"),
    ("note: this", "note: this", "note: this"),
]


@pytest.mark.parametrize(("written", "posix", "windows"), TABLE)
def test_three_forms_of_one_path(written: str, posix: str, windows: str) -> None:
    assert (paths.to_posix(written), paths.to_windows(written)) == (posix, windows)


@pytest.mark.parametrize(("written", "posix", "windows"), TABLE)
def test_forms_are_translated_back_and_stay_what_they_are(written: str, posix: str, windows: str) -> None:
    assert paths.to_posix(posix) == posix
    assert paths.to_windows(windows) == windows
    assert paths.to_windows(posix) == windows


def test_a_path_of_linux_is_left_alone(clone: Path, path: Path) -> None:
    """A name may hold a backslash, and a folder may be called c."""
    found = place_in(clone, path).machine
    for text in ("/c/Users/me", "/a\\b", "/home/me"):
        assert paths.native(text) == text
        assert str(found.absolute(text)) == text


def test_on_windows_paths_of_env_are_those_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "is_windows", lambda: True)
    assert paths.native("/c/Users/me/SyftBox") == paths.native("C:\\Users\\me\\SyftBox") == "C:/Users/me/SyftBox"


def test_in_a_python_of_git_bash_they_are_those_of_git_bash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "msys")
    assert paths.native("C:\\Users\\me\\SyftBox") == "/c/Users/me/SyftBox"
    assert paths.native("/home/a\\b") == "/home/a\\b"


@pytest.mark.parametrize("verb", ["once", "aggregator key", "demo", "event list"])
def test_on_windows_verbs_without_docker_name_the_way_out(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(machine, "is_windows", lambda: True)
    said = run(clone, path, *verb.split())
    assert said.returncode == 1
    assert "Docker Desktop" in said.stderr
    assert not (clone / "aggregator").exists()


def test_without_users_of_unix_docker_decides_who_the_services_are(
    clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("os.getuid")
    fake_docker(path, f'{NO_VOLUME} echo "$* ${{PARTICIPANT_UID:-nobody}}" >>"$HOME/called"')
    assert run(clone, path, "up").returncode == 0
    assert lines(clone / "called") == ["compose up --detach --build --wait nobody"]


# Takes away what Windows' Python lacks, before anything of ours is imported.
WINDOWS = """
import os, signal, sys, time

LACKING = {"fcntl", "grp", "pwd", "resource", "termios"}

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name in LACKING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in LACKING:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Lacking())
for name in ("getuid", "geteuid", "getgid", "O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "O_CLOEXEC"):
    delattr(os, name)
del signal.SIGHUP, time.tzset
"""


def on_windows(clone: Path, path: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code where Windows' Python would be."""
    command = [sys.executable, "-c", f"{WINDOWS}\n{code}", *arguments]
    env = {"PATH": str(path), "HOME": str(clone), "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE)


VERB = """
from pathlib import Path
from netflix_trend import cli
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
sys.exit(cli.run(sys.argv[1:], Place(Machine(Path.cwd(), dict(os.environ)))))
"""


@pytest.mark.parametrize("words", ["help", "up --help", "--version", "aggregator --help"])
def test_help_works_without_what_unix_has(clone: Path, path: Path, words: str) -> None:
    said = on_windows(clone, path, VERB, *words.split())
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("verb", "asked"),
    [
        ("up", "compose up --detach --build --wait"),
        ("down", "compose down"),
        ("aggregator", "compose -f docker-compose.aggregator.yml up --build"),
    ],
)
def test_verbs_of_docker_work_without_what_unix_has(clone: Path, path: Path, verb: str, asked: str) -> None:
    (clone / ".env").write_text("MODE=containers\n")
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; echo 1')
    said = on_windows(clone, path, VERB, verb)
    assert said.returncode == 0, said.stderr
    assert asked in lines(clone / "called")


def test_status_works_without_what_unix_has_and_without_packages(clone: Path, path: Path) -> None:
    """A machine with Docker has the packages of requirements/cli.txt only."""
    (clone / ".env").write_text("MODE=containers\nSYFTBOX_EMAIL=ann@home.net\nAGGREGATOR_DATASITE=agg@home.net\n")
    (clone / "datasites" / "ann@home.net").mkdir(parents=True)
    fake_docker(path, f'{NO_VOLUME} echo "$*" >>"$HOME/called"; echo 1')
    code = 'LACKING |= {"cryptography", "Cryptodome", "duckdb", "pandas", "flask"}\n' + VERB
    said = on_windows(clone, path, code, "status")
    assert (said.returncode, said.stderr) == (1, "")
    assert "its container does not answer" in said.stdout
    assert "compose ps --quiet --status running publisher" in lines(clone / "called")


def test_an_own_file_is_written_and_read_without_what_unix_has(clone: Path, path: Path) -> None:
    """SyftBox's configuration is read so."""
    code = """
from pathlib import Path
from netflix_trend.storage.files import read_own, restore_file
restore_file(Path("a"), b"bytes", durable=False)
print(read_own(Path("a"), 100))
"""
    said = on_windows(clone, path, code)
    assert (said.stdout, said.stderr) == ("b'bytes'\n", "")


def test_where_files_cannot_be_locked_nothing_goes_on_without(clone: Path, path: Path) -> None:
    code = """
from pathlib import Path
from netflix_trend.storage.files import locked
with locked(Path("lock")):
    print("held")
"""
    said = on_windows(clone, path, code)
    assert said.returncode == 1
    assert "cannot be locked" in said.stderr
    assert "held" not in said.stdout
