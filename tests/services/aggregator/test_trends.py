"""What several rounds tell together: right by hand, right in simulation, and honest about noise."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.filtered import coverage
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.counts import gate_count
from netflix_trend.published.statistics import MAX_FILE, RoundStatistics, StatisticsError
from netflix_trend.published.trends import Trends
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.statistics import ShowEstimate, TopShows
from netflix_trend.questions.top_shows.trends import (
    ASSUMED_PROCESS_NOISE,
    CHART_SPREAD,
    CHART_TOP,
    PRIOR_SHARE,
    PRIOR_SPREAD,
    PROCESS_NOISES,
    RISEN,
    Levels,
    chart_shares,
    filter_levels,
    gate,
    likely_process_noise,
    with_chart,
)
from netflix_trend.questions.volume.mean import MeanTitles
from netflix_trend.questions.volume.statistics import Volume
from netflix_trend.survey.survey import default_survey
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round
from services.aggregator.rounds import Aggregator
from services.aggregator.trends import find_trends, public_order
from tests.services.aggregator.test_viewing import volume_of

FIRST = Week.parse("2026-W20")
VOCABULARY = Vocabulary.build(CatalogueTitle(title=f"Show {n:02d}", kind="series") for n in range(50))
TITLES = [show.title for show in VOCABULARY.shows]
CHANNEL = TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=1).channel
P, Q = float(CHANNEL.p), float(CHANNEL.q)


def round_of(
    week: Week, estimates: dict[str, tuple[float, float]], reports: int = 100, volume: Volume | None = None
) -> RoundStatistics:
    """A round with the given estimates and standard errors, in people."""
    shows = tuple(
        ShowEstimate(
            show=number,
            title=title,
            estimate=estimate,
            standard_error=error,
            lower=max(0.0, estimate - 2 * error),
            upper=max(0.0, estimate + 2 * error),
            is_signal=False,
        )
        for number, (title, (estimate, error)) in enumerate(estimates.items())
    )
    noise = math.sqrt(reports * Q * (1 - Q)) / (P - Q)
    top_shows = TopShows(
        reports=reports,
        k=1,
        odds=(8, 1),
        mechanism="set_response",  # whose rates do not depend on how many shows are listed
        size=None,
        influence=1 / (P - Q),
        confidence=0.95,
        noise=noise,
        gate=4 * noise,
        shows=shows,
    )
    return RoundStatistics(
        round=str(week),
        survey="a" * 32,
        vocabulary="b" * 32,
        participants=4 * reports,
        reports=reports,
        waiting=0,
        refused={},
        top_shows=top_shows if reports and shows else None,
        volume=volume,
    )


def answered(week: Week, shares: Sequence[float], people: int, generator: np.random.Generator) -> RoundStatistics:
    """A round of the real estimator: each person names one show or none."""
    return named_round(week, generator.multinomial(people, [*shares, 1 - sum(shares)])[:-1], people, generator)


def named_round(week: Week, named: NDArray[np.int64], people: int, generator: np.random.Generator) -> RoundStatistics:
    """A round of the real estimator in which so many people named each show."""
    counts = generator.binomial(named, P) + generator.binomial(people - named, Q)
    survey = default_survey(week, VOCABULARY.version, range(50))
    survey = survey.model_copy(update={"questions": survey.questions[:1]})
    found = RoundReports(survey, participants=people, counts={"top_shows": counts})
    found.reports["top_shows"] = people
    return estimate_round(found, VOCABULARY)


def filtered(shares: list[list[float]], errors: float, drift: float, fresh_start: float, gap: int = 1) -> Levels:
    observed = np.array(shares)
    weeks = np.arange(len(shares)) * gap
    return filter_levels(observed, np.full(observed.shape, errors), weeks, drift, fresh_start)


def test_two_rounds_by_hand() -> None:
    """Prior N(.02, .01). Round 1: .12 with variance .01, so N(.07, .005). The walk adds .005. Round 2: .27 with
    variance .01. If the level went on it is N(.17, .005), surprise .2 of variance .02; if it began afresh, which has
    chance 1/2, N(.145, .005), surprise .25 of variance .02.
    """
    levels = filtered([[0.12], [0.27]], 0.1, math.sqrt(0.005) / 0.07, 0.5)
    went_on = 1 / (1 + math.exp(0.2**2 / 0.04 - 0.25**2 / 0.04))
    assert levels.mean[0] == pytest.approx(went_on * 0.17 + (1 - went_on) * 0.145)
    assert levels.variance[0] == pytest.approx(0.005 + went_on * (1 - went_on) * 0.025**2)
    density = math.exp(-(0.1**2) / 0.04) * (math.exp(-(0.2**2) / 0.04) + math.exp(-(0.25**2) / 0.04)) / 2
    assert levels.log_likelihood == pytest.approx(math.log(density / (2 * math.pi * 0.02)))


def test_without_process_noise_and_changepoints_it_is_the_weighted_mean_with_the_prior() -> None:
    share = np.array([[0.1, 0.3], [0.2, np.nan], [0.25, 0.5]])
    error = np.array([[0.05, 0.02], [0.03, np.nan], [0.1, 0.04]])
    levels = filter_levels(share, error, np.array([3, 4, 9]), 0.0, 0.0)
    for show in range(2):
        seen = ~np.isnan(share[:, show])
        weights = np.array([PRIOR_SPREAD, *error[seen, show]]) ** -2.0
        assert levels.mean[show] == pytest.approx(np.average([PRIOR_SHARE, *share[seen, show]], weights=weights))
        assert levels.variance[show] == pytest.approx(1 / weights.sum())


def test_a_launch_is_followed_within_two_rounds_and_by_a_plain_kalman_filter_is_not() -> None:
    rounds = [[0.01]] * 12 + [[0.2]] * 2
    robust, plain = (filtered(rounds, 0.03, 0.1, fresh) for fresh in (0.004, 0.0))
    assert robust.mean[0] == pytest.approx(0.2, abs=0.03)
    assert plain.mean[0] < 0.08


def test_a_show_that_was_never_asked_about_has_the_prior() -> None:
    levels = filtered([[np.nan, 0.1], [np.nan, 0.1]], 0.03, 0.1, 0.004)
    assert (levels.mean[0], levels.variance[0]) == (pytest.approx(PRIOR_SHARE), pytest.approx(PRIOR_SPREAD**2))
    nothing = filter_levels(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, np.int64), 0.1)
    assert nothing.mean.tolist() == pytest.approx([PRIOR_SHARE] * 3)


def test_the_longer_ago_a_show_was_asked_about_the_less_is_known() -> None:
    known = [[0.2, 0.2], [0.2, 0.2]]
    asked_last, asked_long_ago = filtered([*known, *[[0.2, np.nan]] * 10], 0.03, 0.1, 0.004).variance
    assert asked_long_ago > 2 * asked_last
    one_week, ten_weeks = (filtered(known, 0.03, 0.1, 0.004, gap).variance[0] for gap in (1, 10))
    assert ten_weeks > one_week


def test_rounds_that_are_missing_leave_a_gap_of_weeks() -> None:
    rounds = [round_of(FIRST + week, {"Dark": (20, 9)}) for week in (0, 1, 9)]
    close = [round_of(FIRST + week, {"Dark": (20, 9)}) for week in (0, 1, 2)]
    far_shows, close_shows = find_trends(rounds).shows, find_trends(close).shows
    assert far_shows is not None
    assert close_shows is not None
    assert far_shows.shows[0].rounds == 3
    assert far_shows.shows[0].standard_error > close_shows.shows[0].standard_error


@pytest.mark.parametrize(("people", "weeks", "drift"), [(100, 4, 0.1), (300, 12, 0.15), (1000, 12, 0.1)])
def test_95_percent_intervals_hold_the_truth_for_all_shows(people: int, weeks: int, drift: float) -> None:
    held, head = [], []
    for seed in range(14):
        generator = np.random.default_rng(seed)
        start = 0.12 / np.arange(1, 51) * np.exp(0.5 * generator.normal(size=50))
        moved, rounds = np.zeros(50), []
        for week in range(weeks):
            moved = moved + generator.normal(0, drift, 50) if week else moved
            truth = start * np.exp(moved)
            truth /= max(1.0, truth.sum() / 0.9)
            rounds.append(answered(FIRST + week, truth.tolist(), people, generator))
        shows = find_trends(rounds).shows
        assert shows is not None
        by_title = {show.title: show for show in shows.shows}
        inside = np.array([by_title[t].lower <= p <= by_title[t].upper for t, p in zip(TITLES, truth, strict=True)])
        held.append(inside.mean())
        head.append(inside[np.argsort(-truth)[:5]].mean())
    assert 0.93 <= np.mean(held) <= 0.995  # most shows lie so low that the lower end of their interval is 0
    assert np.mean(head) >= 0.90


@pytest.mark.parametrize(("people", "drift"), [(300, 0.4), (1000, 0.2), (1000, 0.4)])
def test_under_strong_drift_the_intervals_of_the_true_first_five_hold_as_well(people: int, drift: float) -> None:
    """Without RISEN they hold .77 to .88."""
    held = coverage(people, drift, cohorts=40)
    assert held.top >= 0.90
    assert held.published is not None
    assert held.published >= 0.90
    assert held.every >= 0.93


def test_a_signal_that_forged_answers_could_have_made_says_so() -> None:
    """Of 1,000 answers 10 forged ones lift a show by 10 * 2.6 people, .026; noise is .011 filtered, .007 summed."""
    generator = np.random.default_rng(2)
    rounds = [answered(FIRST + week, [0.2, 0.06, 0.036, *[0.0] * 47], 1000, generator) for week in range(8)]
    trends = find_trends(rounds)
    assert trends.shows is not None
    assert trends.all_time is not None
    for found, weak in ((trends.shows.shows, TITLES[1]), (trends.all_time.shows, TITLES[2])):
        verdicts = {show.title: (show.is_signal, show.is_robust) for show in found}
        assert verdicts[TITLES[0]] == (True, True)
        assert verdicts[weak] == (True, False)
        assert not any(show.is_robust for show in found if not show.is_signal)


@pytest.mark.parametrize("people", [3, 20, 300])
def test_when_nobody_watched_anything_nothing_is_clear(people: int) -> None:
    alarms = np.zeros(2)
    for seed in range(60):
        generator = np.random.default_rng(seed)
        trends = find_trends([answered(FIRST + week, [0.0] * 50, people, generator) for week in range(3)])
        assert trends.shows is not None
        assert trends.all_time is not None
        alarms += any(s.is_signal for s in trends.shows.shows), any(s.is_signal for s in trends.all_time.shows)
    assert alarms.max() <= 7  # 3 expected; more than 7 of 60 would come by chance in 1 of 50


def test_the_gate_is_never_below_the_exact_one_and_hardly_above() -> None:
    gain = P - Q
    for items in (2, 50, 5000):
        for people in (1, 2, 3, 10, 30, 100, 1000, 30_000):
            exact = gate_count(people, items, Q)
            variance = people * Q * (1 - Q)
            third = variance * (1 - 2 * Q) / gain**3
            found = float(gate(items, np.array(np.sqrt(variance) / gain), np.array(third), 1 / gain))
            count = math.ceil(found * gain + people * Q - 1e-9)
            assert count >= min(exact, people + 1)
            assert count <= exact + 2 or exact > people


def test_the_process_noise_is_assumed_at_first_and_then_estimated() -> None:
    generator = np.random.default_rng(1)
    weeks = np.arange(26)
    calm = np.full((26, 40), 0.2)
    wild = 0.2 * np.exp(np.cumsum(generator.normal(0, 0.3, (26, 40)), axis=0))
    error = np.full((26, 40), 0.01)
    assert likely_process_noise(calm[:5], error[:5], weeks[:5]) == ASSUMED_PROCESS_NOISE
    assert likely_process_noise(calm + generator.normal(0, 0.01, (26, 40)), error, weeks) == PROCESS_NOISES[0]
    assert likely_process_noise(wild + generator.normal(0, 0.01, (26, 40)), error, weeks) >= 0.2


def test_the_chart_is_the_answer_when_there_are_no_answers() -> None:
    nothing = Levels(np.full(3, PRIOR_SHARE), np.full(3, PRIOR_SPREAD**2), 0.0)
    chart = chart_shares(["b", "a", "unknown"], ["a", "b", "c"])
    assert chart.tolist() == pytest.approx([CHART_TOP / 2, CHART_TOP, CHART_TOP / 4])
    mean, spread, lower, upper, part = with_chart(nothing, chart)
    assert mean.tolist() == pytest.approx((chart * math.exp(CHART_SPREAD**2 / 2)).tolist(), rel=0.02)
    assert part.tolist() == pytest.approx([1.0] * 3, abs=0.01)
    assert (lower / chart).tolist() == pytest.approx([math.exp(-1.96 * CHART_SPREAD)] * 3, rel=0.03)
    assert (upper / chart).tolist() == pytest.approx([math.exp(1.96 * CHART_SPREAD)] * 3, rel=0.03)
    assert (spread > 0).all()


def test_many_answers_outweigh_the_chart() -> None:
    exact = 1 / (1 / 0.005**2 + 1 / PRIOR_SPREAD**2)  # an observation of .3 with error .005 and the broad prior
    levels = Levels(exact * np.array([0.3 / 0.005**2 + PRIOR_SHARE / PRIOR_SPREAD**2]), np.array([exact]), 0.0)
    mean, spread, lower, upper, part = with_chart(levels, np.array([0.1]))
    assert mean[0] == pytest.approx(0.3, abs=0.002)
    assert spread[0] == pytest.approx(0.005, rel=0.1)
    assert lower[0] < 0.3 < upper[0]
    assert part[0] < 0.01


def test_the_public_prior_is_labelled_and_makes_no_signal() -> None:
    rounds = [round_of(FIRST, {"Dark": (1, 9), "Ozark": (2, 9)}, reports=100)]
    plain, charted = find_trends(rounds).shows, find_trends(rounds, ["Dark", "Ozark"]).shows
    assert plain is not None
    assert charted is not None
    assert (plain.uses_public_prior, charted.uses_public_prior) == (False, True)
    assert "public chart" in charted.prior
    assert "no data" in plain.prior
    assert [show.title for show in plain.shows] == ["Ozark", "Dark"]
    assert [show.title for show in charted.shows] == ["Dark", "Ozark"]
    assert not any(show.is_signal for show in charted.shows)
    assert all(show.prior_part > 0.3 for show in charted.shows)


def test_few_answers_leave_the_charts_order_and_many_do_no_worse_than_it() -> None:
    """The cohort's taste differs from the chart by e**(.8 Z)."""
    found, chart_alone = [], []
    for people in (10, 1000):
        for seed in range(12):
            generator = np.random.default_rng(seed)
            truth = 1 / np.arange(1, 51) * np.exp(0.8 * generator.normal(size=50))
            truth *= 0.7 / truth.sum()
            rounds = [answered(FIRST + week, truth.tolist(), people, generator) for week in range(3)]
            shows = find_trends(rounds, TITLES).shows
            assert shows is not None
            best = {TITLES[place] for place in np.argsort(-truth)[:5]}
            found.append(len(best & {show.title for show in shows.shows[:5]}) / 5)
            chart_alone.append(len(best & set(TITLES[:5])) / 5)
    few, many = np.mean(found[:12]), np.mean(found[12:])
    assert few >= np.mean(chart_alone[:12]) - 0.1
    assert many >= np.mean(chart_alone[12:]) + 0.1


