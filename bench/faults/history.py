"""One history: what happens to a network, decided by a seed, and what must hold whatever happens.

`play(seed)` is a pure function of the seed: the same seed gives the same operations, faults and lines, on every
machine. A history ends with weeks without faults, in which the network has to come right by itself.
"""

from __future__ import annotations

import errno
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from unittest import mock

import numpy as np

from bench.faults.checks import Checks, Violation
from bench.faults.disk import KINDS, Disk, Fault, Killed, Process, fresh_folder, remove_folder
from bench.faults.world import AGGREGATOR, Person, World, seeded_randomness
from netflix_trend.participant.choices import Participation
from netflix_trend.participant.status import PublisherStatus
from services.aggregator.community import PUBLIC, START, Community

_WEEKS_AT_THE_END = 4
# Days by which a clock may be wrong.
_CLOCKS = (-60, -8, -1, 1, 7, 40, 400)


@dataclass
class History:
    """What happened: lines to read, and how many operations, faults and other events there were."""

    seed: int
    lines: list[str] = field(default_factory=list)
    operations: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    violation: str = ""


def play(seed: int, operations: int = 30) -> History:
    """Play the history of a seed; its `violation` says what did not hold, empty if everything did."""
    history = History(seed)
    root = fresh_folder("faults")
    try:
        generator = random.Random(f"history {seed}")
        disk = Disk(root, generator)
        with disk.mounted(), seeded_randomness(seed), _shortcuts(), _quiet():
            player = _Player(history, disk, generator)
            try:
                player.play(operations)
            except Violation as violation:
                history.violation = str(violation).replace(str(root), "")
                history.lines.append(f"VIOLATION: {history.violation}")
    finally:
        remove_folder(root)
    return history


@contextmanager
def _shortcuts() -> Iterator[None]:
    """Leave out what takes long and touches no file: pages, and draws from the posterior behind some intervals."""

    def files(self: Community) -> dict[str, bytes]:
        found = {f"statistics/{name}.json": one.data for name, one in self.rounds.items()}
        return {START: f"{len(found)} rounds, {PUBLIC}".encode(), **found}

    def draws(counts: object, channel: object, prior: np.ndarray, *_: object) -> np.ndarray:
        return np.tile(prior, (4, 1))

    with (
        mock.patch.object(Community, "files", files),
        mock.patch("netflix_trend.questions.volume.estimation.posterior_draws", draws),
    ):
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


