"""Which shows the same people see: what is sent, what it may cost, and what is made of the sums."""

from __future__ import annotations

import itertools
import random
from datetime import date
from fractions import Fraction
from typing import Any

import dp_accounting
import numpy as np
import pytest
from pydantic import ValidationError

from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import effect_quarter, together_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.zcdp import rho_of_gaussian
from netflix_trend.published.model import Model, SeenTogether, find_model
from netflix_trend.questions.question import Views
from netflix_trend.questions.sums import Answering, Summed, SumWish
from netflix_trend.questions.together.estimation import SMALLEST_FACTOR, weights_of, wish_of
from netflix_trend.questions.together.statistics import MOST_SHOWS, Together, pairs_of
from netflix_trend.questions.together.sums import MOST_SEEN, TogetherSums
from netflix_trend.survey.sum_survey import PRESETS, default_sum_survey
from tests.netflix_trend.published.test_statistics import STATISTICS

DUE = Week.parse("2026-W37")  # begins on 7 September
RHO = PRESETS["x8"][0]


def question(shows: int = 6, k: int = 3) -> TogetherSums:
    asked = TogetherSums.suggest(SumWish(DUE, range(shows), 100))
    assert asked is not None
    return asked.model_copy(update={"k": k})


def vector(asked: TogetherSums, truth: set[int], seed: int = 1) -> list[int]:
    (found,) = asked.measurements(frozenset(truth), random.Random(seed).randrange)
    return found


def test_one_round_of_a_quarter_asks_and_never_the_one_about_life_events() -> None:
    weeks = [Week.parse("2020-W01") + number for number in range(600)]
    due = [week for week in weeks if together_quarter(week)]
    quarters = [Quarter.of(week.monday) for week in due]
    assert [together_quarter(week) for week in due] == quarters
    assert [one.index for one in quarters] == list(range(quarters[0].index, quarters[0].index + len(due)))
    assert not any(effect_quarter(week) for week in due)
    for week in (DUE - 1, DUE, DUE + 1):
        assert (TogetherSums.suggest(SumWish(week, range(9), 9)) is None) == (week != DUE)
        assert (question().problem(week) is None) == (week == DUE)


def test_the_round_costs_what_every_round_costs() -> None:
    survey = default_sum_survey(DUE, "0" * 32, range(50), 500, "x8", frozenset({"top_shows", "volume", "together"}))
    assert [one.name for one in survey.questions] == ["top_shows", "volume", "together"]
    assert sum(block.rho.value for block in survey.blocks) == survey.rho == RHO


def test_the_most_popular_shows_are_asked_about() -> None:
    asked = TogetherSums.suggest(SumWish(DUE, range(5), 100, popular=[7, 3, 9]))
    assert asked is not None
    assert (asked.shows, asked.k) == ((7, 3, 9, 0, 1, 2, 4), 7)
    most = TogetherSums.suggest(SumWish(DUE, range(5), 100, popular=range(900)))
    assert most is not None
    assert (len(most.shows), most.k) == (MOST_SHOWS, MOST_SEEN)
    assert TogetherSums.suggest(SumWish(DUE, [4], 100)) is None, "one show has no pair"


@pytest.mark.parametrize("shows", [(1, 1), (1,), tuple(range(MOST_SHOWS + 1))])
def test_a_list_that_is_none_is_refused(shows: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        TogetherSums(share={"num": 1, "den": 4}, k=2, shows=shows)  # type: ignore[arg-type]


def test_shows_of_the_year_with_two_views_are_seen() -> None:
    days = ["2025-09-14", "2025-09-14", "2025-09-15", "2026-09-13", "2026-09-14", "2026-01-01", *["2026-09-14"] * 2]
    shows = np.array([1, 1, 2, 2, 2, 3, 4, 4])
    views = Views(np.array(days, dtype="datetime64[D]"), shows, date(2026, 9, 20), np.zeros(8, bool))
    assert DUE.sunday == date(2026, 9, 13)
    assert TogetherSums.measure(views, DUE) == frozenset({2}), (
        "of 1 all was before, of 3 there is one view, of 4 all comes later"
    )


def test_every_pair_has_a_place_of_its_own() -> None:
    asked = question(5, 5)
    for one, other in itertools.combinations_with_replacement(range(5), 2):
        found = vector(asked, {one, other})
        about = {"reports": 1, "k": 5, "odds": (8, 1), "answering": 1, "answering_error": 0, "noise": 0}
        sums = Together.model_validate({**about, "titles": tuple("abcde"), "sums": tuple(found)})
        expected = np.zeros((5, 5))
        expected[np.ix_([one, other], [one, other])] = 1
        assert sums.matrix().tolist() == expected.tolist()


def test_more_shows_than_count_are_chosen_evenly() -> None:
    asked = question(6, 3)
    added = np.sum([vector(asked, set(range(6)), seed) for seed in range(4000)], axis=0)
    assert {sum(vector(asked, set(range(6)), seed)) for seed in range(20)} == {pairs_of(3)}
    own = [0, 6, 11, 15, 18, 20]
    assert added[own] / 4000 == pytest.approx([0.5] * 6, abs=0.03)
    pairs = np.delete(added, own) / 4000
    assert pairs == pytest.approx([0.2] * 15, abs=0.03), "3 of 6, then 2 of 5"


def test_the_sensitivity_is_exact_under_replacement_of_a_person() -> None:
    """Every history of a toy list against every other one, and every choice that randomness may make."""
    asked = question(6, 3)
    (block,) = asked.blocks(RHO)
    answers = {
        tuple(vector(asked, set(chosen))) for size in range(4) for chosen in itertools.combinations(range(6), size)
    }
    assert len(answers) == 1 + 6 + 15 + 20
    for truth in (set(range(6)), {0, 1, 2, 3}, {5}):
        for seed in range(30):
            assert tuple(vector(asked, truth, seed)) in answers
    largest = max(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) for one in answers for other in answers)
    assert largest == block.sensitivity2 == asked.k * (asked.k + 1)
    assert block.rho.value == rho_of_gaussian(Fraction(largest), block.sigma2.value) <= RHO * asked.share.value
    for answer in answers:
        block.circuit().encode(list(answer))
    with pytest.raises(ValueError, match=r".+"):
        block.circuit().encode([1] * (pairs_of(3) + 1) + [0] * (block.length - pairs_of(3) - 1))


