"""Page `What leaves this machine`: choices, the budget, every report so far, an example, and receipts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from netflix_trend.choices import Choices, ChoicesError, read_choices
from netflix_trend.datasite import Datasite
from netflix_trend.ledger import WEEKS_PER_YEAR, Entry, LedgerError, read_ledger
from netflix_trend.outlook import Outlook, read_outlook
from netflix_trend.privacy.accounting import product, report_in_words, suspicion, total_epsilon
from netflix_trend.receipts import Receipt, read_receipts
from netflix_trend.settings import Settings
from netflix_trend.survey import QUESTIONS, Limits
from netflix_trend.weeks import Week
from services.dashboard import example
from services.dashboard.example import Bytes, Example, draw_example, explain
from services.dashboard.history import History
from services.dashboard.text import counted, percent, ratio, shown

# Lower limits that the page offers, in words of what a suspicion of 10 % can become.
ODDS = (Fraction(8), Fraction(6), Fraction(4), Fraction(3), Fraction(2))
REPORTS = (13, 10, 6, 4, 2, 1, 0)

STATES = {
    "answering": "Your machine answers what it is asked, within your limits.",
    "not_joined": "Nothing is published: you have not joined.",
    "paused": "You paused: no new report is made. What was published stays.",
    "withdrawn": "You withdrew: nothing of you is published.",
    "no_export": "Nothing is published yet: there is no export to answer from.",
    "waiting_for_syftbox": "Nothing is published yet: SyftBox has not set up your datasite. Start it.",
    "waiting_for_survey": "Nothing is published yet: no survey has arrived from the aggregator.",
    "survey_refused": "The aggregator's survey is not one that can be answered. Nothing is published.",
    "problem": "Something is wrong, so nothing is published. See Health.",
}
_OUTCOMES = {
    "drawn": "answered",
    "kept": "answered",
    "not_asked": "not your turn",
    "skipped": "waits",
    "refused": "not answered",
}


@dataclass(frozen=True)
class Report:
    """A report of the ledger; place: where it is now."""

    round: str
    question: str
    place: str
    odds: str
    file: Bytes


@dataclass(frozen=True)
class Standing:
    """Whether this person takes part, in words. takes_part: surveys are answered. problem: a damaged file."""

    choices: Choices
    takes_part: bool
    sentence: str
    problem: str = ""


@dataclass(frozen=True)
class SharingPage:
    """What the page shows."""

    standing: Standing
    limits: Limits
    outlook: Outlook | None
    state: str
    rounds: tuple[tuple[str, str, str], ...]
    reports: tuple[Report, ...]
    used: int
    left: int
    one_report: str
    together: str
    example: Example | None
    receipts: tuple[Receipt, ...]
    odds_choices: tuple[tuple[str, str], ...]
    report_choices: tuple[int, ...]
    questions: dict[str, str]
    problem: str = ""


def standing(settings: Settings) -> Standing:
    """Return whether this person takes part."""
    try:
        choices = read_choices(settings.private_dir)
    except ChoicesError as problem:
        return Standing(Choices(), False, "Your choice cannot be read, so nothing is published.", str(problem))
    takes_part = choices.takes_part(settings.join)
    sentences = {
        "joined": "You take part.",
        "paused": "You paused.",
        "withdrawn": "You withdrew.",
        "undecided": "You take part, because this machine was set up so."
        if takes_part
        else "You have not joined. Nothing leaves this machine.",
    }
    return Standing(choices, takes_part, sentences[choices.participation])


def sharing_page(settings: Settings, history: History, today: date) -> SharingPage:
    """Return the page."""
    mine = standing(settings)
    limits = mine.choices.lowered(settings.limits)
    problem = ""
    try:
        entries = read_ledger(settings.publisher_dir / "ledger.jsonl")
    except LedgerError as error:
        entries, problem = [], str(error)
    newest = Week.last_complete(today)
    year = [entry for entry in entries if newest.index - Week.parse(entry.round).index < WEEKS_PER_YEAR]
    outlook = read_outlook(settings.publisher_dir)
    return SharingPage(
        standing=mine,
        limits=limits,
        outlook=outlook,
        state=state_in_words(outlook),
        rounds=tuple(
            (one.round, _OUTCOMES[one.status], shown(one.reason, 200)) for one in (outlook.outcomes if outlook else ())
        ),
        reports=reports(settings, entries),
        used=len(year),
        left=max(0, limits.reports_per_year - len(year)) if mine.takes_part else 0,
        one_report=report_in_words(limits.odds),
        together=together_in_words([Fraction(*entry.odds) for entry in year]),
        example=draw_example(settings, history.profiles(), today),
        receipts=tuple(reversed(read_receipts(settings.publisher_dir))),
        odds_choices=tuple(
            (ratio_text(odds), f"a 10 % suspicion can become {percent(float(suspicion(odds)))}")
            # What holds now is among them: a browser sends the first where none is selected.
            for odds in _offered(ODDS, limits.odds, settings.limits.odds)
        ),
        report_choices=tuple(map(int, _offered(REPORTS, limits.reports_per_year, settings.limits.reports_per_year))),
        questions={name: example.QUESTIONS[name] for name in sorted(QUESTIONS & settings.limits.questions)},
        problem=problem,
    )


def _offered(usual: Sequence[Fraction | int], now: Fraction | int, most: Fraction | int) -> list[Fraction]:
    """Return the limits to choose from, largest first: the usual ones below the settings' one, it, and that of now."""
    return sorted({Fraction(one) for one in (*usual, now, most) if one <= most}, reverse=True)


def state_in_words(outlook: Outlook | None) -> str:
    """Return what the publisher does, where it says more than the person's own choice."""
    if outlook is None:
        return "The publisher has not looked yet."
    return "" if outlook.state in {"paused", "withdrawn", "not_joined"} else STATES[outlook.state]


def ratio_text(odds: Fraction) -> str:
    """Return odds as a form sends them: `8` or `5/2`."""
    return str(odds)


def reports(settings: Settings, entries: Sequence[Entry]) -> tuple[Report, ...]:
    """Return every report of the ledger, newest first."""
    digests = Datasite(settings.datasites_dir, settings.syftbox_email).digests()
    found = []
    for entry in sorted(entries, key=lambda one: one.round, reverse=True):
        file = explain(entry.data)
        digest = digests.get(f"releases/{entry.round}.json")
        place = "in your datasite" if digest == file.sha256 else "altered in your datasite" if digest else "removed"
        odds = ratio(Fraction(*entry.odds))
        found.append(Report(entry.round, example.QUESTIONS.get(entry.question, entry.question), place, odds, file))
    return tuple(found)


def together_in_words(odds: Sequence[Fraction]) -> str:
    """Return what the reports of a year reveal together."""
    if not odds:
        return "No report was made in the last 52 weeks, so nothing was revealed."
    if len(odds) == 1:
        return "One report was made in the last 52 weeks: what it can reveal is said above."
    # Except with a chance of one in a million; the smaller of the two holds.
    tight = min(float(product(odds)), math.exp(total_epsilon(odds)))
    could = float(suspicion(Fraction(tight)))
    worst = "practically certain" if could > 0.99 else f"at most {percent(could)}"
    return (
        f"Each of the {counted(len(odds), 'report')} is about another week, and protected by itself. Only about "
        f"something that is the same in all these weeks they add up: there a 10 % suspicion can become {worst}."
    )
