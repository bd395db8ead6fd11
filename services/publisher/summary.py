"""All reports and their cost in privacy: `./run.sh privacy`. Reads only."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from netflix_trend.participant import participant
from netflix_trend.participant.ledger import WEEKS_PER_YEAR, Entry
from netflix_trend.periods.weeks import Week
from netflix_trend.plain_text import counted
from netflix_trend.privacy.accounting import odds_in_words, report_in_words, total_in_words
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.survey.limits import Limits
from netflix_trend.text_table import Column, TextTable, laid_out


def summary(
    entries: Sequence[Entry],
    published: frozenset[str],
    limits: Limits,
    today: date,
    width: int | None = None,
    lost: Sequence[str] = (),
) -> str:
    """Return the text.

    published: rounds with a release in the datasite. width: that lines of the table have to fit, None for any. lost:
    rounds that count although their releases are in no ledger any more.
    """
    newest = Week.last_complete(today)
    year = [entry for entry in entries if newest.index - Week.parse(entry.round).index < WEEKS_PER_YEAR]
    lines = [
        f"Reports about the last {WEEKS_PER_YEAR} weeks: {len(year)}; your limit is {limits.reports_per_year}.",
        *_lost_in_words(lost, newest),
        f"Your limit for one report is odds of {limits.odds}. {report_in_words(limits.odds)}",
        f"The last {WEEKS_PER_YEAR} weeks: {total_in_words([Fraction(*entry.odds) for entry in year])}",
        f"Ever, {counted(len(entries), 'report')}: {total_in_words([Fraction(*entry.odds) for entry in entries])}",
        "",
    ]
    rows = []
    for entry in entries:
        place = "in the datasite" if entry.round in published else "not in the datasite now"
        rows.append((entry.round, entry.question, f"odds {odds_in_words(Fraction(*entry.odds))}", place))
    table = TextTable([Column("")] * 4, rows)
    return "\n".join([*lines, *(f"  {line.text}" for line in laid_out(table, width and width - 2))])


def _lost_in_words(lost: Sequence[str], newest: Week) -> list[str]:
    count = sum(newest.index - Week.parse(name).index < WEEKS_PER_YEAR for name in lost)
    if not count:
        return []
    return [
        f"Also counted: {counted(count, 'round')} that a lost or older ledger answered, or may have. What they "
        "revealed is not in the figures below."
    ]


def main() -> int:
    """Print the summary. Returns the exit code."""
    try:
        state = participant.snapshot(load_settings())
    except SettingsError as error:
        print(f"privacy: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if problem := state.ledger_problem or state.choices_problem:
        print(f"privacy: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    print(summary(state.entries, state.published, state.limits, date.today(), _width(), state.lost))  # noqa: T201
    for receipt in state.receipts:
        is_over = receipt is not state.receipts[-1] or state.choices.participation != "withdrawn"
        print(f"\n{receipt.told(is_over=is_over)}")  # noqa: T201
    return 0


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
