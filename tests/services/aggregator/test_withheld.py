"""Nothing is published of a question before enough people have answered it, and everybody is told so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.introduction import Introduction
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.withheld import SMALLEST_ANSWERS, Withheld
from netflix_trend.settings import Settings
from netflix_trend.simulation.population import watched
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.rounds import Aggregator
from tests.services.aggregator.people import AGGREGATOR, crowd

WEEK = Week.parse("2026-W46")
TODAY = WEEK.sunday + timedelta(days=1)
CLOSED = TODAY + timedelta(weeks=4)
SEVEN = "Withheld until 20 people have answered about viewing volume: 7 so far."


def made(root: Path) -> Aggregator:
    (root / "datasites").mkdir(parents=True, exist_ok=True)
    site = Datasite(root / "datasites", AGGREGATOR)
    return Aggregator(site, root / "own", starter_vocabulary(), durable=False, smallest_change=1)


def published(here: Aggregator) -> RoundStatistics:
    return RoundStatistics.from_bytes((here.shared / "statistics" / f"{WEEK}.json").read_bytes())


def numbers(here: Aggregator) -> Iterator[str]:
    """Yield the names of all public files that would tell of the round's answers."""
    public = here.site.public
    yield from (str(path.relative_to(public)) for path in public.rglob("*") if path.name.startswith(str(WEEK)))
    yield from (str(path.relative_to(public)) for path in public.glob("years/*"))
    trends = json.loads((public / "trends.json").read_bytes())
    yield from (f"trends: {name}" for name in trends["rounds"])


@pytest.fixture(scope="module", autouse=True)
def _few_draws() -> Iterator[None]:
    """Intervals of volume from few draws: no test here looks at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netflix_trend.questions.volume.estimation._DRAWS", 50)
        yield


@pytest.fixture
def seven(tmp_path: Path) -> Aggregator:
    """An aggregator whose newest round seven people answered."""
    here = made(tmp_path)
    survey = here.ask(TODAY)[-1]
    crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 7)
    here.run(TODAY)
    return here


def test_nothing_of_seven_answers_is_published_but_how_many_there_are(seven: Aggregator) -> None:
    statistics = published(seven)
    assert statistics.withheld == {"volume": Withheld(answers=7, needed=20)}
    assert (statistics.reports, statistics.volume.reports) == (0, 0)
    nobody = made(seven.own.parent / "nobody")
    nobody.run(TODAY)
    told = statistics.model_dump(exclude={"withheld", "participants", "volume", "top_shows"})
    assert told == published(nobody).model_dump(exclude={"withheld", "participants", "volume", "top_shows"})
    assert statistics.volume.of_participants(None, None) == published(nobody).volume.of_participants(None, None)
    assert list(numbers(seven)) == []


def test_the_page_and_the_introduction_say_what_is_withheld(seven: Aggregator) -> None:
    page = (seven.site.public / "index.html").read_text()
    assert SEVEN in page
    assert "Results of a question appear once 20 people have answered it." in page
    introduction = Introduction.from_bytes((seven.site.public / "index.json").read_bytes(), AGGREGATOR)
    assert introduction.withholds == (
        "The aggregator publishes nothing of a question before 20 people have answered it."
    )


def test_a_round_that_closes_with_too_few_answers_stays_withheld(seven: Aggregator) -> None:
    for day in (CLOSED, CLOSED + timedelta(days=1), CLOSED + timedelta(weeks=2)):
        seven.run(day)
        assert published(seven).withheld == {"volume": Withheld(answers=7, needed=20)}
        assert list(numbers(seven)) == []


def test_the_twentieth_answer_brings_the_numbers_of_all_twenty(seven: Aggregator, tmp_path: Path) -> None:
    survey = seven.surveys(TODAY)[-1]
    crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 19)
    seven.run(TODAY)
    assert published(seven).withheld["volume"].answers == 19
    crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 20)
    seven.run(TODAY)
    statistics = published(seven)
    assert (statistics.withheld, statistics.reports, statistics.volume.reports) == ({}, 20, 20)
    assert b"withheld" not in statistics.to_bytes()
    assert len(list(numbers(seven))) > 3


def test_a_question_with_enough_answers_is_published_beside_one_that_is_withheld(
    seven: Aggregator, tmp_path: Path
) -> None:
    crowd(tmp_path, seven.surveys(TODAY)[-1], "top_shows", [watched(frozenset({1}), 5)] * 20)
    seven.run(TODAY)
    statistics = published(seven)
    assert (statistics.reports, statistics.top_shows.reports, statistics.volume.reports) == (20, 20, 0)
    for page in ("index.html", f"rounds/{WEEK}.html"):
        assert SEVEN in (seven.site.public / page).read_text()


def test_numbers_are_taken_back_when_too_few_are_left(seven: Aggregator, tmp_path: Path) -> None:
    survey = seven.surveys(TODAY)[-1]
    sites = crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 20)
    seven.run(TODAY)
    assert published(seven).volume.reports == 20
    sites[0].publish({}, AGGREGATOR, durable=False)
    seven.run(TODAY)
    assert published(seven).withheld == {"volume": Withheld(answers=19, needed=20)}
    assert list(numbers(seven)) == []


def test_how_many_have_answered_changes_in_batches_too(seven: Aggregator, tmp_path: Path) -> None:
    batched = replace(seven, own=tmp_path / "batched", smallest_change=10, memory=type(seven.memory)())
    survey = batched.ask(TODAY)[-1]
    assert survey.version == seven.surveys(TODAY)[-1].version
    batched.run(TODAY)
    assert published(batched).withheld == {}, "seven are no batch"
    crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 12)
    batched.run(TODAY)
    assert published(batched).withheld["volume"].answers == 12
    crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 15)
    batched.run(TODAY + timedelta(days=1))
    assert published(batched).withheld["volume"].answers == 12, "three more would show who came"


def test_the_setting_s_default_is_that_of_the_aggregator() -> None:
    assert Settings.model_fields["smallest_answers"].default == SMALLEST_ANSWERS
