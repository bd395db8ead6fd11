"""The verb `year`: a review of a year or another range of days in the terminal, and its picture."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, cast

import duckdb
from rich.console import Console

from netflix_trend.history.insights import InsightTable
from netflix_trend.history.review import Review, review, year_days
from netflix_trend.history.review_picture import Format, Shape, disclosure_words, draw_review
from netflix_trend.history.review_words import notes, period_name, statements
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings
from services.processor.cli import open_tables, print_insight
from services.processor.verbs import answered, print_json


@dataclass(frozen=True)
class Wanted:
    """A year, or the days from `first` to `last`; without any of them the newest year with a view."""

    year: int | None = None
    first: date | None = None
    last: date | None = None


def show_year(wanted: Wanted, *, is_json: bool) -> int:
    """Print the review. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        found = _reviewed(settings, wanted)
        if is_json:
            print_json(found.to_json())
        else:
            _print(found, console)
        return 0

    return answered("year", act)


def draw_year(wanted: Wanted, output: BinaryIO, shape: str, file_format: str, *, titles: bool) -> int:
    """Say on stderr what the picture of the review discloses, then write it to `output`. Returns the exit code.

    shape and file_format: of `review_picture.SHAPES` and `FORMATS`.
    """

    def act(settings: Settings, _console: Console) -> int:
        found = _reviewed(settings, wanted)
        if not found.views:
            raise ValueError(f"nothing was watched in {period_name(found)}, so there is nothing to draw")
        kind = cast("Format", file_format)
        drawn = draw_review(found, cast("Shape", shape), kind, titles=titles)
        print("The picture tells whoever sees it:", file=sys.stderr)  # noqa: T201
        for one in disclosure_words(drawn):
            print(f"- {printable(one)}", file=sys.stderr)  # noqa: T201
        output.write(drawn.to_file(kind))
        output.flush()
        return 0

    return answered("year", act)


def _reviewed(settings: Settings, wanted: Wanted) -> Review:
    with open_tables(settings) as database:
        return review(database, *_days(database, wanted))


def _days(database: duckdb.DuckDBPyConnection, wanted: Wanted) -> tuple[date, date]:
    if wanted.first is not None and wanted.last is not None:
        return wanted.first, wanted.last
    if wanted.year is not None:
        return year_days(wanted.year)
    ((newest,),) = database.execute("select max(day) from seen").fetchall()
    if newest is None:
        raise ValueError("there is no view in your files yet")
    return year_days(newest.year)


def _print(found: Review, console: Console) -> None:
    console.print(f"\n{period_name(found)}", style="bold", markup=False)
    for one in statements(found):
        console.print(f"{printable(one.value)}: {printable(one.text)}", markup=False, soft_wrap=True)
    if not found.views:
        console.print("You watched nothing on these days.", markup=False)
    for table in _tables(found):
        print_insight(table, console)
    for note in notes(found):
        console.print(note, style="dim", markup=False, soft_wrap=True)


def _tables(found: Review) -> list[InsightTable]:
    shows = tuple((one.name, one.episodes, one.hours) for one in found.top_shows)
    films = tuple((one.title, one.day) for one in found.film_list)
    months = tuple((f"{one.first_day:%Y-%m}", one.views, one.hours) for one in found.months)
    made = [
        InsightTable("shows", "Shows", ("show", "episodes", "hours"), shows, bar="episodes"),
        InsightTable("films", "Films", ("film", "day"), films),
        InsightTable("months", "By month", ("month", "views", "hours"), months, bar="views"),
    ]
    return [table for table in made if table.rows and found.views]
