"""Rows about a participant: whether it is real, whom it answers, from what, and what the publisher did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from netflix_trend.history.encodings import EncodingsError
from netflix_trend.history.freshness import read_built_from
from netflix_trend.layout import PrivateVolume
from netflix_trend.names import EXAMPLE_ME
from netflix_trend.operators.identity import Fingerprint
from netflix_trend.participant import participant
from netflix_trend.participant.choices import Participation
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.status import NO_ADDRESS, TRIAL, PublisherStatus, described
from netflix_trend.questions.words import counted
from netflix_trend.settings import Settings
from netflix_trend.status_table import Mark, Row
from netflix_trend.syftbox.datasite import Datasite, SiteStatus
from netflix_trend.syftbox.generations.base import START

# It runs at least once a day, by itself, by SyftBox or by cron.
_LATELY = 26 * 3600.0
# A file that ends longer ago is worth replacing.
OLD_DAYS = 30
_FETCH = "./run.sh fetch"
_WHOSE = "./run.sh whose, or the page Start"
_IMPORT = f"{_FETCH}, or ./run.sh import FILE"
_RUN = "./run.sh up, or without Docker ./run.sh once"
_SETUP = "./run.sh setup, or SYFTBOX_EMAIL and AGGREGATOR_DATASITE in .env"
# What the publisher says when a choice is carried out. Without an export a pause has nothing to restore.
_CARRIED_OUT: dict[Participation, frozenset[str]] = {
    "paused": frozenset({"paused", "not_joined", "no_export"}),
    "withdrawn": frozenset({"withdrawn"}),
}
# Other states than these two are wrong.
_MARKS: dict[str, Mark] = {"answering": "fine", "waiting_for_survey": "look here"}
_STEPS = {
    "not_joined": "./run.sh join",
    "no_aggregator": _SETUP,
    "no_export": _IMPORT,
    "waiting_for_syftbox": f"{START}, and check SYFTBOX_EMAIL",
    "waiting_for_survey": "wait until the aggregator has seen you; ask its operator if that takes a day",
    "survey_refused": "tell the aggregator's operator",
}


@dataclass(frozen=True)
class HistoryFacts:
    """What there is to answer from. through: last day that the files cover, None without any that can be used. asks:
    whether the person has to say which Netflix profile counts.
    """

    files: int
    profiles: int = 0
    through: date | None = None
    problem: str = ""
    asks: bool = False


def found_rows(settings: Settings, state: Snapshot, now: float) -> list[Row]:
    """Return all rows but the datasite's. now: seconds since 1970. Reads what there is to answer from."""
    return [
        reality_row(settings),
        *operator_rows(settings),
        history_row(history_facts(settings), rests(state), date.fromtimestamp(now)),
        choice_row(state),
        publisher_row(state.status, state.choices.participation, now),
    ]


def found_datasite(settings: Settings, state: Snapshot) -> Row:
    """Read the datasite and its rules, and return the row about it."""
    site, aggregator = Datasite(settings.datasites_dir, settings.syftbox_email), settings.aggregator_datasite
    is_withdrawn = state.choices.participation == "withdrawn"
    return datasite_row(site.status(aggregator), aggregator, site.generation.sees_everything, is_withdrawn=is_withdrawn)


def rests(state: Snapshot) -> bool:
    """Return whether the person has decided that no survey is answered."""
    return state.choices.participation in _CARRIED_OUT


def reality_row(settings: Settings) -> Row:
    """Return whether anything leaves this machine."""
    name = "trial or real"
    if settings.is_trial:
        return Row(name, TRIAL, "wrong", _SETUP)
    if settings.syftbox_email == EXAMPLE_ME:
        return Row(name, NO_ADDRESS, "wrong", _SETUP)
    return Row(name, "real: what is published leaves this machine")


def operator_rows(settings: Settings) -> list[Row]:
    """Return whom this participant answers."""
    if not settings.has_aggregator:
        return [Row("aggregator", "none is chosen, so nobody is answered", "wrong", _SETUP)]
    rows = [Row("aggregator", settings.aggregator_datasite + _key(settings.aggregator_key))]
    if settings.helper_datasite:
        rows.append(Row("helper", settings.helper_datasite + _key(settings.helper_key)))
    return rows


def _key(key: str) -> str:
    return f", key {Fingerprint.parse(key).words}" if key else ""


def history_facts(settings: Settings) -> HistoryFacts:
    """Read what there is to answer from."""
    files = len(participant.exports(settings))
    try:
        profiles = load_profiles(settings.private_dir)
    except EncodingsError as damage:
        return HistoryFacts(files, problem=str(damage))
    built = [read_built_from(folder) for folder in PrivateVolume(settings.private_dir).profile_folders()]
    asks = any(one.asks for one in built if one)
    if profiles is None:
        return HistoryFacts(files, asks=asks)
    return HistoryFacts(files, len(profiles.profiles), profiles.covered_through, asks=asks)


