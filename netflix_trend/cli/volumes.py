"""Verbs on exports, tables and ledger: they run in a service's container or in this process."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from netflix_trend.cli.frame import Failure, words_of
from netflix_trend.cli.mode import NOTHING_YET, Place, place_of


def on_volumes(service: str, *, keeps: bool = False) -> Callable[[Callable[..., int]], Callable[..., None]]:
    """Run the body of a verb here if data is in folders or we are in a container, otherwise in a service's container.

    The body returns an exit code. keeps: the verb stores or publishes something.
    """

    def decorate(body: Callable[..., int]) -> Callable[..., None]:
        @click.pass_context
        @functools.wraps(body)
        def run(context: click.Context, *arguments: Any, **options: Any) -> None:
            place = place_of(context)
            if begin(place, keeps=keeps):
                sys.exit(body(*arguments, **options))
            if not keeps and place.is_new():
                raise Failure(NOTHING_YET)
            sys.exit(place.docker.in_service(service, *words_of(context)))

        return run

    return decorate


def begin(place: Place, *, keeps: bool) -> bool:
    """Return whether this process can run the verb; its settings are then those of folders."""
    if place.is_inside:
        return True
    if place.mode(keeps=keeps) == "containers":
        return False
    place.machine.use_folders()
    return True
