"""What the tables of a profile are built from, read once so that all of it is of the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netflix_trend.catalogue.vocabulary import Vocabulary
from netflix_trend.history.attempts import LeftOut, left_out
from netflix_trend.history.exclusions import Exclusion, read_exclusions
from netflix_trend.history.freshness import digest_of, read_built_from
from netflix_trend.history.household import Answers, read_answers
from netflix_trend.history.memory import budget
from netflix_trend.history.options import ReadOptions
from netflix_trend.history.raw import RawExport, RawStore
from netflix_trend.layout import PrivateVolume


@dataclass(frozen=True)
class Sources:
    """The sources of a profile. answers: Netflix profiles that count, by stored profile. missing: SHA-256 of exports
    whose bytes are lost. budget: bytes of memory that a rebuild may use.
    """

    private: Path
    profile: str
    vocabulary: Vocabulary
    options: ReadOptions
    exports: Sequence[RawExport]
    exclusions: Sequence[Exclusion]
    answers: Answers
    missing: tuple[str, ...]
    budget: int

    @classmethod
    def read(cls, private: Path, profile: str, vocabulary: Vocabulary, options: ReadOptions) -> Sources:
        """Read the sources. Raises ExclusionError."""
        store = RawStore(private)
        exports, exclusions = list(store.exports()), read_exclusions(private)
        answers = {**options.answers, **read_answers(private, exports)}
        missing = tuple(export.sha256 for export in store.without_bytes())
        return cls(private, profile, vocabulary, options, exports, exclusions, answers, missing, budget())

    @property
    def store(self) -> RawStore:
        """The folder `raw/`."""
        return RawStore(self.private)

    @property
    def folder(self) -> Path:
        """The folder of the profile."""
        return PrivateVolume(self.private).profile(self.profile)

    @property
    def answer(self) -> tuple[str, ...]:
        """The Netflix profiles that count for this profile, where that was said."""
        return tuple(self.answers.get(self.profile, ()))

    def left_out(self) -> dict[str, LeftOut]:
        """Return the exports that are left out now, by SHA-256."""
        found = left_out(self.folder, self.budget)
        return {export.sha256: found[export.sha256] for export in self.exports if export.sha256 in found}

    def inputs(self) -> str:
        """Return the digest of the sources, with what is left out now."""
        version = self.vocabulary.version
        return digest_of(self.exports, version, self.options, self.exclusions, self.answer, self.left_out())

    def unread(self) -> dict[str, int]:
        """Return the size of each export of the profile that is in none of its tables, and is not left out."""
        built = read_built_from(self.folder)
        known = {*(built.files if built else ()), *self.left_out(), *self.missing}
        own = [export for export in self.exports if export.profile == self.profile and not export.refused]
        return {export.sha256: self.store.size(export) for export in own if export.sha256 not in known}
