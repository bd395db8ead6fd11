"""Messages of the inbox: whoever may write to it may send anything."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import zlib
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.inbox import LARGEST_EXPORT, LARGEST_MESSAGE, Delivery, RefusedMessage, pack, unpack

EXPORT = b'Title,Date\n"Dark: Season 1: Secrets","11/17/26"\n'
DELIVERY = Delivery("me", "drop_folder", "NetflixViewingHistory.csv", date(2026, 11, 18), EXPORT)
BAD_PROFILES = ["", ".", "..", "../x", "a/b", "/a", "a\\b", ".hidden", " me", "-rf", "me\n", "me\0", "a:b", "x" * 61]


def message(**change: Any) -> bytes:
    return json.dumps({**json.loads(pack(DELIVERY)), **change}).encode()


def holding(data: bytes, packed: bytes | None = None) -> bytes:
    """Return a message that says it holds `data`; `packed` is what it really holds."""
    packed = gzip.compress(data) if packed is None else packed
    return message(sha256=hashlib.sha256(data).hexdigest(), gzip_base64=base64.b64encode(packed).decode())


def reason(packed: bytes) -> str:
    with pytest.raises(RefusedMessage) as caught:
        unpack(packed)
    return caught.value.reason


def test_a_delivery_arrives_as_it_was_sent() -> None:
    assert unpack(pack(DELIVERY)) == DELIVERY


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["me", "Zoë", "O'Neil Jr.", "지수"]),
    st.from_regex(r"[a-z_]{1,40}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=255),
    st.dates(),
    st.binary(max_size=2000),
)
def test_any_export_arrives_as_it_was_sent(profile: str, source: str, name: str, received: date, data: bytes) -> None:
    delivery = Delivery(profile, source, name, received, data)
    assert unpack(pack(delivery)) == delivery


def test_the_message_is_the_contract_between_scraper_and_processor() -> None:
    content = json.loads(pack(DELIVERY))
    assert gzip.decompress(base64.b64decode(content.pop("gzip_base64"))) == EXPORT
    assert content == {
        "schema_version": 1,
        "profile": "me",
        "source": "drop_folder",
        "name": "NetflixViewingHistory.csv",
        "received": "2026-11-18",
        "sha256": hashlib.sha256(EXPORT).hexdigest(),
    }


def test_the_same_delivery_makes_the_same_message_at_any_time() -> None:
    assert pack(DELIVERY) == pack(DELIVERY)
    packed = base64.b64decode(json.loads(pack(DELIVERY))["gzip_base64"])
    assert packed[4:8] == bytes(4)  # gzip keeps a time of its own there


def test_an_export_that_does_not_fit_a_message_is_refused_by_the_sender() -> None:
    noise = random.Random(7).randbytes(LARGEST_MESSAGE * 3 // 4)  # base64 makes four bytes of three
    with pytest.raises(RefusedMessage, match="too_large"):
        pack(Delivery("me", "drop_folder", "x.csv", date(2026, 11, 18), noise))


def test_an_export_that_packs_well_but_is_too_large_is_refused_by_the_sender() -> None:
    with pytest.raises(RefusedMessage, match="too_large"):
        pack(Delivery("me", "drop_folder", "x.csv", date(2026, 11, 18), bytes(LARGEST_EXPORT + 1)))


def test_a_message_beyond_the_limit_is_not_even_parsed() -> None:
    padded = pack(DELIVERY).ljust(LARGEST_MESSAGE)
    assert unpack(padded) == DELIVERY
    assert reason(padded + b" ") == "too_large"


def test_a_gzip_bomb_is_refused() -> None:
    packer, digest, piece = zlib.compressobj(1, wbits=31), hashlib.sha256(), bytes(10_000_000)
    packed = b""
    for _ in range(LARGEST_EXPORT // len(piece) + 1):
        packed += packer.compress(piece)
        digest.update(piece)
    packed += packer.flush()
    bomb = message(sha256=digest.hexdigest(), gzip_base64=base64.b64encode(packed).decode())
    assert len(bomb) < 2_000_000
    assert reason(bomb) == "too_large"


@pytest.mark.parametrize("checksum", ["0" * 64, hashlib.sha256(EXPORT + b"\n").hexdigest()])
def test_a_wrong_checksum_is_refused(checksum: str) -> None:
    assert reason(message(sha256=checksum)) == "checksum"


def test_another_export_under_a_known_checksum_is_refused() -> None:
    assert reason(holding(EXPORT, gzip.compress(EXPORT + b"more"))) == "checksum"


def test_an_export_that_was_cut_short_is_refused() -> None:
    noise = random.Random(7).randbytes(5000)
    assert reason(holding(noise, gzip.compress(noise)[:2000])) == "checksum"


@pytest.mark.parametrize(
    "packed", [EXPORT, zlib.compress(EXPORT), b"\x1f\x8b\x08" + b"\xff" * 40, gzip.compress(EXPORT)[:-8] + bytes(8)]
)
def test_what_is_not_gzip_is_refused(packed: bytes) -> None:
    assert reason(holding(EXPORT, packed)) == "gzip"


@pytest.mark.parametrize("text", ["a", "%%%%", "AAAA\n", "H4sI AAAA", "===="])
def test_what_is_not_base64_is_refused(text: str) -> None:
    assert reason(message(gzip_base64=text)) == "gzip"


def test_an_empty_payload_is_refused() -> None:
    assert reason(message(gzip_base64="")) == "checksum"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"null", b"[]", b'"text"', b"[" * 100_000, EXPORT])
def test_what_is_not_a_json_object_is_refused(data: bytes) -> None:
    assert reason(data) == "schema"


@pytest.mark.parametrize("field", ["profile", "source", "name", "received", "sha256", "gzip_base64"])
def test_a_message_without_one_of_its_fields_is_refused(field: str) -> None:
    content = json.loads(pack(DELIVERY))
    del content[field]
    assert reason(json.dumps(content).encode()) == "schema"


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"schema_version": "1"},
        {"command": "FLUSHALL"},
        {"profile": 7},
        {"source": "Drop Folder"},
        {"source": "../x"},
        {"source": "x" * 41},
        {"source": ""},
        {"name": "x" * 256},
        {"name": None},
        {"received": "yesterday"},
        {"received": "2026-02-30"},
        {"received": 0},
        {"sha256": "0" * 63},
        {"sha256": "G" * 64},
        {"sha256": hashlib.sha256(EXPORT).hexdigest().upper()},
        {"sha256": hashlib.sha256(EXPORT).hexdigest() + "\n"},
        {"gzip_base64": ["H4sI"]},
    ],
    ids=str,
)
def test_a_field_that_is_not_what_it_must_be_is_refused(change: dict[str, Any]) -> None:
    assert reason(message(**change)) == "schema"


@pytest.mark.parametrize("profile", BAD_PROFILES)
def test_a_profile_that_could_leave_its_folder_is_refused(profile: str) -> None:
    assert reason(message(profile=profile)) == "schema"


@pytest.mark.parametrize("profile", BAD_PROFILES)
def test_a_profile_that_could_leave_its_folder_is_not_sent_either(profile: str) -> None:
    with pytest.raises((RefusedMessage, ValueError)):
        pack(Delivery(profile, "drop_folder", "x.csv", date(2026, 11, 18), EXPORT))
