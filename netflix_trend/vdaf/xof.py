"""XofTurboShake128 (the draft's section 6.2.1): TurboSHAKE128 of RFC 9861 with separated domains."""

from __future__ import annotations

from Cryptodome.Hash import TurboSHAKE128

from netflix_trend.vdaf import field128

VERSION = 18  # the same bytes in drafts 18 to 20
SEED_SIZE = 32
_VDAF_CLASS = 0


def domain(algorithm: int, usage: int, context: bytes) -> bytes:
    """Return the domain separation tag: version, class, algorithm, usage (big-endian) and the application's context.

    Raises ValueError when the context has more than 65,527 bytes, so that the tag has more than 65,535.
    """
    if len(context) > 65_527:
        raise ValueError(f"the context has {len(context)} bytes, more than 65,527")
    return bytes([VERSION, _VDAF_CLASS]) + algorithm.to_bytes(4, "big") + usage.to_bytes(2, "big") + context


class XofTurboShake128:
    """A stream of bytes from a seed, a domain separation tag and a binder string. The state is used up by reading."""

    def __init__(self, seed: bytes, tag: bytes, binder: bytes) -> None:
        head = len(tag).to_bytes(2, "little") + tag + len(seed).to_bytes(1, "little") + seed
        self._stream = TurboSHAKE128.new(domain=1, data=head + binder)

    def read(self, length: int) -> bytes:
        """Return the next bytes."""
        return self._stream.read(length)

    def elements(self, count: int) -> list[int]:
        """Return the next uniform field elements: blocks that are not below the modulus are skipped."""
        found: list[int] = []
        while len(found) < count:
            blocks = field128.unchecked(self.read((count - len(found)) * field128.ELEMENT_SIZE))
            found += blocks if max(blocks) < field128.MODULUS else [one for one in blocks if one < field128.MODULUS]
        return found


def derive_seed(seed: bytes, tag: bytes, binder: bytes) -> bytes:
    """Return a fresh seed of SEED_SIZE bytes."""
    return XofTurboShake128(seed, tag, binder).read(SEED_SIZE)


def expand(seed: bytes, tag: bytes, binder: bytes, count: int) -> list[int]:
    """Return `count` uniform field elements."""
    return XofTurboShake128(seed, tag, binder).elements(count)
