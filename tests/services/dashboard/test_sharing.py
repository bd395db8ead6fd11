"""What leaves this machine, and whether the page says so: before, while and after anything does."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from netflix_trend.participant import participant
from netflix_trend.participant.choices import Choices, Participation, write_choices
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.status import Outcome, PublisherStatus, notice, write_status
from netflix_trend.survey.survey import dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import starter_surveys
from services.dashboard.reports import together_in_words
from services.dashboard.visible import visible_files
from services.dashboard.web import PAGES, create_app
from services.local.dashboard import OneProcess
from tests.services.dashboard.participant import ORIGIN, SAMPLE, TODAY, Person, settings_in


def words(html: str) -> str:
    """Return the text of a page, blanks folded."""
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(text.replace("&#34;", '"').split())


def section(html: str, name: str) -> str:
    found = re.search(rf'<section[^>]* id="{name}".*?</section>', html, re.DOTALL)
    assert found is not None, name
    return words(found[0])


def choose(person: Person, participation: Participation, **limits: object) -> None:
    """Choose while the publisher does not run."""
    write_choices(person.settings.private_dir, Choices.model_validate({"participation": participation, **limits}))


def releases(person: Person) -> list[Path]:
    return sorted(
        person.settings.datasites_dir.glob(f"{person.settings.syftbox_email}/app_data/netflix_trend/releases/*.json")
    )


SHOWS, VOLUME, EVENT = (("top_shows", Fraction(8)), ("volume", Fraction(2)), ("event_effect", Fraction(8)))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([], "nothing was revealed"),
        (
            [SHOWS],
            "in the last 52 weeks, drawn at odds of 8 (epsilon 2.08): a 10 % suspicion can become at most 47 %.",
        ),
        ([SHOWS, VOLUME], "2 reports in the last 52 weeks, each drawn at odds of up to 8 (epsilon 2.08): "),
        ([SHOWS, SHOWS], "Each is about another week, and protected by itself."),
        ([SHOWS] * 2, "add up: a 10 % suspicion can become at most 88 %."),
        ([SHOWS] * 13, "add up: a 10 % suspicion can become practically certain."),
        (
            [SHOWS, EVENT],
            "count in several reports (2), which together allow odds of 64 (epsilon 4.16): a 10 % suspicion can become",
        ),
        (
            [VOLUME, SHOWS, EVENT, EVENT, EVENT],
            "count in several reports (3), which together allow odds of 512 (epsilon 6.24): ",
        ),
        ([EVENT], "1 report about life events is about several weeks."),
    ],
)
def test_what_reports_reveal_follows_from_the_odds_they_were_drawn_at(
    made: list[tuple[str, Fraction]], expected: str
) -> None:
    said = " ".join(together_in_words(made))
    assert expected in said
    assert not (EVENT in made and "Each is about another week" in said)


def test_a_lowered_limit_does_not_shrink_what_was_sent_before(person: Person) -> None:
    choose(person, "joined", odds=(2, 1))
    text = words(person.page("/sharing"))
    assert (
        "multiply the odds of any guess about its week by at most 2 (epsilon 0.69): a 10 % suspicion can become" in text
    )
    assert "drawn at odds of 8 (epsilon 2.08): a 10 % suspicion can become at most 47 %" in text
    count = len(read_ledger(person.settings.records_dir / "ledger.jsonl"))
    each = r"any guess about (?:this week|the weeks around that event) by at most 8 \(epsilon 2\.08\)\."
    assert len(re.findall(each, text)) == count > 0


def test_the_page_shows_the_effective_limit(person: Person) -> None:
    choose(person, "joined", reports_per_year=4)
    assert "never more than 4 files in 52 weeks, whatever is asked" in person.page("/sharing")
    for page in ("/sharing", "/glossary"):
        assert "At most one" not in person.page(page), "a survey may ask about several weeks at once"


def test_everything_that_can_be_seen_is_shown_with_its_bytes(person: Person) -> None:
    folder = Datasite(person.settings.datasites_dir, person.settings.syftbox_email).app_data
    text = section(person.page("/sharing"), "also")
    assert "That you take part" in text
    assert "When a report arrives" in text
    for name in ("manifest.json", "syftperm.yaml", "syft.pub.yaml"):
        assert " ".join((folder / name).read_text().split()) in text
    assert text.count("in your datasite") >= 3
    everything = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    known = {file.name for file in visible_files(person.settings, participant.snapshot(person.settings).contents)}
    assert {name for name in everything if not name.startswith("releases/")} == known


def test_before_joining_the_other_files_are_those_that_joining_writes(newcomer: Person, tmp_path: Path) -> None:
    site = Datasite(tmp_path / "elsewhere", newcomer.settings.syftbox_email)
    site.publish({}, newcomer.settings.aggregator_datasite)
    for file in visible_files(newcomer.settings, participant.snapshot(newcomer.settings).contents):
        assert not file.is_there
        assert file.text.encode() == (site.app_data / file.name).read_bytes()
    assert "comes when you take part" in section(newcomer.page("/sharing"), "also")


@pytest.fixture(params=["at_once", "ask"])
def asked(tmp_path: Path, request: pytest.FixtureRequest) -> Person:
    """A newcomer whom a real aggregator asks."""
    newcomer = Person(tmp_path, join=request.param, aggregator="trends@home.net", email="ann@home.net")
    Datasite(newcomer.settings.datasites_dir, newcomer.settings.syftbox_email).set_up()
    shared = Datasite(newcomer.settings.datasites_dir, "trends@home.net").app_data / "shared"
    shared.mkdir(parents=True)
    (shared / "survey.json").write_bytes(dump_surveys(starter_surveys(TODAY)))
    return newcomer


def test_nothing_leaves_before_a_yes_whatever_the_setting_says(asked: Person) -> None:
    asked.upload(SAMPLE.read_bytes())
    mine = Datasite(asked.settings.datasites_dir, asked.settings.syftbox_email)
    assert not mine.files(), "not even that somebody takes part"
    assert "You have not joined. Nothing leaves this machine." in words(asked.page("/"))
    assert "See first what would leave" in words(asked.page("/"))
    asked.done("/sharing/take-part", {"participation": "joined"})
    assert mine.files()
    assert "See what has left" in words(asked.page("/"))


def test_comparing_is_done_only_when_something_was_published(asked: Person) -> None:
    asked.upload(SAMPLE.read_bytes())
    asked.done("/sharing/take-part", {"participation": "joined"})
    assert "Decide whether to take part done" in words(asked.page("/"))
    assert "Compare with the others next" in words(asked.page("/"))
    place = Datasite(asked.settings.datasites_dir, "trends@home.net").app_data / "shared" / "statistics" / "latest.json"
    place.parent.mkdir()
    place.write_bytes(b"{}")
    assert "Compare with the others done" in words(asked.page("/"))


def test_a_trial_answers_by_itself_and_nothing_of_taking_part_is_done(tmp_path: Path) -> None:
    Datasite(tmp_path / "datasites", "me@example.org").set_up()
    newcomer = Person(tmp_path, join="ask")
    newcomer.upload(SAMPLE.read_bytes())
    assert list(tmp_path.rglob("manifest.json")), "the whole way can be seen"
    text = words(newcomer.page("/"))
    for step in ("Decide whether to take part", "Compare with the others"):
        assert f"{step} done" not in text
    assert "A trial answers its example surveys by itself." in text


@pytest.mark.parametrize("email", ["me@example.org", "ann@home.net"])
@pytest.mark.parametrize("join", ["at_once", "ask"])
def test_without_an_aggregator_taking_part_is_never_called_done(tmp_path: Path, email: str, join: str) -> None:
    """Neither in a trial, where example surveys are answered, nor with an address of one's own."""
    Datasite(tmp_path / "datasites", email).set_up()
    person = Person(tmp_path, join=join)
    person.settings = settings_in(tmp_path, join=join, syftbox_email=email)
    backend = OneProcess(person.settings, lambda: TODAY)
    person.client = create_app(person.settings, backend, lambda: TODAY).test_client()
    person.upload(SAMPLE.read_bytes())
    said = person.done("/sharing/take-part", {"participation": "joined"})
    assert ("You joined the trial" in said) == person.settings.is_trial
    for path, _ in PAGES:
        text = words(person.page(path))
        assert notice(person.settings) in text
        assert "You take part." not in text
        assert "next question" not in text
        if path != "/health" or not person.settings.is_trial:  # Health tells the publisher's own words
            assert "Your machine answers" not in text
        assert "has left" not in text
    start = person.page("/")
    assert re.findall(r'<li class="(\w+)"', start) == ["done", "done", "next", "later"]
    assert "hoose an aggregator" in start
    assert 'id="first"' not in start


