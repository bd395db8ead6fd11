"""Netflix's files of what is watched: what is read of them, and what is refused."""

from __future__ import annotations

import io

import pytest

from netflix_trend.catalogue import chart_files, spreadsheet
from netflix_trend.catalogue.chart_files import ChartFileError, read_charts
from netflix_trend.catalogue.charts import Charts, WeeklyChart
from tests.netflix_trend.catalogue.chart_tables import (
    COUNTRY,
    GLOBAL,
    POPULAR,
    WATCHED,
    WEEK,
    country_rows,
    of_world,
    table,
    workbook,
    world,
)

SUNDAY = "2026-11-15"
ABOVE = [["What We Watched: A Netflix Engagement Report"], [], ["January to June 2026"]]


def read(data: bytes, country: str = "") -> Charts:
    return read_charts(io.BytesIO(data), country)


def titles(chart: WeeklyChart) -> list[str]:
    return [show.title for show in chart.shows]


def test_the_worlds_list_is_ordered_by_views_over_all_categories_of_series() -> None:
    rows = [
        *world(SUNDAY, "Films (English)", [("A film", 90)]),
        *world(SUNDAY, "TV (English)", [("One", 50), ("Three", 30)]),
        *world(SUNDAY, "TV (Non-English)", [("Two", 40), ("Four", 20)]),
        *world("2026-11-08", "TV (English)", [("Before", 10)]),
    ]
    before, week = read(table(GLOBAL, rows)).weekly
    assert (before.week, week.week, week.country, week.source) == ("2026-W45", "2026-W46", "", "Netflix Top 10, global")
    assert titles(week) == ["One", "Two", "Three", "Four"]
    assert week.views == (50, 40, 30, 20)


def test_seasons_of_a_show_are_one_show() -> None:
    rows = world(SUNDAY, "TV (English)", [("Strange", 30), ("Other", 40), ("STRANGE", 20)])
    (week,) = read(table(GLOBAL, rows)).weekly
    assert titles(week) == ["Strange", "Other"]
    assert week.views == (50, 40)


def test_before_views_were_published_hours_give_the_order_and_no_views() -> None:
    rows = [*world("2021-07-04", "TV (English)", [("One", ""), ("Two", "")])]
    rows[1]["weekly_hours_viewed"] = 9_000_000
    (week,) = read(table(GLOBAL, rows)).weekly
    assert titles(week) == ["Two", "One"]
    assert week.views is None


def test_a_countrys_list_states_an_order_only() -> None:
    rows = [
        *country_rows("DE", "Germany", SUNDAY, ["A film"], "Films"),
        *country_rows("DE", "Germany", SUNDAY, ["Eins", "Zwei"]),
    ]
    (week,) = read(table(COUNTRY, rows)).weekly
    assert (week.country, week.source) == ("DE", "Netflix Top 10, Germany")
    assert titles(week) == ["Eins", "Zwei"]
    assert week.views is None


def test_of_several_countries_one_is_named() -> None:
    rows = [*country_rows("AR", "Argentina", SUNDAY, ["Uno"]), *country_rows("DE", "Germany", SUNDAY, ["Eins"])]
    (week,) = read(table(COUNTRY, rows), "DE").weekly
    assert titles(week) == ["Eins"]
    with pytest.raises(ChartFileError, match=r"several countries, such as AR and DE\. Put CHART_COUNTRY=XX into \.env"):
        read(table(COUNTRY, rows))
    with pytest.raises(ChartFileError, match="no list of FR"):
        read(table(COUNTRY, rows), "FR")


def test_the_most_popular_shows_are_of_no_week() -> None:
    rows: list[dict[str, object]] = [
        {"category": "TV (English)", "rank": 1, "show_title": "First", "views_first_91_days": 200},
        {"category": "Films (English)", "rank": 1, "show_title": "A film", "views_first_91_days": 900},
        {"category": "TV (Non-English)", "rank": 1, "show_title": "Game", "views_first_91_days": 300},
    ]
    found = read(table(POPULAR, rows))
    assert found.weekly == ()
    assert [(show.title, show.views) for show in found.popular] == [("Game", 300), ("First", 200)]


