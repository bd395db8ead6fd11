"""The web server of the containers: gunicorn, with a worker that gives threads to whole requests only.

gunicorn's own worker gives a thread to a connection as soon as its first byte is there, and the thread waits for the
rest for as long as the other side likes: as many half-sent requests as there are threads, and nobody is answered. Here
the event loop looks at what has arrived without reading it, and a thread gets the request when head and form are there.
Large and unusual bodies are read by threads of their own.
"""

from __future__ import annotations

import re
import selectors
import socket
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial

from gunicorn.workers.gthread import TConn, ThreadWorker

THREADS = 4
# A request with a body beyond LARGEST_FORM, or one of unknown size, is read by one of so many threads.
LARGE_THREADS = 2
LARGEST_FORM = 65_536
LARGEST_HEAD = 65_536
# Seconds in which head and form of a request arrive, and between two pieces of a large body or of an answer.
ARRIVAL_SECONDS, PIECE_SECONDS = 10, 20
# Connections that wait for the rest of a request; the oldest is closed for one more.
MOST_WAITING = 200
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
# A length that is written in another way, too: gunicorn may still take it for one.
_UNUSUAL = re.compile(rb"\r\n(?:transfer-encoding|expect|content-length(?!:[ \t]*\d{1,18}[ \t]*\r\n))", re.IGNORECASE)


class Arrived(Enum):
    """What is there of a request."""

    PART = "a part of its head or form"
    WHOLE = "its head and its form"
    LARGE = "its head; the body is large, or its size is unknown"


def arrived(data: bytes) -> Arrived:
    """Return what is there of a request. data: its first bytes, at most LARGEST_HEAD + LARGEST_FORM."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        # A longer one is refused by gunicorn.
        return Arrived.PART if len(data) < LARGEST_HEAD else Arrived.WHOLE
    head = data[: end + 2]
    if _UNUSUAL.search(head):
        return Arrived.LARGE
    lengths = [int(length) for length in _LENGTH.findall(head)]
    length = max(lengths, default=0)
    if length > LARGEST_FORM:
        return Arrived.LARGE
    return Arrived.WHOLE if len(data) >= end + 4 + length else Arrived.PART


def command(bind: str, app: str, *options: str) -> list[str]:
    """Return the command that serves a WSGI application, as gunicorn names it, on an address."""
    return [
        *(sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", str(THREADS)),
        *("--worker-class", f"{__name__}.PatientWorker", "--worker-tmp-dir", "/tmp"),  # noqa: S108
        # It would lie in the home folder, one for all.
        *("--no-control-socket", *options, "--bind", bind, app),
    ]


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """A worker whose threads never wait for the head or the form of a request."""

    def init_process(self) -> None:
        """Start the threads for large bodies beside the others."""
        self.large = ThreadPoolExecutor(LARGE_THREADS)
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread when its request is there, or let it wait in the event loop."""
        # A body that was drained may have brought a part of the next request along, which a thread has then.
        has_begun = conn.parser is not None and conn.parser.unreader.buf.getvalue()
        found = Arrived.LARGE if has_begun else _look(conn)
        if found is Arrived.PART:
            self._wait(conn)
            return
        _wait_for(conn.sock, 1)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PIECE_SECONDS, 0))
        conn.data_ready, conn.waits_until = True, None
        pool = self.large if found is Arrived.LARGE else self.tpool
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _wait(self, conn: TConn) -> None:
        """Let a connection wait for more bytes than are there, until its time is over."""
        if len(self.pending_conns) >= MOST_WAITING:
            self._close(self.pending_conns[0])
        deadline = getattr(conn, "waits_until", None) or time.monotonic() + ARRIVAL_SECONDS
        conn.waits_until = conn.timeout = deadline
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def murder_pending(self) -> None:
        """Close the connections whose time is over."""
        now = time.monotonic()
        for conn in [one for one in self.pending_conns if one.timeout <= now]:
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def _look(conn: TConn) -> Arrived:
    """Return what is there of the next request, and leave it there; a part is looked at again when more has come."""
    try:
        data = conn.sock.recv(LARGEST_HEAD + LARGEST_FORM, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        data, is_over = b"", False
    except OSError:
        return Arrived.WHOLE  # it is gone, which a thread notices at once
    else:
        # It was looked at again, and nothing more has come: the other side sends no more.
        is_over = len(data) == getattr(conn, "seen", 0)
    if is_over or (found := arrived(data)) is not Arrived.PART:
        conn.seen = 0
        return Arrived.WHOLE if is_over else found
    conn.seen = len(data)
    _wait_for(conn.sock, len(data) + 1)
    return Arrived.PART


def _wait_for(sock: socket.socket, size: int) -> None:
    """Let the event loop, and whoever reads, wait until so many bytes are there."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
