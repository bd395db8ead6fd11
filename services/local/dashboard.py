"""`./run.sh dashboard` without Docker: the participant's pages and all services in one process."""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition, Lock, Thread
from typing import IO, TYPE_CHECKING

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from netflix_trend.causes import reason_of, why
from netflix_trend.delivery.archive import ArchiveError
from netflix_trend.delivery.copies import UPLOAD
from netflix_trend.delivery.downloads import downloads_folder
from netflix_trend.delivery.inbox import OptionError
from netflix_trend.env_file import EnvFileError
from netflix_trend.history.attempts import RebuildStopped
from netflix_trend.history.raw import RawExport
from netflix_trend.language import _, in_english
from netflix_trend.layout import DEMO_SETTINGS
from netflix_trend.names import EXAMPLE_AGGREGATOR, EXAMPLE_ME
from netflix_trend.participant import participant
from netflix_trend.participant.demo import Demo, DemoUnfinished, read_demo
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, SettingsError, load_settings
from services.dashboard.backend import Refused, RefusedFile, Service, SetupPlace
from services.dashboard.downloads import Downloads
from services.dashboard.dropped import dropped, refused_files
from services.dashboard.imports import imported_files
from services.dashboard.others import read_statistics
from services.dashboard.sent import not_used
from services.dashboard.text import shown
from services.dashboard.web import create_app
from services.local.__main__ import publish_once
from services.local.current_app import CurrentApp, SettingsFile
from services.runtime.logs import start_logging

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# After so long without a visitor, the page of an app gives its memory back.
QUIET_SECONDS = 600.0


@dataclass
class OneProcess:
    """The services as functions: files are read before the page answers, and the publisher runs when asked.

    file: where settings are kept; None where they are not to be changed, as in a demo. watches: whether an app beside
    this process takes files from the drop folder.
    """

    settings: Settings
    today: Callable[[], date]
    runs_by_itself: bool = False
    sees_syftbox: bool = True
    file: SettingsFile | None = None
    watches: bool = False
    downloads: Downloads = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.downloads = Downloads(self.settings.downloads_dir or downloads_folder(os.environ, Path.home()))

    def deliver(self, part: Path, name: str, options: Mapping[str, str]) -> str:
        """Import the file and rebuild the tables."""
        # In a folder of its own: the drop folder may contain the person's file of the same name.
        with TemporaryDirectory(dir=part.parent, prefix=UPLOAD) as folder:
            place = part.replace(Path(folder) / name)
            try:
                with self._lock, in_english():
                    days = participant.import_days(self.settings)
                    raw = participant.take_file(
                        self.settings,
                        place,
                        "dashboard",
                        profile=options.get("profile"),
                        date_order=options.get("date_order"),  # type: ignore[arg-type]
                    )
                    participant.refresh(self.settings)
            except (ArchiveError, OptionError, RebuildStopped) as refusal:
                raise Refused(str(refusal)) from None
            except OSError as problem:
                raise Refused(why(problem)) from None
        self.run_publisher()
        # Who gives options wants the same file to be read in another way.
        again = "" if options else participant.already_imported(raw, days)
        return f"{_became_of(self.settings, raw)} {again}".rstrip()

    def rebuild(self) -> None:
        """Rebuild the tables now."""
        with self._lock, in_english():
            participant.refresh(self.settings)

    def run_publisher(self) -> None:
        """Run the publisher now."""
        with self._lock, in_english():
            publish_once(self.settings, self.today())

    @property
    def setup(self) -> SetupPlace:
        """Where settings are changed: on this page, unless there is no file for them."""
        return "page" if self.file else "none"

    def keep_settings(self, values: Mapping[str, str]) -> None:
        """Set values in .env; the next page follows them."""
        assert self.file
        try:
            self.file.keep(values)
        except (EnvFileError, OSError) as problem:
            raise Refused(
                _("%(name)s could not be changed: %(problem)s", name=self.file.path.name, problem=reason_of(problem))
            ) from None

    def pending(self) -> int:
        """Return how many files wait in the drop folder: uploaded ones are read at once."""
        return len(dropped(self.settings.output_dir)) if self.watches else 0

    def services(self) -> list[Service]:
        """Return this process as the only service, with the app beside it."""
        return [Service("this process", "fine", _("Everything runs in it, without Docker."))]

    def refused_files(self) -> list[RefusedFile]:
        """Return the files that the app has refused: uploaded ones are refused at once."""
        return refused_files(self.settings.output_dir) if self.watches else []


