"""The set response: exact enumeration at toy size, the sampler at real size, and the estimator."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from math import log
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from netflix_trend.privacy.counts import estimate_counts
from netflix_trend.privacy.set_response import SetResponse, best_threshold
from netflix_trend.simulation.population import seeded_randomness

# (prime, items, k, odds, threshold): small enough that every draw can be played.
TOYS = [
    (5, 2, 1, Fraction(3), 1),
    (7, 4, 1, Fraction(8), 2),
    (11, 6, 1, Fraction(5, 2), 3),
    (5, 2, 2, Fraction(3), 1),
    (7, 3, 2, Fraction(2), 2),
    (7, 2, 2, Fraction(3, 2), 3),
]


def toy(prime: int, items: int, k: int, odds: Fraction, threshold: int) -> SetResponse:
    return SetResponse(items=items, k=k, odds=odds, threshold=threshold, prime=prime)


def every_report(mechanism: SetResponse, chosen: tuple[int, ...]) -> dict[tuple[int, ...], Fraction]:
    """Play every sequence of draws and return the exact probability of each report."""
    probability: defaultdict[tuple[int, ...], Fraction] = defaultdict(Fraction)
    one = Fraction(1, mechanism.total_weight * mechanism.prime**2)
    for draws in itertools.product(range(mechanism.total_weight), range(mechanism.prime), range(mechanism.prime)):
        queue = iter(zip(draws, (mechanism.total_weight, mechanism.prime, mechanism.prime), strict=True))
        probability[mechanism.randomize(chosen, lambda n, queue=queue: replay(queue, n))] += one
    return probability


def replay(queue: Iterator[tuple[int, int]], n: int) -> int:
    value, expected = next(queue)
    assert n == expected, "the sampler asked for another range than the enumeration plays"
    return value


def evaluate(coefficients: tuple[int, ...], point: int, prime: int) -> int:
    return int(sum(c * point**degree for degree, c in enumerate(coefficients)) % prime)


def reported_subset(mechanism: SetResponse, report: tuple[int, ...]) -> frozenset[int]:
    return frozenset(
        item for item in range(mechanism.items) if evaluate(report, item + 1, mechanism.prime) < mechanism.threshold
    )


def every_input(mechanism: SetResponse) -> list[tuple[int, ...]]:
    return [
        chosen for size in range(mechanism.k + 1) for chosen in itertools.combinations(range(mechanism.items), size)
    ]


@pytest.mark.parametrize("parameters", TOYS)
def test_the_largest_ratio_of_output_probabilities_is_exactly_the_odds(parameters: tuple[Any, ...]) -> None:
    mechanism = toy(*parameters)
    table = [every_report(mechanism, chosen) for chosen in every_input(mechanism)]
    reports = set().union(*table)
    assert len(reports) == mechanism.prime ** (mechanism.k + 2), "every polynomial is possible"
    ratios = []
    for report in reports:
        probabilities = [row.get(report, Fraction(0)) for row in table]
        assert min(probabilities) > 0, "a report that one input cannot give would reveal the input"
        ratios.append(max(probabilities) / min(probabilities))
    assert max(ratios) == mechanism.odds


@pytest.mark.parametrize("parameters", TOYS)
def test_probabilities_sum_to_one_and_marginals_are_as_stated(parameters: tuple[Any, ...]) -> None:
    mechanism = toy(*parameters)
    for chosen in every_input(mechanism):
        reports = every_report(mechanism, chosen)
        assert sum(reports.values()) == 1
        inside = {item: Fraction(0) for item in range(mechanism.items)}
        for report, probability in reports.items():
            for item in reported_subset(mechanism, report):
                inside[item] += probability
        for item, rate in inside.items():
            assert rate == (mechanism.p if item in chosen else mechanism.q)


@pytest.mark.parametrize("parameters", TOYS)
def test_items_that_were_not_chosen_are_pairwise_independent(parameters: tuple[Any, ...]) -> None:
    mechanism = toy(*parameters)
    for chosen in every_input(mechanism):
        others = [item for item in range(mechanism.items) if item not in chosen]
        reports = every_report(mechanism, chosen)
        for one, two in itertools.combinations(others, 2):
            both = sum(p for r, p in reports.items() if {one, two} <= reported_subset(mechanism, r))
            assert both == mechanism.q**2


def chi_square_p(observed: np.ndarray, expected: np.ndarray) -> float:
    """p-value of Pearson's chi-square, by the Wilson-Hilferty approximation (exact enough for hundreds of cells)."""
    statistic, freedom = float(((observed - expected) ** 2 / expected).sum()), len(observed) - 1
    z = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)) ** 0.5
    return 1 - NormalDist().cdf(z)


def sample_p(sampled: SetResponse, claimed: SetResponse, draws: int) -> float:
    randbelow = seeded_randomness(7)
    counted = Counter(sampled.randomize((1,), randbelow) for _ in range(draws))
    exact = every_report(claimed, (1,))
    reports = sorted(exact)
    observed = np.array([counted[r] for r in reports], dtype=float)
    return chi_square_p(observed, np.array([float(exact[r]) * draws for r in reports]))


