"""Paths: every file and folder of the volumes and of a datasite, by role.

Volumes belong to one service or to a few. SyftBox uploads everything in a datasite.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netflix_trend.names import APP_NAME, is_trial

# In a profile's folder.
DATABASE = "viewing.duckdb"
BUILT_FROM = "built_from.json"
KEPT_ROWS = "rows.bin"
# In a demo's folder: settings of its participant besides the folders.
DEMO_SETTINGS = "settings.json"
# There too: written last.
DEMO = "demo.json"


# In a datasite's folder of the app: rounds that operators sum, which have their own files and rules
# (netflix_trend/operators/transport.py).
ROUNDS = "rounds"
# What an aggregator shares.
VOCABULARY = "vocabulary.json"
SURVEYS = "survey.json"


def shared_path(name: str) -> str:
    """Return the path of a shared file below the aggregator's datasite."""
    return f"app_data/{APP_NAME}/shared/{name}"


def round_path(name: str, file: str) -> str:
    """Return where a file of a round lies below a datasite; this path is what is signed."""
    return f"app_data/{APP_NAME}/{ROUNDS}/{name}/{file}"


def release_path(round_name: str) -> str:
    """Return the path of a round's release in the app's folder of a datasite."""
    return f"releases/{round_name}.json"


def records_of(publisher: Path, email: str, aggregator: str) -> Path:
    """Return the folder with the ledger in the publisher's volume; a trial has one of its own."""
    return publisher / "trial" if is_trial(email, aggregator) else publisher


def heartbeat(folder: Path, name: str) -> Path:
    """Return the file in a shared folder whose time says when a service was last at work."""
    return folder / f".{name}.heartbeat"


@dataclass(frozen=True)
class PrivateVolume:
    """The private volume: exports and what is derived from them, life events and choices."""

    root: Path

    @property
    def raw(self) -> Path:
        """Exports as received, each with its description."""
        return self.root / "raw"

    @property
    def raw_lock(self) -> Path:
        """Held while an export is stored, refused or forgotten."""
        return self.root / ".raw.lock"

    @property
    def profiles(self) -> Path:
        """A folder for each profile."""
        return self.root / "profiles"

    def profile(self, name: str) -> Path:
        """Return the folder of a profile: tables, encodings, and what they were built from."""
        return self.profiles / name

    def profile_folders(self) -> list[Path]:
        """Return the folders of all profiles, sorted by name."""
        return sorted(self.profiles.glob("*/"))

    def database(self, profile: str) -> Path:
        """Return the path of a profile's database."""
        return self.profile(profile) / DATABASE

    def databases(self) -> list[Path]:
        """Return the databases of all profiles that have one, sorted by name."""
        return sorted(self.profiles.glob(f"*/{DATABASE}"))

    def export(self, sha256: str) -> Path:
        """Return the path of an export."""
        return self.raw / f"{sha256}.csv"

    def description(self, sha256: str) -> Path:
        """Return the path of the description of an export."""
        return self.raw / f"{sha256}.json"

    @property
    def removed(self) -> Path:
        """Exports that were forgotten and can still be brought back."""
        return self.root / "removed"

    @property
    def removals(self) -> Path:
        """The list of what was forgotten, with the descriptions."""
        return self.removed / "removals.json"

    def removed_export(self, sha256: str) -> Path:
        """Return the path of an export that was forgotten."""
        return self.removed / f"{sha256}.csv"

    @property
    def exclusions(self) -> Path:
        """What the person has excluded."""
        return self.root / "exclusions.json"

    @property
    def choices(self) -> Path:
        """The person's choices."""
        return self.root / "choices.json"

    @property
    def life_events(self) -> Path:
        """Life events."""
        return self.root / "life_events.json"

    @property
    def household(self) -> Path:
        """Which Netflix profiles count for each profile."""
        return self.root / "household.json"

    @property
    def import_problem(self) -> Path:
        """Why the last import did not end, while that is so."""
        return self.root / "import_problem.json"

    @property
    def dismissed(self) -> Path:
        """Marks of unusable files that the person has dismissed."""
        return self.root / "dismissed.json"

    @property
    def not_for_me(self) -> Path:
        """Shows that the person does not want to be recommended."""
        return self.root / "not_for_me.json"


@dataclass(frozen=True)
class PublisherVolume:
    """The publisher's own volume: records of what was published, and the status of its last run."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The ledger: every release and its cost."""
        return self.root / "ledger.jsonl"

    @property
    def sealed(self) -> Path:
        """Sealed reports for operators, their cost, and withdrawals."""
        return self.root / "operators.sqlite"

    @property
    def status(self) -> Path:
        """The status of the last run; the file keeps its first name."""
        return self.root / "outlook.json"

    @property
    def last_run(self) -> Path:
        """What the last run on folders was about, for one that has nothing to do."""
        return self.root / ".last_run.json"

    @property
    def receipts(self) -> Path:
        """A receipt for each withdrawal."""
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
    def loop(self) -> Path:
        """Held by the process that looks again and again."""
        return self.root / ".loop.lock"

    @property
    def state(self) -> Path:
        """What the last run found, for pages."""
        return self.root / "operators.json"
