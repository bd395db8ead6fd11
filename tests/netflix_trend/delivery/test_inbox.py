"""Messages of the inbox: whoever may write to it may send anything."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import zlib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from netflix_trend.delivery.inbox import LARGEST_EXPORT, LARGEST_MESSAGE, Delivery, RefusedMessage, pack, unpack

EXPORT = b'Title,Date\n"Dark: Season 1: Secrets","11/17/26"\n'
DELIVERY = Delivery(
    profile="me", source="drop_folder", name="NetflixViewingHistory.csv", received=date(2026, 11, 18), date_order="mdy"
)
BAD_PROFILES = ["", ".", "..", "../x", "a/b", "/a", "a\\b", ".hidden", " me", "-rf", "me\n", "me\0", "a:b", "x" * 61]


def sent(data: bytes = EXPORT, delivery: Delivery = DELIVERY) -> bytes:
    return pack(delivery, io.BytesIO(data))


def message(**change: Any) -> bytes:
    """Return a message; a change is one of its own fields or one of the delivery's."""
    content = json.loads(sent())
    content.update({name: value for name, value in change.items() if name in content})
    if isinstance(content["delivery"], dict):
        content["delivery"].update({name: value for name, value in change.items() if name not in content})
    return json.dumps(content).encode()


def holding(data: bytes, packed: bytes | None = None) -> bytes:
    """Return a message that says it holds `data`; `packed` is what it really holds."""
    packed = gzip.compress(data) if packed is None else packed
    return message(sha256=hashlib.sha256(data).hexdigest(), gzip_base64=base64.b64encode(packed).decode())


def received(packed: bytes) -> tuple[Delivery, bytes]:
    delivery, blocks = unpack(packed)
    return delivery, b"".join(blocks)


def reason(packed: bytes) -> str:
    with pytest.raises(RefusedMessage) as caught:
        received(packed)
    return caught.value.reason


class Zeros(io.RawIOBase):
    """A stream of so many zero bytes, made as they are read."""

    def __init__(self, size: int) -> None:
        self.left, self.largest_read = size, 0

    def read(self, size: int = -1) -> bytes:
        self.largest_read = max(self.largest_read, size if size >= 0 else self.left)
        block = bytes(min(self.left, size if size >= 0 else self.left))
        self.left -= len(block)
        return block


def test_a_delivery_arrives_as_it_was_sent() -> None:
    assert received(sent()) == (DELIVERY, EXPORT)


@settings(max_examples=60)
@given(
    st.builds(
        Delivery,
        profile=st.sampled_from(["me", "Zoë", "O'Neil Jr.", "지수"]),
        source=st.from_regex(r"[a-z_]{1,40}", fullmatch=True),
        name=st.text(st.characters(exclude_categories=["Cs"]), max_size=255),
        received=st.dates(),
        date_order=st.sampled_from(["mdy", "dmy", "ymd", None]),
        only=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100), max_size=20).map(
            tuple
        ),
    ),
    st.binary(max_size=2000),
)
def test_any_export_arrives_as_it_was_sent(delivery: Delivery, data: bytes) -> None:
    assert received(sent(data, delivery)) == (delivery, data)


def test_an_export_of_many_blocks_arrives_as_it_was_sent() -> None:
    data = random.Random(7).randbytes(3_000_000) + bytes(3_000_000)
    _, blocks = unpack(sent(data))
    pieces = list(blocks)
    assert max(map(len, pieces)) <= 1 << 20
    assert b"".join(pieces) == data


def test_the_message_is_the_contract_between_scraper_and_processor() -> None:
    content = json.loads(sent(delivery=DELIVERY.model_copy(update={"only": ("Ann", "Kids, room")})))
    assert gzip.decompress(base64.b64decode(content.pop("gzip_base64"))) == EXPORT
    assert content == {
        "schema_version": 1,
        "delivery": {
            "profile": "me",
            "source": "drop_folder",
            "name": "NetflixViewingHistory.csv",
            "received": "2026-11-18",
            "date_order": "mdy",
            "only": ["Ann", "Kids, room"],
        },
        "sha256": hashlib.sha256(EXPORT).hexdigest(),
    }


