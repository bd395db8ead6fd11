"""The field, its bytes, and the stream that fills it."""

from __future__ import annotations

import random

import pytest

from netflix_trend.vdaf import field128, xof
from netflix_trend.vdaf.field128 import MODULUS
from netflix_trend.vdaf.refusal import InvalidMessage
from netflix_trend.vdaf.xof import XofTurboShake128


def test_the_modulus_is_the_drafts() -> None:
    assert MODULUS == 340282366920938462946865773367900766209
    assert pow(3, MODULUS - 1, MODULUS) == 1


@pytest.mark.parametrize("count", [1, 2, 8, 64])
def test_roots_of_unity_have_exactly_their_order(count: int) -> None:
    roots = field128.roots_of_unity(count)
    assert len(set(roots)) == count
    assert all(pow(root, count, MODULUS) == 1 for root in roots)
    if count > 1:
        assert roots[count // 2] == MODULUS - 1


@pytest.mark.parametrize("count", [0, 3, -4, 2**21])
def test_other_counts_have_no_roots(count: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        field128.roots_of_unity(count)


def test_inverses() -> None:
    draws = random.Random(1)
    elements = [1, MODULUS - 1, *(draws.randrange(1, MODULUS) for _ in range(20))]
    found = field128.inverses(elements)
    assert all(element * inverse % MODULUS == 1 for element, inverse in zip(elements, found, strict=True))
    with pytest.raises(ValueError, match="invertible"):
        field128.inverses([3, 0, 5])


def test_bytes_and_back() -> None:
    elements = [0, 1, 2**127, MODULUS - 1]
    data = field128.encode(elements)
    assert data[16:32] == b"\x01" + bytes(15)
    assert field128.decode(data, 4) == elements
    assert field128.decode(b"", 0) == []


@pytest.mark.parametrize("value", [MODULUS, MODULUS + 1, 2**128 - 1])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_element_has_one_encoding(value: int, place: int) -> None:
    data = bytearray(48)
    data[16 * place : 16 * place + 16] = value.to_bytes(16, "little")
    with pytest.raises(InvalidMessage):
        field128.decode(bytes(data), 3)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 16, 48])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidMessage):
        field128.decode(bytes(length), 2)


def test_vectors_of_different_lengths_are_not_added() -> None:
    for operation in (field128.add, field128.subtract):
        with pytest.raises(ValueError, match="zip"):
            operation([1], [1, 2])


def test_signs() -> None:
    for value in (0, 1, -1, 2**100, -(2**100), MODULUS // 2, -(MODULUS // 2)):
        assert field128.signed(value % MODULUS) == value


def test_blocks_above_the_modulus_are_skipped_not_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [MODULUS, 5, 2**128 - 1, MODULUS - 1, MODULUS + 7, 0, 9, 10]
    data = b"".join(block.to_bytes(16, "little") for block in blocks)
    taken = 0

    def read(self: XofTurboShake128, length: int) -> bytes:
        nonlocal taken
        taken += length
        return data[taken - length : taken]

    monkeypatch.setattr(XofTurboShake128, "read", read)
    kept = [5, MODULUS - 1, 0, 9]
    assert xof.expand(b"seed", b"", b"", 4) == (field128.encode(kept), kept)
    assert taken == 7 * 16, "not a block more than needed, as the next call goes on from there"


def test_tags_and_seeds_separate_domains() -> None:
    tag = xof.domain(4, 1, b"context")
    assert tag == bytes([18, 0, 0, 0, 0, 4, 0, 1]) + b"context"
    seed = bytes(32)
    others = [(seed, xof.domain(4, 2, b"context"), b""), (seed, xof.domain(5, 1, b"context"), b"")]
    others += [
        (seed, xof.domain(4, 1, b"contex"), b"t"),
        (b"\x01" * 32, tag, b""),
        (seed, tag, b"\0"),
        (b"", tag, seed),
    ]
    found = {xof.derive_seed(seed, tag, b""), *(xof.derive_seed(*other) for other in others)}
    assert len(found) == len(others) + 1


def test_a_context_that_does_not_fit_is_refused() -> None:
    xof.derive_seed(bytes(32), xof.domain(4, 1, bytes(65_527)), b"")
    with pytest.raises(ValueError, match="65,527"):
        xof.domain(4, 1, bytes(65_528))


def test_streams_that_are_read_in_turn_do_not_mix() -> None:
    tag = xof.domain(4, 1, b"context")
    seeds = [bytes([number]) * 32 for number in range(3)]
    alone = [xof.derive_seed(seed, tag, b"") for seed in seeds]
    first, second = (XofTurboShake128(seed, tag, b"") for seed in seeds[:2])
    assert first.read(5) == alone[0][:5]
    assert second.read(9) == alone[1][:9]
    first.end()
    third = XofTurboShake128(seeds[2], tag, b"")
    assert (second.read(23), third.read(32)) == (alone[1][9:], alone[2])
