"""Import exports and answer what is due, once, in one process: `./run.sh once [EXPORT ...]`.

The app, cron or a person may run it any number of times, also at the same time.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from netflix_trend.delivery.inbox import unpack
from netflix_trend.history.household import Choose
from netflix_trend.history.raw import RawExport
from netflix_trend.notices import Notifier
from netflix_trend.participant import participant
from netflix_trend.participant.due import Record
from netflix_trend.participant.status import PublisherStatus, described
from netflix_trend.participant.upkeep import tidy_private
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.status_table import works
from netflix_trend.storage.files import file_state
from netflix_trend.syftbox.datasite import Datasite
from services.processor.rebuilding import rebuild
from services.runtime.logs import start_logging

_log = logging.getLogger("drop_folder")


def once(
    exports: Sequence[Path] = (),
    *,
    profile: str | None = None,
    date_order: str | None = None,
    only: Sequence[str] = (),
    choose: Choose | None = None,
    arrived: Sequence[str] = (),
    record: Record | None = None,
) -> int:
    """Import the named files, with the options of `./run.sh import`, then publish. Returns 0, or 1 after an error.

    arrived: complete files of the drop folder, in words of `netflix_trend.delivery.settled`. record: where a run that
    ends well is written down.
    """
    start_logging("once")
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"once: {error}", file=sys.stderr)  # noqa: T201
        return 1
    today = date.today()
    run = record.begin(today) if record else None
    failed = take_arrived(settings, arrived) if arrived else 0
    if not failed:
        participant.nothing_waits(settings)
    if exports:
        from services.processor.importing import import_files  # DuckDB takes longer than all the rest

        failed += import_files(exports, profile=profile, date_order=date_order, only=only, choose=choose)
    status = publish_once(settings, today)
    notifier = Notifier(settings.notice_url, settings.notice_topic, settings.publisher_dir / ".notices.json")
    if notifier.is_on:
        from services.publisher.status import rows  # not needed by anybody else here

        notifier.tell(is_well=works(rows()))
    lines = described(status)
    print("\n".join(lines))  # noqa: T201
    problems = participant.import_problems(settings)
    for problem in problems:
        print(f"once: {problem}", file=sys.stderr)  # noqa: T201
    if failed or problems or status.state == "problem":
        return 1
    if record and run:
        record.end(run, lines)
    return 0


def store(settings: Settings, message: bytes) -> RawExport:
    """Take the export in a message, as Docker's processor takes it out of the queue. Raises OSError."""
    delivery, blocks = unpack(message)
    return participant.take(settings, blocks, delivery)


def take_arrived(settings: Settings, words: Sequence[str]) -> int:
    """Take complete files out of the drop folder. Returns how many of them are still there."""
    from netflix_trend.delivery.drop_folder import DropFolder
    from netflix_trend.delivery.settled import from_word

    def keep(message: bytes) -> None:
        store(settings, message)

    folder = DropFolder(settings.output_dir, settings.netflix_profile, keep)
    left = 0
    for word in words:
        path, state = from_word(settings.output_dir, word)
        try:
            for line in folder.take(path, state):
                _log.info(line)
        except OSError as error:
            _log.error("a file cannot be stored: %s; it stays in the drop folder", error.strerror)
        left += path.exists() and file_state(path.lstat()) == state
    return left


def publish_once(settings: Settings, today: date) -> PublisherStatus:
    """Rebuild what is out of date, answer what is due, and delete for good what was forgotten before that."""
    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    if settings.is_trial:
        site.set_up()  # no SyftBox will ever do it
    rebuild(settings)
    status = participant.publish(settings, today)
    tidy_private(settings, datetime.now(UTC), settings.output_dir)
    return status
