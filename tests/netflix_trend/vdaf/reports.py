"""Reports for tests: circuits of every type, honest and cheating participants, and both aggregators at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from netflix_trend.privacy.randomness import RandBytes
from netflix_trend.vdaf.circuits import Circuit, Histogram, L1BoundSum, MultihotCountVec, SumVec
from netflix_trend.vdaf.messages import OutputShare, Report
from netflix_trend.vdaf.prio3 import Prio3

KEY, CONTEXT = bytes(range(32)), b"a task"

CIRCUITS: dict[str, Circuit[Any]] = {
    "histogram": Histogram(7, 3),
    "multihot": MultihotCountVec(12, 4, 3),
    "sum_vec": SumVec(4, 5, 20),
    "l1_bound_sum": L1BoundSum(5, 4, 9),
}


def seeded(seed: int) -> RandBytes:
    return random.Random(seed).randbytes


def measurement(circuit: Circuit[Any], draws: random.Random) -> Any:
    """A valid measurement at random."""
    match circuit:
        case Histogram():
            return draws.randrange(circuit.length)
        case MultihotCountVec():
            chosen = draws.sample(range(circuit.length), draws.randint(0, circuit.max_weight))
            return [place in chosen for place in range(circuit.length)]
        case SumVec():
            return [draws.randint(0, circuit.max_measurement) for _ in range(circuit.length)]
        case L1BoundSum():
            cuts = sorted(draws.randint(0, circuit.max_value) for _ in range(circuit.length))
            return [high - low for low, high in zip([0, *cuts], cuts, strict=False)]
    raise AssertionError(circuit)


def as_vector(circuit: Circuit[Any], value: Any) -> list[int]:
    """What a measurement adds to the aggregate."""
    return (
        [int(place == value) for place in range(circuit.length)] if isinstance(value, int) else [int(v) for v in value]
    )


def cheat(circuit: Circuit[Any], encoded: Sequence[int], randbytes: RandBytes, context: bytes = CONTEXT) -> Report:
    """The report of a participant that proves as well as it can that any vector of elements is a valid measurement."""
    cheating = Prio3(circuit, context)
    object.__setattr__(cheating, "circuit", _Anything(circuit, encoded))
    return cheating.shard(None, randbytes)


class _Anything:
    """A circuit whose every measurement is encoded as one vector."""

    def __init__(self, circuit: Circuit[Any], encoded: Sequence[int]) -> None:
        self._circuit, self._encoded = circuit, list(encoded)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._circuit, name)

    def encode(self, _: object) -> list[int]:
        return self._encoded


def verify(prio3: Prio3[Any], report: Report, key: bytes = KEY) -> list[OutputShare]:
    """Both aggregators' output shares. Raises InvalidMessage as any of them would."""
    started = [
        prio3.verify_init(key, number, report.nonce, report.public_share, share)
        for number, share in enumerate(report.input_shares)
    ]
    message = prio3.verifier_shares_to_message([share for _, share in started])
    return [prio3.verify_next(state, message) for state, _ in started]


def total(prio3: Prio3[Any], verified: Sequence[Sequence[OutputShare]]) -> list[int]:
    """The exact sums of verified reports."""
    return prio3.unshard([prio3.aggregate(shares) for shares in zip(*verified, strict=True)], len(verified))
