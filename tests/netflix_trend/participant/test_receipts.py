"""What a receipt of a withdrawal promises."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netflix_trend.participant.receipts import keep_receipt, read_receipts, receipt
from netflix_trend.periods.weeks import Week

NEWEST = Week.parse("2026-W46")
NOW = datetime(2026, 11, 20, 9, 30, 1, 5, tzinfo=UTC)


def test_what_is_published_of_open_rounds_and_of_closed_ones_may_stay() -> None:
    one = receipt(["2026-W44", "2026-W40", "2026-W36"], {"manifest.json": "0" * 64}, NEWEST, NOW)
    assert one.counted_again == ("2026-W44",)
    assert one.kept == ("2026-W36", "2026-W40")
    assert one.first_round_without == "2026-W45", "nothing of this person is in it or any later one"
    assert "2026-W36 to 2026-W40" in one.sentence
    assert "Your last answer in statistics is about 2026-W44" in one.sentence
    assert "2026-W44: your answer is not counted any more" in one.sentence
    assert "together with others" in one.sentence


def test_the_round_that_closed_last_is_counted_again_and_the_one_before_is_not() -> None:
    one = receipt(["2026-W42", "2026-W41"], {}, NEWEST, NOW)
    assert one.counted_again == ("2026-W42",)
    assert one.kept == ("2026-W41",)
    assert one.first_round_without == "2026-W43"


def test_what_operators_have_summed_stays_in_their_statistics() -> None:
    one = receipt(["2026-W40"], {}, NEWEST, NOW, ["2026-W46", "2026-W43"])
    assert one.summed == ("2026-W43", "2026-W46")
    assert one.first_round_without == "2026-W47", "the report is in the sums of the weeks before"


def test_a_round_that_is_no_week_keeps_nobody_from_withdrawing() -> None:
    one = receipt([], {}, NEWEST, NOW, ["2026-Q3", "2026-W99"])
    assert (one.summed, one.first_round_without) == (("2026-Q3", "2026-W99"), "2026-W42")


def test_without_an_answer_nothing_is_written() -> None:
    one = receipt([], {}, NEWEST, NOW)
    assert (one.counted_again, one.kept, one.first_round_without) == ((), (), "2026-W42")
    assert one.sentence == (
        "Withdrawn on 20 November 2026: 0 files were removed from your datasite. "
        "No statistics contain an answer of yours."
    )


@pytest.mark.parametrize(
    ("answered", "summed"),
    [
        ([], []),
        (["2026-W44"], []),
        (["2026-W36", "2026-W40", "2026-W44"], []),
        ([], ["2026-W43", "2026-W45"]),
        (["2026-W40"], ["2026-W46"]),
    ],
)
@pytest.mark.parametrize("is_over", [False, True])
def test_a_receipt_names_no_week_that_was_not_answered(
    answered: list[str], summed: list[str], *, is_over: bool
) -> None:
    said = receipt(answered, {}, NEWEST, NOW, summed).told(is_over=is_over)
    assert set(re.findall(r"\d{4}-W\d\d", said)) <= {*answered, *summed}


@pytest.mark.parametrize("state", ["unseen", "waiting", "noticed"])
def test_after_joining_again_a_receipt_is_of_the_past(state: str) -> None:
    one = receipt(["2026-W44"], {}, NEWEST, NOW).model_copy(update={"syftbox": state, "noticed_at": NOW})
    assert "SyftBox" in one.sentence
    said = one.told(is_over=True)
    assert "You have decided otherwise since" in said
    assert "SyftBox" not in said, "what readers have now is another matter"


def test_receipts_are_kept_in_their_order_and_a_damaged_one_is_left_out(tmp_path: Path) -> None:
    assert read_receipts(tmp_path) == []
    later = receipt([], {}, NEWEST, NOW.replace(year=2027))
    keep_receipt(tmp_path, later)
    path = keep_receipt(tmp_path, receipt([], {}, NEWEST, NOW))
    assert path.name == "20261120T093001Z.json"
    assert [one.withdrawn_at.year for one in read_receipts(tmp_path)] == [2026, 2027]
    path.write_text("{")
    assert read_receipts(tmp_path) == [later]


# --- What SyftBox has noticed

REMOVED = {"manifest.json": "0" * 64}


def test_a_receipt_says_that_readers_still_have_copies_until_syftbox_has_noticed() -> None:
    first = receipt([], REMOVED, NEWEST, NOW)
    waiting = first.confirmed(REMOVED, (), (), NOW)
    assert "has not synced since: readers still have their copies" in waiting.sentence
    assert waiting.confirmed({}, ["manifest.json"], None, NOW) == waiting
    assert waiting.confirmed({}, (), ["manifest.json"], NOW) == waiting
    noticed = waiting.confirmed({}, (), (), NOW)
    assert "had noticed that by 20 November 2026, 09:30 UTC" in noticed.sentence
    assert noticed.confirmed({}, (), (), NOW.replace(year=2027)) == noticed
    assert noticed.confirmed({}, (), None, NOW) == noticed


def test_what_comes_back_is_removed_again_and_waited_for_again() -> None:
    noticed = receipt([], REMOVED, NEWEST, NOW).confirmed(REMOVED, (), (), NOW).confirmed({}, (), (), NOW)
    again = noticed.confirmed({"late.json": "1" * 64}, (), (), NOW)
    assert set(again.removed) == {"manifest.json", "late.json"}
    assert (again.syftbox, again.noticed_at) == ("waiting", None)


def test_where_nothing_can_be_seen_the_receipt_says_so() -> None:
    unseen = receipt([], REMOVED, NEWEST, NOW).confirmed(REMOVED, (), None, NOW)
    assert "which cannot be seen from here" in unseen.sentence
    assert unseen.confirmed({}, (), None, NOW) == unseen
    assert unseen.confirmed({}, (), (), NOW).syftbox == "noticed"


def test_without_a_removed_file_nothing_is_waited_for() -> None:
    one = receipt([], {}, NEWEST, NOW)
    assert one.confirmed({}, (), None, NOW) == one.confirmed({}, (), (), NOW) == one
    assert "SyftBox" not in one.sentence


def test_a_receipt_of_before_is_read_and_promises_nothing_new(tmp_path: Path) -> None:
    path = keep_receipt(tmp_path, receipt([], REMOVED, NEWEST, NOW))
    old = json.loads(path.read_text())
    del old["syftbox"], old["noticed_at"]
    path.write_text(json.dumps(old))
    (one,) = read_receipts(tmp_path)
    assert "SyftBox" not in one.sentence
