"""The list of components of a release, in the JSON form of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/).

What is in it comes from the locks, which name every Python package by version and hash, from the list of packages that
Debian keeps in each image, and from the list of files of others in the repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import HeaderParser
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from netflix_trend.releases.locks import IN_AN_IMAGE, Pin

Json = dict[str, Any]
NAME = "netflix-trend"


@dataclass(frozen=True, order=True)
class DebianPackage:
    """A package that is installed in an image."""

    name: str
    version: str
    architecture: str


@dataclass(frozen=True)
class Image:
    """An image of a release. lock: of its Python packages; packages: Debian's; base: what it was made from."""

    name: str
    platform: str
    lock: str
    base: str
    packages: tuple[DebianPackage, ...] = ()

    @property
    def ref(self) -> str:
        """How the list refers to it."""
        return f"image:{self.name}:{self.platform}"


@dataclass(frozen=True)
class Vendored:
    """A file of somebody else's in the repository."""

    path: str
    name: str
    version: str
    license: str
    sha256: str


def debian_packages(status: str) -> tuple[DebianPackage, ...]:
    """Return the packages that are installed, by the content of /var/lib/dpkg/status."""
    found = []
    for paragraph in status.split("\n\n"):
        fields = HeaderParser().parsestr(paragraph.strip() + "\n\n")
        if fields["Package"] and (fields["Status"] or "").endswith(" installed"):
            found.append(DebianPackage(fields["Package"], fields["Version"], fields["Architecture"]))
    return tuple(sorted(found))


def vendored(listed: Mapping[str, Mapping[str, str]], folder: str) -> list[Vendored]:
    """Return the files that a VENDOR.json lists. folder: where it lies."""
    found = []
    for file, about in sorted(listed.items()):
        name, _, version = about["npm"].partition(",")[0].rpartition("@")
        found.append(Vendored(f"{folder}/{file}", name, version, about["license"], about["sha256"]))
    return found


def component_list(
    version: str,
    commit: str,
    made: datetime,
    locks: Mapping[str, Iterable[Pin]],
    images: Iterable[Image] = (),
    files: Iterable[Vendored] = (),
) -> Json:
    """Return the list of a release: the same for the same arguments.

    commit: what it was built from; made: when that was committed. locks: those whose packages go into the release, by
    name; `demo` is what the wheel needs.
    """
    images = sorted(images, key=lambda image: image.ref)
    application = {
        "type": "application",
        "bom-ref": NAME,
        "name": NAME,
        "version": version,
        "purl": _pypi(NAME, version),
    }
    parts: dict[str, Json] = {}
    needs: dict[str, set[str]] = {NAME: set()}
    for lock, pins in locks.items():
        for pin in pins:
            purl = _pypi(pin.name, pin.version)
            part = parts.setdefault(purl, _library(purl, pin.name, pin.version))
            _note(part, "lock", f"requirements/{lock}.txt")
            if lock == "demo":
                needs[NAME].add(purl)
    for file in files:
        purl = f"pkg:npm/{quote(file.name)}@{quote(file.version)}"
        part = parts.setdefault(purl, _library(purl, file.name, file.version))
        part["licenses"] = [{"license": {"name": file.license}}]
        part["hashes"] = [{"alg": "SHA-256", "content": file.sha256}]
        _note(part, "file", file.path)
        needs[NAME].add(purl)
    for image in images:
        parts[image.ref] = {
            "type": "container",
            "bom-ref": image.ref,
            "name": f"{NAME}/{image.name}",
            "version": version,
            "properties": [_property("platform", image.platform), _property("base", image.base)],
        }
        inside = {_pypi(pin.name, pin.version) for pin in locks.get(image.lock, ()) if pin.is_in(IN_AN_IMAGE)}
        for package in image.packages:
            purl = f"pkg:deb/debian/{quote(package.name)}@{quote(package.version)}?arch={package.architecture}"
            parts.setdefault(purl, _library(purl, package.name, package.version))
            inside.add(purl)
        needs[image.ref] = inside
        needs[NAME].add(image.ref)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, ' '.join([NAME, commit, *(one.ref for one in images)]))}",
        "version": 1,
        "metadata": {
            "timestamp": made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {**application, "licenses": [{"license": {"id": "Apache-2.0"}}],
                          "properties": [_property("commit", commit)]},
        },
        "components": [parts[ref] for ref in sorted(parts)],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(needs)],
    }  # fmt: skip


def _pypi(name: str, version: str) -> str:
    return f"pkg:pypi/{quote(name)}@{quote(version)}"


def _library(purl: str, name: str, version: str) -> Json:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _property(name: str, value: str) -> Json:
    return {"name": f"{NAME}:{name}", "value": value}


def _note(part: Json, name: str, value: str) -> None:
    part.setdefault("properties", []).append(_property(name, value))
