"""`./run.sh demo`: your export, many invented people, and what is learned from all of them together."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from netflix_trend.causes import why
from netflix_trend.delivery.archive import ArchiveError
from netflix_trend.delivery.file_kinds import why_not_opened
from netflix_trend.history.household import Choose, ProfileQuestion
from netflix_trend.history.tables import History
from netflix_trend.interrupts import was_interrupted
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.periods.weeks import Week
from netflix_trend.plain_text import counted, printable
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.wording import (
    FORGED_LEGEND,
    LEGEND,
    effect_in_words,
    group_certainty,
    group_labels,
    heard,
    listed_shows,
    place_of,
    reading,
    show_interval,
    shown,
    viewing_in_words,
    volume_in_words,
)
from netflix_trend.published.world_words import world_in_words
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.statistics import Volume
from netflix_trend.terminal import print_heading, print_table, screen
from netflix_trend.text_table import Column, TextTable
from services.demo.compared import Truth, print_comparison, told
from services.demo.network import ME, DemoError, Network
from services.demo.sealed import FEWEST, SealedNetwork, preset_for
from services.processor.importing import print_report

Mode = Literal["local", "one", "two"]
# Invented people of each mode unless somebody asks for others.
PEOPLE: Mapping[Mode, int] = {"local": 8000, "one": 300, "two": 300}


def run(
    exports: list[Path],
    *,
    mode: Mode,
    people: int | None,
    weeks: int,
    seed: int,
    output: Path,
    only: Sequence[str] = (),
    choose: Choose | None = None,
) -> int:
    """Run the demo. Returns 0, or 1 with a message when it cannot.

    mode: who adds the noise: every machine, or one or two operators. people, weeks, seed: of the invented people; None
    for as many as the mode needs to show something. output: folder for the results. only: Netflix profiles of a
    ViewingActivity.csv that count. choose: asks the person which do, where several could.
    """
    console = screen()
    try:
        with as_file(files("services.demo") / "sample_viewing_history.csv") as sample:
            if not exports:
                console.print(
                    "No export given: using an invented one. Try yours: ./run.sh demo NetflixViewingHistory.csv"
                )
            people = PEOPLE[mode] if people is None else people
            is_mine = bool(exports)
            _run(exports or [sample], mode, people, weeks, seed, output, console, only, choose, is_mine=is_mine)
    except (ArchiveError, DemoError) as error:
        console.print(f"demo: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except OSError as error:
        console.print(f"demo: {why(error)}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print(f"\ndemo: stopped. {output} is not complete; ./run.sh demo begins anew.", markup=False)
        return 130
    return 0


def _run(
    exports: list[Path],
    mode: Mode,
    people: int,
    weeks: int,
    seed: int,
    output: Path,
    console: Console,
    only: Sequence[str],
    choose: Choose | None,
    *,
    is_mine: bool,
) -> None:
    for path in exports:
        if not path.is_file():
            raise DemoError(why_not_opened(path, FileNotFoundError()))
    network = _network(mode, people, output)
    network.check()
    output.absolute().parent.mkdir(parents=True, exist_ok=True)
    # An earlier demo is removed only once the files of this one were read.
    with TemporaryDirectory(prefix=".netflix-trend-demo-", dir=output.absolute().parent) as folder:
        staged = Network(Path(folder))
        newest = _read(staged, exports, console, only, choose)
        network.prepare()
        shutil.move(staged.private, network.private)
    last = Week.of(newest)
    console.print(f"Your newest view is of {newest}; the demo pretends that today is the day after {last} ended.\n")
    steps = people * (2 * weeks + 3)
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("people join", total=steps)
        pending = 0

        def progress(description: str) -> None:
            nonlocal pending
            if was_interrupted():  # the import of a library in Cython may have dropped it
                raise KeyboardInterrupt
            pending += 1
            if pending == 500:
                bar.update(task, advance=pending, description=description)
                pending = 0

        rounds = network.run(people, weeks, seed, last, progress)
        if isinstance(network, SealedNetwork):
            network.remove_people(people)  # their reports are summed
            bar.update(task, completed=0, description="the same in local mode")
            # Few people are compared as well: every answer that local mode hears is shown.
            beside = Network(
                output / "local", exponent=network.exponent, smallest_change=1, smallest_answers=1, has_pages=False
            )
            beside.prepare()
            locally = beside.run(people, weeks, seed, last, progress)
        bar.update(task, completed=steps, description="done")
    _print_results(rounds, network, last, console)
    if isinstance(network, SealedNetwork):
        truth = Truth.of(network.population(people, seed), weeks, len(network.aggregator().vocabulary))
        both = [told(one[-1], of.aggregator().trends(), truth) for one, of in ((rounds, network), (locally, beside))]
        print_comparison(both[0], both[1], network.preset, 2 if network.helped else 1, weeks, console)
        shutil.rmtree(beside.root)
    about = network.finish(people, is_mine=is_mine)
    _print_pages(network, console)
    console.print(f"\n{about.sentence}", markup=False, soft_wrap=True)
    _print_left(output, console)


def _read(
    network: Network, exports: Sequence[Path], console: Console, only: Sequence[str], choose: Choose | None
) -> date:
    """Read a person's files and print what became of them. Returns the day of the newest view.

    Raises DemoError if nothing of them can be used.
    """
    history = network.import_exports(exports, only=only)
    asked = [
        (file.raw.name, file.refusal.question)
        for file in history.files
        if file.refusal and isinstance(file.refusal.question, ProfileQuestion)
    ]
    if asked:
        history = network.import_exports(exports, only=_chosen(*asked[0], choose))
    _print_files(history, console)
    encodings = history.encodings
    if encodings is None or not len(encodings.full):
        raise DemoError("no export could be used; see the reasons above")
    newest: date = encodings.full["day"][-1].astype(date)
    return newest


def _print_left(output: Path, console: Console) -> None:
    """Print what the demo leaves on the disk."""
    sizes = [path.lstat().st_size for path in output.rglob("*") if path.is_file() or path.is_symlink()]
    console.print(
        f"It leaves {len(sizes):,} files in {output}, {sum(sizes) / 1e6:.0f} MB. The next demo replaces them; or "
        "delete the folder.",
        markup=False,
        soft_wrap=True,
    )


def _chosen(name: str, question: ProfileQuestion, choose: Choose | None) -> Sequence[str]:
    """Let the person say which Netflix profile of a file counts. Raises DemoError where nobody can be asked."""
    if choose is None:
        raise DemoError(
            f"{name}: which of its Netflix profiles is you? They are {question}. Name one: ./run.sh demo "
            "--only NAME FILE"
        )
    return choose(question.rows)


def _network(mode: Mode, people: int, output: Path) -> Network:
    if mode == "local":
        return Network(output)
    if people < FEWEST:
        raise DemoError(f"operators sum the reports of {FEWEST} people or more; ask for more with --people")
    return SealedNetwork(output, helped=mode == "two", preset=preset_for(people))


def _print_files(history: History, console: Console) -> None:
    console.print("What was read", style="bold")
    for file in history.files:
        if file.report is not None:
            print_report(file.raw.name, file.report, console)
        else:
            console.print(f"{file.raw.name}: refused. {file.refusal}\n", markup=False, soft_wrap=True)


def _print_results(rounds: list[RoundStatistics], network: Network, last: Week, console: Console) -> None:
    latest = rounds[-1]
    console.print(
        f"\n{latest.round}: {counted(latest.participants, 'participant')}, {counted(latest.reports, 'answer')}, "
        f"{counted(sum(latest.refused.values()), 'file')} refused."
    )
    if not latest.reports:
        needed = counted(max(network.smallest_change, network.smallest_answers), "answer")
        console.print(f"Results need {needed} to a question: ask for more with --people.")
    print_top_shows(latest, console)
    print_volume(latest, console)
    profiles = load_profiles(network.private)
    assert profiles is not None
    if latest.volume is not None and latest.volume.reports:
        print_place(latest.volume, profiles.contribution(last)["volume"], latest.round, console)
    _print_what_left(network, len(rounds), console)
    trends = network.aggregator().trends()
    if trends.viewing is not None:
        console.print(f"\nOver the weeks: {viewing_in_words(trends.viewing)}", markup=False, soft_wrap=True)
    for quarter in trends.effects[:1]:
        said = f"Life events of {quarter.effect.quarter}: {effect_in_words(quarter)}"
        console.print(said, markup=False, soft_wrap=True)
    print_legend(console)


def _print_what_left(network: Network, weeks: int, console: Console) -> None:
    folder = network.datasites / ME / "app_data" / "netflix_trend"
    files = sorted([*folder.glob("releases/*.json"), *folder.glob("rounds/*/report.bin")])
    sizes = " and ".join(f"{size:,}" for size in sorted({path.stat().st_size for path in files}))
    how = "sealed, a half for each operator" if list(folder.glob("rounds")) else "an answer with noise"
    console.print(f"\nWhat left your machine in {counted(weeks, 'week')}, {sizes} bytes each ({how}):")
    for path in files:
        console.print(f"  {path}", markup=False, soft_wrap=True)


def _print_pages(network: Network, console: Console) -> None:
    page = network.datasites / EXAMPLE_AGGREGATOR / "public" / "netflix_trend" / "index.html"
    console.print("\nWhat to open in a browser:")
    console.print(f"  everybody's page  {page.resolve()}", markup=False, soft_wrap=True)
    console.print(f"  your dashboard    ./run.sh dashboard --demo {network.root}", markup=False, soft_wrap=True)


def print_place(volume: Volume, titles: int, week: str, console: Console) -> None:
    """Print how the person's own week compares."""
    said = place_of(volume, titles)
    console.print(
        f"\nYou started {counted(titles, 'title')} in {week}. {said.text} Nothing was sent for this.",
        markup=False,
        soft_wrap=True,
    )


