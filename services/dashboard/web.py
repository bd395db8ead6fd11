"""The WSGI application: pages by GET, changes by POST, one shape for every error."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from netflix_trend import __version__
from netflix_trend.delivery.archive import LARGEST_ARCHIVE
from netflix_trend.delivery.reminder import CONTENT_TYPE, reminder
from netflix_trend.history.exclusions import STAYS
from netflix_trend.language import _, marked
from netflix_trend.names import is_of_demo_network
from netflix_trend.participant import participant
from netflix_trend.participant.demo import Demo
from netflix_trend.participant.participant import Snapshot
from netflix_trend.participant.status import notice
from netflix_trend.published.introduction import COMPARE_KEYS
from netflix_trend.published.invented import INVENTED
from netflix_trend.published.wording import FORGED_LEGEND, LEGEND
from netflix_trend.settings import Settings, load_settings
from netflix_trend.web.frames import Frames
from netflix_trend.web.local_only import Guard, cookie_token, form_token, keep_token_in_cookie
from netflix_trend.web.looks import looks
from services.dashboard import actions, exports, languages, messages, others_year, profiles, titles, year
from services.dashboard.backend import Backend
from services.dashboard.events import events_page
from services.dashboard.excluded import MAX_DAYS, excluded_page, said
from services.dashboard.health import STATE_WORDS, health_page
from services.dashboard.history import History
from services.dashboard.imports import answers
from services.dashboard.menu import menu_entry
from services.dashboard.next_shows import next_page
from services.dashboard.others import others_page
from services.dashboard.profiles import is_household
from services.dashboard.sent import say_what_became
from services.dashboard.sharing import sharing_page
from services.dashboard.start import STEP_STATES, start_page
from services.dashboard.summary import all_set, summary_of
from services.dashboard.text import counted, day, days, listed, number, shown
from services.dashboard.uploads import UploadRequest
from services.dashboard.viewing import viewing_file, viewing_page

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors "
)
PAGES = (
    ("/", marked("Start")),
    ("/year", marked("Year in review")),
    ("/viewing", marked("My viewing")),
    ("/titles", marked("Titles")),
    ("/next", marked("What to watch next")),
    ("/others", marked("Me and the others")),
    ("/events", marked("Life events")),
    ("/sharing", marked("What leaves this machine")),
    ("/health", marked("Health")),
    ("/glossary", marked("Glossary")),
)


@dataclass(frozen=True)
class Dashboard:
    """What every page needs. today: the current day; a demo sets it to the end of its last week.

    demo: whose results are shown; None for the pages of a person.
    """

    settings: Settings
    history: History
    backend: Backend
    today: Callable[[], date]
    demo: Demo | None = None

    @property
    def notice(self) -> str:
        """What every page says first: that people are invented, or that nobody is answered; mostly nothing."""
        if self.demo is not None:
            return self.demo.sentence
        if is_of_demo_network(self.settings.aggregator_datasite):
            return _(INVENTED)
        return _(notice(self.settings))

    def snapshot(self) -> Snapshot:
        """Return the participant's state, for one page."""
        return participant.snapshot(self.settings)

    def mark(self, state: Snapshot) -> str:
        """Return a value that changes whenever something on a page has changed."""
        status = state.status
        seen = (
            self.history.mark(),
            self.backend.pending(),
            len(self.backend.refused_files()),
            status and (status.state, status.outcomes),
            len(state.receipts),
            self.backend.downloads and self.backend.downloads.watched(),
        )
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def create_app(
    settings: Settings | None = None,
    backend: Backend | None = None,
    today: Callable[[], date] = date.today,
    demo: Demo | None = None,
) -> Flask:
    """Return the application; without a backend, with the services as containers. demo: whose results are shown."""
    settings = settings or load_settings()
    if backend is None:
        # Without Docker there is neither Redis nor its client.
        from services.dashboard.containers import Containers

        backend = Containers(settings)
    dashboard = Dashboard(settings, History.of(settings.private_dir), backend, today, demo)
    app = Flask("services.dashboard", static_folder="static", template_folder="templates")
    app.request_class = type("Request", (UploadRequest,), {"folder": settings.output_dir})
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(answers=answers, counted=counted, day=day, listed=listed, number=number, shown=shown)
    app.jinja_env.filters["said"] = said
    app.jinja_env.globals.update(pages=PAGES, version=__version__, legend=LEGEND, forged=FORGED_LEGEND)
    app.jinja_env.globals.update(step_states=STEP_STATES, states=STATE_WORDS, stays=STAYS, max_days=MAX_DAYS)
    app.jinja_env.globals.update(notice=lambda: dashboard.notice, compare_keys=COMPARE_KEYS)
    app.jinja_env.globals.update(form_token=form_token, days=days)
    app.jinja_env.globals["menu_entry"] = menu_entry
    languages.add(app)
    messages.add(app)
    keep_token_in_cookie(app, f"netflix_trend_{settings.dashboard_port}")
    frames = Frames(
        settings.frame_origin, frozenset(path for path, _title in PAGES), lambda: render_template("in_a_frame.html")
    )
    Guard(
        policy=lambda: POLICY + frames.ancestors,
        token=cookie_token,
        port=settings.dashboard_port,
        max_form_by_endpoint={"/upload": LARGEST_ARCHIVE, "/restore": LARGEST_ARCHIVE},
        frames=frames,
    ).protect(app)
    _add_pages(app, dashboard)
    _add_answers(app, dashboard)
    titles.add(app, dashboard)
    profiles.add(app, dashboard)
    actions.add(app, dashboard)
    exports.add(app, settings)
    year.add(app, dashboard)
    others_year.add(app, dashboard)
    _add_errors(app)
    return app


