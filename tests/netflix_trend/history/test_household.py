"""Whose viewing counts: nothing of several Netflix profiles before the person has said it, and then only theirs."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.encodings import load_encodings
from netflix_trend.history.exports import ExportError
from netflix_trend.history.freshness import BuiltFrom, freshness, read_built_from
from netflix_trend.history.household import (
    Claim,
    HouseholdError,
    ProfileQuestion,
    UndecidedProfiles,
    check_names,
    keep_answer,
    listed,
    name_key,
    names_of,
    profiles_in,
    read_answers,
)
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.history.tables import History, rebuild_all
from netflix_trend.history.whose import answer, whose
from netflix_trend.layout import BUILT_FROM, DATABASE, PrivateVolume
from tests.netflix_trend.history import invented
from tests.netflix_trend.history.database import rows_of

HOUSEHOLD = Path(__file__).parents[2] / "fixtures" / "exports_reported" / "household_archive.csv"
MIA = "Mia, the boss"
MADE = date(2024, 4, 1)
IN_UTC = ReadOptions(zone=UTC)
BOTH = names_of(["me", "Anna"])


def keep(private: Path, data: bytes, **change: Any) -> RawExport:
    known: dict[str, Any] = {"profile": "me", "source": "test", "name": "a.csv", "received": MADE}
    return RawStore(private).save(Delivery(**{**known, **change}), [data])


def built(private: Path, options: ReadOptions = IN_UTC) -> dict[str, History]:
    outdated = freshness(private, starter_vocabulary().version, options).outdated
    return {one.profile: one for one in rebuild_all(private, starter_vocabulary(), options, outdated)}


def archive(*names: str, title: str = "Roma", month: int = 1) -> bytes:
    """Return a ViewingActivity.csv with a play of each Netflix profile, a day apart."""
    return invented.activity(
        *((name, f"2024-{month:02}-{day:02} 20:00:00", "00:40:00", title) for day, name in enumerate(names, 1))
    )


def watched(private: Path, profile: str = "me") -> list[str | None]:
    """Return the Netflix profile of each view, sorted."""
    rows = rows_of(PrivateVolume(private).database(profile), "select profile from views order by 1")
    return [name for (name,) in rows]


def content(private: Path, profile: str) -> dict[str, bytes]:
    folder = PrivateVolume(private).profile(profile)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# --- what a profile claims


@pytest.mark.parametrize(
    ("claim", "names", "kept"),
    [
        (Claim("me", "me", BOTH, ("sam",)), ("Sam", "Kids", ""), {"Sam"}),
        (Claim("me", "me", BOTH, ("Sam", "KIDS")), ("Sam", "Kids"), {"Sam", "Kids"}),
        (Claim("me", "me", BOTH), ("Sam",), {"Sam"}),
        (Claim("me", "me", BOTH, ("Sam",)), ("Samuel",), {"Samuel"}),
        (Claim("me", "me", BOTH), ("Sam", "anna"), {"Sam"}),
        (Claim("me", "me", BOTH), ("Sam", ""), {"Sam", ""}),
        (Claim("me", "me", BOTH), ("",), {""}),
        (Claim("me", "me", BOTH), (), set()),
        (Claim("me", "me", BOTH), ("Anna",), set()),
        (Claim("me", "me", BOTH, ("Anna",)), ("Anna",), set()),
        (Claim("me", "me", BOTH), ("Zo\u00e9", "Zoe\u0301"), {"Zo\u00e9", "Zoe\u0301"}),
        (Claim("me", "me", BOTH, ("Anna", "Sam")), ("Anna", "Sam"), {"Sam"}),
        (Claim("Anna", "Anna", BOTH), ("Sam", "ANNA", "Kids"), {"ANNA"}),
        (Claim("Anna", "Anna", BOTH, ("Kids",)), ("Sam", "Anna", "Kids"), {"Kids"}),
        (Claim("Anna", "me", BOTH), ("Sam", "Anna", "Kids"), {"Anna"}),
        (Claim("Anna", "me", BOTH, ("Sam",)), ("Sam", "Anna", "Kids"), {"Sam"}),
        (Claim("Anna", "me", BOTH), ("Sam", "Kids"), set()),
    ],
)
def test_a_profile_gets_what_was_said_or_its_own_name_or_who_is_alone(
    claim: Claim, names: Sequence[str], kept: set[str]
) -> None:
    rows = {name: 1 for name in names if claim.may_count(name)}
    assert claim.decide(rows, names) == kept


@pytest.mark.parametrize(
    ("claim", "names", "asked"),
    [
        (Claim("me", "me", BOTH), ("Sam", "Kids", "Anna"), ["Kids", "Sam"]),
        (Claim("me", "me", BOTH, ("Samuel",)), ("Sam", "Kids"), ["Kids", "Sam"]),
        (Claim("Anna", "Anna", BOTH, ("Anne",)), ("Anna", "Sam"), ["Anna", "Sam"]),
        (Claim("me", "me", BOTH, ("Anna",)), ("Anna", "Sam"), ["Sam"]),
    ],
)
def test_several_of_whom_none_is_named_are_asked_about(claim: Claim, names: Sequence[str], asked: list[str]) -> None:
    rows = {name: 1 for name in names if claim.may_count(name)}
    with pytest.raises(UndecidedProfiles) as undecided:
        claim.decide(rows, names)
    assert list(undecided.value.question.rows) == asked


def test_nobody_is_asked_about_who_has_only_trailers() -> None:
    assert Claim("me", "me", BOTH).decide({"Sam": 3, "Kids": 9}, {"Sam"}) == {"Sam", "Kids"}


@pytest.mark.parametrize(
    ("claim", "names", "is_covered"),
    [
        (Claim("Anna", "me", BOTH), ("Sam", "Anna", "Kids"), True),
        (Claim("Anna", "me", BOTH), (), True),
        (Claim("Anna", "me", BOTH), ("Sam",), True),
        (Claim("Anna", "me", BOTH), ("me",), True),
        (Claim("Anna", "me", BOTH), ("Sam", "Kids"), False),
        (Claim("Anna", "me", BOTH), ("me", "Sam"), False),
        (Claim("Anna", "me", BOTH, ("Sam",)), ("Sam", "Kids"), True),
        (Claim("Anna", "me", BOTH, ("Mia",)), ("Sam",), False),
        (Claim("me", "Anna", BOTH), ("Sam", "Anna"), False),
        (Claim("me", "Anna", BOTH, ("Sam",)), ("Sam", "Anna"), True),
    ],
)
def test_a_file_of_others_covers_a_profile_unless_its_person_may_be_in_it_unnamed(
    claim: Claim, names: Sequence[str], is_covered: bool
) -> None:
    assert claim.is_covered(names, names) is is_covered


def test_names_are_compared_without_case_and_in_one_form_of_accents() -> None:
    assert name_key(unicodedata.normalize("NFD", "ZOË")) == name_key("zoë")
    assert name_key("x" * 100 + "y") == name_key("X" * 100)
    assert names_of(["ann", "Ann"])["Ann"] == "Ann"
    assert names_of(["ann", "Ann"])["ann"] == "ann"


# --- asking


def test_nothing_of_a_household_counts_before_the_person_has_said_who_they_are(tmp_path: Path) -> None:
    keep(tmp_path, HOUSEHOLD.read_bytes(), name="household_archive.csv")
    (file,) = built(tmp_path)["me"].files

    refusal = file.refusal
    assert isinstance(refusal, ExportError)
    assert refusal.question == ProfileQuestion({"Kids": 1, MIA: 1, "Sam": 1})
    assert "which of its 3 Netflix profiles is you?" in str(refusal)
    assert watched(tmp_path) == []
    assert freshness(tmp_path, starter_vocabulary().version, IN_UTC).outdated == (), "it is not read again and again"
    with pytest.raises(FileNotFoundError):
        load_encodings(PrivateVolume(tmp_path).profile("me"))

    assert answer(tmp_path, "me", ["sam"]) == ("Sam",)
    assert built(tmp_path)["me"].views == 1
    assert watched(tmp_path) == ["Sam"]


@pytest.mark.parametrize("name", [MIA, "a;b", 'quo"ted', "\u202egnp.exe", "<b>x</b>", "ß", "all", "1", "x" * 300])
def test_any_name_can_be_chosen(tmp_path: Path, name: str) -> None:
    quoted = name.replace('"', '""')
    keep(tmp_path, archive(quoted, "Other"))
    assert built(tmp_path)["me"].views == 0
    answer(tmp_path, "me", [name])
    assert built(tmp_path)["me"].views == 1
    assert watched(tmp_path) == [name[:100]]
    (one,) = whose(tmp_path)
    assert one.counted == (name[:100],)


def test_a_line_break_in_a_name_is_a_blank(tmp_path: Path) -> None:
    keep(tmp_path, archive("Big\nSam", "Kids"))
    built(tmp_path)
    answer(tmp_path, "me", ["Big Sam"])
    assert built(tmp_path)["me"].views == 1


def test_several_can_be_one_person(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Mia", "Kids"))
    built(tmp_path)
    answer(tmp_path, "me", ["Kids", "Sam"])
    built(tmp_path)
    assert watched(tmp_path) == ["Kids", "Sam"]


def test_rows_of_others_are_counted_as_such_and_their_bad_dates_are_not_mine(tmp_path: Path) -> None:
    rows = [
        ("Sam", "2024-01-01 20:00:00", "00:40:00", "Roma"),
        ("Kids", "2024-01-02 20:00:00", "00:40:00", "Roma"),
        ("Kids", "2024-01-02 25:00:00", "00:40:00", "Roma"),
        ("Kids", "yesterday 20:00:00", "00:40:00", "Roma"),
        ("Kids", "2024-01-03 20:00:00", "00:00:30", "Roma"),
        ("Kids", "2024-01-03 20:00:00", "00:40:00", "Roma", "TRAILER"),
    ]
    keep(tmp_path, invented.activity(*rows), only=("Sam",))
    (file,) = built(tmp_path)["me"].files
    assert file.report is not None
    found = file.report.file
    assert (found.rows, found.dropped_profiles, file.report.views) == (6, 5, 1)
    assert (found.undated, found.supplemental, found.too_short, found.problems) == (0, 0, 0, [])


def test_a_renamed_profile_is_asked_about_again_and_the_older_file_keeps_its_answer(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Kids"))
    built(tmp_path)
    answer(tmp_path, "me", ["Sam"])
    built(tmp_path)

    keep(tmp_path, archive("Samuel", "Kids", month=2), name="later.csv", received=MADE + timedelta(days=30))
    built(tmp_path)
    (one,) = whose(tmp_path)
    assert [(file.name, list(file.rows)) for file in one.waiting] == [("later.csv", ["Kids", "Samuel"])]
    assert watched(tmp_path) == ["Sam"], "what was said before still counts"
    assert load_encodings(PrivateVolume(tmp_path).profile("me")).covered_through == MADE - timedelta(days=1)

    answer(tmp_path, "me", ["Samuel"])
    built(tmp_path)
    assert watched(tmp_path) == ["Sam", "Samuel"]
    assert whose(tmp_path)[0].waiting == ()


def test_without_a_question_a_new_answer_replaces_the_old_one(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Kids"), only=("Sam",))
    built(tmp_path)
    answer(tmp_path, "me", ["Kids"])
    built(tmp_path)
    assert watched(tmp_path) == ["Kids"]


def test_names_that_cannot_be_chosen_are_refused_with_those_that_can(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Anna", "Kids"))
    keep(tmp_path, invented.history(("Tenet", "2023-01-01")), profile="Anna")
    built(tmp_path)
    for name in ("Samm", "Anna"):
        with pytest.raises(
            HouseholdError, match=f"“{name}” is no Netflix profile to choose from for me: they are “Kids”"
        ):
            answer(tmp_path, "me", [name])
    with pytest.raises(HouseholdError, match="between 1 and 20"):
        answer(tmp_path, "me", [])
    with pytest.raises(HouseholdError, match="no imported ViewingActivity"):
        answer(tmp_path, "Eve", ["Sam"])
    assert not PrivateVolume(tmp_path).household.exists()


def test_nobody_counts_for_two(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Anna"))
    keep(tmp_path, archive("Anna", "Sam", month=2), profile="Anna")
    built(tmp_path)
    assert (watched(tmp_path), watched(tmp_path, "Anna")) == (["Sam"], ["Anna", "Anna"])
    with pytest.raises(HouseholdError):
        answer(tmp_path, "Anna", ["Sam"])


# --- what an answer moves


def test_an_answer_changes_no_byte_of_another_profile(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Anna", "Kids", "Mia"))
    keep(tmp_path, archive("Anna", "Sam", "Kids", month=2), profile="Anna", name="hers.csv")
    keep(tmp_path, invented.history(("Tenet", "2023-01-01")), profile="Carl", name="his.csv")
    built(tmp_path)
    for names in (["Sam"], ["Kids"], ["Sam", "Kids", "Mia"]):
        before = {profile: content(tmp_path, profile) for profile in ("Anna", "Carl")}
        answer(tmp_path, "me", names)
        assert set(built(tmp_path)) == {"me"}
        assert {profile: content(tmp_path, profile) for profile in before} == before
        # What a rebuild of everything writes is the same, too; DuckDB's files differ, and so do their digests.
        rebuild_all(tmp_path, starter_vocabulary(), IN_UTC)
        for profile, files in before.items():
            after = content(tmp_path, profile)
            known, was_known = (BuiltFrom.model_validate_json(one[BUILT_FROM]) for one in (after, files))
            assert known == was_known.model_copy(update={"database": known.database})
            assert {**after, DATABASE: b"", BUILT_FROM: b""} == {**files, DATABASE: b"", BUILT_FROM: b""}
        assert set(watched(tmp_path)) == set(names)
    mine = content(tmp_path, "me")
    with pytest.raises(HouseholdError):
        answer(tmp_path, "Anna", ["Sam"])
    answer(tmp_path, "me", ["Sam"])
    built(tmp_path)
    answer(tmp_path, "Anna", ["Kids"])
    assert set(built(tmp_path)) == {"Anna"}
    assert mine != content(tmp_path, "me")
    assert watched(tmp_path, "Anna") == ["Kids", "Kids"]


def test_who_is_in_the_archive_under_the_name_of_a_profile_is_not_asked_about(tmp_path: Path) -> None:
    keep(tmp_path, HOUSEHOLD.read_bytes(), profile="sam")
    (history,) = built(tmp_path).values()
    assert (history.profile, history.views) == ("sam", 1)


def test_whoever_waits_does_not_keep_others_waiting(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Anna", "Kids"))
    keep(tmp_path, invented.history(("Tenet", "2023-01-01")), profile="Anna", received=date(2023, 1, 2))
    found = built(tmp_path)
    assert (found["me"].views, found["Anna"].views) == (0, 2)
    encodings = found["Anna"].encodings
    assert encodings is not None
    assert encodings.covered_through == MADE - timedelta(days=1)
    states = {name: read_built_from(PrivateVolume(tmp_path).profile(name)) for name in ("me", "Anna")}
    assert {name: state.asks for name, state in states.items() if state} == {"me": True, "Anna": False}


# --- what is kept


def test_an_answer_that_came_with_an_earlier_export_is_one_for_all(tmp_path: Path) -> None:
    keep(tmp_path, archive("Sam", "Kids"), only=("Kids",))
    keep(tmp_path, archive("Sam", "Kids", month=2), only=("Sam",), received=MADE + timedelta(days=1))
    keep(tmp_path, archive("Sam", "Kids", month=3))
    built(tmp_path)
    assert watched(tmp_path) == ["Sam"] * 3


def test_the_setting_is_an_answer_until_another_one_is_given(tmp_path: Path) -> None:
    said = ReadOptions(zone=UTC, answers={"me": ("Kids",)})
    keep(tmp_path, archive("Sam", "Kids"))
    built(tmp_path, said)
    assert watched(tmp_path) == ["Kids"]
    answer(tmp_path, "me", ["Sam"])
    built(tmp_path, said)
    assert watched(tmp_path) == ["Sam"]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"schema_version":1,"counted":{"../x":["a"]}}', b'{"counted":{"me":[]}}']
)
def test_a_damaged_file_is_nobodys_answer(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    keep(tmp_path, archive("Sam", "Kids"), only=("Sam",))
    PrivateVolume(tmp_path).household.write_bytes(damage)
    assert built(tmp_path)["me"].views == 0
    assert "household.json is damaged" in caplog.text
    answer(tmp_path, "me", ["Kids"])
    assert built(tmp_path)["me"].views == 1


def test_an_answer_is_bounded(tmp_path: Path) -> None:
    for names in ([], [""], ["x" * 101], [f"p{n}" for n in range(21)]):
        with pytest.raises(HouseholdError):
            keep_answer(tmp_path, [], "me", names, names)
    assert read_answers(tmp_path, []) == {}
    keep_answer(tmp_path, [], "me", ["Sam", "SAM"], ["Sam"])
    keep_answer(tmp_path, [], "Anna", ["Mia"], ["Mia"])
    assert read_answers(tmp_path, []) == {"me": ("SAM",), "Anna": ("Mia",)}


def test_names_in_a_file_are_counted_and_checked() -> None:
    rows = profiles_in(io.BytesIO(HOUSEHOLD.read_bytes()), "a.csv")
    assert rows == {"Sam": 1, MIA: 1, "Kids": 1}
    assert profiles_in(io.BytesIO(invented.history(("Roma", "2024-01-01"))), "a.csv") == {}
    check_names("a.csv", ["sam", MIA], rows)
    check_names("history.csv", ["Sam"], {})
    with pytest.raises(ExportError, match=r"no Netflix profile “Samm”\. It has “Kids” \(1 row\), “Mia, the boss”"):
        check_names("a.csv", ["Sam", "Samm"], rows)


def test_a_name_that_another_program_saved_wrongly_is_the_one_that_counts(tmp_path: Path) -> None:
    data = archive("Chloé", "Kids").decode("cp1252").encode()
    assert profiles_in(io.BytesIO(data), "a.csv") == {"Chloé": 1, "Kids": 1}
    keep(tmp_path, data, only=("Chloé",))
    built(tmp_path)
    assert watched(tmp_path) == ["Chloé"]


def test_a_list_of_names_is_bounded_and_steers_no_terminal() -> None:
    many = {f"{n}\x1b[2J\u202e": n for n in range(1, 31)}
    said = listed(many)
    assert said.startswith("“30[2J” (30 rows)")
    assert said.endswith(", and 10 more")
    assert "\x1b" not in said


def test_a_file_with_very_many_profiles_is_asked_about_within_bounds(tmp_path: Path) -> None:
    keep(tmp_path, archive(*["Sam"] * 3, *(f"p{n}" for n in range(25))))
    (file,) = built(tmp_path)["me"].files
    assert file.refusal is not None
    assert isinstance(file.refusal.question, ProfileQuestion)
    assert len(file.refusal.question.rows) == 20
    answer(tmp_path, "me", ["Sam"])
    assert built(tmp_path)["me"].views == 3
