"""Everything in `raw/` comes into the tables by itself: a fault is injected, then a test only waits."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from redis.exceptions import OutOfMemoryError

from netflix_trend.delivery.inbox import unpack
from netflix_trend.history.attempts import MOST_FAILURES, Attempts
from netflix_trend.history.raw import RawStore
from netflix_trend.layout import PrivateVolume
from netflix_trend.participant import participant
from netflix_trend.settings import Settings
from services.processor import receive
from services.processor.receive import Receiver, Reconciler
from services.runtime.connection import INBOX, RECEIVING, connect
from services.runtime.queue import INGEST_QUEUE, ListedWorker, queue
from tests.services.runtime.redis_server import SAMPLE, RedisServer, answers, delivery, service

pytestmark = pytest.mark.redis


def another(number: int) -> bytes:
    return SAMPLE + f'"Title {number}","1/1/26"\n'.encode()


def keep(settings: Settings, data: bytes, name: str = "NetflixViewingHistory.csv") -> str:
    return RawStore(settings.private_dir).save(unpack(delivery(data, name))[0], [data]).sha256


def titles(settings: Settings) -> set[str]:
    with duckdb.connect(str(PrivateVolume(settings.private_dir).database("me")), read_only=True) as tables:
        return {title for (title,) in tables.execute("select title from titles").fetchall()}


def errors(settings: Settings) -> dict[str, str]:
    with duckdb.connect(str(PrivateVolume(settings.private_dir).database("me")), read_only=True) as tables:
        return dict(tables.execute("select name, error from exports where error is not null").fetchall())


def are_complete(settings: Settings) -> bool:
    return not participant.out_of_date(settings).outdated


def rebuilds(server: RedisServer) -> int:
    return (server.folder / "processor.log").read_text().count("profile rebuilt")


def test_fifty_files_that_arrive_together_take_few_rebuilds(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    settings = redis_server.settings("processor")
    with connect(redis_server.settings("scraper")) as scraper:
        for number in range(50):
            scraper.rpush(INBOX, delivery(another(number)))
    with service(redis_server, "processor"):
        raw = PrivateVolume(settings.private_dir).raw
        wait_for(lambda: len(list(raw.glob("*.json"))) == 50 and are_complete(settings), "all are in the tables")
    assert {f"Title {number}" for number in range(50)} <= titles(settings)
    assert 0 < rebuilds(redis_server) < 10


def test_a_reconciler_that_ends_between_finding_and_queueing_loses_nothing(
    redis_server: RedisServer, wait_for: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = redis_server.settings("processor")
    keep(settings, SAMPLE)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    with connect(settings) as connection:
        monkeypatch.setattr(receive, "enqueue", end)
        with pytest.raises(KeyboardInterrupt):
            Reconciler(connection, settings).check()
        assert queue(INGEST_QUEUE, connection).count == 0
    with service(redis_server, "processor"):
        wait_for(lambda: are_complete(settings), "the export is in the tables")


def test_tables_follow_after_a_power_cut_during_an_import(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """The export is there, the tables are those of before, and temporary files lie around."""
    settings = redis_server.settings("processor")
    keep(settings, SAMPLE)
    participant.refresh(settings)
    keep(settings, another(1))
    folder = PrivateVolume(settings.private_dir).profile("me")
    (folder / ".rebuild").mkdir()
    (folder / ".rebuild" / "staging.duckdb").write_bytes(b"half")
    (folder / ".viewing.duckdb.0.tmp").write_bytes(b"half")
    (folder / "attempts.json").write_bytes(Attempts(is_running=True, parent="1 2", inputs="x").to_bytes())
    (PrivateVolume(settings.private_dir).raw / ".incoming.7.tmp").write_bytes(b"half")
    with service(redis_server, "processor"):
        wait_for(lambda: are_complete(settings), "the export is in the tables")
    assert "Title 1" in titles(settings)


@pytest.mark.parametrize("loss", ["kill", "lose"])
def test_a_redis_that_ends_while_a_job_is_queued_delays_it_only(
    redis_server: RedisServer, wait_for: Callable[..., None], loss: str
) -> None:
    """Even with all of its data: the receiver goes on, finds out what is missing, and queues it again."""
    settings = redis_server.settings("processor")
    with service(redis_server, "processor", "receive"):
        with connect(redis_server.settings("scraper")) as scraper, connect(settings) as connection:
            scraper.rpush(INBOX, delivery(another(1)))
            wait_for(lambda: queue(INGEST_QUEUE, connection).count == 1, "a job is queued")
        getattr(redis_server, loss)()
        redis_server.start()
        wait_for(lambda: answers(redis_server), "Redis answers again")
        with service(redis_server, "processor", "work"):
            wait_for(lambda: are_complete(settings), "the export is in the tables")
    assert "Title 1" in titles(settings)


def test_a_job_that_a_killed_worker_has_left_behind_delays_no_new_file(redis_server: RedisServer) -> None:
    """Redis lists it as running for a minute."""
    settings = redis_server.settings("processor")
    with connect(settings) as connection:
        jobs = queue(INGEST_QUEUE, connection)
        connection.zadd(jobs.started_job_registry.key, {"left-behind:1": 2_000_000_000})
        reconciler = Reconciler(connection, settings)
        assert not reconciler.check(), "nothing is out of date"
        keep(settings, SAMPLE)
        assert reconciler.check()
        jobs.empty()
        connection.zadd(jobs.started_job_registry.key, {"alive:1": 2_000_000_000})
        keep(settings, another(1))
        assert not reconciler.check(), "this one really runs"


KILLER = """
import os, sys
from netflix_trend.history import tables
read = tables._add
def add(staging, stream, delivery, *rest):
    if delivery.name == "killer.csv":
        with open(os.environ["HEARTBEAT_DIR"] + "/kills", "a") as file:
            file.write("x")
        os.kill(os.getpid(), 9)
    return read(staging, stream, delivery, *rest)
