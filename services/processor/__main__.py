"""The processor's container: a receiver and a worker, both or none."""

from __future__ import annotations

import signal
import sys

from netflix_trend.garbage import search_seldom
from netflix_trend.settings import load_settings
from netflix_trend.storage.migrations import PRIVATE, NewerFormat, bring_up_to_date
from services.runtime.connection import connect
from services.runtime.logs import start_logging
from services.runtime.queue import INGEST_QUEUE, work
from services.runtime.supervisor import supervise


def main(role: str = "all") -> int:
    """Run the container's main process, or one of its two children. Returns the exit code."""
    start_logging(f"processor.{role}")
    search_seldom()
    settings = load_settings()
    if role == "receive":
        from services.processor.receive import receive_for_ever

        stopped = False

        def stop(_signal: int, _frame: object) -> None:
            nonlocal stopped
            stopped = True

        signal.signal(signal.SIGTERM, stop)
        receive_for_ever(connect(settings), settings, lambda: stopped)
    elif role == "work":
        # Imported before the worker forks, so that a job does not import pandas and DuckDB again.
        import services.processor.jobs  # noqa: F401

        work(INGEST_QUEUE, settings)
    else:
        try:
            bring_up_to_date(settings.private_dir, PRIVATE)
        except NewerFormat as problem:
            print(problem, file=sys.stderr)  # noqa: T201
            return 1
        command = [sys.executable, "-m", "services.processor"]
        return supervise([[*command, "receive"], [*command, "work"]])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
