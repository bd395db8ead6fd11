"""What reports that nobody's week explains can do to numbers, and what robust means."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.distribution import map_shares
from netflix_trend.privacy.subset_selection import rank
from netflix_trend.questions.question import breakdown_point
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.estimation import volume_influence
from netflix_trend.questions.volume.prior import PRIOR_PEOPLE, prior_shares
from netflix_trend.questions.volume.question import VOLUME_BUCKETS, VolumeQuestion
from netflix_trend.simulation.population import seeded_randomness
from netflix_trend.survey.survey import Survey
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_report_holds_as_many_shows_as_every_other_whatever_it_says(k: int) -> None:
    """So nobody can lift a whole list at once."""
    channel = TopShowsQuestion.ask(range(50), k=k, odds=Fraction(8), weight=1).channel
    numbers = np.random.default_rng(k).integers(0, channel.reports, 500).tolist()
    members = channel.members(b"".join(number.to_bytes(channel.report_bytes, "big") for number in numbers))
    assert {len(set(row)) for row in members.tolist()} == {channel.size} == {{1: 5, 2: 2, 3: 2}[k]}


@pytest.mark.parametrize(("reports", "number"), [(0, 0), (1, 1), (100, 1), (101, 2), (1008, 11)])
def test_one_percent_is_rounded_up(reports: int, number: int) -> None:
    assert breakdown_point(reports) == number


def test_eight_forgers_among_a_thousand_lift_five_shows_and_the_flag_says_so(vocabulary: Vocabulary) -> None:
    question = TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=1)
    survey = Survey(round=str(Week.parse("2026-W46")), vocabulary=vocabulary.version, rotation=4, questions=(question,))
    channel = question.channel
    randbelow = seeded_randomness(8)
    targets = [20, 21, 22, 23, 24]
    watched = [0] * 250 + [1] * 200 + [show for show in targets for _ in range(70)] + [None] * 200
    reports = [channel.randomize([] if show is None else [show], randbelow) for show in watched]
    forged = [rank(targets)] * 8

    def publish(numbers: list[int]) -> dict[int, tuple[float, bool, bool]]:
        found = RoundReports(survey)
        payloads = [number.to_bytes(question.payload_size, "big") for number in numbers]
        for payload in payloads:
            question.check(payload)
        counted = question.count(b"".join(payloads))
        found.counts[question.name], found.reports[question.name] = counted.counts, counted.reports
        top = estimate_round(found, vocabulary).top_shows
        assert top is not None
        assert top.tolerated == breakdown_point(len(numbers))
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
    shares = map_shares(counts, channel, prior, PRIOR_PEOPLE)
    left_out = breakdown_point(people)
    moved = volume_influence(counts, channel, shares, prior, PRIOR_PEOPLE, left_out)
    assert moved.sum(axis=1) == pytest.approx(0, abs=1e-9)
    again = []
    for output in range(len(counts)):
        fewer = counts.copy()
        fewer[output] -= min(left_out, fewer[output])
        again.append(map_shares(fewer, channel, prior, PRIOR_PEOPLE) - shares)
    stated, exact = (np.abs(np.cumsum(change, axis=1)).max() for change in (moved, np.array(again)))
    assert stated == pytest.approx(exact, abs=1e-9)


def test_leaving_nothing_out_moves_nothing() -> None:
    question = VolumeQuestion.ask(odds=Fraction(8), weight=1)
    prior = prior_shares(VOLUME_BUCKETS)
    moved = volume_influence(
        np.zeros(question.channel.outputs, np.int64), question.channel.channel(), prior, prior, PRIOR_PEOPLE, 0
    )
    assert np.abs(moved).max() == 0
