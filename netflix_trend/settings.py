"""One list of settings: name, default, help. Every process reads its settings here and nowhere else.

A value comes from the environment variable of the same name in upper case, or, for any setting, from the file that
`<NAME>_FILE` names; secrets are only ever given as files.
"""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ValidationError, model_validator

from netflix_trend.browser_settings import BrowserSettings
from netflix_trend.causes import cause, expected
from netflix_trend.chart_settings import ChartSettings
from netflix_trend.declaring import (
    AGGREGATOR,
    DATA,
    EXPORTS,
    INSIDE,
    LIMITS,
    PAGE,
    SYFTBOX,
    Datasite,
    Declared,
    LocalOrigin,
    setting,
)
from netflix_trend.layout import records_of
from netflix_trend.names import (
    EXAMPLE_AGGREGATOR,
    EXAMPLE_ME,
    PROFILE_PATTERN,
    is_of_demo_network,
    is_trial,
    plain_name,
)
from netflix_trend.odds import parse_odds
from netflix_trend.operator_settings import OperatorSettings
from netflix_trend.questions.registry import QUESTIONS
from netflix_trend.questions.top_shows.longest import LONGEST_LIST, LONGEST_SUMMED_LIST
from netflix_trend.survey.limits import Limits
from netflix_trend.syftbox.generations import recognized
from netflix_trend.watch_settings import WatchSettings


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what is expected."""


def _questions(value: Any) -> Any:
    names = frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    if not names <= QUESTIONS:
        raise ValueError(f"expected any of {', '.join(sorted(QUESTIONS))}, separated by commas")
    return names


def _names(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(";") if part.strip()) if isinstance(value, str) else value


def _zone_name(value: Any) -> Any:
    name = str(value).removeprefix(":")
    try:
        if name:
            ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError, a folder an OSError
        # A path, or a rule such as CET-1CEST: the system's clock obeys it by itself.
        if name.startswith("/") or re.match(r"[A-Za-z]{3,}[+-]?\d", name):
            return ""
        raise ValueError(f"there is no time zone {name[:40]!r}; expected a name such as Europe/Berlin") from None
    return name


def _list_length(value: Any) -> Any:
    if str(value).strip() in {"0", "1"}:
        raise ValueError(
            "expected the length of a list, at least 2, such as 50; a whole vocabulary is not asked about any more"
        )
    return value


def declaration(name: str) -> Declared:
    """Return where the setting of this name, in lower case, belongs."""
    extra = Settings.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return cast("Declared", extra["declared"])


class Settings(OperatorSettings, ChartSettings, BrowserSettings, WatchSettings):
    """All settings of all processes."""

    aggregator_datasite: Datasite = setting(
        EXAMPLE_AGGREGATOR,
        description=(
            "E-mail address of the aggregator's datasite. The rules of your releases name nobody else; who runs the "
            "server can read everything."
        ),
        section=SYFTBOX,
        services=("processor", "publisher", "aggregator", "helper", "dashboard"),
    )
    syftbox_email: Datasite = setting(
        EXAMPLE_ME,
        description="E-mail address that names your datasite.",
        section=SYFTBOX,
        services=("processor", "publisher", "dashboard"),
    )
    datasites_dir: Path = setting(
        Path("/datasites"),
        description="SyftBox folder with one folder for each datasite, such as /home/me/SyftBox/datasites.",
        section=SYFTBOX,
        services=("processor", "publisher", "aggregator", "helper", "dashboard"),
        on_host="./datasites",
    )
    private_dir: Path = setting(
        Path("/private"),
        description="Folder with exports and tables, where MODE is folders; never below a datasite.",
        section=DATA,
        services=("processor", "publisher", "dashboard"),
        on_host="./private",
        is_off=True,
    )
    publisher_dir: Path = setting(
        Path("/publisher"),
        description="Folder with the ledger, where MODE is folders; losing it skips open rounds.",
        section=DATA,
        services=("publisher", "processor", "dashboard"),
        on_host="./publisher",
        is_off=True,
    )
    aggregator_dir: Path = setting(
        Path("/aggregator"),
        description="Folder with the aggregator's key, database and list, where AGGREGATOR_MODE is folders.",
        section=AGGREGATOR,
        services=("aggregator",),
        on_host="./aggregator",
        is_off=True,
    )
    output_dir: Path = setting(
        Path("/drop"),
        description=(
            "Drop folder: put NetflixViewingHistory.csv, ViewingActivity.csv or Netflix's zip here; it is "
            "imported and moved to done/."
        ),
        section=EXPORTS,
        services=("scraper", "dashboard"),
        on_host="./drop",
    )
    downloads_dir: Path | None = setting(
        None,
        description=(
            "Folder where your browser saves files, for ./run.sh fetch and your page without Docker; empty: the "
            "system's, such as ~/Downloads."
        ),
        section=EXPORTS,
        services=(),
        is_off=True,
    )
    netflix_profile: str = setting(
        "me",
        pattern=PROFILE_PATTERN,
        description="Name under which the imported profile is stored; people on one account can have one each.",
        section=EXPORTS,
        services=("scraper", "processor", "dashboard"),
    )
    date_order: Literal["mdy", "dmy", "ymd"] | None = setting(
        None,
        description="Order of day, month and year (mdy, dmy or ymd) in exports whose own dates do not decide it.",
        section=EXPORTS,
        services=("processor", "dashboard"),
    )
    activity_profiles: Annotated[tuple[str, ...], BeforeValidator(_names)] = setting(
        (),
        description=(
            "Netflix profiles of a ViewingActivity.csv that count for NETFLIX_PROFILE, separated by semicolons, until "
            "you say otherwise (./run.sh whose). Empty: you are asked."
        ),
        section=EXPORTS,
        services=("processor", "dashboard"),
    )
    shortest_view_seconds: int = setting(
        60,
        ge=0,
        le=3600,
        description="Plays in ViewingActivity.csv that are shorter than this are no views.",
        section=EXPORTS,
        services=("processor", "dashboard"),
    )
    tz: Annotated[str, BeforeValidator(_zone_name)] = setting(
        "",
        description=(
            "Time zone in which days and weeks are cut, such as Europe/Berlin. Empty: this machine's if "
            "started by ./run.sh, UTC if started by docker compose."
        ),
        section=EXPORTS,
        services=("scraper", "processor", "publisher", "dashboard"),
    )
    aggregator_name: Annotated[str, AfterValidator(plain_name)] = setting(
        "",
        description="What the aggregator calls itself beside its address, up to 60 characters; everybody may read it.",
        section=AGGREGATOR,
        services=("aggregator",),
    )
    catalogue: Path | None = setting(
        None,
        description="Catalogue file that the aggregator builds the vocabulary from; empty: the starter catalogue.",
        section=AGGREGATOR,
        services=("aggregator",),
        is_mounted=True,
    )
    catalogue_since: int | None = setting(
        None,
        ge=1880,
        le=2100,
        description="Leave out of the catalogue what is known to be older than this year.",
        section=AGGREGATOR,
        services=("aggregator",),
    )
    survey_odds: Annotated[Fraction, BeforeValidator(parse_odds)] = setting(
        Fraction(8),
        gt=1,
        description="Odds the aggregator asks for: how much one report may multiply the odds of any guess.",
        section=AGGREGATOR,
        services=("aggregator",),
    )
    survey_shows: Annotated[int, BeforeValidator(_list_length)] = setting(
        50,
        ge=2,
        le=LONGEST_SUMMED_LIST,
        description=(
            f"Shows the aggregator asks about in a week: 2 to {LONGEST_LIST}, or to {LONGEST_SUMMED_LIST} where "
            "SURVEY_MODE is one or two."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    use_chart: bool = setting(
        False,
        description=(
            "Whether the order of the chart that a list begins with, and then of the catalogue, may fill in the "
            "filtered shares of trends.json, labelled as public."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    enrolment: Literal["automatic", "list"] = setting(
        "automatic",
        description=(
            "Who takes part: automatic (whoever shares a valid manifest) or list (only who is on the "
            "aggregator's list)."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    operator: bool = setting(
        False,
        description=(
            "Whether the aggregator has an operator's view on /operator/; its token is printed when it starts."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    operator_token: str = setting(
        "",
        repr=False,
        description="Token of the operator's view, at least 20 characters; give OPERATOR_TOKEN_FILE.",
        section=INSIDE,
        services=("aggregator",),
    )
    redis_host: str = setting(
        "redis",
        description="Host of the Redis server.",
        section=INSIDE,
        services=("scraper", "processor", "publisher", "dashboard"),
    )
    redis_port: int = setting(
        6379,
        ge=1,
        le=65535,
        description="Port of the Redis server.",
        section=INSIDE,
        services=("scraper", "processor", "publisher", "dashboard"),
    )
    redis_user: str = setting(
        "default",
        description="Redis ACL user of this process.",
        section=INSIDE,
        services=("scraper", "processor", "publisher", "dashboard"),
    )
    redis_password: str = setting(
        "",
        repr=False,
        description="Its password; give REDIS_PASSWORD_FILE.",
        section=INSIDE,
        services=("scraper", "processor", "publisher", "dashboard"),
    )
    limit_odds: Annotated[Fraction, BeforeValidator(parse_odds)] = setting(
        Fraction(8),
        description=(
            "Largest odds of one report: how much it may multiply the odds of any guess about a week. 8 is "
            "epsilon 2.08."
        ),
        section=LIMITS,
        services=("publisher", "dashboard"),
    )
    limit_reports_per_year: int = setting(
        13,
        ge=0,
        le=53,
        description="Most reports in any 52 weeks.",
        section=LIMITS,
        services=("publisher", "dashboard"),
    )
    limit_questions: Annotated[frozenset[str], BeforeValidator(_questions)] = setting(
        QUESTIONS,
        description="Questions that may be answered, separated by commas.",
        section=LIMITS,
        services=("publisher", "dashboard"),
    )
    join: Literal["at_once", "ask"] = setting(
        "ask",
        description=(
            "ask: nothing leaves before ./run.sh join (or Join on your page). at_once: the same for the first report; "
            "who has answered before and never said so goes on. A trial, where nothing leaves, answers at once."
        ),
        section=LIMITS,
        services=("publisher", "dashboard"),
    )
    poll_seconds: float = setting(
        2.0,
        gt=0,
        le=3600,
        description="How often folders are looked at.",
        section=INSIDE,
        services=("scraper", "processor", "publisher", "aggregator", "helper"),
    )
    web_host: str = setting(
        "127.0.0.1",
        description="Address the aggregator's or helper's page is served on.",
        section=INSIDE,
        services=("aggregator", "helper"),
    )
    web_port: int = setting(
        8650,
        ge=1,
        le=65535,
        description="Port the aggregator's or helper's page is served on.",
        section=INSIDE,
        services=("aggregator", "helper"),
    )
    dashboard_port: int = setting(
        8651,
        ge=1,
        le=65535,
        description="Port of the participant's page on 127.0.0.1.",
        section=PAGE,
        services=("dashboard",),
        is_mounted=True,
    )
    frame_origin: LocalOrigin = setting(
        "",
        description=(
            "Page on this machine that may show yours in a frame, such as http://localhost:8080 for SyftUI there; "
            "empty: none."
        ),
        section=PAGE,
        services=("dashboard",),
    )

    @model_validator(mode="after")
    def _keep_private_out_of_datasites(self) -> Self:
        """SyftBox uploads everything below a datasite in clear, also a folder named `private`."""
        for name in ("private_dir", "publisher_dir", "aggregator_dir", "helper_dir", "output_dir", "scraper_dir"):
            folder = getattr(self, name).resolve()
            if folder.is_relative_to(self.datasites_dir.resolve()) or "datasites" in folder.parts:
                raise ValueError(f"{name.upper()} lies below a folder of datasites, which is uploaded; name another")
        return self

    @model_validator(mode="after")
    def _keep_trials_apart(self) -> Self:
        """Nothing of a trial lies among the datasites of others."""
        if self.is_trial and recognized(self.datasites_dir):
            raise ValueError(
                "DATASITES_DIR is SyftBox's own folder, but SYFTBOX_EMAIL is still the example; name your address "
                "(./run.sh setup finds it)"
            )
        return self

    @model_validator(mode="after")
    def _keep_the_calendar(self) -> Self:
        """Rounds that close in minutes are for a demo: nobody can have an address of example.net (RFC 2606)."""
        if self.demo_round_seconds and not is_of_demo_network(self.aggregator_datasite):
            raise ValueError("DEMO_ROUND_SECONDS is for ./run.sh demo --network; leave it out")
        return self

    @model_validator(mode="after")
    def _keep_lists_short(self) -> Self:
        if self.survey_mode == "local" and self.survey_shows > LONGEST_LIST:
            raise ValueError(
                f"SURVEY_SHOWS is {self.survey_shows}; where SURVEY_MODE is local a list has at most {LONGEST_LIST} "
                "shows: give a shorter one, or let operators sum the answers"
            )
        return self

    @property
    def is_trial(self) -> bool:
        """Whether both datasites are examples, as the settings come: nobody runs the aggregator, so its first surveys
        are answered and the datasite is set up here, and the whole path can be tried on one machine.
        """
        return is_trial(self.syftbox_email, self.aggregator_datasite)

    @property
    def has_aggregator(self) -> bool:
        """Whether an aggregator is chosen; nobody runs the example."""
        return self.aggregator_datasite != EXAMPLE_AGGREGATOR

    @property
    def records_dir(self) -> Path:
        """The folder with the ledger: PUBLISHER_DIR, and one of its own in a trial, which uses up no real round."""
        return records_of(self.publisher_dir, self.syftbox_email, self.aggregator_datasite)

    @property
    def operator_datasite(self) -> str:
        """The own datasite of the operator that ROLE names; empty if the helper's is not known."""
        return self.helper_datasite if self.role == "helper" else self.aggregator_datasite

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone in which days are cut, None for the machine's."""
        return ZoneInfo(self.tz) if self.tz else None

    @property
    def limits(self) -> Limits:
        """What this participant allows."""
        return Limits(
            odds=self.limit_odds, reports_per_year=self.limit_reports_per_year, questions=self.limit_questions
        )


