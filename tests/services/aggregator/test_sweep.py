"""Looks at datasites that remember what they saw find what a plain reading of all files finds."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from netflix_trend.layout import release_path
from netflix_trend.participant.contributions import answer
from netflix_trend.periods.weeks import Week
from netflix_trend.simulation.population import person, seeded_randomness, watched
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.release import SIZE, RefusedRelease, build_release, parse_release
from netflix_trend.survey.survey import Survey, default_survey
from netflix_trend.syftbox import datasite
from netflix_trend.syftbox.datasite import Datasite, read_manifest, read_published, visit
from services.aggregator import collect, sweep
from services.aggregator.collect import Looked, LookMemory, look
from services.aggregator.shards import FOLDER, read_shard, shard_of, write_shard
from services.runtime.executors import LocalProcesses
from tests.waiting import wait_for

AGGREGATOR = "aggregator@example.org"
FIRST = Week.parse("2026-W40")
VOCABULARY = "0123456789abcdef" * 2
PEOPLE = 24


@dataclass
class Plain:
    """What a plain reading finds for one survey."""

    participants: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    refusals: list[tuple[str, str]] = field(default_factory=list)
    payloads: dict[str, bytes] = field(default_factory=dict)


def read_plainly(datasites: Path, emails: list[str], survey: Survey) -> Plain:
    """Read everybody's files for one survey, one after another, and remember nothing."""
    found = Plain()
    for email in emails:
        try:
            with visit(Datasite(datasites, email)) as folder:
                manifest = read_manifest(folder) if folder is not None else None
                if folder is None or manifest is None:
                    continue
                found.participants += 1
                question = survey.question_for(email)
                if question is not None:
                    found.asked[question.name] += 1
                data = read_published(folder, manifest, release_path(survey.round), SIZE)
                if data is None:
                    continue
            if question is None:
                raise RefusedRelease("not_asked", "")
            answered = parse_release(data, survey, question)
            found.payloads[question.name] = found.payloads.get(question.name, b"") + answered
        except (UnsafeFile, RefusedRelease) as problem:
            if problem.reason == "unsynced":
                found.waiting += 1
            else:
                found.refusals.append((email, problem.reason))
        except OSError:
            found.refusals.append((email, "unreadable"))
    return found


def shares(datasites: Path, email: str) -> bool:
    try:
        with visit(Datasite(datasites, email)) as folder:
            return folder is not None and read_manifest(folder) is not None
    except UnsafeFile:
        return False


