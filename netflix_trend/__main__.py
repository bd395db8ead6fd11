"""`python -m netflix_trend VERB` and the command `netflix-trend`."""

from __future__ import annotations

import os

from netflix_trend.garbage import search_seldom
from netflix_trend.interrupts import INTERRUPTED, end, note_interrupts, open_streams, say_interrupted
from netflix_trend.libraries import tell_libraries


def main() -> None:
    """Run the typed verb. Ctrl-C ends it in one line, even while its modules are imported."""
    open_streams()
    note_interrupts()
    search_seldom()
    tell_libraries(os.environ)
    try:
        from netflix_trend.cli import main as run_verb

        run_verb()
    except KeyboardInterrupt:
        say_interrupted()
        end(INTERRUPTED)


if __name__ == "__main__":
    main()
