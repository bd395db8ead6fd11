"""The verbs backup and restore: one file with what cannot be made again, of a participant or an operator."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, BinaryIO

import click

from netflix_trend.causes import cause
from netflix_trend.cli import aggregator, helper
from netflix_trend.cli.asking import has_terminal
from netflix_trend.cli.frame import FAILED, Failure, Verb, Words
from netflix_trend.cli.mode import NOTHING_YET, Place, place_of
from netflix_trend.cli.new_file import new_file
from netflix_trend.cli.operators import Operator
from netflix_trend.cli.volumes import begin

if TYPE_CHECKING:
    from netflix_trend.backup.archive import Reader
    from netflix_trend.settings import Settings

ROLES = ("participant", "aggregator", "helper")
_role = click.option("--role", type=Words(ROLES), help="Whose data, where this machine is more than one of them.")
_passphrase_file = click.option(
    "--passphrase-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read the passphrase from the first line of FILE instead of asking for it.",
)
# In our containers: the first line of stdin is the passphrase, and the backup goes to stdout or comes after that line.
_inside = click.option("--inside", is_flag=True, hidden=True, help="In a container.")


@click.command(
    cls=Verb,
    examples=["backup mine.backup --passphrase", "backup --role aggregator /media/usb/aggregator.backup"],
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@_role
@click.option("--passphrase", "is_sealed", is_flag=True, help="Encrypt it with a passphrase, which is asked for.")
@_passphrase_file
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@_inside
@click.pass_context
def backup(
    context: click.Context,
    file: Path | None,
    role: str | None,
    is_sealed: bool,
    passphrase_file: Path | None,
    force: bool,
    inside: bool,
) -> None:
    """Write a backup of everything that cannot be made again into FILE, also while the services run.

    Of a participant: exports, choices, life events, exclusions, ledger and receipts. Of an operator: the key, the list,
    charts and what was asked. Left out: what is built from these, the browser's sign-in, and settings (.env). Only you
    can read FILE; whoever gets it without a passphrase reads your history, or signs as you.
    """
    place = place_of(context)
    if inside:
        sys.exit(_back_up_here(sys.stdout.buffer, _line_of_stdin()))
    if file is None:
        raise click.UsageError("Missing argument 'FILE'.")
    whose = role or _only_role(place)
    passphrase = _from(passphrase_file) if passphrase_file else _new_passphrase() if is_sealed else ""
    with new_file(file, replaces=force, replace_with="--force") as output:
        if code := _back_up(place, whose, output, passphrase):
            sys.exit(code)
    click.echo(
        f"{file} was written. "
        + ("Without its passphrase nobody can open it, you neither." if passphrase else "It is not encrypted."),
        err=True,
    )


@click.command(
    cls=Verb, examples=["restore mine.backup", "restore --replace mine.backup", "restore --role helper helper.backup"]
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@_role
@click.option("--replace", is_flag=True, help="Restore over data that is there; a copy of it is kept.")
@_passphrase_file
@_inside
@click.pass_context
def restore(
    context: click.Context,
    file: Path | None,
    role: str | None,
    replace: bool,
    passphrase_file: Path | None,
    inside: bool,
) -> None:
    """Restore a backup, on this machine or a new one; every sum is compared before anything is changed.

    Over data that is there only with --replace: what was there is kept in before_restore/ of its volume. No round is
    answered twice: those that may have been answered since the backup was made are skipped, and count toward the year.
    """
    place = place_of(context)
    if inside:
        passphrase = _line_of_stdin()
        sys.exit(_restore_here(sys.stdin.buffer, lambda _: passphrase, replace=replace))
    if file is None:
        raise click.UsageError("Missing argument 'FILE'.")
    try:
        # Unbuffered, because its descriptor is read by others too.
        with file.open("rb", buffering=0) as stream:
            sys.exit(_restore(place, file, stream, role, passphrase_file, replace=replace))
    except OSError as problem:
        raise Failure(f"{file} cannot be read: {cause(problem)}") from None


# --- of whom


def _only_role(place: Place) -> str:
    """Return what this machine is. Raises Failure if it is nothing yet, or more than one."""
    there = [role for role in ROLES if _is_here(place, role)]
    if not there:
        raise Failure(NOTHING_YET)
    if len(there) > 1:
        raise Failure(f"this machine is {' and '.join(there)}: say which with --role, one file for each")
    return there[0]


def _is_here(place: Place, role: str) -> bool:
    if role != "participant":
        return _operator(place, role).is_here()
    if place.recorded == "folders":
        folders = (place.machine.folder(name) for name in ("PRIVATE_DIR", "PUBLISHER_DIR"))
        return any(folder.is_dir() and any(folder.iterdir()) for folder in folders)
    return place.recorded == "containers" or (place.docker.has_compose and place.docker.has_volume())


def _operator(place: Place, role: str) -> Operator:
    if role == "aggregator":
        return Operator(place, "aggregator", aggregator.PORT)
    return Operator(place, "helper", helper.PORT)


# --- passphrases


def _from(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            found = opened.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as problem:
        reason = cause(problem) if isinstance(problem, OSError) else "it is not text"
        raise Failure(f"{file} cannot be read: {reason}") from None
    if not found:
        raise Failure(f"{file} has no passphrase in its first line")
    return found


def _new_passphrase() -> str:
    if not has_terminal():
        raise Failure("nobody can be asked for a passphrase here. Name a file with it: --passphrase-file FILE")
    found: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return found


def _ask_passphrase() -> str:
    if not has_terminal():
        raise Failure("this backup is encrypted. Name a file with its passphrase: --passphrase-file FILE")
    found: str = click.prompt("Passphrase of the backup", hide_input=True, err=True)
    return found


def _line_of_stdin() -> str:
    from netflix_trend.backup.told import read_line

    return read_line(0)


@contextmanager
def _fed(passphrase: str, stream: BinaryIO | None = None) -> Iterator[IO[bytes]]:
    """Yield a pipe with a passphrase in the first line, and then the bytes of a stream: no other program sees it."""
    reading, writing = os.pipe()

    def feed() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as pipe:
            pipe.write(passphrase.encode() + b"\n")
            if stream is not None:
                shutil.copyfileobj(stream, pipe)

    thread = Thread(target=feed, daemon=True)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        yield pipe
    thread.join()


# --- where they run


def _back_up(place: Place, role: str, output: BinaryIO, passphrase: str) -> int:
    if role != "participant":
        operator = _operator(place, role)
        with _fed(passphrase) as secret:
            if operator.mode() == "folders":
                words = ("--fd", str(output.fileno()), "--passphrase-fd", str(secret.fileno()))
                return operator.ask("backup", *words)
            return operator.ask("backup", stdin=secret, stdout=output.fileno())
    if begin(place, keeps=False):
        return _back_up_here(output, passphrase)
    if place.is_new():
        raise Failure(NOTHING_YET)
    with _fed(passphrase) as secret:
        # It writes the publisher's volume, and may only read the private one.
        return place.docker.in_service("publisher", "backup", "--inside", stdin=secret, stdout=output.fileno())


def _restore(
    place: Place, file: Path, stream: FileIO, role: str | None, passphrase_file: Path | None, *, replace: bool
) -> int:
    found, is_sealed = _look_at(file, stream)
    if role not in (None, found):
        raise Failure(f"{file} is a backup of the role {found}, not of {role}")
    passphrase = "" if not is_sealed else _from(passphrase_file) if passphrase_file else _ask_passphrase()
    flags = ["--replace"] if replace else []
    if found != "participant":
        operator = _operator(place, found)
        if operator.mode() == "folders":
            with _fed(passphrase) as secret:
                words = ("--fd", str(stream.fileno()), "--passphrase-fd", str(secret.fileno()), *flags)
                return operator.ask("restore", *words)
        with _fed(passphrase, stream) as both:
            return operator.ask("restore", *flags, stdin=both)
    if begin(place, keeps=True):
        return _restore_here(stream, lambda _: passphrase, replace=replace)
    with _fed(passphrase, stream) as both:
        # It writes the private volume. The publisher takes what is its own from there.
        if place.docker.in_service("dashboard", "restore", "--inside", *flags, stdin=both):
            return FAILED
    return place.docker.in_service("publisher", "look")


def _look_at(file: Path, stream: FileIO) -> tuple[str, bool]:
    """Return whose backup a file is, and whether it is encrypted. Raises Failure."""
    from netflix_trend.backup.archive import BackupError, Reader

    try:
        reader = Reader(stream)
    except BackupError as problem:
        raise Failure(f"{file}: {problem}") from None
    stream.seek(0)
    return reader.role, reader.is_sealed


def _back_up_here(output: BinaryIO, passphrase: str) -> int:
    from netflix_trend.backup.archive import BackupError
    from netflix_trend.backup.told import written_in_words
    from netflix_trend.participant.restoring import back_up

    try:
        manifest = back_up(_settings(), output, passphrase)
    except BackupError as problem:
        raise Failure(str(problem)) from None
    output.flush()
    click.echo(written_in_words(manifest), err=True)
    return 0


def _restore_here(stream: BinaryIO, passphrase: Callable[[Reader], str], *, replace: bool) -> int:
    from netflix_trend.backup.archive import BackupError
    from netflix_trend.backup.told import restored_in_words
    from netflix_trend.participant.ledger import LedgerError
    from netflix_trend.participant.restoring import restore as restore_

    try:
        manifest = restore_(_settings(), stream, passphrase, replace=replace)
    except (BackupError, LedgerError) as problem:
        raise Failure(str(problem)) from None
    click.echo(restored_in_words(manifest), err=True)
    return 0


def _settings() -> Settings:
    from netflix_trend.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as problem:
        raise Failure(str(problem)) from None
