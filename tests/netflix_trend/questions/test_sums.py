"""Questions whose answers operators sum: the measurements of every true answer, and the estimates."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.zcdp import epsilon_of_gaussian
from netflix_trend.published.wording import estimate_in_words
from netflix_trend.questions.event_effect.summed import LESS, MORE, NO_EVENT, SAME, estimate_summed_effect
from netflix_trend.questions.habits.sums import HabitsSums
from netflix_trend.questions.question import Views
from netflix_trend.questions.registry import kinds, sum_questions
from netflix_trend.questions.sums import Answering, Summed, SumWish
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.questions.top_shows.trends import all_time, filtered_shows, observe_shows, windows
from netflix_trend.questions.volume.sums import COARSE, FINE, VolumeSums
from netflix_trend.questions.weekday.sums import WeekdaySums
from netflix_trend.simulation.population import FLAT, Population, life_changes, seeded_randomness, watched
from netflix_trend.survey.sum_survey import PRESETS, SumSurvey, default_sum_survey
from netflix_trend.survey.survey import RefusedSurvey

WEEK = Week.parse("2026-W44")  # the fourth week that begins in the fourth quarter: life events are asked about
QUIET = Week.parse("2026-W47")
TITLES = [f"Show {number}" for number in range(60)]
NAMES = frozenset(sum_questions())


def survey(week: Week = WEEK, participants: int = 100, preset: Any = "x8") -> SumSurvey:
    return default_sum_survey(week, "a" * 32, range(50), participants, preset, NAMES)


def noisy(asked: SumSurvey, exact: list[np.ndarray[Any, Any]], seed: int | None = None) -> list[Summed]:
    """Both operators' noise on exact sums, or none without a seed."""
    generator = np.random.default_rng(seed)
    found = []
    for block, sums in zip(asked.blocks, exact, strict=True):
        variance = 2 * block.sigma2.value
        noise = generator.normal(0, float(variance) ** 0.5, block.length) if seed is not None else 0
        found.append(Summed(np.rint(sums + noise).astype(np.int64), variance))
    return found


def add_up(asked: SumSurvey, people: list[dict[str, Any] | None], seed: int = 1) -> list[np.ndarray[Any, Any]]:
    """Exact sums of everybody's measurements, each of which its circuit accepts."""
    randbelow = seeded_randomness(seed)
    totals = [np.zeros(block.length, np.int64) for block in asked.blocks]
    for truths in people:
        for place, one in enumerate(asked.measurements(truths, (), randbelow)):
            circuit = asked.blocks[place].circuit()
            totals[place] += np.array(circuit.truncate(circuit.encode(one)), np.int64)
    return totals


def person(shows: set[int], titles: int, change: Fraction | None = None) -> dict[str, Any]:
    return {"top_shows": frozenset(shows), "volume": titles, "event_effect": change}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_costs_what_it_is_called(preset: str) -> None:
    rho, odds = PRESETS[preset]
    assert epsilon_of_gaussian(rho) == pytest.approx(np.log(float(odds)), abs=0.003)
    assert epsilon_of_gaussian(52 * rho) == pytest.approx({"x8": 20.9, "x3": 10.1}[preset], abs=0.1)


@pytest.mark.parametrize("week", [WEEK, QUIET])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_blocks_of_a_round_cost_no_more_than_its_preset(week: Week, preset: str) -> None:
    asked = survey(week, preset=preset)
    assert sum(block.rho.value for block in asked.blocks) <= asked.rho
    if week == WEEK:
        assert sum(block.rho.value for block in asked.blocks) == asked.rho


def test_life_events_are_asked_about_in_the_fourth_round_of_a_quarter_only() -> None:
    assert survey(WEEK).questions[-1].name == "event_effect"
    assert [one.name for one in survey(QUIET).questions] == ["top_shows", "volume", "habits"]
    for offset in range(60):
        week = WEEK + offset
        asks = any(one.name == "event_effect" for one in survey(week).questions)
        quarters = [Quarter.of((week - before).monday) for before in range(5)]
        assert asks == (quarters[:4] == [quarters[0]] * 4 and quarters[4] != quarters[0])


def test_every_truth_gives_a_valid_measurement_and_blanks_are_valid_too() -> None:
    asked = survey()
    truths = [
        None,
        person(set(), 0),
        person(set(range(60)), 1_000_000, Fraction(-500)),
        person({49, 59}, 31, Fraction(1, 3)),
    ]
    add_up(asked, truths)


