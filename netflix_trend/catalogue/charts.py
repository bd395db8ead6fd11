"""Public charts: what Netflix says is watched. A chart decides what is asked, never a published number.

A weekly chart is about one week, in one country or in all. Two lists of no week stand behind it: the most popular shows
of all time, and what was watched in half a year, which also knows the titles of shows in their own language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from netflix_trend.catalogue.keys import plain_title, title_key
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.causes import misfit
from netflix_trend.periods.weeks import Week, is_week
from netflix_trend.storage.model import Strict

# Of the weekly charts of a country the newest ones are kept; of other lists the first shows, most watched first.
KEPT_WEEKS, KEPT_SHOWS = 60, 2_000
# From a list of no week at most so many shows join the vocabulary: no list of a round reaches further down.
JOINING = 200
# Far more series than any weekly chart lists; all of them join the vocabulary for good.
MAX_CHARTED = 1_000
MAX_WEEKS, MAX_SHOWS = 2_000, 100_000
MAX_TITLE, _MAX_ALIASES = 300, 8
LARGEST_NUMBER = 10**13


def _title(value: str) -> str:
    text = plain_title(value)
    if not title_key(text):
        raise ValueError("a title without letters")
    return text


Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE), AfterValidator(_title)]
Country = Annotated[str, Field(pattern=r"^([A-Z]{2})?$")]


class ChartedShow(Strict):
    """A show of a chart. views: as the chart states them, None where it states an order only. aliases: other titles."""

    title: Title
    views: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] | None = None
    aliases: Annotated[tuple[Title, ...], Field(strict=False, max_length=_MAX_ALIASES)] = ()


_Shows = Annotated[tuple[ChartedShow, ...], Field(strict=False, max_length=MAX_SHOWS)]


class WeeklyChart(Strict):
    """The series of a week's chart, first one first. country: two letters, empty for the whole world.

    source: in words, such as `Netflix Top 10, global`.
    """

    week: Annotated[str, AfterValidator(is_week)]
    country: Country = ""
    source: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(plain_title)]
    shows: Annotated[tuple[ChartedShow, ...], Field(strict=False, min_length=1, max_length=MAX_CHARTED)]

    @property
    def views(self) -> tuple[int, ...] | None:
        """The views of all shows, None where the chart states an order only."""
        views = tuple(show.views for show in self.shows if show.views is not None)
        return views if len(views) == len(self.shows) else None


class ChartsError(Exception):
    """The kept charts cannot be read."""


class Charts(Strict):
    """All charts that are known: weekly ones oldest first, and two lists of no week, most watched first."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, ignored_types=(cached_property,))

    schema_version: Literal[1] = 1
    weekly: Annotated[tuple[WeeklyChart, ...], Field(strict=False, max_length=MAX_WEEKS + 1)] = ()
    popular: _Shows = ()
    watched: _Shows = ()

    @model_validator(mode="after")
    def _each_once(self) -> Charts:
        if len({(one.week, one.country) for one in self.weekly}) != len(self.weekly):
            raise ValueError("a week has two charts of one country")
        return self

    @classmethod
    def from_bytes(cls, data: bytes) -> Charts:
        """Read kept charts. Raises ChartsError."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise ChartsError(misfit(error)) from None

    def with_newer(self, newer: Charts) -> Charts:
        """Return these charts with others that were read later: those replace what is about the same."""
        weekly = {(one.country, one.week): one for one in (*self.weekly, *newer.weekly)}
        kept = [
            weekly[key]
            for country in sorted({country for country, _ in weekly})
            for key in sorted(key for key in weekly if key[0] == country)[-KEPT_WEEKS:]
        ]
        return Charts(
            weekly=tuple(sorted(kept, key=lambda one: (one.week, one.country))),
            popular=(newer.popular or self.popular)[:KEPT_SHOWS],
            watched=(newer.watched or self.watched)[:KEPT_SHOWS],
        )

    def of_country(self, country: str) -> dict[Week, WeeklyChart]:
        """Return the weekly charts of a country by week; while there are none of it, the world's.

        Without a country: the world's, or else those of the only country that there are charts of.
        """
        known = {one.country for one in self.weekly}
        if not country and "" not in known and len(known) == 1:
            country = known.pop()
        elif country not in known:
            country = ""
        return {Week.parse(one.week): one for one in self.weekly if one.country == country}

    @cached_property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """Other titles of shows, by the key of their title."""
        return {title_key(show.title): show.aliases for show in (*self.popular, *self.watched) if show.aliases}

    @property
    def standing(self) -> tuple[ChartedShow, ...]:
        """The first shows of the lists of no week: of the half year, then of all time."""
        return self.watched[:JOINING] + self.popular[:JOINING]

    def place(self, show: ChartedShow, vocabulary: Vocabulary) -> int | None:
        """Return the vocabulary index of a charted show, by its title or another title of it."""
        names = (show.title, *show.aliases, *self.aliases.get(title_key(show.title), ()))
        return next((place for name in names if (place := vocabulary.show(name)) is not None), None)

    def unknown(self, shows: Iterable[ChartedShow], vocabulary: Vocabulary) -> list[CatalogueTitle]:
        """Return a row for each show that a vocabulary does not know, in their order."""
        rows: dict[str, CatalogueTitle] = {}
        for show in shows:
            key = title_key(show.title)
            if self.place(show, vocabulary) is None and key not in rows:
                aliases = dict.fromkeys((*show.aliases, *self.aliases.get(key, ())))
                rows[key] = CatalogueTitle(title=show.title, kind="series", aliases=tuple(aliases))
        return list(rows.values())


def merged(rows: Sequence[Mapping[str, Any]]) -> tuple[ChartedShow, ...]:
    """Return the shows of a list, seasons of a show as one, most watched first.

    rows: title, views and hours (None where they are not stated), rank (for lists of an order only) and aliases.
    Ordered by views if every show has some, otherwise by hours if every show has some, otherwise by rank. A show with
    views of some seasons only counts with these.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        show = found.setdefault(title_key(row["title"]), {**row, "views": 0, "hours": 0, "aliases": {}})
        show["views"] += row["views"] or 0
        show["hours"] += row["hours"] or 0
        show["rank"] = min(show["rank"], row["rank"])
        show["aliases"] |= dict.fromkeys(row["aliases"])
    shows = list(found.values())
    measure = next((name for name in ("views", "hours") if all(show[name] for show in shows)), None)
    shows.sort(key=lambda show: -show[measure] if measure else show["rank"])
    return tuple(
        ChartedShow(
            title=show["title"],
            views=show["views"] if measure == "views" else None,
            aliases=tuple(show["aliases"])[:_MAX_ALIASES],
        )
        for show in shows
    )
