"""One release per round: decide whether to answer, draw once, commit to the ledger, then publish."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path, PurePosixPath

from netflix_trend.language import _
from netflix_trend.layout import release_path
from netflix_trend.participant.contributions import Contribution, answer
from netflix_trend.participant.ledger import Ledger, open_ledger
from netflix_trend.participant.status import Outcome
from netflix_trend.periods.turns import ROTATION, is_turn
from netflix_trend.periods.weeks import Week, weeks_in
from netflix_trend.privacy.randomness import RandBelow, secure
from netflix_trend.questions.question import Question
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.limits import Limits
from netflix_trend.survey.release import build_release
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite, read_manifest, visit

# Two dates of one moment, by the clocks of two places, differ by two days at most.
_CLOCKS = timedelta(days=2)


def depends_through(downloaded: date) -> Week:
    """Return the last week that an answer depends on. downloaded: day of the newest file that it was drawn from.

    Netflix's file has only the last view of a title: watching it again, until the file is made, moves it out of the
    week before. docs/privacy.md proves from this how many answers one week can change.
    """
    return Week.of(downloaded + _CLOCKS)


@dataclass(frozen=True)
class Participant:
    """A participant without their data: datasite, aggregator, limits and the path of the ledger.

    keep_rounds: the datasite also holds sealed reports, which `sealed` restores and removes.
    """

    site: Datasite
    aggregator: str
    ledger: Path
    limits: Limits
    randbelow: RandBelow = secure
    durable: bool = True
    keep_rounds: bool = False


def publish_due(
    participant: Participant,
    surveys: Sequence[Survey],
    contribution_of: Callable[[Week], Contribution],
    *,
    vocabulary: str,
    covered_through: date,
    today: date,
    downloaded: date | None = None,
    unanswerable: Mapping[str, str] = {},
    beginnings: Collection[str] = (),
) -> list[Outcome]:
    """Answer every survey that is due, and make the datasite hold exactly the releases of the ledger.

    vocabulary: the version that contributions are indexed by. beginnings: versions that it extends, so that surveys
    about them mean the same shows. covered_through: last day that the data covers; a week that ends later is not
    answered yet. downloaded: day of the newest file, by default the day after that. unanswerable: questions that must
    wait until something is repaired, and why, by name. Safe to repeat, also in several processes at once.
    """
    newest_file = downloaded or covered_through + timedelta(days=1)
    newest = Week.last_complete(today)
    published = witnessed_rounds(participant.site)
    with open_ledger(participant.ledger, published=published, now=newest, durable=participant.durable) as ledger:
        outcomes = []
        for survey in surveys:
            known = survey.vocabulary in beginnings
            indexed_by = survey.vocabulary if known else vocabulary
            outcome = _decide(
                participant, ledger, survey, indexed_by, covered_through, newest, unanswerable, newest_file
            )
            if outcome.status == "drawn":
                question = survey.question_for(participant.site.email)
                assert question is not None
                payload = answer(contribution_of(survey.week), survey, question, participant.randbelow)
                release = build_release(survey, question, payload)
                ledger.commit(participant.aggregator, survey, question, release, depends_through(newest_file))
            outcomes.append(outcome)
        _restore(participant, ledger, newest)
    return outcomes


def restore_published(participant: Participant, today: date) -> None:
    """Make the datasite hold exactly the releases of the ledger, without answering anything."""
    newest, published = Week.last_complete(today), witnessed_rounds(participant.site)
    with open_ledger(participant.ledger, published=published, now=newest, durable=participant.durable) as ledger:
        _restore(participant, ledger, newest)


def remember_published(participant: Participant, today: date) -> None:
    """Let the ledger know what the datasite shows, before a withdrawal removes it: after a lost ledger, whoever joins
    again would otherwise answer rounds again that they have answered. Raises LedgerError if it is damaged.
    """
    published = witnessed_rounds(participant.site)
    if published:
        now = Week.last_complete(today)
        with open_ledger(participant.ledger, published=published, now=now, durable=participant.durable):
            pass


def _restore(participant: Participant, ledger: Ledger, newest: Week) -> None:
    # Answers to another aggregator are not for this one.
    mine = [entry for entry in ledger.entries if entry.aggregator == participant.aggregator]
    files = {release_path(entry.round): entry.data for entry in mine}
    # Publish without a release too: the manifest says that this person takes part, and the aggregator shares its
    # surveys with participants. The real time of a file would reveal how long reading the history took.
    over = datetime.combine(newest.sunday + timedelta(days=1), time(), UTC).timestamp()
    participant.site.publish(
        files,
        participant.aggregator,
        durable=participant.durable,
        modified=over,
        keep_rounds=participant.keep_rounds,
    )


def published_rounds(site: Datasite) -> frozenset[str]:
    """Return the rounds of which a datasite holds a release, whoever put it there."""
    return rounds_of(site.published())


def witnessed_rounds(site: Datasite) -> frozenset[str]:
    """Return the published rounds and those in the manifest: after a loss, files may come back one by one."""
    try:
        with visit(site) as folder:
            manifest = read_manifest(folder) if folder is not None else None
    except (UnsafeFile, OSError):
        manifest = None
    return published_rounds(site) | rounds_of(manifest.files if manifest else ())


def rounds_of(files: Iterable[str]) -> frozenset[str]:
    """Return the rounds that have a release among an app's files."""
    names = map(PurePosixPath, files)
    return frozenset(map(str, weeks_in(name.stem for name in names if name.parent.name == "releases")))


