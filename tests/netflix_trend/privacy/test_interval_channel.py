"""The interval channel: exact enumeration, the sampler, and the tables that are refused."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from math import gcd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.privacy.distribution import linear_weights
from netflix_trend.privacy.interval_channel import (
    MAX_MULTIPLICITY,
    MAX_OUTPUTS,
    Interval,
    IntervalChannel,
    check_intervals,
)
from netflix_trend.questions.volume.mean import bucket_titles
from netflix_trend.questions.volume.question import VOLUME_BUCKETS
from netflix_trend.questions.volume.tables import shipped_tables
from netflix_trend.simulation.population import seeded_randomness

YES_NO = ((0, 0, 1), (1, 1, 1))
HALVES = ((0, 1, 3), (2, 3, 3), (0, 0, 1), (1, 3, 1))
WAVE = ((0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 3, 1), (2, 3, 1), (3, 3, 1))
TOYS = [(2, YES_NO), (4, HALVES), (4, WAVE), (3, ((0, 2, 5), (0, 0, 2), (1, 2, 2)))]
RATIOS = [Fraction(1), Fraction(101, 100), Fraction(5, 2), Fraction(3), Fraction(8), Fraction(55)]


def exact(channel: IntervalChannel, bucket: int) -> dict[int, Fraction]:
    """Play every value the source can give."""
    counted = Counter(channel.randomize(bucket, lambda _, v=value: v) for value in range(channel.total_weight))
    return {report: Fraction(count, channel.total_weight) for report, count in counted.items()}


def check_odds(channel: IntervalChannel) -> None:
    """Check with fractions that the probabilities of each report differ by the odds or not at all."""
    rows = [exact(channel, bucket) for bucket in range(channel.buckets)]
    assert all(sum(row.values()) == 1 for row in rows)
    for output, (low, high, multiplicity) in enumerate(channel.intervals):
        base = Fraction(multiplicity * channel.odds.denominator, channel.total_weight)
        for bucket, row in enumerate(rows):
            assert row[output] == base * (channel.odds if low <= bucket <= high else 1)
    largest = max(max(row[o] for row in rows) / min(row[o] for row in rows) for o in range(channel.outputs))
    assert largest == channel.odds


@pytest.mark.parametrize("odds", RATIOS, ids=str)
@pytest.mark.parametrize(("buckets", "intervals"), TOYS)
def test_the_largest_ratio_of_output_probabilities_is_exactly_the_odds(
    buckets: int, intervals: tuple[Interval, ...], odds: Fraction
) -> None:
    check_odds(IntervalChannel(buckets, intervals, odds))


@pytest.mark.parametrize("made", [3, 8, 55])
@pytest.mark.parametrize("odds", [Fraction(5, 2), Fraction(8), Fraction(55)], ids=str)
def test_that_holds_for_every_table_that_is_shipped_at_any_odds(made: int, odds: Fraction) -> None:
    check_odds(IntervalChannel(len(VOLUME_BUCKETS), shipped_tables()[made], odds))


@settings(max_examples=60)
@given(
    cuts=st.lists(st.sets(st.integers(1, 5)), min_size=1, max_size=4),
    many=st.lists(st.integers(1, 4), min_size=4, max_size=4),
    odds=st.sampled_from(RATIOS),
)
def test_any_collection_of_partitions_of_the_buckets_is_a_channel(
    cuts: list[set[int]], many: list[int], odds: Fraction
) -> None:
    """Every cut of 6 buckets into neighbouring intervals covers each once, however many times it is taken."""
    intervals = []
    for places, multiplicity in zip(cuts, many, strict=False):
        ends = [0, *sorted(places), 6]
        intervals += [(low, after - 1, multiplicity) for low, after in pairwise(ends)]
    channel = IntervalChannel(6, tuple(intervals), odds)
    rows = [exact(channel, bucket) for bucket in range(6)]
    for output in range(channel.outputs):
        probabilities = [row[output] for row in rows]
        assert max(probabilities) <= odds * min(probabilities)
    assert {sum(row.values()) for row in rows} == {Fraction(1)}


@pytest.mark.parametrize(("buckets", "intervals"), TOYS)
def test_the_channel_matrix_is_the_exact_distribution(buckets: int, intervals: tuple[Interval, ...]) -> None:
    channel = IntervalChannel(buckets, intervals, Fraction(5, 2))
    matrix = channel.channel()
    assert matrix.shape == (buckets, len(intervals))
    for bucket in range(buckets):
        row = exact(channel, bucket)
        assert matrix[bucket] == pytest.approx([float(row[report]) for report in range(channel.outputs)])


def test_one_report_draws_one_integer_below_the_total_weight() -> None:
    drawn = []
    channel = IntervalChannel(4, HALVES, Fraction(8))
    channel.randomize(2, lambda limit: drawn.append(limit) or 0)
    assert drawn == [channel.total_weight] == [4 * 8 + 4]


@pytest.mark.parametrize(("wrong", "passes"), [(Fraction(8), True), (Fraction(10), False)])
def test_the_test_of_the_sampler_notices_one_that_is_a_quarter_wrong(wrong: Fraction, passes: bool) -> None:
    """On the shipped table, 21 degrees of freedom: 75 has p = 6e-8."""
    draws, table = 60_000, shipped_tables()[8]
    sampled, claimed = IntervalChannel(16, table, wrong), IntervalChannel(16, table, Fraction(8))
    randbelow = seeded_randomness(5)
    observed = np.bincount([sampled.randomize(6, randbelow) for _ in range(draws)], minlength=claimed.outputs)
    expected = claimed.channel()[6] * draws
    assert claimed.outputs == 22
    assert (float(((observed - expected) ** 2 / expected).sum()) < 75) is passes


@pytest.mark.parametrize("bucket", [-1, 4])
def test_a_bucket_that_does_not_exist_is_refused(bucket: int) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        IntervalChannel(4, HALVES, Fraction(8)).randomize(bucket)


REFUSED: list[tuple[str, tuple[Interval, ...]]] = [
    ("unbalanced: bucket 0 is covered 1 times, 1 2 times", ((0, 1, 1), (1, 3, 1))),
    ("unbalanced: bucket 0 is covered 2 times, 3 1 times", ((0, 2, 2), (3, 3, 1))),
    ("unbalanced: bucket 0 is covered 0 times, 1 1 times", ((1, 3, 1),)),
    ("interval 1 is empty: it begins at bucket 3 and ends at 2", ((0, 3, 1), (3, 2, 1))),
    (r"interval 1, buckets 2 to 4, lies outside 0\.\.3", ((0, 3, 1), (2, 4, 1))),
    (r"interval 0, buckets -1 to 3, lies outside 0\.\.3", ((-1, 3, 1),)),
    ("interval 0 has multiplicity 0", ((0, 3, 0),)),
    ("interval 0 has multiplicity -1", ((0, 3, -1),)),
    (f"interval 0 has multiplicity {MAX_MULTIPLICITY + 1}", ((0, 3, MAX_MULTIPLICITY + 1),)),
    ("0 intervals", ()),
    (f"{MAX_OUTPUTS + 1} intervals", ((0, 3, 1),) * (MAX_OUTPUTS + 1)),
]


@pytest.mark.parametrize(("fault", "intervals"), REFUSED)
def test_a_table_is_refused_by_name(fault: str, intervals: tuple[Interval, ...]) -> None:
    with pytest.raises(ValueError, match=fault):
        check_intervals(intervals, 4)
    with pytest.raises(ValueError, match=fault):
        IntervalChannel(4, intervals, Fraction(8))


def test_the_largest_table_is_allowed() -> None:
    check_intervals(((0, 3, MAX_MULTIPLICITY),) * MAX_OUTPUTS, 4)


@pytest.mark.parametrize(("buckets", "odds"), [(1, Fraction(8)), (4, Fraction(1, 2))])
def test_invalid_channel_parameters_are_refused(buckets: int, odds: Fraction) -> None:
    with pytest.raises(ValueError, match="interval channel with"):
        IntervalChannel(buckets, ((0, buckets - 1, 1),), odds)


@settings(max_examples=300)
@given(
    cuts=st.lists(st.sets(st.integers(1, 4)), min_size=1, max_size=6),
    values=st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=5, max_size=5),
)
def test_a_mean_can_be_estimated_exactly_where_weights_of_the_reports_give_its_values(
    cuts: list[set[int]], values: list[float]
) -> None:
    intervals = []
    for places in cuts:
        ends = [0, *sorted(places), 5]
        intervals += [(low, after - 1, 1) for low, after in pairwise(ends)]
    for odds in (Fraction(8), Fraction(1)):
        channel = IntervalChannel(5, tuple(intervals), odds)
        matrix = channel.channel()
        with_values = np.column_stack([matrix, values])
        possible = np.linalg.matrix_rank(with_values, tol=1e-9) == np.linalg.matrix_rank(matrix, tol=1e-9)
        assert channel.can_estimate(values) == possible
        if possible:
            assert matrix @ linear_weights(matrix, np.array(values)) == pytest.approx(values, abs=1e-9)


def test_buckets_that_no_interval_tells_apart_can_only_count_the_same() -> None:
    channel = IntervalChannel(4, ((0, 0, 1), (1, 3, 1), (0, 1, 1), (2, 3, 1)), Fraction(8))
    assert channel.can_estimate([0, 1, 30, 30])
    assert not channel.can_estimate([0, 1, 29.5, 30])
    with pytest.raises(ValueError, match="3 values for 4 buckets"):
        channel.can_estimate([0, 1, 2])


@pytest.mark.parametrize("made", [3, 8, 55])
def test_shipped_tables_give_the_mean_and_groups_an_estimate_and_are_in_lowest_terms(made: int) -> None:
    table, titles = shipped_tables()[made], bucket_titles(VOLUME_BUCKETS)
    for odds in (Fraction(2), Fraction(made), Fraction(739, 100)):
        channel = IntervalChannel(len(VOLUME_BUCKETS), table, odds)
        matrix = channel.channel()
        assert channel.can_estimate(titles.tolist())
        assert matrix @ linear_weights(matrix, titles) == pytest.approx(titles, abs=1e-9)
        for group in (0, 1, 4, 8, 13, 22):
            assert channel.can_estimate([float(low >= group) for low in VOLUME_BUCKETS])
    assert len({(low, high) for low, high, _ in table}) == len(table) <= 64
    assert gcd(*(multiplicity for *_, multiplicity in table)) == 1
