"""Backup and restore of a participant: everything comes back, and no round is ever answered twice."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import shutil
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.backup.archive import BackupError
from netflix_trend.backup.contents import is_damaged
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.history.raw import RawStore
from netflix_trend.layout import PublisherVolume
from netflix_trend.operators.store import Store
from netflix_trend.participant import restoring
from netflix_trend.participant.choices import choose, read_choices
from netflix_trend.participant.ledger import open_ledger, read_ledger, read_whole_ledger
from netflix_trend.participant.publishing import publish_with
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.participant.restoring import back_up, finish, is_new, restore
from netflix_trend.periods.turns import ROTATION, is_turn
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.storage.damaged import paths_set_aside
from netflix_trend.storage.files import locked
from netflix_trend.survey.survey import dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.shared_files import starter_surveys

ANN, AGGREGATOR = "ann@home.net", "trends@home.net"
FIRST = next(Week.parse("2026-W10") + age for age in range(ROTATION) if is_turn(Week.parse("2026-W10") + age, ANN))
EXPORT = b"Title,Date\nDark: Season 1: Secrets,11/1/26\n"


def day_after(week: Week) -> date:
    return week.sunday + timedelta(days=2)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def installed(tmp_path: Path, name: str = "machine", **about: object) -> Settings:
    settings = load_settings(
        syftbox_email=ANN,
        aggregator_datasite=AGGREGATOR,
        datasites_dir=tmp_path / "datasites",
        private_dir=tmp_path / name / "private",
        publisher_dir=tmp_path / name / "publisher",
        **about,
    )
    Datasite(settings.datasites_dir, ANN).set_up()
    return settings


def publish(settings: Settings, week: Week) -> dict[str, bytes]:
    """A new file is there and the publisher runs; returns the releases in the datasite."""
    today = day_after(week)
    folder = settings.private_dir / "profiles" / "me"
    folder.mkdir(parents=True, exist_ok=True)
    version = starter_vocabulary().version
    save_encodings(folder, Encodings(np.zeros(0, FULL_DTYPE), np.zeros(9, "<i4"), version, today))
    shared = Datasite(settings.datasites_dir, AGGREGATOR).app_data / "shared"
    shared.mkdir(parents=True, exist_ok=True)
    (shared / "survey.json").write_bytes(dump_surveys(starter_surveys(today)))
    status = publish_with(settings, today)
    assert status.state in ("answering", "withdrawn"), status.message
    return released(settings)


def released(settings: Settings) -> dict[str, bytes]:
    contents = Datasite(settings.datasites_dir, ANN).contents()
    return {name: data for name, data in contents.items() if name.startswith("releases/")}


def saved(settings: Settings, week: Week) -> bytes:
    out = io.BytesIO()
    back_up(settings, out, now=at(day_after(week)))
    return out.getvalue()


def put_back(settings: Settings, data: bytes, week: Week, *, replace: bool = False) -> None:
    restore(settings, io.BytesIO(data), lambda _: "", replace=replace, today=day_after(week))


def test_everything_comes_back_on_another_machine(tmp_path: Path) -> None:
    before = installed(tmp_path)
    choose(before.private_dir, "joined")
    raw = RawStore(before.private_dir).save(
        Delivery(name="x.csv", profile="me", source="drop", received=date(2026, 3, 1)), [EXPORT]
    )
    answered = publish(before, FIRST)
    assert len(answered) == 1
    choose(before.private_dir, "withdrawn")
    publish(before, FIRST)
    choose(before.private_dir, "joined")
    data = saved(before, FIRST)
    after = installed(tmp_path, "new")
    assert is_new(after)
    put_back(after, data, FIRST)
    with RawStore(after.private_dir).open(raw) as file:
        assert file.read() == EXPORT
    assert RawStore(after.private_dir).describe(raw.sha256) == raw
    assert read_choices(after.private_dir).participation == "joined"
    assert read_receipts(after.records_dir) == read_receipts(before.records_dir) != []
    assert read_ledger(after.records_dir / "ledger.jsonl") == read_ledger(before.records_dir / "ledger.jsonl")
    assert not list(after.private_dir.glob("*restore*")), "nothing is left of the restore"
    assert publish(after, FIRST) == answered, "the same bytes are published again"


def test_what_is_in_the_way_of_a_file_is_set_aside(tmp_path: Path) -> None:
    before = installed(tmp_path)
    choose(before.private_dir, "joined")
    export = Delivery(name="x.csv", profile="me", source="drop", received=date(2026, 3, 1))
    raw = RawStore(before.private_dir).save(export, [EXPORT])
    publish(before, FIRST)
    Store(PublisherVolume(before.records_dir).sealed).sql.close()
    data = saved(before, FIRST)
    after = installed(tmp_path, "new")
    for place in (after.private_dir / "choices.json", after.records_dir / "ledger.jsonl"):
        place.mkdir(parents=True)
        (place / "inside").write_text("kept")
    PublisherVolume(after.records_dir).sealed.mkdir()
    (after.private_dir / "raw").write_text("a file where the folder is")
    put_back(after, data, FIRST)
    assert read_choices(after.private_dir).participation == "joined"
    assert [entry.round for entry in read_ledger(after.records_dir / "ledger.jsonl")] == [str(FIRST)]
    assert not is_damaged(PublisherVolume(after.records_dir).sealed)
    with RawStore(after.private_dir).open(raw) as file:
        assert file.read() == EXPORT
    assert paths_set_aside(after.private_dir) == ("choices.json", "raw")
    assert paths_set_aside(after.publisher_dir) == ("ledger.jsonl", "operators.sqlite")


def test_a_damaged_database_that_is_replaced_is_kept_with_its_log(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    database = PublisherVolume(settings.records_dir).sealed
    Store(database).sql.close()
    data = saved(settings, FIRST)
    log = database.with_name(f"{database.name}-wal")
    database.write_bytes(b"no database")
    log.write_bytes(b"its log")
    put_back(settings, data, FIRST, replace=True)
    assert not is_damaged(database)
    (kept,) = (settings.publisher_dir / "before_restore").rglob(database.name)
    assert kept.read_bytes() == b"no database"
    assert kept.with_name(log.name).read_bytes() == b"its log"


def test_a_backup_waits_for_nobody_that_writes_and_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    monkeypatch.setattr(restoring, "_PATIENCE", 0.1)
    with locked(settings.records_dir / ".look.lock"), pytest.raises(BackupError, match="Repeat it in a minute"):
        saved(settings, FIRST)
    assert saved(settings, FIRST)


def test_nothing_is_restored_over_data_without_being_asked(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    data = saved(settings, FIRST)
    choose(settings.private_dir, "paused")
    with pytest.raises(BackupError, match=r"private/choices\.json.*--replace"):
        put_back(settings, data, FIRST)
    assert read_choices(settings.private_dir).participation == "paused"
    put_back(settings, data, FIRST, replace=True)
    assert read_choices(settings.private_dir).participation == "joined"
    (kept,) = settings.private_dir.glob("before_restore/*/choices.json")
    assert b"paused" in kept.read_bytes(), "what was there is kept"


def test_who_has_withdrawn_since_stays_so(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    data = saved(settings, FIRST)
    choose(settings.private_dir, "withdrawn")
    publish(settings, FIRST)
    put_back(settings, data, FIRST, replace=True)
    assert read_choices(settings.private_dir).participation == "withdrawn"
    assert publish(settings, FIRST) == {}


def test_a_damaged_ledger_or_another_role_is_refused_before_anything_changes(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    ledger = settings.records_dir / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"release", b"Release", 1))
    data = saved(settings, FIRST)
    new = installed(tmp_path, "new")
    with pytest.raises(BackupError, match="the ledger in this backup cannot be used"):
        put_back(new, data, FIRST)
    with pytest.raises(BackupError, match="of the role helper"):
        put_back(new, data.replace(b"participant", b"helper", 1), FIRST)
    assert is_new(new)
    assert not list(new.private_dir.iterdir())


def test_a_restored_ledger_skips_and_counts_what_may_have_been_answered_since(tmp_path: Path) -> None:
    """Also where nothing shows it any more: volumes and datasite are gone."""
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    data = saved(settings, FIRST)
    later = FIRST + 2 * ROTATION
    for age in range(1, 2 * ROTATION + 1):
        publish(settings, FIRST + age)
    assert len(released(settings)) == 3
    shutil.rmtree(settings.private_dir)
    shutil.rmtree(settings.publisher_dir)
    shutil.rmtree(Datasite(settings.datasites_dir, ANN).app_data)
    put_back(settings, data, later)
    assert set(publish(settings, later)) == {f"releases/{FIRST}.json"}
    ledger = read_whole_ledger(settings.records_dir / "ledger.jsonl")
    assert all(ledger.skips(FIRST + age) for age in range(1, 2 * ROTATION + 1))
    assert ledger.reports_near(later + ROTATION) == 3
    assert set(publish(settings, later + ROTATION)) == {f"releases/{week}.json" for week in (FIRST, later + ROTATION)}


@pytest.mark.parametrize("made", [date(1, 1, 20), date(2099, 1, 1)])
def test_a_backup_with_an_absurd_time_costs_a_year_at_most(tmp_path: Path, made: date) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    out = io.BytesIO()
    back_up(settings, out, now=at(made))
    new = installed(tmp_path, "new")
    put_back(new, out.getvalue(), FIRST)
    ledger = read_whole_ledger(new.records_dir / "ledger.jsonl")
    assert ledger.skips(FIRST + 1) == (made.year == 2099)
    assert ledger.skips(FIRST - 1)
    assert not ledger.skips(FIRST + 53)


def test_a_ledger_that_goes_on_where_the_backup_ends_stays(tmp_path: Path) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    data = saved(settings, FIRST)
    answered = publish(settings, FIRST + ROTATION)
    before = (settings.records_dir / "ledger.jsonl").read_bytes()
    put_back(settings, data, FIRST + ROTATION, replace=True)
    assert (settings.records_dir / "ledger.jsonl").read_bytes() == before
    assert publish(settings, FIRST + ROTATION) == answered


def test_the_publisher_takes_its_part_before_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers, where who restores may not write the publisher's volume, and the publisher not the other."""
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    publish(settings, FIRST)
    data = saved(settings, FIRST)
    new = installed(tmp_path, "new")
    new.publisher_dir.mkdir(parents=True)
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, _mode: Path(path) != new.publisher_dir)
        put_back(new, data, FIRST + 1)
        assert read_choices(new.private_dir).participation == "joined"
        assert not (new.records_dir / "ledger.jsonl").exists()
        with pytest.raises(BackupError, match="data here already"):
            put_back(new, data, FIRST + 1)
        publish(new, FIRST + 1)
        assert [entry.round for entry in read_ledger(new.records_dir / "ledger.jsonl")] == [str(FIRST)]
        ledger = (new.records_dir / "ledger.jsonl").read_bytes()
        publish(new, FIRST + 1)
        assert (new.records_dir / "ledger.jsonl").read_bytes() == ledger, "it is taken once"
        assert finish(new)
    assert not list(new.private_dir.glob("*restore*"))


