"""What a hostile aggregator shares costs a bounded amount of time and memory, and is read as a model once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from netflix_trend.catalogue.vocabulary import _LIMITS, MAX_FILMS, MAX_SHOWS, Vocabulary, VocabularyError
from netflix_trend.layout import SURVEYS, VOCABULARY, shared_path
from netflix_trend.participant import next_shows
from netflix_trend.published.model import MODEL
from netflix_trend.published.statistics import RoundStatistics, StatisticsError
from netflix_trend.published.trends import TRENDS, Trends
from netflix_trend.settings import Settings, load_settings
from netflix_trend.storage.small_json import Costly, JsonLimits
from netflix_trend.survey import survey
from netflix_trend.survey.survey import RefusedSurvey, load_surveys
from netflix_trend.syftbox import refusals, shared_files
from netflix_trend.syftbox.shared_files import current_surveys, current_vocabulary
from services.dashboard import others

AGGREGATOR = "trend@home.net"
TODAY = date(2026, 11, 18)
# Each took seconds and up to 2.8 GB.
BOMBS = {
    "empty objects": b'{"schema_version":1,"version":"","shows":[' + b",".join([b"{}"] * 2_000_000) + b'],"films":[]}',
    "lists nobody knows": b'{"x":[' + b",".join([b"[]"] * 2_000_000) + b"]}",
    "keys nobody knows": b"{" + b",".join(b'"%d":0' % number for number in range(400_000)) + b"}",
    "text nobody knows": b'{"x":[' + b",".join([b'"aaaa"'] * 890_000) + b"]}",
    "depth": b'{"round":' * 100_000,
    "long number": b'{"round":' + b"9" * 1_000_000 + b"}",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize(
    ("read", "refusal"),
    [
        (Vocabulary.from_bytes, VocabularyError),
        (RoundStatistics.from_bytes, StatisticsError),
        (Trends.from_bytes, StatisticsError),
        (load_surveys, RefusedSurvey),
    ],
)
def test_a_bomb_is_refused(read: Callable[[bytes], Any], refusal: type[Exception], bomb: str) -> None:
    with pytest.raises(refusal) as caught:
        read(BOMBS[bomb])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"[1,2,3]", JsonLimits(values=2, objects=9)),
        (b'[{},{"a":{}}]', JsonLimits(values=99, objects=2)),
        (b'{"a":{"a":1,"b":2,"c":3}}', JsonLimits(values=99, objects=9, keys=2)),
        (b'{"a":[1,2,3]}', JsonLimits(values=99, objects=9, longest=2)),
        (b'{"a":[[1]]}', JsonLimits(values=99, objects=9, longest=2)),
        (b"[[1]]", JsonLimits(values=99, objects=9, longest=2)),
    ],
)
def test_more_than_a_limit_is_refused_and_as_much_is_not(data: bytes, limits: JsonLimits) -> None:
    with pytest.raises(Costly):
        limits.check(data)
    JsonLimits(values=limits.values + 9, objects=limits.objects + 9).check(data)
    JsonLimits(values=99, objects=9, longest=2).check(b'{"a":[{},{},{}],"b":[1,2],"c":"],[{"}')


def test_the_largest_vocabulary_is_within_its_limits() -> None:
    row = b'{"genres":["drama","comedy","crime"],"title":"T","year":2000}'
    rows = {"shows": [row] * MAX_SHOWS, "films": [row] * MAX_FILMS}
    _LIMITS.check(b"{%s}" % b",".join(b'"%s":[%s]' % (name.encode(), b",".join(some)) for name, some in rows.items()))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("datasites", "private", "publisher"):
        (tmp_path / name).mkdir()
    refusals.forget()
    return load_settings(
        datasites_dir=tmp_path / "datasites",
        private_dir=tmp_path / "private",
        publisher_dir=tmp_path / "publisher",
        aggregator_datasite=AGGREGATOR,
    )


def share(settings: Settings, name: str, data: bytes) -> None:
    path = settings.datasites_dir / AGGREGATOR / shared_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "place", "look"),
    [
        (VOCABULARY, (shared_files, "_parsed_vocabulary"), current_vocabulary),
        (SURVEYS, (survey, "load_surveys"), lambda settings: current_surveys(settings, TODAY)),
        (
            "statistics/latest.json",
            (others, "_statistics"),
            lambda settings: others.read_statistics(settings, "latest"),
        ),
        (TRENDS, (others, "_trends"), others.read_trends),
        (MODEL, (next_shows, "_model"), next_shows.read_model),
    ],
)
def test_a_refused_file_is_parsed_once_and_a_new_one_again(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    place: tuple[Any, str],
    look: Callable[[Settings], object],
) -> None:
    parsed, real = [], getattr(*place)

    def counting(data: bytes) -> object:
        parsed.append(data)
        return real(data)

    monkeypatch.setattr(*place, counting)
    share(settings, name, b'{"bad":1}')
    said = set()
    for is_new_process in (False, False, True, True):
        if is_new_process:
            refusals.forget()
        try:
            look(settings)
        except (RefusedSurvey, StatisticsError) as refusal:
            said.add(str(refusal))
    assert len(parsed) == 1
    assert len(said) == (0 if name == VOCABULARY else 1), "the reason stays the same"
    share(settings, name, b'{"bad":2}')
    for _ in range(3):
        with suppress(RefusedSurvey, StatisticsError):
            look(settings)
    assert len(parsed) == 2


def test_refusals_take_bounded_room_and_no_folder_is_made_for_them(settings: Settings) -> None:
    settings.publisher_dir.rmdir()
    for number in range(80):
        share(settings, SURVEYS, b"%d" % number)
        with pytest.raises(RefusedSurvey):
            current_surveys(settings, TODAY)
    assert len(refusals._known) <= 50
    assert (settings.private_dir / refusals.FILE).stat().st_size < 40_000
    assert not settings.publisher_dir.exists()
