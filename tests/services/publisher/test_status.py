"""What `status` says of the queues, against a real Redis with the users of the containers."""

from __future__ import annotations

import pytest

from services.publisher.status import queue_row
from services.runtime.connection import connect
from services.runtime.queue import INGEST_JOB, INGEST_QUEUE, PUBLISH_QUEUE, enqueue
from tests.services.runtime.redis_server import RedisServer, redis_server  # noqa: F401

pytestmark = pytest.mark.redis


def test_queues_without_a_worker_a_failed_job_and_a_dead_redis_are_said(redis_server: RedisServer) -> None:  # noqa: F811
    settings = redis_server.settings("publisher")
    connection = connect(redis_server.settings("processor"))
    enqueue(INGEST_QUEUE, connection, INGEST_JOB)
    row = queue_row(settings)
    assert row.mark == "wrong"
    assert "ingest: 1 waiting" in row.text
    assert "No worker for ingest and publish" in row.text
    for name in (INGEST_QUEUE, PUBLISH_QUEUE):
        connection.sadd(f"rq:workers:{name}", "rq:worker:one")
    assert queue_row(settings).mark == "fine"
    connection.zadd(f"rq:failed:{PUBLISH_QUEUE}", {"job": 1})
    row = queue_row(settings)
    assert row.mark == "look here"
    assert "publish: 0 waiting, 1 failed" in row.text
    redis_server.kill()
    assert queue_row(settings).mark == "wrong"
