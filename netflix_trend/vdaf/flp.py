"""The fully linear proof that an encoded measurement is valid (the draft's section 7.3), for the shape of circuit that
`circuits.py` describes: one gadget, the parallel sum of `chunk_length` products, called once for each chunk.

Polynomials stay in the Lagrange basis: a list of values at roots of unity. With 2P a power of two, wire polynomials
have P values and the gadget polynomial, of degree 2P-2, has 2P-1. Verification needs neither an interpolation nor a
number theoretic transform: the weights with which values add up to the value at the test point t,

    p(t) = sum_i p(w^i) * (t^n - 1)/n * w^i / (t - w^i),    n values, w the root of unity of order n,

are the same for all polynomials, and need one modular inversion together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import repeat
from operator import mul
from typing import Any

from netflix_trend.vdaf.circuits import Circuit
from netflix_trend.vdaf.field128 import MODULUS, inverses, roots_of_unity
from netflix_trend.vdaf.refusal import InvalidMessage


class Flp:
    """Proves, queries and decides for one circuit and a number of shares. Vectors are lists of field elements.

    joint_rand: `calls` elements; prove_rand: 2 * chunk_length; query_rand: 1, or 3 with an equation;
    proof: 2 * chunk_length + 2P - 1; verifier: 2 * chunk_length + 2.
    """

    def __init__(self, circuit: Circuit[Any], shares: int) -> None:
        self.circuit = circuit
        self.chunk = circuit.chunk_length
        self.calls = circuit.calls
        self.points = 1 << self.calls.bit_length()  # the smallest power of two that is at least 1 + calls
        self.joint_rand_length = self.calls
        self.prove_rand_length = 2 * self.chunk
        self.query_rand_length = 3 if circuit.has_equation else 1
        self.proof_length = 2 * self.chunk + 2 * self.points - 1
        self.verifier_length = 2 * self.chunk + 2
        self._one = pow(shares, -1, MODULUS)  # the share of the constant 1 that each aggregator takes
        self._roots = roots_of_unity(2 * self.points)
        self._per_root = pow(2 * self.points, -1, MODULUS)

    def prove(self, encoded: Sequence[int], prove_rand: Sequence[int], joint_rand: Sequence[int]) -> list[int]:
        """Return the proof for an encoded measurement, which need not be valid."""
        at_roots, between = [0] * self.points, [0] * self.points
        powers = list(joint_rand)
        for place in range(self.chunk):
            column = encoded[place :: self.chunk]
            # After the seed: the products' factors for each chunk, a missing element counts as 0.
            left = [prove_rand[2 * place], *map(mul, powers, column)]
            right = [prove_rand[2 * place + 1], *(bit - 1 for bit in column), *repeat(-1, self.calls - len(column))]
            for at, product in enumerate(map(mul, left, right)):
                at_roots[at] += product
            for at in range(self.points):
                row = self._doubling[self.points - at : 2 * self.points - at]
                between[at] += sum(map(mul, row, left)) % MODULUS * (sum(map(mul, row, right)) % MODULUS)
            powers = [power * r % MODULUS for power, r in zip(powers, joint_rand, strict=True)]
        gadget = [value % MODULUS for pair in zip(at_roots, between, strict=True) for value in pair]
        return [*prove_rand, *gadget[:-1]]

    def query(
        self, encoded: Sequence[int], proof: Sequence[int], query_rand: Sequence[int], joint_rand: Sequence[int]
    ) -> list[int]:
        """Return a share of the verifier, of shares of an encoded measurement and its proof.

        Raises InvalidMessage when the test point is a root of unity, where the verifier would tell parts of the
        measurement.
        """
        *mixing, test_point = query_rand
        at_wires, at_gadget = self._weights(test_point)
        seeds, gadget = proof[: 2 * self.chunk], proof[2 * self.chunk :]
        # Of 2P values of a polynomial of degree below 2P-1, the last follows from the others.
        last = -self._roots[1] * (sum(map(mul, gadget, self._roots)) % MODULUS)
        gadget_check = (sum(map(mul, gadget, at_gadget)) + last * at_gadget[-1]) % MODULUS
        verifier = [self._output(encoded, gadget, mixing)]

        for_seed, *for_calls = at_wires
        constant = self._one * (sum(for_calls) % MODULUS)
        powers = for_calls
        for place in range(self.chunk):
            column = encoded[place :: self.chunk]
            powers = [power * r % MODULUS for power, r in zip(powers, joint_rand, strict=True)]
            verifier.append((for_seed * seeds[2 * place] + sum(map(mul, powers, column))) % MODULUS)
            verifier.append((for_seed * seeds[2 * place + 1] + sum(map(mul, for_calls, column)) - constant) % MODULUS)
        verifier.append(gadget_check)
        return verifier

    def decide(self, verifier: Sequence[int]) -> bool:
        """Return whether a verifier (the sum of all shares) says that the measurement is valid."""
        output, *wires, gadget_check = verifier
        difference = (sum(map(mul, wires[::2], wires[1::2])) - gadget_check) % MODULUS
        return output == 0 and difference == 0

    def _output(self, encoded: Sequence[int], gadget: Sequence[int], mixing: Sequence[int]) -> int:
        """The circuit's outputs, one or mixed by random factors: are all elements bits, and does the equation hold."""
        bits_check = sum(gadget[2 : 2 * self.calls + 1 : 2])
        if not mixing:
            return bits_check % MODULUS
        equation = self.circuit.equation(encoded, self._one) % MODULUS
        return (mixing[0] * (bits_check % MODULUS) + mixing[1] * equation) % MODULUS

    def _weights(self, test_point: int) -> tuple[list[int], list[int]]:
        """With which the values of wire polynomials (1 + calls of them) and of the gadget polynomial (2P) add up."""
        to_the_points = pow(test_point, self.points, MODULUS)
        # The draft refuses t^P = 1. The other roots of order 2P, t^P = -1, would need a case of their own below, and
        # come up as rarely: P in 2**128.
        if to_the_points in (1, MODULUS - 1):
            raise InvalidMessage from None
        found = inverses([(test_point - root) % MODULUS for root in self._roots])
        at_wires_scale = 2 * (to_the_points - 1) * self._per_root % MODULUS
        at_gadget_scale = (to_the_points * to_the_points - 1) * self._per_root % MODULUS
        ratios = [root * inverse % MODULUS for root, inverse in zip(self._roots, found, strict=True)]
        at_wires = [ratio * at_wires_scale % MODULUS for ratio in ratios[: 2 * self.calls + 1 : 2]]
        return at_wires, [ratio * at_gadget_scale % MODULUS for ratio in ratios]

    @cached_property
    def _doubling(self) -> list[int]:
        """What gives the value between the roots i and i+1 of order P, at s**(2i+1) with s the root of order 2P.

        The weight of value k is -2/P / (s**(2(i-k)+1) - 1), because that point to the power of P is -1. It depends on
        k-i only: the weights for i are the slice [P-i:2P-i] of this list.
        """
        found = inverses([(root - 1) % MODULUS for root in self._roots[1::2]])
        scaled = [-4 * self._per_root * inverse % MODULUS for inverse in found]
        return 2 * [scaled[-at] for at in range(self.points)]
