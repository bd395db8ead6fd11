"""Top shows over several rounds: computed from published statistics only, so it costs no privacy.

Shows are identified by title, because a new catalogue renumbers them. A show that was not on a round's list has no
observation in that round, which is not the same as nobody naming it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.selection import lower_end, skewed_quantile
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.top_shows.statistics import (
    MAX_LISTED,
    AllTime,
    AllTimeShow,
    ShowTrend,
    ShowTrends,
    TopShows,
    Window,
)

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_ONE_SIDED = NormalDist().inv_cdf(CONFIDENCE)
# Chance of a false alarm in a whole list of shows when nobody watched any of them.
_FALSE_ALARM = 0.05

# Chance a week that a show's level starts afresh, as at a launch (docs/method/statistics.md#filters-over-weeks).
CHANGEPOINT_HAZARD = 0.004
# The broad prior of a share: one of 50 shows on the list, and as likely as not to be far from it. With this spread a
# show named by a fifth of all people is plausible, and 100 answers already outweigh it.
PRIOR_SHARE, PRIOR_SPREAD = 0.02, 0.1
# Weekly change of a share, relative to the share (at least to SMALLEST_LEVEL, so that a show that nobody watched can
# rise): the largest that is not rejected against the most likely one at 5 % (2 ln ratio below chi-square's 3.84), since
# too small a noise makes intervals too narrow. A few rounds cannot estimate it; until then the assumed one lets a show
# halve or double in a quarter.
PROCESS_NOISES = (0.02, 0.05, 0.1, 0.2, 0.4)
ASSUMED_PROCESS_NOISE, _ROUNDS_TO_LEARN_PROCESS_NOISE = 0.2, 6
_LIKELY_ENOUGH = 1.92
SMALLEST_LEVEL = 0.005
# A show that rose since was lower before, so its walk, counted at the level it seemed to have, was too short. The upper
# ends of intervals hold the answers of a second filter, whose walk is counted at this many standard deviations above.
RISEN = 2.0

# The public chart: its first show is named by this share of people, the n-th by one n-th of it (Zipf), each wrong by
# a factor e**(CHART_SPREAD * Z), Z standard normal (docs/method/statistics.md#filters-over-weeks).
CHART_TOP, CHART_SPREAD = 0.13, 0.8
# ln(share) is looked at in steps of this size.
CHART_STEP = 0.02

# Weeks whose sums are shown beside those of all rounds.
WINDOWS = (4, 13)

BROAD_PRIOR_TEXT = "Assumed beforehand, from no data: a show is named by 2 % of people, give or take 10."
PUBLIC_PRIOR_TEXT = (
    "Assumed beforehand, from a public chart and not from participants: the order of the chart that the newest list "
    "began with, then of the catalogue. The first show is named by 13 % of people, the n-th by one n-th of that, each "
    "wrong by a factor of 2 or so. Shares and intervals mix it with the answers; whether a show is clear rests on the "
    "answers alone."
)


@dataclass(frozen=True)
class ObservedShows:
    """Estimates of R rounds for V shows, oldest first. Arrays are float64[R, V], NaN where a show was not asked about.

    weeks: int64[R], week indices. reports: float64[R]. estimate, standard_error: people.
    noise, third, step: float64[R], about an estimate when nobody watched the show, in people: its standard deviation,
    its third central moment, and by how much one more reported subset raises it.
    """

    titles: tuple[str, ...]
    newest: str
    weeks: NDArray[np.int64]
    reports: Floats
    estimate: Floats
    standard_error: Floats
    noise: Floats
    third: Floats
    step: Floats

    @property
    def asked(self) -> NDArray[np.bool_]:
        """bool[R, V]: which round asked about which show."""
        return ~np.isnan(self.estimate)


def observe_shows(asked: Sequence[tuple[str, TopShows]]) -> ObservedShows | None:
    """Return the top shows of rounds as arrays; None when there are none.

    asked: name and statistic of each round with answers, oldest first.
    """
    if not asked:
        return None
    rounds = [top_shows for _, top_shows in asked]
    titles = sorted({show.title for top_shows in rounds for show in top_shows.shows})
    estimate, standard_error = _estimates_by_title(rounds, titles)
    shape = np.array([_noise_shape(top_shows) for top_shows in rounds])
    return ObservedShows(
        titles=tuple(titles),
        newest=asked[-1][0],
        weeks=np.array([Week.parse(name).index for name, _ in asked]),
        reports=np.array([people_asked(top_shows) for top_shows in rounds]),
        estimate=estimate,
        standard_error=standard_error,
        noise=np.array([top_shows.noise for top_shows in rounds]),
        third=shape[:, 0],
        step=shape[:, 1],
    )


def _estimates_by_title(rounds: Sequence[TopShows], titles: Sequence[str]) -> tuple[Floats, Floats]:
    """Return estimates and standard errors, float64[R, V], NaN where a round did not ask about a title."""
    place = {title: number for number, title in enumerate(titles)}
    estimate = np.full((len(rounds), len(titles)), np.nan)
    standard_error = np.full_like(estimate, np.nan)
    for number, top_shows in enumerate(rounds):
        columns = [place[show.title] for show in top_shows.shows]
        estimate[number, columns] = [show.estimate for show in top_shows.shows]
        standard_error[number, columns] = [show.standard_error for show in top_shows.shows]
    return estimate, standard_error


def people_asked(top_shows: TopShows) -> float:
    """Return how many people could have named a show."""
    return float(top_shows.reports if top_shows.answering is None else max(1.0, top_shows.answering))


def _noise_shape(top_shows: TopShows) -> tuple[float, float]:
    """Return third central moment and step of `ObservedShows` for a round. The noise of a sum is symmetric."""
    if (rates := top_shows.rates) is None:
        return 0.0, 1.0
    p, q = rates
    return top_shows.reports * q * (1 - q) * (1 - 2 * q) / (p - q) ** 3, 1 / (p - q)


def gate(items: int, noise: Floats, third: Floats, step: Floats | float) -> Floats:
    """Return the smallest estimate that noise alone reaches for any of `items` shows with a chance of 5 % only.

    Bonferroni over the shows: z = Phi^-1(1 - .05 / items) standard deviations, more where the noise is skewed, and half
    a step because counts are whole numbers. noise: standard deviation, third: third central moment; any shape that
    broadcasts.
    """
    z = NormalDist().inv_cdf(1 - _FALSE_ALARM / items)
    return np.asarray(skewed_quantile(z, third / noise**3) * noise + step / 2, dtype=np.float64)


@dataclass(frozen=True)
class Levels:
    """Filtered shares at the newest week: mean and variance, float64[V]; log_likelihood of all observations."""

    mean: Floats
    variance: Floats
    log_likelihood: float


def filter_levels(
    share: Floats,
    error: Floats,
    weeks: NDArray[np.int64],
    process_noise: float,
    changepoint_hazard: float = CHANGEPOINT_HAZARD,
    risen: float = 0.0,
) -> Levels:
    """Follow each show's level over the rounds, robustly.

    share, error: float64[R, V], a round's estimate and its standard error, NaN where a show was not asked about.
    weeks: int64[R] rising; a gap means that weeks are missing. process_noise: standard deviation of the weekly
    change relative to the level (at least to SMALLEST_LEVEL). changepoint_hazard: chance a week that the level is drawn
    anew from the prior.
    risen: the walk is counted at that many standard deviations above the level.

    Local level model (A. C. Harvey, 1989, section 2.3) under two hypotheses, the level continued or restarted; the
    mixture of both posteriors is replaced by the normal distribution with its mean and variance (P. J. Harrison, C. F.
    Stevens, JRSS B 38, 1976).
    """
    shows = share.shape[1]
    mean, variance = np.full(shows, PRIOR_SHARE), np.full(shows, PRIOR_SPREAD**2)
    last = np.full(shows, -1, dtype=np.int64)
    log_likelihood = 0.0
    for number, week in enumerate(weeks.tolist()):
        seen = np.flatnonzero(~np.isnan(share[number]))
        gap = np.where(last[seen] < 0, 0, week - last[seen])
        went_on, fresh = _hypotheses(mean[seen], variance[seen], gap, process_noise, changepoint_hazard, risen)
        y, noise = share[number, seen], error[number, seen] ** 2
        updated = [_update(hypothesis, y, noise) for hypothesis in (went_on, fresh)]
        evidence = np.logaddexp(updated[0].log_weight, updated[1].log_weight)
        log_likelihood += float(evidence.sum())
        mean[seen], variance[seen] = _matched(updated[0], updated[1], np.exp(updated[0].log_weight - evidence))
        last[seen] = week
    gap = np.where(last < 0, 0, (weeks[-1] if len(weeks) else 0) - last)
    went_on, fresh = _hypotheses(mean, variance, gap, process_noise, changepoint_hazard, risen)
    mean, variance = _matched(went_on, fresh, np.exp(went_on.log_weight))
    return Levels(mean, variance, log_likelihood)


@dataclass(frozen=True)
class _Hypothesis:
    """A normal distribution of each level, float64[V], and the logarithm of its weight."""

    mean: Floats
    variance: Floats
    log_weight: Floats


def _hypotheses(
    mean: Floats,
    variance: Floats,
    gap: NDArray[np.int64],
    process_noise: float,
    changepoint_hazard: float,
    risen: float,
) -> tuple[_Hypothesis, _Hypothesis]:
    """Return the levels `gap` weeks later, if they continued and if they restarted."""
    level = np.maximum(mean + risen * np.sqrt(variance), SMALLEST_LEVEL)
    walk = gap * (process_noise * level) ** 2
    if risen:
        walk = np.minimum(walk, PRIOR_SPREAD**2)  # the prior bounds the variance
    stays = (1 - changepoint_hazard) ** gap
    with np.errstate(divide="ignore"):
        went_on = _Hypothesis(mean, variance + walk, np.log(stays))
        log_fresh = np.log(1 - stays)
    return went_on, _Hypothesis(np.full_like(mean, PRIOR_SHARE), np.full_like(mean, PRIOR_SPREAD**2), log_fresh)


def _update(hypothesis: _Hypothesis, y: Floats, noise: Floats) -> _Hypothesis:
    """Return the posterior after observing `y` with variance `noise`; the weight is multiplied by the evidence."""
    total = hypothesis.variance + noise
    gain = hypothesis.variance / total
    surprise = y - hypothesis.mean
    evidence = -0.5 * (np.log(2 * np.pi * total) + surprise**2 / total)
    return _Hypothesis(
        hypothesis.mean + gain * surprise, hypothesis.variance * (1 - gain), hypothesis.log_weight + evidence
    )


def _matched(one: _Hypothesis, two: _Hypothesis, weight: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance of the mixture that gives `one` the weight float64[V]."""
    mean = weight * one.mean + (1 - weight) * two.mean
    spread_one, spread_two = one.variance + (one.mean - mean) ** 2, two.variance + (two.mean - mean) ** 2
    return mean, weight * spread_one + (1 - weight) * spread_two