def _in_environment() -> dict[str, str]:
    """Return the variables that are settings, in upper or lower case. An empty one counts as unset."""
    set_ones = ((name.lower(), value) for name, value in os.environ.items() if value)
    return {name: value for name, value in set_ones if name in Settings.model_fields}


def _in_files() -> dict[str, str]:
    """Return the content of the files that variables `<NAME>_FILE` name. Raises SettingsError."""
    named = ((name, f"{name.upper()}_FILE") for name in Settings.model_fields)
    return {name: _read_file(variable, path) for name, variable in named if (path := os.environ.get(variable))}


def _read_file(variable: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}={path}: cannot be read ({cause(error)})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}={path}: is not UTF-8 text") from None


def load_settings(**overrides: Any) -> Settings:
    """Read the settings: an override goes before the environment, and this before the files that it names.

    Raises SettingsError that names every wrong one and says what it is for.
    """
    try:
        return Settings(**{**_in_files(), **_in_environment(), **overrides})
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            said = expected(problem)
            if not problem["loc"]:  # several settings together, which the message names
                lines.append(f"{said}.")
                continue
            name = str(problem["loc"][0])
            field = Settings.model_fields.get(name.lower())
            lines.append(f"{name.upper()}: {said}. {field.description if field else ''}".strip())
        raise SettingsError("\n".join(lines)) from None
