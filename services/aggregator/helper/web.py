"""The helper's own page, for its operator on this machine: what it answered, what it refused and why, and its key."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache

from flask import Flask, Response, jsonify, render_template
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from netflix_trend.settings import Settings, load_settings
from netflix_trend.web.local_only import Guard
from services.aggregator.health import health_of
from services.aggregator.helper.service import read_helper_state
from services.aggregator.metrics import add_metrics, helper_metrics
from services.aggregator.operator.words import SEALED_REASONS, STATES
from services.aggregator.site.page import day_in_words, style


def create_app(settings: Settings | None = None, is_alive: Callable[[], bool] | None = None) -> Flask:
    """Return the WSGI application; `is_alive` tells whether the answering process runs."""
    settings = settings or load_settings()
    own = settings.helper_dir
    app = Flask("netflix_trend_helper", static_folder=None)
    app.jinja_loader = Flask(__name__, template_folder=".").jinja_loader
    app.jinja_env.filters["day"] = day_in_words
    # A page that changes nothing: there is no form, so no token.
    Guard(policy=_policy, token=lambda: "").protect(app)

    @app.get("/")
    def page() -> str:
        return render_template(
            "page.html",
            state=read_helper_state(own),
            health=health_of("helper", own, is_alive),
            reasons=SEALED_REASONS,
            states=STATES,
            style=Markup(style()),  # noqa: S704
        )

    if settings.metrics:
        add_metrics(app, "helper", own, lambda: helper_metrics(read_helper_state(own)))

    @app.get("/healthz")
    def health() -> tuple[Response, int]:
        return health_of("helper", own, is_alive).answer()

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        return jsonify({"ok": False, "error": error.description}), error.code or 500

    return app


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'none'; base-uri 'none'"
