"""How an aggregator introduces itself: consistent, in words, and nothing else is taken for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netflix_trend.published.introduction import (
    MAX_INTRODUCTION,
    IntroducedOperator,
    Introduction,
    IntroductionError,
    settings_for,
)
from netflix_trend.settings import load_settings

HERE, HELPER = "aggregator@example.com", "helper@example.net"
LOCAL: dict[str, Any] = {
    "aggregator": HERE,
    "name": "Our cinema club",
    "software": "netflix-trend 0.2.0",
    "mode": "local",
    "questions": ("top_shows", "volume"),
    "odds": (8, 1),
}
FIRST = IntroducedOperator(role="aggregator", datasite=HERE, key="ab" * 32)
SECOND = IntroducedOperator(role="helper", datasite=HELPER, key="cd" * 32)
TWO = {**LOCAL, "mode": "two", "odds": None, "rho": (1079, 10_000), "operators": (FIRST, SECOND)}


def test_a_file_is_read_as_it_was_written() -> None:
    for fields in (LOCAL, TWO):
        written = Introduction(**fields)
        assert Introduction.from_bytes(written.to_bytes(), HERE) == written


def test_it_says_what_is_asked_what_it_costs_and_whom_to_trust() -> None:
    local, two = Introduction(**LOCAL), Introduction(**TWO)
    one = Introduction(**{**TWO, "mode": "one", "operators": (FIRST,)})
    assert local.asks == "It asks about top shows and viewing volume."
    assert "at most 8 (epsilon 2.08): a 10 % suspicion can become at most 47 %" in local.cost
    assert "about 8 (epsilon 2.08), except with a chance of one in a million" in two.cost
    assert "Nobody has to be trusted" in local.trust
    assert HELPER in two.trust
    assert "you would have to trust it" in one.trust


def test_a_question_of_a_later_version_is_counted_not_shown() -> None:
    found = Introduction(**{**LOCAL, "questions": ("top_shows", "secret_question")})
    assert found.asks == "It asks about top shows and 1 question that this version does not know."


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Nice\x1b[2J"},
        {"name": "two\nlines"},
        {"name": "\u202eevil"},
        {"name": "a" * 61},
        {"name": "somebody@example.org"},
        {"aggregator": "../../etc"},
        {"mode": "two"},
        {"odds": None},
        {"odds": (1, 2)},
        {"rho": (1, 10)},
        {"operators": (FIRST,)},
        {"questions": ()},
        {"questions": ("<b>bold</b>",)},
        {"questions": tuple(f"q{number}" for number in range(21))},
        {"schema_version": 2},
        {"more": 1},
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        Introduction(**{**LOCAL, **change})


@pytest.mark.parametrize(
    "operators",
    [(SECOND, FIRST), (FIRST, FIRST), (FIRST,), (FIRST, SECOND.model_copy(update={"datasite": HERE}))],
)
def test_operators_are_the_aggregator_and_somebody_else(operators: tuple[IntroducedOperator, ...]) -> None:
    with pytest.raises(ValueError, match="operator"):
        Introduction(**{**TWO, "operators": operators})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not_json"),
        (b"[" * 5000, "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"{}", "schema"),
        (b"[]", "schema"),
        (b" " * (MAX_INTRODUCTION + 1), "too_large"),
        (json.dumps({**json.loads(Introduction(**LOCAL).to_bytes()), "schema_version": 2}).encode(), "newer_version"),
        (json.dumps({"schema_version": 1, "round": "2026-W46", "vocabulary": "a" * 32}).encode(), "earlier_version"),
        (Introduction(**{**LOCAL, "aggregator": "other@example.com"}).to_bytes(), "another_address"),
    ],
)
def test_a_file_that_is_no_introduction_has_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(IntroductionError) as refused:
        Introduction.from_bytes(data, HERE)
    assert refused.value.reason == reason


def test_choosing_sets_the_operators_and_takes_out_those_of_an_earlier_choice() -> None:
    assert settings_for(HERE, Introduction(**TWO)) == {
        "AGGREGATOR_DATASITE": HERE,
        "AGGREGATOR_KEY": "ab" * 32,
        "HELPER_DATASITE": HELPER,
        "HELPER_KEY": "cd" * 32,
    }
    empty = dict.fromkeys(("AGGREGATOR_KEY", "HELPER_DATASITE", "HELPER_KEY"), "")
    for introduction in (Introduction(**LOCAL), None):
        assert settings_for(HERE, introduction) == {"AGGREGATOR_DATASITE": HERE, **empty}


@pytest.mark.parametrize(
    "name",
    ["Club\x07", "x" * 61, "me@example.org", "✓ verified", "Club”, checked by SyftBox", "a\u202eb", "me＠example.org"],
)
def test_the_setting_takes_plain_names_only(name: str) -> None:
    with pytest.raises(Exception, match=r"AGGREGATOR_NAME: .*printable"):
        load_settings(aggregator_name=name)
    for plain in ("Our cinema club", "Anna's Kino-Klub", "映画クラブ + TV"):
        assert load_settings(aggregator_name=plain).aggregator_name == plain
