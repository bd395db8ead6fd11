"""Lists over weeks of an invented chart file: they hold what the chart of the time holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.chart_lists import first_five, lists, local_answers, main
from netflix_trend.periods.weeks import Week
from tests.netflix_trend.catalogue.chart_tables import charts_of, of_world

FIRST, LAST = Week.parse("2026-W40"), Week.parse("2026-W45")
# Three of a week's first five are new; two stay from the week before.
WEEKS: dict[Week, list[tuple[str, int | str]]] = {
    FIRST + number: [(f"New {number + step}", 30_000_000 - 1_000_000 * step) for step in (3, 4, 0, 1, 2)]
    + [(f"Other {number}", 1_000)]
    for number in range(6)
}
CHARTS = charts_of({week: sorted(shows, key=lambda one: -int(one[1])) for week, shows in WEEKS.items()})


def shares(when: str, people: int = 0, length: int = 20) -> list[float]:
    answers = local_answers(CHARTS, people, 1)
    weekly = CHARTS.of_country("")
    return [
        first_five(CHARTS, weekly[made.week], made)
        for made in lists(CHARTS, when, FIRST + 1, LAST, answers, length)  # type: ignore[arg-type]
    ]


def test_a_list_holds_the_first_five_of_its_own_weeks_chart() -> None:
    assert shares("in time") == [1.0] * 5


def test_last_weeks_chart_holds_what_stayed() -> None:
    assert shares("last week") == pytest.approx([0.8] * 5)


def test_without_charts_new_shows_are_not_on_the_list() -> None:
    assert shares("none") == [0.0] * 5
    assert shares("none", people=300) == [0.0] * 5


def test_answers_are_counted_and_the_same_seed_gives_the_same_lists() -> None:
    def candidates(seed: int) -> list[tuple[int, ...]]:
        answers = local_answers(CHARTS, 300, seed)
        return [made.candidates for made in lists(CHARTS, "last week", FIRST + 1, LAST, answers, 20)]

    assert candidates(1) == candidates(1)
    assert candidates(1) != candidates(2), "what follows the chart comes from answers"
    nobody = local_answers(CHARTS, 0, 1)
    assert [made.candidates for made in lists(CHARTS, "last week", FIRST + 1, LAST, nobody, 20)] != candidates(1)


def test_the_table_has_a_line_for_each_year(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "weeks.tsv").write_bytes(of_world(WEEKS))
    assert main([str(tmp_path / "weeks.tsv"), "--people", "0", "--first", str(FIRST + 1)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["2026", "5", "1.000", "0.800", "0.000"]
    assert lines[-1].split() == ["all", "5", "1.000", "0.800", "0.000"]
