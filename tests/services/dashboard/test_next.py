"""The page What to watch next."""

from __future__ import annotations

import re

from netflix_trend.participant.not_for_me import not_for_me
from tests.services.dashboard.participant import HISTORY, Person

EXPORT = HISTORY + "".join(
    f'"{show}: Season 1: Episode {number}","1/1{number}/26"\n' for show in ("Mindhunter", "Narcos") for number in (1, 2)
)


def titles(text: str) -> list[str]:
    return re.findall(r"<h2><bdi>(.*?)</bdi></h2>", text)


def test_shows_are_recommended_with_reasons(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    text = newcomer.page("/next")
    assert len(titles(text)) == 10
    assert {"Mindhunter", "Narcos"}.isdisjoint(titles(text))
    assert "of the genre crime" in text
    assert "No group is behind this yet" in text
    assert "Your taste is taken from 2 titles" in text


def test_before_an_import_it_is_the_order_of_popularity(newcomer: Person) -> None:
    text = newcomer.page("/next")
    assert len(titles(text)) == 10
    assert "your history says nothing for or against it" in text


def test_what_is_not_wanted_is_put_aside_and_taken_back(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    first = titles(newcomer.page("/next"))[0]
    assert newcomer.form("/next", "/next/aside")["title"][0] == first
    assert "will not be recommended any more" in newcomer.done("/next/aside", {"title": first})
    assert not_for_me(newcomer.settings.private_dir) == (first,)
    assert first not in titles(newcomer.page("/next"))
    assert newcomer.form("/next", "/next/again") == {"title": [first]}
    assert "may be recommended again" in newcomer.done("/next/again", {"title": first})
    assert first in titles(newcomer.page("/next"))
    assert "This show is not on your list" in newcomer.done("/next/again", {"title": first})
    assert "Nothing was changed" in newcomer.done("/next/aside", {"title": ""})


def test_titles_are_text_and_never_markup(newcomer: Person) -> None:
    said = newcomer.done("/next/aside", {"title": "<b>Bold</b>"})
    assert "<b>Bold" not in said
    assert "&lt;b&gt;Bold&lt;/b&gt;" in newcomer.page("/next")


def test_in_a_group_the_shares_are_its_own(person: Person) -> None:
    text = person.page("/next")
    assert "answers of participants (2026-W" in text
    assert "of participants name it in a week, give or take" in text
