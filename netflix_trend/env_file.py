"""The file .env: settings as lines `NAME=value`, changed one by one while everything else in it stays.

Compose and python-dotenv read it, so a value is written in a way that both understand alike.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from netflix_trend.storage.files import write_atomically

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Needs no quotes in either reader.
_PLAIN = re.compile(r"[\w@%+:,./~-]*", re.ASCII)
_EXPORT = re.compile(r"\s*export\s+")


class EnvFileError(ValueError):
    """A value cannot stand in .env; the message says why."""


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return the text of .env with these values; comments, order, `export`, quotes and other lines stay.

    Where a name stands more than once, the last one counts for readers and is changed. A name that is only in a
    comment, as in .env.example, is set behind that comment; others are added at the end. An empty value is not added.
    Raises EnvFileError.
    """
    bindings = list(parse_stream(io.StringIO(text)))
    places = {one.key: place for place, one in enumerate(bindings) if one.key}
    parts = [one.original.string for one in bindings]
    added: list[str] = []
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise EnvFileError(f"{name!r} is not the name of a setting")
        if name in places:
            parts[places[name]] = _changed(bindings[places[name]], name, value)
        elif value:
            line = f"{name}={_quoted(name, value)}\n"
            at = next((place for place, part in enumerate(parts) if _comment(part, name)), None)
            if at is None:
                added.append(line)
            else:
                parts[at] = _behind_comment(parts[at], name, line)
    whole = "".join(parts)
    return whole + ("\n" if added and whole and not whole.endswith("\n") else "") + "".join(added)


def set_values(path: Path, values: Mapping[str, str]) -> None:
    """Change values in the file, which is made if there is none. Its permissions stay. Raises EnvFileError, OSError."""
    path = path.resolve()  # a link stays a link
    try:
        # Without translating line ends, which belong to the person.
        text, mode = path.read_bytes().decode("utf-8"), path.stat().st_mode & 0o777
    except FileNotFoundError:
        text, mode = "", 0o600
    except UnicodeDecodeError:
        raise EnvFileError(f"{path} is not UTF-8 text; save it as UTF-8, or edit it by hand") from None
    new = with_values(text, values)
    if new != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, new.encode(), mode=mode)


def _comment(part: str, name: str) -> re.Match[str] | None:
    return re.search(rf"(?m)^[ \t]*#[ \t]?{name}=.*\n?", part)


def _behind_comment(part: str, name: str, line: str) -> str:
    found = _comment(part, name)
    assert found
    before = part[: found.end()]
    return f"{before}{'' if before.endswith(chr(10)) else chr(10)}{line}{part[found.end() :]}"


def _changed(old: Binding, name: str, value: str) -> str:
    """Return the lines of an assignment with another value, in the quotes that it had."""
    line = old.original.string
    if (old.value or "") == value:
        return line
    start = line[: len(line) - len(line.lstrip("\r\n"))]
    export = found[0] if (found := _EXPORT.match(line[len(start) :])) else ""
    before = line.partition("=")[2].lstrip()[:1]
    comment = found[0].rstrip("\r\n") if before not in ("'", '"') and (found := re.search(r"\s+#.*", line)) else ""
    end = line[len(line.rstrip("\r\n")) :]
    return f"{start}{export}{name}={_quoted(name, value, before)}{comment}{end}"


def _quoted(name: str, value: str, before: str = "") -> str:
    """Return a value as it stands in .env; before: the quote that it had."""
    if not value.isprintable():
        raise EnvFileError(f"{name}: a value in .env is one line of printable text")
    if _PLAIN.fullmatch(value) and (before not in ("'", '"') or not value):
        return value
    if "'" not in value and "\\" not in value and (before != '"' or _has_meaning(value)):
        return f"'{value}'"
    if _has_meaning(value):
        raise EnvFileError(f"{name}: a value with a quote cannot contain $, \\, ` or a double quote")
    return f'"{value}"'


def _has_meaning(value: str) -> bool:
    """Whether a value in double quotes would be read as another one."""
    return bool(set(value) & set('$\\`"'))
