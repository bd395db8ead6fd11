"""Half-sent requests on real sockets: they cost nobody else an answer."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from services.runtime.web_server import LARGEST_FORM, LARGEST_HEAD, MOST_WAITING, Arrived, arrived, command
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_for

GET = b"GET / HTTP/1.1\r\nHost: here\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: "
# Answers with the size of the body that it got.
APP = """
def app(environ, start_response):
    said = str(len(environ["wsgi.input"].read())).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))])
    return [said]
"""


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", Arrived.PART),
        (GET, Arrived.PART),
        (GET + b"\r\n", Arrived.WHOLE),
        (b"A" * LARGEST_HEAD, Arrived.WHOLE),
        (POST + b"5\r\n\r\nabcd", Arrived.PART),
        (POST + b"5\r\n\r\nabcde", Arrived.WHOLE),
        (POST.lower() + b"5\r\n\r\nabcd", Arrived.PART),
        (POST + b"%d\r\n\r\n" % LARGEST_FORM, Arrived.PART),
        (POST + b"%d\r\n\r\n" % (LARGEST_FORM + 1), Arrived.LARGE),
        (GET + b"Transfer-Encoding: chunked\r\n\r\n", Arrived.LARGE),
        (POST + b"%020d\r\n\r\n" % 5, Arrived.LARGE),
        (POST + b"+5\r\n\r\n", Arrived.LARGE),
        (POST + b"5, 5\r\n\r\n", Arrived.LARGE),
        (POST + b"\r\n 5\r\n\r\n", Arrived.LARGE),
        (GET + b"Content-Length : 5\r\n\r\n", Arrived.LARGE),
        (POST + b"1\r\nContent-Length: 5\r\n\r\na", Arrived.PART),
        (GET + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", Arrived.LARGE),
        (GET + b"\r\nContent-Length: 5\r\n", Arrived.WHOLE),
    ],
)
def test_a_request_is_whole_when_head_and_form_are_there(data: bytes, found: Arrived) -> None:
    assert arrived(data) is found


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder, number = tmp_path_factory.mktemp("site"), free_port()
    (folder / "site_of_test.py").write_text(APP)
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{root}"}
    with subprocess.Popen(command(f"127.0.0.1:{number}", "site_of_test:app"), cwd=folder, env=environment) as server:
        try:
            wait_for(lambda: is_open(number), "the server listens")
            yield number
        finally:
            server.terminate()


def is_open(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def sent(port: int, data: bytes, stack: ExitStack) -> socket.socket:
    one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
    one.sendall(data)
    return one


def answer(one: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data or not data.partition(b"\r\n\r\n")[2]:
        part = one.recv(65_536)
        if not part:
            break
        data += part
    return data


@pytest.mark.parametrize("half", [GET, POST + b"50\r\n\r\nab", b"G", GET + b"\r", b""])
def test_half_sent_requests_block_nobody(port: int, half: bytes) -> None:
    with ExitStack() as stack:
        held = [sent(port, half, stack) for _ in range(40)]
        assert answer(sent(port, GET + b"Connection: close\r\n\r\n", stack)).startswith(b"HTTP/1.1 200")
        rest = {GET: b"\r\n", GET + b"\r": b"\n\r\n", b"G": GET[1:] + b"\r\n", b"": GET + b"\r\n"}.get(half, b"x" * 48)
        held[7].sendall(rest)
        assert answer(held[7]).startswith(b"HTTP/1.1 200"), "whoever sends the rest is answered"


def test_slow_uploads_leave_threads_for_others(port: int) -> None:
    with ExitStack() as stack:
        large = [sent(port, POST + b"900000\r\n\r\nab", stack) for _ in range(12)]
        large += [sent(port, POST + b"%020d\r\n\r\nab" % 50, stack) for _ in range(12)]
        chunked = [sent(port, GET + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", stack) for _ in range(12)]
        for _ in range(3):
            assert answer(sent(port, POST + b"2\r\nConnection: close\r\n\r\nab", stack)).endswith(b"2")
        for one in (*large, *chunked):
            one.close()


def test_an_upload_arrives_whole(port: int) -> None:
    with ExitStack() as stack:
        one = sent(port, POST + b"900000\r\nConnection: close\r\n\r\n", stack)
        one.sendall(b"x" * 900_000)
        assert answer(one).endswith(b"900000")


def test_a_connection_is_used_again(port: int) -> None:
    with ExitStack() as stack:
        one = sent(port, GET + b"\r\n", stack)
        assert b"200 OK" in answer(one)
        one.sendall(POST + b"3\r\n\r\n")
        one.sendall(b"abc")
        assert b"200 OK" in answer(one)


def test_of_too_many_waiting_connections_the_oldest_is_closed(port: int) -> None:
    with ExitStack() as stack:
        first = sent(port, GET, stack)
        others = [sent(port, GET, stack) for _ in range(MOST_WAITING)]
        with suppress(ConnectionResetError):
            assert first.recv(100) == b"", "it is closed"
        others[-1].sendall(b"\r\n")
        assert answer(others[-1]).startswith(b"HTTP/1.1 200")


def test_who_sends_no_more_is_not_waited_for(port: int) -> None:
    with ExitStack() as stack:
        one = sent(port, GET, stack)
        one.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert b"200" not in one.recv(100)
