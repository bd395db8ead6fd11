"""Rounds that operators sum: one sealed report a week, only for the operators that the settings name.

`netflix_trend.operators` implements the protocol. This module tells it about a participant: what was watched, which
questions may be answered, and how much a week and a year may cost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

from netflix_trend.language import _, marked
from netflix_trend.layout import ROUNDS, PublisherVolume
from netflix_trend.operators.budget import Budget
from netflix_trend.operators.identity import Fingerprint, WrongSigner
from netflix_trend.operators.manifest import BATCHES, Manifest, Round, from_bytes
from netflix_trend.operators.reporter import RefusedRound, Reporter, ReporterLimits, report_status
from netflix_trend.operators.result import Status as ClosingStatus
from netflix_trend.operators.round_folders import MANIFEST, SURVEY
from netflix_trend.operators.store import Store
from netflix_trend.operators.transport import LARGEST_SURVEY, REPORT, OwnFiles, Peer, read_from, result_name
from netflix_trend.operators.wire import Malformed
from netflix_trend.participant.contributions import ProfileSet
from netflix_trend.participant.status import Outcome, Status
from netflix_trend.periods.weeks import Week
from netflix_trend.privacy.randomness import RandBelow, secure
from netflix_trend.settings import Settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.sum_survey import PRESETS, SumSurvey
from netflix_trend.survey.survey import RefusedSurvey
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import LARGEST_FILE

# Surveys about older weeks are refused: they could reveal a history week by week.
MAX_ROUND_AGE_WEEKS = 8
# A week is answered from a file of at most so many weeks later. So viewing of one week changes at most the rounds about
# itself and as many weeks before it, and answers about life events of two quarters (docs/privacy.md).
FRESH_WEEKS = 2
_SAID: dict[str, Status] = {"sent": "sent", "waiting": "waiting", "over": "over", "withdrawn": "skipped"}
_WHY = {
    "over": marked("the round closed before your files covered the week"),
    "withdrawn": marked("you withdrew while this round was open; it is not answered again"),
    "waiting": marked("waits for the operators or for an export that covers the week"),
}


class SealedError(Exception):
    """The database of sealed reports cannot be used. Nothing is published until a person has repaired it."""


@contextmanager
def _opened(path: Path, *, durable: bool = True) -> Iterator[Store]:
    """Open the database of sealed reports. Raises SealedError if it is damaged, or the disk refuses it."""
    try:
        with closing(Store(path, durable=durable)) as store:
            yield store
    except (sqlite3.Error, IsADirectoryError):
        raise SealedError(
            _("%(file)s cannot be used; make room on the disk, or restore the file from a backup", file=path.name)
        ) from None


def is_store_damaged(path: Path) -> bool:
    """Return whether the database of sealed reports is there and cannot be read. Reads only."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            return bool(database.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)])
    except sqlite3.OperationalError:
        # Somebody writes to it just now, or its volume may only be read here, so that its log cannot be opened.
        return not path.is_file()
    except sqlite3.Error:
        return True


@dataclass(frozen=True)
class Operators:
    """The operators in a participant's settings. helper: None for people who trust a single operator."""

    leader: Peer
    helper: Peer | None

    @classmethod
    def of(cls, settings: Settings) -> Operators | None:
        """Return the operators whose rounds are answered, None when settings name none or allow neither mode."""
        if not settings.aggregator_key:
            return None
        leader = _peer(settings, settings.aggregator_datasite, settings.aggregator_key)
        if "two" in settings.limit_modes and settings.helper_datasite and settings.helper_key:
            return cls(leader, _peer(settings, settings.helper_datasite, settings.helper_key))
        return cls(leader, None) if "one" in settings.limit_modes else None


def _peer(settings: Settings, datasite: str, key: str) -> Peer:
    return Peer(Datasite(settings.datasites_dir, datasite), Fingerprint.parse(key))


