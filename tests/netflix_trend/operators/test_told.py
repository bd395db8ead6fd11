"""What becomes of everybody's file is told in one file of what SyftBox syncs, however many people there are."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from pathlib import Path

import pytest

from netflix_trend.operators import result
from netflix_trend.operators.manifest import from_bytes, to_bytes
from netflix_trend.operators.reporter import report_status
from netflix_trend.operators.result import Closing, Status, told
from netflix_trend.operators.wire import Malformed
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.syftbox.permissions import LARGEST_FILE
from services.aggregator.sums.results import refusals
from tests.netflix_trend.operators.network import (
    ANSWERS,
    AT_EARLY,
    AT_LATE,
    BEFORE,
    HELPER,
    LEADER,
    ROUND,
    Network,
)

SOME = (
    Status(status="counted", batch="early", codes=(0, 0, 0)),
    Status(status="counted", batch="late", codes=(0, 6, 0)),
    Status(status="invalid", codes=(5, 5, 5)),
    Status(status="late"),
)


def owners(count: int) -> list[bytes]:
    return [hashlib.sha256(str(number).encode()).digest() for number in range(count)]


def closing(statuses: dict[bytes, Status]) -> Closing:
    return from_bytes(Closing, to_bytes(Closing(round=ROUND, refused={}, **told(statuses))))


@pytest.mark.parametrize("eight", [0, 10_000])
def test_groups_tell_what_names_tell(monkeypatch: pytest.MonkeyPatch, eight: int) -> None:
    """With hashes of eight bytes, and of five."""
    source = random.Random(1)
    statuses = {owner: source.choice(SOME) for owner in owners(500)}
    named = closing(statuses)
    monkeypatch.setattr(result, "MOST_NAMED", 499)
    monkeypatch.setattr(result, "_MOST_WITH_EIGHT", eight)
    grouped = closing(statuses)
    assert not grouped.statuses and grouped.prefix == (8 if eight else 5)
    for owner in [*statuses, *owners(700)[500:]]:
        assert grouped.status(owner) == named.status(owner) == statuses.get(owner)
    assert grouped.counts() == named.counts() == Counter(statuses.values())
    assert len(to_bytes(grouped)) * 5 < len(to_bytes(named))


def test_files_of_small_rounds_have_no_groups() -> None:
    assert b"groups" not in to_bytes(closing(dict.fromkeys(owners(3), SOME[0])))
    assert b"prefix" not in to_bytes(closing(dict.fromkeys(owners(3), SOME[0])))


@pytest.mark.parametrize("people", [result.MOST_NAMED, result.MOST_NAMED + 1])
def test_a_file_of_many_people_is_one_that_syftbox_syncs(people: int) -> None:
    status = Status(status="counted", batch="early", codes=(0,) * 32)
    data = to_bytes(closing(dict.fromkeys(owners(people), status)))
    assert len(data) < LARGEST_FILE - 10_000
    # One prefix has at most 4/3 of its bytes in base64, and there may be as many as there are people.
    assert LARGEST_FILE - 100_000 > -(-8 * result._MOST_WITH_EIGHT // 3) * 4
    assert LARGEST_FILE - 100_000 > -(-5 * 1_100_000 // 3) * 4


@pytest.mark.parametrize("people", ["AAAAAAAAAA==", "AAAAAAAAAAA", "AAAA", "é", "AAAAAAAAAAA=AAAAAAAAAAA="])
def test_groups_that_are_no_hashes_are_refused(people: str) -> None:
    plain = Closing(round=ROUND, refused={}, statuses={}).model_dump(mode="json")

    def read(groups: str) -> Closing:
        group = {"status": SOME[0].model_dump(mode="json"), "people": groups}
        return from_bytes(Closing, canonical_json({**plain, "groups": [group]}))

    assert read("AAAAAAAAAAA=").status(bytes(32)) == SOME[0]
    with pytest.raises(Malformed):
        read(people)


def test_a_round_of_many_people_closes_and_everybody_learns_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses, refused = [], []
    for most in (30_000, 2):
        monkeypatch.setattr(result, "MOST_NAMED", most)
        network = Network(tmp_path / str(most))
        network.agree()
        network.run(BEFORE, 1)
        network.spoil("bob@example.org")
        network.operate(AT_EARLY)
        network.operate(AT_LATE)
        told_by_leader = network.closing()
        assert told_by_leader is not None
        assert bool(told_by_leader.groups) is (most == 2)
        people = [*ANSWERS, "nobody@example.org"]
        leader = network.peer(LEADER, "ada@example.org")
        statuses.append([report_status(leader, email, ROUND) for email in people])
        assert network.helper is not None
        refused.append([refusals(network.leader, network.round()), refusals(network.helper, network.round())])
        assert network.closing(HELPER) is not None
    assert statuses[0] == statuses[1]
    assert refused[0] == refused[1]
    assert [status and status.status for status in statuses[0]] == ["counted", "counted", "counted", None]
