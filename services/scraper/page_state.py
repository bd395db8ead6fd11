"""The state of a page, read with one script. Profile names are the only visible text that is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from services.scraper.page_selectors import SELECTORS

# Counts the visible elements per group, and reads who is signed in. Values of inputs are never read.
SCRIPT = (
    "const SELECTORS = "
    + json.dumps(SELECTORS)
    + """;
const visible = (e) => {
  const box = e.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && getComputedStyle(e).visibility !== 'hidden';
};
const all = (group) => {
  for (const selector of SELECTORS[group]) {
    const found = [...document.querySelectorAll(selector)].filter(visible);
    if (found.length) return found;
  }
  return [];
};
const seen = {};
for (const group in SELECTORS) seen[group] = all(group).length;
seen.captcha = SELECTORS.captcha.flatMap((s) => [...document.querySelectorAll(s)])
  .filter((e) => visible(e) && e.getBoundingClientRect().height > 100).length;
const data = window.netflix?.reactContext?.models?.userInfo?.data ?? {};
const text = (value) => typeof value === 'string' ? value.slice(0, 200) : '';
const entry = performance.getEntriesByType('navigation')[0];
const guid = (e) => (e.dataset.uia || '').match(/^profile-selector\\+tile-([A-Za-z0-9]+)$/)?.[1]
  || e.dataset.profileGuid || e.querySelector('[data-profile-guid]')?.dataset.profileGuid
  || (e.getAttribute('href') || '').match(/[?&]tkn=([A-Za-z0-9]+)/)?.[1] || '';
const name = (e) => {
  const holder = SELECTORS.profile_name.map((s) => e.querySelector(s)).find((found) => found);
  return text((holder || e).textContent.trim());
};
return {
  protocol: location.protocol, host: location.host, path: location.pathname.slice(0, 200),
  document: performance.timeOrigin, ready: document.readyState !== 'loading',
  status: entry?.responseStatus ?? 0, seen,
  membership: text(data.membershipStatus), user_name: text(data.name), user_guid: text(data.userGuid),
  profiles: all('profile').slice(0, 20).map((e) => ({guid: guid(e), name: name(e)})),
};
"""
)

_LOCALE = re.compile(r"^/[a-z]{2}(-[a-z]{2})?(?=/)")


class PageState(Enum):
    """States of a page. Their names are stored with the result of a run."""

    NET_ERROR = auto()
    SERVER_ERROR = auto()
    RATE_LIMITED = auto()
    CAPTCHA = auto()
    HOUSEHOLD = auto()
    IDENTITY = auto()
    CODE = auto()
    LOGIN_ERROR = auto()
    LOGIN_BOTH = auto()
    LOGIN_PASSWORD = auto()
    LOGIN_EMAIL = auto()
    PIN = auto()
    ACTIVITY = auto()
    ACTIVITY_WITHOUT_DOWNLOAD = auto()
    ACTIVITY_EMPTY = auto()
    PROFILES = auto()
    NO_MEMBERSHIP = auto()
    SIGNED_OUT = auto()
    BROWSE = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Profile:
    """A profile that the page offers; its GUID or its name may be empty."""

    guid: str
    name: str


@dataclass(frozen=True)
class Page:
    """What the script found on a page. seen: visible elements per group of selectors. document: when it was loaded."""

    protocol: str = "https:"
    host: str = "www.netflix.com"
    path: str = "/"
    document: float = 0.0
    ready: bool = True
    status: int = 200
    seen: Mapping[str, int] = field(default_factory=dict)
    membership: str = ""
    user_name: str = ""
    user_guid: str = ""
    profiles: tuple[Profile, ...] = ()

    @classmethod
    def from_page(cls, found: dict[str, Any]) -> Page:
        """Return what SCRIPT found as a Page."""
        profiles = tuple(Profile(one["guid"], one["name"]) for one in found["profiles"])
        return cls(**{**found, "path": _LOCALE.sub("", found["path"]), "profiles": profiles})

    def has(self, group: str) -> bool:
        """Return whether an element of a group is visible."""
        return self.seen.get(group, 0) > 0

    @property
    def is_netflix(self) -> bool:
        """Whether secrets may be typed here."""
        return self.protocol == "https:" and self.host == "www.netflix.com"

    @property
    def is_signed_out(self) -> bool:
        """Whether the page says that nobody is signed in, or is the sign-in itself."""
        return self.membership == "ANONYMOUS" or self.path.startswith("/login")

    @property
    def is_member(self) -> bool:
        """Whether the page says that somebody with a plan is signed in."""
        return self.is_netflix and self.membership == "CURRENT_MEMBER"


def state_of(page: Page) -> PageState:
    """Return the state of a page. What needs a human comes before what could be clicked."""
    if page.protocol == "chrome-error:":
        return PageState.NET_ERROR
    if page.status in (403, 429, 503):
        return PageState.RATE_LIMITED
    if page.status >= 500:
        return PageState.SERVER_ERROR
    return _challenge(page) or _sign_in(page) or _signed_in(page)


def _challenge(page: Page) -> PageState | None:
    """Return the state of a page that only the person can get past; None for any other page."""
    if page.has("captcha"):
        return PageState.CAPTCHA
    if page.has("household"):
        return PageState.HOUSEHOLD
    if page.has("identity") or page.path.startswith("/mfa"):
        return PageState.IDENTITY
    asks_digits = page.seen.get("code_digit", 0) >= 4
    if page.is_signed_out:
        # Profiles come after the sign-in: what is asked for before is never a PIN.
        return PageState.CODE if page.has("code") or page.has("pin") or asks_digits else None
    if page.has("gate_pin"):
        return PageState.PIN
    return PageState.CODE if page.has("code") or (asks_digits and not page.has("pin")) else None


def _sign_in(page: Page) -> PageState | None:
    email, password = page.has("email"), page.has("password")
    # Pages for visitors also have a field for an e-mail address.
    if not (password or page.has("login_page") or page.path.startswith("/login")):
        return None
    if page.has("login_error"):
        return PageState.LOGIN_ERROR
    if password:
        return PageState.LOGIN_BOTH if email else PageState.LOGIN_PASSWORD
    return PageState.LOGIN_EMAIL if email else None


def _signed_in(page: Page) -> PageState:
    if page.has("pin"):
        return PageState.PIN
    if page.has("activity"):
        return _activity(page)
    if page.has("gate") or (page.is_member and page.path.startswith(("/profiles/manage", "/account/profiles"))):
        return PageState.PROFILES
    if page.has("no_plan") or page.membership in ("NEVER_MEMBER", "FORMER_MEMBER"):
        return PageState.NO_MEMBERSHIP
    if page.membership == "ANONYMOUS":
        return PageState.SIGNED_OUT
    known = page.path.startswith(("/browse", "/latest", "/account", "/profiles"))
    return PageState.BROWSE if known and page.is_member else PageState.UNKNOWN


def _activity(page: Page) -> PageState:
    if page.has("download"):
        return PageState.ACTIVITY
    return PageState.ACTIVITY_WITHOUT_DOWNLOAD if page.has("row") else PageState.ACTIVITY_EMPTY