@dataclass(frozen=True)
class SealedParticipant:
    """A participant without their data. store: the database with budget, reports and withdrawals.

    limits: odds and questions; the maximal cost of a round follows from the odds. rho_per_year: maximal privacy loss of
    any 52 weeks. smallest_batch: minimal number of people in a sum.
    """

    site: Datasite
    operators: Operators
    store: Path
    limits: Limits
    rho_per_year: Fraction
    smallest_batch: int
    randbelow: RandBelow = secure
    durable: bool = True

    @property
    def rho(self) -> Fraction:
        """The maximal cost of a round: that of the largest preset whose odds are allowed."""
        return max((rho for rho, odds in PRESETS.values() if odds <= self.limits.odds), default=Fraction(0))

    @classmethod
    def of(cls, settings: Settings, limits: Limits, operators: Operators) -> SealedParticipant:
        """Return the participant of the settings."""
        return cls(
            site=Datasite(settings.datasites_dir, settings.syftbox_email),
            operators=operators,
            store=PublisherVolume(settings.records_dir).sealed,
            limits=limits,
            rho_per_year=Fraction(settings.limit_rho_per_year),
            smallest_batch=settings.limit_batch,
        )


@dataclass(frozen=True)
class Answers:
    """The participant's answers, which the protocol asks for once a round may be answered.

    profiles: what was watched, None without any file. elsewhere: weeks that were answered in local mode. today: decides
    which weeks are too old. beginnings: versions of vocabularies that the profiles' one extends.
    """

    participant: SealedParticipant
    profiles: ProfileSet | None
    elsewhere: Collection[str]
    today: date
    beginnings: Collection[str] = ()

    def __call__(self, asked: Round) -> Sequence[Any] | None:
        """Return a measurement for each block; None while no file covers the week.

        Raises RefusedRound if the survey is not that of the manifest, or asks what a survey may not.
        """
        survey = self._survey(asked)
        if survey is None:
            return None
        week, oldest = survey.week, Week.last_complete(self.today) - MAX_ROUND_AGE_WEEKS
        if week < oldest:
            raise RefusedRound(
                "old", _("a survey about %(week)s is too old: it could reveal a history week by week", week=week)
            )
        if survey.round in self.elsewhere:
            raise RefusedRound("answered", _("%(week)s was answered in local mode; a week is answered once", week=week))
        profiles = self.profiles
        if profiles is None or profiles.covered_through < week.sunday:
            return None
        if survey.vocabulary != profiles.vocabulary and survey.vocabulary not in self.beginnings:
            return None
        # What is left blank depends on choices and on the day of the newest file, never on what was watched.
        is_fresh = Week.of(profiles.downloaded) <= week + FRESH_WEEKS
        allowed = self.participant.limits.questions
        blank = {*profiles.unanswerable, *(one.name for one in survey.questions if one.name not in allowed)}
        truths = profiles.contribution(week) if is_fresh else None
        return survey.measurements(truths, sorted(blank), self.participant.randbelow)

    def _survey(self, asked: Round) -> SumSurvey | None:
        leader, manifest = self.participant.operators.leader, asked.manifest
        data = read_from(leader.site, asked.name, SURVEY, LARGEST_SURVEY)
        if data is None:
            return None
        try:
            survey = SumSurvey.from_bytes(data)
        except RefusedSurvey as refusal:
            raise RefusedRound("survey", str(refusal)) from None
        days = (survey.week.monday.isoformat(), survey.week.sunday.isoformat())
        if survey.digest != manifest.survey or survey.round != asked.name:
            raise RefusedRound("survey", _("the survey is not the one that the operators agreed on"))
        if (manifest.first_day, manifest.last_day) != days or manifest.blocks != survey.blocks:
            raise RefusedRound("survey", _("the operators agreed on other days or sums than the survey asks for"))
        return survey


