"""What is withheld of a round because too few people have answered: a number of people, and nothing else."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from netflix_trend.formats import number
from netflix_trend.language import _
from netflix_trend.questions.registry import kinds
from netflix_trend.storage.model import Strict

# Fewest answers to a question of a round before anything of them is published, unless the settings say otherwise.
SMALLEST_ANSWERS = 20

_Positive = Annotated[int, Field(ge=1)]


class Withheld(Strict):
    """A question whose answers are too few. answers: how many there are so far, which changes as statistics do. needed:
    how many it takes.
    """

    answers: _Positive
    needed: _Positive


# By question. Left out where nothing is withheld: programs from before the field read such files as ever.
WithheldQuestions = Annotated[dict[str, Withheld], Field(exclude_if=operator.not_)]


def withheld_in_words(withheld: Mapping[str, Withheld]) -> list[str]:
    """Return a sentence for each question that is withheld."""
    return [
        _(
            "Withheld until %(needed)s people have answered about %(question)s: %(answers)s so far.",
            needed=number(one.needed),
            question=_(kinds()[name].title),
            answers=number(one.answers),
        )
        for name, one in withheld.items()
        if name in kinds()
    ]
