"""Which SyftBox manages a folder, and which client an app belongs to, whatever its folder is called."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.generations import find_client, generation_of, recognized
from netflix_trend.syftbox.generations.pysyft_2 import PySyft2

ANN = "ann@example.org"
NAMES = ("netflix_trend", "syftbox-netflix", "com.github.owner.repo", "My Clone")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a client's configuration; its data folder is elsewhere."""
    (tmp_path / "home" / ".syftbox").mkdir(parents=True)
    (tmp_path / "SyftBox" / "datasites").mkdir(parents=True)
    known = {"email": "Ann@Example.org", "data_dir": str(tmp_path / "SyftBox"), "client_url": "http://127.0.0.1:8080"}
    (tmp_path / "home" / ".syftbox" / "config.json").write_text(json.dumps(known))
    return tmp_path / "home"


def found(place: Path, home: Path, **environ: str) -> str:
    client = find_client([place], {"HOME": str(home), **environ})
    return client.email if client else "none"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["apps", "apis", "deeper/below"])
def test_a_clone_in_the_data_folder_belongs_to_its_client(home: Path, name: str, folder: str) -> None:
    place = home.parent / "SyftBox" / folder / name
    place.mkdir(parents=True)
    assert found(place, home) == ANN


def test_a_clone_that_is_linked_from_the_apps_belongs_to_the_client(home: Path) -> None:
    """Go installs a local folder by a link; `pwd -P` in it says where the clone is."""
    clone, apps = home.parent / "src" / "clone", home.parent / "SyftBox" / "apps"
    clone.mkdir(parents=True)
    apps.mkdir()
    assert found(clone, home) == "none"
    (apps / "linked").symlink_to(clone)
    assert found(clone, home) == ANN
    assert found(apps / "linked", home) == ANN


def test_a_data_folder_that_is_a_link_is_the_same_folder(home: Path) -> None:
    linked = home.parent / "link"
    linked.symlink_to(home.parent / "SyftBox")
    place = linked / "apps" / "x"
    place.mkdir(parents=True)
    assert found(place, home) == ANN
    (home / ".syftbox" / "config.json").write_text(json.dumps({"email": ANN, "data_dir": str(linked)}))
    assert found(place.resolve(), home) == ANN


def test_a_clone_elsewhere_belongs_to_nobody(home: Path) -> None:
    for place in (home.parent / "apps" / "netflix_trend", home.parent / "SyftBox-old" / "apps" / "x", home / "clone"):
        place.mkdir(parents=True)
        assert found(place, home) == "none"


def test_without_its_configuration_a_client_is_found_by_its_folder(tmp_path: Path) -> None:
    """A client may have been started with a configuration elsewhere, of which a terminal knows nothing."""
    place = tmp_path / "Box" / "apps" / "clone"
    place.mkdir(parents=True)
    assert found(place, tmp_path) == "none"
    (tmp_path / "Box" / "datasites").mkdir()
    assert found(place, tmp_path) == ""
    (tmp_path / "Box" / ".metadata.json").write_text(json.dumps({"email": ANN}))
    assert found(place, tmp_path) == ANN


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SYFTBOX_CLIENT_CONFIG_PATH": "{home}/.syftbox/config.json"}, ANN),
        ({"SYFTBOX_CONFIG_PATH": "{home}/.syftbox/config.json"}, ANN),
        ({"SYFTBOX_DATA_DIR": "/data", "SYFTBOX_EMAIL": "bob@example.org"}, "bob@example.org"),
        ({"SYFTBOX_DATA_DIR": "/data", "SYFTBOX_CLIENT_CONFIG_PATH": "{home}/.syftbox/config.json"}, ANN),
        ({"SYFTBOX_DATA_DIR": "/data", "SYFTBOX_EMAIL": "../../etc"}, ""),
        ({"SYFTBOX_CLIENT_CONFIG_PATH": "/nowhere"}, "none"),
    ],
)
def test_the_client_that_started_the_app_is_its_client(home: Path, environ: dict[str, str], expected: str) -> None:
    environ = {name: value.format(home=home) for name, value in environ.items()}
    assert found(home / "clone", home, **environ) == expected


@pytest.mark.parametrize("content", ["", "[1]", "{", "[" * 50_000, '{"data_dir": 3}', '{"data_dir": ""}', "x" * 70_000])
def test_a_damaged_configuration_finds_nothing(home: Path, content: str) -> None:
    (home / ".syftbox" / "config.json").write_text(content)
    place = home.parent / "SyftBox" / "elsewhere" / "x"
    place.mkdir(parents=True)
    assert found(place, home) == "none"


@pytest.mark.parametrize(
    ("made", "key"),
    [
        ((), None),
        ((".metadata.json",), "python"),
        (("syftbox.pid",), "python"),
        ((".data/",), "go"),
        ((".data/", ".data/syft.sub.yaml"), "go_subscriptions"),
        (("datasites/SYFT_version.json",), "pysyft"),
        (("datasites/.cache/",), "pysyft"),
    ],
)
def test_a_folder_of_datasites_is_recognized_by_what_its_client_left(
    tmp_path: Path, made: tuple[str, ...], key: str | None
) -> None:
    (tmp_path / "datasites").mkdir()
    for name in made:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    one = recognized(tmp_path / "datasites")
    assert (one and one.key) == key
    assert generation_of(tmp_path / "datasites").key == (key or "python")


@pytest.mark.parametrize("made", [(".metadata.json",), (".data/",), ("datasites/SYFT_version.json",)])
def test_each_generation_sets_up_what_it_takes_for_a_datasite(tmp_path: Path, made: tuple[str, ...]) -> None:
    (tmp_path / "datasites").mkdir()
    for name in made:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    site = Datasite(tmp_path / "datasites", ANN)
    assert not site.is_initialized
    site.set_up()
    assert site.is_initialized


# --- PySyft v2: which removals it has noticed


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".sync.lock").touch()
    return tmp_path / ".cache" / "owner_file_hashes.json"


def test_a_removal_is_noticed_when_a_sync_has_recorded_it(tmp_path: Path, state: Path) -> None:
    state.write_text(json.dumps({"a/x.json": "hash", "other": "hash"}))
    assert PySyft2().unnoticed(tmp_path, ANN, ["a/x.json", "a/y.json"]) == {"a/x.json"}


def test_nothing_is_noticed_while_a_sync_runs_or_before_the_first(tmp_path: Path, state: Path) -> None:
    assert PySyft2().unnoticed(tmp_path, ANN, ["x"]) == {"x"}
    state.write_text("{}")
    with (tmp_path / ".sync.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert PySyft2().unnoticed(tmp_path, ANN, ["x"]) == {"x"}
    assert PySyft2().unnoticed(tmp_path, ANN, ["x"]) == set()


def test_without_the_lock_a_sync_is_over_when_it_was_quiet(tmp_path: Path, state: Path) -> None:
    (tmp_path / ".sync.lock").unlink()
    state.write_text("{}")
    assert PySyft2().unnoticed(tmp_path, ANN, ["x"]) == {"x"}
    os.utime(state, (1_700_000_000, 1_700_000_000))
    assert PySyft2().unnoticed(tmp_path, ANN, ["x"]) == set()


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_a_damaged_record_notices_nothing(tmp_path: Path, state: Path, content: str) -> None:
    state.write_text(content)
    assert PySyft2().unnoticed(tmp_path, ANN, ["x"]) == {"x"}