@pytest.mark.parametrize("killed_at", [1, 2, 4, 5, 7])
def test_a_restore_that_is_killed_is_finished_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    settings = installed(tmp_path)
    choose(settings.private_dir, "joined")
    delivery = Delivery(name="x.csv", profile="me", source="drop", received=date(2026, 3, 1))
    raw = RawStore(settings.private_dir).save(delivery, [EXPORT])
    publish(settings, FIRST)
    data = saved(settings, FIRST)
    RawStore(settings.private_dir).save(delivery, [b"Title,Date\nRoma,11/2/26\n"])
    ledger = settings.records_dir / "ledger.jsonl"
    ledger.unlink()
    with open_ledger(ledger, published=[str(FIRST - ROTATION)], now=FIRST):
        pass
    calls, replaced = 0, Path.replace

    def replace(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == killed_at + 2:  # two of them are made while it is unpacked
            raise KeyboardInterrupt
        return replaced(self, target)

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(Path, "replace", replace)
        put_back(settings, data, FIRST, replace=True)
    assert finish(settings, day_after(FIRST))
    assert [one.sha256 for one in RawStore(settings.private_dir).exports()] == [raw.sha256]
    assert [entry.round for entry in read_ledger(ledger)] == [str(FIRST)]
    assert str(FIRST - ROTATION) in read_whole_ledger(ledger).counted
    assert len(list(settings.private_dir.glob("before_restore/*/raw/*.csv"))) == 2


@pytest.mark.parametrize("seed", range(8))
def test_whenever_it_is_restored_a_round_has_one_release_and_a_year_its_limit(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    limit = chance.choice([2, 4, 13])
    settings = installed(tmp_path, limit_reports_per_year=limit)
    choose(settings.private_dir, "joined")
    seen: dict[str, set[str]] = defaultdict(set)
    backups: list[bytes] = []
    for age in range(26):
        week = FIRST + age
        for name, data in publish(settings, week).items():
            seen[name].add(hashlib.sha256(data).hexdigest())
        if chance.random() < 0.3:
            backups.append(saved(settings, week))
        if chance.random() < 0.15:
            choose(settings.private_dir, "withdrawn")
            publish(settings, week)
            choose(settings.private_dir, "joined")
        if backups and chance.random() < 0.3:
            if chance.random() < 0.5:
                shutil.rmtree(settings.private_dir)
                shutil.rmtree(settings.publisher_dir)
            if chance.random() < 0.5:
                shutil.rmtree(Datasite(settings.datasites_dir, ANN).app_data, ignore_errors=True)
            put_back(settings, chance.choice(backups), week, replace=True)
            choose(settings.private_dir, "joined")
    assert seen
    assert {name: len(digests) for name, digests in seen.items() if len(digests) > 1} == {}
    weeks = sorted(Week.parse(Path(name).stem).index for name in seen)
    assert max(sum(start <= one < start + 52 for one in weeks) for start in weeks) <= limit
