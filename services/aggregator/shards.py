"""Packed shards: what was found in many datasites, as one file on the aggregator's own volume.

Every address belongs to the shard that begins its hash, so a shard can be read, refreshed and counted without the
others. A shard is a cache: one that is damaged, of another version of the app, or of other surveys is read again from
the datasites. It has a line with the SHA-256 of all that follows, a line of canonical JSON that says what follows, and
then the addresses, an array of `PERSON`, and for each survey an array of `RELEASE` and the valid answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from netflix_trend import __version__
from netflix_trend.periods.turns import public_number
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import read_own, write_atomically
from netflix_trend.storage.model import Strict
from netflix_trend.survey.survey import Survey

# In the own folder of an aggregator.
FOLDER = "shards"
# Bytes of a file: 500 people have a tenth of a megabyte.
LARGEST = 100_000_000
# Shards have at most so many bits of the hash: a million people have eleven.
MOST_BITS = 20
# States of a person and of a release: nothing is there; it is valid; it has not wholly arrived; from REFUSED on it is
# refused, for the reason of that place in `Shard.reasons`.
NOTHING, VALID, WAITING, REFUSED = range(4)
# The place of the question of somebody who is asked none, or who shares no manifest.
NOT_ASKED = 255
# As the inode of a datasite: this person is read again in any case. No file system has it.
UNSETTLED = 2**64 - 1

# What was seen of a datasite: inodes of its folder and of `app_data` and `netflix_trend` in it, times of their last
# changes (ns since 1970), and inode, time of the last change and size in bytes of the manifest; 0 for what is not
# there. state: of the manifest.
PERSON = np.dtype(
    [
        ("home", "<u8"),
        *(("app_data", "<u8"), ("app_data_changed", "<i8"), ("folder", "<u8"), ("folder_changed", "<i8")),
        *(("manifest", "<u8"), ("manifest_changed", "<i8"), ("manifest_size", "<i8"), ("state", "u1")),
    ]
)
# The same of a release that the manifest names. question: place in the survey of what this person is asked.
RELEASE = np.dtype([("inode", "<u8"), ("changed", "<i8"), ("size", "<i8"), ("question", "u1"), ("state", "u1")])

_Count = Annotated[int, Field(ge=0, le=LARGEST)]


@dataclass(frozen=True)
class Section:
    """What the people of a shard have for one survey. releases: `RELEASE` for each of them. payloads: by question, the
    valid answers one after another, in the order of the people.
    """

    releases: NDArray[np.void]
    payloads: Mapping[str, bytes]

    def answered(self, place: int) -> NDArray[np.bool_]:
        """Return whose valid answer is one to the question at this place of the survey, bool[people]."""
        found: NDArray[np.bool_] = (self.releases["state"] == VALID) & (self.releases["question"] == place)
        return found


@dataclass(frozen=True)
class Shard:
    """What was found in some datasites.

    addresses: sorted, without repetition. people: `PERSON` for each. sections: by version of the survey. reasons: of
    refusals, in one word; a state of REFUSED + 2 is for the reason at place 2.
    """

    addresses: tuple[str, ...] = ()
    people: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, PERSON))
    sections: Mapping[str, Section] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()

    def holds(self, survey: Survey) -> bool:
        """Return whether the answers to a survey are here, as many bytes of each question as they must have."""
        section = self.sections.get(survey.version)
        return (
            section is not None
            and section.payloads.keys() == {question.name for question in survey.questions}
            and all(
                len(section.payloads[question.name])
                == int(np.count_nonzero(section.answered(place))) * question.payload_size
                for place, question in enumerate(survey.questions)
            )
        )


def shard_of(address: str, bits: int) -> int:
    """Return the number of an address's shard, below 2**bits."""
    return public_number("shard", address) >> (64 - bits)


def bits_for(people: int, most: int) -> int:
    """Return how many bits of the hash divide so many people into shards of about `most` at most."""
    bits = 0
    while bits < MOST_BITS and people > most << bits:
        bits += 1
    return bits


def shard_path(own: Path, bits: int, number: int) -> Path:
    """Return where a shard lies below the own folder of an aggregator."""
    return own / FOLDER / f"{bits:02}-{number:05x}.bin"


class _SectionHead(Strict):
    survey: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    payloads: dict[str, _Count]


