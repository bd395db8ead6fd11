"""What is measured. Each task runs in a process of its own, so that its peak memory is its own.

`prepare` makes the input and is not timed; `run` is timed and says how many things it did.
"""

from __future__ import annotations

import csv
import io
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path

from bench.commands import COMMANDS, READY, make_row, settle
from bench.histories import Catalogue, History, Series, invented
from bench.weekly import make_weekly, run_weekly
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.longest import LONGEST_LIST
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.simulation.population import Population, people_at_turn, person, seeded_randomness, watched
from netflix_trend.survey.release import build_release
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite

WEEK = Week.parse("2026-W46")
# As in real exports, which programs append and join: this part of the rows has a title that is seen for the first time,
# and of those about one in nine is not ASCII.
_DISTINCT = 0.82
_LANGUAGES = {"en": 0.84, "es": 0.05, "de": 0.04, "fr": 0.03, "ja": 0.02, "tr": 0.02}


@dataclass(frozen=True)
class Task:
    """unit: what is counted. sizes: how many of them.

    earlier: what earlier revisions call the task; the input is always of this one. writes: each run gets a copy of
    the input.
    """

    title: str
    unit: str
    sizes: tuple[int, ...]
    prepare: Callable[[Path, int], None]
    run: Callable[[Path, int], None]
    # Imported before the clock starts, as a worker imports them before its first job.
    modules: tuple[str, ...] = ()
    # Tasks that are shown with this one: the same on other input.
    beside: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    writes: bool = True


