"""Rows of a profile's database. To make an engine of DuckDB takes longer than most tests, so all of them share one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    # Without threads of its own: the product starts processes as copies of this one.
    return duckdb.connect(config={"threads": 1})


def rows_of(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return all rows of a query of the database in a file, which is opened for it and closed again."""
    engine = _engine()
    engine.execute("attach '{}' as opened (read_only)".format(str(path).replace("'", "''")))
    try:
        engine.execute("use opened")
        return engine.execute(sql).fetchall()
    finally:
        engine.execute("use memory")
        engine.execute("detach opened")