def likely_process_noise(share: Floats, error: Floats, weeks: NDArray[np.int64]) -> float:
    """Return the largest of PROCESS_NOISES under which all observations together are about as likely as under any."""
    if len(weeks) < _ROUNDS_TO_LEARN_PROCESS_NOISE:
        return ASSUMED_PROCESS_NOISE
    fits = [filter_levels(share, error, weeks, process_noise).log_likelihood for process_noise in PROCESS_NOISES]
    return max(
        process_noise
        for process_noise, fit in zip(PROCESS_NOISES, fits, strict=True)
        if fit >= max(fits) - _LIKELY_ENOUGH
    )


def observed_shares(observed: ObservedShows) -> tuple[Floats, Floats]:
    """Return float64[R, V]: each round's shares as estimates of all participants' shares, and their standard errors.

    Those who answered are a sample, so p(1-p)/N is added to the noise's variance.
    """
    reports = observed.reports[:, None]
    share = observed.estimate / reports
    likely = np.clip(share, 0, 1)
    return share, np.sqrt((observed.standard_error / reports) ** 2 + likely * (1 - likely) / reports)


def observed_levels(observed: ObservedShows) -> Levels:
    """Return the filtered shares of all shows at the newest round, from the answers alone."""
    share, error = observed_shares(observed)
    return filter_levels(share, error, observed.weeks, likely_process_noise(share, error, observed.weeks))


