"""Rows about SyftBox's client on this machine: which one it is, whether it syncs, and whether it will go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netflix_trend.status_table import Row
from netflix_trend.syftbox.generations import Client
from netflix_trend.syftbox.generations.base import START

if TYPE_CHECKING:
    from netflix_trend.syftbox.generations.go_subscriptions.rules import Rule

SYFTBOX = "SyftBox"


def client_rows(client: Client | None, email: str, datasites: Path, needed: Sequence[Rule], now: float) -> list[Row]:
    """Return the rows. needed: rules about subscriptions. now: seconds since 1970.

    Asks the client's local interface; no row has a token in it.
    """
    if client is None:
        said = f"none was found that manages {datasites}"
        return [Row(SYFTBOX, said, "wrong", f"{START}, then ./run.sh setup"), _address(None, email)]
    client = client.generation.asked(client)
    generation = client.generation
    return [
        _set_up(client, email, datasites),
        _configuration(client),
        _address(client, email),
        _datasites(client, datasites),
        generation.last_sync(client, now),
        generation.token(client, now),
        generation.subscriptions(client, needed),
        generation.disk(client),
    ]


def _set_up(client: Client, email: str, datasites: Path) -> Row:
    name = client.generation.name
    if client.generation.is_set_up(datasites, email):
        return Row(SYFTBOX, name)
    return Row(SYFTBOX, f"{name}; it has not set up your datasite", "wrong", f"{START}, and check SYFTBOX_EMAIL")


def _configuration(client: Client) -> Row:
    if client.config is None:
        return Row("configuration", f"none; found by what is in {client.data_dir}")
    return Row("configuration", str(client.config))


def _address(client: Client | None, email: str) -> Row:
    if client is not None and client.email and client.email != email:
        said = f"{email}, but SyftBox is signed in as {client.email}"
        return Row("address", said, "wrong", f"SYFTBOX_EMAIL={client.email} in .env, or sign in to SyftBox as {email}")
    return Row("address", email)


def _datasites(client: Client, datasites: Path) -> Row:
    if client.datasites.resolve() != datasites.resolve():
        said = f"{datasites}, but SyftBox syncs {client.datasites}"
        return Row("datasites", said, "wrong", f"DATASITES_DIR={client.datasites} in .env")
    return Row("datasites", str(datasites))
