"""What the publisher did at its last look, for the participant's own eyes: kept on the publisher's volume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import write_atomically
from netflix_trend.storage.model import Strict

FILE = "outlook.json"
# What every command and page says while Settings.is_trial.
TRIAL = (
    "Trial: nothing leaves this machine. SYFTBOX_EMAIL and AGGREGATOR_DATASITE are the examples; name your own in .env "
    "to take part."
)
Status = Literal["drawn", "kept", "not_asked", "skipped", "refused"]
State = Literal[
    "answering",
    "not_joined",
    "paused",
    "withdrawn",
    "no_export",
    "waiting_for_syftbox",
    "waiting_for_survey",
    "survey_refused",
    "problem",
]


@dataclass(frozen=True)
class Outcome:
    """What became of one survey: drawn now, kept from earlier, not asked this round, skipped or refused, and why."""

    round: str
    status: Status
    reason: str = ""


class Outlook(Strict):
    """One look of the publisher: what it does, why in a sentence, and what became of each open round."""

    schema_version: Literal[1] = 1
    looked_at: Annotated[datetime, Field(strict=False)]
    state: State
    message: str = ""
    outcomes: Annotated[tuple[Outcome, ...], Field(strict=False)] = ()


def write_outlook(publisher: Path, outlook: Outlook) -> None:
    """Replace the outlook of the look before."""
    publisher.mkdir(parents=True, exist_ok=True)
    write_atomically(publisher / FILE, canonical_json(outlook.model_dump(mode="json")) + b"\n", durable=False)


def read_outlook(publisher: Path) -> Outlook | None:
    """Return what the publisher said last, None before its first look (or when the file is damaged: it comes again)."""
    try:
        return Outlook.model_validate_json((publisher / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def described(outlook: Outlook) -> list[str]:
    """Return the outlook in lines for a person."""
    lines = [f"{outlook.state.replace('_', ' ')}{': ' if outlook.message else ''}{outlook.message}"]
    for outcome in outlook.outcomes:
        reason = f" ({outcome.reason})" if outcome.reason else ""
        lines.append(f"  {outcome.round}  {outcome.status.replace('_', ' ')}{reason}")
    return lines
