"""Pictures to share: boxes and texts, written as SVG and as PNG from the same measures.

Both writers draw in Open Sans (`fonts/`), so that no machine's fonts change a picture: a text is measured with it, and
shortened to its `max_width` by measure. An SVG names the font and gives each text its measured width; letters that the
font lacks are drawn there by the viewer's fonts. A PNG leaves such a text out instead of drawing boxes (`left_out`).
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape, quoteattr

from netflix_trend.plain_text import printable

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Weight = Literal["normal", "bold"]
Anchor = Literal["start", "middle", "end"]

_FONTS: dict[Weight, Path] = {
    "normal": Path(__file__).parent / "fonts" / "OpenSans-Regular.ttf",
    "bold": Path(__file__).parent / "fonts" / "OpenSans-Bold.ttf",
}
# Widths are measured at this size and scaled, so that no size has rounding of its own.
_MEASURED_AT = 256
# No Unicode text has this code point: what a font draws for it is what it draws for every letter that it lacks.
_NO_LETTER = "\U0010ffff"
# A PNG is drawn so many times larger and reduced, for smooth corners and fractions of pixels.
_FINER = 2


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels from the upper left corner of the picture; `fill` is `#rrggbb`."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    radius: float = 0.0


@dataclass(frozen=True)
class Text:
    """One line of text; `y` is its baseline, and `x` its start, middle or end, as `anchor` says. All in pixels.

    A text wider than `max_width` is shortened and ends with an ellipsis.
    """

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: Anchor = "start"
    weight: Weight = "normal"
    max_width: float | None = None


@dataclass(frozen=True)
class Picture:
    """What is drawn, in this order, on a background (`#rrggbb`); title and description are for screen readers."""

    width: int
    height: int
    background: str
    shapes: tuple[Box | Text, ...]
    title: str
    description: str


def measured(text: str, size: float, weight: Weight = "normal") -> float:
    """Return the width of a text in pixels; a letter that the font lacks counts as a square."""
    return _width(_one_line(text), size, weight)


def shortened(text: str, size: float, max_width: float, weight: Weight = "normal") -> str:
    """Return a text, cut after the last letter that leaves room for an ellipsis if it is wider than `max_width`."""
    text = _one_line(text)
    if measured(text, size, weight) <= max_width:
        return text
    low, high = 0, len(text)
    while low < high:  # the most letters that fit
        middle = (low + high + 1) // 2
        if measured(_cut(text, middle), size, weight) <= max_width:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low) if low or measured("…", size, weight) <= max_width else ""


def wrapped(text: str, size: float, max_width: float, lines: int, weight: Weight = "normal") -> list[str]:
    """Return a text in at most so many lines, broken between words; the last is shortened if more would follow."""
    found: list[str] = []
    words = _one_line(text).split()
    while words and len(found) < lines - 1:
        count = len(words)
        while count > 1 and measured(" ".join(words[:count]), size, weight) > max_width:
            count -= 1
        found.append(shortened(" ".join(words[:count]), size, max_width, weight))
        words = words[count:]
    return [*found, shortened(" ".join(words), size, max_width, weight)] if words else found


def missing(text: str) -> bool:
    """Say whether a text has a letter that the font lacks, such as a Chinese or an Arabic one."""
    return not all(map(_has, _one_line(text)))


def left_out(picture: Picture) -> tuple[str, ...]:
    """Return the texts of a picture that its PNG leaves out, because the font lacks letters of them."""
    return tuple(shape.text for shape in picture.shapes if isinstance(shape, Text) and missing(shape.text))


def to_svg(picture: Picture) -> str:
    """Return a picture as SVG, which loads nothing from elsewhere."""
    size = f'width="{picture.width}" height="{picture.height}"'
    shapes = "\n".join(_svg_box(shape) if isinstance(shape, Box) else _svg_text(shape) for shape in picture.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {picture.width} {picture.height}" role="img" '
        "aria-labelledby=\"title description\" font-family=\"'Open Sans', 'Noto Sans', Arial, sans-serif\">\n"
        f'<title id="title">{escape(_one_line(picture.title))}</title>\n'
        f'<desc id="description">{escape(_one_line(picture.description))}</desc>\n'
        f'<rect {size} fill="{_colour(picture.background)}"/>\n{shapes}\n</svg>\n'
    )


def to_png(picture: Picture) -> bytes:
    """Return a picture as PNG of exactly its size, without the texts that `left_out` names."""
    from PIL import Image, ImageDraw, PngImagePlugin

    image = Image.new("RGB", (picture.width * _FINER, picture.height * _FINER), _colour(picture.background))
    draw = ImageDraw.Draw(image)
    for shape in picture.shapes:
        if isinstance(shape, Box):
            corners = [side * _FINER for side in (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)]
            # Pillow draws its last row and column, too.
            corners[2:] = [max(corner - 1, start) for corner, start in zip(corners[2:], corners[:2], strict=True)]
            if shape.width > 0 and shape.height > 0:
                draw.rounded_rectangle(corners, shape.radius * _FINER, _colour(shape.fill))
        elif not missing(shape.text):
            text, width = _laid_out(shape)
            x = shape.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor]
            font = _font(shape.weight, shape.size * _FINER)
            # Letter by letter, because at its own size a font rounds every width to whole pixels.
            for place, letter in enumerate(text):
                start = x + _width(text[:place], shape.size, shape.weight)
                draw.text((start * _FINER, shape.y * _FINER), letter, _colour(shape.fill), font, anchor="ls")
    about = PngImagePlugin.PngInfo()
    about.add_itxt("Title", _one_line(picture.title))
    about.add_itxt("Description", _one_line(picture.description))
    written = io.BytesIO()
    image.reduce(_FINER).save(written, "PNG", pnginfo=about, optimize=True)
    return written.getvalue()


WRITERS: dict[str, Callable[[Picture], str | bytes]] = {"svg": to_svg, "png": to_png}


def _svg_box(box: Box) -> str:
    corner = f' rx="{box.radius:g}"' if box.radius else ""
    return (
        f'<rect x="{box.x:.2f}" y="{box.y:.2f}" width="{max(box.width, 0):.2f}" height="{max(box.height, 0):.2f}"'
        f'{corner} fill="{_colour(box.fill)}"/>'
    )


def _svg_text(shape: Text) -> str:
    text, width = _laid_out(shape)
    weight = ' font-weight="bold"' if shape.weight == "bold" else ""
    anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
    # Another font is pressed into the measured width; what it draws for letters unknown here may keep its own.
    fitted = "" if missing(text) or not text else f' textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text x="{shape.x:.2f}" y="{shape.y:.2f}" font-size="{shape.size:g}"{weight}{anchor}{fitted} '
        f"fill={quoteattr(_colour(shape.fill))}>{escape(text)}</text>"
    )


def _laid_out(shape: Text) -> tuple[str, float]:
    text = _one_line(shape.text)
    if shape.max_width is not None:
        text = shortened(text, shape.size, shape.max_width, shape.weight)
    return text, _width(text, shape.size, shape.weight)


def _width(text: str, size: float, weight: Weight) -> float:
    known = "".join(letter for letter in text if _has(letter))
    return (_font(weight, _MEASURED_AT).getlength(known) / _MEASURED_AT + len(text) - len(known)) * size


def _one_line(text: str) -> str:
    return printable(" ".join(unicodedata.normalize("NFC", text).split()))


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip(" ,.:;-–—") + "…"


def _colour(colour: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"{colour!r}: expected a colour such as #1a2b3c")
    return colour


@lru_cache(maxsize=256)
def _font(weight: Weight, size: float) -> FreeTypeFont:
    from PIL import ImageFont

    # The basic layout is the same with every build of Pillow.
    return ImageFont.truetype(_FONTS[weight], size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8192)
def _has(letter: str) -> bool:
    return _drawn(letter) != _drawn(_NO_LETTER)


def _drawn(letter: str) -> tuple[tuple[int, int], bytes]:
    mask = _font("normal", 32.0).getmask(letter)
    return mask.size, bytes(mask)
