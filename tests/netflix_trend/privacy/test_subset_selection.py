"""Subset selection: exact enumeration at toy size, the sampler at real size, ranks, and the estimator."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from math import comb, log
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.privacy.counts import estimate_counts
from netflix_trend.privacy.subset_selection import MOST_NAMED, SubsetSelection, _subtract, best_size, rank, unrank
from netflix_trend.simulation.population import seeded_randomness

# Small enough that every draw can be played: up to five items, up to three of them named, every size.
TOYS = [
    SubsetSelection(items, k, odds, size)
    for items in range(1, 6)
    for k, odds in ((1, Fraction(8)), (2, Fraction(5, 2)), (3, Fraction(3)))
    for size in range(1, items + 1)
]
toys = pytest.mark.parametrize("mechanism", TOYS, ids=lambda one: f"V{one.items}-k{one.k}-c{one.size}")


def at_odds_8(items: int, k: int) -> SubsetSelection:
    return SubsetSelection(items, k, Fraction(8), best_size(items, k, Fraction(8)))


def every_input(mechanism: SubsetSelection) -> list[tuple[int, ...]]:
    numbers = range(min(mechanism.k, mechanism.items) + 1)
    return [chosen for size in numbers for chosen in itertools.combinations(range(mechanism.items), size)]


def padded(mechanism: SubsetSelection, chosen: tuple[int, ...]) -> frozenset[int]:
    return frozenset([*chosen, *range(mechanism.items, mechanism.items + mechanism.k - len(chosen))])


@cache
def every_report(mechanism: SubsetSelection, chosen: tuple[int, ...]) -> dict[frozenset[int], Fraction]:
    """Play every draw and return the exact probability of each reported subset."""
    probability: defaultdict[frozenset[int], Fraction] = defaultdict(Fraction)

    def play(draw: int, below: int) -> int:
        assert below == mechanism.total_weight, "the sampler asked for another range than the enumeration plays"
        return draw

    for draw in range(mechanism.total_weight):
        queue = iter([draw])  # a second draw would end it
        report = mechanism.randomize(chosen, lambda below, queue=queue: play(next(queue), below))  # type: ignore[misc]
        subset = frozenset(unrank(report, mechanism.size))
        probability[subset] += Fraction(1, mechanism.total_weight)
    return dict(probability)


@toys
def test_the_largest_ratio_of_output_probabilities_is_exactly_the_odds(mechanism: SubsetSelection) -> None:
    table = [every_report(mechanism, chosen) for chosen in every_input(mechanism)]
    subsets = [frozenset(one) for one in itertools.combinations(range(mechanism.items + mechanism.k), mechanism.size)]
    ratios = []
    for subset in subsets:
        probabilities = [row.get(subset, Fraction(0)) for row in table]
        assert min(probabilities) > 0, "a report that one input cannot give would reveal the input"
        ratios.append(max(probabilities) / min(probabilities))
    assert all(len(row) == len(subsets) for row in table)
    assert max(ratios) == mechanism.odds


@toys
def test_probabilities_sum_to_one_and_marginals_are_as_stated(mechanism: SubsetSelection) -> None:
    for chosen in every_input(mechanism):
        reports = every_report(mechanism, chosen)
        assert sum(reports.values()) == 1
        for item in range(mechanism.items + mechanism.k):
            rate = sum(probability for subset, probability in reports.items() if item in subset)
            assert rate == (mechanism.p if item in padded(mechanism, chosen) else mechanism.q)


@toys
def test_pairs_of_items_are_held_together_as_stated(mechanism: SubsetSelection) -> None:
    for chosen in every_input(mechanism):
        reports, inside = every_report(mechanism, chosen), padded(mechanism, chosen)
        for pair in itertools.combinations(range(mechanism.items + mechanism.k), 2):
            both = sum(probability for subset, probability in reports.items() if subset >= set(pair))
            assert both == mechanism._holds(2, is_met=bool(inside & set(pair)))


@toys
def test_the_variance_of_the_mean_is_exact_where_all_chose_alike_and_never_too_small(
    mechanism: SubsetSelection,
) -> None:
    """By enumeration: of any people with the same mean number of chosen items none have a larger variance."""
    gain = mechanism.p - mechanism.q
    exact: dict[int, Fraction] = {}
    for chosen in every_input(mechanism):
        sums = defaultdict[int, Fraction](Fraction)
        for subset, probability in every_report(mechanism, chosen).items():
            sums[len([item for item in subset if item < mechanism.items])] += probability
        mean = sum((size * chance for size, chance in sums.items()), Fraction(0))
        assert (mean - mechanism.items * mechanism.q) / gain == len(chosen), "unbiased"
        exact[len(chosen)] = (sum(size * size * chance for size, chance in sums.items()) - mean * mean) / gain**2
    reports = 10**6
    for low, high in itertools.combinations_with_replacement(exact, 2):
        for part in (Fraction(0), Fraction(1, 3), Fraction(1)):
            # The expected counts of people of whom a part chose `high` items, the others `low`.
            mean = low + part * (high - low)
            total = reports * (mean * gain + mechanism.items * mechanism.q)
            counts = np.array([round(total)] + [0] * (mechanism.items - 1))
            found = mechanism.mean_chosen(counts, reports)
            assert found is not None
            assert found[0] == pytest.approx(float(mean), abs=1e-4)
            variance = float(exact[low] + part * (exact[high] - exact[low]))
            assert found[1] ** 2 * reports >= variance * (1 - 1e-3)
            if high - low <= 1:
                assert found[1] ** 2 * reports == pytest.approx(variance, rel=1e-2, abs=1e-6)


def test_without_reports_no_mean_is_stated() -> None:
    assert at_odds_8(50, 1).mean_chosen(np.zeros(50, np.int64), 0) is None


# The sampler at real size


def chi_square_p(observed: np.ndarray, expected: np.ndarray) -> float:
    """p-value of Pearson's chi-square, by the Wilson-Hilferty approximation (exact enough for hundreds of cells)."""
    statistic, freedom = float(((observed - expected) ** 2 / expected).sum()), len(observed) - 1
    z = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)) ** 0.5
    return 1 - NormalDist().cdf(z)


