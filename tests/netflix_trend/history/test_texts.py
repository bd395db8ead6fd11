"""The different titles of a history have codes, and what their words say is found by them."""

from __future__ import annotations

import duckdb

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history.texts import Texts

TITLES = ["Legion: Season 1_hook_primary_16x9", "Roma", "Ozark: Season 2: Game Day (Episode 3)"]


def test_titles_that_are_taken_back_leave_nothing(vocabulary: Vocabulary) -> None:
    """A file that turns out to be of no use has given codes to titles, shows, seasons and what is said of them."""
    with duckdb.connect() as database, duckdb.connect() as other:
        texts, fresh = Texts(database, vocabulary), Texts(other, vocabulary)
        for one in (texts, fresh):
            one.codes(["Roma"], "viewing_history")
        before = texts.count, len(texts.shows), len(texts.seasons)
        texts.codes(["Nobody: Season 1: A", "Somebody: Season 2: B", "Okja: Trailer"], "viewing_history")
        texts.take_back(*before)

        codes = texts.codes(TITLES, "viewing_activity")

        assert list(codes) == list(fresh.codes(TITLES, "viewing_activity")) == [1, 2, 3]
        assert texts.are_supplemental(codes) == [True, False, False]
        assert (texts.shows, texts.seasons) == (fresh.shows, fresh.seasons)
        for name, column in texts.columns().items():
            assert column.tolist() == fresh.columns()[name].tolist(), name
        texts.store()
        stored = "select text_id, title from texts order by text_id"
        assert database.execute(stored).fetchall() == list(enumerate(["Roma", *TITLES]))
