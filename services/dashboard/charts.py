"""Charts as data: an ECharts option, a table of the same numbers, and a description for people who cannot see it.

Texts such as `@bar` are colours of the style sheet, which the script fills in; it scales every `fontSize` to the text
of the page, and gives labels the room that their font takes. Series of type `interval` are drawn by the script as lines
from `low` to `high`, since ECharts has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from netflix_trend.formats import month_names, weekday_names
from netflix_trend.history.insights import Cell
from netflix_trend.language import _, ngettext
from services.dashboard.text import cell, day, shown
from services.dashboard.text import days as days_in_words

Option = dict[str, Any]
_CALENDAR_YEARS = 3
_DAYS_OF_A_STRIP = 371
# Up to so many labels are all shown, even on a phone.
_FEW_LABELS = 8
# What a phone shows of a year of days.
_HALF_A_YEAR = 182
_FEW: Option = {"interval": 0, "fontSize": 11}
_TEXT = 12
# The colour of a mark by its certainty, for marks that have no other meaning.
BY_CERTAINTY = {"clear": "@bar", "unclear": "@unclear", "noise": "@noise"}
# Certainty is told by shape, as `looks.css` does it for the other pages.
_HOLLOW: dict[str, Option] = {
    "@unclear": {"color": "@paper", "borderColor": "@bar", "borderWidth": 1.5},
    "@noise": {"color": "@paper", "borderColor": "@noise", "borderWidth": 1.5, "borderType": [4, 3]},
}
# What lies on each other differs by a pattern, too: full, stripes, dots.
_STRIPES: Option = {
    "color": "@paper",
    "symbol": "rect",
    "symbolSize": 1,
    "dashArrayX": [1, 0],
    "dashArrayY": [2, 5],
    "rotation": -0.785,
}
_DOTS: Option = {"color": "@paper", "symbol": "circle", "symbolSize": 0.5, "dashArrayX": 6, "dashArrayY": 6}
_PATTERNS: tuple[Option, ...] = ({}, {"decal": _STRIPES}, {"decal": _DOTS})


@dataclass(frozen=True)
class DataTable:
    """A table of texts; the columns in `numbers` are aligned to the right.

    certainties: clear, unclear or noise, of each row; empty where rows are not estimates.
    names: of the columns in the data. links: for each row the address of what its column `linked` names, empty for
    none. heads: for each column the address of the table sorted by it. order: how the column is sorted that is.
    files: address of the same table to download, as CSV and as JSON.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    certainties: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    linked: int = 0
    heads: tuple[str, ...] = ()
    order: Mapping[int, Literal["ascending", "descending"]] = field(default_factory=dict)
    files: tuple[str, str] | None = None


@dataclass(frozen=True)
class Chart:
    """A chart with its table. lead: what it says, in a sentence. size: class of the style sheet."""

    name: str
    title: str
    lead: str
    description: str
    option: Option
    table: DataTable
    note: str = ""
    size: str = "normal"

    @property
    def range(self) -> str:
        """The days of a calendar, in words."""
        first, last = map(date.fromisoformat, self.option["calendar"][0]["range"])
        return days_in_words(first, last)

    @property
    def words(self) -> dict[str, str]:
        """What the script says by itself, by the name of the attribute."""
        if "calendar" not in self.option:
            return {}
        half = date.fromisoformat(self.option["calendar"][0]["range"][1]) - timedelta(days=_HALF_A_YEAR)
        return {
            "half": _("The last six months, since %(day)s. A wider window and the table show all.", day=day(half)),
        }


def data_table(
    caption: str, columns: Mapping[str, str], rows: Sequence[Sequence[Cell]], certainties: Sequence[str] = ()
) -> DataTable:
    """Return rows as texts; columns: heading of each by its name. A column without any value is left out.

    certainties: see `DataTable`.
    """
    names = list(columns)
    known = [place for place in range(len(names)) if not rows or any(row[place] is not None for row in rows)]
    are_numbers = [all(isinstance(row[place], int | float | None) for row in rows) for place in known]
    return DataTable(
        caption,
        tuple(columns[names[place]] for place in known),
        tuple(tuple(cell(names[place], row[place]) for place in known) for row in rows),
        frozenset(place for place, is_number in enumerate(are_numbers) if is_number and place),
        tuple(str(one) for one in certainties),
        tuple(names[place] for place in known),
    )


def _look(color: str) -> Option:
    """Return the style of a mark of a colour, or of a certainty's shape."""
    return _HOLLOW.get(color, {"color": color})


def _axis(kind: str, **more: Any) -> Option:
    return {
        "type": kind,
        "axisLabel": {
            "color": "@soft",
            "fontSize": _TEXT,
            "lineHeight": 15,
            "hideOverlap": True,
            **more.pop("label", {}),
        },
        "axisLine": {"lineStyle": {"color": "@line"}},
        "axisTick": {"show": False},
        "splitLine": {"show": kind == "value", "lineStyle": {"color": "@line"}},
        **more,
    }


