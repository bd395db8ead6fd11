"""What became of each file of a profile, and the table `exports`, which says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from netflix_trend.history.dates import DateQuestion
from netflix_trend.history.exports import ExportError
from netflix_trend.history.household import ProfileQuestion, most_first
from netflix_trend.history.raw import RawExport
from netflix_trend.history.report import ImportReport
from netflix_trend.language import marked

_NOT_KEPT = marked("The file was not kept. If a later version of this app may read it, import it again.")
_COLUMNS = {
    **dict.fromkeys(("sha256", "source", "name"), "varchar"),
    "received": "date",
    **dict.fromkeys(("kind", "encoding", "delimiter", "date_order", "date_evidence", "error"), "varchar"),
    **dict.fromkeys(("rows", "views", "undated", "supplemental", "blank", "unsure", "episodes", "films"), "bigint"),
    **dict.fromkeys(("damaged", "too_short", "other_profiles", "excluded"), "bigint"),
    **dict.fromkeys(("first_day", "last_day"), "date"),
    **dict.fromkeys(("warnings", "date_example"), "varchar"),
    **dict.fromkeys(("date_orders", "netflix_profiles"), "varchar[]"),
    "netflix_rows": "bigint[]",
    "counted_profiles": "varchar[]",
}
# Columns of the table that have another name in a report or in what was read.
_REPORT = ("kind", "encoding", "delimiter", "date_order", "date_evidence", "error", "first_day", "last_day")
_REPORT_COUNTS = ("rows", "views", "undated", "supplemental", "blank", "unsure", "episodes", "films")
_FILE_COUNTS = {"damaged": "damaged", "too_short": "too_short", "other_profiles": "dropped_profiles"}


@dataclass(frozen=True)
class ImportedFile:
    """The result of one file of a profile: its import report, or why it was refused."""

    raw: RawExport
    report: ImportReport | None
    refusal: ExportError | None

    def is_refused_for_good(self, profile: str) -> bool:
        """Whether nothing makes the file usable, so that only its description is kept. profile: whose tables these are;
        another profile's file is not theirs to refuse.
        """
        return self.refusal is not None and self.refusal.is_final and self.raw.profile == profile


def create_exports(database: duckdb.DuckDBPyConnection, files: Sequence[ImportedFile], profile: str) -> None:
    """Create the table `exports` of a profile, with a row for each file in the order of the hashes."""
    database.execute(f"create table exports ({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())})")
    rows = [_row(file, profile) for file in sorted(files, key=lambda file: file.raw.sha256)]
    # A column at a time: a row at a time takes 20 times as long.
    columns = ", ".join(f"unnest(?::{kind}[])" for kind in _COLUMNS.values())
    database.execute(f"insert into exports select {columns}", [[row[name] for row in rows] for name in _COLUMNS])


def _row(file: ImportedFile, profile: str) -> dict[str, Any]:
    error = f"{file.refusal} {_NOT_KEPT}" if file.is_refused_for_good(profile) else str(file.refusal)
    report = file.report.to_json(file.raw.name) if file.report else {"error": error}
    read = file.report.file if file.report else None
    question = file.refusal.question if file.refusal else None
    dates = question if isinstance(question, DateQuestion) else None
    rows = question.rows if isinstance(question, ProfileQuestion) else most_first(read.netflix_rows if read else {})
    return {
        "sha256": file.raw.sha256,
        "source": file.raw.source,
        "name": file.raw.name,
        "received": file.raw.received,
        **{column: report.get(column) for column in _REPORT},
        **{column: int(report.get(column) or 0) for column in _REPORT_COUNTS},
        **{column: getattr(read, attribute, 0) for column, attribute in _FILE_COUNTS.items()},
        "excluded": file.report.excluded if file.report else 0,
        "warnings": "\n".join(report.get("warnings", [])),
        "date_example": dates.example if dates else None,
        "date_orders": list(dates.orders) if dates else None,
        "netflix_profiles": list(rows) or None,
        "netflix_rows": list(rows.values()) or None,
        "counted_profiles": read.profiles if read and rows else None,
    }
