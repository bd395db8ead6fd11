"""`./run.sh dashboard` without Docker: the participant's pages and all services in one process."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from flask import Flask
from werkzeug.serving import make_server

from netflix_trend.delivery.archive import ArchiveError
from netflix_trend.env_file import EnvFileError
from netflix_trend.layout import DEMO_SETTINGS
from netflix_trend.participant import participant
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, SettingsError, load_settings
from services.dashboard.backend import Refused, RefusedFile, Service, SetupPlace
from services.dashboard.others import read_statistics
from services.dashboard.web import create_app
from services.local.__main__ import publish_once
from services.local.current_app import CurrentApp, SettingsFile
from services.runtime.logs import start_logging


@dataclass
class OneProcess:
    """The services as functions: files are read before the page answers, and the publisher runs when asked.

    file: where settings are kept; None where they are not to be changed, as in a demo.
    """

    settings: Settings
    today: Callable[[], date]
    runs_by_itself: bool = False
    sees_syftbox: bool = True
    file: SettingsFile | None = None
    _lock: Lock = field(default_factory=Lock)

    def deliver(self, part: Path, name: str, options: Mapping[str, str]) -> str:
        """Import the file and rebuild the tables."""
        # In a folder of its own: the drop folder may contain the person's file of the same name.
        with TemporaryDirectory(dir=part.parent, prefix=".upload-") as folder:
            place = part.replace(Path(folder) / name)
            try:
                with self._lock:
                    participant.take_file(
                        self.settings,
                        place,
                        "dashboard",
                        profile=options.get("profile"),
                        date_order=options.get("date_order"),  # type: ignore[arg-type]
                        only=tuple(options["only"].split(";")) if "only" in options else None,
                    )
                    participant.refresh(self.settings)
            except ArchiveError as refusal:
                raise Refused(str(refusal)) from None
        self.run_publisher()
        return "The file was read. What became of its rows is below."

    def run_publisher(self) -> None:
        """Run the publisher now."""
        with self._lock:
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
            raise Refused(f"{self.file.path.name} could not be changed: {problem}") from None

    def pending(self) -> int:
        """Return 0: files are read at once."""
        return 0

    def services(self) -> list[Service]:
        """Return this process as the only service."""
        return [Service("this process", "fine", "Everything runs in it, without Docker.")]

    def refused_files(self) -> list[RefusedFile]:
        """Return none: files are refused at once."""
        return []


def serve(demo: Path | None = None, file: SettingsFile | None = None) -> int:
    """Serve the page until Ctrl-C. Returns the exit code.

    demo: folder with the results of a demo; its participant's pages are served. file: where settings are kept; the page
    follows its changes.
    """
    start_logging("dashboard")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        settings, today = (load_settings(), date.today) if demo is None else demo_settings(demo)
        participant.refresh(settings)
        server = make_server("127.0.0.1", settings.dashboard_port, application(settings, today, file), threaded=True)
    except (SettingsError, OSError) as problem:
        print(f"dashboard: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"Open http://127.0.0.1:{settings.dashboard_port}  (Ctrl-C ends it)", flush=True)  # noqa: T201
    try:
        server.serve_forever()
    finally:
        server.server_close()
    return 0


def application(settings: Settings, today: Callable[[], date], file: SettingsFile | None = None) -> Flask | CurrentApp:
    """Return the page with all services behind it; with a file, one that follows its changes."""
    if file is None:
        return create_app(settings, OneProcess(settings, today), today)
    return CurrentApp(file, settings, lambda now: OneProcess(now, today, file=file), today)


def demo_settings(root: Path) -> tuple[Settings, Callable[[], date]]:
    """Return the settings of a demo's participant, and its current day: the one after its last week."""
    root = root.absolute()
    if not (root / "private").is_dir():
        raise SettingsError(f"{root} holds no demo; run ./run.sh demo first")
    settings = load_settings(
        private_dir=root / "private",
        publisher_dir=root / "publisher",
        datasites_dir=root / "datasites",
        output_dir=root / "drop",
        syftbox_email="me@example.org",
        aggregator_datasite="aggregator@example.org",
        join="at_once",
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
