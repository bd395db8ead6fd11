"""A verb of the scraper in a process of its own, with the stand-in where Netflix would be: as in production, but for
Chromium's flags. Started as `python process.py VERB FLAG ...`; logs everything that logging would show. The verb
`faulty-scrape` fails when the password is typed, with an error that holds it."""

from __future__ import annotations

import logging
import signal
import sys

from netflix_trend.settings import load_settings
from services.runtime.connection import INBOX, connect
from services.scraper import commands
from services.scraper.browser import Browser

logging.basicConfig(level=logging.DEBUG)
verb, *flags = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
settings = load_settings()


def fail(_browser: Browser, group: str, text: str) -> None:
    if group == "password":
        raise ValueError(text)


if verb == "faulty-scrape":
    Browser.type_secret = fail  # type: ignore[method-assign, assignment]


def put(message: bytes) -> None:
    connect(settings).rpush(INBOX, message)


if verb.endswith("scrape"):
    sys.exit(commands.scrape(settings, put, flags))
if verb == "login":
    sys.exit(commands.login(settings, put, "127.0.0.1", int(flags.pop()), flags))
sys.exit(commands.doctor(settings, flags))
