"""Sentences that a file holds are found whatever they contain, with little work."""

from __future__ import annotations

import pytest

from netflix_trend.language import spoken
from netflix_trend.told_again import _between, _found, _texts, told_again
from tests.services.dashboard.invented import Invented


class Counting(str):
    """A text that counts how often something is looked for in it."""

    __slots__ = ("searches",)
    searches: int

    def find(self, *arguments: object) -> int:
        self.searches = getattr(self, "searches", 0) + 1
        return super().find(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("literals", "names", "sentence", "values"),
    [
        (("", " of ", ""), ("a", "b"), "one of two", {"a": "one", "b": "two"}),
        (("", " of ", ""), ("a", "b"), "one of two of three", {"a": "one", "b": "two of three"}),
        (("x ", " of ", "."), ("a", "b"), "x 1 of 2.", {"a": "1", "b": "2"}),
        (("", " and ", ""), ("a", "a"), "one and one", {"a": "one"}),
        (("", " and ", ""), ("a", "a"), "one and two", None),
        (("", " of ", ""), ("a", "b"), "one of ", None),
        (("", " of ", ""), ("a", "b"), " of two", None),
        (("ab", "ba"), ("a",), "aba", None),
        (("", "", ""), ("a", "b"), "xyz", {"a": "x", "b": "yz"}),
        (("plain",), (), "plain", {}),
        (("plain",), (), "plain plain", None),
    ],
)
def test_values_stand_between_the_words_of_a_text(
    literals: tuple[str, ...], names: tuple[str, ...], sentence: str, values: dict[str, str] | None
) -> None:
    assert _between(literals, names, sentence) == values


@pytest.mark.parametrize("sentence", ["a, " * 600, ": " * 900, "1 of 2 to 3, " * 150, "x: " * 600])
def test_every_text_looks_for_each_of_its_words_once_in_a_hostile_sentence(sentence: str) -> None:
    for text in _texts():
        counted = Counting(sentence)
        text.values_in(counted)
        # Once with the name of a file before it, and once without.
        assert getattr(counted, "searches", 0) <= 2 * len(text.literals)


def test_a_sentence_with_many_ends_is_looked_at_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr("netflix_trend.told_again._found", looked.append)
    with spoken(Invented()):
        assert told_again("x: " * 600) == "x: " * 600
    assert len(looked) <= 25


def test_several_stored_sentences_are_told_one_after_the_other() -> None:
    first, second = "the disk is full.", "Make room, then try again."
    with spoken(Invented()):
        assert told_again(f"{first} {second} {first}") == " ".join([_found(first), _found(second), _found(first)])
        assert told_again(f"{second} Nobody has marked this.") == f"{_found(second)} Nobody has marked this."
