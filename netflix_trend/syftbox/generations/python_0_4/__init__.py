"""SyftBox 0.4 from the Python package index: a server, a client that polls it every second, `syftperm.yaml`."""

from __future__ import annotations

from pathlib import Path

from netflix_trend.syftbox.generations.base import Generation


class Python04(Generation):
    """The Python generation."""

    key = "python"
    name = "SyftBox 0.4 (Python)"

    def is_at(self, datasites: Path) -> bool:
        """Return whether the client's own files lie beside the datasites."""
        return any((datasites.parent / name).is_file() for name in (".metadata.json", "syftbox.pid"))
