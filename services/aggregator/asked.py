"""The surveys that an aggregator in local mode has asked, and their vocabularies, on its own volume.

A survey is asked once: asking another one about the same week would refuse the answers that are there. So one that is
lost is taken back from the datasite, or else its round is over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from netflix_trend.catalogue.vocabulary import LARGEST_FILE, CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.layout import SURVEYS, VOCABULARY
from netflix_trend.periods.weeks import Week
from netflix_trend.storage.damaged import paths_set_aside
from netflix_trend.storage.files import read_own
from netflix_trend.storage.kept import read_kept, set_aside, write_kept
from netflix_trend.survey.survey import MAX_SURVEYS_FILE, RefusedSurvey, Survey, dump_surveys, load_surveys


@dataclass(frozen=True)
class AskedSurveys:
    """The surveys in the aggregator's own folder. shared: the folder with what is published of them."""

    own: Path
    shared: Path
    durable: bool = True

    def path(self, week: Week) -> Path:
        """Where the survey of a week lies once it was asked."""
        return self.own / _place(week)

    def read(self, week: Week) -> Survey | None:
        """Return the survey of a week, None when it never was asked or is lost.

        A damaged one is moved aside, and the published copy takes its place. Raises RefusedSurvey when another version
        asked it.
        """
        try:
            data = read_own(self.path(week), MAX_SURVEYS_FILE)
        except OSError:
            data = None
        if data is not None and _is_whole(data):
            return _only(data)
        published = self._published().get(str(week))
        if os.path.lexists(self.path(week)):
            set_aside(self.own, _place(week), "cannot be read")
        if published is not None:
            self.keep(published)
        return published

    def is_lost(self, week: Week) -> bool:
        """Return whether the survey of a week was damaged."""
        return _place(week) in paths_set_aside(self.own)

    def keep(self, survey: Survey) -> None:
        """Keep a survey from now on."""
        write_kept(self.own, _place(survey.week), dump_surveys([survey]), durable=self.durable)

    def recover(self) -> None:
        """Take back the published surveys that are not here."""
        for survey in self._published().values():
            if not os.path.lexists(self.path(survey.week)):
                self.keep(survey)

    def vocabulary(self, version: str) -> Vocabulary:
        """Return the vocabulary of a version. Raises RefusedSurvey when it is lost."""
        place = _vocabulary_place(version)
        found = read_kept(self.own, place, LARGEST_FILE, Vocabulary.from_bytes, VocabularyError)
        if found is not None and found.version == version:
            return found
        published = self._published_vocabulary()
        if published is not None and published.version == version:
            self.keep_vocabulary(published)
            return published
        raise RefusedSurvey("the vocabulary that it was asked with is lost")

    def keep_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Keep a vocabulary for good."""
        write_kept(self.own, _vocabulary_place(vocabulary.version), vocabulary.to_bytes(), durable=self.durable)

    def added_titles(self, catalogue: Vocabulary) -> Sequence[CatalogueTitle]:
        """Return the shows behind a catalogue in the published vocabulary; none when that does not extend it."""
        if read_own(self.shared / VOCABULARY, LARGEST_FILE) == catalogue.to_bytes():
            return ()
        published = self._published_vocabulary()
        if published is None or catalogue.version not in published.beginnings:
            return ()
        return published.shows[len(catalogue) :]

    def _published(self) -> dict[str, Survey]:
        try:
            data = read_own(self.shared / SURVEYS, MAX_SURVEYS_FILE)
            return {survey.round: survey for survey in load_surveys(data)} if data else {}
        except (RefusedSurvey, OSError):
            return {}

    def _published_vocabulary(self) -> Vocabulary | None:
        try:
            data = read_own(self.shared / VOCABULARY, LARGEST_FILE)
            return Vocabulary.from_bytes(data) if data else None
        except (VocabularyError, OSError):
            return None


def _place(week: Week) -> str:
    return f"surveys/{week}.json"


def _vocabulary_place(version: str) -> str:
    return f"vocabularies/{version}.json"


@lru_cache(maxsize=64)
def _only(data: bytes) -> Survey:
    found = load_surveys(data)
    if len(found) != 1:
        raise RefusedSurvey("its file has more surveys than one, or none")
    return found[0]


def _is_whole(data: bytes) -> bool:
    """Return whether a file is JSON at all: then another version may have written it."""
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False
