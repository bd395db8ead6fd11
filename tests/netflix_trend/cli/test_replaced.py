"""The app whose clone is installed again or removed while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.netflix_trend.cli.app import LOOKING, Clone, clone_in
from tests.netflix_trend.cli.front_door import lines
from tests.waiting import PATIENCE, stays, wait_for


@pytest.fixture
def app(tmp_path: Path, path: Path) -> Iterator[Clone]:
    with clone_in(tmp_path / "clone", path) as made:
        yield made


def replace(app: Clone) -> None:
    """Put another entry into the clone, as a new version has it; it notes its process and ends."""
    (app.folder / "new").write_text('echo "$$ $PWD" >>"$HOME/again"\n')
    (app.folder / "new").replace(app.folder / "run.sh")


def test_a_clone_that_was_installed_again_is_started_in_the_same_process(app: Clone) -> None:
    """SyftBox may watch the process, and not have seen that the folder was away."""
    process = app.start()
    app.waits_until_said(LOOKING)
    replace(app)
    assert process.wait(PATIENCE) == 0
    assert lines(app.folder / "again") == [f"{process.pid} {app.folder}"]
    assert "was replaced or removed" in app.said()


def test_a_clone_that_git_still_fills_is_waited_for(app: Clone) -> None:
    process = app.start()
    app.waits_until_said(LOOKING)
    lock = app.folder / ".git" / "index.lock"
    lock.parent.mkdir()
    lock.touch()
    replace(app)
    app.waits_until_said("was replaced or removed")
    stays(lambda: process.poll() is None, "it waits", 1)
    assert not lines(app.folder / "again")
    lock.unlink()
    wait_for(lambda: lines(app.folder / "again"), "it starts again")


def test_a_clone_that_was_removed_ends_its_app(app: Clone) -> None:
    process = app.start()
    app.waits_until_said(LOOKING)
    app.folder.rename(app.folder.with_name("trash"))
    assert process.wait(PATIENCE) == 0
