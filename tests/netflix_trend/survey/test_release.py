"""The file that leaves the machine: always the same size, and refused with a reason if it does not answer the
survey."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netflix_trend.periods.weeks import Week
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.survey.release import SIZE, RefusedRelease, _seal, build_release, parse_release
from netflix_trend.survey.survey import default_survey

SURVEY = default_survey(Week.parse("2026-W46"), "0123456789abcdef" * 2, range(50))
TOP_SHOWS, VOLUME = SURVEY.questions
EFFECT_SURVEY = default_survey(Week.parse("2026-W41"), "0123456789abcdef" * 2, range(50))
EFFECT = EFFECT_SURVEY.questions[2]
PAYLOAD = (2_349_059).to_bytes(3, "big")  # the last of the subsets of 5 of 50 shows and a blank


def changed(**fields: object) -> bytes:
    """A release with other fields, sealed again, as an attacker would."""
    content = json.loads(build_release(SURVEY, TOP_SHOWS, PAYLOAD))
    del content["checksum"]
    content |= fields
    data = canonical_json({**content, "checksum": _seal(content)})
    return data.ljust(SIZE - 1) + b"\n"


def reason_of(data: bytes) -> str:
    with pytest.raises(RefusedRelease) as refusal:
        parse_release(data, SURVEY, TOP_SHOWS)
    return refusal.value.reason


def test_a_payload_round_trips() -> None:
    assert parse_release(build_release(SURVEY, TOP_SHOWS, PAYLOAD), SURVEY, TOP_SHOWS) == PAYLOAD
    assert parse_release(build_release(SURVEY, VOLUME, b"\x13"), SURVEY, VOLUME) == b"\x13"
    assert parse_release(build_release(EFFECT_SURVEY, EFFECT, b"\x02"), EFFECT_SURVEY, EFFECT) == b"\x02"


def test_every_release_of_every_question_has_the_same_size() -> None:
    sizes = {len(build_release(SURVEY, TOP_SHOWS, n.to_bytes(3, "big"))) for n in range(0, 2_349_060, 39_999)}
    sizes |= {len(build_release(SURVEY, VOLUME, bytes([n]))) for n in range(20)}
    sizes |= {len(build_release(EFFECT_SURVEY, EFFECT, bytes([n]))) for n in range(3)}
    assert sizes == {SIZE}


def test_a_release_holds_nothing_but_what_is_public_and_the_payload() -> None:
    content = json.loads(build_release(SURVEY, TOP_SHOWS, PAYLOAD))
    assert set(content) == {
        *("schema_version", "round", "survey", "vocabulary", "question", "mechanism"),
        *("parameters", "payload", "checksum"),
    }
    assert base64.b64decode(content["payload"]) == PAYLOAD


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        ("size", b""),
        ("size", b" " * (SIZE - 1)),
        ("size", b" " * 10_000),
        ("not_json", b"x" * SIZE),
        ("not_json", b"\xff" * SIZE),
        ("not_json", (b"[" * SIZE)[:SIZE]),
        ("schema", b"[]".ljust(SIZE)),
        ("schema", changed(extra=1)),
        ("schema", changed(schema_version=2)),
        ("schema", changed(round=46)),
        ("checksum", build_release(SURVEY, TOP_SHOWS, PAYLOAD).replace(b"top_shows", b"top_showz")),
        ("round", changed(round="2026-W45")),
        ("vocabulary", changed(vocabulary="f" * 32)),
        ("survey", changed(survey="f" * 32)),
        ("question", changed(question="volume")),
        ("question", changed(mechanism="raw")),
        ("parameters", changed(parameters={"odds": [1000, 1]})),
        ("parameters", changed(parameters={})),
        ("payload", changed(payload="!!!!")),
        ("payload", changed(payload=base64.b64encode(PAYLOAD[:-1]).decode())),
        ("payload", changed(payload=base64.b64encode(PAYLOAD * 4).decode())),
        ("payload", changed(payload=base64.b64encode((2_349_060).to_bytes(3, "big")).decode())),
        ("payload", changed(payload=base64.b64encode(b"\xff\xff\xff").decode())),
    ],
)
def test_a_wrong_answer_is_refused_with_its_reason(reason: str, data: bytes) -> None:
    assert reason_of(data) == reason


def test_a_volume_report_outside_the_range_is_refused() -> None:
    with pytest.raises(RefusedRelease, match=r"outside 0\.\.21"):
        parse_release(build_release(SURVEY, VOLUME, b"\x1d"), SURVEY, VOLUME)


@pytest.mark.parametrize("payload", [b"\x03", b"\xff"])
def test_an_answer_about_life_events_outside_the_range_is_refused(payload: bytes) -> None:
    with pytest.raises(RefusedRelease, match=r"outside 0\.\.2") as refusal:
        parse_release(build_release(EFFECT_SURVEY, EFFECT, payload), EFFECT_SURVEY, EFFECT)
    assert refusal.value.reason == "payload"


def test_an_answer_about_another_quarter_is_refused() -> None:
    content = json.loads(build_release(EFFECT_SURVEY, EFFECT, b"\x01"))
    del content["checksum"]
    content["parameters"]["quarter"] = "2026-Q2"
    data = canonical_json({**content, "checksum": _seal(content)}).ljust(SIZE)
    with pytest.raises(RefusedRelease) as refusal:
        parse_release(data, EFFECT_SURVEY, EFFECT)
    assert refusal.value.reason == "parameters"


def test_an_answer_to_the_other_question_is_refused() -> None:
    with pytest.raises(RefusedRelease) as refusal:
        parse_release(build_release(SURVEY, VOLUME, b"\x01"), SURVEY, TOP_SHOWS)
    assert refusal.value.reason == "question"


def test_a_payload_of_the_wrong_size_is_not_built() -> None:
    with pytest.raises(ValueError, match="needs 3"):
        build_release(SURVEY, TOP_SHOWS, b"\x00")


@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_arbitrary_bytes_never_crash_the_parser(data: bytes) -> None:
    assert reason_of(data)


@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_a_flipped_byte_never_changes_the_payload(place: int, flip: int) -> None:
    data = bytearray(build_release(SURVEY, TOP_SHOWS, PAYLOAD))
    data[place] ^= flip
    with contextlib.suppress(RefusedRelease):
        assert parse_release(bytes(data), SURVEY, TOP_SHOWS) == PAYLOAD
