"""One run of the browser: from the page to a checked file in the queue, or to a named failure."""

from __future__ import annotations

import hashlib
import io
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote

from redis.exceptions import RedisError
from selenium.common.exceptions import WebDriverException
from urllib3.exceptions import HTTPError

from netflix_trend.delivery.inbox import Delivery, pack
from services.scraper.browser import Browser, SandboxSetting, is_lost, open_browser
from services.scraper.cookies import Jar
from services.scraper.download import Downloads, DownloadTimes
from services.scraper.failures import CAUSES, Failure
from services.scraper.fresh_csv import KEPT_SHARE, check_download
from services.scraper.page_state import Page, PageState, state_of
from services.scraper.password import read_password
from services.scraper.poll import EVERY_SECONDS, wait_until
from services.scraper.run_folder import sweep
from services.scraper.run_state import Fingerprint, Latch, PasswordUsed, Plan, Result, Rows, RunState
from services.scraper.schedule import MAX_WAIT, plan_after
from services.scraper.transitions import PAGE_SECONDS, ActionName, Progress, Wanted, failure_of, next_action

RUN_SECONDS = 300.0
# For a person who signs in on a page of ours, before the run goes on by itself.
PERSON_SECONDS = 600.0
NOBODY = "nobody signed in within ten minutes"
# Between two looks at a page that a person uses.
_PERSON_EVERY_SECONDS = 0.5
_SIGNED_IN = (PageState.BROWSE, PageState.PROFILES, PageState.PIN, PageState.ACTIVITY, PageState.ACTIVITY_EMPTY)


