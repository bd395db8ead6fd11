"""Uploads: streamed into the drop folder under a hidden name, then handed over."""

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

from netflix_trend.delivery.copies import UPLOAD
from netflix_trend.delivery.file_kinds import HEAD, what_it_is
from netflix_trend.delivery.inbox import OPTION_WORDS, DateOrderName
from netflix_trend.delivery.settled import WANTED
from netflix_trend.language import _
from netflix_trend.names import PROFILE_PATTERN
from netflix_trend.settings import Settings
from services.dashboard.backend import Refused

_ORDERS: TypeAdapter[DateOrderName] = TypeAdapter(DateOrderName)


class UploadRequest(Request):
    """A request whose files are written to the disk of the drop folder: memory and /tmp of the container are small."""

    folder: Path = Path()

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        # It has no name, so it is gone when the request ends, whatever happens.
        return tempfile.TemporaryFile(dir=self.folder, prefix=UPLOAD)


def keep_upload(settings: Settings, file: FileStorage | None) -> tuple[Path, str]:
    """Write an uploaded file to a hidden file in the drop folder; returns its path and its later name.

    Raises Refused without a file, or if it is neither a CSV file nor a zip.
    """
    if file is None or not file.filename:
        raise Refused(_("No file was chosen. Choose NetflixViewingHistory.csv, ViewingActivity.csv or Netflix's zip."))
    name = secure_filename(Path(file.filename).name)[-120:].lstrip(".-_") or "export"
    if not name.lower().endswith(WANTED):
        other = what_it_is(file.stream.read(HEAD))
        raise Refused(
            f"{name}: {other}"
            if other
            else _("That is neither a .csv nor a .zip file. Upload what Netflix delivered, unchanged.")
        )
    settings.output_dir.mkdir(parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=settings.output_dir, prefix=UPLOAD, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as target:
            file.save(target)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(path).unlink()
        raise
    return Path(path), name


def set_download_day(part: Path, downloaded: date, now: float) -> None:
    """Set the day on which a file was downloaded as its modification time; a day in the future counts as now."""
    noon = datetime.combine(downloaded, time(12)).timestamp()
    os.utime(part, (min(noon, now), min(noon, now)))


def read_options(profile: str, date_order: str) -> dict[str, str]:
    """Return the import options of a file, as the drop folder reads them. Raises Refused if one is invalid."""
    options = {}
    if profile.strip():
        options["profile"] = profile.strip()
        if not re.match(PROFILE_PATTERN, options["profile"]):
            raise Refused(f"{_(OPTION_WORDS['profile']).capitalize()}.")
    if date_order:
        try:
            options["date_order"] = _ORDERS.validate_python(date_order)
        except ValidationError:
            raise Refused(f"{_(OPTION_WORDS['date_order']).capitalize()}.") from None
    return options
