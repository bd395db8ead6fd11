"""What the image does with ROLE=helper."""

from __future__ import annotations

import sys
import time

from netflix_trend.settings import Settings
from netflix_trend.storage.janitor import tidy_daily
from netflix_trend.syftbox.datasite import Datasite
from services.aggregator.enrolment import EnrolmentError
from services.aggregator.health import show_status
from services.aggregator.helper.service import (
    HelperService,
    read_helper_state,
    run_once,
    show_key,
    status_in_words,
)
from services.aggregator.looking import look_again_and_again
from services.aggregator.processes import alone, run_both
from services.runtime.logs import start_logging


def run_helper(settings: Settings, role: str, emails: list[str]) -> int:
    """Run the container's main process (`all`), the loop (`collect`), one look (`once`), or a command.

    emails: those that `enrol` and `remove` are about. Returns the exit code.
    """
    if role == "key":
        return show_key(settings)
    if role == "status":
        print(status_in_words(read_helper_state(settings.helper_dir)))  # noqa: T201
        return show_status("helper", settings.helper_dir)
    if role == "all":
        show_key(settings)  # also when the aggregator's key is not known yet: each operator needs the other's
    service = HelperService.of(settings)
    if role in {"enrol", "remove", "participants"}:
        return _change_list(service, role, emails)
    start_logging(f"helper.{role}")
    if role == "once":
        return run_once(settings)
    if role == "all":
        return run_both(settings, settings.helper_dir, "services.aggregator.helper.web:create_app()")
    with alone(settings.helper_dir) as is_alone:
        return _look_again_and_again(service, settings) if is_alone else 1


def _look_again_and_again(service: HelperService, settings: Settings) -> int:
    """Look until a signal arrives, every POLL_SECONDS. Returns the exit code."""
    site = Datasite(settings.datasites_dir, settings.helper_datasite)

    def look() -> None:
        service.look(int(time.time()))
        tidy_daily(settings.helper_dir, time.time(), folders=[site.app_data])

    look_again_and_again("helper", look, settings.poll_seconds)
    return 0


def _change_list(service: HelperService, role: str, emails: list[str]) -> int:
    try:
        for email in emails:
            (service.enrolment.enrol if role == "enrol" else service.enrolment.remove)(email)
        listed = sorted(name for name, takes_part in service.enrolment.listed().items() if takes_part)
    except EnrolmentError as problem:
        print(f"helper: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    kind = "automatic: everybody's reports are counted" if service.automatic else "list"
    print("\n".join([*listed, f"{len(listed)} on the list ({kind})"]))  # noqa: T201
    return 0