def filtered_shows(observed: ObservedShows, chart: Sequence[str] | None = None) -> ShowTrends:
    """Return every show's share of the newest round with all rounds weighed, and the chart if one is given.

    Intervals reach as far up as RISEN says: without it they missed shows that had risen fast, so that under strong
    process_noise only .77 to .93 of the true first five were held (`python -m bench.filtered`).
    """
    share, error = observed_shares(observed)
    process_noise = likely_process_noise(share, error, observed.weeks)
    levels = filter_levels(share, error, observed.weeks, process_noise)
    risen = filter_levels(share, error, observed.weeks, process_noise, risen=RISEN)
    honest = filter_levels(_without_forged(observed), error, observed.weeks, process_noise)
    error_of_levels, skewness = np.sqrt(levels.variance), _skewness_of_levels(observed)
    gates = gate(len(observed.titles), error_of_levels, skewness * error_of_levels**3, 0.0)
    is_signal, is_robust = levels.mean >= gates, honest.mean >= gates
    if chart is None:
        mean, spread, lower, upper, part = _without_chart(levels, risen)
        # By what a share exceeds with 95 %: one lucky round must not put a show on top.
        order = np.argsort(-(mean - _ONE_SIDED * spread), kind="stable")
    else:
        suggested = chart_shares(observed.titles, chart)
        mean, spread, lower, upper, part = with_chart(levels, suggested)
        upper = np.maximum(upper, with_chart(risen, suggested)[3])
        order = np.argsort(-mean, kind="stable")
    # A chart does not make a show clear, so its lower end does not rest on one.
    lower = np.minimum(lower, _lower_ends(levels.mean, gates, error_of_levels, skewness))
    rounds = observed.asked.sum(axis=0)
    return ShowTrends(
        round=observed.newest,
        confidence=CONFIDENCE,
        drift=process_noise,
        uses_public_prior=chart is not None,
        prior=BROAD_PRIOR_TEXT if chart is None else PUBLIC_PRIOR_TEXT,
        shows=tuple(
            ShowTrend(
                title=observed.titles[place],
                share=float(mean[place]),
                standard_error=float(spread[place]),
                lower=float(lower[place]),
                upper=float(upper[place]),
                is_signal=bool(is_signal[place]),
                is_robust=bool(is_robust[place]),
                rounds=int(rounds[place]),
                prior_part=float(part[place]),
            )
            for place in order[:MAX_LISTED].tolist()
        ),
    )


