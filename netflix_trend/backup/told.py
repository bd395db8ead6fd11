"""What verbs say about a backup, and how they hand a passphrase to the process that needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from netflix_trend.backup.archive import Manifest, Role
from netflix_trend.plain_text import counted

_LONGEST_PASSPHRASE = 1_000
_LEFT_OUT: Mapping[Role, str] = {
    "participant": "Not in it: tables, which are built again; the browser's sign-in and cookies; settings (.env).",
    "aggregator": "Not in it: operators.sqlite, whose keys of open rounds must be in no copy; settings (.env).",
    "helper": "Not in it: operators.sqlite, whose keys of open rounds must be in no copy; settings (.env).",
}
_AFTERWARDS: Mapping[Role, str] = {
    "participant": "Rounds that may have been answered since then are skipped, and count toward the year. If the "
    "datasite has answers that this backup does not know, they are removed from it.",
    "aggregator": "Open rounds of sums that the datasite shows are given up.",
    "helper": "Open rounds of sums that the datasite shows are given up.",
}


def read_line(descriptor: int) -> str:
    """Return the first line of a descriptor, and nothing of what follows it."""
    found = b""
    while len(found) < _LONGEST_PASSPHRASE and (one := os.read(descriptor, 1)) not in (b"", b"\n"):
        found += one
    return found.decode("utf-8", "replace")


def written_in_words(manifest: Manifest) -> str:
    """Return what is in a backup that was made, and what is not."""
    return f"{_contents(manifest)}. {_LEFT_OUT[manifest.role]}"


def restored_in_words(manifest: Manifest) -> str:
    """Return what was restored, and what follows from it."""
    return f"Restored: {_contents(manifest)}. {_AFTERWARDS[manifest.role]}"


def _contents(manifest: Manifest) -> str:
    files = counted(len(manifest.files), "file")
    size = f"{manifest.size / 1_000_000:.1f} MB"
    return f"{files} ({size}) of this {manifest.role}, as of {manifest.made_at:%Y-%m-%d %H:%M} UTC"
