"""The verbs `read` and `import` in the terminal: what is in files, and whose viewing counts."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.causes import cause
from netflix_trend.delivery.archive import ArchiveError, open_csv, said_of_zip
from netflix_trend.delivery.file_kinds import why_not_opened
from netflix_trend.history.database import connect
from netflix_trend.history.dates import ORDER_NAMES
from netflix_trend.history.exports import ExportError
from netflix_trend.history.file_rows import ReadFile
from netflix_trend.history.household import Choose, ProfileQuestion, check_names, listed, name_key, profiles_in
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import opened
from netflix_trend.history.report import ImportReport, import_report
from netflix_trend.history.staging import Staging
from netflix_trend.history.tables import History, add_alone
from netflix_trend.plain_text import counted, printable, without_name
from netflix_trend.settings import Settings
from netflix_trend.syftbox.shared_files import current_vocabulary
from services.processor.verbs import answered, print_histories, print_json, rebuilt

_UNREADABLE = (ExportError, ArchiveError, OSError)
_LARGE_FILE = 5_000_000
_NOT_STORED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def read_file(path: Path, vocabulary: Vocabulary, options: ReadOptions, date_order: str | None = None) -> ImportReport:
    """Return the import report of a file as an import would print it; nothing of it is kept.

    date_order: the person's answer about this file. Raises ExportError, ArchiveError or OSError.
    """
    about = {"profile": "read", "source": "read", "date_order": date_order}
    with (
        tempfile.TemporaryDirectory(prefix="netflix-trend-") as scratch,
        connect(Path(scratch)) as database,
        opened(path, None, about, _with_progress) as (delivery, csv),
    ):
        staging = Staging(database, vocabulary)
        number, found = add_alone(staging, csv, delivery, options)
        staging.decide_titles()
        return import_report(staging, number, found)


def _with_progress(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """Show the progress of reading a large file, on a terminal."""
    size, screen = os.fstat(file.fileno()).st_size, Console(stderr=True)
    if not screen.is_terminal or size < _LARGE_FILE:
        return nullcontext(file)
    # With half of rich, for large files only.
    from rich.markup import escape
    from rich.progress import wrap_file

    # Words in brackets would be styles, and not shown.
    name = escape(printable(Path(file.name).name))
    return wrap_file(file, size, description=name, console=screen, transient=True)


def _why(path: Path, error: Exception) -> str:
    """Return in one line why a file cannot be used."""
    if not isinstance(error, OSError):
        return " ".join(str(error).split())
    place = str(error.filename or "")
    if error.errno in _NOT_STORED or place not in ("", str(path)):
        reason = cause(error)
        where = place or "the private folder"
        return f"{path}: it was not stored ({where}: {reason}). Make room, or let this user write there."
    return why_not_opened(path, error)


def read_files(files: Sequence[Path], *, is_json: bool, date_order: str | None, only: Sequence[str]) -> int:
    """Print what is in exports, without storing them. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        return _read(files, settings, console, is_json=is_json, date_order=date_order, only=only)

    return answered("read", act)


def _read(
    files: Sequence[Path],
    settings: Settings,
    console: Console,
    *,
    is_json: bool,
    date_order: str | None,
    only: Sequence[str],
) -> int:
    vocabulary = current_vocabulary(settings)
    options = _counting(ReadOptions.of(settings), only)
    failed = False
    for path in files:
        try:
            report = read_file(path, vocabulary, options, date_order)
            check_names(path.name, only, report.file.netflix_rows)
        except _UNREADABLE as error:
            # A program reads the error in the JSON, but a wrong option is wrong there, too.
            failed = failed or not is_json or (isinstance(error, ExportError) and error.reason == "unknown_profile")
            _print_unreadable(path, error, console, is_json=is_json)
        else:
            if is_json:
                print_json(report.to_json(str(path)))
            else:
                print_report(path.name, report, console, said_of_zip(path))
                _print_whose(report, console)
    return int(failed)


def _counting(asked: ReadOptions, only: Sequence[str]) -> ReadOptions:
    """Return the options to read a file with: of the named Netflix profiles if it has any of them, else of all."""
    wanted = {name_key(name) for name in only or [name for names in asked.answers.values() for name in names]}
    return replace(
        asked,
        decide_profiles=lambda rows, _: frozenset(name for name in rows if name_key(name) in wanted) or frozenset(rows),
    )


def _print_whose(report: ImportReport, console: Console) -> None:
    """Say of a file with several Netflix profiles that somebody has to choose."""
    if len(report.file.played) > 1:
        console.print(
            "  All of its Netflix profiles together are one person only if you say so: import asks which is you.\n"
            if len(report.file.profiles) > 1
            else "  Import keeps that only these count, also of later files.\n",
            markup=False,
            soft_wrap=True,
        )


_NOTHING_READ: dict[str, Any] = {
    **dict.fromkeys(("kind", "encoding", "delimiter")),
    **dict.fromkeys(("rows", "views", "blank", "undated", "supplemental", "unsure"), 0),
    **dict.fromkeys(("date_order", "date_evidence", "first_day", "last_day")),
    **dict.fromkeys(("episodes", "films"), 0),
}


def _print_unreadable(path: Path, error: Exception, console: Console, *, is_json: bool) -> None:
    message = _why(path, error)
    if not is_json:
        waits = isinstance(error, ExportError) and isinstance(error.question, ProfileQuestion)
        told = message if waits else f"{path}: cannot be used. {without_name(message, path.name, str(path))}"
        console.print(f"{printable(told, '?')}\n", markup=False, soft_wrap=True)
        return
    known = error.known if isinstance(error, ExportError) else {}
    lists: dict[str, Any] = {"shows": [], "profiles": [], "hours": None, "warnings": []}
    print_json({"file": str(path), **_NOTHING_READ, **lists, **known, "error": message})


