"""One run of the browser: from the page to a checked file in the queue, or to a named failure."""

from __future__ import annotations

import hashlib
import io
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

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

ACTIVITY = "/viewingactivity"
RUN_SECONDS = 300.0
# What Netflix would let a person download whose list is empty: there is no button then.
EMPTY_CSV = b"Title,Date\n"
_SIGNED_IN = (PageState.BROWSE, PageState.PROFILES, PageState.PIN, PageState.ACTIVITY, PageState.ACTIVITY_EMPTY)


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

    def run(self) -> Result:
        """Run once and record the outcome. Failures with a code are recorded, not raised."""
        began, now = time.monotonic(), datetime.now(UTC)
        with self.state.only_one() as alone:
            if not alone:
                return Result(at=now, mode=self.mode, code="BUSY", detail="another run is going on")
            plan = self.state.read(Plan)
            refused = self._refused(plan, now)
            if refused is not None:
                return refused
            run = _Run(self)
            code, detail = run.code_and_detail()
            result = Result(
                at=now,
                mode=self.mode,
                state_trace=run.progress.trace,
                code=code,
                detail=detail,
                sandbox=run.sandboxed,
                rows=run.rows,
                sha256=run.sha256,
                duration_s=round(time.monotonic() - began, 1),
            )
            self._remember(result, plan, run.secret)
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

    def _remember(self, result: Result, before: Plan | None, secret: str) -> None:
        plan = plan_after(before, result.code, datetime.now(UTC))
        self.state.write(result)
        self.state.write(plan)
        self.state.forget(Latch)
        if result.code in CAUSES:
            if CAUSES[result.code].wait(plan.failures) is None:
                # The run itself changed the cookies; the password counts as it was at the start.
                seen = self.fingerprint().model_copy(update={"secret": secret})
                self.state.write(Latch(code=result.code, at=result.at, seen=seen))
        elif result.rows is not None:
            self.state.write(Rows(rows=result.rows, settings=self.fingerprint().settings))


