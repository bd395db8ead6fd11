"""What one participant's data says for one week, bounded so that the noise can be calibrated.

The unit of privacy is one person and one ISO week: whatever was watched in it, including nothing, on all profiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from netflix_trend.encodings import SUPPLEMENTAL, Encodings, load_encodings
from netflix_trend.privacy.randomness import RandBelow, secure
from netflix_trend.release import encode_coefficients
from netflix_trend.survey import Question, Survey, TopShowsQuestion, shuffled_positions
from netflix_trend.weeks import Week


@dataclass(frozen=True)
class Contribution:
    """One week of one person: vocabulary indices of the shows with at least one episode, and titles started."""

    shows: frozenset[int]
    titles: int


@dataclass(frozen=True)
class ProfileSet:
    """The encodings of all profiles of one participant; `vocabulary` is their common version."""

    profiles: Sequence[Encodings]
    vocabulary: str

    @property
    def covered_through(self) -> date:
        """Last day that every profile's newest export covers."""
        return min(profile.covered_through for profile in self.profiles)

    def contribution(self, week: Week) -> Contribution:
        """Return what all profiles together say about a week."""
        first, last = np.datetime64(week.monday), np.datetime64(week.sunday)
        shows: set[int] = set()
        titles = 0
        for profile in self.profiles:
            full = profile.full
            inside = full[(full["day"] >= first) & (full["day"] <= last) & (full["kind"] != SUPPLEMENTAL)]
            shows.update(inside["show"][inside["show"] >= 0].tolist())
            titles += len(inside)
        return Contribution(frozenset(shows), titles)


def load_profiles(private: Path) -> ProfileSet | None:
    """Read the encodings of all profiles; None while there are none, or while they are of different vocabularies."""
    profiles = []
    for folder in sorted((private / "profiles").glob("*/")):
        try:
            profiles.append(load_encodings(folder))
        except FileNotFoundError:
            continue
    versions = {profile.vocabulary for profile in profiles}
    return ProfileSet(profiles, versions.pop()) if len(versions) == 1 else None


def answer(contribution: Contribution, survey: Survey, question: Question, randbelow: RandBelow = secure) -> bytes:
    """Bound a contribution, randomize it and return the payload of a release.

    Top shows: a uniform choice of at most k of the candidate shows that were watched. Volume: the bucket.
    """
    if isinstance(question, TopShowsQuestion):
        positions = shuffled_positions(survey.round, len(question.candidates))
        watched = [positions[place] for place, show in enumerate(question.candidates) if show in contribution.shows]
        return encode_coefficients(question.channel.randomize(choose(watched, question.k, randbelow), randbelow))
    return bytes([question.channel.randomize(question.bucket(contribution.titles), randbelow)])


def choose(items: list[int], most: int, randbelow: RandBelow) -> list[int]:
    """Return a uniform subset of at most `most` items (the first steps of a Fisher-Yates shuffle)."""
    items = list(items)
    for place in range(min(most, len(items) - 1)):
        other = place + randbelow(len(items) - place)
        items[place], items[other] = items[other], items[place]
    return items[:most]
