"""Invented viewing histories as hypothesis strategies, and how Netflix and other programs write them.

Formats and ways of saving are those of docs/method/reading-exports.md. Names are invented.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from hypothesis import strategies as st

from netflix_trend.catalogue.keys import title_key

FIRST_DAY, LAST_DAY = date(2008, 1, 1), date(2026, 11, 1)
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

# How Netflix writes dates, by order and shape: the formats that were seen, then those that CLDR has besides.
DATES: dict[str, tuple[str, Callable[[date], str]]] = {
    "M/D/YY": ("mdy", lambda day: f"{day.month}/{day.day}/{day:%y}"),
    "DD/MM/YYYY": ("dmy", lambda day: f"{day:%d/%m/%Y}"),
    "D/M/YY": ("dmy", lambda day: f"{day.day}/{day.month}/{day:%y}"),
    "DD/MM/YY": ("dmy", lambda day: f"{day:%d/%m/%y}"),
    "DD-MM-YY": ("dmy", lambda day: f"{day:%d-%m-%y}"),
    "DD.MM.YYYY": ("dmy", lambda day: f"{day:%d.%m.%Y}"),
    "YYYY-MM-DD": ("ymd", lambda day: f"{day:%Y-%m-%d}"),
    "D.M.YYYY": ("dmy", lambda day: f"{day.day}.{day.month}.{day.year}"),
    "YYYY/MM/DD": ("ymd", lambda day: f"{day:%Y/%m/%d}"),
    "DD.MM.YY": ("dmy", lambda day: f"{day:%d.%m.%y}"),
    "D/MM/YY": ("dmy", lambda day: f"{day.day}/{day:%m/%y}"),
    "Y/M/D": ("ymd", lambda day: f"{day.year}/{day.month}/{day.day}"),
    "YY. M. D.": ("ymd", lambda day: f"{day:%y}. {day.month}. {day.day}."),
    "Y. MM. DD.": ("ymd", lambda day: f"{day:%Y. %m. %d.}"),
    "D. M. Y": ("dmy", lambda day: f"{day.day}. {day.month}. {day.year}"),
    "D. M. YY": ("dmy", lambda day: f"{day.day}. {day.month}. {day:%y}"),
    "DD. MM. Y.": ("dmy", lambda day: f"{day:%d. %m. %Y.}"),
    "D.MM.YY г.": ("dmy", lambda day: f"{day.day}.{day:%m.%y} г."),
    "with marks of direction": ("dmy", lambda day: f"{day.day}\u200f/{day.month}\u200f/{day.year}"),
    "Arabic digits": ("dmy", lambda day: f"{day.day}\u200f/{day.month}\u200f/{day.year}".translate(_ARABIC)),
    "Buddhist years": ("dmy", lambda day: f"{day.day}/{day.month}/{day.year + 543}"),
    # A spreadsheet that read days up to 12 as dates of its own, and left the others as text.
    "M/D/YYYY and M/D/YY": ("mdy", lambda day: f"{day.month}/{day.day}/{day.year if day.day <= 12 else f'{day:%y}'}"),
}


def _forms() -> dict[str, dict[str, list[str]]]:
    """Return language -> strength -> numbered forms, from the table of season words."""
    text = (files("netflix_trend.catalogue") / "data" / "season_words.csv").read_text("utf-8")
    found: dict[str, dict[str, list[str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        for language in row["languages"].split("|"):
            if "#" in row["form"]:
                found.setdefault(language, {}).setdefault(row["strength"], []).append(row["form"])
    return found


_FORMS = _forms()
# Languages with a word for seasons; where the table has no word for episodes, Netflix's English one is used.
LANGUAGES = sorted(language for language, forms in _FORMS.items() if "strong" in forms)

_SHOWS = (
    *("Zembla Nights", "Le Comte : l’héritage", "Jäger & Söhne", "Zwei; drei, vier", "O’Malley’s Law", "Hłąd"),
    *("Чёрная вода", "深い海", "바다의 끝", "ทะเลลึก", "בית הים", "بيت البحر", "Zembla: The Deep", 'The "Real" Zembla'),
    *("Mar\u00a0Profundo", "Re:ZEMBLA", "3:10 Zembla", "Zembla  Doppelt", "Ünlü Şehir", "¿Quién?", "Zembla… again"),
)
_FILMS = (
    *(
        "Quiet Rooms",
        "Zorblax : le retour",
        "One, Two, Three",
        "Eins; zwei",
        "Große Straße",
        "L’été d’avant",
        "静かな夜",
    ),
    *("조용한 밤", "Тихая ночь", "Film\u00a0Noir Zwölf", '"Quoted" Night', "Nine 9 99 999", "ليلة هادئة", "Łódź nocą"),
)
_EPISODES = (
    *("Pilot", "The Long, Cold Road", "A : B", "Fin; début", "Où est-il ?", "第一夜", "첫 번째 밤", "Ночь", "الليل"),
    *("“Maybe”", "It’s Late", "Night\u00a0Two", "1/2/03", "Three: Two: One", "Ångström", "Çay", "Gece Yarısı"),
)


@dataclass(frozen=True)
class Row:
    """A row of NetflixViewingHistory.csv.

    archived: the title in ViewingActivity.csv. kind: what it is, as far as its own words tell; else None.
    show: of an episode, also where the words do not tell.
    """

    day: date
    title: str
    archived: str = ""
    kind: str | None = None
    show: str | None = None

    @property
    def key(self) -> tuple[date, str]:
        """The view of this row: a day and what titles are compared by."""
        return self.day, title_key(self.title)


def _numbered(form: str, number: int) -> str:
    return form.replace("#", str(number))


def _suffixes(language: str) -> list[str]:
    """Return how the archive of a language may number episodes: also `Bölüm 3` where the CSV has `3. Bölüm`."""
    forms = [form for form in _FORMS[language].get("episode", ()) if form[0] not in "Ee"] or ["Episode #"]
    return [*forms, *(f"{form.removeprefix('#. ').capitalize()} #" for form in forms if form.startswith("#. "))]


@st.composite
def _episodes(draw: st.DrawFn, language: str) -> list[Row]:
    """Draw episodes of one show, with or without the word for the season."""
    forms = _FORMS[language]
    show, season = draw(st.sampled_from(_SHOWS)), draw(st.sampled_from(forms["strong"]))
    suffix = draw(st.sampled_from(_suffixes(language)))
    names = draw(st.lists(st.sampled_from(_EPISODES), min_size=1, max_size=5, unique=True))
    is_named = draw(st.integers(0, 3)) > 0
    rows = []
    for number, name in enumerate(names, 1):
        which = _numbered(season, draw(st.integers(1, 3)) if is_named else 1)
        whole = f"{show}: {which}: {name}"
        title = whole if is_named else f"{show}: {name}"
        kind = "episode" if is_named else None
        rows.append(Row(FIRST_DAY, title, f"{whole} ({_numbered(suffix, number)})", kind, show))
    return rows


_ANY_TEXT = st.text(
    # No control or unassigned characters; no signs of Latin-1, which two of make the bytes of one other character.
    st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp"), exclude_characters='"\ufffd\ufeff').filter(
        lambda sign: not "\x80" <= sign <= "\xbf"
    ),
    min_size=1,
    max_size=30,
).map(str.strip)
_FREE_TITLES = _ANY_TEXT.filter(lambda text: title_key(text).strip(": ：") != "")


@st.composite
def histories(draw: st.DrawFn, *, most: int = 14, blanks: bool = True, free: bool = True) -> list[Row]:
    """Draw a history as Netflix writes it: distinct titles, newest first; some people have three rows.

    blanks: with titles that are missing. free: with titles of any characters.
    """
    language = draw(st.sampled_from(LANGUAGES))
    rows = [row for show in draw(st.lists(_episodes(language), max_size=3)) for row in show]
    rows += [Row(FIRST_DAY, title, title, "film") for title in draw(st.lists(st.sampled_from(_FILMS), max_size=3))]
    if free:
        rows += [Row(FIRST_DAY, title, title) for title in draw(st.lists(_FREE_TITLES, max_size=2))]
    if not rows:
        rows = [Row(FIRST_DAY, "Quiet Rooms", "Quiet Rooms", "film")]
    distinct = list({title_key(row.title): row for row in rows}.values())
    if blanks:
        nothing = st.sampled_from(
            [
                Row(FIRST_DAY, "", kind="blank"),
                Row(FIRST_DAY, ": ", kind="blank"),
                Row(FIRST_DAY, ": Episode 3", kind="unnamed"),
            ]
        )
        distinct += draw(st.lists(nothing, max_size=3))
    distinct = draw(st.permutations(distinct))[: draw(st.sampled_from([3, most, most]))]
    newest = draw(st.dates(FIRST_DAY + timedelta(days=30), LAST_DAY))
    span = draw(st.sampled_from([3, 40, 400, 6000]))
    ages = draw(st.lists(st.integers(0, span), min_size=len(distinct), max_size=len(distinct)))
    days = sorted((max(FIRST_DAY, newest - timedelta(days=age)) for age in ages), reverse=True)
    if draw(st.integers(0, 3)) == 0:  # every day could be a month, too
        days = sorted((day.replace(day=1 + day.day % 12) for day in days), reverse=True)
    return [Row(day, row.title, row.archived, row.kind, row.show) for day, row in zip(days, distinct, strict=True)]


@dataclass(frozen=True)
class Copy:
    """How a program saved a history. quoting: `all`, `minimal`, or `twice` for rows that are quoted once more as a
    whole. rows: `native`, `reversed` or `shuffled`. separator_line: whether `sep=,` is the first line.
    """

    dates: str
    delimiter: str
    quoting: str
    line_end: str
    encoding: str
    columns: tuple[str, ...]
    rows: str
    has_last_line_end: bool
    separator_line: bool
    header: Callable[[str], str]


NATIVE = Copy("M/D/YY", ",", "all", "\n", "utf-8", ("Title", "Date"), "native", True, False, str)
_LAYOUTS = (
    ("Title", "Date"),
    ("Title", "Date"),
    ("Date", "Title"),
    ("", "Title", "Date"),
    ("Title", "Date", "Type"),
    ("Title", "genre", "Date", "user"),
    ("user", "Title", "Date", "day of week"),
    ("Title", "", "Date", "", ""),
)
_HEADERS: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper)
_CELLS = {"": "", "Type": "TV Show", "genre": "Drama, Crime", "user": "Ann", "day of week": "Friday"}


@st.composite
def copies(draw: st.DrawFn) -> Copy:
    """Draw a way of saving a history."""
    quoting = draw(st.sampled_from(["all", "minimal", "minimal", "twice"]))
    return Copy(
        dates=draw(st.sampled_from(sorted(DATES))),
        delimiter=draw(st.sampled_from(",,;\t")) if quoting != "twice" else ",",
        quoting=quoting,
        line_end=draw(st.sampled_from(["\n", "\r\n"])),
        encoding=draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"])),
        columns=draw(st.sampled_from(_LAYOUTS if quoting != "twice" else _LAYOUTS[:2])),
        rows=draw(st.sampled_from(["native", "native", "reversed", "shuffled"])),
        has_last_line_end=draw(st.booleans()),
        separator_line=draw(st.integers(0, 4)) == 0,
        header=draw(st.sampled_from(_HEADERS)),
    )


def in_order(history: Sequence[Row], copy: Copy) -> list[Row]:
    """Return the rows in the order in which a copy has them; a shuffle is always the same one."""
    if copy.rows == "reversed":
        return list(reversed(history))
    return sorted(history, key=lambda row: row.title[::-1]) if copy.rows == "shuffled" else list(history)


def saved(history: Sequence[Row], copy: Copy) -> bytes:
    """Return the bytes of a copy of a history. `twice` needs titles without straight quotation marks."""
    text = io.StringIO()
    if copy.separator_line:
        text.write(f"sep={copy.delimiter}{copy.line_end}")
    write = DATES[copy.dates][1]
    rows = [[copy.header(name) for name in copy.columns]]
    for row in in_order(history, copy):
        rows.append(
            [{"Title": row.title, "Date": write(row.day)}.get(name) or _CELLS.get(name, "") for name in copy.columns]
        )
    if copy.quoting == "twice":
        rows = [[copy.delimiter.join(rows[0])], *([f'{title}{copy.delimiter}"{day}"'] for title, day in rows[1:])]
    quoting: Any = csv.QUOTE_ALL if copy.quoting != "minimal" else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=copy.delimiter, quoting=quoting, lineterminator=copy.line_end).writerows(rows)
    content = text.getvalue()
    if not copy.has_last_line_end:
        content = content.removesuffix(copy.line_end)
    return content.encode(copy.encoding)


def fits(history: Sequence[Row], copy: Copy) -> bool:
    """Return whether a history can be saved in this way."""
    return copy.quoting != "twice" or not any('"' in row.title for row in history)


def is_decidable(history: Sequence[Row], copy: Copy, newest: date) -> bool:
    """Return whether the copy itself tells the order of its dates.

    That is so if every other order makes a date impossible, or later than `newest`, or breaks the sort of rows that
    are sorted, or means the same days.
    """
    order, write = DATES[copy.dates]
    rows = in_order(history, copy)
    texts = [write(row.day) for row in rows]
    for other in {"mdy", "dmy", "ymd"} - {order}:
        days = [_read(text, other) for text in texts]
        known = [day for day in days if day is not None and day <= newest]
        if len(known) < len(days) or known == [row.day for row in rows]:
            continue
        if copy.rows == "shuffled" or known in (sorted(known), sorted(known, reverse=True)):
            return False
    return True


def _read(text: str, order: str) -> date | None:
    numbers = dict(zip(order, re.findall(r"\d+", text), strict=False))
    year = int(numbers["y"])
    if len(numbers["y"]) not in (2, 4):
        return None
    try:
        return date(
            year + 2000 if year < 100 else year - 543 if year > 2400 else year, int(numbers["m"]), int(numbers["d"])
        )
    except ValueError:
        return None
