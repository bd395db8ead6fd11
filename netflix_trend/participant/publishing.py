"""One run of the publisher: answer what is due, or withdraw."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from netflix_trend.causes import cause
from netflix_trend.history.encodings import EncodingsError
from netflix_trend.language import _, marked
from netflix_trend.layout import PublisherVolume
from netflix_trend.operators.transport import list_rounds
from netflix_trend.participant.choices import Choices, ChoicesError, read_choices
from netflix_trend.participant.contributions import ProfileSet, load_profiles
from netflix_trend.participant.ledger import LedgerError, read_ledger, read_whole_ledger
from netflix_trend.participant.receipts import Receipt, keep_receipt, read_receipts, receipt
from netflix_trend.participant.releases import Participant, publish_due, remember_published, restore_published
from netflix_trend.participant.restored_records import take_records
from netflix_trend.participant.sealed import (
    MAX_ROUND_AGE_WEEKS,
    Operators,
    SealedError,
    SealedParticipant,
    answer_sealed,
    spent_rounds,
    withdraw_sealed,
)
from netflix_trend.participant.status import (
    ANSWERED,
    NO_AGGREGATOR,
    Outcome,
    PublisherStatus,
    State,
    read_status,
    write_status,
)
from netflix_trend.periods.weeks import Week
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile, locked
from netflix_trend.storage.janitor import tidy_daily
from netflix_trend.storage.migrations import NewerFormat
from netflix_trend.survey.survey import RefusedSurvey, Survey
from netflix_trend.syftbox.datasite import Datasite, DatasiteError
from netflix_trend.syftbox.shared_files import beginnings_of, current_surveys

# Seconds that a run waits for the end of a sync, where it must not write meanwhile.
_SYNC_SECONDS = 10.0
# States of somebody who takes part, and whose manifest is published.
_TAKES_PART = ("answering", "waiting_for_survey", "survey_refused")
_SYNCS = marked("SyftBox is syncing just now; the next run publishes")


def publish_with(settings: Settings, today: date, now: int | None = None) -> PublisherStatus:
    """Answer what is due within the limits of the settings and the person's choices. Returns the publisher's status.

    The datasite is a cache: files that are missing or altered are restored. The status is also written to the
    publisher's volume. A lock allows one run at a time across processes, so that no run with older choices publishes
    again what a withdrawal has removed. now: seconds since 1970, by default the clock's.
    """
    waits, run = False, None
    with locked(PublisherVolume(settings.records_dir).lock):
        try:
            take_records(settings, today)
            run = _Run(settings, read_choices(settings.private_dir), today, int(time.time()) if now is None else now)
            (state, message, outcomes), waits = run.do_between_syncs()
        except (ChoicesError, DatasiteError, LedgerError, NewerFormat, SealedError) as problem:
            state, message, outcomes = "problem", _("nothing is published: %(problem)s", problem=problem), []
        except OSError as problem:
            place, reason = _place(settings, problem), cause(problem)
            said = _("nothing is published: %(place)s: %(reason)s", place=place, reason=reason)
            state, message, outcomes = "problem", said, []
        status = PublisherStatus(
            looked_at=datetime.now(UTC),
            state=state,
            message=message,
            outcomes=tuple(outcomes),
            waits_for_sync=waits,
            answered=_newest_answer(read_status(settings.records_dir), outcomes),
            stuck=run.stuck if run else (),
            withdraws=run is not None and run.has_receipt,
        )
        write_status(settings.records_dir, status)
        site = Datasite(settings.datasites_dir, settings.syftbox_email)
        tidy_daily(settings.records_dir, time.time(), folders=[site.app_data])
    return status


def _place(settings: Settings, problem: OSError) -> str:
    """Return where the system refused something: below the datasite, whose name is an address, or a file's name."""
    path = Path(os.fsdecode(problem.filename)) if isinstance(problem.filename, str | bytes) else None
    if path is None:
        return _("a file")
    site = settings.datasites_dir / settings.syftbox_email
    return path.relative_to(site).as_posix() if path.is_relative_to(site) else path.name


def _newest_answer(last: PublisherStatus | None, outcomes: Sequence[Outcome]) -> str | None:
    """Return the newest round that this run or an earlier one has answered. last: status of the run before."""
    rounds = [one.round for one in outcomes if one.status in ANSWERED]
    return max([*rounds, *([last.answered] if last and last.answered else [])], default=None)


_Done = tuple[State, str, Sequence[Outcome]]


