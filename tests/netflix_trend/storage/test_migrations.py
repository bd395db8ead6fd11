"""Files of other versions: older ones are brought up to date with a copy, newer ones stop everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.storage import migrations
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.migrations import Kind, NewerFormat, bring_up_to_date, check_formats, forget_copies


def renamed(content: dict[str, Any]) -> dict[str, Any]:
    return {"names": content["labels"]}


def counted(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "count": len(content["names"])}


KINDS = (Kind("notes.json", (renamed, counted)), Kind("raw/*.json", (renamed,)), Kind("same.json"))
TODAY = b'{"count":2,"names":["a","b"],"schema_version":3}\n'


def write(path: Path, content: object) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data := json.dumps(content).encode())
    return data


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_an_older_file_goes_through_every_step_and_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    old = write(tmp_path / "notes.json", {"labels": ["a", "b"]})
    assert bring_up_to_date(tmp_path, KINDS) == [tmp_path / "notes.json"]
    assert (tmp_path / "notes.json").read_bytes() == TODAY
    assert (tmp_path / "notes.json.v1").read_bytes() == old


def test_a_file_of_a_version_in_between_takes_the_steps_that_are_left(tmp_path: Path) -> None:
    write(tmp_path / "notes.json", {"names": ["a", "b"], "schema_version": 2})
    bring_up_to_date(tmp_path, KINDS)
    assert (tmp_path / "notes.json").read_bytes() == TODAY
    assert (tmp_path / "notes.json.v2").exists()


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "notes.json", {"labels": ["a"]})
    write(tmp_path / "raw" / "one.json", {"labels": ["a"]})
    write(tmp_path / "same.json", {"schema_version": 1})
    assert len(bring_up_to_date(tmp_path, KINDS)) == 2
    before = files(tmp_path)
    assert bring_up_to_date(tmp_path, KINDS) == []
    assert files(tmp_path) == before
    assert "same.json.v1" not in before


def test_a_start_that_was_killed_between_the_copy_and_the_file_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write(tmp_path / "notes.json", {"labels": ["a", "b"]})

    def killed(path: Path, data: bytes, **more: Any) -> None:
        if path.name == "notes.json":
            raise KeyboardInterrupt
        write_atomically(path, data, **more)

    monkeypatch.setattr(migrations, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(tmp_path, KINDS)
    assert (tmp_path / "notes.json").read_bytes() == old
    monkeypatch.undo()
    bring_up_to_date(tmp_path, KINDS)
    assert (tmp_path / "notes.json").read_bytes() == TODAY
    assert (tmp_path / "notes.json.v1").read_bytes() == old


def test_one_newer_file_stops_everything_before_anything_is_changed(tmp_path: Path) -> None:
    write(tmp_path / "notes.json", {"labels": ["a"]})
    write(tmp_path / "same.json", {"schema_version": 2})
    before = files(tmp_path)
    for look in (check_formats, bring_up_to_date):
        with pytest.raises(NewerFormat, match=r"/same\.json has format 2, and .* up to 1\. Nothing was changed"):
            look(tmp_path, KINDS)
    assert files(tmp_path) == before


def test_the_refusal_names_the_copy_that_the_newer_version_kept(tmp_path: Path) -> None:
    old = write(tmp_path / "notes.json", {"labels": ["a", "b"]})
    bring_up_to_date(tmp_path, KINDS)
    with pytest.raises(NewerFormat, match=r"or put its copy notes\.json\.v1 back in its place"):
        check_formats(tmp_path, (Kind("notes.json"),))
    (tmp_path / "notes.json.v1").replace(tmp_path / "notes.json")
    check_formats(tmp_path, (Kind("notes.json"),))
    assert (tmp_path / "notes.json").read_bytes() == old


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"schema_version":"2"}', b'{"schema_version":true}']
)
def test_a_damaged_file_is_left_to_its_reader(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "notes.json").write_bytes(data)
    write(tmp_path / "raw" / "one.json", {"labels": []})
    assert bring_up_to_date(tmp_path, KINDS) == [tmp_path / "raw" / "one.json"]
    assert (tmp_path / "notes.json").read_bytes() == data


def test_a_missing_volume_has_nothing_to_bring_up_to_date(tmp_path: Path) -> None:
    assert bring_up_to_date(tmp_path / "none", KINDS) == []
    assert not (tmp_path / "none").exists()


def test_a_copy_is_as_private_as_its_file_and_can_be_forgotten(tmp_path: Path) -> None:
    write(tmp_path / "notes.json", {"labels": ["a"]})
    write(tmp_path / "other.json.v1", {})
    (tmp_path / "notes.json").chmod(0o600)
    bring_up_to_date(tmp_path, KINDS)
    assert (tmp_path / "notes.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "notes.json.v1").stat().st_mode & 0o777 == 0o600
    forget_copies(tmp_path / "notes.json")
    assert sorted(path.name for path in tmp_path.glob("*.json*")) == ["notes.json", "other.json.v1"]
