"""Counts of the aggregator and of a helper in the text format of Prometheus: no person, no datasite, no title.

They are current, and what is published changes in batches only, so that they are for this machine's operator alone.
https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, request

from netflix_trend.storage.damaged import were_set_aside
from netflix_trend.web.local_only import is_local
from services.runtime.supervisor import last_beat

if TYPE_CHECKING:
    from services.aggregator.helper.service import HelperState
    from services.aggregator.overview import Overview

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Labels by name, and the value.
Sample = tuple[dict[str, str], float]
# Name without the prefix, help, and samples.
Metric = tuple[str, str, Sequence[Sample]]


def add_metrics(app: Flask, role: str, own: Path, found: Callable[[], Sequence[Metric]]) -> None:
    """Add the page `/metrics`, for this machine alone.

    role: of the looping process, `aggregator` or `helper`. own: its volume. found: returns what its last pass found.
    """

    @app.get("/metrics")
    def metrics() -> Response:
        # What a public web server forwards is not for this machine alone.
        if not is_local(request.host) or "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
            abort(404)
        process = process_metrics(last_beat(role), len(were_set_aside(own)))
        return Response(as_text([*found(), *process]), content_type=_CONTENT_TYPE)


def process_metrics(beat: tuple[float, float | None] | None, set_aside: int) -> list[Metric]:
    """Return metrics of the looping process. beat: age and length of its last pass, in seconds; None before it."""
    age, length = beat if beat else (None, None)
    return [
        ("last_pass_age_seconds", "Time since the last pass ended.", [({}, age)] if age is not None else []),
        ("last_pass_seconds", "Length of the last pass.", [({}, length)] if length is not None else []),
        ("damaged_files", "Own files that are damaged and were set aside.", [({}, set_aside)]),
    ]


def aggregator_metrics(overview: Overview | None) -> list[Metric]:
    """Return what the last pass found in the open rounds; nothing before the first."""
    if overview is None:
        return []
    by_question, rounds = ("round", "question"), overview.rounds
    asked = [(_labels(by_question, one.round, name), n) for one in rounds for name, n in one.asked.items()]
    answers = [(_labels(by_question, one.round, name), n) for one in rounds for name, n in one.reports.items()]
    refused = [(_labels(("round", "reason"), one.round, why), n) for one in rounds for why, n in one.refused.items()]
    return [
        ("participants", "People who take part.", [({}, overview.participants)]),
        ("open_rounds", "Rounds that are open.", [({}, len(rounds))]),
        ("asked", "People who are asked, by question.", asked),
        ("answers", "Answers that are counted, by question.", answers),
        ("refused_files", "Files that are refused, by reason.", refused),
        ("waiting_files", "Files that have not arrived completely.", [({"round": r.round}, r.waiting) for r in rounds]),
    ]


def helper_metrics(state: HelperState | None) -> list[Metric]:
    """Return what a helper has done; nothing before its first pass."""
    if state is None:
        return []
    counted = [({"round": one.round, "state": one.state}, one.counted) for one in state.rounds]
    refused = [(_labels(("round", "reason"), one.round, why), n) for one in state.rounds for why, n in one.refused]
    return [
        ("helper_answers", "Answers that are summed.", counted),
        ("refused_files", "Files that are refused, by reason.", refused),
        ("privacy_loss_rho", "Privacy loss of the last 52 weeks.", [({}, state.spent)]),
        ("privacy_loss_rho_limit", "Limit of this loss.", [({}, state.limit)]),
    ]


def as_text(metrics: Iterable[Metric]) -> str:
    """Return metrics in the text format."""
    lines = []
    for name, told, samples in metrics:
        full = f"netflix_trend_{name}"
        lines += [f"# HELP {full} {told}", f"# TYPE {full} gauge"]
        for labels, value in samples:
            known = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            lines.append(f"{full}{{{known}}} {value}" if known else f"{full} {value}")
    return "".join(f"{line}\n" for line in lines)


def _labels(names: Sequence[str], *values: str) -> dict[str, str]:
    return dict(zip(names, values, strict=True))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
