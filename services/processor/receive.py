"""From the Redis list `inbox` to `raw/`: keep what arrives, then queue a job that names it by its hash."""

from __future__ import annotations

import logging
from collections.abc import Callable

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from netflix_trend.delivery.inbox import RefusedMessage, unpack
from netflix_trend.history.encodings import EncodingsError, load_encodings
from netflix_trend.history.raw import RawStore
from netflix_trend.history.tables import profile_folder
from netflix_trend.settings import Settings
from netflix_trend.syftbox.shared_files import current_vocabulary
from services.runtime.connection import INBOX, RECEIVING
from services.runtime.queue import INGEST_JOB, INGEST_QUEUE, enqueue
from services.runtime.supervisor import beat

_log = logging.getLogger("receive")


def receive_one(connection: Redis, settings: Settings, timeout: float) -> bool:
    """Wait up to `timeout` seconds for one message and keep its export. Returns whether there was one."""
    packed = connection.blmove(INBOX, RECEIVING, timeout, "LEFT", "LEFT")  # type: ignore[arg-type]
    if packed is None:
        return False
    assert isinstance(packed, bytes)
    try:
        delivery, blocks = unpack(packed)
        raw = RawStore(settings.private_dir).save(delivery, blocks)
    except RefusedMessage as refusal:
        # The scraper sends whole files only; this comes from somebody who may write to the inbox but not more.
        _log.warning("message refused reason=%s bytes=%d", refusal.reason, len(packed))
    else:
        enqueue(INGEST_QUEUE, connection, INGEST_JOB, raw.sha256)
        _log.info("export kept sha256=%s bytes=%d", raw.sha256[:12], len(packed))
    connection.lrem(RECEIVING, 1, packed)  # type: ignore[arg-type]
    return True


def recover(connection: Redis) -> int:
    """Put back what a killed receiver was handling. Returns how many messages that were."""
    moved = 0
    while connection.lmove(RECEIVING, INBOX, "RIGHT", "LEFT") is not None:
        moved += 1
    return moved


def queue_outdated(connection: Redis, settings: Settings) -> int:
    """Queue a rebuild of every profile whose encodings were made with another vocabulary than the current one."""
    version = current_vocabulary(settings).version
    store = RawStore(settings.private_dir)
    queued = 0
    for raw in {export.profile: export for export in store.exports()}.values():
        try:
            made_with = load_encodings(profile_folder(settings.private_dir, raw.profile)).vocabulary
        except FileNotFoundError:
            continue  # no file of the profile could be read
        except EncodingsError:
            made_with = "damaged"
        if made_with != version:
            enqueue(INGEST_QUEUE, connection, INGEST_JOB, raw.sha256)
            queued += 1
    return queued


def receive_for_ever(connection: Redis, settings: Settings, stopped: Callable[[], bool]) -> None:
    """Receive until `stopped` says so; survives a restart of Redis."""
    recovered = False
    checked_version = ""
    while not stopped():
        try:
            if not recovered:
                count = recover(connection)
                if count:
                    _log.info("messages taken up again count=%d", count)
                recovered = True
            received = receive_one(connection, settings, settings.poll_seconds)
            version = current_vocabulary(settings).version
            if not received and version != checked_version:
                queue_outdated(connection, settings)
                checked_version = version
            beat("receiver")
        except (RedisConnectionError, RedisTimeoutError):
            _log.warning("Redis cannot be reached, trying again")
            recovered = False
