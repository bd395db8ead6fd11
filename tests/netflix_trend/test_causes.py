"""Causes in plain words, for people."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from netflix_trend.causes import cause, expected, reason_of, why
from netflix_trend.settings import SettingsError, load_settings

# Words of the system and of the library of models, which nobody has to know.
_JARGON = re.compile(
    r"errno|Errno|EACCES|ENO\w+|No such file|Permission denied|Read-only file|No space left|Input should|"
    r"Value error|validation|pydantic|unable to parse|type=",
)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    number: Annotated[int, Field(ge=1, le=5)] = 1
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.5
    kind: Literal["a", "b"] = "a"
    flag: bool = False
    name: Annotated[str, Field(pattern="^[a-z]+$", min_length=2, max_length=4)] = "ab"
    several: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_of_the_system_is_told_without_its_words(number: int) -> None:
    error = OSError(number, os.strerror(number), "/drop/a.csv")
    for said in (cause(error), why(error), reason_of(error)):
        assert said
        assert not _JARGON.search(said)
        assert os.strerror(number) not in said
    assert why(error).startswith("/drop/a.csv: ")
    assert why(error).endswith((".", "?"))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The disk is full. Make room, then try again."),
        (errno.EROFS, "This place can only be read. Name a place that can be written."),
        (errno.EACCES, "This user may not do that there. Check the owner and the rights."),
    ],
)
def test_a_known_cause_says_what_to_do(number: int, said: str) -> None:
    assert why(OSError(number, "as the system says")) == said


@pytest.mark.parametrize(
    "value",
    [
        {"number": 0},
        {"number": 6},
        {"number": "x"},
        {"number": 1.5},
        {"share": 0.0},
        {"share": 1.0},
        {"share": float("nan")},
        {"share": "x"},
        {"kind": "c"},
        {"flag": "perhaps"},
        {"name": "A?"},
        {"name": "a"},
        {"name": "abcdef"},
        {"name": 3},
        {"several": []},
        {"several": [1, 2, 3]},
        {"several": None},
        {"other": 1},
    ],
)
def test_no_word_of_the_library_of_models_reaches_a_person(value: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        _Model.model_validate(value)
    for problem in refused.value.errors(include_url=False, include_input=False):
        assert expected(problem)
        assert not _JARGON.search(expected(problem))
        assert expected(problem) != problem["msg"]


def test_settings_say_what_they_expect_in_plain_words(tmp_path: Path) -> None:
    wrong = {"poll_seconds": "often", "dashboard_port": 0, "join": "perhaps", "date_order": "ydm", "use_chart": "maybe"}
    with pytest.raises(SettingsError) as refused:
        load_settings(**wrong)
    said = str(refused.value)
    assert not _JARGON.search(said)
    assert "POLL_SECONDS: expected a number." in said
    assert "DASHBOARD_PORT: expected 1 or more." in said
    assert "JOIN: expected " in said


def test_no_module_shows_the_words_of_the_system_itself() -> None:
    """Logs may; whoever writes for people takes `causes`."""
    root = Path(__file__).parents[2]
    found = []
    for path in [*(root / "netflix_trend").rglob("*.py"), *(root / "services").rglob("*.py")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            is_log = "_log." in line or "os.strerror(errno.EAGAIN)" in line or path.name == "files.py"
            if not is_log and ("strerror" in line or '["msg"]' in line) and path.name != "causes.py":
                found.append(f"{path.relative_to(root)}:{number}")
    assert found == []
