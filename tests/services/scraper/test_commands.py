"""Verbs of the browser: what they do during a run, and what they print."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from netflix_trend.settings import load_settings
from services.scraper import assisted_login, commands
from services.scraper.cookies import Jar
from services.scraper.run_state import PasswordUsed, Result, RunState
from services.scraper.schedule import BUSY_EXIT_CODE
from services.scraper.scrape import NOBODY, Scraper
from tests.services.scraper.played import COOKIES, PlayedBrowser, seen_page, signed_out

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    fields = {"chromium_sandbox": "auto", "scrape_every": "off", "scrape_with": "cookies"}
    fields |= {"netflix_profile_name": "Me", "netflix_profile": "profile"}
    return SimpleNamespace(scraper_dir=tmp_path, **fields)


@pytest.fixture
def browser(monkeypatch):
    browser = PlayedBrowser(signed_out())

    @contextmanager
    def open_browser(*_arguments):
        yield browser

    monkeypatch.setattr(commands, "open_browser", open_browser)
    monkeypatch.setattr(commands, "sweep", lambda: 0)
    return browser


def test_during_a_run_nothing_is_changed(settings):
    state = RunState(settings.scraper_dir)
    state.write(PasswordUsed(secret="1-2"))
    text = json.dumps(COOKIES).encode()
    with state.only_one():
        assert commands.import_cookies(settings, io.BytesIO(text)) == BUSY_EXIT_CODE
        assert commands.reset(settings) == BUSY_EXIT_CODE
    assert Jar(state.jar_path).load() == []
    assert state.read(PasswordUsed) is not None
    assert (commands.import_cookies(settings, io.BytesIO(text)), commands.reset(settings)) == (0, 0)
    assert len(Jar(state.jar_path).load()) == 2
    assert state.read(PasswordUsed) is None


def test_a_busy_run_has_its_own_exit_code(tmp_path, capsys):
    settings = load_settings(scraper_dir=tmp_path)
    with RunState(tmp_path).only_one():
        assert commands.scrape(settings, lambda _: None) == BUSY_EXIT_CODE
    assert "BUSY: Another run is active" in capsys.readouterr().out


SIGNED_IN = Result(at=NOW, mode="login", code="OK", rows=3, duration_s=2.0)


@pytest.fixture
def ended(monkeypatch):
    """Let the assisted login end as it is told, after the browser was shown; returns the list of ends."""
    ends: list[Result] = []

    def run(_scraper, show):
        show(SimpleNamespace(sandboxed=ends[0].sandbox))
        return ends.pop(0)

    monkeypatch.setattr(Scraper, "run", run)
    monkeypatch.setattr(assisted_login, "shown", lambda *_: commands.say("shown"))
    return ends


@pytest.mark.parametrize("sandboxed", [True, False])
def test_login_warns_when_the_sandbox_is_off_before_the_page_is_opened(tmp_path, ended, capsys, sandboxed):
    ended.append(SIGNED_IN.model_copy(update={"sandbox": sandboxed}))
    assert commands.login(load_settings(scraper_dir=tmp_path), lambda _: None, "127.0.0.1", 1) == 0
    before = capsys.readouterr().out.split("shown")[0]
    assert ("sandbox is off" in before) is not sandboxed


@pytest.mark.parametrize(
    ("result", "kept", "code", "said"),
    [
        (SIGNED_IN, True, 0, "OK: The viewing history was fetched"),
        (SIGNED_IN.model_copy(update={"code": "PROFILE_LOCKED"}), True, 1, "PROFILE_LOCKED: "),
        (SIGNED_IN.model_copy(update={"code": "SESSION_EXPIRED", "detail": NOBODY}), False, 1, "Nothing was changed"),
        (SIGNED_IN.model_copy(update={"code": "BUSY"}), False, BUSY_EXIT_CODE, "Another run is active"),
    ],
)
def test_login_says_whether_the_file_came_and_the_sign_in_is_kept(tmp_path, ended, capsys, result, kept, code, said):
    if kept:
        Jar(RunState(tmp_path).jar_path).save(COOKIES)
    ended.append(result)
    assert commands.login(load_settings(scraper_dir=tmp_path), lambda _: None, "127.0.0.1", 1) == code
    output = capsys.readouterr().out
    assert said in output
    assert ("are kept for the browser alone" in output) is kept


def test_doctor_prints_no_personal_counts(settings, browser, monkeypatch, capsys):
    monkeypatch.setattr(commands, "sandbox_is_adequate", lambda _: True)
    monkeypatch.setenv("PATH", "")
    browser.settle = browser.read_page
    browser.pages = [seen_page("/browse", "gate", seen={"gate": 1, "profile": 7391})]
    state = RunState(settings.scraper_dir)
    for code, detail in (("PROFILE_NOT_FOUND", "0 of 7391 profiles match"), ("SHORTER_HISTORY", "7391 rows")):
        state.write(Result(at=NOW, mode="cookies", code=code, detail=detail, rows=7391))
        assert commands.doctor(settings) == 0
        output = capsys.readouterr().out
        assert "7391" not in output
        assert code in output
        assert "browser none" in output
        assert "groups: gate, profile" in output
        assert "  a-hook" in output
        assert "not known" not in output
    hooks = ("/somewhere/*", "another-hook")
    state.write(Result(at=NOW, mode="cookies", code="LAYOUT_CHANGED", detail="missing: row", hooks=hooks))
    commands.doctor(settings)
    output = capsys.readouterr().out
    assert "missing: row" in output
    for hook in hooks:
        assert f"on the page that is not known: {hook}" in output
    state.write(Result(at=NOW, mode="cookies", code="INTERNAL_ERROR", detail="KeyError in transitions.py:7"))
    commands.doctor(settings)
    assert "KeyError in transitions.py:7" in capsys.readouterr().out
