"""Our words for the Go generation's rules give the decisions of the table, and what a server remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.netflix_trend.syftbox.go_rules import BOB, CAROL, GO_FILE, TABLE, GoRules, Row, readers, ruleset


@pytest.mark.parametrize("row", TABLE, ids=[row.what for row in TABLE])
def test_the_table(row: Row, tmp_path: Path) -> None:
    assert GoRules.of(row.written(tmp_path)).allows(row.path, row.user, row.level) is row.allowed


def test_a_replaced_ruleset_acts_at_once_and_a_removed_one_leaves_it_to_the_outer_one() -> None:
    rules = GoRules("alice@example.org")
    rules.put("", ruleset(("**", readers(BOB))))
    rules.put("a", ruleset(("**", readers(CAROL)), terminal=True))
    assert not rules.allows("a/x.json", BOB)
    rules.put("a", ruleset(("**", readers(BOB, CAROL))))
    assert rules.allows("a/x.json", BOB)
    rules.remove("a")
    assert rules.allows("a/x.json", BOB)
    assert not rules.allows("a/x.json", CAROL)


def test_a_removed_terminal_ruleset_goes_on_hiding_those_below() -> None:
    rules = GoRules("alice@example.org")
    rules.put("", ruleset(("**", readers(BOB))))
    rules.put("a", ruleset(("**", readers()), terminal=True))
    rules.put("a/b", ruleset(("**", readers(CAROL))))
    rules.remove("a")
    assert rules.allows("a/b/x.json", BOB)
    assert not rules.allows("a/b/x.json", CAROL)


def test_a_list_is_no_ruleset(tmp_path: Path) -> None:
    (tmp_path / GO_FILE).write_text("- {pattern: '**'}\n")
    with pytest.raises(ValueError, match="list"):
        GoRules.of(tmp_path)
