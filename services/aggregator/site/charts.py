"""Charts as inline SVG. Every interval is drawn, and noise looks different from what is clear.

Nobody knows here which font a browser has. Bars of a list hold no text: title and numbers stand beside them as HTML,
which the browser wraps by its own measure. Numbers and captions in a chart get room for the widest fonts (`_room`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from xml.etree import ElementTree as Svg

from netflix_trend.formats import day_and_month, decimal
from netflix_trend.language import _
from netflix_trend.periods.weeks import Week
from netflix_trend.published.wording import group_labels, heard
from netflix_trend.questions.top_shows.year import YearWorldShow
from netflix_trend.questions.volume.statistics import Slope, Volume, WeeklyMean

_WIDTH = 480
# Between the scale and the first mark: half of a day and a month.
_INSET = 33.0
# A bar in a list is stretched to its place.
_ROW_WIDTH = 1000
# Height of the text at ticks on a phone in the units of the picture, and the room for a sign: digits of wide fonts take
# .65 of the height, and some people widen the space between letters.
_TICK = 13
_SIGN = 0.8 * _TICK
# Below the axis: a line of ticks, and one for the caption with room for fonts that reach far below the line.
_LINE = 19


@dataclass(frozen=True)
class Row:
    """What the bar of a row shows, in shares: a bar to `value`, an interval, and maybe a mark of its own."""

    value: float
    lower: float
    upper: float
    css: str = "bar"
    mark: float | None = None


def _svg(title: str, description: str) -> Svg.Element:
    """Return an empty picture; what stands below the axis sets its height."""
    root = Svg.Element("svg", {"role": "img", "class": "chart"})
    Svg.SubElement(root, "title").text = title
    Svg.SubElement(root, "desc").text = description
    return root


def _text(root: Svg.Element, x: float, y: float, text: str, anchor: str = "start", css: str = "") -> None:
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "class": css}
    Svg.SubElement(root, "text", attributes).text = text


def _room(text: str) -> float:
    """Return the width to keep for the text of a tick, whatever the font."""
    return _SIGN * len(text)


def _under(root: Svg.Element, x: float, y: float, text: str) -> None:
    """Write a text around `x`, or as near to it as the picture's edges allow."""
    half = _room(text) / 2
    _text(root, min(max(x, half), _WIDTH - half), y, text, "middle", "tick")


def _ticks_and_caption(
    root: Svg.Element, base: float, ticks: Sequence[tuple[float, str]], caption: str, middle: float
) -> None:
    """Write what stands below the axis, and end the picture there.

    Ticks without room beside each other take turns on two lines.
    """
    gap = min((right - left for (left, _), (right, _) in pairwise(ticks)), default=_WIDTH)
    lines = 2 if max(_room(text) for _, text in ticks) + 4 > gap else 1
    for place, (x, text) in enumerate(ticks):
        _under(root, x, base + 15 + _LINE * (place % lines), text)
    _under(root, middle, base + 17 + _LINE * lines, caption)
    root.set("viewBox", f"0 0 {_WIDTH} {base + (lines + 2) * _LINE:g}")


def _line(root: Svg.Element, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}", "class": css}
    Svg.SubElement(root, "line", ends)


def _rect(root: Svg.Element, x: float, y: float, width: float, height: float, css: str) -> None:
    box = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{max(0.0, width):.1f}", "height": f"{max(0.0, height):.1f}"}
    Svg.SubElement(root, "rect", {**box, "class": css})


def _markup(root: Svg.Element) -> str:
    return Svg.tostring(root, encoding="unicode")


def share_bar(row: Row, longest: float) -> str:
    """Return a bar and its interval for a row of a list, which says the numbers itself.

    It is as wide as its place; an interval that goes on beyond `longest` has no end mark.
    """
    root = _row_svg()
    _rect(root, 0, 2, _along(row.value, longest), 12, row.css)
    _interval(root, _along(row.lower, longest), _along(row.upper, longest), reaches=row.upper <= longest)
    if row.mark is not None:
        _rect(root, _along(row.mark, longest) - 4, 5, 8, 6, "here")
    return _markup(root)


