"""A stream that is encrypted with a passphrase: scrypt makes the key, ChaCha20-Poly1305 seals piece by piece.

Each piece is sealed together with its number and whether it is the last one, so that none can be left out, moved or
added (the construction STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015). The key is used for one file
only, because its salt is drawn anew. The cost of scrypt is fixed, so that no file can ask for more.
"""

from __future__ import annotations

import os
from typing import BinaryIO, Protocol

from netflix_trend.language import _

_SALT = 16
_PIECE = 1 << 16
_TAG = 16
# 128 MB of memory and about a second: RFC 7914, with the cost that OWASP recommends.
_COST, _BLOCKS, _LANES = 1 << 17, 8, 1


class WrongSeal(Exception):
    """The passphrase is wrong, or the stream is damaged. The message says which."""


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Key:
    def __init__(self, passphrase: str, salt: bytes, about: bytes) -> None:
        # Only who uses a passphrase needs the library.
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        derived = Scrypt(salt=salt, length=32, n=_COST, r=_BLOCKS, p=_LANES).derive(passphrase.encode())
        self._cipher, self._about, self._number = ChaCha20Poly1305(derived), about + salt, 0

    def _nonce(self, *, is_last: bool) -> bytes:
        self._number += 1
        return self._number.to_bytes(11, "big") + bytes([is_last])

    def seal(self, piece: bytes, *, is_last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(is_last=is_last), piece, self._about)

    def open(self, piece: bytes, *, is_last: bool) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(self._nonce(is_last=is_last), piece, self._about)
        except InvalidTag:
            if self._number == 1:
                raise WrongSeal(_("the passphrase is wrong, or the backup is damaged at its beginning")) from None
            raise WrongSeal(_("this backup is damaged or incomplete. Use another copy of it")) from None


class Sealing:
    """Encrypts what is written to it; `finish` writes the last piece. about: bytes that belong to it in clear."""

    def __init__(self, out: _Sink, passphrase: str, about: bytes) -> None:
        salt = os.urandom(_SALT)
        self._out, self._key, self._left = out, _Key(passphrase, salt, about), b""
        out.write(salt)

    def write(self, data: bytes) -> int:
        """Take bytes; they are written once a piece is full."""
        self._left += bytes(data)
        while len(self._left) > _PIECE:  # the last piece is never known before the end
            piece, self._left = self._left[:_PIECE], self._left[_PIECE:]
            self._out.write(self._key.seal(piece, is_last=False))
        return len(data)

    def flush(self) -> None:
        """Do nothing: a piece is written as a whole."""

    def finish(self) -> None:
        """Write the last piece."""
        self._out.write(self._key.seal(self._left, is_last=True))


class Opened:
    """Decrypts a stream while it is read. Raises WrongSeal; no byte is returned that was not checked."""

    def __init__(self, stream: BinaryIO, passphrase: str, about: bytes) -> None:
        self._stream, self._data = stream, b""
        self._key = _Key(passphrase, stream.read(_SALT), about)
        self._next = self._read()
        self._is_over = False

    def _read(self) -> bytes:
        parts, left = [], _PIECE + _TAG
        while left and (part := self._stream.read(left)):  # a pipe gives what it has
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end."""
        while not self._data and not self._is_over:
            piece, self._next = self._next, self._read()
            self._is_over = not self._next
            self._data = self._key.open(piece, is_last=self._is_over)
        found, self._data = self._data[:size], self._data[size:]
        return found
