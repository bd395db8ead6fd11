"""Published files of other versions: what the last release published, and what a later one may add."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import Introduction, IntroductionError
from netflix_trend.published.round_list import RoundList
from netflix_trend.published.statistics import RoundStatistics, StatisticsError
from netflix_trend.published.trends import Trends
from netflix_trend.published.year import YearStatistics, year_of
from netflix_trend.questions.top_shows.movement import Movement
from netflix_trend.storage.model import Strict
from netflix_trend.survey.sum_survey import SumSurvey, default_sum_survey
from netflix_trend.survey.survey import RefusedSurvey, default_survey, dump_surveys, load_surveys
from netflix_trend.syftbox.datasite import Manifest

RELEASED = Path(__file__).parents[2] / "fixtures" / "release-0.2.0" / "published"
HERE = "aggregator@example.com"
INTRODUCTION = Introduction(aggregator=HERE, software="later", mode="local", questions=("volume",), odds=(8, 1))
KINDS: dict[str, type[Strict]] = {
    "statistics": RoundStatistics,
    "trends": Trends,
    "movement": Movement,
    "rounds": RoundList,
    "manifest": Manifest,
}
Read = Callable[[bytes], Strict]


def released(name: str) -> bytes:
    return (RELEASED / f"{name}.json").read_bytes()


def todays() -> list[Any]:
    """Return a file of each kind that peers read, as it is written today, and its reader."""
    statistics = RoundStatistics.from_bytes(released("statistics"))
    files: list[tuple[Strict, Read]] = [
        (statistics, RoundStatistics.from_bytes),
        (Trends.from_bytes(released("trends")), Trends.from_bytes),
        (year_of([statistics], 2026), YearStatistics.from_bytes),
        (INTRODUCTION, lambda data: Introduction.from_bytes(data, HERE)),
        *((KINDS[name].of_peer(released(name)), KINDS[name].of_peer) for name in ("movement", "rounds", "manifest")),
    ]
    return [pytest.param(model, read, id=type(model).__name__) for model, read in files]


def grown(value: Any) -> Any:
    """Return a model as JSON values, with a field that this version does not know in every object of it."""
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in value.model_dump()}
        return {**{name: grown(inner) for name, inner in fields.items()}, "from_a_later_version": {"more": [1, "<b>"]}}
    if isinstance(value, dict):
        return {name: grown(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [grown(inner) for inner in value]
    return to_jsonable_python(value)


@pytest.mark.parametrize("name", KINDS)
def test_what_the_last_release_published_is_read(name: str) -> None:
    read = KINDS[name].of_peer(released(name)).model_dump(mode="json")
    then = json.loads(released(name))
    kept = {key: value for key, value in then.items() if isinstance(value, str | int | bool)}
    assert {key: read[key] for key in kept} == kept


def test_statistics_of_the_last_release_keep_their_answers_and_estimates() -> None:
    then, read = json.loads(released("statistics")), RoundStatistics.from_bytes(released("statistics"))
    assert read.answers() == {"top_shows": 5, "volume": 6}
    assert [show.title for show in read.top_shows.shows] == [show["title"] for show in then["top_shows"]["shows"]]
    assert [show.estimate for show in read.top_shows.shows] == [s["estimate"] for s in then["top_shows"]["shows"]]


@pytest.mark.parametrize(("model", "read"), todays())
def test_fields_that_a_later_version_adds_are_ignored_at_any_depth(model: Strict, read: Read) -> None:
    data = json.dumps(grown(model)).encode()
    assert data.count(b"from_a_later_version")
    assert read(data) == model
    assert b"from_a_later_version" not in read(data).to_bytes()


@pytest.mark.parametrize(("model", "read"), todays())
def test_a_later_format_is_refused(model: Strict, read: Read) -> None:
    data = json.dumps({**model.model_dump(mode="json"), "schema_version": 2}).encode()
    with pytest.raises((StatisticsError, IntroductionError, ValidationError)) as refused:
        read(data)
    said = str(refused.value)
    assert "a newer version of Netflix Trend wrote it" in said or said == "newer_version" or "schema_version" in said


def surveys() -> list[Any]:
    """Return the list of surveys of local mode, with one in it."""
    week = Week.parse("2026-W47")
    found: list[Any] = json.loads(dump_surveys([default_survey(week, "b" * 32, range(9))]))["open"]
    return found


def test_the_list_of_surveys_may_have_more_fields() -> None:
    data = json.dumps({"open": surveys(), "from_a_later_version": 1}).encode()
    assert load_surveys(data) == load_surveys(json.dumps({"open": surveys()}).encode())


@pytest.mark.parametrize("place", ["survey", "question"])
def test_what_is_hashed_is_read_exactly_or_not_at_all(place: str) -> None:
    (survey,) = surveys()
    (survey if place == "survey" else survey["questions"][0])["from_a_later_version"] = 1
    with pytest.raises(RefusedSurvey, match="from_a_later_version: this version does not know it"):
        load_surveys(json.dumps({"open": [survey]}).encode())


def test_a_survey_of_sums_is_read_exactly_or_not_at_all() -> None:
    survey = default_sum_survey(Week.parse("2026-W47"), "b" * 32, range(9), 100, "x8", frozenset({"volume"}))
    changed = json.dumps({**json.loads(survey.to_bytes()), "from_a_later_version": 1}, sort_keys=True)
    with pytest.raises(RefusedSurvey, match="from_a_later_version"):
        SumSurvey.from_bytes(changed.replace(": ", ":").replace(", ", ",").encode())


def test_a_survey_of_a_later_format_is_called_newer_with_what_to_do() -> None:
    (survey,) = surveys()
    with pytest.raises(RefusedSurvey, match="schema_version: a newer version of Netflix Trend wrote it; install"):
        load_surveys(json.dumps({"open": [{**survey, "schema_version": 2}]}).encode())


def test_surveys_of_the_last_release_are_refused_for_their_mechanism() -> None:
    with pytest.raises(RefusedSurvey, match="mechanism: expected subset_selection"):
        load_surveys(released("survey"))
