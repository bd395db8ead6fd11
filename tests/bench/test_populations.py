"""Populations are as they are said to be: popularity is what people watch, and a replay is what its chart file says."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bench.populations import (
    LISTINGS,
    SWAPPED,
    Replayable,
    Replayed,
    candidates,
    invented,
    public_order,
    read_views,
    replayed,
)
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.examples import MEMBERSHIPS

FIRST = Week.parse("2023-W27")
HEADER = "week\tcategory\tweekly_rank\tshow_title\tseason_title\tweekly_hours_viewed\truntime\tweekly_views\n"
WEEKS = 14


def write_chart(path: Path, weeks: int = WEEKS) -> Path:
    """Write invented lists: each week begins with a new show and has two seasons of a known one, newest week first."""
    known = [show.title for show in starter_vocabulary().shows[:17]]
    lines = [f"{(FIRST - 52).sunday}\tTV (English)\t1\tToo Old\tN/A\t9\t1\t\n"]
    for number in reversed(range(weeks)):
        week = f"{(FIRST + number).sunday}"
        rows = [("New", 30), ("Second", 24), *((title, 15 - place / 2) for place, title in enumerate(known))]
        for rank, (title, views) in enumerate(rows, 1):
            name = f"{title} {number}" if title in {"New", "Second"} else title
            category = "TV (English)" if rank % 2 else "TV (Non-English)"
            lines.append(f"{week}\t{category}\t{rank}\t{name}\t{name}: Season 1\t9\t1\t{int(views * 1e6)}\n")
        lines.append(f"{week}\tTV (English)\t20\t{known[0]}\t{known[0]}: Season 2\t9\t1\t5000000\n")
        lines.append(f"{week}\tFilms (English)\t1\tA Film\tN/A\t9\t1\t99000000\n")
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


@pytest.fixture(name="chart")
def chart_file(tmp_path: Path) -> Path:
    return write_chart(tmp_path / "chart.tsv")


def test_series_are_read_with_seasons_together(chart: Path) -> None:
    weekly = read_views(chart).of_country("")
    assert list(weekly) == [FIRST + number for number in range(WEEKS)]
    first = starter_vocabulary().shows[0].title
    views = [(show.title, show.views) for show in weekly[FIRST].shows]
    assert views[:3] == [("New 0", 30_000_000), ("Second 0", 24_000_000), (first, 20_000_000)]
    assert "A Film" not in dict(views)


@pytest.mark.parametrize("number", range(4))
def test_weeks_are_repeatable_and_cohorts_differ(chart: Path, number: int) -> None:
    population = [*invented(), *replayed(chart)][number]
    one, again, other = ([week.shows for week in population.play(50, cohort, 2)] for cohort in (3, 3, 4))
    assert one == again
    assert one != other


@pytest.mark.parametrize("number", range(4))
def test_popularity_is_what_people_watch(chart: Path, number: int) -> None:
    population = [*invented(), *replayed(chart)][number]
    week = next(population.play(20_000, 1, 3))
    reach = week.reach(len(population.vocabulary)) / len(week.shows)
    first = np.argsort(-week.popularity, kind="stable")[:5]
    ratios = reach[first] / week.popularity[first]
    assert ratios.max() / ratios.min() < 1.25  # the more popular, the less often it is somebody's second pick


def test_a_replayed_show_reaches_its_share_of_memberships(chart: Path) -> None:
    world, _ = replayed(chart)
    week = next(world.play(40_000, 0, 3))
    show = world.vocabulary.show("New 1")  # the first week is left for last week's chart
    assert show is not None
    assert week.popularity[show] == 30e6 / MEMBERSHIPS
    reach = week.reach(len(world.vocabulary))[show] / 40_000
    assert abs(reach - 0.1) < 4 * (0.1 * 0.9 / 40_000) ** 0.5
    assert not any(shows for shows, titles in zip(week.shows, week.titles, strict=True) if not titles)


def reached_by_first_and_fifth(population: Replayable) -> tuple[float, float]:
    """Return which shares of people watch the most watched show and the fifth, medians of some cohorts."""
    found = []
    for cohort in range(12):
        reach = next(population.play(2000, cohort, 1)).reach(len(population.vocabulary)) / 2000
        found.append(np.sort(reach)[[-1, -5]])
    first, fifth = np.median(found, axis=0)
    return float(first), float(fifth)


def test_invented_popularity_is_steep_or_flat() -> None:
    steep, flat = map(reached_by_first_and_fifth, invented())
    assert 0.15 < steep[0] < 0.40
    assert 0.03 < flat[0] < 0.10
    assert steep[0] / steep[1] > 1.3 * flat[0] / flat[1]


def test_a_cohort_unlike_the_chart_swaps_a_third_of_its_shows(chart: Path) -> None:
    world, unlike = replayed(chart)
    assert isinstance(unlike, Replayed)
    swapped, ratios = [], []
    for cohort in range(40):
        same = next(world.play(10, cohort, WEEKS - 1)).popularity
        week, following = islice(unlike.play(10, cohort, WEEKS - 1), 2)
        gone = (same > 0) & (week.popularity == 0)
        swapped.append(gone.sum() / (same > 0).sum())
        # What this cohort does not watch in one week it does not watch in the next.
        assert not following.popularity[gone].any()
        both = (same > 0) & (week.popularity > 0)
        ratios += np.log(week.popularity[both] / same[both]).tolist()
    assert abs(np.mean(swapped) - SWAPPED) < 0.06
    assert 0.7 < np.std(ratios) < 0.95


def test_a_list_knows_only_the_charts_that_are_there(chart: Path) -> None:
    world, _ = replayed(chart)
    week = FIRST + 5
    number = {show.title: place for place, show in enumerate(world.vocabulary.shows)}
    in_time, last = (public_order(world, week, listing) for listing in ("in time", "last week's"))  # type: ignore[arg-type]
    assert (in_time[0], last[0]) == (number["New 5"], number["New 4"])
    known = [len(world.known(world.chart(week, listing))) for listing in LISTINGS]
    assert number["New 5"] < known[0]
    assert known[1] <= number["New 5"]
    assert known[2] == len(starter_vocabulary())
    assert public_order(world, week, "none") == list(range(len(starter_vocabulary())))


def test_a_list_begins_with_its_chart_and_states_the_views(chart: Path) -> None:
    world, _ = replayed(chart)
    listed, asked = candidates(world, FIRST + 5, "last week's", [])
    assert asked is not None
    assert (asked.week, asked.length) == (str(FIRST + 4), 19)
    assert asked.views is not None
    assert asked.views[:3] == (30_000_000, 24_000_000, 20_000_000)
    assert listed[:19] == public_order(world, FIRST + 5, "last week's")
    assert candidates(invented()[0], FIRST, "in time", []) == (list(range(50)), None)


@pytest.mark.parametrize(("weeks", "stretches"), [(6, 2), (2, 6), (1, 13)])
def test_every_stretch_is_played_once_before_any_again(chart: Path, weeks: int, stretches: int) -> None:
    world, _ = replayed(chart)
    begun = [world.first_week(cohort, weeks) for cohort in range(stretches + 1)]
    assert sorted(begun[:-1]) == [FIRST + (1 + weeks * number) for number in range(stretches)]
    assert begun[-1] == begun[0]
