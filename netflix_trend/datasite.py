"""SyftBox folders: publish files for one reader, and collect what strangers published.

A datasite is a folder that SyftBox mirrors between machines. It may vanish and come back, so it is a cache: whoever
publishes keeps the bytes elsewhere. Whatever lies in somebody else's datasite is hostile until it is checked.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend import APP_NAME
from netflix_trend.canonical import canonical_json
from netflix_trend.files import UnsafeFile, open_stranger_folder, read_stranger, write_atomically
from netflix_trend.settings import DATASITE_NAME
from netflix_trend.survey import Strict

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 65_536
# SyftBox 0.4.0 nominally syncs 10 MiB, but rewriting a file fails from about 8.4 MB (syftbox.md, 2.1).
LARGEST_FILE = 8_000_000
_FILE_NAME = re.compile(r"[a-z0-9_-][a-z0-9_.-]*", re.IGNORECASE | re.ASCII)
_NEVER_SYNCED = (".log", ".tmp")
_PERMISSION_FILES = ("syftperm.yaml", "syft.pub.yaml")


class DatasiteError(Exception):
    """A file cannot be published; the message says which and why."""


class _FileEntry(Strict):
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1, le=LARGEST_FILE)]


class Manifest(Strict):
    """What a participant publishes: every file with its hash, written last."""

    schema_version: Literal[1] = 1
    app: Literal["netflix_trend"] = "netflix_trend"
    files: Annotated[dict[str, _FileEntry], Field(max_length=400)]


@dataclass(frozen=True)
class Datasite:
    """The app's folder in one datasite: `<datasites>/<email>/app_data/netflix_trend`."""

    datasites: Path
    email: str

    def __post_init__(self) -> None:
        if not DATASITE_NAME.fullmatch(self.email):
            raise DatasiteError("a datasite is named by an e-mail address in lower-case ASCII")

    @property
    def root(self) -> Path:
        """The datasite's own folder."""
        return self.datasites / self.email

    @property
    def app_data(self) -> Path:
        """Where the app's files lie."""
        return self.root / "app_data" / APP_NAME

    @property
    def public(self) -> Path:
        """Where the app's files for everybody lie."""
        return self.root / "public" / APP_NAME

    def publish(
        self, files: Mapping[str, bytes], reader: str, *, durable: bool = True, modified: float | None = None
    ) -> None:
        """Make `files` (names relative to the app's folder) and nothing else readable by `reader`.

        Both permission files come first and the manifest last, so that no byte is ever there without its rule and
        no manifest names a byte that is not there. Files of earlier calls that are not in `files` are removed.
        Calling it again with the same files changes nothing. modified: seconds since 1970 that new files say they were
        written at, None for now. Raises DatasiteError for a name or size that SyftBox
        would not sync; then nothing is written.
        """
        for name, data in files.items():
            check_syncable(name, data)
            if name in (MANIFEST, *_PERMISSION_FILES):
                raise DatasiteError(f"{name} is written by publish itself")
        self._remove_others({MANIFEST, *_PERMISSION_FILES, *files})
        entries = {
            name: _FileEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
            for name, data in sorted(files.items())
        }
        manifest = canonical_json(Manifest(files=entries).model_dump()) + b"\n"
        write_permissions(self.app_data, {name: [reader] for name in (MANIFEST, *files)}, durable=durable)
        for name, data in files.items():
            _write_if_different(self.app_data / name, data, durable, modified)
        _write_if_different(self.app_data / MANIFEST, manifest, durable, modified)

    def _remove_others(self, keep: set[str]) -> None:
        """Remove every file and link that is not in `keep`, and every folder that none of them needs.

        A link in a folder's place is removed, never followed: writing through it would leave the datasite.
        """
        for name in sorted(self.published() - keep):
            (self.app_data / name).unlink()
        folders = {str(parent) for name in keep for parent in PurePosixPath(name).parents}
        for path in sorted(self.app_data.rglob("*"), reverse=True):
            if path.is_dir() and path.relative_to(self.app_data).as_posix() not in folders:
                path.rmdir()

    def published(self) -> set[str]:
        """Return the names of the files and links that lie in the app's folder, whoever made them."""
        return {
            (Path(folder) / name).relative_to(self.app_data).as_posix()
            for folder, folders, files in os.walk(self.app_data)
            for name in [*files, *(name for name in folders if (Path(folder) / name).is_symlink())]
        }


