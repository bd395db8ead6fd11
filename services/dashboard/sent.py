"""Files that this browser has sent to services that read them later: what became of them is said on its next page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from flask import session

from netflix_trend.language import _
from services.dashboard.backend import RefusedFile
from services.dashboard.imports import ImportedFile
from services.dashboard.messages import Message, leave

_KEPT = "sent"


def remember(name: str) -> None:
    """Remember that a file of this name was sent."""
    session[_KEPT] = [*session.get(_KEPT, []), name]


def say_what_became(files: Iterable[ImportedFile], refused: Sequence[RefusedFile], pending: int) -> None:
    """Leave a message about each file that was sent and cannot be used, once no file is waited for.

    files, refused: what the services made of all files. pending: how many are still to be read.
    """
    if pending:
        return
    for name in session.pop(_KEPT, []):
        reasons = [one.reason for one in refused if _is_same(one.name, name)]
        reasons += [one.error for one in files if one.error and not one.asks and _is_same(one.name, name)]
        if reasons:
            leave(Message(not_used(name, reasons[0]), "refused"))


def not_used(name: str, reason: str) -> str:
    """Return that a file cannot be used, and why."""
    return _("%(name)s cannot be used. %(reason)s", name=name, reason=reason)


def _is_same(found: str, sent: str) -> bool:
    """Return whether a file has the name under which it was sent, or that name with a number of the drop folder."""
    stem, suffix = Path(sent).stem, Path(sent).suffix
    return found == sent or (found.startswith(f"{stem}-") and found.endswith(suffix))
