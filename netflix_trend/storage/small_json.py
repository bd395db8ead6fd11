"""Small JSON files that others may have written, or damaged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netflix_trend.storage.files import read_own

_LARGEST = 65_536


def flat_json(path: Path) -> dict[str, Any]:
    """Return the object in a small JSON file; empty for anything else."""
    try:
        found = json.loads(read_own(path.resolve(), _LARGEST) or b"{}")
    except (ValueError, OSError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class Costly(ValueError):
    """A JSON text would cost more to read than any file of its kind."""


@dataclass(frozen=True)
class JsonLimits:
    """How much there may be in a JSON text of somebody else. values, objects: in all. keys: of one object.

    longest: entries of a list that holds no objects; it holds no lists either. None: any number, and lists.
    """

    values: int
    objects: int
    keys: int = 400
    longest: int | None = None

    def check(self, data: bytes) -> None:
        """Raise Costly for JSON that would take much time or memory to read as a model.

        A model gives every value an object of its own and every unknown key or wrong item an error: 8 MB of `{},{},`
        took 11 s and 2.8 GB. Text that is no JSON is left to the model.
        """
        if data.count(b",") + data.count(b"[") + data.count(b"{") > self.values:
            raise Costly(f"it has more than {self.values} values")
        objects = 0

        def count(pairs: list[tuple[str, Any]]) -> None:
            nonlocal objects
            objects += 1
            if objects > self.objects or len(pairs) > self.keys:
                raise Costly(f"it has more than {self.objects} objects, or one of more than {self.keys} entries")
            if self.longest is not None:
                for _, value in pairs:
                    self._check_list(value)

        try:
            found = json.loads(data, object_pairs_hook=count)
        except Costly:
            raise
        except (ValueError, RecursionError):
            return
        if self.longest is not None:
            self._check_list(found)

    def _check_list(self, value: Any) -> None:
        # An object has become None.
        if isinstance(value, list) and (
            any(isinstance(item, list) for item in value)
            or (len(value) > (self.longest or 0) and any(item is not None for item in value))
        ):
            raise Costly(f"a list in it has more than {self.longest} entries, or lists in it")