def sample_p(
    sampled: SubsetSelection, claimed: SubsetSelection, draws: int, randbelow: Callable[[int], int] | None = None
) -> float:
    """p-value of draws in 40 cells for each number of hits in the padded set: given it, the others are uniform."""
    source = randbelow or seeded_randomness(7)
    chosen = tuple(range(3, 3 + claimed.k))
    others = {item: place for place, item in enumerate(i for i in range(claimed.items + claimed.k) if i not in chosen)}
    cells = 40
    observed: defaultdict[int, np.ndarray] = defaultdict(lambda: np.zeros(cells))
    for _ in range(draws):
        subset = unrank(sampled.randomize(chosen, source), sampled.size)
        outside = [others[item] for item in subset if item in others]
        observed[claimed.size - len(outside)][rank(outside) * cells // comb(claimed.items, len(outside))] += 1
    expected = {}
    for hits in range(min(claimed.k, claimed.size) + 1):
        sets = comb(claimed.items, claimed.size - hits)
        weight = comb(claimed.k, hits) * sets * (claimed.odds.numerator if hits else claimed.odds.denominator)
        edges = [-(-cell * sets // cells) for cell in range(cells + 1)]
        shares = np.array([(high - low) / sets for low, high in itertools.pairwise(edges)])
        expected[hits] = draws * weight / claimed.total_weight * shares
    kept = [hits for hits, row in expected.items() if row.min() > 5]
    assert len(kept) >= 2
    return chi_square_p(
        np.concatenate([observed[hits] for hits in kept]), np.concatenate([expected[hits] for hits in kept])
    )


REAL = [at_odds_8(50, 1), at_odds_8(50, 3), at_odds_8(250, 1), at_odds_8(250, 3)]


@pytest.mark.parametrize("mechanism", REAL, ids=str)
def test_the_sampler_follows_the_exact_distribution(mechanism: SubsetSelection) -> None:
    assert sample_p(mechanism, mechanism, 12_000) > 1e-5


@pytest.mark.parametrize("claimed", REAL[:2], ids=str)
def test_the_same_check_fails_for_odds_that_are_20_percent_wrong(claimed: SubsetSelection) -> None:
    wrong = SubsetSelection(claimed.items, claimed.k, Fraction(48, 5), claimed.size)
    assert sample_p(wrong, claimed, 12_000) < 1e-5


def test_the_same_check_fails_for_a_source_that_prefers_small_numbers() -> None:
    """A remainder of few bits is not uniform: below 3,961,160 the lowest 6 % would come twice as often."""
    mechanism, source = at_odds_8(50, 1), seeded_randomness(7)
    assert sample_p(mechanism, mechanism, 12_000, lambda below: source(1 << 22) % below) < 1e-5


@pytest.mark.parametrize(("k", "odds"), [(1, 8), (3, 8), (3, 3), (1, 55)])
def test_the_empirical_privacy_loss_is_near_the_claim_and_not_above(k: int, odds: int) -> None:
    """Lower bound at 99.9 % on the event that tells most: the reported subset meets s and misses s'."""
    items, draws = 50, 40_000
    mechanism = SubsetSelection(items, k, Fraction(odds), best_size(items, k, Fraction(odds)))
    randbelow = seeded_randomness(11)
    one, two = tuple(range(k)), tuple(range(k, 2 * k))

    def rate(chosen: tuple[int, ...]) -> float:
        members = mechanism.members(drawn(mechanism, [chosen] * draws, randbelow))
        return float((np.isin(members, one).any(axis=1) & ~np.isin(members, two).any(axis=1)).mean())

    z = NormalDist().inv_cdf(0.999)
    high, low = rate(one), rate(two)
    high_bound = high - z * (high * (1 - high) / draws) ** 0.5
    low_bound = low + z * (low * (1 - low) / draws) ** 0.5
    assert 0.85 * log(odds) < log(high_bound / low_bound) <= log(odds)


def test_without_an_injected_source_two_reports_differ() -> None:
    mechanism = at_odds_8(250, 1)
    assert len({mechanism.randomize((1,)) for _ in range(20)}) == 20


# Ranks and bytes


def drawn(mechanism: SubsetSelection, chosen: Sequence[Sequence[int]], randbelow: Callable[[int], int]) -> bytes:
    return b"".join(mechanism.randomize(one, randbelow).to_bytes(mechanism.report_bytes, "big") for one in chosen)


def test_ranks_number_the_subsets_of_a_size_without_a_gap() -> None:
    for items, size in itertools.product(range(8), range(8)):
        ranks = sorted(rank(subset) for subset in itertools.combinations(range(items), size))
        assert ranks == list(range(comb(items, size)))


@st.composite
def mechanisms(draw: st.DrawFn) -> SubsetSelection:
    items = draw(st.integers(1, 250))
    return SubsetSelection(items, draw(st.integers(1, MOST_NAMED)), Fraction(8), draw(st.integers(1, items)))


@settings(max_examples=60)
@given(mechanisms(), st.data())
def test_reports_are_decoded_exactly(mechanism: SubsetSelection, data: st.DataObject) -> None:
    """Also next to where an item changes: at sums of binomials, and one below."""
    last = mechanism.reports - 1
    edges = [comb(item, mechanism.size) - below for item in range(mechanism.items + mechanism.k) for below in (0, 1)]
    numbers = [0, last, *(edge for edge in edges if 0 <= edge <= last)]
    numbers += data.draw(st.lists(st.integers(0, last), max_size=20))
    members = mechanism.members(b"".join(number.to_bytes(mechanism.report_bytes, "big") for number in numbers))
    for number, row in zip(numbers, members.tolist(), strict=True):
        assert row == unrank(number, mechanism.size)[::-1]
        assert sorted(set(row)) == row
        assert 0 <= row[0] <= row[-1] < mechanism.items + mechanism.k
        assert rank(row) == number


def test_numbers_of_several_words_are_subtracted_with_every_borrow() -> None:
    """All pairs of numbers whose words are 0, 1 or the largest one: no drawn report would have an equal middle word."""
    numbers = [
        sum(word << 64 * place for place, word in enumerate(words))
        for words in itertools.product((0, 1, 2**64 - 1), repeat=3)
    ]
    for less in numbers:
        above = [number for number in numbers if number >= less]
        words = [np.array([number >> shift & 2**64 - 1 for number in above], np.uint64) for shift in (128, 64, 0)]
        _subtract(words, np.array([[less >> shift & 2**64 - 1 for shift in (128, 64, 0)]] * len(above), np.uint64))
        left = [int(high) << 128 | int(middle) << 64 | int(low) for high, middle, low in zip(*words, strict=True)]
        assert left == [number - less for number in above]


@pytest.mark.parametrize(
    ("items", "k", "odds", "length"), [(50, 1, 8, 3), (50, 2, 8, 2), (250, 1, 8, 16), (2, 1, 8, 1)]
)
def test_a_report_has_the_fewest_bytes(items: int, k: int, odds: int, length: int) -> None:
    mechanism = SubsetSelection(items, k, Fraction(odds), best_size(items, k, Fraction(odds)))
    assert mechanism.report_bytes == length
    assert 256 ** (length - 1) < mechanism.reports <= 256**length


@pytest.mark.parametrize(("items", "k", "odds"), [(50, 1, 8), (50, 3, 8), (250, 1, 8), (250, 16, 3), (250, 1, 3)])
def test_counts_are_those_of_the_subsets_one_by_one(items: int, k: int, odds: int) -> None:
    mechanism = SubsetSelection(items, k, Fraction(odds), best_size(items, k, Fraction(odds)))
    randbelow = seeded_randomness(3)
    reports = [mechanism.randomize(range(n % (k + 1)), randbelow) for n in range(60)]
    expected = Counter(item for report in reports for item in unrank(report, mechanism.size))
    data = b"".join(report.to_bytes(mechanism.report_bytes, "big") for report in reports)
    assert mechanism.count(data).tolist() == [expected[item] for item in range(items)]
    # More reports than are decoded at a time.
    assert mechanism.count(data * 200).tolist() == [200 * expected[item] for item in range(items)]


def test_no_reports_give_no_counts() -> None:
    assert at_odds_8(50, 3).count(b"").tolist() == [0] * 50


# Sizes and parameters


@pytest.mark.parametrize(
    ("items", "k", "size", "noise"),
    [(50, 1, 5, 0.5883), (50, 2, 2, 1.0873), (50, 3, 2, 1.4743), (50, 8, 1, 2.3061), (250, 1, 27, 0.6399)],
)
def test_the_best_size_beats_every_other(items: int, k: int, size: int, noise: float) -> None:
    def variance(size: int) -> Fraction:
        mechanism = SubsetSelection(items, k, Fraction(8), size)
        return mechanism.q * (1 - mechanism.q) / (mechanism.p - mechanism.q) ** 2

    assert best_size(items, k, Fraction(8)) == size
    assert all(variance(size) <= variance(other) for other in range(1, items + 1))
    assert float(variance(size)) == pytest.approx(noise, abs=1e-4)


@pytest.mark.parametrize("chosen", [(0, 1), (0, 0), (-1,), (50,)])
def test_an_invalid_set_is_refused(chosen: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"items given|lies outside"):
        at_odds_8(50, 1).randomize(chosen)


@pytest.mark.parametrize(
    ("items", "k", "odds", "size"),
    [(50, 0, 8, 5), (50, 17, 8, 5), (0, 1, 8, 1), (50, 1, 8, 0), (50, 1, 8, 51), (50, 1, 1, 5)],
)
def test_invalid_mechanism_parameters_are_refused(items: int, k: int, odds: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"named|does not fit|odds"):
        SubsetSelection(items, k, Fraction(odds), size)


# Estimates


def test_estimates_are_unbiased_and_intervals_cover() -> None:
    """600 rounds of 400 people: mean of z near 0, its spread near 1, 95 % intervals cover 93 to 97 % of the truth."""
    mechanism = at_odds_8(40, 2)
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
    assert 0.93 < covered.mean() < 0.995
    assert covered.mean(axis=0).min() > 0.91


@pytest.mark.parametrize(("items", "k"), [(30, 3), (250, 1)])
def test_real_reports_have_the_noise_that_the_estimator_states(items: int, k: int) -> None:
    mechanism = at_odds_8(items, k)
    randbelow = seeded_randomness(13)
    rounds, people = 120, 150
    chosen = [tuple(range(k))] * 60 + [(0,)] * 40 + [()] * 50
    rates = float(mechanism.p), float(mechanism.q)
    values = np.array(
        [
            estimate_counts(mechanism.count(drawn(mechanism, chosen, randbelow)), people, *rates).estimate
            for _ in range(rounds)
        ]
    )
    noise = estimate_counts(np.zeros(items, np.int64), people, *rates).noise
    assert values[:, k:].mean() == pytest.approx(0, abs=5 * noise / (rounds * (items - k)) ** 0.5)
    assert values[:, k:].std() == pytest.approx(noise, rel=0.05)
    assert values[:, 0].mean() == pytest.approx(100, abs=5 * noise / rounds**0.5)


@pytest.mark.parametrize("named", [(), (0,), (0, 1), (0, 1, 2)])
def test_the_mean_of_real_reports_varies_as_stated(named: tuple[int, ...]) -> None:
    mechanism, people, rounds = at_odds_8(50, 3), 200, 300
    randbelow = seeded_randomness(len(named))
    found = [
        mechanism.mean_chosen(mechanism.count(drawn(mechanism, [named] * people, randbelow)), people)
        for _ in range(rounds)
    ]
    means, errors = np.array([one for one in found if one is not None]).T
    assert means.mean() == pytest.approx(len(named), abs=4 * errors.mean() / rounds**0.5)
    assert means.std() == pytest.approx(errors.mean(), rel=0.15)