class Person(Protocol):
    """Somebody who sees the browser and can use it. lock: held while the run uses it."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """What keeps the run and the person from using the browser at the same moment."""

    def tell(self, text: str) -> None:
        """Show the person what is expected of them; nothing for an empty text."""


class _Nobody:
    lock = nullcontext()

    def tell(self, text: str) -> None:
        """Tell nobody."""


# Shows a browser to a person, until the context is left.
Show = Callable[[Browser], AbstractContextManager[Person]]


@dataclass(frozen=True)
class Scraper:
    """The inputs of a run. push: hands over a message. extra_arguments: flags of Chromium for tests only."""

    state: RunState
    wanted: Wanted
    profile: str
    push: Callable[[bytes], None]
    mode: Literal["cookies", "password"] = "cookies"
    email: str = field(default="", repr=False)
    password_file: Path | None = None
    sandbox: SandboxSetting = "auto"
    extra_arguments: Sequence[str] = ()
    times: DownloadTimes = field(default_factory=DownloadTimes)

    def run(self, show: Show | None = None) -> Result:
        """Run once and record the outcome. Failures with a code are recorded, not raised.

        show: lets a person sign in and answer what only a person can, until the viewing activity is there; latches and
        pauses do not hold then, and nothing is recorded if nobody signs in.
        """
        began, now = time.monotonic(), datetime.now(UTC)
        with self.state.only_one() as alone:
            if not alone:
                return Result(at=now, mode=self.mode, code="BUSY", detail="another run is going on")
            plan = self.state.read(Plan)
            refused = self._refused(plan, now) if show is None else None
            if refused is not None:
                return refused
            run = _Run(self, show)
            code, detail = run.code_and_detail()
            result = Result(
                at=now,
                mode="login" if show else self.mode,
                state_trace=run.progress.trace,
                code=code,
                detail=detail,
                hooks=run.hooks,
                sandbox=run.sandboxed,
                rows=run.rows,
                sha256=run.sha256,
                duration_s=round(time.monotonic() - began, 1),
            )
            if show is None or run.progress.signed_in:
                self._remember(result, plan, run)
            return result

    def fingerprint(self) -> Fingerprint:
        """Return the current values of what a person can change to release a latch."""
        return self.state.fingerprint(
            self.password_file, self.wanted.name, self.wanted.guid, self.mode, self.sandbox, self.email
        )

    def _refused(self, plan: Plan | None, now: datetime) -> Result | None:
        latch = self.state.read(Latch)
        if latch is not None and latch.holds(self.fingerprint()):
            self.state.write(plan_after(plan, latch.code, now))
            return Result(at=now, mode=self.mode, code=latch.code, detail=f"latched since {latch.at:%Y-%m-%d}")
        if plan is not None and plan.rested and now < plan.next_run <= now + MAX_WAIT:
            return Result(
                at=now, mode=self.mode, code=plan.code, detail=f"pausing until {plan.next_run:%Y-%m-%d %H:%M} UTC"
            )
        return None

    def _remember(self, result: Result, before: Plan | None, run: _Run) -> None:
        plan = plan_after(before, result.code, datetime.now(UTC))
        self.state.write(result)
        self.state.write(plan)
        self.state.forget(Latch)
        if result.code in CAUSES:
            if CAUSES[result.code].wait(plan.failures) is None:
                # The run itself changed the cookies; the password counts as it was at the start.
                seen = self.fingerprint().model_copy(update={"secret": run.secret})
                self.state.write(Latch(code=result.code, at=result.at, seen=seen))
        elif result.rows is not None:
            self.state.write(Rows(rows=result.rows, settings=run.whose))


class _Run:
    """The mutable state of one run."""

    def __init__(self, scraper: Scraper, show: Show | None) -> None:
        self._scraper = scraper
        self._show = show
        self._deadline = time.monotonic() + (PERSON_SECONDS if show else RUN_SECONDS)
        self._state = scraper.state
        self._jar = Jar(self._state.jar_path)
        self._seen: tuple[PageState, float] | None = None
        self._since = 0.0
        # What the person is asked for at the moment.
        self._asked: Failure | None = None
        self.secret = scraper.fingerprint().secret
        used = self._state.read(PasswordUsed)
        self.progress = Progress(
            scraper.wanted,
            has_password=scraper.mode == "password" and show is None,
            may_sign_in=used is None or used.secret != self.secret,
        )
        self.sandboxed: bool | None = None
        self.rows: int | None = None
        self.sha256: str | None = None
        self.whose = ""
        self.hooks: tuple[str, ...] = ()

    def code_and_detail(self) -> tuple[str, str]:
        """Run and return the outcome. Of an exception only the name is kept: its message may contain what was typed."""
        try:
            sweep()
            with open_browser(self._scraper.sandbox, self._scraper.extra_arguments) as browser:
                self.sandboxed = browser.sandboxed
                try:
                    return self._drive(browser), ""
                except Failure as failure:
                    if failure.cause.code == "LAYOUT_CHANGED":
                        with suppress(WebDriverException, HTTPError, ConnectionError):
                            self.hooks = browser.hooks(self._scraper.wanted.name)
                    raise
        except RedisError as error:
            return "QUEUE_DOWN", type(error).__name__
        except Exception as error:
            return code_and_detail(error)

    def _drive(self, browser: Browser) -> str:
        cookies = self._jar.load()
        if not cookies and self._show is None:
            self._password(browser)  # fails now if it may not be typed
        browser.set_cookies(cookies)
        self.progress = replace(self.progress, had_session=bool(cookies))
        downloads = Downloads(browser, self._scraper.times)
        browser.open(self.progress.wanted.activity_path() if cookies or self._show is None else "/login")
        try:
            page = self._until_there(browser)
        except Failure as failure:
            ended = failure.cause.code in ("SESSION_EXPIRED", "PASSWORD_MISSING", "SANDBOX_OFF")
            if ended and browser.last.membership == "ANONYMOUS" and self._show is None:
                self._jar.clear()
            raise
        data, self.rows = self._fetch(browser, downloads, page)
        self._confirm_profile(browser, is_empty=self.rows == 0)
        self._jar.save(browser.cookies())
        delivery = Delivery(
            profile=self._scraper.profile, source="browser", name="NetflixViewingHistory.csv", received=date.today()
        )
        self._scraper.push(pack(delivery, io.BytesIO(data)))
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.whose = _digest(browser.last.user_guid or self.progress.wanted.name)
        return self._code(self.rows)

    def _code(self, rows: int) -> str:
        """Return the code of a run that queued a file: one that tells the person where there is much less than before.

        The file is queued in any case. Whether there is an answer must not depend on what is in it.
        """
        before = self._state.read(Rows)
        if before is not None and before.settings == self.whose and rows < KEPT_SHARE * before.rows:
            return "SHORTER_HISTORY"
        return "OK" if rows else "EMPTY_HISTORY"

    def _until_there(self, browser: Browser) -> Page:
        """Act until the wanted viewing activity is shown, together with a person if there is one. Returns its page."""
        if self._show is None:
            return self._step_until_there(browser, _Nobody())
        if state_of(browser.read_page()) is PageState.NET_ERROR:
            raise Failure("NET_ERROR")
        with self._show(browser) as person:
            page = self._step_until_there(browser, person)
        self._deadline = time.monotonic() + RUN_SECONDS
        return page

    def _step_until_there(self, browser: Browser, person: Person) -> Page:
        while True:
            if time.monotonic() > self._deadline:
                if self._show and not self.progress.signed_in:
                    raise Failure("SESSION_EXPIRED", NOBODY)
                raise self._asked or Failure("TIME_OVER")
            with person.lock:
                page, action = self._step(browser, person)
            if action == "download":
                return page
            if action == "wait":
                wait_until(lambda: False, EVERY_SECONDS if self._show is None else _PERSON_EVERY_SECONDS)

    def _step(self, browser: Browser, person: Person) -> tuple[Page, ActionName]:
        """Look at the page and act once. Returns the page and what was done."""
        try:
            page = browser.read_page()
            now = time.monotonic()
            if (state_of(page), page.document) != self._seen:
                self._seen, self._since = (state_of(page), page.document), now
                self._start_again_after_an_answer()
            self._note_sign_in(browser, page)
            action = next_action(page, self.progress, now - self._since)
            self._asked = None
            if self.progress.signed_in:
                person.tell("")
            if action != "wait":
                self.progress = self.progress.after(action, page)
                self._act(browser, page, action)
                self._since = time.monotonic()
        except Failure as failure:
            if self._show is None or not failure.cause.ask:
                raise
            self._asked = failure
            person.tell(failure.cause.ask)
            return browser.last, "wait"
        return page, action

    def _start_again_after_an_answer(self) -> None:
        """Let the run try as often as before: the person may have removed what was in the way."""
        if self._asked is not None:
            self.progress = replace(self.progress, activity_opened=0)

    def _note_sign_in(self, browser: Browser, page: Page) -> None:
        """Keep the cookies of a sign-in as soon as it is seen: whatever happens later, it need not be made again."""
        progress = self.progress
        if progress.signed_in or not (page.is_member or state_of(page) in _SIGNED_IN):
            return
        is_new = progress.password_typed or self._show is not None
        self.progress = replace(progress, had_session=True, signed_in=is_new)
        if is_new:
            self._jar.save(browser.cookies())
        if progress.password_typed:
            self._state.forget(PasswordUsed)

    def _act(self, browser: Browser, page: Page, action: ActionName) -> None:
        wanted = self.progress.wanted
        if action.startswith("type"):
            self._sign_in(browser, action)
        elif action == "choose_profile":
            if wanted.guid and self.progress.chosen == 1:
                browser.open(f"/SwitchProfile?tkn={quote(wanted.guid)}")
            else:
                browser.click("profile", wanted.choose(page.profiles))
        elif action in ("open_help", "use_password"):
            browser.click("help_menu" if action == "open_help" else action)
        elif action == "open_activity":
            browser.open(wanted.activity_path(self.progress.activity_opened))
        elif action != "download":
            browser.open({"open_login": "/login", "open_profiles": "/profiles/manage"}[action])

    def _sign_in(self, browser: Browser, action: ActionName) -> None:
        password = self._password(browser)
        browser.need("submit")
        if action != "type_password":
            browser.type_secret("email", self._scraper.email)
        if action != "type_email":
            browser.need("password")
            # Recorded before typing: a run that is killed here has used its one attempt.
            self._state.write(PasswordUsed(secret=self.secret))
            try:
                browser.type_secret("password", password)
            except Exception:
                self._state.forget(PasswordUsed)  # it was not sent
                raise
        browser.click("submit")

    def _password(self, browser: Browser) -> str:
        """Return the password if it may be typed. Raises Failure."""
        scraper = self._scraper
        if scraper.mode != "password":
            raise Failure("SESSION_EXPIRED")
        if not browser.sandboxed and scraper.sandbox != "off":
            raise Failure("SANDBOX_OFF")
        if not scraper.email:
            raise Failure("PASSWORD_MISSING", "NETFLIX_EMAIL is empty")
        return read_password(scraper.password_file, self.secret)

    def _fetch(self, browser: Browser, downloads: Downloads, page: Page) -> tuple[bytes, int]:
        """Return a whole download and its number of titles. Raises Failure."""

        def check() -> None:
            code = failure_of(browser.read_page())
            if code:
                raise Failure(code, "during the download")

        tries = 0
        while True:
            try:
                data = downloads.fetch(check)
                rows = check_download(data, page.seen.get("row", 0))
            except Failure as failure:
                tries += 1
                if tries > failure.cause.in_run or time.monotonic() + self._scraper.times.pause > self._deadline:
                    raise
                check()  # no retry if the browser has crashed or the page gives a reason
                wait_until(lambda: False, self._scraper.times.pause)
                if not self._is_activity_shown(browser):
                    raise
            else:
                return data, rows

    def _is_activity_shown(self, browser: Browser) -> bool:
        """Return whether the page has its control, after loading it again if a download has led elsewhere."""
        if state_of(browser.read_page()) is not PageState.ACTIVITY:
            browser.open(self.progress.wanted.activity_path(self.progress.activity_opened))
            wait_until(
                lambda: state_of(browser.read_page()) is PageState.ACTIVITY or failure_of(browser.last), PAGE_SECONDS
            )
        return state_of(browser.last) is PageState.ACTIVITY

    def _confirm_profile(self, browser: Browser, *, is_empty: bool) -> None:
        """Check again whose history was downloaded: another profile's must not be imported.

        is_empty: the file has no rows, and there must be none on the page that is loaded again either.
        """
        wanted = self.progress.wanted
        browser.open(wanted.activity_path(self.progress.activity_opened))
        wait_until(lambda: wanted.is_active(browser.read_page()) is not None or failure_of(browser.last), PAGE_SECONDS)
        active = wanted.is_active(browser.last)
        if active is None:
            raise Failure(
                failure_of(browser.last) or "LAYOUT_CHANGED", "after the download: who is signed in is not known"
            )
        if not active:
            raise Failure("WRONG_PROFILE", "after the download")
        if is_empty and wait_until(lambda: browser.read_page().has("row"), PAGE_SECONDS):
            raise Failure("DOWNLOAD_INVALID", "the file is empty and the list is not")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_and_detail(error: Exception) -> tuple[str, str]:
    """Return the failure code of an error, without its message, which may contain secrets."""
    if isinstance(error, Failure):
        return error.cause.code, error.detail
    name = type(error).__name__
    if isinstance(error, HTTPError | ConnectionError) or (isinstance(error, WebDriverException) and is_lost(error)):
        return "BROWSER_CRASH", name
    frames = traceback.extract_tb(error.__traceback__)
    return "INTERNAL_ERROR", f"{name} in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else name