class _Player:
    """Decides and carries out operations."""

    def __init__(self, history: History, disk: Disk, generator: random.Random) -> None:
        self.history, self.disk, self.generator = history, disk, generator
        self.world = World(
            disk,
            people=generator.randint(2, 3),
            limit=generator.choice((1, 2, 13)),
            smallest_change=generator.choice((1, 1, 1, 2)),
            is_plain=generator.random() < 0.75,
        )
        self.checks = Checks(self.world)
        disk.replaced = self.checks.replaced
        self.choices: list[tuple[int, Callable[[], None]]] = [
            (10, self._publish),
            (8, self._import),
            (7, self._aggregate),
            (9, self._sync),
            (3, self._sync_badly),
            (8, self._days),
            (3, self._at_once),
            (3, self._damage_datasite),
            (2, self._damage_aggregators_datasite),
            (4, self._lose_ledger),
            (3, self._decide),
            (2, self._clock),
        ]

    def play(self, operations: int) -> None:
        """Play the whole history."""
        weights, ways = zip(*self.choices, strict=True)
        self._begin()
        for _ in range(operations):
            self.generator.choices(ways, weights)[0]()
            self.history.operations += 1
            self.checks.always()
        self._end()

    def _say(self, line: str) -> None:
        self.history.lines.append(f"{self.world.day} {line}")

    def _anybody(self) -> Person:
        return self.generator.choice(self.world.people)

    def _begin(self) -> None:
        """Let the aggregator ask, so that there is something to answer."""
        self.world.exchange()
        with self.disk.running(Process()):
            self.world.aggregator.work(self.world.day)
        self.world.exchange()

    # --- processes and faults

    def _process(self, likely: float = 0.5) -> Process:
        if self.generator.random() >= likely:
            return Process()
        # Early calls of a process are as likely as late ones, whose number nobody knows.
        at = int(2 ** (self.generator.random() * 8)) - 1
        return Process(Fault(self.generator.choice(KINDS), at))

    def _run(self, name: str, work: Callable[[], object], process: Process) -> bool:
        """Run a process; returns whether it ended by itself. Only the error of its fault may leave it."""
        try:
            with self.disk.running(process):
                work()
        except Killed:
            pass
        except OSError as error:
            self._check_error(name, process, error)
            self._after(name, process, f"{errno.errorcode.get(error.errno or 0)}")
            return False
        except Violation:
            raise
        except Exception as error:
            raise Violation(f"{name}: undocumented {type(error).__name__}: {error}") from error
        self._after(name, process, "")
        return not process.is_dead

    def _check_error(self, name: str, process: Process, error: OSError) -> None:
        if process.fault is None or not process.fault.happened:
            raise Violation(f"{name}: {type(error).__name__} without a fault: {error}") from error

    def _after(self, name: str, process: Process, error: str) -> None:
        fault = process.fault
        what = ""
        if fault is not None and fault.happened:
            self.history.faults[fault.kind] += 1
            what = f": {fault.kind} at call {fault.at} ({fault.happened})"
        self._say(f"{name}{what}{f', {error}' if error else ''}")
        if process.is_dead:
            if fault is not None and fault.kind == "power":
                self._say(f"  the power cut follows the model {self.disk.cut_power()}")
            self.world.restart()

    # --- operations

    def _publish(self) -> None:
        one = self._anybody()
        self._publish_by(one, self._process())

    def _publish_by(self, one: Person, process: Process) -> PublisherStatus | None:
        found: list[PublisherStatus] = []
        is_whole = self._run(
            f"{one.email} publishes",
            lambda: found.append(one.publish(self.world.today(one))),
            process,
        )
        status = found[0] if is_whole and found else None
        if status is not None:
            self.history.lines[-1] += f" -> {status.state} {' '.join(o.status for o in status.outcomes)}"
            self.checks.published(one, status, is_undisturbed=process.fault is None or not process.fault.happened)
        return status

    def _import(self) -> None:
        one = self._anybody()
        self._run(f"{one.email} imports", lambda: one.take(self.world.today(one)), self._process(0.3))

    def _aggregate(self) -> None:
        self._run("the aggregator works", self._work, self._process(0.4))

    def _work(self) -> None:
        results = self.world.aggregator.work(self.world.aggregators_day)
        self.checks.counted(results)

    def _sync(self) -> None:
        for email in self.generator.sample(sorted(self.world.relay.homes), 2):
            self._sync_site(email, 0)

    def _sync_site(self, email: str, age: int, some: Callable[[str], bool] = lambda _: True) -> None:
        relay = self.world.relay
        if not age:
            relay.capture(email)
        readers = [one.email for one in self.world.people] if email == AGGREGATOR else [AGGREGATOR]
        for reader in readers:
            relay.deliver(email, reader, age, some=some)
        self._say(f"{email} is synced{f' as it was {age} states ago' if age else ''}")

    def _sync_badly(self) -> None:
        """Deliver some files only, or old ones, or nothing at all."""
        email = self.generator.choice(sorted(self.world.relay.homes))
        lost = self.generator.randrange(1_000_000)
        self._sync_site(
            email,
            self.generator.randint(0, 3),
            lambda name: random.Random(f"{lost} {name}").random() < 0.6,
        )
        self.history.faults["relay"] += 1

    def _days(self) -> None:
        self.world.day += timedelta(days=self.generator.choice((1, 2, 3, 7)))

    def _at_once(self) -> None:
        """Two processes of one person at once, of which one may die."""
        one = self._anybody()
        is_withdrawing = self.generator.random() < 0.4
        today = self.world.today(one)

        def withdraw() -> None:
            one.decided.add("withdrawn")
            one.decide("withdrawn")
            one.decided = {"withdrawn"}
            one.publish(today)

        works = [lambda: one.publish(today), withdraw if is_withdrawing else (lambda: one.publish(today))]
        processes = [self._process(0.3) for _ in works]
        problems: list[BaseException] = []

        def guarded(work: Callable[[], object]) -> Callable[[], None]:
            def run() -> None:
                try:
                    work()
                except BaseException as problem:
                    problems.append(problem)

            return run

        self.disk.together([(process, guarded(work)) for process, work in zip(processes, works, strict=True)])
        for problem in problems:
            if isinstance(problem, OSError) and any(p.fault is not None and p.fault.happened for p in processes):
                continue
            if not isinstance(problem, Killed):
                raise Violation(f"two processes: {type(problem).__name__}: {problem}") from problem
        self.history.faults["at once"] += 1
        self._say(f"{one.email} publishes twice at once{', withdrawing' if is_withdrawing else ''}")
        for process in processes:
            self._after(f"  one of them ended after {process.calls} calls", process, "")
        if is_withdrawing and not problems:
            self.checks.is_withdrawn(one)

    def _damage_datasite(self) -> None:
        """Wipe a datasite, alter or remove one of its files, or let SyftBox bring back an old state."""
        one = self._anybody()
        if not self.checks.may_damage_datasite(one):
            return
        way = self.generator.choice(("wiped", "altered", "removed", "old", "foreign"))
        app = one.site.app_data
        files = sorted(path for path in app.rglob("*") if path.is_file() and not path.is_symlink())
        if way == "wiped":
            remove_folder(one.site.root)
        elif way == "old":
            self.world.relay.deliver(one.email, one.email, self.generator.randint(0, 3))
            one.altered |= {str(path) for path in app.rglob("*")}
        elif way == "foreign":
            app.mkdir(parents=True, exist_ok=True)
            (app / "foreign.json").write_bytes(b"{")
            one.altered.add(str(app / "foreign.json"))
        elif files:
            path = self.generator.choice(files)
            one.altered.add(str(path))
            path.unlink() if way == "removed" else path.write_bytes(path.read_bytes()[: self.generator.randint(0, 99)])
        self.disk.settle(one.site.root)
        self.history.faults["datasite"] += 1
        self._say(f"the datasite of {one.email}: {way}")

    def _damage_aggregators_datasite(self) -> None:
        app = self.world.aggregator.site.app_data
        files = sorted(path for path in app.rglob("*.json") if path.is_file())
        way = self.generator.choice(("wiped", "altered", "old"))
        if way == "wiped":
            remove_folder(self.world.aggregator.site.root)
        elif way == "old":
            self.world.relay.deliver(AGGREGATOR, AGGREGATOR, self.generator.randint(0, 3))
        elif files:
            path = self.generator.choice(files)
            path.write_bytes(path.read_bytes()[: self.generator.randint(0, 99)])
        self.world.altered = True
        self.disk.settle(self.world.aggregator.site.root)
        self.history.faults["aggregator's datasite"] += 1
        self._say(f"the aggregator's datasite: {way}")

    def _lose_ledger(self) -> None:
        """Lose the ledger, tear its end off, or replace it by an older copy; or make such a copy."""
        one = self._anybody()
        if not one.ledger.exists():
            return
        data = one.ledger.read_bytes()
        if self.generator.random() < 0.25 or not self.checks.may_lose_ledger(one):
            one.backups.append(data)
            return
        way = self.generator.choice(("lost", "restored", "torn"))
        if way == "lost":
            one.ledger.unlink()
        elif way == "restored" and one.backups:
            one.ledger.write_bytes(self.generator.choice(one.backups))
        else:
            one.ledger.write_bytes(data[: self.generator.randrange(len(data))])
        one.lost_ledger = True
        self.disk.settle(one.ledger.parent)
        self.history.faults["ledger"] += 1
        self._say(f"the ledger of {one.email}: {way}")
        if self.generator.random() < 0.5:
            self._publish_by(one, self._process(0.2))
        elif self.generator.random() < 0.5:
            choices: tuple[Participation, ...] = ("withdrawn", "joined")
            for choice in choices:
                self._choose(one, choice, Process())
                self._publish_by(one, Process())

    def _decide(self) -> None:
        one = self._anybody()
        self._choose(one, self.generator.choice(("joined", "joined", "paused", "withdrawn")), self._process(0.3))

    def _choose(self, one: Person, choice: Participation, process: Process) -> None:
        one.decided.add(choice)
        if self._run(f"{one.email} decides: {choice}", lambda: one.decide(choice), process):
            one.decided = {choice}

    def _clock(self) -> None:
        """Set somebody's clock wrong, or right."""
        days = self.generator.choice((0, 0, *_CLOCKS))
        if self.generator.random() < 0.2:
            self.world.offset, self.world.wrong_clock = days, self.world.wrong_clock or bool(days)
            self._say(f"the aggregator's clock: {days:+} days")
        else:
            one = self._anybody()
            one.offset, one.wrong_clock = days, one.wrong_clock or bool(days)
            self._say(f"the clock of {one.email}: {days:+} days")
        self.history.faults["clock"] += bool(days)

    # --- the end

    def _end(self) -> None:
        """Let weeks pass without faults, and look whether everything has come right."""
        world = self.world
        world.offset = 0
        for one in world.people:
            one.offset = 0
        world.set_up()
        for _ in range(_WEEKS_AT_THE_END):
            world.day += timedelta(days=7)
            for one in world.people:
                if not self._run(f"{one.email} imports", lambda one=one: one.take(world.day), Process()):  # type: ignore[misc]
                    raise Violation(f"{one.email} cannot import without faults")
            self._everybody()
        self._everybody()
        self.checks.at_the_end()

    def _everybody(self) -> None:
        for one in self.world.people:
            self._publish_by(one, Process())
        self.world.exchange()
        self._run("the aggregator works", self._work, Process())
        self.world.exchange()
        self.checks.always()
