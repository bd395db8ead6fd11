"""What the aggregator shares: read from its datasite as untrusted, or the starter until it arrives."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from netflix_trend.catalogue.vocabulary import LARGEST_FILE, CatalogueTitle, Vocabulary, VocabularyError
from netflix_trend.layout import SURVEYS, VOCABULARY, shared_path
from netflix_trend.names import EXAMPLE_AGGREGATOR
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.settings import Settings, load_settings
from netflix_trend.storage.files import UnsafeFile
from netflix_trend.survey.survey import MAX_SURVEYS_FILE, RefusedSurvey, default_survey, dump_surveys
from netflix_trend.syftbox.shared_files import (
    CANDIDATES,
    current_surveys,
    current_vocabulary,
    shared_vocabulary,
    starter_surveys,
)

TODAY = date(2026, 11, 18)
AGGREGATOR = "trend@example.net"
SMALL = Vocabulary.build([CatalogueTitle(title=title, kind="series") for title in ("Dark", "You", "Ozark")])
WEEKS = [Week.parse(text) for text in ("2026-W44", "2026-W45", "2026-W46")]


def settings_of(tmp_path: Path, aggregator: str) -> Settings:
    return load_settings(datasites_dir=tmp_path / "datasites", aggregator_datasite=aggregator)


@pytest.fixture(autouse=True)
def _datasites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the folder of datasites, and hide this machine's settings from tests."""
    (tmp_path / "datasites").mkdir()
    names = {f"{name}{suffix}" for name in Settings.model_fields for suffix in ("", "_file")}
    for variable in list(os.environ):
        if variable.lower() in names:
            monkeypatch.delenv(variable)


