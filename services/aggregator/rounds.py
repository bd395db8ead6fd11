"""The aggregator's work: ask, collect, estimate, publish. Everything can be repeated at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from netflix_trend.datasite import Datasite, check_syncable, datasite_names, read_manifest, visit, write_permissions
from netflix_trend.files import UnsafeFile, write_atomically
from netflix_trend.shared_files import CANDIDATES, SURVEYS, VOCABULARY
from netflix_trend.statistics import RoundStatistics
from netflix_trend.survey import ROTATION, Survey, default_survey, dump_surveys, load_surveys
from netflix_trend.vocabulary import Vocabulary
from netflix_trend.weeks import Week
from services.aggregator.collect import RoundReports, collect
from services.aggregator.estimation import estimate_round
from services.aggregator.site.page import render_page

# Of the candidate shows this many are the strongest so far; the others are next in line, so that every show of the
# vocabulary is asked about now and then.
_KEPT_CANDIDATES = 40


@dataclass(frozen=True)
class Aggregator:
    """Who asks, what about, and where the own files lie. `own` is the aggregator's private folder."""

    site: Datasite
    own: Path
    vocabulary: Vocabulary
    durable: bool = True

    @property
    def shared(self) -> Path:
        """Folder that participants can read."""
        return self.site.app_data / "shared"

    def surveys(self, today: date) -> list[Survey]:
        """Return the surveys of the open rounds, oldest first. A survey once asked is never changed."""
        newest = Week.last_complete(today)
        return [self._survey(newest - age) for age in reversed(range(ROTATION))]

    def _survey(self, week: Week) -> Survey:
        path = self.own / "surveys" / f"{week}.json"
        try:
            return load_surveys(path.read_bytes())[0]
        except FileNotFoundError:
            pass
        survey = default_survey(week, self.vocabulary.version, self.candidates(week))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, dump_surveys([survey]), durable=self.durable)
        # Kept for good: the round's results need its titles even after the catalogue has changed.
        self._write(self._vocabulary_path(survey.vocabulary), self.vocabulary.to_bytes())
        return survey

    def _vocabulary_path(self, version: str) -> Path:
        return self.own / "vocabularies" / f"{version}.json"

    def _vocabulary_of(self, survey: Survey) -> Vocabulary:
        if survey.vocabulary == self.vocabulary.version:
            return self.vocabulary
        return Vocabulary.from_bytes(self._vocabulary_path(survey.vocabulary).read_bytes())

    def candidates(self, week: Week) -> list[int]:
        """Return vocabulary indices to ask about: the catalogue's first ones, later the strongest and some new."""
        total = min(CANDIDATES, len(self.vocabulary))
        latest = self.latest_statistics()
        if latest is None or latest.vocabulary != self.vocabulary.version or latest.top_shows is None:
            return list(range(total))
        strongest = [show.show for show in latest.top_shows.shows[:_KEPT_CANDIDATES]]
        others = [show for show in range(len(self.vocabulary)) if show not in set(strongest)]
        start = week.index * (total - _KEPT_CANDIDATES) % max(1, len(others))
        return [*strongest, *(others[start:] + others[:start])[: max(0, total - len(strongest))]]

    def latest_statistics(self) -> RoundStatistics | None:
        """Return the newest published statistics that rest on at least one report."""
        folder = self.shared / "statistics"
        for path in sorted(folder.glob("[0-9]*.json"), reverse=True):
            statistics = RoundStatistics.from_bytes(path.read_bytes())
            if statistics.reports:
                return statistics
        return None

    def participants(self) -> list[str]:
        """Return the datasites that share a valid manifest, sorted."""
        return sorted(name for name in datasite_names(self.site.datasites) if self._takes_part(name))

    def _takes_part(self, name: str) -> bool:
        if name == self.site.email:
            return False
        try:
            with visit(Datasite(self.site.datasites, name)) as folder:
                return folder is not None and read_manifest(folder) is not None
        except (UnsafeFile, OSError):
            return False

    def ask(self, today: date) -> list[Survey]:
        """Publish vocabulary and surveys for the participants; returns the open surveys, oldest first."""
        surveys = self.surveys(today)
        readers = self.participants()
        patterns = dict.fromkeys((VOCABULARY, SURVEYS, "statistics/*.json"), readers)
        write_permissions(self.shared, patterns, durable=self.durable)
        self._write(self.shared / VOCABULARY, self.vocabulary.to_bytes())
        self._write(self.shared / SURVEYS, dump_surveys(surveys))
        return surveys

    def count(
        self, surveys: Sequence[Survey], progress: Callable[[], None] = lambda: None
    ) -> list[tuple[RoundReports, RoundStatistics]]:
        """Collect and estimate rounds, publish their statistics; returns them in the order of `surveys`."""
        results = []
        for survey in surveys:
            emails = (name for name in datasite_names(self.site.datasites) if name != self.site.email)
            found = collect(self.site.datasites, emails, survey, progress)
            statistics = estimate_round(found, self._vocabulary_of(survey))
            self._write(self.shared / "statistics" / f"{survey.round}.json", statistics.to_bytes())
            results.append((found, statistics))
        latest = self.latest_statistics()
        if latest is not None:
            self._write(self.shared / "statistics" / "latest.json", latest.to_bytes())
        self._publish_page(latest)
        return results

    def run(self, today: date) -> list[RoundStatistics]:
        """Do everything once: ask, collect, estimate, publish."""
        return [statistics for _, statistics in self.count(self.ask(today))]

    def _publish_page(self, latest: RoundStatistics | None) -> None:
        everybody = {"index.html": ["*"], "index.json": ["*"]}
        write_permissions(self.site.public, everybody, durable=self.durable)
        self._write(self.site.public / "index.html", render_page(latest).encode())
        self._write(self.site.public / "index.json", latest.to_bytes() if latest else b"{}\n")

    def _write(self, path: Path, data: bytes) -> None:
        check_syncable(path.name, data)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            write_atomically(path, data, durable=self.durable)
