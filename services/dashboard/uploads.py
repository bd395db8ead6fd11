"""A file that the browser sends: streamed into the drop folder under a name that nobody takes, then handed over."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from datetime import date, datetime, time
from pathlib import Path
from typing import IO

from flask import Request
from pydantic import TypeAdapter, ValidationError
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from netflix_trend.delivery.inbox import DateOrderName
from netflix_trend.names import PROFILE_PATTERN
from netflix_trend.settings import Settings
from services.dashboard.backend import Refused

# A zip of Netflix holds much that is never read.
MAX_UPLOAD = 2_000_000_000
_PREFIX = ".upload-"
_ORDERS: TypeAdapter[DateOrderName] = TypeAdapter(DateOrderName)


class UploadRequest(Request):
    """A request whose files go to the drop folder's disk: the container's memory and /tmp are small."""

    folder: Path = Path()

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Without its name it goes when the request ends, whatever happens.
        return tempfile.TemporaryFile(dir=self.folder, prefix=_PREFIX)


def keep_upload(settings: Settings, file: FileStorage | None) -> tuple[Path, str]:
    """Write an uploaded file beside its place in the drop folder; returns its path, and the name it is to have.

    Raises Refused when there is none, or it is neither a CSV file nor a zip.
    """
    if file is None or not file.filename:
        raise Refused("No file was chosen. Choose NetflixViewingHistory.csv, ViewingActivity.csv or Netflix's zip.")
    name = secure_filename(Path(file.filename).name)[-120:].lstrip(".-_") or "export"
    if not name.lower().endswith((".csv", ".zip")):
        raise Refused("That is neither a .csv nor a .zip file. Give what Netflix delivered, unchanged.")
    settings.output_dir.mkdir(parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=settings.output_dir, prefix=_PREFIX, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as target:
            file.save(target)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(path).unlink()
        raise
    return Path(path), name


def set_download_day(part: Path, downloaded: date, now: float) -> None:
    """Make a file say that it was downloaded on a day: what was watched later is not in it. Days to come are today."""
    noon = datetime.combine(downloaded, time(12)).timestamp()
    os.utime(part, (min(noon, now), min(noon, now)))


def read_options(profile: str, date_order: str) -> dict[str, str]:
    """Return what to do with a file, as the drop folder reads it. Raises Refused for what makes no sense."""
    options = {}
    if profile.strip():
        options["profile"] = profile.strip()
        if not re.match(PROFILE_PATTERN, options["profile"]):
            raise Refused("A name has up to 60 letters, digits and blanks, and begins with a letter or digit.")
    if date_order:
        try:
            options["date_order"] = _ORDERS.validate_python(date_order)
        except ValidationError:
            raise Refused("The order of a date is month, day or year first.") from None
    return options