def test_at_most_two_shows_are_voted_for_each_choice_equally_often() -> None:
    question, randbelow = survey().questions[0], seeded_randomness(3)
    counts = np.zeros(50)
    for _ in range(3_000):
        (votes,) = question.measurements(frozenset({1, 2, 3, 55}), randbelow)
        assert sum(votes) == 2
        counts += votes
    assert counts[[1, 2, 3]] == pytest.approx([2_000] * 3, abs=130)
    assert counts.sum() == counts[[1, 2, 3]].sum()


def test_no_file_is_not_the_same_as_an_empty_week() -> None:
    asked = survey()
    sums = [1_000 * one for one in add_up(asked, [None] * 40 + [person(set(), 0)] * 60)]
    assert sums[1].tolist() == [60_000, 0, 0, 0, 0, 0, 40_000]
    found = asked.estimate(noisy(asked, sums), 100_000, TITLES, participants=100_000)
    assert found.top_shows.answering == pytest.approx(60_000, rel=1e-3)
    assert found.volume.shares[0] == pytest.approx(1, abs=0.05)
    assert found.volume.mean.estimate == 0


def test_without_noise_the_statistics_are_what_people_did() -> None:
    asked = survey(participants=20_000)
    people: list[dict[str, Any] | None] = [person({1}, 3)] * 600 + [person({1, 2}, 10)] * 300 + [None] * 100
    sums = [200 * one for one in add_up(asked, people)]
    found = asked.estimate(noisy(asked, sums), 200_000, TITLES, participants=200_000)
    top = found.top_shows
    assert [(show.title, show.estimate) for show in top.shows[:2]] == [("Show 1", 180_000), ("Show 2", 60_000)]
    assert [show.is_signal for show in top.shows[:3]] == [True, True, False]
    assert top.answering == pytest.approx(180_000, rel=1e-3)
    assert found.volume.mean.estimate == pytest.approx((600 * 3 + 300 * 10) / 900, rel=1e-3)
    assert buckets_of(asked) == FINE
    assert found.volume.cumulative[4] == pytest.approx(600 / 900, abs=1e-3)
    assert found.reports == 200_000


def test_many_people_are_asked_in_finer_groups() -> None:
    assert buckets_of(survey(participants=100)) == COARSE
    assert buckets_of(survey(participants=20_000)) == FINE


def buckets_of(asked: SumSurvey) -> tuple[int, ...]:
    (volume,) = [question for question in asked.questions if isinstance(question, VolumeSums)]
    return volume.buckets


def test_intervals_hold_the_truth_also_of_shows_that_are_clear() -> None:
    (week,) = Population(1_000, 60, 4, taste=0.5).weeks(1)
    asked = survey(QUIET, 1_000, "x3")
    people = [person(set(shows), int(titles)) for shows, titles in zip(week.shows, week.titles, strict=True)]
    exact = add_up(asked, people)
    votes = {f"Show {place}": int(count) for place, count in enumerate(exact[0])}
    below = np.cumsum(exact[1][:-1]) / exact[1][:-1].sum()
    every, clear, groups = [], [], []
    for seed in range(120):
        found = asked.estimate(noisy(asked, exact, seed), 1_000, TITLES, participants=1_000)
        for show in found.top_shows.shows:
            held = show.lower <= votes[show.title] <= show.upper
            every.append(held)
            if show.is_signal:
                clear.append(held)
        volume = found.volume
        groups += [
            abs(c - t) <= 1.96 * e
            for c, t, e in zip(volume.cumulative[1:], below, volume.cumulative_error[1:], strict=False)
        ]
    assert np.mean(every) > 0.94
    assert len(clear) > 500
    assert np.mean(clear) > 0.93
    assert np.mean(groups) > 0.92


def test_when_nobody_watches_anything_one_list_in_twenty_has_a_clear_show() -> None:
    asked = survey(QUIET)
    exact = add_up(asked, [person(set(), 0)] * 100)
    alarms = [
        asked.estimate(noisy(asked, exact, seed), 100, TITLES, participants=100).top_shows.shows[0].is_signal
        for seed in range(400)
    ]
    assert np.mean(alarms) < 0.09


