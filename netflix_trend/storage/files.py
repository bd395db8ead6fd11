"""Atomic file writes, and safe reads of untrusted files."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where verbs only steer containers
    fcntl = None  # type: ignore[assignment]

# Windows has none of these. Nothing of anybody else is read there.
_UNFOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# Opening a FIFO must not wait for a writer. And Windows would change line ends.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# Untrusted files are read in pieces of at most this many bytes.
_PIECE = 1 << 16
# Given times of files are set back by less than this many seconds (12 days): see `_noticeable`.
_SPREAD = 1 << 20


# Inode, size in bytes and modification time of a file.
FileState = tuple[int, int, int]


def file_state(status: os.stat_result) -> FileState:
    """Return what changes with a file's content."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def state_of(path: Path) -> FileState | None:
    """Return the state of a file, through links; None if it cannot be looked at."""
    try:
        return file_state(path.stat())
    except OSError:
        return None


class UnsafeFile(Exception):
    """A file is not acceptable; `reason` is one word for counters, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def write_atomically(
    path: Path,
    data: bytes,
    *,
    durable: bool = True,
    modified: float | None = None,
    settle: bool = True,
    mode: int = 0o644,
) -> None:
    """Write `data` to `path` atomically: a reader sees the old bytes or the new ones, never a part.

    modified: modification time in seconds since 1970, None for now. settle: False if the caller calls `sync_folder`
    itself, after several files of one folder, or if the old file will do after a power cut. mode: permission bits, less
    the umask.

    The temporary name starts with a dot because SyftBox never syncs dot-files. It is different every time, because
    threads write too and containers that share a folder may have equal process numbers. With `durable` the bytes and
    the rename are on disk when this returns.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _UNFOLLOWED, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if modified is not None:
                os.utime(file.fileno(), (modified, modified))
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable and settle:
        sync_folder(path.parent)


def restore_file(
    path: Path, data: bytes, *, durable: bool = True, modified: float | None = None, settle: bool = True
) -> bool:
    """Make `path` a file that contains `data`, whatever is there now: a link or folder is removed, never followed.

    modified: the latest modification time, in seconds since 1970; the file's own depends on its bytes. Returns whether
    anything had to be written. Missing folders are created. Otherwise as `write_atomically`.
    """
    if read_own(path, len(data)) == data:
        return False
    try:
        before = path.lstat()
    except OSError:
        before = None
    modified = _noticeable(before, data, modified)
    if before is not None and stat.S_ISDIR(before.st_mode):
        shutil.rmtree(path)
    elif before is not None and stat.S_ISLNK(before.st_mode):
        path.unlink()
    make_folder(path.parent, durable=durable and settle)
    write_atomically(path, data, durable=durable, modified=modified, settle=settle)
    return True


def make_folder(folder: Path, *, durable: bool = True) -> None:
    """Create a folder and missing ones above it. With `durable` they survive a power cut when this returns: syncing a
    file in a new folder does not promise that the folder itself is kept.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent, durable=durable)
    folder.mkdir(exist_ok=True)
    if durable:
        sync_folder(folder.parent)


def seconds_earlier(data: bytes) -> int:
    """Return how much earlier than the given time a file with these bytes was modified: 0 to 12 days, in seconds."""
    return int.from_bytes(hashlib.sha256(data).digest()[:4]) % _SPREAD


def _noticeable(before: os.stat_result | None, data: bytes, modified: float | None) -> float | None:
    """Return a modification time by which a program sees that a file will have other bytes than now. before: its state,
    None when there is none.

    Go's client of SyftBox uploads a file again when its size or time changes (docs/method/syftbox.md#sync). Times that
    are given are equal on purpose, so the bytes decide how much earlier the file's own is: it tells nothing else.
    """
    if modified is not None:
        modified = int(modified) - seconds_earlier(data)
    if before is None:
        return modified
    later = 1 if modified is None else -1
    modified = time.time() if modified is None else modified
    is_same = before.st_size == len(data) and int(before.st_mtime) == int(modified)
    return int(modified) + later if is_same else modified


def read_own(path: Path, max_size: int) -> bytes | None:
    """Return the bytes of a regular file of at most `max_size` bytes; None for anything else, such as a link, a FIFO
    that would block, or a file without read permission.

    path: in one of our own folders, where others may nevertheless have put something.
    """
    try:
        descriptor = os.open(path, _READ | _UNFOLLOWED)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        data = (
            os.read(descriptor, max_size + 1) if stat.S_ISREG(status.st_mode) and status.st_size <= max_size else None
        )
    finally:
        os.close(descriptor)
    return data if data is not None and len(data) <= max_size else None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between threads and processes. `path`: an empty file for it; missing folders are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        _flock(file)
        yield


def _flock(file: IO[str] | IO[bytes], *, shared: bool = False, wait: bool = True) -> None:
    """Lock an open file. Raises BlockingIOError if somebody else has locked it and `wait` is False."""
    if fcntl is None:
        raise OSError("files cannot be locked on Windows: use Docker, or WSL")
    fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))


def lock_now(file: IO[str] | IO[bytes], *, shared: bool = False) -> bool:
    """Lock an open file, until it is closed, without waiting. Returns False if somebody else has locked it."""
    try:
        _flock(file, shared=shared, wait=False)
    except BlockingIOError:
        return False
    return True


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock as `locked` does, without waiting: yields whether nobody else holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        yield lock_now(file)


@contextmanager
def unchanging(path: Path, seconds: float) -> Iterator[bool]:
    """Hold off whoever wants to hold `path` by `locked`, to read what they change; for readers, several at once.

    Waits at most `seconds` for whoever holds it, and yields whether it was free by then. Writes nothing, so that it
    works where the folder may only be read; without the file nobody has ever changed anything.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield True
        return
    deadline, is_held = time.monotonic() + seconds, False
    with file:
        while not is_held:
            try:
                _flock(file, shared=True, wait=False)
                is_held = True
            except BlockingIOError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
        yield is_held


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, _FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_untrusted(root: Path | int, relative: str, limit: int) -> BinaryIO:
    """Open the untrusted file `root/relative` for reading.

    Every part of `relative` is opened without following symbolic links; only a regular file without hard
    links and of at most `limit` bytes is opened. `root` is a folder's path, or a descriptor from
    `open_untrusted_folder`. Raises FileNotFoundError if the file is absent, UnsafeFile if it is anything else.
    """
    return os.fdopen(_open_untrusted(root, relative, limit), "rb")


