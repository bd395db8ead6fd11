"""What changing limits means, for whoever sets them: what changes, what is raised, and what is then never answered."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from netflix_trend.formats import listed
from netflix_trend.language import _
from netflix_trend.privacy.accounting import odds_in_words
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import RefusedSurvey
from netflix_trend.syftbox.shared_files import current_surveys


def changes(before: Limits, after: Limits) -> list[str]:
    """Return what changes between two effective limits, each from what to what; empty if nothing does."""
    found = []
    if before.odds != after.odds:
        found.append(
            _(
                "Odds of one report: from %(before)s to %(after)s.",
                before=odds_in_words(before.odds),
                after=odds_in_words(after.odds),
            )
        )
    if before.reports_per_year != after.reports_per_year:
        found.append(
            _(
                "Reports in 52 weeks: from %(before)s to %(after)s.",
                before=before.reports_per_year,
                after=after.reports_per_year,
            )
        )
    if before.questions != after.questions:
        none = _("none")
        found.append(
            _(
                "Questions: from %(before)s to %(after)s.",
                before=listed(sorted(before.questions)) or none,
                after=listed(sorted(after.questions)) or none,
            )
        )
    return found


def is_raised(before: Limits, after: Limits) -> bool:
    """Return whether more may leave than before."""
    return (
        after.odds > before.odds
        or after.reports_per_year > before.reports_per_year
        or not after.questions <= before.questions
    )


def asked_odds(settings: Settings, today: date) -> Fraction | None:
    """Return the lowest odds that the aggregator's open surveys ask for; None where none is there.

    None as well where operators sum: their rounds have limits of their own.
    """
    if "local" not in settings.limit_modes or settings.aggregator_key:
        return None
    try:
        surveys = current_surveys(settings, today)
    except (OSError, RefusedSurvey, UnsafeFile):
        return None
    return min((question.odds for survey in surveys for question in survey.questions), default=None)


def never_answered(limits: Limits, asked: Fraction | None) -> str:
    """Return that limits leave nothing to answer, and why; empty if they do not. asked: see `asked_odds`."""
    if asked is None or limits.odds >= asked:
        return ""
    return _(
        "Your aggregator asks for odds of %(asked)s. With a limit of %(limit)s it is never answered.",
        asked=odds_in_words(asked),
        limit=odds_in_words(limits.odds),
    )
