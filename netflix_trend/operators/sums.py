"""An operator's share of the sums: exact while reports are verified, then noisy, never both."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from fractions import Fraction

from netflix_trend.operators.codec import checksum
from netflix_trend.operators.jobs import Collected
from netflix_trend.operators.manifest import Batch, Round
from netflix_trend.operators.store import Store
from netflix_trend.privacy.discrete_gaussian import DiscreteGaussian
from netflix_trend.vdaf.messages import OutputShare

# A function that returns so many integers of noise of a given sigma2. The product passes only `discrete_gaussian`, and
# no setting changes it; tests pass zeros to see exact sums.
Noise = Callable[[Fraction, int], Sequence[int]]


def discrete_gaussian(sigma2: Fraction, count: int) -> Sequence[int]:
    """Return independent integers of discrete Gaussian noise from the operating system's randomness."""
    return DiscreteGaussian(sigma2).samples(count)


# (report id, output share) of the reports that were accepted in one task.
Accepted = list[tuple[bytes, OutputShare]]


def add_exact(store: Store, asked: Round, batch: Batch, accepted: Sequence[Accepted]) -> None:
    """Add what was accepted in each task to a batch, in a transaction."""
    for number, (task, reports) in enumerate(zip(asked.tasks, accepted, strict=True)):
        share = task.prio3.aggregate(output for _, output in reports)
        xor = checksum(report_id for report_id, _ in reports)
        _add(store, asked, batch, number, (len(reports), xor, share.encode()))


def output(asked: Round, number: int, share: bytes | None) -> OutputShare:
    """Return a share of an output in task `number`, from bytes that `verification` made."""
    return OutputShare(asked.tasks[number].prio3.decode_aggregate_share(share or b"").elements)


def merge_into_late(store: Store, asked: Round) -> None:
    """Move the reports of an early batch that was never collected to the late one, in a transaction."""
    rows = store.sql.execute(
        "SELECT task, count, checksum, exact FROM sums WHERE round = ? AND batch = 'early'", (asked.name,)
    ).fetchall()
    store.sql.execute("DELETE FROM sums WHERE round = ? AND batch = 'early'", (asked.name,))
    for number, count, xor, exact in rows:
        _add(store, asked, "late", number, (count, xor, exact))
    store.sql.execute(
        "UPDATE reports SET batch = 'late' WHERE round = ? AND batch = 'early' AND state = 'counted'", (asked.name,)
    )


def _add(store: Store, asked: Round, batch: Batch, number: int, new: tuple[int, bytes, bytes]) -> None:
    query = "SELECT count, checksum, exact FROM sums WHERE round = ? AND batch = ? AND task = ?"
    old = store.sql.execute(query, (asked.name, batch, number)).fetchone()
    if old:
        scheme = asked.tasks[number].prio3
        shares = [output(asked, number, share) for share in (old[2], new[2])]
        xor = bytes(left ^ right for left, right in zip(old[1], new[1], strict=True))
        new = (old[0] + new[0], xor, scheme.aggregate(shares).encode())
    store.sql.execute("INSERT OR REPLACE INTO sums VALUES (?, ?, ?, ?, ?, ?, NULL)", (asked.name, batch, number, *new))


def counts(store: Store, asked: Round, batch: Batch) -> list[int]:
    """Return how many reports of a batch were accepted in each task; zeros before any was."""
    query = "SELECT task, count FROM sums WHERE round = ? AND batch = ?"
    found = dict(store.sql.execute(query, (asked.name, batch)).fetchall())
    return [found.get(number, 0) for number in range(len(asked.tasks))]


def make_noisy(store: Store, asked: Round, batch: Batch, noise: Noise) -> None:
    """Draw the noise of every counter, keep the noisy shares and drop the exact ones, in one transaction.

    Raises ValueError when a share has its noise already: noise is drawn once.
    """
    for number, task in enumerate(asked.tasks):
        where = (asked.name, batch, number)
        query = "SELECT exact FROM sums WHERE round = ? AND batch = ? AND task = ?"
        (exact,) = store.sql.execute(query, where).fetchone()
        if exact is None:
            raise ValueError(f"the {batch} batch of round {asked.name} has its noise already")
        share = task.prio3.decode_aggregate_share(exact).plus(noise(task.block.sigma2.value, task.block.length))
        store.sql.execute(
            "UPDATE sums SET exact = NULL, noisy = ? WHERE round = ? AND batch = ? AND task = ?",
            (share.encode(), *where),
        )


def collected(store: Store, asked: Round, batch: Batch) -> list[Collected]:
    """Return count, checksum, noisy share and its SHA-256 for each task. Shares are empty before there is noise."""
    query = "SELECT count, checksum, noisy FROM sums WHERE round = ? AND batch = ? ORDER BY task"
    return [
        Collected(count, xor, hashlib.sha256(noisy or b"").digest(), noisy or b"")
        for count, xor, noisy in store.sql.execute(query, (asked.name, batch))
    ]