def test_the_sampler_follows_the_exact_distribution() -> None:
    mechanism = toy(7, 4, 1, Fraction(8), 2)
    assert sample_p(mechanism, mechanism, 100_000) > 1e-5


def test_the_same_check_fails_for_a_sampler_that_is_20_percent_wrong() -> None:
    wrong, claimed = toy(7, 4, 1, Fraction(48, 5), 2), toy(7, 4, 1, Fraction(8), 2)
    assert sample_p(wrong, claimed, 100_000) < 1e-5


@pytest.mark.parametrize(("k", "odds"), [(1, 8), (3, 8), (3, 3), (1, 55)])
def test_the_empirical_privacy_loss_is_near_the_claim_and_not_above(k: int, odds: int) -> None:
    """Lower bound at 99.9 % on the event that tells most: the reported subset meets s and misses s'."""
    items, draws = 200, 40_000
    mechanism = SetResponse(items, k, Fraction(odds), best_threshold(k, Fraction(odds)))
    randbelow = seeded_randomness(11)
    one, two = tuple(range(k)), tuple(range(k, 2 * k))

    def rate(chosen: tuple[int, ...]) -> float:
        hits = 0
        for _ in range(draws):
            report = mechanism.randomize(chosen, randbelow)
            values = [evaluate(report, item + 1, mechanism.prime) < mechanism.threshold for item in (*one, *two)]
            hits += any(values[:k]) and not any(values[k:])
        return hits / draws

    z = NormalDist().inv_cdf(0.999)
    high, low = rate(one), rate(two)
    high_bound = high - z * (high * (1 - high) / draws) ** 0.5
    low_bound = low + z * (low * (1 - low) / draws) ** 0.5
    assert 0.85 * log(odds) < log(high_bound / low_bound) <= log(odds)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_vectorised_counting_equals_evaluation_one_by_one(k: int) -> None:
    mechanism = SetResponse(60, k, Fraction(8), best_threshold(k, Fraction(8)))
    randbelow = seeded_randomness(3)
    reports = [mechanism.randomize(range(min(k, n % (k + 1))), randbelow) for n in range(50)]
    expected = [sum(item in reported_subset(mechanism, r) for r in reports) for item in range(60)]
    counted = mechanism.count(np.array(reports, dtype=np.uint32))
    assert counted.tolist() == expected


def exact_members(mechanism: SetResponse, reports: np.ndarray) -> np.ndarray:
    """bool[N, V] by Horner's rule in whole numbers."""
    points = np.arange(1, mechanism.items + 1, dtype=np.int64)
    value = np.zeros((len(reports), mechanism.items), dtype=np.int64)
    for column in reports.astype(np.int64).T[::-1]:
        value = (value * points + column[:, None]) % mechanism.prime
    return value < mechanism.threshold


