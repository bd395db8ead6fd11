"""services/prepare.sh in the image that it runs in: what it makes in the SyftBox folder, and what it leaves alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.containers import ROOT, Stack, require_docker
from tests.waiting import PATIENCE

pytestmark = pytest.mark.docker
ANN, TREND, EXAMPLE = "ann@example.org", "trend@example.net", "aggregator@example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    require_docker()
    (tmp_path / "datasites").mkdir()
    return tmp_path


def prepare(
    folder: Path, *arguments: str, drop: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script as Compose does, on the machine of a participant (SYFTBOX_EMAIL) or of an aggregator."""
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", "--user", "0:0", "--cap-drop", "ALL"]
    command += [f"--cap-add={name}" for name in ("CHOWN", "DAC_OVERRIDE", "FOWNER")]
    command += ["--volume", f"{ROOT}/services/prepare.sh:/prepare.sh:ro"]
    command += ["--volume", f"{folder}/datasites:/host/datasites"]
    if drop:
        command += ["--volume", f"{drop}:/host/drop"]
    owner = str(os.getuid() or 1000)
    for name, value in {"SERVICE_UID": owner, "SERVICE_GID": owner, "REDIS_UID": "1", **environment}.items():
        command += ["--env", f"{name}={value}"]
    return subprocess.run(
        [*command, "redis:8", "/prepare.sh", *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def set_up(folder: Path, email: str) -> None:
    """Leave what a SyftBox client leaves."""
    (folder / "datasites" / email).mkdir()
    (folder / "datasites" / email / "syftperm.yaml").touch()


def made(folder: Path) -> set[str]:
    return {path.relative_to(folder / "datasites").as_posix() for path in (folder / "datasites").rglob("*")}


def test_on_pysyft_a_datasite_is_set_up_without_a_permission_file(folder: Path) -> None:
    (folder / "datasites" / ANN).mkdir()
    assert prepare(folder, SYFTBOX_EMAIL=ANN, AGGREGATOR_DATASITE=TREND).returncode == 1
    (folder / "datasites" / "SYFT_version.json").touch()
    assert prepare(folder, SYFTBOX_EMAIL=ANN, AGGREGATOR_DATASITE=TREND).returncode == 0
    assert f"{ANN}/app_data/netflix_trend" in made(folder)
    assert not [name for name in made(folder) if name.endswith(".yaml")]
    assert prepare(folder, "datasite", SYFTBOX_EMAIL=ANN, AGGREGATOR_DATASITE=TREND).returncode == 0


def test_only_the_example_aggregator_is_set_up(folder: Path) -> None:
    """A real participant's SyftBox would take the folder for complete (decision 0014)."""
    refused = prepare(folder, AGGREGATOR_DATASITE=TREND)
    assert refused.returncode == 1
    assert "not set up the datasite of AGGREGATOR_DATASITE" in refused.stderr
    assert not made(folder)
    assert prepare(folder, AGGREGATOR_DATASITE=EXAMPLE).returncode == 0
    assert {f"{EXAMPLE}/syftperm.yaml", f"{EXAMPLE}/public"} < made(folder)
    set_up(folder, TREND)
    assert prepare(folder, AGGREGATOR_DATASITE=TREND).returncode == 0
    assert {f"{TREND}/app_data/netflix_trend/shared", f"{TREND}/public"} < made(folder)


def test_only_a_trial_sets_up_a_participant(folder: Path) -> None:
    refused = prepare(folder, SYFTBOX_EMAIL=ANN, AGGREGATOR_DATASITE=TREND)
    assert refused.returncode == 1
    assert "Start SyftBox first" in refused.stderr
    assert not (folder / "datasites" / ANN).exists()
    assert prepare(folder, SYFTBOX_EMAIL="ann@mail.example.com", AGGREGATOR_DATASITE=EXAMPLE).returncode == 1
    assert not (folder / "datasites" / "ann@mail.example.com").exists(), "a real person has a real SyftBox"
    with_client: dict[str, Any] = {
        "SYFTBOX_EMAIL": ANN,
        "AGGREGATOR_DATASITE": EXAMPLE,
        "SYFTBOX_SERVER_URL": "https://example.org",
    }
    assert prepare(folder, **with_client).returncode == 0
    assert not (folder / "datasites" / ANN).exists(), "the client will make it"
    assert prepare(folder, "datasite", **with_client).returncode == 1
    assert prepare(folder, SYFTBOX_EMAIL=ANN, AGGREGATOR_DATASITE=EXAMPLE).returncode == 0
    assert f"{ANN}/app_data/netflix_trend" in made(folder)
    assert prepare(folder, "datasite", **with_client).returncode == 0


def test_a_drop_folder_that_would_be_uploaded_is_refused(folder: Path) -> None:
    """`docker compose up` knows the folder's path only; here it is found by what it is."""
    set_up(folder, ANN)
    (folder / "datasites" / ANN / "drop").mkdir()
    (folder / "link").symlink_to(folder / "datasites" / ANN)
    for drop in (folder / "datasites", folder / "datasites" / ANN / "drop", folder / "link" / "drop"):
        refused = prepare(folder, SYFTBOX_EMAIL=ANN, AGGREGATOR_DATASITE=EXAMPLE, drop=drop)
        assert refused.returncode == 1
        assert "would be uploaded" in refused.stderr
    (folder / "drop").mkdir()
    fine = prepare(folder, SYFTBOX_EMAIL=ANN, AGGREGATOR_DATASITE=EXAMPLE, drop=folder / "drop")
    assert fine.returncode == 0, fine.stderr


def test_a_server_address_alone_does_not_make_the_datasite(folder: Path) -> None:
    """The 0.4.0 client passes SYFTBOX_SERVER_URL to its apps; no client in a container is meant by that."""
    folders = {name: str(folder / name.lower()) for name in ("OUTPUT_DIR", "SECRETS_DIR")}
    who = {"SYFTBOX_EMAIL": ANN, "AGGREGATOR_DATASITE": TREND, "SYFTBOX_SERVER_URL": "https://example.org"}
    stack = Stack(
        "netflix-trend-address", "docker-compose.yml", {**folders, **who, "DATASITES_DIR": str(folder / "datasites")}
    )
    try:
        stack.compose("up", "--detach", "--build", "publisher", check=False)
        assert not (folder / "datasites" / ANN).exists()
        assert not stack.compose("ps", "--quiet", "--status", "running", "publisher").strip()
        assert "not set up the datasite of SYFTBOX_EMAIL" in stack.compose("logs", "datasite")
    finally:
        stack.down()
