"""A page knows which entry of the menu it belongs to."""

from __future__ import annotations

import re

import pytest

from services.dashboard.menu import menu_entry
from services.dashboard.web import PAGES
from tests.services.dashboard.participant import Person

ENTRIES = ["/", "/others", "/others/week", "/year"]


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/", "/"),
        ("/others", "/others"),
        ("/others/year/2026", "/others"),
        ("/others/week/46", "/others/week"),
        ("/othersandmore", None),
        ("/nowhere", None),
    ],
)
def test_a_page_belongs_to_the_longest_entry_above_it(path: str, entry: str | None) -> None:
    assert menu_entry(ENTRIES, path) == entry


@pytest.mark.parametrize("path", [path for path, _ in PAGES])
def test_the_menu_marks_the_page_and_nothing_else_in_both_its_forms(newcomer: Person, path: str) -> None:
    current = re.findall(r'<a href="([^"]+)" aria-current="page"', newcomer.page(path))
    assert current == [path, path]


def test_a_page_outside_of_the_menu_marks_nothing(newcomer: Person) -> None:
    response = newcomer.get("/nowhere")
    assert response.status_code == 404
    menu = response.text.split('<nav class="menu"')[1].split("</nav>")[0]
    assert "aria-current" not in menu
    assert ">Menu</summary>" in menu
