"""Who takes part, and who learns it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import GO_FILE, MOST_NAMED, PERMISSION_FILES, PYTHON_FILE, write_permissions
from services.aggregator.enrolment import SHARED, Enrolment, EnrolmentError, may_everybody_read
from tests.netflix_trend.syftbox.go_rules import GoRules

AGGREGATOR = "aggregator@example.org"
ANNA, BOB = "anna@example.org", "bob@example.net"


@pytest.fixture
def datasites(tmp_path: Path) -> Path:
    return tmp_path / "datasites"


def enrolment(tmp_path: Path, *, automatic: bool) -> Enrolment:
    return Enrolment(Datasite(tmp_path / "datasites", AGGREGATOR), tmp_path / "own", automatic)


def share(datasites: Path, email: str) -> None:
    Datasite(datasites, email).publish({}, AGGREGATOR, durable=False)


def test_only_the_list_counts_unless_enrolment_is_automatic(tmp_path: Path, datasites: Path) -> None:
    share(datasites, ANNA)
    assert enrolment(tmp_path, automatic=False).participants() == []
    assert enrolment(tmp_path, automatic=True).participants() == [ANNA]
    listed = enrolment(tmp_path, automatic=False)
    listed.enrol(BOB)
    assert listed.participants() == [BOB], "also before anything of theirs has arrived"
    assert enrolment(tmp_path, automatic=True).participants() == [ANNA, BOB]


def test_who_is_removed_is_not_enrolled_automatically_again(tmp_path: Path, datasites: Path) -> None:
    share(datasites, ANNA)
    here = enrolment(tmp_path, automatic=True)
    here.remove(ANNA)
    assert here.participants() == []
    assert list(here.candidates()) == []
    here.enrol(ANNA)
    assert here.participants() == [ANNA]


def test_a_datasite_without_a_valid_manifest_takes_no_part(tmp_path: Path, datasites: Path) -> None:
    folder = Datasite(datasites, ANNA).app_data
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    (datasites / BOB).mkdir()
    here = enrolment(tmp_path, automatic=True)
    assert here.participants() == []
    assert sorted(here.candidates()) == [ANNA, BOB]


def test_the_list_may_be_edited_by_hand(tmp_path: Path) -> None:
    here = enrolment(tmp_path, automatic=False)
    here.own.mkdir()
    here.path.write_text("# friends\n\n  Anna@Example.org  # from work\n- bob@example.net\n")
    assert here.listed() == {ANNA: True, BOB: False}
    here.enrol("carol@example.org")
    assert here.listed() == {ANNA: True, BOB: False, "carol@example.org": True}


@pytest.mark.parametrize("line", ["anna", "anna@example.org bob@example.net", "../x@example.org", "-"])
def test_a_line_that_is_not_an_address_is_named(tmp_path: Path, line: str) -> None:
    here = enrolment(tmp_path, automatic=False)
    here.own.mkdir()
    here.path.write_text(f"anna@example.org\n{line}\n")
    with pytest.raises(EnrolmentError, match=r"participants\.txt, line 2"):
        here.participants()


@pytest.mark.parametrize("email", ["anna", "", "anna@", "a@b/../c.org", "-anna@example.org"])
def test_no_address_is_not_enrolled(tmp_path: Path, email: str) -> None:
    with pytest.raises(EnrolmentError, match="e-mail address"):
        enrolment(tmp_path, automatic=False).enrol(email)


def test_the_aggregator_is_not_a_participant(tmp_path: Path, datasites: Path) -> None:
    share(datasites, AGGREGATOR)
    here = enrolment(tmp_path, automatic=True)
    assert here.participants() == []
    with pytest.raises(EnrolmentError, match="no part"):
        here.enrol(AGGREGATOR)


def test_a_pseudonym_stays_the_same_and_depends_on_a_secret_of_this_aggregator(tmp_path: Path) -> None:
    here, there = enrolment(tmp_path / "1", automatic=True), enrolment(tmp_path / "2", automatic=True)
    assert here.pseudonym(ANNA) == enrolment(tmp_path / "1", automatic=False).pseudonym(ANNA)
    assert len({here.pseudonym(ANNA), here.pseudonym(BOB), there.pseudonym(ANNA)}) == 3
    assert "anna" not in here.pseudonym(ANNA)
    assert (tmp_path / "1" / "own" / "pseudonyms.key").stat().st_mode & 0o077 == 0


def shared_with(here: Enrolment, folder: Path) -> list[str]:
    """Return whom the rules of a folder name once they are written for everybody who takes part now."""
    named = here.readers(folder)
    write_permissions(folder, dict.fromkeys(SHARED, named), durable=False)
    return named


def may_read(folder: Path, *emails: str) -> list[bool]:
    """Return who may read the surveys and the statistics of a folder, in both generations."""
    python, go = yaml.safe_load((folder / PYTHON_FILE).read_text()), GoRules(AGGREGATOR)
    go.put("", yaml.safe_load((folder / GO_FILE).read_text()))
    allowed = {(rule["path"], rule["user"]) for rule in python}
    assert not any(go.allows(GO_FILE, email) for email in emails)
    found = []
    for email in emails:
        by_python = [not allowed.isdisjoint({(pattern, email), (pattern, "*")}) for pattern in SHARED]
        by_go = [go.allows(name, email) for name in ("survey.json", "statistics/2026-W46.json")]
        assert by_go == by_python
        found.append(all(by_go))
    return found


def test_up_to_a_number_participants_are_named_and_more_are_everybody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here, folder = enrolment(tmp_path, automatic=False), tmp_path / "shared"
    people = sorted(f"person{number:04}@example.org" for number in range(MOST_NAMED + 1))
    listed = tmp_path / "own" / "participants.txt"
    listed.parent.mkdir()
    listed.write_text("\n".join(people[:-1]))
    assert shared_with(here, folder) == people[:-1]
    assert may_read(folder, people[0], people[-1], BOB) == [True, False, False]
    listed.write_text("\n".join(people))
    with caplog.at_level("INFO"):
        assert shared_with(here, folder) == shared_with(here, folder) == ["*"]
    assert may_read(folder, people[0], people[-1], BOB) == [True, True, True]
    (said,) = (record.getMessage() for record in caplog.records)
    assert f"more than {MOST_NAMED} people" in said
    assert may_everybody_read(folder)
    for file in PERMISSION_FILES:
        assert b"@" not in (folder / file).read_bytes(), "the rules tell the server nothing about who takes part"
    listed.write_text("\n".join(people[: MOST_NAMED // 2]))
    caplog.clear()
    with caplog.at_level("INFO"):
        assert shared_with(here, folder) == shared_with(here, folder) == people[: MOST_NAMED // 2]
    (said,) = (record.getMessage() for record in caplog.records)
    assert "nobody else may read" in said
    assert not may_everybody_read(folder)


def test_a_group_at_the_limit_changes_its_rules_once(tmp_path: Path) -> None:
    here, folder = enrolment(tmp_path, automatic=False), tmp_path / "shared"
    listed = tmp_path / "own" / "participants.txt"
    listed.parent.mkdir()
    people = [f"person{number:04}@example.org" for number in range(MOST_NAMED + 1)]
    for size, is_named in (
        *((MOST_NAMED, True), (MOST_NAMED + 1, False), (MOST_NAMED, False), (MOST_NAMED + 1, False)),
        *((MOST_NAMED // 2 + 1, False), (MOST_NAMED // 2, True), (MOST_NAMED, True)),
    ):
        listed.write_text("\n".join(people[:size]))
        assert (shared_with(here, folder) != ["*"]) is is_named, size


def test_however_many_addresses_are_invented_nobody_is_left_out(
    tmp_path: Path, datasites: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netflix_trend.syftbox.permissions.MOST_NAMED", 20)
    here, folder = enrolment(tmp_path, automatic=True), tmp_path / "shared"
    invented = iter(range(1000))
    for _ in range(4):
        for _ in range(8):
            share(datasites, f"a{next(invented)}@example.org")
        # After all of them, and behind them in every order.
        honest = f"z{next(invented)}@example.net"
        share(datasites, honest)
        shared_with(here, folder)
        everybody = here.participants()
        assert honest in everybody
        assert all(may_read(folder, *everybody))
    assert shared_with(here, folder) == ["*"]