@dataclass(frozen=True)
class _Run:
    """One run of the publisher."""

    settings: Settings
    choices: Choices
    today: date
    now: int
    receipt_kept: list[Receipt] = field(default_factory=list)

    @cached_property
    def participant(self) -> Participant:
        """The participant in local mode."""
        volume = PublisherVolume(self.settings.records_dir)
        return Participant(
            site=Datasite(self.settings.datasites_dir, self.settings.syftbox_email),
            aggregator=self.settings.aggregator_datasite,
            ledger=volume.ledger,
            limits=self.choices.lowered(self.settings.limits),
            keep_rounds=volume.sealed.exists() or self.operators is not None,
        )

    @cached_property
    def operators(self) -> Operators | None:
        """The operators that the settings trust with sealed reports; None without any."""
        return Operators.of(self.settings)

    @cached_property
    def sealed(self) -> SealedParticipant | None:
        """The participant of rounds that operators sum; None when the settings name no operators."""
        if self.operators is None:
            return None
        return SealedParticipant.of(self.settings, self.participant.limits, self.operators)

    def do_between_syncs(self) -> tuple[_Done, bool]:
        """Do it while SyftBox does not sync, where that matters; a withdrawal waits for nothing but a short sync.

        Returns what `do` does, and whether the next run has something to do as soon as SyftBox has synced.
        """
        site = self.participant.site
        with site.between_syncs(_SYNC_SECONDS) as is_free:
            if not is_free and self.choices.participation != "withdrawn":
                return ("waiting_for_syftbox", _SYNCS, []), True
            done = self.do()
            if done[0] in _TAKES_PART:
                site.offer_again(self.now)
        if done[0] == "withdrawn":
            return done, self.receipt_kept[-1].syftbox == "waiting"
        return done, bool(site.waiting())

    @property
    def stuck(self) -> tuple[str, ...]:
        """What could not be removed from the datasite, with the reason."""
        found = self.participant.site.stuck | (self.sealed.site.stuck if self.sealed else {})
        return tuple(f"{place} ({reason})" for place, reason in sorted(found.items()))

    @property
    def has_receipt(self) -> bool:
        """Whether this run withdraws and the receipt of it is written, whatever happened afterwards."""
        return self.choices.participation == "withdrawn" and bool(self.receipt_kept)

    def do(self) -> _Done:
        """Withdraw, wait, restore or answer. Returns state, message and the outcome of each round."""
        if self.settings.syftbox_email == self.settings.aggregator_datasite:
            raise DatasiteError(
                _("SYFTBOX_EMAIL and AGGREGATOR_DATASITE are the same; an aggregator cannot take part itself")
            )
        if self.choices.participation == "withdrawn":
            return "withdrawn", self._withdraw(), []
        has_published = self.participant.ledger.exists()
        # If we have published, the datasite was set up once, even if SyftBox has lost its own files there since.
        if not self.participant.site.is_initialized and not has_published:
            advice = _("SyftBox has not set up your datasite yet; start it, and check SYFTBOX_EMAIL")
            if self.participant.site.root.is_dir():
                # A client leaves a folder that is there alone, also when its server has lost everything.
                advice = _(
                    "your datasite has no permission file of SyftBox. If SyftBox was started only now, wait a "
                    "minute; if this stays so, ./run.sh setup --repair writes the file"
                )
            return "waiting_for_syftbox", advice, []
        takes_part = self.choices.takes_part(self.settings)
        # Without a ledger, nothing in the datasite is ours, whatever its name.
        has_nobody = not self.settings.has_aggregator and not self.settings.is_trial
        is_undecided = self.choices.participation == "undecided"
        if not takes_part and not has_published and not (has_nobody and is_undecided):
            return "not_joined", _("nothing is published before ./run.sh join"), []
        # Not even what was published is touched: its rules would name the example as the reader.
        if has_nobody:
            return "no_aggregator", NO_AGGREGATOR, []
        profiles, reason = self._profiles()
        if profiles is None:
            outcomes: list[Outcome] = []
            if has_published:
                restore_published(self.participant, self.today)
                outcomes = self._seal(None) if takes_part else []
            return "no_export", _("nothing to publish yet: %(reason)s", reason=reason), outcomes
        return self._answer(profiles) if takes_part else self._paused(profiles)

    def _profiles(self) -> tuple[ProfileSet | None, str]:
        try:
            profiles = load_profiles(self.settings.private_dir)
            return profiles, _("no export, or profiles are being rebuilt, or you have to say whose viewing counts")
        except EncodingsError:  # its message names the profile
            return None, _("the tables of a profile are damaged; import the export again")

    def _paused(self, profiles: ProfileSet) -> _Done:
        outcomes = self._publish(profiles, [])
        return "paused", _("no survey is answered; what was published stays"), outcomes

    def _answer(self, profiles: ProfileSet) -> _Done:
        message = " ".join(
            _("%(name)s is not answered: %(reason)s.", name=name, reason=reason)
            for name, reason in profiles.unanswerable.items()
        )
        state: State = "answering"
        surveys: list[Survey] = []
        try:
            surveys = self._surveys()
        except (RefusedSurvey, UnsafeFile) as refusal:
            state, message = "survey_refused", _("the aggregator's survey is refused: %(refusal)s", refusal=refusal)
        outcomes = [*self._publish(profiles, surveys), *self._seal(profiles)]
        if state == "answering" and not outcomes:
            state, message = "waiting_for_survey", self._what_is_missing()
        return state, message, outcomes

    def _what_is_missing(self) -> str:
        aggregator = Datasite(self.settings.datasites_dir, self.settings.aggregator_datasite)
        if self.operators is None and list_rounds(aggregator):
            return _(
                "the aggregator asks in rounds that operators sum, and your settings name none of them. "
                "./run.sh setup shows their keys as words, to compare with what they told you by another "
                "way than SyftBox"
            )
        return _("the aggregator's survey has not arrived yet")

    def _surveys(self) -> list[Survey]:
        """Return open surveys of local mode, without weeks that were answered to operators: a week is answered once."""
        if "local" not in self.settings.limit_modes:
            return []
        answered = spent_rounds(PublisherVolume(self.settings.records_dir).sealed)
        return [survey for survey in current_surveys(self.settings, self.today) if survey.round not in answered]

    def _publish(self, profiles: ProfileSet, surveys: Sequence[Survey]) -> list[Outcome]:
        return publish_due(
            self.participant,
            surveys,
            profiles.contribution,
            vocabulary=profiles.vocabulary,
            covered_through=profiles.covered_through,
            downloaded=profiles.downloaded,
            today=self.today,
            unanswerable=profiles.unanswerable,
            beginnings=beginnings_of(self.settings, profiles.vocabulary),
        )

    def _seal(self, profiles: ProfileSet | None) -> list[Outcome]:
        if self.sealed is None:
            return []
        ledger, newest = read_whole_ledger(self.participant.ledger), Week.last_complete(self.today)
        elsewhere = {entry.round for entry in ledger.entries}
        # What a lost ledger may have answered is not answered in another way either.
        elsewhere |= {str(newest - age) for age in range(MAX_ROUND_AGE_WEEKS + 1) if ledger.skips(newest - age)}
        beginnings = beginnings_of(self.settings, profiles.vocabulary) if profiles else ()
        return answer_sealed(self.sealed, profiles, elsewhere, self.today, self.now, beginnings)

    def _withdraw(self) -> str:
        """Remove everything from the datasite and write a receipt, or complete it; returns its sentence.

        A withdrawal has one receipt: later runs remove what has come back, and enter what SyftBox has noticed. Safe to
        repeat. Raises LedgerError if the ledger cannot be read for the receipt; the files are removed all the same.
        """
        publisher, site = self.settings.records_dir, self.participant.site
        with suppress(LedgerError):  # a damaged ledger keeps anything from being answered, and nothing from going
            remember_published(self.participant, self.today)
        receipts, removed = read_receipts(publisher), site.digests()
        one = receipts[-1] if receipts and self._is_known(read_status(publisher)) else self._receipt(removed)
        # The receipt comes first: after a crash in between, the next run removes the files with another receipt.
        if one not in receipts:
            keep_receipt(publisher, one)
        self.receipt_kept.append(one)
        waiting = site.withdraw()
        left = site.files()
        one, gone = one.without(left), {name: digest for name, digest in removed.items() if name not in left}
        seen = one.confirmed(gone, waiting, site.unconfirmed({*one.removed, *gone}), datetime.now(UTC))
        if seen != self.receipt_kept[0]:
            keep_receipt(publisher, seen)
            self.receipt_kept.append(seen)
        return seen.sentence

    def _is_known(self, last: PublisherStatus | None) -> bool:
        """Return whether the last receipt is that of this withdrawal. last: status of the run before."""
        if last is not None and (last.state == "withdrawn" or last.withdraws):
            return True
        return not self.participant.site.files() and (last is None or last.state == "problem")

    def _receipt(self, removed: Mapping[str, str]) -> Receipt:
        earlier = [name for one in read_receipts(self.settings.records_dir) for name in one.summed]
        try:
            summed = withdraw_sealed(self.sealed, earlier) if self.sealed else ()
            answered = [entry.round for entry in read_ledger(self.participant.ledger)]
        except (LedgerError, SealedError) as damage:
            self.participant.site.withdraw()
            raise LedgerError(
                _("your files were removed, but there is no receipt: %(damage)s", damage=damage)
            ) from None
        return receipt(answered, removed, Week.last_complete(self.today), datetime.now(UTC), summed)
