"""Rebuilds what is out of date, and logs what became of the files."""

from __future__ import annotations

import logging

from netflix_trend.participant import participant
from netflix_trend.settings import Settings

_log = logging.getLogger("ingest")


def rebuild(settings: Settings, sha256: str = "") -> None:
    """Rebuild the profiles that are out of date. Safe to repeat.

    sha256: the received file that is the reason, if any. The result of it, and of every other file that was in no table
    before, is logged.
    """
    told = {sha256, *participant.out_of_date(settings).unread}
    for history in participant.refresh(settings):
        refused = sum(file.refusal is not None for file in history.files)
        _log.info("profile rebuilt files=%d refused=%d views=%d", len(history.files), refused, history.views)
        for file in history.files:
            if file.raw.sha256 in told:
                outcome = f"refused reason={file.refusal.reason}" if file.refusal else "read"
                rows = file.report.file.rows if file.report else 0
                _log.info("export %s sha256=%s rows=%d", outcome, file.raw.sha256[:12], rows)
