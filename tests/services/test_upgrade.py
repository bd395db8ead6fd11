"""An upgrade from version 0.2.0: what it left on its volumes is all there, tables are rebuilt, and rounds go on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.participant import participant
from netflix_trend.participant.choices import read_choices
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.life_events import read_events
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.participant.status import read_status
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.storage.migrations import AGGREGATOR, PRIVATE, PUBLISHER, bring_up_to_date
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.rounds import Aggregator

VOLUMES = Path(__file__).parents[1] / "fixtures" / "release-0.2.0" / "volumes"
ANN, OPERATOR = "ann@home.net", "aggregator@example.com"
# The day after the last week that version 0.2.0 saw.
THEN = date(2026, 11, 16)
ANSWERED = ["2026-W40", "2026-W44"]


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("netflix_trend.questions.volume.estimation._DRAWS", 50)
    yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of the participant, on volumes that were brought up to date."""
    shutil.copytree(VOLUMES, tmp_path, dirs_exist_ok=True)
    for name, kinds in (("private", PRIVATE), ("publisher", PUBLISHER), ("aggregator", AGGREGATOR)):
        bring_up_to_date(tmp_path / name, kinds)
    return load_settings(
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        datasites_dir=tmp_path / "datasites",
        output_dir=tmp_path / "drop",
        syftbox_email=ANN,
        aggregator_datasite=OPERATOR,
    )


def aggregator_of(settings: Settings) -> Aggregator:
    own = settings.datasites_dir.parent / "aggregator"
    site = Datasite(settings.datasites_dir, OPERATOR)
    return Aggregator(site, own, starter_vocabulary(), durable=False, smallest_change=1, smallest_answers=1)


def releases(settings: Settings) -> dict[str, bytes]:
    folder = Datasite(settings.datasites_dir, ANN).app_data / "releases"
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def test_what_a_participant_kept_is_there_and_tables_are_rebuilt(settings: Settings) -> None:
    private, publisher = settings.private_dir, settings.publisher_dir
    choices = read_choices(private)
    assert (choices.participation, choices.reports_per_year) == ("joined", 10)
    assert [(event.label, event.days) for event in read_events(private)] == [("sick", 9)]
    assert [receipt.counted_again for receipt in read_receipts(publisher)] == [("2026-W40",)]
    assert [entry.round for entry in read_ledger(PublisherVolume(publisher).ledger)] == ANSWERED
    status = read_status(publisher)
    assert status is not None
    assert status.state == "answering"

    (history,) = participant.refresh(settings)
    assert history.views > 100
    assert PrivateVolume(private).database("me").exists()
    assert participant.refresh(settings) == [], "what was rebuilt is up to date"
    assert not participant.out_of_date(settings).unread


def test_no_round_is_drawn_again_and_what_was_published_stays(settings: Settings) -> None:
    before = PublisherVolume(settings.publisher_dir).ledger.read_bytes()
    published = releases(settings)
    assert sorted(published) == ANSWERED
    participant.refresh(settings)
    shutil.rmtree(Datasite(settings.datasites_dir, ANN).app_data)
    status = participant.publish(settings, THEN)
    assert status.state == "survey_refused", "its surveys ask through a mechanism that is gone"
    assert releases(settings) == published, "restored from the ledger, byte for byte"
    assert PublisherVolume(settings.publisher_dir).ledger.read_bytes() == before


def test_the_aggregator_keeps_its_rounds_and_the_participant_answers_later_ones(settings: Settings) -> None:
    aggregator = aggregator_of(settings)
    kept = {path.name: hashlib.sha256(path.read_bytes()) for path in (aggregator.own / "statistics").glob("*.json")}
    before = PublisherVolume(settings.publisher_dir).ledger.read_bytes()
    # Version 0.2.0 did not say which weeks an answer depends on, so that none is given for nine weeks after it.
    week = Week.parse(ANSWERED[-1]) + 12
    today = week.sunday + timedelta(days=1)
    (export,) = settings.private_dir.glob("raw/*.csv")
    participant.take_file(settings, export, "test", received=today)

    aggregator.run(today)
    participant.refresh(settings)
    status = participant.publish(settings, today)
    assert {one.round: one.status for one in status.outcomes}[str(week)] == "drawn"
    ledger = PublisherVolume(settings.publisher_dir).ledger
    assert ledger.read_bytes().startswith(before)
    assert [entry.round for entry in read_ledger(ledger)] == [*ANSWERED, str(week)]

    published = {one.round: one for one in aggregator.run(today)}
    assert published[str(week)].reports == 1
    for name, digest in kept.items():
        path = aggregator.own / "statistics" / name
        assert hashlib.sha256(path.read_bytes()).digest() == digest.digest(), name
    rounds = json.loads((aggregator.site.public / "rounds.json").read_bytes())["rounds"]
    assert {one["round"] for one in rounds} == {*ANSWERED, str(week)}
