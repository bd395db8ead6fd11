"""A picture of a review to share: laid out here from boxes and texts, written by `netflix_trend.pictures`.

Every part that is drawn adds what it tells others to `Drawn.discloses`, so that the list shown before a picture is
saved is the picture's own. No day of a view is drawn: docs/decisions/0140-a-picture-says-what-it-discloses.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from netflix_trend.formats import listed, month_names, number, weekday_names
from netflix_trend.history.review import Month, Review
from netflix_trend.history.review_words import name_films, period_name
from netflix_trend.language import _, ngettext
from netflix_trend.pictures import WRITERS, Box, Picture, Text, measured, missing, wrapped
from netflix_trend.questions.words import shown

Shape = Literal["story", "wide"]
Format = Literal["svg", "png"]
SHAPES: dict[str, tuple[int, int]] = {"story": (1080, 1920), "wide": (1200, 630)}
FORMATS: dict[str, str] = {"svg": "image/svg+xml", "png": "image/png"}

# Those of the page's stage, as `netflix_trend/web/looks.css` names them; panels lie on it.
COLORS = {"stage": "#17131c", "onstage": "#fbf7f4", "hush": "#beb3c4", "glow": "#ff5a6e", "pale": "#806074"}
PANEL = "#241d2b"
_GROUND, _INK, _SOFT, _ACCENT, _PALE = COLORS.values()
_MAX_BARS = 24
_SHOWS, _FILMS = 5, 6
_NAME = 80
# A panel so many times wider than high has its words beside its number.
_FLAT = 2.2


@dataclass(frozen=True)
class Drawn:
    """A picture; what it tells others, a sentence each; and the titles whose letters its font lacks, left out."""

    picture: Picture
    discloses: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def to_file(self, file_format: Format) -> bytes:
        """Return the bytes of a file."""
        content = WRITERS[file_format](self.picture)
        return content.encode() if isinstance(content, str) else content


@dataclass(frozen=True)
class _Area:
    x: float
    y: float
    width: float
    height: float


@dataclass
class _Sheet:
    """What is drawn so far. can_draw: whether a name's letters can be drawn at all."""

    can_draw: Callable[[str], bool]
    shapes: list[Box | Text] = field(default_factory=list)
    discloses: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def drawable(self, names: Sequence[str]) -> list[str]:
        """Return the names whose letters can be drawn; the others are noted as left out."""
        self.left_out += [name for name in names if not self.can_draw(name) and name not in self.left_out]
        return [name for name in names if self.can_draw(name)]


def draw_review(review: Review, shape: Shape, file_format: Format, *, titles: bool) -> Drawn:
    """Lay a review out in a shape. titles: whether shows and films are named.

    A PNG has no titles whose letters its font lacks; an SVG leaves them to the viewer's fonts. The format changes
    nothing else.
    """
    sheet = _Sheet(can_draw=(lambda name: not missing(name)) if file_format == "png" else (lambda _name: True))
    width, height = SHAPES[shape]
    period = period_name(review)
    title = _("My viewing in %(year)s", year=period) if review.year else _("My viewing, %(days)s", days=period)
    sheet.discloses.append(_("Which time it is about: %(period)s.", period=period))
    (_story if shape == "story" else _wide)(sheet, review, title, titles=titles)
    picture = Picture(width, height, _GROUND, tuple(sheet.shapes), title, " ".join(sheet.discloses))
    return Drawn(picture, tuple(sheet.discloses), tuple(sheet.left_out))


def _story(sheet: _Sheet, review: Review, title: str, *, titles: bool) -> None:
    left, wide = 80.0, 920.0
    sheet.shapes.append(Box(0, 0, 1080, 24, _ACCENT))
    _heading(sheet, title, _Area(left, 150, wide, 60), 56)
    _amount(sheet, review, _Area(left, 190, wide, 300))
    _over_time(sheet, review, _Area(left, 560, wide, 260))
    if titles:
        _shows(sheet, review, _Area(left, 900, wide, 470))
        _films(sheet, review, _Area(left, 1440, wide, 110), lines=2)
        _facts(sheet, review, _Area(left, 1580, wide, 200), columns=4)
    else:
        _weekdays(sheet, review, _Area(left, 900, wide, 260))
        _facts(sheet, review, _Area(left, 1240, wide, 540), columns=2)
    _foot(sheet, _Area(left, 1850, wide, 30), 28)