def test_a_status_from_before_the_aggregator_was_taken_away_does_not_say_answering(person: Person) -> None:
    answering = participant.snapshot(person.settings).status
    assert answering is not None
    assert answering.state == "answering"
    alone = settings_in(person.root, syftbox_email="ann@home.net")
    write_status(alone.records_dir, answering)
    status = participant.snapshot(alone).status
    assert status is not None
    assert (status.state, status.outcomes) == ("no_aggregator", ())
    client = create_app(alone, OneProcess(alone, lambda: TODAY), lambda: TODAY).test_client()
    for path, _ in PAGES:
        assert "answering" not in client.get(path, base_url=ORIGIN).text


def test_with_join_ask_the_page_does_not_warn_of_an_immediate_answer(newcomer: Person) -> None:
    assert 'id="first"' not in newcomer.page("/")


def test_a_withdrawal_is_not_called_done_while_files_are_there(person: Person) -> None:
    choose(person, "withdrawn")
    count = len(releases(person)) + 1
    for page in ("/", "/sharing"):
        text = words(person.page(page))
        assert f"You withdrew. Not done yet: files still in your datasite: {count}." in text
        assert "example surveys are answered" not in text
    person.done("/sharing/take-part", {"participation": "withdrawn", "sure": "yes"})
    assert "Not done yet" not in words(person.page("/sharing"))


