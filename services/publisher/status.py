"""Rows about the participant, for `./run.sh status`: in a container of this service, or on folders. Reads only."""

from __future__ import annotations

import time

from netflix_trend.participant import participant
from netflix_trend.participant.rows import found_datasite, found_rows
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.status_table import Row


def rows(*, has_queues: bool = False) -> list[Row]:
    """Return the rows; one about the settings if they cannot be used. has_queues: this is a container with Redis."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [Row("settings", "; ".join(str(error).splitlines()), "wrong", "change .env, or ./run.sh setup")]
    state = participant.snapshot(settings)
    found = [*found_rows(settings, state, time.time()), found_datasite(settings, state)]
    return [*found, queue_row(settings)] if has_queues else found


def queue_row(settings: Settings) -> Row:
    """Return how many jobs wait and failed in each queue."""
    # Without Docker there is neither Redis nor its client.
    from redis.exceptions import RedisError

    from services.runtime.connection import connect
    from services.runtime.queue import INGEST_QUEUE, PUBLISH_QUEUE, state_of_queue

    try:
        connection = connect(settings, tries=0)
        found = [state_of_queue(name, connection) for name in (INGEST_QUEUE, PUBLISH_QUEUE)]
    except RedisError as error:
        return Row("queues", f"Redis does not answer ({type(error).__name__})", "wrong", "./run.sh up")
    said = "; ".join(f"{one.name}: {one.waiting} waiting, {one.failed} failed in the last day" for one in found)
    if idle := [one.name for one in found if not one.has_worker]:
        return Row("queues", f"{said}. No worker for {' and '.join(idle)}", "wrong", "./run.sh up")
    if any(one.failed for one in found):
        return Row(
            "queues", said, "look here", "docker compose logs processor publisher says why; what failed is tried again"
        )
    return Row("queues", said)
