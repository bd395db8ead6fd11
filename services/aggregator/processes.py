"""What an operator consists of: one collecting loop and a page, both or none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netflix_trend.layout import OperatorVolume
from netflix_trend.settings import Settings
from netflix_trend.storage.files import held
from services.runtime.supervisor import supervise
from services.runtime.web_server import command


def run_both(settings: Settings, volume: Path, page: str) -> int:
    """Run the loop and the page until one ends or a signal arrives. Returns the exit code.

    volume: the operator's. page: the WSGI application, as gunicorn names it.
    """
    with alone(volume) as is_alone:
        if not is_alone:
            return 1
    web = command(f"{settings.web_host}:{settings.web_port}", page)
    return supervise([[sys.executable, "-m", "services.aggregator", "collect"], web], grace_seconds=20)


@contextmanager
def alone(volume: Path) -> Iterator[bool]:
    """Hold an operator's volume for one loop; yields False, and says so, when another loop has it.

    Two loops would publish over each other, and each would believe that nobody else spends the budget.
    """
    with held(OperatorVolume(volume).loop) as is_free:
        if not is_free:
            print(f"one works on {volume} already: end that one first", file=sys.stderr)  # noqa: T201
        yield is_free
