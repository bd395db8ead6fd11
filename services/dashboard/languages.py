"""In which language a page is: the one that was chosen at its foot, else what the browser asks for, else English."""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request
from flask_babel import Babel, get_locale
from jinja2 import pass_context
from jinja2.runtime import Context
from werkzeug.wrappers import Response as BaseResponse

from netflix_trend import language
from netflix_trend.formats import number
from netflix_trend.language import LANGUAGES, TRANSLATIONS, WRITTEN, spoken, translations_of

# Browsers share cookies among the ports of a host, which is right here: a person has one language.
COOKIE = "netflix_trend_language"
_A_YEAR = 365 * 24 * 3600


def add(app: Flask) -> None:
    """Let an app speak: `_` and `ngettext` in templates and in `netflix_trend`, and the form that chooses."""
    Babel(
        app,
        configure_jinja=False,
        default_locale=WRITTEN,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=_wanted,
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        language.gettext, language.plural, newstyle=True
    )
    form_of_count = app.jinja_env.globals["ngettext"]

    @pass_context
    def ngettext(context: Context, one: str, several: str, count: int, **values: object) -> str:
        return form_of_count(context, one, several, count, **{"num": number(count), **values})  # type: ignore[no-any-return, operator]

    app.jinja_env.globals.update(ngettext=ngettext, language=language.language, languages=LANGUAGES)
    app.before_request(_begin)
    app.after_request(_say)
    app.teardown_request(_end)
    app.add_url_rule("/language", view_func=choose, methods=["POST"])


def choose() -> BaseResponse:
    """Keep the language that a form chooses, and go back to the page that it is on."""
    code = request.form.get("language", "")
    if code not in LANGUAGES:
        abort(400, language.gettext("There are no pages in that language. Nothing was changed."))
    answer = redirect(_page_of_this_server(request.form.get("page", "")), 303)
    answer.set_cookie(COOKIE, code, max_age=_A_YEAR, httponly=True, samesite="Strict")
    return answer


def _page_of_this_server(address: str) -> str:
    """Return an address without its host, the start for one that is not an address of a page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    path = f"/{parts.path.replace(chr(92), '/').lstrip('/')}"
    return f"{path}?{parts.query}" if parts.query else path


def _wanted() -> str:
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or WRITTEN


def _begin() -> None:
    g.speaking = ExitStack()
    g.speaking.enter_context(spoken(translations_of(str(get_locale()))))


def _say(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.content_language.add(language.language())
    return response


def _end(_problem: BaseException | None) -> None:
    speaking = g.pop("speaking", None)
    if speaking is not None:
        speaking.close()
