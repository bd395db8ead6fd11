"""What the pages need from the other services, in containers or in one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from services.dashboard.downloads import Downloads

State = Literal["fine", "waiting", "broken", "unknown"]
# Where a person chooses an aggregator: on the page, in a terminal, or nowhere.
SetupPlace = Literal["page", "terminal", "none"]


class Refused(Exception):
    """A file cannot be taken; the message says why and what to do."""


@dataclass(frozen=True)
class Service:
    """The state of a service, in a sentence without personal data."""

    name: str
    state: State
    sentence: str


@dataclass(frozen=True)
class RefusedFile:
    """A file that was moved to `refused/` or cannot be used any more, and why."""

    name: str
    reason: str


class Backend(Protocol):
    """The services behind the pages."""

    @property
    def runs_by_itself(self) -> bool:
        """Whether the publisher runs without being asked."""

    @property
    def sees_syftbox(self) -> bool:
        """Whether SyftBox's client runs on the machine of this process, and not outside of its container."""

    @property
    def setup(self) -> SetupPlace:
        """Where an aggregator is chosen: a container sees neither other datasites nor .env."""

    @property
    def downloads(self) -> Downloads | None:
        """The downloads folder of the person's browser; None in a container, which does not see it."""

    def keep_settings(self, values: Mapping[str, str]) -> None:
        """Set values in .env, where `setup` is the page. The next page follows them. Raises Refused."""

    def deliver(self, part: Path, name: str, options: Mapping[str, str]) -> str:
        """Take a complete file, and say what happens next. Raises Refused."""

    def rebuild(self) -> None:
        """Bring the tables up to date with what the person has said, taken away or brought back."""

    def run_publisher(self) -> None:
        """Ask the publisher to follow changed choices now, not only in a minute."""

    def pending(self) -> int:
        """Return how many files are on their way into the tables."""

    def services(self) -> list[Service]:
        """Return the state of each service."""

    def refused_files(self) -> list[RefusedFile]:
        """Return the files that could not even be queued, newest first."""
