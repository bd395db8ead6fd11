"""What is said about SyftBox's client, by generation: whether it syncs, and until when it is signed in."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.status_table import Row, works
from netflix_trend.storage.small_json import flat_json
from netflix_trend.syftbox.client_rows import client_rows
from netflix_trend.syftbox.generations import GENERATIONS, Client, Generation, local_api
from netflix_trend.syftbox.generations.go_subscriptions.file import add_rules
from netflix_trend.syftbox.generations.go_subscriptions.rules import needed_by_participant
from netflix_trend.syftbox.generations.local_api import ask, is_local
from netflix_trend.syftbox.generations.tokens import expiry_of
from tests.netflix_trend.syftbox.local_interface import configured, serving
from tests.waiting import PATIENCE

ME, AGGREGATOR = "ann@example.net", "agg@example.com"
NOW = 1_795_000_000.0  # in November 2026
DAY = 86_400
NEEDED = needed_by_participant(AGGREGATOR)
BY_KEY: dict[str, Generation] = {one.key: one for one in GENERATIONS}
GO: dict[str, Any] = {"GET /v1/status": (200, {"status": "ok", "datasite": {"status": "PROVISIONED"}})}
WORKS: dict[str, dict[str, Any]] = {
    "python": {"GET /sync/health": (200, {"status": "ok"})},
    "go": GO,
    "go_subscriptions": GO,
    "pysyft": {},
}
TOKENS = {"python": "access_token", "go": "refresh_token", "go_subscriptions": "refresh_token"}


def token(ends: Any) -> str:
    """A token that ends at a time, in the form of RFC 7519, signed by nobody."""
    parts = [{"alg": "none"}, {"email": ME, "exp": ends}]
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "x"]
    )


def installed(folder: Path, key: str, url: str, **known: Any) -> Client:
    """A client's folders and configuration after its first start, signed in for a year."""
    generation, data = BY_KEY[key], folder / "SyftBox"
    (data / ".data").mkdir(parents=True)
    generation.datasites_of(data).mkdir(exist_ok=True)
    generation.set_up(generation.datasites_of(data), ME)
    if key == "go_subscriptions":
        add_rules(data / ".data" / "syft.sub.yaml", NEEDED)
    lock = data / ".sync.lock"
    lock.touch()
    os.utime(lock, (NOW, NOW))
    signed_in = {TOKENS[key]: token(NOW + 365 * DAY)} if key in TOKENS else {}
    content = {"data_dir": str(data), "email": ME, "client_url": url, "client_token": "secret", **signed_in, **known}
    config = configured(folder, **content) if key != "pysyft" else None
    return Client(generation, data, ME, config, client_url=content["client_url"])


def rows_of(client: Client) -> dict[str, Row]:
    return {row.name: row for row in client_rows(client, ME, client.datasites, NEEDED, NOW)}


def all_of(rows: dict[str, Row]) -> str:
    return json.dumps([str(row) for row in rows.values()])


@pytest.mark.parametrize("key", BY_KEY)
def test_a_client_that_syncs_is_fine(tmp_path: Path, key: str) -> None:
    with serving(**WORKS[key]) as interface:
        rows = rows_of(installed(tmp_path, key, interface.url))
    assert [row for row in rows.values() if row.mark != "fine"] == []
    assert list(rows) == [
        *("SyftBox", "configuration", "address", "datasites", "last sync", "token", "subscriptions", "disk")
    ]
    assert "secret" not in all_of(rows)


@pytest.mark.parametrize("key", TOKENS)
def test_a_token_that_has_ended_is_said_with_the_step(tmp_path: Path, key: str) -> None:
    ended = token(NOW - DAY)
    answers = {"GET /sync/health": (503, {}), "GET /v1/status": (200, {"datasite": {"status": "error"}})}
    with serving(**answers) as interface:
        rows = rows_of(installed(tmp_path, key, interface.url, **{TOKENS[key]: ended}))
    assert (rows["token"].mark, rows["last sync"].mark) == ("wrong", "wrong")
    for name in ("token", "last sync"):
        assert rows[name].step.startswith("sign in again in SyftBox")
    assert ended.split(".")[1] not in all_of(rows)
    assert not works(list(rows.values()))


