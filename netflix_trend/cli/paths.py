r"""Paths of Windows, as programs and as Git Bash write them: C:\Users\me, C:/Users/me and /c/Users/me are one folder.

SyftBox's configuration has the first form, Docker and Python of Windows understand the first two, Git Bash prints the
third. Everything here is text: no file is looked at.
"""

from __future__ import annotations

import os
import re
import sys

# With the prefix of long paths, \\?\.
_OF_WINDOWS = re.compile(r"(?://\?/)?([A-Za-z]):(/.*)?", re.DOTALL)
_OF_GIT_BASH = re.compile(r"/([A-Za-z])(/.*)?", re.DOTALL)


def to_posix(path: str) -> str:
    """Return a path of Windows as Git Bash writes it: /c/Users/me. A path without a drive only gets forward slashes."""
    path = path.replace("\\", "/")
    found = _OF_WINDOWS.fullmatch(path)
    return f"/{found[1].lower()}{found[2] or '/'}" if found else path


def to_windows(path: str) -> str:
    """Return a path of Git Bash or Windows as C:/Users/me, which is what `cygpath -m` prints.

    What lies in Git Bash's own folders, such as /usr, stays as it is: only Git Bash knows where they are.
    """
    path = path.replace("\\", "/")
    found = _OF_WINDOWS.fullmatch(path) or _OF_GIT_BASH.fullmatch(path)
    return f"{found[1].upper()}:{found[2] or '/'}" if found else path


def native(path: str) -> str:
    """Return a path as this Python understands it, whoever has written it."""
    if is_windows():
        return to_windows(path)
    return to_posix(path) if sys.platform in ("msys", "cygwin") and _OF_WINDOWS.match(path.replace("\\", "/")) else path


def is_windows() -> bool:
    """Return whether this is the Python of Windows, which has no locks and no signals of Unix."""
    return os.name == "nt"
