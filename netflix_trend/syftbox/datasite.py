"""SyftBox folders: publish files for one reader, and read what others published.

A datasite is a folder that SyftBox mirrors between machines. It may vanish and come back, so it is a cache: the
publisher keeps the originals elsewhere. Everything in somebody else's datasite is untrusted until it is checked.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from netflix_trend.causes import cause, misfit
from netflix_trend.layout import ROUNDS
from netflix_trend.names import APP_NAME, DATASITE_NAME
from netflix_trend.storage.canonical import canonical_json
from netflix_trend.storage.files import UnsafeFile, open_untrusted_folder, read_own, read_untrusted, restore_file
from netflix_trend.storage.model import Strict
from netflix_trend.syftbox.generations import Generation, generation_of
from netflix_trend.syftbox.permissions import (
    GO_FILE,
    LARGEST_FILE,
    PERMISSION_FILES,
    named_readers,
    offer_again,
    permission_rules,
    readable,
    write_permissions,
)

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 65_536
_FILE_NAME = re.compile(r"[a-z0-9_-][a-z0-9_.-]*", re.IGNORECASE | re.ASCII)
_NEVER_SYNCED = (".log", ".tmp")
# Folders that one of the generations does not sync, and marks in the names of files that they refused
# (docs/method/syftbox.md#sync).
_LEFT_OUT_FOLDERS = frozenset({"logs", "dist", "venv", "__pycache__"})
_MARKS = ("syftrejected", ".rejected.", ".conflict.")


class DatasiteError(Exception):
    """A file cannot be published; the message says which and why."""


class _FileEntry(Strict):
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1, le=LARGEST_FILE)]


class Manifest(Strict):
    """The list of a participant's published files with their hashes, written last."""

    schema_version: Literal[1] = 1
    app: Literal["netflix_trend"] = "netflix_trend"
    files: Annotated[dict[str, _FileEntry], Field(max_length=400)]


