"""A backup is restored from the page Start, where nothing was imported yet."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from netflix_trend.backup import sealed_stream
from netflix_trend.participant.choices import choose, read_choices
from netflix_trend.participant.ledger import read_ledger
from netflix_trend.participant.restoring import back_up
from tests.services.dashboard.participant import HISTORY, Person


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_stream, "_COST", 1 << 4)


@pytest.fixture
def newcomer(tmp_path: Path) -> Person:
    (tmp_path / "new" / "datasites").mkdir(parents=True)
    return Person(tmp_path / "new")


def backup_of(person: Person, passphrase: str = "") -> io.BytesIO:
    out = io.BytesIO()
    back_up(person.settings, out, passphrase)
    out.seek(0)
    return out


def restore(person: Person, file: io.BytesIO, passphrase: str = "") -> str:
    return person.done("/restore", {"file": (file, "mine.backup"), "passphrase": passphrase})


def test_a_newcomer_restores_a_backup_and_goes_on_where_it_ends(person: Person, newcomer: Person) -> None:
    assert 'action="/restore"' not in person.page("/"), "somebody with a history is not asked"
    before = read_ledger(person.settings.records_dir / "ledger.jsonl")
    assert before
    assert set(newcomer.form("/", "/restore")) == {"file", "passphrase"}
    choose(newcomer.settings.private_dir, "paused")
    text = restore(newcomer, backup_of(person, "correct horse"), "correct horse")
    assert "Restored: " in text
    assert "views on this machine" in text
    assert 'action="/restore"' not in text
    assert read_ledger(newcomer.settings.records_dir / "ledger.jsonl")[: len(before)] == before
    assert (
        read_choices(newcomer.settings.private_dir).participation
        == read_choices(person.settings.private_dir).participation
    )


@pytest.mark.parametrize(
    ("passphrase", "said"), [("wrong", "the passphrase is wrong"), ("", "it is encrypted|enter its passphrase")]
)
def test_a_wrong_passphrase_is_said_plainly_and_changes_nothing(
    person: Person, newcomer: Person, passphrase: str, said: str
) -> None:
    text = restore(newcomer, backup_of(person, "correct horse"), passphrase)
    assert any(one in text for one in said.split("|"))
    assert "Nothing was restored" in text
    assert 'action="/restore"' in text
    assert not list(newcomer.settings.private_dir.glob("*"))


def test_what_is_no_backup_is_refused_and_so_is_one_over_a_history(person: Person, newcomer: Person) -> None:
    assert "no backup of Netflix Trend" in restore(newcomer, io.BytesIO(HISTORY.encode()))
    assert "No file was chosen" in newcomer.done("/restore", {})
    before = read_ledger(person.settings.records_dir / "ledger.jsonl")
    assert "has a history already" in restore(person, backup_of(person))
    assert read_ledger(person.settings.records_dir / "ledger.jsonl") == before