def _decide(
    participant: Participant,
    ledger: Ledger,
    survey: Survey,
    vocabulary: str,
    covered_through: date,
    newest: Week,
    unanswerable: Mapping[str, str],
    downloaded: date,
) -> Outcome:
    week = survey.week
    entry = ledger.entry(week)
    if entry is not None:
        if entry.aggregator != participant.aggregator:
            return Outcome(survey.round, "refused", _("another aggregator was answered in this round"))
        same = entry.survey == survey.version
        return Outcome(survey.round, "kept", "" if same else _("the survey was changed after it was answered"))
    question = survey.question_for(participant.site.email)
    if question is None:
        return Outcome(
            survey.round, "not_asked", _("each person is asked one week in %(rotation)s", rotation=survey.rotation)
        )
    if ledger.skips(week):
        return Outcome(survey.round, "skipped", _("it may have been answered with a ledger that was lost"))
    if not is_turn(week, participant.site.email):
        return Outcome(
            survey.round, "refused", _("you answer one week in %(ROTATION)s, whatever a survey asks", ROTATION=ROTATION)
        )
    refusal = _refusal(ledger, week, question, participant.limits, newest)
    if refusal is not None:
        return Outcome(survey.round, "refused", refusal)
    if question.name in unanswerable:
        return Outcome(survey.round, "skipped", unanswerable[question.name])
    if survey.vocabulary != vocabulary:
        reason = _(
            "the survey is about vocabulary %(vocabulary)s, the data is indexed by %(vocabulary2)s",
            vocabulary=survey.vocabulary[:8],
            vocabulary2=vocabulary[:8],
        )
        return Outcome(survey.round, "skipped", reason)
    if covered_through < week.sunday:
        return Outcome(
            survey.round,
            "skipped",
            _("no export was downloaded after the week ended on %(sunday)s", sunday=week.sunday),
        )
    if depends_through(downloaded) >= question.independent_from(week):
        return Outcome(survey.round, "refused", _("your newest file is too late for it: a week would count too often"))
    if ledger.depends_on(week, depends_through(downloaded)):
        return Outcome(survey.round, "refused", _("an answer that you have given depends on the same weeks"))
    return Outcome(survey.round, "drawn")


def _refusal(ledger: Ledger, week: Week, question: Question, limits: Limits, newest: Week) -> str | None:
    """Return why a question is never answered for a week, whatever the data says; None if it may be answered."""
    refusal = limits.refusal(question)
    if refusal is not None:
        return refusal
    if not newest - ROTATION < week <= newest:
        return _("only the last %(ROTATION)s complete weeks are answered", ROTATION=ROTATION)
    if ledger.reports_near(week) >= limits.reports_per_year:
        return _(
            "the limit of %(reports_per_year)s reports a year is reached", reports_per_year=limits.reports_per_year
        )
    if _may_have_answered(ledger, question, question.answered_once(week)):
        return question.once
    return None


def _may_have_answered(ledger: Ledger, question: Question, rounds: Sequence[Week]) -> bool:
    """Return whether the question was, or may have been, answered in one of some rounds."""
    entries = [ledger.entry(week) for week in rounds]
    answered = any(entry is not None and entry.question == question.name for entry in entries)
    return answered or any(ledger.skips(week) for week in rounds)
