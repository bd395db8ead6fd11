"""One participant. Queue jobs, local mode, the dashboard, the command line and the demo call these functions only.

Every export ends in `take`, however it arrives. `refresh` alone decides what is out of date. `publish` is one run of
the publisher, `decide` saves what a person chooses, `snapshot` is what a page or a command shows.

Functions import what they alone need: every process calls this module, and few need a ledger, which knows surveys,
questions and mechanisms, or tables.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from netflix_trend.delivery.inbox import DateOrderName, Delivery
from netflix_trend.history import attempts, problems, removed
from netflix_trend.history.exports import ExportError
from netflix_trend.history.freshness import Freshness, freshness
from netflix_trend.history.household import check_names, keep_answer, profiles_in
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore, opened
from netflix_trend.language import _
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.settings import Settings
from netflix_trend.storage.files import unchanging
from netflix_trend.storage.model import build_models
from netflix_trend.syftbox.shared_files import current_vocabulary

if TYPE_CHECKING:
    from netflix_trend.history.tables import History
    from netflix_trend.history.whose import Whose
    from netflix_trend.participant.choices import Choices, Participation
    from netflix_trend.participant.ledger import Entry
    from netflix_trend.participant.receipts import Receipt
    from netflix_trend.participant.status import PublisherStatus
    from netflix_trend.survey.limits import Limits

_log = logging.getLogger("participant")
_BLOCK = 1 << 20
# How long a page waits for a run of the publisher to end.
_SNAPSHOT_SECONDS = 2.0


def take(settings: Settings, blocks: Iterable[bytes], delivery: Delivery) -> RawExport:
    """Store an export once all its blocks were read; `refresh` adds it to the tables.

    Which Netflix profiles count (`only` of the delivery) is kept for the stored profile, unless the file has other
    ones. Raises OSError, and whatever reading the blocks raises; then nothing is stored.
    """
    store = RawStore(settings.private_dir)
    try:
        raw = store.save(delivery, blocks)
        removed.drop_from_list(settings.private_dir, raw.sha256)
        attempts.release(PrivateVolume(settings.private_dir).profile_folders(), raw.sha256)
    except OSError as error:
        if attempts.is_disk_full(error):
            problems.note(settings.private_dir, "not_stored")
        raise
    if delivery.only:
        with store.open(raw) as stream:
            try:
                names = profiles_in(stream, raw.name)
                check_names(raw.name, delivery.only, names)
            except ExportError:
                # A rebuild says what is wrong with the file, or asks which of its profiles counts.
                _log.warning("export sha256=%s: the Netflix profiles that came with it are not in it", raw.sha256[:12])
            else:
                keep_answer(settings.private_dir, store.exports(), raw.profile, delivery.only, names)
    return raw


def nothing_waits(settings: Settings) -> None:
    """Say that no export is left that could not be stored before."""
    problems.clear(settings.private_dir, "not_stored")


def take_file(
    settings: Settings,
    path: Path,
    source: str,
    *,
    received: date | None = None,
    profile: str | None = None,
    date_order: DateOrderName | None = None,
    only: tuple[str, ...] = (),
) -> RawExport:
    """Take a file of this machine: an export, or the export in a zip.

    received: the day it was downloaded, by default the file's time. profile: by default as in the settings. only: the
    Netflix profiles that count for it, also in other files.
    Raises ArchiveError, OSError, and OptionError for a profile name that cannot be that of a folder.
    """
    about = {
        "profile": settings.netflix_profile if profile is None else profile,
        "only": only,
        "source": source,
        "date_order": date_order,
    }
    with opened(path, received, about) as (delivery, csv):
        return take(settings, iter(lambda: csv.read(_BLOCK), b""), delivery)


def exports(settings: Settings) -> list[RawExport]:
    """Return the descriptions of all exports."""
    return list(RawStore(settings.private_dir).exports())


def import_days(settings: Settings) -> dict[str, date]:
    """Return the day on which each export was last imported, by its hash."""
    store = RawStore(settings.private_dir)
    return {raw.sha256: date.fromtimestamp(store.changed(raw.sha256)) for raw in store.exports()}


def already_imported(raw: RawExport, days: Mapping[str, date]) -> str:
    """Return a sentence about an export that was taken, if it was imported before; else nothing.

    days: as `import_days` returned them before it was taken.
    """
    day = days.get(raw.sha256)
    return _("This file was imported on %(day)s already; nothing in it is counted twice.", day=day) if day else ""


def out_of_date(settings: Settings) -> Freshness:
    """Return which profiles have to be rebuilt, and which exports are in no table yet. Reads only."""
    return freshness(settings.private_dir, current_vocabulary(settings).version, ReadOptions.of(settings))


def has_room(settings: Settings) -> bool:
    """Return whether the disk has room for a rebuild of all tables."""
    return problems.has_room(settings.private_dir)


def import_problems(settings: Settings) -> list[str]:
    """Return why files do not get into the tables, as sentences that end with the next step. Reads only."""
    return problems.import_problems(settings.private_dir)


def refresh(settings: Settings, *, everything: bool = False) -> list[History]:
    """Rebuild the profiles that are out of date, or everything; returns what was rebuilt.

    A profile is out of date when an export, the vocabulary or an option has changed since it was built, or when a
    rebuild was interrupted. An export that cannot be read is tried once, and again only when something changes. Safe to
    repeat, and in several processes at once. Raises, after all other profiles were rebuilt,
    OSError where the disk is full, RebuildStopped, or whatever else a rebuild of a profile raises.
    """
    vocabulary, options = current_vocabulary(settings), ReadOptions.of(settings)
    if everything:
        profiles = RawStore(settings.private_dir).profiles()
    else:
        found = freshness(settings.private_dir, vocabulary.version, options)
        profiles = list(found.outdated)
        if found.problem:
            _log.warning(found.problem)
        for sha256 in found.damaged:
            _log.warning("raw/%s.json is damaged: its export is left out until it is imported again", sha256)
    if not profiles and not everything:
        return []
    # Importing DuckDB takes longer than everything else; and the publisher, whose image does not hold it, calls this
    # module too.
    from netflix_trend.history.tables import rebuild_all

    try:
        histories = rebuild_all(settings.private_dir, vocabulary, options, profiles)
    except Exception as error:
        if not attempts.is_disk_full(error):
            raise
        problems.note(settings.private_dir, "not_built")
        raise OSError(errno.ENOSPC, "the disk is full", str(settings.private_dir)) from error
    problems.clear(settings.private_dir, "not_built")
    return histories


def ready_to_refresh() -> None:
    """Import and build what `refresh` needs: once, before a worker forks for each job."""
    import netflix_trend.history.tables  # noqa: F401

    build_models()


def ready_to_publish() -> None:
    """Import and build what `publish` needs: once, before a worker forks for each job."""
    import netflix_trend.participant.publishing  # noqa: F401

    build_models()


def whose(settings: Settings) -> list[Whose]:
    """Return which Netflix profiles count for each stored profile that can choose. Reads only."""
    from netflix_trend.history.whose import whose as read_whose

    return read_whose(settings.private_dir)


def say_whose(settings: Settings, profile: str, names: Sequence[str]) -> tuple[str, ...]:
    """Keep which Netflix profiles count for a stored profile; the next `refresh` follows. Returns their names.

    Raises HouseholdError for names that cannot be chosen; then nothing is changed.
    """
    from netflix_trend.history.whose import answer

    return answer(settings.private_dir, profile, names)


def publish(settings: Settings, today: date, now: int | None = None) -> PublisherStatus:
    """Run the publisher once: restore, answer or withdraw what is due. Safe to repeat, also in several processes.

    now: seconds since 1970, by default the clock's; it decides about deadlines of operators' rounds.
    """
    # The processor calls this module too, and its image holds no cryptography.
    from netflix_trend.participant.publishing import publish_with

    return publish_with(settings, today, now)


def decide(settings: Settings, participation: Participation) -> bool:
    """Save a choice to join, pause or withdraw; the next `publish` carries it out.

    Returns whether the limits are known: a damaged file of choices loses them. Raises ChoicesError when joining with
    such a file.
    """
    from netflix_trend.participant.choices import choose

    return choose(settings.private_dir, participation)


def decide_again(private: Path) -> None:
    """Let somebody who has joined in a trial decide again, now that there is an aggregator; everything else stays.

    private: the folder in PRIVATE_DIR; the settings still name the example.
    """
    from netflix_trend.participant.choices import ask_again

    ask_again(private)


def limit(settings: Settings, change: Callable[[Choices], Choices]) -> Limits:
    """Change the limits that a person chose; returns the effective limits.

    change: gets the choices and returns the new ones; if it raises, nothing changes.
    """
    from netflix_trend.participant.choices import before_limits, write_choices

    choices = change(before_limits(settings.private_dir))
    write_choices(settings.private_dir, choices)
    return choices.lowered(settings.limits)


def withdraw(settings: Settings, today: date) -> PublisherStatus:
    """Withdraw at once: remove every file from the datasite and write a receipt."""
    decide(settings, "withdrawn")
    return publish(settings, today)


@dataclass(frozen=True)
class Snapshot:
    """The state of a participant, read at one moment.

    choices: empty if choices_problem says that they cannot be read. limits: those of the settings, lowered by the
    choices. takes_part: whether surveys are answered. entries: the ledger, oldest first; empty if ledger_problem says
    that it cannot be read. status: of the publisher's last run, None before the first. receipts: of withdrawals, oldest
    first. is_set_up: whether SyftBox has created the datasite. contents: bytes of its files by name, with the rules.
    files: number of files in it without the rules, including those that cannot be read, such as links. notice: what a
    page says first, see `status.notice`; empty where an aggregator is chosen. is_trial:
    nothing leaves this machine. lost: rounds that count toward the year although their releases are in no ledger any
    more, sorted.
    """

    choices: Choices
    limits: Limits
    takes_part: bool
    entries: tuple[Entry, ...]
    status: PublisherStatus | None
    receipts: tuple[Receipt, ...]
    is_set_up: bool
    contents: dict[str, bytes]
    files: int
    notice: str = ""
    is_trial: bool = False
    lost: tuple[str, ...] = ()
    choices_problem: str = ""
    ledger_problem: str = ""

    @property
    def published(self) -> frozenset[str]:
        """Rounds with a release in the datasite."""
        from netflix_trend.participant.releases import rounds_of

        return rounds_of(self.contents)

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file in the datasite, by name, without the rules."""
        from netflix_trend.syftbox.datasite import digests_of

        return digests_of(self.contents)


