"""Where things lie: every file and folder of the volumes and of a datasite, by role.

Volumes are private to one service or to a few; everything below a datasite is uploaded by SyftBox.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# In a profile's folder.
DATABASE = "viewing.duckdb"
BUILT_FROM = "built_from.json"
# In a demo's folder: settings of its participant besides the folders.
DEMO_SETTINGS = "settings.json"


def release_path(round_name: str) -> str:
    """Return where the release of a round lies below the app's folder of a datasite."""
    return f"releases/{round_name}.json"


@dataclass(frozen=True)
class PrivateVolume:
    """The private volume: exports and what is derived from them, notes and choices."""

    root: Path

    @property
    def raw(self) -> Path:
        """Exports as received, each with a description beside it."""
        return self.root / "raw"

    @property
    def profiles(self) -> Path:
        """One folder a profile."""
        return self.root / "profiles"

    def profile(self, name: str) -> Path:
        """Folder of a profile: tables, encodings, and what they were built from."""
        return self.profiles / name

    def profile_folders(self) -> list[Path]:
        """Folders of all profiles that are there, in the order of their names."""
        return sorted(self.profiles.glob("*/"))

    def databases(self) -> list[Path]:
        """Tables of all profiles that have any, in the order of their names."""
        return sorted(self.profiles.glob(f"*/{DATABASE}"))

    def export(self, sha256: str) -> Path:
        """Bytes of an export."""
        return self.raw / f"{sha256}.csv"

    def description(self, sha256: str) -> Path:
        """What is known of an export."""
        return self.raw / f"{sha256}.json"

    @property
    def choices(self) -> Path:
        """What the person decided."""
        return self.root / "choices.json"

    @property
    def life_events(self) -> Path:
        """Notes of life events."""
        return self.root / "life_events.json"

    @property
    def dismissed(self) -> Path:
        """Marks of unusable files that the person has seen."""
        return self.root / "dismissed.json"


@dataclass(frozen=True)
class PublisherVolume:
    """The publisher's own volume: what was published, and what its last run did."""

    root: Path

    @property
    def ledger(self) -> Path:
        """Every release and what it cost."""
        return self.root / "ledger.jsonl"

    @property
    def sealed(self) -> Path:
        """Sealed reports for operators, what they cost, and which rounds were withdrawn from."""
        return self.root / "operators.sqlite"

    @property
    def status(self) -> Path:
        """What the last run did."""
        return self.root / "outlook.json"

    @property
    def receipts(self) -> Path:
        """A file for each withdrawal."""
        return self.root / "receipts"

    @property
    def lock(self) -> Path:
        """Held during a run."""
        return self.root / ".look.lock"


@dataclass(frozen=True)
class OperatorVolume:
    """What an operator of sums keeps on its own volume: the aggregator's or the helper's."""

    root: Path

    @property
    def identity(self) -> Path:
        """The signing key. Whoever has it is this operator; without it all rounds and settings begin anew."""
        return self.root / "identity.key"

    @property
    def database(self) -> Path:
        """Rounds, what they cost, and shares of sums until they are published."""
        return self.root / "operators.sqlite"

    @property
    def surveys(self) -> Path:
        """A file for each week that was asked about."""
        return self.root / "sum_surveys"

    @property
    def state(self) -> Path:
        """What the last run found, for pages."""
        return self.root / "operators.json"
