"""Any copy, any order and any mixture of the exports of one history give the same views."""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawStore
from netflix_trend.history.staging import Staging
from netflix_trend.history.tables import History, rebuild
from netflix_trend.layout import DATABASE, PrivateVolume
from tests.netflix_trend.history.database import rows_of
from tests.netflix_trend.history.invented import activity
from tests.netflix_trend.history.strategies import (
    DATES,
    LAST_DAY,
    NATIVE,
    Copy,
    Row,
    copies,
    fits,
    histories,
    is_decidable,
    saved,
)

# Nothing in the invented histories is in it: words and other titles have to decide.
VOCABULARY = Vocabulary.build([CatalogueTitle(title="Nobody Watches This", kind="series")])
IN_UTC = ReadOptions(zone=UTC)
LATER = LAST_DAY + timedelta(days=60)
# Every run tries the same examples. An example is a whole import, a third of a second; making a failed one simpler
# would take minutes.
settings.register_profile(
    "imports", derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate)
)
IMPORTS = settings.get_profile("imports")


class Imported:
    """A private volume into which files were imported."""

    def __init__(self, folder: str) -> None:
        self.private = Path(folder)

    def rebuilt(self, files: Sequence[bytes], received: date, options: ReadOptions = IN_UTC) -> History:
        """Import files and rebuild."""
        for number, data in enumerate(files):
            delivery = Delivery(profile="me", source="drop_folder", name=f"{number}.csv", received=received)
            RawStore(self.private).save(delivery, [data])
        return rebuild(self.private, "me", VOCABULARY, options)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return rows_of(PrivateVolume(self.private).profile("me") / DATABASE, sql)

    def views(self) -> Counter[tuple[date, str]]:
        """Return how often each title was seen on each day."""
        return Counter(
            (day, title_key(title))
            for day, title in self.query("select day, title from views join titles using (title_id)")
        )

    def kinds(self) -> dict[str, tuple[str, str | None]]:
        """Return the kind and the show of each title."""
        rows = self.query("select title, kind, show_name from titles left join shows using (show_id)")
        return {title_key(title): (kind, name and title_key(name)) for title, kind, name in rows}


@contextmanager
def importing() -> Iterator[Imported]:
    """Yield an empty private volume."""
    with tempfile.TemporaryDirectory() as folder:
        yield Imported(folder)


@pytest.fixture(name="staging", scope="module")
def empty_staging() -> Iterator[Staging]:
    with duckdb.connect() as database:
        yield Staging(database, VOCABULARY)


def truth(history: Sequence[Row]) -> Counter[tuple[date, str]]:
    """Return the views of a history: blank titles and nameless episodes count as often as they stand there."""
    counts = Counter(row.key for row in history)
    counted = {row.key for row in history if row.kind in ("blank", "unnamed")}
    return Counter({key: number if key in counted else 1 for key, number in counts.items()})


def known(history: Sequence[Row]) -> dict[str, tuple[str, str | None]]:
    """Return the kind and the show of every title whose own words tell them."""
    return {title_key(row.title): (row.kind, row.show and title_key(row.show)) for row in history if row.kind}


def assert_known(found: dict[str, tuple[str, str | None]], right: dict[str, tuple[str, str | None]]) -> None:
    assert {title: found[title] for title in right} == right


def newest_day(received: date) -> date:
    """Return the last day that a file received on a day can hold: days of other time zones are ahead."""
    return received + timedelta(days=1)


@settings(IMPORTS, max_examples=40)
@given(histories(), st.lists(copies(), min_size=1, max_size=6), st.integers(0, 40))
def test_any_copy_holds_the_views_of_its_history(history: list[Row], ways: list[Copy], age: int) -> None:
    received = history[0].day + timedelta(days=age)
    ways = [way for way in ways if fits(history, way) and is_decidable(history, way, newest_day(received))]
    assume(ways)
    with importing() as private:
        read = private.rebuilt([saved(history, way) for way in ways], received)
        assert [str(file.refusal) for file in read.files if file.refusal] == []
        reports = [file.report.file for file in read.files if file.report]
        assert [(one.rows, one.undated, one.damaged) for one in reports] == [(len(history), 0, 0)] * len(reports)
        if any(row.day.day != row.day.month for row in history):  # 5/5/2011 is the same day in two orders
            orders = sorted(DATES[way.dates][0] for way in unlike(history, ways))
            assert sorted(one.date_order for one in reports) == orders
        # All copies are in one profile: a title or a day that one of them has otherwise would be one more view.
        assert private.views() == truth(history)
        assert_known(private.kinds(), known(history))


def unlike(history: Sequence[Row], ways: Sequence[Copy]) -> list[Copy]:
    """Return one of the ways for each different content: the same bytes are one file."""
    return list({saved(history, way): way for way in ways}.values())


@settings(IMPORTS, max_examples=300)
@given(
    st.lists(st.dates(date(2023, 1, 1), date(2024, 12, 28)), min_size=2, max_size=8, unique=True),
    copies(),
    st.integers(0, 40),
    st.booleans(),
)
def test_the_sort_of_its_rows_tells_the_days_of_a_short_file(
    staging: Staging, days: list[date], way: Copy, age: int, are_small: bool
) -> None:
    """Days up to 12 could be months, too: then only the right order of day and month is sorted."""
    if are_small:
        days = sorted({day.replace(day=1 + day.day % 12) for day in days})
    history = [Row(day, f"Quiet Rooms {number}") for number, day in enumerate(sorted(days, reverse=True))]
    received = history[0].day + timedelta(days=age)
    assume(is_decidable(history, way, newest_day(received)))

    number, _ = staging.add(io.BytesIO(saved(history, way)), "history.csv", IN_UTC, newest_day(received))
    staging.collect()
    found = staging.database.execute(
        "select date '1970-01-01' + day, title from history_rows r join texts using (text_id) where file = ?", [number]
    ).fetchall()
    staging.files[number] = None
    assert sorted(found) == sorted((row.day, row.title) for row in history)


