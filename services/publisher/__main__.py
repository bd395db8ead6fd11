"""The publisher's container: a worker, and a clock that queues its runs."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from redis.exceptions import RedisError

from netflix_trend.participant.due import decided_elsewhere
from netflix_trend.settings import load_settings
from netflix_trend.storage.migrations import PRIVATE, PUBLISHER, NewerFormat, bring_up_to_date, check_formats
from services.runtime.connection import connect
from services.runtime.logs import start_logging
from services.runtime.queue import PUBLISH_JOB, PUBLISH_QUEUE, enqueue, queue, work
from services.runtime.supervisor import beat, supervise

# Weeks end and files in the datasite may vanish without any job, so the publisher also runs by the clock.
RUN_SECONDS = 60.0


def main(role: str = "all") -> int:
    """Run the container's main process, or one of its two children. Returns the exit code."""
    start_logging(f"publisher.{role}")
    settings = load_settings()
    if role == "clock":
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        connection = connect(settings)
        since_asked, seen = RUN_SECONDS, decided_elsewhere(settings)
        while not stopped.is_set():
            try:
                now = decided_elsewhere(settings)
                if (since_asked >= RUN_SECONDS or now != seen) and queue(PUBLISH_QUEUE, connection).count == 0:
                    enqueue(PUBLISH_QUEUE, connection, PUBLISH_JOB)
                    since_asked, seen = 0.0, now
                beat("clock")
            except RedisError as error:
                logging.getLogger("clock").warning("the queue cannot be reached (%s)", type(error).__name__)
            stopped.wait(settings.poll_seconds)
            since_asked += settings.poll_seconds
    elif role == "work":
        # What a job needs is imported before the worker forks for each, and so once.
        import services.publisher.jobs  # noqa: F401
        from netflix_trend.participant.participant import ready_to_publish

        ready_to_publish()
        work(PUBLISH_QUEUE, settings)
    else:
        try:
            check_formats(settings.private_dir, PRIVATE)  # the processor brings it up to date
            bring_up_to_date(settings.publisher_dir, PUBLISHER)
        except NewerFormat as problem:
            print(problem, file=sys.stderr)  # noqa: T201
            return 1
        command = [sys.executable, "-m", "services.publisher"]
        return supervise([[*command, "clock"], [*command, "work"]])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
