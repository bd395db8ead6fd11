"""A folder of PySyft v2 and its peers' copies, without PySyft: what a sync does there with files and rules.

tests/e2e/pysyft_network.py has the real one; this one can stop in the middle of a sync.
"""

from __future__ import annotations

import fcntl
import fnmatch
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import yaml

from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import GO_FILE

Files = dict[str, bytes]


@dataclass
class PySyftFolder:
    """`~/SyftBox_<email>` of somebody. copies: what each peer has of its files, by path in the datasite."""

    root: Path
    email: str
    peers: tuple[str, ...]
    copies: dict[str, Files] = field(default_factory=dict)
    _lock: BinaryIO | None = None
    _seen: Files = field(default_factory=dict)
    _before: Files = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.root / self.email).mkdir(parents=True)
        (self.root / ".cache").mkdir()
        (self.root / "SYFT_version.json").write_text("{}")
        (self.root / ".sync.lock").touch()
        self.copies = {peer: {} for peer in self.peers}

    @property
    def site(self) -> Datasite:
        return Datasite(self.root, self.email)

    def sync(self) -> None:
        """Sync once."""
        self.begin()
        self.record()
        self.finish()

    def begin(self) -> None:
        """Take the lock and read the files."""
        self._lock = (self.root / ".sync.lock").open("rb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._seen = self._files()

    def record(self) -> None:
        """Write down which files there are, before anybody is told."""
        known = self.root / ".cache" / "owner_file_hashes.json"
        self._before = self._known
        known.write_text(json.dumps(dict.fromkeys(self._seen, "hash")))
        self._known = self._seen

    _known: Files = field(default_factory=dict)

    def finish(self) -> None:
        """Ask the rules that are there now who is told about what has changed, and give the lock back."""
        for name in self._before.keys() - self._seen.keys():
            for reader in self.readers(name):
                self.copies[reader].pop(name, None)
        for name, data in self._seen.items():
            if self._before.get(name) != data:
                for reader in self.readers(name):
                    self.copies[reader][name] = data
        assert self._lock is not None
        if any(self._before.get(name) != self._seen.get(name) for name in self._rule_files()):
            self._send_again()
        self._lock.close()

    def readers(self, name: str) -> list[str]:
        """Return the peers that may read a file: the nearest rules count, but none below terminal ones; in them the
        most exact pattern.
        """
        path, nearest, rules = PurePosixPath(name), PurePosixPath(), []
        for folder in reversed(path.parents):
            with suppress(FileNotFoundError):
                content = yaml.safe_load((self.root / self.email / folder / GO_FILE).read_bytes())
                nearest, rules = folder, content["rules"]
                if content["terminal"]:
                    break
        inner = path.relative_to(nearest).as_posix()
        fitting = [rule for rule in rules if fnmatch.fnmatchcase(inner, rule["pattern"].replace("**", "*"))]
        best = max(fitting, key=lambda rule: rule["pattern"] == inner, default=None)
        return [peer for peer in self.peers if best and {peer, "*"} & set(best["access"]["read"])]

    def _send_again(self) -> None:
        """Changed rules: who may read a file now and does not have it gets what lies there."""
        for name, data in self._files().items():
            for reader in self.readers(name):
                self.copies[reader].setdefault(name, data)

    def _rule_files(self) -> set[str]:
        return {name for name in (*self._before, *self._seen) if name.endswith(GO_FILE)}

    def _files(self) -> Files:
        top = self.root / self.email
        return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}
