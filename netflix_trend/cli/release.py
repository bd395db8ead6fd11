"""The verb `release`: everything that a version consists of, built from a commit by one command."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netflix_trend import __version__
from netflix_trend.cli.frame import Failure, Verb
from netflix_trend.cli.machine import Machine
from netflix_trend.cli.mode import place_of

if TYPE_CHECKING:
    from netflix_trend.releases.build import Commit
    from netflix_trend.releases.components import Image
    from netflix_trend.releases.locks import Pin

PLATFORMS = ("linux/amd64", "linux/arm64")
COMPONENTS, PROVENANCE, SETTINGS = "components.cdx.json", "provenance.json", "images.env"


@click.command(cls=Verb, examples=["release dist --key cosign.key", "release dist --unsigned --no-images"])
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--key", metavar="KEY", help="Sign with this private key of cosign's: a file, or an address it knows.")
@click.option("--unsigned", "is_unsigned", is_flag=True, help="Build without a signature, to try it.")
@click.option("--no-images", "is_without_images", is_flag=True, help="Build source and wheel only.")
@click.option("--unpinned", "is_unpinned", is_flag=True, help="Take base images without a digest as they are here.")
@click.option(
    "--platform", "platforms", metavar="NAME", multiple=True,
    help="Build images for this platform only, such as linux/arm64. Default: amd64, and arm64 where buildx can.",
)  # fmt: skip
@click.pass_context
def release(
    context: click.Context,
    folder: Path,
    key: str | None,
    is_unsigned: bool,
    is_without_images: bool,
    is_unpinned: bool,
    platforms: tuple[str, ...],
) -> None:
    """Build a release of the last commit into a new FOLDER.

    It holds source, wheel, images, a list of components, checksums, their signature, and where all came from. FOLDER
    appears once everything is in it. How others check it: docs/operations.md.
    """
    machine = place_of(context).machine
    if not machine.is_clone:
        raise Failure("an installed package has no sources; a release needs a clone of the repository")
    if bool(key) == is_unsigned:
        raise click.UsageError("expected one of: --key KEY, or --unsigned for a release that nobody can verify")
    if folder.exists():
        raise Failure(f"{folder} is there already. Name a new folder")
    machine.need_packages("dev")
    from netflix_trend.releases.advisories import Advisories, problems
    from netflix_trend.releases.build import BuildError, Commit, sign
    from netflix_trend.releases.locks import images_of, locks_of, unpinned

    cosign = machine.find("cosign")
    if key and not cosign:
        raise Failure("cosign is not installed: see https://docs.sigstore.dev/cosign. To try it without: --unsigned")
    requirements = machine.root / "requirements"
    locks, bases = locks_of(machine.root), images_of((requirements / "images.lock").read_text("utf-8"))
    known = Advisories.model_validate_json((requirements / "advisories.json").read_bytes())
    if holes := problems(locks, known, date.today()):
        raise Failure("known holes, see requirements/advisories.json:\n" + "\n".join(holes))
    if not is_without_images and not is_unpinned and (names := unpinned(bases)):
        raise Failure(
            f"no digest is known of {', '.join(names)}. Next: sh requirements/images.sh. To take them as they are "
            "here: --unpinned"
        )
    began = datetime.now(UTC)
    try:
        commit = Commit.of(machine.root)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as made:
            part = Path(made) / "release"
            part.mkdir()
            source = Path(made) / "source"
            images = _build(machine, commit, source, part, () if is_without_images else platforms or PLATFORMS, bases,
                            is_asked_for=bool(platforms))  # fmt: skip
            _describe(commit, source, part, locks, images, bases, began, context)
            if key:
                sign(cosign, key if "://" in key else str(Path(key).absolute()), part)
            part.rename(folder)
    except BuildError as problem:
        raise Failure(f"{problem}\nNothing was written to {folder}") from None
    for file in sorted(folder.iterdir()):
        click.echo(f"{file.stat().st_size:>13,}  {file.name}")
    click.echo("Signed." if key else "Not signed: nobody can verify where this comes from. Do not pass it on.")


def _build(
    machine: Machine,
    commit: Commit,
    source: Path,
    part: Path,
    platforms: Sequence[str],
    bases: dict[str, str],
    *,
    is_asked_for: bool,
) -> list[Image]:
    """Build source, wheel and images into a folder. Returns what is in the images.

    source: where the commit is unpacked. is_asked_for: a platform that cannot be built for is a failure.
    """
    from netflix_trend.releases.build import RECIPES, BuildError, Docker, build_wheel, image_file, image_settings

    commit.unpack(source)
    commit.pack(part / f"netflix_trend-{__version__}.tar.gz", f"netflix_trend-{__version__}")
    build_wheel(source, part, commit.seconds)
    if not platforms:
        return []
    program = machine.find("docker")
    if not program:
        raise BuildError("Docker is not installed: see https://docs.docker.com/engine/install. Without: --no-images")
    docker = Docker(program)
    can = docker.platforms()
    if missing := [name for name in platforms if name not in can]:
        said = f"this buildx cannot build for {', '.join(missing)}: see https://docs.docker.com/build/building/multi-platform"
        if is_asked_for or len(missing) == len(platforms):
            raise BuildError(said)
        click.echo(f"Left out: {said}", err=True)
    images: list[Image] = []
    # This machine's own platform is the first, and the tags shall mean it in the end.
    for platform in reversed([name for name in platforms if name in can]):
        for recipe in RECIPES:
            click.echo(f"Building {recipe.name} for {platform} ...", err=True)
            tag = docker.build(recipe, source, commit, version=__version__, platform=platform, bases=bases)
            docker.save(tag, part / image_file(__version__, recipe, platform))
            images.append(docker.look_into(recipe, tag, platform, bases))
    (part / SETTINGS).write_text(image_settings(__version__, bases), "utf-8")
    return images


def _describe(
    commit: Commit,
    source: Path,
    part: Path,
    locks: dict[str, list[Pin]],
    images: list[Image],
    bases: dict[str, str],
    began: datetime,
    context: click.Context,
) -> None:
    """Write what the files of a release are: list of components, provenance, checksums."""
    from netflix_trend.releases.build import RECIPES, SUMS, checksums, digest_of
    from netflix_trend.releases.components import component_list, vendored
    from netflix_trend.releases.provenance import statement

    used = {"demo", *(recipe.lock for recipe in RECIPES if any(image.name == recipe.name for image in images))}
    folder = "services/dashboard/static/vendor"
    files = vendored(json.loads((source / folder / "VENDOR.json").read_bytes()), folder)
    listed = component_list(
        __version__, commit.id, commit.made, {name: locks[name] for name in sorted(used)}, images, files
    )
    _write(part / COMPONENTS, listed)
    digests = {file.name: digest_of(file) for file in sorted(part.iterdir())}
    inputs = {
        path.relative_to(source).as_posix(): digest_of(path)
        for path in sorted((source / "requirements").iterdir())
        if path.suffix in (".txt", ".lock")
    }
    options = [name for name in ("--no-images", "--unpinned", "--unsigned") if context.params[_PARAMETERS[name]]]
    words = ["./run.sh", "release", *options, *(f"--platform={name}" for name in context.params["platforms"])]
    said = statement(digests, commit=commit.id, version=__version__, command=words, inputs=inputs,
                     bases=bases if images else {}, began=began, ended=datetime.now(UTC))  # fmt: skip
    _write(part / PROVENANCE, said)
    digests[PROVENANCE] = digest_of(part / PROVENANCE)
    (part / SUMS).write_text(checksums(digests), "utf-8")


_PARAMETERS = {"--no-images": "is_without_images", "--unpinned": "is_unpinned", "--unsigned": "is_unsigned"}


def _write(file: Path, content: dict[str, object]) -> None:
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
