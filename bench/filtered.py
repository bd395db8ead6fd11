"""`python -m bench.filtered`: coverage of the 95 % intervals of filtered shares when popularity drifts.

Shares of 50 shows move by a factor e**(drift Z) a week; each of N people names one show or none, randomized at odds 8
(epsilon 2.08). Noisy counts are drawn from the exact p and q; everything after that is the product's (decision 0042).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from bench.displayed import local_round
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.statistics import ShowTrends
from netflix_trend.questions.top_shows.trends import filtered_shows, observe_shows
from netflix_trend.survey.limits import DEFAULT_ODDS

_SHOWS = 50
_TOP = 5
_FIRST = Week.parse("2026-W01")
TITLES = [f"Show {number:02d}" for number in range(_SHOWS)]
DRIFTS = (0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Held:
    """Shares of intervals that hold the truth: of all shows, of the true first five, of clear shows.

    published is None where no show was clear. width: of the first five, median.
    """

    every: float
    top: float
    published: float | None
    width: float


def drifting(people: int, weeks: int, drift: float, seed: int) -> tuple[ShowTrends, dict[str, float]]:
    """Return the filtered shares after `weeks` weeks, and the true shares of that last week."""
    generator = np.random.default_rng([seed, people, round(100 * drift)])
    question = TopShowsQuestion.ask(range(_SHOWS), k=1, odds=DEFAULT_ODDS, weight=1)
    start = 0.15 / np.arange(1, _SHOWS + 1) ** 0.8 * np.exp(generator.normal(0, 0.5, _SHOWS))
    moved, rounds, truth = np.zeros(_SHOWS), [], start
    for number in range(weeks):
        moved = moved + generator.normal(0, drift, _SHOWS) if number else moved
        truth = start * np.exp(moved)
        truth /= max(1.0, truth.sum() / 0.9)
        named = generator.multinomial(people, [*truth, 1 - truth.sum()])[:-1]
        rounds.append((str(_FIRST + number), local_round(question, named, people, generator, TITLES)))
    observed = observe_shows(rounds)
    assert observed is not None
    return filtered_shows(observed), {title: float(share) for title, share in zip(TITLES, truth, strict=True)}


def coverage(people: int, drift: float, cohorts: int, weeks: int = 20) -> Held:
    """Return how often the intervals hold the truth in simulated cohorts, seeded by their number."""
    every, top, published, widths = [], [], [], []
    for seed in range(cohorts):
        shows, truth = drifting(people, weeks, drift, seed)
        fifth = sorted(truth.values())[-_TOP]
        for show in shows.shows:
            inside = show.lower <= truth[show.title] <= show.upper
            every.append(inside)
            if truth[show.title] >= fifth:
                top.append(inside)
                widths.append(show.upper - show.lower)
            if show.is_signal:
                published.append(inside)
    return Held(
        float(np.mean(every)),
        float(np.mean(top)),
        float(np.mean(published)) if published else None,
        float(np.median(widths)),
    )


def main(arguments: list[str] | None = None) -> None:
    """Print coverage by people and drift."""
    parser = argparse.ArgumentParser(prog="python -m bench.filtered", description=__doc__)
    parser.add_argument("--cohorts", type=int, default=60, help="simulated histories of each kind (%(default)s)")
    options = parser.parse_args(arguments)
    print(f"{'answering':>9}{'drift':>7}{'all shows':>11}{'first five':>12}{'published':>11}{'width':>8}")
    for people in (300, 1000, 3000):
        for drift in DRIFTS:
            held = coverage(people, drift, options.cohorts)
            published = "none" if held.published is None else f"{held.published:.3f}"
            print(
                f"{people:>9}{drift:>7}{held.every:>11.3f}{held.top:>12.3f}{published:>11}{held.width:>8.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
