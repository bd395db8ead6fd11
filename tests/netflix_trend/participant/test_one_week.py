"""How many answers can one week of one person change? Enumerated through the importer, and simulated.

Netflix's file has only the last view of a title, so watching it again moves its row out of an earlier week. Two
histories are neighbours when one week differs in any way; the files that are made of them may then differ in many rows.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.encodings import FULL_DTYPE, Encodings
from netflix_trend.participant import participant
from netflix_trend.participant.contributions import ProfileSet, load_profiles
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.life_events import LifeEvent
from netflix_trend.participant.releases import Participant, publish_due
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import is_turn
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.question import Question
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.settings import load_settings
from netflix_trend.simulation.population import person
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite

ODDS = Fraction(8)
# What docs/privacy.md states: the answer about itself or an earlier week, and those about events of two quarters.
WEEKLY, QUARTERS = 1, 2
VERSION = starter_vocabulary().version
TITLES = [f"{starter_vocabulary().shows[number].title}: Season 1: Episode 1" for number in range(40)]
Viewing = Mapping[date, frozenset[int]]  # titles by day
Answers = Mapping[tuple[str, str], Any]  # truth by round and question


@pytest.fixture(autouse=True)
def _nothing_is_written_to_the_datasite(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger has all answers, and files would take most of the time."""
    monkeypatch.setattr(Datasite, "publish", lambda *_, **__: None)


def csv_of(viewing: Viewing, made: date) -> tuple[tuple[int, date], ...]:
    """Netflix's file of a day: each title with its last view, newest first."""
    last: dict[int, date] = {}
    for day in sorted(day for day in viewing if day <= made):
        last.update(dict.fromkeys(viewing[day], day))
    return tuple(sorted(last.items(), key=lambda row: (row[1], row[0]), reverse=True))


@cache
def greedy(week: Week, number: int) -> Survey:
    """Asks everybody in every round. number: about life events, volume or shows."""
    asked: Question
    if number % 3 == 0:
        asked = EffectQuestion.ask(Quarter.of(week.monday).previous, odds=ODDS, weight=1)
    elif number % 3 == 1:
        asked = VolumeQuestion.ask(odds=ODDS, weight=1)
    else:
        asked = TopShowsQuestion.ask(range(40), k=1, odds=ODDS, weight=1)
    return Survey(round=str(week), vocabulary=VERSION, rotation=1, questions=(asked,))


def answers_of(
    root: Path,
    email: str,
    files: Sequence[tuple[date, Sequence[tuple[int, date]]]],
    profiles_of: Callable[[Sequence[tuple[date, Any]]], ProfileSet],
    kinds: Sequence[int],
) -> Answers:
    """Publish after each file, asked about the last eight weeks at once. Returns the true answers that were drawn.

    kinds: which question each week asks.
    """
    who = Participant(
        Datasite(root / "datasites", email), "aggregator@example.org", root / "ledger.jsonl", Limits(), durable=False
    )
    truths: dict[tuple[str, str], Any] = {}
    for count, (made, _) in enumerate(files, 1):
        profiles = profiles_of(files[:count])
        newest = Week.last_complete(made)
        surveys = [greedy(newest - age, kinds[(newest - age).index % len(kinds)]) for age in range(8)]
        outcomes = publish_due(
            who,
            surveys,
            profiles.contribution,
            vocabulary=VERSION,
            covered_through=profiles.covered_through,
            downloaded=profiles.downloaded,
            today=made,
        )
        for survey, outcome in zip(surveys, outcomes, strict=True):
            if outcome.status == "drawn":
                name = survey.questions[0].name
                truths[survey.round, name] = profiles.contribution(survey.week)[name]
    assert {(entry.round, entry.question) for entry in read_ledger(who.ledger)} == set(truths)
    return truths


def changed(one: Answers, other: Answers) -> Counter[str]:
    """Return how many weekly answers and answers about events differ; both must exist or not exist together."""
    assert set(one) == set(other), "whether there is an answer depends on what was watched"
    return Counter(
        "event" if name == "event_effect" else "weekly" for key in one if one[key] != other[key] for name in key[1:]
    )


def check(differing: Counter[str]) -> None:
    assert differing["weekly"] <= WEEKLY, differing
    assert differing["event"] <= QUARTERS, differing
    assert prod([ODDS] * differing.total()) <= 512


# Exhaustively, through the importer: one title that is watched again and again

FIRST = Week.parse("2026-W37")
ACTIVE = (0, 4, 8)  # weeks from FIRST on in which something may be watched; turns are 0, 4 and 8
CHOICES = (None, 0, 6)  # nothing, the title on Monday, or on Sunday
SCHEDULES = {
    "one file": [(9, 1)],
    "in the weeks of the turns": [(4, 1), (8, 1), (9, 1)],
    "twice": [(3, 2), (9, 1)],
    "once a month": [(1, 0), (5, 0), (9, 0)],
}
EVENTS = (
    LifeEvent(
        id=1, label="sick", first_day=FIRST.monday + timedelta(days=14), last_day=FIRST.monday + timedelta(days=30)
    ),
    LifeEvent(id=2, label="rest", first_day=date(2026, 10, 5), last_day=date(2026, 10, 20)),
)


def worlds() -> Iterator[tuple[int | None, ...]]:
    return product(CHOICES, repeat=len(ACTIVE))


