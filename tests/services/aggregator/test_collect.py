"""Reading untrusted datasites: everything invalid is refused with a reason, and affects nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.simulation.population import watched
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite, datasite_names
from services.aggregator.collect import RoundReports, collect
from services.aggregator.estimation import estimate_round
from services.runtime.executors import LocalProcesses
from tests.services.aggregator.hostile_files import HOSTILE, NAME, SURVEY, everything_at_once, put
from tests.services.aggregator.people import AGGREGATOR, asked, crowd


def collect_all(root: Path, survey: Survey = SURVEY) -> RoundReports:
    names = [name for name in datasite_names(root / "datasites") if name != AGGREGATOR]
    return collect(root / "datasites", names, survey)


@pytest.mark.parametrize(("attack", "reason"), HOSTILE, ids=[attack.__name__ for attack, _ in HOSTILE])
def test_a_hostile_file_is_refused_by_name_and_the_others_count(
    tmp_path: Path, attack: Callable[[Datasite], None], reason: str
) -> None:
    sites = crowd(tmp_path, SURVEY, "top_shows", [watched(frozenset({1}), 1)] * 4)
    honest = collect(tmp_path / "datasites", [site.email for site in sites[1:]], SURVEY)
    attack(sites[0])
    found = collect_all(tmp_path)
    assert dict(found.refused) == {reason: 1}
    assert found.reports == {"top_shows": 3}
    assert found.counts["top_shows"].tolist() == honest.counts["top_shows"].tolist()


def test_a_release_that_is_not_wholly_synced_is_waited_for(tmp_path: Path) -> None:
    one, two, _ = crowd(tmp_path, SURVEY, "volume", [watched(frozenset(), 5)] * 3)
    whole = (one.app_data / NAME).read_bytes()
    (one.app_data / NAME).write_bytes(whole[:100])
    (two.app_data / NAME).unlink()
    found = collect_all(tmp_path)
    assert (found.waiting, found.reports.total(), found.refused.total()) == (2, 1, 0)
    (one.app_data / NAME).write_bytes(whole)
    assert collect_all(tmp_path).reports.total() == 2


def test_somebody_who_was_not_asked_is_refused(tmp_path: Path) -> None:
    (site,) = crowd(tmp_path, SURVEY, "volume", [watched(frozenset(), 5)])
    uninvited = next(f"x{n}@example.org" for n in range(99) if SURVEY.question_for(f"x{n}@example.org") is None)
    site.root.rename(site.root.parent / uninvited)
    assert dict(collect_all(tmp_path).refused) == {"not_asked": 1}


def test_an_answer_to_a_question_that_somebody_else_was_asked_is_refused(tmp_path: Path) -> None:
    (site,) = crowd(tmp_path, SURVEY, "volume", [watched(frozenset(), 5)])
    site.root.rename(site.root.parent / asked(SURVEY, "top_shows", 1)[0])
    assert dict(collect_all(tmp_path).refused) == {"question": 1}


def test_other_folders_and_people_without_a_manifest_are_not_participants(tmp_path: Path) -> None:
    crowd(tmp_path, SURVEY, "volume", [watched(frozenset(), 5)])
    datasites = tmp_path / "datasites"
    (datasites / "not-an-address").mkdir()
    (datasites / "idle@example.org").mkdir()
    (datasites / "file@example.org").write_text("")
    (datasites / "link@example.org").symlink_to(datasites / "idle@example.org")
    found = collect_all(tmp_path)
    assert (found.participants, found.reports.total(), found.refused.total()) == (1, 1, 0)


def test_one_person_counts_once_however_often_the_file_is_copied(tmp_path: Path) -> None:
    (site,) = crowd(tmp_path, SURVEY, "volume", [watched(frozenset(), 5)])
    data = (site.app_data / NAME).read_bytes()
    for copy in ("2026-W46-copy.json", "2026-w46.json", "2026-W46.conflict.json"):
        (site.app_data / "releases" / copy).write_bytes(data)
    assert collect_all(tmp_path).reports.total() == 1


def test_counts_are_the_sum_over_people_in_any_order(tmp_path: Path) -> None:
    sites = crowd(tmp_path, SURVEY, "top_shows", [watched(frozenset({n % 50}), 1) for n in range(30)])
    sites += crowd(tmp_path, SURVEY, "volume", [watched(frozenset(), n) for n in range(12)])
    emails = [site.email for site in sites]
    single = [collect(tmp_path / "datasites", [email], SURVEY) for email in emails]
    together = collect(tmp_path / "datasites", reversed(emails), SURVEY)
    assert together.counts["top_shows"].tolist() == np.sum([one.counts["top_shows"] for one in single], axis=0).tolist()
    assert together.counts["volume"].tolist() == np.sum([one.counts["volume"] for one in single], axis=0).tolist()
    assert together.reports == {"top_shows": 30, "volume": 12}


@pytest.mark.parametrize("question", ["volume", "top_shows"])
def test_equal_answers_are_all_counted(tmp_path: Path, question: str) -> None:
    """Honest ones are equal by chance: one byte of 256, or three of 2.3 million subsets."""
    sites = crowd(tmp_path, SURVEY, question, [watched(frozenset(), 5)] * 3)
    for site in sites[1:]:
        put(site, (sites[0].app_data / NAME).read_bytes())
    found = collect_all(tmp_path)
    assert (found.reports[question], found.refused.total(), found.counts[question].max()) == (3, 0, 3)


def test_every_question_that_is_asked_has_its_counts(tmp_path: Path) -> None:
    found = collect(tmp_path, [], SURVEY)
    assert set(found.counts) == {question.name for question in SURVEY.questions}
    for question in SURVEY.questions:
        if isinstance(question, TopShowsQuestion):
            size = len(question.candidates)
        else:
            assert isinstance(question, VolumeQuestion | EffectQuestion)
            size = question.channel.outputs
        assert found.counts[question.name].tolist() == [0] * size


def test_volume_that_was_not_asked_has_no_counts(tmp_path: Path) -> None:
    survey = SURVEY.model_copy(update={"questions": SURVEY.questions[:1]})
    assert set(collect(tmp_path, [], survey).counts) == {"top_shows"}


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_find_exactly_what_one_finds(
    tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of answer and every attack at once, in slices of four that are cut between them."""
    names = everything_at_once(tmp_path)
    monkeypatch.setattr("services.aggregator.collect._SLICE", 4)
    steps: list[int] = []
    one = collect(tmp_path / "datasites", names, SURVEY)
    several = collect(
        tmp_path / "datasites", names, SURVEY, lambda: steps.append(1), executor=LocalProcesses(processes)
    )
    assert several.counts["top_shows"].tolist() == one.counts["top_shows"].tolist()
    assert several.counts["volume"].tolist() == one.counts["volume"].tolist()
    assert several.refusals == one.refusals
    plain = ("participants", "reports", "refused", "waiting")
    assert [getattr(several, name) for name in plain] == [getattr(one, name) for name in plain]
    assert one.refused.total() == len(HOSTILE)
    assert len(steps) == len(names)
    assert estimate_round(several, starter_vocabulary()) == estimate_round(one, starter_vocabulary())


def test_names_are_taken_as_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the number of datasites: at most three slices a process wait to be put together."""
    monkeypatch.setattr("services.aggregator.collect._SLICE", 5)
    taken = 0
    ahead = []

    def names() -> Iterator[str]:
        nonlocal taken
        for number in range(200):
            taken += 1
            yield f"p{number}@example.org"

    done: list[int] = []

    def progress() -> None:
        done.append(1)
        ahead.append(taken - len(done))

    found = collect(tmp_path, names(), SURVEY, progress, executor=LocalProcesses(2))
    assert (found.participants, len(done)) == (0, 200)
    assert max(ahead) <= 5 * (3 * 2 + 2)
