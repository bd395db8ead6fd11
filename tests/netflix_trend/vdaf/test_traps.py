"""Mistakes that implementations of Prio3 have made, and what it does not do for its caller: one test for each."""

from __future__ import annotations

import random
from typing import Any

import pytest

from netflix_trend.vdaf import field128
from netflix_trend.vdaf.circuits import (
    MAX_CALLS,
    MAX_ELEMENTS,
    MAX_VALUE,
    Histogram,
    L1BoundSum,
    MultihotCountVec,
    SumVec,
)
from netflix_trend.vdaf.field128 import MODULUS
from netflix_trend.vdaf.flp import Flp
from netflix_trend.vdaf.messages import AggregateShare, Report, VerifyState
from netflix_trend.vdaf.prio3 import Prio3
from netflix_trend.vdaf.refusal import InvalidMessage
from tests.netflix_trend.vdaf.reports import CIRCUITS, CONTEXT, KEY, cheat, measurement, seeded, total, verify

OTHER_KEY = bytes(reversed(KEY))


def verifier(prio3: Prio3[Any], report: Report, key: bytes) -> tuple[list[int], int]:
    """What both operators together learn of a report with a key: the verifier, and the test point."""
    shares = [
        prio3.verify_init(key, number, report.nonce, report.public_share, share)[1]
        for number, share in enumerate(report.input_shares)
    ]
    vectors = [field128.decode(share[:-32], prio3._flp.verifier_length) for share in shares]
    query_rand = prio3._expand(key, 5, b"\x01" + report.nonce, prio3._flp.query_rand_length)
    return field128.add(*vectors), query_rand[-1]


@pytest.mark.parametrize("bucket", range(4))
def test_trap_1_two_keys_on_one_report_give_the_measurement(bucket: int) -> None:
    # Wires are a line through the blind (at 1) and bit - 1 (at -1): one point of it says nothing, two say everything.
    # This is a property of the scheme that callers must know, so the module's documentation forbids it.
    prio3 = Prio3(Histogram(4, 4), CONTEXT)
    report = prio3.shard(bucket, seeded(bucket))
    (first, x), (second, y) = verifier(prio3, report, KEY), verifier(prio3, report, OTHER_KEY)
    slope = pow(x - y, -1, MODULUS)
    at = [(b + (a - b) * slope * (-1 - y)) % MODULUS for a, b in zip(first[2:-1:2], second[2:-1:2], strict=True)]
    assert [(value + 1) % MODULUS for value in at] == prio3.circuit.encode(bucket)


def test_trap_1_operators_with_different_keys_accept_nothing() -> None:
    prio3 = Prio3(CIRCUITS["multihot"], CONTEXT)
    report = prio3.shard([True, *[False] * 11], seeded(1))
    shares = [
        prio3.verify_init(key, number, report.nonce, report.public_share, share)[1]
        for number, (key, share) in enumerate(zip((KEY, OTHER_KEY), report.input_shares, strict=True))
    ]
    with pytest.raises(InvalidMessage):
        prio3.verifier_shares_to_message(shares)
    for wrong in (b"", KEY[:-1], KEY + b"\0"):
        with pytest.raises(ValueError, match="verify key"):
            prio3.verify_init(wrong, 0, report.nonce, report.public_share, report.input_shares[0])


def test_trap_2_our_part_of_the_joint_randomness_is_computed_not_believed() -> None:
    prio3 = Prio3(CIRCUITS["histogram"], CONTEXT)
    report = prio3.shard(3, seeded(2))
    for number, share in enumerate(report.input_shares):
        honest = prio3.verify_init(KEY, number, report.nonce, report.public_share, share)
        parts = [report.public_share[:32], report.public_share[32:]]
        parts[number] = bytes(32)
        assert prio3.verify_init(KEY, number, report.nonce, b"".join(parts), share) == honest
        parts = [report.public_share[:32], report.public_share[32:]]
        parts[1 - number] = bytes(32)
        with pytest.raises(InvalidMessage):
            verify(prio3, Report(report.nonce, b"".join(parts), report.input_shares))


def test_trap_2_the_number_of_the_aggregator_is_bound() -> None:
    # A library once bound a wrong number, so that shares of different helpers could be exchanged.
    prio3 = Prio3(CIRCUITS["histogram"], CONTEXT, 3)
    report = prio3.shard(3, seeded(3))
    leader, first, second = report.input_shares
    verify(prio3, report)
    with pytest.raises(InvalidMessage):
        verify(prio3, Report(report.nonce, report.public_share, (leader, second, first)))
    seen = {prio3._joint_rand_part(number, bytes(32), b"", bytes(16)) for number in range(3)}
    assert len(seen) == 3
    for number in (-1, 3, 256, True, 1.5):
        with pytest.raises(ValueError, match="no aggregator"):
            prio3.verify_init(KEY, number, report.nonce, report.public_share, first)  # type: ignore[arg-type]


