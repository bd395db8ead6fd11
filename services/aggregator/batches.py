"""When published statistics of a round change, and with which answers: in batches, so that no change shows one answer.

The counts behind a statistic can be computed from it, so two versions of it show which answers were added and which
were removed in between. Every two versions therefore differ by no added answers or by `smallest` at least, and by no
removed ones or by `smallest` at least; once, when the round has closed, two are enough. What is published now, and was
before, is recorded in the aggregator's own folder, and never published itself.
"""

from __future__ import annotations

import base64
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.turns import ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.withheld import SMALLEST_ANSWERS, Withheld
from netflix_trend.questions.question import Question, Statistic
from netflix_trend.storage.kept import read_kept, write_kept
from netflix_trend.storage.model import Strict
from netflix_trend.survey.survey import Survey
from services.aggregator.answers import Answers, distance, next_version, packed, unpacked
from services.aggregator.collect import RoundReleases, RoundReports
from services.aggregator.estimation import estimate_round
from services.aggregator.kept_statistics import KeptStatistics

_log = logging.getLogger("aggregator")
# Fewest answers that come or go in a batch, unless the settings say otherwise.
SMALLEST_CHANGE = 10
# The same for the one publication after a round has closed: more would leave out up to nine answers to each question,
# and one would show an answer.
SMALLEST_AT_CLOSE = 2

# Bytes of a record. One of a million answers in ten versions has about half of that.
_LARGEST = 200_000_000
_Count = Annotated[int, Field(ge=0)]


def is_due(published: date | None, today: date, changed: int, smallest: int) -> bool:
    """Return whether statistics of a round are published now.

    published: day on which they were last, None for never. changed: answers that would be added or removed.
    With a `smallest` of 1 there are no batches: every change is published at once.
    """
    return changed >= smallest and (published is None or today > published or smallest == 1)


class Batch(Strict):
    """What is published of a round. day: of the last publication, None before the first. is_final: the one publication
    after the round had closed was decided. participants, waiting, refused: as they were on that day.

    versions: by question, the answers of every published version, oldest first: sorted payloads one after another, in
    base64. A question whose earlier versions are not known is left out, and its statistic stays as it is.
    """

    schema_version: Literal[1] = 1
    survey: str
    day: Annotated[date | None, Field(strict=False)] = None
    is_final: bool = False
    participants: _Count = 0
    waiting: _Count = 0
    refused: dict[str, _Count] = Field(default_factory=dict)
    versions: dict[str, Annotated[tuple[str, ...], Field(strict=False, min_length=1)]]

    def check(self, survey: Survey) -> None:
        """Raise ValueError unless the record is of this survey, and holds possible answers to its questions only."""
        questions = {question.name: question for question in survey.questions}
        if self.survey != survey.version or not self.versions.keys() <= questions.keys():
            raise ValueError("it is of another survey")
        for name, versions in self.versions.items():
            question = questions[name]
            for answers in {text: unpacked(text, question.payload_size) for text in versions}.values():
                for answer in answers.distinct():
                    question.check(answer)

    def answers(self, question: Question) -> list[Answers]:
        """Return the answers of every version of a question's statistic, oldest first."""
        return [unpacked(text, question.payload_size) for text in self.versions[question.name]]

    def withheld(self, survey: Survey, needed: int) -> dict[str, Withheld]:
        """Return the questions of which too few answers would be published. needed: how many it takes at least."""
        found = {
            question.name: len(base64.b64decode(self.versions[question.name][-1])) // question.payload_size
            for question in survey.questions
            if question.name in self.versions
        }
        return {name: Withheld(answers=count, needed=needed) for name, count in found.items() if 0 < count < needed}

    def reports(self, survey: Survey, withheld: Collection[str] = ()) -> RoundReports:
        """Return the published answers, counted. withheld: questions that are left out."""
        found = RoundReports(survey, self.participants, waiting=self.waiting, refused=Counter(self.refused))
        for question in survey.questions:
            if question.name in self.versions and question.name not in withheld:
                payloads = base64.b64decode(self.versions[question.name][-1])
                counted = question.count(payloads)
                found.counts[question.name], found.reports[question.name] = counted.counts, counted.reports
        return found


def next_batch(
    before: Batch, found: RoundReports, now: Mapping[str, Answers], today: date, smallest: int, *, is_closed: bool
) -> Batch:
    """Return what is published next of a round: `before` itself when nothing is due.

    found: what is there of the round now. now: its answers by question.
    """
    is_last = is_closed and not before.is_final
    if is_last:
        smallest = min(smallest, SMALLEST_AT_CLOSE)
    changed, versions = 0, dict(before.versions)
    for question in found.survey.questions:
        if question.name in versions:
            published = before.answers(question)
            following = next_version(published, now[question.name], smallest)
            if following != published[-1]:
                versions[question.name] = (*versions[question.name], packed(following))
                changed = max(changed, distance(following, published[-1]))
    if not is_due(before.day, today, changed, smallest):
        return before.model_copy(update={"is_final": before.is_final or is_last})
    return Batch(
        survey=before.survey,
        day=today,
        is_final=before.is_final or is_last,
        participants=found.participants,
        waiting=found.waiting,
        refused=dict(sorted(found.refused.items())),
        versions=versions,
    )


