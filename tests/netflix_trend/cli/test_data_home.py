"""Data outside the clone: where it lies, and how it gets there once."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.cli.data_home import data_home, move_once
from netflix_trend.cli.frame import Failure
from netflix_trend.cli.machine import KEPT, Machine
from tests.netflix_trend.cli.front_door import fake_docker, lines, make_clone, run


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A SyftBox with a configuration in the home folder `tmp_path`."""
    (tmp_path / ".syftbox").mkdir()
    (tmp_path / "SyftBox" / "datasites" / "ann@example.org").mkdir(parents=True)
    known = {"email": "ann@example.org", "data_dir": str(tmp_path / "SyftBox")}
    (tmp_path / ".syftbox" / "config.json").write_text(json.dumps(known))
    return tmp_path / "SyftBox"


@pytest.fixture
def app(box: Path) -> Path:
    return make_clone(box / "apps" / "syftbox-netflix")


def fill(clone: Path) -> None:
    (clone / ".env").write_text("MODE=folders\n# mine\nLIMIT_ODDS=3\n")
    for name in ("private", "publisher", "drop", "secrets"):
        (clone / name).mkdir()
        (clone / name / "kept").write_text(name)


def test_the_folder_follows_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert data_home({"HOME": "/h"}) == Path("/h/.local/share/netflix-trend")
    assert data_home({"HOME": "/h", "XDG_DATA_HOME": "/x"}) == Path("/x/netflix-trend")
    # It would be another folder wherever a verb is typed.
    assert data_home({"HOME": "/h", "XDG_DATA_HOME": "x"}) == Path("/h/.local/share/netflix-trend")
    monkeypatch.setattr("sys.platform", "darwin")
    assert data_home({"HOME": "/h"}) == Path("/h/Library/Application Support/netflix-trend")


def test_inside_syftbox_everything_private_lies_outside_the_clone(app: Path, tmp_path: Path) -> None:
    machine = Machine(app, {"HOME": str(tmp_path)})
    home = tmp_path / ".local" / "share" / "netflix-trend"
    assert machine.home == home
    assert {machine.folder(name).parent for name in ("PRIVATE_DIR", "PUBLISHER_DIR", "OUTPUT_DIR", "SECRETS_DIR")} == {
        home
    }
    assert machine.folder("DATASITES_DIR") == tmp_path / "SyftBox" / "datasites"


def test_outside_syftbox_everything_lies_in_the_clone(tmp_path: Path, box: Path) -> None:
    clone = make_clone(tmp_path / "src" / "clone")
    machine = Machine(clone, {"HOME": str(tmp_path)})
    assert machine.home == clone
    assert machine.settle() == []


def test_data_in_the_clone_is_moved_once_and_settings_with_it(app: Path, tmp_path: Path, path: Path) -> None:
    fill(app)
    result = run(app, path, "status", HOME=str(tmp_path))
    home = tmp_path / ".local" / "share" / "netflix-trend"
    assert f"Moved .env, drop, secrets, private, publisher from the app's folder to {home}" in result.stderr
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (home / ".env").read_text() == "MODE=folders\n# mine\nLIMIT_ODDS=3\n"
    assert {name: (home / name / "kept").read_text() for name in ("private", "publisher", "drop")} == {
        "private": "private", "publisher": "publisher", "drop": "drop"
    }  # fmt: skip
    assert not (app / "private").exists()
    assert "Moved" not in run(app, path, "status", HOME=str(tmp_path)).stderr


def test_a_new_clone_in_its_place_finds_everything_again(app: Path, tmp_path: Path, path: Path) -> None:
    fill(app)
    run(app, path, "status", HOME=str(tmp_path))
    shutil.rmtree(app)
    again = make_clone(app)
    machine = Machine(again, {"HOME": str(tmp_path)})
    assert machine.setting("LIMIT_ODDS") == "3"
    assert (machine.folder("PUBLISHER_DIR") / "kept").read_text() == "publisher"


