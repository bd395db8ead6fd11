"""What to watch next: a person's own history and what the group publishes, put together on this machine.

Nothing is sent for it: the group's numbers are read from the aggregator's datasite, as everybody reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.participant.not_for_me import not_for_me
from netflix_trend.published.model import MAX_SHOWS, MODEL, Model, ModelShow
from netflix_trend.published.statistics import MAX_FILE, StatisticsError
from netflix_trend.questions.together.estimation import wish_of
from netflix_trend.questions.top_shows.popularity import popularity
from netflix_trend.recommend.ranking import ranked
from netflix_trend.recommend.taste import background_of, features_of, taste_of
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.syftbox.refusals import read_once
from netflix_trend.syftbox.shared_files import current_vocabulary, read_shared

NUMBER = 10
# A show of which one episode was seen says little about a taste: it may have been given up.
_ONE_EPISODE = 0.25

Basis = Literal["group", "chart", "catalogue"]


@dataclass(frozen=True)
class Because:
    """A genre or era that speaks for a show. watched: how many titles of it the person has seen."""

    feature: str
    watched: int


@dataclass(frozen=True)
class Suggestion:
    """A show to watch next.

    share, standard_error: the part of participants who name it in a week. basis: what the share rests on: answers of
    the group, the public chart alone, or the order of a catalogue. reasons: the strongest first; none where only the
    popularity speaks for it.
    """

    title: str
    year: int | None
    genres: tuple[str, ...]
    share: float
    standard_error: float
    basis: Basis
    reasons: tuple[Because, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as `./run.sh next --json` prints it."""
        return {
            "title": self.title,
            "year": self.year,
            "genres": list(self.genres),
            "share": self.share,
            "standard_error": self.standard_error,
            "basis": self.basis,
            "because": [{"feature": one.feature, "watched": one.watched} for one in self.reasons],
        }


@dataclass(frozen=True)
class NextShows:
    """What is recommended, the best first. model: of the group; None without one, and then problem says why, if a file
    is there that cannot be read. seen: how many shows and films of the catalogue the taste rests on.
    """

    suggestions: tuple[Suggestion, ...]
    model: Model | None
    seen: int
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as `./run.sh next --json` prints it."""
        return {
            "shows": [one.to_json() for one in self.suggestions],
            "rounds": list(self.model.rounds) if self.model else [],
            "answers": self.model.reports if self.model else 0,
            "seen": self.seen,
            "problem": self.problem or None,
        }


def read_model(settings: Settings) -> Model | None:
    """Return the model that the aggregator shares, None while there is none. Raises StatisticsError or UnsafeFile."""
    data = read_shared(settings, MODEL, MAX_FILE)
    return None if data is None else read_once(settings, data, _model, StatisticsError)


@lru_cache(maxsize=2)
def _model(data: bytes) -> Model:
    return Model.from_bytes(data)


def next_shows(settings: Settings, shows: Mapping[str, int], films: Sequence[str], number: int = NUMBER) -> NextShows:
    """Return what to watch next.

    shows: how many different episodes of each show were seen, by its name. films: that were seen. What was seen, and
    what the person has put aside, is never recommended.
    """
    problem = ""
    try:
        model = read_model(settings)
    except (StatisticsError, UnsafeFile) as refusal:
        model, problem = None, str(refusal)
    vocabulary = current_vocabulary(settings)
    aside = not_for_me(settings.private_dir)
    return suggested(vocabulary, model, shows, films, aside, number, problem)


def suggested(
    vocabulary: Vocabulary,
    model: Model | None,
    shows: Mapping[str, int],
    films: Sequence[str],
    aside: Sequence[str] = (),
    number: int = NUMBER,
    problem: str = "",
) -> NextShows:
    """Return what `next_shows` does, from what it has read. aside: titles that are not recommended."""
    known = model.shows if model else _of_catalogue(vocabulary)
    places = {place: one for one in known if (place := vocabulary.show(one.title)) is not None}
    weights = _weights(vocabulary, shows, films)
    if not places:
        return NextShows((), model, len(weights), problem)
    # Only these titles matter, and a catalogue has many more.
    titles = list(dict.fromkeys([*(vocabulary.shows[place] for place in places), *weights]))
    rows = {title: row for row, title in enumerate(titles)}
    features = features_of(titles)
    share = np.zeros(len(titles))
    share[: len(places)] = [one.share for one in places.values()]
    seen = {rows[title]: weight for title, weight in weights.items()}
    taste = taste_of(features, seen, background_of(features, share))
    left_out = {
        rows[vocabulary.shows[place]] for name in (*shows, *aside) if (place := vocabulary.show(name)) in places
    }
    together = _together(vocabulary, model, shows, rows, len(titles))
    watched = features.matrix[list(seen)] > 0
    numbers = list(places.values())
    return NextShows(
        tuple(
            _suggestion(
                titles[one.row],
                numbers[one.row],
                model,
                [Because(features.names[place], int(watched[:, place].sum())) for place in one.features],
            )
            for one in ranked(features, taste, share, left_out, together, number)
        ),
        model,
        len(seen),
        problem,
    )


def _together(
    vocabulary: Vocabulary,
    model: Model | None,
    shows: Mapping[str, int],
    rows: Mapping[CatalogueTitle, int],
    size: int,
) -> NDArray[np.float64] | None:
    """Return what is added to the scores because of shows that the same people see, float64[size]; None if nothing."""
    if model is None or model.together is None:
        return None
    mine = {place for name, episodes in shows.items() if episodes > 1 and (place := vocabulary.show(name)) is not None}
    places = [vocabulary.show(title) for title in model.together.titles]
    was_seen = np.array([place in mine for place in places])
    added = np.zeros(size)
    for place, wish in zip(places, wish_of(model.together.as_weights(), was_seen).tolist(), strict=True):
        if place is not None and (row := rows.get(vocabulary.shows[place])) is not None:
            added[row] = wish
    return added


def _suggestion(show: CatalogueTitle, known: ModelShow, model: Model | None, reasons: Sequence[Because]) -> Suggestion:
    basis: Basis = "catalogue" if model is None else "group" if known.has_answers else "chart"
    return Suggestion(show.title, show.year, show.genres, known.share, known.standard_error, basis, tuple(reasons))


def _of_catalogue(vocabulary: Vocabulary) -> tuple[ModelShow, ...]:
    """Return the popularity that the order of a catalogue suggests."""
    found = popularity((), [show.title for show in vocabulary.shows], MAX_SHOWS)
    rows = zip(found.titles, found.share.tolist(), found.standard_error.tolist(), strict=True)
    return tuple(
        ModelShow(title=title, share=share, standard_error=error, prior_part=1.0, rounds=0)
        for title, share, error in rows
    )


def _weights(vocabulary: Vocabulary, shows: Mapping[str, int], films: Sequence[str]) -> dict[CatalogueTitle, float]:
    """Return how much each seen title of the catalogue says about the taste."""
    weights: dict[CatalogueTitle, float] = {}
    for name, episodes in shows.items():
        if (place := vocabulary.show(name)) is not None:
            show = vocabulary.shows[place]
            weights[show] = max(weights.get(show, 0.0), 1.0 if episodes > 1 else _ONE_EPISODE)
    for title in films:
        if (film := vocabulary.film(title)) is not None:
            weights[vocabulary.films[film]] = 1.0
    return weights
