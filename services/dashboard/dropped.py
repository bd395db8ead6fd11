"""The drop folder as pages show it: files that wait, and files that were refused."""

from __future__ import annotations

from pathlib import Path

from netflix_trend.delivery.settled import waiting_files
from netflix_trend.plain_text import without_name
from netflix_trend.storage.files import UnsafeFile, read_untrusted
from netflix_trend.told_again import told_again
from services.dashboard.backend import RefusedFile
from services.dashboard.text import shown

_MAX_REASONS = 20


def dropped(folder: Path) -> list[Path]:
    """Return the files that wait in a drop folder."""
    return [path for path in waiting_files(folder) if path.is_file()] if folder.is_dir() else []


def refused_files(folder: Path) -> list[RefusedFile]:
    """Return the newest files of a drop folder's `refused/` and their reasons."""
    ending = ".reason.txt"
    places = [path for path in (folder / "refused").glob(f"*{ending}") if path.is_file()]
    found = []
    for path in sorted(places, key=lambda place: place.lstat().st_mtime, reverse=True)[:_MAX_REASONS]:
        try:
            text = read_untrusted(folder, f"refused/{path.name}", 10_000).decode("utf-8", "replace")
        except (FileNotFoundError, UnsafeFile):
            continue
        name = path.name.removesuffix(ending)
        found.append(RefusedFile(shown(name, 60), shown(told_again(without_name(text, name)), 400)))
    return found
