"""What the aggregator shares with participants: the vocabulary and the surveys, read from its datasite.

Until the aggregator's vocabulary arrives the starter vocabulary is used; encodings are rebuilt when another one comes.
Surveys are waited for, since a round is answered once for ever. Only in a trial, with the example aggregator that
nobody runs, the survey that a new aggregator asks is answered: the whole path can be tried on one machine.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import date
from functools import lru_cache

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import LARGEST_FILE, Vocabulary, VocabularyError
from netflix_trend.names import APP_NAME
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile, read_stranger
from netflix_trend.survey.survey import (
    LARGEST_SURVEYS_FILE,
    ROTATION,
    Survey,
    default_survey,
    load_surveys,
)

_log = logging.getLogger("shared_files")
VOCABULARY = "vocabulary.json"
SURVEYS = "survey.json"
CANDIDATES = 50


def shared_path(name: str) -> str:
    """Return where a shared file lies below the aggregator's datasite."""
    return f"app_data/{APP_NAME}/shared/{name}"


def starter_surveys(today: date) -> list[Survey]:
    """Return the surveys of the open rounds as an aggregator asks them that has no results yet, oldest first."""
    newest = Week.last_complete(today)
    vocabulary = starter_vocabulary()
    candidates = range(min(CANDIDATES, len(vocabulary)))
    return [default_survey(newest - age, vocabulary.version, candidates) for age in reversed(range(ROTATION))]


def shared_vocabulary(settings: Settings) -> Vocabulary | None:
    """Return the aggregator's vocabulary, None while it has not arrived.

    Raises VocabularyError or UnsafeFile when the shared file is not one.
    """
    try:
        data = read_stranger(
            settings.datasites_dir, f"{settings.aggregator_datasite}/{shared_path(VOCABULARY)}", LARGEST_FILE
        )
    except FileNotFoundError:
        return None
    return _parsed_vocabulary(hashlib.sha256(data).digest(), data)


def current_vocabulary(settings: Settings) -> Vocabulary:
    """Return the vocabulary to encode with: the aggregator's, or the starter one while that is missing or refused.

    A refused one costs nothing but the rounds that ask about it: the own tables are built all the same.
    """
    try:
        return shared_vocabulary(settings) or starter_vocabulary()
    except (VocabularyError, UnsafeFile) as refusal:
        _log.warning("the aggregator's vocabulary is refused: %s", refusal)
        return starter_vocabulary()


@lru_cache(maxsize=1)
def _parsed_vocabulary(_digest: bytes, data: bytes) -> Vocabulary:
    return Vocabulary.from_bytes(data)


def current_surveys(settings: Settings, today: date) -> list[Survey]:
    """Return the open surveys, oldest first; none while the aggregator's have not arrived.

    Raises RefusedSurvey or UnsafeFile when the shared file is not one.
    """
    try:
        data = read_stranger(
            settings.datasites_dir, f"{settings.aggregator_datasite}/{shared_path(SURVEYS)}", LARGEST_SURVEYS_FILE
        )
    except FileNotFoundError:
        return starter_surveys(today) if settings.is_trial else []
    return sorted(load_surveys(data), key=lambda survey: survey.week)
