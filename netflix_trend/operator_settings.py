"""Settings of the modes in which operators sum sealed answers: how a survey is asked, and whom each party trusts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from netflix_trend.declaring import (
    AGGREGATOR,
    HELPER,
    INSIDE,
    LIMITS,
    SYFTBOX,
    Key,
    OptionalDatasite,
    SettingsPart,
    setting,
)

MODES = frozenset({"local", "one", "two"})


def _modes(value: Any) -> Any:
    names = frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    if not names <= MODES:
        raise ValueError(f"expected any of {', '.join(sorted(MODES))}, separated by commas")
    return names


class OperatorSettings(SettingsPart):
    """The part of `Settings` that is about operators."""

    survey_mode: Literal["local", "one", "two"] = setting(
        "local",
        description=(
            "How answers become statistics: local (each is randomized at home), one (sealed; this aggregator "
            "alone adds them up and is trusted) or two (sealed; a helper and this aggregator add them up together)."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    smallest_change: int = setting(
        10,
        ge=1,
        le=1_000_000,
        description=(
            "Fewest answers to a question by which its published statistics change, at most once a day, where "
            "SURVEY_MODE is local; 1: with every answer, at once."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    smallest_answers: int = setting(
        20,
        ge=1,
        le=1_000_000,
        description=(
            "Fewest answers to a question of a week before anything of them is published, where SURVEY_MODE is local; "
            "fewer stay withheld, also when the week is closed. Elsewhere it is SMALLEST_BATCH."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    page_language: Literal["en", "de", "es", "pt", "tr"] = setting(
        "en",
        description="Language of the aggregator's public pages: en, de, es, pt or tr.",
        section=AGGREGATOR,
        services=("aggregator",),
    )
    survey_preset: Literal["x8", "x3"] = setting(
        "x8",
        description=(
            "Privacy loss of a week where SURVEY_MODE is one or two: x8 (odds 8, epsilon 2.08; below about 300 "
            "people) or x3 (odds 3, epsilon 1.10; from about 500)."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    smallest_batch: int = setting(
        20,
        ge=2,
        le=1_000_000,
        description="Fewest people in a sum that is published, where SURVEY_MODE is one or two.",
        section=AGGREGATOR,
        services=("aggregator",),
    )
    demo_round_seconds: int = setting(
        0,
        ge=0,
        le=86_400,
        description=(
            "For the demo network alone: seconds until the early batch of a round closes; 0: the Friday after the "
            "week's chart. Refused unless the aggregator's address is one of example.net."
        ),
        section=INSIDE,
        services=("aggregator",),
    )
    processes: int | None = setting(
        None,
        ge=1,
        le=64,
        description=(
            "How many processes of this machine read datasites and verify sealed reports at a time. Empty: one for "
            "each processor, at most 8, where many datasites are read, and one for reports."
        ),
        section=AGGREGATOR,
        services=("aggregator", "helper"),
    )
    cluster: str = setting(
        "",
        pattern=r"^(tls://[^\s/]+:[0-9]{1,5})?$",
        description=(
            "Address of a cluster's scheduler, such as tls://scheduler:8786, where jobs run; empty: on this machine."
        ),
        section=INSIDE,
        services=("aggregator", "helper"),
    )
    cluster_dir: Path = setting(
        Path("/certificates"),
        description="Folder with this process's certificate in the cluster.",
        section=INSIDE,
        services=("aggregator", "helper"),
    )
    role: Literal["aggregator", "helper"] = setting(
        "aggregator",
        description="What the aggregator's image is: aggregator, or helper of somebody else's aggregator.",
        section=INSIDE,
        services=("aggregator", "helper"),
    )
    helper_datasite: OptionalDatasite = setting(
        "",
        description="E-mail address of the helper's datasite; empty: there is none.",
        section=SYFTBOX,
        services=("publisher", "dashboard", "aggregator", "helper"),
    )
    aggregator_key: Key = setting(
        "",
        description=(
            "Fingerprint of the aggregator's key, 64 hexadecimal digits; get it from its operator by another way "
            "than SyftBox."
        ),
        section=SYFTBOX,
        services=("publisher", "dashboard", "helper"),
    )
    helper_key: Key = setting(
        "",
        description="Fingerprint of the helper's key, likewise.",
        section=SYFTBOX,
        services=("publisher", "dashboard", "aggregator"),
    )
    limit_modes: Annotated[frozenset[str], BeforeValidator(_modes)] = setting(
        frozenset({"local", "two"}),
        description=(
            "Modes in which surveys are answered, separated by commas: local, two (two operators, one of whom has to "
            "be honest) and one (one operator, whom you trust)."
        ),
        section=LIMITS,
        services=("publisher", "dashboard"),
    )
    limit_rho_per_year: Decimal = setting(
        Decimal("5.62"),
        gt=0,
        le=1000,
        description=(
            "Largest privacy loss (rho) of sealed answers in any 52 weeks. 5.62 is 52 weeks of the preset x8: epsilon "
            "20.9 at delta 1e-6."
        ),
        section=LIMITS,
        services=("publisher", "dashboard"),
    )
    limit_batch: int = setting(
        20,
        ge=2,
        le=1_000_000,
        description="Fewest people in a sum that your sealed answer may be part of.",
        section=LIMITS,
        services=("publisher", "dashboard"),
    )
    helper_dir: Path = setting(
        Path("/helper"),
        description="Folder with the helper's key, database and list, where HELPER_MODE is folders.",
        section=HELPER,
        services=("helper",),
        on_host="./helper",
        is_off=True,
    )
    helper_rho_per_round: Decimal = setting(
        Decimal("0.108"),
        gt=0,
        le=1000,
        description="Largest privacy loss (rho) of a round that the helper takes part in. 0.108 allows the preset x8.",
        section=HELPER,
        services=("helper",),
    )
    helper_rho_per_year: Decimal = setting(
        Decimal("5.62"),
        gt=0,
        le=1000,
        description="Largest privacy loss (rho) of all rounds in any 52 weeks. 5.62 is 52 weeks of the preset x8.",
        section=HELPER,
        services=("helper",),
    )
    helper_smallest_batch: int = setting(
        20,
        ge=2,
        le=1_000_000,
        description="Fewest people in a sum that the helper gives its share of.",
        section=HELPER,
        services=("helper",),
    )
    helper_enrolment: Literal["automatic", "list"] = setting(
        "automatic",
        description=(
            "Whose reports the helper counts: automatic (anybody's) or list (only who is on the helper's own list)."
        ),
        section=HELPER,
        services=("helper",),
    )
