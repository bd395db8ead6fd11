"""Files of a release: source, wheel, images, checksums, signature. All of it runs programs or touches the disk."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from netflix_trend.causes import cause
from netflix_trend.releases.components import NAME, Image, debian_packages
from netflix_trend.releases.locks import pinned

DEBIAN, SYFTBOX_DEBIAN, REDIS = "debian:trixie-slim", "debian:bookworm-slim", "redis:8"
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sigstore.json"
_BLOCK = 1 << 20
# Better ones take minutes more for an image with a browser and save little.
_PACKING = 3
_LARGEST_STATUS = 50_000_000


class BuildError(Exception):
    """A part of a release cannot be built; the message says which and why."""


@dataclass(frozen=True)
class Commit:
    """What a release is built from: a clean clone at a commit. made: when it was committed."""

    root: Path
    id: str
    made: datetime

    @classmethod
    def of(cls, root: Path) -> Commit:
        """Return the commit of a clone. Raises BuildError where files differ from it: nobody could build them again."""
        changed = _said(["git", "-C", str(root), "status", "--porcelain"]).splitlines()
        if changed:
            raise BuildError(
                f"{len(changed)} files differ from the last commit, such as {changed[0][3:]}. Commit them, or build "
                "from another clone"
            )
        commit, seconds = _said(["git", "-C", str(root), "log", "-1", "--format=%H %ct"]).split()
        return cls(root, commit, datetime.fromtimestamp(int(seconds), UTC))

    @property
    def seconds(self) -> str:
        """When it was committed, in seconds since 1970: the time of everything that is built (SOURCE_DATE_EPOCH)."""
        return str(int(self.made.timestamp()))

    def unpack(self, folder: Path) -> None:
        """Write all files of the commit to a new folder, as anybody gets them, whatever the umask."""
        with tarfile.open(fileobj=io.BytesIO(self._archive())) as archive:
            archive.extractall(folder, filter="tar")

    def pack(self, file: Path, prefix: str) -> None:
        """Write the source archive. prefix: its only folder. The bytes are the same for the same commit."""
        with file.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
            packed.write(self._archive(f"{prefix}/"))

    def _archive(self, prefix: str = "") -> bytes:
        command = ["git", "-c", "tar.umask=022", "-C", str(self.root), "archive", "--format=tar", f"--prefix={prefix}"]
        return _run([*command, self.id])


def build_wheel(source: Path, folder: Path, seconds: str) -> Path:
    """Build the wheel of unpacked sources into a folder that is there. The bytes are the same for the same sources.

    seconds: time of every file in it, since 1970. Nothing is fetched: setuptools is that of this environment.
    """
    before = set(folder.iterdir())
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    code = f"import os; os.umask(0o022); from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    _run([sys.executable, "-c", code], cwd=source, environment={**environment, "SOURCE_DATE_EPOCH": seconds,
                                                                "PYTHONHASHSEED": "0"})  # fmt: skip
    (wheel,) = set(folder.iterdir()) - before
    return wheel


# --- images


@dataclass(frozen=True)
class Recipe:
    """How an image is built. lock: of its Python packages; base: the image it is made from; file: a Dockerfile."""

    name: str
    lock: str
    base: str = DEBIAN
    file: str = "Dockerfile"
    runtime: str = ""

    def arguments(self, bases: Mapping[str, str]) -> list[str]:
        """Return the arguments of a build. bases: digests of base images by name."""
        name = "BASE" if self.base == DEBIAN else "SYFTBOX_BASE"
        values = {name: pinned(self.base, bases)}
        if self.base == DEBIAN:
            values["SERVICE"] = self.name.partition("-")[0]
            if not self.runtime:
                values["LOCK"] = self.lock
        if self.runtime:
            values["RUNTIME"] = self.runtime
        return ["--file", self.file, *(part for one in values.items() for part in ("--build-arg", "=".join(one)))]


RECIPES = (
    *(Recipe(name, name) for name in ("publisher", "processor", "dashboard", "aggregator")),
    Recipe("aggregator-scale", "scale"),
    Recipe("scraper-import", "import", runtime="import"),
    Recipe("scraper-browser", "scraper", runtime="browser"),
    Recipe("syftbox", "syftbox", SYFTBOX_DEBIAN, "services/syftbox/Dockerfile"),
)


@dataclass(frozen=True)
class Docker:
    """Docker with buildx. program: its path."""

    program: str

    def platforms(self) -> set[str]:
        """Return the platforms that it can build for, such as linux/arm64."""
        listed = _said([self.program, "buildx", "inspect"])
        found = [line.partition(":")[2] for line in listed.splitlines() if line.startswith("Platforms:")]
        return {name.strip(" *") for line in found for name in line.split(",")}

    def build(self, recipe: Recipe, source: Path, commit: Commit, *, version: str, platform: str,
              bases: Mapping[str, str]) -> str:  # fmt: skip
        """Build an image from unpacked sources, and return its tag."""
        tag = f"{NAME}/{recipe.name}:{version}"
        labels = {"version": version, "revision": commit.id, "title": f"{NAME} {recipe.name}", "licenses": "Apache-2.0"}
        marks = [
            part for name, value in labels.items() for part in ("--label", f"org.opencontainers.image.{name}={value}")
        ]
        _run(
            [self.program, "buildx", "build", "--quiet", "--load", "--provenance=false", "--platform", platform,
             *recipe.arguments(bases), "--build-arg", f"SOURCE_DATE_EPOCH={commit.seconds}", *marks, "--tag", tag, "."],
            cwd=source,
        )  # fmt: skip
        return tag

    def save(self, tag: str, file: Path) -> None:
        """Write an image to a file that `docker load` reads."""
        with (
            _piped([self.program, "save", tag]) as image,
            file.open("wb") as raw,
            gzip.GzipFile("", "wb", _PACKING, raw, mtime=0) as packed,
        ):
            shutil.copyfileobj(image, packed, _BLOCK)

    def look_into(self, recipe: Recipe, tag: str, platform: str, bases: Mapping[str, str]) -> Image:
        """Return what is in an image, by the list of packages that Debian keeps there."""
        container = _said([self.program, "create", "--platform", platform, tag]).strip()
        try:
            copied = _run([self.program, "cp", f"{container}:/var/lib/dpkg/status", "-"])
        finally:
            _run([self.program, "rm", container])
        with tarfile.open(fileobj=io.BytesIO(copied)) as archive:
            status = archive.extractfile("status")
            text = status.read(_LARGEST_STATUS).decode("utf-8", "replace") if status else ""
        return Image(recipe.name, platform, recipe.lock, pinned(recipe.base, bases), debian_packages(text))


def image_file(version: str, recipe: Recipe, platform: str) -> str:
    """Return the name of the file with an image."""
    return f"{NAME}-{version}-{recipe.name}-{platform.partition('/')[2].replace('/', '-')}.tar.gz"


def image_settings(version: str, bases: Mapping[str, str]) -> str:
    """Return the lines for .env by which Compose takes the images of a release."""
    return f"IMAGE={NAME}\nIMAGE_TAG={version}\nREDIS_IMAGE={pinned(REDIS, bases)}\n"


# --- checksums and signature


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def checksums(files: Mapping[str, str]) -> str:
    """Return SHA256SUMS, as `sha256sum --check` reads it. files: SHA-256 by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))