def make_export(folder: Path, rows: int) -> None:
    """Write a `Title,Date` export: 70 % episodes of catalogue shows, 15 % of unknown shows, 15 % films."""
    vocabulary, source = starter_vocabulary(), random.Random(1)
    path = folder / "NetflixViewingHistory.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write("Title,Date\n")
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for number in range(rows):
            kind = source.random()
            if kind < 0.85:
                place = int(source.paretovariate(0.6)) - 1
                known = kind < 0.7 and place < len(vocabulary)
                show = vocabulary.shows[place].title if known else f"Unknown Show {place % 5000}"
                title = f"{show}: Season {source.randint(1, 9)}: Episode {number}"
            else:
                title = source.choice(vocabulary.films).title if kind < 0.9 else f"Some Film {number}"
            day = date(2026, 11, 15) - timedelta(days=number * 4000 // rows)
            writer.writerow([title, f"{day.month}/{day.day}/{day.year % 100:02d}"])


def _several_languages(titles: int, seed: int) -> History:
    """Return a history of about `titles` titles in several languages; the catalogue knows two shows in three."""
    vocabulary = starter_vocabulary()
    known = [row.title for row in vocabulary.shows]
    films = tuple(row.title for row in vocabulary.films)
    unknown = [f"{name.split()[0]} of {films[place % len(films)]}" for place, name in enumerate(known[::2])]
    catalogue = Catalogue(tuple(Series(name) for name in (*known, *unknown)), films, vocabulary)
    parts = [
        invented(catalogue, *of, seed) for of in ((name, round(part * titles)) for name, part in _LANGUAGES.items())
    ]
    return History(tuple(view for part in parts for view in part.views))


def make_real_export(folder: Path, rows: int, seed: int = 1) -> None:
    """Write a `Title,Date` export, newest first, with the mixture of titles of real ones: several languages, accents,
    most titles once. The same arguments give the same bytes.
    """
    views = _several_languages(round(_DISTINCT * rows), seed).views
    again = ((day, view.title) for view in views for day in view.days[:-1])
    seen = [*((view.days[-1], view.title) for view in views), *again][:rows]
    with (folder / "NetflixViewingHistory.csv").open("w", newline="", encoding="utf-8") as file:
        file.write("Title,Date\n")
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for day, title in sorted(seen, reverse=True):
            writer.writerow([title, f"{day.month}/{day.day}/{day.year % 100:02d}"])


def make_real_archive(folder: Path, rows: int, seed: int = 1) -> None:
    """Write a ViewingActivity.csv of the same mixture, with trailers and plays of a few seconds."""
    lines = _several_languages(rows, seed).archive().splitlines(keepends=True)
    (folder / "ViewingActivity.csv").write_bytes(b"".join(lines[: rows + 1]))


def run_processor(folder: Path, _rows: int) -> None:
    """CSV to DuckDB tables and encodings, as the processor does it."""
    from netflix_trend.participant import participant
    from netflix_trend.settings import load_settings

    settings = load_settings(private_dir=folder, datasites_dir=folder / "datasites")
    (export,) = folder.glob("*.csv")
    participant.take_file(settings, export, "bench", received=date(2026, 11, 16))
    (history,) = participant.refresh(settings)
    assert history.encodings is not None


def run_floor(folder: Path, _rows: int) -> None:
    """A lower bound: csv to counts of the text before the first colon."""
    with (folder / "NetflixViewingHistory.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.reader(io.StringIO(file.read()))
        next(reader)
        counts = Counter(row[0].split(": ")[0] for row in reader)
    assert counts


@cache
def catalogue() -> Vocabulary:
    """A catalogue of as many shows as the longest list has."""
    return Vocabulary.build(CatalogueTitle(title=f"Show {n}", kind="series") for n in range(LONGEST_LIST))


def everybody_answers(vocabulary: Vocabulary | None = None) -> Survey:
    """A survey that everybody answers: 50 shows of the starter catalogue, or all of another one."""
    listed = 50 if vocabulary is None else len(vocabulary)
    version = (vocabulary or starter_vocabulary()).version
    odds = Fraction(8)
    questions = (
        TopShowsQuestion.ask(range(listed), k=1, odds=odds, weight=2),
        VolumeQuestion.ask(odds=odds, weight=1),
    )
    return Survey(round=str(WEEK), vocabulary=version, rotation=1, questions=questions)


def nothing(_folder: Path, _size: int) -> None:
    """No input is needed."""


def run_releases(_folder: Path, people: int) -> None:
    """Bound, randomize and build one release a person, with cryptographic randomness; nothing is written."""
    from netflix_trend.participant.contributions import answer

    survey = everybody_answers()
    (week,) = Population(people, len(starter_vocabulary()), seed=1).weeks(1)
    for number, shows in enumerate(week.shows):
        question = survey.question_for(person(number))
        assert question is not None
        build_release(survey, question, answer(watched(shows, int(week.titles[number])), survey, question))


def run_publisher(folder: Path, people: int) -> None:
    """The whole publisher for one person after another: ledger with fsync, permission files, release, manifest."""
    from netflix_trend.participant.releases import Participant, publish_due
    from netflix_trend.survey.limits import Limits

    survey = everybody_answers()
    for number, email in zip(range(people), people_at_turn(WEEK), strict=False):
        publish_due(
            Participant(Datasite(folder, email), "aggregator@example.org", folder / f"{number}.ledger", Limits()),
            [survey],
            lambda _: watched(frozenset({1}), 3),
            vocabulary=survey.vocabulary,
            covered_through=WEEK.sunday,
            today=WEEK.sunday + timedelta(days=1),
        )


def _make_datasites(folder: Path, people: int, survey: Survey) -> None:
    from netflix_trend.participant.contributions import answer

    randbelow = seeded_randomness(1)
    for number in range(people):
        email = person(number)
        question = survey.question_for(email)
        assert question is not None
        payload = answer(watched(frozenset({number % 50}), number % 30), survey, question, randbelow)
        release = build_release(survey, question, payload)
        Datasite(folder, email).publish({f"releases/{WEEK}.json": release}, "aggregator@example.org", durable=False)


def make_datasites(folder: Path, people: int) -> None:
    """Write everybody's releases for a list of 50 shows."""
    _make_datasites(folder, people, everybody_answers())


def make_datasites_longest_list(folder: Path, people: int) -> None:
    """Write everybody's releases for the longest list."""
    _make_datasites(folder, people, everybody_answers(catalogue()))


def _aggregate(folder: Path, people: int, survey: Survey, vocabulary: Vocabulary, *, is_again: bool = False) -> None:
    """Look, count and estimate. is_again: with the shards of an earlier process."""
    from tempfile import TemporaryDirectory

    from netflix_trend.syftbox.datasite import datasite_names
    from services.aggregator.collect import LookMemory, look
    from services.aggregator.estimation import estimate_round
    from services.runtime.executors import LocalProcesses, usable_processors

    with TemporaryDirectory(prefix="netflix-trend-shards-") as new:
        own, executor = folder / _OWN if is_again else Path(new), LocalProcesses(usable_processors())
        looked = look(folder, own, datasite_names(folder), [survey], memory=LookMemory(), executor=executor)
        found = looked.releases[0].count()
    assert found.reports.total() == people
    estimate_round(found, vocabulary)


def run_aggregator(folder: Path, people: int) -> None:
    """Read, check, count and estimate everybody's releases."""
    _aggregate(folder, people, everybody_answers(), starter_vocabulary())


def run_aggregator_longest_list(folder: Path, people: int) -> None:
    """The same for the longest list, whose reports are numbers of up to 128 bits."""
    _aggregate(folder, people, everybody_answers(catalogue()), catalogue())


# No name of a datasite, so nobody is looked for in it.
_OWN = ".own"


def make_shards_longest_list(folder: Path, people: int) -> None:
    """Write everybody's releases for the longest list, and look once, when the last of them is old enough."""
    make_datasites_longest_list(folder, people)
    settle()
    (folder / _OWN).mkdir()
    _aggregate(folder, people, everybody_answers(catalogue()), catalogue(), is_again=True)


def run_aggregator_again(folder: Path, people: int) -> None:
    """Look, count and estimate after a restart: nothing has changed since the last process looked."""
    _aggregate(folder, people, everybody_answers(catalogue()), catalogue(), is_again=True)


# The address of a page at its n-th visit; of the lists each visit sees another part, so that none was kept.
PAGES: dict[str, Callable[[int], str]] = {
    **{path: lambda _, path=path: path for path in ("/", "/viewing", "/viewing?range=all", "/others", "/events")},  # type: ignore[misc]
    **{path: lambda _, path=path: path for path in ("/sharing", "/health", "/profiles")},  # type: ignore[misc]
    "/titles, shows": lambda visit: f"/titles?page={visit + 1}",
    "/titles, films": lambda visit: f"/titles?tab=films&page={visit + 1}",
    "/titles, all views": lambda visit: f"/titles?tab=views&page={visit + 1}",
    "/titles, a search": lambda visit: f"/titles?q=show {visit}",
    "/viewing, a month": lambda visit: f"/viewing?from=2026-{visit + 1:02}-01&to=2026-{visit + 1:02}-28",
    "/show": lambda visit: f"/show/{_show_mark(visit)}",
}
VISITS = 11


def _show_mark(number: int) -> str:
    from services.dashboard.table_files import mark_of_show

    return mark_of_show(starter_vocabulary().shows[number].title)


def make_dashboard(folder: Path, rows: int) -> None:
    """Import a history and note three life events."""
    from netflix_trend.participant.life_events import add_event

    make_export(folder, rows)
    run_processor(folder, rows)
    for number in range(3):
        first = date(2026, 3, 1) + timedelta(days=60 * number)
        add_event(folder, "sick", first, first + timedelta(days=9))


def run_dashboard(folder: Path, _rows: int) -> None:
    """Every page once after an import, with empty caches, then ten times more; prints their times.

    Lists and shows are others at each visit.
    """
    from statistics import median
    from time import perf_counter

    from netflix_trend.settings import load_settings
    from services.dashboard.web import create_app
    from services.local.dashboard import OneProcess

    folders = {f"{name}_dir": folder / name for name in ("publisher", "datasites", "output")}
    settings = load_settings(private_dir=folder, **folders)
    client = create_app(settings, OneProcess(settings, date.today)).test_client()
    origin = f"http://127.0.0.1:{settings.dashboard_port}"
    times: dict[str, list[float]] = {page: [] for page in PAGES}
    for visit in range(VISITS):
        for page, taken in times.items():
            address = PAGES[page](visit)
            began = perf_counter()
            assert client.get(address, base_url=origin).status_code == 200, address
            taken.append(1000 * (perf_counter() - began))
    for page, (first, *again) in times.items():
        print(f"{page:<24} first {first:>6.0f} ms, then {median(again):>5.0f} ms", file=sys.stderr)


TASKS = {
    "dashboard": Task(
        f"dashboard, {VISITS * len(PAGES)} pages",
        "views",
        (1_000, 100_000),
        make_dashboard,
        run_dashboard,
        ("services.dashboard.web", "services.local.dashboard"),
    ),
    "floor": Task("csv to counts (floor)", "rows", (1_000, 10_000, 100_000), make_export, run_floor),
    "processor": Task(
        "CSV to tables and encodings",
        "rows",
        (1_000, 10_000, 100_000, 1_000_000),
        make_export,
        run_processor,
        ("netflix_trend.history.tables",),
        ("processor_real", "processor_archive"),
    ),
    "processor_real": Task(
        "the same, realistic titles",
        "rows",
        (1_000, 10_000, 100_000, 1_000_000),
        make_real_export,
        run_processor,
        ("netflix_trend.history.tables",),
        earlier=("processor",),
    ),
    "processor_archive": Task(
        "the same, ViewingActivity.csv",
        "rows",
        (1_000, 10_000, 100_000),
        make_real_archive,
        run_processor,
        ("netflix_trend.history.tables",),
    ),
    "weekly": Task(
        "one more export beside weekly ones",
        "exports",
        (10, 104),
        make_weekly,
        run_weekly,
        ("netflix_trend.history.tables",),
    ),
    "releases": Task(
        "draw and build a release",
        "releases",
        (1_000, 10_000),
        nothing,
        run_releases,
        ("netflix_trend.participant.releases",),
    ),
    "publisher": Task(
        "publish with ledger and fsync",
        "people",
        (100, 1_000),
        nothing,
        run_publisher,
        ("netflix_trend.participant.releases",),
    ),
    "aggregator": Task(
        "aggregate, 50 shows",
        "people",
        (1_000, 10_000, 100_000),
        make_datasites,
        run_aggregator,
        ("services.aggregator.estimation",),
        writes=False,
    ),
    "aggregator_longest": Task(
        "aggregate, 250 shows",
        "people",
        (1_000, 10_000, 100_000),
        make_datasites_longest_list,
        run_aggregator_longest_list,
        ("services.aggregator.estimation",),
        writes=False,
    ),
    "aggregator_again": Task(
        "aggregate, 250 shows, again",
        "people",
        (1_000, 10_000, 100_000),
        make_shards_longest_list,
        run_aggregator_again,
        ("services.aggregator.estimation",),
        writes=False,
    ),
    "idle": Task("aggregator with nothing to do", "people", (1_000, 8_000), nothing, READY["idle"][1]),
    "read": Task("start: read an export", "rows", (1,), make_row, COMMANDS["read"]),
    "event": Task("event add, with the start", "rows", (1,), make_row, COMMANDS["event"]),
    "demo": Task("demo in local mode", "people", (8_000,), nothing, COMMANDS["demo"]),
    "demo_two": Task("demo with two operators", "people", (300, 1_000), nothing, COMMANDS["demo_two"]),
}
