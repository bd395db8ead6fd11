"""The square wave: exact enumeration, the sampler, and the distribution behind the reports."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from netflix_trend.privacy.square_wave import SquareWave, best_width, map_em, posterior_draws
from netflix_trend.simulation.population import seeded_randomness

CASES = [
    SquareWave(4, 1, Fraction(3)),
    SquareWave(5, 0, Fraction(8)),
    SquareWave(6, 2, Fraction(5, 2)),
    SquareWave(16, 2, Fraction(8)),
]


def exact(channel: SquareWave, bucket: int) -> dict[int, Fraction]:
    """Play every value the source can give."""
    counted = Counter(channel.randomize(bucket, lambda _, v=value: v) for value in range(channel.total_weight))
    return {report: Fraction(count, channel.total_weight) for report, count in counted.items()}


@pytest.mark.parametrize("channel", CASES)
def test_the_largest_ratio_of_output_probabilities_is_exactly_the_odds(channel: SquareWave) -> None:
    table = [exact(channel, bucket) for bucket in range(channel.buckets)]
    for report in range(channel.outputs):
        probabilities = [row[report] for row in table]
        assert max(probabilities) / min(probabilities) <= channel.odds
    middle = channel.buckets // 2 + channel.width
    assert max(row[middle] for row in table) / min(row[middle] for row in table) == channel.odds


@pytest.mark.parametrize("channel", CASES)
def test_the_channel_matrix_is_the_exact_distribution(channel: SquareWave) -> None:
    matrix = channel.channel()
    assert matrix.shape == (channel.buckets, channel.outputs)
    assert matrix.sum(axis=1) == pytest.approx(1)
    for bucket in range(channel.buckets):
        row = exact(channel, bucket)
        assert sum(row.values()) == 1
        assert matrix[bucket] == pytest.approx([float(row[report]) for report in range(channel.outputs)])


@pytest.mark.parametrize(("wrong", "passes"), [(Fraction(8), True), (Fraction(10), False)])
def test_the_test_of_the_sampler_notices_one_that_is_a_quarter_wrong(wrong: Fraction, passes: bool) -> None:
    draws, sampled, claimed = 60_000, SquareWave(6, 1, wrong), SquareWave(6, 1, Fraction(8))
    randbelow = seeded_randomness(5)
    observed = np.bincount([sampled.randomize(2, randbelow) for _ in range(draws)], minlength=claimed.outputs)
    expected = claimed.channel()[2] * draws
    statistic = float(((observed - expected) ** 2 / expected).sum())
    # 7 degrees of freedom: 36.5 has p = 6e-6, 20 below it p = 0.006
    assert (statistic < 36.5) is passes


@pytest.mark.parametrize("bucket", [-1, 16])
def test_a_bucket_that_does_not_exist_is_refused(bucket: int) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        SquareWave(16, 2, Fraction(8)).randomize(bucket)


@pytest.mark.parametrize(("buckets", "width", "odds"), [(1, 1, 8), (16, -1, 8), (16, 1, Fraction(1, 2))])
def test_invalid_channel_parameters_are_refused(buckets: int, width: int, odds: Fraction) -> None:
    with pytest.raises(ValueError, match="square wave"):
        SquareWave(buckets, width, Fraction(odds))


def test_the_width_follows_the_formula_of_the_paper() -> None:
    # e = ln 8: (8 ln 8 - 8 + 1) / (2 * 8 * (8 - 1 - ln 8)) = 0.1224 of 16 buckets
    assert best_width(16, Fraction(8)) == 2
    assert best_width(16, Fraction(1)) == 8
    assert best_width(100, Fraction(8)) == 12


def reports_of(channel: SquareWave, shares: np.ndarray, people: int, generator: np.random.Generator) -> np.ndarray:
    exact_buckets = generator.multinomial(people, shares)
    rows = zip(exact_buckets, channel.channel(), strict=True)
    return np.asarray(np.sum([generator.multinomial(n, row) for n, row in rows], axis=0))


SHARES = np.array([0.25, 0.05, 0.1, 0.15, 0.2, 0.15, 0.1])
PRIOR = np.array([0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05])


def test_without_noise_the_estimate_is_the_sample_and_the_prior_counts_as_people() -> None:
    counts = np.array([30, 10, 0, 60])
    shares = map_em(counts, np.eye(4), np.full(4, 0.25), 20.0)
    assert shares == pytest.approx((counts + 5) / 120)


def test_no_reports_give_the_prior() -> None:
    channel = SquareWave(7, 1, Fraction(8)).channel()
    assert map_em(np.zeros(9, np.int64), channel, PRIOR, 10.0) == pytest.approx(PRIOR)


def test_the_estimate_has_no_better_neighbour() -> None:
    """At the maximum of the posterior every small move of mass between two buckets makes it less probable."""
    channel = SquareWave(7, 1, Fraction(8)).channel()
    counts = reports_of(SquareWave(7, 1, Fraction(8)), SHARES, 500, np.random.default_rng(1))

    def log_posterior(shares: np.ndarray) -> float:
        return float(counts @ np.log(shares @ channel) + 10 * PRIOR @ np.log(shares))

    best = map_em(counts, channel, PRIOR, 10.0)
    for source in range(7):
        for target in range(7):
            moved = best.copy()
            step = 0.01 * best[source]
            moved[source] -= step
            moved[target] += step
            assert log_posterior(moved) <= log_posterior(best) + 1e-9


def test_many_reports_overcome_a_wrong_prior() -> None:
    wave = SquareWave(7, 1, Fraction(8))
    counts = reports_of(wave, SHARES, 2_000_000, np.random.default_rng(2))
    assert map_em(counts, wave.channel(), PRIOR, 10.0) == pytest.approx(SHARES, abs=0.005)


@pytest.mark.parametrize("people", [300, 1500])
def test_posterior_intervals_cover_the_true_cumulative_shares(people: int) -> None:
    wave, generator = SquareWave(7, 1, Fraction(8)), np.random.default_rng(3)
    channel, truth = wave.channel(), np.cumsum(SHARES)[:-1]
    covered = []
    for _ in range(60):
        counts = reports_of(wave, SHARES, people, generator)
        draws = np.cumsum(posterior_draws(counts, channel, PRIOR, 10.0, 300, generator), axis=1)[:, :-1]
        lower, upper = np.quantile(draws, [0.025, 0.975], axis=0)
        covered.append((lower <= truth) & (truth <= upper))
    assert np.mean(covered) > 0.90


def test_posterior_draws_are_repeatable_with_the_same_generator() -> None:
    wave = SquareWave(7, 1, Fraction(8))
    counts = reports_of(wave, SHARES, 300, np.random.default_rng(4))
    one, two = (posterior_draws(counts, wave.channel(), PRIOR, 10.0, 50, np.random.default_rng(9)) for _ in range(2))
    assert (one == two).all()
    assert one.sum(axis=1) == pytest.approx(1)
