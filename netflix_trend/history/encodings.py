"""The arrays derived from one profile's views, and their files.

`netflix_full.npy`                    one record per view: `FULL_DTYPE`, oldest first
`tvseries_views_sparse_vector.npy`    int32[V]: episodes seen of each show of the vocabulary, over the whole history
`encodings.json`                      vocabulary version, hashes of both arrays, and the last day they cover

The arrays are written before `encodings.json`, which has their hashes; a reader detects a mixture of two states.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tokenize import TokenError
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from netflix_trend.storage.damaged import Damaged, read_file
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict

FULL = "netflix_full.npy"
VECTOR = "tvseries_views_sparse_vector.npy"
DESCRIPTION = "encodings.json"
# day of the view; row of the table `titles` in viewing.duckdb; vocabulary index of the show or -1; position in KINDS
FULL_DTYPE = np.dtype([("day", "<M8[D]"), ("title", "<i4"), ("show", "<i4"), ("kind", "u1")])
# open: an episode or a film, and only other titles of the history tell which. Answers do not ask them, because then
# a week could change how a title of any other week is counted.
KINDS = ("episode", "film", "unnamed", "blank", "supplemental", "open")
FILM, SUPPLEMENTAL, OPEN = (KINDS.index(kind) for kind in ("film", "supplemental", "open"))


class EncodingsError(Exception):
    """Encodings are damaged, or were made with another vocabulary. file: the name of the damaged one."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(message)
        self.file = file


@dataclass(frozen=True)
class Encodings:
    """Both arrays of a profile. covered_through: the last day that had ended when the newest export was made."""

    full: NDArray[np.void]
    vector: NDArray[np.int32]
    vocabulary: str
    covered_through: date


class _Description(Strict):
    schema_version: Literal[1] = 1
    vocabulary: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    covered_through: date
    sha256: dict[str, str]


def count_episodes(full: NDArray[np.void], shows: int) -> NDArray[np.int32]:
    """Return int32[shows]: how many episodes of each show of the vocabulary were seen on any day."""
    indices = full["show"][full["show"] >= 0]
    return np.bincount(indices, minlength=shows).astype("<i4")


def save_encodings(folder: Path, encodings: Encodings) -> None:
    """Write the three files into a profile's folder, each atomically."""
    hashes = {}
    for name, array in ((FULL, encodings.full), (VECTOR, encodings.vector)):
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        hashes[name] = hashlib.sha256(buffer.getbuffer()).hexdigest()
        write_atomically(folder / name, buffer.getvalue())
    description = _Description(
        vocabulary=encodings.vocabulary, covered_through=encodings.covered_through, sha256=hashes
    )
    write_atomically(folder / DESCRIPTION, description.to_bytes())


def load_encodings(folder: Path) -> Encodings:
    """Read the encodings of a profile. Raises FileNotFoundError if there are none, EncodingsError if they do not match
    each other; they may just be written: try again.
    """
    try:
        description = _Description.model_validate_json(read_file(folder / DESCRIPTION))
    except (ValidationError, Damaged):
        raise EncodingsError(DESCRIPTION, f"{folder.name}/{DESCRIPTION} is damaged; it is built again") from None
    full, vector = (_load(folder / name, description.sha256.get(name, "")) for name in (FULL, VECTOR))
    if full.dtype != FULL_DTYPE or full.ndim != 1 or vector.dtype != np.dtype("<i4") or vector.ndim != 1:
        raise EncodingsError(FULL, f"{folder.name}: an array has another type than it should; it is built again")
    return Encodings(full, vector, description.vocabulary, description.covered_through)


def _load(path: Path, sha256: str) -> NDArray[Any]:
    try:
        data = read_file(path)
    except (FileNotFoundError, Damaged):
        raise EncodingsError(path.name, f"{path.parent.name}/{path.name} is gone or damaged") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EncodingsError(path.name, f"{path.parent.name}/{path.name} is not the file that {DESCRIPTION} names")
    try:
        array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, TokenError):
        raise EncodingsError(path.name, f"{path.parent.name}/{path.name} is not an array; it is built again") from None
    return array
