"""The list of all questions, one line each: the name and the class in its folder.

Importing the names is cheap; the classes, with numpy and the mechanisms, are imported on demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netflix_trend.questions.question import Question
    from netflix_trend.questions.sums import SumQuestion

# In the order in which surveys ask and pages show them: the class for local mode, in `question.py`, and the one whose
# answers operators sum, in `sums.py`; None where there is none.
_CLASSES: dict[str, tuple[str | None, str | None]] = {
    "top_shows": ("TopShowsQuestion", "TopShowsSums"),
    "volume": ("VolumeQuestion", "VolumeSums"),
    "weekday": (None, "WeekdaySums"),
    "habits": (None, "HabitsSums"),
    "event_effect": ("EffectQuestion", "EffectSums"),
    "together": (None, "TogetherSums"),
}
QUESTIONS = frozenset(_CLASSES)
_FOLDER = __name__.rpartition(".")[0]


@cache
def questions() -> Mapping[str, type[Question]]:
    """Return the class of every question by its name, for local mode."""
    found = {name: kind for name, (kind, _) in _CLASSES.items() if kind is not None}
    return {name: getattr(import_module(f"{_FOLDER}.{name}.question"), kind) for name, kind in found.items()}


@cache
def sum_questions() -> Mapping[str, type[SumQuestion]]:
    """Return the class of every question whose answers can be summed by operators, by its name."""
    found = {name: kind for name, (_, kind) in _CLASSES.items() if kind is not None}
    return {name: getattr(import_module(f"{_FOLDER}.{name}.sums"), kind) for name, kind in found.items()}


@cache
def kinds() -> Mapping[str, type[Question] | type[SumQuestion]]:
    """Return the class that knows what a question is about and what is published of it, by its name."""
    return {name: questions().get(name) or sum_questions()[name] for name in _CLASSES}
