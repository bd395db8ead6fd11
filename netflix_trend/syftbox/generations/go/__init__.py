"""SyftBox 0.8 in Go: a server, a client that scans every five seconds, `syft.pub.yaml`."""

from __future__ import annotations

from pathlib import Path

from netflix_trend.storage.files import restore_file
from netflix_trend.syftbox.generations.base import Generation
from netflix_trend.syftbox.permissions import GO_FILE

_OWN_RULES = b"terminal: false\nrules:\n- pattern: '**'\n  access: {admin: [], write: [], read: []}\n"


class Go(Generation):
    """The Go generation."""

    key = "go"
    name = "SyftBox 0.8 (Go)"
    least_disk = 5_000_000_000

    def is_at(self, datasites: Path) -> bool:
        """Return whether the client's folder of its own lies beside the datasites."""
        return (datasites.parent / ".data").is_dir()

    def set_up(self, datasites: Path, email: str) -> None:
        """Write the rules of a new datasite: nobody but the owner, whom no rule names, reads anything."""
        restore_file(datasites / email / GO_FILE, _OWN_RULES, durable=False)
