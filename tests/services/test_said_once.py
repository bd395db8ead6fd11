"""One estimate, one sentence: what the demo prints, the community page shows and the dashboard says is compared."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from rich.console import Console

from netflix_trend.published import wording, world_words
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.wording import Certainty, places
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.volume.statistics import Volume
from netflix_trend.settings import load_settings
from services.aggregator.rounds import Aggregator
from services.dashboard.history import History
from services.dashboard.web import create_app
from services.demo.one_process import print_legend, print_place, print_top_shows, print_volume
from services.local.dashboard import OneProcess
from tests.services.aggregator.simulated_rounds import TODAY, aggregator_with_rounds

PORT = 8651
# Answers of a round: too few for anything, enough for some of it, and many.
SIZES = (24, 1200, 12_000)
# Flatter than what the invented people watch, so that many answers tell more than the chart.
CHART = AskedChart(week="2026-W45", source="an invented chart", length=6, views=(900, 800, 700, 600, 500, 400))


@pytest.fixture(scope="module", params=SIZES)
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    return aggregator_with_rounds(tmp_path_factory.mktemp("round"), [request.param], chart=CHART)


@pytest.fixture
def round_(here: Aggregator) -> RoundStatistics:
    return RoundStatistics.from_bytes((here.shared / "statistics" / "latest.json").read_bytes())


@pytest.fixture
def dashboard(here: Aggregator, tmp_path: Path) -> FlaskClient:
    settings = load_settings(
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        datasites_dir=here.site.datasites,
        output_dir=tmp_path / "drop",
        syftbox_email="me@example.org",
        aggregator_datasite=here.site.email,
        dashboard_port=PORT,
    )
    return create_app(settings, OneProcess(settings, lambda: TODAY), lambda: TODAY).test_client()


def text_of(html: str) -> str:
    """Return what a page says, blanks folded."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def said_by_dashboard(client: FlaskClient) -> str:
    response = client.get("/others", base_url=f"http://127.0.0.1:{PORT}")
    assert response.status_code == 200
    return str(response.text)


def said_by_page(here: Aggregator) -> str:
    return (here.site.public / "index.html").read_text("utf-8")


def printed(output: Callable[[Console], None]) -> str:
    """Return what is printed, blanks and lines of tables folded."""
    stream = io.StringIO()
    output(Console(file=stream, width=120, highlight=False))
    return " ".join(re.sub("[│┃]", " ", stream.getvalue()).split())


def looked_up(page: str, titles: int) -> str:
    """Return what the page says to somebody who looks up a number of titles."""
    for label, said in re.findall(r'<td class="range">([\d-]+)</td><td>([^<]*)</td>', page):
        first, _, last = label.partition("-")
        if int(first) <= titles <= int(last or first):
            return unescape(said)
    raise AssertionError(f"{titles} titles are not on the page")


