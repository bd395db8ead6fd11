"""One list of settings: name, default, help. Every process reads its settings here and nowhere else.

A value comes from the environment variable of the same name in upper case, or, for any setting, from the file that
`<NAME>_FILE` names; secrets are only ever given as files.
"""

from __future__ import annotations

import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from netflix_trend.names import DATASITE_NAME, PROFILE_PATTERN
from netflix_trend.odds import parse_odds
from netflix_trend.survey.survey import QUESTIONS, Limits

# Nobody runs this one: with it everything can be tried on one machine.
EXAMPLE_AGGREGATOR = "aggregator@example.org"


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and says what is expected."""


def _datasite(value: Any) -> Any:
    text = str(value).strip().lower()
    if not DATASITE_NAME.fullmatch(text):
        raise ValueError("expected an e-mail address in plain ASCII, such as me@example.org")
    return text


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
    if str(value).strip() == "1":
        raise ValueError("one show is no question; expected 0 for the whole vocabulary, or at least 2")
    return value


Datasite = Annotated[str, BeforeValidator(_datasite)]


class Settings(BaseSettings):
    """All settings of all processes."""

    model_config = SettingsConfigDict(case_sensitive=False, env_ignore_empty=True, extra="ignore", frozen=True)

    aggregator_datasite: Datasite = Field(
        EXAMPLE_AGGREGATOR, description="E-mail address of the aggregator's datasite; it alone reads releases."
    )
    syftbox_email: Datasite = Field("me@example.org", description="E-mail address of the own datasite.")
    datasites_dir: Path = Field(Path("/datasites"), description="SyftBox folder with one folder for each datasite.")
    private_dir: Path = Field(
        Path("/private"), description="Private volume with raw exports and tables; never below a datasite."
    )
    publisher_dir: Path = Field(
        Path("/publisher"), description="Publisher's own volume with the ledger; losing it skips open rounds."
    )
    aggregator_dir: Path = Field(Path("/aggregator"), description="Aggregator's own volume.")
    output_dir: Path = Field(
        Path("/drop"), description="Drop folder: exports put here are imported (the browser downloads into it too)."
    )
    netflix_email: str = Field(
        "", repr=False, description="E-mail address of the Netflix account; only for SCRAPE_WITH=password."
    )
    netflix_password_file: Path | None = Field(
        None, description="File with the account's password; only for SCRAPE_WITH=password, never given otherwise."
    )
    netflix_profile_name: str = Field(
        "", repr=False, description="Name of the profile on Netflix, exactly; empty: NETFLIX_PROFILE."
    )
    netflix_profile_guid: str = Field(
        "", repr=False, pattern=r"^[A-Za-z0-9]{0,64}$", description="Its GUID, if several profiles have the same name."
    )
    scrape_every: Literal["off", "weekly"] = Field(
        "off", description="Whether the browser fetches the history by itself; Netflix's terms forbid automated access."
    )
    scrape_with: Literal["cookies", "password"] = Field(
        "cookies", description="How it is signed in: by you (./run.sh login, ./run.sh cookies) or with a password."
    )
    chromium_sandbox: Literal["auto", "on", "off"] = Field(
        "auto", description="Chromium's sandbox; auto: on where the kernel lets it, else off with a warning."
    )
    scraper_dir: Path = Field(Path("/scraper"), description="Scraper's own volume: sign-in, schedule, last result.")
    netflix_profile: str = Field(
        "me", pattern=PROFILE_PATTERN, description="Name under which the imported profile is stored."
    )
    date_order: Literal["mdy", "dmy", "ymd"] | None = Field(
        None, description="Order of day, month and year in exports whose own dates do not decide it."
    )
    activity_profiles: Annotated[tuple[str, ...], BeforeValidator(_names), NoDecode] = Field(
        (), description="Netflix profiles that count of a ViewingActivity.csv, separated by semicolons; empty: all."
    )
    shortest_view_seconds: int = Field(
        60, ge=0, le=3600, description="Plays in ViewingActivity.csv that are shorter than this are no views."
    )
    tz: Annotated[str, BeforeValidator(_zone_name)] = Field(
        "", description="Time zone in which days and weeks are cut, such as Europe/Berlin; empty: the machine's."
    )
    catalogue: Path | None = Field(
        None, description="Catalogue file the aggregator builds the vocabulary from; default: the starter catalogue."
    )
    catalogue_since: int | None = Field(
        None, ge=1880, le=2100, description="Leave out of the catalogue what is known to be older than this year."
    )
    survey_odds: Annotated[Fraction, BeforeValidator(parse_odds), NoDecode] = Field(
        Fraction(8),
        gt=1,
        description="Odds the aggregator asks for: how much one report may multiply the odds of any guess.",
    )
    survey_shows: Annotated[int, BeforeValidator(_list_length)] = Field(
        50,
        ge=0,
        le=20_000,
        description="Shows the aggregator asks about in a week; 0: the whole vocabulary with k=3.",
    )
    use_chart: bool = Field(
        False, description="Whether the order of the catalogue is a public chart that may fill in, labelled as such."
    )
    enrolment: Literal["automatic", "list"] = Field(
        "automatic",
        description="Who takes part: whoever shares a valid manifest, or only who is on the aggregator's list.",
    )
    operator: bool = Field(
        False, description="Whether the aggregator has an operator's view; its token is printed when it starts."
    )
    operator_token: str = Field(
        "", repr=False, description="Token of the operator's view, at least 20 characters; give OPERATOR_TOKEN_FILE."
    )
    redis_host: str = Field("redis", description="Host of the Redis server.")
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of the Redis server.")
    redis_user: str = Field("default", description="Redis ACL user of this process.")
    redis_password: str = Field("", repr=False, description="Its password; give REDIS_PASSWORD_FILE.")
    limit_odds: Annotated[Fraction, BeforeValidator(parse_odds), NoDecode] = Field(
        Fraction(8), description="Largest factor by which one report may change the odds of any guess about a week."
    )
    limit_reports_per_year: int = Field(13, ge=0, le=53, description="Most reports in any 52 weeks.")
    limit_questions: Annotated[frozenset[str], BeforeValidator(_questions), NoDecode] = Field(
        QUESTIONS, description="Questions that may be answered, separated by commas."
    )
    join: Literal["at_once", "ask"] = Field(
        "at_once", description="Whether surveys are answered at once, or only after ./run.sh join (or the dashboard)."
    )
    poll_seconds: float = Field(2.0, gt=0, le=3600, description="How often folders are looked at.")
    web_host: str = Field("127.0.0.1", description="Address the aggregator's page is served on.")
    web_port: int = Field(8650, ge=1, le=65535, description="Port the aggregator's page is served on.")
    dashboard_port: int = Field(8651, ge=1, le=65535, description="Port of the participant's page on 127.0.0.1.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of sources: arguments, environment, files named by `<NAME>_FILE`."""
        return init_settings, env_settings, _FileSource(settings_cls)

    @model_validator(mode="after")
    def _keep_private_out_of_datasites(self) -> Self:
        """SyftBox uploads everything below a datasite in clear, also a folder named `private`."""
        for name in ("private_dir", "publisher_dir", "aggregator_dir", "output_dir", "scraper_dir"):
            folder = getattr(self, name).resolve()
            if folder.is_relative_to(self.datasites_dir.resolve()) or "datasites" in folder.parts:
                raise ValueError(f"{name.upper()} lies below a folder of datasites, which is uploaded; name another")
        return self

    @property
    def is_trial(self) -> bool:
        """Whether both datasites are examples, as the settings come: nobody runs the aggregator, so its first surveys
        are answered and the datasite is set up here, and the whole path can be tried on one machine.
        """
        return self.aggregator_datasite == EXAMPLE_AGGREGATOR and self.syftbox_email.endswith("@example.org")

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


class _FileSource(PydanticBaseSettingsSource):
    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text("utf-8").strip(), field_name, False
        except OSError as error:
            raise SettingsError(f"{variable}={path}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise SettingsError(f"{variable}={path}: is not UTF-8 text") from None

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises SettingsError that names every wrong one and says what it is for."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            name = str(problem["loc"][0]) if problem["loc"] else "settings"
            field = Settings.model_fields.get(name.lower())
            lines.append(f"{name.upper()}: {problem['msg']}. {field.description if field else ''}".strip())
        raise SettingsError("\n".join(lines)) from None
