"""The dashboard's container: one web server. Only this machine reaches it, see docker-compose.yml."""

from __future__ import annotations

import os
import sys

from netflix_trend.settings import load_settings


def main() -> None:
    """Become the web server."""
    port = load_settings().dashboard_port
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4", "--timeout", "300"]
    command += ["--worker-tmp-dir", "/tmp", "--bind", f"0.0.0.0:{port}"]  # noqa: S108
    os.execv(sys.executable, [*command, "services.dashboard.web:create_app()"])  # noqa: S606


if __name__ == "__main__":
    main()