def _became_of(settings: Settings, raw: RawExport) -> str:
    """Return what became of a file, as a sentence that leads to the account of it on the page. Raises Refused if it
    cannot be used.

    The tables tell, also of a file that was refused earlier and is not read again.
    """
    files = [file for file in imported_files(settings.private_dir) if file.sha256 == raw.sha256]
    if any(file.asks for file in files):
        return _("One question about this file is below; nothing of it counts before you answer.")
    errors = [file.error for file in files if file.error]
    if errors or not files:
        raise Refused(not_used(shown(raw.name, 60), errors[0] if errors else _("It is in none of your tables.")))
    return _("The file was read. What became of its rows is below.")


class Visits:
    """Notices when nobody has visited an application for a while. clock: seconds of a monotonic clock."""

    def __init__(self, app: WSGIApplication, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._clock = app, clock
        self._latest, self._open, self._changed = clock(), 0, Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a visitor."""
        self._count(1)
        try:
            return self._app(environ, start_response)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._open, self._latest = self._open + change, self._clock()
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until every visitor is answered."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open)

    def are_over(self) -> bool:
        """Return whether nobody is being answered, nor was for QUIET_SECONDS."""
        return not self._open and self._clock() - self._latest >= QUIET_SECONDS


def end_when_over(server: BaseWSGIServer, visits: Visits, app: IO[bytes]) -> None:
    """End a server when nobody visits it any more, or the app that started it has ended. app: ends with the app."""
    while not visits.are_over():
        ready, _, _ = select.select([app], [], [], QUIET_SECONDS / 10)
        if ready and not app.read(1):
            break
    server.shutdown()


def serve(demo: Path | None = None, file: SettingsFile | None = None, socket: int | None = None) -> int:
    """Serve the page until Ctrl-C. Returns the exit code.

    demo: folder with the results of a demo; its participant's pages are served. file: where settings are kept; the page
    follows its changes. socket: an open socket of an app, which serves the next visitor again after this one has ended.
    """
    start_logging("dashboard")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        settings, today = (load_settings(), date.today) if demo is None else demo_settings(demo)
        participant.refresh(settings)
        about = None if demo is None else read_demo(demo)
        visits = Visits(application(settings, today, file, watches=socket is not None, demo=about))
        server = make_server("127.0.0.1", settings.dashboard_port, visits, threaded=True, fd=socket)
    except (SettingsError, OSError) as problem:
        what = why(problem) if isinstance(problem, OSError) else problem
        print(f"dashboard: {what}", file=sys.stderr)  # noqa: T201
        return 1
    if socket is not None:
        # Not in this thread: it would wait for itself.
        signal.signal(signal.SIGTERM, lambda *_: Thread(target=server.shutdown).start())
        Thread(target=end_when_over, args=(server, visits, sys.stdin.buffer), daemon=True).start()
    else:
        print(f"Open http://127.0.0.1:{settings.dashboard_port}  (Ctrl-C ends it)", flush=True)  # noqa: T201
    try:
        server.serve_forever()
    finally:
        server.server_close()
    visits.finish()
    return 0


def application(
    settings: Settings,
    today: Callable[[], date],
    file: SettingsFile | None = None,
    *,
    watches: bool = False,
    demo: Demo | None = None,
) -> Flask | CurrentApp:
    """Return the page with all services behind it; with a file, one that follows its changes.

    watches: see OneProcess. demo: whose results are shown.
    """
    if file is None:
        return create_app(settings, OneProcess(settings, today, watches=watches), today, demo)
    return CurrentApp(file, settings, lambda now: OneProcess(now, today, file=file, watches=watches), today)


def demo_settings(root: Path) -> tuple[Settings, Callable[[], date]]:
    """Return the settings of a demo's participant, and its current day: the one after its last week.

    Raises SettingsError if the folder holds no whole demo.
    """
    root = root.absolute()
    try:
        read_demo(root)
    except DemoUnfinished as problem:
        raise SettingsError(str(problem)) from None
    settings = load_settings(
        private_dir=root / "private",
        publisher_dir=root / "publisher",
        datasites_dir=root / "datasites",
        output_dir=root / "drop",
        syftbox_email=EXAMPLE_ME,
        aggregator_datasite=EXAMPLE_AGGREGATOR,
        **_operators_of(root / DEMO_SETTINGS),
    )
    latest = read_statistics(settings, "latest")
    day = Week.parse(latest.round).sunday + timedelta(days=1) if latest else date.today()
    return settings, lambda: day


def _operators_of(file: Path) -> dict[str, str]:
    """Return the settings that a demo whose reports are summed has left."""
    try:
        found: dict[str, str] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise SettingsError(f"{file} is damaged; run ./run.sh demo again") from None
    return found
