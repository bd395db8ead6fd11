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
        try:
            self._hash = _IDLE.pop()
        except IndexError:
            self._hash = TurboSHAKE128.new(domain=1)
        self._hash.update(head + binder)

    def end(self) -> None:
        """Erase the state, which another stream may use then."""
        self._hash._reset()  # type: ignore[attr-defined]
        _IDLE.append(self._hash)

    def read(self, length: int) -> bytes:
        """Return the next bytes."""
        return self._hash.read(length)

    def vector(self, count: int) -> tuple[bytes, list[int]]:
        """Return the next uniform field elements, encoded and as integers: blocks not below the modulus are skipped."""
        data = self.read(count * field128.ELEMENT_SIZE)
        found = field128.unchecked(data)
        while found and max(found) >= field128.MODULUS:
            kept = [one for one in found if one < field128.MODULUS]
            data = field128.encode(kept) + self.read((count - len(kept)) * field128.ELEMENT_SIZE)
            found = field128.unchecked(data)
        return data, found


# Hashes that no stream uses just now. Making one takes longer than hashing what is hashed here.
_IDLE: list[TurboSHAKE128.TurboSHAKE] = []


def derive_seed(seed: bytes, tag: bytes, binder: bytes) -> bytes:
    """Return a fresh seed of SEED_SIZE bytes."""
    stream = XofTurboShake128(seed, tag, binder)
    found = stream.read(SEED_SIZE)
    stream.end()
    return found


def expand(seed: bytes, tag: bytes, binder: bytes, count: int) -> tuple[bytes, list[int]]:
    """Return `count` uniform field elements, encoded and as integers."""
    stream = XofTurboShake128(seed, tag, binder)
    found = stream.vector(count)
    stream.end()
    return found
