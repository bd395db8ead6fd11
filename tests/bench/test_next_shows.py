"""How good recommendations are: the groups that are tried are what they are said to be, and so are the figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bench import next_shows
from bench.next_groups import LATER, WEEKS, Group, Replay, Still
from bench.next_shows import gain, main, measure, recall, rounds_of
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.published.statistics import answers_to
from tests.bench.test_populations import FIRST, write_chart

Make = Callable[[int, int], Group]


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return write_chart(tmp_path / "chart.tsv", WEEKS + LATER + 1)


@pytest.fixture(params=["still", "replay"])
def make(request: pytest.FixtureRequest, chart: Path) -> Make:
    return Still if request.param == "still" else partial(Replay, chart)


def test_the_same_seed_makes_the_same_people(make: Make) -> None:
    one, again, other = make(20, 3), make(20, 3), make(20, 4)
    assert [week.watched for week in one.weeks()] == [week.watched for week in again.weeks()]
    assert [week.watched for week in one.weeks()] != [week.watched for week in other.weeks()]


def test_what_is_known_is_what_was_watched_and_nothing_of_it_comes_later(make: Make) -> None:
    group = make(40, 1)
    weeks = group.weeks()
    assert len(weeks) == WEEKS
    for person in range(40):
        watched = frozenset[int]().union(*(week.watched[person] for week in weeks))
        assert watched >= set(group.before[person].tolist())
        assert all(week.watched[person] <= week.ever[person] for week in weeks)
        assert watched.isdisjoint(group.after[person].tolist())
    assert sum(map(len, group.after))
    assert sorted(group.order) == list(range(len(group.known)))


def test_a_replay_knows_no_show_that_comes_later(chart: Path) -> None:
    group = Replay(chart, 400, 0)
    last = FIRST + WEEKS  # the first week is left for the week before
    titles = [show.title for show in group.known.shows]
    assert f"New {WEEKS}" in titles
    assert f"New {WEEKS + 1}" not in titles
    assert group.weeks()[-1].week == last
    assert titles[group.order[0]] == f"New {WEEKS}"
    assert len(group.vocabulary) == len(group.known) + 2 * LATER


def test_a_show_that_left_the_chart_loses_as_much_every_week_as_others(chart: Path) -> None:
    group = Replay(chart, 4, 0)
    popularity = group.popularity()
    show = group.vocabulary.show("New 3")
    first = group.vocabulary.show(starter_vocabulary().shows[0].title)
    assert show is not None
    assert first is not None
    week = 2  # the third that is played
    assert [popularity[week + later][show] / popularity[week][show] for later in range(4)] == pytest.approx(
        [0.6**later for later in range(4)]
    )
    assert popularity[week - 1][show] == 0, "it was not there before"
    assert {popularity[week][first] for week in range(WEEKS)} == {popularity[0][first]}, "it is charted every week"
    assert (popularity[0][: len(starter_vocabulary())] > 0).all()


def test_rounds_say_what_people_watched(make: Make) -> None:
    group = make(300, 1)
    for mode in ("local", "two"):
        rounds = rounds_of(group, mode, 1, 1)  # type: ignore[arg-type]
        assert [one.round for one in rounds] == [str(week.week) for week in group.weeks()]
        assert bool(answers_to(rounds, "together")) is (mode == "two")
        newest = answers_to(rounds, "top_shows")[-1][1]
        assert (newest.world is not None) is isinstance(group, Replay)
    reach = np.zeros(len(group.vocabulary))
    for shows in group.weeks()[-1].watched:
        reach[list(shows)] += 1
    estimates = {one.show: one.estimate for one in newest.shows}
    errors = [estimate - reach[show] for show, estimate in estimates.items()]
    assert np.std(errors) == pytest.approx(newest.noise, rel=0.5)


def test_figures_are_those_of_a_hand_made_list() -> None:
    later = np.array([3, 5, 8])
    assert recall([3, 8, 1], later) == pytest.approx(2 / 3)
    assert recall(range(100, 110), np.arange(100, 150)) == 1
    assert gain([3, 5, 8], later) == pytest.approx(1)
    assert gain([1, 2, 4], later) == 0
    assert 0 < gain([1, 2, 8], later) < gain([8, 1, 2], later) < 1


@pytest.mark.slow
def test_every_way_is_compared_with_chart_and_taste(make: Make) -> None:
    found = measure(make, 30, 1, 10)
    assert next(iter(found)) == "chart + taste"
    assert set(next_shows._OURS) - set(found) <= {"the same, a year"}
    for one in found.values():
        assert one.better == pytest.approx([one.recall[0] - found["chart + taste"].recall[0]])
    assert found["later popularity + taste"].recall > found["taste alone"].recall


def test_the_table_names_all_and_says_whether_answers_made_it_worse(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = {"chart + taste": next_shows.Found([0.1, 0.1], [0.1, 0.1], [0.0, 0.0])}
    found["local mode"] = next_shows.Found([0.1, 0.1], [0.1, 0.1], [0.011, -0.01])
    monkeypatch.setattr(next_shows, "measure", lambda *_: found)
    assert main(["--people", "7", "--cohorts", "2"]) == 0
    assert "7 people" in capsys.readouterr().out
    found["local mode"].better[:] = [-0.02, -0.021]
    assert main(["--people", "7", "--cohorts", "2"]) == 1
    with pytest.raises(SystemExit):
        main(["--chart", str(tmp_path / "nothing.tsv")])
