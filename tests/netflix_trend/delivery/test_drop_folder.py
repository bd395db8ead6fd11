"""The drop folder: complete files are queued, others are refused, nothing is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest

from netflix_trend.delivery import drop_folder
from netflix_trend.delivery.drop_folder import DropFolder
from netflix_trend.delivery.inbox import LARGEST_MESSAGE, Delivery, unpack
from netflix_trend.delivery.settled import SETTLED_SECONDS

EXPORT = b'Title,Date\n"Roma","12/30/23"\n'
NOON = time.mktime((2024, 3, 2, 12, 0, 0, 0, 0, -1))


class Person:
    """A drop folder with somebody who puts files there, a clock that is turned by hand, and what was queued."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000.0
        self.queue: list[bytes] = []
        self.queue_is_down = False
        self.drop_folder = DropFolder(folder, "me", self._push, lambda: self.now)

    def _push(self, message: bytes) -> None:
        if self.queue_is_down:
            raise ConnectionError("the queue is down")
        self.queue.append(message)

    def put(self, name: str, data: bytes = EXPORT) -> Path:
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def scan(self, after: float = 0) -> list[str]:
        self.now += after
        return self.drop_folder.scan()

    def look_twice(self) -> list[str]:
        """Scan, and scan again when every file has settled."""
        return self.scan() + self.scan(after=SETTLED_SECONDS)

    def delivered(self) -> list[Delivery]:
        return [unpack(message)[0] for message in self.queue]

    def delivered_bytes(self) -> list[bytes]:
        return [b"".join(unpack(message)[1]) for message in self.queue]

    def names(self, kind: str = "") -> set[str]:
        folder = self.folder / kind
        return {path.name for path in folder.iterdir() if not path.is_dir()} if folder.exists() else set()


@pytest.fixture
def person(tmp_path):
    return Person(tmp_path)


