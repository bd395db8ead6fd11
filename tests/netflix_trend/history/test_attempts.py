"""What stops a rebuild is found out, named and left out; the others are read, and what was kept is never lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.delivery.inbox import Delivery
from netflix_trend.history import attempts, freshness, removed, sources, tables
from netflix_trend.history.attempts import (
    ATTEMPTS,
    MOST_FAILURES,
    MOST_INTERRUPTIONS,
    Attempts,
    RebuildStopped,
    read_attempts,
)
from netflix_trend.history.memory import BASE, budget, needed
from netflix_trend.history.problems import import_problems
from netflix_trend.history.raw import RawStore
from netflix_trend.history.tables import History, rebuild_all
from netflix_trend.layout import PrivateVolume
from netflix_trend.participant import participant
from netflix_trend.settings import Settings, load_settings
from tests.netflix_trend.history.database import rows_of

ROOT = Path(__file__).parents[3]
SMALL = b'Title,Date\n"Dark: Season 1: Secrets","3/14/26"\n'
# Every row another show.
LARGE = b"Title,Date\n" + b"".join(b'"Show %d: Season 1: A","3/14/26"\n' % number for number in range(21_000))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "private_dir").mkdir()
    names = ("private_dir", "publisher_dir", "datasites_dir", "output_dir")
    return load_settings(**{name: tmp_path / name for name in names})


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How much memory an import may use; the first number counts."""
    found = [needed(20_000, 20_000)]
    for module in (sources, freshness):
        monkeypatch.setattr(module, "budget", lambda: found[0])
    yield found


def keep(settings: Settings, data: bytes, name: str) -> str:
    about = Delivery(profile="me", source="import", name=name, received=date(2026, 11, 1))
    return participant.take(settings, [data], about).sha256


def is_fresh(settings: Settings) -> bool:
    return not participant.out_of_date(settings).outdated


def outcomes(histories: list[History]) -> dict[str, str]:
    (history,) = histories
    return {file.raw.name: file.refusal.reason if file.refusal else "read" for file in history.files}


# --- memory --------------------------------------------------------------------------------------------------------