def test_an_answer_and_netflix_profiles_are_optional() -> None:
    content = json.loads(sent())
    del content["delivery"]["date_order"], content["delivery"]["only"]
    delivery, _ = received(json.dumps(content).encode())
    assert (delivery.date_order, delivery.only) == (None, ())


def test_the_same_delivery_makes_the_same_message_at_any_time() -> None:
    assert sent() == sent()
    packed = base64.b64decode(json.loads(sent())["gzip_base64"])
    assert packed[4:8] == bytes(4)  # gzip keeps a time of its own there


def test_the_chunks_of_a_stream_do_not_matter() -> None:
    class Drops(io.RawIOBase):
        def __init__(self) -> None:
            self.left: Iterator[bytes] = iter([EXPORT[:1], EXPORT[1:20], EXPORT[20:]])

        def read(self, size: int = -1) -> bytes:
            return next(self.left, b"")

    assert pack(DELIVERY, Drops()) == sent()  # type: ignore[arg-type]


def test_an_export_that_does_not_fit_a_message_is_refused_by_the_sender() -> None:
    noise = random.Random(7).randbytes(LARGEST_MESSAGE * 3 // 4)  # base64 makes four bytes of three
    with pytest.raises(RefusedMessage, match="larger than 200 MB"):
        sent(noise)


def test_an_endless_stream_is_refused_early() -> None:
    class Noise(io.RawIOBase):
        def __init__(self) -> None:
            self.random, self.read_bytes = random.Random(7), 0

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            return self.random.randbytes(size)

    noise = Noise()
    with pytest.raises(RefusedMessage, match="larger than 200 MB"):
        pack(DELIVERY, noise)  # type: ignore[arg-type]
    assert noise.read_bytes < LARGEST_MESSAGE + 3_000_000


def test_a_compressible_export_that_is_too_large_is_refused_by_the_sender() -> None:
    zeros = Zeros(LARGEST_EXPORT + 1)
    with pytest.raises(RefusedMessage, match="larger than 200 MB"):
        pack(DELIVERY, zeros)  # type: ignore[arg-type]
    assert zeros.largest_read <= 1 << 20


def test_an_export_of_the_largest_size_arrives() -> None:
    packed = pack(DELIVERY, Zeros(LARGEST_EXPORT))  # type: ignore[arg-type]
    _, blocks = unpack(packed)
    assert sum(map(len, blocks)) == LARGEST_EXPORT


def test_a_message_beyond_the_limit_is_not_even_parsed() -> None:
    padded = sent().ljust(LARGEST_MESSAGE)
    assert received(padded) == (DELIVERY, EXPORT)
    assert reason(padded + b" ") == "too_large"


def test_a_gzip_bomb_is_refused_before_it_is_unpacked() -> None:
    packer, piece = zlib.compressobj(1, wbits=31), bytes(10_000_000)
    packed = b"".join(packer.compress(piece) for _ in range(3 * LARGEST_EXPORT // len(piece))) + packer.flush()
    bomb = message(gzip_base64=base64.b64encode(packed).decode())
    assert len(bomb) < 6_000_000
    _, blocks = unpack(bomb)
    size = 0
    with pytest.raises(RefusedMessage, match="too_large"):
        for block in blocks:
            size += len(block)
    assert size <= LARGEST_EXPORT


@pytest.mark.parametrize("checksum", ["0" * 64, hashlib.sha256(EXPORT + b"\n").hexdigest()])
def test_a_wrong_checksum_is_refused(checksum: str) -> None:
    assert reason(message(sha256=checksum)) == "checksum"


def test_another_export_under_a_known_checksum_is_refused() -> None:
    assert reason(holding(EXPORT, gzip.compress(EXPORT + b"more"))) == "checksum"


def test_an_export_that_was_cut_short_is_refused() -> None:
    noise = random.Random(7).randbytes(5000)
    assert reason(holding(noise, gzip.compress(noise)[:2000])) == "gzip"


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 30, -9, -8, -4, -1])
def test_an_export_that_was_cut_anywhere_is_refused(size: int) -> None:
    assert reason(holding(EXPORT, gzip.compress(EXPORT)[:size])) == "gzip"


@settings(max_examples=60)
@given(st.integers(0, len(gzip.compress(EXPORT)) - 1), st.integers(1, 255))
def test_an_export_with_a_changed_byte_is_refused_or_unchanged(place: int, change: int) -> None:
    packed = bytearray(gzip.compress(EXPORT, mtime=0))
    packed[place] ^= change
    try:
        _, data = received(holding(EXPORT, bytes(packed)))
    except RefusedMessage as refusal:
        assert refusal.reason in {"gzip", "checksum"}
    else:
        assert data == EXPORT  # gzip's own time, name and the like


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_always_refused(data: bytes) -> None:
    assert reason(data) == "schema"
    assert reason(message(gzip_base64=base64.b64encode(data).decode())) in {"gzip", "checksum"}


@pytest.mark.parametrize(
    "packed",
    [EXPORT, zlib.compress(EXPORT), b"\x1f\x8b\x08" + b"\xff" * 40, gzip.compress(EXPORT, mtime=0)[:-8] + bytes(8)],
)
def test_anything_but_gzip_is_refused(packed: bytes) -> None:
    assert reason(holding(EXPORT, packed)) == "gzip"


@pytest.mark.parametrize("text", ["a", "%%%%", "AAAA\n", "H4sI AAAA", "===="])
def test_anything_but_base64_is_refused(text: str) -> None:
    assert reason(message(gzip_base64=text)) == "gzip"


def test_an_empty_payload_is_refused() -> None:
    assert reason(message(gzip_base64="")) == "gzip"


def test_an_empty_export_arrives() -> None:
    assert received(sent(b"")) == (DELIVERY, b"")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"null", b"[]", b'"text"', b"[" * 100_000, EXPORT])
