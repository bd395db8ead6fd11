"""Services reach a participant's files through `participant.participant`, and through nothing below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "services").rglob("*.py"), *(ROOT / "netflix_trend" / "cli").rglob("*.py")])
# What puts files into the private or the publisher's volume, reads them from there, or decides what is out of date.
BELOW = {
    "netflix_trend.history.raw": {"RawStore", "opened"},
    "netflix_trend.history.tables": {"rebuild", "rebuild_all"},
    "netflix_trend.history.freshness": {"freshness", "digest_of", "write_built_from"},
    "netflix_trend.history.encodings": {"load_encodings", "save_encodings"},
    "netflix_trend.participant.choices": {"read_choices", "choose", "before_limits", "write_choices", "ask_again"},
    "netflix_trend.participant.ledger": {"read_ledger", "open_ledger"},
    "netflix_trend.participant.publishing": {"publish_with"},
    "netflix_trend.participant.receipts": {"read_receipts", "keep_receipt"},
    "netflix_trend.participant.releases": {"published_rounds", "witnessed_rounds", "restore_published", "publish_due"},
    "netflix_trend.participant.status": {"read_status", "write_status"},
}
# Invented people have neither settings nor a history: the demo answers for them. It plays many weeks with one file, as
# if a new one had come in each.
ALLOWED = {
    *(("services/demo/network.py", name) for name in ("publish_due", "load_encodings", "save_encodings")),
    # `read` opens a file as an import does, and keeps nothing.
    ("services/processor/importing.py", "opened"),
}


def below(source: str) -> set[str]:
    """Return what a module imports of BELOW, also as a whole module."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if alias.name in BELOW.get(node.module, ()):
                    found.add(alias.name)
                if f"{node.module}.{alias.name}" in BELOW:
                    found.add(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in BELOW}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_services_call_the_participant_and_nothing_below_it(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    assert {one for one in below(path.read_text("utf-8")) if (name, one) not in ALLOWED} == set()


def test_an_import_from_below_is_found() -> None:
    assert below("from netflix_trend.participant.ledger import Entry, read_ledger") == {"read_ledger"}
    assert below("def f():\n    from netflix_trend.history.raw import RawStore") == {"RawStore"}
    assert below("from netflix_trend.participant import ledger") == {"netflix_trend.participant.ledger"}
    assert below("import netflix_trend.history.tables") == {"netflix_trend.history.tables"}
    assert below("from netflix_trend.participant import participant") == set()
    for module, names in BELOW.items():
        source = (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8")
        assert names <= {one.name for one in ast.parse(source).body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
