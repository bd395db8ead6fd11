"""A participant's app in the networks of all generations of SyftBox: what every cell of the matrix needs.

A network mirrors datasites; an `Installed` is the app as that generation starts it, with real processes of `run.sh`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

from netflix_trend.cli.alone import Holder, Lock
from netflix_trend.cli.data_home import data_home
from netflix_trend.syftbox.datasite import MANIFEST, Datasite
from tests.e2e.go_network import GoNetwork
from tests.e2e.pysyft_network import PySyftNetwork
from tests.e2e.syftbox_network import SyftBoxNetwork
from tests.netflix_trend.cli.app import is_alive
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[2]
# Neither of example.org, whose people are those of trials, nor of example.net, the demo network: both answer unasked.
AGGREGATOR, ALICE, BOB = "trend@home.net", "alice@home.net", "bob@home.net"
EVERYBODY = [AGGREGATOR, ALICE, BOB]
# Seconds of a test's minute: how often the app looks.
MINUTE = "2"


class Net(Protocol):
    """A network of one generation, in folders of a test."""

    def datasites(self, email: str) -> Path: ...


@dataclass
class Generation:
    """A generation and how a test steers it.

    key: its name in `netflix_trend.syftbox.generations`. root: the folder of its network.
    """

    key: str
    net: Net
    root: Path

    def data(self, email: str) -> Path:
        """SyftBox's data folder of a person."""
        place = self.net.datasites(email)
        return place if self.key == "pysyft" else place.parent

    def home(self, email: str) -> Path:
        """The person's home folder, as the client hands it to apps."""
        return self.root / email / "home"

    def sync(self) -> None:
        """Let everything arrive that is going to; a real server needs only time."""
        if isinstance(self.net, (GoNetwork, PySyftNetwork)):
            self.net.settle()

    def wipe(self) -> None:
        """Empty the server, so that clients remove their own files. PySyft v2 has none."""
        if isinstance(self.net, SyftBoxNetwork):
            self.net.stop_server()
            shutil.rmtree(self.net.server_data)
            self.net.start_server()
        elif isinstance(self.net, GoNetwork):
            self.net.wipe()

    def on_server(self, email: str) -> bool:
        """Whether the server has a person's manifest."""
        assert isinstance(self.net, (SyftBoxNetwork, GoNetwork))
        return (Datasite(self.net.snapshot, email).app_data / MANIFEST).is_file()

    def kill(self, email: str) -> None:
        """Kill a client, which leaves its apps behind. The model of Go has no processes."""
        if isinstance(self.net, SyftBoxNetwork):
            self.net.kill_client_alone(email)
        elif isinstance(self.net, PySyftNetwork):
            self.net.stop(email)

    def start(self, email: str) -> None:
        """Start a client that was killed."""
        if isinstance(self.net, SyftBoxNetwork):
            self.net.start_client(email)
        elif isinstance(self.net, PySyftNetwork):
            self.net.restart(email)

    def end_token(self, email: str) -> None:
        """Let the token of a client end. Google's is unknown: on PySyft v2 it is long ago that it could be used."""
        configuration = self.home(email) / ".syftbox" / "config.json"
        if isinstance(self.net, SyftBoxNetwork):
            self.net.shorten_token(email)
        elif isinstance(self.net, GoNetwork):
            payload = base64.urlsafe_b64encode(json.dumps({"exp": int(time.time()) - 60}).encode()).decode().rstrip("=")
            known = json.loads(configuration.read_text())
            configuration.write_text(json.dumps({**known, "refresh_token": f"x.{payload}.x"}))
        else:
            long_ago = time.time() - 8 * 86_400
            for mark in (".sync.lock", ".cache/owner_file_hashes.json"):
                os.utime(self.net.datasites(email) / mark, (long_ago, long_ago))


@contextlib.contextmanager
def generation(key: str, root: Path) -> Iterator[Generation]:
    """A network of a generation with an aggregator and two people."""
    made: dict[str, SyftBoxNetwork | GoNetwork | PySyftNetwork] = {
        "python": SyftBoxNetwork(root, EVERYBODY),
        "pysyft": PySyftNetwork(root, EVERYBODY),
        "go": GoNetwork(root, EVERYBODY),
        "go_subscriptions": GoNetwork(root, EVERYBODY, subscriptions=True),
    }
    with made[key] as net:
        found = Generation(key, net, root)
        if isinstance(net, GoNetwork):
            for email in EVERYBODY:
                configuration = found.home(email) / ".syftbox" / "config.json"
                configuration.parent.mkdir(parents=True)
                known = {"email": email, "data_dir": str(found.data(email)), "server_url": "https://example.org"}
                configuration.write_text(json.dumps(known))
        yield found


