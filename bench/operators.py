"""`python -m bench operators`: what a report costs a participant, the leader and the helper, from answer to sums.

Processor time with sealing, SQLite and files, without waiting for the disk. 1,000 and 10,000 reports take a minute.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
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
from netflix_trend.operators.report import build
from netflix_trend.operators.reporter import Reporter, ReporterLimits
from netflix_trend.operators.result import Result, Sums, check
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import REPORT, OwnFiles, Peer, init_name, response_name
from netflix_trend.syftbox.datasite import Datasite

LEADER, HELPER, ROUND = "leader@example.org", "helper@example.net", "2026-W46"
EARLY, SLACK, LATE, ENDS = 1_000_000, 3_600, 2_000_000, 3_000_000
LIMIT = Fraction(100)
# Milliseconds of processor time for one report, and bytes of a participant's file.
TARGETS = {"participant": 6.0, "leader": 3.0, "helper": 2.5}
MAX_BYTES = 6_000

SIGMA2 = Fraction(37)
SURVEYS = {
    "bundle": (
        (Block.ask("shows", "multihot", 50, 4, 4, SIGMA2), [1, 1, 1, 1] + [0] * 46),
        (Block.ask("titles", "histogram", 16, 1, 3, SIGMA2), 5),
        (Block.ask("sum", "sumvec", 1, 30, 2, 25 * SIGMA2), [7]),
    ),
    "survey": (
        (Block.ask("shows", "multihot", 50, 4, None, SIGMA2), [1, 1, 1, 1] + [0] * 46),
        (Block.ask("titles_groups", "histogram", 7, 1, None, SIGMA2), 5),
        (Block.ask("titles_sum", "sumvec", 1, 30, None, 25 * SIGMA2), [7]),
        (Block.ask("weekday", "histogram", 8, 1, None, SIGMA2), 3),
    ),
}


@dataclass
class World:
    """Two operators over one folder of datasites. executor: where they verify reports."""

    folder: Path
    executor: Executor = field(default_factory=ThisProcess)

    def __post_init__(self) -> None:
        self.leader_key, self.helper_key = (
            Identity(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2)
        )
        (self.folder / "datasites").mkdir(exist_ok=True)

    @cached_property
    def leader(self) -> Leader:
        """The leader."""
        store = self.store(LEADER)
        budget, other = Budget(store, LIMIT), self.helper_peer
        return Leader(self.leader_key, self.files(LEADER), store, budget, other=other, executor=self.executor)

    @cached_property
    def helper(self) -> Helper:
        """The helper."""
        store, limits = self.store(HELPER), HelperLimits(LIMIT, 2)
        budget, files = Budget(store, LIMIT), self.files(HELPER)
        return Helper(
            self.helper_key, files, store, budget, leader=self.leader_peer, limits=limits, executor=self.executor
        )

    def files(self, email: str) -> OwnFiles:
        """Return a party's own files, written without waiting for the disk."""
        (self.folder / "datasites" / email).mkdir(exist_ok=True)
        return OwnFiles(Datasite(self.folder / "datasites", email), durable=False)

    def store(self, email: str) -> Store:
        """Open a party's database."""
        return Store(self.folder / f"{email}.sqlite", durable=False)

    @property
    def leader_peer(self) -> Peer:
        """The leader as others see it."""
        return Peer(Datasite(self.folder / "datasites", LEADER), self.leader_key.fingerprint)

    @property
    def helper_peer(self) -> Peer:
        """The helper as others see it."""
        return Peer(Datasite(self.folder / "datasites", HELPER), self.helper_key.fingerprint)

    def path(self, email: str, file: str) -> Path:
        """Return where a file of the round lies."""
        return self.folder / "datasites" / email / round_path(ROUND, file)

    def body(self, key: Identity, email: str, file: str) -> bytes:
        """Return what an operator signed."""
        return signed_body(key.fingerprint, round_path(ROUND, file), self.path(email, file).read_bytes())

    def agree(self, blocks: tuple[Block, ...]) -> Round:
        """Open the round."""
        self.leader.open_round(
            Plan(
                round=ROUND,
                first_day="2026-11-09",
                last_day="2026-11-15",
                survey=hashlib.sha256(b"{}").hexdigest(),
                vocabulary="0" * 64,
                early=EARLY,
                late=LATE,
                ends=ENDS,
                slack=SLACK,
                smallest_batch=2,
                blocks=blocks,
            ),
            b"{}",
        )
        for _ in range(2):
            self.helper.run(0)
            self.leader.run(0)
        return self.asked()

    def asked(self) -> Round:
        """Return the round that is open."""
        return Round(from_bytes(Manifest, self.body(self.leader_key, LEADER, "manifest.json")))

    def sums(self) -> dict[str, Sums]:
        """Return the sums of the early batch, checked as anybody can."""
        asked = self.asked()
        theirs = decode_collected(asked, self.body(self.helper_key, HELPER, "agg-share-early.bin"), with_shares=True)
        result = from_bytes(Result, self.body(self.leader_key, LEADER, "result-early.json"))
        return dict(check(asked, "early", result, theirs))