def answer_sealed(
    participant: SealedParticipant,
    profiles: ProfileSet | None,
    elsewhere: Collection[str],
    today: date,
    now: int,
    beginnings: Collection[str] = (),
) -> list[Outcome]:
    """Answer every round that is due, restore our reports, and remove foreign files from the folders of rounds.

    now: seconds since 1970. beginnings: versions of vocabularies that the profiles' one extends. Returns the outcome of
    each round, oldest first. Safe to repeat.
    """
    with _opened(participant.store, durable=participant.durable) as store:
        reporter = _reporter(participant, store, Answers(participant, profiles, elsewhere, today, beginnings))
        said = reporter.run(now)
        outcomes = [_outcome(name, word, reporter.problems.get(name, "")) for name, word in sorted(said.items())]
        _remove_unknown(participant.site, store)
    return outcomes


def _outcome(name: str, word: str, problem: str) -> Outcome:
    status = _SAID.get(word, "refused")
    return Outcome(round=name, status=status, reason=problem if status == "refused" else _WHY.get(word, ""))


def _reporter(participant: SealedParticipant, store: Store, answers: Callable[[Round], Any]) -> Reporter:
    return Reporter(
        files=OwnFiles(participant.site, durable=participant.durable),
        store=store,
        budget=Budget(store, participant.rho_per_year),
        leader=participant.operators.leader,
        helper=participant.operators.helper,
        limits=ReporterLimits(participant.rho, participant.smallest_batch),
        answers=answers,
    )


def spent_rounds(store: Path) -> frozenset[str]:
    """Return the rounds for which a sealed report was made, or may have been; none without a database."""
    if not store.exists():
        return frozenset()
    with _opened(store) as opened:
        return frozenset(name for (name,) in opened.sql.execute("SELECT round FROM budget"))


def withdraw_sealed(participant: SealedParticipant, earlier: Collection[str] = ()) -> tuple[str, ...]:
    """Take back every report that operators have not summed yet, and never send one for these rounds again.

    `Datasite.withdraw` removes the files; this prevents restoring them. earlier: rounds of earlier receipts whose sums
    contain the report; of others that were taken back then, none does. Returns, sorted, the rounds whose sums contain
    the report or may contain it.
    """
    if not participant.store.exists():
        return ()
    leader = participant.operators.leader
    with _opened(participant.store, durable=participant.durable) as store:
        reporter, summed = _reporter(participant, store, lambda _: None), []
        for row in store.rounds():
            status = reporter.status(row.name)
            results = (read_from(leader.site, row.name, result_name(batch), LARGEST_FILE) for batch in BATCHES)
            was_taken_back = row.state == "withdrawn" and row.name not in earlier
            is_out = not was_taken_back and any(data is not None for data in results)
            if status.status == "counted" if status else is_out:
                summed.append(row.name)
            reporter.withdraw(row.name)
    return tuple(summed)


def _remove_unknown(site: Datasite, store: Store) -> None:
    site.keep_in_rounds({f"{row.name}/{file}" for row in store.rounds() for file in store.outbox(row.name)})


@dataclass(frozen=True)
class SealedReport:
    """A sealed report in our datasite. asked: the round it is for, None where its manifest cannot be read (any more).

    status: what the leader says became of it, None before the round is closed.
    """

    round: str
    data: bytes
    asked: Round | None
    status: ClosingStatus | None


def sealed_reports(operators: Operators, site: Datasite, contents: Mapping[str, bytes]) -> list[SealedReport]:
    """Return the sealed reports among the files of our datasite, newest first. Reads only.

    contents: bytes of each file of the app, by name.
    """
    found = []
    for name, data in contents.items():
        parts = PurePosixPath(name).parts
        if len(parts) == 3 and (parts[0], parts[2]) == (ROUNDS, REPORT):
            asked = _asked(operators, parts[1])
            found.append(SealedReport(parts[1], data, asked, report_status(operators.leader, site.email, parts[1])))
    return sorted(found, key=lambda one: one.round, reverse=True)


def _asked(operators: Operators, name: str) -> Round | None:
    try:
        body = operators.leader.read(name, MANIFEST)
        return Round(from_bytes(Manifest, body)) if body is not None else None
    except (WrongSigner, UnsafeFile, Malformed):
        return None
