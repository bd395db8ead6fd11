"""The port of a person's page, while no container has it.

It is listened on all the time, but served by a process of its own only while somebody visits: an idle page would hold a
hundred megabytes.
"""

from __future__ import annotations

import html
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress

from netflix_trend.causes import cause
from netflix_trend.cli.frame import FAILED
from netflix_trend.cli.output import say

_GRACE = 5.0
_REQUEST = 16_384
_NOTICE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="15">
<title>Netflix Trend</title><h1>Netflix Trend is waiting</h1><p>{}</p><p>This page looks again by itself.</p></html>
"""

# Starts a process that serves pages on an open socket, given by its number.
Start = Callable[[int], "subprocess.Popen[bytes]"]


class Page:
    """The page of an app. port: on 127.0.0.1. notice: a sentence that every visitor gets instead of pages."""

    def __init__(self, port: int, start: Start) -> None:
        self.port = port
        self.notice = ""
        self._start = start
        self._listener: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None
        # Servers that answer their last visitors.
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._is_taken = False

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def listeners(self) -> list[socket.socket]:
        """The socket on which a visitor is waited for; none while a server waits there."""
        return [self._listener] if self._listener and self._server is None else []

    def tend(self) -> None:
        """Open the port if it is free, and notice the end of servers. Cheap; call it often."""
        self._leaving = [server for server in self._leaving if server.poll() is None]
        if self._server is not None and self._server.poll() is not None:
            failed, self._server = self._server.returncode, None
            if failed:
                say("The page's server has ended with an error, see above. The next visit starts it again.")
        if self._listener is None:
            self._open()

    def visited(self) -> None:
        """Serve a visitor: with the notice, or by a server that stays until nobody visits any more."""
        assert self._listener is not None
        if self.notice:
            self._answer(self._listener)
        else:
            self._server = self._start(self._listener.fileno())

    def restart(self) -> None:
        """Let the server go when its visitors are answered, such as after settings have changed; the next visit starts
        another one.
        """
        server, self._server = self._server, None
        if server is not None:
            with suppress(ProcessLookupError):
                server.terminate()
            self._leaving.append(server)

    def close(self) -> None:
        """End the server and free the port."""
        self.restart()
        for server in self._leaving:
            end(server)
        self._leaving = []
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _open(self) -> None:
        listener = socket.socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.port))
            listener.listen(64)
            listener.setblocking(False)  # a visitor may be gone before it is let in
        except OSError as problem:
            listener.close()
            if not self._is_taken:
                say(
                    f"No page: port {self.port} of 127.0.0.1 cannot be used ({cause(problem)}). It is tried again; "
                    "another one: DASHBOARD_PORT in .env. Everything else works."
                )
            self._is_taken = True
            return
        self._listener, self._is_taken = listener, False
        say(f"Your page: {self.address}")

    def _answer(self, listener: socket.socket) -> None:
        body = _NOTICE.format(html.escape(self.notice)).encode()
        head = (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
            # A sentence and no form: SyftUI may show it in its frame.
            "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with suppress(OSError):
            visitor, _ = listener.accept()
            with visitor:
                visitor.settimeout(1)
                visitor.recv(_REQUEST)
                visitor.sendall(head.encode() + body)


def end(child: subprocess.Popen[bytes]) -> int:
    """Ask a child to end, kill it if it does not, and return its exit code."""
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        return child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait() or FAILED