def print_report(name: str, report: ImportReport, console: Console, note: str | None = None) -> None:
    """Print the import report of a file. note: what else is to be said of it."""
    file = report.file
    kind = "viewing history" if file.kind == "viewing_history" else "viewing activity"
    episodes, films = counted(report.kinds["episode"], "episode"), counted(report.kinds["film"], "film")
    lines = [
        f"{printable(name, '?')}: {kind}, {file.encoding}, {counted(file.rows, 'row')}",
        f"  {counted(report.counted, 'view')}{_days_in_words(report)}: "
        f"{episodes} of {counted(len(report.shows), 'show')}, {films}"
        + (f", {report.hours:.1f} hours" if report.hours is not None else ""),
        f"  not counted or unsure: {report.dropped()}",
        f"  dates: {_dates_in_words(file)}",
    ]
    if file.netflix_rows:
        lines.append(f"  Netflix profiles: {listed(file.netflix_rows)}")
    lines += [f"  note: {warning}" for warning in ([note] if note else []) + report.warnings]
    console.print("\n".join(lines) + "\n", markup=False, soft_wrap=True)


def _days_in_words(report: ImportReport) -> str:
    """Return ` from 2026-01-31 to 2026-02-01`, or less for one day or none."""
    first, last = report.first_day, report.last_day
    if first is None or first == last:
        return f" on {first}" if first else ""
    return f" from {first} to {last}"


def _dates_in_words(file: ReadFile) -> str:
    """Return how the dates of a file are read, with an example and the evidence."""
    example = f" ({printable(file.date_example)})" if file.date_example else ""
    return f"{ORDER_NAMES[file.date_order]}{example}; {file.date_evidence}" if example else file.date_evidence


def import_files(
    files: Sequence[Path],
    *,
    profile: str | None,
    date_order: str | None,
    only: Sequence[str],
    choose: Choose | None = None,
) -> int:
    """Import exports, rebuild the tables and print the import report of each file. Returns the exit code.

    choose: asks the person which Netflix profiles are theirs, where a file has several and nobody has said.
    """

    def act(settings: Settings, console: Console) -> int:
        return _import(files, settings, console, profile=profile, date_order=date_order, only=only, choose=choose)

    return answered("import", act)


def _import(
    files: Sequence[Path],
    settings: Settings,
    console: Console,
    *,
    profile: str | None,
    date_order: str | None,
    only: Sequence[str],
    choose: Choose | None,
) -> int:
    from netflix_trend.participant import participant  # `read` does not need it

    kept: dict[str, Path] = {}
    failed = False
    days = participant.import_days(settings)
    for path in files:
        try:
            _check_only(path, only)
            raw = participant.take_file(
                settings,
                path,
                "import",
                profile=profile or None,
                date_order=date_order,  # type: ignore[arg-type]
                only=tuple(only),
            )
        except _UNREADABLE as error:
            failed = True
            _print_unreadable(path, error, console, is_json=False)
        else:
            kept[raw.sha256] = path
            if said := participant.already_imported(raw, days):
                console.print(f"{printable(path.name, '?')}: {said}", markup=False, soft_wrap=True)
    return int(_rebuild(kept, settings, console, choose) or failed)


def report_taken(kept: Mapping[str, str]) -> int:
    """Rebuild the tables and print the import report of exports that were taken. Returns the exit code.

    kept: their names, by the hash of the file.
    """
    names = {sha256: Path(name) for sha256, name in kept.items()}
    return answered("import", lambda settings, console: int(_rebuild(names, settings, console)))


def _rebuild(kept: Mapping[str, Path], settings: Settings, console: Console, choose: Choose | None = None) -> bool:
    """Rebuild the tables and print the reports of some exports. Returns whether one of them could not be read."""
    failed = False
    histories = rebuilt(settings, console)
    if choose and _ask(settings, histories, kept, choose):
        histories = rebuilt(settings, console)
    for history in histories:
        for file in history.files:
            if file.raw.sha256 not in kept:
                continue
            if file.report is not None:
                print_report(kept[file.raw.sha256].name, file.report, console, said_of_zip(kept[file.raw.sha256]))
            elif file.raw.profile == history.profile:
                failed = True
                _print_unreadable(kept[file.raw.sha256], file.refusal or ValueError(), console, is_json=False)
    print_histories(histories, console)
    return failed


def _check_only(path: Path, only: Sequence[str]) -> None:
    """Raise ExportError if a named Netflix profile is not in a file; whatever else is wrong is found on import."""
    if only and path.is_file():
        with path.open("rb") as file, open_csv(file, path.name) as (csv, _):
            check_names(path.name, only, profiles_in(csv, path.name))


def _ask(settings: Settings, histories: Sequence[History], kept: Collection[str], choose: Choose) -> bool:
    """Ask about the files that wait for an answer, once a profile. Returns whether anything was answered."""
    from netflix_trend.participant import participant

    asking = {
        history.profile
        for history in histories
        for file in history.files
        if file.raw.sha256 in kept and file.refusal and isinstance(file.refusal.question, ProfileQuestion)
    }
    for one in participant.whose(settings):
        if one.profile in asking:
            participant.say_whose(settings, one.profile, choose(one.choices))
    return bool(asking)
