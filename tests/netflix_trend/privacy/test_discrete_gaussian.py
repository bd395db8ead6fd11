"""The noise has exactly the declared distribution; one that is 5 % off does not pass."""

from __future__ import annotations

import inspect
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from scipy.stats import chi2

from netflix_trend.privacy import randomness
from netflix_trend.privacy.discrete_gaussian import DiscreteGaussian, bernoulli_exp, discrete_laplace

SIGMAS2 = [Fraction(1, 3), Fraction(4), Fraction(371, 10), Fraction(10**4)]
COUNT = 60_000


def seeded(seed: int) -> Callable[[int], int]:
    return random.Random(seed).randrange


def p_value(samples: Sequence[int], weight: Callable[[int], float]) -> float:
    """Of a chi-square test against probabilities proportional to weight(x), in cells of at least 20 samples."""
    reach = 2 + max(map(abs, samples))
    while weight(reach) > 1e-12:
        reach *= 2
    whole = math.fsum(weight(x) for x in range(-reach, reach + 1))
    seen = Counter(samples)
    statistic, cells, expected, observed = 0.0, 0, 0.0, 0
    for x in range(-reach, reach + 1):
        expected += len(samples) * weight(x) / whole
        observed += seen[x]
        if expected >= max(20, len(samples) / 60):
            statistic += (observed - expected) ** 2 / expected
            cells, expected, observed = cells + 1, 0.0, 0
    statistic += (observed - expected) ** 2 / max(expected, 20)  # the upper tail
    return float(chi2.sf(statistic, cells))


def gaussian(sigma2: Fraction) -> Callable[[int], float]:
    return lambda x: math.exp(-x * x / (2 * float(sigma2)))


@pytest.mark.parametrize("sigma2", SIGMAS2)
def test_noise_has_the_probabilities_of_a_discrete_gaussian(sigma2: Fraction) -> None:
    samples = DiscreteGaussian(sigma2).samples(COUNT, seeded(1))
    assert p_value(samples, gaussian(sigma2)) > 1e-3
    for off in (Fraction(105, 100), Fraction(95, 100)):
        assert p_value(samples, gaussian(sigma2 * off)) < 1e-5, "the test would notice 5 %"


@pytest.mark.parametrize("sigma2", SIGMAS2)
def test_noise_has_its_variance_and_no_direction(sigma2: Fraction) -> None:
    samples = DiscreteGaussian(sigma2).samples(COUNT, seeded(2))
    weight = gaussian(sigma2)
    reach = range(-20 * math.isqrt(int(sigma2)) - 20, 20 * math.isqrt(int(sigma2)) + 21)
    whole = math.fsum(map(weight, reach))
    variance = math.fsum(x * x * weight(x) for x in reach) / whole
    fourth = math.fsum(x**4 * weight(x) for x in reach) / whole
    assert variance <= float(sigma2) * (1 + 1e-12)
    error = math.sqrt((fourth - variance**2) / COUNT)
    assert abs(sum(x * x for x in samples) / COUNT - variance) < 4 * error
    assert 4 * error < 0.05 * variance, "a variance that is 5 % off would fail"
    assert abs(sum(samples) / COUNT) < 4 * math.sqrt(variance / COUNT)


@pytest.mark.parametrize(
    "faulty",
    [
        lambda sigma2, draw: DiscreteGaussian(sigma2 * Fraction(105, 100)).sample(draw),
        lambda sigma2, draw: DiscreteGaussian(sigma2 * Fraction(95, 100)).sample(draw),
        lambda sigma2, draw: DiscreteGaussian(sigma2).sample(lambda n: draw(n + 1) % n),
        lambda sigma2, draw: abs(DiscreteGaussian(sigma2).sample(draw)),
        lambda sigma2, draw: round(random.Random(draw(2**40)).gauss(0, 1.05 * float(sigma2) ** 0.5)),
    ],
)
def test_a_sampler_that_is_wrong_does_not_pass(faulty: Callable[[Fraction, Callable[[int], int]], int]) -> None:
    sigma2, draw = Fraction(4), seeded(3)
    assert p_value([faulty(sigma2, draw) for _ in range(COUNT)], gaussian(sigma2)) < 1e-5


def test_consecutive_samples_are_independent() -> None:
    samples = DiscreteGaussian(Fraction(9)).samples(20_000, seeded(4))
    products = sum(a * b for a, b in pairwise(samples)) / (9 * len(samples))
    assert abs(products) < 4 / math.sqrt(len(samples))


@pytest.mark.parametrize("scale", [1, 2, 7])
def test_laplace_noise(scale: int) -> None:
    draw = seeded(5)
    samples = [discrete_laplace(scale, draw) for _ in range(30_000)]
    assert p_value(samples, lambda x: math.exp(-abs(x) / scale)) > 1e-3
    assert p_value(samples, lambda x: math.exp(-abs(x) / (1.05 * scale))) < 1e-3


@pytest.mark.parametrize(
    ("numerator", "denominator"), [(0, 1), (1, 1), (1, 2), (2, 3), (1, 7), (7, 7), (3, 2), (2, 1), (5, 2)]
)
def test_bernoulli_is_exact(numerator: int, denominator: int) -> None:
    # Every way the draws can go, with its probability as a fraction, until only a little probability is left.
    true, undecided, ways = Fraction(0), Fraction(0), [((), Fraction(1))]
    while ways:
        taken, chance = ways.pop()
        if chance < Fraction(1, 10**7):
            undecided += chance
            continue
        left, asked = list[int](taken), list[int]()

        def replay(count: int, left: list[int] = left, asked: list[int] = asked) -> int:
            if left:
                return left.pop(0)
            asked.append(count)
            raise LookupError

        try:
            true += chance * bernoulli_exp(numerator, denominator, replay)
        except LookupError:
            ways += [((*taken, draw), chance / asked[0]) for draw in range(asked[0])]
    assert undecided < Fraction(1, 1000)
    assert float(true) <= math.exp(-numerator / denominator) <= float(true + undecided)


def test_an_invalid_probability_is_refused() -> None:
    for numerator, denominator in [(-1, 2), (1, 0), (1, -1)]:
        with pytest.raises(ValueError, match="fraction"):
            bernoulli_exp(numerator, denominator)
    with pytest.raises(ValueError, match="scale"):
        discrete_laplace(0)
    for sigma2 in (0, -1):
        with pytest.raises(ValueError, match="sigma2"):
            DiscreteGaussian(Fraction(sigma2))


def test_large_noise_needs_no_floating_point() -> None:
    sigma2 = Fraction(10**40 + 1, 3)
    samples = DiscreteGaussian(sigma2).samples(200, seeded(6))
    assert 0.7 < sum(x * x for x in samples) / (200 * float(sigma2)) < 1.35


def test_the_source_is_the_operating_systems() -> None:
    for sampler in (bernoulli_exp, discrete_laplace, DiscreteGaussian.sample, DiscreteGaussian.samples):
        assert inspect.signature(sampler).parameters["randbelow"].default is randomness.secure
    assert len({tuple(DiscreteGaussian(Fraction(100)).samples(8)) for _ in range(20)}) == 20
