"""The wheel: one command, one top-level package, every data file, and it works outside of a checkout."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from netflix_trend import __version__
from netflix_trend.installed import services_root

ROOT = Path(__file__).parents[1]
DATA = {".csv", ".html", ".css", ".js", ".json", ".svg", ".typed"}


def tracked(folder: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network from a copy of the tracked files."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in (*tracked("netflix_trend"), *tracked("services"), "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(built)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True, env=outside())
    (found,) = built.iterdir()
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment with the wheel installed; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, env=outside())
    (installed,) = folder.rglob("netflix_trend/__init__.py")
    (installed.parents[1] / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return python


def outside() -> dict[str, str]:
    """The environment, without what would lead Python or a setting back to the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE", "COV_"))}


def test_the_wheel_has_the_version_and_one_top_level_package(wheel: Path) -> None:
    assert wheel.name.startswith(f"netflix_trend-{__version__}-")
    with ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"netflix_trend", f"netflix_trend-{__version__}.dist-info"}


def test_every_module_and_data_file_is_in_the_wheel(wheel: Path) -> None:
    modules = [name for name in tracked("netflix_trend") + tracked("services") if Path(name).suffix in {".py", *DATA}]
    expected = {name.replace("services/", "netflix_trend/app/services/", 1) for name in modules}
    # Read by Compose, which works in a checkout only.
    expected.remove("netflix_trend/app/services/scraper/seccomp/chromium.json")
    with ZipFile(wheel) as archive:
        assert expected - set(archive.namelist()) == set()


def run(python: Path, *arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(python), *arguments]
    env = {**outside(), "HOME": str(folder / "home"), "XDG_DATA_HOME": str(folder / "home"), **environment}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)


def test_no_package_called_services_is_installed(python: Path, tmp_path: Path) -> None:
    assert "No module named 'services'" in run(python, "-c", "import services", folder=tmp_path).stderr


def test_services_are_found_here_and_in_processes_started_from_here(python: Path, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; from netflix_trend.installed import find_services; find_services(); find_services()\n"
        "import services.aggregator.site.page as here; print(here.__file__)\n"
        "subprocess.run([sys.executable, '-c', 'import services.demo as child; print(child.__file__)'], check=True)"
    )
    seen = run(python, "-c", code, folder=tmp_path)
    assert seen.returncode == 0, seen.stderr
    places = seen.stdout.split()
    assert len(places) == 2
    assert all(f"netflix_trend{os.sep}app{os.sep}services" in place for place in places)


def test_in_a_checkout_services_lie_beside_the_library() -> None:
    assert services_root() == ROOT


@pytest.fixture(scope="module")
def command(python: Path) -> Path:
    """The installed command."""
    return python.with_name("netflix-trend.exe" if os.name == "nt" else "netflix-trend")


def test_the_command_knows_its_version(command: Path, tmp_path: Path) -> None:
    seen = run(command, "--version", folder=tmp_path)
    assert seen.stdout.strip() == f"Netflix Trend {__version__}", seen.stderr


def test_the_command_reads_an_export(command: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "services" / "demo" / "sample_viewing_history.csv", tmp_path / "export.csv")
    seen = run(command, "read", "export.csv", "--json", folder=tmp_path)
    assert seen.returncode == 0, seen.stderr
    report = json.loads(seen.stdout)
    assert report["rows"] == 150
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.csv"]


def test_the_command_runs_services_and_pages(command: Path, tmp_path: Path) -> None:
    options = ("--people", "40", "--weeks", "1", "--seed", "1", "--output", "out")
    seen = run(command, "demo", *options, folder=tmp_path)
    assert seen.returncode == 0, seen.stderr
    assert "participants" in seen.stdout
    page = tmp_path / "out" / "datasites" / "aggregator@example.org" / "public" / "netflix_trend" / "index.html"
    assert f"Netflix Trend {__version__}." in page.read_text()


def test_the_command_has_the_browser_s_verbs(command: Path, tmp_path: Path) -> None:
    seen = run(command, "scrape", folder=tmp_path, PATH=str(tmp_path))
    assert seen.returncode == 1
    assert "BROWSER_MISSING" in seen.stdout, seen.stderr
    assert (tmp_path / "home" / "netflix-trend" / "scraper" / "result.json").is_file()


def test_the_command_says_which_extra_the_browser_needs(command: Path, tmp_path: Path) -> None:
    (tmp_path / "selenium.py").write_text("raise ModuleNotFoundError('as where it is not installed')")
    seen = run(command, "scrape", folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert seen.returncode == 1
    assert f"netflix_trend-{__version__}-py3-none-any.whl[demo,scraper]" in seen.stderr
    assert "Traceback" not in seen.stderr
