"""A model of SyftBox in Go, in folders of a test: its server cannot be run here (docs/method/syftbox.md).

A client notices a change by size and modification time in whole seconds, the server judges by go_rules, and a client
with subscriptions takes only what its own rules allow. Like every client it mirrors: what is gone, or may not be
read any more, disappears from readers' folders.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.netflix_trend.syftbox.go_rules import GO_FILE, GoRules, fits, ruleset

SUBSCRIPTIONS = "syft.sub.yaml"
_IGNORED_ENDINGS = (".tmp", ".log", "~")
_IGNORED_FOLDERS = {"logs", "dist", "venv", "__pycache__"}
# Size in bytes and modification time in seconds.
_State = tuple[int, int]


@dataclass
class GoNetwork:
    """A server and a client for each address. `datasites(me)` is what `me` sees, `snapshot` what the server holds."""

    root: Path
    emails: list[str]
    subscriptions: bool = False
    _uploaded: dict[str, dict[str, _State]] = field(default_factory=dict)

    def datasites(self, email: str) -> Path:
        return self.root / email / "SyftBox" / "datasites"

    @property
    def snapshot(self) -> Path:
        return self.root / "server"

    def __enter__(self) -> GoNetwork:
        self.snapshot.mkdir(parents=True)
        for email in self.emails:
            own = self.datasites(email) / email
            metadata = self.datasites(email).parent / ".data"
            metadata.mkdir(parents=True)
            if self.subscriptions:
                (metadata / SUBSCRIPTIONS).write_text("version: 1\ndefaults:\n    action: block\nrules: []\n")
            for folder, readers in ((own, []), (own / "public", ["*"])):
                folder.mkdir(parents=True)
                (folder / GO_FILE).write_text(yaml.safe_dump(ruleset(("**", {"read": readers}))))
        self.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def sync(self, *emails: str) -> None:
        """Let these clients scan their folders once, everybody if none is named: first they send, then they take."""
        for email in emails or self.emails:
            self._send(email)
        for email in emails or self.emails:
            self._take(email)

    def settle(self) -> None:
        """Sync everybody until everything has arrived."""
        self.sync()

    def wipe(self) -> None:
        """Empty the server. Clients then remove their own files too, as those of 0.4.0 do."""
        shutil.rmtree(self.snapshot)
        self.snapshot.mkdir()
        self._uploaded.clear()
        for email in self.emails:
            # Moved away at once: an app may be writing, and would fill a folder that is being removed.
            gone = Path(tempfile.mkdtemp(prefix="wiped-", dir=self.root))
            for datasite in list(self.datasites(email).iterdir()):
                datasite.rename(gone / datasite.name)
            (self.datasites(email) / email).mkdir(exist_ok=True)
            shutil.rmtree(gone, ignore_errors=True)

    def _send(self, email: str) -> None:
        own, server = self.datasites(email) / email, self.snapshot / email
        known = self._uploaded.setdefault(email, {})
        found = {name: _state(own / name) for name in _syncable(own)}
        for name in known.keys() - found.keys():
            (server / name).unlink()
        for name in [name for name, state in found.items() if known.get(name) != state]:
            (server / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(own / name, server / name)
        self._uploaded[email] = found

    def _take(self, email: str) -> None:
        for owner in [owner for owner in self.emails if owner != email]:
            server, mine = self.snapshot / owner, self.datasites(email) / owner
            rules = GoRules.of(server)
            names = _syncable(server) if server.is_dir() else []
            wanted = {name for name in names if rules.allows(name, email) and self._is_subscribed(email, owner, name)}
            for name in set(_syncable(mine)) - wanted:
                (mine / name).unlink()
            for name in wanted:
                (mine / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(server / name, mine / name)

    def _is_subscribed(self, email: str, owner: str, name: str) -> bool:
        if not self.subscriptions:
            return True
        config = yaml.safe_load((self.datasites(email).parent / ".data" / SUBSCRIPTIONS).read_text())
        action = config["defaults"]["action"]
        for rule in config["rules"] or ():
            if _concerns(rule, owner, name):
                action = rule["action"]
        return bool(action == "allow")


def _concerns(rule: dict[str, Any], owner: str, name: str) -> bool:
    """Whether a rule is about a file; the last one that is decides."""
    path = rule["path"].split("/")
    if "datasite" not in rule:
        return fits([owner, *name.split("/")], path)
    return fits([owner], [rule["datasite"]]) and fits(name.split("/"), path)


def _state(path: Path) -> _State:
    status = path.stat()
    return status.st_size, int(status.st_mtime)


def _syncable(datasite: Path) -> Sequence[str]:
    """Return the names of what a client sends: no links, no empty files, nothing hidden or ignored."""
    if not datasite.is_dir():
        return []
    found = [path for path in datasite.rglob("*") if path.is_file() and not path.is_symlink() and path.stat().st_size]
    names = [path.relative_to(datasite) for path in found]
    return [
        name.as_posix()
        for name in names
        if not any(part.startswith(".") for part in name.parts)
        and not _IGNORED_FOLDERS & set(name.parts)
        and not name.name.endswith(_IGNORED_ENDINGS)
    ]
