from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from netflix_trend.pictures import (
    Anchor,
    Box,
    Picture,
    Text,
    Weight,
    left_out,
    measured,
    missing,
    shortened,
    to_png,
    to_svg,
    wrapped,
)

INK = "#102030"
PAPER = "#fefefe"
SVG = "{http://www.w3.org/2000/svg}"
LONG = "The Extraordinarily Long Title of a Show that Nobody Can Remember: Part Two"


def picture(*shapes: Box | Text, width: int = 400, height: int = 200) -> Picture:
    return Picture(width, height, PAPER, shapes, "A year <in> pictures", "What a group & its people watched.")


def drawn(*shapes: Box | Text) -> Image.Image:
    return Image.open(io.BytesIO(to_png(picture(*shapes)))).convert("RGB")


def inked(image: Image.Image) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of everything that is darker than the paper."""
    return image.convert("L").point(lambda grey: 255 if grey < 200 else 0).getbbox()


def test_a_png_has_exactly_its_size_and_says_what_it_shows() -> None:
    image = Image.open(io.BytesIO(to_png(picture(width=1200, height=630))))
    assert image.size == (1200, 630)
    assert image.info == {"Title": "A year <in> pictures", "Description": "What a group & its people watched."}


def test_a_box_lies_where_it_says_in_both() -> None:
    box = Box(10, 20, 30, 40, INK)
    assert inked(drawn(box)) == (10, 20, 40, 60)
    rect = ElementTree.fromstring(to_svg(picture(box))).findall(f"{SVG}rect")[-1]
    assert [float(rect.get(name)) for name in ("x", "y", "width", "height")] == [10, 20, 30, 40]


@pytest.mark.parametrize("nothing", [Box(5, 5, 0, 10, INK), Box(5, 5, 10, -1, INK)])
def test_a_box_without_width_is_not_seen(nothing: Box) -> None:
    assert inked(drawn(nothing)) is None
    assert float(ElementTree.fromstring(to_svg(picture(nothing))).findall(f"{SVG}rect")[-1].get("width")) >= 0


@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("size", [11, 17.5, 40])
def test_the_png_keeps_the_measured_width(anchor: Anchor, weight: Weight, size: float) -> None:
    text = Text(200, 100, LONG, size, INK, anchor, weight, max_width=190)
    left, top, right, bottom = inked(drawn(text))
    starts = {"start": 200, "middle": 105, "end": 10}[anchor]
    assert left >= starts - 2
    assert right <= starts + 190 + 2
    assert top > 100 - size * 1.1
    assert bottom < 100 + size * 0.4
    assert right - left > 120, "it is shortened, not left out"


def test_the_svg_has_the_measured_width_and_loads_nothing() -> None:
    root = ElementTree.fromstring(to_svg(picture(Text(0, 50, "Dark & <light>", 20, INK))))
    (text,) = root.findall(f"{SVG}text")
    assert text.text == "Dark & <light>"
    assert float(text.get("textLength")) == pytest.approx(measured("Dark & <light>", 20), abs=0.01)
    assert not [name for element in root.iter() for name in element.attrib if "href" in name or "src" in name]


def test_a_width_grows_with_size_and_weight() -> None:
    assert measured("Dark", 40) == pytest.approx(2 * measured("Dark", 20))
    assert measured("Dark", 20, "bold") > measured("Dark", 20)
    assert measured("", 20) == 0


@pytest.mark.parametrize("width", [0, 5, 30, 100, 250, 10_000])
def test_a_text_is_shortened_to_what_fits(width: float) -> None:
    short = shortened(LONG, 20, width)
    assert measured(short, 20) <= width
    assert short == LONG or short.endswith("…") or width < measured("…", 20)
    assert LONG.startswith(short.removesuffix("…"))


def test_as_much_as_fits_is_kept() -> None:
    short = shortened("m" * 50, 20, 200)
    assert measured(f"m{short}", 20) > 200


def test_lines_break_between_words() -> None:
    lines = wrapped(LONG, 20, 250, 2)
    assert len(lines) == 2
    assert all(measured(line, 20) <= 250 for line in lines)
    assert LONG.startswith(lines[0])
    assert lines[1].endswith("…")
    assert wrapped(LONG, 20, 10_000, 3) == [LONG]
    assert wrapped("", 20, 100, 3) == []


@pytest.mark.parametrize("text", ["Größe", "İçerde şığ", "Ação", "España", "Жизнь", "Ωmega", "½ – 50 % • “x”…"])
def test_the_font_has_the_letters_of_many_languages(text: str) -> None:
    assert not missing(text)


@pytest.mark.parametrize("text", ["三体", "مسلسل", "오징어 게임", "Love ☺"])
def test_letters_that_the_font_lacks_are_left_to_the_svg(text: str) -> None:
    assert missing(text)
    shape = Text(20, 100, text, 30, INK)
    assert left_out(picture(shape, Text(0, 20, "Dark", 10, INK))) == (text,)
    assert inked(drawn(shape)) is None, "a PNG shows no boxes"
    assert text in to_svg(picture(shape))
    assert "textLength" not in to_svg(picture(shape))
    assert measured(shortened(text * 9, 30, 100), 30) <= 100


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "a\x1bb", "a\u202eb"])
def test_what_no_picture_can_hold_is_dropped(text: str) -> None:
    shape = Text(0, 50, text, 20, INK)
    assert ElementTree.fromstring(to_svg(picture(shape))).findall(f"{SVG}text")[0].text == "ab"
    assert to_png(picture(shape)) == to_png(picture(Text(0, 50, "ab", 20, INK)))


def test_a_colour_is_no_way_into_the_svg() -> None:
    with pytest.raises(ValueError, match="expected a colour"):
        to_svg(picture(Box(0, 0, 1, 1, 'red"/><script/>')))
    with pytest.raises(ValueError, match="expected a colour"):
        to_png(picture(Text(0, 0, "a", 1, "red")))
