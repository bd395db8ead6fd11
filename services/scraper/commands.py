"""The browser's verbs: ./run.sh scrape, login, cookies, doctor and reset."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import BinaryIO

from netflix_trend import __version__
from netflix_trend.plain_text import counted
from netflix_trend.settings import Settings
from services.scraper import assisted_login
from services.scraper.browser import Browser, open_browser, sandbox_works
from services.scraper.cookies import MAX_FILE, CookieError, Jar, read_cookies
from services.scraper.failures import CAUSES, Failure
from services.scraper.page_selectors import SELECTORS_VERSION
from services.scraper.page_state import state_of
from services.scraper.programs import find_programs, version_of
from services.scraper.run_folder import sweep
from services.scraper.run_state import Latch, Plan, Result, RunState
from services.scraper.schedule import BUSY_EXIT_CODE
from services.scraper.scrape import NOBODY, Scraper, code_and_detail
from services.scraper.transitions import ACTIVITY, Wanted

NOTICE = """\
Netflix's terms of use forbid automated access; using the browser may cost the account. Read the current terms and
decide. It was tested against a stand-in of Netflix's pages, not against Netflix. Importing the file that Netflix gives
you needs none of this: ./run.sh fetch
"""
_DONE = {
    "OK": "The viewing history was fetched.",
    "EMPTY_HISTORY": "There are no titles on this profile. An empty history was fetched.",
    "SHORTER_HISTORY": (
        "The history was fetched. It is much shorter than last time: did you hide titles? Nothing that was "
        "imported before is lost."
    ),
    "BUSY": "Another run is active. Try again in a few minutes.",
}

_UNCONFINED = "Warning: Chromium's own sandbox is off. See docs/scraper.md."


def say(text: str) -> None:
    """Write a line for the person."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def scraper_of(settings: Settings, push: Callable[[bytes], None], extra_arguments: Sequence[str] = ()) -> Scraper:
    """Return the scraper for the settings. extra_arguments: for tests."""
    return Scraper(
        RunState(settings.scraper_dir),
        Wanted(settings.netflix_profile_name or settings.netflix_profile, settings.netflix_profile_guid),
        settings.netflix_profile,
        push,
        settings.scrape_with,
        settings.netflix_email,
        settings.netflix_password_file,
        settings.chromium_sandbox,
        extra_arguments,
    )


def scrape(settings: Settings, push: Callable[[bytes], None], extra_arguments: Sequence[str] = ()) -> int:
    """Fetch the history once. Returns 0 on success."""
    say(NOTICE)
    result = scraper_of(settings, push, extra_arguments).run()
    say(sentence_of(result))
    if result.sandbox is False:
        say(_UNCONFINED)
    if result.code == "BUSY":
        return BUSY_EXIT_CODE
    return 0 if result.code in _DONE else 1


def sentence_of(result: Result) -> str:
    """Return the outcome of a run in words."""
    if result.code in CAUSES:
        return f"{result.code}: {Failure(result.code, result.detail).sentence}"
    rows = f" {counted(result.rows, 'title')}, {result.duration_s} s." if result.rows else ""
    return f"{result.code}: {_DONE[result.code]}{rows}"


def sentence_of_error(error: Exception) -> str:
    """Return an error in words, without its own message, which may contain what was typed."""
    code, detail = code_and_detail(error)
    return f"{code}: {Failure(code, detail).sentence}"


def _alone(settings: Settings, act: Callable[[RunState], int]) -> int:
    """Do something while no run is active, because runs save and remove cookies. Returns an exit code."""
    state = RunState(settings.scraper_dir)
    with state.only_one() as alone:
        if alone:
            return act(state)
    say(_DONE["BUSY"])
    return BUSY_EXIT_CODE


def login(
    settings: Settings, push: Callable[[bytes], None], listen: str, port: int, extra_arguments: Sequence[str] = ()
) -> int:
    """Let the person sign in on a page on 127.0.0.1, and fetch the history there and then. Returns 0 if it came."""
    say(NOTICE)

    def show(browser: Browser) -> AbstractContextManager[assisted_login.Mirror]:
        if not browser.sandboxed:
            say(_UNCONFINED)
        return assisted_login.shown(browser, listen, port, say)

    result = scraper_of(settings, push, extra_arguments).run(show)
    if result.code == "BUSY":
        say(_DONE["BUSY"])
        return BUSY_EXIT_CODE
    if result.detail == NOBODY:
        say("Nobody signed in within ten minutes. Nothing was changed.")
        return 1
    if Jar(RunState(settings.scraper_dir).jar_path).load():
        say("The cookies of the sign-in are kept for the browser alone, for ./run.sh scrape.")
    else:
        say("No cookies of a sign-in are kept.")
    say(sentence_of(result))
    return 0 if result.code in _DONE else 1


