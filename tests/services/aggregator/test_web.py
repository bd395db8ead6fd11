"""The aggregator's pages over HTTP."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import load_settings
from netflix_trend.simulation.population import watched
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.rounds import Aggregator
from services.aggregator.web import create_app
from tests.services.aggregator.people import AGGREGATOR, crowd

WEEK = Week.parse("2026-W46")


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    (tmp_path / "datasites").mkdir()
    here = Aggregator(
        Datasite(tmp_path / "datasites", AGGREGATOR),
        tmp_path / "own",
        starter_vocabulary(),
        durable=False,
        smallest_answers=1,
    )
    today = WEEK.sunday + timedelta(days=1)
    crowd(tmp_path, here.ask(today)[-1], "volume", [watched(frozenset(), 5)] * 10)
    here.run(today)
    return create_app(load_settings(datasites_dir=tmp_path / "datasites"), lambda: True).test_client()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/index.json",
        "/latest.json",
        "/index.html",
        "/rounds.html",
        "/rounds/2026-W46.html",
        "/trends.json",
        "/model.json",
        "/rounds.json",
        "/movement.json",
        "/schema.json",
        "/vocabulary.json",
        "/survey.json",
        "/statistics/2026-W46.json",
        "/statistics/latest.json",
    ],
)
def test_what_was_published_is_served_with_a_strict_policy(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        assert response.status_code == 200
        assert response.data
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/statistics/2031-W01.json",
        "/statistics/..%2f..%2fsyftperm.yaml",
        "/statistics/syftperm.json",
        "/syftperm.yaml",
        "/rounds/2031-W01.html",
        "/rounds/latest.html",
        "/rounds/..%2findex.html",
        "/rounds/syftperm.html",
        "/operator/",
    ],
)
def test_everything_else_is_missing_in_the_one_error_shape(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json == {"ok": False, "error": "there is nothing here (yet)"}


def test_any_page_may_embed_public_data_and_nothing_else(client: FlaskClient) -> None:
    for path in ("/index.json", "/latest.json", "/rounds.json", "/statistics/2026-W46.json"):
        with client.get(path) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
    for path in ("/", "/survey.json", "/vocabulary.json", "/healthz"):
        with client.get(path) as response:
            assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nothing_can_be_changed_over_http(client: FlaskClient, method: str) -> None:
    assert getattr(client, method)("/").status_code == 405


def test_before_the_first_pass_there_is_nothing_yet(tmp_path: Path) -> None:
    client = create_app(load_settings(datasites_dir=tmp_path), lambda: True).test_client()
    assert client.get("/").status_code == 404
    assert client.get("/trends.json").status_code == 404


@pytest.mark.parametrize(("fine", "status"), [(True, 200), (False, 503)])
def test_health_follows_the_collecting_process(tmp_path: Path, fine: bool, status: int) -> None:
    response = create_app(load_settings(datasites_dir=tmp_path), lambda: fine).test_client().get("/healthz")
    assert response.status_code == status
    assert response.json is not None
    assert response.json["ok"] is fine
