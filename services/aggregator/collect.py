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
from netflix_trend.survey import Survey, TopShowsQuestion, VolumeQuestion, shuffled_positions

# Reports are counted in batches, so that memory does not grow with the number of people.
_BATCH = 4096


@dataclass
class RoundReports:
    """What all releases of a round say together.

    participants: datasites with a manifest. reports: valid releases by question. refused: files by reason.
    waiting: announced but not wholly synced. show_counts: int64[candidates]. volume_counts: int64[outputs].
    """

    survey: Survey
    participants: int = 0
    reports: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    show_counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    volume_counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def collect(
    datasites: Path, emails: Iterable[str], survey: Survey, progress: Callable[[], None] = lambda: None
) -> RoundReports:
    """Read, check and count the releases of `emails` for the survey's round.

    One datasite is one person and has at most one release a round: the file of that name. A file that is missing,
    damaged or hostile is counted by reason and costs nobody else anything.
    """
    top_shows, volume = survey.question("top_shows"), survey.question("volume")
    found = RoundReports(survey)
    if isinstance(top_shows, TopShowsQuestion):
        found.show_counts = np.zeros(len(top_shows.candidates), np.int64)
    if isinstance(volume, VolumeQuestion):
        found.volume_counts = np.zeros(volume.channel.outputs, np.int64)
    batch: list[bytes] = []

    def count_batch() -> None:
        if batch and isinstance(top_shows, TopShowsQuestion):
            by_position = top_shows.channel.count(decode_coefficients(top_shows, batch))
            found.show_counts += by_position[list(shuffled_positions(survey.round, len(top_shows.candidates)))]
            batch.clear()

    for email in emails:
        progress()
        try:
            payload = _read(Datasite(datasites, email), survey, found)
        except (UnsafeFile, RefusedRelease) as problem:
            if problem.reason == "unsynced":
                found.waiting += 1
            else:
                found.refused[problem.reason] += 1
            continue
        except OSError:
            found.refused["unreadable"] += 1
            continue
        question = survey.question_for(email)
        if payload is None or question is None:
            continue
        found.reports[question.name] += 1
        if isinstance(question, VolumeQuestion):
            found.volume_counts[payload[0]] += 1
        else:
            batch.append(payload)
            if len(batch) == _BATCH:
                count_batch()
    count_batch()
    return found


def _read(site: Datasite, survey: Survey, found: RoundReports) -> bytes | None:
    """Return the payload of a person's release, None when there is none for this round."""
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
    return parse_release(data, survey, question)