def test_the_ledger_agrees_with_an_independent_accountant() -> None:
    (block,) = question(MOST_SHOWS, MOST_SEEN).blocks(RHO)
    multiplier = float(block.sigma2.value) ** 0.5 / float(block.sensitivity2) ** 0.5
    accountant = dp_accounting.rdp.RdpAccountant([2.0, 8.0, 64.0])
    accountant.compose(dp_accounting.GaussianDpEvent(multiplier))
    for order, rdp in zip(accountant._orders, accountant._rdp, strict=True):
        assert rdp == pytest.approx(float(block.rho.value) * order, rel=1e-9)


def people(number: int, shows: int, seed: int, strength: float) -> np.ndarray:
    """bool[people, shows]: everybody has one of two tastes, and sees shows of theirs more often."""
    generator = np.random.default_rng(seed)
    taste = generator.random(number) < 0.5
    half = np.arange(shows) < shows / 2
    share = 0.15 * (1 + strength * np.where(taste[:, None] == half, 1, -1))
    return generator.random((number, shows)) < share


def told(seen: np.ndarray, noise: float, seed: int, titles: list[str]) -> Together:
    matrix = seen.T.astype(float) @ seen
    sums = matrix[np.triu_indices(len(titles))]
    sums = sums + np.random.default_rng(seed).normal(0, noise, len(sums))
    return Together(
        reports=len(seen),
        k=10,
        odds=(8, 1),
        answering=float(len(seen)),
        answering_error=0.0,
        noise=noise,
        titles=tuple(titles),
        sums=tuple(sums.tolist()),
    )


TITLES = [f"Show {number}" for number in range(20)]


def test_shows_of_one_taste_speak_for_each_other() -> None:
    found = weights_of([told(people(20_000, 20, 1, 0.6), 20, 2, TITLES)])
    assert found is not None
    assert found.signal > 0.8
    own, other = found.weights[:10, :10], found.weights[:10, 10:]
    assert own[~np.eye(10, dtype=bool)].min() > 0 > other.max()
    seen = np.zeros(20, bool)
    seen[:3] = True
    wish = wish_of(found, seen)
    assert wish[3:10].min() > wish[10:].max()
    assert found.seen == pytest.approx(np.full(20, 0.15), abs=0.02)


@pytest.mark.parametrize("number", [30, 100, 1000])
def test_noise_alone_has_no_weights_at_all(number: int) -> None:
    """Where nothing can be known, recommendations are those without pairs: exactly, and in nearly every round."""
    silent = 0
    for seed in range(40):
        found = weights_of([told(people(number, 20, seed, 0.0), 80, seed + 100, TITLES)])
        assert found is not None
        silent += found.signal == 0
        if not found.signal:
            assert not found.weights.any()
            assert not wish_of(found, np.ones(20, bool)).any()
    assert silent >= 30


def test_a_model_says_nothing_about_pairs_that_are_noise() -> None:
    noise = next(
        one
        for seed in range(40)
        if not getattr(weights_of([one := told(people(100, 20, seed, 0.0), 80, seed, TITLES)]), "signal", None)
    )
    assert find_model([STATISTICS.model_copy(update={"together": noise})], TITLES, "1" * 32).together is None