@dataclass
class Installed:
    """Alice's app: a clone of links, and the process that her SyftBox, or she herself, has started."""

    generation: Generation
    name: str = "syftbox-netflix"
    port: int = field(default_factory=free_port)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """Alice's home folder."""
        return self.generation.home(ALICE)

    @property
    def place(self) -> Path:
        """The clone. PySyft v2 starts no apps: there it lies where people keep programs."""
        if self.generation.key == "pysyft":
            return self.home / "src" / self.name
        return self.generation.data(ALICE) / "apps" / self.name

    @property
    def data(self) -> Path:
        """Where settings, history and ledger lie."""
        return self.place if self.generation.key == "pysyft" else data_home({"HOME": str(self.home)})

    def environment(self) -> dict[str, str]:
        """What a start by hand, or by a modelled client, has in its environment."""
        values = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        if self.generation.key.startswith("go"):
            values |= {"SYFTBOX_APP_ID": self.name, "SYFTBOX_ASSIGNED_PORT": str(self.port)}
            values |= {"SYFTBOX_CLIENT_CONFIG_PATH": str(self.home / ".syftbox" / "config.json")}
        return values

    def put(self) -> None:
        """Put the clone in its place, complete at once."""
        made = self.place.parent.parent / f".{self.name}.new"
        made.mkdir(parents=True)
        for name in (".env.example", "docker-compose.yml", "netflix_trend", "services"):
            (made / name).symlink_to(ROOT / name)
        # The real entry, with a short minute and a place for another docker.
        (made / "entry.sh").symlink_to(ROOT / "run.sh")
        (made / "run.sh").write_text(
            f"#!/bin/sh\nexport NETFLIX_TREND_MINUTE={MINUTE} DASHBOARD_PORT={self.port} "
            f'PATH="{self.home}/bin:$PATH"\nexec sh "$(dirname "$0")/entry.sh" "$@"\n'
        )
        (made / "run.sh").chmod(0o755)
        shutil.copytree(ROOT / "requirements", made / "requirements")
        (made / ".venv" / "bin").mkdir(parents=True)
        python = made / ".venv" / "bin" / "python"
        python.write_text(f'#!/bin/sh\nexec {ROOT}/.venv/bin/python "$@"\n')
        python.chmod(0o755)
        lock = (made / "requirements" / "dev.txt").read_bytes()
        stamp = subprocess.run(["cksum"], input=lock, capture_output=True, check=True).stdout.decode().strip()
        (made / ".venv" / ".installed-dev").write_text(stamp)
        self.place.parent.mkdir(parents=True, exist_ok=True)
        made.rename(self.place)

    def start(self) -> None:
        """Start it, unless a real client does."""
        if self.generation.key == "python":
            return
        with (self.generation.root / "app.log").open("ab") as log:
            started = subprocess.Popen(
                ["sh", "run.sh"],
                cwd=self.place,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(started)

    def remove(self) -> None:
        """Remove the clone at once. What starts it ends it first, but for 0.4.0, which may not notice."""
        if self.generation.key != "python":
            self.end()
        trash = self.generation.root / "removed"
        self.place.rename(trash)
        shutil.rmtree(trash)

    @property
    def is_in_place(self) -> bool:
        """Whether the app that runs is that of the clone which is there now."""
        found = self.running()
        try:
            return found is not None and Path(f"/proc/{found.pid}/cwd").samefile(self.place)
        except OSError:
            return False

    def docker(self, body: str) -> None:
        """Make the docker that this machine has, whatever there is in the test's own PATH."""
        folder = self.home / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "new").write_text(f"#!/bin/sh\n{body}\n")
        (folder / "new").chmod(0o755)
        (folder / "new").replace(folder / "docker")

    def verb(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a verb, as the person does in a terminal of theirs."""
        plain = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "COLUMNS": "200"}
        return subprocess.run(
            ["sh", str(self.place / "run.sh"), *words], env=plain, cwd=self.home, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    def running(self) -> Holder | None:
        """The app process that holds the lock, with its page."""
        found = Lock(self.data).holder()
        return found if found and found.page and is_alive(found.pid) else None

    def processes(self) -> list[int]:
        """All app processes, without steps and the page's server."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (place / "cmdline").read_bytes().split(b"\0")
                environ = (place / "environ").read_bytes().split(b"\0")
                if words[-2:] == [b"netflix_trend", b""] and f"HOME={self.home}".encode() in environ:
                    found.append(int(place.name))
        return [pid for pid in found if is_alive(pid)]

    def end(self) -> None:
        """End every process of the app, also one that is not yet more than its shell."""
        for pid in {*self.processes(), *(one.pid for one in self._started if one.poll() is None)}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not self.processes(), "a signal ends the app")
        for one in self._started:
            one.wait(PATIENCE)
        self._started.clear()


def serves(page: str) -> bool:
    """Whether a page answers."""
    try:
        with urllib.request.urlopen(f"{page.rstrip('/')}/healthz", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def an_export(folder: Path, today: date) -> Path:
    """A history of a person who watched the same show every day of the last ten weeks."""
    days = [today - timedelta(days=number) for number in range(70)]
    rows = [f'"Stranger Things: Season 1: Episode {day.day}","{day:%m/%d/%y}"\n' for day in days]
    file = folder / "NetflixViewingHistory.csv"
    file.write_text("Title,Date\n" + "".join(rows))
    return file
