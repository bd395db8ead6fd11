"""How estimates are said to people: the same words on the community page, in the dashboard and in the demo."""

from __future__ import annotations

from collections.abc import Sequence

from netflix_trend.published.statistics import ShowEstimate, Volume
from netflix_trend.published.trends import AllTimeShow, ShowTrend


def group_labels(volume: Volume) -> list[str]:
    """Return `0`, `1-3`, `22+` and so on, one a group."""
    lows = [group.low for group in volume.groups]
    ends = [*(low - 1 for low in lows[1:]), None]
    return [
        f"{low}+" if end is None else f"{low}" if low == end else f"{low}-{end}"
        for low, end in zip(lows, ends, strict=True)
    ]


def shown(show: ShowEstimate) -> float:
    """Return an estimate as people see it: the unbiased one may lie outside of what is possible."""
    return min(max(show.estimate, show.lower), show.upper)


# So many answers nobody will see: whatever needs more is not told to a digit.
MOST_ANSWERS = 1_000_000


def needed_in_words(answers: int | None, about: str = "about ") -> str:
    """Return how many answers something takes, None when more than MOST_ANSWERS."""
    return "over a million" if answers is None or answers > MOST_ANSWERS else f"{about}{answers:,}"


def first_in_words(shows: Sequence[ShowEstimate]) -> str:
    """Return whether the first of the shows that are told from noise, largest first, is told from the others.

    Passing the gate proves only that a show is not nobody's. Intervals that do not overlap are more than a difference
    at 95 % needs, which leaves room for looking at several shows.
    """
    if len(shows) < 2:
        return ""
    if shows[0].lower > max(show.upper for show in shows[1:]):
        return "The first is ahead of the others."
    return "Which of them is ahead cannot be told."


def reading(show: ShowEstimate | ShowTrend | AllTimeShow) -> str:
    """Return in words what an estimate of one round, or a show's share over several, says."""
    if show.is_signal:
        return "watched" if show.is_robust else "watched, if no answer was forged"
    return "may be noise" if show.lower > 0 else "only noise"
