"""The file that leaves a participant's machine: build, parse, or refuse it with a reason.

One JSON object of exactly `SIZE` bytes, padded with blanks, so that its length reveals nothing:

    {"checksum": ..., "mechanism": "subset_selection", "parameters": {...}, "payload": "<base64>", "question": ...,
     "round": "2026-W47", "schema_version": 1, "survey": "<version>", "vocabulary": "<version>"}
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from netflix_trend.causes import misfit
from netflix_trend.questions.question import Question
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.model import Strict
from netflix_trend.survey.survey import Survey

SIZE = 512


class RefusedRelease(Exception):
    """A release does not answer the survey; `reason` is one word for counters."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class _Release(Strict):
    schema_version: Literal[1]
    round: Annotated[str, Field(max_length=8)]
    survey: Annotated[str, Field(max_length=32)]
    vocabulary: Annotated[str, Field(max_length=32)]
    question: Annotated[str, Field(max_length=32)]
    mechanism: Annotated[str, Field(max_length=32)]
    parameters: dict[str, Any]
    payload: Annotated[str, Field(max_length=SIZE)]
    checksum: Annotated[str, Field(max_length=64)]


def _seal(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json(content)).hexdigest()


def build_release(survey: Survey, question: Question, payload: bytes) -> bytes:
    """Return the bytes of a release with `payload`, an answer to `question` of `survey`.

    Raises ValueError if the payload does not have the question's size.
    """
    if len(payload) != question.payload_size:
        raise ValueError(f"payload has {len(payload)} bytes, {question.name} needs {question.payload_size}")
    content: dict[str, Any] = {
        "schema_version": 1,
        "round": survey.round,
        "survey": survey.version,
        "vocabulary": survey.vocabulary,
        "question": question.name,
        "mechanism": question.mechanism,
        "parameters": question.parameters(),
        "payload": base64.b64encode(payload).decode(),
    }
    data = canonical_json({**content, "checksum": _seal(content)})
    if len(data) >= SIZE:
        raise ValueError(f"a release of {len(data)} bytes does not fit {SIZE}")
    return data.ljust(SIZE - 1) + b"\n"


def parse_release(data: bytes, survey: Survey, question: Question) -> bytes:
    """Return the payload of a release that answers `question` of `survey`.

    Raises RefusedRelease with the reason: size, not_json, schema, checksum, round, vocabulary, survey, question,
    parameters or payload. The data may come from anybody.
    """
    release = _read_intact(data)
    expected = (
        ("round", survey.round),
        ("vocabulary", survey.vocabulary),
        ("survey", survey.version),
        ("question", question.name),
        ("mechanism", question.mechanism),
        ("parameters", question.parameters()),
    )
    for field, wanted in expected:
        found = getattr(release, field)
        if found != wanted:
            reason = "question" if field == "mechanism" else field
            raise RefusedRelease(reason, f"{field} is {str(found)[:80]!r}, expected {wanted!r}")
    try:
        payload = base64.b64decode(release.payload, validate=True)
    except binascii.Error:
        raise RefusedRelease("payload", "payload is not base64") from None
    if len(payload) != question.payload_size:
        raise RefusedRelease("payload", f"payload has {len(payload)} bytes, expected {question.payload_size}")
    try:
        question.check(payload)
    except ValueError as problem:
        raise RefusedRelease("payload", str(problem)) from None
    return payload


def _read_intact(data: bytes) -> _Release:
    """Return a release of the right size and form whose checksum matches. Raises RefusedRelease."""
    if len(data) != SIZE:
        raise RefusedRelease("size", f"{len(data)} bytes, a release has {SIZE}")
    try:
        release = _Release.model_validate_json(data)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise RefusedRelease("not_json", "not JSON") from None
        raise RefusedRelease("schema", misfit(error)) from None
    # Not model_dump, which copies deeply; the fields were just checked.
    content = {name: value for name, value in release.__dict__.items() if name != "checksum"}
    try:
        intact = _seal(content) == release.checksum
    except ValueError:  # NaN, or a surrogate that has no UTF-8
        intact = False
    if not intact:
        raise RefusedRelease("checksum", "checksum does not match; the file is damaged or not wholly synced")
    return release
