"""Who can open what: HPKE (RFC 9180) with the hybrid of ML-KEM-768 and X25519, and keys that live for one round.

Files that lie on a relay for years must not open once X25519 is broken, hence the hybrid. An encapsulation has 1,120
bytes, so a participant makes one for each operator, not one for each block: it carries a secret of 32 bytes, and every
input share of the file is sealed with a key derived from it (see decision 0082).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from netflix_trend.operators.codec import VERSION, HpkeCiphertext, Role
from netflix_trend.privacy.randomness import RandBytes, secure_bytes

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
ENC_SIZE = 1120
TAG_SIZE = 16
SECRET_SIZE = 32
_MLKEM_PUBLIC, _MLKEM_SEED, _X25519 = 1184, 64, 32
PUBLIC_SIZE = _MLKEM_PUBLIC + _X25519
# There is one key an operator and round, so its number is the same in every message.
CONFIG_ID = 1
# Stands for the encapsulation in an input share's ciphertext: it is at the head of the file.
_AT_HEAD = b"\0"


class CannotOpen(Exception):
    """Something is not sealed to this key, or to this use. The two cases are never distinguished."""


@dataclass(frozen=True)
class RoundKey:
    """An operator's key pair of one round, as bytes: seed of ML-KEM-768, then X25519."""

    private: bytes

    def __repr__(self) -> str:
        return "RoundKey(...)"

    @classmethod
    def generate(cls) -> RoundKey:
        """Draw a key pair from the operating system."""
        kem, curve = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        return cls(kem.private_bytes_raw() + curve.private_bytes_raw())

    def _key(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        kem = MLKEM768PrivateKey.from_seed_bytes(self.private[:_MLKEM_SEED])
        return kem, X25519PrivateKey.from_private_bytes(self.private[_MLKEM_SEED:])

    @property
    def public(self) -> bytes:
        """The public key: ML-KEM-768, then X25519."""
        kem, curve = self._key()
        return kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()

    def opener(self) -> Opener:
        """Return an opener; make it once for many files."""
        return Opener(MLKEM768X25519PrivateKey(*self._key()))


@dataclass(frozen=True)
class Opener:
    """Opens what was sealed to one round key."""

    _key: MLKEM768X25519PrivateKey

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Return what `seal` sealed with the same info. Raises CannotOpen."""
        try:
            return _SUITE.decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError):
            raise CannotOpen from None


class Sealer:
    """Seals to one operator's public round key; make it once for many files.

    Raises CannotOpen for bytes that are not a public key, or with which everybody would compute the same secret.
    """

    def __init__(self, public: bytes) -> None:
        if len(public) != PUBLIC_SIZE:
            raise CannotOpen
        try:
            kem = MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC])
            curve = X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:])
            X25519PrivateKey.generate().exchange(curve)
            self._key = MLKEM768X25519PublicKey(kem, curve)
        except ValueError:
            raise CannotOpen from None

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """Return ENC_SIZE bytes of encapsulation and the ciphertext."""
        return _SUITE.encrypt(plaintext, self._key, info)


def share_info(role: Role, manifest_hash: bytes, datasite: bytes) -> bytes:
    """Return what a file's secret is bound to: the sender's and receiver's role, the round and the datasite's hash."""
    return VERSION + b" input share" + bytes([Role.CLIENT, role]) + manifest_hash + datasite


def seal_secret(sealer: Sealer, info: bytes, randbytes: RandBytes = secure_bytes) -> tuple[bytes, HpkeCiphertext]:
    """Draw the secret for one operator's shares in one file; return the shares' key and, for the file's head, the
    secret's ciphertext.
    """
    secret = randbytes(SECRET_SIZE)
    sealed = sealer.seal(secret, info)
    return shares_key(secret), HpkeCiphertext(CONFIG_ID, sealed[:ENC_SIZE], sealed[ENC_SIZE:])


def open_secret(opener: Opener, info: bytes, sealed: HpkeCiphertext) -> bytes:
    """Return the key of one operator's shares in one file. Raises CannotOpen."""
    if sealed.config_id != CONFIG_ID or len(sealed.enc) != ENC_SIZE:
        raise CannotOpen
    secret = opener.open(sealed.enc + sealed.payload, info)
    if len(secret) != SECRET_SIZE:
        raise CannotOpen
    return shares_key(secret)


def seal_share(key: bytes, role: Role, aad: bytes, plaintext: bytes) -> HpkeCiphertext:
    """Seal one input share. key: of `seal_secret`. aad: its InputShareAad, which separates the keys of a file's blocks.

    The nonce is constant because every key seals one plaintext: the secret is fresh for each file, and the
    InputShareAad names the task.
    """
    return HpkeCiphertext(CONFIG_ID, _AT_HEAD, AESGCM(_block_key(key, role, aad)).encrypt(bytes(12), plaintext, aad))


def open_share(key: bytes, role: Role, aad: bytes, sealed: HpkeCiphertext) -> bytes:
    """Return an input share. key: of `open_secret`. Raises CannotOpen."""
    if sealed.config_id != CONFIG_ID or sealed.enc != _AT_HEAD:
        raise CannotOpen
    try:
        return AESGCM(_block_key(key, role, aad)).decrypt(bytes(12), sealed.payload, aad)
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def shares_key(secret: bytes) -> bytes:
    """Return the key of all shares of a file, of its secret: the first half of HKDF (RFC 5869), computed once."""
    return HKDF.extract(SHA256(), b"netflix-trend input share", secret)


def _block_key(key: bytes, role: Role, aad: bytes) -> bytes:
    info = VERSION + b" input share" + bytes([Role.CLIENT, role]) + hashlib.sha256(aad).digest()
    return HKDFExpand(SHA256(), 32, info).derive(key)


def verify_key(seed: bytes, task_id: bytes) -> bytes:
    """Return a task's verify key of 32 bytes, of the round's seed."""
    return HKDF(SHA256(), 32, salt=b"verify_key", info=task_id).derive(seed)
