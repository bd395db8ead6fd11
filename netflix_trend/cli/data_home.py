"""Where a person's data lies outside of the clone: settings, exports, tables, ledger and secrets.

An app that SyftBox installs again loses its own folder; the ledger in it would be lost with it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from netflix_trend.causes import cause
from netflix_trend.cli.frame import Failure
from netflix_trend.cli.paths import is_windows
from netflix_trend.storage.files import locked

# Two of these are two memories of what was answered.
_ONE_ONLY = frozenset({"private", "publisher", "aggregator", "helper"})
# What a process of an earlier version, which still runs, makes anew in a folder that was moved. No memory is in it.
_MADE_ANEW = frozenset({"outlook.json", ".look.lock", ".last_run.json"})
_LOCK = ".move.lock"


def data_home(environ: Mapping[str, str]) -> Path:
    """Return the folder for this app's data, by the conventions of the system; a relative path counts as none.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    named = environ.get("XDG_DATA_HOME", "")
    if Path(named).is_absolute():
        data = Path(named)
    elif sys.platform == "darwin":
        data = _home(environ) / "Library" / "Application Support"
    else:
        data = _home(environ) / ".local" / "share"
    return data / "netflix-trend"


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def move_once(clone: Path, home: Path, names: Iterable[str]) -> list[str]:
    """Move what a clone holds to `home`, which only its owner may open. Returns the names of what was moved.

    names: relative paths of files and folders; those that are not there are left out. Safe to repeat after a crash, and
    in two processes at once: each appears at once and whole. Raises Failure if both places have one that must be
    unique, or if something cannot be moved; nothing is lost then.
    """
    names = list(dict.fromkeys(names))
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        if not any(os.path.lexists(place) for name in names for place in (clone / name, _gone(clone / name))):
            return []
        # Windows, which cannot lock, starts no app in SyftBox without Docker.
        with contextlib.nullcontext() if is_windows() else locked(home / _LOCK):
            return _move_all(clone, home, names)
    except OSError as problem:
        raise Failure(
            f"data in {clone} could not be moved to {home}, where installing again does not remove it: "
            f"{cause(problem) if problem.errno else 'not everything could be copied'}. Nothing is lost. Make "
            "room there or let this user write there, then repeat this"
        ) from None


def _move_all(clone: Path, home: Path, names: Iterable[str]) -> list[str]:
    for name in names:
        _finish(clone / name, home / name)
    old = [name for name in names if _is_there(clone / name, home / name)]
    for name in old:
        if Path(name).name in _ONE_ONLY and (home / name).exists():
            raise Failure(
                f"{clone / name} and {home / name} both hold data, and a second ledger would answer every round twice. "
                f"Move the older one elsewhere; {home / name} is used"
            )
    moved = [name for name in old if not (home / name).exists()]
    for name in moved:
        (home / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _move(clone / name, home / name)
    return moved


def _is_there(source: Path, target: Path) -> bool:
    """Return whether there is something to move: not a link to where it shall be, nor what holds no memory."""
    if not source.exists() or source.resolve() == target.resolve():
        return False
    if source.name in _ONE_ONLY and source.is_dir() and target.exists():
        return any(path.name not in _MADE_ANEW for path in source.rglob("*") if not path.is_dir())
    return True


def _gone(source: Path) -> Path:
    """Return the name of a source whose copy is whole."""
    return source.with_name(f".{source.name}.moved")


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.moving")


def _move(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.resolve())
        source.unlink()
        return
    try:
        source.rename(target)
        return
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
    part = _part(target)
    _remove(part)
    try:
        if source.is_dir():
            shutil.copytree(source, part, symlinks=True)
        else:
            shutil.copy2(source, part)
    except BaseException:
        _remove(part)
        raise
    if hasattr(os, "sync"):
        os.sync()
    # From here on the copy counts; `_finish` does the rest, also after a crash.
    source.rename(_gone(source))
    _finish(source, target)


def _finish(source: Path, target: Path) -> None:
    """Finish a move to another disk whose copy is whole."""
    gone, part = _gone(source), _part(target)
    if not gone.exists():
        return
    if not target.exists():
        if not part.exists():
            gone.rename(source)  # somebody has removed the copy
            return
        part.rename(target)
    _remove(gone)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