@pytest.fixture
def time_zone(monkeypatch):
    """Set the time zone of this process, and the former one afterwards."""

    def set_zone(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


# Whole files


def test_a_file_is_queued_as_it_is_and_moved_to_done(person):
    person.put("NetflixViewingHistory.csv")

    lines = person.look_twice()

    assert [(d.profile, d.source, d.name) for d in person.delivered()] == [
        ("me", "drop_folder", "NetflixViewingHistory.csv")
    ]
    assert person.delivered_bytes() == [EXPORT]
    assert person.names("done") == {"NetflixViewingHistory.csv"}
    assert (person.folder / "done" / "NetflixViewingHistory.csv").read_bytes() == EXPORT
    assert person.names() == set()
    assert lines == [f"file taken bytes={len(EXPORT)}"]


def test_a_copy_that_we_made_is_removed_once_it_is_queued(person):
    person.put(".a.csv.options", b"profile=Ann\ncopy=yes\n")
    person.put("a.csv")
    person.look_twice()

    assert person.delivered_bytes() == [EXPORT]
    assert [delivered.profile for delivered in person.delivered()] == ["Ann"]
    assert person.names("done") == person.names() == set()


def test_of_a_copy_that_is_refused_only_the_reason_stays(person):
    person.put(".a.zip.options", b"copy=yes\n")
    person.put("a.zip", b"PK\x03\x04 no archive")
    person.look_twice()

    assert (person.queue, person.names()) == ([], set())
    assert person.names("refused") == {"a.zip.reason.txt"}


def test_a_file_is_queued_once(person):
    person.put("a.csv")

    for _ in range(4):
        person.scan(after=SETTLED_SECONDS)

    assert len(person.queue) == 1


def test_every_file_of_a_scan_is_queued(person):
    for number in range(3):
        person.put(f"{number}.csv", EXPORT + b"%d" % number)

    person.look_twice()

    assert [d.name for d in person.delivered()] == ["0.csv", "1.csv", "2.csv"]


def test_a_file_with_an_upper_case_suffix_is_wanted(person):
    person.put("HISTORY.CSV")
    person.look_twice()

    assert person.names("done") == {"HISTORY.CSV"}


def test_the_content_of_a_file_is_not_checked_here(person):
    person.put("a.csv", b"\x00\xff no export")
    person.look_twice()

    assert person.delivered_bytes()[0] == b"\x00\xff no export"


def test_an_empty_folder_gives_no_lines(person):
    assert person.look_twice() == []
    assert list(person.folder.iterdir()) == []


def test_log_lines_contain_no_names(person):
    person.put("Ann private.csv")
    (person.folder / "Ann link.csv").symlink_to("/etc/passwd")

    assert not any("Ann" in line for line in person.look_twice())


# Files that are still written


def test_a_file_is_not_taken_at_first_sight(person):
    person.put("a.csv")

    assert person.scan() == []
    assert person.names() == {"a.csv"}


def test_a_file_is_not_taken_before_it_has_settled(person):
    person.put("a.csv")
    person.scan()

    assert person.scan(after=SETTLED_SECONDS - 0.01) == []
    assert person.scan(after=0.01) == [f"file taken bytes={len(EXPORT)}"]


def test_a_file_that_grows_is_not_taken_until_it_has_stopped(person):
    path = person.put("a.csv", b"Title,")
    person.scan()
    for number in range(5):
        with path.open("ab") as file:
            file.write(b"%d" % number)
        assert person.scan(after=SETTLED_SECONDS) == []

    person.scan(after=SETTLED_SECONDS)

    assert person.delivered_bytes() == [b"Title,01234"]


def test_a_file_that_is_written_again_with_the_same_size_is_not_taken(person):
    path = person.put("a.csv", b"old")
    os.utime(path, (NOON, NOON))
    person.scan()
    path.write_bytes(b"new")
    os.utime(path, (NOON + 1, NOON + 1))

    assert person.scan(after=SETTLED_SECONDS) == []
    assert len(person.scan(after=SETTLED_SECONDS)) == 1
    assert person.delivered_bytes()[0] == b"new"


def test_a_file_that_grows_within_one_tick_of_the_clock_is_not_taken(person):
    os.utime(person.put("a.csv", b"Title"), (NOON, NOON))
    person.scan()
    os.utime(person.put("a.csv", b"Title,Date"), (NOON, NOON))

    assert person.scan(after=SETTLED_SECONDS) == []


def test_a_second_file_of_the_same_name_must_settle_too(person):
    os.utime(person.put("a.csv", b"first!"), (NOON, NOON))
    person.look_twice()
    os.utime(person.put("a.csv", b"second"), (NOON, NOON))

    assert person.scan(after=SETTLED_SECONDS) == []
    assert person.scan(after=SETTLED_SECONDS) == ["file taken bytes=6"]


def test_a_file_that_vanishes_does_not_stop_others(person):
    gone = person.put("a.csv")
    person.put("b.csv")
    person.scan()
    gone.unlink()

    person.scan(after=SETTLED_SECONDS)

    assert [d.name for d in person.delivered()] == ["b.csv"]


def test_a_file_that_vanishes_during_a_scan_does_not_stop_others(tmp_path):
    queue: list[bytes] = []
    gone = tmp_path / "b.csv"

    def clock() -> float:
        gone.unlink(missing_ok=True)  # between the listing of the folder and the look at the file
        return 0.0

    (tmp_path / "a.csv").write_bytes(EXPORT)
    gone.write_bytes(EXPORT)

    assert DropFolder(tmp_path, "me", queue.append, clock).scan() == []
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv"}


def test_a_copy_that_pauses_for_two_seconds_is_waited_for(person):
    path = person.put("a.csv", b"Title,")
    person.scan()
    assert person.scan(after=2.0) == []
    with path.open("ab") as file:
        file.write(b"Date\n")

    person.scan(after=1.0)
    person.scan(after=SETTLED_SECONDS)

    assert person.delivered_bytes() == [b"Title,Date\n"]


def test_a_file_that_changes_while_it_is_read_is_not_queued_and_settles_again(person, monkeypatch):
    path = person.put("a.csv", b"Title,")
    person.scan()
    read = drop_folder.pack  # type: ignore[attr-defined]

    def change(delivery, csv):
        message = read(delivery, csv)
        with path.open("ab") as file:
            file.write(b"Date\n")
        return message

    monkeypatch.setattr(drop_folder, "pack", change)
    assert person.scan(after=SETTLED_SECONDS) == []
    monkeypatch.undo()
    assert (person.queue, person.names()) == ([], {"a.csv"})
    person.look_twice()
    assert person.delivered_bytes() == [b"Title,Date\n"]


def test_a_newer_file_that_comes_while_the_first_is_queued_is_queued_too(person):
    path = person.put("a.csv", b"first")
    push, once = person.drop_folder.push, [b"second"]

    def replace(message):
        push(message)
        if once:
            other = person.put(".a.csv.part", once.pop())
            (person.folder / ".a.csv.options").write_text("profile=Anna\n")
            other.replace(path)

    person.drop_folder.push = replace
    person.look_twice()
    assert (person.names("done"), person.names()) == (set(), {"a.csv", ".a.csv.options"})
    person.look_twice()

    assert person.delivered_bytes() == [b"first", b"second"]
    assert [delivery.profile for delivery in person.delivered()] == ["me", "Anna"]
    assert (person.folder / "done" / "a.csv").read_bytes() == b"second"


# What is left alone


@pytest.mark.parametrize(
    "name", [".a.csv", ".a.csv.swp", "a.csv.crdownload", "a.csv.part", "a.csv~", "a.txt", "a.7z", "a", "csv"]
)
def test_dot_files_and_other_suffixes_are_left_alone(person, name):
    person.put(name)

    assert person.look_twice() == []
    assert person.names() == {name}


def test_a_folder_of_any_name_is_ignored(person):
    (person.folder / "a.csv").mkdir()
    (person.folder / "a.csv" / "b.csv").write_bytes(EXPORT)

    assert person.look_twice() == []
    assert person.queue == []


def test_files_in_done_and_refused_are_not_taken_again(person):
    person.put("a.csv")
    (person.folder / "b.csv").symlink_to("/etc/passwd")
    person.look_twice()

    assert person.look_twice() == []
    assert (person.names("done"), person.names("refused")) == ({"a.csv"}, {"b.csv", "b.csv.reason.txt"})


# Refused files


def reason(person: Person, name: str) -> str:
    return (person.folder / "refused" / f"{name}.reason.txt").read_text("utf-8")


def test_a_symbolic_link_is_refused_and_its_target_is_not_touched(person, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    secret.write_bytes(b"secret")
    (person.folder / "a.csv").symlink_to(secret)

    assert person.look_twice() == ["file refused reason=not_a_file"]
    assert person.queue == []
    assert secret.read_bytes() == b"secret"
    assert (person.folder / "refused" / "a.csv").is_symlink()
    assert "a.csv" in reason(person, "a.csv")


def test_a_symbolic_link_that_leads_nowhere_is_refused(person):
    (person.folder / "a.csv").symlink_to("nowhere")

    assert person.look_twice() == ["file refused reason=not_a_file"]


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(person):
    os.mkfifo(person.folder / "a.csv")

    assert person.look_twice() == ["file refused reason=not_a_file"]
    assert person.names("refused") == {"a.csv", "a.csv.reason.txt"}


def test_a_file_with_a_second_name_is_refused(person, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere") / "other.csv"
    other.write_bytes(EXPORT)
    os.link(other, person.folder / "a.csv")

    assert person.look_twice() == ["file refused reason=hard_link"]
    assert person.queue == []


def test_a_file_that_is_too_large_for_a_message_is_refused(person):
    person.put("a.csv", os.urandom(LARGEST_MESSAGE * 3 // 4))

    assert person.look_twice() == ["file refused reason=too_large"]
    assert person.queue == []
    assert person.names("refused") == {"a.csv", "a.csv.reason.txt"}


def test_the_reason_of_a_refusal_says_what_to_do(person):
    (person.folder / "a.csv").symlink_to("nowhere")
    person.look_twice()

    assert "not imported" in reason(person, "a.csv")
    assert "drop folder" in reason(person, "a.csv")


def test_a_refused_file_does_not_affect_others(person):
    (person.folder / "a.csv").symlink_to("nowhere")
    person.put("b.csv")

    assert person.look_twice() == ["file refused reason=not_a_file", f"file taken bytes={len(EXPORT)}"]
    assert [d.name for d in person.delivered()] == ["b.csv"]


def test_a_damaged_archive_does_not_stop_others(person):
    path = archive(person.folder / "a.zip", {"ViewingActivity.csv": b"rows"})
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x05\x06") + 16  # where the directory begins: so far on that the file begins before itself
    data[place : place + 4] = b"\xf0\xff\xff\x7f"
    path.write_bytes(data)
    person.put("b.csv")

    assert person.look_twice() == ["file refused reason=not_a_zip", f"file taken bytes={len(EXPORT)}"]


def test_bad_file_does_not_stop_others(person, monkeypatch):
    person.put("a.csv", b"odd")
    person.put("b.csv")
    read = drop_folder.pack  # type: ignore[attr-defined]

    def odd(delivery, csv):
        if delivery.name == "a.csv":
            raise OSError(5, "Input/output error")
        return read(delivery, csv)

    monkeypatch.setattr(drop_folder, "pack", odd)
    assert person.look_twice() == ["file refused reason=unreadable", f"file taken bytes={len(EXPORT)}"]
    assert "the disk reports a fault" in reason(person, "a.csv")


def test_a_refused_file_may_have_a_name_of_other_bytes_than_utf_8(person):
    name = os.fsdecode(b"caf\xe9.zip")
    person.put(name, b"PK\x03\x04 broken")

    assert person.look_twice() == ["file refused reason=not_a_zip"]
    assert person.names("refused") == {name, f"{name}.reason.txt"}
    assert "caf?.zip" in reason(person, name)


def test_a_file_that_cannot_be_moved_is_queued_once_and_does_not_stop_others(person):
    (person.folder / "done").write_text("in the way")
    person.put("a.csv")
    (person.folder / "b.csv").symlink_to("nowhere")

    lines = person.look_twice()
    for _ in range(5):
        lines += person.look_twice()

    assert (len(person.queue), person.names("refused")) == (1, {"b.csv", "b.csv.reason.txt"})
    assert any("cannot be moved" in line for line in lines)
    (person.folder / "done").unlink()
    person.look_twice()
    assert (len(person.queue), person.names("done")) == (1, {"a.csv"})
    person.put("a.csv")
    person.look_twice()
    assert len(person.queue) == 2


# The queue is down


def test_a_file_stays_in_place_when_it_could_not_be_queued(person):
    person.put("a.csv")
    person.scan()
    person.queue_is_down = True

    with pytest.raises(ConnectionError):
        person.scan(after=SETTLED_SECONDS)

    assert person.names() == {"a.csv"}
    assert person.names("done") == person.names("refused") == set()


def test_a_file_that_could_not_be_queued_is_queued_when_the_queue_is_back(person):
    person.put("a.csv")
    person.scan()
    person.queue_is_down = True
    with pytest.raises(ConnectionError):
        person.scan(after=SETTLED_SECONDS)
    person.queue_is_down = False

    assert person.scan() == [f"file taken bytes={len(EXPORT)}"]
    assert len(person.queue) == 1


# Names that are taken


def test_files_of_one_name_are_all_kept_in_done(person):
    for number in range(3):
        person.put("a.csv", b"%d" % number)
        person.look_twice()

    kept = {path.name: path.read_bytes() for path in (person.folder / "done").iterdir()}
    assert set(kept) == {"a.csv", "a-2.csv", "a-3.csv"}
    assert sorted(kept.values()) == [b"0", b"1", b"2"]
    assert kept["a.csv"] == b"0"


def test_a_numbered_name_that_is_taken_is_passed_over(person):
    (person.folder / "done").mkdir()
    for name in ("a.csv", "a-2.csv"):
        (person.folder / "done" / name).write_bytes(b"old")
    person.put("a.csv", b"new")

    person.look_twice()

    assert (person.folder / "done" / "a-3.csv").read_bytes() == b"new"
    assert (person.folder / "done" / "a-2.csv").read_bytes() == b"old"


def test_refused_files_of_one_name_are_all_kept(person):
    for _ in range(2):
        os.mkfifo(person.folder / "a.csv")
        person.look_twice()

    assert {"a.csv", "a-2.csv"} <= person.names("refused")


# The day a file was received


def test_a_file_was_received_on_the_day_of_its_own_time(person):
    os.utime(person.put("a.csv"), (NOON, NOON))
    person.look_twice()

    assert person.delivered()[0].received == date(2024, 3, 2)


def test_the_time_of_the_last_access_does_not_matter(person):
    os.utime(person.put("a.csv"), (NOON + 90 * 86_400, NOON))
    person.look_twice()

    assert person.delivered()[0].received == date(2024, 3, 2)


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC0", date(2024, 3, 2)), ("WEST8", date(2024, 3, 1)), ("EAST-14", date(2024, 3, 2))]
)
def test_the_day_is_that_of_the_machine_s_time_zone(person, time_zone, zone, day):
    early = 1_709_344_800  # 2024-03-02 02:00 UTC
    time_zone(zone)
    os.utime(person.put("a.csv"), (early, early))
    person.look_twice()

    assert person.delivered()[0].received == day


def test_a_file_from_the_future_was_received_today(person):
    future = time.time() + 400 * 86_400
    os.utime(person.put("a.csv"), (future, future))
    before = date.today()
    person.look_twice()

    assert before <= person.delivered()[0].received <= date.today()


def test_a_file_from_further_away_than_there_are_dates_was_received_today():
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))  # a file system that keeps such times
    try:
        person = Person(folder)
        os.utime(person.put("a.csv"), (300_000_000_000, 300_000_000_000))
        before = date.today()
        assert len(person.look_twice()) == 1
        assert before <= person.delivered()[0].received <= date.today()
    finally:
        shutil.rmtree(folder)


def test_a_file_in_done_keeps_its_time(person):
    os.utime(person.put("a.csv"), (NOON, NOON))
    person.look_twice()

    assert (person.folder / "done" / "a.csv").stat().st_mtime == NOON


# Archives, and what an import was asked to do


def archive(path: Path, members: dict[str, bytes], written: tuple[int, int, int] = (2024, 3, 4)) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name, (*written, 12, 0, 0)), data)
    return path


