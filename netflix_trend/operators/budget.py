"""Each party's own account of privacy losses: rho of zero-concentrated differential privacy, added up over rounds.

Losses count for the days that are asked about, in any 364 days (52 weeks), whatever the clock says. A round is entered
before its first file, and stays entered when it is given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from netflix_trend.operators.manifest import Round
from netflix_trend.operators.store import Store

YEAR_DAYS = 364


class BudgetFull(Exception):
    """A round costs more than is left of the budget; the message says how much."""


@dataclass(frozen=True)
class Budget:
    """limit: the most rho in any YEAR_DAYS days."""

    store: Store
    limit: Fraction

    def spent(self, name: str) -> bytes | None:
        """Return the SHA-256 of the manifest that a round was entered with, None when it is not."""
        row = self.store.sql.execute("SELECT manifest FROM budget WHERE round = ?", (name,)).fetchone()
        return row[0] if row else None

    def total(self) -> Fraction:
        """Return everything that was ever entered."""
        return sum((rho for _, rho in self._entries()), Fraction(0))

    def would_be(self, day: int, rho: Fraction) -> Fraction:
        """Return the most that any YEAR_DAYS days with `day` in them would have cost with rho on that day."""
        entries = [*self._entries(), (day, rho)]
        starts = [start for start, _ in entries if 0 <= day - start < YEAR_DAYS]
        return max(
            sum((loss for at, loss in entries if start <= at < start + YEAR_DAYS), Fraction(0)) for start in starts
        )

    def spend(self, asked: Round) -> None:
        """Enter a round, in a transaction. Raises BudgetFull when it does not fit, also when it is already entered."""
        day, rho = asked.manifest.days[0], asked.manifest.rho
        if self.spent(asked.name) is not None:
            raise BudgetFull(f"round {asked.name} is already entered")
        if self.would_be(day, rho) > self.limit:
            raise BudgetFull(f"round {asked.name} costs rho {float(rho):.4f}, more than is left of this year's limit")
        self.enter(asked.name, day, rho, asked.digest)

    def enter(self, name: str, day: int, rho: Fraction, digest: bytes) -> None:
        """Enter a round that may have been answered, even if it does not fit; does nothing if it is entered already.

        day: the first that is asked about. digest: SHA-256 of the manifest.
        """
        row = (name, day, str(rho.numerator), str(rho.denominator), digest)
        self.store.sql.execute("INSERT OR IGNORE INTO budget VALUES (?, ?, ?, ?, ?)", row)

    def _entries(self) -> list[tuple[int, Fraction]]:
        rows = self.store.sql.execute("SELECT day, num, den FROM budget")
        return [(day, Fraction(int(num), int(den))) for day, num, den in rows]
