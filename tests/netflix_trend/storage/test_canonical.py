"""Canonical JSON: equal values have equal bytes, on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.storage.canonical import canonical_json, content_version

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def backwards(value: Any) -> Any:
    """Return an equal value whose objects were filled in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(list(value))}
    return [backwards(part) for part in value] if isinstance(value, list) else value


def test_canonical_json_has_sorted_keys_no_blanks_and_plain_utf8() -> None:
    value = {"b": [1, True, None, 0.5], "a": {"z": "é 오", "y": "\n"}, "A": {}}
    assert canonical_json(value) == '{"A":{},"a":{"y":"\\n","z":"é 오"},"b":[1,true,null,0.5]}'.encode()


@settings(max_examples=100)
@given(VALUES)
def test_the_order_in_which_an_object_was_filled_changes_nothing(value: Any) -> None:
    assert canonical_json(value) == canonical_json(backwards(value))


@settings(max_examples=100)
@given(VALUES)
def test_canonical_json_is_read_back_as_the_same_value(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


def test_the_order_of_a_list_matters() -> None:
    assert canonical_json([1, 2]) != canonical_json([2, 1])
    assert content_version([1, 2]) != content_version([2, 1])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_without_a_json_form_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"share": [value]})


def test_text_without_a_utf8_form_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical_json("\ud800")


def test_a_version_is_the_start_of_the_sha256_of_the_canonical_bytes() -> None:
    assert content_version({}) == "44136fa355b3678a1146ad16f7e8649e"
    assert content_version({"b": 1, "a": "é"}) == hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()[:32]


@settings(max_examples=100)
@given(VALUES, VALUES)
def test_two_values_share_a_version_only_when_their_bytes_are_equal(one: Any, other: Any) -> None:
    assert (content_version(one) == content_version(other)) == (canonical_json(one) == canonical_json(other))
