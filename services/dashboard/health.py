"""Page `Health`: services, queue, last run and last sync, and a report without personal data to share."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from netflix_trend import __version__
from netflix_trend.history.freshness import Freshness
from netflix_trend.language import _, marked, ngettext
from netflix_trend.layout import SURVEYS, VOCABULARY, PrivateVolume, shared_path
from netflix_trend.participant import participant
from netflix_trend.participant.notice import NO_AGGREGATOR
from netflix_trend.participant.own_files import ROW as OWN_FILES
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.rows import READ_SECONDS, WAITING, ago, found_rows
from netflix_trend.participant.status import STUCK, PublisherStatus
from netflix_trend.settings import Settings
from netflix_trend.status_table import Row
from netflix_trend.syftbox.client_rows import client_rows
from netflix_trend.syftbox.generations import client_at
from netflix_trend.syftbox.generations.go_subscriptions.rules import needed_by_participant
from netflix_trend.told_again import told_again
from services.dashboard.backend import Backend, RefusedFile, Service, State
from services.dashboard.dismissed import dismissed, mark_of
from services.dashboard.history import History
from services.dashboard.imports import ImportedFile, refused_files
from services.dashboard.participation import CHOOSE, STATES
from services.dashboard.text import counted

# The publisher runs every minute.
_RUN_SECONDS = 300.0
_SYNC_SECONDS = 3 * 86_400.0
# States of the publisher whose reason a person needs.
_REASONED = frozenset({"problem", "survey_refused", "no_export", "waiting_for_syftbox"})
# Names of rows and services, which are shown in the language of the page; the report to share has them in English.
NAMES = (
    *(marked("scraper"), marked("redis"), marked("processor"), marked("publisher"), marked("this process")),
    *(marked("aggregator"), marked("helper"), marked("history"), marked("taking part"), marked("trial or real")),
    *(marked("configuration"), marked("address"), marked("datasites"), marked("subscriptions"), marked("token")),
    *(marked("last sync"), marked("disk"), OWN_FILES, WAITING),
)
STATE_WORDS = {
    "fine": marked("fine"),
    "waiting": marked("waiting"),
    "broken": marked("broken"),
    "unknown": marked("unknown"),
}


@dataclass(frozen=True)
class UnusableFile:
    """A file that was refused or cannot be used. asks: Start asks a question about it. mark: to dismiss it by."""

    name: str
    reason: str
    asks: bool
    mark: str


@dataclass(frozen=True)
class HealthPage:
    """What the page shows. report: plain text without titles, addresses and file names. seen: number of dismissed
    files.
    """

    services: tuple[Service, ...]
    pending: int
    unusable: tuple[UnusableFile, ...]
    seen: int
    report: str
    is_fine: bool


def health_page(
    settings: Settings, state: Snapshot, history: History, backend: Backend, now: float | None = None
) -> HealthPage:
    """Return the page. now: seconds since 1970."""
    now = time.time() if now is None else now
    found = participant.out_of_date(settings)
    services = [
        *backend.services(),
        publisher(state.status, now if backend.runs_by_itself else None),
        last_import(found, history.changed(), now, participant.import_problems(settings)),
        sync(settings, state, now),
        *client_services(settings, backend, now),
        *(
            as_service(row, "broken" if row.name == OWN_FILES else "waiting")
            for row in found_rows(settings, state, now)
            if row.name != "publisher" and (row.name, row.mark) != (WAITING, "fine")
        ),
    ]
    files = history.imports()
    refused, pending = refused_files(backend, found), backend.pending()
    every, gone = unusable_files(files, refused), dismissed(settings.private_dir)
    unusable = tuple(file for file in every if file.mark not in gone)
    return HealthPage(
        tuple(services),
        pending,
        unusable,
        len(every) - len(unusable),
        report(settings, state, history, services, files, refused, pending, now),
        all(service.state != "broken" for service in services) and not unusable,
    )


def unusable_files(files: Sequence[ImportedFile], refused: Sequence[RefusedFile]) -> list[UnusableFile]:
    """Return the refused files, and those of which nothing could be used."""
    return [
        *(UnusableFile(one.name, one.reason, False, mark_of(one.name, one.reason)) for one in refused),
        *(UnusableFile(one.name, one.error, one.asks, mark_of(one.sha256, one.error)) for one in files if one.error),
    ]


def last_import(found: Freshness, changed: float | None, now: float, problems: Sequence[str] = ()) -> Service:
    """Return the state of the processor's last job. changed: when the tables were built, in seconds since 1970; None
    without tables. problems: why files do not get into the tables.
    """
    name = marked("last job of the processor")
    if problems:
        return Service(name, "broken", " ".join(problems))
    if found.waiting_since is not None:
        age = now - found.waiting_since
        words = ngettext(
            "%(num)s file received and not in your tables yet, the oldest %(age)s.",
            "%(num)s files received and not in your tables yet, the oldest %(age)s.",
            len(found.unread),
            age=ago(age),
        )
        if age > READ_SECONDS:
            return Service(
                name,
                "broken",
                _("%(words)s They are tried again automatically: is the processor running?", words=words),
            )
        return Service(name, "waiting", words)
    if changed is None:
        return Service(name, "waiting", _("It has built no tables yet: upload a file."))
    if found.outdated:
        return Service(name, "waiting", _("Your tables are older than your files or settings and are being rebuilt."))
    return Service(name, "fine", _("The tables of your history were built %(ago)s.", ago=ago(now - changed)))


def publisher(status: PublisherStatus | None, now: float | None) -> Service:
    """Return the state of the publisher's last run. now: None if it runs only when asked."""
    name = marked("last run of the publisher")
    if status is None:
        return Service(name, "waiting", _("It has not run yet."))
    age = (now or time.time()) - status.looked_at.timestamp()
    words = f"{ago(age)}: {_(STATES[status.state])}"
    if status.message and status.state in _REASONED:
        words += f" {told_again(status.message)}."
    words = " ".join([words, *(_(STUCK, place=place) for place in status.stuck)])
    if now is not None and age > _RUN_SECONDS:
        return Service(name, "broken", _("%(words)s It should run every minute. Is it stopped?", words=words))
    is_broken = status.stuck or status.state in {"problem", "survey_refused"}
    return Service(name, "broken" if is_broken else "fine", words)


