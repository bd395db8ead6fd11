"""MODE: whether data is in the volumes of Docker's services or in folders of this machine. It is recorded once."""

from __future__ import annotations

from typing import get_args

import click

from netflix_trend.cli.docker import Docker
from netflix_trend.cli.frame import Failure, verb_of
from netflix_trend.cli.machine import INSIDE, Machine, Mode

MODES = get_args(Mode)
NOTHING_YET = "nothing is stored yet. Next: ./run.sh fetch or ./run.sh import FILE, or ./run.sh help"


class Place:
    """A machine with or without Docker, and the decision where verbs run."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.docker = Docker(machine)

    @property
    def is_inside(self) -> bool:
        """Whether this process runs in one of our containers."""
        return bool(self.machine.environ.get(INSIDE))

    @property
    def recorded(self) -> Mode | None:
        """The mode in .env or the environment. Raises Failure for an invalid one, and for two that contradict."""
        machine = self.machine
        if (said := machine.environ.get("MODE", "")) in MODES:
            return said  # type: ignore[return-value]
        if machine.environ.get("PRIVATE_DIR") or not machine.is_clone:
            return "folders"
        kept = machine.kept.get("MODE", "")
        if kept and kept not in MODES:
            raise Failure("MODE in .env is containers (Docker's volumes) or folders (of this machine)")
        if machine.kept.get("PRIVATE_DIR"):
            if kept == "containers":
                raise Failure(
                    "MODE=containers and PRIVATE_DIR in .env contradict each other. To work on folders, where nothing "
                    "of Docker's volumes is known: MODE=folders. For Docker's services take PRIVATE_DIR out"
                )
            return "folders"
        return kept or None  # type: ignore[return-value]

    def mode(self, *, keeps: bool = True) -> Mode:
        """Return where this verb runs.

        keeps: the verb stores or publishes something, so that the first one decides for those that follow. Raises
        Failure where both could be meant, or where Docker is installed and does not run.
        """
        if known := self.recorded:
            if known == "folders" and not self.machine.environ.get("MODE") and self.machine.kept.get("PRIVATE_DIR"):
                self.record(known)
            return known
        found, is_certain = self._recognized()
        if is_certain or (keeps and self.can_tell):
            self.record(found)
        return found

    def is_new(self) -> bool:
        """Whether nothing is stored yet, so that no container has to be started to read it."""
        return self.recorded is None and not self.docker.has_volume()

    @property
    def can_tell(self) -> bool:
        """Whether Docker can list its volumes, or is not installed."""
        return not self.docker.has_compose or not self.docker.problem

    def _recognized(self) -> tuple[Mode, bool]:
        """Return the mode of an installation that has recorded none, and whether it has stored anything already."""
        ledger = self.machine.folder("PUBLISHER_DIR")
        if ledger.is_dir():
            if self.docker.has_compose and self.docker.has_volume():
                raise Failure(
                    f"both ./run.sh once (folder {ledger}) and Docker's services may have published. For the first: "
                    f"PRIVATE_DIR=./private ./run.sh {_typed()} ... (or MODE=folders in .env, for good). For the "
                    "second: MODE=containers in .env, after moving that folder elsewhere. To withdraw, do both."
                )
            return "folders", self.can_tell
        if self.docker.problem:
            # If Docker is only stopped, its volumes may contain everything.
            if self.docker.has_compose:
                raise Failure(f"{self.docker.problem} Start it; to work without: MODE=folders in .env")
            return "folders", False
        return "containers", self.docker.has_volume()

    def record(self, mode: Mode, name: str = "MODE") -> None:
        """Write the mode to .env, unless it is there already. name: the setting, of the person or of an operator."""
        if not self.machine.kept.get(name):
            self.machine.keep({name: mode})

    def refuse_password(self) -> None:
        """Raise Failure if there is a password where others can read it."""
        if self.machine.setting("NETFLIX_PASSWORD"):
            raise Failure(
                "NETFLIX_PASSWORD: others can read .env and the environment. Put the password into the file "
                "netflix_password in SECRETS_DIR, chmod 600, and take it out of there. See docs/scraper.md"
            )

    def need_services(self) -> None:
        """Docker's services, for verbs that need them. Raises Failure if they cannot or must not start."""
        self.docker.need()
        self.refuse_password()
        machine = self.machine
        if self.mode() == "folders":
            raise Failure(
                f"this clone works without Docker (MODE=folders), on {machine.folder('PRIVATE_DIR')} and "
                f"{machine.folder('PUBLISHER_DIR')}. For Docker's services move both elsewhere, put MODE=containers "
                "into .env, take PRIVATE_DIR out of it, and import again."
            )
        self.docker.prepare()

    def need_folders(self) -> None:
        """Folders of this machine, for verbs without Docker. Raises Failure if the data is in containers."""
        known = self.recorded
        if known is None and not self.machine.folder("PUBLISHER_DIR").is_dir():
            known = "containers" if self.docker.has_compose and self.docker.has_volume() else "folders"
            if self.can_tell:
                self.record(known)
        if known == "containers":
            raise Failure(
                "this clone works with Docker's services (MODE=containers), and a second ledger beside theirs would "
                "answer every round twice. Use ./run.sh import FILE; or ./run.sh withdraw first, then MODE=folders "
                "in .env"
            )
        self.machine.use_folders()


def _typed() -> str:
    context = click.get_current_context(silent=True)
    return " ".join(verb_of(context)) if context else ""


def place_of(context: click.Context) -> Place:
    """Return the place of the running command."""
    place = context.find_object(Place)
    assert place is not None
    return place