def test_a_forged_report_is_worth_one_vote() -> None:
    question = TopShowsSums.suggest(SumWish(QUIET, range(50), 1_000))
    summed = Summed(np.array([300] + [0] * 49, np.int64), Fraction(32))
    found = question.estimate([summed], 1_000, Answering(1_000.0, 10.0), Fraction(8), TITLES)
    show = found.shows[0]
    assert show.is_signal
    assert show.is_robust
    lost = Summed(np.array([300 - (show.fragile_reports or 0)] + [0] * 49, np.int64), Fraction(32))
    assert not question.estimate([lost], 1_000, Answering(1_000.0, 10.0), Fraction(8), TITLES).shows[0].is_signal
    kept = Summed(np.array([301 - (show.fragile_reports or 0)] + [0] * 49, np.int64), Fraction(32))
    assert question.estimate([kept], 1_000, Answering(1_000.0, 10.0), Fraction(8), TITLES).shows[0].is_signal


def test_rounds_of_sums_are_filtered_like_all_others() -> None:
    asked, rounds = survey(QUIET, 1_000, "x3"), []
    for number, week in enumerate(Population(1_000, 60, 5, exponent=FLAT).weeks(6)):
        people = [person(set(shows), int(titles)) for shows, titles in zip(week.shows, week.titles, strict=True)]
        found = asked.estimate(noisy(asked, add_up(asked, people), number), 1_000, TITLES, participants=1_000)
        rounds.append((str(QUIET + number), found.top_shows))
    observed = observe_shows(rounds)
    assert observed is not None
    assert observed.third.tolist() == [0.0] * 6
    shows = filtered_shows(observed).shows
    assert sum(show.is_signal for show in shows) >= 3
    four, all_six = windows(observed)
    assert (four.weeks, all_six.weeks) == (4, 13)
    by_title = {show.title: show for show in four.shows.shows}
    assert by_title["Show 0"].people == pytest.approx(
        sum(show.estimate for _, round_ in rounds[-4:] for show in round_.shows if show.title == "Show 0")
    )
    assert by_title["Show 0"].rounds == 4
    assert all_six.shows == all_time(observed)


def test_one_round_has_no_window() -> None:
    asked = survey(QUIET)
    found = asked.estimate(noisy(asked, add_up(asked, [person({1}, 1)])), 1, TITLES, participants=1)
    observed = observe_shows([(str(QUIET), found.top_shows)])
    assert observed is not None
    assert windows(observed) == ()


@pytest.mark.parametrize(("less", "same", "more", "sign"), [(2_000, 1_000, 12_000, 1), (12_000, 1_000, 2_000, -1)])
def test_the_effect_of_events_and_their_prevalence_are_both_estimated(
    less: int, same: int, more: int, sign: int
) -> None:
    sums = np.zeros(5)
    sums[[NO_EVENT, LESS, SAME, MORE]] = 85_000, less, same, more
    found = estimate_summed_effect("2026-Q3", 12, Fraction(8), sums, Fraction(120), 100_000)
    assert found.event_share == pytest.approx(0.15)
    assert found.event_share_error is not None
    assert found.per_event.estimate == pytest.approx(sign * 8, abs=0.01)
    assert found.is_signal
    assert found.is_reliable
    assert found.is_robust
    assert "15 to 15 % of people had an event; that is " in estimate_in_words(found)
    assert found.fragile_reports is not None
    assert 9_500 < found.fragile_reports < 10_000, "each of them moves one person"


def test_a_chance_error_above_the_limit_asks_for_no_more_people_than_there_are() -> None:
    sums = np.array([3_800.0, 30, 90, 80, 0])
    found = estimate_summed_effect("2026-Q3", 12, Fraction(8), sums, Fraction(400), 4_000)
    assert found.reports_needed is not None
    assert found.reports_needed < found.reports
    assert "It takes" not in estimate_in_words(found)


