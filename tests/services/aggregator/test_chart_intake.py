"""How charts come in: from files that operators name, from a folder, and from an address."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from netflix_trend.catalogue import chart_files
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import SettingsError, load_settings
from services.aggregator.__main__ import main
from services.aggregator.charts import intake
from services.aggregator.charts.fetching import FetchError, fetch
from services.aggregator.charts.intake import FETCH_SECONDS, ChartIntake
from services.aggregator.charts.kept import KeptCharts
from tests.netflix_trend.catalogue.chart_tables import COUNTRY, country_rows, days, of_world, table

WEEK = Week.parse("2026-W46")
TUESDAY = days(WEEK, 2)
NOW = 1_800_000_000.0


def put(folder: Path, name: str, data: bytes, changed: float = NOW - 60) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    os.utime(folder / name, (changed, changed))
    return folder / name


def taking(root: Path, **more: object) -> ChartIntake:
    about = {"folder": root / "charts", "clock": lambda: NOW, **more}
    return ChartIntake(KeptCharts(root / "own", durable=False), **about)  # type: ignore[arg-type]


def weeks(taken: ChartIntake, country: str = "") -> list[str]:
    return [str(week) for week in taken.kept.charts.of_country(country)]


# --- the folder


@pytest.fixture(autouse=True)
def _warnings_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A service that another test has started in its own process may have set the level of all logs."""
    caplog.set_level(logging.WARNING)


def test_files_of_the_folder_are_read_once_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path / "charts", "all-weeks-global.tsv", of_world({WEEK - 1: [("A", 9)], WEEK: [("B", 9), ("A", 8)]}))
    with caplog.at_level("INFO", "aggregator"):
        taken = taking(tmp_path)
        taken.look(TUESDAY)
        taken.look(TUESDAY)
        taking(tmp_path).look(TUESDAY)
    assert weeks(taken) == ["2026-W45", "2026-W46"]
    assert caplog.messages == [
        "chart file='all-weeks-global.tsv' read: Netflix Top 10, global: 2 weeks, 2026-W45 to 2026-W46, 2 series"
    ]
    (tmp_path / "charts" / "all-weeks-global.tsv").unlink()
    taken.look(TUESDAY)
    assert weeks(taking(tmp_path)) == ["2026-W45", "2026-W46"], "charts stay when their file is gone"


def test_a_bad_file_is_refused_by_name_once_and_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "charts"
    put(folder, "a.tsv", b"nothing of use\n")
    put(folder, "b.tsv", of_world({WEEK: [("B", 9)]}))
    put(folder, "c\n\u202e.csv", b"\xff\xff")
    put(folder, "d.xlsx", b"PK\x03\x04 and nothing behind it")
    (folder / "link.tsv").symlink_to(folder / "b.tsv")
    os.utime(folder / "link.tsv", (NOW - 60, NOW - 60), follow_symlinks=False)
    os.mkfifo(folder / "pipe.tsv")
    os.utime(folder / "pipe.tsv", (NOW - 60, NOW - 60))
    put(folder, "large.tsv", of_world({WEEK: [("Large", 9)]}) + b" " * 5_000)
    put(folder, "picture.png", b"not meant")
    put(folder, ".b.tsv.part", b"not complete")
    (folder / "folder.tsv").mkdir()
    monkeypatch.setattr(intake, "LARGEST_CHART", 5_000)
    taken = taking(tmp_path)
    for _ in range(3):
        taken.look(TUESDAY)
    refused = [line.partition(" is refused: ") for line in caplog.messages]
    assert sorted(name for name, _, _ in refused) == [
        "chart file='a.tsv'",
        "chart file='c .csv'",
        "chart file='d.xlsx'",
        "chart file='large.tsv'",
        "chart file='link.tsv'",
        "chart file='pipe.tsv'",
    ]
    assert all(reason for _, _, reason in refused)
    assert [show.title for show in taken.kept.charts.weekly[0].shows] == ["B"]


def test_an_error_in_reading_is_a_refusal_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(intake, "read_charts", broken)
    put(tmp_path / "charts", "a.tsv", b"x")
    taking(tmp_path).look(TUESDAY)
    assert caplog.messages == ["chart file='a.tsv' is refused: it cannot be read: no more"]


def test_a_file_that_is_still_written_is_waited_for(tmp_path: Path) -> None:
    path = put(tmp_path / "charts", "a.tsv", of_world({WEEK: [("A", 9)]}), changed=NOW - 1)
    taken = taking(tmp_path)
    taken.look(TUESDAY)
    assert weeks(taken) == []
    os.utime(path, (NOW - 3, NOW - 3))
    taken.look(TUESDAY)
    assert weeks(taken) == ["2026-W46"]


def test_a_changed_file_is_read_again_and_the_newest_file_counts(tmp_path: Path) -> None:
    taken = taking(tmp_path)
    put(tmp_path / "charts", "a.tsv", of_world({WEEK: [("New", 9)]}), changed=NOW - 50)
    put(tmp_path / "charts", "b.tsv", of_world({WEEK: [("Old", 9)]}), changed=NOW - 100)
    taken.look(TUESDAY)
    assert taken.kept.charts.weekly[0].shows[0].title == "New"
    put(tmp_path / "charts", "b.tsv", of_world({WEEK: [("Newest", 9)]}), changed=NOW - 20)
    taken.look(TUESDAY)
    assert taken.kept.charts.weekly[0].shows[0].title == "Newest"


def test_another_country_reads_the_files_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        *country_rows("AR", "Argentina", str(WEEK.sunday), ["Uno"]),
        *country_rows("DE", "Germany", str(WEEK.sunday), ["Eins"]),
    ]
    put(tmp_path / "charts", "all-weeks-countries.tsv", table(COUNTRY, rows))
    taking(tmp_path).look(TUESDAY)
    assert "CHART_COUNTRY" in caplog.messages[0]
    taken = taking(tmp_path, country="DE")
    taken.look(TUESDAY)
    assert weeks(taken, "DE") == ["2026-W46"]


