"""Names that every part of the project agrees on: the app's folder, and patterns of addresses and profiles."""

from __future__ import annotations

import re
from unicodedata import category

# Folder of this app in every datasite.
APP_NAME = "netflix_trend"

# What SyftBox calls a datasite: an e-mail address, which is also a folder name.
DATASITE_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,62}@[a-z0-9][a-z0-9.-]{0,62}\.[a-z]{2,24}")

# Addresses of the settings as they come. Nobody runs this aggregator: with it everything can be tried on one machine.
EXAMPLE_ME = "me@example.org"
EXAMPLE_AGGREGATOR = "aggregator@example.org"

# Operators of a network on one machine, which nobody can have an address of (RFC 2606): its participants are invented.
_DEMO_NETWORK = "@example.net"

# A profile's name is also a folder name: it starts with a letter or digit and holds no slash.
PROFILE_PATTERN = r"^\w[\w .'-]{0,59}$"

# Of what an aggregator calls itself.
LONGEST_NAME = 60

_NOT_IN_NAMES = frozenset("@“”„‟«»＂＠﹫")

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


def is_trial(email: str, aggregator: str) -> bool:
    """Return whether both addresses are examples, so that nothing leaves the machine."""
    return aggregator == EXAMPLE_AGGREGATOR and email.endswith("@example.org")


def is_of_demo_network(operator: str) -> bool:
    """Return whether an operator's address is that of `./run.sh demo --network`, where everybody is invented."""
    return operator.endswith(_DEMO_NETWORK)


def plain_name(value: str) -> str:
    """Return a name that is one line of plain text. Raises ValueError for anything that could be taken for an address,
    for the end of the quotation in which it is shown, or for a mark of ours, or steer how text is displayed.
    """
    is_plain = value.isprintable() and value == " ".join(value.split()) and len(value) <= LONGEST_NAME
    if not is_plain or any(one in _NOT_IN_NAMES or category(one) == "So" for one in value):
        raise ValueError(
            f"expected up to {LONGEST_NAME} printable characters in one line, without @, quotes or symbols"
        )
    return value
