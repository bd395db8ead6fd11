"""The group's year on the participant's machine: the same numbers as on the community page, computed here."""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image

from netflix_trend.published import year_words
from netflix_trend.published.invented import INVENTED
from netflix_trend.published.year import YearStatistics
from netflix_trend.questions.top_shows.year import YearWorld, YearWorldShow
from services.dashboard import charts
from services.dashboard.others_year import _world_chart, picture_of, the_year, year_page, years
from tests.services.dashboard.participant import Person

YEAR = 2026
WORLD = YearWorld(
    confidence=0.95,
    rounds=9,
    source="a chart",
    shows=(
        YearWorldShow(title="More here", weeks=9, factor=3.0, lower=2.0, upper=4.0, verdict="more"),
        YearWorldShow(title="Who knows", weeks=9, factor=1.1, lower=0.5, upper=2.0, verdict="unclear"),
    ),
)
BY_LOOK = {certainty: charts._look(color) for certainty, color in charts.BY_CERTAINTY.items()}


def published(person: Person) -> Path:
    return person.settings.datasites_dir / "aggregator@example.org"


def year_of_the_aggregator(person: Person) -> YearStatistics:
    """Return the year as the aggregator has published it."""
    (path,) = (published(person) / "public/netflix_trend/years").glob("*.json")
    return YearStatistics.from_bytes(path.read_bytes())


def test_the_year_is_that_of_the_aggregators_page(person: Person) -> None:
    found = year_of_the_aggregator(person)
    assert the_year(person.settings, found.year) == found
    assert years(person.settings) == (found.year,)
    page = year_page(person.settings, found.year)
    assert page.basis == year_words.basis_in_words(found)
    assert page.changed == year_words.changes_in_words(found)
    shows, viewing = page.charts[:2]
    assert [row[0] for row in shows.table.rows[:3]] == [show.title for show in found.shows.shows[:3]]
    assert len(viewing.table.rows) == len(found.viewing.weeks)


def test_the_page_links_to_its_year_and_the_year_to_a_picture(person: Person) -> None:
    year = year_of_the_aggregator(person).year
    assert f'href="/others/year/{year}"' in person.page("/others")
    text = person.page(f"/others/year/{year}")
    for kind, content_type in (("png", "image/png"), ("svg", "image/svg+xml")):
        assert f'href="/others/year/{year}/picture.{kind}"' in text
        response = person.get(f"/others/year/{year}/picture.{kind}")
        assert response.headers["Content-Type"].startswith(content_type)
        assert response.headers["Content-Disposition"] == f'attachment; filename="group-{year}.{kind}"'
    image = Image.open(io.BytesIO(person.get(f"/others/year/{year}/picture.png").data))
    assert image.size == (1200, 630)


def test_charts_and_tables_of_the_year_tell_certainty_as_those_of_a_week_do(person: Person) -> None:
    found = year_of_the_aggregator(person)
    shows, viewing = year_page(person.settings, found.year).charts
    world = _world_chart(WORLD)
    for chart in (shows, viewing, world):
        (marks,) = (one["data"] for one in chart.option["series"] if one["type"] == "bar")
        drawn = [mark["itemStyle"] for mark in marks]
        assert drawn == [BY_LOOK[certainty] for certainty in chart.table.certainties]
    assert set(shows.table.certainties) == {"clear", "noise"}
    assert world.table.certainties == ("clear", "unclear")


def test_a_year_of_invented_participants_says_so(person: Person) -> None:
    year = year_of_the_aggregator(person).year
    assert INVENTED in person.page(f"/others/year/{year}")
    assert INVENTED in picture_of(person.settings, year).description
    folder = published(person) / "app_data/netflix_trend/shared/statistics"
    for path in folder.glob("[0-9]*.json"):
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "invented": False}), "utf-8")
    assert INVENTED not in person.page(f"/others/year/{year}")


def test_a_year_without_rounds_says_so(person: Person) -> None:
    assert "nothing about the weeks of this year" in person.page("/others/year/1999")
    assert person.get("/others/year/1999/picture.png").status_code == 404
    assert person.get("/others/year/26").status_code == 404


def test_a_file_that_cannot_be_read_is_named_as_such(person: Person) -> None:
    year = year_of_the_aggregator(person).year
    folder = published(person) / "app_data/netflix_trend/shared/statistics"
    next(iter(folder.glob("[0-9]*.json"))).write_text('{"schema_version": 1}')
    assert "cannot be read" in year_page(person.settings, year).problem
    assert person.get(f"/others/year/{year}/picture.svg").status_code == 404


def test_without_statistics_there_is_no_year(newcomer: Person) -> None:
    assert years(newcomer.settings) == ()
    assert picture_of(newcomer.settings, YEAR) is None
    assert "nothing about the weeks" in newcomer.page(f"/others/year/{YEAR}")
