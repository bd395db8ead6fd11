"""Imports that were taken away: what the page Start says about them, and its two forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import request

from netflix_trend.delivery.copies import remove_copies, removed_in_words
from netflix_trend.history.exclusions import STAYS
from netflix_trend.history.removed import RemovalError
from netflix_trend.language import _
from netflix_trend.participant import forgetting, participant
from netflix_trend.participant.participant import Snapshot
from netflix_trend.settings import Settings
from services.dashboard.backend import Refused
from services.dashboard.history import History
from services.dashboard.imports import ImportedFile
from services.dashboard.text import listed, shown

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten together. names: of the files. until: until when it can be brought back, as a sentence."""

    names: str
    until: str


def imports_there(settings: Settings, history: History) -> tuple[ImportedFile, ...]:
    """Return the imported files without those that were forgotten, which may be in the tables for some seconds more."""
    there = {export.sha256 for export in participant.exports(settings)}
    return tuple(file for file in history.imports() if file.sha256 in there)


def forgotten_files(settings: Settings, state: Snapshot) -> tuple[Forgotten, ...]:
    """Return what can be brought back, the last first; none if the list of it is damaged."""
    try:
        removals = forgetting.removals(settings, datetime.now(UTC), forgetting.newest_of(state.entries, state.status))
    except RemovalError as damage:
        return (Forgotten("", f"{str(damage).capitalize()}."),)
    return tuple(
        Forgotten(listed([shown(one.name, 60) for one in removal.exports]), forgetting.until(removal))
        for removal in removals
    )


def forget(dashboard: Dashboard) -> str:
    """Take an imported file out of the history, and its copies out of the drop folder."""
    settings = dashboard.settings
    wanted = request.form.get("sha256", "")
    found = [export for export in participant.exports(settings) if export.sha256 == wanted]
    if not found:
        raise Refused(_("That file is gone already. Nothing was changed."))
    try:
        removal = forgetting.forget(settings, found, datetime.now(UTC))
        copies = remove_copies(settings.output_dir, {wanted})
    except RemovalError as problem:
        raise Refused(_("Nothing was changed: %(problem)s.", problem=problem)) from None
    except OSError:
        raise Refused(
            _("It is forgotten, but a copy in the drop folder's done/ cannot be removed: look there.")
        ) from None
    finally:
        dashboard.backend.rebuild()
    also = f" {removed_in_words(copies)}" if copies else ""
    said = _("Forgotten: %(file)s.", file=shown(found[0].name, 60))
    return f"{said}{also} {_(STAYS)} {forgetting.until(removal)}"


def bring_back(dashboard: Dashboard) -> str:
    """Bring back what was forgotten last."""
    try:
        removal = forgetting.bring_back(dashboard.settings, datetime.now(UTC))
    except RemovalError as problem:
        raise Refused(_("Nothing was changed: %(problem)s.", problem=problem)) from None
    dashboard.backend.rebuild()
    return _("Back: %(files)s.", files=listed([shown(one.name, 60) for one in removal.exports]))
