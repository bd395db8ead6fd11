"""The field of 2**66 * 4611686018427387897 + 1 elements, as plain integers below MODULUS (the draft's section 6.1).

Arithmetic is Python's own (`+`, `*`, `%`), so that whole vectors can be summed and reduced once. Not constant-time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from struct import iter_unpack

from netflix_trend.vdaf.refusal import InvalidMessage

MODULUS = 2**66 * 4611686018427387897 + 1
ELEMENT_SIZE = 16  # bytes, little-endian
_ROOT_ORDER = 2**66
_ROOT = pow(7, 4611686018427387897, MODULUS)


def encode(elements: Iterable[int]) -> bytes:
    """Return field elements as bytes."""
    return b"".join([element.to_bytes(ELEMENT_SIZE, "little") for element in elements])


def unchecked(data: bytes) -> list[int]:
    """Return the integers that bytes of a multiple of ELEMENT_SIZE hold; some may be MODULUS or more."""
    read = int.from_bytes
    return [read(one, "little") for (one,) in iter_unpack("16s", data)]


def decode(data: bytes, count: int) -> list[int]:
    """Return exactly `count` field elements.

    Raises InvalidMessage for any other length and for an element that is not below MODULUS.
    """
    if len(data) != count * ELEMENT_SIZE:
        raise InvalidMessage from None
    elements = unchecked(data)
    if elements and max(elements) >= MODULUS:
        raise InvalidMessage from None
    return elements


def add(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """Add two vectors. Raises ValueError for different lengths."""
    return [(a + b) % MODULUS for a, b in zip(left, right, strict=True)]


def subtract(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """Subtract the right vector from the left. Raises ValueError for different lengths."""
    return [(a - b) % MODULUS for a, b in zip(left, right, strict=True)]


def signed(element: int) -> int:
    """Return the integer of smallest magnitude that an element stands for: above MODULUS/2 it is negative."""
    return element - MODULUS if element > MODULUS // 2 else element


def inverses(elements: Sequence[int]) -> list[int]:
    """Return the inverse of every element with one modular inversion and three multiplications an element.

    (P. L. Montgomery, "Speeding the Pollard and Elliptic Curve Methods of Factorization", 1987, section 10.3.1.)
    Raises ValueError when one of them is 0.
    """
    products, running = [], 1
    for element in elements:
        products.append(running)
        running = running * element % MODULUS
    running = pow(running, -1, MODULUS)
    found = [0] * len(elements)
    for place in range(len(elements) - 1, -1, -1):
        found[place] = running * products[place] % MODULUS
        running = running * elements[place] % MODULUS
    return found


@lru_cache(maxsize=64)
def roots_of_unity(count: int) -> tuple[int, ...]:
    """Return the powers 0..count-1 of the principal root of unity of order `count`, a power of two up to 2**20."""
    if count < 1 or count & (count - 1) or count > 2**20:
        raise ValueError(f"{count} is not a power of two from 1 to 2**20")
    root, powers = pow(_ROOT, _ROOT_ORDER // count, MODULUS), [1]
    while len(powers) < count:
        powers.append(powers[-1] * root % MODULUS)
    return tuple(powers)
