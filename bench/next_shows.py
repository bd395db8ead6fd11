"""`python -m bench next`: how good recommendations are for invented people whose later weeks are known.

The public chart is wrong by a factor of 2 or so for a group (`bench.next_groups`). Rounds go through the product's own
questions, noise included; what is asked in a quarter about pairs, too. `--chart FILE` puts the people into Netflix's
own weeks, which it offers for download (a TSV); nothing of that file is kept.

recall@10: how many of ten recommended shows are watched later, of those that can be. NDCG@10: the same, where earlier
places count more (K. Järvelin, J. Kekäläinen, ACM TOIS 20, 2002).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import log2, sqrt
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from bench.next_groups import WEEKS, Floats, Group, Replay, Shows, Still
from bench.rounds import Mode, add_noise, add_up, answer, count
from bench.tables import table
from netflix_trend.participant.next_shows import suggested
from netflix_trend.periods.turns import together_quarter
from netflix_trend.published.model import Model, find_model
from netflix_trend.published.statistics import RoundStatistics, answers_to
from netflix_trend.recommend.ranking import ranked
from netflix_trend.recommend.taste import background_of, features_of, taste_of
from netflix_trend.simulation.population import seeded_randomness
from netflix_trend.survey.sum_survey import default_sum_survey
from netflix_trend.survey.survey import default_survey
from services.demo.sealed import preset_for

SIZES = (30, 100, 300, 1_000, 5_000)
NUMBER = 10
# Of people whose later weeks are looked at, in each cohort; they answer like everybody else.
_TESTED = 300


def rounds_of(group: Group, mode: Mode, seed: int, quarters: int) -> list[RoundStatistics]:
    """Hold the rounds of one or several quarters in which people watch the same, and return what is published."""
    randbelow, found = seeded_randomness(seed), list[RoundStatistics]()
    vocabulary, people = group.vocabulary, len(group.before)
    titles = [show.title for show in vocabulary.shows]
    place = {title: number for number, title in enumerate(titles)}
    for number, played in enumerate(list(group.weeks()) * quarters):
        week = played.week + (number - number % WEEKS)
        # Years of weekly rounds add little to what a quarter tells, and take long to simulate.
        if number >= WEEKS and (mode == "local" or together_quarter(week) is None):
            continue
        truths = [
            {"top_shows": shows, "volume": len(shows), "together": ever}
            for shows, ever in zip(played.watched, played.ever, strict=True)
        ]
        asked, chart = group.listing(week, answers_to(found, "top_shows"))
        if mode == "local":
            survey = default_survey(week, vocabulary.version, asked, chart=chart)
            names = frozenset({"top_shows"})
            found.append(count(survey, answer(survey, truths, randbelow).payloads, people, vocabulary, names))
            continue
        names = frozenset({"top_shows", "volume", "together"})
        asks_pairs = together_quarter(week) is not None
        popular = find_model(found, titles[: len(group.known)], vocabulary.version).shows if asks_pairs else ()
        summed = default_sum_survey(
            week,
            vocabulary.version,
            asked,
            people,
            preset_for(people),
            names,
            chart,
            [place[show.title] for show in popular],
        )
        noisy = add_noise(summed, add_up(summed, truths, randbelow), randbelow)
        found.append(summed.estimate(noisy, people, titles, participants=people))
    return found


def recall(recommended: Sequence[int], later: Shows) -> float:
    """Return how many recommended shows are watched later, of as many as can be."""
    return len(set(recommended) & set(later.tolist())) / min(NUMBER, len(later))


def gain(recommended: Sequence[int], later: Shows) -> float:
    """Return the normalized discounted cumulative gain of the recommended shows."""
    wanted = set(later.tolist())
    found = sum(1 / log2(place + 2) for place, show in enumerate(recommended) if show in wanted)
    return found / sum(1 / log2(place + 2) for place in range(min(NUMBER, len(later))))


Recommend = Callable[[Shows], Sequence[int]]


def by_model(group: Group, model: Model) -> Recommend:
    """Return what the product recommends with a model."""
    titles = [show.title for show in group.known.shows]
    place = {title: number for number, title in enumerate(titles)}

    def recommend(seen: Shows) -> Sequence[int]:
        shows = {titles[show]: 9 for show in seen.tolist()}
        found = suggested(group.known, model, shows, [], number=NUMBER)
        return [place[one.title] for one in found.suggestions]

    return recommend


def by_parts(group: Group, popularity: Floats, *, taste: bool) -> Recommend:
    """Return what popularity alone recommends, or with taste. popularity: float64[shows that are known]."""
    features = features_of(group.known.shows)
    background = background_of(features, popularity)

    def recommend(seen: Shows) -> Sequence[int]:
        weights = dict.fromkeys(seen.tolist(), 1.0) if taste else {}
        own = taste_of(features, weights, background)
        return [one.row for one in ranked(features, own, popularity, seen.tolist(), number=NUMBER)]

    return recommend


def by_everything(group: Group) -> Recommend:
    """Return what EASE recommends that sees every history: not private, an upper bound (H. Steck, WWW 2019)."""
    shows = len(group.known)
    seen_by = np.zeros((len(group.before), shows), np.float32)
    for person, seen in enumerate(group.before):
        seen_by[person, seen] = 1
    gram = (seen_by.T @ seen_by).astype(np.float64)
    gram[np.diag_indices(shows)] += 100.0
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)

    def recommend(seen: Shows) -> Sequence[int]:
        scores = weights[seen].sum(axis=0)
        scores[seen] = -np.inf
        return np.argsort(-scores, kind="stable")[:NUMBER].tolist()  # type: ignore[no-any-return]

    return recommend


def ways(group: Group, seed: int) -> Mapping[str, Recommend]:
    """Return everything that is compared, by name; the first is what the others are measured against."""
    shows, version = len(group.known), group.vocabulary.version
    titles, order = ([group.known.shows[show].title for show in places] for places in (range(shows), group.order))
    place = np.empty(shows)
    place[list(group.order)] = np.arange(1, shows + 1)

    def model(mode: Mode, quarters: int = 1) -> Model:
        return find_model(rounds_of(group, mode, seed, quarters), titles, version)

    two = model("two")
    found = {
        "chart + taste": by_model(group, find_model([], order, version)),
        "chart alone": by_parts(group, 1 / place, taste=False),
        "taste alone": by_parts(group, np.ones(shows), taste=True),
        "local mode": by_model(group, model("local")),
        "two operators": by_model(group, two.model_copy(update={"together": None})),
        "two operators, pairs": by_model(group, two),
    }
    if isinstance(group, Still):
        found["the same, a year"] = by_model(group, model("two", 4))
    return found | {
        "exact popularity + taste": by_parts(group, _reach(group.before, shows), taste=True),
        "later popularity + taste": by_parts(group, _reach(group.after, shows), taste=True),
        "EASE on all histories": by_everything(group),
    }


def _reach(watched: Sequence[Shows], shows: int) -> Floats:
    """Return the share of people who watched each show, float64[shows], a little for those that nobody did."""
    return np.maximum(np.bincount(np.concatenate(watched), minlength=shows) / len(watched), 1e-6)


@dataclass
class Found:
    """Figures of one way by cohort. better: recall above that of `chart + taste`, of the same people."""

    recall: list[float] = field(default_factory=list)
    gain: list[float] = field(default_factory=list)
    better: list[float] = field(default_factory=list)


def measure(make: Callable[[int, int], Group], people: int, cohorts: int, tested: int = _TESTED) -> dict[str, Found]:
    """Return the figures of all ways for groups of so many people. make: a group from a size and a seed."""
    found: dict[str, Found] = {}
    for seed in range(cohorts):
        group = make(people, seed)
        # Of those who watch something later.
        some = [person for person in range(people) if len(group.after[person])][:tested]
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
    """Print a table for each size. Returns 1 if answers make recommendations worse by more than noise."""
    parser = argparse.ArgumentParser(
        prog="python -m bench next", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="*", default=list(SIZES), help="sizes of groups (%(default)s)")
    parser.add_argument("--cohorts", type=int, default=4, help="groups of each size (%(default)s)")
    parser.add_argument("--tested", type=int, default=_TESTED, help="people of each whose later weeks are looked at")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="Netflix's weekly global lists, a TSV")
    options = parser.parse_args(list(arguments))
    if options.chart and not options.chart.is_file():
        parser.error(f"{options.chart}: no such file; Netflix offers it for download at netflix.com/tudum/top10")
    make = partial(Replay, options.chart) if options.chart else Still
    worse = False
    for people in options.people:
        print(f"{people:,} people ...", end="\r", file=sys.stderr, flush=True)
        found = measure(make, people, options.cohorts, options.tested)
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
