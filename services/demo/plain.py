"""Invented people without folders: their answers are drawn, built and checked as everybody's, and handed over.

A demo of thousands would otherwise spend most of its time and space on folders that it removes again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from netflix_trend.participant.contributions import Contribution, answer
from netflix_trend.privacy.randomness import RandBelow
from netflix_trend.published.introduction import INTRODUCTION, Introduction
from netflix_trend.published.model import Model
from netflix_trend.published.trends import Trends
from netflix_trend.survey.release import build_release, parse_release
from netflix_trend.survey.survey import Survey
from services.aggregator.collect import RoundReleases, RoundReports
from services.aggregator.kept_statistics import ReadRound
from services.aggregator.rounds import Aggregator


@dataclass
class PlainPeople:
    """Who has joined, in this order, and the valid answers to each survey: by its version and by question.

    asked: of a survey, how many of them were asked what, and among how many of the first ones that was counted.
    """

    joined: dict[str, None] = field(default_factory=dict)
    answers: dict[str, dict[str, bytearray]] = field(default_factory=dict)
    asked: dict[str, tuple[int, Counter[str]]] = field(default_factory=dict)

    def answer(self, email: str, survey: Survey, contribution: Contribution, randbelow: RandBelow) -> None:
        """Let a person answer a survey in their turn, and join with it. Raises RefusedRelease if that is not valid."""
        question = survey.question_for(email)
        if question is not None:
            release = build_release(survey, question, answer(contribution, survey, question, randbelow))
            answers = self.answers.setdefault(survey.version, {})
            answers.setdefault(question.name, bytearray()).extend(parse_release(release, survey, question))
            self.joined[email] = None

    def read(self, survey: Survey) -> RoundReleases:
        """Return the releases of a round."""
        counted, asked = self.asked.get(survey.version, (0, Counter[str]()))
        for email in list(self.joined)[counted:]:
            question = survey.question_for(email)
            if question is not None:
                asked[question.name] += 1
        self.asked[survey.version] = len(self.joined), asked
        found = RoundReports(survey, participants=len(self.joined), asked=asked.copy())
        return RoundReleases(found, {name: bytes(some) for name, some in self.answers.get(survey.version, {}).items()})


@dataclass
class Pages:
    """due: whether public pages and data are written when something is published. model: the first one before that."""

    due: bool = True
    model: Model | None = None


@dataclass(frozen=True)
class PagesOnce(Aggregator):
    """An aggregator whose pages nobody reads before the demo is over: it renders them once, not after every step."""

    pages: Pages = field(default_factory=Pages, compare=False, repr=False)

    def wait_with_pages(self) -> None:
        """Write no pages until `write_pages`."""
        self.pages.due = False

    def write_pages(self) -> None:
        """Write pages from the next time on that something is published, even if that was published already."""
        self.pages.due, self.memory.shared = True, None

    def model(self) -> Model:
        """Return the model for recommendations; until pages are due, the first one: nobody is recommended anything."""
        if self.pages.due or self.pages.model is None:
            self.pages.model = super().model()
        return self.pages.model

    def _public_files(
        self, introduction: Introduction, rounds: Mapping[str, ReadRound], trends: Trends, model: Model
    ) -> dict[str, bytes]:
        if self.pages.due:
            return super()._public_files(introduction, rounds, trends, model)
        return {INTRODUCTION: introduction.to_bytes()}


@dataclass(frozen=True)
class DemoAggregator(PagesOnce):
    """An aggregator that hears people without folders, too."""

    plain: PlainPeople = field(default_factory=PlainPeople, compare=False, repr=False)

    def _look(
        self, surveys: Sequence[Survey], progress: Callable[[], None] = lambda: None
    ) -> tuple[RoundReleases, ...]:
        there = super()._look(surveys, progress)
        for _ in self.plain.joined:
            progress()
        return tuple(together(one, self.plain.read(one.found.survey)) for one in there)


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
    payloads = {name: one.payloads.get(name, b"") + other.payloads.get(name, b"") for name in names}
    return RoundReleases(found, payloads)
