"""Small JSON files that others may have written, or damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netflix_trend.storage.files import read_own

_LARGEST = 65_536


def flat_json(path: Path) -> dict[str, Any]:
    """Return the object in a small JSON file; empty for anything else."""
    try:
        found = json.loads(read_own(path.resolve(), _LARGEST) or b"{}")
    except (ValueError, OSError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
