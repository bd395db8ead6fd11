"""Logging for every service."""

from __future__ import annotations

import logging
import sys


def start_logging(service: str) -> None:
    """Log to standard output, one line per event: counts, codes and hashes, never a title or an address."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format=f"%(asctime)s {service} %(levelname)s %(message)s", force=True
    )