def import_cookies(settings: Settings, source: BinaryIO) -> int:
    """Store the cookies from an open file. Returns 0 if they belong to a sign-in."""
    data = source.read(MAX_FILE + 1)
    try:
        if len(data) > MAX_FILE:
            raise CookieError("This is larger than any list of cookies.")
        cookies = read_cookies(data.decode("utf-8", "replace"))
    except CookieError as error:
        say(str(error))
        return 1

    def keep(state: RunState) -> int:
        Jar(state.jar_path).save(cookies)
        say(f"{len(cookies)} cookies of netflix.com are kept, the others were not read. Next: ./run.sh scrape")
        return 0

    return _alone(settings, keep)


def reset(settings: Settings) -> int:
    """Release every latch and forget pauses."""

    def forget(state: RunState) -> int:
        state.reset()
        say("Latches and pauses are forgotten; the sign-in is kept. Next: ./run.sh scrape")
        return 0

    return _alone(settings, forget)


def doctor(settings: Settings, extra_arguments: Sequence[str] = ()) -> int:
    """Print what a maintainer needs, without personal data. Returns 0 if the browser starts."""
    state = RunState(settings.scraper_dir)
    say(f"netflix-trend {__version__}, selectors {SELECTORS_VERSION}")
    say(_programs())
    say(f"sandbox wanted {settings.chromium_sandbox}, possible here: {_yes(sandbox_works())}")
    say(f"schedule {settings.scrape_every}, signed in with {settings.scrape_with}, user id {os.geteuid()}")
    say(f"cookies kept: {_yes(bool(Jar(state.jar_path).load()))}")
    latch, plan, result = state.read(Latch), state.read(Plan), state.read(Result)
    say(f"latch {latch.code if latch else 'none'}")
    say(f"next run {plan.next_run:%Y-%m-%d}, failures {plan.failures}" if plan else "next run none")
    kept_back = {"sha256", "rows", "hooks"}
    say(f"last run {_of_no_person(result).model_dump_json(exclude=kept_back)}" if result else "last run none")
    for hook in result.hooks if result else ():
        say(f"  on the page that is not known: {hook}")

    def examine(state: RunState) -> int:
        try:
            sweep()
            with open_browser(settings.chromium_sandbox, extra_arguments) as browser:
                _examine(browser, Jar(state.jar_path), f"{settings.netflix_profile_name} {settings.netflix_profile}")
        except Exception as error:
            say(sentence_of_error(error))
            return 1
        return 0

    return _alone(settings, examine)


def _programs() -> str:
    """Return the versions of the browser and its driver."""
    try:
        found = find_programs()
    except Failure:
        return "browser none"
    return f"browser {version_of(found.browser)}, driver {version_of(found.driver)}"


def sandbox_is_adequate(browser: Browser) -> bool:
    """Return whether Chromium's page chrome://sandbox (in English, as it was started) says that its sandbox works."""
    browser.driver.get("chrome://sandbox")
    text: str = browser.driver.execute_script("return document.body.innerText")
    return "You are adequately sandboxed" in text


def _examine(browser: Browser, jar: Jar, name: str) -> None:
    say(f"sandbox adequate: {_yes(sandbox_is_adequate(browser))}")
    browser.set_cookies(jar.load())
    for path in ("/login", ACTIVITY, "/profiles/manage"):
        try:
            browser.open(path)
            browser.settle()
        except Failure as failure:
            say(f"page {path}: {failure.cause.code}")
            continue
        seen = browser.last
        groups = ", ".join(group for group, count in sorted(seen.seen.items()) if count)
        say(f"page {path}: {state_of(seen).name}, status {seen.status}, groups: {groups or 'none'}")
        for hook in browser.hooks(name):
            say(f"  {hook}")
    say(f"checked {datetime.now(UTC):%Y-%m-%d}")


def _of_no_person(result: Result) -> Result:
    """Return a result without counts of rows and profiles; details of failures of this program stay."""
    kept = result.code in ("LAYOUT_CHANGED", "BROWSER_CRASH", "INTERNAL_ERROR")
    return result if kept else result.model_copy(update={"detail": ""})


def _yes(value: bool) -> str:
    return "yes" if value else "no"
