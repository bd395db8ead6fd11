"""The markdown tables of `python -m bench reality`, as docs/evaluation.md shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from statistics import stdev

import numpy as np

from bench.claims import FIRST_OF_QUARTER, local_survey, part_asked
from bench.cohorts import LISTS, PARTS, Look
from bench.populations import LISTINGS
from bench.reality import Cell, Reality
from bench.rounds import MODES, Mode

_NAMES = {"local": "local mode", "two": "two operators"}
# An interval as displayed must hold so often, and so many shows of a round may be called clear that nobody named.
HELD, FALSE = 0.93, 0.05
# A target is missed by a figure that lies more than so many standard errors, over cohorts, beyond it.
_ERRORS = 3


def mean(cell: Cell, of: Callable[[Look], float]) -> float:
    """Return the mean of a figure over all looks that have it, NaN where none has."""
    values = [of(look) for looks in cell.looks for look in looks]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def error(cell: Cell, of: Callable[[Look], float]) -> float:
    """Return the standard error of a mean over cohorts, which differ from each other by chance; 0 for one alone."""
    means = [np.mean(known) for looks in cell.looks if (known := [v for v in map(of, looks) if not np.isnan(v)])]
    return float(stdev(map(float, means)) / sqrt(len(means))) if len(means) > 1 else 0.0


def held(mode: Mode, name: str, part: str) -> Callable[[Look], float]:
    """Return a figure: which part of the displayed intervals of a list hold, NaN where none is displayed."""

    def of(look: Look) -> float:
        several = look.seen[mode].held[name, part]
        return sum(several) / len(several) if several else float("nan")

    return of


def false_clear(mode: Mode) -> Callable[[Look], float]:
    """Return a figure: how many shows are called clear in a round that nobody who answered had named."""
    return lambda look: look.seen[mode].false


def worst_held(cell: Cell, mode: Mode, part: str) -> tuple[float, float, str]:
    """Return the coverage of the list whose intervals hold least often, its standard error, and which list it is."""
    found = [(mean(cell, held(mode, name, part)), error(cell, held(mode, name, part)), name) for name in LISTS]
    known = [one for one in found if not np.isnan(one[0])]
    return min(known) if known else (float("nan"), float("nan"), "")


def tables(found: Reality) -> Iterator[str]:
    """Yield each table with its title."""
    yield _recall(found)
    if any(cell.listing != "in time" for cell in found.cells):
        yield _listings(found)
    yield _coverage(found)
    yield _errors(found)
    yield _events(found)
    yield _needed(found)
    yield _targets(found)


def _recall(found: Reality) -> str:
    columns = ["population", "participants", "answers", "chart alone", "no privacy"]
    ways = ("week", "four weeks", "filtered", "with chart")
    columns += [f"{_NAMES[mode]}: {way}" if way == "week" else way for mode in MODES for way in ways]
    rows = []
    for cell in _in_time(found):
        answers = round(mean(cell, lambda look: look.seen["local"].answers))
        alone = [mean(cell, lambda look: look.chart), mean(cell, lambda look: look.exact)]
        seen = [mean(cell, lambda look, m=mode, w=way: look.seen[m].recall[w]) for mode in MODES for way in ways]  # type: ignore[misc]
        rows.append([cell.population, f"{cell.people:,}", f"{answers:,}", *map(_share, [*alone, *seen])])
    return _table("Recall of the true first five of a week", columns, rows)


def _listings(found: Reality) -> str:
    columns = ["population", "participants", "chart", "chart alone", "holds the true five"]
    columns += [f"{_NAMES[mode]}: {way}" for mode in MODES for way in ("week", "filtered")]
    rows = []
    several = {(cell.population, cell.people) for cell in found.cells if cell.listing != "in time"}
    for population, people in (key for key in _keys(found) if key in several):
        for listing in LISTINGS:
            cell = found.cell(population, people, listing)
            figures = [mean(cell, lambda look: look.chart), mean(cell, lambda look: look.seen["two"].contained)]
            figures += [
                mean(cell, lambda look, m=mode, w=way: look.seen[m].recall[w])  # type: ignore[misc]
                for mode in MODES
                for way in ("week", "filtered")
            ]
            rows.append([population, f"{people:,}", listing, *map(_share, figures)])
    return _table("Lists made from the week's own chart, last week's, or none", columns, rows)


def _coverage(found: Reality) -> str:
    columns = ["population", "participants", *(f"{_NAMES[mode]}: {part}" for mode in MODES for part in PARTS)]
    columns += [f"{_NAMES[mode]}: false clear shows a round" for mode in MODES]
    rows = [
        [
            cell.population,
            f"{cell.people:,}",
            *(_share(worst_held(cell, mode, part)[0]) for mode in MODES for part in PARTS),
            *(_share(mean(cell, false_clear(mode))) for mode in MODES),
        ]
        for cell in _in_time(found)
    ]
    title = "Displayed 95 % intervals that hold, in the worst of three lists (week, four weeks, filtered)"
    return _table(title, columns, rows)


def _errors(found: Reality) -> str:
    columns = ["population", "participants", *(f"{_NAMES[mode]}: clear in four weeks" for mode in MODES)]
    columns += [f"{_NAMES[mode]}: {what}" for what in ("volume, points", "liars") for mode in MODES]
    rows = []
    for cell in _in_time(found):
        figures = [f"{mean(cell, lambda look, m=mode: look.seen[m].clear):.1f}" for mode in MODES]  # type: ignore[misc]
        figures += [f"{mean(cell, lambda look, m=mode: look.seen[m].volume):.1f}" for mode in MODES]  # type: ignore[misc]
        figures += [f"{found.liars[cell.population, cell.people][mode]:,.0f}" for mode in MODES]
        rows.append([cell.population, f"{cell.people:,}", *figures])
    return _table("Clear shows, errors, and how many liars put an unwatched show first", columns, rows)


def _events(found: Reality) -> str:
    asked = part_asked(local_survey(FIRST_OF_QUARTER), "event_effect")
    rows = [
        [f"{people:,}", f"{round(people * asked):,}", *(f"{found.events[people][mode]:.2f}" for mode in MODES)]
        for people in found.sizes
    ]
    title = "Life events: root mean square error of everybody's mean change after a quarter, views a week"
    return _table(title, ["participants", "answers in local mode", *_NAMES.values()], rows)


def _needed(found: Reality) -> str:
    columns = ["mode", "a show named by", "told participants", "answers", "clear with so many"]
    columns += ["with a quarter fewer", "with a quarter more", "true within a quarter"]
    rows = [
        [
            *(_NAMES[one.mode], f"{one.share:.0%}", f"{one.participants:,}", f"{one.answers:,}"),
            *map(_share, (one.chance, one.fewer, one.more)),
            _met(one.is_true),
        ]
        for one in found.told
    ]
    return _table("How many participants a show needs to be clear in nine rounds of ten", columns, rows)


def _targets(found: Reality) -> str:
    rows = []
    for mode in MODES:
        for part in PARTS:
            cells = [(*worst_held(cell, mode, part), cell) for cell in _in_time(found)]
            known = [one for one in cells if not np.isnan(one[0])]
            if not known:
                continue
            least, _, name, cell = min(known, key=lambda one: one[0])
            is_met = not any(value + _ERRORS * margin < HELD for value, margin, _, _ in known)
            where = f"{name}, {cell.population}, {cell.people:,}"
            rows.append([f"{_NAMES[mode]}: intervals, {part}", f"{least:.2f} ({where})", f">= {HELD}", _met(is_met)])
        false = [(mean(cell, of), error(cell, of), cell) for of in [false_clear(mode)] for cell in _in_time(found)]
        most, _, cell = max(false, key=lambda one: one[0])
        where = f"{cell.population}, {cell.people:,}"
        is_met = not any(value - _ERRORS * margin > FALSE for value, margin, _ in false)
        figure = f"{_NAMES[mode]}: false clear shows a round"
        rows.append([figure, f"{most:.2f} ({where})", f"<= {FALSE}", _met(is_met)])
        for cell in (one for one in _in_time(found) if one.population.endswith("unlike")):
            rows.append(_above_chart(cell, mode))
    wrong = sum(not one.is_true for one in found.told)
    rows.append(["needed numbers", f"{wrong} of {len(found.told)} wrong", "true within a quarter", _met(not wrong)])
    return _table("Targets", ["figure", "measured", "target", "met"], rows)


def _above_chart(cell: Cell, mode: Mode) -> list[str]:
    def above(look: Look) -> float:
        return look.seen[mode].recall["with chart"] - look.chart

    gain, margin = mean(cell, above), error(cell, above)
    figure = f"{_NAMES[mode]}, {cell.people:,} participants unlike the chart: list with it, above the chart by"
    return [figure, f"{gain:+.2f} (± {margin:.2f})", "> 0", _met(gain > 0)]


def _in_time(found: Reality) -> list[Cell]:
    return [found.cell(population, people) for population, people in _keys(found)]


def _keys(found: Reality) -> list[tuple[str, int]]:
    return [(population, people) for population in found.populations for people in found.sizes]


def _share(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"


def _met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines)])