def _base(**more: Any) -> Option:
    return {
        "animation": False,
        # Of this, the patterns only: the page says in words what a chart shows.
        "aria": {"enabled": True, "label": {"enabled": False}, "decal": {"show": True, "decals": [{"symbol": "none"}]}},
        "textStyle": {"color": "@ink", "fontSize": _TEXT},
        # Drawn as text: titles are untrusted, and the content security policy forbids inline styles.
        "tooltip": {
            "renderMode": "richText",
            "confine": True,
            "backgroundColor": "@paper",
            "borderColor": "@line",
            "textStyle": {"color": "@ink", "fontSize": _TEXT},
        },
        "grid": {"left": 8, "right": 16, "top": 16, "bottom": 14},
        **more,
    }


def bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    colors: Sequence[str] = ("@bar", "@second", "@third"),
    marked: Sequence[str | None] = (),
) -> Option:
    """Return columns, stacked where there are several series; marked: another colour for some of them."""

    def item(place: int, value: float) -> Any:
        color = marked[place] if place < len(marked) else None
        return {"value": value, "itemStyle": _look(color)} if color else value

    # A line of paper between what lies on each other.
    apart = {"borderColor": "@paper", "borderWidth": 1} if len(series) > 1 else {}
    return _base(
        xAxis=_axis("category", data=list(labels), label=_FEW if len(labels) <= _FEW_LABELS else {}),
        yAxis=_axis("value", minInterval=1),
        legend={"show": len(series) > 1, "top": 0, "itemHeight": 14, "textStyle": {"color": "@ink", "fontSize": _TEXT}},
        grid={"left": 8, "right": 16, "top": 36 if len(series) > 1 else 16, "bottom": 14},
        series=[
            {
                "type": "bar",
                "name": name,
                "stack": "all",
                "data": [item(place, value) for place, value in enumerate(values)],
                "itemStyle": {**_look(color), **pattern, **apart},
            }
            for (name, values), color, pattern in zip(series.items(), colors, _PATTERNS, strict=False)
        ],
    )


def rows(
    labels: Sequence[str],
    name: str,
    values: Sequence[float],
    *,
    colors: Sequence[str] = (),
    intervals: Sequence[tuple[float, float]] = (),
    edge: float | None = None,
) -> Option:
    """Return horizontal bars, the first on top, with intervals where there are some. edge: where the scale ends, None
    for one that shows everything.
    """
    data = [
        {"value": value, "itemStyle": _look(colors[place] if colors else "@bar")} for place, value in enumerate(values)
    ]
    series: list[Option] = [{"type": "bar", "name": name, "data": data, "barMaxWidth": 18}]
    if intervals:
        points = [[low, high, place] for place, (low, high) in enumerate(intervals)]
        series.append({"type": "interval", "name": _("interval"), "horizontal": True, "data": points})
    label = {"color": "@ink", "overflow": "truncate", "interval": 0}
    return _base(
        xAxis=_axis("value", **({} if edge is None else {"max": edge})),
        yAxis=_axis("category", data=[shown(text, 60) for text in labels], inverse=True, label=label),
        series=series,
    )


def columns_with_intervals(
    labels: Sequence[str],
    name: str,
    values: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    colors: Sequence[str | None],
    at: Sequence[int] | None = None,
) -> Option:
    """Return columns with intervals; at: the columns that have one, all without it."""
    option = bars(labels, {name: values}, marked=colors)
    places = range(len(intervals)) if at is None else at
    points = [[place, low, high] for place, (low, high) in zip(places, intervals, strict=True)]
    option["series"].append({"type": "interval", "name": _("interval"), "horizontal": False, "data": points})
    return option


def lines(
    labels: Sequence[str],
    mine: tuple[str, Sequence[float | None]],
    others: tuple[str, Sequence[float | None], Sequence[tuple[float, float] | None]] | None,
) -> Option:
    """Return my line, and the marks of the others with their intervals."""
    series: list[Option] = [
        {
            "type": "line",
            "name": mine[0],
            "data": list(mine[1]),
            "symbolSize": 6,
            "lineStyle": {"color": "@mine", "width": 2},
            "itemStyle": {"color": "@mine"},
        }
    ]
    if others:
        name, means, intervals = others
        points = [[place, *pair] for place, pair in enumerate(intervals) if pair]
        series.append(
            {
                "type": "scatter",
                "name": name,
                "data": list(means),
                "symbol": "rect",
                "symbolSize": 8,
                "z": 6,
                "itemStyle": {"color": "@bar"},
            }
        )
        series.append({"type": "interval", "name": _("interval"), "horizontal": False, "data": points})
    return _base(
        xAxis=_axis("category", data=list(labels)),
        yAxis=_axis("value", minInterval=1),
        legend={
            "top": 0,
            "itemHeight": 14,
            "data": [one["name"] for one in series[:2]],
            "textStyle": {"color": "@ink", "fontSize": _TEXT},
        },
        grid={"left": 8, "right": 16, "top": 36, "bottom": 14},
        series=series,
    )


