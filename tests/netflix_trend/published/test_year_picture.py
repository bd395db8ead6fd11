"""The picture of a year: everything inside its edges, every number with its interval, no letter as a box."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from netflix_trend.pictures import Box, Picture, Text, left_out, measured, shortened, to_png, to_svg
from netflix_trend.published.invented import INVENTED
from netflix_trend.published.wording import share_of_answers
from netflix_trend.published.year import YearStatistics, year_of
from netflix_trend.published.year_picture import HEIGHT, WIDTH, letters_in_words, png_of, year_picture
from netflix_trend.published.year_words import basis_in_words, changes_in_words, clear_shows, year_world_in_words
from netflix_trend.questions.top_shows.statistics import TopShows
from tests.netflix_trend.published.test_year import AS_CHARTED, FIRST, TITLES, round_of, top_shows
from tests.netflix_trend.published.test_year import measured as found_mean
from tests.services.aggregator.test_viewing import volume_of

LONG = "A Title That Goes On and On, and Then Some More: The Complete and Unabridged Story of Everything"


def renamed(shows: TopShows, titles: Sequence[str]) -> TopShows:
    names = dict(zip(TITLES, titles, strict=False))
    assert shows.world is not None
    world = [one.model_copy(update={"title": names.get(one.title, one.title)}) for one in shows.world.shows]
    return shows.model_copy(
        update={
            "shows": tuple(one.model_copy(update={"title": names.get(one.title, one.title)}) for one in shows.shows),
            "world": shows.world.model_copy(update={"shows": tuple(world)}),
        }
    )


def a_year(titles: Sequence[str] = (), people: int = 600) -> YearStatistics:
    """Ten weeks; the fourth show of the chart is watched three times as much as it says."""
    generator = np.random.default_rng(1)
    shares = AS_CHARTED.copy()
    shares[3] *= 3
    rounds = [
        round_of(
            FIRST + week,
            renamed(top_shows(shares, people, generator)[0], titles),
            volume_of(found_mean(8.0, generator)),
            reports=people,
        )
        for week in range(10)
    ]
    return year_of(rounds, 2026)


def texts(picture: Picture) -> list[Text]:
    return [shape for shape in picture.shapes if isinstance(shape, Text)]


@pytest.mark.parametrize("group", ["Our cinema club", LONG, "The group of aggregator@example.org"])
@pytest.mark.parametrize("titles", [(), (LONG, "W" * 60, "三体" * 30, "iiii", "Dark")])
@pytest.mark.parametrize("people", [10, 600, 20_000])
def test_nothing_reaches_beyond_the_picture_or_over_another_text(
    group: str, titles: Sequence[str], people: int
) -> None:
    picture = year_picture(a_year(titles, people), group)
    inside(picture)


def test_a_picture_of_invented_participants_says_so() -> None:
    year = a_year()
    picture = year_picture(year.model_copy(update={"invented": True}), "Us")
    assert INVENTED in " ".join(shape.text for shape in texts(picture))
    assert INVENTED in picture.description
    inside(picture)
    people = year_picture(year, "Us")
    assert "invented" not in " ".join([people.description, *(shape.text for shape in texts(people))])


def inside(picture: Picture) -> None:
    """Check that nothing reaches beyond a picture or over another text."""
    assert (picture.width, picture.height) == (WIDTH, HEIGHT) == (1200, 630)
    places = []
    for shape in picture.shapes:
        if isinstance(shape, Box):
            assert 0 <= shape.x <= shape.x + shape.width <= WIDTH + 0.01
            assert 0 <= shape.y <= shape.y + shape.height <= HEIGHT
            continue
        most = WIDTH if shape.max_width is None else shape.max_width
        text = shortened(shape.text, shape.size, most, shape.weight)
        width = measured(text, shape.size, shape.weight)
        left = shape.x - {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
        assert 0 <= left <= left + width <= WIDTH, shape
        assert shape.size < shape.y < HEIGHT - shape.size / 3
        places.append((left, left + width, shape.y - 0.7 * shape.size, shape.y, text))
    for number, one in enumerate(places):
        for other in places[number + 1 :]:
            apart = one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]
            assert apart, (one, other)


def test_every_share_has_its_interval_and_the_difference_to_the_world_is_named() -> None:
    year = a_year()
    said = [shape.text for shape in texts(year_picture(year, "Us"))]
    for show in clear_shows(year)[:5]:
        assert any(share_of_answers(show.share_lower, show.share_upper) in one for one in said), show.title
    assert f"titles a week ({year.viewing.lower:.1f} to {year.viewing.upper:.1f})" in said
    assert TITLES[3] in said
    assert TITLES[3] in year_world_in_words(year.world)
    assert basis_in_words(year).startswith("10 weeks with answers, 2 March to 10 May 2026. Up to 3,600 participants")
    assert changes_in_words(year).startswith("Whether any show rose or fell")


def test_too_few_answers_name_no_show() -> None:
    year = a_year(people=10)
    assert clear_shows(year) == []
    picture = year_picture(year, "Us")
    said = [shape.text for shape in texts(picture)]
    assert "No show is clear over the year yet." in " ".join(said)
    assert not set(said) & set(TITLES)


def test_letters_that_the_font_lacks_are_in_the_svg_and_named_in_the_png() -> None:
    picture = year_picture(a_year(["三体"]), "Us")
    assert set(left_out(picture)) == {"三体"}
    assert "三体" in to_svg(picture)
    assert "in other letters" in letters_in_words(picture)
    assert png_of(picture) != to_png(picture), "it says so instead of nothing"
    assert letters_in_words(year_picture(a_year(), "Us")) == ""
    assert Image.open(io.BytesIO(png_of(picture))).size == (1200, 630)
