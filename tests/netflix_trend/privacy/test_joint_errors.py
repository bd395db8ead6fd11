"""The bound on the covariance of estimates."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from netflix_trend.privacy.joint_errors import variance_bound


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("items", [3, 5])
def test_reports_of_fixed_size_vary_at_most_as_the_bound_says(items: int, k: int, size: int) -> None:
    """Every subset of a toy mechanism with its exact chance, for people who choose any sets in any proportions."""
    odds, everything = 8, range(items + k)
    sets = [subset for number in range(k + 1) for subset in combinations(range(items), number)]
    subsets = list(combinations(everything, size))
    inside = np.array([[item in subset for item in range(items)] for subset in subsets], dtype=float)
    rates = {}
    for chosen in sets:
        padded = {*chosen, *range(items, items + k - len(chosen))}
        weights = [Fraction(odds if padded & set(subset) else 1) for subset in subsets]
        rates[chosen] = np.array([float(weight / sum(weights)) for weight in weights])
    p = float(rates[0,] @ inside[:, 0])
    q = float(rates[0,] @ inside[:, 1])
    noise, each = variance_bound(items, k, p, q)
    generator = np.random.default_rng(3)
    for _ in range(20):
        proportions = generator.dirichlet(np.full(len(sets), 0.3))
        chance = np.sum([part * rates[chosen] for part, chosen in zip(proportions, sets, strict=True)], axis=0)
        mean = chance @ inside
        covariance = (inside.T * chance) @ inside - np.outer(mean, mean)
        share = np.array(
            [
                sum(part for part, chosen in zip(proportions, sets, strict=True) if item in chosen)
                for item in range(items)
            ]
        )
        left = np.diag(noise + each * share) - covariance / (p - q) ** 2
        assert np.linalg.eigvalsh(left).min() > -1e-9


def test_one_item_has_nothing_to_be_compared_with() -> None:
    with pytest.raises(ValueError, match="errors of one item"):
        variance_bound(1, 1, 0.5, 0.1)
