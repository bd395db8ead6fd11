"""Forgetting exports: which ones are meant, until when they can be brought back, and when they are deleted for good.

What was answered stays answered: the ledger keeps it, and nothing is drawn again. Forgetting changes later rounds only.
Once such a round is answered, what was forgotten is deleted for good; without one after seven days.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime

from netflix_trend.formats import day
from netflix_trend.history import removed
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.history.removed import Removal, RemovalError, read_removals
from netflix_trend.language import _, marked
from netflix_trend.layout import PrivateVolume, PublisherVolume
from netflix_trend.participant.ledger import Entry, LedgerError, read_ledger
from netflix_trend.participant.status import ANSWERED, PublisherStatus, read_status
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings
from netflix_trend.storage.files import unchanging

_log = logging.getLogger("participant")
ELSEWHERE = marked("Your own download, and copies that you made elsewhere, are yours to delete.")
_DIGEST = re.compile(r"[0-9a-f]{4,64}")
_SHOWN_DIGITS = 12
# How long taking something away waits for a run of the publisher to end.
_RUN_SECONDS = 20.0


def newest_answer(settings: Settings) -> str | None:
    """Return the newest round that was answered, by the ledger or to operators; None without any.

    Of a ledger that cannot be read nothing is known.
    """
    entries: Sequence[Entry] = ()
    with suppress(LedgerError):
        entries = read_ledger(PublisherVolume(settings.records_dir).ledger)
    return newest_of(entries, read_status(settings.records_dir))


def newest_of(entries: Iterable[Entry], status: PublisherStatus | None) -> str | None:
    """Return the newest round in a ledger, or that the last run of the publisher answered; None without any."""
    rounds = [entry.round for entry in entries]
    if status is not None:
        rounds += [outcome.round for outcome in status.outcomes if outcome.status in ANSWERED]
        rounds += [status.answered] if status.answered else []
    return max(rounds, default=None)


def named(settings: Settings, word: str, content: str | None = None) -> RawExport:
    """Return the export that a person means.

    word: its name in the list, or the beginning of its SHA-256. content: SHA-256 of the file at the path `word`, if
    there is one; the same content comes first. Raises RemovalError, with the exports to choose from, unless there is
    exactly one.
    """
    exports = list(RawStore(settings.private_dir).exports())
    found = [export for export in exports if export.sha256 == content]
    if not found:
        is_digest = _DIGEST.fullmatch(word) is not None
        found = [one for one in exports if one.name == word or (is_digest and one.sha256.startswith(word))]
    if len(found) == 1:
        return found[0]
    if not exports:
        raise RemovalError(_("nothing was imported yet, so there is nothing to forget"))
    if found:
        raise RemovalError(
            _(
                "%(found)s files match. Name one by the digits at the end of its line:%(found2)s",
                found=len(found),
                found2=_listed(found),
            )
        )
    raise RemovalError(
        _("no imported file has this name, content or SHA-256. Imported were:%(exports)s", exports=_listed(exports))
    )


def of_profile(settings: Settings, profile: str) -> list[RawExport]:
    """Return all exports of a profile. Raises RemovalError if there is none of this name."""
    exports = list(RawStore(settings.private_dir).exports())
    found = [export for export in exports if export.profile == profile]
    if not found:
        names = ", ".join(sorted({export.profile for export in exports})) or _("none yet")
        raise RemovalError(_("there is no profile of this name. Profiles: %(names)s", names=names))
    return found


def line_of(export: RawExport) -> str:
    """Return an export in a line: its name, day, profile, and the digits by which it can be named."""
    return f"{printable(export.name)}  {export.received}  {export.profile}  {export.sha256[:_SHOWN_DIGITS]}"


def until(removal: Removal) -> str:
    """Return until when something can be brought back, as a sentence, in local time."""
    moment = removal.until.astimezone()
    latest = _("%(day)s, %(time)s", day=day(moment.date()), time=moment.strftime("%H:%M"))
    return _("It can be undone until a later round is answered, at the latest until %(latest)s.", latest=latest)


def _listed(exports: Sequence[RawExport]) -> str:
    return "".join(f"\n  {line_of(export)}" for export in sorted(exports, key=lambda one: (one.received, one.sha256)))


def forget(settings: Settings, exports: Sequence[RawExport], now: datetime) -> Removal:
    """Take exports out of the history; `participant.refresh` rebuilds the tables without them.

    now: with a time zone. Raises RemovalError.
    """
    with between_runs(settings):
        return removed.forget(settings.private_dir, exports, now, newest_answer(settings))


def between_runs(settings: Settings) -> AbstractContextManager[bool]:
    """Let no run of the publisher happen meanwhile: one that has begun answers from what it has read, and what is taken
    away afterwards is in none. Yields False if a run takes very long.
    """
    return unchanging(PublisherVolume(settings.records_dir).lock, _RUN_SECONDS)


def bring_back(settings: Settings, now: datetime) -> Removal:
    """Bring back what was forgotten last. Raises RemovalError if nothing can be brought back."""
    return removed.bring_back(settings.private_dir, now, newest_answer(settings))


def removals(settings: Settings, now: datetime, answered: str | None) -> list[Removal]:
    """Return what can still be brought back, the last first. answered: the newest round that was answered.

    Raises RemovalError if the list is damaged.
    """
    found = read_removals(settings.private_dir)
    return [removal for removal in reversed(found) if not removal.is_over(now, answered)]


def clear(settings: Settings, now: datetime) -> int:
    """Delete for good what cannot be brought back any more. Returns the number of files.

    Nothing is deleted while the list of it is damaged; `forget --list` and the page say so.
    """
    is_listed = PrivateVolume(settings.private_dir).removals.exists()
    try:
        deleted = removed.clear(settings.private_dir, now, newest_answer(settings) if is_listed else None)
    except RemovalError:
        return 0
    if deleted:
        _log.info("forgotten files deleted for good count=%d", deleted)
    return deleted
