"""Answer what is due: one run of the publisher, whoever starts it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from netflix_trend.history.encodings import EncodingsError
from netflix_trend.layout import PublisherVolume
from netflix_trend.participant.choices import Choices, ChoicesError, read_choices
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.participant.ledger import LedgerError, read_ledger
from netflix_trend.participant.receipts import keep_receipt, read_receipts, receipt
from netflix_trend.participant.releases import Participant, publish_due, restore_published
from netflix_trend.participant.status import Outcome, PublisherStatus, State, read_status, write_status
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import EXAMPLE_AGGREGATOR, Settings
from netflix_trend.storage.files import UnsafeFile, locked
from netflix_trend.survey.survey import RefusedSurvey, Survey
from netflix_trend.syftbox.datasite import Datasite, DatasiteError
from netflix_trend.syftbox.shared_files import current_surveys


def publish_with(settings: Settings, today: date) -> PublisherStatus:
    """Answer what is due with the settings' folders and limits and the person's choices, and say what was done.

    The datasite is a cache: whatever vanished from it or was altered is restored. What is said is also kept as
    `outlook.json` on the publisher's volume. One run at a time, also of several processes: none that has read older
    choices publishes again what a withdrawal has removed.
    """
    with locked(PublisherVolume(settings.publisher_dir).lock):
        try:
            state, message, outcomes = _run(settings, read_choices(settings.private_dir), today)
        except (ChoicesError, DatasiteError, LedgerError) as problem:
            state, message, outcomes = "problem", f"nothing is published: {problem}", []
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__  # its path would name the datasite
            state, message, outcomes = "problem", f"nothing is published: {reason}", []
        status = PublisherStatus(looked_at=datetime.now(UTC), state=state, message=message, outcomes=tuple(outcomes))
        write_status(settings.publisher_dir, status)
    return status


def _run(settings: Settings, choices: Choices, today: date) -> tuple[State, str, Sequence[Outcome]]:
    if settings.syftbox_email == settings.aggregator_datasite:
        raise DatasiteError("SYFTBOX_EMAIL and AGGREGATOR_DATASITE are the same; an aggregator itself takes no part")
    participant = Participant(
        site=Datasite(settings.datasites_dir, settings.syftbox_email),
        aggregator=settings.aggregator_datasite,
        ledger=PublisherVolume(settings.publisher_dir).ledger,
        limits=choices.lowered(settings.limits),
    )
    if choices.participation == "withdrawn":
        return "withdrawn", _withdraw(settings, participant, today), []
    # A datasite that we have written to was set up once, even if SyftBox has lost its own files there since.
    if not participant.site.is_initialized and not participant.ledger.exists():
        return "waiting_for_syftbox", "SyftBox has not set up your datasite yet; start it, and check SYFTBOX_EMAIL", []
    takes_part = choices.takes_part(settings.join)
    # Without a ledger nothing there is ours, whatever it is called.
    if not takes_part and not participant.ledger.exists():
        return "not_joined", "nothing is published before ./run.sh join", []
    profiles, reason = None, "no export, or profiles are being rebuilt"
    try:
        profiles = load_profiles(settings.private_dir)
    except EncodingsError:  # its text names the profile
        reason = "the tables of a profile are damaged; import the export again"
    if profiles is None:
        if participant.ledger.exists():
            restore_published(participant, today)
        return "no_export", f"nothing to publish yet: {reason}", []
    surveys: list[Survey] = []
    state: State = "answering" if takes_part else "paused"
    message = "" if takes_part else "no survey is answered; what was published stays"
    if takes_part:
        message = " ".join(f"{name} is not answered: {reason}." for name, reason in profiles.unanswerable.items())
        try:
            surveys = current_surveys(settings, today)
        except (RefusedSurvey, UnsafeFile) as refusal:
            state, message = "survey_refused", f"the aggregator's survey is refused: {refusal}"
        else:
            if not surveys:
                state, message = "waiting_for_survey", "the aggregator's survey has not arrived yet"
                if settings.aggregator_datasite == EXAMPLE_AGGREGATOR:
                    message = "AGGREGATOR_DATASITE is still the example, which nobody runs; name your aggregator"
    outcomes = publish_due(
        participant,
        surveys,
        profiles.contribution,
        vocabulary=profiles.vocabulary,
        covered_through=profiles.covered_through,
        today=today,
        unanswerable=profiles.unanswerable,
    )
    return state, message, outcomes


def _withdraw(settings: Settings, participant: Participant, today: date) -> str:
    """Take everything out of the datasite and keep a receipt; returns it in words. Once withdrawn, changes nothing.

    Raises LedgerError when the ledger cannot say what the receipt needs; the files are removed all the same.
    """
    receipts, last = read_receipts(settings.publisher_dir), read_status(settings.publisher_dir)
    took_part_again = last is not None and last.state not in {"withdrawn", "problem"}
    if participant.site.published() or took_part_again or not receipts:
        try:
            answered = [entry.round for entry in read_ledger(participant.ledger)]
        except LedgerError as damage:
            participant.site.withdraw()
            raise LedgerError(f"your files were removed, but there is no receipt: {damage}") from None
        # The receipt comes first: a crash in between leaves files, and the next run removes them with another receipt.
        one = receipt(answered, participant.site.digests(), Week.last_complete(today), datetime.now(UTC))
        keep_receipt(settings.publisher_dir, one)
        participant.site.withdraw()
        receipts = [one]
    return receipts[-1].sentence
