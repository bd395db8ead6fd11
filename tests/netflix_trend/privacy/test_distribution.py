"""The distribution behind randomized reports, and means that assume nothing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from netflix_trend.privacy.distribution import map_shares, posterior_draws
from netflix_trend.privacy.interval_channel import IntervalChannel

# Each report names the buckets within one step of a place: a square wave (Z. Li et al., SIGMOD 2020).
WAVE = IntervalChannel(7, tuple((max(0, r - 2), min(6, r), 1) for r in range(9)), Fraction(8))


def reports_of(channel: IntervalChannel, shares: np.ndarray, people: int, generator: np.random.Generator) -> np.ndarray:
    exact_buckets = generator.multinomial(people, shares)
    rows = zip(exact_buckets, channel.channel(), strict=True)
    return np.asarray(np.sum([generator.multinomial(n, row) for n, row in rows], axis=0))


SHARES = np.array([0.25, 0.05, 0.1, 0.15, 0.2, 0.15, 0.1])
PRIOR = np.array([0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05])


def test_without_noise_the_estimate_is_the_sample_and_the_prior_counts_as_people() -> None:
    counts = np.array([30, 10, 0, 60])
    shares = map_shares(counts, np.eye(4), np.full(4, 0.25), 20.0)
    assert shares == pytest.approx((counts + 5) / 120)


def test_no_reports_give_the_prior() -> None:
    channel = WAVE.channel()
    assert map_shares(np.zeros(9, np.int64), channel, PRIOR, 10.0) == pytest.approx(PRIOR)


def test_the_estimate_has_no_better_neighbour() -> None:
    """At the maximum of the posterior every small move of mass between two buckets makes it less probable."""
    channel = WAVE.channel()
    counts = reports_of(WAVE, SHARES, 500, np.random.default_rng(1))

    def log_posterior(shares: np.ndarray) -> float:
        return float(counts @ np.log(shares @ channel) + 10 * PRIOR @ np.log(shares))

    best = map_shares(counts, channel, PRIOR, 10.0)
    for source in range(7):
        for target in range(7):
            moved = best.copy()
            step = 0.01 * best[source]
            moved[source] -= step
            moved[target] += step
            assert log_posterior(moved) <= log_posterior(best) + 1e-9


def test_many_reports_overcome_a_wrong_prior() -> None:
    counts = reports_of(WAVE, SHARES, 2_000_000, np.random.default_rng(2))
    assert map_shares(counts, WAVE.channel(), PRIOR, 10.0) == pytest.approx(SHARES, abs=0.005)


@pytest.mark.parametrize("people", [300, 1500])
def test_posterior_intervals_cover_the_true_cumulative_shares(people: int) -> None:
    generator = np.random.default_rng(3)
    channel, truth = WAVE.channel(), np.cumsum(SHARES)[:-1]
    covered = []
    for _ in range(60):
        counts = reports_of(WAVE, SHARES, people, generator)
        draws = np.cumsum(posterior_draws(counts, channel, PRIOR, 10.0, 300, generator), axis=1)[:, :-1]
        lower, upper = np.quantile(draws, [0.025, 0.975], axis=0)
        covered.append((lower <= truth) & (truth <= upper))
    assert np.mean(covered) > 0.90


def test_posterior_draws_are_repeatable_with_the_same_generator() -> None:
    counts = reports_of(WAVE, SHARES, 300, np.random.default_rng(4))
    one, two = (posterior_draws(counts, WAVE.channel(), PRIOR, 10.0, 50, np.random.default_rng(9)) for _ in range(2))
    assert (one == two).all()
    assert one.sum(axis=1) == pytest.approx(1)