def _lower_ends(value: Floats, gates: Floats, error: Floats, skewness: Floats) -> Floats:
    """Return float64[V], the lower ends of values, some of which passed their gates. error, skewness: of their noise.

    They are 0 where the gate is not passed.
    """
    rows = zip(value.tolist(), gates.tolist(), error.tolist(), skewness.tolist(), strict=True)
    items = len(value)
    return np.array([lower_end(one, gate, items, spread, skewness=skew) for one, gate, spread, skew in rows])


def _skewness_of_levels(observed: ObservedShows) -> Floats:
    """Return float64[V], an upper bound of the skewness of each level's noise.

    It is at most as skewed as in the round that asked last: older rounds only make it more normal.
    """
    last = len(observed.weeks) - 1 - np.argmax(observed.asked[::-1], axis=0)
    return np.asarray(observed.third[last] / observed.noise[last] ** 3, dtype=np.float64)


def _without_chart(levels: Levels, risen: Levels) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return mean, standard deviation, interval ends and prior part, float64[V], from the answers alone."""
    mean, spread = levels.mean, np.sqrt(levels.variance)
    highest = np.maximum(mean + _Z * spread, risen.mean + _Z * np.sqrt(risen.variance))
    lower, upper = np.clip([mean - _Z * spread, highest], 0, 1)
    return mean, spread, lower, upper, np.minimum(1, levels.variance / PRIOR_SPREAD**2)


def _without_forged(observed: ObservedShows) -> Floats:
    """Return float64[R, V], the shares without 1 % of each round's answers, all of which named the show."""
    forged = np.array([breakdown_point(int(reports)) for reports in observed.reports.tolist()])
    left = np.maximum(observed.reports - forged, 1)
    return np.asarray((observed.estimate - (forged * observed.step)[:, None]) / left[:, None], dtype=np.float64)


def chart_shares(titles: Sequence[str], chart: Sequence[str]) -> Floats:
    """Return float64[V], the share that a chart's order suggests for each title; unknown ones come last."""
    position = {title: number for number, title in enumerate(chart, start=1)}
    return np.array([CHART_TOP / position.get(title, len(chart) + 1) for title in titles])


