"""Life events: noted, listed and removed, in one private file."""

from __future__ import annotations

import json
import multiprocessing
from datetime import date, timedelta
from pathlib import Path

import pytest

from netflix_trend.participant import life_events
from netflix_trend.participant.life_events import EventError, LifeEvent, add_event, read_events, remove_event

FILE = "life_events.json"
LOCK = ".life_events.lock"
MONDAY = date(2026, 2, 2)
SUNDAY = date(2026, 2, 8)


def written(private: Path) -> set[str]:
    return {str(path.relative_to(private)) for path in private.rglob("*")}


def stored(private: Path, *found: dict[str, object], **changed: object) -> None:
    content = {"schema_version": 1, "next_id": len(found) + 1, "events": list(found), **changed}
    (private / FILE).write_text(json.dumps(content))


def an_event(**changed: object) -> dict[str, object]:
    return {"id": 1, "label": "sick", "first_day": "2026-02-02", "last_day": "2026-02-08", **changed}


# Adding, listing, removing


def test_a_new_volume_has_no_events(tmp_path):
    assert read_events(tmp_path) == ()
    assert written(tmp_path) == set()


def test_an_added_event_is_listed(tmp_path):
    event = add_event(tmp_path, "sick", MONDAY, SUNDAY)

    assert event == LifeEvent(id=1, label="sick", first_day=MONDAY, last_day=SUNDAY)
    assert read_events(tmp_path) == (event,)


def test_both_days_belong_to_an_event():
    assert LifeEvent(id=1, label="sick", first_day=MONDAY, last_day=SUNDAY).days == 7
    assert LifeEvent(id=1, label="sick", first_day=MONDAY, last_day=MONDAY).days == 1


def test_events_are_listed_oldest_first(tmp_path):
    days = [(MONDAY, SUNDAY), (date(2025, 1, 1), date(2025, 1, 9)), (MONDAY, MONDAY), (date(2025, 1, 1), MONDAY)]
    for number, (first, last) in enumerate(days):
        add_event(tmp_path, f"event {number}", first, last)

    assert [event.label for event in read_events(tmp_path)] == ["event 1", "event 3", "event 2", "event 0"]


def test_events_of_the_same_days_are_listed_in_the_order_they_came(tmp_path):
    for label in ("c", "a", "b"):
        add_event(tmp_path, label, MONDAY, SUNDAY)

    assert [event.label for event in read_events(tmp_path)] == ["c", "a", "b"]


def test_a_removed_event_is_returned_and_the_others_stay(tmp_path):
    first, second, third = (add_event(tmp_path, label, MONDAY, SUNDAY) for label in ("a", "b", "c"))

    assert remove_event(tmp_path, 2) == second
    assert read_events(tmp_path) == (first, third)


def test_a_number_that_is_not_there_cannot_be_removed(tmp_path):
    event = add_event(tmp_path, "sick", MONDAY, SUNDAY)
    before = (tmp_path / FILE).read_bytes()

    with pytest.raises(EventError, match="no event 7"):
        remove_event(tmp_path, 7)

    assert read_events(tmp_path) == (event,)
    assert (tmp_path / FILE).read_bytes() == before


def test_nothing_can_be_removed_from_a_new_volume(tmp_path):
    with pytest.raises(EventError, match="no event 1"):
        remove_event(tmp_path, 1)


def test_the_number_of_a_removed_event_is_not_given_again(tmp_path):
    for label in ("a", "b"):
        add_event(tmp_path, label, MONDAY, SUNDAY)
    remove_event(tmp_path, 2)
    remove_event(tmp_path, 1)

    assert read_events(tmp_path) == ()
    assert [add_event(tmp_path, label, MONDAY, SUNDAY).id for label in ("c", "d")] == [3, 4]


def test_a_removed_event_can_be_noted_again(tmp_path):
    add_event(tmp_path, "sick", MONDAY, SUNDAY)
    remove_event(tmp_path, 1)

    assert add_event(tmp_path, "sick", MONDAY, SUNDAY).id == 2


def test_the_folder_of_the_first_event_is_made(tmp_path):
    event = add_event(tmp_path / "new" / "private", "sick", MONDAY, SUNDAY)

    assert read_events(tmp_path / "new" / "private") == (event,)


def test_nothing_but_the_file_and_its_lock_is_written(tmp_path):
    add_event(tmp_path, "sick", MONDAY, SUNDAY)
    add_event(tmp_path, "travel", SUNDAY, SUNDAY)
    remove_event(tmp_path, 1)
    with pytest.raises(EventError):
        add_event(tmp_path, "travel", SUNDAY, SUNDAY)

    assert written(tmp_path) == {FILE, LOCK}


def test_a_forgotten_event_leaves_no_trace_in_the_file(tmp_path):
    add_event(tmp_path, "migraine", MONDAY, SUNDAY)
    remove_event(tmp_path, 1)

    assert b"migraine" not in (tmp_path / FILE).read_bytes()
    assert b"2026" not in (tmp_path / FILE).read_bytes()
    assert (tmp_path / LOCK).read_bytes() == b""


def test_the_file_is_plain_json(tmp_path):
    add_event(tmp_path, "sick", MONDAY, SUNDAY)

    assert json.loads((tmp_path / FILE).read_text()) == {
        "schema_version": 1,
        "next_id": 2,
        "events": [an_event()],
    }


# What is refused


def refused(private: Path, label: str, first: date, last: date, message: str) -> None:
    before = read_events(private)
    with pytest.raises(EventError, match=message):
        add_event(private, label, first, last)
    assert read_events(private) == before


