"""`python -m bench.chart_lists FILE`: how many of a week's true first five series are on the list of its round.

FILE is Netflix's weekly list of the world, all weeks (a TSV that Netflix offers for download). People watch as the
world does. Lists are the product's, week by week, with the vocabulary that grows by the charts: made when the week's
chart came in time, when it is still last week's, and without any chart. Participants answer in local mode, so that past
answers can suggest what they can.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.cohorts import contained
from bench.populations import LISTINGS, Listing, Replayed, candidates
from bench.rounds import answer, count
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.simulation.population import seeded_randomness
from netflix_trend.survey.survey import default_survey
from netflix_trend.syftbox.shared_files import CANDIDATES

_SHOWS = frozenset({"top_shows"})


def lists(
    population: Replayed, listing: Listing, people: int, length: int = CANDIDATES
) -> Iterator[tuple[Week, list[int], float]]:
    """Yield each week's list and which part of the true first five it holds, from the second week of the file on.

    people: participants of local mode; 0: nobody answers.
    """
    weeks, vocabulary, randbelow = len(population.weekly) - 1, population.vocabulary, seeded_randomness(1)
    first, rounds = population.first_week(0, weeks), list[tuple[str, TopShows]]()
    for number, played in enumerate(population.play(max(1, people), 0, weeks)):
        week = first + number
        listed, chart = candidates(population, week, listing, rounds[-MAX_ROUNDS:], length)
        yield week, listed, contained(played.popularity, listed)
        if people:
            survey = default_survey(week, vocabulary.version, listed, chart=chart)
            payloads = answer(survey, [{"top_shows": shows} for shows in played.shows], randbelow).payloads
            rounds.append((str(week), count(survey, payloads, people, vocabulary, _SHOWS).top_shows))


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chart_lists", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="Netflix's weekly list of the world")
    parser.add_argument("--people", type=int, default=1000, help="participants; 0: nobody answers (%(default)s)")
    options = parser.parse_args(arguments)
    population = Replayed("weeks", options.file, differs=False)
    shares: dict[int, list[list[float]]] = {}
    for column, listing in enumerate(LISTINGS):
        for week, _, share in lists(population, listing, options.people):
            year = shares.setdefault(week.monday.isocalendar().year, [[] for _ in LISTINGS])
            year[column].append(share)
    print("share of the true first five series on a list of 50, mean over weeks")
    print(f"{'year':<6}{'weeks':>6}" + "".join(f"{listing:>13}" for listing in LISTINGS))
    everything = [[share for year in shares.values() for share in year[column]] for column in range(len(LISTINGS))]
    for name, columns in [*((str(year), shares[year]) for year in sorted(shares)), ("all", everything)]:
        print(f"{name:<6}{len(columns[0]):>6}" + "".join(f"{np.mean(column):>13.3f}" for column in columns))
    return 0


if __name__ == "__main__":
    main()
