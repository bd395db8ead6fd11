"""The verb `model`: what is in a published model, once it is checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from netflix_trend.formats import percent
from netflix_trend.participant.next_shows import read_model
from netflix_trend.plain_text import counted, printable
from netflix_trend.published.model import Model, ModelShow
from netflix_trend.published.statistics import MAX_FILE, StatisticsError
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile, read_untrusted
from netflix_trend.terminal import print_heading, print_table
from netflix_trend.text_table import Column, TextTable
from services.processor.verbs import answered, print_json

_T = TypeVar("_T")


def show_file(path: Path, number: int, *, is_json: bool) -> int:
    """Check a file and print what is in it. Returns the exit code."""

    def act(_settings: Settings, console: Console) -> int:
        found = _checked(lambda: Model.from_bytes(read_untrusted(path.absolute().parent, path.name, MAX_FILE)))
        return _show(found, number, console, is_json=is_json)

    return answered("model", act)


def show_shared(number: int, *, is_json: bool) -> int:
    """Check the aggregator's model and print what is in it. Returns the exit code."""

    def act(settings: Settings, console: Console) -> int:
        found = _checked(lambda: read_model(settings))
        if found is None:
            raise ValueError("no model has arrived from the aggregator yet. Next: ./run.sh status")
        return _show(found, number, console, is_json=is_json)

    return answered("model", act)


def _checked(read: Callable[[], _T]) -> _T:
    try:
        return read()
    except (StatisticsError, UnsafeFile) as refusal:
        raise ValueError(f"refused: {printable(str(refusal))}") from None


def _show(model: Model, number: int, console: Console, *, is_json: bool) -> int:
    if is_json:
        print_json(model.model_dump(mode="json"))
        return 0
    print_heading("A model of what participants watch", console)
    chart = f"{printable(model.chart.source)}, {model.chart.week}" if model.chart else "the order of the catalogue"
    console.print(f"Expected beforehand: {chart}. No answer is in that.", markup=False, soft_wrap=True)
    if model.rounds:
        spent = f"{model.rounds[0]} to {model.rounds[-1]}"
        answers = f"{counted(model.reports, 'answer')} in {counted(len(model.rounds), 'round')}, {spent}"
    else:
        answers = "none yet"
    console.print(f"Answers: {answers}.", markup=False, soft_wrap=True)
    if model.invented:
        console.print("The participants are invented.")
    shown = model.shows[:number]
    columns = [Column("Show"), *(Column(name, is_number=True) for name in ("In a week", "Give or take", "Rounds"))]
    print_table(TextTable([*columns, Column("Rests on")], [_row(show) for show in shown]), console)
    if len(shown) < len(model.shows):
        console.print(f"{len(model.shows) - len(shown):,} more shows are in the file.", style="dim", markup=False)
    return 0


def _row(show: ModelShow) -> tuple[str, ...]:
    basis = f"answers by {1 - show.prior_part:.0%}" if show.has_answers else "the order alone"
    return printable(show.title), percent(show.share, 1), percent(show.standard_error, 1), str(show.rounds), basis
