"""Mean viewing and its trend: right by hand, unbiased for every distribution, and as certain as they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from bench.intervals import WORLDS, slope_coverage
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.distribution import linear_mean, linear_weights
from netflix_trend.published.wording import viewing_in_words
from netflix_trend.questions.sums import SumWish
from netflix_trend.questions.volume.estimation import estimate_volume
from netflix_trend.questions.volume.mean import MeanTitles, bucket_titles, mean_titles
from netflix_trend.questions.volume.question import VOLUME_BUCKETS, VolumeQuestion
from netflix_trend.questions.volume.statistics import Volume, VolumeGroup, WeeklyMean
from netflix_trend.questions.volume.sums import VolumeSums
from netflix_trend.questions.volume.viewing import (
    ROUNDS_FOR_A_SLOPE,
    find_slope,
    student_quantile,
    viewing,
    weekly_mean,
)
from netflix_trend.simulation.population import seeded_randomness

FIRST = Week.parse("2026-W20")
QUESTION = VolumeQuestion.ask(odds=Fraction(8), weight=1)
CHANNEL = QUESTION.channel.channel()
TITLES = bucket_titles(VOLUME_BUCKETS)
WEIGHTS = linear_weights(CHANNEL, TITLES)


def volume_of(mean: MeanTitles | None) -> Volume:
    return Volume(
        reports=100,
        odds=(8, 1),
        intervals=((0, 0, 1), (1, 1, 1), (2, 2, 1)),
        confidence=0.95,
        buckets=(0, 1, 5),
        shares=(0.3, 0.5, 0.2),
        lower=(0.2, 0.4, 0.1),
        upper=(0.4, 0.6, 0.3),
        cumulative=(0.0, 0.3, 0.8),
        cumulative_error=(0.0, 0.05, 0.04),
        groups=(VolumeGroup(low=0, share=1.0, lower=0.9, upper=1.0),),
        is_reliable=True,
        mean=mean,
    )


def found_mean(estimate: float, error: float, influence: float = 0.0) -> WeeklyMean:
    return weekly_mean("2026-W20", 100, MeanTitles(estimate=estimate, standard_error=error, influence=influence))


def test_buckets_count_with_their_middle_but_at_most_30() -> None:
    assert bucket_titles((0, 1, 5)).tolist() == [0, 2.5, 9]
    assert TITLES[[0, 7, 11, 12, 13, 14, 15]].tolist() == [0, 8.5, 24.5, 30, 30, 30, 30]


def test_the_mean_is_exactly_unbiased_for_every_distribution() -> None:
    """Each bucket by itself: if the expectation is right for all of them, it is for every mixture."""
    assert pytest.approx(TITLES) == CHANNEL @ WEIGHTS


def test_the_mean_of_reports_by_hand() -> None:
    """Reports worth 1, 1, 4: mean 2, squares 1, 1, 4; with one more at distance 2: (6 + 4) / 4 / 3."""
    mean, error = linear_mean(np.array([2, 1]), np.array([1.0, 4.0]))
    assert (mean, error) == (2.0, pytest.approx(math.sqrt(10 / 4 / 3)))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("reports", [100, 300, 1000])
def test_intervals_of_the_mean_hold_the_truth(world: str, reports: int) -> None:
    generator = np.random.default_rng(1)
    truth = float(WORLDS[world] @ TITLES)
    held, means = [], []
    for counts in generator.multinomial(reports, WORLDS[world] @ CHANNEL, size=2000):
        mean, error = linear_mean(counts, WEIGHTS)
        means.append(mean)
        held.append(abs(mean - truth) <= 1.96 * error)
    assert 0.93 <= np.mean(held) <= 0.98
    assert abs(np.mean(means) - truth) <= 3 * np.std(means) / math.sqrt(len(means))


def test_a_mean_says_whether_it_is_reliable_and_whether_forgers_could_have_made_it_so() -> None:
    week = found_mean(8.0, 1.0)
    assert (week.lower, week.upper) == (pytest.approx(6.04, abs=1e-3), pytest.approx(9.96, abs=1e-3))
    assert (week.is_reliable, week.is_robust) == (True, True)
    assert not found_mean(8.0, 1.0, influence=1.2).is_robust
    assert not found_mean(8.0, 1.6).is_reliable
    below = found_mean(-1.0, 2.0)
    assert (below.mean, below.unbiased, below.lower, below.is_reliable) == (0.0, -1.0, 0.0, False)


def test_no_answer_decides_whether_a_mean_is_reliable() -> None:
    """Near the gate the means that came out small have small errors; they must not be picked out by it."""
    generator = np.random.default_rng(2)
    for reports, is_reliable in ((125, False), (140, True)):
        drawn = generator.multinomial(reports, WORLDS["as assumed"] @ CHANNEL, size=8)
        volumes = [estimate_volume(QUESTION, counts, "seed") for counts in drawn]
        weeks = [weekly_mean(str(FIRST), reports, volume.mean) for volume in volumes if volume.mean]
        assert {week.is_reliable for week in weeks} == {is_reliable}
        assert len({week.standard_error for week in weeks}) == 8


def test_influence_is_what_leaving_out_the_largest_percent_does() -> None:
    counts = np.random.default_rng(1).multinomial(1000, WORLDS["as assumed"] @ CHANNEL)
    found = mean_titles(QUESTION.channel, VOLUME_BUCKETS, counts)
    assert found is not None
    worst = 0.0
    for output in range(len(counts)):
        left = counts.copy()
        left[output] -= min(10, left[output])
        worst = max(worst, abs(float(left @ WEIGHTS) / left.sum() - found.estimate))
    assert found.influence == pytest.approx(worst)
    assert mean_titles(QUESTION.channel, VOLUME_BUCKETS, np.zeros(len(counts), np.int64)) is None


def test_a_mean_of_an_old_file_is_read_without_the_reports_it_was_said_to_need() -> None:
    found = mean_titles(
        QUESTION.channel, VOLUME_BUCKETS, np.random.default_rng(1).multinomial(150, WORLDS["as assumed"] @ CHANNEL)
    )
    assert found is not None
    assert MeanTitles.model_validate({**found.model_dump(), "reports_needed": 700}) == found


def of_before(volume: Volume) -> dict[str, Any]:
    """Return a published distribution whose mean counted more than 30 titles in full, as older files have it."""
    value = volume.model_dump(mode="json")
    value["mean"] = {"estimate": 11.9, "standard_error": 1.4, "influence": 0.5, "expected_error": 1.4}
    return value


def test_a_mean_of_before_is_estimated_again_so_that_viewing_does_not_seem_to_fall() -> None:
    """Table of then: a square wave. The mean counted all titles, so it was larger for the same weeks."""
    wave = tuple((max(0, r - 4), min(15, r), 1) for r in range(20))
    question = QUESTION.model_copy(update={"intervals": wave})
    generator = np.random.default_rng(7)
    world = WORLDS["twice as many titles"]
    rounds = []
    for number in range(12):
        asked = question if number < 6 else QUESTION
        counts = generator.multinomial(20_000, world @ asked.channel.channel())
        value = estimate_volume(asked, counts, "seed").model_dump(mode="json")
        if number < 6:
            all_titles = np.array([*TITLES[:12], 31, 38.5, 46.5, 59])
            uncapped = linear_mean(counts, linear_weights(asked.channel.channel(), all_titles))
            value["mean"] = {"estimate": uncapped[0], "standard_error": uncapped[1], "influence": 0.1}
            assert uncapped[0] > world @ TITLES + 1
        rounds.append((str(FIRST + number), Volume.model_validate(Volume.upgraded(value))))
    found = viewing(rounds)
    assert found is not None
    assert all(abs(week.unbiased - world @ TITLES) < 4 * week.standard_error for week in found.weeks)
    assert found.slope is not None
    assert found.slope.direction == "noise"


def test_a_mean_of_now_is_read_as_it_is() -> None:
    counts = np.random.default_rng(1).multinomial(300, WORLDS["as assumed"] @ CHANNEL)
    value = estimate_volume(QUESTION, counts, "seed").model_dump(mode="json")
    assert value["mean"]["max_titles"] == 30
    value["mean"]["estimate"] = 7.0
    assert Volume.model_validate(Volume.upgraded(value)).mean == MeanTitles.model_validate(value["mean"])


@pytest.mark.parametrize(
    "fields",
    [
        {"counts": None},
        {"counts": [1, 2, 3]},
        {"counts": [10**30, *[0] * 21]},
        {"counts": [0] * 22},
        {"odds": [10**400, 1]},
        {"odds": [1, 1]},
        {"odds": [1, 2]},
        {"intervals": [[0, 15, 1]], "counts": [9]},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_a_mean_of_before_that_cannot_be_estimated_again_is_left_out(fields: dict[str, Any]) -> None:
    counts = np.random.default_rng(1).multinomial(300, WORLDS["as assumed"] @ CHANNEL)
    value = of_before(estimate_volume(QUESTION, counts, "seed"))
    read = Volume.model_validate(Volume.upgraded(value | fields))
    assert read.mean is None
    assert viewing([("2026-W20", read)]) is None


def test_a_mean_of_before_that_was_summed_counted_at_most_30_and_is_kept() -> None:
    counts = np.random.default_rng(1).multinomial(300, WORLDS["as assumed"] @ CHANNEL)
    value = of_before(estimate_volume(QUESTION, counts, "seed")) | {"mechanism": "sum", "intervals": None}
    read = Volume.model_validate(Volume.upgraded(value)).mean
    assert read is not None
    assert (read.estimate, read.max_titles) == (11.9, 30)


def test_both_modes_count_the_same_people_alike() -> None:
    """Exact sums, and the number that each bucket is counted with, of people in the middles of the buckets."""
    titles = [0, 1, 2, 3, 4, 9, 40, 55]
    summing = VolumeSums.suggest(SumWish(FIRST, range(50), 100))
    summed = [summing.measurements(one, seeded_randomness(1))[1][0] for one in titles]
    assert summed == pytest.approx([TITLES[QUESTION.bucket(one)] for one in titles], abs=0.5)


def means(values: Sequence[float], error: float = 0.1, influence: float = 0.0) -> list[WeeklyMean]:
    return [
        found_mean(value, error, influence).model_copy(update={"round": str(FIRST + number)})
        for number, value in enumerate(values)
    ]


def test_the_slope_by_hand() -> None:
    """Weeks -2.5 to 2.5: sum of squares 17.5."""
    rising = find_slope(means([4, 5, 6, 7, 8, 9]))
    assert rising is not None
    assert (rising.per_week, rising.standard_error) == (pytest.approx(1), pytest.approx(0.1 / math.sqrt(17.5)))
    assert (rising.direction, rising.is_robust) == ("rising", True)
    falling = find_slope(means([9, 8, 7, 6, 5, 4]))
    assert falling is not None
    assert falling.direction == "falling"
    assert find_slope(means([4, 5, 6, 7, 8])) is None


def test_a_slope_that_forged_answers_could_have_made_says_so() -> None:
    """1 % forged: 9 / 17.5 times the influence of a week; the interval of the slope begins at 1 - 1.96 * .0239."""
    kept, lost = (find_slope(means([4, 5, 6, 7, 8, 9], influence=influence)) for influence in (1.8, 1.9))
    assert kept is not None
    assert lost is not None
    assert (kept.is_robust, lost.is_robust) == (True, False)


def test_a_slope_among_rounds_that_scatter_more_than_their_errors_is_noise() -> None:
    """4, 8, 3, 9, 4, 8: slope 4 / 17.5 * ... by least squares, the rests are far beyond errors of .1."""
    values = [4, 8, 3, 9, 4, 8]
    slope = find_slope(means(values))
    assert slope is not None
    x = np.arange(6) - 2.5
    line = np.mean(values) + x * (x @ values) / 17.5
    birge = math.sqrt(((values - line) ** 2).sum() / 0.01 / 4)
    assert slope.per_week == pytest.approx(float(x @ values) / 17.5)
    assert slope.standard_error == pytest.approx(birge * 0.1 / math.sqrt(17.5))
    assert slope.upper - slope.per_week == pytest.approx(2.776 * slope.standard_error, rel=1e-2)
    assert slope.direction == "noise"


def test_student_quantiles_are_the_tables() -> None:
    table = {4: 2.776, 5: 2.571, 10: 2.228, 30: 2.042}
    for freedom, quantile in table.items():
        assert student_quantile(freedom) == pytest.approx(quantile, abs=0.002)


def test_the_interval_of_a_trend_holds_also_where_it_is_called_one() -> None:
    """A rise that is within its error: the trends that are called rising came out too steep."""
    generator, held = np.random.default_rng(3), []
    for _ in range(2000):
        weeks = [
            found_mean(10 + 0.1 * number + error, 1.0).model_copy(update={"round": str(FIRST + number)})
            for number, error in enumerate(generator.normal(0, 1, 8).tolist())
        ]
        slope = find_slope(weeks)
        assert slope is not None
        if slope.direction != "noise":
            held.append(slope.lower <= 0.1 <= slope.upper)
    assert 100 < len(held) < 600
    assert np.mean(held) >= 0.93


@pytest.mark.parametrize("rounds", [ROUNDS_FOR_A_SLOPE, 13, 26])
@pytest.mark.parametrize("wander", [0.0, 1.0])
def test_intervals_of_the_slope_hold_the_truth(rounds: int, wander: float) -> None:
    held, _ = slope_coverage(rounds, wander, np.random.default_rng(2))
    assert 0.93 <= held <= 0.995  # wider where the trend is called one, because it was picked out then


def test_the_trend_says_in_words_what_it_knows() -> None:
    def told(rounds: int) -> str:
        found = viewing([(str(FIRST + week), volume_of(mean)) for week in range(rounds)])
        assert found is not None
        return viewing_in_words(found)

    mean = MeanTitles(estimate=8.0, standard_error=1.0, influence=0.5)
    assert viewing([]) is None
    assert viewing([("2026-W20", volume_of(None))]) is None
    assert "fewer than six rounds" in told(5)
    assert "falls is unclear" in told(6)
    found = viewing([(str(FIRST + week), volume_of(mean)) for week in range(6)])
    assert found is not None
    rising = found.model_copy(update={"slope": find_slope(means([4, 5, 6, 7, 8, 9]))})
    assert viewing_in_words(rising) == "Viewing is rising: +0.95 to +1.05 titles a week (95 %)."
    forged = found.model_copy(update={"slope": find_slope(means([4, 5, 6, 7, 8, 9], influence=2.0))})
    assert viewing_in_words(forged) == (
        "Viewing is rising, if no answer was forged: +0.95 to +1.05 titles a week (95 %)."
    )
