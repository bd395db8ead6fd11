"""What is assumed about weekly viewing before anybody has answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The prior weighs as much as this many exactly known people.
PRIOR_PEOPLE = 8.0


def prior_shares(buckets: Sequence[int]) -> NDArray[np.float64]:
    """Return float64[B], what is assumed about weekly counts before anybody has answered.

    An assumption, not data: 22 % of weeks are empty, the others follow a geometric distribution with mean 10
    (docs/method/volume.md#prior). A quarter of it is spread evenly over the buckets, so that intervals also hold
    where the guess is wrong. It weighs as much as PRIOR_PEOPLE people (decision 0108).
    """
    empty, mean = 0.22, 10.0
    stay = mean / (1 + mean)
    at_least = np.array([1.0 if low == 0 else (1 - empty) * stay**low for low in (*buckets, 10**9)])
    shares: NDArray[np.float64] = (at_least[:-1] - at_least[1:]) * 3 / 4 + 1 / (4 * len(buckets))
    return shares
