"""Canonical JSON and content hashes: equal values have equal bytes, on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> bytes:
    """Return `value` as JSON with sorted keys, no blanks and UTF-8. Raises ValueError for NaN and infinity."""
    return _ENCODER.encode(value).encode()


def content_version(value: Any) -> str:
    """Return the first 128 bits of SHA-256 over the canonical JSON of `value`, as 32 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()[:32]
