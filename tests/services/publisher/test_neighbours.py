"""The publisher on histories that differ in one week: files and times do not reveal which one it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.publishing import publish_with
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.simulation.population import person
from netflix_trend.storage.files import restore_file
from netflix_trend.survey.release import SIZE, parse_release
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import starter_surveys

NEWEST = Week.parse("2026-W46")
TODAY = NEWEST.sunday + timedelta(days=1)
Rows = list[tuple[str, int, int, int]]  # day, title, vocabulary index, kind


def each_week(rows: Rows) -> Rows:
    """Repeat rows of the newest week in the weeks before, so that every open round is about the same week."""
    return [(str(date.fromisoformat(day) - timedelta(weeks=age)), *rest) for age in range(4) for day, *rest in rows]


ONE: Rows = each_week([("2026-11-10", 0, 7, 0)])
HISTORIES: dict[str, dict[str, Rows]] = {
    "one show": {"me": ONE},
    "nothing at all": {"me": []},
    "an old history and empty weeks": {"me": [(f"2019-01-{day:02d}", day, day, 0) for day in range(1, 29)]},
    "20 shows": {"me": each_week([("2026-11-11", show, show, 0) for show in range(20)])},
    "200 views of one show": {"me": each_week([("2026-11-15", view, 7, 0) for view in range(200)])},
    "unknown titles": {"me": each_week([("2026-11-10", title, -1, 2) for title in range(5)])},
    "films and trailers": {"me": each_week([("2026-11-10", title, -1, 1 + 3 * (title % 2)) for title in range(9)])},
    "two profiles": {"me": ONE, "kids": each_week([("2026-11-09", title, title, 0) for title in range(6)])},
    "two profiles, one unused": {"me": ONE, "kids": []},
}


def save(root: Path, profiles: dict[str, Rows], covered: date = NEWEST.sunday) -> None:
    vocabulary = starter_vocabulary()
    for name, rows in profiles.items():
        folder = root / "private" / "profiles" / name
        folder.mkdir(parents=True, exist_ok=True)
        full = np.array([tuple(row) for row in rows], dtype=FULL_DTYPE)
        save_encodings(folder, Encodings(full, np.zeros(len(vocabulary), "<i4"), vocabulary.version, covered))


def settings_of(root: Path, email: str) -> Settings:
    Datasite(root / "datasites", email).set_up()
    return load_settings(
        private_dir=root / "private",
        publisher_dir=root / "publisher",
        datasites_dir=root / "datasites",
        syftbox_email=email,
    )


def files(root: Path, email: str) -> dict[str, bytes]:
    site = Datasite(root / "datasites", email)
    return {name: (site.app_data / name).read_bytes() for name in sorted(site.published())}


def releases(root: Path, email: str) -> dict[str, bytes]:
    return {name: data for name, data in files(root, email).items() if name.startswith("releases/")}


def asked(question: str) -> tuple[str, Survey]:
    """Return somebody who is asked a question in an open round, and the round's survey."""
    for number in range(1000):
        for survey in starter_surveys(TODAY):
            mine = survey.question_for(person(number))
            if mine is not None and mine.name == question:
                return person(number), survey
    raise AssertionError(f"nobody is asked {question}")


EMAIL, SURVEY = asked("top_shows")


@pytest.mark.parametrize("question", ["top_shows", "volume"])
def test_neighbours_leave_the_same_files_of_the_same_sizes(tmp_path: Path, question: str) -> None:
    email, survey = asked(question)
    shapes, contents = set(), set()
    for number, profiles in enumerate(HISTORIES.values()):
        root = tmp_path / str(number)
        save(root, profiles)
        publish_with(settings_of(root, email), TODAY)
        found = files(root, email)
        site = Datasite(root / "datasites", email)
        shapes.add(tuple((name, len(data), (site.app_data / name).stat().st_mode) for name, data in found.items()))
        everything = {path.relative_to(root / "datasites").as_posix() for path in (root / "datasites").rglob("*")}
        assert len(everything) == len(found) + 7, (
            "five folders, SyftBox's own two files, no file of the publisher's own beside the published ones"
        )
        release = found[f"releases/{survey.round}.json"]
        mine = survey.question_for(email)
        assert mine is not None
        assert len(parse_release(release, survey, mine)) == mine.payload_size
        plain = {name: value for name, value in json.loads(release).items() if name not in ("payload", "checksum")}
        manifest = json.loads(found["manifest.json"])
        for entry in manifest["files"].values():
            entry.pop("sha256")
        contents.add(json.dumps([plain, manifest, found["syftperm.yaml"].decode(), found["syft.pub.yaml"].decode()]))
    assert len(shapes) == 1
    assert len(contents) == 1, "apart from the answer and hashes of it, the files are the same"
    assert (f"releases/{survey.round}.json", SIZE, 0o100644) in next(iter(shapes))


def test_times_of_releases_and_manifests_tell_nothing_but_their_bytes(tmp_path: Path) -> None:
    monday = datetime.combine(Week.last_complete(TODAY).sunday + timedelta(days=1), time(), UTC).timestamp()
    for number, profiles in enumerate(HISTORIES.values()):
        root = tmp_path / str(number)
        save(root, profiles)
        publish_with(settings_of(root, EMAIL), TODAY)
        app_data = Datasite(root / "datasites", EMAIL).app_data
        for name in ("manifest.json", f"releases/{SURVEY.round}.json"):
            copy = root / "copy"
            restore_file(copy, (app_data / name).read_bytes(), modified=monday)
            assert (app_data / name).stat().st_mtime_ns == copy.stat().st_mtime_ns


