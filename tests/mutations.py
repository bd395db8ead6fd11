"""Bad input from good input, by seed: bytes, text, tables and JSON that are damaged in the ways that files are."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from copy import deepcopy
from typing import Any

_BYTES = (b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80", b"\r", b"\n", b'"', b"PK\x03\x04", b"\x1a", b"\xed\xa0\x80")
_TEXTS = (
    *('"', '""', "'", ",", ";", "\t", "\r\n", "\n\n", "\\", "=cmd|x!A0", "<script>", "\u202e", "\0", "\u2028"),
    *("9" * 400, "-1", "1e999", "NaN", "2026-W99", "13/32/99", "00:00:61", "é" * 50, "x" * 5000, "[" * 200, "{}"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**63, 2**64, 10**400, 1.5, float("nan"), float("inf"), "", "x" * 2000, "\ud800", "é"),
    *([], {}, [[[[[[]]]]]], {"a": {"b": {}}}, "2026-W53", "2021-W53", "0" * 64, "../../x", [1] * 300),
)


def mutated(data: bytes, generator: random.Random) -> bytes:
    """Return bytes that were damaged in one to four places."""
    for _ in range(generator.choice((1, 1, 2, 4))):
        ways: list[Callable[[bytes, random.Random], bytes]] = [_flipped, _cut, _inserted, _repeated, _swapped, _worded]
        data = generator.choice(ways)(data, generator)
    return data


def flipped(data: bytes, at: int, mask: int = 1) -> bytes:
    """Return bytes of which one differs, whatever it was. at: its place, below 0 from the end. mask: of its bits."""
    changed = bytearray(data)
    changed[at] ^= mask
    return bytes(changed)


def _place(data: bytes, generator: random.Random) -> int:
    return generator.randint(0, len(data))


def _flipped(data: bytes, generator: random.Random) -> bytes:
    if not data:
        return data
    return flipped(data, generator.randrange(len(data)), 1 << generator.randrange(8))


def _cut(data: bytes, generator: random.Random) -> bytes:
    first, last = sorted((_place(data, generator), _place(data, generator)))
    return generator.choice((data[:first], data[last:], data[:first] + data[last:]))


def _inserted(data: bytes, generator: random.Random) -> bytes:
    at = _place(data, generator)
    return data[:at] + generator.choice((*_BYTES, generator.randbytes(generator.randint(1, 40)))) + data[at:]


def _repeated(data: bytes, generator: random.Random) -> bytes:
    first, last = sorted((_place(data, generator), _place(data, generator)))
    return data[:last] + data[first : min(last, first + 5000)] * generator.choice((1, 2, 30)) + data[last:]


def _swapped(data: bytes, generator: random.Random) -> bytes:
    first, last = sorted((_place(data, generator), _place(data, generator)))
    return data[last:] + data[first:last] + data[:first]


def _worded(data: bytes, generator: random.Random) -> bytes:
    at = _place(data, generator)
    return data[:at] + generator.choice(_TEXTS).encode() + data[at + generator.randint(0, 9) :]


def mutated_json(data: bytes, generator: random.Random) -> bytes:
    """Return JSON of which one to three values were replaced, removed or given other names; or damaged bytes."""
    if generator.random() < 0.25:
        return mutated(data, generator)
    value = json.loads(data)
    for _ in range(generator.choice((1, 1, 2, 3))):
        value = _changed(value, generator)
    return json.dumps(value).encode()


def _changed(value: Any, generator: random.Random) -> Any:
    places = list(_places(value))
    if not places:
        return deepcopy(generator.choice(_VALUES))
    holder, key = generator.choice(places)
    way = generator.randrange(5)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[generator.choice(("extra", "schema_version", "", "__class__"))] = deepcopy(holder[key])
    elif way == 2 and isinstance(holder, list):
        holder.extend(deepcopy([holder[key]] * generator.choice((1, 50))))
    elif way == 3 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] = generator.choice((-holder[key], holder[key] + 1, holder[key] * 10**6, float(holder[key])))
    else:
        holder[key] = deepcopy(generator.choice(_VALUES))
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return everything in a value that can be replaced, as what holds it and where."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict | list):
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            found += [(holder, key) for key in keys]
            waiting += [holder[key] for key in keys]
    return found


def mutated_lines(data: bytes, generator: random.Random) -> bytes:
    """Return a text of which lines were removed, repeated, swapped, joined or changed; or damaged bytes."""
    if generator.random() < 0.3:
        return mutated(data, generator)
    lines = data.split(b"\n")
    for _ in range(generator.choice((1, 2, 5))):
        at, other = generator.randrange(len(lines)), generator.randrange(len(lines))
        match generator.randrange(5):
            case 0:
                lines[at] = b""
            case 1:
                lines.insert(at, lines[other])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] = generator.choice((b",", b";", b"\t", b'"', b" ")).join((lines[at], lines[other]))
            case _:
                lines[at] = mutated(lines[at], generator)
    text = generator.choice((b"\n", b"\n", b"\r\n", b"\r")).join(lines)
    if generator.random() < 0.15:
        encoding = generator.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "shift_jis"))
        text = text.decode("utf-8", "replace").encode(encoding, "replace")
    return text


def mutated_zip(content: bytes, generator: random.Random) -> bytes:
    """Return a zip with an export whose content, names or bytes are not what they should be."""
    packed = io.BytesIO()
    names = generator.choice(
        (
            ("CONTENT_INTERACTION/ViewingActivity.csv",),
            ("NetflixViewingHistory.csv",),
            ("a/ViewingActivity.csv", "b/ViewingActivity.csv"),
            ("../ViewingActivity.csv",),
            ("x.txt",),
            (),
        )
    )
    how = generator.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(packed, "w", how) as archive:
        for name in names:
            archive.writestr(name, mutated_lines(content, generator))
    data = packed.getvalue()
    return mutated(data, generator) if generator.random() < 0.8 else data
