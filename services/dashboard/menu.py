"""Which entry of the menu a page belongs to."""

from __future__ import annotations

from collections.abc import Iterable


def menu_entry(entries: Iterable[str], path: str) -> str | None:
    """Return the longest entry that a page lies at or below, such as `/others` of `/others/year/2026`.

    Everything lies below Start (`/`), which is therefore only its own; None if there is no entry.
    """
    found = [entry for entry in entries if path == entry or (entry != "/" and path.startswith(f"{entry}/"))]
    return max(found, key=len, default=None)