def test_the_half_year_knows_shows_by_their_other_titles_and_merges_seasons() -> None:
    rows = [
        *ABOVE,
        list(WATCHED),
        ["Squid Game: Season 2 // 오징어 게임: 시즌 2", "Yes", "2024-12-26", "840300000", "7:10", "117300000"],
        ["Squid Game: Season 1 // 오징어 게임: 시즌 1", "Yes", "2021-09-17", "400300000", "8:19", "48100000"],
        ["Money Heist: Part 5", "Yes", "", "50000000", "7:00", "7100000"],
        ["Cashero: Limited Series // 캐셔로: 리미티드 시리즈", "Yes", "", "60000000", "7:00", "8200000"],
        ["A show without seasons", "No", "", "100000", "1:00", "100000"],
    ]
    for data in (workbook({"Notes": [["nothing"]], "TV": rows}), workbook({"Shows": rows, "Movies": rows})):
        found = read(data).watched
        assert [(show.title, show.views, show.aliases) for show in found] == [
            ("Squid Game", 165_400_000, ("오징어 게임",)),
            ("Cashero", 8_200_000, ("캐셔로",)),
            ("Money Heist", 7_100_000, ()),
            ("A show without seasons", 100_000, ()),
        ]


def test_where_the_half_year_does_not_tell_films_only_seasons_are_series() -> None:
    lines = [
        ",".join(WATCHED),
        '"Kill Bill: Vol. 1",Yes,,"1,000,000",1:51,"600,000"',
        "Adolescence: Limited Series,Yes,,9,1,2",
    ]
    found = read(("Some words,\n" + "\n".join(lines) + "\n").encode()).watched
    assert [(show.title, show.views) for show in found] == [("Adolescence", 2)]


def test_hours_order_the_half_year_where_there_are_no_views() -> None:
    rows = [["Title", "Hours Viewed"], ["One: Season 1", "5"], ["Two: Season 3", "7"]]
    found = read(workbook({"Engagement": rows})).watched
    assert [(show.title, show.views) for show in found] == [("Two", None), ("One", None)]


def changed(**cells: object) -> bytes:
    rows = world(SUNDAY, "TV (English)", [("One", 50), ("Two", 40)])
    rows[1] |= cells
    return table(GLOBAL, rows)


def of_other_category(shows: int) -> bytes:
    """Return lines of a second category of the same week, without a header."""
    rows = world(str(WEEK.sunday), "TV (Non-English)", [(f"Other {n}", 5) for n in range(shows)])
    return table(GLOBAL, rows).split(b"\n", 1)[1]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (changed(week="2026-11-16"), r"line 3: week is '2026-11-16', expected the Sunday"),
        (changed(week="yesterday"), "line 3: week is 'yesterday'"),
        (changed(category="Music"), "line 3: category is 'Music', expected TV or Films"),
        (changed(weekly_rank=1), "line 3: weekly_rank is '1', expected every place of"),
        (changed(weekly_rank="first"), "line 3: weekly_rank is 'first'"),
        (changed(weekly_rank=1001), "expected a place from 1 on"),
        (changed(show_title=" \u200b "), "line 3: show_title is '', expected a title"),
        (changed(show_title="x" * 301), "expected a title of at most 300"),
        (changed(weekly_views="-5"), "line 3: weekly_views is '-5', expected a positive whole number"),
        (changed(weekly_views="1.5"), "expected a positive whole number"),
        (changed(weekly_views="NaN"), "expected a positive whole number"),
        (changed(weekly_views="9" * 400), "expected a positive whole number"),
        (changed(weekly_views="1E+9999999"), "expected a positive whole number"),
        (table(GLOBAL, []), "lists no series"),
        (table(GLOBAL, world(SUNDAY, "Films (English)", [("A film", 1)])), "lists no series"),
        (table(COUNTRY, country_rows("Germany", "DE", SUNDAY, ["Eins"])), "expected two letters"),
        (b"", "columns are those of no chart; found: nothing"),
        (b"Title,Date\nOne,1/1/26\n", "columns are those of no chart; found: date, title"),
        (b"\xff\xfe\x00w", "it is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "it is not UTF-8 text"),
        (b"PK\x03\x04" + bytes(200), "cannot be read as a spreadsheet: it is damaged"),
        (b"week\t" + b"x" * 200_000, "line 1 has 100000 characters or more"),
        (b"\t" * 200_000, "line 1 has 100000 characters or more"),
        (b"Title,Hours Viewed\n" + b'"\n","\n",' * 1_000, "its rows are damaged or were cut off"),
        (of_world({WEEK: [(f"Show {n}", 5) for n in range(1_000)]}) + of_other_category(1), "at most 1000 series"),
    ],
)
def test_a_file_that_is_no_chart_is_refused_with_place_and_advice(data: bytes, says: str) -> None:
    with pytest.raises(ChartFileError, match=says) as caught:
        read(data)
    assert caught.value.args[0].count("\n") == 0
    assert "Download it again" in str(caught.value)


