"""Invented exports for tests, as bytes."""

from __future__ import annotations

HISTORY_HEADER = "Title,Date"
ACTIVITY_HEADER = "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type"


def history(*rows: tuple[str, object]) -> bytes:
    """Return a NetflixViewingHistory.csv; a row is (title, date)."""
    return "\n".join([HISTORY_HEADER, *(f'"{title}","{day}"' for title, day in rows), ""]).encode()


def activity(*rows: tuple[str, ...]) -> bytes:
    """Return a ViewingActivity.csv; a row is (profile, start, duration, title[, supplemental type[, attributes]])."""
    lines = []
    for profile, start, duration, title, *rest in rows:
        supplemental, attributes = (*rest, *["", ""][len(rest) :])
        cells = (profile, start, duration, attributes, title, supplemental, "TV")
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return "\n".join([ACTIVITY_HEADER, *lines, ""]).encode()
