"""Files that other programs import: what was watched, in the formats of Letterboxd, Simkl and Yamtrack, or as it is.

docs/other-tools.md has each format with its source, what the tool has to match by title, and what is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netflix_trend.catalogue.keys import plain_title, title_key
from netflix_trend.history.csv_table import csv_file, safe_cell
from netflix_trend.history.watched import Watched
from netflix_trend.plain_text import counted

LETTERBOXD = ("Title", "WatchedDate", "Rewatch")
SIMKL = (
    *("simkl_id", "TVDB_ID", "TMDB", "IMDB_ID", "MAL_ID", "Type", "Title", "Year", "LastEpWatched", "Watchlist"),
    *("WatchedDate", "Rating", "Memo"),
)
YAMTRACK = (
    *("media_id", "source", "media_type", "title", "image", "season_number", "episode_number", "score", "status"),
    *("notes", "start_date", "end_date", "progress"),
)
PLAIN = (
    *("day", "kind", "certainty", "title", "show", "season", "season_number", "episode", "episode_number", "seconds"),
    *("times", "profile"),
)
# The importer takes files below 1 MB.
LETTERBOXD_BYTES = 1_000_000


class FormatRefused(ValueError):
    """A tool cannot import what we know; the message says why, and what to do."""


@dataclass(frozen=True)
class Reason:
    """Why something is left out. noun: what is counted, in the singular; why: what follows the count."""

    noun: str
    why: str

    def told(self, count: int) -> str:
        """Return the count with its reason, without a full stop."""
        return f"{counted(count, self.noun)}{self.why}"


EPISODES = Reason("episode", ": it keeps films only")
UNKNOWN = Reason("view", " without a usable title")
GUESSES = Reason("view", " of what may be a film or an episode; --guesses takes it for a film")
FORMULAS = Reason("title", " that a spreadsheet would run as a formula")
TOO_MANY = Reason("view", ", the oldest: a file may have 1 MB")
BY_SHOW = Reason("episode", " without its numbers: only the show is told")
NO_EPISODES = Reason("episode", " by itself: only the show is told, because episodes need ids")


@dataclass(frozen=True)
class Exported:
    """A file for a tool. left_out: how many views are not in it or only in part, by reason."""

    data: bytes
    rows: int
    left_out: Mapping[Reason, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Format:
    """A format. name: of the tool. kind: of the file, `csv` or `json`. write: makes the file; None if the tool cannot
    import what we know, and `refusal` says why.
    """

    name: str
    kind: str
    write: Callable[[_Usable], Exported] | None
    refusal: str = ""

    @property
    def content_type(self) -> str:
        """The type of the file for a browser."""
        return "application/json" if self.kind == "json" else "text/csv; charset=utf-8"


@dataclass
class _Usable:
    """What can be told to a tool, titles tidied, oldest first; everything that is not told is counted."""

    everything: Sequence[Watched]
    films: list[Watched] = field(default_factory=list)
    episodes: list[Watched] = field(default_factory=list)
    left_out: Counter[Reason] = field(default_factory=Counter)


def export(name: str, views: Sequence[Watched], *, guesses: bool = False) -> Exported:
    """Return the file of a format.

    name: a key of FORMATS. guesses: tools are told titles as films even if that is a guess; `csv` and `json` have them
    with their certainty anyway. Raises FormatRefused.
    """
    wanted = FORMATS[name]
    if wanted.write is None:
        raise FormatRefused(wanted.refusal)
    return wanted.write(_usable(views, guesses=guesses))


def _usable(views: Sequence[Watched], *, guesses: bool) -> _Usable:
    """Sort views into films and episodes. The same title on a day counts once, whoever of the profiles watched it."""
    found, seen = _Usable(views), set[tuple[object, str, str]]()
    for view in sorted(views, key=lambda view: (view.day, view.title)):
        name = view.show if view.kind == "episode" else view.title
        key = (view.day, view.kind, title_key(view.title))
        if view.kind == "unknown" or not plain_title(name or ""):
            found.left_out[UNKNOWN] += view.times
        elif _is_formula(plain_title(name or "")):
            found.left_out[FORMULAS] += 1
        elif view.kind == "film" and view.certainty == "guess" and not guesses:
            found.left_out[GUESSES] += 1
        elif key not in seen:
            seen.add(key)
            (found.films if view.kind == "film" else found.episodes).append(view)
    return found


def _is_formula(text: str) -> bool:
    """Return whether a spreadsheet would compute a text. Of titles for other tools nothing can be put before it: they
    are looked up as they are. No title begins with `=`, and one with a sign and a bracket is no title.
    """
    return text.startswith("=") or (text[0] in "+-@" and any(sign in text for sign in "(|!="))


def _letterboxd(usable: _Usable) -> Exported:
    """Films with their days, as diary entries; later days of the same title are rewatches."""
    left_out = Counter(usable.left_out)
    if usable.episodes:
        left_out[EPISODES] = len(usable.episodes)
    seen, rows = set[str](), []
    for view in usable.films:
        key = title_key(view.title)
        rows.append((_unquoted(plain_title(view.title)), view.day.isoformat(), "true" if key in seen else "false"))
        seen.add(key)
    data = csv_file(LETTERBOXD, rows)
    while len(data) > LETTERBOXD_BYTES:
        cut = max(1, len(rows) * (len(data) - LETTERBOXD_BYTES) // len(data))
        left_out[TOO_MANY] += cut
        rows = rows[cut:]
        data = csv_file(LETTERBOXD, rows)
    return Exported(data, len(rows), left_out)


def _unquoted(title: str) -> str:
    """Return a title with typographic quotation marks. For straight ones in a field, Letterboxd wants a backslash, and
    everybody else who reads CSV wants them doubled.
    """
    opened = title.replace(' "', " “")
    return ("“" + opened[1:] if opened.startswith('"') else opened).replace('"', "”")


def _simkl(usable: _Usable) -> Exported:
    """Films and shows with their last day, and of a show the last episode whose numbers are known."""
    left_out, rows = Counter(usable.left_out), []
    for films in _together(usable.films, lambda view: view.title):
        rows.append(_row(SIMKL, Type="movie", Title=plain_title(films[-1].title), Watchlist="completed",
                         WatchedDate=films[-1].day.isoformat()))  # fmt: skip
    for episodes in _together(usable.episodes, _show):
        numbers = [_numbers(view) for view in episodes]
        known = [one for one in numbers if one is not None]
        if len(known) < len(numbers):
            left_out[BY_SHOW] += len(numbers) - len(known)
        last = "s{}e{}".format(*max(known)) if known else ""
        rows.append(_row(SIMKL, Type="tv", Title=plain_title(_show(episodes[-1])), LastEpWatched=last,
                         Watchlist="watching", WatchedDate=episodes[-1].day.isoformat()))  # fmt: skip
    return Exported(csv_file(SIMKL, rows), len(rows), left_out)


def _numbers(view: Watched) -> tuple[int, int] | None:
    season, number = view.episode.season_number, view.episode.number
    return None if season is None or number is None else (season, number)


def _yamtrack(usable: _Usable) -> Exported:
    """A film for each day it was watched, and each show once."""
    left_out, rows = Counter(usable.left_out), []
    for view in usable.films:
        # Noon in London is the same day from the Azores to New Zealand's winter; Netflix tells no time.
        when = f"{view.day.isoformat()} 12:00:00+00:00"
        rows.append(_row(YAMTRACK, source="tmdb", media_type="movie", title=plain_title(view.title), status="Completed",
                         start_date=when, end_date=when, progress="1"))  # fmt: skip
    for episodes in _together(usable.episodes, _show):
        left_out[NO_EPISODES] += len(episodes)
        rows.append(
            _row(YAMTRACK, source="tmdb", media_type="tv", title=plain_title(_show(episodes[-1])), status="In progress")
        )
    return Exported(csv_file(YAMTRACK, rows), len(rows), left_out)


def _plain_csv(usable: _Usable) -> Exported:
    """Everything, a row a view."""
    rows = [[safe_cell(value) for value in _fields(view).values()] for view in usable.everything]
    return Exported(csv_file(PLAIN, rows), len(rows))


def _plain_json(usable: _Usable) -> Exported:
    """Everything, an object a view."""
    views = [_fields(view) for view in usable.everything]
    text = json.dumps({"format": "netflix-trend views", "version": 1, "views": views}, ensure_ascii=False, indent=1)
    return Exported(text.encode() + b"\n", len(views))


def _fields(view: Watched) -> dict[str, Any]:
    values = (
        *(view.day.isoformat(), view.kind, view.certainty, view.title, view.show, view.season),
        *(view.episode.season_number, view.episode.name or None, view.episode.number, view.seconds, view.times),
        view.profile,
    )
    return dict(zip(PLAIN, values, strict=True))


def _show(view: Watched) -> str:
    return view.show or ""


def _together(views: Iterable[Watched], name: Callable[[Watched], str]) -> Iterator[list[Watched]]:
    """Yield the views of each name, in the order of their first."""
    found: dict[str, list[Watched]] = {}
    for view in views:
        found.setdefault(title_key(name(view)), []).append(view)
    yield from found.values()


def _row(columns: Sequence[str], **values: str) -> list[str]:
    return [values.get(column, "") for column in columns]


_TRAKT = (
    "Trakt imports only rows with an id of Trakt, IMDb, TMDB or TVDB, and Netflix's files have none. Next: import into "
    "Simkl, whose own backup has ids; or use a program that looks titles up and tells Trakt, such as "
    "github.com/jensb89/Netflix-to-Trakt-Import"
)
FORMATS: Mapping[str, Format] = {
    "letterboxd": Format("Letterboxd", "csv", _letterboxd),
    "simkl": Format("Simkl", "csv", _simkl),
    "yamtrack": Format("Yamtrack", "csv", _yamtrack),
    "trakt": Format("Trakt", "csv", None, _TRAKT),
    "csv": Format("CSV", "csv", _plain_csv),
    "json": Format("JSON", "json", _plain_json),
}
