"""Before, during and after a life event: counts, intervals that hold what they promise, and the test over weeks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from netflix_trend.participant.event_effects import (
    EventEffect,
    Period,
    event_effect,
    rate_ratio,
    shift_test,
    weekly_dispersion,
)
from netflix_trend.participant.life_events import LifeEvent

MONDAY = date(2023, 1, 2)
Z = 1.959963984540054


def event(start: int, days: int, first_day: date = MONDAY) -> LifeEvent:
    """Return an event that begins `start` days after first_day."""
    begin = first_day + timedelta(days=start)
    return LifeEvent(id=1, label="sick", first_day=begin, last_day=begin + timedelta(days=days - 1))


def weekly(*totals: int) -> NDArray[np.int64]:
    """Return a series from a Monday on with these views in its weeks, all of them on Wednesdays."""
    views = np.zeros((len(totals), 7), dtype=np.int64)
    views[:, 2] = totals
    return views.ravel()


# Counts


def test_a_ratio_and_its_interval_are_those_computed_by_hand():
    views = weekly(*[4, 6] * 10, 10, 30, 8, *[4, 6] * 10)
    effect = event_effect(views, MONDAY, event(7 * 21, 7))

    outside = [*[4, 6] * 10, 10, 8, *[4, 6] * 10]
    mean = sum(outside) / len(outside)
    dispersion = max(1.0, sum((x - mean) ** 2 for x in outside) / (len(outside) - 1) / mean)
    assert dispersion == 1.0
    assert [period and period.views for period in (effect.before, effect.during, effect.after)] == [10, 30, 8]
    assert effect.before is not None and effect.before.ratio is None
    for period, views_then in ((effect.during, 30), (effect.after, 8)):
        assert period is not None
        error = math.sqrt(1 / views_then + 1 / 10)
        assert period.ratio == pytest.approx(views_then / 10)
        assert period.lower == pytest.approx(views_then / 10 / math.exp(Z * error))
        assert period.upper == pytest.approx(views_then / 10 * math.exp(Z * error))


def test_counts_that_vary_more_widen_the_interval_by_the_root_of_the_dispersion():
    calm, wild = event(7 * 20, 7), weekly(*[0, 20] * 10, 10, *[0, 20] * 10)
    dispersion = weekly_dispersion(wild, MONDAY, calm)
    assert dispersion == pytest.approx(np.var([0, 20] * 20, ddof=1) / 10)
    during = event_effect(wild, MONDAY, calm).during

    assert during is not None and during.ratio is not None and during.upper is not None and during.lower is not None
    assert math.log(during.upper / during.ratio) == pytest.approx(Z * math.sqrt(dispersion * (1 / 10 + 1 / 20)))
    assert math.log(during.ratio / during.lower) == pytest.approx(Z * math.sqrt(dispersion * (1 / 10 + 1 / 20)))


def test_means_are_views_by_days():
    period = Period("during", MONDAY, MONDAY + timedelta(days=9), 25)

    assert (period.days, period.per_day, period.per_week) == (10, 2.5, 17.5)


@pytest.mark.parametrize("seed", range(20))
def test_periods_are_as_long_as_the_event_and_count_its_neighbours(seed):
    rng = default_rng(seed)
    first_day = MONDAY + timedelta(days=int(rng.integers(7)))
    views = rng.poisson(3, int(rng.integers(1, 200)))
    begin, days = int(rng.integers(-20, len(views) + 20)), int(rng.integers(1, 40))
    found = event_effect(views, first_day, event(begin, days, first_day))
    counts = {first_day + timedelta(days=number): int(count) for number, count in enumerate(views)}

    for name, start in (("before", begin - days), ("during", begin), ("after", begin + days)):
        period = getattr(found, name)
        wanted = [first_day + timedelta(days=start + number) for number in range(days)]
        if any(day not in counts for day in wanted):
            assert period is None
        else:
            assert (period.name, period.first_day, period.last_day) == (name, wanted[0], wanted[-1])
            assert (period.days, period.views) == (days, sum(counts[day] for day in wanted))


@pytest.mark.parametrize(
    ("begin", "there"),
    [
        (14, (True, True, True)),
        (13, (False, True, True)),
        (0, (False, True, True)),
        (-1, (False, False, True)),
        (-14, (False, False, True)),
        (-15, (False, False, False)),
        (112, (True, True, True)),
        (113, (True, True, False)),
        (126, (True, True, False)),
        (127, (True, False, False)),
        (140, (True, False, False)),
        (141, (False, False, False)),
    ],
)
def test_a_period_that_the_history_does_not_cover_completely_is_missing(begin, there):
    found = event_effect(np.ones(140, dtype=np.int64), MONDAY, event(begin, 14))

    assert tuple(period is not None for period in (found.before, found.during, found.after)) == there
    assert all(period is None or period.views == 14 for period in (found.before, found.during, found.after))
    assert (found.during is not None and found.during.ratio is not None) == (there[0] and there[1])
    assert (found.after is not None and found.after.ratio is not None) == (there[0] and there[2])


def test_an_empty_history_has_no_effect():
    found = event_effect(np.zeros(0, dtype=np.int64), date.min, event(0, 7))

    assert (found.before, found.during, found.after, found.p_value, found.weeks) == (None, None, None, None, 0)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(1997, 1, 1), date(1997, 1, 9)),
        (date(2100, 12, 20), date(2100, 12, 31)),
        (date(1997, 1, 1), date(2100, 12, 31)),
    ],
)
def test_an_event_far_away_is_beyond_the_history(first, last):
    far = LifeEvent(id=1, label="sick", first_day=first, last_day=last)
    found = event_effect(np.ones(200, dtype=np.int64), MONDAY, far)

    assert (found.before, found.during, found.after, found.p_value) == (None, None, None, None)


def test_the_series_is_left_as_it_was():
    views = default_rng(1).poisson(3, 300)
    before = views.copy()
    event_effect(views, MONDAY, event(100, 9))

    assert (views == before).all()


# Zero counts


@pytest.mark.parametrize(("views", "other"), [(0, 12), (12, 0)])
def test_half_a_view_is_added_to_both_sides_where_one_is_zero(views, other):
    ratio, lower, upper = rate_ratio(views, 7, other, 14, 2.0)

    error = math.sqrt(2 * (1 / (views + 0.5) + 1 / (other + 0.5)))
    assert ratio == pytest.approx(((views + 0.5) / 7) / ((other + 0.5) / 14))
    assert (lower, upper) == pytest.approx((ratio * math.exp(-Z * error), ratio * math.exp(Z * error)))


def test_half_a_view_is_added_only_if_a_side_has_none():
    assert rate_ratio(1, 7, 2, 7, 1.0)[0] == 0.5


def test_a_ratio_is_of_rates_and_not_of_counts():
    assert rate_ratio(20, 10, 20, 40, 1.0)[0] == 4.0


def test_turning_a_comparison_round_turns_its_interval_round():
    ratio, lower, upper = rate_ratio(31, 9, 17, 14, 1.7)
    back = rate_ratio(17, 14, 31, 9, 1.7)

    assert back == pytest.approx((1 / ratio, 1 / upper, 1 / lower))


def test_without_views_on_both_sides_there_is_no_ratio():
    views = weekly(*[5, 9] * 10, 0, 0, *[5, 9] * 10)
    found = event_effect(views, MONDAY, event(7 * 21, 7))

    assert found.during is not None and found.during.ratio is None and found.during.views == 0
    assert found.after is not None and found.after.ratio is not None
    assert "too few weeks or views" in found.reading


def test_without_views_during_the_event_the_interval_ends_below_one():
    views = weekly(*[20] * 20, 0, *[20] * 20)
    found = event_effect(views, MONDAY, event(7 * 20, 7))

    assert found.during is not None and found.during.upper is not None and 0 < found.during.upper < 1
    assert found.reading.startswith("You watched less: 0.02 times as much")


# Dispersion


def whole_weeks(views: NDArray[np.int64], first_day: date) -> Iterator[tuple[date, int]]:
    """Yield Monday and views of every week whose seven days are all in the series."""
    days = {first_day + timedelta(days=number): int(count) for number, count in enumerate(views)}
    for day in days:
        week = [day + timedelta(days=number) for number in range(7)]
        if day.isoweekday() == 1 and week[-1] in days:
            yield day, sum(days[one] for one in week)


@pytest.mark.parametrize("seed", range(30))
def test_the_dispersion_is_variance_by_mean_of_complete_weeks_around_the_event(seed):
    rng = default_rng(seed)
    first_day = MONDAY + timedelta(days=int(rng.integers(7)))
    views = rng.poisson(rng.gamma(1, 3, int(rng.integers(7, 700))))
    noted = event(int(rng.integers(0, len(views))), int(rng.integers(1, 60)), first_day)
    outside = [
        total
        for monday, total in nearest(list(whole_weeks(views, first_day)), noted)
        if monday + timedelta(days=6) < noted.first_day or monday > noted.last_day
    ]
    expected = None
    if len(outside) >= 8 and any(outside):
        expected = max(1.0, float(np.var(outside, ddof=1) / np.mean(outside)))

    assert weekly_dispersion(views, first_day, noted) == (None if expected is None else pytest.approx(expected))


def test_weeks_far_from_the_event_are_not_used():
    views = weekly(*[1_000] * 40, *[4, 16] * 40, *[1_000] * 40)
    noted = event(7 * 79, 14)

    assert weekly_dispersion(views, MONDAY, noted) == pytest.approx(np.var([4, 16] * 26, ddof=1) / 10, rel=0.02)


def test_underdispersed_weeks_count_as_poisson():
    assert weekly_dispersion(weekly(*[7] * 40), MONDAY, event(70, 7)) == 1.0


@pytest.mark.parametrize(("weeks", "is_known"), [(9, True), (8, False)])
def test_eight_weeks_beside_the_event_are_needed_for_an_interval(weeks, is_known):
    found = event_effect(weekly(*[5] * weeks), MONDAY, event(7 * 3, 7))

    assert (weekly_dispersion(weekly(*[5] * weeks), MONDAY, event(7 * 3, 7)) is not None) == is_known
    assert found.during is not None and found.during.views == 5
    assert (found.during.ratio is not None) == is_known
    assert ("too few weeks or views" not in found.reading) == is_known


def test_weeks_without_any_view_tell_no_dispersion():
    views = weekly(*[0] * 20, 30, *[0] * 20)

    assert weekly_dispersion(views, MONDAY, event(7 * 20, 7)) is None


# The test over weeks


def rotations(totals: list[int], inside: set[int]) -> float:
    """Return the share of rotations of `totals` that differ at least as much as the series itself."""

    def difference(series: list[int]) -> float:
        own = [total for number, total in enumerate(series) if number in inside]
        others = [total for number, total in enumerate(series) if number not in inside]
        return abs(sum(own) / len(own) - sum(others) / len(others))

    all_differences = [difference(totals[n:] + totals[:n]) for n in range(len(totals))]
    return sum(one >= all_differences[0] - 1e-9 for one in all_differences) / len(totals)


def nearest(weeks: list[tuple[date, int]], noted: LifeEvent) -> list[tuple[date, int]]:
    """Return the weeks of the event and the 52 nearest to it, all as near as the farthest of them."""

    def away(monday: date) -> int:
        sunday = monday + timedelta(days=6)
        return max(0, (noted.first_day - sunday).days, (monday - noted.last_day).days)

    outside = sorted(away(monday) for monday, _ in weeks if away(monday))
    farthest = outside[min(52, len(outside)) - 1] if outside else 0
    return [(monday, total) for monday, total in weeks if away(monday) <= farthest]


@pytest.mark.parametrize("seed", range(30))
def test_the_p_value_is_the_share_of_rotations_that_differ_as_much(seed):
    rng = default_rng(seed)
    first_day = MONDAY + timedelta(days=int(rng.integers(7)))
    views = rng.poisson(rng.gamma(1, 3, int(rng.integers(160, 600))))
    noted = event(int(rng.integers(7, len(views) - 40)), int(rng.integers(1, 40)), first_day)
    weeks = nearest(list(whole_weeks(views, first_day)), noted)
    shared = [
        sum(noted.first_day <= monday + timedelta(days=n) <= noted.last_day for n in range(7)) for monday, _ in weeks
    ]
    least = 4 if max(shared) >= 4 else 1
    inside = {number for number, days in enumerate(shared) if days >= least}

    p_value, count = shift_test(views, first_day, noted)

    assert count == len(weeks)
    assert p_value == pytest.approx(rotations([total for _, total in weeks], inside))


@pytest.mark.parametrize(("days", "p_value"), [(3, 1 / 30), (4, 1 / 30), (1, 1 / 30)])
def test_a_short_event_belongs_to_its_week(days, p_value):
    views = weekly(*[5] * 15, 90, *[5] * 14)

    assert shift_test(views, MONDAY, event(7 * 15 + 1, days)) == (pytest.approx(p_value), 30)


@pytest.mark.parametrize(
    ("start", "days", "weeks"),
    [(-3, 7, (10,)), (-4, 7, (9,)), (-4, 8, (9, 10)), (-3, 10, (10,)), (-1, 2, (9, 10)), (-2, 13, (10,))],
)
def test_a_week_belongs_to_the_event_from_four_days_on(start, days, weeks):
    """Every week has another number of views, so that p tells which weeks were taken."""
    totals = [(7 * number) % 31 * 3 for number in range(31)]

    found, _ = shift_test(weekly(*totals), MONDAY, event(70 + start, days))
    assert found == pytest.approx(rotations(totals, set(weeks)))


@pytest.mark.parametrize(("days", "weeks", "is_known"), [(140, 20, True), (139, 19, False), (146, 20, True)])
def test_the_test_needs_twenty_complete_weeks(days, weeks, is_known):
    views = default_rng(2).poisson(3, days)
    found = event_effect(views, MONDAY, event(50, 9))

    assert found.weeks == weeks
    assert (found.p_value is not None) == is_known
    assert ("other stretches" in found.reading) == is_known


@pytest.mark.parametrize(
    ("start", "days"), [(-30, 20), (30 * 7, 5), (-10, 400), (0, 210)], ids=["before", "after", "beyond", "all"]
)
def test_an_event_of_no_week_or_of_all_weeks_is_not_tested(start, days):
    assert shift_test(default_rng(3).poisson(3, 210), MONDAY, event(start, days)) == (None, 30)


@pytest.mark.parametrize("first_day", [MONDAY + timedelta(days=number) for number in range(7)])
def test_weeks_begin_on_mondays_on_whichever_day_the_history_begins(first_day):
    views = np.zeros(30 * 7, dtype=np.int64)
    place = {first_day + timedelta(days=number): number for number in range(len(views))}
    noted = LifeEvent(id=1, label="sick", first_day=date(2023, 4, 10), last_day=date(2023, 4, 16))
    views[place[noted.first_day]] = views[place[noted.last_day]] = 5

    p_value, weeks = shift_test(views, first_day, noted)
    assert weeks == (30 if first_day == MONDAY else 29)
    assert p_value == pytest.approx(1 / weeks)


@pytest.mark.parametrize("total", [0, 30])
def test_less_is_as_unusual_as_more(total):
    views = weekly(*[14, 15, 16] * 7, total, *[14, 15, 16] * 7)

    assert shift_test(views, MONDAY, event(7 * 21, 7))[0] == pytest.approx(1 / 43)


def test_a_history_without_any_difference_has_the_largest_p_value():
    assert shift_test(weekly(*[3] * 30), MONDAY, event(70, 7)) == (1.0, 30)


# The sentence


def effect(ratio: float, lower: float, upper: float, p_value: float | None = None) -> EventEffect:
    before = Period("before", MONDAY, MONDAY, 10)
    return EventEffect(
        event(1, 1), before, replace(before, ratio=ratio, lower=lower, upper=upper), before, p_value, 104
    )


@pytest.mark.parametrize(
    ("ratio", "lower", "upper", "begins"),
    [
        (1.2, 0.9, 1.5, "Unclear"),
        (0.8, 0.6, 1.1, "Unclear"),
        (1.2, 1.0, 1.5, "Unclear"),
        (0.8, 0.6, 1.0, "Unclear"),
        (1.0, 1.0, 1.0, "Unclear"),
        (1.2, 1.0001, 1.5, "You watched more: 1.20 times as much as before (between 1.00 and 1.50 times, 95 %)."),
        (0.8, 0.6, 0.9999, "You watched less: 0.80 times as much as before (between 0.60 and 1.00 times, 95 %)."),
        (3.0, 2.0, 4.5, "You watched more: 3.00 times"),
        (0.3, 0.2, 0.45, "You watched less: 0.30 times"),
    ],
)
def test_the_sentence_is_unclear_exactly_when_the_interval_contains_one(ratio, lower, upper, begins):
    reading = effect(ratio, lower, upper).reading

    assert reading.startswith(begins)
    assert ("Unclear" in reading) == (lower <= 1 <= upper)


def test_an_unclear_change_has_its_interval():
    assert effect(1.2, 0.9, 1.5).reading == (
        "Unclear: 1.20 times as much as before, between 0.90 and 1.50 times (95 %)."
    )


def test_the_p_value_is_at_the_end_of_the_sentence():
    assert effect(1.2, 0.9, 1.5, 0.25).reading.endswith(
        " In the year around it other stretches of weeks stand out as much in 25 % of cases."
    )
    assert "other stretches" not in effect(1.2, 0.9, 1.5).reading


def test_a_small_p_value_is_not_called_zero():
    assert " 0 %" not in effect(1.2, 0.9, 1.5, 1 / 300).reading


def test_an_event_before_the_history_is_not_covered():
    found = event_effect(np.ones(200, dtype=np.int64), MONDAY, event(3, 7))

    assert found.reading == "The history does not cover the event and as many days before it."


def test_an_event_after_the_history_is_not_covered():
    found = event_effect(np.ones(200, dtype=np.int64), MONDAY, event(300, 7))

    assert "back" not in found.reading


# What the numbers promise, on simulated histories


def negative_binomial(
    rng: Generator, weeks: int, mean: float, shape: float | None, start: int, days: int, times: float
) -> NDArray[np.int64]:
    """Return views of days whose rate a whole week shares: gamma weeks around `mean` views, `times` as many during."""
    rates = np.full(weeks, mean) if shape is None else rng.gamma(shape, mean / shape, weeks)
    daily = np.repeat(rates / 7, 7)
    daily[start : start + days] *= times
    return rng.poisson(daily)


def coverage(mean: float, shape: float | None, days: int, times: float, repetitions: int = 400) -> tuple[float, float]:
    """Return how often the 95 % interval holds the truth, and how often one with a Poisson's width would."""
    rng = default_rng([days, round(10 * times), round(mean)])
    held = poisson = count = 0
    for _ in range(repetitions):
        start = int(rng.integers(days + 7, 60 * 7 - days - 7))
        views = negative_binomial(rng, 60, mean, shape, start, days, times)
        dispersion = weekly_dispersion(views, MONDAY, event(start, days))
        during, before = int(views[start : start + days].sum()), int(views[start - days : start].sum())
        if dispersion is None or not during + before:
            continue
        count += 1
        _, lower, upper = rate_ratio(during, days, before, days, dispersion)
        held += lower <= times <= upper
        _, lower, upper = rate_ratio(during, days, before, days, 1.0)
        poisson += lower <= times <= upper
    assert count > repetitions / 2
    return held / count, poisson / count


