"""A whole round with many kinds of bad files, by seed, and what the operators keep and send of it."""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.operators import helper as helper_module
from netflix_trend.operators import leader as leader_module
from netflix_trend.operators import sealing
from netflix_trend.operators.report import build, file_size
from netflix_trend.operators.sealing import CannotOpen, RoundKey
from netflix_trend.operators.transport import REPORT
from netflix_trend.storage.canonical import canonical_json
from tests.mutations import flipped
from tests.netflix_trend.operators.network import (
    AT_EARLY,
    AT_LATE,
    BEFORE,
    HELPER,
    LEADER,
    ROUND,
    Network,
)

PEOPLE = 40


def spoiled(data: bytes, way: int, other: bytes, rng: random.Random) -> bytes:
    """Return a file as a client or somebody on the way may leave it; way: 0..9, most of them leave it as it is."""
    if way == 0:
        return data[:-1]
    if way == 1:
        return other
    if way == 2:
        return data + b"\0"
    if way in (3, 4, 5, 6):  # one bit anywhere, so in a head, an identifier, a public share, or a sealed share
        return flipped(data, rng.randrange(len(data)), 1 << rng.randrange(8))
    return data


class World:
    """A round whose every random number comes from a seed, but those of encapsulations, which nothing depends on."""

    def __init__(
        self, folder: Path, seed: int, operators: int, monkeypatch: pytest.MonkeyPatch, executor: Executor
    ) -> None:
        self.rng = random.Random(seed)
        keys = iter([RoundKey(self.rng.randbytes(96)) for _ in range(operators)])
        self.keys: dict[str, RoundKey] = {}

        def generate(*_: Any) -> RoundKey:
            key = next(keys)
            self.keys[HELPER if LEADER in self.keys else LEADER] = key
            return key

        monkeypatch.setattr(sealing.RoundKey, "generate", generate)
        for module in (leader_module, helper_module):
            monkeypatch.setattr(module, "secure_bytes", lambda size: bytes(range(size)))
        monkeypatch.setattr(leader_module, "PART_SIZE", 60_000)
        people = [f"{self.rng.getrandbits(40):010x}@example.org" for _ in range(PEOPLE)]
        self.people = people
        self.network = Network(folder, operators, answers={}, invited={*people[1:], LEADER}, executor=executor)
        self.seen: list[Any] = []

    def write(self, emails: list[str]) -> None:
        """Write the files of some people, some of them spoiled."""
        asked, rng = self.network.round(), self.rng
        other = build(asked, "mallory@example.org", ([1, 0, 0, 0, 0, 0], 1, [3]), rng.randbytes)
        for email in emails:
            answer = ([1, 0, 0, rng.randrange(2), 0, 0], rng.randrange(4), [rng.randrange(8)])
            data = spoiled(build(asked, email, answer, rng.randbytes), rng.randrange(14), other, rng)
            path = self.network.path(email, REPORT)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        assert file_size(asked) > 2_000
        linked = self.network.path("link@example.org", REPORT)
        linked.parent.mkdir(parents=True, exist_ok=True)
        linked.unlink(missing_ok=True)
        linked.symlink_to(self.network.path(emails[0], REPORT))

    def step(self, now: int) -> None:
        """Run everybody, and note what is kept and sent; the leader's last run comes before the helper's answer."""
        for party in (self.network.leader, self.network.helper):
            if party is None:
                continue
            party.run(now)
            sql = party.store.sql
            for query in (
                "SELECT task, hex(report_id), datasite, batch, state, code, hex(share) FROM reports "
                "ORDER BY batch, task, place, hex(report_id)",
                "SELECT batch, task, count, hex(checksum), hex(exact), hex(noisy) FROM sums ORDER BY batch, task",
                "SELECT datasite, reason FROM refusals ORDER BY datasite",
                "SELECT batch, state, parts FROM batches ORDER BY batch",
                "SELECT round, state, reason FROM rounds",
            ):
                self.seen.append(sql.execute(query).fetchall())
            email = party.files.site.email
            self.seen.append({name: self.opened(email, name) for name in party.store.outbox(ROUND)})

    def opened(self, email: str, name: str) -> str:
        """Return a file of an operator, without seal and signature; what is sealed anew each time is left out."""
        if name in ("prekey.json", "manifest.json", "accept.json", "survey.json"):
            return name
        body = self.network.body(email, name)
        assert body is not None
        if name.startswith(("agg-init", "agg-resp", "collect")):
            party = self.network.leader if email == LEADER else self.network.helper
            assert party is not None
            info = party.info(ROUND, name)
            reader = HELPER if email == LEADER else LEADER
            try:
                body = self.keys[reader].opener().open(body, info)
            except CannotOpen:
                raise AssertionError(f"{name} is not sealed to {reader}") from None
        return hashlib.sha256(body).hexdigest()


def play(
    folder: Path, seed: int, operators: int, monkeypatch: pytest.MonkeyPatch, executor: Executor | None = None
) -> str:
    """Play a round with an early and a late batch, and return the hash of everything seen.

    executor: where both operators verify reports; this process, if it is not given.
    """
    world = World(folder, seed, operators, monkeypatch, executor or ThisProcess())
    world.network.agree(smallest_batch=2 + 30 * (seed % 3 == 2))
    world.step(BEFORE)
    half = PEOPLE // 2
    world.write(world.people[:half])
    world.network.leader.run(AT_EARLY)
    if world.network.helper:  # what the leader has taken does not reach the helper, or only later
        shutil.rmtree(world.network.path(world.people[3], REPORT).parent)
        world.network.path(world.people[4], REPORT).write_bytes(b"torn")
    for _ in range(3):
        world.step(AT_EARLY)
    world.write(world.people[half - 4 :])
    for _ in range(4):
        world.step(AT_LATE)
    return hashlib.sha256(canonical_json(world.seen)).hexdigest()


HASHES = {
    (0, 1): "ac9b66b4442e24886a036d2b05cbdeaf1c60f6ac07fd48c40fe01fd9c23cc831",
    (0, 2): "9d8c0836e11cdcf2ff19f2275ab9b726456b39ed84c1446739ec20fa128cf999",
    (1, 1): "6e083830fc9d653ec63fa09c7e499efb8ae23dfb0395c330a5f15ef22ee9eeaa",
    (1, 2): "0980d1080f53ddfb6227b7ece7696c9380dd4c4f4d786ef50dbb93b58539bc73",
    (2, 1): "8c59f260dbc4dcd8c15598dedd5e337cded7a1261b340ff1d9dc0721c78783a6",
    (2, 2): "c9c963989a2f193035e8f83281a481be224fc88970baabad153f0b98e0820389",
    (3, 1): "5ba3f08fabd2bdaff1f1e7bc36f736fb5b716353ddabad74d468b3dac0eef1f2",
    (3, 2): "e9848ec2009e3611c8a6cd60e52308cd8a949339b2f9487948e8a610145945ce",
    (4, 1): "abceee1887284e0ffe6f8ccedae3ce6c08ef65f755b0f0e05ccf61b1d46e26cf",
    (4, 2): "ff62fc1a5a289d25871258a1947bc4ae06878a79d280eaef92469f7f558191f9",
    (5, 1): "7e0724ac08ebcd45bb176d393ee23749136de040f4cdc0db00ecea530160748d",
    (5, 2): "d4e04a7334cc01425ff1c9e2fbbf3f4fd252be9b80d38432288b7857edcb3d0d",
}
