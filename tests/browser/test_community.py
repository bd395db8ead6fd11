"""The community page and the operator's view in a real browser: light and dark, phone and desktop, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import DESKTOP, PHONE, SCHEMES, Browser, serving
from people import crowd
from selenium.webdriver.common.keys import Keys
from simulated_rounds import TODAY, aggregator_with_rounds

from netflix_trend.contributions import Contribution
from netflix_trend.datasite import Datasite
from netflix_trend.settings import load_settings
from netflix_trend.vocabulary import CatalogueTitle, Vocabulary
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import read_plan
from services.aggregator.web import create_app

TOKEN = "a-token-for-tests-only-0123456789"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=http://elsewhere.example/x>",
    "=HYPERLINK(1)",
    "\u202eevil",
    "x" * 290,
)
LOOKS = [(scheme, width) for scheme in SCHEMES for width in (PHONE, DESKTOP)]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    """Eight rounds, three of them with a question about life events, and a hostile catalogue's first titles."""
    root = tmp_path_factory.mktemp("rounds")
    return aggregator_with_rounds(root, [4000, 4500, 5000, 6000, 7000, 8000, 8000, 8000])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    titles = [*HOSTILE, *(f"Show {number}" for number in range(50))]
    vocabulary = Vocabulary.build([CatalogueTitle(title=title, kind="series") for title in titles])
    return aggregator_with_rounds(tmp_path_factory.mktemp("hostile"), [8000, 8000], vocabulary)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    return aggregator_with_rounds(tmp_path_factory.mktemp("empty"), [])


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    """Five friends: too few for anything."""
    return aggregator_with_rounds(tmp_path_factory.mktemp("few"), [24, 24])


@pytest.fixture
def visit(browser: Browser) -> Iterator[Browser]:
    """The browser; a page that did anything wrong fails the test, whatever the test looked at."""
    yield browser
    assert browser.problems() == []


@contextmanager
def at(browser: Browser, here: Aggregator) -> Iterator[Browser]:
    """Let the browser look at an aggregator's site."""
    settings = load_settings(datasites_dir=here.site.datasites, aggregator_dir=here.own, operator_token=TOKEN)
    with serving(create_app(settings, lambda: True, lambda: TODAY)) as base:
        browser.base = base
        yield browser


@pytest.fixture
def community(visit: Browser, rounds: Aggregator) -> Iterator[Browser]:
    with at(visit, rounds) as browser:
        yield browser


def named(path: str) -> str:
    """Return a screenshot's name for a page."""
    return path.strip("/").removesuffix(".html").replace("/", "-") or "index"


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("path", ["/", "/rounds.html", "/rounds/2026-W42.html"])
def test_pages_are_readable_for_everybody(community: Browser, path: str, scheme: str, width: int) -> None:
    community.look_like(scheme, width)
    community.open(path)
    community.screenshot(
        f"community/{path.strip('/').removesuffix('.html').replace('/', '-') or 'index'}-{scheme}-{width}"
    )
    assert community.accessibility_problems() == []
    assert community.overflow() <= 0
    assert len(community.all("svg[role=img] title")) == len(community.all("svg"))


@pytest.mark.parametrize(("scheme", "width"), [("light", DESKTOP), ("dark", PHONE)])
@pytest.mark.parametrize("which", ["hostile", "empty", "few"])
def test_hostile_titles_and_too_few_people_are_shown_harmlessly(
    visit: Browser, request: pytest.FixtureRequest, which: str, scheme: str, width: int
) -> None:
    with at(visit, request.getfixturevalue(which)) as browser:
        browser.look_like(scheme, width)
        for path in ("/", "/rounds.html"):
            browser.open(path)
            browser.screenshot(f"community/{which}-{named(path)}-{scheme}-{width}")
            assert browser.accessibility_problems() == []
            assert browser.overflow() <= 0
            assert browser.all("img, script, iframe, object") == []


def test_too_few_people_are_told_how_many_it_takes(visit: Browser, few: Aggregator) -> None:
    with at(visit, few) as browser:
        browser.open("/")
        assert "No show can be told from noise yet" in browser.text()
        assert "These numbers say little" in browser.text()
        assert "telling a show from noise that 21 % of people name 345 4 not yet" in browser.text()


def test_hostile_titles_are_text(visit: Browser, hostile: Aggregator) -> None:
    with at(visit, hostile) as browser:
        browser.open("/")
        assert HOSTILE[0] in browser.text()


