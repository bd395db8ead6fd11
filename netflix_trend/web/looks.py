"""The colours of all pages and the looks of certainty: one style sheet, for the dashboard and the community's pages."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def looks() -> str:
    """Return the style sheet; `looks.css` says what its classes mean."""
    return (files("netflix_trend.web") / "looks.css").read_text("utf-8")
