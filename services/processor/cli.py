"""The verbs `read`, `import`, `insights` and `event`: a person's own history in the terminal."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.progress import wrap_file
from rich.table import Table

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.delivery.archive import ArchiveError, said_of_zip
from netflix_trend.delivery.file_kinds import why_not_opened
from netflix_trend.history.dates import ORDER_NAMES
from netflix_trend.history.exports import ExportError
from netflix_trend.history.insights import Cell, InsightTable, all_insights, open_profiles
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import opened
from netflix_trend.history.report import ImportReport, counted, import_report
from netflix_trend.history.staging import ReadFile, Staging
from netflix_trend.history.tables import add_alone, connect
from netflix_trend.participant import participant
from netflix_trend.participant.event_effects import EventEffect
from netflix_trend.participant.life_events import EventError, add_event, read_events, remove_event
from netflix_trend.participant.own_effects import THINNED, effects_of
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.syftbox.shared_files import current_vocabulary

_UNREADABLE = (ExportError, ArchiveError, OSError)
_BAR = 20
_LARGE_FILE = 5_000_000
_PRINTED_ROWS = 24
_CALENDAR_WEEKS = 53
_SHADES = " ░▒▓█"


def _answered(verb: str, act: Callable[[Settings, Console], int]) -> int:
    """Run a verb with settings and a console. Returns its exit code, or 1 after printing what is wrong."""
    console = Console(highlight=False, soft_wrap=False)
    try:
        return act(load_settings(), console)
    except (EventError, SettingsError, FileNotFoundError, ValueError) as error:
        print(f"{verb}: {error}", file=sys.stderr)  # noqa: T201
        return 1


# --- read and import ---------------------------------------------------------------------------------------------


def read_file(
    path: Path, vocabulary: Vocabulary, options: ReadOptions, *, date_order: str | None = None, only: Sequence[str] = ()
) -> ImportReport:
    """Return the import report of a file as an import would print it; nothing of it is kept.

    date_order: the person's answer about this file. only: the Netflix profiles that count; none means all. Raises
    ExportError, ArchiveError or OSError.
    """
    about = {"profile": "read", "source": "read", "date_order": date_order, "only": tuple(only)}
    with (
        tempfile.TemporaryDirectory(prefix="netflix-trend-") as scratch,
        connect(Path(scratch) / "read.duckdb") as database,
        opened(path, None, about, _with_progress) as (delivery, csv),
    ):
        staging = Staging(database, vocabulary)
        number, found = add_alone(staging, csv, delivery, options)
        staging.decide_titles()
        return import_report(staging, number, found)


def netflix_profiles(path: Path) -> list[str]:
    """Return the names of the Netflix profiles in an export, sorted; none where it names none.

    Raises ValueError if the file cannot be used, with what to do.
    """
    settings = load_settings()
    try:
        return read_file(path, current_vocabulary(settings), ReadOptions.of(settings)).file.profiles
    except _UNREADABLE as error:
        raise ValueError(_why(path, error)) from None


def _with_progress(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """Show the progress of reading a large file, on a terminal."""
    size, screen = os.fstat(file.fileno()).st_size, Console(stderr=True)
    if not screen.is_terminal or size < _LARGE_FILE:
        return nullcontext(file)
    return wrap_file(file, size, description=Path(file.name).name, console=screen, transient=True)


def _why(path: Path, error: Exception) -> str:
    """Return in one line why a file cannot be used."""
    return why_not_opened(path, error) if isinstance(error, OSError) else " ".join(str(error).split())


def read_files(files: Sequence[Path], *, is_json: bool, date_order: str | None, only: Sequence[str]) -> int:
    """Print what is in exports, without storing them. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        return _read(files, settings, console, is_json=is_json, date_order=date_order, only=only)

    return _answered("read", act)