@pytest.mark.parametrize("name", ["private", "publisher"])
def test_two_ledgers_are_refused_and_both_stay(app: Path, tmp_path: Path, path: Path, name: str) -> None:
    fill(app)
    other = tmp_path / ".local" / "share" / "netflix-trend" / name
    other.mkdir(parents=True)
    result = run(app, path, "status", HOME=str(tmp_path))
    assert result.returncode == 1
    assert "both hold data" in result.stderr
    assert (app / name / "kept").exists()
    assert (app / ".env").exists(), "nothing was moved"


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than `tmp_path`."""
    own = tmp_path.stat().st_dev
    others = (
        place
        for place in (Path("/dev/shm"), Path("/var/tmp"), Path(tempfile.gettempdir()))
        if place.is_dir() and place.stat().st_dev != own and os.access(place, os.W_OK)
    )
    found = next(others, None)
    if found is None:
        pytest.skip("there is one disk only")
    with tempfile.TemporaryDirectory(dir=found) as folder:
        yield Path(folder)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith((".moving", ".moved"))]


def test_another_disk_gets_a_whole_copy(tmp_path: Path, other_disk: Path) -> None:
    clone, home = tmp_path / "clone", other_disk / "home"
    clone.mkdir()
    fill(clone)
    assert set(move_once(clone, home, KEPT)) == {".env", "private", "publisher", "drop", "secrets"}
    assert (home / "publisher" / "kept").read_text() == "publisher"
    assert list(clone.iterdir()) == []
    assert hidden(home) == []


@pytest.mark.parametrize("ends_at", [f"{name}:{step}" for name in ("rename", "rmtree") for step in range(1, 9)])
def test_a_move_to_another_disk_that_is_killed_is_finished_by_the_next(
    tmp_path: Path, other_disk: Path, ends_at: str
) -> None:
    clone, home = tmp_path / "clone", other_disk / "home"
    clone.mkdir()
    fill(clone)
    # SIGKILL before the n-th call.
    killed = """
import os, shutil, signal, sys
from pathlib import Path
from netflix_trend.cli.data_home import move_once
from netflix_trend.cli.machine import KEPT
function, number = sys.argv[3].split(":")
place = Path if function == "rename" else shutil
real, left = getattr(place, function), [int(number)]
def die(path, *more, **named):
    left[0] -= 1
    if not left[0]:
        if function == "rmtree":  # half of it is gone
            next(one for one in Path(path).iterdir()).unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return real(path, *more, **named)
