"""What an operator's page shows about its rounds: named counts, never an address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from netflix_trend.operators.codec import ReportError
from netflix_trend.operators.manifest import BATCHES, Batch
from netflix_trend.operators.store import Store


@dataclass(frozen=True)
class BatchOverview:
    """state: empty before anything happened. counted: how many reports were accepted in each block."""

    state: str
    counted: tuple[int, ...]


@dataclass(frozen=True)
class RoundOverview:
    """reason: why the round was given up, empty when it was not.

    refused: files that were not taken, by reason. invalid: reports of single blocks that were taken and not counted, by
    DAP's name of the reason. rho: what the round is entered with in our budget, None when it is not.
    """

    name: str
    state: str
    reason: str
    batches: dict[Batch, BatchOverview]
    refused: dict[str, int]
    invalid: dict[str, int]
    rho: Fraction | None


def overview(store: Store) -> list[RoundOverview]:
    """Return all rounds of an operator, the newest name first."""
    return [_round(store, row.name, row.state, row.reason) for row in store.rounds()[::-1]]


def _round(store: Store, name: str, state: str, reason: str) -> RoundOverview:
    codes = store.sql.execute("SELECT code FROM reports WHERE round = ? AND state = 'invalid'", (name,))
    invalid = Counter(ReportError(code).name.lower() for (code,) in codes)
    spent = store.sql.execute("SELECT num, den FROM budget WHERE round = ?", (name,)).fetchone()
    return RoundOverview(
        name=name,
        state=state,
        reason=reason,
        batches={batch: _batch(store, name, batch) for batch in BATCHES},
        refused=dict(sorted(Counter(store.refusals(name).values()).items())),
        invalid=dict(sorted(invalid.items())),
        rho=Fraction(int(spent[0]), int(spent[1])) if spent else None,
    )


def _batch(store: Store, name: str, batch: Batch) -> BatchOverview:
    counts = store.sql.execute("SELECT count FROM sums WHERE round = ? AND batch = ? ORDER BY task", (name, batch))
    return BatchOverview(store.batch_state(name, batch), tuple(count for (count,) in counts))
