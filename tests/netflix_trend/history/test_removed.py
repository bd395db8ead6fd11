"""Exports that were forgotten: kept for a while, brought back as they were, or deleted for good."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history.raw import RawExport, RawStore, Refusal
from netflix_trend.history.removed import KEPT, RemovalError, bring_back, clear, drop_from_list, forget, read_removals
from netflix_trend.layout import PrivateVolume

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(tmp_path)


def save(store: RawStore, data: bytes, name: str = "a.csv") -> RawExport:
    return store.save(Delivery(profile="me", source="test", name=name, received=date(2026, 11, 1)), [data])


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*") if not path.name.startswith(".")}


def bytes_anywhere(private: Path, data: bytes) -> bool:
    return any(data in path.read_bytes() for path in private.rglob("*") if path.is_file())


def test_what_was_forgotten_comes_back_byte_for_byte(store: RawStore) -> None:
    first, second = save(store, b"first"), save(store, b"second", "b.csv")
    before = state(store.folder)

    forget(store.private, [first, second], NOW, None)
    assert list(store.exports()) == []
    assert state(store.folder) == {}

    assert bring_back(store.private, NOW + timedelta(days=6), None).exports == (first, second)
    assert state(store.folder) == before
    assert read_removals(store.private) == ()
    assert state(PrivateVolume(store.private).removed) == {}


def test_a_description_that_an_upgrade_kept_is_forgotten_with_its_file(store: RawStore) -> None:
    export, volume = save(store, b"first", "private name.csv"), PrivateVolume(store.private)
    volume.description(export.sha256).with_suffix(".json.v1").write_bytes(b"private name.csv")
    forget(store.private, [export], NOW, None)
    volume.removals.with_suffix(".json.v1").write_bytes(b"private name.csv")
    clear(store.private, NOW + KEPT, None)
    assert not bytes_anywhere(store.private, b"private name.csv")


def test_the_last_removal_comes_back_first(store: RawStore) -> None:
    first, second = save(store, b"first"), save(store, b"second", "b.csv")
    forget(store.private, [first], NOW, None)
    forget(store.private, [second], NOW, None)

    assert [bring_back(store.private, NOW, None).exports for _ in range(2)] == [(second,), (first,)]
    with pytest.raises(RemovalError, match="nothing that can be brought back"):
        bring_back(store.private, NOW, None)


@pytest.mark.parametrize(
    ("before", "later", "days", "is_deleted"),
    [
        (None, None, 6.99, False),
        (None, None, 7, True),
        (None, "2026-W47", 0, True),
        ("2026-W46", "2026-W46", 6.99, False),
        ("2026-W46", "2026-W45", 6.99, False),
        ("2026-W46", None, 6.99, False),
        ("2026-W46", "2026-W47", 0.1, True),
        ("2026-W46", "2026-W46", 7, True),
    ],
)
def test_it_is_deleted_for_good_with_a_later_answer_or_after_seven_days(
    store: RawStore, before: str | None, later: str | None, days: float, is_deleted: bool
) -> None:
    forget(store.private, [save(store, b"my history")], NOW, before)
    now = NOW + timedelta(days=days)

    assert clear(store.private, now, later) == int(is_deleted)

    assert bytes_anywhere(store.private, b"my history") is not is_deleted
    assert clear(store.private, now, later) == 0, "safe to repeat"
    if is_deleted:
        with pytest.raises(RemovalError):
            bring_back(store.private, now, later)
    else:
        assert bring_back(store.private, now, later)
    assert timedelta(days=7) == KEPT


def test_it_cannot_come_back_too_late_even_if_nothing_was_cleared(store: RawStore) -> None:
    forget(store.private, [save(store, b"first")], NOW, "2026-W46")

    with pytest.raises(RemovalError):
        bring_back(store.private, NOW, "2026-W47")


def test_a_file_can_be_imported_again_and_stays_then(store: RawStore) -> None:
    forget(store.private, [save(store, b"first")], NOW, None)
    again = save(store, b"first", "again.csv")

    assert clear(store.private, NOW + KEPT, None) == 1
    assert list(store.exports()) == [again]
    with store.open(again) as file:
        assert file.read() == b"first"


def test_a_file_that_was_imported_again_is_not_changed_by_an_undo(store: RawStore) -> None:
    forget(store.private, [save(store, b"first")], NOW, None)
    again = save(store, b"first", "again.csv")
    before = state(store.folder)

    bring_back(store.private, NOW, None)

    assert (list(store.exports()), state(store.folder)) == ([again], before)
    assert state(PrivateVolume(store.private).removed) == {}


def test_a_file_that_is_forgotten_twice_is_kept_once(store: RawStore) -> None:
    other = save(store, b"other", "b.csv")
    forget(store.private, [save(store, b"first"), other], NOW, None)
    forget(store.private, [save(store, b"first")], NOW + timedelta(days=5), None)

    assert clear(store.private, NOW + KEPT, None) == 1
    assert [export.name for export in bring_back(store.private, NOW + KEPT, None).exports] == ["a.csv"]
    assert not bytes_anywhere(store.private, b"other")


def test_a_refused_file_is_forgotten_with_its_description(store: RawStore) -> None:
    export = save(store, b"a picture")
    store.refuse(export, Refusal(reason="header", message="no"))
    (refused,) = store.exports()

    forget(store.private, [refused], NOW, None)
    assert state(store.folder) == {}
    bring_back(store.private, NOW, None)
    assert list(store.exports()) == [refused]


class Killed(BaseException):
    """What a process that is killed does not catch."""


def killed_at(number: int, act: Callable[[], object]) -> bool:
    """Do something, and end it before its change number `number` to the disk. Returns whether there was one."""
    calls = 0

    def counted(change: Callable[..., object]) -> Callable[..., object]:
        def changed(*values: Any, **options: Any) -> object:
            nonlocal calls
            calls += 1
            if calls >= number:
                raise Killed
            return change(*values, **options)

        return changed

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "unlink", "mkdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        try:
            act()
        except Killed:
            return True
    return False


STEPS = range(1, 13)


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_forgets_nothing_is_lost_and_all_ends(store: RawStore, step: int) -> None:
    exports = [save(store, b"first history"), save(store, b"second history", "b.csv")]
    before = state(store.folder)
    killed_at(step, lambda: forget(store.private, exports, NOW, None))

    there, listed = set(store.exports()), {one for each in read_removals(store.private) for one in each.exports}
    assert there | listed == set(exports), "each can be used or brought back"
    if listed:
        bring_back(store.private, NOW, None)
    assert state(store.folder) == before

    killed_at(step, lambda: forget(store.private, exports, NOW, None))
    again = [one for one in exports if one in set(store.exports())]
    if again:
        forget(store.private, again, NOW, None)
    clear(store.private, NOW + KEPT, None)
    assert not bytes_anywhere(store.private, b" history")


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_brings_back_nothing_is_lost(store: RawStore, step: int) -> None:
    exports = [save(store, b"first history"), save(store, b"second history", "b.csv")]
    before = state(store.folder)
    forget(store.private, exports, NOW, None)
    killed_at(step, lambda: bring_back(store.private, NOW, None))

    if read_removals(store.private):
        bring_back(store.private, NOW, None)
    assert state(store.folder) == before
    clear(store.private, NOW + KEPT, None)
    assert (state(store.folder), state(PrivateVolume(store.private).removed)) == (before, {})


@pytest.mark.parametrize("back", STEPS)
def test_killed_while_it_brings_back_what_stays_forgotten_ends(store: RawStore, back: int) -> None:
    exports = [save(store, b"first history"), save(store, b"second history", "b.csv")]
    forget(store.private, exports, NOW, None)
    killed_at(back, lambda: bring_back(store.private, NOW, None))
    there = set(store.exports())

    clear(store.private, NOW + KEPT, None)
    assert set(store.exports()) == there, "nothing comes back late"
    for export, data in zip(exports, (b"first history", b"second history"), strict=True):
        assert bytes_anywhere(store.private, data) is (export in there)


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_deletes_for_good_the_next_run_does(store: RawStore, step: int) -> None:
    forget(store.private, [save(store, b"first history"), save(store, b"second history", "b.csv")], NOW, None)
    killed_at(step, lambda: clear(store.private, NOW + KEPT, None))

    # A clock that was set back brings nothing back without its bytes.
    if not list(PrivateVolume(store.private).removed.glob("*.csv")):
        with suppress(RemovalError):
            bring_back(store.private, NOW, None)
        assert list(store.exports()) == []
    clear(store.private, NOW + KEPT, None)
    assert not bytes_anywhere(store.private, b" history")
    assert read_removals(store.private) == ()


def test_what_was_imported_again_is_forgotten_no_longer(store: RawStore) -> None:
    first, second = save(store, b"first"), save(store, b"second", "b.csv")
    forget(store.private, [first, second], NOW, None)
    again = save(store, b"first", "again.csv")
    drop_from_list(store.private, first.sha256)

    assert [one.exports for one in read_removals(store.private)] == [(second,)]
    assert [path.stem for path in PrivateVolume(store.private).removed.glob("*.csv")] == [second.sha256]
    drop_from_list(store.private, second.sha256)
    assert read_removals(store.private), "what is only forgotten stays"
    bring_back(store.private, NOW, None)
    assert set(store.exports()) == {again, second}


def test_a_damaged_list_deletes_nothing_and_says_what_to_do(store: RawStore) -> None:
    forget(store.private, [save(store, b"my history")], NOW, None)
    PrivateVolume(store.private).removals.write_text("damaged")

    for act in (lambda: clear(store.private, NOW + KEPT, None), lambda: bring_back(store.private, NOW, None)):
        with pytest.raises(RemovalError, match="remove the folder removed/"):
            act()
    assert bytes_anywhere(store.private, b"my history")