class _Head(Strict):
    """schema_version: of the format. app: version of what has checked the releases. addresses: bytes of all of them."""

    schema_version: Literal[1] = 1
    app: str
    people: _Count
    addresses: _Count
    sections: Annotated[tuple[_SectionHead, ...], Field(strict=False, max_length=52)]
    reasons: Annotated[tuple[str, ...], Field(strict=False, max_length=255 - REFUSED)]


def dump_shard(shard: Shard) -> bytes:
    """Return the file of a shard."""
    addresses = "\n".join(shard.addresses).encode()
    sections = sorted(shard.sections.items())
    head = _Head(
        app=__version__,
        people=len(shard.addresses),
        addresses=len(addresses),
        sections=tuple(
            _SectionHead(survey=version, payloads={name: len(some) for name, some in section.payloads.items()})
            for version, section in sections
        ),
        reasons=shard.reasons,
    )
    parts = [canonical_json(head.model_dump()), b"\n", addresses, shard.people.tobytes()]
    for _, section in sections:
        # In the order in which canonical JSON has the names.
        parts += [section.releases.tobytes(), *(section.payloads[name] for name in sorted(section.payloads))]
    body = b"".join(parts)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def parse_shard(data: bytes) -> Shard:
    """Return the shard of a file. Raises ValueError when it is damaged, or of another version of the app."""
    digest, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("it is damaged")
    line, _, rest = body.partition(b"\n")
    try:
        head = _Head.model_validate_json(line)
    except ValidationError:
        raise ValueError("it has another format") from None
    if head.app != __version__:
        raise ValueError("it was checked by another version")
    left = memoryview(rest)

    def take(size: int) -> memoryview:
        nonlocal left
        if size > len(left):
            raise ValueError("a part of it is missing")
        found, left = left[:size], left[size:]
        return found

    addresses = tuple(bytes(take(head.addresses)).decode().split("\n")) if head.people else ()
    people = np.frombuffer(take(head.people * PERSON.itemsize), PERSON)
    sections = {
        one.survey: Section(
            np.frombuffer(take(head.people * RELEASE.itemsize), RELEASE),
            {name: bytes(take(one.payloads[name])) for name in sorted(one.payloads)},
        )
        for one in head.sections
    }
    shard = Shard(addresses, people, sections, head.reasons)
    if len(addresses) != head.people or left:
        raise ValueError("it does not have what it says")
    _check_states(shard)
    return shard


def _check_states(shard: Shard) -> None:
    """Raise ValueError for a state without a reason, or for addresses that are none or in another order."""
    last = REFUSED + len(shard.reasons)
    states = [shard.people["state"], *(section.releases["state"] for section in shard.sections.values())]
    if any(len(some) and some.max() >= last for some in states):
        raise ValueError("a reason is missing")
    if any(one >= other for one, other in zip(shard.addresses, shard.addresses[1:], strict=False)):
        raise ValueError("addresses are not in order")


def read_shard(path: Path) -> Shard | None:
    """Return a shard, None when there is none that this version of the app has written whole."""
    data = read_own(path, LARGEST)
    try:
        return None if data is None else parse_shard(data)
    except ValueError:
        return None


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard for the aggregator alone. A power cut may lose it: what it is made from is read again."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, dump_shard(shard), durable=False, mode=0o600)


def packed_shard(answers: Iterable[tuple[str, Survey, int, bytes]], surveys: Sequence[Survey]) -> Shard:
    """Return a shard of people whose datasites do not exist: each is a participant with one valid answer.

    answers: address, survey, place of the question in it, and payload, in the order of the addresses. For benchmarks:
    nothing is checked. Where there are datasites, every person is read again.
    """
    rows = list(answers)
    people = np.zeros(len(rows), PERSON)
    people["state"], people["home"] = VALID, UNSETTLED
    sections = {}
    for survey in surveys:
        releases = np.zeros(len(rows), RELEASE)
        releases["question"] = NOT_ASKED
        payloads = {question.name: bytearray() for question in survey.questions}
        for row, (_, answered, place, payload) in enumerate(rows):
            if answered is survey:
                releases["question"][row], releases["state"][row] = place, VALID
                payloads[survey.questions[place].name] += payload
        sections[survey.version] = Section(releases, {name: bytes(some) for name, some in payloads.items()})
    return Shard(tuple(row[0] for row in rows), people, sections)
