"""Rules about subscriptions, where this machine's SyftBox blocks every other datasite until a rule allows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import click

from netflix_trend.causes import reason_of
from netflix_trend.cli.machine import Machine

if TYPE_CHECKING:
    from netflix_trend.syftbox.generations.go_subscriptions.rules import Rule

Role = Literal["newcomer", "participant", "aggregator", "helper"]


def needed_rules(machine: Machine, role: Role = "participant") -> list[Rule]:
    """Return the rules that a role needs, by the settings; none for a participant without an aggregator.

    A newcomer is about to choose one.
    """
    from netflix_trend.syftbox.generations.go_subscriptions import rules

    if role == "participant":
        return rules.needed_by_participant(machine.aggregator, machine.setting("HELPER_DATASITE"))
    others: dict[Role, Callable[[], list[Rule]]] = {
        "newcomer": rules.needed_to_choose,
        "aggregator": rules.needed_by_aggregator,
        "helper": rules.needed_by_helper,
    }
    return others[role]()


def subscribe(machine: Machine, role: Role = "participant") -> bool:
    """Add the rules that are missing, and say so first. Nothing happens with a SyftBox that has no such rules.

    Returns whether something may arrive now that could not before.
    """
    client = machine.syftbox
    if client is None:
        return False
    needed = needed_rules(machine, role)
    from netflix_trend.syftbox.generations.go_subscriptions.file import UnknownShape

    client = client.generation.asked(client)
    try:
        if absent := client.generation.missing(client, needed):
            click.echo(f"Your SyftBox downloads only what its rules allow. Adding: {'; '.join(map(str, absent))}.")
            client.generation.allow(client, absent)
        return bool(absent)
    except (UnknownShape, OSError) as problem:
        click.echo(_by_hand(problem, needed), err=True)
        return False


def _by_hand(problem: Exception, needed: Sequence[Rule]) -> str:
    from netflix_trend.syftbox.generations.go_subscriptions import SUBSCRIPTIONS_FILE
    from netflix_trend.syftbox.generations.go_subscriptions.rules import as_lines

    lines = "\n".join(as_lines(needed))
    return (
        f"{SUBSCRIPTIONS_FILE} in SyftBox's folder .data could not be changed: {reason_of(problem)}. Nothing arrives "
        f"before these lines are below `rules:` in it:\n{lines}"
    )
