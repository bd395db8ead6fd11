"""Who takes part, and who learns it."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import LARGEST_FILE, permission_rules, write_permissions
from services.aggregator.enrolment import Enrolment, EnrolmentError
from services.aggregator.rounds import SHARED

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


def test_more_than_a_file_can_name_are_cut_where_nobody_chose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = enrolment(tmp_path, automatic=True)
    here.enrol(BOB)
    everybody = sorted([BOB, *(f"a{number}@example.org" for number in range(500))])
    monkeypatch.setattr(Enrolment, "participants", lambda _: everybody)
    assert here.readers(["a", "b"], tmp_path) == everybody
    monkeypatch.setattr("services.aggregator.enrolment.LARGEST_FILE", 20_000)
    named = here.readers(["a", "b"], tmp_path)
    assert BOB in named
    assert max(map(len, permission_rules({"a": named, "b": named}).values())) <= 20_000
    assert 100 < len(named) < 300
    assert named == here.readers(["a", "b"], tmp_path) != everybody[: len(named)]


def test_invented_addresses_that_come_later_drop_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.aggregator.enrolment.LARGEST_FILE", 20_000)
    here = enrolment(tmp_path, automatic=True)
    honest = sorted(f"person{number}@example.net" for number in range(90))
    everybody = list(honest)
    monkeypatch.setattr(Enrolment, "participants", lambda _: sorted(everybody))
    patterns = ["*.json", "statistics/*.json"]
    for number in range(0, 3000, 1000):
        named = here.readers(patterns, tmp_path)
        write_permissions(tmp_path, dict.fromkeys(patterns, named), durable=False)
        assert set(honest) <= set(named), f"{number} invented"
        everybody += [f"a{number + one}@example.org" for one in range(1000)]
    newcomer = "zoe@example.net"
    everybody.append(newcomer)
    (Datasite(tmp_path / "datasites", newcomer).app_data / "releases").mkdir(parents=True)
    for name in named[-20:]:
        everybody.remove(name)
    assert newcomer in here.readers(patterns, tmp_path), "who has answered comes before who has not"


def test_fifty_thousand_people_fit_into_the_files_that_name_them() -> None:
    people = [f"person{number:05d}@example.org" for number in range(50_000)]
    assert max(map(len, permission_rules(dict.fromkeys(SHARED, people)).values())) <= LARGEST_FILE
