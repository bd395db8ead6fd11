"""A client's local interface, as far as it is asked: paths, answers, and what was sent to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Interface:
    """answers: status and content by method and path, such as `GET /v1/status`. rules: file for posted rules."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[Mapping[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)


@contextmanager
def serving(**answers: tuple[int, Any]) -> Iterator[Interface]:
    """Serve until the block ends."""
    interface = Interface(answers=dict(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            interface.asked.append(f"{self.command} {self.path}")
            interface.tokens.add(self.headers.get("Authorization", ""))
            if length := int(self.headers.get("Content-Length", 0)):
                interface.bodies.append(json.loads(self.rfile.read(length)))
            status, content = interface.answers.get(f"{self.command} {self.path}", (404, {}))
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            if status in {301, 302}:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        interface.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield interface
        finally:
            server.shutdown()
            thread.join()


def configured(folder: Path, **content: Any) -> Path:
    """Write a configuration and return its path."""
    place = folder / "config.json"
    place.write_text(json.dumps(content))
    return place
