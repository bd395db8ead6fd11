"""What the collecting process leaves about operators and rounds of sums, for pages and commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.layout import OperatorVolume
from netflix_trend.operators.identity import Fingerprint
from netflix_trend.periods.weeks import Week
from netflix_trend.storage.kept import write_kept
from netflix_trend.storage.model import Strict
from netflix_trend.survey.deadlines import Deadlines

_Count = Annotated[int, Field(ge=0)]
# Reason in one word, number of files.
_Refused = Annotated[tuple[tuple[str, int], ...], Field(strict=False)]


class Operator(Strict):
    """An operator as people compare it. key: the fingerprint, 64 hexadecimal digits; words: the same, to read aloud."""

    role: Literal["aggregator", "helper"]
    datasite: str
    key: str
    words: str


class SummedRound(Strict):
    """A round of sums. early, late: people in each batch that was published. waiting: reports that may still count.

    early_day, late_day: when batches close. problem: why it waits, or why it was given up; empty otherwise.
    """

    round: str
    state: Literal["opening", "open", "early", "final", "given_up"]
    early_day: str
    late_day: str
    early: _Count = 0
    late: _Count = 0
    waiting: _Count = 0
    refused: _Refused = ()
    problem: str = ""

    @property
    def counted(self) -> int:
        """People in the published sums."""
        return self.early + self.late


class SumsState(Strict):
    """The operators and the rounds, newest first."""

    schema_version: Literal[1] = 1
    mode: Literal["one", "two"]
    operators: Annotated[tuple[Operator, ...], Field(strict=False)]
    rounds: Annotated[tuple[SummedRound, ...], Field(strict=False)] = ()

    @property
    def helper(self) -> Operator | None:
        """The second operator, None when there is one only."""
        return next((one for one in self.operators if one.role == "helper"), None)

    def of(self, name: str) -> SummedRound | None:
        """Return one round, None when it is none of sums."""
        return next((one for one in self.rounds if one.round == name), None)


def operator_of(role: Literal["aggregator", "helper"], datasite: str, key: Fingerprint) -> Operator:
    """Return an operator as people compare it."""
    return Operator(role=role, datasite=datasite, key=key.hex, words=key.words)


def opening(name: str, problem: str) -> SummedRound:
    """Return a round of which nothing but its name is known yet. problem: why it waits."""
    try:
        deadlines = Deadlines.of(Week.parse(name))
    except ValueError:  # another party's name for a round may be no week
        return SummedRound(round=name, state="opening", early_day="", late_day="", problem=problem)
    days = deadlines.early_day.isoformat(), deadlines.late_day.isoformat()
    return SummedRound(round=name, state="opening", early_day=days[0], late_day=days[1], problem=problem)


def write_state(volume: OperatorVolume, state: Strict) -> None:
    """Leave the state, unless it is the same. A power cut may lose it: the next run writes it again."""
    write_kept(volume.root, volume.state.name, state.to_bytes(), durable=False)


def read_state(folder: Path) -> SumsState | None:
    """Return what the last run left in an aggregator's folder, None without one or when it is of another version."""
    try:
        return SumsState.model_validate_json(OperatorVolume(folder).state.read_bytes())
    except (OSError, ValidationError):
        return None
