"""One participant: what queue jobs, local mode, the dashboard, the command line and the demo call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netflix_trend.history.freshness import Freshness, freshness
from netflix_trend.history.options import ReadOptions
from netflix_trend.settings import Settings
from netflix_trend.syftbox.shared_files import current_vocabulary

if TYPE_CHECKING:
    from netflix_trend.history.tables import History


def out_of_date(settings: Settings) -> Freshness:
    """Return which profiles have to be rebuilt, and which exports are in no table yet. Reads only."""
    return freshness(settings.private_dir, current_vocabulary(settings).version, ReadOptions.of(settings))


def refresh(settings: Settings, *, everything: bool = False) -> list[History]:
    """Rebuild the profiles that are out of date, or everything; returns what was rebuilt.

    A profile is out of date when an export, the vocabulary or an option has changed since it was built, or when a
    rebuild was interrupted. An export that cannot be read is tried once, and again only when something changes. Safe to
    repeat, and in several processes at once.
    """
    # The publisher calls this module too, and its image holds neither DuckDB nor pandas.
    from netflix_trend.history.raw import RawStore
    from netflix_trend.history.tables import rebuild_all

    vocabulary, options = current_vocabulary(settings), ReadOptions.of(settings)
    if everything:
        profiles = RawStore(settings.private_dir).profiles()
    else:
        profiles = list(freshness(settings.private_dir, vocabulary.version, options).outdated)
    return rebuild_all(settings.private_dir, vocabulary, options, profiles)
