"""The helper's container: a loop that answers the aggregator, and a web server for its operator, both or none."""

from __future__ import annotations

import logging
import sqlite3
import sys
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.executor import Executor, ThisProcess
from netflix_trend.layout import OperatorVolume
from netflix_trend.operators import sums
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.helper import Helper, HelperLimits
from netflix_trend.operators.identity import Fingerprint, Identity, WrongKey, key_in_words
from netflix_trend.operators.manifest import BATCHES
from netflix_trend.operators.store import RoundRow, Store, cleared_if_damaged
from netflix_trend.operators.sums import Noise, discrete_gaussian
from netflix_trend.operators.transport import OwnFiles, Peer
from netflix_trend.privacy.zcdp import epsilon_of_gaussian
from netflix_trend.settings import Settings, SettingsError
from netflix_trend.storage.model import Strict
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.enrolment import Enrolment
from services.aggregator.sums.results import refusals
from services.aggregator.sums.state import Operator, SummedRound, opening, operator_of, write_state
from services.runtime.executors import executor_of

_log = logging.getLogger("helper")
_TOLD = 60


class HelperState(Strict):
    """What the helper's last run left for its page. spent, limit: rho of any 52 weeks with today in them."""

    schema_version: Literal[1] = 1
    operators: Annotated[tuple[Operator, ...], Field(strict=False)]
    rounds: Annotated[tuple[SummedRound, ...], Field(strict=False)]
    rho_per_round: float
    smallest_batch: int
    spent: float
    limit: float

    @property
    def spent_epsilon(self) -> float:
        """The year's privacy loss so far as epsilon at delta 1e-6."""
        return epsilon_of_gaussian(self.spent) if self.spent else 0.0

    @property
    def limit_epsilon(self) -> float:
        """The most that a year may cost, likewise."""
        return epsilon_of_gaussian(self.limit)


def read_helper_state(folder: Path) -> HelperState | None:
    """Return what the last run left, None without one or when it is of another version."""
    try:
        return HelperState.model_validate_json(OperatorVolume(folder).state.read_bytes())
    except (OSError, ValidationError):
        return None