class _Run:
    """The mutable state of one run."""

    def __init__(self, scraper: Scraper) -> None:
        self._scraper = scraper
        self._deadline = time.monotonic() + RUN_SECONDS
        self._state = scraper.state
        self._jar = Jar(self._state.jar_path)
        self._signed_in = False
        self.secret = scraper.fingerprint().secret
        used = self._state.read(PasswordUsed)
        self.progress = Progress(
            scraper.wanted,
            has_password=scraper.mode == "password",
            may_sign_in=used is None or used.secret != self.secret,
        )
        self.sandboxed: bool | None = None
        self.rows: int | None = None
        self.sha256: str | None = None

    def code_and_detail(self) -> tuple[str, str]:
        """Run and return the outcome. Of an exception only the name is kept: its message may contain what was typed."""
        try:
            sweep()
            with open_browser(self._scraper.sandbox, self._scraper.extra_arguments) as browser:
                self.sandboxed = browser.sandboxed
                return self._drive(browser), ""
        except RedisError as error:
            return "QUEUE_DOWN", type(error).__name__
        except Exception as error:
            return code_and_detail(error)

    def _drive(self, browser: Browser) -> str:
        cookies = self._jar.load()
        if not cookies:
            self._password(browser)  # fails now if it may not be typed
        browser.set_cookies(cookies)
        downloads = Downloads(browser, self._scraper.times)
        browser.open(ACTIVITY)
        try:
            page, action = self._until_there(browser)
        except Failure as failure:
            ended = failure.cause.code in ("SESSION_EXPIRED", "PASSWORD_MISSING", "SANDBOX_OFF")
            if ended and browser.last.membership == "ANONYMOUS":
                self._jar.clear()
            raise
        data, self.rows = self._fetch(browser, downloads, page) if action == "download" else (EMPTY_CSV, 0)
        self._confirm_profile(browser, is_empty=action == "empty")
        self._jar.save(browser.cookies())
        delivery = Delivery(
            profile=self._scraper.profile, source="browser", name="NetflixViewingHistory.csv", received=date.today()
        )
        self._scraper.push(pack(delivery, io.BytesIO(data)))
        self.sha256 = hashlib.sha256(data).hexdigest()
        return self._code(self.rows)

    def _code(self, rows: int) -> str:
        """Return the code of a run that queued a file: one that tells the person where there is much less than before.

        The file is queued in any case. Whether there is an answer must not depend on what is in it.
        """
        before = self._state.read(Rows)
        is_comparable = before is not None and before.settings == self._scraper.fingerprint().settings
        if before is not None and is_comparable and rows < KEPT_SHARE * before.rows:
            return "SHORTER_HISTORY"
        return "OK" if rows else "EMPTY_HISTORY"

    def _until_there(self, browser: Browser) -> tuple[Page, ActionName]:
        """Act until the wanted viewing activity is shown. Returns its page, and `download` or `empty`."""
        seen: tuple[PageState, float] | None = None
        since = time.monotonic()
        while True:
            now = time.monotonic()
            if now > self._deadline:
                raise Failure("TIME_OVER")
            page = browser.read_page()
            if (state_of(page), page.document) != seen:
                seen, since = (state_of(page), page.document), now
            if self.progress.password_typed and not self._signed_in and state_of(page) in _SIGNED_IN:
                # Whatever happens later, the password need not be typed again.
                self._jar.save(browser.cookies())
                self._state.forget(PasswordUsed)
                self._signed_in = True
            action = next_action(page, self.progress, now - since)
            if action in ("download", "empty"):
                self.progress = self.progress.after(action, page)
                return page, action
            if action == "wait":
                wait_until(lambda: False, EVERY_SECONDS)
                continue
            self.progress = self.progress.after(action, page)
            self._act(browser, page, action)
            since = time.monotonic()

    def _act(self, browser: Browser, page: Page, action: ActionName) -> None:
        if action.startswith("type"):
            self._sign_in(browser, action)
        elif action == "choose_profile":
            index = self.progress.wanted.choose(page.profiles)
            guid = page.profiles[index].guid
            if guid:
                browser.open(f"/SwitchProfile?tkn={guid}")
            else:
                browser.click("profile", index)
        else:
            paths = {"open_login": "/login", "open_profiles": "/profiles/manage", "open_activity": ACTIVITY}
            browser.open(paths[action])

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
            next_action(browser.read_page(), self.progress, 0.0)

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
            else:
                return data, rows

    def _confirm_profile(self, browser: Browser, *, is_empty: bool) -> None:
        """Check again whose history was downloaded: another profile's must not be imported.

        is_empty: there was no history, and there must be none on the page that is loaded again either. One that did not
        load its rows is a failure, whatever is in them.
        """
        browser.open(ACTIVITY)
        wanted = self.progress.wanted
        wait_until(lambda: wanted.is_active(browser.read_page()) is not None or failure_of(browser.last), PAGE_SECONDS)
        active = wanted.is_active(browser.last)
        if active is None:
            raise Failure(
                failure_of(browser.last) or "LAYOUT_CHANGED", "after the download: who is signed in is not known"
            )
        if not active:
            raise Failure("WRONG_PROFILE", "after the download")
        if is_empty and wait_until(lambda: state_of(browser.read_page()) is not PageState.ACTIVITY_EMPTY, PAGE_SECONDS):
            raise Failure("DOWNLOAD_INVALID", "the list was empty and, loaded again, is not")


def code_and_detail(error: Exception) -> tuple[str, str]:
    """Return the failure code of an error, without its message, which may contain secrets."""
    if isinstance(error, Failure):
        return error.cause.code, error.detail
    name = type(error).__name__
    if isinstance(error, HTTPError | ConnectionError) or (isinstance(error, WebDriverException) and is_lost(error)):
        return "BROWSER_CRASH", name
    frames = traceback.extract_tb(error.__traceback__)
    return "INTERNAL_ERROR", f"{name} in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else name
