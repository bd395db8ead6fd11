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
# With fewer rows, a second thread costs more than it saves.
_MANY_ROWS = 5_000


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """Open a database in memory, with little of it and one thread; the rest spills to a folder in `scratch`."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": of_database(0),
        "temp_directory": str(scratch / "spill"),
    }
    return duckdb.connect(config=config)


def expect(database: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Let a database sort and join so many rows: with the memory for them, and for many with a second thread."""
    database.execute(f"set memory_limit = '{of_database(rows)}'")
    if rows > _MANY_ROWS:
        database.execute("set threads = 2")


def insert(database: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append rows to a table, a block at a time. A column has texts, or whole numbers, bools and None."""
    rest = iter(rows)
    while block := list(islice(rest, BLOCK)):
        append(database, table, **{f"c{place}": objects(cells) for place, cells in enumerate(zip(*block, strict=True))})


# DuckDB finds `block` by the name of the argument, which takes half as long as registering it.
def append(database: duckdb.DuckDBPyConnection, table: str, **block: NDArray[Any]) -> None:
    """Append rows to a table, by its columns in their order."""
    database.execute(f"insert into {table} from block")


def create(database: duckdb.DuckDBPyConnection, table: str, **block: NDArray[Any]) -> None:
    """Create a table of these columns, in the place of one of its name."""
    database.execute(f"create or replace table {table} as from block")


def objects(cells: Sequence[Any]) -> NDArray[Any]:
    """Return Python's objects as an array of as many, which numpy would make something else of."""
    found = np.empty(len(cells), object)
    found[:] = cells
    return found