def with_chart(levels: Levels, chart: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return mean, standard deviation, interval ends and prior part, float64[V], with the chart as prior.

    The broad prior is divided out of the filtered level, what is left is what the answers say; it is weighed with
    ln(share) ~ N(ln(chart), CHART_SPREAD**2) on a grid over five standard deviations on both sides. The prior part is
    the variance of ln(share) that is left, relative to the chart's.
    """
    precision = np.maximum(1 / levels.variance - 1 / PRIOR_SPREAD**2, 0)
    weighted = levels.mean / levels.variance - PRIOR_SHARE / PRIOR_SPREAD**2
    z = np.linspace(-5, 5, round(10 * CHART_SPREAD / CHART_STEP) + 1)
    grid = np.minimum(chart[:, None] * np.exp(CHART_SPREAD * z), 1)
    # precision * (share - answers)**2 / 2 without its constant, so that precision 0 (no answers) needs no special case.
    score = -0.5 * z * z + weighted[:, None] * grid * (precision > 0)[:, None] - 0.5 * precision[:, None] * grid**2
    mass = np.exp(score - score.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    mean = (mass * grid).sum(axis=1)
    spread = np.sqrt((mass * (grid - mean[:, None]) ** 2).sum(axis=1))
    below = np.cumsum(mass, axis=1)
    rows = np.arange(len(chart))
    ends = [grid[rows, np.argmax(below >= level, axis=1)] for level in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)]
    middle = (mass * z).sum(axis=1, keepdims=True)
    part = np.clip((mass * (z - middle) ** 2).sum(axis=1), 0, 1)
    return mean, spread, ends[0], ends[1], part


def all_time(observed: ObservedShows) -> AllTime:
    """Return the sums over all rounds: estimates of the rounds that asked about a show add, and so do their variances.

    The largest sum comes first, not the largest share: some shows that only one round asked about always look strong.
    Intervals allow for shows having been picked out as large (`selection.lower_end`).
    """
    asked = observed.asked
    people = np.nansum(observed.estimate, axis=0)
    error = np.sqrt(np.nansum(observed.standard_error**2, axis=0))
    reports = observed.reports @ asked
    noise = np.sqrt(observed.noise**2 @ asked)
    step = (observed.step[:, None] * asked).max(axis=0)
    gates = gate(len(observed.titles), noise, observed.third @ asked, step)
    passing = people >= gates
    lower = _lower_ends(people, gates, error, observed.third @ asked / noise**3)
    upper = np.clip(people + _Z * error, 0, reports)
    rounds = asked.sum(axis=0)
    honest = people - step * [breakdown_point(int(number)) for number in reports.tolist()]
    return AllTime(
        confidence=CONFIDENCE,
        items=len(observed.titles),
        shows=tuple(
            AllTimeShow(
                title=observed.titles[place],
                rounds=int(rounds[place]),
                reports=int(reports[place]),
                people=float(people[place]),
                standard_error=float(error[place]),
                lower=float(lower[place]),
                upper=float(upper[place]),
                gate=float(gates[place]),
                share=float(people[place] / reports[place]),
                share_error=float(error[place] / reports[place]),
                share_lower=float(lower[place] / reports[place]),
                share_upper=float(upper[place] / reports[place]),
                is_signal=bool(passing[place]),
                is_robust=bool(honest[place] >= gates[place]),
                fragile_reports=int((people[place] - gates[place]) / step[place]) + 1 if passing[place] else None,
            )
            for place in np.argsort(-people, kind="stable")[:MAX_LISTED].tolist()
        ),
    )


def windows(observed: ObservedShows) -> tuple[Window, ...]:
    """Return the sums of the newest 4 and 13 weeks, each if it holds more rounds than the one before."""
    found, before = [], 1
    for weeks in WINDOWS:
        inside = observed.weeks > observed.weeks[-1] - weeks
        if inside.sum() > before:
            before = int(inside.sum())
            found.append(Window(weeks=weeks, shows=all_time(_of_rounds(observed, inside))))
    return tuple(found)


def _of_rounds(observed: ObservedShows, inside: NDArray[np.bool_]) -> ObservedShows:
    """Return some of the rounds, and the shows that these asked about."""
    shows = np.asarray(observed.asked[inside].any(axis=0))
    return ObservedShows(
        titles=tuple(title for title, kept in zip(observed.titles, shows.tolist(), strict=True) if kept),
        newest=observed.newest,
        weeks=observed.weeks[inside],
        reports=observed.reports[inside],
        estimate=observed.estimate[np.ix_(inside, shows)],
        standard_error=observed.standard_error[np.ix_(inside, shows)],
        noise=observed.noise[inside],
        third=observed.third[inside],
        step=observed.step[inside],
    )
