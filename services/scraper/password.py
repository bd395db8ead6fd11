"""The password: read from its file just before typing, and only if the file has not changed during the run."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from netflix_trend.causes import cause
from services.scraper.failures import Failure
from services.scraper.run_state import stamp_of

_MAX_BYTES = 1000


def read_password(path: Path | None, stamp: str) -> str:
    """Return the content of the file without the end of line.

    stamp: of the file when the run began; only this file is known not to have been typed before. Raises
    Failure("PASSWORD_MISSING"), also for text that cannot be typed: an end of line inside would submit the form.
    """
    try:
        if path is None:
            raise FileNotFoundError
        with path.open("rb") as file:
            before = stamp_of(os.fstat(file.fileno()))
            data = file.read(_MAX_BYTES + 1)
            after = stamp_of(os.fstat(file.fileno()))
        password = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        raise _missing("there is no such file") from None
    except OSError as error:
        raise _missing(f"the file cannot be read by user id {os.geteuid()}: {cause(error)}") from None
    except UnicodeDecodeError:
        raise _missing("the file is not UTF-8") from None
    if not before == after == stamp:
        raise _missing("the file was changed during the run; run again")
    if not password:
        raise _missing("the file is empty")
    # Some private-use characters are keys to ChromeDriver.
    if len(data) > _MAX_BYTES or any(unicodedata.category(character) in ("Cc", "Co") for character in password):
        raise _missing("the file holds more than one line of text")
    return password


def _missing(detail: str) -> Failure:
    return Failure("PASSWORD_MISSING", detail)
