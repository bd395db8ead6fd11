"""Receives exports from the Redis list `inbox` into `raw/`, and queues a rebuild while tables are older than that.

`Reconciler` alone queues rebuilds: it compares what is kept with what was built, so that a job that is lost is queued
again, and many files that arrive together are one rebuild.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from netflix_trend.causes import cause
from netflix_trend.delivery.inbox import RefusedMessage, unpack
from netflix_trend.history.freshness import Freshness
from netflix_trend.participant import participant
from netflix_trend.participant.upkeep import tidy_private
from netflix_trend.settings import Settings
from services.runtime.connection import INBOX, RECEIVING
from services.runtime.queue import INGEST_JOB, INGEST_QUEUE, ListedJob, enqueue, queue
from services.runtime.supervisor import beat

_log = logging.getLogger("receive")
_FIRST_WAIT = 60.0
_MAX_WAIT = 600.0
# While files arrive, tables are compared with them this often.
_LOOK_SECONDS = 2.0
# A message that cannot be stored is tried again after this, then twice as long, at most the other.
_FIRST_PAUSE, _MAX_PAUSE = 1.0, 30.0


class NotStored(Exception):
    """An export cannot be written to `raw/`; its message is still in the queue. The message says why."""


def receive_one(connection: Redis, settings: Settings, timeout: float) -> bool:
    """Wait up to `timeout` seconds for a message and store its export. Returns whether there was one.

    Raises NotStored; then the message waits behind the others, so that smaller ones can be stored.
    """
    packed, place = _next(connection, timeout)
    if packed is None:
        return False
    try:
        delivery, blocks = unpack(packed)
        raw = participant.take(settings, blocks, delivery)
    except RefusedMessage as refusal:
        # The scraper sends complete files only, so this is from somebody else who can write to the inbox.
        _log.warning("message refused reason=%s bytes=%d", refusal.reason, len(packed))
    except OSError as error:
        if place == RECEIVING:
            connection.lmove(RECEIVING, INBOX, "LEFT", "RIGHT")
        raise NotStored(cause(error)) from None
    else:
        _log.info("export kept sha256=%s bytes=%d", raw.sha256[:12], len(packed))
    connection.lrem(place, 1, packed)  # type: ignore[arg-type]
    return True


def _next(connection: Redis, timeout: float) -> tuple[bytes | None, str]:
    """Wait for a message. Returns it, None if there is none, and the list that it is in now."""
    # What a receiver that was killed had begun comes first.
    if (packed := connection.lindex(RECEIVING, 0)) is not None:
        return packed, RECEIVING  # type: ignore[return-value]
    try:
        packed = connection.blmove(INBOX, RECEIVING, timeout, "LEFT", "LEFT")  # type: ignore[arg-type]
    except OutOfMemoryError:
        # Messages have filled Redis, which now moves nothing; what is taken from where it lies makes room again.
        return connection.lindex(INBOX, 0), INBOX  # type: ignore[return-value]
    return packed, RECEIVING  # type: ignore[return-value]


def rewrite_log(connection: Redis) -> bool:
    """Let Redis rewrite its log, which otherwise keeps the exports that were taken. Returns whether it will.

    It refuses while it rewrites: what it began before an export was taken keeps that export.
    """
    try:
        return bool(connection.bgrewriteaof())
    except ResponseError:
        return False


class Reconciler:
    """Queues a rebuild while something is out of date, such as new files, after a killed job, a lost queue or a new
    vocabulary.

    While the same state stays out of date, each retry waits twice as long, so that nothing that fails every time keeps
    the machine busy. clock: seconds of a monotonic clock.
    """

    def __init__(self, connection: Redis, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection, self._settings, self._clock = connection, settings, clock
        self._found = Freshness("", (), ())
        self._dead: frozenset[str] | None = None
        self._has_room = True
        self.start_over()

    def start_over(self) -> None:
        """Wait for nothing."""
        self._queued = ""
        self._wait, self._next = _FIRST_WAIT, -math.inf

    def begin_anew(self) -> None:
        """Take nothing for running that Redis lists: it was away."""
        self.start_over()
        self._dead = None

    def check(self) -> bool:
        """Queue a rebuild if one is due. Returns whether it was queued."""
        found, now = participant.out_of_date(self._settings), self._clock()
        if found.inputs != self._found.inputs:
            self.start_over()
        self._found = found
        jobs = queue(INGEST_QUEUE, self._connection)
        if self._dead is None:
            # What Redis lists as running was killed, together with the last receiver or because Redis was away.
            self._dead = frozenset(jobs.started_job_registry.get_job_ids())
        if not found.outdated or not self._finds_room():
            return False
        if self._queued and not ListedJob.exists(self._queued, self._connection):
            self.start_over()  # Redis has lost it, or has forgotten that it ended
        if now < self._next:
            return False
        if jobs.count or set(jobs.started_job_registry.get_job_ids()) - self._dead:
            return False
        self._queued = enqueue(INGEST_QUEUE, self._connection, INGEST_JOB)
        _log.info("rebuild queued profiles=%d unread=%d", len(found.outdated), len(found.unread))
        self._next, self._wait = now + self._wait, min(2 * self._wait, _MAX_WAIT)
        return True

    def _finds_room(self) -> bool:
        """Return whether the disk has room for a rebuild. As soon as it has again, one is due."""
        had, self._has_room = self._has_room, participant.has_room(self._settings)
        if self._has_room and not had:
            self.start_over()
        if had and not self._has_room:
            _log.error("the disk is full: tables are rebuilt when there is room")
        return self._has_room


class Receiver:
    """The loop of the receiver. It ends by `stopped` only: whatever fails is tried again."""

    def __init__(self, connection: Redis, settings: Settings, stopped: Callable[[], bool]) -> None:
        self._connection, self._settings, self._stopped = connection, settings, stopped
        self._reconciler = Reconciler(connection, settings)
        self._is_rewritten = self._is_looking = False
        self._looked = -math.inf
        self._pause = _FIRST_PAUSE

    def run(self) -> None:
        """Receive until `stopped` says so."""
        while not self._stopped():
            try:
                self._step()
            except (RedisConnectionError, RedisTimeoutError):
                _log.warning("Redis cannot be reached, trying again")
                self._reconciler.begin_anew()
            except RedisError as error:  # such as a disk that Redis cannot write to
                _log.error("Redis refuses to work (%s), trying again", type(error).__name__)
                self._rest()

    def _step(self) -> None:
        # Right after a message, others may follow at once.
        timeout = 0.1 if self._is_looking else self._settings.poll_seconds
        try:
            has_come = receive_one(self._connection, self._settings, timeout)
        except NotStored as problem:
            _log.error("an export cannot be stored: %s; it stays in the queue and is tried again", problem)
            self._rest()
            self._look()
            return
        self._pause = _FIRST_PAUSE
        if has_come:
            self._is_rewritten, self._is_looking = False, True
        else:
            self._is_rewritten = self._is_rewritten or rewrite_log(self._connection)
            participant.nothing_waits(self._settings)
        if not has_come or time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._look()
        beat("receiver", self._settings.private_dir)

    def _look(self) -> None:
        """Compare tables with files. Whatever is wrong with these must not keep messages waiting."""
        self._looked, self._is_looking = time.monotonic(), False
        try:
            tidy_private(self._settings, datetime.now(UTC))
            self._reconciler.check()
        except RedisError:
            raise
        except Exception as error:
            _log.error("what is out of date cannot be found out (%s), trying again", type(error).__name__)

    def _rest(self) -> None:
        """Wait after a failure, longer each time."""
        end = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _MAX_PAUSE)
        while not self._stopped() and time.monotonic() < end:
            beat("receiver", self._settings.private_dir)
            time.sleep(0.2)


def receive_for_ever(connection: Redis, settings: Settings, stopped: Callable[[], bool]) -> None:
    """Receive until `stopped` says so; survives a restart of Redis and a full disk."""
    Receiver(connection, settings, stopped).run()
