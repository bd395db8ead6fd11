"""The participant's own files: which of them are damaged, what that costs, and what to do. Reads only.

What is derived is built again by itself. What a person has said is never guessed: nothing is answered from it until the
person repairs it or says it again. What was set aside stays in `damaged/` until the person has looked at it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from netflix_trend.history.exclusions import ExclusionError, read_exclusions
from netflix_trend.history.freshness import damaged_tables
from netflix_trend.history.household import are_answers_damaged
from netflix_trend.history.raw import RawStore
from netflix_trend.history.removed import RemovalError, read_removals
from netflix_trend.language import _, marked
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.participant.life_events import EventError, read_events
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.receipts import damaged_receipts
from netflix_trend.participant.sealed import is_store_damaged
from netflix_trend.participant.status import is_status_damaged
from netflix_trend.settings import Settings
from netflix_trend.status_table import Mark, Row
from netflix_trend.storage.damaged import Damaged, read_file, were_set_aside

ROW = marked("own files")
_IMPORT_AGAIN = marked("import the same file again: ./run.sh import FILE, or the page Start")
_REBUILT = marked("nothing: it is built again within minutes")
_WRITTEN_AGAIN = marked("nothing: the publisher writes it again at its next run")
_CHOOSE = marked("./run.sh limits, then ./run.sh join (or withdraw)")
_RESTORE = marked("restore it from a backup")
_RESTORE_SOON = marked(
    "restore it from a backup: it lacks reports that your datasite holds, which are not answered again"
)
_SAY_AGAIN = marked("./run.sh whose, or the page Start")
_LOOK = marked("look at it, then delete it or put it back in its place")
_DELETE = marked("delete it")
_RESET = marked("./run.sh doctor, and sign in again if it says so")
_EXCLUDE = marked("put it back from a backup, or delete it and exclude again what you had excluded")
_NOTE_AGAIN = marked("put it back from a backup, or delete it and note your events again")


@dataclass(frozen=True)
class DamagedFile:
    """A file that is damaged or was set aside. name: below its volume. mark: how bad it is. step: what to do."""

    name: str
    step: str
    mark: Mark = "wrong"


def damaged_files(settings: Settings, state: Snapshot) -> list[DamagedFile]:
    """Return what is damaged, the worst first: what keeps something from being done, then the rest.

    state: so that each file is read once for a page.
    """
    private, records = _private(settings.private_dir, state), _records(settings.records_dir, state)
    found = [*private, *records, *_browser(settings.scraper_dir)]
    return sorted(found, key=lambda one: one.mark != "wrong")


def own_files_row(settings: Settings, state: Snapshot) -> Row:
    """Return whether all files of this participant can be read, with the names of those that cannot."""
    found = damaged_files(settings, state)
    if not found:
        return Row(ROW, _("all of them can be read"))
    said = _("damaged or set aside: %(names)s", names=", ".join(one.name for one in found))
    step = _(found[0].step)
    return Row(ROW, said, found[0].mark, f"{found[0].name}: {step}")


def _private(private: Path, state: Snapshot) -> Iterator[DamagedFile]:
    store, volume = RawStore(private), PrivateVolume(private)
    for sha256 in store.damaged():
        yield DamagedFile(f"raw/{sha256}.json", _IMPORT_AGAIN)
    for export in store.without_bytes():
        yield DamagedFile(f"raw/{export.sha256}.csv", _IMPORT_AGAIN)
    profiles = set(store.profiles())
    for folder in volume.profile_folders():
        for name in damaged_tables(folder) if folder.name in profiles else ():
            yield DamagedFile(f"profiles/{folder.name}/{name}", _REBUILT, "look here")
    for path, is_damaged, step in (
        (volume.choices, bool(state.choices_problem), _CHOOSE),
        (volume.exclusions, _fails(lambda: read_exclusions(private), ExclusionError), _EXCLUDE),
        (volume.household, are_answers_damaged(private), _SAY_AGAIN),
        (volume.life_events, _fails(lambda: read_events(private), EventError), _NOTE_AGAIN),
        (volume.removals, _fails(lambda: read_removals(private), RemovalError), _LOOK),
    ):
        if is_damaged:
            yield DamagedFile(str(path.relative_to(private)), step)
    for path in (volume.dismissed, volume.not_for_me):
        if not _is_json(path):
            yield DamagedFile(path.name, _DELETE, "look here")
    yield from _set_aside(private)


def _records(records: Path, state: Snapshot) -> Iterator[DamagedFile]:
    volume = PublisherVolume(records)
    if state.ledger_problem:
        yield DamagedFile(volume.ledger.name, _RESTORE)
    elif not {entry.round for entry in state.entries}.issuperset(state.published):
        # It was lost, cut off, or is an old copy. Reports to other aggregators are in it, and not in the datasite.
        yield DamagedFile(volume.ledger.name, _RESTORE_SOON)
    if is_store_damaged(volume.sealed):
        yield DamagedFile(volume.sealed.name, _RESTORE)
    if state.status is None and is_status_damaged(records):
        yield DamagedFile(volume.status.name, _WRITTEN_AGAIN, "look here")
    if volume.receipts.is_file():
        yield DamagedFile(volume.receipts.name, _LOOK, "look here")
    for name in damaged_receipts(records):
        yield DamagedFile(f"{volume.receipts.name}/{name}", _LOOK, "look here")
    yield from _set_aside(records)


def _browser(folder: Path) -> Iterator[DamagedFile]:
    """Yield state of the browser that cannot be read, where this process sees it. What it says is the browser's."""
    for path in sorted(folder.glob("*.json")):
        if not _is_json(path):
            yield DamagedFile(path.name, _RESET, "look here")
    yield from _set_aside(folder)


def _set_aside(volume: Path) -> Iterator[DamagedFile]:
    yield from (DamagedFile(name, _LOOK, "look here") for name in were_set_aside(volume))


def _fails(read: Callable[[], object], problem: type[Exception]) -> bool:
    try:
        read()
    except problem:
        return True
    return False


def _is_json(path: Path) -> bool:
    """Return whether a file is whole as far as JSON tells, or not there."""
    try:
        json.loads(read_file(path))
    except FileNotFoundError:
        return True
    except (Damaged, ValueError, RecursionError):
        return False
    return True
