"""Every kind of own file, damaged in every way: it costs itself, is named, and everything else goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.operators.store import Store
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from netflix_trend.settings import load_settings
from netflix_trend.simulation.population import watched
from netflix_trend.storage.damaged import FOLDER, paths_set_aside
from netflix_trend.survey.deadlines import DAY
from netflix_trend.survey.survey import load_surveys
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.__main__ import main
from services.aggregator.charts.kept import ADDED, CHARTS
from services.aggregator.looking import tried
from services.aggregator.memory import Memory
from services.aggregator.rounds import Aggregator
from services.aggregator.survey_plan import PLAN, LocalPlan, write_plan
from services.aggregator.web import create_app
from tests.netflix_trend.catalogue.chart_tables import charts_of
from tests.services.aggregator.people import crowd
from tests.services.aggregator.test_sums import EARLY, LATE, MONDAY, World
from tests.services.aggregator.test_sums import WEEK as SUMMED

AGGREGATOR = "aggregator@home.net"
NEWEST = Week.parse("2026-W46")
TODAY = NEWEST.sunday + timedelta(days=2)
LATER = TODAY + timedelta(weeks=6)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 500)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").write_text("of somebody")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/proc/self/mem")


DAMAGES = [truncated, garbage, empty, folder, fifo, link]
KINDS = {
    "statistics of a closed round": f"statistics/{NEWEST}.json",
    "statistics of an open round": f"statistics/{NEWEST + 6}.json",
    "survey": f"surveys/{NEWEST + 6}.json",
    "batches": f"batches/{NEWEST + 6}.json",
    "charts": CHARTS,
    "added titles": ADDED,
    "plan": PLAN,
    "pseudonyms": "pseudonyms.key",
    "overview": "operator.json",
    "list of participants": "participants.txt",
}


def aggregator(root: Path) -> Aggregator:
    (root / "datasites").mkdir(exist_ok=True)
    site = Datasite(root / "datasites", AGGREGATOR)
    return Aggregator(site, root / "own", starter_vocabulary(), durable=False, smallest_change=1, smallest_answers=1)


@pytest.fixture(scope="module")
def seven_rounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An aggregator with one closed round that was answered, an open one that was, and every kind of own file."""
    root = tmp_path_factory.mktemp("rounds")
    here = aggregator(root)
    here.kept_charts.add(charts_of({NEWEST: [("A Show That No Catalogue Knows", 9)]}))
    here.enrolment.enrol("anna@home.net")
    here.enrolment.remove("mallory@home.net")
    write_plan(here.own, LocalPlan(list_length=40), durable=False)
    crowd(root, here.ask(TODAY)[-1], "volume", [watched(frozenset(), 5)] * 3)
    here.run(TODAY)
    crowd(root, here.ask(LATER)[-1], "volume", [watched(frozenset(), 5)] * 3, seed=2)
    here.run(LATER)
    return root


@pytest.fixture
def here(seven_rounds: Path, tmp_path: Path) -> Aggregator:
    shutil.copytree(seven_rounds, tmp_path, dirs_exist_ok=True)
    return aggregator(tmp_path)


