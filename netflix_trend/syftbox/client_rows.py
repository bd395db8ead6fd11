"""Rows about SyftBox's client on this machine: which one it is, whether it syncs, and whether it will go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netflix_trend.language import _, marked
from netflix_trend.status_table import Row
from netflix_trend.syftbox.generations import Client
from netflix_trend.syftbox.generations.base import START

if TYPE_CHECKING:
    from netflix_trend.syftbox.generations.go_subscriptions.rules import Rule

SYFTBOX = "SyftBox"
# For who was locked out: the server was emptied before this app had published anything.
_REPAIR = marked("check SYFTBOX_EMAIL; if SyftBox has run for a minute: ./run.sh setup --repair")


def client_rows(client: Client | None, email: str, datasites: Path, needed: Sequence[Rule], now: float) -> list[Row]:
    """Return the rows. needed: rules about subscriptions. now: seconds since 1970.

    Asks the client's local interface; no row has a token in it.
    """
    if client is None:
        said = _("none was found that manages %(datasites)s", datasites=datasites)
        return [Row(SYFTBOX, said, "wrong", _("%(START)s, then ./run.sh setup", START=_(START))), _address(None, email)]
    client = client.generation.asked(client)
    generation = client.generation
    syncs = [generation.last_sync(client, now), generation.token(client, now)]
    return [
        _set_up(client, email, datasites, syncs),
        _configuration(client),
        _address(client, email),
        _datasites(client, datasites),
        *syncs,
        generation.subscriptions(client, needed),
        generation.disk(client),
    ]


def _set_up(client: Client, email: str, datasites: Path, syncs: Sequence[Row]) -> Row:
    """Return which SyftBox it is. A client that cannot sync removes its own files, the root's rules among them."""
    name = client.generation.name
    if client.generation.is_set_up(datasites, email):
        return Row(SYFTBOX, name)
    step = next((row.step for row in reversed(syncs) if row.mark == "wrong"), _REPAIR)
    return Row(SYFTBOX, _("%(name)s; its own files in your datasite are missing", name=name), "wrong", step)


def _configuration(client: Client) -> Row:
    if client.config is None:
        return Row("configuration", _("none; found by what is in %(data_dir)s", data_dir=client.data_dir))
    return Row("configuration", str(client.config))


def _address(client: Client | None, email: str) -> Row:
    if client is not None and client.email and client.email != email:
        said = _("%(email)s, but SyftBox is signed in as %(email2)s", email=email, email2=client.email)
        return Row(
            "address",
            said,
            "wrong",
            _("SYFTBOX_EMAIL=%(email)s in .env, or sign in to SyftBox as %(email2)s", email=client.email, email2=email),
        )
    return Row("address", email)


def _datasites(client: Client, datasites: Path) -> Row:
    if client.datasites.resolve() != datasites.resolve():
        said = _("%(datasites)s, but SyftBox syncs %(datasites2)s", datasites=datasites, datasites2=client.datasites)
        return Row("datasites", said, "wrong", _("DATASITES_DIR=%(datasites)s in .env", datasites=client.datasites))
    return Row("datasites", str(datasites))
