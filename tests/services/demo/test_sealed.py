"""The demo when operators sum: two of them with folders of their own, sealed reports, and local mode beside it."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

from netflix_trend import cli
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import Place
from netflix_trend.operators.store import Store
from netflix_trend.periods.weeks import Week
from netflix_trend.published.statistics import RoundStatistics
from services.demo.network import ME
from services.demo.sealed import HELPER, SealedNetwork
from services.local.dashboard import demo_settings

LAST = Week.parse("2026-W46")
SECRETS = (b"Garden", b"Nobody Has Heard", b"Wednesday", b"Adolescence")


def main(arguments: list[str]) -> int:
    return cli.run(["demo", *arguments], Place(Machine.here()))


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sealed") / "out"


@pytest.fixture(scope="module")
def printed(output: Path) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main(["--people", "120", "--weeks", "2", "--seed", "3", "--output", str(output)]) == 0
    return " ".join(text.getvalue().split())


def test_two_operators_are_the_default_and_local_mode_stands_beside_them(printed: str) -> None:
    assert "The same 2 weeks of the same people, in both modes" in printed
    assert "two operators" in printed
    assert "Who has to be honest one of both nobody" in printed
    assert "sealed, a half for each operator" in printed
    assert "Answers about shows in the last week 121 " in printed


def test_everybody_is_counted_by_both_operators(printed: str, output: Path) -> None:
    shared = output / "datasites/aggregator@example.org/app_data/netflix_trend/shared/statistics"
    statistics = RoundStatistics.from_bytes((shared / f"{LAST}.json").read_bytes())
    assert statistics.reports == 121
    assert statistics.refused == {}
    assert statistics.top_shows.mechanism == "sum"
    assert statistics.top_shows.answering == pytest.approx(121, abs=40)
    for folder in ("aggregator", "helper"):
        assert (output / folder / "operators.sqlite").exists()
        assert (output / folder / "identity.key").stat().st_mode & 0o77 == 0
    share = output / f"datasites/{HELPER}/app_data/netflix_trend/rounds/{LAST}/agg-share-early.bin"
    assert share.exists()


def test_what_operators_wrote_about_every_report_is_gone_and_the_page_is_there(printed: str, output: Path) -> None:
    names = {path.name for path in output.rglob("*") if path.is_file()}
    assert {"prekey.json", "manifest.json", "collect-early.bin", "agg-share-early.bin", "result-early.json"} <= names
    assert not [name for name in names if name.startswith(("agg-init-", "agg-resp-"))]
    for folder in ("aggregator", "helper"):
        with contextlib.closing(Store(output / folder / "operators.sqlite")) as store:
            kept = {file for row in store.rounds() for file in store.files(row.name)}
            assert kept
            assert not [file for file in kept if file.startswith(("agg-init-", "agg-resp-"))]
            assert store.sql.execute("PRAGMA freelist_count").fetchone() == (0,)
    public = output / "datasites/aggregator@example.org/public/netflix_trend"
    assert len(list(public.glob("rounds/*.html"))) == 2
    assert not list(output.glob("datasites/person*"))


def test_no_title_of_mine_is_in_clear_in_anything_that_left_or_that_an_operator_keeps(
    printed: str, output: Path
) -> None:
    left = b"".join(path.read_bytes() for path in (output / "datasites" / ME / "app_data").rglob("*") if path.is_file())
    kept = b"".join((output / name / "operators.sqlite").read_bytes() for name in ("aggregator", "helper"))
    assert len(left) > 10_000
    for title in SECRETS:
        assert title not in left
        assert title not in kept
    assert ME.encode() not in left


def test_the_dashboard_of_the_demo_knows_the_operators(printed: str, output: Path) -> None:
    settings, today = demo_settings(output)
    assert settings.helper_datasite == HELPER
    assert len(settings.helper_key) == len(settings.aggregator_key) == 64
    assert Week.of(today()) > LAST
    (output / "settings.json").write_text(json.dumps({"limit_modes": "two"}))
    assert demo_settings(output)[0].helper_key == ""


def test_with_one_operator_there_is_no_helper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    assert main(["--mode", "one", "--people", "60", "--weeks", "1", "--output", str(output)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Who has to be honest the operator nobody" in printed
    assert not (output / "helper").exists()


def test_too_few_people_for_a_sum_are_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--people", "5", "--output", str(tmp_path / "out")]) == 1
    assert "--people" in " ".join(capsys.readouterr().out.split())


def test_the_sums_are_right_except_for_noise(tmp_path: Path) -> None:
    """The mean number of titles of a week is known in the demo: the sum may miss it by four standard errors."""
    network = SealedNetwork(tmp_path / "out", preset="x3")
    network.prepare()
    (statistics,) = network.run(300, 1, 4, LAST)
    (week,) = network.population(300, 4).weeks(1)
    mean = statistics.volume.mean
    truth = week.titles.clip(max=30).sum() / 300
    assert abs(mean.estimate - truth) < 4 * mean.standard_error
    assert statistics.reports in (300, 301)