def test_the_same_event_is_not_noted_twice(tmp_path):
    add_event(tmp_path, "sick", MONDAY, SUNDAY)

    refused(tmp_path, "sick", MONDAY, SUNDAY, "sick from 2 February 2026 to 8 February 2026 exists already")
    refused(tmp_path, " sick ", MONDAY, SUNDAY, "exists already")


def test_a_refused_event_uses_no_number(tmp_path):
    add_event(tmp_path, "sick", MONDAY, SUNDAY)
    refused(tmp_path, "sick", MONDAY, SUNDAY, "already")

    assert add_event(tmp_path, "travel", MONDAY, SUNDAY).id == 2


@pytest.mark.parametrize(
    ("label", "first", "last"),
    [("travel", MONDAY, SUNDAY), ("sick", MONDAY - timedelta(1), SUNDAY), ("sick", MONDAY, SUNDAY + timedelta(1))],
)
def test_events_that_differ_in_any_field_are_different(tmp_path, label, first, last):
    add_event(tmp_path, "sick", MONDAY, SUNDAY)
    add_event(tmp_path, label, first, last)

    assert len(read_events(tmp_path)) == 2


def test_an_event_cannot_end_before_it_begins(tmp_path):
    refused(tmp_path, "sick", SUNDAY, MONDAY, "^it ends on 2026-02-02, before it begins on 2026-02-08$")


@pytest.mark.parametrize(
    "label",
    ["sick", "x", "x" * 40, "knee, left (day 2)", "mother's visit", "Prüfungen 2026", "試験", "after-work", "St. Ives"],
)
def test_a_label_of_letters_digits_and_blanks_is_taken(tmp_path, label):
    add_event(tmp_path, label, MONDAY, SUNDAY)

    assert [event.label for event in read_events(tmp_path)] == [label]


def test_blanks_around_a_label_are_cut_off(tmp_path):
    assert add_event(tmp_path, "  long trip ", MONDAY, SUNDAY).label == "long trip"


@pytest.mark.parametrize(
    "label",
    ["", "   ", "x" * 41, "-rf", "(x", "a\nb", "a\tb", "a\0b", "a/b", "<b>", "=1+1", "a;b", '"', "[bold]", "\u202ex"],
)
def test_any_other_label_is_refused(tmp_path, label):
    refused(tmp_path, label, MONDAY, SUNDAY, "^a label has 1 to 40 letters")
    assert not (tmp_path / FILE).exists()


def test_more_events_than_fit_are_refused(tmp_path):
    days = [str(MONDAY + timedelta(days=number)) for number in range(999)]
    stored(tmp_path, *(an_event(id=n + 1, first_day=day, last_day=day) for n, day in enumerate(days)))

    last = add_event(tmp_path, "the last one", MONDAY, SUNDAY)
    refused(tmp_path, "one more", MONDAY, SUNDAY, "1000 events")
    remove_event(tmp_path, last.id)
    assert add_event(tmp_path, "one more", MONDAY, SUNDAY).id == 1001


# A damaged file


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"schema_version":2}',
        b'{"events":[],"extra":1}',
        b'{"next_id":0}',
        b'{"events":[{"id":1,"label":"sick","first_day":"2026-02-08","last_day":"2026-02-02"}]}',
        b'{"events":[{"id":1,"label":"sick","first_day":"2026-02-30","last_day":"2026-03-02"}]}',
        b'{"events":[{"id":1,"label":"<b>","first_day":"2026-02-02","last_day":"2026-02-02"}]}',
        b'{"events":[{"id":0,"label":"sick","first_day":"2026-02-02","last_day":"2026-02-02"}]}',
        b'{"events":[{"id":1,"label":"sick","first_day":"2026-02-02"}]}',
    ],
)
def test_a_damaged_file_is_reported_and_stays_unchanged(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)

    for call in (
        lambda: read_events(tmp_path),
        lambda: add_event(tmp_path, "sick", MONDAY, SUNDAY),
        lambda: remove_event(tmp_path, 1),
    ):
        with pytest.raises(EventError, match=r"life_events\.json on the private volume is damaged"):
            call()
    assert (tmp_path / FILE).read_bytes() == content


def test_the_message_about_a_damaged_file_does_not_quote_its_content(tmp_path):
    stored(tmp_path, an_event(label="<secret>"))

    with pytest.raises(EventError) as found:
        read_events(tmp_path)
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("numbers", [(1, 1), (1, 5)], ids=["twice the same number", "a number not given yet"])
def test_a_file_with_repeated_ids_is_damaged(tmp_path, numbers):
    """Two events of one number could not be removed one by one, and a number not given yet would be given twice."""
    first, second = numbers
    stored(tmp_path, an_event(id=first), an_event(id=second, label="travel"))

    with pytest.raises(EventError, match="damaged"):
        read_events(tmp_path)


def test_a_failed_write_keeps_the_old_events(tmp_path, monkeypatch):
    event = add_event(tmp_path, "sick", MONDAY, SUNDAY)

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(life_events, "write_atomically", full_disk)
        with pytest.raises(OSError, match="no space"):
            add_event(tmp_path, "travel", MONDAY, SUNDAY)

    assert read_events(tmp_path) == (event,)
    assert add_event(tmp_path, "travel", MONDAY, SUNDAY).id == 2  # the lock was let go


# Several at once


def add_many(private: Path, name: str, count: int) -> None:
    for number in range(count):
        add_event(private, f"{name} {number}", MONDAY, SUNDAY)


def test_concurrent_processes_lose_no_event(tmp_path):
    names, count = ("a", "b", "c"), 25
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=add_many, args=(tmp_path, name, count)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    found = read_events(tmp_path)
    assert sorted(event.label for event in found) == sorted(f"{name} {n}" for name in names for n in range(count))
    assert sorted(event.id for event in found) == list(range(1, len(names) * count + 1))
    assert written(tmp_path) == {FILE, LOCK}
