"""What a file is that no export can be, and why a file cannot be opened, in words that say what to do.

Every way in asks here, so a picture is refused with the same words by `read`, `import`, the drop folder and the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from netflix_trend.causes import cause
from netflix_trend.delivery.settled import WANTED

# So many bytes of a file are needed.
HEAD = 512
_GIVE = "Give NetflixViewingHistory.csv or ViewingActivity.csv as Netflix delivered it."
_SHEET = "Save it as CSV (UTF-8) in that program, or give the file that Netflix delivered."
_UNPACK = "Unpack it and give the CSV file in it."
_PAGE = "Open the viewing activity at netflix.com and click Download all."
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (rb"\x89PNG", "a picture (PNG)", _GIVE),
    (rb"\xff\xd8\xff", "a picture (JPEG)", _GIVE),
    (rb"GIF8[79]a", "a picture (GIF)", _GIVE),
    (rb"RIFF....WEBP", "a picture (WebP)", _GIVE),
    (rb"(?:II\*\0|MM\0\*)", "a picture (TIFF)", _GIVE),
    (rb"BM....\0\0\0\0", "a picture (BMP)", _GIVE),
    (rb"....ftyp(?:hei[cx]|mif1|avif)", "a picture (HEIC or AVIF)", _GIVE),
    (rb"....ftyp", "a film (MP4)", _GIVE),
    (rb"%PDF", "a PDF document", _GIVE),
    (rb"\{\\rtf", "a text document (RTF)", _GIVE),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel sheet or another Office document", _SHEET),
    (rb"\x1f\x8b", "an archive (gzip)", _UNPACK),
    (rb"BZh[1-9]1AY&SY", "an archive (bzip2)", _UNPACK),
    (rb"\xfd7zXZ\0", "an archive (xz)", _UNPACK),
    (rb"\x28\xb5\x2f\xfd", "an archive (Zstandard)", _UNPACK),
    (rb"PK\x05\x06", "an empty zip", _GIVE),
    (rb"7z\xbc\xaf\x27\x1c", "an archive (7z)", _UNPACK),
    (rb"Rar!\x1a\x07", "an archive (RAR)", _UNPACK),
    (rb".{257}ustar", "an archive (tar)", _UNPACK),
    (rb"SQLite format 3\0", "a database (SQLite)", _GIVE),
    (rb"bplist00|MIME-Version:|From: <Saved by", "a saved web page", _PAGE),
    (rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|script|!--)", "a web page", _PAGE),
    (rb"(?:\xef\xbb\xbf)?\s*<\?xml", "an XML file", _GIVE),
    (rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{"\]])', "a JSON file", _GIVE),
)
_PATTERNS = [(re.compile(start, re.DOTALL | re.IGNORECASE), kind, then) for start, kind, then in _BEGINNINGS]
# Files inside the zips that office programs write.
_OFFICE = (
    ("xl/", "an Excel sheet (.xlsx)", _SHEET),
    ("word/", "a Word document (.docx)", _GIVE),
    ("ppt/", "a PowerPoint document (.pptx)", _GIVE),
    ("index/document.iwa", "a Numbers or Pages document", _SHEET),
    ("index/calculationengine", "a Numbers document", _SHEET),
    ("meta-inf/manifest.xml", "a LibreOffice document", _SHEET),
)


def what_it_is(head: bytes) -> str | None:
    """Return what a file is that cannot be an export, with what to do; None for a file that can be one.

    head: its first HEAD bytes.
    """
    for pattern, kind, then in _PATTERNS:
        if pattern.match(head):
            return f"this is {kind}, not an export. {then}"
    return None


def office_document(members: Iterable[str]) -> str | None:
    """Return which office document a zip is, with what to do; None for another zip. members: the names in it."""
    names = [name.lower() for name in members]
    for start, kind, then in _OFFICE:
        if any(name.startswith(start) for name in names):
            return f"this is {kind}, not an export. {then}"
    return None


def why_not_opened(path: Path, error: OSError) -> str:
    """Return why a file cannot be opened or read, and what to do."""
    if path.is_dir():
        return f"{path}: this is a folder. Give the file in it{_likely_in(path)}."
    if path.exists() and not path.is_file():
        return f"{path}: this is no file, but a pipe or a device. Give the file that Netflix delivered."
    if path.is_symlink() and not path.exists():
        return f"{path}: this link leads to no file. Give the file itself."
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file. Check the name, and in which folder it is."
    if isinstance(error, PermissionError):
        return f"{path}: you may not read this file. Change its rights: chmod u+r, as its owner."
    return f"{path}: it cannot be read ({cause(error)}). Copy it to another disk and try again."


def _likely_in(folder: Path) -> str:
    """Return the first exports in a folder, to be named in a message."""
    try:
        found = sorted(path for path in folder.iterdir() if path.name.lower().endswith(WANTED))
    except OSError:
        found = []
    return f", such as {found[0]}" if found else ""
