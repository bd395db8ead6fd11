"""`./run.sh once`: import and answer in one process."""

from __future__ import annotations

import errno
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from netflix_trend.history.removed import KEPT
from netflix_trend.layout import PrivateVolume
from netflix_trend.participant import forgetting, participant
from netflix_trend.settings import Settings, load_settings
from netflix_trend.status_table import Row
from netflix_trend.syftbox.datasite import Datasite
from services.local import __main__ as once
from tests.netflix_trend.listener import Listener, listening

HISTORY = 'Title,Date\n"Dark: Season 1: Episode 1","1/13/26"\n'


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("private", "publisher", "datasites"):
        monkeypatch.setenv(f"{name.upper()}_DIR", str(tmp_path / name))
    return tmp_path


REAL = [
    {"SYFTBOX_EMAIL": "ann@home.net", "AGGREGATOR_DATASITE": "trends@home.net"},
    {"SYFTBOX_EMAIL": "me@example.org", "AGGREGATOR_DATASITE": "trends@home.net"},
    {"SYFTBOX_EMAIL": "ann@home.net", "AGGREGATOR_DATASITE": "aggregator@example.org"},
]


@pytest.mark.parametrize("addresses", REAL)
def test_a_real_datasite_is_never_set_up_by_us(
    folders: Path, addresses: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SyftBox client takes a datasite that exists for a complete one, and would never make its own files there."""
    for name, value in addresses.items():
        monkeypatch.setenv(name, value)
    settings: Settings = load_settings()
    path = folders / "history.csv"
    path.write_text(HISTORY)
    assert once.once([path]) == 0
    assert once.publish_once(settings, date.today()).state == "waiting_for_syftbox"
    assert not Datasite(settings.datasites_dir, settings.syftbox_email).root.exists()
    assert not settings.datasites_dir.exists() or not list(settings.datasites_dir.iterdir())


def test_in_a_trial_the_datasite_is_set_up() -> None:
    settings = load_settings()
    assert once.publish_once(settings, date.today()).state != "waiting_for_syftbox"
    assert Datasite(settings.datasites_dir, settings.syftbox_email).is_initialized


def test_an_export_that_cannot_be_used_is_read_once(folders: Path) -> None:
    """Beside one that can be used; three more runs rebuild nothing."""
    path = folders / "history.csv"
    path.write_text(HISTORY)
    (folders / "bad.csv").write_text("no export at all\n")
    assert once.once([path, folders / "bad.csv"]) == 1
    database = folders / "private" / "profiles" / "me" / "viewing.duckdb"
    made = database.stat().st_ino
    for _ in range(3):
        once.once()
        assert database.stat().st_ino == made


def test_a_full_disk_is_said_with_the_next_step_and_the_file_is_read_once_there_is_room(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    participant.take_file(load_settings(), _written(folders / "history.csv"), "test")
    with monkeypatch.context() as full:

        def no_room(*_: object) -> None:
            raise OSError(errno.ENOSPC, "no room")

        full.setattr("netflix_trend.history.tables.save_encodings", no_room)
        assert once.once() == 1
    said = capsys.readouterr().err
    assert "The disk with your data is full" in said
    assert "Make room" in said
    assert "Traceback" not in said
    assert once.once() == 0
    assert not participant.out_of_date(load_settings()).outdated


def _written(path: Path) -> Path:
    path.write_text(HISTORY)
    return path


def test_what_was_forgotten_long_ago_is_deleted_for_good(folders: Path) -> None:
    (folders / "history.csv").write_text(HISTORY)
    assert once.once([folders / "history.csv"]) == 0
    settings = load_settings()
    (export,) = participant.exports(settings)
    kept = PrivateVolume(settings.private_dir).removed_export(export.sha256)
    forgetting.forget(settings, [export], datetime.now(UTC))
    once.once()
    assert kept.exists()
    forgetting.bring_back(settings, datetime.now(UTC))
    forgetting.forget(settings, [export], datetime.now(UTC) - KEPT)
    once.once()
    assert not kept.exists()


def test_each_run_tells_whether_anything_is_wrong_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening() as listener:
        _told(listener, monkeypatch)


def _told(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    once.once()
    assert listener.heard == [], "nobody is told without an address"
    monkeypatch.setenv("NOTICE_URL", f"{listener.address}/check")
    once.once()
    monkeypatch.setattr("services.publisher.status.rows", lambda: [Row("history", "1 file")])
    once.once()
    assert [path for _method, path, _body in listener.heard] == ["/check/fail", "/check"], "a trial is wrong"
    listener.code = 500
    monkeypatch.setattr("services.publisher.status.rows", lambda: [Row("history", "none", "wrong")])
    assert once.once() == 0, "a notice that cannot be sent breaks nothing"
