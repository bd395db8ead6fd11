"""Page `What leaves this machine`: choices, the budget, every report so far, an example, and receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from netflix_trend.language import _, marked
from netflix_trend.participant.ledger import WEEKS_PER_YEAR
from netflix_trend.participant.limit_changes import asked_odds, never_answered
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.receipts import Receipt
from netflix_trend.participant.sealed import Operators
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.accounting import odds_in_words, suspicion
from netflix_trend.questions.registry import kinds, questions
from netflix_trend.settings import Settings
from netflix_trend.survey.limits import Limits
from netflix_trend.syftbox.aggregators import introduced
from netflix_trend.told_again import told_again
from services.dashboard.asked import AskedList, asked_lists
from services.dashboard.example import Example, draw_example
from services.dashboard.history import History
from services.dashboard.participation import ParticipationStatus, participation_status
from services.dashboard.reports import Report, learned, reports
from services.dashboard.sealed import SealedSection, sealed_section
from services.dashboard.text import percent, shown
from services.dashboard.visible import VisibleFile, visible_files

# Lower limits that the page offers, in words of what a suspicion of 10 % can become.
ODDS = (Fraction(8), Fraction(6), Fraction(4), Fraction(3), Fraction(2))
REPORTS = (13, 10, 6, 4, 2, 1, 0)

_OUTCOMES = {
    "drawn": marked("answered"),
    "kept": marked("answered"),
    "not_asked": marked("not your turn"),
    "skipped": marked("waits"),
    "refused": marked("not answered"),
    "sent": marked("sealed report sent"),
    "waiting": marked("waits"),
    "over": marked("closed"),
}


@dataclass(frozen=True)
class SharingPage:
    """What the page shows. sealed: None where no operators are named. is_local: whether local mode is spoken of. lists:
    of shows that open rounds ask about. withholds: of how few answers the aggregator publishes nothing, in a sentence.
    """

    participation: ParticipationStatus
    limits: Limits
    rounds: tuple[tuple[str, str, str], ...]
    reports: tuple[Report, ...]
    used: int
    left: int
    learned: tuple[str, ...]
    visible: tuple[VisibleFile, ...]
    example: Example | None
    receipts: tuple[Receipt, ...]
    sealed: SealedSection | None
    is_local: bool
    lists: tuple[AskedList, ...]
    odds_choices: tuple[tuple[str, str], ...]
    asked_odds: str
    never_answered: str
    report_choices: tuple[int, ...]
    questions: dict[str, str]
    withholds: str = ""
    problem: str = ""


def sharing_page(settings: Settings, state: Snapshot, history: History, today: date) -> SharingPage:
    """Return the page."""
    mine, limits, entries = participation_status(state), state.limits, state.entries
    newest = Week.last_complete(today)
    year = [entry for entry in entries if newest.index - Week.parse(entry.round).index < WEEKS_PER_YEAR]
    outcomes = state.status.outcomes if state.status else ()
    asked = asked_odds(settings, today)
    sealed = sealed_section(settings, state)
    introduction = introduced(settings.datasites_dir, settings.aggregator_datasite)
    left = max(0, limits.reports_per_year - len(year))
    return SharingPage(
        participation=mine,
        limits=limits,
        rounds=tuple((one.round, _(_OUTCOMES[one.status]), shown(told_again(one.reason), 200)) for one in outcomes),
        reports=reports(entries, state.digests),
        used=len(year),
        left=left,
        learned=learned(limits, year),
        visible=visible_files(settings, state.contents),
        example=draw_example(
            settings,
            history.profiles(),
            today,
            limits=limits,
            takes_part=mine.takes_part,
            left=left,
            answered=frozenset(entry.round for entry in entries),
            refused=frozenset(one.round for one in outcomes if one.status == "refused"),
        ),
        receipts=tuple(reversed(state.receipts)),
        sealed=sealed,
        # Who answers operators has nothing of local mode to see, unless reports were made in it before.
        is_local=sealed is None or bool(entries),
        lists=asked_lists(settings, Operators.of(settings), today),
        odds_choices=tuple(
            (ratio_text(odds), _("a 10 %% suspicion can become %(odds)s", odds=percent(float(suspicion(odds)))))
            # What holds now is among them: a browser sends the first where none is selected.
            for odds in _offered(ODDS, limits.odds, settings.limits.odds)
        ),
        asked_odds=odds_in_words(asked) if asked is not None else "",
        never_answered=never_answered(limits, asked),
        report_choices=tuple(map(int, _offered(REPORTS, limits.reports_per_year, settings.limits.reports_per_year))),
        questions=_asked(settings, is_sealed=sealed is not None),
        withholds=introduction.withholds if introduction else "",
        problem=state.ledger_problem,
    )


def _asked(settings: Settings, *, is_sealed: bool) -> dict[str, str]:
    """Return the questions that may be asked, in words by name; some can only be summed by operators."""
    known = kinds() if is_sealed else questions()
    return {name: _(kind.asks) for name, kind in sorted(known.items()) if name in settings.limits.questions}


def _offered(usual: Sequence[Fraction | int], now: Fraction | int, most: Fraction | int) -> list[Fraction]:
    """Return the limits to choose from, largest first: the usual ones below the settings' one, it, and that of now."""
    return sorted({Fraction(one) for one in (*usual, now, most) if one <= most}, reverse=True)


def ratio_text(odds: Fraction) -> str:
    """Return odds as a form sends them: `8` or `5/2`."""
    return str(odds)
