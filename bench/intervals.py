"""`python -m bench.intervals`: coverage of the 95 % intervals of viewing volume, of its mean and of its trend
(decisions 0005 and 0041).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.distribution import linear_mean, linear_weights
from netflix_trend.questions.volume.estimation import estimate_volume
from netflix_trend.questions.volume.mean import bucket_titles, mean_titles
from netflix_trend.questions.volume.question import VOLUME_BUCKETS, VolumeQuestion
from netflix_trend.questions.volume.statistics import Volume
from netflix_trend.questions.volume.viewing import find_slope, weekly_mean

_REPETITIONS = 40
_MEANS = 4000
_TRENDS = 1000
_RISE = 0.1
_FIRST = Week.parse("2026-W01")


def world(empty: float, mean: float) -> NDArray[np.float64]:
    """Return float64[16], bucket shares where `empty` of the weeks are empty and the others geometric."""
    stay = mean / (1 + mean)
    at_least = np.array([1.0 if low == 0 else (1 - empty) * stay**low for low in (*VOLUME_BUCKETS, 10**9)])
    shares: NDArray[np.float64] = at_least[:-1] - at_least[1:]
    return shares


WORLDS = {
    "as assumed": world(0.22, 10),
    "half as many titles": world(0.22, 5),
    "twice as many titles": world(0.1, 20),
    "half of the weeks empty": world(0.5, 10),
    "hardly any empty week": np.roll(world(0.22, 10), 2),
}


def main() -> None:
    """Print how often intervals of the distribution and the mean hold in five worlds, then those of the trend."""
    question = VolumeQuestion.ask(odds=Fraction(8), weight=1)
    channel = question.channel.channel()
    generator = np.random.default_rng(0)
    titles = bucket_titles(VOLUME_BUCKETS)
    weights = linear_weights(channel, titles)
    print(f"{'world':<26}{'reports':>8}{'buckets':>9}{'groups':>9}{'shares below':>14}{'mean':>8}{'s.e.':>8}")
    for reports in (50, 100, 300, 1000, 3000):
        for name, truth in WORLDS.items():
            held = np.zeros(3)
            for number in range(_REPETITIONS):
                volume = estimate_volume(question, generator.multinomial(reports, truth @ channel), str(number))
                held += volume_coverage(volume, truth)
            buckets, groups, below = 100 * held / _REPETITIONS
            several = generator.multinomial(reports, truth @ channel, size=_MEANS)
            means, errors = np.transpose([linear_mean(counts, weights) for counts in several])
            inside = 100 * np.mean(np.abs(means - truth @ titles) <= 1.96 * errors)
            print(
                f"{name:<26}{reports:>8}{buckets:>7.0f} %{groups:>7.0f} %{below:>12.0f} %{inside:>6.1f} %"
                f"{errors.mean():>8.2f}",
                flush=True,
            )
    print(f"\n{'trend of weekly means of 600 answers':<36}{'rounds':>8}{'held':>9}{'s.e.':>8}")
    for wander in (0.0, 0.5, 1.0, 2.0):
        for rounds in (6, 13, 26, 52):
            held_slopes, error = slope_coverage(rounds, wander, generator)
            print(f"level wanders by {wander:<20g}{rounds:>7}{100 * held_slopes:>7.1f} %{error:>8.3f}", flush=True)


def slope_coverage(
    rounds: int, wander: float, generator: np.random.Generator, repetitions: int = _TRENDS
) -> tuple[float, float]:
    """Return how often the interval of the trend holds a rise of .1 titles a week, and its mean standard error.

    Every week 600 people answer; the level moves by `wander` titles from week to week beside the rise.
    """
    question = VolumeQuestion.ask(odds=Fraction(8), weight=1)
    channel, titles = question.channel.channel(), bucket_titles(VOLUME_BUCKETS)
    low, high = WORLDS["half as many titles"], WORLDS["twice as many titles"]
    held, errors = [], []
    for _ in range(repetitions):
        levels = 10.5 + _RISE * (np.arange(rounds) - (rounds - 1) / 2) + generator.normal(0, wander, rounds)
        parts = (levels - low @ titles) / ((high - low) @ titles)
        weeks = []
        for number, part in enumerate(np.clip(parts, 0, 1)):
            mean = mean_titles(
                question.channel, VOLUME_BUCKETS, generator.multinomial(600, (low + part * (high - low)) @ channel)
            )
            assert mean is not None
            weeks.append(weekly_mean(str(_FIRST + number), 600, mean))
        slope = find_slope(weeks)
        assert slope is not None
        held.append(slope.lower <= _RISE <= slope.upper)
        errors.append(slope.standard_error)
    return float(np.mean(held)), float(np.mean(errors))


def volume_coverage(volume: Volume, truth: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return which part of a published distribution's intervals hold the truth, float64[B]: those of its buckets, of
    its groups, and of the shares of people below each bucket, which tell people their place.
    """
    ends = np.array([(group.lower, group.upper) for group in volume.groups])
    grouped = np.add.reduceat(truth, [volume.buckets.index(group.low) for group in volume.groups])
    below = np.abs(np.array(volume.cumulative) - (np.cumsum(truth) - truth)) <= 1.96 * np.array(volume.cumulative_error)
    return (
        float(np.mean((volume.lower <= truth) & (truth <= volume.upper))),
        float(np.mean((ends[:, 0] <= grouped) & (grouped <= ends[:, 1]))),
        float(np.mean(below[1:])),
    )


if __name__ == "__main__":
    main()
