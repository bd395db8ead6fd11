"""Protective randomness comes from the operating system by default."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable

import pytest

from netflix_trend.participant.contributions import answer
from netflix_trend.participant.releases import Participant
from netflix_trend.privacy import randomness
from netflix_trend.privacy.interval_channel import IntervalChannel
from netflix_trend.privacy.subset_selection import SubsetSelection
from netflix_trend.privacy.ternary import TernaryResponse, direction


def test_the_source_is_the_operating_systems() -> None:
    assert randomness.secure is secrets.randbelow
    assert randomness.secure_bytes is secrets.token_bytes


@pytest.mark.parametrize(
    "draws",
    [answer, SubsetSelection.randomize, IntervalChannel.randomize, TernaryResponse.randomize, direction, Participant],
)
def test_every_sampler_draws_from_it(draws: Callable[..., object]) -> None:
    assert inspect.signature(draws).parameters["randbelow"].default is randomness.secure
