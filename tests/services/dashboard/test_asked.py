"""The lists of shows of open rounds, as a participant sees them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.layout import SURVEYS, VOCABULARY, round_path, shared_path
from netflix_trend.operators.round_folders import SURVEY
from netflix_trend.participant.sealed import Operators
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.registry import sum_questions
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.settings import Settings, load_settings
from netflix_trend.survey.sum_survey import default_sum_survey
from netflix_trend.survey.survey import default_survey, dump_surveys
from services.dashboard.asked import asked_lists
from tests.services.dashboard.participant import Person

WEEK = Week.parse("2026-W46")
TODAY = WEEK.sunday + timedelta(days=2)
LEADER = "trend@example.net"
SHOWS = [CatalogueTitle(title=f"Show {n}", kind="series") for n in range(6)]
OLD, NEW = Vocabulary.build(SHOWS[:5]), Vocabulary.build(SHOWS)
CHART = AskedChart(week=str(WEEK), source="Netflix Top 10, global", length=2, views=(9, 5))


def settings_in(root: Path, **more: object) -> Settings:
    return load_settings(datasites_dir=root / "datasites", aggregator_datasite=LEADER, **more)


def put(root: Path, path: str, data: bytes) -> None:
    target = root / "datasites" / LEADER / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def test_a_list_says_which_shows_come_from_a_public_chart(tmp_path: Path) -> None:
    put(tmp_path, shared_path(VOCABULARY), NEW.to_bytes())
    surveys = [
        default_survey(WEEK - 1, OLD.version, [3, 4]),
        default_survey(WEEK, NEW.version, [5, 0, 1], chart=CHART),
        default_survey(WEEK - 2, "f" * 32, [0, 1]),
    ]
    put(tmp_path, shared_path(SURVEYS), dump_surveys(surveys))
    newest, before = asked_lists(settings_in(tmp_path), None, TODAY)
    assert newest.round == str(WEEK)
    assert newest.shows == (("Show 5", 1), ("Show 0", 2), ("Show 1", None))
    assert newest.chart == (
        "The first 2 come from a public chart (Netflix Top 10, global, week 2026-W46) and not from participants."
    )
    assert (before.chart, before.shows) == ("", (("Show 3", None), ("Show 4", None)))
    assert asked_lists(settings_in(tmp_path, limit_modes="two"), None, TODAY) == ()


def test_lists_of_sealed_rounds_are_shown_too(tmp_path: Path) -> None:
    put(tmp_path, shared_path(VOCABULARY), NEW.to_bytes())
    survey = default_sum_survey(WEEK, NEW.version, [5, 0], 9, "x8", frozenset(sum_questions()), CHART)
    put(tmp_path, round_path(str(WEEK), SURVEY), survey.to_bytes())
    put(tmp_path, round_path(str(WEEK - 1), SURVEY), b"damaged")
    settings = settings_in(
        tmp_path, aggregator_key="a" * 64, helper_key="b" * 64, helper_datasite="helper@example.net", limit_modes="two"
    )
    (found,) = asked_lists(settings, Operators.of(settings), TODAY)
    assert found.shows == (("Show 5", 1), ("Show 0", 2))
    assert found.chart.startswith("All of them come from a public chart")


@pytest.mark.parametrize("data", [b"", b"{}", b'{"open": [{}]}'])
def test_a_survey_that_cannot_be_read_has_no_list(tmp_path: Path, data: bytes) -> None:
    put(tmp_path, shared_path(SURVEYS), data)
    assert asked_lists(settings_in(tmp_path), None, TODAY) == ()


def test_the_page_lists_what_is_asked(tmp_path: Path) -> None:
    page = Person(tmp_path).page("/sharing")
    assert 'id="asked"' in page
    assert "50 shows" in page
    assert "public chart" not in page, "a new aggregator's list begins with none"
