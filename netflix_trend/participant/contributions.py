"""One participant's contribution to a round, bounded so that the noise can be calibrated.

The unit of privacy is one person and one ISO week: whatever was watched in it, including nothing, on all profiles. An
answer about life events protects all events of a person and the views around them equally. One week can change one
weekly answer, and the answers about life events of two quarters (docs/privacy.md has the proof; `releases` and `sealed`
refuse what would change more).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from netflix_trend.history.encodings import FILM, SUPPLEMENTAL, Encodings, load_encodings
from netflix_trend.history.freshness import holds_what_was_removed, read_built_from
from netflix_trend.layout import PrivateVolume
from netflix_trend.participant.life_events import EventError, LifeEvent, read_events
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow, secure
from netflix_trend.questions.question import Question, Views
from netflix_trend.questions.registry import kinds
from netflix_trend.survey.survey import Survey

# The true answers of one person about one week, by name of the question; they stay on this machine.
Contribution = Mapping[str, Any]


@dataclass(frozen=True)
class ProfileSet:
    """The encodings of all profiles of one participant, and their life events, oldest first.

    vocabulary: the version that all profiles share. unanswerable: questions that must wait, and why, by name.
    """

    profiles: Sequence[Encodings]
    vocabulary: str
    events: Sequence[LifeEvent] = ()
    unanswerable: Mapping[str, str] = field(default_factory=dict)

    @property
    def covered_through(self) -> date:
        """Last day that the newest exports of all profiles cover."""
        return min(profile.covered_through for profile in self.profiles)

    @property
    def downloaded(self) -> date:
        """Day of the newest file of any profile."""
        return max(profile.covered_through for profile in self.profiles) + timedelta(days=1)

    @cached_property
    def views(self) -> Views:
        """Views of all profiles for the questions, without supplemental ones."""
        full = np.concatenate([profile.full[profile.full["kind"] != SUPPLEMENTAL] for profile in self.profiles])
        return Views(full["day"], full["show"], self.covered_through, full["kind"] == FILM, self.events)

    def contribution(self, week: Week) -> Contribution:
        """Return what all profiles together say about a week."""
        return {name: kind.measure(self.views, week) for name, kind in kinds().items()}


def load_profiles(private: Path) -> ProfileSet | None:
    """Read the encodings of all profiles; None while there are none, or while they are of different vocabularies.

    Also None while they hold what the person has taken away, while those of a profile are gone, and while all that is
    known of it waits for the person to say whose viewing counts: without it, an answer would say that somebody watched
    nothing.
    """
    if holds_what_was_removed(private):
        return None
    profiles = []
    for folder in PrivateVolume(private).profile_folders():
        try:
            profiles.append(load_encodings(folder))
        except FileNotFoundError:
            built = read_built_from(folder)
            if built and (built.asks or built.has_encodings):
                return None
    versions = {profile.vocabulary for profile in profiles}
    if len(versions) != 1:
        return None
    vocabulary = versions.pop()
    try:
        return ProfileSet(profiles, vocabulary, read_events(private))
    except EventError as problem:
        # Without events, a person would always answer that nothing changed.
        needing = [name for name, kind in kinds().items() if kind.needs_events]
        return ProfileSet(profiles, vocabulary, unanswerable=dict.fromkeys(needing, str(problem)))


def answer(contribution: Contribution, survey: Survey, question: Question, randbelow: RandBelow = secure) -> bytes:
    """Bound a contribution, randomize it and return the payload of a release.

    Without a contribution to the question, the answer is that of somebody who watched nothing.
    """
    return question.answer(contribution.get(question.name, question.nothing), randbelow)
