"""Folders of rounds in a datasite: their names and those of the files that a participant waits for.

Needs neither pydantic nor cryptography, because an app that waits for such files has to stay small.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from netflix_trend.layout import round_path
from netflix_trend.storage.files import UnsafeFile, open_untrusted_folder

ROUND_PATTERN = r"^[0-9]{4}-[A-Z][0-9]{1,2}$"
MAX_ROUND_FOLDERS = 600
MANIFEST, ACCEPT, ABORT = "manifest.json", "accept.json", "abort.json"
# The survey as JSON. Not signed: the manifest names its SHA-256.
SURVEY = "survey.json"
_ROUND = re.compile(ROUND_PATTERN)


def rounds_in(datasites: Path, email: str) -> list[str]:
    """Return the newest MAX_ROUND_FOLDERS rounds in a datasite, sorted; none when there is no plain folder."""
    try:
        folder = open_untrusted_folder(datasites, f"{email}/{round_path('', '')}".rstrip("/"))
    except (FileNotFoundError, UnsafeFile):
        return []
    try:
        with os.scandir(folder) as entries:
            found = sorted(entry.name for entry in entries if _ROUND.fullmatch(entry.name))
    finally:
        os.close(folder)
    return found[-MAX_ROUND_FOLDERS:]
