"""Sums come out exactly, whatever is summed by however many operators; and nothing else is told."""

from __future__ import annotations

import ast
import inspect
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import netflix_trend.vdaf
from netflix_trend.privacy import randomness
from netflix_trend.vdaf import field128
from netflix_trend.vdaf.circuits import (
    MAX_VALUE,
    Circuit,
    Histogram,
    L1BoundSum,
    MultihotCountVec,
    SumVec,
    chunk_length,
)
from netflix_trend.vdaf.prio3 import Prio3
from netflix_trend.vdaf.refusal import InvalidMessage
from tests.netflix_trend.vdaf.reports import CIRCUITS, CONTEXT, KEY, as_vector, measurement, seeded, total, verify


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize("shares", [2, 3])
def test_reports_add_up_exactly(name: str, shares: int) -> None:
    draws = random.Random(1)
    prio3 = Prio3(CIRCUITS[name], CONTEXT, shares)
    measurements = [measurement(prio3.circuit, draws) for _ in range(20)]
    verified = [verify(prio3, prio3.shard(one, draws.randbytes)) for one in measurements]
    expected = [sum(column) for column in zip(*(as_vector(prio3.circuit, one) for one in measurements), strict=True)]
    assert total(prio3, verified) == expected


def test_every_shape_of_circuit_adds_up() -> None:
    draws = random.Random(2)
    for number in range(150):
        length, most = draws.randint(1, 40), draws.choice([1, 2, 3, 7, 8, 255, 10**6, MAX_VALUE])
        whole: Circuit[Any] = draws.choice(
            [
                Histogram(length, 1),
                MultihotCountVec(length, 1, draws.randint(1, length)),
                SumVec(length, 4, most) if length > 3 else Histogram(length, 1),
                L1BoundSum(length, 4, most) if length > 3 else Histogram(length, 1),
            ]
        )
        circuit = replace(whole, chunk_length=draws.randint(1 + whole.encoded_length // 100, whole.encoded_length))
        prio3 = Prio3(circuit, b"%d" % number)
        value = measurement(circuit, draws)
        report = prio3.shard(value, draws.randbytes)
        assert total(prio3, [verify(prio3, report)]) == as_vector(circuit, value), circuit
        assert len(report.input_shares[0]) == prio3.leader_share_size
        assert len(report.input_shares[1]) == prio3.helper_share_size
        assert len(report.public_share) == prio3.public_share_size
        state, share = prio3.verify_init(KEY, 1, report.nonce, report.public_share, report.input_shares[1])
        assert len(share) == prio3.verifier_share_size
        assert len(state.joint_rand_seed) == prio3.verifier_message_size


def test_extreme_values_are_valid() -> None:
    cases: list[tuple[Any, Any]] = [
        (MultihotCountVec(5, 2, 5), [True] * 5),
        (MultihotCountVec(5, 2, 3), [False] * 5),
        (SumVec(2, 3, MAX_VALUE), [MAX_VALUE, 0]),
        (L1BoundSum(3, 3, 7), [0, 7, 0]),
        (L1BoundSum(3, 3, 7), [0, 0, 0]),
        (Histogram(1, 1), 0),
    ]
    for circuit, value in cases:
        prio3: Prio3[Any] = Prio3(circuit, CONTEXT)
        assert total(prio3, [verify(prio3, prio3.shard(value))]) == as_vector(circuit, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("histogram", 7),
        ("histogram", -1),
        ("histogram", True),
        ("multihot", [True] * 4 + [False] * 8),
        ("multihot", [True] * 3),
        ("multihot", [2] + [False] * 11),
        ("sum_vec", [1, 2, 3]),
        ("sum_vec", [1, 2, 3, 21]),
        ("sum_vec", [1, 2, 3, -1]),
        ("l1_bound_sum", [5, 5, 0, 0, 0]),
        ("l1_bound_sum", [1, 1, 1, 1]),
    ],
)
def test_a_measurement_of_another_type_makes_no_report(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Prio3(CIRCUITS[name], CONTEXT).shard(value)


def test_noise_of_each_operator_comes_out_with_its_sign() -> None:
    prio3 = Prio3(Histogram(3, 2), CONTEXT)
    verified = [verify(prio3, prio3.shard(bucket, seeded(bucket))) for bucket in (0, 1, 1)]
    leader, helper = (prio3.aggregate(shares) for shares in zip(*verified, strict=True))
    noisy = [leader.plus([-5, 2, 0]), helper.plus([1, 1, -9])]
    assert prio3.unshard_noisy(noisy) == [1 - 4, 2 + 3, -9]
    with pytest.raises(InvalidMessage):
        prio3.unshard(noisy, 3)
    with pytest.raises(ValueError, match="zip"):
        leader.plus([1, 2])


def test_nothing_counted_is_zero() -> None:
    prio3 = Prio3(Histogram(3, 2), CONTEXT)
    assert prio3.unshard([prio3.aggregate([]), prio3.aggregate([])], 0) == [0, 0, 0]


def test_states_and_aggregate_shares_come_back_from_bytes() -> None:
    prio3 = Prio3(CIRCUITS["sum_vec"], CONTEXT)
    report = prio3.shard([1, 2, 3, 4], seeded(3))
    state, _ = prio3.verify_init(KEY, 0, report.nonce, report.public_share, report.input_shares[0])
    assert prio3.decode_state(state.encode()) == state
    share = prio3.aggregate(output for output in verify(prio3, report)[:1])
    assert prio3.decode_aggregate_share(share.encode()) == share
    assert len(share.encode()) == prio3.aggregate_share_size


def test_secrets_are_not_shown() -> None:
    prio3 = Prio3(Histogram(2, 1), CONTEXT)
    report = prio3.shard(1, lambda count: b"A" * count)
    state, _ = prio3.verify_init(KEY, 1, report.nonce, report.public_share, report.input_shares[1])
    shares = verify(prio3, report)
    shown = [repr(one) for one in (report, state, shares[0], prio3.aggregate(shares[:1]))]
    assert shown == ["Report()", "VerifyState()", "OutputShare()", "AggregateShare()"]


def test_randomness_is_the_operating_systems_and_never_the_same() -> None:
    assert inspect.signature(Prio3.shard).parameters["randbytes"].default is randomness.secure_bytes
    prio3 = Prio3(Histogram(2, 1), CONTEXT)
    reports = [prio3.shard(1) for _ in range(20)]
    assert len({report.nonce for report in reports}) == 20
    assert len({report.input_shares[1] for report in reports}) == 20
    for sizes in [(15, 128), (17, 128), (16, 127), (16, 129), (16, 0)]:
        given = iter(sizes)
        with pytest.raises(ValueError, match="randomness"):
            prio3.shard(1, lambda _, given=given: bytes(next(given)))


def test_one_input_share_alone_is_uniform() -> None:
    # The leader's share of the same measurement: the top bit of every element is 1 in half of the reports.
    prio3 = Prio3(Histogram(4, 2), CONTEXT)
    draws, count = random.Random(4), 400
    ones = [0] * 4
    for _ in range(count):
        share = prio3.shard(2, draws.randbytes).input_shares[0]
        for place, element in enumerate(field128.decode(share[: 4 * 16], 4)):
            ones[place] += element >> 127
    assert all(abs(found - count / 2) < 5 * (count / 4) ** 0.5 for found in ones)


def test_the_chunk_length_makes_messages_shortest() -> None:
    def size(elements: int, chunk: int) -> int:
        prio3 = Prio3(Histogram(elements, chunk), b"")
        return prio3.leader_share_size + 2 * prio3.verifier_share_size

    for elements in (1, 2, 6, 16, 53, 203):
        assert size(elements, chunk_length(elements)) == min(size(elements, chunk) for chunk in range(1, elements + 1))
    with pytest.raises(ValueError, match="number of elements"):
        chunk_length(0)


def test_the_room_imports_nothing_of_the_project_but_the_source_of_randomness() -> None:
    for path in Path(netflix_trend.vdaf.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                if name.startswith(("netflix_trend", "services")):
                    assert name.startswith("netflix_trend.vdaf") or name == "netflix_trend.privacy.randomness", path
