"""`python -m bench app`: what the app costs on folders while there is nothing to do.

Processor time is that of the whole process tree: the app, its steps, and the server of the page, which stays for ten
minutes after the last visit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from bench.tasks import make_export

ROOT = Path(__file__).parents[1]
PROCESSOR_TARGET, ONCE_TARGET = 0.2, 0.3
PORT = 18_651
_TICKS = os.sysconf("SC_CLK_TCK")
# Processor seconds within a second; a process that uses less rests.
_RESTS = 0.02


def main(arguments: list[str]) -> int:
    """Measure idle minutes and runs that have nothing to do. Returns 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench app", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3, help="idle minutes (%(default)s)")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the export (%(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="runs of once, of which the median counts (%(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="netflix-trend-app-") as folder:
        home = prepared(Path(folder), options.rows)
        command = [sys.executable, "-P", "-m", "netflix_trend"]
        environ = {"PATH": os.defpath, "HOME": folder, "PYTHONPATH": folder, "MODE": "folders"}
        environ |= {"SYFTBOX_ASSIGNED_PORT": str(PORT)}
        subprocess.run([*command, "once", str(home / "export.csv")], env=environ, check=True, capture_output=True)
        subprocess.run([*command, "once"], env=environ, check=True, capture_output=True)
        seconds = statistics.median(wall_seconds([*command, "once"], environ) for _ in range(options.runs))
        with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as app:
            try:
                wait_until_idle(app.pid)  # its first look runs once; the second finds nothing
                idle = idle_minute(app.pid, options.minutes)
                with urlopen(f"http://127.0.0.1:{PORT}/", timeout=60) as page:
                    page.read()
                visited = idle_minute(app.pid, options.minutes)
            finally:
                app.terminate()
    print(f"An app on folders after an import of {options.rows:,} rows:")
    for (spent, mebibytes), when in ((idle, "before a visit"), (visited, "after a visit")):
        print(f"  an idle minute {when:<18} {spent:8.3f} s of processor time (target: {PROCESSOR_TARGET} s), ", end="")
        print(f"{mebibytes:.0f} MiB")
    print(f"  once with nothing to do           {seconds:8.3f} s (target: at most {ONCE_TARGET} s)")
    return int(max(idle[0], visited[0]) > PROCESSOR_TARGET or seconds > ONCE_TARGET)


def wait_until_idle(app: int) -> None:
    """Wait until a process and its children have rested for ten seconds."""
    spent, rested = -1.0, 0
    while rested < 10:
        time.sleep(1)  # one of the ten seconds
        before, spent = spent, processor_seconds(app)
        rested = rested + 1 if spent - before <= _RESTS else 0


def idle_minute(app: int, minutes: float) -> tuple[float, float]:
    """Return the processor time of an idle minute, the mean of several, and the memory of the process tree in MiB."""
    before = processor_seconds(app)
    time.sleep(60 * minutes)  # the time that is measured
    return (processor_seconds(app) - before) / minutes, resident_mebibytes(app)


def prepared(home: Path, rows: int) -> Path:
    """Make a clone of links with an export in it."""
    for name in ("netflix_trend", "services", "docker-compose.yml"):
        (home / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / ".env.example", home)
    make_export(home, rows)
    return (home / "NetflixViewingHistory.csv").rename(home / "export.csv").parent


def wall_seconds(command: list[str], environ: dict[str, str]) -> float:
    """Return how long a command takes."""
    before = time.perf_counter()
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return time.perf_counter() - before


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of its children, running or not (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return sum(map(int, fields[11:15])) / _TICKS + sum(processor_seconds(int(child)) for child in children)


def resident_mebibytes(pid: int) -> float:
    """Return the memory of a process and of its children in MiB (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    own = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return own + sum(resident_mebibytes(int(child)) for child in children)
