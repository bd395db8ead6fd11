"""The aggregator's container: a collecting loop and a web server, both or none."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from datetime import date
from typing import Any

from netflix_trend.catalogue.readers import read_catalogue, starter_vocabulary
from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.layout import OperatorVolume
from netflix_trend.names import is_of_demo_network
from netflix_trend.operators.identity import Fingerprint, Identity, WrongKey, key_in_words
from netflix_trend.operators.transport import Peer
from netflix_trend.settings import Settings, SettingsError, load_settings
from netflix_trend.storage.janitor import tidy_daily
from netflix_trend.storage.migrations import AGGREGATOR, NewerFormat, bring_up_to_date
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator import backups
from services.aggregator.charts.intake import ChartIntake
from services.aggregator.charts.verb import keep_charts
from services.aggregator.charts.waiting import ChartRules
from services.aggregator.enrolment import Enrolment, EnrolmentError
from services.aggregator.health import show_status
from services.aggregator.looking import look_again_and_again, tried
from services.aggregator.processes import alone, run_both
from services.aggregator.rounds import Aggregator
from services.aggregator.sums.leading import SumAggregator
from services.runtime.executors import executor_of, usable_processors
from services.runtime.logs import start_logging

_log = logging.getLogger("aggregator")


def main(arguments: list[str]) -> int:
    """Run the container's main process, the collecting loop, or one pass (`once`). Returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    role = options.role or "all"
    settings = load_settings()
    if role in backups.VERBS:
        return backups.run(settings, options)
    if role == "chart":
        if settings.role == "helper":
            parser.error("chart is a command of an aggregator, see ROLE; a helper makes no lists")
        return keep_charts(settings, options.file, options.name)
    if settings.role == "helper":
        from services.aggregator.helper.run import run_helper

        return run_helper(settings, role, getattr(options, "email", []))
    if role == "status":
        return show_status("aggregator", settings.aggregator_dir)
    if role in {"participants", "enrol", "remove"}:
        return change_list(settings, role, getattr(options, "email", []))
    if role == "key":
        return show_key(settings)
    start_logging(f"aggregator.{role}")
    if role == "all":
        if settings.survey_mode != "local":
            show_key(settings)
        return run_both(settings, settings.aggregator_dir, "services.aggregator.web:create_app()")
    if role == "once":
        return collect(settings, is_once=True)
    with alone(settings.aggregator_dir) as is_alone:
        return collect(settings, is_once=False) if is_alone else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.aggregator", description=__doc__)
    roles = parser.add_subparsers(dest="role", title="roles")
    for role, help_text in (
        ("all", "the container's main process (without a role, too)"),
        ("collect", "look again and again"),
        ("once", "look once"),
        ("participants", "list who takes part"),
        ("status", "show what was wrong with the last look, and own files that were damaged; a helper: what it did"),
        ("key", "show the key of this operator, in words and as others write it into their settings"),
    ):
        roles.add_parser(role, help=help_text)
    for role, help_text in (
        ("enrol", "let somebody take part"),
        ("remove", "let somebody never take part: nothing of theirs is counted, no rule names them as a reader"),
    ):
        roles.add_parser(role, help=help_text).add_argument("email", nargs="+")
    chart = roles.add_parser("chart", help="keep public charts: Netflix's weekly lists, or What We Watched")
    chart.add_argument("file", nargs="+", help="- for stdin")
    chart.add_argument("--name", default="stdin", help="what the file on stdin is called")
    backups.add_to(roles)
    return parser


def collect(settings: Settings, *, is_once: bool) -> int:
    """Look once, or again and again until a signal arrives. Returns the exit code."""
    bring_up_to_date(settings.aggregator_dir, AGGREGATOR)
    aggregator = build_aggregator(settings)
    intake = ChartIntake(aggregator.kept_charts, settings.charts_dir, settings.chart_country, settings.chart_url)
    told: set[tuple[str, str, str]] = set()

    def look_once() -> None:
        intake.look(date.today())
        look(aggregator, told)
        tidy_daily(settings.aggregator_dir, time.time(), folders=[aggregator.site.app_data, aggregator.site.public])

    if not is_once:
        look_again_and_again("aggregator", look_once, settings.poll_seconds)
    elif problem := tried(look_once):
        _log.error("nothing was done: %s", problem)
        return 1
    return 0


