"""A fake browser that shows given pages, so that a run needs no Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from services.scraper import scrape
from services.scraper.cookies import Jar
from services.scraper.download import DownloadTimes
from services.scraper.page_state import Page
from services.scraper.run_state import Result, RunState
from services.scraper.scrape import Scraper, Show
from services.scraper.transitions import Wanted

CSV = b'Title,Date\n"Roma","12/30/23"\n'
COOKIES = [{"name": name, "value": "v", "domain": ".netflix.com"} for name in ("NetflixId", "SecureNetflixId")]


def seen_page(path="/browse", *groups, name="Me", membership="CURRENT_MEMBER", **changes):
    """Return a page of Netflix as the script reads it, signed in by default."""
    seen = dict.fromkeys(groups, 1)
    signed_in = {"membership": membership, "user_name": name, "user_guid": f"G{name.upper()}"}
    return replace(Page(path=path, seen=seen, **signed_in), **changes)


def signed_out(path="/login", *groups, **changes):
    return replace(seen_page(path, *groups, membership="ANONYMOUS", name=""), user_guid="", **changes)


ACTIVITY = seen_page("/viewingactivity", "activity", "row", "download")
LOGIN_EMAIL = signed_out("/login", "email", "submit")
LOGIN_PASSWORD = signed_out("/login", "password", "submit")
LOGIN_BOTH = signed_out("/login", "email", "password", "submit")


class PlayedBrowser:
    """Shows one page after the other, then always the last. before: called with each action; it may raise."""

    def __init__(self, *pages: Page, sandboxed: bool = True, before: Callable[[str], None] = lambda _: None) -> None:
        self.pages = list(pages)
        self.sandboxed = sandboxed
        self.before = before
        self.last = Page(protocol="about:")
        self.acts: list[str] = []
        self.typed: list[str] = []

    def _do(self, act: str) -> None:
        self.acts.append(act)
        self.before(act)

    def read_page(self) -> Page:
        self.last = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return self.last

    def open(self, path: str) -> None:
        self._do(f"open {path}")

    def need(self, group: str) -> None:
        self._do(f"need {group}")

    def click(self, group: str, index: int = 0) -> None:
        self._do(f"click {group}")

    def type_secret(self, group: str, text: str) -> None:
        self._do(f"type {group}")
        if group == "password":
            self.typed.append(text)

    def hooks(self, name: str) -> tuple[str, ...]:
        return ("/path", "a-hook")

    def set_cookies(self, cookies: list[dict[str, object]]) -> None:
        pass

    def cookies(self) -> list[dict[str, object]]:
        return [dict(cookie) for cookie in COOKIES]


class PlayedDownloads:
    def __init__(self, browser: PlayedBrowser, times: DownloadTimes) -> None:
        pass

    def fetch(self, check: Callable[[], object]) -> bytes:
        return CSV


class PlayedPerson:
    """Somebody at the page of the assisted login. answers: called with what is asked, each time that it is."""

    def __init__(self, answers: Callable[[str], None] = lambda _: None) -> None:
        self.lock = nullcontext()
        self.asked: list[str] = []
        self.answers = answers
        self.left = False

    def tell(self, text: str) -> None:
        if text and text not in self.asked[-1:]:
            self.asked.append(text)
        if text:
            self.answers(text)

    @contextmanager
    def show(self, _browser: object) -> Iterator[PlayedPerson]:
        try:
            yield self
        finally:
            self.left = True


@dataclass
class Home:
    """Somebody with a scraper's folder; `run` starts a scraper in a played browser."""

    folder: Path
    patch: pytest.MonkeyPatch
    queue: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.patch.setattr(scrape, "sweep", lambda: 0)
        self.patch.setattr(scrape, "Downloads", PlayedDownloads)
        for module in ("scrape", "transitions"):
            self.patch.setattr(f"services.scraper.{module}.PAGE_SECONDS", 0.3)
        self.patch.setattr(scrape, "_PERSON_EVERY_SECONDS", 0.01)
        self.patch.setattr(scrape, "PERSON_SECONDS", 20.0)

    @property
    def state(self) -> RunState:
        return RunState(self.folder)

    @property
    def jar(self) -> Jar:
        return Jar(self.state.jar_path)

    @property
    def password_file(self) -> Path:
        return self.folder / "netflix_password"

    def run(
        self,
        browser: PlayedBrowser,
        mode: Any = "password",
        wanted: str = "Me",
        email: str = "me@example.org",
        show: Show | None = None,
    ) -> Result:
        @contextmanager
        def open_browser(_sandbox: str, _arguments: Sequence[str]) -> Iterator[PlayedBrowser]:
            yield browser

        self.patch.setattr(scrape, "open_browser", open_browser)
        return Scraper(self.state, Wanted(wanted), "me", self.queue.append, mode, email, self.password_file).run(show)
