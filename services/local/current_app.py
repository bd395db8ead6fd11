"""The participant's page with the settings of now: it is made anew when .env has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from flask import Flask

from netflix_trend.env_file import set_values
from netflix_trend.participant import participant
from netflix_trend.settings import Settings, SettingsError
from netflix_trend.storage.files import state_of
from services.dashboard.web import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from services.dashboard.backend import Backend

_log = logging.getLogger("dashboard")


@dataclass(frozen=True)
class SettingsFile:
    """The file .env, and the settings that follow from it. load: reads them anew; raises SettingsError."""

    path: Path
    load: Callable[[], Settings]

    def keep(self, values: Mapping[str, str]) -> None:
        """Set values in it. Raises EnvFileError, OSError."""
        set_values(self.path, values)


class CurrentApp:
    """A WSGI application. settings: those it begins with. serve: makes the services behind a page."""

    def __init__(
        self,
        file: SettingsFile,
        settings: Settings,
        serve: Callable[[Settings], Backend],
        today: Callable[[], date] = date.today,
    ) -> None:
        self._file, self._serve, self._today, self._port = file, serve, today, settings.dashboard_port
        self._lock, self._state = Lock(), state_of(file.path)
        self._app = self._made(settings)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        return self._current()(environ, start_response)

    def _current(self) -> Flask:
        with self._lock:
            if (state := state_of(self._file.path)) != self._state:
                self._state = state
                try:
                    # The port is taken since the start.
                    settings = self._file.load().model_copy(update={"dashboard_port": self._port})
                    participant.refresh(settings)
                    app = self._made(settings)
                except SettingsError as problem:
                    _log.warning("%s has changed and cannot be used; the settings stay as they were: %s",
                                 self._file.path.name, problem)  # fmt: skip
                else:
                    # Forms of pages that are open keep their tokens.
                    app.secret_key = self._app.secret_key
                    self._app = app
            return self._app

    def _made(self, settings: Settings) -> Flask:
        return create_app(settings, self._serve(settings), self._today)
