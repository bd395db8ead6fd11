"""Who may read what, in both generations of SyftBox."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.syftbox.datasite import Datasite, DatasiteError
from netflix_trend.syftbox.permissions import (
    EVERYBODY,
    LARGEST_FILE,
    MOST_NAMED,
    PERMISSION_FILES,
    named_or_everybody,
    named_readers,
    permission_rules,
    readable,
    readers_of,
    write_permissions,
)
from tests.netflix_trend.syftbox.go_rules import GoRules
from tests.netflix_trend.syftbox.judged import DECISIONS, write_everything

READER = "aggregator@example.org"
RELEASE = "releases/2026-W47.json"
FILES = {RELEASE: b"answer", "note.txt": b"hello"}


@pytest.fixture
def site(tmp_path: Path) -> Datasite:
    return Datasite(tmp_path, "me@example.org")


def test_permissions_for_several_readers_are_one_rule_each_or_one_list(tmp_path: Path) -> None:
    write_permissions(tmp_path / "shared", {"*.json": ["a@example.org", "b@example.org"]}, durable=False)
    assert (tmp_path / "shared" / "syftperm.yaml").read_text("utf-8") == (
        '- {path: "*.json", user: "a@example.org", permissions: [read]}\n'
        '- {path: "*.json", user: "b@example.org", permissions: [read]}\n'
    )
    assert (tmp_path / "shared" / "syft.pub.yaml").read_text("utf-8") == (
        "terminal: true\n"
        "rules:\n"
        '  - {pattern: "*.json", access: {admin: [], write: [], read: ["a@example.org", "b@example.org"]}}\n'
        '  - {pattern: "**", access: {admin: [], write: [], read: []}}\n'
    )


def test_without_a_reader_both_permission_files_allow_nobody_and_are_not_empty(tmp_path: Path) -> None:
    write_permissions(tmp_path, {"*.json": []}, durable=False)
    assert (tmp_path / "syftperm.yaml").read_bytes() == b"[]\n"
    assert (tmp_path / "syft.pub.yaml").read_text("utf-8") == (
        "terminal: true\n"
        "rules:\n"
        '  - {pattern: "*.json", access: {admin: [], write: [], read: []}}\n'
        '  - {pattern: "**", access: {admin: [], write: [], read: []}}\n'
    )


def test_a_file_is_readable_only_with_a_rule_of_both_generations(site: Datasite) -> None:
    site.publish(FILES, READER, durable=False)
    assert readable(site.app_data, FILES, READER) == set(FILES)
    for name in PERMISSION_FILES:
        rules = (site.app_data / name).read_text()
        (site.app_data / name).write_text(rules.replace(RELEASE, "releases/*"))
        assert readable(site.app_data, FILES, READER) == set(FILES) - {RELEASE}
        (site.app_data / name).write_text(rules)
    (site.app_data / PERMISSION_FILES[0]).unlink()
    assert readable(site.app_data, FILES, READER) == set()


@pytest.fixture(scope="module")
def datasites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("judged") / "datasites"
    write_everything(root)
    return root


@pytest.mark.parametrize("owner", sorted({decision.owner for decision in DECISIONS}))
def test_the_go_generation_decides_about_everything_we_write(datasites: Path, owner: str) -> None:
    rules = GoRules.of(datasites / owner)
    mine = [decision for decision in DECISIONS if decision.owner == owner]
    assert [one for one in mine if rules.allows(one.path, one.user) is not one.allowed] == []
    assert {one.allowed for one in mine if one.user != owner} >= {False}


def test_more_readers_than_a_synced_permission_file_holds_are_refused(site: Datasite) -> None:
    readers = [f"invented-{number}@mail.example.org" for number in range(100_000)]
    with pytest.raises(DatasiteError, match=r"syftperm\.yaml"):
        site.share(site.app_data / "shared", {"survey.json": b"x"}, {"survey.json": readers}, durable=False)
    assert not site.app_data.exists()


LONG = "{:07}-of-a-million-people-with-long-names@mail.example.org"


def test_rules_for_a_million_people_are_those_for_one_more_than_are_named() -> None:
    people = (LONG.format(number) for number in range(1_000_000))
    assert named_or_everybody(people, ()) == [EVERYBODY]
    assert next(people) == LONG.format(MOST_NAMED + 1), "nobody else was asked for"
    assert named_or_everybody(people, [EVERYBODY]) == [EVERYBODY]
    assert max(map(len, permission_rules({"*.json": [EVERYBODY], "statistics/*.json": [EVERYBODY]}).values())) < 300


def test_rules_that_name_people_stay_far_below_what_syftbox_takes() -> None:
    named = named_or_everybody((LONG.format(number) for number in range(MOST_NAMED)), ())
    assert len(named[0]) == 60
    assert named == sorted(set(named))
    assert len(named) == MOST_NAMED
    files = permission_rules(dict.fromkeys(("*.json", "statistics/*.json"), named))
    assert max(map(len, files.values())) < LARGEST_FILE / 50
    # The server's own query counts a thousand rules of a file for one folder.
    assert files[PERMISSION_FILES[0]].count(b"\n") <= 1000


@pytest.mark.parametrize("before", [[], ["a@example.org"], [EVERYBODY, "a@example.org"]])
def test_only_rules_for_everybody_alone_stay_so(before: list[str]) -> None:
    people = [f"person{number:03}@example.org" for number in reversed(range(MOST_NAMED))]
    assert named_or_everybody(people, before) == sorted(people)
    assert named_or_everybody(people, [EVERYBODY]) == [EVERYBODY]
    assert named_or_everybody(people[: MOST_NAMED // 2], [EVERYBODY]) == sorted(people[: MOST_NAMED // 2])
    assert named_or_everybody([], before) == []


@pytest.mark.parametrize(
    "rule",
    [
        '{pattern: "a.json", access: {admin: [], write: [], read: ["x@example.org","y@example.org"]}}',
        '{pattern: "a.json", access: {admin: [], write: [], read: [["x@example.org"]]}}',
        '{pattern: "a.json", access: {admin: [], write: [], read: [x@example.org]}}',
        '{pattern: "a.json", access: {admin: [], write: ["x@example.org"], read: ["x@example.org"]}}',
        '{pattern: "a.json", "b.json", access: {admin: [], write: [], read: ["x@example.org"]}}',
    ],
    ids=["other blanks", "a list of lists", "no JSON", "who may write", "two patterns"],
)
def test_a_rule_that_we_did_not_write_is_left_out(tmp_path: Path, rule: str) -> None:
    write_permissions(tmp_path, {"b.json": [READER]}, durable=False)
    path = tmp_path / PERMISSION_FILES[1]
    path.write_text(path.read_text("utf-8").replace("rules:\n", f"rules:\n  - {rule}\n"), "utf-8")

    assert named_readers(tmp_path) == {"b.json": [READER]}
    assert readers_of(tmp_path, "a.json") == []
    assert readers_of(tmp_path, "b.json") == [READER]