def test_the_history_can_be_walked_by_keyboard(community: Browser) -> None:
    """Skip link, all rounds, the oldest round, the next one, back to the newest: Tab and Enter only."""
    community.open("/")
    community.keys(Keys.TAB)
    assert community.driver.switch_to.active_element.text == "Skip to the results"

    def follow(text: str) -> None:
        for _ in range(120):
            active = community.driver.switch_to.active_element
            if active.text == text:
                active.send_keys(Keys.ENTER)
                return
            community.keys(Keys.TAB)
        raise AssertionError(f"no link {text!r} within reach of the Tab key")

    follow("All rounds")
    community.wait(lambda: community.find("h1").text == "All rounds", "the list of rounds")
    follow("2026-W39")
    community.wait(lambda: "2026-W39" in community.find("h1").text, "the oldest round")
    assert "whether a show rose or fell cannot be told" in community.text()
    follow("2026-W40 →")
    community.wait(lambda: "2026-W40" in community.find("h1").text, "the round after it")
    follow("Newest round")
    community.wait(lambda: "2026-W46" in community.find("h1").text, "the newest round")


def test_every_link_leads_somewhere(community: Browser) -> None:
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        community.open(path)
        assert "there is nothing here" not in community.text(), path
        targets = {(link.get_attribute("href") or "").partition("#")[0] for link in community.all("a[href]")}
        for target in sorted(targets - {""}):
            assert target.startswith(f"{community.base}/"), target
            local = target.removeprefix(community.base)
            if local not in seen:
                seen.add(local)
                waiting.append(local)
    assert {f"/rounds/2026-W{week}.html" for week in range(39, 47)} <= seen
    assert {"/index.json", "/movement.json", "/trends.json", "/rounds.json", "/statistics/2026-W39.json"} <= seen


@pytest.fixture
def operator(visit: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The operator's view of an aggregator with 300 real participants, entered with the token."""
    here = aggregator_with_rounds(tmp_path, [2000, 2000])
    surveys = here.ask(TODAY)
    for number, survey in enumerate(surveys):
        crowd(tmp_path, survey, "top_shows", [Contribution(frozenset({3}), 5)] * 30, seed=number)
        crowd(tmp_path, survey, "volume", [Contribution(frozenset(), 5)] * 10, seed=number)
    broken = Datasite(here.site.datasites, "broken@example.org").app_data
    broken.mkdir(parents=True)
    (broken / "manifest.json").write_text("no manifest")
    here.run(TODAY)
    with at(visit, here) as browser:
        browser.open("/operator/")
        browser.find("#token").send_keys(TOKEN, Keys.ENTER)
        browser.wait(lambda: browser.all("dl.facts"), "the overview")
        yield browser


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_operator_pages_are_readable_for_everybody(operator: Browser, scheme: str, width: int) -> None:
    operator.look_like(scheme, width)
    for name, path in (
        ("overview", "/operator/"),
        ("survey", "/operator/survey"),
        ("wrong", "/operator/survey?odds=other&other_odds=x&list_length=1&k=99&questions=event_effect"),
        ("enter", "/operator/enter"),
    ):
        operator.open(path)
        operator.screenshot(f"operator/{name}-{scheme}-{width}")
        assert operator.accessibility_problems() == [], path
        assert operator.overflow() <= 0, path


def test_the_operator_sees_counts_and_no_address(operator: Browser) -> None:
    text = operator.text()
    assert "manifest" in text
    assert "30 of" in text
    assert "example.org" not in operator.driver.page_source


def test_a_plan_is_predicted_saved_and_taken_back_by_keyboard(operator: Browser, tmp_path: Path) -> None:
    operator.open("/operator/survey")
    assert "This is what is asked now." in operator.text()
    odds = operator.find("input[name=odds][value='8']")
    odds.send_keys(Keys.ARROW_DOWN)
    length = operator.find("input[name=list_length]")
    length.clear()
    length.send_keys("30", Keys.ENTER)
    operator.wait(lambda: "Most participants will not answer this" in operator.text(), "the prediction")
    assert "a suspicion of 10 % into one of 86 % at most" in operator.text()
    operator.screenshot("operator/predicted")
    operator.find("form[method=post][action$='/survey'] button").send_keys(Keys.ENTER)
    operator.wait(lambda: operator.all("[role=status]"), "the confirmation")
    assert "Saved: from round 2026-W47 on" in operator.text()
    plan = read_plan(tmp_path / "own")
    assert plan is not None
    assert (plan.odds, plan.list_length) == (55, 30)
    operator.open("/operator/survey")
    operator.find("form[action$='/reset'] button").send_keys(Keys.ENTER)
    operator.wait(lambda: "The settings count again" in operator.text(), "the confirmation")
    assert read_plan(tmp_path / "own") is None


def test_leaving_ends_the_session_and_the_token_does_not_work_again(operator: Browser) -> None:
    operator.find("form[action$='/leave'] button").click()
    operator.wait(lambda: "The token was used" in operator.text(), "the way in, closed")
    operator.open("/operator/survey")
    assert operator.driver.current_url.endswith("/operator/enter")