def test_trap_2_without_a_verifier_message_nothing_is_accepted() -> None:
    prio3 = Prio3(CIRCUITS["histogram"], CONTEXT)
    report = prio3.shard(3, seeded(4))
    state, _ = prio3.verify_init(KEY, 0, report.nonce, report.public_share, report.input_shares[0])
    seed = state.joint_rand_seed
    for message in (None, b"", bytes(32), seed[:-1], seed + b"\0", seed.hex(), bytearray(31)):
        with pytest.raises(InvalidMessage):
            prio3.verify_next(state, message)  # type: ignore[arg-type]
    with pytest.raises(InvalidMessage):
        prio3.verify_next(VerifyState(state.elements, b""), b"")
    assert prio3.verify_next(state, seed).elements == state.elements


def test_trap_2_every_verifier_share_is_needed_and_only_once() -> None:
    prio3 = Prio3(CIRCUITS["histogram"], CONTEXT)
    report = prio3.shard(3, seeded(5))
    shares = [
        prio3.verify_init(KEY, number, report.nonce, report.public_share, share)[1]
        for number, share in enumerate(report.input_shares)
    ]
    prio3.verifier_shares_to_message(shares)
    for wrong in ([], shares[:1], shares[1:], [*shares, shares[0]], [shares[0]] * 2):
        with pytest.raises(InvalidMessage):
            prio3.verifier_shares_to_message(wrong)


