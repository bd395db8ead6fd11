"""Actions: upload a file, note an event, decide what is published. By POST only."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, redirect, request
from pydantic import ValidationError
from werkzeug.datastructures import FileStorage

from netflix_trend.delivery.copies import content_in
from netflix_trend.delivery.downloads import Download
from netflix_trend.history.household import HouseholdError
from netflix_trend.language import _, marked, ngettext
from netflix_trend.layout import PrivateVolume
from netflix_trend.names import DATASITE_NAME, EXAMPLE_AGGREGATOR
from netflix_trend.odds import parse_odds
from netflix_trend.participant import participant
from netflix_trend.participant.choices import (
    LIMITS_LOST,
    Choices,
    ChoicesError,
    Participation,
)
from netflix_trend.participant.life_events import EventError, add_event, remove_event
from netflix_trend.participant.limit_changes import asked_odds, changes, never_answered
from netflix_trend.participant.status import joined
from netflix_trend.published.introduction import IntroductionError, settings_for
from netflix_trend.questions.registry import QUESTIONS
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.syftbox.aggregators import introduction_of
from netflix_trend.told_again import told_again
from services.dashboard.backend import Refused
from services.dashboard.choosing import choosing, mark_of_name
from services.dashboard.dismissed import dismiss
from services.dashboard.downloads import DOWNLOAD_GONE, Downloads
from services.dashboard.excluded import exclude_rows, include_rows
from services.dashboard.forgotten import bring_back, forget
from services.dashboard.health import unusable_files
from services.dashboard.imports import imported_files, refused_files
from services.dashboard.messages import ANCHOR, Message, leave
from services.dashboard.next_shows import put_aside, take_back
from services.dashboard.restored import restore
from services.dashboard.sent import remember
from services.dashboard.text import days, listed, shown
from services.dashboard.uploads import keep_upload, read_options, set_download_day

if TYPE_CHECKING:
    from services.dashboard.web import Dashboard

_CHOSEN = {
    "paused": marked("You paused. No new report is made; what was published stays."),
    "withdrawn": marked("You withdrew. Your files are being removed; the receipt appears below."),
}


def add(app: Flask, dashboard: Dashboard) -> None:
    """Add the actions to the application."""
    for path, (act, page) in _ACTIONS.items():
        app.add_url_rule(path, endpoint=path, view_func=partial(_answered, dashboard, act, page), methods=["POST"])


def _answered(dashboard: Dashboard, act: Callable[[Dashboard], str], page: str) -> Any:
    """Do what a form asks, and answer as JSON to a script or with a message on the form's page."""
    try:
        said, is_done = act(dashboard), True
    except (Refused, EventError) as refusal:
        said, is_done = shown(told_again(str(refusal)), 400), False
    address = urlsplit(page)
    if is_done or not wants_json():  # a script loads the next page, which shows it
        leave(Message(said, "done" if is_done else "refused", address.fragment))
    if wants_json():
        response: Response = jsonify({"ok": is_done, "error": None if is_done else said, "message": said})
        return response, 200 if is_done else 400
    query = f"?{address.query}" if is_done and address.query else ""
    return redirect(f"{address.path}{query}#{ANCHOR}", 303)