def _read(
    files: Sequence[Path],
    settings: Settings,
    console: Console,
    *,
    is_json: bool,
    date_order: str | None,
    only: Sequence[str],
) -> int:
    vocabulary, options = current_vocabulary(settings), ReadOptions.of(settings)
    failed = False
    for path in files:
        try:
            report = read_file(
                path, vocabulary, options, date_order=date_order, only=only or settings.activity_profiles
            )
        except _UNREADABLE as error:
            failed = True
            _print_unreadable(path, error, console, is_json=is_json)
        else:
            if is_json:
                _print_json(report.to_json(str(path)))
            else:
                print_report(path.name, report, console, said_of_zip(path))
    # A program reads the error in the JSON.
    return 1 if failed and not is_json else 0


_NOTHING_READ: dict[str, Any] = {
    **dict.fromkeys(("kind", "encoding", "delimiter")),
    **dict.fromkeys(("rows", "views", "blank", "undated", "supplemental", "unsure"), 0),
    **dict.fromkeys(("date_order", "date_evidence", "first_day", "last_day")),
    **dict.fromkeys(("episodes", "films"), 0),
}


def _print_unreadable(path: Path, error: Exception, console: Console, *, is_json: bool) -> None:
    message = _why(path, error)
    if not is_json:
        console.print(f"{path.name}: cannot be used. {message}\n", markup=False, soft_wrap=True)
        return
    known = error.known if isinstance(error, ExportError) else {}
    lists: dict[str, Any] = {"shows": [], "profiles": [], "hours": None, "warnings": []}
    _print_json({"file": str(path), **_NOTHING_READ, **lists, **known, "error": message})


def print_report(name: str, report: ImportReport, console: Console, note: str | None = None) -> None:
    """Print the import report of a file. note: what else is to be said of it."""
    file = report.file
    kind = "viewing history" if file.kind == "viewing_history" else "viewing activity"
    lines = [
        f"{name}: {kind}, {file.encoding}, {file.rows} rows",
        f"  {report.counted} views from {report.first_day or '-'} to {report.last_day or '-'}: "
        f"{report.kinds['episode']} episodes of {len(report.shows)} shows, {report.kinds['film']} films"
        + (f", {report.hours:.1f} hours" if report.hours is not None else ""),
        f"  not counted or unsure: {report.dropped()}",
        f"  dates: {_dates_in_words(file)}",
    ]
    if file.profiles:
        lines.append(f"  Netflix profiles: {printable('; '.join(file.profiles))}")
    lines += [f"  note: {warning}" for warning in ([note] if note else []) + report.warnings]
    console.print("\n".join(lines) + "\n", markup=False, soft_wrap=True)


def _dates_in_words(file: ReadFile) -> str:
    """Return how the dates of a file are read, with an example and the evidence."""
    example = f" ({printable(file.date_example)})" if file.date_example else ""
    return f"{ORDER_NAMES[file.date_order]}{example}; {file.date_evidence}" if example else file.date_evidence


