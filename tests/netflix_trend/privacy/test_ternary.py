"""The ternary response: exact enumeration with the rounding, the sampler, and the mean change behind the reports."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from netflix_trend.privacy.ternary import DOWN, NONE, UP, TernaryResponse, direction
from netflix_trend.simulation.population import seeded_randomness

CASES = [TernaryResponse(Fraction(3)), TernaryResponse(Fraction(8)), TernaryResponse(Fraction(5, 2))]
CHANGES = [Fraction(0), Fraction(1, 3), Fraction(7, 2), Fraction(-7, 5), Fraction(-11), Fraction(12), Fraction(-12)]
TOO_LARGE = [Fraction(13), Fraction(-25, 2), Fraction(900)]
# ln of it is 2.0, for which docs/method/statistics.md#targets has its figures.
ODDS_2 = Fraction(7389, 1000)


def exact(channel: TernaryResponse, answer: int) -> list[Fraction]:
    """Play every value the source can give."""
    counted = Counter(channel.randomize(answer, lambda _, v=value: v) for value in range(channel.total_weight))
    return [Fraction(counted[report], channel.total_weight) for report in range(3)]


def exact_rounding(change: Fraction, clip: int = 12) -> list[Fraction]:
    """The same for the rounding, which asks for one number below clip times the denominator."""
    total = clip * change.denominator
    counted = Counter(direction(change, clip, lambda below, v=value: (v, below)[0]) for value in range(total))
    return [Fraction(counted[answer], total) for answer in (NONE, UP, DOWN)]


def exact_both(channel: TernaryResponse, change: Fraction) -> list[Fraction]:
    """Play every pair of values that a change can meet on its way into a report."""
    rounding, total = 12 * change.denominator, channel.total_weight
    counted = Counter[int]()
    for pair in product(range(rounding), range(total)):
        values, asked = iter(pair), iter((rounding, total))

        def randbelow(below: int, values: Iterator[int] = values, asked: Iterator[int] = asked) -> int:
            assert below == next(asked)
            return next(values)

        counted[channel.randomize(direction(change, 12, randbelow), randbelow)] += 1
    return [Fraction(counted[report], rounding * total) for report in range(3)]


# The mechanism


@pytest.mark.parametrize("channel", CASES)
def test_the_largest_ratio_of_output_probabilities_is_exactly_the_odds(channel: TernaryResponse) -> None:
    table = [exact(channel, answer) for answer in range(3)]
    assert all(sum(row) == 1 for row in table)
    ratios = {table[one][report] / table[other][report] for one, other, report in product(range(3), repeat=3)}
    assert max(ratios) == channel.odds
    assert min(ratios) == 1 / channel.odds


@pytest.mark.parametrize("channel", CASES)
def test_the_rates_are_the_exact_ones(channel: TernaryResponse) -> None:
    for answer in range(3):
        row = exact(channel, answer)
        assert [row[report] == channel.p for report in range(3)] == [report == answer for report in range(3)]
        assert {row[report] for report in range(3) if report != answer} == {channel.q}
    assert channel.p == channel.odds / (channel.odds + 2)


@pytest.mark.parametrize("change", CHANGES + TOO_LARGE)
def test_the_rounding_keeps_the_mean_of_the_clipped_change_exactly(change: Fraction) -> None:
    none, up, down = exact_rounding(change)
    assert none + up + down == 1
    assert 12 * (up - down) == max(Fraction(-12), min(Fraction(12), change))
    assert up == 0 or down == 0


@pytest.mark.parametrize("channel", CASES)
def test_between_any_two_changes_the_ratio_is_at_most_the_odds_and_reaches_them(channel: TernaryResponse) -> None:
    table = [exact_both(channel, change) for change in CHANGES + TOO_LARGE[:2]]
    assert all(sum(row) == 1 for row in table)
    ratios = [one[report] / other[report] for one in table for other in table for report in range(3)]
    assert max(ratios) == channel.odds
    for change, row in zip(CHANGES, table, strict=False):
        gain = channel.p - channel.q
        assert 12 * (row[UP] - row[DOWN]) / gain == change


@pytest.mark.parametrize("answer", [-1, 3])
def test_an_answer_that_does_not_exist_is_refused(answer: int) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        CASES[0].randomize(answer)


@pytest.mark.parametrize("odds", [Fraction(1), Fraction(1, 2)])
def test_uninformative_odds_are_refused(odds: Fraction) -> None:
    with pytest.raises(ValueError, match="odds"):
        TernaryResponse(odds)


def test_an_invalid_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="clip"):
        direction(Fraction(1), 0)


# The sampler


def chi_square(sampled: TernaryResponse, change: Fraction, claimed: Fraction) -> float:
    """How far 1e5 draws about `change` lie from what odds of 8 give about `claimed`; two degrees of freedom."""
    randbelow, draws = seeded_randomness(7), 100_000
    reports = [sampled.randomize(direction(change, 12, randbelow), randbelow) for _ in range(draws)]
    expected = draws * np.array([float(p) for p in exact_both(TernaryResponse(Fraction(8)), claimed)])
    return float(((np.bincount(reports, minlength=3) - expected) ** 2 / expected).sum())


# With two degrees of freedom 23.0 has p = 1e-5.
@pytest.mark.parametrize("change", [Fraction(0), Fraction(9, 2), Fraction(-8)])
def test_the_sampler_is_right_and_odds_that_are_a_fifth_wrong_are_noticed(change: Fraction) -> None:
    assert chi_square(TernaryResponse(Fraction(8)), change, change) < 23.0
    assert chi_square(TernaryResponse(Fraction(8) * 4 / 5), change, change) > 23.0
    assert chi_square(TernaryResponse(Fraction(8) * 6 / 5), change, change) > 23.0


def test_a_rounding_that_is_a_fifth_wrong_is_noticed() -> None:
    channel, change = TernaryResponse(Fraction(8)), Fraction(6)
    assert chi_square(channel, change, change) < 23.0
    assert chi_square(channel, change * 4 / 5, change) > 23.0
    assert chi_square(channel, change * 6 / 5, change) > 23.0


def binomial_quantile_bound(hits: int, draws: int, alpha: float, *, upper: bool) -> float:
    """Clopper-Pearson: the rate at which so many hits or more (fewer) have probability alpha, by bisection."""
    k = np.arange(draws + 1)
    log_choose = math.lgamma(draws + 1) - np.array([math.lgamma(x + 1) + math.lgamma(draws - x + 1) for x in k])

    def tail(rate: float) -> float:
        mass = np.exp(log_choose + k * math.log(rate) + (draws - k) * math.log1p(-rate))
        return float(mass[: hits + 1].sum() if upper else mass[hits:].sum())

    low, high = 1e-9, 1 - 1e-9
    for _ in range(60):
        middle = (low + high) / 2
        if (tail(middle) > alpha) == upper:
            low = middle
        else:
            high = middle
    return low if not upper else high


@pytest.mark.parametrize("odds", [Fraction(3), Fraction(8)])
def test_the_privacy_loss_that_can_be_observed_is_near_the_claim_and_not_above(odds: Fraction) -> None:
    """The best event for changes of +12 and -12 is the report UP."""
    channel, randbelow, draws = TernaryResponse(odds), seeded_randomness(9), 40_000
    hits = [
        sum(channel.randomize(direction(change, 12, randbelow), randbelow) == UP for _ in range(draws))
        for change in (Fraction(12), Fraction(-12))
    ]
    likely = binomial_quantile_bound(hits[0], draws, 0.0005, upper=False)
    unlikely = binomial_quantile_bound(hits[1], draws, 0.0005, upper=True)
    epsilon = math.log(odds)
    assert 0.85 * epsilon < math.log(likely / unlikely) <= epsilon


# The estimate


def population(people: int, generator: np.random.Generator, prevalence: float = 0.15) -> np.ndarray:
    """Changes in views a week: 0 without an event, with one +3 in the mean, as invented people have."""
    has_event = generator.random(people) < prevalence
    return np.where(has_event, np.clip(generator.normal(3, 5, people), -12, 12), 0.0)


def counts_of(channel: TernaryResponse, changes: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The mechanism on everybody at once, with floats."""
    draw = generator.random(len(changes))
    answer = np.where(draw < np.abs(changes) / 12, np.where(changes > 0, UP, DOWN), NONE)
    lie = generator.random(len(changes)) >= float(channel.p)
    return np.bincount((answer + lie * generator.integers(1, 3, len(changes))) % 3, minlength=3)


