"""A review in words: a few large statements, for pages, the terminal and the picture to share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netflix_trend.formats import day, days, listed, number, percent
from netflix_trend.history.review import Amount, Comparison, FilmSeen, Review
from netflix_trend.language import _, marked, ngettext
from netflix_trend.questions.words import shown

# From so many times on, a change is said in times and not in percent.
_TIMES = 2.0
_NAMED = 3
_SHORT = 60
LOWER_BOUND = marked(
    "NetflixViewingHistory.csv keeps only the last view of a title, so these counts are lower bounds, and older days "
    "look emptier than they were. The account archive has every view, and hours."
)


@dataclass(frozen=True)
class Statement:
    """One thing that a review says. value: the few words to write large. text: what goes on after them.

    name: what it is about, such as `streak`. value and text hold untrusted titles, without control characters.
    """

    name: str
    value: str
    text: str


def period_name(review: Review) -> str:
    """Return `2026`, or the days of another range."""
    return str(review.year) if review.year else days(review.first, review.last)


def statements(review: Review) -> tuple[Statement, ...]:
    """Return up to seven statements, the most important first; none about a range without views."""
    made = (_amount(review), _shows(review), _films(review), *_records(review), _compared(review))
    return tuple(one for one in made if one) if review.views else ()


def notes(review: Review) -> tuple[str, ...]:
    """Return what has to be known to read the numbers right."""
    found = []
    if review.covered is not None and review.covered < review.last:
        found.append(_("Your files cover these days up to %(day)s.", day=day(review.covered)))
    if review.is_lower_bound:
        found.append(_(LOWER_BOUND))
    return tuple(found)


def amount_words(views: int, hours: float | None) -> str:
    """Return `412 hours`, or `1,204 views` where hours are unknown."""
    if hours is None:
        return ngettext("%(num)s view", "%(num)s views", views)
    return ngettext("%(num)s hour", "%(num)s hours", round(hours))


def episodes_words(episodes: int) -> str:
    """Return `26 episodes`."""
    return ngettext("%(num)s episode", "%(num)s episodes", episodes)


def name_films(films: Sequence[FilmSeen], most: int = _NAMED) -> tuple[str, ...]:
    """Return the names of up to so many films: certain ones before guesses, the newest first."""
    certain_first = sorted(films, key=lambda film: film.is_guess)
    return tuple(shown(film.title, _SHORT) for film in certain_first[:most])


def _amount(review: Review) -> Statement:
    value, days_seen = amount_words(review.views, review.hours), review.active_days
    if review.is_lower_bound:
        text = ngettext("at least, on %(num)s day", "at least, on %(num)s days", days_seen)
    else:
        text = ngettext("on %(num)s day", "on %(num)s days", days_seen)
    return Statement("amount", value, text)


def _shows(review: Review) -> Statement | None:
    if not review.top_shows:
        return None
    first, *others = review.top_shows[:_NAMED]
    if others:
        text = ngettext(
            "your most watched show, with %(num)s episode, before %(shows)s",
            "your most watched show, with %(num)s episodes, before %(shows)s",
            first.episodes,
            shows=listed([shown(one.name, _SHORT) for one in others]),
        )
    else:
        text = ngettext(
            "your most watched show, with %(num)s episode",
            "your most watched show, with %(num)s episodes",
            first.episodes,
        )
    return Statement("shows", shown(first.name, _SHORT), text)


def _films(review: Review) -> Statement | None:
    if not review.film_list:
        return None
    named = name_films(review.film_list)
    more = review.films - len(named)
    text = ngettext("%(films)s, and %(num)s more", "%(films)s, and %(num)s more", more, films=", ".join(named))
    value = ngettext("%(num)s film", "%(num)s films", review.films)
    return Statement("films", value, text if more > 0 else listed(named))


def _records(review: Review) -> tuple[Statement | None, ...]:
    streak, binge, busiest = review.streak, review.binge, review.busiest
    return (
        Statement(
            "streak",
            ngettext("%(num)s day in a row", "%(num)s days in a row", streak.days),
            _("your longest streak, %(days)s", days=days(streak.first_day, streak.last_day)),
        )
        if streak and streak.days > 1
        else None,
        Statement(
            "binge",
            episodes_words(binge.episodes),
            _("of %(show)s on %(day)s, your largest binge", show=shown(binge.show, _SHORT), day=day(binge.day)),
        )
        if binge
        else None,
        Statement("busiest", amount_words(busiest.views, None), _("on %(day)s, your busiest day", day=day(busiest.day)))
        if busiest and busiest.views > 1
        else None,
    )


def _compared(review: Review) -> Statement | None:
    before = review.before
    if before is None or before.ratio is None:
        return None
    text = _(
        "compared with %(period)s: %(now)s against %(before)s",
        period=_period_before(review, before),
        now=_in_words(before.now, before),
        before=_in_words(before.before, before),
    )
    return Statement("before", change_words(before.ratio), text)


def change_words(ratio: float) -> str:
    """Return `12 % more`, `3.1 times as much` or `as much`. ratio: how many times as much as before."""
    if ratio >= _TIMES:
        return _("%(times)s times as much", times=number(round(ratio, 1)))
    if round(100 * ratio) == 100:
        return _("As much")
    if ratio > 1:
        return _("%(percent)s more", percent=percent(ratio - 1))
    return _("%(percent)s less", percent=percent(1 - ratio))


def _period_before(review: Review, before: Comparison) -> str:
    if not before.is_year:
        return days(before.before.first, before.before.last)
    year = str(before.before.first.year)
    return year if review.year and before.now.last == review.last else _("the same days of %(year)s", year=year)


def _in_words(amount: Amount, compared: Comparison) -> str:
    return amount_words(amount.views, amount.hours if compared.is_in_hours else None)
