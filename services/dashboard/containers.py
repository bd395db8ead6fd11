"""The services in containers, as the dashboard sees them: through the drop folder and Redis."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from netflix_trend.delivery.copies import options_beside, options_of_copy
from netflix_trend.language import _, marked
from netflix_trend.layout import heartbeat
from netflix_trend.participant.rows import ago
from netflix_trend.settings import Settings
from netflix_trend.storage.files import state_of, write_atomically
from services.dashboard.backend import Refused, RefusedFile, Service, SetupPlace
from services.dashboard.dropped import dropped, refused_files
from services.dashboard.text import number
from services.runtime.connection import INBOX, RECEIVING, connect
from services.runtime.queue import INGEST_JOB, INGEST_QUEUE, PUBLISH_JOB, PUBLISH_QUEUE, enqueue, queue, state_of_queue

# A file in the drop folder is taken within seconds.
_TAKEN_SECONDS = 30.0
# It looks every second.
_SILENT_SECONDS = 300.0
# The results of its browser lie beside the cookies, which this service must not read.
_BROWSER = marked("If you use its browser, ./run.sh doctor shows its state.")


@dataclass(frozen=True)
class Containers:
    """The services in containers: files go through the drop folder, questions to Redis."""

    settings: Settings
    runs_by_itself: bool = True
    sees_syftbox: bool = False

    @property
    def setup(self) -> SetupPlace:
        """In a terminal: this container sees neither other datasites nor .env."""
        return "terminal"

    @property
    def downloads(self) -> None:
        """Nothing: this container does not see the person's downloads folder."""
        return None

    def keep_settings(self, values: Mapping[str, str]) -> None:
        """Refuse: .env is not in this container."""
        raise Refused(_("Nothing was changed: settings are changed by ./run.sh setup in a terminal."))

    def deliver(self, part: Path, name: str, options: Mapping[str, str]) -> str:
        """Move the file into the drop folder, what to do with it first."""
        folder = self.settings.output_dir
        stem, suffix, count = Path(name).stem, Path(name).suffix, 1
        while (folder / name).exists():
            count += 1
            name = f"{stem}-{count}{suffix}"
        write_atomically(options_beside(folder / name), options_of_copy(options.items()))
        part.chmod(0o644)
        part.rename(folder / name)
        return _("The file is in the drop folder. It is being read; this takes a few seconds.")

    def rebuild(self) -> None:
        """Queue a rebuild; without Redis the processor notices by itself what is out of date."""
        with suppress(RedisError):
            enqueue(INGEST_QUEUE, self._redis(), INGEST_JOB)

    def run_publisher(self) -> None:
        """Queue a run; without Redis the publisher's own clock starts one within a minute."""
        with suppress(RedisError):
            enqueue(PUBLISH_QUEUE, self._redis(), PUBLISH_JOB)

    def pending(self) -> int:
        """Count files in the drop folder, in the inbox and in the queue."""
        redis = self._redis()
        try:
            queued = int(redis.llen(INBOX)) + int(redis.llen(RECEIVING)) + queue(INGEST_QUEUE, redis).count
            queued += queue(INGEST_QUEUE, redis).started_job_registry.get_job_count(cleanup=False)
        except RedisError:
            queued = 0
        return len(self._dropped()) + queued

    def services(self) -> list[Service]:
        """Return the states by the drop folder and Redis."""
        oldest = min((path.stat().st_mtime for path in self._dropped()), default=time.time())
        late = time.time() - oldest > _TAKEN_SECONDS
        scraper = Service("scraper", "broken", _("A file in the drop folder is not taken. Is the scraper running?"))
        seen = state_of(heartbeat(self.settings.output_dir, "scraper"))
        silent = time.time() - seen[2] / 1e9 if seen else 0.0
        found = [
            scraper
            if late
            else Service("scraper", "broken", _("It was last at work %(ago)s: ./run.sh up", ago=ago(silent)))
            if silent > _SILENT_SECONDS
            else Service("scraper", "fine", " ".join([_("No file waits in the drop folder."), _(_BROWSER)]))
        ]
        redis = self._redis()
        try:
            redis.llen(INBOX)
        except RedisError:
            return [*found, Service("redis", "broken", _("It does not answer: ./run.sh up"))]
        found.append(Service("redis", "fine", _("It answers.")))
        for name, title in ((INGEST_QUEUE, "processor"), (PUBLISH_QUEUE, "publisher")):
            found.append(self._worker(redis, name, title))
        return found

    def _worker(self, redis: Redis, name: str, title: str) -> Service:
        jobs = state_of_queue(name, redis)
        words = _(
            "%(waiting)s waiting, %(failed)s failed in the last day.",
            waiting=number(jobs.waiting),
            failed=number(jobs.failed),
        )
        if not jobs.has_worker:
            return Service(title, "broken", _("It does not run: ./run.sh up. %(jobs)s", jobs=words))
        return Service(title, "waiting" if jobs.failed else "fine", _("It runs. %(jobs)s", jobs=words))

    def refused_files(self) -> list[RefusedFile]:
        """Read the reasons beside the files in `refused/`."""
        return refused_files(self.settings.output_dir)

    def _dropped(self) -> list[Path]:
        return dropped(self.settings.output_dir)

    def _redis(self) -> Redis:
        # A page must not wait.
        return connect(self.settings, tries=0)
