"""Files that are whole or absent, and reading files that somebody else may have made."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO


class UnsafeFile(Exception):
    """A file is not what it must be; `reason` is one word for counters, the message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def write_atomically(path: Path, data: bytes, *, durable: bool = True, modified: float | None = None) -> None:
    """Write `data` to `path` so that a reader sees the old bytes or the new ones, never a part.

    modified: seconds since 1970 that the file says it was written at, None for now.

    The temporary name starts with a dot because SyftBox never syncs dot-files. With `durable` the bytes and the
    rename have reached the disk when this returns.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
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
    if durable:
        sync_folder(path.parent)


def restore_file(path: Path, data: bytes, *, durable: bool = True, modified: float | None = None) -> None:
    """Make `path` a file that holds `data`, whatever is there: a link or folder is removed, never followed.

    Nothing is written when it is so already. Missing folders are made. Otherwise as `write_atomically`.
    """
    try:
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        elif path.read_bytes() == data:
            return
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data, durable=durable, modified=modified)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_stranger(root: Path | int, relative: str, limit: int) -> BinaryIO:
    """Open `root/relative`, a file that a stranger may have made, for reading.

    Every part of `relative` is opened without following symbolic links; only a regular file with one name and at
    most `limit` bytes is opened. `root` is a folder's path, or a descriptor from `open_stranger_folder`. Raises
    FileNotFoundError when the file is absent, UnsafeFile when it is anything else.
    """
    folder_parts, _, name = relative.rpartition("/")
    if relative.startswith("/"):
        raise UnsafeFile("path", f"{relative!r} is not a plain relative path")
    folder = open_stranger_folder(root, folder_parts)
    try:
        # O_NONBLOCK: opening a FIFO must not wait for a writer.
        descriptor = _open_unfollowed(name, os.O_RDONLY | os.O_NONBLOCK, folder, relative)
    finally:
        os.close(folder)
    status = os.fstat(descriptor)
    problem = None
    if not stat.S_ISREG(status.st_mode):
        problem = UnsafeFile("not_a_file", f"{relative} is not a regular file")
    elif status.st_nlink != 1:
        problem = UnsafeFile("hard_link", f"{relative} has more than one name")
    elif status.st_size > limit:
        problem = UnsafeFile("too_large", f"{relative} has {status.st_size} bytes, at most {limit} are read")
    if problem is not None:
        os.close(descriptor)
        raise problem
    return os.fdopen(descriptor, "rb")


def read_stranger(root: Path | int, relative: str, limit: int) -> bytes:
    """Return the bytes of `root/relative`, opened as by `open_stranger`."""
    with open_stranger(root, relative, limit) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise UnsafeFile("too_large", f"{relative} grew beyond {limit} bytes while it was read")
    return data


def open_stranger_folder(root: Path | int, relative: str) -> int:
    """Return a descriptor of the folder `root/relative`, no symbolic link followed; the caller closes it.

    Raises FileNotFoundError when it is absent, UnsafeFile when it is anything else than a folder.
    """
    folder = os.dup(root) if isinstance(root, int) else os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in relative.split("/") if relative else ():
            inner = _open_unfollowed(part, os.O_RDONLY | os.O_DIRECTORY, folder, relative)
            os.close(folder)
            folder = inner
    except BaseException:
        os.close(folder)
        raise
    return folder


def _open_unfollowed(name: str, flags: int, folder: int, relative: str) -> int:
    if name in ("", ".", "..") or "\0" in name:
        raise UnsafeFile("path", f"{relative!r} is not a plain relative path")
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        raise
    except PermissionError:
        raise UnsafeFile("unreadable", f"{relative}: may not be read; give everybody the right to read it") from None
    except UnicodeEncodeError:
        raise UnsafeFile("path", f"{relative!r} is not a plain relative path") from None
    except OSError as error:  # ELOOP for a symbolic link, ENOTDIR for a file in a folder's place, ENXIO for a socket
        raise UnsafeFile("not_a_file", f"{relative}: {name} cannot be opened safely ({error.strerror})") from error
