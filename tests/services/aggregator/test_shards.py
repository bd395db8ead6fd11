"""Packed shards: what is written comes back, and anything else is no shard."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.periods.weeks import Week
from netflix_trend.simulation.population import person
from netflix_trend.survey.survey import Survey, default_survey
from services.aggregator import shards
from services.aggregator.shards import (
    NOT_ASKED,
    REFUSED,
    VALID,
    Shard,
    bits_for,
    dump_shard,
    packed_shard,
    parse_shard,
    read_shard,
    shard_of,
    shard_path,
    write_shard,
)
from tests.mutations import flipped

SURVEY = default_survey(Week.parse("2026-W46"), "0123456789abcdef" * 2, range(50))
LATER = default_survey(Week.parse("2026-W47"), "0123456789abcdef" * 2, range(50))


def some(people: int = 20) -> Shard:
    rows = []
    for number, address in enumerate(sorted(map(person, range(people)))):
        survey = (SURVEY, LATER)[number % 2]
        place = number // 2 % len(survey.questions)
        rows.append((address, survey, place, bytes([number] * survey.questions[place].payload_size)))
    return packed_shard(rows, [SURVEY, LATER])


def same(one: Shard, other: Shard) -> bool:
    return dump_shard(one) == dump_shard(other)


@pytest.mark.parametrize(
    "shard", [Shard(), some(1), some(), Shard(reasons=("size",))], ids=["none", "one", "20", "why"]
)
def test_what_is_written_comes_back(tmp_path: Path, shard: Shard) -> None:
    path = shard_path(tmp_path, 3, 5)
    write_shard(path, shard)
    found = read_shard(path)
    assert found is not None and same(found, shard)
    assert found.addresses == shard.addresses
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_answers_lie_in_the_order_of_the_people() -> None:
    shard = some()
    assert shard.holds(SURVEY) and shard.holds(LATER)
    section = shard.sections[SURVEY.version]
    for place, question in enumerate(SURVEY.questions):
        numbers = np.flatnonzero(section.answered(place))
        assert len(numbers) > 2
        assert section.payloads[question.name] == b"".join(bytes([n] * question.payload_size) for n in numbers)
    assert set(section.releases["question"][1::2]) == {NOT_ASKED}


def test_answers_to_another_survey_or_of_another_size_are_not_held() -> None:
    other = default_survey(Week.parse("2026-W46"), "f" * 32, range(50))
    shard = some()
    assert not shard.holds(other)
    cut = dict(shard.sections)
    section = cut[SURVEY.version]
    cut[SURVEY.version] = shards.Section(section.releases, {name: some[:-1] for name, some in section.payloads.items()})
    assert not Shard(shard.addresses, shard.people, cut).holds(SURVEY)


def sealed(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def body(data: bytes) -> bytes:
    return data.partition(b"\n")[2]


def no_reason(_data: bytes) -> bytes:
    shard = some()
    people = shard.people.copy()
    people["state"][3] = REFUSED
    return dump_shard(Shard(shard.addresses, people, shard.sections))


def no_order(_data: bytes) -> bytes:
    shard = some()
    return dump_shard(Shard(shard.addresses[::-1], shard.people, shard.sections))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "sealed and cut": lambda data: sealed(body(data)[:-1]),
    "sealed and longer": lambda data: sealed(body(data) + b"\0"),
    "another byte": lambda data: flipped(data, 200),
    "another format": lambda data: sealed(body(data).replace(b'"schema_version":1', b'"schema_version":2')),
    "another app": lambda data: sealed(body(data).replace(b'"app":"', b'"app":"9')),
    "no JSON": lambda data: sealed(b"\x80" + body(data)),
    "more people": lambda data: sealed(body(data).replace(b'"people":20', b'"people":21')),
    "negative": lambda data: sealed(body(data).replace(b'"people":20', b'"people":-2')),
    "no reason": no_reason,
    "no order": no_order,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_anything_else_is_no_shard(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    data = dump_shard(some())
    damaged = damage(data)
    assert damaged != data
    with pytest.raises(ValueError, match=r"^it |^a |^addresses "):
        parse_shard(damaged)
    path = tmp_path / "00-00000.bin"
    path.write_bytes(damaged)
    assert read_shard(path) is None


def test_a_shard_that_is_no_plain_file_is_none(tmp_path: Path) -> None:
    write_shard(tmp_path / "whole.bin", some())
    (tmp_path / "link.bin").symlink_to("whole.bin")
    (tmp_path / "folder.bin").mkdir()
    assert read_shard(tmp_path / "whole.bin") is not None
    assert [read_shard(tmp_path / f"{name}.bin") for name in ("link", "folder", "missing")] == [None] * 3


@pytest.mark.parametrize(("people", "bits"), [(0, 0), (500, 0), (501, 1), (8000, 4), (1_000_000, 11), (10**12, 20)])
def test_a_shard_has_about_so_many_people_at_most(people: int, bits: int) -> None:
    assert bits_for(people, 500) == bits


def test_every_address_has_one_shard_and_more_bits_divide_it() -> None:
    addresses = list(map(person, range(2000)))
    for address in addresses:
        assert shard_of(address, 0) == 0
        assert shard_of(address, 4) == shard_of(address, 5) >> 1
    sizes = np.bincount([shard_of(address, 3) for address in addresses], minlength=8)
    assert len(sizes) == 8 and sizes.min() > 180 and sizes.max() < 320


def test_a_state_of_a_survey_is_about_its_own_people() -> None:
    shard = some()
    for survey in (SURVEY, LATER):
        asked: Survey = survey
        assert (shard.sections[asked.version].releases["state"] == VALID).sum() == 10
