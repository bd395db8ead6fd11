"""The temporary database of a rebuild, and how columns of Python and numpy get into its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from netflix_trend.history.memory import of_database

# So many rows are looked at together.
BLOCK = 20_000


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """Open a database in memory, with little of it; the rest spills to a folder in `scratch`."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "memory_limit": of_database(0),
        "temp_directory": str(scratch / "spill"),
    }
    return duckdb.connect(config=config)


def insert(database: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append rows to a table, a block at a time. A column has texts, or whole numbers, bools and None."""
    rest = iter(rows)
    while block := list(islice(rest, BLOCK)):
        append(database, table, **{f"c{place}": objects(cells) for place, cells in enumerate(zip(*block, strict=True))})


def append(database: duckdb.DuckDBPyConnection, table: str, **columns: NDArray[Any]) -> None:
    """Append rows to a table, by its columns in their order."""
    database.register("block", columns)
    database.execute(f"insert into {table} from block")
    database.unregister("block")


def create(database: duckdb.DuckDBPyConnection, table: str, **columns: NDArray[Any]) -> None:
    """Create a table of these columns, in the place of one of its name."""
    database.register("block", columns)
    database.execute(f"create or replace table {table} as from block")
    database.unregister("block")


def objects(cells: Sequence[Any]) -> NDArray[Any]:
    """Return Python's objects as an array of as many, which numpy would make something else of."""
    found = np.empty(len(cells), object)
    found[:] = cells
    return found
