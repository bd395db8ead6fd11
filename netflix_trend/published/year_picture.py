"""A picture of a group's year to share: published numbers only, each with its interval."""

from __future__ import annotations

from dataclasses import replace

from netflix_trend.formats import decimal, number
from netflix_trend.language import _, ngettext
from netflix_trend.pictures import Box, Picture, Text, missing, shortened, to_png, wrapped
from netflix_trend.published.invented import INVENTED
from netflix_trend.published.wording import share_of_answers
from netflix_trend.published.year import YearStatistics
from netflix_trend.published.year_words import (
    clear_in_words,
    clear_shows,
    factor_in_words,
    mean_in_words,
    share_in_words,
    span_in_words,
)
from netflix_trend.questions.top_shows.statistics import AllTimeShow

WIDTH, HEIGHT = 1200, 630
# Those of the dark page, as `netflix_trend/web/looks.css` names them.
COLORS = {"paper": "#1a191e", "ink": "#ece9f0", "soft": "#b2aeba", "bar": "#cd4c5b", "link": "#7ab8f8"}
_PAPER, _INK, _SOFT, _BAR, _NAME = COLORS.values()
_LEFT, _RIGHT = 64, 760
_COLUMN = 616
_SHOWS = 5


def year_picture(year: YearStatistics, group: str) -> Picture:
    """Return the picture of a year, 1200 x 630 pixels. group: what the group is called."""
    shapes: list[Box | Text] = [
        Box(0, 0, 12, HEIGHT, _BAR),
        *_mark_of_a_demo(year),
        Text(_LEFT, 84, group, 28, _SOFT, weight="bold", max_width=WIDTH - 2 * _LEFT),
        Text(_LEFT, 170, str(year.year), 88, _INK, weight="bold"),
        *_basis(year),
        *_shows(year),
        *_statements(year),
        Text(
            _LEFT,
            596,
            _("Lines are 95 % intervals: noise was added on purpose, so that no answer can be read."),
            17,
            _SOFT,
            max_width=880,
        ),
        Text(WIDTH - _LEFT, 596, "Netflix Trend", 17, _SOFT, "end", "bold"),
    ]
    title = _("%(year)s of %(group)s", year=year.year, group=group)
    return Picture(WIDTH, HEIGHT, _PAPER, tuple(shapes), title, _description(year))


def png_of(picture: Picture) -> bytes:
    """Return the PNG of a picture; what the font has no letters for is said to be in other letters."""
    shapes = (
        replace(shape, text=_("(in other letters)")) if isinstance(shape, Text) and missing(shape.text) else shape
        for shape in picture.shapes
    )
    return to_png(replace(picture, shapes=tuple(shapes)))


def letters_in_words(picture: Picture) -> str:
    """Return what the PNG does not write, empty if it writes everything."""
    if not any(isinstance(shape, Text) and missing(shape.text) for shape in picture.shapes):
        return ""
    return _('The PNG says "(in other letters)" where the picture\'s font lacks letters of a name; the SVG has them.')


def _description(year: YearStatistics) -> str:
    named = [f"{show.title} {share_in_words(show)}" for show in clear_shows(year)[:_SHOWS]]
    return " ".join(
        filter(
            None,
            [
                _(INVENTED) if year.invented else "",
                clear_in_words(year),
                _("Named by this share of answers: %(shows)s.", shows=", ".join(named)) if named else "",
                mean_in_words(year.viewing) if year.viewing else "",
            ],
        )
    )


def _mark_of_a_demo(year: YearStatistics) -> list[Text]:
    """Return the lines that say of a demo's year that its people are invented: pictures leave their page."""
    lines = wrapped(_(INVENTED), 18, WIDTH - 2 * _LEFT, 2, "bold") if year.invented else []
    return [Text(_LEFT, 30 + 24 * place, line, 18, _INK, weight="bold") for place, line in enumerate(lines)]


def _basis(year: YearStatistics) -> list[Text]:
    said = [
        span_in_words(year.rounds) if year.rounds else "",
        ngettext("up to %(num)s participant", "up to %(num)s participants", year.participants),
    ]
    return [
        Text(300, y, text, 22, _SOFT, max_width=WIDTH - 300 - _LEFT)
        for y, text in zip((138, 168), filter(None, said), strict=False)
    ]


def _shows(year: YearStatistics) -> list[Box | Text]:
    """Return the first shows that are clear, as bars with intervals; a sentence if none is."""
    listed = clear_shows(year)[:_SHOWS]
    if not listed:
        lines = wrapped(clear_in_words(year), 34, _COLUMN, 3, "bold")
        return [
            Text(_LEFT, 290 + 48 * number_, line, 34, _INK, weight="bold", max_width=_COLUMN)
            for number_, line in enumerate(lines)
        ]
    longest = max(show.share_upper for show in listed)
    shapes: list[Box | Text] = [
        Text(_LEFT, 232, _("Named by this share of answers"), 19, _SOFT, max_width=_COLUMN),
    ]
    for place, show in enumerate(listed):
        shapes += _bar(262 + 62 * place, show, longest)
    return shapes


def _bar(top: float, show: AllTimeShow, longest: float) -> list[Box | Text]:
    scale = _COLUMN / longest
    low, high = (_LEFT + end * scale for end in (show.share_lower, show.share_upper))
    share = min(max(show.share, show.share_lower), show.share_upper)
    interval = f"{share_in_words(show)} ({share_of_answers(show.share_lower, show.share_upper)})"
    return [
        Text(_LEFT, top + 18, show.title, 23, _INK, weight="bold", max_width=360),
        Text(_LEFT + _COLUMN, top + 18, interval, 19, _SOFT, "end", max_width=246),
        Box(_LEFT, top + 28, share * scale, 16, _BAR, 4),
        Box(low, top + 35, high - low, 2, _INK),
        Box(low - 1, top + 30, 2, 12, _INK),
        Box(high - 2, top + 30, 2, 12, _INK),
    ]


def _statements(year: YearStatistics) -> list[Box | Text]:
    """Return the right column: how many shows are clear, how much people watched, and what differs from the world."""
    width = WIDTH - _RIGHT - _LEFT
    blocks: list[tuple[str, str]] = []
    if found := clear_shows(year):
        blocks.append(
            (number(len(found)), ngettext("show is clear over the year", "shows are clear over the year", len(found)))
        )
    if year.viewing:
        interval = _(
            "titles a week (%(low)s to %(high)s)",
            low=decimal(year.viewing.lower, 1),
            high=decimal(year.viewing.upper, 1),
        )
        blocks.append((decimal(year.viewing.mean, 1), interval))
    shapes: list[Box | Text] = []
    y = 262.0
    for large, small in blocks:
        shapes.append(Text(_RIGHT, y + 46, large, 56, _INK, weight="bold", max_width=width))
        shapes.append(Text(_RIGHT, y + 76, small, 20, _SOFT, max_width=width))
        y += 104
    differing = [show for show in year.world.shows if show.verdict != "unclear"] if year.world else []
    if differing:
        first = differing[0]
        shapes += [
            Text(_RIGHT, y + 16, _("Here against the world"), 20, _SOFT, max_width=width),
            Text(_RIGHT, y + 48, first.title, 28, _NAME, weight="bold", max_width=width),
            Text(_RIGHT, y + 76, shortened(factor_in_words(first), 20, width), 20, _SOFT, max_width=width),
        ]
    return shapes
