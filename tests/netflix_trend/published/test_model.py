"""The model that a group publishes: what is in it, and that no other file is taken for one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from netflix_trend.published.model import MAX_SHOWS, Model, find_model
from netflix_trend.published.statistics import MAX_FILE, RoundStatistics, StatisticsError
from netflix_trend.questions.top_shows.popularity import popularity
from netflix_trend.questions.top_shows.trends import CHART_TOP
from tests.netflix_trend.published.test_statistics import STATISTICS
from tests.netflix_trend.questions.top_shows_rounds import answers as round_of

CATALOGUE = ["Dark", "Élite", "Ozark", "Narcos"]


def model(**changes: Any) -> dict[str, Any]:
    found = json.loads(find_model([STATISTICS], CATALOGUE, "1" * 32).to_bytes())
    return {**found, **changes}


def of(content: object) -> Model:
    return Model.from_bytes(json.dumps(content).encode())


def test_without_answers_the_order_is_the_whole_model() -> None:
    found = find_model([], CATALOGUE, "1" * 32)
    assert [show.title for show in found.shows] == CATALOGUE
    assert {show.prior_part for show in found.shows} == {1.0}
    assert (found.rounds, found.reports, found.chart) == ((), 0, None)
    assert found.shows[1].share / found.shows[0].share == pytest.approx(1 / 2, rel=0.03), "Zipf, cut off at 1"


def test_answers_move_a_share_by_what_their_noise_allows() -> None:
    found = {show.title: show for show in find_model([STATISTICS], CATALOGUE, "1" * 32).shows}
    assert found["Élite"].share == pytest.approx(120.5 / 600, abs=0.05), "from a prior of .065"
    assert found["Élite"].prior_part < 0.5
    assert found["Dark"].share < CHART_TOP / 2, "nobody named it, although it is first in the catalogue"
    assert (found["Ozark"].prior_part, found["Ozark"].rounds, found["Élite"].rounds) == (1.0, 0, 1)


@pytest.mark.parametrize("answers", [100, 10_000, 1_000_000])
def test_the_more_answers_the_less_the_order_counts(answers: int) -> None:
    before = popularity((), CATALOGUE, 99)
    after = popularity(
        [("2026-W46", round_of({**dict.fromkeys(CATALOGUE, 0.0), "Ozark": 0.1}, answers))], CATALOGUE, 99
    )
    weights = np.abs(after.share - before.share)
    assert (after.standard_error <= before.standard_error * 1.01).all()
    if answers == 1_000_000:
        assert after.share[2] == pytest.approx(0.1, rel=0.02)
        assert after.share[[0, 1, 3]] == pytest.approx(0, abs=0.005)
        assert after.prior_part.max() < 0.5
    if answers == 100:
        assert weights[3] < 0.03


def test_its_bytes_are_read_again() -> None:
    found = find_model([STATISTICS], CATALOGUE, "1" * 32)
    assert Model.from_bytes(found.to_bytes()) == found
    assert not find_model([STATISTICS], CATALOGUE, "1" * 32).invented
    invented = STATISTICS.model_copy(update={"invented": True})
    assert find_model([invented], CATALOGUE, "1" * 32).invented


def test_rounds_without_answers_are_not_named() -> None:
    empty = RoundStatistics(
        round="2026-W48", survey="0" * 32, vocabulary="1" * 32, participants=3, reports=0, waiting=0, refused={}
    )
    assert find_model([STATISTICS, empty], CATALOGUE, "1" * 32).rounds == ("2026-W47",)


def test_titles_are_named_once_whatever_their_spelling() -> None:
    found = find_model([], ["Dark", "DARK", "Ozark", "dark"], "1" * 32)
    assert [show.title for show in found.shows] == ["Dark", "Ozark"]


def _first(**changes: Any) -> dict[str, Any]:
    shows = model()["shows"]
    return model(shows=[{**shows[0], **changes}, *shows[1:]])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "model.json"),
        (model(schema_version=2), "newer version"),
        (model(vocabulary="x"), "vocabulary"),
        (model(shows="all"), "shows"),
        (model(shows=[{"title": "Dark"}]), "share"),
        (_first(share=float("nan")), "share"),
        (_first(share=float("inf")), "share"),
        (_first(share=-0.1), "share"),
        (_first(share=0), "share"),
        (_first(share=1.5), "share"),
        (_first(standard_error=0), "standard_error"),
        (_first(prior_part=2), "prior_part"),
        (_first(rounds=-1), "rounds"),
        (_first(rounds=9), "more rounds"),
        (_first(title=""), "title"),
        (_first(title="x" * 301), "title"),
        (_first(title=" \u200b"), "no name"),
        (_first(title="dark"), "named twice"),
        (model(shows=model()["shows"][::-1]), "order"),
        (model(rounds=["2026-W47", "2026-W47"]), "twice"),
        (model(rounds=["2026-W60"]), "rounds"),
        (model(rounds=[]), "fit"),
        (model(reports=0), "fit"),
        (model(chart={"week": "2026-W46"}), "source"),
        (model(shows=model()["shows"] * 600), "shows"),
    ],
)
def test_another_file_is_refused_by_name(content: object, said: str) -> None:
    with pytest.raises(StatisticsError, match=r"^model\.json: ") as refusal:
        of(content)
    assert said in str(refusal.value)


def test_a_large_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(StatisticsError, match="at most"):
        Model.from_bytes(b" " * (MAX_FILE + 1))
    with pytest.raises(StatisticsError):
        Model.from_bytes(b"[" * 100_000)


def test_what_rounds_asked_about_does_not_make_a_model_too_large() -> None:
    found = find_model([STATISTICS], [f"Show {number}" for number in range(MAX_SHOWS)], "1" * 32)
    assert len(found.shows) == MAX_SHOWS
    assert "Élite" in [show.title for show in found.shows], "by its share, although it is in no catalogue"
    assert Model.from_bytes(found.to_bytes()) == found


def test_a_trace_of_answers_is_none() -> None:
    show = find_model([], CATALOGUE, "1" * 32).shows[0]
    assert [show.model_copy(update={"prior_part": part}).has_answers for part in (0.5, 0.99, 0.995, 1)] == [
        *(True, True),
        *(False, False),
    ]


def test_a_catalogue_of_many_shows_is_cut() -> None:
    found = find_model([], [f"Show {number}" for number in range(MAX_SHOWS + 50)], "1" * 32)
    assert len(found.shows) == MAX_SHOWS
    assert len(found.to_bytes()) < 800_000
