"""Settings for who watches whether everything works: notices to a participant, metrics for an operator. All are off."""

from __future__ import annotations

from netflix_trend.declaring import AGGREGATOR, PAGE, SettingsPart, WebAddress, setting


class WatchSettings(SettingsPart):
    """The part of `Settings` that is about being watched."""

    notice_url: WebAddress = setting(
        "",
        repr=False,
        description=(
            "Address that is asked for while everything works, and with /fail behind it while something is wrong, such "
            "as a check of healthchecks.io: its silence is the alarm. Nothing about you is sent; empty: none."
        ),
        section=PAGE,
        services=("scraper",),
    )
    notice_topic: WebAddress = setting(
        "",
        repr=False,
        description=(
            "Address of a topic of ntfy, such as https://ntfy.sh/TOPIC, which gets a fixed sentence when something "
            "goes wrong and when it is right again; empty: none."
        ),
        section=PAGE,
        services=("scraper",),
    )
    metrics: bool = setting(
        False,
        description=(
            "Whether /metrics on the port of the aggregator's or the helper's page has current counts for Prometheus, "
            "for this machine alone."
        ),
        section=AGGREGATOR,
        services=("aggregator", "helper"),
    )
