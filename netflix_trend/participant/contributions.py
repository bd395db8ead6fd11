"""What one participant's data says for one round, bounded so that the noise can be calibrated.

The unit of privacy is one person and one ISO week: whatever was watched in it, including nothing, on all profiles. An
answer about life events hides all of a person's events and the views around them alike. So a week's views may count in
the one answer about the week, and again in the answers about two quarters at most, whose events they lie near to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np

from netflix_trend.history.encodings import SUPPLEMENTAL, Encodings, load_encodings
from netflix_trend.participant.life_events import EventError, LifeEvent, read_events
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow, secure
from netflix_trend.privacy.ternary import direction
from netflix_trend.survey.release import encode_coefficients
from netflix_trend.survey.survey import EffectQuestion, Question, Survey, TopShowsQuestion, shuffled_positions

# Of a longer event the first days are compared. With more than 42 a week could lie near to events of three quarters: it
# is near to those that begin in the 2 * 42 + 6 days around it, and no quarter is shorter than 90 days.
MOST_EVENT_DAYS = 42


@dataclass(frozen=True)
class Contribution:
    """One round of one person: vocabulary indices of the week's shows with at least one episode, titles started, and
    the change in views a week with the life event of the quarter before, None without one.
    """

    shows: frozenset[int]
    titles: int
    change: Fraction | None = None


@dataclass(frozen=True)
class ProfileSet:
    """The encodings of all profiles of one participant, and their life events, oldest first.

    vocabulary: common version of the profiles. unanswerable: questions that must wait, and why, by name.
    """

    profiles: Sequence[Encodings]
    vocabulary: str
    events: Sequence[LifeEvent] = ()
    unanswerable: Mapping[str, str] = field(default_factory=dict)

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
        return Contribution(frozenset(shows), titles, self.change(Quarter.of(week.monday).previous))

    def change(self, quarter: Quarter) -> Fraction | None:
        """Return how many more views a week there were during the longest event that began in a quarter (the first of
        several) than in as many days before it, MOST_EVENT_DAYS at most. Days that are not covered yet do not count.

        None without such an event, or when the history does not reach back that far.
        """
        begun = [event for event in self.events if quarter.first_day <= event.first_day <= quarter.last_day]
        if not begun:
            return None
        event = max(begun, key=lambda one: one.days)
        days = min(MOST_EVENT_DAYS, (min(event.last_day, self.covered_through) - event.first_day).days + 1)
        before = event.first_day - timedelta(days=days)
        views = np.concatenate([each.full["day"][each.full["kind"] != SUPPLEMENTAL] for each in self.profiles])
        if days < 1 or not len(views) or views.min() > np.datetime64(before):
            return None
        place = (views - np.datetime64(before)).astype(np.int64)
        earlier, during = int(((place >= 0) & (place < days)).sum()), int(((place >= days) & (place < 2 * days)).sum())
        return Fraction(7 * (during - earlier), days)


def load_profiles(private: Path) -> ProfileSet | None:
    """Read the encodings of all profiles; None while there are none, or while they are of different vocabularies."""
    profiles = []
    for folder in sorted((private / "profiles").glob("*/")):
        try:
            profiles.append(load_encodings(folder))
        except FileNotFoundError:
            continue
    versions = {profile.vocabulary for profile in profiles}
    if len(versions) != 1:
        return None
    vocabulary = versions.pop()
    try:
        return ProfileSet(profiles, vocabulary, read_events(private))
    except EventError as problem:
        # Without its events a person would answer for ever that nothing changed.
        return ProfileSet(profiles, vocabulary, unanswerable={"event_effect": str(problem)})


def answer(contribution: Contribution, survey: Survey, question: Question, randbelow: RandBelow = secure) -> bytes:
    """Bound a contribution, randomize it and return the payload of a release.

    Top shows: a uniform choice of at most k of the candidate shows that were watched. Volume: the bucket. Effect of
    life events: the change, clipped and rounded at random to up, down or none.
    """
    if isinstance(question, TopShowsQuestion):
        positions = shuffled_positions(survey.round, len(question.candidates))
        watched = [positions[place] for place, show in enumerate(question.candidates) if show in contribution.shows]
        return encode_coefficients(question.channel.randomize(choose(watched, question.k, randbelow), randbelow))
    if isinstance(question, EffectQuestion):
        moved = direction(contribution.change or Fraction(0), question.clip, randbelow)
        return bytes([question.channel.randomize(moved, randbelow)])
    return bytes([question.channel.randomize(question.bucket(contribution.titles), randbelow)])


def choose(items: list[int], most: int, randbelow: RandBelow) -> list[int]:
    """Return a uniform subset of at most `most` items (the first steps of a Fisher-Yates shuffle)."""
    items = list(items)
    for place in range(min(most, len(items) - 1)):
        other = place + randbelow(len(items) - place)
        items[place], items[other] = items[other], items[place]
    return items[:most]
