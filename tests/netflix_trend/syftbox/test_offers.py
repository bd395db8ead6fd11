"""On PySyft v2 rules change once an hour for those who become peers later, and say the same about readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from netflix_trend.operators.transport import REPORT, OwnFiles
from netflix_trend.syftbox.datasite import Datasite, DatasiteError
from netflix_trend.syftbox.generations.go import Go
from netflix_trend.syftbox.permissions import GO_FILE, PYTHON_FILE, named_readers
from tests.netflix_trend.syftbox.pysyft_folder import PySyftFolder

ANN, TREND = "ann@example.org", "trend@example.org"
RELEASE = "releases/2026-W46.json"
FILES = {RELEASE: b"x"}
HOUR = 3600.0
NOON = 500_000 * HOUR


@pytest.fixture
def folder(tmp_path: Path) -> PySyftFolder:
    folder = PySyftFolder(tmp_path / f"SyftBox_{ANN}", ANN, (TREND,))
    folder.site.publish(FILES, TREND, durable=False, keep_rounds=True)
    return folder


def rules(site: Datasite) -> bytes:
    return (site.app_data / GO_FILE).read_bytes()


def test_rules_change_once_an_hour_and_stay_when_files_are_published_again(folder: PySyftFolder) -> None:
    site, plain = folder.site, rules(folder.site)
    seen = []
    for now in (NOON, NOON + 1, NOON + HOUR - 1, NOON + HOUR, NOON + HOUR + 1):
        site.offer_again(now)
        site.publish(FILES, TREND, durable=False, keep_rounds=True)
        seen.append((rules(site), (site.app_data / GO_FILE).stat().st_ino))
    assert len(set(seen)) == 2
    assert rules(site).startswith(plain), "one comment line, at the end"
    assert rules(site).count(b"#") == 1
    assert rules(site).endswith(b"\n")


def test_readers_are_read_as_before_and_a_withdrawal_leaves_nothing(folder: PySyftFolder) -> None:
    site = folder.site
    before = named_readers(site.app_data), site.status(TREND), folder.readers(f"app_data/netflix_trend/{RELEASE}")
    site.offer_again(NOON)
    assert before == (
        named_readers(site.app_data), site.status(TREND), folder.readers(f"app_data/netflix_trend/{RELEASE}")
    )  # fmt: skip
    folder.sync()
    assert site.withdraw() == {RELEASE, "manifest.json"}
    folder.sync()
    assert not folder.copies[TREND]
    assert site.withdraw() == set()
    assert site.published() == set()


def test_only_outermost_rules_change(folder: PySyftFolder) -> None:
    """PySyft looks at all files below a changed permission file, whichever rules decide about them."""
    rounds = OwnFiles(folder.site, durable=False)
    rounds.share_with("2026-W46", {REPORT: [TREND]})
    folder.site.offer_again(NOON)
    inner = folder.site.app_data / "rounds" / "2026-W46" / GO_FILE
    assert b"#" in rules(folder.site)
    assert b"#" not in inner.read_bytes()
    assert b"#" not in (folder.site.app_data / PYTHON_FILE).read_bytes()
    (folder.site.app_data / GO_FILE).unlink()
    folder.site.offer_again(NOON)
    assert b"#" in inner.read_bytes()


def test_other_generations_see_no_change(tmp_path: Path) -> None:
    for generation in ("python", "go"):
        site = Datasite(tmp_path / generation / "datasites", ANN)
        site.set_up() if generation == "python" else Go().set_up(site.datasites, ANN)
        site.publish(FILES, TREND, durable=False)
        before = rules(site)
        site.offer_again(NOON)
        assert rules(site) == before


@pytest.mark.parametrize("text", [b"", b"rules: []\n", b"terminal: true\nrules:\n  - {pattern: x"])
def test_rules_of_somebody_else_are_left_alone(folder: PySyftFolder, text: bytes) -> None:
    (folder.site.app_data / GO_FILE).write_bytes(text)
    folder.site.offer_again(NOON)
    assert rules(folder.site) == text


def test_nothing_is_written_through_a_link(folder: PySyftFolder, tmp_path: Path) -> None:
    folder.site.public.parent.mkdir(parents=True)
    folder.site.public.symlink_to(tmp_path)
    with pytest.raises(DatasiteError, match="link"):
        folder.site.offer_again(NOON)
