"""How the Go generation decides who may do what, in our own words, and a table of its decisions.

Read in internal/server/acl and internal/aclspec of OpenMined/syftbox, December 2025. Left out: limits on size and kind
of what others write, alternatives in braces, and templates other than the user's address. Where PySyft v2 decides
differently, a row says so (docs/method/syftbox.md#permissions); its own code judges the same table.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import yaml

GO_FILE = "syft.pub.yaml"
TEMPLATE = "{{.UserEmail}}"
Level = Literal["read", "write", "admin"]
# Who may administrate may write, and who may write may read.
STRONGER: dict[Level, tuple[Level, ...]] = {
    "read": ("read", "write", "admin"),
    "write": ("write", "admin"),
    "admin": ("admin",),
}


@dataclass(frozen=True)
class _Ruleset:
    """rules: None if it was removed, and is only remembered as terminal."""

    terminal: bool
    rules: Sequence[Mapping[str, Any]] | None


@dataclass
class GoRules:
    """The rulesets of one datasite, by folder ("" for its root), as the server has them in memory."""

    owner: str
    rulesets: dict[str, _Ruleset] = field(default_factory=dict)

    @classmethod
    def of(cls, datasite: Path) -> GoRules:
        """Read all permission files of a datasite. Raises ValueError for one that the server refuses."""
        rules = cls(datasite.name)
        for file in datasite.rglob(GO_FILE):
            folder = file.parent.relative_to(datasite).as_posix()
            rules.put("" if folder == "." else folder, yaml.safe_load(file.read_text()) or {})
        return rules

    def put(self, folder: str, ruleset: Mapping[str, Any]) -> None:
        """Add or replace a ruleset."""
        if not isinstance(ruleset, Mapping):
            raise ValueError(f"{folder}: a list is no ruleset")
        self.rulesets[folder] = _Ruleset(bool(ruleset.get("terminal")), ruleset.get("rules") or ())

    def remove(self, folder: str) -> None:
        """Forget a ruleset; but while others lie below, it keeps hiding them if it was terminal."""
        old = self.rulesets.pop(folder)
        below = [other for other in self.rulesets if PurePosixPath(folder) in PurePosixPath(other).parents]
        if old.terminal and below:
            self.rulesets[folder] = _Ruleset(terminal=True, rules=None)

    def allows(self, path: str, user: str, level: Level = "read") -> bool:
        """Whether a user may do something with a file of the datasite. path: relative to the datasite."""
        if f"{self.owner}/{path}".startswith(user):
            return True  # not `user + "/"`: the hole that the table names
        folder, rules = self._nearest(path)
        inner = PurePosixPath(path).relative_to(folder).parts
        for rule in sorted(rules, key=_precedence, reverse=True):
            pattern = rule["pattern"].replace(TEMPLATE, user)
            if fits(inner, pattern.split("/")):
                needed = "admin" if level != "read" and path.endswith(GO_FILE) else level
                return any(named(user, rule["access"].get(name) or ()) for name in STRONGER[needed])
        return False

    def _nearest(self, path: str) -> tuple[str, Sequence[Mapping[str, Any]]]:
        """From the root down, the deepest folder with rules counts, but none below one that is terminal."""
        nearest: tuple[str, Sequence[Mapping[str, Any]]] = ("", ())
        for parent in reversed(PurePosixPath(path).parents):
            folder = "" if parent == PurePosixPath() else parent.as_posix()
            ruleset = self.rulesets.get(folder)
            if ruleset is None:
                continue
            if ruleset.rules is not None:
                nearest = folder, ruleset.rules
            if ruleset.terminal:
                break
        return nearest


def fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path fits a pattern, both in parts: `**` stands for any number of parts, a star for letters of one."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and fits(parts[1:], pattern[1:])


def _precedence(rule: Mapping[str, Any]) -> int:
    """The rule with the highest number that fits decides: long and deep patterns, less for every wildcard."""
    pattern: str = rule["pattern"]
    last = {"**": -100, "**/*": -99}
    if pattern in last:
        return last[pattern]
    wild = 10 * (pattern.count("*") + pattern.startswith("*")) + 2 * sum(map(pattern.count, "?![{"))
    return 2 * len(pattern) + 10 * pattern.count("/") + (50 if "{{" in pattern else 0) - wild


def named(user: str, people: Sequence[str]) -> bool:
    """Whether a list names a user: by address, `*`, a glob, or USER, which is whoever asks."""
    return any(entry in ("*", "USER", user) or fnmatch.fnmatchcase(user, entry) for entry in people)


def ruleset(*rules: tuple[str, Mapping[str, Sequence[str]]], terminal: bool = False) -> dict[str, Any]:
    """Return the content of a permission file. rules: pattern, and who may do what."""
    return {"terminal": terminal, "rules": [{"pattern": pattern, "access": dict(access)} for pattern, access in rules]}


def readers(*people: str) -> dict[str, Sequence[str]]:
    return {"read": people}


@dataclass(frozen=True)
class Row:
    """A decision. pysyft: that of PySyft v2 where it differs."""

    what: str
    rulesets: Mapping[str, Mapping[str, Any]]
    path: str
    user: str
    allowed: bool
    level: Level = "read"
    owner: str = "alice@example.org"
    pysyft: bool | None = None

    def written(self, root: Path) -> Path:
        """Write the permission files into a datasite below `root`; returns its folder."""
        datasite = root / self.owner
        datasite.mkdir(parents=True)
        for folder, content in self.rulesets.items():
            (datasite / folder).mkdir(parents=True, exist_ok=True)
            (datasite / folder / GO_FILE).write_text(yaml.safe_dump(content))
        return datasite

    @property
    def allowed_by_pysyft(self) -> bool:
        return self.allowed if self.pysyft is None else self.pysyft


BOB, CAROL = "bob@example.org", "carol@example.com"
_NEAREST = {"": ruleset(("**", readers("*"))), "a": ruleset(("x.json", readers(BOB)))}
_TERMINAL_ABOVE = {"a": ruleset(("**", readers()), terminal=True), "a/b": ruleset(("**", readers("*")))}
_TERMINAL_BELOW = {"a": ruleset(("**", readers("*"))), "a/b": ruleset(("x.json", readers(BOB)), terminal=True)}
_ORDER = {"": ruleset(("**", readers("*")), ("*.json", readers(CAROL)), ("x.json", readers(BOB)))}
_DEEPER = {"": ruleset(("*.json", readers("*")), ("a/*/c.json", readers("*")))}
_OWN_FOLDER = {"": ruleset((f"{TEMPLATE}/**", {"read": ["USER"], "write": ["USER"]}))}
_WRITERS = {"": ruleset(("x.json", {"write": [BOB]}), ("y.json", {"admin": [BOB]}))}
_EVERYTHING = {"": ruleset(("**", {"read": ["*"], "write": [BOB], "admin": [CAROL]}))}
_GLOBS = {"": ruleset(("*", readers("*")), ("*.json", readers()))}
_CLASS = {"": ruleset(("x.json", readers(BOB)), ("[x].json", readers(CAROL)))}

TABLE = [
    Row("no ruleset", {}, "x.json", BOB, False),
    Row("a ruleset without rules", {"": {}}, "x.json", BOB, False),
    Row("no rule fits", {"": ruleset(("y.json", readers("*")))}, "x.json", BOB, False),
    Row("the owner needs no rule", {}, "x.json", "alice@example.org", True),
    Row("the owner, refused by every rule", {"": ruleset(("**", readers()))}, "x.json", "alice@example.org", True),
    Row("the nearest ruleset counts", _NEAREST, "a/x.json", BOB, True),
    Row("and nothing is added from above", _NEAREST, "a/x.json", CAROL, False),
    Row("also for what it does not name", _NEAREST, "a/y.json", CAROL, False),
    Row("nearest for folders below, too", _NEAREST, "a/b/y.json", CAROL, False),
    Row("beside it the outer one counts", _NEAREST, "b/y.json", CAROL, True),
    Row("a terminal ruleset hides those below", _TERMINAL_ABOVE, "a/b/x.json", BOB, False),
    Row("a terminal ruleset below counts", _TERMINAL_BELOW, "a/b/x.json", BOB, True),
    Row("and takes nothing from above", _TERMINAL_BELOW, "a/b/x.json", CAROL, False),
    Row("but only where it lies", _TERMINAL_BELOW, "a/x.json", CAROL, True),
    Row("an exact name before a star", _ORDER, "x.json", CAROL, False),
    Row("an exact name before everything", _ORDER, "x.json", BOB, True),
    Row("a star before everything", _ORDER, "y.json", BOB, False),
    Row("everything else", _ORDER, "y.txt", BOB, True),
    Row("a star in place", _DEEPER, "x.json", BOB, True),
    Row("a star reaches no deeper folder", _DEEPER, "a/x.json", BOB, False),
    Row("a star for one folder", _DEEPER, "a/b/c.json", BOB, True),
    Row("a star for one folder only", _DEEPER, "a/b/b/c.json", BOB, False),
    Row("two stars are no folder, too", {"": ruleset(("a/**/x.json", readers("*")))}, "a/x.json", BOB, True),
    Row("two stars are several folders", {"": ruleset(("a/**/x.json", readers("*")))}, "a/b/c/x.json", BOB, True),
    Row("two stars at the end are nothing, too", {"": ruleset(("x.json/**", readers("*")))}, "x.json", BOB, True,
        pysyft=False),
    Row("a template, own folder", _OWN_FOLDER, f"{BOB}/x.json", BOB, True),
    Row("a template, own folder, writing", _OWN_FOLDER, f"{BOB}/x.json", BOB, True, "write"),
    Row("a template, somebody else's folder", _OWN_FOLDER, f"{CAROL}/x.json", BOB, False),
    Row("USER without a template is everybody", {"": ruleset(("x.json", readers("USER")))}, "x.json", BOB, True),
    Row("a domain", {"": ruleset(("**", readers("*@example.org")))}, "x.json", BOB, True),
    Row("another domain", {"": ruleset(("**", readers("*@example.org")))}, "x.json", CAROL, False),
    Row("who may write may read", _WRITERS, "x.json", BOB, True),
    Row("who may write may not administrate", _WRITERS, "x.json", BOB, False, "admin"),
    Row("who may administrate may read", _WRITERS, "y.json", BOB, True),
    Row("who may administrate may write", _WRITERS, "y.json", BOB, True, "write"),
    Row("who may read may not write", {"": ruleset(("x.json", readers(BOB)))}, "x.json", BOB, False, "write"),
    Row("writing permission files is for administrators", _EVERYTHING, GO_FILE, BOB, False, "write"),
    Row("who are named", _EVERYTHING, GO_FILE, CAROL, True, "write"),
    Row("reading permission files is not", _EVERYTHING, GO_FILE, BOB, True, pysyft=False),
    Row("a file with a dot fits a star", {"": ruleset(("*", readers("*")))}, ".x", BOB, True, pysyft=False),
    Row("of two globs the longer goes first", _GLOBS, "x.json", BOB, False, pysyft=True),
    Row("a longer class goes before the exact name", _CLASS, "x.json", BOB, False, pysyft=True),
    Row("an owner is tested by the beginning", {}, "x.json", "alice@example.org", True, "admin",
        owner="alice@example.org.uk", pysyft=False),
]  # fmt: skip
