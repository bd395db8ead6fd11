"""Shows that a person does not want to be recommended. On the private volume; nobody else learns of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.catalogue.keys import title_key
from netflix_trend.language import _
from netflix_trend.layout import PrivateVolume
from netflix_trend.storage.damaged import Damaged, make_way, read_file
from netflix_trend.storage.files import locked, write_atomically
from netflix_trend.storage.model import Strict

MOST = 5_000
_LONGEST = 300


class NotForMeError(ValueError):
    """A show cannot be put on the list, or taken off it; the message says why."""


class _File(Strict):
    schema_version: Literal[1] = 1
    titles: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=_LONGEST)], ...], Field(strict=False, max_length=MOST)
    ] = ()


def not_for_me(private: Path) -> tuple[str, ...]:
    """Return the titles, oldest first; none if the file is damaged, since then they are just recommended again."""
    try:
        return _File.model_validate_json(read_file(PrivateVolume(private).not_for_me)).titles
    except (FileNotFoundError, ValidationError, Damaged):
        return ()


def leave_out(private: Path, title: str) -> bool:
    """Never recommend a show again. Returns whether it is new on the list. Raises NotForMeError."""
    if not title_key(title) or len(title) > _LONGEST:
        raise NotForMeError(_("expected the title of a show"))
    private.mkdir(parents=True, exist_ok=True)
    with locked(private / ".not_for_me.lock"):
        known = not_for_me(private)
        if title_key(title) in map(title_key, known):
            return False
        if len(known) >= MOST:
            raise NotForMeError(_("at most %(MOST)s shows can be on this list; nothing was changed", MOST=MOST))
        _write(private, (*known, title))
    return True


def allow_again(private: Path, title: str) -> bool:
    """Take a show off the list. Returns whether it was on it."""
    with locked(private / ".not_for_me.lock"):
        known = not_for_me(private)
        kept = tuple(one for one in known if title_key(one) != title_key(title))
        if len(kept) < len(known):
            _write(private, kept)
    return len(kept) < len(known)


def _write(private: Path, titles: tuple[str, ...]) -> None:
    make_way(PrivateVolume(private).not_for_me, private)
    write_atomically(PrivateVolume(private).not_for_me, _File(titles=titles).to_bytes())
