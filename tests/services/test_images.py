"""Every image has the packages that its service imports: those of its own lock, whatever else is installed here."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.e2e.containers import ROOT, require_docker

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


@pytest.mark.parametrize("service", ["scraper", "processor", "publisher", "aggregator", "dashboard"])
def test_an_image_holds_what_its_service_imports(service: str) -> None:
    lock = (ROOT / "requirements" / f"{service}.txt").read_text()
    names = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    command = [sys.executable, "-c", PROGRAM, service, *names]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr[-1000:]


BUILT = {"IMAGE": "registry.example.com/netflix-trend", "IMAGE_TAG": "0.3.0", "REDIS_IMAGE": "redis@sha256:" + "a" * 64}


@pytest.mark.docker
@pytest.mark.parametrize("target", ["browser", "import"])
@pytest.mark.parametrize("settings", [{}, BUILT], ids=["built here", "built elsewhere"])
def test_compose_takes_images_by_their_settings(settings: dict[str, str], target: str) -> None:
    require_docker()
    start, tag = settings.get("IMAGE", "netflix-trend"), settings.get("IMAGE_TAG", "latest")
    names = {
        "docker-compose.yml": ("processor", "publisher", "dashboard", "syftbox", f"scraper-{target}"),
        "docker-compose.aggregator.yml": ("aggregator",),
        "docker-compose.helper.yml": ("aggregator",),
    }
    for file, services in names.items():
        command = ["docker", "compose", "--env-file", os.devnull, "-f", str(ROOT / file), "--profile", "syftbox"]
        environment = {
            "PATH": os.environ["PATH"],
            "SCRAPER_TARGET": target,
            "HELPER_DATASITE": "h@example.com",
            **settings,
        }
        result = subprocess.run(
            [*command, "config", "--images"], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert result.returncode == 0, result.stderr
        wanted = {f"{start}/{name}:{tag}" for name in services} | {settings.get("REDIS_IMAGE", "redis:8")}
        assert set(result.stdout.split()) == wanted, file