def test_of_an_archive_only_the_viewing_activity_is_queued(person):
    archive(
        person.folder / "netflix-report.zip",
        {"PAYMENT_AND_BILLING/BillingHistory.csv": b"secret", "CONTENT_INTERACTION/ViewingActivity.csv": b"rows"},
    )

    lines = person.look_twice()

    assert person.delivered_bytes() == [b"rows"]
    assert person.delivered()[0].name == "netflix-report.zip"
    assert person.names("done") == {"netflix-report.zip"}
    assert "secret" not in "".join(lines)


def test_an_archive_covers_what_was_watched_until_it_was_packed(person):
    path = archive(person.folder / "a.zip", {"ViewingActivity.csv": b"rows"}, (2024, 3, 4))
    os.utime(path, (1_710_000_000, 1_710_000_000))  # 9 March, when it was downloaded

    person.look_twice()

    assert person.delivered()[0].received == date(2024, 3, 4)


def test_an_archive_without_viewing_activity_is_refused_with_the_reason(person):
    archive(person.folder / "a.zip", {"BillingHistory.csv": b"secret"})

    assert person.look_twice() == ["file refused reason=no_viewing_activity"]
    assert "neither ViewingActivity.csv nor" in (person.folder / "refused" / "a.zip.reason.txt").read_text()
    assert person.queue == []


