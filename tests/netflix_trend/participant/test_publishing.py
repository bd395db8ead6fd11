"""The publisher's job: what it does with what lies in its folders."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, tzinfo
from itertools import count
from pathlib import Path, PurePosixPath
from threading import Event

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant import publishing
from netflix_trend.participant.choices import Choices, write_choices
from netflix_trend.participant.contributions import ProfileSet, load_profiles
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.notice import NO_AGGREGATOR
from netflix_trend.participant.publishing import publish_with
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.participant.rows import publisher_row
from netflix_trend.participant.status import PublisherStatus, described, read_status
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings, load_settings
from netflix_trend.survey.survey import default_survey, dump_surveys
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import PERMISSION_FILES
from netflix_trend.syftbox.shared_files import starter_surveys
from tests.waiting import PATIENCE

TODAY = Week.parse("2026-W46").sunday + timedelta(days=2)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    Datasite(tmp_path / "datasites", "me@example.org").set_up()
    return {name: tmp_path / name.removesuffix("_dir") for name in ("private_dir", "publisher_dir", "datasites_dir")}


def save_profile(folders: dict[str, Path], version: str) -> None:
    folder = folders["private_dir"] / "profiles" / "me"
    folder.mkdir(parents=True)
    save_encodings(folder, Encodings(np.zeros(0, FULL_DTYPE), np.zeros(9, "<i4"), version, TODAY))


def share(settings: Settings, data: bytes) -> None:
    shared = Datasite(settings.datasites_dir, settings.aggregator_datasite).app_data / "shared"
    shared.mkdir(parents=True)
    (shared / "survey.json").write_bytes(data)


def releases(settings: Settings) -> set[str]:
    names = Datasite(settings.datasites_dir, settings.syftbox_email).published()
    return {name for name in names if name.startswith("releases/")}


def test_without_an_export_nothing_is_published(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    assert publish_with(settings, TODAY).state == "no_export"
    assert not releases(settings)
    assert not Datasite(settings.datasites_dir, settings.syftbox_email).published()


def test_with_the_example_aggregator_one_person_can_try_everything(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    assert [outcome.status for outcome in publish_with(settings, TODAY).outcomes].count("drawn") == 1
    assert len(releases(settings)) == 1


def test_a_real_aggregators_survey_is_waited_for(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    assert publish_with(settings, TODAY).state == "waiting_for_survey"
    assert not releases(settings)


def test_the_aggregators_surveys_are_answered(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, "e" * 32)
    newest = Week.last_complete(TODAY)
    share(settings, dump_surveys([default_survey(newest - age, "e" * 32, range(9)) for age in range(4)]))
    assert [outcome.status for outcome in publish_with(settings, TODAY).outcomes].count("drawn") == 1
    assert len(releases(settings)) == 1


@pytest.mark.parametrize("is_beginning", [True, False])
def test_a_survey_about_a_vocabulary_that_has_grown_since_is_answered(
    folders: dict[str, Path], *, is_beginning: bool
) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    shows = [CatalogueTitle(title=f"Show {n}", kind="series") for n in range(9)]
    grown = Vocabulary.build([*shows, CatalogueTitle(title="New", kind="series")])
    asked = Vocabulary.build(shows if is_beginning else shows[::-1])
    save_profile(folders, grown.version)
    newest = Week.last_complete(TODAY)
    share(settings, dump_surveys([default_survey(newest - age, asked.version, range(9)) for age in range(4)]))
    shared = Datasite(settings.datasites_dir, settings.aggregator_datasite).app_data / "shared"
    (shared / "vocabulary.json").write_bytes(grown.to_bytes())
    statuses = [outcome.status for outcome in publish_with(settings, TODAY).outcomes]
    assert statuses.count("drawn") == is_beginning
    assert len(releases(settings)) == is_beginning


@pytest.mark.parametrize("data", [b"", b"{}", b'{"open": [{}]}', b" " * 2_000_000])
def test_an_invalid_survey_is_refused_and_nothing_is_published(folders: dict[str, Path], data: bytes) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    share(settings, data)
    assert publish_with(settings, TODAY).state == "survey_refused"
    assert not releases(settings)


def test_the_participants_limits_come_from_the_settings(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, limit_odds="2")
    save_profile(folders, starter_vocabulary().version)
    assert "refused" in {outcome.status for outcome in publish_with(settings, date(2026, 11, 17)).outcomes}
    assert not releases(settings)


# --- SyftBox first, choices, withdrawal


def site_of(settings: Settings) -> Datasite:
    return Datasite(settings.datasites_dir, settings.syftbox_email)


def test_nothing_is_written_before_syftbox_has_set_up_the_datasite(folders: dict[str, Path]) -> None:
    """A client takes a datasite that exists for a complete one, and would never make its own files."""
    settings = load_settings(**folders, syftbox_email="new@example.org")
    save_profile(folders, starter_vocabulary().version)
    assert publish_with(settings, TODAY).state == "waiting_for_syftbox"
    assert not site_of(settings).root.exists()
    site_of(settings).set_up()
    assert publish_with(settings, TODAY).state == "answering"
    assert len(releases(settings)) == 1


def test_a_datasite_that_lost_everything_is_restored_with_the_same_bytes(folders: dict[str, Path]) -> None:
    """SyftBox 0.4.0 removes own files, the owner's permission file too, when its server misbehaves."""
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    before = {name: (site_of(settings).app_data / name).read_bytes() for name in site_of(settings).published()}
    shutil.rmtree(site_of(settings).root)
    publish_with(settings, TODAY)
    assert before == {name: (site_of(settings).app_data / name).read_bytes() for name in site_of(settings).published()}


