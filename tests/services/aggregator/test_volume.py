"""What is said about the distribution of weekly viewing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from netflix_trend.questions.volume.estimation import estimate_volume
from netflix_trend.questions.volume.prior import prior_shares
from netflix_trend.questions.volume.question import VOLUME_BUCKETS, VolumeQuestion

QUESTION = VolumeQuestion.ask(odds=Fraction(8), weight=1)
CHANNEL = QUESTION.channel.channel()


def test_the_prior_alone_never_makes_empty_weeks_clear() -> None:
    truth = prior_shares(VOLUME_BUCKETS)
    truth[0] = 0
    truth /= truth.sum()
    generator = np.random.default_rng(4)
    wrong = 0
    for number in range(60):
        volume = estimate_volume(QUESTION, generator.multinomial(1000, truth @ CHANNEL), str(number))
        assert volume.is_reliable
        wrong += not volume.is_noise(volume.groups[0])
        assert volume.lower[0] <= volume.groups[0].lower + 1e-12
    assert wrong <= 5, f"{wrong} of 60: more than the 2.5 % of one end of an interval allow"


def test_a_share_that_is_clear_from_answers_is_not_called_noise() -> None:
    truth = prior_shares(VOLUME_BUCKETS)
    volume = estimate_volume(QUESTION, np.rint(5000 * truth @ CHANNEL).astype(np.int64), "a")
    assert not any(volume.is_noise(group) for group in volume.groups)
    assert all(group.lower <= group.share <= group.upper for group in volume.groups)


def test_the_same_answers_give_the_same_numbers() -> None:
    counts = np.rint(300 * prior_shares(VOLUME_BUCKETS) @ CHANNEL).astype(np.int64)
    assert estimate_volume(QUESTION, counts, "a") == estimate_volume(QUESTION, counts, "a")
    assert estimate_volume(QUESTION, counts, "a") != estimate_volume(QUESTION, counts, "b")


def test_without_answers_everything_is_noise() -> None:
    volume = estimate_volume(QUESTION, np.zeros(QUESTION.channel.outputs, np.int64), "a")
    assert not volume.is_reliable
    assert [group.lower for group in volume.groups] == [0.0] * len(volume.groups)
    assert volume.mean is None
