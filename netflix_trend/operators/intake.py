"""Participants' files of a round, read as untrusted; a bad file affects no other."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from netflix_trend.layout import round_path
from netflix_trend.operators.manifest import Round
from netflix_trend.operators.report import NotOwn, ReportFile, file_size, parse
from netflix_trend.operators.transport import REPORT
from netflix_trend.operators.wire import Malformed
from netflix_trend.storage.files import UnsafeFile, read_untrusted
from netflix_trend.syftbox.datasite import datasite_names


@dataclass(frozen=True)
class Arrival:
    """A datasite that has a file. file: None when it is refused, for `reason`, one word."""

    email: str
    file: ReportFile | None
    reason: str = ""


def arrivals(asked: Round, datasites: Path, invited: Container[str] | None) -> Iterator[Arrival]:
    """Yield the datasites that have a file for a round, by name. invited: our list of participants, None for all."""
    path, size = round_path(asked.name, REPORT), file_size(asked)
    folder = os.open(datasites, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for email in sorted(datasite_names(datasites)):
            try:
                data = read_untrusted(folder, f"{email}/{path}", size)
            except FileNotFoundError:
                continue
            except UnsafeFile as refusal:
                yield Arrival(email, None, refusal.reason)
                continue
            yield _arrival(asked, email, data, size, invited)
    finally:
        os.close(folder)


def _arrival(asked: Round, email: str, data: bytes, size: int, invited: Container[str] | None) -> Arrival:
    if invited is not None and email not in invited:
        return Arrival(email, None, "not_invited")
    if len(data) != size:
        return Arrival(email, None, "size")
    try:
        return Arrival(email, parse(asked, email, data))
    except NotOwn:
        return Arrival(email, None, "not_own")
    except Malformed:
        return Arrival(email, None, "malformed")
