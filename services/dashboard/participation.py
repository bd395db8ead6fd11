"""Whether this person takes part, and whether the publisher has carried that out."""

from __future__ import annotations

from dataclasses import dataclass

from netflix_trend.participant.choices import Choices
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.status import PublisherStatus, State

STATES = {
    "answering": "Your machine answers what it is asked, within your limits.",
    "not_joined": "Nothing is published: you have not joined.",
    "paused": "You paused: no new report is made. What was published stays.",
    "withdrawn": "You withdrew: nothing of yours is published.",
    "no_export": "Nothing is published yet: there is no export to answer from.",
    "waiting_for_syftbox": "Nothing is published yet: SyftBox has not set up your datasite. Start it.",
    "waiting_for_survey": "Nothing is published yet: no survey has arrived from the aggregator.",
    "survey_refused": "The aggregator's survey is not one that can be answered. Nothing is published.",
    "problem": "Something is wrong, so nothing is published. See Health.",
}
_AT_REST: frozenset[State] = frozenset({"not_joined", "paused", "withdrawn"})
_AT_WORK: frozenset[State] = frozenset({"answering", "waiting_for_survey", "survey_refused"})
# The publisher's states before it has seen a choice.
_BEFORE: dict[str, frozenset[State]] = {
    "joined": _AT_REST,
    "paused": _AT_WORK | {"withdrawn"},
    "withdrawn": _AT_WORK | _AT_REST - {"withdrawn"},
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
        """Why no report is made now, as the end of a sentence; empty while reports are made."""
        if self.takes_part:
            return ""
        words = {"paused": "while you pause", "withdrawn": "after you withdrew"}
        return words.get(self.choices.participation, "before you join")


def participation_status(state: Snapshot) -> ParticipationStatus:
    """Return whether this person takes part."""
    status, choices, takes_part = state.status, state.choices, state.takes_part
    released = None if state.ledger_problem else len(state.entries)
    if state.choices_problem:
        lost = "Your choice cannot be read, so nothing is published."
        return ParticipationStatus(choices, False, lost, released=released, problem=state.choices_problem)
    sentences = {
        "joined": "You take part.",
        "paused": "You paused.",
        "withdrawn": "You withdrew.",
        "undecided": "You take part, because this machine is set up that way."
        if takes_part
        else "You have not joined. Nothing leaves this machine.",
    }
    sentence = sentences[choices.participation]
    before = _BEFORE.get(choices.participation, _AT_REST if takes_part else _AT_WORK)
    if choices.participation == "withdrawn" and state.files:
        late = f"files still in your datasite: {state.files}. The publisher removes them at its next run"
    elif status is not None and status.state in before:
        late = "the publisher follows it at its next run"
    else:
        return ParticipationStatus(choices, takes_part, sentence, state_in_words(status), released)
    late = f"{sentence} Not done yet: {late}; Health says when it last ran."
    return ParticipationStatus(choices, takes_part, late, "", released)


def state_in_words(status: PublisherStatus | None) -> str:
    """Return what the publisher does, if that says more than the person's choice."""
    if status is None:
        return "The publisher has not run yet."
    return "" if status.state in _AT_REST else STATES[status.state]
