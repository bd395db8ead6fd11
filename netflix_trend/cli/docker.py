"""Docker's services of a participant, and of an aggregator."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import IO

from netflix_trend.cli.frame import FAILED, Failure
from netflix_trend.cli.machine import Machine
from netflix_trend.syftbox.generations import generation_of

_STDERR = 2
# Folders of this machine that the Compose files mount.
_MOUNTED = ("OUTPUT_DIR", "SECRETS_DIR", "SYFTBOX_TOKEN_DIR", "CHARTS_DIR")


class Docker:
    """Docker with Compose on a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @cached_property
    def program(self) -> str:
        """Path of docker; empty when it is not installed."""
        return self.machine.find("docker")

    @cached_property
    def has_compose(self) -> bool:
        """Whether Docker and its Compose plugin are installed; the engine may be off."""
        return bool(self.program) and self._succeeds("compose", "version")

    @cached_property
    def problem(self) -> str:
        """What is missing, as a sentence; empty if nothing is."""
        if not self.machine.is_clone:
            return "An installed package has no containers; they need a clone of the repository."
        if not self.program:
            return "Docker is not installed: see https://docs.docker.com/engine/install"
        if not self.has_compose:
            return "Docker has no Compose plugin: see https://docs.docker.com/compose/install"
        if not self._succeeds("info"):
            return "The Docker engine does not run, or this user may not use it."
        return ""

    def need(self) -> None:
        """Raise Failure when something is missing."""
        if self.problem:
            raise Failure(f"{self.problem} Without Docker: ./run.sh demo")

    def prepare(self) -> None:
        """Create .env, and give services the time zone and the user of this machine."""
        machine = self.machine
        machine.make_env_file()
        machine.keep_private()
        # Days and weeks begin in this machine's time zone unless .env names another; containers do not know it.
        if not machine.setting("TZ"):
            machine.environ["TZ"] = _zone_of_this_machine()
        # Services see what SyftBox knows where it lies among the datasites; else Compose mounts what nobody reads.
        datasites = machine.folder("DATASITES_DIR")
        if (state := generation_of(datasites).state_folder) and (datasites / state).is_dir():
            machine.environ["SYFTBOX_STATE"] = state
        # Compose would look for relative paths in the clone.
        if machine.home != machine.root:
            for name in _MOUNTED:
                machine.environ[name] = str(machine.folder(name))
        # Services run as the user who starts them, but never as root. On Windows, Docker Desktop decides it.
        if hasattr(os, "getuid") and os.getuid() != 0:
            machine.environ["PARTICIPANT_UID"] = str(os.getuid())
            machine.environ["PARTICIPANT_GID"] = str(os.getgid())
            for name in ("OUTPUT_DIR", "DATASITES_DIR", "SECRETS_DIR"):
                machine.folder(name).mkdir(parents=True, exist_ok=True)

    def compose(self, *arguments: str, stdin: IO[bytes] | int | None = None, stdout: int | None = None,
                on_stop: Callable[[], None] = lambda: None) -> int:  # fmt: skip
        """Run docker compose on the files of the clone. Returns its exit code.

        on_stop: called when a signal has asked this process to end.
        """
        command = [self.program, *self._composed(*arguments)]
        return self.machine.run(command, stdin=stdin, stdout=stdout, cwd=self.machine.root, on_stop=on_stop)

    @property
    def build(self) -> str:
        """The option of `compose up` that says where images come from: built here, or as they are (IMAGE)."""
        return "--no-build" if self.machine.setting("IMAGE") else "--build"

    def is_running(self, service: str, *files: str) -> bool:
        """Return whether a service is running."""
        return bool(self._output(*self._composed(*files, "ps", "--quiet", "--status", "running", service)).strip())

    def states(self) -> dict[str, str]:
        """Return the state of each service that was started, as Docker says it, by name."""
        listed = self._output(*self._composed("ps", "--all", "--format", "{{.Service}}\t{{.Status}}"))
        pairs = (line.partition("\t") for line in listed.decode("utf-8", "replace").splitlines())
        return {name: state for name, tab, state in pairs if tab}

    def listed(self, *arguments: str) -> list[str]:
        """Return the lines that docker prints; none when it fails."""
        return self._output(*arguments).decode("utf-8", "replace").splitlines()

    def refusal(self, *arguments: str) -> str:
        """Run docker, and return what it says when it fails; empty when it succeeds."""
        done = self._call(*arguments)
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return "" if not done.returncode else said[-1] if said else f"docker ended with {done.returncode}"

    def has_volume(self, project: str = "netflix-trend", volume: str = "publisher") -> bool:
        """Return whether services have a volume, by default that of the ledger, running or not.

        project: name in their Compose file.
        """
        project = self.machine.setting("COMPOSE_PROJECT_NAME", project)
        return self._succeeds("volume", "inspect", f"{project}_{volume}")

    def in_service(self, service: str, *words: str, stdin: IO[bytes] | None = None, stdout: int | None = None) -> int:
        """Run a verb in a running service, else in a container on the same volumes. Returns its exit code."""
        self.prepare()
        command = ("python", "-m", "netflix_trend", *words)
        if self.is_running(service):
            return self.compose("exec", "--no-TTY", service, *command, stdin=stdin, stdout=stdout)
        code = self.compose("run", "--rm", "--quiet-pull", "prepare", stdout=_STDERR)
        if code and service != "processor":
            return FAILED
        if service in ("publisher", "dashboard"):
            self._need_datasite()
        return self.compose("run", "--rm", "--no-deps", "--no-TTY", service, *command, stdin=stdin, stdout=stdout)

    def _need_datasite(self) -> None:
        """Refuse a missing datasite: Docker would create its folder, and SyftBox would take it for a whole datasite."""
        datasite = self.machine.folder("DATASITES_DIR") / self.machine.email
        if not datasite.is_dir():
            raise Failure(
                f"there is no datasite {datasite}. Start SyftBox, and check SYFTBOX_EMAIL and DATASITES_DIR in .env"
            )

    def _composed(self, *arguments: str) -> list[str]:
        machine = self.machine
        is_elsewhere = machine.home != machine.root and machine.env_file.is_file()
        return ["compose", *(["--env-file", str(machine.env_file)] if is_elsewhere else []), *arguments]

    def _succeeds(self, *arguments: str) -> bool:
        return self._call(*arguments).returncode == 0

    def _output(self, *arguments: str) -> bytes:
        return self._call(*arguments).stdout

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self.program, *arguments],
            env=self.machine.environ,
            cwd=self.machine.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )


def _zone_of_this_machine() -> str:
    try:
        link = str(Path("/etc/localtime").readlink())
    except OSError:
        link = ""
    if "/zoneinfo/" in link:
        return link.partition("/zoneinfo/")[2]
    try:
        return Path("/etc/timezone").read_text("utf-8").strip()
    except OSError:
        return ""