def _wide(sheet: _Sheet, review: Review, title: str, *, titles: bool) -> None:
    sheet.shapes.append(Box(0, 0, 16, 630, _ACCENT))
    _heading(sheet, title, _Area(64, 80, 520, 40), 34)
    _amount(sheet, review, _Area(64, 100, 500, 190))
    _over_time(sheet, review, _Area(64, 340, 500, 120))
    if titles:
        _shows(sheet, review, _Area(630, 56, 510, 310))
        _films(sheet, review, _Area(630, 392, 510, 66), lines=2)
    else:
        _weekdays(sheet, review, _Area(630, 100, 510, 360))
    _facts(sheet, review, _Area(64, 486, 1076, 84), columns=4)
    _foot(sheet, _Area(64, 606, 1076, 20), 18)


def _heading(sheet: _Sheet, text: str, area: _Area, size: float) -> None:
    size = _fitting(text, size, area.width)
    sheet.shapes.append(_line(area.x, area.y, text, size, _SOFT, area.width, weight="bold"))


def _foot(sheet: _Sheet, area: _Area, size: float) -> None:
    text = _("Counted on my own machine with Netflix Trend")
    sheet.shapes.append(_line(area.x, area.y, text, _fitting(text, size, area.width), _SOFT, area.width))


def _amount(sheet: _Sheet, review: Review, area: _Area) -> None:
    """Draw the number of hours or views as large as it fits, and what it counts."""
    if review.hours is None:
        amount, unit = review.views, ngettext("view", "views", review.views)
        sheet.discloses.append(_("How many titles you watched, and on how many days."))
    else:
        amount = round(review.hours)
        unit = ngettext("hour", "hours", amount)
        sheet.discloses.append(_("How many hours you watched, and on how many days."))
    value = number(amount)
    below = ngettext("on %(num)s day", "on %(num)s days", review.active_days)
    if review.is_lower_bound:
        below = ngettext("at least, on %(num)s day", "at least, on %(num)s days", review.active_days)
    size = _fitting(value, area.height * 0.9, area.width * 0.6)
    base = area.y + area.height * 0.82
    sheet.shapes.append(_line(area.x, base, value, size, _INK, area.width, weight="bold"))
    x = area.x + measured(value, size, "bold") + area.height * 0.1
    rest = area.x + area.width - x
    sheet.shapes += [
        _line(
            x, base - area.height * 0.2, unit, _fitting(unit, area.height * 0.17, rest), _ACCENT, rest, weight="bold"
        ),
        _line(x, base, below, _fitting(below, area.height * 0.13, rest), _SOFT, rest),
    ]


def _over_time(sheet: _Sheet, review: Review, area: _Area) -> None:
    """Draw a column a month; a column a year where months are too many."""
    months = review.months
    is_in_hours = review.hours is not None
    if len(months) > _MAX_BARS:
        years = sorted({one.first_day.year for one in months})
        parts = [[one for one in months if one.first_day.year == year] for year in years]
        labels, about = [str(year) for year in years], _("How much you watched in each year.")
    else:
        parts = [[one] for one in months]
        labels, about = _month_labels(months), _("How much you watched in each month.")
    amounts = [sum((one.hours or 0.0) if is_in_hours else one.views for one in part) for part in parts]
    sheet.discloses.append(about)
    _columns(sheet, amounts, labels, area)


def _month_labels(months: Sequence[Month]) -> list[str]:
    return [month_names(short=True)[one.first_day.month - 1] for one in months]


def _weekdays(sheet: _Sheet, review: Review, area: _Area) -> None:
    sheet.discloses.append(_("On which days of the week you watch more."))
    _columns(sheet, review.weekdays, list(weekday_names(short=True)), area)