def test_all_rounds_add_by_hand() -> None:
    rounds = [
        round_of(FIRST, {"Dark": (30, 3), "Ozark": (10, 5)}, reports=100),
        round_of(FIRST + 1, {"Dark": (50, 4)}, reports=300),
    ]
    all_time = find_trends(rounds).all_time
    assert all_time is not None
    assert all_time.items == 2
    dark, ozark = all_time.shows
    assert (dark.title, dark.rounds, dark.reports, dark.people, dark.standard_error) == ("Dark", 2, 400, 80, 5)
    assert (dark.share, dark.share_error) == (pytest.approx(0.2), pytest.approx(0.0125))
    # The lower end is that of one of two shows, .025 / 2, z = 2.24, and a little more for skewness; the upper is plain.
    assert (dark.lower, dark.upper) == (pytest.approx(80 - 11.21, abs=0.8), pytest.approx(80 + 9.80, abs=0.01))
    assert dark.lower < 80 - 11.21
    assert (ozark.rounds, ozark.reports, ozark.people, ozark.share) == (1, 100, 10, pytest.approx(0.1))
    assert (ozark.share_lower, ozark.share_upper) == (0, pytest.approx(0.1 + 0.098, abs=0.0001))
    # Phi^-1(1 - .05/2) = 1.96, noise sqrt(100 + 300) * .8142 = 16.3, and a little for skewness and whole numbers.
    assert dark.gate == pytest.approx(1.96 * 16.3, rel=0.08)
    assert (dark.is_signal, ozark.is_signal) == (True, False)


