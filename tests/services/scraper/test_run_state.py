"""What opens a latch, when the next run is, and which rights files have."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.scraper.failures import CAUSES, Failure, Opens
from services.scraper.run_state import Latch, PasswordUsed, Plan, Result, Rows, RunState
from services.scraper.schedule import MIN_GAP, first_plan, plan_after

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)
# The catalogue of docs/scraper.md; a code that disappears from the code or from the page is noticed.
CODES = [
    "LOGIN_REJECTED",
    "CAPTCHA",
    "CODE_REQUIRED",
    "VERIFY_IDENTITY",
    "HOUSEHOLD",
    "SESSION_EXPIRED",
    "PASSWORD_MISSING",
    "NO_MEMBERSHIP",
    "PROFILE_NOT_FOUND",
    "PROFILE_AMBIGUOUS",
    "PROFILE_LOCKED",
    "WRONG_PROFILE",
    "LAYOUT_CHANGED",
    "RATE_LIMITED",
    "DOWNLOAD_STALLED",
    "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_FAILED",
    "DOWNLOAD_INVALID",
    "NET_ERROR",
    "QUEUE_DOWN",
    "NOT_STORED",
    "BROWSER_CRASH",
    "BROWSER_MISSING",
    "BROWSER_MISMATCH",
    "NO_SANDBOX",
    "SANDBOX_OFF",
    "TIME_OVER",
    "INTERNAL_ERROR",
]


def test_the_catalogue_is_complete_and_every_failure_says_what_to_do():
    assert sorted(CAUSES) == sorted(CODES)
    for cause in CAUSES.values():
        assert cause.sentence.endswith((".", "FILE", "login", "reset", "status")), cause.code
        assert cause.opens or cause.retries, f"{cause.code} would never be tried again"
    page = (Path(__file__).parents[3] / "docs" / "scraper.md").read_text()
    for code in CODES:
        assert f"| `{code}` |" in page


def test_a_sentence_carries_its_detail():
    assert Failure("CAPTCHA").sentence == CAUSES["CAPTCHA"].sentence
    assert Failure("DOWNLOAD_STALLED", "12 bytes").sentence.endswith("(12 bytes)")


@pytest.fixture
def state(tmp_path):
    return RunState(tmp_path)


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "password"
    file.write_text("one")
    return file


@pytest.mark.parametrize("code", CODES)
def test_a_latch_is_released_only_by_the_changes_that_its_cause_names(state, secret, code):
    def seen(*settings):
        return state.fingerprint(secret, *settings)

    before = seen("Me")
    latch = Latch(code=code, at=NOW, seen=before)
    assert latch.holds(before)
    opens = CAUSES[code].opens
    assert latch.holds(seen("Other")) is (Opens.SETTINGS not in opens)
    secret.write_text("longer")
    assert latch.holds(seen("Me")) is (Opens.SECRET not in opens)
    secret.unlink()
    before = state.fingerprint(None, "Me")
    latch = Latch(code=code, at=NOW, seen=before)
    state.jar_path.write_text("[]")
    assert latch.holds(state.fingerprint(None, "Me")) is (Opens.SESSION not in opens)
    newer = before.model_copy(update={"hooks": "2099-01-01"})
    assert latch.holds(newer) is (Opens.SELECTORS not in opens)


def test_a_latch_of_another_version_opens_when_anything_changes(state):
    seen = state.fingerprint(None, "Me")
    assert Latch(code="OF_THE_FUTURE", at=NOW, seen=seen).holds(seen)
    assert not Latch(code="OF_THE_FUTURE", at=NOW, seen=seen).holds(state.fingerprint(None, "Other"))


def test_state_files_are_private_and_damaged_ones_are_ignored(state):
    old = os.umask(0)
    try:
        state.write(Plan(next_run=NOW))
        state.write(Result(at=NOW, mode="cookies", code="OK"))
    finally:
        os.umask(old)
    for name in ("plan.json", "result.json"):
        assert (state.folder / name).stat().st_mode & 0o777 == 0o600
    assert state.read(Plan) == Plan(next_run=NOW)
    (state.folder / "plan.json").write_text("{")
    assert state.read(Plan) is None
    assert state.read(Latch) is None


def test_state_files_of_earlier_versions_are_read(state: RunState) -> None:
    """Names of files and fields are those of 0.1: a latch or a used password must survive an update."""
    seen = {"secret": "1-2", "session": "3-4", "settings": "ab", "hooks": "2026-01-01"}
    stored: dict[str, dict[str, object]] = {
        "latch": {"code": "CAPTCHA", "at": "2026-11-26T12:00:00Z", "seen": seen},
        "plan": {"next_run": "2026-11-26T12:00:00Z", "code": "RATE_LIMITED", "failures": 2, "rested": True},
        "result": {
            "at": "2026-11-26T12:00:00Z",
            "mode": "cookies",
            "state_trace": ["BROWSE", "ACTIVITY"],
            "code": "OK",
            "hooks_version": "2026-01-01",
            "rows": 7,
        },
        "rows": {"rows": 7, "settings": "ab"},
        "passwordused": {"secret": "1-2"},
    }
    for name, content in stored.items():
        (state.folder / f"{name}.json").write_text(json.dumps(content))
    latch = state.read(Latch)
    assert latch is not None
    assert (latch.code, latch.at, latch.seen.model_dump()) == ("CAPTCHA", NOW, seen)
    assert state.read(Plan) == Plan(next_run=NOW, code="RATE_LIMITED", failures=2, rested=True)
    result = state.read(Result)
    assert result is not None
    assert stored["result"].items() <= result.model_dump(mode="json").items()
    assert state.read(Rows) == Rows(rows=7, settings="ab")
    assert state.read(PasswordUsed) == PasswordUsed(secret="1-2")


def test_the_password_leaves_no_trace_but_when_its_file_was_written(state, secret):
    state.write(PasswordUsed(secret=state.fingerprint(secret).secret))
    status = secret.stat()
    expected = f'{{"schema_version":1,"secret":"{status.st_mtime_ns}-{status.st_size}"}}\n'
    assert (state.folder / "passwordused.json").read_text() == expected


def test_a_reset_opens_everything_and_keeps_the_sign_in(state):
    seen = state.fingerprint(None)
    for note in (
        Latch(code="CAPTCHA", at=NOW, seen=seen),
        Plan(next_run=NOW),
        PasswordUsed(secret="1-2"),
        Rows(rows=3),
    ):
        state.write(note)
    state.write(Result(at=NOW, mode="cookies", code="CAPTCHA"))
    state.jar_path.write_text("[]")
    state.reset()
    assert {path.name for path in state.folder.iterdir()} == {"cookies.json", "result.json"}


def test_two_runs_are_never_active_together(state):
    with state.only_one() as first, RunState(state.folder).only_one() as second:
        assert (first, second) == (True, False)
    with state.only_one() as third:
        assert third


# Schedule


def test_the_first_run_is_at_any_minute_of_a_week():
    seeded = random.Random(1).randrange
    waits = [first_plan(NOW, seeded).next_run - NOW for _ in range(2000)]
    assert min(waits) >= timedelta(0)
    assert max(waits) < 7 * DAY
    for part in range(7):
        share = sum(part * DAY <= wait < (part + 1) * DAY for wait in waits) / len(waits)
        assert 1 / 7 - 0.04 < share < 1 / 7 + 0.04


def test_a_good_run_is_followed_by_one_about_a_week_later():
    seeded = random.Random(2).randrange
    waits = [plan_after(None, "OK", NOW, seeded).next_run - NOW for _ in range(2000)]
    assert min(waits) >= max(MIN_GAP, timedelta(days=6.5))
    assert max(waits) <= timedelta(days=7.5)
    assert max(waits) - min(waits) > timedelta(hours=23)
    assert plan_after(Plan(next_run=NOW, code="NET_ERROR", failures=3), "EMPTY_HISTORY", NOW).failures == 0


def follow(code, times):
    plan, waits = None, []
    for _ in range(times):
        plan = plan_after(plan, code, NOW, lambda n: n // 2)
        waits.append(plan.next_run - NOW)
    return waits


def test_failures_are_tried_again_less_and_less_often():
    minute = timedelta(minutes=1)
    assert follow("NET_ERROR", 5) == [5 * minute, 30 * minute, 120 * minute, DAY, DAY]
    assert follow("RATE_LIMITED", 6) == [DAY, 2 * DAY, 4 * DAY, 7 * DAY, 7 * DAY, 7 * DAY]
    assert follow("DOWNLOAD_STALLED", 2) == [DAY, DAY]
    assert follow("LAYOUT_CHANGED", 2) == [DAY, 7 * DAY]
    assert follow("LOGIN_REJECTED", 2) == [7 * DAY, 7 * DAY], "latched: the schedule only pages whether it opened"


def test_another_failure_counts_from_one():
    plan = plan_after(Plan(next_run=NOW, code="NET_ERROR", failures=3), "RATE_LIMITED", NOW)
    assert (plan.failures, plan.next_run, plan.rested) == (1, NOW + DAY, True)


def test_only_failures_that_need_a_person_are_latched():
    latched = {code for code in CODES if CAUSES[code].wait(2) is None}
    assert latched == {
        "LOGIN_REJECTED", "CAPTCHA", "CODE_REQUIRED", "VERIFY_IDENTITY", "HOUSEHOLD", "SESSION_EXPIRED",
        "NO_MEMBERSHIP", "PROFILE_NOT_FOUND", "PROFILE_AMBIGUOUS", "PROFILE_LOCKED", "WRONG_PROFILE",
        "LAYOUT_CHANGED", "SANDBOX_OFF",
    }  # fmt: skip
    assert CAUSES["LAYOUT_CHANGED"].wait(1) == DAY
