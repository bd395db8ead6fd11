"""Whether what a participant has on disk agrees: exports, tables, ledger, datasite, and the publisher's status.

Reads only. Each disagreement has a name, a sentence and the next step; nothing tells a title or an address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from netflix_trend.backup.contents import is_damaged
from netflix_trend.backup.staging import found as found_restore
from netflix_trend.history.raw import RawStore
from netflix_trend.layout import PrivateVolume, PublisherVolume, release_path
from netflix_trend.participant import participant
from netflix_trend.participant.participant import Snapshot
from netflix_trend.plain_text import counted
from netflix_trend.settings import Settings
from netflix_trend.syftbox.datasite import Datasite

_PIECE = 1 << 20
_AGAIN = "import the same file again"
_RUN = "./run.sh up, or ./run.sh once without Docker, which does what is due"
_BACKUP = "restore a backup: ./run.sh restore --replace FILE"

About = Literal["raw", "tables", "ledger", "datasite", "outlook"]
PARTS: tuple[About, ...] = ("raw", "tables", "ledger", "datasite", "outlook")


@dataclass(frozen=True)
class Finding:
    """A disagreement. about: where it was found. what: a sentence without its full stop. step: what to do."""

    about: About
    what: str
    step: str

    def as_json(self) -> dict[str, str]:
        """Return it as an object of JSON."""
        return asdict(self)


def check(settings: Settings) -> list[Finding]:
    """Return everything that does not agree, in the order of PARTS; empty when all does."""
    state = participant.snapshot(settings)
    return [
        *_raw(settings.private_dir),
        *_tables(settings),
        *_ledger(settings, state),
        *_datasite(settings, state),
        *_outlook(state),
    ]


def _raw(private: Path) -> Iterator[Finding]:
    """Compare exports with their names, which are their SHA-256, and with their descriptions."""
    store, volume = RawStore(private), PrivateVolume(private)
    described = set(store.digests())
    for sha256 in store.damaged():
        yield Finding("raw", f"raw/{sha256[:12]}...json cannot be read, so its export counts nowhere", _AGAIN)
    for export in store.exports():
        path = volume.export(export.sha256)
        if export.refused is None and not path.exists():
            yield Finding("raw", f"raw/{export.sha256[:12]}...csv is missing", f"{_AGAIN}, or {_BACKUP}")
    for path in sorted(volume.raw.glob("[!.]*.csv")):
        if path.stem not in described:
            yield Finding("raw", f"raw/{path.stem[:12]}...csv has no description, so nothing uses it", _AGAIN)
        if _digest(path) not in (path.stem, None):
            yield Finding("raw", f"raw/{path.stem[:12]}...csv is damaged", f"{_AGAIN}, or {_BACKUP}")
    if found_restore(private) is not None:
        yield Finding("raw", "a restore is not finished", _RUN)


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a file; None if it has been forgotten by now."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _tables(settings: Settings) -> Iterator[Finding]:
    """Compare tables with what they should be built from, as the processor does before it rebuilds."""
    found = participant.out_of_date(settings)
    if found.problem:
        yield Finding("tables", found.problem.rstrip("."), "see the page Health")
    if found.unread:
        yield Finding("tables", f"{counted(len(found.unread), 'export')} of raw/ in no table yet", _RUN)
    elif found.outdated:
        yield Finding("tables", f"the tables of {counted(len(found.outdated), 'profile')} are older than raw/", _RUN)


def _ledger(settings: Settings, state: Snapshot) -> Iterator[Finding]:
    if state.ledger_problem:
        yield Finding("ledger", state.ledger_problem.rstrip("."), _BACKUP)
    sealed = PublisherVolume(settings.records_dir).sealed
    if sealed.exists() and is_damaged(sealed):
        yield Finding("ledger", "operators.sqlite is damaged", _BACKUP)


def _datasite(settings: Settings, state: Snapshot) -> Iterator[Finding]:
    """Compare the datasite with its manifest, and with the ledger."""
    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    if state.choices_problem:
        yield Finding("datasite", state.choices_problem.rstrip("."), "./run.sh limits, then join or withdraw")
        return
    if state.choices.participation == "withdrawn":
        if state.files:
            files = counted(state.files, "file")
            yield Finding("datasite", f"{files} in the datasite, although you have withdrawn", _RUN)
        return
    if state.ledger_problem or not (state.entries or state.published):
        return
    released = {
        release_path(entry.round): entry.data
        for entry in state.entries
        if entry.aggregator == settings.aggregator_datasite
    }
    there = {name: data for name, data in state.contents.items() if name.startswith("releases/")}
    if missing := released.keys() - there.keys():
        rounds = ", ".join(sorted(Path(name).stem for name in missing))
        yield Finding("datasite", f"releases of the ledger that are not in the datasite: {rounds}", _RUN)
    if unknown := there.keys() - released.keys():
        rounds = ", ".join(sorted(Path(name).stem for name in unknown))
        yield Finding("datasite", f"releases in the datasite that the ledger does not know: {rounds}", _RUN)
    if changed := sorted(name for name in released.keys() & there.keys() if released[name] != there[name]):
        rounds = ", ".join(Path(name).stem for name in changed)
        yield Finding("datasite", f"releases in the datasite with other bytes than in the ledger: {rounds}", _RUN)
    listed = site.status(settings.aggregator_datasite)
    if damaged := [name for name in listed.damaged if name not in {*missing, *changed}]:
        yield Finding("datasite", f"files that are not as the manifest says: {', '.join(damaged)}", _RUN)


def _outlook(state: Snapshot) -> Iterator[Finding]:
    """Compare the status of the publisher's last run with the ledger."""
    status = state.status
    if status is None:
        if state.entries:
            yield Finding("outlook", "the ledger has releases, and no run of the publisher is known", _RUN)
        return
    if status.state in ("problem", "survey_refused"):
        yield Finding("outlook", f"the publisher's last run: {status.message.rstrip('.')}", "see ./run.sh status")
    known = {entry.round for entry in state.entries}
    answered = {one.round for one in status.outcomes if one.status in ("drawn", "kept")}
    if not state.ledger_problem and (lost := sorted(answered - known)):
        yield Finding("outlook", f"answered by the last run, and not in the ledger: {', '.join(lost)}", _BACKUP)