def test_a_show_that_one_lucky_round_lifted_does_not_come_first() -> None:
    often = [round_of(FIRST + week, {"Dark": (20, 9)}, reports=100) for week in range(5)]
    lucky = round_of(FIRST + 5, {"Dark": (20, 9), "Ozark": (40, 9)}, reports=100)
    all_time = find_trends([*often, lucky]).all_time
    assert all_time is not None
    assert [(show.title, show.share) for show in all_time.shows] == [("Dark", 0.2), ("Ozark", 0.4)]


@pytest.mark.parametrize("weeks", [3, 13])
def test_intervals_of_published_all_time_shows_hold_despite_selection(weeks: int) -> None:
    generator = np.random.default_rng(weeks)
    shares = 0.1 / np.arange(1, 51)
    held: list[bool] = []
    every: list[bool] = []
    for _ in range(120):
        named = generator.multinomial(300, [*shares, 1 - shares.sum()], size=weeks)[:, :-1]
        rounds = [named_round(FIRST + week, counts, 300, generator) for week, counts in enumerate(named)]
        all_time = find_trends(rounds).all_time
        assert all_time is not None
        for show in all_time.shows:
            is_held = show.lower <= named[:, TITLES.index(show.title)].sum() <= show.upper
            every.append(is_held)
            held += [is_held] * show.is_signal
    assert len(held) > 100
    assert np.mean(held) >= 0.93
    assert np.mean(every) >= 0.93


