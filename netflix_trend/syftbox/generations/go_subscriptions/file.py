"""The file with the rules about subscriptions, in the shape that SyftBox's clients write it.

It is YAML, of which only that shape is understood; anything else is refused and left alone. New rules go behind the
others; all other lines, also comments, stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from netflix_trend.storage.files import read_own, write_atomically
from netflix_trend.syftbox.generations.go_subscriptions.rules import Rule, Rules, action_in, as_lines

LARGEST_FILE = 262_144
_EMPTY = "version: 1\ndefaults:\n  action: block\nrules: []\n"
_LINE = re.compile(r"(?P<indent> *)(?P<item>- +)?(?P<key>[a-z]+):(?: +(?P<value>.*))?")
# What YAML would take for something else than text.
_NOT_PLAIN = re.compile(r"[\s\-?:,\[\]{}#&*!|>'\"%@`]|.*(?:: |:$| #)")
_NOTHING = ("", "~", "null")


class UnknownShape(Exception):
    """The file is not in the shape that SyftBox's clients write."""


def read_rules(path: Path) -> Rules:
    """Return the rules in a file; those of a client without a file if there is none. Raises UnknownShape."""
    return parse(_text(path))


def add_rules(path: Path, rules: Sequence[Rule]) -> None:
    """Append rules to the file, which is made if there is none. Raises UnknownShape, and then changes nothing."""
    text = _text(path)
    changed = with_rules(text, rules)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, changed.encode(), mode=0o600)


def _text(path: Path) -> str:
    data = read_own(path, LARGEST_FILE)
    if data is None:
        if path.is_symlink() or path.exists():
            raise UnknownShape("it is not a plain file of at most 256 KiB that this user may read")
        return _EMPTY
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnknownShape("it is not UTF-8 text") from None


def parse(text: str) -> Rules:
    """Return the rules in a text. Raises UnknownShape."""
    default, rules, section, seen = "", list[dict[str, str]](), "", set[str]()
    for number, line in enumerate(_lines(text), 1):
        if not _says_something(line) or (number == 1 and line == "---"):
            continue
        found = _LINE.fullmatch(line.rstrip())
        if not found:
            raise UnknownShape(f"line {number} is of another shape")
        key, value = found["key"], _scalar(found["value"] or "", number)
        if value == "[]" and (key != "rules" or found["indent"]):
            raise UnknownShape(f"line {number} is of another shape")
        if not found["indent"] and not found["item"]:
            section = key
            # Of a repeated part, some readers take the first and others the last.
            is_known = section in {"version", "defaults", "rules"} - seen
            seen.add(section)
            if (
                not is_known
                or (section == "rules" and value not in {"", "[]"})
                or (section == "version" and value != "1")
            ):
                raise UnknownShape(f"line {number} is of another shape")
        elif section == "defaults" and key == "action":
            default = value
        elif section == "rules" and key in {"action", "datasite", "path"} and (found["item"] or rules):
            rules += [{}] if found["item"] else []
            if key in rules[-1]:
                raise UnknownShape(f"line {number} repeats {key}")
            rules[-1][key] = value
        else:
            raise UnknownShape(f"line {number} is of another shape")
    try:
        made = [Rule(action_in(one.get("action", "")), one.get("datasite", ""), one.get("path", "")) for one in rules]
        return Rules(action_in(default), tuple(made))
    except ValueError as problem:
        raise UnknownShape(str(problem)) from None


def with_rules(text: str, rules: Sequence[Rule]) -> str:
    """Return the text with rules behind the others. Raises UnknownShape where they would not be read back."""
    before = parse(text)
    lines = _lines(text.rstrip("\n"))
    starts = [number for number, line in enumerate(lines) if re.match(r"rules:", line)]
    if not starts:
        lines, starts = [*lines, "rules:"], [len(lines)]
    lines[starts[0]] = re.sub(r"\[\]", "", lines[starts[0]]).rstrip()
    start = starts[0] + 1
    inside = list(takewhile(lambda line: not re.match("[a-z]", line), lines[start:]))
    items = [line for line in inside if line.lstrip().startswith("- ")]
    indent = items[0][: len(items[0]) - len(items[0].lstrip())] if items else "  "
    end = max((number for number, line in enumerate(inside, start + 1) if _says_something(line)), default=start)
    lines[end:end] = as_lines(rules, indent)
    changed = "\n".join([*lines, ""])
    if parse(changed) != Rules(before.default, (*before.rules, *rules)):
        raise UnknownShape("rules cannot be added to it safely")
    return changed


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _scalar(text: str, number: int) -> str:
    """Return a value as text; empty for none. Raises UnknownShape for other values than text."""
    text = text.strip()
    quoted = re.fullmatch(r"'((?:[^']|'')*)'(?: +#.*)?", text)
    if quoted:
        return quoted[1].replace("''", "'")
    if double := re.fullmatch(r'("(?:[^"\\]|\\.)*")(?: +#.*)?', text):
        try:
            return str(json.loads(double[1]))
        except ValueError:
            raise UnknownShape(f"line {number}: a text with unknown escapes") from None
    text = re.sub(r"(^| +)#.*", "", text)
    if text in _NOTHING or text == "[]":
        return "" if text in _NOTHING else text
    if _NOT_PLAIN.match(text):
        raise UnknownShape(f"line {number} has a value of another shape")
    return text
