"""The verb `demo`: everything on this machine, with invented people, in one process or in containers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from netflix_trend.cli.asking import chooser
from netflix_trend.cli.frame import Verb, Words
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import place_of

if TYPE_CHECKING:
    from services.demo.containers import ContainerNetwork
    from services.demo.one_process import Mode


@click.command(
    cls=Verb,
    examples=[
        "demo",
        "demo NetflixViewingHistory.csv",
        "demo --mode local --people 2000 --weeks 3",
        "demo --network",
        "demo --network --mode local",
    ],
    epilog="Get your export at netflix.com: Account > Profile > Viewing activity > Download all.",
)
@click.argument("exports", metavar="[EXPORT]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--mode",
    type=Words(["local", "one", "two"]),
    default="two",
    show_default=True,
    help="Who adds the noise: every machine, one operator whom people trust (not with --network), or two of whom one "
    "has to be honest.",
)
@click.option(
    "--people", type=click.IntRange(1, 1_000_000), help="Invented people; by default 300, in local mode 8000."
)
@click.option(
    "--weeks",
    type=click.IntRange(1, 520),
    default=6,
    show_default=True,
    help="Weeks they take part, up to your last one.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=1,
    show_default=True,
    help="Seed of the invented people; your own answers are never repeatable.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    help="Folder for the results; an earlier demo in it is replaced.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="NETFLIX_PROFILE",
    help="You are this Netflix profile of a ViewingActivity.csv; may be given several times.",
)
@click.option("--network", is_flag=True, help="A whole SyftBox network of containers on this machine instead.")
@click.option("--down", is_flag=True, help="With --network: remove it with all its data.")
@click.option(
    "--seconds",
    type=float,
    default=600,
    show_default=True,
    help="With --network: give up if there is no result by then.",
)
@click.pass_context
def demo(
    context: click.Context,
    exports: tuple[Path, ...],
    mode: Mode,
    people: int | None,
    weeks: int,
    seed: int,
    output: Path,
    only: tuple[str, ...],
    network: bool,
    down: bool,
    seconds: float,
) -> None:
    """Take your export and many invented people through all of it; no Docker needed.

    In one process and without a network. Nothing leaves the output folder. EXPORT is NetflixViewingHistory.csv,
    ViewingActivity.csv or the archive; several are one person's. Without one an invented export is used.
    """
    place = place_of(context)
    if down and not network:
        raise click.UsageError("--down removes the network of demo --network: name both")
    if network and mode == "one":
        raise click.UsageError("--network shows two operators or local mode: --mode two or --mode local")
    if network:
        place.docker.need()
    place.machine.need_packages()
    if network and mode != "one":
        network_of_containers = container_network(place.machine, mode)
        sys.exit(network_of_containers.remove() if down else network_of_containers.start(seconds))
    from services.demo.one_process import run

    sys.exit(
        run(
            list(exports),
            mode=mode,
            people=people,
            weeks=weeks,
            seed=seed,
            output=output,
            only=only,
            choose=chooser(),
        )
    )


def container_network(machine: Machine, mode: Literal["local", "two"] = "two") -> ContainerNetwork:
    """Return the network of containers; of .env, only base images apply to it."""
    from netflix_trend.cli.reference import rows
    from netflix_trend.declaring import INSIDE
    from services.demo.containers import ContainerNetwork

    defaults = {row.name: row.default for row in rows() if row.section != INSIDE}
    return ContainerNetwork(
        machine.root,
        {**defaults, **{name: machine.setting(name, defaults[name]) for name in ("BASE", "SYFTBOX_BASE")}},
        mode,
    )
