"""The two kinds of processes that a cluster consists of. Neither serves a page, keeps a file or restarts another."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import Any

from distributed import Scheduler, Worker
from distributed.core import Status

from services.runtime.cluster.connections import SAME_VERSION, security_of
from services.runtime.logs import start_logging
from services.runtime.supervisor import beat

_log = logging.getLogger("cluster")
PORT = 8786
# A worker that nobody answers ends, and whoever runs it starts it again.
_PATIENCE = "60s"
_BEAT_SECONDS = 5
# Dask listens for monitors, see connections.py: at least nowhere but here.
_HERE = "127.0.0.1:0"


def run_scheduler(certificates: Path, host: str = "", port: int = PORT) -> int:
    """Give jobs to workers until a signal arrives. Returns the exit code.

    host: where it listens, everywhere if empty.
    """

    async def work() -> None:
        scheduler = Scheduler(
            host=host, port=port, protocol="tls", security=security_of(certificates),
            dashboard=False, dashboard_address=_HERE,
        )  # fmt: skip
        async with scheduler:
            await _until_it_ends(scheduler, "scheduler")

    asyncio.run(work())
    return 0


def run_worker(certificates: Path, scheduler: str, name: str, scratch: Path = Path("/tmp")) -> int:  # noqa: S108
    """Do one job at a time until a signal arrives, or until the scheduler is gone. Returns the exit code.

    scheduler: its address, such as tls://scheduler:8786. name: the same after every start, for the places that the
    worker has. scratch: an empty folder for Dask; no job's data is put there.
    """

    async def work() -> None:
        worker = Worker(
            scheduler, nthreads=1, name=name, security=security_of(certificates), protocol="tls",
            resources={SAME_VERSION: 1}, memory_limit=0, local_directory=str(scratch), death_timeout=_PATIENCE,
            dashboard=False, dashboard_address=_HERE,
        )  # fmt: skip
        async with worker:
            await _until_it_ends(worker, "worker")

    asyncio.run(work())
    return 0


async def _until_it_ends(node: Scheduler | Worker, name: str) -> None:
    """Beat while a node runs; return when it has ended, or when a signal asks for it."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    ending = [asyncio.create_task(asked.wait()), asyncio.create_task(_finished(node))]
    start_logging(f"cluster.{name}")
    _log.info("ready at %s", node.address)
    while not any(one.done() for one in ending):
        if node.status is Status.running:
            beat(name)
        await asyncio.wait(ending, timeout=_BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    _log.info("ends: %s", "a signal asks for it" if asked.is_set() else "it is told to, or nobody answers")
    for one in ending:
        one.cancel()


async def _finished(node: Any) -> None:
    await node.finished()
