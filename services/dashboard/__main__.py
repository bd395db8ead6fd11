"""The dashboard's container: one web server. Only this machine reaches it, see docker-compose.yml."""

from __future__ import annotations

import os
import sys
from urllib.request import urlopen

from netflix_trend.settings import load_settings
from netflix_trend.storage.migrations import PRIVATE, NewerFormat, bring_up_to_date
from services.runtime.web_server import command


def main(role: str = "serve") -> int:
    """Become the web server, or check that it answers. Returns the exit code."""
    settings = load_settings()
    port = settings.dashboard_port
    if role == "check":
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=4) as answer:
            return int(answer.status != 200)
    try:
        bring_up_to_date(settings.private_dir, PRIVATE)
    except NewerFormat as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    return os.execv(  # noqa: S606
        sys.executable, command(f"0.0.0.0:{port}", "services.dashboard.web:create_app()", "--timeout", "300")
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
