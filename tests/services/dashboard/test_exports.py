"""Downloads for other programs."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from netflix_trend.history.other_tools import FORMATS
from tests.netflix_trend.history.importers import IMPORTERS
from tests.services.dashboard.participant import Person


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if not one.refusal])
def test_a_download_is_a_file_of_the_format(person: Person, name: str) -> None:
    answer = person.get(f"/export/{name}")

    assert answer.status_code == 200
    wanted = f'attachment; filename="netflix-trend-{name}.{FORMATS[name].kind}"'
    assert answer.headers["Content-Disposition"] == wanted
    assert answer.headers["Content-Type"] == FORMATS[name].content_type
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if name in IMPORTERS:
        assert IMPORTERS[name](answer.data)


def test_the_page_links_every_format_that_works(person: Person) -> None:
    page = person.get("/viewing").text

    for name, one in FORMATS.items():
        assert (f'href="/export/{name}" download' in page) is (not one.refusal)
    assert "Trakt imports only titles with ids" in page


@pytest.mark.parametrize("path", ["/export/trakt", "/export/xml", "/export/", "/export/csv?profile=nobody"])
def test_what_cannot_be_made_is_not_there(person: Person, path: str) -> None:
    assert person.get(path).status_code == 404


def test_nothing_is_there_before_an_import(newcomer: Person) -> None:
    assert newcomer.get("/export/csv").status_code == 404
    assert "/export/" not in newcomer.get("/viewing").text


def test_a_download_may_be_of_one_profile(person: Person) -> None:
    views = json.loads(person.get("/export/json").data)["views"]
    (profile,) = {view["profile"] for view in views}

    one = json.loads(person.get(f"/export/json?profile={quote(profile)}").data)["views"]

    assert one == views
