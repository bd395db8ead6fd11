"""What one week of one person says, and how it is bounded."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.release import decode_coefficients
from netflix_trend.simulation.population import seeded_randomness
from netflix_trend.survey import TopShowsQuestion, VolumeQuestion, default_survey
from netflix_trend.weeks import Week
from services.publisher.contributions import Contribution, answer, choose, load_profiles

WEEK = Week.parse("2026-W46")  # 9 to 15 November
VERSION = "0123456789abcdef" * 2
SURVEY = default_survey(WEEK, VERSION, [30, 10, 20])


def profile(folder: Path, rows: list[tuple[str, int, int, int]], covered: date, version: str = VERSION) -> None:
    folder.mkdir(parents=True)
    full = np.array([tuple(row) for row in rows], dtype=FULL_DTYPE)
    save_encodings(folder, Encodings(full, np.zeros(40, "<i4"), version, covered))


def test_a_week_holds_its_monday_and_sunday_and_no_other_day(tmp_path: Path) -> None:
    days = ["2026-11-08", "2026-11-09", "2026-11-15", "2026-11-16"]
    profile(tmp_path / "profiles" / "me", [(day, n, n, 0) for n, day in enumerate(days)], date(2026, 11, 20))
    profiles = load_profiles(tmp_path)
    assert profiles is not None
    assert profiles.contribution(WEEK) == Contribution(frozenset({1, 2}), 2)


def test_all_profiles_are_one_person(tmp_path: Path) -> None:
    profile(tmp_path / "profiles" / "me", [("2026-11-10", 0, 5, 0), ("2026-11-10", 1, 6, 0)], date(2026, 11, 20))
    profile(tmp_path / "profiles" / "kids", [("2026-11-11", 0, 6, 0), ("2026-11-12", 1, -1, 1)], date(2026, 11, 18))
    profiles = load_profiles(tmp_path)
    assert profiles is not None
    assert profiles.contribution(WEEK) == Contribution(frozenset({5, 6}), 4)
    assert profiles.covered_through == date(2026, 11, 18)


def test_trailers_do_not_count_and_unknown_titles_do(tmp_path: Path) -> None:
    rows = [("2026-11-10", 0, 3, 4), ("2026-11-10", 1, -1, 2), ("2026-11-10", 2, -1, 3)]
    profile(tmp_path / "profiles" / "me", rows, date(2026, 11, 20))
    profiles = load_profiles(tmp_path)
    assert profiles is not None
    assert profiles.contribution(WEEK) == Contribution(frozenset(), 2)


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
    """Over many draws the watched candidate is in about half of the noisy sets, the others in 11 %."""
    question = SURVEY.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    randbelow = seeded_randomness(2)
    payloads = [answer(Contribution(frozenset({10, 99}), 3), SURVEY, question, randbelow) for _ in range(4000)]
    counts = question.channel.count(decode_coefficients(question, payloads))
    from netflix_trend.survey import shuffled_positions

    by_candidate = counts[list(shuffled_positions(SURVEY.round, 3))] / 4000
    assert by_candidate.tolist() == pytest.approx([0.111, 0.5, 0.111], abs=0.03)


def test_a_volume_answer_is_near_the_bucket() -> None:
    question = SURVEY.question("volume")
    assert isinstance(question, VolumeQuestion)
    randbelow = seeded_randomness(3)
    reports = [answer(Contribution(frozenset(), 9), SURVEY, question, randbelow)[0] for _ in range(2000)]
    near = sum(7 <= report <= 11 for report in reports) / 2000  # bucket 7 holds 8 and 9, width 2
    assert near == pytest.approx(40 / 55, abs=0.04)


def test_payloads_of_a_full_and_an_empty_week_have_the_same_size() -> None:
    for question in SURVEY.questions:
        sizes = {
            len(answer(Contribution(frozenset(shows), n), SURVEY, question))
            for shows, n in [((), 0), ((10, 20, 30), 99)]
        }
        assert sizes == {question.payload_size}
