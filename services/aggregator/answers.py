"""Collections of answers: how often each payload came. Of a million answers no object is made for each."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Answers:
    """Payloads of one size, rising and distinct, S[N], and how many people sent each, int64[N], above 0."""

    payloads: NDArray[np.bytes_]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, payloads: bytes, size: int) -> Answers:
        """Return the answers that lie one after another. size: bytes of each. Raises ValueError for a part of one."""
        # Records of bytes are in the order of Python's bytes; zeros at the end do not matter among records of one size.
        found, counts = np.unique(np.frombuffer(payloads, f"S{size}"), return_counts=True)
        return cls(found, counts.astype(np.int64))

    def total(self) -> int:
        """Return how many there are."""
        return int(self.counts.sum())

    def together(self) -> bytes:
        """Return all payloads one after another, rising."""
        return np.repeat(self.payloads, self.counts).tobytes()

    def distinct(self) -> list[bytes]:
        """Return each payload once, rising, in its whole size."""
        size, data = self.payloads.itemsize, self.payloads.tobytes()
        return [data[place : place + size] for place in range(0, len(data), size)]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Answers)
            and np.array_equal(self.counts, other.counts)
            and np.array_equal(self.payloads, other.payloads)
        )

    __hash__ = None  # type: ignore[assignment]


def table(several: Sequence[Answers]) -> tuple[NDArray[np.bytes_], NDArray[np.int64]]:
    """Return every payload that is in one of several collections, S[N], and how often it is in each, int64[several, N].

    several: one at least.
    """
    payloads, places = np.unique(np.concatenate([one.payloads for one in several]), return_inverse=True)
    counts = np.zeros((len(several), len(payloads)), np.int64)
    begin = 0
    for row, one in zip(counts, several, strict=True):
        row[places[begin : begin + len(one.payloads)]] = one.counts
        begin += len(one.payloads)
    return payloads, counts


def are_apart(one: Answers, other: Answers, smallest: int) -> bool:
    """Return whether the difference of two versions shows no answers, or `smallest` at least, of either sign."""
    _, (left, right) = table([one, other])
    return differ_enough(left, right, smallest)


def differ_enough(one: NDArray[np.int64], other: NDArray[np.int64], smallest: int) -> bool:
    """Return the same of two rows of a table."""
    more = one - other
    return all(size == 0 or size >= smallest for size in (int(more[more > 0].sum()), -int(more[more < 0].sum())))


def distance(one: Answers, other: Answers) -> int:
    """Return how many answers are in one of two collections only."""
    _, (left, right) = table([one, other])
    return int(np.abs(left - right).sum())


def next_version(versions: Sequence[Answers], now: Answers, smallest: int) -> Answers:
    """Return the version of a statistic's answers to publish next: the last one when nothing else may be.

    versions: all that were published, oldest first; one at least. now: the answers that are there. The next version is
    `now`, or the last one with only what was added, or with only what was removed, if that is apart from every version;
    or one that was published before, which shows nothing new: of all these the nearest to `now`.
    """
    payloads, counts = table([*versions, now])
    *published, there = counts
    last = published[-1]
    fresh = [
        one
        for one in (there, np.maximum(last, there), np.minimum(last, there))
        if all(differ_enough(one, each, smallest) for each in published)
    ]
    nearest = min([last, *fresh, *published[:-1]], key=lambda one: int(np.abs(one - there).sum()))
    return Answers(payloads[nearest > 0], nearest[nearest > 0])


def packed(answers: Answers) -> str:
    """Return answers as a batch stores them: sorted payloads one after another, in base64."""
    return base64.b64encode(answers.together()).decode()


def unpacked(text: str, size: int) -> Answers:
    """Return the answers that a batch stores. Raises ValueError for what is no base64, or holds a part of an answer."""
    return Answers.of(base64.b64decode(text, validate=True), size)
