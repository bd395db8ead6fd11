"""Charts as inline SVG. Every interval is drawn, and what is only noise looks different from what is not."""

from __future__ import annotations

from itertools import accumulate
from unicodedata import east_asian_width
from xml.etree import ElementTree as Svg

from netflix_trend.catalogue.keys import plain_title
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import ShowEstimate, TopShows, Volume
from netflix_trend.published.trends import Viewing
from netflix_trend.published.wording import group_labels

_WIDTH = 480
_ROW = 24
_LABEL = 168
# Width of a small letter on a phone, in the units of the picture.
_LETTER = 7.4


def _svg(height: int, title: str, description: str) -> Svg.Element:
    root = Svg.Element("svg", {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "class": "chart"})
    Svg.SubElement(root, "title").text = title
    Svg.SubElement(root, "desc").text = description
    return root


def _text(root: Svg.Element, x: float, y: float, text: str, anchor: str = "start", css: str = "") -> None:
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "class": css}
    Svg.SubElement(root, "text", attributes).text = text


def _fitted(text: str, width: float) -> str:
    """Return as much of a text as fits, as wide as letters are on a phone: what is cut says so."""

    def wide(sign: str) -> float:
        return _LETTER * (2 if east_asian_width(sign) in "WF" else 1.4 if sign.isupper() or sign in "mw—" else 1)

    if sum(map(wide, text)) <= width:
        return text
    ends = accumulate(map(wide, text), initial=2 * _LETTER)
    return f"{text[: sum(end <= width for end in ends) - 1].rstrip()}…"


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
    root = _svg(
        _ROW * len(rows) + 48,
        "Top shows of the week",
        f"Estimated number of people, of {top_shows.reports} who were asked, with 95 percent intervals. "
        "Grey bars are not clear.",
    )
    longest = max([show.upper for show in rows] + [1.0])
    scale = (_WIDTH - _LABEL - 16) / longest
    for number, show in enumerate(rows):
        y = _ROW * number + 8
        middle = y + 8
        label = _fitted(plain_title(show.title), _LABEL - 12)
        _text(root, _LABEL - 8, middle + 4, label, "end", "label" if show.is_signal else "label pale")
        _rect(root, _LABEL, y, max(0.0, show.estimate) * scale, 16, "bar" if show.is_signal else "bar noise")
        _line(root, _LABEL + show.lower * scale, middle, _LABEL + show.upper * scale, middle, "interval")
        for end in (show.lower, show.upper):
            _line(root, _LABEL + end * scale, middle - 4, _LABEL + end * scale, middle + 4, "interval")
    base = _ROW * len(rows) + 8
    _line(root, _LABEL, base, _WIDTH - 4, base, "axis")
    for tick in _ticks(longest):
        _text(root, _LABEL + tick * scale, base + 16, f"{tick:,.0f}", "middle", "tick")
    _text(root, (_LABEL + _WIDTH) / 2, base + 36, f"people, of {top_shows.reports:,} asked", "middle", "tick")
    return _markup(root)


def volume_chart(volume: Volume) -> str:
    """Return columns with intervals, one a group."""
    height, top, base = 230, 24, 182
    root = _svg(
        height,
        "Titles started in the week",
        f"Share of participants by number of titles started, from {volume.reports} reports, with 95 percent intervals. "
        "Grey columns are noise.",
    )
    step = (_WIDTH - 44) / len(volume.groups)
    highest = max(0.05, *(group.upper for group in volume.groups))
    scale = (base - top) / highest
    for tick in _ticks(highest * 100):
        y = base - tick / 100 * scale
        _line(root, 40, y, _WIDTH - 4, y, "grid")
        _text(root, 36, y + 4, f"{tick:g} %", "end", "tick")
    for number, (label, group) in enumerate(zip(group_labels(volume), volume.groups, strict=True)):
        x = 40 + step * number
        share, lower, upper = group.share, group.lower, group.upper
        css = "bar noise" if volume.is_noise(group) else "bar"
        _rect(root, x + 6, base - share * scale, step - 12, share * scale, css)
        centre = x + step / 2
        _line(root, centre, base - upper * scale, centre, base - lower * scale, "interval")
        for end in (lower, upper):
            _line(root, centre - 4, base - end * scale, centre + 4, base - end * scale, "interval")
        _text(root, centre, base + 15, label, "middle", "tick")
    _line(root, 40, base, _WIDTH - 4, base, "axis")
    _text(root, _WIDTH / 2 + 18, base + 36, "titles started in the week", "middle", "tick")
    return _markup(root)


def viewing_chart(viewing: Viewing) -> str:
    """Return mean titles a week, one mark with its interval a round; the trend where it is clear."""
    height, top, base = 230, 16, 182
    left, right = 48.0, _WIDTH - 20.0
    root = _svg(
        height,
        "Mean viewing over the weeks",
        "Estimated mean number of titles a participant started, by round, with 95 percent intervals. "
        "Grey marks are noise.",
    )
    weeks = [Week.parse(week.round).index for week in viewing.weeks]
    first, span = weeks[0], max(1, weeks[-1] - weeks[0])
    trend = _trend(viewing)
    highest = max(1.0, *(week.upper for week in viewing.weeks), *(level for _, level in trend))
    scale = (base - top) / highest

    def across(week: float) -> float:
        return (left + right) / 2 if len(weeks) == 1 else left + 12 + (week - first) / span * (right - left - 24)

    for tick in _ticks(highest):
        _line(root, left, base - tick * scale, right, base - tick * scale, "grid")
        _text(root, left - 6, base - tick * scale + 4, f"{tick:g}", "end", "tick")
    labelled = -(-len(weeks) // 6)
    for number, (index, week) in enumerate(zip(weeks, viewing.weeks, strict=True)):
        x = across(index)
        _line(root, x, base - week.upper * scale, x, base - week.lower * scale, "interval")
        for end in (week.lower, week.upper):
            _line(root, x - 3, base - end * scale, x + 3, base - end * scale, "interval")
        _rect(root, x - 3, base - week.mean * scale - 3, 6, 6, "bar" if week.is_reliable else "bar noise")
        if (len(weeks) - 1 - number) % labelled == 0:
            _text(root, x, base + 15, week.round[5:], "middle", "tick")
    if trend:
        (start, low), (end, high) = trend
        _line(root, across(start), base - low * scale, across(end), base - high * scale, "axis")
    _line(root, left, base, right, base, "axis")
    _text(root, (left + right) / 2, base + 36, "mean titles started a week, by round", "middle", "tick")
    return _markup(root)


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
