"""`python -m bench next`: how good recommendations are for invented people whose later weeks are known.

Everybody has a latent taste: for genres, and in eight directions that no catalogue names. They watch their shows in
random order; three quarters of these are known, and the rest is what they watch later. The public chart is wrong by a
factor of 2 or so for this group, and about half of the people in the group answer surveys. Rounds go through the
product's own questions, noise included; what is asked in a quarter about pairs, too.

recall@10: how many of ten recommended shows are watched later, of those that can be. NDCG@10: the same, where earlier
places count more (K. Järvelin, J. Kekäläinen, ACM TOIS 20, 2002).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2, sqrt
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray

from bench.rounds import Mode, add_noise, add_up, answer, count
from bench.tables import table
from netflix_trend.catalogue.charts import Charts
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.participant.next_shows import suggested
from netflix_trend.periods.turns import together_quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.published.model import Model, find_model
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.recommend.ranking import ranked
from netflix_trend.recommend.taste import background_of, features_of, taste_of
from netflix_trend.simulation.population import seeded_randomness
from netflix_trend.survey.sum_survey import default_sum_survey
from netflix_trend.survey.survey import default_survey
from netflix_trend.syftbox.shared_files import CANDIDATES
from services.aggregator.charts.listing import week_list
from services.demo.sealed import preset_for

Floats = NDArray[np.float64]

SIZES = (30, 100, 300, 1_000, 5_000)
NUMBER = 10
# Of people whose later weeks are looked at, in each cohort; they answer like everybody else.
_TESTED = 300
# A quarter of weekly rounds, of which one asks about pairs.
_WEEKS = 13
_FIRST = Week.parse("2026-W40")
# How strongly people differ in genres and in directions that no catalogue names, and how wrong the chart is for them:
# standard deviations of the logarithm of how likely a show is watched.
_GENRES, _LATENT, _DIRECTIONS, _CHART = 2.5, 1.5, 8, 0.7
_STEEP = 0.9
_SHOWS, _FEWEST = 35.0, 8


@dataclass(frozen=True)
class Group:
    """Invented people.

    vocabulary: in the public chart's order. before, after: what each has seen, and watches later.
    """

    vocabulary: Vocabulary
    before: Sequence[NDArray[np.int64]]
    after: Sequence[NDArray[np.int64]]

    @classmethod
    def invent(cls, people: int, seed: int) -> Group:
        """Return a group; the same arguments give the same people."""
        generator = np.random.default_rng([seed, people])
        shows = starter_vocabulary().shows
        genres = features_of(shows).matrix
        popularity = -_STEEP * np.log(np.arange(1, len(shows) + 1)) + generator.normal(0, _CHART, len(shows))
        directions = generator.normal(0, 1, (len(shows), _DIRECTIONS)) / 1.5
        before, after = [], []
        for _ in range(people):
            likes = genres @ generator.normal(0, _GENRES, genres.shape[1])
            hidden = directions @ generator.normal(0, _LATENT, _DIRECTIONS)
            number = _FEWEST + generator.poisson(_SHOWS * generator.gamma(3.0, 1 / 3.0))
            # The largest of these are a draw without replacement by the weights (Gumbel).
            chosen = np.argsort(-(popularity + likes + hidden + generator.gumbel(0, 1, len(shows))))[:number]
            generator.shuffle(chosen)
            before.append(chosen[: 3 * number // 4])
            after.append(chosen[3 * number // 4 :])
        return cls(Vocabulary(shows, ()), before, after)

    def weeks(self, seed: int) -> list[list[frozenset[int]]]:
        """Return what everybody watched in each week of a quarter: what they have seen, spread evenly."""
        generator = np.random.default_rng(seed)
        played: list[list[frozenset[int]]] = [[] for _ in range(_WEEKS)]
        for seen in self.before:
            at = generator.integers(0, _WEEKS, len(seen))
            for week, people in enumerate(played):
                people.append(frozenset(seen[at == week].tolist()))
        return played


def rounds_of(group: Group, mode: Mode, seed: int, quarters: int) -> list[RoundStatistics]:
    """Hold the rounds of one or several quarters, and return what is published."""
    randbelow, found = seeded_randomness(seed), list[RoundStatistics]()
    titles, played = [show.title for show in group.vocabulary.shows], group.weeks(seed)
    version, people = group.vocabulary.version, len(group.before)
    ever = [frozenset(seen.tolist()) for seen in group.before]
    for number in range(quarters * _WEEKS):
        week = _FIRST + number
        truths = [
            {"top_shows": shows, "volume": len(shows), "together": all_seen}
            for shows, all_seen in zip(played[number % _WEEKS], ever, strict=True)
        ]
        asked, _ = week_list(Charts(), None, group.vocabulary, answers_to(found, "top_shows"), week, CANDIDATES)
        if mode == "local":
            names = frozenset({"top_shows"})
            survey = default_survey(week, version, asked)
            found.append(count(survey, answer(survey, truths, randbelow).payloads, people, group.vocabulary, names))
            continue
        names = frozenset({"top_shows", "volume", "together"})
        # Years of weekly rounds add little to what a quarter tells, and take long to simulate.
        if number >= _WEEKS and together_quarter(week) is None:
            continue
        summed = default_sum_survey(week, version, asked, people, preset_for(people), names, None, range(len(titles)))
        noisy = add_noise(summed, add_up(summed, truths, randbelow), randbelow)
        found.append(summed.estimate(noisy, people, titles, participants=people))
    return found


def recall(recommended: Sequence[int], later: NDArray[np.int64]) -> float:
    """Return how many recommended shows are watched later, of as many as can be."""
    return len(set(recommended) & set(later.tolist())) / min(NUMBER, len(later))


def gain(recommended: Sequence[int], later: NDArray[np.int64]) -> float:
    """Return the normalized discounted cumulative gain of the recommended shows."""
    wanted = set(later.tolist())
    found = sum(1 / log2(place + 2) for place, show in enumerate(recommended) if show in wanted)
    return found / sum(1 / log2(place + 2) for place in range(min(NUMBER, len(later))))


Recommend = Callable[[NDArray[np.int64]], Sequence[int]]


def by_model(group: Group, model: Model | None) -> Recommend:
    """Return what the product recommends with a model."""
    titles = [show.title for show in group.vocabulary.shows]
    place = {title: number for number, title in enumerate(titles)}

    def recommend(seen: NDArray[np.int64]) -> Sequence[int]:
        shows = {titles[show]: 9 for show in seen.tolist()}
        found = suggested(group.vocabulary, model, shows, [], number=NUMBER)
        return [place[one.title] for one in found.suggestions]

    return recommend


def by_parts(group: Group, popularity: Floats, *, taste: bool) -> Recommend:
    """Return what popularity alone recommends, or with taste."""
    features = features_of(group.vocabulary.shows)
    background = background_of(features, popularity)

    def recommend(seen: NDArray[np.int64]) -> Sequence[int]:
        weights = dict.fromkeys(seen.tolist(), 1.0) if taste else {}
        own = taste_of(features, weights, background)
        return [one.row for one in ranked(features, own, popularity, seen.tolist(), number=NUMBER)]

    return recommend


def by_everything(group: Group) -> Recommend:
    """Return what EASE recommends that sees every history: not private, an upper bound (H. Steck, WWW 2019)."""
    shows = len(group.vocabulary)
    seen_by = np.zeros((len(group.before), shows), np.float32)
    for person, seen in enumerate(group.before):
        seen_by[person, seen] = 1
    gram = (seen_by.T @ seen_by).astype(np.float64)
    gram[np.diag_indices(shows)] += 100.0
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)

    def recommend(seen: NDArray[np.int64]) -> Sequence[int]:
        scores = weights[seen].sum(axis=0)
        scores[seen] = -np.inf
        return np.argsort(-scores, kind="stable")[:NUMBER].tolist()  # type: ignore[no-any-return]

    return recommend


def ways(group: Group, seed: int) -> Mapping[str, Recommend]:
    """Return everything that is compared, by name; the first is what the others are measured against."""
    shows = len(group.vocabulary)
    titles, version = [show.title for show in group.vocabulary.shows], group.vocabulary.version
    chart = 1 / np.arange(1.0, shows + 1)
    exact = np.bincount(np.concatenate(group.before), minlength=shows) / len(group.before)

    def model(mode: Mode, quarters: int = 1) -> Model:
        return find_model(rounds_of(group, mode, seed, quarters), titles, version)

    two, year = model("two"), model("two", 4)
    return {
        "chart + taste": by_model(group, None),
        "chart alone": by_parts(group, chart, taste=False),
        "taste alone": by_parts(group, np.ones(shows), taste=True),
        "local mode": by_model(group, model("local")),
        "two operators": by_model(group, two.model_copy(update={"together": None})),
        "two operators, pairs": by_model(group, two),
        "the same, a year": by_model(group, year),
        "exact popularity + taste": by_parts(group, np.maximum(exact, 1e-6), taste=True),
        "EASE on all histories": by_everything(group),
    }


@dataclass
class Found:
    """Figures of one way by cohort. better: recall above that of `chart + taste`, of the same people."""

    recall: list[float] = field(default_factory=list)
    gain: list[float] = field(default_factory=list)
    better: list[float] = field(default_factory=list)


def measure(people: int, cohorts: int, tested: int = _TESTED) -> dict[str, Found]:
    """Return the figures of all ways for groups of so many people."""
    found: dict[str, Found] = {}
    for seed in range(cohorts):
        group = Group.invent(people, seed)
        some = range(min(tested, people))
        base: list[float] = []
        for name, recommend in ways(group, seed).items():
            lists = [recommend(group.before[person]) for person in some]
            recalls = [recall(one, group.after[person]) for person, one in zip(some, lists, strict=True)]
            base = base or recalls
            known = found.setdefault(name, Found())
            known.recall.append(mean(recalls))
            known.gain.append(mean(gain(one, group.after[person]) for person, one in zip(some, lists, strict=True)))
            known.better.append(mean(recalls) - mean(base))
    return found


def main(arguments: Sequence[str] = ()) -> int:
    """Print a table. Returns 1 if answers make recommendations worse by more than noise."""
    parser = argparse.ArgumentParser(
        prog="python -m bench next", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="*", default=list(SIZES), help="sizes of groups (%(default)s)")
    parser.add_argument("--cohorts", type=int, default=4, help="groups of each size (%(default)s)")
    options = parser.parse_args(list(arguments))
    worse = False
    for people in options.people:
        print(f"{people:,} people ...", end="\r", file=sys.stderr, flush=True)
        found = measure(people, options.cohorts)
        rows = []
        for name, one in found.items():
            error = stdev(one.better) / sqrt(len(one.better)) if len(one.better) > 1 else float("nan")
            rows.append(
                [name, f"{mean(one.recall):.3f}", f"{mean(one.gain):.3f}", f"{mean(one.better):+.3f} ± {error:.3f}"]
            )
            worse |= name in _OURS and mean(one.better) < -2 * error
        columns = ("ranking", "recall@10", "NDCG@10", "above chart + taste")
        print(table(f"{people:,} people", columns, rows), end="\n\n", flush=True)
    return int(worse)


_OURS = ("local mode", "two operators", "two operators, pairs", "the same, a year")