@pytest.mark.parametrize("prevalence", [0.05, 0.15, 0.30])
def test_the_interval_per_event_holds_whatever_the_prevalence(prevalence: float) -> None:
    generator, held = np.random.default_rng(int(100 * prevalence)), []
    for _ in range(600):
        people = 1_000
        has = generator.random(people) < prevalence
        change = np.clip(np.rint(generator.normal(3, 5, people)), -12, 12)[has]
        moved = generator.random(len(change)) < np.abs(change) / 12
        sums = np.array([
            people - has.sum(), (moved & (change < 0)).sum(), (~moved).sum(), (moved & (change > 0)).sum(), 0
        ], float)  # fmt: skip
        found = estimate_summed_effect(
            "2026-Q3", 12, Fraction(8), sums + generator.normal(0, 11.1, 5), Fraction(123), people
        )
        held.append(found.per_event.lower <= change.mean() <= found.per_event.upper)
    assert np.mean(held) > 0.93


def test_events_that_are_not_clear_of_noise_allow_every_change() -> None:
    sums = np.array([100.0, 3.0, 2.0, 9.0, 0.0])
    found = estimate_summed_effect("2026-Q3", 12, Fraction(8), sums, Fraction(123), 100)
    assert (found.per_event.lower, found.per_event.upper) == (-12, 12)
    assert not found.is_reliable


def test_rounding_a_change_keeps_its_mean() -> None:
    question, randbelow = survey().questions[-1], seeded_randomness(9)
    draws = [question.measurements(Fraction(-5, 2), randbelow)[0] for _ in range(6_000)]
    assert set(draws) == {LESS, SAME}
    assert 12 * draws.count(LESS) / 6_000 == pytest.approx(2.5, abs=0.25)
    assert question.measurements(None, randbelow) == (NO_EVENT,)


def test_a_sum_survey_round_trips_and_anything_else_is_refused() -> None:
    asked = survey()
    assert SumSurvey.from_bytes(asked.to_bytes()) == asked
    with pytest.raises(RefusedSurvey, match="canonical"):
        SumSurvey.from_bytes(asked.to_bytes() + b"\n")
    with pytest.raises(RefusedSurvey, match="at most"):
        SumSurvey.from_bytes(b" " * 300_000)
    with pytest.raises(RefusedSurvey, match="survey"):
        SumSurvey.from_bytes(asked.to_bytes().replace(b'"x8"', b'"x9"'))


def test_a_survey_that_spends_more_than_it_has_is_refused() -> None:
    plain = survey(QUIET).model_dump(mode="json")
    plain["questions"][0]["share"] = {"num": 80, "den": 100}
    with pytest.raises(ValueError, match="more than the whole"):
        SumSurvey.model_validate(plain, strict=False)


def test_a_survey_about_another_quarter_is_refused() -> None:
    plain = survey().model_dump(mode="json")
    plain["questions"][-1]["quarter"] = "2025-Q1"
    with pytest.raises(ValueError, match="2026-Q3 only"):
        SumSurvey.model_validate(plain, strict=False)


def test_a_question_that_is_asked_twice_is_refused() -> None:
    plain = survey(QUIET).model_dump(mode="json")
    plain["questions"].append(plain["questions"][0])
    with pytest.raises(ValueError, match="asked twice"):
        SumSurvey.model_validate(plain, strict=False)


def test_a_survey_that_cannot_tell_who_could_answer_is_refused() -> None:
    plain = survey(QUIET).model_dump(mode="json")
    del plain["questions"][1]
    with pytest.raises(ValueError, match="exactly one question"):
        SumSurvey.model_validate(plain, strict=False)


def test_questions_that_cannot_be_answered_are_left_blank() -> None:
    asked = survey()
    found = asked.measurements(person({1}, 3, Fraction(4)), ("event_effect",))
    assert found[-1] == asked.blocks[-1].length - 1


def test_changes_of_invented_people_have_the_measured_error() -> None:
    asked = survey()
    changes = life_changes(1_000, 3, Quarter.parse("2026-Q3"))
    exact = add_up(asked, [person(set(), 0, change) for change in changes])[-1]
    truth = float(np.mean([max(-12, min(12, change)) for change in changes if change is not None]))
    errors = []
    for seed in range(200):
        sums = exact + np.random.default_rng(seed).normal(0, float(2 * asked.blocks[-1].sigma2.value) ** 0.5, 5)
        found = estimate_summed_effect("2026-Q3", 12, asked.odds, sums, 2 * asked.blocks[-1].sigma2.value, 1_000)
        errors.append(found.per_event.estimate - truth)
    assert np.sqrt(np.mean(np.square(errors))) < 2.0


