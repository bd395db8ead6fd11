"""Where a release comes from: a statement in the form of in-toto (https://in-toto.io/Statement/v1) about its files,
with the predicate of SLSA (https://slsa.dev/spec/v1.0/provenance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

# Names of this kind of build and of who builds: whoever runs the command on a machine of their own.
BUILD_TYPE = "urn:netflix-trend:release:1"
BUILDER = "urn:netflix-trend:builder:run.sh-release"


def statement(
    files: Mapping[str, str],
    *,
    commit: str,
    version: str,
    command: Sequence[str],
    inputs: Mapping[str, str],
    bases: Mapping[str, str],
    began: datetime,
    ended: datetime,
) -> dict[str, Any]:
    """Return the statement.

    files: SHA-256 of every file of the release, by name. command: as it was typed, without the folder it writes to.
    inputs: SHA-256 of the locks, by path in the repository. bases: digest of each base image, empty where it was taken
    as the machine had it.
    """
    sources: list[dict[str, Any]] = [{"name": "source", "digest": {"gitCommit": commit}}]
    sources += [{"name": path, "digest": {"sha256": digest}} for path, digest in sorted(inputs.items())]
    sources += [
        {
            "name": name,
            "uri": f"docker://{name}",
            **({"digest": {"sha256": digest.removeprefix("sha256:")}} if digest else {}),
        }
        for name, digest in sorted(bases.items())
    ]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(files.items())],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"command": list(command), "version": version},
                "resolvedDependencies": sources,
            },
            "runDetails": {
                "builder": {"id": BUILDER},
                "metadata": {"startedOn": _time(began), "finishedOn": _time(ended)},
            },
        },
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
