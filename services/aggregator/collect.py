"""Reads the releases of one round from all datasites. Every byte of them is hostile until it is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netflix_trend.datasite import Datasite, read_manifest, read_published, visit
from netflix_trend.files import UnsafeFile
from netflix_trend.release import SIZE, RefusedRelease, decode_coefficients, parse_release
from netflix_trend.survey import Question, Survey, TopShowsQuestion, shuffled_positions
from services.aggregator.poisoning import count_checked

# So many refused files of a round are kept with their datasite; the others are counted only.
MOST_REFUSALS = 1000


@dataclass
class RoundReports:
    """What all releases of a round say together.

    participants: datasites with a manifest. reports: valid releases by question. refused: files by reason.
    refusals: whose they were, with the reason, at most MOST_REFUSALS. waiting: announced but not wholly synced.
    show_counts: int64[candidates]. answer_counts: by question that is answered with one byte, int64[outputs]: how often
    each answer came.
    """

    survey: Survey
    participants: int = 0
    reports: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    show_counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    refusals: list[tuple[str, str]] = field(default_factory=list)
    answer_counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def refuse(self, email: str, reason: str) -> None:
        """Count a refused file; who it is from is for the aggregator's own log."""
        self.refused[reason] += 1
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append((email, reason))

    @property
    def volume_counts(self) -> NDArray[np.int64]:
        """int64[outputs] of the question about viewing volume; empty when it was not asked."""
        return self.answer_counts.get("volume", np.zeros(0, np.int64))

    @property
    def effect_counts(self) -> NDArray[np.int64]:
        """int64[3] of the question about life events: none, up, down; zeros when nobody answered it."""
        return self.answer_counts.get("event_effect", np.zeros(3, np.int64))


def collect(
    datasites: Path, emails: Iterable[str], survey: Survey, progress: Callable[[], None] = lambda: None
) -> RoundReports:
    """Read, check and count the releases of `emails` for the survey's round.

    One datasite is one person and has at most one release a round: the file of that name. A file that is missing,
    damaged or hostile is counted by reason and costs nobody else anything.
    """
    found = RoundReports(survey)
    for question in survey.questions:
        if not isinstance(question, TopShowsQuestion):
            found.answer_counts[question.name] = np.zeros(question.channel.outputs, np.int64)
    polynomials: list[bytes] = []  # all that is kept of a person: 2(k+2) bytes
    for email in emails:
        progress()
        try:
            answer = _read(Datasite(datasites, email), survey, found)
        except (UnsafeFile, RefusedRelease) as problem:
            if problem.reason == "unsynced":
                found.waiting += 1
            else:
                found.refuse(email, problem.reason)
            continue
        except OSError:
            found.refuse(email, "unreadable")
            continue
        if answer is None:
            continue
        asked, payload = answer
        if isinstance(asked, TopShowsQuestion):
            polynomials.append(payload)
        else:
            found.reports[asked.name] += 1
            found.answer_counts[asked.name][payload[0]] += 1
    top_shows = survey.question("top_shows")
    if isinstance(top_shows, TopShowsQuestion):
        _count_shows(top_shows, polynomials, found)
    return found


def _count_shows(question: TopShowsQuestion, polynomials: list[bytes], found: RoundReports) -> None:
    """Check the reports against each other, count the ones that pass and note why the others do not."""
    checked = count_checked(question.channel, decode_coefficients(question, polynomials))
    places = list(shuffled_positions(found.survey.round, len(question.candidates)))
    found.show_counts = checked.counts[places]
    refused = {"duplicate": checked.duplicates, "implausible": checked.implausible}
    found.refused.update({reason: number for reason, number in refused.items() if number})
    if checked.kept:
        found.reports[question.name] = checked.kept


def _read(site: Datasite, survey: Survey, found: RoundReports) -> tuple[Question, bytes] | None:
    """Return what a person was asked and the payload of their release, None when there is none for this round."""
    with visit(site) as folder:
        manifest = read_manifest(folder) if folder is not None else None
        if folder is None or manifest is None:
            return None
        found.participants += 1
        data = read_published(folder, manifest, f"releases/{survey.round}.json", SIZE)
        if data is None:
            return None
    question = survey.question_for(site.email)
    if question is None:
        raise RefusedRelease("not_asked", "this person was not asked in this round")
    return question, parse_release(data, survey, question)