def factor_bar(show: YearWorldShow, reach: float) -> str:
    """Return how many times as much a show was watched here, on a scale of ratios from 1/reach to reach around 1."""
    root = _row_svg()

    def across(factor: float) -> float:
        return _ROW_WIDTH / 2 * (1 + log(min(max(factor, 1 / reach), reach)) / log(reach))

    _line(root, _ROW_WIDTH / 2, 0, _ROW_WIDTH / 2, 16, "axis")
    upper = reach * 2 if show.upper is None else show.upper
    _interval(root, across(show.lower), across(upper), reaches=upper <= reach, begins=show.lower >= 1 / reach)
    if show.factor is not None:
        css = "bar unclear" if show.verdict == "unclear" else "bar"
        _rect(root, across(show.factor) - 6, 4, 12, 8, css)
    return _markup(root)


def factor_reach(shows: Sequence[YearWorldShow]) -> float:
    """Return how far the scale of `factor_bar` reaches: a little beyond the shows' factors, at least to four."""
    found = [show.factor for show in shows if show.factor]
    return min(32.0, 1.25 * max([3.2, *found, *(1 / factor for factor in found)]))


def scale(ticks: Sequence[tuple[float, str]]) -> str:
    """Return the numbers below the bars of a list. ticks: place from 0 to 1, and text."""
    root = Svg.Element("svg", {"class": "scale", "aria-hidden": "true"})
    for place, text in ticks:
        anchor = "start" if place < 0.05 else "end" if place > 0.95 else "middle"
        Svg.SubElement(root, "text", {"x": f"{100 * place:.1f}%", "y": "12", "text-anchor": anchor}).text = text
    return _markup(root)


def factor_ticks(reach: float) -> list[tuple[float, str]]:
    """Return the numbers of the scale of `factor_bar`: doublings, or fourfold steps where there are many."""
    step = 2 if reach < 9 else 4
    found = [float(step**power) for power in range(-3, 4) if 1 / reach <= float(step) ** power <= reach]
    return [(0.5 * (1 + log(factor) / log(reach)), f"×{tick_text(factor)}") for factor in found]


def _row_svg() -> Svg.Element:
    box = {"viewBox": f"0 0 {_ROW_WIDTH} 16", "preserveAspectRatio": "none", "class": "line", "aria-hidden": "true"}
    return Svg.Element("svg", box)


def _along(share: float, longest: float) -> float:
    return min(max(share, 0.0), longest) / longest * _ROW_WIDTH


def _interval(root: Svg.Element, low: float, high: float, *, reaches: bool, begins: bool = True) -> None:
    ends = [end for end, is_marked in ((low, begins), (high, reaches)) if is_marked]
    _interval_lines(root, [(low, 8, high, 8), *((end, 3, end, 13) for end in ends)])


def _upright_interval(root: Svg.Element, x: float, low: float, high: float, *, half: float) -> None:
    """Draw an interval between two heights, with end marks of twice `half`."""
    _interval_lines(root, [(x, high, x, low), *((x - half, end, x + half, end) for end in (low, high))])


