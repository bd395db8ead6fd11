"""What this app has put on a machine: in Docker, and in folders. Nothing else is named here, so nothing else goes.

In Docker it is what Compose has marked with the name of one of our projects, and images of our names. A folder that the
app has made by itself is ours as a whole; of one that the person has named in .env, only entries that the app writes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netflix_trend.causes import cause
from netflix_trend.cli.alone import LOCK
from netflix_trend.cli.docker import Docker
from netflix_trend.cli.machine import FOLDERS, Machine
from netflix_trend.names import APP_NAME

Kind = Literal["container", "network", "volume", "image", "file", "folder"]
# Projects of the Compose files; that of a cluster is an aggregator's.
PROJECTS = ("netflix-trend", "netflix-trend-aggregator", "netflix-trend-helper")
# Before there was a setting for it, images of the scraper had one name.
SERVICES = (
    *("publisher", "processor", "dashboard", "aggregator", "aggregator-scale", "syftbox"),
    *("scraper", "scraper-browser", "scraper-import"),
)
# Volumes and folders that cannot be made again, with what they are.
DATA = {
    "private": "your exports, and the tables built from them",
    "publisher": "the ledger: what was answered, and what it cost",
    "aggregator": "the aggregator's key and records",
    "helper": "the helper's key and records",
}
_DATA_FOLDERS = {"PRIVATE_DIR": "private", "PUBLISHER_DIR": "publisher", "AGGREGATOR_DIR": "aggregator",
                 "HELPER_DIR": "helper"}  # fmt: skip
# Entries that the app writes into a folder that the person has named, as patterns of whole names.
_OPERATOR = (
    r"identity\.key|operators\.(sqlite(-wal|-shm)?|json)|participants\.txt|\.(loop|participants)\.lock"
    r"|\.participants\.copy"
)
_OWN: dict[str, str] = {
    "PRIVATE_DIR": r"raw|removed|profiles"
    r"|(choices|household|life_events|exclusions|dismissed|not_for_me|import_problem)\.json"
    r"|\.(raw|household|life_events|exclusions|not_for_me)\.lock",
    "PUBLISHER_DIR": r"trial|receipts|ledger\.jsonl|operators\.sqlite(-wal|-shm)?|outlook\.json"
    r"|\.last_run\.json|\.(look|ledger\.jsonl)\.lock|restored|\.(ledger\.jsonl|operators\.sqlite)\.restoring",
    "AGGREGATOR_DIR": _OPERATOR + r"|sum_surveys|surveys|statistics|vocabularies|batches|shards|pseudonyms\.key"
    r"|operator\.json|survey_plan\.json|charts\.json|added_titles\.json|chart_files\.json|operator_used_token"
    r"|\.charts\.lock",
    "HELPER_DIR": _OPERATOR,
    "SCRAPER_DIR": r"(cookies|fingerprint|latch|plan|result|rows|passwordused)\.json|run\.lock",
    "SECRETS_DIR": r"netflix_password",
    "SYFTBOX_TOKEN_DIR": r"syftbox_token",
    "OUTPUT_DIR": r"done|refused|\.scraper\.heartbeat",
}
# What a write that was cut short leaves.
_TEMPORARY = r"\..+\.[0-9a-f]{8}\.tmp"
# What may lie in every volume: damaged files, restores, older formats, and notes of services.
_VOLUME = (
    r"damaged|restore|before_restore|.+\.json\.v\d+|\.?\w+\.heartbeat|\.tidied|\.formats\.lock"
    r"|\.(refused|notices)\.json"
)
# Of these the app has made nothing but what is named above, wherever they are: the person puts files there.
_SHARED = ("SECRETS_DIR", "SYFTBOX_TOKEN_DIR", "OUTPUT_DIR")


@dataclass(frozen=True)
class Leftover:
    """Something that can be removed. is_data: it cannot be made again; about: what it is, for a person."""

    kind: Kind
    name: str
    about: str = ""
    is_data: bool = False

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.kind} {self.name}" + (f" ({self.about})" if self.about else "")


def in_docker(docker: Docker) -> list[Leftover]:
    """Return what is in Docker, in the order in which it can be removed."""
    found: list[Leftover] = []
    projects = sorted({docker.machine.setting("COMPOSE_PROJECT_NAME", name) for name in PROJECTS})
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("container", ("ps", "--all", "--format", "{{.Names}}")),
        ("network", ("network", "ls", "--format", "{{.Name}}")),
        ("volume", ("volume", "ls", "--format", "{{.Name}}")),
    )
    for kind, command in kinds:
        for project in projects:
            listed = docker.listed(*command, "--filter", f"label=com.docker.compose.project={project}")
            for name in sorted(listed):
                about = DATA.get(name.removeprefix(f"{project}_"), "") if kind == "volume" else ""
                found.append(Leftover(kind, name, about, is_data=bool(about)))
    starts = {docker.machine.setting("IMAGE"), PROJECTS[0]} - {""}
    ours = {f"{start}/{service}" for start in starts for service in SERVICES}
    for image in sorted(docker.listed("image", "ls", "--format", "{{.Repository}}:{{.Tag}}")):
        if image.rpartition(":")[0] in ours:
            found.append(Leftover("image", image))
    return found


def on_disk(machine: Machine) -> list[Leftover]:
    """Return what is in folders of this machine, without the clone itself."""
    found: list[Leftover] = []
    for name, pattern in _OWN.items():
        folder = machine.folder(name)
        about = DATA.get(_DATA_FOLDERS.get(name, ""), "") or ("files that you dropped" if name == "OUTPUT_DIR" else "")
        if not folder.is_dir():
            continue
        if _is_own(machine, name):
            found.append(Leftover("folder", str(folder), about, is_data=bool(about)))
        else:
            found += [
                Leftover("folder" if _is_folder(path) else "file", str(path), about, is_data=bool(about))
                for path in sorted(folder.iterdir())
                if re.fullmatch(rf"{pattern}|{_TEMPORARY}" + (f"|{_VOLUME}" if name not in _SHARED else ""), path.name)
            ]
    if machine.env_file.is_file():
        found.append(Leftover("file", str(machine.env_file), "your settings", is_data=True))
    for name in (LOCK, ".move.lock"):
        if (machine.home / name).is_file():
            found.append(Leftover("file", str(machine.home / name)))
    return found


def _is_own(machine: Machine, name: str) -> bool:
    """Return whether a folder was made by the app and holds nothing of anybody else's."""
    folder = machine.folder(name)
    return name not in _SHARED and folder == machine.home / FOLDERS[name] and not folder.is_symlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def published(machine: Machine) -> Path | None:
    """Return the app's folder in the person's datasite if anything is in it."""
    folder = machine.folder("DATASITES_DIR") / machine.email / "app_data" / APP_NAME
    return folder if any(_files(folder)) else None


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def remove(leftover: Leftover, docker: Docker) -> str:
    """Remove it. Returns why it could not be removed; empty if it is gone. A link is removed, never followed."""
    commands: dict[Kind, tuple[str, ...]] = {
        "container": ("container", "rm", "--force"),
        "network": ("network", "rm"),
        "volume": ("volume", "rm"),
        "image": ("image", "rm"),
    }
    if command := commands.get(leftover.kind):
        return docker.refusal(*command, leftover.name)
    path = Path(leftover.name)
    try:
        if _is_folder(path):
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as problem:
        return cause(problem)
    return ""


def remove_empty(machine: Machine) -> None:
    """Remove folders of ours that are empty by now; one with anything in it stays."""
    for name in _OWN:
        folder = machine.folder(name)
        if folder == machine.home / FOLDERS[name]:
            _rmdir(folder)
    if machine.home != machine.root or not machine.is_clone:
        _rmdir(machine.home)


def _rmdir(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