def import_files(files: Sequence[Path], *, profile: str | None, date_order: str | None, only: Sequence[str]) -> int:
    """Import exports, rebuild the tables and print the import report of each file. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        return _import(files, settings, console, profile=profile, date_order=date_order, only=only)

    return _answered("import", act)


def _import(
    files: Sequence[Path],
    settings: Settings,
    console: Console,
    *,
    profile: str | None,
    date_order: str | None,
    only: Sequence[str],
) -> int:
    kept = {}
    failed = False
    for path in files:
        try:
            raw = participant.take_file(
                settings,
                path,
                "import",
                profile=profile or None,
                date_order=date_order,  # type: ignore[arg-type]
                only=tuple(only) or None,
            )
        except (ArchiveError, OSError) as error:
            failed = True
            _print_unreadable(path, error, console, is_json=False)
        else:
            kept[raw.sha256] = path
    with console.status("Rebuilding the tables ..."):
        histories = participant.refresh(settings, everything=True)
    for history in histories:
        for file in history.files:
            if file.raw.sha256 not in kept:
                continue
            if file.report is not None:
                print_report(kept[file.raw.sha256].name, file.report, console, said_of_zip(kept[file.raw.sha256]))
            else:
                failed = True
                _print_unreadable(kept[file.raw.sha256], file.refusal or ValueError(), console, is_json=False)
    for history in histories:
        console.print(
            f"{history.profile}: {history.views} views of {counted(len(history.files), 'file')}", markup=False
        )
    return int(failed)


# --- insights ----------------------------------------------------------------------------------------------------


def show_insights(*, is_json: bool) -> int:
    """Print the insights. Returns the exit code."""
    return _answered("insights", lambda settings, console: _insights(settings, console, is_json=is_json))


def _insights(settings: Settings, console: Console, *, is_json: bool) -> int:
    with _profiles(settings) as database:
        tables = all_insights(database)
        effects = list(effects_of(database, read_events(settings.private_dir)))
    if is_json:
        _print_json({"tables": [table.to_json() for table in tables], "events": [_effect_json(one) for one in effects]})
        return 0
    for table in tables:
        if table.name == "calendar":
            _print_calendar(table, console)
        else:
            print_table(table, console)
    for effect in effects:
        _print_effect(effect, console)
    return 0


def _profiles(settings: Settings) -> duckdb.DuckDBPyConnection:
    try:
        return open_profiles(settings.private_dir)
    except FileNotFoundError:
        raise FileNotFoundError("nothing was imported yet. Try ./run.sh import NetflixViewingHistory.csv") from None


def print_table(table: InsightTable, console: Console) -> None:
    """Print a table, with bars for its column `bar`."""
    rows = table.rows[-_PRINTED_ROWS:]
    cut = f" (the last {len(rows)} of {len(table.rows)})" if len(rows) < len(table.rows) else ""
    console.print(f"\n{table.title}{cut}", style="bold", markup=False)
    if rows:
        console.print(_grid(table, rows))
    if table.note:
        console.print(table.note, style="dim", markup=False, soft_wrap=True)


def _grid(table: InsightTable, rows: Sequence[Sequence[Cell]]) -> Table:
    # A column without any value says nothing.
    shown = [place for place in range(len(table.columns)) if any(row[place] is not None for row in rows)]
    grid = Table(box=None, pad_edge=False)
    for place in shown:
        is_text = isinstance(rows[0][place], str)
        grid.add_column(
            table.columns[place].replace("_", " "),
            justify="left" if is_text else "right",
            no_wrap=True,
            min_width=min(30, max(len(str(row[place])) for row in rows)) if is_text else None,
        )
    bars = _bars([row[table.columns.index(table.bar)] for row in rows]) if table.bar else []
    if bars:
        grid.add_column("", no_wrap=True, width=_BAR)
    for number, row in enumerate(rows):
        grid.add_row(*(_cell(table.columns[place], row[place]) for place in shown), *bars[number : number + 1])
    return grid


def _bars(cells: Sequence[Cell]) -> list[str]:
    """Return a bar for each value, the longest for the largest; none when every value is zero or unknown."""
    largest = max(_number(cell) for cell in cells)
    return ["█" * round(_BAR * _number(cell) / largest) for cell in cells] if largest else []


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _cell(name: str, value: Cell) -> str:
    if value is None:
        return "-"
    if name == "share" and isinstance(value, float):
        return f"{100 * value:.1f} %"
    return f"{value:.1f}" if isinstance(value, float) else plain(str(value))


def plain(text: str) -> str:
    """Return untrusted text without control characters and without rich's markup."""
    return escape(printable(text))