def test_a_percentile_is_worded_the_same_everywhere(
    here: Aggregator, round_: RoundStatistics, dashboard: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 0 to 60 titles: the terminal's sentence, the page's and the dashboard's."""
    volume = round_.volume
    assert volume is not None
    page = said_by_page(here)
    for titles in range(61):
        mine = (frozenset[int](), titles, round_.vocabulary)
        monkeypatch.setattr(History, "week", lambda _self, _week, mine=mine: mine)
        count = f"You started {titles} title{'' if titles == 1 else 's'}"

        terminal = printed(lambda console, titles=titles: print_place(volume, titles, round_.round, console))
        of_terminal = terminal.removeprefix(f"{count} in {round_.round}. ").removesuffix(" Nothing was sent for this.")
        found = re.search(rf"{count} in this week\. ([^<]*)</p>", said_by_dashboard(dashboard))

        assert found is not None, titles
        assert of_terminal == unescape(found[1]) == looked_up(page, titles)


def test_shows_and_groups_are_worded_the_same_everywhere(
    here: Aggregator, round_: RoundStatistics, dashboard: FlaskClient
) -> None:
    page, mine = text_of(said_by_page(here)), text_of(said_by_dashboard(dashboard))
    shows = printed(lambda console: print_top_shows(round_, console))
    volume = printed(lambda console: print_volume(round_, console))
    everywhere = {"page": page, "dashboard": mine}

    (clear,) = re.findall(r"(No show is clear yet\.|Clear: .*?\.(?= The | Which |$))", shows)
    note = re.search(r"(Noise: .*beforehand\.|If no answer was forged: one .* shares\.)", volume)
    for name, text in everywhere.items():
        assert clear in text, name
        assert note is None or note[1] in text, name
    # Title, people, interval and reading of each row of the terminal.
    row = re.compile(r"(\d+) ((?:\d+|up) to \d+) (clear, if no answer was forged|clear|unclear|noise)")
    rows = row.findall(shows)
    assert rows
    assert round_.top_shows is not None
    for show, (_, interval, reading) in zip(round_.top_shows.shows, rows, strict=False):
        for name, text in everywhere.items():
            assert f"{show.title} {reading}" in text, name
            assert interval in text, name


def test_the_comparison_with_the_world_is_worded_the_same_everywhere(
    here: Aggregator, round_: RoundStatistics, dashboard: FlaskClient
) -> None:
    page, mine = text_of(said_by_page(here)), text_of(said_by_dashboard(dashboard))
    assert round_.top_shows is not None
    world = round_.top_shows.world
    assert world is not None
    assert world.differs is (round_.reports > 1_000)
    assert f"Here against the world: {world_words.world_in_words(world)}" in printed(
        lambda console: print_top_shows(round_, console)
    )
    for text in (page, mine):
        assert world_words.world_in_words(world) in text
        assert world_words.world_note(world, round_.top_shows) in text
    for show in world_words.listed_world(world):
        reading, here_share = world_words.world_reading(world, show), world_words.share_interval(show)
        assert f"{show.title} {reading} chart {show.rank} {100 * (show.world or 0):.1f} % {here_share}" in page
        assert f"{show.title} {reading} {show.rank} {100 * (show.world or 0):.1f} % {here_share}" in mine


def test_shows_that_come_from_the_chart_are_marked_everywhere(
    here: Aggregator, round_: RoundStatistics, dashboard: FlaskClient
) -> None:
    page, mine = text_of(said_by_page(here)), text_of(said_by_dashboard(dashboard))
    assert round_.top_shows is not None
    ranks = {show.show: show.rank for show in round_.top_shows.world.shows}
    listed = wording.listed_shows(round_.top_shows)
    assert {show.show in ranks for show in listed} == {True, False}
    for show in listed:
        mark = f"chart {ranks[show.show]}" if show.show in ranks else ""
        assert f"{show.title} {wording.reading(show)} {mark}".rstrip() in page
        assert " ".join(f"{wording.show_interval(show)} {mark}".split()) in mine


def test_the_legend_is_the_same_everywhere(here: Aggregator, dashboard: FlaskClient) -> None:
    terminal = printed(print_legend).replace(":", "")
    for text in (text_of(said_by_page(here)), text_of(said_by_dashboard(dashboard))):
        start = text.index("clear Chance alone")
        legend = text[start : text.index('"If no answer')].replace(":", "")
        assert legend in terminal


def test_the_sizes_show_every_certainty(tmp_path: Path) -> None:
    """Otherwise the comparison would leave sentences out."""
    found: set[Certainty] = set()
    for size in SIZES:
        root = tmp_path / str(size)
        root.mkdir()
        one = aggregator_with_rounds(root, [size])
        volume = RoundStatistics.from_bytes((one.shared / "statistics" / "latest.json").read_bytes()).volume
        assert isinstance(volume, Volume)
        found |= {said.certainty for _, said in places(volume)}
    assert found == set(Certainty)