def test_the_interval_of_a_summed_change_holds_also_where_it_is_called_one() -> None:
    """15 of 1,000 people moved, within the noise: the sums that are called a change came out too large."""
    variance = 2 * survey().blocks[-1].sigma2.value
    generator, held = np.random.default_rng(1), []
    for _ in range(1500):
        sums = np.array([850, 0, 135, 15, 0]) + generator.normal(0, float(variance) ** 0.5, 5)
        found = estimate_summed_effect("2026-Q3", 12, Fraction(8), sums, variance, 1_000)
        if found.is_signal:
            held.append(found.mean_change.lower <= 12 * 15 / 1_000 <= found.mean_change.upper)
    assert 100 < len(held) < 600
    assert np.mean(held) >= 0.93


def test_volume_question_is_the_one_that_tells_who_could_answer() -> None:
    assert [kind.tells_answering for kind in sum_questions().values()].count(True) == 1
    assert VolumeSums.tells_answering


def test_weekday_and_habits_take_turns_where_life_events_are_not_asked_about() -> None:
    asked = [[one.name for one in survey(QUIET - 2 + number).questions][2:] for number in range(4)]
    assert asked[0] != asked[1]
    assert sorted(map(tuple, asked)) == [("habits",), ("habits",), ("weekday",), ("weekday",)]
    for week in (QUIET, QUIET + 1, QUIET + 3):
        assert sum(block.rho.value for block in survey(week).blocks) == survey(week).rho


def views_of(days: list[str], shows: list[int], films: list[bool]) -> Views:
    return Views(
        np.array(days, dtype="datetime64[D]"),
        np.array(shows),
        QUIET.sunday,
        np.array(films, dtype=bool),
    )


def test_the_days_and_habits_of_a_week_are_measured() -> None:
    monday, sunday = str(QUIET.monday), str(QUIET.sunday)
    views = views_of(["2020-01-01", monday, monday, monday, sunday], [7, 7, 7, 7, -1], [False] * 4 + [True])
    assert WeekdaySums.measure(views, QUIET) == (3, 0, 0, 0, 0, 0, 1)
    assert HabitsSums.measure(views, QUIET) == (True, True, True, False)
    assert HabitsSums.measure(views_of([monday, sunday], [7, 8], [False] * 2), QUIET) == (True, False, False, True)
    empty = views_of(["2020-01-01"], [7], [False])
    assert WeekdaySums.measure(empty, QUIET) == (0,) * 7
    assert HabitsSums.measure(empty, QUIET) == (False,) * 4


def test_each_view_is_the_chosen_one_equally_often() -> None:
    question, randbelow = WeekdaySums.suggest(wish(even=True)), seeded_randomness(5)
    assert question is not None
    draws = [question.measurements((3, 0, 0, 0, 0, 0, 1), randbelow)[0] for _ in range(4_000)]
    assert set(draws) == {0, 6}
    assert draws.count(6) / 4_000 == pytest.approx(0.25, abs=0.03)
    assert question.measurements((0,) * 7, randbelow) == (7,)


def wish(*, even: bool) -> SumWish:
    week = QUIET if (QUIET.index % 2 == 0) == even else QUIET + 1
    return SumWish(week, range(50), 100)


@pytest.mark.parametrize("even", [True, False])
def test_shares_hold_the_truth_and_say_when_they_are_noise(even: bool) -> None:
    asked = survey(wish(even=even).week, 1_000, "x3")
    name = asked.questions[2].name
    people: list[dict[str, Any] | None] = [watched(frozenset({n % 60}), 1 + n % 9) for n in range(1_000)]
    exact = add_up(asked, people)
    held = []
    truth = exact[3][:7] / exact[3][:7].sum() if name == "weekday" else exact[3] / 1_000
    for seed in range(100):
        statistic = getattr(asked.estimate(noisy(asked, exact, seed), 1_000, TITLES, participants=1_000), name)
        assert statistic.is_reliable
        held += [one.lower <= true <= one.upper for one, true in zip(statistic.shares, truth, strict=True)]
    assert np.mean(held) > 0.92
    kind = kinds()[name]
    assert "%" in kind.describe(statistic)[0]
    few = survey(wish(even=even).week, 30)
    small = few.estimate(noisy(few, [one // 40 for one in exact], 1), 25, TITLES, participants=25)
    assert "noise" in kind.describe(getattr(small, name))[0]