def some_rounds() -> list[RoundStatistics]:
    generator = np.random.default_rng(5)
    shares = [0.3, 0.2, *[0.005] * 48]
    return [answered(FIRST + week, shares, 400, generator) for week in range(8)]


def test_the_order_of_the_rounds_does_not_matter_and_empty_ones_say_nothing() -> None:
    rounds = some_rounds()
    wanted = find_trends(rounds).to_bytes()
    assert find_trends(rounds[::-1]).to_bytes() == wanted
    assert find_trends([round_of(FIRST + 40, {}, reports=0), *rounds[3:], *rounds[:3]]).to_bytes() == wanted
    empty = find_trends([])
    assert (empty.rounds, empty.shows, empty.all_time, empty.viewing) == ((), None, None, None)


def test_only_the_last_52_rounds_count() -> None:
    rounds = [round_of(FIRST + week, {"Dark": (20, 9)}) for week in range(60)]
    trends = find_trends(rounds)
    assert trends.rounds == tuple(str(FIRST + week) for week in range(8, 60))
    assert trends.all_time is not None
    assert trends.all_time.shows[0].rounds == 52


def test_the_strongest_shows_are_found() -> None:
    trends = find_trends(some_rounds())
    assert trends.shows is not None
    assert trends.all_time is not None
    assert [show.title for show in trends.shows.shows if show.is_signal] == TITLES[:2]
    assert [show.title for show in trends.all_time.shows if show.is_signal] == TITLES[:2]
    assert trends.shows.round == trends.rounds[-1]