class World:
    """Datasites that change in every way we know, and an aggregator that looks at them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.random, self.seed = root, random.Random(seed), seed
        self.randbelow = seeded_randomness(seed)
        self.datasites, self.own = root / "datasites", root / "own"
        self.datasites.mkdir(parents=True)
        self.own.mkdir()
        self.emails: set[str] = set()
        self.removed: set[str] = set()
        self.files: dict[str, dict[str, bytes]] = {}
        self.versions: Counter[Week] = Counter()
        self.weeks = [FIRST + age for age in range(3)]
        self.memory = LookMemory()

    @property
    def surveys(self) -> list[Survey]:
        return [
            default_survey(week, f"{self.versions[week]:032x}" if self.versions[week] else VOCABULARY, range(50))
            for week in self.weeks
        ]

    def names(self) -> list[str]:
        return sorted(self.emails - self.removed)

    def app(self, email: str) -> Path:
        return Datasite(self.datasites, email).app_data

    def publish(self, email: str) -> None:
        shutil.rmtree(self.datasites / email, ignore_errors=True)
        if (self.datasites / email).is_symlink():
            (self.datasites / email).unlink()
        Datasite(self.datasites, email).publish(self.files[email], AGGREGATOR, durable=False)

    def some(self) -> str:
        return self.random.choice(sorted(self.emails) or [self.join()])

    # What happens

    def join(self) -> str:
        email = person(self.random.randrange(PEOPLE))
        self.emails.add(email)
        self.files.setdefault(email, {})
        self.publish(email)
        return email

    def answer(self) -> None:
        email = self.some()
        for survey in self.surveys:
            question = survey.question_for(email)
            if question is not None:
                payload = answer(watched(frozenset({1}), 2), survey, question, self.randbelow)
                self.files[email][f"releases/{survey.round}.json"] = build_release(survey, question, payload)
        self.publish(email)

    def answer_unasked(self) -> None:
        email, survey = self.some(), self.random.choice(self.surveys)
        question = survey.questions[0]
        payload = answer(watched(frozenset({1}), 2), survey, question, self.randbelow)
        self.files[email][f"releases/{survey.round}.json"] = build_release(survey, question, payload)
        self.publish(email)

    def a_release(self) -> Path | None:
        found = sorted(self.datasites.glob("*/app_data/netflix_trend/releases/*.json"))
        found = [path for path in found if path.is_file() and not path.is_symlink()]
        return self.random.choice(found) if found else None

    def on_release(self, change: Callable[[Path], object]) -> None:
        path = self.a_release()
        if path is not None:
            change(path)

    def on_folder(self, inner: str) -> None:
        """Move a folder or file away and put a link to it in its place."""
        path = self.datasites / self.some() / inner
        if path.exists() and not path.is_symlink():
            aside = self.root / f"aside{self.random.randrange(10**9)}"
            path.rename(aside)
            path.symlink_to(aside)

    def withdraw(self) -> None:
        email = self.some()
        shutil.rmtree(self.app(email), ignore_errors=True)
        self.files[email] = {}

    def leave_the_network(self) -> None:
        email = self.some()
        path = self.datasites / email
        if path.is_symlink():
            path.unlink()
        shutil.rmtree(path, ignore_errors=True)

    def damage_shard(self) -> None:
        found = sorted((self.own / FOLDER).glob("*.bin"))
        if found:
            path = self.random.choice(found)
            data = bytearray(path.read_bytes())
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
            path.write_bytes(self.random.choice([bytes(data), bytes(data[: len(data) // 2]), b""]))

    def new_round(self) -> None:
        self.weeks = [*self.weeks[1:], self.weeks[-1] + 1]

    def new_survey(self) -> None:
        self.versions[self.random.choice(self.weeks)] += 1

    def restart(self) -> None:
        self.memory = LookMemory()

    def restart_without_shards(self) -> None:
        shutil.rmtree(self.own / FOLDER, ignore_errors=True)
        self.memory = LookMemory()

    def step(self) -> str:
        actions: dict[str, Callable[[], object]] = {
            **{f"join {n}": self.join for n in range(4)},
            **{f"answer {n}": self.answer for n in range(8)},
            "answer unasked": self.answer_unasked,
            "same size": lambda: self.on_release(flipped),
            "same size, replaced": lambda: self.on_release(replaced),
            "cut": lambda: self.on_release(lambda path: os.truncate(path, 100)),
            "half": lambda: self.on_release(lambda path: path.unlink()),
            "hard link": lambda: self.on_release(lambda path: os.link(path, self.aside())),
            "folder in its place": lambda: self.on_release(lambda path: (path.unlink(), path.mkdir())),
            "fifo": lambda: self.on_release(lambda path: (path.unlink(), os.mkfifo(path))),
            "release is a link": lambda: self.on_release(lambda path: linked(path, self.aside())),
            "manifest is a link": lambda: self.on_folder("app_data/netflix_trend/manifest.json"),
            "releases are a link": lambda: self.on_folder("app_data/netflix_trend/releases"),
            "app is a link": lambda: self.on_folder("app_data/netflix_trend"),
            "app_data is a link": lambda: self.on_folder("app_data"),
            "datasite is a link": lambda: self.on_folder(""),
            "manifest is none": lambda: self.with_manifest(lambda data: b"{" + data),
            "manifest is empty": lambda: self.with_manifest(lambda _: b""),
            "manifest is huge": lambda: self.with_manifest(lambda _: b" " * 70_000),
            "repaired": lambda: self.publish(self.some()),
            "withdrawn": self.withdraw,
            "left": self.leave_the_network,
            "removed": lambda: self.removed.add(self.some()),
            "back": self.removed.clear,
            "shard damaged": self.damage_shard,
            "new round": self.new_round,
            "new survey": self.new_survey,
            "restart": self.restart,
            "restart without shards": self.restart_without_shards,
            "nothing": lambda: None,
        }
        name = self.random.choice(sorted(actions))
        actions[name]()
        return name

    def aside(self) -> Path:
        return self.root / f"aside{self.random.randrange(10**9)}"

    def with_manifest(self, change: Callable[[bytes], bytes]) -> None:
        path = self.app(self.some()) / "manifest.json"
        if path.is_file():
            path.write_bytes(change(path.read_bytes()))

    def look(self) -> Looked:
        return look(self.datasites, self.own, self.names(), self.surveys, memory=self.memory)

    def check(self, said: str) -> None:
        """A look finds exactly what a plain reading does, in the order of the shards."""
        found = self.look()
        assert self.memory.last is not None
        bits = self.memory.last.bits
        emails = sorted(self.names(), key=lambda email: (shard_of(email, bits), email))
        assert found.sharing == tuple(email for email in emails if shares(self.datasites, email)), said
        for survey, one in zip(self.surveys, found.releases, strict=True):
            plain, reports = read_plainly(self.datasites, emails, survey), one.found
            assert (reports.participants, reports.waiting) == (plain.participants, plain.waiting), said
            assert reports.asked == plain.asked, said
            assert reports.refusals == plain.refusals, said
            assert reports.refused == Counter(reason for _, reason in plain.refusals), said
            assert {name: some for name, some in one.payloads.items() if some} == plain.payloads, said
            assert dict(reports.asked) == dict(plain.asked), "no zeros, which the operator's page would show"


def flipped(path: Path) -> None:
    """Change a file in place: inode and size stay."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(data)


