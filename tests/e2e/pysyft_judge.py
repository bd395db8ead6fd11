"""PySyft v2's own decisions (syft-permissions) about files in datasites: a child process in .venv-pysyft.

In, as JSON: a list of [folder of a datasite, path below it, user, "read", "write" or "admin"]. Out: a list of booleans.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

from syft_permissions import AccessLevel, ACLRequest, ACLService, User


@cache
def rules_of(datasite: Path) -> ACLService:
    service = ACLService(owner=datasite.name)
    service.load_permissions_from_filesystem(datasite)
    return service


def main() -> None:
    answers = [
        rules_of(Path(datasite)).can_access(ACLRequest(path, AccessLevel[level.upper()], User(user)))
        for datasite, path, user, level in json.load(sys.stdin)
    ]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
