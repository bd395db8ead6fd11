"""Sends notices: no other container has a way out, and this one learns a single bit from the publisher."""

from __future__ import annotations

import logging
import threading

from redis import Redis
from redis.exceptions import RedisError

from netflix_trend.notices import Notifier
from services.runtime.connection import HEALTH

_log = logging.getLogger("notices")
LOOK_SECONDS = 60.0


def notify(connection: Redis, notifier: Notifier) -> None:
    """Send what the publisher found last. While it finds nothing, nothing is sent: that silence is the alarm."""
    try:
        found = connection.get(HEALTH)
    except RedisError as error:
        _log.warning("the queue cannot be reached (%s); no notice is sent", type(error).__name__)
        return
    if found in (b"well", b"wrong"):
        notifier.tell(is_well=found == b"well")


def notify_for_ever(connection: Redis, notifier: Notifier, stopped: threading.Event) -> None:
    """Do so every minute, in a thread of its own: an address that does not answer must not hold up files."""
    while not stopped.wait(LOOK_SECONDS):
        notify(connection, notifier)