def _columns(sheet: _Sheet, amounts: Sequence[float], labels: Sequence[str], area: _Area) -> None:
    """Draw columns from the ground of an area, the largest in the accent, with labels below where there is room."""
    slot, most = area.width / len(amounts), max([*amounts, 1e-9])
    size = min(24.0, slot * 0.42, area.height * 0.16)
    if any(measured(label, size) > slot * 0.96 for label in labels):
        labels = [label[:1] for label in labels]
    if any(measured(label, size) > slot * 0.96 for label in labels):
        labels = [""] * len(labels)
    ground = area.y + area.height - size * 1.6
    tallest = ground - area.y
    for place, amount in enumerate(amounts):
        high = max(tallest * amount / most, 2.0)
        fill = _ACCENT if amount == most else _PALE
        width = slot * 0.76
        x = area.x + slot * place + (slot - width) / 2
        sheet.shapes.append(Box(x, ground - high, width, high, fill, radius=min(6.0, width / 4, high / 2)))
        if labels[place]:
            sheet.shapes.append(
                Text(x + width / 2, ground + size * 1.35, labels[place], size, _SOFT, "middle", max_width=slot)
            )


def _shows(sheet: _Sheet, review: Review, area: _Area) -> None:
    """Draw the shows with most episodes: a name, a bar and a number each."""
    top = {shown(one.name, _NAME): one.episodes for one in review.top_shows[:_SHOWS]}
    names = sheet.drawable(list(top))
    if not names:
        return
    sheet.discloses.append(
        ngettext(
            "The name of %(num)s show, and how many episodes you watched: %(names)s.",
            "The names of %(num)s shows, and how many episodes of each you watched: %(names)s.",
            len(names),
            names=listed(names),
        )
    )
    # Fewer shows are drawn larger, within limits.
    step, most = area.height / max(len(names), _SHOWS - 1), max(top[name] for name in names)
    size, bar = step * 0.38, step * 0.16
    for place, name in enumerate(names):
        y, count = area.y + step * place, number(top[name])
        beside = measured(count, size, "bold")
        right = area.x + area.width
        sheet.shapes += [
            _line(area.x, y + size, name, size, _INK, area.width - beside - size, weight="bold"),
            Text(right, y + size, count, size, _ACCENT, "end", "bold", max_width=area.width),
            Box(area.x, y + size * 1.45, area.width, bar, PANEL, radius=bar / 2),
            Box(area.x, y + size * 1.45, max(bar, area.width * top[name] / most), bar, _ACCENT, radius=bar / 2),
        ]


def _films(sheet: _Sheet, review: Review, area: _Area, *, lines: int) -> None:
    """Draw the names of some films in a few lines; only whole names, as many as fit."""
    names = sheet.drawable(name_films(review.film_list, _FILMS))
    if not names:
        return
    size = area.height / (1.5 * lines)
    # A single name may be longer than all lines: then it is cut.
    while len(names) > 1 and len(wrapped(_film_line(names, review), size, area.width, lines + 1)) > lines:
        names = names[:-1]
    sheet.discloses.append(
        ngettext(
            "The name of %(num)s film: %(names)s.", "The names of %(num)s films: %(names)s.", len(names),
            names=listed(names),
        )
    )  # fmt: skip
    for place, text in enumerate(wrapped(_film_line(names, review), size, area.width, lines)):
        sheet.shapes.append(_line(area.x, area.y + size * (1 + 1.4 * place), text, size, _SOFT, area.width))


def _film_line(names: Sequence[str], review: Review) -> str:
    more = review.films - len(names)
    if more <= 0:
        return ngettext("Film: %(names)s", "Films: %(names)s", len(names), names=listed(names))
    return ngettext(
        "Films: %(names)s, and %(num)s more", "Films: %(names)s, and %(num)s more", more, names=", ".join(names)
    )


