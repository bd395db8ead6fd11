"""Where independent jobs run: in this process, in several, or on several machines. What they return is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

# So many jobs a worker are under way where there are other processes: one runs, the others wait so that it never does.
UNDER_WAY = 3

Job = TypeVar("Job")
Result = TypeVar("Result")


class Executor(Protocol):
    """Runs a function for many jobs.

    workers: how many jobs run at a time, at most; whoever cuts work into jobs may look at it. It never changes what
    comes out.
    """

    @property
    def workers(self) -> int:
        """How many jobs run at a time, at most."""

    def map(
        self,
        function: Callable[[Job], Result],
        jobs: Iterable[Job],
        *,
        places: Callable[[Job], int] | None = None,
    ) -> Iterator[Result]:
        """Yield what the function returns for each job, in the order of the jobs.

        function: of a module's top level, or a `partial` of one, whose arguments can be pickled. It depends on its job
        alone and may run twice. jobs: taken as they are needed; only so many wait that every worker is busy, so memory
        does not grow with their number. places: the number of the place that a job is about, such as a shard: jobs of
        one place run on the worker that ran its earlier ones, as long as that worker lives.
        Raises what the first failing job raises.
        """


class ThisProcess:
    """Runs the jobs here, one after another, each when its result is asked for."""

    workers = 1

    def map(
        self,
        function: Callable[[Job], Result],
        jobs: Iterable[Job],
        *,
        places: Callable[[Job], int] | None = None,
    ) -> Iterator[Result]:
        """Yield the results; as `Executor.map`."""
        return map(function, jobs)
