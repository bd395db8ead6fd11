"""Known holes of locked packages, on days of the test's own."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from netflix_trend.releases.advisories import Advisories, holes_of, problems
from netflix_trend.releases.locks import Pin, locks_of

ROOT = Path(__file__).parents[3]
KNOWN = Advisories.model_validate_json((ROOT / "requirements" / "advisories.json").read_bytes())


def about(
    *events: dict[str, str], accepted: list[dict[str, object]] | None = None, name: str = "Foo_Bar"
) -> Advisories:
    """A file about one hole."""
    package = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    advisory = {"id": "GHSA-1", "summary": "a hole", "affected": [package]}
    return Advisories.model_validate_json(json.dumps({"advisories": [advisory], "accepted": accepted or []}))


@pytest.mark.parametrize(
    ("events", "holes"),
    [
        ([{"introduced": "0"}, {"fixed": "1.10"}], ["0.1", "1.9", "1.10rc1"]),
        ([{"introduced": "1.9"}, {"fixed": "1.10"}], ["1.9", "1.10rc1"]),
        ([{"introduced": "1.9"}], ["1.9", "1.10rc1", "1.10", "2.0"]),
        ([{"introduced": "0"}, {"last_affected": "1.9"}], ["0.1", "1.9"]),
        ([{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}], ["0.1", "2.0"]),
    ],
)
def test_versions_are_compared_as_versions(events: list[dict[str, str]], holes: list[str]) -> None:
    pins = [Pin("foo-bar", version) for version in ("0.1", "1.9", "1.10rc1", "1.10", "2.0")]
    assert {hole.version for hole in holes_of({"lock": pins}, about(*events))} == set(holes)


def test_another_package_has_no_hole() -> None:
    assert holes_of({"lock": [Pin("foo", "1.0")]}, about({"introduced": "0"})) == []


def accepted(until: str = "2027-01-01", lock: str = "lock", id_: str = "GHSA-1") -> list[dict[str, object]]:
    return [{"ids": [id_], "lock": lock, "reason": "it is never called with anything from outside", "until": until}]


def test_a_hole_is_a_problem_until_it_is_accepted_for_its_lock() -> None:
    locks = {"lock": [Pin("foo-bar", "1.0")]}
    (problem,) = problems(locks, about({"introduced": "0"}))
    assert problem.startswith("lock: foo-bar 1.0 has GHSA-1")
    assert problems(locks, about({"introduced": "0"}, accepted=accepted())) == []
    elsewhere = problems(locks, about({"introduced": "0"}, accepted=accepted(lock="other")))
    assert len(elsewhere) == 2


@pytest.mark.parametrize(("today", "ended"), [(date(2026, 12, 31), False), (date(2027, 1, 1), True)])
def test_an_acceptance_ends(today: date, ended: bool) -> None:
    found = problems({"lock": [Pin("foo-bar", "1.0")]}, about({"introduced": "0"}, accepted=accepted()), today)
    assert bool(found) == ended


def test_an_acceptance_of_what_is_not_there_is_a_problem() -> None:
    known = about({"introduced": "0"}, {"fixed": "2.0"}, accepted=accepted())
    assert problems({"lock": [Pin("foo-bar", "2.0")]}, known) == ["lock: GHSA-1 is accepted and not there: take it out"]


@pytest.mark.parametrize("reason", ["", "later"])
def test_an_acceptance_needs_a_reason(reason: str) -> None:
    with pytest.raises(ValidationError):
        about({"introduced": "0"}, accepted=[{**accepted()[0], "reason": reason}])


def test_no_lock_has_a_known_hole_that_is_not_accepted() -> None:
    """Whether an acceptance has ended is asked when a release is built, so that no test fails by itself one day."""
    assert problems(locks_of(ROOT), KNOWN) == []


def test_what_is_accepted_runs_apart_from_our_code() -> None:
    assert {one.lock for one in KNOWN.accepted} <= {"syftbox", "pysyft"}
    locks = {name: pins for name, pins in locks_of(ROOT).items() if name not in ("syftbox", "pysyft")}
    assert holes_of(locks, KNOWN) == []


def test_the_holes_that_are_known_of_syftbox_are_found() -> None:
    found = {(hole.package, hole.id) for hole in holes_of(locks_of(ROOT), KNOWN)}
    assert {("starlette", "GHSA-7f5h-v6xp-fcq8"), ("pyjwt", "GHSA-752w-5fwx-jx9f")} <= found
