"""What of a page's hooks may be told: nothing about the person."""

from __future__ import annotations

import random
import re
import string

import pytest

from services.scraper.page_hooks import reduced
from services.scraper.page_selectors import SELECTORS


def told(*values, shown=(), name="", wanted=""):
    found = {"path": "/browse", "name": name, "values": list(values), "shown": list(shown)}
    return reduced(found, wanted)[1:]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("profile-selector+tile-ABCDEFGHIJKLMNOPQRSTUVWX12", "profile-selector+tile-*"),
        ("profile-selector+tile-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "profile-selector+tile-*"),
        ("profile-selector+tile-ABC123+lock", "profile-selector+tile-*+lock"),
        ("usePasswordInsteadHelpMenuItem", "usePasswordInsteadHelpMenuItem"),
        ("account-mfa-button-OTP_EMAIL", "account-mfa-button-OTP_EMAIL"),
        ("chronicle-export+cta", "chronicle-export+cta"),
        ("top-10-card", "top-*-card"),
        ("someone@example.org", "*"),
        ("card-Caf%C3%A9", "*"),
        ("card-Löwe", "card-*"),
        ("title:80100172", "title:*"),
        ("aBcDeFgH-row", "*-row"),
    ],
)
def test_only_words_are_kept(value, expected):
    assert told(value) == (() if expected == "*" else (expected,))


def test_what_the_page_shows_is_left_out_unless_it_is_a_word_of_the_trade():
    shown = ("anna", "roma", "download", "profile", "something", "new")
    assert told("profile-anna", "profile-Anna", "cardRoma", "download-all", "somethingNew", shown=shown) == (
        "download-all", "profile-*",
    )  # fmt: skip


def test_a_name_is_left_out_even_within_a_word():
    assert told("profile-annalena", "profile-button", name="Anna Lena") == ("profile-*", "profile-button")
    assert told("profile-annalena", wanted="Anna") == ("profile-*",)
    assert told("profile-button", wanted="Profile") == ("profile-button",), "this tells that hooks are called so"


def test_the_path_is_reduced_too_and_equal_hooks_are_one():
    found = {"path": "/settings/viewed/ABC123DEF", "name": "", "values": ["tile-A1", "tile-B2"], "shown": []}
    assert reduced(found) == ("/settings/viewed/*", "tile-*")


def test_no_guid_ever_passes():
    seeded = random.Random(7)
    for _ in range(3000):
        guid = "".join(seeded.choices(string.ascii_uppercase + string.digits, k=26))
        assert told(f"profile-selector+tile-{guid}") == ("profile-selector+tile-*",)


def test_every_hook_of_ours_passes_even_where_the_page_shows_its_words():
    hooks = {
        hook for group in SELECTORS.values() for one in group for hook in re.findall(r'data-uia[*^]?="([^"]+)"', one)
    }
    shown = [word.lower() for hook in hooks for word in re.findall(r"[A-Za-z][a-z]*", hook)]
    assert set(told(*hooks, shown=shown)) == hooks


def test_a_page_with_very_many_hooks_is_cut():
    letters = string.ascii_lowercase
    found = told(*[f"hook{a}{b}" for a in letters for b in letters])
    assert len(found) == 80
