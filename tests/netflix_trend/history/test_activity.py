"""Start and duration texts of ViewingActivity.csv, what is no view, and UTC days in local time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.history.activity import (
    duration_seconds,
    durations_in_seconds,
    is_autoplayed,
    is_supplemental,
    local_offsets,
    split_start,
    split_starts,
)

DAY = 86_400
# Clocks that change at UTC midnight, noon and in between; by an hour, half an hour, two hours and a whole day.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
    "Africa/Casablanca",
    "Africa/Cairo",
    "UTC",
)


def utc_offset(day: date, second: int, zone: ZoneInfo | None) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def said_offset(offsets: tuple[int, int, int], second: int) -> int:
    before, change, after = offsets
    return after if second >= change else before


def days_around(*days: tuple[int, int, int]) -> list[date]:
    return [date(*day) + timedelta(days=shift) for day in days for shift in (-1, 0, 1)]


# Start times


@pytest.mark.parametrize(
    ("text", "day", "clock"),
    [
        ("2024-03-02 23:50:12", "2024-03-02", (23, 50, 12)),
        ("2024-03-02 00:00:00", "2024-03-02", (0, 0, 0)),
        ("2024-03-02 23:59:59", "2024-03-02", (23, 59, 59)),
        ("2023-05-14 18:22", "2023-05-14", (18, 22, 0)),
        ("5/14/2023 18:22", "5/14/2023", (18, 22, 0)),
        ("5/14/2023 8:02", "5/14/2023", (8, 2, 0)),
        ("14.05.2023 18:22:05", "14.05.2023", (18, 22, 5)),
        ("5/14/2023  18:22", "5/14/2023", (18, 22, 0)),
        (" 2023-05-14 18:22 ", "2023-05-14", (18, 22, 0)),
        ("2023-05-14T18:22:05", "2023-05-14", (18, 22, 5)),
        ("2023-05-14T18:22:05Z", "2023-05-14", (18, 22, 5)),
        ("2023-05-14 18:22:05+00:00", "2023-05-14", (18, 22, 5)),
        ("2023-05-14 18:22:05 UTC", "2023-05-14", (18, 22, 5)),
        ("2023-05-14 18:22:05.250", "2023-05-14", (18, 22, 5)),
        ("5/14/2023 6:22 PM", "5/14/2023", (18, 22, 0)),
        ("5/14/2023 6:22:05 pm", "5/14/2023", (18, 22, 5)),
        ("5/14/2023 6:22 a.m.", "5/14/2023", (6, 22, 0)),
        ("5/14/2023 6:22\u202fPM", "5/14/2023", (18, 22, 0)),
        ("5/14/2023 12:05 AM", "5/14/2023", (0, 5, 0)),
        ("5/14/2023 12:05 PM", "5/14/2023", (12, 5, 0)),
    ],
)
def test_a_start_is_split_into_its_date_and_the_second_of_the_day(
    text: str, day: str, clock: tuple[int, int, int]
) -> None:
    hours, minutes, seconds = clock
    assert split_start(text) == (day, hours * 3600 + minutes * 60 + seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2024-03-02",
        "2024-03-02 ",
        "2024-03-02 24:00:00",
        "2024-03-02 23:60:00",
        "2024-03-02 23:59:60",
        "2024-03-02 99:99",
        "2024-03-02 23",
        "2024-03-02 23:5",
        "2024-03-02 23:50:12 or so",
        "2024-03-02 -1:00",
        "NA",
        "Dark: Season 1: Secrets",
    ],
)
def test_a_text_without_a_time_of_the_day_has_no_second(text: str) -> None:
    assert split_start(text)[1] is None


@pytest.mark.parametrize("text", ["2023-05-14 18:22:05+02:00", "2023-05-14T18:22:05-0500", "2023-05-14 18:22 CET"])
def test_a_time_of_another_zone_is_not_taken_for_utc(text: str) -> None:
    assert split_start(text)[1] is None


@given(st.integers(0, 10**9), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y"]))
def test_every_second_of_a_day_is_read_as_itself(after_2007: int, form: str) -> None:
    start = datetime(2007, 1, 1, tzinfo=UTC) + timedelta(seconds=after_2007)
    second = start.hour * 3600 + start.minute * 60 + start.second
    assert split_start(start.strftime(f"{form} %H:%M:%S")) == (start.strftime(form), second)
    assert split_start(start.strftime(f"{form} %H:%M")) == (start.strftime(form), second - start.second)
    assert split_start(start.strftime(f"{form} %I:%M:%S %p")) == (start.strftime(form), second)


@given(st.text(max_size=40))
def test_no_text_at_all_breaks_a_start_or_a_duration(text: str) -> None:
    second, seconds = split_start(text)[1], duration_seconds(text)
    assert second is None or 0 <= second < DAY
    assert seconds is None or 0 <= seconds <= DAY
    assert isinstance(is_supplemental(text), bool)
    assert isinstance(is_autoplayed(text), bool)


def clocks() -> st.SearchStrategy[str]:
    """Clocks as Netflix writes them, and texts that are nearly that: a sign more, less or another."""
    pairs = st.sampled_from(["00", "01", "09", "23", "24", "29", "30", "59", "60", "99", "1", "123", "٠٩", "a0", ""])
    plain = st.builds("{}:{}:{}".format, pairs, pairs, pairs)
    return plain | st.builds(lambda text, sign: text + sign, plain, st.sampled_from(["\0", " ", " PM", ".5", "Z"]))


@given(
    st.lists(
        st.builds("{}{}{}".format, st.sampled_from(["2024-03-02", "2.3.24", "T", ""]), st.sampled_from(" T"), clocks())
    )
)
def test_many_starts_are_split_as_one_is(texts: list[str]) -> None:
    days, seconds = split_starts(texts)
    assert [(day, None if one < 0 else one) for day, one in zip(days, seconds.tolist(), strict=True)] == [
        split_start(text) for text in texts
    ]


@given(st.lists(clocks() | st.text(max_size=10)))
def test_many_durations_are_read_as_one_is(texts: list[str]) -> None:
    found = durations_in_seconds(texts).tolist()
    assert [None if one < 0 else one for one in found] == [duration_seconds(text) for text in texts]


# Durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("01:58:00", 7080),
        ("00:00:00", 0),
        ("00:00:31", 31),
        ("0:24:11", 1451),
        (" 0:24:11 ", 1451),
        ("24:11", 1451),
        ("00:24:11.500", 1451),
        ("05:30:00", 19_800),
        ("24:00:00", DAY),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "NA", "12", "1:2", "1:2:3", "-0:01:00", "24:00:01", "999:00:00", "1:00:00:00", "01:58:00 h", "2024-03-02"],
)
def test_a_text_that_is_not_a_duration_has_no_seconds(text: str) -> None:
    assert duration_seconds(text) is None


@pytest.mark.parametrize("text", ["00:00:60", "00:60:00", "00:99:99"])
def test_sixty_minutes_or_seconds_beside_hours_are_not_a_duration(text: str) -> None:
    assert duration_seconds(text) is None


@given(st.integers(0, DAY))
def test_every_duration_of_a_day_is_read_as_itself(seconds: int) -> None:
    minutes, second = divmod(seconds, 60)
    assert duration_seconds(f"{minutes // 60:02}:{minutes % 60:02}:{second:02}") == seconds
    assert duration_seconds(f"{minutes // 60}:{minutes % 60:02}:{second:02}") == seconds


# What is no view


@pytest.mark.parametrize("cell", ["", " ", "NA", "na", "N/A", "None", " NA "])
def test_an_empty_supplemental_type_is_a_view(cell: str) -> None:
    assert not is_supplemental(cell)


@pytest.mark.parametrize("cell", ["HOOK", "TRAILER", "TEASER_TRAILER", "RECAP", "recap", "A_TYPE_OF_NEXT_YEAR", "0"])
def test_every_other_supplemental_type_is_not_a_view_even_a_new_one(cell: str) -> None:
    assert is_supplemental(cell)


@pytest.mark.parametrize(
    "attributes",
    [
        "Autoplayed: user action: None; ",
        "Autoplayed: user action: Unspecified; ",
        "Has branched playback; Autoplayed: user action: User_Interaction; ",
        "autoplayed: user action: none; ",
    ],
)
def test_autoplay_is_seen_among_attributes(attributes: str) -> None:
    assert is_autoplayed(attributes)


@pytest.mark.parametrize("attributes", ["", "NA", "Has branched playback; ", "View was hidden; ", "Played by hand; "])
def test_other_attributes_are_not_autoplay(attributes: str) -> None:
    assert not is_autoplayed(attributes)


# Local time


@pytest.mark.parametrize(
    ("zone", "day", "offsets"),
    [
        ("UTC", date(2024, 3, 31), (0, DAY, 0)),
        ("Europe/Berlin", date(2024, 1, 15), (3600, DAY, 3600)),
        ("Europe/Berlin", date(2024, 7, 15), (7200, DAY, 7200)),
        ("Europe/Berlin", date(2024, 3, 31), (3600, 3600, 7200)),
        ("Europe/Berlin", date(2024, 10, 27), (7200, 3600, 3600)),
        ("America/New_York", date(2024, 3, 10), (-18_000, 25_200, -14_400)),
        ("America/New_York", date(2024, 11, 3), (-14_400, 21_600, -18_000)),
        ("Australia/Lord_Howe", date(2024, 4, 6), (39_600, 54_000, 37_800)),
        ("Australia/Lord_Howe", date(2024, 10, 5), (37_800, 55_800, 39_600)),
        ("Asia/Kolkata", date(2024, 3, 31), (19_800, DAY, 19_800)),
        ("Africa/Tripoli", date(2012, 11, 9), (7200, DAY, 7200)),
        ("Pacific/Apia", date(2011, 12, 30), (-36_000, 36_000, 50_400)),
    ],
)
def test_offsets_are_the_known_ones(zone: str, day: date, offsets: tuple[int, int, int]) -> None:
    assert local_offsets(day, ZoneInfo(zone)) == offsets


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Berlin", days_around((2024, 3, 31), (2024, 10, 27), (2008, 3, 30))),
        ("America/New_York", days_around((2024, 3, 10), (2024, 11, 3))),
        ("Australia/Lord_Howe", days_around((2024, 4, 6), (2024, 10, 5))),
        ("Asia/Kolkata", days_around((2024, 2, 29))),
        ("Pacific/Apia", days_around((2011, 12, 30), (2011, 9, 24), (2012, 4, 1))),
        ("America/St_Johns", days_around((2008, 3, 9), (2024, 3, 10))),
        ("Antarctica/Troll", days_around((2024, 3, 31), (2024, 10, 27))),
        ("Africa/Tripoli", days_around((2012, 11, 10))),  # at midnight of UTC
    ],
)
def test_every_minute_around_a_change_of_the_clocks_agrees_with_datetime(zone: str, days: list[date]) -> None:
    for day in days:
        offsets = local_offsets(day, ZoneInfo(zone))
        wrong = [
            second
            for second in range(0, DAY, 60)
            if said_offset(offsets, second) != utc_offset(day, second, ZoneInfo(zone))
        ]
        assert not wrong, (day, offsets)


@settings(max_examples=300)
@given(
    st.sampled_from(ZONES),
    st.dates(date(1997, 1, 1), date(2100, 12, 31)),
    st.lists(st.integers(0, DAY - 1), min_size=5, max_size=20),
)
def test_any_second_of_any_day_agrees_with_datetime(zone: str, day: date, seconds: list[int]) -> None:
    offsets = local_offsets(day, ZoneInfo(zone))
    change = offsets[1]
    assert 0 < change <= DAY
    near = [second for second in (0, change - 1, change, DAY - 1) if second < DAY]
    for second in [*seconds, *near]:
        assert said_offset(offsets, second) == utc_offset(day, second, ZoneInfo(zone))


@pytest.fixture
def machine_in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("machine_in_new_york")
def test_without_a_zone_the_clock_of_the_machine_is_used() -> None:
    assert local_offsets(date(2024, 3, 10), None) == (-18_000, 25_200, -14_400)
    assert local_offsets(date(2024, 7, 1), None) == (-14_400, DAY, -14_400)


_TIME = re.compile(r"\s*(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([AaPp])?\.?[Mm]?\.?\s*(?:Z|UTC|\+00:?00)?\s*")
_DURATION = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d\d)(?:\.\d+)?\s*")


def slow_start(text: str) -> tuple[str, int | None]:
    """By a pattern, also where a text is written as Netflix writes it."""
    day, _, clock = re.sub(r"(?<=\d)T(?=\d)", " ", text.strip()).partition(" ")
    found = _TIME.fullmatch(clock)
    if found is None:
        return day, None
    hours, minutes, seconds = (int(number or 0) for number in found.groups()[:3])
    if found[4]:
        hours = hours % 12 + 12 * (found[4] in "pP")
    is_time = hours < 24 and minutes < 60 and seconds < 60
    return day, 3600 * hours + 60 * minutes + seconds if is_time else None


def slow_duration(text: str) -> int | None:
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    total = 3600 * hours + 60 * minutes + seconds
    is_duration = (minutes < 60 or found[1] is None) and seconds < 60 and total <= DAY
    return total if is_duration else None


_PIECES = ["2024-03-02", "23:50:12", "00:00:00", "24:00:00", "12:60:00", "7:05", "٠٣:00:00", "99:00", "T", "2T2", "PM"]


@given(
    st.lists(st.sampled_from([*_PIECES, " ", "  ", "\t", "\u00a0", "Z", "UTC", "+00:00", ".5", ":", "5"]), max_size=5)
)
def test_the_usual_writing_is_read_as_any_other(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert split_start(text) == slow_start(text)
    assert duration_seconds(text) == slow_duration(text)


@given(st.integers(0, DAY - 1))
def test_every_second_of_a_day(second: int) -> None:
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    assert split_start(f"2024-03-02 {clock}") == ("2024-03-02", second)
    assert duration_seconds(clock) == second
