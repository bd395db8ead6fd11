"""Every image has the packages that its service imports: those of its own lock, whatever else is installed here."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.e2e.containers import ROOT
from tests.waiting import PATIENCE

# Run in a process of its own: refuses what is not in the lock, then imports every module of a service.
PROGRAM = """
import importlib, pkgutil, re, sys
from importlib.metadata import packages_distributions

service, locked = sys.argv[1], {re.sub("[-_.]+", "-", name) for name in sys.argv[2:]}
installed = packages_distributions()

class Lock:
    def find_spec(self, name, path=None, target=None):
        owners = {re.sub("[-_.]+", "-", one).lower() for one in installed.get(name, ())} - {"netflix-trend"}
        if owners and not owners & locked:
            raise ModuleNotFoundError(f"{name} is not in the lock of {service}", name=name)

sys.meta_path.insert(0, Lock())
package = importlib.import_module(f"services.{service}")
for module in pkgutil.walk_packages(package.__path__, f"services.{service}."):
    importlib.import_module(module.name)
"""


def test_pandas_is_where_people_compute_with_it_and_in_no_image() -> None:
    locks = {path.stem for path in (ROOT / "requirements").glob("*.txt") if "\npandas==" in path.read_text()}
    assert locks == {"demo", "dev"}


@pytest.mark.parametrize("service", ["scraper", "processor", "publisher", "aggregator", "dashboard"])
def test_an_image_holds_what_its_service_imports(service: str) -> None:
    lock = (ROOT / "requirements" / f"{service}.txt").read_text()
    names = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    command = [sys.executable, "-c", PROGRAM, service, *names]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert result.returncode == 0, result.stderr[-1000:]
