"""A real Redis with the users that the participant's machine has."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from netflix_trend.delivery.inbox import Delivery, pack
from netflix_trend.settings import Settings, load_settings
from tests.ports import free_port
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]
PREPARE = ROOT / "services" / "prepare.sh"
SAMPLE = (ROOT / "services" / "demo" / "sample_viewing_history.csv").read_bytes()


def delivery(data: bytes = SAMPLE, name: str = "NetflixViewingHistory.csv") -> bytes:
    about = Delivery(profile="me", source="drop_folder", name=name, received=date.today())
    return pack(about, io.BytesIO(data))


@contextmanager
def service(server: RedisServer, name: str, *role: str, script: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a service as its container does; it must end by itself after SIGTERM. script: its program instead, to
    inject a fault."""
    log = (server.folder / f"{name}.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *(["-c", script] if script else ["-m", f"services.{name}", *role])],
        cwd=ROOT,
        env=server.environment(name),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
        if process.poll() is None:
            process.terminate()
            assert process.wait(PATIENCE) == 0, (server.folder / f"{name}.log").read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        log.close()


@dataclass
class RedisServer:
    """A server on a free port of this machine, started and killed at will."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """options: of redis-server, besides those of the containers."""
        command = [
            *(
                "redis-server",
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--dir",
                str(self.folder / "redis-data"),
            ),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"),
            *("--auto-aof-rewrite-min-size", "64kb"),
            *("--aclfile", str(self.folder / "redis-acl" / "users.acl"), "--loglevel", "warning"),
            *options,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it as Docker does: SIGTERM, and time to write."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(PATIENCE)

    def lose(self) -> None:
        """Lose everything that it has written."""
        self.kill()
        shutil.rmtree(self.folder / "redis-data")
        (self.folder / "redis-data").mkdir()

    def settings(self, service: str, **overrides: object) -> Settings:
        password = (self.folder / f"secret-{service}" / "redis_password").read_text().strip()
        return load_settings(
            redis_host="127.0.0.1",
            redis_port=self.port,
            redis_user=service,
            redis_password=password,
            private_dir=self.folder / "private",
            publisher_dir=self.folder / "publisher",
            datasites_dir=self.folder / "datasites",
            output_dir=self.folder / "drop",
            syftbox_email="me@example.org",
            poll_seconds=0.2,
            **overrides,
        )

    def environment(self, service: str) -> dict[str, str]:
        """Environment of a service's process on this machine."""
        return {
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE")},
            "PATH": os.environ["PATH"],
            "HEARTBEAT_DIR": str(self.folder),
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.port),
            "REDIS_USER": service,
            "REDIS_PASSWORD_FILE": str(self.folder / f"secret-{service}" / "redis_password"),
            "PRIVATE_DIR": str(self.folder / "private"),
            "PUBLISHER_DIR": str(self.folder / "publisher"),
            "DATASITES_DIR": str(self.folder / "datasites"),
            "OUTPUT_DIR": str(self.folder / "drop"),
            "SYFTBOX_EMAIL": "me@example.org",
            "POLL_SECONDS": "0.2",
        }


def acl_file(folder: Path) -> None:
    """Write the ACL file and passwords with the very script that the containers use, outside of a container."""
    script = PREPARE.read_text()
    for name in (
        "redis-acl",
        "redis-data",
        "secret-scraper",
        "secret-processor",
        "secret-publisher",
        "secret-dashboard",
    ):
        (folder / name).mkdir()
    script = script.replace("/volumes/", f"{folder}/").replace("/host/", f"{folder}/host/")
    user, group = str(os.getuid()), str(os.getgid())
    environment = {
        **{"PATH": os.environ["PATH"], "SERVICE_UID": user, "SERVICE_GID": group, "REDIS_UID": user},
        "AGGREGATOR_DATASITE": "aggregator@example.org",
    }
    subprocess.run(["sh", "-c", script], check=True, env=environment)
    if not knows_waitaof():  # it refuses rights to commands that it does not have
        users = folder / "redis-acl" / "users.acl"
        users.chmod(0o600)
        users.write_text(users.read_text().replace(" +waitaof", ""))


def knows_waitaof() -> bool:
    """Whether the server of this machine can be asked what is on its disk. The containers' one can."""
    said = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
    major, minor = map(int, said.split("v=")[1].split(".")[:2])
    return (major, minor) >= (7, 2)


@pytest.fixture
def redis_server(tmp_path: Path, wait_for: Callable[..., None]) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        missing = "redis-server is not installed (apt install redis-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    acl_file(tmp_path)
    port = free_port()
    server = RedisServer(tmp_path, port)
    for name in ("private", "publisher", "datasites", "drop"):
        (tmp_path / name).mkdir()
    server.start()
    wait_for(lambda: answers(server), "Redis answers")
    yield server
    if server.process is not None and server.process.poll() is None:
        server.process.kill()
        server.process.wait()


def answers(server: RedisServer) -> bool:
    """Ping as the user that only the health check has."""
    try:
        with Redis(host="127.0.0.1", port=server.port, username="health", password="none") as client:
            return bool(client.ping())
    except RedisError:
        return False
