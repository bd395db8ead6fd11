"""How often Python searches for unreachable objects: not while a process starts, and seldom later."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own, because it changes the whole process.
PROGRAM = """
import gc
from netflix_trend.garbage import search_seldom

searches = []
gc.collect()
gc.callbacks.append(lambda phase, info: searches.append(phase))
search_seldom()
kept = [[] for _ in range(150_000)]
print(len(searches), gc.get_threshold()[0])
kept += [[] for _ in range(100_000)]
print(len(searches) > 0, gc.get_threshold()[0], len(gc.callbacks))
"""


def test_nothing_is_searched_until_a_process_has_started_and_then_seldom() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["0 200000", "True 20000 1"]
