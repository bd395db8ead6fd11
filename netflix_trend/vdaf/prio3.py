"""Prio3 (section 7.2 of draft-irtf-cfrg-vdaf-20) with one proof over Field128.

A participant shards a measurement. Each aggregator starts to verify its share (`verify_init`), both verifier shares
make one verifier message, with which each aggregator ends the verification (`verify_next`) and gets an output share.
Output shares add up to an aggregate share, aggregate shares to the result.

What the caller has to keep (the draft's section 9):
- One verify key for a context, fixed before the first report exists, and each report verified under it once. Two
  verifications of a report with different keys together tell the measurement.
- The context names the circuit with all parameters. Nothing in Prio3 binds them: a report for SumVec of 8 values of
  31 bits is also one for 10 values of 15 bits each, if the context is the same.
- Nobody hears which check failed; there is one InvalidMessage. Nothing here is constant-time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hmac import compare_digest
from typing import Generic, TypeVar

from netflix_trend.privacy.randomness import RandBytes, secure_bytes
from netflix_trend.vdaf import field128, xof
from netflix_trend.vdaf.circuits import MAX_MEASUREMENTS, Circuit
from netflix_trend.vdaf.field128 import ELEMENT_SIZE
from netflix_trend.vdaf.flp import Flp
from netflix_trend.vdaf.messages import AggregateShare, OutputShare, Report, VerifyState
from netflix_trend.vdaf.refusal import InvalidMessage
from netflix_trend.vdaf.xof import SEED_SIZE

M = TypeVar("M")

NONCE_SIZE = 16
VERIFY_KEY_SIZE = SEED_SIZE
_PROOFS = b"\x01"
_MEAS_SHARE, _PROOF_SHARE, _JOINT_RAND, _PROVE_RAND, _QUERY_RAND, _JOINT_RAND_SEED, _JOINT_RAND_PART = range(1, 8)


class Prio3(Generic[M]):
    """Prio3 for one circuit in one context, between `shares` aggregators; number 0 is the leader.

    Raises ValueError for a number of shares outside of 2..255 and for a context that is too long. Sizes of all
    messages, in bytes, are attributes.
    """

    def __init__(self, circuit: Circuit[M], context: bytes, shares: int = 2) -> None:
        if not 2 <= shares <= 255:
            raise ValueError(f"there are {shares} shares; there must be 2 to 255")
        self.circuit = circuit
        self.shares = shares
        self._flp = Flp(circuit, shares)
        self._tags = [xof.domain(circuit.algorithm, usage, context) for usage in range(_JOINT_RAND_PART + 1)]
        self.random_size = 2 * shares * SEED_SIZE
        self.public_share_size = shares * SEED_SIZE
        self.leader_share_size = (circuit.encoded_length + self._flp.proof_length) * ELEMENT_SIZE + SEED_SIZE
        self.helper_share_size = 2 * SEED_SIZE
        self.verifier_share_size = self._flp.verifier_length * ELEMENT_SIZE + SEED_SIZE
        self.verifier_message_size = SEED_SIZE
        self.aggregate_share_size = circuit.length * ELEMENT_SIZE

    def shard(self, measurement: M, randbytes: RandBytes = secure_bytes) -> Report:
        """Return a report of a measurement: a fresh nonce, the public share, and one input share per aggregator.

        Draws the nonce first, then `random_size` bytes. Raises ValueError for a measurement that is not of the type.
        """
        encoded = self.circuit.encode(measurement)
        nonce, random = randbytes(NONCE_SIZE), randbytes(self.random_size)
        if len(nonce) != NONCE_SIZE or len(random) != self.random_size:
            raise ValueError("the source of randomness gave too few or too many bytes")
        seeds = [random[at : at + SEED_SIZE] for at in range(0, self.random_size, SEED_SIZE)]
        *helper_seeds, leader_blind, prove_seed = seeds
        helpers = list(zip(helper_seeds[::2], helper_seeds[1::2], strict=True))

        leader_measurement, parts = encoded, []
        for number, (seed, blind) in enumerate(helpers, start=1):
            share_bytes, share = self._helper_measurement(number, seed)
            leader_measurement = field128.subtract(leader_measurement, share)
            parts.append(self._joint_rand_part(number, blind, share_bytes, nonce))
        leader_bytes = field128.encode(leader_measurement)
        parts.insert(0, self._joint_rand_part(0, leader_blind, leader_bytes, nonce))

        prove_rand = self._expand(prove_seed, _PROVE_RAND, _PROOFS, self._flp.prove_rand_length)
        joint_rand = self._joint_rand(self._joint_rand_seed(parts))
        leader_proof = self._flp.prove(encoded, prove_rand, joint_rand)
        for number, (seed, _) in enumerate(helpers, start=1):
            leader_proof = field128.subtract(leader_proof, self._helper_proof(number, seed))
        leader = leader_bytes + field128.encode(leader_proof) + leader_blind
        return Report(nonce, b"".join(parts), (leader, *(seed + blind for seed, blind in helpers)))

    def verify_init(
        self, verify_key: bytes, aggregator: int, nonce: bytes, public_share: bytes, input_share: bytes
    ) -> tuple[VerifyState, bytes]:
        """Return an aggregator's state and its verifier share, from its input share of a report.

        Raises InvalidMessage for a nonce, public share or input share that no report has, ValueError for a verify key
        of another length than VERIFY_KEY_SIZE and for an aggregator that does not exist.
        """
        if len(verify_key) != VERIFY_KEY_SIZE:
            raise ValueError(f"the verify key has {len(verify_key)} bytes, not {VERIFY_KEY_SIZE}")
        if isinstance(aggregator, bool) or aggregator not in range(self.shares):
            raise ValueError(f"there is no aggregator {aggregator}; there are 0..{self.shares - 1}")
        size = self.helper_share_size if aggregator else self.leader_share_size
        if len(nonce) != NONCE_SIZE or len(public_share) != self.public_share_size or len(input_share) != size:
            raise InvalidMessage from None
        share, share_bytes, proof = self._open(aggregator, input_share)

        # The own part of the joint randomness is computed here, whatever the participant says it is.
        own_part = self._joint_rand_part(aggregator, input_share[-SEED_SIZE:], share_bytes, nonce)
        at = aggregator * SEED_SIZE
        corrected = self._joint_rand_seed([public_share[:at], own_part, public_share[at + SEED_SIZE :]])
        query_rand = self._expand(verify_key, _QUERY_RAND, _PROOFS + nonce, self._flp.query_rand_length)
        verifier = self._flp.query(share, proof, query_rand, self._joint_rand(corrected))
        state = VerifyState(tuple(self.circuit.truncate(share)), corrected)
        return state, field128.encode(verifier) + own_part

    def verifier_shares_to_message(self, verifier_shares: Sequence[bytes]) -> bytes:
        """Return the verifier message of all aggregators' verifier shares, in the aggregators' order.

        Raises InvalidMessage when a share is missing, too many or malformed, and when they say that the report is not
        valid.
        """
        if len(verifier_shares) != self.shares:
            raise InvalidMessage from None
        verifier = [0] * self._flp.verifier_length
        for share in verifier_shares:
            verifier = field128.add(verifier, field128.decode(share[:-SEED_SIZE], self._flp.verifier_length))
        if not self._flp.decide(verifier):
            raise InvalidMessage from None
        return self._joint_rand_seed([share[-SEED_SIZE:] for share in verifier_shares])

    def verify_next(self, state: VerifyState, verifier_message: bytes) -> OutputShare:
        """Return the output share, if the message says the joint randomness that this aggregator computed itself.

        Raises InvalidMessage for any other message, and when there is none.
        """
        if not isinstance(verifier_message, bytes) or len(verifier_message) != self.verifier_message_size:
            raise InvalidMessage from None
        if len(state.joint_rand_seed) != SEED_SIZE or not compare_digest(verifier_message, state.joint_rand_seed):
            raise InvalidMessage from None
        return OutputShare(state.elements)

    def decode_state(self, data: bytes) -> VerifyState:
        """Return a state that `VerifyState.encode` made. Raises InvalidMessage when it is none of this circuit."""
        return VerifyState.decode(data, self.circuit.length)

    def aggregate(self, output_shares: Iterable[OutputShare]) -> AggregateShare:
        """Return the sum of one aggregator's output shares, zeros of none. Raises ValueError for another length."""
        total = [0] * self.circuit.length
        for share in output_shares:
            total = [a + b for a, b in zip(total, share.elements, strict=True)]
        return AggregateShare(tuple(value % field128.MODULUS for value in total))

    def decode_aggregate_share(self, data: bytes) -> AggregateShare:
        """Return an aggregate share from bytes. Raises InvalidMessage when it is none of this circuit."""
        return AggregateShare.decode(data, self.circuit.length)

    def unshard(self, aggregate_shares: Sequence[AggregateShare], measurements: int) -> list[int]:
        """Return the exact sums over so many measurements, of all aggregators' shares.

        Raises InvalidMessage when a share is missing or too many, or a sum is above what that many valid measurements
        can have: then a share is wrong, or has noise. Raises ValueError for an impossible number of measurements.
        """
        if isinstance(measurements, bool) or not 0 <= measurements <= MAX_MEASUREMENTS:
            raise ValueError(f"{measurements} measurements are not 0..{MAX_MEASUREMENTS}")
        sums = self._total(aggregate_shares)
        if any(value > measurements * self.circuit.most for value in sums):
            raise InvalidMessage from None
        return sums

    def unshard_noisy(self, aggregate_shares: Sequence[AggregateShare]) -> list[int]:
        """Return sums with the noise that aggregators added; an element above half the modulus is negative.

        Raises InvalidMessage when a share is missing or too many.
        """
        return [field128.signed(value) for value in self._total(aggregate_shares)]

    def _total(self, aggregate_shares: Sequence[AggregateShare]) -> list[int]:
        if len(aggregate_shares) != self.shares:
            raise InvalidMessage from None
        if any(len(share.elements) != self.circuit.length for share in aggregate_shares):
            raise InvalidMessage from None
        columns = zip(*(share.elements for share in aggregate_shares), strict=True)
        return [sum(column) % field128.MODULUS for column in columns]

    def _open(self, aggregator: int, input_share: bytes) -> tuple[list[int], bytes, list[int]]:
        """Return the shares of the measurement, as elements and as bytes, and of the proof."""
        if aggregator:
            seed = input_share[:SEED_SIZE]
            share_bytes, share = self._helper_measurement(aggregator, seed)
            return share, share_bytes, self._helper_proof(aggregator, seed)
        length = self.circuit.encoded_length
        elements = field128.decode(input_share[:-SEED_SIZE], length + self._flp.proof_length)
        return elements[:length], input_share[: length * ELEMENT_SIZE], elements[length:]

    def _expand(self, seed: bytes, usage: int, binder: bytes, count: int) -> list[int]:
        return xof.expand(seed, self._tags[usage], binder, count)[1]

    def _helper_measurement(self, aggregator: int, seed: bytes) -> tuple[bytes, list[int]]:
        """Return a helper's share of the measurement, encoded and as elements."""
        return xof.expand(seed, self._tags[_MEAS_SHARE], bytes([aggregator]), self.circuit.encoded_length)

    def _helper_proof(self, aggregator: int, seed: bytes) -> list[int]:
        return self._expand(seed, _PROOF_SHARE, _PROOFS + bytes([aggregator]), self._flp.proof_length)

    def _joint_rand_part(self, aggregator: int, blind: bytes, share: bytes, nonce: bytes) -> bytes:
        return xof.derive_seed(blind, self._tags[_JOINT_RAND_PART], bytes([aggregator]) + nonce + share)

    def _joint_rand_seed(self, parts: Sequence[bytes]) -> bytes:
        return xof.derive_seed(bytes(SEED_SIZE), self._tags[_JOINT_RAND_SEED], b"".join(parts))

    def _joint_rand(self, seed: bytes) -> list[int]:
        return self._expand(seed, _JOINT_RAND, _PROOFS, self._flp.joint_rand_length)
