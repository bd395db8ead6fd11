"""Whether a secret that was planted is in something, also packed as messages are: gzip in base64."""

from __future__ import annotations

import base64
import re
import urllib.parse
import zlib
from collections.abc import Collection

from tests.services.scraper.stand_in import SECRETS

_PACKED = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")


def unpacked(data: bytes) -> bytes:
    """Return all that is packed in some bytes."""
    parts = []
    for found in _PACKED.findall(data):
        try:
            parts.append(zlib.decompressobj(wbits=31).decompress(base64.b64decode(found + b"==")))
        except (ValueError, zlib.error):
            continue
    return b"\n".join(parts)


def leaks(text: str | bytes, allowed: Collection[str] = ()) -> list[str]:
    """Return the secrets that some text holds."""
    data = text if isinstance(text, bytes) else text.encode()
    data += unpacked(data)
    return [
        secret
        for secret in SECRETS
        if secret not in allowed and any(form.encode() in data for form in (secret, urllib.parse.quote(secret)))
    ]
