"""Two operators and some participants in one folder of datasites, or in one folder each that is synced by hand."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.layout import round_path
from netflix_trend.operators.blocks import Block
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.helper import Helper, HelperLimits
from netflix_trend.operators.identity import Identity, signed_body
from netflix_trend.operators.jobs import decode_collected
from netflix_trend.operators.leader import Leader
from netflix_trend.operators.manifest import Manifest, Plan, Round, from_bytes
from netflix_trend.operators.reporter import Reporter, ReporterLimits
from netflix_trend.operators.result import Abort, Closing, Result, Sums, check
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import REPORT, OwnFiles, Peer
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.syftbox.datasite import Datasite

LEADER, HELPER = "leader@example.org", "helper@example.net"
ROUND = "2026-W46"
DAY = 86_400
EARLY, LATE = 1_000_000, 2_000_000
SLACK = 3_600
# Opaque to the operators.
SURVEY_BYTES = b'{"questions":[]}'
ENDS = LATE + 10 * DAY
BEFORE, AT_EARLY, AT_LATE = EARLY - DAY, EARLY + SLACK, LATE + SLACK

BLOCKS = (
    Block.ask("shows", "multihot", 6, 2, 3, Fraction(5)),
    Block.ask("titles", "histogram", 4, 1, 2, Fraction(7)),
    Block.ask("sum", "sumvec", 1, 7, 3, Fraction(9)),
)
# Three people's answers, and their exact sums.
ANSWERS = {
    "ada@example.org": ([1, 0, 0, 1, 0, 0], 1, [5]),
    "bob@example.org": ([1, 0, 0, 0, 0, 0], 3, [7]),
    "cyd@example.org": ([0, 0, 0, 1, 0, 1], 1, [0]),
}
EXACT = {"shows": (2, 0, 0, 2, 0, 1), "titles": (0, 2, 0, 1), "sum": (12,)}


def no_noise(_sigma2: Fraction, count: int) -> list[int]:
    return [0] * count


def plan(**changes: Any) -> Plan:
    settings: dict[str, Any] = {
        "round": ROUND,
        "first_day": "2026-11-09",
        "last_day": "2026-11-15",
        "survey": hashlib.sha256(SURVEY_BYTES).hexdigest(),
        "vocabulary": "6" * 64,
        "early": EARLY,
        "late": LATE,
        "ends": ENDS,
        "slack": SLACK,
        "smallest_batch": 2,
        "blocks": BLOCKS,
    }
    return Plan(**{**settings, **changes})


@cache
def identity(seed: int) -> Identity:
    return Identity(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


@dataclass
class Network:
    """Everybody shares one folder of datasites unless `separate` gives each operator one of its own."""

    folder: Path
    operators: int = 2
    separate: bool = False
    noise: Any = no_noise
    limit: Fraction = Fraction(100)
    helper_limits: HelperLimits = field(default_factory=lambda: HelperLimits(Fraction(10), 2))
    reporter_limits: ReporterLimits = field(default_factory=lambda: ReporterLimits(Fraction(10), 2))
    invited: Any = None
    executor: Executor = field(default_factory=ThisProcess)
    answers: dict[str, Any] = field(default_factory=lambda: dict(ANSWERS))

    def __post_init__(self) -> None:
        self.stores: list[Store] = []
        self.start()

    def start(self) -> None:
        """Start every party anew from what is on disk."""
        for store in self.stores:
            store.close()
        self.stores = []
        self.leader = self._leader()
        self.helper = self._helper() if self.operators == 2 else None
        self.people = {email: self._reporter(email) for email in self.answers}

    def view(self, email: str) -> Path:
        """The folder of datasites as one party has it."""
        name = email.split("@", maxsplit=1)[0] if self.separate and email in (LEADER, HELPER) else "datasites"
        (self.folder / name / email).mkdir(parents=True, exist_ok=True)
        return self.folder / name

    def database(self, email: str) -> Path:
        return self.folder / "private" / email / "state.sqlite"

    def _open(self, email: str) -> Store:
        store = Store(self.database(email), durable=False)
        self.stores.append(store)
        return store

    def _files(self, email: str) -> OwnFiles:
        return OwnFiles(Datasite(self.view(email), email), durable=False)

    def peer(self, email: str, viewer: str) -> Peer:
        seed = 1 if email == LEADER else 2
        return Peer(Datasite(self.view(viewer), email), identity(seed).fingerprint)

    def _leader(self) -> Leader:
        other = self.peer(HELPER, LEADER) if self.operators == 2 else None
        store = self._open(LEADER)
        return Leader(
            identity(1),
            self._files(LEADER),
            store,
            Budget(store, self.limit),
            other=other,
            invited=self.invited,
            noise=self.noise,
            executor=self.executor,
        )

    def _helper(self) -> Helper:
        store = self._open(HELPER)
        return Helper(
            identity(2),
            self._files(HELPER),
            store,
            Budget(store, self.limit),
            leader=self.peer(LEADER, HELPER),
            limits=self.helper_limits,
            invited=self.invited,
            noise=self.noise,
            executor=self.executor,
        )

    def _reporter(self, email: str) -> Reporter:
        store = self._open(email)
        return Reporter(
            self._files(email),
            store,
            Budget(store, self.limit),
            self.peer(LEADER, email),
            self.peer(HELPER, email) if self.operators == 2 else None,
            self.reporter_limits,
            lambda _: self.answers[email],
        )

    def run(self, now: int, times: int = 3) -> None:
        """Run everybody several times, the leader first."""
        self.operate(now, times)
        for reporter in self.people.values():
            reporter.run(now)

    def operate(self, now: int, times: int = 3) -> None:
        """Run the operators several times; participants are offline."""
        for _ in range(times):
            self.leader.run(now)
            if self.helper:
                self.helper.run(now)

    def agree(self, **changes: Any) -> Round:
        """Open a round, until both operators have signed it."""
        asked = plan(**changes)
        self.leader.open_round(asked, SURVEY_BYTES)
        for _ in range(2):
            if self.helper:
                self.helper.run(BEFORE)
            self.leader.run(BEFORE)
        return self.round(asked.round)

    def whole_round(self, **changes: Any) -> Round:
        """From the opening to the close, everybody in the early batch."""
        asked = self.agree(**changes)
        self.run(BEFORE, 1)
        self.run(AT_EARLY)
        self.run(AT_LATE)
        return asked

    def path(self, email: str, file: str, name: str = ROUND, viewer: str = "") -> Path:
        return self.view(viewer or email) / email / round_path(name, file)

    def body(self, email: str, file: str, name: str = ROUND) -> bytes | None:
        """Return what an operator signed, None when it is not there."""
        path, seed = self.path(email, file, name), 1 if email == LEADER else 2
        return (
            signed_body(identity(seed).fingerprint, round_path(name, file), path.read_bytes())
            if path.exists()
            else None
        )

    def round(self, name: str = ROUND) -> Round:
        data = self.body(LEADER, "manifest.json", name)
        assert data is not None
        return Round(from_bytes(Manifest, data))

    def sums(self, batch: Any = "early", name: str = ROUND) -> dict[str, Sums] | None:
        """Return the released sums after checking them as anybody can, None when there are none."""
        if self.body(LEADER, "manifest.json", name) is None:
            return None
        asked = self.round(name)
        data, share = self.body(LEADER, f"result-{batch}.json", name), self.body(HELPER, f"agg-share-{batch}.bin", name)
        if data is None:
            return None
        theirs = decode_collected(asked, share, with_shares=True) if share is not None else None
        return dict(check(asked, batch, from_bytes(Result, data), theirs))

    def exact(self, batch: Any = "early", name: str = ROUND) -> dict[str, tuple[int, ...]] | None:
        found = self.sums(batch, name)
        return {block: sums.sums for block, sums in found.items()} if found else None

    def aborted(self, email: str, name: str = ROUND) -> str | None:
        data = self.body(email, "abort.json", name)
        return from_bytes(Abort, data).reason if data is not None else None

    def closing(self, email: str = LEADER, name: str = ROUND) -> Closing | None:
        data = self.body(email, "close.json", name)
        return from_bytes(Closing, data) if data is not None else None

    def spoil(self, email: str, block: int | None = None) -> bytes:
        """Change a bit of a participant's report and return it: of the public share of a block; if none is given, of
        the last share, which is sealed.
        """
        path = self.path(email, REPORT)
        data = bytearray(path.read_bytes())
        # Where the public share lies behind the identifier of its task: netflix_trend/operators/report.py.
        at = -1 if block is None else data.index(self.round().tasks[block].task_id) + 36 + 62 + 4 + 5
        data[at] ^= 1
        path.write_bytes(bytes(data))
        return bytes(data)

    def sync(self) -> None:
        """Copy files between the folders of separate operators and of the participants; each datasite is copied from
        its owner, whatever is newer.
        """
        views = {self.view(email) for email in (LEADER, HELPER, *self.answers)}
        for email in (LEADER, HELPER, *self.answers):
            for other in views - {self.view(email)}:
                shutil.rmtree(other / email, ignore_errors=True)
                shutil.copytree(self.view(email) / email, other / email)

    def files(self) -> dict[str, bytes]:
        """Return all files of the protocol by path, without permission files and what a crash left behind."""
        root = f"{self.folder}/datasites/"
        found = (
            f"{place}/{name}"
            for place, _, names in os.walk(root)
            for name in names
            if not name.startswith((".", "syft"))
        )
        return {path.removeprefix(root).removeprefix("/"): Path(path).read_bytes() for path in sorted(found)}


def resigned(seed: int, name: str, file: str, value: Any) -> bytes:
    """Sign something as an operator who violates the protocol."""
    body = value if isinstance(value, bytes) else canonical_json(value)
    return identity(seed).sign(round_path(name, file), body)
