"""What a participant decides at any time: to take part, pause or withdraw, and limits lower than those of the settings.

The choices are one file on the private volume. The dashboard and `./run.sh` write it, the publisher obeys it.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.language import _, marked
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.names import is_of_demo_network
from netflix_trend.participant.ledger import LedgerError, read_ledger
from netflix_trend.questions.registry import QUESTIONS
from netflix_trend.settings import Settings
from netflix_trend.storage.damaged import Damaged, keep_copy, read_file, was_set_aside
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict
from netflix_trend.survey.limits import Limits

Participation = Literal["undecided", "joined", "paused", "withdrawn"]
LIMITS_LOST = marked(
    "Limits that you had lowered were lost with a damaged file: no report is allowed until you set them."
)


_Positive = Annotated[int, Field(ge=1, le=1_000_000)]


def has_answered(settings: Settings) -> bool:
    """Return whether a report was ever made for this aggregator, as the ledger says.

    Sealed reports do not say for whom they were, and a damaged ledger says nothing: neither is a yes.
    """
    try:
        entries = read_ledger(PublisherVolume(settings.records_dir).ledger)
    except LedgerError:
        return False
    return any(entry.aggregator == settings.aggregator_datasite for entry in entries)


class ChoicesError(Exception):
    """The file with the choices is damaged. Nothing is published until the person chooses again."""


class Choices(Strict):
    """One person's choices.

    participation: `joined` answers surveys; `paused` answers none, and what was published stays; `withdrawn` also
    removes what was published; `undecided`, at the beginning, answers nothing that leaves this machine, see
    `takes_part`. Limits that are not None lower those of the settings; they never raise them.
    """

    schema_version: Literal[1] = 1
    participation: Participation = "undecided"
    odds: Annotated[tuple[_Positive, _Positive], Field(strict=False)] | None = None
    reports_per_year: Annotated[int, Field(ge=0, le=53)] | None = None
    questions: Annotated[frozenset[str], Field(strict=False)] | None = None

    def takes_part(self, settings: Settings) -> bool:
        """Return whether surveys are answered. The first report to a real aggregator leaves only after a yes.

        The undecided answer where nothing leaves, in a trial and in the demo network on this machine; and where JOIN is
        at_once, what they have answered before they had to say so.
        """
        if self.participation != "undecided":
            return self.participation == "joined"
        if settings.is_trial or is_of_demo_network(settings.aggregator_datasite):
            return True
        return settings.join == "at_once" and has_answered(settings)

    def lowered(self, limits: Limits) -> Limits:
        """Return the effective limits: those of the settings, lowered where the person chose lower ones."""
        odds = limits.odds if self.odds is None else min(limits.odds, Fraction(*self.odds))
        reports = limits.reports_per_year
        return Limits(
            odds=odds,
            reports_per_year=reports if self.reports_per_year is None else min(reports, self.reports_per_year),
            questions=limits.questions & (QUESTIONS if self.questions is None else self.questions),
        )


def read_choices(private: Path) -> Choices:
    """Read the choices; without a file, those of somebody who has not chosen yet.

    Raises ChoicesError when the file is damaged: guessing could publish for somebody who has withdrawn.
    """
    path = PrivateVolume(private).choices
    try:
        return Choices.model_validate_json(read_file(path))
    except FileNotFoundError:
        # A process that replaced a damaged file may have been killed before it wrote the new one.
        if not was_set_aside(path, private):
            return Choices()
    except (ValidationError, ValueError, Damaged):
        pass
    raise ChoicesError(
        _(
            "choices.json is damaged, and limits that you had lowered are lost with it. Set your "
            "limits, then join again; or withdraw. (./run.sh limits, join, withdraw)"
        )
    )


def choose(private: Path, participation: Participation) -> bool:
    """Save a choice to join, pause or withdraw, and keep the limits; returns whether the limits are known.

    A damaged file loses them. Then no report is allowed until limits are set, and joining raises ChoicesError: the
    limits of the settings may be higher than what the person allowed.
    """
    try:
        before, is_known = read_choices(private), True
    except ChoicesError:
        if participation == "joined":
            raise
        before, is_known = Choices(reports_per_year=0), False
    write_choices(private, before.model_copy(update={"participation": participation}))
    return is_known


def ask_again(private: Path) -> None:
    """Let somebody who has joined in a trial decide again, now that there is an aggregator; everything else stays."""
    try:
        before = read_choices(private)
    except ChoicesError:  # nothing is published with it
        return
    if before.participation == "joined":
        write_choices(private, before.model_copy(update={"participation": "undecided"}))


def before_limits(private: Path) -> Choices:
    """Return the choices to change the limits of; those of somebody who paused if the file is damaged."""
    try:
        return read_choices(private)
    except ChoicesError:
        return Choices(participation="paused")


def write_choices(private: Path, choices: Choices) -> None:
    """Save the choices; they are on disk when this returns. A damaged file is kept among the damaged ones."""
    private.mkdir(parents=True, exist_ok=True)
    try:
        read_choices(private)
    except ChoicesError:
        keep_copy(PrivateVolume(private).choices, private)
    write_atomically(PrivateVolume(private).choices, choices.to_bytes())
