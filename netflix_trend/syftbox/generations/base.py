"""What differs between the generations of SyftBox, and a client of one of them that was found on this machine.

The protocol over datasites is one; docs/syftbox.md has the table of differences.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from netflix_trend.formats import decimal
from netflix_trend.language import _, marked
from netflix_trend.names import DATASITE_NAME
from netflix_trend.status_table import Row
from netflix_trend.storage.files import restore_file
from netflix_trend.storage.small_json import flat_json
from netflix_trend.syftbox.permissions import PERMISSION_FILES

if TYPE_CHECKING:
    from netflix_trend.syftbox.generations.go_subscriptions.rules import Rule

_APP_FOLDERS = ("apps", "apis")
# Enough for everything that we write, whatever the generation.
_ENOUGH_DISK = 100_000_000
LAST_SYNC, DISK, SUBSCRIPTIONS = "last sync", "disk", "subscriptions"
START = marked("start SyftBox")


class Generation:
    """One generation of SyftBox. The defaults are those of the generations with a server."""

    key: ClassVar[str]
    name: ClassVar[str]
    starts_apps: ClassVar[bool] = True
    # Free bytes below which its client stops syncing.
    least_disk: ClassVar[int] = 0
    # Folder among the datasites with what its client knows, which a container needs to see; empty without one.
    state_folder: ClassVar[str] = ""
    # Seconds after which rules change, so that files reach readers whom the client did not know before; 0 for never.
    offer_seconds: ClassVar[int] = 0
    # Who can read a datasite, whatever the rules say.
    sees_everything: ClassVar[str] = marked("who runs the server can read everything")

    def is_at(self, datasites: Path) -> bool:
        """Return whether this generation manages a folder of datasites."""
        raise NotImplementedError

    def datasites_of(self, data_dir: Path) -> Path:
        """Return the folder of datasites in its data folder."""
        return data_dir / "datasites"

    def is_set_up(self, datasites: Path, email: str) -> bool:
        """Return whether its client has set up a datasite. Writing earlier would prevent that: a client takes an
        existing datasite for a complete one.
        """
        return any((datasites / email / name).is_file() for name in PERMISSION_FILES)

    def set_up(self, datasites: Path, email: str) -> None:
        """Do what its client does at the first start, for trials without one, and where its own rule is lost."""
        rule = f'- permissions: [admin, create, write, read]\n  path: "**"\n  user: {email}\n'
        restore_file(datasites / email / PERMISSION_FILES[0], rule.encode(), durable=False)
        public = datasites / email / "public" / PERMISSION_FILES[0]
        if not public.exists():
            # Others' clients look at a datasite as long as they may read a file in it, also to remove their copies.
            restore_file(public, b"- permissions: [read]\n  path: syftperm.yaml\n  user: '*'\n", durable=False)

    def unnoticed(self, datasites: Path, email: str, names: Iterable[str]) -> set[str]:
        """Return which removed files this generation has not noticed yet, so that their rules must stay.

        names: paths in the datasite. Where a server judges removals, rules may go together with their files: none.
        """
        return set()

    def unconfirmed(self, datasites: Path, email: str, names: Iterable[str]) -> set[str] | None:
        """Return which removed files its client has not yet removed elsewhere; None where that cannot be seen.

        names: paths in the datasite.
        """
        return None

    def between_syncs(self, datasites: Path, seconds: float) -> AbstractContextManager[bool]:
        """Keep its client from starting a sync; where that matters, wait for a running one.

        seconds: how long to wait at most. The context is whether no sync runs.
        """
        return nullcontext(True)

    # --- what `status` says about a client; no token is ever part of it

    def asked(self, client: Client) -> Client:
        """Return the client with the generation that its local interface shows, where files do not tell it."""
        return client

    def last_sync(self, client: Client, now: float) -> Row:
        """Return whether it syncs. now: seconds since 1970."""
        raise NotImplementedError

    def token(self, client: Client, now: float) -> Row:
        """Return whether it is still signed in."""
        raise NotImplementedError

    def disk(self, client: Client) -> Row:
        """Return whether there is room for its files."""
        try:
            free = shutil.disk_usage(client.data_dir).free
        except OSError:
            return Row(DISK, _("%(data_dir)s cannot be looked at", data_dir=client.data_dir), "look here")
        least = max(self.least_disk, _ENOUGH_DISK)
        room = _("%(free)s GB free", free=decimal(free / 1e9, 1))
        if free < self.least_disk:
            return Row(
                DISK,
                _("%(room)s; below %(least)s GB SyftBox stops syncing", room=room, least=decimal(least / 1e9, 0)),
                "wrong",
                _("free some disk space"),
            )
        if free < least * 1.2:
            return Row(DISK, _("%(room)s, which is little", room=room), "look here", _("free some disk space"))
        return Row(DISK, room)

    def missing(self, client: Client, needed: Sequence[Rule]) -> list[Rule]:
        """Return which of the needed rules about subscriptions are missing; none where there are no such rules.

        Raises UnknownShape if its file is not understood.
        """
        return []

    def allow(self, client: Client, rules: Sequence[Rule]) -> None:
        """Add rules about subscriptions. Raises UnknownShape."""

    def subscriptions(self, client: Client, needed: Sequence[Rule]) -> Row:
        """Return whether everything needed may arrive."""
        return Row(SUBSCRIPTIONS, _("not needed: everything arrives that its owner lets you read"))


@dataclass(frozen=True)
class Client:
    """A SyftBox client on this machine, by its configuration.

    data_dir: its data folder. email: empty when no configuration says it. config: None when it was found by its folder
    alone. client_url: address of its local interface, empty if there is none.
    """

    generation: Generation
    data_dir: Path
    email: str = ""
    config: Path | None = None
    server_url: str = ""
    client_url: str = ""

    @property
    def known(self) -> dict[str, Any]:
        """The content of its configuration, tokens included: never show it."""
        return flat_json(self.config) if self.config else {}

    @property
    def datasites(self) -> Path:
        """The folder with one folder for each datasite."""
        return self.generation.datasites_of(self.data_dir)

    def holds(self, place: Path) -> bool:
        """Return whether a folder lies below the data folder, or is one of its apps by a link."""
        if _is_below(place, self.data_dir):
            return True
        folders = (self.data_dir / name for name in _APP_FOLDERS)
        apps = (app for folder in folders if folder.is_dir() for app in folder.iterdir())
        return any(app.is_symlink() and app.resolve() == place.resolve() for app in apps)


def _is_below(place: Path, folder: Path) -> bool:
    return place.is_relative_to(folder) or place.resolve().is_relative_to(folder.resolve())


def address_in(value: object) -> str:
    """Return an address that can name a datasite, in lower case as the generations write it; empty for others."""
    email = value.strip().lower() if isinstance(value, str) else ""
    return email if DATASITE_NAME.fullmatch(email) else ""


def unknown_sync(client: Client) -> Row:
    """Return the row about a client whose local interface is not known, or not on this machine."""
    why = (
        _("its local interface is not on this machine")
        if client.client_url
        else _("its configuration names no interface")
    )
    return Row(LAST_SYNC, _("unknown: %(why)s", why=why), "look here", _("see in SyftBox whether it syncs"))


def no_answer(client: Client) -> Row:
    """Return the row about a client that does not answer."""
    return Row(
        LAST_SYNC,
        _("SyftBox does not answer at %(client_url)s: it is not running", client_url=client.client_url),
        "wrong",
        START,
    )
