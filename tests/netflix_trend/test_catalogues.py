"""The catalogues hold exactly the texts that are marked in the code, translated as a whole."""

from __future__ import annotations

import ast
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from netflix_trend.cli.words import files, marked_texts, po_of
from netflix_trend.language import LANGUAGES, WRITTEN, spoken, translations_of
from netflix_trend.told_again import told_again

ROOT = Path(__file__).parents[2]
TRANSLATED = [code for code in LANGUAGES if code != WRITTEN]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
TAG = re.compile(r"</?\w[^>]*>")
MARKS = {"_", "gettext", "marked", "ngettext"}


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return marked_texts(ROOT)


def read(code: str) -> Catalog:
    with po_of(code).open("rb") as file:
        return read_po(file, locale=code)


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def test_the_catalogues_hold_what_is_marked_and_are_compiled(texts: Catalog) -> None:
    marked = {message.id for message in texts if message.id}
    assert len(marked) > 500
    for code in TRANSLATED:
        found = {message.id for message in read(code) if message.id}
        assert marked - found == set(), f"{code}: run ./run.sh words"
        assert found - marked == set(), f"{code}: run ./run.sh words"
    for path, content in files(ROOT).items():
        if path.suffix == ".mo":
            with path.open("rb") as file:
                assert GNUTranslations(file)._catalog == _compiled(content), f"{path}: run ./run.sh words"  # type: ignore[attr-defined]
        else:
            assert path.read_bytes() == content, f"{path}: run ./run.sh words"


def _compiled(content: bytes) -> dict[object, str]:
    import io

    return GNUTranslations(io.BytesIO(content))._catalog  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_keep_values_and_tags(code: str) -> None:
    for message in read(code):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        originals, said = forms(message.id), forms(message.string)
        for one in filter(None, said):
            for pattern in (PLACEHOLDER, TAG):
                found = sorted(pattern.findall(one))
                # The form for one may say "one" instead of its number.
                wanted = [sorted(pattern.findall(original)) for original in originals]
                if len(originals) > 1 and pattern is PLACEHOLDER:
                    wanted += [sorted(set(each) - {"%(num)s"}) for each in wanted]
                assert found in wanted, (message.id, one)
            if PLACEHOLDER.search(originals[-1]):
                assert re.fullmatch(r"(?:[^%]|%%|%\(\w+\)s)*", one), (message.id, one)


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_form_has_a_value_for_each_placeholder(code: str) -> None:
    catalogue = read(code)
    assert catalogue.num_plurals == 2
    for message in catalogue:
        if isinstance(message.id, tuple):
            assert len(forms(message.string)) == catalogue.num_plurals, message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated(code: str) -> None:
    missing = [message.id for message in read(code) if message.id and not all(forms(message.string))]
    assert missing == [], f"{po_of(code)}: {len(missing)} texts are not translated"


def test_only_texts_that_can_be_found_are_marked() -> None:
    """A text that is put together, or stands inside of an f-string, is in no catalogue."""
    for path in [*(ROOT / "netflix_trend").rglob("*.py"), *(ROOT / "services").rglob("*.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                assert node.args, where
                assert not isinstance(node.args[0], ast.JoinedStr | ast.BinOp), where
                if node.func.id == "marked":
                    assert isinstance(node.args[0], ast.Constant), where
                for argument in node.args:
                    marks = [call for call in ast.walk(argument) if _is_mark(call)]
                    assert not marks, f"{where}: a text that is marked inside of another one is not found"
            if isinstance(node, ast.JoinedStr):
                constants = [call for call in ast.walk(node) if _is_mark(call)]
                assert not constants, f"{where}: a text that is marked inside of an f-string is not found"


def _is_mark(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in MARKS
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
    )


def test_english_is_what_is_written() -> None:
    assert translations_of(WRITTEN).gettext("Nothing matches.") == "Nothing matches."
    assert translations_of("xx").gettext("Nothing matches.") == "Nothing matches."


def test_a_stored_sentence_is_told_again() -> None:
    from tests.services.dashboard.invented import Invented

    sentences = {
        "each person is asked one week in 4": "⟦each person is asked one week in ⟧4",
        "1,204 rows of days after the file was made: check the dates": (
            "1.204⟦ rows of days after the file was made: check the dates⟧"
        ),
        "This is a picture (PNG), not an export. Give NetflixViewingHistory.csv or ViewingActivity.csv as Netflix "
        "delivered it.": (
            "⟦this is ⟧⟦a picture (PNG)⟧⟦, not an export. ⟧⟦Give NetflixViewingHistory.csv or "
            "ViewingActivity.csv as Netflix "
            "delivered it.⟧"
        ),
        "nobody has marked this": "nobody has marked this",
        "": "",
    }
    with spoken(Invented()):
        assert {sentence: told_again(sentence) for sentence in sentences} == sentences
    assert {told_again(sentence) for sentence in sentences} == set(sentences), "English stays as it is"
