"""The scraper's container: watches the drop folder."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from redis.exceptions import RedisError

from netflix_trend.settings import load_settings
from services.common.connection import INBOX, connect
from services.common.logs import start_logging
from services.common.supervisor import beat
from services.scraper.drop_folder import DropFolder

_log = logging.getLogger("drop_folder")


def main() -> int:
    """Watch until a signal asks to stop. Returns the exit code."""
    start_logging("scraper")
    settings = load_settings()
    connection = connect(settings)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, lambda *_: stopped.set())

    def push(message: bytes) -> None:
        connection.rpush(INBOX, message)

    drop_folder = DropFolder(settings.output_dir, settings.netflix_profile, push, only=settings.activity_profiles)
    _log.info("watching the drop folder")
    while not stopped.wait(min(settings.poll_seconds, 1.0)):
        try:
            for line in drop_folder.look():
                _log.info(line)
        except RedisError as error:
            _log.warning("the queue cannot be reached (%s); files stay where they are", type(error).__name__)
        except OSError as error:
            _log.error("the drop folder cannot be used: %s; check its owner and rights", error.strerror)
        beat("scraper")
    return 0


if __name__ == "__main__":
    sys.exit(main())
