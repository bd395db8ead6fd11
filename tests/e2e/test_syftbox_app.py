"""The app as the real SyftBox 0.4.0 starts it: from its folder of apps, again with each of its clients."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from netflix_trend.cli.alone import Holder, Lock
from netflix_trend.cli.data_home import data_home
from tests.e2e.syftbox_network import SyftBoxNetwork, require_syftbox
from tests.netflix_trend.cli.app import is_alive, words_of
from tests.ports import free_port
from tests.waiting import wait_for

pytestmark = pytest.mark.syftbox
ROOT = Path(__file__).parents[2]
ANN = "ann@example.net"


def install(data: Path) -> Path:
    """A clone of links in SyftBox's folder of apps, complete at once: a folder without run.sh keeps a client busy."""
    made = data.parent / "netflix_trend.new"
    made.mkdir(parents=True)
    for name in ("run.sh", ".env.example", "docker-compose.yml", "netflix_trend", "services"):
        (made / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "requirements", made / "requirements")
    (made / ".venv" / "bin").mkdir(parents=True)
    python = made / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {ROOT}/.venv/bin/python "$@"\n')
    python.chmod(0o755)
    lock = (made / "requirements" / "dev.txt").read_bytes()
    stamp = subprocess.run(["cksum"], input=lock, capture_output=True, check=True).stdout.decode().strip()
    (made / ".venv" / ".installed-dev").write_text(stamp)
    (made / ".env").write_text(f"MODE=folders\nAGGREGATOR_DATASITE=trend@example.net\nDASHBOARD_PORT={free_port()}\n")
    app = data / "apps" / "netflix_trend"
    app.parent.mkdir(parents=True, exist_ok=True)
    return made.rename(app)


def apps_in(app: Path) -> list[int]:
    """The processes of the app in a folder, without its steps and the server of its page."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if words_of(int(place.name))[-1:] == ["netflix_trend"] and (place / "cwd").readlink() == app:
                found.append(int(place.name))
    return [pid for pid in found if is_alive(pid)]


def serves(page: str) -> bool:
    try:
        with urllib.request.urlopen(f"{page}/healthz", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_one_app_stays_whatever_happens_to_the_client_and_takes_files(tmp_path: Path) -> None:
    require_syftbox()
    with SyftBoxNetwork(tmp_path, [ANN]) as network:
        app = install(tmp_path / ANN / "SyftBox")
        home = data_home({"HOME": str(tmp_path / ANN / "home")})
        seen = set[int]()

        def newest() -> Holder | None:
            """The app that holds the lock, if the test has not seen it yet, and its page."""
            found = Lock(home).holder()
            return found if found and found.page and found.pid not in seen else None

        try:
            for restart in range(4):
                if restart:
                    network.kill_client_alone(ANN)
                    network.start_client(ANN)
                found = wait_for(newest, "the app runs", 60)
                seen.add(found.pid)
                wait_for(lambda page=found.page: serves(page), "its page is served", 60)
                wait_for(lambda: len(apps_in(app)) == 1, "it is the only one", 60)
            drop = home / "drop"
            drop.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "services" / "demo" / "sample_viewing_history.csv", drop / "late.csv")
            wait_for((drop / "done" / "late.csv").exists, "a file that comes late is imported", 75)
        finally:
            for pid in apps_in(app):
                os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not apps_in(app), "a signal ends it", 20)
