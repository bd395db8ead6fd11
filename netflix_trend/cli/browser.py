"""Verbs of the browser that can fetch the history: scrape, login, cookies, reset and doctor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from netflix_trend.cli.frame import FAILED, Failure, Verb
from netflix_trend.cli.mode import place_of

_STDERR = 2


def _scraper(context: click.Context, *arguments: str, needs_queue: bool = False, stdin: Path | None = None) -> int:
    """Run the browser in a new container, which is removed afterwards. Returns its exit code."""
    place = place_of(context)
    place.need_services()
    docker = place.docker
    options = ["run", "--rm", "--quiet-pull", "--no-TTY"]
    if not needs_queue:
        if docker.compose("run", "--rm", "--quiet-pull", "prepare", stdin=subprocess.DEVNULL, stdout=_STDERR):
            return FAILED
        options.append("--no-deps")
    if stdin is None:
        return docker.compose(*options, *arguments)
    with stdin.open("rb") as file:
        return docker.compose(*options, *arguments, stdin=file)


@click.command(cls=Verb, examples=["scrape"])
@click.pass_context
def scrape(context: click.Context) -> None:
    """Fetch the history with a browser, once (Netflix's terms forbid automated access)."""
    sys.exit(_scraper(context, "scraper", "python", "-m", "services.scraper", "scrape", needs_queue=True))


@click.command(cls=Verb, examples=["login"])
@click.pass_context
def login(context: click.Context) -> None:
    """Sign in to Netflix on a page on 127.0.0.1, and fetch the history in the same browser."""
    port = place_of(context).machine.setting("LOGIN_PORT", "8765")
    listen = ("login", "--listen", "0.0.0.0", "--port", port)  # noqa: S104
    published = f"127.0.0.1:{port}:{port}"
    command = ("--publish", published, "scraper", "python", "-m", "services.scraper", *listen)
    sys.exit(_scraper(context, *command, needs_queue=True))


@click.command(cls=Verb, examples=["cookies cookies.txt"])
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def cookies(context: click.Context, file: Path) -> None:
    """Give the browser the cookies of your own browser; FILE is deleted afterwards."""
    if not file.is_file():
        raise Failure(f"{file}: no such file")
    if _scraper(context, "scraper", "python", "-m", "services.scraper", "import-cookies", stdin=file):
        sys.exit(FAILED)
    file.unlink()
    click.echo(f"{file} was deleted: whoever has it is signed in as you.")


@click.command(cls=Verb, examples=["reset"])
@click.pass_context
def reset(context: click.Context) -> None:
    """Let the browser try again after a failure."""
    sys.exit(_scraper(context, "scraper", "python", "-m", "services.scraper", "reset"))


@click.command(cls=Verb, examples=["doctor"])
@click.pass_context
def doctor(context: click.Context) -> None:
    """Print the state of the browser for a maintainer, without personal data."""
    sys.exit(_scraper(context, "scraper", "python", "-m", "services.scraper", "doctor"))
