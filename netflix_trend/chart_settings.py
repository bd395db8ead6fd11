"""Settings of public charts: where an aggregator gets them, and how long rounds wait for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from netflix_trend.declaring import AGGREGATOR, SettingsPart, WebAddress, setting

# Netflix publishes a week's lists on the Tuesday after it; so many days after the Sunday is Thursday.
CHART_DAYS = 4


def _country(value: Any) -> Any:
    code = str(value).strip().upper()
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise ValueError("expected the two letters of a country, such as DE, or nothing")
    return code


class ChartSettings(SettingsPart):
    """The part of `Settings` that is about public charts."""

    charts_dir: Path = setting(
        Path("/charts"),
        description=(
            "Folder for public charts: put Netflix's weekly lists, or What We Watched, here as downloaded. A week's "
            "list of shows begins with its chart."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
        on_host="./charts",
    )
    chart_country: Annotated[str, BeforeValidator(_country)] = setting(
        "",
        description="Country whose weekly lists are used, two letters such as DE; empty: the whole world's.",
        section=AGGREGATOR,
        services=("aggregator",),
    )
    chart_days: int = setting(
        CHART_DAYS,
        ge=1,
        le=6,
        description=(
            "Days after the Sunday that ends a week; from then on its round is asked without its own chart. 4: "
            "Thursday, and never later where SURVEY_MODE is one or two. Who gives no charts waits for none."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
    chart_url: WebAddress = setting(
        "",
        description=(
            "Address of a weekly list, http or https, fetched while the week's chart is missing; empty: none. The "
            "container has no way out: see docs/operations.md."
        ),
        section=AGGREGATOR,
        services=("aggregator",),
    )