def sync(settings: Settings, state: Snapshot, now: float) -> Service:
    """Return when SyftBox last synced a file of the aggregator."""
    name = marked("files of the aggregator")
    if state.notice == NO_AGGREGATOR:
        return Service(name, "waiting", _(CHOOSE))
    if settings.is_trial:
        return Service(name, "waiting", _("Nothing is synced in a trial or a demo: nobody else is there."))
    if not state.is_set_up:
        return Service(name, "waiting", _("Your datasite is not set up yet: start SyftBox."))
    folder = settings.datasites_dir / settings.aggregator_datasite
    places = [folder / shared_path(file) for file in (VOCABULARY, SURVEYS, "statistics/latest.json")]
    times = [place.stat().st_mtime for place in places if place.is_file()]
    if not times:
        return Service(name, "waiting", _("Nothing has arrived from the aggregator yet."))
    age = now - max(times)
    words = _("The newest file of the aggregator is from %(age)s.", age=ago(age))
    return Service(name, "waiting" if age > _SYNC_SECONDS else "fine", words)


def client_services(settings: Settings, backend: Backend, now: float) -> list[Service]:
    """Return the rows of `./run.sh status` about SyftBox's client, where this process sees it; none in a trial."""
    if settings.is_trial:
        return []
    if not backend.sees_syftbox:
        return [Service("SyftBox", "unknown", _("It cannot be seen from this container: ./run.sh status shows it."))]
    client = client_at(settings.datasites_dir, settings.syftbox_email, os.environ)
    needed = needed_by_participant(settings.aggregator_datasite, settings.helper_datasite)
    rows = client_rows(client, settings.syftbox_email, settings.datasites_dir, needed, now)
    return [as_service(row, "broken") for row in rows]


def as_service(row: Row, if_wrong: State) -> Service:
    """Return a row of `./run.sh status` as one of this page. if_wrong: its state then."""
    states: dict[str, State] = {"fine": "fine", "look here": "waiting", "wrong": if_wrong, "unknown": "unknown"}
    text = _(row.text).removesuffix(".") if row.step else _(row.text)
    said = _("%(text)s. Next: %(step)s", text=text, step=_(row.step)) if row.step else text
    return Service(row.name, states[row.mark], said)


def report(
    settings: Settings,
    state: Snapshot,
    history: History,
    services: list[Service],
    files: tuple[ImportedFile, ...],
    refused: tuple[RefusedFile, ...],
    pending: int,
    now: float,
) -> str:
    """Return versions, states and counts for whoever helps, in English; no titles, addresses, file names or days."""
    entries = "damaged" if state.ledger_problem else len(state.entries)
    status = state.status
    span = history.span()
    lines = [
        f"Netflix Trend {__version__}, Python {platform.python_version()}, {datetime.fromtimestamp(now, UTC):%Y-%m-%d}",
        f"aggregator: {'another' if settings.has_aggregator else 'the example'}",
        f"join: {settings.join}",
        *(f"{service.name}: {service.state}" for service in services),
        f"publisher: {status.state if status else 'never'}",
        *(f"  {one.round}: {one.status}" for one in (status.outcomes if status else ())),
        f"reports in the ledger: {entries}",
        f"files: {len(files)} read, {sum(bool(file.error) for file in files)} of them unusable, "
        f"{len(refused)} refused, {pending} waiting",
        f"history: {'none' if span is None else 'yes'}",
        f"profiles: {counted(len(PrivateVolume(settings.private_dir).profile_folders()), 'profile')}",
    ]
    return "\n".join(lines)
