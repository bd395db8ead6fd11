"""Titles, shows and profiles on pages: search, order, pages, filters, and every table as a file."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from pathlib import Path

import pytest

from netflix_trend.history.insights import INSIGHTS
from netflix_trend.history.listing import COLUMNS
from services.dashboard.table_files import show_address
from services.dashboard.titles import PAGE_ROWS
from tests.services.dashboard.household import FORMULA, MANY, MARKUP, household
from tests.services.dashboard.participant import HISTORY, Person

OZARK = show_address("Ozark", {})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Nobody changes it."""
    return household(tmp_path_factory.mktemp("household"))


def first_cells(page: str, caption: str) -> list[str]:
    """Return the first cell of each row of a table."""
    (body,) = re.findall(rf"<caption[^>]*>{caption}</caption>.*?<tbody>(.*?)</tbody>", page, re.DOTALL)
    return [unescape(re.sub("<.*?>", "", row)) for row in re.findall(r"<tr><td[^>]*>(.*?)</td>", body)]


def links(page: str) -> set[str]:
    return {unescape(address) for address in re.findall(r'href="(/[^"]*)"', page)}


def value_of(page: str, label: str) -> str:
    """Return the value of an option by what people read."""
    (value,) = re.findall(rf'<option value="([^"]*)"[^>]*>{re.escape(label)}</option>', page)
    return unescape(value)


def read_csv(person: Person, address: str) -> list[dict[str, str]]:
    response = person.get(address)
    assert response.status_code == 200
    assert response.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))


def test_before_an_import_the_pages_say_what_to_do(newcomer: Person) -> None:
    for path in ("/titles", "/profiles", "/viewing"):
        assert "Nothing was imported yet." in newcomer.page(path)
        assert newcomer.get(f"{path}?format=csv&table=by_month").status_code == 404
    assert newcomer.get(OZARK).status_code == 404


def test_the_lists_have_everything_the_newest_first(home: Person) -> None:
    shows = home.page("/titles")
    assert first_cells(shows, "Shows you watched") == ["Peppa Pig", "Ozark", MARKUP, "Long Show"]
    assert "<b>Bold" not in shows
    assert {OZARK, "/titles?tab=films", "/titles?tab=views"} <= links(shows)
    films = home.page("/titles?tab=films")
    assert first_cells(films, "Films you watched") == ["Roma", "Bird Box", FORMULA]
    assert "4 January 2024" in films
    views = home.page("/titles?tab=views")
    assert first_cells(views, "All your views")[:2] == ["10 January 2024", "9 January 2024"]
    assert "(Episode 1)" in views


def test_a_list_is_sorted_by_every_column_and_turned(home: Person) -> None:
    assert first_cells(home.page("/titles?sort=show"), "Shows you watched")[-1] == "Peppa Pig"
    turned = home.page("/titles?sort=-show")
    assert first_cells(turned, "Shows you watched")[0] == "Peppa Pig"
    assert 'aria-sort="descending"><a href="/titles?sort=show"' in turned
    for tab in ("shows", "films", "views"):
        for column in COLUMNS[tab]:
            home.page(f"/titles?tab={tab}&sort={column}")
    usual = first_cells(home.page("/titles"), "Shows you watched")
    for unknown in ("secret", "-", "views; drop table chosen", "9" * 300):
        assert first_cells(home.page(f"/titles?sort={unknown}"), "Shows you watched") == usual


def test_a_long_list_comes_in_pages_that_are_linked(home: Person) -> None:
    seen, address, pages = [], "/titles?tab=views&q=long&sort=title", 0
    while address:
        page = home.page(address)
        pages += 1
        titles = re.findall(r"Long Show: Season 1: Part (\d+)", re.sub("<script.*?</script>", "", page))
        assert len(titles) <= PAGE_ROWS
        seen += titles
        assert f"Page {pages} of 3" in page
        found = re.search(r'href="([^"]*)" rel="next"', page)
        address = unescape(found[1]) if found else ""
    assert (pages, seen) == (3, [f"{number:03}" for number in range(MANY)])
    last = home.page("/titles?tab=views&q=long&page=999999999")
    assert "Page 3 of 3" in last
    for odd in ("0", "-1", "x", "²", "9" * 40):
        assert "Page 1 of 3" in home.page(f"/titles?tab=views&q=long&page={odd}")


