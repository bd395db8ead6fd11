"""What the pages say, computed from values alone."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from netflix_trend import __version__
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history import problems
from netflix_trend.history.dates import DateQuestion
from netflix_trend.history.tables import rebuild
from netflix_trend.layout import DATABASE
from netflix_trend.participant import participant
from netflix_trend.participant.contributions import answer
from netflix_trend.participant.life_events import add_event
from netflix_trend.participant.rows import ago
from netflix_trend.participant.status import PublisherStatus
from netflix_trend.published.wording import place_in_words
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.questions.volume.statistics import Percentile
from netflix_trend.simulation.population import seeded_randomness, watched
from netflix_trend.survey.release import build_release
from netflix_trend.syftbox.shared_files import starter_surveys
from services.dashboard import charts
from services.dashboard.events import together_in_words
from services.dashboard.example import explain
from services.dashboard.health import health_page, last_import, publisher
from services.dashboard.history import History, Span
from services.dashboard.imports import answers, imported_files, rows_in_words
from services.dashboard.others import _gaps, effects_together, others_page, read_trends
from services.dashboard.sharing import sharing_page
from services.dashboard.text import cell, listed, number, shown
from services.dashboard.viewing import _weekday_in_words, chosen_range, viewing_page
from services.local.dashboard import OneProcess
from tests.services.dashboard.participant import HISTORY, LAST, TODAY, Person

SPAN = Span(100, date(2023, 2, 1), date(2026, 11, 14), date(2026, 11, 15))


@pytest.mark.parametrize(
    ("share", "error", "is_reliable", "words", "certainty"),
    [
        (0.7, 0.03, True, "more than about 70 % of participants, give or take 6 (95 %)", "clear"),
        (0.2, 0.05, True, "About 80 % of participants, give or take 10 (95 %), started as many or more", "clear"),
        (0.5, 0.03, True, "near the middle", "unclear"),
        (0.9, 0.14, True, "be noise", "noise"),
        (0.9, 0.01, False, "be noise", "noise"),
    ],
)
def test_a_percentile_is_shown_with_its_error_or_not_at_all(
    share: float, error: float, is_reliable: bool, words: str, certainty: str
) -> None:
    said = place_in_words(Percentile(share=share, standard_error=error, is_reliable=is_reliable))
    assert words in said.text
    assert said.certainty == certainty


@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        ({}, date(2025, 11, 15), date(2026, 11, 14)),
        ({"range": "all"}, SPAN.first, SPAN.last),
        ({"range": "2024"}, date(2024, 1, 1), date(2024, 12, 31)),
        ({"range": "1999"}, date(2025, 11, 15), date(2026, 11, 14)),
        ({"range": "²⁰²⁴"}, date(2025, 11, 15), date(2026, 11, 14)),
        ({"from": "2026-01-01", "to": "2026-01-31"}, date(2026, 1, 1), date(2026, 1, 31)),
        ({"from": "2026-02-01", "to": "2026-01-31"}, date(2025, 11, 15), date(2026, 11, 14)),
        ({"from": "x", "to": "y"}, date(2025, 11, 15), date(2026, 11, 14)),
    ],
)
def test_a_range_is_a_preset_or_two_days(arguments: dict[str, str], first: date, last: date) -> None:
    days = chosen_range(arguments, SPAN)
    assert (days.first, days.last) == (first, last)


def test_the_charts_of_a_range_count_that_range_only(person: Person) -> None:
    history = History.of(person.settings.private_dir)
    everything, october = (
        viewing_page(history, arguments) for arguments in ({"range": "all"}, {"from": "2026-10-01", "to": "2026-10-31"})
    )
    assert everything is not None
    assert october is not None
    assert {what: value for value, what in everything.facts}["views"] == "144"
    assert {what: value for value, what in october.facts}["views"] == "26"
    (month,) = next(chart for chart in october.charts if chart.name == "months").table.rows
    assert month[:2] == ("October 2026", "26")


@pytest.mark.parametrize(
    ("views", "total", "words"),
    [
        (23, 135, "No weekday stands out."),
        (29, 135, "No weekday stands out."),
        (30, 135, "Most often on Tuesdays: 22 % of views (even would be 14 %)."),
        (10_226, 70_000, "No weekday stands out."),
        (10_227, 70_000, "Most often on Tuesdays: 15 % of views (even would be 14 %)."),
        (3, 3, "Most often on Tuesdays: 100 %"),
        (1, 1, "No weekday"),
    ],
)
def test_a_weekday_is_named_only_if_significant(views: int, total: int, words: str) -> None:
    assert _weekday_in_words("Tuesday", views, total).startswith(words)


def test_a_weekday_is_named_by_chance_once_in_twenty_times() -> None:
    drawn = np.random.default_rng(1).multinomial(7_000, [1 / 7] * 7, size=5_000).max(axis=1)
    named = [_weekday_in_words("Tuesday", views, 7_000) != "No weekday stands out." for views in drawn]
    assert 0.045 < np.mean(named) < 0.055


def test_every_chart_has_its_numbers_in_a_table_and_a_description(person: Person) -> None:
    history = History.of(person.settings.private_dir)
    add_event(person.settings.private_dir, "sick", date(2026, 10, 5), date(2026, 10, 18))
    found = [
        *viewing_page(history, {"range": "all"}).charts,  # type: ignore[union-attr]
        *others_page(person.settings, history).charts,
    ]
    assert {chart.name for chart in found} >= {"calendar", "months", "weekdays", "shows", "volume", "others_shows"}
    for chart in found:
        assert len(chart.description) > 20
        assert chart.table.rows
        assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)


def test_every_estimate_of_others_has_an_interval(person: Person) -> None:
    page = others_page(person.settings, History.of(person.settings.private_dir))
    for chart in page.charts:
        place = chart.table.columns.index("95 % interval")
        assert all(" to " in row[place] for row in chart.table.rows)
        assert any(series["type"] == "interval" for series in chart.option["series"])


def test_unreadable_statistics_are_reported(person: Person) -> None:
    folder = person.settings.datasites_dir / "aggregator@example.org/app_data/netflix_trend/shared"
    (folder / "statistics" / "latest.json").write_text('{"round": "<script>"}')
    assert "cannot be read" in others_page(person.settings, History.of(person.settings.private_dir)).problem
    (folder / "statistics" / "latest.json").unlink()
    history = History.of(person.settings.private_dir)
    assert "Choose an aggregator first" in others_page(person.settings, history).problem
    real = person.settings.model_copy(update={"aggregator_datasite": "trends@home.net"})
    assert "Nothing has arrived from the aggregator" in others_page(real, history).problem


def test_the_history_is_read_again_only_when_a_file_was_replaced(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    from services.dashboard import history as module

    opened = module.open_profiles  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "open_profiles", lambda *arguments: calls.append(1) or opened(*arguments))
    history = History.of(person.settings.private_dir)
    for _ in range(3):
        history.tables()
    assert len(calls) == 1
    person.bring('Title,Date\n"Another Film","1/31/26"\n', "more.csv")
    assert history.span() == Span(145, date(2025, 9, 4), date(2026, 11, 14), history.span().covered)  # type: ignore[union-attr]
    assert {mark for _, mark in history._kept} == {history.mark()}, "nothing of an earlier history is kept in memory"


def titles_of(vocabulary: Vocabulary) -> list[str]:
    return [show.title for show in vocabulary.shows]


def test_the_example_agrees_with_its_bytes(vocabulary: Vocabulary) -> None:
    survey = starter_surveys(TODAY)[-1]
    question = survey.question("top_shows")
    assert isinstance(question, TopShowsQuestion)
    randbelow = seeded_randomness(1)
    mine, hits = watched(frozenset({7}), 12), 0
    for _ in range(300):
        payload = answer(mine, survey, question, randbelow)
        inside = question.reported_subset(payload)
        hits += 7 in inside
        assert len(inside) in {4, 5}, "the fifth may be the blank"
        assert f"points at {len(inside)} of 50 shows" in question.payload_in_words(payload, titles_of(vocabulary))
    rate = float(question.channel.p)
    assert abs(hits / 300 - rate) < 0.12, "decoded as the aggregator decodes it"
    assert vocabulary.shows[7].title in question.truth_in_words(mine["top_shows"], titles_of(vocabulary))


@pytest.mark.parametrize(
    ("titles", "interval", "words"),
    [(12, (0, 0), "0 titles"), (0, (1, 1), "1 title"), (3, (2, 7), "2 to 9 titles"), (9, (9, 15), "13 or more titles")],
)
def test_a_volume_report_reads_as_a_range(
    vocabulary: Vocabulary, titles: int, interval: tuple[int, int], words: str
) -> None:
    survey = starter_surveys(TODAY)[-1]
    question = survey.question("volume")
    assert isinstance(question, VolumeQuestion)
    table = ((0, 15, 1), (0, 15, 1), (*interval, 1))
    asked = question.model_copy(update={"intervals": table})
    said = asked.payload_in_words(b"\x02", titles_of(vocabulary))
    assert said == f"It says: {words}. By chance it may say any other range."
    assert f"{titles} titles" in question.truth_in_words(titles, titles_of(vocabulary))


def test_every_part_of_a_release_is_explained(vocabulary: Vocabulary) -> None:
    survey = starter_surveys(TODAY)[-1]
    for question in survey.questions:
        data = build_release(survey, question, answer(watched(frozenset(), 1), survey, question))
        file = explain(data)
        assert file.size == 512
        assert file.text.encode() == data
        names = set(re.findall(r'"(\w+)":', file.text)) - set(question.parameters())
        assert names | {"(blanks)"} == {part.name for part in file.parts}
        assert all(part.meaning for part in file.parts)


def test_the_page_shows_epsilon_with_the_odds_and_counts_the_budget(person: Person) -> None:
    state, history = participant.snapshot(person.settings), History.of(person.settings.private_dir)
    page = sharing_page(person.settings, state, history, TODAY)
    said = " ".join(page.learned)
    assert said.count("(epsilon ") == len(re.findall(r"odds of (?:up to )?\d|by at most \d", said)) > 0
    assert page.used == len(page.reports)
    assert page.example is not None


def test_an_unreadable_ledger_is_reported(person: Person) -> None:
    path = person.settings.records_dir / "ledger.jsonl"
    path.write_bytes(b"{}\n" + path.read_bytes())
    assert "not a ledger line" in person.page("/sharing")
    assert "reports in the ledger: damaged" in person.page("/health")


def test_statistics_about_events_are_shown_with_their_certainty(person: Person, newcomer: Person) -> None:
    assert together_in_words(effects_together(newcomer.settings)).startswith("Nothing is published")
    found = effects_together(person.settings)
    assert found is not None
    assert "is noise" in together_in_words(found), "300 people are far too few"
    assert "(95 %)" in together_in_words(found)
    trends = person.settings.datasites_dir / "aggregator@example.org/app_data/netflix_trend/shared/trends.json"
    trends.write_text("{")
    assert effects_together(person.settings) is None


def test_the_sentences_about_a_file_account_for_every_row() -> None:
    row: dict[str, Any] = {
        **{
            "kind": "viewing_history",
            "rows": 10,
            "views": 9,
            "supplemental": 2,
            "undated": 1,
            "episodes": 4,
            "films": 3,
        },
        **{"too_short": 0, "other_profiles": 0, "blank": 0, "unsure": 0},
        **{"first_day": date(2026, 1, 1), "last_day": date(2026, 1, 2)},
    }
    said, rest = rows_in_words(row)
    assert said == "10 rows, 7 views (1 to 2 January 2026): 4 episodes and 3 films."
    assert rest == "2 trailers and recaps, left out; 1 without a date, left out."


def test_a_question_about_dates_is_answered_with_its_own_example() -> None:
    assert answers(DateQuestion("3/4/26", ("mdy", "dmy"))) == {
        "mdy": "month first: 3/4/26 is 4 March 2026",
        "dmy": "day first: 3/4/26 is 3 April 2026",
    }


def imported(person: Person, *exports: str) -> Path:
    """Import exports as the processor does; returns the private folder."""
    private = person.settings.private_dir
    for place, text in enumerate(exports):
        path = person.settings.output_dir / f"{place}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        participant.take_file(person.settings, path, "test", profile="me")
    rebuild(private, "me", starter_vocabulary())
    return private


def test_only_a_file_that_asks_has_a_question(newcomer: Person) -> None:
    private = imported(newcomer, "Title,Date\nRoma,3/9/24\n", "Title,Date\n")
    files = {file.name: file for file in imported_files(private)}
    assert files["0.csv"].question == DateQuestion("3/9/24", ("mdy", "dmy"))
    assert files["1.csv"].question is None


def test_tables_of_an_earlier_version_have_no_question(newcomer: Person) -> None:
    private = imported(newcomer, "Title,Date\nRoma,3/9/24\n")
    with duckdb.connect(str(private / "profiles" / "me" / DATABASE)) as database:
        database.execute("alter table exports drop column date_orders")
    (file,) = imported_files(private)
    assert file.question is None
    assert "can be 9 March 2024 (month first) or 3 September 2024 (day first)" in (file.error or "")


def test_the_last_job_of_the_processor_is_shown(person: Person, newcomer: Person) -> None:
    assert "It has built no tables yet" in newcomer.page("/health")
    participant.refresh(person.settings)
    changed = History.of(person.settings.private_dir).changed()
    assert changed is not None
    found = last_import(participant.out_of_date(person.settings), changed, changed + 130)
    assert found.sentence == "The tables of your history were built 2 minutes ago."
    assert found.state == "fine"
    assert "last job of the processor" in person.page("/health")


def test_a_full_disk_is_said_on_health(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    participant.refresh(person.settings)
    assert "is full" not in person.page("/health")
    monkeypatch.setattr(problems, "_free", lambda _: 3_000_000)
    assert "The disk with your data is full: 3 MB are free." in person.page("/health")


def test_a_file_that_was_received_but_never_read_is_reported(person: Person) -> None:
    """Its job was lost: Start says that it is being read, Health waits some minutes and then asks for a person."""
    private = person.settings.private_dir
    (private.parent / "b.csv").write_text(HISTORY + '"Dark","1/13/26"\n')
    sha256 = participant.take_file(person.settings, private.parent / "b.csv", "test").sha256
    came = (private / "raw" / f"{sha256}.json").stat().st_mtime
    changed = History.of(private).changed()
    assert last_import(participant.out_of_date(person.settings), changed, came + 60).state == "waiting"
    found = last_import(participant.out_of_date(person.settings), changed, came + 3_600)
    assert found.state == "broken"
    assert found.sentence.startswith("1 file received and not in your tables yet, the oldest 60 minutes ago.")
    assert "1 file being read" in person.page("/")
    participant.refresh(person.settings)
    assert last_import(participant.out_of_date(person.settings), changed, came + 3_600).state == "fine"
    assert "being read" not in person.page("/")


def test_a_damaged_description_is_named_on_start_and_health(newcomer: Person) -> None:
    newcomer.bring(HISTORY + '"Dark","1/13/26"\n')
    (description,) = (newcomer.settings.private_dir / "raw").glob("*.json")
    description.write_text("{")
    for path in ("/", "/health"):
        text = newcomer.page(path)
        assert f"raw/{description.name}" in text
        assert "This description of an export is damaged" in text
    newcomer.bring(HISTORY + '"Dark","1/13/26"\n')
    assert "description of an export is damaged" not in newcomer.page("/health")


def test_a_publisher_that_stopped_running_is_reported() -> None:
    status = PublisherStatus(looked_at=datetime(2026, 11, 16, 12, tzinfo=UTC), state="answering")
    at = status.looked_at.timestamp()
    assert publisher(status, at + 60).state == "fine"
    assert publisher(status, at + 3600).state == "broken"
    assert publisher(status, None).state == "fine"
    assert publisher(status.model_copy(update={"state": "problem"}), at).state == "broken"
    assert publisher(None, at).state == "waiting"
    assert [ago(seconds) for seconds in (1, 5, 130, 7300, 200_000)] == [
        "1 second ago",
        "5 seconds ago",
        "2 minutes ago",
        "2 hours ago",
        "2 days ago",
    ]


def test_health_shows_the_rows_of_status_where_it_sees_syftbox(person: Person, tmp_path: Path) -> None:
    backend = OneProcess(person.settings, lambda: TODAY)
    state, history = participant.snapshot(person.settings), History.of(person.settings.private_dir)

    def states(email: str, now: float | None = None) -> dict[str, str]:
        settings = person.settings.model_copy(update={"syftbox_email": email})
        page = health_page(settings, state, history, backend, now)
        return {service.name: service.state for service in page.services}

    trial = states(person.settings.syftbox_email, datetime.combine(TODAY, time(12)).timestamp())
    assert (trial["trial or real"], trial["history"]) == ("waiting", "fine")
    assert "last sync" not in trial
    assert states("ann@home.net")["SyftBox"] == "broken", "no client manages this folder"
    backend.sees_syftbox = False
    assert states("ann@home.net")["SyftBox"] == "unknown"
    backend.sees_syftbox = True
    (person.settings.datasites_dir.parent / "syftbox.pid").touch()
    real = states("ann@home.net")
    assert (real["last sync"], real["token"], real["disk"]) == ("waiting", "waiting", "fine")
    text = person.page("/health")
    assert "trial or real" in text


def test_the_report_to_share_contains_no_personal_data(person: Person) -> None:
    backend = OneProcess(person.settings, lambda: TODAY)
    state, history = participant.snapshot(person.settings), History.of(person.settings.private_dir)
    page = health_page(person.settings, state, history, backend)
    for private in ("@", "Wednesday", "sample_viewing", str(person.root), "2026-11-14"):
        assert private not in page.report
    assert page.report.startswith(f"Netflix Trend {__version__}, Python ")
    assert f"Netflix Trend {__version__}." in person.page("/")


def test_texts_of_files_are_cut_and_plain() -> None:
    assert shown("a\u202eb\x1b[1m\nc") == "ab [1m c"
    assert shown("x" * 1_000_000) == "x" * 119 + "…"
    assert shown("y" * 120) == "y" * 120
    assert (cell("share", 0.123), cell("views", 1234), cell("hours", None), number(2.0)) == (
        "12.3 %",
        "1,234",
        "–",
        "2",
    )
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")


def test_a_month_without_a_view_is_drawn_as_one(newcomer: Person) -> None:
    newcomer.bring('Title,Date\n"A Film","1/31/26"\n"B Film","4/1/26"\n')
    page = viewing_page(History.of(newcomer.settings.private_dir), {"range": "all"})
    assert page is not None
    months = next(chart for chart in page.charts if chart.name == "months")
    assert months.option["xAxis"]["data"] == ["Jan\n2026", "Feb\n2026", "Mar\n2026", "Apr\n2026"]
    assert [row[1] for row in months.table.rows] == ["1", "0", "0", "1"]


def test_the_trend_explains_missing_marks_and_low_own_values(person: Person, newcomer: Person) -> None:
    (chart,) = (
        one
        for one in others_page(person.settings, History.of(person.settings.private_dir)).charts
        if one.name == "trend"
    )
    absent = [value is None for value in chart.option["series"][1]["data"]]
    assert any(absent) is ("Weeks without a mark of the others" in chart.note)
    assert "so older weeks look emptier than they were" in chart.note
    viewing = read_trends(person.settings).viewing  # type: ignore[union-attr]
    assert viewing is not None
    few = viewing.model_copy(
        update={"weeks": tuple(one.model_copy(update={"is_reliable": False}) for one in viewing.weeks)}
    )
    assert _gaps(few, [1.0], False) == "Weeks without a mark of the others had too few answers to say anything."
    assert _gaps(viewing.model_copy(update={"weeks": ()}), [None], True).startswith("Weeks without a mark of yours")


@pytest.mark.parametrize("days", [1, 200, 371, 372, 3000])
def test_a_calendar_contains_every_day_once(days: int) -> None:
    last = date(2026, 11, 14)
    first = last - timedelta(days=days - 1)
    counts = {first + timedelta(days=number): number % 5 + 1 for number in range(days)}
    option = charts.calendar(counts, first, last)
    drawn = [day for series in option["series"] for day, *_ in series["data"]]
    assert len(drawn) == len(set(drawn))
    strips = charts.calendar_strips(first, last)
    assert len(option["calendar"]) == len(strips) <= 3
    assert set(drawn) == {day.isoformat() for day in counts if day >= strips[0][0]}
    assert sum(int(str(views)) for _, *week in charts.calendar_rows(counts, first, last) for views in week) >= sum(
        views for day, views in counts.items() if day >= max(first, strips[0][0])
    )


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 17, 1000])
def test_shades_cover_every_count_once(most: int) -> None:
    pieces = charts._shades(most)
    for count in range(1, most + 1):
        assert sum(piece["gte"] <= count < piece["lt"] for piece in pieces) == 1


def test_a_missing_demo_is_reported(tmp_path: Path) -> None:
    from netflix_trend.settings import SettingsError
    from services.local.dashboard import demo_settings

    with pytest.raises(SettingsError, match=r"run ./run.sh demo first"):
        demo_settings(tmp_path)


def test_a_demo_is_looked_at_on_the_day_after_its_last_week(network: Path) -> None:
    from services.local.dashboard import demo_settings

    settings, today = demo_settings(network)
    assert today() == LAST.sunday + timedelta(days=1)
    assert settings.private_dir == network / "private"


def test_the_page_without_docker_needs_no_redis_and_no_web_server_package() -> None:
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'redis', 'rq', 'gunicorn', 'selenium'}: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "import services.local.dashboard\n"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
