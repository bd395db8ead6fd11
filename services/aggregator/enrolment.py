"""Who takes part, as the aggregator keeps it: `./run.sh aggregator enrol|remove|participants`.

No participant learns the list: permission files name exact files, so that they are not shared themselves, and logs and
pages show pseudonyms. Who runs the server can read everything, and so these files too, while they name people.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from netflix_trend.names import DATASITE_NAME
from netflix_trend.storage.damaged import paths_set_aside
from netflix_trend.storage.files import locked, read_own, write_atomically
from netflix_trend.storage.kept import read_kept, write_kept
from netflix_trend.syftbox.datasite import Datasite, datasite_names
from netflix_trend.syftbox.permissions import EVERYBODY, MOST_NAMED, named_or_everybody, readers_of
from services.aggregator.collect import sharing_manifest

_log = logging.getLogger("enrolment")
FILE = "participants.txt"
# What participants may read of the folder `shared`. Each pattern names everybody once more.
SHARED = ("*.json", "statistics/*.json")
# The last list that could be read.
_COPY = ".participants.copy"
_LARGEST = 100_000_000
_SALT = "pseudonyms.key"
_KEY_SIZE = 32
_HEAD = "# One address a line: a participant. With a - before it: never one, also not automatically.\n"


class EnrolmentError(Exception):
    """The list cannot be read or changed as asked; the message says which line and why."""


@dataclass(frozen=True)
class EverybodyBut:
    """All addresses but some."""

    others: frozenset[str]

    def __contains__(self, email: object) -> bool:
        return email not in self.others


@dataclass(frozen=True)
class Enrolment:
    """The list of participants in the aggregator's own folder.

    automatic: whoever shares a valid manifest takes part too, unless the list says never. tolerant: a line that is no
    address is logged and left out, instead of stopping everything. sharing: those of the candidates who share a valid
    manifest, when somebody has just looked; None to look.
    """

    site: Datasite
    own: Path
    automatic: bool = True
    tolerant: bool = False
    sharing: Sequence[str] | None = None

    @property
    def path(self) -> Path:
        """The file; it may be edited by hand."""
        return self.own / FILE

    def listed(self) -> dict[str, bool]:
        """Return the addresses of the list, True for participants, False for those who never are.

        A file that cannot be read is moved aside, and the last one that could be read takes its place. Raises
        EnrolmentError with the number of a line that is not an address, unless it is tolerant.
        """
        data = read_kept(self.own, FILE, _LARGEST, _text)
        if data is None and FILE in paths_set_aside(self.own):
            data = read_kept(self.own, _COPY, _LARGEST, _text)
            if data is not None:
                write_kept(self.own, FILE, data)
        return dict(_entries((data or b"").decode(), self.tolerant))

    def keep_copy(self) -> None:
        """Keep a copy of the list: when the file cannot be read one day, whoever was removed shall not be back."""
        data = read_kept(self.own, FILE, _LARGEST, _text)
        if data is not None and data != read_own(self.own / _COPY, _LARGEST):
            write_kept(self.own, _COPY, data)

    def enrol(self, email: str) -> None:
        """Add a participant. Raises EnrolmentError when it is no address or the aggregator's own."""
        self._set(email, takes_part=True)

    def remove(self, email: str) -> None:
        """Let somebody never take part: nothing of theirs is counted, and no rule names them as a reader."""
        self._set(email, takes_part=False)

    def _set(self, email: str, *, takes_part: bool) -> None:
        address = _address(email.strip().lower(), "the participant")
        if address == self.site.email:
            raise EnrolmentError("the aggregator itself takes no part")
        self.own.mkdir(parents=True, exist_ok=True)
        with locked(self.own / ".participants.lock"):
            # A line that was left out would be lost.
            listed = {**replace(self, tolerant=False).listed(), address: takes_part}
            lines = [f"{'' if listed[name] else '-'}{name}\n" for name in sorted(listed)]
            write_kept(self.own, FILE, (_HEAD + "".join(lines)).encode())

    def candidates(self) -> Iterator[str]:
        """Yield every address whose datasite is looked into, each once, in no particular order."""
        listed = self.listed()
        yield from (email for email, takes_part in listed.items() if takes_part)
        if self.automatic and self.site.datasites.is_dir():
            known = {*listed, self.site.email}
            yield from (name for name in datasite_names(self.site.datasites) if name not in known)

    def invited(self) -> Container[str]:
        """Return whose sealed reports are counted: those of the list, or everybody but those who never take part."""
        listed = self.listed()
        if self.automatic:
            return EverybodyBut(frozenset(name for name, takes_part in listed.items() if not takes_part))
        return frozenset(name for name, takes_part in listed.items() if takes_part)

    def participants(self) -> list[str]:
        """Return everybody who takes part now, sorted: the listed, and with `automatic` who shares a valid manifest."""
        return sorted(self.taking_part())

    def readers(self, folder: Path) -> list[str]:
        """Return who may read a folder that is shared with participants: everybody who takes part by name, sorted, or
        EVERYBODY where they are too many to be named (docs/decisions/0186-many-participants-are-everybody.md).

        folder: its rules say whether it is EVERYBODY already. The log says when that changes.
        """
        before = readers_of(folder, SHARED[0])
        found = named_or_everybody(self.taking_part(), before)
        if found == [EVERYBODY] != before:
            _log.info(
                "more than %d people take part: from now on everybody on the network may read the vocabulary, surveys "
                "and statistics, and no rule names anybody. Whose answers count stays the same",
                MOST_NAMED,
            )
        elif before == [EVERYBODY] != found:
            _log.info(
                "%d people or fewer take part: from now on nobody else may read the vocabulary, surveys and statistics",
                MOST_NAMED // 2,
            )
        return found

    def taking_part(self) -> Iterator[str]:
        """Yield the same in no particular order, looking into one datasite after the other unless somebody has."""
        listed = [email for email, takes_part in self.listed().items() if takes_part]
        known = frozenset(listed)
        yield from listed
        if self.sharing is None:
            others = (name for name in self.candidates() if name not in known)
            yield from sharing_manifest(self.site.datasites, others)
        else:
            yield from (name for name in self.sharing if name not in known)

    def pseudonym(self, email: str) -> str:
        """Return 12 hexadecimal digits that stand for an address in logs and pages: a keyed hash of it, so that nobody
        finds the address by trying.
        """
        return hmac.new(self._key, email.encode(), hashlib.sha256).hexdigest()[:12]

    @cached_property
    def _key(self) -> bytes:
        with locked(self.own / ".participants.lock"):
            key = read_kept(self.own, _SALT, _KEY_SIZE, _whole_key)
            if key is None:
                key = os.urandom(_KEY_SIZE)
                write_atomically(self.own / _SALT, key, mode=0o600)
            return key


@lru_cache(maxsize=4)
def _entries(text: str, tolerant: bool) -> Mapping[str, bool]:
    found: dict[str, bool] = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.partition("#")[0].strip().lower()
        try:
            if entry:
                address = _address(entry.removeprefix("-").strip(), f"{FILE}, line {number}")
                found[address] = not entry.startswith("-")
        except EnrolmentError as problem:
            if not tolerant:
                raise
            _say(str(problem))
    return found


def may_everybody_read(folder: Path) -> bool:
    """Return whether everybody on the network may read what is shared with participants, by the rules that are there.

    folder: the aggregator's `shared`.
    """
    return readers_of(folder, SHARED[0]) == [EVERYBODY]


def _text(data: bytes) -> bytes:
    data.decode()
    return data


def _whole_key(data: bytes) -> bytes:
    if len(data) != _KEY_SIZE:
        raise ValueError("a part of it is missing")
    return data


@lru_cache(maxsize=64)
def _say(problem: str) -> None:
    """Log a problem once."""
    _log.warning("%s; the line is left out", problem)


def _address(text: str, place: str) -> str:
    if not DATASITE_NAME.fullmatch(text):
        raise EnrolmentError(f"{place}: expected an e-mail address in plain ASCII, such as me@example.org")
    return text
