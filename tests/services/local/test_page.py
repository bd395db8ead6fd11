"""The page of an app: a server that ends when nobody visits it any more, or when the app ends."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.test import Client

from netflix_trend.settings import load_settings
from services.local import dashboard
from services.local.dashboard import QUIET_SECONDS, OneProcess, Visits, end_when_over
from tests.ports import free_port
from tests.waiting import PATIENCE, stays


def test_visits_are_over_after_a_while_but_not_during_one() -> None:
    now = [0.0]
    seen: list[bool] = []

    def pages(_environ: Any, start_response: Any) -> list[bytes]:
        now[0] += 2 * QUIET_SECONDS
        seen.append(visits.are_over())
        start_response("200 OK", [])
        return [b""]

    visits = Visits(pages, lambda: now[0])
    assert not visits.are_over()
    Client(visits).get("/")
    assert seen == [False], "a long answer is a visit"
    assert not visits.are_over()
    now[0] += QUIET_SECONDS - 1
    assert not visits.are_over()
    now[0] += 1
    assert visits.are_over()


@pytest.mark.parametrize("is_app_alive", [True, False])
def test_the_server_ends_after_the_last_visit_and_with_the_app(
    is_app_alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = Visits(lambda *_: [b""])
    monkeypatch.setattr(dashboard, "QUIET_SECONDS", 0.2 if is_app_alive else 600.0)
    server = make_server("127.0.0.1", free_port(), visits, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    reader, writer = os.pipe()
    if not is_app_alive:
        os.close(writer)
    with os.fdopen(reader, "rb") as app:
        end_when_over(server, visits, app)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    if is_app_alive:
        os.close(writer)


def test_the_last_visitor_is_answered_before_the_end() -> None:
    """Settings that the page itself writes end its server."""
    inside, go_on = Event(), Event()

    def pages(_environ: Any, start_response: Any) -> list[bytes]:
        inside.set()
        assert go_on.wait(PATIENCE)
        start_response("200 OK", [])
        return [b""]

    visits = Visits(pages)
    visit, finish = Thread(target=lambda: Client(visits).get("/")), Thread(target=visits.finish)
    visit.start()
    assert inside.wait(PATIENCE)
    finish.start()
    stays(finish.is_alive, "it waits", 0.5)
    go_on.set()
    finish.join(PATIENCE)
    assert not finish.is_alive()
    visit.join()


def test_pages_show_what_the_app_has_refused_and_what_waits(tmp_path: Path) -> None:
    """A page without an app takes no files from the drop folder, and says nothing about it."""
    drop = tmp_path / "drop"
    (drop / "refused").mkdir(parents=True)
    (drop / "a.csv").write_text("Title,Date\n")
    (drop / "refused" / "b.zip.reason.txt").write_text("b.zip: this zip is damaged")
    settings = load_settings(output_dir=drop)
    beside, alone = (OneProcess(settings, lambda: None, watches=watches) for watches in (True, False))  # type: ignore
    assert (beside.pending(), [one.name for one in beside.refused_files()]) == (1, ["b.zip"])
    assert (alone.pending(), alone.refused_files()) == (0, [])