def old_file(through: date, today: date) -> str:
    """Return what to do where the newest file is old, without a full stop; nothing where it is not.

    through: the last day that the files cover.
    """
    if (today - through).days <= OLD_DAYS:
        return ""
    return f"Your newest file ends on {through.day} {through:%B %Y}; {_FETCH} takes ten seconds"


def history_row(history: HistoryFacts, is_at_rest: bool, today: date) -> Row:
    """Return whether there is something recent to answer from. is_at_rest: nothing is answered anyway."""
    needed: Mark = "look here" if is_at_rest else "wrong"
    if not history.files:
        return Row("history", "no file was imported", needed, _IMPORT)
    files = counted(history.files, "file")
    if history.problem:
        return Row("history", f"{files}; {history.problem}", needed, "import the file again")
    if history.asks:
        said = f"{files}, of which some wait until you say which Netflix profile is you"
        return Row("history", said, needed if history.through is None else "look here", _WHOSE)
    if history.through is None:
        said = f"{files}, none of which is in the tables yet"
        return Row("history", said, needed, "wait a minute; if it stays, see ./run.sh insights")
    said = f"{files} of {counted(history.profiles, 'profile')}, through {history.through}"
    if old := old_file(history.through, today):
        return Row("history", f"{said}. {old}", "fine" if is_at_rest else "look here", _FETCH)
    return Row("history", said)


def choice_row(state: Snapshot) -> Row:
    """Return what the person has chosen, and whether that is carried out."""
    name, chosen = "taking part", state.choices.participation
    if problem := state.choices_problem or state.ledger_problem:
        return Row(name, problem, "wrong", "./run.sh join (or pause, withdraw)" if state.choices_problem else _RUN)
    if chosen not in _CARRIED_OUT:
        before = "a trial answers its example surveys" if state.is_trial else "you answered before, and JOIN is at_once"
        said = {"joined": "you joined", "undecided": before}[chosen]
        return Row(name, said) if state.takes_part else Row(name, "you have not joined", "wrong", "./run.sh join")
    late = state.status is None or state.status.state not in _CARRIED_OUT[chosen]
    if late or (chosen == "withdrawn" and state.files):
        return Row(name, f"you have {chosen}, which is not carried out yet", "wrong", _RUN)
    return Row(name, f"you have {chosen}")


def publisher_row(status: PublisherStatus | None, chosen: Participation, now: float) -> Row:
    """Return what the publisher did in its last run, and when that was. now: seconds since 1970."""
    name = "publisher"
    if status is None:
        return Row(name, "it has not run yet", "wrong", _RUN)
    age = max(0.0, now - status.looked_at.timestamp())
    said = f"{ago(age)}: {'; '.join(line.strip() for line in described(status))}"
    if age > _LATELY:
        return Row(name, said, "wrong", f"start it again: {_RUN}")
    if status.state in _CARRIED_OUT.get(chosen, ()):
        return Row(name, said)
    mark = _MARKS.get(status.state, "wrong")
    return Row(name, said, mark, "" if mark == "fine" else _STEPS.get(status.state, "see what the publisher says"))


def datasite_row(site: SiteStatus, aggregator: str, sees_everything: str, *, is_withdrawn: bool = False) -> Row:
    """Return what is in the datasite, and who reads it. sees_everything: who does, whatever the rules say."""
    name = "datasite"
    if not site.is_initialized and not site.files:
        if is_withdrawn:
            return Row(name, "nothing of this app is in it")
        return Row(name, "SyftBox has not set it up yet", "wrong", _STEPS["waiting_for_syftbox"])
    said = (
        f"{counted(len(site.files), 'file')}, readable by {aggregator}: {len(site.readable)}. The rules name nobody "
        f"else; {sees_everything}."
    )
    hidden = [file for file in site.files if file not in {*site.readable, *site.unknown}]
    missing = [file for file in site.damaged if file not in site.files]
    altered = [file for file in site.damaged if file in site.files]
    kinds: list[tuple[str, list[str]]] = [
        ("Altered", altered),
        ("Missing", missing),
        ("Not ours", list(site.unknown)),
        ("Not readable by the aggregator", hidden),
    ]
    problems = [f"{kind}: {_named(files)}." for kind, files in kinds if files]
    if not problems:
        return Row(name, said)
    return Row(name, " ".join([said, *problems]), "look here", "nothing: the publisher repairs it at its next run")


def _named(files: list[str], most: int = 5) -> str:
    return ", ".join(files[:most]) + (f" and {len(files) - most} more" if len(files) > most else "")


def ago(seconds: float) -> str:
    """Return `5 minutes ago`."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}s ago"
    return f"{counted(max(0, int(seconds)), 'second')} ago"