def _interval_lines(root: Svg.Element, lines: Sequence[tuple[float, float, float, float]]) -> None:
    """Draw lines in ink, on a rim of paper that keeps them visible on a dark bar. lines: x1, y1, x2 and y2 of each."""
    rim = " ".join(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" for x1, y1, x2, y2 in lines)
    Svg.SubElement(root, "path", {"d": rim, "class": "rim"})
    for ends in lines:
        _line(root, *ends, "interval")


def volume_chart(volume: Volume) -> str:
    """Return columns with intervals, one a group."""
    top, base = 16, 150
    root = _svg(
        _("Titles started in the week"),
        _(
            "Share of participants by number of titles started, from %(answers)s, with 95 percent intervals. "
            "Columns with a broken outline are noise.",
            answers=heard(volume),
        ),
    )
    highest = max(0.05, *(group.upper for group in volume.groups))
    scale = (base - top) / highest
    left = _scale(root, [(base - tick / 100 * scale, f"{tick_text(tick)} %") for tick in ticks_to(highest * 100)])
    step = (_WIDTH - 4 - left) / len(volume.groups)
    labels = []
    for place, (label, group) in enumerate(zip(group_labels(volume), volume.groups, strict=True)):
        x = left + step * place
        share, lower, upper = group.share, group.lower, group.upper
        css = "bar noise" if volume.is_noise(group) else "bar"
        _rect(root, x + 6, base - share * scale, step - 12, share * scale, css)
        centre = x + step / 2
        _upright_interval(root, centre, base - lower * scale, base - upper * scale, half=4)
        labels.append((centre, label))
    _line(root, left, base, _WIDTH - 4, base, "axis")
    _ticks_and_caption(root, base, labels, _("titles started in the week"), (left + _WIDTH) / 2)
    return _markup(root)


def viewing_chart(means: Sequence[WeeklyMean], slope: Slope | None = None) -> str:
    """Return mean titles a week, one mark with its interval a round; the trend where it is clear."""
    top, base = 16, 150
    root = _svg(
        _("Mean viewing over the weeks"),
        _(
            "Estimated mean number of titles a participant started, by week, with 95 percent intervals. Marks "
            "with a broken outline are noise."
        ),
    )
    weeks = [Week.parse(week.round) for week in means]
    first, span = weeks[0].index, max(1, weeks[-1].index - weeks[0].index)
    trend = _trend(means, slope)
    highest = max(1.0, *(week.upper for week in means), *(level for _week, level in trend))
    scale = (base - top) / highest
    left = _scale(root, [(base - tick * scale, tick_text(tick)) for tick in ticks_to(highest)])
    right = _WIDTH - 20.0

    def across(week: float) -> float:
        return (
            (left + right) / 2
            if len(weeks) == 1
            else left + _INSET + (week - first) / span * (right - left - 2 * _INSET)
        )

    labelled = -(-len(weeks) // 4)
    labels = []
    for place, (week, mean) in enumerate(zip(weeks, means, strict=True)):
        x = across(week.index)
        _upright_interval(root, x, base - mean.lower * scale, base - mean.upper * scale, half=3)
        _rect(root, x - 3, base - mean.mean * scale - 3, 6, 6, "bar" if mean.is_reliable else "bar noise")
        if (len(weeks) - 1 - place) % labelled == 0:
            labels.append((x, day_and_month(week.monday)))
    if trend:
        (start, low), (end, high) = trend
        _line(root, across(start), base - low * scale, across(end), base - high * scale, "axis")
    _line(root, left, base, right, base, "axis")
    caption = _("mean titles started a week, by its Monday")
    _ticks_and_caption(root, base, labels, caption, (left + right) / 2)
    return _markup(root)


def _scale(root: Svg.Element, ticks: Sequence[tuple[float, str]]) -> float:
    """Draw grid lines with their numbers to the left; returns where the lines begin."""
    left = max(_room(text) for _, text in ticks) + 6
    for y, text in ticks:
        _line(root, left, y, _WIDTH - 4, y, "grid")
        _text(root, left - 6, y + 4, text, "end", "tick")
    return left


def _trend(means: Sequence[WeeklyMean], slope: Slope | None) -> list[tuple[int, float]]:
    """Return both ends (week, level) of the least squares line; none where it is noise.

    The line passes through the mean of the rounds, weighted by their answers.
    """
    if slope is None or slope.direction == "noise":
        return []
    weeks = [Week.parse(week.round).index for week in means]
    reports = [week.reports for week in means]
    middle = sum(n * x for n, x in zip(reports, weeks, strict=True)) / sum(reports)
    level = sum(n * week.unbiased for n, week in zip(reports, means, strict=True)) / sum(reports)
    return [(week, max(0.0, level + slope.per_week * (week - middle))) for week in (weeks[0], weeks[-1])]


def ticks_to(largest: float) -> list[float]:
    """Return three to six round numbers from 0 to `largest`."""
    step = 10.0 ** (len(str(int(largest))) - 1)
    while largest / step < 3:
        step /= 2
    while largest / step > 6:
        step *= 2
    return [step * number for number in range(int(largest / step) + 1)]


def tick_text(value: float) -> str:
    """Return the number at a tick, with as many digits after the point as it has."""
    return decimal(value, len(f"{value:g}".partition(".")[2]))
