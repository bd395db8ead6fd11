"""Names that every part of the project agrees on: the app's folder, and patterns of addresses and profiles."""

from __future__ import annotations

import re

# Folder of this app in every datasite.
APP_NAME = "netflix_trend"

# Nobody runs this one: with it everything can be tried on one machine.
EXAMPLE_AGGREGATOR = "aggregator@example.org"

# What SyftBox calls a datasite: an e-mail address, which is also a folder name.
DATASITE_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,62}@[a-z0-9][a-z0-9.-]{0,62}\.[a-z]{2,24}")

# A profile's name is also a folder name: it starts with a letter or digit and holds no slash.
PROFILE_PATTERN = r"^\w[\w .'-]{0,59}$"

_KEY = re.compile(r"[0-9a-f]{64}")


def parse_key(text: str) -> bytes:
    """Return the fingerprint of an operator's key from 64 hexadecimal digits.

    Raises ValueError, with what to do, for anything else.
    """
    digits = text.strip().lower()
    if not _KEY.fullmatch(digits):
        raise ValueError(
            "a key's fingerprint has 64 hexadecimal digits; ask the operator for it by another way than SyftBox"
        )
    return bytes.fromhex(digits)
