"""Which images Compose takes: those that are built here, or those that the settings name."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.e2e.containers import ROOT, require_docker
from tests.waiting import PATIENCE

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
        "docker-compose.scale.yml": ("aggregator-scale",),
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
            [*command, "config", "--images"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, result.stderr
        wanted = {f"{start}/{name}:{tag}" for name in services} | {settings.get("REDIS_IMAGE", "redis:8")}
        assert set(result.stdout.split()) == wanted, file
