"""Participants that cheat and messages that were changed on their way: hundreds at random, all refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from netflix_trend.vdaf.circuits import Circuit, MultihotCountVec
from netflix_trend.vdaf.field128 import MODULUS
from netflix_trend.vdaf.flp import Flp
from netflix_trend.vdaf.messages import Report
from netflix_trend.vdaf.prio3 import Prio3
from netflix_trend.vdaf.refusal import InvalidMessage
from tests.netflix_trend.vdaf.reports import CIRCUITS, CONTEXT, KEY, cheat, measurement, verify

TIMES = 100  # for each of the four types and each of the two ways


def changed_vector(circuit: Circuit[Any], draws: random.Random) -> list[int]:
    """An encoded vector that is no valid measurement."""
    encoded = circuit.encode(measurement(circuit, draws))
    place, other = draws.sample(range(len(encoded)), 2)
    match draws.randrange(6):
        case 0:  # not a bit
            encoded[place] = draws.choice([2, 3, 1000, MODULUS - 1, (MODULUS + 1) // 2, draws.randrange(2, MODULUS)])
        case 1:  # two errors that cancel in every sum
            encoded[place] = (encoded[place] + 5) % MODULUS
            encoded[other] = (encoded[other] - 5) % MODULUS
        case 2:  # bits only, but the equation does not hold
            if not circuit.has_equation:
                encoded[place] = 7
            else:
                encoded[place] ^= 1
        case 3:  # all elements at random
            encoded = [draws.randrange(MODULUS) for _ in encoded]
        case 4:  # all ones, and one too many where ones are allowed
            encoded = [1] * len(encoded) if circuit.has_equation else [2] * len(encoded)
        case _:  # small negative numbers
            encoded[place] = MODULUS - draws.randint(1, 9)
    return encoded


@pytest.mark.parametrize("name", CIRCUITS)
def test_invalid_measurements_are_refused(name: str) -> None:
    prio3, draws = Prio3(CIRCUITS[name], CONTEXT), random.Random(1)
    for _ in range(TIMES):
        encoded = changed_vector(prio3.circuit, draws)
        with pytest.raises(InvalidMessage):
            verify(prio3, cheat(prio3.circuit, encoded, draws.randbytes))


def test_the_cheating_participant_of_these_tests_can_be_honest() -> None:
    draws = random.Random(2)
    for circuit in CIRCUITS.values():
        encoded = circuit.encode(measurement(circuit, draws))
        verify(Prio3(circuit, CONTEXT), cheat(circuit, encoded, draws.randbytes))


@pytest.mark.parametrize("name", CIRCUITS)
def test_changed_messages_are_refused(name: str) -> None:
    prio3, draws = Prio3(CIRCUITS[name], CONTEXT), random.Random(3)
    for _ in range(TIMES):
        report = prio3.shard(measurement(prio3.circuit, draws), draws.randbytes)
        with pytest.raises(InvalidMessage):
            verify_with_one_bit_changed(prio3, report, draws)


def verify_with_one_bit_changed(prio3: Prio3[Any], report: Report, draws: random.Random) -> None:
    def flipped(data: bytes) -> bytes:
        bit = draws.randrange(8 * len(data))
        return (int.from_bytes(data, "little") ^ 1 << bit).to_bytes(len(data), "little")

    where, number = draws.choice(["nonce", "public", "input", "verifier", "message"]), draws.randrange(2)
    nonce, public, inputs = report.nonce, report.public_share, list(report.input_shares)
    if where == "nonce":
        nonce = flipped(nonce)
    elif where == "public":
        public = flipped(public)
    elif where == "input":
        inputs[number] = flipped(inputs[number])
    started = [prio3.verify_init(KEY, at, nonce, public, share) for at, share in enumerate(inputs)]
    shares = [share for _, share in started]
    if where == "verifier":
        shares[number] = flipped(shares[number])
    message = prio3.verifier_shares_to_message(shares)
    if where == "message":
        message = flipped(message)
    for state, _ in started:
        prio3.verify_next(state, message)


def only_zeros(flp: Flp, gadget: list[int]) -> list[int]:
    """Claims that the check of every chunk is 0."""
    return [0 if at in range(2, 2 * flp.calls + 1, 2) else value for at, value in enumerate(gadget)]


def cancelled(flp: Flp, gadget: list[int]) -> list[int]:
    """Claims values for the chunks that add up to 0."""
    gadget[2] = (gadget[2] - sum(gadget[2 : 2 * flp.calls + 1 : 2])) % MODULUS
    return gadget


def nothing(_: Flp, gadget: list[int]) -> list[int]:
    """Claims that the whole polynomial is 0."""
    return [0] * len(gadget)


def unused_points(flp: Flp, gadget: list[int]) -> list[int]:
    """Moves the difference to points that no chunk uses."""
    difference = sum(gadget[2 : 2 * flp.calls + 1 : 2])
    gadget = only_zeros(flp, gadget)
    gadget[0] = (gadget[0] + difference) % MODULUS
    return gadget


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize("claim", [only_zeros, cancelled, nothing, unused_points])
def test_a_proof_that_claims_what_the_circuit_should_say_is_refused(
    name: str, claim: Callable[[Flp, list[int]], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit, draws = CIRCUITS[name], random.Random(4)
    honest = Flp.prove

    def prove(self: Flp, *arguments: Any) -> list[int]:
        proof = honest(self, *arguments)
        return proof[: 2 * self.chunk] + claim(self, proof[2 * self.chunk :])

    for _ in range(20):
        encoded = circuit.encode(measurement(circuit, draws))
        encoded[0] = 2 if circuit.has_equation is False else (encoded[0] + 3) % MODULUS
        if circuit.has_equation:  # and keep the equation
            encoded[1] = (encoded[1] - 3) % MODULUS
        with monkeypatch.context() as patch:
            patch.setattr(Flp, "prove", prove)
            report = cheat(circuit, encoded, draws.randbytes)
        with pytest.raises(InvalidMessage):
            verify(Prio3(circuit, CONTEXT), report)


def test_a_report_is_of_one_nonce_context_type_and_key_only() -> None:
    circuit, draws = CIRCUITS["multihot"], random.Random(5)
    prio3 = Prio3(circuit, CONTEXT)
    one, other = (prio3.shard(measurement(circuit, draws), draws.randbytes) for _ in range(2))
    for report in (
        Report(other.nonce, one.public_share, one.input_shares),
        Report(one.nonce, other.public_share, one.input_shares),
        Report(one.nonce, one.public_share, (other.input_shares[0], one.input_shares[1])),
        Report(one.nonce, one.public_share, (one.input_shares[0], other.input_shares[1])),
    ):
        with pytest.raises(InvalidMessage):
            verify(prio3, report)
    with pytest.raises(InvalidMessage):
        verify(Prio3(circuit, CONTEXT + b"\0"), one)

    class OtherType(MultihotCountVec):
        algorithm = 4

    with pytest.raises(InvalidMessage):
        verify(Prio3(OtherType(12, 4, 3), CONTEXT), one)
    verify(prio3, one)
