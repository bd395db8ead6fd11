"""Operators on this machine, the aggregator and the helper: in Docker's containers or on folders.

AGGREGATOR_MODE and HELPER_MODE say which. Each is written to .env at first use: an operator in two places would have
two keys, and would spend its participants' privacy twice.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import click

from netflix_trend.causes import cause
from netflix_trend.cli.frame import FAILED, Failure, VerbGroup
from netflix_trend.cli.machine import Machine, Mode
from netflix_trend.cli.mode import MODES, Place
from netflix_trend.cli.subscribing import subscribe
from netflix_trend.names import is_trial

_STDERR = 2
START = "all"
TRIAL = (
    "Trial: nothing leaves this machine. The datasite is set up here, because AGGREGATOR_DATASITE is the example; name "
    "your own in .env."
)


class Starting(VerbGroup):
    """A group whose default verb is `start`; its options, such as --detach, go to `docker compose up`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; options without a verb belong to `start`."""
        if args[0].startswith("-"):
            return "start", self.commands["start"], args
        return super().resolve_command(ctx, args)


@dataclass(frozen=True)
class Operator:
    """One operator of this machine. role: `aggregator` or `helper`; port: where its page is by default."""

    place: Place
    role: Literal["aggregator", "helper"]
    port: int

    def start(self, options: tuple[str, ...] = ()) -> int:
        """Run it in the foreground until a signal arrives; options go to docker compose up. Returns the exit code."""
        subscribe(self.place.machine, self.role)
        if self.mode() == "folders":
            if options:
                raise click.UsageError(
                    f"{options[0]} is an option of docker compose, and this {self.role} works on folders "
                    f"({self._setting}=folders), in the foreground"
                )
            return self._on_folders((START,))
        self._need_docker()
        docker = self.place.docker
        return docker.compose(*self._files, "up", docker.build, *options)

    def ask(self, *words: str, stdin: IO[bytes] | None = None, stdout: int | None = None) -> int:
        """Run one of its verbs: here, in its container, or in a new one if it is not running. Returns the exit code.

        stdin, stdout: what the verb reads and where it writes, in a container.
        """
        if self.mode() == "folders":
            return self._on_folders(words)
        self._need_docker()
        docker, files = self.place.docker, self._files
        command = (self.role, "python", "-m", "services.aggregator", *words)
        if docker.is_running(self.role, *files):
            return docker.compose(*files, "exec", "--no-TTY", *command, stdin=stdin, stdout=stdout)
        if docker.compose(*files, "run", "--rm", "--quiet-pull", "prepare", stdout=_STDERR):
            return FAILED
        return docker.compose(*files, "run", "--rm", "--no-deps", "--no-TTY", *command, stdin=stdin, stdout=stdout)

    def mode(self) -> Mode:
        """Return where it works; the first verb decides for those that follow.

        Raises Failure where both could be meant, or where Docker is installed and does not run.
        """
        if known := self._recorded:
            return known
        docker, folder = self.place.docker, self.folder
        has_volume = docker.has_compose and docker.has_volume(f"netflix-trend-{self.role}", self.role)
        found: Mode = "folders" if docker.problem else "containers"
        if folder.is_dir() and any(folder.iterdir()):
            if has_volume:
                raise Failure(
                    f"both the folder {folder} and Docker's volume {self.role} may hold this {self.role}'s key and "
                    f"records. Put {self._setting}=folders or {self._setting}=containers into .env, whichever has been "
                    "running, and move the other elsewhere"
                )
            found = "folders"
        elif docker.has_compose and docker.problem:
            # Docker is only stopped, and its volume may hold everything.
            raise Failure(f"{docker.problem} Start it; to work without: {self._setting}=folders in .env")
        if self.place.can_tell:
            self.place.record(found, self._setting)
        return found

    def is_here(self) -> bool:
        """Return whether this machine has its key or records, in a folder or in a volume."""
        docker, folder = self.place.docker, self.folder
        is_folder = folder.is_dir() and any(folder.iterdir())
        return is_folder or (docker.has_compose and docker.has_volume(f"netflix-trend-{self.role}", self.role))

    @property
    def folder(self) -> Path:
        """Where it keeps its key and records if it works on folders."""
        return self.place.machine.folder(f"{self.role.upper()}_DIR")

    @property
    def _setting(self) -> str:
        return f"{self.role.upper()}_MODE"

    @property
    def _files(self) -> tuple[str, str]:
        return "-f", f"docker-compose.{self.role}.yml"

    @property
    def _recorded(self) -> Mode | None:
        machine = self.place.machine
        if not machine.is_clone:
            return "folders"
        said = machine.setting(self._setting)
        if said and said not in MODES:
            raise Failure(f"{self._setting} is containers (Docker's volumes) or folders (of this machine)")
        return said or None  # type: ignore[return-value]

    def _need_docker(self) -> None:
        docker = self.place.docker
        if docker.problem:
            raise Failure(
                f"{docker.problem} This {self.role}'s key and records are in Docker's volume {self.role} "
                f"({self._setting}=containers in .env), so it does not run without"
            )
        docker.prepare()

    # --- on folders

    def _on_folders(self, words: tuple[str, ...]) -> int:
        """Run a verb in this process. Raises Failure for wrong settings, and where the folder is not its own."""
        machine = self.place.machine
        machine.use_folders("aggregator")
        if not importlib.util.find_spec("gunicorn"):
            raise Failure("gunicorn is not installed. Next: pip install 'netflix-trend[aggregator]'")
        os.environ.update(operator_environment(machine, self.role, self.folder, self.port))
        from netflix_trend.settings import SettingsError, load_settings
        from netflix_trend.syftbox.datasite import Datasite
        from services.aggregator.__main__ import run

        try:
            settings = load_settings()
        except SettingsError as problem:
            raise Failure(str(problem)) from None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as problem:
            raise Failure(f"{self.role.upper()}_DIR: {self.folder}: {cause(problem)}. Name another in .env") from None
        site = Datasite(settings.datasites_dir, settings.operator_datasite)
        is_apart = not machine.inside_syftbox and not machine.setting("SYFTBOX_SERVER_URL")
        trial = is_apart and is_trial(site.email, settings.aggregator_datasite)
        if trial:
            site.set_up()
        if words == (START,):
            if trial:
                click.echo(TRIAL)
            click.echo(f"Works on {self.folder}. Open http://127.0.0.1:{settings.web_port}  (Ctrl-C ends it)")
            # Nothing is imported from where it was started.
            os.chdir(self.folder)
        return run(list(words))


def operator_environment(machine: Machine, role: str, folder: Path, port: int) -> dict[str, str]:
    """Return what a process of an operator on folders gets besides the settings: what Compose gives its container.

    folder: its volume. port: of its page, unless .env names another.
    """
    upper = role.upper()
    values = {
        "ROLE": role,
        f"{upper}_DIR": str(folder),
        "HEARTBEAT_DIR": str(folder),
        "WEB_HOST": "127.0.0.1",
        "WEB_PORT": machine.setting(f"{upper}_PORT", str(port)),
        "POLL_SECONDS": machine.setting(f"{upper}_POLL_SECONDS", "30"),
        "CHARTS_DIR": str(machine.folder("CHARTS_DIR")),
        "CATALOGUE": machine.setting("CATALOGUE"),
        "OPERATOR_TOKEN_FILE": machine.setting("OPERATOR_TOKEN_FILE"),
        "PYTHONSAFEPATH": "1",
    }
    for name in ("CATALOGUE", "OPERATOR_TOKEN_FILE"):
        values[name] = str(machine.absolute(values[name])) if values[name] else ""
    return values
