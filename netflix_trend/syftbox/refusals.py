"""Files of an aggregator that were refused, by their digest: each is read as a model once, and not at every look.

Reading a large file costs seconds, looks come every few seconds, and an aggregator may leave a bad file for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from netflix_trend import __version__
from netflix_trend.settings import Settings
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.small_json import flat_json

FILE = ".refused.json"
_MOST = 50
_LONGEST = 500
_T = TypeVar("_T")
_known: dict[str, str] = {}


def read_once(settings: Settings, data: bytes, parse: Callable[[bytes], _T], refusal: type[Exception]) -> _T:
    """Return what a file says. Raises `refusal` as `parse` does, for the same bytes without parsing them again.

    The services' processes end after a job, so refusals are also kept on the volumes, where one of them may write.
    """
    # Another version may know more.
    name = hashlib.sha256(f"{__version__} {parse.__qualname__} ".encode() + data).hexdigest()
    if (reason := _reason(settings, name)) is not None:
        raise refusal(reason)
    try:
        return parse(data)
    except refusal as problem:
        _remember(settings, name, str(problem)[:_LONGEST])
        raise


def forget() -> None:
    """Forget what this process knows; the files stay."""
    _known.clear()


def _reason(settings: Settings, name: str) -> str | None:
    if name not in _known:
        for folder in _folders(settings):
            found = flat_json(folder / FILE).get(name)
            if isinstance(found, str):
                _known[name] = found
    return _known.get(name)


def _remember(settings: Settings, name: str, reason: str) -> None:
    _known[name] = reason
    for one in list(_known)[:-_MOST]:
        del _known[one]
    for folder in _folders(settings):
        with suppress(OSError):
            kept = {**flat_json(folder / FILE), name: reason}
            newest = dict(list(kept.items())[-_MOST:])
            write_atomically(folder / FILE, canonical_json(newest) + b"\n", durable=False)


def _folders(settings: Settings) -> list[Path]:
    """Return the folders of this service that are there; it may write into one of them at least."""
    return [folder for folder in (settings.private_dir, settings.publisher_dir) if folder.is_dir()]
