"""Rebuilds that did not end, and exports that are left out so that the others are read.

A rebuild of a profile that is killed or fails is tried again. After a few attempts the export that is the likely cause
is left out, with a reason; its bytes stay in `raw/`. `attempts.json` in the folder of the profile has both. A rebuild
that was ended from outside, as when a machine is switched off, says little about a file: so many more of these are
allowed.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.history.exports import ExportError
from netflix_trend.language import _
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict

ATTEMPTS = "attempts.json"
# So often a rebuild may fail, or be ended from outside, while nothing changes.
MOST_FAILURES, MOST_INTERRUPTIONS = 3, 10
# Without an export to leave out it is tried again after so many seconds.
_GIVEN_UP_SECONDS = 86_400.0
# With so much more memory an export that was left out is tried again.
_MORE = 1.1
_SHA256 = r"^[0-9a-f]{64}$"
_MEGABYTE = 1_000_000

Reason = Literal["too_large_for_memory", "stopped_the_import"]


class RebuildStopped(ValueError):
    """A rebuild ended so often without a result that it is not tried again now; the message says what to do."""


class LeftOut(Strict):
    """An export that is left out of a profile. budget: bytes of memory that there were."""

    sha256: Annotated[str, Field(pattern=_SHA256)]
    reason: Reason
    budget: Annotated[int, Field(ge=0)]

    def refusal(self, name: str) -> ExportError:
        """Return why the export is not used. name: of its file."""
        if self.reason == "too_large_for_memory":
            return too_large(name, self.budget)
        return ExportError(
            self.reason,
            _(
                "%(name)s: reading it ended the import several times, so it is left out and the other files are "
                "read. Import it again to try once more, or forget it: ./run.sh forget.",
                name=name,
            ),
        )


class Attempts(Strict):
    """What is known about the rebuilds of a profile.

    inputs: what the last attempt was to build from. is_running: whether it has not ended, or was killed. parent: of the
    process. failures, interruptions: attempts with the same inputs before it that failed or were killed alone, and that
    were ended from outside. reading: SHA-256 of the export that was being read then.
    """

    schema_version: Literal[1] = 1
    inputs: str = ""
    is_running: bool = False
    parent: str = ""
    failures: Annotated[int, Field(ge=0)] = 0
    interruptions: Annotated[int, Field(ge=0)] = 0
    reading: str | None = None
    left_out: Annotated[tuple[LeftOut, ...], Field(strict=False)] = ()

    @property
    def are_too_many(self) -> bool:
        """Whether it makes no sense to try the same again."""
        return self.failures >= MOST_FAILURES or self.interruptions >= MOST_INTERRUPTIONS

    def counted(self, inputs: str, parent: str) -> Attempts:
        """Return these with the attempt that was killed, if one was. inputs, parent: of the next attempt."""
        if self.inputs != inputs:
            return Attempts(left_out=self.left_out)
        if not self.is_running:
            return self
        was_alone = self.parent == parent
        return self.model_copy(
            update={
                "is_running": False,
                "failures": self.failures + was_alone,
                "interruptions": self.interruptions + (not was_alone),
            }
        )


def too_large(name: str, budget: int) -> ExportError:
    """Return the refusal of an export that would take more memory than there is. budget: in bytes."""
    return ExportError(
        "too_large_for_memory",
        _(
            "%(name)s: it has so many titles that reading it takes more than the %(budget)s MB of memory that an "
            "import may use here, so it is left out and the other files are read. Give it more memory "
            "(IMPORT_MEMORY in .env), or forget it: ./run.sh forget.",
            name=name,
            budget=f"{budget // _MEGABYTE:,}",
        ),
    )


def read_attempts(folder: Path) -> Attempts:
    """Return what is known about the rebuilds of a profile; nothing if the file is missing or damaged."""
    try:
        return Attempts.model_validate_json((folder / ATTEMPTS).read_bytes())
    except (OSError, ValidationError):
        return Attempts()


def left_out(folder: Path, budget: int) -> dict[str, LeftOut]:
    """Return the exports that are left out of a profile, by SHA-256. budget: bytes of memory that there are now."""
    return {one.sha256: one for one in read_attempts(folder).left_out if budget <= _MORE * one.budget}


def release(folders: Collection[Path], sha256: str) -> None:
    """Let an export be tried again that was left out, such as one that was imported again, and name it no longer."""
    for folder in folders:
        known = read_attempts(folder)
        rest = tuple(one for one in known.left_out if one.sha256 != sha256)
        reading = None if known.reading == sha256 else known.reading
        if (rest, reading) != (known.left_out, known.reading):
            _write(folder, known.model_copy(update={"left_out": rest, "reading": reading}))


def leave_out(folder: Path, exports: Collection[str], reason: Reason, budget: int) -> None:
    """Leave exports out from now on, too, and count attempts anew. What there is enough memory for now is left out no
    longer. budget: see `LeftOut`.
    """
    others = [one for one in left_out(folder, budget).values() if one.sha256 not in exports]
    new = [LeftOut(sha256=sha256, reason=reason, budget=budget) for sha256 in sorted(exports)]
    changed = Attempts(left_out=(*others, *new))
    if changed.left_out != read_attempts(folder).left_out:
        _write(folder, changed)


def leave_out_suspect(folder: Path, inputs: str, unread: Mapping[str, int], budget: int) -> bool:
    """Leave out the export that is the likely cause of too many attempts: the one that was being read, otherwise the
    largest new one. Returns whether there was one.

    unread: size of each export that is in no table yet. Raises RebuildStopped if there is none, so that there is
    nothing to try.
    """
    stored = read_attempts(folder)
    known = stored.counted(inputs, _parent())
    if not known.are_too_many:
        return False
    suspect = known.reading if known.reading in unread else max(unread, key=lambda one: unread[one], default=None)
    if suspect is not None:
        leave_out(folder, {suspect}, "stopped_the_import", budget)
        return True
    if time.time() - (folder / ATTEMPTS).stat().st_mtime > _GIVEN_UP_SECONDS:
        _write(folder, Attempts(left_out=known.left_out))
        return False
    if known != stored:
        _write(folder, known)
    raise RebuildStopped(
        _(
            "rebuilding your tables ended several times without a result, so they stay as they were. Next: forget the "
            "file that may be the cause, ./run.sh forget, or try again tomorrow"
        )
    )


class Attempt:
    """A rebuild that is going on. known: with this attempt."""

    def __init__(self, folder: Path, known: Attempts) -> None:
        self._folder, self._known = folder, known
        _write(folder, known)

    def reads(self, sha256: str | None) -> None:
        """Remember which export is being read, None once all are; on disk if an attempt has failed before."""
        self._known = self._known.model_copy(update={"reading": sha256})
        if self._known.failures or self._known.interruptions:
            _write(self._folder, self._known)

    def ended(self) -> None:
        """Forget all attempts; what was left out stays so."""
        kept = read_attempts(self._folder).left_out
        if kept:
            _write(self._folder, Attempts(left_out=kept))
        else:
            (self._folder / ATTEMPTS).unlink(missing_ok=True)

    def failed(self, *, counts: bool) -> None:
        """Note that this attempt ended with an error. counts: as a failure."""
        changes = {"is_running": False, "failures": self._known.failures + counts}
        with suppress(OSError):  # the first error tells more
            _write(self._folder, self._known.model_copy(update=changes))


@contextmanager
def attempting(folder: Path, inputs: str) -> Iterator[Attempt]:
    """Count an attempt to rebuild a profile, unless it ends well. Errors pass through; a full disk is not counted.

    The caller holds the lock of the profile, so that an attempt which has not ended was killed.
    """
    known = read_attempts(folder).counted(inputs, _parent())
    attempt = Attempt(folder, known.model_copy(update={"inputs": inputs, "is_running": True, "parent": _parent()}))
    try:
        yield attempt
    except BaseException as error:
        # Other exceptions mean that somebody wants this process to end.
        attempt.failed(counts=isinstance(error, Exception) and not is_disk_full(error))
        raise
    attempt.ended()


def is_disk_full(error: BaseException) -> bool:
    """Return whether something failed because nothing more could be written. DuckDB tells it in words only."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}
    return any(words in str(error) for words in ("No space left", "File too large", "max_temp_directory_size"))


def _parent() -> str:
    """Return a name of the process that started this one, which no other process has."""
    pid = os.getppid()
    try:
        began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        began = ""
    return f"{pid} {began}".strip()


def _write(folder: Path, attempts: Attempts) -> None:
    write_atomically(folder / ATTEMPTS, attempts.to_bytes())
