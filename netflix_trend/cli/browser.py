"""Verbs of the browser that can fetch the history: scrape, login, cookies, reset and doctor.

With Docker's services it runs in the scraper's container; on folders in this process, with this machine's Chromium.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netflix_trend import __version__
from netflix_trend.cli.frame import FAILED, Failure, Verb
from netflix_trend.cli.mode import Place, place_of

if TYPE_CHECKING:
    from types import ModuleType

_STDERR = 2
_IN_CONTAINER = ("scraper", "python", "-m", "services.scraper")


def _browser_here(place: Place, *, keeps: bool) -> ModuleType | None:
    """Return what drives this machine's browser; None where the container's is used.

    keeps: the verb stores something. Raises Failure if its packages are missing.
    """
    if place.is_inside or place.mode(keeps=keeps) == "containers":
        return None
    place.refuse_password()
    place.machine.use_folders()
    place.machine.need_packages("scraper")
    try:
        from services.local import browser
    except ModuleNotFoundError:
        raise Failure(
            "the packages of the browser are not installed. Next: install the extra scraper too, such as "
            f"pip install './netflix_trend-{__version__}-py3-none-any.whl[demo,scraper]'"
        ) from None
    return browser


def _container(place: Place, *arguments: str, needs_queue: bool = False, stdin: Path | None = None) -> int:
    """Run the browser in a new container, which is removed afterwards. Returns its exit code."""
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
    """Fetch the history with a browser, once (Netflix's terms forbid automated access).

    Without Docker it is this machine's Chromium, with its ChromeDriver, and the history is imported at once.
    """
    place = place_of(context)
    if here := _browser_here(place, keeps=True):
        sys.exit(here.scrape())
    sys.exit(_container(place, *_IN_CONTAINER, "scrape", needs_queue=True))


@click.command(cls=Verb, examples=["login"])
@click.pass_context
def login(context: click.Context) -> None:
    """Sign in to Netflix on a page on 127.0.0.1, and fetch the history in the same browser.

    Open the address that is printed: it shows the browser, which takes your clicks and keys. What you type is not
    stored. Once you are signed in, the file is fetched; the cookies are kept, so that ./run.sh scrape can fetch without
    you. The port: LOGIN_PORT. Easier, in your own browser: ./run.sh fetch.
    """
    place = place_of(context)
    port = place.machine.setting("LOGIN_PORT", "8765")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise Failure(f"LOGIN_PORT is {port!r}; expected the number of a port, 1 to 65535, such as 8765")
    if here := _browser_here(place, keeps=True):
        sys.exit(here.login(int(port)))
    listen = ("login", "--listen", "0.0.0.0", "--port", port)  # noqa: S104
    published = f"127.0.0.1:{port}:{port}"
    sys.exit(_container(place, "--publish", published, *_IN_CONTAINER, *listen, needs_queue=True))


@click.command(cls=Verb, examples=["cookies cookies.txt"])
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def cookies(context: click.Context, file: Path) -> None:
    """Give the browser the cookies of your own browser; FILE is deleted afterwards.

    Sign in to netflix.com in your own browser, and save its cookies with an extension: as cookies.txt (Netscape's
    format), or as JSON of Cookie-Editor or Playwright. Of FILE only the cookies of the sign-in are kept. Then ./run.sh
    scrape fetches the history.
    """
    if not file.is_file():
        raise Failure(f"{file}: no such file")
    place = place_of(context)
    here = _browser_here(place, keeps=True)
    if here.import_cookies(file) if here else _container(place, *_IN_CONTAINER, "import-cookies", stdin=file):
        sys.exit(FAILED)
    file.unlink()
    click.echo(f"{file} was deleted: whoever has it is signed in as you.")


@click.command(cls=Verb, examples=["reset"])
@click.pass_context
def reset(context: click.Context) -> None:
    """Let the browser try again after a failure."""
    place = place_of(context)
    if here := _browser_here(place, keeps=True):
        sys.exit(here.reset())
    sys.exit(_container(place, *_IN_CONTAINER, "reset"))


@click.command(cls=Verb, examples=["doctor"])
@click.pass_context
def doctor(context: click.Context) -> None:
    """Print the state of the browser for a maintainer, without personal data."""
    place = place_of(context)
    if here := _browser_here(place, keeps=False):
        sys.exit(here.doctor())
    sys.exit(_container(place, *_IN_CONTAINER, "doctor"))
