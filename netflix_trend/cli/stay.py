"""What SyftBox starts: one process that stays until a signal, with Docker and without.

With Docker it runs the services, and waits for the engine where that starts later. On folders it looks for files and
due rounds itself. Each step is a process of its own: nothing heavy stays in memory, and a step that fails ends nothing
else. SyftBox starts an app once, so nothing that can pass ends this process: it says what it waits for, and waits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

from netflix_trend.causes import cause
from netflix_trend.cli.alone import Lock
from netflix_trend.cli.events import Events
from netflix_trend.cli.frame import Failure
from netflix_trend.cli.machine import CALLED_AS, Machine
from netflix_trend.cli.mode import Place
from netflix_trend.cli.output import keep_output, say
from netflix_trend.cli.page import Page, end
from netflix_trend.cli.scheduled import WeeklyRuns
from netflix_trend.delivery.settled import Settling, as_word
from netflix_trend.layout import PrivateVolume, records_of
from netflix_trend.participant import due
from netflix_trend.storage.files import FileState, state_of
from netflix_trend.syftbox.generations import was_started

# How often the drop folder is looked at, in seconds.
_DROP_SECONDS = 3.0
_LONGEST_PAUSE = 30
# A port that is none is refused by every step, with a sentence.
_DEFAULT_PORT = 8651
# How many files a step imports: a command has a longest length.
_FILES = 50
# Services that ran for so many minutes were not broken when they started.
_STEADY = 30
WITHOUT_DOCKER = "To work without Docker: MODE=folders in .env."


def minute() -> float:
    """Return the seconds between two looks; tests shorten it."""
    return float(os.environ.get("NETFLIX_TREND_MINUTE") or 60)


def in_foreground(place: Place) -> int:
    """Run the app until a signal. Returns the exit code: 0, or outside of SyftBox that of Docker's services.

    A second start by SyftBox takes over; by a person it says where the page is.
    """
    machine = place.machine
    lock = Lock(machine.home)
    try:
        if not lock.take():
            # A person's terminal may have what SyftBox sets, but SyftBox has no terminal.
            if not was_started(machine.environ) or sys.stdout.isatty():
                say(already_there(lock) or "Netflix Trend already runs.")
                return 0
            lock.take_over()
    except Failure as problem:
        problem.show()
        return 0
    with Events() as events:
        app = App(place, lock, events)
        try:
            code = app.stay()
        finally:
            app.end()
            lock.release()
    if app.is_replaced and not events.is_stopped and app.entry.is_file():
        os.chdir(app.entry.parent)
        os.execvp("sh", ["sh", str(app.entry)])  # noqa: S606, S607
    return code


def already_there(lock: Lock) -> str:
    """Return where the page of the app is that runs; empty if none does."""
    holder = lock.holder()
    return f"Netflix Trend already runs: {holder.page} is your page." if holder and holder.page else ""


def places_of(machine: Machine) -> due.Places:
    """Return where a machine's files are, without loading all settings."""
    email, aggregator = machine.email.strip().lower(), machine.aggregator
    return due.Places(
        machine.folder("PRIVATE_DIR"),
        records_of(machine.folder("PUBLISHER_DIR"), email, aggregator),
        machine.folder("DATASITES_DIR"),
        email,
        aggregator,
        machine.setting("HELPER_DATASITE").strip().lower(),
    )


class Pause:
    """A pause that grows with each failure: 1, 2, 4 ... 30 minutes."""

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        """Begin again with a minute."""
        self._failures = 0

    def next(self) -> int:
        """Return the minutes until the next try."""
        self._failures += 1
        return min(1 << min(self._failures - 1, 10), _LONGEST_PAUSE)