def sign(cosign: str, key: str, folder: Path) -> None:
    """Sign the checksums of a release by a key that the builder holds. cosign: path of the program.

    Nothing is sent to a public log, which would need the net for every check. Raises BuildError when it fails.
    """
    command = [cosign, "sign-blob", "--yes", "--key", key, "--bundle", SIGNATURE]
    _run([*command, "--use-signing-config=false", "--tlog-upload=false", SUMS], cwd=folder, asks=True)
    if not (folder / SIGNATURE).is_file():
        raise BuildError(f"cosign wrote no {SIGNATURE}")


# --- programs


def _said(command: list[str]) -> str:
    return _run(command).decode("utf-8", "replace")


def _run(command: list[str], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None,
         asks: bool = False) -> bytes:  # fmt: skip
    """Return what a program prints. asks: it may ask for a key's password. Raises BuildError if it fails."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, check=False, stdin=None if asks else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=None if asks else subprocess.PIPE,
        )  # fmt: skip
    except OSError as problem:
        raise BuildError(f"{command[0]} cannot be started: {cause(problem)}") from None
    if done.returncode:
        last = (done.stderr or b"").decode("utf-8", "replace").strip().splitlines()[-12:]
        raise BuildError("\n".join([f"{_short(command)} failed with {done.returncode}", *last]))
    return done.stdout


@contextmanager
def _piped(command: list[str]) -> Iterator[IO[bytes]]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.stdout
    if process.returncode:
        raise BuildError(f"{_short(command)} failed with {process.returncode}, see above")


def _short(command: list[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:3]])
