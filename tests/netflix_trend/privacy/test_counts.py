"""Intervals and gates for counts."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from netflix_trend.privacy.counts import (
    estimate_counts,
    gate_count,
    reports_needed,
    reports_to_lead,
    reports_to_lose,
)
from netflix_trend.privacy.subset_selection import SubsetSelection, best_size

TRUE, FALSE = 0.5, 1 / 9


def chance_at_least(count: int, chosen: int, reports: int) -> float:
    """The chance of a count, by adding up both binomial distributions."""
    return sum(
        comb(chosen, one)
        * TRUE**one
        * (1 - TRUE) ** (chosen - one)
        * comb(reports - chosen, other)
        * FALSE**other
        * (1 - FALSE) ** (reports - chosen - other)
        for one in range(chosen + 1)
        for other in range(max(0, count - one), reports - chosen + 1)
    )


def test_the_upper_end_is_where_the_score_test_stops_rejecting() -> None:
    counts, reports = np.array([40, 60, 120, 300]), 400
    estimates = estimate_counts(counts, reports, TRUE, FALSE)
    gain, v1, v0 = TRUE - FALSE, TRUE * (1 - TRUE), FALSE * (1 - FALSE)
    for count, end in zip(counts, estimates.upper, strict=True):
        if end < reports:
            score = abs(count - reports * FALSE - end * gain) / (end * v1 + (reports - end) * v0) ** 0.5
            assert score == pytest.approx(1.959964, abs=1e-5)
    assert (estimates.lower <= np.clip(estimates.estimate, 0, reports)).all()
    assert (np.clip(estimates.estimate, 0, reports) <= estimates.upper).all()


@pytest.mark.parametrize("count", [17, 19, 22, 27, 40])
def test_the_lower_end_is_the_fewest_people_that_neither_test_rejects(count: int) -> None:
    """Exact tails: of all items together (.025 / 20), and among the counts that pass the gate (.025)."""
    reports, items = 60, 20
    found = estimate_counts(np.array([count, *[6] * (items - 1)]), reports, TRUE, FALSE)
    assert found.gate == gate_count(reports, items, FALSE) == 15
    fewest = int(found.lower[0])

    def is_possible(chosen: int) -> bool:
        at_least = chance_at_least(count, chosen, reports)
        return at_least >= 0.025 * min(1 / items, chance_at_least(found.gate, chosen, reports))

    assert is_possible(fewest)
    assert fewest == 0 or not is_possible(fewest - 1)
    assert found.lower[1:].tolist() == [0] * (items - 1), "what is not clear may be nobody"


def test_an_interval_stays_within_what_is_possible() -> None:
    estimates = estimate_counts(np.array([0, 10]), 10, TRUE, FALSE)
    assert estimates.lower.min() >= 0
    assert estimates.upper.max() <= 10
    assert estimates.estimate[0] < 0, "the estimate itself is not clipped, or sums would be biased"


def test_no_reports_give_zero_and_nothing_passes() -> None:
    estimates = estimate_counts(np.zeros(3, np.int64), 0, TRUE, FALSE)
    assert estimates.estimate.tolist() == estimates.upper.tolist() == [0, 0, 0]
    assert gate_count(0, 50, FALSE) == 1


@pytest.mark.parametrize("reports", [1, 2, 5, 30, 200])
@pytest.mark.parametrize("items", [1, 50])
def test_the_gate_is_the_smallest_count_with_an_exact_tail_below_the_level(reports: int, items: int) -> None:
    def tail(count: int) -> float:
        return sum(comb(reports, n) * FALSE**n * (1 - FALSE) ** (reports - n) for n in range(count, reports + 1))

    passing = gate_count(reports, items, FALSE)
    assert passing == reports + 1 or tail(passing) <= 0.05 / items
    assert tail(passing - 1) > 0.05 / items


def test_the_gate_holds_for_a_million_reports() -> None:
    passing = gate_count(1_000_000, 50, FALSE)
    z = (passing - 1_000_000 * FALSE) / (1_000_000 * FALSE * (1 - FALSE)) ** 0.5
    assert z == pytest.approx(3.09, abs=0.02)


def test_when_nobody_chose_anything_at_most_one_week_in_twenty_shows_something() -> None:
    generator = np.random.default_rng(1)
    reports, items, weeks = 60, 50, 4000
    passing = gate_count(reports, items, FALSE)
    false_alarms = (generator.binomial(reports, FALSE, (weeks, items)) >= passing).any(axis=1).mean()
    assert false_alarms <= 0.05 + 3 * (0.05 * 0.95 / weeks) ** 0.5


def test_with_the_reports_that_are_needed_nine_of_ten_weeks_show_the_item() -> None:
    share, items = 0.21, 50
    needed = reports_needed(share, items, TRUE, FALSE)
    generator = np.random.default_rng(2)
    choosers = round(needed * share)
    counts = generator.binomial(choosers, TRUE, 4000) + generator.binomial(needed - choosers, FALSE, 4000)
    assert (counts >= gate_count(needed, items, FALSE)).mean() == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_an_invalid_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        reports_needed(share, 50, TRUE, FALSE)


@pytest.mark.parametrize("reports", [0, 1, 7, 60, 400])
def test_a_signal_is_lost_with_exactly_the_stated_number_of_reports(reports: int) -> None:
    counts = np.arange(reports + 1)
    lost = reports_to_lose(counts, reports, 50, FALSE)
    for count, needed in zip(counts.tolist(), lost.tolist(), strict=True):
        assert count - needed < gate_count(reports - needed, 50, FALSE)
        if needed:
            assert count - needed + 1 >= gate_count(reports - needed + 1, 50, FALSE)
    assert (lost > 0).tolist() == (counts >= gate_count(reports, 50, FALSE)).tolist()


@pytest.mark.parametrize("reports", [50, 300, 1000])
def test_so_many_forged_reports_put_an_item_first_that_nobody_chose(reports: int) -> None:
    """Drawn, with five items that all forged reports hold: with one less one of them leads in one round of twenty."""
    assert reports_to_lead(reports, reports, reports + 1, FALSE, 5) is None
    generator = np.random.default_rng(reports)
    gate = gate_count(reports, 50, FALSE)
    largest = gate + reports // 8
    forged = reports_to_lead(largest, reports, gate, FALSE, 5)
    assert forged is not None

    def leads(number: int) -> float:
        wanted = max(gate, np.ceil(largest * (reports - number) / reports))
        return float((number + generator.binomial(reports - number, FALSE, (8000, 5)) >= wanted).any(axis=1).mean())

    assert leads(forged - 1) < 0.055
    assert 0.04 < leads(forged + 1) < 0.4


def test_one_report_less_lowers_the_gate_by_at_most_one() -> None:
    gates = [gate_count(reports, 50, FALSE) for reports in range(500)]
    assert set(np.diff(gates[1:]).tolist()) <= {0, 1}


@pytest.mark.parametrize(("people", "most"), [(50, 3), (100, 6), (300, 12), (1000, 60)])
def test_intervals_of_items_that_are_picked_out_hold(people: int, most: int) -> None:
    """Of clear items and of the first one, at sizes where next to nothing is clear and where much is."""
    generator = np.random.default_rng(people)
    truth = np.array([most, most // 2, most // 3, *[most // 8] * 17, *[0] * 30])
    clear: list[bool] = []
    first: list[bool] = []
    for _ in range(max(1500, 400_000 // people)):
        counts = generator.binomial(truth, TRUE) + generator.binomial(people - truth, FALSE)
        found = estimate_counts(counts, people, TRUE, FALSE)
        held = (found.lower <= truth) & (truth <= found.upper)
        clear += held[found.is_clear].tolist()
        first.append(bool(held[np.argmax(counts)]))
    assert len(clear) > 50
    assert np.mean(clear) >= 0.93
    assert np.mean(first) >= 0.93


def test_odds_near_one_need_no_memory_to_say_how_many_reports_they_need() -> None:
    odds = Fraction(10_001, 10_000)
    channel = SubsetSelection(50, 1, odds, best_size(50, 1, odds))
    needed = reports_needed(0.1, 50, float(channel.p), float(channel.q))
    assert needed > 1_000_000_000
