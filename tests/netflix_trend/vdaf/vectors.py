"""The drafts' test vectors: which concern our types, what our code makes of their inputs, and where that differs."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.vdaf import field128
from netflix_trend.vdaf.circuits import Circuit, Histogram, L1BoundSum, MultihotCountVec, SumVec
from netflix_trend.vdaf.messages import AggregateShare, OutputShare, VerifyState
from netflix_trend.vdaf.prio3 import Prio3
from netflix_trend.vdaf.refusal import InvalidMessage

FOLDER = Path(__file__).parents[4] / "shared" / "vectors" / "vdaf"
NAMES = [
    *(f"vdaf/Prio3Histogram_{name}" for name in (0, 1, 2)),
    *(
        f"vdaf/Prio3Histogram_bad_{name}"
        for name in ("helper_jr_blind", "leader_jr_blind", "public_share", "verifier_message")
    ),
    *(f"vdaf/Prio3MultihotCountVec_{name}" for name in (0, 1, 2)),
    *(f"vdaf/Prio3SumVec_{name}" for name in (0, 1)),
    "libprio/Prio3L1BoundSum_0",
]


def load(name: str) -> dict[str, Any]:
    """Read a vector; without the folder skip the test, or fail where CI=true."""
    if not FOLDER.is_dir():
        message = f"the folder of test vectors is missing: {FOLDER}"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    vector: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return vector


def circuit(name: str, vector: dict[str, Any]) -> Circuit[Any]:
    length, chunk = vector["length"], vector["chunk_length"]
    if "Histogram" in name:
        return Histogram(length, chunk)
    if "Multihot" in name:
        return MultihotCountVec(length, chunk, vector["max_weight"])
    if "L1Bound" in name:
        return L1BoundSum(length, chunk, vector["max_value"])
    return SumVec(length, chunk, vector["max_measurement"])


def prio3(name: str, vector: dict[str, Any]) -> Prio3[Any]:
    return Prio3(circuit(name, vector), bytes.fromhex(vector["ctx"]), vector["shares"])


def read_back(*values: bytes) -> Any:
    """A source of randomness that gives these bytes, which must be as many as are asked for."""
    left = iter(values)

    def randbytes(count: int) -> bytes:
        found = next(left)
        assert len(found) == count
        return found

    return randbytes


class Run:
    """Does the operations of a vector in their order and keeps what came out, in the vector's own form."""

    def __init__(self, name: str, vector: dict[str, Any]) -> None:
        self.vector, self.prio3 = vector, prio3(name, vector)
        self.made: dict[tuple[Any, ...], Any] = {}  # path in the vector -> what our code made
        self.states: dict[tuple[int, int], VerifyState] = {}
        self.outputs: dict[tuple[int, int], OutputShare] = {}
        self.wrong: list[Any] = []  # operations that should have failed, or should not have
        for operation in vector["operations"]:
            try:
                getattr(self, operation["operation"])(operation)
                succeeded = True
            except InvalidMessage:
                succeeded = False
            if succeeded is not operation["success"]:
                self.wrong.append(operation)
                break

    def report(self, operation: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        index = operation["report_index"]
        return index, self.vector["reports"][index]

    def shard(self, operation: dict[str, Any]) -> None:
        index, expected = self.report(operation)
        source = read_back(bytes.fromhex(expected["nonce"]), bytes.fromhex(expected["rand"]))
        report = self.prio3.shard(expected["measurement"], source)
        self.made["reports", index, "public_share"] = report.public_share.hex()
        for number, share in enumerate(report.input_shares):
            self.made["reports", index, "input_shares", number] = share.hex()

    def verify_init(self, operation: dict[str, Any]) -> None:
        (index, expected), number = self.report(operation), operation["aggregator_id"]
        state, share = self.prio3.verify_init(
            bytes.fromhex(self.vector["verify_key"]),
            number,
            bytes.fromhex(expected["nonce"]),
            bytes.fromhex(expected["public_share"]),
            bytes.fromhex(expected["input_shares"][number]),
        )
        self.states[index, number] = self.prio3.decode_state(state.encode())
        self.made["reports", index, "verifier_shares", 0, number] = share.hex()

    def verifier_shares_to_message(self, operation: dict[str, Any]) -> None:
        index, expected = self.report(operation)
        shares = [bytes.fromhex(share) for share in expected["verifier_shares"][0]]
        message = self.prio3.verifier_shares_to_message(shares)
        self.made["reports", index, "verifier_messages", 0] = message.hex()

    def verify_next(self, operation: dict[str, Any]) -> None:
        (index, expected), number = self.report(operation), operation["aggregator_id"]
        message = bytes.fromhex(expected["verifier_messages"][0])
        output = self.prio3.verify_next(self.states[index, number], message)
        self.outputs[index, number] = output
        self.made["reports", index, "out_shares", number] = field128.encode(output.elements).hex()

    def aggregate(self, operation: dict[str, Any]) -> None:
        number = operation["aggregator_id"]
        share = self.prio3.aggregate(one for (_, owner), one in self.outputs.items() if owner == number)
        self.made["agg_shares", number] = share.encode().hex()

    def unshard(self, operation: dict[str, Any]) -> None:
        shares = [self.prio3.decode_aggregate_share(bytes.fromhex(share)) for share in self.vector["agg_shares"]]
        assert all(isinstance(share, AggregateShare) for share in shares)
        for at, value in enumerate(self.prio3.unshard(shares, len(self.vector["reports"]))):
            self.made["agg_result", at] = value

    def differences(self, expected: dict[str, Any]) -> set[tuple[Any, ...]]:
        """Where what was made is not what is expected, or one of both is missing."""
        wanted = dict(expectations(expected))
        both = self.made.keys() | wanted.keys()
        return {path for path in both if self.made.get(path) != wanted.get(path)}


def expectations(vector: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value of a vector that the operations have to bring out; `success: false` brings out nothing."""
    done = {(one["operation"], one.get("report_index"), one.get("aggregator_id")) for one in good(vector)}
    for index, report in enumerate(vector["reports"]):
        if ("shard", index, None) in done:
            yield ("reports", index, "public_share"), report["public_share"]
            yield from paths(("reports", index, "input_shares"), report["input_shares"])
        for number in range(vector["shares"]):
            if ("verify_init", index, number) in done:
                yield (
                    ("reports", index, "verifier_shares", 0, number),
                    report["verifier_shares"][0][number],
                )
            if ("verify_next", index, number) in done:
                yield ("reports", index, "out_shares", number), report["out_shares"][number]
        if ("verifier_shares_to_message", index, None) in done:
            yield from paths(("reports", index, "verifier_messages"), report["verifier_messages"])
    if ("unshard", None, None) in done:
        yield from paths(("agg_shares",), vector["agg_shares"])
        yield from paths(("agg_result",), vector["agg_result"])


def good(vector: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in vector["operations"] if one["success"]]


def paths(root: tuple[Any, ...], values: list[Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for at, value in enumerate(values):
        yield (*root, at), value


def altered(vector: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy of a vector with another value at a path."""
    changed = copy.deepcopy(vector)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def other_byte(text: str, at: int) -> str:
    """The hexadecimal text with one bit of one byte changed."""
    data = bytearray.fromhex(text)
    data[at] ^= 1 << (at % 8)
    return data.hex()