def published(here: Aggregator) -> Mapping[str, bytes]:
    return {
        path.relative_to(here.site.root).as_posix(): path.read_bytes()
        for path in here.site.root.rglob("*")
        if path.is_file() and not path.name.startswith("syft")
    }


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        # Each kind alone, then all at once in every way.
        *((damage, (name,)) for name, damage in zip(KINDS.values(), cycle(DAMAGES), strict=False)),
        *((damage, tuple(KINDS.values())) for damage in DAMAGES),
    ],
)
def test_a_damaged_own_file_costs_itself_and_is_named(
    here: Aggregator, damage: Callable[[Path], None], names: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    before = published(here)
    for name in names:
        damage(here.own / name)
    for _ in range(2):
        here.run(LATER)
    assert published(here) == before, "everything that was published is there, and as it was"
    # An overview is written anew, and an empty list is a list.
    unnamed = {KINDS["overview"], *([KINDS["list of participants"]] if damage in (truncated, empty) else [])}
    wanted = sorted(set(names) - unnamed)
    assert [name for name in paths_set_aside(here.own) if name not in unnamed] == wanted
    assert all(name in caplog.text for name in wanted)
    settings = load_settings(datasites_dir=here.site.datasites, aggregator_dir=here.own, aggregator_datasite=AGGREGATOR)
    with create_app(settings, lambda: True).test_client() as client:
        told = client.get("/healthz")
        assert (told.status_code, told.get_json()["ok"]) == (200, True)
        assert set(wanted) <= set(told.get_json()[FOLDER])
        with client.get(f"/rounds/{NEWEST}.html") as page:
            assert page.status_code == 200


@pytest.mark.parametrize("damage", [garbage, folder, fifo])
def test_who_was_removed_is_not_back_when_the_list_is_damaged(here: Aggregator, damage: Callable[[Path], None]) -> None:
    damage(here.own / "participants.txt")
    assert here.enrolment.listed() == {"anna@home.net": True, "mallory@home.net": False}


def test_a_lost_volume_is_made_again_from_what_is_published(here: Aggregator) -> None:
    before, asked = published(here), here.ask(LATER)
    joined = here.kept_charts.added
    shutil.rmtree(here.own)
    again = replace(here, memory=Memory())
    for _ in range(2):
        again.run(LATER)
    assert published(again) == before
    assert again.ask(LATER) == asked, "answers to them are still counted"
    assert again.kept_charts.added == joined
    assert again.run(LATER + timedelta(days=7))[-2].reports == 3


def test_an_older_copy_of_the_volume_removes_no_round(here: Aggregator) -> None:
    before = published(here)
    for age in range(4):
        here.statistics.path(str(NEWEST - age)).unlink()
        here.statistics.path(str(NEWEST + 6 - age)).unlink()
        here.survey_path(NEWEST + 6 - age).unlink()
    replace(here, memory=Memory()).run(LATER)
    assert published(here) == before


@pytest.mark.parametrize("content", [b"{", b'{"round": "2026-W46", "of": "a later version"}'])
def test_a_round_of_which_both_copies_cannot_be_read_keeps_its_page(here: Aggregator, content: bytes) -> None:
    page = f"public/netflix_trend/rounds/{NEWEST}.html"
    before = published(here)[page]
    for folder_ in (here.own, here.shared, here.site.public):
        (folder_ / "statistics" / f"{NEWEST}.json").write_bytes(content)
    for _ in range(2):
        replace(here, memory=Memory()).run(LATER)
    assert published(here)[page] == before
    is_whole = content != b"{"
    assert (f"app_data/netflix_trend/shared/statistics/{NEWEST}.json" in published(here)) is is_whole
    assert (paths_set_aside(here.own) == ()) is is_whole, "a later version's file stays where that looks for it"


def test_a_survey_that_is_lost_everywhere_is_not_asked_again(here: Aggregator) -> None:
    newest = NEWEST + 6
    (here.shared / "survey.json").unlink()
    garbage(here.survey_path(newest))
    for _ in range(2):
        here.run(LATER)
    open_rounds = [survey.round for survey in load_surveys((here.shared / "survey.json").read_bytes())]
    assert open_rounds == [str(newest - age) for age in (1, 2, 3)]
    assert (here.shared / "statistics" / f"{newest}.json").exists()


def test_a_lost_vocabulary_ends_only_the_counting_of_its_rounds(here: Aggregator) -> None:
    before = published(here)
    for path in (here.own / "vocabularies").iterdir():
        garbage(path)
    (here.shared / "vocabulary.json").unlink()
    (here.own / ADDED).unlink()
    crowd(here.site.datasites.parent, here.ask(LATER)[-1], "top_shows", [watched(frozenset(), 5)] * 3)
    here.run(LATER)
    statistics = f"app_data/netflix_trend/shared/statistics/{NEWEST + 6}.json"
    assert published(here)[statistics] == before[statistics]


def test_a_file_in_the_place_of_a_folder_is_moved_aside(here: Aggregator) -> None:
    before = published(here)
    for name in ("statistics", "surveys", "batches", "vocabularies"):
        shutil.rmtree(here.own / name)
        (here.own / name).write_text("?")
    here.run(LATER)
    assert published(here) == before
    assert paths_set_aside(here.own) == ("batches", "statistics", "surveys", "vocabularies")


def test_status_names_damaged_files_and_ends_with_one(
    here: Aggregator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, path in {"DATASITES_DIR": here.site.datasites, "AGGREGATOR_DIR": here.own}.items():
        monkeypatch.setenv(name, str(path))
    assert main(["status"]) == 0
    garbage(here.own / CHARTS)
    here.run(LATER)
    assert main(["status"]) == 1
    assert CHARTS in capsys.readouterr().out


def test_a_line_of_the_list_that_is_no_address_is_left_out_and_stays(here: Aggregator) -> None:
    path = here.own / "participants.txt"
    path.write_text(path.read_text() + "bob at home\n")
    here.run(LATER)
    assert "anna@home.net" in here.enrolment.participants()
    assert "bob at home" in path.read_text()


def test_what_goes_wrong_in_a_look_is_told_without_names() -> None:
    def look() -> None:
        raise KeyError("anna@home.net")

    assert tried(look).startswith("KeyError (tests/services/aggregator/test_own_files.py:")
    assert tried(lambda: None) == ""


# --- rounds of sums


@pytest.fixture(scope="module")
def summed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two operators with a round of which the early sums are published."""
    world = World(tmp_path_factory.mktemp("summed"))
    world.operate(MONDAY)
    world.report(range(6), MONDAY)
    world.operate(EARLY)
    for store in world.stores:
        store.close()
    return world.root


@pytest.fixture
def world(summed: Path, tmp_path: Path) -> World:
    shutil.copytree(summed, tmp_path, dirs_exist_ok=True)
    return World(tmp_path)


def sums(world: World) -> bytes:
    return (world.aggregator.shared / "statistics" / f"{SUMMED}.json").read_bytes()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [f"sum_surveys/{SUMMED}.json", f"statistics/{SUMMED}.json", "operators.json"])
def test_a_damaged_file_of_sums_costs_itself(world: World, name: str, damage: Callable[[Path], None]) -> None:
    before = sums(world)
    damage(world.root / "aggregator" / name)
    world.start()
    world.operate(EARLY + DAY)
    assert sums(world) == before
    world.report(range(6, 12), EARLY + DAY)
    assert world.operate(LATE)[-1].reports == 12


@pytest.mark.parametrize("damage", [truncated, garbage, empty, folder])
@pytest.mark.parametrize("operator", ["aggregator", "helper"])
def test_a_damaged_database_gives_open_rounds_up_and_keeps_published_sums(
    world: World, operator: str, damage: Callable[[Path], None]
) -> None:
    before = RoundStatistics.from_bytes(sums(world))
    for store in world.stores:
        store.close()
    own = world.root / operator
    for name in ("operators.sqlite-wal", "operators.sqlite-shm"):
        (own / name).unlink(missing_ok=True)
    damage(own / "operators.sqlite")
    world.start()
    world.operate(EARLY + DAY)
    after = RoundStatistics.from_bytes(sums(world))
    assert (after.top_shows.shows, after.reports) == (before.top_shows.shows, before.reports)
    assert paths_set_aside(own) == (("operators.sqlite",) if damage is not empty else ())
    for kept in (own / FOLDER).glob("*"):
        assert kept.is_dir() or kept.read_text().startswith("was damaged and is deleted"), "keys are in no file"
    world.operate(MONDAY + 7 * DAY)
    names = [row.name for row in world.aggregator.leader.store.rounds("open")]
    assert str(SUMMED + 1) in names, "the next week is asked about"


def test_a_database_that_is_found_damaged_in_the_middle_of_a_look_is_cleared(world: World) -> None:
    store, path = world.aggregator.leader.store, world.root / "aggregator" / "operators.sqlite"
    store.erase()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    world.aggregator.leader.store.sql.execute("PRAGMA cache_size=0")
    world.operate(EARLY + DAY)
    assert paths_set_aside(world.root / "aggregator") == ("operators.sqlite",)


def test_a_damaged_key_stops_sums_and_nothing_that_is_published(world: World) -> None:
    before = sums(world)
    (world.root / "aggregator" / "identity.key").write_bytes(b"short")
    world.aggregator.__dict__.pop("identity")
    world.aggregator.__dict__.pop("leader")
    problem = tried(lambda: world.aggregator.lead(EARLY))
    assert "identity.key" in problem
    assert "restore it from a backup" in problem
    assert sums(world) == before
    assert (world.root / "aggregator" / "identity.key").read_bytes() == b"short"


def test_a_busy_or_full_disk_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "operators.sqlite"
    first = Store(path, durable=False)
    first.put("2026-W46", "survey.json", b"{}")
    first.sql.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("netflix_trend.operators.store.WAIT_SECONDS", 0)
    second = Store.open_or_clear(path, durable=False)
    assert "OperationalError" in tried(lambda: second.put("2026-W46", "survey.json", b"later"))
    first.sql.execute("ROLLBACK")
    assert Store.open_or_clear(path, durable=False).file("2026-W46", "survey.json") == b"{}"
    assert paths_set_aside(tmp_path) == ()
