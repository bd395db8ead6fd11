"""The language of a page, and the form that chooses it."""

from __future__ import annotations

import pytest

from netflix_trend.language import language
from tests.services.dashboard.participant import Person

GERMAN = {"Accept-Language": "de"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [("de", "de"), ("de-AT,de;q=0.9", "de"), ("pt-BR", "pt"), ("fr", "en"), ("fr,tr;q=0.5", "tr"), ("", "en")],
)
def test_a_page_has_the_language_that_the_browser_asks_for(newcomer: Person, asked: str, code: str) -> None:
    page = newcomer.get("/glossary", headers={"Accept-Language": asked})
    assert f'<html lang="{code}">' in page.text
    assert page.headers["Content-Language"] == code
    assert language() == "en", "a request leaves no language behind"


def test_what_is_chosen_on_a_page_counts_more_and_lasts(newcomer: Person) -> None:
    form = newcomer.form("/viewing?search=dark", "/language")
    assert form == {"page": ["/viewing?search=dark"], "language": ["en"]}
    answer = newcomer.post("/language", form | {"language": "es"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/viewing?search=dark")
    assert '<html lang="es">' in newcomer.get("/", headers=GERMAN).text
    # Another start of the program signs its cookies with another key.
    again = Person(newcomer.root)
    again.client.set_cookie("netflix_trend_language", "es", domain="127.0.0.1")
    assert '<html lang="es">' in again.get("/", headers=GERMAN).text


def test_an_unknown_language_changes_nothing(newcomer: Person) -> None:
    assert newcomer.post("/language", {"language": "xx", "page": "/"}).status_code == 400
    newcomer.client.set_cookie("netflix_trend_language", "../..", domain="127.0.0.1")
    assert '<html lang="en">' in newcomer.page("/")


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("https://evil.example/x", "/x"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/evil.example"),
        ("////evil.example/a", "/evil.example/a"),
        ("http://[", "/"),
        ("", "/"),
        ("/others?round=2026-W46", "/others?round=2026-W46"),
    ],
)
def test_choosing_a_language_stays_on_this_server(newcomer: Person, page: str, place: str) -> None:
    answer = newcomer.post("/language", {"language": "de", "page": page})
    assert answer.headers["Location"] == place


def test_an_error_speaks_the_language_too(newcomer: Person) -> None:
    assert '<html lang="de">' in newcomer.get("/nothing", headers=GERMAN).text
