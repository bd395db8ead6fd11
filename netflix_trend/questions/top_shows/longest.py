"""How many shows a list may have. By itself, because every process reads its settings, and these are their limits."""

from __future__ import annotations

# Where each answer is randomized at home, and where operators sum the answers. Longer lists have noise that no
# realistic number of answers exceeds, or make reports that are too large.
LONGEST_LIST, LONGEST_SUMMED_LIST = 250, 3_000