def test_the_file_is_read_back_as_it_was_written() -> None:
    a_volume = volume_of(MeanTitles(estimate=8.0, standard_error=1.0, influence=0.5))
    rounds = [*some_rounds()[:4], round_of(FIRST + 20, {"Dark": (20, 9)}, volume=a_volume)]
    for trends in (find_trends([]), find_trends(rounds), find_trends(rounds, TITLES)):
        assert Trends.from_bytes(trends.to_bytes()) == trends


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(find_trends(some_rounds()[:1]).to_bytes()), **fields}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"{" * 10_000,
        b" " * (MAX_FILE + 1),
        changed(schema_version=2),
        changed(rounds=["2026-W60"]),
        changed(rounds=["2026-W20"] * 53),
        changed(rounds=[1]),
        changed(shows={"round": "2026-W20"}),
        changed().replace(b'"share": ', b'"share": 1e999, "x": ', 1),
        changed().replace(b'"prior_part": 0', b'"prior_part": 2', 1),
        changed().replace(b'"rounds": 1', b'"rounds": "1"', 1),
    ],
)
def test_a_hostile_file_is_refused(data: bytes) -> None:
    with pytest.raises(StatisticsError, match=r"trends\.json"):
        Trends.from_bytes(data)


def test_the_variance_of_a_level_never_exceeds_that_of_the_prior() -> None:
    """The filter that counts the walk at a risen level caps it: no level is so vague that the prior says more."""
    share = np.array([[0.5], [np.nan]])
    error = np.full((2, 1), 0.01)
    now = filter_levels(share[:1], error[:1], np.array([0]), 0.4, 0.0, risen=RISEN).variance[0]
    later = filter_levels(share, error, np.array([0, 50]), 0.4, 0.0, risen=RISEN).variance[0]
    assert later == pytest.approx(now + PRIOR_SPREAD**2)


