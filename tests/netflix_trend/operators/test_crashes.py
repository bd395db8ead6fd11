"""A kill at every write and every commit of every party, and a start from what is on disk.

Whatever the position: no file of the protocol ever changes, the sums are exact, nobody answers for two sets, and noise
is drawn once. A kill takes all memory, so one of successive positions of a step with the same bytes on disk is enough:
after a write and before the next one, for example.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.operators import store as store_module
from netflix_trend.storage import files as files_module
from tests.netflix_trend.operators.network import (
    ANSWERS,
    AT_EARLY,
    AT_LATE,
    BEFORE,
    EXACT,
    HELPER,
    LEADER,
    SURVEY_BYTES,
    Network,
    plan,
)

KINDS = {
    *("before a commit", "after a commit"),
    *("before a write", "within a write", "before a rename", "after a rename"),
}
LATER = {"dan@example.org": ([0, 1, 0, 0, 0, 0], 0, [1]), "eve@example.org": ([0, 1, 1, 0, 0, 0], 0, [2])}
EXACT_LATE = {"shows": (0, 2, 1, 0, 0, 0), "titles": (2, 0, 0, 0), "sum": (3,)}


class Killed(BaseException):
    """The process is gone. Not an Exception, so that nothing handles it."""


class Kills:
    """Counts positions, and kills at one of them."""

    def __init__(self, at: int = -1) -> None:
        self.at = at
        self.count = 0
        self.by_kind: Counter[str] = Counter()
        self.at_position: Callable[[str], None] = lambda _kind: None

    def position(self, kind: str) -> None:
        self.by_kind[kind] += 1
        self.at_position(kind)
        self.count += 1
        if self.count - 1 == self.at:
            raise Killed(kind)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kills = self

        class Connection(sqlite3.Connection):
            def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
                if statement != "COMMIT":
                    return super().execute(statement, *arguments)
                kills.position("before a commit")
                done = super().execute(statement)
                kills.position("after a commit")
                return done

        def opened(path: Path, **settings: Any) -> sqlite3.Connection:
            return sqlite3.connect(path, factory=Connection, **settings)

        class Database:
            Connection = sqlite3.Connection
            connect = staticmethod(opened)

        monkeypatch.setattr(store_module, "sqlite3", Database)
        monkeypatch.setattr(files_module, "write_atomically", self._write)

    def _write(self, path: Path, data: bytes, **_settings: object) -> None:
        """A real kill leaves the temporary file behind."""
        self.position("before a write")
        temporary = path.with_name(f".{path.name}.{self.count}.tmp")
        temporary.write_bytes(data[: len(data) // 2])
        self.position("within a write")
        temporary.write_bytes(data)
        self.position("before a rename")
        temporary.replace(path)
        self.position("after a rename")


class Scenario:
    """A round of two batches, which goes on after every kill. Noise counts how often it is kept."""

    def __init__(self, folder: Path, operators: int, kills: Kills) -> None:
        self.kills = kills
        self.seen: dict[str, bytes] = {}
        self.drawn = self.steps = 0
        self.people = {**ANSWERS, **LATER}
        self.folder, self.operators = folder, operators
        self.network = self._start()

    def _start(self) -> Network:
        while True:
            try:
                answers = dict.fromkeys(self.people)
                return Network(self.folder, operators=self.operators, noise=self._noise, answers=answers)
            except Killed:
                continue

    def _noise(self, _sigma2: object, count: int) -> list[int]:
        """Noise that differs at every draw, so that a second one would change a file."""
        self.drawn += 1
        return [1_000_000 * self.drawn] * count

    def do(self, action: Callable[[Network], object]) -> None:
        """Do something until it was not killed, and look at all files after every kill."""
        self.steps += 1
        while True:
            try:
                action(self.network)
                self.look()
                return
            except Killed:
                self.look()
                for store in self.network.stores:
                    store.close()
                answers = self.network.answers
                self.network = self._start()
                self.network.answers = answers

    def look(self) -> None:
        files = self.network.files()
        for name, data in self.seen.items():
            assert files.get(name) == data, f"{name} changed"
        self.seen = files

    def whole(self) -> None:
        self.do(open_once)
        for now, answers in ((BEFORE, ANSWERS), (AT_EARLY, {}), (AT_EARLY, LATER), (AT_LATE, {})):
            for _ in range(4):
                self.do(lambda network, now=now: network.operate(now, 1))
            self.network.answers.update(answers)
            for email in self.people:
                self.do(lambda network, now=now, email=email: network.people[email].run(now))


def open_once(network: Network) -> None:
    if network.leader.store.round(plan().round) is None:
        network.leader.open_round(plan(), SURVEY_BYTES)


def check(scenario: Scenario) -> None:
    network, operators = scenario.network, scenario.operators
    # Each operator's noise is some multiple of a million, the same for all counters of one block.
    for batch, exact in (("early", EXACT), ("late", EXACT_LATE)):
        sums = network.exact(batch)
        assert sums is not None, f"no {batch} result"
        for name, values in exact.items():
            noise = {released - value for released, value in zip(sums[name], values, strict=True)}
            assert len(noise) == 1 and noise.pop() % 1_000_000 == 0
    closings = [network.closing(email) for email in (LEADER, HELPER)[:operators]]
    assert all(closing and closing.refused == {} for closing in closings)
    assert [status.status for status in closings[0].statuses.values()] == ["counted"] * 5
    assert network.aborted(LEADER) is None and (operators == 1 or network.aborted(HELPER) is None)
    for reporter in network.people.values():
        assert reporter.budget.total() == network.round().manifest.rho


def on_disk(folder: Path) -> dict[str, bytes | None]:
    """Return everything below a folder: the bytes of files, None for a folder.

    Not the index of a log (-shm), which SQLite makes anew from the log after a kill.
    """
    found: dict[str, bytes | None] = {}
    for place, folders, files in os.walk(folder):
        found |= dict.fromkeys((f"{place}/{name}" for name in folders), None)
        kept = [f"{place}/{name}" for name in files if not name.endswith("-shm")]
        found |= {name: Path(name).read_bytes() for name in kept}
    return found


@dataclass
class Counted:
    """A round without a kill. positions: where a kill leaves something else than one position earlier."""

    kills: Kills
    positions: list[int]


def count(folder: Path, operators: int) -> Counted:
    kills = Kills()
    found: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        kills.install(patch)
        scenario = Scenario(folder, operators, kills)
        before: Any = None

        def note(_kind: str) -> None:
            nonlocal before
            now = scenario.steps, on_disk(folder)
            if now != before:
                found.append(kills.count)
            before = now

        # Positions of the start of all, where there is no scenario yet.
        found += range(kills.count)
        kills.at_position = note
        scenario.whole()
        check(scenario)
        for store in scenario.network.stores:
            store.close()
    return Counted(kills, found)


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    return {operators: count(tmp_path_factory.mktemp("count"), operators) for operators in (1, 2)}


def test_there_are_enough_positions(counted):
    assert sum(len(one.positions) for one in counted.values()) >= 100
    for one in counted.values():
        assert set(one.kills.by_kind) == KINDS
        assert len(one.positions) > one.kills.count / 2


@pytest.mark.parametrize("operators", [1, 2])
@pytest.mark.parametrize("share", range(8))
def test_a_kill_at_every_position(tmp_path, monkeypatch, counted, operators, share):
    """Positions are split over eight tests, so that they can run in parallel."""
    for at in counted[operators].positions[share::8]:
        kills = Kills(at)
        with monkeypatch.context() as patch:
            kills.install(patch)
            scenario = Scenario(tmp_path / str(at), operators, kills)
            scenario.whole()
            assert kills.count > at
            check(scenario)
            for store in scenario.network.stores:
                store.close()


def test_several_kills_in_one_round(tmp_path, monkeypatch, counted):
    """A machine that is killed repeatedly: at every 61st position, which is more than a start needs."""

    class Often(Kills):
        def position(self, kind: str) -> None:
            self.at = self.count if self.count % 61 == 60 else -1
            super().position(kind)

    kills = Often()
    kills.install(monkeypatch)
    scenario = Scenario(tmp_path, 2, kills)
    scenario.whole()
    check(scenario)


def test_a_kill_between_the_ledger_and_the_file_never_spends_twice(tmp_path, monkeypatch):
    network = Network(tmp_path)
    network.agree()
    person = network.people["ada@example.org"]
    monkeypatch.setattr("netflix_trend.operators.reporter.build", lambda *_: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        person.run(BEFORE)
    assert person.budget.total() == network.round().manifest.rho
    assert not network.path("ada@example.org", "report.bin").exists()
    monkeypatch.undo()
    network.start()
    person = network.people["ada@example.org"]
    assert person.run(BEFORE) == {"2026-W46": "sent"}
    assert person.budget.total() == network.round().manifest.rho
