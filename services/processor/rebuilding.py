"""Rebuilds what is out of date, and logs what became of the files."""

from __future__ import annotations

import logging

from netflix_trend.causes import cause
from netflix_trend.history.attempts import RebuildStopped, is_disk_full
from netflix_trend.participant import participant
from netflix_trend.settings import Settings

_log = logging.getLogger("ingest")


def rebuild(settings: Settings) -> None:
    """Rebuild the profiles that are out of date. Safe to repeat.

    Logs what became of files that were in no table. Where the disk is full, or all attempts have failed, it logs that
    and returns: Health says it, too, and it is tried again when there is room or something changes.
    """
    told = set(participant.out_of_date(settings).unread)
    try:
        histories = participant.refresh(settings)
    except RebuildStopped as problem:
        _log.error("tables cannot be rebuilt: %s", problem)
        return
    except OSError as problem:
        if not is_disk_full(problem):
            raise
        _log.error("tables cannot be rebuilt: %s", cause(problem))
        return
    for history in histories:
        refused = sum(file.refusal is not None for file in history.files)
        _log.info("profile rebuilt files=%d refused=%d views=%d", len(history.files), refused, history.views)
        for file in history.files:
            if file.raw.sha256 in told:
                outcome = f"refused reason={file.refusal.reason}" if file.refusal else "read"
                rows = file.report.file.rows if file.report else 0
                _log.info("export %s sha256=%s rows=%d", outcome, file.raw.sha256[:12], rows)