def calendar(counts: Mapping[date, int], first: date, last: date, marked: Mapping[date, str] = {}) -> Option:
    """Return a heat map of days: one strip for up to a year, else one for each of the newest three years.

    marked: days with a dot, and what it means.
    """
    strips = calendar_strips(first, last)
    most = max([1, *counts.values()])
    calendars: list[Option] = []
    series: list[Option] = []
    for place, (begin, end) in enumerate(strips):
        calendars.append(
            {
                "range": [begin.isoformat(), end.isoformat()],
                "top": 30 + place * 144,
                "left": 44 if len(strips) > 1 else 20,
                "right": 12,
                "cellSize": ["auto", 14],
                "itemStyle": {"color": "@paper", "borderColor": "@line", "borderWidth": 1},
                "splitLine": {"lineStyle": {"color": "@soft", "width": 1}},
                "yearLabel": {"show": len(strips) > 1, "color": "@soft", "fontSize": 13, "margin": 26},
                "dayLabel": {
                    "firstDay": 1,
                    "color": "@soft",
                    "fontSize": _TEXT,
                    "margin": 6,
                    "nameMap": _days_of_a_strip(),
                },
                "monthLabel": {"color": "@soft", "fontSize": _TEXT, "nameMap": list(month_names(short=True))},
            }
        )
        on_strip = {"coordinateSystem": "calendar", "calendarIndex": place}
        days = [
            [one.isoformat(), count, _square(one, count)]
            for one, count in sorted(counts.items())
            if begin <= one <= end
        ]
        series.append({"type": "heatmap", "data": days, **on_strip})
        dots = [
            [one.isoformat(), 1, f"{day(one)}: {label}"] for one, label in sorted(marked.items()) if begin <= one <= end
        ]
        if dots:
            # Its rim tells it from any shade below it.
            look = {"color": "@mine", "borderColor": "@paper", "borderWidth": 2, "opacity": 1}
            dot = {"symbol": "rect", "symbolSize": 8, "itemStyle": look}
            series.append({"type": "scatter", "data": dots, **dot, **on_strip})
    heat = [place for place, one in enumerate(series) if one["type"] == "heatmap"]
    # By the views: without a dimension it is the last one, which are the words of a square.
    shades = {"type": "piecewise", "show": False, "seriesIndex": heat, "dimension": 1, "pieces": _shades(most)}
    return _base(calendar=calendars, visualMap=shades, series=series)


def _days_of_a_strip() -> list[str]:
    """Return a letter for every other day, from Sunday on as ECharts counts them."""
    monday, _tuesday, wednesday, _thursday, friday, *_weekend = (name[:1].upper() for name in weekday_names())
    return ["", monday, "", wednesday, "", friday, ""]


def _square(one: date, views: int) -> str:
    return ngettext("%(day)s: %(num)s view", "%(day)s: %(num)s views", views, day=day(one))


def calendar_strips(first: date, last: date) -> list[tuple[date, date]]:
    """Return the first and last day of each strip of a calendar."""
    if (last - first).days < _DAYS_OF_A_STRIP:
        return [(first, last)]
    years = range(max(first.year, last.year - _CALENDAR_YEARS + 1), last.year + 1)
    return [(date(year, 1, 1), date(year, 12, 31)) for year in years]


def calendar_rows(counts: Mapping[date, int], first: date, last: date) -> list[tuple[Cell, ...]]:
    """Return a row for each week with a view, newest first: its Monday and the views of its seven days."""
    begin = calendar_strips(first, last)[0][0]
    mondays = sorted({one - timedelta(days=one.weekday()) for one in counts if begin <= one <= last}, reverse=True)
    return [(monday, *(counts.get(monday + timedelta(days=place), 0) for place in range(7))) for monday in mondays]


def calendar_table(counts: Mapping[date, int], first: date, last: date) -> DataTable:
    """Return the numbers of a calendar."""
    headings = {"monday": _("Week from"), **dict(zip("abcdefg", weekday_names(short=True), strict=True))}
    return data_table(_("Views on each day, a row a week"), headings, calendar_rows(counts, first, last))


def _shades(most: int) -> list[Option]:
    """Return up to four steps from pale to full."""
    edges = sorted({1, *(max(1, -(-most * part // 4)) for part in (1, 2, 3))})
    colors = ["@heat1", "@heat2", "@heat3", "@heat4"][-len(edges) :]
    ends = [*edges[1:], most + 1]
    return [{"gte": low, "lt": high, "color": color} for low, high, color in zip(edges, ends, colors, strict=True)]