def snapshot(settings: Settings) -> Snapshot:
    """Read choices, ledger, status, receipts and datasite once each, while no publisher changes them.

    If a run takes long, its unfinished state is read all the same. Reads only.
    """
    from netflix_trend.participant.choices import Choices, ChoicesError, read_choices
    from netflix_trend.participant.ledger import LedgerError, read_whole_ledger
    from netflix_trend.participant.receipts import read_receipts
    from netflix_trend.participant.status import notice, read_status
    from netflix_trend.syftbox.datasite import Datasite

    site = Datasite(settings.datasites_dir, settings.syftbox_email)
    volume = PublisherVolume(settings.records_dir)
    choices, choices_problem = Choices(), ""
    entries: tuple[Entry, ...] = ()
    lost: tuple[str, ...] = ()
    ledger_problem = ""
    with unchanging(volume.lock, _SNAPSHOT_SECONDS):
        try:
            choices = read_choices(settings.private_dir)
        except ChoicesError as problem:
            choices_problem = str(problem)
        try:
            ledger = read_whole_ledger(volume.ledger)
            entries = tuple(ledger.entries)
            lost = tuple(sorted(ledger.counted - {entry.round for entry in entries}))
        except LedgerError as problem:
            ledger_problem = str(problem)
        return Snapshot(
            choices=choices,
            limits=choices.lowered(settings.limits),
            takes_part=not choices_problem and choices.takes_part(settings),
            entries=entries,
            status=_current(settings, read_status(settings.records_dir)),
            receipts=tuple(read_receipts(settings.records_dir)),
            is_set_up=site.is_initialized,
            contents=site.contents(),
            files=len(site.files()),
            notice=notice(settings),
            is_trial=settings.is_trial,
            lost=lost,
            choices_problem=choices_problem,
            ledger_problem=ledger_problem,
        )


def _current(settings: Settings, status: PublisherStatus | None) -> PublisherStatus | None:
    """Return the status as it holds now: one from before an aggregator was taken away would still say `answering`."""
    from netflix_trend.participant.notice import NO_AGGREGATOR
    from netflix_trend.participant.status import ASKED, notice

    if status is None or notice(settings) != NO_AGGREGATOR or status.state not in ASKED:
        return status
    return status.model_copy(update={"state": "no_aggregator", "message": NO_AGGREGATOR, "outcomes": ()})
