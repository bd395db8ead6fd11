"""PySyft v2: no server, files travel over each person's Google Drive. Its folder of datasites is the data folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from netflix_trend.language import _, marked, ngettext
from netflix_trend.status_table import Row
from netflix_trend.storage.files import read_own, unchanging
from netflix_trend.syftbox.generations.base import LAST_SYNC, Client, Generation, address_in
from netflix_trend.syftbox.generations.tokens import TOKEN

FOLDER_START = "SyftBox_"
VERSION_FILE = "SYFT_version.json"
# What it knows about its owner's files; a container sees this folder and not the lock.
CACHE = ".cache"
_KNOWN_FILES = "owner_file_hashes.json"
_LOCK = ".sync.lock"
_LARGEST_CACHE = 50_000_000
# Without the lock a sync counts as over when it has recorded nothing for this long.
_QUIET_SECONDS = 600.0
_RECENT_SECONDS = 86_400.0
_DAYS_TOO_MANY = 7


class PySyft2(Generation):
    """PySyft v2, whose sync sends a removal to those whom the rules name at that moment."""

    key = "pysyft"
    name = "PySyft v2"
    starts_apps = False
    state_folder = CACHE
    offer_seconds = 3600
    sees_everything = marked("the files lie in your Google Drive, and Google can read them")

    def is_at(self, datasites: Path) -> bool:
        """Return whether its files lie among the datasites."""
        return (datasites / VERSION_FILE).is_file() or (datasites / CACHE).is_dir()

    def datasites_of(self, data_dir: Path) -> Path:
        """Return the data folder itself."""
        return data_dir

    def is_set_up(self, datasites: Path, email: str) -> bool:
        """Return whether the datasite is there: it has no permission file in its root."""
        return (datasites / email).is_dir()

    def set_up(self, datasites: Path, email: str) -> None:
        """Make the datasite."""
        (datasites / email).mkdir(parents=True, exist_ok=True)

    def unnoticed(self, datasites: Path, email: str, names: Iterable[str]) -> set[str]:
        """Return the removed files that no completed sync has noticed; all of them while a sync runs.

        The sync records a removal before it asks the rules who is told about it.
        """
        wanted = set(names)
        if not wanted:
            return set()
        state = datasites / CACHE / _KNOWN_FILES
        try:
            if not (datasites / _LOCK).exists():
                # Not to be seen from a container.
                is_over = time.time() - state.stat().st_mtime > _QUIET_SECONDS
                return wanted & _known(state) if is_over else wanted
            with unchanging(datasites / _LOCK, 0) as is_free:
                return wanted & _known(state) if is_free else wanted
        except (OSError, ValueError, RecursionError):  # no sync has ever run
            return wanted

    def unconfirmed(self, datasites: Path, email: str, names: Iterable[str]) -> set[str] | None:
        """Return the removed files that no completed sync has noticed: one that has notices tells the readers."""
        return self.unnoticed(datasites, email, names)

    def between_syncs(self, datasites: Path, seconds: float) -> AbstractContextManager[bool]:
        """Hold its lock. A sync that finds changed rules also sends files that are newer than its list of files; if one
        of them were removed before the next sync, no sync would ever notice that.
        """
        return unchanging(datasites / _LOCK, seconds)

    def last_sync(self, client: Client, now: float) -> Row:
        """Return when it was synced last: every sync touches its lock, and none runs by itself."""
        step = _("sync in PySyft: client.sync()")
        times = []
        for place in (client.datasites / _LOCK, client.datasites / CACHE / _KNOWN_FILES):
            with suppress(OSError):
                times.append(place.lstat().st_mtime)
        if not times:
            return Row(LAST_SYNC, _("it has never been synced"), "wrong", step)
        days = int((now - max(times)) // _RECENT_SECONDS)
        if days >= 1:
            said = ngettext(
                "%(num)s day ago; it does not sync by itself", "%(num)s days ago; it does not sync by itself", days
            )
            return Row(LAST_SYNC, said, "wrong" if days >= _DAYS_TOO_MANY else "look here", step)
        return Row(LAST_SYNC, _("within a day; it does not sync by itself"))

    def token(self, client: Client, now: float) -> Row:
        """Say that Google's token is not looked at."""
        return Row(TOKEN, _("unknown: the token is Google's, and PySyft asks for a new one when it needs it"))


def _known(state: Path) -> set[str]:
    """Return the paths of the owner's files at the last sync. Raises ValueError if they cannot be told."""
    found = json.loads(read_own(state, _LARGEST_CACHE) or b"null")
    if not isinstance(found, dict):
        raise ValueError(_("not a list of files"))
    return set(found)


def clients_in(home: Path) -> list[Client]:
    """Return the clients whose data folders lie in a home folder, sorted by address."""
    found = []
    with suppress(OSError):
        for folder in sorted(home.glob(f"{FOLDER_START}*")):
            email = address_in(folder.name.removeprefix(FOLDER_START))
            if email and (folder / email).is_dir():
                found.append(Client(PySyft2(), folder, email))
    return found
