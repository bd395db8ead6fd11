"""Publishing for one reader, and reading untrusted datasites."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from netflix_trend.storage.files import UnsafeFile
from netflix_trend.syftbox.datasite import (
    LARGEST_MANIFEST,
    Datasite,
    DatasiteError,
    Manifest,
    SiteStatus,
    check_syncable,
    datasite_names,
    read_manifest,
    read_published,
    visit,
)
from netflix_trend.syftbox.permissions import LARGEST_FILE, PERMISSION_FILES
from tests.netflix_trend.storage.full_disk import files_no_larger_than

READER = "aggregator@example.org"
RELEASE = "releases/2026-W47.json"
FILES = {RELEASE: b"answer", "note.txt": b"hello"}


def manifest_of(site: Datasite) -> Manifest | None:
    with visit(site) as folder:
        return None if folder is None else read_manifest(folder)


def published_of(site: Datasite, manifest: Manifest, name: str, limit: int) -> bytes | None:
    with visit(site) as folder:
        assert folder is not None
        return read_published(folder, manifest, name, limit)


@pytest.fixture
def site(tmp_path: Path) -> Datasite:
    return Datasite(tmp_path / "datasites", "me@example.org")


@pytest.fixture
def other_site(site: Datasite) -> Datasite:
    """Somebody who has published FILES honestly, so far."""
    site.publish(FILES, READER, durable=False)
    return site


def publish(site: Datasite, files: dict[str, bytes], reader: str = READER) -> None:
    site.publish(files, reader, durable=False)


def entry(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def states(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of change of every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def refusal_of_manifest(site: Datasite) -> str:
    with pytest.raises(UnsafeFile) as caught:
        manifest_of(site)
    return caught.value.reason


def refusal_of_file(site: Datasite, name: str, limit: int = 1000) -> str:
    manifest = manifest_of(site)
    assert manifest is not None
    with pytest.raises(UnsafeFile) as caught:
        published_of(site, manifest, name, limit)
    return caught.value.reason


# Folders


def test_the_apps_files_lie_in_its_folders_of_the_datasite(tmp_path: Path) -> None:
    site = Datasite(tmp_path, "me@example.org")
    assert site.app_data == tmp_path / "me@example.org" / "app_data" / "netflix_trend"
    assert site.public == tmp_path / "me@example.org" / "public" / "netflix_trend"


@pytest.mark.parametrize(
    "email",
    ["", "me", "..", "../me@example.org", "me@example.org/..", "Me@example.org", "mé@example.org", "me@x.org\n"],
)
def test_a_datasite_is_named_by_an_address_that_is_a_folder_name(tmp_path: Path, email: str) -> None:
    with pytest.raises(DatasiteError, match="e-mail address"):
        Datasite(tmp_path, email)


# Publishing


def test_published_files_have_their_bytes(site: Datasite) -> None:
    publish(site, FILES)
    assert {name: (site.app_data / name).read_bytes() for name in FILES} == FILES
    assert site.published() == {*FILES, "manifest.json", *PERMISSION_FILES}


def test_nothing_is_published_where_there_is_no_folder(site: Datasite) -> None:
    assert site.published() == set()


def test_the_permission_file_of_the_python_generation_names_one_reader_for_each_file(site: Datasite) -> None:
    publish(site, FILES)
    assert (site.app_data / "syftperm.yaml").read_text("utf-8") == (
        '- {path: "manifest.json", user: "aggregator@example.org", permissions: [read]}\n'
        '- {path: "releases/2026-W47.json", user: "aggregator@example.org", permissions: [read]}\n'
        '- {path: "note.txt", user: "aggregator@example.org", permissions: [read]}\n'
    )


def test_the_permission_file_of_the_go_generation_names_one_reader_for_each_file_and_nobody_else(
    site: Datasite,
) -> None:
    publish(site, FILES)
    assert (site.app_data / "syft.pub.yaml").read_text("utf-8") == (
        "terminal: true\n"
        "rules:\n"
        '  - {pattern: "manifest.json", access: {admin: [], write: [], read: ["aggregator@example.org"]}}\n'
        '  - {pattern: "releases/2026-W47.json", access: {admin: [], write: [], read: ["aggregator@example.org"]}}\n'
        '  - {pattern: "note.txt", access: {admin: [], write: [], read: ["aggregator@example.org"]}}\n'
        '  - {pattern: "**", access: {admin: [], write: [], read: []}}\n'
    )


def test_another_reader_replaces_the_first(site: Datasite) -> None:
    publish(site, FILES)
    publish(site, FILES, reader="other@example.org")
    for name in PERMISSION_FILES:
        text = (site.app_data / name).read_text("utf-8")
        assert READER not in text
        assert "other@example.org" in text


def test_the_manifest_names_every_file_with_its_hash_and_size(site: Datasite) -> None:
    publish(site, FILES)
    assert json.loads((site.app_data / "manifest.json").read_bytes()) == {
        "schema_version": 1,
        "app": "netflix_trend",
        "files": {name: entry(data) for name, data in FILES.items()},
    }


def test_an_empty_publication_is_allowed(site: Datasite) -> None:
    publish(site, FILES)
    publish(site, {})
    assert site.published() == {"manifest.json", *PERMISSION_FILES}
    manifest = manifest_of(site)
    assert manifest is not None
    assert manifest.files == {}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("debug.log", b"x"),
        ("releases/x.tmp", b"x"),
        ("logs/x.json", b"x"),
        ("a/Dist/x.json", b"x"),
        ("x.syftrejected.json", b"x"),
        ("x.conflict.json", b"x"),
        ("empty.json", b""),
        ("large.json", bytes(LARGEST_FILE + 1)),
        ("two words.json", b"x"),
        ("releases/.hidden", b"x"),
        (".git/config", b"x"),
        ("../x.json", b"x"),
        ("a/../../x.json", b"x"),
        ("/etc/passwd", b"x"),
        ("a//b.json", b"x"),
        ("a/", b"x"),
        ("", b"x"),
        ("é.json", b"x"),
        ("\u212a.json", b"x"),  # a case-insensitive regular expression takes the kelvin sign for a k
        ("a\n", b"x"),
        ("a\\b.json", b"x"),
        ("*.json", b"x"),
        ('a".json', b"x"),
    ],
)
def test_a_file_that_would_not_be_synced_is_refused_before_anything_is_written(
    site: Datasite, name: str, data: bytes
) -> None:
    with pytest.raises(DatasiteError, match="SyftBox"):
        publish(site, {"good.json": b"good", name: data})
    assert not site.datasites.exists()


def test_a_refused_file_leaves_what_was_published_before_as_it_was(site: Datasite) -> None:
    publish(site, FILES)
    before = states(site.app_data)
    with pytest.raises(DatasiteError):
        publish(site, {"other.json": b"other", "debug.log": b"x"})
    assert states(site.app_data) == before


@pytest.mark.parametrize("name", ["a", "A.json", "2026-W47.json", "a/b/c.json", "_x", "-x", "x.log.json", "a..b"])
@pytest.mark.parametrize("size", [1, LARGEST_FILE])
def test_ordinary_names_and_sizes_up_to_the_limit_are_accepted(name: str, size: int) -> None:
    check_syncable(name, bytes(size))


def test_permissions_are_there_before_data_and_data_before_the_manifest(site: Datasite) -> None:
    with files_no_larger_than(100_000), pytest.raises(OSError, match="File too large"):
        publish(site, {"a.json": b"first", "b.json": bytes(300_000)})
    assert site.published() == {*PERMISSION_FILES, "a.json"}
    for name in PERMISSION_FILES:
        text = (site.app_data / name).read_text("utf-8")
        assert '"a.json"' in text
        assert '"b.json"' in text


def test_a_publication_that_breaks_off_keeps_the_old_manifest(site: Datasite) -> None:
    publish(site, FILES)
    before = (site.app_data / "manifest.json").read_bytes()
    with files_no_larger_than(100_000), pytest.raises(OSError, match="File too large"):
        publish(site, {**FILES, "b.json": bytes(300_000)})
    assert (site.app_data / "manifest.json").read_bytes() == before
    publish(site, {**FILES, "b.json": bytes(300_000)})
    assert json.loads((site.app_data / "manifest.json").read_bytes())["files"].keys() == {*FILES, "b.json"}


def test_publishing_twice_touches_no_file(site: Datasite) -> None:
    publish(site, FILES)
    for path in site.app_data.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    before = states(site.app_data)
    publish(site, FILES)
    assert before.keys() == {*FILES, "manifest.json", *PERMISSION_FILES}
    assert states(site.app_data) == before


def test_the_order_of_the_files_changes_neither_them_nor_the_manifest(site: Datasite) -> None:
    publish(site, FILES)
    before = states(site.app_data)
    publish(site, dict(reversed(FILES.items())))
    after = states(site.app_data)
    assert {name: after[name] for name in (*FILES, "manifest.json")} == {
        name: before[name] for name in (*FILES, "manifest.json")
    }


def test_a_changed_file_is_replaced_and_the_others_are_not_touched(site: Datasite) -> None:
    publish(site, FILES)
    before = states(site.app_data)
    publish(site, {**FILES, "note.txt": b"changed"})
    after = states(site.app_data)
    assert {name for name in after if after[name] != before[name]} == {"note.txt", "manifest.json"}
    assert (site.app_data / "note.txt").read_bytes() == b"changed"


@pytest.mark.parametrize("unknown", ["old.json", "releases/2026-W40.json", "deep/er/x.json", ".note.txt.99.tmp"])
def test_files_that_are_not_among_the_published_are_removed(site: Datasite, unknown: str) -> None:
    publish(site, FILES)
    (site.app_data / unknown).parent.mkdir(parents=True, exist_ok=True)
    (site.app_data / unknown).write_bytes(b"left over")
    publish(site, FILES)
    assert site.published() == {*FILES, "manifest.json", *PERMISSION_FILES}


def test_a_link_among_the_published_files_is_removed_and_its_target_stays(site: Datasite, tmp_path: Path) -> None:
    publish(site, FILES)
    (tmp_path / "private").write_bytes(b"private")
    (site.app_data / "link").symlink_to(tmp_path / "private")
    publish(site, FILES)
    assert not (site.app_data / "link").is_symlink()
    assert (tmp_path / "private").read_bytes() == b"private"


def test_a_link_in_place_of_a_file_is_replaced_even_when_the_bytes_are_equal(site: Datasite, tmp_path: Path) -> None:
    publish(site, FILES)
    (tmp_path / "elsewhere").write_bytes(FILES[RELEASE])
    (site.app_data / RELEASE).unlink()
    (site.app_data / RELEASE).symlink_to(tmp_path / "elsewhere")
    publish(site, FILES)
    assert not (site.app_data / RELEASE).is_symlink()
    assert (site.app_data / RELEASE).read_bytes() == FILES[RELEASE]


def test_a_folder_in_place_of_a_file_is_replaced(site: Datasite) -> None:
    (site.app_data / RELEASE / "inner").mkdir(parents=True)
    (site.app_data / "syftperm.yaml").mkdir()
    publish(site, FILES)
    assert (site.app_data / RELEASE).read_bytes() == FILES[RELEASE]
    assert (site.app_data / "syftperm.yaml").is_file()


def test_a_datasite_that_vanished_is_restored(site: Datasite) -> None:
    publish(site, FILES)
    for path in sorted(site.datasites.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    publish(site, FILES)
    assert site.published() == {*FILES, "manifest.json", *PERMISSION_FILES}


# Reading an untrusted datasite


def test_published_files_are_read_by_others(other_site: Datasite) -> None:
    manifest = manifest_of(other_site)
    assert manifest is not None
    assert manifest.files.keys() == FILES.keys()
    assert {name: published_of(other_site, manifest, name, 1000) for name in FILES} == FILES


def test_somebody_without_a_manifest_has_none(site: Datasite) -> None:
    site.datasites.mkdir()
    assert manifest_of(site) is None
    site.app_data.mkdir(parents=True)
    assert manifest_of(site) is None


@pytest.mark.parametrize("place", ["", "app_data", "app_data/netflix_trend"])
def test_a_linked_folder_on_the_way_to_the_manifest_is_not_followed(
    other_site: Datasite, tmp_path: Path, place: str
) -> None:
    real = other_site.root / place if place else other_site.root
    real.rename(tmp_path / "outside")
    real.symlink_to(tmp_path / "outside")
    assert refusal_of_manifest(other_site) == "not_a_file"


def test_a_linked_manifest_is_not_followed(other_site: Datasite, tmp_path: Path) -> None:
    path = other_site.app_data / "manifest.json"
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    assert refusal_of_manifest(other_site) == "not_a_file"


def test_a_hard_linked_manifest_is_refused(other_site: Datasite, tmp_path: Path) -> None:
    (tmp_path / "outside").hardlink_to(other_site.app_data / "manifest.json")
    assert refusal_of_manifest(other_site) == "hard_link"


@pytest.mark.timeout(5)
def test_a_fifo_in_place_of_the_manifest_does_not_hang(other_site: Datasite) -> None:
    (other_site.app_data / "manifest.json").unlink()
    os.mkfifo(other_site.app_data / "manifest.json")
    assert refusal_of_manifest(other_site) == "not_a_file"


def test_a_folder_in_place_of_the_manifest_is_refused(other_site: Datasite) -> None:
    (other_site.app_data / "manifest.json").unlink()
    (other_site.app_data / "manifest.json").mkdir()
    assert refusal_of_manifest(other_site) == "not_a_file"


def test_a_folder_in_place_of_a_file_is_not_waited_for(other_site: Datasite) -> None:
    (other_site.app_data / RELEASE).unlink()
    (other_site.app_data / RELEASE).mkdir()
    assert refusal_of_file(other_site, RELEASE) == "not_a_file"


def test_a_manifest_of_ten_thousand_files_is_refused_unread(other_site: Datasite) -> None:
    files = {f"{number}.json": entry(b"x") for number in range(10_000)}
    (other_site.app_data / "manifest.json").write_text(json.dumps({"files": files}), "utf-8")
    assert refusal_of_manifest(other_site) == "too_large"


def test_a_manifest_names_at_most_four_hundred_files(other_site: Datasite) -> None:
    files = {f"{number}": entry(b"x") for number in range(401)}
    path = other_site.app_data / "manifest.json"
    path.write_text(json.dumps({"files": files}), "utf-8")
    assert path.stat().st_size < LARGEST_MANIFEST
    assert refusal_of_manifest(other_site) == "manifest"
    del files["0"]
    path.write_text(json.dumps({"files": files}), "utf-8")
    assert manifest_of(other_site) is not None


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"files": []},
        {"files": None},
        {"files": {}, "app": "another_app"},
        {"files": {}, "schema_version": 2},
        {"files": {}, "schema_version": "1"},
        {"files": {"a": {"sha256": "0" * 64}}},
        {"files": {"a": {"sha256": "0" * 64, "size": 0}}},
        {"files": {"a": {"sha256": "0" * 64, "size": LARGEST_FILE + 1}}},
        {"files": {"a": {"sha256": "0" * 64, "size": "1"}}},
        {"files": {"a": {"sha256": "0" * 64, "size": True}}},
        {"files": {"a": {"sha256": "0" * 64, "size": 1.5}}},
        {"files": {"a": {"sha256": "0" * 63, "size": 1}}},
        {"files": {"a": {"sha256": "A" * 64, "size": 1}}},
        {"files": {"a": {"sha256": "0" * 64 + "\n", "size": 1}}},
        [],
        7,
    ],
    ids=str,
)
def test_an_invalid_manifest_is_refused(other_site: Datasite, content: Any) -> None:
    (other_site.app_data / "manifest.json").write_text(json.dumps(content), "utf-8")
    assert refusal_of_manifest(other_site) == "manifest"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"null", b'{"files":' + b"[" * 60_000, b'{"files":{"\\ud800":1}}']
)
def test_a_manifest_that_is_not_json_is_refused(other_site: Datasite, data: bytes) -> None:
    (other_site.app_data / "manifest.json").write_bytes(data)
    assert refusal_of_manifest(other_site) == "manifest"


def test_the_refusal_of_a_manifest_is_short_whatever_is_in_it(other_site: Datasite) -> None:
    (other_site.app_data / "manifest.json").write_text(json.dumps({"files": {"x" * 50_000: 1}}), "utf-8")
    with pytest.raises(UnsafeFile) as caught:
        manifest_of(other_site)
    assert len(str(caught.value)) < 400


def test_a_file_that_the_manifest_does_not_name_is_not_read(other_site: Datasite) -> None:
    (other_site.app_data / "other.json").write_bytes(b"other")
    manifest = manifest_of(other_site)
    assert manifest is not None
    assert published_of(other_site, manifest, "other.json", 1000) is None


def test_a_file_that_has_not_arrived_is_waited_for(other_site: Datasite) -> None:
    (other_site.app_data / RELEASE).unlink()
    assert refusal_of_file(other_site, RELEASE) == "unsynced"


def test_a_file_whose_folder_has_not_arrived_is_waited_for(other_site: Datasite) -> None:
    (other_site.app_data / RELEASE).unlink()
    (other_site.app_data / RELEASE).parent.rmdir()
    assert refusal_of_file(other_site, RELEASE) == "unsynced"


@pytest.mark.parametrize("data", [b"", b"answe", b"another", b"ANSWER"])
def test_a_file_that_does_not_match_the_manifest_is_waited_for(other_site: Datasite, data: bytes) -> None:
    (other_site.app_data / RELEASE).write_bytes(data)
    assert refusal_of_file(other_site, RELEASE) == "unsynced"


def test_a_file_beyond_the_limit_is_refused_though_its_manifest_is_right(other_site: Datasite) -> None:
    assert refusal_of_file(other_site, RELEASE, limit=len(FILES[RELEASE]) - 1) == "too_large"


def test_a_sparse_file_of_ten_gigabytes_is_refused(other_site: Datasite) -> None:
    os.truncate(other_site.app_data / RELEASE, 10 * 10**9)
    assert refusal_of_file(other_site, RELEASE) == "too_large"


def test_a_linked_file_is_not_followed_though_its_hash_is_right(other_site: Datasite, tmp_path: Path) -> None:
    (other_site.app_data / RELEASE).rename(tmp_path / "outside")
    (other_site.app_data / RELEASE).symlink_to(tmp_path / "outside")
    assert refusal_of_file(other_site, RELEASE) == "not_a_file"


@pytest.mark.parametrize("name", ["../../secret", "releases/../../../secret", "/etc/passwd"])
def test_a_manifest_that_names_a_file_elsewhere_does_not_lead_there(other_site: Datasite, name: str) -> None:
    (other_site.root / "secret").write_bytes(b"secret")
    manifest = Manifest.model_validate({"files": {name: entry(b"secret")}})
    with pytest.raises(UnsafeFile) as caught:
        published_of(other_site, manifest, name, 1000)
    assert caught.value.reason == "path"


# Listing datasites


def test_only_folders_that_are_named_by_an_address_are_datasites(tmp_path: Path) -> None:
    for name in ["a@example.org", "b.c+d@mail.example.org"]:
        (tmp_path / name).mkdir()
    for name in [
        ".a@example.org",
        "A@example.org",
        "example.org",
        "é@example.org",
        "a b@example.org",
        "a@org",
        "x@y.org\n",
    ]:
        (tmp_path / name).mkdir()
    (tmp_path / "file@example.org").write_bytes(b"")
    (tmp_path / "link@example.org").symlink_to(tmp_path / "a@example.org")
    (tmp_path / "dangling@example.org").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo@example.org")
    assert sorted(datasite_names(tmp_path)) == ["a@example.org", "b.c+d@mail.example.org"]


def test_an_empty_folder_has_no_datasites(tmp_path: Path) -> None:
    assert list(datasite_names(tmp_path)) == []


# Our datasite is a cache


def test_a_link_to_a_folder_in_place_of_a_file_is_replaced(site: Datasite, tmp_path: Path) -> None:
    publish(site, FILES)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    (site.app_data / RELEASE).unlink()
    (site.app_data / RELEASE).symlink_to(tmp_path / "elsewhere")
    publish(site, FILES)
    assert (site.app_data / RELEASE).read_bytes() == FILES[RELEASE]
    assert (tmp_path / "elsewhere" / "kept").exists()


@pytest.mark.parametrize("place", ["", "app_data", "app_data/netflix_trend"])
def test_nothing_is_written_through_a_link(site: Datasite, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = site.root / place if place else site.root
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    for action in (lambda: publish(site, FILES), site.withdraw):
        with pytest.raises(DatasiteError, match="is a link"):
            action()
    assert not list(outside.iterdir())


@pytest.mark.parametrize("place", [".", "app_data", "app_data/other", "public", "public/other", "private/netflix_data"])
def test_files_go_into_the_apps_own_folders_only(site: Datasite, place: str) -> None:
    with pytest.raises(DatasiteError, match="files go into"):
        site.share(site.root / place, FILES, {}, durable=False)
    assert not site.root.exists()


@pytest.mark.parametrize("name", ["syftperm.yaml", "statistics/syft.pub.yaml"])
def test_permissions_are_not_given_as_a_file(site: Datasite, name: str) -> None:
    with pytest.raises(DatasiteError, match="made from the readers"):
        site.share(site.app_data / "shared", {name: b"- rule"}, {}, durable=False)


def test_withdrawing_after_the_server_was_wiped_leaves_a_datasite_that_readers_look_at(site: Datasite) -> None:
    publish(site, FILES)
    own = site.root / PERMISSION_FILES[0]
    assert not own.exists()
    assert not site.withdraw()
    assert own.read_text().endswith(f"user: {site.email}\n")
    assert "path: syftperm.yaml\n  user: '*'" in (site.root / "public" / PERMISSION_FILES[0]).read_text()
    own.unlink()
    assert not site.withdraw()
    assert not own.exists(), "there is nothing that a reader could keep"


def test_withdrawing_leaves_nothing_and_may_be_repeated(site: Datasite) -> None:
    publish(site, FILES)
    (site.app_data / "unknown").write_text("somebody else's")
    assert set(site.digests()) == {*FILES, "manifest.json", "unknown"}
    for _ in range(2):
        site.withdraw()
        assert site.published() == set()
    assert not list(site.app_data.iterdir())


def test_the_status_compares_files_manifest_and_rules(site: Datasite) -> None:
    assert site.status(READER) == SiteStatus(False, (), (), (), ())
    site.set_up()
    publish(site, FILES)
    everything = tuple(sorted([*FILES, "manifest.json"]))
    assert site.status(READER) == SiteStatus(True, everything, (), (), everything)
    assert site.status("other@example.org").readable == ()
    (site.app_data / RELEASE).write_bytes(b"altered")
    (site.app_data / "unknown").write_text("?")
    status = site.status(READER)
    assert (status.damaged, status.unknown) == ((RELEASE,), ("unknown",))
    (site.app_data / "manifest.json").write_text("{")
    assert site.status(READER).unknown == tuple(sorted([*FILES, "unknown"]))


def test_a_datasite_is_set_up_as_a_client_does_and_only_once(site: Datasite) -> None:
    site.set_up()
    (rules,) = yaml.safe_load((site.root / "syftperm.yaml").read_text())
    assert rules == {"path": "**", "user": site.email, "permissions": ["admin", "create", "write", "read"]}
    (site.root / "syftperm.yaml").write_text("mine")
    site.set_up()
    assert (site.root / "syftperm.yaml").read_text() == "mine"
