"""When a token ends. Tokens are never shown, and not verified either: that is for SyftBox's server."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime

from netflix_trend.language import _, marked
from netflix_trend.status_table import Row

TOKEN = "token"  # noqa: S105
_LARGEST_TOKEN = 16_384
_SOON = 7 * 86_400
# The year 9999.
_LATEST = 253_000_000_000
SIGN_IN = marked("sign in again in SyftBox")


def expiry_of(token: object) -> float | None:
    """Return when a JSON Web Token ends, in seconds since 1970; None if it does not say so.

    https://datatracker.ietf.org/doc/html/rfc7519#section-4.1.4
    """
    if not isinstance(token, str) or len(token) > _LARGEST_TOKEN or token.count(".") != 2:
        return None
    part = token.split(".")[1]
    try:
        claims = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_"))
    except (ValueError, RecursionError):
        return None
    ends = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(ends, bool) or not isinstance(ends, int | float) or not math.isfinite(ends):
        return None
    return float(ends) if 0 <= ends <= _LATEST else None


def has_ended(token: object, now: float) -> bool:
    """Return whether a token says that it has ended. now: seconds since 1970."""
    ends = expiry_of(token)
    return ends is not None and ends <= now


def token_row(token: object, now: float) -> Row:
    """Return the row about a client's token. now: seconds since 1970."""
    if not token:
        return Row(TOKEN, _("its configuration holds none"), "look here", SIGN_IN)
    ends = expiry_of(token)
    if ends is None:
        return Row(TOKEN, _("it does not say when it ends"))
    day = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
    if has_ended(token, now):
        return Row(TOKEN, _("it ended on %(day)s: nothing is synced any more", day=day), "wrong", SIGN_IN)
    if ends - now < _SOON:
        return Row(
            TOKEN,
            _("it ends on %(day)s; nothing is synced from then on", day=day),
            "look here",
            _("%(SIGN_IN)s before %(day)s", SIGN_IN=_(SIGN_IN), day=day),
        )
    return Row(TOKEN, _("valid until %(day)s", day=day))
