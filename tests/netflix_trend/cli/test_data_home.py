"""Data outside the clone: where it lies, and how it gets there once."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from netflix_trend.cli.data_home import data_home, move_once
from netflix_trend.cli.machine import Machine
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


def test_another_disk_gets_a_whole_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone, home = tmp_path / "clone", tmp_path / "home"
    clone.mkdir()
    fill(clone)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.is_relative_to(clone):
            raise OSError(18, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    assert set(move_once(clone, home)) == {".env", "private", "publisher", "drop", "secrets"}
    assert (home / "publisher" / "kept").read_text() == "publisher"
    assert list(clone.iterdir()) == []
    assert not [path for path in home.iterdir() if path.name.endswith(".moving")]


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
