"""SyftBox in Go with subscriptions: nothing of another datasite arrives that no rule of one's own allows."""

from __future__ import annotations

from pathlib import Path

from netflix_trend.syftbox.generations.go import Go

# In the client's folder `.data`.
SUBSCRIPTIONS_FILE = "syft.sub.yaml"


class GoWithSubscriptions(Go):
    """The Go generation of 2026, whose client blocks every datasite by default."""

    key = "go_subscriptions"
    name = "SyftBox (Go, with subscriptions)"

    def is_at(self, datasites: Path) -> bool:
        """Return whether the client has rules about subscriptions."""
        return (datasites.parent / ".data" / SUBSCRIPTIONS_FILE).is_file()
