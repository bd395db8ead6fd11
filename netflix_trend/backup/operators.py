"""Backup and restore of an operator: an aggregator or a helper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

from netflix_trend.backup.archive import BackupError, Manifest, Reader, described, write_archive
from netflix_trend.backup.contents import Volumes
from netflix_trend.backup.staging import commit, found, refuse_over, unpack
from netflix_trend.language import _
from netflix_trend.layout import OperatorVolume
from netflix_trend.storage.files import held


def back_up_operator(
    role: Literal["aggregator", "helper"], folder: Path, out: BinaryIO, passphrase: str = ""
) -> Manifest:
    """Write a backup of an operator's volume, also while it runs. Returns what is in it. Raises BackupError."""
    volumes = Volumes(role, {role: folder})
    sources = [volumes.source(name) for name in volumes.names()]
    if not sources:
        raise BackupError(_("there is nothing to back up yet"))
    manifest = described(role, sources)
    write_archive(out, manifest, sources, passphrase)
    return manifest


def restore_operator(
    role: Literal["aggregator", "helper"],
    folder: Path,
    stream: BinaryIO,
    passphrase: Callable[[Reader], str],
    *,
    replace: bool = False,
) -> Manifest:
    """Restore an operator's volume. Returns what was in the backup.

    passphrase: asked for when the backup is encrypted. replace: keep what is there in `before_restore/`, and restore
    over it. Raises BackupError when it cannot be restored, then nothing was changed; and while the operator runs.
    """
    volumes = Volumes(role, {role: folder})
    reader = Reader(stream)
    with held(OperatorVolume(folder).loop) as is_free:
        if not is_free:
            raise BackupError(_("the %(role)s is running. Stop it, then repeat this", role=role))
        if unfinished := found(folder):
            unfinished.put(volumes, role)
            unfinished.remove()
        refuse_over(volumes, replace=replace)
        staged = commit(unpack(reader, volumes, folder, passphrase(reader) if reader.is_sealed else ""))
        staged.put(volumes, role)
        staged.remove()
    return staged.manifest
