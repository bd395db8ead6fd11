"""The reports in the ledger: where each is now, and what they can reveal, alone and together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from netflix_trend.layout import release_path
from netflix_trend.participant.ledger import Entry
from netflix_trend.privacy.accounting import odds_in_words, product, report_in_words, suspicion, total_epsilon
from netflix_trend.questions.registry import questions
from netflix_trend.survey.limits import Limits
from services.dashboard.example import Bytes, explain
from services.dashboard.text import counted, percent

# A week can count in reports about events of its own quarter and of the one before.
_EVENT_REPORTS_OF_A_WEEK = 2


@dataclass(frozen=True)
class Report:
    """A report in the ledger. place: where it is now. about: what it is about, such as `this week`."""

    round: str
    question: str
    place: str
    about: str
    odds: str
    file: Bytes


def reports(entries: Sequence[Entry], digests: Mapping[str, str]) -> tuple[Report, ...]:
    """Return every report of the ledger, newest first. digests: SHA-256 of the files in the datasite, by name."""
    found = []
    for entry in sorted(entries, key=lambda one: one.round, reverse=True):
        file = explain(entry.data)
        digest = digests.get(release_path(entry.round))
        place = "in your datasite" if digest == file.sha256 else "altered in your datasite" if digest else "removed"
        kind = questions().get(entry.question)
        question, about = (kind.asks, kind.about) if kind else (entry.question, "this week")
        found.append(Report(entry.round, question, place, about, odds_in_words(Fraction(*entry.odds)), file))
    return tuple(found)


def learned(limits: Limits, year: Sequence[Entry]) -> tuple[str, ...]:
    """Return sentences about what the next report, and those of a year, can reveal."""
    return (report_in_words(limits.odds), *together_in_words([(one.question, Fraction(*one.odds)) for one in year]))


def together_in_words(made: Sequence[tuple[str, Fraction]]) -> tuple[str, ...]:
    """Return sentences about what the reports of a year reveal. made: question and odds of each."""
    if not made:
        return ("No report was made in the last 52 weeks, so nothing was revealed.",)
    odds = [one for _, one in made]
    weekly = sorted((one for question, one in made if not _is_about_events(question)), reverse=True)
    events = sorted((one for question, one in made if _is_about_events(question)), reverse=True)
    said = [f"{counted(len(made), 'report')} in the last 52 weeks, {_drawn(odds)}."]
    if len(weekly) > 1:
        said.append("Each is about another week, and protected by itself." if not events else "")
    if events:
        about = events[:_EVENT_REPORTS_OF_A_WEEK]
        several = [*weekly[:1], *about]
        said.append(
            f"{counted(len(events), 'report')} about life events {'is' if len(events) == 1 else 'are'} about several "
            f"weeks. So one week can count in {counted(len(several), 'report')}, which together allow odds of "
            f"{odds_in_words(product(several))}: a 10 % suspicion can become {_becomes(product(several))}."
        )
    if len(made) == 1:
        return tuple(said)
    # The second bound holds except with a chance of one in a million; both are valid, so use the smaller.
    tight = min(float(product(odds)), math.exp(total_epsilon(odds)))
    said.append(
        "About something that is the same in all these weeks, they add up: a 10 % suspicion can become "
        f"{_becomes(Fraction(tight))}."
    )
    return tuple(filter(None, said))


def _is_about_events(question: str) -> bool:
    kind = questions().get(question)
    return kind is not None and kind.needs_events


def _drawn(odds: Sequence[Fraction]) -> str:
    largest = max(odds)
    each = "drawn at odds" if len(odds) == 1 else "each drawn at odds"
    most = "" if len(set(odds)) == 1 else "up to "
    return f"{each} of {most}{odds_in_words(largest)}: a 10 % suspicion can become {_becomes(largest)}"


def _becomes(odds: Fraction) -> str:
    could = float(suspicion(odds))
    return "practically certain" if could > 0.99 else f"at most {percent(could)}"
