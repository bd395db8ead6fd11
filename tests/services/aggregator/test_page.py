"""The static page: says the uncertainty, runs nothing, loads nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from inspect import signature
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.trends import Trends
from netflix_trend.published.wording import group_labels
from netflix_trend.questions.top_shows.statistics import (
    AllTime,
    AllTimeShow,
    ShowEstimate,
    ShowTrend,
    ShowTrends,
    TopShows,
    Window,
)
from netflix_trend.questions.volume.statistics import Slope, Viewing, Volume, VolumeGroup, WeeklyMean
from services.aggregator.site.charts import viewing_chart
from services.aggregator.site.page import content_security_policy, render_page


def statistics(title: str = "Dark", *, is_signal: bool = True, is_reliable: bool = True) -> RoundStatistics:
    show = ShowEstimate(
        show=1, title=title, estimate=120.4, standard_error=20.0, lower=81.2, upper=160.0, is_signal=is_signal
    )
    noise = ShowEstimate(
        show=2, title="Ozark", estimate=-3.0, standard_error=20.0, lower=0.0, upper=36.0, is_signal=False
    )
    return RoundStatistics(
        round="2026-W46",
        survey="a" * 32,
        vocabulary="b" * 32,
        participants=1234,
        reports=300,
        waiting=2,
        refused={"payload": 3},
        top_shows=TopShows(
            reports=200,
            k=1,
            odds=(8, 1),
            size=1,
            confidence=0.95,
            noise=11.0,
            gate=36.0,
            shows=(show, noise),
        ),
        volume=Volume(
            reports=100,
            odds=(8, 1),
            intervals=((0, 0, 1), (1, 1, 1), (2, 2, 1)),
            confidence=0.95,
            buckets=(0, 1, 5),
            shares=(0.3, 0.5, 0.2),
            lower=(0.2, 0.4, 0.1),
            upper=(0.4, 0.6, 0.3),
            cumulative=(0.0, 0.3, 0.8),
            cumulative_error=(0.0, 0.05, 0.04),
            groups=(
                VolumeGroup(low=0, share=0.3, lower=0.2, upper=0.4),
                VolumeGroup(low=1, share=0.02, lower=0.001, upper=0.05),
                VolumeGroup(low=5, share=0.68, lower=0.5, upper=0.8),
            ),
            is_reliable=is_reliable,
        ),
    )


FIRST = Week.parse("2026-W40")


def mean_viewing(rounds: int, *, direction: str = "rising", is_reliable: bool = True) -> Viewing:
    weeks = tuple(
        WeeklyMean(
            round=str(FIRST + number),
            reports=90,
            mean=7.25,
            unbiased=7.25,
            standard_error=0.5,
            lower=6.27,
            upper=8.23,
            influence=0.4,
            is_reliable=is_reliable,
            is_robust=is_reliable,
        )
        for number in range(rounds)
    )
    noise = {"per_week": 0.01, "lower": -0.3, "upper": 0.32, "direction": "noise"}
    rising = {"per_week": 0.5, "lower": 0.2, "upper": 0.8, "direction": "rising"}
    found = noise if direction == "noise" else rising
    slope = (
        Slope.model_validate({"standard_error": 0.15, "rounds": rounds, "is_robust": False, **found})
        if rounds > 2
        else None
    )
    return Viewing(confidence=0.95, weeks=weeks, slope=slope)


def trends(title: str = "Dark", rounds: int = 7, *, is_signal: bool = True, chart: bool = False) -> Trends:
    """Two shows: `title`, and one that is noise."""
    spread = {"standard_error": 0.03, "upper": 0.3, "rounds": rounds, "prior_part": 0.12, "is_robust": is_signal}
    shows = (
        ShowTrend.model_validate({"title": title, "share": 0.24, "lower": 0.18, "is_signal": is_signal, **spread}),
        ShowTrend.model_validate({"title": "Ozark", "share": -0.01, "lower": 0.0, "is_signal": False, **spread}),
    )
    fields = {
        "rounds": rounds,
        "reports": 700,
        "standard_error": 30.0,
        "upper": 228.8,
        "gate": 100.0,
        "is_robust": is_signal,
    }
    shares = {"share_error": 0.043, "share_lower": 0.158, "share_upper": 0.327}
    summed = (
        AllTimeShow.model_validate(
            {
                "title": title,
                "people": 170.0,
                "lower": 111.2,
                "share": 0.243,
                "is_signal": is_signal,
                **fields,
                **shares,
            }
        ),
        AllTimeShow.model_validate(
            {"title": "Ozark", "people": -9.0, "lower": 0.0, "share": -0.01, "is_signal": False, **fields, **shares}
        ),
    )
    return Trends(
        rounds=tuple(str(FIRST + number) for number in range(rounds)),
        shows=ShowTrends(
            round=str(FIRST + (rounds - 1)),
            confidence=0.95,
            drift=0.1,
            uses_public_prior=chart,
            prior="Assumed from a public chart." if chart else "Assumed from no data.",
            shows=shows,
        ),
        all_time=AllTime(confidence=0.95, items=2, shows=summed),
        viewing=mean_viewing(rounds, direction="rising" if is_signal else "noise", is_reliable=is_signal),
    )


NO_TRENDS = Trends(rounds=(), shows=None, all_time=None, viewing=None)


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


PAGES = {
    "empty": render_page(None),
    "results": render_page(statistics()),
    "noise": render_page(statistics(is_signal=False, is_reliable=False)),
    "trends": render_page(statistics(), trends=trends()),
    "trends of noise": render_page(statistics(is_signal=False), trends=trends(is_signal=False)),
    "chart": render_page(statistics(), trends=trends(chart=True)),
    "four weeks": render_page(statistics(), trends(), window=Window(weeks=4, shows=trends(rounds=4).all_time)),
    "a year": render_page(statistics(), trends(rounds=52)),
}


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_a_page_has_no_script_and_names_no_other_host(html: str) -> None:
    tags = Tags(html).found
    assert not {"script", "iframe", "object", "embed", "link", "img", "base", "form"} & {tag for tag, _ in tags}
    attributes = {name for _, attrs in tags for name in attrs}
    assert not {name for name in attributes if name.startswith("on")} | {"href", "src", "style"} & attributes
    assert "://" not in html
    assert "@import" not in html
    assert "url(" not in html


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_the_policy_allows_the_own_style_by_hash_and_nothing_else(html: str) -> None:
    policy = content_security_policy()
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.replace("'", "&#39;") in html


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", "\"'><img src=x onerror=y>", "& Sons", "\u202eevil", "\u2067\x1bb"]
)
def test_hostile_titles_are_shown_as_text(title: str) -> None:
    html = render_page(statistics(title))
    assert {tag for tag, _ in Tags(html).found} == {tag for tag, _ in Tags(PAGES["results"]).found}
    html = render_page(statistics(title), trends=trends(title))
    assert not {"\u202e", "\u2067", "\x1b"} & set(html)
    assert {tag for tag, _ in Tags(html).found} == {tag for tag, _ in Tags(PAGES["trends"]).found}


def test_charts_are_well_formed_and_described() -> None:
    charts = re.findall(r"<svg.*?</svg>", PAGES["results"], re.DOTALL)
    roots = [ElementTree.fromstring(chart) for chart in charts]
    described = [root for root in roots if root.get("role") == "img"]
    assert len(described) == 1
    for root in described:
        assert {"title", "desc"} <= {child.tag for child in root}
    # A bar beside the text of its row says nothing to a screen reader.
    assert [root.get("aria-hidden") for root in roots if root.get("role") != "img"] == ["true", "true", "true"]


def test_a_bar_looks_as_certain_as_its_row_says() -> None:
    said = re.findall(r'<span class="sure (\w+)">', PAGES["results"])
    drawn = re.findall(r'<rect [^>]*class="bar (\w+)"', PAGES["results"].partition("How much people watched")[0])
    assert drawn[:2] == said[:2] == ["clear", "noise"]


def test_what_the_drawings_of_noise_look_like_is_said_without_colours() -> None:
    assert "Columns with a broken outline are noise." in PAGES["results"]
    assert "Marks with a broken outline are noise." in PAGES["trends"]


def test_every_estimate_has_an_interval_and_a_certainty() -> None:
    html = PAGES["results"]
    assert "Dark clear, if no answer was forged 60.2 % 40.6 to 80.0 %" in text("results")
    assert "People who named it: 120, 81 to 160 (95 %), of 200." in text("results")
    assert "Ozark noise 0.0 % up to 18.0 %" in text("results")
    assert "People who named it: 0, up to 36 (95 %), of 200." in text("results")
    assert re.search(
        r"1-4</td>\s*<td class=\"number\">2.0 %</td>\s*<td class=\"number\">0.1 to 5.0 %</td>\s*<td>noise", html
    )


def with_second(lower: float, upper: float) -> RoundStatistics:
    """Two clear shows; the first has 81 to 160 people."""
    made = statistics()
    assert made.top_shows is not None
    second = made.top_shows.shows[1].model_copy(update={"estimate": 60.0, "lower": lower, "upper": upper})
    shows = (made.top_shows.shows[0], second.model_copy(update={"is_signal": True}))
    return made.model_copy(update={"top_shows": made.top_shows.model_copy(update={"shows": shows})})


@pytest.mark.parametrize(("upper", "is_told"), [(80.0, True), (81.2, False), (150.0, False)])
def test_an_order_is_stated_only_where_intervals_do_not_overlap(upper: float, is_told: bool) -> None:
    html = " ".join(re.sub(r"<[^>]*>", "", render_page(with_second(40, upper))).split())
    expected = "The first is ahead of the others." if is_told else "Which of them is ahead is unclear."
    assert f"Clear: Dark, Ozark. {expected}" in html
    assert "ahead" not in re.sub(r"<[^>]*>", "", PAGES["results"])


def test_the_list_of_shows_states_its_unit_and_total() -> None:
    assert "Share of the people behind 200 answers who named the show." in text("results")
    assert '<text x="0.0%" y="12" text-anchor="start">0 %</text>' in PAGES["results"]


@pytest.mark.parametrize("title", ["Queen Charlotte: A Bridgerton Story", "W" * 40, "\u6771" * 40, "Dark", "i" * 21])
def test_a_title_before_its_bar_is_whole(title: str) -> None:
    assert f'<span class="name"><bdi>{title}</bdi>' in render_page(statistics(title))


def test_when_all_is_noise_the_page_says_how_many_answers_would_be_needed() -> None:
    html = " ".join(PAGES["noise"].split())
    assert '<p class="answer">No show is clear yet.</p>' in html
    assert "Noise: 100 answers are too few" in html


def test_everybody_can_look_up_their_place_and_the_page_is_the_same_for_all() -> None:
    assert "1 That is near the middle: more than about 30 % of participants" not in text("results")
    assert "5 That is more than about 80 % of participants, give or take 8 (95 %)." in text("results")
    assert "0-60 There are too few answers to say how that compares: any number would be noise." in text("noise")
    assert set(signature(render_page).parameters) == {"statistics", "trends", "place", "window"}


def test_group_labels_read_well() -> None:
    volume = statistics().volume
    assert volume is not None
    assert group_labels(volume) == ["0", "1-4", "5+"]


def text(name: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", PAGES[name]).split())


@pytest.mark.parametrize("nothing", [None, NO_TRENDS])
def test_the_page_is_whole_without_trends(nothing: Trends | None) -> None:
    assert render_page(statistics(), trends=nothing) == PAGES["results"]
    assert "Over the weeks" not in PAGES["results"]
    assert render_page(None, trends=nothing) == PAGES["empty"]


def test_trends_come_with_intervals() -> None:
    assert "Viewing is rising, if no answer was forged: +0.20 to +0.80 titles a week (95 %)." in text("trends")
    assert "9 to 15 November 2026 7.2 6.3 to 8.2 clear" in text("trends")


def test_trends_that_are_noise_are_called_so() -> None:
    html = text("trends of noise")
    assert "Whether viewing rises or falls is unclear: -0.30 to +0.32 titles a week" in html
    assert html.count("No show is clear yet.") == 1
    assert "6.3 to 8.2 noise" in html


def test_a_page_has_one_list_of_shows() -> None:
    for name in ("trends", "four weeks"):
        assert PAGES[name].count('<ul class="shows">') == 1, name


def test_weeks_together_have_their_days_and_their_own_sums() -> None:
    html = text("four weeks")
    assert "<h1>19 October to 15 November 2026</h1>" in PAGES["four weeks"]
    assert "4 weeks with answers together, the newest 2026-W46." in html
    assert "Dark clear 24.3 % 15.8 to 32.7 %" in html
    assert "Named 111 to 229 times (95 %). Asked about in 4 weeks, 700 answers." in html
    assert "any of all 2 shows that were asked about" in html
    assert "How much people watched" not in html, "that is about one week"
    assert "<h1>9 to 15 November 2026</h1>" in PAGES["trends"]


def test_questions_that_nobody_answered_are_left_out() -> None:
    only_shows = trends().model_copy(update={"viewing": None})
    assert "Nothing is published about this question yet." in render_page(statistics(), trends=only_shows)
    only_viewing = trends().model_copy(update={"shows": None, "all_time": None})
    html = render_page(statistics(), trends=only_viewing)
    assert "Mean viewing by week" in html


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_nothing_is_wider_than_a_narrow_screen(html: str) -> None:
    """Tables scroll in a box of their own, charts scale with the page and keep what they draw inside."""
    assert html.count("<table") == len(re.findall(r'<div class="wide" role="region" [^>]*tabindex="0"><table', html))
    for chart in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        root = ElementTree.fromstring(chart)
        assert "width" not in root.attrib
        if "viewBox" not in root.attrib:
            continue  # the numbers of a scale lie at parts of its width
        width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
        for shape in root.iter():
            for name in ("x", "x1", "x2"):
                assert 0 <= float(shape.get(name, 0)) <= width
            for name in ("y", "y1", "y2"):
                assert 0 <= float(shape.get(name, 0)) <= height


@pytest.mark.parametrize("rounds", [1, 2, 7, 52])
def test_every_round_has_its_mark_and_interval_and_labels_do_not_overlap(rounds: int) -> None:
    root = ElementTree.fromstring(viewing_chart(mean_viewing(rounds).weeks))
    assert len(root.findall("rect")) == rounds
    assert len([line for line in root.findall("line") if line.get("class") == "interval"]) == 3 * rounds
    places = [float(text.attrib["x"]) for text in root.findall("text") if re.fullmatch(r"\d+ [A-Z][a-z]{2}", text.text)]
    assert 1 <= len(places) <= 4
    assert all(later - earlier > 60 for earlier, later in pairwise(places))
    assert all(15 <= place <= 465 for place in places)


def test_the_trend_is_drawn_only_where_it_is_clear() -> None:
    def lines(direction: str) -> int:
        viewing = mean_viewing(7, direction=direction)
        return viewing_chart(viewing.weeks, viewing.slope).count('class="axis"')

    assert lines("rising") == lines("noise") + 1
