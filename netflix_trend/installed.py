"""Where the services are: beside this package in a checkout, below it in an installed wheel (decision 0070)."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def services_root(package: Path = Path(__file__).parent) -> Path:
    """Return the folder that holds the package `services`. package: the folder of `netflix_trend`."""
    installed = package / "app"
    return installed if installed.is_dir() else package.parent


def find_services() -> None:
    """Make `services` importable here and in every Python process that is started from here.

    Call it before a service is imported. A wheel installs no top-level package of so common a name, so the folder has
    to be put on the path; in a checkout it is there already, unless Python was started elsewhere.
    """
    root = str(services_root())
    if root not in sys.path:
        sys.path.insert(0, root)
    inherited = os.environ.get("PYTHONPATH", "")
    if root not in inherited.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (root, inherited)))
