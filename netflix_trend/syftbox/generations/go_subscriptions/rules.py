"""Rules about subscriptions: what of other datasites a client downloads. Pure functions.

The last rule that matches decides. The file and its meaning are SyftBox's; the clients in Go and Rust read a `*`
differently, and what we need has to arrive with both.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from netflix_trend.names import APP_NAME, DATASITE_NAME, EXAMPLE_AGGREGATOR

Action = Literal["allow", "pause", "block"]
_ACTIONS: dict[str, Action] = {"allow": "allow", "pause": "pause", "block": "block", "deny": "block", "": "block"}
_ANYBODY = "*"
# A rule for every datasite counts as there when it lets these addresses, which nobody has, through.
_STRANGERS = ("a@b.example", "some.body+else@mail.example")
# A longer pattern matches nothing here.
_LONGEST_PATTERN = 200
_MOST_ALTERNATIVES = 64
_BRACES = re.compile(r"\{([^{}]*)\}")
_TOKENS = re.compile(r"(?:(?<=^)|(?<=/))\*\*/|\*+|\[[!^]?[^\]]+\]|.", re.DOTALL)
_RANGES = re.compile(r"(.)(?:-(.))?", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """A rule: what happens to files of datasites that match. datasite: empty where `path` starts with the datasite."""

    action: Action
    datasite: str
    path: str

    def __str__(self) -> str:
        return f"{self.action} {self.path} of {'every datasite' if self.datasite == _ANYBODY else self.datasite}"


@dataclass(frozen=True)
class Rules:
    """The content of a file: what happens where no rule matches, and the rules in their order."""

    default: Action = "block"
    rules: tuple[Rule, ...] = ()


def action_in(text: str) -> Action:
    """Return the action that a word means. Raises ValueError for any other word."""
    try:
        return _ACTIONS[text.strip().lower()]
    except KeyError:
        raise ValueError("an action is allow, pause or block") from None


def action_for(known: Rules, owner: str, path: str, *, stars_cross: bool = False) -> Action:
    """Return what happens to a file. path: begins with the datasite. owner: whose client it is; own files are allowed.

    stars_cross: whether `*` also matches `/`, as in the client in Rust.
    """
    path = _clean(path)
    datasite, _, inside = path.partition("/")
    if not datasite:
        return known.default
    if datasite.lower() == owner.strip().lower():
        return "allow"
    action = known.default
    for rule in known.rules:
        if not rule.path.strip() or (rule.datasite and not _matches(rule.datasite, datasite, stars_cross)):
            continue
        if _matches(rule.path, inside if rule.datasite else path, stars_cross):
            action = rule.action
    return action


def missing(known: Rules, owner: str, needed: Iterable[Rule]) -> list[Rule]:
    """Return which of the needed rules are missing, or undone by a later one."""
    return [rule for rule in needed if not _is_effective(known, owner, rule)]


def _is_effective(known: Rules, owner: str, rule: Rule) -> bool:
    people = _STRANGERS if rule.datasite == _ANYBODY else (rule.datasite,)
    start = rule.path.removesuffix("**")
    paths = [f"{who}/{start}{name}" for who in people for name in ("a.json", "deeper/b.json")]
    return all(
        action_for(known, owner, path, stars_cross=stars_cross) == "allow"
        for path in paths
        for stars_cross in (False, True)
    )


def needed_by_participant(aggregator: str, helper: str = "") -> list[Rule]:
    """Return what a participant needs: what the operators share, and who introduces itself as an aggregator.

    Nothing while the aggregator is the example, which nobody runs.
    """
    # In the settings, which are checked later, a pattern could stand for other datasites.
    if aggregator == EXAMPLE_AGGREGATOR or not DATASITE_NAME.fullmatch(aggregator):
        return []
    helper = helper if DATASITE_NAME.fullmatch(helper) else ""
    rules = [*needed_to_choose(), _allow(aggregator, f"app_data/{APP_NAME}/shared")]
    return [*rules, *(_allow(operator, f"app_data/{APP_NAME}/rounds") for operator in (aggregator, helper) if operator)]


def needed_to_choose() -> list[Rule]:
    """Return what somebody without an aggregator needs: who introduces itself as one."""
    return [_allow(_ANYBODY, f"public/{APP_NAME}")]


def needed_by_aggregator() -> list[Rule]:
    """Return what an aggregator needs: what participants and a helper give it to read."""
    return [_allow(_ANYBODY, f"app_data/{APP_NAME}")]


def needed_by_helper() -> list[Rule]:
    """Return what a helper needs: rounds of its aggregator, and sealed reports."""
    return [_allow(_ANYBODY, f"app_data/{APP_NAME}/rounds")]


def _allow(datasite: str, folder: str) -> Rule:
    return Rule("allow", datasite, f"{folder}/**")


def as_lines(rules: Sequence[Rule], indent: str = "  ") -> list[str]:
    """Return rules as lines of the file, to be read by a person or appended."""
    lines = []
    for rule in rules:
        lines += [f"{indent}- action: {rule.action}", f"{indent}  datasite: {_quoted(rule.datasite)}"]
        lines += [f"{indent}  path: {_quoted(rule.path)}"]
    return lines


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _clean(path: str) -> str:
    """Return a path or pattern as the client compares it."""
    path = path.replace("\\", "/").lstrip("/")
    return posixpath.normpath(path) if path else ""


def _matches(pattern: str, text: str, stars_cross: bool) -> bool:
    pattern = _clean(pattern)
    if len(pattern) > _LONGEST_PATTERN:
        return False
    return any(_matches_glob(one, text, stars_cross) for one in _alternatives(pattern))


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns that `{a,b}` stands for; none if there are too many. A pattern is one of its own."""
    patterns, done = [pattern], list[str]()
    while patterns and len(done) + len(patterns) <= _MOST_ALTERNATIVES:
        one = patterns.pop()
        if found := _BRACES.search(one):
            patterns += [one[: found.start()] + part + one[found.end() :] for part in found[1].split(",")]
        else:
            done.append(one)
    return [] if patterns else done


def _matches_glob(pattern: str, text: str, stars_cross: bool) -> bool:
    """Return whether a glob matches: `**` as a whole part is any parts, `*` any characters, `?` and `[a-z]` one."""
    tokens = [found[0] for found in _TOKENS.finditer(pattern)]

    # Each pair is decided once, so that no pattern takes long.
    @cache
    def at(token: int, place: int) -> bool:
        if token == len(tokens):
            return place == len(text)
        one, ends = tokens[token], range(place, len(text) + 1)
        if one == "**/":
            return at(token + 1, place) or any(text[end - 1] == "/" and at(token + 1, end) for end in ends[1:])
        if one.startswith("*"):
            is_whole = token + 1 == len(tokens) and (token == 0 or tokens[token - 1].endswith("/"))
            crosses = stars_cross or (one == "**" and is_whole)
            return any(at(token + 1, end) for end in ends if crosses or "/" not in text[place:end])
        return place < len(text) and _is_one(one, text[place], stars_cross) and at(token + 1, place + 1)

    return at(0, 0)


def _is_one(glob: str, character: str, stars_cross: bool) -> bool:
    if glob == "?":
        return stars_cross or character != "/"
    if len(glob) == 1:
        return glob == character and glob not in "[{"  # not closed: both clients refuse the pattern
    negated, inside = glob[1] in "!^", glob[1:-1].lstrip("!^")
    is_in = any(first <= character <= (last or first) for first, last in _RANGES.findall(inside))
    return character != "/" and is_in != negated