def replaced(path: Path) -> None:
    """Replace a file by one of the same size and of the same times of its content."""
    before, data = path.stat(), path.read_bytes()
    path.unlink()
    path.write_bytes(bytes(reversed(data)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def linked(path: Path, aside: Path) -> None:
    path.rename(aside)
    path.symlink_to(aside)


@pytest.fixture
def ticks(tmp_path: Path) -> Callable[[], None]:
    """Wait until the clock of the file system shows another time."""
    probe = tmp_path / "probe"
    probe.touch()

    def tick() -> None:
        before = probe.stat().st_ctime_ns

        def has_moved() -> bool:
            probe.write_bytes(b"")
            return probe.stat().st_ctime_ns != before

        wait_for(has_moved, "the clock of the file system moves")

    return tick


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every look be an hour after the last change, so that what it saw is remembered at once."""

    class Clock:
        time_ns = staticmethod(lambda: time.time_ns() + 3_600_000_000_000)

    monkeypatch.setattr(sweep, "time", Clock)
    return iter(())


@pytest.mark.parametrize("seed", range(12))
def test_a_look_finds_what_a_plain_reading_finds(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch, ticks: Callable[[], None], later: None
) -> None:
    """Also where everything is remembered, in several shards that divide and are united as the group changes."""
    monkeypatch.setattr(collect, "_PEOPLE", (3, 500)[seed % 2])
    monkeypatch.setattr(collect, "_TURNS", 1)
    world = World(tmp_path / "world", seed)
    history = []
    for _ in range(60):
        history.append(world.step())
        ticks()
        world.check(f"seed {seed}: {history}")
    assert any(one.found.refusals or one.found.waiting or any(one.payloads.values()) for one in world.look().releases)


@pytest.mark.parametrize("seed", [100, 101])
def test_a_large_group_is_looked_at_in_turns(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch, ticks: Callable[[], None], later: None
) -> None:
    """Damage that leaves the manifest as it is may be noticed later, but not later than after all turns."""
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    world = World(tmp_path / "world", seed)
    for _ in range(6):
        history = [world.step() for _ in range(8)]
        ticks()
        for _ in range(collect._TURNS):
            world.look()
        world.check(f"seed {seed}: {history}")


def crowd(world: World, people: int = 10) -> None:
    for number in range(people):
        email = person(number)
        world.emails.add(email)
        world.files[email] = {}
        for survey in world.surveys:
            if (question := survey.question_for(email)) is not None:
                payload = answer(watched(frozenset({1}), 2), survey, question, world.randbelow)
                world.files[email][f"releases/{survey.round}.json"] = build_release(survey, question, payload)
        world.publish(email)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose datasites are read, not only looked at."""
    found: list[str] = []
    read = sweep._Reader.read

    def noted(self: sweep._Reader, address: str, began: int) -> sweep._Person:
        found.append(address)
        return read(self, address, began)

    monkeypatch.setattr(sweep._Reader, "read", noted)
    return found


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, reads: list[str], later: None) -> None:
    world = World(tmp_path, 1)
    crowd(world)
    first = world.look()
    assert sorted(reads) == world.names()
    reads.clear()
    stamps = [(path.name, path.stat().st_ino) for path in sorted((world.own / FOLDER).iterdir())]
    world.look()
    world.restart()
    assert world.look() == first
    assert reads == []
    assert [(path.name, path.stat().st_ino) for path in sorted((world.own / FOLDER).iterdir())] == stamps
    os.utime(world.app(person(3)) / "manifest.json")
    world.look()
    assert reads == [person(3)]


def test_rounds_may_be_asked_for_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: None) -> None:
    """Also while everything is remembered, and nothing looks different."""
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    world = World(tmp_path, 1)
    crowd(world, 20)
    first = world.look()
    turned = look(world.datasites, world.own, world.names(), world.surveys[::-1], memory=world.memory)
    assert turned.releases[::-1] == first.releases
    assert world.look() == first


