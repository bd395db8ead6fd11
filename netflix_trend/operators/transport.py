"""The files of a round in datasites: their names, their sizes and who reads them.

A file is written once: into a name with a dot, which SyftBox does not sync, then fsync, then rename. What another
party wrote is read as untrusted, below a size limit and without following links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netflix_trend.causes import cause
from netflix_trend.layout import round_path
from netflix_trend.operators.identity import Fingerprint, WrongSigner, signed_body
from netflix_trend.operators.manifest import BATCHES, Batch
from netflix_trend.operators.round_folders import ABORT, ACCEPT, MANIFEST, SURVEY, rounds_in
from netflix_trend.storage.files import UnsafeFile, read_untrusted, restore_file
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import EVERYBODY, LARGEST_FILE

PREKEY = "prekey.json"
LARGEST_SURVEY = 200_000
REPORT = "report.bin"
CLOSE = "close.json"
# What SyftBox syncs, less the seal and the signature of a part.
PART_SIZE = LARGEST_FILE - 10_000
# A million reports with four short blocks need 215; `told` has room for 1.1 million people.
MAX_PARTS = 300
# Rules name so many parts, and more when there are more.
_USUAL_PARTS = 16


def init_name(batch: Batch, part: int) -> str:
    """Return the name of a part of the leader's aggregation job."""
    return f"agg-init-{batch}-{part}.bin"


def response_name(batch: Batch, part: int) -> str:
    """Return the name of the helper's answer to a part."""
    return f"agg-resp-{batch}-{part}.bin"


def collect_name(batch: Batch) -> str:
    """Return the name of the leader's request for the helper's share."""
    return f"collect-{batch}.bin"


def share_name(batch: Batch) -> str:
    """Return the name of the helper's noisy share."""
    return f"agg-share-{batch}.bin"


def result_name(batch: Batch) -> str:
    """Return the name of the leader's noisy share and the sums."""
    return f"result-{batch}.json"


@dataclass(frozen=True)
class OwnFiles:
    """Our own datasite: where our files are written."""

    site: Datasite
    durable: bool = True

    def write(self, name: str, file: str, data: bytes) -> bool:
        """Write a file of a round unless it has these bytes already. Returns whether anything was written."""
        return restore_file(self._folder(name) / file, data, durable=self.durable)

    def remove(self, name: str, file: str) -> None:
        """Remove a file; nothing happens when there is none. One that cannot be removed is remembered by the site."""
        path = self._folder(name) / file
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self.site.stuck[path.relative_to(self.site.root).as_posix()] = cause(error)

    def read(self, name: str, file: str) -> bytes | None:
        """Return a file of ours, None when there is none that can be read."""
        try:
            return read_from(self.site, name, file, LARGEST_FILE)
        except UnsafeFile:
            return None

    def names(self, name: str) -> list[str]:
        """Return the names of all files of a round, sorted; dot-files, which a crash leaves, and rules left out."""
        found = (entry.name for entry in self._folder(name).iterdir() if entry.is_file())
        return sorted(file for file in found if file.startswith(_STEMS))

    def rounds(self) -> list[str]:
        """Return the rounds in which we have a folder."""
        return list_rounds(self.site)

    def share_with(self, name: str, readers: dict[str, list[str]]) -> None:
        """Write the permission files of a round's folder, before any file is in it."""
        self.site.allow(self._folder(name), readers, durable=self.durable)

    def _folder(self, name: str) -> Path:
        return self.site.root / round_path(name, "")


_STEMS = ("prekey", "survey", "manifest", "accept", "report", "agg-", "collect", "result", "close", "abort")


def operator_readers(others: Sequence[str], parts: int = 0) -> dict[str, list[str]]:
    """Return who reads what of an operator's files.

    others: the other operator's datasite, if there is one. parts: of the largest aggregation job.
    """
    numbers = range(1, max(parts, _USUAL_PARTS) + 1)
    jobs = [f(batch, part) for batch in BATCHES for part in numbers for f in (init_name, response_name)]
    sealed = [*jobs, *map(collect_name, BATCHES)]
    public = [PREKEY, SURVEY, MANIFEST, ACCEPT, CLOSE, ABORT, *map(share_name, BATCHES), *map(result_name, BATCHES)]
    # An operator may take part, too: its report lies in the same folder.
    return {**{file: [EVERYBODY] for file in public}, **{file: list(others) for file in [*sealed, REPORT] if others}}


def read_from(site: Datasite, name: str, file: str, limit: int) -> bytes | None:
    """Return a file of a round in any datasite, None when it is not there. Raises UnsafeFile when it is not plain."""
    try:
        return read_untrusted(site.datasites, f"{site.email}/{round_path(name, file)}", limit)
    except FileNotFoundError:
        return None


def list_rounds(site: Datasite) -> list[str]:
    """Return the newest rounds in a datasite, sorted; none when there is no plain folder."""
    return rounds_in(site.datasites, site.email)


@dataclass(frozen=True)
class Peer:
    """An operator as others see it: its datasite and the fingerprint that settings name."""

    site: Datasite
    pin: Fingerprint

    @property
    def pinned(self) -> tuple[str, Fingerprint]:
        """Address and fingerprint."""
        return self.site.email, self.pin

    def read(self, name: str, file: str) -> bytes | None:
        """Return the body of a signed file, None while it is not there or has not arrived completely.

        Raises WrongSigner `another_key` when it is signed with another key than the pinned one, and UnsafeFile when it
        is not a plain file.
        """
        data = read_from(self.site, name, file, LARGEST_FILE)
        if data is None:
            return None
        try:
            return signed_body(self.pin, round_path(name, file), data)
        except WrongSigner as refusal:
            if refusal.reason == "signature":  # half-synced, or damaged in transit: it may still arrive
                return None
            raise
