"""The catalogues of languages, made from the texts that are marked in the code (docs/languages.md)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from netflix_trend.language import LANGUAGES, TRANSLATIONS, WRITTEN

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

# Where texts for people are, and how they are marked there.
_FOLDERS = ("netflix_trend", "services")
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/site/**.html", "jinja2")]
_KEYWORDS = {"_": None, "gettext": None, "marked": None, "ngettext": (1, 2)}
# Babel's rules also have a form for whole millions, which no text here needs.
_PLURALS = {"es": "(n != 1)", "pt": "(n > 1)"}
# A catalogue has no times of its own: Git knows them, and two branches would differ by them alone.
_NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_NEEDLESS = re.compile(
    rb'^"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team'
    rb"|Generated-By): .*\n",
    re.MULTILINE,
)


def marked_texts(root: Path) -> Catalog:
    """Return the texts that are marked in the code below a folder, each with the files that it is in."""
    from babel.messages.catalog import Catalog

    found = Catalog(project="Netflix Trend", charset="utf-8", creation_date=_NO_TIME, revision_date=_NO_TIME)
    for path, message in _extracted(root):
        found.add(message, locations=[(path, 0)])
    return found


def _extracted(root: Path) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    from babel.messages.extract import extract_from_dir

    for folder in _FOLDERS:
        options = {pattern: {"silent": "false"} for pattern, method in _METHODS if method == "jinja2"}
        for name, _line, message, _comments, _context in extract_from_dir(root / folder, _METHODS, options, _KEYWORDS):
            yield f"{folder}/{Path(name).as_posix()}", message


def catalogue(code: str, texts: Catalog, folder: Path = TRANSLATIONS) -> Catalog:
    """Return the catalogue of a language with exactly these texts: translated as before, empty where they are new."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = po_of(code, folder)
    if path.is_file():
        with path.open("rb") as file:
            known = read_po(file, locale=code)
    else:
        known = Catalog(locale=code)
    if code in _PLURALS:
        # Babel reads them from the head of a file, and has no other way of setting them.
        known.mime_headers = [("Plural-Forms", f"nplurals=2; plural={_PLURALS[code]};")]
    known.project = texts.project
    known.fuzzy = False
    known.creation_date = known.revision_date = _NO_TIME
    # A text that changed is translated again: what resembles it may say something else.
    known.update(texts, no_fuzzy_matching=True)
    known.obsolete.clear()
    for message in known:
        if not any(message.string or ()):  # nothing is there to be unsure about
            message.flags.discard("fuzzy")
    return known


def po_of(code: str, folder: Path = TRANSLATIONS) -> Path:
    """Return the file in which a language is translated."""
    return folder / code / "LC_MESSAGES" / "messages.po"


def files(root: Path, folder: Path = TRANSLATIONS) -> Mapping[Path, bytes]:
    """Return the content of each file of the catalogues: what translators edit, and what programs read."""
    texts, found = marked_texts(root), {}
    for code in LANGUAGES:
        if code != WRITTEN:
            one, path = catalogue(code, texts, folder), po_of(code, folder)
            found[path], found[path.with_suffix(".mo")] = _po(one), _mo(one)
    return found


def _po(one: Catalog) -> bytes:
    from babel.messages.pofile import write_po

    one.header_comment = f"# Netflix Trend in {LANGUAGES[str(one.locale)]}. How to translate: docs/languages.md"
    out = io.BytesIO()
    # Line numbers would change with every commit.
    write_po(out, one, width=100, sort_output=True, include_lineno=False)
    return _NEEDLESS.sub(b"", out.getvalue())


def _mo(one: Catalog) -> bytes:
    from babel.messages.mofile import write_mo

    out = io.BytesIO()
    write_mo(out, one)
    return out.getvalue()