tables._add = add
from services.processor.__main__ import main
sys.exit(main("work"))
"""


def test_a_file_that_kills_every_job_is_named_and_the_others_are_read(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    settings = redis_server.settings("processor")
    keep(settings, SAMPLE)
    killer = keep(settings, another(1) + b"\n" * 1_000, "killer.csv")
    keep(settings, another(2))
    with (
        service(redis_server, "processor", "receive"),
        service(redis_server, "processor", script=KILLER),
    ):
        wait_for(lambda: are_complete(settings), "the others are in the tables")
    assert "Title 2" in titles(settings)
    assert "Title 1" not in titles(settings)
    (error,) = errors(settings).values()
    assert "killer.csv" in error
    assert "Import it again" in error
    assert (redis_server.folder / "kills").read_text() == "x" * MOST_FAILURES
    assert PrivateVolume(settings.private_dir).export(killer).exists(), "the file itself is kept"
    with connect(redis_server.settings("scraper")) as scraper:
        scraper.rpush(INBOX, delivery(another(1) + b"\n" * 1_000, "killer.csv"))
    with service(redis_server, "processor"):
        wait_for(lambda: are_complete(settings) and not errors(settings), "imported again, it is tried again")
    assert "Title 1" in titles(settings)


# --- no room -------------------------------------------------------------------------------------------------------

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
from services.processor.__main__ import main
sys.exit(main("receive"))
"""


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux changes limits of a running process")
def test_an_export_without_room_on_the_disk_waits_and_blocks_nothing(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    settings = redis_server.settings("processor")
    raw = PrivateVolume(settings.private_dir).raw
    large = SAMPLE + b"\n" * 2_000_000
    with service(redis_server, "processor", script=LIMITED) as process, connect(settings) as connection:
        with connect(redis_server.settings("scraper")) as scraper:
            scraper.rpush(INBOX, delivery(large), delivery(another(1)))
        wait_for(lambda: queue(INGEST_QUEUE, connection).count == 1, "the small one behind it is kept")
        assert len(list(raw.glob("*.csv"))) == 1
        # At one moment: it goes from one list to the other and back.
        both = connection.pipeline().llen(INBOX).llen(RECEIVING).execute()
        assert sum(both) == 1, "the large one waits"
        (problem,) = participant.import_problems(settings)
        assert "disk" in problem
        assert "Make room" in problem
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_for(lambda: len(list(raw.glob("*.csv"))) == 2, "with room the large one is kept, too")
        wait_for(lambda: participant.import_problems(settings) == [], "nothing is wrong any more")
        assert process.poll() is None


def test_without_room_no_rebuild_is_queued_and_with_room_one_is_at_once(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = redis_server.settings("processor")
    keep(settings, SAMPLE)
    free = [1_000]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - free[0], free[0]))
    with connect(settings) as connection:
        reconciler = Reconciler(connection, settings, lambda: 0.0)
        assert not reconciler.check()
        assert not reconciler.check()
        assert "full" in participant.import_problems(settings)[0]
        free[0] = 10**8
        assert reconciler.check()
        assert participant.import_problems(settings) == []


