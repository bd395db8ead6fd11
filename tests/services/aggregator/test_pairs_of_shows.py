"""The round of a quarter that asks which shows the same people see, from sealed reports to the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.periods.weeks import Week
from netflix_trend.published.model import MODEL, Model
from netflix_trend.survey.deadlines import DAY, SLACK, Deadlines
from tests.services.aggregator import test_sums
from tests.services.aggregator.test_sums import World

WEEK = Week.parse("2026-W50")  # begins on 7 December
AT = Deadlines.of(WEEK)


def test_pairs_are_sealed_proved_summed_and_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [frozenset({3, 5, 8}) if number % 2 else frozenset({3, 8}) for number in range(8)]
    truths = [{**truth, "together": shows} for truth, shows in zip(test_sums.TRUTHS, seen, strict=True)]
    monkeypatch.setattr(test_sums, "TRUTHS", truths)
    world = World(tmp_path)
    monday = AT.early - 4 * DAY
    world.operate(monday)
    assert world.report(range(8), monday) == [{str(WEEK): "sent"}] * 8
    world.operate(AT.early + SLACK)
    found = world.statistics(WEEK)
    assert found is not None
    pairs = found.together
    places = [pairs.titles.index(f"Show {number}") for number in (3, 5, 8)]
    assert pairs.matrix()[places][:, places].tolist() == [[8, 4, 8], [4, 4, 4], [8, 4, 8]]
    assert pairs.matrix().sum() == 8 + 4 + 8 + 2 * (4 + 8 + 4), "there is nothing else"
    assert pairs.k == 10
    assert found.top_shows.reports == 8, "the week's shows are asked about, too"
    model = Model.from_bytes((world.aggregator.site.public / MODEL).read_bytes())
    assert model == Model.from_bytes((world.aggregator.shared / MODEL).read_bytes())
    assert model.together is None, "eight people's pairs are noise"
    assert model.rounds == (str(WEEK),)
    page = world.page(f"rounds/{WEEK}.html")
    assert "How many people have seen both of two shows was measured for 30 shows" in page