@pytest.mark.parametrize("before", HISTORIES)
def test_a_second_run_gives_the_same_bytes_even_with_late_exports(tmp_path: Path, before: str) -> None:
    save(tmp_path, HISTORIES[before])
    settings = settings_of(tmp_path, EMAIL)
    publish_with(settings, TODAY)
    first = files(tmp_path, EMAIL)
    assert len(releases(tmp_path, EMAIL)) == 1
    for late in HISTORIES.values():
        save(tmp_path, late)
        publish_with(settings, TODAY + timedelta(days=2))
        assert files(tmp_path, EMAIL) == first


def killed_at(step: int, settings: Settings) -> bool:
    """Publish in a child that is killed right before its n-th step on disk; return whether it got that far.

    A step is anything Python reports to audit hooks (opening, renaming, making, removing) below the test's folder, and
    every fsync: between them lie all states that a kill can leave, but half a written line (see test_ledger).
    """
    child = os.fork()
    if child == 0:
        left, root, fsync = [step], str(settings.publisher_dir.parent), os.fsync

        def count() -> None:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event in {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.utime"} and (
                str(arguments[0]).startswith((root, "."))
            ):
                count()

        def counted_fsync(descriptor: int) -> None:
            count()
            fsync(descriptor)

        os.fsync = counted_fsync  # type: ignore[assignment]
        sys.addaudithook(hook)
        try:
            publish_with(settings, TODAY)
        except BaseException:
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGUSR1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) in {signal.SIGKILL, signal.SIGUSR1}, "the publisher failed by itself"
    return os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # from Python 3.12 on
def test_a_kill_at_any_step_never_makes_a_second_draw(tmp_path: Path) -> None:
    states = set()
    for step in range(1, 500):
        root = tmp_path / str(step)
        save(root, {"me": ONE})
        settings = settings_of(root, EMAIL)
        was_killed = killed_at(step, settings)
        ledger = settings.records_dir / "ledger.jsonl"
        drawn = [entry.data for entry in read_ledger(ledger)] if ledger.exists() else []
        visible = releases(root, EMAIL)
        assert len(drawn) <= 1
        assert set(visible.values()) <= set(drawn), "nothing is visible that the ledger does not hold"
        assert not visible or {"syftperm.yaml", "syft.pub.yaml"} <= set(files(root, EMAIL))
        assert "manifest.json" not in files(root, EMAIL) or visible
        states.add((bool(drawn), bool(visible)))
        save(root, HISTORIES["20 shows"])  # what arrives after the kill must not matter to what was drawn before it
        for _ in range(2):
            publish_with(settings, TODAY)
        (after,) = releases(root, EMAIL).values()
        assert [entry.data for entry in read_ledger(ledger)] == [after]
        assert drawn in ([], [after]), f"redrawn after a kill at step {step}"
        assert not [path for path in Datasite(root / "datasites", EMAIL).root.rglob("*") if path.suffix == ".tmp"]
        shutil.rmtree(root)
        if not was_killed:
            break
    else:
        pytest.fail("the publisher takes more than 500 steps")
    assert step > 15, "there are steps to be killed at"
    assert states == {(False, False), (True, False), (True, True)}, "kills hit before, between and after"


def test_a_datasite_restored_from_an_old_copy_is_repaired(tmp_path: Path) -> None:
    save(tmp_path, {"me": ONE})
    settings = settings_of(tmp_path, EMAIL)
    site = Datasite(tmp_path / "datasites", EMAIL)
    copies = []
    for age in range(3):
        save(tmp_path, {"me": ONE}, NEWEST.sunday + timedelta(weeks=4 * age))
        publish_with(settings, TODAY + timedelta(weeks=4 * age))
        copies.append(tmp_path / f"copy{age}")
        shutil.copytree(site.root, copies[-1])
    newest = files(tmp_path, EMAIL)
    assert len(releases(tmp_path, EMAIL)) == 3
    ledger = (settings.records_dir / "ledger.jsonl").read_bytes()
    for copy in [*copies, None]:
        shutil.rmtree(site.root)
        if copy is not None:
            shutil.copytree(copy, site.root)
        publish_with(settings, TODAY + timedelta(weeks=8))
        assert files(tmp_path, EMAIL) == newest
        assert (settings.records_dir / "ledger.jsonl").read_bytes() == ledger


def test_old_files_mixed_with_new_ones_are_repaired(tmp_path: Path) -> None:
    """A sync client that restores some files only, or swaps two releases."""
    save(tmp_path, {"me": ONE})
    settings = settings_of(tmp_path, EMAIL)
    app_data = Datasite(tmp_path / "datasites", EMAIL).app_data
    publish_with(settings, TODAY)
    old = files(tmp_path, EMAIL)
    save(tmp_path, {"me": ONE}, NEWEST.sunday + timedelta(weeks=4))
    publish_with(settings, TODAY + timedelta(weeks=4))
    new = files(tmp_path, EMAIL)
    first, second = releases(tmp_path, EMAIL)
    for name, data in old.items():
        (app_data / name).write_bytes(data)
        publish_with(settings, TODAY + timedelta(weeks=4))
        assert files(tmp_path, EMAIL) == new
    (app_data / first).write_bytes(new[second])
    publish_with(settings, TODAY + timedelta(weeks=4))
    assert files(tmp_path, EMAIL) == new