def test_a_file_that_takes_too_much_memory_is_named_and_the_others_are_read(
    settings: Settings, memory: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(settings, SMALL, "small.csv")
    large = keep(settings, LARGE, "large.csv")
    assert outcomes(participant.refresh(settings)) == {"small.csv": "read", "large.csv": "too_large_for_memory"}
    assert is_fresh(settings), "it is not tried again while nothing changes"
    assert PrivateVolume(settings.private_dir).export(large).exists()
    database = PrivateVolume(settings.private_dir).database("me")
    ((error,),) = rows_of(database, "select error from exports where error is not null")
    assert rows_of(database, "select show_name from shows") == [("Dark",)], "nothing of it is left"
    assert f"{memory[0] // 1_000_000} MB" in error
    assert "IMPORT_MEMORY" in error
    assert "./run.sh forget" in error

    read = []
    real = tables._add
    monkeypatch.setattr(tables, "_add", lambda *given: (read.append(given[2].name), real(*given))[1])
    keep(settings, SMALL + b'"Ozark: Season 1: A","3/14/26"\n', "later.csv")
    assert outcomes(participant.refresh(settings))["later.csv"] == "read"
    assert read == ["later.csv"], "neither the large one nor the kept one costs anything"

    memory[0] *= 2
    assert not is_fresh(settings), "with more memory it is tried again"
    assert set(outcomes(participant.refresh(settings)).values()) == {"read"}
    assert is_fresh(settings)
    assert read_attempts(PrivateVolume(settings.private_dir).profile("me")) == Attempts()


def test_a_file_that_is_forgotten_is_named_nowhere(settings: Settings, memory: list[int]) -> None:
    keep(settings, SMALL, "small.csv")
    large = keep(settings, LARGE, "large.csv")
    participant.refresh(settings)
    record = PrivateVolume(settings.private_dir).profile("me") / ATTEMPTS
    record.write_bytes(read_attempts(record.parent).model_copy(update={"reading": large}).to_bytes())
    store = RawStore(settings.private_dir)
    removed.forget(store.private, [one for one in store.exports() if one.sha256 == large], datetime.now(UTC), None)
    participant.refresh(settings)
    kept = [path for path in settings.private_dir.rglob("*") if path.is_file() and large.encode() in path.read_bytes()]
    assert kept == [PrivateVolume(settings.private_dir).removals], "what can be brought back is listed"
    assert removed.bring_back(store.private, datetime.now(UTC), None).exports[0].sha256 == large
    assert outcomes(participant.refresh(settings))["large.csv"] == "too_large_for_memory", "it is tried once more"


def test_many_small_files_together_take_no_more_memory_than_there_is(settings: Settings, memory: list[int]) -> None:
    memory[0] = needed(250, 250)
    for number in range(3):
        rows = b"".join(b'"Show %d of %d: Season 1: A","3/14/26"\n' % (row, number) for row in range(100))
        keep(settings, b"Title,Date\n" + rows, f"{number}.csv")
    found = list(outcomes(participant.refresh(settings)).values())
    assert sorted(found) == ["read", "read", "too_large_for_memory"]
    assert is_fresh(settings)


def test_the_limit_of_a_container_is_the_smallest_of_its_groups(tmp_path: Path) -> None:
    group = tmp_path / "slice" / "container"
    group.mkdir(parents=True)
    process = tmp_path / "cgroup"
    process.write_text("0::/slice/container\n")
    machine = budget(tmp_path, tmp_path / "none")
    assert budget(tmp_path, process) == machine, "no limit"
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text("400000000\n")
    assert budget(tmp_path, process) == 300_000_000
    (group / "memory.max").write_text("200000000\n")
    assert budget(tmp_path, process) == 150_000_000
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("100000000\n")
    assert budget(tmp_path, tmp_path / "none") == 75_000_000, "the first version of control groups"
    assert needed(0, 0) == BASE


# --- attempts ------------------------------------------------------------------------------------------------------


def test_a_file_that_fails_every_time_is_left_out_after_three_failures(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tables._add

    def fail(*given: object) -> object:
        if given[2].name == "broken.csv":  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(tables, "_add", fail)
    keep(settings, SMALL + b"\n" * 500, "large.csv")
    keep(settings, SMALL + b"\n", "broken.csv")
    for _ in range(MOST_FAILURES):
        with pytest.raises(ZeroDivisionError):
            participant.refresh(settings)
    found = outcomes(participant.refresh(settings))
    assert found == {"large.csv": "read", "broken.csv": "stopped_the_import"}, "not merely the largest"
    assert is_fresh(settings)
    monkeypatch.setattr(tables, "_add", real)
    keep(settings, SMALL + b"\n", "broken.csv")
    assert not is_fresh(settings), "imported again, it is tried again"
    assert set(outcomes(participant.refresh(settings)).values()) == {"read"}


@pytest.mark.parametrize(("parent", "most"), [("the same", MOST_FAILURES), ("another", MOST_INTERRUPTIONS)])
def test_many_more_ends_from_outside_are_allowed_than_a_process_that_ends_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parent: str, most: int
) -> None:
    """Where the parent is another one, the machine or the container was started again."""
    parents = iter(range(100))
    monkeypatch.setattr(attempts, "_parent", lambda: parent if parent == "the same" else str(next(parents)))
    for _ in range(most):
        assert not attempts.leave_out_suspect(tmp_path, "inputs", {"a" * 64: 1}, 1)
        with pytest.raises(SystemExit), attempts.attempting(tmp_path, "inputs"):
            monkeypatch.setattr(attempts.Attempt, "failed", lambda *_, **__: None)  # a killed process writes nothing
            raise SystemExit
    assert not attempts.leave_out_suspect(tmp_path, "other inputs", {"a" * 64: 1}, 1), "something has changed"
    assert attempts.leave_out_suspect(tmp_path, "inputs", {"a" * 64: 1, "b" * 64: 2}, 1)
    assert set(attempts.left_out(tmp_path, 1)) == {"b" * 64}, "the largest new one"
    assert not attempts.leave_out_suspect(tmp_path, "inputs", {"a" * 64: 1}, 1), "counted anew"


def test_without_a_new_file_to_blame_the_tables_stay_and_it_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything in them was read before, so that leaving out would lose something."""
    keep(settings, SMALL, "small.csv")
    participant.refresh(settings)
    before = PrivateVolume(settings.private_dir).database("me").read_bytes()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    real = tables._make_tables
    monkeypatch.setattr(tables, "_make_tables", fail)
    for _ in range(MOST_FAILURES):
        with pytest.raises(ZeroDivisionError):
            participant.refresh(settings, everything=True)
    assert participant.import_problems(settings) != []
    for _ in range(2):
        with pytest.raises(RebuildStopped):
            participant.refresh(settings, everything=True)
    assert PrivateVolume(settings.private_dir).database("me").read_bytes() == before
    monkeypatch.setattr(tables, "_make_tables", real)
    place = PrivateVolume(settings.private_dir).profile("me") / attempts.ATTEMPTS
    os.utime(place, (place.stat().st_mtime - 90_000,) * 2)
    assert outcomes(participant.refresh(settings, everything=True)) == {"small.csv": "read"}, "a day later"
    assert participant.import_problems(settings) == []


def test_a_profile_that_cannot_be_rebuilt_stops_no_other_one(
    tmp_path: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for profile in ("Anna", "Ben"):
        about = Delivery(profile=profile, source="import", name=f"{profile}.csv", received=date(2026, 11, 1))
        RawStore(tmp_path).save(about, [SMALL + profile.encode()])
    real = tables.rebuild
    monkeypatch.setattr(tables, "rebuild", lambda *given: 1 / 0 if given[1] == "Anna" else real(*given))
    with pytest.raises(ZeroDivisionError):
        rebuild_all(tmp_path, vocabulary)
    assert PrivateVolume(tmp_path).database("Ben").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema_version": 2}', b"\xff"])
def test_a_damaged_record_of_attempts_stops_nothing(settings: Settings, content: bytes) -> None:
    keep(settings, SMALL, "small.csv")
    folder = PrivateVolume(settings.private_dir).profile("me")
    folder.mkdir(parents=True)
    (folder / attempts.ATTEMPTS).write_bytes(content)
    assert outcomes(participant.refresh(settings)) == {"small.csv": "read"}


# --- a full disk ---------------------------------------------------------------------------------------------------


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no room")


def test_a_full_disk_is_said_and_counts_against_no_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(settings, SMALL, "small.csv")
    with monkeypatch.context() as patched:
        patched.setattr(tables, "save_encodings", _full)
        for _ in range(MOST_FAILURES + 1):
            with pytest.raises(OSError, match="the disk is full"):
                participant.refresh(settings)
    (problem,) = import_problems(settings.private_dir)
    assert "Make room" in problem
    assert outcomes(participant.refresh(settings)) == {"small.csv": "read"}
    assert import_problems(settings.private_dir) == []


def test_an_export_that_cannot_be_stored_is_said_until_none_waits(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., object] = RawStore.save
    monkeypatch.setattr(RawStore, "save", _full)
    with pytest.raises(OSError, match="no room"):
        keep(settings, SMALL, "small.csv")
    assert len(import_problems(settings.private_dir)) == 1
    monkeypatch.setattr(RawStore, "save", real)
    keep(settings, SMALL, "small.csv")
    assert len(import_problems(settings.private_dir)) == 1, "another one may wait"
    participant.nothing_waits(settings)
    assert import_problems(settings.private_dir) == []


def test_a_database_that_cannot_grow_is_taken_for_a_full_disk(settings: Settings) -> None:
    """DuckDB says it in words only; a limit on the size of files stands for the disk."""
    keep(settings, SMALL, "small.csv")
    code = (
        "import resource; from netflix_trend.participant import participant;"
        "from netflix_trend.settings import load_settings;"
        "import netflix_trend.history.tables;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "participant.refresh(load_settings())"
    )
    environment = {"PATH": os.environ["PATH"], "PRIVATE_DIR": str(settings.private_dir)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert len(import_problems(settings.private_dir)) == 1
    assert read_attempts(PrivateVolume(settings.private_dir).profile("me")).failures == 0
    assert outcomes(participant.refresh(settings)) == {"small.csv": "read"}
