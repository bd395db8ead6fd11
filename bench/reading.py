"""`python -m bench reading`: how well and how fast exports are read whose truth is known.

Quality: invented people watch series and films of public lists, in every language of the table of season words; their
histories are written as both exports, read, and compared with the truth. `--titles FILE` is a catalogue with films and
series (netflix_titles.csv), `--chart FILE` Netflix's weekly list of the world, for the names of seasons; without them
the names are those of the starter catalogue, and every second is unknown to the reader.

Speed: the import of one large history beside a loop over the same file with Python's csv module, in processor seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path

import duckdb

from bench.histories import LANGUAGES, Catalogue, History, invented, read_catalogues
from bench.tables import table
from bench.tasks import run_floor, run_processor
from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawStore
from netflix_trend.history.tables import rebuild
from netflix_trend.layout import DATABASE, PrivateVolume

EXPORTS = ("CSV", "archive")
CERTAINTIES = ("certain", "likely", "guess")
# At most this share of what a certainty says may be wrong.
_MOST_WRONG = {"certain": 0.001, "likely": 0.05}
_RIGHT = {"CSV": 0.996, "archive": 0.9995}
_RECEIVED = date(2026, 11, 15)


@dataclass
class Quality:
    """What was read of one or several files, against the truth.

    rows and right: views, and those of them whose kind is right. said: how often each certainty was said; wrong: how
    often it was. episodes and shows: (read, true). close_episodes, close_shows: files within 1 % and 5 %.
    """

    files: int = 0
    rows: int = 0
    right: int = 0
    said: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    episodes: tuple[int, int] = (0, 0)
    shows: tuple[int, int] = (0, 0)
    close_episodes: int = 0
    close_shows: int = 0

    def plus(self, other: Quality) -> Quality:
        """Return the sum of both."""
        return Quality(
            self.files + other.files,
            self.rows + other.rows,
            self.right + other.right,
            self.said + other.said,
            self.wrong + other.wrong,
            (self.episodes[0] + other.episodes[0], self.episodes[1] + other.episodes[1]),
            (self.shows[0] + other.shows[0], self.shows[1] + other.shows[1]),
            self.close_episodes + other.close_episodes,
            self.close_shows + other.close_shows,
        )

    def wrong_of(self, certainty: str) -> float:
        """Return which share of what was said with this certainty is wrong."""
        return self.wrong[certainty] / max(1, self.said[certainty])


def _is_close(pair: tuple[int, int], share: float) -> bool:
    return abs(pair[0] - pair[1]) <= share * pair[1]


def read_quality(history: History, export: str, vocabulary: Vocabulary) -> Quality:
    """Import one export of a history and compare each view with the truth."""
    with tempfile.TemporaryDirectory(prefix="netflix-trend-bench-") as folder:
        private = Path(folder)
        delivery = Delivery(profile="bench", source="bench", name=f"{export}.csv", received=_RECEIVED)
        RawStore(private).save(delivery, [history.csv() if export == "CSV" else history.archive()])
        rebuild(private, "bench", vocabulary, ReadOptions(zone=UTC))
        with duckdb.connect(PrivateVolume(private).profile("bench") / DATABASE, read_only=True) as database:
            views = database.execute(
                """select title, kind::varchar, certainty::varchar, show_id from views join titles using (title_id)"""
            ).fetchall()
    truth = {title_key(view.title if export == "CSV" else view.archived): view for view in history.views}
    found = Quality(files=1)
    shows, episodes = set(), [0, 0]
    for title, kind, certainty, show in views:
        view = truth[title_key(title)]
        found.rows += 1
        found.right += kind == view.kind
        found.said[certainty] += 1
        found.wrong[certainty] += kind != view.kind
        episodes[0] += kind == "episode"
        episodes[1] += view.kind == "episode"
        if kind == "episode":
            shows.add(show)
    found.episodes = (episodes[0], episodes[1])
    found.shows = (len(shows), len({view.show for view in history.views if view.kind == "episode"}))
    found.close_episodes = int(_is_close(found.episodes, 0.01))
    found.close_shows = int(_is_close(found.shows, 0.05))
    return found


def qualities(
    catalogue: Catalogue, languages: Iterable[str], people: int, rows: int, progress: Callable[[str], None]
) -> dict[tuple[str, str], Quality]:
    """Return (export, language) -> what was read of the exports of so many people."""
    found: dict[tuple[str, str], Quality] = {}
    for language in languages:
        progress(language)
        for number in range(people):
            history = invented(catalogue, language, rows, seed=number)
            for export in EXPORTS:
                one = read_quality(history, export, catalogue.vocabulary)
                found[export, language] = found.get((export, language), Quality()).plus(one)
    return found


def quality_tables(found: dict[tuple[str, str], Quality]) -> list[str]:
    """Return a table for each export: a row for each language, then all of them, then the targets."""
    columns = ["language", "rows", "right type", *(f"{name} wrong" for name in CERTAINTIES)]
    columns += ["episodes, read / true", "shows, read / true", "files: episodes within 1 %", "shows within 5 %"]
    tables = []
    for export in EXPORTS:
        of_export = {language: one for (which, language), one in found.items() if which == export}
        everything = Quality()
        for one in of_export.values():
            everything = everything.plus(one)
        rows = [_quality_row(language, one) for language, one in [*of_export.items(), ("all", everything)]]
        most = [f"<= {100 * _MOST_WRONG[name]:g} %" if name in _MOST_WRONG else "" for name in CERTAINTIES]
        rows.append(["target", "", f">= {100 * _RIGHT[export]:g} %", *most, "", "", "", ""])
        tables.append(table(f"Reading: {export}", columns, rows))
    return tables


def _quality_row(language: str, one: Quality) -> list[str]:
    wrong = [
        f"{100 * one.wrong_of(name):.2f} % of {one.said[name]:,}" if one.said[name] else "" for name in CERTAINTIES
    ]
    ratios = [f"{read / max(1, true):.3f}" for read, true in (one.episodes, one.shows)]
    close = [f"{count} of {one.files}" for count in (one.close_episodes, one.close_shows)]
    return [language, f"{one.rows:,}", f"{100 * one.right / max(1, one.rows):.2f} %", *wrong, *ratios, *close]


def speed_table(catalogue: Catalogue, rows: int, runs: int) -> str:
    """Return the table of processor seconds: the least of several runs in a folder of their own each."""
    lines = []
    history = invented(catalogue, "fr", rows, seed=0)
    for export, content in (("CSV", history.csv()), ("archive", history.archive())):
        seconds = [_processor_seconds(run, content, runs) for run in (run_floor, run_processor)]
        count = content.count(b"\n") - 1
        figures = [f"{count:,}", *(f"{one:.2f}" for one in seconds), f"{seconds[1] / seconds[0]:.0f}"]
        lines.append([export, *figures, f"{count / seconds[1]:,.0f}"])
    columns = ["export", "rows", "csv loop, s", "import, s", "ratio", "rows a second"]
    return table("Speed: processor seconds", columns, lines)


def _processor_seconds(run: Callable[[Path, int], None], content: bytes, runs: int) -> float:
    best = float("inf")
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="netflix-trend-bench-") as root:
            folder = Path(root)
            (folder / "NetflixViewingHistory.csv").write_bytes(content)
            before = time.process_time()
            run(folder, 0)
            best = min(best, time.process_time() - before)
    return best


def main(arguments: Sequence[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench reading", description=__doc__.partition("\n")[0])
    parser.add_argument("--titles", type=Path, metavar="FILE", help="a catalogue with films and series")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="Netflix's weekly list of the world")
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="of the titles (%(default)s)")
    parser.add_argument("--people", type=int, default=3, help="of each language (%(default)s)")
    parser.add_argument("--rows", type=int, default=800, help="of each person's CSV (%(default)s)")
    parser.add_argument("--speed-rows", type=int, default=100_000, help="of the large CSV; 0: none (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of the large import (%(default)s)")
    options = parser.parse_args(arguments)
    for path in (options.titles, options.chart):
        if path is not None and not path.is_file():
            parser.error(f"{path}: no such file")
    languages = options.languages.split(",")
    if unknown := set(languages) - set(LANGUAGES):
        parser.error(f"no season words of {', '.join(sorted(unknown))}; there are {', '.join(LANGUAGES)}")
    catalogue = read_catalogues(options.titles, options.chart)
    found = qualities(catalogue, languages, options.people, options.rows, lambda text: print(f"... {text}", flush=True))
    print("\n\n".join(quality_tables(found)))
    if options.speed_rows:
        print(f"\n{speed_table(catalogue, options.speed_rows, options.runs)}")
    return 0
