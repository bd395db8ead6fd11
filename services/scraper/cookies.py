"""The cookies of a sign-in: read from exports of browsers, stored in a file that only this user can read."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from netflix_trend.storage.damaged import make_way
from netflix_trend.storage.files import write_atomically

NAMES = ("NetflixId", "SecureNetflixId", "nfvdid")
_NEEDED = frozenset({"NetflixId", "SecureNetflixId"})
MAX_FILE = 5_000_000
_MAX_VALUE = 8192

Cookie = dict[str, Any]


class CookieError(Exception):
    """A file with cookies cannot be used; the message says what to do and contains no value."""


def read_cookies(text: str) -> list[Cookie]:
    """Read the cookies of a Netflix sign-in from Netscape's cookies.txt, Cookie-Editor's JSON or Playwright's state.

    Their fields are named as in Chrome's DevTools protocol. Other names and other sites are left out. Raises
    CookieError.
    """
    raw = _from_json(text) if text.lstrip("\ufeff \t\r\n").startswith(("[", "{")) else _from_netscape(text)
    found: dict[str, Cookie] = {}
    for one in raw:
        cookie = _checked(one)
        if cookie is not None:
            found[cookie["name"]] = cookie
    missing = sorted(_NEEDED - found.keys())
    if missing:
        raise CookieError(
            f"{' and '.join(missing)} of netflix.com is missing, or expired. Sign in to netflix.com in your own "
            "browser and export its cookies again."
        )
    return [found[name] for name in NAMES if name in found]


def _from_json(text: str) -> list[Any]:
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise CookieError("This is not complete JSON. Export the cookies again.") from None
    cookies = data.get("cookies") if isinstance(data, dict) else data
    if not isinstance(cookies, list):
        raise CookieError("There is no list of cookies in this JSON. Export as Cookie-Editor or Playwright do.")
    return cookies


def _from_netscape(text: str) -> list[Any]:
    cookies = []
    for line in text.splitlines():
        # curl and yt-dlp mark HttpOnly cookies with this prefix; other lines that begin with # are comments.
        fields = line.removeprefix("#HttpOnly_").split("\t")
        if len(fields) == 7 and not fields[0].startswith("#"):
            domain, _, path, _, expires, name, value = fields
            cookies.append({"domain": domain, "path": path, "expires": expires, "name": name, "value": value})
    if not cookies:
        raise CookieError(
            "This is no list of cookies. Give a cookies.txt, or the JSON that Cookie-Editor or Playwright export."
        )
    return cookies


def _checked(one: Any) -> Cookie | None:
    if not isinstance(one, dict) or one.get("name") not in NAMES:
        return None
    if one.get("partitionKey"):  # of Netflix embedded in another site; not the sign-in
        return None
    domain, value = str(one.get("domain", "")).lower().lstrip("."), one.get("value")
    if domain not in ("netflix.com", "www.netflix.com") or not _is_cookie_value(value):
        return None
    cookie: Cookie = {"name": one["name"], "value": value, "domain": ".netflix.com", "path": "/"}
    cookie |= {"secure": True, "httpOnly": True}
    expires = _number(one.get("expires", one.get("expirationDate")))
    if expires is not None and expires > 0:
        if expires <= time.time():
            return None
        cookie["expires"] = expires
    return cookie


def _is_cookie_value(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_VALUE:
        return False
    return value.isascii() and value.isprintable() and ";" not in value


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


class Jar:
    """The file with the cookies, on the scraper's own volume."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> list[Cookie]:
        """Return the stored cookies; an empty list if there are none or they are unusable."""
        try:
            return read_cookies(self.path.read_text("utf-8"))
        except (FileNotFoundError, IsADirectoryError, CookieError, UnicodeDecodeError):
            return []

    def save(self, cookies: list[Cookie]) -> None:
        """Store the cookies of a sign-in atomically; without any, nothing changes."""
        try:
            kept = read_cookies(json.dumps(cookies))
        except CookieError:
            return
        make_way(self.path, self.path.parent)
        write_atomically(self.path, json.dumps(kept).encode(), mode=0o600)

    def clear(self) -> None:
        """Forget the sign-in."""
        make_way(self.path, self.path.parent)
        self.path.unlink(missing_ok=True)
