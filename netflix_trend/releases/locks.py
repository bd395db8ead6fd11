"""Reading locks: requirements/*.txt, and the digests of base images in requirements/images.lock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\\n]+?))?\s*\\?$")
_IMAGE = re.compile(r"^(?P<name>[a-z0-9][a-z0-9./_-]*:[\w.-]+) (?P<digest>sha256:[0-9a-f]{64}|-)$")
# What an image of a service is: see Dockerfile.
IN_AN_IMAGE = {"python_full_version": "3.13.0", "python_version": "3.13", "sys_platform": "linux", "os_name": "posix",
               "platform_system": "Linux", "platform_python_implementation": "CPython",
               "implementation_name": "cpython"}  # fmt: skip


class LockError(Exception):
    """A lock cannot be read; the message names the line."""


@dataclass(frozen=True, order=True)
class Pin:
    """A package at a version. name: as registries compare names; marker: where it is installed, everywhere if empty."""

    name: str
    version: str
    marker: str = ""

    def is_in(self, environment: Mapping[str, str]) -> bool:
        """Return whether it is installed in an environment, described by the variables of markers."""
        return not self.marker or Marker(self.marker).evaluate({**environment, "extra": ""})


def pins_of(text: str) -> list[Pin]:
    """Return the packages of a lock, in its order. Raises LockError for a package without a version."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line[0] in " #":
            continue
        pin = _PIN.match(line)
        if not pin:
            raise LockError(f"line {number}: {line.strip()[:60]!r} is no package with a version")
        found.append(Pin(canonicalize_name(pin["name"]), pin["version"], (pin["marker"] or "").strip()))
    return found


def locks_of(root: Path) -> dict[str, list[Pin]]:
    """Return the packages of every lock of a clone, by the lock's name, such as `publisher`."""
    return {path.stem: pins_of(path.read_text("utf-8")) for path in sorted((root / "requirements").glob("*.txt"))}


def images_of(text: str) -> dict[str, str]:
    """Return the digest of each base image by its name; empty where none is known. Raises LockError for other lines."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        image = _IMAGE.match(line)
        if not image:
            raise LockError(f"images.lock, line {number}: expected a name with a tag, and a digest or a dash")
        found[image["name"]] = image["digest"].removeprefix("-")
    return found


def pinned(name: str, images: Mapping[str, str]) -> str:
    """Return how a base image is named for a build: by its digest if one is known."""
    digest = images.get(name, "")
    return f"{name}@{digest}" if digest else name


def unpinned(images: Mapping[str, str]) -> list[str]:
    """Return the names of base images without a digest."""
    return [name for name, digest in images.items() if not digest]


def versions_of(locks: Mapping[str, Iterable[Pin]]) -> dict[tuple[str, str], list[str]]:
    """Return for each package and version the locks that hold it."""
    found: dict[tuple[str, str], list[str]] = {}
    for lock, pins in locks.items():
        for pin in pins:
            found.setdefault((pin.name, pin.version), []).append(lock)
    return found
