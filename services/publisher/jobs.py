"""The job of the queue `publish`."""

from __future__ import annotations

import logging
from datetime import date

from netflix_trend.participant import participant
from netflix_trend.settings import load_settings

_log = logging.getLogger("publish")


def publish() -> None:
    """Answer what is due. Safe to run twice."""
    status = participant.publish(load_settings(), date.today())
    level = logging.WARNING if status.state in {"problem", "survey_refused"} else logging.INFO
    _log.log(level, "%s %s", status.state, status.message)
    for outcome in status.outcomes:
        _log.info("round=%s %s %s", outcome.round, outcome.status, outcome.reason)
