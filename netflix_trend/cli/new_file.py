"""A new file that a verb writes for the person, who names it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from netflix_trend.causes import cause
from netflix_trend.cli.frame import Failure

# Disks such as a memory stick's have no hard links.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


@contextmanager
def new_file(file: Path, *, replaces: bool = False, replace_with: str = "") -> Iterator[BinaryIO]:
    """Open a file that appears under its name when it is whole, readable by this user only; an exception leaves none.

    replaces: whether it may be there already. replace_with: the option that allows it. Raises Failure if the file is
    there and must not be replaced, or cannot be written.
    """
    step = f"Name another file, or replace it with {replace_with}" if replace_with else "Name another file"
    there = Failure(f"{file} is there already; nothing was changed. {step}")
    if not file.absolute().parent.is_dir():
        raise Failure(f"there is no folder {file.parent}. Make it, or name another file")
    if os.path.lexists(file) and not (replaces and file.is_file()):
        raise there
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=file.parent)  # of mode 0600
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {cause(problem)}") from None
    try:
        with os.fdopen(descriptor, "wb") as output:
            yield output
            output.flush()
            os.fsync(descriptor)
        if replaces:
            Path(temporary).replace(file)
        else:
            _appear(Path(temporary), file)
    except FileExistsError:
        raise there from None
    except OSError as problem:
        raise Failure(f"{file} cannot be written: {cause(problem)}") from None
    finally:
        Path(temporary).unlink(missing_ok=True)


def _appear(temporary: Path, file: Path) -> None:
    """Give a file its name. Raises FileExistsError if that has appeared meanwhile."""
    try:
        os.link(temporary, file)
    except OSError as problem:
        if problem.errno not in _NO_LINKS:
            raise
        if os.path.lexists(file):
            raise FileExistsError from None
        temporary.replace(file)
