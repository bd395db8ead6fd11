"""Words and numbers in sentences about questions and answers."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from netflix_trend import formats
from netflix_trend.catalogue.keys import plain_title
from netflix_trend.formats import number
from netflix_trend.language import _, ngettext

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
    if answers is None or answers > MAX_ANSWERS:
        return _("over a million")
    return _("about %(number)s", number=number(answers)) if about else number(answers)


def participants_for(answers: int | None, part: Fraction) -> int | None:
    """Return how many participants give so many answers when `part` of them is asked and everybody answers."""
    return None if answers is None else ceil(answers / part)


def needed_people(answers: int | None, part: Fraction | None) -> str:
    """Return how many participants something takes, with the answers beside; answers alone if the part is unknown."""
    if part is None:
        return _("%(number)s answers", number=needed_in_words(answers))
    people = needed_in_words(participants_for(answers, part))
    if answers is None or part == 1:
        return _("%(number)s participants", number=people)
    return _("%(number)s participants (%(answers)s answers)", number=people, answers=number(answers))


def answers_of(answers: int, participants: int | None) -> str:
    """Return how many answers there are, of how many participants if that is known."""
    said = ngettext("%(num)s answer", "%(num)s answers", answers)
    if participants is None:
        return said
    return ngettext(
        "%(answers)s of %(num)s participant", "%(answers)s of %(num)s participants", participants, answers=said
    )


def percent(share: float) -> str:
    """Return a share of people, as `12 %`, with one digit after the point where it is below ten."""
    is_whole = share >= 0.095 or float(f"{100 * share:.1f}").is_integer()
    return formats.percent(share, 0 if is_whole else 1)


def chance_in_words(chance: float) -> str:
    """Return how often something happens, such as `7 in 10 rounds`."""
    if chance < 0.005:
        return _("practically never")
    if chance > 0.995:
        return _("practically always")
    if 0.1 <= chance <= 0.9:
        return _("%(number)s in 10 rounds", number=round(10 * chance))
    return _("%(number)s in 100 rounds", number=round(100 * chance))
