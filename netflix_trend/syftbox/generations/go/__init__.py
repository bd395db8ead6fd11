"""SyftBox 0.8 in Go: a server, a client that scans every five seconds, `syft.pub.yaml`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from netflix_trend.language import _
from netflix_trend.status_table import Row
from netflix_trend.storage.files import restore_file
from netflix_trend.syftbox.generations.base import LAST_SYNC, Client, Generation, no_answer, unknown_sync
from netflix_trend.syftbox.generations.local_api import Answer, ask, is_local
from netflix_trend.syftbox.generations.tokens import TOKEN, token_row
from netflix_trend.syftbox.permissions import GO_FILE

_OWN_RULES = b"terminal: false\nrules:\n- pattern: '**'\n  access: {admin: [], write: [], read: []}\n"


class Go(Generation):
    """The Go generation."""

    key = "go"
    name = "SyftBox 0.8 (Go)"
    least_disk = 5_000_000_000

    def is_at(self, datasites: Path) -> bool:
        """Return whether the client's folder of its own lies beside the datasites."""
        return (datasites.parent / ".data").is_dir()

    def set_up(self, datasites: Path, email: str) -> None:
        """Write the rules of a new datasite: nobody but the owner, whom no rule names, reads anything."""
        restore_file(datasites / email / GO_FILE, _OWN_RULES, durable=False)

    def asked(self, client: Client) -> Client:
        """Return the client as one with subscriptions if it has an interface for them: a new one has no file yet."""
        from netflix_trend.syftbox.generations.go_subscriptions import GoWithSubscriptions

        answer = ask_go(client, "/v1/subscriptions/")
        has_them = answer is not None and answer.status == 200 and "config" in answer.content
        return replace(client, generation=GoWithSubscriptions()) if has_them else client

    def last_sync(self, client: Client, now: float) -> Row:
        """Ask the client for its state."""
        if not is_local(client.client_url):
            return unknown_sync(client)
        answer = ask_go(client, "/v1/status")
        if answer is None:
            return no_answer(client)
        if answer.status == 401:
            said = _("the client runs with another configuration: it refuses the token in this one")
            return Row(LAST_SYNC, said, "look here", _("restart SyftBox"))
        datasite = answer.content.get("datasite")
        state = str(datasite.get("status", "")).lower() if isinstance(datasite, dict) else ""
        if answer.status != 200 or (state and not state.startswith("provision")):
            return Row(
                LAST_SYNC,
                _("the client runs but is not signed in, so that it syncs nothing"),
                "wrong",
                _("sign in again in SyftBox"),
            )
        return Row(LAST_SYNC, _("it runs and syncs every five seconds"))

    def token(self, client: Client, now: float) -> Row:
        """Read when the refresh token ends; the other one is never stored."""
        if client.config is None:
            return Row(TOKEN, _("unknown: its configuration was not found"), "look here")
        return token_row(client.known.get("refresh_token"), now)


def ask_go(client: Client, path: str, body: dict[str, object] | None = None) -> Answer | None:
    """Return what the client's local interface answers; None if it does not."""
    token = client.known.get("client_token")
    return ask(client.client_url, path, token=token if isinstance(token, str) else "", body=body)
