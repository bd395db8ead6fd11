"""Tables of the pages about one's own viewing as files, and the addresses of their shows."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Response, abort

from netflix_trend.catalogue.keys import title_key
from netflix_trend.history.csv_table import to_csv
from netflix_trend.history.insights import InsightTable
from services.dashboard.choosing import mark_of_name
from services.dashboard.selection import Selection, address


def table_file(table: InsightTable | None, kind: str) -> Response:
    """Return a table as a file to download. kind: `csv` or `json`; another, or no table, is not found (404)."""
    if table is None or kind not in ("csv", "json"):
        abort(404)
    if kind == "csv":
        response = Response(to_csv(table), content_type="text/csv; charset=utf-8")
    else:
        text = json.dumps(table.to_json(), ensure_ascii=False)
        response = Response(text.encode("utf-8", "replace"), content_type="application/json")
    # The name of a table, never a title: a browser lists its downloads.
    response.headers["Content-Disposition"] = f'attachment; filename="netflix-trend-{table.name}.{kind}"'
    return response


def file_addresses(selected: Selection, **more: str) -> tuple[str, str]:
    """Return the addresses of a table of chosen rows as CSV and as JSON. more: which table of the page."""
    csv, json_ = (selected.address(page="", format=kind, **more) for kind in ("csv", "json"))
    return csv, json_


def mark_of_show(name: str) -> str:
    """Return what the address of a show's page has for its name: the same in every spelling that is taken for one."""
    return mark_of_name(title_key(name))


def show_address(name: str, arguments: Mapping[str, str]) -> str:
    """Return the address of a show's page."""
    return address(f"/show/{mark_of_show(name)}", arguments)
