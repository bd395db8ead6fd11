"""The verbs `join`, `pause`, `withdraw` and `limits`: choices, saved on the private volume for the publisher."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from fractions import Fraction

from pydantic import ValidationError

from netflix_trend.causes import expected
from netflix_trend.participant import participant
from netflix_trend.participant.choices import (
    LIMITS_LOST,
    Choices,
    ChoicesError,
    Participation,
)
from netflix_trend.participant.limit_changes import asked_odds, changes, is_raised, never_answered
from netflix_trend.participant.status import joined
from netflix_trend.plain_text import counted
from netflix_trend.privacy.accounting import odds_in_words
from netflix_trend.questions.registry import QUESTIONS
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.survey.limits import Limits

_VERBS: dict[str, Participation] = {"join": "joined", "pause": "paused", "withdraw": "withdrawn"}
_DONE = {
    "paused": "Paused: no survey is answered. What was published stays; ./run.sh withdraw removes it.",
    "withdrawn": "Withdrawn: your files leave the datasite, and ./run.sh privacy shows the receipt.",
}


def take_part(verb: str) -> int:
    """Join, pause or withdraw, and print the result. Returns the exit code."""
    participation = _VERBS[verb]

    def act(settings: Settings) -> str:
        is_known = participant.decide(settings, participation)
        sentence = _DONE.get(participation) or joined(settings)
        return sentence if is_known else f"{sentence} {LIMITS_LOST}"

    return _answered(verb, act)


def lower_limits(
    *,
    odds: Fraction | None,
    reports: int | None,
    questions: str | None,
    is_reset: bool,
    may_raise: Callable[[str], bool] = lambda _: False,
) -> int:
    """Change the limits and print them. Returns the exit code.

    questions: names separated by commas, or none. is_reset: go back to the limits of the settings first. may_raise:
    gets what changes, and says whether limits that were lowered may be raised again.
    """

    def act(settings: Settings) -> str:
        said: list[str] = []

        def change(before: Choices) -> Choices:
            kept = Choices(participation=before.participation) if is_reset else before
            new = _limited(kept, odds, reports, questions)
            was, now = before.lowered(settings.limits), new.lowered(settings.limits)
            said.extend(changes(was, now))
            if odds is not None and odds > settings.limits.odds:
                most = odds_in_words(settings.limits.odds)
                said.append(f"More than LIMIT_ODDS in .env, which is {most}, is never allowed.")
            if is_raised(was, now) and not may_raise(" ".join(said)):
                raise ValueError(
                    f"{' '.join(said)} This allows more than before, so it takes a yes: repeat it with --yes. Nothing "
                    "was changed"
                )
            return new

        now = participant.limit(settings, change)
        refusal = never_answered(now, asked_odds(settings, date.today()))
        return " ".join([*said, _all_limits(now), *([refusal] if refusal else [])])

    return _answered("limits", act)


def _all_limits(now: Limits) -> str:
    return (
        f"Your limits: odds {odds_in_words(now.odds)} a report, {counted(now.reports_per_year, 'report')} in 52 "
        f"weeks, questions: {', '.join(sorted(now.questions)) or 'none'}."
    )


def _answered(verb: str, act: Callable[[Settings], str]) -> int:
    try:
        print(act(load_settings()))  # noqa: T201
    except ValidationError as error:
        print(f"{verb}: {expected(error.errors(include_url=False, include_input=False)[0])}", file=sys.stderr)  # noqa: T201
        return 1
    except (ChoicesError, SettingsError, ValueError) as error:
        print(f"{verb}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _limited(choices: Choices, odds: Fraction | None, reports: int | None, questions: str | None) -> Choices:
    update: dict[str, object] = {}
    if odds is not None:
        update["odds"] = (odds.numerator, odds.denominator)
    if reports is not None:
        update["reports_per_year"] = reports
    if questions is not None:
        names = frozenset() if questions == "none" else frozenset(questions.split(","))
        if not names <= QUESTIONS:
            raise ValueError(f"expected any of {', '.join(sorted(QUESTIONS))}, or none")
        update["questions"] = names
    return Choices.model_validate({**choices.model_dump(), **update})
