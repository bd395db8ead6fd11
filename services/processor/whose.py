"""The verb `whose`: which Netflix profiles of an archive count, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from netflix_trend.history.household import listed
from netflix_trend.participant import participant
from netflix_trend.plain_text import printable
from netflix_trend.settings import Settings
from services.processor.verbs import answered, print_histories


def show_whose(names: Sequence[str], *, profile: str | None, everybody: bool) -> int:
    """Print which Netflix profiles count, after setting them if any are named. Returns the exit code."""
    return answered(
        "whose", lambda settings, console: _whose(settings, console, names, profile=profile, everybody=everybody)
    )


def _whose(settings: Settings, console: Console, names: Sequence[str], *, profile: str | None, everybody: bool) -> int:
    found = participant.whose(settings)
    if names or everybody:
        wanted = profile or settings.netflix_profile
        if everybody:
            names = [name for one in found if one.profile == wanted for name in one.choices]
        participant.say_whose(settings, wanted, names)
        print_histories(participant.refresh(settings), console)
        found = participant.whose(settings)
    for one in found:
        if profile not in (None, one.profile):
            continue
        known = [printable(name) for name in one.counted]
        said = f"counts {' and '.join(f'“{name}”' for name in known)}" if known else "nobody counts yet"
        console.print(f"{one.profile}: {said}. To choose from: {listed(one.offered)}", markup=False, soft_wrap=True)
        for file in one.waiting:
            console.print(
                f"  {printable(file.name)} waits: which of these is you? {listed(file.rows)}. Next: ./run.sh whose NAME"
                + ("" if one.profile == settings.netflix_profile else f' --profile "{one.profile}"'),
                markup=False,
                soft_wrap=True,
            )
    if not found:
        console.print("No imported file has several Netflix profiles, so there is nothing to choose.")
    return 0
