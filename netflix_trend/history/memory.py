"""How much memory an import may use, and how much the rows that it has read take at most."""

from __future__ import annotations

import os
from pathlib import Path

# Measured on files whose every row is another show, or another film (docs/method/queue.md#memory): bytes of a rebuild
# that has read nothing, of each show or season, and of each row.
BASE, PER_SHOW, PER_ROW = 240 << 20, 800, 240
# Of these, what DuckDB sorts and joins within; it spills the rest to disk, but not all of what a join holds: with 128
# MB alone it could not join the titles of a million rows.
_DATABASE, _DATABASE_PER_ROW = 128 << 20, 64
# Of a container's limit or of the whole machine; the rest is for the other processes there.
_SHARE_OF_LIMIT, _SHARE_OF_MACHINE = 0.75, 0.5


def needed(shows: int, rows: int) -> int:
    """Return how many bytes of memory a rebuild needs at most. shows: different ones, with their seasons."""
    return BASE + PER_SHOW * shows + PER_ROW * rows


def of_database(rows: int) -> str:
    """Return within how much memory DuckDB sorts and joins so many rows, as its setting `memory_limit`."""
    return f"{(_DATABASE + _DATABASE_PER_ROW * rows) >> 10}KiB"


def budget(cgroups: Path = Path("/sys/fs/cgroup"), process: Path = Path("/proc/self/cgroup")) -> int:
    """Return how many bytes of memory an import may use on this machine and in this container.

    cgroups, process: where the kernel tells the limits of a container; other systems have none.
    """
    limit = _limit(cgroups, process)
    machine = _SHARE_OF_MACHINE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(machine if limit is None else min(machine, _SHARE_OF_LIMIT * limit))


def _limit(cgroups: Path, process: Path) -> int | None:
    """Return the smallest limit of the groups that this process is in; None without any."""
    files = [cgroups / "memory" / "memory.limit_in_bytes"]
    try:
        names = [line.removeprefix("0::") for line in process.read_text().splitlines() if line.startswith("0::")]
    except OSError:
        names = []
    for name in names:
        group = cgroups / name.strip("/")
        files += [folder / "memory.max" for folder in (group, *group.parents) if folder.is_relative_to(cgroups)]
    limits = []
    for file in files:
        try:
            limits.append(int(file.read_text()))
        except (OSError, ValueError):  # not there, or `max`
            continue
    return min(limits, default=None)
