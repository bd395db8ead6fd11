"""Measures a task in its own process: processor and wall seconds, and the peak memory of it and its child processes.

The same file measures the code of another revision, in a work tree of its own (`Revision`), with that revision's tasks.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.commands import COMMANDS, READY
from bench.tasks import TASKS

ROOT = Path(__file__).parents[1]
# Modules that another revision gets from here: they use nothing of the app that it may not have.
_LENT = ("measuring.py", "commands.py", "idle.py")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """What something took, or medians of several runs. processor: seconds, user and system, of the process and of all
    that it started. seconds: on the wall. mebibytes: peak memory, all processes added up.
    """

    processor: float
    seconds: float
    mebibytes: float


@dataclass(frozen=True)
class Figures:
    """A task of one size. warm: with the input in memory. cold: the same after its files were dropped from there, None
    where there are none. before: of the revision that is compared with, None when there is none or it cannot do that.
    """

    warm: Measured
    cold: Measured | None = None
    before: Measured | None = None


def measure(names: Sequence[str], size: int, folder: Path) -> None:
    """Run a task once on a prepared folder and print what it took as JSON.

    names: of the task, and what earlier revisions call it. Raises KeyError when there is no such task.
    """
    name = next((name for name in names if name in TASKS), names[0])
    run, is_command = COMMANDS.get(name), name in COMMANDS
    if run is None:
        ready, run = READY[name] if name in READY else (None, TASKS[name].run)
        for module in TASKS[name].modules if name in TASKS else ():
            importlib.import_module(module)
        if ready is not None:
            ready(folder, size)
    os.setpgid(0, 0)
    print(json.dumps(vars(taken(partial(run, folder, size), is_command=is_command))))


def taken(work: Callable[[], object], *, is_command: bool = False) -> Measured:
    """Do something, and return what this process and the rest of its process group took for it.

    The memory is summed over the process group, with shared pages counted several times: an upper bound. is_command:
    the work is done by child processes, and the memory is theirs, without that of this process, which waits for them.
    """
    left_out = {os.getpid()} if is_command else set[int]()
    together, stopped = [group_memory(os.getpgrp(), left_out)], threading.Event()

    def look() -> None:
        while not stopped.wait(0.05):
            together[0] = max(together[0], group_memory(os.getpgrp(), left_out))

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    _forget_peak()
    began, spent = time.perf_counter(), processor_seconds()
    try:
        work()
        seconds, processor = time.perf_counter() - began, processor_seconds() - spent
    finally:
        stopped.set()
        watch.join()
    own = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if is_command else _own_peak()
    return Measured(processor, seconds, max(own, *together) / 2**20)


def _forget_peak() -> None:
    """Let the peak memory of this process be what it has now; where that is forbidden it stays that of its life."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _own_peak() -> int:
    """Return the peak memory of this process in bytes. `getrusage` would begin with that of the process before exec."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def processor_seconds() -> float:
    """Return the processor time of this process, of those of its children that have ended, and of the rest of its
    process group (to a hundredth of a second), which a server may have started for it.
    """
    ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    others = (sum(map(int, fields[11:15])) for number, fields in _group(os.getpgrp()) if number != os.getpid())
    return sum(one.ru_utime + one.ru_stime for one in ended) + sum(others) / _TICKS


def group_memory(group: int, left_out: Container[int] = ()) -> int:
    """Return the resident bytes of all processes of a group, added up, without some."""
    pages = (int(fields[21]) for number, fields in _group(group) if number not in left_out)
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def _group(group: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each process of a group: its number, and the fields of its `stat` from the third on (Linux)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # has ended
            continue
        if int(fields[2]) == group:
            yield int(path.parent.name), fields


def forget_pages(folder: Path) -> bool:
    """Let the system drop the bytes of all files below a folder from memory; returns whether there are any.

    Names and inodes stay: only root can drop them, and for the whole machine.
    """
    if not hasattr(os, "posix_fadvise"):
        return False
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    return bool(files)


@dataclass(frozen=True)
class Revision:
    """Another revision of the app, in a work tree. name: its version."""

    name: str
    root: Path


@contextmanager
def revision(name: str) -> Iterator[Revision]:
    """Check a revision out into a folder for a while. Raises CalledProcessError when there is none of this name."""
    with tempfile.TemporaryDirectory(prefix="netflix-trend-revision-") as folder:
        root = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(root), name], check=True)
        try:
            for module in _LENT:
                shutil.copy(ROOT / "bench" / module, root / "bench" / module)
            version = re.search(r'__version__ = "(.+?)"', (root / "netflix_trend" / "__init__.py").read_text("utf-8"))
            yield Revision(version[1] if version else name, root)
        finally:
            subprocess.run([*git, "remove", "--force", str(root)], check=True)


def measured(name: str, size: int, runs: int, other: Revision | None = None) -> Figures:
    """Prepare the input once and measure several times: warm, cold, and in turn with another revision."""
    task = TASKS[name]
    warm, cold, before = list[Measured](), list[Measured](), list[Measured | None]()
    with tempfile.TemporaryDirectory(prefix="netflix-trend-bench-") as root:
        prepared = Path(root) / "input"
        prepared.mkdir()
        task.prepare(prepared, size)
        for _ in range(runs):
            warm.append(_run(name, size, prepared, ROOT))
            if other is not None and None not in before:
                before.append(_try(name, size, prepared, other.root))
            if forget_pages(prepared):
                cold.append(_run(name, size, prepared, ROOT, is_cold=True))
    there = [one for one in before if one is not None]
    return Figures(median(warm), median(cold) if cold else None, median(there) if len(there) == runs else None)


def median(found: Sequence[Measured]) -> Measured:
    """Return the medians of all figures."""
    return Measured(*(statistics.median(vars(one)[name] for one in found) for name in Measured.__dataclass_fields__))


def _try(name: str, size: int, prepared: Path, root: Path) -> Measured | None:
    """Measure a revision; None when it does not have the task or cannot do it."""
    try:
        return _run(name, size, prepared, root, stderr=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        return None


def _run(
    name: str, size: int, prepared: Path, root: Path, *, is_cold: bool = False, stderr: int | None = None
) -> Measured:
    task = TASKS[name]
    with tempfile.TemporaryDirectory(dir=prepared.parent) as own:
        # A task that writes gets a copy each time; large inputs are only read and shared.
        folder = prepared
        if task.writes:
            folder = Path(own) / "copy"
            shutil.copytree(prepared, folder)
        if is_cold:
            forget_pages(folder)
        elif not task.writes:
            for path in filter(Path.is_file, folder.rglob("*")):
                path.read_bytes()
        names = ",".join((name, *task.earlier))
        command = [sys.executable, "-m", "bench.measuring", names, str(size), str(folder)]
        ran = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=stderr, cwd=root, env={**os.environ, "PYTHONPATH": ""}
        )
        return Measured(**json.loads(ran.stdout.splitlines()[-1]))


if __name__ == "__main__":
    measure(sys.argv[1].split(","), int(sys.argv[2]), Path(sys.argv[3]))
