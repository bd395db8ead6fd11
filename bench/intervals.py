"""`python -m bench.intervals`: how often the 95 % intervals of viewing volume hold the truth (decision 0005)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netflix_trend.privacy.square_wave import posterior_draws
from netflix_trend.survey import VOLUME_BUCKETS, VolumeQuestion
from services.aggregator.estimation import PRIOR_PEOPLE, prior_shares

_REPETITIONS = 20
_DRAWS = 1000


def world(empty: float, mean: float) -> NDArray[np.float64]:
    """Return float64[16], bucket shares where `empty` of the weeks are empty and the others geometric."""
    stay = mean / (1 + mean)
    at_least = np.array([1.0 if low == 0 else (1 - empty) * stay**low for low in (*VOLUME_BUCKETS, 10**9)])
    shares: NDArray[np.float64] = at_least[:-1] - at_least[1:]
    return shares


def main() -> None:
    """Print the coverage of bucket shares and of cumulative shares in five worlds."""
    worlds = {
        "as assumed": world(0.22, 10),
        "half as many titles": world(0.22, 5),
        "twice as many titles": world(0.1, 20),
        "half of the weeks empty": world(0.5, 10),
        "hardly any empty week": np.roll(world(0.22, 10), 2),
    }
    channel = VolumeQuestion.ask(odds=Fraction(8), weight=1).channel.channel()
    prior = prior_shares(VOLUME_BUCKETS)
    generator = np.random.default_rng(0)
    print(f"{'world':<26}{'reports':>8}{'buckets':>10}{'cumulative':>12}")
    for reports in (100, 300, 1000):
        for name, truth in worlds.items():
            held = np.zeros(2)
            for _ in range(_REPETITIONS):
                exact = generator.multinomial(reports, truth)
                counts = np.sum([generator.multinomial(n, row) for n, row in zip(exact, channel, strict=True)], axis=0)
                draws = posterior_draws(counts, channel, prior, PRIOR_PEOPLE, _DRAWS, generator)
                held += coverage(draws, truth), coverage(np.cumsum(draws, axis=1)[:, :-1], np.cumsum(truth)[:-1])
            buckets, cumulative = 100 * held / _REPETITIONS
            print(f"{name:<26}{reports:>8}{buckets:>9.0f} %{cumulative:>10.0f} %")


def coverage(draws: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Return the share of columns whose central 95 % of draws hold the truth."""
    lower, upper = np.quantile(draws, [0.025, 0.975], axis=0)
    return float(np.mean((lower <= truth) & (truth <= upper)))


if __name__ == "__main__":
    main()
