"""SyftBox 0.4.0's own server code on rules and files: a child process in .venv-syftbox, which has nothing of ours.

`rules PEOPLE FILES`: one permission file that names so many people in two patterns, with so many files below it.
`looks PEOPLE`: so many datasites with one answer each, and an aggregator that shares with everybody.
Prints processor seconds as JSON. `python -m bench permissions --server` runs it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from syftbox.lib.permissions import SyftPermission
from syftbox.server.db.db import get_read_permissions_for_user, save_file_metadata, set_rules_for_permfile
from syftbox.server.db.schema import get_db
from syftbox.server.models.sync_models import FileMetadata

OWNER, APP = "aggregator@example.org", "app_data/netflix_trend"
PATTERNS = ("*.json", "statistics/*.json")


def main(arguments: Sequence[str]) -> None:
    """Measure one of both."""
    kind, *numbers = arguments
    with tempfile.TemporaryDirectory(prefix="netflix-trend-rules-") as root:
        database = get_db(Path(root) / "file.db")
        found = rules(database, *map(int, numbers)) if kind == "rules" else looks(database, *map(int, numbers))
        database.close()
    print(json.dumps(found))


def person(number: int) -> str:
    """Return an invented address."""
    return f"person{number:07}@example.org"


def rules(database: sqlite3.Connection, people: int, files: int) -> dict[str, float]:
    """Return what it takes to read and store a permission file, and one person's look then."""
    shared = Path(OWNER, APP, "shared")
    names = ["vocabulary.json", "survey.json", "trends.json", *(f"statistics/{number}.json" for number in range(files))]
    for name in names[:files]:
        moment = datetime.now(UTC)
        metadata = {"path": shared / name, "hash": "0", "signature": "0", "file_size": 1, "last_modified": moment}
        save_file_metadata(database, FileMetadata(**metadata))
    lines = [
        f"- {{path: {json.dumps(pattern)}, user: {json.dumps(person(number))}, permissions: [read]}}\n"
        for pattern in PATTERNS
        for number in range(people)
    ]
    data = "".join(lines).encode()

    def store() -> None:
        set_rules_for_permfile(database, SyftPermission.from_bytes(data, shared / "syftperm.yaml"))
        database.commit()

    return {
        "megabytes": len(data) / 1e6,
        "seconds": processor_time(store),
        "look": processor_time(lambda: get_read_permissions_for_user(database, person(0))),
        "mebibytes": peak_mebibytes(),
    }


def looks(database: sqlite3.Connection, people: int) -> dict[str, float]:
    """Return what it takes to find which files one of the people may read."""
    files: list[tuple[object, ...]] = []
    allowed: list[tuple[object, ...]] = []
    links: list[tuple[object, ...]] = []

    def add(owner: str, path: str) -> int:
        files.append((len(files) + 1, owner, f"{owner}/{path}", "0" * 64, "0" * 60, 100, "2026-11-30T00:00:00"))
        return len(files)

    def allow(folder: str, priority: int, pattern: str, reader: str, fitting: Sequence[int]) -> None:
        file = f"{folder}/syftperm.yaml"
        depth = file.count("/") + 1
        allowed.append((file, folder, depth, priority, pattern, reader, True, False, False, False, False))
        links.extend((file, priority, one, None) for one in fitting)

    for me in map(person, range(people)):
        own = [add(me, f"{APP}/{name}") for name in ("manifest.json", "releases/2026-W46.json")]
        others = [add(me, f"{folder}syftperm.yaml") for folder in ("", "public/", f"{APP}/")]
        allow(me, 0, "**", me, [*own, *others, add(me, f"{APP}/syft.pub.yaml")])
        allow(f"{me}/public", 0, "syftperm.yaml", "*", others[1:2])
        for priority, (name, one) in enumerate(zip(("manifest.json", "releases/2026-W46.json"), own, strict=True)):
            allow(f"{me}/{APP}", priority, name, OWNER, [one])
    shared = [add(OWNER, f"{APP}/shared/{number}.json") for number in range(13)]
    allow(f"{OWNER}/{APP}/shared", 0, "*.json", "*", shared)
    for table, rows in (("file_metadata", files), ("rules", allowed), ("rule_files", links)):
        database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    database.commit()

    def look() -> None:
        found = get_read_permissions_for_user(database, person(0))
        assert sum(row["read_permission"] for row in found) == people - 1 + 6 + len(shared)

    return {"files": len(files), "seconds": min(processor_time(look) for _ in range(2))}


def peak_mebibytes() -> int:
    """Return the largest resident memory of this process; `getrusage` would begin with that of its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def processor_time(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that something takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    main(sys.argv[1:])
