"""Each of the participant's own files, damaged in each way: it is named, and costs nothing but itself."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.exclusions import Rows, exclude
from netflix_trend.layout import PublisherVolume
from netflix_trend.operators.store import Store
from netflix_trend.participant import forgetting, participant
from netflix_trend.participant.life_events import add_event
from netflix_trend.participant.own_files import damaged_files, own_files_row
from netflix_trend.participant.receipts import keep_receipt, receipt
from netflix_trend.settings import Settings
from services.dashboard.dismissed import dismiss
from services.dashboard.web import PAGES
from services.local.__main__ import publish_once
from services.scraper.run_state import Plan, RunState
from services.scraper.scheduled import ScheduledRuns
from tests.services.dashboard.participant import LAST, TODAY, Person, make_network, settings_in

SMALL = "Title,Date\nDark: Season 1: Secrets,11/2/26\nOkja,11/3/26\n"
FORGOTTEN = "Title,Date\nRoma,11/4/26\n"


state_of = participant.snapshot


def _settings(root: Path) -> Settings:
    return settings_in(root, scraper_dir=root / "scraper")


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of somebody of whom every kind of file is there."""
    root = tmp_path_factory.mktemp("damaged") / "person"
    make_network(root, people=3, weeks=2)
    settings = _settings(root)
    for content in (SMALL, FORGOTTEN):
        participant.take(settings, [content.encode()], Delivery(name="a.csv", received=TODAY, profile="me", source="x"))
    participant.decide(settings, "joined")
    exclude(settings.private_dir, [Rows("title", "Okja")])
    add_event(settings.private_dir, "sick", LAST.monday, LAST.sunday)
    (settings.private_dir / "household.json").write_text('{"counted":{"me":["Ann"]},"schema_version":1}')
    dismiss(settings.private_dir, ["0" * 16])
    forgetting.forget(settings, [forgetting.named(settings, _digest(FORGOTTEN))], datetime.now(UTC))
    Store(PublisherVolume(settings.records_dir).sealed).close()
    keep_receipt(settings.records_dir, receipt([], {}, LAST, datetime(2026, 11, 1, tzinfo=UTC)))
    state = RunState(settings.scraper_dir)
    state.make()
    state.write(Plan(next_run=datetime(2099, 1, 1, tzinfo=UTC)))
    state.jar_path.write_text('[{"name": "NetflixId", "value": "x", "domain": ".netflix.com"}]')
    publish_once(settings, TODAY)
    assert own_files_row(settings, state_of(settings)).mark == "fine", damaged_files(settings, state_of(settings))
    return root


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


@pytest.fixture(scope="session")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody at the browser, whose folders each test puts there anew: making an application takes a second."""
    return Person(tmp_path_factory.mktemp("visitor") / "person")


@pytest.fixture
def person(everything: Path, visitor: Person) -> Person:
    shutil.rmtree(visitor.root, ignore_errors=True)
    shutil.copytree(everything, visitor.root)
    return visitor


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff\x00{garbage" * (path.stat().st_size // 10 + 1))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "note").write_text("somebody's")


# Garbage and nothing are told apart only where a library or an own format reads the file.
EVERYWHERE, SOMEWHERE = (truncated, folder), (garbage, empty)
READ_OTHERWISE = (".csv", ".duckdb", ".sqlite", ".jsonl", ".npy", "choices.json", "exclusions.json")
# Of these an empty one is that of a first run that was cut off: there is nothing to notice.
BEGUN = ("trial/ledger.jsonl", "trial/operators.sqlite")
# By volume, with the mark of each: wrong needs a person, look here mends itself or costs nothing.
FILES = {
    "private": {
        f"raw/{_digest(SMALL)}.json": "wrong",
        f"raw/{_digest(SMALL)}.csv": "wrong",
        "profiles/me/viewing.duckdb": "look here",
        "profiles/me/netflix_full.npy": "look here",
        "profiles/me/tvseries_views_sparse_vector.npy": "look here",
        "profiles/me/encodings.json": "look here",
        "profiles/me/built_from.json": "look here",
        "choices.json": "wrong",
        "household.json": "wrong",
        "exclusions.json": "wrong",
        "life_events.json": "wrong",
        "removed/removals.json": "wrong",
        "dismissed.json": "look here",
    },
    "publisher": {
        "trial/ledger.jsonl": "wrong",
        "trial/operators.sqlite": "wrong",
        "trial/outlook.json": "look here",
        "trial/receipts/20261101T000000Z.json": "look here",
    },
    "scraper": {"plan.json": "look here", "cookies.json": "look here"},
}
CASES = [
    pytest.param(volume, name, mark, damage, id=f"{name.replace(_digest(SMALL), 'export')}-{damage.__name__}")
    for volume, files in FILES.items()
    for name, mark in files.items()
    for damage in EVERYWHERE + (SOMEWHERE if name.endswith(READ_OTHERWISE) else ())
    if not (damage is empty and name in BEGUN)
]


@pytest.mark.parametrize(("volume", "name", "mark", "damage"), CASES)
def test_a_damaged_file_is_named_and_costs_nothing_but_itself(
    person: Person, volume: str, name: str, mark: str, damage: Callable[[Path], None]
) -> None:
    root, someone = person.root, _settings(person.root)
    path = root / volume / name
    damage(path)
    found = {file.name: file for file in damaged_files(someone, state_of(someone))}
    named = name.removeprefix("trial/")
    assert found[named].mark == mark
    row = own_files_row(someone, state_of(someone))
    assert row.mark == mark
    assert named in row.text
    assert row.step
    pages = {path: person.page(path) for path, _title in PAGES}
    # The page of this person does not see the browser's folder.
    assert volume == "scraper" or named in pages["/health"]

    status = publish_once(someone, TODAY)  # rebuilds, publishes and deletes what is over
    ScheduledRuns(someone.scraper_dir).check()
    is_strict = name in ("choices.json", "exclusions.json", "trial/ledger.jsonl", "trial/operators.sqlite")
    assert (status.state in ("problem", "no_export")) <= is_strict, status
    assert "Brooklyn" in person.page("/viewing"), "the other export counts"
    left = {file.name: file.mark for file in damaged_files(someone, state_of(someone))}
    if mark == "look here" and "receipts" not in name and name not in ("dismissed.json", "cookies.json"):
        assert named not in left, "it is built again"
    if damage is folder:
        assert [note.read_text() for note in root.rglob("note")] == ["somebody's"], "nothing is deleted"
