"""The aggregators that a person can choose from, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netflix_trend.cli.asking import say

if TYPE_CHECKING:
    from netflix_trend.published.introduction import Introduction
    from netflix_trend.syftbox.aggregators import FoundAggregators


def others_than(own: str, found: FoundAggregators) -> dict[str, Introduction]:
    """Return the aggregators but one's own datasite, by address."""
    return {address: one for address, one in found.aggregators.items() if address != own}


def list_aggregators(found: FoundAggregators, own: str, chosen: str) -> None:
    """Print the aggregators that were found, numbered: what they ask, what it costs, and keys as words.

    own: the person's address. chosen: the aggregator in the settings.
    """
    others = others_than(own, found)
    for number, (address, one) in enumerate(others.items(), 1):
        named = f", which calls itself “{one.name}”" if one.name else ""
        say(f"{number}) {address}{named}{' (chosen)' if address == chosen else ''}")
        for sentence in filter(None, (one.asks, one.cost, one.withholds, one.trust)):
            say(sentence, indent=6)
        for operator in one.operators:
            click.echo(f"      {operator.role} {operator.datasite}, key:\n      {operator.words}")
    if not others:
        from netflix_trend.plain_text import counted

        say(f"No aggregator introduces itself in {counted(found.datasites, 'datasite')} on this machine."
             if found.datasites else "There are no datasites on this machine yet.")  # fmt: skip
    if found.refusals:
        say(found.refusals)
