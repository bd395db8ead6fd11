"""The verb `export` in the terminal: a file for another program, and what is not in it."""

from __future__ import annotations

import sys
from typing import BinaryIO

from rich.console import Console

from netflix_trend.history.other_tools import FORMATS, export
from netflix_trend.history.watched import watched
from netflix_trend.plain_text import counted
from netflix_trend.settings import Settings
from services.processor.verbs import answered


def export_history(name: str, output: BinaryIO, *, profile: str | None, guesses: bool) -> int:
    """Write the file of a format, and to stderr what is left out. Returns the exit code.

    name: a key of FORMATS. profile: only of this stored profile. guesses: see `export`.
    """

    def act(settings: Settings, _: Console) -> int:
        if refusal := FORMATS[name].refusal:
            raise ValueError(refusal)
        found = export(name, watched(settings.private_dir, profile), guesses=guesses)
        output.write(found.data)
        output.flush()
        told = [f"export: {counted(found.rows, 'row')} for {FORMATS[name].name}."]
        told += [f"Not in it: {reason.told(count)}." for reason, count in found.left_out.items()]
        print("\n".join(told), file=sys.stderr)  # noqa: T201
        return 0

    return answered("export", act)
