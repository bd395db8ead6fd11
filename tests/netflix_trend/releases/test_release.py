"""The verb `release` on a small repository, with a Docker and a cosign that note what they are asked to do."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

from netflix_trend import __version__
from netflix_trend.releases import build
from netflix_trend.releases.build import RECIPES, BuildError, Commit, build_wheel
from tests.netflix_trend.cli.front_door import Said, lines, run

ROOT = Path(__file__).parents[3]
ONE = "sha256:" + "a" * 64
STATUS = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.41\n"
WHEEL, SOURCE = f"netflix_trend-{__version__}-py3-none-any.whl", f"netflix_trend-{__version__}.tar.gz"


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with what a release is built from, at one commit."""
    folder = tmp_path_factory.mktemp("repository") / "clone"
    folders = ("netflix_trend", "services/__init__.py", "services/runtime", "services/dashboard", "requirements")
    files = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "docker-compose.yml", ".env.example", "Dockerfile")
    listed = subprocess.run(["git", "ls-files", *folders, *files], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    digests = "".join(f"{name} {ONE}\n" for name in ("debian:trixie-slim", "debian:bookworm-slim", "redis:8"))
    (folder / "requirements" / "images.lock").write_text(digests)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "All")
    return folder


@pytest.fixture
def clone(committed: Path, tmp_path: Path) -> Path:
    """A clone of its own, which a test may change."""
    git(tmp_path, "clone", "--quiet", "--local", str(committed), "clone")
    return tmp_path / "clone"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with a Docker that can build for two platforms, and a cosign."""
    folder = tmp_path / "bin"
    folder.mkdir()
    with tarfile.open(folder / "status.tar", "w") as archive:
        member = tarfile.TarInfo("status")
        member.size = len(STATUS)
        archive.addfile(member, io.BytesIO(STATUS.encode()))
    program(
        folder / "docker",
        f'echo "$*" >>{tmp_path}/docker.log',
        'case "$1 $2" in "buildx inspect") echo "Platforms: linux/amd64*, linux/arm64, linux/386";;',
        f'save*) echo "image $2";; create*) echo c0;; cp*) cat {folder}/status.tar;; esac',
    )
    program(
        folder / "cosign",
        f'echo "$*" >>{tmp_path}/cosign.log',
        "[ -s SHA256SUMS ] || exit 9",
        'while [ $# -gt 1 ]; do [ "$1" != --bundle ] || echo "{}" >"$2"; shift; done',
    )
    return folder


def program(file: Path, *body: str) -> None:
    file.write_text("\n".join(["#!/bin/sh", f"PATH={os.environ['PATH']}", *body, ""]))
    file.chmod(0o755)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel that takes no time, where another test looks into the real one."""
    monkeypatch.setattr(build, "build_wheel", lambda _source, folder, _seconds: (folder / WHEEL).write_bytes(b"wheel"))


def release(clone: Path, path: Path, *arguments: str) -> Said:
    return run(clone, path, "release", str(clone.parent / "dist"), *arguments)


def test_source_and_wheel_are_the_same_bytes_whenever_they_are_built(committed: Path, tmp_path: Path) -> None:
    built = []
    for number, mask in enumerate((0o022, 0o077)):
        git(committed, "config", "tar.umask", f"{mask:03o}")
        before = os.umask(mask)
        try:
            commit, folder = Commit.of(committed), tmp_path / str(number)
            folder.mkdir()
            commit.unpack(folder / "source")
            for file in (folder / "source").rglob("*.py"):
                os.utime(file, (number * 1e8, number * 1e8))
            commit.pack(folder / "source.tar.gz", "x")
            wheel = build_wheel(folder / "source", folder, commit.seconds)
        finally:
            os.umask(before)
        built.append((wheel.name, wheel.read_bytes(), (folder / "source.tar.gz").read_bytes()))
    assert built[0] == built[1]
    with ZipFile(wheel) as archive:
        assert {one.date_time[:3] for one in archive.infolist()} == {time.gmtime(int(commit.seconds))[:3]}
        assert "netflix_trend/releases/build.py" in archive.namelist()