def _add_pages(app: Flask, dashboard: Dashboard) -> None:
    settings, history = dashboard.settings, dashboard.history

    @app.get("/")
    def start() -> str:
        state = dashboard.snapshot()
        # First: what appears in between is a change to the script that waits for one.
        mark = dashboard.mark(state)
        page = start_page(settings, state, history, dashboard.backend, dashboard.today())
        say_what_became(page.files, page.refused, page.pending)
        is_waiting = messages.keep_messages(page.pending > 0 or page.fetch.is_waiting)
        return render_template(
            "start.html",
            page=page,
            mark=mark,
            is_waiting=is_waiting,
            summary=summary_of(history),
            all_set=all_set(page.steps),
        )

    @app.get("/viewing")
    def viewing() -> str | Response:
        if table_file := viewing_file(history, request.args):
            return table_file
        page, part = (
            viewing_page(history, request.args),
            excluded_page(settings, history, request.args.get("search", "")),
        )
        return render_template("viewing.html", page=page, part=part)

    @app.get("/others")
    def others() -> str:
        return render_template(
            "others.html",
            page=others_page(settings, history, request.args.get("round", "")),
            is_household=is_household(history),
        )

    @app.get("/next")
    def next_() -> str:
        return render_template("next.html", page=next_page(settings, history), is_household=is_household(history))

    @app.get("/events")
    def events() -> str:
        return render_template(
            "events.html",
            page=events_page(settings, history, dashboard.today()),
            is_household=is_household(history),
        )

    @app.get("/sharing")
    def sharing() -> str:
        state = dashboard.snapshot()
        page = sharing_page(settings, state, history, dashboard.today())
        is_waiting = messages.keep_messages("waiting" in request.args)
        return render_template("sharing.html", page=page, mark=dashboard.mark(state), is_waiting=is_waiting)

    @app.get("/health")
    def health() -> str:
        page = health_page(settings, dashboard.snapshot(), history, dashboard.backend)
        return render_template("health.html", page=page)

    @app.get("/glossary")
    def glossary() -> str:
        return render_template("glossary.html")


def _add_answers(app: Flask, dashboard: Dashboard) -> None:
    """Add what programs ask for: a calendar, the style of looks, and the state of the page."""

    @app.get("/reminder.ics")
    def calendar() -> Response:
        return Response(reminder(), content_type=CONTENT_TYPE)

    @app.get("/status.json")
    def status() -> Response:
        mark = dashboard.mark(dashboard.snapshot())
        return jsonify({"ok": True, "error": None, "mark": mark, "pending": dashboard.backend.pending()})

    @app.get("/looks.css", endpoint="looks")
    def style() -> Response:
        return Response(looks(), content_type="text/css; charset=utf-8")

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"ok": True, "error": None})


def _add_errors(app: Flask) -> None:
    words = {
        404: marked("There is no such page."),
        405: marked("This address accepts forms only. Nothing was changed."),
        413: marked("The file is larger than 2 GB, or the form is too large."),
        500: marked("Something went wrong on this machine. Health may say more."),
    }

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> tuple[Response | str, int]:
        code = error.code or 500
        message = _(words[code]) if code in words else shown(error.description or error.name, 300)
        if actions.wants_json():
            return jsonify({"ok": False, "error": message}), code
        return render_template("error.html", code=code, message=message), code
