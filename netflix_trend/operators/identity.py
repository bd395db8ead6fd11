"""Who signed a file: an operator's Ed25519 key, known to others by the fingerprint in their settings.

The key itself travels in every signed file; only its fingerprint is trusted, and it never comes from the relay.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from netflix_trend.names import parse_key
from netflix_trend.storage.files import read_own, write_atomically

KEY_SIZE = 32
SIGNATURE_SIZE = 64
_JSON = (b'{"body":', b',"key":"', b'","signature":"', b'"}\n')
_JSON_TAIL = sum(map(len, _JSON[1:])) + 2 * (KEY_SIZE + SIGNATURE_SIZE)
_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"
_WORDS = 8


class WrongKey(ValueError):
    """A file is there and holds no signing key. The message says what to do."""


class WrongSigner(Exception):
    """A file was not signed by the operator whose fingerprint is pinned. `reason` is one word for counters."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Fingerprint:
    """SHA-256 of an operator's public key."""

    digest: bytes

    @classmethod
    def of(cls, public_key: bytes) -> Fingerprint:
        """Return the fingerprint of 32 bytes of public key."""
        return cls(hashlib.sha256(public_key).digest())

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Return a fingerprint from 64 hexadecimal digits. Raises ValueError, with what to do, for anything else."""
        return cls(parse_key(text))

    @property
    def hex(self) -> str:
        """64 hexadecimal digits, as they stand in settings."""
        return self.digest.hex()

    @property
    def words(self) -> str:
        """The first 128 bits as eight words of five letters, to read aloud and compare.

        (D. S. Wilkerson, "A Proposal for Proquints", arXiv:0901.4016: consonants carry 4 bits, vowels 2.)
        """
        return "-".join(_proquint(self.digest[at : at + 2]) for at in range(0, 2 * _WORDS, 2))


def _proquint(pair: bytes) -> str:
    value = int.from_bytes(pair, "big")
    letters = [_CONSONANTS[value >> 12], _VOWELS[value >> 10 & 3], _CONSONANTS[value >> 6 & 15]]
    return "".join([*letters, _VOWELS[value >> 4 & 3], _CONSONANTS[value & 15]])


def key_in_words(name: str, datasite: str, key: Fingerprint) -> str:
    """Describe an operator's key for people: in words to compare, and as a line for their settings.

    name: AGGREGATOR or HELPER, the beginning of the settings' names.
    """
    return (
        f"Key of {datasite} in words: {key.words}\n"
        "Tell it to participants and to the other operator by another way than SyftBox. In their settings:\n"
        f"{name}_DATASITE={datasite}\n{name}_KEY={key.hex}"
    )


class Identity:
    """An operator's signing key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()
        self.fingerprint = Fingerprint.of(self.public_key)

    @classmethod
    def load_or_create(cls, path: Path) -> Identity:
        """Return the key from a private file; create it if there is none.

        Raises WrongKey when the file is there and is not a key: a new one would be another operator.
        """
        if not path.exists() and not path.is_symlink():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, Ed25519PrivateKey.generate().private_bytes_raw(), mode=0o600)
        seed = read_own(path, KEY_SIZE)
        if seed is None or len(seed) != KEY_SIZE:
            raise WrongKey(f"{path.name} is not a signing key of {KEY_SIZE} bytes; restore it from a backup")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, path: str, body: bytes) -> bytes:
        """Return a file: the body with our public key and a signature over the path and the body's SHA-256.

        path: where the file lies below the datasite; a file that is moved to another path is no longer signed. When it
        ends in `.json`, body is a JSON object, and so is the file.
        """
        signature = self._key.sign(_signed(path, body))
        if not path.endswith(".json"):
            return self.public_key + signature + body
        start, key, mark, end = _JSON
        return b"".join((start, body, key, self.public_key.hex().encode(), mark, signature.hex().encode(), end))


def _signed(path: str, body: bytes) -> bytes:
    return b"nt-file\0" + path.encode() + hashlib.sha256(body).digest()


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    at = KEY_SIZE + SIGNATURE_SIZE
    return data[:KEY_SIZE], data[KEY_SIZE:at], data[at:]


def _split_json(data: bytes) -> tuple[bytes, bytes, bytes]:
    start, key, mark, end = _JSON
    body, tail = data[len(start) : -_JSON_TAIL], data[-_JSON_TAIL:]
    at = len(key) + 2 * KEY_SIZE
    if not (data.startswith(start) and tail.startswith(key) and tail[at:].startswith(mark) and tail.endswith(end)):
        return b"", b"", b""
    return _unhex(tail[len(key) : at]), _unhex(tail[at + len(mark) : -len(end)]), body


def _unhex(text: bytes) -> bytes:
    """Return bytes from lower-case hexadecimal digits, nothing from any other spelling."""
    try:
        found = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""
    return found if found.hex().encode() == text else b""


def signed_body(signer: Fingerprint, path: str, data: bytes) -> bytes:
    """Return the body of a signed file.

    Raises WrongSigner: `another_key` when it is signed by nobody we know, `signature` when it is torn or was changed.
    """
    public_key, signature, body = _split_json(data) if path.endswith(".json") else _split(data)
    if len(public_key) != KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        raise WrongSigner("signature", f"{path}: not a signed file")
    if Fingerprint.of(public_key) != signer:
        raise WrongSigner(
            "another_key",
            f"{path}: signed by {Fingerprint.of(public_key).words}, but your settings name {signer.words}. If the "
            "operator has told you of a new key, put its fingerprint into your settings; otherwise do not take part.",
        )
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _signed(path, body))
    except (InvalidSignature, ValueError):
        raise WrongSigner("signature", f"{path}: the signature does not belong to these bytes") from None
    return body
