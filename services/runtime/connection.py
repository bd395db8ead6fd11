"""The connection to Redis that every service uses."""

from __future__ import annotations

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from netflix_trend.settings import Settings

# The scraper appends exports to this list; its Redis user has no other right.
INBOX = "inbox"
# A message is moved here while it is processed, so that a crash loses nothing.
RECEIVING = f"{INBOX}:receiving"
# Whether everything works, by the publisher for the scraper: `well` or `wrong`, for some minutes.
HEALTH = "health"
# So long Redis may take to write its log.
_DISK_MILLISECONDS = 10_000


class NotOnDisk(RedisError):
    """Redis has taken something and has not written it to its disk in time; it is to be sent again."""


def connect(settings: Settings, tries: int = 8) -> Redis:
    """Return a client that retries while the server restarts. It does not connect yet."""
    return Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        username=settings.redis_user,
        password=settings.redis_password or None,
        socket_connect_timeout=5,
        health_check_interval=0,
        retry=Retry(ExponentialBackoff(cap=2, base=0.1), tries),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )


def is_on_disk(connection: Redis) -> bool:
    """Return whether Redis has what this connection has written on its disk; waits some seconds for it.

    Redis answers before that, and later writes wait for a slow disk: killed then, it has forgotten what it said that it
    has. Before version 7.2 it cannot be asked; then the answer is yes. connection: a single one, not a pool.
    """
    try:
        on_this_machine, _replicas = connection.waitaof(1, 0, _DISK_MILLISECONDS)
    except ResponseError as error:
        if "unknown command" not in str(error):
            raise
        return True
    return bool(on_this_machine)
