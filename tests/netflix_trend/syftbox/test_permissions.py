"""Who may read what, in both generations of SyftBox."""

from __future__ import annotations

import fnmatch
from pathlib import Path, PurePosixPath

import pytest
import yaml

from netflix_trend.syftbox.datasite import Datasite, DatasiteError
from netflix_trend.syftbox.permissions import PERMISSION_FILES, readable, write_permissions

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


# What the Go generation decides by the files that we write. Its rules: internal/server/acl/tree.go of OpenMined/syftbox
# (LookupNearestNode) and docs/method/syftbox.md#permissions.


def decides(root: Path, path: str, reader: str) -> bool:
    """Whether the Go generation lets `reader` read: from the root down the nearest file counts, but none below one that
    says `terminal`; in it the most exact pattern wins, and what no pattern names is refused.
    """
    name = PurePosixPath(path)
    nearest, rules = PurePosixPath(), []
    for folder in reversed(name.parents):
        file = root / folder / "syft.pub.yaml"
        if file.is_file():
            content = yaml.safe_load(file.read_text())
            nearest, rules = folder, content["rules"]
            if content.get("terminal"):
                break
    inner = name.relative_to(nearest).as_posix()
    matching = [rule for rule in rules if rule["pattern"] == "**" or fits(inner, rule["pattern"])]
    best = max(matching, key=lambda rule: (rule["pattern"] == inner, rule["pattern"] != "**"), default=None)
    return best is not None and bool({reader, "*"} & set(best["access"]["read"]))


def fits(name: str, pattern: str) -> bool:
    """A star stands for letters of one part, never for a slash."""
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def go_client_files(site: Datasite) -> None:
    """The files that its client makes in a new datasite (workspace.go): neither is terminal."""
    for folder, everybody in ((site.root, []), (site.root / "public", ["*"])):
        folder.mkdir(parents=True)
        access = {"admin": [], "write": [], "read": everybody}
        content = {"terminal": False, "rules": [{"pattern": "**", "access": access}]}
        (folder / "syft.pub.yaml").write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("path", "reader", "expected"),
    [
        ("app_data/netflix_trend/manifest.json", READER, True),
        (f"app_data/netflix_trend/{RELEASE}", READER, True),
        (f"app_data/netflix_trend/{RELEASE}", "bob@example.org", False),
        ("app_data/netflix_trend/releases/2026-W48.json", READER, False),
        ("app_data/netflix_trend/other.txt", READER, False),
        ("app_data/netflix_trend/syft.pub.yaml", READER, False),
        ("app_data/netflix_trend/syftperm.yaml", READER, False),
        ("app_data/netflix_trend/releases/deeper/2026-W47.json", READER, False),
        # Whatever rules something else puts below: ours is terminal.
        ("app_data/netflix_trend/planted/history.csv", READER, False),
        ("app_data/other/manifest.json", READER, False),
        ("private/anything", READER, False),
    ],
)
def test_the_go_generation_decides_about_a_participants_files(
    site: Datasite, path: str, reader: str, expected: bool
) -> None:
    go_client_files(site)
    site.publish(FILES, READER, durable=False)
    planted = site.app_data / "planted"
    planted.mkdir()
    access = {"admin": [], "write": [], "read": ["*"]}
    (planted / "syft.pub.yaml").write_text(yaml.safe_dump({"rules": [{"pattern": "**", "access": access}]}))
    assert decides(site.root, path, reader) is expected


@pytest.mark.parametrize(
    ("path", "reader", "expected"),
    [
        ("app_data/netflix_trend/shared/survey.json", "bob@example.org", True),
        ("app_data/netflix_trend/shared/statistics/2026-W46.json", "bob@example.org", True),
        ("app_data/netflix_trend/shared/statistics/deeper/x.json", "bob@example.org", False),
        ("app_data/netflix_trend/shared/survey.json", "carol@example.org", False),
        ("app_data/netflix_trend/shared/syft.pub.yaml", "bob@example.org", False),
        ("public/netflix_trend/index.html", "carol@example.org", True),
        ("public/netflix_trend/syft.pub.yaml", "carol@example.org", False),
    ],
)
def test_the_go_generation_decides_about_an_aggregators_files(
    site: Datasite, path: str, reader: str, expected: bool
) -> None:
    go_client_files(site)
    files = {"survey.json": b"x", "statistics/2026-W46.json": b"x"}
    readers = {"survey.json": ["bob@example.org"], "statistics/*.json": ["bob@example.org"]}
    site.share(site.app_data / "shared", files, readers, durable=False)
    site.share(site.public, {"index.html": b"x"}, {"index.html": ["*"]}, durable=False)
    assert decides(site.root, path, reader) is expected


def test_more_readers_than_a_synced_permission_file_holds_are_refused(site: Datasite) -> None:
    readers = [f"invented-{number}@mail.example.org" for number in range(100_000)]
    with pytest.raises(DatasiteError, match=r"syftperm\.yaml"):
        site.share(site.app_data / "shared", {"survey.json": b"x"}, {"survey.json": readers}, durable=False)
    assert not site.app_data.exists()
