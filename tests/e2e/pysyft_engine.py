"""PySyft v2's synchronization code over its mock drive, steered by JSON lines: a child process of tests/e2e/
pysyft_network.py, in an environment of its own (.venv-pysyft).

    python pysyft_engine.py ROOT

A line in is `{"do": NAME, ...}`, a line out `{"result": ...}` or `{"error": TEXT}`. What PySyft prints goes to stderr.
"""

from __future__ import annotations

import json
import sys
import tarfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from syft.sync.connections.drive.gdrive_transport import GDriveConnection
from syft.sync.connections.drive.mock_drive_service import MockDriveBackingStore, MockDriveService
from syft.sync.login import _init_client_login
from syft.sync.syftbox_manager import SyftboxManager, SyftboxManagerConfig
from syft.sync.utils.syftbox_utils import uncompress_data


class Engine:
    """The clients of some people, and the drive that they share."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.drive = MockDriveBackingStore()
        self.clients: dict[str, SyftboxManager] = {}

    def login(self, email: str, roles: Sequence[str]) -> None:
        """Start a person's client on its folders, as PySyft's own login does: version file, first sync, peers."""
        config = SyftboxManagerConfig._base_config_for_testing(
            email=email,
            syftbox_folder=self.root / f"SyftBox_{email}",
            write_files=True,
            has_do_role="owner" in roles,
            has_ds_role="reader" in roles,
            use_in_memory_cache=False,
            check_versions=True,
        )
        client = SyftboxManager.from_config(config)
        client._add_connection(GDriveConnection.from_service(email, MockDriveService(self.drive, email)))
        self.clients[email] = _init_client_login(client, sync=True, load_peers=True)

    def stop(self, email: str) -> None:
        """End a client; its folders stay."""
        self.clients.pop(email).peer_manager.shutdown()

    def accept(self, email: str, other: str) -> None:
        """Make two people peers: one asks, the other approves."""
        asking, asked = self.clients[email], self.clients[other]
        asking.add_peer(other, verbose=False, sync=False)
        asked.load_peers()
        asked.approve_peer_request(email, verbose=False)
        asking.load_peers()

    def sync(self, email: str) -> bool:
        """Sync once. Returns whether anything was sent or received."""
        before = self.state(email)
        self.clients[email].sync()
        return self.state(email) != before

    def state(self, email: str) -> tuple[Any, ...]:
        """What lies on the drive, and up to when this client has read its peers' messages."""
        watcher = self.clients[email].datasite_watcher_syncer
        read = dict(watcher.datasite_watcher_cache.last_event_timestamp_per_peer) if watcher else {}
        return {key: file.modifiedTime for key, file in self.drive.files.items()}, read

    def find(self, text: str) -> list[str]:
        """Return the names of files on the drive that contain a text, in upper or lower case."""
        found = []
        for file in self.drive.files.values():
            try:
                content = uncompress_data(file.content)
            except tarfile.TarError:  # not a message
                content = file.content
            if text.lower().encode() in content.lower():
                found.append(file.name)
        return found


def main() -> None:
    engine = Engine(Path(sys.argv[1]))
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"result": getattr(engine, command.pop("do"))(**command)}
        except Exception:  # the test that asked fails with it
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
