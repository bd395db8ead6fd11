# Text, not Path: thousands of paths a history.
# ruff: noqa: PTH103, PTH108, PTH112, PTH114, PTH120
"""What of a folder is on disk for good, and what a power cut may still lose.

Two models, of which each cut follows one. `ordered` is what ext4 does: changes of folders become durable in their
order, and a sync of any file makes all changes before it durable. `strict` is what POSIX promises: a file's bytes are
durable after its own sync, and a folder's entries after the folder's. In both, bytes that were not synced may be there,
partly there, or missing.
"""

from __future__ import annotations

import io
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# The functions of a process are replaced; this is the disk itself.
_REAL_OPEN = io.open
Model = Literal["ordered", "strict"]
MODELS: tuple[Model, ...] = ("ordered", "strict")


@dataclass(eq=False)
class Node:
    """A file, whatever it is called. durable: its bytes at its last sync. is_dirty: whether they changed since.

    last: its bytes when it lost its last name, None while it has one.
    """

    durable: bytes = b""
    is_dirty: bool = False
    last: bytes | None = None


_Folder = Literal["folder"]
_FOLDER: _Folder = "folder"
_Entry = Node | _Folder


@dataclass
class _Change:
    """Entries that one call changed: what each name stands for afterwards, None for nothing."""

    entries: dict[str, _Entry | None]

    def is_in(self, folder: str) -> bool:
        return any(os.path.dirname(path) == folder for path in self.entries)


@dataclass
class _Image:
    """What a disk of one model holds for good, and the changes that it may still lose, oldest first."""

    model: Model
    entries: dict[str, _Entry] = field(default_factory=dict)
    pending: list[_Change] = field(default_factory=list)

    def apply(self, change: _Change) -> None:
        for path, entry in change.entries.items():
            if entry is None:
                self.entries.pop(path, None)
            else:
                self.entries[path] = entry

    def sync(self, folder: str | None) -> None:
        """Make changes durable: those of a folder, or all in the ordered model. folder: None for the sync of a file."""
        everything = self.model == "ordered"
        left = []
        for change in self.pending:
            if everything or (folder is not None and change.is_in(folder)):
                self.apply(change)
            else:
                left.append(change)
        self.pending = left

    def settle(self, folder: str, entries: dict[str, _Entry]) -> None:
        inside = f"{folder}/"
        self.entries = {
            path: entry for path, entry in self.entries.items() if path != folder and not path.startswith(inside)
        }
        self.entries.update(entries)
        self.pending = [
            change
            for change in self.pending
            if not any(path == folder or path.startswith(inside) for path in change.entries)
        ]

    def after_a_cut(self, generator: random.Random) -> dict[str, _Entry]:
        """Return what is there after a power cut."""
        if self.model == "ordered":
            for change in self.pending[: generator.randint(0, len(self.pending))]:
                self.apply(change)
        else:
            folders = sorted({os.path.dirname(path) for change in self.pending for path in change.entries})
            kept = {folder: generator.randint(0, len(self.pending)) for folder in folders}
            for number, change in enumerate(self.pending):
                if all(number < kept[os.path.dirname(path)] for path in change.entries):
                    self.apply(change)
        self.pending = []
        return self.entries


