"""What `status` says about a participant: every reason why it does not work is wrong, and names the next step."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from netflix_trend.delivery.inbox import Delivery
from netflix_trend.participant import participant
from netflix_trend.participant.choices import Choices
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.rows import (
    OLD_DAYS,
    HistoryFacts,
    choice_row,
    datasite_row,
    history_row,
    old_file,
    operator_rows,
    publisher_row,
    reality_row,
    waiting_rows,
)
from netflix_trend.participant.status import Outcome, PublisherStatus, State
from netflix_trend.settings import Settings, load_settings
from netflix_trend.status_table import Row
from netflix_trend.survey.limits import Limits
from netflix_trend.syftbox.datasite import Datasite
from services.runtime.supervisor import beat

NOW = 1_795_000_000.0
HOUR = 3600


def status_of(state: str, age: float = 60, **more: Any) -> PublisherStatus:
    return PublisherStatus(looked_at=datetime.fromtimestamp(NOW - age, UTC), state=state, **more)  # type: ignore[arg-type]


def snapshot(choice: str = "joined", state: str | None = "answering", **more: Any) -> Snapshot:
    choices = Choices(participation=choice)  # type: ignore[arg-type]
    empty: dict[str, Any] = {
        "choices": choices,
        "limits": Limits(),
        "takes_part": choice in {"joined", "undecided"},
        "entries": (),
        "status": status_of(state) if state else None,
        "receipts": (),
        "is_set_up": True,
        "contents": {},
        "files": 0,
    }
    return Snapshot(**{**empty, **more})


def waiting(settings: Settings, age: float) -> list[Row]:
    """Return the rows for somebody who looks `age` seconds from now."""
    return waiting_rows(settings, time.time() + age)


@pytest.mark.parametrize(("age", "mark"), [(10, "look here"), (301, "wrong")])
def test_a_file_that_is_in_no_table_is_named_until_it_is(tmp_path: Path, age: float, mark: str) -> None:
    settings = load_settings(private_dir=tmp_path)
    assert [row.mark for row in waiting(settings, age)] == ["fine"]
    delivery = Delivery(name="mine.csv", received=date(2026, 11, 1), profile="me", source="x")
    participant.take(settings, [b"Title,Date\nDark,11/2/26\n"], delivery)
    (row,) = waiting(settings, age)
    assert row.mark == mark
    assert "mine.csv" in row.text
    participant.refresh(settings)
    assert [row.mark for row in waiting(settings, age)] == ["fine"]


def test_files_that_wait_for_damaged_exclusions_are_said_with_that_reason(tmp_path: Path) -> None:
    (tmp_path / "exclusions.json").write_text("{")
    (row,) = waiting(load_settings(private_dir=tmp_path), 0)
    assert row.mark == "wrong"
    assert "exclusions.json" in row.text


def test_a_full_disk_is_said_where_files_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(private_dir=tmp_path)
    free = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr("netflix_trend.history.problems.shutil.disk_usage", lambda _: free)
    (row,) = waiting(settings, 0)
    assert row.mark == "wrong"
    assert "1 MB are free" in row.text
    assert "make room" in row.step


@pytest.mark.parametrize(("age", "mark"), [(10, "fine"), (301, "wrong")])
def test_a_processor_that_has_not_looked_for_long_is_wrong(tmp_path: Path, age: float, mark: str) -> None:
    beat("receiver", tmp_path)
    assert [row.mark for row in waiting(load_settings(private_dir=tmp_path), age)] == ["fine", mark]


@pytest.mark.parametrize(
    ("email", "aggregator", "reality", "chosen"),
    [
        ("me@example.org", "aggregator@example.org", "wrong", "wrong"),
        ("ann@home.net", "aggregator@example.org", "fine", "wrong"),
        ("ann@home.net", "agg@home.net", "fine", "fine"),
    ],
)
def test_a_trial_and_a_missing_aggregator_are_wrong(email: str, aggregator: str, reality: str, chosen: str) -> None:
    settings = load_settings(syftbox_email=email, aggregator_datasite=aggregator)
    rows = [reality_row(settings), *operator_rows(settings)]
    assert [row.mark for row in rows] == [reality, chosen]
    assert all(row.step.startswith("./run.sh setup") for row in rows if row.mark == "wrong")


def test_keys_of_operators_are_shown_in_words() -> None:
    settings = load_settings(
        aggregator_datasite="agg@home.net", aggregator_key="0" * 64, helper_datasite="helper@home.net"
    )
    assert [row.text for row in operator_rows(settings)] == [
        "agg@home.net, key " + "-".join(["babab"] * 8),
        "helper@home.net",
    ]


@pytest.mark.parametrize(
    ("facts", "mark", "words"),
    [
        (HistoryFacts(0), "wrong", "no file"),
        (HistoryFacts(2), "wrong", "2 files, none of which is in the tables"),
        (HistoryFacts(1, problem="profile me: damaged"), "wrong", "profile me: damaged"),
        (HistoryFacts(2, 1, date(2026, 11, 20)), "fine", "2 files of 1 profile, through 20 November 2026"),
    ],
)
def test_without_a_history_nothing_can_be_answered(facts: HistoryFacts, mark: str, words: str) -> None:
    today = date(2026, 11, 21)
    row = history_row(facts, False, today)
    assert (row.mark, words in row.text) == (mark, True)
    # Who answers nothing needs none.
    assert history_row(facts, True, today).mark == ("fine" if mark == "fine" else "look here")


def test_an_old_file_is_worth_replacing() -> None:
    through = date(2026, 10, 1)
    facts, last = HistoryFacts(1, 1, through), through + timedelta(days=OLD_DAYS)
    assert old_file(through, last) == ""
    assert history_row(facts, False, last).mark == "fine"
    row = history_row(facts, False, last + timedelta(days=1))
    assert row.text.endswith("Your newest file ends on 1 October 2026; ./run.sh fetch takes ten seconds")
    assert (row.mark, row.step) == ("look here", "./run.sh fetch")
    assert history_row(facts, True, last + timedelta(days=1)).mark == "fine"


@pytest.mark.parametrize(
    ("state", "mark", "step"),
    [
        (snapshot("joined"), "fine", ""),
        (snapshot("undecided"), "fine", ""),
        (snapshot("undecided", takes_part=False), "wrong", "./run.sh join"),
        (snapshot("paused", "paused"), "fine", ""),
        (snapshot("paused", "not_joined"), "fine", ""),
        (snapshot("paused", "answering"), "wrong", "./run.sh up"),
        (snapshot("paused", None), "wrong", "./run.sh up"),
        (snapshot("withdrawn", "withdrawn"), "fine", ""),
        (snapshot("withdrawn", "withdrawn", files=2), "wrong", "./run.sh up"),
        (snapshot("withdrawn", "problem"), "wrong", "./run.sh up"),
        (snapshot("undecided", choices_problem="choices.json is damaged"), "wrong", "./run.sh join"),
        (snapshot("joined", ledger_problem="line 1"), "wrong", "./run.sh up"),
    ],
)
def test_a_choice_has_to_be_carried_out(state: Snapshot, mark: str, step: str) -> None:
    row = choice_row(state)
    assert (row.mark, row.step.startswith(step), bool(row.step)) == (mark, True, mark != "fine")


@pytest.mark.parametrize("state", get_args(State))
def test_only_a_publisher_that_does_what_was_chosen_is_fine(state: str) -> None:
    rows = {choice: publisher_row(status_of(state), choice, NOW) for choice in ("joined", "paused", "withdrawn")}  # type: ignore[arg-type]
    fine = {
        "answering": ["joined", "paused", "withdrawn"],
        "paused": ["paused"],
        "not_joined": ["paused"],
        "no_export": ["paused"],
        "withdrawn": ["withdrawn"],
    }
    assert [choice for choice, row in rows.items() if row.mark == "fine"] == fine.get(state, [])
    assert rows["joined"].mark == {"answering": "fine", "waiting_for_survey": "look here"}.get(state, "wrong")
    assert all(row.step for row in rows.values() if row.mark != "fine")


@pytest.mark.parametrize(("age", "mark"), [(-HOUR, "fine"), (0, "fine"), (25 * HOUR, "fine"), (27 * HOUR, "wrong")])
def test_a_publisher_that_has_not_run_lately_is_wrong(age: float, mark: str) -> None:
    assert publisher_row(status_of("answering", age), "joined", NOW).mark == mark
    assert publisher_row(None, "joined", NOW).mark == "wrong"


def test_the_publisher_tells_its_rounds() -> None:
    outcomes = (Outcome("2026-W46", "not_asked", "each person is asked one week in 4"), Outcome("2026-W45", "drawn"))
    row = publisher_row(status_of("answering", 300, outcomes=outcomes), "joined", NOW)
    assert row.text == (
        "5 minutes ago: answering; 2026-W46  not asked (each person is asked one week in 4); 2026-W45  drawn"
    )


def test_the_datasite_is_described_with_its_readers(tmp_path: Path) -> None:
    site, reader = Datasite(tmp_path, "ann@home.net"), "agg@home.net"

    def row(is_withdrawn: bool = False) -> Any:
        return datasite_row(
            site.status(reader), reader, "who runs the server can read everything", is_withdrawn=is_withdrawn
        )

    assert (row().mark, row(is_withdrawn=True).mark) == ("wrong", "fine")
    site.set_up()
    site.publish({"releases/2026-W46.json": b"1", "releases/2026-W42.json": b"2"}, reader, durable=False)
    assert row().mark == "fine"
    assert row().text == (
        "3 files, readable by agg@home.net: 3. The rules name nobody else; who runs the server can read everything."
    )
    (site.app_data / "releases/2026-W46.json").write_bytes(b"altered")
    (site.app_data / "releases/2026-W42.json").unlink()
    (site.app_data / "stranger.txt").write_text("?")
    assert row().mark == "look here"
    assert row().text.endswith(
        "Altered: releases/2026-W46.json. Missing: releases/2026-W42.json. Not ours: stranger.txt."
    )
    assert "repairs it" in row().step


def test_a_datasite_with_many_strangers_names_a_few(tmp_path: Path) -> None:
    site = Datasite(tmp_path, "ann@home.net")
    site.set_up()
    site.app_data.mkdir(parents=True)
    for number in range(50):
        (site.app_data / f"x{number:02}").touch()
    text = datasite_row(site.status("agg@home.net"), "agg@home.net", "").text
    assert text.endswith("Not ours: x00, x01, x02, x03, x04 and 45 more.")
