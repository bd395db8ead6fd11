"""Invented people without folders: their answers are drawn, built and checked as everybody's, and handed over.

A demo of thousands would otherwise spend most of its time and space on folders that it removes again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from netflix_trend.participant.contributions import Contribution, answer
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.survey.release import build_release, parse_release
from netflix_trend.survey.survey import Survey
from services.aggregator.collect import RoundReleases, RoundReports
from services.aggregator.rounds import Aggregator


@dataclass
class PlainPeople:
    """Who has joined, and by round the releases of those who answered it, by address."""

    joined: set[str] = field(default_factory=set)
    answers: defaultdict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))

    def answer(self, email: str, survey: Survey, contribution: Contribution, randbelow: RandBelow) -> None:
        """Let a person join who was not there, and answer a survey in their turn."""
        question = survey.question_for(email)
        if question is not None:
            payload = answer(contribution, survey, question, randbelow)
            self.answers[survey.round][email] = build_release(survey, question, payload)
            self.joined.add(email)

    def read(self, survey: Survey) -> RoundReleases:
        """Return the releases of a round, checked as those in datasites are.

        Raises RefusedRelease for one that is not valid: the demo itself has made it.
        """
        found, payloads = RoundReports(survey, participants=len(self.joined)), defaultdict[str, bytearray](bytearray)
        answers = self.answers[survey.round]
        for email in self.joined:
            question = survey.question_for(email)
            if question is not None:
                found.asked[question.name] += 1
                if email in answers:
                    payloads[question.name] += parse_release(answers[email], survey, question)
        return RoundReleases(found, {name: bytes(some) for name, some in payloads.items()})


@dataclass(frozen=True)
class DemoAggregator(Aggregator):
    """An aggregator that hears people without folders, too."""

    plain: PlainPeople = field(default_factory=PlainPeople, compare=False, repr=False)

    def _read(self, survey: Survey, progress: Callable[[], None]) -> RoundReleases:
        there, plain = super()._read(survey, progress), self.plain.read(survey)
        for _ in self.plain.joined:
            progress()
        return together(there, plain)


def together(one: RoundReleases, other: RoundReleases) -> RoundReleases:
    """Return what two groups of people have released in the same round."""
    found = RoundReports(
        one.found.survey,
        participants=one.found.participants + other.found.participants,
        asked=one.found.asked + other.found.asked,
        refused=one.found.refused + other.found.refused,
        waiting=one.found.waiting + other.found.waiting,
        refusals=[*one.found.refusals, *other.found.refusals],
    )
    names = one.payloads.keys() | other.payloads.keys()
    return RoundReleases(
        found, {name: bytes(one.payloads.get(name, b"")) + other.payloads.get(name, b"") for name in names}
    )
