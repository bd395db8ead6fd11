"""Every verb about one's own data says first that this is a trial, or that no aggregator is chosen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from netflix_trend import cli
from netflix_trend.cli.frame import FrontDoor
from netflix_trend.participant.demo import Demo
from netflix_trend.participant.notice import NO_ADDRESS, NO_AGGREGATOR, TRIAL
from netflix_trend.syftbox.datasite import Datasite
from tests.netflix_trend.cli.front_door import Said, run

SECTIONS = ("Your machine", "Your history", "What leaves")
EXPORT = "NetflixViewingHistory.csv"
# What follows a verb that cannot be typed alone.
WORDS = {
    "import": [EXPORT],
    "event add": ["sick", "2026-02-01", "2026-02-09"],
    "event remove": ["1"],
    "export": ["--format", "csv", "all.csv"],
}
ADDRESSES: dict[str, dict[str, str]] = {
    TRIAL: {},
    NO_AGGREGATOR: {"SYFTBOX_EMAIL": "ann@home.net"},
    NO_ADDRESS: {"SYFTBOX_EMAIL": " Me@Example.org ", "AGGREGATOR_DATASITE": "trends@home.net"},
    "": {"SYFTBOX_EMAIL": "ann@home.net", "AGGREGATOR_DATASITE": "trends@home.net"},
}
Type = Callable[..., Said]


def verbs() -> list[str]:
    """All verbs of the sections; a new one is tried without a word here."""
    assert isinstance(cli.cli, FrontDoor)
    found = []
    for section in SECTIONS:
        for name in cli.cli.sections[section]:
            command = cli.cli.commands[name]
            inner = command.commands if isinstance(command, click.Group) else {}
            found += [f"{name} {one}" for one in inner] or [name]
    return found


@pytest.fixture
def typed(clone: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """A clone on folders, in which nothing is served for long."""
    (clone / EXPORT).write_text('Title,Date\n"Dark: Season 1: Episode 1","1/13/26"\n')
    monkeypatch.setattr("services.local.dashboard.serve", lambda *_: 0)

    def type_(*words: str, **environment: str) -> Said:
        return run(clone, path, *words, MODE="folders", **environment)

    return type_


@pytest.mark.parametrize("said", list(ADDRESSES), ids=["trial", "no-aggregator", "no-address", "real"])
@pytest.mark.parametrize("verb", verbs())
def test_every_verb_says_first_whether_anybody_is_answered(typed: Type, verb: str, said: str) -> None:
    result = typed(*verb.split(), *WORDS.get(verb, []), **ADDRESSES[said])
    # A file for another program is all that this verb may print.
    lines = (result.stderr if verb == "export" else result.stdout).splitlines()
    assert (lines[0] if lines and lines[0] in ADDRESSES else "") == said, result
    for words in (TRIAL, NO_AGGREGATOR, NO_ADDRESS):
        assert (result.stdout + result.stderr).count(words) == int(words == said and bool(said)), result


@pytest.mark.parametrize("said", [TRIAL, NO_AGGREGATOR])
def test_addresses_in_another_case_are_the_same(typed: Type, said: str) -> None:
    shouted = {"AGGREGATOR_DATASITE": " AGGREGATOR@example.org ", **ADDRESSES[said]}
    assert typed("status", **shouted).stdout.startswith(said)


def test_joining_claims_no_answer_to_anybody(typed: Type, clone: Path) -> None:
    assert "on this machine only" in typed("join").stdout
    assert "before an aggregator is chosen" in typed("join", **ADDRESSES[NO_AGGREGATOR]).stdout
    assert "address of your own" in typed("join", **ADDRESSES[NO_ADDRESS]).stdout
    assert "before SyftBox has set up" in typed("join", **ADDRESSES[""]).stdout
    Datasite(clone / "datasites", "ann@home.net").set_up()
    assert "answers what it is asked" in typed("join", **ADDRESSES[""]).stdout


@pytest.mark.parametrize("verb", ["insights", "event list"])
def test_json_stays_json(typed: Type, verb: str) -> None:
    typed("import", EXPORT)
    result = typed(*verb.split(), "--json")
    assert result.returncode == 0
    for line in result.stdout.splitlines():
        json.loads(line)
    assert TRIAL in result.stderr


def test_a_demo_says_who_is_invented_whatever_is_chosen(typed: Type, tmp_path: Path) -> None:
    about, root = Demo(people=40, is_mine=True), tmp_path / "played"
    (root / "private").mkdir(parents=True)
    about.write(root)
    assert typed("dashboard", "--demo", str(root), **ADDRESSES[""]).stdout.startswith(about.sentence)
    assert not typed("dashboard", **ADDRESSES[""]).stdout


def test_help_is_help(typed: Type) -> None:
    for verb in verbs():
        assert TRIAL not in typed(*verb.split(), "--help").stdout
