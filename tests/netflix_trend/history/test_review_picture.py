"""The picture of a review: all of it inside, all of it disclosed, and no boxes in the place of letters."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import pytest
from PIL import Image

from netflix_trend.history.insights import open_profiles
from netflix_trend.history.review import Review, ShowSeen, review, year_days
from netflix_trend.history.review_picture import (
    FORMATS,
    SHAPES,
    Drawn,
    Format,
    Shape,
    disclosure_words,
    draw_review,
)
from netflix_trend.pictures import Box, Text, measured, missing, shortened
from netflix_trend.questions.words import shown
from tests.netflix_trend.history.invented import history
from tests.netflix_trend.history.test_insights import imported

FIXTURES = Path(__file__).parents[2] / "fixtures"
EXPORTS = sorted([*(FIXTURES / "exports").glob("*.csv"), *(FIXTURES / "exports_reported").glob("*.csv")])
LOOKS = [
    (cast("Shape", shape), cast("Format", file_format), titles)
    for shape, file_format, titles in itertools.product(SHAPES, FORMATS, (True, False))
]
EDGE = 0.51  # half a pixel of rounding


def texts(drawn: Drawn) -> list[tuple[Text, str, tuple[float, float, float, float]]]:
    """Return each text, what is drawn of it, and its left, top, right and bottom."""
    found = []
    for one in drawn.picture.shapes:
        if isinstance(one, Text):
            assert one.max_width is not None, f"{one.text!r} would never be shortened"
            said = shortened(one.text, one.size, one.max_width, one.weight)
            width = measured(said, one.size, one.weight)
            left = one.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[one.anchor]
            found.append((one, said, (left, one.y - 0.72 * one.size, left + width, one.y + 0.2 * one.size)))
    return found


def check_layout(drawn: Drawn, titles: set[str]) -> None:
    picture = drawn.picture
    for box in (one for one in picture.shapes if isinstance(one, Box)):
        assert min(box.x, box.y) >= -EDGE
        assert box.x + box.width <= picture.width + EDGE
        assert box.y + box.height <= picture.height + EDGE
    found = texts(drawn)
    for one, said, (left, top, right, bottom) in found:
        assert min(left, top) >= 0, one
        assert right <= picture.width, one
        assert bottom <= picture.height, one
        if said.endswith("…") and not one.text.endswith("…"):
            assert any(title in one.text or one.text in title for title in titles), f"cut: {said}"
    for (first, _said, a), (second, _other, b) in itertools.combinations(found, 2):
        is_apart = a[2] <= b[0] + EDGE or b[2] <= a[0] + EDGE or a[3] <= b[1] + EDGE or b[3] <= a[1] + EDGE
        assert is_apart, (first.text, second.text)


def names_in(found: Review) -> set[str]:
    return {shown(one.name, 80) for one in found.top_shows} | {shown(one.title, 60) for one in found.film_list}


def reviews(private: Path) -> Iterator[Review]:
    with open_profiles(private) as database:
        first, last = database.execute("select min(day), max(day) from seen").fetchall()[0]
        for year in range(first.year, last.year + 1) if first else ():
            yield review(database, *year_days(year))
        if first:
            yield review(database, first, last)
            yield review(database, first, first + timedelta(days=6))


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_no_text_leaves_its_place_in_any_year_of_any_export(tmp_path: Path, path: Path) -> None:
    imported(tmp_path, path.read_bytes(), received=date(2026, 1, 15))
    for found in reviews(tmp_path):
        for shape, file_format, titles in LOOKS:
            drawn = draw_review(found, shape, file_format, titles=titles)
            check_layout(drawn, names_in(found))
            if file_format == "png":
                assert not any(missing(one.text) for one, _said, _place in texts(drawn))


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Review:
    private = tmp_path_factory.mktemp("picture")
    shows = ["Nobody Farm", "진격의 거인", "Ozark"]
    rows = [
        (f"{show}: Season 1: E{number}", date(2025, 1 + number % 12, 3) if number > 3 else date(2025, 3, 4))
        for place, show in enumerate(shows)
        for number in range(20 - 5 * place)
    ]
    films = [("千と千尋の神隠し", date(2025, 5, 5)), ("Roma", date(2025, 6, 6)), ("Heat", date(2025, 6, 7))]
    imported(private, history(*rows, *films))
    with open_profiles(private) as database:
        return review(database, *year_days(2025))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_png_has_exactly_its_size(year: Review, shape: Shape) -> None:
    drawn = draw_review(year, shape, "png", titles=True)
    image = Image.open(io.BytesIO(drawn.to_file("png")))
    assert (image.format, image.size) == ("PNG", SHAPES[shape])
    assert image.convert("L").getextrema() == (
        image.convert("L").getextrema()[0],
        pytest.approx(250, abs=10),
    ), "white numbers on a dark ground"


@pytest.mark.parametrize("shape", SHAPES)
def test_an_svg_is_xml_of_its_size_that_loads_nothing(year: Review, shape: Shape) -> None:
    written = draw_review(year, shape, "svg", titles=True).to_file("svg").decode()
    root = ElementTree.fromstring(written)
    assert (int(root.get("width", "")), int(root.get("height", ""))) == SHAPES[shape]
    assert "http" not in written.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "<script" not in written
    assert "style" not in written


@pytest.mark.parametrize(("shape", "file_format", "titles"), LOOKS)
def test_what_is_drawn_is_what_is_disclosed(year: Review, shape: Shape, file_format: Format, titles: bool) -> None:
    drawn = draw_review(year, shape, file_format, titles=titles)
    said, written = " ".join(drawn.discloses), " ".join(one.text for one, _said, _place in texts(drawn))
    for name in names_in(year):
        is_drawn = name in written
        assert is_drawn is (name in said), name
        assert is_drawn is (titles and (file_format == "svg" or not missing(name))), name
    assert written.count("2025") == 1
    assert "2025" in drawn.discloses[0]
    assert drawn.picture.description == said
    assert year.binge is not None
    assert not any(month in written for month in ("January", "March")), "no day of a view"


def test_a_png_says_which_titles_it_leaves_out(year: Review) -> None:
    png, svg = (draw_review(year, "story", kind, titles=True) for kind in ("png", "svg"))
    assert png.left_out == ("진격의 거인", "千と千尋の神隠し")
    assert svg.left_out == ()
    assert "진격의 거인 and 千と千尋の神隠し" in disclosure_words(png)[-1]
    assert disclosure_words(svg)[-1].startswith("Nothing else")


def test_without_titles_no_format_differs(year: Review) -> None:
    png, svg = (draw_review(year, "wide", kind, titles=False) for kind in ("png", "svg"))
    assert (png.picture, png.discloses, png.left_out) == (svg.picture, svg.discloses, ())


HUGE = "W" * 300


@pytest.mark.parametrize(("shape", "file_format", "titles"), LOOKS)
def test_large_numbers_and_long_names_stay_inside(
    year: Review, shape: Shape, file_format: Format, titles: bool
) -> None:
    show = ShowSeen(HUGE, 1_234_567, 3, None, date(2025, 1, 1), date(2025, 1, 2), False, False)
    film = dataclasses.replace(year.film_list[-1], title=HUGE)
    huge = dataclasses.replace(
        year,
        views=12_345_678,
        active_days=3_652_059,
        films=1_234_567,
        shows=1_234_567,
        top_shows=(show,) * 5,
        film_list=(film,),
        streak=dataclasses.replace(year.streak, days=3_652_059) if year.streak else None,
    )
    check_layout(draw_review(huge, shape, file_format, titles=titles), names_in(huge))


@pytest.mark.parametrize(("shape", "file_format", "titles"), LOOKS)
def test_a_range_without_views_can_be_drawn(tmp_path: Path, shape: Shape, file_format: Format, titles: bool) -> None:
    imported(tmp_path, history(("Roma", "2024-02-29")))
    with open_profiles(tmp_path) as database:
        found = review(database, *year_days(2023))
    drawn = draw_review(found, shape, file_format, titles=titles)
    check_layout(drawn, set())
    assert "Roma" not in drawn.to_file("svg").decode()
