"""One question of a round: a vector that is summed, what a valid answer is, and the noise on every counter."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field, model_validator

from netflix_trend.privacy.zcdp import rho_of_gaussian
from netflix_trend.storage.model import Strict
from netflix_trend.vdaf.circuits import Circuit, Histogram, L1BoundSum, MultihotCountVec, SumVec

Kind = Literal["histogram", "multihot", "sumvec", "l1sum"]
_Positive = Annotated[int, Field(ge=1, le=2**62)]


class Ratio(Strict):
    """A positive rational number."""

    num: _Positive
    den: _Positive

    @classmethod
    def of(cls, value: Fraction) -> Ratio:
        """Return a fraction as it is stored."""
        return cls(num=value.numerator, den=value.denominator)

    @property
    def value(self) -> Fraction:
        """The number."""
        return Fraction(self.num, self.den)


class Block(Strict):
    """bound: most votes of a multihot vector, largest value of a sumvec, largest sum of an l1sum, 1 for a histogram.
    The last bucket of a histogram is "no answer". rho: what the block costs a person, by `sigma2` of one operator.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    kind: Kind
    length: Annotated[int, Field(ge=1, le=10_000)]
    bound: Annotated[int, Field(ge=1, le=1_000_000)]
    chunk: Annotated[int, Field(ge=1, le=100_000)]
    sigma2: Ratio
    rho: Ratio

    @classmethod
    def ask(cls, name: str, kind: Kind, length: int, bound: int, chunk: int | None, sigma2: Fraction) -> Block:
        """Return a block with its rho. chunk: None for the one with the shortest report.

        Raises ValueError (also pydantic's) for an invalid block.
        """
        rho = rho_of_gaussian(_sensitivity2(kind, length, bound), sigma2)
        if chunk is None:
            chunk = _shortest(_circuit(kind, length, length, bound).encoded_length)
        return cls(
            name=name, kind=kind, length=length, bound=bound, chunk=chunk, sigma2=Ratio.of(sigma2), rho=Ratio.of(rho)
        )

    @model_validator(mode="after")
    def _consistent(self) -> Block:
        if self.kind == "histogram" and self.bound != 1:
            raise ValueError("a histogram has the bound 1")
        if self.rho.value != rho_of_gaussian(self.sensitivity2, self.sigma2.value):
            raise ValueError("rho is not that of sigma2")
        self.circuit()
        return self

    @property
    def sensitivity2(self) -> Fraction:
        """The largest squared distance between the sums when one person's whole answer is replaced by another."""
        return _sensitivity2(self.kind, self.length, self.bound)

    def circuit(self) -> Circuit[Any]:
        """Return the circuit of the block. Raises ValueError for parameters it does not have."""
        return _circuit(self.kind, self.length, self.chunk, self.bound)

    def vdaf_configuration(self) -> bytes:
        """Return the parameters as DAP encodes them (draft-ietf-ppm-dap-18, appendix on VDAF configuration encodings;
        for l1sum draft-ietf-ppm-l1-bound-sum).
        """
        length, chunk, bound = (
            self.length.to_bytes(4, "big"),
            self.chunk.to_bytes(4, "big"),
            self.bound.to_bytes(8, "big"),
        )
        match self.kind:
            case "histogram":
                return length + chunk
            case "multihot":
                return length + chunk + bound
            case "sumvec" | "l1sum":
                return length + bound + chunk
            case _:
                assert_never(self.kind)

    def blank(self) -> Any:
        """Return the measurement of somebody without data: zeros, or the bucket "no answer"."""
        return self.length - 1 if self.kind == "histogram" else [0] * self.length


def _circuit(kind: Kind, length: int, chunk: int, bound: int) -> Circuit[Any]:
    match kind:
        case "histogram":
            return Histogram(length, chunk)
        case "multihot":
            return MultihotCountVec(length, chunk, bound)
        case "sumvec":
            return SumVec(length, chunk, bound)
        case "l1sum":
            return L1BoundSum(length, chunk, bound)
        case _:
            assert_never(kind)


def _shortest(elements: int) -> int:
    """Return the chunk with the shortest proof, the only part of a report that depends on it.

    A proof has a seed for each wire and a gadget polynomial of degree 2 (draft-irtf-cfrg-vdaf-20, "FLP Specification").
    `vdaf.circuits.chunk_length` also counts what the operators send to each other.
    """

    def proof(chunk: int) -> int:
        points = 1 << (-(-elements // chunk)).bit_length()
        return 2 * chunk + 2 * points - 1

    # Only the shortest chunk for each number of points can be best.
    return min({-(-elements // ((1 << power) - 1)) for power in range(1, elements.bit_length() + 1)}, key=proof)


def _sensitivity2(kind: Kind, length: int, bound: int) -> Fraction:
    match kind:
        case "histogram":
            return Fraction(2)
        case "multihot":
            return Fraction(2 * bound)
        case "sumvec":
            return Fraction(length * bound**2)
        case "l1sum":
            return Fraction(2 * bound**2)
        case _:
            assert_never(kind)
