"""Searching and excluding titles on the page My viewing: what it shows, and its two forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flask import request

from netflix_trend.history.exclusions import (
    STAYS,
    Exclusion,
    ExclusionError,
    Rows,
    exclude,
    include_again,
    read_exclusions,
)
from netflix_trend.history.search import Match
from netflix_trend.language import _
from netflix_trend.participant.forgetting import between_runs
from netflix_trend.settings import Settings
from services.dashboard.backend import Refused
from services.dashboard.history import History
from services.dashboard.text import day, shown

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard

MAX_MATCHES = 50
# Of a title that was seen on many days; the others can be excluded with it.
MAX_DAYS = 20


@dataclass(frozen=True)
class ExcludedPage:
    """The part of the page. words: that are searched. more: how many matches are not shown. problem: why the list of
    exclusions cannot be read.
    """

    words: str
    matches: tuple[Match, ...]
    more: int
    excluded: tuple[Exclusion, ...]
    problem: str = ""


def excluded_page(settings: Settings, history: History, words: str) -> ExcludedPage:
    """Return the part of the page. words: from a request; empty for no search."""
    words = words[:200]
    found = history.search(words) if words.strip() else ()
    try:
        excluded, problem = read_exclusions(settings.private_dir)[::-1], ""
    except ExclusionError as damage:
        excluded, problem = (), f"{damage}."
    return ExcludedPage(words, found[:MAX_MATCHES], max(0, len(found) - MAX_MATCHES), excluded, problem)


def said(name: str, what: str, on: date | None = None) -> str:
    """Return what is excluded, in words."""
    if what == "show":
        return _("the show %(name)s", name=shown(name))
    return _("%(title)s on %(day)s", title=shown(name), day=day(on)) if on else shown(name)


def exclude_rows(dashboard: Dashboard) -> str:
    """Exclude a title, a show, or a title on a day."""
    form = request.form
    name = form.get("name", "")
    try:
        on = date.fromisoformat(form["day"]) if form.get("day") else None
        rows = Rows("show", name) if form.get("what") == "show" else Rows("title", name, on)
        with between_runs(dashboard.settings):
            added = exclude(dashboard.settings.private_dir, [rows])
    except ExclusionError as problem:
        raise Refused(_("Nothing was changed: %(problem)s.", problem=problem)) from None
    except ValueError:
        raise Refused(_("Choose a day from the list. Nothing was changed.")) from None
    if not added:
        raise Refused(_("That is excluded already. Nothing was changed."))
    dashboard.backend.rebuild()
    return _("Excluded: %(what)s.", what=said(rows.name, rows.what, rows.day)) + f" {_(STAYS)}"


def include_rows(dashboard: Dashboard) -> str:
    """Include again what was excluded."""
    text = request.form.get("number", "")
    if not text.isdecimal() or len(text) > 9:
        raise Refused(_("Nothing is excluded under that number."))
    try:
        one = include_again(dashboard.settings.private_dir, int(text))
    except ExclusionError as problem:
        raise Refused(_("Nothing was changed: %(problem)s.", problem=problem)) from None
    dashboard.backend.rebuild()
    return _("Included again: %(what)s.", what=said(one.name, one.what, one.day))
