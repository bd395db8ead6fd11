"""The reports in the ledger: where each is now, and what they can reveal, alone and together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from netflix_trend.language import _, marked, ngettext
from netflix_trend.layout import release_path
from netflix_trend.participant.ledger import Entry
from netflix_trend.privacy.accounting import odds_in_words, product, report_in_words, suspicion, total_epsilon
from netflix_trend.questions.registry import questions
from netflix_trend.survey.limits import Limits
from services.dashboard.example import Bytes, explain
from services.dashboard.text import percent

# A week can count in reports about events of its own quarter and of the one before.
_EVENT_REPORTS_OF_A_WEEK = 2


# By whether a report is about life events.
_BOUND = {
    False: marked("It can multiply the odds of any guess about this week by at most %(odds)s."),
    True: marked("It can multiply the odds of any guess about the weeks around that event by at most %(odds)s."),
}


@dataclass(frozen=True)
class Report:
    """A report in the ledger. place: where it is now. bound: what it can reveal, in a sentence."""

    round: str
    question: str
    place: str
    bound: str
    file: Bytes


def reports(entries: Sequence[Entry], digests: Mapping[str, str]) -> tuple[Report, ...]:
    """Return every report of the ledger, newest first. digests: SHA-256 of the files in the datasite, by name."""
    found = []
    for entry in sorted(entries, key=lambda one: one.round, reverse=True):
        file = explain(entry.data)
        digest = digests.get(release_path(entry.round))
        if digest == file.sha256:
            place = _("in your datasite")
        else:
            place = _("altered in your datasite") if digest else _("removed")
        kind = questions().get(entry.question)
        question = _(kind.asks) if kind else entry.question
        is_about_events = kind is not None and kind.needs_events
        odds = odds_in_words(Fraction(*entry.odds))
        found.append(Report(entry.round, question, place, _(_BOUND[is_about_events], odds=odds), file))
    return tuple(found)


def learned(limits: Limits, year: Sequence[Entry]) -> tuple[str, ...]:
    """Return sentences about what the next report, and those of a year, can reveal."""
    return (report_in_words(limits.odds), *together_in_words([(one.question, Fraction(*one.odds)) for one in year]))


def together_in_words(made: Sequence[tuple[str, Fraction]]) -> tuple[str, ...]:
    """Return sentences about what the reports of a year reveal. made: question and odds of each."""
    if not made:
        return (_("No report was made in the last 52 weeks, so nothing was revealed."),)
    odds = [one for _, one in made]
    weekly = sorted((one for question, one in made if not _is_about_events(question)), reverse=True)
    events = sorted((one for question, one in made if _is_about_events(question)), reverse=True)
    said = [_drawn(odds)]
    if len(weekly) > 1:
        said.append(_("Each is about another week, and protected by itself.") if not events else "")
    if events:
        about = events[:_EVENT_REPORTS_OF_A_WEEK]
        several = [*weekly[:1], *about]
        said.append(
            ngettext(
                "%(num)s report about life events is about several weeks. So one week can count in several reports "
                "(%(several)s), which together allow odds of %(odds)s: %(becomes)s",
                "%(num)s reports about life events are about several weeks. So one week can count in several reports "
                "(%(several)s), which together allow odds of %(odds)s: %(becomes)s",
                len(events),
                several=len(several),
                odds=odds_in_words(product(several)),
                becomes=_becomes(product(several)),
            )
        )
    if len(made) == 1:
        return tuple(said)
    # The second bound holds except with a chance of one in a million; both are valid, so use the smaller.
    tight = min(float(product(odds)), math.exp(total_epsilon(odds)))
    said.append(
        _(
            "About something that is the same in all these weeks, they add up: %(becomes)s",
            becomes=_becomes(Fraction(tight)),
        )
    )
    return tuple(filter(None, said))


def _is_about_events(question: str) -> bool:
    kind = questions().get(question)
    return kind is not None and kind.needs_events


def _drawn(odds: Sequence[Fraction]) -> str:
    largest = max(odds)
    said, becomes = odds_in_words(largest), _becomes(largest)
    if len(set(odds)) > 1:
        return ngettext(
            "%(num)s report in the last 52 weeks, drawn at odds of up to %(odds)s: %(becomes)s",
            "%(num)s reports in the last 52 weeks, each drawn at odds of up to %(odds)s: %(becomes)s",
            len(odds),
            odds=said,
            becomes=becomes,
        )
    return ngettext(
        "%(num)s report in the last 52 weeks, drawn at odds of %(odds)s: %(becomes)s",
        "%(num)s reports in the last 52 weeks, each drawn at odds of %(odds)s: %(becomes)s",
        len(odds),
        odds=said,
        becomes=becomes,
    )


def _becomes(odds: Fraction) -> str:
    could = float(suspicion(odds))
    if could > 0.99:
        return _("a 10 % suspicion can become practically certain.")
    return _("a 10 %% suspicion can become at most %(share)s.", share=percent(could))