def change_list(settings: Settings, verb: str, emails: list[str]) -> int:
    """Enrol or remove participants, then print who takes part. Returns the exit code."""
    site = Datasite(settings.datasites_dir, settings.aggregator_datasite)
    enrolment = Enrolment(site, settings.aggregator_dir, settings.enrolment == "automatic")
    try:
        for email in emails:
            (enrolment.enrol if verb == "enrol" else enrolment.remove)(email)
        participants = enrolment.participants()
    except EnrolmentError as problem:
        print(f"aggregator: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    print("\n".join([*participants, f"{len(participants)} take part ({settings.enrolment} enrolment)"]))  # noqa: T201
    return 0


def build_aggregator(settings: Settings) -> Aggregator:
    """Return the aggregator of the settings, with the configured catalogue or the starter one."""
    path = settings.catalogue
    catalogue = Vocabulary.build(read_catalogue(path, settings.catalogue_since)) if path else starter_vocabulary()
    _log.info("catalogue version=%s shows=%d films=%d", catalogue.version[:8], len(catalogue), len(catalogue.films))
    common: dict[str, Any] = {
        "site": Datasite(settings.datasites_dir, settings.aggregator_datasite),
        "own": settings.aggregator_dir,
        "catalogue": catalogue,
        "chart_rules": ChartRules.of(settings),
        "name": settings.aggregator_name,
        "language": settings.page_language,
        "use_chart": settings.use_chart,
        "odds": settings.survey_odds,
        "list_length": settings.survey_shows,
        "executor": executor_of(settings, usable_processors() if settings.survey_mode == "local" else 1),
        "automatic": settings.enrolment == "automatic",
        "smallest_change": settings.smallest_change,
        "smallest_answers": settings.smallest_answers,
        "invented": is_of_demo_network(settings.aggregator_datasite),
    }
    if settings.survey_mode == "local":
        return Aggregator(**common)
    helper = helper_of(settings) if settings.survey_mode == "two" else None
    return SumAggregator(
        **common,
        helper=helper,
        preset=settings.survey_preset,
        smallest_batch=settings.smallest_batch,
        demo_seconds=settings.demo_round_seconds,
    )


def helper_of(settings: Settings) -> Peer:
    """Return the helper of the settings. Raises SettingsError when they name none, or the aggregator itself."""
    if not settings.helper_datasite or not settings.helper_key:
        raise SettingsError(
            "SURVEY_MODE=two needs HELPER_DATASITE and HELPER_KEY: ask the helper's operator for both. With one "
            "operator whom people trust it is SURVEY_MODE=one"
        )
    if settings.helper_datasite == settings.aggregator_datasite:
        raise SettingsError("HELPER_DATASITE is the aggregator's own datasite; a helper is another operator's")
    return Peer(Datasite(settings.datasites_dir, settings.helper_datasite), Fingerprint.parse(settings.helper_key))


def show_key(settings: Settings) -> int:
    """Print the key of this aggregator; it is made when there is none. Returns the exit code."""
    try:
        identity = Identity.load_or_create(OperatorVolume(settings.aggregator_dir).identity)
    except WrongKey as problem:
        print(f"aggregator: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    print(key_in_words("AGGREGATOR", settings.aggregator_datasite, identity.fingerprint), flush=True)  # noqa: T201
    return 0


def look(aggregator: Aggregator, told: set[tuple[str, str, str]] | None = None) -> None:
    """Do one pass and log its counts; none before SyftBox has set up the datasite.

    told: refusals that earlier passes have logged.
    """
    if not aggregator.site.is_initialized and not aggregator.has_asked:
        _log.warning("SyftBox has not set up the datasite yet; start it, and check AGGREGATOR_DATASITE")
        return
    if isinstance(aggregator, SumAggregator):
        for one in aggregator.lead(int(time.time())):
            _log.info("round=%s reports=%d refused=%s", one.round, one.reports, one.refused)
        return
    told = set() if told is None else told
    for found, statistics in aggregator.work(date.today()):
        for email, reason in found.refusals:
            refusal = (aggregator.enrolment.pseudonym(email), statistics.round, reason)
            if refusal not in told:
                told.add(refusal)
                _log.warning("participant=%s round=%s refused reason=%s", *refusal)
        _log.info(
            "round=%s participants=%d reports=%d published=%d waiting=%d refused=%s",
            *(statistics.round, found.participants, found.reports.total(), statistics.reports),
            *(found.waiting, dict(sorted(found.refused.items()))),
        )


def run(arguments: list[str]) -> int:
    """Do the same as `main`; wrong settings, a key that is none, and files of a newer version end it with a line and no
    traceback.
    """
    try:
        return main(arguments)
    except (SettingsError, WrongKey, NewerFormat) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
