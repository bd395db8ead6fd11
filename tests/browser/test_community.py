"""The community page and the operator's view in a real browser: light and dark, phone and desktop, by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from selenium.webdriver.common.keys import Keys

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.settings import load_settings
from netflix_trend.simulation.population import watched
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import LocalPlan, read_plan
from services.aggregator.web import create_app
from tests.browser.browser import WIDTHS, Browser, require_chromium
from tests.browser.serving import serving
from tests.services.aggregator.people import AGGREGATOR, crowd
from tests.services.aggregator.simulated_rounds import TODAY, aggregator_with_rounds

TOKEN = "a-token-for-tests-only-0123456789"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=http://elsewhere.example/x>",
    "=HYPERLINK(1)",
    "\u202eevil",
    "x" * 290,
)
LOOKS = [(width, scheme) for width in WIDTHS for scheme in ("light", "dark")]
EVERY_LOOK = pytest.mark.parametrize("browser", LOOKS, indirect=True, ids="-".join)
# Colours depend on the scheme, all else that axe-core looks at on the width, so two looks show it everything.
AXE_IN = [("phone", "dark"), ("desktop", "light")]


def chart(length: int) -> AskedChart:
    """An invented chart: the n-th show has one n-th of the first one's views."""
    views = tuple(12_000_000 // rank for rank in range(1, length + 1))
    return AskedChart(week="2026-W45", source="an invented chart", length=length, views=views)


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    """Eight rounds, three of them with a question about life events, and a hostile catalogue's first titles."""
    root = tmp_path_factory.mktemp("rounds")
    return aggregator_with_rounds(root, [4000, 4500, 5000, 6000, 7000, 8000, 8000, 8000], chart=chart(20))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    titles = [*HOSTILE, *(f"Show {number}" for number in range(50))]
    vocabulary = Vocabulary.build([CatalogueTitle(title=title, kind="series") for title in titles])
    return aggregator_with_rounds(tmp_path_factory.mktemp("hostile"), [8000, 8000], vocabulary, chart=chart(10))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    """Numbers with as many digits as there can be."""
    return aggregator_with_rounds(tmp_path_factory.mktemp("many"), [4_000_000] * 3, chart=chart(20))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    return aggregator_with_rounds(tmp_path_factory.mktemp("empty"), [])


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Aggregator:
    """Five friends: too few for anything."""
    return aggregator_with_rounds(tmp_path_factory.mktemp("few"), [24, 24], chart=chart(20))


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Browser]]:
    """A window of a width and a scheme: one Chromium each, started when it is first needed."""
    require_chromium()
    opened: dict[tuple[str, str], Browser] = {}

    def window(width: str, scheme: str) -> Browser:
        if (width, scheme) not in opened:
            opened[width, scheme] = Browser.open("", width, scheme, tmp_path_factory.mktemp("chromium"))
        return opened[width, scheme]

    yield window
    for browser in opened.values():
        browser.driver.quit()