@pytest.mark.parametrize("times", [1.0, 1.5])
@pytest.mark.parametrize("days", [7, 14, 28])
@pytest.mark.parametrize(("mean", "shape"), [(3.0, 1.5), (10.0, 2.0), (20.0, 5.0), (20.0, 1.0)])
def test_the_interval_has_its_nominal_coverage(mean, shape, days, times):
    """Short events in very uneven weeks are judged too carefully (coverage up to 1), never too boldly."""
    held, _ = coverage(mean, shape, days, times)

    assert held >= 0.915
    if days == 28 and shape == 5.0:
        assert held <= 0.985


@pytest.mark.parametrize("times", [1.0, 1.5])
@pytest.mark.parametrize("days", [7, 14, 28])
def test_the_interval_is_not_wider_than_it_has_to_be_where_views_are_poisson(days, times):
    held, _ = coverage(20.0, None, days, times, 1_000)

    assert 0.93 <= held <= 0.98


def test_an_interval_for_independent_days_would_undercover():
    _, poisson = coverage(20.0, 1.0, 28, 1.0)

    assert poisson < 0.6


def p_values(repetitions: int, days: int, times: float, depends: float = 0.0) -> NDArray[np.float64]:
    """Return p-values on histories of a year; depends is the correlation of neighbouring weeks."""
    rng = default_rng([days, round(10 * times), round(10 * depends)])
    found = []
    for _ in range(repetitions):
        start = int(rng.integers(7, 52 * 7 - days - 7))
        noise = rng.normal(size=52)
        for week in range(1, 52):
            noise[week] = depends * noise[week - 1] + math.sqrt(1 - depends**2) * noise[week]
        daily = np.repeat(15 * np.exp(0.5 * noise) / 7, 7)
        daily[start : start + days] *= times
        p_value, _ = shift_test(rng.poisson(daily), MONDAY, event(start, days))
        assert p_value is not None
        found.append(p_value)
    return np.array(found)


