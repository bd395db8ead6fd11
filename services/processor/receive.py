"""Receives exports from the Redis list `inbox`: stores them in `raw/` and queues a job with their hash."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from netflix_trend.delivery.inbox import RefusedMessage, unpack
from netflix_trend.history.freshness import Freshness
from netflix_trend.participant import participant
from netflix_trend.participant.upkeep import tidy_private
from netflix_trend.settings import Settings
from services.runtime.connection import INBOX, RECEIVING
from services.runtime.queue import INGEST_JOB, INGEST_QUEUE, enqueue, queue
from services.runtime.supervisor import beat

_log = logging.getLogger("receive")
_FIRST_WAIT = 60.0
_MAX_WAIT = 3_600.0


def receive_one(connection: Redis, settings: Settings, timeout: float) -> bool:
    """Wait up to `timeout` seconds for a message and store its export. Returns whether there was one."""
    packed = connection.blmove(INBOX, RECEIVING, timeout, "LEFT", "LEFT")  # type: ignore[arg-type]
    if packed is None:
        return False
    assert isinstance(packed, bytes)
    try:
        delivery, blocks = unpack(packed)
        raw = participant.take(settings, blocks, delivery)
    except RefusedMessage as refusal:
        # The scraper sends complete files only, so this is from somebody else who can write to the inbox.
        _log.warning("message refused reason=%s bytes=%d", refusal.reason, len(packed))
    else:
        enqueue(INGEST_QUEUE, connection, INGEST_JOB, raw.sha256)
        _log.info("export kept sha256=%s bytes=%d", raw.sha256[:12], len(packed))
    connection.lrem(RECEIVING, 1, packed)  # type: ignore[arg-type]
    return True


def recover(connection: Redis) -> int:
    """Put back the messages that a killed receiver was processing. Returns their number."""
    moved = 0
    while connection.lmove(RECEIVING, INBOX, "RIGHT", "LEFT") is not None:
        moved += 1
    return moved


def rewrite_log(connection: Redis) -> bool:
    """Let Redis rewrite its log, which otherwise keeps the exports that were taken. Returns whether it will.

    It refuses while it rewrites: what it began before an export was taken keeps that export.
    """
    try:
        return bool(connection.bgrewriteaof())
    except ResponseError:
        return False


class Reconciler:
    """Queues a rebuild while something is out of date, such as after a killed job, a lost queue or a new vocabulary.

    While the same state stays out of date, each retry waits twice as long, so that a file that kills every rebuild does
    not occupy the machine. clock: seconds of a monotonic clock.
    """

    def __init__(self, connection: Redis, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection, self._settings, self._clock = connection, settings, clock
        self._found = Freshness("", (), ())
        self._wait, self._next = _FIRST_WAIT, -math.inf

    def check(self) -> bool:
        """Queue a rebuild if one is due. Returns whether it was queued."""
        found, now = participant.out_of_date(self._settings), self._clock()
        if found.inputs != self._found.inputs:
            self._wait, self._next = _FIRST_WAIT, -math.inf
        is_first, self._found = not self._found.inputs, found
        if not found.outdated or now < self._next or self._is_at_work(is_first):
            return False
        enqueue(INGEST_QUEUE, self._connection, INGEST_JOB)
        _log.info("rebuild queued profiles=%d unread=%d", len(found.outdated), len(found.unread))
        self._next, self._wait = now + self._wait, min(2 * self._wait, _MAX_WAIT)
        return True

    def _is_at_work(self, is_first: bool) -> bool:
        """Return whether a job is queued or running. At first none runs: Redis may list a killed one."""
        jobs = queue(INGEST_QUEUE, self._connection)
        return bool(jobs.count or (not is_first and jobs.started_job_registry.get_job_count()))


def receive_for_ever(connection: Redis, settings: Settings, stopped: Callable[[], bool]) -> None:
    """Receive until `stopped` says so; survives a restart of Redis."""
    recovered = is_rewritten = False
    reconciler = Reconciler(connection, settings)
    while not stopped():
        try:
            if not recovered:
                count = recover(connection)
                if count:
                    _log.info("unfinished messages put back count=%d", count)
                recovered = True
            if receive_one(connection, settings, settings.poll_seconds):
                is_rewritten = False
            else:
                is_rewritten = is_rewritten or rewrite_log(connection)
                tidy_private(settings, datetime.now(UTC))
                reconciler.check()
            beat("receiver", settings.private_dir)
        except (RedisConnectionError, RedisTimeoutError):
            _log.warning("Redis cannot be reached, trying again")
            recovered = False
