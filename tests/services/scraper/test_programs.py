"""Which browser and driver are used, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.scraper.failures import Failure
from services.scraper.programs import Programs, find_programs, how_to_install, misfit, version_of


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, name: str, says: str = "") -> str:
    (path / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (path / name).chmod(0o755)
    return str(path / name)


def release(monkeypatch: pytest.MonkeyPatch, **fields: str) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: fields)


def test_the_browser_and_the_driver_on_path_are_used(path: Path) -> None:
    chromium, driver = program(path, "chromium"), program(path, "chromedriver")
    assert find_programs() == Programs(chromium, driver)


def test_of_several_browsers_the_one_with_the_driver_s_version_is_used(path: Path) -> None:
    chromium = program(path, "chromium", "Chromium 156.0.8078.79 built on Debian")
    chrome = program(path, "google-chrome", "Google Chrome 157.0.1.2 ")
    driver = program(path, "chromedriver", "ChromeDriver 157.0.9.9 (abc)")
    assert find_programs() == Programs(chrome, driver)
    driver = program(path, "chromedriver", "ChromeDriver 150.0.9.9 (abc)")
    assert find_programs() == Programs(chromium, driver), "one of them, whose start then says what is wrong"
    assert misfit(find_programs()) == "Chromium 156.0.8078.79; ChromeDriver 150.0.9.9"


def test_versions_that_are_not_known_are_not_called_wrong(path: Path) -> None:
    found = Programs(program(path, "chromium", "no number"), str(path / "nowhere"))
    assert version_of(found.driver) == ""
    assert misfit(found) == ""


@pytest.mark.parametrize(("there", "missing"), [([], "Chromium and ChromeDriver"), (["chromedriver"], "Chromium")])
def test_what_is_missing_is_named_with_the_command(
    path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str], missing: str
) -> None:
    release(monkeypatch, ID="debian")
    for name in there:
        program(path, name)
    with pytest.raises(Failure) as failure:
        find_programs()
    assert failure.value.cause.code == "BROWSER_MISSING"
    assert failure.value.detail == f"{missing} not found; sudo apt install chromium chromium-driver"


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({"ID": "debian"}, "sudo apt install chromium chromium-driver"),
        ({"ID": "raspbian", "ID_LIKE": "debian"}, "sudo apt install chromium chromium-driver"),
        ({"ID": "fedora"}, "sudo dnf install chromium chromedriver"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "epel-release"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "Ubuntu's own Chromium is a snap"),
        ({"ID": "void"}, "put both on PATH"),
    ],
)
def test_each_system_has_its_command(monkeypatch: pytest.MonkeyPatch, fields: dict[str, str], command: str) -> None:
    release(monkeypatch, **fields)
    assert command in how_to_install("linux")


def test_macos_has_homebrew() -> None:
    assert how_to_install("darwin") == "brew install --cask google-chrome chromedriver"


def test_a_snap_is_no_browser_that_can_be_used(path: Path) -> None:
    program(path, "chromedriver")
    (path / "chromium-browser").write_text('#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    (path / "chromium-browser").chmod(0o755)
    with pytest.raises(Failure, match="BROWSER_MISSING"):
        find_programs()
