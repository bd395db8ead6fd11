"""Did a life event change how much was watched? Before, during and after, with intervals and a permutation test.

Days are strongly correlated (a whole series, a holiday), so counts vary more than Poisson counts. Intervals are widened
accordingly (quasi-Poisson), and the test permutes whole weeks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from netflix_trend.formats import decimal, percent
from netflix_trend.language import _, marked
from netflix_trend.participant.life_events import LifeEvent

# The usual amount is estimated from this many weeks around the event.
_NEAR_WEEKS = 52
# With fewer weeks, the dispersion is not known well enough and the test has no power.
_MIN_WEEKS = 8
_MIN_TEST_WEEKS = 20
_Z = 1.959963984540054


@dataclass(frozen=True)
class Period:
    """Views in a period of days. ratio: its daily mean divided by that before the event, with a 95 % interval; None
    where there is too little to compare.
    """

    name: str
    first_day: date
    last_day: date
    views: int
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.last_day - self.first_day).days + 1

    @property
    def per_day(self) -> float:
        """Mean views a day."""
        return self.views / self.days

    @property
    def per_week(self) -> float:
        """Mean views in seven days."""
        return 7 * self.per_day


_MORE = marked("You watched more: %(ratio)s times as much as before (%(between)s, 95 %%).")
_LESS = marked("You watched less: %(ratio)s times as much as before (%(between)s, 95 %%).")


@dataclass(frozen=True)
class EventEffect:
    """The effect of one event. Periods outside of the history are None. p_value: None with too few weeks. weeks: how
    many the test used. is_thinned: views come from files that show only the last view of a title.
    """

    event: LifeEvent
    before: Period | None
    during: Period | None
    after: Period | None
    p_value: float | None
    weeks: int
    is_thinned: bool = False

    @property
    def reading(self) -> str:
        """The effect in a sentence or two."""
        during, before = self.during, self.before
        if during is None or before is None:
            return _("The history does not cover the event and as many days before it.")
        if during.ratio is None or during.lower is None or during.upper is None:
            return _("There are too few weeks or views to say whether this is more than chance.")
        between = _(
            "between %(lower)s and %(upper)s times", lower=decimal(during.lower, 2), upper=decimal(during.upper, 2)
        )
        if during.lower > 1 or during.upper < 1:
            text = _(_MORE if during.ratio > 1 else _LESS, ratio=decimal(during.ratio, 2), between=between)
        else:
            text = _(
                "Unclear: %(ratio)s times as much as before, %(between)s (95 %%).",
                ratio=decimal(during.ratio, 2),
                between=between,
            )
        if self.p_value is not None:
            share = percent(self.p_value) if self.p_value >= 0.01 else _("less than 1 %")
            text += " " + _(
                "In the year around it other stretches of weeks stand out as much in %(share)s of cases.", share=share
            )
        return text


def event_effect(views: NDArray[np.int64], first_day: date, event: LifeEvent) -> EventEffect:
    """Compare an event with periods of the same length before and after it.

    views: int64[days], views on each day from first_day on, up to the last day that the exports cover.
    """
    dispersion = weekly_dispersion(views, first_day, event)
    start = (event.first_day - first_day).days
    before = _period("before", views, first_day, start - event.days, event.days)
    during = _period("during", views, first_day, start, event.days)
    after = _period("after", views, first_day, start + event.days, event.days)
    p_value, weeks = shift_test(views, first_day, event)
    return EventEffect(
        event=event,
        before=before,
        during=_compared(during, before, dispersion),
        after=_compared(after, before, dispersion),
        p_value=p_value,
        weeks=weeks,
    )


def weekly_dispersion(views: NDArray[np.int64], first_day: date, event: LifeEvent) -> float | None:
    """Return the dispersion of weekly views: their variance divided by their mean, in the weeks around the event, at
    least 1 (McCullagh and Nelder, Generalized Linear Models, section 6.2.3). None with fewer than 8 weeks.
    """
    mondays, totals = _near_weeks(views, first_day, event)
    start, stop = np.datetime64(event.first_day), np.datetime64(event.last_day)
    outside = totals[(mondays + 6 < start) | (mondays > stop)]
    if len(outside) < _MIN_WEEKS or not outside.sum():
        return None
    return max(1.0, float(outside.var(ddof=1) / outside.mean()))


def rate_ratio(
    views: int, days: int, other_views: int, other_days: int, dispersion: float
) -> tuple[float, float, float]:
    """Return the ratio of two daily rates and its 95 % interval, from log-normal quasi-Poisson counts.

    When one side has no views, half a view is added to both, as for odds ratios (Haldane 1956, Anscombe 1956).
    """
    added = 0.5 if not views or not other_views else 0.0
    count, other = views + added, other_views + added
    ratio = (count / days) / (other / other_days)
    error = math.sqrt(dispersion * (1 / count + 1 / other))
    return ratio, ratio * math.exp(-_Z * error), ratio * math.exp(_Z * error)


def shift_test(views: NDArray[np.int64], first_day: date, event: LifeEvent) -> tuple[float | None, int]:
    """Return a two-sided p-value and the number of weeks.

    The p-value is the share of rotations of the weeks near the event (the 52 around it) in which the event's weeks
    differ from the others at least as much. Weeks further away are left out, since the level drifts over years, not
    least because files lack older views. Rotations keep neighbouring weeks together, so that a habit of some weeks
    does not count as independent observations; all of them are tried. A week belongs to the event if at least four of
    its days do, or any day if no week has four. None with fewer than 20 weeks, or if the event covers none or all.
    """
    mondays, totals = _near_weeks(views, first_day, event)
    start, stop = np.datetime64(event.first_day), np.datetime64(event.last_day)
    days = (np.minimum(mondays + 6, stop) - np.maximum(mondays, start)).astype(np.int64) + 1
    inside = days >= 4 if (days >= 4).any() else days >= 1
    if len(totals) < _MIN_TEST_WEEKS or not inside.any() or inside.all():
        return None, len(totals)

    def difference(series: NDArray[np.int64]) -> float:
        return abs(float(series[inside].mean() - series[~inside].mean()))

    observed = difference(totals)
    as_large = sum(difference(np.roll(totals, shift)) >= observed - 1e-9 for shift in range(len(totals)))
    return as_large / len(totals), len(totals)


def _near_weeks(
    views: NDArray[np.int64], first_day: date, event: LifeEvent
) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Return the weeks of the event and the 52 nearest to it, as `_weeks` does."""
    mondays, totals = _weeks(views, first_day)
    start, stop = np.datetime64(event.first_day), np.datetime64(event.last_day)
    away = np.maximum(np.maximum(start - (mondays + 6), mondays - stop).astype(np.int64), 0)
    outside = np.sort(away[away > 0])
    if len(outside) > _NEAR_WEEKS:
        near = away <= outside[_NEAR_WEEKS - 1]
        return mondays[near], totals[near]
    return mondays, totals


def _weeks(views: NDArray[np.int64], first_day: date) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Return the Mondays (datetime64[D]) and the views of all whole ISO weeks."""
    skipped = -first_day.weekday() % 7
    whole = (len(views) - skipped) // 7
    if whole <= 0:
        return np.empty(0, dtype="datetime64[D]"), np.empty(0, dtype=np.int64)
    totals = views[skipped : skipped + 7 * whole].reshape(whole, 7).sum(axis=1)
    monday = np.datetime64(first_day) + skipped
    return monday + 7 * np.arange(whole), totals


def _period(name: str, views: NDArray[np.int64], first_day: date, begin: int, days: int) -> Period | None:
    if begin < 0 or begin + days > len(views):
        return None
    first = first_day + timedelta(days=begin)
    return Period(name, first, first + timedelta(days=days - 1), int(views[begin : begin + days].sum()))


def _compared(period: Period | None, before: Period | None, dispersion: float | None) -> Period | None:
    if period is None or before is None or dispersion is None or not period.views + before.views:
        return period
    ratio, lower, upper = rate_ratio(period.views, period.days, before.views, before.days, dispersion)
    return Period(period.name, period.first_day, period.last_day, period.views, ratio, lower, upper)
