"""Runs in a copy of the repository to which the toy question was added: from the survey to every page."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.participant.publishing import publish_with
from netflix_trend.participant.releases import Participant, publish_due
from netflix_trend.periods.weeks import Week
from netflix_trend.published.schema import statistics_schema
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.questions.registry import questions
from netflix_trend.settings import Settings, load_settings
from netflix_trend.simulation.population import person, seeded_randomness
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.survey import Survey, load_surveys
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.operator.forecast import People, predict
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import SurveyPlan
from services.dashboard.example import draw_example

WEEK = Week.parse("2026-W46")
TODAY = WEEK.sunday + timedelta(days=1)
AGGREGATOR = "aggregator@example.net"
PEOPLE = 40


def asked(survey: Survey, count: int) -> list[str]:
    """Return addresses of people who are asked the toy question."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        question = survey.question_for(person(number))
        if question is not None and question.name == "weekend":
            found.append(person(number))
        number += 1
    return found


def settings_of(root: Path, email: str) -> Settings:
    """Return the settings of a real participant who watched on a Sunday; SyftBox has set up the datasite."""
    views = np.array([(np.datetime64(WEEK.sunday), 0, 1, 0)], dtype=FULL_DTYPE)
    vocabulary = starter_vocabulary()
    encodings = Encodings(views, np.zeros(len(vocabulary), np.int32), vocabulary.version, TODAY)
    private = root / email / "private"
    (private / "profiles" / "me").mkdir(parents=True)
    save_encodings(private / "profiles" / "me", encodings)
    Datasite(root / "datasites", email).root.mkdir(parents=True)
    (Datasite(root / "datasites", email).root / "syft.pub.yaml").write_text("rules: []\n")
    folders = {"private_dir": private, "publisher_dir": root / email / "publisher"}
    return load_settings(
        datasites_dir=root / "datasites", syftbox_email=email, aggregator_datasite=AGGREGATOR, **folders
    )


def main(root: Path) -> None:
    (root / "datasites").mkdir()
    here = Aggregator(Datasite(root / "datasites", AGGREGATOR), root / "own", starter_vocabulary(), durable=False)
    survey = here.ask(TODAY)[-1]
    assert load_surveys((here.shared / "survey.json").read_bytes())[0] == survey

    mine, limited, *others = asked(survey, PEOPLE)
    outlook = publish_with(settings_of(root, mine), TODAY)
    assert [one.status for one in outlook.outcomes if one.round == survey.round] == ["drawn"], outlook
    randbelow = seeded_randomness(1)
    for number, email in enumerate([limited, *others]):
        limits = Limits(questions=Limits().questions - {"weekend"}) if email == limited else Limits()
        site = Datasite(root / "datasites", email)
        ledger = root / "people" / email / "ledger.jsonl"
        outcomes = publish_due(
            Participant(site, AGGREGATOR, ledger, limits, randbelow, durable=False),
            [survey],
            lambda _, watched=number % 2: {"weekend": watched},
            vocabulary=survey.vocabulary,
            covered_through=TODAY,
            today=TODAY,
        )
        assert [one.status for one in outcomes] == ["refused" if email == limited else "drawn"]

    here.run(TODAY)
    statistics = RoundStatistics.from_bytes((here.shared / "statistics" / f"{WEEK}.json").read_bytes())
    assert statistics.answers()["weekend"] == statistics.reports == PEOPLE - 1
    assert 0 < statistics.weekend.share < 1
    trends = json.loads((here.shared / "trends.json").read_bytes())
    assert trends["weekend"] == {"rounds": 1, "share": statistics.weekend.share}
    assert {"Weekend", "WeekendTrend"} <= set(statistics_schema()["$defs"])

    page = (here.site.public / "index.html").read_text()
    kind = questions()["weekend"]
    for words in ("Weekend viewing", *kind.describe(statistics.weekend), "telling half of all people from nobody"):
        assert words in page, words

    forecast = predict(SurveyPlan(odds=Fraction(8)), WEEK + 1, 1439, People(100, 1.0, 400))
    (about,) = [one for one in forecast.questions if one.name == "weekend"]
    assert about.says.sentences == (f"{about.answers} answers about the weekend.",)

    settings = load_settings(
        datasites_dir=root / "datasites",
        syftbox_email=mine,
        aggregator_datasite=AGGREGATOR,
        private_dir=root / mine / "private",
    )
    profiles = load_profiles(settings.private_dir)
    example = draw_example(
        settings, profiles, TODAY, limits=settings.limits, takes_part=True, left=13, answered=frozenset()
    )
    assert example is not None
    assert (example.question, example.truth) == (kind.asks, "You watched something on the weekend.")
    assert example.says in {"It says yes.", "It says no."}
    print("from survey to page")


if __name__ == "__main__":
    main(Path("data").absolute())
