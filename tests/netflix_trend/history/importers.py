"""What the importers of other programs accept, as their sources and help pages say; see docs/other-tools.md.

Each function raises AssertionError where the importer would refuse or misread a file, and returns its rows.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime

# https://letterboxd.com/about/importing-data
_LETTERBOXD = {"Title", "Year", "Directors", "LetterboxdURI", "tmdbID", "imdbID", "WatchedDate", "Rewatch", "Rating",
               "Rating10", "Tags", "Review"}  # fmt: skip
# The heading that https://simkl.com/apps/import/csv/ shows, as in github.com/jshields-ca/simkl-csv-converters
_SIMKL = "simkl_id,TVDB_ID,TMDB,IMDB_ID,MAL_ID,Type,Title,Year,LastEpWatched,Watchlist,WatchedDate,Rating,Memo"
# github.com/FuzzyGrim/Yamtrack/wiki/Yamtrack-CSV-Format; `_process_row` reads these without a default.
_YAMTRACK = {"media_id", "source", "media_type", "title", "image", "season_number", "episode_number", "score", "status",
             "notes", "start_date", "end_date", "progress"}  # fmt: skip

_SOURCES = ("tmdb", "mal", "mangaupdates", "igdb", "openlibrary", "hardcover", "comicvine", "manual")


def _table(data: bytes) -> list[dict[str, str]]:
    """Read a file as all three do: UTF-8 without a byte order mark, a comma, a heading; no field has a line break."""
    assert not data.startswith(b"\xef\xbb\xbf"), "a part of the first heading"
    text = data.decode("utf-8")
    rows = list(csv.DictReader(text.splitlines(), strict=True))
    assert rows == list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows), "as many fields as headings"
    return rows


def letterboxd(data: bytes) -> list[dict[str, str]]:
    """Files below 1 MB with a title, and with days as YYYY-MM-DD; a film is seen again only after it was seen."""
    assert len(data) <= 1_000_000
    rows = _table(data)
    seen = set[str]()
    for row in rows:
        assert row.keys() <= _LETTERBOXD
        title = row["Title"]
        assert title and title == title.strip()
        # Its escape is a backslash, that of CSV a second quotation mark: with neither, both read the same.
        assert not set('"\\') & set(title)
        assert date.fromisoformat(row["WatchedDate"]).isoformat() == row["WatchedDate"]
        assert row["Rewatch"] == ("true" if title.casefold() in seen else "false")
        seen.add(title.casefold())
    return rows


def simkl(data: bytes) -> list[dict[str, str]]:
    """Rows of films and shows, each once; the last episode as `s1e3`, which marks those before it too."""
    rows = _table(data)
    assert data.decode().splitlines()[0] == _SIMKL
    for row in rows:
        assert row["Type"] in ("movie", "tv", "anime")
        assert row["Title"].strip()
        assert row["Watchlist"] in ("completed", "watching", "plantowatch", "hold", "dropped")
        assert re.fullmatch(r"(?:s[1-9]\d*e[1-9]\d*)?", row["LastEpWatched"])
        assert row["Type"] == "tv" or not row["LastEpWatched"]
        assert date.fromisoformat(row["WatchedDate"]).isoformat() == row["WatchedDate"]
    names = [(row["Type"], row["Title"].casefold()) for row in rows]
    assert len(names) == len(set(names))
    return rows


def yamtrack(data: bytes) -> list[dict[str, str]]:
    """`YamtrackImporter._process_row` and `_handle_missing_metadata` in src/integrations/imports/yamtrack.py: a title
    without an id is searched at its source, which knows films and shows only, and takes the first result.
    """
    rows = _table(data)
    for row in rows:
        assert row.keys() >= _YAMTRACK, "a missing column ends the import"
        for number in ("season_number", "episode_number"):
            assert row[number] == "" or int(row[number]) >= 0
        assert row["source"] in (
            "tmdb",
            "mal",
            "mangaupdates",
            "igdb",
            "openlibrary",
            "hardcover",
            "comicvine",
            "manual",
        )
        assert row["media_type"] in ("tv", "season", "episode", "movie", "anime", "manga", "game", "book", "comic")
        assert row["status"] in ("Completed", "In progress", "Planning", "Paused", "Dropped")
        assert row["progress"] == "" or int(row["progress"]) >= 0
        if row["media_id"] == "":
            assert row["media_type"] in ("tv", "movie"), "an episode without an id cannot be found"
            assert row["title"].strip(), "Missing metadata"
        for when in ("start_date", "end_date"):
            if row[when]:
                assert datetime.strptime(row[when], "%Y-%m-%d %H:%M:%S%z").tzinfo is not None
    return rows


IMPORTERS = {"letterboxd": letterboxd, "simkl": simkl, "yamtrack": yamtrack}