def test_anything_but_a_json_object_is_refused(data: bytes) -> None:
    assert reason(data) == "schema"


@pytest.mark.parametrize("field", ["delivery", "sha256", "gzip_base64"])
def test_a_message_without_one_of_its_fields_is_refused(field: str) -> None:
    content = json.loads(sent())
    del content[field]
    assert reason(json.dumps(content).encode()) == "schema"


@pytest.mark.parametrize("field", ["profile", "source", "name", "received"])
def test_a_delivery_without_one_of_its_fields_is_refused(field: str) -> None:
    content = json.loads(sent())
    del content["delivery"][field]
    assert reason(json.dumps(content).encode()) == "schema"


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"schema_version": "1"},
        {"command": "FLUSHALL"},
        {"delivery": None},
        {"delivery": []},
        {"date_order": "ydm"},
        {"date_order": "MDY"},
        {"date_order": ""},
        {"date_order": ["mdy"]},
        {"only": None},
        {"only": "Ann"},
        {"only": [""]},
        {"only": [7]},
        {"only": ["x" * 101]},
        {"only": ["Ann"] * 21},
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
def test_an_invalid_field_is_refused(change: dict[str, Any]) -> None:
    assert reason(message(**change)) == "schema"


@pytest.mark.parametrize("profile", BAD_PROFILES)
def test_a_profile_that_could_leave_its_folder_is_refused(profile: str) -> None:
    assert reason(message(profile=profile)) == "schema"


@pytest.mark.parametrize("profile", BAD_PROFILES)
def test_a_profile_that_could_leave_its_folder_is_not_sent_either(profile: str) -> None:
    with pytest.raises(ValidationError):
        Delivery(profile=profile, source="drop_folder", name="x.csv", received=date(2026, 11, 18))


def test_a_message_with_a_command_beside_its_fields_is_refused() -> None:
    assert reason(json.dumps({**json.loads(sent()), "command": "FLUSHALL"}).encode()) == "schema"


def test_metadata_is_checked_before_the_export() -> None:
    delivery, blocks = unpack(message(sha256="0" * 64))
    assert delivery == DELIVERY
    with pytest.raises(RefusedMessage, match="checksum"):
        list(blocks)
