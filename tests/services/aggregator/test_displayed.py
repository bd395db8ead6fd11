"""What pages pick out holds what its interval says: `python -m bench displayed` at reduced size, with fixed seeds."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from bench.displayed import LISTED, LOWEST, Held, local_round, summed_round
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.trends import all_time, filtered_shows, observe_shows, windows

FIRST = Week.parse("2026-W20")
# As people name the first 50 of 5,000 shows: popularity as steep as Zipf's, and as flat as in Netflix's real weeks.
SHARES = {"zipf1": 0.1 / np.arange(1, LISTED + 1), "flat": 0.025 / np.arange(1, LISTED + 1) ** 0.65}


@pytest.mark.parametrize("is_sum", [False, True], ids=["local", "sums"])
@pytest.mark.parametrize("answers", [50, 300])
@pytest.mark.parametrize("population", list(SHARES))
def test_the_first_show_the_first_five_and_the_clear_ones_hold_in_every_list(
    population: str, answers: int, is_sum: bool
) -> None:
    generator = np.random.default_rng([answers, is_sum])
    shares, weeks = SHARES[population], 5
    found: defaultdict[str, Held] = defaultdict(Held)
    kinds = np.append(np.arange(LISTED), LISTED)
    chances = np.append(shares, 1 - shares.sum())
    for _ in range(80):
        named = [np.eye(LISTED + 1, dtype=bool)[generator.choice(kinds, answers, p=chances), :-1] for _ in range(weeks)]
        truths = [one.sum(axis=0) for one in named]
        rounds = [
            (str(FIRST + place), (summed_round if is_sum else local_round)(one, generator))
            for place, one in enumerate(named)
        ]
        observed = observe_shows(rounds)
        assert observed is not None
        found["week"].add(rounds[-1][1].shows, truths[-1])
        found["filtered"].add(filtered_shows(observed).shows, shares)
        found["all rounds"].add(all_time(observed).shows, np.sum(truths, axis=0))
        found["four weeks"].add(windows(observed)[0].shows.shows, np.sum(truths[-4:], axis=0))
    for name, held in found.items():
        assert np.mean(held.first) >= LOWEST, name
        assert np.mean(held.top) >= LOWEST, name
        assert len(held.clear) < 20 or np.mean(held.clear) >= LOWEST, name


def test_plain_intervals_of_the_first_show_do_not_hold() -> None:
    """Why all this is needed: the same lists with the estimate and its standard error alone."""
    generator = np.random.default_rng(1)
    plain = []
    for _ in range(120):
        named = generator.random((300, LISTED)) < SHARES["flat"] / 2
        first = local_round(named, generator).shows[0]
        plain.append(abs(first.estimate - named.sum(axis=0)[first.show]) <= 1.96 * first.standard_error)
    assert np.mean(plain) < 0.6
