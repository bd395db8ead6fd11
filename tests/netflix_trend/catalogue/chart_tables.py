"""Invented files in the formats in which Netflix publishes what is watched."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from xml.sax.saxutils import escape

from netflix_trend.catalogue.chart_files import read_charts
from netflix_trend.catalogue.charts import Charts
from netflix_trend.periods.weeks import Week

GLOBAL = (
    *("week", "category", "weekly_rank", "show_title", "season_title", "weekly_hours_viewed", "runtime"),
    *("weekly_views", "cumulative_weeks_in_top_10"),
)
COUNTRY = (
    *("country_name", "country_iso2", "week", "category", "weekly_rank", "show_title", "season_title"),
    "cumulative_weeks_in_top_10",
)
POPULAR = (
    *("category", "rank", "show_title", "season_title", "hours_viewed_first_91_days", "runtime"),
    "views_first_91_days",
)
WATCHED = ("Title", "Available Globally?", "Release Date", "Hours Viewed", "Runtime", "Views")
WEEK = Week.parse("2026-W46")


def table(header: Sequence[str], rows: Iterable[Mapping[str, object]], delimiter: str = "\t") -> bytes:
    lines = [header, *([str(row.get(name, "")) for name in header] for row in rows)]
    return "".join(f"{delimiter.join(line)}\n" for line in lines).encode()


def world(sunday: str, category: str, shows: Sequence[tuple[str, int | str]]) -> list[dict[str, object]]:
    """Return rows of the world's list: (title, views) in its order; without views they are empty."""
    return [
        {
            "week": sunday,
            "category": category,
            "weekly_rank": rank,
            "show_title": title,
            "season_title": f"{title}: Season 1",
            "weekly_hours_viewed": 1_000_000 - rank,
            "runtime": "1.5",
            "weekly_views": views,
        }
        for rank, (title, views) in enumerate(shows, 1)
    ]


def of_world(weeks: Mapping[Week, Sequence[tuple[str, int | str]]]) -> bytes:
    """Return the world's file: the shows of each week, all in one category."""
    return table(
        GLOBAL, [row for week, shows in weeks.items() for row in world(str(week.sunday), "TV (English)", shows)]
    )


def country_rows(
    code: str, name: str, sunday: str, titles: Sequence[str], category: str = "TV"
) -> list[dict[str, object]]:
    return [
        {
            "country_name": name,
            "country_iso2": code,
            "week": sunday,
            "category": category,
            "weekly_rank": rank,
            "show_title": title,
            "season_title": "N/A",
        }
        for rank, title in enumerate(titles, 1)
    ]


def charts_of(weeks: Mapping[Week, Sequence[tuple[str, int | str]]]) -> Charts:
    return read_charts(io.BytesIO(of_world(weeks)))


def days(week: Week, count: int) -> date:
    """Return the day so many days after the Sunday that ends a week."""
    return week.sunday + timedelta(days=count)


def workbook(sheets: Mapping[str, Sequence[Sequence[str]]], extra: Mapping[str, bytes] = {}) -> bytes:
    """Return an .xlsx file with shared strings, as Netflix's are. extra: parts that replace or join the others."""
    strings: dict[str, int] = {}
    parts: dict[str, bytes] = {}
    for number, rows in enumerate(sheets.values(), 1):
        lines = []
        for line, row in enumerate(rows, 1):
            cells = []
            for column, text in enumerate(row):
                where = f"{chr(ord('A') + column)}{line}"
                if text.isdigit():
                    cells.append(f'<c r="{where}"><v>{text}</v></c>')
                elif text:
                    place = strings.setdefault(text, len(strings))
                    cells.append(f'<c r="{where}" t="s"><v>{place}</v></c>')
            lines.append(f'<row r="{line}">{"".join(cells)}</row>')
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="urn:x"><sheetData>{"".join(lines)}</sheetData></worksheet>'.encode()
        )
    named = "".join(f'<sheet name="{escape(name)}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    parts["xl/workbook.xml"] = f'<workbook xmlns="urn:x" xmlns:r="urn:r"><sheets>{named}</sheets></workbook>'.encode()
    targets = "".join(f'<Relationship Id="r{n}" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(sheets) + 1))
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{targets}</Relationships>".encode()
    texts = "".join(f"<si><t>{escape(text)}</t><rPh><t>reading</t></rPh></si>" for text in strings)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="urn:x">{texts}</sst>'.encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, **extra}.items():
            archive.writestr(name, data)
    return packed.getvalue()
