"""What is asked, of whom, and what a participant refuses to answer."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.turns import ROTATION, effect_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.registry import QUESTIONS
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import (
    MAX_SURVEYS_FILE,
    RefusedSurvey,
    Survey,
    default_survey,
    dump_surveys,
    load_surveys,
)

WEEK = Week.parse("2026-W46")
EFFECT_WEEK = Week.parse("2026-W41")  # 5 to 11 October, the first one that begins in the fourth quarter
VERSION = "0123456789abcdef" * 2


def survey(week: Week = WEEK) -> Survey:
    return default_survey(week, VERSION, range(50))


def test_a_survey_round_trips_with_the_same_version() -> None:
    surveys = [survey(WEEK), survey(WEEK - 1)]
    loaded = load_surveys(dump_surveys(surveys))
    assert loaded == surveys
    assert [one.version for one in loaded] == [one.version for one in surveys]


def test_a_question_that_is_asked_twice_is_refused() -> None:
    plain = json.loads(dump_surveys([survey()]))
    plain["open"][0]["questions"].append(plain["open"][0]["questions"][0])
    with pytest.raises(RefusedSurvey, match="asked twice"):
        load_surveys(json.dumps(plain).encode())


def with_volume(**fields: Any) -> bytes:
    """Return a file of surveys whose question about viewing volume has these fields."""
    plain = json.loads(dump_surveys([survey()]))
    questions = plain["open"][0]["questions"]
    place = next(number for number, question in enumerate(questions) if question["name"] == "volume")
    questions[place] |= fields
    return json.dumps(plain).encode()


def test_a_survey_states_the_table_that_viewing_volume_is_asked_with() -> None:
    table = [[place, place, 3] for place in range(16)]
    (read,) = load_surveys(with_volume(intervals=table))
    question = read.question("volume")
    assert isinstance(question, VolumeQuestion)
    assert question.channel.intervals == tuple((place, place, 3) for place in range(16))
    assert read.version != survey().version


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"intervals": [[0, 15, 1], [3, 4, 1]]}, "intervals are unbalanced: bucket 0 is covered 1 times, 3 2 times"),
        ({"intervals": [[0, 15, 1], [8, 7, 1]]}, "interval 1 is empty: it begins at bucket 8 and ends at 7"),
        ({"intervals": [[0, 16, 1]]}, r"interval 0, buckets 0 to 16, lies outside 0\.\.15"),
        ({"intervals": [[-1, 15, 1]]}, r"intervals\.0\.0"),
        ({"intervals": [[0, 64, 1]]}, r"intervals\.0\.1"),
        ({"intervals": [[0, 15, 0]]}, r"intervals\.0\.2"),
        ({"intervals": [[0, 15, 10_001]]}, r"intervals\.0\.2"),
        ({"intervals": [[0, 15, 1.5]]}, r"intervals\.0\.2"),
        ({"intervals": [[0, 15]]}, r"intervals\.0"),
        ({"intervals": [[0, 15, 1]] * 256}, "at most 255"),
        ({"intervals": []}, "at least 1"),
        ({"intervals": [[0, 15, 1]]}, "intervals leave the mean without an unbiased estimate"),
        ({"mechanism": "square_wave"}, "interval_channel"),
        ({"width": 2}, "width"),
    ],
    ids=str,
)
def test_a_table_that_protects_nobody_or_tells_nothing_is_refused_by_name(fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(RefusedSurvey, match=fault):
        load_surveys(with_volume(**fields))


def test_the_version_changes_with_every_part_of_the_content() -> None:
    question = TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=2)
    changes = [
        survey(WEEK + 1),
        default_survey(WEEK, "f" * 32, range(50)),
        default_survey(WEEK, VERSION, range(49)),
        default_survey(WEEK, VERSION, range(50), Fraction(3)),
        survey().model_copy(update={"questions": (question,)}),
    ]
    assert len({one.version for one in [survey(), *changes]}) == 6


def test_everybody_is_asked_in_exactly_one_of_four_consecutive_weeks() -> None:
    for number in range(200):
        email = f"person{number}@example.org"
        asked = [survey(WEEK + offset).question_for(email) is not None for offset in range(12)]
        assert sum(asked) == 3
        assert asked[:4] == asked[4:8] == asked[8:], "the turn is fixed, so a year has at most 13 reports"


def test_questions_are_assigned_by_weight_and_independently_of_the_week() -> None:
    names = Counter[str]()
    changed = 0
    for number in range(6000):
        email = f"person{number}@example.org"
        questions = [q for q in (survey(WEEK + offset).question_for(email) for offset in range(8)) if q]
        names.update(question.name for question in questions)
        changed += questions[0].name != questions[1].name
    assert names["top_shows"] / names.total() == pytest.approx(2 / 3, abs=0.02)
    assert changed / 6000 == pytest.approx(2 * 2 / 9, abs=0.03)


def test_the_assignment_ignores_case_and_blanks_of_the_address() -> None:
    for offset in range(ROTATION):
        asked = survey(WEEK + offset)
        assert asked.question_for("Ann@Example.org ") == asked.question_for("ann@example.org")


def test_life_events_are_asked_about_in_the_first_four_rounds_of_a_quarter() -> None:
    for offset in range(-1, ROTATION + 1):
        names = [question.name for question in survey(EFFECT_WEEK + offset).questions]
        assert ("event_effect" in names) == (0 <= offset < ROTATION)
    question = survey(EFFECT_WEEK + 3).question("event_effect")
    assert isinstance(question, EffectQuestion)
    assert (question.quarter, question.clip, question.odds, question.payload_size) == ("2026-Q3", 12, 8, 1)
    assert question.parameters() == {"clip": 12, "odds": [8, 1], "quarter": "2026-Q3"}


@pytest.mark.parametrize("year", range(2020, 2032))
def test_every_quarter_is_asked_about_in_four_rounds_after_its_end(year: int) -> None:
    for number in range(1, 5):
        quarter = Quarter.parse(f"{year}-Q{number}")
        start = Week.of(quarter.first_day)
        asked = [start + offset for offset in range(40) if effect_quarter(start + offset) == quarter]
        assert len(asked) == ROTATION
        assert asked[-1] == asked[0] + 3
        assert quarter.last_day < asked[0].monday <= quarter.last_day + timedelta(days=7)


def test_everybody_has_exactly_one_chance_to_be_asked_about_a_quarter() -> None:
    names = Counter[str]()
    for number in range(4000):
        email = f"person{number}@example.org"
        asked = [survey(EFFECT_WEEK + offset).question_for(email) for offset in range(ROTATION)]
        (question,) = [question for question in asked if question]
        names[question.name] += 1
    assert [names[name] / 4000 for name in ("top_shows", "volume", "event_effect")] == pytest.approx(
        [0.5, 0.25, 0.25], abs=0.03
    )


def test_a_survey_with_life_events_round_trips() -> None:
    asked = survey(EFFECT_WEEK)
    (loaded,) = load_surveys(dump_surveys([asked]))
    assert loaded == asked
    assert loaded.version == asked.version


def test_other_rounds_are_unchanged() -> None:
    questions = (
        TopShowsQuestion.ask(range(50), k=1, odds=Fraction(8), weight=2),
        VolumeQuestion.ask(odds=Fraction(8), weight=1),
    )
    before = Survey(round=str(WEEK), vocabulary=VERSION, rotation=ROTATION, questions=questions)
    assert survey().version == before.version


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quarter", "2026-Q4"),
        ("quarter", "2026-Q2"),
        ("quarter", "2025-Q3"),
        ("quarter", "2026-Q5"),
        ("quarter", "last"),
        ("quarter", 3),
        ("clip", 0),
        ("clip", 101),
        ("clip", 12.5),
        ("odds", [1, 1]),
        ("odds", [1, 8]),
        ("mechanism", "set_response"),
        ("surprise", 1),
    ],
)
def test_an_invalid_life_event_question_is_refused(field: str, value: object) -> None:
    """Including one about a quarter that is not over, or long past: one round asks about one quarter."""
    plain = json.loads(dump_surveys([survey(EFFECT_WEEK)]))
    plain["open"][0]["questions"][2][field] = value
    with pytest.raises(RefusedSurvey, match=r"survey\.json: open\.0"):
        load_surveys(json.dumps(plain).encode())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["rotation"], 0),
        (["round"], "2026-46"),
        (["round"], "2025-W53"),
        (["vocabulary"], "xyz"),
        (["questions"], []),
        (["questions", 0, "k"], 0),
        (["questions", 0, "k"], 1.5),
        (["questions", 0, "odds"], [1, 8]),
        (["questions", 0, "odds"], [8, 0]),
        (["questions", 0, "odds"], 8),
        (["questions", 0, "odds"], [1, 1]),
        (["questions", 0, "k"], 17),
        (["questions", 0, "size"], 0),
        (["questions", 0, "size"], 51),
        (["questions", 0, "size"], 2.5),
        (["questions", 0, "candidates"], list(range(251))),
        (["questions", 0, "candidates"], [1, 1]),
        (["questions", 0, "candidates"], [-1, 2]),
        (["questions", 0, "mechanism"], "raw"),
        (["questions", 0, "name"], "everything"),
        (["questions", 0, "surprise"], True),
        (["questions", 1, "buckets"], [1, 2]),
        (["questions", 1, "buckets"], [0, 3, 2]),
        (["questions", 1, "name"], "top_shows"),
    ],
)
def test_an_invalid_survey_is_refused_with_the_field(path: list[Any], value: object) -> None:
    plain = json.loads(dump_surveys([survey()]))
    target = plain["open"][0]
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(RefusedSurvey, match=r"survey\.json: open\.0"):
        load_surveys(json.dumps(plain).encode())


def test_a_question_of_a_mechanism_that_is_not_known_is_refused_by_name() -> None:
    """As an aggregator of before subset selection asks it."""
    plain = json.loads(dump_surveys([survey()]))
    question = plain["open"][0]["questions"][0]
    question |= {"mechanism": "set_response", "prime": 65521, "threshold": 7280}
    del question["size"]
    with pytest.raises(RefusedSurvey, match=r"open\.0\.questions\.0\.top_shows\.mechanism: expected subset_selection"):
        load_surveys(json.dumps(plain).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe", b"{" * 100_000, b" " * (MAX_SURVEYS_FILE + 1)])
def test_an_invalid_survey_file_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedSurvey, match=r"survey\.json"):
        load_surveys(data)


def test_limits_refuse_higher_odds_and_questions_that_are_not_allowed() -> None:
    top_shows, volume = survey().questions
    assert Limits().refusal(top_shows) is None
    assert "the limit is 3" in (Limits(odds=Fraction(3)).refusal(top_shows) or "")
    assert "volume" in (Limits(questions=frozenset({"top_shows"})).refusal(volume) or "")
    assert Limits(questions=frozenset({"top_shows"})).refusal(top_shows) is None
    effect = survey(EFFECT_WEEK).questions[2]
    assert Limits().refusal(effect) is None
    assert "event_effect is not among" in (Limits(questions=QUESTIONS - {"event_effect"}).refusal(effect) or "")
    assert "the limit is 3" in (Limits(odds=Fraction(3)).refusal(effect) or "")


@pytest.mark.parametrize(("titles", "bucket"), [(0, 0), (5, 5), (6, 6), (7, 6), (8, 7), (50, 14), (51, 15), (999, 15)])
def test_a_count_belongs_to_the_bucket_that_starts_at_or_below_it(titles: int, bucket: int) -> None:
    assert VolumeQuestion.ask(odds=Fraction(8), weight=1).bucket(titles) == bucket