@pytest.mark.parametrize(
    ("ends", "mark"),
    [
        (NOW - 1, "wrong"),
        (NOW + DAY, "look here"),
        (NOW + 8 * DAY, "fine"),
        (None, "fine"),
        ("tomorrow", "fine"),
        (True, "fine"),
        (1e300, "fine"),
        (-5, "fine"),
        (0, "wrong"),
    ],
)
def test_when_a_token_ends(tmp_path: Path, ends: Any, mark: str) -> None:
    client = installed(tmp_path, "python", "http://127.0.0.1:1", access_token=token(ends))
    assert rows_of(client)["token"].mark == mark


@pytest.mark.parametrize(
    "hostile", ["", "a.b", "a.b.c.d", "a.!!.c", "a." + "A" * 50_000 + ".c", 5, ["x"], f"a.{'W1tb' * 3000}.c", "a.é.c"]
)
def test_what_is_no_token_does_not_say_when_it_ends(hostile: Any) -> None:
    assert expiry_of(hostile) is None


@pytest.mark.parametrize(
    ("key", "answers", "mark"),
    [
        ("python", {"GET /sync/health": (500, {})}, "look here"),
        ("python", {}, "look here"),
        ("go", {"GET /v1/status": (200, {"status": "ok"})}, "fine"),
        # What is too long is not read.
        ("go", {"GET /v1/status": (200, {"datasite": {"status": "error"}, "more": "x" * 300_000})}, "fine"),
        ("go", {"GET /v1/status": (200, b"[" * 100_000)}, "fine"),
        ("go", {"GET /v1/status": (200, {"datasite": {"status": "UNPROVISIONED"}})}, "wrong"),
        ("go", {"GET /v1/status": (401, {})}, "look here"),
        ("go", {"GET /v1/status": (302, {})}, "wrong"),
    ],
)
def test_what_a_client_answers(tmp_path: Path, key: str, answers: dict[str, Any], mark: str) -> None:
    with serving(**answers) as interface:
        assert rows_of(installed(tmp_path, key, interface.url))["last sync"].mark == mark
    assert not [asked for asked in interface.asked if "elsewhere" in asked], "no redirect is followed"


@pytest.mark.parametrize("key", TOKENS)
def test_a_client_that_does_not_answer_is_not_running(tmp_path: Path, key: str) -> None:
    with serving() as interface:
        url = interface.url
    row = rows_of(installed(tmp_path, key, url))["last sync"]
    assert (row.mark, row.step) == ("wrong", "start SyftBox")


@pytest.mark.parametrize("key", TOKENS)
@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "file:///etc/passwd", "http://127.0.0.1.example.com", "", "x"])
def test_no_other_machine_is_asked(tmp_path: Path, key: str, url: str) -> None:
    assert rows_of(installed(tmp_path, key, url))["last sync"].mark == "look here"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://localhost:7938/", True),
        ("https://[::1]:1", True),
        ("http://me:pw@127.0.0.1", False),
        ("ftp://127.0.0.1", False),
        ("http://127.0.0.1:99999", False),
        ("http://127.0.0.1@example.com", False),
        ("http://[", False),
    ],
)
def test_which_addresses_are_of_this_machine(url: str, local: bool) -> None:
    assert is_local(url) == local


@pytest.mark.parametrize("sends", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
def test_a_client_that_answers_a_byte_at_a_time_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, sends: bytes) -> None:
    monkeypatch.setattr(local_api, "_LONGEST_SECONDS", 0.5)
    ended = threading.Event()

    def drip() -> None:
        visitor, _ = listener.accept()
        with visitor, suppress(OSError):
            visitor.sendall(sends)
            while not ended.wait(0.1):
                visitor.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        asking = threading.Thread(target=ask, args=(f"http://127.0.0.1:{listener.getsockname()[1]}", "/"), daemon=True)
        asking.start()
        asking.join(PATIENCE)
        ended.set()
        thread.join()
        assert not asking.is_alive()


def test_a_token_that_is_no_header_is_not_sent() -> None:
    with serving() as interface:
        for hostile in ("a\r\nHost: x", "é", "x" * 10_000):
            ask(interface.url, "/v1/status", token=hostile)
    assert interface.tokens <= {"Bearer é"}


@pytest.mark.parametrize(
    ("age", "mark"), [(0, "fine"), (DAY - 1, "fine"), (DAY, "look here"), (8 * DAY, "wrong"), (-DAY, "fine")]
)
def test_pysyft_says_when_it_was_synced_last(tmp_path: Path, age: float, mark: str) -> None:
    client = installed(tmp_path, "pysyft", "")
    os.utime(client.data_dir / ".sync.lock", (NOW - age, NOW - age))
    assert rows_of(client)["last sync"].mark == mark


