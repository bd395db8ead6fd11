"""The single run of the publisher that `./run.sh withdraw` and other choices make while the services are stopped."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant.choices import Choices, write_choices
from netflix_trend.participant.receipts import read_receipts
from netflix_trend.syftbox.datasite import Datasite
from services.publisher import single_run


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Datasite:
    for name in ("private", "publisher", "datasites"):
        monkeypatch.setenv(f"{name.upper()}_DIR", str(tmp_path / name))
    folder = tmp_path / "private" / "profiles" / "me"
    folder.mkdir(parents=True)
    empty = Encodings(np.zeros(0, FULL_DTYPE), np.zeros(9, "<i4"), starter_vocabulary().version, date.today())
    save_encodings(folder, empty)
    site = Datasite(tmp_path / "datasites", "me@example.org")
    site.set_up()
    return site


def test_one_run_publishes_and_the_next_withdraws(
    site: Datasite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert single_run.main() == 0
    assert site.published()
    write_choices(tmp_path / "private", Choices(participation="withdrawn"))
    assert single_run.main() == 0
    assert not site.published()
    (receipt,) = read_receipts(tmp_path / "publisher" / "trial")
    assert receipt.sentence in capsys.readouterr().out


def test_a_failed_run_is_reported_with_an_exit_code(
    site: Datasite, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private" / "choices.json").write_text("{")
    assert single_run.main() == 1
    assert "nothing is published" in capsys.readouterr().out
    assert not site.published()
    monkeypatch.setenv("JOIN", "perhaps")
    assert single_run.main() == 1
    assert "JOIN" in capsys.readouterr().err