@pytest.mark.parametrize("header", [POPULAR, WATCHED])
def test_rows_of_series_are_bounded(monkeypatch: pytest.MonkeyPatch, header: tuple[str, ...]) -> None:
    monkeypatch.setattr(chart_files, "MAX_SHOWS", 2)
    common = {"category": "TV (English)", "rank": 1, "show_title": "One", "Title": "One: Season 1", "Hours Viewed": 5}
    assert read(table(header, [common] * 2)) != Charts()
    with pytest.raises(ChartFileError, match="more than 2 rows of series"):
        read(table(header, [common] * 3))


def test_too_large_a_file_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = changed()
    monkeypatch.setattr(chart_files, "LARGEST_CHART", len(data) - 1)
    with pytest.raises(ChartFileError, match=f"at most {len(data) - 1} are read"):
        read(data)


def test_a_title_cannot_change_the_direction_of_text_or_hide_marks() -> None:
    (week,) = read(changed(show_title="Sho\u202ew\u200b")).weekly
    assert titles(week) == ["One", "Show"]


def relationships(count: int) -> bytes:
    return b"<R>" + b"".join(b'<Relationship Id="%d" Target="a"/>' % n for n in range(count)) + b"</R>"


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'}, "document type"),
        ({"xl/sharedStrings.xml": b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><sst/>'}, "document type"),
        ({"xl/worksheets/sheet1.xml": b"<worksheet><row>"}, "is damaged"),
        ({"xl/worksheets/sheet1.xml": b'<w><row><c t="s"><v>999</v></c></row></w>'}, "a text that is not there"),
        ({"xl/worksheets/sheet1.xml": b'<w><row><c t="s"><v>-1</v></c></row></w>'}, "a text that is not there"),
        ({"xl/_rels/workbook.xml.rels": b"<Relationships/>"}, "a part of it is missing"),
        (
            {"xl/_rels/workbook.xml.rels": b'<R><Relationship Id="r1" Target="../../../etc/passwd"/></R>'},
            "a part of it is missing",
        ),
        ({"xl/sharedStrings.xml": b"<t>" * 101 + b"</t>" * 101}, "more than 100 deep"),
        ({"xl/workbook.xml": b"<w>" + b"<sheet/>" * 1_001 + b"</w>"}, "more than 1000 sheets"),
        ({"xl/_rels/workbook.xml.rels": relationships(1_001)}, "more than 1000 parts"),
    ],
)
def test_a_hostile_spreadsheet_is_refused(extra: dict[str, bytes], says: str) -> None:
    with pytest.raises(ChartFileError, match=says):
        read(workbook({"TV": [list(WATCHED), ["One: Season 1", "", "", "5", "", "5"]]}, extra))


def test_what_a_spreadsheet_unpacks_to_is_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = b"<worksheet>" + b" " * 3_000_000 + b"</worksheet>"
    data = workbook({"TV": [], "Shows": []}, {f"xl/worksheets/sheet{n}.xml": bomb for n in (1, 2)})
    assert len(data) < 20_000
    monkeypatch.setattr(spreadsheet, "_MAX_BYTES", 4_000_000)
    with pytest.raises(ChartFileError, match="more than 4000000 bytes come out of it"):
        read(data)


def test_the_rows_of_all_sheets_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["Title", "Hours Viewed"], ["One: Season 1", "5"]]
    data = workbook({"TV": rows, "Shows": rows})
    monkeypatch.setattr(spreadsheet, "_MAX_ROWS", 4)
    assert len(read(data).watched) == 2
    monkeypatch.setattr(spreadsheet, "_MAX_ROWS", 3)
    with pytest.raises(ChartFileError, match="more than 3 rows"):
        read(data)


def test_cells_share_one_text() -> None:
    """Blanks around a text that millions of cells name must not give each of them a copy."""
    row = "<row>" + 2 * "<c t='s'><v>0</v></c>" + "</row>"
    parts = {
        "xl/worksheets/sheet1.xml": f"<w>{2 * row}</w>".encode(),
        "xl/sharedStrings.xml": b"<sst><si><t> a text </t></si></sst>",
    }
    (sheet,) = spreadsheet.read_sheets(io.BytesIO(workbook({"x": []}, parts)))
    assert {id(cell) for row in sheet.rows for cell in row} == {id(sheet.rows[0][0])}
    assert sheet.rows[0] == ("a text", "a text")


def test_columns_without_references_follow_each_other_and_far_ones_are_dropped() -> None:
    cells = "".join(f"<c t='inlineStr'><is><t>{name}</t></is></c>" for name in ("Title", "Hours Viewed"))
    row = "<row><c t='inlineStr'><is><t>One: Season 1</t></is></c><c><v>7</v></c><c r='XFD2'><v>1</v></c></row>"
    data = workbook({"x": []}, {"xl/worksheets/sheet1.xml": f"<w><row>{cells}</row>{row}</w>".encode()})
    assert [show.title for show in read(data).watched] == ["One"]
