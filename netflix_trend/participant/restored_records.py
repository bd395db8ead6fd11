"""The publisher's part of a restore: records go back, and no round is answered again.

Every round that may have been answered since the backup was made is skipped from now on, and counts toward the year.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from fractions import Fraction
from pathlib import Path

from netflix_trend.backup.archive import Manifest
from netflix_trend.backup.contents import Volumes, copied, is_damaged
from netflix_trend.backup.staging import Staged, found
from netflix_trend.layout import PublisherVolume
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.reporter import MAY_BE_ANSWERED
from netflix_trend.operators.store import Store
from netflix_trend.participant.ledger import WEEKS_PER_YEAR, LedgerError, open_ledger, read_whole_ledger
from netflix_trend.participant.releases import witnessed_rounds
from netflix_trend.participant.restoring import PLACES, mark_of, taken, volumes_of
from netflix_trend.participant.sealed import MAX_ROUND_AGE_WEEKS
from netflix_trend.periods.turns import ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings
from netflix_trend.storage.damaged import make_way
from netflix_trend.storage.files import locked, write_atomically
from netflix_trend.survey.sum_survey import PRESETS
from netflix_trend.syftbox.datasite import Datasite

_log = logging.getLogger("restore")
# Endings of what lies beside a database in use.
_LOGS = ("-wal", "-shm")
# What a backup has and the database that is there has not.
_IN_BACKUP_ONLY = (
    "SELECT round, manifest FROM kept.budget EXCEPT SELECT round, manifest FROM main.budget",
    "SELECT round, file, data FROM kept.outbox EXCEPT SELECT round, file, data FROM main.outbox",
)


def take_records(settings: Settings, today: date) -> None:
    """Take the publisher's part of a restore, if there is one that was not taken yet. The caller holds its lock.

    Raises LedgerError if the ledger that was restored cannot be used.
    """
    staged = found(settings.private_dir)
    publisher = settings.publisher_dir
    if staged is None or taken(publisher) == staged.mark:
        return
    volumes = volumes_of(settings)
    publisher.mkdir(parents=True, exist_ok=True)
    for place in PLACES:
        witnessed = witnessed_rounds(Datasite(settings.datasites_dir, settings.syftbox_email))
        is_own = PublisherVolume(publisher / place).root == settings.records_dir
        _take_ledger(staged, volumes, f"publisher/{place}", witnessed if is_own else frozenset(), today)
        _take_sealed(staged, volumes, f"publisher/{place}", today)
        _take_receipts(staged, volumes, f"publisher/{place}")
    write_atomically(mark_of(publisher), staged.mark.encode())
    _log.info("records restored from a backup of %s", staged.manifest.made_at.date())


def _take_ledger(staged: Staged, volumes: Volumes, prefix: str, witnessed: frozenset[str], today: date) -> None:
    name = f"{prefix}ledger.jsonl"
    path, source = volumes.path(name), staged.file(name)
    if not source.exists():
        return
    make_way(path, volumes.folders["publisher"])
    data, current = source.read_bytes(), _bytes_of(path)
    if current.startswith(data):
        return  # it goes on where the backup ends
    staged.keep_before(volumes, name)
    part = path.with_name(f".{path.name}.restoring")
    with locked(path.with_name(f".{path.name}.lock")):
        write_atomically(part, data, mode=0o600)
        newest = _newest(staged.manifest, today)
        with open_ledger(part, published=(), now=newest) as ledger:
            counted = {Week.parse(one) for one in witnessed | _counted_at(path)}
            counted.update(_turns_since(staged.manifest, newest))
            unknown = sorted(week for week in counted if ledger.entry(week) is None)
            ledger.skip(newest, [week for week in unknown if week > newest], unknown)
        part.replace(path)
        part.with_name(f".{part.name}.lock").unlink(missing_ok=True)


def _counted_at(path: Path) -> frozenset[str]:
    """Return the rounds that a ledger that is replaced counts; none of a damaged one, which may be why."""
    try:
        return read_whole_ledger(path).counted
    except LedgerError:
        return frozenset()


def _newest(manifest: Manifest, today: date) -> Week:
    """Return the newest week that may have been answered. A clock that was ahead must not skip rounds for ever."""
    now = Week.last_complete(today)
    return min(max(now, Week.last_complete(manifest.made_at.date())), now + WEEKS_PER_YEAR)


def _oldest(manifest: Manifest, newest: Week, open_weeks: int) -> Week:
    """Return the oldest week that may have been answered after a backup was made, of those that a year can count.

    open_weeks: how many weeks before the newest one were open then.
    """
    made = Week.last_complete(manifest.made_at.date()).index - open_weeks
    return Week(max(made, newest.index - 2 * WEEKS_PER_YEAR))


def _turns_since(manifest: Manifest, newest: Week) -> Iterator[Week]:
    """Yield the rounds of a participant that may have been answered after a backup was made, up to `newest`."""
    oldest = _oldest(manifest, newest, ROTATION - 1)
    for age in range(newest.index - oldest.index + 1):
        if manifest.turn is None or ((newest - age).index - manifest.turn) % ROTATION == 0:
            yield newest - age


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _take_sealed(staged: Staged, volumes: Volumes, prefix: str, today: date) -> None:
    """Take the database of sealed reports, and enter every week that may have been answered since as spent.

    Such a week is not answered again, and a report that is still in the datasite is kept (`Reporter`). It costs the
    largest preset, because what was asked is not known.
    """
    name = f"{prefix}operators.sqlite"
    path, source = volumes.path(name), staged.file(name)
    if not source.exists():
        return
    make_way(path, volumes.folders["publisher"])
    part = path.with_name(f".{path.name}.restoring")
    write_atomically(part, source.read_bytes(), mode=0o600)
    lost: dict[str, tuple[int, str, str]] = {}
    if path.exists() and not is_damaged(path):
        with closing(Store(path)) as current:
            rows = current.sql.execute("SELECT round, day, num, den FROM budget")
            lost = {one: (day, num, den) for one, day, num, den in rows}
            current.sql.execute("ATTACH ? AS kept", (str(part),))
            goes_on = not any(current.sql.execute(query).fetchone() for query in _IN_BACKUP_ONLY)
        if goes_on:  # where the backup ends
            _remove_database(part)
            return
        staged.keep_before(volumes, name, copied(path))
    else:
        for ending in ("", *_LOGS):
            staged.keep_before(volumes, f"{name}{ending}")
    newest = _newest(staged.manifest, today)
    oldest = _oldest(staged.manifest, newest, MAX_ROUND_AGE_WEEKS)
    rho = max(rho for rho, _odds in PRESETS.values())
    with closing(Store(part)) as store, store.transaction():
        budget = Budget(store, rho)
        for round_name, (day, num, den) in lost.items():
            budget.enter(round_name, day, Fraction(int(num), int(den)), MAY_BE_ANSWERED)
        for age in range(newest.index - oldest.index + 1):
            week = newest - age
            budget.enter(str(week), week.monday.toordinal(), rho, MAY_BE_ANSWERED)
    # What was not yet in the database that is replaced must not be written into the new one.
    _remove_database(path, but_file=True)
    part.replace(path)
    _remove_database(part)


def _remove_database(path: Path, *, but_file: bool = False) -> None:
    for ending in (*_LOGS, *([] if but_file else [""])):
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)


def _take_receipts(staged: Staged, volumes: Volumes, prefix: str) -> None:
    for entry in staged.manifest.files:
        path = volumes.path(entry.name)
        is_receipt = entry.name.startswith(f"{prefix}receipts/")
        if is_receipt and not path.exists() and staged.file(entry.name).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, staged.file(entry.name).read_bytes())