def test_the_fast_simulation_is_the_mechanism() -> None:
    channel, generator = TernaryResponse(Fraction(8)), np.random.default_rng(1)
    for change in (Fraction(9, 2), Fraction(-3)):
        counts = counts_of(channel, np.full(400_000, float(change)), generator)
        assert counts / 400_000 == pytest.approx([float(p) for p in exact_both(channel, change)], abs=0.003)


@pytest.mark.parametrize("people", [100, 1000, 10_000])
def test_the_mean_change_is_unbiased_and_its_interval_covers_as_often_as_it_says(people: int) -> None:
    channel, generator, runs = TernaryResponse(ODDS_2), np.random.default_rng(people), 2000
    errors, stated, covered, moved = [], [], [], []
    truth = float(population(2_000_000, np.random.default_rng(0)).mean())
    for _ in range(runs):
        counts = counts_of(channel, population(people, generator), generator)
        found = channel.mean_change(counts, 12)
        errors.append(found.estimate - truth)
        stated.append(found.standard_error)
        covered.append(found.lower <= truth <= found.upper)
        moved.append(found.lower > 0)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / math.sqrt(runs)
    assert np.mean(stated) == pytest.approx(np.std(errors), rel=0.06)
    assert 0.93 <= np.mean(covered) <= 0.98
    if people == 10_000:
        assert np.mean(moved) > 0.95


