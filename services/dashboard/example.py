"""Releases explained part by part, and an example that is drawn for the page and then discarded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from netflix_trend.language import _, marked, ngettext
from netflix_trend.participant.contributions import Contribution, ProfileSet, answer
from netflix_trend.questions.question import Question
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.release import build_release
from netflix_trend.survey.survey import RefusedSurvey, Survey
from netflix_trend.syftbox.shared_files import beginnings_of, current_surveys, current_vocabulary, starter_surveys
from services.dashboard.text import day

_PARTS = {
    "payload": marked("Your answer, with noise. The only part that comes from what you watched."),
    "question": marked("What was asked."),
    "round": marked("The week it is about."),
    "mechanism": marked("How noise is added: public, the same for everybody."),
    "parameters": marked("How much noise, and how many choices there are: public, the same for everybody."),
    "survey": marked("Which survey it answers."),
    "vocabulary": marked("Which list of shows the survey uses."),
    "schema_version": marked("The version of this format."),
    "checksum": marked("Computed from all other parts; shows that the file arrived complete."),
}
_BLANKS = marked("Blanks that fill every file up to 512 bytes, so that its length reveals nothing.")


@dataclass(frozen=True)
class Part:
    """A part of a file: name, text and meaning."""

    name: str
    text: str
    meaning: str


@dataclass(frozen=True)
class Bytes:
    """The exact bytes of a file that leaves this machine, or would."""

    text: str
    size: int
    sha256: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Example:
    """An example of a release: who is asked what, the true answer, what the report says, and its bytes."""

    asked: str
    question: str
    truth: str
    says: str
    file: Bytes


def explain(data: bytes) -> Bytes:
    """Explain each part of a release."""
    content = json.loads(data)
    known = [name for name in _PARTS if name in content]
    parts = [Part(name, json.dumps(content[name], ensure_ascii=False), _(_PARTS[name])) for name in known]
    blanks = len(data) - len(data.rstrip())
    if blanks:
        parts.append(Part("(blanks)", ngettext("%(num)s blank", "%(num)s blanks", blanks), _(_BLANKS)))
    return Bytes(data.decode("ascii"), len(data), hashlib.sha256(data).hexdigest(), tuple(parts))


def draw_example(
    settings: Settings,
    profiles: ProfileSet | None,
    today: date,
    *,
    limits: Limits,
    takes_part: bool,
    left: int,
    answered: frozenset[str],
    refused: frozenset[str] = frozenset(),
) -> Example | None:
    """Draw a release like the next one; it is not stored. None while no survey fits the data.

    It is drawn from the person's week, or from an empty one if the exports do not cover it. left: reports that the
    limit of a year still allows. answered: rounds in the ledger. refused: rounds that the publisher refused, such as
    one that depends on the weeks of an earlier answer.
    """
    vocabulary = current_vocabulary(settings)
    version = profiles.vocabulary if profiles else vocabulary.version
    found = _asked(settings, profiles, today, {version, *beginnings_of(settings, version)})
    if found is None:
        return None
    survey, question, is_asked = found
    titles = [show.title for show in vocabulary.shows]
    contribution: Contribution
    is_covered = profiles is not None and profiles.covered_through >= survey.week.sunday
    if profiles is not None and is_covered:
        contribution = profiles.contribution(survey.week)
        true = question.truth_in_words(contribution[question.name], titles)
    else:
        contribution = {}
        true = (
            _("Unknown: nothing was imported yet. This example is drawn from an empty week.")
            if profiles is None
            else _(
                "Unknown: no export was downloaded after %(day)s. This example is drawn from an empty week.",
                day=day(survey.week.sunday),
            )
        )
    payload = answer(contribution, survey, question)
    week = _("week %(round)s", round=survey.round)
    if not is_asked:
        asked = _("It is not your turn; others are asked about %(week)s:", week=week)
    elif survey.round in answered:
        asked = _("You were asked about %(week)s, and your report was made:", week=week)
    elif survey.round in refused and limits.refusal(question) is None and left:
        asked = _("You are asked about %(week)s, but an answer to it is refused (see the open weeks):", week=week)
    elif not takes_part:
        asked = _("If you took part, you would be asked about %(week)s:", week=week)
    else:
        is_refused = limits.refusal(question) is not None or not left
        asked = _asked_in_words(week, is_refused=is_refused, is_covered=is_covered)
    return Example(
        asked,
        _(question.asks),
        true,
        question.payload_in_words(payload, titles),
        explain(build_release(survey, question, payload)),
    )


def _asked_in_words(week: str, *, is_refused: bool, is_covered: bool) -> str:
    """Return what a participant is asked about. is_covered: the exports hold the whole week."""
    if is_refused:
        return _("You are asked about %(week)s, but your limits refuse it, so nothing is sent for it:", week=week)
    if is_covered:
        return _("You are asked about %(week)s:", week=week)
    return _("You are asked about %(week)s, once a newer export is here:", week=week)


def _asked(
    settings: Settings, profiles: ProfileSet | None, today: date, versions: Collection[str]
) -> tuple[Survey, Question, bool] | None:
    """Return the newest survey that asks this person, otherwise one that asks somebody else.

    versions: vocabularies that the data can answer about. Weeks that the exports cover come first: of others the true
    answer is unknown.
    """
    try:
        surveys: Sequence[Survey] = current_surveys(settings, today)
    except (RefusedSurvey, UnsafeFile):
        surveys = ()
    surveys = [survey for survey in surveys or starter_surveys(today) if survey.vocabulary in versions]
    covered = [one for one in surveys if profiles is not None and profiles.covered_through >= one.week.sunday]
    surveys = covered or surveys
    for survey in reversed(surveys):
        question = survey.question_for(settings.syftbox_email)
        if question is not None:
            return survey, question, True
    return (surveys[-1], surveys[-1].questions[0], False) if surveys else None
