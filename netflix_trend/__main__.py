"""`python -m netflix_trend VERB` and the command `netflix-trend`."""

from __future__ import annotations

import sys

from netflix_trend.garbage import search_seldom
from netflix_trend.interrupts import INTERRUPTED, SAID, end, note_interrupts


def main() -> None:
    """Run the typed verb. Ctrl-C ends it in one line, even while its modules are imported."""
    note_interrupts()
    search_seldom()
    try:
        from netflix_trend.cli import main as run_verb

        run_verb()
    except KeyboardInterrupt:
        print(SAID, file=sys.stderr)  # noqa: T201
        end(INTERRUPTED)


if __name__ == "__main__":
    main()