@pytest.fixture(params=[AGGREGATOR, EXAMPLE_AGGREGATOR])
def settings(_datasites: None, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings with an aggregator that somebody runs, and with the example."""
    return settings_of(tmp_path, request.param)


def place(settings: Settings, name: str) -> Path:
    path = settings.datasites_dir / settings.aggregator_datasite / "app_data" / "netflix_trend" / "shared" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def refusal_of_vocabulary(settings: Settings) -> str:
    with pytest.raises(UnsafeFile) as caught:
        shared_vocabulary(settings)
    return caught.value.reason


def refusal_of_surveys(settings: Settings) -> str:
    with pytest.raises(UnsafeFile) as caught:
        current_surveys(settings, TODAY)
    return caught.value.reason


def test_shared_files_lie_in_one_folder_of_the_aggregators_datasite() -> None:
    assert shared_path("survey.json") == "app_data/netflix_trend/shared/survey.json"


# Vocabulary


def test_the_starter_vocabulary_is_used_until_one_is_shared(settings: Settings, vocabulary: Vocabulary) -> None:
    assert current_vocabulary(settings).version == vocabulary.version
    place(settings, "other.json").write_bytes(b"{}")
    assert current_vocabulary(settings).version == vocabulary.version


def test_a_shared_vocabulary_is_used(settings: Settings) -> None:
    place(settings, VOCABULARY).write_bytes(SMALL.to_bytes())
    assert current_vocabulary(settings) == SMALL


def test_a_vocabulary_that_is_replaced_is_noticed(settings: Settings) -> None:
    other = Vocabulary.build(SMALL.shows[::-1])
    for known in (SMALL, other, SMALL):
        place(settings, VOCABULARY).write_bytes(known.to_bytes())
        assert current_vocabulary(settings).version == known.version


def test_a_vocabulary_in_somebody_elses_datasite_is_not_read(tmp_path: Path, vocabulary: Vocabulary) -> None:
    place(settings_of(tmp_path, "mallory@example.net"), VOCABULARY).write_bytes(SMALL.to_bytes())
    assert current_vocabulary(settings_of(tmp_path, AGGREGATOR)).version == vocabulary.version


def test_a_linked_vocabulary_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(SMALL.to_bytes())
    place(settings, VOCABULARY).symlink_to(tmp_path / "outside")
    assert refusal_of_vocabulary(settings) == "not_a_file"


def test_a_vocabulary_in_a_linked_folder_is_refused(settings: Settings, tmp_path: Path) -> None:
    folder = place(settings, VOCABULARY).parent
    folder.rename(tmp_path / "outside")
    folder.symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / VOCABULARY).write_bytes(SMALL.to_bytes())
    assert refusal_of_vocabulary(settings) == "not_a_file"


def test_a_vocabulary_beyond_the_limit_is_refused(settings: Settings) -> None:
    place(settings, VOCABULARY).write_bytes(SMALL.to_bytes().ljust(LARGEST_FILE))
    assert current_vocabulary(settings) == SMALL
    place(settings, VOCABULARY).write_bytes(SMALL.to_bytes().ljust(LARGEST_FILE + 1))
    assert refusal_of_vocabulary(settings) == "too_large"


def test_an_invalid_vocabulary_is_refused_and_not_replaced_by_the_starter(settings: Settings) -> None:
    for data in (b"", b"{}", SMALL.to_bytes().replace(b"Ozark", b"Lupin")):
        place(settings, VOCABULARY).write_bytes(data)
        with pytest.raises(VocabularyError):
            shared_vocabulary(settings)


# Surveys


def test_the_starter_surveys_ask_about_the_four_open_rounds(vocabulary: Vocabulary) -> None:
    surveys = starter_surveys(TODAY)
    assert [survey.round for survey in surveys] == ["2026-W43", "2026-W44", "2026-W45", "2026-W46"]
    for survey in surveys:
        assert survey.vocabulary == vocabulary.version
        question = survey.question("top_shows")
        assert isinstance(question, TopShowsQuestion)
        assert question.candidates == tuple(range(CANDIDATES))


def test_starter_surveys_are_the_same_for_everybody_all_week() -> None:
    monday, sunday = (starter_surveys(date(2026, 11, day)) for day in (16, 22))
    assert [survey.version for survey in monday] == [survey.version for survey in sunday]


def test_starter_surveys_reach_back_over_new_year() -> None:
    rounds = [survey.round for survey in starter_surveys(date(2027, 1, 12))]
    assert rounds == ["2026-W51", "2026-W52", "2026-W53", "2027-W01"]


def test_with_the_example_aggregator_the_starter_surveys_are_answered(tmp_path: Path) -> None:
    surveys = current_surveys(settings_of(tmp_path, EXAMPLE_AGGREGATOR), TODAY)
    assert surveys == starter_surveys(TODAY)
    assert len(surveys) == 4


def test_the_surveys_of_another_aggregator_are_waited_for(tmp_path: Path) -> None:
    assert current_surveys(settings_of(tmp_path, AGGREGATOR), TODAY) == []


def test_shared_surveys_are_read_oldest_first(settings: Settings) -> None:
    surveys = [default_survey(week, SMALL.version, range(3)) for week in WEEKS]
    place(settings, SURVEYS).write_bytes(dump_surveys(surveys))
    assert current_surveys(settings, TODAY) == surveys


def test_an_aggregator_may_ask_nothing(settings: Settings) -> None:
    place(settings, SURVEYS).write_bytes(dump_surveys([]))
    assert current_surveys(settings, TODAY) == []


def test_surveys_in_somebody_elses_datasite_are_not_read(tmp_path: Path) -> None:
    survey = default_survey(WEEKS[-1], SMALL.version, range(3))
    place(settings_of(tmp_path, "mallory@example.net"), SURVEYS).write_bytes(dump_surveys([survey]))
    assert current_surveys(settings_of(tmp_path, AGGREGATOR), TODAY) == []


def test_a_linked_survey_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(dump_surveys([default_survey(WEEKS[-1], SMALL.version, range(3))]))
    place(settings, SURVEYS).symlink_to(tmp_path / "outside")
    assert refusal_of_surveys(settings) == "not_a_file"


def test_a_hard_linked_survey_is_refused(settings: Settings, tmp_path: Path) -> None:
    place(settings, SURVEYS).write_bytes(dump_surveys([]))
    (tmp_path / "outside").hardlink_to(place(settings, SURVEYS))
    assert refusal_of_surveys(settings) == "hard_link"


@pytest.mark.timeout(5)
def test_a_fifo_in_place_of_the_survey_does_not_hang(settings: Settings) -> None:
    os.mkfifo(place(settings, SURVEYS))
    assert refusal_of_surveys(settings) == "not_a_file"


def test_a_survey_file_beyond_the_limit_is_refused(settings: Settings) -> None:
    place(settings, SURVEYS).write_bytes(dump_surveys([]).ljust(MAX_SURVEYS_FILE))
    assert current_surveys(settings, TODAY) == []
    place(settings, SURVEYS).write_bytes(dump_surveys([]).ljust(MAX_SURVEYS_FILE + 1))
    assert refusal_of_surveys(settings) == "too_large"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"open":7}', b'{"open":[{}]}'])
def test_an_invalid_survey_file_is_refused_and_not_replaced_by_the_starter(settings: Settings, data: bytes) -> None:
    place(settings, SURVEYS).write_bytes(data)
    with pytest.raises(RefusedSurvey):
        current_surveys(settings, TODAY)


def test_tables_use_the_starter_vocabulary_while_the_shared_one_is_refused(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    folder = tmp_path / "trend@example.net" / "app_data" / "netflix_trend" / "shared"
    folder.mkdir(parents=True)
    (folder / "vocabulary.json").write_bytes(b"{}")
    assert current_vocabulary(settings_of(tmp_path, "trend@example.net")).version == vocabulary.version
