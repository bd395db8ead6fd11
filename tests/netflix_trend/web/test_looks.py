"""Colours hold for everybody: contrast is measured as people with each kind of colour blindness see it.

Matrices for a missing cone: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
Vision Deficiency", IEEE TVCG 15(6), 2009, severity 1.0, on linear RGB. Contrast: WCAG 2.2, "contrast ratio"; text needs
4.5 (1.4.3), marks need 3 (1.4.11).
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.history import review_picture
from netflix_trend.published import year_picture
from netflix_trend.web.looks import looks

ROOT = Path(__file__).parents[3]
SEEN_BY = {
    "everybody else": np.eye(3),
    "protanopes": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopes": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopes": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TEXTS = [
    *((name, ground) for name in ("ink", "soft", "link") for ground in ("paper", "ground", "raised")),
    *((name, "paper") for name in ("alert", "good", "warn")),
    *(("ink", f"{name}back") for name in ("good", "bad", "warn")),
    *(("alert", "badback"), ("good", "goodback"), ("warn", "warnback")),
    *((name, "stage") for name in ("onstage", "hush", "glow", "glowtext")),
    ("onbutton", "button"),
]
MARKS = ("brand", "bar", "second", "third", "mine", "world", "noise", "heat1", "heat2", "heat3", "heat4")
# Episodes, films and what is unknown lie on each other; others' columns lie beside one's own. A mark of the colour of
# ink lies on bars of the world.
NEIGHBOURS = [("bar", "second"), ("second", "third"), ("bar", "mine"), ("world", "ink")]
ON_STAGE = ("pale", "glow", "ring")
# All four shades together have to fit between the paper and black or white, so a step is smaller.
SHADE = 1.5


def colors(scheme: str) -> dict[str, str]:
    """Return the style sheet's colours in one scheme, by name."""
    light, dark = re.findall(r":root \{([^}]*)\}", looks())
    found = {
        scheme: dict(re.findall(r"--(\w+): (#\w+)", block)) for scheme, block in (("light", light), ("dark", dark))
    }
    return {**found["light"], **found[scheme]}


def luminance(color: str, seen_by: str) -> float:
    """Return the relative luminance (WCAG 2.2) of a colour such as #fff, as somebody sees it."""
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    channels = np.array([int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(np.array([0.2126, 0.7152, 0.0722]) @ np.clip(SEEN_BY[seen_by] @ linear, 0, 1))


def contrast(one: str, other: str, seen_by: str = "everybody else") -> float:
    darker, lighter = sorted(luminance(color, seen_by) for color in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def too_weak(pairs: list[tuple[str, str]], needed: float, scheme: str) -> list[str]:
    known = colors(scheme)
    return [
        f"{one} on {other}, as {people} see it: {found:.2f}"
        for one, other in pairs
        for people in SEEN_BY
        if (found := contrast(known[one], known[other], people)) < needed
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_marks_and_neighbours_are_told_apart_by_everybody(scheme: str) -> None:
    assert too_weak(TEXTS, 4.5, scheme) == []
    assert too_weak([(mark, "paper") for mark in MARKS], 3, scheme) == []
    assert too_weak([(mark, "stage") for mark in ON_STAGE], 3, scheme) == []
    assert too_weak(NEIGHBOURS, 3, scheme) == []
    assert too_weak([*pairwise(("heat1", "heat2", "heat3", "heat4"))], SHADE, scheme) == []


def test_the_picture_to_share_has_the_colours_of_the_stage() -> None:
    known = colors("light")
    assert {name: known[name] for name in review_picture.COLORS} == review_picture.COLORS
    for name in ("onstage", "hush"):
        assert all(contrast(known[name], review_picture.PANEL, people) >= 4.5 for people in SEEN_BY)


def test_the_picture_of_a_group_has_the_colours_of_the_dark_page() -> None:
    known = colors("dark")
    assert {name: known[name] for name in year_picture.COLORS} == year_picture.COLORS
    assert too_weak([(name, "paper") for name in ("ink", "soft", "link")], 4.5, "dark") == []
    # Lines of intervals lie on bars, and bars on the paper.
    assert too_weak([("bar", "paper"), ("ink", "bar"), ("ink", "paper")], 3, "dark") == []
    drawn = Path(str(year_picture.__file__)).read_text("utf-8")
    assert set(re.findall(r"#[\da-f]{6}", drawn)) == set(year_picture.COLORS.values())


def test_the_measure_is_the_published_one_and_finds_weak_pairs() -> None:
    assert contrast("#fff", "#000") == pytest.approx(21)
    # The example of the guide to 1.4.3: the lightest grey that may be text on white.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    # Red and green of the same lightness: apart for most people, nearly one colour for deuteranopes.
    assert contrast("#b3162a", "#8a6d00", "deuteranopes") < 1.3
    assert all(contrast("#fff", "#000", people) == pytest.approx(21, abs=0.1) for people in SEEN_BY)


def test_every_scheme_has_every_colour_and_no_other_style_sheet_has_its_own() -> None:
    light, dark = (set(re.findall(r"--(\w+):", block)) for block in re.findall(r":root \{([^}]*)\}", looks()))
    assert light == dark
    assert {*MARKS, *ON_STAGE, *(name for pair in (*TEXTS, *NEIGHBOURS) for name in pair)} <= light
    for path in sorted((ROOT / "services").rglob("*.css")):
        text = path.read_text("utf-8")
        raw = re.findall(r":[^;{}]*#[\da-f]{3,8}\b", text)
        assert raw == [], f"{path}: colours are in looks.css, where they are measured"
        assert set(re.findall(r"var\(--([\w-]+)", text)) <= light | set(re.findall(r"--([\w-]+):", text)), path