def _facts(sheet: _Sheet, review: Review, area: _Area, *, columns: int) -> None:
    """Draw up to four numbers in panels."""
    streak, binge, busiest = review.streak, review.binge, review.busiest
    facts = [
        (number(review.films), ngettext("film", "films", review.films), ""),
        (number(review.shows), ngettext("show", "shows", review.shows), ""),
    ]
    if binge:
        facts.append(
            (
                number(binge.episodes),
                ngettext("episode in a day", "episodes in a day", binge.episodes),
                _("The largest binge, without its day."),
            )
        )
    elif busiest:
        facts.append(
            (number(busiest.views), ngettext("view in a day", "views in a day", busiest.views),
             _("How much the busiest day had, without its date."))
        )  # fmt: skip
    if streak:
        words = ngettext("day in a row", "days in a row", streak.days)
        facts.append((number(streak.days), words, _("The longest streak, without its dates.")))
    sheet.discloses.append(_("How many films and how many shows it were."))
    sheet.discloses += [about for _value, _what, about in facts if about]
    gap = area.width * 0.02
    columns = min(columns, len(facts))
    rows = -(-len(facts) // columns)
    width, height = (area.width - gap * (columns - 1)) / columns, (area.height - gap * (rows - 1)) / rows
    for place, (value, what, _about) in enumerate(facts):
        panel = _Area(
            area.x + (place % columns) * (width + gap), area.y + (place // columns) * (height + gap), width, height
        )
        sheet.shapes.append(Box(panel.x, panel.y, width, height, PANEL, radius=12))
        (_fact_beside if width > _FLAT * height else _fact_below)(sheet, value, what, panel)


def _fact_below(sheet: _Sheet, value: str, what: str, panel: _Area) -> None:
    """Draw a number with its words below."""
    left, inner = panel.x + panel.width * 0.07, panel.width * 0.86
    size = _fitting(value, panel.height * 0.42, inner)
    sheet.shapes.append(_line(left, panel.y + panel.height * 0.47, value, size, _INK, inner, weight="bold"))
    _words(sheet, what, min(panel.height * 0.16, 34.0), _Area(left, panel.y + panel.height * 0.70, inner, 0))


def _fact_beside(sheet: _Sheet, value: str, what: str, panel: _Area) -> None:
    """Draw a number with its words to the right of it."""
    left, base = panel.x + panel.height * 0.22, panel.y + panel.height * 0.68
    size = _fitting(value, panel.height * 0.55, panel.width * 0.4)
    sheet.shapes.append(_line(left, base, value, size, _INK, panel.width, weight="bold"))
    right = left + measured(value, size, "bold") + panel.height * 0.16
    inner = panel.x + panel.width - panel.height * 0.14 - right
    small = panel.height * 0.24
    is_one_line = measured(what, small) <= inner
    middle = panel.y + panel.height * (0.60 if is_one_line else 0.44)
    _words(sheet, what, small, _Area(right, middle, inner, 0))


def _words(sheet: _Sheet, text: str, size: float, area: _Area) -> None:
    """Draw words in at most two lines from a first baseline on, smaller if they do not fit."""
    lines = wrapped(text, size, area.width, 2)
    while any(line.endswith("…") for line in lines) and size > 1:
        size *= 0.94
        lines = wrapped(text, size, area.width, 2)
    for place, line in enumerate(lines):
        sheet.shapes.append(_line(area.x, area.y + size * 1.15 * place, line, size, _SOFT, area.width))


def _fitting(text: str, size: float, width: float) -> float:
    """Return the largest size up to `size` at which a bold text is not wider than `width`."""
    # A hair smaller, so that rounding never cuts a text that was made to fit.
    return min(size, 0.999 * size * width / max(measured(text, size, "bold"), 1e-9))


def _line(
    x: float,
    y: float,
    text: str,
    size: float,
    fill: str,
    max_width: float,
    *,
    weight: Literal["normal", "bold"] = "normal",
) -> Text:
    return Text(x, y, text, size, fill, "start", weight, max_width)


def disclosure_words(drawn: Drawn) -> tuple[str, ...]:
    """Return what a picture tells others, for whoever is about to save it."""
    more = [_("Nothing else: not when you watched something, not on which device, and not your name.")]
    if drawn.left_out:
        more.append(
            _(
                "Left out of the PNG, because its font lacks their letters: %(names)s. The SVG has them.",
                names=listed(drawn.left_out),
            )
        )
    return (*drawn.discloses, *more)
