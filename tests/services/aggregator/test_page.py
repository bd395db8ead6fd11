"""The static page: says the uncertainty, runs nothing, loads nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from netflix_trend.statistics import Percentile, RoundStatistics, ShowEstimate, TopShows, Volume, VolumeGroup
from services.aggregator.site.charts import group_labels
from services.aggregator.site.page import MyWeek, content_security_policy, render_page


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
            confidence=0.95,
            noise=11.0,
            gate=36.0,
            reports_needed=None if is_signal else 900,
            shows=(show, noise),
        ),
        volume=Volume(
            reports=100,
            odds=(8, 1),
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


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


MINE = MyWeek(7, Percentile(share=0.7, standard_error=0.03, is_reliable=True))
PAGES = {
    "empty": render_page(None),
    "results": render_page(statistics()),
    "noise": render_page(statistics(is_signal=False, is_reliable=False)),
    "mine": render_page(statistics(), MINE),
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


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "\"'><img src=x onerror=y>", "& Sons", "\u202eevil"])
def test_hostile_titles_are_shown_as_text(title: str) -> None:
    html = render_page(statistics(title))
    assert {tag for tag, _ in Tags(html).found} == {tag for tag, _ in Tags(PAGES["results"]).found}


def test_charts_are_well_formed_and_described() -> None:
    charts = re.findall(r"<svg.*?</svg>", PAGES["mine"], re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        root = ElementTree.fromstring(chart)
        assert root.get("role") == "img"
        assert {"title", "desc"} <= {child.tag for child in root}


def test_estimates_come_with_intervals_and_noise_is_called_noise() -> None:
    html = PAGES["results"]
    assert re.search(
        r"Dark</td>\s*<td class=\"number\">120</td>\s*<td class=\"number\">81 to 160</td>\s*<td>watched", html
    )
    assert re.search(
        r"Ozark</td>\s*<td class=\"number\">0</td>\s*<td class=\"number\">0 to 36</td>\s*<td>only noise", html
    )
    assert re.search(
        r"1-4</td>\s*<td class=\"number\">2.0 %</td>\s*<td class=\"number\">0.1 to 5.0 %</td>\s*<td>only", html
    )


def test_when_all_is_noise_the_page_says_how_many_answers_would_be_needed() -> None:
    html = " ".join(PAGES["noise"].split())
    assert "No show can be told from noise yet. About 900 answers would be needed, there are 200." in html
    assert "These numbers say little" in html


def test_my_place_is_on_my_page_only_and_has_its_error() -> None:
    text = " ".join(PAGES["mine"].split())
    assert "more than about 70 % of participants, give or take 6 (95 %)" in text
    assert "You and the others" not in PAGES["results"]
    vague = MyWeek(7, Percentile(share=0.7, standard_error=0.3, is_reliable=False))
    assert "not enough reports to place you" in render_page(statistics(), vague)


def test_group_labels_read_well() -> None:
    volume = statistics().volume
    assert volume is not None
    assert group_labels(volume) == ["0", "1-4", "5+"]
