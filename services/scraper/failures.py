"""Failures of a run. Each has a code, a sentence for the person, and either retries or what releases its latch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from services.scraper.page_selectors import SELECTORS_VERSION


class Opens(Enum):
    """What a person can change to release a latch; `./run.sh reset` releases all. Values: fields of Fingerprint."""

    SECRET = "secret"  # noqa: S105 (the password file was written again)
    SESSION = "session"  # somebody signed in by hand, or imported cookies
    SETTINGS = "settings"  # the wanted profile was named differently
    SELECTORS = "hooks"  # a new version of this software


_SESSION = frozenset({Opens.SESSION})
_PROFILE = frozenset({Opens.SETTINGS, Opens.SESSION})


@dataclass(frozen=True)
class Cause:
    """One kind of failure.

    opens: what releases the latch. retries: how long to wait before each scheduled retry; after the last, the latch
    closes, or, if `opens` is empty, the last wait repeats. in_run: further tries in the same run. ask: what a person
    who looks at the page is asked to do; empty if a person cannot help there.
    """

    code: str
    sentence: str
    opens: frozenset[Opens] = frozenset()
    retries: tuple[timedelta, ...] = ()
    in_run: int = 0
    ask: str = ""

    def wait(self, failures: int) -> timedelta | None:
        """Return how long to wait after the `failures`-th failure in a row (from 1), None if it is latched."""
        if failures <= len(self.retries):
            return self.retries[failures - 1]
        return None if self.opens or not self.retries else self.retries[-1]


def _minutes(*numbers: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=number) for number in numbers)


_DAY = timedelta(days=1)
_INCOMPLETE = "The file did not come, or not all of it; nothing was imported. It is tried again tomorrow."

_CAUSES = (
    Cause(
        "LOGIN_REJECTED",
        "Netflix refused the sign-in. Either the password is wrong or Netflix took this for a robot (it shows the same "
        "message). Sign in once by hand: ./run.sh login, or import the file. The password is not tried again until its "
        "file changes or ./run.sh reset.",
        frozenset({Opens.SECRET, Opens.SESSION}),
    ),
    Cause(
        "CAPTCHA",
        "Netflix asks for a human check. Solve it yourself: ./run.sh login",
        _SESSION,
        ask="Netflix asks for a human check. Solve it below.",
    ),
    Cause(
        "CODE_REQUIRED",
        "Netflix sent a code to you; a sign-in with the password mostly ends in one today. Type it yourself, then the "
        "file is fetched at once: ./run.sh login",
        _SESSION,
        ask="Netflix sent a code to you. Type it below.",
    ),
    Cause(
        "VERIFY_IDENTITY",
        "Netflix asks who you are before it shows the account. ./run.sh login",
        _SESSION,
        ask="Netflix asks who you are before it shows the account. Answer below.",
    ),
    Cause(
        "HOUSEHOLD",
        "Netflix shows a household notice. Open netflix.com yourself, then ./run.sh reset",
        _SESSION,
        ask="Netflix shows a household notice. Answer below; nothing is clicked for you.",
    ),
    Cause(
        "SESSION_EXPIRED",
        "The sign-in ended, as after a change of password or a sign-out; or there was none. Sign in: ./run.sh login, "
        "or import cookies: ./run.sh cookies FILE",
        frozenset({Opens.SESSION, Opens.SECRET, Opens.SETTINGS}),
        ask="Sign in below.",
    ),
    Cause(
        "PASSWORD_MISSING",
        "Somebody has to sign in, and SCRAPE_WITH=password needs NETFLIX_EMAIL and the file netflix_password in "
        "SECRETS_DIR for it. No password was typed.",
        retries=(_DAY,),
    ),
    Cause("NO_MEMBERSHIP", "This account has no active plan. Import a file instead, or ./run.sh reset", _SESSION),
    Cause("PROFILE_NOT_FOUND", "No profile has this name. Set NETFLIX_PROFILE_NAME or NETFLIX_PROFILE_GUID.", _PROFILE),
    Cause("PROFILE_AMBIGUOUS", "Several profiles have this name. Set NETFLIX_PROFILE_GUID.", _PROFILE),
    Cause(
        "PROFILE_LOCKED",
        "The profile has a PIN. Type it yourself, then the file is fetched at once: ./run.sh login",
        _PROFILE,
        ask="The profile has a PIN. Type it below; it is not stored.",
    ),
    Cause(
        "WRONG_PROFILE",
        "Another profile was active, this would have fetched another person's history; nothing was imported. "
        "Check NETFLIX_PROFILE_NAME and NETFLIX_PROFILE_GUID.",
        _PROFILE,
    ),
    Cause(
        "LAYOUT_CHANGED",
        f"A page of Netflix is not known (selectors {SELECTORS_VERSION}). If it only wanted an answer from you, "
        "./run.sh login shows it; if you have answered elsewhere, ./run.sh reset. Else Netflix changed it: import the "
        "file meanwhile, and send the maintainers what ./run.sh doctor prints.",
        frozenset({Opens.SELECTORS, Opens.SESSION}),
        (_DAY,),
        ask="This page is not known. If it asks something of you, answer below.",
    ),
    Cause(
        "RATE_LIMITED",
        "Netflix asked for a pause. Nothing is tried before the pause is over.",
        retries=tuple(_DAY * days for days in (1, 2, 4, 7)),
    ),
    Cause("DOWNLOAD_STALLED", _INCOMPLETE, retries=(_DAY,), in_run=2),
    Cause("DOWNLOAD_TIMEOUT", "The download took too long, nothing was imported. Try it later.", retries=(_DAY,)),
    Cause("DOWNLOAD_FAILED", _INCOMPLETE, retries=(_DAY,), in_run=2),
    Cause(
        "DOWNLOAD_INVALID", "What came was not a whole viewing history, nothing was imported.", frozenset(), (_DAY,), 2
    ),
    Cause(
        "NET_ERROR",
        "There is no connection, or no valid certificate.",
        retries=(*_minutes(5, 30, 120), _DAY),
        ask="Netflix cannot be reached at the moment.",
    ),
    Cause("QUEUE_DOWN", "Redis cannot be reached, nothing was imported. ./run.sh status", retries=_minutes(5, 30, 120)),
    Cause("NOT_STORED", "The history could not be stored, nothing was imported.", retries=(_DAY,)),
    Cause(
        "BROWSER_CRASH",
        "The browser could not be started or crashed. It needs 512 MB of state, 64 MB in its temporary folder, and "
        "for its sandbox user namespaces (see docs/scraper.md).",
        retries=(*_minutes(5), _DAY),
    ),
    Cause(
        "BROWSER_MISSING",
        "This machine has no browser that can be used here.",
        retries=(_DAY,),
    ),
    Cause(
        "BROWSER_MISMATCH",
        "Chromium and ChromeDriver must have the same first number in their versions. Update both.",
        retries=(_DAY,),
    ),
    Cause(
        "NO_SANDBOX",
        "Chromium's own sandbox does not work here, and nothing was opened without it. Use an account that is not root "
        "on a system that allows it, or set CHROMIUM_SANDBOX=off to accept that pages could reach your files if the "
        "browser has a fault.",
        retries=(_DAY,),
    ),
    Cause(
        "SANDBOX_OFF",
        "The browser's sandbox does not work here, so the password is not used. Sign in by hand: ./run.sh login, or "
        "set CHROMIUM_SANDBOX=off to accept it.",
        frozenset({Opens.SESSION, Opens.SETTINGS}),
    ),
    Cause("TIME_OVER", "The run took too long and was ended.", retries=(_DAY,)),
    Cause(
        "INTERNAL_ERROR", "An error in this program. Send the maintainers what ./run.sh doctor prints.", retries=(_DAY,)
    ),
)
CAUSES = {cause.code: cause for cause in _CAUSES}
# Older versions stopped at these; a latch that they left does not hold.
NO_FAILURES_NOW = frozenset({"SHORTER_HISTORY"})


class Failure(Exception):
    """A run ended without a file. detail: names of selectors and counts, nothing about the person."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.cause = CAUSES[code]
        self.detail = detail

    @property
    def sentence(self) -> str:
        """What a person reads."""
        return f"{self.cause.sentence} ({self.detail})" if self.detail else self.cause.sentence
