"""A removed file is gone at its readers, too, on every generation of SyftBox, and nobody else ever reads it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.operators.transport import REPORT, OwnFiles
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import GO_FILE, PERMISSION_FILES, named_readers, write_permissions
from tests.netflix_trend.syftbox.pysyft_folder import PySyftFolder

ANN, TREND, OTHER = "ann@example.org", "trend@example.org", "other@example.org"
APP = "app_data/netflix_trend"
RELEASE, LATER = "releases/2026-W46.json", "releases/2026-W47.json"


@pytest.fixture
def folder(tmp_path: Path) -> PySyftFolder:
    return PySyftFolder(tmp_path / f"SyftBox_{ANN}", ANN, (TREND, OTHER))


def publish(folder: PySyftFolder, files: dict[str, bytes], reader: str = TREND) -> None:
    folder.site.publish(files, reader, durable=False)


def at(folder: PySyftFolder, reader: str) -> set[str]:
    return {name.removeprefix(f"{APP}/") for name in folder.copies[reader]}


def rules_of(folder: PySyftFolder) -> set[str]:
    return set(named_readers(folder.site.app_data))


def test_a_withdrawal_waits_with_the_rules_until_a_sync_has_noticed_the_removal(folder: PySyftFolder) -> None:
    publish(folder, {RELEASE: b"x"})
    folder.sync()
    assert at(folder, TREND) == {RELEASE, "manifest.json"}
    for _ in range(2):
        assert folder.site.withdraw() == {RELEASE, "manifest.json"}
        assert folder.site.published() == set(PERMISSION_FILES)
        assert folder.site.status(TREND).readable == ()
    folder.sync()
    assert not at(folder, TREND)
    assert folder.site.withdraw() == set()
    assert folder.site.published() == set()


def test_a_release_that_is_not_published_any_more_keeps_its_rule_until_then(folder: PySyftFolder) -> None:
    publish(folder, {RELEASE: b"x"})
    folder.sync()
    publish(folder, {LATER: b"y"})
    assert rules_of(folder) == {RELEASE, LATER, "manifest.json"}
    assert folder.site.status(TREND).readable == ("manifest.json", LATER)
    folder.sync()
    assert at(folder, TREND) == {LATER, "manifest.json"}
    publish(folder, {LATER: b"y"})
    assert rules_of(folder) == {LATER, "manifest.json"}


def test_what_no_sync_has_ever_sent_is_not_waited_for(folder: PySyftFolder) -> None:
    folder.sync()
    publish(folder, {RELEASE: b"x"})
    assert folder.site.withdraw() == set()
    (folder.site.app_data / "planted.txt").write_text("nobody may read it")
    folder.sync()
    assert folder.site.withdraw() == set()
    assert folder.site.published() == set()


def test_while_a_sync_runs_rules_stay(folder: PySyftFolder) -> None:
    publish(folder, {RELEASE: b"x"})
    folder.begin()
    assert folder.site.withdraw() == {RELEASE, "manifest.json"}, "the sync has read the files"
    folder.record()
    folder.finish()
    assert at(folder, TREND) == {RELEASE, "manifest.json"}
    assert folder.site.withdraw() == {RELEASE, "manifest.json"}
    folder.sync()
    assert not at(folder, TREND)


def test_another_aggregator_gets_files_when_the_first_has_lost_them(folder: PySyftFolder) -> None:
    publish(folder, {RELEASE: b"for the first"})
    folder.sync()
    for _ in range(2):
        publish(folder, {RELEASE: b"for the second"}, OTHER)
        assert not (folder.site.app_data / RELEASE).exists()
        assert named_readers(folder.site.app_data)[RELEASE] == [TREND]
    folder.sync()
    assert not at(folder, TREND)
    publish(folder, {RELEASE: b"for the second"}, OTHER)
    folder.sync()
    assert folder.copies[OTHER][f"{APP}/{RELEASE}"] == b"for the second"
    assert not at(folder, TREND)


def leave_by_withdrawal(folder: PySyftFolder) -> None:
    folder.site.withdraw()


def leave_rounds(folder: PySyftFolder) -> None:
    folder.site.keep_in_rounds(set())


def leave_rounds_and_publish(folder: PySyftFolder) -> None:
    folder.site.publish({}, TREND, durable=False)


@pytest.mark.parametrize("leave", [leave_by_withdrawal, leave_rounds, leave_rounds_and_publish])
def test_the_rule_of_a_sealed_report_goes_last_with_its_folder(
    folder: PySyftFolder, leave: Callable[[PySyftFolder], None]
) -> None:
    files, report = OwnFiles(folder.site, durable=False), f"rounds/2026-W46/{REPORT}"
    folder.site.publish({RELEASE: b"x"}, TREND, durable=False, keep_rounds=True)
    files.share_with("2026-W46", {REPORT: [TREND, OTHER]})
    files.write("2026-W46", REPORT, b"sealed")
    folder.sync()
    assert at(folder, TREND) == {RELEASE, "manifest.json", report}
    assert at(folder, OTHER) == {report}
    leave(folder)
    assert {f"rounds/2026-W46/{name}" for name in PERMISSION_FILES} < folder.site.published()
    assert report not in folder.site.published()
    folder.sync()
    assert report not in at(folder, TREND) | at(folder, OTHER)
    leave(folder)
    assert not (folder.site.app_data / "rounds").exists()


def test_an_operators_rules_outlast_a_removed_report(folder: PySyftFolder) -> None:
    files = OwnFiles(folder.site, durable=False)
    files.share_with("2026-W46", {REPORT: [TREND]})
    files.write("2026-W46", REPORT, b"sealed")
    folder.sync()
    files.remove("2026-W46", REPORT)
    files.share_with("2026-W46", {"close.json": ["*"]})
    folder.sync()
    assert not at(folder, TREND)


@pytest.mark.parametrize("client", [None, ".metadata.json"])
def test_with_a_server_rules_go_together_with_their_files(tmp_path: Path, client: str | None) -> None:
    if client:
        (tmp_path / client).touch()
    site = Datasite(tmp_path / "datasites", ANN)
    site.publish({RELEASE: b"x"}, TREND, durable=False)
    site.publish({RELEASE: b"y"}, OTHER, durable=False)
    assert (site.app_data / RELEASE).read_bytes() == b"y"
    site.publish({}, OTHER, durable=False)
    assert named_readers(site.app_data) == {"manifest.json": [OTHER]}
    assert site.withdraw() == set()
    assert site.published() == set()


def test_only_rules_that_we_write_are_read(tmp_path: Path) -> None:
    write_permissions(tmp_path, {RELEASE: [TREND, OTHER], "*.json": [TREND], "nobody.json": []}, durable=False)
    with (tmp_path / GO_FILE).open("a") as file:
        file.write('  - {pattern: "x", access: {admin: [], write: [], read: [nonsense]}}\n')
        file.write(' - {pattern: "y", access: {admin: [], write: [], read: ["a@example.org"]}}\n')
    assert named_readers(tmp_path) == {RELEASE: [TREND, OTHER]}
    assert named_readers(tmp_path / "nowhere") == {}


STEPS = st.one_of(
    st.tuples(st.just("publish"), st.sets(st.sampled_from([RELEASE, LATER])), st.sampled_from([TREND, OTHER])),
    st.just(("withdraw",)),
    st.just(("report",)),
    st.just(("no report",)),
    st.just(("part",)),
    st.just(("sync",)),
)


def for_reader(names: set[str], reader: str) -> dict[str, bytes]:
    return {name: f"{name} for {reader}".encode() for name in sorted(names)}


def run(folder: PySyftFolder, step: tuple[Any, ...], state: dict[str, Any]) -> None:
    """Do a step of ours, the next part of a sync or the rest of it. The publisher writes between syncs only."""
    if step[0] in ("part", "sync"):
        part = state["part"] = (state["part"] + 1) % 3
        (folder.finish, folder.begin, folder.record)[part]()
        if part and step[0] == "sync":
            run(folder, step, state)
        return
    if step[0] in ("publish", "report") and state["part"]:
        return
    state["last"] = step if step[0] in ("publish", "withdraw") else state["last"]
    if step[0] == "publish":
        _, names, reader = step
        folder.site.publish(for_reader(names, reader), reader, durable=False, keep_rounds=True)
    elif step[0] == "withdraw":
        folder.site.withdraw()
    elif step[0] == "report":
        files = OwnFiles(folder.site, durable=False)
        files.share_with("2026-W46", {REPORT: [OTHER]})
        files.write("2026-W46", REPORT, OTHER.encode())
    else:
        folder.site.keep_in_rounds(set())


def nobody_else_reads(folder: PySyftFolder) -> None:
    site = folder.root / ANN
    for path in site.rglob("*.json"):
        if path.name != "manifest.json":
            readers = folder.readers(path.relative_to(site).as_posix())
            assert all(path.read_bytes().endswith(reader.encode()) for reader in readers)
    for reader, files in folder.copies.items():
        assert all(data.endswith(reader.encode()) for name, data in files.items() if not name.endswith("manifest.json"))
        assert not [name for name in files if name.endswith(".yaml")]


@settings(max_examples=80, deadline=None)
@given(st.lists(STEPS, max_size=16))
def test_however_runs_and_syncs_mix_readers_are_told_of_every_removal(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = PySyftFolder(Path(root) / "SyftBox", ANN, (TREND, OTHER))
        state: dict[str, Any] = {"part": 0, "last": ("withdraw",)}
        for step in steps:
            run(folder, step, state)
            nobody_else_reads(folder)
        if state["part"]:
            run(folder, ("sync",), state)
        for _ in range(3):
            run(folder, ("no report",), state)
            run(folder, state["last"], state)
            folder.sync()
            nobody_else_reads(folder)
        for who in (TREND, OTHER):
            is_reader = who in state["last"]
            assert at(folder, who) == ({*state["last"][1], "manifest.json"} if is_reader else set())
        if state["last"] == ("withdraw",):
            folder.site.withdraw()
            assert folder.site.published() == set()
