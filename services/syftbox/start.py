"""Starts the SyftBox client or server of this image. Standard library only: nothing of ours is in the image.

The traps that it avoids were measured (docs/method/syftbox.md#starting): a client that was killed leaves a file that
keeps the next one from starting, dies when the server is not there yet, and asks questions when it has no token.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

SERVER_SECONDS = 120.0
API = "http://127.0.0.1:8080"


def main(role: str) -> int:
    """Become the client or the server: does not return.

    `healthy` returns 0 when the client of this container is in touch with its server and has set up the datasite.
    """
    if role != "healthy":
        (_server if role == "server" else _client)()
    return 0 if _get(f"{API}/sync/health") is not None and _is_set_up() else 1


def _server() -> NoReturn:
    environment = {
        **os.environ,
        "SYFTBOX_ENV": "DEV",
        "SYFTBOX_AUTH_ENABLED": "false",
        "SYFTBOX_OTEL_ENABLED": "false",
    }
    subprocess.run(["syftbox", "server", "migrate"], env=environment, check=True)  # noqa: S607
    command = ["uvicorn", "syftbox.server.server:app", "--host", "0.0.0.0", "--port", "5001"]  # noqa: S104
    os.execvpe(command[0], command, environment)  # noqa: S606


def _client() -> NoReturn:
    email, url = os.environ.get("SYFTBOX_EMAIL", ""), os.environ.get("SYFTBOX_SERVER_URL", "").rstrip("/")
    if not email or not url:
        _stop("put SYFTBOX_EMAIL and SYFTBOX_SERVER_URL into .env")
    # Only one client runs in this container, so whoever wrote this is gone.
    (Path(os.environ["SYFTBOX_DATA_DIR"]) / "syftbox.pid").unlink(missing_ok=True)
    deadline = time.monotonic() + SERVER_SECONDS
    while _get(f"{url}/info") is None:
        if time.monotonic() > deadline:
            _stop(f"the server at {url} does not answer; check SYFTBOX_SERVER_URL and the network")
        time.sleep(0.5)
    environment = {**os.environ, "SYFTBOX_ACCESS_TOKEN": _token(email, url), "SYFTBOX_SERVER_URL": url}
    os.execvpe("syftbox", ["syftbox", "client", "--service"], environment)  # noqa: S606, S607


def _token(email: str, url: str) -> str:
    """Return the access token: from its file, else from a server that gives one to everybody (for tests)."""
    file = Path(os.environ.get("SYFTBOX_TOKEN_FILE", ""))
    if file.is_file() and (token := file.read_text("utf-8").strip()):
        return token
    first = _get(f"{url}/auth/request_email_token", {"email": email})
    if not first or not first.get("email_token"):
        _stop(f"no token: put the access token that SyftBox gave you into {file.name} (see docs/syftbox.md)")
    reply = _get(f"{url}/auth/validate_email_token?email={email}", {}, token=str(first["email_token"]))
    if not reply or not reply.get("access_token"):
        _stop("the server refused the token that it had just given")
    return str(reply["access_token"])


def _is_set_up() -> bool:
    site = Path(os.environ["SYFTBOX_DATA_DIR"]) / "datasites" / os.environ["SYFTBOX_EMAIL"]
    return any((site / name).is_file() for name in ("syftperm.yaml", "syft.pub.yaml"))


def _get(url: str, data: dict[str, str] | None = None, token: str = "") -> Any:
    """Return the JSON that a server answers (an empty object for no JSON), None when it does not answer well."""
    headers = {"User-Agent": "netflix-trend", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = None if data is None else json.dumps(data).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5) as answer:  # noqa: S310
            return json.loads(answer.read() or b"{}")
    except (OSError, urllib.error.URLError):
        return None
    except ValueError:
        return {}


def _stop(message: str) -> NoReturn:
    print(f"syftbox: {message}", file=sys.stderr, flush=True)  # noqa: T201
    time.sleep(10)  # Docker starts this again; not in a hurry.
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
