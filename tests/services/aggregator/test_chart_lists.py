"""Lists that begin with the week's public chart: what waits for it, what joins the vocabulary, and what stays open."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.catalogue.charts import ChartedShow, Charts
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.participant import participant
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import answers_to
from netflix_trend.questions.top_shows.candidates import next_candidates
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.top_shows.sums import TopShowsSums
from netflix_trend.settings import load_settings
from netflix_trend.survey.deadlines import Deadlines
from netflix_trend.survey.survey import Survey, load_surveys
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.charts.kept import CHARTS, KeptCharts
from services.aggregator.charts.listing import week_list
from services.aggregator.charts.waiting import MAX_AGE_WEEKS, ChartRules, chart_of
from services.aggregator.rounds import Aggregator
from services.aggregator.sums.leading import SumAggregator
from tests.netflix_trend.catalogue.chart_tables import charts_of, days
from tests.services.aggregator.people import AGGREGATOR
from tests.services.aggregator.test_candidates import answered

WEEK = Week.parse("2026-W46")
# The Tuesday after the week, on which Netflix publishes.
TUESDAY = days(WEEK, 2)
CATALOGUE = Vocabulary.build([CatalogueTitle(title=f"Show {n}", kind="series") for n in range(200)])


def aggregator(root: Path, catalogue: Vocabulary = CATALOGUE, list_length: int = 50) -> Aggregator:
    (root / "datasites").mkdir(parents=True, exist_ok=True)
    site = Datasite(root / "datasites", AGGREGATOR)
    return Aggregator(site, root / "own", catalogue, durable=False, list_length=list_length)


def shows_of(survey: Survey) -> TopShowsQuestion:
    question = survey.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    return question


def titles(here: Aggregator, survey: Survey) -> list[str]:
    vocabulary = here.vocabulary_of(survey.vocabulary)
    return [vocabulary.shows[place].title for place in shows_of(survey).candidates]


def asked_weeks(here: Aggregator, today: date) -> list[str]:
    return [survey.round for survey in here.ask(today)]


def test_a_list_begins_with_the_chart_of_its_own_week(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    here.kept_charts.add(
        charts_of(
            {WEEK - 1: [("Before", 9), ("Show 7", 8)], WEEK: [("Brand new", 90), ("show 150", 80), ("Show 3", 70)]}
        )
    )
    earlier, newest = here.ask(TUESDAY)[-2:]
    question = shows_of(newest)
    assert titles(here, newest)[:5] == ["Brand new", "Show 150", "Show 3", "Show 0", "Show 1"]
    assert question.chart is not None
    assert question.chart.model_dump() == {
        "week": "2026-W46",
        "source": "Netflix Top 10, global",
        "length": 3,
        "views": (90, 80, 70),
    }
    assert len(set(question.candidates)) == len(question.candidates) == 50
    assert titles(here, earlier)[:2] == ["Before", "Show 7"]
    assert load_surveys((here.shared / "survey.json").read_bytes())[0] == newest


def test_without_any_chart_nothing_is_waited_for_and_lists_are_as_before(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    newest = here.ask(days(WEEK, 1))[-1]
    assert newest.round == str(WEEK)
    assert shows_of(newest).candidates == tuple(range(50))
    assert shows_of(newest).chart is None
    assert here.vocabulary is CATALOGUE


def test_a_round_waits_for_its_chart_and_is_asked_once_it_is_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = aggregator(tmp_path)
    here.kept_charts.add(charts_of({WEEK - 1: [("Before", 9)]}))
    monday = days(WEEK, 1)
    with caplog.at_level("INFO", "aggregator"):
        for today in (monday, TUESDAY, monday + timedelta(days=2)):
            assert asked_weeks(here, today) == [str(WEEK - age) for age in (3, 2, 1)]
    assert [line for line in caplog.messages if "waits" in line] == [
        "round=2026-W46 waits for the public chart of its week until 2026-11-19"
    ]
    here.kept_charts.add(charts_of({WEEK: [("Now", 9)]}))
    newest = here.ask(days(WEEK, 3))[-1]
    assert (newest.round, titles(here, newest)[0]) == (str(WEEK), "Now")


def test_a_round_that_was_asked_does_not_wait_any_more(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    newest = here.ask(days(WEEK, 1))[-1]
    here.kept_charts.add(charts_of({WEEK - 1: [("Before", 9)]}))
    assert here.ask(days(WEEK, 1))[-1] == newest


def test_after_the_deadline_last_weeks_chart_is_used_under_its_own_week(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    here.kept_charts.add(charts_of({WEEK - 1: [("Before", 9)]}))
    assert asked_weeks(here, days(WEEK, 3))[-1] == str(WEEK - 1)
    newest = here.ask(days(WEEK, 4))[-1]
    assert newest.round == str(WEEK)
    assert shows_of(newest).chart.week == str(WEEK - 1)
    here.kept_charts.add(charts_of({WEEK: [("Too late", 9)]}))
    assert here.ask(days(WEEK, 5))[-1] == newest, "a survey once asked is never changed"


@pytest.mark.parametrize("number", range(1, 7))
def test_the_deadline_is_the_first_moment_of_its_day(number: int) -> None:
    rules, charts = ChartRules(days=number), charts_of({WEEK - 1: [("Before", 9)]}).of_country("")
    for after in range(1, 8):
        assert rules.waits(charts, WEEK, days(WEEK, after)) == (after < number)


def test_who_has_given_no_chart_for_long_is_not_waited_for() -> None:
    for age in range(1, MAX_AGE_WEEKS + 3):
        charts = charts_of({WEEK - age: [("Old", 9)]}).of_country("")
        assert ChartRules().waits(charts, WEEK, TUESDAY) == (age <= MAX_AGE_WEEKS)
        assert (chart_of(charts, WEEK) is not None) == (age <= MAX_AGE_WEEKS)


def test_a_chart_of_a_week_to_come_changes_nothing() -> None:
    charts = charts_of({WEEK - 1: [("Before", 9)], WEEK + 1: [("After", 9)]}).of_country("")
    assert ChartRules().waits(charts, WEEK, TUESDAY)
    assert not ChartRules().waits(charts, WEEK, days(WEEK, 4))
    assert not ChartRules().waits(charts_of({WEEK + 1: [("After", 9)]}).of_country(""), WEEK, TUESDAY)
    assert chart_of(charts, WEEK).week == str(WEEK - 1), "no list knows what comes later"


def test_counting_does_not_share_a_closed_round_while_the_newest_waits(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    here.kept_charts.add(charts_of({WEEK - 1 - age: [(f"Week {age}", 9)] for age in range(5)}))
    here.run(days(WEEK - 1, 2))
    here.run(TUESDAY)
    shared = (here.shared / "survey.json").read_bytes()
    assert [survey.round for survey in load_surveys(shared)] == [str(WEEK - age) for age in (1, 2, 3)]
    stamp = (here.shared / "survey.json").stat().st_mtime_ns
    here.run(TUESDAY)
    assert (here.shared / "survey.json").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("today", [date(2027, 1, 4), date(2027, 1, 7), date(2021, 1, 4), date(2021, 1, 7)])
def test_waiting_goes_on_over_new_year(tmp_path: Path, today: date) -> None:
    here, week = aggregator(tmp_path), Week.last_complete(today)
    here.kept_charts.add(charts_of({week - 1: [("Before", 9)]}))
    assert asked_weeks(here, today)[-1] == str(week if today.weekday() == 3 else week - 1)


def test_a_chart_longer_than_the_list_is_cut(tmp_path: Path) -> None:
    here = aggregator(tmp_path, list_length=4)
    here.kept_charts.add(charts_of({WEEK: [(f"New {n}", 100 - n) for n in range(9)]}))
    question = shows_of(here.ask(TUESDAY)[-1])
    assert (len(question.candidates), question.chart.length, question.chart.views) == (4, 4, (100, 99, 98, 97))


def test_two_titles_of_one_show_are_one_entry() -> None:
    vocabulary = Vocabulary.build(
        [CatalogueTitle(title="Money Heist", kind="series", aliases=("La Casa de Papel",)), *CATALOGUE.shows]
    )
    charts = charts_of({WEEK: [("A", 50), ("La casa de papel", 40), ("Money Heist", 30)]})
    vocabulary = vocabulary.extended([CatalogueTitle(title="A", kind="series")])
    found, asked = week_list(charts, charts.of_country("")[WEEK], vocabulary, [], WEEK, 10)
    assert [vocabulary.shows[place].title for place in found[:2]] == ["Money Heist", "A"]
    assert (asked.length, asked.views) == (2, (70, 50))


def test_lists_of_no_week_come_after_the_weeks_chart_and_before_the_catalogue(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    here.kept_charts.add(charts_of({WEEK: [("Now", 9)]}))
    here.kept_charts.add(
        Charts(popular=(ChartedShow(title="Ever", views=9),), watched=(ChartedShow(title="Half year", views=5),))
    )
    newest = here.ask(TUESDAY)[-1]
    assert titles(here, newest)[:4] == ["Now", "Half year", "Ever", "Show 0"]
    assert shows_of(newest).chart.length == 1


def test_what_past_answers_suggest_follows_the_chart_and_exploration_stays(tmp_path: Path) -> None:
    rounds = [answered(CATALOGUE, WEEK - age, list(range(50)), {20: 0.3, 30: 0.2}, 1000, age) for age in (3, 2, 1)]
    found = next_candidates(answers_to(rounds, "top_shows"), CATALOGUE.shows, WEEK, 50, first=[190, 30])
    assert found[:3] == [190, 30, 20]
    assert len(set(found)) == 50
    assert set(found[-5:]).isdisjoint(range(50)), "one in ten places explores"
    assert next_candidates(answers_to(rounds, "top_shows"), CATALOGUE.shows, WEEK, 5, first=range(9)) == [0, 1, 2, 3, 4]


# --- the vocabulary grows


def test_earlier_rounds_keep_their_vocabulary_and_every_index_its_show(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    first = here.ask(days(WEEK - 1, 2))[-1]
    here.kept_charts.add(charts_of({WEEK: [("New A", 9), ("New B", 8)]}))
    second = here.ask(TUESDAY)[-1]
    assert first.vocabulary == CATALOGUE.version
    assert here.vocabulary_of(first.vocabulary) == CATALOGUE
    assert [show.title for show in here.vocabulary.shows[200:]] == ["New A", "New B"]
    assert second.vocabulary == here.vocabulary.version
    assert first.vocabulary in here.vocabulary.beginnings
    shared = Vocabulary.from_bytes((here.shared / "vocabulary.json").read_bytes())
    assert shared == here.vocabulary
    again = aggregator(tmp_path)
    assert again.vocabulary.version == here.vocabulary.version, "a restart changes nothing"
    again.kept_charts.add(charts_of({WEEK + 1: [("new b", 9), ("New C", 8)]}))
    again.ask(days(WEEK + 1, 2))
    assert [show.title for show in again.vocabulary.shows[200:]] == ["New A", "New B", "New C"]
    assert second.vocabulary in again.vocabulary.beginnings


def test_a_vocabulary_that_is_full_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netflix_trend.catalogue.vocabulary.MAX_SHOWS", 200)
    here = aggregator(tmp_path)
    here.kept_charts.add(charts_of({WEEK: [("New", 9), ("Show 5", 8)]}))
    newest = here.ask(TUESDAY)[-1]
    assert titles(here, newest)[:2] == ["Show 5", "Show 0"]
    assert shows_of(newest).chart.length == 1
    assert here.vocabulary.version == CATALOGUE.version


def test_damaged_charts_are_named_and_stop_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    here = aggregator(tmp_path)
    here.own.mkdir(exist_ok=True)
    (here.own / CHARTS).write_text("{")
    for _ in range(3):
        assert here.ask(TUESDAY)[-1].round == str(WEEK)
    assert sum("charts.json is damaged" in line for line in caplog.messages) == 1
    KeptCharts(here.own).add(charts_of({WEEK + 1: [("Later", 9)]}))
    assert list(here.kept_charts.charts.of_country("")) == [WEEK + 1]


def test_a_participant_answers_a_round_that_was_asked_before_a_chart_added_shows(tmp_path: Path) -> None:
    """The whole way through files: the export is encoded with more shows, and the older round is still answered."""
    here = aggregator(tmp_path, starter_vocabulary())
    older = here.ask(days(WEEK - 1, 2))
    site = Datasite(tmp_path / "datasites", "me@example.org")
    site.set_up()
    settings = load_settings(
        datasites_dir=tmp_path / "datasites",
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        syftbox_email="me@example.org",
        aggregator_datasite=AGGREGATOR,
    )
    export = tmp_path / "NetflixViewingHistory.csv"
    export.write_text(
        'Title,Date\n"Brand new: Season 1: Pilot","10/28/26"\n"Wednesday: Season 1: Wednesday","10/21/26"\n'
    )
    here.kept_charts.add(charts_of({WEEK: [("Brand new", 9)]}))
    here.ask(TUESDAY)
    participant.take_file(settings, export, "test", received=TUESDAY)
    participant.refresh(settings)
    mine = next(survey for survey in older if survey.question_for("me@example.org") is not None)
    assert mine.round in {survey.round for survey in here.ask(TUESDAY)}, "it is still open"
    status = participant.publish(settings, TUESDAY)
    assert [entry.round for entry in read_ledger(settings.records_dir / "ledger.jsonl")] == [mine.round], status
    (entry,) = read_ledger(settings.records_dir / "ledger.jsonl")
    assert mine.vocabulary == starter_vocabulary().version != here.vocabulary.version
    assert mine.vocabulary.encode() in entry.data


# --- rounds of sums


def leading(root: Path) -> SumAggregator:
    (root / "datasites" / AGGREGATOR).mkdir(parents=True, exist_ok=True)
    (root / "datasites" / AGGREGATOR / "syftperm.yaml").touch()
    site = Datasite(root / "datasites", AGGREGATOR)
    return SumAggregator(site, root / "own", CATALOGUE, durable=False, list_length=10, smallest_batch=2)


def summed_shows(here: SumAggregator) -> TopShowsSums:
    question = here.sum_survey(WEEK).questions[0]
    assert isinstance(question, TopShowsSums)
    return question


def opened(here: SumAggregator, now: int) -> list[str]:
    here.lead(now)
    return [row.name for row in here.leader.store.rounds()]


def test_a_round_of_sums_waits_too_and_is_opened_a_day_before_its_early_batch_closes(tmp_path: Path) -> None:
    here = leading(tmp_path)
    here.kept_charts.add(charts_of({WEEK - 1: [("Before", 9)]}))
    early = Deadlines.of(WEEK).early
    assert opened(here, early - 86_400 - 1) == []
    assert opened(here, early - 86_400) == [str(WEEK)]
    chart = summed_shows(here).chart
    assert (chart.week, chart.length) == (str(WEEK - 1), 1)
    here.leader.store.close()


def test_a_round_of_sums_whose_survey_was_written_before_a_crash_is_opened(tmp_path: Path) -> None:
    here = leading(tmp_path)
    here.sum_survey(WEEK)
    here.kept_charts.add(charts_of({WEEK - 1: [("Before", 9)]}))
    assert opened(here, Deadlines.of(WEEK).early - 3 * 86_400) == [str(WEEK)]
    here.leader.store.close()


def test_a_round_of_sums_begins_with_its_chart(tmp_path: Path) -> None:
    here = leading(tmp_path)
    here.kept_charts.add(charts_of({WEEK: [("New", 9), ("Show 150", 8)]}))
    assert opened(here, Deadlines.of(WEEK).early - 3 * 86_400) == [str(WEEK)]
    survey = here.sum_survey(WEEK)
    assert summed_shows(here).candidates[:3] == (200, 150, 0)
    assert survey.vocabulary == here.vocabulary.version
    shared = Vocabulary.from_bytes((here.shared / "vocabulary.json").read_bytes())
    assert shared.version == survey.vocabulary
    assert opened(here, Deadlines.of(WEEK).early) == [str(WEEK)]
    here.leader.store.close()


@pytest.mark.parametrize(("mode", "given", "used"), [("local", 6, 6), ("two", 6, 4), ("one", 5, 4), ("two", 2, 2)])
def test_rounds_of_sums_never_wait_until_their_early_batch_closes(mode: str, given: int, used: int) -> None:
    rules = ChartRules.of(load_settings(survey_mode=mode, chart_days=given, chart_country="de"))
    assert (rules.days, rules.country) == (used, "DE")
