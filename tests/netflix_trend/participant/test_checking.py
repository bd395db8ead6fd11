"""`check`: each disagreement on disk is named, and a machine where all agrees has none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from netflix_trend.history.raw import RawStore
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.operators.store import Store
from netflix_trend.participant import participant
from netflix_trend.participant.checking import Finding, check
from netflix_trend.participant.choices import choose
from netflix_trend.participant.ledger import LedgerError, read_ledger
from netflix_trend.settings import Settings
from netflix_trend.survey.survey import dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import starter_surveys
from tests.netflix_trend.participant.test_restoring import AGGREGATOR, ANN, FIRST, day_after, installed


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody with an export who has answered."""
    folder = tmp_path_factory.mktemp("machine")
    settings = installed(folder)
    choose(settings.private_dir, "joined")
    export = folder / "NetflixViewingHistory.csv"
    export.write_text('Title,Date\n"Dark: Season 1: Secrets","2/25/26"\n"Roma","2/13/26"\n')
    os.utime(export, (at := day_after(FIRST).toordinal() * 86_400.0 - 719_163 * 86_400.0 + 43_200.0, at))
    participant.take_file(settings, export, "import")
    participant.refresh(settings)
    shared = Datasite(settings.datasites_dir, AGGREGATOR).app_data / "shared"
    shared.mkdir(parents=True)
    (shared / "survey.json").write_bytes(dump_surveys(starter_surveys(day_after(FIRST))))
    status = participant.publish(settings, day_after(FIRST))
    assert [one.status for one in status.outcomes].count("drawn") == 1, status
    return folder


@pytest.fixture
def settings(machine: Path, tmp_path: Path) -> Settings:
    shutil.copytree(machine, tmp_path, dirs_exist_ok=True)
    return installed(tmp_path)


def found(settings: Settings) -> list[tuple[str, str]]:
    return [(one.about, one.what) for one in check(settings)]


def test_where_everything_agrees_nothing_is_found_and_nothing_written(settings: Settings) -> None:
    def states() -> dict[Path, float]:
        folders = (settings.private_dir, settings.publisher_dir, settings.datasites_dir)
        return {path: path.stat().st_mtime for folder in folders for path in folder.rglob("*")}

    before = states()
    assert check(settings) == []
    assert states() == before


def an_export(settings: Settings) -> Path:
    (export,) = RawStore(settings.private_dir).exports()
    return PrivateVolume(settings.private_dir).export(export.sha256)


def ledger(settings: Settings) -> Path:
    return PublisherVolume(settings.records_dir).ledger


def release(settings: Settings) -> Path:
    return Datasite(settings.datasites_dir, ANN).app_data / "releases" / f"{FIRST}.json"


def torn_database(settings: Settings) -> None:
    Store(PublisherVolume(settings.records_dir).sealed).close()
    PublisherVolume(settings.records_dir).sealed.write_bytes(b"SQLite format 3\0" + bytes(5_000))


def plant(settings: Settings) -> None:
    release(settings).with_name("2026-W01.json").write_bytes(b"{}")


@pytest.mark.parametrize(
    ("damage", "about", "said"),
    [
        (lambda one: an_export(one).unlink(), "raw", "csv is missing"),
        (lambda one: an_export(one).write_bytes(b"other"), "raw", "csv is damaged"),
        (lambda one: an_export(one).with_suffix(".json").write_bytes(b"{"), "raw", "json cannot be read"),
        (lambda one: an_export(one).with_name("0a.csv").write_bytes(b"x"), "raw", "has no description"),
        (lambda one: (one.private_dir / "profiles/me/built_from.json").unlink(), "tables", "1 export of raw/"),
        (lambda one: (one.private_dir / "exclusions.json").write_bytes(b"{"), "tables", "exclusions.json"),
        (lambda one: ledger(one).write_bytes(ledger(one).read_bytes() + b"x\n"), "ledger", "not a ledger line"),
        (torn_database, "ledger", "operators.sqlite is damaged"),
        (lambda one: release(one).unlink(), "datasite", f"not in the datasite: {FIRST}"),
        (lambda one: release(one).write_bytes(b"{}"), "datasite", f"other bytes than in the ledger: {FIRST}"),
        (plant, "datasite", "the ledger does not know: 2026-W01"),
        (lambda one: choose(one.private_dir, "withdrawn"), "datasite", "although you have withdrawn"),
        (lambda one: (one.private_dir / "choices.json").write_bytes(b"{"), "datasite", "choices.json is damaged"),
        (lambda one: ledger(one).unlink(), "outlook", f"not in the ledger: {FIRST}"),
        (lambda one: (one.records_dir / "outlook.json").unlink(), "outlook", "no run of the publisher"),
    ],
)
def test_each_disagreement_is_named_where_it_is(
    settings: Settings, damage: Callable[[Settings], object], about: str, said: str
) -> None:
    damage(settings)
    assert [one for one in found(settings) if one[0] == about and said in one[1]], found(settings)
    assert all(one.step and "@" not in one.what and "Dark" not in one.what for one in check(settings))


def test_what_check_says_to_do_ends_it(settings: Settings) -> None:
    release(settings).unlink()
    (settings.private_dir / "profiles/me/built_from.json").unlink()
    assert {one.about for one in check(settings)} == {"tables", "datasite"}
    participant.refresh(settings)
    participant.publish(settings, day_after(FIRST))
    assert check(settings) == []


def test_a_new_machine_agrees(tmp_path: Path) -> None:
    assert check(installed(tmp_path)) == []


def test_a_damaged_ledger_is_one_finding(settings: Settings) -> None:
    ledger(settings).write_bytes(b"x\n")
    with pytest.raises(LedgerError):
        read_ledger(ledger(settings))
    assert [one.about for one in check(settings)] == ["ledger"]
    assert isinstance(check(settings)[0], Finding)
