"""Notices against a real server of this machine."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from netflix_trend.notices import EVERY_SECONDS, RIGHT, WRONG, Notifier
from netflix_trend.settings import SettingsError, load_settings
from tests.netflix_trend.listener import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_ping_follows_each_look_and_says_at_once_what_changes(listener: Listener, tmp_path: Path) -> None:
    clock = Clock()
    notifier = Notifier(f"{listener.address}/check", "", tmp_path / "memory", clock)
    for step, is_well, heard in (
        (0.0, True, ["/check"]),
        (60.0, True, []),
        (60.0, False, ["/check/fail"]),
        (60.0, False, []),
        (EVERY_SECONDS, False, ["/check/fail"]),
        (60.0, True, ["/check"]),
        (-9_000.0, True, ["/check"]),
    ):
        clock.now += step
        listener.heard.clear()
        assert notifier.tell(is_well=is_well)
        assert listener.heard == [("GET", path, "") for path in heard]


def test_a_topic_gets_a_fixed_sentence_when_something_changes(listener: Listener, tmp_path: Path) -> None:
    notifier = Notifier("", f"{listener.address}/topic", tmp_path / "memory", Clock())
    for is_well in (True, False, False, True, True):
        assert notifier.tell(is_well=is_well)
    assert listener.heard == [("POST", "/topic", WRONG), ("POST", "/topic", RIGHT)]


@pytest.mark.parametrize("code", [302, 404, 500])
def test_what_is_not_accepted_is_sent_again_and_follows_no_redirect(
    listener: Listener, tmp_path: Path, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier(f"{listener.address}/secret", "", tmp_path / "memory", Clock())
    listener.code = code
    with caplog.at_level(logging.WARNING):
        assert not notifier.tell(is_well=True)
    assert "secret" not in caplog.text
    assert "127.0.0.1" not in caplog.text
    listener.code = 200
    assert notifier.tell(is_well=True)
    assert [path for _method, path, _body in listener.heard] == ["/secret", "/secret"]


def test_an_address_where_nobody_is_breaks_nothing(listener: Listener, tmp_path: Path) -> None:
    listener.server_close()
    assert not Notifier(listener.address, listener.address, tmp_path / "memory").tell(is_well=False)
    assert not (tmp_path / "memory").exists()


def test_what_was_sent_is_remembered_by_the_next_process_and_damage_only_sends_it_again(
    listener: Listener, tmp_path: Path
) -> None:
    memory = tmp_path / "memory"
    for content, count in (("", 1), (None, 1), ("{", 2), (json.dumps({"at": "x", "is_well": 3}), 3)):
        if content is not None:
            memory.write_text(content)
        Notifier(listener.address, "", memory, Clock()).tell(is_well=True)
        assert len(listener.heard) == count


def test_nothing_is_sent_unless_an_address_is_named(tmp_path: Path) -> None:
    notifier = Notifier("", "", tmp_path / "memory")
    assert not notifier.is_on
    assert notifier.tell(is_well=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["notice_url", "notice_topic"])
def test_an_address_has_to_be_one_of_the_web_and_is_not_shown(name: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        load_settings(**{name: "ftp://example.com/secret"})
    assert "secret" not in repr(load_settings(**{name: "https://example.com/secret"}))
