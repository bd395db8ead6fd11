"""The page's side of the queue, against a real Redis with the users of the containers."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import NoPermissionError

from netflix_trend.delivery.downloads import NETFLIX_PAGE
from netflix_trend.layout import heartbeat
from services.dashboard.backend import Service
from services.dashboard.containers import Containers
from services.dashboard.web import create_app
from services.runtime.connection import INBOX, connect
from services.runtime.queue import INGEST_JOB, INGEST_QUEUE, PUBLISH_QUEUE, enqueue, queue
from services.runtime.supervisor import beat
from tests.services.dashboard.participant import ORIGIN, TODAY, settings_in
from tests.services.runtime.redis_server import RedisServer, redis_server  # noqa: F401

pytestmark = pytest.mark.redis


def states(found: list[Service]) -> dict[str, str]:
    return {service.name: service.state for service in found}


@pytest.fixture
def containers(redis_server: RedisServer) -> Containers:  # noqa: F811
    return Containers(redis_server.settings("dashboard"))


def test_a_container_does_not_see_the_downloads_folder(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    client = create_app(settings, Containers(settings), lambda: TODAY).test_client()
    text = client.get("/", base_url=ORIGIN).text
    assert f'href="{NETFLIX_PAGE}"' in text
    assert "Come back to this page, and upload the file below." in text
    assert "/fetch/" not in text
    token = re.search(r'name="token" value="(\w+)"', text)
    for path in ("/fetch/look", "/fetch/take"):
        client.post(path, base_url=ORIGIN, headers={"Origin": ORIGIN}, data={"token": token and token[1]})
        assert "which does not see your downloads. Upload the file." in client.get("/", base_url=ORIGIN).text


def test_only_the_publisher_is_asked_to_run(containers: Containers, redis_server: RedisServer) -> None:  # noqa: F811
    containers.run_publisher()
    assert queue(PUBLISH_QUEUE, connect(redis_server.settings("publisher"))).count == 1
    own = connect(containers.settings)
    forbidden: list[Any] = [
        lambda: enqueue(INGEST_QUEUE, own, INGEST_JOB, "0" * 64, "me"),
        lambda: own.rpush(INBOX, "x"),
        lambda: own.lrange(INBOX, 0, -1),
        lambda: own.get("rq:job:x"),
        lambda: own.hgetall("rq:job:x"),
        lambda: own.delete("rq:queue:publish"),
        lambda: own.keys("*"),
        lambda: own.config_get("*"),
        own.flushall,
    ]
    for call in forbidden:
        with pytest.raises(NoPermissionError):
            call()
    assert queue(INGEST_QUEUE, connect(redis_server.settings("processor"))).count == 0


def test_pending_files_are_counted(containers: Containers, redis_server: RedisServer) -> None:  # noqa: F811
    assert containers.pending() == 0
    (redis_server.folder / "drop" / "a.csv").touch()
    (redis_server.folder / "drop" / ".b.csv.part").touch()
    assert containers.pending() == 1
    connect(redis_server.settings("scraper")).rpush(INBOX, "x")
    enqueue(INGEST_QUEUE, connect(redis_server.settings("processor")), INGEST_JOB, "0" * 64, "me")
    assert containers.pending() == 3


def test_it_says_which_service_does_not_run(containers: Containers, redis_server: RedisServer) -> None:  # noqa: F811
    assert states(containers.services()) == {
        "scraper": "fine",
        "redis": "fine",
        "processor": "broken",
        "publisher": "broken",
    }
    redis_server.kill()
    found = containers.services()
    assert states(found) == {"scraper": "fine", "redis": "broken"}
    assert "./run.sh up" in found[-1].sentence
    containers.run_publisher()
    assert containers.pending() == 0


def test_a_file_that_is_not_taken_is_reported(containers: Containers, redis_server: RedisServer) -> None:  # noqa: F811
    path = redis_server.folder / "drop" / "a.csv"
    path.touch()
    os.utime(path, (1, 1))
    assert states(containers.services())["scraper"] == "broken"


def test_a_scraper_that_has_not_looked_for_long_is_broken(containers: Containers, redis_server: RedisServer) -> None:  # noqa: F811
    beat("scraper", containers.settings.output_dir)
    assert states(containers.services())["scraper"] == "fine"
    os.utime(heartbeat(containers.settings.output_dir, "scraper"), (1, 1))
    assert states(containers.services())["scraper"] == "broken"
    assert containers.pending() == 0, "its heartbeat is no file of the person"


def test_an_upload_goes_into_the_drop_folder_with_its_options_and_replaces_no_file(tmp_path: Path) -> None:
    from tests.services.dashboard.participant import settings_in

    containers = Containers(settings_in(tmp_path))
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.csv").write_text("first")
    part = drop / ".upload-x.part"
    part.write_text("second")
    containers.deliver(part, "a.csv", {"profile": "Ann", "date_order": "dmy"})
    assert (drop / "a.csv").read_text() == "first"
    assert (drop / "a-2.csv").read_text() == "second"
    assert (drop / ".a-2.csv.options").read_text() == "profile=Ann\ndate_order=dmy\ncopy=yes\n"
    assert oct((drop / "a-2.csv").stat().st_mode)[-3:] == "644"
    assert not part.exists()


def test_refused_files_are_listed_with_their_reasons(tmp_path: Path) -> None:
    from tests.services.dashboard.participant import settings_in

    refused = tmp_path / "drop" / "refused"
    refused.mkdir(parents=True)
    (refused / "bad\u202e.csv.reason.txt").write_text("too large <b>\nPut another one.")
    (refused / "link.csv.reason.txt").symlink_to("/etc/hostname")
    (found,) = Containers(settings_in(tmp_path)).refused_files()
    assert found.reason == "too large <b> Put another one."
    assert "\u202e" not in found.name