@pytest.mark.parametrize(
    ("circuit", "parameters"),
    [
        (Histogram, (0, 1)),
        (Histogram, (1, 0)),
        (Histogram, (-1, 1)),
        (Histogram, (True, 1)),
        (Histogram, (MAX_ELEMENTS + 1, 300)),
        (Histogram, (4, 5)),
        (Histogram, (MAX_CALLS + 1, 1)),
        (MultihotCountVec, (0, 1, 1)),
        (MultihotCountVec, (4, 0, 1)),
        (MultihotCountVec, (4, 1, 0)),
        (MultihotCountVec, (4, 1, 5)),
        (SumVec, (0, 1, 1)),
        (SumVec, (4, 0, 1)),
        (SumVec, (4, 1, 0)),
        (SumVec, (4, 1, MAX_VALUE + 1)),
        (SumVec, (MAX_ELEMENTS, 1, 2)),
        (L1BoundSum, (0, 1, 1)),
        (L1BoundSum, (4, 0, 1)),
        (L1BoundSum, (4, 1, 0)),
        (L1BoundSum, (4, 1, MODULUS)),
    ],
)
def test_trap_2_parameters_of_zero_or_too_large_make_no_circuit(circuit: type, parameters: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be an integer from 1"):
        circuit(*parameters)


def test_trap_2_numbers_of_shares_that_share_nothing_are_refused() -> None:
    for shares in (-1, 0, 1, 256):
        with pytest.raises(ValueError, match="2 to 255"):
            Prio3(CIRCUITS["histogram"], CONTEXT, shares)


def test_trap_2_sums_cannot_wrap_around() -> None:
    # Of what the constructors accept, the largest sum is far below the modulus.
    assert MAX_ELEMENTS * MAX_VALUE * 2**32 < MODULUS // 2**10
    prio3 = Prio3(SumVec(1, 1, 10), CONTEXT)
    for elements, measurements in [((31,), 3), ((MODULUS - 1,), 3), ((1,), 0)]:
        with pytest.raises(InvalidMessage):
            prio3.unshard([AggregateShare(elements), AggregateShare((0,))], measurements)
    assert prio3.unshard([AggregateShare((MODULUS - 1,)), AggregateShare((31,))], 3) == [30]
    for measurements in (-1, 2**32, True):
        with pytest.raises(ValueError, match="measurements"):
            prio3.unshard([AggregateShare((0,)), AggregateShare((0,))], measurements)
    for shares in ([], [(0,)], [(0,)] * 3, [(0,), (0, 0)], [(), ()]):
        for unshard in (lambda one: prio3.unshard(one, 1), prio3.unshard_noisy):
            with pytest.raises(InvalidMessage):
                unshard([AggregateShare(one) for one in shares])


def test_trap_3_only_the_context_binds_the_parameters() -> None:
    # 8 values of 31 bits and 31 values of 8 bits are both 248 bits, and prove the same.
    mine, theirs = SumVec(8, 16, 2**31 - 1), SumVec(31, 16, 255)
    report = Prio3(mine, CONTEXT).shard([2**31 - 1] * 8, seeded(6))
    other = Prio3(theirs, CONTEXT)
    assert total(other, [verify(other, report)]) == [255] * 31, "so the context has to name them"
    report = Prio3(mine, CONTEXT + repr(mine).encode()).shard([2**31 - 1] * 8, seeded(6))
    with pytest.raises(InvalidMessage):
        verify(Prio3(theirs, CONTEXT + repr(theirs).encode()), report)


@pytest.mark.parametrize("name", CIRCUITS)
def test_trap_6_messages_of_another_length_are_refused(name: str) -> None:
    prio3 = Prio3(CIRCUITS[name], CONTEXT)
    report = prio3.shard(measurement(prio3.circuit, random.Random(7)), seeded(7))
    started = [
        prio3.verify_init(KEY, number, report.nonce, report.public_share, share)
        for number, share in enumerate(report.input_shares)
    ]
    shares, aggregate = [share for _, share in started], prio3.aggregate(verify(prio3, report)[:1]).encode()

    def lengths(data: bytes) -> list[bytes]:
        return [b"", data[:-1], data[1:], data + b"\0", b"\0" + data, data[:-16], data[:-32], data * 2]

    for number, share in enumerate(report.input_shares):
        for wrong in lengths(share):
            with pytest.raises(InvalidMessage):
                prio3.verify_init(KEY, number, report.nonce, report.public_share, wrong)
        for wrong in lengths(report.public_share):
            with pytest.raises(InvalidMessage):
                prio3.verify_init(KEY, number, report.nonce, wrong, share)
        for wrong in lengths(report.nonce):
            with pytest.raises(InvalidMessage):
                prio3.verify_init(KEY, number, wrong, report.public_share, share)
        for wrong in lengths(shares[number]):
            with pytest.raises(InvalidMessage):
                prio3.verifier_shares_to_message([wrong if at == number else shares[at] for at in (0, 1)])
        for wrong in lengths(started[number][0].encode()):
            with pytest.raises(InvalidMessage):
                prio3.decode_state(wrong)
    for wrong in lengths(aggregate):
        with pytest.raises(InvalidMessage):
            prio3.decode_aggregate_share(wrong)


@pytest.mark.parametrize("name", CIRCUITS)
def test_trap_8_a_test_point_that_is_a_root_of_unity_is_refused(name: str) -> None:
    flp = Flp(CIRCUITS[name], 2)
    encoded, proof = [0] * flp.circuit.encoded_length, [0] * flp.proof_length
    mixing, joint_rand = [1] * (flp.query_rand_length - 1), [1] * flp.joint_rand_length
    for root in field128.roots_of_unity(2 * flp.points):
        with pytest.raises(InvalidMessage):
            flp.query(encoded, proof, [*mixing, root], joint_rand)
    flp.query(encoded, proof, [*mixing, field128.roots_of_unity(4 * flp.points)[1]], joint_rand)


def test_trap_8_no_error_says_which_check_failed() -> None:
    prio3 = Prio3(CIRCUITS["multihot"], CONTEXT)
    report = prio3.shard([True, *[False] * 11], seeded(8))
    leader, helper = report.input_shares
    state, share = prio3.verify_init(KEY, 0, report.nonce, report.public_share, leader)
    overflowing = b"\xff" * 16
    two_votes_too_many = [*[1] * 5, *[0] * 7, 1, 1]

    def attempts() -> list[Any]:
        return [
            lambda: prio3.verify_init(KEY, 0, b"", report.public_share, leader),
            lambda: prio3.verify_init(KEY, 0, report.nonce, b"", leader),
            lambda: prio3.verify_init(KEY, 0, report.nonce, report.public_share, leader[1:]),
            lambda: prio3.verify_init(KEY, 1, report.nonce, report.public_share, leader),
            lambda: prio3.verify_init(KEY, 0, report.nonce, report.public_share, overflowing + leader[16:]),
            lambda: verify(prio3, cheat(prio3.circuit, two_votes_too_many, seeded(9))),
            lambda: verify(prio3, cheat(prio3.circuit, [2, *[0] * 11, 0, 1], seeded(9))),
            lambda: verify(prio3, Report(report.nonce, bytes(64), report.input_shares)),
            lambda: verify(prio3, Report(report.nonce, report.public_share, (leader, bytes(64)))),
            lambda: prio3.verifier_shares_to_message([share]),
            lambda: prio3.verifier_shares_to_message([share, share]),
            lambda: prio3.verifier_shares_to_message([share, overflowing + share[16:]]),
            lambda: prio3.verify_next(state, b""),
            lambda: prio3.verify_next(state, bytes(32)),
            lambda: prio3.decode_state(b""),
            lambda: prio3.decode_aggregate_share(b""),
            lambda: prio3.unshard([], 1),
        ]

    said = set()
    for attempt in attempts():
        with pytest.raises(InvalidMessage) as caught:
            attempt()
        error = caught.value
        assert type(error) is InvalidMessage
        assert error.__cause__ is None
        assert error.__context__ is None
        said.add((str(error), repr(error), error.args, tuple(getattr(error, "__notes__", []))))
    assert len(said) == 1
    assert len(helper) == 64
