"""The token that lets the operator in."""

from __future__ import annotations

from netflix_trend.settings import Settings, SettingsError
from netflix_trend.web.one_browser import Access, random_secret

SHORTEST_TOKEN = 20
_USED = "operator_used_token"


def operator_access(settings: Settings) -> Access | None:
    """Return who may use the operator's view, None when there is none. Raises as `operator_token`."""
    token = operator_token(settings)
    return Access(token, settings.aggregator_dir / _USED) if token else None


def operator_token(settings: Settings) -> str | None:
    """Return the token that lets the operator in, None when there is no operator's view.

    With OPERATOR=true and no token of its own one is made and printed, not logged. Raises SettingsError for a token
    that could be guessed.
    """
    if settings.operator_token:
        if len(settings.operator_token) < SHORTEST_TOKEN:
            raise SettingsError(f"OPERATOR_TOKEN_FILE: the token has fewer than {SHORTEST_TOKEN} characters")
        return settings.operator_token
    if not settings.operator:
        return None
    token = random_secret()
    print(f"Operator's view: open /operator/ on this machine; token (works once): {token}", flush=True)  # noqa: T201
    return token
