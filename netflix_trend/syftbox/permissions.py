"""SyftBox's permission files, for both generations: who may read which file of a folder.

Only rules that allow, with exact patterns: a catch-all rule would also share the permission file, and with it the
addresses of all readers, and the Python generation does not enforce rules that forbid
(docs/method/syftbox.md#permissions). Each folder's files are self-contained, because the generations
combine those of outer folders differently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path

from netflix_trend.storage.files import read_own, restore_file, sync_folder

# Of the Python generation, and of the Go generation. Each server takes the other's file for data.
PYTHON_FILE, GO_FILE = PERMISSION_FILES = ("syftperm.yaml", "syft.pub.yaml")
# SyftBox 0.4.0 nominally syncs 10 MiB, but rewriting a file fails from about 8.4 MB (docs/method/syftbox.md#sync).
LARGEST_FILE = 8_000_000
# As a reader: everybody on the network.
EVERYBODY = "*"
# People whom the rules of a folder name at most. The server of 0.4.0 looks at every rule for every file, and a client
# waits five seconds for it (docs/method/syftbox.md#many-readers).
MOST_NAMED = 250
_OFFER = re.compile(rb"# offered to new peers in period -?[0-9]{1,12}\n\Z")
_GO_RULE = re.compile(r'  - \{pattern: (".*"), access: \{admin: \[\], write: \[\], read: (\[.*\])\}\}\n')


def named_or_everybody(people: Iterable[str], before: Sequence[str]) -> list[str]:
    """Return as whom rules name `people`: each of them, sorted; EVERYBODY if they are more than MOST_NAMED.

    before: whom the rules name now. Where that is EVERYBODY, it stays so until half as many are left, so that a group
    at the limit does not change its rules at every look. Of more people than that no further one is asked for.
    """
    most = MOST_NAMED // 2 if list(before) == [EVERYBODY] else MOST_NAMED
    named = sorted(islice(people, most + 1))
    return named if len(named) <= most else [EVERYBODY]


def permission_rules(readers: Mapping[str, Sequence[str]], *, terminal: bool = True) -> dict[str, bytes]:
    """Return both permission files, by name: who may read which file or pattern. They name nobody else.

    terminal: permission files in folders below count for nothing, except for the Python generation.
    """
    rules = [_python_rule(pattern, reader) for pattern, people in readers.items() for reader in people]
    # An empty file would not be synced by the Go client, and an empty list is not a rule list for the Python server.
    python = ("".join(rules) or "[]\n").encode()
    everything = [*readers.items(), ("**", ())]
    head = [f"terminal: {str(terminal).lower()}\n", "rules:\n"]
    modern = [*head, *(_go_rule(pattern, tuple(people)) for pattern, people in everything)]
    return {PYTHON_FILE: python, GO_FILE: "".join(modern).encode()}


def write_permissions(
    folder: Path,
    readers: Mapping[str, Sequence[str]],
    *,
    terminal: bool = True,
    durable: bool = True,
    settle: bool = True,
) -> None:
    """Write both permission files into `folder`; what `offer_again` wrote stays. terminal: as `permission_rules`.
    durable, settle: as `restore_file`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = permission_rules(readers, terminal=terminal)
    offer = _OFFER.search(read_own(folder / GO_FILE, LARGEST_FILE) or b"")
    files[GO_FILE] += offer.group() if offer else b""
    written = [restore_file(folder / name, data, durable=durable, settle=False) for name, data in files.items()]
    if durable and settle and any(written):
        sync_folder(folder)


def offer_again(folder: Path, period: int) -> None:
    """Change a comment in a folder's rules, once a period: PySyft v2 then sends all files below the folder to readers
    who have become peers since (docs/method/syftbox.md#pysyft-v2).

    Files that `write_permissions` did not write are left alone.
    """
    rules = _OFFER.sub(b"", read_own(folder / GO_FILE, LARGEST_FILE) or b"")
    if rules.endswith(_go_rule("**", ()).encode()):
        offered = rules + f"# offered to new peers in period {period}\n".encode()
        restore_file(folder / GO_FILE, offered, durable=False)


def named_readers(folder: Path) -> dict[str, list[str]]:
    """Return who may read which file by rules that `write_permissions` made, without patterns and without files that
    nobody may read; other rules are left out.
    """
    data = read_own(folder / GO_FILE, LARGEST_FILE) or b""
    found: dict[str, list[str]] = {}
    for line in data.decode("utf-8", "replace").splitlines(keepends=True):
        name, people = _read_go_rule(line)
        if people and "*" not in name:
            found[name] = list(people)
    return found


def readers_of(folder: Path, pattern: str) -> list[str]:
    """Return who may read what fits a pattern, by the rule of Go's file that `write_permissions` made; else nobody."""
    data = read_own(folder / GO_FILE, LARGEST_FILE) or b""
    for line in data.decode("utf-8", "replace").splitlines(keepends=True):
        name, people = _read_go_rule(line)
        if people and name == pattern:
            return list(people)
    return []


def readable(folder: Path, names: Iterable[str], reader: str) -> set[str]:
    """Return which of the files `names` one reader may read by rules that `write_permissions` made, in both
    generations.
    """
    found = [read_own(folder / file, LARGEST_FILE) or b"" for file in PERMISSION_FILES]
    python, go = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in found)
    return {name for name in names if _python_rule(name, reader) in python and _go_rule(name, (reader,)) in go}


# The rules of hundreds of datasites are nearly all the same. Of an aggregator's one may name MOST_NAMED people.
@lru_cache(maxsize=128)
def _read_go_rule(line: str) -> tuple[str, tuple[str, ...]]:
    """Return pattern and readers of a line that `_go_rule` made; of another line, an empty pattern and nobody."""
    rule = _GO_RULE.fullmatch(line)
    with suppress(ValueError, TypeError):  # no JSON, or readers that are no names
        pattern, people = (json.loads(part) for part in rule.groups()) if rule else ("", [])
        if line == _go_rule(pattern, tuple(people)):
            return pattern, tuple(people)
    return "", ()


@lru_cache(maxsize=512)
def _python_rule(pattern: str, reader: str) -> str:
    return f"- {{path: {json.dumps(pattern)}, user: {json.dumps(reader)}, permissions: [read]}}\n"


@lru_cache(maxsize=128)
def _go_rule(pattern: str, readers: tuple[str, ...]) -> str:
    access = f"{{admin: [], write: [], read: {json.dumps(list(readers))}}}"
    return f"  - {{pattern: {json.dumps(pattern)}, access: {access}}}\n"
