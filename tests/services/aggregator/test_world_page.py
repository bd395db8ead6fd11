"""Here against the world on the community's pages."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.world_words import listed_world, world_scale
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.world import World
from services.aggregator.site.charts import Row, share_bar
from services.aggregator.site.page import render_page
from tests.services.aggregator.simulated_rounds import aggregator_with_rounds

# The invented people watch the n-th show one n-th as much as the first: exactly as the first chart, unlike the second.
SAME = tuple(60_000 // rank for rank in range(1, 11))
OTHER = tuple(range(60_000, 50_000, -1_000))


def round_with(root: Path, views: tuple[int, ...] | None, people: int = 60_000) -> RoundStatistics:
    chart = AskedChart(week="2026-W45", source="an <invented> chart", length=10, views=views)
    here = aggregator_with_rounds(root, [people], chart=chart)
    return RoundStatistics.from_bytes((here.shared / "statistics" / "latest.json").read_bytes())


def world_of(statistics: RoundStatistics) -> World:
    assert statistics.top_shows.world is not None
    world: World = statistics.top_shows.world
    return world


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<svg.*?</svg>", " ", html, flags=re.DOTALL)).split())


def test_a_list_that_tells_nothing_beyond_the_chart_says_so(tmp_path: Path) -> None:
    page = text_of(render_page(round_with(tmp_path, SAME)))
    public = "the public chart (an &lt;invented&gt; chart, week 2026-W45)"
    assert f"Nothing here differs clearly from {public}: this list tells nothing beyond it." in page
    assert "Watched more here" not in page


def test_a_clear_difference_is_named(tmp_path: Path) -> None:
    statistics = round_with(tmp_path, OTHER)
    page = text_of(render_page(statistics))
    first = world_of(statistics).shows[0]
    assert first.verdict == "more"
    assert f"Watched more here than in the world: {first.title} (" in page
    assert "nothing beyond it" not in page


def test_shows_of_the_chart_are_marked_as_public(tmp_path: Path) -> None:
    statistics = round_with(tmp_path, SAME)
    shows = text_of(render_page(statistics)).partition("Here against the world")[0]
    for show in world_of(statistics).shows[:3]:
        assert re.search(rf"{re.escape(show.title)} [a-z0-9, ]+ chart {show.rank} \d", shows)
        assert f"Number {show.rank} of the public chart; against the world: unclear." in shows
    assert '"Chart" marks the shows that the list takes from the public chart: they are not from participants.' in shows


def test_without_a_chart_nothing_is_marked_and_nothing_compared(tmp_path: Path) -> None:
    here = aggregator_with_rounds(tmp_path, [60_000])
    page = (here.site.public / "index.html").read_text()
    assert "against the world" not in page
    assert "chart 1" not in page
    assert '"Chart" marks' not in page


def test_a_chart_that_states_an_order_only_has_no_share_of_the_world(tmp_path: Path) -> None:
    statistics = round_with(tmp_path, None)
    page = text_of(render_page(statistics))
    assert "which states an order only: this list tells nothing beyond it." in page
    assert "Its order only is known, so no share of the world is shown." in page
    assert not re.search(r"<th[^>]*>World</th>", render_page(statistics))


def bars_of(html: str) -> list[ElementTree.Element]:
    """Return the bars of the list of the chart's shows, in its order."""
    listed = html.partition("Every show of the chart")[2].partition("</ul>")[0]
    return [ElementTree.fromstring(found) for found in re.findall(r'<svg[^>]*class="line".*?</svg>', listed, re.DOTALL)]


@pytest.mark.parametrize("people", [300, 60_000])
@pytest.mark.parametrize("views", [SAME, OTHER, None])
def test_every_interval_is_drawn_inside_its_place(tmp_path: Path, people: int, views: tuple[int, ...] | None) -> None:
    """An interval that goes on beyond the scale has no mark at that end."""
    statistics = round_with(tmp_path, views, people)
    rows = listed_world(world_of(statistics))
    bars = bars_of(render_page(statistics))
    assert len(bars) == len(rows) == 10
    for show, root in zip(rows, bars, strict=True):
        width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
        for shape in root.iter():
            for name, end in (("x1", width), ("x2", width), ("y1", height), ("y2", height)):
                assert 0 <= float(shape.get(name, 0)) <= end
        lines = [line for line in root.iter("line") if line.get("class") == "interval"]
        assert len(lines) == 2 + (show.upper <= world_scale(rows))
        (bar,) = (bar for bar in root.iter("rect") if bar.get("class") == "bar world")
        assert (float(bar.attrib["width"]) > 0) is (views is not None)
        marks = [float(mark.attrib["x"]) + 4 for mark in root.iter("rect") if mark.get("class") == "here"]
        assert len(marks) == (show.share is not None)
        for mark in marks:
            assert float(lines[0].attrib["x1"]) - 0.1 <= mark <= float(lines[0].attrib["x2"]) + 0.1


def test_a_bar_ends_where_its_number_lies() -> None:
    root = ElementTree.fromstring(share_bar(Row(0.1, 0.05, 0.2, mark=0.15), 0.4))
    bar, mark = root.findall("rect")
    assert (float(bar.attrib["x"]), float(bar.attrib["width"])) == (0, 250)
    assert float(mark.attrib["x"]) + float(mark.attrib["width"]) / 2 == 375
    line, low, high = root.findall("line")
    assert [float(line.attrib[end]) for end in ("x1", "x2")] == [125, 500]
    assert (float(low.attrib["x1"]), float(high.attrib["x1"])) == (125, 500)