def test_nothing_is_opened_where_no_manifest_looks_different(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: None
) -> None:
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    world = World(tmp_path, 1)
    crowd(world, 20)
    first, opened = world.look(), []
    monkeypatch.setattr(collect, "read_shard", lambda path: (opened.append(path), read_shard(path))[1])
    number = len(list((world.own / FOLDER).iterdir()))
    assert number > 4
    for _ in range(number):
        assert world.look() == first
    assert len(opened) == number, "one shard in each look"


@pytest.mark.parametrize("most", [100_000, 0])
def test_a_change_in_a_large_group_is_seen_in_the_next_look(
    tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch, ticks: Callable[[], None], later: None
) -> None:
    """In every shard, though one alone is looked at thoroughly. most: of whom this process keeps what it found."""
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    monkeypatch.setattr(collect, "_REMEMBERED", most)
    world = World(tmp_path / "world", 1)
    crowd(world, 20)
    world.look()
    ticks()
    for email in world.names():
        world.files[email] = {}
        world.publish(email)
    world.check("nobody's answers are there any more")
    assert not any(any(one.payloads.values()) for one in world.look().releases)


def test_answers_that_arrive_behind_their_manifest_count_in_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ticks: Callable[[], None], later: None
) -> None:
    """The manifests stay as they are."""
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    world = World(tmp_path / "world", 1)
    crowd(world, 20)
    late = {path: path.read_bytes() for path in world.datasites.glob("*/app_data/netflix_trend/releases/*.json")}
    for path in late:
        path.unlink()
    for _ in range(2):
        assert sum(one.found.waiting for one in world.look().releases) == len(late) > 10
    ticks()
    for path, data in late.items():
        path.write_bytes(data)
    world.check("all have arrived")
    assert sum(one.found.waiting for one in world.look().releases) == 0


def test_a_new_process_looks_at_every_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ticks: Callable[[], None], later: None
) -> None:
    """What happened to them while nobody looked leaves the manifests as they are."""
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    world = World(tmp_path / "world", 1)
    crowd(world, 20)
    world.look()
    ticks()
    for path in world.datasites.glob("*/app_data/netflix_trend/releases/*.json"):
        flipped(path)
    world.restart()
    world.check("all are damaged")


@pytest.mark.parametrize("more", [1, -1])
def test_answers_of_another_size_than_the_question_has_are_read_again(
    tmp_path: Path, more: int, reads: list[str], later: None
) -> None:
    """As they would be if a version had the same survey with other answers."""
    world = World(tmp_path, 1)
    crowd(world)
    first = world.look()
    (path,) = (world.own / FOLDER).iterdir()
    shard = read_shard(path)
    assert shard is not None
    sections = {}
    for survey in world.surveys:
        section = shard.sections[survey.version]
        other = {
            question.name: bytes(int(section.answered(place).sum()) * (question.payload_size + more))
            for place, question in enumerate(survey.questions)
        }
        sections[survey.version] = replace(section, payloads=other)
    write_shard(path, replace(shard, sections=sections))
    world.restart()
    reads.clear()
    assert world.look() == first
    assert sorted(reads) == world.names()


def test_what_has_just_changed_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    """A second change in the same tick of the clock looks like none."""
    world = World(tmp_path, 1)
    crowd(world)
    world.look()
    world.look()
    assert sorted(reads) == sorted([*world.names(), *world.names()])


def test_a_clock_that_was_set_back_hides_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    """All files are from the future, as the clock has it."""
    world = World(tmp_path, 1)
    crowd(world)

    class Clock:
        time_ns = staticmethod(lambda: time.time_ns() - 3_600_000_000_000)

    monkeypatch.setattr(sweep, "time", Clock)
    monkeypatch.setattr(collect, "_TURNS", 1)
    world.look()
    reads.clear()
    world.check("nothing has changed")
    assert reads == []
    path = world.a_release()
    assert path is not None
    before = path.stat()

    def has_changed() -> bool:
        flipped(path)
        return path.stat().st_ctime_ns != before.st_ctime_ns

    wait_for(has_changed, "the clock of the file system moves")
    world.check("one file has")
    assert reads


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ticks: Callable[[], None], later: None
) -> None:
    world = World(tmp_path / "world", 1)
    crowd(world)
    monkeypatch.setattr(collect, "_TURNS", 1)
    ticks()

    def swapped(folder: int, manifest: datasite.Manifest, name: str, limit: int) -> bytes | None:
        data = read_published(folder, manifest, name, limit)
        descriptor = os.open(name, os.O_RDWR, dir_fd=folder)
        os.pwrite(descriptor, b"X", 3)
        os.close(descriptor)
        return data

    with monkeypatch.context() as patched:
        patched.setattr(sweep, "read_published", swapped)
        assert any(any(one.payloads.values()) for one in world.look().releases)
    world.check("all releases are damaged")
    assert not any(any(one.payloads.values()) for one in world.look().releases)


