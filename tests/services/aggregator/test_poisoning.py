"""Reports that nobody's week explains: which are refused, that honest ones are not, and what robust means."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.set_response import PRIME, SetResponse, _evaluate, _interpolate, best_threshold
from netflix_trend.privacy.square_wave import map_em
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.top_shows.forged import (
    collision_chance,
    count_checked,
    implausible_size,
)
from netflix_trend.questions.top_shows.question import TopShowsQuestion, encode_coefficients, shuffled_positions
from netflix_trend.questions.volume.estimation import PRIOR_PEOPLE, prior_shares, volume_influence
from netflix_trend.questions.volume.question import VOLUME_BUCKETS, VolumeQuestion
from netflix_trend.simulation.population import seeded_randomness
from netflix_trend.survey.survey import Survey
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round


def at_odds_8(items: int, k: int) -> SetResponse:
    return SetResponse(items, k, Fraction(8), best_threshold(k, Fraction(8)))


def honest(mechanism: SetResponse, people: int, seed: int) -> np.ndarray:
    """uint32[people, k+2]: every third person names nothing, the others k items."""
    randbelow, generator = seeded_randomness(seed), np.random.default_rng(seed)
    chosen = generator.integers(0, mechanism.items, people)
    steps = mechanism.items // (mechanism.k + 1)
    sets = [[(int(c) + i * steps) % mechanism.items for i in range(mechanism.k)] if c % 3 else [] for c in chosen]
    return np.array([mechanism.randomize(one, randbelow) for one in sets], dtype=np.uint32)


# Set sizes


def every_polynomial(mechanism: SetResponse) -> np.ndarray:
    return np.array(list(itertools.product(range(mechanism.prime), repeat=mechanism.k + 2)), dtype=np.uint32)


@pytest.mark.parametrize(
    ("prime", "items", "k", "odds", "threshold"),
    [(11, 7, 1, 8, 2), (13, 9, 1, 3, 3), (31, 12, 1, 8, 4), (11, 6, 2, 8, 1), (13, 8, 2, 3, 2), (7, 3, 3, 8, 1)],
)
def test_an_honest_report_is_refused_with_at_most_the_stated_chance_exactly(
    prime: int, items: int, k: int, odds: int, threshold: int
) -> None:
    """All polynomials, weighted by their probability for every set that a person can have."""
    mechanism = SetResponse(items, k, Fraction(odds), threshold, prime)
    polynomials = every_polynomial(mechanism)
    sizes = mechanism.count_with_sizes(polynomials)[1]
    points = range(items + k)  # with the dummy points of who watched less
    members = np.array([[_evaluate(h, v + 1, prime) < threshold for v in points] for h in polynomials.tolist()])
    limits = {chance: implausible_size(mechanism, chance) for chance in (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 1e-4)}
    assert min(limits.values()) <= items, "the check must bite for some level"
    for chosen in itertools.combinations(points, k):
        weight = np.where(members[:, chosen].any(axis=1), odds, 1)
        assert weight.sum() == prime**2 * mechanism.total_weight
        for chance, limit in limits.items():
            assert weight[sizes >= limit].sum() / weight.sum() <= chance


@pytest.mark.parametrize(
    ("items", "k", "size"), [(50, 1, 51), (1438, 1, 1439), (50, 3, 40), (1438, 3, 484), (3000, 3, 732), (1438, 8, 62)]
)
def test_the_sizes_from_which_reports_are_refused_at_odds_8(items: int, k: int, size: int) -> None:
    assert implausible_size(at_odds_8(items, k)) == size


def test_where_no_size_is_implausible_none_is_refused() -> None:
    mechanism = SetResponse(50, 1, Fraction(3), best_threshold(1, Fraction(3)))
    assert implausible_size(mechanism) == 51
    assert count_checked(mechanism, np.array([[0, 1, 0]], dtype=np.uint32)).implausible == 0


def test_six_standard_deviations_would_refuse_honest_people() -> None:
    """6e-5 of all quadratic polynomials have 19 or more of 50 shows; every report may be any polynomial."""
    mechanism = at_odds_8(50, 1)
    reports = np.random.default_rng(1).integers(0, PRIME, (400_000, 3)).astype(np.uint32)
    far = (mechanism.count_with_sizes(reports)[1] >= 19).mean()
    assert 2e-5 < far < 2e-4


@pytest.mark.parametrize(("items", "k"), [(50, 1), (50, 3), (1438, 1), (1438, 3)])
def test_20_000_honest_reports_are_all_counted(items: int, k: int) -> None:
    mechanism = at_odds_8(items, k)
    reports = honest(mechanism, 20_000, items + k)
    checked = count_checked(mechanism, reports)
    assert (checked.kept, checked.duplicates, checked.implausible) == (20_000, 0, 0)
    assert checked.counts.tolist() == mechanism.count(reports).tolist()


@pytest.mark.parametrize(("items", "k"), [(50, 3), (1438, 3), (1438, 8)])
@pytest.mark.parametrize("low", [(0,), (1,), (0, 1), (5, 1), (1500, 65520)])
def test_forgeries_that_hold_every_show_are_refused(items: int, k: int, low: tuple[int, ...]) -> None:
    """h(v) = v, constants, and the like."""
    mechanism = at_odds_8(items, k)
    forged = np.array([(*low, *[0] * (k + 2 - len(low)))], dtype=np.uint32)
    reports = np.concatenate([honest(mechanism, 200, 3), forged])
    checked = count_checked(mechanism, reports)
    assert (checked.kept, checked.implausible) == (200, 1)
    assert checked.counts.tolist() == mechanism.count(reports[:200]).tolist()


# Copies


def test_of_equal_reports_one_counts() -> None:
    mechanism = at_odds_8(50, 1)
    reports = honest(mechanism, 100, 5)
    copies = np.concatenate([reports, reports[[4, 4, 9]]])
    checked = count_checked(mechanism, np.random.default_rng(1).permutation(copies))
    assert (checked.kept, checked.duplicates) == (100, 3)
    assert checked.counts.tolist() == mechanism.count(reports).tolist()


def test_the_collision_chance_is_the_largest_probability_of_a_report() -> None:
    mechanism = SetResponse(4, 1, Fraction(8), 2, 7)
    weights = {8: 0, 1: 0}
    for h in every_polynomial(mechanism).tolist():
        weights[8 if _evaluate(h, 1, 7) < 2 else 1] += 1
    assert collision_chance(mechanism) == pytest.approx(8 / (8 * weights[8] + weights[1]))


def test_honest_people_are_hardly_ever_taken_for_copies() -> None:
    chance, people = collision_chance(at_odds_8(50, 1)), 100_000
    assert people * chance < 2e-9
    assert people * (people - 1) / 2 * chance < 1e-4


def test_copies_are_not_checked_where_honest_reports_may_be_equal() -> None:
    mechanism = SetResponse(4, 1, Fraction(8), 2, 7)
    checked = count_checked(mechanism, np.zeros((5, 3), dtype=np.uint32))
    assert checked.duplicates == 0
    assert checked.kept == 5


def test_no_reports_are_fine() -> None:
    checked = count_checked(at_odds_8(50, 1), np.zeros((0, 3), dtype=np.uint32))
    assert (checked.kept, checked.duplicates, checked.implausible, checked.counts.sum()) == (0, 0, 0, 0)


# What forged reports can do to numbers


@pytest.mark.parametrize(("reports", "number"), [(0, 0), (1, 1), (100, 1), (101, 2), (1008, 11)])
def test_one_percent_is_rounded_up(reports: int, number: int) -> None:
    assert breakdown_point(reports) == number


def forge(channel: SetResponse, positions: list[int], number: int) -> list[tuple[int, ...]]:
    """Polynomials that hold all these positions: interpolated through k+2 of them, tried until the others fit."""
    generator = np.random.default_rng(7)
    points, found = [position + 1 for position in positions], set[tuple[int, ...]]()
    while len(found) < number:
        values = generator.integers(0, channel.threshold, channel.k + 2).tolist()
        h = _interpolate(points[: channel.k + 2], values, (0, 0), channel.prime)[: channel.k + 2]
        if all(_evaluate(h, point, channel.prime) < channel.threshold for point in points):
            found.add(h)
    return sorted(found)


def test_eight_forgers_among_a_thousand_lift_five_shows_and_the_flag_says_so(vocabulary: Vocabulary) -> None:
    question = TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=1)
    survey = Survey(round=str(Week.parse("2026-W46")), vocabulary=vocabulary.version, rotation=4, questions=(question,))
    channel, positions = question.channel, shuffled_positions(survey.round, 50)
    randbelow = seeded_randomness(8)
    targets = [20, 21, 22, 23, 24]
    watched = [0] * 250 + [1] * 200 + [show for show in targets for _ in range(70)] + [None] * 200
    reports = [channel.randomize([] if show is None else [positions[show]], randbelow) for show in watched]
    forged = forge(channel, [positions[show] for show in targets], 8)

    def publish(coefficients: list[tuple[int, ...]]) -> dict[int, tuple[float, bool, bool]]:
        found = RoundReports(survey)
        counted = question.count(b"".join(encode_coefficients(h) for h in coefficients), survey.round)
        found.counts[question.name], found.reports[question.name] = counted.counts, counted.reports
        assert not counted.refused, "forged reports that hold five shows look like any other"
        top = estimate_round(found, vocabulary).top_shows
        assert top is not None
        assert top.tolerated == breakdown_point(len(coefficients))
        return {show.show: (show.estimate, show.is_signal, show.is_robust) for show in top.shows}

    before, after = publish(reports), publish([*reports, *forged])
    assert len(reports) == 1000
    lifted = [after[show][0] - before[show][0] for show in targets]
    rise = 8 * (1 - float(channel.q)) / float(channel.p - channel.q)
    assert lifted == pytest.approx([rise] * 5)
    made = [show for show in targets if after[show][1] and not before[show][1]]
    assert made, "the attack makes at least one show out of noise"
    assert not any(after[show][2] for show in made)
    assert after[0][1:] == after[1][1:] == (True, True), "what really many watched withstands it"


def test_no_attack_of_one_percent_makes_a_show_that_is_called_robust() -> None:
    """Whatever the honest count, adding d supporters to a show that failed gives no robust one."""
    from netflix_trend.privacy.counts import gate_count, reports_to_lose

    for people in (40, 300, 1000):
        number = next(d for d in range(people) if breakdown_point(people + d) == d)
        counts = np.arange(gate_count(people, 50, 1 / 9)) + number
        assert (reports_to_lose(counts, people + number, 50, 1 / 9) <= breakdown_point(people + number)).all()


@pytest.mark.parametrize("people", [30, 300, 3000])
def test_the_influence_on_volume_is_what_estimating_again_gives(people: int) -> None:
    question = VolumeQuestion.ask(odds=Fraction(8), weight=1)
    channel, prior = question.channel.channel(), prior_shares(VOLUME_BUCKETS)
    generator = np.random.default_rng(people)
    buckets = generator.multinomial(people, prior)
    counts = np.sum([generator.multinomial(n, row) for n, row in zip(buckets, channel, strict=True)], axis=0)
    shares = map_em(counts, channel, prior, PRIOR_PEOPLE)
    left_out = breakdown_point(people)
    moved = volume_influence(counts, channel, shares, prior, PRIOR_PEOPLE, left_out)
    assert moved.sum(axis=1) == pytest.approx(0, abs=1e-9)
    again = []
    for output in range(len(counts)):
        fewer = counts.copy()
        fewer[output] -= min(left_out, fewer[output])
        again.append(map_em(fewer, channel, prior, PRIOR_PEOPLE) - shares)
    stated, exact = (np.abs(np.cumsum(change, axis=1)).max() for change in (moved, np.array(again)))
    assert stated == pytest.approx(exact, rel=0.25)


def test_leaving_nothing_out_moves_nothing() -> None:
    question = VolumeQuestion.ask(odds=Fraction(8), weight=1)
    prior = prior_shares(VOLUME_BUCKETS)
    moved = volume_influence(np.zeros(20, np.int64), question.channel.channel(), prior, prior, PRIOR_PEOPLE, 0)
    assert np.abs(moved).max() == 0
