"""What the aggregator shares with participants: the vocabulary and the surveys, read from its datasite.

The starter vocabulary is used until the aggregator's arrives; encodings are rebuilt when it changes. There is no such
fallback for surveys, since a round is answered only once. Only in a trial, with the example aggregator that nobody
runs, the survey of a new aggregator is assumed, so that everything can be tried on one machine.
"""

from __future__ import annotations

import logging
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import LARGEST_FILE, Vocabulary, VocabularyError
from netflix_trend.layout import SURVEYS, VOCABULARY, shared_path
from netflix_trend.periods.turns import ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile, read_untrusted
from netflix_trend.syftbox.refusals import read_once

if TYPE_CHECKING:
    # Whoever reads an export needs the vocabulary, and none of the questions with their mechanisms.
    from netflix_trend.survey.survey import Survey

_log = logging.getLogger("shared_files")
CANDIDATES = 50


def starter_surveys(today: date) -> list[Survey]:
    """Return the surveys of the open rounds of an aggregator without results, oldest first."""
    from netflix_trend.survey.survey import default_survey

    newest = Week.last_complete(today)
    vocabulary = starter_vocabulary()
    candidates = range(min(CANDIDATES, len(vocabulary)))
    return [default_survey(newest - age, vocabulary.version, candidates) for age in reversed(range(ROTATION))]


def shared_vocabulary(settings: Settings) -> Vocabulary | None:
    """Return the aggregator's vocabulary, None until it has arrived.

    Raises VocabularyError or UnsafeFile if the shared file is not valid.
    """
    try:
        data = read_untrusted(
            settings.datasites_dir, f"{settings.aggregator_datasite}/{shared_path(VOCABULARY)}", LARGEST_FILE
        )
    except FileNotFoundError:
        return None
    return read_once(settings, data, _parsed_vocabulary, VocabularyError)


def current_vocabulary(settings: Settings) -> Vocabulary:
    """Return the vocabulary to encode with: the aggregator's, or the starter one while that is missing or refused.

    If it is refused, only the rounds that ask about it are lost: the participant's tables are built anyway.
    """
    try:
        return shared_vocabulary(settings) or starter_vocabulary()
    except (VocabularyError, UnsafeFile) as refusal:
        _log.warning("the aggregator's vocabulary is refused: %s", refusal)
        return starter_vocabulary()


def beginnings_of(settings: Settings, version: str) -> frozenset[str]:
    """Return the versions of vocabularies that the one to encode with extends; none unless it is of this version.

    A week's public chart adds shows behind those of the open rounds: surveys about these can still be answered.
    """
    current = current_vocabulary(settings)
    return current.beginnings if current.version == version else frozenset()


def read_shared(settings: Settings, name: str, most: int) -> bytes | None:
    """Return a file that the aggregator shares, None without one. Raises UnsafeFile, also beyond `most` bytes."""
    try:
        place = f"{settings.aggregator_datasite}/{shared_path(name)}"
        return read_untrusted(settings.datasites_dir, place, most)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=1)
def _parsed_vocabulary(data: bytes) -> Vocabulary:
    return Vocabulary.from_bytes(data)


def current_surveys(settings: Settings, today: date) -> list[Survey]:
    """Return the open surveys, oldest first; none until the aggregator's have arrived.

    Raises RefusedSurvey or UnsafeFile if the shared file is not valid.
    """
    from netflix_trend.survey.survey import MAX_SURVEYS_FILE, RefusedSurvey, load_surveys

    try:
        data = read_untrusted(
            settings.datasites_dir, f"{settings.aggregator_datasite}/{shared_path(SURVEYS)}", MAX_SURVEYS_FILE
        )
    except FileNotFoundError:
        return starter_surveys(today) if settings.is_trial else []
    return sorted(read_once(settings, data, load_surveys, RefusedSurvey), key=lambda survey: survey.week)
