"""The drafts' vectors pass, also those that must fail, and no byte of an expectation can change unnoticed."""

from __future__ import annotations

import pytest

from netflix_trend.vdaf import field128, xof
from netflix_trend.vdaf.xof import XofTurboShake128
from tests.netflix_trend.vdaf.vectors import FOLDER, NAMES, Run, altered, expectations, load, other_byte


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_ends_as_the_vector_says(name: str) -> None:
    vector = load(name)
    run = Run(name, vector)
    assert not run.wrong
    assert not run.differences(vector)
    assert run.made


@pytest.mark.parametrize("name", NAMES)
def test_every_altered_byte_of_an_expectation_is_noticed(name: str) -> None:
    vector = load(name)
    run = Run(name, vector)
    for path, value in expectations(vector):
        if isinstance(value, int):
            assert run.differences(altered(vector, path, value + 1)) == {path}
            continue
        # Copying the whole vector for each byte would take minutes, so the altered text goes in and out of one copy.
        changed = altered(vector, path, value)
        place = changed
        for step in path[:-1]:
            place = place[step]
        for at in range(len(value) // 2):
            place[path[-1]] = other_byte(value, at)
            assert run.differences(changed) == {path}, (path, at)


@pytest.mark.parametrize("name", ["vdaf/Prio3Histogram_0", "vdaf/Prio3MultihotCountVec_0", "vdaf/Prio3SumVec_0"])
def test_a_run_of_an_altered_vector_fails(name: str) -> None:
    vector = load(name)
    for path, value in expectations(vector):
        if path[0] == "reports" and path[1] > 0:
            continue
        changed = altered(vector, path, value + 1 if isinstance(value, int) else other_byte(value, len(value) // 4))
        run = Run(name, changed)
        assert run.wrong or run.differences(changed), path


def test_the_vectors_that_concern_our_types_are_all_used() -> None:
    load(NAMES[0])
    ours = ("Prio3Histogram", "Prio3MultihotCountVec", "Prio3SumVec_", "Prio3L1BoundSum")
    found = {path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.json")}
    assert {name for name in found if name.split("/")[-1].startswith(ours)} == set(NAMES)
    failing = [name for name in NAMES if any(not one["success"] for one in load(name)["operations"])]
    assert len(failing) == 4


def test_the_extendable_output_function() -> None:
    vector = load("XofTurboShake128")
    seed, tag, binder = (bytes.fromhex(vector[name]) for name in ("seed", "dst", "binder"))
    assert xof.derive_seed(seed, tag, binder).hex() == vector["derived_seed"]
    expanded = vector["expanded_vec_field128"]
    data, elements = xof.expand(seed, tag, binder, vector["length"])
    assert data.hex() == field128.encode(elements).hex() == expanded
    stream = XofTurboShake128(seed, tag, binder)
    assert (stream.read(7) + stream.read(25)).hex() == vector["derived_seed"]