@pytest.fixture
def browser(windows: Callable[[str, str], Browser], request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A window that nobody has used yet; a page that did anything wrong fails the test, whatever the test looks at."""
    browser = windows(*getattr(request, "param", ("desktop", "light")))
    browser.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.forget()
    yield browser
    browser.check()


@contextmanager
def at(browser: Browser, here: Aggregator) -> Iterator[Browser]:
    """Let the browser look at an aggregator's site, served on a free port."""
    settings = load_settings(datasites_dir=here.site.datasites, aggregator_dir=here.own, operator_token=TOKEN)
    with serving(create_app(settings, lambda: True, lambda: TODAY)) as browser.address:
        yield browser


def shows(browser: Browser, text: str) -> bool:
    """Return whether a person can read `text` on the page, blanks folded."""
    return text in " ".join(browser.text().split())


def fits(browser: Browser) -> bool:
    """Return whether the page is no wider than the window."""
    return bool(browser.driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"))


def press(browser: Browser, key: str) -> None:
    """Press a key, wherever the focus is."""
    browser.driver.switch_to.active_element.send_keys(key)


@pytest.fixture
def community(browser: Browser, rounds: Aggregator) -> Iterator[Browser]:
    with at(browser, rounds):
        yield browser


def named(path: str) -> str:
    """Return a screenshot's name for a page."""
    return path.strip("/").removesuffix(".html").replace("/", "-") or "index"


@EVERY_LOOK
@pytest.mark.parametrize(
    "path", ["/", "/4-weeks.html", "/13-weeks.html", "/years/2026.html", "/rounds.html", "/rounds/2026-W42.html"]
)
def test_pages_are_readable_for_everybody(community: Browser, path: str) -> None:
    community.get(path)
    community.screenshot(f"community-{named(path)}")
    if community.name in map("-".join, AXE_IN):
        assert community.violations() == []
    assert fits(community)
    assert len(community.all("svg[role=img] > title")) == len(community.all("svg:not([aria-hidden=true])"))
    assert cut_or_covered_labels(community) == []


@pytest.mark.parametrize("browser", [("phone", "light"), ("phone", "dark")], indirect=True, ids="-".join)
@pytest.mark.parametrize("which", ["rounds", "few", "many"])
def test_a_phone_scrolls_little(browser: Browser, request: pytest.FixtureRequest, which: str) -> None:
    """The newest week, with nothing unfolded, is at most three screens and a half of a phone."""
    with at(browser, request.getfixturevalue(which)):
        browser.get("/")
        height = browser.driver.execute_script("return document.documentElement.scrollHeight")
        assert 1000 < height < 2500
        assert len(browser.all("main ul.shows > li summary")) > 0


@pytest.mark.parametrize("browser", [("phone", "light")], indirect=True, ids="-".join)
def test_the_list_of_all_weeks_is_not_cut_on_a_phone_and_stays_a_table(community: Browser) -> None:
    community.get("/rounds.html")
    table = community.find("main table.blocks")
    region = table.find_element("xpath", "..")
    assert int(str(region.get_property("scrollWidth"))) <= int(str(region.get_property("clientWidth")))
    roles = {one.aria_role for one in table.find_elements("css selector", "tbody, tr, th, td")}
    assert roles == {"rowgroup", "row", "columnheader", "rowheader", "cell"}
    assert len(table.find_elements("css selector", "tbody tr")) == 8


def test_the_bars_stand_beside_the_list_on_a_desk_and_below_it_on_a_phone(
    windows: Callable[[str, str], Browser], rounds: Aggregator
) -> None:
    for width, is_beside in (("desktop", True), ("phone", False)):
        browser = windows(width, "light")
        with at(browser, rounds):
            browser.get("/")
            row = browser.find("ul.shows > li summary")
            name, line = (row.find_element("css selector", one).rect for one in (".name", ".line"))
            assert (line["x"] > name["x"] + name["width"]) is is_beside
            assert (line["y"] > name["y"] + name["height"] / 2) is not is_beside


@pytest.mark.parametrize("browser", [("phone", "light")], indirect=True, ids="-".join)
def test_a_row_unfolds_and_windows_are_links(browser: Browser, rounds: Aggregator) -> None:
    with at(browser, rounds):
        browser.get("/")
        assert not shows(browser, "People who named it:")
        browser.find("ul.shows > li summary").click()
        browser.wait(lambda: shows(browser, "People who named it:"))
        assert shows(browser, "9 to 15 November 2026")
        browser.find(".tabs a[href='4-weeks.html']").click()
        browser.wait(lambda: shows(browser, "19 October to 15 November 2026"))
        assert browser.find(".tabs a[aria-current=page]").text == "4 weeks"


@pytest.mark.parametrize("browser", [("phone", "light"), ("desktop", "light")], indirect=True, ids="-".join)
@pytest.mark.parametrize("path", ["/", "/years/2026.html"])
def test_no_title_of_a_list_is_cut_in_any_font(browser: Browser, hostile: Aggregator, path: str) -> None:
    with at(browser, hostile):
        browser.get(path)
        for font in ("monospace", "bold"):
            write_in(browser, ".shows *", font)
            cut = browser.driver.execute_script(
                """return [...document.querySelectorAll('.shows .name, .shows .figure')]
                     .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1
                       && getComputedStyle(one).overflow !== 'visible').map((one) => one.textContent)"""
            )
            assert cut == [], font
            assert fits(browser), font


def cut_or_covered_labels(browser: Browser) -> list[str]:
    """Return the labels of charts that a reader cannot read whole: beyond the picture's edge, over another label, or
    HTML that is higher than its place. A title may end with the browser's own ellipsis, the table has all of it.
    """
    return list(
        browser.driver.execute_script(
            """const found = [];
            for (const svg of document.querySelectorAll('svg.chart')) {
              const whole = svg.getBoundingClientRect();
              const labels = [...svg.querySelectorAll('text, .label')];
              const boxes = labels.map((one) => one.getBoundingClientRect());
              labels.forEach((one, place) => {
                const box = boxes[place], said = one.textContent;
                if (box.left < whole.left - 1 || box.right > whole.right + 1) found.push(`beside the picture: ${said}`);
                if (box.top < whole.top - 1 || box.bottom > whole.bottom + 1) found.push(`above or below it: ${said}`);
                const frame = one.closest('foreignObject')?.getBoundingClientRect();
                if (frame && (box.top < frame.top - 1 || box.bottom > frame.bottom + 1)) found.push(`cut: ${said}`);
                boxes.slice(place + 1).forEach((other, later) => {
                  const isApart = box.right <= other.left + 1 || other.right <= box.left + 1
                    || box.bottom <= other.top + 1 || other.bottom <= box.top + 1;
                  if (!isApart) found.push(`${said} over ${labels[place + 1 + later].textContent}`);
                });
              });
            }
            return found;"""
        )
    )


# Fonts of other machines are wider, taller or both than those here; what stands in for them is drawn from any font.
OTHER_FONTS = {
    "monospace": {"fontFamily": "monospace"},
    "serif": {"fontFamily": "serif"},
    "wide": {"fontFamily": "monospace", "letterSpacing": ".12em"},
    "bold": {"fontWeight": "900", "letterSpacing": ".05em"},
}


def write_in(browser: Browser, css: str, font: str) -> None:
    """Write elements in another font, and in no earlier one."""
    browser.driver.execute_script(
        """for (const one of document.querySelectorAll(arguments[0])) {
             Object.assign(one.style, {fontFamily: "", fontWeight: "", letterSpacing: ""}, arguments[1]);
           }""",
        css,
        OTHER_FONTS[font],
    )


@pytest.mark.parametrize("browser", [("phone", "light"), ("desktop", "light")], indirect=True, ids="-".join)
@pytest.mark.parametrize("which", ["rounds", "hostile", "few", "many"])
def test_labels_are_whole_and_apart_in_any_font(browser: Browser, request: pytest.FixtureRequest, which: str) -> None:
    with at(browser, request.getfixturevalue(which)):
        browser.get("/")
        assert browser.all("svg.chart")
        for font in OTHER_FONTS:
            write_in(browser, ".chart text, .chart .label", font)
            assert cut_or_covered_labels(browser) == [], font


@pytest.mark.parametrize("browser", [("desktop", "light"), ("phone", "dark")], indirect=True, ids="-".join)
@pytest.mark.parametrize("which", ["hostile", "empty", "few"])
def test_hostile_titles_and_too_few_people_are_shown_harmlessly(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    with at(browser, request.getfixturevalue(which)):
        for path in ("/", "/rounds.html"):
            browser.get(path)
            browser.screenshot(f"community-{which}-{named(path)}")
            assert browser.violations() == []
            assert fits(browser)
            assert browser.all("img, script, iframe, object") == []


def test_too_few_people_are_told_how_many_it_takes(browser: Browser, few: Aggregator) -> None:
    with at(browser, few):
        browser.get("/")
        for summary in browser.all("details:not([open]) > summary"):
            browser.driver.execute_script("arguments[0].parentElement.open = true", summary)
        assert shows(
            browser,
            "for number 1 of the chart, named by 4 % of people, to be clear; there are 24 participants (4 answers).",
        )
        assert shows(browser, "2 answers of 24 participants are too few")
        assert shows(browser, "24 (4) not yet")


def test_hostile_titles_are_text(browser: Browser, hostile: Aggregator) -> None:
    with at(browser, hostile):
        browser.get("/")
        assert shows(browser, HOSTILE[0])


def test_the_history_can_be_navigated_by_keyboard(community: Browser) -> None:
    """Skip link, all rounds, the oldest round, the next one, back to the newest: Tab and Enter only."""
    community.get("/")
    press(community, Keys.TAB)
    assert community.driver.switch_to.active_element.text == "Skip to the results"

    def follow(text: str) -> None:
        for _ in range(120):
            active = community.driver.switch_to.active_element
            if active.text == text:
                active.send_keys(Keys.ENTER)
                return
            press(community, Keys.TAB)
        raise AssertionError(f"no link {text!r} within reach of the Tab key")

    follow("All weeks")
    community.wait(lambda: shows(community, "Newest first."))
    follow("21 to 27 September 2026")
    community.wait(lambda: shows(community, "Week 2026-W39."))
    follow("What clear, unclear and noise mean")
    community.wait(lambda: shows(community, "whether a show rose or fell is unclear"))
    follow("28 September to 4 October 2026 →")
    community.wait(lambda: shows(community, "Week 2026-W40."))
    follow("Newest")
    community.wait(lambda: shows(community, "Week 2026-W46."))


def test_every_link_leads_somewhere(community: Browser) -> None:
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path.endswith((".png", ".svg")):
            # The page that Chromium makes around a picture has a style of its own, which the policy forbids.
            with urlopen(f"{community.address}{path}") as answer:
                assert answer.headers["Content-Type"].startswith("image/"), path
                assert answer.read(), path
            continue
        community.get(path)
        assert not shows(community, "there is nothing here"), path
        targets = {(link.get_attribute("href") or "").partition("#")[0] for link in community.all("a[href]")}
        for target in sorted(targets - {""}):
            assert target.startswith(f"{community.address}/"), target
            local = target.removeprefix(community.address)
            if local not in seen:
                seen.add(local)
                waiting.append(local)
    assert {f"/rounds/2026-W{week}.html" for week in range(39, 47)} <= seen
    assert {
        "/index.json",
        "/latest.json",
        "/movement.json",
        "/trends.json",
        "/rounds.json",
        "/statistics/2026-W39.json",
    } <= seen


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An aggregator with 300 real participants, which nobody changes."""
    root = tmp_path_factory.mktemp("answered")
    here = aggregator_with_rounds(root, [2000, 2000])
    surveys = here.ask(TODAY)
    for number, survey in enumerate(surveys):
        crowd(root, survey, "top_shows", [watched(frozenset({3}), 5)] * 30, seed=number)
        crowd(root, survey, "volume", [watched(frozenset(), 5)] * 10, seed=number)
    broken = Datasite(here.site.datasites, "broken@example.org").app_data
    broken.mkdir(parents=True)
    (broken / "manifest.json").write_text("no manifest")
    here.run(TODAY)
    return root


@pytest.fixture
def operator(browser: Browser, answered: Path, tmp_path: Path) -> Iterator[Browser]:
    """The operator's view of a copy of that aggregator, entered with the token."""
    shutil.copytree(answered, tmp_path, dirs_exist_ok=True)
    site = Datasite(tmp_path / "datasites", AGGREGATOR)
    with at(browser, Aggregator(site, tmp_path / "own", starter_vocabulary(), durable=False)):
        browser.get("/operator/")
        browser.find("#token").send_keys(TOKEN, Keys.ENTER)
        browser.wait(lambda: browser.all("dl.facts"))
        yield browser


@pytest.mark.parametrize("browser", AXE_IN, indirect=True, ids="-".join)
def test_operator_pages_are_readable_for_everybody(operator: Browser) -> None:
    for name, path in (
        ("overview", "/operator/"),
        ("survey", "/operator/survey"),
        ("wrong", "/operator/survey?odds=other&other_odds=x&list_length=1&k=99&questions=event_effect"),
        ("enter", "/operator/enter"),
    ):
        operator.get(path)
        operator.screenshot(f"operator-{name}")
        assert operator.violations() == [], path
        assert fits(operator), path


def test_the_operator_sees_counts_and_no_address(operator: Browser) -> None:
    assert shows(operator, "manifest")
    assert shows(operator, "30 of 30")
    assert "example.org" not in operator.driver.page_source


def test_a_plan_is_predicted_saved_and_taken_back_by_keyboard(operator: Browser, tmp_path: Path) -> None:
    operator.get("/operator/survey")
    assert shows(operator, "This is what is asked now.")
    odds = operator.find("input[name=odds][value='8']")
    odds.send_keys(Keys.ARROW_DOWN)
    length = operator.find("input[name=list_length]")
    length.clear()
    length.send_keys("30", Keys.ENTER)
    operator.wait(lambda: shows(operator, "Most participants will not answer this"))
    assert shows(operator, "a suspicion of 10 % into one of 86 % at most")
    operator.screenshot("operator-predicted")
    operator.find("form[method=post][action$='/survey'] button").send_keys(Keys.ENTER)
    operator.wait(lambda: shows(operator, "Saved: from round 2026-W47 on"))
    plan = read_plan(LocalPlan, tmp_path / "own")
    assert plan is not None
    assert (plan.odds, plan.list_length) == (55, 30)
    operator.get("/operator/survey")
    operator.find("form[action$='/reset'] button").send_keys(Keys.ENTER)
    operator.wait(lambda: shows(operator, "The settings are used again"))
    assert read_plan(LocalPlan, tmp_path / "own") is None


def test_leaving_ends_the_session_and_the_token_does_not_work_again(operator: Browser) -> None:
    operator.find("form[action$='/leave'] button").click()
    operator.wait(lambda: shows(operator, "The token was used"))
    operator.get("/operator/survey")
    assert operator.driver.current_url.endswith("/operator/enter")