def test_a_release_has_everything_and_says_what_it_is(clone: Path, path: Path) -> None:
    done = release(clone, path, "--key", "cosign.key")
    assert done.returncode == 0, done.stderr
    dist = clone.parent / "dist"
    images = {
        f"netflix-trend-{__version__}-{recipe.name}-{machine}.tar.gz"
        for recipe in RECIPES
        for machine in ("amd64", "arm64")
    }
    described = {"components.cdx.json", "provenance.json", "images.env", "SHA256SUMS", "SHA256SUMS.sigstore.json"}
    assert {file.name for file in dist.iterdir()} == {WHEEL, SOURCE, *images, *described}
    assert [path.name for path in clone.parent.iterdir() if path.name.startswith(".")] == []

    listed = (line.split("  ") for line in (dist / "SHA256SUMS").read_text().splitlines())
    sums = {name: digest for digest, name in listed}
    assert set(sums) == {WHEEL, SOURCE, *images, "components.cdx.json", "provenance.json", "images.env"}
    assert all(hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest for name, digest in sums.items())

    said = json.loads((dist / "provenance.json").read_bytes())
    assert {one["name"]: one["digest"]["sha256"] for one in said["subject"]} == {
        name: digest for name, digest in sums.items() if name != "provenance.json"
    }
    made = said["predicate"]["buildDefinition"]
    assert made["resolvedDependencies"][0]["digest"]["gitCommit"] == git(clone, "rev-parse", "HEAD").strip()
    assert made["externalParameters"]["command"] == ["./run.sh", "release"]
    assert str(clone.parent) not in json.dumps(said), "no path of the builder's"

    parts = json.loads((dist / "components.cdx.json").read_bytes())["components"]
    names = {part["name"] for part in parts}
    assert {
        "netflix-trend/publisher",
        "netflix-trend/scraper-browser",
        "libc6",
        "duckdb",
        "starlette",
        "echarts",
    } <= names
    assert (
        f"IMAGE=netflix-trend\nIMAGE_TAG={__version__}\nREDIS_IMAGE=redis:8@{ONE}\n"
        == (dist / "images.env").read_text()
    )
    assert (
        gzip.decompress((dist / min(images)).read_bytes()).decode() == f"image netflix-trend/aggregator:{__version__}\n"
    )


def test_images_are_built_from_digests_and_marked_with_the_commit(clone: Path, path: Path, quick: None) -> None:
    assert release(clone, path, "--unsigned", "--platform", "linux/amd64").returncode == 0
    builds = [line for line in lines(clone.parent / "docker.log") if line.startswith("buildx build")]
    assert len(builds) == len(RECIPES)
    assert all("--platform linux/amd64" in one for one in builds)
    assert all(f"org.opencontainers.image.revision={git(clone, 'rev-parse', 'HEAD').strip()}" in one for one in builds)
    publisher, browser, syftbox = builds[0], builds[-2], builds[-1]
    assert f"BASE=debian:trixie-slim@{ONE} --build-arg SERVICE=publisher" in publisher
    assert "SERVICE=scraper --build-arg RUNTIME=browser" in browser
    assert f"SYFTBOX_BASE=debian:bookworm-slim@{ONE}" in syftbox
    assert "--file services/syftbox/Dockerfile" in syftbox
    assert sum(line == "rm c0" for line in lines(clone.parent / "docker.log")) == len(RECIPES)


def test_checksums_are_signed_by_the_builder_s_key_and_nothing_is_sent(clone: Path, path: Path, quick: None) -> None:
    assert release(clone, path, "--key", "my.key", "--no-images").returncode == 0
    (asked,) = lines(clone.parent / "cosign.log")
    assert asked == (
        f"sign-blob --yes --key {clone / 'my.key'} --bundle SHA256SUMS.sigstore.json --use-signing-config=false "
        "--tlog-upload=false SHA256SUMS"
    )


