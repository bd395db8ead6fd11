"""What a process does before somebody may type a password or a code into its browser."""

from __future__ import annotations

import os
import resource
import signal
import sys


def keep_confidential() -> None:
    """Keep what is typed, and cookies, out of logs, core dumps and other users' reach; clean up when asked to end."""
    # Selenium's own settings: one of them makes the driver print everything that is typed.
    for name in [name for name in os.environ if name.startswith("SE_")]:
        del os.environ[name]
    # Files written from here on are private.
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
