"""Python's search for unreachable objects, made rare.

It looks through all objects again whenever some hundred more of them exist. A start makes some hundred thousand, which
all stay; an import of a file makes several for each row. Objects in no circle of references vanish without it.
"""

from __future__ import annotations

import gc

# New objects until the first search, which is more than a start makes; then until the next ones (Python: 700), and
# searches of the young until one of the old (Python: 10). Fewer searches would gain nothing more.
_STARTING, _NEW_OBJECTS, _SEARCHES = 200_000, 20_000, 20


def search_seldom() -> None:
    """Let this process look for unreachable objects seldom, and not before it has started."""
    gc.set_threshold(_STARTING, _SEARCHES, _SEARCHES)
    gc.callbacks.append(_has_started)


def _has_started(phase: str, _info: dict[str, int]) -> None:
    """Search more often from the first search on, so that a process that stays holds little that is unreachable."""
    if phase == "stop":
        gc.callbacks.remove(_has_started)
        gc.set_threshold(_NEW_OBJECTS, _SEARCHES, _SEARCHES)
