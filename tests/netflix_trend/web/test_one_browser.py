"""A login for one browser: how fast tokens may be guessed, and what becomes of a damaged record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from netflix_trend.storage.damaged import paths_set_aside
from netflix_trend.web.one_browser import PAUSE_SECONDS, Access, Session, TooSoon

TOKEN = "a-token-of-twenty-five-xx"


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def guesses_looked_at(access: Access, clock: Clock, count: int, step: float) -> int:
    looked_at = 0
    for number in range(count):
        try:
            access.enter(f"guess {number}")
            looked_at += 1
        except TooSoon:
            pass
        clock.now += step
    return looked_at


def test_of_2000_guesses_in_ten_seconds_eleven_at_most_are_looked_at() -> None:
    clock = Clock()
    access = Access(TOKEN, clock=clock)
    assert 9 <= guesses_looked_at(access, clock, 2000, 0.005) <= 11
    clock.now += PAUSE_SECONDS
    assert isinstance(access.enter(TOKEN), Session), "whoever has the token is let in a second later"


def test_the_token_is_not_looked_at_right_after_a_wrong_one_and_not_used_up() -> None:
    clock = Clock()
    access = Access(TOKEN, clock=clock)
    assert access.enter("wrong") is None
    with pytest.raises(TooSoon):
        access.enter(TOKEN)
    clock.now += PAUSE_SECONDS
    assert access.enter(TOKEN)


def test_the_right_token_never_waits_and_no_token_is_no_guess() -> None:
    access = Access(TOKEN, clock=Clock())
    assert access.enter("") is None
    assert access.enter(TOKEN)


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"\xff\x00"), Path.mkdir])
def test_a_damaged_record_of_the_used_token_stops_nothing(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    used = tmp_path / "used"
    damage(used)
    assert Access(TOKEN, used).enter(TOKEN)
    assert paths_set_aside(tmp_path) == ("used",)
    assert Access(TOKEN, used).enter(TOKEN) is None, "used once"
