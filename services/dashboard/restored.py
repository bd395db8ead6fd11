"""Restore a backup from the page Start of somebody who has nothing here yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from netflix_trend.backup.archive import BackupError
from netflix_trend.language import _, ngettext
from netflix_trend.participant.ledger import LedgerError
from netflix_trend.participant.restoring import is_new
from netflix_trend.participant.restoring import restore as restore_
from services.dashboard.backend import Refused
from services.dashboard.text import day

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard


def restore(dashboard: Dashboard) -> str:
    """Restore an uploaded backup, and let the services take it up."""
    settings, file = dashboard.settings, request.files.get("file")
    if not is_new(settings):
        raise Refused(
            _(
                "Nothing was restored: this machine has a history already. In a terminal: "
                "./run.sh restore --replace FILE"
            )
        )
    if file is None or not file.filename:
        raise Refused(_("No file was chosen. Choose the file that ./run.sh backup has written."))
    passphrase = request.form.get("passphrase", "")
    try:
        # Choices that were made on this page before give way; a copy of them is kept.
        manifest = restore_(settings, file.stream, lambda _reader: passphrase, replace=True)  # type: ignore[arg-type]
    except (BackupError, LedgerError) as problem:
        reason = str(problem).rstrip(".")
        raise Refused(_("Nothing was restored: %(reason)s.", reason=reason)) from None
    dashboard.backend.rebuild()
    dashboard.backend.run_publisher()
    return ngettext(
        "Restored: %(num)s file, as of %(day)s. Weeks that you may have answered since then are not answered again.",
        "Restored: %(num)s files, as of %(day)s. Weeks that you may have answered since then are not answered again.",
        len(manifest.files),
        day=day(manifest.made_at.date()),
    )
