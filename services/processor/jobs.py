"""The job of the queue `ingest`."""

from __future__ import annotations

from netflix_trend.settings import load_settings
from services.processor.rebuilding import rebuild
from services.runtime.connection import connect
from services.runtime.queue import PUBLISH_JOB, PUBLISH_QUEUE, enqueue


def ingest(sha256: str = "") -> None:
    """Rebuild what is out of date, then queue a run of the publisher. Safe to repeat.

    sha256: what jobs of earlier versions name, which may still be queued.
    """
    settings = load_settings()
    rebuild(settings)
    enqueue(PUBLISH_QUEUE, connect(settings), PUBLISH_JOB)