def test_words_are_searched_and_the_first_list_with_a_match_is_shown(home: Person) -> None:
    assert first_cells(home.page("/titles?q=OZARK"), "Shows you watched") == ["Ozark"]
    assert first_cells(home.page("/titles?q=rom"), "Films you watched") == ["Roma"]
    assert len(first_cells(home.page("/titles?q=blue+cat"), "All your views")) == 1
    assert first_cells(home.page("/titles?q=%3Cb%3Ebold"), "Shows you watched") == [MARKUP]
    nothing = home.page('/titles?q="><script>alert(1)</script>')
    assert "Nothing matches." in nothing
    assert "<script>alert" not in nothing
    assert 'value="ozark"' in home.page("/titles?q=ozark")


def test_filters_are_kept_in_the_address_and_can_be_removed(home: Person) -> None:
    ann = value_of(home.page("/titles"), "Ann")
    page = home.page(f"/titles?q=ozark&profile={ann}&device=TV&from=2024-01-01&to=2024-01-02")
    assert first_cells(page, "Shows you watched") == ["Ozark"]
    chips = re.findall(r'class="chip" href="([^"]*)"><bdi>(.*?)</bdi>', page)
    assert [text for _, text in chips] == ["1 January 2024 to 2 January 2024", "Profile: Ann", "Device: TV"]
    for address, _ in chips:
        fewer = home.page(unescape(address))
        assert len(re.findall('class="chip"', fewer)) == 2
        assert 'value="ozark"' in fewer
    assert home.form(f"/titles?q=ozark&profile={ann}&device=TV", "/titles") == {
        "q": ["ozark"],
        "profile": [ann],
        "device": ["TV"],
        "from": ["2023-03-01"],
        "to": ["2024-01-10"],
    }
    # The show opens with the same filters, and the whole of it is one click away.
    (show,) = {link for link in links(page) if link.startswith(OZARK)}
    assert len(first_cells(home.page(show), "Episodes you watched")) == 2
    assert "sort" not in show


def test_what_is_unknown_filters_nothing(home: Person) -> None:
    usual = first_cells(home.page("/titles"), "Shows you watched")
    for odd in ("profile=me/0000", "profile=nobody", "device=Toaster", "from=x&to=y", "range=1999", "to=x%00"):
        assert first_cells(home.page(f"/titles?{odd}"), "Shows you watched") == usual, odd
    assert first_cells(home.page("/titles?from=2024-01-06"), "Shows you watched") == ["Peppa Pig"]
    assert "Long Show" in first_cells(home.page("/titles?to=2023-12-31"), "Shows you watched")


def test_my_viewing_is_narrowed_to_a_profile(home: Person) -> None:
    page = home.page("/viewing?range=all")
    oneil = value_of(page, "O&#39;Neil")
    narrowed = home.page(f"/viewing?range=all&profile={oneil}")
    assert first_cells(narrowed, "Shows with most episodes") == ["Ozark", "Peppa Pig"]
    assert any(link.startswith(f"{OZARK}?profile=me") for link in links(narrowed))
    assert first_cells(page, "The films you saw last") == ["Roma", "Bird Box", FORMULA]
    assert "lower bounds" in page
    assert "lower bounds" not in narrowed, "an account archive has every view"


def test_the_page_of_a_show_tells_when_how_many_and_who(home: Person) -> None:
    page = home.page(OZARK)
    assert dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)) == {
        "episodes": "3",
        "views": "4",
        "days with a view": "4",
        "seasons": "2",
        "hours": "3:45",
    }
    assert "First seen on 1 January 2024, last on 5 January 2024." in page
    assert first_cells(page, "Who watched it") == ["Ann", "O'Neil"]
    assert set(first_cells(page, "By season")) == {"Season 1", "Season 2"}
    assert len(first_cells(page, "Episodes you watched")) == 3
    long_show = home.page(show_address("Long Show", {}))
    assert first_cells(long_show, "Binges") == ["1 March 2023"]
    assert "Page 1 of 3" in long_show
    assert "You watched nothing of it with these filters." in home.page(f"{OZARK}?to=2023-12-31")
    assert home.get("/show/0000000000000000").status_code == 404
    assert "<b>Bold" not in home.page(show_address(MARKUP, {}))


def test_every_spelling_of_a_show_leads_to_its_page(newcomer: Person) -> None:
    newcomer.upload(HISTORY + '"Crime Zoo: Season 1: A","1/14/26"\n')
    newcomer.upload(HISTORY + '"CRIME  ZOO: Season 1: B","1/15/26"\n')
    assert show_address("Crime Zoo", {}) == show_address("CRIME  ZOO", {})
    assert len(first_cells(newcomer.page(show_address("crime zoo", {})), "Episodes you watched")) == 2