def print_legend(console: Console) -> None:
    """Print what the words for certainty mean."""
    console.print()
    for certainty, meaning in LEGEND.items():
        console.print(f"{certainty + ':':9}{meaning}", markup=False, soft_wrap=True)
    console.print(FORGED_LEGEND, markup=False, soft_wrap=True)


def print_top_shows(latest: RoundStatistics, console: Console) -> None:
    """Print the table of shows and which of them are clear."""
    top_shows = latest.top_shows
    if top_shows is None or not top_shows.reports:
        console.print("\nTop shows: nothing is published.")
        return
    print_heading(f"Top shows, in people behind {heard(top_shows)}", console)
    shows = listed_shows(top_shows)
    numbers = (Column(name, is_number=True) for name in ("People", "95 % interval"))
    print_table(
        TextTable(
            [Column("Show"), *numbers, Column("Reading")],
            [(printable(show.title), f"{shown(show):.0f}", show_interval(show), reading(show)) for show in shows],
            dim=frozenset(number for number, show in enumerate(shows) if not show.is_signal),
        ),
        console,
    )
    console.print(" ".join(TopShowsQuestion.describe(top_shows)), markup=False, soft_wrap=True)
    if top_shows.world is not None:
        against = f"Here against the world: {world_in_words(top_shows.world)}"
        console.print(against, markup=False, soft_wrap=True)


def print_volume(latest: RoundStatistics, console: Console) -> None:
    """Print the distribution of viewing and what to know about it."""
    volume = latest.volume
    if volume is None or not volume.reports:
        console.print("\nViewing volume: nothing is published.")
        return
    print_heading(f"Titles started in the week, from {heard(volume)}", console)
    print_table(
        TextTable(
            [*(Column(name, is_number=True) for name in ("Titles", "Share", "95 % interval")), Column("Reading")],
            [
                (
                    label,
                    f"{100 * group.share:.1f} %",
                    f"{100 * group.lower:.1f} to {100 * group.upper:.1f} %",
                    str(group_certainty(volume, group)),
                )
                for label, group in zip(group_labels(volume), volume.groups, strict=True)
            ],
            [group.share for group in volume.groups],
            frozenset(number for number, group in enumerate(volume.groups) if volume.is_noise(group)),
        ),
        console,
    )
    if volume_in_words(volume):
        console.print(volume_in_words(volume), markup=False, soft_wrap=True)