def test_pysyft_that_was_never_synced_is_wrong(tmp_path: Path) -> None:
    client = installed(tmp_path, "pysyft", "")
    (client.data_dir / ".sync.lock").unlink()
    row = rows_of(client)["last sync"]
    assert (row.mark, row.step) == ("wrong", "sync in PySyft: client.sync()")


@pytest.mark.parametrize(
    ("free", "key", "mark"),
    [
        (4e9, "go", "wrong"),
        (5.5e9, "go", "look here"),
        (7e9, "go", "fine"),
        (4e9, "python", "fine"),
        (1e7, "pysyft", "look here"),
    ],
)
def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, key: str, mark: str) -> None:
    client = installed(tmp_path, key, "")
    usage = shutil.disk_usage(tmp_path)._replace(free=int(free))
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert rows_of(client)["disk"].mark == mark


def test_no_client_at_all_is_wrong(tmp_path: Path) -> None:
    rows = client_rows(None, ME, tmp_path, NEEDED, NOW)
    assert (rows[0].mark, rows[0].step) == ("wrong", "start SyftBox, then ./run.sh setup")


@pytest.mark.parametrize(
    ("answers", "known", "step"),
    [
        (WORKS["python"], {}, "check SYFTBOX_EMAIL; if SyftBox has run for a minute: ./run.sh setup --repair"),
        (WORKS["python"], {"access_token": token(NOW - 1)}, "sign in again in SyftBox"),
        ({"GET /sync/health": (503, {})}, {}, "sign in again in SyftBox and restart it"),
        ({}, {"client_url": "http://127.0.0.1:1"}, "start SyftBox"),
    ],
)
def test_a_datasite_without_syftbox_s_own_files_is_wrong(
    tmp_path: Path, answers: dict[str, Any], known: dict[str, Any], step: str
) -> None:
    """The step is about the cause: a client that cannot sync removes them."""
    with serving(**answers) as interface:
        client = installed(tmp_path, "python", interface.url, **known)
        (client.datasites / ME / "syftperm.yaml").unlink()
        rows = rows_of(client)
    assert (rows["SyftBox"].mark, rows["SyftBox"].step) == ("wrong", step)


def test_a_client_that_has_not_noticed_yet_is_not_believed(tmp_path: Path) -> None:
    """SyftBox 0.4.0 says for up to five minutes that all is well."""
    with serving(**WORKS["python"]) as interface:
        rows = rows_of(installed(tmp_path, "python", interface.url, access_token=token(NOW - 1)))
    assert (rows["last sync"].mark, rows["last sync"].step) == ("wrong", "sign in again in SyftBox")


def test_settings_that_name_another_address_or_folder_are_wrong(tmp_path: Path) -> None:
    client = installed(tmp_path, "python", "")
    rows = {row.name: row for row in client_rows(client, "bob@example.net", tmp_path, NEEDED, NOW)}
    assert (rows["address"].mark, rows["datasites"].mark) == ("wrong", "wrong")
    assert rows["address"].step.startswith(f"SYFTBOX_EMAIL={ME} in .env")


@pytest.mark.parametrize("content", ["", "[]", "x" * 100_000, '{"access_token": 5}', '{"access_token": ["x"]}'])
def test_a_damaged_configuration_is_no_token(tmp_path: Path, content: str) -> None:
    client = installed(tmp_path, "python", "")
    assert client.config is not None
    client.config.write_text(content)
    assert rows_of(client)["token"].mark in {"look here", "fine"}
    assert isinstance(flat_json(client.config), dict)


def test_missing_rules_are_wrong(tmp_path: Path) -> None:
    client = installed(tmp_path, "go_subscriptions", "")
    (client.data_dir / ".data" / "syft.sub.yaml").write_text("rules: []\n")
    row = rows_of(client)["subscriptions"]
    assert (row.mark, row.step) == ("wrong", "./run.sh join adds the rules")


def test_a_go_client_that_has_subscriptions_and_no_rules_yet_is_told_apart(tmp_path: Path) -> None:
    answers = {**GO, "GET /v1/subscriptions/": (200, {"config": {}})}
    with serving(**answers) as interface:
        rows = rows_of(installed(tmp_path, "go", interface.url))
    assert (rows["SyftBox"].text, rows["subscriptions"].mark) == ("SyftBox (Go, with subscriptions)", "wrong")
