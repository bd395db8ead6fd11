"""Numbers of people and answers in words."""

from __future__ import annotations

from fractions import Fraction

import pytest

from netflix_trend.questions.words import needed_people, participants_for


@pytest.mark.parametrize(
    ("answers", "part", "people"),
    [(7, Fraction(1, 6), 42), (7, Fraction(2, 3), 11), (6, Fraction(2, 3), 9), (7, Fraction(1), 7)],
)
def test_there_are_never_fewer_participants_than_give_the_answers(answers: int, part: Fraction, people: int) -> None:
    assert participants_for(answers, part) == people


@pytest.mark.parametrize(
    ("answers", "part", "said"),
    [
        (1_059, Fraction(1, 6), "about 6,354 participants (1,059 answers)"),
        (1_059, Fraction(1), "about 1,059 participants"),
        (1_059, None, "about 1,059 answers"),
        (None, Fraction(1, 6), "over a million participants"),
    ],
)
def test_what_a_result_takes_is_said_in_participants(answers: int | None, part: Fraction | None, said: str) -> None:
    assert needed_people(answers, part) == said
