"""Runs jobs on the workers of a Dask cluster; the interface is netflix_trend/executor.py."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from distributed import CancelledError, Client, Future, KilledWorker

from netflix_trend.executor import UNDER_WAY, Job, Result
from services.runtime.cluster.connections import SAME_VERSION, security_of

_LOOK_SECONDS = 5.0


class ClusterGone(Exception):
    """The scheduler does not answer, there is no worker, or every worker that tried a job died."""


@dataclass(repr=False, frozen=True)
class _Task(Generic[Job, Result]):
    """A job as Dask sees it. It has no words, because Dask writes those of what it runs into its log."""

    function: Callable[[Job], Result]
    job: Job

    def __repr__(self) -> str:
        return "a job"


@dataclass(repr=False, frozen=True)
class _Failed:
    """What a job raised; likewise without words."""

    problem: Exception

    def __repr__(self) -> str:
        return "a problem"


def _run(task: _Task[Job, Result]) -> Result | _Failed:
    try:
        return task.function(task.job)
    except Exception as problem:
        return _Failed(problem)


class Cluster:
    """Runs the jobs on the workers of a cluster.

    Jobs of one place go to the worker that the place and the workers' names decide, so that it finds what it kept, also
    after all of them were started again. When a worker dies, others do its jobs.
    """

    def __init__(self, scheduler: str, certificates: Path, patience: float = 60.0) -> None:
        """`scheduler`: its address, such as tls://scheduler:8786. certificates: the folder of this process.

        patience: seconds without any worker after which jobs are given up.
        """
        self._scheduler, self._certificates, self._patience = scheduler, certificates, patience
        self._client: Client | None = None

    @property
    def workers(self) -> int:
        """How many workers there are, at least 1. Raises ClusterGone."""
        return max(1, len(self.names()))

    def names(self) -> list[str]:
        """Return the names of the workers of this version that are there. Raises ClusterGone."""
        return sorted(self._addresses())

    def map(
        self,
        function: Callable[[Job], Result],
        jobs: Iterable[Job],
        *,
        places: Callable[[Job], int] | None = None,
    ) -> Iterator[Result]:
        """Yield the results; as `Executor.map`. Raises ClusterGone, too."""
        addresses = self._wait_for_workers()
        client = self._connected()
        pending: deque[Future[Any]] = deque()
        try:
            for job in jobs:
                owner = _owner(addresses, places(job)) if places else None
                pending.append(
                    client.submit(
                        _run, _Task(function, job), pure=False, resources={SAME_VERSION: 1},
                        workers=None if owner is None else [owner], allow_other_workers=owner is not None,
                    )
                )  # fmt: skip
                if len(pending) == UNDER_WAY * len(addresses):
                    yield self._result(pending.popleft())
            while pending:
                yield self._result(pending.popleft())
        finally:
            if pending and client.status == "running":
                client.cancel(list(pending))

    def close(self) -> None:
        """Close the connection; the next jobs open another one."""
        if self._client is not None:
            with suppress(OSError, TimeoutError):
                self._client.close(timeout=5)
            self._client = None

    def _connected(self) -> Client:
        if self._client is not None and self._client.status != "running":
            self.close()
        if self._client is None:
            security = security_of(self._certificates)
            try:
                self._client = Client(self._scheduler, security=security, timeout=self._patience, set_as_default=False)
            except (OSError, TimeoutError) as problem:
                raise ClusterGone(f"{self._scheduler} does not answer") from problem
        return self._client

    def _addresses(self) -> dict[str, str]:
        """Return the addresses of the workers of this version, by name."""
        client = self._connected()
        try:
            found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, TimeoutError) as problem:
            self.close()
            raise ClusterGone(f"{self._scheduler} does not answer") from problem
        return {one["name"]: address for address, one in found.items() if SAME_VERSION in one["resources"]}

    def _wait_for_workers(self) -> dict[str, str]:
        until = time.monotonic() + self._patience
        while not (found := self._addresses()):
            if time.monotonic() > until:
                raise ClusterGone("no worker of this version is there")
            time.sleep(0.2)
        return found

    def _result(self, future: Future[Any]) -> Any:
        """Return the result of a job, as soon as a worker has it."""
        while True:
            try:
                found = future.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                self._wait_for_workers()
            except (CancelledError, KilledWorker, OSError) as problem:
                self.close()
                raise ClusterGone(f"a job was given up: {type(problem).__name__}") from problem
            else:
                break
        if isinstance(found, _Failed):
            raise found.problem
        return found


def _owner(addresses: dict[str, str], place: int) -> str:
    """Return the address of the worker that has a place. A worker that comes or goes moves its own places only."""
    name = max(addresses, key=lambda one: hashlib.sha256(f"{place} {one}".encode()).digest())
    return addresses[name]
