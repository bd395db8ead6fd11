"""One export, from bytes to views, with an account of everything that was dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from netflix_trend.encodings import KINDS
from netflix_trend.titles import title_key
from netflix_trend.vocabulary import Vocabulary
from services.processor.dates import UndecidableOrder, decide_order
from services.processor.exports import ExportError, ExportRows, read_rows
from services.processor.titles import parse_title

# How many bad rows a report names; the rest is counted.
_NAMED_ROWS = 5


@dataclass
class Export:
    """What one file holds.

    views has one row per readable row of the file, with the columns day (datetime64[s]), key, title, kind, show_name,
    season (text) and show_index (int32, -1 for a show outside the vocabulary).
    """

    encoding: str
    delimiter: str
    date_order: str
    date_evidence: str
    rows: int
    damaged: int
    undated: int
    kinds: dict[str, int]
    problems: list[str]
    views: pd.DataFrame = field(repr=False)

    @property
    def first_day(self) -> date | None:
        """Day of the oldest view."""
        return None if self.views.empty else self.views["day"].min().date()

    @property
    def last_day(self) -> date | None:
        """Day of the newest view."""
        return None if self.views.empty else self.views["day"].max().date()


def read_export(data: bytes, name: str, vocabulary: Vocabulary, date_order: str | None = None) -> Export:
    """Read one file. `name` is used in messages only.

    Raises ExportError when the file as a whole cannot be used; a bad row is counted and named by its number.
    """
    rows = read_rows(data, name)
    try:
        order = decide_order(rows.dates, date_order)
    except UndecidableOrder as question:
        raise ExportError(
            "date_order",
            f"{name}: the date {question.example!r} can be read as {' or '.join(question.orders)}, and no other date "
            f"in the file decides. Say which: DATE_ORDER={'|'.join(question.orders)}.",
        ) from None
    problems = [f"row {number}: {problem}" for number, problem in rows.damaged]
    problems += [
        f"row {number}: {text!r} is not a date"
        for number, text in zip(rows.numbers, rows.dates, strict=True)
        if order.days[text] is None
    ][: _NAMED_ROWS + 1]
    views = _views(rows, [order.days[text] for text in rows.dates], vocabulary)
    if rows.count and views.empty:
        raise ExportError("no_rows", f"{name}: none of its {rows.count} rows could be read; {problems[0]}.")
    counted = Counter(views["kind"])
    if len(problems) > _NAMED_ROWS:
        problems = [*problems[:_NAMED_ROWS], "and more"]
    return Export(
        encoding=rows.encoding,
        delimiter=rows.delimiter,
        date_order=order.order,
        date_evidence=order.evidence,
        rows=rows.count,
        damaged=len(rows.damaged),
        undated=len(rows.numbers) - len(views),
        kinds={kind: counted.get(kind, 0) for kind in KINDS},
        problems=problems,
        views=views,
    )


def empty_views() -> pd.DataFrame:
    """Return the views of no file, with the columns of `Export.views`."""
    return _views(ExportRows("", ""), [], Vocabulary(()))


def _views(rows: ExportRows, days: list[date | None], vocabulary: Vocabulary) -> pd.DataFrame:
    dated = np.array([day is not None for day in days], dtype=bool)
    titles = pd.Series(rows.titles, dtype="object")[dated].reset_index(drop=True)
    # A parse costs far more than a look-up, so each distinct title is parsed once.
    codes, distinct = pd.factorize(titles)
    parsed = [(title_key(title), parse_title(title, vocabulary)) for title in distinct.tolist()]

    def column(values: list[object], dtype: str) -> pd.Series:
        return pd.Series(pd.array(values, dtype=dtype)).take(codes).reset_index(drop=True)

    return pd.DataFrame(
        {
            "day": pd.Series([day for day in days if day is not None], dtype="datetime64[s]"),
            "key": column([key for key, _ in parsed], "str"),
            "title": column(distinct.tolist(), "str"),
            "kind": column([title.kind for _, title in parsed], "str"),
            "show_name": column([title.show for _, title in parsed], "str"),
            "season": column([title.season for _, title in parsed], "str"),
            "show_index": column([title.index for _, title in parsed], "int32"),
        }
    )