class App:
    """The app of a machine, with its page. again: reads the machine again, after `.env` has changed."""

    def __init__(
        self,
        place: Place,
        lock: Lock,
        events: Events,
        again: Callable[[], Place] = lambda: Place(Machine.here()),
    ) -> None:
        self._place, self._lock, self._events, self._again = place, lock, events, again
        self._pause = Pause()
        self._said = ""
        self._env = state_of(place.machine.env_file)
        self._page: Page | None = None
        # By its path with links, as SyftBox has it.
        self.entry = Path(place.machine.environ.get(CALLED_AS) or place.machine.root) / "run.sh"
        self._began_as = state_of(self.entry)

    @property
    def is_replaced(self) -> bool:
        """Whether the clone was installed again, or removed. SyftBox 0.4.0 does not notice that within five seconds."""
        return state_of(self.entry) != self._began_as

    def stay(self) -> int:
        """Work with Docker or without until a signal, or until the clone is replaced. Returns the exit code."""
        while not self._events.is_stopped:
            if self.is_replaced:
                self._wait_for_clone()
                return 0
            self._read_again()
            try:
                with self._events.interruptible():
                    reason = self._waits_for()
                    is_on_folders = not reason and self._place.mode(keeps=False) == "folders"
                    if not reason and not is_on_folders:
                        self._place.need_services()
                self._env = state_of(self._place.machine.env_file)  # the decision may have been written down
                if reason:
                    self._wait(reason, 1)
                elif is_on_folders:
                    self._on_folders()
                elif (code := self._with_docker()) is not None:
                    return code
            except Failure as problem:
                self._env = state_of(self._place.machine.env_file)
                self._wait(problem.message, 1)
        return 0

    def end(self) -> None:
        """End the page."""
        if self._page is not None:
            self._page.close()

    # --- deciding

    def _waits_for(self) -> str:
        """Return what Docker lacks, as a sentence; empty when it can be used, or nothing is expected of it."""
        place, docker = self._place, self._place.docker
        recorded = place.recorded
        if recorded == "folders" or not docker.problem or (recorded is None and not docker.has_compose):
            return ""
        return f"{docker.problem} Waiting for it. {WITHOUT_DOCKER if recorded is None else ''}".strip()

    def _read_again(self) -> None:
        """Read `.env` if it has changed, and ask Docker anew."""
        state = state_of(self._place.machine.env_file)
        if state != self._env:
            # The page follows the file by itself: forms that are open in it stay good.
            self._env, self._place = state, self._again()
        else:
            self._place = Place(self._place.machine)
        port = _port(self._place.machine.page_port)
        if self._page is None or self._page.port != port:
            self.end()
            self._page = Page(port, self._serve)
            self._lock.describe(self._page.address)

    @property
    def _has_changed(self) -> bool:
        return self.is_replaced or state_of(self._place.machine.env_file) != self._env

    def _say(self, text: str) -> None:
        """Say something, but not twice in a row."""
        if text != self._said:
            say(text)
        self._said = text

    # --- waiting

    def _wait(self, reason: str, minutes: int) -> None:
        """Say what is waited for, also to visitors of the page, and wait until it is worth another try."""
        self._say(f"Netflix Trend is waiting. {reason}")
        assert self._page is not None
        self._page.restart()
        self._page.notice = reason
        deadline = time.monotonic() + minutes * minute()
        while not self._events.is_stopped and (left := deadline - time.monotonic()) > 0:
            self._for_a_while(min(left, minute()))
            if self._has_changed:
                break
        self._page.notice = ""

    def _wait_for_clone(self) -> None:
        """Wait until the new clone is complete; without one for a minute, the app was removed for good."""
        clone, deadline = self.entry.parent, time.monotonic() + minute()
        self._say(f"{clone} was replaced or removed. Netflix Trend starts again as soon as it is complete.")
        while not self._events.is_stopped and (clone.is_dir() or time.monotonic() < deadline):
            # Git holds its lock until all files are there.
            if self.entry.is_file() and not (clone / ".git" / "index.lock").exists():
                return
            self._events.wait(min(_DROP_SECONDS, minute()))

    def _for_a_while(self, seconds: float) -> None:
        """Wait for the next event, and let a visitor in."""
        assert self._page is not None
        self._page.tend()
        if self._events.wait(seconds, *self._page.listeners):
            try:
                self._page.visited()
            except OSError as problem:
                self._say(f"The page cannot be served: {cause(problem)}.")

    # --- with Docker

    def _with_docker(self) -> int | None:
        """Run the services until they end. Returns an exit code if this ends the app, too."""
        machine, docker = self._place.machine, self._place.docker
        self.end()  # the port is the container's
        self._said, began = "", time.monotonic()
        code = docker.compose("up", docker.build, on_stop=self._events.stop)
        if self._events.is_stopped:
            return 0
        if not was_started(machine.environ):
            return code
        if code:
            if time.monotonic() - began > _STEADY * minute():
                self._pause.reset()
            minutes = self._pause.next()
            self._wait(f"The services have stopped with an error, see above. Next try: in {minutes} min.", minutes)
            return None
        self._pause.reset()
        self._wait_for_services()
        return None

    def _wait_for_services(self) -> None:
        """Wait until a person who has stopped the services starts them again, or Docker itself was stopped."""
        while not self._events.is_stopped:
            self._wait("The services were stopped. To start them: ./run.sh up", 1)
            self._read_again()
            docker = self._place.docker
            with self._events.interruptible():
                if self._place.recorded == "folders" or docker.problem or docker.is_running("processor"):
                    return

    # --- on folders

    def _on_folders(self) -> None:
        """Look for files and due rounds, until a signal or other settings."""
        machine = self._place.machine
        try:
            machine.keep_private()
            machine.need_packages(on_stop=self._events.stop)
        except Failure as problem:
            if not self._events.is_stopped:
                minutes = self._pause.next()
                self._wait(f"{problem.message} Next try: in {minutes} min.", minutes)
            return
        self._pause.reset()
        drop = machine.folder("OUTPUT_DIR")
        with suppress(OSError):  # due rounds are looked for all the same
            drop.mkdir(parents=True, exist_ok=True)
        self._say(f"Without Docker: looking every minute for files in {drop} and for due rounds.")
        looks, runs = Looks(machine), WeeklyRuns(machine, _command(machine, ("scrape",)), _environment(machine))
        try:
            # A running step ends first: it reads settings when it begins.
            while not self._events.is_stopped and (looks.is_running or runs.is_running or not self._has_changed):
                try:
                    looks.go_on()
                    runs.go_on()
                except OSError as problem:
                    self._say(f"This look failed: {cause(problem)}. The next one is in a minute.")
                self._for_a_while(min(_DROP_SECONDS, minute()))
        finally:
            looks.end()
            runs.end()

    def _serve(self, socket: int) -> subprocess.Popen[bytes]:
        """Start the server of the page on an open socket. It ends when this process ends: its input ends then."""
        words = ("dashboard", "--socket", str(socket))
        return start(self._place.machine, words, stdin=subprocess.PIPE, pass_fds=(socket,))


