"""What one week of one person says, and how it is bounded."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant.contributions import Contribution, ProfileSet, answer, load_profiles
from netflix_trend.participant.life_events import add_event
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.ternary import DOWN, NONE, UP
from netflix_trend.questions.event_effect.question import EffectQuestion, change
from netflix_trend.questions.registry import questions
from netflix_trend.questions.top_shows.question import TopShowsQuestion, choose
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.simulation.population import seeded_randomness, watched
from netflix_trend.survey.survey import default_survey

WEEK = Week.parse("2026-W46")  # 9 to 15 November
VERSION = "0123456789abcdef" * 2
SURVEY = default_survey(WEEK, VERSION, [30, 10, 20])


def profile(folder: Path, rows: list[tuple[str, int, int, int]], covered: date, version: str = VERSION) -> None:
    folder.mkdir(parents=True)
    full = np.array([tuple(row) for row in rows], dtype=FULL_DTYPE)
    save_encodings(folder, Encodings(full, np.zeros(40, "<i4"), version, covered))


def local(contribution: Contribution) -> Contribution:
    """What local mode asks about."""
    return {name: contribution[name] for name in questions()}


def expected(shows: frozenset[int], titles: int) -> Contribution:
    return local(watched(shows, titles))


def test_a_week_contains_exactly_its_monday_to_sunday(tmp_path: Path) -> None:
    days = ["2026-11-08", "2026-11-09", "2026-11-15", "2026-11-16"]
    profile(tmp_path / "profiles" / "me", [(day, n, n, 0) for n, day in enumerate(days)], date(2026, 11, 20))
    profiles = load_profiles(tmp_path)
    assert profiles is not None
    assert local(profiles.contribution(WEEK)) == expected(frozenset({1, 2}), 2)


def test_all_profiles_are_one_person(tmp_path: Path) -> None:
    profile(tmp_path / "profiles" / "me", [("2026-11-10", 0, 5, 0), ("2026-11-10", 1, 6, 0)], date(2026, 11, 20))
    profile(tmp_path / "profiles" / "kids", [("2026-11-11", 0, 6, 0), ("2026-11-12", 1, -1, 1)], date(2026, 11, 18))
    profiles = load_profiles(tmp_path)
    assert profiles is not None
    assert local(profiles.contribution(WEEK)) == expected(frozenset({5, 6}), 4)
    assert profiles.covered_through == date(2026, 11, 18)


def test_trailers_do_not_count_and_unknown_titles_do(tmp_path: Path) -> None:
    rows = [("2026-11-10", 0, 3, 4), ("2026-11-10", 1, -1, 2), ("2026-11-10", 2, -1, 3)]
    profile(tmp_path / "profiles" / "me", rows, date(2026, 11, 20))
    profiles = load_profiles(tmp_path)
    assert profiles is not None
    assert local(profiles.contribution(WEEK)) == expected(frozenset(), 2)


def test_profiles_of_two_vocabularies_wait_until_both_are_rebuilt(tmp_path: Path) -> None:
    profile(tmp_path / "profiles" / "me", [], date(2026, 11, 20))
    profile(tmp_path / "profiles" / "kids", [], date(2026, 11, 20), "f" * 32)
    assert load_profiles(tmp_path) is None
    assert load_profiles(tmp_path / "nothing") is None


def test_a_choice_is_uniform_over_subsets() -> None:
    randbelow = seeded_randomness(1)
    counted = Counter(frozenset(choose([1, 2, 3, 4, 5], 2, randbelow)) for _ in range(20_000))
    assert len(counted) == 10
    assert all(count == pytest.approx(2000, abs=250) for count in counted.values())
    assert {len(subset) for subset in counted} == {2}


@pytest.mark.parametrize("items", [[], [7], [7, 8]])
def test_few_enough_items_are_all_kept(items: list[int]) -> None:
    assert sorted(choose(items, 2, seeded_randomness(1))) == items


def test_an_answer_is_about_the_candidates_that_were_watched() -> None:
    """Over many draws the watched candidate is in p of the reported subsets, the others in q."""
    question = SURVEY.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    randbelow = seeded_randomness(2)
    payloads = [answer(watched(frozenset({10, 99}), 3), SURVEY, question, randbelow) for _ in range(4000)]
    by_candidate = question.count(b"".join(payloads)).counts / 4000
    p, q = float(question.channel.p), float(question.channel.q)
    assert p > q + 0.3
    assert by_candidate.tolist() == pytest.approx([q, p, q], abs=0.03)


def test_a_volume_answer_names_an_interval_that_holds_the_bucket_as_often_as_the_odds_say() -> None:
    question = SURVEY.question("volume")
    assert isinstance(question, VolumeQuestion)
    randbelow = seeded_randomness(3)
    reports = [answer(watched(frozenset(), 9), SURVEY, question, randbelow)[0] for _ in range(2000)]
    holds = [low <= 7 <= high for low, high, _ in question.intervals]  # bucket 7 holds 8 and 9
    told = sum(holds[report] for report in reports) / 2000
    assert told == pytest.approx(question.channel.channel()[7] @ holds, abs=0.04)
    assert told > 3 * (question.channel.channel()[0] @ holds)


# Life events

EFFECT_SURVEY = default_survey(Week.parse("2026-W41"), VERSION, [30, 10, 20])
QUARTER = Quarter.parse("2026-Q3")
SICK = date(2026, 8, 10)


def views(*counts: int, first: date, kind: int = 0) -> list[tuple[str, int, int, int]]:
    """So many views on each day from `first` on."""
    return [
        (str(first + timedelta(days=day)), number, number, kind)
        for day, count in enumerate(counts)
        for number in range(count)
    ]


def loaded(
    private: Path, rows: list[tuple[str, int, int, int]], *events: tuple[date, date], covered: date = date(2026, 10, 20)
) -> ProfileSet:
    profile(private / "profiles" / "me", rows, covered)
    for number, (first, last) in enumerate(events):
        add_event(private, f"event {number}", first, last)
    profiles = load_profiles(private)
    assert profiles is not None
    return profiles


def test_the_change_is_views_a_week_during_the_event_less_those_in_as_many_days_before(tmp_path: Path) -> None:
    rows = views(5, 1, 0, 2, 4, 0, 3, 9, first=SICK - timedelta(days=4))  # 5 1 0 2 before, from the 10th 4 0 3 9
    profiles = loaded(tmp_path, rows, (SICK, SICK + timedelta(days=2)))
    assert change(profiles.views, QUARTER) == Fraction(7 * (7 - 3), 3)
    assert profiles.contribution(Week.parse("2026-W41"))["event_effect"] == Fraction(28, 3)
    assert profiles.contribution(Week.parse("2026-W40"))["event_effect"] is None, (
        "that week begins in the third quarter"
    )


def test_views_of_all_profiles_count_and_trailers_do_not(tmp_path: Path) -> None:
    profile(tmp_path / "profiles" / "kids", views(2, first=SICK), date(2026, 10, 20))
    rows = views(1, 1, first=SICK - timedelta(days=1)) + views(8, first=SICK, kind=4) + views(1, first=SICK, kind=2)
    assert change(loaded(tmp_path, rows, (SICK, SICK)).views, QUARTER) == 7 * (4 - 1)


@pytest.mark.parametrize(
    ("first", "last", "belongs"),
    [
        (date(2026, 7, 1), date(2026, 7, 1), True),
        (date(2026, 9, 30), date(2026, 9, 30), True),
        (date(2026, 9, 30), date(2026, 10, 2), True),
        (date(2026, 6, 30), date(2026, 9, 30), False),
        (date(2026, 10, 1), date(2026, 10, 1), False),
    ],
)
def test_events_belong_to_the_quarter_they_begin_in(tmp_path: Path, first: date, last: date, belongs: bool) -> None:
    profiles = loaded(tmp_path, views(*[1] * 300, first=date(2026, 1, 1)), (first, last))
    assert (change(profiles.views, QUARTER) is not None) is belongs


def test_of_several_events_the_longest_counts_and_of_equal_ones_the_first(tmp_path: Path) -> None:
    rows = views(0, 1, 0, 4, 0, 9, 9, first=SICK - timedelta(days=1)) + views(1, first=date(2026, 1, 1))
    first, second = SICK + timedelta(days=2), SICK + timedelta(days=4)
    one_day = loaded(tmp_path / "a", rows, (second, second), (first, first), (SICK, SICK))
    assert change(one_day.views, QUARTER) == 7 * 1, "the first by day, not by number"
    longer = loaded(tmp_path / "b", rows, (SICK, SICK), (second, second + timedelta(days=1)))
    assert change(longer.views, QUARTER) == Fraction(7 * (18 - 4), 2)


def test_days_that_no_export_covers_yet_do_not_count(tmp_path: Path) -> None:
    rows = views(1, 1, 5, 5, 5, first=SICK - timedelta(days=2))
    event = (SICK, SICK + timedelta(days=60))
    assert change(loaded(tmp_path / "a", rows, event, covered=SICK + timedelta(days=1)).views, QUARTER) == Fraction(
        7 * 8, 2
    )
    assert change(loaded(tmp_path / "b", rows, event, covered=SICK - timedelta(days=1)).views, QUARTER) is None


def test_a_week_counts_in_the_answers_about_two_quarters_at_most(tmp_path: Path) -> None:
    """However long events are, and wherever in a quarter they begin."""
    quarters = [Quarter.of(date(2025, month, 1)) for month in (1, 4, 7, 10)]
    history = views(*[1] * 730, first=date(2024, 6, 1))
    most = 0
    for begins in product(*((one.first_day, one.last_day) for one in quarters)):
        events = [(first, first + timedelta(days=300)) for first in begins]
        before = loaded(tmp_path / "-".join(map(str, begins)), history, *events, covered=date(2026, 5, 1))
        for monday in (date(2024, 12, 2) + timedelta(weeks=number) for number in range(60)):
            binge = np.array(views(*[20] * 7, first=monday), FULL_DTYPE)
            full = np.concatenate([before.profiles[0].full, binge])
            after = replace(before, profiles=[replace(before.profiles[0], full=full)])
            changed = [one for one in quarters if change(after.views, one) != change(before.views, one)]
            most = max(most, len(changed))
    assert most == 2


def test_without_an_event_there_is_no_change_and_a_history_that_begins_later_counts_as_empty(tmp_path: Path) -> None:
    event = (SICK, SICK + timedelta(days=3))
    rows = views(1, 0, 0, 0, 5, first=SICK - timedelta(days=4))
    assert change(loaded(tmp_path / "a", rows).views, QUARTER) is None
    assert change(loaded(tmp_path / "b", [], event).views, QUARTER) == 0
    assert change(loaded(tmp_path / "c", rows[1:], event).views, QUARTER) == Fraction(7 * 5, 4), (
        "it begins with the event"
    )
    assert change(loaded(tmp_path / "d", rows, event).views, QUARTER) == Fraction(7 * 4, 4)


def test_a_damaged_file_of_events_stops_the_question_about_them_only(tmp_path: Path) -> None:
    (tmp_path / "life_events.json").write_text("{")
    profiles = loaded(tmp_path, views(1, first=WEEK.monday))
    assert set(profiles.unanswerable) == {"event_effect"}
    assert "life_events.json" in profiles.unanswerable["event_effect"]
    assert profiles.contribution(WEEK)["volume"] == 1


def test_reading_events_writes_no_file(tmp_path: Path) -> None:
    """The publisher has the private volume for reading only."""
    loaded(tmp_path, [])
    assert [path.name for path in tmp_path.iterdir()] == ["profiles"]


@pytest.mark.parametrize(
    ("change", "true_shares"),
    [
        (None, [1, 0, 0]),
        (Fraction(0), [1, 0, 0]),
        (Fraction(28, 3), [2 / 9, 7 / 9, 0]),
        (Fraction(-3), [3 / 4, 0, 1 / 4]),
        (Fraction(70), [0, 1, 0]),
    ],
)
def test_an_answer_about_an_event_is_rounded_and_randomized(change: Fraction | None, true_shares: list[float]) -> None:
    question = EFFECT_SURVEY.question("event_effect")
    assert isinstance(question, EffectQuestion)
    randbelow, draws = seeded_randomness(4), 8000
    contribution = watched(frozenset(), 3, change)
    counted = Counter(answer(contribution, EFFECT_SURVEY, question, randbelow) for _ in range(draws))
    found = [counted[bytes([report])] / draws for report in (NONE, UP, DOWN)]
    assert found == pytest.approx([0.1 + 0.7 * share for share in true_shares], abs=0.025)


@pytest.mark.parametrize("change", [None, Fraction(0), Fraction(5), Fraction(-900, 7)])
def test_an_answer_about_an_event_has_the_same_size_and_as_many_draws(change: Fraction | None) -> None:
    question, drawn = EFFECT_SURVEY.question("event_effect"), []
    assert isinstance(question, EffectQuestion)

    def randbelow(below: int) -> int:
        drawn.append(below)
        return 0

    assert len(answer(watched(frozenset(), 0, change), EFFECT_SURVEY, question, randbelow)) == 1
    assert len(drawn) == 2


def test_payloads_of_a_full_and_an_empty_week_have_the_same_size() -> None:
    for question in SURVEY.questions:
        sizes = {
            len(answer(watched(frozenset(shows), n), SURVEY, question)) for shows, n in [((), 0), ((10, 20, 30), 99)]
        }
        assert sizes == {question.payload_size}
