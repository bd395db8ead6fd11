"""A disk that fails: a real folder, and a layer that counts file calls, fails one of them, and knows what was synced.

Python's own functions for files are replaced while a simulated process runs; files below the folder only are meant.
SQLite writes past this layer: its files always are as they were at its last commit.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import random
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.faults.journal import Journal
from netflix_trend.storage import files

Kind = Literal["crash", "power", "full", "broken", "readonly", "torn"]
KINDS: tuple[Kind, ...] = ("crash", "power", "full", "broken", "readonly", "torn")
_ERRORS = {"full": errno.ENOSPC, "broken": errno.EIO, "readonly": errno.EROFS}
# Calls that need space, and calls that change something.
_NEEDS_SPACE = frozenset({"create", "write", "mkdir"})
_CHANGES = _NEEDS_SPACE | {"replace", "unlink", "rmdir", "truncate", "utime"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ALWAYS_SAVED = (".sqlite", ".sqlite-wal", ".sqlite-shm", ".sqlite-journal", ".lock")


_REAL_OPEN = io.open
_REAL_FLOCK = files._flock


class Killed(BaseException):
    """The process is gone. Not an Exception, so that nothing handles it."""


@dataclass
class Fault:
    """What happens at one call of a process. at: number of the call, from 0. happened: name of the call, if it did."""

    kind: Kind
    at: int
    happened: str = ""


@dataclass
class Process:
    """A simulated process. calls: how many file calls it has made. is_dead: whatever it calls next does nothing."""

    fault: Fault | None = None
    calls: int = 0
    is_dead: bool = False
    turn: Callable[[], None] | None = None
    by_kind: Counter[str] = field(default_factory=Counter)


class Disk:
    """The folder `root`. generator: decides what a power cut keeps, and how much of a torn write is written.

    replaced: is told of every path that got a new file; tests of what is visible listen here.
    """

    def __init__(self, root: Path, generator: random.Random) -> None:
        self.root, self.generator = root, generator
        self.replaced: Callable[[Path], None] = lambda _: None
        self._prefix = f"{root}/"
        self._local = threading.local()
        self._real: dict[str, Any] = {}
        self.journal = Journal(root, self._is_saved)

    @property
    def process(self) -> Process | None:
        """The process of this thread, None for the simulation itself."""
        return getattr(self._local, "process", None)

    @staticmethod
    def _is_saved(path: str) -> bool:
        return path.endswith(_ALWAYS_SAVED)

    # --- processes

    @contextmanager
    def running(self, process: Process) -> Iterator[None]:
        """Let file calls of this thread be those of a process."""
        self._local.process = process
        try:
            yield
        finally:
            self._local.process = None

    def together(self, works: Sequence[tuple[Process, Callable[[], None]]]) -> None:
        """Run processes at once: at most file calls another one may go on, as the generator decides."""
        back = threading.Semaphore(0)
        turns = [threading.Semaphore(0) for _ in works]
        alive = set(range(len(works)))

        def run(number: int, process: Process, work: Callable[[], None]) -> None:
            turns[number].acquire()

            def turn() -> None:
                back.release()
                turns[number].acquire()

            process.turn = turn
            try:
                with self.running(process):
                    work()
            finally:
                alive.discard(number)
                back.release()

        threads = [
            threading.Thread(target=run, args=(number, process, work), daemon=True)
            for number, (process, work) in enumerate(works)
        ]
        for thread in threads:
            thread.start()
        while alive:
            turns[self.generator.choice(sorted(alive))].release()
            back.acquire()
        for thread in threads:
            thread.join()

    # --- faults

    def call(self, kind: str, path: str, data: bytes = b"", write: Callable[[bytes], None] | None = None) -> None:
        """Count a call, and fail where the process's fault says so. write: writes a part of `data`."""
        process = self.process
        assert process is not None
        if process.turn is not None and not process.is_dead and self.generator.random() < 0.4:
            process.turn()
        if process.is_dead:
            raise Killed
        number, process.calls = process.calls, process.calls + 1
        process.by_kind[kind] += 1
        fault = process.fault
        if fault is None or number < fault.at:
            return
        if fault.kind == "torn":
            if fault.happened or kind != "write" or write is None:
                return
            fault.happened = kind
            write(data[: self.generator.randrange(len(data))] if data else b"")
            process.is_dead = True
            raise Killed
        if fault.kind in ("crash", "power"):
            fault.happened, process.is_dead = kind, True
            raise Killed
        fails = {"full": kind in _NEEDS_SPACE, "readonly": kind in _CHANGES, "broken": not fault.happened}
        if fails[fault.kind]:
            if fault.kind == "full" and kind == "write" and write is not None and not fault.happened:
                write(data[: self.generator.randrange(len(data))] if data else b"")
            fault.happened = kind
            raise OSError(_ERRORS[fault.kind], os.strerror(_ERRORS[fault.kind]), path)

    @staticmethod
    def read(path: Path) -> bytes:
        """Read a file past all faults."""
        with _REAL_OPEN(path, "rb") as file:
            return bytes(file.read())

    def cut_power(self) -> str:
        """Lose what was not synced; returns by which model of a disk."""
        return self.journal.cut_power(self.generator)

    def settle(self, folder: Path) -> None:
        """Take what is below a folder now for synced: the simulation itself has changed it."""
        self.journal.settle(str(folder))

    # --- Python's functions

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Replace Python's functions for files until the end."""
        names = ("open", "fdopen", "fsync", "replace", "rename", "unlink", "remove", "mkdir", "rmdir", "utime")
        self._real = {name: getattr(os, name) for name in names}
        opens, flock = (io.open, builtins.open), files._flock
        mine: dict[str, Any] = {
            "open": self._os_open, "fdopen": self._fdopen, "fsync": self._fsync, "replace": self._replace,
            "rename": self._replace, "unlink": self._unlink, "remove": self._unlink, "mkdir": self._mkdir,
            "rmdir": self._rmdir, "utime": self._utime,
        }  # fmt: skip
        try:
            for name, function in mine.items():
                setattr(os, name, function)
            io.open = builtins.open = self._io_open
            files._flock = self._flock
            yield
        finally:
            for name, function in self._real.items():
                setattr(os, name, function)
            (io.open, builtins.open), files._flock = opens, flock

    def _flock(self, file: Any, *, shared: bool = False, wait: bool = True) -> None:
        """Lock as the product does; whoever waits lets the other process go on."""
        process = self.process
        while True:
            try:
                _REAL_FLOCK(file, shared=shared, wait=False)
                return
            except BlockingIOError:
                if not wait or process is None or process.turn is None:
                    raise
                process.turn()

    def _mine(self, path: Any, dir_fd: int | None = None) -> str | None:
        """Return a path below the root that a process uses, as text; None for all others."""
        if self.process is None or isinstance(path, int):
            return None
        text = os.fsdecode(path)
        if dir_fd is not None:
            text = f"{_path_of(dir_fd)}/{text}"
        return text if text.startswith(self._prefix) else None

    def _os_open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        mine = self._mine(path, dir_fd)
        if mine is None:
            return int(self._real["open"](path, flags, mode, dir_fd=dir_fd))
        if not flags & _WRITING:
            self.call("read", mine)
            return int(self._real["open"](path, flags, mode, dir_fd=dir_fd))
        is_new = not os.path.lexists(mine)
        self.call("create" if is_new else "open", mine)
        descriptor = int(self._real["open"](path, flags, mode, dir_fd=dir_fd))
        if is_new:
            self.journal.created(mine)
        elif flags & os.O_TRUNC:
            self.journal.written(mine)
        return descriptor

    def _fdopen(self, descriptor: int, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        path = self._path_of(descriptor)
        if path is None or mode == "rb":
            return self._real["fdopen"](descriptor, mode, *arguments, **options)
        return _File(self, path, io.FileIO(descriptor, mode))

    def _io_open(self, file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        mine = self._mine(file)
        if mine is None:
            return _REAL_OPEN(file, mode, *arguments, **options)
        is_new = not os.path.lexists(mine)
        if set(mode).isdisjoint("wax+"):
            self.call("read", mine)
            return _REAL_OPEN(file, mode, *arguments, **options)
        self.call("create" if is_new else "open", mine)
        if self._is_saved(mine):
            return _REAL_OPEN(file, mode, *arguments, **options)
        opened = io.FileIO(mine, mode.replace("b", "").replace("t", ""))
        self.journal.created(mine) if is_new else self.journal.written(mine)
        return _File(self, mine, opened)

    def _path_of(self, descriptor: int) -> str | None:
        if self.process is None:
            return None
        path = _path_of(descriptor)
        return path if path.startswith(self._prefix) else None

    def _fsync(self, descriptor: int) -> None:
        path = self._path_of(descriptor)
        if path is None:
            self._real["fsync"](descriptor)
            return
        self.call("fsync", path)
        self.journal.synced(path)

    def _replace(self, source: Any, target: Any, **options: Any) -> None:
        mine, wanted = self._mine(source), self._mine(target)
        if mine is None or wanted is None:
            self._real["replace"](source, target, **options)
            return
        self.call("replace", wanted)
        self.journal.renaming(mine, wanted)
        self._real["replace"](source, target)
        self.replaced(Path(wanted))

    def _unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        mine = self._mine(path, dir_fd)
        if mine is not None:
            self.call("unlink", mine)
            if os.path.lexists(mine):
                self.journal.removing(mine)
        self._real["unlink"](path, dir_fd=dir_fd)

    def _mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        mine = self._mine(path, dir_fd)
        if mine is not None and not os.path.lexists(mine):
            self.call("mkdir", mine)
        self._real["mkdir"](path, mode, dir_fd=dir_fd)
        if mine is not None:
            self.journal.made_folder(mine)

    def _rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        mine = self._mine(path, dir_fd)
        if mine is not None:
            self.call("rmdir", mine)
        self._real["rmdir"](path, dir_fd=dir_fd)
        if mine is not None:
            self.journal.removed_folder(mine)

    def _utime(self, path: Any, *arguments: Any, **options: Any) -> None:
        mine = self._path_of(path) if isinstance(path, int) else self._mine(path)
        if mine is not None:
            self.call("utime", mine)
        self._real["utime"](path, *arguments, **options)


def _path_of(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - its own functions would be counted


class _File:
    """A file open for writing. What was not flushed when its process dies is lost."""

    def __init__(self, disk: Disk, path: str, raw: io.FileIO) -> None:
        self._disk, self._path, self._raw, self._left = disk, path, raw, bytearray()

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: Any) -> int:
        """Keep the data until it is flushed."""
        some = data.encode() if isinstance(data, str) else bytes(data)
        self._left += some
        return len(some)

    def _put(self, data: bytes) -> None:
        self._raw.write(data)
        self._disk.journal.written(self._path)

    def flush(self) -> None:
        """Write what is left; one call of the system."""
        data = bytes(self._left)
        self._left.clear()
        if data:
            self._disk.call("write", self._path, data, self._put)
            self._put(data)

    def truncate(self, size: int) -> int:
        """Make the file shorter."""
        self._disk.call("truncate", self._path)
        done = self._raw.truncate(size)
        self._disk.journal.written(self._path)
        return done

    def fileno(self) -> int:
        """The descriptor."""
        return self._raw.fileno()

    def close(self) -> None:
        """Write what is left and close; a dead process only closes."""
        try:
            process = self._disk.process
            if process is not None and not process.is_dead:
                self.flush()
        finally:
            self._raw.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def fresh_folder(name: str) -> Path:
    """Return a new folder in memory where there is one, else where temporary files go."""
    import tempfile

    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent)).resolve()


def remove_folder(folder: Path) -> None:
    """Remove a folder and everything in it."""
    shutil.rmtree(folder, ignore_errors=True)