setattr(place, function, die)
move_once(Path(sys.argv[1]), Path(sys.argv[2]), KEPT)
"""
    died = subprocess.run([sys.executable, "-c", killed, clone, home, ends_at], check=False)
    assert died.returncode in (-signal.SIGKILL, 0), "or there were fewer such steps"
    move_once(clone, home, KEPT)
    assert {name: (home / name / "kept").read_text() for name in ("private", "publisher", "drop", "secrets")} == {
        name: name for name in ("private", "publisher", "drop", "secrets")
    }
    assert list(clone.iterdir()) == []
    assert hidden(home) == []


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path, other_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone, home = tmp_path / "clone", other_disk / "home"
    clone.mkdir()
    fill(clone)
    copied = shutil.copytree

    def full(source: Path, target: Path, **more: Any) -> None:
        copied(source, target, **more)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", full)
        with pytest.raises(Failure, match=r"the disk is full\. Nothing is lost"):
            move_once(clone, home, KEPT)
    assert (clone / "publisher" / "kept").exists()
    assert hidden(home) == []
    assert "publisher" in move_once(clone, home, KEPT)


def test_two_starts_at_once_move_everything_once(tmp_path: Path, other_disk: Path) -> None:
    for home in (tmp_path / "home", other_disk / "home"):
        clone = tmp_path / f"clone{home.parent.name}"
        clone.mkdir()
        fill(clone)
        for number in range(300):
            (clone / "private" / str(number)).write_text("x")
        code = "import sys; from pathlib import Path; from netflix_trend.cli.data_home import move_once"
        code += "; from netflix_trend.cli.machine import KEPT; sys.stdin.read()"
        code += "; print(*move_once(Path(sys.argv[1]), Path(sys.argv[2]), KEPT))"
        starts = [
            subprocess.Popen(
                [sys.executable, "-c", code, clone, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        with ThreadPoolExecutor() as threads:
            said = [out.split() for out, _ in threads.map(lambda start: start.communicate(), starts)]
        assert [start.returncode for start in starts] == [0, 0, 0]
        assert sorted(name for names in said for name in names) == sorted(
            [".env", "drop", "secrets", "private", "publisher"]
        )
        assert len(list((home / "private").iterdir())) == 301


def test_a_link_in_the_clone_leads_to_the_same_ledger_from_there(app: Path, tmp_path: Path, path: Path) -> None:
    ledger = tmp_path / "disk" / "publisher"
    ledger.mkdir(parents=True)
    (ledger / "kept").touch()
    (app / "publisher").symlink_to("../../../disk/publisher")
    run(app, path, "status", HOME=str(tmp_path))
    shutil.rmtree(app)
    machine = Machine(make_clone(app), {"HOME": str(tmp_path)})
    assert machine.folder("PUBLISHER_DIR").resolve() == ledger


def test_relative_paths_in_env_mean_the_same_after_the_move(app: Path, box: Path, tmp_path: Path, path: Path) -> None:
    (app / "data" / "ledger").mkdir(parents=True)
    (app / "data" / "ledger" / "kept").touch()
    (app.parent / "exports").mkdir()
    (app / ".env").write_text(
        "MODE=folders\nPUBLISHER_DIR=./data/ledger\nOUTPUT_DIR=../exports\nDATASITES_DIR=../../datasites\n"
    )
    run(app, path, "status", HOME=str(tmp_path))
    shutil.rmtree(app)
    machine = Machine(make_clone(app), {"HOME": str(tmp_path)})
    assert (machine.folder("PUBLISHER_DIR") / "kept").exists()
    assert machine.folder("OUTPUT_DIR") == box / "apps" / "exports"
    assert machine.folder("DATASITES_DIR") == box / "datasites"


def test_what_an_old_process_makes_anew_is_no_second_ledger(app: Path, tmp_path: Path, path: Path) -> None:
    """An app of an earlier version still runs when its data was moved: it finds nothing to answer from."""
    fill(app)
    run(app, path, "status", HOME=str(tmp_path))
    for name in ("private", "publisher"):
        (app / name).mkdir()
    (app / "publisher" / "outlook.json").touch()
    assert "both hold data" not in run(app, path, "status", HOME=str(tmp_path)).stderr
    (app / "publisher" / "ledger.jsonl").touch()
    assert "both hold data" in run(app, path, "status", HOME=str(tmp_path)).stderr


def test_a_home_that_cannot_be_made_is_a_sentence(app: Path, tmp_path: Path, path: Path) -> None:
    fill(app)
    (tmp_path / "file").touch()
    result = run(app, path, "status", HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path / "file"))
    assert result.returncode == 1
    assert "could not be moved" in result.stderr
    assert (app / "publisher" / "kept").exists()


def test_a_home_in_the_clone_is_refused(app: Path, tmp_path: Path, path: Path) -> None:
    fill(app)
    result = run(app, path, "status", HOME=str(tmp_path), XDG_DATA_HOME=str(app / "data"))
    assert result.returncode == 1
    assert "installing again removes" in result.stderr


def test_a_home_in_datasites_that_the_settings_do_not_name_is_refused(app: Path, tmp_path: Path, path: Path) -> None:
    fill(app)
    (app / ".env").write_text(f"DATASITES_DIR={tmp_path}/elsewhere\n")
    inside = tmp_path / "SyftBox" / "datasites" / "ann@example.org"
    assert "would be uploaded" in run(app, path, "status", HOME=str(tmp_path), XDG_DATA_HOME=str(inside)).stderr


def test_a_home_below_a_datasite_is_refused(app: Path, tmp_path: Path, path: Path) -> None:
    fill(app)
    inside = tmp_path / "SyftBox" / "datasites" / "ann@example.org"
    result = run(app, path, "status", HOME=str(tmp_path), XDG_DATA_HOME=str(inside))
    assert result.returncode == 1
    assert "would be uploaded" in result.stderr
    assert (app / "publisher" / "kept").exists()
    assert list(inside.iterdir()) == []


def test_docker_gets_the_settings_and_folders_from_there(app: Path, tmp_path: Path, path: Path) -> None:
    """And nothing that would say that this clone works on folders."""
    fill(app)
    (app / ".env").write_text("MODE=containers\n")
    shown = 'for name in OUTPUT_DIR SECRETS_DIR PRIVATE_DIR PUBLISHER_DIR; do eval echo "$name=\\$$name"; done'
    fake_docker(path, f'case "$*" in *" up "*) echo "$*" >>"$HOME/called"; {{ {shown}; }} >>"$HOME/called";; esac')
    assert run(app, path, "up", HOME=str(tmp_path)).returncode == 0
    home = tmp_path / ".local" / "share" / "netflix-trend"
    asked = f"compose --env-file {home}/.env up --detach --build --wait"
    folders = [f"OUTPUT_DIR={home}/drop", f"SECRETS_DIR={home}/secrets", "PRIVATE_DIR=", "PUBLISHER_DIR="]
    assert lines(tmp_path / "called") == [asked, *folders]


def test_syftbox_is_not_told_of_a_failure_that_it_would_repeat_every_five_seconds(
    app: Path, tmp_path: Path, path: Path
) -> None:
    fill(app)
    (tmp_path / ".local" / "share" / "netflix-trend" / "publisher").mkdir(parents=True)
    started = {"HOME": str(tmp_path), "SYFTBOX_DATA_DIR": str(tmp_path / "SyftBox")}
    result = run(app, path, **started)
    assert (result.returncode, "both hold data" in result.stderr) == (0, True)
    assert run(app, path, "once", **started).returncode == 1
