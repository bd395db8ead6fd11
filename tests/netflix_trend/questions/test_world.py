"""Here against the world: false alarms, intervals and power, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import fsum
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from bench.here_and_world import CHART, CHARTED, LISTED, ORDER, TITLES, VIEWS, of_reports, of_sums, reach, repeated
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.sums import Answering, Summed, SumWish
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.estimation import estimate_top_shows
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.questions.top_shows.world import Namings, World, WorldShow, against_world, chance_of_list

Learn = Callable[[NDArray[np.float64], int, np.random.Generator], Namings]
MODES: dict[str, Learn] = {"local": of_reports, "sums": of_sums}


def certain(*people: float, error: float = 1.0) -> Namings:
    """Namings of a list with hardly any error."""
    return Namings.of_sums(np.array(people), error, 10_000, 1)


def chart_of(*views: int, **more: Any) -> AskedChart:
    return AskedChart(week="2026-W43", source="Netflix Top 10, global", length=len(views), views=views, **more)


# Null and power


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("people", "weeks"), [(50, 400), (300, 400)])
def test_people_who_watch_as_the_chart_differ_from_it_in_one_week_of_twenty_at_most(
    mode: str, people: int, weeks: int
) -> None:
    """Nominal is 5 %; measured 1 to 2 %, so 5 % of 400 weeks is never reached by chance. Also with an order alone."""
    found = repeated(MODES[mode], reach(), people, weeks)
    assert found.differs <= 0.05
    assert found.held >= 0.975
    assert repeated(MODES[mode], reach(), people, weeks // 2, chart=ORDER).differs <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("first", [0.05, 0.2])
@pytest.mark.parametrize(("people", "weeks"), [(50, 1000), (300, 1000), (1000, 300), (3000, 100)])
def test_false_alarms_and_intervals_hold_at_every_size(mode: str, first: float, people: int, weeks: int) -> None:
    found = repeated(MODES[mode], reach(first), people, weeks, seed=2)
    assert found.differs <= 0.05
    assert found.held >= 0.97
    assert repeated(MODES[mode], reach(first), people, weeks // 2, chart=ORDER, seed=2).differs <= 0.05


@pytest.mark.parametrize(("mode", "people"), [("local", 5000), ("sums", 600)])
def test_a_show_that_is_twice_as_popular_here_is_found(mode: str, people: int) -> None:
    """The first show of the chart, watched by a fifth in the world and by two fifths here."""
    found = repeated(MODES[mode], reach(0.2, twice=0), people, 20)
    assert found.found >= 0.8
    assert found.held >= 0.9


def test_many_small_differences_are_seen_in_the_list_as_a_whole() -> None:
    """No show by itself is clear, but all together do not fit."""
    views, noise = np.full(20, 1_000_000), 10.0
    off = np.where(np.arange(20) % 2, 120.0, 80.0)
    world = against_world(chart_of(*views.tolist()), range(50), TITLES, Namings.of_sums(off, noise, 1_600, 1))
    assert world is not None
    assert {show.verdict for show in world.shows} == {"unclear"}
    assert world.differs
    assert world.chance is not None
    assert world.chance < 0.025


def test_the_chance_of_a_list_is_evenly_spread_under_the_null() -> None:
    """With normal errors of the stated variance it is a p-value."""
    generator = np.random.default_rng(5)
    share = np.array(VIEWS) / sum(VIEWS)
    chances = [
        chance_of_list(Namings(1000 * share + generator.normal(0, 10, CHARTED), 100.0, 0.0, 0.0, 0.0, 1e6), share)
        for _ in range(2000)
    ]
    for level in (0.025, 0.1, 0.5):
        assert np.mean(np.array(chances) < level) == pytest.approx(level, abs=3.3 * (level * (1 - level) / 2000) ** 0.5)


def test_an_order_is_broken_by_a_show_above_those_before_it_and_below_those_after_it() -> None:
    order = AskedChart(week="2026-W43", source="Netflix Top 10, Austria", length=4)
    found = against_world(order, range(50), TITLES, certain(500, 400, 100, 300, error=5))
    assert found is not None
    assert [show.verdict for show in found.shows] == ["unclear", "unclear", "less", "unclear"]
    assert found.states_order_only
    assert (found.chance, {show.world for show in found.shows}) == (None, {None})
    risen = against_world(order, range(50), TITLES, certain(300, 300, 900, 100, error=5))
    assert risen is not None
    assert [show.verdict for show in risen.shows] == ["less", "less", "more", "unclear"]
    falling = against_world(order, range(50), TITLES, certain(900, 300, 200, 100, error=5))
    assert falling is not None
    assert not falling.differs


def test_shares_are_those_of_the_charted_shows_alone() -> None:
    """The namings of the list's other shows change nothing."""
    for others in (0.0, 5_000.0):
        found = against_world(chart_of(60, 40), range(50), TITLES, certain(300, 700, others))
        assert found is not None
        assert [show.share for show in found.shows] == pytest.approx([0.3, 0.7])
        assert [show.world for show in found.shows] == pytest.approx([0.6, 0.4])
        assert [show.verdict for show in found.shows] == ["less", "more"]
        assert found.shows[0].lower < 0.3 < found.shows[0].upper < 0.4


