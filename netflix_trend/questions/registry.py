"""The list of all questions, one line each: the name and the class in its folder.

The names alone cost nothing to import; the classes, with numpy and the mechanisms, are imported when they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netflix_trend.questions.question import Question

# In the order in which surveys ask and pages show them.
_CLASSES = {
    "top_shows": "TopShowsQuestion",
    "volume": "VolumeQuestion",
    "event_effect": "EffectQuestion",
}
QUESTIONS = frozenset(_CLASSES)


@cache
def questions() -> Mapping[str, type[Question]]:
    """Return the class of every question by its name."""
    folder = __name__.rpartition(".")[0]
    return {name: getattr(import_module(f"{folder}.{name}.question"), kind) for name, kind in _CLASSES.items()}
