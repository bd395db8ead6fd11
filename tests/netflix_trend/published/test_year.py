"""A year of rounds: right by hand, and intervals that hold the truth as often as they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean

import numpy as np
import pytest
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics, StatisticsError
from netflix_trend.published.year import YearStatistics, mean_of_weeks, read_year, year_of, years_of
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.estimation import estimate_top_shows
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.questions.top_shows.trends import all_time, observe_shows, windows
from netflix_trend.questions.top_shows.year import against_the_world, changes
from netflix_trend.questions.volume.mean import MeanTitles
from netflix_trend.questions.volume.statistics import Volume, WeeklyMean
from netflix_trend.survey.survey import default_survey
from tests.services.aggregator.test_viewing import volume_of

Floats = NDArray[np.float64]

FIRST = Week.parse("2026-W10")
SHOWS, CHARTED = 30, 10
VOCABULARY = Vocabulary.build(CatalogueTitle(title=f"Show {number:02d}", kind="series") for number in range(SHOWS))
TITLES = [show.title for show in VOCABULARY.shows]
VIEWS = tuple(1_000_000 // rank for rank in range(1, CHARTED + 1))
CHART = AskedChart(week="2026-W09", source="an invented chart", length=CHARTED, views=VIEWS)
_ASKED = default_survey(FIRST, VOCABULARY.version, range(SHOWS), chart=CHART).question("top_shows")
assert isinstance(_ASKED, TopShowsQuestion)
QUESTION = _ASKED
P, Q = float(QUESTION.channel.p), float(QUESTION.channel.q)
# The n-th show is named by one n-th of a tenth: what the chart says of its ten.
AS_CHARTED = 0.1 / np.arange(1, SHOWS + 1)


def top_shows(shares: Floats, people: int, generator: np.random.Generator) -> tuple[TopShows, NDArray[np.int64]]:
    """Return the statistic of a round, and how many of those who answered named each show."""
    named = generator.multinomial(people, [*shares, 1 - shares.sum()])[:-1]
    counts = generator.binomial(named, P) + generator.binomial(people - named, Q)
    found = estimate_top_shows(QUESTION, counts, people, TITLES)
    return found.of_participants(6 * people, None), named


def played(
    shares: Sequence[Floats], people: int, generator: np.random.Generator
) -> tuple[list[tuple[str, TopShows]], NDArray[np.int64]]:
    """Return the rounds of so many weeks, and int64[weeks, shows], how many named each show."""
    rounds = [top_shows(one, people, generator) for one in shares]
    return [(str(FIRST + number), one) for number, (one, _) in enumerate(rounds)], np.array([n for _, n in rounds])


def round_of(
    week: Week, shows: TopShows | None = None, volume: Volume | None = None, reports: int = 90
) -> RoundStatistics:
    return RoundStatistics(
        round=str(week), survey="a" * 32, vocabulary="b" * 32, participants=reports * 6, reports=reports, waiting=0,
        refused={}, top_shows=shows, volume=volume,
    )  # fmt: skip


def repeated(times: int, one: Callable[[np.random.Generator], float]) -> float:
    return mean(one(np.random.default_rng([7, seed])) for seed in range(times))


@pytest.mark.slow
@pytest.mark.parametrize("weeks", [4, 13, 26])
def test_intervals_of_windows_and_years_hold_for_what_is_displayed(weeks: int) -> None:
    """Of the first five shows and of those that are called clear: they were picked out for being large."""

    def held(generator: np.random.Generator) -> float:
        drift = np.exp(np.cumsum(generator.normal(0, 0.1, (weeks, SHOWS)), axis=0))
        shares = AS_CHARTED * drift / np.maximum(1, (AS_CHARTED * drift).sum(axis=1, keepdims=True) / 0.9)
        rounds, named = played(shares, 300, generator)
        observed = observe_shows(rounds)
        found = [window.shows for window in windows(observed) if window.weeks == weeks] or [all_time(observed)]
        truth = dict(zip(TITLES, named.sum(axis=0).tolist(), strict=True))
        listed = [show for place, show in enumerate(found[0].shows) if place < 5 or show.is_signal]
        assert found[0].shows[0].rounds == weeks
        return float(np.mean([show.lower <= truth[show.title] <= show.upper for show in listed]))

    assert repeated(40, held) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("people", [100, 1000])
def test_changes_hold_together_and_are_rarely_invented(people: int) -> None:
    moved = AS_CHARTED * np.where(np.arange(SHOWS) == 2, 2.0, 1.0)
    invented, held = [], []
    for seed in range(40):
        generator = np.random.default_rng([seed, people])
        for after in (AS_CHARTED, moved):
            rounds, _ = played([AS_CHARTED] * 6 + [after] * 6, people, generator)
            found = changes(rounds[:6], rounds[6:])
            truth = dict(zip(TITLES, after - AS_CHARTED, strict=True))
            held.append(all(show.lower - 1e-9 <= truth[show.title] <= show.upper + 1e-9 for show in found.shows))
            if after is AS_CHARTED:
                invented.append(any(show.direction != "unclear" for show in found.shows))
    assert mean(held) >= 0.93
    assert mean(invented) <= 0.07


def test_a_show_that_doubled_is_found_and_named_with_its_direction() -> None:
    generator = np.random.default_rng(3)
    shares = np.full(SHOWS, 0.01)
    later = shares.copy()
    later[4], later[5] = 0.3, 0.0
    rounds, _ = played([shares] * 5 + [later] * 5, 4000, generator)
    first = changes(rounds[:5], rounds[5:]).shows[0]
    assert (first.title, first.direction) == (TITLES[4], "up")
    assert first.lower < 0.29 < first.upper
    assert first.lower > 0.2
    back = changes(rounds[5:], rounds[:5]).shows[0]
    assert (back.title, back.direction) == (TITLES[4], "down")


@pytest.mark.slow
@pytest.mark.parametrize("people", [60, 300, 2000])
def test_the_comparison_with_the_world_holds_together(people: int) -> None:
    """Also of few answers, whose noise is skewed; and people who watch as the chart says differ in one of twenty."""
    twice = AS_CHARTED.copy()
    twice[1] *= 2
    false_alarms, held = [], []
    for seed in range(60):
        generator = np.random.default_rng([seed, people])
        for shares in (AS_CHARTED, twice):
            rounds, _ = played([shares] * 8, people, generator)
            found = against_the_world(rounds)
            here = shares[:CHARTED] / shares[:CHARTED].sum()
            world = AS_CHARTED[:CHARTED] / AS_CHARTED[:CHARTED].sum()
            truth = dict(zip(TITLES[:CHARTED], here / world, strict=True))
            held.append(
                all(show.lower <= truth[show.title] <= (show.upper or np.inf) for show in found.shows)
            )  # fmt: skip
            if shares is AS_CHARTED:
                false_alarms.append(any(show.verdict != "unclear" for show in found.shows))
    assert mean(held) >= 0.93
    assert mean(false_alarms) <= 0.08


def test_many_answers_find_what_is_watched_more_here() -> None:
    shares = AS_CHARTED.copy()
    shares[3] *= 3
    rounds, _ = played([shares] * 12, 5000, np.random.default_rng(1))
    found = against_the_world(rounds)
    first = found.shows[0]
    assert (first.title, first.verdict, first.weeks, found.rounds) == (TITLES[3], "more", 12, 12)
    truth = 3 / (shares[:CHARTED].sum() / AS_CHARTED[:CHARTED].sum())
    assert first.lower < truth < first.upper
    assert first.lower > 1.5


def test_a_chart_without_views_is_not_compared_over_a_year() -> None:
    ordered = CHART.model_copy(update={"views": None})
    question = QUESTION.model_copy(update={"chart": ordered})
    one = estimate_top_shows(question, np.full(SHOWS, 20), 400, TITLES)
    assert one.world is not None
    assert against_the_world([("2026-W10", one)]) is None


def weekly(week: int, mean_: float, reports: int, error: float = 1.0) -> WeeklyMean:
    return WeeklyMean(
        round=str(FIRST + week), reports=reports, mean=mean_, unbiased=mean_, standard_error=error, lower=0.0,
        upper=99.0, influence=0.0, is_reliable=True, is_robust=True,
    )  # fmt: skip


def test_the_mean_of_weeks_by_hand() -> None:
    found = mean_of_weeks([weekly(0, 6.0, 100, 2.0), weekly(1, 9.0, 200, 1.0)])
    assert found[0] == pytest.approx((100 * 6 + 200 * 9) / 300)
    assert found[1] == pytest.approx((200**2 + 200**2) ** 0.5 / 300)


def measured(truth: float, generator: np.random.Generator) -> MeanTitles:
    return MeanTitles(estimate=generator.normal(truth, 1.2), standard_error=1.2, influence=0.1)


def test_the_mean_of_a_year_and_its_change_hold() -> None:
    truth_first, truth_second = 5.0, 8.0
    mean_held, change_held = [], []
    for seed in range(300):
        generator = np.random.default_rng(seed)
        rounds = [
            round_of(FIRST + week, volume=volume_of(measured(truth_first if week < 6 else truth_second, generator)))
            for week in range(12)
        ]
        viewing = year_of(rounds, 2026).viewing
        mean_held.append(viewing.lower <= (truth_first + truth_second) / 2 <= viewing.upper)
        change_held.append(viewing.change.lower <= truth_second - truth_first <= viewing.change.upper)
    assert mean(mean_held) >= 0.92
    assert mean(change_held) >= 0.92


def test_a_year_is_that_of_its_weeks_and_has_halves_when_it_is_long_enough() -> None:
    weeks = [Week.parse("2025-W52"), *(Week.parse("2026-W01") + number for number in range(9))]
    empty = round_of(Week.parse("2026-W20"), reports=0)
    found = year_of([empty, *(round_of(week) for week in reversed(weeks))], 2026)
    assert found.rounds == tuple(str(week) for week in weeks[1:])
    assert found.first_half == ("2026-W01", "2026-W02", "2026-W03", "2026-W04")
    assert year_of([round_of(week) for week in weeks[:8]], 2026).first_half == ()
    assert (found.participants, found.reports) == (540, 810)
    assert (found.shows, found.changes, found.world, found.viewing) == (None, None, None, None)
    assert years_of([str(week) for week in weeks]) == [2026, 2025]


def test_a_year_of_53_weeks_is_whole() -> None:
    generator = np.random.default_rng(5)
    weeks = [Week.parse("2026-W01") + number for number in range(53)]
    shows, _ = top_shows(AS_CHARTED, 300, generator)
    volume = volume_of(measured(5.0, generator))
    found = year_of([round_of(week, shows, volume) for week in weeks], 2026)
    assert len(found.rounds) == len(found.viewing.weeks) == 53
    assert found.rounds[-1] == "2026-W53"
    assert YearStatistics.from_bytes(found.to_bytes()) == found


def test_the_same_files_make_the_same_year() -> None:
    shows, _ = top_shows(AS_CHARTED, 300, np.random.default_rng(5))
    files = tuple(round_of(FIRST + week, shows).to_bytes() for week in range(9))
    assert (
        read_year(files, 2026).to_bytes()
        == year_of([RoundStatistics.from_bytes(one) for one in files], 2026).to_bytes()
    )


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"schema_version":2}', b'{"year":2026,"rounds":["2026-W99"]}', b"x" * 9_000_000]
)
def test_a_hostile_file_is_refused(data: bytes) -> None:
    with pytest.raises(StatisticsError):
        YearStatistics.from_bytes(data)
