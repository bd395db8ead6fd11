"""A process of a cluster: `scheduler`, `worker`, or `certificates`, which makes those of all processes and ends."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from services.runtime.cluster.certificates import ensure_certificates


def main(arguments: list[str]) -> int:
    """Run a process. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.runtime.cluster", description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("certificates").add_argument("folder", nargs="+", type=Path)
    scheduler, worker = roles.add_parser("scheduler"), roles.add_parser("worker")
    for one in (scheduler, worker):
        one.add_argument("--certificates", type=Path, required=True, metavar="FOLDER")
    scheduler.add_argument("--host", default="", help="where it listens; everywhere if not given")
    scheduler.add_argument("--port", type=int, default=8786, help="(%(default)s)")
    worker.add_argument("--scheduler", required=True, metavar="ADDRESS", help="such as tls://scheduler:8786")
    worker.add_argument("--name", required=True, help="the same after every start")
    worker.add_argument("--scratch", type=Path, default=Path("/tmp"), metavar="FOLDER")  # noqa: S108
    options = parser.parse_args(arguments)
    if options.role == "certificates":
        is_new = ensure_certificates(options.folder)
        print("certificates: new ones were made" if is_new else "certificates: they are there")  # noqa: T201
        return 0
    from services.runtime.cluster.processes import run_scheduler, run_worker

    if options.role == "scheduler":
        return run_scheduler(options.certificates, options.host, options.port)
    return run_worker(options.certificates, options.scheduler, options.name, options.scratch)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