def _open_untrusted(root: Path | int, relative: str, limit: int) -> int:
    folder_parts, _, name = relative.rpartition("/")
    if relative.startswith("/"):
        raise UnsafeFile("path", f"{_spoken(relative)!r} is not a plain relative path")
    is_direct = isinstance(root, int) and not folder_parts
    folder = root if is_direct and isinstance(root, int) else open_untrusted_folder(root, folder_parts)
    try:
        descriptor = _open_unfollowed(name, _READ, folder, relative)
    finally:
        if not is_direct:
            os.close(folder)
    status = os.fstat(descriptor)
    problem = None
    if not stat.S_ISREG(status.st_mode):
        problem = UnsafeFile("not_a_file", f"{_spoken(relative)} is not a regular file")
    elif status.st_nlink != 1:
        problem = UnsafeFile("hard_link", f"{_spoken(relative)} has more than one name")
    elif status.st_size > limit:
        problem = UnsafeFile("too_large", f"{_spoken(relative)} has {status.st_size} bytes, at most {limit} are read")
    if problem is not None:
        os.close(descriptor)
        raise problem
    return descriptor


def read_untrusted(root: Path | int, relative: str, limit: int) -> bytes:
    """Return the bytes of `root/relative`, opened as by `open_untrusted`."""
    descriptor = _open_untrusted(root, relative, limit)
    try:
        parts, left = [], limit + 1
        while left and (part := os.read(descriptor, min(left, _PIECE))):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(descriptor)
    if not left:
        raise UnsafeFile("too_large", f"{_spoken(relative)} grew beyond {limit} bytes while it was read")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def open_untrusted_folder(root: Path | int, relative: str) -> int:
    """Return a descriptor of the folder `root/relative` without following symbolic links; the caller closes it.

    Raises FileNotFoundError if it is absent, UnsafeFile if it is not a folder.
    """
    folder = os.dup(root) if isinstance(root, int) else os.open(root, _FOLDER)
    try:
        for part in relative.split("/") if relative else ():
            inner = _open_unfollowed(part, _FOLDER, folder, relative)
            os.close(folder)
            folder = inner
    except BaseException:
        os.close(folder)
        raise
    return folder


def _spoken(relative: str) -> str:
    """Return a path for messages and logs, without the address that names a datasite."""
    return "/".join(part for part in relative.split("/") if "@" not in part) or "the datasite"


def _open_unfollowed(name: str, flags: int, folder: int, relative: str) -> int:
    if name in ("", ".", "..") or "\0" in name:
        raise UnsafeFile("path", f"{_spoken(relative)!r} is not a plain relative path")
    try:
        return os.open(name, flags | _UNFOLLOWED, dir_fd=folder)
    except FileNotFoundError:
        raise
    except PermissionError:
        message = f"{_spoken(relative)}: may not be read; give everybody the right to read it"
        raise UnsafeFile("unreadable", message) from None
    except UnicodeEncodeError:
        raise UnsafeFile("path", f"{_spoken(relative)!r} is not a plain relative path") from None
    except OSError as error:  # ELOOP for a symbolic link, ENOTDIR for a file in a folder's place, ENXIO for a socket
        message = f"{_spoken(relative)}: {_spoken(name)} cannot be opened safely ({error.strerror})"
        raise UnsafeFile("not_a_file", message) from error
