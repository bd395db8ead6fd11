"""Whether this person takes part, and whether the publisher has carried that out."""

from __future__ import annotations

from dataclasses import dataclass

from netflix_trend.language import _, marked
from netflix_trend.participant.choices import Choices
from netflix_trend.participant.notice import NO_ADDRESS, NO_AGGREGATOR, TRIAL
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.status import ASKED, PublisherStatus, State
from services.dashboard.text import number

STATES = {
    "answering": marked("Your machine answers what it is asked, within your limits."),
    "not_joined": marked("Nothing is published: you have not joined."),
    "paused": marked("You paused: no new report is made. What was published stays."),
    "withdrawn": marked("You withdrew: nothing of yours is published."),
    "no_export": marked("Nothing is published yet: there is no export to answer from."),
    "waiting_for_syftbox": marked("Nothing is published yet: SyftBox is not ready; Health says why."),
    "no_aggregator": marked("Nothing is answered: no aggregator is chosen."),
    "waiting_for_survey": marked("Nothing is published yet: no survey has arrived from the aggregator."),
    "survey_refused": marked("The aggregator's survey is not one that can be answered. Nothing is published."),
    "problem": marked("Something is wrong, so nothing is published. See Health."),
}
# What is next where there is nobody to answer.
CHOOSE = marked("Choose an aggregator first: ./run.sh setup, or the page Start.")
_AT_REST: frozenset[State] = frozenset({"not_joined", "paused", "withdrawn"})
# The publisher's states before it has seen a choice.
_BEFORE: dict[str, frozenset[State]] = {
    "joined": _AT_REST,
    "paused": ASKED | {"withdrawn"},
    "withdrawn": ASKED | _AT_REST - {"withdrawn"},
}


@dataclass(frozen=True)
class ParticipationStatus:
    """Whether this person takes part, in words. takes_part: surveys are answered. problem: a damaged file.

    state: what the publisher does, if that says more than the choice. released: reports so far, None if the ledger is
    damaged.
    """

    choices: Choices
    takes_part: bool
    sentence: str
    state: str = ""
    released: int | None = 0
    problem: str = ""

    @property
    def is_first(self) -> bool:
        """Whether no report was ever made."""
        return self.released == 0

    @property
    def meanwhile(self) -> str:
        """Why no report is made now, in a sentence; empty while reports are made."""
        if self.takes_part:
            return ""
        words = {
            "paused": marked("No report is made while you pause."),
            "withdrawn": marked("No report is made after you withdrew."),
        }
        chosen = self.choices.participation
        return _(words[chosen]) if chosen in words else _("No report is made before you join.")


def participation_status(state: Snapshot) -> ParticipationStatus:
    """Return whether this person takes part."""
    status, choices, takes_part = state.status, state.choices, state.takes_part
    released = None if state.ledger_problem else len(state.entries)
    if state.choices_problem:
        lost = _("Your choice cannot be read, so nothing is published.")
        return ParticipationStatus(choices, False, lost, released=released, problem=state.choices_problem)
    sentence = _sentence(choices, state.notice, takes_part=takes_part)
    before = _BEFORE.get(choices.participation, _AT_REST if takes_part else ASKED)
    if choices.participation == "withdrawn" and state.files:
        late = _(
            "%(choice)s Not done yet: files still in your datasite: %(files)s. The publisher removes them at its next "
            "run; Health says when it last ran.",
            choice=sentence,
            files=number(state.files),
        )
    elif status is not None and status.state in before:
        late = _(
            "%(choice)s Not done yet: the publisher follows it at its next run; Health says when it last ran.",
            choice=sentence,
        )
    else:
        return ParticipationStatus(choices, takes_part, sentence, state_in_words(status, state.notice), released)
    return ParticipationStatus(choices, takes_part, late, "", released)


def _sentence(choices: Choices, notice: str, *, takes_part: bool) -> str:
    """Return the person's choice in words. notice: without an aggregator nobody takes part in anything."""
    is_undecided = choices.participation == "undecided"
    if not takes_part:
        chosen = {"paused": marked("You paused."), "withdrawn": marked("You withdrew.")}
        if choices.participation in chosen:
            return _(chosen[choices.participation])
        return _("You have not joined. Nothing leaves this machine.")
    if notice == NO_AGGREGATOR:
        if is_undecided:
            return _("Nothing is answered before an aggregator is chosen.")
        return _("You joined. Nothing is answered before an aggregator is chosen.")
    if notice == NO_ADDRESS:
        if is_undecided:
            return _("Nothing leaves this machine before you have your own address.")
        return _("You joined. Nothing leaves this machine before you have your own address.")
    if notice == TRIAL:
        return _("A trial answers its example surveys by itself.") if is_undecided else _("You take part in the trial.")
    return _("You take part, as you did before this was asked.") if is_undecided else _("You take part.")


def state_in_words(status: PublisherStatus | None, notice: str) -> str:
    """Return what the publisher does, if that says more than the person's choice."""
    if status is None:
        return _("The publisher has not run yet.")
    if notice == TRIAL and status.state == "answering":
        return _("Its example surveys are answered on this machine only.")
    return "" if status.state in _AT_REST else _(STATES[status.state])
