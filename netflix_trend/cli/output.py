"""What a process that stays prints, while somebody reads it and afterwards."""

from __future__ import annotations

import os
import select

import click


def say(text: str) -> None:
    """Print a line."""
    keep_output()
    click.echo(text)


def keep_output() -> None:
    """Print to nowhere once nobody reads: SyftBox may have been killed, and no step must fail because of that."""
    for number in (1, 2):
        poll = select.poll()
        poll.register(number, 0)
        if any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0)):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