class Looks:
    """The looks of an app on folders: a step runs when a file is complete or something is due, one at a time."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._places = machine, places_of(machine)
        self._settling = Settling(machine.folder("OUTPUT_DIR"))
        self._step: subprocess.Popen[bytes] | None = None
        self._last: due.LastRun | None = None
        self._asked = due.LastRun("", "", 0, "")
        self._tried: dict[Path, FileState] = {}
        self._pause = Pause()
        self._next_look = self._next_try = 0.0

    @property
    def is_running(self) -> bool:
        """Whether a step runs."""
        return self._step is not None

    def go_on(self) -> None:
        """Start a step if one is due, and notice its end. Cheap; call it every few seconds."""
        if self._step is not None:
            if self._step.poll() is None:
                return
            self._finish(self._step.returncode)
            return
        now = time.monotonic()
        complete = self._complete()
        # Of the others a step could not get rid: they wait for the next step that is due.
        files = [(path, state) for path, state in complete if self._tried.get(path) != state]
        if files or now >= self._next_look:
            self._next_look = now + minute()
            stuck = [(path, state) for path, state in complete if self._tried.get(path) == state]
            if files or self._is_due(now, bool(stuck)):
                self._begin([*files, *stuck][:_FILES])

    def end(self) -> None:
        """End a running step. It may be repeated: whatever it did is complete or not there."""
        step, self._step = self._step, None
        if step is not None:
            end(step)

    def _complete(self) -> list[tuple[Path, FileState]]:
        try:
            return self._settling.complete()
        except OSError:  # the folder is not there, or may not be read; a verb says so
            return []

    def _is_due(self, now: float, stuck: bool) -> bool:
        private, publisher = PrivateVolume(self._places.private_dir), self._places.records_dir
        # A run makes the folders by which a machine is known to work without Docker.
        if not stuck and not any(path.exists() for path in (private.raw, private.profiles, private.choices, publisher)):
            return False
        if self._last is not None:
            return not self._last.is_recent(self._places, self._machine.env_file, date.today())
        return now >= self._next_try or due.inputs(self._places, self._machine.env_file) != self._asked.inputs

    def _begin(self, files: list[tuple[Path, FileState]]) -> None:
        self._tried = dict(files)
        self._asked = due.begun(self._places, self._machine.env_file, date.today())
        due.forget(self._places.records_dir)
        arrived = [word for path, state in files for word in ("--arrived", as_word(path, state))]
        self._step = start(self._machine, ("once", *arrived))

    def _finish(self, code: int) -> None:
        self._step = None
        if not code:
            self._last = due.ended(self._places, self._asked)
            self._next_try = 0.0
            self._pause.reset()
            return
        minutes = self._pause.next()
        self._last, self._next_try = None, time.monotonic() + minutes * minute()
        say(f"This run failed, see above; the next one is in {minutes} min, or when something changes.")


def start(machine: Machine, words: tuple[str, ...], *, stdin: int = subprocess.DEVNULL,
          pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:  # fmt: skip
    """Start a verb on folders as a child, in a session of its own, so that Ctrl-C reaches this process only."""
    keep_output()
    return subprocess.Popen(
        _command(machine, words), env=_environment(machine), stdin=stdin, pass_fds=pass_fds, start_new_session=True
    )


def _command(machine: Machine, words: tuple[str, ...]) -> list[str]:
    return [machine.python, "-P", "-m", "netflix_trend", *words]


def _environment(machine: Machine) -> dict[str, str]:
    return {**machine.environ, "MODE": "folders"}


def _port(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 65_536 else _DEFAULT_PORT
