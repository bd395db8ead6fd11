"""The browser without Docker: this machine's own Chromium, driven by the code of the scraper's container.

What it fetches is taken as any import is. Nothing confines the browser here but its own sandbox, so it is on unless the
person has set CHROMIUM_SANDBOX=off.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from netflix_trend.causes import cause
from netflix_trend.history.raw import RawExport
from netflix_trend.settings import Settings, SettingsError, load_settings
from services.local.__main__ import store
from services.scraper import commands
from services.scraper.confidential import keep_confidential
from services.scraper.failures import Failure
from services.scraper.run_state import RunState


def scrape() -> int:
    """Fetch the history once, and import it. Returns the exit code."""
    return _imported(commands.scrape)


def login(port: int) -> int:
    """Let the person sign in on a page on 127.0.0.1, and import the history. Returns the exit code."""
    return _imported(lambda settings, push: commands.login(settings, push, "127.0.0.1", port))


def _imported(fetch: Callable[[Settings, Callable[[bytes], None]], int]) -> int:
    """Import what a command fetches. Returns the exit code."""
    taken: dict[str, str] = {}

    def act(settings: Settings) -> int:
        def keep(message: bytes) -> None:
            export = _stored(settings, message)
            taken[export.sha256] = export.name

        return fetch(settings, keep)

    code = _with_settings(act)
    if not taken:
        return code
    from services.processor.importing import report_taken

    return max(code, report_taken(taken))


def import_cookies(file: Path) -> int:
    """Store the cookies in a file. Returns the exit code."""

    def keep(settings: Settings) -> int:
        with file.open("rb") as source:
            return commands.import_cookies(settings, source)

    return _with_settings(keep)


def reset() -> int:
    """Release every latch and forget pauses. Returns the exit code."""
    return _with_settings(commands.reset)


def doctor() -> int:
    """Print what a maintainer needs, without personal data. Returns the exit code."""
    return _with_settings(commands.doctor)


def _with_settings(act: Callable[[Settings], int]) -> int:
    """Do something with the settings of folders, in a process that keeps what is typed to itself."""
    try:
        settings = load_settings()
        keep_confidential()
        RunState(settings.scraper_dir).make()
        return act(on_this_machine(settings))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'SCRAPER_DIR'}: {cause(error)}\n")
    return 1


def on_this_machine(settings: Settings) -> Settings:
    """Return the settings of a browser that no container confines: `auto` means that its sandbox is on."""
    return settings.model_copy(update={"chromium_sandbox": "off" if settings.chromium_sandbox == "off" else "on"})


def _stored(settings: Settings, message: bytes) -> RawExport:
    try:
        return store(settings, message)
    except OSError as error:
        raise Failure("NOT_STORED", cause(error)) from None
