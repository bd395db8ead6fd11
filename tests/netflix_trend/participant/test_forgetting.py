"""What is forgotten is in no later answer, and what was answered stays."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from netflix_trend.history.removed import KEPT, RemovalError
from netflix_trend.layout import BUILT_FROM, PrivateVolume, PublisherVolume
from netflix_trend.participant import forgetting, participant
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.status import Outcome, PublisherStatus, write_status
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.storage.files import locked
from netflix_trend.syftbox.datasite import Datasite
from tests.waiting import PATIENCE

NEWEST = Week.parse("2026-W46")
TODAY = NEWEST.sunday + timedelta(days=2)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HEADER = "Title,Date\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    Datasite(tmp_path / "datasites", "me@example.org").set_up()
    return load_settings(
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        datasites_dir=tmp_path / "datasites",
        syftbox_email="me@example.org",
        tz="UTC",
    )


def take(settings: Settings, rows: str, name: str = "a.csv", profile: str = "me", made: date = TODAY) -> str:
    path = settings.private_dir.parent / name
    path.write_text(HEADER + rows)
    sha256 = participant.take_file(settings, path, "import", received=made, profile=profile).sha256
    participant.refresh(settings)
    return sha256


def forget(settings: Settings, word: str, now: datetime = NOW) -> None:
    forgetting.forget(settings, [forgetting.named(settings, word)], now)


def views(settings: Settings) -> int | None:
    profiles = load_profiles(settings.private_dir)
    return None if profiles is None else len(profiles.views.day)


def test_tables_follow_at_once_and_come_back_byte_for_byte(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    take(settings, '"Okja","2026-11-12"\n', "b.csv")
    folder = PrivateVolume(settings.private_dir).profile("me")
    before = {path.name: path.read_bytes() for path in folder.glob("*.npy")}
    assert views(settings) == 2

    forget(settings, "b.csv")
    assert views(settings) is None, "nothing is answered from tables that still hold it"
    assert participant.publish(settings, TODAY).state == "no_export"
    participant.refresh(settings)
    assert views(settings) == 1
    assert participant.out_of_date(settings).outdated == ()

    forgetting.bring_back(settings, NOW)
    participant.refresh(settings)
    assert {path.name: path.read_bytes() for path in folder.glob("*.npy")} == before


def test_nothing_is_left_of_a_profile_whose_files_are_all_forgotten(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    take(settings, '"Okja","2026-11-12"\n', "b.csv", "Zoe")
    forgetting.forget(settings, forgetting.of_profile(settings, "Zoe"), NOW)
    assert views(settings) is None
    participant.refresh(settings)
    assert views(settings) == 1
    assert [folder.name for folder in PrivateVolume(settings.private_dir).profile_folders()] == ["me"]

    forget(settings, "a.csv")
    participant.refresh(settings)
    assert PrivateVolume(settings.private_dir).profile_folders() == []
    assert participant.publish(settings, TODAY).state == "no_export"


def test_what_was_answered_stays_as_it_is(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    participant.publish(settings, TODAY)
    (entry,) = read_ledger(PublisherVolume(settings.records_dir).ledger)
    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    before = site.contents()

    forget(settings, "a.csv")
    participant.refresh(settings)
    participant.publish(settings, TODAY)
    assert site.contents() == before
    take(settings, '"Okja","2026-11-12"\n', "b.csv")
    participant.publish(settings, TODAY)
    assert read_ledger(PublisherVolume(settings.records_dir).ledger) == [entry], "a round is never drawn again"
    assert site.contents() == before


def test_it_is_deleted_once_a_later_round_is_answered(settings: Settings) -> None:
    sha256 = take(settings, '"Roma","2026-11-11"\n')
    participant.publish(settings, TODAY)
    forget(settings, "a.csv")
    kept = PrivateVolume(settings.private_dir).removed_export(sha256)
    participant.publish(settings, TODAY)
    assert (forgetting.clear(settings, NOW), kept.exists()) == (0, True)

    week, first = NEWEST, forgetting.newest_answer(settings)
    assert first is not None
    while forgetting.newest_answer(settings) == first:
        week = week + 1
        made = week.sunday + timedelta(days=2)
        take(settings, f'"Okja","{made}"\n', "later.csv", made=made)
        participant.publish(settings, made)
        assert week < NEWEST + 20, "some round is answered"

    assert forgetting.removals(settings, NOW, forgetting.newest_answer(settings)) == []
    assert (forgetting.clear(settings, NOW), kept.exists()) == (1, False)


def test_it_is_deleted_after_seven_days_without_an_answer(settings: Settings) -> None:
    sha256 = take(settings, '"Roma","2026-11-11"\n')
    forget(settings, "a.csv")
    kept = PrivateVolume(settings.private_dir).removed_export(sha256)

    assert (forgetting.clear(settings, NOW + KEPT - timedelta(seconds=1)), kept.exists()) == (0, True)
    assert [one.exports[0].name for one in forgetting.removals(settings, NOW + KEPT / 2, None)] == ["a.csv"]
    assert (forgetting.clear(settings, NOW + KEPT), kept.exists()) == (1, False)


def test_an_answer_to_operators_counts_too(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    forget(settings, "a.csv")
    outcomes = (Outcome("2026-W47", "waiting"), Outcome("2026-W46", "sent"))
    write_status(settings.records_dir, PublisherStatus(looked_at=NOW, state="answering", outcomes=outcomes))

    assert forgetting.newest_answer(settings) == "2026-W46"
    assert forgetting.clear(settings, NOW) == 1


def test_a_run_that_cannot_look_makes_no_answer_later(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    sent = (Outcome("2026-W46", "sent"),)
    status = PublisherStatus(looked_at=NOW, state="answering", outcomes=sent, answered="2026-W46")
    write_status(settings.records_dir, status)
    ledger = PublisherVolume(settings.records_dir).ledger
    ledger.write_text("damaged\n")
    assert participant.publish(settings, TODAY).outcomes == ()

    forget(settings, "a.csv")
    write_status(settings.records_dir, status)
    assert forgetting.clear(settings, NOW) == 0, "2026-W46 was answered before"
    assert forgetting.bring_back(settings, NOW)


def test_a_run_that_has_begun_ends_before_something_is_forgotten(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    began, ended = threading.Event(), threading.Event()
    lock = PublisherVolume(settings.records_dir).lock

    def run() -> None:
        with locked(lock):
            began.set()
            ended.wait(PATIENCE)

    def take_away() -> str:
        forget(settings, "a.csv")
        return "forgotten"

    with ThreadPoolExecutor(2) as threads:
        threads.submit(run)
        assert began.wait(PATIENCE)
        forgotten = threads.submit(take_away)
        with pytest.raises(TimeoutError):
            forgotten.result(0.5)
        assert list(participant.exports(settings)), "the run reads what was there when it began"
        ended.set()
        assert forgotten.result(60) == "forgotten"
    assert participant.exports(settings) == []


def test_what_is_not_known_to_be_without_it_answers_nothing(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    take(settings, '"Okja","2026-11-12"\n', "b.csv")
    built = PrivateVolume(settings.private_dir).profile("me") / BUILT_FROM
    built.unlink()
    assert views(settings) == 2, "nothing was taken away"
    forget(settings, "b.csv")
    assert views(settings) is None
    participant.refresh(settings)
    assert views(settings) == 1


def test_whoever_counts_no_longer_is_in_no_answer_before_the_rebuild(settings: Settings) -> None:
    header = "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark\n"
    rows = [f"{name},2026-11-1{day} 20:00:00,00:40:00,,Roma,,TV,x\n" for day, name in enumerate(("Sam", "Kids"))]
    path = settings.private_dir.parent / "ViewingActivity.csv"
    path.write_text(header + "".join(rows))
    participant.take_file(settings, path, "import", received=TODAY, profile="me", only=("Sam", "Kids"))
    participant.refresh(settings)
    assert views(settings) == 2

    assert participant.say_whose(settings, "me", ["Sam"]) == ("Sam",)
    assert views(settings) is None
    participant.refresh(settings)
    assert views(settings) == 1


def test_a_damaged_ledger_leaves_the_days(settings: Settings) -> None:
    take(settings, '"Roma","2026-11-11"\n')
    ledger = PublisherVolume(settings.records_dir).ledger
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.write_text("damaged\n")
    forget(settings, "a.csv")

    assert forgetting.clear(settings, NOW) == 0
    assert forgetting.clear(settings, NOW + KEPT) == 1


def test_a_file_is_meant_by_name_content_or_digits(settings: Settings) -> None:
    sha256 = take(settings, '"Roma","2026-11-11"\n')
    other = take(settings, '"Okja","2026-11-12"\n', "b.csv")
    (settings.private_dir.parent / "b.csv").rename(settings.private_dir.parent / "other.csv")
    third = take(settings, '"Dune","2026-11-12"\n', "b.csv")

    assert forgetting.named(settings, "a.csv").sha256 == sha256
    assert forgetting.named(settings, sha256[:12]).sha256 == sha256
    assert forgetting.named(settings, "renamed.csv", sha256).sha256 == sha256
    assert forgetting.named(settings, "b.csv", third).sha256 == third
    with pytest.raises(RemovalError) as ambiguous:
        forgetting.named(settings, "b.csv", "0" * 64)
    for known in (other[:12], third[:12], str(TODAY), "2 files"):
        assert known in str(ambiguous.value)
    assert sha256[:12] not in str(ambiguous.value)
    with pytest.raises(RemovalError) as unknown:
        forgetting.named(settings, "c.csv")
    for one in (sha256, other, third):
        assert one[:12] in str(unknown.value)
    with pytest.raises(RemovalError, match="Profiles: me"):
        forgetting.of_profile(settings, "Zoe")


def test_without_imports_there_is_nothing_to_forget(settings: Settings) -> None:
    with pytest.raises(RemovalError, match="nothing was imported"):
        forgetting.named(settings, "a.csv")
    assert forgetting.clear(settings, NOW) == 0
