"""Invented histories are exports like Netflix's, and the same seed gives the same one."""

from __future__ import annotations

import csv
from datetime import date, timedelta

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.simulation.histories import invented_history

LAST = date(2026, 11, 25)


def test_a_history_ends_on_its_last_day_and_looks_like_an_export() -> None:
    text = invented_history(starter_vocabulary(), 1, LAST, days=60)
    header, *rows = csv.reader(text.splitlines())
    assert header == ["Title", "Date"]
    assert len(rows) > 30
    days = {(LAST - timedelta(days=age)) for age in range(60)}
    assert {row[1] for row in rows} <= {f"{day.month}/{day.day}/{day:%y}" for day in days}
    known = {show.title for show in starter_vocabulary().shows}
    assert {row[0].split(": Season")[0] for row in rows if ": Season" in row[0]} <= known


def test_the_same_seed_gives_the_same_history_and_another_one_another() -> None:
    vocabulary = starter_vocabulary()
    assert invented_history(vocabulary, 1, LAST) == invented_history(vocabulary, 1, LAST)
    assert invented_history(vocabulary, 1, LAST) != invented_history(vocabulary, 2, LAST)
