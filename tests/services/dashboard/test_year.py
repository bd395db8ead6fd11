"""The page Year in review, its picture, and the summary on the page Start."""

from __future__ import annotations

import html
import io
import re
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from netflix_trend.history.review_picture import SHAPES
from services.dashboard.start import Step
from services.dashboard.summary import all_set
from tests.netflix_trend.history.invented import activity, history
from tests.netflix_trend.history.test_review import SMALL
from tests.services.dashboard.household import household
from tests.services.dashboard.participant import Person

FILE = history(*SMALL)


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody with a view in 2024 and ten in 2025."""
    root = tmp_path_factory.mktemp("viewer")
    (root / "datasites").mkdir()
    person = Person(root, today=date(2026, 1, 15))
    person.upload(FILE, downloaded="2026-01-15")
    return person


def words(page: str) -> str:
    """Return a page as a reader meets it."""
    main = re.sub(r"<(script|title).*?</\1>", " ", page.partition("<main")[2], flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_a_year_says_what_was_watched(viewer: Person) -> None:
    page = viewer.page("/year/2025")
    said = words(page)
    for part in (
        "Your year in review 2025 10 views at least, on 5 days",
        "Nobody Farm your most watched show, with 5 episodes, before Ozark",
        "2 days in a row your longest streak, 28 February to 1 March 2025",
        "Invented Film 3 March 2025",
        "1 show was new to you: Nobody Farm.",
        "You have not come back to 1 show since: Nobody Farm.",
        "It began on 28 February 2025 with Nobody Farm: Season 1: A.",
        "NetflixViewingHistory.csv keeps only the last view of a title",
        "Most in March 2025: 7 views.",
    ):
        assert part in said, part
    assert 'aria-current="true">Year in review' in page
    # Without a script the tables are there and open.
    assert page.count('<details open class="data">') == len(re.findall(r'id="\w+-option"', page)) == 3


def test_the_newest_year_comes_first_and_every_year_has_a_link(viewer: Person) -> None:
    page = viewer.page("/year")
    assert "2025" in words(page)
    assert re.findall(r'<a href="/year/(\d+)"', page) == ["2025", "2024"]


def test_two_days_choose_a_range_in_any_order(viewer: Person) -> None:
    answer = viewer.get("/year?from=2025-03-31&to=2025-03-01")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/year/2025-03-01/2025-03-31")
    assert "Your review 1 to 31 March 2025 7 views" in words(viewer.page("/year/2025-03-01/2025-03-31"))
    # A whole year has one address.
    assert viewer.get("/year?from=2025-01-01&to=2025-12-31").headers["Location"] == "/year/2025"


def test_a_year_and_a_range_without_views_say_so_and_have_no_picture(viewer: Person) -> None:
    for address in ("/year/2019", "/year/2025-05-01/2025-05-31", "/year/0001-01-01/1999-12-31"):
        page = viewer.page(address)
        assert "You watched nothing on these days." in words(page)
        assert "chart-card" not in page
        for missing in (f"{address}/picture", f"{address}/picture.png", f"{address}/picture.svg"):
            assert viewer.get(missing).status_code == 404


def test_all_of_a_history_is_a_range_too(viewer: Person) -> None:
    assert "11 views" in words(viewer.page("/year/0001-01-01/9999-12-31"))


@pytest.mark.parametrize(
    "address", ["/year/0", "/year/10000", "/year/abc", "/year/2025-02-30/2025-03-01", "/year/x/y", "/year?from=a&to=b"]
)
def test_what_is_no_day_is_no_page(viewer: Person, address: str) -> None:
    assert viewer.get(address).status_code == 404


def test_somebody_without_a_history_is_led_to_the_upload(newcomer: Person) -> None:
    for address in ("/year", "/year/2025"):
        assert 'href="/#bring"' in newcomer.page(address)
    assert newcomer.get("/year/2025/picture").status_code == 404


def test_the_archive_has_hours_and_no_warning(newcomer: Person) -> None:
    rows = [("Ann", f"2025-03-{day:02} 20:00:00", "01:30:00", f"Film {day}") for day in range(1, 5)]
    newcomer.bring(activity(*rows).decode(), "ViewingActivity.csv")
    said = words(newcomer.page("/year/2025"))
    assert "2025 6 hours on 4 days" in said
    assert "Most often from 20:00 to 21:00." in said
    assert "at least" not in said
    assert "lower bounds" not in said


def test_titles_are_text_and_nothing_else(newcomer: Person) -> None:
    evil = [(f"<img src=x onerror=alert(1)>: Season 1: E{n}", "2025-03-01") for n in range(4)]
    newcomer.bring(history(*evil, ("</script><b>Film", "2025-03-02")).decode())
    for address in ("/", "/year/2025", "/year/2025/picture"):
        page = newcomer.page(address)
        assert "<img src=x" not in page
        assert "</script><b>" not in page
    svg = newcomer.get("/year/2025/picture.svg").text
    assert "<img" not in svg
    assert "&lt;img src=x" in svg


# The picture


def test_the_picture_page_says_what_it_tells_before_it_is_saved(viewer: Person) -> None:
    page = viewer.page("/year/2025/picture")
    said = words(page)
    assert said.index("What it tells whoever sees it") < said.index("Save as PNG")
    assert "The names of 2 shows, and how many episodes of each you watched: Nobody Farm and Ozark." in said
    (preview,) = re.findall(r'<img src="([^"]+)"', page)
    (save,) = re.findall(r'<a class="button" href="([^"]+)" download', page)
    for address, is_saved in ((preview, False), (save, True)):
        answer = viewer.get(html.unescape(address))
        assert (answer.status_code, answer.content_type) == (200, "image/png")
        assert ("Content-Disposition" in answer.headers) is is_saved
    assert html.unescape(save) == f"{html.unescape(preview)}&save=yes"


def test_numbers_only_name_nothing(viewer: Person) -> None:
    page = viewer.page("/year/2025/picture?titles=no&shape=wide&format=svg")
    said = words(page)
    assert "Nobody Farm" not in said
    assert "Save as SVG" in said
    svg = viewer.get("/year/2025/picture.svg?titles=no&shape=wide").text
    assert "Nobody Farm" not in svg
    assert "Invented" not in svg


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_file_is_saved_under_a_name_that_says_what_it_is(viewer: Person, shape: str, kind: str) -> None:
    answer = viewer.get(f"/year/2025/picture.{kind}?shape={shape}&save=yes")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="netflix-trend-2025-{shape}.{kind}"'
    if kind == "png":
        with Image.open(io.BytesIO(answer.data)) as image:
            assert image.size == SHAPES[shape]
    else:
        assert f'width="{SHAPES[shape][0]}" height="{SHAPES[shape][1]}"' in answer.text
    ranged = viewer.get(f"/year/2025-03-01/2025-03-31/picture.{kind}?shape={shape}&save=yes")
    assert "netflix-trend-2025-03-01-to-2025-03-31" in ranged.headers["Content-Disposition"]


def test_an_unknown_choice_is_the_usual_picture_and_an_unknown_kind_is_none(viewer: Person) -> None:
    assert viewer.get("/year/2025/picture.png?shape=x&titles=x").data == viewer.get("/year/2025/picture.png").data
    assert viewer.get("/year/2025/picture.gif").status_code == 404
    assert 'value="story" checked' in viewer.page("/year/2025/picture?shape=../../etc&format=exe")


# The summary on Start


def test_after_an_upload_the_results_come_first(newcomer: Person) -> None:
    assert 'id="summary"' not in newcomer.page("/")
    page = newcomer.upload(FILE.replace(b"2024-01-02", b"2025-01-02"))
    said = words(page)
    place = said.index("Your last twelve months")
    assert "2 January to 31 December 2025" in said[place : place + 100]
    assert "11 views at least, on 6 days" in said[place:]
    assert place < said.index("Get the file from Netflix")
    statements = re.findall(r'<li class="statement about-(\w+)"', page)
    assert statements == ["amount", "shows", "films", "streak", "binge", "busiest"]
    assert 'href="/year/2025"' in page
    assert 'href="/viewing"' in page


def test_steps_are_one_line_when_all_are_done() -> None:
    done, later = (Step("Add", "done", ""), Step("Look", "done", "")), Step("Decide", "next", "")
    assert all_set(done) == "All set: Add · Look"
    assert all_set((*done, later)) == ""


def test_somebody_who_has_done_everything_sees_the_steps_folded(person: Person) -> None:
    page = person.page("/")
    states = re.findall(r'<span class="state">(\w+)</span>', page)
    assert ('<details class="all-set">' in page) is (set(states) == {"done"})
    assert len(states) == 4


def test_a_household_reviews_each_profile(tmp_path: Path) -> None:
    """The choice stays: in links to other years and days, to the picture and back; Start leads to each profile's."""
    person = household(tmp_path)
    everybody = person.page("/year/2024")
    options = dict(re.findall(r'<option value="(me/[^"]+)">([^<]+)</option>', everybody))
    ann = next(value for value, label in options.items() if label == "Ann")
    chosen = f"profile={quote(ann, safe='')}"
    page = person.page(f"/year/2024?{chosen}")
    assert "Profile: Ann" in page
    assert 'class="chip" href="/year/2024"' in page
    assert words(everybody) != words(page)
    for part in (f"/year/2023?{chosen}", f"/year/2024/picture?{chosen}", f"&amp;{chosen}"):
        assert f'{part}"' in page, part
    picture = html.unescape(person.page(f"/year/2024/picture?{chosen}"))
    assert f'name="profile" value="{ann}"' in picture
    preview = next(one for one in re.findall(r'src="([^"]+)"', picture) if "picture." in one)
    assert preview.endswith(chosen)
    one, all_of_them = (person.get(path).data for path in (preview, preview.removesuffix(f"&{chosen}")))
    assert one.startswith(b"\x89PNG")
    assert one != all_of_them
    moved = person.get(f"/year?from=2024-01-01&to=2024-03-31&{chosen}")
    assert moved.headers["Location"] == f"/year/2024-01-01/2024-03-31?{chosen}"
    assert f'{chosen}"><bdi>Profile: Ann' in person.page("/")
    assert "Profile:" not in person.page("/year/2024?profile=me%2Fnobody")
