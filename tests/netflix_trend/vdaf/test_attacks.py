"""What participants, one operator alone, and whoever writes a survey can try."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from netflix_trend.vdaf import field128
from netflix_trend.vdaf.circuits import Histogram, L1BoundSum, MultihotCountVec, SumVec, chunk_length
from netflix_trend.vdaf.field128 import MODULUS
from netflix_trend.vdaf.flp import Flp
from netflix_trend.vdaf.messages import Report
from netflix_trend.vdaf.prio3 import Prio3
from netflix_trend.vdaf.refusal import InvalidMessage
from tests.netflix_trend.vdaf.reports import CIRCUITS, CONTEXT, KEY, as_vector, measurement, seeded, total, verify


@pytest.mark.parametrize("name", CIRCUITS)
def test_a_verifier_fits_every_measurement(name: str) -> None:
    # What the operators see together while they verify: for each other valid measurement there are blinds with which
    # it looks the same. As blinds are uniform, the verifier says only that the measurement is valid.
    circuit, draws = CIRCUITS[name], random.Random(1)
    flp = Flp(circuit, 1)

    def elements(count: int) -> list[int]:
        return [draws.randrange(MODULUS) for _ in range(count)]

    joint_rand, query_rand = elements(flp.joint_rand_length), elements(flp.query_rand_length)
    blinds, zeros = elements(flp.prove_rand_length), [0] * flp.prove_rand_length
    weight_of_blind = flp._weights(query_rand[-1])[0][0]

    def seen(value: Any, prove_rand: list[int]) -> list[int]:
        encoded = circuit.encode(value)
        return flp.query(encoded, flp.prove(encoded, prove_rand, joint_rand), query_rand, joint_rand)

    verifier = seen(measurement(circuit, draws), blinds)
    assert flp.decide(verifier)
    for _ in range(10):
        other = measurement(circuit, draws)
        rest = seen(other, zeros)
        fitting = [
            (wanted - without) * pow(weight_of_blind, -1, MODULUS) % MODULUS
            for wanted, without in zip(verifier[1:-1], rest[1:-1], strict=True)
        ]
        assert seen(other, fitting) == verifier


@pytest.mark.parametrize("bucket", [0, 1])
def test_an_operator_learns_nothing_from_whether_a_guess_is_accepted(bucket: int) -> None:
    # A leader that changes its verifier share so that it would fit one measurement but not the other is refused in
    # both cases, because what it would have to guess is blinded.
    prio3, draws = Prio3(Histogram(2, 1), CONTEXT), random.Random(2)
    for place in range(prio3._flp.verifier_length):
        for change in (1, MODULUS - 1, 2, draws.randrange(MODULUS)):
            report = prio3.shard(bucket, draws.randbytes)
            shares = [
                prio3.verify_init(KEY, number, report.nonce, report.public_share, share)[1]
                for number, share in enumerate(report.input_shares)
            ]
            vector = field128.decode(shares[0][:-32], prio3._flp.verifier_length)
            vector[place] = (vector[place] + change) % MODULUS
            with pytest.raises(InvalidMessage):
                prio3.verifier_shares_to_message([field128.encode(vector) + shares[0][-32:], shares[1]])


def test_a_leader_cannot_move_a_vote_of_a_report() -> None:
    # Not even when the public share says what the changed share needs: another share means other joint randomness.
    prio3 = Prio3(Histogram(3, 2), CONTEXT)
    report = prio3.shard(0, seeded(3))
    leader, helper = report.input_shares
    elements = field128.decode(leader[:48], 3)
    elements[0], elements[1] = (elements[0] - 1) % MODULUS, (elements[1] + 1) % MODULUS
    changed = field128.encode(elements) + leader[48:]
    own_part = prio3.verify_init(KEY, 0, report.nonce, report.public_share, changed)[1][-32:]
    for public in (report.public_share, own_part + report.public_share[32:]):
        with pytest.raises(InvalidMessage):
            verify(prio3, Report(report.nonce, public, (changed, helper)))


def test_public_shares_that_differ_between_operators_are_of_no_use() -> None:
    prio3, draws = Prio3(CIRCUITS["multihot"], CONTEXT), random.Random(4)
    report = prio3.shard(measurement(prio3.circuit, draws), draws.randbytes)
    other = prio3.shard(measurement(prio3.circuit, draws), draws.randbytes).public_share
    for publics in [(report.public_share, other), (other, report.public_share), (other, other)]:
        started = [
            prio3.verify_init(KEY, number, report.nonce, public, share)
            for number, (public, share) in enumerate(zip(publics, report.input_shares, strict=True))
        ]
        with pytest.raises(InvalidMessage):
            prio3.verifier_shares_to_message([share for _, share in started])


@pytest.mark.parametrize("name", CIRCUITS)
def test_nothing_that_is_sent_raises_another_error(name: str) -> None:
    prio3, draws = Prio3(CIRCUITS[name], CONTEXT), random.Random(5)
    honest = prio3.shard(measurement(prio3.circuit, draws), draws.randbytes)
    state, _ = prio3.verify_init(KEY, 0, honest.nonce, honest.public_share, honest.input_shares[0])

    def junk(size: int) -> bytes:
        length = draws.choice([size, size, size, 0, size - 1, size + 1, draws.randrange(2 * size)])
        return draws.choice([draws.randbytes(length), bytes(length), b"\xff" * length])

    refused = 0
    for _ in range(400):
        number = draws.randrange(2)
        size = prio3.helper_share_size if number else prio3.leader_share_size
        shares = [junk(prio3.verifier_share_size) for _ in range(draws.choice([2, 2, 2, 0, 1, 3]))]
        for call in (
            lambda n=number, s=size: prio3.verify_init(KEY, n, junk(16), junk(64), junk(s)),
            lambda s=shares: prio3.verifier_shares_to_message(s),
            lambda: prio3.verify_next(state, junk(32)),
            lambda: prio3.decode_state(junk(len(state.encode()))),
            lambda: prio3.decode_aggregate_share(junk(prio3.aggregate_share_size)),
        ):
            try:
                call()
            except InvalidMessage:
                refused += 1
    assert refused > 1000


def test_the_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(InvalidMessage()))
    assert type(error) is InvalidMessage
    assert str(error) == str(InvalidMessage()) == "the message is not valid"
    assert error.args == ()


def test_integers_of_numpy_do_not_overflow_and_fractions_are_no_measurement() -> None:
    cases: list[tuple[Any, Any]] = [
        (Histogram(4, 2), np.int64(3)),
        (MultihotCountVec(4, 2, 4), np.array([True, False, True, True])),
        (SumVec(2, 40, 2**63), np.array([2**63 - 1, 1])),
        (L1BoundSum(3, 40, 2**63), np.array([2**62, 2**61, 3], dtype=np.uint64)),
    ]
    for circuit, value in cases:
        prio3: Prio3[Any] = Prio3(circuit, CONTEXT)
        expected = as_vector(circuit, value.item() if value.ndim == 0 else value)
        assert total(prio3, [verify(prio3, prio3.shard(value, seeded(6)))]) == expected
    # The sum of these overflows in numpy, so that it would look small enough.
    with pytest.raises(ValueError, match="not in"):
        L1BoundSum(4, 40, 2**63).encode(np.array([2**62] * 4))  # type: ignore[arg-type]
    for other, fraction in [(Histogram(4, 2), 1.5), (SumVec(1, 1, 3), [1.5]), (L1BoundSum(1, 1, 3), [0.5])]:
        with pytest.raises(TypeError):
            other.encode(fraction)  # type: ignore[attr-defined]


def test_the_largest_circuit_has_bounded_messages() -> None:
    # Parameters come from whoever makes the survey. The largest that are accepted make some megabytes, not gigabytes.
    for circuit in (Histogram(100_000, 100_000), Histogram(100_000, chunk_length(100_000)), Histogram(1023, 1)):
        assert Prio3(circuit, b"").leader_share_size < 5_000_000
    with pytest.raises(ValueError, match="number of chunks"):
        Histogram(100_000, 1)
    with pytest.raises(ValueError, match="chunk_length"):
        replace(Histogram(4, 4), chunk_length=10**9)
