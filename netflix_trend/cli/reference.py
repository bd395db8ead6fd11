"""Generated files: .env.example, the settings in Compose files, docs/settings.md and docs/commands.md."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from netflix_trend.catalogue.readers import STARTER_JSON, starter_json
from netflix_trend.cli.frame import EXIT_CODES, verb_of
from netflix_trend.cli.host_settings import HOST_SETTINGS
from netflix_trend.declaring import AGGREGATOR, BROWSER, DATA, EXPORTS, HELPER, INSIDE, LIMITS, PAGE, SYFTBOX
from netflix_trend.operator_settings import OperatorSettings
from netflix_trend.settings import Settings, declaration

SECTIONS = (DATA, EXPORTS, SYFTBOX, LIMITS, PAGE, BROWSER, "Containers", AGGREGATOR, HELPER)
NOTES = {
    BROWSER: "It fetches the history for you, off unless you ask for it. See docs/scraper.md.",
    AGGREGATOR: "For aggregators only.",
    HELPER: "For helpers of somebody else's aggregator only.",
    INSIDE: "Compose sets these; they are not for .env.",
}
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.aggregator.yml", "docker-compose.helper.yml")
BEGIN, END = "# Settings, written by ./run.sh docs", "# End of settings"
_WIDTH = 118


@dataclass(frozen=True)
class Row:
    """A setting as people see it. default: as text; services: those that read it, none for those of the host."""

    name: str
    default: str
    description: str
    section: str
    services: tuple[str, ...] = ()
    is_off: bool = False
    is_mounted: bool = False


def rows() -> list[Row]:
    """Return all settings in the order of their sections."""
    found = []
    # Settings of operators come last, because everybody needs the others.
    for name in sorted(Settings.model_fields, key=OperatorSettings.model_fields.__contains__):
        field, declared = Settings.model_fields[name], declaration(name)
        default = declared.on_host or text_of(field.default)
        description = field.description or ""
        found.append(
            Row(
                name.upper(),
                default,
                description,
                declared.section,
                declared.services,
                is_off=declared.is_off,
                is_mounted=declared.is_mounted,
            )
        )
    found += [Row(one.name, one.default, one.description, one.section, is_off=one.is_off) for one in HOST_SETTINGS]
    order = (*SECTIONS, INSIDE)
    return sorted(found, key=lambda row: (order.index(row.section), row.name != "MODE"))


def text_of(default: Any) -> str:
    """Return a default as it is written in .env."""
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, frozenset | tuple):
        return ",".join(sorted(default))
    if isinstance(default, Decimal | Fraction | int | float | str | Path):
        return str(default)
    raise TypeError(type(default))


def passed(service: str) -> dict[str, str]:
    """Return the settings that Compose passes to a service as variables, with their defaults."""
    return {
        row.name: row.default
        for row in rows()
        if service in row.services and row.section != INSIDE and not row.is_mounted
    }


# --- files


def files(root: Path, cli: click.Group) -> dict[Path, str]:
    """Return every generated file with its text."""
    made = {root / name: with_settings((root / name).read_text("utf-8")) for name in COMPOSE_FILES}
    return {
        **made,
        root / ".env.example": env_example(),
        root / "docs" / "settings.md": settings_page(),
        root / "docs" / "commands.md": commands_page(cli),
        root / "netflix_trend" / "catalogue" / "data" / STARTER_JSON.name: starter_json(),
    }


def with_settings(compose: str) -> str:
    """Return a Compose file with each service's settings brought up to date."""

    def block(found: re.Match[str]) -> str:
        indent, service = found["indent"], found["service"]
        lines = [
            f"{BEGIN}: {service}",
            *(f"{name}: ${{{name}:-{text}}}" for name, text in passed(service).items()),
            END,
        ]
        return "".join(f"{indent}{line}\n" for line in lines)

    pattern = rf"^(?P<indent> *){BEGIN}: (?P<service>\w+)\n(?:.*\n)*?(?P=indent){END}\n"
    return re.sub(pattern, block, compose, flags=re.MULTILINE)


def env_example() -> str:
    """Return .env.example."""
    text = "# Copy to .env. Nothing has to be changed to try it. A secret never goes in here: secrets are files.\n"
    text += "# Written by ./run.sh docs. What all of it means: docs/settings.md\n"
    for section in SECTIONS:
        text += f"\n# --- {section}\n"
        if section in NOTES:
            text += _comment(NOTES[section])
        for row in rows():
            if row.section == section:
                text += f"{_comment(row.description)}{'#' if row.is_off else ''}{row.name}={row.default}\n"
    return text


def _comment(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False) + "\n"


def settings_page() -> str:
    """Return docs/settings.md."""
    text = """# Settings

Written by `./run.sh docs` from `netflix_trend/settings.py`. They are environment variables, or lines of `.env`, which
Compose and `./run.sh` read alike; the environment goes before `.env`. Any setting of a service can come from a file
that `<NAME>_FILE` names; passwords only do. Folders with private data that lie below `DATASITES_DIR` are refused: they
would be uploaded.
"""
    for section in (*SECTIONS, INSIDE):
        text += f"\n## {section}\n\n"
        if section in NOTES:
            text += f"{NOTES[section]}\n\n"
        text += "| name | default | meaning | read by |\n|---|---|---|---|\n"
        for row in rows():
            if row.section == section:
                # The line is a comment in .env.example: an example of a value, not the default.
                default = "" if row.name == "COMPOSE_PROFILES" else row.default
                shown = f"`{default}`" if default else ""
                readers = ", ".join(row.services) or "Compose, `./run.sh`"
                text += f"| `{row.name}` | {shown} | {row.description} | {readers} |\n"
    return text


def commands_page(cli: click.Group) -> str:
    """Return docs/commands.md."""
    text = """# Commands

Written by `./run.sh docs` from `netflix_trend/cli`. `./run.sh VERB` in a clone, `netflix-trend VERB` where the package
is installed.

| exit code | meaning |
|---|---|
"""
    text += "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    text += """
A verb of Docker's services ends with Docker's own code where that is another one.

**Completion.** In bash `eval "$(_NETFLIX_TREND_COMPLETE=bash_source ./run.sh)"`, in zsh the same with `zsh_source`, in
fish `_NETFLIX_TREND_COMPLETE=fish_source ./run.sh | source`; put the line into the shell's start file to keep it.
"""
    door = click.Context(cli, info_name="./run.sh", terminal_width=100, **cli.context_settings)
    for context in _contexts(door):
        help_text = context.command.get_help(context)
        text += f"\n## {' '.join(verb_of(context))}\n\n```text\n{_without_blanks(help_text)}\n```\n"
    return text


def _contexts(door: click.Context) -> Iterator[click.Context]:
    """Yield the context of every visible verb."""
    assert isinstance(door.command, click.Group)
    for name, command in door.command.commands.items():
        if not command.hidden:
            context = click.Context(command, parent=door, info_name=name)
            yield context
            if isinstance(command, click.Group):
                yield from _contexts(context)


def _without_blanks(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())
