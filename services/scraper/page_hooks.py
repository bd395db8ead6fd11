"""What a maintainer needs of a page that is not known: the names that its developers gave to its parts.

They are values of `data-uia`, of which some hold GUIDs, and could hold names or titles. So only words of Latin letters
are kept, and one that the page also shows to the person only if it is a word of the trade, as our own selectors use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.scraper.page_selectors import SELECTORS

# `shown`: every word of the page's text, hidden parts included, of what it says to screen readers, and of the active
# profile's name. Values of inputs are not read.
HOOKS_SCRIPT = """
const texts = [];
const walk = document.createTreeWalker(document.body || document, NodeFilter.SHOW_TEXT);
while (texts.length < 50000 && walk.nextNode()) {
  if (!['SCRIPT', 'STYLE'].includes(walk.currentNode.parentNode.nodeName)) texts.push(walk.currentNode.data);
}
const parts = [...document.querySelectorAll('[data-uia]')].slice(0, 5000);
const said = [...document.querySelectorAll('[alt], [aria-label], [title]')].slice(0, 5000).flatMap(
  (e) => ['alt', 'aria-label', 'title'].map((name) => e.getAttribute(name) || ''));
const data = window.netflix?.reactContext?.models?.userInfo?.data ?? {};
const text = [document.title, data.name || '', ...said, ...texts].join(' ').slice(0, 2000000);
return {
  path: location.pathname.slice(0, 200), name: String(data.name || '').slice(0, 200),
  values: [...new Set(parts.map((e) => e.dataset.uia.slice(0, 200)))].slice(0, 1000),
  shown: [...new Set(text.toLowerCase().match(/\\p{L}+/gu) || [])],
};
"""
_MAX_HOOKS = 80
_MAX_LENGTH = 80
_LONGEST_PART = 40
_WORD = re.compile(r"[a-z]+|[A-Z](?:[a-z]+|[A-Z]*(?![a-z]))")
_PART = re.compile(r"[^-+_/.: ]+")
# Words of buttons and lists, in addition to those of our selectors: they say what a part is, and nothing about people.
_TRADE = """
    account action active add all back banner billing block body box btn button cancel card cell chooser close col
    column container content continue cookie cta date delete description details device dialog disclosure done dropdown
    edit email empty entry error export field file filter footer form gate grid group header heading help hidden history
    home icon image info input item kids label language layout legal link list loading lock locked login logo main
    manage membership menu message mobile modal more nav navigation next notice number option order page pagination
    panel password phone pin plan play player popup previous primary privacy profile profiles progress prompt rating
    recent remove request resend restart retry root row save screen search secondary section security select selected
    selector send setting settings show sign signin signout skip sort spinner state status step submit subtitle switch
    tab table text tile time title toast toggle toolbar tooltip top update upgrade user verify video view viewed viewing
    warning
"""
_KNOWN = frozenset(re.findall(r"\w+", _TRADE)) | {
    word.lower() for group in SELECTORS.values() for selector in group for word in _WORD.findall(selector)
}


def reduced(found: Mapping[str, Any], name: str = "") -> tuple[str, ...]:
    """Return the path of a page and then its hooks, sorted; `*` stands for whatever was left out.

    found: what HOOKS_SCRIPT returned. name: of the wanted profile, which is left out, too. The result has no digits, no
    GUIDs, and no word that the page shows to the person unless it is a word of the trade. Equal hooks are one, so their
    number says nothing about profiles or titles.
    """
    shown = frozenset(found["shown"])
    names = frozenset(word.lower() for word in re.findall(r"\w{3,}", f"{name} {found['name']}"))
    hooks = sorted({_reduced(value, shown, names) for value in found["values"]})
    return (_reduced(found["path"], shown, names), *[hook for hook in hooks if hook.strip("*-+_/.: ")][:_MAX_HOOKS])


def _reduced(value: str, shown: frozenset[str], names: frozenset[str]) -> str:
    if "@" in value or "%" in value:  # an address, or text that is quoted
        return "*"
    return _PART.sub(lambda part: part[0] if _may_be_told(part[0], shown, names) else "*", value)[:_MAX_LENGTH]


def _may_be_told(part: str, shown: frozenset[str], names: frozenset[str]) -> bool:
    """Return whether a part between separators is made of words that tell nothing about the person."""
    words = [word.lower() for word in _WORD.findall(part)]
    if not part.isascii() or "".join(words) != part.lower() or len(part) > _LONGEST_PART:
        return False
    if part.lower() not in _KNOWN and any(name in part.lower() for name in names):
        return False
    # A GUID or a key, by chance without digits, has capitals alone or single letters.
    looks_random = part.isupper() or any(len(word) < 2 for word in words)
    if looks_random:
        return part.lower() in _KNOWN
    return all(word in _KNOWN or word not in shown for word in (part.lower(), *words))
