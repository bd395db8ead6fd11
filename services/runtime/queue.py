"""RQ for every service: one queue for each worker, JSON only, a fixed list of jobs.

RQ runs whatever function a job names, so whoever can write a job could run any code. Therefore workers use `ListedJob`,
which refuses every name that is not in `JOBS` (docs/method/queue.md#whatever-a-job-names-is-run).
"""

from __future__ import annotations

import logging
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, Retry, Worker, worker_registration
from rq.job import Job
from rq.serializers import JSONSerializer

from netflix_trend.settings import Settings
from services.runtime.connection import connect

_log = logging.getLogger("work")
INGEST_QUEUE = "ingest"
PUBLISH_QUEUE = "publish"
INGEST_JOB = "services.processor.jobs.ingest"
PUBLISH_JOB = "services.publisher.jobs.publish"
JOBS = frozenset({INGEST_JOB, PUBLISH_JOB})
JOB_SECONDS = 300

# With RQ's default of WORKER_TTL, the job of a killed worker starts again after 819 s instead of 84 s
# (docs/method/queue.md#recovery).
WORKER_TTL = 30
MAINTENANCE_SECONDS = 10
MONITORING_SECONDS = 5
# Between two workers, when Redis has ended the first.
_REST_SECONDS = 2.0


class UnlistedJob(Exception):
    """A job names a function that this project does not run."""


class ListedJob(Job):
    """An RQ job that can only call the functions in `JOBS`."""

    @property
    def func(self) -> Any:
        """The function to call. Raises UnlistedJob when the job names another one."""
        if self.func_name not in JOBS:
            raise UnlistedJob("the job names a function that is not on the list of jobs")
        return super().func


class ListedWorker(Worker):
    """A worker that stays on Redis's list of workers when Redis has lost its data. was_asked: to stop, by a signal."""

    was_asked = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the running job."""
        self.was_asked = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that this worker lives, and on which queue it works."""
        super().heartbeat(timeout, pipeline)
        worker_registration.register(self, pipeline)


def queue(name: str, connection: Redis) -> Queue:
    """Return a queue of listed jobs in JSON."""
    return Queue(
        name,
        connection=connection,
        job_class=ListedJob,
        serializer=JSONSerializer,
        default_timeout=JOB_SECONDS,
    )


@dataclass(frozen=True)
class QueueState:
    """A queue: jobs that wait, jobs that failed in the last day, and whether a worker is there."""

    name: str
    waiting: int
    failed: int
    has_worker: bool


def state_of_queue(name: str, connection: Redis) -> QueueState:
    """Return the state of a queue. Raises RedisError."""
    jobs = queue(name, connection)
    failed = jobs.failed_job_registry.get_job_count(cleanup=False)
    return QueueState(name, jobs.count, failed, bool(connection.smembers(f"rq:workers:{name}")))


def enqueue(name: str, connection: Redis, job: str, *arguments: str) -> str:
    """Queue a listed job, which is tried four times: after three failures a rebuild leaves the likely cause out.
    Returns its id.

    arguments: ids, never personal data, because a failed job stays in Redis for a day.
    """
    if job not in JOBS:
        raise UnlistedJob(job)
    queued = queue(name, connection).enqueue(
        job, *arguments, result_ttl=60, failure_ttl=86_400, description=job, retry=Retry(max=3)
    )
    return str(queued.id)


def work(name: str, settings: Settings) -> None:
    """Run the jobs of a queue until a signal asks to stop; a running job is finished first. Begins anew when RQ gives
    up because of Redis, such as one whose disk or memory is full.

    Import what the jobs need before the call, so that forked jobs start at once
    (docs/method/queue.md#what-a-fork-costs).
    """
    while not _worked(name, settings):
        # Between two workers a signal ends the process.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _log.error("the queue cannot be worked on, trying again")
        time.sleep(_REST_SECONDS)


def _worked(name: str, settings: Settings) -> bool:
    """Work until RQ gives up. Returns whether a signal asked to stop."""
    connection = connect(settings)
    worker = ListedWorker(
        [queue(name, connection)],
        connection=connection,
        job_class=ListedJob,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE_SECONDS,
        job_monitoring_interval=MONITORING_SECONDS,
        log_job_description=False,
    )
    with suppress(RedisError):
        worker.work(with_scheduler=False, logging_level="WARNING")
    return worker.was_asked
