"""Downloads of what was watched, for other programs: `/export/<format>`, of one stored profile with `?profile=NAME`."""

from __future__ import annotations

from flask import Flask, Response, abort, request

from netflix_trend.history.other_tools import FORMATS, export
from netflix_trend.history.watched import watched
from netflix_trend.settings import Settings


def add(app: Flask, settings: Settings) -> None:
    """Add the downloads to the application."""

    @app.get("/export/<name>")
    def download(name: str) -> Response:
        wanted = FORMATS.get(name)
        if wanted is None or wanted.refusal:
            abort(404)
        try:
            found = export(name, watched(settings.private_dir, request.args.get("profile") or None))
        except (FileNotFoundError, ValueError):  # nothing was imported, or no such profile
            abort(404)
        response = Response(found.data, content_type=wanted.content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="netflix-trend-{name}.{wanted.kind}"'
        # A copy in the browser's cache would outlast what is excluded or forgotten here.
        response.headers["Cache-Control"] = "no-store"
        return response
