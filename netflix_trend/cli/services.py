"""Verbs that run something: up, down, once and dashboard."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from netflix_trend.cli.alone import Lock
from netflix_trend.cli.asking import chooser
from netflix_trend.cli.current import CurrentSettings
from netflix_trend.cli.frame import FAILED, Verb
from netflix_trend.cli.history import profile_option, reading_options
from netflix_trend.cli.mode import place_of
from netflix_trend.cli.stay import already_there, places_of
from netflix_trend.cli.volumes import begin
from netflix_trend.participant import due


@click.command(cls=Verb, examples=["up"])
@click.pass_context
def up(context: click.Context) -> None:
    """Start your machine's services in the background, with Docker.

    They import what lies in the drop folder, answer surveys if you have joined, and serve your page; the address is
    printed. They start again with Docker until ./run.sh down. Changed settings apply from the next ./run.sh up. Without
    Docker: ./run.sh dashboard, or ./run.sh once.
    """
    place = place_of(context)
    place.need_services()
    if place.docker.compose("up", "--detach", place.docker.build, "--wait"):
        sys.exit(FAILED)
    click.echo(f"Running: http://127.0.0.1:{place.machine.page_port} is your page.")
    drop = place.machine.setting("OUTPUT_DIR", "./drop")
    click.echo(f"Put NetflixViewingHistory.csv into {drop}, or: ./run.sh fetch")


@click.command(cls=Verb, examples=["down"])
@click.pass_context
def down(context: click.Context) -> None:
    """Stop the services; nothing is deleted.

    Your history, the ledger and what is in your datasite stay, and ./run.sh up goes on with them. To take your answers
    out of the datasite: ./run.sh withdraw, before. To take your history away: ./run.sh forget --help.
    """
    place = place_of(context)
    place.docker.need()
    sys.exit(place.docker.compose("down"))


@click.command(cls=Verb, examples=["once NetflixViewingHistory.csv", "once"])
@click.argument("exports", metavar="[EXPORT]...", nargs=-1, type=click.Path(path_type=Path))
@profile_option
@reading_options
@click.option("--arrived", metavar="WORD", multiple=True, hidden=True, help="A complete file of the drop folder.")
@click.pass_context
def once(
    context: click.Context,
    exports: tuple[Path, ...],
    profile: str | None,
    date_order: str | None,
    only: tuple[str, ...],
    arrived: tuple[str, ...],
) -> None:
    """Import and answer what is due, once, without Docker; safe to repeat, such as by cron.

    Imports EXPORT, then answers the open surveys that you take part in. Each is answered once, however often this runs.
    If nothing has changed since, it prints what it printed before.
    """
    place = place_of(context)
    machine = place.machine
    record = due.Record(places_of(machine), machine.env_file, due.environment(machine.environ))
    # Nothing has changed since the last run, so this one would say the same.
    if not exports and not arrived and place.recorded == "folders" and (said := record.said(date.today())):
        click.echo("\n".join(said))
        return
    place.need_folders()
    from services.local.__main__ import once as once_

    choose = chooser()
    sys.exit(
        once_(exports, profile=profile, date_order=date_order, only=only, choose=choose, arrived=arrived, record=record)
    )


@click.command(cls=Verb, examples=["dashboard", "dashboard --demo", "dashboard --demo demo-output"])
@click.option(
    "--demo",
    metavar="[FOLDER]",
    is_flag=False,
    flag_value="demo-output",
    type=click.Path(path_type=Path),
    help="Show the results of ./run.sh demo (demo-output).",
)
@click.option("--socket", type=int, hidden=True, help="Serve on this open socket, for the app.")
@click.pass_context
def dashboard(context: click.Context, demo: Path | None, socket: int | None) -> None:
    """Serve your own page on http://127.0.0.1:8651, with or without Docker."""
    place = place_of(context)
    current = CurrentSettings(place.machine)
    if demo is None and socket is None and (there := already_there(Lock(place.machine.home))):
        click.echo(there)
        return
    if demo is None and not begin(place, keeps=True):
        place.docker.prepare()
        if place.docker.compose("up", "--detach", place.docker.build, "--wait"):
            sys.exit(FAILED)
        click.echo(f"Open http://127.0.0.1:{place.machine.page_port}")
        return
    if demo is not None:
        place.machine.use_folders()
    from services.local.current_app import SettingsFile
    from services.local.dashboard import serve

    sys.exit(serve(demo, None if demo else SettingsFile(current.env_file, current), socket))
