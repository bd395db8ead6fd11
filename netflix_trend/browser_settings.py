"""Settings of the browser that fetches a history. `netflix_trend.settings` reads them with all others."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from netflix_trend.declaring import BROWSER, INSIDE, SettingsPart, setting


class BrowserSettings(SettingsPart):
    """The part of `Settings` that is about the browser."""

    netflix_email: str = setting(
        "",
        repr=False,
        description="E-mail address of the Netflix account; only for SCRAPE_WITH=password.",
        section=BROWSER,
        services=("scraper",),
    )
    netflix_password_file: Path | None = setting(
        None,
        description="File with the account's password; only for SCRAPE_WITH=password, never given otherwise.",
        section=INSIDE,
        services=("scraper",),
    )
    netflix_profile_name: str = setting(
        "",
        repr=False,
        description="Name of the profile on Netflix, exactly; empty: NETFLIX_PROFILE.",
        section=BROWSER,
        services=("scraper",),
    )
    netflix_profile_guid: str = setting(
        "",
        repr=False,
        pattern=r"^[A-Za-z0-9]{0,64}$",
        description="Its GUID, which is sturdier than the name (docs/scraper.md says where it is).",
        section=BROWSER,
        services=("scraper",),
    )
    scrape_every: Literal["off", "weekly"] = setting(
        "off",
        description=(
            "off or weekly: whether the browser fetches the history by itself; Netflix's terms forbid automated access."
        ),
        section=BROWSER,
        services=("scraper",),
    )
    scrape_with: Literal["cookies", "password"] = setting(
        "cookies",
        description=(
            "How it is signed in: cookies (you sign in: ./run.sh login or ./run.sh cookies) or password (of "
            "NETFLIX_EMAIL, in the file netflix_password in SECRETS_DIR)."
        ),
        section=BROWSER,
        services=("scraper",),
    )
    chromium_sandbox: Literal["auto", "on", "off"] = setting(
        "auto",
        description=(
            "Chromium's own sandbox: auto (without Docker on; in the container on where the kernel lets it, else off "
            "with a warning), on or off."
        ),
        section=BROWSER,
        services=("scraper",),
    )
    scraper_dir: Path = setting(
        Path("/scraper"),
        description="Folder with the browser's sign-in, schedule and last result, where MODE is folders.",
        section=BROWSER,
        services=("scraper",),
        on_host="./scraper",
        is_off=True,
    )
