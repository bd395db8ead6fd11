"""From an operator's database to what is known of a round: sums of its batches, and what became of every report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from netflix_trend.layout import round_path
from netflix_trend.operators.codec import ReportError
from netflix_trend.operators.identity import signed_body
from netflix_trend.operators.leader import Leader
from netflix_trend.operators.manifest import BATCHES, Batch, Round, from_bytes
from netflix_trend.operators.party import Party
from netflix_trend.operators.result import Closing, Result, Status
from netflix_trend.operators.transport import CLOSE, result_name
from netflix_trend.questions.sums import Summed

# What an error of a report means, in one word; the page of operators explains each.
_CODES: dict[int, str] = {
    ReportError.VDAF_VERIFY_ERROR: "proof",
    ReportError.HPKE_DECRYPT_ERROR: "seal",
    ReportError.HPKE_UNKNOWN_CONFIG_ID: "seal",
    ReportError.REPORT_REPLAYED: "replayed",
    ReportError.REPORT_DROPPED: "not_at_helper",
    ReportError.REPORT_TOO_EARLY: "not_at_helper",
}


@dataclass(frozen=True)
class Released:
    """A published batch. count: people in the sums; a block that was refused lacks its person. sums: one a block."""

    count: int
    sums: tuple[Summed, ...]


def released(leader: Leader, asked: Round) -> dict[Batch, Released]:
    """Return the batches of a round that were published."""
    found: dict[Batch, Released] = {}
    noises = 1 if asked.manifest.helper is None else 2
    for batch in BATCHES:
        data = _body(leader, asked.name, result_name(batch))
        if data is not None:
            result = from_bytes(Result, data)
            sums = tuple(
                Summed(np.array(block.sums, dtype=np.int64), noises * task.block.sigma2.value)
                for task, block in zip(asked.tasks, result.blocks, strict=True)
            )
            found[batch] = Released(max(block.count for block in result.blocks), sums)
    return found


def together(batches: Mapping[Batch, Released]) -> Released:
    """Return the batches added: nobody is in two of them, and the noise of each is independent."""
    columns = zip(*(one.sums for one in batches.values()), strict=True)
    sums = tuple(
        Summed(np.sum([one.sums for one in column], axis=0), sum((one.variance for one in column), Fraction(0)))
        for column in columns
    )
    return Released(sum(one.count for one in batches.values()), sums)


def refusals(party: Party, asked: Round) -> dict[str, int]:
    """Return how many people's reports were refused, by reason in one word. Once the round is over, late ones too."""
    data = _body(party, asked.name, CLOSE)
    if data is not None:
        closing = from_bytes(Closing, data)
        statuses, found = closing.counts(), Counter(closing.refused)
    else:
        # Before that a report that is not counted yet is none that comes too late.
        statuses = Counter(status for status in party.statuses(asked).values() if status.status != "late")
        found = Counter(party.store.refusals(asked.name).values())
    for status, count in statuses.items():
        if (reason := _reason(status)) is not None:
            found[reason] += count
    return dict(sorted(found.items()))


def _reason(status: Status) -> str | None:
    """Return why a report, or a part of it, was not counted; None when it was, or when its file was refused."""
    if status.status == "late":
        return "late"
    code = next((code for code in status.codes if code), None)
    return None if code is None else _CODES.get(code, "invalid")


def _body(party: Party, name: str, file: str) -> bytes | None:
    """Return what we signed, None when we have not."""
    data = party.store.file(name, file)
    return None if data is None else signed_body(party.identity.fingerprint, round_path(name, file), data)
