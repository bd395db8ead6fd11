"""Titles are searched and excluded on the page My viewing."""

from __future__ import annotations

from netflix_trend.history.exclusions import read_exclusions
from tests.services.dashboard.participant import HISTORY, Person

EXPORT = HISTORY + "".join(
    f'"{title}","{day}"\n'
    for title, day in [
        ("Roma", "1/13/26"),
        ("Roma", "1/15/26"),
        ("Dark: Season 1: Secrets", "1/14/26"),
        ("Dark: Season 1: Lies", "1/14/26"),
        ("<b>Bold</b> & Co", "1/16/26"),
    ]
)


def test_a_title_is_searched_excluded_and_included_again(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    found = newcomer.page("/viewing?search=ROM")
    assert "1 result." in found
    assert "2 views, 13 to 15 January 2026" in found
    assert newcomer.form("/viewing?search=ROM", "/viewing/exclude") == {
        "what": ["title"],
        "name": ["Roma"],
        "day": [""],
    }

    text = newcomer.done("/viewing/exclude", {"what": "title", "name": "Roma", "day": ""})
    assert "Excluded: Roma. Answers that have left stay as they are" in text
    assert "Nothing matches" in newcomer.page("/viewing?search=roma")
    assert "3 views on this machine" in newcomer.page("/")
    assert "2 excluded by you" in newcomer.page("/")

    assert newcomer.form("/viewing", "/viewing/include") == {"number": ["1"]}
    assert "Included again: Roma." in newcomer.done("/viewing/include", {"number": "1"})
    assert "5 views on this machine" in newcomer.page("/")


def test_one_day_or_a_whole_show_is_excluded(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    day = {"what": "title", "name": "Roma", "day": "2026-01-15"}
    assert "Excluded: Roma on 15 January 2026." in newcomer.done("/viewing/exclude", day)
    assert "excluded already" in newcomer.done("/viewing/exclude", day)
    assert "The show <b><bdi>Dark</bdi></b>" in newcomer.page("/viewing?search=dark")
    assert "Excluded: the show Dark." in newcomer.done("/viewing/exclude", {"what": "show", "name": "Dark"})
    assert "2 views on this machine" in newcomer.page("/")
    assert "Dark" not in newcomer.page("/viewing").partition('id="search"')[0]


def test_everything_excluded_can_still_be_included_again(newcomer: Person) -> None:
    newcomer.upload(HISTORY + '"Roma","1/13/26"\n')
    newcomer.done("/viewing/exclude", {"what": "title", "name": "Roma"})
    assert newcomer.form("/viewing", "/viewing/include") == {"number": ["1"]}


def test_a_title_is_text_and_never_markup(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    page = newcomer.page("/viewing?search=%3Cb%3Ebold")
    assert "<b>Bold" not in page
    assert newcomer.form("/viewing?search=bold", "/viewing/exclude")["name"] == ["<b>Bold</b> & Co"]
    newcomer.done("/viewing/exclude", {"what": "title", "name": "<b>Bold</b> & Co"})
    assert "<b>Bold" not in newcomer.page("/viewing")
    assert "4 views on this machine" in newcomer.page("/")


def test_bad_forms_change_nothing(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    for form in ({"name": ""}, {"name": "x" * 10_001}, {"name": "Roma", "day": "soon"}):
        assert "Nothing was changed" in newcomer.done("/viewing/exclude", {"what": "title", **form})
    for number in ("", "7", "x", "9" * 20):
        text = newcomer.done("/viewing/include", {"number": number})
        assert "excluded under" in text
    assert read_exclusions(newcomer.settings.private_dir) == ()


def test_a_damaged_list_is_said_and_nothing_is_used(newcomer: Person) -> None:
    newcomer.upload(EXPORT)
    (newcomer.settings.private_dir / "exclusions.json").write_text("damaged")
    for page in ("/", "/viewing", "/health"):
        assert "exclusions.json on the private volume is damaged" in newcomer.page(page)
    assert "damaged" in newcomer.done("/viewing/exclude", {"what": "title", "name": "Roma"})
    assert "damaged" in newcomer.done("/viewing/include", {"number": "1"})
