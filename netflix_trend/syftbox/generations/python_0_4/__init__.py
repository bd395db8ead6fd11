"""SyftBox 0.4 from the Python package index: a server, a client that polls it every second, `syftperm.yaml`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from netflix_trend.storage.files import read_own
from netflix_trend.syftbox.generations.base import Generation

# Beside the datasites: what the client and the server last agreed on. A container does not see it.
_AGREED = Path("plugins") / "local_syncstate.json"
_LARGEST_STATE = 50_000_000


class Python04(Generation):
    """The Python generation."""

    key = "python"
    name = "SyftBox 0.4 (Python)"

    def is_at(self, datasites: Path) -> bool:
        """Return whether the client's own files lie beside the datasites."""
        return any((datasites.parent / name).is_file() for name in (".metadata.json", "syftbox.pid"))

    def unconfirmed(self, datasites: Path, email: str, names: Iterable[str]) -> set[str] | None:
        """Return the removed files that the server has not yet removed.

        The client takes a file off its list when the server has answered.
        """
        path = datasites.parent / _AGREED
        if not path.is_file():
            return None
        try:
            agreed = json.loads(read_own(path, _LARGEST_STATE) or b"null")["states"]
            return {name for name in names if f"{email}/{name}" in agreed}
        except (ValueError, TypeError, KeyError):  # it is just being written
            return set(names)
