"""Causes in plain words, for people."""

from __future__ import annotations

import ast
import errno
import os
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from netflix_trend.causes import cause, expected, misfit, reason_of, why
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


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"number": 0}, "number: expected 1 or more"),
        ({"several": [1, "x"]}, "several.1: expected a whole number"),
        ("no object", "file: it is not what was expected"),
        ({"x" * 500: 1}, f"{'x' * 80}: this version does not know it"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(value: object, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _Model.model_validate(value)
    assert misfit(refused.value) == reason_of(refused.value) == said


def test_settings_say_what_they_expect_in_plain_words(tmp_path: Path) -> None:
    wrong = {"poll_seconds": "often", "dashboard_port": 0, "join": "perhaps", "date_order": "ydm", "use_chart": "maybe"}
    with pytest.raises(SettingsError) as refused:
        load_settings(**wrong)
    said = str(refused.value)
    assert not _JARGON.search(said)
    assert "POLL_SECONDS: expected a number." in said
    assert "DASHBOARD_PORT: expected 1 or more." in said
    assert "JOIN: expected " in said


# Of the standard library and of those that we use; ValueError may be ours.
_LIBRARIES = {
    *("OSError", "PermissionError", "FileNotFoundError", "ValidationError", "UnicodeDecodeError", "JSONDecodeError"),
    *(
        "Error",
        "error",
        "ExpatError",
        "BadZipFile",
        "BadGzipFile",
        "EOFError",
        "KeyError",
        "RedisError",
        "HTTPException",
    ),
}
_MODULES = [
    path for folder in ("netflix_trend", "services") for path in (Path(__file__).parents[2] / folder).rglob("*.py")
]


def test_no_module_shows_the_words_of_the_system_itself() -> None:
    """Logs may; whoever writes for people takes `causes`."""
    found = []
    for path in _MODULES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            is_log = "_log." in line or "os.strerror(errno.EAGAIN)" in line or path.name == "files.py"
            if not is_log and re.search(r"""strerror|\[["']msg["']\]""", line) and path.name != "causes.py":
                found.append(f"{path.name}:{number}")
    assert found == []


def test_no_module_says_an_error_of_a_library_as_it_is() -> None:
    assert [f"{path.name}:{line}" for path in _MODULES for line in said_as_they_are(path.read_text())] == []


@pytest.mark.parametrize("said", ['f"damaged: {error}"', "str(error)", '_("damaged: %(why)s", why=error)'])
def test_an_error_that_is_said_as_it_is_is_found(said: str) -> None:
    assert said_as_they_are(f"try:\n  f()\nexcept (KeyError, csv.Error) as error:\n  raise Ours({said})") == [4]
    assert not said_as_they_are(f"try:\n  f()\nexcept OursError as error:\n  raise Ours({said})")


def said_as_they_are(source: str) -> list[int]:
    """Return the lines in which the text of an error of a library goes into a text; its class may, and logs may."""
    found = []
    for handler in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler)):
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        names = {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in types}
        if handler.name and names <= _LIBRARIES:
            for node in (inner for statement in handler.body for inner in ast.walk(statement)):
                told = [node.value] if isinstance(node, ast.FormattedValue) else []
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("str", "_", "ngettext"):
                    told = [*node.args, *(keyword.value for keyword in node.keywords)]
                found += [one.lineno for one in told if isinstance(one, ast.Name) and one.id == handler.name]
    return found
