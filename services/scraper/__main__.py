"""The scraper's container: watches the drop folder, and runs the browser when asked."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable

from redis.exceptions import RedisError

from netflix_trend.delivery.drop_folder import DropFolder
from netflix_trend.notices import Notifier
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.storage.janitor import tidy_daily
from netflix_trend.storage.migrations import SCRAPER, NewerFormat, bring_up_to_date
from services.runtime.connection import INBOX, NotOnDisk, connect, is_on_disk
from services.runtime.logs import start_logging
from services.runtime.supervisor import beat
from services.scraper.confidential import keep_confidential
from services.scraper.notices import notify_for_ever
from services.scraper.scheduled import ScheduledRuns

_log = logging.getLogger("drop_folder")
# What notices were sent last, beside the browser's state.
_MEMORY = ".notices.json"


def watch(settings: Settings) -> int:
    """Watch until a signal asks to stop. Returns the exit code."""
    start_logging("scraper")
    push = push_to(settings)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    drop_folder = DropFolder(settings.output_dir, settings.netflix_profile, push)
    runs = _scheduled(settings)
    if (notifier := Notifier(settings.notice_url, settings.notice_topic, settings.scraper_dir / _MEMORY)).is_on:
        connection = connect(settings, tries=0)
        threading.Thread(target=notify_for_ever, args=(connection, notifier, stopped), daemon=True).start()
    _log.info("watching the drop folder")
    while not stopped.wait(min(settings.poll_seconds, 1.0)):
        try:
            for line in drop_folder.scan():
                _log.info(line)
        except RedisError as error:
            _log.warning("the queue cannot be reached (%s); files stay where they are", type(error).__name__)
        except OSError as error:
            _log.error("the drop folder cannot be used: %s; check its owner and rights", error.strerror)
        tidy_daily(settings.scraper_dir, time.time(), drop=settings.output_dir)
        if runs is not None:
            runs.check()
        beat("scraper", settings.output_dir)
    if runs is not None:
        runs.stop()
    return 0


def _scheduled(settings: Settings) -> ScheduledRuns | None:
    if settings.scrape_every != "weekly":
        return None
    if shutil.which("chromedriver") is None:
        _log.warning("SCRAPE_EVERY is set, but this image has no browser: SCRAPER_TARGET=browser")
        return None
    return ScheduledRuns(settings.scraper_dir)


def push_to(settings: Settings) -> Callable[[bytes], None]:
    """Return what puts a message into the queue. It raises RedisError while the queue has it not on its disk."""
    connection = connect(settings)

    def push(message: bytes) -> None:
        # It is waited for on the connection that has written.
        with connection.client() as one:  # type: ignore[no-untyped-call]
            one.rpush(INBOX, message)
            if not is_on_disk(one):
                raise NotOnDisk("the queue has not written a file to its disk yet")

    return push


def main() -> int:
    """Run one verb. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.scraper")
    verbs = ("watch", "scrape", "login", "import-cookies", "doctor", "reset")
    parser.add_argument("verb", nargs="?", choices=verbs, default="watch")
    parser.add_argument("--port", type=int, default=8765, help="port of the sign-in page on 127.0.0.1")
    parser.add_argument("--listen", default="127.0.0.1", help="address the sign-in page listens on; for containers")
    arguments = parser.parse_args()
    try:
        if os.environ.get("NETFLIX_PASSWORD"):
            raise SettingsError(
                "NETFLIX_PASSWORD: a password in the environment can be read by others. Put it into a file."
            )
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        bring_up_to_date(settings.scraper_dir, SCRAPER)
    except NewerFormat as newer:
        sys.stderr.write(f"{newer}\n")
        return 2
    if arguments.verb == "watch":
        return watch(settings)
    keep_confidential()
    try:
        from services.scraper import commands
    except ModuleNotFoundError:
        sys.stderr.write(
            "This image has no browser. Set SCRAPER_TARGET=browser and build it again, or import a file.\n"
        )
        return 2
    if arguments.verb == "login":
        return commands.login(settings, push_to(settings), arguments.listen, arguments.port)
    if arguments.verb == "scrape":
        return commands.scrape(settings, push_to(settings))
    if arguments.verb == "import-cookies":
        return commands.import_cookies(settings, sys.stdin.buffer)
    return commands.doctor(settings) if arguments.verb == "doctor" else commands.reset(settings)


if __name__ == "__main__":
    sys.exit(main())