def test_import_options_are_sent_with_the_file_and_removed(person):
    (person.folder / ".a.csv.options").write_text("profile=Anna\ndate_order=dmy\nonly=Kids, room\nonly=Anna\n")
    person.put("a.csv")

    person.look_twice()

    (delivery,) = person.delivered()
    assert (delivery.profile, delivery.date_order, delivery.only) == ("Anna", "dmy", ("Kids, room", "Anna"))
    assert person.names() == set()
    person.put("a.csv")
    person.look_twice()
    assert (person.delivered()[1].profile, person.delivered()[1].date_order) == ("me", None)


@pytest.mark.parametrize("text", ["profile=../x", "date_order=ydm", "colour=red", "received=2020-01-01\nsha=1", "x"])
def test_options_that_make_no_sense_refuse_the_file(person, text):
    (person.folder / ".a.csv.options").write_text(text)
    person.put("a.csv")

    assert person.look_twice() == ["file refused reason=options"]
    assert person.names("refused") == {"a.csv", "a.csv.reason.txt"}
    assert "import option" in (person.folder / "refused" / "a.csv.reason.txt").read_text()
    assert person.queue == []


def test_options_that_cannot_be_read_refuse_their_file_and_stop_no_other(person):
    (person.folder / ".a.csv.options").write_text("only=Anna\n" * 2_000)
    (person.folder / ".b.csv.options").symlink_to("/etc/hostname")
    for name in ("a.csv", "b.csv", "c.csv"):
        person.put(name)

    lines = person.look_twice()

    assert [line.split()[:2] for line in lines] == [["file", "refused"], ["file", "refused"], ["file", "taken"]]
    assert {"a.csv", "b.csv"} < person.names("refused")
    assert person.names() == set()
