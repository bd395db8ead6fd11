"""SyftBox 0.4 from the Python package index: a server, a client that polls it every second, `syftperm.yaml`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from netflix_trend.language import _
from netflix_trend.status_table import Row
from netflix_trend.storage.files import read_own
from netflix_trend.syftbox.generations.base import LAST_SYNC, Client, Generation, no_answer, unknown_sync
from netflix_trend.syftbox.generations.local_api import ask, is_local
from netflix_trend.syftbox.generations.tokens import SIGN_IN, TOKEN, has_ended, token_row

# Beside the datasites: what the client and the server last agreed on. A container does not see it.
_AGREED = Path("plugins") / "local_syncstate.json"
_LARGEST_STATE = 50_000_000


class Python04(Generation):
    """The Python generation."""

    key = "python"
    name = "SyftBox 0.4 (Python)"

    def is_at(self, datasites: Path) -> bool:
        """Return whether the client's own files lie beside the datasites."""
        return any((datasites.parent / name).is_file() for name in (".metadata.json", "syftbox.pid"))

    def unconfirmed(self, datasites: Path, email: str, names: Iterable[str]) -> set[str] | None:
        """Return the removed files that the server has not yet removed.

        The client takes a file off its list when the server has answered.
        """
        path = datasites.parent / _AGREED
        if not path.is_file():
            return None
        try:
            agreed = json.loads(read_own(path, _LARGEST_STATE) or b"null")["states"]
            # One that was made anew, and knows nothing of the datasite yet, confirms nothing.
            if not isinstance(agreed, dict) or not any(name.startswith(f"{email}/") for name in agreed):
                return set(names)
            return {name for name in names if f"{email}/{name}" in agreed}
        except (ValueError, TypeError, KeyError, RecursionError):  # it is just being written
            return set(names)

    def last_sync(self, client: Client, now: float) -> Row:
        """Ask the client whether it syncs. It answers, too, when it has given up for good."""
        if not is_local(client.client_url):
            return unknown_sync(client)
        answer = ask(client.client_url, "/sync/health")
        if answer is None:
            return no_answer(client)
        if answer.status == 200 and has_ended(client.known.get("access_token"), now):
            # It looks at its own health every five minutes only, and until then says that all is well.
            return Row(LAST_SYNC, _("the client runs, but its token has ended: it syncs nothing"), "wrong", SIGN_IN)
        if answer.status == 200:
            return Row(LAST_SYNC, _("it runs and syncs every second"))
        if answer.status == 503:
            return Row(
                LAST_SYNC,
                _("the client runs but syncs no more, as it does for good once its token has ended"),
                "wrong",
                _("%(SIGN_IN)s and restart it", SIGN_IN=_(SIGN_IN)),
            )
        return Row(
            LAST_SYNC,
            _("the client answers with %(status)s", status=answer.status),
            "look here",
            _("see SyftBox's log"),
        )

    def token(self, client: Client, now: float) -> Row:
        """Read when the access token ends."""
        if client.config is None:
            return Row(TOKEN, _("unknown: its configuration was not found"), "look here")
        return token_row(client.known.get("access_token"), now)
