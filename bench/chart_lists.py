"""`python -m bench.chart_lists FILE`: how many of a week's true first five series are on the list of its round.

FILE is Netflix's weekly list of the world, all weeks (a TSV that Netflix offers for download). The truth is the week's
own chart. Lists are the product's, week by week, with the vocabulary that grows by the charts: made when the week's
chart came in time, when it is still last week's, and without any chart. Participants answer in local mode, each show
watched by its views per membership, so that past answers can suggest what they can.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from netflix_trend.catalogue.chart_files import read_charts
from netflix_trend.catalogue.charts import Charts, WeeklyChart
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.question import MAX_ROUNDS
from netflix_trend.questions.top_shows.chart import AskedChart
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.statistics import TopShows
from netflix_trend.simulation.population import seeded_randomness
from netflix_trend.survey.survey import default_survey
from services.aggregator.charts.listing import charted_places, joining, week_list
from services.aggregator.charts.waiting import chart_of
from services.aggregator.collect import RoundReports
from services.aggregator.estimation import estimate_round

When = Literal["in time", "last week", "none"]
WHEN: tuple[When, ...] = ("in time", "last week", "none")
LISTED, FIRST_FIVE, MEMBERSHIPS = 50, 5, 300e6
# Share of the participants who answer about shows in a week of local mode.
_ANSWERING = 6


@dataclass(frozen=True)
class MadeList:
    """The list of one week's round: vocabulary indices, in which vocabulary, and the chart that it begins with."""

    week: Week
    candidates: tuple[int, ...]
    vocabulary: Vocabulary
    chart: AskedChart | None

    @property
    def titles(self) -> list[str]:
        """The titles on the list, in its order."""
        return [self.vocabulary.shows[place].title for place in self.candidates]


Answers = Callable[[MadeList], TopShows | None]


def lists(
    charts: Charts, when: When, first: Week, last: Week, answers: Answers, length: int = LISTED
) -> Iterator[MadeList]:
    """Yield the list of each week as the product makes it, oldest first, from the starter catalogue on.

    answers: what the participants' answers to a list say, None when nobody answers.
    """
    weekly, vocabulary = charts.of_country(""), starter_vocabulary()
    rounds: list[tuple[str, TopShows]] = []
    for week in map(Week, range(first.index, last.index + 1)):
        chart = None if when == "none" else chart_of(weekly, week if when == "in time" else week - 1)
        vocabulary = vocabulary.extended(joining(charts, chart, vocabulary))
        candidates, asked = week_list(charts, chart, vocabulary, rounds[-MAX_ROUNDS:], week, length)
        made = MadeList(week, tuple(candidates), vocabulary, asked)
        yield made
        if (said := answers(made)) is not None:
            rounds.append((str(week), said))


def first_five(charts: Charts, chart: WeeklyChart, made: MadeList) -> float:
    """Return the share of a week's true first five series that are on its list."""
    listed = set(made.candidates)
    places = [charts.place(show, made.vocabulary) for show in chart.shows[:FIRST_FIVE]]
    return sum(place in listed for place in places) / FIRST_FIVE


def local_answers(charts: Charts, participants: int, seed: int) -> Answers:
    """Return what participants say in local mode who watch each charted show as the world does."""
    weekly, randbelow = charts.of_country(""), seeded_randomness(seed)

    def answers(made: MadeList) -> TopShows | None:
        chart = weekly.get(made.week)
        if chart is None or chart.views is None or not participants:
            return None
        views = charted_places(charts, chart, made.vocabulary)
        survey = default_survey(made.week, made.vocabulary.version, made.candidates, chart=made.chart)
        question = survey.question("top_shows")
        assert isinstance(question, TopShowsQuestion)
        generator = np.random.default_rng([seed, made.week.index])
        watched = generator.random((participants // _ANSWERING, len(views))) < (
            np.array([number or 0 for number in views.values()]) / MEMBERSHIPS
        )
        places = np.array(list(views))
        payloads = b"".join(question.answer(frozenset(places[row].tolist()), randbelow) for row in watched)
        counted = question.count(payloads)
        found = RoundReports(survey, participants=participants, counts={"top_shows": counted.counts})
        found.reports["top_shows"] = counted.reports
        statistic: TopShows | None = estimate_round(found, made.vocabulary).top_shows
        return statistic

    return answers


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chart_lists", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="Netflix's weekly list of the world")
    parser.add_argument("--people", type=int, default=1000, help="participants; 0: nobody answers (%(default)s)")
    parser.add_argument("--first", type=Week.parse, default=Week.parse("2023-W26"), help="first week (%(default)s)")
    options = parser.parse_args(arguments)
    with options.file.open("rb") as file:
        charts = read_charts(file)
    weekly = charts.of_country("")
    print("share of the true first five series on a list of 50, mean over weeks")
    print(f"{'year':<6}{'weeks':>6}" + "".join(f"{when:>11}" for when in WHEN))
    shares: dict[int, list[list[float]]] = {}
    for column, when in enumerate(WHEN):
        for made in lists(charts, when, options.first, max(weekly), local_answers(charts, options.people, 1)):
            if made.week in weekly:
                year = shares.setdefault(made.week.monday.isocalendar().year, [[] for _ in WHEN])
                year[column].append(first_five(charts, weekly[made.week], made))
    everything = [[share for year in shares.values() for share in year[column]] for column in range(len(WHEN))]
    for name, columns in [*((str(year), shares[year]) for year in sorted(shares)), ("all", everything)]:
        print(f"{name:<6}{len(columns[0]):>6}" + "".join(f"{np.mean(column):>11.3f}" for column in columns))
    return 0


if __name__ == "__main__":
    main()