def viewing_of(world: tuple[int | None, ...]) -> Viewing:
    days = {
        (FIRST + week).monday + timedelta(days=choice): frozenset({0})
        for week, choice in zip(ACTIVE, world, strict=True)
        if choice is not None
    }
    return {**days, (FIRST - 20).monday: frozenset({1})}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[tuple[date, Any]]], ProfileSet]:
    """Take files, rebuild, and load the encodings; the same files are taken once."""

    @cache
    def load(files: tuple[tuple[date, tuple[tuple[int, date], ...]], ...]) -> ProfileSet:
        settings = load_settings(
            private_dir=tmp_path_factory.mktemp("private"), datasites_dir=tmp_path_factory.mktemp("d")
        )
        for made, rows in files:
            text = "Title,Date\n" + "".join(f'"{TITLES[title]}","{day}"\n' for title, day in rows)
            delivery = Delivery(profile="me", source="test", name="NetflixViewingHistory.csv", received=made)
            participant.take(settings, [text.encode()], delivery)
        participant.refresh(settings)
        profiles = load_profiles(settings.private_dir)
        assert profiles is not None
        return ProfileSet(profiles.profiles, profiles.vocabulary, EVENTS)

    return lambda files: load(tuple(files))


@pytest.mark.slow
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_one_week_changes_few_answers_whatever_else_was_watched(
    tmp_path: Path, imported: Callable[[Sequence[tuple[date, Any]]], ProfileSet], schedule: str
) -> None:
    days = [(FIRST + week).monday + timedelta(days=day) for week, day in SCHEDULES[schedule]]
    most, moved = Counter[str](), 0
    for kinds, turn in product(([1], [0, 1]), (0, 3)):
        email = next(email for email in map(person, range(99)) if is_turn(FIRST + turn, email))
        found: dict[tuple[int | None, ...], Answers] = {}
        for number, world in enumerate(worlds()):
            viewing = viewing_of(world)
            files = [(made, csv_of(viewing, made)) for made in days]
            root = tmp_path / f"{turn}{kinds}{number}"
            found[world] = answers_of(root, email, files, imported, kinds)
        assert any(found.values())
        for world, answers in found.items():
            for place, choice in product(range(len(ACTIVE)), CHOICES):
                other = (*world[:place], choice, *world[place + 1 :])
                differing = changed(answers, found[other])
                check(differing)
                most |= differing
                week = str(FIRST + ACTIVE[place])
                moved += any(answers[key] != found[other][key] for key in answers if key[0] != week)
    assert most["weekly"] == WEEKLY, "there are neighbours that an answer tells apart"
    assert moved, "and some answers change with a later week, by a row that moved"


# Simulated people, who watch a few titles again and again


def replaced(viewing: Viewing, week: Week, randomness: random.Random) -> Viewing:
    rest = {day: titles for day, titles in viewing.items() if Week.of(day) != week}
    return {**rest, **week_of(week, randomness)}


def week_of(week: Week, randomness: random.Random) -> Viewing:
    if randomness.random() < 0.22:
        return {}
    days = [week.monday + timedelta(days=randomness.randrange(7)) for _ in range(randomness.randint(1, 4))]
    return {day: frozenset(randomness.choices(range(40), k=randomness.randint(1, 6))) for day in days}


def in_memory(events: Sequence[LifeEvent]) -> Callable[[Sequence[tuple[date, Any]]], ProfileSet]:
    """Encodings of a history as the importer makes them of files that have each view of a title once a day."""

    def load(files: Sequence[tuple[date, Any]]) -> ProfileSet:
        rows = sorted({(day, title) for _, file in files for title, day in file})
        full = np.array([(day, title, title, 0) for day, title in rows], dtype=FULL_DTYPE)
        covered = max(made for made, _ in files) - timedelta(days=1)
        return ProfileSet([Encodings(full, np.zeros(40, "<i4"), VERSION, covered)], VERSION, events)

    return load


@pytest.mark.slow
def test_150_people_and_greedy_surveys_never_exceed_the_bound(tmp_path: Path) -> None:
    most = Counter[str]()
    for number in range(150):
        randomness = random.Random(number)
        weeks = [FIRST - 30 + count for count in range(48)]
        viewing: Viewing = {day: titles for week in weeks for day, titles in week_of(week, randomness).items()}
        made, downloads = weeks[8].monday + timedelta(days=randomness.randrange(60)), list[date]()
        pause = randomness.choice((7, 7, 14, 28, 28, 60))
        while made <= weeks[-1].sunday:
            downloads.append(made)
            made += timedelta(days=pause + randomness.randint(-1, 1))
        events = [
            LifeEvent(
                id=month, label="event", first_day=first, last_day=first + timedelta(days=randomness.randrange(90))
            )
            for month in range(2, 12)
            for first in [date(2026, month, randomness.randint(1, 28))]
        ]
        kinds = [randomness.randrange(3) for _ in range(4)]
        # In a week with a download, viewing before it moves rows of earlier weeks.
        other_weeks = [Week.of(day) for day in randomness.sample(downloads, 3)] + [randomness.choice(weeks)]
        histories = [viewing, *(replaced(viewing, week, randomness) for week in other_weeks)]
        load, files = in_memory(events), [[(day, csv_of(history, day)) for day in downloads] for history in histories]
        one, *others = (
            answers_of(tmp_path / f"{number}-{place}", person(number), listed, load, kinds)
            for place, listed in enumerate(files)
        )
        for other in others:
            differing = changed(one, other)
            check(differing)
            most |= differing
    assert most == {"weekly": WEEKLY, "event": QUARTERS}, "the bound is reached"
