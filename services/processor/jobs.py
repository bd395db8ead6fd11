"""The job of the queue `ingest`."""

from __future__ import annotations

import logging

from netflix_trend.history.raw import RawStore
from netflix_trend.history.staging import ReadOptions
from netflix_trend.history.tables import rebuild_all
from netflix_trend.settings import load_settings
from netflix_trend.syftbox.shared_files import current_vocabulary
from services.runtime.connection import connect
from services.runtime.queue import PUBLISH_JOB, PUBLISH_QUEUE, enqueue

_log = logging.getLogger("ingest")


def ingest(sha256: str) -> None:
    """Rebuild the profile that a received file belongs to, then ask the publisher to look. Safe to run twice."""
    settings = load_settings()
    raw = RawStore(settings.private_dir).describe(sha256)
    if raw is None:
        _log.error("no such export sha256=%s", sha256[:12])
        return
    # All profiles: a file may have moved from one to another, and ViewingActivity.csv has rows for several.
    for history in rebuild_all(settings.private_dir, current_vocabulary(settings), ReadOptions.of(settings)):
        for file in history.files:
            if file.raw.sha256 == sha256:
                outcome = f"refused reason={file.refusal.reason}" if file.refusal else "read"
                rows = file.account.file.rows if file.account else 0
                _log.info("export %s sha256=%s rows=%d views=%d", outcome, sha256[:12], rows, history.views)
    enqueue(PUBLISH_QUEUE, connect(settings), PUBLISH_JOB)