@dataclass(frozen=True)
class Datasite:
    """The app's folder in one datasite: `<datasites>/<email>/app_data/netflix_trend`.

    stuck: why files and folders below it could not be removed, by path in the datasite. Whatever else is to be done
    goes on, and a rule names no reader of them any more.
    """

    datasites: Path
    email: str
    stuck: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not DATASITE_NAME.fullmatch(self.email):
            raise DatasiteError("a datasite is named by an e-mail address in lower-case ASCII")

    @cached_property
    def root(self) -> Path:
        """The datasite's folder."""
        return self.datasites / self.email

    @cached_property
    def app_data(self) -> Path:
        """The folder of the app's files."""
        return self.root / "app_data" / APP_NAME

    @cached_property
    def public(self) -> Path:
        """The folder of the app's public files."""
        return self.root / "public" / APP_NAME

    @property
    def generation(self) -> Generation:
        """The generation of SyftBox that manages it."""
        return generation_of(self.datasites)

    @property
    def is_initialized(self) -> bool:
        """Whether SyftBox has set up the datasite; nothing is written earlier."""
        return self.generation.is_set_up(self.datasites, self.email)

    def set_up(self) -> None:
        """Do what a SyftBox client does at its first start, for trials without one."""
        if not self.is_initialized:
            self.generation.set_up(self.datasites, self.email)

    def publish(
        self,
        files: Mapping[str, bytes],
        reader: str,
        *,
        durable: bool = True,
        modified: float | None = None,
        keep_rounds: bool = False,
    ) -> None:
        """Make `files` (names relative to the app's folder) and nothing else readable by `reader`, by the rules.

        The manifest is written last, so that it never names a missing file. durable: each file is whole after a power
        cut, old or new; the next look writes what is missing (decision 0180). modified: latest modification time of new
        files in seconds since 1970, see `restore_file`; None for now. keep_rounds: leave the folder ROUNDS alone; else
        nothing may be in it. Safe to repeat: missing and altered files are restored, unknown files are removed. Raises
        DatasiteError for a name or size that SyftBox would not sync, or a link in the way; then nothing is written.
        """
        if MANIFEST in files:
            raise DatasiteError(f"{MANIFEST} is written by publish itself")
        for name, data in files.items():
            check_syncable(name, data)
        shared, readers = announced(files, reader)
        rounds = self.app_data / ROUNDS
        if not keep_rounds and os.path.lexists(rounds):
            self._refuse_links(self.app_data)
            self.keep_in_rounds(set())
        # The rules of ROUNDS lie below ours, which must not hide them then.
        terminal = not keep_rounds and not rounds.exists()
        self.share(self.app_data, shared, readers, terminal=terminal, durable=durable, settle=False, modified=modified)

    def share(
        self,
        folder: Path,
        files: Mapping[str, bytes],
        readers: Mapping[str, Sequence[str]],
        *,
        terminal: bool = True,
        durable: bool = True,
        settle: bool = True,
        modified: float | None = None,
    ) -> None:
        """Make a folder of the app contain `files`, written in their order, the rules `readers`, and nothing else.

        readers: who may read which file or pattern. terminal: no folder below has rules of its own. durable, settle,
        modified: as `restore_file`. Files that are not among `files` are removed first; then come both permission
        files, so that no file is ever without its rule. Rules stay as `allow` says. A file whose readers all change is
        withdrawn from the old ones before the new ones get it: until SyftBox has noticed that, no file is written.
        Calling it again changes nothing. The folder ROUNDS, with rules of its own, is left alone. Raises as `publish`.
        """
        if made := [name for name in files if _is_rules(name)]:
            raise DatasiteError(f"{made[0]} is made from the readers")
        for name, data in {**files, **permission_rules(readers)}.items():
            check_syncable(name, data)
        self._refuse_links(folder)
        before = named_readers(folder)
        changed = {name for name in before.keys() & readers.keys() if set(before[name]).isdisjoint(readers[name])}
        # The public folder has pages in a folder of the same name, which are removed like everything else.
        spare = ROUNDS if folder == self.app_data else None
        self._remove_others(folder, {*PERMISSION_FILES, *files} - changed, spare=spare)
        held = self._unnoticed(folder, changed)
        rules = {**readers, **{name: before[name] for name in held}}
        # Who may read no more must not, after a power cut either, read what is written for others under the same name.
        self.allow(folder, rules, terminal=terminal, durable=durable, settle=settle or bool(changed))
        if held:
            return
        for name, data in files.items():
            restore_file(folder / name, data, durable=durable, modified=modified, settle=settle)

    def allow(
        self,
        folder: Path,
        readers: Mapping[str, Sequence[str]],
        *,
        terminal: bool = True,
        durable: bool = True,
        settle: bool = True,
    ) -> None:
        """Write the rules of a folder of the app: who may read which file or pattern. terminal: as `share`.

        The rule of a removed file stays as long as SyftBox has not noticed the removal: PySyft v2 tells those whom the
        rules name when it does, and nobody else ever (docs/decisions/0117-rules-outlast-their-files.md). A later call
        leaves it out; which files these are follows from the rules that are there, so these are always settled.
        """
        left = self._parting(folder, readers)
        rules, settle = {**readers, **left}, settle or bool(left)
        write_permissions(folder, rules, terminal=terminal, durable=durable, settle=settle)

    def offer_again(self, now: float) -> None:
        """Let what is published reach readers whom SyftBox has come to know since, where it would not do so by itself
        (docs/decisions/0124-rules-change-for-new-peers.md). now: seconds since 1970.

        At most one change an hour of each outermost permission file; what it says about readers stays. Raises
        DatasiteError if a link is in the way.
        """
        if not (seconds := self.generation.offer_seconds):
            return
        for top in (self.app_data, self.public):
            self._refuse_links(top)
            folders = {PurePosixPath(name).parent for name in _names(top) if PurePosixPath(name).name == GO_FILE}
            for folder in folders:
                if folders.isdisjoint(folder.parents):
                    offer_again(top / folder, int(now // seconds))

    def _parting(self, folder: Path, readers: Mapping[str, Sequence[str]] = {}) -> dict[str, list[str]]:
        """Return the rules of a folder about removed files whose removal SyftBox has not noticed."""
        before = named_readers(folder)
        gone = {name for name in before if name not in readers and not os.path.lexists(folder / name)}
        return {name: before[name] for name in sorted(self._unnoticed(folder, gone))}

    def _unnoticed(self, folder: Path, names: set[str]) -> set[str]:
        """Return which removed files of a folder SyftBox has not noticed as removed."""
        place = folder.relative_to(self.root)
        paths = {str(place / name): name for name in names}
        found = self.generation.unnoticed(self.datasites, self.email, paths) if paths else ()
        return {paths[path] for path in found}

    def keep_in_rounds(self, names: set[str]) -> None:
        """Remove everything below ROUNDS but files of these names, relative to it, and the rules beside them.

        Rules of removed files stay as `allow` says.
        """
        self._leave(self.app_data / ROUNDS, names)
        with suppress(OSError):  # there is none, or it is not empty
            (self.app_data / ROUNDS).rmdir()

    def _leave(self, top: Path, names: set[str]) -> set[str]:
        """Remove everything below `top` but files of these names and the rules beside them: files first.

        Rules of other folders shrink to those about removed files that SyftBox has not noticed; then they go, too.
        Returns these files, relative to the app's folder.
        """
        needed = {PurePosixPath(name).parent for name in names}
        rules = {name for name in _names(top) if _is_rules(name)}
        self._remove_others(top, names | rules)
        kept = names | {name for name in rules if PurePosixPath(name).parent in needed}
        waiting: set[str] = set()
        folders = {PurePosixPath(name).parent for name in rules} - needed
        for inner in sorted(folders, reverse=True):
            if parting := self._parting(top / inner):
                write_permissions(top / inner, parting, terminal=not waiting)  # those below must count
                kept |= {str(inner / name) for name in PERMISSION_FILES}
                waiting |= {(top / inner / name).relative_to(self.app_data).as_posix() for name in parting}
        self._remove_others(top, kept)
        return waiting

    def _remove_others(self, folder: Path, keep: set[str], spare: str | None = None) -> None:
        """Remove what `_remove_others` does, and remember what could not be removed."""
        place = folder.relative_to(self.root)
        for name, reason in _remove_others(folder, keep, spare).items():
            self.stuck[(place / name).as_posix()] = reason

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of each of the app's files in the datasite, by name; files that SyftBox would not sync are
        left out.
        """
        found = ((name, read_own(self.app_data / name, LARGEST_FILE)) for name in sorted(self.published()))
        return {name: data for name, data in found if data is not None}

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each of these files, the permission files left out."""
        return digests_of(self.contents())

    def withdraw(self) -> set[str]:
        """Remove everything the app has in the datasite: files first, then the rules, as `allow` says.

        Returns the removed files whose rules stay until SyftBox has noticed the removal; call it again then. SyftBox's
        next sync removes readers' copies; what somebody copied elsewhere stays. Safe to repeat, also after a crash in
        the middle. Raises DatasiteError if a link is in the way.
        """
        self._refuse_links(self.app_data)
        if self.files():
            # SyftBox's own permission files are gone where its server has lost everything. A datasite without any file
            # that readers may read is in no list that their clients compare: they would keep their copies for good.
            self.set_up()
        return self._leave(self.app_data, set())

    def waiting(self) -> set[str]:
        """Return the removed files, by names in the app's folder, whose rules stay until SyftBox has noticed that."""
        found: set[str] = set()
        for folder in {PurePosixPath(name).parent for name in self.published() if _is_rules(name)}:
            found |= {str(folder / name) for name in self._parting(self.app_data / folder)}
        return found

    def between_syncs(self, seconds: float) -> AbstractContextManager[bool]:
        """Keep SyftBox from syncing, where files may not be written meanwhile; see `Generation.between_syncs`."""
        return self.generation.between_syncs(self.datasites, seconds)

    def unconfirmed(self, names: Iterable[str]) -> set[str] | None:
        """Return which removed files, by names in the app's folder, SyftBox has not removed elsewhere by its own
        records; None if it has none that can be read from here.
        """
        place = self.app_data.relative_to(self.root)
        paths = {str(place / name): name for name in names}
        found = self.generation.unconfirmed(self.datasites, self.email, paths)
        return None if found is None else {paths[path] for path in found}

    def status(self, reader: str) -> SiteStatus:
        """Compare the app's folder with its manifest, and return that and what `reader` may see."""
        try:
            with visit(self) as folder:
                manifest = read_manifest(folder) if folder is not None else None
        except UnsafeFile:
            manifest = None
        announced = manifest.files if manifest else {}
        whole = {name: _matches(self.app_data / name, entry) for name, entry in announced.items()}
        names = {name for name in self.files() if not name.startswith(f"{ROUNDS}/")}
        return SiteStatus(
            is_initialized=self.is_initialized,
            files=tuple(sorted(names)),
            damaged=tuple(sorted(name for name, is_whole in whole.items() if not is_whole)),
            unknown=tuple(sorted(names - set(announced) - {MANIFEST})),
            readable=tuple(sorted(readable(self.app_data, names, reader))),
        )

    def published(self) -> set[str]:
        """Return the names of all files and links in the app's folder, whoever made them."""
        return _names(self.app_data)

    def files(self) -> set[str]:
        """Return these names without the permission files."""
        return {name for name in self.published() if not _is_rules(name)}

    def _refuse_links(self, folder: Path) -> None:
        """Raise DatasiteError if `folder` is not one of the app's, or if a link would lead out of the datasite."""
        inside = folder.relative_to(self.root).parts
        if inside[:2] not in {("app_data", APP_NAME), ("public", APP_NAME)}:
            raise DatasiteError(f"{'/'.join(inside)}: files go into app_data/{APP_NAME} and public/{APP_NAME} only")
        for path in reversed((folder, *folder.parents[: len(inside)])):
            if path.is_symlink():
                place = path.relative_to(self.root).as_posix() if path != self.root else "the datasite"
                raise DatasiteError(f"{place} is a link; remove it, files are written into a real folder only")


@dataclass(frozen=True)
class SiteStatus:
    """The state of the app's folder in one's own datasite; names are relative to it.

    damaged: announced by the manifest but missing or altered. unknown: not announced. readable: what the reader may
    see by the rules in it.
    """

    is_initialized: bool
    files: tuple[str, ...]
    damaged: tuple[str, ...]
    unknown: tuple[str, ...]
    readable: tuple[str, ...]


def digests_of(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file by name, the permission files left out."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in contents.items() if name not in PERMISSION_FILES}


def announced(files: Mapping[str, bytes], reader: str) -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """Return what `Datasite.publish` writes: `files` and their manifest, and who may read each of them."""
    entries = {
        name: _FileEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        for name, data in sorted(files.items())
    }
    manifest = canonical_json(Manifest(files=entries).model_dump()) + b"\n"
    return {**files, MANIFEST: manifest}, {name: [reader] for name in (MANIFEST, *files)}


def _is_rules(name: str) -> bool:
    """Return whether a file is a permission file, whichever folder it is for."""
    return PurePosixPath(name).name in PERMISSION_FILES


def _names(folder: Path) -> set[str]:
    return _walk(folder)[0]


def _walk(folder: Path) -> tuple[set[str], list[str]]:
    """Return the names of all files and links below a folder, and of all folders, outer ones first."""
    files: set[str] = set()
    folders = [""]
    for inner in folders:
        try:
            with os.scandir(folder / inner) as entries:
                for entry in entries:
                    name = f"{inner}/{entry.name}" if inner else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(name)
                    else:
                        files.add(name)
        except OSError:  # gone by now, or not readable
            continue
    return files, folders[1:]


def _remove_others(folder: Path, keep: set[str], spare: str | None = None) -> dict[str, str]:
    """Remove all files and links not in `keep`, and all folders that are then empty; nothing in the folder `spare`.

    A link in a folder's place is removed, never followed: writing through it would leave the datasite. Returns why
    something could not be removed, by its name.
    """
    files, folders = _walk(folder)
    stuck: dict[str, str] = {}
    for name in sorted(files - keep):
        if PurePosixPath(name).parts[:-1][:1] != (spare,):
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError as error:
                stuck[name] = cause(error)
    needed = {str(parent) for name in keep for parent in PurePosixPath(name).parents}
    for name in reversed(folders):
        if name not in needed and PurePosixPath(name).parts[0] != spare:
            try:
                (folder / name).rmdir()
            except OSError as error:
                if not any(inner.startswith(f"{name}/") for inner in stuck):
                    stuck[name] = cause(error)
    return stuck


def _matches(path: Path, entry: _FileEntry) -> bool:
    data = read_own(path, entry.size)
    return data is not None and len(data) == entry.size and hashlib.sha256(data).hexdigest() == entry.sha256


def check_syncable(name: str, data: bytes) -> None:
    """Raise DatasiteError if either generation of SyftBox would not sync a file of this name and size."""
    parts, lower = name.split("/"), name.lower()
    if (
        not all(_FILE_NAME.fullmatch(part) for part in parts)
        or lower.endswith(_NEVER_SYNCED)
        or _LEFT_OUT_FOLDERS & set(lower.split("/"))
        or any(mark in lower for mark in _MARKS)
    ):
        raise DatasiteError(f"{name!r}: SyftBox does not sync this name; use letters, digits, dots, _ and -")
    if not 0 < len(data) <= LARGEST_FILE:
        raise DatasiteError(f"{name}: {len(data)} bytes, SyftBox syncs 1 to {LARGEST_FILE}")


def datasite_names(datasites: Path) -> Iterator[str]:
    """Yield the names of the datasites below a folder, in no particular order, without links and invalid names."""
    with os.scandir(datasites) as entries:
        for entry in entries:
            if DATASITE_NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                yield entry.name


@contextmanager
def visit(site: Datasite, datasites: int | None = None) -> Iterator[int | None]:
    """Open the app's folder in another datasite for `read_manifest` and `read_published`; None if there is none.

    datasites: a descriptor of the folder `site.datasites`, for visiting many. Raises UnsafeFile if it is not a
    plain folder.
    """
    try:
        root = site.datasites if datasites is None else datasites
        folder = open_untrusted_folder(root, f"{site.email}/app_data/{APP_NAME}")
    except FileNotFoundError:
        yield None
        return
    try:
        yield folder
    finally:
        os.close(folder)


def read_manifest(folder: int) -> Manifest | None:
    """Return the manifest in a visited folder, None if there is none. Raises UnsafeFile if it is not valid."""
    try:
        data = read_untrusted(folder, MANIFEST, LARGEST_MANIFEST)
    except FileNotFoundError:
        return None
    try:
        return Manifest.of_peer(data)
    except ValidationError as error:
        raise UnsafeFile("manifest", f"manifest.json: {misfit(error)}") from None


def read_published(folder: int, manifest: Manifest, name: str, limit: int) -> bytes | None:
    """Return a file of at most `limit` bytes in a visited folder, None if its manifest does not name it.

    Raises UnsafeFile: `unsynced` if the file is missing or does not yet match the manifest (try again later),
    `too_large`, `not_a_file` and the like if it is not acceptable.
    """
    entry = manifest.files.get(name)
    if entry is None:
        return None
    try:
        data = read_untrusted(folder, name, limit)
    except FileNotFoundError:
        raise UnsafeFile("unsynced", f"{name} has not arrived yet") from None
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise UnsafeFile("unsynced", f"{name} is not yet the file of the manifest")
    return data
