"""Page `What leaves this machine`: choices, the budget, every report so far, an example, and receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from netflix_trend.participant.ledger import WEEKS_PER_YEAR, LedgerError, read_ledger
from netflix_trend.participant.receipts import Receipt, read_receipts
from netflix_trend.participant.status import Outlook, read_outlook
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.accounting import suspicion
from netflix_trend.settings import Settings
from netflix_trend.survey.survey import QUESTIONS, Limits
from services.dashboard import example
from services.dashboard.example import Example, draw_example
from services.dashboard.history import History
from services.dashboard.reports import Report, learned, reports
from services.dashboard.standing import Standing, standing
from services.dashboard.text import percent, shown
from services.dashboard.visible import VisibleFile, visible_files

# Lower limits that the page offers, in words of what a suspicion of 10 % can become.
ODDS = (Fraction(8), Fraction(6), Fraction(4), Fraction(3), Fraction(2))
REPORTS = (13, 10, 6, 4, 2, 1, 0)

_OUTCOMES = {
    "drawn": "answered",
    "kept": "answered",
    "not_asked": "not your turn",
    "skipped": "waits",
    "refused": "not answered",
}


@dataclass(frozen=True)
class SharingPage:
    """What the page shows."""

    standing: Standing
    limits: Limits
    outlook: Outlook | None
    rounds: tuple[tuple[str, str, str], ...]
    reports: tuple[Report, ...]
    used: int
    left: int
    learned: tuple[str, ...]
    visible: tuple[VisibleFile, ...]
    example: Example | None
    receipts: tuple[Receipt, ...]
    odds_choices: tuple[tuple[str, str], ...]
    report_choices: tuple[int, ...]
    questions: dict[str, str]
    problem: str = ""


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
    left = max(0, limits.reports_per_year - len(year))
    return SharingPage(
        standing=mine,
        limits=limits,
        outlook=outlook,
        rounds=tuple(
            (one.round, _OUTCOMES[one.status], shown(one.reason, 200)) for one in (outlook.outcomes if outlook else ())
        ),
        reports=reports(settings, entries),
        used=len(year),
        left=left,
        learned=learned(limits, year),
        visible=visible_files(settings),
        example=draw_example(
            settings,
            history.profiles(),
            today,
            limits=limits,
            takes_part=mine.takes_part,
            left=left,
            answered=frozenset(entry.round for entry in entries),
        ),
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


def ratio_text(odds: Fraction) -> str:
    """Return odds as a form sends them: `8` or `5/2`."""
    return str(odds)
