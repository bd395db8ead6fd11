"""Tables in the terminal: nothing is cut, whatever the width, and bars stay in proportion."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from netflix_trend.terminal import print_table, screen, width_of
from netflix_trend.text_table import Column, TextTable, bars_of, laid_out, text_width, wrapped

SHOWS = TextTable(
    [Column("show"), *(Column(name, is_number=True) for name in ("episodes", "first day", "last day", "hours"))],
    [
        ("Avatar: The Last Airbender", "11", "2023-11-10", "2023-12-30", "0.5"),
        ("Re:ZERO -Starting Life in Another World-", "10", "2023-10-01", "2023-12-25", "1234.5"),
        ("Ozark", "9", "2023-11-15", "2024-03-03", "7.0"),
        ("Dark", "8", "2023-11-15", "2024-03-03", "-"),
        ("僕だけがいない街と進撃の巨人", "7", "2023-11-15", "2024-03-03", "7.0"),
        ("Lupin", "6", "2023-11-15", "2024-03-03", "7.0"),
    ],
    (11, 10, 9, 8, 7, 6),
)
EFFECT = TextTable(
    [Column(""), *(Column(name, is_number=True) for name in ("from", "to", "times before", "95 % interval"))],
    [("during", "2026-02-01", "2026-02-09", "1.30", "0.08 to 50.30"), ("after", "2026-02-10", "2026-03-09", "", "")],
)
WIDTHS = (20, 28, 40, 60, 80, 100, 200)


def printed(table: TextTable, width: int | None, *, is_ascii: bool = False) -> list[str]:
    return [line.text for line in laid_out(table, width, is_ascii=is_ascii)]


def bars_in(lines: list[str]) -> list[str]:
    return [found[0] for line in lines if (found := re.search(r"[▏▎▍▌▋▊▉█]+$", line))]


@pytest.mark.parametrize("table", [SHOWS, EFFECT], ids=["with bars", "without"])
@pytest.mark.parametrize("width", WIDTHS)
def test_lines_fit_and_no_number_and_no_letter_is_lost(table: TextTable, width: int) -> None:
    lines = printed(table, width)

    assert max(map(text_width, lines)) <= width
    text = "\n".join(lines)
    letters = "".join(text.split())
    for row in table.rows:
        for cell, column in zip(row, table.columns, strict=True):
            if column.is_number and " " not in cell and cell != "-":
                assert cell in text, cell
            # A text, and an interval on the narrowest screens, may go on in the next line.
            assert all(word in letters for word in cell.split() if word.isascii() and word != "-"), cell
    assert "…" not in text


@pytest.mark.parametrize("width", [*WIDTHS, None])
def test_bars_keep_their_proportion(width: int | None) -> None:
    bars = bars_in(printed(SHOWS, width))

    lengths = [8 * len(bar) - {"█": 0, "▉": 1, "▊": 2, "▋": 3, "▌": 4, "▍": 5, "▎": 6, "▏": 7}[bar[-1]] for bar in bars]
    assert len(set(lengths)) == len(SHOWS.rows), "each another value, each another bar"
    for length, value in zip(lengths, SHOWS.bars, strict=True):
        assert length == pytest.approx(lengths[0] * value / 11, abs=0.51), value


def test_a_pipe_gets_every_row_in_one_line() -> None:
    lines = printed(SHOWS, None)

    assert len(lines) == 1 + len(SHOWS.rows)
    cells = "11  2023-11-10  2023-12-30     0.5  "
    assert lines[1] == f"{'Avatar: The Last Airbender':<48}{cells}{'█' * 20}"
    assert all(line == line.rstrip() for line in lines)


def test_a_narrow_screen_gets_a_list_of_rows() -> None:
    assert printed(SHOWS, 40)[:8] == [
        "Avatar: The Last Airbender",
        "  " + "█" * 20,
        "  episodes 11  first day 2023-11-10",
        "  last day 2023-12-30  hours 0.5",
        "Re:ZERO -Starting Life in Another World-",
        "  ██████████████████▏",
        "  episodes 10  first day 2023-10-01",
        "  last day 2023-12-25  hours 1234.5",
    ]


def test_texts_are_wrapped_before_a_table_becomes_a_list() -> None:
    lines = printed(SHOWS, 80)

    assert lines[0].startswith("show ")
    assert lines[2].startswith("Re:ZERO -Starting Life in ")
    assert "2023-10-01  2023-12-25  1234.5  ███" in lines[2]
    assert lines[3] == "Another World-"


def test_zero_has_no_bar_and_the_smallest_value_has_one() -> None:
    assert bars_of([0, 0], 20) == ["", ""]
    assert bars_of([], 20) == []
    assert bars_of([1000, 1, 0], 20) == ["█" * 20, "▏", ""]
    assert bars_of([4, 3, 2, 1, 0], 4, is_ascii=True) == ["####", "###", "##", "#", ""]


def test_a_table_without_rows_or_headings() -> None:
    assert printed(TextTable([Column("a"), Column("b", is_number=True)], []), 40) == ["a  b"]
    assert printed(TextTable([Column(""), Column("")], [("a", "b")]), None) == ["a  b"]
    assert printed(TextTable([Column("n", is_number=True)], [("1",)]), None) == ["n", "1"]


@pytest.mark.parametrize(("text", "width"), [("日本", 4), ("e\u0301", 1), ("a\u200db", 2), ("ＡＢ", 4), ("Ozark", 5)])
def test_the_width_of_a_text_is_that_on_the_screen(text: str, width: int) -> None:
    assert text_width(text) == width


def test_wide_letters_are_wrapped_where_there_is_no_blank() -> None:
    assert wrapped("僕だけが いない街", 8) == ["僕だけが", "いない街"]
    assert wrapped("僕だけがいない街", 7) == ["僕だけ", "がいな", "い街"]
    assert wrapped("", 7) == [""]


def screen_of(width: int, **options: object) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=width, highlight=False, **options), stream  # type: ignore[arg-type]


def test_on_a_terminal_a_table_has_its_width_and_elsewhere_any() -> None:
    terminal, on_terminal = screen_of(40, force_terminal=True, color_system=None)
    pipe, on_pipe = screen_of(40, force_terminal=False)

    print_table(SHOWS, terminal)
    print_table(SHOWS, pipe)

    plain = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal.getvalue())
    assert plain.splitlines() == printed(SHOWS, 40)
    assert on_pipe.getvalue().splitlines() == printed(SHOWS, None)


def test_an_output_without_blocks_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    console = Console(file=stream, width=80, force_terminal=False)

    print_table(EFFECT, console)
    print_table(TextTable([Column("a")], [("x",), ("y",)], (2, 1)), console)

    stream.seek(0)
    assert stream.read().splitlines()[-2:] == ["x  ####################", "y  ##########"]


def test_a_verb_that_is_piped_breaks_no_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    console = screen()

    console.print("word " * 100)

    assert width_of(console) is None
    assert capsys.readouterr().out == f"{'word ' * 100}\n"


def test_a_title_stays_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    screen().print("Love :heart: [b]Story[/b]", markup=False)

    assert capsys.readouterr().out == "Love :heart: [b]Story[/b]\n"