CERTAIN = """
    select key, title, kind, season, show_name from titles left join shows using (show_id)
    where certainty = 'certain' order by all
"""


@settings(IMPORTS, max_examples=10)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_files_changes_nothing(history: list[Row], random: Random) -> None:
    """A file, its rows shuffled, and two parts of it that overlap, one of them imported twice."""
    way = replace(NATIVE, dates="YYYY-MM-DD")
    third = len(history) // 3
    parts = [saved(history[: len(history) - third], way), saved(history[third:], way)]
    files = {
        "whole": [saved(history, way)],
        "shuffled": [saved(random.sample(history, len(history)), way)],
        "parts": random.sample([*parts, parts[0]], 3),
    }
    found = []
    for data in files.values():
        with importing() as private:
            private.rebuilt(data, LATER)
            tables = [private.query(f"from {table} order by all") for table in ("views", "titles", "shows")]
            found.append((tables, private.views(), private.query(CERTAIN)))
    assert found[1] == found[0]
    # Blank titles of one day stand for several views only within one file.
    if max(truth(history).values()) == 1:
        # Whether Netflix names the seasons of a show is asked of each file, so a part may say less about its titles.
        assert found[2][1:] == found[0][1:]


# Both exports of one account


ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Asia/Tokyo")


@dataclass(frozen=True)
class Account:
    """What one account's exports hold. history: the rows of the CSV. plays: (local day, title in the archive) of the
    views that the archive holds too. clock: when they were played, in local time.
    """

    history: list[Row]
    plays: list[tuple[date, Row]]
    zone: ZoneInfo
    clock: time
    profile_shift: timedelta

    def archive(self) -> bytes:
        """Return ViewingActivity.csv: the plays, one of them in two pieces, with trailers between them."""
        rows = []
        for number, (day, row) in enumerate(self.plays):
            start = datetime.combine(day, self.clock, self.zone).astimezone(UTC)
            rows.append(("Ann", f"{start:%Y-%m-%d %H:%M:%S}", "00:40:00", row.archived, ""))
            if number % 3 == 0:
                again = start + timedelta(minutes=5)
                rows.append(("Ann", f"{again:%Y-%m-%d %H:%M:%S}", "00:10:00", row.archived, ""))
            if number % 4 == 0:
                rows.append(("Ann", f"{start:%Y-%m-%d %H:%M:%S}", "00:01:30", f"{row.title}_hook_primary_16x9", "HOOK"))
                rows.append(("Ann", f"{start:%Y-%m-%d %H:%M:%S}", "00:02:10", "Season 2 Trailer", "TRAILER"))
        return activity(*rows)

    def csv(self) -> bytes:
        """Return NetflixViewingHistory.csv; the profile's clock may be a day off."""
        shifted = [replace(row, day=row.day + self.profile_shift) for row in self.history]
        return saved(shifted, replace(NATIVE, dates="YYYY-MM-DD"))


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    history = [row for row in draw(histories(blanks=False, free=False)) if '"' not in row.title]
    # The archive is as old as its newest play: rows above the cut are in the CSV alone.
    cut = draw(st.sampled_from([0, 0, len(history) // 2]))
    plays = [(row.day, row) for row in history[cut:]]
    for row in history[cut:]:
        earlier = [row.day - timedelta(days=age) for age in draw(st.sets(st.integers(1, 400), max_size=2))]
        plays += [(day, row) for day in earlier]
    clock = time(draw(st.integers(0, 23)), draw(st.integers(0, 49)))
    shift = timedelta(days=draw(st.sampled_from([0, 0, -1, 1])))
    return Account(history, plays, ZoneInfo(draw(st.sampled_from(ZONES))), clock, shift)


@settings(IMPORTS, max_examples=40)
@given(accounts())
def test_both_exports_of_an_account_give_each_view_once(account: Account) -> None:
    """Views of the archive, and of the CSV only what the archive is too old for; one show has one name in both."""
    played = {(day, title_key(row.archived)) for day, row in account.plays}
    in_archive = {row.archived for _, row in account.plays}
    later = [row for row in account.history if row.archived not in in_archive]
    with importing() as private:
        read = private.rebuilt([account.archive(), account.csv()], LATER, ReadOptions(zone=account.zone))
        views, kinds = private.views(), private.kinds()
        shows = private.query("select show_name from shows")
    assert [file.refusal for file in read.files] == [None, None]
    assert views == Counter([*played, *((row.day + account.profile_shift, title_key(row.title)) for row in later)])
    for row in [row for _, row in account.plays] + [row for row in later if row.kind]:
        title = row.archived if row.archived in in_archive else row.title
        right = ("episode", title_key(row.show)) if row.show else ("film", None)
        assert kinds[title_key(title)] == right, title
    names = Counter(title_key(name) for (name,) in shows)
    assert max(names.values(), default=1) == 1
