"""Me and the others, where the list of shows begins with a public chart."""

from __future__ import annotations

import json

from netflix_trend.published.world_words import listed_world, world_in_words, world_note
from services.dashboard.history import History
from services.dashboard.others import others_page
from tests.services.dashboard.participant import Person, add_chart


def test_the_world_is_drawn_with_a_table_and_the_source_of_its_shares(person: Person) -> None:
    world = add_chart(person.root)
    page = others_page(person.settings, History.of(person.settings.private_dir))
    (chart,) = [one for one in page.charts if one.name == "world"]
    assert page.statistics is not None
    assert chart.lead.startswith(world_in_words(world))
    assert chart.note == world_note(world, page.statistics.top_shows)
    listed = listed_world(world)
    bars, intervals = chart.option["series"]
    assert [one["value"] for one in bars["data"]] == [round(100 * (show.world or 0), 1) for show in listed]
    assert [low for low, _, _ in intervals["data"]] == [round(100 * show.lower, 1) for show in listed]
    edge = chart.option["xAxis"]["max"]
    assert all(low <= high <= edge for low, high, _ in intervals["data"])
    assert any(high == edge for _, high, _ in intervals["data"]), "it goes on"
    assert chart.table.columns == ("Show", "Reading", "Place in the chart", "World", "Here")
    assert [row[2] for row in chart.table.rows] == [str(show.rank) for show in listed]


def test_shows_of_the_chart_are_marked_in_the_list_and_only_where_there_is_one(person: Person) -> None:
    def marks() -> list[str] | None:
        page = others_page(person.settings, History.of(person.settings.private_dir))
        (chart,) = [one for one in page.charts if one.name == "others_shows"]
        if "Public chart" not in chart.table.columns:
            return None
        place = chart.table.columns.index("Public chart")
        return [row[place] for row in chart.table.rows]

    assert marks() is None
    world = add_chart(person.root)
    found = marks()
    assert found is not None
    assert {mark for mark in found if mark} <= {f"chart {show.rank}" for show in world.shows}
    assert set(found) > {""}


def test_a_comparison_that_does_not_fit_is_refused_by_name(person: Person) -> None:
    add_chart(person.root)
    shared = person.settings.datasites_dir / "aggregator@example.org/app_data/netflix_trend/shared"
    path = shared / "statistics" / "latest.json"
    content = json.loads(path.read_text())
    content["top_shows"]["world"]["shows"][0]["lower"] = 0.99
    content["top_shows"]["world"]["shows"][0]["upper"] = 0.01
    path.write_text(json.dumps(content))
    problem = others_page(person.settings, History.of(person.settings.private_dir)).problem
    assert "top_shows.world.shows.0" in problem
    assert "an interval ends before it begins" in problem


def test_what_is_withheld_is_said_beside_results_and_where_there_are_none(person: Person) -> None:
    folder = person.settings.datasites_dir / "aggregator@example.org/app_data/netflix_trend/shared/statistics"
    latest = folder / "latest.json"
    content = json.loads(latest.read_text())
    content["withheld"] = {"volume": {"answers": 7, "needed": 20}}
    sentence = "Withheld until 20 people have answered about viewing volume: 7 so far."
    for path in (latest, folder / f"{content['round']}.json"):
        path.write_text(json.dumps(content))
    history = History.of(person.settings.private_dir)
    assert list(others_page(person.settings, history).withheld) == [sentence]
    latest.unlink()
    assert others_page(person.settings, history).problem == f"Week {content['round']}. {sentence}"