@pytest.mark.parametrize(
    ("before", "chosen", "sentence"),
    [
        ("joined", "paused", "You paused. Not done yet: the publisher follows it at its next run"),
        ("paused", "joined", "You take part in the trial. Not done yet: the publisher follows it at its next run"),
        ("withdrawn", "joined", "You take part in the trial. Not done yet: the publisher follows it at its next run"),
        ("withdrawn", "paused", "You paused. Not done yet: the publisher follows it at its next run"),
    ],
)
def test_a_choice_that_the_publisher_has_not_seen_is_not_called_done(
    person: Person, before: Participation, chosen: Participation, sentence: str
) -> None:
    person.done("/sharing/take-part", {"participation": before, "sure": "yes"})
    assert "Not done yet" not in words(person.page("/sharing"))
    choose(person, chosen)
    text = words(person.page("/sharing"))
    assert sentence in text
    assert "example surveys are answered" not in text


@pytest.mark.parametrize(
    ("chosen", "ending"),
    [
        ("joined", "left of 13."),
        ("paused", "left of 13. No report is made while you pause."),
        ("withdrawn", "left of 13. No report is made after you withdrew."),
        ("undecided", "left of 13."),
    ],
)
def test_the_remaining_reports_are_the_limit_minus_the_used_ones(
    person: Person, chosen: Participation, ending: str
) -> None:
    used = len(read_ledger(person.settings.records_dir / "ledger.jsonl"))
    choose(person, chosen)
    assert f"in the last 52 weeks; {13 - used} {ending}" in words(person.page("/sharing"))


def at(person: Person, day: date) -> Person:
    return Person(person.root, join="at_once", today=day)


def test_no_true_answer_is_shown_for_a_week_outside_of_the_exports(newcomer: Person) -> None:
    newcomer.upload(SAMPLE.read_bytes(), downloaded="2026-11-15")
    later = at(newcomer, date(2027, 6, 1))
    text = section(later.page("/sharing"), "example")
    assert "The truth, which stays here Unknown: no export was downloaded after " in text
    assert "You started" not in text
    assert "You watched" not in text


def test_the_newest_week_in_the_exports_comes_before_the_week_that_is_asked(person: Person) -> None:
    for weeks in range(4):
        text = section(at(person, date.fromordinal(TODAY.toordinal() + 7 * weeks)).page("/sharing"), "example")
        assert "Unknown" not in text
        assert int(re.findall(r"week 2026-W(\d\d)", text)[0]) <= 46


def test_a_round_that_the_publisher_refused_is_not_called_asked_without_saying_so(person: Person) -> None:
    choose(person, "joined")
    (person.settings.records_dir / "ledger.jsonl").unlink()
    week = re.findall(r"asked about week (2026-W\d\d)", section(person.page("/sharing"), "example"))[0]
    refused = PublisherStatus(
        looked_at=datetime(2026, 11, 16, tzinfo=UTC),
        state="answering",
        outcomes=(Outcome(week, "refused", "it overlaps"),),
    )
    write_status(person.settings.records_dir, refused)
    assert f"You are asked about week {week}, but an answer to it is refused" in section(
        person.page("/sharing"), "example"
    )


def test_odds_below_what_is_asked_are_named_where_they_are_set(person: Person) -> None:
    part = section(person.page("/sharing"), "limits")
    assert "Your aggregator asks for odds of 8" in part
    text = person.done("/sharing/limits", {"odds": "3", "reports": "4", "question": ["volume"]})
    part = section(text, "limits")
    assert "Odds of one report: from 8" in part
    assert part.count("With a limit of 3 (epsilon 1.10) it is never answered.") == 2, "in the message, and as it holds"


@pytest.mark.parametrize(
    ("chosen", "limits", "expected"),
    [
        ("joined", {}, "You were asked about week"),
        ("withdrawn", {}, "If you took part, you would be asked about week"),
        ("paused", {}, "If you took part, you would be asked about week"),
        ("joined", {"odds": (2, 1)}, "but your limits refuse it, so nothing is sent for it"),
        ("joined", {"questions": ()}, "but your limits refuse it, so nothing is sent for it"),
        ("joined", {"reports_per_year": 0}, "but your limits refuse it, so nothing is sent for it"),
    ],
)
def test_only_asked_questions_are_called_asked(
    person: Person, chosen: Participation, limits: dict[str, object], expected: str
) -> None:
    choose(person, chosen, **limits)
    if expected != "You were asked about week":
        # Nothing was answered yet.
        (person.settings.records_dir / "ledger.jsonl").unlink()
    assert expected in section(person.page("/sharing"), "example")


def test_the_page_says_of_how_few_answers_the_aggregator_publishes_nothing(person: Person) -> None:
    sentence = "The aggregator publishes nothing of a question before 20 people have answered it."
    assert sentence not in words(person.page("/sharing")), "this one publishes every answer"
    operator = Datasite(person.settings.datasites_dir, person.settings.aggregator_datasite)
    file = operator.public / "index.json"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), "smallest_answers": 20}))
    assert sentence in words(person.page("/sharing"))
