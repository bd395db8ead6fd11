"""What a file is that no export can be, and why a file cannot be opened, in words that say what to do.

Every way in asks here, so a picture is refused with the same words by `read`, `import`, the drop folder and the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from netflix_trend.causes import cause
from netflix_trend.delivery.settled import WANTED
from netflix_trend.language import _, marked

# So many bytes of a file are needed.
HEAD = 512
_GIVE = marked("Give NetflixViewingHistory.csv or ViewingActivity.csv as Netflix delivered it.")
_SHEET = marked("Save it as CSV (UTF-8) in that program, or give the file that Netflix delivered.")
_UNPACK = marked("Unpack it and give the CSV file in it.")
_PAGE = marked("Open the viewing activity at netflix.com and click Download all.")
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (rb"\x89PNG", marked("a picture (PNG)"), _GIVE),
    (rb"\xff\xd8\xff", marked("a picture (JPEG)"), _GIVE),
    (rb"GIF8[79]a", marked("a picture (GIF)"), _GIVE),
    (rb"RIFF....WEBP", marked("a picture (WebP)"), _GIVE),
    (rb"(?:II\*\0|MM\0\*)", marked("a picture (TIFF)"), _GIVE),
    (rb"BM....\0\0\0\0", marked("a picture (BMP)"), _GIVE),
    (rb"....ftyp(?:hei[cx]|mif1|avif)", marked("a picture (HEIC or AVIF)"), _GIVE),
    (rb"....ftyp", marked("a film (MP4)"), _GIVE),
    (rb"%PDF", marked("a PDF document"), _GIVE),
    (rb"\{\\rtf", marked("a text document (RTF)"), _GIVE),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", marked("an Excel sheet or another Office document"), _SHEET),
    (rb"\x1f\x8b", marked("an archive (gzip)"), _UNPACK),
    (rb"BZh[1-9]1AY&SY", marked("an archive (bzip2)"), _UNPACK),
    (rb"\xfd7zXZ\0", marked("an archive (xz)"), _UNPACK),
    (rb"\x28\xb5\x2f\xfd", marked("an archive (Zstandard)"), _UNPACK),
    (rb"PK\x05\x06", marked("an empty zip"), _GIVE),
    (rb"7z\xbc\xaf\x27\x1c", marked("an archive (7z)"), _UNPACK),
    (rb"Rar!\x1a\x07", marked("an archive (RAR)"), _UNPACK),
    (rb".{257}ustar", marked("an archive (tar)"), _UNPACK),
    (rb"SQLite format 3\0", marked("a database (SQLite)"), _GIVE),
    (rb"bplist00|MIME-Version:|From: <Saved by", marked("a saved web page"), _PAGE),
    (rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|script|!--)", marked("a web page"), _PAGE),
    (rb"(?:\xef\xbb\xbf)?\s*<\?xml", marked("an XML file"), _GIVE),
    (rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{"\]])', marked("a JSON file"), _GIVE),
)
_PATTERNS = [(re.compile(start, re.DOTALL | re.IGNORECASE), kind, then) for start, kind, then in _BEGINNINGS]
# Files inside the zips that office programs write.
_OFFICE = (
    ("xl/", marked("an Excel sheet (.xlsx)"), _SHEET),
    ("word/", marked("a Word document (.docx)"), _GIVE),
    ("ppt/", marked("a PowerPoint document (.pptx)"), _GIVE),
    ("index/document.iwa", marked("a Numbers or Pages document"), _SHEET),
    ("index/calculationengine", marked("a Numbers document"), _SHEET),
    ("meta-inf/manifest.xml", marked("a LibreOffice document"), _SHEET),
)


def what_it_is(head: bytes) -> str | None:
    """Return what a file is that cannot be an export, with what to do; None for a file that can be one.

    head: its first HEAD bytes.
    """
    for pattern, kind, then in _PATTERNS:
        if pattern.match(head):
            return _("this is %(kind)s, not an export. %(then)s", kind=_(kind), then=_(then))
    return None


def office_document(members: Iterable[str]) -> str | None:
    """Return which office document a zip is, with what to do; None for another zip. members: the names in it."""
    names = [name.lower() for name in members]
    for start, kind, then in _OFFICE:
        if any(name.startswith(start) for name in names):
            return _("this is %(kind)s, not an export. %(then)s", kind=_(kind), then=_(then))
    return None


def why_not_opened(path: Path, error: OSError) -> str:
    """Return why a file cannot be opened or read, and what to do."""
    if path.is_dir():
        return _("%(path)s: this is a folder. Give the file in it%(path2)s.", path=path, path2=_likely_in(path))
    if path.exists() and not path.is_file():
        return _("%(path)s: this is no file, but a pipe or a device. Give the file that Netflix delivered.", path=path)
    if path.is_symlink() and not path.exists():
        return _("%(path)s: this link leads to no file. Give the file itself.", path=path)
    if isinstance(error, FileNotFoundError):
        return _("%(path)s: no such file. Check the name, and in which folder it is.", path=path)
    if isinstance(error, PermissionError):
        return _("%(path)s: you may not read this file. Change its rights: chmod u+r, as its owner.", path=path)
    return _(
        "%(path)s: it cannot be read (%(value)s). Copy it to another disk and try again.",
        path=path,
        value=cause(error),
    )


def _likely_in(folder: Path) -> str:
    """Return the first exports in a folder, to be named in a message."""
    try:
        found = sorted(path for path in folder.iterdir() if path.name.lower().endswith(WANTED))
    except OSError:
        found = []
    return _(", such as %(found)s", found=found[0]) if found else ""
