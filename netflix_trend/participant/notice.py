"""What every page and verb says first while nobody can be answered. Imports little: verbs say it before they begin."""

from __future__ import annotations

from netflix_trend.language import marked
from netflix_trend.names import EXAMPLE_AGGREGATOR, EXAMPLE_ME, is_trial

TRIAL = marked(
    "Trial: nothing leaves this machine. To take part, choose an aggregator: ./run.sh setup, or the page Start."
)
NO_AGGREGATOR = marked("No aggregator is chosen, so nothing is answered. Next: ./run.sh setup, or the page Start.")
NO_ADDRESS = marked("Your address is still the example, so nothing leaves this machine. Next: ./run.sh setup.")


def notice_for(email: str, aggregator: str) -> str:
    """Return the notice of a participant and an aggregator, for who has no settings yet."""
    if is_trial(email, aggregator):
        return TRIAL
    if aggregator == EXAMPLE_AGGREGATOR:
        return NO_AGGREGATOR
    return NO_ADDRESS if email == EXAMPLE_ME else ""
