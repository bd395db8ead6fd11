"""The list of components and the statement about where a release comes from."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from netflix_trend.releases.components import (
    DebianPackage,
    Image,
    Vendored,
    component_list,
    debian_packages,
    vendored,
)
from netflix_trend.releases.locks import Pin
from netflix_trend.releases.provenance import statement

MADE = datetime(2026, 11, 30, 12, tzinfo=UTC)
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12+deb13u5
Description: a library
 that everything needs

Package: perl-base
Status: deinstall ok config-files
Architecture: amd64
Version: 5.40
"""
LOCKS = {
    "demo": [Pin("numpy", "2.5.5"), Pin("click", "8.5.1")],
    "publisher": [Pin("numpy", "2.5.5"), Pin("numpy", "2.4.6", "python_full_version < '3.12'"), Pin("rq", "3.0.0")],
}
IMAGE = Image("publisher", "linux/amd64", "publisher", "debian:trixie-slim", debian_packages(STATUS))
FILE = Vendored("vendor/a.js", "echarts", "6.1.0", "Apache-2.0", "a" * 64)


def listed(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"locks": LOCKS, "images": [IMAGE], "files": [FILE], **changes}
    return component_list("0.3.0", "c0ffee", MADE, **arguments)


def needs(document: dict[str, Any], ref: str) -> set[str]:
    return next(set(one["dependsOn"]) for one in document["dependencies"] if one["ref"] == ref)


def test_debian_s_packages_are_those_that_are_installed() -> None:
    assert debian_packages(STATUS) == (DebianPackage("libc6", "2.41-12+deb13u5", "amd64"),)


def test_the_list_is_a_cyclonedx_document() -> None:
    document = listed()
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["serialNumber"])
    assert document["metadata"]["timestamp"] == "2026-11-30T12:00:00Z"
    parts = [document["metadata"]["component"], *document["components"]]
    for part in parts:
        assert {"type", "name", "version", "bom-ref"} <= set(part)
        assert part["type"] in {"application", "library", "container"}
        assert part["type"] == "container" or part["purl"].startswith("pkg:")
    refs = [part["bom-ref"] for part in parts]
    assert len(refs) == len(set(refs))
    for one in document["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= set(refs)


def test_an_image_needs_what_is_installed_in_it() -> None:
    inside = needs(listed(), IMAGE.ref)
    assert inside == {
        "pkg:pypi/numpy@2.5.5",
        "pkg:pypi/rq@3.0.0",
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u5?arch=amd64",
    }


def test_the_app_needs_the_wheel_s_packages_its_images_and_files_of_others() -> None:
    document = listed()
    wanted = {"pkg:pypi/numpy@2.5.5", "pkg:pypi/click@8.5.1", "pkg:npm/echarts@6.1.0", IMAGE.ref}
    assert needs(document, "netflix-trend") == wanted
    (chart,) = [part for part in document["components"] if part["name"] == "echarts"]
    assert chart["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]


def test_the_list_is_the_same_for_the_same_release_and_another_for_another() -> None:
    assert listed() == listed()
    assert listed()["serialNumber"] != component_list("0.3.0", "other", MADE, LOCKS, [IMAGE])["serialNumber"]
    assert listed(images=[])["serialNumber"] != listed()["serialNumber"]


def test_a_file_of_somebody_else_s_has_a_name_and_a_version() -> None:
    about = {"npm": "@scope/lib@6.1.0, file dist/lib.js", "license": "MIT", "sha256": "b" * 64}
    assert vendored({"lib.js": about}, "vendor") == [Vendored("vendor/lib.js", "@scope/lib", "6.1.0", "MIT", "b" * 64)]


def test_the_statement_names_files_commit_command_locks_and_bases() -> None:
    said = statement(
        {"b.whl": "2" * 64, "a.tar.gz": "1" * 64},
        commit="c0ffee",
        version="0.3.0",
        command=["./run.sh", "release"],
        inputs={"requirements/dev.txt": "3" * 64},
        bases={"redis:8": "sha256:" + "4" * 64, "debian:trixie-slim": ""},
        began=MADE,
        ended=MADE,
    )
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    assert said["subject"][0] == {"name": "a.tar.gz", "digest": {"sha256": "1" * 64}}
    assert len(said["subject"]) == 2
    build = said["predicate"]["buildDefinition"]
    assert build["externalParameters"] == {"command": ["./run.sh", "release"], "version": "0.3.0"}
    digests = {one["name"]: one.get("digest") for one in build["resolvedDependencies"]}
    assert digests == {
        "source": {"gitCommit": "c0ffee"},
        "requirements/dev.txt": {"sha256": "3" * 64},
        "redis:8": {"sha256": "4" * 64},
        "debian:trixie-slim": None,
    }
    assert said["predicate"]["runDetails"]["metadata"]["startedOn"] == "2026-11-30T12:00:00Z"
