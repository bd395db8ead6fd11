"""Verbs for developers: test, docs and words."""

from __future__ import annotations

import sys

import click

from netflix_trend.cli.frame import Failure, Verb
from netflix_trend.cli.mode import place_of


@click.command(
    cls=Verb,
    context_settings={"ignore_unknown_options": True},
    examples=["test", "test --fast", "test --coverage", "test tests/services/publisher -k ledger"],
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def test(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Install what the tests need and run everything. ARGUMENTS go to pytest.

    With --fast first, only static checks and the quick tests; with --coverage first, coverage is measured and checked,
    which takes about half as long again.
    """
    machine = place_of(context).machine
    if not (machine.root / "tests" / "run.sh").is_file():
        raise Failure("an installed package has no tests; they need a clone of the repository")
    sys.exit(machine.run(["sh", str(machine.root / "run.sh"), "test", *arguments]))


@click.command(cls=Verb, examples=["docs", "docs --check"])
@click.option("--check", is_flag=True, help="Write nothing; fail if something is out of date.")
@click.pass_context
def docs(context: click.Context, check: bool) -> None:
    """Generate documents, .env.example, the settings in Compose files and starter_catalogue.json."""
    place = place_of(context)
    if not place.machine.is_clone:
        raise Failure("an installed package has no documents; they need a clone of the repository")
    place.machine.need_packages()
    from netflix_trend.cli import cli
    from netflix_trend.cli.reference import files

    stale = [
        path
        for path, text in files(place.machine.root, cli).items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    for path in stale:
        click.echo(f"{path.relative_to(place.machine.root)} {'is out of date' if check else 'was written'}")
        if not check:
            path.write_text(files(place.machine.root, cli)[path], "utf-8")
    if check and stale:
        raise Failure("run ./run.sh docs")


@click.command(cls=Verb, examples=["words", "words --check"])
@click.option("--check", is_flag=True, help="Write nothing; fail if something is out of date.")
@click.pass_context
def words(context: click.Context, check: bool) -> None:
    """Put new texts into the catalogues of languages, and compile them (docs/languages.md)."""
    place = place_of(context)
    if not place.machine.is_clone:
        raise Failure("an installed package has no texts to translate; they need a clone of the repository")
    place.machine.need_packages()
    from netflix_trend.cli import words as catalogues

    stale = {
        path: content
        for path, content in catalogues.files(place.machine.root).items()
        if not path.is_file() or path.read_bytes() != content
    }
    for path, content in stale.items():
        click.echo(f"{path.relative_to(place.machine.root)} {'is out of date' if check else 'was written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    if check and stale:
        raise Failure("run ./run.sh words")