class Journal:
    """What is durable below `root`, in both models. is_saved: whether a file always is as it is now."""

    def __init__(self, root: Path, is_saved: Callable[[str], bool]) -> None:
        self.root, self._is_saved = str(root), is_saved
        self._now: dict[str, Node] = {}
        self._images = [_Image(model) for model in MODELS]

    def _change(self, entries: dict[str, _Entry | None]) -> None:
        for image in self._images:
            image.pending.append(_Change(entries))

    def created(self, path: str) -> None:
        """A file was created."""
        node = Node(is_dirty=True)
        self._now[path] = node
        self._change({path: node})

    def written(self, path: str) -> None:
        """A file's bytes changed."""
        self._node(path).is_dirty = True

    def _node(self, path: str) -> Node:
        if path not in self._now:
            self._now[path] = Node(_bytes(path))
        return self._now[path]

    def _loses_its_name(self, path: str) -> None:
        if os.path.lexists(path) and not os.path.isdir(path):
            node = self._node(path)
            node.last = _bytes(path)
            del self._now[path]

    def renaming(self, source: str, target: str) -> None:
        """A file is about to get the name of another one."""
        node = self._node(source)
        self._loses_its_name(target)
        del self._now[source]
        self._now[target] = node
        self._change({source: None, target: node})

    def removing(self, path: str) -> None:
        """A file is about to be removed."""
        self._loses_its_name(path)
        self._change({path: None})

    def made_folder(self, path: str) -> None:
        """A folder was created."""
        self._change({path: _FOLDER})

    def removed_folder(self, path: str) -> None:
        """An empty folder was removed."""
        self._change({path: None})

    def synced(self, path: str) -> None:
        """A file or folder was synced."""
        if os.path.isdir(path):
            for image in self._images:
                image.sync(path)
            return
        node = self._node(path)
        node.durable, node.is_dirty = _bytes(path), False
        for image in self._images:
            image.sync(None)

    def settle(self, folder: str) -> None:
        """Take everything below a folder for durable."""
        entries: dict[str, _Entry] = {}
        inside = f"{folder}/"
        self._now = {path: node for path, node in self._now.items() if not path.startswith(inside)}
        if os.path.isdir(folder) and not os.path.islink(folder):
            entries[folder] = _FOLDER
        for place, folders, files in os.walk(folder):
            entries.update({f"{place}/{name}": _FOLDER for name in folders if not os.path.islink(f"{place}/{name}")})
            for name in files:
                path = f"{place}/{name}"
                if not os.path.islink(path):
                    self._now[path] = node = Node(_bytes(path))
                    entries[path] = node
        for image in self._images:
            image.settle(folder, entries)

    def cut_power(self, generator: random.Random) -> Model:
        """Make the folder what is left of it after a power cut; returns by which model."""
        image = generator.choice(self._images)
        left = image.after_a_cut(generator)
        contents = {path: self._after_a_cut(path, entry, generator) for path, entry in sorted(left.items())}
        folders = {path for path, data in contents.items() if data is None}
        self._clean(contents, folders)
        for path in sorted(folders):
            if self._is_reachable(path, folders):
                os.makedirs(path, exist_ok=True)
        for path, data in contents.items():
            if data is not None and not self._is_saved(path) and self._is_reachable(path, folders):
                Path(path).write_bytes(data)
        self.settle(self.root)
        return image.model

    def _is_reachable(self, path: str, folders: set[str]) -> bool:
        """Return whether every folder on the way to a path is there."""
        folder = os.path.dirname(path)
        return folder == self.root or (folder in folders and self._is_reachable(folder, folders))

    def _after_a_cut(self, path: str, entry: _Entry, generator: random.Random) -> bytes | None:
        """Return the bytes of a file after a power cut, None for a folder."""
        if not isinstance(entry, Node):
            return None
        if not entry.is_dirty:
            return entry.durable
        current = entry.last if entry.last is not None else _bytes(self._name_of(entry, path))
        choice = generator.randrange(4)
        if choice == 0:
            return current
        if choice == 1:
            return current[: generator.randint(0, len(current))]
        return entry.durable if choice == 2 else b""

    def _name_of(self, node: Node, path: str) -> str:
        return next((name for name, one in self._now.items() if one is node), path)

    def _clean(self, contents: dict[str, bytes | None], folders: set[str]) -> None:
        for place, inner, files in os.walk(self.root, topdown=False):
            for name in files:
                path = f"{place}/{name}"
                if not self._is_saved(path) and (contents.get(path) is None or not self._is_reachable(path, folders)):
                    os.unlink(path)
            for name in inner:
                path = f"{place}/{name}"
                if os.path.islink(path):
                    continue
                if path not in folders or not self._is_reachable(path, folders):
                    shutil.rmtree(path, ignore_errors=True)


def _bytes(path: str) -> bytes:
    try:
        with _REAL_OPEN(path, "rb") as file:
            return bytes(file.read())
    except OSError:
        return b""
