"""A real Redis with the real users, real RQ workers, and what happens when they are killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError
from rq import Queue
from rq.serializers import JSONSerializer

import services.scraper.__main__ as scraper
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.delivery.drop_folder import DropFolder
from netflix_trend.delivery.inbox import unpack
from netflix_trend.history.encodings import EncodingsError, load_encodings
from netflix_trend.history.raw import RawStore
from netflix_trend.history.removed import KEPT
from netflix_trend.layout import PrivateVolume
from netflix_trend.participant import forgetting, participant
from netflix_trend.storage.files import write_atomically
from netflix_trend.syftbox.datasite import Datasite
from services.processor.receive import Reconciler, receive_one
from services.runtime.connection import INBOX, RECEIVING, NotOnDisk, connect
from services.runtime.queue import INGEST_JOB, INGEST_QUEUE, PUBLISH_JOB, UnlistedJob, enqueue, queue
from tests.services.runtime.redis_server import ROOT, SAMPLE, RedisServer, answers, delivery, service

pytestmark = pytest.mark.redis


def releases(server: RedisServer) -> set[str]:
    names = Datasite(server.folder / "datasites", "me@example.org").published()
    return {name for name in names if name.startswith("releases/")}


# --- who may do what ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("PING",),
        ("LLEN", INBOX),
        ("LPOP", INBOX),
        ("GET", "x"),
        ("KEYS", "*"),
        ("CONFIG", "GET", "*"),
        ("EVAL", "return 1", "0"),
        ("PUBLISH", "rq:pubsub:x", "y"),
        ("HSET", "rq:job:x", "a", "b"),
        ("RPUSH", "rq:queue:ingest", "x"),
        ("RPUSH", "inbox:receiving", "x"),
        ("ACL", "LIST"),
        ("FLUSHALL",),
    ],
)
def test_the_scraper_may_only_append_to_the_inbox(redis_server: RedisServer, command: tuple[str, ...]) -> None:
    with connect(redis_server.settings("scraper")) as connection:
        connection.rpush(INBOX, b"message")
        with pytest.raises(NoPermissionError):
            connection.execute_command(*command)


@pytest.mark.parametrize("name", ["processor", "publisher"])
@pytest.mark.parametrize("command", [("CONFIG", "SET", "dir", "/"), ("FLUSHALL",), ("GET", "other"), ("ACL", "LIST")])
def test_workers_have_no_administration_and_no_other_keys(
    redis_server: RedisServer, name: str, command: tuple[str, ...]
) -> None:
    with connect(redis_server.settings(name)) as connection, pytest.raises(NoPermissionError):
        connection.execute_command(*command)


def test_the_publisher_never_sees_an_export(redis_server: RedisServer) -> None:
    with connect(redis_server.settings("publisher")) as connection, pytest.raises(NoPermissionError):
        connection.lrange(INBOX, 0, -1)


@pytest.mark.parametrize("user", ["default", "processor"])
def test_redis_requires_the_password(redis_server: RedisServer, user: str) -> None:
    with Redis(port=redis_server.port, username=user, password="guess") as client, pytest.raises(RedisError):
        client.ping()


def test_passwords_stay_the_same_when_the_machine_is_prepared_again(redis_server: RedisServer) -> None:
    settings = redis_server.settings("processor")
    assert len(settings.redis_password) == 64
    assert settings.redis_password not in (redis_server.folder / "redis-acl" / "users.acl").read_text()
    assert settings.redis_password not in repr(settings)


# --- the inbox ---------------------------------------------------------------------------------------------------


def test_an_export_is_kept_once_however_often_it_arrives(redis_server: RedisServer) -> None:
    with connect(redis_server.settings("processor")) as connection:
        for _ in range(3):
            connection.rpush(INBOX, delivery())
            assert receive_one(connection, redis_server.settings("processor"), 1)
        assert not receive_one(connection, redis_server.settings("processor"), 0.1)
        assert len(list((redis_server.folder / "private" / "raw").glob("*.csv"))) == 1
        assert connection.llen(RECEIVING) == 0


@pytest.mark.parametrize("message", [b"", b"\x80\x04pickle", b"{}", delivery()[:-2], b"[" * 10_000])
def test_an_invalid_message_is_dropped_and_the_next_one_handled(redis_server: RedisServer, message: bytes) -> None:
    settings = redis_server.settings("processor")
    with connect(settings) as connection:
        connection.rpush(INBOX, message, delivery())
        assert receive_one(connection, settings, 1)
        assert receive_one(connection, settings, 1)
        assert len(list((redis_server.folder / "private" / "raw").glob("*.csv"))) == 1
        assert connection.llen(RECEIVING) == 0


def test_the_message_of_a_killed_receiver_is_handled_again(redis_server: RedisServer) -> None:
    settings = redis_server.settings("processor")
    with connect(settings) as connection:
        connection.rpush(INBOX, delivery(name="1.csv"), delivery(SAMPLE + b'"A","1/1/26"\n', name="2.csv"))
        connection.blmove(INBOX, RECEIVING, 1, "LEFT", "LEFT")
        assert receive_one(connection, settings, 1)
        assert receive_one(connection, settings, 1)
    assert len(list((redis_server.folder / "private" / "raw").glob("*.csv"))) == 2


def test_queued_exports_survive_a_killed_redis(redis_server: RedisServer, wait_for: Callable[..., None]) -> None:
    with connect(redis_server.settings("scraper")) as connection:
        for number in range(20):
            connection.rpush(INBOX, delivery(SAMPLE + f'"Title {number}","1/1/26"\n'.encode()))
    redis_server.kill()
    redis_server.start()
    wait_for(lambda: answers(redis_server), "Redis answers again")
    with connect(redis_server.settings("processor")) as connection:
        assert connection.llen(INBOX) == 20


@pytest.mark.parametrize(
    ("size", "file"), [(5_000, "*.incr.aof"), (300_000, "*.base.*")], ids=["small", "rewritten while it waits"]
)
def test_no_copy_of_a_taken_export_stays_in_the_log_of_redis(
    redis_server: RedisServer, wait_for: Callable[..., None], size: int, file: str
) -> None:
    folder, mark = redis_server.folder / "redis-data", b"a title that was forgotten "

    def is_there(pattern: str) -> bool:
        return any(mark in path.read_bytes() for path in folder.rglob(pattern) if path.is_file())

    # By itself, Redis rewrites its log from 64 kB on, so also while a large export waits. Random: not compressed.
    with connect(redis_server.settings("scraper")) as connection:
        connection.rpush(INBOX, mark + os.urandom(size))
    wait_for(lambda: is_there(file), "Redis has written it down")
    with service(redis_server, "processor", "receive"):
        wait_for(lambda: not is_there("*"), "Redis has forgotten it")
    assert "- --auto-aof-rewrite-min-size 64kb\n" in (ROOT / "docker-compose.yml").read_text()


# --- jobs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_queued_jobs_survive_a_restart_of_redis_and_are_done(
    redis_server: RedisServer, wait_for: Callable[..., None], end: str
) -> None:
    """RQ writes jobs in transactions. Redis replays them as the user `default`, who is off but needs every right."""
    settings = redis_server.settings("processor")
    with connect(settings) as connection:
        for number in range(3):
            connection.rpush(INBOX, delivery(SAMPLE + f'"Title {number}","1/1/26"\n'.encode()))
            assert receive_one(connection, settings, 1)
            enqueue(INGEST_QUEUE, connection, INGEST_JOB)
        queued = queue(INGEST_QUEUE, connection).job_ids
    assert len(queued) == 3
    getattr(redis_server, end)()
    redis_server.start()
    wait_for(lambda: answers(redis_server), "Redis answers again")
    with connect(settings) as connection, service(redis_server, "processor", "work"):
        done = queue(INGEST_QUEUE, connection).finished_job_registry
        wait_for(lambda: set(queued) <= set(done.get_job_ids(cleanup=False)), "all queued jobs are done")


def test_only_listed_jobs_are_queued(redis_server: RedisServer) -> None:
    with connect(redis_server.settings("processor")) as connection, pytest.raises(UnlistedJob):
        enqueue(INGEST_QUEUE, connection, "os.system", "id")


def test_a_forged_job_is_refused_and_the_worker_goes_on(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """Somebody with the right to write jobs names os.system: it does not run, the next job does."""
    proof = redis_server.folder / "proof"
    with connect(redis_server.settings("processor")) as connection:
        forged = Queue(INGEST_QUEUE, connection=connection, serializer=JSONSerializer).enqueue(
            "os.system", f"touch {proof}"
        )
        connection.rpush(INBOX, delivery())
        assert receive_one(connection, redis_server.settings("processor"), 1)
        enqueue(INGEST_QUEUE, connection, INGEST_JOB)
        with service(redis_server, "processor", "work"):
            wait_for((redis_server.folder / "private/profiles/me/encodings.json").exists, "the export is read")
            wait_for(lambda: forged.get_status(refresh=True) == "failed", "the forged job failed")
        assert not proof.exists()


def test_a_dropped_file_becomes_a_release_and_stopping_is_clean(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    Datasite(redis_server.folder / "datasites", "me@example.org").set_up()
    drop = redis_server.folder / "drop"
    with service(redis_server, "scraper"), service(redis_server, "processor"), service(redis_server, "publisher"):
        (drop / ".part").write_bytes(SAMPLE)
        (drop / ".part").rename(drop / "NetflixViewingHistory.csv")
        wait_for(lambda: bool(releases(redis_server)), "a release is published")
    assert (drop / "done" / "NetflixViewingHistory.csv").read_bytes() == SAMPLE
    assert len(releases(redis_server)) == 1
    encodings = load_encodings(redis_server.folder / "private" / "profiles" / "me")
    assert encodings.vector.sum() > 50
    logs = b"".join(path.read_bytes() for path in redis_server.folder.glob("*.log"))
    for private in (b"Wednesday", b"Adolescence", b"me@example.org", b"NetflixViewingHistory"):
        assert private not in logs
    for name in ("scraper", "processor", "publisher"):
        assert redis_server.settings(name).redis_password.encode() not in logs


def test_an_archive_is_imported_as_asked_and_moves_when_it_is_asked_again(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """ViewingActivity.csv out of a zip, through the drop folder, Redis and both services, with options."""
    drop, profiles = redis_server.folder / "drop", redis_server.folder / "private" / "profiles"
    activity = (ROOT / "tests" / "fixtures" / "exports" / "ViewingActivity.csv").read_bytes()

    def put(options: str) -> None:
        (drop / ".report.zip.options").write_text(options)
        with zipfile.ZipFile(drop / ".report.zip.part", "w") as archive:
            archive.writestr("BILLING/BillingHistory.csv", b"never read")
            archive.writestr("CONTENT_INTERACTION/ViewingActivity.csv", activity)
        (drop / ".report.zip.part").rename(drop / "report.zip")

    with service(redis_server, "scraper"), service(redis_server, "processor"):
        put("profile=Anna\nonly=ann\n")
        wait_for((profiles / "Anna" / "encodings.json").exists, "the archive is read")
        assert len(load_encodings(profiles / "Anna").full) == 3, "one of Ann's four views is too short"
        put("profile=Everybody\nonly=Ann\nonly=Kids, room\n")
        wait_for((profiles / "Everybody" / "encodings.json").exists, "the archive is moved")
        wait_for(lambda: not (profiles / "Anna").exists(), "the old profile is gone")
        assert len(load_encodings(profiles / "Everybody").full) == 5
    raw = redis_server.folder / "private" / "raw"
    assert [path.read_bytes() for path in raw.glob("*.csv")] == [activity]
    logs = "".join((redis_server.folder / f"{name}.log").read_text() for name in ("scraper", "processor"))
    assert not any(word in logs for word in ("Ozark", "Anna", "report.zip"))


def test_a_worker_killed_in_mid_job_leaves_the_same_result_as_an_undisturbed_one(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """kill -9 of the whole worker while it rebuilds; the job is safe to run again, outputs are equal bit for bit."""
    folder = redis_server.folder / "private" / "profiles" / "me"
    rows = "".join(f'"Dark: Season 1: Episode {n}","{n % 12 + 1}/{n % 28 + 1}/25"\n' for n in range(40_000))
    settings = redis_server.settings("processor")
    with connect(settings) as connection:
        connection.rpush(INBOX, delivery(b"Title,Date\n" + rows.encode()))
        assert receive_one(connection, settings, 1)
        enqueue(INGEST_QUEUE, connection, INGEST_JOB)
        command = [sys.executable, "-W", "ignore", "-m", "services.processor", "work"]
        worker = subprocess.Popen(
            command,
            cwd=ROOT,
            env=redis_server.environment("processor"),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for((folder / ".lock").exists, "the job has begun")
        subprocess.run(["pkill", "-KILL", "-s", str(worker.pid)], check=False)
        worker.kill()
        worker.wait()
        assert queue(INGEST_QUEUE, connection).count == 0, "the job is not queued any more"
        with service(redis_server, "processor"):
            wait_for((folder / "encodings.json").exists, "the export is read")
    names = ("netflix_full.npy", "tvseries_views_sparse_vector.npy", "encodings.json")
    interrupted = {name: (folder / name).read_bytes() for name in names}
    from netflix_trend.history.tables import rebuild

    rebuild(settings.private_dir, "me", starter_vocabulary())
    assert {name: (folder / name).read_bytes() for name in names} == interrupted


def test_an_export_whose_job_was_lost_is_read_when_the_processor_starts(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """It is in raw/, but no job names it."""
    settings = redis_server.settings("processor")
    RawStore(settings.private_dir).save(unpack(delivery())[0], [SAMPLE])
    with service(redis_server, "processor"):
        wait_for(lambda: not participant.out_of_date(settings).outdated, "the export is read")
    assert load_encodings(redis_server.folder / "private" / "profiles" / "me").vector.sum() > 50
    assert "export read sha256=" in (redis_server.folder / "processor.log").read_text()


def test_outdated_profiles_are_retried_after_growing_waits(redis_server: RedisServer) -> None:
    """A file that kills every job must not keep the machine busy."""
    settings, now = redis_server.settings("processor"), [0.0]
    RawStore(settings.private_dir).save(unpack(delivery())[0], [SAMPLE])
    tried = []
    with connect(settings) as connection:
        jobs, reconciler = queue(INGEST_QUEUE, connection), Reconciler(connection, settings, lambda: now[0])
        for minute in range(20):
            now[0] = 60.0 * minute
            if reconciler.check():
                tried.append(minute)
                assert jobs.count == 1
                assert not reconciler.check(), "one job waits"
                connection.delete(jobs.key)  # the worker was killed with it
        assert tried == [0, 1, 3, 7, 15]
        RawStore(settings.private_dir).save(unpack(delivery(SAMPLE + b"x"))[0], [SAMPLE, b"x"])
        assert reconciler.check(), "something changed: it is tried at once"
        connection.delete(jobs.key)
        participant.refresh(settings)
        now[0] += 100_000
        assert not reconciler.check()
        RawStore(settings.private_dir).save(unpack(delivery())[0], [b"no export at all"])
        assert reconciler.check()
        connection.delete(jobs.key)
        assert participant.refresh(settings)
        for _ in range(3):
            now[0] += 100_000
            assert not reconciler.check(), "a file that cannot be used was tried once"


def test_what_is_forgotten_leaves_the_tables_and_is_deleted_in_the_end(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    """By another service: the page has no tables of its own to rebuild."""
    settings = redis_server.settings("processor")
    volume = PrivateVolume(settings.private_dir)
    export = RawStore(settings.private_dir).save(unpack(delivery())[0], [SAMPLE])
    with service(redis_server, "processor"):
        wait_for((volume.profile("me") / "built_from.json").exists, "the export is read")
        forgetting.forget(settings, [export], datetime.now(UTC))
        wait_for(lambda: not volume.profile("me").exists(), "nothing is left of the profile")
        assert volume.removed_export(export.sha256).exists()
        forgetting.bring_back(settings, datetime.now(UTC))
        forgetting.forget(settings, [export], datetime.now(UTC) - KEPT)
        wait_for(lambda: not volume.removed_export(export.sha256).exists(), "it is deleted for good")


def test_a_file_counts_as_queued_once_redis_has_it_on_disk(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = scraper.push_to(redis_server.settings("scraper"))
    on_disk: list[list[int]] = [[0, 0], [1, 0]]
    monkeypatch.setattr(Redis, "waitaof", lambda *_: on_disk.pop(0))
    with pytest.raises(NotOnDisk):
        push(delivery())
    push(delivery())
    assert not on_disk


@pytest.mark.parametrize(
    ("refusal", "is_known"), [("unknown command 'WAITAOF'", False), ("this user has no permissions", True)]
)
def test_a_redis_that_cannot_say_what_is_on_disk_is_believed_and_one_that_may_not_is_not(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, refusal: str, is_known: bool
) -> None:
    def refuse(*_: object) -> None:
        raise ResponseError(refusal)

    monkeypatch.setattr(Redis, "waitaof", refuse)
    push = scraper.push_to(redis_server.settings("scraper"))
    with pytest.raises(ResponseError) if is_known else contextlib.nullcontext():
        push(delivery())


def test_services_outlive_a_restart_of_redis(redis_server: RedisServer, wait_for: Callable[..., None]) -> None:
    with service(redis_server, "processor", "receive"):
        with connect(redis_server.settings("scraper")) as connection:
            connection.rpush(INBOX, delivery())
        raw = redis_server.folder / "private" / "raw"
        wait_for(lambda: len(list(raw.glob("*.csv"))) == 1, "the first export is kept")
        redis_server.kill()
        redis_server.start()
        wait_for(lambda: answers(redis_server), "Redis answers again")
        with connect(redis_server.settings("scraper")) as connection:
            connection.rpush(INBOX, delivery(SAMPLE + b'"One more","1/1/26"\n'))
        wait_for(lambda: len(list(raw.glob("*.csv"))) == 2, "the second export is kept")


def test_when_the_aggregators_vocabulary_arrives_profiles_are_rebuilt_with_it(
    redis_server: RedisServer, wait_for: Callable[..., None]
) -> None:
    profile = redis_server.folder / "private" / "profiles" / "me"
    other = Vocabulary.build(
        [CatalogueTitle(title="Dark", kind="series"), CatalogueTitle(title="Wednesday", kind="series")]
    )
    shared = Datasite(redis_server.folder / "datasites", "aggregator@example.org").app_data / "shared"
    shared.mkdir(parents=True)
    with service(redis_server, "processor"):
        with connect(redis_server.settings("scraper")) as connection:
            connection.rpush(INBOX, delivery())
        wait_for((profile / "encodings.json").exists, "the export is read")
        assert load_encodings(profile).vocabulary == starter_vocabulary().version
        write_atomically(shared / "vocabulary.json", other.to_bytes())
        wait_for(lambda: version_of(profile) == other.version, "the profile is rebuilt")
    encodings = load_encodings(profile)
    assert encodings.vector.shape == (2,)
    assert encodings.vector[1] > 0


def version_of(profile: Path) -> str:
    try:
        return load_encodings(profile).vocabulary
    except EncodingsError:
        return "being written"


def test_the_drop_folder_keeps_the_file_while_redis_is_down(redis_server: RedisServer) -> None:
    drop = redis_server.folder / "drop"
    (drop / "a.csv").write_bytes(SAMPLE)
    redis_server.kill()
    settings = redis_server.settings("scraper")
    now = iter(range(100))

    def push(message: bytes) -> None:
        with Redis(port=redis_server.port, username="scraper", password=settings.redis_password, retry=None) as client:
            client.rpush(INBOX, message)

    folder = DropFolder(drop, "me", push, clock=lambda: float(next(now)) * 10)
    folder.scan()
    with pytest.raises(RedisError):
        folder.scan()
    assert (drop / "a.csv").read_bytes() == SAMPLE


def test_an_unlisted_publish_job_does_not_exist() -> None:
    assert {INGEST_JOB, PUBLISH_JOB} == {"services.processor.jobs.ingest", "services.publisher.jobs.publish"}
