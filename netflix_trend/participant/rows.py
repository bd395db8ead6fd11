"""Rows about a participant: whether it is real, whom it answers, from what, and what the publisher did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from netflix_trend.formats import day
from netflix_trend.history.encodings import EncodingsError
from netflix_trend.history.freshness import Freshness, read_built_from
from netflix_trend.language import _, marked, ngettext
from netflix_trend.layout import PrivateVolume, heartbeat
from netflix_trend.names import EXAMPLE_ME
from netflix_trend.operators.identity import Fingerprint
from netflix_trend.participant import participant
from netflix_trend.participant.choices import Participation
from netflix_trend.participant.contributions import load_profiles
from netflix_trend.participant.notice import NO_ADDRESS, TRIAL
from netflix_trend.participant.own_files import own_files_row
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.status import PublisherStatus, described
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings
from netflix_trend.status_table import Mark, Row
from netflix_trend.storage.files import state_of
from netflix_trend.syftbox.datasite import Datasite, SiteStatus

# It runs at least once a day, by itself, by SyftBox or by cron.
_LATELY = 26 * 3600.0
# Files are read within minutes, and the processor looks every few seconds.
READ_SECONDS = 300.0
# A file that ends longer ago is worth replacing.
OLD_DAYS = 30
WAITING = marked("waiting files")
_FETCH = marked("./run.sh fetch")
_WHOSE = marked("./run.sh whose, or the page Start")
_IMPORT = marked("./run.sh fetch, or ./run.sh import FILE")
_RUN = marked("./run.sh up, or without Docker ./run.sh once")
_SETUP = marked("./run.sh setup, or SYFTBOX_EMAIL and AGGREGATOR_DATASITE in .env")
# What the publisher says when a choice is carried out. Without an export a pause has nothing to restore.
_CARRIED_OUT: dict[Participation, frozenset[str]] = {
    "paused": frozenset({"paused", "not_joined", "no_export"}),
    "withdrawn": frozenset({"withdrawn"}),
}
_CHOSEN = {"paused": marked("you have paused"), "withdrawn": marked("you have withdrawn")}
_NOT_YET = {
    "paused": marked("you have paused, which is not carried out yet"),
    "withdrawn": marked("you have withdrawn, which is not carried out yet"),
}
# Other states than these two are wrong.
_MARKS: dict[str, Mark] = {"answering": "fine", "waiting_for_survey": "look here"}
_STEPS = {
    "not_joined": marked("./run.sh join"),
    "no_aggregator": _SETUP,
    "no_export": _IMPORT,
    "waiting_for_syftbox": marked("start SyftBox, and check SYFTBOX_EMAIL"),
    "waiting_for_survey": marked("wait until the aggregator has seen you; ask its operator if that takes a day"),
    "survey_refused": marked("tell the aggregator's operator"),
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
        own_files_row(settings, state),
        *waiting_rows(settings, now),
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
    name = marked("trial or real")
    if settings.is_trial:
        return Row(name, TRIAL, "wrong", _SETUP)
    if settings.syftbox_email == EXAMPLE_ME:
        return Row(name, NO_ADDRESS, "wrong", _SETUP)
    return Row(name, _("real: what is published leaves this machine"))


def operator_rows(settings: Settings) -> list[Row]:
    """Return whom this participant answers."""
    if not settings.has_aggregator:
        return [Row("aggregator", _("none is chosen, so nobody is answered"), "wrong", _SETUP)]
    rows = [Row("aggregator", settings.aggregator_datasite + _key(settings.aggregator_key))]
    if settings.helper_datasite:
        rows.append(Row("helper", settings.helper_datasite + _key(settings.helper_key)))
    return rows


def _key(key: str) -> str:
    return _(", key %(words)s", words=Fingerprint.parse(key).words) if key else ""


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
    return _("Your newest file ends on %(day)s; %(command)s takes ten seconds", day=day(through), command=_FETCH)


def history_row(history: HistoryFacts, is_at_rest: bool, today: date) -> Row:
    """Return whether there is something recent to answer from. is_at_rest: nothing is answered anyway."""
    needed: Mark = "look here" if is_at_rest else "wrong"
    if not history.files:
        return Row("history", _("no file was imported"), needed, _IMPORT)
    files = ngettext("%(num)s file", "%(num)s files", history.files)
    if history.problem:
        return Row("history", f"{files}; {history.problem}", needed, _("import the file again"))
    if history.asks:
        said = _("%(files)s, of which some wait until you say which Netflix profile is you", files=files)
        return Row("history", said, needed if history.through is None else "look here", _WHOSE)
    if history.through is None:
        said = _("%(files)s, none of which is in the tables yet", files=files)
        return Row("history", said, needed, _("wait a minute; if it stays, see ./run.sh insights"))
    said = ngettext(
        "%(files)s of %(num)s profile, through %(through)s",
        "%(files)s of %(num)s profiles, through %(through)s",
        history.profiles,
        files=files,
        through=day(history.through),
    )
    if old := old_file(history.through, today):
        return Row("history", f"{said}. {old}", "fine" if is_at_rest else "look here", _FETCH)
    return Row("history", said)


def waiting_rows(settings: Settings, now: float) -> list[Row]:
    """Return which files are in no table yet, and why; and when the processor was last at work, where it is a service
    of its own.
    """
    found = participant.out_of_date(settings)
    names = {raw.sha256: printable(raw.name) for raw in participant.exports(settings)}
    if problems := participant.import_problems(settings):
        step = _("make room on the disk, or forget the file: ./run.sh forget")
        rows = [Row(WAITING, " ".join(problems), "wrong", step)]
    else:
        rows = [_unread_row(found, [names.get(sha256, sha256[:12]) for sha256 in found.unread], now)]
    seen = state_of(heartbeat(settings.private_dir, "receiver"))
    if seen is not None:
        age = max(0.0, now - seen[2] / 1e9)
        said = _("it was last at work %(ago)s", ago=ago(age))
        rows.append(Row("processor", said) if age < READ_SECONDS else Row("processor", said, "wrong", _(_RUN)))
    return rows


def _unread_row(found: Freshness, names: Sequence[str], now: float) -> Row:
    if found.problem:
        return Row(WAITING, found.problem, "wrong", _("see the row about your own files"))
    if found.waiting_since is None:
        return Row(WAITING, _("none; what was imported is in your tables"))
    age = now - found.waiting_since
    said = ngettext(
        "%(num)s file came %(ago)s and is not in your tables yet: %(names)s",
        "%(num)s files are not in your tables yet; the oldest came %(ago)s: %(names)s",
        len(names),
        ago=ago(age),
        names=_named(list(names)),
    )
    if age < READ_SECONDS:
        return Row(WAITING, said, "look here", _("wait a minute; files are read one after the other"))
    return Row(WAITING, said, "wrong", _(_RUN))


def choice_row(state: Snapshot) -> Row:
    """Return what the person has chosen, and whether that is carried out."""
    name, chosen = marked("taking part"), state.choices.participation
    if problem := state.choices_problem or state.ledger_problem:
        return Row(name, problem, "wrong", _("./run.sh join (or pause, withdraw)") if state.choices_problem else _RUN)
    if chosen not in _CARRIED_OUT:
        before = (
            _("a trial answers its example surveys")
            if state.is_trial
            else _("you answered before, and JOIN is at_once")
        )
        said = {"joined": _("you joined"), "undecided": before}[chosen]
        return Row(name, said) if state.takes_part else Row(name, _("you have not joined"), "wrong", _("./run.sh join"))
    late = state.status is None or state.status.state not in _CARRIED_OUT[chosen]
    if late or (chosen == "withdrawn" and state.files):
        return Row(name, _(_NOT_YET[chosen]), "wrong", _RUN)
    return Row(name, _(_CHOSEN[chosen]))


def publisher_row(status: PublisherStatus | None, chosen: Participation, now: float) -> Row:
    """Return what the publisher did in its last run, and when that was. now: seconds since 1970."""
    name = "publisher"
    if status is None:
        return Row(name, _("it has not run yet"), "wrong", _RUN)
    age = max(0.0, now - status.looked_at.timestamp())
    said = f"{ago(age)}: {'; '.join(line.strip() for line in described(status))}"
    if age > _LATELY:
        return Row(name, said, "wrong", _("start it again: %(RUN)s", RUN=_(_RUN)))
    if status.stuck:
        return Row(
            name, said, "wrong", _("remove by hand what the publisher cannot remove: %(place)s", place=status.stuck[0])
        )
    if status.state in _CARRIED_OUT.get(chosen, ()):
        return Row(name, said)
    mark = _MARKS.get(status.state, "wrong")
    return Row(name, said, mark, "" if mark == "fine" else _STEPS.get(status.state, _("see what the publisher says")))


def datasite_row(site: SiteStatus, aggregator: str, sees_everything: str, *, is_withdrawn: bool = False) -> Row:
    """Return what is in the datasite, and who reads it. sees_everything: who does, whatever the rules say."""
    name = "datasite"
    if not site.is_initialized and not site.files:
        if is_withdrawn:
            return Row(name, _("nothing of this app is in it"))
        return Row(name, _("SyftBox has not set it up yet"), "wrong", _STEPS["waiting_for_syftbox"])
    said = ngettext(
        "%(num)s file, readable by %(aggregator)s: %(readable)s. The rules name nobody else; %(sees_everything)s.",
        "%(num)s files, readable by %(aggregator)s: %(readable)s. The rules name nobody else; %(sees_everything)s.",
        len(site.files),
        aggregator=aggregator,
        readable=len(site.readable),
        sees_everything=_(sees_everything),
    )
    hidden = [file for file in site.files if file not in {*site.readable, *site.unknown}]
    missing = [file for file in site.damaged if file not in site.files]
    altered = [file for file in site.damaged if file in site.files]
    kinds: list[tuple[str, list[str]]] = [
        (marked("Altered: %(files)s."), altered),
        (marked("Missing: %(files)s."), missing),
        (marked("Not ours: %(files)s."), list(site.unknown)),
        (marked("Not readable by the aggregator: %(files)s."), hidden),
    ]
    problems = [_(kind, files=_named(files)) for kind, files in kinds if files]
    if not problems:
        return Row(name, said)
    return Row(name, " ".join([said, *problems]), "look here", _("nothing: the publisher repairs it at its next run"))


def _named(files: list[str], most: int = 5) -> str:
    named = ", ".join(files[:most])
    rest = len(files) - most
    return (
        ngettext("%(files)s and %(num)s more", "%(files)s and %(num)s more", rest, files=named) if rest > 0 else named
    )


def ago(seconds: float) -> str:
    """Return `5 minutes ago`."""
    if seconds >= 2 * 86_400:
        return ngettext("%(num)s day ago", "%(num)s days ago", int(seconds // 86_400))
    if seconds >= 2 * 3_600:
        return ngettext("%(num)s hour ago", "%(num)s hours ago", int(seconds // 3_600))
    if seconds >= 2 * 60:
        return ngettext("%(num)s minute ago", "%(num)s minutes ago", int(seconds // 60))
    return ngettext("%(num)s second ago", "%(num)s seconds ago", max(0, int(seconds)))
