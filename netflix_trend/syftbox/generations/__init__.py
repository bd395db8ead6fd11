"""The generations of SyftBox, one folder each, and the client of this machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from netflix_trend.storage.small_json import flat_json
from netflix_trend.syftbox.generations.base import Client, Generation, address_in
from netflix_trend.syftbox.generations.go import Go
from netflix_trend.syftbox.generations.go_subscriptions import GoWithSubscriptions
from netflix_trend.syftbox.generations.pysyft_2 import PySyft2, clients_in
from netflix_trend.syftbox.generations.python_0_4 import Python04

__all__ = [
    "GENERATIONS",
    "Client",
    "Generation",
    "client_at",
    "clients",
    "find_client",
    "generation_of",
    "recognized",
    "was_started",
]

# The first that recognizes a folder manages it. The last is assumed where none does, such as in a trial.
GENERATIONS: tuple[Generation, ...] = (PySyft2(), GoWithSubscriptions(), Go(), Python04())
_CONFIGURATION = Path(".syftbox") / "config.json"
_VARIABLES = ("SYFTBOX_CLIENT_CONFIG_PATH", "SYFTBOX_CONFIG_PATH")


def recognized(datasites: Path) -> Generation | None:
    """Return the generation that manages a folder of datasites, None if no client has left its files there."""
    return next((one for one in GENERATIONS if one.is_at(datasites)), None)


def generation_of(datasites: Path) -> Generation:
    """Return the generation that manages a folder of datasites; the Python generation if none is recognized."""
    return recognized(datasites) or GENERATIONS[-1]


def find_client(places: Iterable[Path], environ: Mapping[str, str]) -> Client | None:
    """Return the client that this app belongs to: the one that started it, or that holds one of `places`.

    places: paths of the clone, with links and without. A clone counts as held whatever it is called: in a folder of the
    client's apps, below its data folder, or linked from its apps.
    """
    if started := _that_started(environ):
        return started
    places = tuple(places)
    for client in clients(environ):
        if any(client.holds(place) for place in places):
            return client
    folders = (folder for place in places for folder in place.parents if _is_data_folder(folder, place))
    return next((_by_folder(folder) for folder in folders), None)


def client_at(datasites: Path, email: str, environ: Mapping[str, str], of_app: Client | None = None) -> Client | None:
    """Return the client that manages a folder of datasites: by its configuration, else by what it left there.

    email: the address that is assumed where no configuration says it. of_app: the client that this app belongs to.
    Where a client has left files that now syncs another folder, it is returned nevertheless: nothing syncs this one.
    None if no client manages the folder.
    """
    place = datasites.resolve()
    started = _that_started(environ)
    known = [*([started] if started else []), *clients(environ)]
    for client in known:
        if client.datasites.resolve() == place:
            return client
    generation = recognized(datasites)
    if generation is None:
        return None
    configured = (one for one in known if one.config and one.email == email and generation.key != PySyft2.key)
    if elsewhere := of_app or next(configured, None):
        return elsewhere
    data_dir = next((folder for folder in (place.parent, place) if generation.datasites_of(folder) == place), place)
    return Client(generation, data_dir, email)


def was_started(environ: Mapping[str, str]) -> bool:
    """Return whether a client of SyftBox started this process, also when its configuration cannot be read."""
    return any(environ.get(name) for name in (*_VARIABLES, "SYFTBOX_DATA_DIR"))


def clients(environ: Mapping[str, str]) -> list[Client]:
    """Return all clients that are configured for the person of this process, the one with a server first."""
    home = Path(environ.get("HOME") or Path.home())
    configured = _configured(home / _CONFIGURATION)
    return [*([configured] if configured else []), *clients_in(home)]


def _that_started(environ: Mapping[str, str]) -> Client | None:
    config = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    data_dir = environ.get("SYFTBOX_DATA_DIR", "")
    known = _configured(Path(config)) if config else None
    if known and not data_dir:
        return known
    if data_dir:
        folder = Path(data_dir)
        email = (known.email if known else "") or address_in(environ.get("SYFTBOX_EMAIL"))
        return Client(
            generation_of(folder / "datasites"), folder, email, known.config if known else None,
            known.server_url if known else environ.get("SYFTBOX_SERVER_URL", ""), known.client_url if known else "",
        )  # fmt: skip
    return None


def _configured(config: Path) -> Client | None:
    """Return the client of a configuration; None if there is none, or if it names no data folder."""
    known = flat_json(config)
    data_dir = known.get("data_dir")
    if not isinstance(data_dir, str) or not data_dir:
        return None
    folder = Path(data_dir).expanduser()
    texts = {name: value for name in ("server_url", "client_url") if isinstance(value := known.get(name), str)}
    return Client(generation_of(folder / "datasites"), folder, address_in(known.get("email")), config, **texts)


def _is_data_folder(folder: Path, place: Path) -> bool:
    """Whether `folder` looks like a client's data folder, and `place` lies in its folder of apps."""
    return place.relative_to(folder).parts[0] in ("apps", "apis") and (folder / "datasites").is_dir()


def _by_folder(folder: Path) -> Client:
    """Return a client whose configuration is not where people have it, by what it left in its data folder."""
    known = flat_json(folder / ".metadata.json")
    return Client(generation_of(folder / "datasites"), folder, address_in(known.get("email")))