def test_profiles_are_side_by_side_as_far_as_they_count(home: Person) -> None:
    page = home.page("/profiles")
    assert re.findall(r"<h2 id=[^>]*><bdi>(.*?)</bdi>", page) == ["Cleo&#39;s", "Ann", "O&#39;Neil"]
    assert "The comparison with others is always one person" in page
    assert "1 view is from NetflixViewingHistory.csv" in page
    assert "Kids (1 row)" in page
    scales = {json.loads(text)["yAxis"]["max"] for text in re.findall(r'months-\d-option">(.*?)</script>', page)}
    assert scales == {MANY}, "one scale for all"
    rows = read_csv(home, "/profiles?format=csv&table=by_viewer&from=2024-01-01")
    assert [(row["stored"], row["profile"], row["views"]) for row in rows] == [
        ("Cleo's", "", "1"),
        ("me", "Ann", "4"),
        ("me", "O'Neil", "2"),
        ("me", "", "1"),
    ]
    assert "watched nothing on these days" in home.page("/profiles?from=2022-01-01&to=2022-01-02")


def test_one_person_has_no_selector_and_the_comparison_says_whose_it_is(home: Person, newcomer: Person) -> None:
    newcomer.upload(HISTORY + '"Roma","1/13/26"\n')
    assert 'name="profile"' not in newcomer.page("/titles")
    assert "always one person" not in newcomer.page("/others")
    assert len(re.findall(r"<h2 id=", newcomer.page("/profiles"))) == 1
    assert "always one person" in home.page("/others")
    assert "Effects are one person" in home.page("/events")
    assert "Effects are one person" not in newcomer.page("/events")


@pytest.mark.parametrize(
    "path", ["/titles", "/titles?tab=films", "/titles?tab=views", "/viewing?range=all", OZARK, "/profiles"]
)
def test_every_table_is_downloaded_as_both_files_with_the_same_rows(home: Person, path: str) -> None:
    files = {link for link in links(home.page(path)) if "format=csv" in link}
    assert files
    for address in files:
        rows = read_csv(home, address)
        response = home.get(address.replace("format=csv", "format=json"))
        assert response.content_type == "application/json"
        found = json.loads(response.data)["rows"]
        assert len(found) == len(rows)
        for row, of_csv in zip(found, rows, strict=True):
            assert list(row) == list(of_csv)
            for name, value in row.items():
                assert of_csv[name].removeprefix("'") == ("" if value is None else str(value))
        assert "attachment" in response.headers["Content-Disposition"]
        assert response.headers["Cache-Control"] == "no-store"


def test_a_file_has_all_rows_and_no_formula(home: Person) -> None:
    assert len(read_csv(home, "/titles?tab=views&q=long&format=csv&page=2")) == MANY
    assert len(read_csv(home, f"{show_address('Long Show', {})}?table=episodes&format=csv")) == MANY
    films = read_csv(home, "/titles?tab=films&format=csv&sort=film")
    assert [row["film"] for row in films] == [f"'{FORMULA}", "Bird Box", "Roma"]
    assert films[2]["dates"] == "2024-01-04, 2024-01-10"
    assert "Ozark" not in home.get(f"{OZARK}?table=episodes&format=csv").headers["Content-Disposition"]
    for insight in INSIGHTS:
        assert read_csv(home, f"/viewing?format=csv&table={insight.__name__}&range=all")


UNKNOWN = [
    *("/titles?format=xml", "/titles?format=csv&tab=secrets", "/viewing?format=csv", "/viewing?format=csv&table=views"),
    *(f"{OZARK}?format=csv", f"{OZARK}?format=pdf&table=binges", "/show/x?format=csv&table=binges"),
    "/profiles?format=csv",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_file_is_not_found(home: Person, path: str) -> None:
    assert home.get(path).status_code == 404


def test_lists_follow_an_import_and_an_exclusion(newcomer: Person, tmp_path: Path) -> None:
    newcomer.upload(HISTORY + '"Roma","1/13/26"\n"Okja","1/14/26"\n')
    assert first_cells(newcomer.page("/titles"), "Films you watched") == ["Okja", "Roma"]
    newcomer.done("/viewing/exclude", {"what": "title", "name": "Okja", "day": ""})
    assert first_cells(newcomer.page("/titles"), "Films you watched") == ["Roma"]
    assert "Okja" not in newcomer.get("/titles?tab=views&format=json").text
