"""The fully linear proof that an encoded measurement is valid (the draft's section 7.3), for the shape of circuit that
`circuits.py` describes: one gadget, the parallel sum of `chunk_length` products, called once for each chunk.

Polynomials stay in the Lagrange basis: a list of values at roots of unity. With 2P a power of two, wire polynomials
have P values and the gadget polynomial, of degree 2P-2, has 2P-1. Verification needs neither an interpolation nor an
inversion: the weights with which values add up to the value at the test point t are the same for all polynomials,

    p(t) = sum_i p(w^i) * (u^n - 1)/(u - 1)/n,    n values, w the root of unity of order n, u = t * w^-i,

and (u^n - 1)/(u - 1) is the product of 1 + u^(n/2), 1 + u^(n/4), ... 1 + u, whose factors many weights share.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from operator import add, mul, sub
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
        self._half = pow(2, -1, MODULUS)
        inverse = [1, *reversed(self._roots[1:])]
        self._inverse_roots = inverse[::2]  # of order P
        self._shifts = [inverse[1 << place] for place in range(self.points.bit_length() - 1)]

    def prove(self, encoded: Sequence[int], prove_rand: Sequence[int], joint_rand: Sequence[int]) -> list[int]:
        """Return the proof for an encoded measurement, which need not be valid. Elements that are 0 cost nothing."""
        at_roots, between = [0] * self.points, [0] * self.points
        doubling, without = self._doubling, self._without
        for place in range(self.chunk):
            seed_left, seed_right = prove_rand[2 * place : 2 * place + 2]
            # The factors of a product are r * element and element - 1: 0 and -1 where there is no element, or a 0.
            factors = [
                (call, pow(joint_rand[call - 1], place + 1, MODULUS) * element % MODULUS, element)
                for call, element in enumerate(encoded[place :: self.chunk], start=1)
                if element
            ]
            at_roots[0] += seed_left * seed_right
            for call, left, element in factors:
                at_roots[call] += left * (element - 1)
            for at in range(self.points):
                base = self.points - at
                weight = doubling[base]
                at_left, at_right = weight * seed_left, weight * seed_right - without[at]
                for call, left, element in factors:
                    weight = doubling[base + call]
                    at_left += weight * left
                    at_right += weight * element
                between[at] += at_left * at_right
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
        at_wires, at_even, at_odd = self._weights(test_point)
        seeds, gadget = proof[: 2 * self.chunk], proof[2 * self.chunk :]
        # Of 2P values of a polynomial of degree below 2P-1, the last follows from the others.
        last = -self._roots[1] * (sum(map(mul, gadget, self._roots)) % MODULUS)
        even = sum(map(mul, gadget[::2], at_wires)) % MODULUS
        gadget_check = (at_even * even + sum(map(mul, gadget[1::2], at_odd)) + last * at_odd[-1]) % MODULUS
        verifier = [self._output(encoded, gadget, mixing)]

        for_seed, *for_calls = at_wires[: self.calls + 1]
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

    def _weights(self, test_point: int) -> tuple[list[int], int, list[int]]:
        """With which the P values of wire polynomials add up, and the 2P of the gadget polynomial: the even ones with
        the wires' weights, all times the number, the odd ones with weights of their own.
        """
        powers = [test_point]
        while len(powers) < self.points.bit_length():
            powers.append(powers[-1] * powers[-1] % MODULUS)
        to_the_points = powers.pop()
        # The draft refuses t^P = 1. Where t^P = -1, the gadget polynomial's value is one of the proof's; it comes up as
        # rarely: P in 2**128.
        if to_the_points in (1, MODULUS - 1):
            raise InvalidMessage from None
        # Of an odd root, t * s**-(2i+1) = (t/s) * w**-i with s the root of order 2P, and (t/s)**P is -t**P.
        shifted = [power * root % MODULUS for power, root in zip(powers, self._shifts, strict=True)]
        at_odd = self._products(shifted, (1 - to_the_points) * self._per_root % MODULUS)
        return self._products(powers, 2 * self._per_root), (1 + to_the_points) * self._half % MODULUS, at_odd

    def _products(self, powers: Sequence[int], scale: int) -> list[int]:
        """Return scale * (1 + u) * (1 + u^2) * ... * (1 + u^(P/2)) for u = t * w^-i and i from 0 to P-1.

        powers: t, t^2, t^4, ... t^(P/2). Not reduced.
        """
        found = [scale]
        for power in reversed(powers):
            # u^k is the same for i and i + P/k, and the other way round for i + P/2k.
            inverse_roots = self._inverse_roots[:: self.points // (2 * len(found))]
            changes = [one * power % MODULUS * root % MODULUS for one, root in zip(found, inverse_roots, strict=False)]
            found = [*map(add, found, changes), *map(sub, found, changes)]
        return found

    @cached_property
    def _doubling(self) -> list[int]:
        """What gives the value between the roots i and i+1 of order P, at s**(2i+1) with s the root of order 2P.

        The weight of value k is -2/P / (s**(2(i-k)+1) - 1), because that point to the power of P is -1. It depends on
        k-i only: the weights for i are the slice [P-i:2P-i] of this list.
        """
        found = inverses([(root - 1) % MODULUS for root in self._roots[1::2]])
        scaled = [-4 * self._per_root * inverse % MODULUS for inverse in found]
        return 2 * [scaled[-at] for at in range(self.points)]

    @cached_property
    def _without(self) -> list[int]:
        """For each point between two roots the sum of the weights of all calls."""
        sums = list(accumulate(self._doubling, initial=0))
        starts = [self.points - at + 1 for at in range(self.points)]
        return [(sums[start + self.calls] - sums[start]) % MODULUS for start in starts]
