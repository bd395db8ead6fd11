"""Every text on every page is marked, so that a catalogue can translate it."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from datetime import date
from functools import cache

import pytest
from babel import Locale
from flask.testing import FlaskClient

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.participant.life_events import add_event
from netflix_trend.questions.registry import QUESTIONS
from services.dashboard import languages
from services.dashboard.backend import Refused
from services.dashboard.web import create_app
from services.local.dashboard import OneProcess
from tests.services.dashboard.invented import Invented, Shown, bracketed
from tests.services.dashboard.participant import ORIGIN, SAMPLE, TODAY, Person, settings_in

# The same in every language: products, names of files, addresses and commands.
NAMES = (
    *("Netflix Trend", "NetflixViewingHistory.csv", "ViewingActivity.csv", "SyftBox", "SHA-256", "epsilon"),
    *("me@example.org", "aggregator@example.org", "./run.sh", "UTC", "sample_viewing_history.csv"),
    *("manifest.json", "syft.pub.yaml", "syftperm.yaml", "PNG", "SVG", "CSV", "JSON"),
    *("Letterboxd", "Simkl", "Yamtrack", "Trakt"),
)
# 2026-W46, W46, 2026-Q3, the signs of an interval, and letters of weekdays in a calendar.
CODES = re.compile(r"(?:\d{4}-)?(?:W\d\d|Q\d)|[a-f0-9]{8,}|[A-ZÄÖÜ]|GB|MB")
_PARTS = re.compile(r"[:,] | und | – ")
# So many addresses of a page with values in its address are enough.
OF_A_KIND = 3


@cache
def calendar_words() -> set[str]:
    """Return what Babel calls months and days of the week."""
    german = Locale.parse("de")
    found = {"und", "oder"}
    for names in (german.months, german.days):
        found |= {word.strip(".") for forms in names.values() for words in forms.values() for word in words.values()}
    return found


def titles(*more: str) -> frozenset[str]:
    """Return what is shown of shows, files and people, whole and in parts."""
    rows = csv.reader(SAMPLE.read_text("utf-8").splitlines())
    # Questions are named as settings write them.
    names = {
        *more,
        "me",
        *QUESTIONS,
        *(show.title for show in starter_vocabulary().shows),
        *(row[0] for row in rows if row),
    }
    return frozenset(part.strip() for name in names for part in (name, *_PARTS.split(name)))


def is_data(text: str, data: frozenset[str]) -> bool:
    """Return whether a text is a title, also one that was cut off."""
    return text in data or (text.endswith("…") and any(name.startswith(text[:-1]) for name in data))


def unmarked(page: str, data: frozenset[str]) -> list[str]:
    """Return the words of a page that are neither in brackets nor data. data: from `titles`."""
    found = []
    for text in Shown(page).unmarked():
        if is_data(text, data) or all(is_data(part, data) or not _words(part) for part in _PARTS.split(text)):
            continue
        found.append(text)
    return found


def _words(text: str) -> list[str]:
    for name in NAMES:
        text = text.replace(name, "")
    words = re.findall(r"[\w-]*[^\W\d_][\w-]*", text)
    return [word for word in words if word not in calendar_words() and not CODES.fullmatch(word)]


def visited(client: FlaskClient) -> dict[str, str]:
    """Return every page that people can open, by its address: those without values, and what they link to."""
    rules = [rule for rule in client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    paths = [rule.rule for rule in rules if not rule.arguments]
    found: dict[str, str] = {}
    seen: dict[str, int] = defaultdict(int)
    adapter = client.application.url_map.bind("127.0.0.1")
    for path in paths:
        response = client.get(path, base_url=ORIGIN, follow_redirects=True)
        if response.mimetype != "text/html" or path in found:
            continue
        assert response.status_code == 200, path
        found[path] = response.text
        for link in Shown(response.text).links:
            endpoint = str(adapter.match(link.split("?")[0])[0])
            if link not in paths and seen[endpoint] < OF_A_KIND:
                seen[endpoint] += 1
                paths.append(link)
    return found


@pytest.fixture(autouse=True)
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "translations_of", lambda _code: Invented())


def check(client: FlaskClient, *more: str) -> None:
    data = titles(*more)
    found = {path: unmarked(page, data) for path, page in visited(client).items()}
    assert {"/", "/viewing", "/others", "/events", "/sharing", "/health", "/glossary"} <= set(found)
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_the_brackets_leave_values_and_tags_outside() -> None:
    assert bracketed("Look at <b>%(name)s</b>, 10 %%.") == "⟦Look at ⟧<b>%(name)s</b>⟦, 10 %%.⟧"
    page = '<p title="Seen">⟦Look⟧ at <b>this</b><script>no</script><option lang="de">Deutsch</option></p>'
    assert unmarked(page, frozenset()) == ["Seen", "at", "this"]


def test_pages_of_a_newcomer_are_marked(newcomer: Person) -> None:
    check(newcomer.client)


def test_pages_of_somebody_with_a_history_are_marked(person: Person) -> None:
    private = person.settings.private_dir
    add_event(private, "knee", date(2026, 9, 7), date(2026, 9, 20))
    add_event(private, "future", date(2026, 11, 15), date(2026, 11, 16))
    check(person.client, "knee", "future")


@pytest.mark.parametrize("choice", ["paused", "withdrawn"])
def test_pages_after_a_choice_are_marked(person: Person, choice: str) -> None:
    person.done("/sharing/take-part", {"participation": choice, "sure": "yes"})
    check(person.client)


def test_pages_without_an_aggregator_are_marked(newcomer: Person) -> None:
    settings = settings_in(newcomer.root, aggregator_datasite="trends@home.net", syftbox_email="ann@home.net")
    client = create_app(settings, OneProcess(settings, lambda: TODAY), lambda: TODAY).test_client()
    check(client, "trends@home.net", "ann@home.net", str(settings.datasites_dir))


def test_pages_about_files_that_ask_or_cannot_be_used_are_marked(newcomer: Person) -> None:
    newcomer.bring("Title,Date\nDark,3/4/26\nDark,4/3/26\n", "undecided.csv")
    with pytest.raises(Refused):
        newcomer.bring("no export at all", "letter.csv")
    newcomer.bring('Title,Date\nDark: Season 1: "A",31/12/25\nDark,\nDark,30/12/25\n', "good.csv")
    check(newcomer.client, "undecided.csv", "letter.csv", "good.csv", "'no export at all'")


def test_errors_and_answers_to_forms_are_marked(person: Person, newcomer: Person) -> None:
    said = [
        person.get("/no-such-page").text,
        person.get("/upload").text,
        person.done("/upload", {}),
        person.done("/events/add", {"label": "knee", "first_day": "2026-09-07", "last_day": "2026-09-08"}),
        person.done("/events/add", {"label": "", "first_day": "2026-09-07"}),
        person.done("/events/remove", {"id": "77"}),
        person.done("/sharing/limits", {"odds": "3", "reports": "4"}),
        person.done("/sharing/limits", {"odds": "x"}),
        person.done("/viewing/exclude", {"what": "title", "name": "Dark"}),
        person.done("/viewing/include", {"number": "1"}),
        person.upload("\x89PNG", "picture.png"),
        person.upload("Title,Date\nDark,2026-01-02\n", "later.csv"),
    ]
    data = titles("knee", "picture.png", "later.csv")
    assert [texts for page in said if (texts := unmarked(page, data))] == []
