"""From counted answers about life events to published numbers."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError

from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.published.wording import effect_in_words
from netflix_trend.questions.event_effect.estimation import estimate_effect, pool_effects
from netflix_trend.questions.event_effect.statistics import (
    LARGEST_CHANGE_ERROR,
    EffectEstimate,
    Measured,
    QuarterEffect,
)
from services.aggregator.trends import find_trends


def counts(people: int, up: float, down: float, seed: int) -> np.ndarray:
    """Reports of people of whom shares `up` and `down` have such an answer, at odds of 8."""
    truth = np.array([1 - up - down, up, down])
    return np.random.default_rng(seed).multinomial(people, 0.1 + 0.7 * truth)


def estimate(found: np.ndarray) -> EffectEstimate:
    return estimate_effect("2026-Q3", 12, Fraction(8), found)


@pytest.mark.parametrize("up", [0.02, 0.03])
def test_the_interval_of_a_change_holds_also_where_it_is_called_one(up: float) -> None:
    """Changes near the size at which they are called so: those that came out too large are picked out."""
    found = [estimate(counts(3000, up, 0.01, seed)) for seed in range(1500)]
    held = [one.mean_change.lower <= 12 * (up - 0.01) <= one.mean_change.upper for one in found if one.is_signal]
    assert 100 < len(held) < 1400
    assert np.mean(held) >= 0.93


def asked(week: str, found: np.ndarray, quarter: str = "2026-Q3", odds: int = 8) -> RoundStatistics:
    """A round with these reports about life events and nothing else."""
    return RoundStatistics(
        round=week,
        survey="a" * 32,
        vocabulary="b" * 32,
        participants=5000,
        reports=int(found.sum()),
        waiting=0,
        refused={},
        top_shows=None,
        volume=None,
        event_effect=estimate_effect(quarter, 12, Fraction(odds), found).of_participants(5000, Fraction(1, 4)),
    )


def pooled(rounds: list[RoundStatistics]) -> tuple[QuarterEffect, ...]:
    return pool_effects(answers_to(rounds, "event_effect"))


def test_the_numbers_follow_from_the_counts() -> None:
    found = estimate(np.array([750, 170, 80]))
    assert (found.quarter, found.reports, found.clip, found.odds) == ("2026-Q3", 1000, 12, (8, 1))
    assert found.share_up.estimate == pytest.approx(0.1)
    assert found.share_down.estimate == pytest.approx(-0.02 / 0.7)
    assert found.mean_change.estimate == pytest.approx(12 * 0.09 / 0.7)
    assert found.counts == (750, 170, 80)
    assert (found.event_share, found.per_event) == (None, None), "how many people had an event is not asked"
    assert found.is_signal
    assert not found.is_reliable
    assert found.mean_change.standard_error == pytest.approx(0.278, abs=0.001)


def test_a_clear_change_is_found_with_its_sign() -> None:
    assert estimate(counts(4000, 0.10, 0.02, 1)).mean_change.lower > 0
    assert estimate(counts(4000, 0.02, 0.10, 2)).mean_change.upper < 0
    assert estimate(counts(4000, 0.02, 0.10, 2)).is_signal


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    found = [estimate(counts(800, 0.08, 0.03, seed)) for seed in range(1000)]
    inside = [
        [one.share_up.lower <= 0.08 <= one.share_up.upper for one in found],
        [one.share_down.lower <= 0.03 <= one.share_down.upper for one in found],
        [one.mean_change.lower <= 0.6 <= one.mean_change.upper for one in found],
    ]
    for covered in inside:
        assert 0.93 <= np.mean(covered) <= 0.98


def test_noise_is_seldom_called_a_signal() -> None:
    for people in (5, 30, 300):
        assert np.mean([estimate(counts(people, 0.05, 0.05, seed)).is_signal for seed in range(1500)]) <= 0.065


def test_few_reports_are_called_unreliable_and_say_how_many_are_needed() -> None:
    few, many = estimate(counts(60, 0.08, 0.03, 1)), estimate(counts(2000, 0.08, 0.03, 1))
    assert (few.is_reliable, many.is_reliable) == (False, True)
    assert few.mean_change.standard_error > LARGEST_CHANGE_ERROR >= many.mean_change.standard_error
    assert few.reports_needed is not None
    assert few.reports_needed == estimate(counts(200, 0.0, 0.0, 5)).reports_needed, "not from the noisy answers"
    enough = estimate(counts(few.reports_needed, 0.08, 0.03, 2))
    assert enough.mean_change.standard_error == pytest.approx(LARGEST_CHANGE_ERROR, rel=0.12)


def test_no_reports_leave_everything_open() -> None:
    found = estimate(np.zeros(3, np.int64))
    assert (found.reports, found.is_signal, found.is_reliable) == (0, False, False)
    assert (found.mean_change.lower, found.mean_change.upper) == (-12, 12)
    assert (found.share_up.lower, found.share_up.upper) == (0, 1)
    assert found.reports_needed == 1131


@pytest.mark.parametrize("people", [1, 2, 3, 4])
def test_a_handful_of_reports_is_never_reliable(people: int) -> None:
    for report in range(3):
        found = estimate(people * np.eye(3, dtype=np.int64)[report])
        assert not found.is_reliable
        assert found.reports_needed is not None
        assert found.reports_needed > people


@pytest.mark.parametrize("found", [[1, 2], [1, 2, 3, 0]])
def test_counts_of_other_answers_are_refused(found: list[int]) -> None:
    with pytest.raises(ValueError, match="3 counts expected"):
        estimate_effect("2026-Q3", 12, Fraction(8), np.array(found))


def test_a_change_that_depends_on_one_percent_of_the_reports_says_so() -> None:
    strong, weak = estimate(np.array([3000, 800, 300])), estimate(np.array([3180, 500, 420]))
    assert strong.is_signal
    assert strong.is_robust
    assert weak.is_signal
    assert not weak.is_robust
    assert weak.tolerated == 41
    falling = estimate(np.array([3180, 420, 500]))
    assert (falling.is_signal, falling.is_robust) == (True, False)


def test_a_change_is_lost_with_exactly_the_stated_number_of_reports() -> None:
    found = np.array([3180, 420, 500])
    fragile = estimate(found).fragile_reports
    assert fragile is not None
    assert estimate(found - [0, 0, fragile - 1]).is_signal
    assert not estimate(found - [0, 0, fragile]).is_signal
    assert estimate(np.array([3000, 420, 420])).fragile_reports is None


def test_the_rounds_of_a_quarter_are_one_estimate() -> None:
    parts = [counts(500, 0.08, 0.03, seed) for seed in range(4)]
    weeks = ["2026-W43", "2026-W41", "2026-W44", "2026-W42"]
    rounds = [asked(week, part) for week, part in zip(weeks, parts, strict=True)]
    rounds.append(asked("2026-W28", counts(300, 0.1, 0.1, 9), "2026-Q2"))
    found = find_trends(rounds).effects
    assert [one.effect.quarter for one in found] == ["2026-Q3", "2026-Q2"]
    assert found[0].rounds == ("2026-W41", "2026-W42", "2026-W43", "2026-W44")
    assert found[0].effect == estimate(np.sum(parts, axis=0)).of_participants(5000, Fraction(1, 4))
    assert found[0].effect.reports == 2000
    single = [one.event_effect for one in rounds[:4]]
    assert all(found[0].effect.mean_change.standard_error < one.mean_change.standard_error for one in single if one)
    assert not any(one.is_reliable for one in single if one)
    assert found[0].effect.is_reliable


def test_reports_of_other_odds_are_not_added_up() -> None:
    few, many = counts(100, 0.1, 0.0, 1), counts(400, 0.1, 0.0, 2)
    (found,) = pooled([asked("2026-W41", few, odds=3), asked("2026-W42", many), asked("2026-W43", many)])
    assert (found.effect.odds, found.effect.reports, found.rounds) == ((8, 1), 800, ("2026-W42", "2026-W43"))


def test_rounds_without_answers_are_not_pooled() -> None:
    assert pooled([asked("2026-W41", np.zeros(3, np.int64))]) == ()


def test_an_old_round_without_counts_is_read_and_left_out() -> None:
    plain = json.loads(asked("2026-W41", counts(500, 0.1, 0.0, 1)).to_bytes())
    for name in ("counts", "is_robust", "tolerated"):
        del plain["event_effect"][name]
    old = RoundStatistics.from_bytes(json.dumps(plain).encode())
    assert old.event_effect is None
    assert pooled([old]) == ()
    whole = asked("2026-W42", counts(500, 0.1, 0.0, 1))
    assert RoundStatistics.from_bytes(whole.to_bytes()) == whole


def test_an_old_file_is_read_without_the_change_per_event_that_was_assumed() -> None:
    whole = asked("2026-W42", counts(500, 0.1, 0.0, 1))
    plain = json.loads(whole.to_bytes())
    change = plain["event_effect"]["mean_change"]
    plain["event_effect"] |= {"event_share": 0.15, "per_event": {name: one / 0.15 for name, one in change.items()}}
    del plain["event_effect"]["fragile_reports"]
    old = RoundStatistics.from_bytes(json.dumps(plain).encode()).event_effect
    assert old is not None
    assert (old.event_share, old.per_event, old.mean_change) == (None, None, whole.event_effect.mean_change)


def test_a_pooled_quarter_holds_the_truth_about_as_often_as_it_says() -> None:
    """15 % of people have an event with a mean change of +3: rounded to up or down, so that the mean is kept."""
    covered, errors = [], []
    for seed in range(1000):
        rounds = [asked(f"2026-W4{one}", counts(400, 0.0475, 0.01, 10 * seed + one)) for one in range(1, 5)]
        (found,) = pooled(rounds)
        each = found.effect.mean_change
        covered.append(each.lower <= 0.45 <= each.upper)
        errors.append(each.estimate - 0.45)
    assert 0.93 <= np.mean(covered) <= 0.98
    assert abs(np.mean(errors)) <= 3 * np.std(errors) / np.sqrt(len(errors))
    assert np.std(errors) == pytest.approx(found.effect.mean_change.standard_error, rel=0.1)


def test_a_quarter_says_in_words_what_it_found() -> None:
    def sentence(*found: int) -> str:
        (one,) = pooled([asked("2026-W41", np.array(found))])
        return effect_in_words(one)

    assert "watched more" in sentence(3000, 800, 300)
    assert "watched less" in sentence(3180, 420, 500)
    assert "This holds unless 22 or more of the 4,100 answers were forged." in sentence(3180, 420, 500)
    assert "for each of them" not in sentence(3000, 800, 300), "nobody was asked whether they had an event"
    assert "during their events is noise" in sentence(100, 30, 10)
    few = "It takes about 4,524 participants (1,131 answers) in a quarter; there are 140 answers of 5,000 participants."
    assert few in sentence(100, 30, 10)


def test_the_estimate_round_trips() -> None:
    found = estimate(counts(500, 0.08, 0.03, 1))
    assert EffectEstimate.model_validate_json(found.model_dump_json()) == found
    assert estimate(counts(500, 0.08, 0.03, 1)) == found


@pytest.mark.parametrize(
    "change",
    [{"quarter": "2026"}, {"reports": -1}, {"counts": (1, 2, 3)}, {"surprise": 1}, {"odds": (8,)}, {"is_signal": 1}],
)
def test_an_invalid_estimate_is_refused(change: dict[str, object]) -> None:
    plain = estimate(counts(500, 0.08, 0.03, 1)).model_dump()
    with pytest.raises(ValidationError):
        EffectEstimate.model_validate(plain | change)


@pytest.mark.parametrize("change", [{"lower": 1.0}, {"standard_error": -1.0}, {"estimate": float("nan")}])
def test_an_invalid_measurement_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Measured(**{"estimate": 0.0, "standard_error": 1.0, "lower": -1.0, "upper": 0.5, **change})
