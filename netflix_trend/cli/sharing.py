"""Verbs about what leaves this machine: privacy, join, pause, withdraw and limits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import click

from netflix_trend.cli.asking import has_terminal
from netflix_trend.cli.frame import FAILED, Failure, Verb, words_of
from netflix_trend.cli.mode import Place, place_of
from netflix_trend.cli.subscribing import subscribe
from netflix_trend.cli.volumes import begin, on_volumes
from netflix_trend.odds import parse_odds


class Odds(click.ParamType[Fraction]):
    """Odds such as 8 or 5/2."""

    name = "odds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Parse the odds."""
        try:
            return parse_odds(value)
        except ValueError as error:
            return self.fail(str(error), param, ctx)


def say_notice(context: click.Context) -> None:
    """Say that this is a trial, or that no aggregator is chosen, before a verb runs.

    In our containers nothing is said: the verb outside, which was typed, has said it.
    """
    from netflix_trend.participant.notice import notice_for

    place = place_of(context)
    if place.is_inside:
        return
    said = notice_for(place.machine.email.strip().lower(), place.machine.aggregator)
    if demo := context.params.get("demo"):
        from netflix_trend.participant.demo import DemoUnfinished, read_demo

        try:
            said = read_demo(demo).sentence
        except DemoUnfinished:
            said = ""  # the verb says so
    if said:
        # What others read from stdout has to be that alone.
        click.echo(said, err=bool(context.params.get("is_json")) or context.info_name == "export")


@click.command(cls=Verb, examples=["privacy"])
@on_volumes("publisher")
def privacy() -> int:
    """Show what was published and its cost in privacy."""
    from services.publisher import summary

    return summary.main()


def _choice(act: Callable[..., int]) -> Callable[..., None]:
    @click.pass_context
    def run(context: click.Context, /, **options: Any) -> None:
        sys.exit(carry_out(place_of(context), lambda: act(**options), words_of(context)))

    return run


def carry_out(place: Place, act: Callable[[], int], words: Sequence[str]) -> int:
    """Save a choice: by `act` here, by the verb `words` in a container. Returns the exit code.

    A running publisher follows the choice at once; without one, the publisher runs once. Who joins lets arrive what is
    needed. Raises Failure where it could not.
    """
    if words[:1] == ["join"]:
        subscribe(place.machine)
    if begin(place, keeps=True):
        return act() or (0 if place.is_inside else look_once())
    docker = place.docker
    if docker.in_service("processor", *words):
        return FAILED
    if not docker.is_running("publisher"):
        kept = "your choice is kept but not carried out: your datasite still holds what it held. Next: ./run.sh up"
        try:
            code = docker.in_service("publisher", "look")
        except Failure as problem:
            problem.show()
            raise Failure(kept) from None
        if code:
            raise Failure(kept)
    return 0


def look_once() -> int:
    """Publish what is due from folders, as `once` does. Returns an exit code."""
    from services.local.__main__ import once

    return once()


def _take_part(verb: str) -> Callable[..., None]:
    def act() -> int:
        from services.runtime.choose import take_part

        return take_part(verb)

    return _choice(act)


join = Verb("join", callback=_take_part("join"), help="Answer surveys, within your limits.", examples=["join"])
pause = Verb(
    "pause",
    callback=_take_part("pause"),
    help="Answer no survey for now; what was published stays.",
    examples=["pause"],
)
withdraw = Verb(
    "withdraw",
    callback=_take_part("withdraw"),
    help="Remove everything from your datasite, with a receipt.",
    examples=["withdraw"],
)


def _limit(odds: Fraction | None, reports: int | None, questions: str | None, is_reset: bool, is_sure: bool) -> int:
    from services.runtime.choose import lower_limits

    def may_raise(what: str) -> bool:
        return is_sure or (has_terminal() and click.confirm(f"{what} This allows more than before. Do it?"))

    return lower_limits(odds=odds, reports=reports, questions=questions, is_reset=is_reset, may_raise=may_raise)


limits = Verb(
    "limits",
    callback=_choice(_limit),
    help="Show your limits, or lower them at once. Raising them again takes a yes. The settings are the most.",
    examples=["limits", "limits --odds 3 --reports 4 --questions volume", "limits --reset"],
    params=[
        click.Option(
            ["--odds"],
            type=Odds(),
            help="Maximal odds of one report, such as 3 or 5/2; below what is asked for nothing is answered.",
        ),
        click.Option(["--reports"], type=int, help="Maximal number of reports in any 52 weeks."),
        click.Option(
            ["--questions"], metavar="NAMES", help="Questions you answer, separated by commas; none: no question."
        ),
        click.Option(["--reset", "is_reset"], is_flag=True, help="Back to the limits of the settings."),
        click.Option(["--yes", "is_sure"], is_flag=True, help="Allow more than before without being asked."),
    ],
)


@click.command(cls=Verb, hidden=True)
@on_volumes("publisher", keeps=True)
def look() -> int:
    """Run the publisher once, as its service does every minute."""
    from services.publisher import single_run as publisher

    return publisher.main()
