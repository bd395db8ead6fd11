"""Serves what the aggregator has published: the page, the files behind it, and a health check."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from flask import Flask, Response, abort, jsonify, send_file

from netflix_trend.layout import SURVEYS, VOCABULARY
from netflix_trend.published.introduction import INTRODUCTION
from netflix_trend.published.model import MODEL
from netflix_trend.published.round_list import ROUNDS
from netflix_trend.published.schema import LATEST, SCHEMA
from netflix_trend.published.trends import TRENDS
from netflix_trend.published.year import YEARS
from netflix_trend.questions.top_shows.movement import MOVEMENT
from netflix_trend.settings import Settings, load_settings
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.community import ROUNDS_PAGE, START, WINDOW_PAGES
from services.aggregator.health import health_of
from services.aggregator.metrics import add_metrics, aggregator_metrics
from services.aggregator.operator.access import operator_access
from services.aggregator.operator.views import operator_pages
from services.aggregator.overview import read_overview
from services.aggregator.site.page import content_security_policy

_ROUND = re.compile(r"\d{4}-W\d{2}|latest", re.ASCII)


def create_app(  # noqa: C901 - its views count as its branches
    settings: Settings | None = None,
    is_alive: Callable[[], bool] | None = None,
    today: Callable[[], date] = date.today,
) -> Flask:
    """Return the WSGI application; `is_alive` tells whether the collecting process runs.

    The operator's view is there only with a token: `OPERATOR_TOKEN_FILE`, or one that is printed when it starts.
    """
    settings = settings or load_settings()
    site = Datasite(settings.datasites_dir, settings.aggregator_datasite)
    shared, public = site.app_data / "shared", site.public
    app = Flask("netflix_trend_aggregator", static_folder=None)

    def file(path: Path) -> Response:
        if not path.is_file():
            abort(404)
        return send_file(path.absolute(), conditional=True)

    def embeddable(response: Response) -> Response:
        # Public data: any web page may show it.
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    @app.get("/")
    def start() -> Response:
        return file(public / START)

    @app.get(f"/<any({', '.join(map(repr, (START, ROUNDS_PAGE, *WINDOW_PAGES)))}):name>")
    def page(name: str) -> Response:
        return file(public / name)

    @app.get(f"/<any('{INTRODUCTION}', '{LATEST}', '{TRENDS}', '{MODEL}', '{MOVEMENT}', '{ROUNDS}', '{SCHEMA}'):name>")
    def data(name: str) -> Response:
        return embeddable(file(public / name))

    @app.get("/rounds/<name>.html")
    def round_page(name: str) -> Response:
        if not _ROUND.fullmatch(name):
            abort(404)
        return file(public / "rounds" / f"{name}.html")

    @app.get("/years/<int(fixed_digits=4):year>.<any('html', 'png', 'svg'):kind>")
    def year_page(year: int, kind: str) -> Response:
        return file(public / YEARS / f"{year}.{kind}")

    @app.get("/years/<int(fixed_digits=4):year>.json")
    def year_data(year: int) -> Response:
        return embeddable(file(public / YEARS / f"{year}.json"))

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
        return embeddable(file(shared / "statistics" / f"{name}.json"))

    access = operator_access(settings)
    if access:
        app.register_blueprint(operator_pages(settings, access, today))

    if settings.metrics:
        own = settings.aggregator_dir
        add_metrics(app, "aggregator", own, lambda: aggregator_metrics(read_overview(own)))

    @app.get("/healthz")
    def health() -> tuple[Response, int]:
        return health_of("aggregator", settings.aggregator_dir, is_alive).answer()

    @app.errorhandler(404)
    def missing(_error: Exception) -> tuple[Response, int]:
        return jsonify({"ok": False, "error": "there is nothing here (yet)"}), 404

    @app.after_request
    def harden(response: Response) -> Response:
        # The operator's pages have their own.
        response.headers.setdefault("Content-Security-Policy", content_security_policy())
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers["X-Frame-Options"] = "DENY"
        return response

    return app
