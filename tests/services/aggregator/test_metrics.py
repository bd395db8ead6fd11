"""Metrics: the format that Prometheus reads, counts only, for this machine alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netflix_trend.settings import Settings, load_settings
from services.aggregator.helper import web as helper_web
from services.aggregator.helper.service import HelperState
from services.aggregator.metrics import aggregator_metrics, as_text, helper_metrics, process_metrics
from services.aggregator.overview import KnownParticipant, OpenRound, Overview, Refusal, write_overview
from services.aggregator.sums.state import SummedRound
from services.aggregator.web import create_app
from services.runtime.supervisor import beat

# The grammar of the text format, https://prometheus.io/docs/instrumenting/exposition_formats/
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
NUMBER = r"[-+]?(?:\d+(?:\.\d*)?(?:e[-+]?\d+)?|Inf|NaN)"
LINE = re.compile(rf"# (?:HELP {NAME} .*|TYPE {NAME} gauge)|({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? ({NUMBER})")
HERE = "http://127.0.0.1:8650"


def parsed(text: str) -> dict[str, float]:
    """Return the samples by name and labels, after checking each line by the grammar."""
    assert text.endswith("\n")
    found = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        assert match is not None, line
        if match[1]:
            key = f"{match[1]}{{{match[2]}}}" if match[2] else match[1]
            assert key not in found, "no sample is there twice"
            found[key] = float(match[3])
    return found


def overview(round_name: str = "2026-W46") -> Overview:
    person = KnownParticipant(name="0123456789ab", round=round_name, question="volume", has_answered=True)
    return Overview(
        written="2026-11-16T00:00:00+00:00",
        participants=25,
        listed=(person,),
        refusals=(Refusal(name="0123456789ab", round=round_name, reason="size"),),
        rounds=(
            OpenRound(round=round_name, asked={"volume": 20}, reports={"volume": 12}, refused={"size": 2}, waiting=1),
        ),
        shows=9,
    )


def settings_in(tmp_path: Path, **more: object) -> Settings:
    return load_settings(datasites_dir=tmp_path / "datasites", aggregator_dir=tmp_path, helper_dir=tmp_path, **more)


def test_counts_are_there_and_nothing_about_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.runtime.supervisor._HEARTBEAT", tmp_path)
    beat("aggregator", seconds=0.25)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "one.json").touch()
    write_overview(tmp_path, overview())
    response = create_app(settings_in(tmp_path, metrics=True)).test_client().get("/metrics", base_url=HERE)
    assert response.content_type.startswith("text/plain; version=0.0.4")
    found = parsed(response.text)
    age = found.pop("netflix_trend_last_pass_age_seconds")
    assert 0 <= age < 600
    assert found == {
        "netflix_trend_participants": 25,
        "netflix_trend_open_rounds": 1,
        'netflix_trend_asked{round="2026-W46",question="volume"}': 20,
        'netflix_trend_answers{round="2026-W46",question="volume"}': 12,
        'netflix_trend_refused_files{round="2026-W46",reason="size"}': 2,
        'netflix_trend_waiting_files{round="2026-W46"}': 1,
        "netflix_trend_last_pass_seconds": 0.25,
        "netflix_trend_damaged_files": 1,
    }
    assert "0123456789ab" not in response.text


def test_they_are_off_by_default_and_for_this_machine_alone(tmp_path: Path) -> None:
    """Current counts, seen from outside, would undo the batches in which numbers are published."""
    off, on = (
        create_app(settings_in(tmp_path, metrics=metrics), lambda: True).test_client() for metrics in (False, True)
    )
    assert off.get("/metrics", base_url=HERE).status_code == 404
    assert on.get("/metrics", base_url=HERE).status_code == 200
    assert on.get("/metrics", base_url="http://trend.example.com").status_code == 404
    for header in ("X-Forwarded-For", "Forwarded"):
        assert on.get("/metrics", base_url=HERE, headers={header: "203.0.113.1"}).status_code == 404


def test_before_the_first_pass_there_are_no_counts() -> None:
    assert aggregator_metrics(None) == helper_metrics(None) == []
    assert parsed(as_text(process_metrics(None, 0))) == {"netflix_trend_damaged_files": 0}


def test_a_helper_has_metrics_of_its_own(tmp_path: Path) -> None:
    told = SummedRound(
        round="2026-W46", state="early", early_day="2026-11-20", late_day="2026-12-18", early=21, refused=(("seal", 2),)
    )
    state = HelperState(operators=(), rounds=(told,), rho_per_round=0.1, smallest_batch=20, spent=0.2, limit=5.62)
    assert parsed(as_text(helper_metrics(state))) == {
        'netflix_trend_helper_answers{round="2026-W46",state="early"}': 21,
        'netflix_trend_refused_files{round="2026-W46",reason="seal"}': 2,
        "netflix_trend_privacy_loss_rho": 0.2,
        "netflix_trend_privacy_loss_rho_limit": 5.62,
    }
    client = helper_web.create_app(settings_in(tmp_path, metrics=True), lambda: True).test_client()
    assert client.get("/metrics", base_url="http://127.0.0.1:8652").status_code == 200


def test_whatever_a_round_is_called_the_format_holds() -> None:
    (key,) = [key for key in parsed(as_text(aggregator_metrics(overview('a"b\\c\nd')))) if "waiting" in key]
    assert key == 'netflix_trend_waiting_files{round="a\\"b\\\\c\\nd"}'
