"""The verbs `backup` and `restore` of an operator: a backup goes to stdout, or comes from stdin."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from netflix_trend.backup.archive import BackupError
from netflix_trend.backup.operators import back_up_operator, restore_operator
from netflix_trend.backup.told import read_line, restored_in_words, written_in_words
from netflix_trend.settings import Settings

VERBS = ("backup", "restore")


def add_to(roles: Any) -> None:
    """Add both verbs to the parsers of `python -m services.aggregator`."""
    for verb, fd, help_text in (
        ("backup", 1, "write a backup of this operator; the first line of stdin is its passphrase, empty for none"),
        ("restore", 0, "restore one; the first line of stdin is its passphrase"),
    ):
        parser = roles.add_parser(verb, help=help_text)
        parser.add_argument("--fd", type=int, default=fd, help="descriptor of the backup")
        parser.add_argument("--passphrase-fd", type=int, default=0, help="descriptor of the passphrase")
        parser.add_argument("--replace", action="store_true", help="over what is there, of which a copy is kept")


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Make a backup, or restore one, and say so on stderr. Returns the exit code."""
    role, folder = settings.role, settings.helper_dir if settings.role == "helper" else settings.aggregator_dir
    passphrase = read_line(options.passphrase_fd)
    try:
        if options.role == "backup":
            with os.fdopen(options.fd, "wb", closefd=False) as out:
                said = written_in_words(back_up_operator(role, folder, out, passphrase))
        else:
            with os.fdopen(options.fd, "rb", closefd=False) as stream:
                manifest = restore_operator(role, folder, stream, lambda _: passphrase, replace=options.replace)
            said = restored_in_words(manifest)
    except BackupError as problem:
        print(f"{options.role}: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    print(said, file=sys.stderr)  # noqa: T201
    return 0