def test_messages_that_have_filled_redis_are_taken_all_the_same(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """Then it moves none from list to list, and knows no new worker."""
    settings, count = redis_server.settings("processor"), 8
    with connect(redis_server.settings("scraper")) as scraper:
        for number in range(count):
            scraper.rpush(INBOX, delivery(another(number) + os.urandom(300_000).hex().encode()))
    redis_server.stop()
    redis_server.start("--maxmemory", "2mb")
    wait_for(lambda: answers(redis_server), "Redis answers again")
    with connect(settings) as connection, service(redis_server, "processor", "work") as worker:
        log = redis_server.folder / "processor.log"
        wait_for(lambda: "cannot be worked on" in log.read_text(), "the worker waits")
        with pytest.raises(OutOfMemoryError):
            connection.blmove(INBOX, RECEIVING, 1, "LEFT", "LEFT")
        looks = iter(range(1_000))
        Receiver(connection, settings, lambda: connection.llen(INBOX) == 0 or next(looks) == 999).run()
        assert connection.llen(INBOX) + connection.llen(RECEIVING) == 0
        assert len(list(PrivateVolume(settings.private_dir).raw.glob("*.csv"))) == count
        assert Reconciler(connection, settings).check() or queue(INGEST_QUEUE, connection).count
        wait_for(lambda: are_complete(settings), "the worker goes on")
        assert worker.poll() is None
    assert {"Title 0", f"Title {count - 1}"} <= titles(settings)


def test_damage_that_nobody_expects_keeps_no_message_waiting(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = redis_server.settings("processor")

    def fail(_: Settings) -> None:
        raise OSError(errno.EIO, "a fault of the disk")

    monkeypatch.setattr(participant, "out_of_date", fail)
    raw: Path = PrivateVolume(settings.private_dir).raw
    with connect(settings) as connection:
        connection.rpush(INBOX, delivery(another(1)))
        looks = []

        def stopped() -> bool:
            looks.append(len(list(raw.glob("*.csv"))))
            if looks.count(1) == 2:
                connection.rpush(INBOX, delivery(another(2)))
            return looks[-1] == 2

        Receiver(connection, settings, stopped).run()


def test_a_worker_is_listed_again_after_redis_has_lost_its_data(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """Health asks Redis which workers run."""
    with connect(redis_server.settings("processor")) as connection:
        jobs = queue(INGEST_QUEUE, connection)
        worker = ListedWorker([jobs], connection=connection)
        worker.register_birth()
        redis_server.lose()
        redis_server.start()
        wait_for(lambda: answers(redis_server), "Redis answers again")
        assert not connection.smembers("rq:workers:ingest")
        worker.heartbeat()
        assert connection.smembers("rq:workers:ingest") == {worker.key.encode()}
