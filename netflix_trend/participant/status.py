"""The publisher's status: what it did in its last run. It stays on the publisher's volume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.language import _, marked
from netflix_trend.layout import PublisherVolume
from netflix_trend.names import EXAMPLE_ME
from netflix_trend.participant.notice import notice_for
from netflix_trend.settings import Settings
from netflix_trend.storage.damaged import Damaged, make_way, read_file
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict
from netflix_trend.syftbox.generations import generation_of

STUCK = marked(
    "This cannot be removed from your datasite: %(place)s. Remove it by hand; no rule names a reader of it any more."
)
Status = Literal["drawn", "kept", "not_asked", "skipped", "refused", "sent", "waiting", "over"]
State = Literal[
    "answering",
    "not_joined",
    "paused",
    "withdrawn",
    "no_export",
    "waiting_for_syftbox",
    "no_aggregator",
    "waiting_for_survey",
    "survey_refused",
    "problem",
]

# Outcomes of rounds that were answered.
ANSWERED: frozenset[Status] = frozenset({"drawn", "kept", "sent"})
# What a publisher does only for an aggregator.
ASKED: frozenset[State] = frozenset({"answering", "waiting_for_survey", "survey_refused"})


@dataclass(frozen=True)
class Outcome:
    """The outcome of a survey: drawn now, kept from earlier, not asked in this round, skipped or refused, and why.

    In a round that operators sum: a sealed report was sent, is waiting, or the round is over.
    """

    round: str
    status: Status
    reason: str = ""


class PublisherStatus(Strict):
    """One run of the publisher: its state, the reason in a sentence, and the outcome of each open round.

    waits_for_sync: the next run has something to do as soon as SyftBox has synced. answered: the newest round that any
    run has answered to operators; runs that cannot look keep it. stuck: files in the datasite that could not be
    removed, with the reason. withdraws: the run was one of a withdrawal that has its receipt.
    """

    schema_version: Literal[1] = 1
    looked_at: Annotated[datetime, Field(strict=False)]
    state: State
    message: str = ""
    outcomes: Annotated[tuple[Outcome, ...], Field(strict=False)] = ()
    waits_for_sync: bool = False
    answered: str | None = None
    stuck: Annotated[tuple[str, ...], Field(strict=False)] = ()
    withdraws: bool = False


def notice(settings: Settings) -> str:
    """Return what every page and verb says first, in a trial and without an aggregator or address; else nothing."""
    return notice_for(settings.syftbox_email, settings.aggregator_datasite)


def joined(settings: Settings) -> str:
    """Return what it means to have joined, in a sentence that claims no answer where nothing leaves."""
    if settings.is_trial:
        return _("You joined the trial: its example surveys are answered on this machine only.")
    if not settings.has_aggregator:
        return _("You joined. Nothing is answered before an aggregator is chosen.")
    if settings.syftbox_email == EXAMPLE_ME:
        return _("You joined. Nothing leaves this machine before you have an address of your own: ./run.sh setup")
    if not generation_of(settings.datasites_dir).is_set_up(settings.datasites_dir, settings.syftbox_email):
        return _("You joined. Nothing leaves this machine before SyftBox has set up your datasite: ./run.sh status")
    return _("You joined. Your machine answers what it is asked, within your limits.")


def write_status(publisher: Path, status: PublisherStatus) -> None:
    """Replace the status of the previous run."""
    publisher.mkdir(parents=True, exist_ok=True)
    make_way(PublisherVolume(publisher).status, publisher)
    write_atomically(PublisherVolume(publisher).status, status.to_bytes(), durable=False)


def read_status(publisher: Path) -> PublisherStatus | None:
    """Return the last status; None before the first run, or if the file is damaged (the next run writes it again)."""
    try:
        return _read_status(publisher)
    except (FileNotFoundError, ValidationError, Damaged):
        return None


def is_status_damaged(publisher: Path) -> bool:
    """Return whether the status of the last run is there and cannot be read."""
    try:
        _read_status(publisher)
    except FileNotFoundError:
        return False
    except (ValidationError, Damaged):
        return True
    return False


def _read_status(publisher: Path) -> PublisherStatus:
    return PublisherStatus.model_validate_json(read_file(PublisherVolume(publisher).status))


def described(status: PublisherStatus) -> list[str]:
    """Return the status in lines for a person."""
    lines = [f"{status.state.replace('_', ' ')}{': ' if status.message else ''}{status.message}"]
    lines += [_(STUCK, place=place) for place in status.stuck]
    for outcome in status.outcomes:
        reason = f" ({outcome.reason})" if outcome.reason else ""
        lines.append(f"  {outcome.round}  {outcome.status.replace('_', ' ')}{reason}")
    return lines
