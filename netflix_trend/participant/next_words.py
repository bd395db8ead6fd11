"""What is said about a recommended show: why it is, how popular it is, and what all of it rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netflix_trend.formats import percent
from netflix_trend.language import _, marked, ngettext
from netflix_trend.participant.next_shows import Because, NextShows, Suggestion
from netflix_trend.plain_text import printable

# What the starter catalogue calls genres; other catalogues' words are shown as they are.
GENRES: Mapping[str, str] = {
    "action": marked("action"),
    "adventure": marked("adventure"),
    "animation": marked("animation"),
    "anime": marked("anime"),
    "comedy": marked("comedy"),
    "crime": marked("crime"),
    "documentary": marked("documentary"),
    "drama": marked("drama"),
    "family": marked("family"),
    "fantasy": marked("fantasy"),
    "history": marked("historical"),
    "horror": marked("horror"),
    "kids": marked("kids"),
    "medical": marked("medical"),
    "music": marked("music"),
    "mystery": marked("mystery"),
    "reality": marked("reality"),
    "romance": marked("romance"),
    "science-fiction": marked("science fiction"),
    "sitcom": marked("sitcom"),
    "sport": marked("sport"),
    "stand-up": marked("stand-up"),
    "thriller": marked("thriller"),
    "war": marked("war"),
    "western": marked("western"),
}
_ERA = re.compile(r"(\d{4})?-(\d{4})?")


def genre_in_words(name: str) -> str:
    """Return a genre as people call it."""
    return _(GENRES[name]) if name in GENRES else printable(name)


def because(suggestion: Suggestion) -> str:
    """Return why a show is recommended, as a sentence."""
    reasons = [_reason(one) for one in suggestion.reasons if one.watched]
    if len(reasons) > 1:
        return _("Because you watched %(first)s and %(second)s.", first=reasons[0], second=reasons[1])
    if reasons:
        return _("Because you watched %(first)s.", first=reasons[0])
    return _("Because many people watch it; your history says nothing for or against it.")


def _reason(one: Because) -> str:
    if era := _ERA.fullmatch(one.feature):
        first, last = era.groups()
        if first is None:
            return ngettext(
                "%(num)s title from before %(year)s",
                "%(num)s titles from before %(year)s",
                one.watched,
                year=int(last) + 1,
            )
        if last is None:
            return ngettext("%(num)s title since %(year)s", "%(num)s titles since %(year)s", one.watched, year=first)
        return ngettext(
            "%(num)s title from %(first)s to %(last)s",
            "%(num)s titles from %(first)s to %(last)s",
            one.watched,
            first=first,
            last=last,
        )
    genre = genre_in_words(one.feature)
    return ngettext(
        "%(num)s title of the genre %(genre)s", "%(num)s titles of the genre %(genre)s", one.watched, genre=genre
    )


def share_in_words(suggestion: Suggestion) -> str:
    """Return how popular a show is, with its error, as a sentence; empty where only a catalogue's order is known."""
    share, error = _percent(suggestion.share), _percent(suggestion.standard_error)
    if suggestion.basis == "group":
        return _("%(share)s of participants name it in a week, give or take %(error)s.", share=share, error=error)
    if suggestion.basis == "chart":
        return _(
            "By the public chart about %(share)s watch it in a week; too few participants were asked to tell.",
            share=share,
        )
    return ""


def _percent(share: float) -> str:
    return percent(share, 0 if share >= 0.095 else 1)


def about(found: NextShows) -> list[str]:
    """Return what the list rests on, in sentences."""
    said = []
    if not found.suggestions:
        said.append(_("There is nothing left to recommend: you have seen every show that is known here."))
    if found.problem:
        said.append(_("What the aggregator published cannot be read: %(problem)s", problem=printable(found.problem)))
    model = found.model
    if model is None:
        said.append(_("No group is behind this yet: the order is that of a catalogue, and of your own taste."))
    elif not model.rounds:
        said.append(_("Nobody has answered yet: the order is that of the public chart, and of your own taste."))
    else:
        said.append(
            ngettext(
                "The numbers rest on %(num)s answer of participants (%(first)s to %(last)s) and on the public chart.",
                "The numbers rest on %(num)s answers of participants (%(first)s to %(last)s) and on the public chart.",
                model.reports,
                first=model.rounds[0],
                last=model.rounds[-1],
            )
        )
    said.append(
        ngettext(
            "Your taste is taken from %(num)s title of yours that the catalogue knows.",
            "Your taste is taken from %(num)s titles of yours that the catalogue knows.",
            found.seen,
        )
    )
    said.append(_("All of it was computed on this machine; nothing was sent for it."))
    return said
