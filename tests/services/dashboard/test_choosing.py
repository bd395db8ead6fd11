"""The first-run page: an aggregator is chosen, .env follows, and the page works with it at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from flask.testing import FlaskClient
from werkzeug.test import Client

from netflix_trend.layout import PrivateVolume
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.participant import participant
from netflix_trend.participant.choices import read_choices
from netflix_trend.published.introduction import IntroducedOperator
from netflix_trend.settings import Settings
from services.dashboard.choosing import choosing
from services.dashboard.start import start_page
from services.local.current_app import CurrentApp, SettingsFile
from services.local.dashboard import OneProcess
from tests.netflix_trend.cli.test_setup import CLUB, DUO, FIRST, HISTORY, ME, SECOND, two_people
from tests.netflix_trend.history import invented
from tests.netflix_trend.syftbox.test_aggregators import introduce
from tests.services.dashboard.participant import TODAY, Person, settings_in

COMMENT = "# My own comment\n"


@dataclass
class Newcomer(Person):
    """Somebody at the page of a process on folders, whose settings are in .env."""

    email: str = ME
    serves: list[Settings] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file = SettingsFile(self.root / ".env", self.load)
        self.settings = self.load()

        def serve(settings: Settings) -> OneProcess:
            self.serves.append(settings)
            return OneProcess(settings, lambda: TODAY, file=self.file)

        app = CurrentApp(self.file, self.settings, serve, lambda: TODAY)
        client: Any = Client(app)
        self.client: FlaskClient = client

    def load(self) -> Settings:
        """As the verb dashboard does: .env of now, and JOIN=ask before anything was published."""
        kept = {name.lower(): value for name, value in dotenv_values(self.root / ".env").items() if value}
        return settings_in(self.root, **{"join": "ask", "syftbox_email": self.email, **kept})

    @property
    def kept(self) -> dict[str, str | None]:
        return dotenv_values(self.root / ".env")

    def steps(self) -> dict[str, str]:
        """State of each step by title, as the page shows it."""
        found = re.findall(r"<h2>([^<]*) <span class=\"state\">(\w+)</span>", self.page("/"))
        return dict(found)


@pytest.fixture
def here(tmp_path: Path) -> Newcomer:
    datasites = tmp_path / "datasites"
    (datasites / ME).mkdir(parents=True)
    (datasites / ME / "syftperm.yaml").touch()
    introduce(datasites, CLUB, name="Our cinema club")
    introduce(datasites, DUO, mode="two", odds=None, rho=(1079, 10_000), operators=(FIRST, SECOND))
    (tmp_path / ".env").write_text(f"{COMMENT}AGGREGATOR_DATASITE={EXAMPLE_AGGREGATOR}\nHELPER_KEY=\n")
    return Newcomer(tmp_path)


def test_the_steps_begin_with_syftbox_and_end_with_taking_part(here: Newcomer) -> None:
    assert here.steps() == {
        "Find SyftBox": "done",
        "Choose an aggregator": "next",
        "Add your viewing history": "later",
        "Look at it": "later",
        "Take part": "later",
    }
    page = here.page("/")
    assert "It asks about viewing volume." in page
    assert "Our cinema club" in page
    assert SECOND.words in page
    assert FIRST.key not in page
    here.upload(HISTORY)
    assert here.steps()["Look at it"] == "done"
    assert here.steps()["Take part"] == "later"


def test_a_choice_is_written_to_env_and_holds_at_once(here: Newcomer) -> None:
    page = here.done("/setup/aggregator", {"aggregator": CLUB})
    assert f"{CLUB} is your aggregator. Nothing leaves before you join." in page
    assert (here.root / ".env").read_text().startswith(COMMENT)
    assert (here.kept["AGGREGATOR_DATASITE"], here.kept["JOIN"]) == (CLUB, "ask")
    assert here.serves[-1].aggregator_datasite == CLUB
    assert "Choose an aggregator" not in here.steps()
    assert here.steps()["Decide whether to take part"] != "done"
    here.upload(HISTORY)
    assert not (here.root / "datasites" / ME / "app_data").exists(), "nothing leaves before joining"
    here.done("/sharing/take-part", {"participation": "joined"})
    assert here.steps()["Decide whether to take part"] == "done"
    manifest = here.root / "datasites" / ME / "app_data" / "netflix_trend" / "syftperm.yaml"
    assert CLUB in manifest.read_text()


def test_keys_have_to_be_compared(here: Newcomer) -> None:
    shown = here.form("/", "/setup/aggregator")
    assert shown["aggregator"] == [""]
    keys = {name: values[0] for name, values in shown.items() if name.startswith("keys-")}
    assert "tick the box" in here.done("/setup/aggregator", {**keys, "aggregator": DUO})
    assert here.kept["AGGREGATOR_DATASITE"] == EXAMPLE_AGGREGATOR
    page = here.done("/setup/aggregator", {**keys, "aggregator": DUO, "compared": "yes"})
    assert f"{DUO} is your aggregator." in page
    assert (here.kept["AGGREGATOR_KEY"], here.kept["HELPER_KEY"]) == (FIRST.key, SECOND.key)


def test_keys_that_change_between_page_and_answer_are_refused(here: Newcomer) -> None:
    keys = {name: values[0] for name, values in here.form("/", "/setup/aggregator").items() if "keys-" in name}
    file = here.root / "datasites" / DUO / "public" / "netflix_trend" / "index.json"
    file.write_text(file.read_text().replace("ab" * 32, "ef" * 32))
    page = here.done("/setup/aggregator", {**keys, "aggregator": DUO, "compared": "yes"})
    assert "the keys are others than those you were shown" in page
    assert here.kept["AGGREGATOR_DATASITE"] == EXAMPLE_AGGREGATOR


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose an aggregator, or write its address"),
        ({"address": "nobody"}, "Choose an aggregator, or write its address"),
        ({"aggregator": "../../etc"}, "Choose an aggregator, or write its address"),
        ({"address": EXAMPLE_AGGREGATOR}, "Choose an aggregator, or write its address"),
        ({"address": ME}, "That is your own address"),
    ],
)
def test_what_is_no_aggregator_is_refused(here: Newcomer, fields: dict[str, str], said: str) -> None:
    before = (here.root / ".env").read_bytes()
    assert said in here.done("/setup/aggregator", fields)
    assert (here.root / ".env").read_bytes() == before


def test_an_address_that_has_not_introduced_itself_is_taken_and_said(here: Newcomer) -> None:
    page = here.done("/setup/aggregator", {"aggregator": "", "address": " Quiet@Example.com "})
    assert "quiet@example.com is your aggregator. It has not introduced itself" in page
    assert here.kept["AGGREGATOR_DATASITE"] == "quiet@example.com"


def test_another_page_cannot_choose(here: Newcomer) -> None:
    refused = here.client.post("/setup/aggregator", base_url="http://127.0.0.1:8651", data={"aggregator": CLUB})
    assert refused.status_code == 403
    wrong = here.post("/setup/aggregator", {"aggregator": CLUB, "token": "x"})
    assert wrong.status_code == 403
    assert here.kept["AGGREGATOR_DATASITE"] == EXAMPLE_AGGREGATOR


def test_who_joined_a_trial_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "datasites").mkdir()
    (tmp_path / ".env").write_text("")
    here = Newcomer(tmp_path, email="me@example.org")
    page = here.page("/")
    assert "Trial: nothing leaves this machine" in page
    assert "Or try it without" in page
    assert here.steps()["Find SyftBox"] == "next"
    here.upload(HISTORY)
    here.done("/sharing/take-part", {"participation": "joined"})
    assert here.steps()["Take part"] == "later", "never done without an aggregator"
    here.done("/setup/aggregator", {"address": CLUB})
    assert read_choices(here.settings.private_dir).participation == "undecided"


def test_nobody_joins_nobody(here: Newcomer) -> None:
    page = here.done("/sharing/take-part", {"participation": "joined"})
    assert "There is nobody to take part with yet" in page
    assert read_choices(here.settings.private_dir).participation == "undecided"
    assert "Or try it without" not in here.page("/"), "it would announce the person in a real datasite"


def boxes(page: str) -> dict[str, str]:
    """Return what the form sends for each Netflix profile, by its name as the page shows it."""
    found = re.findall(r'name="netflix_profile" value="(\w+)"[^>]*> <bdi>(.*?)</bdi>', page)
    return {unescape(name): mark for mark, name in found}


@pytest.mark.parametrize(("wanted", "views"), [(["Bob"], 1), (["Ann", "Bob"], 2)])
def test_of_several_netflix_profiles_the_person_says_which(
    here: Newcomer, tmp_path: Path, wanted: list[str], views: int
) -> None:
    page = here.upload(two_people(tmp_path).read_bytes(), "ViewingActivity.csv")
    assert "Which of these is you?" in page
    assert "<h1>Say which Netflix profile is you.</h1>" in page
    assert here.steps()["Say whose viewing counts"] == "later"
    assert "Answer the question" in here.page("/health")
    marks = boxes(page)
    for wrong in ([], ["Eve"], [marks["Ann"], "x"]):
        said = here.done("/setup/profile", {"profile": "me", "netflix_profile": wrong})
        assert "Nothing was changed: choose whose viewing counts." in said
    assert "choose whose" in here.done("/setup/profile", {"profile": "Eve", "netflix_profile": [marks["Ann"]]})

    sent = {"profile": "me", "netflix_profile": [marks[name] for name in wanted]}
    page = here.done("/setup/profile", sent)
    assert f"{' and '.join(wanted)} count" in page
    assert "Which of these is you?" not in page
    assert "Say whose viewing counts" not in here.steps()
    assert here.page("/").count(f"<h1>{views} view") == 1
    assert f"Whose viewing counts: <bdi>{' and '.join(wanted)}</bdi>" in here.page("/")


def test_an_answer_can_be_changed_and_moves_nothing_else(here: Newcomer, tmp_path: Path) -> None:
    here.upload(HISTORY, profile="Carl")
    page = here.upload(two_people(tmp_path).read_bytes(), "ViewingActivity.csv")
    marks, other = boxes(page), PrivateVolume(here.settings.private_dir).profile("Carl")
    before = {path.name: path.read_bytes() for path in other.iterdir()}
    for name in ("Ann", "Bob"):
        here.done("/setup/profile", {"profile": "me", "netflix_profile": marks[name]})
        assert f"Whose viewing counts: <bdi>{name}</bdi>" in here.page("/")
    assert {path.name: path.read_bytes() for path in other.iterdir()} == before


def test_hostile_names_neither_break_nor_steer_the_page(here: Newcomer, tmp_path: Path) -> None:
    names = ['"><script>alert(1)</script>', "\u202egnp.exe", "a;b, c", "*", "\x00", "x" * 300]
    rows = [
        (name.replace('"', '""'), f"2026-11-0{day} 20:00:00", "00:40:00", "Roma") for day, name in enumerate(names, 1)
    ]
    page = here.upload(invented.activity(*rows), "ViewingActivity.csv")
    assert "<script>alert" not in page
    assert "\u202e" not in page
    marks = boxes(page)
    assert len(marks) == len(names)
    for mark in marks.values():
        page = here.done("/setup/profile", {"profile": "me", "netflix_profile": mark})
        assert "also in later files" in page
        assert here.page("/").count("<h1>1 view") == 1


def test_env_that_becomes_wrong_changes_nothing(here: Newcomer, caplog: pytest.LogCaptureFixture) -> None:
    (here.root / ".env").write_text("AGGREGATOR_DATASITE=nobody\n")
    assert "Choose an aggregator" in here.page("/")
    assert "cannot be used" in caplog.text
    (here.root / ".env").write_text(f"AGGREGATOR_DATASITE={CLUB}\nDASHBOARD_PORT=9999\n")
    assert "Choose an aggregator" not in here.steps(), "and is followed once it is right, on the port of the start"


def test_hostile_introductions_neither_break_nor_steer_the_page(here: Newcomer) -> None:
    introduce(here.root / "datasites", "evil@example.com", name='"><script>alert(1)</script>')
    file = introduce(here.root / "datasites", "worse@example.com")
    file.write_text(file.read_text().replace('"name":""', '"name":"\\u202eevil\\u0007"'))
    page = here.page("/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "worse@example.com" not in page
    assert "Left out: 1 introduction (not readable)." in page


def test_in_a_container_the_terminal_is_named(tmp_path: Path) -> None:
    """It sees neither other datasites nor .env."""
    (tmp_path / "datasites").mkdir()
    introduce(tmp_path / "datasites", CLUB)
    person = Person(tmp_path)
    choice = choosing(person.settings, "terminal")
    assert choice is not None
    assert choice.aggregators == ()

    class Contained(OneProcess):
        setup = "terminal"  # type: ignore[assignment]

    backend = Contained(person.settings, lambda: TODAY)
    state = participant.snapshot(person.settings)
    from services.dashboard.history import History

    page = start_page(person.settings, state, History.of(person.settings.private_dir), backend, TODAY)
    assert [step.text for step in page.steps if "./run.sh setup" in step.text]


def test_a_demo_offers_nothing(newcomer: Person) -> None:
    introduce(newcomer.root / "datasites", CLUB)
    assert "/setup/aggregator" not in newcomer.page("/")
    assert "chosen once on this page" in newcomer.done("/setup/aggregator", {"aggregator": CLUB})


def test_two_operators_are_named(here: Newcomer) -> None:
    assert isinstance(FIRST, IntroducedOperator)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", here.page("/")))
    assert f"Aggregator: {DUO}, key {FIRST.words}" in text
    assert f"Helper: {SECOND.datasite}, key {SECOND.words}" in text