def test_taking_part_is_announced_before_there_is_a_survey(folders: dict[str, Path]) -> None:
    """The aggregator shares its survey with those who share a manifest: the first step is the participant's."""
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    assert publish_with(settings, TODAY).state == "waiting_for_survey"
    assert site_of(settings).published() == {"manifest.json", *PERMISSION_FILES}


def test_with_join_ask_nothing_appears_before_the_person_joins(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, join="ask", syftbox_email="ann@home.net", aggregator_datasite="trends@home.net")
    site_of(settings).set_up()
    share(settings, dump_surveys(starter_surveys(TODAY)))
    save_profile(folders, starter_vocabulary().version)
    assert publish_with(settings, TODAY).state == "not_joined"
    assert not site_of(settings).published()
    write_choices(settings.private_dir, Choices(participation="joined"))
    assert publish_with(settings, TODAY).state == "answering"
    assert len(releases(settings)) == 1


def test_a_pause_keeps_releases_and_makes_no_new_ones(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    answered = releases(settings)
    write_choices(settings.private_dir, Choices(participation="paused"))
    (site_of(settings).app_data / next(iter(answered))).unlink()
    later = TODAY + timedelta(weeks=4)
    assert publish_with(settings, later).state == "paused"
    assert releases(settings) == answered, "what vanished is restored, nothing is added"


def test_lowering_a_limit_acts_at_once(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    write_choices(settings.private_dir, Choices(odds=(2, 1)))
    outcomes = publish_with(settings, TODAY).outcomes
    assert next(outcome.reason for outcome in outcomes if outcome.status == "refused").endswith(
        "the limit is 2 (epsilon 0.69)"
    )
    write_choices(settings.private_dir, Choices())
    assert "drawn" in {outcome.status for outcome in publish_with(settings, TODAY).outcomes}


def test_withdrawal_removes_rules_and_files_and_leaves_a_receipt_once(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    (name,) = releases(settings)
    digest = hashlib.sha256((site_of(settings).app_data / name).read_bytes()).hexdigest()
    write_choices(settings.private_dir, Choices(participation="withdrawn"))
    said = publish_with(settings, TODAY)
    assert said.state == "withdrawn"
    assert not site_of(settings).published()
    assert publish_with(settings, TODAY) == said.model_copy(update={"looked_at": read_outlook_of(settings).looked_at})
    (receipt,) = read_receipts(settings.records_dir)
    assert receipt.removed[name] == digest
    assert receipt.counted_again == (PurePosixPath(name).stem,)
    assert receipt.sentence == said.message


def read_outlook_of(settings: Settings) -> PublisherStatus:
    status = read_status(settings.records_dir)
    assert status is not None
    return status


def test_joining_again_publishes_the_same_bytes(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    (name,) = releases(settings)
    before = (site_of(settings).app_data / name).read_bytes()
    for participation in ("withdrawn", "joined"):
        write_choices(settings.private_dir, Choices(participation=participation))
        publish_with(settings, TODAY)
    assert (site_of(settings).app_data / name).read_bytes() == before
    assert len(read_ledger(settings.records_dir / "ledger.jsonl")) == 1


def test_after_a_lost_ledger_and_a_withdrawal_joining_again_draws_nothing_again(folders: dict[str, Path]) -> None:
    """The withdrawal removes what shows that the round was answered."""
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    (settings.records_dir / "ledger.jsonl").unlink()
    for participation in ("withdrawn", "joined"):
        write_choices(settings.private_dir, Choices(participation=participation))
        status = publish_with(settings, TODAY)
    assert [outcome.status for outcome in status.outcomes].count("skipped") == 1
    assert not releases(settings)


def test_a_withdrawal_before_anything_was_published_has_a_receipt_too(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    write_choices(settings.private_dir, Choices(participation="withdrawn"))
    publish_with(settings, TODAY)
    assert [receipt.removed for receipt in read_receipts(settings.records_dir)] == [{}]


def test_a_crash_in_the_middle_of_a_withdrawal_is_mended_at_the_next_look(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    write_choices(settings.private_dir, Choices(participation="withdrawn"))
    with monkeypatch.context() as patched:
        patched.setattr("netflix_trend.syftbox.datasite._remove_others", lambda *_: (_ for _ in ()).throw(OSError))
        assert publish_with(settings, TODAY).state == "problem"
    assert site_of(settings).published()
    publish_with(settings, TODAY)
    assert not site_of(settings).published()


@pytest.mark.parametrize("damaged", ["choices.json", "ledger.jsonl"])
def test_a_damaged_choice_or_ledger_publishes_nothing_and_says_so(folders: dict[str, Path], damaged: str) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    folder = settings.private_dir if damaged == "choices.json" else settings.records_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / damaged).write_text("{\n")
    status = publish_with(settings, TODAY)
    assert status.state == "problem"
    assert damaged in status.message
    assert not releases(settings)


def test_a_link_in_the_place_of_the_apps_folder_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (site_of(settings).root / "app_data").symlink_to(elsewhere)
    status = publish_with(settings, TODAY)
    assert status.state == "problem"
    assert "app_data is a link" in status.message
    assert not list(elsewhere.iterdir())


def test_the_status_tells_what_the_last_run_did(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    assert publish_with(settings, TODAY) == read_outlook_of(settings)
    (settings.records_dir / "outlook.json").write_text("{")
    assert read_status(settings.records_dir) is None


def test_a_run_in_progress_does_not_undo_a_withdrawal(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    is_reading, may_go_on = Event(), Event()

    def slowly(private: Path) -> ProfileSet | None:
        is_reading.set()
        assert may_go_on.wait(PATIENCE)
        return load_profiles(private)

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr("netflix_trend.participant.publishing.load_profiles", slowly)
        under_way = pool.submit(publish_with, settings, TODAY)
        assert is_reading.wait(PATIENCE)
        write_choices(settings.private_dir, Choices(participation="withdrawn"))
        withdrawing = pool.submit(publish_with, settings, TODAY)
        may_go_on.set()
        assert under_way.result(30).state == "answering"
        assert withdrawing.result(30).state == "withdrawn"
    assert not site_of(settings).published()


def test_a_damaged_ledger_does_not_keep_files_from_being_withdrawn(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    (settings.records_dir / "ledger.jsonl").write_text("{\n")
    write_choices(settings.private_dir, Choices(participation="withdrawn"))
    status = publish_with(settings, TODAY)
    assert status.state == "problem"
    assert "your files were removed, but there is no receipt" in status.message
    assert not site_of(settings).published()


def test_links_and_folders_are_removed_too(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    (name,) = releases(settings)
    for place in (name, "syftperm.yaml", "other"):
        path = site_of(settings).app_data / place
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    assert settings.aggregator_datasite not in site_of(settings).status(settings.aggregator_datasite).readable
    write_choices(settings.private_dir, Choices(participation="withdrawn"))
    assert publish_with(settings, TODAY).state == "withdrawn"
    (receipt,) = read_receipts(settings.records_dir)
    assert set(receipt.removed) == {"manifest.json"}
    assert not site_of(settings).published()


def test_every_withdrawal_has_its_own_receipt(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    for participation in ("withdrawn", "joined"):
        write_choices(settings.private_dir, Choices(participation=participation))
        publish_with(settings, TODAY)
    shutil.rmtree(site_of(settings).root)
    (old,) = read_receipts(settings.records_dir)
    write_choices(settings.private_dir, Choices(participation="withdrawn"))
    later = publish_with(settings, TODAY + timedelta(weeks=30))
    newest = read_receipts(settings.records_dir)[-1]
    assert later.message == newest.sentence
    assert newest.first_round_without != old.first_round_without


def test_another_aggregator_does_not_get_earlier_answers(folders: dict[str, Path]) -> None:
    first = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    share(first, dump_surveys(starter_surveys(TODAY)))
    publish_with(first, TODAY)
    (name,) = releases(first)
    kept = (site_of(first).app_data / name).read_bytes()
    other = load_settings(**folders, aggregator_datasite="spy@example.net")
    share(other, dump_surveys(starter_surveys(TODAY)))
    outcomes = {outcome.round: outcome for outcome in publish_with(other, TODAY).outcomes}
    assert outcomes[PurePosixPath(name).stem].reason == "another aggregator was answered in this round"
    assert not releases(other)
    publish_with(first, TODAY)
    assert (site_of(first).app_data / name).read_bytes() == kept


def test_an_example_is_answered_by_examples_only(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, syftbox_email="ann@mail.example.com")
    save_profile(folders, starter_vocabulary().version)
    site_of(settings).set_up()
    status = publish_with(settings, TODAY)
    assert (status.state, status.message) == ("no_aggregator", NO_AGGREGATOR)
    assert not releases(settings)


def test_without_an_aggregator_what_was_published_is_left_alone(folders: dict[str, Path]) -> None:
    """Somebody has lost .env: the rules would name the example as the reader."""
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    share(settings, dump_surveys(starter_surveys(TODAY)))
    save_profile(folders, starter_vocabulary().version)
    site_of(settings).set_up()
    publish_with(settings, TODAY)
    site = site_of(settings).root
    site.rename(site.with_name("ann@home.net"))
    lost = load_settings(**folders, syftbox_email="ann@home.net")
    before = {path: path.read_bytes() for path in lost.datasites_dir.rglob("*") if path.is_file()}
    assert before
    for participation in ("joined", "paused"):
        write_choices(lost.private_dir, Choices(participation=participation))
        assert publish_with(lost, TODAY).state == "no_aggregator"
        assert {path: path.read_bytes() for path in lost.datasites_dir.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("trouble", ["lost", "damaged"])
def test_the_datasite_is_restored_even_without_tables(folders: dict[str, Path], trouble: str) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    site = site_of(settings)
    before = {name: (site.app_data / name).read_bytes() for name in site.published()}
    if trouble == "lost":
        shutil.rmtree(settings.private_dir / "profiles")
    else:
        for path in (settings.private_dir / "profiles" / "me").glob("*.npy"):
            path.write_bytes(b"no array")
    (site.app_data / next(iter(releases(settings)))).unlink()
    (site.app_data / "history.csv").write_text("Title,Date")
    (site.app_data / "syftperm.yaml").write_text('- {path: "**", user: "*", permissions: [read]}')
    assert publish_with(settings, TODAY).state == "no_export"
    assert {name: (site.app_data / name).read_bytes() for name in site.published()} == before


def test_an_aggregator_that_would_answer_itself_is_refused(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, syftbox_email="trend@example.net", aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    share(settings, b"survey")
    assert publish_with(settings, TODAY).state == "problem"
    assert (site_of(settings).app_data / "shared" / "survey.json").read_bytes() == b"survey"


def test_no_message_names_a_datasite(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(**folders, aggregator_datasite="trend@example.net")
    save_profile(folders, starter_vocabulary().version)
    shared = Datasite(settings.datasites_dir, settings.aggregator_datasite)
    said = []
    (settings.datasites_dir / "elsewhere").mkdir()
    shared.root.symlink_to(settings.datasites_dir / "elsewhere")
    said.append(publish_with(settings, TODAY).message)
    shared.root.unlink()
    (shared.app_data / "shared" / "survey.json").mkdir(parents=True)
    said.append(publish_with(settings, TODAY).message)
    monkeypatch.setattr(
        "netflix_trend.syftbox.datasite.write_permissions", lambda *_, **__: Path(shared.root / "no").read_text()
    )
    said.append(publish_with(settings, TODAY).message)
    monkeypatch.undo()
    shutil.rmtree(site_of(settings).root)
    site_of(settings).root.symlink_to(settings.datasites_dir / "elsewhere")
    said.append(publish_with(settings, TODAY).message)
    assert len(set(said)) == len(said)
    for message in said:
        assert message
        assert "@" not in message


def test_a_slow_clock_with_an_older_ledger_draws_nothing_again(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    (name,) = releases(settings)
    (settings.records_dir / "ledger.jsonl").unlink()
    publish_with(settings, TODAY - timedelta(weeks=200))
    assert name not in releases(settings), "the only witness is gone"
    outcomes = {outcome.round: outcome.status for outcome in publish_with(settings, TODAY).outcomes}
    assert outcomes[PurePosixPath(name).stem] == "skipped"
    assert name not in releases(settings)


def test_a_manifest_alone_shows_that_a_ledger_was_lost(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    publish_with(settings, TODAY)
    (name,) = releases(settings)
    (settings.records_dir / "ledger.jsonl").unlink()
    (site_of(settings).app_data / name).unlink()
    assert "drawn" not in {outcome.status for outcome in publish_with(settings, TODAY).outcomes}
    assert not releases(settings)


def test_a_planted_file_does_not_make_somebody_join(folders: dict[str, Path]) -> None:
    settings = load_settings(**folders, join="ask", syftbox_email="ann@home.net", aggregator_datasite="trends@home.net")
    site_of(settings).set_up()
    share(settings, dump_surveys(starter_surveys(TODAY)))
    save_profile(folders, starter_vocabulary().version)
    planted = site_of(settings).app_data / "releases" / "2020-W01.json"
    planted.parent.mkdir(parents=True)
    planted.write_bytes(b"{}")
    assert publish_with(settings, TODAY).state == "not_joined"
    assert site_of(settings).published() == {"releases/2020-W01.json"}
    assert not (settings.records_dir / "ledger.jsonl").exists()


# --- files that cannot be removed


STUCK = "app_data/netflix_trend/not-ours.txt"


@pytest.fixture
def stuck(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Somebody in whose datasite lies a file of somebody else that the system does not let them remove."""
    settings = load_settings(**folders)
    save_profile(folders, starter_vocabulary().version)
    site_of(settings).set_up()
    path = site_of(settings).root / STUCK
    path.parent.mkdir(parents=True)
    path.write_text("x")
    unlink = Path.unlink

    def refuse(one: Path, *, missing_ok: bool = False) -> None:
        if one == path and one.exists():
            raise PermissionError(errno.EPERM, "Operation not permitted", str(one))
        unlink(one, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    looks = count()

    class Later(datetime):
        """Each look is a minute later: receipts are named by the second."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 11, 17, tzinfo=tz) + next(looks) * timedelta(minutes=1)

    monkeypatch.setattr(publishing, "datetime", Later)
    return settings


def test_a_file_that_cannot_be_removed_is_named_and_the_rest_is_published(stuck: Settings) -> None:
    status = publish_with(stuck, TODAY)
    assert status.state == "answering"
    assert len(releases(stuck)) == 1
    assert status.stuck == (f"{STUCK} (this user may not do that there)",)
    assert STUCK in "\n".join(described(status))
    row = publisher_row(status, "joined", status.looked_at.timestamp())
    assert row.mark == "wrong"
    assert STUCK in row.step
    rules = (site_of(stuck).app_data / "syft.pub.yaml").read_text()
    assert "not-ours" not in rules


def test_a_withdrawal_removes_the_rest_and_has_one_receipt_however_often_it_looks(
    stuck: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = publish_with(stuck, TODAY)
    (published,) = releases(stuck)
    write_choices(stuck.private_dir, Choices(participation="withdrawn"))
    for _look in range(3):
        status = publish_with(stuck, TODAY)
        assert (status.state, status.stuck) == ("withdrawn", answered.stuck)
        assert site_of(stuck).files() == {"not-ours.txt"}
        (one,) = read_receipts(stuck.records_dir)
        assert published in one.removed
        assert "not-ours.txt" not in one.removed, "it is still there"
    monkeypatch.undo()
    assert publish_with(stuck, TODAY).stuck == ()
    (one,) = read_receipts(stuck.records_dir)
    assert "not-ours.txt" in one.removed


def test_a_withdrawal_that_fails_at_every_look_has_one_receipt(stuck: Settings) -> None:
    publish_with(stuck, TODAY)
    write_choices(stuck.private_dir, Choices(participation="withdrawn"))
    folder = site_of(stuck).app_data
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("moved")
    for _look in range(3):
        assert publish_with(stuck, TODAY).state == "problem"
    assert len(read_receipts(stuck.records_dir)) == 1


def test_a_problem_of_the_disk_is_said_with_its_place_and_without_the_address(stuck: Settings) -> None:
    publish_with(stuck, TODAY)
    ledger = stuck.records_dir / ".ledger.jsonl.lock"
    ledger.unlink(missing_ok=True)
    ledger.mkdir()
    status = publish_with(stuck, TODAY)
    assert status.state == "problem"
    assert ".ledger.jsonl.lock" in status.message
    assert "@" not in status.message
