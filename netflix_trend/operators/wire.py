"""Reading and writing TLS presentation language (RFC 8446, section 3), the notation of DAP's messages."""

from __future__ import annotations


class Malformed(Exception):
    """Bytes that are not a message of the form that was expected. The message says which field, never its content."""


class Reader:
    """Reads one message from its first byte to its last; every length is checked before anything is taken."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int, field: str) -> bytes:
        """Return the next `size` bytes. Raises Malformed when there are fewer."""
        end = self._at + size
        if end > len(self._data):
            raise Malformed(f"{field}: the message ends early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def integer(self, size: int, field: str) -> int:
        """Return an unsigned integer of `size` bytes, big-endian."""
        return int.from_bytes(self.take(size, field), "big")

    def opaque(self, prefix: int, field: str, *, min_size: int = 0) -> bytes:
        """Return a vector of bytes whose length stands before it in `prefix` bytes.

        Raises Malformed when it has fewer than `min_size` bytes.
        """
        # Most of a report is read by this, so it does not call the others.
        data, start = self._data, self._at + prefix
        end = start + int.from_bytes(data[self._at : start], "big")
        if end > len(data) or start > len(data):
            raise Malformed(f"{field}: the message ends early")
        if end - start < min_size:
            raise Malformed(f"{field}: must not be empty")
        self._at = end
        return data[start:end]

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read."""
        return self._at == len(self._data)

    def end(self, field: str) -> None:
        """Raise Malformed when bytes are left over."""
        if not self.is_at_end:
            raise Malformed(f"{field}: {len(self._data) - self._at} bytes too many")


def opaque(prefix: int, data: bytes) -> bytes:
    """Return a vector of bytes with its length before it. Raises OverflowError when it is too long for `prefix`."""
    return len(data).to_bytes(prefix, "big") + data
