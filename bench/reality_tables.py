"""The markdown tables of `python -m bench reality`, as docs/evaluation.md shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.claims import FIRST_OF_QUARTER, local_survey, part_asked
from bench.cohorts import Look
from bench.populations import LISTINGS
from bench.reality import Cell, Reality
from bench.rounds import MODES, Mode
from bench.tables import MODE_NAMES, error_of, in_hundredths, mean_of, table, yes_or_no


def mean(cell: Cell, of: Callable[[Look], float]) -> float:
    """Return the mean of a figure over all looks that have it, NaN where none has."""
    return mean_of([[of(look) for look in looks] for looks in cell.looks])


def tables(found: Reality) -> Iterator[str]:
    """Yield each table with its title."""
    yield _recall(found)
    if any(cell.listing != "in time" for cell in found.cells):
        yield _listings(found)
    yield _errors(found)
    yield _events(found)
    yield _needed(found)
    yield _targets(found)


def _recall(found: Reality) -> str:
    columns = ["population", "participants", "answers", "chart alone", "no privacy"]
    ways = ("week", "four weeks", "filtered", "with chart")
    columns += [f"{MODE_NAMES[mode]}: {way}" if way == "week" else way for mode in MODES for way in ways]
    rows = []
    for cell in _in_time(found):
        answers = round(mean(cell, lambda look: look.seen["local"].answers))
        alone = [mean(cell, lambda look: look.chart), mean(cell, lambda look: look.exact)]
        seen = [mean(cell, lambda look, m=mode, w=way: look.seen[m].recall[w]) for mode in MODES for way in ways]  # type: ignore[misc]
        rows.append([cell.population, f"{cell.people:,}", f"{answers:,}", *map(in_hundredths, [*alone, *seen])])
    return table("Recall of the true first five of a week", columns, rows)


def _listings(found: Reality) -> str:
    columns = ["population", "participants", "chart", "chart alone", "holds the true five"]
    columns += [f"{MODE_NAMES[mode]}: {way}" for mode in MODES for way in ("week", "filtered")]
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
            rows.append([population, f"{people:,}", listing, *map(in_hundredths, figures)])
    return table("Lists made from the week's own chart, last week's, or none", columns, rows)


def _errors(found: Reality) -> str:
    columns = ["population", "participants", *(f"{MODE_NAMES[mode]}: clear in four weeks" for mode in MODES)]
    columns += [f"{MODE_NAMES[mode]}: {what}" for what in ("volume, points", "liars") for mode in MODES]
    rows = []
    for cell in _in_time(found):
        figures = [f"{mean(cell, lambda look, m=mode: look.seen[m].clear):.1f}" for mode in MODES]  # type: ignore[misc]
        figures += [f"{mean(cell, lambda look, m=mode: look.seen[m].volume):.1f}" for mode in MODES]  # type: ignore[misc]
        figures += [f"{found.liars[cell.population, cell.people][mode]:,.0f}" for mode in MODES]
        rows.append([cell.population, f"{cell.people:,}", *figures])
    return table("Clear shows, errors, and how many liars put an unwatched show first", columns, rows)


def _events(found: Reality) -> str:
    asked = part_asked(local_survey(FIRST_OF_QUARTER), "event_effect")
    rows = [
        [f"{people:,}", f"{round(people * asked):,}", *(f"{found.events[people][mode]:.2f}" for mode in MODES)]
        for people in found.sizes
    ]
    title = "Life events: root mean square error of everybody's mean change after a quarter, views a week"
    return table(title, ["participants", "answers in local mode", *MODE_NAMES.values()], rows)


def _needed(found: Reality) -> str:
    columns = ["mode", "a show named by", "told participants", "answers", "clear with so many"]
    columns += ["with a quarter fewer", "with a quarter more", "true within a quarter"]
    rows = [
        [
            *(MODE_NAMES[one.mode], f"{one.share:.0%}", f"{one.participants:,}", f"{one.answers:,}"),
            *map(in_hundredths, (one.chance, one.fewer, one.more)),
            yes_or_no(one.is_true),
        ]
        for one in found.told
    ]
    return table("How many participants a show needs to be clear in nine rounds of ten", columns, rows)


def _targets(found: Reality) -> str:
    rows = []
    for mode in MODES:
        for cell in (one for one in _in_time(found) if one.population.endswith("unlike")):
            rows.append(_above_chart(cell, mode))
    wrong = sum(not one.is_true for one in found.told)
    rows.append(
        ["needed numbers", f"{wrong} of {len(found.told)} wrong", "true within a quarter", yes_or_no(not wrong)]
    )
    return table("Targets", ["figure", "measured", "target", "met"], rows)


def _above_chart(cell: Cell, mode: Mode) -> list[str]:
    def above(look: Look) -> float:
        return look.seen[mode].recall["with chart"] - look.chart

    gain, margin = mean(cell, above), error_of([[above(look) for look in looks] for looks in cell.looks])
    figure = f"{MODE_NAMES[mode]}, {cell.people:,} participants unlike the chart: list with it, above the chart by"
    return [figure, f"{gain:+.2f} (± {margin:.2f})", "> 0", yes_or_no(gain > 0)]


def _in_time(found: Reality) -> list[Cell]:
    return [found.cell(population, people) for population, people in _keys(found)]


def _keys(found: Reality) -> list[tuple[str, int]]:
    return [(population, people) for population in found.populations for people in found.sizes]
