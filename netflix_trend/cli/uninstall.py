"""The verb `uninstall`: take the app off a machine, and what it published out of the datasite."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from netflix_trend.cli.alone import Lock
from netflix_trend.cli.asking import has_terminal
from netflix_trend.cli.frame import FAILED, Failure, Verb
from netflix_trend.cli.leftovers import Leftover, in_docker, on_disk, published, remove, remove_empty
from netflix_trend.cli.mode import Place, place_of
from netflix_trend.cli.sharing import carry_out

_LOST = (
    "With --with-data exports, ledger and settings go, too. Without the ledger nothing here knows what was answered: "
    "if you take part again within four weeks, a week could be answered twice, which reveals more. Your year's count "
    "begins again."
)


@click.command(cls=Verb, examples=["uninstall", "uninstall --with-data --backup mine.backup", "uninstall --yes"])
@click.option("--with-data", "is_with_data", is_flag=True, help="Remove exports, ledger, keys and settings, too.")
@click.option("--backup", "backup_file", metavar="FILE", type=click.Path(path_type=Path), help="First write a backup.")
@click.option("--keep-published", "is_kept", is_flag=True, help="Leave in the datasite what was published.")
@click.option("--yes", "is_sure", is_flag=True, help="Remove it without asking.")
@click.pass_context
def uninstall(
    context: click.Context, is_with_data: bool, backup_file: Path | None, is_kept: bool, is_sure: bool
) -> None:
    """Remove the app from this machine: first your files from the datasite, then containers, images and secrets.

    Shows everything that it removes, and asks. Exports, ledger, keys and settings stay, so that it can be installed
    again and no week is answered twice; --with-data removes them, too. Nothing is removed that the app has not made.
    """
    place = place_of(context)
    _need_quiet(place)
    found = [*_in_docker(place), *on_disk(place.machine)]
    removed = [one for one in found if is_with_data or not one.is_data]
    datasite = None if is_kept else published(place.machine)
    _show(place, found, removed, datasite, is_with_data=is_with_data)
    if not removed and datasite is None:
        return
    _need_synced(place, datasite)
    if not is_sure and not has_terminal():
        click.echo("Nothing was removed yet: --yes removes it.")
        return
    if not is_sure and not click.confirm("Remove it?"):
        return
    if is_with_data and not is_sure and backup_file is None:
        backup_file = _asked_for_backup(context)
    if backup_file is not None:
        _back_up(context, place, backup_file)
    if datasite is not None:
        _withdraw(place)
    sys.exit(_remove(place, removed))


def _need_quiet(place: Place) -> None:
    """Raise Failure in a container, and while an app runs that would make anew what is removed."""
    if place.is_inside:
        raise Failure("this runs in a container. Next: ./run.sh uninstall on the machine itself")
    if Lock(place.machine.home).is_held():
        raise Failure("the app runs, and would make its files again. First stop it, or SyftBox if that has started it")


def _in_docker(place: Place) -> list[Leftover]:
    """Return what is in Docker. Raises Failure where it must be there and cannot be seen."""
    docker, machine = place.docker, place.machine
    if docker.problem:
        modes = (machine.setting(name) for name in ("MODE", "AGGREGATOR_MODE", "HELPER_MODE"))
        if machine.is_clone and (docker.has_compose or "containers" in modes):
            raise Failure(f"{docker.problem} What is in its volumes cannot be seen. Start it, then repeat this")
        return []
    return in_docker(docker)


def _need_synced(place: Place, datasite: Path | None) -> None:
    """Raise Failure where the SyftBox client that would tell others of the withdrawal is removed with the rest."""
    if datasite is not None and "syftbox" in place.machine.setting("COMPOSE_PROFILES").split(","):
        raise Failure(
            "your SyftBox client runs in one of the containers, and has to tell the server first that your files are "
            "gone. Next: ./run.sh withdraw, wait some minutes, then repeat this; or --keep-published"
        )


def _show(
    place: Place, found: list[Leftover], removed: list[Leftover], datasite: Path | None, *, is_with_data: bool
) -> None:
    """Print what is removed and what stays."""
    machine = place.machine
    if removed or datasite:
        click.secho("This is removed:", bold=True)
        if datasite:
            click.echo(f"  what you published, in {datasite}")
        for one in removed:
            click.echo(f"  {one}")
    else:
        click.echo("There is nothing to remove.")
    click.secho("This stays:", bold=True)
    for one in found:
        if one not in removed:
            click.echo(f"  {one}")
    if machine.is_clone:
        click.echo(f"  the clone {machine.root}: delete the folder when this is done")
    else:
        click.echo("  the package: pip uninstall netflix-trend")
    click.echo("  SyftBox itself, and what an aggregator or helper published in its own datasite")
    if is_with_data and any(one.is_data for one in removed):
        click.echo(_LOST)


def _asked_for_backup(context: click.Context) -> Path | None:
    """Ask where a backup goes, if this version can make one."""
    if "backup" not in _verbs(context):
        return None
    said = click.prompt("Write a backup first? Name a file, or press Enter for none", default="", show_default=False)
    return Path(said).expanduser() if said.strip() else None


def _verbs(context: click.Context) -> Mapping[str, click.Command]:
    command = context.find_root().command
    assert isinstance(command, click.Group)
    return command.commands


def _back_up(context: click.Context, place: Place, file: Path) -> None:
    """Write a backup, or raise Failure: nothing has been removed by then."""
    if "backup" not in _verbs(context):
        raise Failure("this version has no verb backup. Nothing was removed")
    root = context.find_root()
    words = ["backup", str(file)]
    try:
        code = root.command.main(words, prog_name=root.info_name, obj=place, standalone_mode=False)
    except click.ClickException as problem:
        raise Failure(f"no backup was made: {problem.message}. Nothing was removed") from None
    except SystemExit as end:
        code = end.code
    if code:
        raise Failure("no backup was made, see above. Nothing was removed")


def _withdraw(place: Place) -> None:
    """Take everything out of the datasite, with a receipt. Raises Failure if that could not be done."""

    def act() -> int:
        from services.runtime.choose import take_part

        return take_part("withdraw")

    is_here = place.mode() == "folders"
    try:
        code = carry_out(place, act, ["withdraw"])
        if not code and published(place.machine) and not is_here:
            # A running publisher follows in a moment, but will not be there by then.
            code = place.docker.in_service("publisher", "look")
    except Failure as problem:
        raise Failure(f"{problem.message}. Nothing was removed. Without withdrawing: --keep-published") from None
    if code or published(place.machine):
        raise Failure(
            "your files are still in the datasite, see above, and nothing else was removed. Without withdrawing: "
            "--keep-published"
        )


def _remove(place: Place, removed: list[Leftover]) -> int:
    """Remove what was shown. Returns the exit code."""
    code = 0
    for one in removed:
        if why := remove(one, place.docker):
            click.echo(f"Still there: {one}: {why}", err=True)
            code = FAILED
    remove_empty(place.machine)
    click.echo("Not everything could be removed, see above." if code else "Done.")
    return code
