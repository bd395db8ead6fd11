"""A real SyftBox server and real clients on loopback, in folders of a test (docs/method/syftbox.md#starting).

`SyftBoxNetwork(root, [addresses])` as a context manager; the clients are stopped before the server, because a client
whose server answers nonsense removes its own files.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pytest

from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-syftbox" / "bin"


def require_syftbox() -> None:
    """Skip with the reason where SyftBox is not installed; fail in CI."""
    if not (BIN / "syftbox").exists():
        reason = "SyftBox is not installed in .venv-syftbox; ./run.sh test installs it with Python 3.11 or 3.12"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def ask(
    url: str, token: str = "", data: dict[str, str] | None = None, post: bool = False, seconds: float = PATIENCE
) -> Any:
    """Return the JSON that a server answers."""
    headers = {"User-Agent": "test", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(data).encode() if data is not None else (b"" if post else None)
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=seconds) as answer:
        return json.loads(answer.read() or b"null")


def answers(url: str) -> bool:
    try:
        ask(url, seconds=5)
    except (OSError, urllib.error.URLError, ValueError):
        return False
    return True


@dataclass
class Program:
    """A child process with a log of its own."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    _file: IO[bytes] | None = None

    def start(self) -> None:
        self._file = self.log.open("ab")
        self.process = subprocess.Popen(
            self.command,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def kill_alone(self) -> None:
        """Kill the process and leave its children behind."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.stop()

    def stop(self, kill: bool = False) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL if kill else signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        if self._file is not None:
            self._file.close()


@dataclass
class SyftBoxNetwork:
    """One server and a client for each address. `datasites(me)` is what `me` sees, `snapshot` what the server holds.

    token_seconds: how long tokens are valid; 0: for ever.
    """

    root: Path
    emails: list[str]
    port: int = field(default_factory=free_port)
    token_seconds: int = 0
    _clients: dict[str, Program] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _server: Program | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def server_data(self) -> Path:
        return self.root / "server" / "data"

    @property
    def snapshot(self) -> Path:
        return self.server_data / "snapshot"

    @property
    def server_process(self) -> int:
        assert self._server is not None and self._server.process is not None
        return self._server.process.pid

    def client_process(self, email: str) -> int:
        process = self._clients[email].process
        assert process is not None
        return process.pid

    def datasites(self, email: str) -> Path:
        return self.root / email / "SyftBox" / "datasites"

    def __enter__(self) -> SyftBoxNetwork:
        try:
            self.start_server()
            for email in self.emails:
                self.launch_client(email)
            for email in self.emails:
                self.wait_ready(email)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for email in list(self._clients):
            self.stop_client(email)
        self.stop_server()

    def start_server(self) -> None:
        self.server_data.mkdir(parents=True, exist_ok=True)
        environment = {
            "SYFTBOX_ENV": "DEV",
            "SYFTBOX_DATA_FOLDER": str(self.server_data),
            "SYFTBOX_AUTH_ENABLED": "false",
            "SYFTBOX_OTEL_ENABLED": "false",
            "HOME": str(self.root / "server"),
            **({"SYFTBOX_JWT_ACCESS_TOKEN_EXP": f"PT{self.token_seconds}S"} if self.token_seconds else {}),
        }
        log = self.root / "server" / "log"
        migrate = Program([str(BIN / "syftbox"), "server", "migrate"], environment, log)
        migrate.start()
        assert migrate.process is not None
        assert migrate.process.wait(PATIENCE) == 0, log.read_text()[-2000:]
        migrate.stop()
        arguments = ["syftbox.server.server:app", "--host", "127.0.0.1", "--port", str(self.port)]
        self._server = Program([str(BIN / "uvicorn"), *arguments], environment, log)
        self._server.start()
        wait_for(lambda: answers(f"{self.url}/info"), "the server")

    def stop_server(self) -> None:
        if self._server is not None:
            self._server.stop()

    def launch_client(self, email: str) -> None:
        home = self.root / email
        (home / "home" / ".syftbox").mkdir(parents=True, exist_ok=True)
        (home / "SyftBox" / "syftbox.pid").unlink(missing_ok=True)
        if email not in self._tokens:
            first = ask(f"{self.url}/auth/request_email_token", data={"email": email})["email_token"]
            validate = f"{self.url}/auth/validate_email_token?email={email}"
            self._tokens[email] = ask(validate, token=first, post=True)["access_token"]
        self._ports[email] = free_port()
        environment = {
            "HOME": str(home / "home"),
            "SYFTBOX_CLIENT_CONFIG_PATH": str(home / "home" / ".syftbox" / "config.json"),
            "SYFTBOX_EMAIL": email,
            "SYFTBOX_ACCESS_TOKEN": self._tokens[email],
            "SYFTBOX_DATA_DIR": str(home / "SyftBox"),
            "SYFTBOX_SERVER_URL": self.url,
            "SYFTBOX_PORT": str(self._ports[email]),
            "SYFTBOX_DISABLE_ICONS": "true",
        }
        command = [str(BIN / "syftbox"), "client", "--service"]
        self._clients[email] = Program(command, environment, home / "log")
        self._clients[email].start()

    def ready(self, email: str) -> bool:
        return answers(f"http://127.0.0.1:{self._ports[email]}/sync/health")

    def wait_ready(self, email: str) -> None:
        wait_for(lambda: self.ready(email), f"the client of {email}")
        wait_for((self.snapshot / email / "syftperm.yaml").exists, f"the datasite of {email}")

    def start_client(self, email: str) -> None:
        self.launch_client(email)
        self.wait_ready(email)

    def stop_client(self, email: str, kill: bool = False) -> None:
        self._clients.pop(email).stop(kill)

    def kill_client_alone(self, email: str) -> None:
        """Kill a client, but not the apps that it has started, as a crash does."""
        self._clients.pop(email).kill_alone()

    def shorten_token(self, email: str) -> None:
        """Start a client whose token ends soon after. The server gives everybody such tokens then.

        A client whose token ends before it has started gives up, so a token lasts longer each time until one does not:
        how long a start takes is a matter of the machine.
        """
        for seconds in (5, 30, 120):
            self.stop_client(email)
            self.stop_server()
            self.token_seconds = seconds
            self.start_server()
            del self._tokens[email]
            self.launch_client(email)
            wait_for(lambda: self.ready(email) or self._clients[email].ended, f"the client of {email} starts or ends")
            if not self._clients[email].ended:
                return
        pytest.fail(f"the client of {email} ends by itself: {self._clients[email].log.read_text()[-2000:]}")
