"""Lists over weeks of an invented chart file: they hold what the chart of the time holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.chart_lists import lists, main
from bench.populations import Listing, Replayed
from netflix_trend.periods.weeks import Week
from tests.netflix_trend.catalogue.chart_tables import of_world

FIRST = Week.parse("2026-W40")
# Three of a week's first five are new; two stay from the week before.
WEEKS: dict[Week, list[tuple[str, int | str]]] = {
    FIRST + number: [(f"New {number + step}", 30_000_000 - 1_000_000 * step) for step in (3, 4, 0, 1, 2)]
    + [(f"Other {number}", 1_000)]
    for number in range(6)
}


@pytest.fixture(name="population")
def population_of(tmp_path: Path) -> Replayed:
    path = tmp_path / "weeks.tsv"
    path.write_bytes(of_world({week: sorted(shows, key=lambda one: -int(one[1])) for week, shows in WEEKS.items()}))
    return Replayed("weeks", path, differs=False)


def shares(population: Replayed, listing: Listing, people: int = 0) -> list[float]:
    return [share for _, _, share in lists(population, listing, people, length=20)]


def test_a_list_holds_the_first_five_of_its_own_weeks_chart(population: Replayed) -> None:
    assert shares(population, "in time") == [1.0] * 5


def test_last_weeks_chart_holds_what_stayed(population: Replayed) -> None:
    assert shares(population, "last week's") == pytest.approx([0.8] * 5)


def test_without_charts_new_shows_are_not_on_the_list(population: Replayed) -> None:
    assert shares(population, "none") == [0.0] * 5
    assert shares(population, "none", people=1800) == [0.0] * 5


def test_answers_decide_what_follows_the_chart(population: Replayed) -> None:
    def listed(people: int) -> list[list[int]]:
        return [one for _, one, _ in lists(population, "last week's", people, length=20)]

    assert listed(1800) == listed(1800)
    assert listed(1800) != listed(0)
    charted = [one[:6] for one in listed(1800)]
    assert charted == [one[:6] for one in listed(0)]


def test_the_table_has_a_line_for_each_year(population: Replayed, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(population.path), "--people", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["2026", "5", "1.000", "0.800", "0.000"]
    assert lines[-1].split() == ["all", "5", "1.000", "0.800", "0.000"]
