"""Invented viewing histories of which the truth is known, with the mixture of titles that real exports have.

Rates are those counted on real exports (docs/method/reading-exports.md): one episode in ten has no word for its season
in the CSV, about a third of the views are hidden there by watching again, 5 % of films have a colon, 15 % of the rows
of an archive are trailers. Names of shows, seasons and films come from public lists; names of episodes are made of
their words, with letters of the language.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Literal

from netflix_trend.catalogue.keys import title_key
from netflix_trend.catalogue.readers import read_catalogue, starter_vocabulary
from netflix_trend.catalogue.vocabulary import CatalogueTitle, Vocabulary

Kind = Literal["episode", "film", "unnamed", "blank"]
LAST_DAY = date(2026, 11, 14)
_DAYS = 1500
_FILM_ROWS, _COLON_FILMS, _SPECIALS, _FILMS_OF_SHOWS = 0.15, 0.05, 0.03, 0.01
# Of two specials of a comedian, this part is seen within two days.
_SOON = 0.3
_BLANK, _UNNAMED = 0.0015, 0.0025
# Of the shows; those without a season word have fewer episodes than others, and are a tenth of all episodes.
_WITHOUT_SEASON, _LIMITED, _WEAK = 0.2, 0.06, 0.04
_AGAIN = 0.3
_TRAILERS, _SHORT = 0.15, 0.12
_EPISODES = ((1, 1), (1, 1), (2, 2), (3, 4), (5, 8), (5, 10), (8, 16), (10, 40))
_LETTERS = {
    **{"cs": "áčďéěíňóřšťúůýž", "da": "æøå", "de": "äöüß", "es": "áéíóúñ", "fi": "äö", "fr": "éèêàçôœ", "hr": "čćđšž"},
    **{"hu": "áéíóöőúüű", "it": "àèéìòù", "nb": "æøå", "nl": "ëïé", "pl": "ąćęłńóśźż", "pt": "ãáçéêíõ", "ro": "ăâîșț"},
    **{"sk": "áäčďéíľňóôš", "sl": "čšž", "sv": "åäö", "tr": "çğıöşü", "vi": "ăâđêôơư"},
}
_HEADER = (
    *("Profile Name", "Start Time", "Duration", "Attributes", "Title", "Supplemental Video Type", "Device Type"),
    *("Bookmark", "Latest Bookmark", "Country"),
)
# Where the archive's `(Episode 3)` has the number on the other side of the word than the CSV.
_SUFFIXES = {"tr": "Bölüm #"}


def _forms() -> dict[str, dict[str, list[str]]]:
    """Return language -> strength -> forms, from the table of season words."""
    text = (files("netflix_trend.catalogue") / "data" / "season_words.csv").read_text("utf-8")
    found: dict[str, dict[str, list[str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        for language in row["languages"].split("|"):
            found.setdefault(language, {}).setdefault(row["strength"], []).append(row["form"])
    return found


_FORMS = _forms()
# Languages with a numbered word for seasons.
LANGUAGES = sorted(
    language for language, forms in _FORMS.items() if any("#" in form for form in forms.get("strong", ()))
)


@dataclass(frozen=True)
class Series:
    """A series: its name, and what a public list calls its seasons beyond `Season 2`."""

    name: str
    seasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """What people watch, and the vocabulary that reads it, which has only a part of the shows."""

    series: tuple[Series, ...]
    films: tuple[str, ...]
    vocabulary: Vocabulary


def read_catalogues(titles: Path | None, chart: Path | None) -> Catalogue:
    """Return the names of a catalogue and of a weekly list; without either those of the starter catalogue.

    Raises VocabularyError for a catalogue without a title column, and KeyError for another list.
    """
    seasons: dict[str, set[str]] = {}
    films: dict[str, None] = {}
    vocabulary = starter_vocabulary()
    listed: list[CatalogueTitle] = list(read_catalogue(titles)) if titles else []
    if not titles and not chart:
        listed = [*vocabulary.shows, *vocabulary.films]
        vocabulary = Vocabulary.build(listed[::2])
    for one in listed:
        if one.kind == "film":
            films[one.title] = None
        else:
            seasons.setdefault(one.title, set())
    if chart:
        with chart.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row["category"].startswith("Films"):
                    films[row["show_title"]] = None
                else:
                    named = seasons.setdefault(row["show_title"], set())
                    if row["season_title"] not in ("N/A", row["show_title"]):
                        named.add(row["season_title"])
    series = (Series(name, tuple(sorted(found))) for name, found in seasons.items())
    return Catalogue(tuple(series), tuple(films), vocabulary)


@dataclass(frozen=True)
class View:
    """A distinct title: as in the CSV and as in the archive, what it is, its show, and the days it was seen."""

    title: str
    archived: str
    kind: Kind
    show: str = ""
    days: tuple[date, ...] = ()


@dataclass(frozen=True)
class History:
    """What somebody has watched; distinct titles only."""

    views: tuple[View, ...]

    def csv(self) -> bytes:
        """Return NetflixViewingHistory.csv: the last day of every title, newest first."""
        rows = sorted(((max(view.days), view.title) for view in self.views), reverse=True)
        text = io.StringIO()
        text.write("Title,Date\n")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([title, f"{day.month}/{day.day}/{day:%y}"] for day, title in rows)
        return text.getvalue().encode()

    def archive(self) -> bytes:
        """Return ViewingActivity.csv: every play, newest first, with trailers and plays of a few seconds."""
        source = random.Random(0)
        rows = []
        for view in self.views:
            for day in view.days if view.archived else ():
                start = datetime.combine(day, time(8), UTC) + timedelta(seconds=source.randrange(50_000))
                rows.append((f"{start:%Y-%m-%d %H:%M:%S}", "00:41:10", view.archived, ""))
                if source.random() < _SHORT:
                    rows.append((f"{start:%Y-%m-%d %H:%M:%S}", "00:00:12", view.archived, ""))
                if source.random() < _TRAILERS:
                    rows.append((f"{start:%Y-%m-%d %H:%M:%S}", "00:00:30", f"{view.title}_hook_primary_16x9", "HOOK"))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_HEADER)
        for start_text, duration, title, supplemental in sorted(rows, reverse=True):
            writer.writerow(["Ann", start_text, duration, "", title, supplemental, "TV", duration, duration, "XX"])
        return text.getvalue().encode()


def invented(catalogue: Catalogue, language: str, rows: int, seed: int) -> History:
    """Return the history of somebody whose account is in a language; the same arguments give the same history.

    rows: distinct titles, about so many.
    """
    person = _Person(catalogue, language, random.Random(f"{language} {seed}"))
    unique: dict[str, View] = {}
    archived = set[str]()
    for view in person.views():
        key, in_archive = title_key(view.title), title_key(view.archived)
        # Two titles with one key would be one title with two truths.
        if key not in unique and in_archive not in archived:
            unique[key] = view
            archived |= {in_archive} - {""}
        if len(unique) >= rows:
            break
    return History((*unique.values(), *person.nothing(rows)))


class _Person:
    """Watches one thing after another, for ever."""

    def __init__(self, catalogue: Catalogue, language: str, source: random.Random) -> None:
        self._catalogue, self._language, self._random = catalogue, language, source
        self._forms = _FORMS[language]
        self._words = sorted({word for film in catalogue.films for word in film.split() if word.isalpha()})
        self._numbered = [form for form in self._forms["strong"] if "#" in form]
        self._limited = [form for form in self._forms["strong"] if not set("#@") & set(form)]
        self._episode = next(
            (form for form in self._forms.get("episode", ()) if not form.upper().startswith("EP")), "Episode #"
        )
        self._suffix = _SUFFIXES.get(language, self._episode)

    def views(self) -> Iterator[View]:
        """Yield series after series, with films in between."""
        films = list(self._films())
        self._random.shuffle(films)
        due = 0.0  # films
        while True:
            watched = list(self._series())
            yield from watched
            due += len(watched) * _FILM_ROWS / (1 - _FILM_ROWS)
            while due >= 1:
                together = films.pop() if films else [self._film(self._name(3))]
                due -= len(together)
                yield from together

    def nothing(self, rows: int) -> Iterator[View]:
        """Yield titles that are missing, and episodes without a show."""
        for number in range(round(rows * _BLANK)):
            yield View(("", ": ")[number % 2], "", "blank", days=(self._day(),))
        for number in range(round(rows * _UNNAMED)):
            yield View(f": {self._episode.replace('#', str(number + 1))}", "", "unnamed", days=(self._day(),))

    def _series(self) -> Iterator[View]:
        """Yield the episodes of a series that this person has seen."""
        source, series = self._random, self._random.choice(self._catalogue.series)
        show, wanted = self._localized(series.name), source.randint(*source.choice(_EPISODES))
        style = source.random()
        seasons = list(series.seasons) if self._language == "en" else []
        if style < _WITHOUT_SEASON:
            in_csv, in_archive, wanted = [""], [self._numbered[0].replace("#", "1")], min(wanted, source.randint(1, 10))
        elif seasons and source.random() < 0.5:
            in_csv = in_archive = [title.removeprefix(f"{series.name}: ") for title in seasons]
        else:
            in_csv = in_archive = self._seasons(style, 1 + wanted // 10)
        style, numbers = source.random(), range(wanted)
        first, step = self._day(), source.choice((1, 2, 3, 4)) if source.random() < 0.8 else 0
        for number in numbers:
            part = min(number * len(in_csv) // wanted, len(in_csv) - 1)
            name = self._episode_name(style, number + 1)
            title = ": ".join(text for text in (show, in_csv[part], name) if text)
            archived = f"{show}: {in_archive[part]}: {name} ({self._suffix.replace('#', str(number + 1))})"
            # Some watch a few episodes a day, some one every other week.
            day = first + timedelta(days=number // step if step else 14 * number)
            yield self._seen(View(title, archived, "episode", show, (min(day, LAST_DAY),)))

    def _seasons(self, style: float, many: int) -> list[str]:
        weak = [form for form in self._forms.get("weak", ()) if "#" in form]
        if style < _WITHOUT_SEASON + _LIMITED and self._limited:
            return [self._random.choice(self._limited)]
        form = weak[0] if weak and style > 1 - _WEAK else self._random.choice(self._numbered)
        return [form.replace("#", str(number + 1)) for number in range(many)]

    def _films(self) -> Iterator[list[View]]:
        """Yield films, alone or in pairs: of the list, specials of comedians, films of shows."""
        source = self._random
        plain = [film for film in self._catalogue.films if ": " not in film]
        colons = [film for film in self._catalogue.films if ": " in film]
        source.shuffle(plain)
        source.shuffle(colons)
        plain = plain[: max(100, len(plain) // 4)]
        for film in [*plain, *colons[: int(_COLON_FILMS * len(plain))]]:
            yield [self._film(film)]
        for number in range(int(_SPECIALS * len(plain))):
            comedian, first = self._name(2), self._day()
            apart = source.randrange(3) if source.random() < _SOON else source.randrange(3, 400)
            days = [first, first - timedelta(days=apart)][: 1 + number % 2]
            yield [self._film(f"{comedian}: {self._name(3)}", day) for day in days]
        for _ in range(int(_FILMS_OF_SHOWS * len(plain))):
            yield [self._film(f"{source.choice(self._catalogue.series).name}: {self._name(2)}")]

    def _film(self, name: str, day: date | None = None) -> View:
        title = self._localized(name)
        return self._seen(View(title, title, "film", days=(day or self._day(),)))

    def _seen(self, view: View) -> View:
        """Add earlier days to the last one."""
        days = set(view.days)
        while self._random.random() < _AGAIN:
            days.add(max(view.days) - timedelta(days=self._random.randrange(1, 700)))
        return replace(view, days=tuple(sorted(days)))

    def _day(self) -> date:
        return LAST_DAY - timedelta(days=self._random.randrange(_DAYS))

    def _localized(self, name: str) -> str:
        return name.replace(": ", " : ") if self._language == "fr" else name

    def _episode_name(self, style: float, number: int) -> str:
        if style < 0.2:
            return self._episode.replace("#", str(number))
        if style < 0.25:
            chapter = self._forms.get("chapter", ["Chapter #"])[0]
            return f"{chapter.replace('#', str(number))}: {self._name(2)}"
        joined = {0.3: ", ", 0.33: ": ", 0.36: " / "}
        between = next((sign for most, sign in joined.items() if style < most), None)
        return self._name(2) + between + self._name(2) if between else self._name(self._random.randint(1, 4))

    def _name(self, words: int) -> str:
        """Return a name of some words, each fourth of them with a letter of the language."""
        letters = _LETTERS.get(self._language, "")
        chosen = [self._random.choice(self._words) for _ in range(words)]
        if letters and self._random.random() < 0.5:
            place = self._random.randrange(words)
            chosen[place] = chosen[place][:1] + self._random.choice(letters) + chosen[place][1:]
        return " ".join(chosen)