def processor(call: Callable[[], Any]) -> float:
    """Return the milliseconds of processor time that a call takes."""
    begin = time.process_time()
    call()
    return 1000 * (time.process_time() - begin)


def measure(name: str, reports: int) -> dict[str, float]:
    """Run a round with so many participants; return milliseconds and bytes of one report, by column."""
    blocks, answers = zip(*SURVEYS[name], strict=True)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        asked = world.agree(blocks)
        whole = _reporter(world, "first@example.org", answers)
        first = processor(lambda: whole.run(0))
        people = [f"person{number}@example.org" for number in range(reports - 1)]

        def everybody() -> None:
            for email in people:
                files = world.files(email)
                (world.folder / "datasites" / email / round_path(ROUND, "")).mkdir(parents=True)
                files.write(ROUND, REPORT, build(asked, email, answers))

        participant = processor(everybody) / len(people)
        leader = helper = 0.0
        for _ in range(3):
            leader += processor(lambda: world.leader.run(EARLY + SLACK))
            helper += processor(lambda: world.helper.run(EARLY + SLACK))
        sums = world.sums()
        assert {block.count for block in sums.values()} == {reports}
        assert abs(sums["shows"].sums[0] - reports) < 100
        jobs = sum(world.path(LEADER, init_name("early", part)).stat().st_size for part in _parts(world))
        answered = sum(world.path(HELPER, response_name("early", part)).stat().st_size for part in _parts(world))
        return {
            "participant": participant,
            "leader": leader / reports,
            "helper": helper / reports,
            "first": first,
            "bytes": world.path("first@example.org", REPORT).stat().st_size,
            "init": jobs / reports,
            "response": answered / reports,
        }


def _parts(world: World) -> range:
    return range(1, world.leader.store.parts(ROUND, "early") + 1)


def _reporter(world: World, email: str, answers: Any) -> Reporter:
    store = world.store(email)
    limits = ReporterLimits(LIMIT, 2)
    peers = world.leader_peer, world.helper_peer
    return Reporter(world.files(email), store, Budget(store, LIMIT), *peers, limits, lambda _: answers)


def main(arguments: list[str]) -> int:
    """Print a row for each survey and number of reports; returns 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench operators", description=__doc__)
    parser.add_argument("--reports", type=int, nargs="+", default=[1_000, 10_000], help="(%(default)s)")
    parser.add_argument("--surveys", nargs="+", default=list(SURVEYS), choices=list(SURVEYS), help="(%(default)s)")
    options = parser.parse_args(arguments)
    columns = ("participant", "leader", "helper", "first", "bytes", "init", "response")
    print("ms of processor time a report (first: a participant with a new database); bytes a report")
    print(f"{'survey':<10}{'reports':>9}" + "".join(f"{column:>13}" for column in columns))
    missed = False
    for name in options.surveys:
        for reports in options.reports:
            found = measure(name, reports)
            print(f"{name:<10}{reports:>9,}" + "".join(f"{found[column]:>13,.2f}" for column in columns), flush=True)
            missed |= any(found[party] > most for party, most in TARGETS.items()) or found["bytes"] > MAX_BYTES
    targets = ", ".join(f"{party} {most} ms" for party, most in TARGETS.items())
    print(f"targets: {targets}, {MAX_BYTES:,} bytes: {'MISSED' if missed else 'met'}")
    return int(missed)