def check_syncable(name: str, data: bytes) -> None:
    """Raise DatasiteError when SyftBox of either generation would not sync a file of this name and size."""
    parts = name.split("/")
    if not all(_FILE_NAME.fullmatch(part) for part in parts) or name.lower().endswith(_NEVER_SYNCED):
        raise DatasiteError(f"{name!r}: SyftBox does not sync this name; use letters, digits, dots, _ and -")
    if not 0 < len(data) <= LARGEST_FILE:
        raise DatasiteError(f"{name}: {len(data)} bytes, SyftBox syncs 1 to {LARGEST_FILE}")


def write_permissions(folder: Path, readers: Mapping[str, Sequence[str]], *, durable: bool = True) -> None:
    """Write the permission files of both SyftBox generations into `folder`: who may read which file or pattern.

    Only allowing rules with exact patterns: a catch-all rule would also share the permission file, and with it the
    addresses of all readers (syftbox.md, section 0, facts 8 and 9).
    """
    folder.mkdir(parents=True, exist_ok=True)
    rules = [
        f"- {{path: {json.dumps(pattern)}, user: {json.dumps(reader)}, permissions: [read]}}\n"
        for pattern, people in readers.items()
        for reader in people
    ]
    # An empty file would not be synced by the Go client, and an empty list is not a rule list for the Python server.
    _write_if_different(folder / _PERMISSION_FILES[0], ("".join(rules) or "[]\n").encode(), durable)
    modern = ["terminal: true\n", "rules:\n"]
    for pattern, people in [*readers.items(), ("**", ())]:
        access = f"{{admin: [], write: [], read: {json.dumps(list(people))}}}"
        modern.append(f"  - {{pattern: {json.dumps(pattern)}, access: {access}}}\n")
    _write_if_different(folder / _PERMISSION_FILES[1], "".join(modern).encode(), durable)


def _write_if_different(path: Path, data: bytes, durable: bool, modified: float | None = None) -> None:
    try:
        if path.is_symlink() or path.is_dir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        elif path.read_bytes() == data:
            return
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data, durable=durable, modified=modified)


def datasite_names(datasites: Path) -> Iterator[str]:
    """Yield the names of the datasites below a folder, in no particular order, links and odd names left out."""
    with os.scandir(datasites) as entries:
        for entry in entries:
            if DATASITE_NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                yield entry.name


@contextmanager
def visit(site: Datasite) -> Iterator[int | None]:
    """Open the app's folder of a stranger for `read_manifest` and `read_published`; None when there is none.

    Raises UnsafeFile when it is not a plain folder.
    """
    try:
        folder = open_stranger_folder(site.datasites, f"{site.email}/app_data/{APP_NAME}")
    except FileNotFoundError:
        yield None
        return
    try:
        yield folder
    finally:
        os.close(folder)


def read_manifest(folder: int) -> Manifest | None:
    """Return the manifest in a visited folder, None when there is none. Raises UnsafeFile when it is not one."""
    try:
        data = read_stranger(folder, MANIFEST, LARGEST_MANIFEST)
    except FileNotFoundError:
        return None
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = f"manifest.json: {'.'.join(map(str, first['loc']))[:80]}: {first['msg'][:200]}"
        raise UnsafeFile("manifest", message) from None


def read_published(folder: int, manifest: Manifest, name: str, limit: int) -> bytes | None:
    """Return a file of at most `limit` bytes in a visited folder, None when its manifest does not name it.

    Raises UnsafeFile: `unsynced` when the file is missing or is not yet the one of the manifest (try again later),
    `too_large`, `not_a_file` and the like when it is not acceptable.
    """
    entry = manifest.files.get(name)
    if entry is None:
        return None
    try:
        data = read_stranger(folder, name, limit)
    except FileNotFoundError:
        raise UnsafeFile("unsynced", f"{name} has not arrived yet") from None
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise UnsafeFile("unsynced", f"{name} is not yet the file of the manifest")
    return data
