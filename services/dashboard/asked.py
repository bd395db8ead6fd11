"""The lists of shows that open rounds ask about, and which entries come from a public chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from netflix_trend.operators.round_folders import SURVEY
from netflix_trend.operators.transport import LARGEST_SURVEY, list_rounds, read_from
from netflix_trend.participant.sealed import Operators
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.sum_survey import SumSurvey
from netflix_trend.survey.survey import RefusedSurvey, Survey
from netflix_trend.syftbox.shared_files import current_surveys, current_vocabulary
from services.dashboard.text import shown

_TITLE_LENGTH = 60
# Of the rounds that operators sum: the newest ones are open.
_ROUNDS = 5


@dataclass(frozen=True)
class AskedList:
    """The list of shows of a round. chart: in words, empty without one. shows: titles, and the place in the chart."""

    round: str
    chart: str
    shows: tuple[tuple[str, int | None], ...]


def asked_lists(settings: Settings, operators: Operators | None, today: date) -> tuple[AskedList, ...]:
    """Return the lists of the open rounds whose vocabulary is known here, newest first.

    operators: whose sealed rounds are answered, None for local mode alone.
    """
    vocabulary = current_vocabulary(settings)
    versions, titles = {vocabulary.version, *vocabulary.beginnings}, [show.title for show in vocabulary.shows]
    surveys: Sequence[Survey | SumSurvey] = [*_sealed(operators), *_local(settings, today)]
    found = [
        _list_of(survey.round, question, titles)
        for survey in surveys
        for question in survey.questions
        if isinstance(question, TopShowsQuestion | TopShowsSums) and survey.vocabulary in versions
    ]
    return tuple(sorted(found, key=lambda one: one.round, reverse=True))


def _list_of(name: str, question: TopShowsQuestion | TopShowsSums, titles: Sequence[str]) -> AskedList:
    charted = question.chart.length if question.chart else 0
    shows = tuple(
        (shown(titles[place], _TITLE_LENGTH), number if number <= charted else None)
        for number, place in enumerate(question.candidates, 1)
        if place < len(titles)
    )
    words = question.chart.in_words(len(question.candidates)) if question.chart else ""
    return AskedList(name, shown(words, 300), shows)


def _local(settings: Settings, today: date) -> Sequence[Survey]:
    try:
        return current_surveys(settings, today) if "local" in settings.limit_modes else []
    except (RefusedSurvey, UnsafeFile):
        return []


def _sealed(operators: Operators | None) -> Sequence[SumSurvey]:
    if operators is None:
        return []
    site, found = operators.leader.site, []
    for name in sorted(list_rounds(site))[-_ROUNDS:]:
        try:
            data = read_from(site, name, SURVEY, LARGEST_SURVEY)
            if data is not None:
                found.append(SumSurvey.from_bytes(data))
        except (RefusedSurvey, UnsafeFile):
            continue
    return found
