"""Serves what the aggregator has published: the page, the files behind it, and a health check."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, abort, jsonify, send_file

from netflix_trend.datasite import Datasite
from netflix_trend.settings import Settings, load_settings
from netflix_trend.shared_files import SURVEYS, VOCABULARY
from netflix_trend.trends import TRENDS
from services.aggregator.site.page import content_security_policy
from services.common.supervisor import alive

_ROUND = re.compile(r"\d{4}-W\d{2}|latest", re.ASCII)


def create_app(settings: Settings | None = None, is_alive: Callable[[], bool] | None = None) -> Flask:
    """Return the WSGI application; `is_alive` tells whether the collecting process runs."""
    settings = settings or load_settings()
    site = Datasite(settings.datasites_dir, settings.aggregator_datasite)
    shared, public = site.app_data / "shared", site.public
    is_alive = is_alive or (lambda: alive(["aggregator"]))
    app = Flask("netflix_trend_aggregator", static_folder=None)

    def file(path: Path) -> Response:
        if not path.is_file():
            abort(404)
        return send_file(path.absolute(), conditional=True)

    @app.get("/")
    def page() -> Response:
        return file(public / "index.html")

    @app.get("/index.json")
    def data() -> Response:
        return file(public / "index.json")

    @app.get("/trends.json")
    def trends() -> Response:
        return file(public / TRENDS)

    @app.get("/vocabulary.json")
    def vocabulary() -> Response:
        return file(shared / VOCABULARY)

    @app.get("/survey.json")
    def survey() -> Response:
        return file(shared / SURVEYS)

    @app.get("/statistics/<name>.json")
    def statistics(name: str) -> Response:
        if not _ROUND.fullmatch(name):
            abort(404)
        return file(shared / "statistics" / f"{name}.json")

    @app.get("/healthz")
    def health() -> tuple[Response, int]:
        fine = is_alive()
        return jsonify(
            {"ok": fine, "error": None if fine else "the collecting process has stopped"}
        ), 200 if fine else 503

    @app.errorhandler(404)
    def missing(_error: Exception) -> tuple[Response, int]:
        return jsonify({"ok": False, "error": "there is nothing here (yet)"}), 404

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = content_security_policy()
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Frame-Options"] = "DENY"
        return response

    return app
