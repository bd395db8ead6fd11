"""Python's search for unreachable objects, made rare.

It looks through all objects again whenever some hundred more of them exist. A start makes some hundred thousand, which
all stay; an import of a file makes several for each row. Objects in no circle of references vanish without it.
"""

from __future__ import annotations

import gc

# New objects until the next search (Python: 700), and searches of the young until one of the old (Python: 10).
# Fewer searches would gain nothing more.
_NEW_OBJECTS, _SEARCHES = 20_000, 20


def search_seldom() -> None:
    """Let this process look for unreachable objects seldom."""
    gc.set_threshold(_NEW_OBJECTS, _SEARCHES, _SEARCHES)
