"""The job of the queue `publish`."""

from __future__ import annotations

import logging
from datetime import date

from netflix_trend.choices import ChoicesError, read_choices
from netflix_trend.contributions import load_profiles
from netflix_trend.datasite import Datasite
from netflix_trend.files import UnsafeFile
from netflix_trend.settings import Settings, load_settings
from netflix_trend.shared_files import current_surveys
from netflix_trend.survey import RefusedSurvey
from services.publisher.releases import Outcome, Participant, publish_due

_log = logging.getLogger("publish")


def publish() -> None:
    """Answer what is due. Safe to run twice."""
    for outcome in publish_with(load_settings(), date.today()):
        _log.info("round=%s %s %s", outcome.round, outcome.status, outcome.reason)


def publish_with(settings: Settings, today: date) -> list[Outcome]:
    """Answer what is due with the settings' folders and limits; returns nothing while there is no export yet."""
    try:
        choices = read_choices(settings.private_dir)
    except ChoicesError as problem:
        _log.error("nothing is published: %s", problem)
        return []
    if not choices.takes_part(settings.join):
        _log.info("no survey is answered: %s", choices.participation)
        return []
    profiles = load_profiles(settings.private_dir)
    if profiles is None:
        _log.info("nothing to publish yet: no export, or profiles are being rebuilt")
        return []
    for name, reason in profiles.unanswerable.items():
        _log.warning("%s is not answered: %s", name, reason)
    try:
        surveys = current_surveys(settings, today)
    except (RefusedSurvey, UnsafeFile) as refusal:
        _log.warning("the aggregator's survey is refused: %s", refusal)
        return []
    participant = Participant(
        site=Datasite(settings.datasites_dir, settings.syftbox_email),
        aggregator=settings.aggregator_datasite,
        ledger=settings.publisher_dir / "ledger.jsonl",
        limits=choices.lowered(settings.limits),
    )
    return publish_due(
        participant,
        surveys,
        profiles.contribution,
        vocabulary=profiles.vocabulary,
        covered_through=profiles.covered_through,
        today=today,
        unanswerable=profiles.unanswerable,
    )