@pytest.mark.parametrize("k", range(1, 17))
@pytest.mark.parametrize("items", [50, 1438])
def test_counts_and_sizes_are_exact_for_random_and_extreme_coefficients(k: int, items: int) -> None:
    """Also where h(v) is 0, T-1, T and p-1 at a point, next to the borders of the comparison."""
    mechanism = SetResponse(items, k, Fraction(8), best_threshold(k, Fraction(8)))
    prime, generator = mechanism.prime, np.random.default_rng(k)
    reports = generator.integers(0, prime, (300, k + 2))
    reports[:20] = generator.choice([0, 1, prime - 1, prime - 2, prime // 2], (20, k + 2))
    reports[20], reports[21] = prime - 1, 0
    points = np.array([pow(v, degree, prime) for v in (1, 7, items) for degree in range(k + 2)]).reshape(3, k + 2)
    for number, value in enumerate([0, mechanism.threshold - 1, mechanism.threshold, prime - 1]):
        for place, powers in enumerate(points):
            row = reports[30 + 3 * number + place]
            row[0] = (value - int((row[1:] * powers[1:]).sum())) % prime
    counts, sizes = mechanism.count_with_sizes(reports.astype(np.uint32))
    members = exact_members(mechanism, reports)
    assert members[[30, 33]].any()
    assert counts.tolist() == members.sum(axis=0).tolist()
    assert sizes.tolist() == members.sum(axis=1).tolist()


@pytest.mark.parametrize(("items", "k"), [(65_000, 400), (20_000, 16), (1, 1)])
def test_counts_are_exact_at_the_limits_of_the_field(items: int, k: int) -> None:
    mechanism = SetResponse(items, k, Fraction(8), 2361)
    reports = np.random.default_rng(1).integers(0, mechanism.prime, (3, k + 2))
    reports[0] = mechanism.prime - 1
    counts, sizes = mechanism.count_with_sizes(reports.astype(np.uint32))
    members = exact_members(mechanism, reports)
    assert counts.tolist() == members.sum(axis=0).tolist()
    assert sizes.tolist() == members.sum(axis=1).tolist()


def test_a_round_of_many_equal_reports_is_counted_without_overflow() -> None:
    mechanism = SetResponse(3, 1, Fraction(8), 7280)
    counts, sizes = mechanism.count_with_sizes(np.zeros((1000, 3), dtype=np.uint32))
    assert counts.tolist() == [1000] * 3
    assert set(sizes.tolist()) == {3}


def test_no_reports_give_no_counts() -> None:
    counts, sizes = SetResponse(50, 3, Fraction(8), 2361).count_with_sizes(np.zeros((0, 5), dtype=np.uint32))
    assert counts.tolist() == [0] * 50
    assert len(sizes) == 0


@pytest.mark.parametrize(("k", "expected"), [(1, 7280), (3, 2361), (8, 879)])
def test_the_best_threshold_beats_its_neighbours(k: int, expected: int) -> None:
    def variance(threshold: int) -> float:
        mechanism = SetResponse(50, k, Fraction(8), threshold)
        rate = float(mechanism.q)
        return rate * (1 - rate) / (float(mechanism.p) - rate) ** 2

    threshold = best_threshold(k, Fraction(8))
    assert abs(threshold - expected) <= 1
    assert all(variance(threshold) <= variance(threshold + step) for step in (-50, -5, 5, 50))


def test_noise_equals_the_best_known_mechanism() -> None:
    """12.2 a participant at odds e (docs/method/statistics.md#mechanisms) (k=3); rational odds near e, within 2 %."""
    odds = Fraction(2718, 1000)
    mechanism = SetResponse(5000, 3, odds, best_threshold(3, odds))
    rate = float(mechanism.q)
    assert rate * (1 - rate) / (float(mechanism.p) - rate) ** 2 == pytest.approx(12.2, rel=0.02)


@pytest.mark.parametrize("chosen", [(0, 1), (0, 0), (-1,), (50,)])
def test_an_invalid_set_is_refused(chosen: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"items given|lies outside"):
        SetResponse(50, 1, Fraction(8), 7280).randomize(chosen)


@pytest.mark.parametrize(
    ("items", "k", "odds", "threshold"),
    [(50, 0, 8, 100), (0, 1, 8, 100), (65520, 1, 8, 100), (50, 1, 8, 0), (50, 1, 8, 65521), (50, 1, Fraction(1, 2), 9)],
)
def test_invalid_mechanism_parameters_are_refused(items: int, k: int, odds: Fraction, threshold: int) -> None:
    with pytest.raises(ValueError, match=r"do not fit|threshold|odds"):
        SetResponse(items, k, Fraction(odds), threshold)


def test_without_an_injected_source_two_reports_differ() -> None:
    mechanism = SetResponse(50, 3, Fraction(8), 2361)
    assert len({mechanism.randomize((1,)) for _ in range(20)}) == 20


def test_estimates_are_unbiased_and_intervals_cover() -> None:
    """600 rounds of 400 people: mean of z near 0, its spread near 1, 95 % intervals cover 93 to 97 % of the truth."""
    mechanism = SetResponse(40, 2, Fraction(8), best_threshold(2, Fraction(8)))
    p, q = float(mechanism.p), float(mechanism.q)
    people, rounds = 400, 600
    truth = np.round(people * np.array([0.4, 0.2, 0.1, 0.05, 0.02, 0.0, 0.0, 0.0])).astype(int)
    generator = np.random.default_rng(5)
    counts = generator.binomial(truth, p, (rounds, len(truth)))
    counts += generator.binomial(people - truth, q, (rounds, len(truth)))
    estimates = [estimate_counts(row, people, p, q) for row in counts]
    z = np.array([(e.estimate - truth) / e.standard_error for e in estimates])
    covered = np.array([(e.lower <= truth) & (truth <= e.upper) for e in estimates])
    assert abs(z.mean()) < 0.05
    assert z.std() == pytest.approx(1, abs=0.04)
    assert 0.93 < covered.mean() < 0.97
    assert covered.mean(axis=0).min() > 0.91


def test_real_reports_have_the_noise_that_the_estimator_states() -> None:
    mechanism = SetResponse(30, 3, Fraction(8), best_threshold(3, Fraction(8)))
    randbelow = seeded_randomness(13)
    rounds, people = 120, 150
    chosen = [(0, 1, 2)] * 60 + [(0,)] * 40 + [()] * 50
    estimates = []
    for _ in range(rounds):
        reports = np.array([mechanism.randomize(c, randbelow) for c in chosen], dtype=np.uint32)
        counts = mechanism.count(reports)
        estimates.append(estimate_counts(counts, people, float(mechanism.p), float(mechanism.q)).estimate)
    values = np.array(estimates)
    noise = estimate_counts(np.zeros(30, np.int64), people, float(mechanism.p), float(mechanism.q)).noise
    assert values[:, 3:].mean() == pytest.approx(0, abs=5 * noise / (rounds * 27) ** 0.5)
    assert values[:, 3:].std() == pytest.approx(noise, rel=0.05)
    assert values[:, 0].mean() == pytest.approx(100, abs=5 * noise / rounds**0.5)
