"""What the schedule makes of how its runs end, with processes that end at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.scraper.run_state import Latch, Plan, Result, RunState
from services.scraper.schedule import BUSY_EXIT_CODE, BUSY_WAIT, WEEK
from services.scraper.scheduled import ScheduledRuns

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Home:
    def __init__(self, folder, wait_for):
        self.state, self.wait_for, self.now = RunState(folder), wait_for, NOW
        self.runs = self.restarted()

    def restarted(self, script=""):
        command = ["/bin/sh", "-c", script, "sh", str(self.state.folder)]
        self.runs = ScheduledRuns(self.state.folder, command, lambda: self.now, lambda n: n // 2)
        return self.runs

    def run(self, script):
        """Let a run that is due end as a script does. Returns the next plan."""
        self.restarted(script).check()
        assert self.runs.running
        self.wait_for(lambda: self.runs.check() or not self.runs.running, "the run ends")
        return self.state.read(Plan)


@pytest.fixture
def home(tmp_path, temporary, wait_for):
    return Home(tmp_path, wait_for)


def test_a_run_that_dies_silently_is_planned_again_and_what_it_left_is_removed(home, temporary):
    left = temporary / "netflix-trend-browser-x"
    left.mkdir()
    home.state.write(Plan(next_run=NOW))
    assert home.run("exit 1") == Plan(next_run=NOW + DAY, code="INTERNAL_ERROR", failures=1)
    assert not left.exists()


def test_what_a_run_planned_stays(home):
    home.state.write(Plan(next_run=NOW))
    ended = Plan(next_run=NOW + WEEK, code="CAPTCHA", failures=1)
    assert home.run(f"echo '{ended.model_dump_json()}' > $1/plan.json") == ended


def test_a_run_that_is_due_while_somebody_signs_in_comes_soon_and_pauses_are_kept(home):
    before = Plan(next_run=NOW, code="RATE_LIMITED", failures=3, rested=True)
    home.state.write(before)
    after = home.run(f"exit {BUSY_EXIT_CODE}")
    assert after == before.model_copy(update={"next_run": NOW + BUSY_WAIT})


def test_a_machine_that_dies_of_its_runs_makes_one_a_day(home):
    home.state.write(Plan(next_run=NOW, code="RATE_LIMITED", failures=3, rested=True))
    started = 0
    for _ in range(5):
        home.restarted("exec sleep 600").check()
        started += home.runs.running
        if home.runs.running:
            home.runs.stop()
        home.now += timedelta(seconds=10)
    plan = home.state.read(Plan)
    assert (started, plan.next_run, plan.failures) == (1, NOW + DAY, 3)
    assert not plan.rested, "the run itself, which reads this, is not refused"


def test_a_plan_of_a_clock_that_was_wrong_is_made_again(home):
    home.now = datetime(2040, 1, 1, tzinfo=UTC)
    home.runs.check()
    home.state.write(home.state.read(Plan).model_copy(update={"code": "NET_ERROR", "failures": 2}))
    home.now = NOW
    home.restarted().check()
    assert home.state.read(Plan) == Plan(next_run=NOW + WEEK, code="NET_ERROR", failures=2)


def test_a_run_without_chromium_s_sandbox_is_warned_about(home, caplog):
    home.state.write(Plan(next_run=NOW))
    plan, result = Plan(next_run=NOW + WEEK), Result(at=NOW, mode="cookies", code="OK", sandbox=False)
    with caplog.at_level("INFO"):
        home.run(f"echo '{plan.model_dump_json()}' > $1/plan.json; echo '{result.model_dump_json()}' > $1/result.json")
    assert "sandbox was off" in caplog.text


def test_nothing_is_latched_by_the_schedule(home):
    home.state.write(Plan(next_run=NOW))
    home.run("exit 1")
    assert home.state.read(Latch) is None
