"""How a setting is declared: its section, the services that read it, and types that several settings share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from netflix_trend.names import DATASITE_NAME, parse_key

# Sections of .env.example and docs/settings.md.
DATA, SYFTBOX, EXPORTS, LIMITS, PAGE = "Your data", "SyftBox", "Exports", "Your limits", "Your page"
BROWSER = "The browser"
AGGREGATOR, HELPER, INSIDE = "An aggregator", "A helper", "Inside services"


class SettingsPart(BaseModel):
    """Base of the parts of `Settings`. A default is checked like a value, so that it may be written as one."""

    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True, validate_default=True)


@dataclass(frozen=True)
class Declared:
    """Where a setting belongs, for what is made from this list: .env.example, Compose files and docs/settings.md.

    services: those that read it; Compose passes it to each. on_host: its value in .env, where that is a folder of this
    machine and the default a mounted one. is_mounted: Compose passes it as a volume or a port. is_off: it is a
    comment in .env.example.
    """

    section: str
    services: tuple[str, ...]
    on_host: str = ""
    is_mounted: bool = False
    is_off: bool = False


def setting(
    default: Any,
    *,
    section: str,
    services: tuple[str, ...],
    on_host: str = "",
    is_mounted: bool = False,
    is_off: bool = False,
    **field: Any,
) -> Any:
    """Declare a setting. Nothing else has to be changed by hand: `./run.sh docs` writes the rest."""
    declared = Declared(section, services, on_host, is_mounted or bool(on_host), is_off)
    return Field(default, json_schema_extra={"declared": declared}, **field)  # type: ignore[dict-item]


def _datasite(value: Any) -> Any:
    text = str(value).strip().lower()
    if not DATASITE_NAME.fullmatch(text):
        raise ValueError("expected an e-mail address in plain ASCII, such as me@example.org")
    return text


def _key(value: Any) -> Any:
    return parse_key(str(value)).hex() if str(value).strip() else ""


_LOCAL_ORIGIN = re.compile(r"http://(127\.0\.0\.1|localhost)(:[1-9][0-9]{0,4})?")


def _local_origin(value: Any) -> Any:
    text = str(value).strip().lower().removesuffix("/")
    if text and (not (found := _LOCAL_ORIGIN.fullmatch(text)) or int((found[2] or ":80")[1:]) > 65535):
        raise ValueError(
            "expected one origin of this machine, http://localhost or http://127.0.0.1 with its port, such as "
            "http://localhost:8080, or nothing"
        )
    return text


def _web_address(value: Any) -> Any:
    address = str(value).strip()
    parts = urlsplit(address)
    if address and not (parts.scheme in ("http", "https") and parts.hostname and address.isprintable()):
        raise ValueError("expected an address that begins with http:// or https://, or nothing")
    return address


# An address of the web, or nothing.
WebAddress = Annotated[str, BeforeValidator(_web_address)]
Datasite = Annotated[str, BeforeValidator(_datasite)]
OptionalDatasite = Annotated[str, BeforeValidator(lambda value: _datasite(value) if str(value).strip() else "")]
# Fingerprint of an operator's key: 64 hexadecimal digits, or nothing.
Key = Annotated[str, BeforeValidator(_key)]
# Origin of a page on this machine, such as http://localhost:8080, or nothing. Not https: for browsers that is another
# site than our pages, so they would keep our cookie back.
LocalOrigin = Annotated[str, BeforeValidator(_local_origin)]
