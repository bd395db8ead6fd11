"""The aggregators that this machine sees: every datasite is asked for its introduction, none is believed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netflix_trend.formats import listed
from netflix_trend.language import _, marked, ngettext
from netflix_trend.names import APP_NAME, DATASITE_NAME
from netflix_trend.published.introduction import INTRODUCTION, MAX_INTRODUCTION, Introduction, IntroductionError
from netflix_trend.storage.files import UnsafeFile, read_untrusted
from netflix_trend.syftbox.datasite import datasite_names

# Files that are read at most: whoever fills a network with datasites cannot make this slow.
MOST_READ = 500
_REASONS = {
    "earlier_version": marked("of an earlier version, which names neither questions nor operators"),
    "newer_version": marked("of a newer version of Netflix Trend; install it"),
    "another_address": marked("naming another address than their own"),
    "too_large": marked("larger than %(most)s bytes"),
    "not_json": marked("not readable"),
    "schema": marked("not readable"),
}
_UNSAFE = marked("links or otherwise unsafe to open")


def _left_out(reason: str, count: int) -> str:
    return ngettext(
        "%(num)s introduction (%(reason)s)",
        "%(num)s introductions (%(reason)s)",
        count,
        reason=_(reason, most=MAX_INTRODUCTION),
    )


@dataclass(frozen=True)
class FoundAggregators:
    """aggregators: introductions by address, sorted. refused: how many files by reason. left_out: datasites with a file
    that was not read, because there are too many. datasites: how many are on this machine.
    """

    aggregators: Mapping[str, Introduction]
    refused: Mapping[str, int]
    left_out: int = 0
    datasites: int = 0

    @property
    def refusals(self) -> str:
        """What was left out and why, in a sentence; empty if nothing was."""
        reasons: Counter[str] = Counter()
        for reason, count in self.refused.items():
            reasons[_REASONS.get(reason, _UNSAFE)] += count
        parts = [_left_out(words, count) for words, count in sorted(reasons.items())]
        if self.left_out:
            parts.append(
                ngettext(
                    "%(num)s introduction beyond the first %(most)s",
                    "%(num)s introductions beyond the first %(most)s",
                    self.left_out,
                    most=MOST_READ,
                )
            )
        return _("Left out: %(introductions)s.", introductions=listed(parts)) if parts else ""


def find_aggregators(datasites: Path, preferred: str = "") -> FoundAggregators:
    """Return the aggregators that introduce themselves below a folder of datasites; none if there is no such folder.

    preferred: an address that is read whatever the number of others, such as the one in the settings.
    """
    found: dict[str, Introduction] = {}
    refused: Counter[str] = Counter()
    try:
        names = sorted(datasite_names(datasites), key=lambda name: (name != preferred, name))
    except OSError:
        return FoundAggregators({}, {})
    present = [name for name in names if os.path.lexists(datasites / _path(name))]
    for name in present[:MOST_READ]:
        try:
            found[name] = introduction_of(datasites, name)
        except (IntroductionError, UnsafeFile) as refusal:
            refused[refusal.reason] += 1
        except OSError:
            # Gone by now: SyftBox is at work.
            continue
    left_out = len(present[MOST_READ:])
    return FoundAggregators(dict(sorted(found.items())), dict(sorted(refused.items())), left_out, len(names))


def introduction_of(datasites: Path, name: str) -> Introduction:
    """Return the introduction in one datasite. Raises FileNotFoundError, UnsafeFile, IntroductionError."""
    if not DATASITE_NAME.fullmatch(name):
        raise IntroductionError("another_address")
    return Introduction.from_bytes(read_untrusted(datasites, _path(name), MAX_INTRODUCTION), name)


def introduced(datasites: Path, name: str) -> Introduction | None:
    """Return the introduction in one datasite, also beyond the MOST_READ that are listed; None without a good one."""
    try:
        return introduction_of(datasites, name)
    except (OSError, IntroductionError, UnsafeFile):
        return None


def _path(name: str) -> str:
    return f"{name}/public/{APP_NAME}/{INTRODUCTION}"
