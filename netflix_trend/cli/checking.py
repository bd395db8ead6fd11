"""The verb check: whether everything on disk agrees."""

from __future__ import annotations

import json

import click

from netflix_trend.cli.frame import FAILED, Failure, Verb
from netflix_trend.cli.volumes import on_volumes


@click.command(cls=Verb, examples=["check", "check --json"])
@click.option("--json", "is_json", is_flag=True, help="One JSON object: whether all agrees, and what does not.")
@on_volumes("dashboard")
def check(is_json: bool) -> int:
    """Check whether exports, tables, ledger, datasite and the publisher's status agree; nothing is changed.

    Every export is read and compared with its SHA-256. Each disagreement is named, with the next step. The exit code is
    0 only when there is none.
    """
    from netflix_trend.participant.checking import PARTS
    from netflix_trend.participant.checking import check as check_
    from netflix_trend.settings import SettingsError, load_settings

    try:
        found = check_(load_settings())
    except SettingsError as problem:
        raise Failure(str(problem)) from None
    if is_json:
        known = {"agrees": not found, "findings": [one.as_json() for one in found]}
        click.echo(json.dumps(known, ensure_ascii=False))
        return FAILED if found else 0
    for part in PARTS:
        here = [one for one in found if one.about == part]
        click.echo(f"{part:<9}{'' if here else 'agrees'}".rstrip())
        for one in here:
            click.echo(f"  {one.what}. Next: {one.step}")
    return FAILED if found else 0
