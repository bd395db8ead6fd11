"""Unusable files that the person has dismissed, so that Health can say that all is well. On the private volume."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.layout import PrivateVolume
from netflix_trend.storage.damaged import Damaged, make_way, read_file
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict

_MAX_MARKS = 1_000


class _Dismissed(Strict):
    schema_version: Literal[1] = 1
    marks: Annotated[tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...], Field(strict=False)] = ()


def mark_of(*known: str) -> str:
    """Return the mark of an unusable file. It depends on the reason: with another one the file is shown again."""
    return hashlib.sha256("\0".join(known).encode()).hexdigest()[:16]


def dismissed(private: Path) -> frozenset[str]:
    """Return the dismissed marks; none if the file is damaged, since then the files are just shown again."""
    try:
        return frozenset(_Dismissed.model_validate_json(read_file(PrivateVolume(private).dismissed)).marks)
    except (FileNotFoundError, ValidationError, Damaged):
        return frozenset()


def dismiss(private: Path, marks: Iterable[str]) -> None:
    """Add marks; only the newest 1,000 are kept."""
    before = dismissed(private)
    kept = (*sorted(before), *sorted(set(marks) - before))[-_MAX_MARKS:]
    private.mkdir(parents=True, exist_ok=True)
    make_way(PrivateVolume(private).dismissed, private)
    write_atomically(PrivateVolume(private).dismissed, _Dismissed(marks=kept).to_bytes())