def charted(week: Week, first: list[int], views: tuple[int, ...] | None) -> RoundStatistics:
    """A round whose list begins with a chart of these shows, and which 100 people answered."""
    candidates = [*first, *(place for place in range(50) if place not in first)]
    chart = AskedChart(week=str(week), source="a list", length=len(first), views=views)
    survey = default_survey(week, VOCABULARY.version, candidates, chart=chart)
    question = survey.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    found = RoundReports(survey, participants=600, counts={"top_shows": np.full(50, 11)})
    found.reports["top_shows"] = 100
    return estimate_round(found, VOCABULARY)


def test_the_public_order_begins_with_the_chart_of_the_newest_list_that_had_one() -> None:
    older, newer = charted(FIRST, [9, 4], (900, 100)), charted(FIRST + 1, [7, 30, 2], None)
    plain = round_of(FIRST + 2, dict.fromkeys(TITLES, (1.0, 1.0)))
    order = public_order([older, newer, plain], TITLES)
    assert order[:5] == [TITLES[7], TITLES[30], TITLES[2], TITLES[0], TITLES[1]]
    assert sorted(order) == TITLES
    assert public_order([plain], TITLES) == TITLES


def test_the_aggregators_prior_begins_with_the_chart_of_its_list(tmp_path: Path) -> None:
    here = Aggregator(Datasite(tmp_path, "aggregator@example.net"), tmp_path / "own", VOCABULARY, use_chart=True)
    path = here.own / "statistics" / f"{FIRST}.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(charted(FIRST, [9, 4], (900, 100)).to_bytes())
    shows = here.trends().shows
    assert shows is not None
    assert [show.title for show in shows.shows[:3]] == [TITLES[9], TITLES[4], TITLES[0]]
