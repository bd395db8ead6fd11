"""From counted reports to published numbers: right on known populations, and honest about noise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.wording import first_place_in_words, reading
from netflix_trend.questions.top_shows.forecast import lacking_for_shows, needed_for_shows, predict_shows
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.estimation import estimate_volume
from netflix_trend.questions.volume.prior import prior_shares
from netflix_trend.questions.volume.question import VOLUME_BUCKETS, VolumeQuestion
from netflix_trend.survey.survey import default_survey
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round

WEEK = Week.parse("2026-W46")


def found(vocabulary: Vocabulary, people: int, watched: dict[int, int], shares: np.ndarray, seed: int) -> RoundReports:
    """Counts as `people` reports for each question would give; watched: people by candidate."""
    survey = default_survey(WEEK, vocabulary.version, range(50))
    top_shows, volume = survey.questions
    assert isinstance(top_shows, TopShowsQuestion)
    assert isinstance(volume, VolumeQuestion)
    generator = np.random.default_rng(seed)
    truth = np.array([watched.get(show, 0) for show in range(50)])
    channel = top_shows.channel
    counts = generator.binomial(truth, float(channel.p))
    counts += generator.binomial(people - truth, float(channel.q))
    exact = generator.multinomial(people, shares)
    drawn = [generator.multinomial(n, row) for n, row in zip(exact, volume.channel.channel(), strict=True)]
    reports = np.sum(drawn, axis=0)
    result = RoundReports(survey, participants=4 * people, counts={"top_shows": counts, "volume": reports})
    result.reports.update(top_shows=people, volume=people)
    return result


SHARES = prior_shares(VOLUME_BUCKETS)


def test_the_shows_that_were_watched_come_first_with_intervals_that_hold_the_truth(vocabulary: Vocabulary) -> None:
    watched = {7: 420, 3: 300, 11: 180}
    statistics = estimate_round(found(vocabulary, 2000, watched, SHARES, 1), vocabulary)
    assert statistics.top_shows is not None
    assert [show.show for show in statistics.top_shows.shows[:3]] == [7, 3, 11]
    assert [show.title for show in statistics.top_shows.shows[:1]] == [vocabulary.shows[7].title]
    for show in statistics.top_shows.shows[:3]:
        assert show.is_signal
        assert show.lower <= watched[show.show] <= show.upper
    assert statistics.top_shows.participants == statistics.participants
    assert statistics.top_shows.forged_first is not None
    assert (statistics.top_shows.asked, statistics.volume.asked) == ((1, 6), (1, 12))


def test_when_nobody_watched_anything_nothing_is_called_watched(vocabulary: Vocabulary) -> None:
    weeks = [estimate_round(found(vocabulary, 60, {}, SHARES, seed), vocabulary).top_shows for seed in range(40)]
    assert sum(any(show.is_signal for show in week.shows) for week in weeks if week) <= 5
    quiet = next(week for week in weeks if week and not any(show.is_signal for show in week.shows))
    needed = needed_for_shows(quiet)
    expected = [
        show.answers_needed
        for show in predict_shows(TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=2), 1)
    ]
    assert [one.needed for one in needed] == expected, "public shares decide, not the largest of all estimates"
    assert {(one.part, one.participants) for one in needed} == {(Fraction(1, 6), 240)}
    assert lacking_for_shows(quiet) == needed[0]


@pytest.mark.parametrize("people", [1, 2])
def test_a_handful_of_reports_never_names_a_show(vocabulary: Vocabulary, people: int) -> None:
    """Even if all of them watched it and all reports name it: noise alone does that too often."""
    reports = found(vocabulary, people, {}, SHARES, 1)
    reports.counts["top_shows"][:] = people
    statistics = estimate_round(reports, vocabulary)
    assert statistics.top_shows is not None
    assert not any(show.is_signal for show in statistics.top_shows.shows)


def test_no_reports_give_an_empty_but_valid_result(vocabulary: Vocabulary) -> None:
    survey = default_survey(WEEK, vocabulary.version, range(50))
    nothing = {question.name: question.count(b"").counts for question in survey.questions}
    empty = RoundReports(survey, counts=nothing)
    statistics = estimate_round(empty, vocabulary)
    assert statistics.reports == 0
    assert statistics.top_shows is not None
    assert not any(show.is_signal for show in statistics.top_shows.shows)
    assert statistics.volume is not None
    assert not statistics.volume.is_reliable


def test_volume_intervals_hold_the_true_shares_and_shrink(vocabulary: Vocabulary) -> None:
    """The truth differs from what is assumed: half of the weeks are empty, the others hold fewer titles."""
    truth = 0.5 * 0.85 ** np.array([*VOLUME_BUCKETS, 10**6])
    truth = truth[:-1] - truth[1:]
    truth[0] += 0.5
    below = np.cumsum(truth) - truth
    inside, errors, grouped = [], [], []
    for people in (300, 1000, 3000, 30_000):
        for seed in range(5):
            volume = estimate_round(found(vocabulary, people, {}, truth, seed), vocabulary).volume
            assert volume is not None
            inside.append(np.mean((np.array(volume.lower) <= truth) & (truth <= np.array(volume.upper))))
            groups = np.add.reduceat(truth, [0, 1, 4, 7, 9, 11])
            grouped += [g.lower <= share <= g.upper for g, share in zip(volume.groups, groups, strict=True)]
        errors.append(np.abs(np.array(volume.cumulative) - below).mean())
    assert np.mean(inside) > 0.9
    assert np.mean(grouped) > 0.85
    assert [group.low for group in volume.groups] == [0, 1, 4, 8, 13, 22]
    assert errors[0] < 0.06
    assert errors[3] < 0.012


def test_few_volume_reports_are_called_unreliable(vocabulary: Vocabulary) -> None:
    few = estimate_round(found(vocabulary, 15, {}, SHARES, 1), vocabulary).volume
    many = estimate_round(found(vocabulary, 1000, {}, SHARES, 1), vocabulary).volume
    assert few is not None
    assert many is not None
    assert (few.is_reliable, many.is_reliable) == (False, True)


def test_the_same_reports_give_the_same_bytes(vocabulary: Vocabulary) -> None:
    one, two = (estimate_round(found(vocabulary, 500, {1: 99}, SHARES, 3), vocabulary) for _ in range(2))
    assert one.to_bytes() == two.to_bytes()


def test_the_prior_is_a_distribution_with_the_stated_share_of_empty_weeks() -> None:
    assert SHARES.sum() == pytest.approx(1)
    assert SHARES.min() > 0
    assert SHARES[0] == pytest.approx((0.22 + 0.78 / 11) * 3 / 4 + 1 / 64)


def test_a_strong_show_is_robust_and_says_how_many_reports_carry_it(vocabulary: Vocabulary) -> None:
    top = estimate_round(found(vocabulary, 2000, {7: 600, 3: 120}, SHARES, 1), vocabulary).top_shows
    assert top is not None
    strong, quiet = top.shows[0], top.shows[-1]
    assert (top.tolerated, strong.show, strong.is_robust) == (20, 7, True)
    assert strong.fragile_reports is not None
    assert strong.fragile_reports > 20
    assert (quiet.is_signal, quiet.is_robust, quiet.fragile_reports) == (False, False, None)
    assert top.influence == pytest.approx(2.67, abs=0.01)


def test_robust_shows_need_more_forged_reports_than_the_breakdown_point(vocabulary: Vocabulary) -> None:
    verdicts = set()
    for people in (100, 400, 2000):
        top = estimate_round(found(vocabulary, people, dict.fromkeys(range(20), people // 8), SHARES, 2), vocabulary)
        assert top.top_shows is not None
        for show in top.top_shows.shows:
            assert show.is_signal == (show.fragile_reports is not None)
            assert show.is_robust == ((show.fragile_reports or 0) > (top.top_shows.tolerated or 0))
            verdicts.add((show.is_signal, show.is_robust))
    assert verdicts == {(True, True), (True, False), (False, False)}


def test_the_mean_number_of_named_shows_is_stated_with_its_error(vocabulary: Vocabulary) -> None:
    top = estimate_round(found(vocabulary, 20_000, {7: 6000, 3: 4000}, SHARES, 1), vocabulary).top_shows
    assert top is not None
    assert top.named_per_person_error == pytest.approx(0.0077, abs=0.0001)
    # Each count is drawn by itself here, so their sum varies more than that of real reports.
    assert top.named_per_person == pytest.approx(0.5, abs=0.12)


def test_volume_is_robust_only_where_reports_say_much() -> None:
    """At odds 8 one percent of forged reports would make the numbers too vague, at odds 55 they stay exact enough."""
    verdicts = []
    for odds in (8, 55):
        question = VolumeQuestion.ask(odds=Fraction(odds), weight=1)
        counts = np.random.default_rng(1).multinomial(300, SHARES @ question.channel.channel())
        volume = estimate_volume(question, counts, "seed")
        assert volume.influence is not None
        assert 0.01 < volume.influence < 0.08
        verdicts.append((volume.is_reliable, volume.is_robust))
    assert verdicts == [(True, False), (True, True)]


def test_clear_shows_and_the_first_place_say_how_many_forged_answers_they_withstand(vocabulary: Vocabulary) -> None:
    top = estimate_round(found(vocabulary, 2000, {7: 420, 3: 300}, SHARES, 1), vocabulary).top_shows
    first, last = top.shows[0], top.shows[-1]
    assert reading(first) == f"clear, unless {first.fragile_reports} forged"
    assert reading(last) == "noise"
    said = f"A show that people watched is first, unless {top.forged_first:,} or more of the 2,000 answers were forged."
    assert first_place_in_words(top) == said
    assert top.forged_first > top.tolerated
    quiet = estimate_round(found(vocabulary, 60, {}, SHARES, 1), vocabulary).top_shows
    assert first_place_in_words(quiet) == ""