def test_without_noise_an_interval_is_that_of_a_proportion() -> None:
    """Of one vote each only chance is left in who takes part: E. B. Wilson's interval at the level of both shows."""
    found = against_world(chart_of(60, 40), range(50), TITLES, certain(300, 700, error=1e-6))
    assert found is not None
    z = NormalDist().inv_cdf(1 - 0.025 / (2 * 2))
    middle, spread = 0.3 + z**2 / 2000, z * (0.3 * 0.7 / 1000 + z**2 / 4_000_000) ** 0.5
    ends = [(middle - spread) / (1 + z**2 / 1000), (middle + spread) / (1 + z**2 / 1000)]
    assert [found.shows[0].lower, found.shows[0].upper] == pytest.approx(ends, rel=0.01)
    assert found.shows[0].lower <= ends[0]
    assert found.shows[0].upper >= ends[1]


def test_without_clear_namings_no_share_is_told_and_every_one_is_possible() -> None:
    found = against_world(chart_of(60, 40), range(50), TITLES, certain(5, -8, error=20))
    assert found is not None
    assert [show.share for show in found.shows] == [None, None]
    assert (found.shows[0].lower, found.shows[0].upper) == (0, 1)
    assert not found.differs


@pytest.mark.parametrize("chart", [None, AskedChart(week="2026-W43", source="one show", length=1)])
def test_there_is_no_comparison_without_a_chart_of_two_shows(chart: AskedChart | None) -> None:
    assert against_world(chart, range(50), TITLES, certain(5, 3)) is None


def test_there_is_no_comparison_without_answers() -> None:
    assert against_world(CHART, range(50), TITLES, Namings.of_sums(np.zeros(50), 1.0, 0, 2)) is None


# In the questions


def test_a_question_without_a_chart_is_compared_with_nothing() -> None:
    question = TopShowsQuestion.ask(range(LISTED), k=1, odds=Fraction(8), weight=1)
    assert estimate_top_shows(question, np.full(LISTED, 11), 100, TITLES).world is None


def test_local_mode_compares_its_estimates_with_the_chart() -> None:
    """100,000 answers whose counts are as expected: every second person names the last show of the chart."""
    question = TopShowsQuestion.ask(range(LISTED), k=1, odds=Fraction(8), weight=1, chart=CHART)
    reports, p, q = 100_000, float(question.channel.p), float(question.channel.q)
    people = np.zeros(LISTED)
    people[: CHARTED - 1], people[CHARTED - 1] = 1_000, 50_000
    counts = np.rint(people * p + (reports - people) * q).astype(np.int64)
    found = estimate_top_shows(question, counts, reports, TITLES)
    assert found.world is not None
    last = found.world.shows[-1]
    assert (last.title, last.rank, last.verdict) == (TITLES[CHARTED - 1], CHARTED, "more")
    assert last.share == pytest.approx(50 / 69, rel=0.01)
    assert found.world.week == CHART.week
    assert TopShows.model_validate_json(found.model_dump_json()) == found


def test_summed_votes_are_compared_with_the_chart() -> None:
    wish = SumWish(week=Week.parse("2026-W43"), candidates=range(10, 60), participants=5_000, chart=CHART)
    question = TopShowsSums.suggest(wish)
    sums = np.rint(np.array([*VIEWS, *[0] * (LISTED - CHARTED)]) / VIEWS[0] * 900).astype(np.int64)
    titles = [f"Title {number}" for number in range(60)]
    found = question.estimate([Summed(sums, Fraction(60))], 5_000, Answering(4_000, 10), Fraction(8), titles)
    assert found.world is not None
    assert not found.world.differs
    assert [show.title for show in found.world.shows[:2]] == ["Title 10", "Title 11"]
    sums[1] *= 3
    found = question.estimate([Summed(sums, Fraction(60))], 5_000, Answering(4_000, 10), Fraction(8), titles)
    assert found.world is not None
    assert found.world.shows[1].verdict == "more"


