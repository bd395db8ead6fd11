"""Encodings on disk: whole, of one state, and never a pickle."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netflix_trend.history.encodings import (
    DESCRIPTION,
    FULL,
    FULL_DTYPE,
    KINDS,
    SUPPLEMENTAL,
    VECTOR,
    Encodings,
    EncodingsError,
    load_encodings,
    save_encodings,
)
from tests.netflix_trend.storage.full_disk import files_no_larger_than

VERSION = "0123456789abcdef" * 2


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.canary,)


def encodings(views: int = 3, shows: int = 5, **change: Any) -> Encodings:
    full = np.zeros(views, FULL_DTYPE)
    full["day"] = np.datetime64("2026-11-16") + np.arange(views)
    full["title"] = np.arange(views)
    full["show"] = np.arange(views) - 1
    full["kind"] = np.arange(views) % len(KINDS)
    values = {
        "full": full,
        "vector": np.arange(shows, dtype=np.int32),
        "vocabulary": VERSION,
        "covered_through": date(2026, 11, 20),
    }
    return Encodings(**{**values, **change})


def put(folder: Path, name: str, data: bytes) -> None:
    """Replace one array of a saved state and name it in the description, as a forger would."""
    description = json.loads((folder / DESCRIPTION).read_bytes())
    description["sha256"][name] = hashlib.sha256(data).hexdigest()
    (folder / name).write_bytes(data)
    (folder / DESCRIPTION).write_text(json.dumps(description), "utf-8")


@pytest.mark.parametrize(("views", "shows"), [(3, 5), (0, 5), (0, 0), (1000, 1)])
def test_encodings_come_back_as_they_were_saved(tmp_path: Path, views: int, shows: int) -> None:
    saved = encodings(views, shows)
    save_encodings(tmp_path, saved)
    loaded = load_encodings(tmp_path)
    assert (loaded.full.dtype, loaded.vector.dtype) == (FULL_DTYPE, np.dtype("<i4"))
    assert np.array_equal(loaded.full, saved.full)
    assert np.array_equal(loaded.vector, saved.vector)
    assert (loaded.vocabulary, loaded.covered_through) == (VERSION, date(2026, 11, 20))


def test_the_files_have_the_names_of_the_contract_and_can_be_read_with_numpy_alone(tmp_path: Path) -> None:
    saved = encodings()
    save_encodings(tmp_path, saved)
    assert {path.name for path in tmp_path.iterdir()} == {
        "netflix_full.npy",
        "tvseries_views_sparse_vector.npy",
        "encodings.json",
    }
    assert np.array_equal(np.load(tmp_path / "netflix_full.npy", allow_pickle=False), saved.full)
    assert np.array_equal(np.load(tmp_path / "tvseries_views_sparse_vector.npy", allow_pickle=False), saved.vector)


def test_the_description_names_both_arrays_by_their_hash(tmp_path: Path) -> None:
    save_encodings(tmp_path, encodings())
    assert json.loads((tmp_path / DESCRIPTION).read_bytes()) == {
        "schema_version": 1,
        "vocabulary": VERSION,
        "covered_through": "2026-11-20",
        "sha256": {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in (FULL, VECTOR)},
    }


def test_the_same_encodings_make_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    save_encodings(tmp_path / "a", encodings())
    save_encodings(tmp_path / "b", encodings())
    for name in (FULL, VECTOR, DESCRIPTION):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_newer_state_replaces_the_older(tmp_path: Path) -> None:
    save_encodings(tmp_path, encodings(3))
    save_encodings(tmp_path, encodings(4, covered_through=date(2026, 11, 27)))
    loaded = load_encodings(tmp_path)
    assert len(loaded.full) == 4
    assert loaded.covered_through == date(2026, 11, 27)


def test_a_profile_without_encodings_is_distinguished_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_encodings(tmp_path)


@pytest.mark.parametrize("name", [FULL, VECTOR, DESCRIPTION])
def test_a_mixture_of_two_states_is_refused(tmp_path: Path, name: str) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    save_encodings(old, encodings(3, 5))
    save_encodings(new, encodings(4, 6))
    (new / name).replace(old / name)
    with pytest.raises(EncodingsError, match=r"is not the file that encodings\.json names"):
        load_encodings(old)


def test_an_interrupted_save_is_detected(tmp_path: Path) -> None:
    save_encodings(tmp_path, encodings(3, 5))
    with files_no_larger_than(100_000), pytest.raises(OSError, match="File too large"):
        save_encodings(tmp_path, encodings(4, 100_000))
    assert len(np.load(tmp_path / FULL, allow_pickle=False)) == 4
    with pytest.raises(EncodingsError):
        load_encodings(tmp_path)


def test_an_interrupted_first_save_leaves_no_encodings(tmp_path: Path) -> None:
    with files_no_larger_than(100_000), pytest.raises(OSError, match="File too large"):
        save_encodings(tmp_path, encodings(4, 100_000))
    with pytest.raises(FileNotFoundError):
        load_encodings(tmp_path)


@pytest.mark.parametrize("name", [FULL, VECTOR])
@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_array_is_refused(tmp_path: Path, name: str, damage: str) -> None:
    save_encodings(tmp_path, encodings())
    data = bytearray((tmp_path / name).read_bytes())
    data[-1] ^= 1
    (tmp_path / name).write_bytes(bytes({"cut": data[:-1], "flipped": data, "emptied": b""}[damage]))
    with pytest.raises(EncodingsError, match=name):
        load_encodings(tmp_path)


def test_a_description_that_does_not_name_an_array_is_refused(tmp_path: Path) -> None:
    save_encodings(tmp_path, encodings())
    description = json.loads((tmp_path / DESCRIPTION).read_bytes())
    del description["sha256"][VECTOR]
    (tmp_path / DESCRIPTION).write_text(json.dumps(description), "utf-8")
    with pytest.raises(EncodingsError, match=VECTOR):
        load_encodings(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"full": np.zeros(3, np.int32)},
        {"full": np.zeros(3, [("day", "<M8[s]"), ("title", "<i4"), ("show", "<i4"), ("kind", "u1")])},
        {"full": np.zeros(3, [("day", "<M8[D]"), ("title", "<i4"), ("show", "<i4")])},
        {"full": np.zeros(3, [("day", "<M8[D]"), ("show", "<i4"), ("title", "<i4"), ("kind", "u1")])},
        {"full": np.zeros((3, 1), FULL_DTYPE)},
        {"full": np.zeros((), FULL_DTYPE)},
        {"vector": np.zeros(5, np.int64)},
        {"vector": np.zeros(5, np.float32)},
        {"vector": np.zeros(5, np.uint32)},
        {"vector": np.zeros(5, ">i4")},
        {"vector": np.zeros((5, 1), np.int32)},
        {"vector": np.zeros((), np.int32)},
        {"vector": np.zeros(5, "<U4")},
    ],
    ids=range(13),
)
def test_an_array_of_another_type_or_shape_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    save_encodings(tmp_path, encodings(**change))
    with pytest.raises(EncodingsError, match="another type than it should"):
        load_encodings(tmp_path)


def test_an_array_of_objects_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle=False"):
        save_encodings(tmp_path, encodings(vector=np.array([object()])))
    assert VECTOR not in {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("name", [FULL, VECTOR])
@pytest.mark.parametrize("kind", ["object array", "pickle"])
def test_arrays_are_never_unpickled(tmp_path: Path, name: str, kind: str) -> None:
    canary, folder = tmp_path / "canary", tmp_path / "profile"
    folder.mkdir()
    save_encodings(folder, encodings())
    buffer = io.BytesIO()
    if kind == "pickle":
        pickle.dump(Bomb(canary), buffer)
    else:
        np.save(buffer, np.array([Bomb(canary)], dtype=object), allow_pickle=True)
    put(folder, name, buffer.getvalue())
    with pytest.raises((EncodingsError, ValueError)):
        load_encodings(folder)
    assert not canary.exists()


def test_the_dtype_of_views_matches_saved_files() -> None:
    assert FULL_DTYPE.itemsize == 17
    assert FULL_DTYPE.names == ("day", "title", "show", "kind")
    assert KINDS == ("episode", "film", "unnamed", "blank", "supplemental", "open")
    assert KINDS[SUPPLEMENTAL] == "supplemental"
