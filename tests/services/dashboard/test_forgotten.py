"""Imports are taken away and brought back on the page Start."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from netflix_trend.participant import forgetting, participant
from tests.services.dashboard.participant import HISTORY, Person

EXPORT = HISTORY + '"Roma","1/13/26"\n"Okja","1/14/26"\n'
SHA256 = hashlib.sha256(EXPORT.encode()).hexdigest()


def test_a_file_is_forgotten_and_comes_back(newcomer: Person) -> None:
    newcomer.upload(HISTORY + '"Dune","1/15/26"\n', "first.csv")
    newcomer.upload(EXPORT, "second.csv")
    copy = newcomer.settings.output_dir / "done" / "second.csv"
    copy.parent.mkdir(parents=True)
    copy.write_text(EXPORT)
    assert "3 views on this machine" in newcomer.page("/")

    text = newcomer.done("/forget", {"sha256": SHA256})

    assert "1 view on this machine" in text
    assert (
        "Forgotten: second.csv. Removed from the drop folder&#39;s done/, too: 1 copy. Answers that have left stay"
        in text
    )
    assert f'value="{SHA256}"' not in text
    assert "Forgotten: <b><bdi>second.csv</bdi></b>. It can be undone until a later round is answered" in text
    assert not copy.exists()

    text = newcomer.done("/forget/undo", {})
    assert "Back: second.csv." in text
    assert "3 views on this machine" in text
    assert "Forgotten: <b>" not in text


def test_the_last_file_leaves_the_page_of_a_beginner(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    assert newcomer.form("/", "/forget") == {"sha256": [SHA256]}
    text = newcomer.done("/forget", {"sha256": SHA256})
    assert "Begin with your viewing history" in text
    assert "Forgotten: <b>" in text, "there is an undo also without any file"


def test_a_file_that_is_gone_is_said_so(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    assert "That file is gone already" in newcomer.done("/forget", {"sha256": "0" * 64})
    assert "nothing that can be brought back" in newcomer.done("/forget/undo", {})
    assert "2 views on this machine" in newcomer.page("/")


def test_a_file_in_tables_that_are_being_rebuilt_is_not_listed(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    forgetting.forget(newcomer.settings, participant.exports(newcomer.settings), datetime.now(UTC))
    assert SHA256 not in newcomer.page("/")


def test_a_question_about_a_file_that_was_just_forgotten_is_answered_with_that(newcomer: Person) -> None:
    text = newcomer.upload(HISTORY + '"One Film","3/4/26"\n"Another Film","3/4/26"\n', downloaded="2026-05-01")
    sha256 = text.split('name="sha256" value="')[1].split('"')[0]
    forgetting.forget(newcomer.settings, participant.exports(newcomer.settings), datetime.now(UTC))
    assert "That file is gone" in newcomer.done("/date-order", {"sha256": sha256, "date_order": "dmy"})
    assert participant.exports(newcomer.settings) == []
