"""The aggregator's work from asking to publishing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.published.trends import Trends
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.settings import SettingsError, load_settings
from netflix_trend.simulation.population import person, watched
from netflix_trend.survey.survey import Survey, load_surveys
from netflix_trend.syftbox.datasite import Datasite, datasite_names
from netflix_trend.syftbox.shared_files import current_surveys, current_vocabulary, starter_surveys
from services.aggregator import batches, enrolment, rounds, sweep
from services.aggregator.__main__ import build_aggregator, look, main
from services.aggregator.memory import Memory, stamps
from services.aggregator.overview import OVERVIEW, Overview, read_overview
from services.aggregator.rounds import Aggregator
from tests.services.aggregator.people import AGGREGATOR, asked, crowd

NEWEST = Week.parse("2026-W46")
TODAY = NEWEST.sunday + timedelta(days=2)


def aggregator(root: Path, vocabulary: Vocabulary | None = None) -> Aggregator:
    (root / "datasites").mkdir(exist_ok=True)
    site = Datasite(root / "datasites", AGGREGATOR)
    return Aggregator(
        site, root / "own", vocabulary or starter_vocabulary(), durable=False, smallest_change=1, smallest_answers=1
    )


def other_vocabulary() -> Vocabulary:
    return Vocabulary.build([CatalogueTitle(title=f"Show {n}", kind="series") for n in range(80)])


def test_a_new_aggregator_asks_what_participants_assume_until_they_hear_from_it(tmp_path: Path) -> None:
    assert aggregator(tmp_path).ask(TODAY) == starter_surveys(TODAY)


def test_participants_read_the_vocabulary_and_the_surveys_back(tmp_path: Path) -> None:
    surveys = aggregator(tmp_path, other_vocabulary()).ask(TODAY)
    settings = load_settings(datasites_dir=tmp_path / "datasites")
    assert current_vocabulary(settings) == other_vocabulary()
    assert current_surveys(settings, TODAY) == surveys


def test_a_survey_once_asked_is_never_changed(tmp_path: Path) -> None:
    first = aggregator(tmp_path).ask(TODAY)
    crowd(tmp_path, first[-1], "top_shows", [watched(frozenset({40}), 1)] * 30)
    aggregator(tmp_path).run(TODAY)
    assert aggregator(tmp_path, other_vocabulary()).ask(TODAY) == first
    later = aggregator(tmp_path).ask(TODAY + timedelta(days=7))
    assert later[:3] == first[1:]


def as_asked_before(path: Path) -> None:
    """Make a survey or statistics of now one of the version that asked about shows with the set response."""
    content = json.loads(path.read_bytes())
    for part in content["open"][0]["questions"] if "open" in content else [content["top_shows"]]:
        if "size" in part:
            del part["size"]
            part.update(mechanism="set_response", threshold=7280)
            if "open" in content:
                part["prime"] = 65521
    path.write_text(json.dumps(content))


def test_rounds_that_an_earlier_version_asked_are_over_and_keep_their_statistics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = aggregator(tmp_path)
    crowd(tmp_path, here.ask(TODAY)[-1], "top_shows", [watched(frozenset({4}), 1)] * 60)
    here.run(TODAY)
    for path in (*(here.own / "surveys").iterdir(), *(here.own / "statistics").iterdir()):
        as_asked_before(path)
    before = contents(here.own)
    upgraded = aggregator(tmp_path)
    for _ in range(2):
        assert upgraded.run(TODAY) == []
    assert json.loads((here.shared / "survey.json").read_bytes()) == {"open": []}
    # Nothing is recorded of the batches of rounds that are over.
    remade = ("operator", "batches", "shards")
    kept = {name: data for name, data in before.items() if not name.startswith(remade)}
    assert {name: data for name, data in contents(here.own).items() if name in kept} == kept
    said = [record.getMessage() for record in caplog.records if "is over" in record.getMessage()]
    assert [text.split()[0] for text in said] == [f"round={NEWEST - age}" for age in (3, 2, 1, 0)]
    assert all("top_shows.mechanism" in text for text in said)
    latest = RoundStatistics.from_bytes((here.shared / "statistics" / "latest.json").read_bytes())
    assert (latest.round, latest.top_shows.mechanism, latest.reports) == (str(NEWEST), "set_response", 60)
    trends = upgraded.trends()
    assert trends.shows is not None
    assert trends.shows.shows[0].title == here.vocabulary.shows[4].title
    (asked_next,) = upgraded.ask(TODAY + timedelta(weeks=1))
    assert asked_next.week == NEWEST + 1


def test_a_round_of_before_that_asked_nothing_about_shows_goes_on(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    surveys = here.ask(TODAY)
    for path in sorted((here.own / "surveys").iterdir())[:-1]:
        as_asked_before(path)
    crowd(tmp_path, surveys[-1], "volume", [watched(frozenset(), 5)] * 3)
    upgraded = aggregator(tmp_path)
    assert [(one.round, one.reports) for one in upgraded.run(TODAY)] == [(str(NEWEST), 3)]
    assert load_surveys((here.shared / "survey.json").read_bytes()) == surveys[-1:]


def test_results_of_a_round_asked_with_an_earlier_catalogue_keep_their_titles(tmp_path: Path) -> None:
    first = aggregator(tmp_path).ask(TODAY)
    crowd(tmp_path, first[-1], "top_shows", [watched(frozenset({4}), 1)] * 60)
    statistics = aggregator(tmp_path, other_vocabulary()).run(TODAY)[-1]
    assert statistics.top_shows is not None
    assert statistics.top_shows.shows[0].title == starter_vocabulary().shows[4].title


def test_the_next_candidates_are_the_strongest_shows_and_some_that_are_next_in_line(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    surveys = here.ask(TODAY)
    crowd(tmp_path, surveys[-1], "top_shows", [watched(frozenset({49}), 1)] * 120)
    here.run(TODAY)
    asked_next = {}
    for offset in (1, 2):
        question = here.ask(TODAY + timedelta(days=7 * offset))[-1].question("top_shows")
        assert isinstance(question, TopShowsQuestion)
        assert question.candidates[0] == 49
        assert len(question.candidates) == 50
        asked_next[offset] = question.candidates
    assert len(set(asked_next[1]) - set(range(50))) >= 5


def test_candidates_follow_all_rounds_and_not_the_latest_alone(tmp_path: Path) -> None:
    """Show 3 was strong for weeks; in the newest round nobody named it, and only few answered."""
    here = aggregator(tmp_path)
    for week, people, show in ((0, 150, 3), (1, 150, 3), (2, 150, 3), (3, 4, 7)):
        surveys = here.ask(TODAY + timedelta(days=7 * week))
        crowd(tmp_path / str(week), surveys[-1], "top_shows", [watched(frozenset({show}), 1)] * people)
        site = Datasite(tmp_path / str(week) / "datasites", AGGREGATOR)
        there = replace(here, site=site, memory=Memory())
        there.count(surveys[-1:], TODAY + timedelta(days=7 * week))
    question = here.ask(TODAY + timedelta(days=28))[-1].question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    assert 3 in question.candidates[:3]
    assert len(here.trends().rounds) == 4


def test_the_chart_is_used_as_a_prior_only_when_asked(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    crowd(tmp_path, here.ask(TODAY)[-1], "top_shows", [watched(frozenset({40}), 1)] * 5)
    here.run(TODAY)
    with_chart = replace(here, use_chart=True, memory=Memory())
    plain, charted = here.trends().shows, with_chart.trends().shows
    assert plain is not None
    assert charted is not None
    assert (plain.uses_public_prior, charted.uses_public_prior) == (False, True)
    assert charted.shows[0].title == here.vocabulary.shows[0].title
    for one, is_used in ((here, False), (with_chart, True)):
        one.run(TODAY)
        published = json.loads((here.site.public / "trends.json").read_text())
        assert published["shows"]["uses_public_prior"] is is_used
        # The page shows shares of answers, into which no chart may go.
        assert "public chart" not in (here.site.public / "index.html").read_text()


def test_a_small_catalogue_is_asked_about_whole(tmp_path: Path) -> None:
    small = Vocabulary.build([CatalogueTitle(title=f"Show {n}", kind="series") for n in range(5)])
    here = aggregator(tmp_path, small)
    surveys = here.ask(TODAY)
    crowd(tmp_path, surveys[-1], "top_shows", [watched(frozenset({2}), 1)] * 20)
    here.run(TODAY)
    question = here.ask(TODAY + timedelta(days=7))[-1].question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    assert sorted(question.candidates) == [0, 1, 2, 3, 4]


def test_everything_that_is_published_is_there_and_readable_by_participants_only(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    surveys = here.ask(TODAY)
    crowd(tmp_path, surveys[-1], "volume", [watched(frozenset(), 5)] * 3)
    here.run(TODAY)
    names = {path.relative_to(here.shared).as_posix() for path in here.shared.rglob("*") if path.is_file()}
    rounds = {f"statistics/{survey.round}.json" for survey in surveys}
    assert names == {
        *(
            "vocabulary.json",
            "survey.json",
            "trends.json",
            "model.json",
            "statistics/latest.json",
            "syftperm.yaml",
            "syft.pub.yaml",
        ),
        *rounds,
    }
    assert load_surveys((here.shared / "survey.json").read_bytes()) == surveys[::-1]
    emails = asked(surveys[-1], "volume", 3)
    here.ask(TODAY)
    rules = (here.shared / "syftperm.yaml").read_text()
    assert all(rules.count(email) == 2 for email in emails)
    assert "*" not in rules.replace("statistics/*.json", "").replace("*.json", "")
    latest = RoundStatistics.from_bytes((here.shared / "statistics/latest.json").read_bytes())
    assert latest.round == surveys[-1].round
    assert json.loads((here.site.public / "latest.json").read_bytes())["round"] == surveys[-1].round
    assert "There are no results" not in (here.site.public / "index.html").read_text()
    trends = Trends.from_bytes((here.shared / "trends.json").read_bytes())
    assert trends.rounds == (surveys[-1].round,)
    assert (here.site.public / "trends.json").read_bytes() == trends.to_bytes()
    assert "trends.json" in (here.site.public / "syft.pub.yaml").read_text()
    assert "Over the weeks" in (here.site.public / "index.html").read_text()


def test_late_answers_are_counted_while_the_round_is_open(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    surveys = here.ask(TODAY)
    crowd(tmp_path, surveys[0], "volume", [watched(frozenset(), 5)] * 2)
    assert [statistics.reports for statistics in here.run(TODAY)] == [2, 0, 0, 0]
    crowd(tmp_path, surveys[0], "volume", [watched(frozenset(), 5)] * 4)
    assert [statistics.reports for statistics in here.run(TODAY)] == [4, 0, 0, 0]


def test_a_round_is_counted_a_week_after_it_closed_and_then_no_more(tmp_path: Path) -> None:
    """An outage in the week a round closes must not leave it empty for good."""
    here = aggregator(tmp_path)
    surveys = here.ask(TODAY)
    crowd(tmp_path, surveys[0], "volume", [watched(frozenset(), 5)] * 3)
    away = tmp_path / "away"
    for weeks, datasites_are_there, reports in ((0, True, 3), (0, False, 0), (1, True, 3), (2, False, 3)):
        for path in [*tmp_path.glob("datasites/person*"), *away.glob("person*")]:
            (target := (tmp_path / "datasites" if datasites_are_there else away)).mkdir(exist_ok=True)
            path.rename(target / path.name)
        here.run(TODAY + timedelta(weeks=weeks))
        kept = RoundStatistics.from_bytes((here.own / "statistics" / f"{surveys[0].round}.json").read_bytes())
        assert kept.reports == reports, f"week {weeks}"


def test_an_aggregator_waits_for_syftbox_to_set_up_its_datasite(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    look(here)
    assert not here.site.root.exists()
    here.site.set_up()
    look(here)
    assert (here.shared / "survey.json").is_file()
    shutil.rmtree(here.site.root)
    look(here)
    assert (here.shared / "survey.json").is_file(), "what was there once is restored"


def test_running_again_changes_no_file(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    crowd(tmp_path, here.ask(TODAY)[-1], "top_shows", [watched(frozenset({1}), 1)] * 9)
    here.run(TODAY)
    here.run(TODAY)
    before = {path: path.stat().st_mtime_ns for path in here.site.root.rglob("*") if path.is_file()}
    here.run(TODAY)
    assert {path: path.stat().st_mtime_ns for path in here.site.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("today", [date(2026, 12, 31), date(2027, 1, 4), date(2021, 1, 5)])
def test_rounds_go_on_over_new_year(tmp_path: Path, today: date) -> None:
    rounds = [survey.round for survey in aggregator(tmp_path).ask(today)]
    weeks = [Week.parse(text) for text in rounds]
    assert [later.index - earlier.index for earlier, later in pairwise(weeks)] == [1, 1, 1]
    assert weeks[-1].sunday < today


def configured(root: Path, **settings: object) -> Survey:
    """Return what an aggregator with these settings asks."""
    here = build_aggregator(load_settings(datasites_dir=root / "datasites", aggregator_dir=root / "own", **settings))
    return here.surveys(TODAY)[-1]


def test_unless_told_otherwise_fifty_shows_are_asked_about_and_one_is_named(tmp_path: Path) -> None:
    question = configured(tmp_path).question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    assert (len(question.candidates), question.k, question.odds) == (50, 1, 8)


def test_the_settings_say_how_many_shows_are_asked_about_and_at_which_odds(tmp_path: Path) -> None:
    survey = configured(tmp_path, survey_shows=20, survey_odds="5/2")
    question = survey.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    assert (len(question.candidates), question.k) == (20, 1)
    assert {asked.odds for asked in survey.questions} == {Fraction(5, 2)}


def test_odds_under_which_answers_would_say_nothing_are_refused() -> None:
    with pytest.raises(SettingsError, match="SURVEY_ODDS"):
        load_settings(survey_odds="1")


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_an_emptied_datasite_is_restored_with_the_rounds_that_are_closed(tmp_path: Path) -> None:
    """SyftBox 0.4.0 removes own files when its server misbehaves; closed rounds are never counted again."""
    here = aggregator(tmp_path)
    crowd(tmp_path, here.ask(TODAY)[-1], "volume", [watched(frozenset(), 5)] * 3)
    here.run(TODAY)
    later = TODAY + timedelta(weeks=9)
    here.run(later)
    before = contents(here.site.root)
    assert len([name for name in before if "/shared/statistics/2" in name]) == 8
    participants = [path for path in here.site.datasites.iterdir() if path != here.site.root]
    assert participants
    shutil.rmtree(here.site.root)
    here.run(later)
    assert contents(here.site.root) == before


def test_what_somebody_else_put_into_the_shared_folder_is_removed(tmp_path: Path) -> None:
    here = aggregator(tmp_path)
    here.run(TODAY)
    before = contents(here.site.root)
    (here.shared / "statistics" / "2026-W01.json").write_text("{}")
    (here.site.public / "script.js").write_text("alert()")
    here.run(TODAY)
    assert contents(here.site.root) == before


def test_with_a_list_only_its_participants_are_counted_and_may_read(tmp_path: Path) -> None:
    here = replace(aggregator(tmp_path), automatic=False)
    survey = here.ask(TODAY)[-1]
    emails = asked(survey, "volume", 3)
    crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 3)
    assert here.run(TODAY)[-1].reports == 0
    here.enrolment.enrol(emails[1])
    assert here.run(TODAY)[-1].reports == 1
    rules = (here.shared / "syftperm.yaml").read_text()
    assert emails[1] in rules
    assert emails[0] not in rules
    here.enrolment.remove(emails[1])
    assert here.run(TODAY)[-1].reports == 0
    assert emails[1] not in (here.shared / "syftperm.yaml").read_text()


def test_the_command_line_changes_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"DATASITES_DIR": "datasites", "AGGREGATOR_DIR": "own", "ENROLMENT": "list"}.items():
            patch.setenv(name, str(tmp_path / value) if name.endswith("DIR") else value)
        assert main(["enrol", "anna@example.org", "Bob@example.net"]) == 0
        assert main(["remove", "anna@example.org"]) == 0
        assert main(["participants"]) == 0
        assert capsys.readouterr().out.splitlines()[-2:] == ["bob@example.net", "1 take part (list enrolment)"]
        assert main(["enrol", "nobody"]) == 1
        assert "e-mail address" in capsys.readouterr().err


@pytest.mark.parametrize("is_link", [False, True])
def test_who_comes_to_a_folder_that_was_as_it_is_for_long_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_link: bool
) -> None:
    """Whose datasites are looked into is remembered while the folder, not a link to it, stays as it is."""
    monkeypatch.setattr(rounds, "SETTLED", -3_600_000_000_000)  # as if everything were an hour old
    if is_link:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "datasites").symlink_to("elsewhere")
    here = aggregator(tmp_path)
    here.ask(TODAY)
    listed: list[int] = []
    monkeypatch.setattr(enrolment, "datasite_names", lambda place: (listed.append(1), datasite_names(place))[1])
    here.ask(TODAY)
    before = len(listed)
    here.ask(TODAY)
    assert len(listed) == before
    for number in range(3):
        Datasite(here.site.datasites, person(number)).publish({}, AGGREGATOR, durable=False)
        here.ask(TODAY)
        assert len(here.memory.sharing) == number + 1
    here.enrolment.remove(person(2))
    here.ask(TODAY)
    assert sorted(here.memory.sharing) == [person(0), person(1)], "a removal alone changes no folder"
    shutil.rmtree(here.site.datasites / person(1))
    here.ask(TODAY)
    assert here.memory.sharing == (person(0),)


def test_the_operators_overview_follows_every_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SETTLED", 0)  # else what has just changed is read again
    here = aggregator(tmp_path)
    survey = here.ask(TODAY)[-1]

    def found() -> Overview:
        here.run(TODAY)
        overview = read_overview(here.own)
        assert overview is not None
        return overview

    def names(*emails: str) -> list[str]:
        return sorted(map(here.enrolment.pseudonym, emails))

    assert found().listed == ()
    # Both are asked the same, so that a round holds the same when one comes in the place of the other.
    first, second = asked(survey, "volume", 2)
    Datasite(here.site.datasites, first).publish({}, AGGREGATOR, durable=False)
    assert [one.name for one in found().listed] == names(first)
    Datasite(here.site.datasites, second).publish({}, AGGREGATOR, durable=False)
    shutil.rmtree(here.site.datasites / first)
    assert [one.name for one in found().listed] == names(second)
    # Who is on the list and has no datasite changes nothing of what is found.
    here.enrolment.enrol("listed@example.org")
    assert [one.name for one in found().listed] == names(second, "listed@example.org")
    (site,) = crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)])
    assert found().rounds[-1].reports["volume"] == 1
    (site.app_data / "releases" / f"{survey.round}.json").write_bytes(b"damaged")
    assert (found().rounds[-1].reports["volume"], found().rounds[-1].waiting) == (0, 1)
    (here.own / OVERVIEW).unlink()
    shows = found().shows
    here = replace(here, catalogue=here.catalogue.extended([CatalogueTitle(title="A New Show", kind="series")]))
    assert found().shows == shows + 1


def test_a_run_in_which_nothing_changed_estimates_nothing_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "SETTLED", 0)  # else what has just changed is read and kept again
    done: list[str] = []
    for module, name in ((batches, "estimate_round"), (rounds, "find_trends"), (rounds, "find_overview")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, name=name, real=real: (done.append(name), real(*given))[1])
    here = aggregator(tmp_path)
    survey = here.ask(TODAY)[-1]
    sites = crowd(tmp_path, survey, "volume", [watched(frozenset(), 5)] * 3)
    first = here.run(TODAY)
    assert done.count("estimate_round") == len(first)

    before = stamps(tmp_path)
    done.clear()
    assert here.run(TODAY) == first
    assert done == []
    assert stamps(tmp_path) == before

    (here.site.public / "index.html").write_text("altered")
    (here.own / "statistics" / f"{survey.round}.json").unlink()
    here.run(TODAY)
    assert "altered" not in (here.site.public / "index.html").read_text()
    assert (here.own / "statistics" / f"{survey.round}.json").exists()
    assert "estimate_round" not in done

    (sites[0].app_data / "releases" / f"{survey.round}.json").write_bytes(b"damaged")
    done.clear()
    assert here.run(TODAY)[-1].reports == 2
    assert done.count("estimate_round") == 1, "only the round that changed"
    assert done.count("find_trends") == 1
