"""Page `Start`: what is done, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from netflix_trend.language import _, marked, ngettext
from netflix_trend.layout import shared_path
from netflix_trend.participant import participant
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.restoring import is_new
from netflix_trend.participant.rows import old_file
from netflix_trend.participant.status import ANSWERED
from netflix_trend.settings import Settings
from services.dashboard.backend import Backend, RefusedFile
from services.dashboard.choosing import Choosing, WhoseForm, choosing, whose_forms
from services.dashboard.downloads import FetchCard, fetch_card
from services.dashboard.forgotten import Forgotten, forgotten_files, imports_there
from services.dashboard.history import History, Span
from services.dashboard.imports import ImportedFile, orders, refused_files
from services.dashboard.participation import CHOOSE, STATES, ParticipationStatus, participation_status
from services.dashboard.text import days, shown

# By whether no report was ever made.
_LOOK = {True: marked("See first what would leave, byte by byte."), False: marked("See what has left, byte by byte.")}
_LOOK_IN_TRIAL = marked("See what would leave, byte by byte.")


STEP_STATES = {"done": marked("done"), "next": marked("next"), "later": marked("later")}


@dataclass(frozen=True)
class Step:
    """One step; link: the page where it is done."""

    title: str
    state: Literal["done", "next", "later"]
    text: str
    link: str = ""
    label: str = ""


@dataclass(frozen=True)
class StartPage:
    """What the page shows. state: whether this machine takes part, in a sentence. can_restore: nothing is here yet."""

    headline: str
    state: str
    steps: tuple[Step, ...]
    span: Span | None
    files: tuple[ImportedFile, ...]
    forgotten: tuple[Forgotten, ...]
    questions: tuple[ImportedFile, ...]
    refused: tuple[RefusedFile, ...]
    pending: int
    orders: dict[str, str]
    today: date
    choosing: Choosing | None
    fetch: FetchCard
    whose: tuple[WhoseForm, ...]
    can_restore: bool


def start_page(settings: Settings, state: Snapshot, history: History, backend: Backend, today: date) -> StartPage:
    """Return the page."""
    span, choice = history.span(), choosing(settings, backend.setup)
    forms = whose_forms(history)
    asks = tuple(form for form in forms if form.files)
    files = imports_there(settings, history)
    mine = participation_status(state)
    found = participant.out_of_date(settings)
    # A received file may have lost its place in the queue.
    pending = max(backend.pending(), len(found.unread))
    return StartPage(
        headline=headline(span, pending, asks),
        state=mine.sentence,
        steps=in_order(
            steps(settings, state, span, mine, today, asks)
            if choice is None
            else first_steps(choice, asks, span, today, is_set_up=state.is_set_up)
        ),
        span=span,
        files=files,
        forgotten=forgotten_files(settings, state),
        questions=tuple(file for file in files if file.question),
        refused=refused_files(backend, found),
        pending=pending,
        orders=orders(),
        today=today,
        choosing=choice,
        fetch=fetch_card(backend.downloads),
        whose=forms,
        can_restore=is_new(settings),
    )


def headline(span: Span | None, pending: int, asks: Sequence[WhoseForm] = ()) -> str:
    """Return a short sentence about the current state."""
    if pending:
        return ngettext("%(num)s file being read …", "%(num)s files being read …", pending)
    if span is None:
        return _("Say which Netflix profile is you.") if asks else _("Begin with your viewing history.")
    return ngettext("%(num)s view on this machine", "%(num)s views on this machine", span.views)


# Title, whether it is done, text, link, and label of the link.
_Made = tuple[str, bool, str, str, str]


def in_order(made: Sequence[_Made]) -> tuple[Step, ...]:
    """Return steps with their states; the first that is not done is the next one."""
    is_next = True
    found = []
    for title, is_done, text, link, label in made:
        found.append(Step(title, "done" if is_done else "next" if is_next else "later", text, link, label))
        is_next = is_next and is_done
    return tuple(found)


def first_steps(
    choice: Choosing, asks: Sequence[WhoseForm], span: Span | None, today: date, *, is_set_up: bool
) -> list[_Made]:
    """Return the steps while no aggregator is chosen. asks: what to say about whose viewing counts."""
    if not choice.me:
        syftbox = _("Not found: ./run.sh setup asks for your address on it.")
    elif choice.place == "page":
        syftbox = ngettext(
            "%(address)s. %(num)s datasite on this machine.",
            "%(address)s. %(num)s datasites on this machine.",
            choice.datasites,
            address=shown(choice.me),
        )
    else:
        syftbox = f"{shown(choice.me)}."
    if choice.me and not is_set_up:
        syftbox = _(
            "SyftBox has not set up the datasite %(me)s yet: start it. ./run.sh setup says more.", me=shown(choice.me)
        )
    return [
        (_("Find SyftBox"), bool(choice.me) and is_set_up, syftbox, "", ""),
        (
            _("Choose an aggregator"),
            False,
            ngettext("%(num)s aggregator found.", "%(num)s aggregators found.", len(choice.aggregators))
            if choice.place == "page"
            else _("In a terminal: ./run.sh setup"),
            "#choose",
            _("Who asks"),
        ),
        *_whose_steps(asks),
        _history_step(span, today),
        _look_step(span),
        (
            _("Take part"),
            False,
            _("The last step, after an aggregator is chosen. Until then it is a trial: nothing leaves this machine.")
            if choice.is_trial
            else _("The last step, after an aggregator is chosen. Until then nobody asks."),
            "/sharing",
            _("See what would leave"),
        ),
    ]


def _history_step(span: Span | None, today: date) -> _Made:
    old = old_file(span.covered, today) if span else ""
    return (
        _("Add your viewing history"),
        span is not None and not old,
        f"{days(span.first, span.last)}." + (f" {old}." if old else "")
        if span
        else _("Get NetflixViewingHistory.csv from Netflix. It stays on this machine."),
        "#fetch",
        _("Get the file"),
    )


def _whose_steps(asks: Sequence[WhoseForm]) -> list[_Made]:
    said = _("A file has several Netflix profiles; nothing of it counts before you say which is you.")
    return [(_("Say whose viewing counts"), False, said, "#whose", "Choose")] if asks else []


def _look_step(span: Span | None) -> _Made:
    return (
        _("Look at it"),
        span is not None,
        _("Charts of what, when and how much. Nobody else sees them."),
        "/viewing",
        _("My viewing"),
    )


def steps(
    settings: Settings,
    state: Snapshot,
    span: Span | None,
    mine: ParticipationStatus,
    today: date,
    asks: Sequence[WhoseForm],
) -> list[_Made]:
    """Return the steps of somebody with an aggregator. asks: what to say about whose viewing counts."""
    status = state.status
    # Without an aggregator there is nobody to take part with, whatever the example's surveys are answered with.
    has_aggregator = not state.notice
    # What is sent is half of it: there is nothing to compare with before something was published.
    has_results = (
        settings.datasites_dir / settings.aggregator_datasite / shared_path("statistics/latest.json")
    ).is_file()
    is_answering = status is not None and any(one.status in ANSWERED for one in status.outcomes)
    return [
        *_whose_steps(asks),
        _history_step(span, today),
        _look_step(span),
        (
            _("Decide whether to take part"),
            has_aggregator and mine.choices.participation != "undecided",
            f"{mine.sentence} {_(_LOOK[mine.is_first] if has_aggregator else _LOOK_IN_TRIAL)}",
            "/sharing",
            _("What leaves this machine"),
        ),
        (
            _("Compare with the others"),
            has_aggregator and is_answering and has_results,
            _waiting_for(settings, mine, state, _(STATES[status.state]) if status else None),
            "/others",
            _("Me and the others"),
        ),
    ]


def _waiting_for(settings: Settings, mine: ParticipationStatus, state: Snapshot, words: str | None) -> str:
    if settings.is_trial:
        return _("The others of a demo are invented. To compare with people, choose an aggregator: ./run.sh setup")
    if state.notice:
        return _(CHOOSE)
    if not state.is_set_up:
        return _(
            "Start SyftBox: it has not set up the datasite %(syftbox_email)s yet.",
            syftbox_email=shown(settings.syftbox_email),
        )
    if not mine.takes_part:
        return _("What others published can be seen after you joined.")
    return words or _("The publisher has not run yet.")
