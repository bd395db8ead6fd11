"""The command `netflix-trend`: every verb, option and message that a person meets. See docs/commands.md.

A verb is imported when it is typed, and imports what it needs when it runs, so that it starts quickly and help works
with the smallest set of packages.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from netflix_trend import __version__
from netflix_trend.causes import why
from netflix_trend.cli.frame import FAILED, Failure, FrontDoor, Verb
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
from netflix_trend.installed import find_services
from netflix_trend.interrupts import INTERRUPTED, UNREAD, end, is_unread, say_interrupted, was_interrupted
from netflix_trend.syftbox.generations import was_started

# Shell completion: docs/commands.md says how to switch it on.
COMPLETE = "_NETFLIX_TREND_COMPLETE"


def _say_notice(context: click.Context) -> None:
    """Say before a verb what a person has to know, as `sharing.say_notice` does."""
    from netflix_trend.cli.sharing import say_notice

    say_notice(context)


@click.group(
    cls=FrontDoor,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Without a verb: what SyftBox runs and what stays: the services in the foreground; without Docker your page "
    "and a look every minute. Settings: .env (see .env.example and docs/settings.md).",
)
@click.version_option(__version__, "-V", "--version", prog_name="Netflix Trend", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Netflix Trend: private viewing statistics over SyftBox."""
    place = context.obj = context.obj or Place(Machine.here())
    try:
        moved = place.machine.settle()
    except Failure as problem:
        if context.invoked_subcommand is None and was_started(place.machine.environ):
            problem.show()
            sys.exit(0)  # else SyftBox starts the app again every five seconds
        raise
    if moved:
        click.echo(f"Moved {', '.join(moved)} from the app's folder to {place.machine.home}", err=True)
    if context.invoked_subcommand is None:
        from netflix_trend.cli.stay import in_foreground

        _say_notice(context)
        sys.exit(in_foreground(place))


@click.command("help", cls=Verb, examples=["help", "help import"])
@click.argument("verb", nargs=-1)
@click.pass_context
def help_(context: click.Context, verb: tuple[str, ...]) -> None:
    """Show this text, or the help of a verb."""
    root = context.find_root()
    cli.main([*verb, "--help"], prog_name=root.info_name, standalone_mode=False)


cli.put("Try it", {"demo": "demo.demo", "read": "history.read"})
cli.put(
    "Your machine",
    {
        "setup": "setup.setup",
        "up": "services.up",
        "down": "services.down",
        "once": "services.once",
        "dashboard": "services.dashboard",
        "status": "status.status",
        "uninstall": "uninstall.uninstall",
    },
    before=_say_notice,
)
cli.put(
    "Your history",
    {
        "fetch": "fetch.fetch",
        "import": "history.import_",
        "whose": "history.whose",
        "insights": "history.insights",
        "year": "year.year",
        "next": "recommending.next_",
        "event": "history.event",
        "export": "exporting.export",
        "forget": "removing.forget",
        "exclude": "removing.exclude",
    },
    before=_say_notice,
)
cli.put(
    "What leaves",
    {
        "privacy": "sharing.privacy",
        "join": "sharing.join",
        "pause": "sharing.pause",
        "withdraw": "sharing.withdraw",
        "limits": "sharing.limits",
        "look": "sharing.look",
        "model": "recommending.model",
    },
    before=_say_notice,
)
cli.put(
    "A browser that fetches",
    {
        "scrape": "browser.scrape",
        "login": "browser.login",
        "cookies": "browser.cookies",
        "reset": "browser.reset",
        "doctor": "browser.doctor",
    },
)
cli.put("Backups", {"backup": "backups.backup", "restore": "backups.restore"})
cli.put("Backups", {"check": "checking.check"}, before=_say_notice)
cli.put("An aggregator", {"aggregator": "aggregator.aggregator", "helper": "helper.helper"})
cli.put(
    "This project",
    {
        "test": "develop.test",
        "docs": "develop.docs",
        "words": "develop.words",
        "release": "release.release",
        "help": "help_",
    },
)


def main(arguments: list[str] | None = None, place: Place | None = None) -> None:
    """Run a verb and end the process with its exit code."""
    find_services()
    place = place or Place(Machine.here())
    program = "./run.sh" if place.machine.is_clone or place.is_inside else "netflix-trend"
    end(run(sys.argv[1:] if arguments is None else arguments, place, program))


def run(arguments: list[str], place: Place, program: str = "./run.sh") -> int:
    """Run a verb. Returns the exit code; see `frame.EXIT_CODES`."""
    try:
        code = _run(arguments, place, program)
    except Exception:
        if not was_interrupted():
            raise
        code = INTERRUPTED
    if was_interrupted():
        code = INTERRUPTED
    if code == INTERRUPTED:
        say_interrupted()  # click has ended the line with ^C
    return code


def _run(arguments: list[str], place: Place, program: str) -> int:
    try:
        code = cli.main(arguments, prog_name=program, obj=place, standalone_mode=False, complete_var=COMPLETE)
    except click.ClickException as problem:
        with suppress(OSError):  # without a reader the code tells
            problem.show()
        return problem.exit_code
    except ModuleNotFoundError as missing:
        if place.machine.is_clone or place.is_inside:
            raise
        return _failed(f"{missing.name} is not installed. Next: pip install 'netflix-trend[demo]'")
    except OSError as problem:
        return _failed(why(problem))
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except SystemExit as end:
        if is_unread(end):  # rich has an exit code of its own
            return UNREAD
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return code if isinstance(code, int) else 0


def _failed(message: str) -> int:
    with suppress(OSError):  # without a reader the code tells
        click.echo(message, err=True)
    return FAILED
