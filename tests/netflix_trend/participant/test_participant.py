"""What is out of date is rebuilt, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.history import freshness, tables
from netflix_trend.history.encodings import load_encodings
from netflix_trend.history.raw import RawStore
from netflix_trend.layout import DATABASE, PrivateVolume, shared_path
from netflix_trend.participant import participant
from netflix_trend.participant.status import PublisherStatus, write_status
from netflix_trend.settings import Settings, load_settings
from netflix_trend.storage.files import locked, write_atomically
from netflix_trend.syftbox.datasite import Datasite
from tests.netflix_trend.history.database import rows_of

HISTORY = "Title,Date\n" + "".join(f'"Dark: Season 1: Episode {n}","1/{n}/26"\n' for n in range(13, 29))
ACTIVITY = Path(__file__).parents[2] / "fixtures" / "exports" / "ViewingActivity.csv"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        datasites_dir=tmp_path / "datasites",
        syftbox_email="me@example.org",
        tz="UTC",
    )


def keep(settings: Settings, content: str, name: str = "a.csv", profile: str = "me") -> str:
    """Put a file into raw/, as a receiver does, and leave the tables as they are."""
    path = settings.private_dir.parent / name
    path.write_text(content)
    return participant.take_file(settings, path, "test", received=date(2026, 2, 1), profile=profile).sha256


def refreshed(settings: Settings) -> list[str]:
    return [history.profile for history in participant.refresh(settings)]


def test_a_new_export_is_read_once(settings: Settings) -> None:
    sha256 = keep(settings, HISTORY)
    assert participant.out_of_date(settings).unread == (sha256,)
    assert refreshed(settings) == ["me"]
    assert participant.out_of_date(settings).unread == ()
    assert [refreshed(settings) for _ in range(3)] == [[], [], []]


def test_an_export_that_cannot_be_used_is_tried_once(settings: Settings) -> None:
    """With and without usable files beside it; three more runs rebuild nothing."""
    keep(settings, "no export at all\n", "bad.csv", "other")
    keep(settings, "no export either\n", "bad2.csv")
    assert refreshed(settings) == ["me", "other"]
    assert [refreshed(settings) for _ in range(3)] == [[], [], []]
    keep(settings, HISTORY)
    assert refreshed(settings) == ["me", "other"]
    assert [refreshed(settings) for _ in range(3)] == [[], [], []]
    assert participant.out_of_date(settings).unread == ()


def test_a_file_refused_for_good_is_not_kept_and_one_with_a_question_is(settings: Settings) -> None:
    bad, asks = (
        keep(settings, "no export at all\n", "bad.csv"),
        keep(settings, 'Title,Date\n"Roma","3/4/24"\n', "b.csv"),
    )
    volume = PrivateVolume(settings.private_dir)
    refreshed(settings)
    assert (volume.export(bad).exists(), volume.export(asks).exists()) == (False, True)
    first = exports_of(settings, "me")
    assert [(row[0], "was not kept" in row[1]) for row in first] == [("b.csv", False), ("bad.csv", True)]
    keep(settings, HISTORY)
    refreshed(settings)
    assert exports_of(settings, "me") == [("a.csv", None), *first], "the list shows it as before"


def test_a_refused_file_of_one_profile_makes_no_other_out_of_date(settings: Settings) -> None:
    keep(settings, HISTORY)
    keep(settings, HISTORY.replace("Dark", "Ozark"), "b.csv", "Zoe")
    keep(settings, "no export at all\n", "bad.csv", "Zoe")
    assert refreshed(settings) == ["Zoe", "me"]
    assert refreshed(settings) == []


def test_a_refused_file_of_an_earlier_version_leaves_raw_at_the_next_rebuild(settings: Settings) -> None:
    bad = keep(settings, "no export at all\n", "bad.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RawStore, "refuse", lambda *_: False)
        patch.setattr(freshness, "TABLES_VERSION", 3)
        refreshed(settings)
    assert PrivateVolume(settings.private_dir).export(bad).exists()
    refreshed(settings)
    assert not PrivateVolume(settings.private_dir).export(bad).exists()
    assert [refreshed(settings) for _ in range(3)] == [[], [], []]


def test_a_refused_file_is_read_again_when_it_comes_again(settings: Settings) -> None:
    for _ in range(2):
        bad = keep(settings, "no export at all\n", "bad.csv")
        assert participant.out_of_date(settings).outdated == ("me",)
        assert refreshed(settings) == ["me"]
        assert not PrivateVolume(settings.private_dir).export(bad).exists()


def exports_of(settings: Settings, profile: str) -> list[tuple[str, str | None]]:
    path = PrivateVolume(settings.private_dir).profile(profile) / DATABASE
    return rows_of(path, "select name, error from exports order by name")


def test_everything_is_rebuilt_when_asked(settings: Settings) -> None:
    keep(settings, HISTORY)
    participant.refresh(settings)
    assert [history.profile for history in participant.refresh(settings, everything=True)] == ["me"]


def test_another_vocabulary_means_another_rebuild(settings: Settings) -> None:
    keep(settings, HISTORY)
    participant.refresh(settings)
    other = Vocabulary.build([CatalogueTitle(title="Dark", kind="series")])
    place = settings.datasites_dir / settings.aggregator_datasite / shared_path("vocabulary.json")
    place.parent.mkdir(parents=True)
    write_atomically(place, other.to_bytes())
    assert refreshed(settings) == ["me"]
    assert refreshed(settings) == []
    assert load_encodings(settings.private_dir / "profiles" / "me").vocabulary == other.version
    place.unlink()
    assert refreshed(settings) == ["me"]
    assert load_encodings(settings.private_dir / "profiles" / "me").vocabulary == starter_vocabulary().version


@pytest.mark.parametrize("change", [{"tz": "Asia/Tokyo"}, {"shortest_view_seconds": 5}, {"date_order": "dmy"}])
def test_another_option_means_another_rebuild(settings: Settings, change: dict[str, object]) -> None:
    keep(settings, HISTORY)
    participant.refresh(settings)
    changed = settings.model_copy(update=change)
    assert refreshed(changed) == ["me"]
    assert refreshed(changed) == []


def test_a_file_that_moves_leaves_no_profile_behind(settings: Settings) -> None:
    keep(settings, ACTIVITY.read_text(), profile="Anna")
    assert refreshed(settings) == ["Anna"]
    keep(settings, ACTIVITY.read_text(), profile="Everybody")
    assert participant.out_of_date(settings).outdated == ("Everybody", "Anna")
    assert refreshed(settings) == ["Everybody"]
    assert [path.name for path in (settings.private_dir / "profiles").iterdir()] == ["Everybody"]
    assert participant.out_of_date(settings).outdated == ()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (name, how)
        for name in (DATABASE, "encodings.json", "netflix_full.npy", "built_from.json")
        for how in ("gone", "torn")
    ],
)
def test_a_damaged_file_is_made_again(settings: Settings, name: str, damage: str) -> None:
    keep(settings, HISTORY)
    participant.refresh(settings)
    path = settings.private_dir / "profiles" / "me" / name
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[: len(whole) // 2])
    assert refreshed(settings) == ["me"]
    assert refreshed(settings) == []


@pytest.mark.parametrize("damage", ["", "{", "[]", "torn", "another file's"])
def test_a_damaged_description_leaves_out_its_export_and_is_named(settings: Settings, damage: str) -> None:
    damaged, whole = keep(settings, HISTORY), keep(settings, HISTORY.replace("Dark", "Ozark"), "b.csv")
    raw = settings.private_dir / "raw"
    known = (raw / f"{damaged}.json").read_text()
    content = {"torn": known[: len(known) // 2], "another file's": known.replace(damaged, whole)}.get(damage, damage)
    (raw / f"{damaged}.json").write_text(content)

    (history,) = participant.refresh(settings)

    assert [file.raw.sha256 for file in history.files] == [whole]
    assert participant.out_of_date(settings).damaged == (damaged,)
    assert refreshed(settings) == []
    assert (raw / f"{damaged}.csv").read_text() == HISTORY


def test_an_export_with_a_damaged_description_counts_again_once_it_is_imported(settings: Settings) -> None:
    sha256 = keep(settings, HISTORY)
    (settings.private_dir / "raw" / f"{sha256}.json").write_bytes(b"\xff")
    assert keep(settings, HISTORY) == sha256
    assert refreshed(settings) == ["me"]
    assert participant.out_of_date(settings).damaged == ()


def test_tables_stay_when_the_only_description_of_a_profile_is_damaged(settings: Settings) -> None:
    sha256 = keep(settings, HISTORY)
    participant.refresh(settings)
    (settings.private_dir / "raw" / f"{sha256}.json").write_text("{")

    participant.refresh(settings)
    assert participant.refresh(settings, everything=True) == []

    assert participant.out_of_date(settings).outdated == ()
    assert load_encodings(settings.private_dir / "profiles" / "me") is not None


def test_damaged_bytes_are_set_aside_and_count_again_once_the_file_is_imported(settings: Settings) -> None:
    damaged, whole = keep(settings, HISTORY), keep(settings, HISTORY.replace("Dark", "Ozark"), "b.csv")
    participant.refresh(settings)
    before = load_encodings(settings.private_dir / "profiles" / "me").full
    path = settings.private_dir / "raw" / f"{damaged}.csv"
    path.write_text("Title,Date\n")
    assert refreshed(settings) == [], "the tables still have everything, so they stay"

    (history,) = participant.refresh(settings, everything=True)
    assert {file.raw.sha256: file.refusal and file.refusal.reason for file in history.files} == {
        damaged: "bytes_lost",
        whole: None,
    }
    assert not path.exists()
    assert [one.read_text() for one in (settings.private_dir / "damaged").iterdir()] == ["Title,Date\n"]
    assert refreshed(settings) == []
    assert participant.exports(settings)[0].refused is None

    assert keep(settings, HISTORY) == damaged
    assert refreshed(settings) == ["me"]
    assert np.array_equal(load_encodings(settings.private_dir / "profiles" / "me").full, before)


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    def die(*_: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tables, name, die)
        with pytest.raises(KeyboardInterrupt):
            yield


@pytest.mark.parametrize("step", ["_full", "save_encodings", "write_built_from"])
def test_a_rebuild_that_was_killed_is_repeated(settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    keep(settings, HISTORY)
    participant.refresh(settings)
    second = keep(settings, HISTORY.replace("Dark", "Ozark"), "b.csv")
    with killed_at(monkeypatch, step):
        participant.refresh(settings)
    assert participant.out_of_date(settings).unread == (second,)
    assert refreshed(settings) == ["me"]
    assert participant.out_of_date(settings).outdated == ()


def test_a_file_is_taken_with_the_defaults_of_the_settings(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"netflix_profile": "Ann"})
    path = tmp_path / "history.csv"
    path.write_text(HISTORY)
    raw = participant.take_file(own, path, "test", received=date(2026, 2, 1), only=("Bob",))
    assert (raw.profile, raw.only, raw.source, raw.name) == ("Ann", ("Bob",), "test", "history.csv")
    again = participant.take_file(own, path, "test", profile="me", date_order="mdy")
    assert (again.sha256, again.profile, again.only, again.date_order) == (raw.sha256, "me", (), "mdy")
    assert participant.exports(settings) == [again]


def test_a_withdrawal_is_carried_out_at_once(settings: Settings) -> None:
    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    site.set_up()
    keep(settings, HISTORY)
    participant.refresh(settings)
    assert participant.publish(settings, date(2026, 2, 2)).state == "answering"
    assert site.published()
    found = participant.withdraw(settings, date(2026, 2, 2))
    assert (found.state, site.published()) == ("withdrawn", set())
    (receipt,) = participant.snapshot(settings).receipts
    assert receipt.sentence == found.message


def test_a_snapshot_reads_each_file_once_and_says_what_is_damaged(settings: Settings) -> None:
    Datasite(settings.datasites_dir, settings.syftbox_email).set_up()
    keep(settings, HISTORY)
    participant.refresh(settings)
    participant.publish(settings, date(2026, 2, 2))
    found = participant.snapshot(settings)
    assert found.takes_part
    assert found.status is not None
    assert set(found.digests) == {"manifest.json", *(f"releases/{entry.round}.json" for entry in found.entries)}
    (settings.private_dir / "choices.json").write_text("{")
    (settings.records_dir / "ledger.jsonl").write_text("{}\n")
    damaged = participant.snapshot(settings)
    assert not damaged.takes_part
    assert "choices.json is damaged" in damaged.choices_problem
    assert "ledger.jsonl" in damaged.ledger_problem


def test_a_snapshot_waits_for_a_run_of_the_publisher_but_not_for_ever(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as pool, locked(settings.records_dir / ".look.lock"):
        monkeypatch.setattr(participant, "_SNAPSHOT_SECONDS", 0.1)
        assert participant.snapshot(settings).status is None, "it is read all the same"
        monkeypatch.setattr(participant, "_SNAPSHOT_SECONDS", 60.0)
        waiting = pool.submit(participant.snapshot, settings)
        assert wait([waiting], 0.5).not_done == {waiting}, "a run goes on"
        after = PublisherStatus(looked_at=datetime(2026, 2, 2, tzinfo=UTC), state="paused")
        write_status(settings.records_dir, after)
    assert waiting.result(30).status == after
