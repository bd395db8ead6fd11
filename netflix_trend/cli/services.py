"""Verbs that run something: up, down, once, dashboard, and no verb, which SyftBox starts."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Event

import click

from netflix_trend.cli.current import CurrentSettings
from netflix_trend.cli.frame import FAILED, Failure, Verb
from netflix_trend.cli.history import EXPORTS, profile_option, reading_options
from netflix_trend.cli.machine import Machine, handling
from netflix_trend.cli.mode import Place, place_of
from netflix_trend.cli.volumes import begin
from netflix_trend.layout import PrivateVolume

HOUR = 3600.0
# A file that was just written may be incomplete.
SETTLED = 60.0


@click.command(cls=Verb, examples=["up"])
@click.pass_context
def up(context: click.Context) -> None:
    """Start your machine's services in the background."""
    place = place_of(context)
    place.need_services()
    if place.docker.compose("up", "--detach", "--build", "--wait"):
        sys.exit(FAILED)
    click.echo(f"Running: http://127.0.0.1:{place.machine.page_port} is your page.")
    drop = place.machine.setting("OUTPUT_DIR", "./drop")
    click.echo(f"Put NetflixViewingHistory.csv into {drop}, or: ./run.sh import FILE")


@click.command(cls=Verb, examples=["down"])
@click.pass_context
def down(context: click.Context) -> None:
    """Stop the services; nothing is deleted."""
    place = place_of(context)
    place.docker.need()
    sys.exit(place.docker.compose("down"))


@click.command(cls=Verb, examples=["once NetflixViewingHistory.csv", "once"])
@click.argument("exports", metavar="[EXPORT]...", nargs=-1, type=click.Path(path_type=Path))
@profile_option
@reading_options
@click.pass_context
def once(
    context: click.Context,
    exports: tuple[Path, ...],
    profile: str | None,
    date_order: str | None,
    only: tuple[str, ...],
) -> None:
    """Import and answer what is due, once, without Docker; safe to repeat, such as by cron."""
    place = place_of(context)
    place.need_folders()
    from services.local.__main__ import once as once_

    sys.exit(once_(exports, profile=profile, date_order=date_order, only=only))


@click.command(cls=Verb, examples=["dashboard", "dashboard --demo", "dashboard --demo demo-output"])
@click.option(
    "--demo",
    metavar="[FOLDER]",
    is_flag=False,
    flag_value="demo-output",
    type=click.Path(path_type=Path),
    help="Show the results of ./run.sh demo (demo-output).",
)
@click.pass_context
def dashboard(context: click.Context, demo: Path | None) -> None:
    """Serve your own page on http://127.0.0.1:8651, with or without Docker."""
    place = place_of(context)
    current = CurrentSettings(place.machine)
    if demo is None and not begin(place, keeps=True):
        place.docker.prepare()
        if place.docker.compose("up", "--detach", "--build", "--wait"):
            sys.exit(FAILED)
        click.echo(f"Open http://127.0.0.1:{place.machine.page_port}")
        return
    if demo is not None:
        place.machine.use_folders()
    os.environ.update(place.machine.join_first())
    from services.local.current_app import SettingsFile
    from services.local.dashboard import serve

    sys.exit(serve(demo, None if demo else SettingsFile(current.env_file, current)))


def in_foreground(place: Place) -> int:
    """Run what SyftBox starts: the services, or a run every hour on folders. Returns the exit code.

    SyftBox starts an app that fails again every five seconds: what cannot run says so and ends with 0.
    """
    try:
        return _in_foreground(place)
    except Failure as problem:
        problem.show()
        return 0


def _in_foreground(place: Place) -> int:
    docker, drop = place.docker, place.machine.folder("OUTPUT_DIR")
    is_on_folders = place.recorded == "folders"
    # If Docker is only not running yet, its services may publish.
    if not is_on_folders and docker.problem and docker.has_compose:
        return _not_running(docker.problem)
    if is_on_folders or place.mode(keeps=False) == "folders":
        if has_exports(place.machine.folder("PRIVATE_DIR"), drop):
            place.machine.keep_private()
            place.machine.need_packages()
            return look_hourly(place, drop)
        return _not_running(docker.problem or "This clone works on folders (MODE=folders).")
    place.need_services()
    stopped = Event()
    code = docker.compose("up", "--build", on_stop=stopped.set)
    if not place.machine.inside_syftbox and not stopped.is_set():
        return code
    if code and not stopped.is_set():
        click.echo("Netflix Trend has stopped with an error, see above. Then: ./run.sh up")
    return 0


def _not_running(reason: str) -> int:
    click.echo(f"Netflix Trend is not running. {reason} Without Docker: ./run.sh once EXPORT")
    return 0


def has_exports(private: Path, drop: Path) -> bool:
    """Return whether something was imported on folders, or waits in the drop folder."""
    return any(PrivateVolume(private).profile_folders()) or any(exports_in(drop))


def exports_in(drop: Path) -> list[Path]:
    """Return the exports in a drop folder."""
    if not drop.is_dir():
        return []
    return sorted(path for path in drop.iterdir() if path.suffix.lower() in EXPORTS and path.is_file())


def look_hourly(place: Place, drop: Path, pause: float = HOUR) -> int:
    """Import what is in the drop folder and answer what is due, every hour until a signal. Returns 0.

    Each step is a process of its own: nothing is held in memory for an hour, and a step that fails ends nothing else.
    """
    machine, stopped = place.machine, Event()
    machine.environ["MODE"] = "folders"

    def verb(*words: str) -> int:
        step = Machine(machine.root, {**machine.environ, **machine.join_first()})
        return step.run([machine.python, "-P", "-m", "netflix_trend", *words], on_stop=stopped.set)

    click.echo("Without Docker: one run every hour.")
    with handling(lambda *_: stopped.set()):
        while not stopped.is_set():
            for file in exports_in(drop):
                if (
                    time.time() - file.stat().st_mtime > SETTLED
                    and not stopped.is_set()
                    and not verb("import", str(file))
                ):
                    move_to_done(file)
            if not stopped.is_set() and verb("once") and not stopped.is_set():
                click.echo("This run failed, see above; the next one is in an hour.")
            stopped.wait(pause)
    return 0


def move_to_done(file: Path) -> None:
    """Move an imported file of the drop folder to done/."""
    done = file.parent / "done"
    done.mkdir(exist_ok=True)
    place = done / file.name
    file.rename(done / f"{int(time.time())}-{file.name}" if place.exists() else place)
