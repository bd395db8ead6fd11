"""Runs jobs in several processes of this machine. The interface and `ThisProcess`: netflix_trend/executor.py."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import chain, islice
from multiprocessing import forkserver, get_context

from netflix_trend.executor import UNDER_WAY, Executor, Job, Result, ThisProcess
from netflix_trend.settings import Settings, SettingsError

__all__ = ["Executor", "LocalProcesses", "ThisProcess", "executor_of", "usable_processors"]


def usable_processors() -> int:
    """Return how many processors this process may use, at most 8: more would only wait for the disk."""
    return min(8, len(os.sched_getaffinity(0)))


def executor_of(settings: Settings, otherwise: int) -> Executor:
    """Return where the settings want jobs to run.

    otherwise: how many processes of this machine there are when no setting says it. Raises SettingsError when they name
    a cluster, but its packages are not installed.
    """
    if settings.cluster:
        try:
            from services.runtime.cluster.executor import Cluster
        except ModuleNotFoundError:
            raise SettingsError("CLUSTER needs the packages of the extra `scale`: requirements/scale.txt") from None
        return Cluster(settings.cluster, settings.cluster_dir)
    processes = settings.processes or otherwise
    return LocalProcesses(processes) if processes > 1 else ThisProcess()


class LocalProcesses:
    """Runs the jobs in processes of this machine; one single job in this process.

    The processes are forked from a server that has imported the function's module and nothing else, not from this
    process, whose threads (of the linear algebra, of a progress bar) a fork would freeze. They end with the jobs.
    """

    def __init__(self, workers: int) -> None:
        """`workers`: how many processes. Raises ValueError for less than one."""
        if workers < 1:
            raise ValueError(f"{workers} processes cannot do anything")
        self.workers = workers

    def map(
        self,
        function: Callable[[Job], Result],
        jobs: Iterable[Job],
        *,
        places: Callable[[Job], int] | None = None,
    ) -> Iterator[Result]:
        """Yield the results; as `Executor.map`. Raises BrokenProcessPool when a process is killed."""
        rest = iter(jobs)
        first = list(islice(rest, 2 if self.workers > 1 else 0))
        if len(first) < 2:
            yield from map(function, chain(first, rest))
            return
        context = get_context("forkserver")
        context.set_forkserver_preload([_module(function)])
        _start_server()
        pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_forget_signals)
        try:
            pending: deque[Future[Result]] = deque()
            for job in chain(first, rest):
                pending.append(pool.submit(function, job))
                if len(pending) == UNDER_WAY * self.workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _module(function: Callable[..., object]) -> str:
    while isinstance(function, partial):
        function = function.func
    return function.__module__


def _start_server() -> None:
    """Start the process that forks the others without Ctrl-C, which would interrupt its imports with a traceback."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _forget_signals() -> None:
    """Let a forked process end when it is asked to; what its parent does then is not its business."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