def test_weights_of_a_model_are_within_what_a_reader_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = STATISTICS.model_copy(update={"together": told(people(20_000, 20, 1, 0.6), 20, 2, TITLES)})
    monkeypatch.setattr("netflix_trend.published.model.LARGEST_WEIGHT", 0.02)
    found = find_model([statistics], TITLES, "1" * 32).together
    assert found is not None
    weights = np.array(found.weights)
    assert (weights.min(), weights.max()) == (-0.02, 0.02)


def test_rounds_add_and_shows_of_other_lists_are_told_apart() -> None:
    first = told(people(20_000, 20, 1, 0.6), 200, 2, TITLES)
    second = told(people(20_000, 20, 3, 0.6), 200, 4, TITLES)
    alone, both = weights_of([first]), weights_of([first, second])
    assert alone is not None
    assert both is not None
    assert both.signal > alone.signal
    renamed = second.model_copy(update={"titles": tuple(f"Other {number}" for number in range(20))})
    last = weights_of([first, renamed])
    only = weights_of([renamed])
    assert last is not None
    assert only is not None
    assert last.weights == pytest.approx(only.weights), "no pair of the newest list was asked about before"
    shuffled = random.Random(5).sample(range(20), 20)
    matrix = first.matrix()[np.ix_(shuffled, shuffled)]
    again = first.model_copy(
        update={
            "titles": tuple(TITLES[place] for place in shuffled),
            "sums": tuple(matrix[np.triu_indices(20)].tolist()),
        }
    )
    same = weights_of([again, first])
    twice = weights_of([first, first])
    assert same is not None
    assert twice is not None
    assert same.weights == pytest.approx(twice.weights)


def test_a_wish_has_a_lower_end() -> None:
    found = weights_of([told(people(50_000, 20, 1, 0.95), 1, 2, TITLES)])
    assert found is not None
    for seen in (np.ones(20, bool), np.arange(20) < 10, np.zeros(20, bool)):
        assert wish_of(found, seen).min() >= np.log(SMALLEST_FACTOR)
    assert weights_of([]) is None
    assert weights_of([told(people(20_000, 20, 1, 0.6), 20, 2, TITLES).model_copy(update={"answering": 0.0})]) is None


def test_the_sums_become_a_statistic_and_part_of_the_model() -> None:
    asked = question(20, 10)
    block = asked.blocks(RHO)[0]
    exact = told(people(20_000, 20, 1, 0.6), 0, 2, TITLES)
    summed = Summed(np.array(exact.sums, np.int64), 2 * block.sigma2.value)
    found = asked.estimate([summed], 20_000, Answering(19_000.0, 10.0), Fraction(8), TITLES)
    assert found.matrix().tolist() == exact.matrix().tolist()
    assert found.noise == pytest.approx(float(2 * block.sigma2.value) ** 0.5)
    assert "20 shows" in " ".join(TogetherSums.describe(found))
    model = find_model([STATISTICS.model_copy(update={"together": found})], TITLES, "1" * 32)
    assert model.together is not None
    assert (model.together.rounds, model.together.answers) == (("2026-W47",), 20_000)
    assert Model.from_bytes(model.to_bytes()) == model


def good() -> dict[str, Any]:
    return {
        "rounds": ["2026-W37"],
        "answers": 900,
        "signal": 0.5,
        "titles": ["Dark", "Ozark"],
        "seen": [0.2, 0.1],
        "weights": [[0.0, 0.3], [0.2, 0.0]],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [[0.0, 0.3]]},
        {"weights": [[0.0, 0.3, 0.1], [0.2, 0.0, 0.1]]},
        {"weights": [[0.1, 0.3], [0.2, 0.0]]},
        {"weights": [[0.0, float("nan")], [0.2, 0.0]]},
        {"weights": [[0.0, 1e9], [0.2, 0.0]]},
        {"seen": [0.2]},
        {"seen": [0.2, 0.0]},
        {"seen": [0.2, 1.0]},
        {"titles": ["Dark", "DARK"]},
        {"titles": ["Dark"]},
        {"signal": 0},
        {"answers": 0},
        {"rounds": []},
        {"titles": [f"Show {number}" for number in range(MOST_SHOWS + 1)]},
    ],
)
def test_other_weights_are_refused(change: dict[str, Any]) -> None:
    SeenTogether.model_validate(good())
    with pytest.raises(ValidationError):
        SeenTogether.model_validate({**good(), **change})


@pytest.mark.parametrize("change", [{"sums": (1.0,) * 5}, {"titles": ("a", "a")}, {"noise": float("nan")}, {"k": 1}])
def test_another_statistic_is_refused(change: dict[str, Any]) -> None:
    one = Together(
        reports=9, k=2, odds=(8, 1), answering=9, answering_error=1, noise=2, titles=("a", "b"), sums=(1.0, 2.0, 3.0)
    )
    with pytest.raises(ValidationError):
        Together.model_validate({**one.model_dump(), **change})