def test_the_mean_change_of_the_very_people_who_answered_is_covered_too() -> None:
    channel, generator = TernaryResponse(ODDS_2), np.random.default_rng(3)
    people = population(1000, generator)
    found = [channel.mean_change(counts_of(channel, people, generator), 12) for _ in range(2000)]
    errors = [one.estimate - people.mean() for one in found]
    assert abs(np.mean(errors)) < 3 * np.std(errors) / math.sqrt(2000)
    assert 0.93 <= np.mean([one.lower <= people.mean() <= one.upper for one in found]) <= 0.98


def test_at_1000_people_the_effect_among_people_with_an_event_reaches_the_target() -> None:
    """Root mean squared error at most 2.3 views a week at epsilon 2 and 15 % with an event."""
    channel, generator = TernaryResponse(ODDS_2), np.random.default_rng(4)
    errors = []
    for _ in range(2000):
        people = population(1000, generator)
        with_event = people[people != 0].mean()
        found = channel.mean_change(counts_of(channel, people, generator), 12)
        errors.append(found.estimate / 0.15 - with_event)
    error = float(np.sqrt(np.mean(np.square(errors))))
    print(f"RMSE of the change among people with an event: {error:.2f}")
    assert error <= 2.3


def test_without_any_event_few_rounds_are_called_an_effect() -> None:
    channel, generator = TernaryResponse(Fraction(8)), np.random.default_rng(5)
    for people in (20, 100, 1000):
        counts = [counts_of(channel, np.zeros(people), generator) for _ in range(2000)]
        found = [channel.mean_change(one, 12) for one in counts]
        assert np.mean([one.lower > 0 or one.upper < 0 for one in found]) <= 0.065


@pytest.mark.parametrize("answer", [NONE, UP, DOWN])
def test_shares_are_unbiased_and_covered(answer: int) -> None:
    channel, generator, runs = TernaryResponse(Fraction(8)), np.random.default_rng(6 + answer), 2000
    truth = np.array([0.8, 0.15, 0.05])
    rates = float(channel.q) + float(channel.p - channel.q) * truth
    found = [channel.share(generator.multinomial(400, rates), answer) for _ in range(runs)]
    errors = [one.estimate - truth[answer] for one in found]
    assert abs(np.mean(errors)) < 3 * np.std(errors) / math.sqrt(runs)
    assert np.mean([one.standard_error for one in found]) == pytest.approx(np.std(errors), rel=0.05)
    assert 0.93 <= np.mean([one.lower <= truth[answer] <= one.upper for one in found]) <= 0.98


def test_shares_add_up_and_their_covariance_is_that_of_the_estimates() -> None:
    channel, generator = TernaryResponse(Fraction(8)), np.random.default_rng(9)
    rates = float(channel.q) + float(channel.p - channel.q) * np.array([0.7, 0.2, 0.1])
    found = [channel.shares(generator.multinomial(3000, rates)) for _ in range(4000)]
    estimates = np.array([shares for shares, _ in found])
    assert estimates.sum(axis=1) == pytest.approx(1)
    assert estimates.mean(axis=0) == pytest.approx([0.7, 0.2, 0.1], abs=0.002)
    stated = np.mean([covariance for _, covariance in found], axis=0)
    assert stated == pytest.approx(np.cov(estimates.T), rel=0.1)
    assert stated.sum(axis=1) == pytest.approx(0, abs=1e-12)


def test_reports_that_noise_alone_gives_are_not_a_change() -> None:
    found = TernaryResponse(Fraction(8)).mean_change(np.array([800, 100, 100]), 12)
    assert found.estimate == pytest.approx(0)
    assert found.lower == pytest.approx(-found.upper)
    # 12 * sqrt(0.2 / 1000) / 0.7
    assert found.standard_error == pytest.approx(0.2424, abs=1e-4)


def test_impossible_counts_stay_within_what_is_possible() -> None:
    channel = TernaryResponse(Fraction(8))
    for counts in ([0, 1000, 0], [0, 0, 1], [1, 0, 0], [5000, 0, 0], [0, 7, 7]):
        array = np.array(counts)
        change = channel.mean_change(array, 12)
        assert -12 <= change.lower <= change.upper <= 12
        assert change.standard_error > 0
        for answer in range(3):
            share = channel.share(array, answer)
            assert 0 <= share.lower <= share.upper <= 1


def test_without_reports_everything_is_possible() -> None:
    channel, nobody = TernaryResponse(Fraction(8)), np.zeros(3, np.int64)
    change, share = channel.mean_change(nobody, 12), channel.share(nobody, UP)
    assert (change.estimate, change.standard_error, change.lower, change.upper) == (0, 12, -12, 12)
    assert (share.estimate, share.standard_error, share.lower, share.upper) == (0, 1, 0, 1)
