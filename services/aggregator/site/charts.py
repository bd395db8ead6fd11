"""Charts as inline SVG. Every interval is drawn, and noise looks different from what is clear.

Nobody knows here which font a browser has. Titles are HTML in the picture, so that the browser wraps and cuts them by
its own measure; numbers and captions get room for the widest fonts (`_room`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from xml.etree import ElementTree as Svg

from netflix_trend.catalogue.keys import plain_title
from netflix_trend.periods.weeks import Week
from netflix_trend.plain_text import counted
from netflix_trend.published.wording import group_labels, heard, world_scale
from netflix_trend.questions.top_shows.statistics import ShowEstimate, TopShows
from netflix_trend.questions.top_shows.world import World, WorldShow
from netflix_trend.questions.volume.statistics import Viewing, Volume

_WIDTH = 480
# Two lines of a title.
_ROW = 32
_BAR = 16
_LABEL = 172
# Height of the text at ticks on a phone in the units of the picture, and the room for a sign: digits of wide fonts take
# .65 of the height, and some people widen the space between letters.
_TICK = 13
_SIGN = 0.8 * _TICK
# Below the axis: a line of ticks, and one for the caption with room for fonts that reach far below the line.
_LINE = 19


def _svg(height: int, title: str, description: str) -> Svg.Element:
    root = Svg.Element("svg", {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "class": "chart"})
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


def _title(root: Svg.Element, y: float, height: float, text: str, css: str) -> None:
    """Write a title before the bars: HTML, which the browser wraps and, after two lines, cuts with an ellipsis."""
    box = {"x": "0", "y": f"{y:.1f}", "width": f"{_LABEL}", "height": f"{height:.1f}"}
    place = Svg.SubElement(Svg.SubElement(root, "foreignObject", box), "div", {"class": "title"})
    Svg.SubElement(place, "bdi", {"class": css}).text = text


def _ticks_and_caption(
    root: Svg.Element, base: float, ticks: Sequence[tuple[float, str]], caption: str, middle: float
) -> None:
    """Write what stands below the axis; ticks without room beside each other take turns on two lines."""
    gap = min((right - left for (left, _), (right, _) in pairwise(ticks)), default=_WIDTH)
    lines = 2 if max(_room(text) for _, text in ticks) + 4 > gap else 1
    for number, (x, text) in enumerate(ticks):
        _under(root, x, base + 15 + _LINE * (number % lines), text)
    _under(root, middle, base + 17 + _LINE * lines, caption)


def _line(root: Svg.Element, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}", "class": css}
    Svg.SubElement(root, "line", ends)


def _rect(root: Svg.Element, x: float, y: float, width: float, height: float, css: str) -> None:
    box = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{max(0.0, width):.1f}", "height": f"{max(0.0, height):.1f}"}
    Svg.SubElement(root, "rect", {**box, "class": css})


def _markup(root: Svg.Element) -> str:
    return Svg.tostring(root, encoding="unicode")


def top_shows_chart(top_shows: TopShows, rows: list[ShowEstimate]) -> str:
    """Return horizontal bars with intervals, in people of those who were asked."""
    base = _ROW * len(rows) + 8
    root = _svg(
        base + 3 * _LINE,
        "Top shows of the week",
        f"Estimated number of people, from {heard(top_shows)}, with 95 percent intervals. Grey bars are not clear.",
    )
    longest = max([show.upper for show in rows] + [1.0])
    scale = (_WIDTH - _LABEL - 16) / longest
    for number, show in enumerate(rows):
        y = _ROW * number + 4
        middle = y + _ROW / 2
        _title(root, y, _ROW, plain_title(show.title), "label" if show.is_signal else "label pale")
        css = "bar" if show.is_signal else "bar noise"
        _rect(root, _LABEL, middle - _BAR / 2, max(0.0, show.estimate) * scale, _BAR, css)
        _line(root, _LABEL + show.lower * scale, middle, _LABEL + show.upper * scale, middle, "interval")
        for end in (show.lower, show.upper):
            _line(root, _LABEL + end * scale, middle - 4, _LABEL + end * scale, middle + 4, "interval")
    _line(root, _LABEL, base, _WIDTH - 4, base, "axis")
    ticks = [(_LABEL + tick * scale, f"{tick:,.0f}") for tick in _ticks(longest)]
    _ticks_and_caption(
        root, base, ticks, f"people behind {counted(top_shows.reports, 'answer')}", (_LABEL + _WIDTH) / 2
    )
    return _markup(root)


def world_chart(world: World, rows: Sequence[WorldShow]) -> str:
    """Return a bar for each show's share in the world, and a line for its interval among participants.

    An interval that goes on beyond the scale (`world_scale`) has no end mark.
    """
    base = _ROW * len(rows) + 8
    root = _svg(
        base + 3 * _LINE,
        "Here against the world",
        "Bars: each show's share of the chart's views in the world. Lines: intervals of its share among participants. "
        "Titles of shows that are unclear are grey.",
    )
    longest = world_scale(rows)
    scale = (_WIDTH - _LABEL - 16) / longest
    for number, show in enumerate(rows):
        y = _ROW * number + 4
        middle = y + _ROW / 2
        _title(root, y, _ROW, plain_title(show.title), "label pale" if show.verdict == "unclear" else "label")
        _rect(root, _LABEL, middle - _BAR / 2, (show.world or 0) * scale, _BAR, "bar world")
        low, high = (_LABEL + min(end, longest) * scale for end in (show.lower, show.upper))
        _line(root, low, middle, high, middle, "interval")
        for end in (show.lower, show.upper):
            if end <= longest:
                _line(root, _LABEL + end * scale, middle - 4, _LABEL + end * scale, middle + 4, "interval")
        if show.share is not None:
            _rect(root, _LABEL + show.share * scale - 3, middle - 3, 6, 6, "here")
    _line(root, _LABEL, base, _WIDTH - 4, base, "axis")
    ticks = [(_LABEL + tick / 100 * scale, f"{tick:g} %") for tick in _ticks(100 * longest)]
    caption = "lines: here" if world.states_order_only else "bars: the world, lines: here"
    _ticks_and_caption(root, base, ticks, caption, (_LABEL + _WIDTH) / 2)
    return _markup(root)


def volume_chart(volume: Volume) -> str:
    """Return columns with intervals, one a group."""
    top, base = 24, 182
    root = _svg(
        base + 4 * _LINE,
        "Titles started in the week",
        f"Share of participants by number of titles started, from {heard(volume)}, with 95 percent intervals. "
        "Grey columns are noise.",
    )
    highest = max(0.05, *(group.upper for group in volume.groups))
    scale = (base - top) / highest
    left = _scale(root, [(base - tick / 100 * scale, f"{tick:g} %") for tick in _ticks(highest * 100)])
    step = (_WIDTH - 4 - left) / len(volume.groups)
    labels = []
    for number, (label, group) in enumerate(zip(group_labels(volume), volume.groups, strict=True)):
        x = left + step * number
        share, lower, upper = group.share, group.lower, group.upper
        css = "bar noise" if volume.is_noise(group) else "bar"
        _rect(root, x + 6, base - share * scale, step - 12, share * scale, css)
        centre = x + step / 2
        _line(root, centre, base - upper * scale, centre, base - lower * scale, "interval")
        for end in (lower, upper):
            _line(root, centre - 4, base - end * scale, centre + 4, base - end * scale, "interval")
        labels.append((centre, label))
    _line(root, left, base, _WIDTH - 4, base, "axis")
    _ticks_and_caption(root, base, labels, "titles started in the week", (left + _WIDTH) / 2)
    return _markup(root)


def viewing_chart(viewing: Viewing) -> str:
    """Return mean titles a week, one mark with its interval a round; the trend where it is clear."""
    top, base = 16, 182
    root = _svg(
        base + 4 * _LINE,
        "Mean viewing over the weeks",
        "Estimated mean number of titles a participant started, by round, with 95 percent intervals. "
        "Grey marks are noise.",
    )
    weeks = [Week.parse(week.round).index for week in viewing.weeks]
    first, span = weeks[0], max(1, weeks[-1] - weeks[0])
    trend = _trend(viewing)
    highest = max(1.0, *(week.upper for week in viewing.weeks), *(level for _, level in trend))
    scale = (base - top) / highest
    left = _scale(root, [(base - tick * scale, f"{tick:g}") for tick in _ticks(highest)])
    right = _WIDTH - 20.0

    def across(week: float) -> float:
        return (left + right) / 2 if len(weeks) == 1 else left + 12 + (week - first) / span * (right - left - 24)

    labelled = -(-len(weeks) // 6)
    labels = []
    for number, (index, week) in enumerate(zip(weeks, viewing.weeks, strict=True)):
        x = across(index)
        _line(root, x, base - week.upper * scale, x, base - week.lower * scale, "interval")
        for end in (week.lower, week.upper):
            _line(root, x - 3, base - end * scale, x + 3, base - end * scale, "interval")
        _rect(root, x - 3, base - week.mean * scale - 3, 6, 6, "bar" if week.is_reliable else "bar noise")
        if (len(weeks) - 1 - number) % labelled == 0:
            labels.append((x, week.round[5:]))
    if trend:
        (start, low), (end, high) = trend
        _line(root, across(start), base - low * scale, across(end), base - high * scale, "axis")
    _line(root, left, base, right, base, "axis")
    _ticks_and_caption(root, base, labels, "mean titles started a week, by round", (left + right) / 2)
    return _markup(root)


def _scale(root: Svg.Element, ticks: Sequence[tuple[float, str]]) -> float:
    """Draw grid lines with their numbers to the left; returns where the lines begin."""
    left = max(_room(text) for _, text in ticks) + 6
    for y, text in ticks:
        _line(root, left, y, _WIDTH - 4, y, "grid")
        _text(root, left - 6, y + 4, text, "end", "tick")
    return left


def _trend(viewing: Viewing) -> list[tuple[int, float]]:
    """Return both ends (week, level) of the least squares line; none where it is noise.

    The line passes through the mean of the rounds, weighted by their answers.
    """
    if viewing.slope is None or viewing.slope.direction == "noise":
        return []
    weeks = [Week.parse(week.round).index for week in viewing.weeks]
    reports = [week.reports for week in viewing.weeks]
    middle = sum(n * x for n, x in zip(reports, weeks, strict=True)) / sum(reports)
    level = sum(n * week.unbiased for n, week in zip(reports, viewing.weeks, strict=True)) / sum(reports)
    return [(week, max(0.0, level + viewing.slope.per_week * (week - middle))) for week in (weeks[0], weeks[-1])]


def _ticks(largest: float) -> list[float]:
    """Return three to six round numbers from 0 to `largest`."""
    step = 10.0 ** (len(str(int(largest))) - 1)
    while largest / step < 3:
        step /= 2
    while largest / step > 6:
        step *= 2
    return [step * number for number in range(int(largest / step) + 1)]
