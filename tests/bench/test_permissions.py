"""What the table of rules says about many people."""

from __future__ import annotations

import pytest

from bench.permissions import person, print_rules
from netflix_trend.names import DATASITE_NAME
from netflix_trend.syftbox.permissions import MOST_NAMED


def test_rules_for_any_number_of_people_have_the_same_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(person(999_999)) == 60
    assert DATASITE_NAME.fullmatch(person(7))
    for size in (MOST_NAMED, MOST_NAMED + 1, 100_000):
        print_rules(size)
    named, more, many = (line.replace(",", "").split() for line in capsys.readouterr().out.splitlines())
    assert named[1] == named[4], "each of them is named"
    assert more[1] == many[1]
    assert int(many[1]) < 1000 < int(named[1])
    assert int(many[5]) == 3, "files of 8 MB, if each were named"
