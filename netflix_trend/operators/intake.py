"""Participants' files of a round, read as untrusted; a bad file affects no other."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netflix_trend.layout import round_path
from netflix_trend.operators.manifest import Round, datasite_hash
from netflix_trend.operators.report import file_size
from netflix_trend.operators.transport import REPORT
from netflix_trend.storage.files import UnsafeFile, read_untrusted
from netflix_trend.syftbox.datasite import datasite_names


@dataclass(frozen=True)
class Arrival:
    """A datasite that has a file. data: None when it is refused, for `reason`, one word; it is not parsed yet."""

    email: str
    data: bytes | None
    reason: str = ""


def arrivals(
    asked: Round, datasites: Path, invited: Container[str] | None, taken: Container[str] = ()
) -> Iterator[Arrival]:
    """Yield the datasites that have a file for a round, by name, without those that are `taken`.

    invited: our list of participants, None for all.
    """
    size = file_size(asked)
    folder = os.open(datasites, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for email in sorted(datasite_names(datasites)):
            if email not in taken and (arrival := _arrival(asked, folder, email, size, invited)):
                yield arrival
    finally:
        os.close(folder)


def _arrival(asked: Round, datasites: int, email: str, size: int, invited: Container[str] | None) -> Arrival | None:
    try:
        data = read_untrusted(datasites, f"{email}/{round_path(asked.name, REPORT)}", size)
    except FileNotFoundError:
        return None
    except UnsafeFile as refusal:
        return Arrival(email, None, refusal.reason)
    if invited is not None and email not in invited:
        return Arrival(email, None, "not_invited")
    return Arrival(email, data) if len(data) == size else Arrival(email, None, "size")


class Owners:
    """Finds the datasite whose address has a given hash, among all that are not `taken`; a few bytes for each."""

    def __init__(self, asked: Round, datasites: Path, invited: Container[str] | None, taken: Container[str]) -> None:
        self._asked, self._datasites, self._invited = asked, datasites, invited
        self._emails = [email for email in datasite_names(datasites) if email not in taken]
        starts = np.frombuffer(b"".join(datasite_hash(email)[:8] for email in self._emails), ">u8").astype(np.uint64)
        self._order = np.argsort(starts)
        self._starts = starts[self._order]

    def email(self, owner: bytes) -> str | None:
        """Return the address with this SHA-256; None when there is none."""
        start = np.uint64(int.from_bytes(owner[:8], "big"))
        first, last = (int(self._starts.searchsorted(start, side)) for side in ("left", "right"))
        found = (self._emails[place] for place in self._order[first:last])
        return next((email for email in found if datasite_hash(email) == owner), None)

    def arrivals(self, emails: Iterable[str]) -> Iterator[Arrival]:
        """Yield what lies in some datasites, without a file: data None, for no reason."""
        size = file_size(self._asked)
        folder = os.open(self._datasites, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for email in emails:
                yield _arrival(self._asked, folder, email, size, self._invited) or Arrival(email, None)
        finally:
            os.close(folder)