# What is refused


def compared() -> dict[str, Any]:
    found = against_world(chart_of(50, 30, 20), range(50), TITLES, certain(200, 900, 100, error=5))
    assert found is not None
    return found.model_dump()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": 0.9}, "an interval ends before it begins"),
        ({"share": 0.99}, "a share lies outside its interval"),
        ({"upper": 1.5}, "less than or equal to 1"),
        ({"world": -0.1}, "greater than or equal to 0"),
        ({"world": float("nan")}, "less than or equal to 1"),
        ({"verdict": "more"}, "the verdict more does not follow from the interval"),
        ({"verdict": "same"}, "Input should be 'more', 'less' or 'unclear'"),
        ({"world": None}, "the world's shares are not those of all shows of a chart"),
        ({"world": 0.45}, "the world's shares are not those of all shows of a chart"),
        ({"rank": 2}, "the shows are not in the chart's order"),
        ({"show": 1}, "a show is compared twice"),
        ({"title": "x" * 301}, "at most 300 characters"),
        ({"more": 1}, "Extra inputs are not permitted"),
    ],
    ids=str,
)
def test_a_hostile_show_is_refused(change: dict[str, Any], message: str) -> None:
    value = compared()
    value["shows"] = ({**value["shows"][0], **change}, *value["shows"][1:])
    with pytest.raises(ValidationError, match=message):
        World.model_validate(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shows": ()}, "at least 2 items"),
        ({"shows": compared()["shows"][:2]}, "the world's shares are not those of all shows of a chart"),
        ({"shows": compared()["shows"][::-1]}, "the shows are not in the chart's order"),
        ({"week": "2026-W54"}, "2026-W54"),
        ({"source": ""}, "at least 1 character"),
        ({"chance": None}, "a chart with views has a chance"),
        ({"chance": 1.1}, "less than or equal to 1"),
        ({"differs": False}, "a show differs, but the list does not"),
        ({"differs": 1}, "valid boolean"),
    ],
    ids=str,
)
def test_a_hostile_comparison_is_refused(change: dict[str, Any], message: str) -> None:
    assert World.model_validate(compared())
    with pytest.raises(ValidationError, match=message):
        World.model_validate({**compared(), **change})


def test_a_chart_whose_views_do_not_fall_with_the_rank_is_compared() -> None:
    """Seasons of a show may be added up after it was ranked."""
    found = against_world(chart_of(40, 60), range(50), TITLES, certain(400, 600, error=5))
    assert found is not None
    assert [show.world for show in found.shows] == pytest.approx([0.4, 0.6])
    assert not found.differs


def test_a_comparison_with_shows_that_are_not_on_the_list_is_refused() -> None:
    question = TopShowsQuestion.ask(range(3), k=1, odds=Fraction(8), weight=1, chart=chart_of(50, 30, 20))
    found = estimate_top_shows(question, np.array([40, 30, 30]), 100, TITLES)
    assert found.world is not None
    strange = found.world.shows[0].model_copy(update={"title": "Another show"})
    other = found.world.model_copy(update={"shows": (strange, *found.world.shows[1:])})
    with pytest.raises(ValidationError, match="the chart's show 1 is not on the list"):
        TopShows.model_validate({**found.model_dump(), "world": other})


def test_world_shares_add_up_to_one() -> None:
    found = against_world(CHART, range(50), TITLES, Namings.of_sums(np.ones(50), 1.0, 100, 1))
    assert found is not None
    assert fsum(show.world or 0 for show in found.shows) == pytest.approx(1)
    assert isinstance(found.shows[0], WorldShow)


def test_half_a_report_is_allowed_for_because_counts_are_whole() -> None:
    found = Namings(np.zeros(3), 1.0, 1.0, skewness=0.0, step=3.0, most=10.0)
    assert found.half(1, np.array(4.0), 0.05) == pytest.approx(1.96 * 2 + 1.5, abs=0.001)
