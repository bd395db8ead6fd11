"""Determines the state of a page with one script. Profile names are the only visible text that is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from services.scraper.hooks import HOOKS

# Counts the visible elements per group, and reads who is signed in. Values of inputs are never read.
SCRIPT = (
    "const HOOKS = "
    + json.dumps(HOOKS)
    + """;
const visible = (e) => {
  const box = e.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && getComputedStyle(e).visibility !== 'hidden';
};
const all = (group) => {
  for (const selector of HOOKS[group]) {
    const found = [...document.querySelectorAll(selector)].filter(visible);
    if (found.length) return found;
  }
  return [];
};
const seen = {};
for (const group in HOOKS) seen[group] = all(group).length;
seen.captcha = HOOKS.captcha.flatMap((s) => [...document.querySelectorAll(s)])
  .filter((e) => visible(e) && e.getBoundingClientRect().height > 100).length;
const data = window.netflix?.reactContext?.models?.userInfo?.data ?? {};
const text = (value) => typeof value === 'string' ? value.slice(0, 200) : '';
const entry = performance.getEntriesByType('navigation')[0];
const guid = (e) => e.dataset.profileGuid || e.querySelector('[data-profile-guid]')?.dataset.profileGuid
  || (e.getAttribute('href') || '').match(/[?&]tkn=([A-Za-z0-9]+)/)?.[1] || '';
const name = (e) => {
  const holder = HOOKS.profile_name.map((s) => e.querySelector(s)).find((found) => found);
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


class State(Enum):
    """What a page is, from Netflix's answer down to its controls."""

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
    """A profile as the page offers it; either may be empty."""

    guid: str
    name: str


@dataclass(frozen=True)
class Probe:
    """One probe of a page. seen: visible elements per group of selectors. document: differs between two documents."""

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
    def from_page(cls, found: dict[str, Any]) -> Probe:
        """Make a probe of what SCRIPT returned."""
        profiles = tuple(Profile(one["guid"], one["name"]) for one in found["profiles"])
        return cls(**{**found, "path": _LOCALE.sub("", found["path"]), "profiles": profiles})

    def has(self, group: str) -> bool:
        """Return whether an element of a group is visible."""
        return self.seen.get(group, 0) > 0

    @property
    def is_netflix(self) -> bool:
        """Whether secrets may be typed here."""
        return self.protocol == "https:" and self.host == "www.netflix.com"


def state(probe: Probe) -> State:
    """Return the state of a page. The order matters: what needs a human comes before what could be clicked."""
    if probe.protocol == "chrome-error:":
        return State.NET_ERROR
    if probe.status in (403, 429, 503):
        return State.RATE_LIMITED
    if probe.status >= 500:
        return State.SERVER_ERROR
    for group, found in (("captcha", State.CAPTCHA), ("household", State.HOUSEHOLD), ("identity", State.IDENTITY)):
        if probe.has(group):
            return found
    if probe.path.startswith("/mfa"):
        return State.IDENTITY
    if probe.has("code") or (probe.seen.get("code_digit", 0) >= 4 and not probe.has("pin")):
        return State.CODE
    return _sign_in(probe) or _signed_in(probe)


def _sign_in(probe: Probe) -> State | None:
    email, password = probe.has("email"), probe.has("password")
    # Pages for visitors also have a field for an e-mail address.
    if not (password or probe.has("login_page") or probe.path.startswith("/login")):
        return None
    if probe.has("login_error"):
        return State.LOGIN_ERROR
    if password:
        return State.LOGIN_BOTH if email else State.LOGIN_PASSWORD
    return State.LOGIN_EMAIL if email else None


def _signed_in(probe: Probe) -> State:
    if probe.has("pin"):
        return State.PIN
    if probe.has("activity"):
        if probe.has("download"):
            return State.ACTIVITY
        return State.ACTIVITY_WITHOUT_DOWNLOAD if probe.has("row") else State.ACTIVITY_EMPTY
    if probe.has("gate") or (probe.path.startswith(("/profiles/manage", "/account/profiles")) and probe.profiles):
        return State.PROFILES
    if probe.has("no_plan") or probe.membership in ("NEVER_MEMBER", "FORMER_MEMBER"):
        return State.NO_MEMBERSHIP
    if probe.membership == "ANONYMOUS":
        return State.SIGNED_OUT
    known = probe.path.startswith(("/browse", "/account", "/profiles"))
    return State.BROWSE if known and probe.membership == "CURRENT_MEMBER" else State.UNKNOWN
