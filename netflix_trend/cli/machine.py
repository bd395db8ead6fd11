"""The machine that verbs work on: settings from the environment and .env, folders, and programs.

Inside SyftBox, settings and data lie outside the clone, because installing the app again removes the clone. MODE says
where exports, tables and ledger are: in the volumes of Docker's services (`containers`) or in folders of this machine
(`folders`). It is written to .env at first use. Installations from before MODE are recognized once.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal

from dotenv import dotenv_values

from netflix_trend.causes import reason_of
from netflix_trend.cli.data_home import data_home, move_once
from netflix_trend.cli.frame import Failure
from netflix_trend.cli.paths import is_windows, native
from netflix_trend.layout import PublisherVolume, records_of
from netflix_trend.names import APP_NAME, EXAMPLE_AGGREGATOR, EXAMPLE_ME
from netflix_trend.storage.migrations import (
    PRIVATE,
    PUBLISHER,
    SCRAPER,
    NewerFormat,
    bring_up_to_date,
    check_formats,
)
from netflix_trend.syftbox.generations import Client, client_at, find_client, was_started

Mode = Literal["containers", "folders"]
# Folders that must not be uploaded, with their default paths.
PRIVATE_FOLDERS = {
    "OUTPUT_DIR": "drop",
    "SECRETS_DIR": "secrets",
    "PRIVATE_DIR": "private",
    "PUBLISHER_DIR": "publisher",
    "SCRAPER_DIR": "scraper",
    "AGGREGATOR_DIR": "aggregator",
    "HELPER_DIR": "helper",
    "SYFTBOX_TOKEN_DIR": "syftbox-token",
}
FOLDERS = {**PRIVATE_FOLDERS, "DATASITES_DIR": "datasites", "CHARTS_DIR": "charts"}
# What versions before 0.2 kept in the clone of an app.
KEPT = (".env", *PRIVATE_FOLDERS.values(), FOLDERS["CHARTS_DIR"])
EXAMPLE_DATASITES = "./datasites"
ADDRESSES = frozenset({"SYFTBOX_EMAIL", "AGGREGATOR_DATASITE", "HELPER_DATASITE"})
# Settings that name a file, beside FOLDERS.
_FILES = ("CATALOGUE", "OPERATOR_TOKEN_FILE")
# Set in our images: a verb that runs there acts on the mounted volumes.
INSIDE = "IN_CONTAINER"
# Set by run.sh: the path of the clone as it was called, with links.
CALLED_AS = "NETFLIX_TREND_CLONE"
# Signals that ask a process to end. Windows has no SIGHUP.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Machine:
    """A clone of the repository, or the home folder of an installed package, and the environment of this process.

    root: folder with the Compose files in a clone. environ: variables, changed for child processes. client: the SyftBox
    client that this app belongs to, None outside of SyftBox. home: folder with .env and all private folders.
    """

    def __init__(self, root: Path, environ: dict[str, str]) -> None:
        self.root = root
        self.environ = environ
        self.client: Client | None = None
        if not environ.get(INSIDE):
            self.client = find_client((Path(native(environ.get(CALLED_AS) or str(root))), root), environ)
        self.home = data_home(environ) if self.inside_syftbox and self.is_clone else root
        if self.client:
            self._follow(self.client)

    @classmethod
    def here(cls) -> Machine:
        """Return the machine of this process."""
        code = Path(__file__).absolute().parents[2]
        if (code / "docker-compose.yml").is_file() or os.environ.get(INSIDE):
            return cls(code, dict(os.environ))
        return cls(data_home(os.environ), dict(os.environ))

    @property
    def is_clone(self) -> bool:
        """Whether Compose files are there. An installed package works on folders only."""
        return (self.root / "docker-compose.yml").is_file()

    # --- settings

    @property
    def env_file(self) -> Path:
        """The file with the settings; in the clone as long as it was not moved."""
        here, before = self.home / ".env", self.root / ".env"
        return here if here.exists() or not before.exists() else before

    @cached_property
    def kept(self) -> Mapping[str, str]:
        """The content of .env."""
        return {name: value or "" for name, value in dotenv_values(self.env_file).items()}

    def make_env_file(self) -> None:
        """Copy the example to .env if there is none."""
        if not self.env_file.exists():
            example = self.root / ".env.example"
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.env_file.write_text(example.read_text("utf-8") if example.is_file() else "", "utf-8")
            self.__dict__.pop("kept", None)

    def keep(self, values: Mapping[str, str]) -> None:
        """Set values in .env, which is made if there is none, and let verbs of this process follow them.

        Raises Failure for a value that cannot stand there.
        """
        from netflix_trend.env_file import EnvFileError, set_values

        self.make_env_file()
        try:
            set_values(self.env_file, values)
        except (EnvFileError, OSError) as problem:
            raise Failure(f"{self.env_file} could not be changed: {reason_of(problem)}") from None
        self.__dict__.pop("kept", None)

    def setting(self, name: str, default: str = "") -> str:
        """Return a setting from the environment, otherwise from .env; addresses as settings read them."""
        found = self.environ.get(name) or self.kept.get(name) or default
        return (found.strip().lower() or default) if name in ADDRESSES else found

    def folder(self, name: str) -> Path:
        """Return a folder as an absolute path; relative paths in .env start beside it."""
        return self.absolute(self.setting(name, FOLDERS[name]))

    def absolute(self, text: str) -> Path:
        """Return a path in .env as Compose reads it."""
        text, home = native(text), native(self.environ.get("HOME", ""))
        for start in ("~/", "$HOME/", "${HOME}/"):
            if text.startswith(start):
                return Path(home) / text.removeprefix(start)
        # .env may lie in the clone still, but what nobody has named is never there.
        is_named = Path(text) not in {Path(usual) for usual in FOLDERS.values()}
        return (self.env_file.parent if is_named else self.home) / text

    @property
    def email(self) -> str:
        """The address that names the person's datasite."""
        return self.setting("SYFTBOX_EMAIL", EXAMPLE_ME)

    @property
    def aggregator(self) -> str:
        """The address of the aggregator, as settings read it; that of the example where none is chosen."""
        return self.setting("AGGREGATOR_DATASITE", EXAMPLE_AGGREGATOR)

    @property
    def page_port(self) -> str:
        """The port of the person's page; SyftBox may assign one."""
        return self.environ.get("SYFTBOX_ASSIGNED_PORT") or self.setting("DASHBOARD_PORT", "8651")

    # --- SyftBox

    @property
    def inside_syftbox(self) -> bool:
        """Whether SyftBox started this app, or has it among its apps."""
        return not self.environ.get(INSIDE) and (self.client is not None or was_started(self.environ))

    @property
    def syftbox(self) -> Client | None:
        """The client that manages the datasites in the settings, also where this clone lies outside of SyftBox."""
        datasites = self.folder("DATASITES_DIR")
        if self.client and self.client.datasites.resolve() == datasites.resolve():
            return self.client
        if self.environ.get(INSIDE):
            return None
        return client_at(datasites, self.email, self.environ, self.client)

    @property
    def is_started_by_syftbox(self) -> bool:
        """Whether SyftBox starts this app whenever its client starts; PySyft v2 starts none."""
        return self.inside_syftbox and (self.client is None or self.client.generation.starts_apps)

    def _follow(self, client: Client) -> None:
        """Take the person's address and datasites from SyftBox; values in .env take precedence."""
        email = client.email if self.email == EXAMPLE_ME else self.email
        if email:
            self.environ["SYFTBOX_EMAIL"] = email
        # Nothing of a trial belongs among the datasites of others.
        is_known = email and email != EXAMPLE_ME
        datasites = self.setting("DATASITES_DIR", EXAMPLE_DATASITES)
        if datasites == EXAMPLE_DATASITES and is_known:
            datasites = str(client.datasites)
        self.environ["DATASITES_DIR"] = str(self.absolute(datasites))

    # --- folders

    def keep_private(self) -> None:
        """Refuse folders for exports, tables and secrets in places that SyftBox uploads in clear."""
        # The settings may name other datasites than those that SyftBox syncs.
        for folder in (self.folder("DATASITES_DIR"), *([self.client.datasites] if self.client else [])):
            uploaded = folder.resolve()
            if self.home != self.root and self.home.resolve().is_relative_to(uploaded):
                raise Failure(
                    f"{self.home} would be uploaded, it is in {uploaded}. Name a folder for data elsewhere: "
                    "XDG_DATA_HOME"
                )
            for name in PRIVATE_FOLDERS:
                place = self.folder(name)
                if place.resolve().is_relative_to(uploaded):
                    raise Failure(
                        f"{name}: {place} would be uploaded, it is in {uploaded}. Name another folder in .env"
                    )

    def settle(self) -> list[str]:
        """Move data that an earlier version kept in the clone to where installing again does not remove it.

        Returns the names of what was moved. Raises Failure where both places have a ledger or exports.
        """
        if self.home == self.root:
            return []
        self.keep_private()
        if self.environ.get("XDG_DATA_HOME") and self.home.resolve().is_relative_to(self.root.resolve()):
            raise Failure(
                f"{self.home} is in the app's folder, which installing again removes. Name a folder for data "
                "elsewhere: XDG_DATA_HOME"
            )
        moved = move_once(self.root, self.home, [*self._keep_meaning(), *KEPT])
        self.__dict__.pop("kept", None)
        return moved

    def _keep_meaning(self) -> list[str]:
        """Let relative paths mean the same when .env, which lies in the clone, has moved. Returns those of folders in
        the clone that move with it; others become absolute.
        """
        if self.env_file.parent == self.home:
            return []
        moved, absolute = list[str](), dict[str, str]()
        for name in (*FOLDERS, *_FILES):
            text = native(self.kept.get(name, ""))
            before = Path(os.path.normpath(self.root / text))
            if not text or Path(text).is_absolute() or text.startswith(("~/", "$")) or not before.exists():
                continue
            if name != "DATASITES_DIR" and name in FOLDERS and before != self.root and before.is_relative_to(self.root):
                moved.append(before.relative_to(self.root).as_posix())
            elif text != EXAMPLE_DATASITES:
                absolute[name] = str(before)
        if absolute:
            self.keep(absolute)
        return moved

    def use_folders(self, lock: str = "demo") -> None:
        """Prepare this process for folders of this machine: packages of a lock, settings and time zone."""
        self.keep_private()
        self.need_packages(lock)
        for name, value in self.folder_environment().items():
            os.environ[name] = self.environ[name] = value
        if "TZ" in os.environ:
            time.tzset()
        self._check_formats()

    def _check_formats(self) -> None:
        """Bring files of earlier versions up to date. Raises Failure for files of a newer one: nothing is changed."""
        act = check_formats if self.environ.get(INSIDE) else bring_up_to_date  # there the services do it as they start
        try:
            for name, kinds in (("PRIVATE_DIR", PRIVATE), ("PUBLISHER_DIR", PUBLISHER), ("SCRAPER_DIR", SCRAPER)):
                act(self.folder(name), kinds)
        except NewerFormat as problem:
            raise Failure(str(problem)) from None

    def folder_environment(self) -> dict[str, str]:
        """Return all settings in .env or the environment, for a process on folders of this machine."""
        from netflix_trend.settings import Settings

        names = [name.upper() for name in Settings.model_fields]
        values = {name: value for name in names if (value := self.setting(name))}
        for name in ("PRIVATE_DIR", "PUBLISHER_DIR", "SCRAPER_DIR", "OUTPUT_DIR", "DATASITES_DIR"):
            values[name] = str(self.folder(name))
        if said := values.get("DOWNLOADS_DIR"):
            values["DOWNLOADS_DIR"] = str(self.absolute(said))
        if values.get("SCRAPE_WITH") == "password":
            values.setdefault("NETFLIX_PASSWORD_FILE", str(self.folder("SECRETS_DIR") / "netflix_password"))
        return values | {"DASHBOARD_PORT": self.page_port}

    def need_packages(self, lock: str = "demo", on_stop: Callable[[], None] = lambda: None) -> None:
        """Install what verbs on folders need into the clone's environment; an installed package has it.

        lock: requirements/LOCK.txt, `demo` for a participant. on_stop: called when a signal has asked this process to
        end.
        """
        if is_windows():
            raise Failure(
                "this needs Linux or macOS, because it locks files in a way that Windows does not have. Next: start "
                "Docker Desktop, then ./run.sh up; or work in WSL"
            )
        script = self.root / "requirements" / "environment.sh"
        if self.environ.get(INSIDE) or not script.is_file() or Path(sys.prefix) != self.root / ".venv":
            return
        if self.run(["sh", script.as_posix(), lock], stdout=2, cwd=self.root, on_stop=on_stop):
            raise Failure("its packages could not be installed, see above")
        importlib.invalidate_caches()

    @property
    def has_published(self) -> bool:
        """Whether anything was published to this aggregator, or lies in the datasite."""
        manifest = self.folder("DATASITES_DIR") / self.email / "app_data" / APP_NAME / "manifest.json"
        records = records_of(self.folder("PUBLISHER_DIR"), self.email, self.aggregator)
        return PublisherVolume(records).ledger.exists() or manifest.exists()

    # --- processes

    @property
    def python(self) -> str:
        """The interpreter that runs our verbs."""
        places = (self.root / ".venv" / place for place in ("bin/python", "Scripts/python.exe"))
        return next((str(own) for own in places if own.exists()), sys.executable)

    def find(self, program: str) -> str:
        """Return the path of a program; empty if it is not installed."""
        return shutil.which(program, path=self.environ.get("PATH")) or ""

    def run(self, command: list[str], *, stdin: IO[bytes] | int | None = None, stdout: int | None = None,
            cwd: Path | None = None, on_stop: Callable[[], None] = lambda: None) -> int:  # fmt: skip
        """Run a program and pass on signals: SyftBox sends them to this process only. Returns its exit code.

        on_stop: called when a signal has asked this process to end.
        """
        children: list[subprocess.Popen[bytes]] = []
        is_asked = False

        def end(_number: int, _frame: object) -> None:
            nonlocal is_asked
            is_asked = True
            on_stop()
            for child in children:
                child.terminate()

        # Before the program starts: a signal between the two would reach neither.
        with handling(end), subprocess.Popen(command, env=self.environ, stdin=stdin, stdout=stdout, cwd=cwd) as child:
            children.append(child)
            if is_asked:
                child.terminate()
            while True:
                try:
                    return child.wait()
                except KeyboardInterrupt:
                    # The terminal has interrupted the child too; wait until it has ended.
                    child.wait()
                    raise


@contextlib.contextmanager
def handling(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Handle signals that ask the process to end, within this context."""
    before = {number: signal.signal(number, handler) for number in ENDING}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
