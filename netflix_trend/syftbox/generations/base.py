"""What differs between the generations of SyftBox, and a client of one of them that was found on this machine.

The protocol over datasites is one; docs/syftbox.md has the table of differences.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from netflix_trend.names import DATASITE_NAME
from netflix_trend.storage.files import read_own, restore_file
from netflix_trend.syftbox.permissions import PERMISSION_FILES

# A configuration has a few hundred bytes; a token may be long.
_LARGEST_CONFIGURATION = 65_536
_APP_FOLDERS = ("apps", "apis")


class Generation:
    """One generation of SyftBox. The defaults are those of the generations with a server."""

    key: ClassVar[str]
    name: ClassVar[str]
    # Free bytes below which its client stops syncing.
    least_disk: ClassVar[int] = 0
    # Folder among the datasites with what its client knows, which a container needs to see; empty without one.
    state_folder: ClassVar[str] = ""

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


def flat_json(path: Path) -> dict[str, Any]:
    """Return the object in a small JSON file; empty for anything else."""
    try:
        found = json.loads(read_own(path.resolve(), _LARGEST_CONFIGURATION) or b"{}")
    except (ValueError, OSError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def address_in(value: object) -> str:
    """Return an address that can name a datasite, in lower case as the generations write it; empty for others."""
    email = value.strip().lower() if isinstance(value, str) else ""
    return email if DATASITE_NAME.fullmatch(email) else ""