@pytest.mark.parametrize(("days", "depends"), [(7, 0.0), (14, 0.0), (14, 0.6), (28, 0.6)])
def test_without_an_effect_small_p_values_are_as_rare_as_they_say(days, depends):
    found = p_values(800, days, 1.0, depends)

    assert (found <= 0.05).mean() <= 0.07
    assert (found <= 0.2).mean() <= 0.25
    assert 0.42 <= found.mean() <= 0.6


@pytest.mark.parametrize("growth", [1.0, 3.0])
def test_a_growing_history_alone_does_not_make_its_last_weeks_significant(growth):
    """A viewing-history file grows by itself: re-watching takes views from its older weeks."""
    rng = default_rng(12)
    found = []
    for _ in range(300):
        daily = np.repeat(rng.gamma(5, 4, 156) * np.linspace(1, growth, 156) / 7, 7)
        p_value, _ = shift_test(rng.poisson(daily), MONDAY, event(int(rng.integers(147 * 7, 153 * 7)), 14))
        assert p_value is not None
        found.append(p_value)

    assert np.mean(np.array(found) <= 0.05) <= 0.09


def test_a_strong_effect_has_a_small_p_value():
    assert (p_values(150, 21, 4.0) <= 0.05).mean() >= 0.9
    assert (p_values(150, 21, 0.05) <= 0.1).mean() >= 0.6


def test_a_strong_effect_is_read_as_one():
    rng = default_rng(5)
    readings = []
    for _ in range(60):
        views = negative_binomial(rng, 60, 20.0, 5.0, 200, 28, 4.0)
        readings.append(event_effect(views, MONDAY, event(200, 28)).reading)

    assert sum(reading.startswith("You watched more") for reading in readings) >= 54
