"""Words and numbers in sentences about questions and answers."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from netflix_trend.catalogue.keys import plain_title

# Nobody will ever count so many answers: whatever needs more is not given as a number.
MAX_ANSWERS = 1_000_000
_MAX_LENGTH = 120


def shown(text: str, max_length: int = _MAX_LENGTH) -> str:
    """Return a text from a file as it is shown: one line, cut, without marks that steer the direction of text."""
    # A title may have a megabyte.
    head = text[: 4 * max_length]
    plain = plain_title(head)
    return f"{plain[: max_length - 1]}…" if len(plain) > max_length or len(text) > len(head) else plain


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def needed_in_words(answers: int | None, about: str = "about ") -> str:
    """Return how many answers something takes, None when more than MAX_ANSWERS."""
    return "over a million" if answers is None or answers > MAX_ANSWERS else f"{about}{answers:,}"


def participants_for(answers: int | None, part: Fraction) -> int | None:
    """Return how many participants give so many answers when `part` of them is asked and everybody answers."""
    return None if answers is None else ceil(answers / part)


def needed_people(answers: int | None, part: Fraction | None) -> str:
    """Return how many participants something takes, with the answers beside; answers alone if the part is unknown."""
    if part is None:
        return f"{needed_in_words(answers)} answers"
    people = f"{needed_in_words(participants_for(answers, part))} participants"
    return people if answers is None or part == 1 else f"{people} ({answers:,} answers)"


def answers_of(answers: int, participants: int | None) -> str:
    """Return how many answers there are, of how many participants if that is known."""
    return counted(answers, "answer") + ("" if participants is None else f" of {counted(participants, 'participant')}")


def percent(share: float) -> str:
    """Return a share of people, as `12 %`, with one digit after the point where it is below ten."""
    return (
        f"{100 * share:.0f} %" if share >= 0.095 or float(f"{100 * share:.1f}").is_integer() else f"{100 * share:.1f} %"
    )


def chance_in_words(chance: float) -> str:
    """Return how often something happens, such as `7 in 10 rounds`."""
    if chance < 0.005:
        return "practically never"
    if chance > 0.995:
        return "practically always"
    return f"{10 * chance:.0f} in 10 rounds" if 0.1 <= chance <= 0.9 else f"{100 * chance:.0f} in 100 rounds"
