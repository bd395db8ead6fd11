"""The one bit that the scraper learns, against a real Redis with the users of the containers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.exceptions import NoPermissionError, RedisError

from netflix_trend.notices import Notifier
from services.publisher.jobs import leave_health
from services.runtime.connection import HEALTH, INBOX, connect
from services.scraper.notices import notify
from tests.services.runtime.redis_server import RedisServer, redis_server  # noqa: F401

pytestmark = pytest.mark.redis


@dataclass(frozen=True)
class Told(Notifier):
    """Keeps what is told."""

    said: list[bool] = field(default_factory=list)

    def tell(self, *, is_well: bool) -> bool:
        self.said.append(is_well)
        return True


def test_the_scraper_tells_what_the_publisher_left_and_is_silent_without(
    redis_server: RedisServer,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publisher, scraper = redis_server.settings("publisher"), connect(redis_server.settings("scraper"), tries=0)
    told = Told("http://127.0.0.1", "", tmp_path / "memory")
    notify(scraper, told)
    assert told.said == [], "nothing was found yet"
    for name, value in redis_server.environment("publisher").items():
        monkeypatch.setenv(name, value)
    leave_health(publisher)
    own = connect(publisher)
    assert own.get(HEALTH) == b"wrong", "nobody has imported anything"
    assert 0 < own.ttl(HEALTH) <= 600, "it vanishes when the publisher ends"
    notify(scraper, told)
    own.set(HEALTH, "well", ex=600)
    leave_health(publisher)
    notify(scraper, told)
    own.set(HEALTH, "nonsense")
    notify(scraper, told)
    assert told.said == [False, True], "a moment later it is not found anew"
    redis_server.kill()
    notify(scraper, told)
    assert len(told.said) == 2


def test_the_scraper_can_read_this_bit_and_nothing_else(redis_server: RedisServer) -> None:  # noqa: F811
    scraper = connect(redis_server.settings("scraper"), tries=0)
    assert scraper.get(HEALTH) is None
    scraper.rpush(INBOX, b"x")
    for call in (
        lambda: scraper.get(INBOX),
        lambda: scraper.get("rq:job:x"),
        lambda: scraper.set(HEALTH, "well"),
        lambda: scraper.rpush(HEALTH, b"x"),
        lambda: scraper.lrange(INBOX, 0, -1),
    ):
        with pytest.raises((NoPermissionError, RedisError)) as refused:
            call()
        assert isinstance(refused.value, NoPermissionError)