@dataclass
class HelperService:
    """The helper on its own volume. executor: where reports are verified. noise: only tests pass another one."""

    site: Datasite
    own: Path
    leader: Peer
    limits: HelperLimits
    rho_per_year: Fraction
    automatic: bool = True
    durable: bool = True
    executor: Executor = field(default_factory=ThisProcess)
    noise: Noise = discrete_gaussian
    _known: dict[str, tuple[Hashable, SummedRound]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> HelperService:
        """Return the helper of the settings. Raises SettingsError when they name no aggregator."""
        if not settings.helper_datasite or not settings.aggregator_key:
            raise SettingsError(
                "A helper needs HELPER_DATASITE (its own address), AGGREGATOR_DATASITE and AGGREGATOR_KEY: ask the "
                "aggregator's operator for the key by another way than SyftBox"
            )
        if settings.helper_datasite == settings.aggregator_datasite:
            raise SettingsError("HELPER_DATASITE is the aggregator's datasite; a helper has one of its own")
        leader = Peer(
            Datasite(settings.datasites_dir, settings.aggregator_datasite), Fingerprint.parse(settings.aggregator_key)
        )
        return cls(
            Datasite(settings.datasites_dir, settings.helper_datasite),
            settings.helper_dir,
            leader,
            HelperLimits(Fraction(settings.helper_rho_per_round), settings.helper_smallest_batch),
            Fraction(settings.helper_rho_per_year),
            automatic=settings.helper_enrolment == "automatic",
            executor=executor_of(settings, 1),
        )

    @property
    def volume(self) -> OperatorVolume:
        """Where key and database lie."""
        return OperatorVolume(self.own)

    @property
    def enrolment(self) -> Enrolment:
        """Whose reports are counted: the helper's own list."""
        return Enrolment(self.site, self.own, self.automatic, tolerant=True)

    @cached_property
    def helper(self) -> Helper:
        """The helper's side of the protocol. Raises ValueError when the key's file is no key."""
        store = Store.open_or_clear(self.volume.database, durable=self.durable)
        return Helper(
            Identity.load_or_create(self.volume.identity),
            OwnFiles(self.site, self.durable),
            store,
            Budget(store, self.rho_per_year),
            leader=self.leader,
            limits=self.limits,
            noise=self.noise,
            executor=self.executor,
        )

    def look(self, now: int) -> HelperState | None:
        """Answer whatever can be answered and leave what is told of it. now: seconds since 1970.

        Returns None before SyftBox has set up the datasite. A database that turns out to be damaged is cleared.
        """
        try:
            return self._look(now)
        except sqlite3.DatabaseError as problem:
            cleared_if_damaged(problem, self.helper.store, self.volume.database)
            del self.__dict__["helper"]
            self._known.clear()
            return self._look(now)

    def _look(self, now: int) -> HelperState | None:
        if not self.site.is_initialized and not self.volume.database.exists():
            _log.warning("SyftBox has not set up the datasite yet; start it, and check HELPER_DATASITE")
            return None
        self.enrolment.keep_copy()
        self.helper.invited = self.enrolment.invited()
        self.helper.run(now)
        self.site.offer_again(now)
        state = self._state(now)
        write_state(self.volume, state)
        return state

    def _state(self, now: int) -> HelperState:
        rows = sorted(self.helper.store.rounds(), key=lambda row: row.name, reverse=True)[:_TOLD]
        told = [self._told(row) for row in rows]
        known = {row.name for row in rows}
        told += [
            opening(name, problem).model_copy(update={"state": "given_up"})
            for name, problem in self.helper.problems.items()
            if name not in known
        ]
        today = datetime.fromtimestamp(now, UTC).date().toordinal()
        mine = self.helper.identity.fingerprint
        return HelperState(
            operators=(
                operator_of("helper", self.site.email, mine),
                operator_of("aggregator", *self.leader.pinned),
            ),
            rounds=tuple(told),
            rho_per_round=float(self.limits.rho),
            smallest_batch=self.limits.smallest_batch,
            spent=float(self.helper.budget.would_be(today, Fraction(0))),
            limit=float(self.rho_per_year),
        )

    def _told(self, row: RoundRow) -> SummedRound:
        batches = tuple(self.helper.store.batch_state(row.name, batch) for batch in BATCHES)
        problem = self.helper.problems.get(row.name, row.reason)
        looks = (row.state, problem, batches)
        known = self._known.get(row.name)
        if known is not None and known[0] == looks:
            return known[1]
        told = self._look_at(row, problem)
        if known is None or known[1] != told:
            _log.info("round=%s state=%s counted=%d problem=%s", row.name, told.state, told.counted, problem or "none")
        self._known[row.name] = looks, told
        return told

    def _look_at(self, row: RoundRow, problem: str) -> SummedRound:
        told, store = opening(row.name, problem), self.helper.store
        if row.manifest is None or row.state == "keyed":
            return told.model_copy(update={"state": "given_up"} if row.state in ("aborted", "lost") else {})
        asked = self.helper.asked(row)
        given = [batch for batch in BATCHES if store.batch_state(row.name, batch) == "collected"]
        over = {"closed": "final", "collected": "final", "aborted": "final" if given else "given_up"}
        found: dict[str, object] = {
            "state": over.get(row.state, "early" if given else "open"),
            "refused": tuple(refusals(self.helper, asked).items()),
            **{batch: max(sums.counts(store, asked, batch)) for batch in given},
        }
        return told.model_copy(update=found)


def show_key(settings: Settings) -> int:
    """Print the helper's key; it is made when there is none. Returns the exit code."""
    try:
        identity = Identity.load_or_create(OperatorVolume(settings.helper_dir).identity)
    except WrongKey as problem:
        print(f"helper: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    datasite = settings.helper_datasite or "HELPER_DATASITE"
    print(key_in_words("HELPER", datasite, identity.fingerprint), flush=True)  # noqa: T201
    return 0


def status_in_words(state: HelperState | None) -> str:
    """Return what the helper has done, in lines."""
    if state is None:
        return "The helper has not run yet."
    lines = [f"{one.role} {one.datasite}: {one.words}" for one in state.operators]
    lines.append(
        f"This year's privacy loss: rho {state.spent:.2f} of {state.limit:.2f} "
        f"(epsilon {state.spent_epsilon:.1f} of {state.limit_epsilon:.1f} at delta 1e-6)"
    )
    for one in state.rounds:
        refused = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in one.refused) or "none"
        why = f"; {one.problem}" if one.problem else ""
        lines.append(f"{one.round}: {one.state.replace('_', ' ')}, counted {one.counted}, refused {refused}{why}")
    return "\n".join(lines)


def run_once(settings: Settings) -> int:
    """Look once. Returns the exit code."""
    return 0 if HelperService.of(settings).look(int(time.time())) is not None else 1