def _print_calendar(table: InsightTable, console: Console) -> None:
    """Draw the last year of views: a column a week, a row a weekday."""
    counts = {day: _number(views) for day, views in table.rows if isinstance(day, date)}
    if not counts:
        return
    newest = max(counts)
    first = newest - timedelta(days=newest.weekday() + 7 * (_CALENDAR_WEEKS - 1))
    largest = max(counts.values())
    console.print(f"\n{table.title}: a column a week from {first} to {newest}, a row a weekday", style="bold")
    for weekday in range(7):
        days = (first + timedelta(days=7 * week + weekday) for week in range(_CALENDAR_WEEKS))
        shades = (_SHADES[-(-4 * int(counts.get(day, 0)) // int(largest))] for day in days)
        console.print(f"{'MTWTFSS'[weekday]} {''.join(shades)}", markup=False)


# --- life events -------------------------------------------------------------------------------------------------


def note_event(label: str, first_day: date, last_day: date) -> int:
    """Add a life event and print its effect. Returns the exit code."""
    return _answered("event", lambda settings, console: _event_add(settings, console, label, first_day, last_day))


def list_events(*, is_json: bool) -> int:
    """Print all life events and their effects. Returns the exit code."""
    return _answered("event", lambda settings, console: _event_list(settings, console, is_json=is_json))


def forget_event(number: int) -> int:
    """Remove a life event. Returns the exit code."""
    return _answered("event", lambda settings, console: _event_remove(settings, console, number))


def _event_add(settings: Settings, console: Console, label: str, first_day: date, last_day: date) -> int:
    event = add_event(settings.private_dir, label, first_day, last_day)
    console.print(f"{event.id}: {event.label}, {event.first_day} to {event.last_day}. It stays on this machine.")
    console.print("At most a randomized answer about the quarter leaves it: see LIMIT_QUESTIONS.", style="dim")
    try:
        database = open_profiles(settings.private_dir)
    except FileNotFoundError:
        console.print("Nothing was imported yet, so there is nothing to compare.")
        return 0
    with database:
        for effect in effects_of(database, read_events(settings.private_dir)):
            if effect.event == event:
                _print_effect(effect, console)
    return 0


def _event_list(settings: Settings, console: Console, *, is_json: bool) -> int:
    events = read_events(settings.private_dir)
    if not events and not is_json:
        console.print("No events yet. Note one: ./run.sh event add sick 2026-02-01 2026-02-09")
        return 0
    try:
        with open_profiles(settings.private_dir) as database:
            effects = list(effects_of(database, read_events(settings.private_dir)))
    except FileNotFoundError:
        effects = [EventEffect(event, None, None, None, None, 0) for event in events]
    for effect in effects:
        if is_json:
            _print_json(_effect_json(effect))
        else:
            _print_effect(effect, console)
    return 0


def _event_remove(settings: Settings, console: Console, number: int) -> int:
    event = remove_event(settings.private_dir, number)
    console.print(f"Removed {event.id}: {event.label}, {event.first_day} to {event.last_day}.", markup=False)
    return 0


def _print_effect(effect: EventEffect, console: Console) -> None:
    event = effect.event
    console.print(f"\n{event.id}: {event.label}, {event.first_day} to {event.last_day}", style="bold", markup=False)
    grid = Table(box=None, pad_edge=False)
    for column in ("", "from", "to", "views", "a day", "a week", "times before", "95 % interval"):
        grid.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for period in (effect.before, effect.during, effect.after):
        if period is None:
            continue
        ratio = "" if period.ratio is None else f"{period.ratio:.2f}"
        interval = "" if period.lower is None else f"{period.lower:.2f} to {period.upper:.2f}"
        days = (str(period.first_day), str(period.last_day), str(period.views))
        grid.add_row(period.name, *days, f"{period.per_day:.2f}", f"{period.per_week:.1f}", ratio, interval)
    console.print(grid)
    console.print(effect.reading, markup=False, soft_wrap=True)
    if effect.is_thinned:
        console.print(THINNED, style="dim", markup=False, soft_wrap=True)


def _effect_json(effect: EventEffect) -> dict[str, Any]:
    def period(one: Any) -> dict[str, Any] | None:
        if one is None:
            return None
        return {
            "first_day": one.first_day.isoformat(),
            "last_day": one.last_day.isoformat(),
            "views": one.views,
            "views_per_day": one.per_day,
            "views_per_week": one.per_week,
            "ratio_to_before": one.ratio,
            "lower": one.lower,
            "upper": one.upper,
        }

    return {
        **effect.event.model_dump(mode="json"),
        "before": period(effect.before),
        "during": period(effect.during),
        "after": period(effect.after),
        "p_value": effect.p_value,
        "weeks": effect.weeks,
        "reading": effect.reading,
        "warning": THINNED if effect.is_thinned else None,
    }


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))  # noqa: T201
