"""Who is asked when: everybody has one turn in `ROTATION` rounds, decided by a public hash.

So the aggregator can check it, and nobody can choose the round or the question.
"""

from __future__ import annotations

import hashlib

from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week

# A person answers one round in ROTATION, and a round stays open that long: so everybody has exactly one round to
# answer among the open ones, whenever they join.
ROTATION = 4
# A round is counted a week longer than it is open: files travel, and datasites may be away in the week it closes.
COUNTED = ROTATION + 1


def public_number(purpose: str, email: str) -> int:
    """Return a number below 2**64 that everybody can compute from an address, another one for each purpose."""
    text = f"netflix_trend 1\n{purpose}\n{email.strip().lower()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def is_turn(week: Week, email: str, rotation: int = ROTATION) -> bool:
    """Return whether a round is one of a person's turns: one in `rotation`, decided by a public hash."""
    return (public_number("turn", email) - week.index) % rotation == 0


def effect_quarter(week: Week) -> Quarter | None:
    """Return the quarter whose life events are asked about in a round, None in most rounds.

    The first ROTATION weeks that begin in a quarter ask about the one before: everybody has one turn in them.
    """
    quarter = Quarter.of(week.monday)
    return quarter.previous if (week - ROTATION).monday < quarter.first_day else None


def together_quarter(week: Week) -> Quarter | None:
    """Return the quarter in which a round asks which shows the same people have seen, None in most rounds.

    It is the first week that begins in the last month of a quarter: far from the one that asks about life events.
    """
    monday = week.monday
    return Quarter.of(monday) if monday.month % 3 == 0 and monday.day <= 7 else None


def summed_effect_quarter(week: Week) -> Quarter | None:
    """Return the same where operators sum: everybody answers at once, in the last of these rounds, so that the sum has
    the noise of one round.
    """
    quarter = effect_quarter(week)
    return None if quarter == effect_quarter(week + 1) else quarter
