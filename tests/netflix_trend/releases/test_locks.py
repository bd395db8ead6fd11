"""Locks: what they hold, and where it is installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from netflix_trend.releases.locks import (
    IN_AN_IMAGE,
    LockError,
    Pin,
    images_of,
    locks_of,
    pinned,
    pins_of,
    unpinned,
)
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]
ONE, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def test_a_pin_has_a_version_and_where_it_is_installed() -> None:
    text = "Foo_Bar==1.2 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n# note\nbaz==3 \\\n    --hash=sha256:01\n"
    assert pins_of(text) == [Pin("foo-bar", "1.2", "sys_platform == 'win32'"), Pin("baz", "3")]
    assert [pin.name for pin in pins_of(text) if pin.is_in(IN_AN_IMAGE)] == ["baz"]


@pytest.mark.parametrize("line", ["foo>=1", "foo", "-r other.txt", "foo @ https://example.org/foo.whl"])
def test_what_is_no_package_with_a_version_is_refused_by_its_line(line: str) -> None:
    with pytest.raises(LockError, match="line 2"):
        pins_of(f"bar==1\n{line}\n")


def test_every_lock_can_be_read_and_an_image_gets_each_package_once() -> None:
    locks = locks_of(ROOT)
    assert {"publisher", "aggregator", "import", "syftbox", "dev"} <= set(locks)
    for name in ("publisher", "processor", "dashboard", "aggregator", "scraper", "import"):
        names = [pin.name for pin in locks[name] if pin.is_in(IN_AN_IMAGE)]
        assert len(names) == len(set(names)) > 5, name


def test_a_base_image_is_named_by_its_digest_where_one_is_known() -> None:
    images = images_of(f"# head\ndebian:trixie-slim {ONE}\nredis:8 -\n")
    assert pinned("debian:trixie-slim", images) == f"debian:trixie-slim@{ONE}"
    assert pinned("redis:8", images) == "redis:8"
    assert unpinned(images) == ["redis:8"]


@pytest.mark.parametrize("line", ["redis:8", "redis -", "redis:8 latest", f"redis:8 {ONE} x"])
def test_a_line_about_an_image_that_is_no_digest_is_refused(line: str) -> None:
    with pytest.raises(LockError, match="line 1"):
        images_of(line)


def test_the_lock_of_images_names_what_docker_and_compose_name() -> None:
    names = set(images_of((ROOT / "requirements" / "images.lock").read_text()))
    compose = (ROOT / "docker-compose.yml").read_text()
    assert names == {"debian:trixie-slim", "debian:bookworm-slim", "redis:8"}
    assert all(f":-{name}" in compose for name in names)


# --- images.sh, which asks the registry


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone" / "requirements"
    folder.mkdir(parents=True)
    (folder / "images.sh").write_text((ROOT / "requirements" / "images.sh").read_text())
    (folder / "images.lock").write_text(f"# head\ndebian:trixie-slim {ONE}\nredis:8 -\n")
    return folder.parent


def renew(clone: Path, docker: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a Docker that does this."""
    tools = clone.parent / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "docker").write_text(
        f'#!/bin/sh\n[ "$1 $2" = \'buildx version\' ] && exit 0\necho "$*" >>{clone}/asked\n{docker}\n'
    )
    (tools / "docker").chmod(0o755)
    command = ["sh", str(clone / "requirements" / "images.sh"), *arguments]
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)


def lock_of(clone: Path) -> str:
    return (clone / "requirements" / "images.lock").read_text()


def test_digests_are_renewed_from_the_registry(clone: Path) -> None:
    done = renew(clone, f'case "$*" in *redis*) echo {OTHER};; *) echo {ONE};; esac')
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"redis:8: - -> {OTHER}\n"
    assert lock_of(clone) == f"# head\ndebian:trixie-slim {ONE}\nredis:8 {OTHER}\n"
    assert sorted(path.name for path in (clone / "requirements").iterdir()) == ["images.lock", "images.sh"]
    asked = (clone / "asked").read_text().splitlines()
    assert asked[0] == "buildx imagetools inspect --format {{.Manifest.Digest}} debian:trixie-slim"


@pytest.mark.parametrize(
    "docker", ["exit 1", "echo no digest", "echo sha256:12", f'case "$*" in *redis*) exit 1;; *) echo {OTHER};; esac']
)
def test_a_registry_that_does_not_answer_changes_nothing(clone: Path, docker: str) -> None:
    before = lock_of(clone)
    done = renew(clone, docker)
    assert (done.returncode, "Nothing was changed" in done.stderr) == (1, True)
    assert lock_of(clone) == before
    assert sorted(path.name for path in (clone / "requirements").iterdir()) == ["images.lock", "images.sh"]


def test_a_check_changes_nothing_and_says_what_is_new(clone: Path) -> None:
    before = lock_of(clone)
    assert renew(clone, f"echo {OTHER}", "--check").returncode == 1
    assert lock_of(clone) == before
    assert renew(clone, f"echo {ONE}").returncode == 0
    assert renew(clone, f"echo {ONE}", "--check").returncode == 0
