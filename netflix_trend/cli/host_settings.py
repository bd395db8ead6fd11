"""Settings in .env for Compose and for this command, which no service reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostSetting:
    """A setting, declared like those of services in `netflix_trend.settings`. is_off: a comment in .env.example."""

    name: str
    default: str
    description: str
    section: str
    is_off: bool = False


HOST_SETTINGS = (
    HostSetting(
        "MODE",
        "",
        "Where your data lies: containers (volumes of Docker's services) or folders (of this machine). "
        "Written at first use.",
        "Your data",
    ),
    HostSetting(
        "COMPOSE_PROFILES",
        "syftbox",
        "Without SyftBox on this machine: its client in a container. Name your server, too, and put the access token "
        "into the file syftbox_token in SYFTBOX_TOKEN_DIR.",
        "SyftBox",
        is_off=True,
    ),
    HostSetting("SYFTBOX_SERVER_URL", "", "Server of the client in a container.", "SyftBox", is_off=True),
    HostSetting("SYFTBOX_TOKEN_DIR", "./syftbox-token", "Folder with the file syftbox_token.", "SyftBox", is_off=True),
    HostSetting("SECRETS_DIR", "./secrets", "Folder with the file netflix_password.", "The browser"),
    HostSetting(
        "SCRAPER_TARGET", "browser", "Image of the scraper: browser, or import for a small one without.", "The browser"
    ),
    HostSetting("LOGIN_PORT", "8765", "Port of the page of ./run.sh login on 127.0.0.1.", "The browser", is_off=True),
    HostSetting(
        "PARTICIPANT_UID",
        "1000",
        "User that owns the folders above (the output of: id -u). ./run.sh sets it for you.",
        "Containers",
    ),
    HostSetting("PARTICIPANT_GID", "1000", "Group that owns them (the output of: id -g).", "Containers"),
    HostSetting(
        "SYFTBOX_STATE",
        "",
        "Folder in DATASITES_DIR with what SyftBox knows about your files: .cache on PySyft v2. ./run.sh sets it.",
        "Containers",
        is_off=True,
    ),
    HostSetting(
        "IMPORT_MEMORY",
        "1g",
        "Memory of the service that reads your files. One that says it needs more: 2g.",
        "Containers",
        is_off=True,
    ),
    HostSetting(
        "SERVICE_CPUS",
        "1",
        "Processors that each service may use at most, such as 2 or 0.5; no more than the machine has.",
        "Containers",
        is_off=True,
    ),
    HostSetting(
        "IMAGE",
        "",
        "Where built images are, such as registry.example.com/netflix-trend, or netflix-trend after docker load. Then "
        "nothing is built here. Empty: images are built.",
        "Containers",
    ),
    HostSetting("IMAGE_TAG", "latest", "Tag of the images, such as 0.3.0.", "Containers", is_off=True),
    HostSetting("BASE", "debian:trixie-slim", "Base image of all services, for building.", "Containers"),
    HostSetting(
        "SYFTBOX_BASE",
        "debian:bookworm-slim",
        "Base image of the SyftBox client, for building.",
        "Containers",
        is_off=True,
    ),
    HostSetting("REDIS_IMAGE", "redis:8", "Image of the queue.", "Containers", is_off=True),
    HostSetting(
        "COMPOSE_PROJECT_NAME",
        "netflix-trend",
        "Name of the services and their volumes; another one has data of its own.",
        "Containers",
        is_off=True,
    ),
    HostSetting(
        "AGGREGATOR_MODE",
        "",
        "Where the aggregator works: containers or folders (AGGREGATOR_DIR). Written at first use.",
        "An aggregator",
    ),
    HostSetting("AGGREGATOR_PORT", "8650", "Port of the aggregator's page on 127.0.0.1.", "An aggregator", is_off=True),
    HostSetting(
        "AGGREGATOR_POLL_SECONDS", "30", "How often the aggregator looks at datasites.", "An aggregator", is_off=True
    ),
    HostSetting(
        "OPERATOR_TOKEN_FILE",
        "",
        "File with a token of your own for the operator's view, at least 20 characters.",
        "An aggregator",
        is_off=True,
    ),
    HostSetting(
        "HELPER_MODE",
        "",
        "Where the helper works: containers or folders (HELPER_DIR). Written at first use.",
        "A helper",
    ),
    HostSetting("HELPER_PORT", "8652", "Port of the helper's page on 127.0.0.1.", "A helper", is_off=True),
    HostSetting("HELPER_POLL_SECONDS", "30", "How often the helper looks at datasites.", "A helper", is_off=True),
)