@dataclass(frozen=True)
class Batches:
    """The record of what is published, in the aggregator's own folder. kept: the statistics there. smallest: fewest
    answers of a batch. needed: fewest answers to a question of which anything is published.
    """

    own: Path
    kept: KeptStatistics
    smallest: int = SMALLEST_CHANGE
    needed: int = SMALLEST_ANSWERS
    durable: bool = True

    def advance(
        self,
        survey: Survey,
        releases: RoundReleases,
        found: RoundReports,
        vocabulary: Vocabulary,
        today: date,
    ) -> Batch | None:
        """Decide what is published of a round and record it before anything of it is; None when its survey is another
        one than that of the published statistics, which then stay as they are.

        releases: all that is there of the round. found: the same, counted.
        """
        now = {
            question.name: Answers.of(releases.payloads.get(question.name, b""), question.payload_size)
            for question in survey.questions
        }
        before = self._recorded(survey)
        published = self.published(survey.round)
        if before is None and published is not None and published.survey != survey.version:
            return None
        completed = _completed(before, published, found, now, vocabulary)
        is_closed = survey.week <= Week.last_complete(today) - ROTATION
        batch = next_batch(completed, found, now, today, self.smallest, is_closed=is_closed)
        write_kept(self.own, _place(survey.round), batch.to_bytes(), durable=self.durable)
        return batch

    def _recorded(self, survey: Survey) -> Batch | None:
        def parse(data: bytes) -> Batch:
            batch = Batch.model_validate_json(data)
            batch.check(survey)
            return batch

        return read_kept(self.own, _place(survey.round), _LARGEST, parse)

    def published(self, round_name: str) -> RoundStatistics | None:
        """Return the statistics of a round with at least one answer that are published, None without any."""
        statistics = self.kept.read(round_name)
        return statistics if statistics and statistics.reports else None

    def statistics(self, survey: Survey, batch: Batch | None, vocabulary: Vocabulary) -> RoundStatistics:
        """Return the statistics to publish: estimates from the batch, and what has to stay as it is published."""
        published = self.published(survey.round)
        if batch is None:
            assert published is not None
            return published
        withheld = batch.withheld(survey, self.needed)
        found = estimate_round(batch.reports(survey, withheld), vocabulary)
        found = found.model_copy(update={"withheld": withheld})
        if published is None:
            return found
        kept = {name: statistic for name, statistic in published.asked() if name not in batch.versions}
        if not kept:
            return found
        answers = found.reports + sum(statistic.reports for statistic in kept.values())
        return found.model_copy(update={**kept, "reports": answers})

    def forget(self, rounds: Collection[str]) -> None:
        """Delete the records of all rounds but these: the others are not counted any more."""
        for path in (self.own / "batches").glob("*.json"):
            if path.stem not in rounds:
                with suppress(IsADirectoryError):
                    path.unlink(missing_ok=True)


def _place(round_name: str) -> str:
    return f"batches/{round_name}.json"


def _completed(
    before: Batch | None,
    published: RoundStatistics | None,
    found: RoundReports,
    now: Mapping[str, Answers],
    vocabulary: Vocabulary,
) -> Batch:
    """Return the record of a round with every question whose published answers are known.

    A record may have been lost, or never have been written. Then a statistic that is published is known again where the
    answers that are there give exactly the same; until then other answers cannot be compared with it.
    """
    survey = found.survey
    if before is None:
        around = {} if published is None else published.model_dump(include={"participants", "waiting", "refused"})
        before = Batch(survey=survey.version, versions={}, **around)
    missing = [question.name for question in survey.questions if question.name not in before.versions]
    current = estimate_round(found, vocabulary) if missing and published is not None else None
    versions = dict(before.versions)
    for name in missing:
        statistic = getattr(published, name, None)
        if statistic is None or not statistic.reports:
            versions[name] = ("",)
        elif _alone(statistic) == _alone(getattr(current, name)):
            # Everybody also knows the time before the first version, when there was no answer.
            versions[name] = ("", packed(now[name]))
        else:
            _log.warning("round=%s question=%s stays as it is: its batches are not known", survey.round, name)
    return before.model_copy(update={"versions": versions})


def _alone(statistic: Statistic | None) -> Statistic | None:
    """Return a statistic without how many people take part, which changes with the batches of other questions."""
    return statistic and statistic.of_participants(None, None)
