"""The job of the queue `publish`."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import date

from redis.exceptions import RedisError

from netflix_trend.participant import participant
from netflix_trend.settings import Settings, load_settings
from netflix_trend.status_table import works
from services.publisher.status import rows
from services.runtime.connection import HEALTH, connect

_log = logging.getLogger("publish")
# What was found holds so long, and is found anew after so long.
_HEALTH_SECONDS, _HEALTH_EVERY = 600, 120


def publish() -> None:
    """Answer what is due. Safe to run twice."""
    settings = load_settings()
    status = participant.publish(settings, date.today())
    level = logging.WARNING if status.state in {"problem", "survey_refused"} else logging.INFO
    _log.log(level, "%s %s", status.state, status.message)
    for outcome in status.outcomes:
        _log.info("round=%s %s %s", outcome.round, outcome.status, outcome.reason)
    with suppress(RedisError):  # the next run tries again
        leave_health(settings)


def leave_health(settings: Settings) -> None:
    """Leave for the scraper whether anything is wrong, unless that was done a moment ago. Raises RedisError.

    The bit vanishes by itself when this service does not run any more.
    """
    connection = connect(settings, tries=0)
    if connection.ttl(HEALTH) < _HEALTH_SECONDS - _HEALTH_EVERY:
        connection.set(HEALTH, "well" if works(rows(has_queues=True)) else "wrong", ex=_HEALTH_SECONDS)