@pytest.mark.parametrize("number", [5, 24])  # EIO, EMFILE
def test_a_fault_of_the_disk_is_not_remembered(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch, later: None
) -> None:
    world = World(tmp_path, 1)
    crowd(world)

    def broken(*_: object) -> bytes:
        raise OSError(number, "broken")

    with monkeypatch.context() as patched:
        patched.setattr(sweep, "read_manifest", broken)
        assert {reason for one in world.look().releases for _, reason in one.found.refusals} == {"unreadable"}
    world.check("it is whole again")


def test_a_refusal_because_of_too_many_open_files_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: None
) -> None:
    world = World(tmp_path, 1)
    crowd(world)

    def full(*_: object) -> bytes:
        try:
            raise OSError(24, "too many open files")
        except OSError as error:
            raise UnsafeFile("not_a_file", "cannot be opened safely") from error

    with monkeypatch.context() as patched:
        patched.setattr(sweep, "read_manifest", full)
        assert {reason for one in world.look().releases for _, reason in one.found.refusals} == {"not_a_file"}
    world.check("it is whole again")


def test_who_withdraws_or_is_removed_leaves_the_shards_with_the_next_look(tmp_path: Path, later: None) -> None:
    world = World(tmp_path, 1)
    crowd(world)
    world.look()
    (path,) = (world.own / FOLDER).iterdir()
    one, two = person(1), person(2)
    assert one.encode() in path.read_bytes() and two.encode() in path.read_bytes()
    size = path.stat().st_size
    world.removed.add(one)
    shutil.rmtree(world.app(two))
    world.look()
    assert one.encode() not in path.read_bytes()
    left = [[one.payloads[name] for name in sorted(one.payloads)] for one in world.look().releases]
    assert path.stat().st_size < size
    assert sum(len(some) for parts in left for some in parts) == sum(
        len(some)
        for survey in world.surveys
        for some in read_plainly(world.datasites, world.names(), survey).payloads.values()
    )


def test_a_round_that_is_not_counted_any_more_leaves_the_shards(tmp_path: Path, later: None) -> None:
    world = World(tmp_path, 1)
    crowd(world)
    world.look()
    over = world.surveys[0]
    (path,) = (world.own / FOLDER).iterdir()
    assert over.version.encode() in path.read_bytes()
    world.new_round()
    world.look()
    assert over.version.encode() not in path.read_bytes()


def test_shards_of_another_division_are_used_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str], later: None
) -> None:
    world = World(tmp_path, 1)
    crowd(world, 20)
    world.look()
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    world.restart()
    reads.clear()
    world.check("eight shards")
    assert reads == []
    names = sorted(path.name for path in (world.own / FOLDER).iterdir())
    assert len(names) > 4 and {name[:2] for name in names} == {"03"}


@pytest.mark.parametrize("in_the_way", ["folder", "file", "link"])
def test_something_in_the_place_of_a_shard_costs_nothing_but_time(tmp_path: Path, in_the_way: str, later: None) -> None:
    world = World(tmp_path, 1)
    crowd(world)
    path = world.own / FOLDER / "00-00000.bin"
    path.parent.mkdir()
    if in_the_way == "folder":
        path.mkdir()
    elif in_the_way == "file":
        path.parent.rmdir()
        path.parent.write_text("")
    else:
        path.symlink_to(tmp_path / "elsewhere")
    for _ in range(2):
        world.check(in_the_way)
    assert not (tmp_path / "elsewhere").exists()


def test_several_processes_find_and_keep_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "_PEOPLE", 3)
    monkeypatch.setattr(collect, "_MANY", 20)
    world = World(tmp_path, 1)
    crowd(world, 20)
    one = world.look()
    world.restart_without_shards()
    several = look(
        *(world.datasites, world.own, world.names(), world.surveys), memory=world.memory, executor=LocalProcesses(2)
    )
    assert several == one
    assert len(list((world.own / FOLDER).iterdir())) > 4