def wants_json() -> bool:
    """Return whether the request comes from a script."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def upload(dashboard: Dashboard) -> str:
    """Take one file or several with the same options. Raises Refused after trying all, if any was refused."""
    options = read_options(request.form.get("profile", ""), request.form.get("date_order", ""))
    try:
        downloaded = date.fromisoformat(request.form.get("downloaded", "") or str(dashboard.today()))
    except ValueError:
        raise Refused(_("Say on which day the file was downloaded, such as 2026-02-01.")) from None
    files = request.files.getlist("file")
    if len(files) < 2:
        return _hand_over(dashboard, files[0] if files else None, options, downloaded)
    said, refused = "", []
    for file in files:
        try:
            said = _hand_over(dashboard, file, options, downloaded)
        except Refused as refusal:
            refused.append(f"{shown(file.filename or '', 60)}: {refusal}")
    if refused:
        taken = len(files) - len(refused)
        raise Refused(
            ngettext(
                "%(num)s of %(all)s files was taken. %(reasons)s",
                "%(num)s of %(all)s files were taken. %(reasons)s",
                taken,
                all=len(files),
                reasons=" ".join(refused),
            )
        )
    return ngettext("%(num)s file. %(said)s", "%(num)s files. %(said)s", len(files), said=said)


def look_for_download(dashboard: Dashboard) -> str:
    """Begin to look for a new file in the downloads folder."""
    return _downloads(dashboard).look()


def take_download(dashboard: Dashboard) -> str:
    """Take a file that was found in the downloads folder, and delete it there if that is wanted."""
    downloads = _downloads(dashboard)
    found = downloads.found(request.form.get("mark", ""))
    try:
        with found.open() as file:
            options, saved = read_options("", ""), date.fromtimestamp(found.modified)
            said = _hand_over(dashboard, FileStorage(file, found.path.name), options, saved)
    except (OSError, UnsafeFile):
        raise Refused(_(DOWNLOAD_GONE)) from None
    except Refused as refusal:
        reason = told_again(str(refusal))
        raise Refused(_("%(reason)s The download was not deleted.", reason=reason)) from None
    downloads.end()
    if request.form.get("delete") != "yes":
        return said
    is_deleted = _is_used(dashboard, found) and found.delete()
    also = _("The download was deleted.") if is_deleted else _("The download was not deleted.")
    return f"{said} {also}"


def _is_used(dashboard: Dashboard, found: Download) -> bool:
    """Return whether a download that was taken is in the tables."""
    try:
        with found.open() as file:
            sha256 = content_in(file, found.path.name)
    except (OSError, UnsafeFile):
        return False
    return any(one.sha256 == sha256 and not one.error for one in imported_files(dashboard.settings.private_dir))


def _downloads(dashboard: Dashboard) -> Downloads:
    if dashboard.backend.downloads is None:
        raise Refused(_("This page runs in a container, which does not see your downloads. Upload the file."))
    return dashboard.backend.downloads


def answer_date_order(dashboard: Dashboard) -> str:
    """Import a file again, with the date order that the person chose."""
    private = dashboard.settings.private_dir
    files = {file.sha256: file for file in imported_files(private)}
    file = files.get(request.form.get("sha256", ""))
    if file is None:
        raise Refused(_("That file is gone. Upload it again."))
    options = read_options(file.profile, request.form.get("date_order", ""))
    if "date_order" not in options:
        raise Refused(_("Choose how the dates are to be read."))
    try:
        stream = PrivateVolume(private).export(file.sha256).open("rb")
    except FileNotFoundError:  # forgotten a moment ago, from another page
        raise Refused(_("That file is gone. Upload it again.")) from None
    with stream:
        again = FileStorage(stream, f"{Path(file.name).stem}.csv")
        return _hand_over(dashboard, again, options, file.received)


def _hand_over(dashboard: Dashboard, file: FileStorage | None, options: dict[str, str], downloaded: date) -> str:
    part, name = keep_upload(dashboard.settings, file)
    try:
        set_download_day(part, downloaded, time.time())
        said = dashboard.backend.deliver(part, name, options)
        if dashboard.backend.runs_by_itself:
            remember(name)
        return said
    finally:
        part.unlink(missing_ok=True)


def note_event(dashboard: Dashboard) -> str:
    """Keep a life event."""
    try:
        first = date.fromisoformat(request.form.get("first_day", ""))
        last = date.fromisoformat(request.form.get("last_day", "") or str(first))
    except ValueError:
        raise Refused(_("Choose a first and a last day.")) from None
    event = add_event(dashboard.settings.private_dir, request.form.get("label", ""), first, last)
    return _("Noted: %(event)s, %(days)s. It stays on this machine.", event=event.label, days=days(first, last))


def forget_event(dashboard: Dashboard) -> str:
    """Remove a life event."""
    text = request.form.get("id", "")
    if not text.isdecimal() or len(text) > 9:
        raise Refused(_("There is no event with that number."))
    event = remove_event(dashboard.settings.private_dir, int(text))
    return _("Removed: %(event)s, %(days)s.", event=event.label, days=days(event.first_day, event.last_day))


def take_part(dashboard: Dashboard) -> str:
    """Join, pause or withdraw."""
    wanted = request.form.get("participation", "")
    if wanted not in {"joined", *_CHOSEN}:
        raise Refused(_("Choose whether to join, pause or withdraw."))
    choice = choosing(dashboard.settings, dashboard.backend.setup)
    if wanted == "joined" and choice and not choice.is_trial:
        raise Refused(_("There is nobody to take part with yet: choose an aggregator on the page Start."))
    if wanted == "withdrawn" and request.form.get("sure") != "yes":
        raise Refused(_("Nothing was changed: tick the box to confirm."))
    try:
        is_known = participant.decide(dashboard.settings, cast("Participation", wanted))
    except ChoicesError as damage:
        raise Refused(str(damage)) from None
    dashboard.backend.run_publisher()
    said = _(_CHOSEN[wanted]) if wanted in _CHOSEN else joined(dashboard.settings)
    return said if is_known else f"{said} {_(LIMITS_LOST)}"


def lower_limits(dashboard: Dashboard) -> str:
    """Lower the limits, or raise them again up to those of the settings."""
    was_paused, said = False, list[str]()

    def chosen(before: Choices) -> Choices:
        nonlocal was_paused
        was_paused, odds = before.participation == "paused", parse_odds(request.form.get("odds", ""))
        new = Choices(
            participation=before.participation,
            odds=(odds.numerator, odds.denominator),
            reports_per_year=int(request.form.get("reports", ""), 10),
            questions=frozenset(request.form.getlist("question")) & QUESTIONS,
        )
        most = dashboard.settings.limits
        said.extend(changes(before.lowered(most), new.lowered(most)))
        return new

    try:
        now = participant.limit(dashboard.settings, chosen)
    except (ValidationError, ValueError):
        raise Refused(_("These limits are not valid. Nothing was changed.")) from None
    dashboard.backend.run_publisher()
    parts = [_("Your limits were changed. They apply from the next report on."), *said]
    parts.append(never_answered(now, asked_odds(dashboard.settings, dashboard.today())))
    if was_paused:
        parts.append(_("You are paused: nothing new is made until you join."))
    return " ".join(filter(None, parts))


def choose_aggregator(dashboard: Dashboard) -> str:
    """Name an aggregator in the settings, with the keys of its operators once they were compared."""
    settings, form = dashboard.settings, request.form
    if dashboard.backend.setup != "page" or settings.has_aggregator:
        raise Refused(_("Nothing was changed: an aggregator is chosen once on this page, then by ./run.sh setup."))
    chosen = (form.get("aggregator", "") or form.get("address", "")).strip().lower()
    if not DATASITE_NAME.fullmatch(chosen) or chosen == EXAMPLE_AGGREGATOR:
        raise Refused(_("Choose an aggregator, or write its address, such as club@example.com."))
    if chosen == settings.syftbox_email:
        raise Refused(_("That is your own address; an aggregator cannot take part itself."))
    try:
        introduction = introduction_of(settings.datasites_dir, chosen)
    except (FileNotFoundError, IntroductionError, UnsafeFile):
        introduction = None
    if introduction and introduction.operators:
        if form.get("compared") != "yes":
            raise Refused(_("Nothing was changed: compare the words of the keys, then tick the box."))
        # What was compared is what the page showed.
        if form.get(f"keys-{chosen}", "") != introduction.keys:
            raise Refused(_("Nothing was changed: the keys are others than those you were shown. Compare them again."))
    participant.decide_again(settings.private_dir)
    dashboard.backend.keep_settings(settings_for(chosen, introduction, is_first=True))
    if introduction:
        return _("%(aggregator)s is your aggregator. Nothing leaves before you join.", aggregator=chosen)
    return _(
        "%(aggregator)s is your aggregator. It has not introduced itself on this machine yet: check the address. "
        "Nothing leaves before you join.",
        aggregator=chosen,
    )


def say_whose(dashboard: Dashboard) -> str:
    """Say which Netflix profiles count for a stored profile, also in later files."""
    marks, profile = set(request.form.getlist("netflix_profile")), request.form.get("profile", "")
    one = next((one for one in dashboard.history.whose() if one.profile == profile), None)
    wanted = [name for name in (one.choices if one else {}) if mark_of_name(name) in marks]
    if not wanted or len(wanted) != len(marks):
        raise Refused(_("Nothing was changed: choose whose viewing counts."))
    try:
        names = participant.say_whose(dashboard.settings, profile, wanted)
    except HouseholdError as problem:
        raise Refused(f"{problem}.") from None
    dashboard.backend.rebuild()
    dashboard.backend.run_publisher()
    return ngettext(
        "%(names)s counts, also in later files.",
        "%(names)s count, also in later files.",
        len(names),
        names=listed([shown(name, 60) for name in names]),
    )


def dismiss_file(dashboard: Dashboard) -> str:
    """Hide a file that could not be used, since the person has seen it."""
    refused = refused_files(dashboard.backend, participant.out_of_date(dashboard.settings))
    known = unusable_files(dashboard.history.imports(), refused)
    marks = {file.mark for file in known} & set(request.form.getlist("mark"))
    if not marks:
        raise Refused(_("That file is gone. Nothing was changed."))
    dismiss(dashboard.settings.private_dir, marks)
    return _("Dismissed. If it fails for another reason, it is shown again.")


# Address of a form: what it does, and the page that says so. After `#`: the part of the page with the form, where the
# message stands; without one it is the first thing on the page.
_ACTIONS: dict[str, tuple[Callable[[Dashboard], str], str]] = {
    "/upload": (upload, "/"),
    "/fetch/look": (look_for_download, "/#fetch"),
    "/fetch/take": (take_download, "/"),
    "/date-order": (answer_date_order, "/"),
    "/forget": (forget, "/#files"),
    "/forget/undo": (bring_back, "/#files"),
    "/viewing/exclude": (exclude_rows, "/viewing#search"),
    "/viewing/include": (include_rows, "/viewing#search"),
    "/next/aside": (put_aside, "/next#list"),
    "/next/again": (take_back, "/next#aside"),
    "/events/add": (note_event, "/events#add"),
    "/events/remove": (forget_event, "/events#add"),
    "/sharing/take-part": (take_part, "/sharing?waiting=1#choice"),
    "/sharing/limits": (lower_limits, "/sharing#limits"),
    "/setup/aggregator": (choose_aggregator, "/#choose"),
    "/restore": (restore, "/#restore"),
    "/setup/profile": (say_whose, "/#whose"),
    "/health/dismiss": (dismiss_file, "/health#unusable"),
}