def test_no_folder_is_no_problem(tmp_path: Path) -> None:
    taking(tmp_path).look(TUESDAY)
    assert not (tmp_path / "own").exists()


# --- the verb


def chart(root: Path, *words: str, country: str = "") -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGGREGATOR_DIR", str(root / "own"))
        patch.setenv("CHART_COUNTRY", country)
        return main(["chart", *words])


def test_the_verb_says_what_it_read_and_what_it_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = put(tmp_path, "good.tsv", of_world({WEEK: [("A", 9), ("B", 8)]}))
    bad = put(tmp_path, "bad.tsv", b"Title,Date\n")
    assert chart(tmp_path, str(good)) == 0
    assert chart(tmp_path, str(bad), str(good), str(tmp_path / "none.tsv")) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == ["good.tsv: Netflix Top 10, global: 1 weeks, 2026-W46 to 2026-W46, 2 series"] * 2
    first, second = said.err.splitlines()
    assert first.startswith("bad.tsv is refused: its columns are those of no chart; found: date, title. Download")
    assert second == "none.tsv is refused: it is not there"
    assert [one.week for one in KeptCharts(tmp_path / "own").charts.weekly] == ["2026-W46"]


def test_the_verb_reads_a_file_on_stdin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = table(COUNTRY, country_rows("DE", "Germany", str(WEEK.sunday), ["Eins"]))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert chart(tmp_path, "--name", "mine.tsv", "-", country="de") == 0
    assert capsys.readouterr().out == "mine.tsv: Netflix Top 10, Germany: 1 weeks, 2026-W46 to 2026-W46, 1 series\n"


def test_too_much_on_stdin_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.aggregator.charts.verb.LARGEST_CHART", 100)
    monkeypatch.setattr(chart_files, "LARGEST_CHART", 100)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 1_000)))
    assert chart(tmp_path, "-") == 1
    assert capsys.readouterr().err.startswith("stdin is refused: it has 101 bytes, at most 100 are read")


# --- the address

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{made.server_address[1]}/chart.tsv"
        finally:
            made.shutdown()
            thread.join()


def sends(data: bytes, length: int | None = None, status: int = 200) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def redirects(target: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def test_the_address_is_asked_while_the_weeks_chart_is_missing_and_not_too_often(tmp_path: Path) -> None:
    asked: list[str] = []
    sent = {"week": WEEK - 1}

    def send(url: str) -> bytes:
        asked.append(url)
        return of_world({sent["week"]: [("A", 9)]})

    now = NOW
    taken = taking(tmp_path, url="https://example.org/x.tsv", fetch=send, clock=lambda: now)
    taken.look(TUESDAY)
    taken.look(TUESDAY)
    assert len(asked) == 1
    taking(tmp_path, url="https://example.org/x.tsv", fetch=send).look(TUESDAY)
    assert len(asked) == 1, "a restart does not ask again"
    now, sent["week"] = NOW + FETCH_SECONDS, WEEK
    taken.look(TUESDAY)
    assert len(asked) == 2
    assert weeks(taken) == ["2026-W45", "2026-W46"]
    now += 10 * FETCH_SECONDS
    taken.look(TUESDAY)
    assert len(asked) == 2, "the week's chart is here"
    taken.look(TUESDAY + timedelta(days=7))
    assert len(asked) == 3


def test_what_an_address_sends_is_read_as_any_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with server(sends(of_world({WEEK: [("A", 9)]}))) as url:
        taken = taking(tmp_path, url=url)
        taken.look(TUESDAY)
    assert weeks(taken) == ["2026-W46"]
    with server(sends(b"<html>")) as url:
        taking(tmp_path, url=url, clock=lambda: NOW + FETCH_SECONDS).look(TUESDAY + timedelta(days=7))
    (line,) = caplog.messages
    assert line.startswith("CHART_URL: nothing is read: its columns are those of no chart")
    assert url not in line


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (sends(b"x" * 101), "more than 100 bytes"),
        (sends(b"x" * 50, length=80), "the connection ended before"),
        (sends(b"gone", status=404), "it answers 404"),
        (redirects("http://localhost:1/other"), "redirects to another host"),
        (redirects("https://127.0.0.1/"), "redirects to another host"),
        (redirects("file:///etc/passwd"), "another host|it answers 302"),
        (redirects("/chart.tsv"), "it answers 302"),
    ],
)
def test_an_address_that_misbehaves_is_given_up(answer: Answer, says: str) -> None:
    with server(answer) as url, pytest.raises(FetchError, match=says):
        fetch(url, largest=100)


def test_a_redirect_on_the_same_host_is_followed() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        (sends(b"here") if handler.path == "/there" else redirects("/there"))(handler)

    with server(answer) as url:
        assert fetch(url) == b"here"


def test_an_address_that_sends_slowly_is_given_up_when_the_time_is_over() -> None:
    with server(sends(b"x" * 100)) as url, pytest.raises(FetchError, match="takes longer than 0 seconds"):
        fetch(url, seconds=0)


def test_an_address_where_nobody_listens_is_a_problem_in_words() -> None:
    with server(sends(b"")) as url:
        pass
    with pytest.raises(FetchError, match=r"it cannot be reached: nothing answers there"):
        fetch(url)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/x", "file:///etc/passwd", "example.org", "http://", "https://a b\nc"]
)
def test_only_web_addresses_are_allowed(url: str) -> None:
    with pytest.raises(SettingsError, match=r"CHART_URL: .*http"):
        load_settings(chart_url=url)
