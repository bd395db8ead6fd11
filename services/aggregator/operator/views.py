"""The operator's pages: what the collecting process found, and what the next surveys ask."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib.resources import files

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from netflix_trend.layout import OperatorVolume
from netflix_trend.periods.turns import ROTATION
from netflix_trend.periods.weeks import Week
from netflix_trend.published.round_list import ROUNDS, RoundList
from netflix_trend.published.wording import LEGEND
from netflix_trend.questions.registry import kinds
from netflix_trend.questions.top_shows.longest import LONGEST_LIST, LONGEST_SUMMED_LIST
from netflix_trend.settings import Settings
from netflix_trend.syftbox.datasite import Datasite
from netflix_trend.syftbox.permissions import MOST_NAMED
from netflix_trend.web.local_only import Guard
from netflix_trend.web.one_browser import SESSION_SECONDS, Access, TooSoon
from services.aggregator.enrolment import may_everybody_read
from services.aggregator.health import health_of
from services.aggregator.operator.charts import charts_told
from services.aggregator.operator.forecast import Forecast, People, people_of, predict
from services.aggregator.operator.form import fields_of, participants_of_fields, plan_of_fields
from services.aggregator.operator.words import REASONS, SEALED_REASONS, STATES
from services.aggregator.overview import read_overview
from services.aggregator.site.page import day_in_words, odds_text, refusals, style
from services.aggregator.sums.state import read_state
from services.aggregator.survey_plan import (
    PRESETS,
    LocalPlan,
    PlanError,
    SurveyPlan,
    asked_surveys,
    read_plan,
    write_plan,
)

_PER_PAGE = 50
_COOKIE, _PATH = "netflix_trend_operator", "/operator"
_LARGEST_FORM = 16_384


def operator_pages(  # noqa: C901 - its views count as its branches
    settings: Settings, access: Access, today: Callable[[], date] = date.today
) -> Blueprint:
    """Return the pages under `/operator`."""
    pages = Blueprint("operator", __name__, url_prefix=_PATH, template_folder=".")
    own, site = settings.aggregator_dir, Datasite(settings.datasites_dir, settings.aggregator_datasite)
    kind = LocalPlan if settings.survey_mode == "local" else SurveyPlan
    from_settings = kind.of_settings(settings.survey_odds, settings.survey_shows)

    def let_in() -> BaseResponse | None:
        g.session = access.session(request.cookies.get(_COOKIE, ""))
        return None if g.session else redirect(url_for("operator.enter"), 303)

    Guard(
        policy=_policy,
        token=lambda: g.session.form_token,
        let_in=let_in,
        entrances=frozenset({"operator.enter"}),
        max_form=_LARGEST_FORM,
    ).protect(pages)

    @pages.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[str, int]:
        return show("problem.html", problem=error.description), error.code or 500

    def show(template: str, **values: object) -> str:
        return render_template(
            template,
            style=Markup(_operator_style()),  # noqa: S704
            session=g.get("session"),
            kinds=kinds(),
            reasons=REASONS,
            sealed_reasons=SEALED_REASONS,
            states=STATES,
            day=day_in_words,
            is_sealed=settings.survey_mode != "local",
            longest=LONGEST_LIST if settings.survey_mode == "local" else LONGEST_SUMMED_LIST,
            odds=odds_text,
            refusals=refusals,
            legend=LEGEND,
            **values,
        )

    @pages.route("/enter", methods=["GET", "POST"])
    def enter() -> BaseResponse | tuple[str, int] | str:
        if request.method == "GET":
            return show("enter.html", awaits_token=access.awaits_token, problem=None)
        try:
            session = access.enter(request.form.get("token", ""))
        except TooSoon:
            problem = "A wrong token came a moment ago, so this one was not looked at. Try again in a second."
            return show("enter.html", awaits_token=True, problem=problem), 429
        if session is None:
            problem = "This is not the token." if access.awaits_token else "The token was used already."
            return show("enter.html", awaits_token=access.awaits_token, problem=problem), 403
        answer = redirect(url_for("operator.overview"), 303)
        # For this view only, and for no script.
        answer.set_cookie(
            _COOKIE, session.cookie, max_age=SESSION_SECONDS, path=_PATH, httponly=True, samesite="Strict"
        )
        return answer

    @pages.post("/leave")
    def leave() -> BaseResponse:
        access.leave()
        answer = redirect(url_for("operator.enter"), 303)
        answer.delete_cookie(_COOKIE, path=_PATH)
        return answer

    @pages.get("/")
    def overview() -> str:
        found = read_overview(own)
        page = max(0, request.args.get("page", 0, int))
        listed = found.listed if found else ()
        plan, problem = _plan(settings, from_settings)
        sealed = settings.survey_mode != "local"
        state, preset = (read_state(own), settings.survey_preset) if sealed else (None, None)
        return show(
            "overview.html",
            found=found,
            listed=listed[page * _PER_PAGE : (page + 1) * _PER_PAGE],
            page=page,
            pages=max(1, -(-len(listed) // _PER_PAGE)),
            rounds=_all_rounds(site),
            most_named=MOST_NAMED if may_everybody_read(site.app_data / "shared") else None,
            plan=plan,
            problem=problem,
            is_own=plan != from_settings,
            next_round=_next_round(settings, today()),
            saved=request.args.get("saved"),
            sums=state,
            preset=preset,
            charts=charts_told(settings, today()),
            health=health_of("aggregator", own, lambda: True),
        )

    @pages.get("/survey")
    def survey() -> str:
        plan, problem = _plan(settings, from_settings)
        fields: MultiDict[str, str] = request.args if "odds" in request.args else fields_of(plan)
        forecast, problems = None, {"plan": problem} if problem else {}
        proposed = plan
        try:
            proposed = plan_of_fields(kind, fields)
            forecast = _forecast(settings, proposed, participants_of_fields(fields), today())
        except PlanError as error:
            problems = error.problems
        return show(
            "survey.html",
            fields=fields,
            problems=problems,
            forecast=forecast,
            proposed=proposed,
            kept=fields_of(proposed),
            is_changed=proposed != plan,
            is_own=plan != from_settings,
            presets=PRESETS,
            next_round=_next_round(settings, today()),
        )

    @pages.post("/survey")
    def save() -> BaseResponse | tuple[str, int]:
        try:
            write_plan(own, plan_of_fields(kind, request.form))
        except PlanError as error:
            abort(400, f"This plan is not valid: {error}. Nothing was changed.")
        return redirect(url_for("operator.overview", saved="plan"), 303)

    @pages.post("/survey/reset")
    def reset() -> BaseResponse:
        write_plan(own, None)
        return redirect(url_for("operator.overview", saved="settings"), 303)

    return pages


def _plan(settings: Settings, from_settings: SurveyPlan) -> tuple[SurveyPlan, str | None]:
    """Return the plan for the next surveys, and what is wrong with the kept one if it cannot be read."""
    try:
        return read_plan(type(from_settings), settings.aggregator_dir) or from_settings, None
    except PlanError as error:
        return from_settings, f"The kept plan cannot be read, the settings are used: {error}"


def _next_round(settings: Settings, today: date) -> Week:
    """Return the first round that has no survey yet."""
    if settings.survey_mode != "local":
        asked = asked_surveys(OperatorVolume(settings.aggregator_dir).surveys)
        return asked[-1] + 1 if asked else Week.last_complete(today)
    oldest_open = Week.last_complete(today) - (ROTATION - 1)
    return max([oldest_open, *(week + 1 for week in asked_surveys(settings.aggregator_dir / "surveys")[-1:])])


def _all_rounds(site: Datasite) -> RoundList | None:
    try:
        return RoundList.model_validate_json((site.public / ROUNDS).read_bytes())
    except (OSError, ValueError):
        return None


def _forecast(settings: Settings, plan: SurveyPlan, participants: int | None, today: date) -> Forecast:
    found = read_overview(settings.aggregator_dir)
    week = _next_round(settings, today)
    people = people_of(found, week)
    if participants is not None:
        people = People(participants // ROTATION, people.rate, participants)
    return predict(plan, week, found.shows if found else plan.list_length, people)


@cache
def _operator_style() -> str:
    return style() + (files("services.aggregator.operator") / "operator.css").read_text("utf-8")


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_operator_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
