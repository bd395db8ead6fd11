"""The picture of a review: a page that shows it and says what it discloses, and the file to save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import Response

from netflix_trend.history.review import Review
from netflix_trend.history.review_picture import FORMATS, SHAPES, Format, Shape, disclosure_words, draw_review
from netflix_trend.history.review_words import period_name
from netflix_trend.language import _
from services.dashboard.selection import Who, address


@dataclass(frozen=True)
class Choice:
    """How a picture is drawn. titles: whether it names shows and films."""

    shape: Shape
    file_format: Format
    titles: bool

    @property
    def arguments(self) -> dict[str, str]:
        """What an address says about the choice, without the format."""
        return {"shape": self.shape, "titles": "yes" if self.titles else "no"}


@dataclass(frozen=True)
class PicturePage:
    """What the page shows. address: of this page. back: of the review. profile: the chosen one, as the address says it.
    preview, save: of the file. about: what the picture tells others.
    """

    address: str
    back: str
    profile: str
    title: str
    choice: Choice
    shapes: tuple[tuple[str, str], ...]
    width: int
    height: int
    description: str
    preview: str
    save: str
    about: tuple[str, ...]


def chosen(arguments: Mapping[str, str], kind: str = "") -> Choice:
    """Return the choice of a request; what is unknown or missing is a PNG of the first shape, with titles."""
    shape = arguments.get("shape", "")
    file_format = kind or arguments.get("format", "")
    return Choice(
        cast("Shape", shape if shape in SHAPES else "story"),
        cast("Format", file_format if file_format in FORMATS else "png"),
        arguments.get("titles") != "no",
    )


def picture_page(review: Review, path: str, arguments: Mapping[str, str], chosen_who: Who) -> PicturePage:
    """Return the page of a review's picture. path: of the review. chosen_who: whose review it is."""
    choice = chosen(arguments)
    drawn = draw_review(review, choice.shape, choice.file_format, titles=choice.titles)
    file = address(f"{path}/picture.{choice.file_format}", choice.arguments | chosen_who.kept)
    return PicturePage(
        address=f"{path}/picture",
        back=address(path, chosen_who.kept),
        profile=chosen_who.value,
        title=period_name(review),
        choice=choice,
        shapes=tuple((name, shape_words(name)) for name in SHAPES),
        width=drawn.picture.width,
        height=drawn.picture.height,
        description=drawn.picture.title,
        preview=file,
        save=f"{file}&save=yes",
        about=disclosure_words(drawn),
    )


def picture_file(review: Review, kind: str, arguments: Mapping[str, str]) -> Response:
    """Return the file of a picture; to be saved with `save=yes`, else to be shown on its page."""
    choice = chosen(arguments, kind)
    drawn = draw_review(review, choice.shape, choice.file_format, titles=choice.titles)
    response = Response(drawn.to_file(choice.file_format), content_type=FORMATS[choice.file_format])
    if arguments.get("save") == "yes":
        days = str(review.year or f"{review.first.isoformat()}-to-{review.last.isoformat()}")
        name = f"netflix-trend-{days}-{choice.shape}.{choice.file_format}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def shape_words(shape: str) -> str:
    """Return the name of a shape, with its size in pixels."""
    width, height = SHAPES[shape]
    size = f"{width} × {height}"
    return _("Upright, for a story (%(size)s)", size=size) if shape == "story" else _("Wide (%(size)s)", size=size)
