"""The verb `fetch`: the person downloads the file in their own browser, and the file is imported when it is there."""

from __future__ import annotations

import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from netflix_trend.causes import cause
from netflix_trend.cli.asking import chooser, has_terminal
from netflix_trend.cli.frame import Failure, Verb
from netflix_trend.cli.history import drop_exports, profile_option, reading_options
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import place_of
from netflix_trend.cli.new_file import new_file
from netflix_trend.cli.paths import native
from netflix_trend.cli.volumes import begin
from netflix_trend.delivery.downloads import NETFLIX_PAGE, STEPS, WAITING_MINUTES, Download, Watch, downloads_folder
from netflix_trend.delivery.reminder import reminder
from netflix_trend.plain_text import printable

# Netflix's page needs a browser with windows.
_IN_TERMINAL = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
_LOOK_SECONDS = 0.5


@click.command(
    cls=Verb,
    examples=["fetch", "fetch --delete", "fetch --no-browser --minutes 30", "fetch --reminder netflix-reminder.ics"],
)
@click.option("--no-browser", is_flag=True, help="Only print the address; open it yourself.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, max=1440, min_open=True),
    default=float(WAITING_MINUTES),
    show_default=f"{WAITING_MINUTES}",
    help="How long to wait for the file.",
)
@click.option(
    "--delete/--keep", "deletes", default=None, help="Delete the download once it was taken, or keep it; else it asks."
)
@click.option(
    "--reminder",
    "calendar",
    metavar="FILE.ics",
    type=click.Path(path_type=Path),
    help="Write a monthly reminder to import into your calendar, and fetch nothing.",
)
@profile_option
@reading_options
@click.pass_context
def fetch(
    context: click.Context,
    no_browser: bool,
    minutes: float,
    deletes: bool | None,
    calendar: Path | None,
    profile: str | None,
    date_order: str | None,
    only: tuple[str, ...],
) -> None:
    """Download the file in your own browser, and import it.

    Opens Netflix's page, says what to click, and waits for NetflixViewingHistory.csv, or the zip that Netflix sends, in
    your downloads folder (DOWNLOADS_DIR). Nothing is clicked for you, and no password is asked for.
    """
    if calendar is not None:
        write_reminder(calendar)
        return
    place = place_of(context)
    if place.is_inside:
        raise Failure("there is no browser in a container. Run it on the machine itself: ./run.sh fetch")
    folder = folder_of(place.machine)
    is_on_folders = begin(place, keeps=True)
    fetching = Fetching(folder, None if no_browser else browser(), 60 * minutes)
    try:
        downloads = fetching.wait_for_files()
    except OSError as problem:
        raise Failure(
            f"{folder} cannot be read: {cause(problem)}. If your browser saves files elsewhere: DOWNLOADS_DIR in .env"
        ) from None
    files = [one.path for one in downloads]
    if is_on_folders:
        from services.processor.importing import import_files

        code = import_files(files, profile=profile, date_order=date_order, only=only, choose=chooser())
        if code:
            sys.exit(code)
    else:
        drop_exports(place, files, profile=profile, date_order=date_order, only=only)
        click.echo("Next: ./run.sh status shows what was read.")
    delete_or_keep(downloads, deletes)


def folder_of(machine: Machine) -> Path:
    """Return the folder where the person's browser saves files. Raises Failure if there is none."""
    said = machine.setting("DOWNLOADS_DIR")
    home = Path(native(machine.environ.get("HOME", "")) or Path.home())
    folder = machine.absolute(said) if said else downloads_folder(machine.environ, home)
    if not folder.is_dir():
        raise Failure(
            f"there is no folder {folder}. Next: put the folder where your browser saves files into .env, such as "
            "DOWNLOADS_DIR=~/Downloads; or ./run.sh import FILE"
        )
    return folder


def browser() -> Callable[[str], object] | None:
    """Return what opens an address in the person's browser; None where there is no browser with windows."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return None
    return None if Path(str(getattr(found, "name", ""))).name in _IN_TERMINAL else found.open


@dataclass
class Fetching:
    """A wait for new files. open_page: opens an address in a browser, None for nothing to be opened.

    seconds: how long to wait. clock: seconds of a monotonic clock. now: seconds since 1970. pause: waits some seconds.
    """

    folder: Path
    open_page: Callable[[str], object] | None
    seconds: float
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep

    def wait_for_files(self) -> list[Download]:
        """Return the files to import. Raises Failure when none comes in time, OSError for an unusable folder."""
        watch = Watch(self.folder, self.clock, self.now)
        if (earlier := watch.earlier()) and self._takes(earlier):
            return [earlier]
        self._show_page()
        deadline = self.clock() + self.seconds
        waiting = "Waiting for NetflixViewingHistory.csv or Netflix's zip in"
        click.echo(f"{waiting} {self.folder}, up to {self.seconds / 60:g} min (Ctrl-C ends it).")
        try:
            while not (found := watch.new()):
                left = deadline - self.clock()
                if left <= 0:
                    raise Failure(
                        f"no new file in {self.folder} within {self.seconds / 60:g} min. If your browser saves files "
                        "elsewhere: DOWNLOADS_DIR in .env; or ./run.sh import FILE"
                    )
                _show_left(left)
                self.pause(min(_LOOK_SECONDS, left))
        finally:
            _show_left(None)
        for one in found:
            click.echo(f"Found {_name(one)}, saved at {time.strftime('%H:%M', time.localtime(one.modified))}.")
        return found

    def _takes(self, earlier: Download) -> bool:
        """Ask whether a file that was there before is the one."""
        age = max(0, round((self.now() - earlier.modified) / 60))
        said = f"{_name(earlier)} in {self.folder} is from {age} min ago"
        if not has_terminal():
            click.echo(f"{said}. To take it: ./run.sh import FILE")
            return False
        return click.confirm(f"{said}. Take it?", default=True)

    def _show_page(self) -> None:
        click.echo(f"{'Opening' if self.open_page else 'Open'} {NETFLIX_PAGE}{'' if self.open_page else ' yourself.'}")
        for number, step in enumerate(STEPS, 1):
            click.echo(f"  {number}. {step}")
        if self.open_page:
            # Some browsers stay in the foreground; the file is looked for meanwhile.
            threading.Thread(target=self.open_page, args=(NETFLIX_PAGE,), daemon=True).start()


def _show_left(seconds: float | None) -> None:
    """Show on a terminal how long is still waited, and remove that again."""
    if sys.stdout.isatty():
        text = "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02} left"
        click.echo(f"\r{text:<12}\r", nl=False)


def _name(one: Download) -> str:
    return printable(one.path.name, instead="?")


def delete_or_keep(downloads: Sequence[Download], deletes: bool | None) -> None:
    """Delete what was taken if the person wants it. deletes: None to ask, if somebody can be asked."""
    for one in downloads:
        if deletes or (deletes is None and has_terminal() and click.confirm(f"Delete {_name(one)}?", default=False)):
            said = "was deleted." if one.delete() else f"stays in {one.path.parent}: it has changed or is protected."
            click.echo(f"{_name(one)} {said}")


def write_reminder(file: Path) -> None:
    """Write the monthly reminder. Raises Failure if the file is there already or cannot be written."""
    with new_file(file) as calendar:
        calendar.write(reminder())
    click.echo(f"{file}: open it with your calendar. It reminds you on the first day of every month.")
