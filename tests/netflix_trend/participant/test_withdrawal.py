"""Withdrawing and publishing by what SyftBox has noticed: one receipt, which says what is confirmed."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant import publishing
from netflix_trend.participant.choices import Choices, Participation, write_choices
from netflix_trend.participant.publishing import publish_with
from netflix_trend.participant.receipts import Receipt, read_receipts
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.survey.survey import dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import PERMISSION_FILES
from netflix_trend.syftbox.shared_files import starter_surveys
from tests.netflix_trend.syftbox.pysyft_folder import PySyftFolder

TODAY = Week.parse("2026-W46").sunday + timedelta(days=2)
ANN, TREND = "ann@example.net", "trend@example.net"
APP = "app_data/netflix_trend"
ANNOUNCED = {f"{APP}/manifest.json"}


def settings_in(tmp_path: Path, datasites: Path) -> Settings:
    """Somebody with an export, whose aggregator asks."""
    settings = load_settings(
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        datasites_dir=datasites,
        syftbox_email=ANN,
        aggregator_datasite=TREND,
    )
    profile = settings.private_dir / "profiles" / "me"
    profile.mkdir(parents=True)
    version = starter_vocabulary().version
    save_encodings(profile, Encodings(np.zeros(0, FULL_DTYPE), np.zeros(9, "<i4"), version, TODAY))
    shared = Datasite(datasites, TREND).app_data / "shared"
    shared.mkdir(parents=True)
    (shared / "survey.json").write_bytes(dump_surveys(starter_surveys(TODAY)))
    return settings


@pytest.fixture
def folder(tmp_path: Path) -> PySyftFolder:
    return PySyftFolder(tmp_path / f"SyftBox_{ANN}", ANN, (TREND,))


@pytest.fixture
def settings(tmp_path: Path, folder: PySyftFolder) -> Settings:
    return settings_in(tmp_path, folder.root)


def run(settings: Settings, participation: Participation | None = None) -> PublisherStatus:
    if participation is not None:
        write_choices(settings.private_dir, Choices(participation=participation))
    return publish_with(settings, TODAY)


def the_receipt(settings: Settings) -> Receipt:
    (one,) = read_receipts(settings.records_dir)
    return one


# --- PySyft v2


def test_a_datasite_without_a_permission_file_in_its_root_is_published_into(
    settings: Settings, folder: PySyftFolder
) -> None:
    status = run(settings)
    assert (status.state, status.waits_for_sync) == ("answering", False)
    folder.sync()
    assert len(folder.copies[TREND]) == 2
    assert set(folder.copies[TREND]) > ANNOUNCED


def test_one_receipt_follows_a_withdrawal_until_it_was_noticed(settings: Settings, folder: PySyftFolder) -> None:
    run(settings)
    folder.sync()
    for _ in range(2):
        status = run(settings, "withdrawn")
        assert (status.state, status.waits_for_sync) == ("withdrawn", True)
        assert status.message == the_receipt(settings).sentence
        assert "readers still have their copies" in status.message
        assert folder.site.published() == set(PERMISSION_FILES)
    folder.sync()
    assert not folder.copies[TREND]
    status = run(settings)
    assert (status.state, status.waits_for_sync) == ("withdrawn", False)
    assert "SyftBox had noticed that by" in status.message
    assert len(the_receipt(settings).removed) == 2
    assert folder.site.published() == set()
    (path,) = (settings.records_dir / "receipts").iterdir()
    before = path.stat().st_ino
    run(settings)
    assert path.stat().st_ino == before, "nothing is written any more"


def test_joining_again_before_a_sync_publishes_the_same_and_leaves_the_receipt(
    settings: Settings, folder: PySyftFolder
) -> None:
    run(settings)
    folder.sync()
    before = dict(folder.copies[TREND])
    run(settings, "withdrawn")
    first = the_receipt(settings)
    assert run(settings, "joined").state == "answering"
    folder.sync()
    assert folder.copies[TREND] == before
    run(settings, "withdrawn")
    assert read_receipts(settings.records_dir)[0].withdrawn_at == first.withdrawn_at
    folder.sync()
    assert not folder.copies[TREND]


def test_files_that_a_restarted_client_brings_back_go_again(settings: Settings, folder: PySyftFolder) -> None:
    run(settings)
    folder.sync()
    app = folder.site.app_data
    shutil.copytree(app, app.with_name("drive"))
    run(settings, "withdrawn")
    shutil.rmtree(app)
    app.with_name("drive").rename(app)
    run(settings)
    assert folder.site.files() == set()
    assert the_receipt(settings).syftbox == "waiting"
    folder.sync()
    run(settings)
    assert the_receipt(settings).syftbox == "noticed"
    assert not folder.copies[TREND]


def test_nothing_is_written_during_a_sync_and_everything_removed(
    settings: Settings, folder: PySyftFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_SYNC_SECONDS", 0.0)
    folder.begin()
    status = run(settings)
    assert (status.state, status.waits_for_sync) == ("waiting_for_syftbox", True)
    assert "is syncing" in status.message
    assert folder.site.published() == set()
    folder.record()
    folder.finish()
    run(settings)
    folder.begin()
    assert run(settings, "withdrawn").state == "withdrawn"
    assert folder.site.files() == set()
    folder.record()
    folder.finish()
    folder.sync()
    assert not folder.copies[TREND]


def test_another_aggregator_is_waited_with(settings: Settings, folder: PySyftFolder) -> None:
    run(settings)
    folder.sync()
    other = settings.model_copy(update={"aggregator_datasite": "other@example.net"})
    assert run(other).waits_for_sync
    assert folder.site.files() == set()
    folder.sync()
    assert not folder.copies[TREND]
    assert not run(other).waits_for_sync
    assert folder.site.files() == {"manifest.json"}


# --- SyftBox 0.4.0


def test_the_python_clients_own_record_confirms_a_withdrawal(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, tmp_path / "SyftBox" / "datasites")
    site = Datasite(settings.datasites_dir, ANN)
    site.set_up()
    run(settings)
    agreed = settings.datasites_dir.parent / "plugins" / "local_syncstate.json"
    agreed.parent.mkdir()
    agreed.write_text(json.dumps({"states": {f"{ANN}/{APP}/{name}": {} for name in site.published()}}))
    assert run(settings, "withdrawn").waits_for_sync
    assert site.published() == set()
    for odd in (
        "{",
        "[" * 100_000,
        '{"states": []}',
        '{"states": {}}',
        f'{{"states": {{"{TREND}/syftperm.yaml": {{}}}}}}',
    ):
        agreed.write_text(odd)
        run(settings)
        assert the_receipt(settings).syftbox == "waiting", "the client is writing it, or begins anew"
    agreed.write_text(json.dumps({"states": {f"{ANN}/syftperm.yaml": {}}}))
    run(settings)
    assert the_receipt(settings).syftbox == "noticed"


def test_without_a_record_the_receipt_says_that_nothing_can_be_seen(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, tmp_path / "datasites")
    Datasite(settings.datasites_dir, ANN).set_up()
    run(settings)
    status = run(settings, "withdrawn")
    assert not status.waits_for_sync
    assert "cannot be seen from here" in status.message


# --- A datasite that SyftBox has not set up, or not any more


def test_a_missing_datasite_and_a_missing_rule_get_different_advice(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, tmp_path / "datasites")
    missing = run(settings)
    Datasite(settings.datasites_dir, ANN).root.mkdir()
    ruleless = run(settings)
    assert missing.state == ruleless.state == "waiting_for_syftbox"
    assert "start it" in missing.message
    assert "setup --repair" in ruleless.message
    Datasite(settings.datasites_dir, ANN).set_up()
    assert run(settings).state == "answering"
