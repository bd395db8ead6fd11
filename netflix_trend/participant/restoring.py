"""Backup and restore of a participant: the private volume, and the records of the publisher.

Restoring never answers a round again. The records go back first, and with them a line that skips every round that may
have been answered since the backup was made, and counts them toward the year. The publisher alone writes its volume: it
takes its part out of the private volume, where the restore has put it, before it does anything else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from netflix_trend.backup.archive import BackupError, Manifest, Reader, described, write_archive
from netflix_trend.backup.contents import Volumes, is_damaged
from netflix_trend.backup.staging import commit, discard, found, refuse_over, unpack
from netflix_trend.history.raw import RawStore
from netflix_trend.language import _, marked
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.participant.choices import ChoicesError, choose, read_choices
from netflix_trend.participant.ledger import LedgerError, read_whole_ledger
from netflix_trend.periods.turns import ROTATION, public_number
from netflix_trend.settings import Settings
from netflix_trend.storage.files import locked, unchanging

# How long a backup or restore waits for a run of the publisher, or for an import, to end.
_PATIENCE = 60.0
_BUSY = marked("something is being imported or published just now. Repeat it in a minute")
# Where records are on the publisher's volume: its root, and a trial's own.
PLACES = ("", "trial/")


def volumes_of(settings: Settings) -> Volumes:
    """Return the participant's volumes that a backup holds."""
    return Volumes("participant", {"private": settings.private_dir, "publisher": settings.publisher_dir})


def back_up(settings: Settings, out: BinaryIO, passphrase: str = "", now: datetime | None = None) -> Manifest:
    """Write a backup, consistent while the services run. Returns what is in it. Raises BackupError."""
    volumes = volumes_of(settings)
    with ExitStack() as stack:
        for lock in (*_run_locks(settings), PrivateVolume(settings.private_dir).raw_lock):
            if not stack.enter_context(unchanging(lock, _PATIENCE)):
                raise BackupError(_(_BUSY))
        # Small files are in memory afterwards; an export never changes, so it can be copied without the locks.
        sources = [volumes.source(name) for name in volumes.names()]
        if not sources:
            raise BackupError(_("there is nothing to back up yet"))
        turn = public_number("turn", settings.syftbox_email) % ROTATION
        manifest = described("participant", sources, turn=turn, made_at=now)
    write_archive(out, manifest, sources, passphrase)
    return manifest


def is_new(settings: Settings) -> bool:
    """Return whether no export and no record is there yet; somebody may have chosen something already."""
    names = volumes_of(settings).names()
    has_data = any(name.startswith(("private/raw/", "private/removed/", "publisher/")) for name in names)
    return not has_data and found(settings.private_dir) is None


def restore(
    settings: Settings,
    stream: BinaryIO,
    passphrase: Callable[[Reader], str],
    *,
    replace: bool = False,
    today: date | None = None,
) -> Manifest:
    """Restore a backup; the next run of the publisher takes its part where this process may not write it.

    passphrase: asked for when the backup is encrypted. replace: keep what is there in `before_restore/`, and restore
    over it. Returns what is in the backup. Raises BackupError when it cannot be restored; then nothing was changed.
    """
    volumes = volumes_of(settings)
    finish(settings, today)
    refuse_over(volumes, replace=replace)
    reader = Reader(stream)
    folder = unpack(reader, volumes, settings.private_dir, passphrase(reader) if reader.is_sealed else "")
    staged = None
    try:
        _check(folder)
        with ExitStack() as stack:
            # No run answers between the moment in which the backup counts and the end of what follows.
            for lock in _run_locks(settings):
                if not stack.enter_context(unchanging(lock, _PATIENCE)):
                    raise BackupError(_(_BUSY))
            refuse_over(volumes, replace=replace)
            staged = commit(folder)
    finally:
        if staged is None:
            discard(folder)
    finish(settings, today)
    return staged.manifest


def finish(settings: Settings, today: date | None = None) -> bool:
    """Put in place what was unpacked, as far as this process may write. Returns whether nothing is left to do.

    Safe to repeat, and after a crash in the middle.
    """
    staged = found(settings.private_dir)
    if staged is None:
        return True
    if os.access(settings.publisher_dir, os.W_OK) or not settings.publisher_dir.exists():
        with ExitStack() as stack:
            for lock in _run_locks(settings):
                stack.enter_context(locked(lock))
            # The processor finishes restores too, and its image holds no cryptography.
            from netflix_trend.participant.restored_records import take_records

            take_records(settings, today or date.today())
    if not os.access(settings.private_dir, os.W_OK):
        return False
    with RawStore(settings.private_dir).locked():
        _keep_withdrawn(settings.private_dir, staged.folder / "private")
        staged.put(volumes_of(settings), "private")
        if taken(settings.publisher_dir) != staged.mark:
            return False
        staged.remove()
    return True


def _keep_withdrawn(private: Path, restored: Path) -> None:
    """Let somebody who has withdrawn stay so: no older choice brings back what was taken back since."""
    with suppress(ChoicesError):
        if read_choices(private).participation == "withdrawn" and PrivateVolume(restored).choices.exists():
            choose(restored, "withdrawn")


def _run_locks(settings: Settings) -> Iterator[Path]:
    """Yield the locks of runs of the publisher, in a trial and otherwise."""
    return (PublisherVolume(settings.publisher_dir / place).lock for place in PLACES)


def mark_of(publisher: Path) -> Path:
    """Return the file that names the restore that the publisher has taken last."""
    return publisher / "restored"


def taken(publisher: Path) -> str:
    """Return which restore the publisher has taken last, empty for none."""
    try:
        return mark_of(publisher).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _check(folder: Path) -> None:
    """Raise BackupError if records in an unpacked backup are damaged: sums only show that they came as they were."""
    for place in PLACES:
        records = PublisherVolume(folder / "publisher" / place)
        try:
            read_whole_ledger(records.ledger)
        except LedgerError as damage:
            raise BackupError(_("the ledger in this backup cannot be used: %(damage)s", damage=damage)) from None
        if records.sealed.exists() and is_damaged(records.sealed):
            raise BackupError(_("operators.sqlite in this backup is damaged. Use another backup"))
