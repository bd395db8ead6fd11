"""Invented viewing histories in Netflix's format, for the demo network."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta

from netflix_trend.catalogue.vocabulary import Vocabulary

NAME = "NetflixViewingHistory.csv"
_FAVOURITES = 8
_EPISODES_A_DAY = (0, 0, 0, 1, 1, 2, 3)


def invented_history(vocabulary: Vocabulary, seed: int, last: date, days: int = 200) -> str:
    """Return an export, newest row first, of somebody who watches a few popular shows and an occasional film.

    last: the newest day. The same arguments give the same text.
    """
    generator = random.Random(seed)
    titles = [show.title for show in vocabulary.shows]
    # Popular shows come first in the catalogue: Zipf's law with exponent 1.
    weights = [1 / (rank + 1) for rank in range(len(titles))]
    favourites = generator.choices(titles, weights, k=_FAVOURITES)
    rows = []
    for age in range(days):
        day = last - timedelta(days=age)
        written = f"{day.month}/{day.day}/{day:%y}"
        show = generator.choice(favourites)
        for _ in range(generator.choice(_EPISODES_A_DAY)):
            season, episode = generator.randint(1, 3), generator.randint(1, 10)
            rows.append((f"{show}: Season {season}: Episode {episode}", written))
        if generator.random() < 0.05:
            rows.append((generator.choice(vocabulary.films).title, written))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    text.write("Title,Date\n")
    writer.writerows(rows)
    return text.getvalue()
