"""Page `What to watch next`: recommendations that are made on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

from netflix_trend.language import _
from netflix_trend.participant.next_shows import Suggestion, next_shows
from netflix_trend.participant.next_words import about, because, genre_in_words, share_in_words
from netflix_trend.participant.not_for_me import NotForMeError, allow_again, leave_out, not_for_me
from netflix_trend.settings import Settings
from services.dashboard.backend import Refused
from services.dashboard.history import History
from services.dashboard.text import shown

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard


@dataclass(frozen=True)
class Card:
    """A recommended show, in words. about: year and genres."""

    title: str
    about: str
    because: str
    share: str


@dataclass(frozen=True)
class NextPage:
    """What the page shows. cards: the best first. said: what the list rests on. aside: shows that are never
    recommended.
    """

    cards: tuple[Card, ...]
    said: tuple[str, ...]
    aside: tuple[str, ...]


def next_page(settings: Settings, history: History) -> NextPage:
    """Return the page."""
    shows, films = history.seen()
    found = next_shows(settings, shows, films)
    cards = tuple(_card(one) for one in found.suggestions)
    return NextPage(cards, tuple(about(found)), tuple(reversed(not_for_me(settings.private_dir))))


def _card(one: Suggestion) -> Card:
    known = [str(one.year)] if one.year else []
    known += [genre_in_words(genre) for genre in one.genres]
    return Card(one.title, " · ".join(known), because(one), share_in_words(one))


def put_aside(dashboard: Dashboard) -> str:
    """Never recommend a show again."""
    title = request.form.get("title", "")
    try:
        leave_out(dashboard.settings.private_dir, title)
    except NotForMeError as refusal:
        raise Refused(_("Nothing was changed: %(reason)s.", reason=refusal)) from None
    return _("%(title)s will not be recommended any more.", title=shown(title, 100))


def take_back(dashboard: Dashboard) -> str:
    """Recommend a show again."""
    title = request.form.get("title", "")
    if not allow_again(dashboard.settings.private_dir, title):
        raise Refused(_("This show is not on your list. Nothing was changed."))
    return _("%(title)s may be recommended again.", title=shown(title, 100))