def test_a_signature_that_fails_leaves_nothing(clone: Path, path: Path, quick: None) -> None:
    program(path / "cosign", "echo wrong password >&2", "exit 1")
    done = release(clone, path, "--key", "my.key", "--no-images")
    assert (done.returncode, "Nothing was written" in done.stderr) == (1, True)
    assert sorted(file.name for file in clone.parent.iterdir()) == ["bin", "clone"]


def test_without_cosign_a_release_is_unsigned_only_when_asked_for(clone: Path, path: Path, quick: None) -> None:
    (path / "cosign").unlink()
    refused = release(clone, path, "--key", "my.key", "--no-images")
    assert (refused.returncode, "cosign is not installed" in refused.stderr) == (1, True)
    neither = release(clone, path, "--no-images")
    assert (neither.returncode, "--unsigned" in neither.stderr) == (2, True)
    done = release(clone, path, "--unsigned", "--no-images")
    assert (done.returncode, "Not signed" in done.stdout) == (0, True)
    names = {file.name for file in (clone.parent / "dist").iterdir()}
    assert names == {WHEEL, SOURCE, "components.cdx.json", "provenance.json", "SHA256SUMS"}


def test_what_is_not_committed_is_not_released(clone: Path, path: Path, quick: None) -> None:
    (clone / "netflix_trend" / "__init__.py").write_text("# changed\n")
    done = release(clone, path, "--unsigned", "--no-images")
    assert (done.returncode, "netflix_trend/__init__.py" in done.stderr) == (1, True)
    with pytest.raises(BuildError, match="Commit them"):
        Commit.of(clone)


def test_base_images_without_a_digest_are_taken_only_when_asked_for(clone: Path, path: Path, quick: None) -> None:
    (clone / "requirements" / "images.lock").write_text("debian:trixie-slim -\ndebian:bookworm-slim -\nredis:8 -\n")
    git(clone, "commit", "--quiet", "--all", "--message", "Unpinned")
    refused = release(clone, path, "--unsigned")
    assert (refused.returncode, "images.sh" in refused.stderr) == (1, True)
    assert release(clone, path, "--unsigned", "--unpinned", "--platform", "linux/amd64").returncode == 0
    assert "REDIS_IMAGE=redis:8\n" in (clone.parent / "dist" / "images.env").read_text()


def test_a_known_hole_that_is_not_accepted_stops_a_release(clone: Path, path: Path, quick: None) -> None:
    file = clone / "requirements" / "advisories.json"
    known = json.loads(file.read_bytes())
    file.write_text(json.dumps({**known, "accepted": []}))
    git(clone, "commit", "--quiet", "--all", "--message", "Accept nothing")
    done = release(clone, path, "--unsigned", "--no-images")
    assert (done.returncode, "syftbox: starlette 0.46.2" in done.stderr) == (1, True)


def test_a_platform_without_a_builder_is_left_out_unless_it_was_named(clone: Path, path: Path, quick: None) -> None:
    docker = (path / "docker").read_text()
    (path / "docker").write_text(docker.replace(", linux/arm64", ""))
    refused = release(clone, path, "--unsigned", "--platform", "linux/arm64")
    assert (refused.returncode, "cannot build for linux/arm64" in refused.stderr) == (1, True)
    done = release(clone, path, "--unsigned")
    assert (done.returncode, "Left out" in done.stderr) == (0, True)
    assert not list((clone.parent / "dist").glob("*arm64*"))


def test_a_folder_that_is_there_is_left_alone(clone: Path, path: Path, quick: None) -> None:
    (clone.parent / "dist").mkdir()
    assert release(clone, path, "--unsigned", "--no-images").returncode == 1
    assert list((clone.parent / "dist").iterdir()) == []
