"""Where a person's data lies outside of the clone: settings, exports, tables, ledger and secrets.

An app that SyftBox installs again loses its own folder; the ledger in it would be lost with it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from netflix_trend.cli.frame import Failure

# What versions before 0.2 kept in the clone. The ledger last: with it the move is complete.
KEPT = (".env", "drop", "secrets", "syftbox-token", "charts", "aggregator", "helper", "private", "publisher")
# Two of these are two memories of what was answered.
_ONE_ONLY = frozenset({"private", "publisher", "aggregator", "helper"})


def data_home(environ: Mapping[str, str]) -> Path:
    """Return the folder for this app's data, by the conventions of the system.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    if named := environ.get("XDG_DATA_HOME"):
        data = Path(named)
    elif sys.platform == "darwin":
        data = _home(environ) / "Library" / "Application Support"
    else:
        data = _home(environ) / ".local" / "share"
    return data / "netflix-trend"


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def move_once(clone: Path, home: Path) -> list[str]:
    """Move KEPT from a clone to `home`, which only its owner may open. Returns the names of what was moved.

    Safe to repeat after a crash: each appears at once and whole. Raises Failure if both places have one that must be
    unique.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    old = [name for name in KEPT if (clone / name).exists() and not (clone / name).is_symlink()]
    for name in old:
        if name in _ONE_ONLY and (home / name).exists():
            raise Failure(
                f"{clone / name} and {home / name} both hold data, and a second ledger would answer every round twice. "
                f"Move the older one elsewhere; {home / name} is used"
            )
    moved = [name for name in old if not (home / name).exists()]
    for name in moved:
        _move(clone / name, home / name)
    return moved


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:  # on another disk
        part = target.with_name(f".{target.name}.moving")
        shutil.rmtree(part, ignore_errors=True)
        if source.is_dir():
            shutil.copytree(source, part, symlinks=True)
        else:
            shutil.copy2(source, part)
        part.rename(target)
        shutil.rmtree(source) if source.is_dir() else source.unlink()
