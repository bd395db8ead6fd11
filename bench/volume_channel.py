"""`python -m bench.volume_channel`: makes the tables of the interval channel for weekly viewing (decision 0108).

    python -m bench.volume_channel            compare the shipped tables with the best that there can be
    python -m bench.volume_channel --write    make netflix_trend/questions/volume/intervals.csv anew

A table is a weight for each interval of buckets. For odds R the channel is linear in the weights, and so is the Fisher
information of a report; the errors below are convex in it. So there is one best table, found by Newton's method with a
logarithmic barrier (S. Boyd, L. Vandenberghe, Convex Optimization, chapters 10 and 11), and then rounded.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from netflix_trend.privacy.interval_channel import Interval, IntervalChannel
from netflix_trend.questions.volume import tables
from netflix_trend.questions.volume.mean import bucket_titles
from netflix_trend.questions.volume.prior import PRIOR_PEOPLE, prior_shares
from netflix_trend.questions.volume.question import VOLUME_BUCKETS

BUCKETS = len(VOLUME_BUCKETS)
# Every interval but the one that holds all buckets and so tells nothing.
INTERVALS = [(low, high) for low in range(BUCKETS) for high in range(low, BUCKETS) if high - low + 1 < BUCKETS]
# By odds: how many answers a table is made for, and what a title of the mean's error counts, in shares (decision 0108).
# Fewer answers than are expected: errors in this normal approximation fall faster with them than those of drawn rounds.
# At odds 8, tables made for 50 are the best of those for 20 to 400 when 100 to 1,000 answers are drawn.
DESIGNS = {3: (280, 1 / 1500), 8: (50, 1 / 3000), 55: (30, 1 / 3000)}
# Total multiplicity with which every bucket is covered.
COVER = 40
_GAP = 1e-8


@dataclass
class _Term:
    """Errors that the weights decide: sqrt of the diagonal of `wanted` (offset + sum a_o u_o u_o')^-1 wanted'.

    scores: float64[intervals, n], the u_o. prices: float64[errors], what each error counts.
    """

    offset: NDArray[np.float64]
    scores: NDArray[np.float64]
    wanted: NDArray[np.float64]
    prices: NDArray[np.float64]

    def errors(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return float64[errors]."""
        inverse = np.linalg.inv(self.offset + (self.scores.T * weights) @ self.scores)
        squares = np.einsum("ij,jk,ik->i", self.wanted, inverse, self.wanted)
        return np.asarray(np.sqrt(squares), dtype=np.float64)

    def derivatives(
        self, weights: NDArray[np.float64], slopes: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return gradient and Hessian of sum slopes * errors**2 in the weights."""
        inverse = np.linalg.inv(self.offset + (self.scores.T * weights) @ self.scores)
        moved = self.wanted @ inverse
        inner = (moved.T * slopes) @ moved
        crossed = self.scores @ inner @ self.scores.T
        hessian = 2 * (self.scores @ inverse @ self.scores.T) * crossed
        return -np.diag(crossed), hessian


def patterns(odds: float) -> NDArray[np.float64]:
    """Return float64[intervals, B]: `odds` inside each interval, 1 outside."""
    inside = [[low <= bucket <= high for bucket in range(BUCKETS)] for low, high in INTERVALS]
    return np.where(inside, odds, 1.0)


def _terms(odds: int) -> tuple[_Term, _Term]:
    """Return the errors of the shares of people below each bucket, and that of the mean that assumes nothing.

    The first are those of `cumulative_errors`. The second is the least noise of an unbiased mean when all buckets are
    equally common, as `linear_weights` has it, over sqrt(answers).
    """
    answers, price = DESIGNS[odds]
    shape, prior, free = patterns(odds), prior_shares(VOLUME_BUCKETS), BUCKETS - 1
    known = (np.diag(prior) - np.outer(prior, prior))[:free, :free] / (PRIOR_PEOPLE + 1)
    steps = (shape[:, :free] - shape[:, free:]) * np.sqrt(answers / (shape @ prior))[:, None]
    shares = _Term(
        np.linalg.inv(known).astype(np.float64), steps, np.tril(np.ones((free, free))), np.repeat(1 / free, free)
    )
    even = shape * np.sqrt(answers / shape.mean(axis=1))[:, None]
    titles = bucket_titles(VOLUME_BUCKETS)[None, :]
    # Tables leave buckets alike that count the same; a trace of prior keeps the matrix invertible.
    return shares, _Term(1e-9 * np.eye(BUCKETS), even, titles, np.array([price]))


def cost(terms: Sequence[_Term], weights: NDArray[np.float64]) -> float:
    """Return what a table is judged by: mean error of the shares, and its price times that of the mean."""
    return float(sum(term.prices @ term.errors(weights) for term in terms))


def best_weights(odds: int) -> NDArray[np.float64]:
    """Return float64[intervals], the weights with the least cost of all that make every bucket's report sum to 1.

    Square roots are concave, so their tangents bound them: minimising prices / errors * errors**2 again and again ends
    in the minimum. Newton's step keeps sum_o a_o pattern_o = 1 for every bucket.
    """
    terms, sums = _terms(odds), patterns(odds).T
    # To begin with: all intervals a little, single buckets so that the cover is balanced.
    weights = np.full(len(INTERVALS), 0.02)
    covered = np.array([sum(low <= bucket <= high for low, high in INTERVALS) for bucket in range(BUCKETS)])
    for number, (low, high) in enumerate(INTERVALS):
        if low == high:
            weights[number] += 1 + 0.02 * (covered.max() - covered[low])
    weights /= (sums @ weights)[0]
    slopes = [term.prices / term.errors(weights) for term in terms]
    barrier = cost(terms, weights) / len(weights)
    while True:
        weights, is_centred = _step(_Centre(terms, slopes, barrier, sums), weights)
        if is_centred:
            now = [term.prices / term.errors(weights) for term in terms]
            moved = max(float(np.abs(new / old - 1).max()) for new, old in zip(now, slopes, strict=True))
            gap = _GAP * cost(terms, weights) / len(weights)
            if barrier < gap and moved < 1e-6:
                return weights
            barrier, slopes = max(0.3 * barrier, 0.3 * gap), now


@dataclass(frozen=True)
class _Centre:
    """What one pass of Newton's method minimises: sum slopes * errors**2 - barrier * sum log weights, where `sums` of
    the weights stay as they are.
    """

    terms: Sequence[_Term]
    slopes: Sequence[NDArray[np.float64]]
    barrier: float
    sums: NDArray[np.float64]

    def value(self, weights: NDArray[np.float64]) -> float:
        """Return what is minimised."""
        squares = sum(float(s @ t.errors(weights) ** 2) for t, s in zip(self.terms, self.slopes, strict=True))
        return squares - self.barrier * float(np.log(weights).sum())


def _step(centre: _Centre, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Return the weights after one damped step, and whether they are near enough to the minimum."""
    count, rows = len(weights), len(centre.sums)
    gradient, hessian = np.zeros(count), np.zeros((count, count))
    for term, slopes in zip(centre.terms, centre.slopes, strict=True):
        first, second = term.derivatives(weights, slopes)
        gradient, hessian = gradient + first, hessian + second
    # In logarithms of the weights: they differ by orders of magnitude.
    downhill = weights * gradient - centre.barrier
    system = np.zeros((count + rows, count + rows))
    system[:count, :count] = hessian * np.outer(weights, weights) + centre.barrier * np.eye(count)
    system[:count, count:] = (centre.sums * weights).T
    system[count:, :count] = centre.sums * weights
    step = np.linalg.solve(system, np.append(-downhill, np.zeros(rows)))[:count]
    decrement = -float(downhill @ step)
    size, before = min(1.0, 0.95 / max(1e-9, float(-step.min()))), centre.value(weights)
    while size > 1e-9 and centre.value(weights * (1 + size * step)) > before - 1e-4 * size * decrement:
        size /= 2
    return weights * (1 + size * step), decrement < 0.05 * centre.barrier * count or size <= 1e-9


def rounded(weights: NDArray[np.float64], cover: int = COVER) -> tuple[Interval, ...]:
    """Return whole multiplicities that cover every bucket `cover` times, each at most 1 from its weight.

    Balance with whole numbers is a linear programme: its matrix has the ones of every column together, so it is totally
    unimodular, and with whole bounds the corners of what is feasible are whole (A. J. Hoffman, J. B. Kruskal, 1956).
    """
    inside = patterns(2.0).T - 1
    scaled = weights * cover / (inside @ weights)[0]
    below = np.floor(scaled + 1e-9)
    found = linprog(
        1 - 2 * (scaled - below),
        A_eq=inside,
        b_eq=np.full(BUCKETS, cover),
        bounds=list(zip(below, below + 1, strict=True)),
    )
    whole = np.rint(found.x).astype(int)
    assert np.abs(found.x - whole).max() < 1e-6
    return tuple((low, high, int(many)) for (low, high), many in zip(INTERVALS, whole, strict=True) if many)


def weights_of(channel: IntervalChannel) -> NDArray[np.float64]:
    """Return float64[intervals], the weights that a table stands for."""
    weights = np.zeros(len(INTERVALS))
    for low, high, many in channel.intervals:
        weights[INTERVALS.index((low, high))] += many * channel.odds.denominator / channel.total_weight
    return weights


def compared(odds: int, intervals: tuple[Interval, ...]) -> tuple[float, float, float]:
    """Return a table's mean error of the shares below in points and error of the mean in titles, with the answers it is
    made for, and its cost over that of the best table.
    """
    terms = _terms(odds)
    weights = weights_of(IntervalChannel(BUCKETS, intervals, Fraction(odds)))
    shares, mean = (float(term.errors(weights).mean()) for term in terms)
    return 100 * shares, mean, cost(terms, weights) / cost(terms, best_weights(odds))


def written(made: dict[int, tuple[Interval, ...]]) -> str:
    """Return the file of the shipped tables."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("odds", "low", "high", "multiplicity"))
    rows.writerows((odds, *interval) for odds, intervals in made.items() for interval in intervals)
    return text.getvalue()


def main(arguments: Sequence[str] = ()) -> None:
    """Write the tables if asked to, and print how good those are that are shipped."""
    parser = argparse.ArgumentParser(prog="python -m bench.volume_channel")
    parser.add_argument("--write", action="store_true", help="make the tables anew")
    if parser.parse_args(list(arguments)).write:
        made = {odds: rounded(best_weights(odds)) for odds in DESIGNS}
        (Path(tables.__file__).parent / "intervals.csv").write_text(written(made), "utf-8")
    print(f"{'odds':>5}{'outputs':>9}{'answers':>9}{'shares, points':>16}{'mean, titles':>14}{'cost / best':>13}")
    for odds, intervals in tables.shipped_tables().items():
        shares, mean, ratio = compared(odds, intervals)
        print(f"{odds:>5}{len(intervals):>9}{DESIGNS[odds][0]:>9}{shares:>16.2f}{mean:>14.2f}{ratio:>13.5f}")


if __name__ == "__main__":
    main(sys.argv[1:])
